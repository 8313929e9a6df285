/* What the files of common/comm (and the parallel half of common/store) share. */
#ifndef COMM_COMM_INSIDE_H
#define COMM_COMM_INSIDE_H

#include <mpi.h>

#include "comm/comm.h"

struct comm {
    MPI_Comm world;
    int rank, size, local_size;
    double timeout_s;
    int agreed; /* the last comm_agree failed: every rank holds the same message */
    char host[MPI_MAX_PROCESSOR_NAME];
    char place[128];
    void *scratch; /* of the sums: as large as the largest so far */
    size_t scratch_bytes;
};

/* Waits under the deadline; `what` is named when it passes. */
int comm_wait(struct comm *comm, MPI_Request *request, const char *what);

/* A failed MPI call as a status with MPI's own words. */
int comm_fail(const char *call, int code);

#define TRY_MPI(call)                                                                              \
    do {                                                                                           \
        int try_code_ = (call);                                                                    \
        if (try_code_ != MPI_SUCCESS)                                                              \
            return comm_fail(#call, try_code_);                                                    \
    } while (0)

#endif
