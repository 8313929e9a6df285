#include "eval/robustness.h"

#include <math.h>
#include <stddef.h>

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

int robustness_write(struct h5 *file, const struct robustness *robustness)
{
    static const struct h5_member members[] = {
        {"change", H5_TEXT, offsetof(struct robustness_row, change)},
        {"unit", H5_TEXT, offsetof(struct robustness_row, unit)},
        {"strength", H5_FLOAT64, offsetof(struct robustness_row, strength)},
        {"accuracy", H5_FLOAT64, offsetof(struct robustness_row, accuracy)},
        {"auc", H5_FLOAT64, offsetof(struct robustness_row, auc)},
        {"video_accuracy", H5_FLOAT64, offsetof(struct robustness_row, video_accuracy)},
        {"video_auc", H5_FLOAT64, offsetof(struct robustness_row, video_auc)},
    };
    return h5_write_members(file, "/robustness", members, sizeof members / sizeof members[0],
                            robustness->rows, sizeof robustness->rows[0], ROBUSTNESS_ROWS);
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
        const double figures[] = {row->accuracy, row->auc, row->video_accuracy, row->video_auc};
        for (int f = 0; f < 4; f++)
            if (isnan(figures[f]))
                fprintf(out, "%10s", "undefined");
            else
                fprintf(out, "%10.4f", figures[f]);
        fputc('\n', out);
    }
}
