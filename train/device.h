/* The part of a training that can stay on the devices: which way the gradients are summed, where
 * the frames wait, and the steps themselves. Where an engine has no steps of its own, or its ranks
 * share a GPU, the trainer goes through host memory instead. */
#ifndef TRAIN_DEVICE_H
#define TRAIN_DEVICE_H

#include "engine/steps.h"
#include "store/store.h"
#include "train/sampler.h"
#include "train/settings.h"

struct comm;

struct device {
    const struct engine_steps *steps; /* NULL: steps go through the host */
    void *state;                      /* the engine's */
    int resident;                     /* 0: each step brings its frames */
    int64_t stride;                   /* most rows of this rank in a step */
    int32_t *order;                   /* (steps, stride) */
};

/* Decides on the sum (--sum), says so, and joins the group. Collective. */
int device_open(struct device *device, struct comm *comm, struct engine *engine,
                const struct settings *settings);

/* Returns the status it is given. Ranks that agree on it (0, STATUS_AGAIN) leave the group; after
 * any other they end without. */
int device_close(struct device *device, int status);

/* Brings the rows of the store to the device if --resident allows and all ranks have the room.
 * Collective. */
int device_load(struct device *device, struct comm *comm, const struct store *store,
                const struct settings *settings);

/* An epoch whose order the sampler has drawn, from step `first` on. */
int device_begin(struct device *device, const struct sampler *sampler, int64_t first);

#endif
