/* How every program of ours begins: the command line first, so that --help and mistakes need no MPI
 * and are said by one rank only, then the ranks. */
#ifndef COMM_PROGRAM_H
#define COMM_PROGRAM_H

#include "base/options.h"
#include "comm/comm.h"

/* Returns 1 with the ranks started, or 0 when main should return *exit_code: help or version were
 * printed, or the command line was wrong (which has been said). */
int program_begin(const struct command *command, int argc, char **argv, const char **arguments,
                  int arguments_max, int *argument_count, struct comm **comm, int *exit_code);

#endif
