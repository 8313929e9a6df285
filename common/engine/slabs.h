/* The three slabs of an engine that lives in host memory, and what such engines share. */
#ifndef ENGINE_SLABS_H
#define ENGINE_SLABS_H

#include "engine/engine.h"

struct slabs {
    int64_t count;
    float *values[3]; /* by enum engine_slab */
    int changed; /* set with every change: an engine that packs parameters has to do it again */
};

int slabs_create(struct slabs *slabs, int64_t count);
void slabs_destroy(struct slabs *slabs); /* accepts a zeroed struct */

/* get, set and step of an engine_table, for a state that begins with its slabs. */
int slabs_get(void *state, enum engine_slab slab, float *values);
int slabs_set(void *state, enum engine_slab slab, const float *values);
int slabs_step(void *state, float learning_rate);

/* Fails unless precision is "fp32", the only one that engines on the CPU have. */
int slabs_check_precision(const char *device, const char *precision);

#endif
