/* The forward half of a convolution, in the layouts that oneDNN chooses.
 *
 * The first operation reads plain NCHW; every other takes its input as the one before left it and
 * lets oneDNN choose the output's layout. Only weights are reordered, once per step. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/cpu_conv.h"

int64_t desc_floats(const dnnl_memory_desc_t *desc)
{
    return (int64_t)((dnnl_memory_desc_get_size(desc) + sizeof(float) - 1) / sizeof(float));
}

int desc_of_floats(dnnl_memory_desc_t *desc, int64_t count)
{
    dnnl_dims_t dims = {count > 0 ? count : 1};
    DNNL_TRY(dnnl_memory_desc_init_by_tag, desc, 1, dims, dnnl_f32, dnnl_x);
    return 0;
}

static int desc_by_tag(dnnl_memory_desc_t *desc, struct shape shape, dnnl_format_tag_t tag)
{
    dnnl_dims_t dims = {1, shape.c, shape.h, shape.w};
    DNNL_TRY(dnnl_memory_desc_init_by_tag, desc, 4, dims, dnnl_f32, tag);
    return 0;
}

static int weights_by_tag(dnnl_memory_desc_t *desc, const struct layer *layer,
                          dnnl_format_tag_t tag)
{
    dnnl_dims_t dims = {layer->out.c, layer->in.c, 3, 3};
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

int pass_open(struct pass *pass, const void *op_desc, dnnl_engine_t engine,
              dnnl_primitive_desc_t hint, dnnl_query_t weights)
{
    dnnl_primitive_attr_t attributes;
    DNNL_TRY(dnnl_primitive_attr_create, &attributes);
    dnnl_status_t made =
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (made == dnnl_success)
        made = dnnl_primitive_desc_create(&pass->desc, op_desc, attributes, engine, hint);
    dnnl_primitive_attr_destroy(attributes);
    if (made != dnnl_success)
        return fail(STATUS_FAILED, "oneDNN has no 3x3 convolution of this shape (%s)",
                    dnnl_status2str(made));
    DNNL_TRY(dnnl_primitive_create, &pass->primitive, pass->desc);
    pass->weights = dnnl_primitive_desc_query_md(pass->desc, weights, 0);
    pass->scratchpad_count =
        desc_floats(dnnl_primitive_desc_query_md(pass->desc, dnnl_query_scratchpad_md, 0));
    return 0;
}

void pass_close(struct pass *pass)
{
    if (pass->primitive)
        dnnl_primitive_destroy(pass->primitive);
    if (pass->desc)
        dnnl_primitive_desc_destroy(pass->desc);
    memset(pass, 0, sizeof *pass);
}

int reorder_open(struct reorder *reorder, const struct cpu_op *op, float *plain,
                 const dnnl_memory_desc_t *packed, int to_packed)
{
    dnnl_memory_desc_t oihw;
    TRY(weights_by_tag(&oihw, op->layer, dnnl_oihw));
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

void reorder_close(struct reorder *reorder)
{
    if (reorder->primitive)
        dnnl_primitive_destroy(reorder->primitive);
    if (reorder->plain)
        dnnl_memory_destroy(reorder->plain);
    if (reorder->packed)
        dnnl_memory_destroy(reorder->packed);
    free(reorder->buffer);
    memset(reorder, 0, sizeof *reorder);
}

int reorder_run(const struct reorder *reorder, dnnl_stream_t stream, int to_packed)
{
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_FROM, to_packed ? reorder->plain : reorder->packed},
        {DNNL_ARG_TO, to_packed ? reorder->packed : reorder->plain},
    };
    DNNL_TRY(dnnl_primitive_execute, reorder->primitive, stream, 2, arguments);
    DNNL_TRY(dnnl_stream_wait, stream);
    return 0;
}

static int open_primitive(struct conv *conv, dnnl_engine_t dnnl)
{
    static const dnnl_dims_t ones = {1, 1}; /* strides, and padding on each side */
    dnnl_convolution_desc_t desc;
    DNNL_TRY(dnnl_convolution_forward_desc_init, &desc, dnnl_forward_training,
             dnnl_convolution_direct, &conv->x, &conv->w, &conv->bias, &conv->y, ones, ones, ones);
    return pass_open(&conv->forward, &desc, dnnl, NULL, dnnl_query_weights_md);
}

int conv_open_forward(struct conv *conv, const struct cpu_op *op, struct layout *y)
{
    const struct layer *layer = op->layer;
    float *parameters = op->slabs->values[ENGINE_PARAMETERS];
    *y = (struct layout){layer->out, 1, dnnl_nchw};
    TRY(weights_by_tag(&conv->w, layer, dnnl_format_tag_any));
    TRY(desc_of_floats(&conv->bias, layer->out.c));
    TRY(desc_by_tag(&conv->x, layer->in, op->in.tag));
    TRY(desc_by_tag(&conv->y, y->shape, dnnl_format_tag_any));
    TRY(open_primitive(conv, op->dnnl));
    int known =
        recognise(y, dnnl_primitive_desc_query_md(conv->forward.desc, dnnl_query_dst_md, 0));
    /* Plain NCHW instead of a strange layout, and of blocks that the channels do not fill: the
     * convolution behind would find only oneDNN's reference loops for those, 20 times slower. */
    int plain = !known || y->shape.c % y->block != 0;
    if (plain)
        *y = (struct layout){layer->out, 1, dnnl_nchw};
    TRY(desc_by_tag(&conv->y, y->shape, y->tag));
    if (plain) {
        pass_close(&conv->forward);
        TRY(open_primitive(conv, op->dnnl));
    }
    DNNL_TRY(dnnl_memory_create, &conv->bias_memory, &conv->bias, op->dnnl,
             parameters + layer->bias);
    DNNL_TRY(dnnl_stream_create, &conv->stream, op->dnnl, dnnl_stream_default_flags);
    return reorder_open(&conv->to_forward, op, parameters + layer->weight, conv->forward.weights,
                        1);
}

void conv_close_forward(struct conv *conv)
{
    reorder_close(&conv->to_forward);
    if (conv->bias_memory)
        dnnl_memory_destroy(conv->bias_memory);
    if (conv->stream)
        dnnl_stream_destroy(conv->stream);
    pass_close(&conv->forward);
}

int conv_pack_forward(const struct conv *conv)
{
    return reorder_run(&conv->to_forward, conv->stream, 1);
}

int conv_run_forward(const struct conv *conv, dnnl_stream_t stream, dnnl_memory_t x,
                     dnnl_memory_t y, dnnl_memory_t scratchpad)
{
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, x},
        {DNNL_ARG_WEIGHTS, conv->to_forward.packed},
        {DNNL_ARG_BIAS, conv->bias_memory},
        {DNNL_ARG_DST, y},
        {DNNL_ARG_SCRATCHPAD, scratchpad},
    };
    DNNL_TRY(dnnl_primitive_execute, conv->forward.primitive, stream, 5, arguments);
    return 0;
}
