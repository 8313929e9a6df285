#include "engine/cpu_sparse.h"

#include <string.h>

#define LANES 8
#include "engine/cpu_sparse_rows.h"
#define LANES 16
#include "engine/cpu_sparse_rows.h"

/* oneDNN chooses blocks of 16 where vectors are that wide. */
int sparse_lanes(const struct cpu_op *op)
{
    return op->in.block == 16 ? 16 : 8;
}

static int groups(const struct cpu_op *op)
{
    return (op->in.shape.c + sparse_lanes(op) - 1) / sparse_lanes(op);
}

/* Floats of the 3x3 weights of a channel group. */
static int patch_count(const struct cpu_op *op)
{
    return 9 * sparse_lanes(op);
}

/* Floats between two channel groups of a padded input. */
static int64_t group_stride(const struct cpu_op *op)
{
    return (int64_t)(op->in.shape.h + 2) * (op->in.shape.w + 2) * sparse_lanes(op);
}

int64_t sparse_padded_count(const struct cpu_op *op)
{
    return groups(op) * group_stride(op);
}

int64_t sparse_weights_count(const struct cpu_op *op)
{
    return (int64_t)op->out.shape.c * groups(op) * patch_count(op);
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
    const int b = in->block, lanes = sparse_lanes(op), whole = b == lanes;
    for (int c = 0; c < in->shape.c; c += whole ? lanes : 1)
        for (int i = 0; i < in->shape.h; i++) {
            const int64_t line = (int64_t)(i + 1) * (in->shape.w + 2) + 1;
            float *from = x + plain_row(in, c, i);
            float *to = padded + c / lanes * group_stride(op) + line * lanes + c % lanes;
            if (whole) { /* the row lies together in both */
                memcpy(to_padded ? to : from, to_padded ? from : to,
                       (size_t)(in->shape.w * lanes) * sizeof *x);
                continue;
            }
            for (int j = 0; j < in->shape.w; j++, from += b, to += lanes)
                *(to_padded ? to : from) = *(to_padded ? from : to);
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
    const int lanes = sparse_lanes(op);
    return ((int64_t)(k * groups(op) + c / lanes) * 9 + term) * lanes + c % lanes;
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

/* Rows outside, channels inside: the four input rows under a row of windows stay in the cache. */
void sparse_backward_weights(const struct cpu_op *op, const float *dy, const uint8_t *winner,
                             const float *padded, float *dw, float *db)
{
    const struct layout *y = &op->out;
    const int line = op->in.shape.w + 2, G = groups(op), patch = patch_count(op);
    const int lanes = sparse_lanes(op);
    float (*const weights_row)(int, int, int, int, const float *, const uint8_t *, const float *,
                               float *) = lanes == 16 ? weights_row_16 : weights_row_8;
    for (int i = 0; i < y->shape.h; i++)
        for (int k = 0; k < y->shape.c; k++) {
            const int64_t row = plain_row(y, k, i);
            const float *x = padded + (int64_t)(i << op->pooled) * line * lanes;
            float sum_d = 0;
            for (int g = 0; g < G; g++)
                sum_d = weights_row(y->shape.w, op->pooled, y->block, line, dy + row, winner + row,
                                    x + g * group_stride(op), dw + (int64_t)(k * G + g) * patch);
            db[k] += sum_d;
        }
}

void sparse_backward_data(const struct cpu_op *op, const float *dy, const uint8_t *winner,
                          const float *packed, float *padded_dx)
{
    const struct layout *y = &op->out;
    const int line = op->in.shape.w + 2, G = groups(op), patch = patch_count(op);
    const int lanes = sparse_lanes(op);
    void (*const data_row)(int, int, int, int, const float *, const uint8_t *, const float *,
                           float *) = lanes == 16 ? data_row_16 : data_row_8;
    for (int i = 0; i < y->shape.h; i++)
        for (int k = 0; k < y->shape.c; k++) {
            const int64_t row = plain_row(y, k, i);
            float *dx = padded_dx + (int64_t)(i << op->pooled) * line * lanes;
            for (int g = 0; g < G; g++)
                data_row(y->shape.w, op->pooled, y->block, line, dy + row, winner + row,
                         packed + (int64_t)(k * G + g) * patch, dx + g * group_stride(op));
        }
}
