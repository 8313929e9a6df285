/* A 3x3 convolution and, where one follows, the max-pooling behind it, as one operation.
 *
 * Forward is oneDNN's convolution, in the layout that it chooses for the output; before a pooling
 * it goes into scratch memory and only which of each four won is kept. Backward is ours and skips
 * the zeros (cpu_sparse.h): under a pooling, on two AVX2 cores, a third of the time of oneDNN's.
 *
 * Scratch memory is ours (scratchpad mode "user") and oneDNN keeps nothing between calls, so one
 * primitive serves all threads. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/cpu_sparse.h"

struct conv {
    tensor_desc x_desc, y_desc, weights_desc, bias_desc; /* y, weights: in any layout */
    tensor_desc parameters_desc;                         /* weights as sparse_pack makes them */
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t forward, reorder;
    dnnl_memory_t weights, packed, bias; /* as sparse_pack makes them, and as oneDNN wants them */
    float *parameters;                   /* behind weights and bias */
    int64_t weight_count;                /* floats, absent channels included */
    int64_t full_count;                  /* floats of the output before the pooling */
    int64_t scratchpad_count;            /* floats */
};

enum { MEMORY_X, MEMORY_Y, MEMORY_SCRATCHPAD };

static int64_t desc_floats(const_tensor_desc desc)
{
    return rounded_up((int64_t)(dnnl_memory_desc_get_size(desc) / sizeof(float)), 16);
}

static int describe(tensor_desc *desc, int a, int b, int c, int d, dnnl_format_tag_t tag)
{
    return tensor_desc_create(desc, 4, (dnnl_dims_t){a, b, c, d}, tag);
}

/* Names the layout that oneDNN has chosen for K channels. */
static int recognise(struct layout *layout, int K, const_tensor_desc chosen)
{
    static const struct layout known[] = {{.block = 8, .tag = dnnl_nChw8c},
                                          {.block = 16, .tag = dnnl_nChw16c},
                                          {.block = 1, .tag = dnnl_nchw}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        tensor_desc candidate;
        TRY(describe(&candidate, 1, K, layout->shape.h, layout->shape.w, known[i].tag));
        int equal = dnnl_memory_desc_equal(candidate, chosen);
        tensor_desc_destroy(&candidate);
        if (equal) {
            layout->tag = known[i].tag;
            layout->block = known[i].block;
            return 0;
        }
    }
    return fail(STATUS_FAILED, "oneDNN chose a layout that the cpu engine does not know; use "
                               "--device reference");
}

static int open_forward(struct conv *conv, dnnl_engine_t dnnl)
{
    dnnl_primitive_attr_t attributes;
    DNNL_TRY(dnnl_primitive_attr_create, &attributes);
    dnnl_status_t made =
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (made == dnnl_success)
        made = convolution_desc_create(&conv->desc, dnnl, dnnl_forward_training, conv->x_desc,
                                       conv->weights_desc, conv->bias_desc, conv->y_desc, NULL,
                                       attributes);
    dnnl_primitive_attr_destroy(attributes);
    if (made != dnnl_success)
        return fail(STATUS_FAILED, "oneDNN has no 3x3 convolution of this shape (%s)",
                    dnnl_status2str(made));
    DNNL_TRY(dnnl_primitive_create, &conv->forward, conv->desc);
    return 0;
}

/* What brings the parameters of C input and K output channels to oneDNN once per step. */
static int open_parameters(struct conv *conv, const struct cpu_op *op, int C, int K)
{
    const_tensor_desc wanted = dnnl_primitive_desc_query_md(conv->desc, dnnl_query_weights_md, 0);
    TRY(describe(&conv->parameters_desc, K, C, 3, 3,
                 sparse_lanes(op) == 16 ? dnnl_aBcd16b : dnnl_aBcd8b));
    conv->weight_count = desc_floats(conv->parameters_desc);
    conv->parameters = memory_zeroed((size_t)(conv->weight_count + K), sizeof(float), "weights");
    if (!conv->parameters)
        return STATUS_FAILED;
    DNNL_TRY(dnnl_memory_create, &conv->weights, conv->parameters_desc, op->dnnl, conv->parameters);
    DNNL_TRY(dnnl_memory_create, &conv->bias,
             dnnl_primitive_desc_query_md(conv->desc, dnnl_query_weights_md, 1), op->dnnl,
             conv->parameters + conv->weight_count);
    DNNL_TRY(dnnl_memory_create, &conv->packed, wanted, op->dnnl, DNNL_MEMORY_ALLOCATE);
    dnnl_primitive_desc_t desc;
    DNNL_TRY(dnnl_reorder_primitive_desc_create, &desc, conv->parameters_desc, op->dnnl, wanted,
             op->dnnl, NULL);
    dnnl_status_t made = dnnl_primitive_create(&conv->reorder, desc);
    dnnl_primitive_desc_destroy(desc);
    if (made != dnnl_success)
        return fail(STATUS_FAILED, "oneDNN: cannot reorder weights (%s)", dnnl_status2str(made));
    return 0;
}

/* Channels of the input as oneDNN is told of them: whole vectors of 8 and whole first
 * blocks, the absent ones with weights of zero. Told of others it finds nothing but its reference
 * loops, hundreds of times slower. (Block 1 is the frame, whose channels it takes as they are.) */
static int input_channels(const struct layout *x)
{
    int channels = x->block == 1 ? x->shape.c : (int)rounded_up(x->shape.c, 8);
    return channels > x->block ? channels : x->block;
}

static int conv_open(struct cpu_op *op)
{
    const struct shape in = op->layer->in, out = op->layer->out;
    const int C = input_channels(&op->in), K = (int)rounded_up(out.c, 8);
    struct conv *conv = op->own = memory_zeroed(1, sizeof *conv, "convolution");
    if (!conv)
        return STATUS_FAILED;
    TRY(describe(&conv->x_desc, 1, C, in.h, in.w, op->in.tag));
    TRY(describe(&conv->y_desc, 1, K, out.h, out.w, dnnl_format_tag_any));
    TRY(describe(&conv->weights_desc, K, C, 3, 3, dnnl_format_tag_any));
    TRY(tensor_desc_create(&conv->bias_desc, 1, (dnnl_dims_t){K}, dnnl_x));
    TRY(open_forward(conv, op->dnnl));
    TRY(open_parameters(conv, op, C, K));
    const_tensor_desc chosen = dnnl_primitive_desc_query_md(conv->desc, dnnl_query_dst_md, 0);
    op->out.shape = out;
    TRY(recognise(&op->out, K, chosen));
    if (op->pooled) {
        op->out.shape.h /= 2;
        op->out.shape.w /= 2;
        conv->full_count = desc_floats(chosen);
    }
    conv->scratchpad_count =
        desc_floats(dnnl_primitive_desc_query_md(conv->desc, dnnl_query_scratchpad_md, 0));
    op->saved_bytes = (size_t)layout_count(&op->out);
    op->gradient_count = sparse_weights_count(op) + out.c;
    op->scratch_count = conv->full_count + conv->scratchpad_count;
    if (op->scratch_count < sparse_padded_count(op))
        op->scratch_count = sparse_padded_count(op);
    return 0;
}

static void conv_close(struct cpu_op *op)
{
    struct conv *conv = op->own;
    if (!conv)
        return;
    dnnl_primitive_destroy(conv->forward);
    dnnl_primitive_destroy(conv->reorder);
    dnnl_primitive_desc_destroy(conv->desc);
    tensor_desc_destroy(&conv->x_desc);
    tensor_desc_destroy(&conv->y_desc);
    tensor_desc_destroy(&conv->weights_desc);
    tensor_desc_destroy(&conv->bias_desc);
    tensor_desc_destroy(&conv->parameters_desc);
    dnnl_memory_destroy(conv->weights);
    dnnl_memory_destroy(conv->packed);
    dnnl_memory_destroy(conv->bias);
    free(conv->parameters);
    free(conv);
}

static int conv_open_slot(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv *conv = op->own;
    DNNL_TRY(dnnl_memory_create, &slot->memories[MEMORY_X], conv->x_desc, op->dnnl, slot->x);
    DNNL_TRY(dnnl_memory_create, &slot->memories[MEMORY_Y],
             dnnl_primitive_desc_query_md(conv->desc, dnnl_query_dst_md, 0), op->dnnl,
             op->pooled ? slot->scratch : slot->y);
    DNNL_TRY(dnnl_memory_create, &slot->memories[MEMORY_SCRATCHPAD],
             dnnl_primitive_desc_query_md(conv->desc, dnnl_query_scratchpad_md, 0), op->dnnl,
             slot->scratch + conv->full_count);
    return 0;
}

static int conv_pack(const struct cpu_op *op)
{
    const struct conv *conv = op->own;
    const float *parameters = op->slabs->values[ENGINE_PARAMETERS];
    sparse_pack(op, parameters + op->layer->weight, conv->parameters);
    memcpy(conv->parameters + conv->weight_count, parameters + op->layer->bias,
           (size_t)op->layer->out.c * sizeof *parameters);
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, conv->weights}, {DNNL_ARG_TO, conv->packed}};
    DNNL_TRY(dnnl_primitive_execute, conv->reorder, op->stream, 2, arguments);
    DNNL_TRY(dnnl_stream_wait, op->stream);
    return 0;
}

static void conv_unpack(const struct cpu_op *op, float *packed)
{
    float *gradient = op->slabs->values[ENGINE_GRADIENT];
    sparse_unpack(op, packed, gradient + op->layer->weight);
    memcpy(gradient + op->layer->bias, packed + sparse_weights_count(op),
           (size_t)op->layer->out.c * sizeof *gradient);
}

static int conv_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv *conv = op->own;
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, slot->memories[MEMORY_X]},
        {DNNL_ARG_WEIGHTS, conv->packed},
        {DNNL_ARG_BIAS, conv->bias},
        {DNNL_ARG_DST, slot->memories[MEMORY_Y]},
        {DNNL_ARG_SCRATCHPAD, slot->memories[MEMORY_SCRATCHPAD]},
    };
    DNNL_TRY(dnnl_primitive_execute, conv->forward, slot->stream, 5, arguments);
    if (op->pooled)
        pool_forward(&op->out, slot->scratch, slot->y, slot->keep ? slot->saved : NULL);
    return 0;
}

static void conv_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct conv *conv = op->own;
    float *padded = slot->scratch;
    sparse_pad(op, slot->x, padded);
    sparse_backward_weights(op, slot->dy, slot->saved, padded, slot->gradient,
                            slot->gradient + sparse_weights_count(op));
    if (!op->wants_dx)
        return;
    memset(padded, 0, (size_t)sparse_padded_count(op) * sizeof *padded);
    sparse_backward_data(op, slot->dy, slot->saved, conv->parameters, padded);
    sparse_unpad(op, padded, slot->dx);
}

const char *cpu_conv_implementation(const struct cpu_op *op)
{
    const struct conv *conv = op->own;
    const char *name = "";
    dnnl_primitive_desc_query(conv->desc, dnnl_query_impl_info_str, 0, &name);
    return name;
}

const struct cpu_op_table cpu_conv = {
    .open = conv_open,
    .close = conv_close,
    .open_slot = conv_open_slot,
    .pack = conv_pack,
    .unpack = conv_unpack,
    .forward = conv_forward,
    .backward = conv_backward,
};
