/* The logits of one rank's share of a split: what validation and evaluation have in common. */
#ifndef SCORE_SCORE_H
#define SCORE_SCORE_H

#include <stdint.h>

#include "store/store.h"

struct engine;

enum { SCORE_BATCH = 32 }; /* rows that are read ahead at a time; results do not depend on it */

/* Scores rows first .. first + count of a split; logits (count). Not collective. */
int score_rows(const struct store *store, enum split split, struct engine *engine, int64_t first,
               int64_t count, float *logits);

#endif
