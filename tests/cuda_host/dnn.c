/* cuDNN's convolutions as their definition says, in double; float32 factors keep the ten bits of
 * TF32 where the mathematics allows it. */
#include "engine/cuda_bodies.h"
#include "tests/cuda_host/queue.h"

#include <cudnn.h>
#include <stdlib.h>
#include <string.h>

struct cudnnContext {
    cudaStream_t stream;
};
struct cudnnTensorStruct {
    int n, c, h, w;
    enum real real;
};
struct cudnnFilterStruct {
    int k, c;
    enum real real;
};
struct cudnnConvolutionStruct {
    cudnnMathType_t math;
};

size_t cudnnGetVersion(void)
{
    return CUDNN_VERSION;
}

const char *cudnnGetErrorString(cudnnStatus_t code)
{
    return code == CUDNN_STATUS_SUCCESS ? "success" : "an error of cuDNN for the host";
}

#define CREATES(name, type)                                                                        \
    cudnnStatus_t name(type *made)                                                                 \
    {                                                                                              \
        *made = calloc(1, 64);                                                                     \
        return *made ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_ALLOC_FAILED;                           \
    }
#define DESTROYS(name, type)                                                                       \
    cudnnStatus_t name(type made)                                                                  \
    {                                                                                              \
        free((void *)made);                                                                        \
        return CUDNN_STATUS_SUCCESS;                                                               \
    }

CREATES(cudnnCreate, cudnnHandle_t)
DESTROYS(cudnnDestroy, cudnnHandle_t)
CREATES(cudnnCreateTensorDescriptor, cudnnTensorDescriptor_t)
DESTROYS(cudnnDestroyTensorDescriptor, cudnnTensorDescriptor_t)
CREATES(cudnnCreateFilterDescriptor, cudnnFilterDescriptor_t)
DESTROYS(cudnnDestroyFilterDescriptor, cudnnFilterDescriptor_t)
CREATES(cudnnCreateConvolutionDescriptor, cudnnConvolutionDescriptor_t)
DESTROYS(cudnnDestroyConvolutionDescriptor, cudnnConvolutionDescriptor_t)

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

static enum real real_of(cudnnDataType_t type)
{
    return type == CUDNN_DATA_BFLOAT16 ? REAL_BFLOAT16 : REAL_FLOAT32;
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w)
{
    *tensor = (struct cudnnTensorStruct){n, c, h, w, real_of(type)};
    return format == CUDNN_TENSOR_NHWC && n > 0 ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w)
{
    *filter = (struct cudnnFilterStruct){k, c, real_of(type)};
    return format == CUDNN_TENSOR_NHWC && h == 3 && w == 3 ? CUDNN_STATUS_SUCCESS
                                                           : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h,
                                              int pad_w, int stride_h, int stride_w, int dilation_h,
                                              int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t type)
{
    (void)conv;
    int same = pad_h == 1 && pad_w == 1 && stride_h == 1 && stride_w == 1 && dilation_h == 1 &&
               dilation_w == 1 && mode == CUDNN_CROSS_CORRELATION && type == CUDNN_DATA_FLOAT;
    return same ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, cudnnMathType_t math)
{
    conv->math = math;
    return CUDNN_STATUS_SUCCESS;
}

/* Proposals, after one that is refused: one that is only when it runs, one that is in a capture,
 * one that is slow and wrong, so that a choice of it is found out, one whose last bits differ from
 * call to call, and one that always gives the same. */
enum { FAST, FIXED, REFUSED, SLOW, UNCAPTURED };

#define PROPOSES(direction, From, With, To, Algorithm, Proposal)                                   \
    cudnnStatus_t cudnnGetConvolution##direction##Algorithm_v7(                                    \
        cudnnHandle_t handle, const From from, const With with,                                    \
        const cudnnConvolutionDescriptor_t conv, const To to, const int wanted, int *count,        \
        Proposal *proposals)                                                                       \
    {                                                                                              \
        (void)handle, (void)from, (void)with, (void)conv, (void)to, (void)wanted;                  \
        const Proposal refused = {.status = CUDNN_STATUS_NOT_SUPPORTED};                           \
        const Proposal late = {.algo = (int)REFUSED, .determinism = CUDNN_DETERMINISTIC};          \
        const Proposal once = {.algo = (int)UNCAPTURED, .determinism = CUDNN_NON_DETERMINISTIC};   \
        const Proposal slow = {.algo = (int)SLOW, .determinism = CUDNN_NON_DETERMINISTIC};         \
        const Proposal fast = {.algo = (int)FAST, .determinism = CUDNN_NON_DETERMINISTIC};         \
        const Proposal fixed = {.algo = (int)FIXED, .determinism = CUDNN_DETERMINISTIC};           \
        proposals[0] = refused, proposals[1] = late, proposals[2] = once;                          \
        proposals[3] = slow, proposals[4] = fast, proposals[5] = fixed;                            \
        *count = 6;                                                                                \
        return CUDNN_STATUS_SUCCESS;                                                               \
    }                                                                                              \
    cudnnStatus_t cudnnGetConvolution##direction##WorkspaceSize(                                   \
        cudnnHandle_t handle, const From from, const With with,                                    \
        const cudnnConvolutionDescriptor_t conv, const To to, Algorithm algorithm, size_t *bytes)  \
    {                                                                                              \
        (void)handle, (void)from, (void)with, (void)conv, (void)to;                                \
        *bytes = (int)algorithm == FIXED ? 9000 : 1000;                                            \
        return CUDNN_STATUS_SUCCESS;                                                               \
    }

PROPOSES(Forward, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t,
         cudnnConvolutionFwdAlgo_t, cudnnConvolutionFwdAlgoPerf_t)
PROPOSES(BackwardData, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t,
         cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdDataAlgoPerf_t)
PROPOSES(BackwardFilter, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t,
         cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionBwdFilterAlgoPerf_t)

/* ---- the three directions ---- */

enum direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

struct conv_task {
    enum direction direction;
    int algorithm, tf32;
    struct cudnnTensorStruct x, y;
    const void *from, *with;
    void *to;
};

/* An operand as the sums take it, the result as zeros (array: NULL). */
static double *operand(const struct conv_task *t, const void *array, int64_t count)
{
    double *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; array && i < count; i++) {
        float value = real_load(array, i, t->x.real);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
        if (t->tf32)
            memcpy(&value, &bits, sizeof bits);
        values[i] = (double)value;
    }
    return values;
}

/* The sums that define the results, over all positions, taps and channels: y += w x, dx += w dy or
 * dw += dy x. */
static int run_conv(void *args)
{
    const struct conv_task *t = args;
    const enum direction d = t->direction;
    const int N = t->x.n, C = t->x.c, H = t->x.h, W = t->x.w, K = t->y.c;
    const int64_t positions = (int64_t)N * H * W;
    const int64_t counts[] = {positions * K, positions * C, (int64_t)K * 9 * C};
    double *y = operand(t, d == FORWARD ? NULL : d == BACKWARD_DATA ? t->from : t->with, counts[0]);
    double *x = operand(t, d == BACKWARD_DATA ? NULL : t->from, counts[1]);
    double *w = operand(t, d == BACKWARD_FILTER ? NULL : t->with, counts[2]);
    for (int64_t turn = 0; turn < (t->algorithm == SLOW ? 3 : 1) * positions; turn++) {
        const int64_t p = turn % positions;
        const int j = (int)(p % W), i = (int)(p / W % H);
        for (int tap = 0; tap < 9; tap++) {
            const int u = tap / 3 - 1, v = tap % 3 - 1;
            if (i + u < 0 || i + u >= H || j + v < 0 || j + v >= W)
                continue;
            for (int k = 0; k < K; k++)
                for (int c = 0; c < C; c++) {
                    double *xc = &x[(p + u * W + v) * C + c], *yk = &y[p * K + k];
                    double *wkc = &w[((int64_t)k * 9 + tap) * C + c];
                    if (d == FORWARD)
                        *yk += *wkc * *xc;
                    else if (d == BACKWARD_DATA)
                        *xc += *wkc * *yk;
                    else
                        *wkc += *yk * *xc;
                }
        }
    }
    double *const to = d == FORWARD ? y : d == BACKWARD_DATA ? x : w;
    static int calls;
    const double spoilt = t->algorithm == SLOW                  ? NAN
                          : t->algorithm == FAST && calls++ % 2 ? 1 + 1e-7
                                                                : 1;
    for (int64_t i = 0; i < counts[d]; i++)
        real_store(t->to, i, t->x.real, (float)(to[i] * spoilt));
    free(x);
    free(y);
    free(w);
    return 1;
}

static cudnnStatus_t enqueue(cudnnHandle_t handle, enum direction direction,
                             const struct cudnnTensorStruct *x, const struct cudnnTensorStruct *y,
                             const cudnnConvolutionDescriptor_t conv, const void *from,
                             const void *with, void *to, int algorithm, size_t workspace_bytes)
{
    const int tf32 = x->real == REAL_FLOAT32 && conv->math != CUDNN_FMA_MATH;
    struct conv_task task = {direction, algorithm, tf32, *x, *y, from, with, to};
    if (algorithm == REFUSED || (algorithm == UNCAPTURED && host_capturing()))
        return CUDNN_STATUS_NOT_SUPPORTED;
    if (x->n != y->n || x->real != y->real || workspace_bytes < 1000)
        return CUDNN_STATUS_BAD_PARAM;
    host_enqueue(handle->stream, run_conv, &task, sizeof task);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha,
                                      const cudnnTensorDescriptor_t x_desc, const void *x,
                                      const cudnnFilterDescriptor_t w_desc, const void *w,
                                      const cudnnConvolutionDescriptor_t conv,
                                      cudnnConvolutionFwdAlgo_t algorithm, void *workspace,
                                      size_t workspace_bytes, const void *beta,
                                      const cudnnTensorDescriptor_t y_desc, void *y)
{
    (void)alpha, (void)w_desc, (void)workspace, (void)beta;
    return enqueue(handle, FORWARD, x_desc, y_desc, conv, x, w, y, (int)algorithm, workspace_bytes);
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha,
                                           const cudnnFilterDescriptor_t w_desc, const void *w,
                                           const cudnnTensorDescriptor_t dy_desc, const void *dy,
                                           const cudnnConvolutionDescriptor_t conv,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void *workspace,
                                           size_t workspace_bytes, const void *beta,
                                           const cudnnTensorDescriptor_t dx_desc, void *dx)
{
    (void)alpha, (void)w_desc, (void)workspace, (void)beta;
    return enqueue(handle, BACKWARD_DATA, dx_desc, dy_desc, conv, dy, w, dx, (int)algorithm,
                   workspace_bytes);
}

cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t handle, const void *alpha, const cudnnTensorDescriptor_t x_desc, const void *x,
    const cudnnTensorDescriptor_t dy_desc, const void *dy, const cudnnConvolutionDescriptor_t conv,
    cudnnConvolutionBwdFilterAlgo_t algorithm, void *workspace, size_t workspace_bytes,
    const void *beta, const cudnnFilterDescriptor_t dw_desc, void *dw)
{
    (void)alpha, (void)dw_desc, (void)workspace, (void)beta;
    return enqueue(handle, BACKWARD_FILTER, x_desc, dy_desc, conv, x, dy, dw, (int)algorithm,
                   workspace_bytes);
}
