/* Ranks: the only code that calls MPI.
 *
 * Everything here is collective unless it says otherwise: every rank calls it, in the same order.
 * No call waits for ever: a collective that does not complete within the deadline fails with a line
 * that says what was waited for, and since the ranks can no longer agree on anything, comm_end then
 * aborts them all. Sums are added in rank order, so that the same ranks give the same bits on any
 * machine. */
#ifndef COMM_COMM_H
#define COMM_COMM_H

#include <stddef.h>
#include <stdint.h>

struct comm;

/* Starts MPI. Failures of MPI's own start end the process, as MPI does. */
int comm_begin(struct comm **comm);

/* Ends MPI and returns the exit code for main: the last word of every program. A failed status that
 * all ranks know of (comm_agree) is printed once by rank 0; one that only this rank knows of is
 * printed here and takes the other ranks down. */
int comm_end(struct comm **comm, int status);

/* Not collective. The rank that this process will have, read from the launcher's environment, so
 * that
 * --help is printed once and needs no MPI; -1 where there is no launcher. */
int comm_rank_before_begin(void);

int comm_rank(const struct comm *comm);
int comm_size(const struct comm *comm);
int comm_local_rank(const struct comm *comm); /* among the ranks on this node */
int comm_local_size(const struct comm *comm);
const char *comm_host(const struct comm *comm);
const char *comm_library(void); /* "Open MPI v4.1.4, ..." */

/* Not collective. Seconds after which a collective is given up; 0 = never. Only time in which this
 * process ran is counted, so that a suspended job survives. */
void comm_set_timeout(struct comm *comm, double seconds);
double comm_timeout(const struct comm *comm);

/* Not collective. 1 after a collective was given up: no other can succeed. */
int comm_is_lost(const struct comm *comm);

/* From now on a rank that falls silent ends the job, with a line that names it, whatever the others
 * are doing: after half of `seconds`, so that all is over when they have passed; 0: no watch. Ranks
 * may compute or wait as long as they like. */
int comm_watch(struct comm *comm, double seconds);

/* Not collective. Where the program is ("epoch 3, step 17"): part of the line when it hangs. */
void comm_set_place(struct comm *comm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The worst status of all ranks, with the message of the lowest rank that has it as
 * fail_message() on every rank (behind that rank's name, unless it is rank 0: what fails there
 * mostly fails everywhere). The end of every step that can fail on one rank only. */
int comm_agree(struct comm *comm, int status);

/* bytes of rank 0 to everybody. */
int comm_broadcast(struct comm *comm, void *data, size_t bytes);

/* A block of any length from rank 0 to everybody: on the others *data is malloc'd. */
int comm_broadcast_block(struct comm *comm, void **data, size_t *bytes);

/* my_count blocks of block_bytes from every rank to rank 0, in rank order (below 2 GiB in all);
 * `all` matters there only, and has room for them. */
int comm_gather(struct comm *comm, const void *mine, int64_t my_count, size_t block_bytes,
                void *all);

/* values[i] becomes the sum over the ranks, added in rank order; the same bits on every rank. */
int comm_sum(struct comm *comm, int64_t count, float *values);
int comm_sum_double(struct comm *comm, int64_t count, double *values);

#endif
