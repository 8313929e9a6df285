/* The convolutions, by cuDNN: (N,H,W,C) tensors, (K,3,3,C) filters, float32 accumulation.
 *
 * cuDNN proposes algorithms for each batch size, and the fastest is taken. One is meant with the
 * mathematics that it was proposed with, which the convolution's descriptor carries from call to
 * call. In bf16 a weight gradient is summed in float32 and rounded once to bfloat16 before it
 * reaches the float32 slab: cuDNN has no wider output. */
#include <math.h>

#include "base/status.h"
#include "engine/cuda.h"

enum { CANDIDATES = 16, TIMED_RUNS = 3 };

/* In fp32 cuDNN's backward data turns dx and dy into (N,C,H,W) in its workspace: for 2,048 frames
 * of the default network that is 1.6 GB. */
static const size_t workspace_least = (size_t)1 << 24, workspace_limit = (size_t)1 << 33;

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
        if (pass->plan[b].x)
            cudnnDestroyTensorDescriptor(pass->plan[b].x);
        if (pass->plan[b].y)
            cudnnDestroyTensorDescriptor(pass->plan[b].y);
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

int conv_run(struct cuda *cuda, const struct pass *pass, int b, enum direction direction)
{
    static const float one = 1, zero = 0;
    const struct conv_plan *plan = &pass->plan[b];
    const struct block *block = &cuda->block[b];
    const void *x = b > 0 ? block[-1].x : cuda->input;
    int algorithm = plan->algorithm[direction];
    TRY_CUDNN(cudnnSetConvolutionMathType(block->conv, plan->math[direction]));
    switch (direction) {
    case FORWARD:
        TRY_CUDNN(cudnnConvolutionForward(cuda->dnn, &one, plan->x, x, block->filter, block->weight,
                                          block->conv, (cudnnConvolutionFwdAlgo_t)algorithm,
                                          cuda->workspace, cuda->workspace_bytes, &zero, plan->y,
                                          cuda->scratch));
        break;
    case BACKWARD_DATA:
        TRY_CUDNN(cudnnConvolutionBackwardData(cuda->dnn, &one, block->filter, block->weight,
                                               plan->y, cuda->scratch, block->conv,
                                               (cudnnConvolutionBwdDataAlgo_t)algorithm,
                                               cuda->workspace, cuda->workspace_bytes, &zero,
                                               plan->x, block[-1].dx));
        break;
    default:
        TRY_CUDNN(cudnnConvolutionBackwardFilter(cuda->dnn, &one, plan->x, x, plan->y,
                                                 cuda->scratch, block->conv,
                                                 (cudnnConvolutionBwdFilterAlgo_t)algorithm,
                                                 cuda->workspace, cuda->workspace_bytes, &zero,
                                                 block->filter, block->weight_gradient));
    }
    return 0;
}

/* ---- the choice of algorithms ---- */

/* A clock does not choose the same algorithm every night, or on every rank. */
static int must_repeat(const struct cuda *cuda, const struct pass *pass)
{
    return cuda->deterministic || !pass->training;
}

/* cuDNN's proposals, in the order of its expectation; its three kinds of them differ in a type. */
struct proposal {
    int algorithm;
    cudnnStatus_t status;
    cudnnDeterminism_t determinism;
    cudnnMathType_t math;
};

#define PROPOSAL(from)                                                                             \
    ((struct proposal){(int)(from).algo, (from).status, (from).determinism, (from).mathType})

static int propose(struct cuda *cuda, const struct conv_plan *plan, const struct block *block,
                   enum direction direction, int *count, struct proposal proposals[CANDIDATES])
{
    cudnnConvolutionFwdAlgoPerf_t forward[CANDIDATES];
    cudnnConvolutionBwdDataAlgoPerf_t data[CANDIDATES];
    cudnnConvolutionBwdFilterAlgoPerf_t filter[CANDIDATES];
    switch (direction) {
    case FORWARD:
        TRY_CUDNN(cudnnGetConvolutionForwardAlgorithm_v7(cuda->dnn, plan->x, block->filter,
                                                         block->conv, plan->y, CANDIDATES, count,
                                                         forward));
        for (int i = 0; i < *count; i++)
            proposals[i] = PROPOSAL(forward[i]);
        break;
    case BACKWARD_DATA:
        TRY_CUDNN(cudnnGetConvolutionBackwardDataAlgorithm_v7(cuda->dnn, block->filter, plan->y,
                                                              block->conv, plan->x, CANDIDATES,
                                                              count, data));
        for (int i = 0; i < *count; i++)
            proposals[i] = PROPOSAL(data[i]);
        break;
    default:
        TRY_CUDNN(cudnnGetConvolutionBackwardFilterAlgorithm_v7(cuda->dnn, plan->x, plan->y,
                                                                block->conv, block->filter,
                                                                CANDIDATES, count, filter));
        for (int i = 0; i < *count; i++)
            proposals[i] = PROPOSAL(filter[i]);
    }
    return 0;
}

static cudnnStatus_t ask_workspace(const struct cuda *cuda, const struct conv_plan *plan,
                                   const struct block *block, enum direction direction,
                                   size_t *bytes)
{
    int algorithm = plan->algorithm[direction];
    switch (direction) {
    case FORWARD:
        return cudnnGetConvolutionForwardWorkspaceSize(cuda->dnn, plan->x, block->filter,
                                                       block->conv, plan->y,
                                                       (cudnnConvolutionFwdAlgo_t)algorithm, bytes);
    case BACKWARD_DATA:
        return cudnnGetConvolutionBackwardDataWorkspaceSize(
            cuda->dnn, block->filter, plan->y, block->conv, plan->x,
            (cudnnConvolutionBwdDataAlgo_t)algorithm, bytes);
    default:
        return cudnnGetConvolutionBackwardFilterWorkspaceSize(
            cuda->dnn, plan->x, plan->y, block->conv, block->filter,
            (cudnnConvolutionBwdFilterAlgo_t)algorithm, bytes);
    }
}

/* Whether the plan's algorithm fits and runs: cuDNN proposes some that it then refuses. */
static int runs(struct cuda *cuda, const struct pass *pass, int b, enum direction direction)
{
    const struct conv_plan *plan = &pass->plan[b];
    const struct block *block = &cuda->block[b];
    size_t bytes = 0;
    if (cudnnSetConvolutionMathType(block->conv, plan->math[direction]) == CUDNN_STATUS_SUCCESS &&
        ask_workspace(cuda, plan, block, direction, &bytes) == CUDNN_STATUS_SUCCESS &&
        bytes <= workspace_limit && reserve_workspace(cuda, bytes) == 0 &&
        conv_run(cuda, pass, b, direction) == 0)
        return 1;
    cudaGetLastError(); /* refused, and nothing of it is left */
    return 0;
}

/* Timed as a step will run: captured, since at small batches the calls take longer than their work.
 * What a capture refuses is infinitely slow. */
static int time_runs(struct cuda *cuda, const struct pass *pass, int b, enum direction direction,
                     float *ms)
{
    cudaGraphExec_t exec = NULL;
    int status = 0;
    *ms = INFINITY;
    TRY_CUDA(cudaStreamBeginCapture(cuda->stream, cudaStreamCaptureModeThreadLocal));
    for (int run = 0; status == 0 && run < TIMED_RUNS; run++)
        status = conv_run(cuda, pass, b, direction);
    if (cuda_end_capture(cuda, status, &exec) < 0) {
        cudaGetLastError();
        return 0;
    }
    TRY_CUDA(cudaGraphLaunch(exec, cuda->stream));
    TRY_CUDA(cudaEventRecord(cuda->timer[0], cuda->stream));
    TRY_CUDA(cudaGraphLaunch(exec, cuda->stream));
    TRY_CUDA(cudaEventRecord(cuda->timer[1], cuda->stream));
    TRY_CUDA(cudaEventSynchronize(cuda->timer[1]));
    TRY_CUDA(cudaEventElapsedTime(ms, cuda->timer[0], cuda->timer[1]));
    TRY_CUDA(cudaGraphExecDestroy(exec));
    return 0;
}

/* Of cuDNN's proposals that run the fastest; where results must repeat, the first that always adds
 * in the same order. Those that do not add into their output, which in bf16 rounds every term. */
static int choose(struct cuda *cuda, struct pass *pass, int b, enum direction direction)
{
    static const char *const names[] = {"forward", "backward data", "backward filter"};
    struct conv_plan *plan = &pass->plan[b], best = {0};
    struct proposal proposals[CANDIDATES];
    const cudnnMathType_t asked = math_of(cuda);
    const int ordered = must_repeat(cuda, pass) || cuda->real == REAL_BFLOAT16;
    float ms = 0, best_ms = INFINITY;
    int count = 0;
    TRY_CUDNN(cudnnSetConvolutionMathType(cuda->block[b].conv, asked));
    TRY(propose(cuda, plan, &cuda->block[b], direction, &count, proposals));
    for (int i = 0; i < count; i++) {
        if (proposals[i].status != CUDNN_STATUS_SUCCESS ||
            (ordered && proposals[i].determinism != CUDNN_DETERMINISTIC))
            continue;
        plan->algorithm[direction] = proposals[i].algorithm;
        plan->math[direction] = asked == CUDNN_FMA_MATH ? asked : proposals[i].math;
        if (!runs(cuda, pass, b, direction))
            continue;
        if (must_repeat(cuda, pass))
            return 0;
        TRY(time_runs(cuda, pass, b, direction, &ms));
        if (ms < best_ms) {
            best_ms = ms;
            best = *plan;
        }
    }
    if (best_ms == INFINITY)
        return fail(STATUS_FAILED,
                    "cuDNN has no algorithm for a %s convolution of this network on this GPU; try "
                    "another --precision",
                    names[direction]);
    *plan = best;
    return 0;
}

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
        struct conv_plan *plan = &pass->plan[b];
        TRY(describe(&plan->x, cuda->real, count, block->c, 2 * block->h, 2 * block->w));
        TRY(describe(&plan->y, cuda->real, count, block->k, 2 * block->h, 2 * block->w));
        TRY(choose(cuda, pass, b, FORWARD));
        if (training)
            TRY(choose(cuda, pass, b, BACKWARD_FILTER));
        if (training && b > 0)
            TRY(choose(cuda, pass, b, BACKWARD_DATA));
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
