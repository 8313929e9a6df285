/* What the operations with a convolution share: the forward half, and weights on their way between
 * our layout and oneDNN's. Scratch memory is ours (scratchpad mode "user") and oneDNN keeps
 * nothing between calls, so one primitive serves all threads. */
#ifndef ENGINE_CPU_CONV_H
#define ENGINE_CPU_CONV_H

#include "engine/cpu.h"

/* A primitive with the layout it wants for the weights and the scratch memory it needs. */
struct pass {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    const dnnl_memory_desc_t *weights; /* owned by desc */
    int64_t scratchpad_count;          /* floats */
};

/* Weights of ours (K,C,3,3) to or from a layout of oneDNN's. */
struct reorder {
    dnnl_primitive_t primitive;
    dnnl_memory_t plain, packed;
    float *buffer; /* behind packed; NULL when it changes from call to call */
};

struct conv {
    dnnl_memory_desc_t x, y, w, bias; /* w: any layout */
    struct pass forward;
    struct reorder to_forward;
    dnnl_memory_t bias_memory;
    dnnl_stream_t stream;
};

/* Opens the forward half for op->in; y receives the layout that oneDNN chose for the output. */
int conv_open_forward(struct conv *conv, const struct cpu_op *op, struct layout *y);
void conv_close_forward(struct conv *conv);
int conv_pack_forward(const struct conv *conv);
int conv_run_forward(const struct conv *conv, dnnl_stream_t stream, dnnl_memory_t x,
                     dnnl_memory_t y, dnnl_memory_t scratchpad);

/* weights: which query names their layout; hint: the forward descriptor, for backward passes. */
int pass_open(struct pass *pass, const void *op_desc, dnnl_engine_t engine,
              dnnl_primitive_desc_t hint, dnnl_query_t weights);
void pass_close(struct pass *pass);

/* plain: (K,C,3,3) of op's layer. To packed, with a buffer made here; or from a packed side that
 * the caller sets before each run. */
int reorder_open(struct reorder *reorder, const struct cpu_op *op, float *plain,
                 const dnnl_memory_desc_t *packed, int to_packed);
void reorder_close(struct reorder *reorder);
int reorder_run(const struct reorder *reorder, dnnl_stream_t stream, int to_packed);

int64_t desc_floats(const dnnl_memory_desc_t *desc);
int desc_of_floats(dnnl_memory_desc_t *desc, int64_t count); /* a flat buffer, at least 1 */

#endif
