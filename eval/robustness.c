#include "eval/robustness.h"

#include <math.h>

#include "base/status.h"
#include "eval/changes.h"
#include "eval/scoring.h"

/* The sweep; robustness_row says what the strengths count. */
static const struct change {
    const char *name, *unit;
    double strength;
    int (*apply)(double strength, int64_t row, int size, uint8_t *frame);
} changes[ROBUSTNESS_ROWS] = {
    {"none", "", 0, NULL},
    {"jpeg", "quality", 90, change_jpeg},
    {"jpeg", "quality", 70, change_jpeg},
    {"jpeg", "quality", 50, change_jpeg},
    {"jpeg", "quality", 30, change_jpeg},
    {"downscale", "factor", 2, change_downscale},
    {"downscale", "factor", 4, change_downscale},
    {"blur", "sigma", 0.5, change_blur},
    {"blur", "sigma", 1, change_blur},
    {"blur", "sigma", 2, change_blur},
    {"noise", "sigma", 5, change_noise},
    {"noise", "sigma", 10, change_noise},
    {"noise", "sigma", 20, change_noise},
    {"brightness", "factor", 0.5, change_brightness},
    {"brightness", "factor", 0.75, change_brightness},
    {"brightness", "factor", 1.25, change_brightness},
    {"brightness", "factor", 1.5, change_brightness},
};

static int apply(const void *context, int64_t row, int image_size, uint8_t *frame)
{
    const struct change *change = context;
    return change->apply(change->strength, row, image_size, frame);
}

int robustness_score(struct scoring *scoring, enum split split,
                     float *probabilities[ROBUSTNESS_ROWS])
{
    for (int i = 1; i < ROBUSTNESS_ROWS; i++) {
        const struct score_change change = {apply, &changes[i]};
        TRY(scoring_probabilities(scoring, split, &change, &probabilities[i]));
    }
    return 0;
}

int robustness_measure(struct robustness *robustness, const struct evaluation *evaluation,
                       float *const probabilities[ROBUSTNESS_ROWS])
{
    const double thresholds[2] = {evaluation->frame_level.threshold,
                                  evaluation->video_level.threshold};
    for (int i = 0; i < ROBUSTNESS_ROWS; i++) {
        struct evaluation changed = {.split = evaluation->split, .frames = evaluation->frames};
        if (i > 0)
            changed.frames.probabilities = probabilities[i];
        int status = evaluation_measure(&changed, thresholds);
        robustness->rows[i] =
            (struct robustness_row){changes[i].name,         changes[i].unit,
                                    changes[i].strength,     changed.frame_level.accuracy,
                                    changed.frame_level.auc, changed.video_level.accuracy,
                                    changed.video_level.auc};
        evaluation_clear(&changed);
        TRY(status);
    }
    return 0;
}

/* The last four fields of a row, in their order. */
enum { FIGURES = 4 };

static double figure(const struct robustness_row *row, int index)
{
    const double figures[FIGURES] = {row->accuracy, row->auc, row->video_accuracy, row->video_auc};
    return figures[index];
}

int robustness_write(struct h5 *file, const struct robustness *robustness)
{
    static const char *const columns[FIGURES] = {"/robustness/accuracy", "/robustness/auc",
                                                 "/robustness/video_accuracy",
                                                 "/robustness/video_auc"};
    const char *names[ROBUSTNESS_ROWS], *units[ROBUSTNESS_ROWS];
    double values[ROBUSTNESS_ROWS];
    const int64_t count = ROBUSTNESS_ROWS;
    for (int i = 0; i < ROBUSTNESS_ROWS; i++) {
        names[i] = robustness->rows[i].change;
        units[i] = robustness->rows[i].unit;
        values[i] = robustness->rows[i].strength;
    }
    TRY(h5_write_strings(file, "/robustness/change", count, names));
    TRY(h5_write_strings(file, "/robustness/unit", count, units));
    TRY(h5_write(file, "/robustness/strength", H5_FLOAT64, 1, &count, values));
    for (int f = 0; f < FIGURES; f++) {
        for (int i = 0; i < ROBUSTNESS_ROWS; i++)
            values[i] = figure(&robustness->rows[i], f);
        TRY(h5_write(file, columns[f], H5_FLOAT64, 1, &count, values));
    }
    return 0;
}

void robustness_print(FILE *out, const struct robustness *robustness)
{
    fprintf(out, "\n%-24s%10s%10s%10s\n%-24s%10s%10s%10s%10s\n", "robustness", "frames", "",
            "videos", "frames changed by", "accuracy", "AUC", "accuracy", "AUC");
    for (int i = 0; i < ROBUSTNESS_ROWS; i++) {
        const struct robustness_row *row = &robustness->rows[i];
        char label[64] = "nothing";
        if (i > 0)
            snprintf(label, sizeof label, "%s, %s %g", row->change, row->unit, row->strength);
        fprintf(out, "%-24s", label);
        for (int f = 0; f < FIGURES; f++)
            if (isnan(figure(row, f)))
                fprintf(out, "%10s", "undefined");
            else
                fprintf(out, "%10.4f", figure(row, f));
        fputc('\n', out);
    }
}
