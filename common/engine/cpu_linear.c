/* Fully connected layer: dot products over the activation as it lies; the weights are packed into
 * its order once per step, with zeros where its channels are padded. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vector.h"
#include "engine/cpu.h"

struct linear {
    int64_t inputs; /* floats of the input, padding included */
    int64_t *place; /* of input element (c,y,x), counted in C,H,W order */
    float *weights; /* (K, inputs) */
};

static int linear_open(struct cpu_op *op)
{
    struct linear *linear = op->own = memory_zeroed(1, sizeof *linear, "linear layer");
    if (!linear)
        return STATUS_FAILED;
    const struct layout *in = &op->in;
    const int64_t b = in->block, plane = (int64_t)in->shape.h * in->shape.w;
    linear->inputs = layout_count(in);
    linear->place = memory_zeroed((size_t)shape_count(in->shape), sizeof *linear->place, "places");
    linear->weights =
        memory_zeroed((size_t)(op->layer->out.c * linear->inputs), sizeof(float), "packed weights");
    if (!linear->place || !linear->weights)
        return STATUS_FAILED;
    for (int64_t c = 0; c < in->shape.c; c++)
        for (int64_t i = 0; i < plane; i++)
            linear->place[c * plane + i] = (c / b * plane + i) * b + c % b;
    op->out = (struct layout){op->layer->out, 1, dnnl_nchw};
    op->gradient_count = op->layer->out.c * (linear->inputs + 1);
    return 0;
}

static void linear_close(struct cpu_op *op)
{
    struct linear *linear = op->own;
    if (!linear)
        return;
    free(linear->place);
    free(linear->weights);
    free(linear);
    op->own = NULL;
}

static int linear_pack(const struct cpu_op *op)
{
    const struct linear *linear = op->own;
    const float *plain = op->slabs->values[ENGINE_PARAMETERS] + op->layer->weight;
    const int64_t count = shape_count(op->in.shape);
    for (int k = 0; k < op->layer->out.c; k++)
        for (int64_t i = 0; i < count; i++)
            linear->weights[k * linear->inputs + linear->place[i]] = plain[k * count + i];
    return 0;
}

static int linear_unpack(const struct cpu_op *op, float *packed)
{
    const struct linear *linear = op->own;
    float *gradient = op->slabs->values[ENGINE_GRADIENT];
    const int64_t count = shape_count(op->in.shape);
    const int K = op->layer->out.c;
    for (int k = 0; k < K; k++)
        for (int64_t i = 0; i < count; i++)
            gradient[op->layer->weight + k * count + i] =
                packed[k * linear->inputs + linear->place[i]];
    memcpy(gradient + op->layer->bias, packed + K * linear->inputs, (size_t)K * sizeof(float));
    return 0;
}

/* Partial sums by i % 16, so that the order of additions is the same for any vector width. */
VECTOR_CLONES static float dot(const float *restrict a, const float *restrict b, int64_t count)
{
    float partial[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int j = 0; j < 16; j++)
            partial[j] += a[i + j] * b[i + j];
    float sum = 0;
    for (; i < count; i++)
        sum += a[i] * b[i];
    for (int j = 0; j < 16; j++)
        sum += partial[j];
    return sum;
}

/* y += a x */
VECTOR_CLONES static void add_scaled(float *restrict y, float a, const float *restrict x,
                                     int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] += a * x[i];
}

static int linear_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct linear *linear = op->own;
    const float *bias = op->slabs->values[ENGINE_PARAMETERS] + op->layer->bias;
    for (int k = 0; k < op->layer->out.c; k++)
        slot->y[k] = bias[k] + dot(linear->weights + k * linear->inputs, slot->x, linear->inputs);
    return 0;
}

static int linear_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const struct linear *linear = op->own;
    const int64_t inputs = linear->inputs;
    const int K = op->layer->out.c;
    if (op->wants_dx)
        memset(slot->dx, 0, (size_t)inputs * sizeof(float));
    for (int k = 0; k < K; k++) {
        add_scaled(slot->gradient + k * inputs, slot->dy[k], slot->x, inputs);
        slot->gradient[K * inputs + k] += slot->dy[k];
        if (op->wants_dx)
            add_scaled(slot->dx, slot->dy[k], linear->weights + k * inputs, inputs);
    }
    return 0;
}

const struct cpu_op_table cpu_linear = {
    .open = linear_open,
    .close = linear_close,
    .pack = linear_pack,
    .unpack = linear_unpack,
    .forward = linear_forward,
    .backward = linear_backward,
};
