/* The logits of one rank's share of a split: what validation and evaluation have in common. */
#ifndef SCORE_SCORE_H
#define SCORE_SCORE_H

#include <stdint.h>

#include "store/store.h"

struct engine;

/* What is done to each frame before it is scored: `frame`, uint8 (H,W,3), becomes the changed one.
 * `row` is its place in the split, so that anything random can depend on it alone. Several threads
 * call it at once, each with a frame of its own. */
struct score_change {
    int (*apply)(const void *context, int64_t row, int image_size, uint8_t *frame);
    const void *context;
};

/* Scores rows first .. first + count of a split; logits (count). change may be NULL. Not
 * collective. */
int score_rows(const struct store *store, enum split split, struct engine *engine, int64_t first,
               int64_t count, const struct score_change *change, float *logits);

#endif
