/* The convolutions, by cuDNN: (N,H,W,C) tensors, (K,3,3,C) filters, float32 accumulation.
 *
 * cuDNN proposes algorithms for each batch size, and the fastest is taken. One is meant with the
 * mathematics that it was proposed with, which the convolution's descriptor carries from call to
 * call. In bf16 a weight gradient is summed in float32 and rounded once to bfloat16 before it
 * reaches the float32 slab: cuDNN has no wider output. */
#include <math.h>

#include "base/status.h"
#include "engine/cuda.h"

enum { CANDIDATES = 8 };

static const size_t workspace_least = (size_t)1 << 24, workspace_limit = (size_t)1 << 30;

static int open_block(struct cuda *cuda, struct block *block)
{
    int bf16 = cuda->real == REAL_BFLOAT16;
    cudnnDataType_t type = bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    TRY_CUDNN(cudnnCreateFilterDescriptor(&block->filter));
    TRY_CUDNN(cudnnSetFilter4dDescriptor(block->filter, type, CUDNN_TENSOR_NHWC, block->k, block->c,
                                         3, 3));
    TRY_CUDNN(cudnnCreateConvolutionDescriptor(&block->conv));
    TRY_CUDNN(cudnnSetConvolution2dDescriptor(block->conv, 1, 1, 1, 1, 1, 1,
                                              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    return 0;
}

int conv_open(struct cuda *cuda)
{
    TRY_CUDNN(cudnnCreate(&cuda->dnn));
    TRY_CUDNN(cudnnSetStream(cuda->dnn, cuda->stream));
    for (int i = 0; i < 2; i++)
        TRY_CUDA(cudaEventCreateWithFlags(&cuda->timer[i], cudaEventDefault));
    for (int b = 0; b < cuda->block_count; b++)
        TRY(open_block(cuda, &cuda->block[b]));
    return 0;
}

static void close_pass(struct pass *pass)
{
    for (int b = 0; b < MODEL_BLOCKS_MAX; b++) {
        if (pass->block[b].x)
            cudnnDestroyTensorDescriptor(pass->block[b].x);
        if (pass->block[b].y)
            cudnnDestroyTensorDescriptor(pass->block[b].y);
    }
    *pass = (struct pass){0};
}

void conv_close(struct cuda *cuda)
{
    for (int p = 0; p < PASSES_MAX; p++)
        close_pass(&cuda->pass[p]);
    for (int b = 0; b < cuda->block_count; b++) {
        if (cuda->block[b].filter)
            cudnnDestroyFilterDescriptor(cuda->block[b].filter);
        if (cuda->block[b].conv)
            cudnnDestroyConvolutionDescriptor(cuda->block[b].conv);
    }
    if (cuda->dnn)
        cudnnDestroy(cuda->dnn);
    for (int i = 0; i < 2; i++)
        if (cuda->timer[i])
            cudaEventDestroy(cuda->timer[i]);
    for (int i = 0; i < cuda->workspace_count; i++)
        cudaFree(cuda->workspaces[i]);
}

/* A workspace that has become too small stays until the end: captured graphs hold its address, and
 * dropping them on one rank alone would part it from its group. Doubling from the least to the
 * limit takes fewer than WORKSPACES_MAX. */
static int reserve_workspace(struct cuda *cuda, size_t bytes)
{
    if (cuda->workspace_count && bytes <= cuda->workspace_bytes)
        return 0;
    size_t least = cuda->workspace_count ? 2 * cuda->workspace_bytes : workspace_least;
    bytes = bytes > least ? bytes : least;
    TRY(cuda_allocate(&cuda->workspace, bytes, "cuDNN's workspace"));
    cuda->workspaces[cuda->workspace_count++] = cuda->workspace;
    cuda->workspace_bytes = bytes;
    return 0;
}

/* Products of float32 are never rounded to TF32 unless that is asked for. */
static cudnnMathType_t math_of(const struct cuda *cuda)
{
    return cuda->real == REAL_BFLOAT16 ? CUDNN_TENSOR_OP_MATH
           : cuda->tf32                ? CUDNN_DEFAULT_MATH
                                       : CUDNN_FMA_MATH;
}

/* ---- the choice of algorithms ---- */

enum { TIMED_RUNS = 3 };

/* Milliseconds from the first call to the second on the engine's stream. */
static int time_begin(struct cuda *cuda)
{
    TRY_CUDA(cudaEventRecord(cuda->timer[0], cuda->stream));
    return 0;
}

static int time_end(struct cuda *cuda, float *ms)
{
    TRY_CUDA(cudaEventRecord(cuda->timer[1], cuda->stream));
    TRY_CUDA(cudaEventSynchronize(cuda->timer[1]));
    TRY_CUDA(cudaEventElapsedTime(ms, cuda->timer[0], cuda->timer[1]));
    return 0;
}

/* A clock does not choose the same algorithm every night, or on every rank. */
static int must_repeat(const struct cuda *cuda, const struct pass *pass)
{
    return cuda->deterministic || !pass->training;
}

/* Defines choose_NAME(cuda, pass, b, from, with, to): of cuDNN's proposals that fit and run (it
 * proposes some that it then refuses) the fastest; where results must repeat, the first that always
 * adds in the same order. The three directions of a convolution differ in nothing but their types.
 */
#define CHOOSE(name, From, With, To, Proposal, propose, ask_workspace, run)                        \
    static int choose_##name(struct cuda *cuda, struct pass *pass, int b, From from, With with,    \
                             To to)                                                                \
    {                                                                                              \
        cudnnConvolutionDescriptor_t conv = cuda->block[b].conv;                                   \
        Proposal proposals[CANDIDATES];                                                            \
        int count = 0, best = -1;                                                                  \
        float ms = 0, best_ms = INFINITY;                                                          \
        size_t bytes = 0;                                                                          \
        const cudnnMathType_t asked = math_of(cuda);                                               \
        TRY_CUDNN(cudnnSetConvolutionMathType(conv, asked));                                       \
        TRY_CUDNN(propose(cuda->dnn, from, with, conv, to, CANDIDATES, &count, proposals));        \
        for (int i = 0; i < count; i++) {                                                          \
            if (proposals[i].status != CUDNN_STATUS_SUCCESS ||                                     \
                (must_repeat(cuda, pass) && proposals[i].determinism != CUDNN_DETERMINISTIC))      \
                continue;                                                                          \
            if (asked == CUDNN_FMA_MATH)                                                           \
                proposals[i].mathType = asked;                                                     \
            pass->block[b].name = proposals[i].algo;                                               \
            pass->block[b].name##_math = proposals[i].mathType;                                    \
            TRY_CUDNN(cudnnSetConvolutionMathType(conv, proposals[i].mathType));                   \
            if (ask_workspace(cuda->dnn, from, with, conv, to, proposals[i].algo, &bytes) !=       \
                    CUDNN_STATUS_SUCCESS ||                                                        \
                bytes > workspace_limit || reserve_workspace(cuda, bytes) < 0)                     \
                continue;                                                                          \
            if ((run) < 0) {                                                                       \
                cudaGetLastError(); /* refused, and nothing of it is left */                       \
                continue;                                                                          \
            }                                                                                      \
            if (must_repeat(cuda, pass))                                                           \
                return 0;                                                                          \
            TRY(time_begin(cuda));                                                                 \
            for (int again = 0; again < TIMED_RUNS; again++)                                       \
                TRY(run);                                                                          \
            TRY(time_end(cuda, &ms));                                                              \
            if (ms < best_ms) {                                                                    \
                best = i;                                                                          \
                best_ms = ms;                                                                      \
            }                                                                                      \
        }                                                                                          \
        if (best < 0)                                                                              \
            return fail(STATUS_FAILED, "cuDNN has no algorithm for a " #name                       \
                                       " convolution of this network on this GPU; try another "    \
                                       "--precision");                                             \
        pass->block[b].name = proposals[best].algo;                                                \
        pass->block[b].name##_math = proposals[best].mathType;                                     \
        return 0;                                                                                  \
    }

static void *input_of(const struct cuda *cuda, int b)
{
    return b ? cuda->block[b - 1].x : cuda->input;
}

CHOOSE(forward, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t,
       cudnnConvolutionFwdAlgoPerf_t, cudnnGetConvolutionForwardAlgorithm_v7,
       cudnnGetConvolutionForwardWorkspaceSize,
       conv_forward(cuda, pass, b, input_of(cuda, b), cuda->scratch))
CHOOSE(backward_data, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t,
       cudnnConvolutionBwdDataAlgoPerf_t, cudnnGetConvolutionBackwardDataAlgorithm_v7,
       cudnnGetConvolutionBackwardDataWorkspaceSize,
       conv_backward_data(cuda, pass, b, cuda->scratch, cuda->block[b - 1].dx))
CHOOSE(backward_filter, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t,
       cudnnConvolutionBwdFilterAlgoPerf_t, cudnnGetConvolutionBackwardFilterAlgorithm_v7,
       cudnnGetConvolutionBackwardFilterWorkspaceSize,
       conv_backward_filter(cuda, pass, b, input_of(cuda, b), cuda->scratch))

static int describe(cudnnTensorDescriptor_t *tensor, enum real real, int n, int c, int h, int w)
{
    TRY_CUDNN(cudnnCreateTensorDescriptor(tensor));
    TRY_CUDNN(
        cudnnSetTensor4dDescriptor(*tensor, CUDNN_TENSOR_NHWC,
                                   real == REAL_BFLOAT16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT,
                                   n, c, h, w));
    return 0;
}

static int open_pass(struct cuda *cuda, struct pass *pass, int count, int training)
{
    pass->training = training;
    for (int b = 0; b < cuda->block_count; b++) {
        const struct block *block = &cuda->block[b];
        cudnnTensorDescriptor_t *x = &pass->block[b].x, *y = &pass->block[b].y;
        TRY(describe(x, cuda->real, count, block->c, 2 * block->h, 2 * block->w));
        TRY(describe(y, cuda->real, count, block->k, 2 * block->h, 2 * block->w));
        TRY(choose_forward(cuda, pass, b, *x, block->filter, *y));
        if (!pass->training)
            continue;
        TRY(choose_backward_filter(cuda, pass, b, *x, *y, block->filter));
        if (b > 0)
            TRY(choose_backward_data(cuda, pass, b, block->filter, *y, *x));
    }
    pass->count = count;
    return 0;
}

int conv_pass(struct cuda *cuda, int count, int training, const struct pass **pass)
{
    for (int p = 0; p < PASSES_MAX; p++)
        if (cuda->pass[p].count == count && cuda->pass[p].training == training) {
            *pass = &cuda->pass[p];
            return 0;
        }
    struct pass *oldest = &cuda->pass[cuda->pass_next++ % PASSES_MAX];
    close_pass(oldest);
    *pass = oldest;
    return open_pass(cuda, oldest, count, training);
}

static const float one = 1, zero = 0;

int conv_forward(struct cuda *cuda, const struct pass *pass, int b, const void *x, void *y)
{
    const struct block *block = &cuda->block[b];
    TRY_CUDNN(cudnnSetConvolutionMathType(block->conv, pass->block[b].forward_math));
    TRY_CUDNN(cudnnConvolutionForward(cuda->dnn, &one, pass->block[b].x, x, block->filter,
                                      block->weight, block->conv, pass->block[b].forward,
                                      cuda->workspace, cuda->workspace_bytes, &zero,
                                      pass->block[b].y, y));
    return 0;
}

int conv_backward_data(struct cuda *cuda, const struct pass *pass, int b, const void *dy, void *dx)
{
    const struct block *block = &cuda->block[b];
    TRY_CUDNN(cudnnSetConvolutionMathType(block->conv, pass->block[b].backward_data_math));
    TRY_CUDNN(cudnnConvolutionBackwardData(cuda->dnn, &one, block->filter, block->weight,
                                           pass->block[b].y, dy, block->conv,
                                           pass->block[b].backward_data, cuda->workspace,
                                           cuda->workspace_bytes, &zero, pass->block[b].x, dx));
    return 0;
}

int conv_backward_filter(struct cuda *cuda, const struct pass *pass, int b, const void *x,
                         const void *dy)
{
    const struct block *block = &cuda->block[b];
    TRY_CUDNN(cudnnSetConvolutionMathType(block->conv, pass->block[b].backward_filter_math));
    TRY_CUDNN(cudnnConvolutionBackwardFilter(cuda->dnn, &one, pass->block[b].x, x, pass->block[b].y,
                                             dy, block->conv, pass->block[b].backward_filter,
                                             cuda->workspace, cuda->workspace_bytes, &zero,
                                             block->filter, block->weight_gradient));
    return 0;
}
