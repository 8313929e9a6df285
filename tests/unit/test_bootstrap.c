/* Intervals against an independent bootstrap (tests/golden/make_sklearn.py). */
#include "eval/bootstrap.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

/* An end of an interval from 2,000 resamples has a standard error of 0.06 sigma, and the interval
 * is 3.9 sigma wide: five standard errors. */
#define END_TOLERANCE 0.08

enum { ROWS_MAX = 1000 };

struct rows {
    int count, groups;
    uint8_t labels[ROWS_MAX];
    double scores[ROWS_MAX];
    int32_t group[ROWS_MAX];
    struct interval intervals[INTERVAL_COUNT];
};

static void read_golden(struct rows *rows)
{
    static const char *const names[INTERVAL_COUNT] = {"accuracy", "balanced", "auc", "eer"};
    FILE *in = fopen("tests/golden/bootstrap.txt", "r");
    char word[16];
    ck_assert_ptr_nonnull(in);
    ck_assert_int_eq(fscanf(in, "rows %d %d", &rows->count, &rows->groups), 2);
    ck_assert_int_le(rows->count, ROWS_MAX);
    for (int i = 0; i < rows->count; i++)
        ck_assert_int_eq(fscanf(in, "%hhu %lf %d", &rows->labels[i], &rows->scores[i],
                                &rows->group[i]),
                         3);
    for (int k = 0; k < INTERVAL_COUNT; k++) {
        struct interval *interval = &rows->intervals[k];
        ck_assert_int_eq(fscanf(in, "%15s %lf %lf", word, &interval->low, &interval->high), 3);
        ck_assert_str_eq(word, names[k]);
    }
    fclose(in);
}

static struct sample sample_of(const struct rows *rows)
{
    return (struct sample){.count = rows->count,
                           .labels = rows->labels,
                           .scores = rows->scores,
                           .groups = rows->group,
                           .threshold = 0.5};
}

START_TEST(test_intervals_equal_those_of_copied_rows)
{
    static struct rows rows;
    read_golden(&rows);
    struct sample sample = sample_of(&rows);
    ck_assert_ok(bootstrap(&sample, 1, rows.groups, 1));
    ck_assert_int_eq(sample.groups_with[CLASS_REAL], 24);
    for (int k = 0; k < INTERVAL_COUNT; k++) {
        const struct interval *got = &sample.intervals[k], *want = &rows.intervals[k];
        double allowed = END_TOLERANCE * (want->high - want->low);
        ck_assert_double_eq_tol(got->low, want->low, allowed);
        ck_assert_double_eq_tol(got->high, want->high, allowed);
    }
}
END_TEST

START_TEST(test_threads_and_neighbours_do_not_change_a_bit)
{
    static struct rows rows;
    read_golden(&rows);
    struct sample alone = sample_of(&rows), pair[2] = {sample_of(&rows), sample_of(&rows)};
    pair[1].threshold = 0.25;
    ck_assert_ok(bootstrap(&alone, 1, rows.groups, 1));
    ck_assert_ok(bootstrap(pair, 2, rows.groups, 3));
    ck_assert_mem_eq(alone.intervals, pair[0].intervals, sizeof alone.intervals);
    ck_assert_double_eq(pair[1].intervals[INTERVAL_AUC].low, alone.intervals[INTERVAL_AUC].low);
    ck_assert_double_ne(pair[1].intervals[INTERVAL_ACCURACY].low,
                        alone.intervals[INTERVAL_ACCURACY].low);
}
END_TEST

START_TEST(test_rows_that_hang_together_widen_the_interval)
{
    static struct rows rows;
    read_golden(&rows);
    struct sample by_group = sample_of(&rows), by_row = sample_of(&rows);
    int32_t own[ROWS_MAX];
    for (int i = 0; i < rows.count; i++)
        own[i] = i;
    by_row.groups = own;
    ck_assert_ok(bootstrap(&by_group, 1, rows.groups, 1));
    ck_assert_ok(bootstrap(&by_row, 1, rows.count, 1));
    const struct interval *wide = &by_group.intervals[INTERVAL_AUC],
                          *narrow = &by_row.intervals[INTERVAL_AUC];
    ck_assert(wide->high - wide->low > 1.5 * (narrow->high - narrow->low));
}
END_TEST

START_TEST(test_fewer_than_ten_groups_of_a_class_give_no_interval)
{
    static struct rows rows;
    rows.count = rows.groups = 20;
    for (int i = 0; i < rows.count; i++) {
        rows.labels[i] = i < 10;
        rows.scores[i] = rows.labels[i];
        rows.group[i] = i;
    }
    struct sample sample = sample_of(&rows);
    ck_assert_ok(bootstrap(&sample, 1, rows.groups, 1));
    ck_assert_double_eq(sample.intervals[INTERVAL_AUC].low, 1);
    ck_assert_double_eq(sample.intervals[INTERVAL_EER].high, 0);
    rows.group[0] = 1;
    ck_assert_ok(bootstrap(&sample, 1, rows.groups, 1));
    ck_assert_int_eq(sample.groups_with[CLASS_FAKE], 9);
    ck_assert_double_nan(sample.intervals[INTERVAL_AUC].low);
    ck_assert_double_nan(sample.intervals[INTERVAL_ACCURACY].high);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_intervals_equal_those_of_copied_rows,
        test_threads_and_neighbours_do_not_change_a_bit,
        test_rows_that_hang_together_widen_the_interval,
        test_fewer_than_ten_groups_of_a_class_give_no_interval,
    };
    return HARNESS_RUN("bootstrap", tests, 60);
}
