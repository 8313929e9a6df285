/* Pillow's BILINEAR resize, to the byte.
 *
 * With scale = in / out and support = max(scale, 1), output k looks at the inputs whose centres lie
 * around its own, centre = (k + 1/2) scale, within the support (rounded as below), under a
 * triangle: weight(i) ~ 1 - |i + 1/2 - centre| / support normalised to sum 1 in double precision
 * and rounded to 22-bit fixed point. The horizontal pass comes first, over those rows only that the
 * vertical one needs; between the passes stand bytes. A pass that would not change the size is
 * skipped.
 *
 * The tables of weights are kept between calls, since frames of one clip share their size. */
#include "image/resize_kernels.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct resizer {
    const struct resize_kernels *kernels;
    struct resize_taps horizontal, vertical;
    uint8_t *rows; /* the image after the horizontal pass */
    size_t rows_bytes;
    uint8_t *tail; /* the last rows of the input, with slack after them */
    size_t tail_bytes;
};

/* ---- weights ----------------------------------------------------------------------------------*/

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static void taps_release(struct resize_taps *taps)
{
    free(taps->first);
    free(taps->count);
    free(taps->weights);
    free(taps->digits);
    *taps = (struct resize_taps){0};
}

static int taps_allocate(struct resize_taps *taps, int in, int out)
{
    double scale = (double)in / out;
    double support = scale < 1 ? 1 : scale;
    int widest = (int)ceil(support) * 2 + 1;
    size_t groups = (size_t)(widest + RESIZE_TAPS_TOGETHER - 1) / RESIZE_TAPS_TOGETHER;
    size_t weight_count = (size_t)out * groups * RESIZE_TAPS_TOGETHER;
    taps->stride = (int)groups * RESIZE_TAPS_TOGETHER;
    taps->first = memory_zeroed((size_t)out, sizeof *taps->first, "resize windows");
    taps->count = memory_zeroed((size_t)out, sizeof *taps->count, "resize windows");
    taps->weights = memory_zeroed(weight_count, sizeof *taps->weights, "resize weights");
    taps->digits = memory_zeroed((size_t)out * groups, sizeof *taps->digits, "resize weights");
    if (!taps->first || !taps->count || !taps->weights || !taps->digits) {
        taps_release(taps);
        return STATUS_FAILED;
    }
    taps->in = in;
    taps->out = out;
    return STATUS_OK;
}

/* The order of these operations is Pillow's; another order would round otherwise now and then. */
static void taps_fill_window(struct resize_taps *taps, int k)
{
    double scale = (double)taps->in / taps->out;
    double support = scale < 1 ? 1 : scale;
    double inverse = 1 / support;
    double centre = (k + 0.5) * scale;
    int first = (int)(centre - support + 0.5);
    int end = (int)(centre + support + 0.5);
    first = first < 0 ? 0 : first;
    end = end > taps->in ? taps->in : end;
    taps->first[k] = first;
    taps->count[k] = end - first;

    int32_t *weights = taps->weights + (size_t)k * taps->stride;
    struct resize_digits *digits = taps->digits + (size_t)k * taps->stride / RESIZE_TAPS_TOGETHER;
    double sum = 0;
    for (int i = 0; i < end - first; i++)
        sum += triangle((i + first - centre + 0.5) * inverse);
    for (int i = 0; i < end - first; i++) {
        double share = triangle((i + first - centre + 0.5) * inverse) / sum;
        weights[i] = (int32_t)(0.5 + share * (1 << RESIZE_WEIGHT_BITS));
        int g = i / RESIZE_TAPS_TOGETHER, within = i % RESIZE_TAPS_TOGETHER;
        digits[g].high[within] = (int16_t)(weights[i] >> RESIZE_DIGIT_BITS);
        digits[g].low[within] = (int16_t)(weights[i] & ((1 << RESIZE_DIGIT_BITS) - 1));
    }
}

static int taps_prepare(struct resize_taps *taps, int in, int out)
{
    if (taps->in == in && taps->out == out)
        return STATUS_OK;
    taps_release(taps);
    TRY(taps_allocate(taps, in, out));
    for (int k = 0; k < out; k++)
        taps_fill_window(taps, k);
    return STATUS_OK;
}

/* ---- the two passes ---------------------------------------------------------------------------*/

static int grow(uint8_t **block, size_t *block_bytes, size_t needed_bytes)
{
    if (needed_bytes <= *block_bytes)
        return STATUS_OK;
    uint8_t *grown = memory_resized(*block, needed_bytes, 1, "rows of a resize");
    if (!grown)
        return STATUS_FAILED;
    *block = grown;
    *block_bytes = needed_bytes;
    return STATUS_OK;
}

/* Kernels read a little past the end of a row. Where that would leave the image (its last row, or
 * the last few of a very narrow one) they get a copy with slack behind it. */
static int resize_horizontally(struct resizer *resizer, const struct image *image, int first_row,
                               int end_row, uint8_t *out)
{
    const struct resize_taps *taps = &resizer->horizontal;
    size_t in_stride = (size_t)image->width * 3, out_stride = (size_t)taps->out * 3;
    int tail_rows = (int)((RESIZE_SLACK_BYTES + in_stride - 1) / in_stride);
    int safe_row = image->height - tail_rows;
    safe_row = safe_row < first_row ? first_row : safe_row > end_row ? end_row : safe_row;
    resizer->kernels->horizontal(taps, image->pixels + (size_t)first_row * in_stride, in_stride,
                                 safe_row - first_row, out);
    if (safe_row == end_row)
        return STATUS_OK;

    size_t copied_bytes = (size_t)(end_row - safe_row) * in_stride;
    TRY(grow(&resizer->tail, &resizer->tail_bytes, copied_bytes + RESIZE_SLACK_BYTES));
    memcpy(resizer->tail, image->pixels + (size_t)safe_row * in_stride, copied_bytes);
    memset(resizer->tail + copied_bytes, 0, RESIZE_SLACK_BYTES);
    resizer->kernels->horizontal(taps, resizer->tail, in_stride, end_row - safe_row,
                                 out + (size_t)(safe_row - first_row) * out_stride);
    return STATUS_OK;
}

int image_resize(struct resizer *resizer, const struct image *image, int width, int height,
                 uint8_t *pixels)
{
    if (image->width < 1 || image->height < 1 || width < 1 || height < 1)
        return fail(STATUS_FAILED, "cannot resize %d x %d pixels to %d x %d", image->width,
                    image->height, width, height);
    size_t in_stride = (size_t)image->width * 3, out_stride = (size_t)width * 3;
    TRY(taps_prepare(&resizer->horizontal, image->width, width));
    TRY(taps_prepare(&resizer->vertical, image->height, height));
    if (width == image->width && height == image->height) {
        memcpy(pixels, image->pixels, in_stride * (size_t)height);
        return STATUS_OK;
    }
    if (height == image->height)
        return resize_horizontally(resizer, image, 0, height, pixels);

    const struct resize_taps *vertical = &resizer->vertical;
    int first_row = vertical->first[0];
    int end_row = vertical->first[height - 1] + vertical->count[height - 1];
    const uint8_t *rows = image->pixels + (size_t)first_row * in_stride;
    if (width != image->width) {
        size_t needed_bytes = (size_t)(end_row - first_row) * out_stride;
        TRY(grow(&resizer->rows, &resizer->rows_bytes, needed_bytes));
        TRY(resize_horizontally(resizer, image, first_row, end_row, resizer->rows));
        rows = resizer->rows;
    }
    resizer->kernels->vertical(vertical, rows, first_row, out_stride, pixels);
    return STATUS_OK;
}

/* ---- life -------------------------------------------------------------------------------------*/

int resizer_create_with(struct resizer **resizer, const struct resize_kernels *kernels)
{
    *resizer = memory_zeroed(1, sizeof **resizer, "a resizer");
    if (!*resizer)
        return STATUS_FAILED;
    (*resizer)->kernels = kernels;
    return STATUS_OK;
}

int resizer_create(struct resizer **resizer)
{
    const struct resize_kernels *fast = resize_avx2();
    return resizer_create_with(resizer, fast ? fast : &resize_plain);
}

void resizer_destroy(struct resizer **resizer)
{
    if (!*resizer)
        return;
    taps_release(&(*resizer)->horizontal);
    taps_release(&(*resizer)->vertical);
    free((*resizer)->rows);
    free((*resizer)->tail);
    free(*resizer);
    *resizer = NULL;
}
