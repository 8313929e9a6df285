#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "base/memory.h"
#include "base/status.h"
#include "image/image.h"

struct encoder {
    struct jpeg_compress_struct jpeg; /* first, so that the error callback finds the rest */
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
};

/* libjpeg's default prints and calls exit; ours keeps the line and unwinds to compress_frame. */
static void leave_libjpeg(j_common_ptr jpeg)
{
    struct encoder *encoder = (struct encoder *)jpeg;
    jpeg->err->format_message(jpeg, encoder->message);
    longjmp(encoder->escape, 1);
}

static void keep_quiet(j_common_ptr jpeg)
{
    (void)jpeg;
}

/* The most that a baseline 4:2:0 file of this size can take: TurboJPEG's bound, 3 bytes per pixel
 * of the padded frame, and the headers. With so much room jpeg_mem_dest has no reason to swap
 * buffers, and so an error never leaves one whose owner is unclear. */
static size_t bytes_bound(int width, int height)
{
    size_t padded_width = ((size_t)width + 15) / 16 * 16;
    size_t padded_height = ((size_t)height + 15) / 16 * 16;
    return padded_width * padded_height * 3 + 2048;
}

/* After setjmp no local changes, so none can be clobbered by the jump back. */
static int compress_frame(struct encoder *encoder, const uint8_t *pixels, int width, int height,
                          int quality, uint8_t **buffer, unsigned long *byte_count)
{
    struct jpeg_compress_struct *jpeg = &encoder->jpeg;
    jpeg->err = jpeg_std_error(&encoder->errors);
    encoder->errors.error_exit = leave_libjpeg;
    encoder->errors.output_message = keep_quiet;
    if (setjmp(encoder->escape))
        return fail(STATUS_FAILED, "cannot encode a %dx%d JPEG: %s", width, height,
                    encoder->message);
    jpeg_create_compress(jpeg);
    jpeg_mem_dest(jpeg, buffer, byte_count);
    jpeg->image_width = (JDIMENSION)width;
    jpeg->image_height = (JDIMENSION)height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg); /* YCbCr 4:2:0, the standard Huffman tables, sequential */
    jpeg_set_quality(jpeg, quality, TRUE); /* TRUE keeps the tables in baseline's 8 bits */
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)pixels + (size_t)jpeg->next_scanline * (size_t)width * 3;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return 0;
}

int image_encode(const uint8_t *pixels, int width, int height, int quality, uint8_t **bytes,
                 size_t *byte_count)
{
    *bytes = NULL;
    *byte_count = 0;
    if (width < 1 || height < 1 || width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION)
        return fail(STATUS_FAILED, "cannot encode a %dx%d JPEG: each side must be 1 to %ld pixels",
                    width, height, JPEG_MAX_DIMENSION);
    if (quality < 1 || quality > 100)
        return fail(STATUS_FAILED, "JPEG quality %d: must be 1 to 100", quality);
    unsigned long used = bytes_bound(width, height);
    uint8_t *bounded = memory_aligned(used, 1, "JPEG file");
    if (!bounded)
        return STATUS_FAILED;
    uint8_t *buffer = bounded;
    struct encoder encoder = {0};
    int status = compress_frame(&encoder, pixels, width, height, quality, &buffer, &used);
    jpeg_destroy_compress(&encoder.jpeg);
    if (status < 0 || buffer != bounded)
        free(bounded);
    TRY(status);
    *bytes = buffer;
    *byte_count = used;
    return 0;
}
