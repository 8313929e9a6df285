#include <string.h>

#include "tests/mpi/suite.h"
#include "tests/sample_store.h"
#include "tests/scratch.h"

/* A path that all ranks know. */
static const char *shared(const char *name)
{
    ck_assert_ok(comm_broadcast(comm, scratch_root, sizeof scratch_root));
    return scratch(name);
}

static const char *make_reserved(const char *name)
{
    const char *path = shared(name);
    if (comm_rank(comm) == 0)
        sample_create(path, sample_rows);
    ck_assert_ok(comm_agree(comm, 0));
    return path;
}

static void check_all(const char *path)
{
    uint8_t frames[SAMPLE_ROWS_MAX * SAMPLE_ROW_BYTES];
    int64_t rows[SAMPLE_ROWS_MAX];
    struct store *store;
    ck_assert_ok(store_open(&store, path));
    for (int split = 0; split < SPLIT_COUNT; split++) {
        for (int64_t i = 0; i < sample_rows[split]; i++)
            rows[i] = i;
        ck_assert_int_eq(store_rows(store, split), sample_rows[split]);
        ck_assert_ok(store_read_rows(store, split, sample_rows[split], rows, frames));
        sample_check(split, sample_rows[split], rows, frames);
        for (int64_t i = 0; i < sample_rows[split]; i++)
            ck_assert_int_eq(store_labels(store, split)[i], sample_label(split, i));
    }
    store_close(&store);
}

/* owner(row) says which rank writes a row. */
static void write_all(const char *path, int (*owner)(int64_t row))
{
    uint8_t frame[SAMPLE_ROW_BYTES];
    struct store_writer *writer;
    ck_assert_ok(store_writer_open(&writer, comm, path, SAMPLE_SIZE));
    for (int split = SPLIT_COUNT - 1; split >= 0; split--)
        for (int64_t row = sample_rows[split]; row-- > 0;) /* any order */
            if (owner(row) == comm_rank(comm)) {
                sample_frame(split, row, frame);
                ck_assert_ok(store_writer_put(writer, split, row, frame));
            }
    ck_assert_ok(store_writer_close(&writer));
    ck_assert_ptr_null(writer);
    ck_assert_ok(comm_agree(comm, 0));
}

static int in_turn(int64_t row)
{
    return (int)(row % comm_size(comm));
}

static int by_hash(int64_t row)
{
    return (int)random_below(random_at(5, (uint64_t)row), (uint64_t)comm_size(comm));
}

static int last_only(int64_t row)
{
    (void)row;
    return comm_size(comm) - 1;
}

START_TEST(test_frames_of_all_ranks_land_in_their_rows)
{
    static int (*const owners[])(int64_t) = {in_turn, by_hash, last_only};
    for (size_t o = 0; o < sizeof owners / sizeof owners[0]; o++) {
        const char *path = make_reserved("store.h5");
        write_all(path, owners[o]);
        check_all(path); /* by every rank */
        ck_assert_ok(comm_agree(comm, 0));
    }
}
END_TEST

START_TEST(test_a_row_or_split_that_is_not_there_is_refused_and_the_rest_stands)
{
    static const int64_t rows[SPLIT_COUNT] = {3, 2, 0};
    const char *path = shared("short.h5");
    uint8_t frame[SAMPLE_ROW_BYTES];
    struct store_writer *writer;
    struct store *store;
    if (comm_rank(comm) == 0)
        sample_create(path, rows);
    ck_assert_ok(comm_agree(comm, 0));
    ck_assert_ok(store_writer_open(&writer, comm, path, SAMPLE_SIZE));
    sample_frame(SPLIT_TRAIN, 1, frame);
    if (comm_rank(comm) == 0)
        ck_assert_ok(store_writer_put(writer, SPLIT_TRAIN, 1, frame));
    ck_assert_int_eq(store_writer_put(writer, SPLIT_TRAIN, 3, frame), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "short.h5: train: cannot write a frame"));
    ck_assert_int_eq(store_writer_put(writer, SPLIT_TRAIN, -1, frame), STATUS_FAILED);
    ck_assert_int_eq(store_writer_put(writer, SPLIT_TEST, 0, frame), STATUS_FAILED);
    ck_assert_ok(store_writer_close(&writer));
    ck_assert_ok(store_writer_close(&writer));
    ck_assert_ok(comm_agree(comm, 0));
    const int64_t one = 1;
    ck_assert_ok(store_open(&store, path));
    ck_assert_ok(store_read_rows(store, SPLIT_TRAIN, 1, &one, frame));
    sample_check(SPLIT_TRAIN, 1, &one, frame);
    store_close(&store);
    ck_assert_ok(comm_agree(comm, 0));
}
END_TEST

START_TEST(test_a_file_that_cannot_be_opened_fails_on_all_ranks)
{
    struct store_writer *writer;
    const char *path = shared("missing.h5");
    ck_assert_int_eq(store_writer_open(&writer, comm, path, SAMPLE_SIZE), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "missing.h5: cannot open through MPI-IO"));
    ck_assert_ok(store_writer_close(&writer));
    ck_assert_ok(comm_agree(comm, 0));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_frames_of_all_ranks_land_in_their_rows,
        test_a_row_or_split_that_is_not_there_is_refused_and_the_rest_stands,
        test_a_file_that_cannot_be_opened_fails_on_all_ranks,
    };
    scratch_begin(); /* one folder per rank, of which rank 0's is used by all */
    char mine[sizeof scratch_root];
    memcpy(mine, scratch_root, sizeof mine);
    int code = SUITE_RUN("store_write", tests);
    memcpy(scratch_root, mine, sizeof mine);
    return scratch_end(code);
}
