/* A convolution and the max-pooling behind it, as one operation.
 *
 * Forward is oneDNN's convolution into scratch memory and our pooling out of it: the full-size
 * output is not kept, only which of each four won. Backward skips the zeros (cpu_sparse.h); on two
 * AVX2 cores that takes a third of the time of oneDNN's dense passes. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/cpu_conv.h"
#include "engine/cpu_pool.h"
#include "engine/cpu_sparse.h"

struct conv_pool {
    struct conv conv;
    struct sparse sparse;
    int64_t full_count; /* floats of the convolution's output */
    float *weights;     /* packed for sparse_backward_data */
};

enum { SLOT_X, SLOT_FULL, SLOT_SCRATCH, SLOT_MEMORIES };

struct conv_pool_slot {
    dnnl_memory_t memories[SLOT_MEMORIES];
};

static int64_t rounded(int64_t floats)
{
    return (floats + 15) / 16 * 16;
}

static int conv_pool_open(struct cpu_op *op)
{
    struct conv_pool *own = op->own = memory_zeroed(1, sizeof *own, "convolution");
    if (!own)
        return STATUS_FAILED;
    struct layout full;
    TRY(conv_open_forward(&own->conv, op, &full));
    op->out = full;
    op->out.shape.h /= 2;
    op->out.shape.w /= 2;
    own->sparse = (struct sparse){op->in, op->out};
    own->full_count = rounded(layout_count(&full));
    own->weights =
        memory_zeroed((size_t)sparse_weights_count(&own->sparse), sizeof(float), "packed weights");
    if (!own->weights)
        return STATUS_FAILED;
    op->saved_bytes = (size_t)layout_count(&op->out);
    op->gradient_count = sparse_weights_count(&own->sparse) + op->layer->out.c;
    const int64_t forward = own->full_count + own->conv.forward.scratchpad_count;
    const int64_t backward = sparse_padded_count(&own->sparse);
    op->scratch_count = forward > backward ? forward : backward;
    return 0;
}

static void conv_pool_close(struct cpu_op *op)
{
    struct conv_pool *own = op->own;
    if (!own)
        return;
    conv_close_forward(&own->conv);
    free(own->weights);
    free(own);
    op->own = NULL;
}

static int conv_pool_open_slot(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv_pool *own = op->own;
    struct conv_pool_slot *memories = slot->own = memory_zeroed(1, sizeof *memories, "convolution");
    if (!memories)
        return STATUS_FAILED;
    dnnl_memory_desc_t scratchpad;
    TRY(desc_of_floats(&scratchpad, own->conv.forward.scratchpad_count));
    DNNL_TRY(dnnl_memory_create, &memories->memories[SLOT_X], &own->conv.x, op->dnnl, slot->x);
    DNNL_TRY(dnnl_memory_create, &memories->memories[SLOT_FULL], &own->conv.y, op->dnnl,
             slot->scratch);
    DNNL_TRY(dnnl_memory_create, &memories->memories[SLOT_SCRATCH], &scratchpad, op->dnnl,
             slot->scratch + own->full_count);
    return 0;
}

static void conv_pool_close_slot(struct cpu_slot *slot)
{
    struct conv_pool_slot *own = slot->own;
    if (!own)
        return;
    for (int i = 0; i < SLOT_MEMORIES; i++)
        if (own->memories[i])
            dnnl_memory_destroy(own->memories[i]);
    free(own);
    slot->own = NULL;
}

static int conv_pool_pack(const struct cpu_op *op)
{
    const struct conv_pool *own = op->own;
    sparse_pack(&own->sparse, op->slabs->values[ENGINE_PARAMETERS] + op->layer->weight,
                own->weights);
    return conv_pack_forward(&own->conv);
}

static int conv_pool_unpack(const struct cpu_op *op, float *packed)
{
    const struct conv_pool *own = op->own;
    float *gradient = op->slabs->values[ENGINE_GRADIENT];
    sparse_unpack(&own->sparse, packed, gradient + op->layer->weight);
    memcpy(gradient + op->layer->bias, packed + sparse_weights_count(&own->sparse),
           (size_t)op->layer->out.c * sizeof *gradient);
    return 0;
}

static int conv_pool_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv_pool *own = op->own;
    const struct conv_pool_slot *memories = slot->own;
    TRY(conv_run_forward(&own->conv, slot->stream, memories->memories[SLOT_X],
                         memories->memories[SLOT_FULL], memories->memories[SLOT_SCRATCH]));
    pool_forward(&op->out, slot->scratch, slot->y, slot->saved, slot->keep);
    return 0;
}

static int conv_pool_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv_pool *own = op->own;
    const struct sparse *sparse = &own->sparse;
    float *padded = slot->scratch;
    sparse_pad(sparse, slot->x, padded);
    sparse_backward_weights(sparse, slot->dy, slot->saved, padded, slot->gradient,
                            slot->gradient + sparse_weights_count(sparse));
    if (!op->wants_dx)
        return 0;
    memset(padded, 0, (size_t)sparse_padded_count(sparse) * sizeof *padded);
    sparse_backward_data(sparse, slot->dy, slot->saved, own->weights, padded);
    sparse_unpad(sparse, padded, slot->dx);
    return 0;
}

const struct cpu_op_table cpu_conv_pool = {
    .open = conv_pool_open,
    .close = conv_pool_close,
    .open_slot = conv_pool_open_slot,
    .close_slot = conv_pool_close_slot,
    .pack = conv_pool_pack,
    .unpack = conv_pool_unpack,
    .forward = conv_pool_forward,
    .backward = conv_pool_backward,
};
