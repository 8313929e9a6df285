/* What every Check binary shares: a suite is a list of tests, its exit code the verdict. Tests run
 * from the root of the project, so golden values are found as tests/golden/... */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#undef fail /* Check's old name for ck_abort_msg; ours is a function */
#include "base/status.h"

/* Runs the tests, prints Check's summary and returns main's exit code. fork: CK_FORK isolates each
 * test in a process; CK_NOFORK where MPI or CUDA has been started. */
static inline int harness_run(const char *name, const TTest *const *tests, size_t count,
                              enum fork_status fork, double timeout_s)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, timeout_s);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, fork);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define HARNESS_RUN(name, tests, timeout_s)                                                        \
    harness_run(name, tests, sizeof(tests) / sizeof(tests)[0], CK_FORK, timeout_s)

/* Asserts that a call of ours succeeded, and shows its line if not. */
#define ck_assert_ok(call) ck_assert_msg((call) >= 0, "%s: %s", #call, fail_message())

#endif
