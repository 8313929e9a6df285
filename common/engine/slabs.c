#include "engine/slabs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "model/model.h"

int slabs_create(struct slabs *slabs, int64_t count)
{
    slabs->count = count;
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

void slabs_get(const struct slabs *slabs, enum engine_slab slab, float *values)
{
    memcpy(values, slabs->values[slab], (size_t)slabs->count * sizeof(float));
}

void slabs_set(struct slabs *slabs, enum engine_slab slab, const float *values)
{
    memcpy(slabs->values[slab], values, (size_t)slabs->count * sizeof(float));
}

void slabs_step(struct slabs *slabs, float learning_rate)
{
    rmsprop_update(slabs->count, learning_rate, slabs->values[ENGINE_GRADIENT],
                   slabs->values[ENGINE_SQUARE_AVG], slabs->values[ENGINE_PARAMETERS]);
}

int slabs_check_precision(const char *device, const char *precision)
{
    if (strcmp(precision, "fp32") != 0)
        return fail(STATUS_FAILED, "precision %s: the %s engine computes in fp32 only; use fp32",
                    precision, device);
    return 0;
}
