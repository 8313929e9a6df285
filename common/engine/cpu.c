/* The cpu engine: oneDNN's convolutions, on threads of our own.
 *
 * oneDNN with N frames and T threads walks the whole batch layer by layer: 33 MB per activation,
 * in and out of memory. Here each thread takes one frame depth-first through the network with
 * oneDNN told to use one thread (cpu.h), and nothing but weights and gradients is shared.
 *
 * The gradient is the same, bit for bit, for any number of threads: the batch is cut into chunks
 * that depend on its size alone, a chunk adds its frames in order to a gradient of its own, and
 * at the end the chunks are added in order. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/team.h"
#include "base/vector.h"
#include "engine/cpu.h"
#include "engine/table.h"

enum { CHUNKS_MAX = 32 };

struct cpu {
    struct slabs slabs; /* first, as slabs_step wants it */
    const struct model *model;
    struct cpu_ops ops;
    struct team *team;
    struct cpu_worker **workers; /* one for each thread, made there when first needed */
    float *chunks[CHUNKS_MAX];   /* packed gradients, made when first needed */
};

/* What the threads do now. */
struct job {
    struct cpu *engine;
    int count, chunk_count;
    const uint8_t *frames, *labels; /* labels NULL: forward only */
    float *logits, scale;
};

static int chunk_begin(const struct job *job, int chunk)
{
    return (int)((int64_t)job->count * chunk / job->chunk_count);
}

/* The OpenMP that oneDNN calls keeps this number per thread. */
static void use_one_omp_thread(void)
{
    omp_set_num_threads(1);
}

static int run_chunk(void *context, int member, int64_t index)
{
    const struct job *job = context;
    struct cpu *engine = job->engine;
    const int64_t frame_bytes = shape_count(engine->model->input);
    const int chunk = (int)index;
    float *packed = job->labels ? engine->chunks[chunk] : NULL;
    use_one_omp_thread();
    /* On the thread that will use it, so that its memory is near that thread's core. */
    if (!engine->workers[member])
        TRY(cpu_worker_create(&engine->workers[member], &engine->ops));
    struct cpu_worker *worker = engine->workers[member];
    if (packed)
        memset(packed, 0, (size_t)engine->ops.gradient_count * sizeof *packed);
    for (int n = chunk_begin(job, chunk); n < chunk_begin(job, chunk + 1); n++) {
        TRY(cpu_worker_forward(worker, job->frames + n * frame_bytes, packed != NULL,
                               &job->logits[n]));
        if (packed)
            cpu_worker_backward(worker, job->logits[n], job->labels[n], packed);
    }
    return 0;
}

VECTOR_CLONES static void add_slab(float *restrict sum, const float *restrict slab, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += slab[i];
}

VECTOR_CLONES static void scale_slab(float *sum, float scale, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] *= scale;
}

/* This member's range of: chunk 0 = scale * (chunk 0 + chunk 1 + ...). */
static void add_chunks(void *context, int index)
{
    struct job *job = context;
    struct cpu *engine = job->engine;
    const int64_t count = engine->ops.gradient_count, threads = team_size(engine->team);
    const int64_t begin = count * index / threads, end = count * (index + 1) / threads;
    for (int chunk = 1; chunk < job->chunk_count; chunk++)
        add_slab(engine->chunks[0] + begin, engine->chunks[chunk] + begin, end - begin);
    scale_slab(engine->chunks[0] + begin, job->scale, end - begin);
}

static int run_job(struct job *job)
{
    struct cpu *engine = job->engine;
    use_one_omp_thread();
    if (engine->slabs.changed) {
        TRY(cpu_ops_pack(&engine->ops));
        engine->slabs.changed = 0;
    }
    return team_each(engine->team, job->chunk_count, run_chunk, job);
}

static int cpu_forward(void *state, int count, const uint8_t *frames, float *logits)
{
    struct cpu *engine = state;
    struct job job = {.engine = engine, .count = count, .frames = frames, .logits = logits};
    job.chunk_count = count; /* nothing is summed: frame by frame */
    return run_job(&job);
}

static int cpu_backward(void *state, int count, const uint8_t *frames, const uint8_t *labels,
                        float scale, float *logits)
{
    struct cpu *engine = state;
    struct job job = {.engine = engine,
                      .count = count,
                      .frames = frames,
                      .labels = labels,
                      .logits = logits,
                      .scale = scale};
    job.chunk_count = count < 1 ? 1 : count < CHUNKS_MAX ? count : CHUNKS_MAX;
    for (int i = 0; i < job.chunk_count; i++)
        if (!engine->chunks[i]) {
            engine->chunks[i] = memory_aligned((size_t)engine->ops.gradient_count, sizeof(float),
                                               "gradients of the chunks");
            if (!engine->chunks[i])
                return STATUS_FAILED;
        }
    TRY(run_job(&job));
    team_run(engine->team, add_chunks, &job);
    cpu_ops_unpack(&engine->ops, engine->chunks[0]);
    return 0;
}

static void cpu_close(void *state)
{
    struct cpu *engine = state;
    for (int i = 0; engine->workers && i < team_size(engine->team); i++)
        cpu_worker_destroy(&engine->workers[i]);
    team_destroy(&engine->team);
    free(engine->workers);
    cpu_ops_close(&engine->ops);
    for (int i = 0; i < CHUNKS_MAX; i++)
        free(engine->chunks[i]);
    slabs_destroy(&engine->slabs);
    free(engine);
}

static int open_parts(struct cpu *engine, int threads)
{
    use_one_omp_thread();
    TRY(slabs_create(&engine->slabs, engine->model->parameter_count));
    TRY(cpu_ops_open(&engine->ops, engine->model, &engine->slabs));
    TRY(team_create(&engine->team, threads));
    engine->workers = memory_zeroed((size_t)threads, sizeof *engine->workers, "threads");
    return engine->workers ? 0 : STATUS_FAILED;
}

static int cpu_open(void **state, const struct model *model, const struct engine_settings *settings)
{
    TRY(slabs_check_precision("cpu", settings->precision));
    struct cpu *engine = memory_zeroed(1, sizeof *engine, "cpu engine");
    if (!engine)
        return STATUS_FAILED;
    engine->model = model;
    int status = open_parts(engine, settings->threads);
    if (status < 0) {
        cpu_close(engine);
        return status;
    }
    *state = engine;
    return 0;
}

static const char *cpu_library(void)
{
    static char words[32];
    const dnnl_version_t *version = dnnl_version();
    snprintf(words, sizeof words, "oneDNN %d.%d.%d", version->major, version->minor,
             version->patch);
    return words;
}

const struct engine_table engine_cpu = {
    .name = "cpu",
    .score_rows = 32,
    .library = cpu_library,
    .open = cpu_open,
    .close = cpu_close,
    .forward = cpu_forward,
    .backward = cpu_backward,
    .step = slabs_step,
    .get = slabs_get,
    .set = slabs_set,
};
