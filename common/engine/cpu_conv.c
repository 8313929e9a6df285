/* A convolution that is not followed by a max-pooling: all three passes are oneDNN's. (Where a
 * pooling follows, cpu_conv_pool.c does better.) */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vector.h"
#include "engine/cpu_conv.h"

struct dense {
    struct conv conv;
    struct pass backward_data, backward_weights;
    struct reorder to_backward_data, from_gradient;
    int64_t dw_count;
};

enum { SLOT_X, SLOT_Y, SLOT_DX, SLOT_DY, SLOT_DW, SLOT_DB, SLOT_SCRATCH, SLOT_MEMORIES };

struct dense_slot {
    dnnl_memory_t memories[SLOT_MEMORIES];
    float *dw; /* oneDNN overwrites: one frame's gradient (weights, then bias) */
};

static int open_backward(struct cpu_op *op, struct dense *dense)
{
    static const dnnl_dims_t ones = {1, 1};
    const struct conv *conv = &dense->conv;
    dnnl_convolution_desc_t desc;
    DNNL_TRY(dnnl_convolution_backward_weights_desc_init, &desc, dnnl_convolution_direct, &conv->x,
             &conv->w, &conv->bias, &conv->y, ones, ones, ones);
    TRY(pass_open(&dense->backward_weights, &desc, op->dnnl, conv->forward.desc,
                  dnnl_query_diff_weights_md));
    TRY(reorder_open(&dense->from_gradient, op,
                     op->slabs->values[ENGINE_GRADIENT] + op->layer->weight,
                     dense->backward_weights.weights, 0));
    if (!op->wants_dx)
        return 0;
    DNNL_TRY(dnnl_convolution_backward_data_desc_init, &desc, dnnl_convolution_direct, &conv->x,
             &conv->w, &conv->y, ones, ones, ones);
    TRY(pass_open(&dense->backward_data, &desc, op->dnnl, conv->forward.desc,
                  dnnl_query_weights_md));
    return reorder_open(&dense->to_backward_data, op,
                        op->slabs->values[ENGINE_PARAMETERS] + op->layer->weight,
                        dense->backward_data.weights, 1);
}

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int dense_open(struct cpu_op *op)
{
    struct dense *dense = op->own = memory_zeroed(1, sizeof *dense, "convolution");
    if (!dense)
        return STATUS_FAILED;
    TRY(conv_open_forward(&dense->conv, op, &op->out));
    TRY(open_backward(op, dense));
    dense->dw_count = desc_floats(dense->backward_weights.weights);
    op->gradient_count = dense->dw_count + op->layer->out.c;
    op->scratch_count = largest(dense->conv.forward.scratchpad_count,
                                largest(dense->backward_data.scratchpad_count,
                                        dense->backward_weights.scratchpad_count));
    return 0;
}

static void dense_close(struct cpu_op *op)
{
    struct dense *dense = op->own;
    if (!dense)
        return;
    reorder_close(&dense->to_backward_data);
    reorder_close(&dense->from_gradient);
    pass_close(&dense->backward_data);
    pass_close(&dense->backward_weights);
    conv_close_forward(&dense->conv);
    free(dense);
    op->own = NULL;
}

static int dense_open_slot(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct dense *dense = op->own;
    const struct conv *conv = &dense->conv;
    struct dense_slot *own = slot->own = memory_zeroed(1, sizeof *own, "convolution");
    if (!own)
        return STATUS_FAILED;
    own->dw = memory_aligned((size_t)op->gradient_count, sizeof(float), "gradient of a frame");
    if (!own->dw)
        return STATUS_FAILED;
    dnnl_memory_desc_t scratchpad;
    TRY(desc_of_floats(&scratchpad, op->scratch_count));
    const struct {
        const dnnl_memory_desc_t *desc;
        float *buffer;
    } wanted[SLOT_MEMORIES] = {
        [SLOT_X] = {&conv->x, slot->x},
        [SLOT_Y] = {&conv->y, slot->y},
        [SLOT_DX] = {&conv->x, slot->dx},
        [SLOT_DY] = {&conv->y, slot->dy},
        [SLOT_DW] = {dense->backward_weights.weights, own->dw},
        [SLOT_DB] = {&conv->bias, own->dw + dense->dw_count},
        [SLOT_SCRATCH] = {&scratchpad, slot->scratch},
    };
    for (int i = 0; i < SLOT_MEMORIES; i++)
        if (wanted[i].buffer)
            DNNL_TRY(dnnl_memory_create, &own->memories[i], wanted[i].desc, op->dnnl,
                     wanted[i].buffer);
    return 0;
}

static void dense_close_slot(struct cpu_slot *slot)
{
    struct dense_slot *own = slot->own;
    if (!own)
        return;
    for (int i = 0; i < SLOT_MEMORIES; i++)
        if (own->memories[i])
            dnnl_memory_destroy(own->memories[i]);
    free(own->dw);
    free(own);
    slot->own = NULL;
}

static int dense_pack(const struct cpu_op *op)
{
    const struct dense *dense = op->own;
    TRY(conv_pack_forward(&dense->conv));
    return op->wants_dx ? reorder_run(&dense->to_backward_data, dense->conv.stream, 1) : 0;
}

static int dense_unpack(const struct cpu_op *op, float *packed)
{
    const struct dense *dense = op->own;
    DNNL_TRY(dnnl_memory_set_data_handle, dense->from_gradient.packed, packed);
    TRY(reorder_run(&dense->from_gradient, dense->conv.stream, 0));
    memcpy(op->slabs->values[ENGINE_GRADIENT] + op->layer->bias, packed + dense->dw_count,
           (size_t)op->layer->out.c * sizeof(float));
    return 0;
}

static int dense_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct dense *dense = op->own;
    const struct dense_slot *own = slot->own;
    return conv_run_forward(&dense->conv, slot->stream, own->memories[SLOT_X],
                            own->memories[SLOT_Y], own->memories[SLOT_SCRATCH]);
}

VECTOR_CLONES static void add(float *restrict sum, const float *restrict term, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        sum[i] += term[i];
}

static int dense_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct dense *dense = op->own;
    const struct dense_slot *own = slot->own;
    dnnl_exec_arg_t weights[] = {
        {DNNL_ARG_SRC, own->memories[SLOT_X]},
        {DNNL_ARG_DIFF_DST, own->memories[SLOT_DY]},
        {DNNL_ARG_DIFF_WEIGHTS, own->memories[SLOT_DW]},
        {DNNL_ARG_DIFF_BIAS, own->memories[SLOT_DB]},
        {DNNL_ARG_SCRATCHPAD, own->memories[SLOT_SCRATCH]},
    };
    DNNL_TRY(dnnl_primitive_execute, dense->backward_weights.primitive, slot->stream, 5, weights);
    add(slot->gradient, own->dw, op->gradient_count);
    if (!op->wants_dx)
        return 0;
    dnnl_exec_arg_t data[] = {
        {DNNL_ARG_DIFF_DST, own->memories[SLOT_DY]},
        {DNNL_ARG_WEIGHTS, dense->to_backward_data.packed},
        {DNNL_ARG_DIFF_SRC, own->memories[SLOT_DX]},
        {DNNL_ARG_SCRATCHPAD, own->memories[SLOT_SCRATCH]},
    };
    DNNL_TRY(dnnl_primitive_execute, dense->backward_data.primitive, slot->stream, 4, data);
    return 0;
}

const struct cpu_op_table cpu_conv = {
    .open = dense_open,
    .close = dense_close,
    .open_slot = dense_open_slot,
    .close_slot = dense_close_slot,
    .pack = dense_pack,
    .unpack = dense_unpack,
    .forward = dense_forward,
    .backward = dense_backward,
};
