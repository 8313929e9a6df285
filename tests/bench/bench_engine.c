/* Images per second of the cpu engine beside the bare convolutions that it is made of.
 *
 *     bench_engine [--batch 32] [--threads 2] [--rounds 5] [--channels 16,32,64] [--image-size 128]
 *
 * `convolutions`: oneDNN alone, whole batch, its own threads and layouts: forward, backward-data
 * (but for the first layer) and backward-weights of each layer, buffers warm, nothing else.
 * The three are measured in turn, so that a busy machine hurts them alike; medians are printed. */
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "engine/cpu_dnnl.h"
#include "engine/engine.h"
#include "model/model.h"

enum { PRIMITIVES_MAX = 3 * MODEL_BLOCKS_MAX, ROUNDS_MAX = 99 };
static const double round_s = 0.6;

struct bench {
    int batch, threads, rounds, image_size;
    const char *channels;
    struct model model;
    struct engine *engine;
    uint8_t *frames, *labels;
    float *logits;
    dnnl_engine_t dnnl;
    dnnl_stream_t stream;
    int primitive_count;
    dnnl_primitive_t primitives[PRIMITIVES_MAX];
    dnnl_exec_arg_t arguments[PRIMITIVES_MAX][4];
    int argument_counts[PRIMITIVES_MAX];
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A oneDNN buffer of small numbers; it and the handle live until the program ends. */
static int buffer(struct bench *bench, dnnl_memory_t *memory, const_tensor_desc desc)
{
    size_t count = dnnl_memory_desc_get_size(desc) / sizeof(float);
    float *values = memory_aligned(count, sizeof *values, "bench");
    if (!values)
        return STATUS_FAILED;
    for (size_t i = 0; i < count; i++)
        values[i] = random_unit(random_at(1, i)) - 0.5f;
    DNNL_TRY(dnnl_memory_create, memory, desc, bench->dnnl, values);
    return 0;
}

/* One primitive: `queries` name the memory that stands behind each argument. */
static int add_primitive(struct bench *bench, dnnl_primitive_desc_t desc, int count,
                         const int arguments[4], const dnnl_query_t queries[4])
{
    int p = bench->primitive_count++;
    DNNL_TRY(dnnl_primitive_create, &bench->primitives[p], desc);
    bench->argument_counts[p] = count;
    for (int i = 0; i < count; i++) {
        int is_bias = arguments[i] == DNNL_ARG_BIAS || arguments[i] == DNNL_ARG_DIFF_BIAS;
        bench->arguments[p][i].arg = arguments[i];
        TRY(buffer(bench, &bench->arguments[p][i].memory,
                   dnnl_primitive_desc_query_md(desc, queries[i], is_bias)));
    }
    return 0;
}

static int add_convolution(struct bench *bench, const struct layer *layer)
{
    const int first = layer->weight == 0;
    const struct shape in = layer->in, out = layer->out;
    tensor_desc x, y, w, b;
    dnnl_primitive_desc_t forward, weights, data;
    TRY(tensor_desc_create(&x, 4, (dnnl_dims_t){bench->batch, in.c, in.h, in.w},
                           first ? dnnl_nchw : dnnl_format_tag_any));
    TRY(tensor_desc_create(&y, 4, (dnnl_dims_t){bench->batch, out.c, out.h, out.w},
                           dnnl_format_tag_any));
    TRY(tensor_desc_create(&w, 4, (dnnl_dims_t){out.c, in.c, 3, 3}, dnnl_format_tag_any));
    TRY(tensor_desc_create(&b, 1, (dnnl_dims_t){out.c}, dnnl_x));
    DNNL_TRY(convolution_desc_create, &forward, bench->dnnl, dnnl_forward_training, x, w, b, y,
             NULL, NULL);
    TRY(add_primitive(bench, forward, 4,
                      (int[4]){DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
                      (dnnl_query_t[4]){dnnl_query_src_md, dnnl_query_weights_md,
                                        dnnl_query_weights_md, dnnl_query_dst_md}));
    const_tensor_desc chosen_x = dnnl_primitive_desc_query_md(forward, dnnl_query_src_md, 0);
    const_tensor_desc chosen_y = dnnl_primitive_desc_query_md(forward, dnnl_query_dst_md, 0);
    DNNL_TRY(convolution_desc_create, &weights, bench->dnnl, dnnl_backward_weights, chosen_x, w, b,
             chosen_y, forward, NULL);
    TRY(add_primitive(bench, weights, 4,
                      (int[4]){DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
                               DNNL_ARG_DIFF_DST},
                      (dnnl_query_t[4]){dnnl_query_src_md, dnnl_query_diff_weights_md,
                                        dnnl_query_diff_weights_md, dnnl_query_diff_dst_md}));
    if (first)
        return 0;
    DNNL_TRY(convolution_desc_create, &data, bench->dnnl, dnnl_backward_data, chosen_x, w, NULL,
             chosen_y, forward, NULL);
    return add_primitive(bench, data, 3,
                         (int[4]){DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
                         (dnnl_query_t[4]){dnnl_query_diff_src_md, dnnl_query_weights_md,
                                           dnnl_query_diff_dst_md});
}

static int run_convolutions(struct bench *bench)
{
    for (int p = 0; p < bench->primitive_count; p++)
        DNNL_TRY(dnnl_primitive_execute, bench->primitives[p], bench->stream,
                 bench->argument_counts[p], bench->arguments[p]);
    DNNL_TRY(dnnl_stream_wait, bench->stream);
    return 0;
}

static int run_train(struct bench *bench)
{
    TRY(engine_backward(bench->engine, bench->batch, bench->frames, bench->labels,
                        1.0f / (float)bench->batch, bench->logits));
    return engine_step(bench->engine, 1e-3f);
}

static int run_infer(struct bench *bench)
{
    return engine_forward(bench->engine, bench->batch, bench->frames, bench->logits);
}

static int open_engine(struct bench *bench)
{
    TRY(model_build(&bench->model, bench->image_size, bench->channels));
    struct engine_settings settings = {.device = "cpu",
                                       .precision = "fp32",
                                       .threads = bench->threads};
    TRY(engine_open(&bench->engine, &bench->model, &settings));
    float *parameters =
        memory_zeroed((size_t)bench->model.parameter_count, sizeof *parameters, "parameters");
    size_t bytes = (size_t)(bench->batch * shape_count(bench->model.input));
    bench->frames = memory_zeroed(bytes, 1, "frames");
    bench->labels = memory_zeroed((size_t)bench->batch, 1, "labels");
    bench->logits = memory_zeroed((size_t)bench->batch, sizeof *bench->logits, "logits");
    if (!parameters || !bench->frames || !bench->labels || !bench->logits)
        return STATUS_FAILED;
    for (size_t i = 0; i < bytes; i++)
        bench->frames[i] = (uint8_t)(random_at(1, i) >> 56);
    for (int i = 0; i < bench->batch; i++)
        bench->labels[i] = (uint8_t)(i % 2);
    model_initialise(&bench->model, 0, parameters);
    int status = engine_set(bench->engine, ENGINE_PARAMETERS, parameters);
    free(parameters);
    return status;
}

static int open_convolutions(struct bench *bench)
{
    omp_set_num_threads(bench->threads);
    DNNL_TRY(dnnl_engine_create, &bench->dnnl, dnnl_cpu, 0);
    DNNL_TRY(dnnl_stream_create, &bench->stream, bench->dnnl, dnnl_stream_default_flags);
    for (int l = 0; l < bench->model.layer_count; l++)
        if (bench->model.layers[l].kind == LAYER_CONV3X3)
            TRY(add_convolution(bench, &bench->model.layers[l]));
    return 0;
}

static int measure(struct bench *bench, int (*run)(struct bench *), double *images_per_s)
{
    TRY(run(bench));
    double begin = now_s(), end;
    int calls = 0;
    do {
        TRY(run(bench));
        calls++;
        end = now_s();
    } while (end - begin < round_s);
    *images_per_s = calls * bench->batch / (end - begin);
    return 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int run_bench(struct bench *bench)
{
    static const struct {
        const char *name;
        int (*run)(struct bench *);
    } subjects[] = {{"convolutions", run_convolutions}, {"train", run_train}, {"infer", run_infer}};
    double rates[3][ROUNDS_MAX];
    TRY(open_engine(bench));
    TRY(open_convolutions(bench));
    for (int round = 0; round < bench->rounds; round++)
        for (int s = 0; s < 3; s++) {
            /* the engine's calls set the caller's OpenMP to one thread */
            omp_set_num_threads(bench->threads);
            TRY(measure(bench, subjects[s].run, &rates[s][round]));
        }
    for (int s = 0; s < 3; s++) {
        qsort(rates[s], (size_t)bench->rounds, sizeof rates[s][0], ascending);
        printf("ours %s %.1f\n", subjects[s].name, rates[s][bench->rounds / 2]);
    }
    printf("train/convolutions %.3f\n", rates[1][bench->rounds / 2] / rates[0][bench->rounds / 2]);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = {
        .batch = 32, .threads = 2, .rounds = 5, .image_size = 128, .channels = "16,32,64"};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--batch") == 0)
            bench.batch = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            bench.threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--rounds") == 0)
            bench.rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--image-size") == 0)
            bench.image_size = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--channels") == 0)
            bench.channels = argv[i + 1];
    }
    if (bench.batch < 1 || bench.threads < 1 || bench.rounds < 1 || bench.rounds > ROUNDS_MAX) {
        fprintf(stderr, "bench_engine: batch, threads and rounds must be positive\n");
        return 2;
    }
    if (run_bench(&bench) < 0) {
        fprintf(stderr, "bench_engine: %s\n", fail_message());
        return 1;
    }
    return 0;
}
