/* The passes of a resize in plain C: the reference of the tests, and the fallback. */
#include "image/resize_kernels.h"

#define HALF (1 << (RESIZE_WEIGHT_BITS - 1))

#define STRETCH 64 /* bytes of a row summed together */

/* Many thousand rounded weights may sum to a little more than 1. */
static uint8_t byte_of(int32_t sum)
{
    int32_t value = sum >> RESIZE_WEIGHT_BITS;
    return value > 255 ? 255 : (uint8_t)value;
}

static void horizontal_plain(const struct resize_taps *taps, const uint8_t *in, size_t in_stride,
                             int rows, uint8_t *out)
{
    for (int row = 0; row < rows; row++, in += in_stride) {
        for (int x = 0; x < taps->out; x++, out += 3) {
            const uint8_t *pixel = in + (size_t)taps->first[x] * 3;
            const int32_t *weight = taps->weights + (size_t)x * taps->stride;
            int32_t red = HALF, green = HALF, blue = HALF;
            for (int i = 0; i < taps->count[x]; i++, pixel += 3) {
                red += weight[i] * pixel[0];
                green += weight[i] * pixel[1];
                blue += weight[i] * pixel[2];
            }
            out[0] = byte_of(red);
            out[1] = byte_of(green);
            out[2] = byte_of(blue);
        }
    }
}

/* One stretch of an output row; each input row is read in order. */
static inline void sum_columns(const uint8_t *in, size_t row_bytes, const int32_t *weights,
                               int tap_count, uint8_t *out, size_t column_count)
{
    int32_t sum[STRETCH];
    for (size_t b = 0; b < column_count; b++)
        sum[b] = HALF;
    for (int i = 0; i < tap_count; i++)
        for (size_t b = 0; b < column_count; b++)
            sum[b] += weights[i] * in[(size_t)i * row_bytes + b];
    for (size_t b = 0; b < column_count; b++)
        out[b] = byte_of(sum[b]);
}

static void vertical_plain(const struct resize_taps *taps, const uint8_t *in, int first_row,
                           size_t row_bytes, uint8_t *out)
{
    for (int y = 0; y < taps->out; y++, out += row_bytes) {
        const uint8_t *window = in + (size_t)(taps->first[y] - first_row) * row_bytes;
        const int32_t *weights = taps->weights + (size_t)y * taps->stride;
        size_t b = 0;
        for (; b + STRETCH <= row_bytes; b += STRETCH) /* a constant count: vectorised at -O2 */
            sum_columns(window + b, row_bytes, weights, taps->count[y], out + b, STRETCH);
        sum_columns(window + b, row_bytes, weights, taps->count[y], out + b, row_bytes - b);
    }
}

const struct resize_kernels resize_plain = {"plain", horizontal_plain, vertical_plain};
