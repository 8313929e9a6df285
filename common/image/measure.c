#include "image/image.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/vector.h"

#include <stdlib.h>

/* L = (19595 R + 38470 G + 7471 B + 2^15) >> 16 of a line; returns the sum, which 32 bits hold for
 * any width that a JPEG can have. */
VECTOR_CLONES static uint32_t find_luma(const uint8_t *pixels, size_t width, uint8_t *luma)
{
    uint32_t sum = 0;
    for (size_t x = 0; x < width; x++) {
        uint32_t r = pixels[3 * x], g = pixels[3 * x + 1], b = pixels[3 * x + 2];
        luma[x] = (uint8_t)((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
    }
    for (size_t x = 0; x < width; x++)
        sum += luma[x];
    return sum;
}

/* Adds the Laplacians at line[first..end), and their squares, to sums[0] and sums[1]. */
VECTOR_CLONES static void add_laplacians(const uint8_t *line, size_t stride, size_t first,
                                         size_t end, int64_t sums[2])
{
    const uint8_t *above = line - stride, *below = line + stride;
    int32_t sum = 0;
    uint32_t squares = 0;
    for (size_t x = first; x < end; x++) {
        int32_t laplacian = above[x] + below[x] + line[x - 1] + line[x + 1] - 4 * line[x];
        sum += laplacian;
        squares += (uint32_t)(laplacian * laplacian);
    }
    sums[0] += sum;
    sums[1] += squares;
}

int image_measure(const uint8_t *pixels, int width, int height, double *brightness,
                  double *sharpness)
{
    enum { TOGETHER = 4096 }; /* squares, each at most (4 * 255)^2, that fit 32 bits */
    size_t w = (size_t)width, h = (size_t)height;
    uint8_t *luma = memory_aligned(w * h, 1, "luma");
    if (!luma)
        return STATUS_FAILED;
    uint64_t sum = 0;
    int64_t sums[2] = {0, 0};
    for (size_t y = 0; y < h; y++)
        sum += find_luma(pixels + 3 * y * w, w, luma + y * w);
    for (size_t y = 1; y + 1 < h; y++)
        for (size_t x = 1; x + 1 < w; x += TOGETHER)
            add_laplacians(luma + y * w, w, x, x + TOGETHER < w ? x + TOGETHER : w - 1, sums);
    double inner = w > 2 && h > 2 ? (double)((w - 2) * (h - 2)) : 1, mean = (double)sums[0] / inner;
    *brightness = (double)sum / (double)(w * h);
    *sharpness = (double)sums[1] / inner - mean * mean;
    free(luma);
    return 0;
}
