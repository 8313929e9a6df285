#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "image/image.h"
#include "tests/harness.h"

/* What a JPEG's headers say, read without libjpeg: the encoder is checked by the format. */
struct header {
    int start_of_frame; /* second byte of the SOF marker: 0xC0 is baseline */
    int width, height, components, luma_factors, chroma_factors;
    int largest_divisor; /* over both quantisation tables */
};

static int byte_pair(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

static void read_tables(const uint8_t *segment, int length, struct header *header)
{
    for (int table = 2; table < length; table += 65) {
        ck_assert_int_eq(segment[table] >> 4, 0); /* 8-bit divisors */
        for (int i = 1; i <= 64; i++)
            if (segment[table + i] > header->largest_divisor)
                header->largest_divisor = segment[table + i];
    }
}

static struct header read_header(const uint8_t *bytes, size_t byte_count)
{
    struct header header = {0};
    ck_assert_uint_gt(byte_count, 100);
    ck_assert_int_eq(byte_pair(bytes), 0xFFD8);
    ck_assert_int_eq(byte_pair(bytes + byte_count - 2), 0xFFD9);
    const uint8_t *segment = bytes + 2;
    while (byte_pair(segment) != 0xFFDA) {
        ck_assert_int_eq(segment[0], 0xFF);
        const uint8_t *body = segment + 2;
        int length = byte_pair(body);
        if (segment[1] == 0xDB)
            read_tables(body, length, &header);
        if (segment[1] >= 0xC0 && segment[1] <= 0xC2) {
            header.start_of_frame = segment[1];
            header.height = byte_pair(body + 3);
            header.width = byte_pair(body + 5);
            header.components = body[7];
            header.luma_factors = body[9];
            header.chroma_factors = body[12];
        }
        segment = body + length;
        ck_assert_uint_lt((size_t)(segment - bytes), byte_count - 2);
    }
    return header;
}

static uint8_t *make_noise(int width, int height)
{
    size_t count = (size_t)width * (size_t)height * 3;
    uint8_t *pixels = memory_zeroed(count, 1, "noise");
    ck_assert_ptr_nonnull(pixels);
    for (size_t i = 0; i < count; i++)
        pixels[i] = (uint8_t)random_at(5, i);
    return pixels;
}

static size_t encoded_bytes(const uint8_t *pixels, int width, int height, int quality,
                            struct header *header)
{
    uint8_t *bytes;
    size_t byte_count;
    ck_assert_ok(image_encode(pixels, width, height, quality, &bytes, &byte_count));
    *header = read_header(bytes, byte_count);
    free(bytes);
    return byte_count;
}

START_TEST(test_encode_writes_a_baseline_420_file_of_the_given_size)
{
    const int sizes[][2] = {{1, 1}, {16, 16}, {17, 5}, {160, 160}, {3, 401}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int width = sizes[i][0], height = sizes[i][1];
        uint8_t *pixels = make_noise(width, height);
        struct header header;
        encoded_bytes(pixels, width, height, 85, &header);
        ck_assert_int_eq(header.start_of_frame, 0xC0);
        ck_assert_int_eq(header.width, width);
        ck_assert_int_eq(header.height, height);
        ck_assert_int_eq(header.components, 3);
        ck_assert_int_eq(header.luma_factors, 0x22);
        ck_assert_int_eq(header.chroma_factors, 0x11);
        free(pixels);
    }
}
END_TEST

START_TEST(test_encode_quality_sets_the_divisors_and_the_size)
{
    /* The standard's largest divisor is 121; libjpeg scales it by 50/quality below 50 and by
     * 2 - quality/50 above: 100 gives 1, 50 gives 121, 1 is clamped to 255. */
    uint8_t *pixels = make_noise(64, 48);
    struct header low, middle, high;
    size_t low_bytes = encoded_bytes(pixels, 64, 48, 1, &low);
    size_t middle_bytes = encoded_bytes(pixels, 64, 48, 50, &middle);
    size_t high_bytes = encoded_bytes(pixels, 64, 48, 100, &high);
    ck_assert_int_eq(low.largest_divisor, 255);
    ck_assert_int_eq(middle.largest_divisor, 121);
    ck_assert_int_eq(high.largest_divisor, 1);
    ck_assert_uint_lt(low_bytes, middle_bytes);
    ck_assert_uint_lt(middle_bytes, high_bytes);
    free(pixels);
}
END_TEST

static double round_trip_error(const uint8_t *pixels, int width, int height, int quality)
{
    uint8_t *bytes;
    size_t byte_count, count = (size_t)width * (size_t)height * 3;
    struct image image = {0};
    struct image_facts facts;
    ck_assert_ok(image_encode(pixels, width, height, quality, &bytes, &byte_count));
    ck_assert_ok(image_decode(bytes, byte_count, &image, &facts));
    ck_assert_int_eq(facts.verdict, VERDICT_ACCEPTED);
    ck_assert_int_eq(facts.quality, quality);
    ck_assert_str_eq(facts.subsampling, "4:2:0");
    ck_assert_int_eq(image.width, width);
    ck_assert_int_eq(image.height, height);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += abs(image.pixels[i] - pixels[i]);
    image_release(&image);
    free(bytes);
    return sum / (double)count;
}

START_TEST(test_encode_loses_little_of_a_smooth_frame)
{
    /* Divisors of 1 leave rounding alone: half a step in the coefficients, in two colour
     * conversions and in the chroma's resampling, together about one grey level. At quality 50 the
     * divisors of a gradient's few coefficients are ten times as coarse. */
    const double FINE = 1.2, COARSE = 6;
    enum { WIDTH = 90, HEIGHT = 70 };
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *at = pixels + (y * WIDTH + x) * 3;
            at[0] = (uint8_t)(40 + 2 * x);
            at[1] = (uint8_t)(30 + 2 * y);
            at[2] = (uint8_t)(200 - x - y);
        }
    double fine = round_trip_error(pixels, WIDTH, HEIGHT, 100);
    double coarse = round_trip_error(pixels, WIDTH, HEIGHT, 50);
    ck_assert_double_lt(fine, FINE);
    ck_assert_double_lt(coarse, COARSE);
    ck_assert_double_lt(fine, coarse);
}
END_TEST

START_TEST(test_encode_refuses_sizes_and_qualities_that_jpeg_does_not_have)
{
    const uint8_t pixel[3] = {1, 2, 3};
    uint8_t *bytes = (uint8_t *)pixel;
    size_t byte_count = 1;
    ck_assert_int_eq(image_encode(pixel, 0, 1, 90, &bytes, &byte_count), STATUS_FAILED);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(byte_count, 0);
    ck_assert_int_eq(image_encode(pixel, 1, -1, 90, &bytes, &byte_count), STATUS_FAILED);
    ck_assert_int_eq(image_encode(pixel, 65501, 1, 90, &bytes, &byte_count), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "65501x1"));
    ck_assert_int_eq(image_encode(pixel, 1, 1, 0, &bytes, &byte_count), STATUS_FAILED);
    ck_assert_int_eq(image_encode(pixel, 1, 1, 101, &bytes, &byte_count), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "101"));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_encode_writes_a_baseline_420_file_of_the_given_size,
        test_encode_quality_sets_the_divisors_and_the_size,
        test_encode_loses_little_of_a_smooth_frame,
        test_encode_refuses_sizes_and_qualities_that_jpeg_does_not_have,
    };
    return HARNESS_RUN("encode", tests, 30);
}
