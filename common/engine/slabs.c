#include "engine/slabs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "model/model.h"

int slabs_create(struct slabs *slabs, int64_t count)
{
    slabs->count = count;
    slabs->changed = 1;
    for (int i = 0; i < 3; i++) {
        slabs->values[i] = memory_zeroed((size_t)count, sizeof(float), "parameters");
        if (!slabs->values[i])
            return STATUS_FAILED;
    }
    return 0;
}

void slabs_destroy(struct slabs *slabs)
{
    for (int i = 0; i < 3; i++) {
        free(slabs->values[i]);
        slabs->values[i] = NULL;
    }
}

int slabs_get(void *state, enum engine_slab slab, float *values)
{
    const struct slabs *slabs = state;
    memcpy(values, slabs->values[slab], (size_t)slabs->count * sizeof(float));
    return 0;
}

int slabs_set(void *state, enum engine_slab slab, const float *values)
{
    struct slabs *slabs = state;
    memcpy(slabs->values[slab], values, (size_t)slabs->count * sizeof(float));
    slabs->changed = 1;
    return 0;
}

int slabs_step(void *state, float learning_rate)
{
    struct slabs *slabs = state;
    rmsprop_update(slabs->count, learning_rate, slabs->values[ENGINE_GRADIENT],
                   slabs->values[ENGINE_SQUARE_AVG], slabs->values[ENGINE_PARAMETERS]);
    slabs->changed = 1;
    return 0;
}

int slabs_check_precision(const char *device, const char *precision)
{
    if (strcmp(precision, "fp32") != 0)
        return fail(STATUS_FAILED, "precision %s: the %s engine computes in fp32 only; use fp32",
                    precision, device);
    return 0;
}
