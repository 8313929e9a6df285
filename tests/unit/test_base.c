#include "base/random.h"
#include "base/team.h"
#include "tests/harness.h"

START_TEST(test_fail_keeps_the_line_and_returns_the_status)
{
    ck_assert_int_eq(fail(STATUS_USAGE, "%s: %d", "where", 7), STATUS_USAGE);
    ck_assert_str_eq(fail_message(), "where: 7");
    fail(STATUS_FAILED, "outer: %s", fail_message());
    ck_assert_str_eq(fail_message(), "outer: where: 7");
}
END_TEST

static void mark(void *context, int member)
{
    ((int *)context)[member]++;
}

START_TEST(test_team_runs_every_member_once_per_call)
{
    struct team *team;
    int calls[5] = {0};
    ck_assert_ok(team_create(&team, 5));
    for (int round = 0; round < 1000; round++)
        team_run(team, mark, calls);
    team_destroy(&team);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(calls[i], 1000);
    ck_assert_ptr_null(team);
}
END_TEST

struct squares {
    int64_t values[1000];
    int64_t bad; /* the index that fails, -1: none */
};

static int square(void *context, int member, int64_t index)
{
    struct squares *squares = context;
    ck_assert_int_lt(member, 4);
    if (index == squares->bad)
        return fail(STATUS_TOO_BAD, "index %d", (int)index);
    squares->values[index] += index * index;
    return 0;
}

START_TEST(test_team_visits_every_index_once_and_hands_a_failure_on)
{
    struct team *team;
    struct squares squares = {.bad = -1};
    ck_assert_ok(team_create(&team, 4));
    ck_assert_ok(team_each(team, 1000, square, &squares));
    for (int64_t i = 0; i < 1000; i++)
        ck_assert_int_eq(squares.values[i], i * i);
    for (squares.bad = 0; squares.bad < 1000; squares.bad += 37) {
        fail(STATUS_FAILED, "something else");
        ck_assert_int_eq(team_each(team, 1000, square, &squares), STATUS_TOO_BAD);
        char line[32];
        snprintf(line, sizeof line, "index %d", (int)squares.bad);
        ck_assert_str_eq(fail_message(), line);
    }
    ck_assert_ok(team_each(team, 0, square, &squares));
    team_destroy(&team);
}
END_TEST

START_TEST(test_random_values_are_the_published_constants_of_this_project)
{
    /* They decide splits and initial weights: a change here changes every user's results. */
    ck_assert_uint_eq(random_mix(1), UINT64_C(0x5692161d100b05e5));
    ck_assert_uint_ne(random_hash(0, "a"), random_hash(1, "a"));
    ck_assert_uint_ne(random_hash(0, "ab"), random_hash(0, "ba"));
    for (uint64_t k = 0; k < 1000; k++) {
        ck_assert_uint_lt(random_below(random_at(3, k), 7), 7);
        float u = random_unit(random_at(3, k));
        ck_assert(u >= 0 && u < 1);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_fail_keeps_the_line_and_returns_the_status,
        test_team_runs_every_member_once_per_call,
        test_team_visits_every_index_once_and_hands_a_failure_on,
        test_random_values_are_the_published_constants_of_this_project,
    };
    return HARNESS_RUN("base", tests, 30);
}
