/* A job whose last rank does not come to a collective call: what tests/e2e/deadline.sh watches.
 *
 *   mpirun -n N late_rank agree|sum|broadcast|gather LIMIT_S LATE_S */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "comm/comm.h"

static int call(struct comm *comm, const char *what)
{
    static float values[1000];
    static char all[64];
    char mine = 'x';
    if (strcmp(what, "sum") == 0)
        return comm_sum(comm, 1000, values);
    if (strcmp(what, "broadcast") == 0)
        return comm_broadcast(comm, values, sizeof values);
    if (strcmp(what, "gather") == 0)
        return comm_gather(comm, &mine, 1, 1, all);
    return comm_agree(comm, 0);
}

int main(int argc, char **argv)
{
    struct comm *comm;
    if (argc != 4 || comm_begin(&comm) < 0)
        return EXIT_FAILURE;
    log_open("late_rank", comm_rank(comm) == 0);
    comm_set_place(comm, "epoch 3, step 17");
    int status = comm_agree(comm, 0); /* all are there */
    comm_set_timeout(comm, atof(argv[2]));
    if (comm_rank(comm) == comm_size(comm) - 1)
        usleep((useconds_t)(1e6 * atof(argv[3])));
    if (status == 0)
        status = call(comm, argv[1]);
    return comm_end(&comm, status);
}
