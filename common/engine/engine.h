/* An engine runs a network on a device.
 *
 * It holds three float32 slabs in state_dict order (model.h): the parameters, the gradient and the
 * optimiser's square_avg. `reference` is the plainest C and the oracle of the tests; every other
 * engine must agree with it. Calls are not collective: each rank has an engine of its own, and the
 * gradient travels between ranks through engine_get and engine_set. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdint.h>

struct model;
struct engine;

enum engine_slab { ENGINE_PARAMETERS, ENGINE_GRADIENT, ENGINE_SQUARE_AVG };

struct engine_settings {
    const char *device;    /* "auto", "cpu", "cuda" or "reference" */
    const char *precision; /* "fp32", "tf32" or "bf16" */
    int threads;           /* of the host; 0: its CPUs / local_ranks. Results do not depend on it */
    int deterministic;     /* cuda: only algorithms that add in the same order every time */
    int local_rank, local_ranks; /* of the ranks on this node: they share its CPUs and GPUs */
};

/* Opens the engine that `device` names; the model must outlive it. Parameters and square_avg are
 * zero. A device or precision that is not there is an error that says what to do; only "auto"
 * chooses, and engine_name tells what it chose. A launcher's CPU binding that is too narrow for the
 * threads is widened, and logged. */
int engine_open(struct engine **engine, const struct model *model,
                const struct engine_settings *settings);
void engine_close(struct engine **engine);
const char *engine_name(const struct engine *engine);

/* The name, and where "auto" passed over cuda the reason: "cpu (device cuda: ...)". */
const char *engine_choice(const struct engine *engine);

/* What it computes with, for provenance: "oneDNN 2.6.3". */
const char *engine_library(const struct engine *engine);

/* Threads of the host that it computes on. */
int engine_threads(const struct engine *engine);

/* Rows worth reading ahead and handing to engine_forward at a time; results do not depend on it. */
int engine_score_rows(const struct engine *engine);

/* logits[i] of frame i. frames: uint8 (N,H,W,C), read as value / 255; any count >= 0. */
int engine_forward(struct engine *engine, int count, const uint8_t *frames, float *logits);

/* Forward and backward: the gradient slab becomes scale * sum over the frames of d loss / d w
 * (zero for count 0), and logits[i] is set as by engine_forward. labels[i]: 1 = fake, 0 = real. */
int engine_backward(struct engine *engine, int count, const uint8_t *frames, const uint8_t *labels,
                    float scale, float *logits);

/* One RMSprop update of the parameters from the gradient slab. */
int engine_step(struct engine *engine, float learning_rate);

/* Copies a slab of model->parameter_count floats out of or into the engine. */
int engine_get(struct engine *engine, enum engine_slab slab, float *values);
int engine_set(struct engine *engine, enum engine_slab slab, const float *values);

#endif
