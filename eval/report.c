/* The layout of report.h5. Frame level stands at the root, video level the same way below /video:
 *
 *   /                        attributes format, format_version, split, weights, classes,
 *                            positive_class, threshold_rule (the option), threshold_split (where
 *                            the rule was applied, or "none"), split_by (if known)
 *   {/,/video}               attribute threshold: predicted fake above it
 *   {,/video}/confusion_matrix    int64 (2,2), rows = true class, columns = predicted;
 *                            attributes row_labels, column_labels
 *   {,/video}/report/        classes (strings), precision, recall, f1: float64 (2); support: int64
 *                            (2); accuracy: scalar; macro_avg, weighted_avg: float64 (3), attribute
 *                            columns = precision, recall, f1; text: scikit-learn's layout
 *   {,/video}/roc/           fpr, tpr, threshold (falling, the first +inf); attribute auc
 *   {,/video}/pr/            precision, recall, threshold (rising, the last +inf); attribute
 *                            average_precision
 *   {,/video}/det/           fpr, fnr (the points of /roc); attributes eer, threshold (closest to
 * the equal error rate), tpr_at_fpr_0.01
 *   {,/video}/calibration/   probability (mean), fake (share), count: 10 bins each; attributes
 *                            brier, ece
 *   {,/video}/interval/      accuracy, balanced_accuracy, auc, eer: float64 (2), low and high;
 *                            attributes level, resamples, seed, method, groups_real, groups_fake
 *   {,/video}/baseline/      majority_accuracy, balanced_accuracy, matthews_correlation: scalars;
 *                            attribute majority_class
 *   /predictions/            one row per frame: source, video, group (strings), label, predicted
 *                            (uint8), probability (float32)
 *   /video/predictions/      one row per video: video (string), label, predicted (uint8),
 *                            probability (float64, the mean), frames (int64), group (string)
 *   /robustness/             robustness.h
 *   /history/                one float64 row per epoch
 *   /audit/                  audit_text.c
 *
 * A figure that is not defined is NaN; where a split is too small for it, an attribute
 * NAME_undefined (of /interval: undefined) says what it needs.
 *
 * Video and group are written as names, not as rows of another table, so that the columns of
 * /predictions make a data frame that can be grouped as it stands. */
#include "eval/report.h"

#include "eval/audit.h"
#include "eval/bootstrap.h"
#include "eval/metrics.h"
#include "eval/robustness.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 64 };

/* prefix ("" or "/video") and name, joined in a buffer of the caller's. */
static const char *join(char *buffer, const char *prefix, const char *name)
{
    snprintf(buffer, NAME_BYTES, "%s/%s", prefix, name);
    return buffer;
}

static int write_column(struct h5 *file, const char *prefix, const char *name, enum h5_type type,
                        int64_t count, const void *values)
{
    char path[NAME_BYTES];
    return h5_write(file, join(path, prefix, name), type, 1, &count, values);
}

/* ---- a level ---------------------------------------------------------------------------------*/

/* What struct metrics holds as it stands in the file. */
static const struct dataset {
    const char *name;
    size_t offset;
    enum h5_type type;
    int rank;
    int64_t dims[2];
} datasets[] = {
#define AT(member) offsetof(struct metrics, member)
    {"confusion_matrix", AT(confusion), H5_INT64, 2, {CLASS_COUNT, CLASS_COUNT}},
    {"report/precision", AT(precision), H5_FLOAT64, 1, {CLASS_COUNT}},
    {"report/recall", AT(recall), H5_FLOAT64, 1, {CLASS_COUNT}},
    {"report/f1", AT(f1), H5_FLOAT64, 1, {CLASS_COUNT}},
    {"report/support", AT(support), H5_INT64, 1, {CLASS_COUNT}},
    {"report/accuracy", AT(accuracy), H5_FLOAT64, 0, {0}},
    {"report/macro_avg", AT(macro_avg), H5_FLOAT64, 1, {FIGURE_COUNT}},
    {"report/weighted_avg", AT(weighted_avg), H5_FLOAT64, 1, {FIGURE_COUNT}},
    {"baseline/majority_accuracy", AT(majority_accuracy), H5_FLOAT64, 0, {0}},
    {"baseline/balanced_accuracy", AT(balanced_accuracy), H5_FLOAT64, 0, {0}},
    {"baseline/matthews_correlation", AT(matthews_correlation), H5_FLOAT64, 0, {0}},
    {"calibration/probability", AT(calibration.probability), H5_FLOAT64, 1, {BIN_COUNT}},
    {"calibration/fake", AT(calibration.fake), H5_FLOAT64, 1, {BIN_COUNT}},
    {"calibration/count", AT(calibration.count), H5_INT64, 1, {BIN_COUNT}},
    {"interval/accuracy", AT(intervals[INTERVAL_ACCURACY]), H5_FLOAT64, 1, {2}},
    {"interval/balanced_accuracy", AT(intervals[INTERVAL_BALANCED_ACCURACY]), H5_FLOAT64, 1, {2}},
    {"interval/auc", AT(intervals[INTERVAL_AUC]), H5_FLOAT64, 1, {2}},
    {"interval/eer", AT(intervals[INTERVAL_EER]), H5_FLOAT64, 1, {2}},
};

/* Real attributes; of a NaN, NAME_undefined says what it needs. */
static const struct figure {
    const char *object, *name;
    size_t offset;
    const char *needs; /* NULL: it says nothing */
} figures[] = {
    {"roc", "auc", AT(auc), NULL},
    {"pr", "average_precision", AT(average_precision), NULL},
    {"det", "eer", AT(eer), "needs rows of both classes"},
    {"det", "threshold", AT(eer_threshold), "needs rows of both classes"},
    {"det", "tpr_at_fpr_0.01", AT(tpr_at_1_percent), "needs 100 real rows, and fake ones"},
    {"calibration", "brier", AT(calibration.brier), NULL},
    {"calibration", "ece", AT(calibration.expected_error), "needs 100 rows"},
};

static int write_figures(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES], undefined[NAME_BYTES];
    for (size_t k = 0; k < sizeof datasets / sizeof datasets[0]; k++) {
        const struct dataset *d = &datasets[k];
        TRY(h5_write(file, join(path, prefix, d->name), d->type, d->rank, d->dims,
                     (const char *)m + d->offset));
    }
    for (size_t k = 0; k < sizeof figures / sizeof figures[0]; k++) {
        const struct figure *f = &figures[k];
        double value = *(const double *)((const char *)m + f->offset);
        snprintf(undefined, sizeof undefined, "%s_undefined", f->name);
        TRY(h5_set_double(file, join(path, prefix, f->object), f->name, value));
        if (f->needs && isnan(value))
            TRY(h5_set_text(file, path, undefined, f->needs));
    }
    return STATUS_OK;
}

static int write_curves(struct h5 *file, const char *prefix, const struct metrics *m)
{
    const struct curve *roc = &m->roc, *pr = &m->precision_recall;
    TRY(write_column(file, prefix, "roc/fpr", H5_FLOAT64, roc->count, roc->x));
    TRY(write_column(file, prefix, "roc/tpr", H5_FLOAT64, roc->count, roc->y));
    TRY(write_column(file, prefix, "roc/threshold", H5_FLOAT64, roc->count, roc->threshold));
    TRY(write_column(file, prefix, "pr/precision", H5_FLOAT64, pr->count, pr->y));
    TRY(write_column(file, prefix, "pr/recall", H5_FLOAT64, pr->count, pr->x));
    TRY(write_column(file, prefix, "pr/threshold", H5_FLOAT64, pr->count, pr->threshold));
    TRY(write_column(file, prefix, "det/fpr", H5_FLOAT64, roc->count, roc->x));
    double *fnr = memory_zeroed((size_t)roc->count, sizeof *fnr, "curve");
    for (int64_t k = 0; fnr && k < roc->count; k++)
        fnr[k] = 1 - roc->y[k];
    int status =
        fnr ? write_column(file, prefix, "det/fnr", H5_FLOAT64, roc->count, fnr) : STATUS_FAILED;
    free(fnr);
    return status;
}

static int write_meanings(struct h5 *file, const char *prefix, const struct metrics *m)
{
    static const char *const columns[FIGURE_COUNT] = {"precision", "recall", "f1"};
    char path[NAME_BYTES];
    join(path, prefix, "confusion_matrix");
    TRY(h5_set_texts(file, path, "row_labels", CLASS_COUNT, class_names));
    TRY(h5_set_texts(file, path, "column_labels", CLASS_COUNT, class_names));
    TRY(h5_set_text(file, path, "meaning", "rows: true class, columns: predicted class"));
    join(path, prefix, "report/macro_avg");
    TRY(h5_set_texts(file, path, "columns", FIGURE_COUNT, columns));
    join(path, prefix, "report/weighted_avg");
    TRY(h5_set_texts(file, path, "columns", FIGURE_COUNT, columns));
    join(path, prefix, "baseline");
    TRY(h5_set_text(file, path, "majority_class", class_names[m->majority_class]));
    join(path, prefix, "calibration");
    TRY(h5_set_text(file, path, "bins",
                    "10 of equal width: (0,0.1], (0.1,0.2], ...; 0 in the first"));
    join(path, prefix, "interval");
    TRY(h5_set_double(file, path, "level", 0.95));
    TRY(h5_set_int(file, path, "resamples", BOOTSTRAP_RESAMPLES));
    TRY(h5_set_int(file, path, "seed", BOOTSTRAP_SEED));
    TRY(h5_set_text(file, path, "method",
                    "percentile bootstrap over groups, stratified by the classes a group holds"));
    TRY(h5_set_int(file, path, "groups_real", m->groups[CLASS_REAL]));
    TRY(h5_set_int(file, path, "groups_fake", m->groups[CLASS_FAKE]));
    if (isnan(m->intervals[INTERVAL_AUC].low))
        TRY(h5_set_text(file, path, "undefined", "needs 10 groups of each class"));
    return h5_set_double(file, *prefix ? prefix : "/", "threshold", m->threshold);
}

static int write_level(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES];
    TRY(write_figures(file, prefix, m));
    TRY(write_curves(file, prefix, m));
    TRY(h5_write_strings(file, join(path, prefix, "report/classes"), CLASS_COUNT, class_names));
    TRY(h5_write_text(file, join(path, prefix, "report/text"), m->text));
    return write_meanings(file, prefix, m);
}

/* ---- rows ------------------------------------------------------------------------------------*/

/* Writes names[rows[i]] for every i. */
static int write_names(struct h5 *file, const char *path, int64_t count, const int32_t *rows,
                       const char *const *names)
{
    const char **column = memory_zeroed((size_t)count, sizeof *column, "names");
    if (!column)
        return STATUS_FAILED;
    for (int64_t i = 0; i < count; i++)
        column[i] = names[rows[i]];
    int status = h5_write_strings(file, path, count, column);
    free(column);
    return status;
}

/* What frames and videos have in common; probabilities in the C type that `type` names. */
static int write_rows(struct h5 *file, const char *folder, int64_t count, const uint8_t *labels,
                      enum h5_type type, const void *probabilities, double threshold)
{
    int status;
    uint8_t *predicted = memory_zeroed((size_t)count, 1, "predictions");
    if (!predicted)
        return STATUS_FAILED;
    for (int64_t i = 0; i < count; i++)
        predicted[i] =
            (uint8_t)metrics_predict(type == H5_FLOAT32 ? (double)((const float *)probabilities)[i]
                                                        : ((const double *)probabilities)[i],
                                     threshold);
    TRY_OR(done, write_column(file, folder, "label", H5_UINT8, count, labels));
    TRY_OR(done, write_column(file, folder, "probability", type, count, probabilities));
    TRY_OR(done, write_column(file, folder, "predicted", H5_UINT8, count, predicted));
done:
    free(predicted);
    return status;
}

static int write_predictions(struct h5 *file, const struct evaluation *e)
{
    const struct scored_frames *f = &e->frames;
    const struct scored_videos *v = &e->videos;
    TRY(write_rows(file, "/predictions", f->count, f->labels, H5_FLOAT32, f->probabilities,
                   e->frame_level.threshold));
    TRY(h5_write_strings(file, "/predictions/source", f->count, f->names.source));
    TRY(write_names(file, "/predictions/video", f->count, f->names.video, f->names.videos));
    TRY(write_names(file, "/predictions/group", f->count, f->names.group, f->names.groups));
    TRY(write_rows(file, "/video/predictions", v->count, v->labels, H5_FLOAT64, v->probabilities,
                   e->video_level.threshold));
    TRY(h5_write_strings(file, "/video/predictions/video", v->count, v->names));
    TRY(write_column(file, "/video/predictions", "frames", H5_INT64, v->count, v->frames));
    return write_names(file, "/video/predictions/group", v->count, v->groups, f->names.groups);
}

static int write_history(struct h5 *file, const struct run *run)
{
    for (int c = 0; c < RUN_COLUMNS; c++)
        TRY(h5_write(file, run_history_paths[c], H5_FLOAT64, 1, &run->epoch, run->history[c]));
    return STATUS_OK;
}

static int write_attributes(struct h5 *file, const struct evaluation *e)
{
    TRY(h5_set_format(file, REPORT_FORMAT, REPORT_VERSION));
    TRY(h5_set_text(file, "/", "split", e->split));
    TRY(h5_set_text(file, "/", "weights", e->weights));
    TRY(h5_set_text(file, "/", "threshold_rule", e->threshold));
    TRY(h5_set_text(file, "/", "threshold_split", e->threshold_split));
    return e->split_by ? h5_set_text(file, "/", "split_by", e->split_by) : STATUS_OK;
}

int report_write(struct h5 *file, const struct evaluation *evaluation)
{
    TRY(write_attributes(file, evaluation));
    TRY(write_level(file, "", &evaluation->frame_level));
    TRY(write_level(file, "/video", &evaluation->video_level));
    TRY(write_predictions(file, evaluation));
    if (evaluation->robustness)
        TRY(robustness_write(file, evaluation->robustness));
    if (evaluation->audit)
        TRY(audit_write(file, evaluation->audit));
    return write_history(file, evaluation->run);
}
