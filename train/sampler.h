/* Which rows stand in which batch.
 *
 * The order of an epoch is a function of (seed, epoch) alone. A global batch is a run of that
 * order, and each rank takes its slice of every batch: so N ranks see what one rank sees. */
#ifndef TRAIN_SAMPLER_H
#define TRAIN_SAMPLER_H

#include <stdint.h>

struct sampler {
    int64_t rows, batch_size;
    uint64_t seed;
    int shuffle, rank, size;
    int64_t *order; /* (rows) of the current epoch */
};

int sampler_create(struct sampler *sampler, int64_t rows, int64_t batch_size, uint64_t seed,
                   int shuffle, int rank, int size);
void sampler_release(struct sampler *sampler);

/* Steps of an epoch; the last batch may be short. */
int64_t sampler_steps(const struct sampler *sampler);

/* Rows of the global batch of a step. */
int64_t sampler_batch_rows(const struct sampler *sampler, int64_t step);

/* Draws the order of an epoch (Fisher and Yates), or store order without shuffling. */
void sampler_begin_epoch(struct sampler *sampler, int64_t epoch);

/* This rank's rows of a step; a loader_plan over a struct sampler. */
int64_t sampler_my_rows(const void *sampler, int64_t step, const int64_t **rows);

#endif
