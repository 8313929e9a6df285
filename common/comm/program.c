#include "comm/program.h"

#include <stdio.h>

#include "base/log.h"
#include "base/status.h"
#include "base/version.h"

int program_begin(const struct command *command, int argc, char **argv, const char **arguments,
                  int arguments_max, int *argument_count, struct comm **comm, int *exit_code)
{
    int rank = comm_rank_before_begin();
    int first = rank <= 0;
    log_open(command->program, first);
    int outcome = options_parse(command, argc, argv, arguments, arguments_max, argument_count);
    *exit_code = outcome < 0 ? -outcome : 0;
    if (outcome == OPTIONS_HELP && first)
        options_print_help(command, stdout);
    if (outcome == OPTIONS_VERSION && first)
        printf("%s %s (%s)\n", command->program, version_number(), version_revision());
    if (outcome < 0 && rank < 0)
        log_error("%s", fail_message());
    if (outcome > 0 || (outcome < 0 && rank < 0))
        return 0;
    int status = comm_begin(comm);
    if (status < 0) {
        log_error("%s", fail_message());
        *exit_code = -status;
        return 0;
    }
    /* A launcher kills the others when the first rank exits with an error: they leave together, or
     * the line that rank 0 has to say might be lost. */
    if (outcome < 0) {
        comm_end(comm, comm_agree(*comm, outcome));
        return 0;
    }
    log_open(command->program, comm_rank(*comm) == 0);
    return 1;
}
