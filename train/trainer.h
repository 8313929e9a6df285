/* The training itself: epochs of steps over the ranks, validation, checkpoints. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "store/provenance.h"
#include "store/run.h"
#include "store/store.h"
#include "train/settings.h"

struct comm;
struct engine;

struct trainer {
    const struct settings *settings;
    struct comm *comm;
    struct store *store;
    struct engine *engine; /* holds the parameters and optimiser state of `run` */
    struct run *run;       /* the same on every rank; rank 0 writes it */
    const struct provenance *provenance;
};

/* Trains to settings->epochs. STATUS_AGAIN after a signal, with a checkpoint saved. Collective. */
int trainer_run(struct trainer *trainer);

#endif
