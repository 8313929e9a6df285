/* Decoding with libjpeg-turbo, held to Pillow's decisions.
 *
 * Pillow feeds libjpeg from a source that suspends when it runs dry, and calls a file truncated if
 * that happens before the last scanline has come; what is missing after it (often the end marker)
 * it forgives. libjpeg's own memory source would insert an end marker and fill the rest with grey.
 * The whole file stands in memory here, so "suspended" always means "ran dry".
 *
 * Everything that libjpeg may leave by longjmp runs below decode(); what must be freed afterwards
 * hangs on struct decoder or on the caller's image, so no path leaks. */
#include "image/facts.h"
#include "image/image.h"

#include "base/memory.h"
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

/* Pillow refuses images of more than twice this many pixels as decompression bombs. */
#define PILLOW_MAX_PIXELS 89478485
#define MAX_PIXELS        (2 * (int64_t)PILLOW_MAX_PIXELS)

/* A progressive file may repeat cheap scans without end: some bytes each, and a walk through the
 * whole image. Encoders write about ten; libjpeg-turbo's own fuzzers stop at this many. */
#define MAX_SCANS 500

/* libjpeg hands out at most one row of blocks at a time: 8 x 4 lines when sampled 4 to 1. */
#define LINES_AT_ONCE 32

struct decoder {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf give_up;
    struct image *image;
    struct image_facts *facts;
    int status;
};

static struct decoder *decoder_of(j_common_ptr codec)
{
    return codec->client_data;
}

/* ---- what libjpeg says ------------------------------------------------------------------------*/

static void note_message(struct decoder *decoder)
{
    char message[JMSG_LENGTH_MAX];
    decoder->errors.format_message((j_common_ptr)&decoder->codec, message);
    snprintf(decoder->facts->reason, sizeof decoder->facts->reason, "%.*s",
             (int)sizeof decoder->facts->reason - 1, message);
}

static void on_error(j_common_ptr codec)
{
    struct decoder *decoder = decoder_of(codec);
    note_message(decoder);
    if (decoder->errors.msg_code == JERR_OUT_OF_MEMORY)
        decoder->status = fail(STATUS_FAILED, "libjpeg: %s", decoder->facts->reason);
    longjmp(decoder->give_up, 1);
}

/* Levels from 0 up are trace messages; -1 is a warning, of which the first is kept. */
static void on_message(j_common_ptr codec, int level)
{
    struct decoder *decoder = decoder_of(codec);
    if (level < 0 && decoder->errors.num_warnings++ == 0)
        note_message(decoder);
}

__attribute__((format(printf, 2, 3), noreturn)) static void reject(struct decoder *decoder,
                                                                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(decoder->facts->reason, sizeof decoder->facts->reason, format, arguments);
    va_end(arguments);
    longjmp(decoder->give_up, 1);
}

static void on_progress(j_common_ptr codec)
{
    struct decoder *decoder = decoder_of(codec);
    if (decoder->codec.input_scan_number > MAX_SCANS)
        reject(decoder, "more than %d scans", MAX_SCANS);
}

/* ---- where libjpeg reads ----------------------------------------------------------------------*/

static void source_nothing(j_decompress_ptr codec)
{
    (void)codec;
}

static boolean source_is_dry(j_decompress_ptr codec)
{
    (void)codec;
    return FALSE;
}

static void source_skip(j_decompress_ptr codec, long byte_count)
{
    struct jpeg_source_mgr *source = codec->src;
    size_t skipped = byte_count > 0 ? (size_t)byte_count : 0;
    if (skipped > source->bytes_in_buffer)
        skipped = source->bytes_in_buffer;
    source->next_input_byte += skipped;
    source->bytes_in_buffer -= skipped;
}

/* ---- steps of decoding, any of which may leave through give_up --------------------------------*/

static void open_codec(struct decoder *decoder, const uint8_t *bytes, size_t byte_count)
{
    j_decompress_ptr codec = &decoder->codec;
    codec->err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = on_error;
    decoder->errors.emit_message = on_message;
    codec->client_data = decoder;
    jpeg_create_decompress(codec);
    decoder->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = byte_count,
        .init_source = source_nothing,
        .fill_input_buffer = source_is_dry,
        .skip_input_data = source_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = source_nothing,
    };
    codec->src = &decoder->source;
    decoder->progress.progress_monitor = on_progress;
    codec->progress = &decoder->progress;
}

/* libjpeg guesses the colour space of the file from its markers, and Pillow trusts it. Pillow then
 * asks for grey, RGB or CMYK by the number of components; grey goes to RGB by repetition in both.
 */
static void read_header(struct decoder *decoder)
{
    j_decompress_ptr codec = &decoder->codec;
    int found;
    do
        found = jpeg_read_header(codec, FALSE);
    while (found == JPEG_HEADER_TABLES_ONLY);
    if (found == JPEG_SUSPENDED)
        reject(decoder, "truncated: the file ends before its pixels begin");

    decoder->facts->width = (int)codec->image_width;
    decoder->facts->height = (int)codec->image_height;
    if ((int64_t)codec->image_width * codec->image_height > MAX_PIXELS)
        reject(decoder, "%u x %u pixels: more than the limit of %lld (Pillow's)",
               codec->image_width, codec->image_height, (long long)MAX_PIXELS);
    codec->out_color_space = codec->num_components == 4 ? JCS_CMYK : JCS_RGB;
    codec->dct_method = JDCT_ISLOW;
    codec->do_fancy_upsampling = TRUE;
}

static void grow_image(struct decoder *decoder)
{
    struct image *image = decoder->image;
    size_t needed = (size_t)decoder->codec.output_width * decoder->codec.output_height * 3;
    if (needed <= image->capacity_bytes)
        return;
    uint8_t *pixels = memory_resized(image->pixels, needed, 1, "the pixels of an image");
    if (!pixels) {
        decoder->status = STATUS_FAILED;
        longjmp(decoder->give_up, 1);
    }
    image->pixels = pixels;
    image->capacity_bytes = needed;
}

/* a b / 255, rounded, for bytes. */
static int multiply_bytes(int a, int b)
{
    int product = a * b + 128;
    return (product + (product >> 8)) >> 8;
}

/* Pillow takes every CMYK file for an inverted one (as Adobe writes them: 255 = no ink), so that
 * with the file's bytes c and k:  R = k - (255 - c) k / 255. */
static void convert_cmyk(const uint8_t *cmyk, size_t pixel_count, uint8_t *rgb)
{
    for (size_t i = 0; i < pixel_count; i++, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(cmyk[3] - multiply_bytes(255 - cmyk[c], cmyk[3]));
}

static void require_lines(struct decoder *decoder, JDIMENSION lines)
{
    if (lines == 0)
        reject(decoder, "truncated: only %u of %u lines", decoder->codec.output_scanline,
               decoder->codec.output_height);
}

static void read_cmyk_lines(struct decoder *decoder)
{
    j_decompress_ptr codec = &decoder->codec;
    size_t width = codec->output_width;
    JSAMPARRAY line =
        codec->mem->alloc_sarray((j_common_ptr)codec, JPOOL_IMAGE, codec->output_width * 4, 1);
    while (codec->output_scanline < codec->output_height) {
        uint8_t *rgb = decoder->image->pixels + (size_t)codec->output_scanline * width * 3;
        require_lines(decoder, jpeg_read_scanlines(codec, line, 1));
        convert_cmyk(line[0], width, rgb);
    }
}

static void read_rgb_lines(struct decoder *decoder)
{
    j_decompress_ptr codec = &decoder->codec;
    size_t line_bytes = (size_t)codec->output_width * 3;
    while (codec->output_scanline < codec->output_height) {
        JSAMPROW lines[LINES_AT_ONCE];
        JDIMENSION wanted = codec->output_height - codec->output_scanline;
        if (wanted > LINES_AT_ONCE)
            wanted = LINES_AT_ONCE;
        for (JDIMENSION i = 0; i < wanted; i++)
            lines[i] = decoder->image->pixels + (codec->output_scanline + i) * line_bytes;
        require_lines(decoder, jpeg_read_scanlines(codec, lines, wanted));
    }
}

/* Fills the image and the verdict, or leaves the verdict at rejected with its reason. */
static void decode(struct decoder *decoder, const uint8_t *bytes, size_t byte_count)
{
    if (setjmp(decoder->give_up))
        return;
    j_decompress_ptr codec = &decoder->codec;
    open_codec(decoder, bytes, byte_count);
    read_header(decoder);
    /* A file of several scans is read to its end here, before the first line comes out. */
    if (!jpeg_start_decompress(codec))
        reject(decoder, "truncated: the file ends in scan %d", codec->input_scan_number);
    grow_image(decoder);
    if (codec->out_color_space == JCS_CMYK)
        read_cmyk_lines(decoder);
    else
        read_rgb_lines(decoder);
    jpeg_finish_decompress(codec); /* FALSE (dry) is forgiven; an error is not, as in Pillow */
    decoder->image->width = (int)codec->output_width;
    decoder->image->height = (int)codec->output_height;
    decoder->facts->verdict = decoder->errors.num_warnings > 0 ? VERDICT_WARNED : VERDICT_ACCEPTED;
}

int image_decode(const uint8_t *bytes, size_t byte_count, struct image *image,
                 struct image_facts *facts)
{
    image->width = image->height = 0;
    *facts = (struct image_facts){.verdict = VERDICT_REJECTED};
    if (!facts_begin_jpeg(bytes, byte_count)) {
        facts_name_foreign(bytes, byte_count, facts->reason, sizeof facts->reason);
        return STATUS_OK;
    }
    facts_read(bytes, byte_count, facts);
    struct decoder decoder = {.image = image, .facts = facts};
    decode(&decoder, bytes, byte_count);
    jpeg_destroy_decompress(&decoder.codec);
    return decoder.status;
}

void image_release(struct image *image)
{
    free(image->pixels);
    *image = (struct image){0};
}

/* Two steps, since the version is a bare token like 2.1.5 and not a string. */
#define TEXT_OF(token) #token
#define TEXT(macro)    TEXT_OF(macro)

const char *image_library(void)
{
    return "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION);
}
