#include "engine/cpu_sparse.h"

#include <string.h>

#include "base/vector.h"

enum { LANES = 8, PATCH = 9 * LANES };

typedef float float8 __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static int groups(const struct cpu_op *op)
{
    return (op->in.shape.c + LANES - 1) / LANES;
}

/* With those that only oneDNN sees. */
static int packed_groups(const struct cpu_op *op)
{
    return (conv_channels(&op->in) + LANES - 1) / LANES;
}

/* Floats between two channel groups of a padded input. */
static int64_t group_stride(const struct cpu_op *op)
{
    return (int64_t)(op->in.shape.h + 2) * (op->in.shape.w + 2) * LANES;
}

int64_t sparse_padded_count(const struct cpu_op *op)
{
    return groups(op) * group_stride(op);
}

int64_t sparse_weights_count(const struct cpu_op *op)
{
    return (int64_t)op->out.shape.c * packed_groups(op) * PATCH;
}

/* Where row i, column 0 of channel c stands. */
static int64_t plain_row(const struct layout *x, int c, int i)
{
    return ((int64_t)(c / x->block) * x->shape.h + i) * x->shape.w * x->block + c % x->block;
}

/* Between the layout of the input and the padded order, one way or the other. */
static void copy_rows(const struct cpu_op *op, float *x, float *padded, int to_padded)
{
    const struct layout *in = &op->in;
    const int b = in->block, whole = b % LANES == 0;
    for (int c = 0; c < in->shape.c; c += whole ? LANES : 1)
        for (int i = 0; i < in->shape.h; i++) {
            const int64_t line = (int64_t)(i + 1) * (in->shape.w + 2) + 1;
            float *from = x + plain_row(in, c, i);
            float *to = padded + c / LANES * group_stride(op) + line * LANES + c % LANES;
            for (int j = 0; j < in->shape.w; j++, from += b, to += LANES) {
                float *source = to_padded ? from : to, *target = to_padded ? to : from;
                if (whole)
                    *(float8 *)target = *(const float8 *)source;
                else
                    *target = *source;
            }
        }
}

void sparse_pad(const struct cpu_op *op, float *x, float *padded)
{
    memset(padded, 0, (size_t)sparse_padded_count(op) * sizeof *padded);
    copy_rows(op, x, padded, 1);
}

void sparse_unpad(const struct cpu_op *op, float *padded, float *x)
{
    copy_rows(op, x, padded, 0);
}

static int64_t packed_place(const struct cpu_op *op, int k, int c, int term)
{
    return ((int64_t)(k * packed_groups(op) + c / LANES) * 9 + term) * LANES + c % LANES;
}

void sparse_pack(const struct cpu_op *op, const float *w, float *packed)
{
    for (int k = 0; k < op->out.shape.c; k++)
        for (int c = 0; c < op->in.shape.c; c++)
            for (int term = 0; term < 9; term++)
                packed[packed_place(op, k, c, term)] = *w++;
}

void sparse_unpack(const struct cpu_op *op, const float *packed, float *w)
{
    for (int k = 0; k < op->out.shape.c; k++)
        for (int c = 0; c < op->in.shape.c; c++)
            for (int term = 0; term < 9; term++)
                *w++ = packed[packed_place(op, k, c, term)];
}

/* One output channel and one row of windows: `width` differentials d, winners q, both `step`
 * apart; x: the padded input rows of this channel group, from the one above the upper row of the
 * windows; `line` vectors to a row. Nine sums stay in registers; each row is
 * summed by itself before it joins the others, which keeps the rounding error of thousands of terms
 * at that of a few dozen. Returns the sum of d. */
VECTOR_FMA static float weights_row(int width, int pooled, int step, int line,
                                    const float *restrict d, const uint8_t *restrict q,
                                    const float *restrict x, float *restrict dw)
{
    const float8 zero = {0};
    float8 s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero;
    float8 s5 = zero, s6 = zero, s7 = zero, s8 = zero;
    float sum_d = 0;
    for (int j = 0; j < width; j++) {
        const int winner = q[j * step];
        const float8 *a = (const float8 *)x + (winner >> 1) * line + (j << pooled) + (winner & 1);
        const float8 *b = a + line, *c = b + line;
        const float dj = d[j * step];
        s0 += dj * a[0], s1 += dj * a[1], s2 += dj * a[2];
        s3 += dj * b[0], s4 += dj * b[1], s5 += dj * b[2];
        s6 += dj * c[0], s7 += dj * c[1], s8 += dj * c[2];
        sum_d += dj;
    }
    float8 *sum = (float8 *)dw;
    sum[0] += s0, sum[1] += s1, sum[2] += s2, sum[3] += s3, sum[4] += s4;
    sum[5] += s5, sum[6] += s6, sum[7] += s7, sum[8] += s8;
    return sum_d;
}

/* The same walk the other way: nine weights stay in registers. */
VECTOR_FMA static void data_row(int width, int pooled, int step, int line, const float *restrict d,
                                const uint8_t *restrict q, const float *restrict w,
                                float *restrict dx)
{
    const float8 *term = (const float8 *)w;
    const float8 w0 = term[0], w1 = term[1], w2 = term[2], w3 = term[3], w4 = term[4];
    const float8 w5 = term[5], w6 = term[6], w7 = term[7], w8 = term[8];
    for (int j = 0; j < width; j++) {
        const int winner = q[j * step];
        float8 *a = (float8 *)dx + (winner >> 1) * line + (j << pooled) + (winner & 1);
        float8 *b = a + line, *c = b + line;
        const float dj = d[j * step];
        a[0] += dj * w0, a[1] += dj * w1, a[2] += dj * w2;
        b[0] += dj * w3, b[1] += dj * w4, b[2] += dj * w5;
        c[0] += dj * w6, c[1] += dj * w7, c[2] += dj * w8;
    }
}

/* Rows outside, channels inside: the four input rows under a row of windows stay in the cache. */
void sparse_backward_weights(const struct cpu_op *op, const float *dy, const uint8_t *winner,
                             const float *padded, float *dw, float *db)
{
    const struct layout *y = &op->out;
    const int line = op->in.shape.w + 2, G = groups(op), P = packed_groups(op);
    for (int i = 0; i < y->shape.h; i++)
        for (int k = 0; k < y->shape.c; k++) {
            const int64_t row = plain_row(y, k, i);
            const float *x = padded + (int64_t)(i << op->pooled) * line * LANES;
            float sum_d = 0;
            for (int g = 0; g < G; g++)
                sum_d = weights_row(y->shape.w, op->pooled, y->block, line, dy + row, winner + row,
                                    x + g * group_stride(op), dw + (int64_t)(k * P + g) * PATCH);
            db[k] += sum_d;
        }
}

void sparse_backward_data(const struct cpu_op *op, const float *dy, const uint8_t *winner,
                          const float *packed, float *padded_dx)
{
    const struct layout *y = &op->out;
    const int line = op->in.shape.w + 2, G = groups(op), P = packed_groups(op);
    for (int i = 0; i < y->shape.h; i++)
        for (int k = 0; k < y->shape.c; k++) {
            const int64_t row = plain_row(y, k, i);
            float *dx = padded_dx + (int64_t)(i << op->pooled) * line * LANES;
            for (int g = 0; g < G; g++)
                data_row(y->shape.w, op->pooled, y->block, line, dy + row, winner + row,
                         packed + (int64_t)(k * P + g) * PATCH, dx + g * group_stride(op));
        }
}
