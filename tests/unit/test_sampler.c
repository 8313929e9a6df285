#include <string.h>

#include "tests/harness.h"
#include "train/sampler.h"

enum { SEED = 3 };

static struct sampler make(int64_t rows, int64_t batch, uint64_t seed, int shuffle, int rank,
                           int size)
{
    struct sampler sampler;
    ck_assert_ok(sampler_create(&sampler, rows, batch, seed, shuffle, rank, size));
    return sampler;
}

START_TEST(test_every_row_is_taken_once_per_epoch_by_any_number_of_ranks)
{
    static const struct {
        int64_t rows, batch;
        int size;
    } cases[] = {{100, 32, 1}, {100, 32, 3}, {96, 32, 4}, {1, 32, 4},   {33, 32, 4},
                 {5, 1, 2},    {7, 100, 3},  {31, 2, 3},  {1000, 7, 8}, {2, 1, 4}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int64_t rows = cases[c].rows, taken = 0;
        char *seen = calloc((size_t)rows, 1);
        for (int rank = 0; rank < cases[c].size; rank++) {
            struct sampler s = make(rows, cases[c].batch, SEED, 1, rank, cases[c].size);
            sampler_begin_epoch(&s, 2);
            for (int64_t step = 0; step < sampler_steps(&s); step++) {
                const int64_t *mine;
                int64_t count = sampler_my_rows(&s, step, &mine);
                for (int64_t i = 0; i < count; i++, taken++) {
                    ck_assert(mine[i] >= 0 && mine[i] < rows);
                    ck_assert_int_eq(seen[mine[i]]++, 0);
                }
            }
            sampler_release(&s);
        }
        ck_assert_int_eq(taken, rows);
        free(seen);
    }
}
END_TEST

START_TEST(test_the_slices_of_all_ranks_make_the_global_batch_in_order)
{
    enum { ROWS = 103, BATCH = 10 };
    struct sampler whole = make(ROWS, BATCH, SEED, 1, 0, 1);
    sampler_begin_epoch(&whole, 0);
    for (int size = 1; size <= 12; size++) { /* also more ranks than rows of a batch */
        struct sampler s[12];
        for (int rank = 0; rank < size; rank++) {
            s[rank] = make(ROWS, BATCH, SEED, 1, rank, size);
            sampler_begin_epoch(&s[rank], 0);
        }
        for (int64_t step = 0; step < sampler_steps(&whole); step++) {
            const int64_t *global, *mine;
            int64_t at = 0, count = sampler_my_rows(&whole, step, &global), least = BATCH, most = 0;
            ck_assert_int_eq(count, sampler_batch_rows(&whole, step));
            for (int rank = 0; rank < size; rank++) {
                int64_t n = sampler_my_rows(&s[rank], step, &mine);
                ck_assert_int_le(at + n, count);
                ck_assert_mem_eq(mine, global + at, (size_t)n * sizeof *mine);
                at += n;
                least = n < least ? n : least;
                most = n > most ? n : most;
            }
            ck_assert_int_eq(at, count);
            ck_assert_int_le(most - least, 1);
            ck_assert_int_le(most, BATCH / size + 1); /* what the trainer makes room for */
        }
        for (int rank = 0; rank < size; rank++)
            sampler_release(&s[rank]);
    }
    sampler_release(&whole);
}
END_TEST

START_TEST(test_only_the_last_batch_is_short)
{
    struct sampler s = make(103, 10, SEED, 1, 0, 1), even = make(100, 10, SEED, 1, 0, 1);
    ck_assert_int_eq(sampler_steps(&s), 11);
    for (int64_t step = 0; step < 10; step++)
        ck_assert_int_eq(sampler_batch_rows(&s, step), 10);
    ck_assert_int_eq(sampler_batch_rows(&s, 10), 3);
    ck_assert_int_eq(sampler_steps(&even), 10);
    ck_assert_int_eq(sampler_batch_rows(&even, 9), 10);
    sampler_release(&s);
    sampler_release(&even);
    struct sampler none = make(0, 10, SEED, 1, 0, 1);
    sampler_begin_epoch(&none, 0);
    ck_assert_int_eq(sampler_steps(&none), 0);
    sampler_release(&none);
}
END_TEST

/* How many of the rows stand at the same place in both orders. */
static int fixed(const struct sampler *a, const struct sampler *b)
{
    int count = 0;
    for (int64_t i = 0; i < a->rows; i++)
        count += a->order[i] == b->order[i];
    return count;
}

START_TEST(test_the_order_is_a_function_of_seed_and_epoch_alone)
{
    enum { ROWS = 1000, FEW = 12 }; /* one row is expected to stay, more than 12: once in 1e10 */
    struct sampler a = make(ROWS, 32, SEED, 1, 0, 1), b = make(ROWS, 7, SEED, 1, 2, 5);
    struct sampler other = make(ROWS, 32, SEED + 1, 1, 0, 1);
    sampler_begin_epoch(&b, 0); /* an epoch before leaves no trace */
    sampler_begin_epoch(&a, 9);
    sampler_begin_epoch(&b, 9);
    sampler_begin_epoch(&other, 9);
    ck_assert_int_eq(fixed(&a, &b), ROWS);
    ck_assert_int_lt(fixed(&a, &other), FEW);
    sampler_begin_epoch(&b, 10);
    ck_assert_int_lt(fixed(&a, &b), FEW);
    sampler_begin_epoch(&b, 9);
    ck_assert_int_eq(fixed(&a, &b), ROWS);
    sampler_release(&a);
    sampler_release(&b);
    sampler_release(&other);
}
END_TEST

START_TEST(test_without_shuffling_rows_come_in_store_order)
{
    struct sampler s = make(50, 8, SEED, 0, 0, 1);
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        sampler_begin_epoch(&s, epoch);
        for (int64_t i = 0; i < 50; i++)
            ck_assert_int_eq(s.order[i], i);
    }
    sampler_release(&s);
}
END_TEST

START_TEST(test_every_order_of_four_rows_is_as_likely)
{
    /* 24 orders in 24,000 epochs: 1,000 of each expected, sd 31; 5 sd. */
    enum { EPOCHS = 24000, LOW = 1000 - 155, HIGH = 1000 + 155 };
    int counts[256] = {0}, orders = 0;
    struct sampler s = make(4, 2, SEED, 1, 0, 1);
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
        sampler_begin_epoch(&s, epoch);
        counts[s.order[0] | s.order[1] << 2 | s.order[2] << 4 | s.order[3] << 6]++;
    }
    for (int i = 0; i < 256; i++)
        if (counts[i]) {
            orders++;
            ck_assert_msg(counts[i] > LOW && counts[i] < HIGH, "order %d: %d times", i, counts[i]);
        }
    ck_assert_int_eq(orders, 24);
    sampler_release(&s);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_every_row_is_taken_once_per_epoch_by_any_number_of_ranks,
        test_the_slices_of_all_ranks_make_the_global_batch_in_order,
        test_only_the_last_batch_is_short,
        test_the_order_is_a_function_of_seed_and_epoch_alone,
        test_without_shuffling_rows_come_in_store_order,
        test_every_order_of_four_rows_is_as_likely,
    };
    return HARNESS_RUN("sampler", tests, 20);
}
