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
 *   /audit/                  see audit_write.c
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

static int write_scalar(struct h5 *file, const char *prefix, const char *name, double value)
{
    char path[NAME_BYTES];
    return h5_write(file, join(path, prefix, name), H5_FLOAT64, 0, NULL, &value);
}

static int write_confusion(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES];
    const int64_t dims[] = {CLASS_COUNT, CLASS_COUNT};
    join(path, prefix, "confusion_matrix");
    TRY(h5_write(file, path, H5_INT64, 2, dims, m->confusion));
    TRY(h5_set_texts(file, path, "row_labels", CLASS_COUNT, class_names));
    TRY(h5_set_texts(file, path, "column_labels", CLASS_COUNT, class_names));
    return h5_set_text(file, path, "meaning", "rows: true class, columns: predicted class");
}

static int write_average(struct h5 *file, const char *prefix, const char *name,
                         const double *figures)
{
    static const char *const columns[FIGURE_COUNT] = {"precision", "recall", "f1"};
    char path[NAME_BYTES];
    TRY(write_column(file, prefix, name, H5_FLOAT64, FIGURE_COUNT, figures));
    return h5_set_texts(file, join(path, prefix, name), "columns", FIGURE_COUNT, columns);
}

static int write_classes(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES];
    TRY(h5_write_strings(file, join(path, prefix, "report/classes"), CLASS_COUNT, class_names));
    TRY(write_column(file, prefix, "report/precision", H5_FLOAT64, CLASS_COUNT, m->precision));
    TRY(write_column(file, prefix, "report/recall", H5_FLOAT64, CLASS_COUNT, m->recall));
    TRY(write_column(file, prefix, "report/f1", H5_FLOAT64, CLASS_COUNT, m->f1));
    TRY(write_column(file, prefix, "report/support", H5_INT64, CLASS_COUNT, m->support));
    TRY(write_scalar(file, prefix, "report/accuracy", m->accuracy));
    TRY(write_average(file, prefix, "report/macro_avg", m->macro_avg));
    TRY(write_average(file, prefix, "report/weighted_avg", m->weighted_avg));
    return h5_write_text(file, join(path, prefix, "report/text"), m->text);
}

static int write_curves(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES];
    const struct curve *roc = &m->roc, *pr = &m->precision_recall;
    TRY(write_column(file, prefix, "roc/fpr", H5_FLOAT64, roc->count, roc->x));
    TRY(write_column(file, prefix, "roc/tpr", H5_FLOAT64, roc->count, roc->y));
    TRY(write_column(file, prefix, "roc/threshold", H5_FLOAT64, roc->count, roc->threshold));
    TRY(h5_set_double(file, join(path, prefix, "roc"), "auc", m->auc));
    TRY(write_column(file, prefix, "pr/precision", H5_FLOAT64, pr->count, pr->y));
    TRY(write_column(file, prefix, "pr/recall", H5_FLOAT64, pr->count, pr->x));
    TRY(write_column(file, prefix, "pr/threshold", H5_FLOAT64, pr->count, pr->threshold));
    return h5_set_double(file, join(path, prefix, "pr"), "average_precision", m->average_precision);
}

static int write_baseline(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES];
    TRY(write_scalar(file, prefix, "baseline/majority_accuracy", m->majority_accuracy));
    TRY(write_scalar(file, prefix, "baseline/balanced_accuracy", m->balanced_accuracy));
    TRY(write_scalar(file, prefix, "baseline/matthews_correlation", m->matthews_correlation));
    return h5_set_text(file, join(path, prefix, "baseline"), "majority_class",
                       class_names[m->majority_class]);
}

/* A scalar attribute, and beside a NaN the reason. */
static int set_figure(struct h5 *file, const char *object, const char *name, double value,
                      const char *needs)
{
    char reason[NAME_BYTES];
    snprintf(reason, sizeof reason, "%s_undefined", name);
    TRY(h5_set_double(file, object, name, value));
    return isnan(value) ? h5_set_text(file, object, reason, needs) : STATUS_OK;
}

static int write_det(struct h5 *file, const char *prefix, const struct metrics *m)
{
    static const char both[] = "needs rows of both classes";
    char path[NAME_BYTES];
    double *fnr = memory_zeroed((size_t)m->roc.count, sizeof *fnr, "curve");
    if (!fnr)
        return STATUS_FAILED;
    for (int64_t k = 0; k < m->roc.count; k++)
        fnr[k] = 1 - m->roc.y[k];
    int status = write_column(file, prefix, "det/fnr", H5_FLOAT64, m->roc.count, fnr);
    free(fnr);
    TRY(status);
    TRY(write_column(file, prefix, "det/fpr", H5_FLOAT64, m->roc.count, m->roc.x));
    join(path, prefix, "det");
    TRY(set_figure(file, path, "eer", m->eer, both));
    TRY(set_figure(file, path, "threshold", m->eer_threshold, both));
    return set_figure(file, path, "tpr_at_fpr_0.01", m->tpr_at_1_percent,
                      "needs 100 real rows, and fake ones");
}

static int write_calibration(struct h5 *file, const char *prefix, const struct metrics *m)
{
    char path[NAME_BYTES];
    const struct calibration *c = &m->calibration;
    TRY(write_column(file, prefix, "calibration/probability", H5_FLOAT64, BIN_COUNT,
                     c->probability));
    TRY(write_column(file, prefix, "calibration/fake", H5_FLOAT64, BIN_COUNT, c->fake));
    TRY(write_column(file, prefix, "calibration/count", H5_INT64, BIN_COUNT, c->count));
    join(path, prefix, "calibration");
    TRY(h5_set_text(file, path, "bins",
                    "10 of equal width: (0,0.1], (0.1,0.2], ...; 0 in the first"));
    TRY(h5_set_double(file, path, "brier", c->brier));
    return set_figure(file, path, "ece", c->expected_error, "needs 100 rows");
}

static int write_intervals(struct h5 *file, const char *prefix, const struct metrics *m)
{
    static const char *const names[INTERVAL_COUNT] = {
        [INTERVAL_ACCURACY] = "interval/accuracy",
        [INTERVAL_BALANCED_ACCURACY] = "interval/balanced_accuracy",
        [INTERVAL_AUC] = "interval/auc",
        [INTERVAL_EER] = "interval/eer",
    };
    char path[NAME_BYTES];
    for (int k = 0; k < INTERVAL_COUNT; k++) {
        const double ends[] = {m->intervals[k].low, m->intervals[k].high};
        TRY(write_column(file, prefix, names[k], H5_FLOAT64, 2, ends));
    }
    join(path, prefix, "interval");
    TRY(h5_set_double(file, path, "level", 0.95));
    TRY(h5_set_int(file, path, "resamples", BOOTSTRAP_RESAMPLES));
    TRY(h5_set_int(file, path, "seed", BOOTSTRAP_SEED));
    TRY(h5_set_text(file, path, "method",
                    "percentile bootstrap over groups, stratified by the classes a group holds"));
    TRY(h5_set_int(file, path, "groups_real", m->groups[CLASS_REAL]));
    TRY(h5_set_int(file, path, "groups_fake", m->groups[CLASS_FAKE]));
    return isnan(m->intervals[INTERVAL_AUC].low)
               ? h5_set_text(file, path, "undefined", "needs 10 groups of each class")
               : STATUS_OK;
}

static int write_level(struct h5 *file, const char *prefix, const struct metrics *m)
{
    TRY(write_confusion(file, prefix, m));
    TRY(write_classes(file, prefix, m));
    TRY(write_curves(file, prefix, m));
    TRY(write_det(file, prefix, m));
    TRY(write_calibration(file, prefix, m));
    TRY(write_intervals(file, prefix, m));
    TRY(h5_set_double(file, *prefix ? prefix : "/", "threshold", m->threshold));
    return write_baseline(file, prefix, m);
}

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

static int write_frames(struct h5 *file, const struct scored_frames *f, double threshold)
{
    int status;
    uint8_t *predicted = memory_zeroed((size_t)f->count, 1, "predictions");
    if (!predicted)
        return STATUS_FAILED;
    for (int64_t i = 0; i < f->count; i++)
        predicted[i] = (uint8_t)metrics_predict((double)f->probabilities[i], threshold);
    TRY_OR(done, h5_write_strings(file, "/predictions/source", f->count, f->sources));
    TRY_OR(done, write_names(file, "/predictions/video", f->count, f->videos, f->video_names));
    TRY_OR(done, write_names(file, "/predictions/group", f->count, f->groups, f->group_names));
    TRY_OR(done, write_column(file, "/predictions", "label", H5_UINT8, f->count, f->labels));
    TRY_OR(done, write_column(file, "/predictions", "probability", H5_FLOAT32, f->count,
                              f->probabilities));
    TRY_OR(done, write_column(file, "/predictions", "predicted", H5_UINT8, f->count, predicted));
done:
    free(predicted);
    return status;
}

static int write_videos(struct h5 *file, const struct scored_frames *f,
                        const struct scored_videos *v, double threshold)
{
    static const char where[] = "/video/predictions";
    int status;
    uint8_t *predicted = memory_zeroed((size_t)v->count, 1, "predictions");
    if (!predicted)
        return STATUS_FAILED;
    for (int64_t i = 0; i < v->count; i++)
        predicted[i] = (uint8_t)metrics_predict(v->probabilities[i], threshold);
    TRY_OR(done, h5_write_strings(file, "/video/predictions/video", v->count, v->names));
    TRY_OR(done, write_column(file, where, "label", H5_UINT8, v->count, v->labels));
    TRY_OR(done, write_column(file, where, "probability", H5_FLOAT64, v->count, v->probabilities));
    TRY_OR(done, write_column(file, where, "predicted", H5_UINT8, v->count, predicted));
    TRY_OR(done, write_column(file, where, "frames", H5_INT64, v->count, v->frames));
    TRY_OR(done,
           write_names(file, "/video/predictions/group", v->count, v->groups, f->group_names));
done:
    free(predicted);
    return status;
}

static int write_history(struct h5 *file, const struct scored_history *history)
{
    static const double none = 0;
    for (int c = 0; c < RUN_COLUMNS; c++)
        TRY(h5_write(file, run_history_paths[c], H5_FLOAT64, 1, &history->epochs,
                     history->epochs ? history->columns[c] : &none));
    return STATUS_OK;
}

static int write_attributes(struct h5 *file, const struct evaluation *e)
{
    TRY(h5_set_text(file, "/", "format", REPORT_FORMAT));
    TRY(h5_set_int(file, "/", "format_version", REPORT_VERSION));
    TRY(h5_set_text(file, "/", "split", e->split));
    TRY(h5_set_text(file, "/", "weights", e->weights));
    TRY(h5_set_texts(file, "/", "classes", CLASS_COUNT, class_names));
    TRY(h5_set_text(file, "/", "positive_class", class_names[CLASS_FAKE]));
    TRY(h5_set_text(file, "/", "threshold_rule", e->threshold));
    TRY(h5_set_text(file, "/", "threshold_split", e->threshold_split));
    return e->split_by ? h5_set_text(file, "/", "split_by", e->split_by) : STATUS_OK;
}

int report_write(struct h5 *file, const struct evaluation *evaluation)
{
    TRY(write_attributes(file, evaluation));
    TRY(write_level(file, "", &evaluation->frame_level));
    TRY(write_level(file, "/video", &evaluation->video_level));
    TRY(write_frames(file, &evaluation->frames, evaluation->frame_level.threshold));
    TRY(write_videos(file, &evaluation->frames, &evaluation->videos,
                     evaluation->video_level.threshold));
    if (evaluation->robustness)
        TRY(robustness_write(file, evaluation->robustness));
    if (evaluation->audit)
        TRY(audit_write(file, evaluation->audit));
    return write_history(file, &evaluation->history);
}
