#include "tests/unit/image_golden.h"

#include "base/random.h"
#include "image/resize_kernels.h"

/* An image of exactly its bytes, so that ASan sees any read behind it; byte k is the low byte of
 * value k of the stream, as in make_image.py. */
static struct image random_image(uint64_t seed, int width, int height)
{
    size_t count = (size_t)width * (size_t)height * 3;
    struct image image = {width, height, malloc(count), count};
    ck_assert_ptr_nonnull(image.pixels);
    for (size_t k = 0; k < count; k++)
        image.pixels[k] = (uint8_t)random_at(seed, k);
    return image;
}

/* malloc'd, exactly (height,width,3). */
static uint8_t *resized(struct resizer *resizer, const struct image *image, int width, int height)
{
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    ck_assert_ptr_nonnull(pixels);
    ck_assert_ok(image_resize(resizer, image, width, height, pixels));
    return pixels;
}

static void check_against_pillow(char **fields, const struct resize_kernels *kernels)
{
    int width = atoi(fields[1]), height = atoi(fields[2]);
    int new_width = atoi(fields[3]), new_height = atoi(fields[4]);
    struct image image = random_image(strtoull(fields[0], NULL, 10), width, height);
    struct resizer *resizer;
    ck_assert_ok(resizer_create_with(&resizer, kernels));
    uint8_t *pixels = resized(resizer, &image, new_width, new_height);
    char hash[SHA256_HEX_BYTES];
    hash_bytes(pixels, (size_t)new_width * (size_t)new_height * 3, hash);
    ck_assert_msg(strcmp(hash, fields[5]) == 0, "%s: %d x %d to %d x %d", kernels->name, width,
                  height, new_width, new_height);
    free(pixels);
    free(image.pixels);
    resizer_destroy(&resizer);
}

static void check_plain(char **fields)
{
    check_against_pillow(fields, &resize_plain);
}

static void check_avx2(char **fields)
{
    check_against_pillow(fields, resize_avx2());
}

START_TEST(test_plain_resize_equals_pillow)
{
    ck_assert_int_ge(golden_each("resize.tsv", 6, check_plain), 20);
}
END_TEST

START_TEST(test_avx2_resize_equals_pillow)
{
    if (resize_avx2())
        ck_assert_int_ge(golden_each("resize.tsv", 6, check_avx2), 20);
}
END_TEST

/* Sizes of every kind: 1, odd, around the widths of vectors, and now and then large. */
static int random_size(uint64_t word)
{
    static const uint64_t bounds[] = {3, 9, 40, 140, 300};
    return 1 + (int)random_below(random_mix(word), bounds[word % 5]);
}

START_TEST(test_avx2_resize_equals_plain_on_random_sizes)
{
    struct resizer *fast, *plain;
    if (!resize_avx2())
        return;
    ck_assert_ok(resizer_create_with(&fast, resize_avx2()));
    ck_assert_ok(resizer_create_with(&plain, &resize_plain));
    for (uint64_t k = 0; k < 400; k++) {
        struct image image = random_image(k, random_size(random_at(11, 4 * k)),
                                          random_size(random_at(11, 4 * k + 1)));
        if (k % 7 == 0) /* the brightest image: sums at their limit */
            memset(image.pixels, 255, image.capacity_bytes);
        int width = random_size(random_at(11, 4 * k + 2));
        int height = random_size(random_at(11, 4 * k + 3));
        uint8_t *a = resized(fast, &image, width, height);
        uint8_t *b = resized(plain, &image, width, height);
        ck_assert_msg(memcmp(a, b, (size_t)width * (size_t)height * 3) == 0, "%d x %d to %d x %d",
                      image.width, image.height, width, height);
        free(a);
        free(b);
        free(image.pixels);
    }
    resizer_destroy(&fast);
    resizer_destroy(&plain);
}
END_TEST

START_TEST(test_resizer_gives_the_same_after_other_sizes)
{
    struct resizer *resizer;
    ck_assert_ok(resizer_create(&resizer));
    struct image first = random_image(1, 50, 40), second = random_image(2, 40, 50);
    uint8_t *before = resized(resizer, &first, 16, 24);
    free(resized(resizer, &second, 16, 24));
    free(resized(resizer, &first, 50, 24));
    uint8_t *after = resized(resizer, &first, 16, 24);
    ck_assert_mem_eq(before, after, 16 * 24 * 3);
    free(before);
    free(after);
    free(first.pixels);
    free(second.pixels);
    resizer_destroy(&resizer);
    ck_assert_ptr_null(resizer);
    resizer_destroy(&resizer);
}
END_TEST

START_TEST(test_resize_refuses_an_image_without_pixels)
{
    struct resizer *resizer;
    struct image none = {0};
    uint8_t pixel[3];
    ck_assert_ok(resizer_create(&resizer));
    ck_assert_int_eq(image_resize(resizer, &none, 1, 1, pixel), STATUS_FAILED);
    struct image one = random_image(1, 1, 1);
    ck_assert_int_eq(image_resize(resizer, &one, 0, 1, pixel), STATUS_FAILED);
    free(one.pixels);
    resizer_destroy(&resizer);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_plain_resize_equals_pillow,
        test_avx2_resize_equals_pillow,
        test_avx2_resize_equals_plain_on_random_sizes,
        test_resizer_gives_the_same_after_other_sizes,
        test_resize_refuses_an_image_without_pixels,
    };
    return HARNESS_RUN("resize", tests, 120);
}
