/* The parts of the cpu engine among themselves.
 *
 * The network becomes a list of operations (cpu_op), shared and read-only while the threads run.
 * Every thread (worker) takes one frame at a time depth-first through all of them, forward and
 * backward, with buffers of its own (a cpu_slot per operation): the activations of one frame stay
 * in the cache, and any batch size, short last batches included, runs the same code. */
#ifndef ENGINE_CPU_H
#define ENGINE_CPU_H

#include "engine/cpu_dnnl.h"
#include "engine/slabs.h"
#include "model/model.h"

/* How an activation (C,H,W) lies in memory: element (c,y,x) stands at
 * ((c / block * H + y) * W + x) * block + c % block. Block 1 is CHW, block C is HWC, 8 and 16 are
 * oneDNN's blocked layouts, whose channels are padded with zeros to whole blocks. */
struct layout {
    struct shape shape;
    int block;
    dnnl_format_tag_t tag; /* the same in oneDNN's words */
};

static inline int layout_groups(const struct layout *layout)
{
    return (layout->shape.c + layout->block - 1) / layout->block;
}

static inline int64_t rounded_up(int64_t count, int64_t multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

/* Floats that it takes, padding included: there is room for whole blocks of 8 in any layout. */
static inline int64_t layout_count(const struct layout *layout)
{
    return rounded_up(layout_groups(layout) * layout->block, 8) * layout->shape.h * layout->shape.w;
}

struct cpu_slot {
    float *x, *y, *dx, *dy; /* dx is NULL below the first operation */
    uint8_t *saved;         /* op->saved_bytes: from forward to backward */
    int keep;               /* a backward pass follows, which will want `saved` */
    float *scratch;         /* the worker's, common to all its slots: op->scratch_count floats */
    float *gradient;        /* op->gradient_count floats: backward ADDS to them */
    dnnl_stream_t stream;
    dnnl_memory_t memories[3]; /* what open_slot made */
};

struct cpu_op {
    const struct cpu_op_table *table;
    const struct layer *layer;
    const struct slabs *slabs;
    dnnl_engine_t dnnl;
    dnnl_stream_t stream; /* for pack */
    struct layout in, out;
    int pooled;   /* a convolution that does the max-pooling behind it, too */
    int in_place; /* y is x and dx is dy */
    int wants_dx;
    int64_t scratch_count; /* floats */
    size_t saved_bytes;
    int64_t gradient_offset, gradient_count; /* floats, into a packed gradient */
    void *own;                               /* what open made */
};

struct cpu_op_table {
    /* Given what stands above in_place and wants_dx, fills the rest. */
    int (*open)(struct cpu_op *op);
    void (*close)(struct cpu_op *op);
    /* The slot's buffers stand where they will stay. NULL: nothing to do. */
    int (*open_slot)(const struct cpu_op *op, struct cpu_slot *slot);
    /* Takes new parameters from the slab; brings a packed gradient to the slab. NULL: has none. */
    int (*pack)(const struct cpu_op *op);
    void (*unpack)(const struct cpu_op *op, float *packed);
    int (*forward)(const struct cpu_op *op, struct cpu_slot *slot);
    void (*backward)(const struct cpu_op *op, struct cpu_slot *slot);
};

extern const struct cpu_op_table cpu_conv, cpu_leaky_relu, cpu_max_pool, cpu_linear;

/* cpu_pool.c: 2x2 max-pooling over any layout; y_layout is the pooled one. winner: which of the
 * four each y came from, 0 1 / 2 3; of equal values the first; NULL: not wanted. */
void pool_forward(const struct layout *y_layout, const float *x, float *y, uint8_t *winner);

/* oneDNN's name of what computes a convolution forward: "jit:avx2", "ref:any". */
const char *cpu_conv_implementation(const struct cpu_op *op);

/* cpu_ops.c: the list of operations of a model. */
enum { CPU_OPS_MAX = MODEL_LAYERS_MAX };

struct cpu_ops {
    int count;
    struct cpu_op list[CPU_OPS_MAX];
    int64_t gradient_count; /* floats of a packed gradient */
    int64_t scratch_count;
    dnnl_engine_t dnnl;
    dnnl_stream_t stream;
};

/* ops: zeroed. */
int cpu_ops_open(struct cpu_ops *ops, const struct model *model, const struct slabs *slabs);
void cpu_ops_close(struct cpu_ops *ops);
int cpu_ops_pack(const struct cpu_ops *ops);
void cpu_ops_unpack(const struct cpu_ops *ops, float *packed);

/* cpu_worker.c: one thread's way through the operations. */
struct cpu_worker;

int cpu_worker_create(struct cpu_worker **worker, const struct cpu_ops *ops);
void cpu_worker_destroy(struct cpu_worker **worker);
/* keep: cpu_worker_backward may follow. */
int cpu_worker_forward(struct cpu_worker *worker, const uint8_t *frame, int keep, float *logit);
/* Adds the gradient of the frame that was forwarded last to a packed gradient. */
void cpu_worker_backward(struct cpu_worker *worker, float logit, int label, float *packed);

#endif
