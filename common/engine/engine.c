#include "engine/engine.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "engine/table.h"

/* The cuda engine is a plug-in, so that the same programs start where there is no CUDA library; it
 * stays loaded. Its line names the library that is missing. */
static int load_plugin(const struct engine_table **table)
{
    void *plugin = dlopen("libunmask-cuda.so", RTLD_NOW | RTLD_LOCAL);
    static const char absent[] = "libunmask-cuda.so: cannot open shared object file: No such file";
    const char *why = plugin ? "" : dlerror();
    if (strncmp(why, absent, sizeof absent - 1) == 0)
        return fail(STATUS_FAILED,
                    "device cuda: no libunmask-cuda.so, which make builds where nvcc, "
                    "cuDNN and NCCL are; use cpu");
    if (!plugin)
        return fail(STATUS_FAILED,
                    "device cuda: %s; put the libraries of CUDA, cuDNN and NCCL into "
                    "LD_LIBRARY_PATH, or use cpu",
                    why);
    *table = dlsym(plugin, "engine_cuda");
    if (!*table || (*table)->interface != ENGINE_INTERFACE)
        return fail(STATUS_FAILED,
                    "device cuda: libunmask-cuda.so belongs to another version; build again");
    return 0;
}

/* Every engine that is compiled in; "auto" takes the first after cuda. */
static const struct engine_table *const engines[] = {
#ifdef HAVE_ONEDNN
    &engine_cpu,
#endif
    &engine_reference,
};

enum { ENGINE_COUNT = sizeof engines / sizeof engines[0] };

struct engine {
    const struct engine_table *table;
    void *state;
    int threads;
    char choice[512];
};

static int find_table(const struct engine_table **table, const char *device)
{
    if (strcmp(device, "cuda") == 0)
        return load_plugin(table);
    for (size_t i = 0; i < ENGINE_COUNT; i++)
        if (strcmp(device, engines[i]->name) == 0) {
            *table = engines[i];
            return 0;
        }
    if (strcmp(device, "cpu") == 0)
        return fail(STATUS_FAILED, "device cpu: this build does not have it; install oneDNN 2 or 3 "
                                   "(make deps) and build again, or use reference");
    return fail(STATUS_FAILED, "device %s: unknown; use auto, cpu, cuda or reference", device);
}

static int claim_cpus(struct engine_settings *settings)
{
    int widened_from;
    TRY(cpus_claim(settings->threads, settings->local_ranks, &settings->threads, &widened_from));
    if (widened_from)
        log_info("the launcher bound this rank to %d CPU%s, too few for %d threads: binding "
                 "widened (mpirun --bind-to none avoids this)",
                 widened_from, widened_from > 1 ? "s" : "", settings->threads);
    return 0;
}

static int open_named(struct engine **out, const struct model *model,
                      const struct engine_settings *settings)
{
    const struct engine_table *table = NULL;
    struct engine_settings resolved = *settings;
    TRY(find_table(&table, settings->device));
    TRY(claim_cpus(&resolved));
    struct engine *engine = memory_zeroed(1, sizeof *engine, "engine");
    if (!engine)
        return STATUS_FAILED;
    engine->table = table;
    engine->threads = resolved.threads;
    snprintf(engine->choice, sizeof engine->choice, "%s", table->name);
    int status = table->open(&engine->state, model, &resolved);
    if (status < 0) {
        free(engine);
        return status;
    }
    *out = engine;
    return 0;
}

int engine_open(struct engine **out, const struct model *model,
                const struct engine_settings *settings)
{
    *out = NULL;
    if (strcmp(settings->device, "auto") != 0)
        return open_named(out, model, settings);
    struct engine_settings wanted = *settings;
    wanted.device = "cuda";
    if (open_named(out, model, &wanted) == 0)
        return 0;
    char reason[400];
    snprintf(reason, sizeof reason, "%s", fail_message());
    wanted.device = engines[0]->name;
    TRY(open_named(out, model, &wanted));
    snprintf((*out)->choice, sizeof(*out)->choice, "%s (%s)", wanted.device, reason);
    return 0;
}

void engine_close(struct engine **out)
{
    struct engine *engine = *out;
    if (!engine)
        return;
    engine->table->close(engine->state);
    free(engine);
    *out = NULL;
}

const char *engine_name(const struct engine *engine)
{
    return engine->table->name;
}

const char *engine_library(const struct engine *engine)
{
    return engine->table->library();
}

const char *engine_choice(const struct engine *engine)
{
    return engine->choice;
}

int engine_threads(const struct engine *engine)
{
    return engine->threads;
}

int engine_score_rows(const struct engine *engine)
{
    return engine->table->score_rows;
}

const struct engine_steps *engine_steps(const struct engine *engine, void **state)
{
    *state = engine->state;
    return engine->table->steps;
}

int engine_forward(struct engine *engine, int count, const uint8_t *frames, float *logits)
{
    return engine->table->forward(engine->state, count, frames, logits);
}

int engine_backward(struct engine *engine, int count, const uint8_t *frames, const uint8_t *labels,
                    float scale, float *logits)
{
    return engine->table->backward(engine->state, count, frames, labels, scale, logits);
}

int engine_step(struct engine *engine, float learning_rate)
{
    return engine->table->step(engine->state, learning_rate);
}

int engine_get(struct engine *engine, enum engine_slab slab, float *values)
{
    return engine->table->get(engine->state, slab, values);
}

int engine_set(struct engine *engine, enum engine_slab slab, const float *values)
{
    return engine->table->set(engine->state, slab, values);
}
