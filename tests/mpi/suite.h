/* A Check suite that runs on all ranks at once: every test is collective. A rank that fails leaves
 * the others waiting, which the deadline ends; all ranks then return the same exit code. */
#ifndef TESTS_MPI_SUITE_H
#define TESTS_MPI_SUITE_H

#include "base/log.h"
#include "comm/comm.h"
#include "tests/harness.h"

static struct comm *comm; /* tests take no arguments */

static const double suite_deadline_s = 30;

static inline int suite_run(const char *name, const TTest *const *tests, size_t count)
{
    if (comm_begin(&comm) < 0)
        return EXIT_FAILURE;
    log_open(name, comm_rank(comm) == 0);
    comm_set_timeout(comm, suite_deadline_s);
    int code = harness_run(name, tests, count, CK_NOFORK, 0);
    int status = comm_agree(comm, code ? fail(STATUS_FAILED, "%s failed", name) : 0);
    return comm_end(&comm, status);
}

#define SUITE_RUN(name, tests) suite_run(name, tests, sizeof(tests) / sizeof(tests)[0])

#endif
