/* What the files of common/comm (and the parallel half of common/store) share. */
#ifndef COMM_COMM_INSIDE_H
#define COMM_COMM_INSIDE_H

#include <mpi.h>
#include <pthread.h>

#include "comm/comm.h"

enum { PLACE_BYTES = 128 };

struct watch;

struct comm {
    MPI_Comm world;
    int rank, size, local_rank, local_size;
    double timeout_s;
    int agreed; /* the last comm_agree failed: every rank holds the same message */
    char host[MPI_MAX_PROCESSOR_NAME];
    int lost; /* a collective was given up */
    pthread_mutex_t place_mutex;
    char place[PLACE_BYTES];
    struct watch *watch; /* NULL: none */
    void *scratch;       /* of the sums: as large as the largest so far */
    size_t scratch_bytes;
};

/* Waits under the deadline; `what` is named when it passes. */
int comm_wait(struct comm *comm, MPI_Request *request, const char *what);

/* Copies the place, for the watch. */
void comm_place(struct comm *comm, char place[PLACE_BYTES]);

/* Ends the watch in good order: the next rank stops listening too. */
void watch_stop(struct comm *comm);

/* MPI_Abort; does not return. */
void abort_all(struct comm *comm, int code);

/* A failed MPI call as a status with MPI's own words. */
int comm_fail(const char *call, int code);

#define TRY_MPI(call)                                                                              \
    do {                                                                                           \
        int try_code_ = (call);                                                                    \
        if (try_code_ != MPI_SUCCESS)                                                              \
            return comm_fail(#call, try_code_);                                                    \
    } while (0)

#endif
