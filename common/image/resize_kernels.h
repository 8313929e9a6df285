/* The two passes of a resize, as kernels that can be exchanged: plain C is the reference, and every
 * other must give its bytes.
 *
 * A pass reduces one axis: output k is the weighted mean of the `count[k]` inputs from `first[k]`
 * on, in 22-bit fixed point (Pillow's):
 *     out = (2^21 + sum_i weight[i] in[first + i]) >> 22
 * The weights of an output sum to 2^22 up to their rounding and none is negative, so the sum fits
 * 31 bits; what rounding may add above 255 is clipped. */
#ifndef IMAGE_RESIZE_KERNELS_H
#define IMAGE_RESIZE_KERNELS_H

#include "image/image.h"

#define RESIZE_WEIGHT_BITS 22

/* Kernels take taps four at a time. Weights are padded with zeros to a multiple of four, and rows
 * can be read (not used) this far past their end. */
#define RESIZE_TAPS_TOGETHER 4
#define RESIZE_SLACK_BYTES   16

/* Weights in two digits, weight = high 2^11 + low, so that a product with a byte fits the 16-bit
 * multiply-and-add of vector units. */
#define RESIZE_DIGIT_BITS 11
struct resize_digits {
    int16_t high[RESIZE_TAPS_TOGETHER], low[RESIZE_TAPS_TOGETHER];
};

struct resize_taps {
    int in, out;                  /* lengths of the axis */
    int stride;                   /* weights per output, padded */
    int *first, *count;           /* (out) */
    int32_t *weights;             /* (out, stride) */
    struct resize_digits *digits; /* (out, stride / RESIZE_TAPS_TOGETHER) */
};

struct resize_kernels {
    const char *name;
    /* in: rows of taps->in RGB pixels, in_stride bytes apart, RESIZE_SLACK_BYTES readable after the
     * last; out: as many rows of taps->out pixels, packed. */
    void (*horizontal)(const struct resize_taps *taps, const uint8_t *in, size_t in_stride,
                       int rows, uint8_t *out);
    /* in: packed rows of row_bytes, of which the first is row number first_row of the axis; out:
     * taps->out packed rows. */
    void (*vertical)(const struct resize_taps *taps, const uint8_t *in, int first_row,
                     size_t row_bytes, uint8_t *out);
};

extern const struct resize_kernels resize_plain;
/* NULL where this machine (or this build) has no AVX2. */
const struct resize_kernels *resize_avx2(void);

/* resizer_create with kernels of the caller's choice. */
int resizer_create_with(struct resizer **resizer, const struct resize_kernels *kernels);

#endif
