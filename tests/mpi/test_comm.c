#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "tests/mpi/suite.h"

static const int64_t counts[] = {1000, 0, 1, 2, 3, 5, 100003, 7};
enum { COUNTS = sizeof counts / sizeof counts[0] };

/* Values of a rank whose sum depends on the order of adding: 40 binary orders of magnitude. */
static double value_of(int rank, int64_t i)
{
    uint64_t word = random_at((uint64_t)rank, (uint64_t)i);
    double scale = (double)(UINT64_C(1) << word % 40);
    return (random_unit(random_mix(word)) - 0.5) * scale;
}

START_TEST(test_a_sum_is_added_in_rank_order_with_the_same_bits_everywhere)
{
    int reordered = 0;
    for (int c = 0; c < COUNTS; c++) {
        int64_t n = counts[c];
        float *values = malloc(((size_t)n + 1) * sizeof *values),
              *expected = calloc((size_t)n + 1, 4);
        for (int64_t i = 0; i < n; i++) {
            float backwards = (float)value_of(comm_size(comm) - 1, i);
            values[i] = (float)value_of(comm_rank(comm), i);
            expected[i] = (float)value_of(0, i);
            for (int r = 1; r < comm_size(comm); r++) {
                expected[i] += (float)value_of(r, i);
                backwards += (float)value_of(comm_size(comm) - 1 - r, i);
            }
            reordered += backwards != expected[i];
        }
        values[n] = expected[n] = 12345; /* not to be touched */
        ck_assert_ok(comm_sum(comm, n, values));
        ck_assert_mem_eq(values, expected, ((size_t)n + 1) * sizeof *values);
        free(values);
        free(expected);
    }
    if (comm_size(comm) > 2) /* or this test could not tell the orders apart */
        ck_assert_int_gt(reordered, 1000);
}
END_TEST

START_TEST(test_a_sum_of_doubles_is_added_in_rank_order_too)
{
    for (int c = 0; c < COUNTS; c++) {
        int64_t n = counts[c];
        double *values = malloc(((size_t)n + 1) * sizeof *values),
               *expected = calloc((size_t)n + 1, 8);
        for (int64_t i = 0; i < n; i++) {
            values[i] = value_of(comm_rank(comm), i) / 3;
            for (int r = 0; r < comm_size(comm); r++)
                expected[i] = r ? expected[i] + value_of(r, i) / 3 : value_of(0, i) / 3;
        }
        values[n] = expected[n] = 12345;
        ck_assert_ok(comm_sum_double(comm, n, values));
        ck_assert_mem_eq(values, expected, ((size_t)n + 1) * sizeof *values);
        free(values);
        free(expected);
    }
}
END_TEST

START_TEST(test_gather_puts_uneven_counts_in_rank_order)
{
    enum { BLOCK = 13 };
    int size = comm_size(comm), rank = comm_rank(comm);
    for (int round = 0; round < 5; round++) { /* round 4: nobody has anything */
        int64_t n[64], total = 0;
        for (int r = 0; r < size; r++)
            total += n[r] = round == 4 ? 0 : (r * 7 + round * 3) % 5 * (round == 3 ? 1000 : 1);
        uint8_t *mine = malloc((size_t)n[rank] * BLOCK + 1), *all = NULL;
        memset(mine, rank + 1, (size_t)n[rank] * BLOCK);
        if (rank == 0)
            all = malloc((size_t)total * BLOCK + 1);
        ck_assert_ok(comm_gather(comm, mine, n[rank], BLOCK, all));
        for (int64_t r = 0, at = 0; rank == 0 && r < size; r++)
            for (int64_t i = 0; i < n[r] * BLOCK; i++)
                ck_assert_msg(all[at++] == r + 1, "byte %lld", (long long)at - 1);
        free(mine);
        free(all);
    }
}
END_TEST

START_TEST(test_a_broadcast_block_arrives_whole_and_may_be_empty)
{
    static const size_t lengths[] = {0, 1, 4096, 1000003};
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        size_t bytes = comm_rank(comm) == 0 ? lengths[l] : 99;
        void *block = NULL;
        if (comm_rank(comm) == 0) {
            block = malloc(bytes + 1);
            for (size_t i = 0; i < bytes; i++)
                ((uint8_t *)block)[i] = (uint8_t)random_at(l, i);
        }
        ck_assert_ok(comm_broadcast_block(comm, &block, &bytes));
        ck_assert_uint_eq(bytes, lengths[l]);
        ck_assert_ptr_nonnull(block);
        size_t wrong = 0;
        for (size_t i = 0; i < bytes; i++)
            wrong += ((uint8_t *)block)[i] != (uint8_t)random_at(l, i);
        ck_assert_uint_eq(wrong, 0);
        free(block);
    }
}
END_TEST

START_TEST(test_agreement_gives_the_worst_status_and_its_message_everywhere)
{
    int size = comm_size(comm), rank = comm_rank(comm);
    char expected[256];
    ck_assert_int_eq(comm_agree(comm, 0), 0);
    ck_assert_int_eq(comm_agree(comm, rank), 0); /* what is not negative is fine */
    for (int worst = 0; worst < size; worst++) {
        /* All fail: this one with a usage error, which is worse than the others' failure. */
        int status = rank == worst ? fail(STATUS_USAGE, "rank %d is worst", rank)
                                   : fail(STATUS_FAILED, "rank %d failed", rank);
        ck_assert_int_eq(comm_agree(comm, status), STATUS_USAGE);
        snprintf(expected, sizeof expected, "rank %d is worst", worst);
        ck_assert_ptr_nonnull(strstr(fail_message(), expected));
        if (worst == 0) /* rank 0's lines stand for all and name no rank */
            ck_assert_str_eq(fail_message(), expected);
        snprintf(expected, sizeof expected, "[rank %d on ", worst);
        ck_assert_int_eq(strncmp(fail_message(), expected, strlen(expected)) == 0, worst > 0);
        /* One alone fails; the others bring an old message of their own. */
        fail(STATUS_FAILED, "an old line of rank %d", rank);
        status = rank == worst ? fail(STATUS_TOO_BAD, "only %d", rank) : 0;
        ck_assert_int_eq(comm_agree(comm, status), STATUS_TOO_BAD);
        snprintf(expected, sizeof expected, "only %d", worst);
        ck_assert_ptr_nonnull(strstr(fail_message(), expected));
        ck_assert_int_eq(comm_agree(comm, 0), 0);
    }
    /* Of equals the lowest rank speaks. */
    ck_assert_int_eq(comm_agree(comm, fail(STATUS_FAILED, "I am %d", rank)), STATUS_FAILED);
    ck_assert_str_eq(fail_message(), "I am 0");
    ck_assert_int_eq(comm_agree(comm, 0), 0);
}
END_TEST

START_TEST(test_ranks_know_their_place)
{
    int size = comm_size(comm);
    float places[65] = {0};
    ck_assert(comm_rank(comm) >= 0 && comm_rank(comm) < size && size <= 64);
    places[comm_rank(comm)] = 1;
    ck_assert_ok(comm_sum(comm, size, places));
    for (int r = 0; r < size; r++)
        ck_assert(places[r] == 1);
    ck_assert(comm_local_size(comm) >= 1 && comm_local_size(comm) <= size);
    ck_assert_int_gt((int)strlen(comm_host(comm)), 0);
    ck_assert_int_gt((int)strlen(comm_library()), 0);
    if (size > 1)
        ck_assert_int_eq(comm_rank_before_begin(), comm_rank(comm));
}
END_TEST

START_TEST(test_time_in_which_a_rank_was_suspended_does_not_count)
{
    const double limit_s = 2, stopped_s = 2.5;
    pid_t first = getpid();
    ck_assert_ok(comm_broadcast(comm, &first, sizeof first));
    if (comm_rank(comm) == 1) { /* rank 0 waits meanwhile, most of it asleep */
        usleep(100000);
        ck_assert_int_eq(kill(first, SIGSTOP), 0);
        usleep((useconds_t)(stopped_s * 1e6));
        ck_assert_int_eq(kill(first, SIGCONT), 0);
        usleep(100000);
    }
    if (comm_rank(comm) == 0)
        comm_set_timeout(comm, limit_s);
    if (comm_size(comm) > 1)
        ck_assert_ok(comm_agree(comm, 0));
    comm_set_timeout(comm, suite_deadline_s);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_a_sum_is_added_in_rank_order_with_the_same_bits_everywhere,
        test_a_sum_of_doubles_is_added_in_rank_order_too,
        test_gather_puts_uneven_counts_in_rank_order,
        test_a_broadcast_block_arrives_whole_and_may_be_empty,
        test_agreement_gives_the_worst_status_and_its_message_everywhere,
        test_ranks_know_their_place,
        test_time_in_which_a_rank_was_suspended_does_not_count,
    };
    return SUITE_RUN("comm", tests);
}
