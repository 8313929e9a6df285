#include "train/sampler.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/slices.h"
#include "base/status.h"

int sampler_create(struct sampler *sampler, int64_t rows, int64_t batch_size, uint64_t seed,
                   int shuffle, int rank, int size)
{
    *sampler = (struct sampler){.rows = rows,
                                .batch_size = batch_size,
                                .seed = seed,
                                .shuffle = shuffle,
                                .rank = rank,
                                .size = size};
    sampler->order = memory_zeroed((size_t)rows, sizeof *sampler->order, "sampler");
    return sampler->order ? 0 : STATUS_FAILED;
}

void sampler_release(struct sampler *sampler)
{
    free(sampler->order);
    sampler->order = NULL;
}

int64_t sampler_steps(const struct sampler *sampler)
{
    return (sampler->rows + sampler->batch_size - 1) / sampler->batch_size;
}

int64_t sampler_batch_rows(const struct sampler *sampler, int64_t step)
{
    int64_t left = sampler->rows - step * sampler->batch_size;
    return left < sampler->batch_size ? left : sampler->batch_size;
}

void sampler_begin_epoch(struct sampler *sampler, int64_t epoch)
{
    int64_t *order = sampler->order;
    for (int64_t i = 0; i < sampler->rows; i++)
        order[i] = i;
    if (!sampler->shuffle)
        return;
    /* A stream of its own: the initial weights are drawn from the seed as well. */
    uint64_t stream = random_at(random_hash(sampler->seed, "order of rows"), (uint64_t)epoch);
    for (int64_t i = sampler->rows - 1; i > 0; i--) {
        int64_t j = (int64_t)random_below(random_at(stream, (uint64_t)i), (uint64_t)i + 1);
        int64_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

int64_t sampler_my_rows(const void *context, int64_t step, const int64_t **rows)
{
    const struct sampler *sampler = context;
    int64_t batch = sampler_batch_rows(sampler, step);
    *rows = sampler->order + step * sampler->batch_size +
            slice_begin(batch, sampler->size, sampler->rank);
    return slice_count(batch, sampler->size, sampler->rank);
}
