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

#include <stdint.h>

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

#endif
