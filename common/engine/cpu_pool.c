/* LeakyReLU and max-pooling: loops of our own over whatever layout the convolutions chose. */
#include "base/vector.h"
#include "engine/cpu.h"

static int leaky_relu_open(struct cpu_op *op)
{
    op->out = op->in;
    op->in_place = 1;
    return 0;
}

/* Both operations choose by data that no branch predictor can learn, so they are written in vectors
 * of eight: a comparison gives -1 (all bits) where it holds and 0 elsewhere, a mask to choose by.
 */
typedef float float8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t int8x32 __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint8_t byte8 __attribute__((vector_size(8), aligned(1), may_alias));

#define SELECT(mask, a, b) ((float8)(((mask) & (int8x32)(a)) | (~(mask) & (int8x32)(b))))

/* With slope >= 0 the sign of y is the sign of x, so x need not be kept. The last vector may reach
 * into the room that every activation has behind its end. */
VECTOR_CLONES static void leaky_relu(float slope, int64_t count, float *values)
{
    for (float8 *y = (float8 *)values; (float *)y < values + count; y++)
        *y = SELECT(*y > 0, *y, slope * *y);
}

VECTOR_CLONES static void leaky_relu_gradient(float slope, int64_t count, const float *values,
                                              float *differentials)
{
    const float8 *y = (const float8 *)values;
    for (float8 *dy = (float8 *)differentials; (float *)dy < differentials + count; dy++, y++)
        *dy = SELECT(*y > 0, *dy, slope * *dy);
}

static int leaky_relu_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    leaky_relu(op->layer->slope, layout_count(&op->out), slot->y);
    return 0;
}

static void leaky_relu_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    if (op->wants_dx)
        leaky_relu_gradient(op->layer->slope, layout_count(&op->out), slot->y, slot->dy);
}

const struct cpu_op_table cpu_leaky_relu = {
    .open = leaky_relu_open,
    .forward = leaky_relu_forward,
    .backward = leaky_relu_backward,
};

/* ---- max-pooling: saved holds, per output element, which of the four won: 0 1 / 2 3 ------------
 */

/* One output row of `width` points of b channels; x and below are the two input rows. */
static void pool_row(int width, int b, const float *restrict x, const float *restrict below,
                     float *restrict y, uint8_t *restrict winner)
{
    for (int j = 0; j < width; j++, x += 2 * b, below += 2 * b)
        for (int i = 0; i < b; i++) {
            const float candidates[4] = {x[i], x[b + i], below[i], below[b + i]};
            int best = 0;
            for (int q = 1; q < 4; q++)
                if (candidates[q] > candidates[best])
                    best = q;
            y[j * b + i] = candidates[best];
            if (winner)
                winner[j * b + i] = (uint8_t)best;
        }
}

/* The same for blocks of 8 and 16, eight channels at a time. */
VECTOR_CLONES static void pool_row_8(int width, int b, const float *restrict x,
                                     const float *restrict below, float *restrict y,
                                     uint8_t *restrict winner)
{
    for (int j = 0; j < width; j++, x += 2 * b, below += 2 * b)
        for (int i = 0; i < b; i += 8) {
            const float8 x0 = *(const float8 *)(x + i), x1 = *(const float8 *)(x + b + i);
            const float8 x2 = *(const float8 *)(below + i), x3 = *(const float8 *)(below + b + i);
            /* each row's best, then the better row; on a tie the earlier stays */
            const int8x32 right = x1 > x0, right_below = x3 > x2;
            const float8 top = SELECT(right, x1, x0), bottom = SELECT(right_below, x3, x2);
            const int8x32 lower = bottom > top;
            *(float8 *)(y + j * b + i) = SELECT(lower, bottom, top);
            if (winner) {
                const int8x32 q = (lower & (2 - right_below)) | (~lower & -right);
                *(byte8 *)(winner + j * b + i) = __builtin_convertvector(q, byte8);
            }
        }
}

/* Rows of all channel groups follow one another, so the groups need no loop of their own. */
void pool_forward(const struct layout *out, const float *x, float *y, uint8_t *winner)
{
    const int b = out->block, width = out->shape.w, rows = layout_groups(out) * out->shape.h;
    for (int i = 0; i < rows; i++, x += 4 * width * b, y += width * b) {
        (b % 8 == 0 ? pool_row_8 : pool_row)(width, b, x, x + 2 * width * b, y, winner);
        if (winner)
            winner += width * b;
    }
}

static int max_pool_open(struct cpu_op *op)
{
    op->out = op->in;
    op->out.shape = op->layer->out;
    op->saved_bytes = (size_t)layout_count(&op->out);
    return 0;
}

static int max_pool_forward(const struct cpu_op *op, struct cpu_slot *slot)
{
    pool_forward(&op->out, slot->x, slot->y, slot->keep ? slot->saved : NULL);
    return 0;
}

/* dx = dy where the winner stood, else 0. */
static void max_pool_backward(const struct cpu_op *op, struct cpu_slot *slot)
{
    const int b = op->out.block, width = op->out.shape.w;
    const int points = op->wants_dx ? layout_groups(&op->out) * op->out.shape.h * width : 0;
    for (int p = 0; p < points; p++)
        for (int i = 0; i < b; i++)
            for (int q = 0; q < 4; q++) {
                const int row = 2 * (p / width) + q / 2, column = 2 * (p % width) + q % 2;
                slot->dx[(row * 2 * width + column) * b + i] =
                    slot->saved[p * b + i] == q ? slot->dy[p * b + i] : 0;
            }
}

const struct cpu_op_table cpu_max_pool = {
    .open = max_pool_open,
    .forward = max_pool_forward,
    .backward = max_pool_backward,
};
