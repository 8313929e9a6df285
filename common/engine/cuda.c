/* The cuda engine: one GPU, cuDNN's convolutions, our kernels for the rest.
 *
 * The functions of the table serve host memory, one call after the other; training without a detour
 * through the host is cuda_steps.c. */
#include "engine/cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

int cuda_fail(const char *call, const char *reason)
{
    int length = (int)strcspn(call, "(");
    return fail(STATUS_FAILED, "%.*s: %s", length, call, reason);
}

/* ---- open ---- */

static int padded(int channels, enum real real)
{
    int to = real == REAL_BFLOAT16 ? 2 * VECTOR : VECTOR;
    return (channels + to - 1) / to * to;
}

static int read_network(struct cuda *cuda)
{
    const struct model *model = cuda->model;
    int c = cuda->input_channels = padded(model->input.c, cuda->real), layers = model->layer_count;
    int known = layers % 3 == 1 && layers > 3 && model->input.c == 3;
    for (int l = 0; known && l < layers; l++)
        known = model->layers[l].kind == (l == layers - 1 ? LAYER_LINEAR
                                          : l % 3 == 0    ? LAYER_CONV3X3
                                          : l % 3 == 1    ? LAYER_LEAKY_RELU
                                                          : LAYER_MAX_POOL2);
    if (!known || model->layers[layers - 1].out.c != 1)
        return fail(STATUS_FAILED, "the cuda engine knows blocks of convolution, LeakyReLU and "
                                   "max-pooling before one linear unit, and not this network");
    for (int l = 0; l + 1 < layers; l += 3) {
        struct block *block = &cuda->block[cuda->block_count++];
        const struct layer *conv = &model->layers[l], *pool = &model->layers[l + 2];
        *block = (struct block){.c = c,
                                .k = padded(conv->out.c, cuda->real),
                                .h = pool->out.h,
                                .w = pool->out.w,
                                .channels = conv->out.c,
                                .bias = conv->bias,
                                .slope = model->layers[l + 1].slope};
        c = block->k;
    }
    return 0;
}

static int open_device(struct cuda *cuda, const struct engine_settings *settings)
{
    int count = 0;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code != cudaSuccess || count < 1)
        return fail(STATUS_FAILED, "device cuda: no GPU: %s; use --device cpu, or auto",
                    code != cudaSuccess ? cudaGetErrorString(code) : "the driver shows none");
    int device = settings->local_rank % count;
    TRY_CUDA(cudaSetDevice(device));
    TRY_CUDA(cudaGetDeviceProperties(&cuda->device, device));
    if (cuda->real == REAL_BFLOAT16 && cuda->device.major < 8)
        return fail(STATUS_FAILED,
                    "precision bf16: %s has no bfloat16 (compute capability %d.%d, "
                    "8.0 needed); use fp32",
                    cuda->device.name, cuda->device.major, cuda->device.minor);
    TRY_CUDA(cudaStreamCreateWithFlags(&cuda->stream, cudaStreamNonBlocking));
    TRY_CUDA(cudaStreamCreateWithFlags(&cuda->copies, cudaStreamNonBlocking));
    for (int s = 0; s < STAGES; s++)
        TRY_CUDA(cudaEventCreateWithFlags(&cuda->used[s], cudaEventDisableTiming));
    return 0;
}

static int open_block(struct cuda *cuda, int b)
{
    struct block *block = &cuda->block[b];
    struct view *weight = &cuda->slabs.views[2 * b], *bias = weight + 1;
    size_t bytes = 9 * (size_t)block->k * (size_t)block->c * (size_t)real_bytes(cuda->real);
    TRY(cuda_allocate(&block->weight, bytes, "weights"));
    TRY(cuda_allocate(&block->weight_gradient, bytes, "gradients"));
    TRY(cuda_allocate((void **)&block->bias_parts,
                      (size_t)UNPOOL_PARTS * (size_t)block->k * sizeof(float), "gradients"));
    *weight = (struct view){.kind = VIEW_CONV_WEIGHT,
                            .channels = cuda->model->layers[3 * b].in.c,
                            .padded = block->c,
                            .gradient = block->weight_gradient,
                            .packed = block->weight};
    *bias = (struct view){.kind = VIEW_CONV_BIAS,
                          .part_length = block->k,
                          .parts = UNPOOL_PARTS,
                          .gradient = block->bias_parts};
    return 0;
}

static int open_linear(struct cuda *cuda)
{
    const struct block *last = &cuda->block[cuda->block_count - 1];
    struct view *weight = &cuda->slabs.views[2 * cuda->block_count], *bias = weight + 1;
    size_t length = (size_t)last->h * (size_t)last->w * (size_t)last->k;
    TRY(cuda_allocate((void **)&cuda->linear_weight, length * sizeof(float), "weights"));
    TRY(cuda_allocate((void **)&cuda->linear_parts, LINEAR_PARTS_MAX * length * sizeof(float),
                      "gradients"));
    TRY(cuda_allocate((void **)&cuda->linear_bias_gradient, sizeof(float), "gradients"));
    *weight = (struct view){.kind = VIEW_LINEAR_WEIGHT,
                            .padded = last->k,
                            .plane = (int64_t)last->h * last->w,
                            .part_length = (int64_t)length,
                            .gradient = cuda->linear_parts,
                            .packed = cuda->linear_weight};
    *bias = (struct view){.kind = VIEW_LINEAR_BIAS,
                          .part_length = 1,
                          .parts = 1,
                          .gradient = cuda->linear_bias_gradient};
    return 0;
}

static int open_slabs(struct cuda *cuda)
{
    struct slab_args *slabs = &cuda->slabs;
    slabs->count = cuda->model->parameter_count;
    slabs->view_count = cuda->model->tensor_count;
    slabs->real = cuda->real;
    for (int s = 0; s < 3; s++)
        TRY(cuda_allocate((void **)&cuda->slab[s], (size_t)slabs->count * sizeof(float),
                          "parameters"));
    slabs->parameters = cuda->slab[ENGINE_PARAMETERS];
    slabs->gradient = cuda->slab[ENGINE_GRADIENT];
    slabs->square_avg = cuda->slab[ENGINE_SQUARE_AVG];
    for (int b = 0; b < cuda->block_count; b++)
        TRY(open_block(cuda, b));
    TRY(open_linear(cuda));
    for (int v = 0; v < slabs->view_count; v++)
        slabs->views[v].offset = cuda->model->tensors[v].offset;
    return 0;
}

static void cuda_close(void *state)
{
    struct cuda *cuda = state;
    if (cuda->group) /* not left: a peer failed, and what follows could wait for its sums */
        return;
    cudaStreamSynchronize(cuda->stream);
    steps_close(cuda);
    conv_close(cuda);
    cuda_release_buffers(cuda);
    for (int b = 0; b < cuda->block_count; b++) {
        cudaFree(cuda->block[b].weight);
        cudaFree(cuda->block[b].weight_gradient);
        cudaFree(cuda->block[b].bias_parts);
    }
    void *memory[] = {cuda->slab[0],       cuda->slab[1],      cuda->slab[2],
                      cuda->linear_weight, cuda->linear_parts, cuda->linear_bias_gradient};
    steps_unload(cuda);
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
        cudaFree(memory[i]);
    for (int s = 0; s < STAGES; s++)
        if (cuda->used[s])
            cudaEventDestroy(cuda->used[s]);
    if (cuda->copies)
        cudaStreamDestroy(cuda->copies);
    if (cuda->stream)
        cudaStreamDestroy(cuda->stream);
    free(cuda);
}

static int cuda_step(void *state, float learning_rate)
{
    struct cuda *cuda = state;
    struct slab_args slabs = cuda->slabs;
    slabs.learning_rate = learning_rate;
    kernel_update(cuda->stream, &slabs);
    TRY_CUDA(cudaGetLastError());
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    return 0;
}

static int cuda_open(void **state, const struct model *model,
                     const struct engine_settings *settings)
{
    int status;
    struct cuda *cuda = memory_zeroed(1, sizeof *cuda, "cuda engine");
    if (!cuda)
        return STATUS_FAILED;
    cuda->model = model;
    cuda->real = strcmp(settings->precision, "bf16") == 0 ? REAL_BFLOAT16 : REAL_FLOAT32;
    cuda->tf32 = strcmp(settings->precision, "tf32") == 0;
    cuda->deterministic = settings->deterministic;
    TRY_OR(failed, read_network(cuda));
    TRY_OR(failed, open_device(cuda, settings));
    TRY_OR(failed, open_slabs(cuda));
    TRY_OR(failed, conv_open(cuda));
    TRY_OR(failed, cuda_step(cuda, 0)); /* changes nothing; loads what a capture may not */
    *state = cuda;
    return 0;
failed:
    cuda_close(cuda);
    return status;
}

/* ---- through host memory ---- */

static int cuda_forward(void *state, int count, const uint8_t *frames, float *logits)
{
    struct cuda *cuda = state;
    int64_t frame_bytes = shape_count(cuda->model->input);
    struct batch batch;
    TRY(cuda_reserve(cuda, 1));
    const int most = cuda_score_rows(cuda);
    for (int done = 0, part; done < count; done += part) {
        part = count - done < most ? count - done : most;
        TRY(cuda_stage(cuda, part, frames + done * frame_bytes, NULL, &batch));
        TRY(cuda_score(cuda, &batch, logits + done));
        TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    }
    return 0;
}

static int cuda_backward(void *state, int count, const uint8_t *frames, const uint8_t *labels,
                         float scale, float *logits)
{
    struct cuda *cuda = state;
    struct batch batch;
    TRY(cuda_stage(cuda, count, frames, labels, &batch));
    TRY(pass_forward(cuda, &batch, 1));
    TRY(pass_backward(cuda, &batch, scale, NULL));
    if (count > 0)
        TRY_CUDA(cudaMemcpyAsync(logits, cuda->logits, (size_t)count * sizeof(float),
                                 cudaMemcpyDeviceToHost, cuda->stream));
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    return 0;
}

static int cuda_get(void *state, enum engine_slab slab, float *values)
{
    struct cuda *cuda = state;
    return cuda_copy(cuda, values, cuda->slab[slab], (size_t)cuda->slabs.count * sizeof(float),
                     cudaMemcpyDeviceToHost);
}

static int cuda_set(void *state, enum engine_slab slab, const float *values)
{
    struct cuda *cuda = state;
    TRY_CUDA(cudaMemcpyAsync(cuda->slab[slab], values, (size_t)cuda->slabs.count * sizeof(float),
                             cudaMemcpyHostToDevice, cuda->stream));
    if (slab == ENGINE_PARAMETERS)
        kernel_pack(cuda->stream, &cuda->slabs);
    TRY_CUDA(cudaGetLastError());
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    return 0;
}

static const char *cuda_library(void)
{
    static char words[96];
    int runtime = 0, nccl = 0;
    cudaRuntimeGetVersion(&runtime);
    ncclGetVersion(&nccl);
    size_t dnn = cudnnGetVersion();
    snprintf(words, sizeof words, "CUDA %d.%d, cuDNN %zu.%zu.%zu, NCCL %d.%d.%d", runtime / 1000,
             runtime / 10 % 100, dnn / 10000, dnn / 100 % 100, dnn % 100, nccl / 10000,
             nccl / 100 % 100, nccl % 100);
    return words;
}

const struct engine_table engine_cuda = {
    .interface = ENGINE_INTERFACE,
    .name = "cuda",
    .score_rows = SCORE_ROWS,
    .steps = &cuda_steps,
    .library = cuda_library,
    .open = cuda_open,
    .close = cuda_close,
    .forward = cuda_forward,
    .backward = cuda_backward,
    .step = cuda_step,
    .get = cuda_get,
    .set = cuda_set,
};
