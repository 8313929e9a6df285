#include <dirent.h>
#include <string.h>

#include "base/random.h"
#include "preprocess/spool.h"
#include "tests/harness.h"
#include "tests/scratch.h"

enum { ROW_BYTES = 37, ROWS = 300 };

static void make_row(int64_t index, uint8_t row[ROW_BYTES])
{
    for (int i = 0; i < ROW_BYTES; i++)
        row[i] = (uint8_t)random_at((uint64_t)index, (uint64_t)i);
}

static void check_row(const struct spool *spool, int64_t index)
{
    uint8_t row[ROW_BYTES], expected[ROW_BYTES];
    make_row(index, expected);
    ck_assert_ok(spool_read(spool, index, row));
    ck_assert_mem_eq(row, expected, ROW_BYTES);
}

static int names_in(const char *folder)
{
    int count = -2; /* . and .. */
    DIR *stream = opendir(folder);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count;
}

START_TEST(test_rows_come_back_whatever_fits_in_memory)
{
    /* none, less than a row, one, some, all but one, all, more than there are */
    static const uint64_t memory[] = {0,
                                      ROW_BYTES - 1,
                                      ROW_BYTES,
                                      64 * ROW_BYTES,
                                      299 * ROW_BYTES,
                                      300 * ROW_BYTES,
                                      UINT64_MAX / 2};
    const char *folder = scratch_folder("spool");
    for (size_t m = 0; m < sizeof memory / sizeof memory[0]; m++) {
        struct spool *spool;
        uint8_t row[ROW_BYTES];
        ck_assert_ok(spool_create(&spool, ROW_BYTES, ROWS, memory[m], folder));
        for (int64_t i = 0; i < ROWS; i++) {
            make_row(i, row);
            ck_assert_ok(spool_add(spool, row));
            check_row(spool, i / 2); /* reading between the writing */
        }
        for (int64_t i = ROWS; i-- > 0;)
            check_row(spool, i);
        ck_assert_int_eq(names_in(folder), 0); /* the scratch file has no name */
        spool_destroy(&spool);
        ck_assert_ptr_null(spool);
        spool_destroy(&spool);
    }
}
END_TEST

START_TEST(test_the_scratch_file_is_made_only_when_needed)
{
    struct spool *spool;
    uint8_t row[ROW_BYTES] = {0};
    ck_assert_ok(spool_create(&spool, ROW_BYTES, ROWS, 2 * ROW_BYTES, scratch("no/such/folder")));
    ck_assert_ok(spool_add(spool, row));
    ck_assert_ok(spool_add(spool, row));
    ck_assert_int_eq(spool_add(spool, row), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "no/such/folder: cannot make a scratch file"));
    spool_destroy(&spool);
}
END_TEST

START_TEST(test_a_row_that_was_never_added_cannot_be_read_from_disk)
{
    struct spool *spool;
    uint8_t row[ROW_BYTES] = {0};
    ck_assert_ok(spool_create(&spool, ROW_BYTES, ROWS, 0, scratch_root));
    ck_assert_int_eq(spool_read(spool, 0, row), STATUS_FAILED);
    ck_assert_ok(spool_add(spool, row));
    ck_assert_int_eq(spool_read(spool, 1, row), STATUS_FAILED);
    spool_destroy(&spool);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_rows_come_back_whatever_fits_in_memory,
        test_the_scratch_file_is_made_only_when_needed,
        test_a_row_that_was_never_added_cannot_be_read_from_disk,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("spool", tests, 20));
}
