/* 3x3 convolutions by oneDNN, in the layouts it chooses.
 *
 * The first operation reads plain NCHW; every other takes its input as the one before left it and
 * lets oneDNN choose the output's layout. Only weights and their gradients are reordered, once per
 * step. Scratch memory is ours (scratchpad mode "user"), so one primitive serves all threads. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vector.h"
#include "engine/cpu.h"

/* One of the three primitives with the layout it wants for the weights. */
struct pass {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    const dnnl_memory_desc_t *weights, *scratchpad; /* owned by desc */
    int64_t scratchpad_count;
};

/* Weights of ours (K,C,3,3) to or from a layout of oneDNN's. */
struct reorder {
    dnnl_primitive_t primitive;
    dnnl_memory_t plain, packed;
    float *buffer; /* behind packed; NULL when it changes from call to call */
};

struct conv {
    dnnl_memory_desc_t x, y, bias;
    struct pass forward, backward_data, backward_weights;
    struct reorder to_forward, to_backward_data, from_gradient;
    int64_t dw_count;
    dnnl_memory_t bias_memory;
    dnnl_stream_t stream;
};

enum { SLOT_X, SLOT_Y, SLOT_DX, SLOT_DY, SLOT_DW, SLOT_DB, SLOT_SCRATCH, SLOT_MEMORIES };

struct conv_slot {
    dnnl_memory_t memories[SLOT_MEMORIES];
    float *dw; /* oneDNN overwrites: one frame's gradient (weights, then bias) */
};

static int64_t desc_floats(const dnnl_memory_desc_t *desc)
{
    return (int64_t)((dnnl_memory_desc_get_size(desc) + sizeof(float) - 1) / sizeof(float));
}

static int desc_by_tag(dnnl_memory_desc_t *desc, struct shape shape, dnnl_format_tag_t tag)
{
    dnnl_dims_t dims = {1, shape.c, shape.h, shape.w};
    DNNL_TRY(dnnl_memory_desc_init_by_tag, desc, 4, dims, dnnl_f32, tag);
    return 0;
}

/* Names the layout that oneDNN has chosen; 0 when it is none that our loops can walk. */
static int recognise(struct layout *layout, const dnnl_memory_desc_t *desc)
{
    const struct {
        dnnl_format_tag_t tag;
        int block;
    } known[] = {{dnnl_nChw8c, 8},
                 {dnnl_nChw16c, 16},
                 {dnnl_nChw4c, 4},
                 {dnnl_nchw, 1},
                 {dnnl_nhwc, layout->shape.c}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        dnnl_memory_desc_t candidate;
        if (desc_by_tag(&candidate, layout->shape, known[i].tag) == 0 &&
            dnnl_memory_desc_equal(&candidate, desc)) {
            layout->tag = known[i].tag;
            layout->block = known[i].block;
            return 1;
        }
    }
    return 0;
}

/* Creates the primitive of a described operation; weights: which query names their layout. */
static int open_pass(struct pass *pass, const void *op_desc, dnnl_engine_t engine,
                     dnnl_primitive_desc_t hint, dnnl_query_t weights)
{
    dnnl_primitive_attr_t attributes;
    DNNL_TRY(dnnl_primitive_attr_create, &attributes);
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_status_t made = dnnl_primitive_desc_create(&pass->desc, op_desc, attributes, engine, hint);
    dnnl_primitive_attr_destroy(attributes);
    if (made != dnnl_success)
        return fail(STATUS_FAILED, "oneDNN has no 3x3 convolution of this shape (%s)",
                    dnnl_status2str(made));
    DNNL_TRY(dnnl_primitive_create, &pass->primitive, pass->desc);
    pass->weights = dnnl_primitive_desc_query_md(pass->desc, weights, 0);
    pass->scratchpad = dnnl_primitive_desc_query_md(pass->desc, dnnl_query_scratchpad_md, 0);
    pass->scratchpad_count = desc_floats(pass->scratchpad);
    return 0;
}

static void close_pass(struct pass *pass)
{
    if (pass->primitive)
        dnnl_primitive_destroy(pass->primitive);
    if (pass->desc)
        dnnl_primitive_desc_destroy(pass->desc);
    memset(pass, 0, sizeof *pass);
}

static const dnnl_dims_t ones = {1, 1}; /* strides, and padding on each side */

static int open_forward(struct cpu_op *op, struct conv *conv, const dnnl_memory_desc_t *w)
{
    dnnl_convolution_desc_t desc;
    DNNL_TRY(dnnl_convolution_forward_desc_init, &desc, dnnl_forward_training,
             dnnl_convolution_direct, &conv->x, w, &conv->bias, &conv->y, ones, ones, ones);
    return open_pass(&conv->forward, &desc, op->dnnl, NULL, dnnl_query_weights_md);
}

/* Forward first with the output's layout free, in plain NCHW if the choice is a strange one. */
static int choose_layout(struct cpu_op *op, struct conv *conv, const dnnl_memory_desc_t *w)
{
    op->out = (struct layout){op->layer->out, 1, dnnl_nchw};
    TRY(desc_by_tag(&conv->y, op->out.shape, dnnl_format_tag_any));
    TRY(open_forward(op, conv, w));
    const dnnl_memory_desc_t *chosen =
        dnnl_primitive_desc_query_md(conv->forward.desc, dnnl_query_dst_md, 0);
    int known = recognise(&op->out, chosen);
    TRY(desc_by_tag(&conv->y, op->out.shape, op->out.tag));
    if (!known) {
        close_pass(&conv->forward);
        TRY(open_forward(op, conv, w));
    }
    return 0;
}

static int open_backward(struct cpu_op *op, struct conv *conv, const dnnl_memory_desc_t *w)
{
    dnnl_convolution_desc_t desc;
    DNNL_TRY(dnnl_convolution_backward_weights_desc_init, &desc, dnnl_convolution_direct, &conv->x,
             w, &conv->bias, &conv->y, ones, ones, ones);
    TRY(open_pass(&conv->backward_weights, &desc, op->dnnl, conv->forward.desc,
                  dnnl_query_diff_weights_md));
    if (!op->wants_dx)
        return 0;
    DNNL_TRY(dnnl_convolution_backward_data_desc_init, &desc, dnnl_convolution_direct, &conv->x, w,
             &conv->y, ones, ones, ones);
    return open_pass(&conv->backward_data, &desc, op->dnnl, conv->forward.desc,
                     dnnl_query_weights_md);
}

/* buffer NULL: the caller brings the packed side with each call. */
static int open_reorder(struct reorder *reorder, const struct cpu_op *op, float *plain,
                        const dnnl_memory_desc_t *packed, int to_packed)
{
    const struct shape in = op->layer->in, out = op->layer->out;
    dnnl_memory_desc_t oihw;
    DNNL_TRY(dnnl_memory_desc_init_by_tag, &oihw, 4, (dnnl_dims_t){out.c, in.c, 3, 3}, dnnl_f32,
             dnnl_oihw);
    if (to_packed) {
        reorder->buffer =
            memory_zeroed((size_t)desc_floats(packed) + 16, sizeof(float), "packed weights");
        if (!reorder->buffer)
            return STATUS_FAILED;
    }
    DNNL_TRY(dnnl_memory_create, &reorder->plain, &oihw, op->dnnl, plain);
    DNNL_TRY(dnnl_memory_create, &reorder->packed, packed, op->dnnl, reorder->buffer);
    dnnl_primitive_desc_t desc;
    const dnnl_memory_desc_t *from = to_packed ? &oihw : packed, *to = to_packed ? packed : &oihw;
    DNNL_TRY(dnnl_reorder_primitive_desc_create, &desc, from, op->dnnl, to, op->dnnl, NULL);
    dnnl_status_t made = dnnl_primitive_create(&reorder->primitive, desc);
    dnnl_primitive_desc_destroy(desc);
    if (made != dnnl_success)
        return fail(STATUS_FAILED, "oneDNN: cannot reorder weights (%s)", dnnl_status2str(made));
    return 0;
}

static int run_reorder(const struct reorder *reorder, dnnl_stream_t stream, int to_packed)
{
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_FROM, to_packed ? reorder->plain : reorder->packed},
        {DNNL_ARG_TO, to_packed ? reorder->packed : reorder->plain},
    };
    DNNL_TRY(dnnl_primitive_execute, reorder->primitive, stream, 2, arguments);
    DNNL_TRY(dnnl_stream_wait, stream);
    return 0;
}

static void close_reorder(struct reorder *reorder)
{
    if (reorder->primitive)
        dnnl_primitive_destroy(reorder->primitive);
    if (reorder->plain)
        dnnl_memory_destroy(reorder->plain);
    if (reorder->packed)
        dnnl_memory_destroy(reorder->packed);
    free(reorder->buffer);
}

static int open_reorders(const struct cpu_op *op, struct conv *conv)
{
    float *parameters = op->slabs->values[ENGINE_PARAMETERS];
    float *gradient = op->slabs->values[ENGINE_GRADIENT];
    const struct layer *layer = op->layer;
    DNNL_TRY(dnnl_memory_create, &conv->bias_memory, &conv->bias, op->dnnl,
             parameters + layer->bias);
    DNNL_TRY(dnnl_stream_create, &conv->stream, op->dnnl, dnnl_stream_default_flags);
    TRY(open_reorder(&conv->to_forward, op, parameters + layer->weight, conv->forward.weights, 1));
    if (op->wants_dx)
        TRY(open_reorder(&conv->to_backward_data, op, parameters + layer->weight,
                         conv->backward_data.weights, 1));
    return open_reorder(&conv->from_gradient, op, gradient + layer->weight,
                        conv->backward_weights.weights, 0);
}

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int conv_open(struct cpu_op *op)
{
    struct conv *conv = op->own = memory_zeroed(1, sizeof *conv, "convolution");
    if (!conv)
        return STATUS_FAILED;
    const struct shape in = op->layer->in, out = op->layer->out;
    dnnl_memory_desc_t w;
    DNNL_TRY(dnnl_memory_desc_init_by_tag, &w, 4, (dnnl_dims_t){out.c, in.c, 3, 3}, dnnl_f32,
             dnnl_format_tag_any);
    DNNL_TRY(dnnl_memory_desc_init_by_tag, &conv->bias, 1, (dnnl_dims_t){out.c}, dnnl_f32, dnnl_x);
    TRY(desc_by_tag(&conv->x, in, op->in.tag));
    TRY(choose_layout(op, conv, &w));
    TRY(open_backward(op, conv, &w));
    TRY(open_reorders(op, conv));
    conv->dw_count = desc_floats(conv->backward_weights.weights);
    op->gradient_count = conv->dw_count + out.c;
    op->scratch_count =
        largest(conv->forward.scratchpad_count, largest(conv->backward_data.scratchpad_count,
                                                        conv->backward_weights.scratchpad_count));
    return 0;
}

static void conv_close(struct cpu_op *op)
{
    struct conv *conv = op->own;
    if (!conv)
        return;
    close_reorder(&conv->to_forward);
    close_reorder(&conv->to_backward_data);
    close_reorder(&conv->from_gradient);
    if (conv->bias_memory)
        dnnl_memory_destroy(conv->bias_memory);
    if (conv->stream)
        dnnl_stream_destroy(conv->stream);
    close_pass(&conv->forward);
    close_pass(&conv->backward_data);
    close_pass(&conv->backward_weights);
    free(conv);
    op->own = NULL;
}

static int conv_open_slot(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv *conv = op->own;
    struct conv_slot *own = slot->own = memory_zeroed(1, sizeof *own, "convolution");
    if (!own)
        return STATUS_FAILED;
    own->dw = memory_aligned((size_t)op->gradient_count, sizeof(float), "gradient of a frame");
    if (!own->dw)
        return STATUS_FAILED;
    dnnl_memory_desc_t scratchpad;
    DNNL_TRY(dnnl_memory_desc_init_by_tag, &scratchpad, 1,
             (dnnl_dims_t){largest(op->scratch_count, 1)}, dnnl_f32, dnnl_x);
    const struct {
        const dnnl_memory_desc_t *desc;
        float *buffer;
    } wanted[SLOT_MEMORIES] = {
        [SLOT_X] = {&conv->x, slot->x},
        [SLOT_Y] = {&conv->y, slot->y},
        [SLOT_DX] = {&conv->x, slot->dx},
        [SLOT_DY] = {&conv->y, slot->dy},
        [SLOT_DW] = {conv->backward_weights.weights, own->dw},
        [SLOT_DB] = {&conv->bias, own->dw + conv->dw_count},
        [SLOT_SCRATCH] = {&scratchpad, slot->scratch},
    };
    for (int i = 0; i < SLOT_MEMORIES; i++)
        if (wanted[i].buffer)
            DNNL_TRY(dnnl_memory_create, &own->memories[i], wanted[i].desc, op->dnnl,
                     wanted[i].buffer);
    return 0;
}

static void conv_close_slot(struct cpu_slot *slot)
{
    struct conv_slot *own = slot->own;
    if (!own)
        return;
    for (int i = 0; i < SLOT_MEMORIES; i++)
        if (own->memories[i])
            dnnl_memory_destroy(own->memories[i]);
    free(own->dw);
    free(own);
    slot->own = NULL;
}

static int conv_pack(const struct cpu_op *op)
{
    const struct conv *conv = op->own;
    TRY(run_reorder(&conv->to_forward, conv->stream, 1));
    return op->wants_dx ? run_reorder(&conv->to_backward_data, conv->stream, 1) : 0;
}

static int conv_unpack(const struct cpu_op *op, float *packed)
{
    const struct conv *conv = op->own;
    DNNL_TRY(dnnl_memory_set_data_handle, conv->from_gradient.packed, packed);
    TRY(run_reorder(&conv->from_gradient, conv->stream, 0));
    memcpy(op->slabs->values[ENGINE_GRADIENT] + op->layer->bias, packed + conv->dw_count,
           (size_t)op->layer->out.c * sizeof(float));
    return 0;
}

static int conv_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv *conv = op->own;
    const struct conv_slot *own = slot->own;
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, own->memories[SLOT_X]},
        {DNNL_ARG_WEIGHTS, conv->to_forward.packed},
        {DNNL_ARG_BIAS, conv->bias_memory},
        {DNNL_ARG_DST, own->memories[SLOT_Y]},
        {DNNL_ARG_SCRATCHPAD, own->memories[SLOT_SCRATCH]},
    };
    DNNL_TRY(dnnl_primitive_execute, conv->forward.primitive, slot->stream, 5, arguments);
    return 0;
}

VECTOR_CLONES static void add(float *restrict sum, const float *restrict term, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += term[i];
}

static int conv_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv *conv = op->own;
    const struct conv_slot *own = slot->own;
    dnnl_exec_arg_t weights[] = {
        {DNNL_ARG_SRC, own->memories[SLOT_X]},
        {DNNL_ARG_DIFF_DST, own->memories[SLOT_DY]},
        {DNNL_ARG_DIFF_WEIGHTS, own->memories[SLOT_DW]},
        {DNNL_ARG_DIFF_BIAS, own->memories[SLOT_DB]},
        {DNNL_ARG_SCRATCHPAD, own->memories[SLOT_SCRATCH]},
    };
    DNNL_TRY(dnnl_primitive_execute, conv->backward_weights.primitive, slot->stream, 5, weights);
    add(slot->gradient, own->dw, op->gradient_count);
    if (!op->wants_dx)
        return 0;
    dnnl_exec_arg_t data[] = {
        {DNNL_ARG_DIFF_DST, own->memories[SLOT_DY]},
        {DNNL_ARG_WEIGHTS, conv->to_backward_data.packed},
        {DNNL_ARG_DIFF_SRC, own->memories[SLOT_DX]},
        {DNNL_ARG_SCRATCHPAD, own->memories[SLOT_SCRATCH]},
    };
    DNNL_TRY(dnnl_primitive_execute, conv->backward_data.primitive, slot->stream, 4, data);
    return 0;
}

const struct cpu_op_table cpu_conv = {
    .open = conv_open,
    .close = conv_close,
    .open_slot = conv_open_slot,
    .close_slot = conv_close_slot,
    .pack = conv_pack,
    .unpack = conv_unpack,
    .forward = conv_forward,
    .backward = conv_backward,
};
