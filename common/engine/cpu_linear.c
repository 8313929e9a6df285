/* Fully connected layer: dot products over the activation as it lies; the weights are packed into
 * its order once per step, with zeros where its channels are padded. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/vector.h"
#include "engine/cpu.h"

static int linear_open(struct cpu_op *op)
{
    const int64_t inputs = layout_count(&op->in);
    const int K = op->layer->out.c;
    op->own =
        memory_zeroed((size_t)(K * inputs), sizeof(float), "packed weights"); /* (K, inputs) */
    op->out = (struct layout){op->layer->out, 1, dnnl_nchw};
    op->gradient_count = K * (inputs + 1);
    return op->own ? 0 : STATUS_FAILED;
}

static void linear_close(struct cpu_op *op)
{
    free(op->own);
}

/* Between plain (K,C,H,W) and packed, one way or the other. */
static void reorder(const struct cpu_op *op, float *plain, float *packed, int to_packed)
{
    const struct layout *in = &op->in;
    const int64_t b = in->block, plane = (int64_t)in->shape.h * in->shape.w;
    for (int k = 0; k < op->layer->out.c; k++, packed += layout_count(in))
        for (int64_t c = 0; c < in->shape.c; c++, plain += plane) {
            float *channel = packed + c / b * plane * b + c % b;
            for (int64_t i = 0; i < plane; i++)
                if (to_packed)
                    channel[i * b] = plain[i];
                else
                    plain[i] = channel[i * b];
        }
}

static int linear_pack(const struct cpu_op *op)
{
    reorder(op, op->slabs->values[ENGINE_PARAMETERS] + op->layer->weight, op->own, 1);
    return 0;
}

static void linear_unpack(const struct cpu_op *op, float *packed)
{
    float *gradient = op->slabs->values[ENGINE_GRADIENT];
    const int K = op->layer->out.c;
    reorder(op, gradient + op->layer->weight, packed, 0);
    memcpy(gradient + op->layer->bias, packed + K * layout_count(&op->in),
           (size_t)K * sizeof(float));
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
    const float *bias = op->slabs->values[ENGINE_PARAMETERS] + op->layer->bias;
    const float *weights = op->own;
    const int64_t inputs = layout_count(&op->in);
    for (int k = 0; k < op->layer->out.c; k++)
        slot->y[k] = bias[k] + dot(weights + k * inputs, slot->x, inputs);
    return 0;
}

static void linear_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const float *weights = op->own;
    const int64_t inputs = layout_count(&op->in);
    const int K = op->layer->out.c;
    if (op->wants_dx)
        memset(slot->dx, 0, (size_t)inputs * sizeof(float));
    for (int k = 0; k < K; k++) {
        add_scaled(slot->gradient + k * inputs, slot->dy[k], slot->x, inputs);
        slot->gradient[K * inputs + k] += slot->dy[k];
        if (op->wants_dx)
            add_scaled(slot->dx, slot->dy[k], weights + k * inputs, inputs);
    }
}

const struct cpu_op_table cpu_linear = {
    .open = linear_open,
    .close = linear_close,
    .pack = linear_pack,
    .unpack = linear_unpack,
    .forward = linear_forward,
    .backward = linear_backward,
};
