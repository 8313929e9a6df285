#include "tests/unit/image_golden.h"

#include "base/random.h"
#include "image/facts.h"
#include "image/image.h"

/* Decodes from a block of exactly these bytes, so that ASan sees any read behind them. */
static struct image_facts decode_copy(const uint8_t *bytes, size_t byte_count, struct image *image)
{
    struct image_facts facts;
    uint8_t *copy = malloc(byte_count ? byte_count : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, byte_count);
    ck_assert_ok(image_decode(copy, byte_count, image, &facts));
    free(copy);
    /* What holds for every file, however broken. */
    ck_assert_int_eq(facts.verdict == VERDICT_ACCEPTED, facts.reason[0] == '\0');
    ck_assert_int_eq(facts.verdict == VERDICT_REJECTED, image->width == 0 || image->height == 0);
    ck_assert_ptr_null(strchr(facts.reason, '\n'));
    ck_assert(facts.quality >= 0 && facts.quality <= 100);
    ck_assert(facts.orientation >= 0 && facts.orientation <= 8);
    if (facts.verdict != VERDICT_REJECTED) {
        ck_assert_int_eq(facts.width, image->width);
        ck_assert_int_eq(facts.height, image->height);
    }
    return facts;
}

static struct image_facts decode_golden(const char *name, struct image *image)
{
    struct file_bytes file = golden_read(name);
    struct image_facts facts = decode_copy(file.bytes, file.count, image);
    free(file.bytes);
    return facts;
}

/* ---- whole files ------------------------------------------------------------------------------*/

static void check_hash(const char *name, const struct image *image, int width, int height,
                       const char *expected)
{
    char hash[SHA256_HEX_BYTES];
    struct resizer *resizer;
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    ck_assert_ok(resizer_create(&resizer));
    ck_assert_ok(image_resize(resizer, image, width, height, pixels));
    hash_bytes(pixels, (size_t)width * (size_t)height * 3, hash);
    ck_assert_msg(strcmp(hash, expected) == 0, "%s at %d x %d", name, width, height);
    resizer_destroy(&resizer);
    free(pixels);
}

static void check_pixels(char **fields)
{
    const char *name = fields[0];
    struct image image = {0};
    struct image_facts facts = decode_golden(name, &image);
    int refused = strcmp(fields[1], "ERR") == 0;
    ck_assert_msg(refused == (facts.verdict == VERDICT_REJECTED), "%s: verdict %d (%s)", name,
                  facts.verdict, facts.reason);
    if (!refused) {
        ck_assert_int_eq(image.width, atoi(fields[2]));
        ck_assert_int_eq(image.height, atoi(fields[3]));
        check_hash(name, &image, image.width, image.height, fields[7]);
        check_hash(name, &image, 128, 128, fields[8]);
        check_hash(name, &image, 17, 50, fields[9]);
    }
    image_release(&image);
}

START_TEST(test_verdicts_and_pixels_equal_pillow)
{
    ck_assert_int_ge(golden_each("cases.tsv", 10, check_pixels), 40);
}
END_TEST

static void check_facts(char **fields)
{
    struct image image = {0};
    struct image_facts facts = decode_golden(fields[0], &image);
    ck_assert_msg(facts.quality == atoi(fields[4]), "%s: quality %d", fields[0], facts.quality);
    ck_assert_msg(facts.orientation == atoi(fields[6]), "%s: orientation %d", fields[0],
                  facts.orientation);
    const char *subsampling = strcmp(fields[5], "-") == 0 ? "" : fields[5];
    ck_assert_str_eq(facts.subsampling, subsampling);
    image_release(&image);
}

START_TEST(test_facts_tell_quality_subsampling_and_orientation)
{
    ck_assert_int_ge(golden_each("cases.tsv", 10, check_facts), 40);
}
END_TEST

/* Both sums are exact integers; only the divisions round. */
#define MEASURE_TOLERANCE 1e-9

static void check_measures(char **fields)
{
    struct image image = {0};
    double brightness, sharpness;
    struct image_facts facts = decode_golden(fields[0], &image);
    ck_assert_msg(facts.exif == atoi(fields[1]), "%s: exif %d", fields[0], facts.exif);
    ck_assert_ok(image_measure(image.pixels, image.width, image.height, &brightness, &sharpness));
    ck_assert_double_eq_tol(brightness, atof(fields[2]), MEASURE_TOLERANCE);
    ck_assert_double_eq_tol(sharpness, atof(fields[3]), MEASURE_TOLERANCE);
    image_release(&image);
}

START_TEST(test_exif_brightness_and_sharpness_equal_pillow_and_scipy)
{
    ck_assert_int_ge(golden_each("measures.tsv", 4, check_measures), 39);
}
END_TEST

START_TEST(test_refused_files_say_why)
{
    static const struct {
        const char *name, *reason;
        int width, height;
    } cases[] = {
        {"bomb.jpg", "61440 x 61440 pixels: more than the limit of 178956970", 61440, 61440},
        {"half.jpg", "truncated: only 0 of 30 lines", 40, 30},
        {"precision_12.jpg", "Unsupported JPEG data precision 12", 40, 30},
        {"lossless.jpg", "Unsupported JPEG process", 40, 30},
        {"no_height.jpg", "Empty JPEG image", 40, 0},
    };
    struct image image = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct image_facts facts = decode_golden(cases[i].name, &image);
        ck_assert_int_eq(facts.verdict, VERDICT_REJECTED);
        ck_assert_msg(strncmp(facts.reason, cases[i].reason, strlen(cases[i].reason)) == 0,
                      "%s: %s", cases[i].name, facts.reason);
        ck_assert_int_eq(facts.width, cases[i].width);
        ck_assert_int_eq(facts.height, cases[i].height);
    }
    image_release(&image);
}
END_TEST

START_TEST(test_a_warning_of_libjpeg_is_kept)
{
    struct image image = {0};
    struct image_facts facts = decode_golden("junk_between.jpg", &image);
    ck_assert_int_eq(facts.verdict, VERDICT_WARNED);
    ck_assert_str_eq(facts.reason, "Corrupt JPEG data: 4 extraneous bytes before marker 0xc0");
    ck_assert_int_eq(decode_golden("444.jpg", &image).verdict, VERDICT_ACCEPTED);
    image_release(&image);
}
END_TEST

START_TEST(test_other_formats_are_named)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *reason;
    } cases[] = {
        {"", 0, "empty file"},
        {"\x89PNG\r\n\x1a\n", 8, "a PNG file, not a JPEG"},
        {"GIF89a", 6, "a GIF file, not a JPEG"},
        {"BM....", 6, "a BMP file, not a JPEG"},
        {"RIFF....WEBPVP8 ", 16, "a WebP file, not a JPEG"},
        {"II*\0....", 8, "a TIFF file, not a JPEG"},
        {"MM\0*....", 8, "a TIFF file, not a JPEG"},
        {"\0\0\0\x0cjP  \r\n\x87\n", 12, "a JPEG 2000 file, not a JPEG"},
        {"\0\0\0\x1c"
         "ftypavif",
         12, "an AVIF file, not a JPEG"},
        {"\0\0\0\x1c"
         "ftypheic",
         12, "a HEIF file, not a JPEG"},
        {"<html>", 6, "HTML, SVG or XML text, not a JPEG"},
        {"\xff\xd8", 2, "not a JPEG: it does not begin with FF D8 FF"},
        {"\xff\xd8\x00\xff", 4, "not a JPEG: it does not begin with FF D8 FF"},
        {"plain words", 11, "not a JPEG: it does not begin with FF D8 FF"},
    };
    struct image image = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct image_facts facts =
            decode_copy((const uint8_t *)cases[i].bytes, cases[i].count, &image);
        ck_assert_int_eq(facts.verdict, VERDICT_REJECTED);
        ck_assert_str_eq(facts.reason, cases[i].reason);
    }
    image_release(&image);
}
END_TEST

/* ---- broken files -----------------------------------------------------------------------------*/

static void check_cuts(char **fields)
{
    struct image image = {0};
    struct file_bytes file = golden_read(fields[0]);
    ck_assert_uint_eq(strlen(fields[1]), file.count + 1);
    for (size_t length = 0; length <= file.count; length++) {
        struct image_facts facts = decode_copy(file.bytes, length, &image);
        ck_assert_msg((facts.verdict != VERDICT_REJECTED) == (fields[1][length] == '1'),
                      "%s cut to %zu bytes: %s", fields[0], length, facts.reason);
    }
    free(file.bytes);
    image_release(&image);
}

START_TEST(test_a_file_cut_at_any_byte_gets_pillows_verdict)
{
    ck_assert_int_eq(golden_each("cuts.tsv", 2, check_cuts), 3);
}
END_TEST

static void check_changes(char **fields)
{
    struct image image = {0};
    struct file_bytes file = golden_read(fields[0]);
    size_t first = strtoull(fields[1], NULL, 10);
    uint64_t seed = strtoull(fields[2], NULL, 10);
    for (uint64_t k = 0; fields[3][k]; k++) {
        size_t at = first + random_below(random_at(seed, 2 * k), file.count - first);
        uint8_t original = file.bytes[at];
        file.bytes[at] = (uint8_t)random_at(seed, 2 * k + 1);
        struct image_facts facts = decode_copy(file.bytes, file.count, &image);
        ck_assert_msg((facts.verdict != VERDICT_REJECTED) == (fields[3][k] == '1'),
                      "%s with byte %zu = %d: %s", fields[0], at, file.bytes[at], facts.reason);
        file.bytes[at] = original;
    }
    free(file.bytes);
    image_release(&image);
}

START_TEST(test_a_changed_byte_in_a_scan_gets_pillows_verdict)
{
    ck_assert_int_eq(golden_each("changes.tsv", 4, check_changes), 4);
}
END_TEST

/* Any bytes anywhere, markers and tables included: decode_copy's claims hold and nothing else is
 * touched (run under ASan and UBSan by `make check SANITIZE=1`). */
static void check_survival(char **fields)
{
    struct image image = {0};
    struct file_bytes file = golden_read(fields[0]);
    uint8_t *broken = malloc(file.count);
    for (uint64_t k = 0; k < 120 && file.count < 1500; k++) {
        uint64_t seed = random_hash(k, fields[0]);
        memcpy(broken, file.bytes, file.count);
        for (uint64_t i = 0; i <= k % 5; i++)
            broken[random_below(random_at(seed, 2 * i), file.count)] =
                (uint8_t)random_at(seed, 2 * i + 1);
        size_t length = k % 3 ? file.count : random_below(random_at(seed, 99), file.count);
        decode_copy(broken, length, &image);
    }
    free(broken);
    free(file.bytes);
    image_release(&image);
}

START_TEST(test_random_damage_never_breaks_the_decoder)
{
    ck_assert_int_ge(golden_each("cases.tsv", 10, check_survival), 40);
}
END_TEST

START_TEST(test_scans_without_end_are_refused)
{
    /* The last scan of a progressive file, again and again. */
    struct image image = {0};
    struct file_bytes file = golden_read("progressive_grey.jpg");
    size_t last = file.count - 2;
    while (!(file.bytes[last] == 0xff && file.bytes[last + 1] == 0xda))
        last--;
    size_t scan_bytes = file.count - 2 - last, total = last;
    uint8_t *bomb = malloc(file.count + 1000 * scan_bytes);
    memcpy(bomb, file.bytes, last);
    for (int i = 0; i < 1000; i++, total += scan_bytes)
        memcpy(bomb + total, file.bytes + last, scan_bytes);
    struct image_facts facts = decode_copy(bomb, total, &image);
    ck_assert_int_eq(facts.verdict, VERDICT_REJECTED);
    ck_assert_str_eq(facts.reason, "more than 500 scans");
    free(bomb);
    free(file.bytes);
    image_release(&image);
}
END_TEST

/* ---- quality ----------------------------------------------------------------------------------*/

static struct quantisation table_from_hex(const char *hex)
{
    struct quantisation table = {.present = true};
    ck_assert_uint_eq(strlen(hex), 128);
    for (int i = 0; i < 64; i++) {
        unsigned step = 0;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &step), 1);
        table.steps[i] = (uint16_t)step;
    }
    return table;
}

static void check_quality(char **fields)
{
    struct quantisation luma = table_from_hex(fields[1]), chroma = table_from_hex(fields[2]);
    ck_assert_int_eq(quality_estimate(&luma, &chroma), atoi(fields[0]));
    ck_assert_int_eq(quality_estimate(&luma, NULL), atoi(fields[0]));
}

START_TEST(test_quality_of_libjpegs_tables_is_exact)
{
    ck_assert_int_eq(golden_each("quality.tsv", 3, check_quality), 100);
}
END_TEST

START_TEST(test_quality_of_other_tables_is_monotone_and_bounded)
{
    /* All steps equal: coarser tables never get a better estimate, at the ends 100 and 1. */
    struct quantisation table = {.present = true};
    int previous = 100;
    for (int step = 1; step <= 255; step++) {
        for (int i = 0; i < 64; i++)
            table.steps[i] = (uint16_t)step;
        int quality = quality_estimate(&table, NULL);
        ck_assert(quality >= 1 && quality <= previous);
        previous = quality;
    }
    ck_assert_int_eq(previous, 1);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_verdicts_and_pixels_equal_pillow,
        test_facts_tell_quality_subsampling_and_orientation,
        test_exif_brightness_and_sharpness_equal_pillow_and_scipy,
        test_refused_files_say_why,
        test_a_warning_of_libjpeg_is_kept,
        test_other_formats_are_named,
        test_a_file_cut_at_any_byte_gets_pillows_verdict,
        test_a_changed_byte_in_a_scan_gets_pillows_verdict,
        test_random_damage_never_breaks_the_decoder,
        test_scans_without_end_are_refused,
        test_quality_of_libjpegs_tables_is_exact,
        test_quality_of_other_tables_is_monotone_and_bounded,
    };
    return HARNESS_RUN("decode", tests, 120);
}
