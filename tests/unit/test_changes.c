#include "eval/changes.h"

#include "base/random.h"
#include "tests/unit/image_golden.h"

static const struct {
    const char *name;
    int (*apply)(double strength, int64_t row, int size, uint8_t *frame);
} changes[] = {{"jpeg", change_jpeg},
               {"downscale", change_downscale},
               {"blur", change_blur},
               {"noise", change_noise},
               {"brightness", change_brightness}};

/* As in make_changes.py: a ramp in each channel, and grain. */
static uint8_t *picture(int size)
{
    int count = size * size * 3;
    uint8_t *frame = malloc((size_t)count);
    ck_assert_ptr_nonnull(frame);
    for (int k = 0; k < count; k++) {
        int grain = (int)(random_at((uint64_t)size, (uint64_t)k) % 64);
        int value = (k / 3 % size + k % 3 * (k / (3 * size))) * 255 / (3 * size) + grain - 20;
        frame[k] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return frame;
}

static void check_change(char **fields)
{
    double strength = atof(fields[1]);
    int size = atoi(fields[3]);
    size_t at = 0;
    while (strcmp(changes[at].name, fields[0]) != 0)
        at++;
    uint8_t *frame = picture(size);
    ck_assert_ok(changes[at].apply(strength, atoi(fields[2]), size, frame));
    char hash[SHA256_HEX_BYTES];
    hash_bytes(frame, (size_t)size * (size_t)size * 3, hash);
    ck_assert_msg(strcmp(hash, fields[4]) == 0, "%s %g, %d pixels", fields[0], strength, size);
    free(frame);
}

START_TEST(test_changes_equal_pillow_scipy_and_numpy_byte_for_byte)
{
    ck_assert_int_eq(golden_each("../changes.tsv", 5, check_change), 48);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {test_changes_equal_pillow_scipy_and_numpy_byte_for_byte};
    return HARNESS_RUN("changes", tests, 60);
}
