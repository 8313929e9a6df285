/* The arithmetic of our own kernels, each a function of an index: compiled by nvcc for the device
 * (cuda_kernels.cu) and by gcc for the tests, which run the engine where there is no GPU.
 *
 * Activations are (N,H,W,C) with C padded with zeros to whole vectors of VECTOR channels, so that
 * every access is 16 bytes (float32) or 8 bytes (bfloat16) wide and cuDNN finds aligned channels.
 * A layer's values fit into 31 bits (cuda_reserve): indices are of 32, which divide much faster. */
#ifndef ENGINE_CUDA_BODIES_H
#define ENGINE_CUDA_BODIES_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <vector_types.h>

#include "model/model.h"

#ifdef __CUDACC__
#define DEVICE static __host__ __device__ __forceinline__
#else
#define DEVICE static inline
#endif

enum { VECTOR = 4 };

enum real { REAL_FLOAT32, REAL_BFLOAT16 };

static inline int real_bytes(enum real real)
{
    return real == REAL_FLOAT32 ? 4 : 2;
}

struct vector {
    float x[VECTOR];
};

/* bfloat16 is the upper half of a float32; to nearest, ties to even. */
DEVICE uint16_t bfloat16_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40); /* NaN stays NaN */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

DEVICE float bfloat16_value(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

DEVICE float real_load(const void *array, int64_t index, enum real real)
{
    return real == REAL_FLOAT32 ? ((const float *)array)[index]
                                : bfloat16_value(((const uint16_t *)array)[index]);
}

DEVICE void real_store(void *array, int64_t index, enum real real, float value)
{
    if (real == REAL_FLOAT32)
        ((float *)array)[index] = value;
    else
        ((uint16_t *)array)[index] = bfloat16_of(value);
}

/* Vector number `index` of an array of reals: one access each. */
DEVICE struct vector vector_load(const void *array, int64_t index, enum real real)
{
    if (real == REAL_FLOAT32) {
        const float4 f = ((const float4 *)array)[index];
        const struct vector v = {{f.x, f.y, f.z, f.w}};
        return v;
    }
    const uint2 u = ((const uint2 *)array)[index];
    uint16_t h[VECTOR];
    memcpy(h, &u, sizeof h);
    struct vector v;
    for (int c = 0; c < VECTOR; c++)
        v.x[c] = bfloat16_value(h[c]);
    return v;
}

DEVICE void vector_store(void *array, int64_t index, enum real real, struct vector v)
{
    if (real == REAL_FLOAT32) {
        const float4 f = {v.x[0], v.x[1], v.x[2], v.x[3]};
        ((float4 *)array)[index] = f;
        return;
    }
    uint2 u;
    uint16_t h[VECTOR];
    for (int c = 0; c < VECTOR; c++)
        h[c] = bfloat16_of(v.x[c]);
    memcpy(&u, h, sizeof u);
    ((uint2 *)array)[index] = u;
}

/* ---- which frames a step takes ---- */

/* Frame n of the batch is row n, or, with an order, row order[step * stride + n]: the step is read
 * on the device, so that one captured graph serves every step of an epoch. */
struct batch {
    const uint8_t *frames; /* (rows,H,W,3) */
    const uint8_t *labels; /* (rows) */
    const int32_t *order;  /* NULL: in row order */
    const int64_t *step;
    int64_t stride;
    int count; /* frames of the batch */
    int rows;  /* that there are, at least 1; the last stands for all behind it */
};

DEVICE int64_t batch_row(const struct batch *batch, int64_t n)
{
    n = n < batch->rows ? n : batch->rows - 1;
    return batch->order ? batch->order[*batch->step * batch->stride + n] : n;
}

/* ---- gather: uint8 rows to the first layer's input, value / 255 ---- */

struct gather_args {
    struct batch batch;
    int64_t pixels; /* of a frame */
    int channels;   /* padded */
    enum real real;
    void *x; /* (N,H,W,channels) */
};

/* index: pixel of the batch */
DEVICE void gather_at(const struct gather_args *a, uint32_t index)
{
    uint32_t n = index / (uint32_t)a->pixels, pixel = index % (uint32_t)a->pixels;
    const uint8_t *rgb = a->batch.frames + (batch_row(&a->batch, n) * a->pixels + pixel) * 3;
    struct vector v = {{(float)rgb[0] / 255.0f, (float)rgb[1] / 255.0f, (float)rgb[2] / 255.0f, 0}};
    const struct vector zero = {{0, 0, 0, 0}};
    int vectors = a->channels / VECTOR;
    vector_store(a->x, index * vectors, a->real, v);
    for (int i = 1; i < vectors; i++)
        vector_store(a->x, index * vectors + i, a->real, zero);
}

/* ---- a block's bias, LeakyReLU and 2x2 max-pooling ----
 *
 * LeakyReLU is increasing, so the pool may choose before it: of the convolution's output a only the
 * pooled quarter y and two bits per value, which of the four won, outlive the pass. The sign of y
 * tells on which side of zero the winner was. */

struct pool_args {
    int64_t positions; /* N h w */
    int h, w, vectors; /* of y: (N,h,w,channels); a is (N,2h,2w,channels) */
    int channels;      /* that are not padding */
    float slope;
    enum real real;
    const float *bias;
    const void *a;
    void *y;
    uint8_t *winners; /* one byte per vector: two bits per channel */
};

/* Vector of `a` that is candidate q = 2 row + column of output vector `index`. */
DEVICE int64_t pool_candidate(uint32_t h, uint32_t w, uint32_t vectors, uint32_t index, uint32_t q)
{
    uint32_t v = index % vectors, position = index / vectors;
    uint32_t j = position % w, i = position / w % h, n = position / w / h;
    return ((n * 2 * h + 2 * i + q / 2) * 2 * w + 2 * j + q % 2) * vectors + v;
}

/* index: vector of y */
DEVICE void pool_at(const struct pool_args *p, uint32_t index)
{
    struct vector best = {{0, 0, 0, 0}}, b;
    int winner[VECTOR] = {0, 0, 0, 0}, bits = 0;
    for (int c = 0; c < VECTOR; c++) {
        int channel = (int)(index % (uint32_t)p->vectors) * VECTOR + c;
        b.x[c] = channel < p->channels ? p->bias[channel] : 0;
    }
    for (int q = 0; q < 4; q++) {
        struct vector x =
            vector_load(p->a, pool_candidate(p->h, p->w, p->vectors, index, q), p->real);
        for (int c = 0; c < VECTOR; c++) {
            float z = x.x[c] + b.x[c];
            if (q == 0 || z > best.x[c]) {
                best.x[c] = z;
                winner[c] = q;
            }
        }
    }
    for (int c = 0; c < VECTOR; c++) {
        bits |= winner[c] << 2 * c;
        best.x[c] = best.x[c] > 0 ? best.x[c] : p->slope * best.x[c];
    }
    p->winners[index] = (uint8_t)bits;
    vector_store(p->y, index, p->real, best);
}

struct unpool_args {
    int64_t positions;
    int h, w, vectors;
    float slope;
    enum real real;
    const void *y, *dy;
    const uint8_t *winners;
    void *da;
    float *bias_parts; /* (parts, vectors * VECTOR): sums of the bias gradient */
};

/* Writes the four candidates of one vector, three of them zero; adds to the bias gradient. */
DEVICE void unpool_at(const struct unpool_args *u, uint32_t index, struct vector *bias)
{
    struct vector y = vector_load(u->y, index, u->real), g = vector_load(u->dy, index, u->real);
    int bits = u->winners[index];
    for (int c = 0; c < VECTOR; c++) {
        g.x[c] = y.x[c] > 0 ? g.x[c] : u->slope * g.x[c];
        bias->x[c] += g.x[c];
    }
    for (int q = 0; q < 4; q++) {
        struct vector out;
        for (int c = 0; c < VECTOR; c++)
            out.x[c] = (bits >> 2 * c & 3) == q ? g.x[c] : 0;
        vector_store(u->da, pool_candidate(u->h, u->w, u->vectors, index, q), u->real, out);
    }
}

/* ---- the linear unit: logit[n] = b + sum over i of w[i] x[n,i] ---- */

struct linear_args {
    int64_t vectors; /* of a frame's x */
    int count, parts;
    enum real real;
    const void *x;
    const float *weight; /* (H,W,C) order, padding zero */
    const float *bias;
    float *logits;
    const float *dlogits;
    void *dx;
    float *weight_parts; /* (parts, vectors * VECTOR) */
};

/* Part `lane` of `lanes` of frame n's product. */
DEVICE float linear_lane(const struct linear_args *l, int64_t n, int lane, int lanes)
{
    float sum = 0;
    for (int64_t i = lane; i < l->vectors; i += lanes) {
        struct vector x = vector_load(l->x, n * l->vectors + i, l->real);
        struct vector w = vector_load(l->weight, i, REAL_FLOAT32);
        for (int c = 0; c < VECTOR; c++)
            sum += x.x[c] * w.x[c];
    }
    return sum;
}

/* index: (part, vector). The part's sum of the weight gradient, then dx: loads wait for stores. */
DEVICE void linear_backward_at(const struct linear_args *l, int64_t index)
{
    int64_t part = index / l->vectors, i = index % l->vectors;
    int64_t first = part * l->count / l->parts, end = (part + 1) * l->count / l->parts;
    struct vector x, w = vector_load(l->weight, i, REAL_FLOAT32), sum = {{0, 0, 0, 0}};
    for (int64_t n = first; n < end; n++) {
        x = vector_load(l->x, n * l->vectors + i, l->real);
        for (int c = 0; c < VECTOR; c++)
            sum.x[c] += l->dlogits[n] * x.x[c];
    }
    vector_store(l->weight_parts, index, REAL_FLOAT32, sum);
    for (int64_t n = first; n < end; n++) {
        const float d = l->dlogits[n];
        const struct vector dx = {{d * w.x[0], d * w.x[1], d * w.x[2], d * w.x[3]}};
        vector_store(l->dx, n * l->vectors + i, l->real, dx);
    }
}

/* ---- the loss (formulas: model.h), summed per step and left on the device ---- */

struct loss_args {
    struct batch batch;
    float scale;
    const float *logits;
    float *dlogits;
    float *bias_gradient; /* of the linear unit: the sum of dlogits */
    double *sums;         /* (steps, 2): loss and correct rows; NULL: not wanted */
};

struct loss_sums {
    double loss, correct, gradient;
};

/* index: frame of the batch */
DEVICE void loss_at(const struct loss_args *l, int64_t index, struct loss_sums *sums)
{
    const double z = l->logits[index];
    const int y = l->batch.labels[batch_row(&l->batch, index)];
    const double t = y ? -z : z;
    const double loss = fmax(t, 0.0) + log1p(exp(-fabs(t)));
    sums->loss += loss > 100 ? 100 : loss; /* and NaN stays NaN */
    sums->correct += ((float)(1 / (1 + exp(-z))) > 0.5f) == (y == 1);
    l->dlogits[index] = l->scale * (float)(y ? -1 / (1 + exp(z)) : 1 / (1 + exp(-z)));
    sums->gradient += l->dlogits[index];
}

/* ---- between the slabs (state_dict order) and the layouts of the kernels ---- */

enum view_kind { VIEW_CONV_WEIGHT, VIEW_CONV_BIAS, VIEW_LINEAR_WEIGHT, VIEW_LINEAR_BIAS };

struct view {
    enum view_kind kind;
    int64_t offset;       /* of its floats in the slab */
    int channels, padded; /* input channels (linear: channels of x) and their padded number */
    int64_t plane;        /* linear: H W of x */
    int64_t part_length;  /* of sums in parts: floats of a part */
    int parts;
    const void *gradient; /* conv weight: reals (K,3,3,padded); else float sums (parts, length) */
    void *packed;         /* the parameters in the layout of the kernels; NULL: read in the slab */
};

struct slab_args {
    int64_t count;
    int view_count;
    enum real real;
    float learning_rate;
    float *parameters, *gradient, *square_avg;
    int64_t *step; /* counted up by the update; NULL: not */
    struct view views[MODEL_TENSORS_MAX];
};

DEVICE const struct view *slab_view(const struct slab_args *s, int64_t index)
{
    int v = 0;
    while (v + 1 < s->view_count && index >= s->views[v + 1].offset)
        v++;
    return &s->views[v];
}

/* Where element i of a tensor stands in the layout of the kernels: (K,C,3,3) in (K,3,3,padded),
 * (C,H,W) in (H,W,padded), a bias where it is. */
DEVICE int64_t view_place(const struct view *view, int64_t i)
{
    if (view->kind == VIEW_CONV_WEIGHT) {
        int64_t tap = i % 9, c = i / 9 % view->channels, k = i / 9 / view->channels;
        return (k * 9 + tap) * view->padded + c;
    }
    if (view->kind == VIEW_LINEAR_WEIGHT)
        return i % view->plane * view->padded + i / view->plane;
    return i;
}

/* index: element of the slab */
DEVICE void collect_at(const struct slab_args *s, int64_t index)
{
    const struct view *view = slab_view(s, index);
    int64_t place = view_place(view, index - view->offset);
    float sum = 0;
    if (view->kind == VIEW_CONV_WEIGHT)
        sum = real_load(view->gradient, place, s->real);
    else
        for (int part = 0; part < view->parts; part++)
            sum += ((const float *)view->gradient)[part * view->part_length + place];
    s->gradient[index] = sum;
}

DEVICE void pack_at(const struct slab_args *s, int64_t index)
{
    const struct view *view = slab_view(s, index);
    int64_t place = view_place(view, index - view->offset);
    if (view->kind == VIEW_CONV_WEIGHT)
        real_store(view->packed, place, s->real, s->parameters[index]);
    else if (view->packed)
        ((float *)view->packed)[place] = s->parameters[index];
}

/* RMSprop (formula: model.h), then the packed copy. */
DEVICE void update_at(const struct slab_args *s, int64_t index)
{
    const float a = 0.99f, one_minus_a = (float)(1 - 0.99), epsilon = 1e-8f;
    float g = s->gradient[index];
    float v = a * s->square_avg[index] + one_minus_a * g * g;
    s->square_avg[index] = v;
    s->parameters[index] -= s->learning_rate * g / (sqrtf(v) + epsilon);
    pack_at(s, index);
    if (index == 0 && s->step)
        ++*s->step;
}

#endif
