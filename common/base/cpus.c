#include "base/cpus.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

int cpus_claim(int wanted, int local_ranks, int *threads, int *widened_from)
{
    cpu_set_t bound, all;
    *widened_from = 0;
    if (sched_getaffinity(0, sizeof bound, &bound) < 0) {
        if (errno != EINVAL)
            return fail(STATUS_FAILED, "cannot ask for the CPU binding: %s", strerror(errno));
        /* More CPUs than a cpu_set_t holds: no launcher binds a rank to one of those unasked. */
        long online = sysconf(_SC_NPROCESSORS_ONLN) / (local_ranks > 0 ? local_ranks : 1);
        *threads = wanted > 0 ? wanted : online > 0 ? (int)online : 1;
        return 0;
    }
    /* Asking for every CPU yields those that the container or cgroup grants. */
    memset(&all, 0xff, sizeof all);
    if (sched_setaffinity(0, sizeof all, &all) < 0 || sched_getaffinity(0, sizeof all, &all) < 0)
        all = bound;
    int share = CPU_COUNT(&all) / (local_ranks > 0 ? local_ranks : 1);
    *threads = wanted > 0 ? wanted : share > 0 ? share : 1;
    if (CPU_COUNT(&bound) < *threads && CPU_COUNT(&bound) < CPU_COUNT(&all))
        *widened_from = CPU_COUNT(&bound);
    else
        sched_setaffinity(0, sizeof bound, &bound);
    return 0;
}
