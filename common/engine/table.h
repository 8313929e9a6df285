/* What a file that implements an engine offers to engine.c: one const table at its end. */
#ifndef ENGINE_TABLE_H
#define ENGINE_TABLE_H

#include "engine/engine.h"
#include "engine/steps.h"

/* Counted up when this header or steps.h changes. */
enum { ENGINE_INTERFACE = 3 };

/* The functions take the state that open returned; their contracts are those of engine.h. */
struct engine_table {
    int interface; /* ENGINE_INTERFACE: that a plug-in was built for this program */
    const char *name;
    int score_rows;
    const struct engine_steps *steps; /* NULL: training goes through the host */
    const char *(*library)(void);     /* name and version of what computes */
    int (*open)(void **state, const struct model *model, const struct engine_settings *settings);
    void (*close)(void *state);
    int (*forward)(void *state, int count, const uint8_t *frames, float *logits);
    int (*backward)(void *state, int count, const uint8_t *frames, const uint8_t *labels,
                    float scale, float *logits);
    int (*step)(void *state, float learning_rate);
    int (*get)(void *state, enum engine_slab slab, float *values);
    int (*set)(void *state, enum engine_slab slab, const float *values);
};

extern const struct engine_table engine_reference;
extern const struct engine_table engine_cuda; /* in the plug-in libunmask-cuda.so */
extern const struct engine_table engine_cpu;  /* oneDNN; linked where HAVE_ONEDNN */

#endif
