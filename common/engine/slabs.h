/* The three slabs of an engine that lives in host memory, and what such engines share. */
#ifndef ENGINE_SLABS_H
#define ENGINE_SLABS_H

#include "engine/engine.h"

struct slabs {
    int64_t count;
    float *values[3]; /* by enum engine_slab */
};

int slabs_create(struct slabs *slabs, int64_t count);
void slabs_destroy(struct slabs *slabs); /* accepts a zeroed struct */
void slabs_get(const struct slabs *slabs, enum engine_slab slab, float *values);
void slabs_set(struct slabs *slabs, enum engine_slab slab, const float *values);
void slabs_step(struct slabs *slabs, float learning_rate);

/* Fails unless precision is "fp32", the only one that engines on the CPU have. */
int slabs_check_precision(const char *device, const char *precision);

#endif
