#include "eval/changes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "base/vector.h"
#include "image/image.h"

static uint8_t nearest_byte(double value)
{
    return (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : lrint(value));
}

int change_jpeg(double quality, int64_t row, int size, uint8_t *frame)
{
    (void)row;
    uint8_t *bytes;
    size_t byte_count;
    struct image image = {0};
    struct image_facts facts;
    TRY(image_encode(frame, size, size, (int)quality, &bytes, &byte_count));
    int status = image_decode(bytes, byte_count, &image, &facts);
    if (status == 0 && facts.verdict != VERDICT_ACCEPTED)
        status = fail(STATUS_FAILED, "a frame encoded at quality %g: %s", quality, facts.reason);
    if (status == 0)
        memcpy(frame, image.pixels, (size_t)size * (size_t)size * 3);
    image_release(&image);
    free(bytes);
    return status;
}

int change_downscale(double factor, int64_t row, int size, uint8_t *frame)
{
    (void)row;
    int small = size > factor ? (int)(size / factor + 0.5) : 1;
    struct image image = {.width = size, .height = size, .pixels = frame};
    struct image reduced = {.width = small, .height = small};
    struct resizer *resizer = NULL;
    int status;
    reduced.pixels = memory_zeroed((size_t)small * (size_t)small, 3, "a reduced frame");
    TRY_OR(done, reduced.pixels ? resizer_create(&resizer) : STATUS_FAILED);
    TRY_OR(done, image_resize(resizer, &image, small, small, reduced.pixels));
    TRY_OR(done, image_resize(resizer, &reduced, size, size, frame));
done:
    resizer_destroy(&resizer);
    free(reduced.pixels);
    return status;
}

/* ---- blur -------------------------------------------------------------------------------------*/

/* sum[i] += weight * values[i] */
VECTOR_CLONES static void add_scaled(double *restrict sum, const double *restrict values,
                                     double weight, int count)
{
    for (int i = 0; i < count; i++)
        sum[i] += weight * values[i];
}

/* w[i] ~ exp(-(i - radius)^2 / 2 sigma^2), of sum 1 */
static void fill_gaussian(double *weights, int radius, double sigma)
{
    double sum = 0;
    for (int i = 0; i <= 2 * radius; i++)
        sum += weights[i] = exp(-0.5 * (i - radius) * (i - radius) / (sigma * sigma));
    for (int i = 0; i <= 2 * radius; i++)
        weights[i] /= sum;
}

static int clamp(int at, int size)
{
    return at < 0 ? 0 : at >= size ? size - 1 : at;
}

/* Rows first, each behind and before copies of its edge pixels; then columns, a whole row of the
 * frame at a time. Nothing is rounded in between. */
int change_blur(double sigma, int64_t row, int size, uint8_t *frame)
{
    (void)row;
    const int radius = (int)(4 * sigma + 0.5), taps = 2 * radius + 1, width = 3 * size;
    const size_t padded_count = (size_t)(width + 6 * radius);
    double *block = memory_zeroed((size_t)taps + padded_count + (size_t)width * (size_t)(size + 1),
                                  sizeof *block, "a blurred frame");
    if (!block)
        return STATUS_FAILED;
    double *weights = block, *padded = weights + taps, *sum = padded + padded_count;
    double *rows = sum + width;
    fill_gaussian(weights, radius, sigma);
    for (int y = 0; y < size; y++) {
        for (int x = -radius; x < size + radius; x++)
            for (int c = 0; c < 3; c++)
                padded[3 * (x + radius) + c] = frame[y * width + 3 * clamp(x, size) + c];
        for (int k = 0; k < taps; k++)
            add_scaled(rows + (size_t)y * (size_t)width, padded + 3 * k, weights[k], width);
    }
    for (int y = 0; y < size; y++) {
        memset(sum, 0, (size_t)width * sizeof *sum);
        for (int k = 0; k < taps; k++)
            add_scaled(sum, rows + (size_t)clamp(y + k - radius, size) * (size_t)width, weights[k],
                       width);
        for (int i = 0; i < width; i++)
            frame[y * width + i] = nearest_byte(sum[i]);
    }
    free(block);
    return 0;
}

/* ---- noise, brightness ------------------------------------------------------------------------*/

/* Two bytes take two words of the row's stream (Box and Muller 1958). The pattern of a row is the
 * same at every sigma, so that strengths differ by nothing else. */
int change_noise(double sigma, int64_t row, int size, uint8_t *frame)
{
    const int count = size * size * 3;
    for (int k = 0; k < count; k += 2) {
        double u = (double)((random_at((uint64_t)row, (uint64_t)k) >> 11) + 1) * 0x1p-53;
        double v = (double)(random_at((uint64_t)row, (uint64_t)k + 1) >> 11) * 0x1p-53;
        double length = sigma * sqrt(-2 * log(u)), angle = 2 * acos(-1) * v;
        frame[k] = nearest_byte(frame[k] + length * cos(angle));
        if (k + 1 < count)
            frame[k + 1] = nearest_byte(frame[k + 1] + length * sin(angle));
    }
    return 0;
}

/* Cut, not rounded, as Pillow does it. */
int change_brightness(double factor, int64_t row, int size, uint8_t *frame)
{
    (void)row;
    for (int i = 0; i < size * size * 3; i++)
        frame[i] = (uint8_t)fmin(frame[i] * factor, 255);
    return 0;
}
