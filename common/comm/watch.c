/* The watch: a thread of each rank that finds out who has fallen silent, and says so.
 *
 * The ranks stand in a ring; each tells the next one, about once a second, that it lives and where
 * it is, and listens to the one before it:
 *
 *     rank 0 --> rank 1 --> rank 2 --> rank 3 --> rank 0
 *
 * As long as one rank lives and another does not, some living rank follows a dead one: it names it,
 * passes on that all is lost, and ends the job. So the cost is one small message per rank and
 * second, whatever the number of ranks. A thread can do this while the main one decodes, computes,
 * or sits in a collective call of HDF5 that knows no deadline; so a rank may be busy for hours, but
 * not dead, stopped or cut off.
 *
 * The beats are UDP datagrams to every IPv4 address of the next rank. Through MPI they would need
 * MPI_THREAD_MULTIPLE, with which Open MPI 4.1's TCP, tried on two nodes, lost a connection in one
 * run of four. Where datagrams are blocked nothing is ever heard, and no alarm raised: the
 * deadlines of comm_wait remain. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "comm/comm_inside.h"

enum { ADDRESSES_MAX = 8 };

/* Where a rank can be reached; numbers in network order. */
struct card {
    uint64_t job; /* rank 0's is the job's: tells our beats from strangers' */
    uint32_t addresses[ADDRESSES_MAX];
    uint16_t address_count, port;
};

enum word {
    HERE,
    LEAVING, /* the last beat: silence from now on is no news */
    LOST     /* the job is being ended: say it to the next one and go */
};

struct beat {
    uint64_t job;
    int32_t rank, word;
    char host[64], place[PLACE_BYTES];
};

struct watch {
    pthread_t thread;
    int running;
    double limit_s;
    int socket, wake; /* wake: an eventfd that ends the thread */
    struct card next;
    struct beat mine, theirs;
};

void abort_all(struct comm *comm, int code)
{
    /* With a node gone MPI_Abort may hang or return: this process at least ends. */
    signal(SIGALRM, SIG_DFL);
    alarm(3);
    MPI_Abort(comm->world, code);
    _exit(code);
}

static int before(const struct comm *comm)
{
    return (comm->rank + comm->size - 1) % comm->size;
}

/* ---- the thread ---- */

static void send_beat(struct comm *comm, enum word word)
{
    struct watch *watch = comm->watch;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = watch->next.port};
    comm_place(comm, watch->mine.place);
    watch->mine.word = (int32_t)word;
    for (int i = 0; i < watch->next.address_count; i++) {
        to.sin_addr.s_addr = watch->next.addresses[i];
        sendto(watch->socket, &watch->mine, sizeof watch->mine, MSG_DONTWAIT,
               (struct sockaddr *)&to, sizeof to);
    }
}

/* Takes what has come; 1 if anything has. */
static int hear_beats(struct comm *comm)
{
    struct watch *watch = comm->watch;
    struct beat beat;
    ssize_t bytes;
    int heard = 0;
    while ((bytes = recv(watch->socket, &beat, sizeof beat, MSG_DONTWAIT)) >= 0)
        if (bytes == sizeof beat && beat.job == watch->mine.job && beat.rank == before(comm)) {
            watch->theirs = beat;
            heard = 1;
        }
    return heard;
}

/* Where this rank is goes into the line too: the last word of the other may be a second old. */
static void raise_alarm(struct comm *comm, double silent_s)
{
    const struct beat *last = &comm->watch->theirs;
    char here[PLACE_BYTES];
    comm_place(comm, here);
    log_error(
        "[rank %d on %s, at %s] rank %d on %s has been silent for %.0f s, last heard of at %s: "
        "dead, stopped or unreachable; ending the job (--timeout sets the limit)",
        comm->rank, comm->host, here[0] ? here : "its start", last->rank, last->host, silent_s,
        last->place[0] ? last->place : "its start");
    send_beat(comm, LOST);
    abort_all(comm, -STATUS_FAILED);
}

static void *keep_watch(void *argument)
{
    struct comm *comm = argument;
    struct watch *watch = comm->watch;
    struct pollfd wake = {watch->wake, POLLIN, 0};
    double tick_s = watch->limit_s < 20 ? watch->limit_s / 20 : 1;
    double last = clock_s(), silent_s = 0;
    int known = 0;
    do {
        send_beat(comm, HERE);
        double now = clock_s();
        /* A long gap is one in which we were suspended, and so, perhaps, was everybody. */
        silent_s += now - last < 2 * tick_s ? now - last : 2 * tick_s;
        last = now;
        if (hear_beats(comm)) {
            known = 1;
            silent_s = 0;
        }
        if (watch->theirs.word == LOST) {
            send_beat(comm, LOST);
            abort_all(comm, -STATUS_FAILED);
        }
        if (known && watch->theirs.word == HERE && silent_s > watch->limit_s)
            raise_alarm(comm, silent_s);
    } while (poll(&wake, 1, (int)(tick_s * 1e3)) == 0);
    send_beat(comm, LEAVING);
    return NULL;
}

/* ---- beginning and end ---- */

static int open_socket(struct watch *watch, struct card *mine)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t bytes = sizeof any;
    struct ifaddrs *interfaces;
    watch->wake = eventfd(0, EFD_CLOEXEC);
    watch->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (watch->wake < 0 || watch->socket < 0 ||
        bind(watch->socket, (struct sockaddr *)&any, sizeof any) < 0 ||
        getsockname(watch->socket, (struct sockaddr *)&any, &bytes) < 0 ||
        getifaddrs(&interfaces) < 0)
        return fail(STATUS_FAILED, "cannot open a socket: %s", strerror(errno));
    mine->port = any.sin_port;
    for (struct ifaddrs *i = interfaces; i && mine->address_count < ADDRESSES_MAX; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET)
            mine->addresses[mine->address_count++] =
                ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr;
    freeifaddrs(interfaces);
    return 0;
}

/* Every rank learns the card of the next one, and rank 0's word for the job. */
static int exchange_cards(struct comm *comm, const struct card *mine)
{
    MPI_Request request;
    struct watch *watch = comm->watch;
    struct card *cards = memory_zeroed((size_t)comm->size, sizeof *cards, "watch");
    TRY(comm_agree(comm, cards ? 0 : STATUS_FAILED));
    int status = MPI_Iallgather(mine, sizeof *mine, MPI_BYTE, cards, sizeof *cards, MPI_BYTE,
                                comm->world, &request) == MPI_SUCCESS
                     ? comm_wait(comm, &request, "the first exchange of the ranks")
                     : fail(STATUS_FAILED, "MPI_Iallgather failed");
    watch->next = cards[(comm->rank + 1) % comm->size];
    watch->mine.job = cards[0].job;
    free(cards);
    return status;
}

static int start_thread(struct comm *comm)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
    int error = pthread_create(&comm->watch->thread, NULL, keep_watch, comm);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    comm->watch->running = error == 0;
    return error ? fail(STATUS_FAILED, "cannot start a thread: %s", strerror(error)) : 0;
}

int comm_watch(struct comm *comm, double seconds)
{
    /* The watch knows the name, so it comes before a wait of the main thread gives up; and with a
     * node gone the launcher takes half a minute more to end the job. */
    const double share = 0.5;
    struct card mine = {.job = random_mix((uint64_t)getpid() ^ (uint64_t)(clock_s() * 1e9))};
    if (seconds <= 0 || comm->size == 1)
        return 0;
    struct watch *watch = memory_zeroed(1, sizeof *watch, "watch");
    TRY(comm_agree(comm, watch ? open_socket(watch, &mine) : STATUS_FAILED));
    comm->watch = watch;
    watch->limit_s = share * seconds;
    watch->mine.rank = comm->rank;
    snprintf(watch->mine.host, sizeof watch->mine.host, "%.63s", comm->host);
    TRY(exchange_cards(comm, &mine));
    return comm_agree(comm, start_thread(comm));
}

void watch_stop(struct comm *comm)
{
    struct watch *watch = comm->watch;
    if (!watch)
        return;
    if (watch->running) {
        eventfd_write(watch->wake, 1);
        pthread_join(watch->thread, NULL);
    }
    close(watch->wake);
    close(watch->socket);
    free(watch);
    comm->watch = NULL;
}
