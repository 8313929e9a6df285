/* One batch through the network and back, as launches on the engine's stream, and the buffers it
 * runs in. */
#include <stdlib.h>

#include "base/status.h"
#include "engine/cuda.h"

/* ---- buffers ---- */

int cuda_allocate(void **memory, size_t bytes, const char *what)
{
    size_t available = 0, all = 0;
    *memory = NULL;
    if (cudaMalloc(memory, bytes ? bytes : 1) != cudaSuccess) {
        cudaGetLastError(); /* an allocation that failed leaves nothing behind */
        cudaMemGetInfo(&available, &all);
        return fail(STATUS_FAILED,
                    "the GPU has no %.0f MB for %s (%.0f of %.0f MB free): take a smaller "
                    "--batch-size or more GPUs",
                    (double)bytes / 1e6, what, (double)available / 1e6, (double)all / 1e6);
    }
    TRY_CUDA(cudaMemset(*memory, 0, bytes));
    TRY_CUDA(cudaDeviceSynchronize()); /* our streams do not wait for the one that cleared it */
    return 0;
}

int cuda_copy(struct cuda *cuda, void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    TRY_CUDA(cudaMemcpyAsync(to, from, bytes, kind, cuda->stream));
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    return 0;
}

void cuda_release_buffers(struct cuda *cuda)
{
    void *buffers[] = {cuda->input, cuda->scratch, cuda->logits, cuda->dlogits};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        cudaFree(buffers[i]);
    cuda->input = cuda->scratch = NULL;
    cuda->logits = cuda->dlogits = NULL;
    for (int b = 0; b < cuda->block_count; b++) {
        struct block *block = &cuda->block[b];
        cudaFree(block->x);
        cudaFree(block->dx);
        cudaFree(block->winners);
        block->x = block->dx = NULL;
        block->winners = NULL;
    }
    for (int s = 0; s < STAGES; s++) {
        cudaFree(cuda->stage_frames[s]);
        cudaFree(cuda->stage_labels[s]);
        cuda->stage_frames[s] = cuda->stage_labels[s] = NULL;
    }
    cuda->capacity = 0;
}

static int allocate_buffers(struct cuda *cuda, size_t n)
{
    static const char what[] = "the activations of a batch";
    size_t real = (size_t)real_bytes(cuda->real), largest = 0;
    size_t pixels = (size_t)(cuda->model->input.h * cuda->model->input.w);
    for (int b = 0; b < cuda->block_count; b++) {
        struct block *block = &cuda->block[b];
        size_t values = n * (size_t)(block->h * block->w) * (size_t)block->k;
        largest = values > largest ? values : largest;
        TRY(cuda_allocate(&block->x, values * real, what));
        TRY(cuda_allocate(&block->dx, values * real, what));
        TRY(cuda_allocate((void **)&block->winners, values / VECTOR, what));
    }
    TRY(cuda_allocate(&cuda->scratch, 4 * largest * real, what));
    TRY(cuda_allocate(&cuda->input, n * pixels * (size_t)cuda->input_channels * real, what));
    TRY(cuda_allocate((void **)&cuda->logits, n * sizeof(float), what));
    TRY(cuda_allocate((void **)&cuda->dlogits, n * sizeof(float), what));
    for (int s = 0; s < STAGES; s++) {
        TRY(cuda_allocate((void **)&cuda->stage_frames[s], n * pixels * 3, what));
        TRY(cuda_allocate((void **)&cuda->stage_labels[s], n, what));
    }
    return 0;
}

/* cuDNN and our kernels count the values of a layer in 31 bits. */
static int64_t frames_max(const struct cuda *cuda)
{
    int64_t largest = 1;
    for (int b = 0; b < cuda->block_count; b++) {
        const struct block *block = &cuda->block[b];
        int64_t values = 4 * (int64_t)block->h * block->w * block->k;
        largest = values > largest ? values : largest;
    }
    return INT32_MAX / largest;
}

int cuda_score_rows(const struct cuda *cuda)
{
    int64_t frames = frames_max(cuda);
    return frames < SCORE_ROWS ? (int)frames : SCORE_ROWS;
}

int cuda_reserve(struct cuda *cuda, int count)
{
    if (count <= cuda->capacity)
        return 0;
    int64_t frames = frames_max(cuda);
    if (count > frames)
        return fail(STATUS_FAILED,
                    "%d frames of a batch on one GPU are more than the %lld that cuDNN takes of "
                    "this network: take a smaller --batch-size or more GPUs",
                    count, (long long)frames);
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    steps_drop_graphs(cuda);
    cuda_release_buffers(cuda);
    count = count > cuda_score_rows(cuda) ? count : cuda_score_rows(cuda);
    TRY(allocate_buffers(cuda, (size_t)count));
    cuda->capacity = count;
    return 0;
}

int cuda_stage(struct cuda *cuda, int count, const uint8_t *frames, const uint8_t *labels,
               struct batch *batch)
{
    size_t frame_bytes = (size_t)shape_count(cuda->model->input);
    TRY(cuda_reserve(cuda, count));
    *batch = (struct batch){.frames = cuda->stage_frames[0],
                            .labels = cuda->stage_labels[0],
                            .count = count,
                            .rows = count};
    if (count == 0)
        return 0;
    TRY_CUDA(cudaMemcpyAsync(cuda->stage_frames[0], frames, (size_t)count * frame_bytes,
                             cudaMemcpyHostToDevice, cuda->stream));
    if (labels)
        TRY_CUDA(cudaMemcpyAsync(cuda->stage_labels[0], labels, (size_t)count,
                                 cudaMemcpyHostToDevice, cuda->stream));
    return 0;
}

/* ---- the pass ---- */

/* Sixteen frames to a thread, while that makes few enough parts. */
static int linear_parts(int count)
{
    int parts = (count + 15) / 16;
    return parts < LINEAR_PARTS_MAX ? parts : LINEAR_PARTS_MAX;
}

static struct linear_args linear_args(const struct cuda *cuda, int count)
{
    const struct block *last = &cuda->block[cuda->block_count - 1];
    const struct view *bias = &cuda->slabs.views[cuda->slabs.view_count - 1];
    const struct view *weight = bias - 1;
    return (struct linear_args){
        .vectors = weight->part_length / VECTOR,
        .count = count,
        .parts = linear_parts(count),
        .real = cuda->real,
        .x = last->x,
        .weight = cuda->linear_weight,
        .bias = cuda->slab[ENGINE_PARAMETERS] + bias->offset,
        .logits = cuda->logits,
        .dlogits = cuda->dlogits,
        .dx = last->dx,
        .weight_parts = cuda->linear_parts,
    };
}

int pass_forward(struct cuda *cuda, const struct batch *batch, int training)
{
    const struct pass *pass;
    if (batch->count == 0)
        return 0;
    TRY(conv_pass(cuda, batch->count, training, &pass));
    const struct gather_args gather = {.batch = *batch,
                                       .pixels = cuda->model->input.h * cuda->model->input.w,
                                       .channels = cuda->input_channels,
                                       .real = cuda->real,
                                       .x = cuda->input};
    kernel_gather(cuda->stream, &gather);
    for (int b = 0; b < cuda->block_count; b++) {
        const struct block *block = &cuda->block[b];
        TRY(conv_run(cuda, pass, b, FORWARD));
        const struct pool_args pool = {.positions = (int64_t)batch->count * block->h * block->w,
                                       .h = block->h,
                                       .w = block->w,
                                       .vectors = block->k / VECTOR,
                                       .channels = block->channels,
                                       .slope = block->slope,
                                       .real = cuda->real,
                                       .bias = cuda->slab[ENGINE_PARAMETERS] + block->bias,
                                       .a = cuda->scratch,
                                       .y = block->x,
                                       .winners = block->winners};
        kernel_pool(cuda->stream, &pool);
    }
    const struct linear_args linear = linear_args(cuda, batch->count);
    kernel_linear(cuda->stream, &linear);
    TRY_CUDA(cudaGetLastError());
    return 0;
}

int pass_backward(struct cuda *cuda, const struct batch *batch, float scale, double *sums)
{
    const struct pass *pass;
    const struct loss_args loss = {.batch = *batch,
                                   .scale = scale,
                                   .logits = cuda->logits,
                                   .dlogits = cuda->dlogits,
                                   .bias_gradient = cuda->linear_bias_gradient,
                                   .sums = sums};
    kernel_loss(cuda->stream, &loss);
    if (batch->count == 0) {
        TRY_CUDA(cudaMemsetAsync(cuda->slab[ENGINE_GRADIENT], 0,
                                 (size_t)cuda->slabs.count * sizeof(float), cuda->stream));
        return 0;
    }
    TRY(conv_pass(cuda, batch->count, 1, &pass));
    const struct linear_args linear = linear_args(cuda, batch->count);
    kernel_linear_backward(cuda->stream, &linear);
    for (int b = cuda->block_count - 1; b >= 0; b--) {
        const struct block *block = &cuda->block[b];
        const struct unpool_args unpool = {.h = block->h,
                                           .w = block->w,
                                           .vectors = block->k / VECTOR,
                                           .slope = block->slope,
                                           .real = cuda->real,
                                           .positions = (int64_t)batch->count * block->h * block->w,
                                           .y = block->x,
                                           .dy = block->dx,
                                           .winners = block->winners,
                                           .da = cuda->scratch,
                                           .bias_parts = block->bias_parts};
        kernel_unpool(cuda->stream, &unpool);
        TRY(conv_run(cuda, pass, b, BACKWARD_FILTER));
        if (b > 0)
            TRY(conv_run(cuda, pass, b, BACKWARD_DATA));
    }
    struct slab_args slabs = cuda->slabs;
    slabs.views[slabs.view_count - 2].parts = linear.parts;
    kernel_collect(cuda->stream, &slabs);
    TRY_CUDA(cudaGetLastError());
    return 0;
}

int cuda_score(struct cuda *cuda, const struct batch *batch, float *logits)
{
    struct batch filled = *batch;
    filled.count = cuda_score_rows(cuda);
    TRY(pass_forward(cuda, &filled, 0));
    TRY_CUDA(cudaMemcpyAsync(logits, cuda->logits, (size_t)batch->rows * sizeof(float),
                             cudaMemcpyDeviceToHost, cuda->stream));
    return 0;
}
