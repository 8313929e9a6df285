#include <string.h>

#include "engine/cpu.h"

/* Packed tensors begin on cache lines. */
static int64_t rounded(int64_t floats)
{
    return (floats + 15) / 16 * 16;
}

static int add_op(struct cpu_ops *ops, const struct cpu_op_table *table, const struct layer *layer,
                  const struct cpu_op *common)
{
    struct cpu_op *op = &ops->list[ops->count];
    *op = *common;
    op->table = table;
    op->layer = layer;
    op->wants_dx = ops->gradient_count > 0; /* somebody below learns */
    if (ops->count > 0)
        op->in = op[-1].out;
    ops->count++; /* before open: close must see it */
    TRY(table->open(op));
    op->gradient_offset = ops->gradient_count;
    ops->gradient_count += rounded(op->gradient_count);
    if (op->scratch_count > ops->scratch_count)
        ops->scratch_count = op->scratch_count;
    return 0;
}

static const struct cpu_op_table *table_of(enum layer_kind kind)
{
    switch (kind) {
    case LAYER_CONV3X3:
        return &cpu_conv;
    case LAYER_LEAKY_RELU:
        return &cpu_leaky_relu;
    case LAYER_MAX_POOL2:
        return &cpu_max_pool;
    case LAYER_LINEAR:
        return &cpu_linear;
    }
    return NULL;
}

int cpu_ops_open(struct cpu_ops *ops, const struct model *model, const struct slabs *slabs,
                 dnnl_engine_t dnnl)
{
    memset(ops, 0, sizeof *ops);
    const struct layer *layers = model->layers;
    struct cpu_op common = {.slabs = slabs, .dnnl = dnnl, .in = {model->input, 1, dnnl_nchw}};
    for (int l = 0; l < model->layer_count; l++) {
        const struct layer *layer = &layers[l];
        const int left = model->layer_count - l - 1;
        /* LeakyReLU is increasing, so it may change places with the max-pooling behind it: then it
         * has a quarter of the work, and the pooling stands next to the convolution. */
        if (left >= 2 && layer->kind == LAYER_CONV3X3 && layer[1].kind == LAYER_LEAKY_RELU &&
            layer[2].kind == LAYER_MAX_POOL2) {
            TRY(add_op(ops, &cpu_conv_pool, layer, &common));
            TRY(add_op(ops, &cpu_leaky_relu, layer + 1, &common));
            l += 2;
        } else if (left >= 1 && layer->kind == LAYER_CONV3X3 && layer[1].kind == LAYER_MAX_POOL2) {
            TRY(add_op(ops, &cpu_conv_pool, layer, &common));
            l += 1;
        } else {
            TRY(add_op(ops, table_of(layer->kind), layer, &common));
        }
    }
    return 0;
}

void cpu_ops_close(struct cpu_ops *ops)
{
    for (int i = 0; i < ops->count; i++)
        if (ops->list[i].table->close)
            ops->list[i].table->close(&ops->list[i]);
    ops->count = 0;
}

int cpu_ops_pack(const struct cpu_ops *ops)
{
    for (int i = 0; i < ops->count; i++)
        if (ops->list[i].table->pack)
            TRY(ops->list[i].table->pack(&ops->list[i]));
    return 0;
}

int cpu_ops_unpack(const struct cpu_ops *ops, float *packed)
{
    for (int i = 0; i < ops->count; i++) {
        const struct cpu_op *op = &ops->list[i];
        if (op->table->unpack)
            TRY(op->table->unpack(op, packed + op->gradient_offset));
    }
    return 0;
}
