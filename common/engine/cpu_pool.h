/* 2x2 max-pooling over any layout. */
#ifndef ENGINE_CPU_POOL_H
#define ENGINE_CPU_POOL_H

#include "engine/cpu.h"

/* y: the pooled layout. winner: which of the four each y came from, 0 1 / 2 3; of equal values the
 * first; left undefined where keep is 0. backward writes all of dx: dy where the winner stood, else
 * 0. */
void pool_forward(const struct layout *y_layout, const float *x, float *y, uint8_t *winner,
                  int keep);
void pool_backward(const struct layout *y_layout, const float *dy, const uint8_t *winner,
                   float *dx);

#endif
