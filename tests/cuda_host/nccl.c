/* NCCL between processes of one host: an all-reduce through shared memory.
 *
 * Sum number s uses half s % 2 of the memory. A rank publishes its part and the number; when all
 * have, each adds up the parts in rank order. Nobody can publish s + 2 before all have read s. */
#include "tests/cuda_host/queue.h"

#include <fcntl.h>
#include <nccl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANKS_MAX = 8, FLOATS_MAX = 1 << 18 };

struct shared {
    atomic_int published[RANKS_MAX];
    float parts[2][RANKS_MAX][FLOATS_MAX];
};

struct ncclComm {
    int rank, size, sums;
    atomic_int aborted;
    struct shared *shared;
};

ncclResult_t ncclGetVersion(int *version)
{
    *version = NCCL_VERSION_CODE;
    return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t result)
{
    return result == ncclSuccess ? "no error" : "an error of NCCL for the host";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    snprintf(id->internal, sizeof id->internal, "/unmask-nccl-%ld", (long)getpid());
    shm_unlink(id->internal);
    return ncclSuccess;
}

ncclResult_t ncclCommInitRank(ncclComm_t *comm, int size, ncclUniqueId id, int rank)
{
    int descriptor = shm_open(id.internal, O_RDWR | O_CREAT, 0600);
    if (size > RANKS_MAX || descriptor < 0 || ftruncate(descriptor, sizeof(struct shared)) < 0)
        return ncclSystemError;
    struct ncclComm *made = calloc(1, sizeof *made);
    made->rank = rank;
    made->size = size;
    made->shared =
        mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    made->sums = 1;
    atomic_store(&made->shared->published[rank], 1);
    for (int r = 0; r < size; r++)
        while (atomic_load(&made->shared->published[r]) < 1)
            usleep(100);
    if (rank == 0)
        shm_unlink(id.internal);
    *comm = made;
    return made->shared == MAP_FAILED ? ncclSystemError : ncclSuccess;
}

struct sum_task {
    struct ncclComm *comm;
    float *values;
    size_t count;
    int number; /* 0: not yet published */
};

static int run_sum(void *args)
{
    struct sum_task *task = args;
    struct ncclComm *comm = task->comm;
    struct shared *shared = comm->shared;
    if (comm->aborted)
        return 1;
    if (!task->number) {
        task->number = ++comm->sums;
        memcpy(shared->parts[task->number % 2][comm->rank], task->values,
               task->count * sizeof(float));
        atomic_store(&shared->published[comm->rank], task->number);
    }
    const char *stuck = getenv("CUDA_HOST_STUCK"); /* the sum that never comes, with all alive */
    if (stuck && task->number >= atoi(stuck))
        return 0;
    for (int r = 0; r < comm->size; r++)
        if (atomic_load(&shared->published[r]) < task->number)
            return 0;
    float(*parts)[FLOATS_MAX] = shared->parts[task->number % 2];
    for (size_t i = 0; i < task->count; i++) {
        task->values[i] = parts[0][i];
        for (int r = 1; r < comm->size; r++)
            task->values[i] += parts[r][i];
    }
    return 1;
}

ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type,
                           ncclRedOp_t operation, ncclComm_t comm, cudaStream_t stream)
{
    struct sum_task task = {comm, to, count, 0};
    if (from != to || type != ncclFloat || operation != ncclSum || count > FLOATS_MAX)
        return ncclInvalidArgument;
    host_enqueue(stream, run_sum, &task, sizeof task);
    return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *result)
{
    (void)comm;
    *result = ncclSuccess;
    return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm)
{
    while (host_graphs()) /* as NCCL does */
        usleep(1000);
    munmap(comm->shared, sizeof(struct shared));
    free(comm);
    return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm)
{
    comm->aborted = 1; /* its sum is still in the queue, and leaves it now */
    while (host_graphs())
        usleep(1000);
    return ncclSuccess;
}
