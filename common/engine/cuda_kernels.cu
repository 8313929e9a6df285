/* The bodies of cuda_bodies.h as kernels: one index per thread, except where threads of a block add
 * up. All sums have a fixed order, so the same input gives the same bits. */
#include "engine/cuda_kernels.h"

/* The tests run these kernels on the host, with launches of their own (tests/cuda_host). */
#ifndef LAUNCH
#define LAUNCH(kernel, grid, block, stream, ...) kernel<<<grid, block, 0, stream>>>(__VA_ARGS__)
#endif

enum { THREADS = 256 };

/* name##_at for each index below `count`, an expression of args. */
#define ELEMENTWISE(name, args_type, count)                                                        \
    static __global__ void name##_elements(args_type args, int64_t end)                            \
    {                                                                                              \
        int64_t index = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;                            \
        if (index < end)                                                                           \
            name##_at(&args, index);                                                               \
    }                                                                                              \
    void kernel_##name(cudaStream_t stream, const args_type *args)                                 \
    {                                                                                              \
        const int64_t end = (count);                                                               \
        if (end > 0)                                                                               \
            LAUNCH(name##_elements, (unsigned)((end + THREADS - 1) / THREADS), THREADS, stream,    \
                   *args, end);                                                                    \
    }

ELEMENTWISE(gather, struct gather_args, args->batch.count * args->pixels)
ELEMENTWISE(pool, struct pool_args, args->positions * args->vectors)
ELEMENTWISE(linear_backward, struct linear_args, args->parts * args->vectors)
ELEMENTWISE(collect, struct slab_args, args->count)
ELEMENTWISE(pack, struct slab_args, args->count)
ELEMENTWISE(update, struct slab_args, args->count)

/* ---- sums over a block ---- */

/* The sum of every thread's value, valid in thread 0; `scratch` holds a value per thread. */
template <typename T> static __device__ T block_sum(T value, T *scratch)
{
    scratch[threadIdx.x] = value;
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < half)
            scratch[threadIdx.x] += scratch[threadIdx.x + half];
    }
    T sum = threadIdx.x == 0 ? scratch[0] : T(0);
    __syncthreads(); /* only now may the scratch be used again */
    return sum;
}

/* A block per frame. */
static __global__ void linear_frames(struct linear_args args)
{
    __shared__ float scratch[THREADS];
    float sum = block_sum(linear_lane(&args, blockIdx.x, threadIdx.x, THREADS), scratch);
    if (threadIdx.x == 0)
        args.logits[blockIdx.x] = sum + args.bias[0];
}

void kernel_linear(cudaStream_t stream, const struct linear_args *args)
{
    if (args->count > 0)
        LAUNCH(linear_frames, args->count, THREADS, stream, *args);
}

/* One block for the batch. */
static __global__ void loss_batch(struct loss_args args)
{
    __shared__ double scratch[THREADS];
    struct loss_sums sums = {0, 0, 0};
    for (int n = threadIdx.x; n < args.batch.count; n += THREADS)
        loss_at(&args, n, &sums);
    sums.loss = block_sum(sums.loss, scratch);
    sums.correct = block_sum(sums.correct, scratch);
    sums.gradient = block_sum(sums.gradient, scratch);
    if (threadIdx.x != 0)
        return;
    *args.bias_gradient = (float)sums.gradient;
    if (args.sums) {
        args.sums[2 * *args.batch.step] = sums.loss;
        args.sums[2 * *args.batch.step + 1] = sums.correct;
    }
}

void kernel_loss(cudaStream_t stream, const struct loss_args *args)
{
    LAUNCH(loss_batch, 1, THREADS, stream, *args);
}

/* A block is (positions, vectors): x takes up to 32 vectors, the rest of the threads are positions,
 * whose sums of the bias gradient the block adds in order. */
enum { UNPOOL_THREADS = 1024, UNPOOL_VECTORS = 32 };

static __global__ void __launch_bounds__(UNPOOL_THREADS) unpool_positions(struct unpool_args args)
{
    __shared__ struct vector scratch[UNPOOL_THREADS];
    const int v = blockIdx.y * blockDim.x + threadIdx.x;
    struct vector sum = {{0, 0, 0, 0}};
    if (v < args.vectors)
        for (int64_t p = blockIdx.x * (int64_t)blockDim.y + threadIdx.y; p < args.positions;
             p += (int64_t)gridDim.x * blockDim.y)
            unpool_at(&args, p * args.vectors + v, &sum);
    const int y = threadIdx.y;
    struct vector *mine = &scratch[y * blockDim.x + threadIdx.x];
    *mine = sum;
    for (int rows = blockDim.y, half; rows > 1; rows = half) {
        half = (rows + 1) / 2;
        __syncthreads();
        if (y + half < rows)
            for (int c = 0; c < VECTOR; c++)
                mine->x[c] += mine[half * blockDim.x].x[c];
    }
    if (y == 0 && v < args.vectors)
        vector_store(args.bias_parts, (int64_t)blockIdx.x * args.vectors + v, REAL_FLOAT32, *mine);
}

void kernel_unpool(cudaStream_t stream, const struct unpool_args *args)
{
    int x = args->vectors < UNPOOL_VECTORS ? args->vectors : UNPOOL_VECTORS;
    dim3 block(x, UNPOOL_THREADS / x), grid(UNPOOL_PARTS, (args->vectors + x - 1) / x);
    LAUNCH(unpool_positions, grid, block, stream, *args);
}
