/* Training steps that stay on a device: what an engine offers beyond engine.h when frames, sums and
 * updates need not pass through the host. Steps are enqueued and counted; only collect waits for
 * them.
 *
 *     load     a split's rows into device memory (or hand each step its frames in pinned memory)
 *     begin    an epoch: the order of this rank's rows
 *     prepare  what the first steps would otherwise wait for: libraries, algorithms, capturing
 *     step     gather, forward, backward, sum over the group, update: enqueued, one captured graph
 *     collect  waits for the steps so far and brings their losses back
 *
 * Functions take the engine's state and return 0 or a negative status. */
#ifndef ENGINE_STEPS_H
#define ENGINE_STEPS_H

#include <stddef.h>
#include <stdint.h>

struct engine;

enum { DEVICE_ID_BYTES = 16, GROUP_ID_BYTES = 128 };

/* Splits that can be resident. */
enum resident { RESIDENT_TRAIN, RESIDENT_VAL, RESIDENT_COUNT };

/* Reads rows first .. first + count, uint8 (count,H,W,3). */
typedef int steps_reader(const void *context, int64_t first, int64_t count, uint8_t *frames);

struct step {
    int64_t index;                  /* in the epoch: steps come in order */
    int count;                      /* this rank's rows; may be 0 */
    float scale, learning_rate;     /* scale and learning_rate are the same on every rank */
    const uint8_t *frames, *labels; /* in pinned memory; NULL: resident rows in the epoch's order */
};

struct engine_steps {
    /* Pinned memory, from which the device copies while it computes; freed with host_free. NULL
     * after fail(). */
    void *(*host_allocate)(size_t bytes, const char *what);
    void (*host_free)(void *memory);

    /* Names the device: equal for two ranks that share it. */
    int (*identify)(void *state, uint8_t id[DEVICE_ID_BYTES]);

    /* The group whose gradients are summed on the devices: one rank makes an id, all join with it
     * (collective). From then on a wait longer than timeout_s (0: for ever) means a lost or stuck
     * peer. Without a group a rank trains alone. */
    int (*make_group)(char id[GROUP_ID_BYTES]);
    int (*join_group)(void *state, int rank, int size, const char id[GROUP_ID_BYTES],
                      double timeout_s);

    /* Waits for the steps and leaves the group, if there is one (collective). An engine that is
     * closed without it leaves everything to the end of the process: its peers may be gone. */
    int (*leave_group)(void *state);

    /* Sums the gradient slab over the group now. Collective. */
    int (*sum)(void *state);

    /* 1: the rows are on the device; 0: they do not fit. labels (rows). unload: of all splits. */
    int (*load)(void *state, enum resident which, int64_t rows, const uint8_t *labels,
                steps_reader *read, const void *context);
    void (*unload)(void *state);

    /* The next epoch has `steps` steps, of which `first` is the next. order (steps, stride): the
     * resident training row of each place; NULL when steps bring their frames. */
    int (*begin)(void *state, int64_t first, int64_t steps, int64_t stride, const int32_t *order);

    /* Makes ready for steps like this one, whose index and frames do not matter, in epochs like the
     * one that has begun; changes nothing that a step would not overwrite. */
    int (*prepare)(void *state, const struct step *step);

    /* Enqueued, not awaited; the step's frames may be overwritten afterwards. */
    int (*step)(void *state, const struct step *step);

    /* Waits for all that was enqueued. sums (count, 2): loss and rows predicted right of steps
     * first .. first + count. */
    int (*collect)(void *state, int64_t first, int64_t count, double *sums);

    /* logits (count) of resident rows. */
    int (*score)(void *state, enum resident which, int64_t first, int64_t count, float *logits);
};

/* The engine's steps and the state they take; NULL where its steps run through the host. */
const struct engine_steps *engine_steps(const struct engine *engine, void **state);

#endif
