/* What the files of the cuda engine share.
 *
 * A network is a list of blocks (3x3 convolution, LeakyReLU, 2x2 max-pooling) and one linear unit.
 * Convolutions are cuDNN's; everything between them is ours (cuda_bodies.h). Per block only the
 * pooled quarter and two bits per value live from the forward to the backward pass: the
 * convolution's full output, and later its differential, take turns in one scratch buffer.
 *
 *     x[0] -conv-> scratch -pool-> x[1] -conv-> scratch -pool-> ... x[B] -linear-> logits
 *     dx[b] <-conv- scratch <-unpool- dx[b+1] ...                   dx[B] <-linear- dlogits */
#ifndef ENGINE_CUDA_H
#define ENGINE_CUDA_H

#include <cuda_runtime_api.h>
#include <cudnn.h>
#include <nccl.h>

#include "engine/cuda_kernels.h"
#include "engine/steps.h"
#include "engine/table.h"

/* Rows are scored SCORE_ROWS at a time, and the last piece is filled up: cuDNN has algorithms for a
 * batch size, and a probability must not depend on how many ranks share the rows (nor on a clock:
 * struct pass). */
enum { PASSES_MAX = 4, GRAPHS_MAX = 8, STAGES = 2, WORKSPACES_MAX = 16, SCORE_ROWS = 128 };

struct block {
    int c, k;     /* input and output channels, padded */
    int h, w;     /* of the pooled output */
    int channels; /* of the output, without the padding */
    int64_t bias; /* offset into the slab */
    float slope;
    cudnnFilterDescriptor_t filter; /* (K,3,3,C) */
    cudnnConvolutionDescriptor_t conv;
    void *weight, *weight_gradient; /* reals (k,3,3,c) */
    float *bias_parts;              /* (UNPOOL_PARTS, k) */
    /* for the capacity of the engine */
    void *x, *dx; /* the pooled output and its differential: (N,h,w,k) */
    uint8_t *winners;
};

/* What is computed of a convolution y = x * w: y; dx from dy; dw from x and dy. */
enum direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER, DIRECTION_COUNT };

struct conv_plan {
    cudnnTensorDescriptor_t x, y;
    int algorithm[DIRECTION_COUNT]; /* of cuDNN's enumeration for the direction */
    cudnnMathType_t math[DIRECTION_COUNT];
};

/* cuDNN's view of one batch size. */
struct pass {
    int count;
    int training; /* 0: forward alone, by an algorithm that no clock has chosen */
    struct conv_plan plan[MODEL_BLOCKS_MAX];
};

/* A captured step. Which graph a step takes follows from what is equal on all ranks: replaying one
 * that holds a sum is collective. */
struct graph {
    float scale, learning_rate;
    int stage; /* STAGES: resident rows */
    cudaGraphExec_t exec;
};

struct cuda {
    const struct model *model;
    struct cudaDeviceProp device;
    enum real real;
    int tf32, deterministic;
    cudnnHandle_t dnn;
    cudaStream_t stream, copies;
    cudaEvent_t timer[2];
    ncclComm_t group; /* NULL: alone */
    double timeout_s; /* for a wait for the group */

    int block_count, capacity; /* capacity: frames that the buffers hold */
    struct block block[MODEL_BLOCKS_MAX];
    int input_channels; /* padded */
    void *input, *scratch;
    void *workspace, *workspaces[WORKSPACES_MAX]; /* the newest, and all of them */
    size_t workspace_bytes;
    int workspace_count;
    float *slab[3], *linear_weight, *linear_parts, *linear_bias_gradient, *logits, *dlogits;
    struct slab_args slabs; /* the views, for pack, collect and update */
    struct pass pass[PASSES_MAX];
    int pass_next;

    /* steps */
    uint8_t *stage_frames[STAGES], *stage_labels[STAGES];
    cudaEvent_t used[STAGES];
    struct {
        int64_t rows;
        uint8_t *frames, *labels;
    } resident[RESIDENT_COUNT];
    int32_t *order;
    int64_t stride, steps;
    int staged;    /* the epoch's steps bring their frames */
    int64_t *step; /* on the device: the step that is running */
    double *sums;  /* (steps, 2) */
    struct graph graph[GRAPHS_MAX];
    int graph_count;
};

/* Device memory, zeroed; the line of a failure names `what`. */
int cuda_allocate(void **memory, size_t bytes, const char *what);

/* Copies on the engine's stream, and waits. */
int cuda_copy(struct cuda *cuda, void *to, const void *from, size_t bytes,
              enum cudaMemcpyKind kind);

/* Grows the buffers to batches of `count` frames; captured graphs are dropped then. */
int cuda_reserve(struct cuda *cuda, int count);
void cuda_release_buffers(struct cuda *cuda);

/* Rows that are scored at a time; and the logits of a batch of at most so many, enqueued. */
int cuda_score_rows(const struct cuda *cuda);
int cuda_score(struct cuda *cuda, const struct batch *batch, float *logits);

/* cuDNN (cuda_conv.c) */
int conv_open(struct cuda *cuda);
void conv_close(struct cuda *cuda);
int conv_pass(struct cuda *cuda, int count, int training, const struct pass **pass);

/* Block b's convolution, enqueued: x[b] -> scratch, scratch -> dx[b], or x[b] and scratch -> the
 * weight's gradient. */
int conv_run(struct cuda *cuda, const struct pass *pass, int b, enum direction direction);

/* One batch, enqueued (cuda_pass.c): logits, and with them the gradient slab. training: a backward
 * pass follows. sums: of the loss, or NULL. */
int pass_forward(struct cuda *cuda, const struct batch *batch, int training);
int pass_backward(struct cuda *cuda, const struct batch *batch, float scale, double *sums);

/* Copies frames and labels (NULL: none) of the host to stage 0 and describes them as a batch. */
int cuda_stage(struct cuda *cuda, int count, const uint8_t *frames, const uint8_t *labels,
               struct batch *batch);

extern const struct engine_steps cuda_steps;

/* Ends the capture that the engine's stream is in and makes a graph to launch of it. status: of
 * what was enqueued in it; a failure is handed on, and there is no graph then. */
int cuda_end_capture(struct cuda *cuda, int status, cudaGraphExec_t *exec);
void steps_drop_graphs(struct cuda *cuda);
void steps_close(struct cuda *cuda);
void steps_unload(void *state);

/* Enqueues the sum of the gradient slab over the group, if there is one (cuda_group.c). */
int group_sum(struct cuda *cuda);

/* Waits for a stream, which waits for sums: an error of the group, or silence for longer than
 * cuda->timeout_s (0: for ever), fails. */
int group_wait(struct cuda *cuda, cudaStream_t stream);
int group_make(char id[GROUP_ID_BYTES]);
int group_join(void *state, int rank, int size, const char id[GROUP_ID_BYTES], double timeout_s);
int group_leave(void *state);

int cuda_fail(const char *call, const char *reason);

#define TRY_LIBRARY(call, type, success, words)                                                    \
    do {                                                                                           \
        type try_code_ = (call);                                                                   \
        if (try_code_ != (success))                                                                \
            return cuda_fail(#call, words(try_code_));                                             \
    } while (0)
#define TRY_CUDA(call)  TRY_LIBRARY(call, cudaError_t, cudaSuccess, cudaGetErrorString)
#define TRY_CUDNN(call) TRY_LIBRARY(call, cudnnStatus_t, CUDNN_STATUS_SUCCESS, cudnnGetErrorString)
#define TRY_NCCL(call)  TRY_LIBRARY(call, ncclResult_t, ncclSuccess, ncclGetErrorString)

#endif
