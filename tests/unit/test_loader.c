#include <string.h>

#include "store/loader.h"
#include "tests/sample_store.h"
#include "tests/scratch.h"

enum { BATCH = 5, BATCHES = 40 };

/* Batch number i: rows drawn from all over the split, i % (BATCH + 1) of them. */
struct round {
    int64_t rows[BATCHES][BATCH];
    int split;
};

static int64_t plan(const void *context, int64_t index, const int64_t **rows)
{
    const struct round *round = context;
    *rows = round->rows[index];
    return index % (BATCH + 1);
}

static struct round *make_round(int split)
{
    struct round *round = calloc(1, sizeof *round);
    round->split = split;
    for (int b = 0; b < BATCHES; b++)
        for (int i = 0; i < BATCH; i++)
            round->rows[b][i] = (int64_t)random_below(random_at(9, (uint64_t)(b * BATCH + i)),
                                                      (uint64_t)sample_rows[split]);
    return round;
}

static struct store *open_sample(const char *path)
{
    struct store *store;
    sample_store(path, sample_rows);
    ck_assert_ok(store_open(&store, path));
    return store;
}

/* The next batch of the loader is number `index` of the round. */
static void check_next(struct loader *loader, const struct round *round, int64_t index)
{
    const uint8_t *frames, *labels;
    int64_t count = -1;
    ck_assert_ok(loader_next(loader, &count, &frames, &labels));
    ck_assert_int_eq(count, index % (BATCH + 1));
    usleep(index % 4 == 0 ? 500 : 0); /* the thread reads on meanwhile, but not over this one */
    sample_check(round->split, count, round->rows[index], frames);
    for (int64_t i = 0; i < count; i++)
        ck_assert_int_eq(labels[i], sample_label(round->split, round->rows[index][i]));
}

START_TEST(test_batches_come_in_order_with_their_rows_and_labels)
{
    struct store *store = open_sample(scratch("right.h5"));
    for (int split = 0; split < SPLIT_COUNT; split++) {
        struct round *round = make_round(split);
        struct loader *loader;
        ck_assert_ok(loader_create(&loader, store, split, BATCH, NULL));
        ck_assert_ok(loader_start(loader, plan, round, 0, BATCHES));
        for (int64_t i = 0; i < BATCHES; i++)
            check_next(loader, round, i);
        loader_destroy(&loader);
        ck_assert_ptr_null(loader);
        loader_destroy(&loader);
        free(round);
    }
    store_close(&store);
}
END_TEST

START_TEST(test_a_round_may_begin_anywhere_and_end_early)
{
    struct store *store = open_sample(scratch("early.h5"));
    struct round *round = make_round(SPLIT_TRAIN);
    struct loader *loader;
    ck_assert_ok(loader_create(&loader, store, SPLIT_TRAIN, BATCH, NULL));
    loader_stop(loader); /* before it was ever started */
    for (int64_t first = 0; first < BATCHES; first++) {
        ck_assert_ok(loader_start(loader, plan, round, first, BATCHES));
        for (int64_t i = first; i < BATCHES && i < first + first % 5; i++)
            check_next(loader, round, i);
        if (first % 2) /* starting again stops the round before */
            loader_stop(loader);
    }
    ck_assert_ok(loader_start(loader, plan, round, 3, 3)); /* nothing to do */
    loader_stop(loader);
    loader_stop(loader);
    ck_assert_ok(loader_start(loader, plan, round, 0, BATCHES));
    loader_destroy(&loader); /* at work */
    store_close(&store);
    free(round);
}
END_TEST

START_TEST(test_asking_behind_the_last_batch_is_an_error_not_a_hang)
{
    const uint8_t *frames, *labels;
    int64_t count;
    struct store *store = open_sample(scratch("behind.h5"));
    struct round *round = make_round(SPLIT_TRAIN);
    struct loader *loader;
    ck_assert_ok(loader_create(&loader, store, SPLIT_TRAIN, BATCH, NULL));
    ck_assert_ok(loader_start(loader, plan, round, 0, 2));
    check_next(loader, round, 0);
    check_next(loader, round, 1);
    ck_assert_int_eq(loader_next(loader, &count, &frames, &labels), STATUS_FAILED);
    ck_assert_ok(loader_start(loader, plan, round, 0, 1)); /* and it can go on */
    check_next(loader, round, 0);
    loader_destroy(&loader);
    store_close(&store);
    free(round);
}
END_TEST

START_TEST(test_a_store_that_is_cut_while_open_is_reported_by_name)
{
    const char *path = scratch("cut.h5");
    const uint8_t *frames, *labels;
    int64_t count;
    struct store *store = open_sample(path);
    struct round *round = make_round(SPLIT_TRAIN);
    struct loader *loader;
    ck_assert_ok(loader_create(&loader, store, SPLIT_TRAIN, BATCH, NULL));
    ck_assert_ok(loader_start(loader, plan, round, 0, BATCHES));
    check_next(loader, round, 0);
    ck_assert_int_eq(truncate(path, 100), 0);
    int64_t good = 1;
    while (good < BATCHES && loader_next(loader, &count, &frames, &labels) == 0)
        good++;
    ck_assert_int_le(good, 4); /* what had been read ahead is still good */
    ck_assert_ptr_nonnull(strstr(fail_message(), "cut.h5: ends early"));
    fail(STATUS_FAILED, "something else meanwhile");
    ck_assert_int_eq(loader_next(loader, &count, &frames, &labels), STATUS_FAILED); /* and stays */
    ck_assert_ptr_nonnull(strstr(fail_message(), "cut.h5: ends early"));
    loader_destroy(&loader);
    store_close(&store);
    free(round);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_batches_come_in_order_with_their_rows_and_labels,
        test_a_round_may_begin_anywhere_and_end_early,
        test_asking_behind_the_last_batch_is_an_error_not_a_hang,
        test_a_store_that_is_cut_while_open_is_reported_by_name,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("loader", tests, 20));
}
