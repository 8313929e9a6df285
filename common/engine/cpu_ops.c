#include "engine/cpu.h"

static const struct cpu_op_table *const tables[] = {
    [LAYER_CONV3X3] = &cpu_conv,
    [LAYER_LEAKY_RELU] = &cpu_leaky_relu,
    [LAYER_MAX_POOL2] = &cpu_max_pool,
    [LAYER_LINEAR] = &cpu_linear,
};

static int add_op(struct cpu_ops *ops, const struct layer *layer, int pooled,
                  const struct cpu_op *common)
{
    struct cpu_op *op = &ops->list[ops->count];
    *op = *common;
    op->table = tables[layer->kind];
    op->layer = layer;
    op->pooled = pooled;
    op->wants_dx = ops->gradient_count > 0; /* somebody below learns */
    if (ops->count > 0)
        op->in = op[-1].out;
    ops->count++; /* before open: close must see it */
    TRY(op->table->open(op));
    op->gradient_offset = ops->gradient_count;
    ops->gradient_count += rounded_up(op->gradient_count, 16); /* begins on a cache line */
    if (op->scratch_count > ops->scratch_count)
        ops->scratch_count = op->scratch_count;
    return 0;
}

int cpu_ops_open(struct cpu_ops *ops, const struct model *model, const struct slabs *slabs)
{
    const struct layer *layers = model->layers, *end = layers + model->layer_count;
    DNNL_TRY(dnnl_engine_create, &ops->dnnl, dnnl_cpu, 0);
    DNNL_TRY(dnnl_stream_create, &ops->stream, ops->dnnl, dnnl_stream_default_flags);
    const struct cpu_op common = {.slabs = slabs,
                                  .dnnl = ops->dnnl,
                                  .stream = ops->stream,
                                  .in = {model->input, 1, dnnl_nchw}};
    for (const struct layer *layer = layers; layer < end; layer++) {
        /* LeakyReLU is increasing, so it may change places with the max-pooling behind it: then it
         * has a quarter of the work, and the pooling stands next to the convolution. */
        const struct layer *pool = layer + 1;
        if (pool < end && pool->kind == LAYER_LEAKY_RELU)
            pool++;
        const int pooled =
            layer->kind == LAYER_CONV3X3 && pool < end && pool->kind == LAYER_MAX_POOL2;
        TRY(add_op(ops, layer, pooled, &common));
        if (pooled && pool > layer + 1)
            TRY(add_op(ops, layer + 1, 0, &common));
        if (pooled)
            layer = pool;
    }
    return 0;
}

void cpu_ops_close(struct cpu_ops *ops)
{
    for (int i = 0; i < ops->count; i++)
        if (ops->list[i].table->close)
            ops->list[i].table->close(&ops->list[i]);
    dnnl_stream_destroy(ops->stream);
    dnnl_engine_destroy(ops->dnnl);
}

int cpu_ops_pack(const struct cpu_ops *ops)
{
    for (int i = 0; i < ops->count; i++)
        if (ops->list[i].table->pack)
            TRY(ops->list[i].table->pack(&ops->list[i]));
    return 0;
}

void cpu_ops_unpack(const struct cpu_ops *ops, float *packed)
{
    for (int i = 0; i < ops->count; i++) {
        const struct cpu_op *op = &ops->list[i];
        if (op->table->unpack)
            op->table->unpack(op, packed + op->gradient_offset);
    }
}
