#include "comm/comm.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "comm/comm_inside.h"

int comm_fail(const char *call, int code)
{
    char words[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, words, &length);
    return fail(STATUS_FAILED, "%.*s: %s", (int)strcspn(call, "("), call, words);
}

/* A process that no launcher started has no peers. Open MPI would all the same start a daemon for
 * it and try every fabric's library, two of which measure their clock: 0.3 s instead of 0.02. */
static void expect_no_peers(void)
{
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
}

int comm_begin(struct comm **out)
{
    int provided, length;
    MPI_Comm node;
    struct comm *comm = memory_zeroed(1, sizeof *comm, "ranks");
    *out = comm;
    if (!comm)
        return STATUS_FAILED;
    if (comm_rank_before_begin() < 0)
        expect_no_peers();
    TRY_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided));
    pthread_mutex_init(&comm->place_mutex, NULL);
    comm->world = MPI_COMM_WORLD;
    TRY_MPI(MPI_Comm_set_errhandler(comm->world, MPI_ERRORS_RETURN));
    TRY_MPI(MPI_Comm_rank(comm->world, &comm->rank));
    TRY_MPI(MPI_Comm_size(comm->world, &comm->size));
    TRY_MPI(MPI_Get_processor_name(comm->host, &length));
    TRY_MPI(MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    TRY_MPI(MPI_Comm_rank(node, &comm->local_rank));
    TRY_MPI(MPI_Comm_size(node, &comm->local_size));
    TRY_MPI(MPI_Comm_free(&node));
    return 0;
}

int comm_end(struct comm **out, int status)
{
    struct comm *comm = *out;
    int code = status < 0 ? -status : 0;
    if (!comm)
        return code;
    if (status < 0 && (comm->agreed || comm->size == 1)) {
        if (comm->rank == 0)
            log_error("%s", fail_message());
    } else if (status < 0) {
        log_error("[rank %d on %s] %s", comm->rank, comm->host, fail_message());
        abort_all(comm, code);
    }
    watch_stop(comm);
    MPI_Finalize();
    pthread_mutex_destroy(&comm->place_mutex);
    free(comm->scratch);
    free(comm);
    *out = NULL;
    return code;
}

int comm_rank_before_begin(void)
{
    const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]))
            return atoi(getenv(names[i]));
    return -1;
}

int comm_rank(const struct comm *comm)
{
    return comm->rank;
}

int comm_size(const struct comm *comm)
{
    return comm->size;
}

int comm_local_rank(const struct comm *comm)
{
    return comm->local_rank;
}

int comm_local_size(const struct comm *comm)
{
    return comm->local_size;
}

const char *comm_host(const struct comm *comm)
{
    return comm->host;
}

const char *comm_library(void)
{
    static char words[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    if (!words[0] && MPI_Get_library_version(words, &length) == MPI_SUCCESS)
        words[strcspn(words, ",")] =
            '\0'; /* "Open MPI v4.1.4, package: ...": the first is enough */
    return words;
}

void comm_set_timeout(struct comm *comm, double seconds)
{
    comm->timeout_s = seconds;
}

double comm_timeout(const struct comm *comm)
{
    return comm->timeout_s;
}

int comm_is_lost(const struct comm *comm)
{
    return comm->lost;
}

void comm_set_place(struct comm *comm, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&comm->place_mutex);
    vsnprintf(comm->place, sizeof comm->place, format, arguments);
    pthread_mutex_unlock(&comm->place_mutex);
    va_end(arguments);
}

void comm_place(struct comm *comm, char place[PLACE_BYTES])
{
    pthread_mutex_lock(&comm->place_mutex);
    memcpy(place, comm->place, PLACE_BYTES);
    pthread_mutex_unlock(&comm->place_mutex);
}

/* A blocking collective cannot time out, so every one is started nonblocking and polled here. The
 * first milliseconds are spun through (peers are usually microseconds apart), then we sleep. */
int comm_wait(struct comm *comm, MPI_Request *request, const char *what)
{
    const double spin_s = 0.02;
    struct patience patience = patience_begin();
    for (;;) {
        int done = 0;
        TRY_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
        if (done)
            return 0;
        double waited = patience_waited_s(&patience);
        if (comm->timeout_s > 0 && waited > comm->timeout_s) {
            comm->lost = 1;
            return fail(STATUS_FAILED,
                        "%s did not complete within %g s%s%s; a rank is dead, stuck or unreachable "
                        "(--timeout sets the limit)",
                        what, comm->timeout_s, comm->place[0] ? " at " : "", comm->place);
        }
        if (waited < spin_s)
            sched_yield();
        else
            usleep(200);
    }
}

int comm_agree(struct comm *comm, int status)
{
    struct {
        int status, rank;
    } mine = {status < 0 ? status : 0, comm->rank}, worst;
    char message[2048] = "";
    MPI_Request request;
    comm->agreed = 0;
    TRY_MPI(MPI_Iallreduce(&mine, &worst, 1, MPI_2INT, MPI_MINLOC, comm->world, &request));
    TRY(comm_wait(comm, &request, "the agreement of the ranks"));
    if (worst.status == 0)
        return 0;
    if (comm->rank == worst.rank && comm->rank == 0)
        snprintf(message, sizeof message, "%s", fail_message());
    else if (comm->rank == worst.rank)
        snprintf(message, sizeof message, "[rank %d on %s] %s", comm->rank, comm->host,
                 fail_message());
    TRY_MPI(MPI_Ibcast(message, sizeof message, MPI_CHAR, worst.rank, comm->world, &request));
    TRY(comm_wait(comm, &request, "the message of a failed rank"));
    comm->agreed = 1;
    return fail(worst.status, "%s", message);
}

int comm_broadcast(struct comm *comm, void *data, size_t bytes)
{
    const size_t most = (size_t)1 << 30; /* an MPI count is an int */
    for (size_t done = 0; done < bytes; done += most) {
        MPI_Request request;
        size_t part = bytes - done < most ? bytes - done : most;
        TRY_MPI(MPI_Ibcast((char *)data + done, (int)part, MPI_BYTE, 0, comm->world, &request));
        TRY(comm_wait(comm, &request, "a broadcast"));
    }
    return 0;
}

int comm_broadcast_block(struct comm *comm, void **data, size_t *bytes)
{
    int status = 0;
    uint64_t length = *bytes;
    TRY(comm_broadcast(comm, &length, sizeof length));
    *bytes = length;
    if (comm->rank != 0 && !(*data = memory_zeroed(length, 1, "block from rank 0")))
        status = STATUS_FAILED;
    TRY(comm_agree(comm, status));
    return comm_broadcast(comm, *data, length);
}

/* counts and offsets have room for all ranks; rank 0 learns there what comes from where. */
static int gather_blocks(struct comm *comm, const void *mine, int my_count, MPI_Datatype block,
                         void *all, int *counts, int *offsets)
{
    MPI_Request request;
    TRY_MPI(MPI_Igather(&my_count, 1, MPI_INT, counts, 1, MPI_INT, 0, comm->world, &request));
    TRY(comm_wait(comm, &request, "a gather"));
    for (int r = 1; r < comm->size; r++)
        offsets[r] = offsets[r - 1] + counts[r - 1];
    TRY_MPI(
        MPI_Igatherv(mine, my_count, block, all, counts, offsets, block, 0, comm->world, &request));
    return comm_wait(comm, &request, "a gather");
}

int comm_gather(struct comm *comm, const void *mine, int64_t my_count, size_t block_bytes,
                void *all)
{
    MPI_Datatype block;
    TRY_MPI(MPI_Type_contiguous((int)block_bytes, MPI_BYTE, &block));
    TRY_MPI(MPI_Type_commit(&block));
    int *counts = memory_zeroed(2 * (size_t)comm->size, sizeof *counts, "gather");
    int status = comm_agree(comm, counts ? 0 : STATUS_FAILED);
    if (status == 0)
        status = gather_blocks(comm, mine, (int)my_count, block, all, counts, counts + comm->size);
    MPI_Type_free(&block);
    free(counts);
    return status;
}
