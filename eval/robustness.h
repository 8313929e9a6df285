/* Robustness: the split scored again with its stored rows changed as the world changes pictures.
 *
 *   none        0               the frames as they are: the report's own figures
 *   jpeg        quality         encoded (baseline 4:2:0) and decoded again
 *   downscale   factor          to 1/factor of each side and back, both with Pillow's BILINEAR
 *   blur        sigma, pixels   Gaussian, cut at 4 sigma, edge pixels repeated outwards
 *   noise       sigma, levels   Gaussian, independent for each byte, seeded by the row alone
 *   brightness  factor          as Pillow's ImageEnhance.Brightness: below 1 darker, above brighter
 *
 * Pixels are those of the stored row (sigma 1 of a 128-pixel frame), levels those of 0..255. */
#ifndef EVAL_ROBUSTNESS_H
#define EVAL_ROBUSTNESS_H

#include <stdio.h>

#include "eval/evaluation.h"
#include "store/h5.h"
#include "store/store.h"

enum { ROBUSTNESS_ROWS = 17 };

/* One strength of one change. Rows of a change stand together, the mildest first, but for
 * brightness, which rises through the factor 1 of an unchanged frame. NaN where undefined. */
struct robustness_row {
    const char *change, *unit; /* static: "jpeg", "quality" */
    double strength;
    double accuracy, auc;             /* of the frames */
    double video_accuracy, video_auc; /* of the videos */
};

/* Plain results, filled on rank 0; the first row is "none". */
struct robustness {
    struct robustness_row rows[ROBUSTNESS_ROWS];
};

/* Scores the split once under each change. On rank 0 probabilities[i], of all rows of the split,
 * are malloc'd and the caller's, also after a failure; [0] stays as it is. Collective. */
struct scoring;
int robustness_score(struct scoring *scoring, enum split split,
                     float *probabilities[ROBUSTNESS_ROWS]);

/* The figures of what was scored; `evaluation` is the computed one of the unchanged frames. */
int robustness_measure(struct robustness *robustness, const struct evaluation *evaluation,
                       float *const probabilities[ROBUSTNESS_ROWS]);

/* The table in a report: /robustness/change, unit, strength, accuracy, auc, video_accuracy,
 * video_auc, one row per strength. */
int robustness_write(struct h5 *file, const struct robustness *robustness);

/* For people. */
void robustness_print(FILE *out, const struct robustness *robustness);

#endif
