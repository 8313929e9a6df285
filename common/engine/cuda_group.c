/* The sum of the gradient slab over GPUs, by NCCL: one rank per GPU. 160 KB is a matter of latency,
 * so it is one call. A peer that died leaves the sum spinning on the device for ever; so every wait
 * asks NCCL for errors and ends at a deadline. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/status.h"
#include "engine/cuda.h"

_Static_assert(sizeof(ncclUniqueId) <= GROUP_ID_BYTES, "an id must fit");

int group_make(char id[GROUP_ID_BYTES])
{
    ncclUniqueId unique;
    memset(id, 0, GROUP_ID_BYTES);
    TRY_NCCL(ncclGetUniqueId(&unique));
    memcpy(id, &unique, sizeof unique);
    return 0;
}

int group_join(void *state, int rank, int size, const char id[GROUP_ID_BYTES], double timeout_s)
{
    struct cuda *cuda = state;
    ncclUniqueId unique;
    memcpy(&unique, id, sizeof unique);
    if (cuda->deterministic) { /* one algorithm, and not the switch's own sums */
        setenv("NCCL_NVLS_ENABLE", "0", 1);
        setenv("NCCL_ALGO", "Ring", 1);
    }
    TRY_NCCL(ncclCommInitRank(&cuda->group, size, unique, rank));
    TRY(group_sum(cuda)); /* of zeros: NCCL connects at the first sum, better not in a capture */
    TRY(group_wait(cuda, cuda->stream));
    cuda->timeout_s = timeout_s;
    return 0;
}

int group_sum(struct cuda *cuda)
{
    float *slab = cuda->slab[ENGINE_GRADIENT];
    if (cuda->group)
        TRY_NCCL(ncclAllReduce(slab, slab, (size_t)cuda->slabs.count, ncclFloat, ncclSum,
                               cuda->group, cuda->stream));
    return 0;
}

static void *abort_group(void *group)
{
    ncclCommAbort(group);
    return NULL;
}

/* The abort ends the sums that spin on the device, which other calls of CUDA would wait for. It
 * returns only when the graphs that hold sums are gone and its peers are too: a thread of its own
 * calls it, and the group stays unusable until the process ends. */
static int give_up(struct cuda *cuda, const char *why)
{
    const double patience_s = 5;
    double start = clock_s();
    pthread_t thread;
    if (pthread_create(&thread, NULL, abort_group, cuda->group) == 0)
        pthread_detach(thread);
    while (cudaStreamQuery(cuda->stream) == cudaErrorNotReady && clock_s() - start < patience_s)
        usleep(1000);
    return fail(STATUS_FAILED, "the sum over the GPUs failed: %s", why);
}

int group_wait(struct cuda *cuda, cudaStream_t stream)
{
    const double spin_s = 0.02;
    struct patience patience = patience_begin();
    for (;;) {
        cudaError_t code = cudaStreamQuery(stream);
        if (code == cudaSuccess)
            return 0;
        if (code != cudaErrorNotReady)
            return cuda_fail("cudaStreamQuery", cudaGetErrorString(code));
        double waited = patience_waited_s(&patience);
        if (waited < spin_s)
            continue;
        ncclResult_t result = ncclSuccess;
        if (cuda->group && ncclCommGetAsyncError(cuda->group, &result) == ncclSuccess &&
            result != ncclSuccess && result != ncclInProgress)
            return give_up(cuda, ncclGetErrorString(result));
        if (cuda->group && cuda->timeout_s > 0 && waited > cuda->timeout_s)
            return give_up(cuda, "a rank is dead, stuck or unreachable (--timeout sets the limit)");
        usleep(200);
    }
}

/* NCCL waits for the graphs that hold its sums: they go first. */
int group_leave(void *state)
{
    struct cuda *cuda = state;
    ncclComm_t group = cuda->group;
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    steps_drop_graphs(cuda);
    cuda->group = NULL;
    if (group)
        TRY_NCCL(ncclCommDestroy(group));
    return 0;
}
