/* 2x2 max-pooling over any layout. */
#ifndef ENGINE_CPU_POOL_H
#define ENGINE_CPU_POOL_H

#include "engine/cpu.h"

/* y: the pooled layout. winner: which of the four each y came from, 0 1 / 2 3; of equal values the
 * first; NULL: not wanted. */
void pool_forward(const struct layout *y_layout, const float *x, float *y, uint8_t *winner);

#endif
