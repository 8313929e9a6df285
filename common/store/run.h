/* The run file: everything a training has come to, so that it can go on bit for bit, and everything
 * an analyst needs of it. Written and read by rank 0 alone.
 *
 *   /model/conv1/weight ...   the weights now; names, shapes and order of PyTorch's state_dict
 *   /best/...                 the weights of the epoch with the lowest validation loss
 *   /optimizer/square_avg/... RMSprop's state
 *   /progress/...             where the training stands
 *   /history/...              one value per finished epoch
 *   /steps/loss, /steps/correct   one value per step: mean loss of the batch, rows predicted right
 *
 * A checkpoint is written aside, flushed and renamed, and the one before it is kept as
 * "run.h5.previous": at every moment one of the two is whole, and a SHA-256 over its numbers proves
 * it. */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include <stdint.h>

#include "base/sha256.h"
#include "model/model.h"

enum { RUN_FORMAT_VERSION = 1 };

/* The columns of /history, in the order of run_history_paths. */
enum run_column {
    RUN_EPOCH,
    RUN_TRAIN_LOSS,
    RUN_TRAIN_ACCURACY,
    RUN_VAL_LOSS,
    RUN_VAL_ACCURACY,
    RUN_LEARNING_RATE,
    RUN_SECONDS,
    RUN_IMAGES_PER_SECOND,
    RUN_COLUMNS
};
extern const char *const run_history_paths[RUN_COLUMNS]; /* "/history/epoch", ... */

struct run {
    struct model model;
    char channels[128];
    int image_size;
    char content_hash[SHA256_HEX_BYTES];   /* of the store it learned from */
    float *parameters, *square_avg, *best; /* slabs of model.parameter_count */
    int64_t epoch;                         /* finished epochs */
    int64_t step;                          /* steps done in the epoch after them */
    int64_t rows_taken; /* the sampler's position: rows of that epoch already used */
    int64_t best_epoch; /* 1-based; 0 = none yet */
    double best_val_loss;
    double seconds;               /* of the epoch in progress, so far */
    double *history[RUN_COLUMNS]; /* (epoch) each */
    int64_t history_capacity;
    int64_t steps_done; /* in all epochs */
    int64_t steps_capacity;
    double *step_loss; /* (steps_done) */
    int64_t *step_correct;
    uint64_t file; /* file_number of what it was read from or last written to; 0: none yet */
    char checksum[SHA256_HEX_BYTES]; /* of that file; "" for a new run */
    char engine[32], cpu_isa[32];    /* what computed it: a change is announced at resume */
    int64_t ranks, threads;
};

/* A new run of this network with zero slabs. */
int run_create(struct run **run, int image_size, const char *channels);
void run_destroy(struct run **run);

/* Makes room for one more epoch of history, or for `steps` more steps. */
int run_reserve_epoch(struct run *run);
int run_reserve_steps(struct run *run, int64_t steps);

/* Atomic: whoever opens path sees the old run or the new one. Fails if what stands there is neither
 * run->file nor of run->checksum: another training's. */
struct provenance;
int run_write(const char *path, struct run *run, const struct provenance *provenance);

/* Reads a whole run and verifies its checksum. */
int run_read(struct run **run, const char *path);

/* Removes what a killed writer may have left beside path. */
void run_remove_stale(const char *path);

/* The file name of the checkpoint before the newest. */
void run_previous_path(const char *path, char *previous, int bytes);

/* Checks that the options which decide the mathematics are those the run at `path` was made with;
 * the failing line names the option and both values. */
struct command;
int run_check_options(const char *path, const struct command *command);

#endif
