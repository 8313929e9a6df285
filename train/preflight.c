/* Each check is a function that every rank calls. It tries the thing itself (a real sum, a real
 * file, real rows) and leaves one line for people; the ranks agree on the outcome, and rank 0
 * prints the line, or the reason of the lowest rank that failed. A failed check does not end the
 * others, so that one look shows all that is wrong. */
#include "train/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "comm/comm.h"
#include "engine/engine.h"
#include "store/h5.h"
#include "store/run.h"
#include "store/store.h"
#include "train/device.h"

enum { LINE = 512, SAMPLED_ROWS = 32 };

static const double patience_s = 8; /* for a rank that does not answer; the whole takes below 10 */
static const double shared_s = 3;   /* until a new file is seen by all: NFS remembers absence */

struct preflight {
    struct comm *comm;
    const struct settings *settings;
    struct model model;
    struct engine *engine; /* NULL where it could not be opened */
    char probe[4096];      /* a file that rank 0 makes beside the output */
    char line[LINE];
};

/* What a rank says of itself. */
struct seat {
    char host[64], what[96];
};

static int describe_seat(struct preflight *p, struct seat *seat)
{
    TRY(engine_open(&p->engine, &p->model, &p->settings->engine));
    int threads = engine_threads(p->engine);
    snprintf(seat->host, sizeof seat->host, "%s", comm_host(p->comm));
    snprintf(seat->what, sizeof seat->what, "%s, %d thread%s", engine_name(p->engine), threads,
             threads > 1 ? "s" : "");
    return 0;
}

/* One line for a stretch of ranks that say the same. */
static void print_seats(const struct seat *seats, int count)
{
    for (int first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && memcmp(&seats[first], &seats[end], sizeof *seats) == 0;
             end++)
            ;
        if (end - first == 1)
            printf("        rank %d on %s: %s\n", first, seats[first].host, seats[first].what);
        else
            printf("        ranks %d-%d on %s: %s\n", first, end - 1, seats[first].host,
                   seats[first].what);
    }
}

static int count_hosts(const struct seat *seats, int count)
{
    int hosts = 0;
    for (int r = 0; r < count; r++) {
        int seen = 0;
        for (int other = 0; other < r && !seen; other++)
            seen = strcmp(seats[r].host, seats[other].host) == 0;
        hosts += !seen;
    }
    return hosts;
}

static int check_ranks(struct preflight *p)
{
    int size = comm_size(p->comm), first = comm_rank(p->comm) == 0;
    struct seat mine = {"", ""};
    struct seat *seats = first ? memory_zeroed((size_t)size, sizeof *seats, "ranks") : NULL;
    int status = seats || !first ? describe_seat(p, &mine) : STATUS_FAILED;
    status = comm_agree(p->comm, status);
    if (status == 0)
        status = comm_gather(p->comm, &mine, 1, sizeof mine, seats);
    if (status == 0 && first) {
        int hosts = count_hosts(seats, size);
        printf("ok      ranks       %d on %d node%s\n", size, hosts, hosts > 1 ? "s" : "");
        print_seats(seats, size);
    }
    free(seats);
    return status;
}

/* Small whole numbers add without rounding, so every value of the sum is known. */
static int sum_of_ranks(struct preflight *p, const struct device *device, float *slab)
{
    struct engine *engine = p->engine;
    if (!device->steps)
        return comm_sum(p->comm, p->model.parameter_count, slab);
    TRY(engine_set(engine, ENGINE_GRADIENT, slab));
    TRY(device->steps->sum(device->state));
    return engine_get(engine, ENGINE_GRADIENT, slab);
}

static int check_sum(struct preflight *p)
{
    struct device device;
    TRY(comm_agree(p->comm, p->engine ? 0 : fail(STATUS_FAILED, "no engine to sum for")));
    TRY(device_open(&device, p->comm, p->engine, p->settings));
    int64_t count = p->model.parameter_count, size = comm_size(p->comm);
    float *slab = memory_aligned((size_t)count, sizeof *slab, "slab");
    double best_s = 1e9;
    int64_t wrong = 0;
    TRY(comm_agree(p->comm, slab ? 0 : STATUS_FAILED));
    int status = 0;
    for (int trial = 0; status == 0 && trial < 3; trial++) {
        for (int64_t i = 0; i < count; i++)
            slab[i] = (float)(comm_rank(p->comm) + 1 + i % 7);
        double start = clock_s();
        status = sum_of_ranks(p, &device, slab);
        best_s = clock_s() - start < best_s ? clock_s() - start : best_s;
        for (int64_t i = 0; i < count; i++)
            wrong += slab[i] != (float)(size * (size + 1) / 2 + size * (i % 7));
    }
    free(slab);
    TRY(status);
    snprintf(p->line, LINE, "a gradient (%.0f kB) over %s in %.2f ms", (double)count * 4e-3,
             !device.steps ? "MPI"
             : size > 1    ? "NCCL"
                           : "one GPU alone",
             best_s * 1e3);
    if (wrong > 0)
        status =
            fail(STATUS_FAILED, "%lld values of the summed gradient are wrong", (long long)wrong);
    return device_close(&device, comm_agree(p->comm, status));
}

/* Rank 0 makes a file and everybody must see it: the folder is one and the same on all nodes. */
static int make_probe(struct preflight *p, double *free_gb)
{
    uint64_t bytes, needed = 2 * (3 * 4 * (uint64_t)p->model.parameter_count + (1 << 20));
    TRY(h5_check_output(p->settings->output, "unmask-run"));
    int descriptor = open(p->probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return fail(STATUS_FAILED, "%s: cannot write there: %s", p->settings->output,
                    strerror(errno));
    if (flock(descriptor, LOCK_EX | LOCK_NB) < 0)
        snprintf(p->line, LINE, "none here (%s): files are opened without", strerror(errno));
    else
        snprintf(p->line, LINE, "files can be locked");
    close(descriptor);
    TRY(file_free_bytes(p->settings->output, &bytes));
    *free_gb = (double)bytes * 1e-9;
    if (bytes < needed)
        return fail(STATUS_FAILED, "%s: %.1f MB are free there, two checkpoints take %.1f MB",
                    p->settings->output, (double)bytes * 1e-6, (double)needed * 1e-6);
    return 0;
}

static int await_probe(const struct preflight *p)
{
    double start = clock_s();
    while (!file_exists(p->probe)) {
        if (clock_s() - start > shared_s)
            return fail(STATUS_FAILED, "%s: its folder is not the one that rank 0 sees",
                        p->settings->output);
        usleep(50000);
    }
    return 0;
}

static int check_output(struct preflight *p)
{
    double free_gb = 0;
    int first = comm_rank(p->comm) == 0;
    int status = comm_agree(p->comm, first ? make_probe(p, &free_gb) : 0);
    if (status == 0)
        status = comm_agree(p->comm, await_probe(p));
    if (first)
        unlink(p->probe);
    if (status == 0 && first) {
        printf("ok      locks       %s\n", p->line);
        snprintf(p->line, LINE, "%s: seen by all ranks, %.1f GB free", p->settings->output,
                 free_gb);
    }
    return status;
}

/* The store's hash, then the pixels of some rows, as one digest. */
static int digest_store(const struct store *store, uint8_t digest[SHA256_BYTES])
{
    size_t side = (size_t)store_image_size(store);
    uint8_t *frame = memory_zeroed(side * side, 3, "row");
    int64_t rows = store_rows(store, SPLIT_TRAIN);
    if (!frame)
        return STATUS_FAILED;
    struct sha256 hash = sha256_begin();
    int status = 0;
    sha256_add(&hash, store_content_hash(store), SHA256_HEX_BYTES);
    for (uint64_t k = 0; status == 0 && rows > 0 && k < SAMPLED_ROWS; k++) {
        int64_t row = (int64_t)random_below(random_at(0, k), (uint64_t)rows);
        status = store_read_rows(store, SPLIT_TRAIN, 1, &row, frame);
        sha256_add(&hash, frame, side * side * 3);
    }
    free(frame);
    int ended = sha256_end(&hash, digest);
    return status < 0 ? status : ended;
}

static int check_store(struct preflight *p)
{
    struct store *store = NULL;
    uint8_t mine[SHA256_BYTES] = {0}, first[SHA256_BYTES];
    const char *path = p->settings->store;
    int status = store_open(&store, path);
    if (status == 0)
        status = digest_store(store, mine);
    if (status == 0)
        status = model_build(&p->model, store_image_size(store), p->settings->channels);
    TRY_OR(done, comm_agree(p->comm, status));
    memcpy(first, mine, sizeof first);
    TRY_OR(done, comm_broadcast(p->comm, first, sizeof first));
    if (memcmp(mine, first, sizeof mine) != 0)
        status = fail(STATUS_FAILED, "%s: holds other rows than rank 0 reads", path);
    TRY_OR(done, comm_agree(p->comm, status));
    snprintf(p->line, LINE, "%s: %lld + %lld rows, content_hash %.12s, sampled rows alike", path,
             (long long)store_rows(store, SPLIT_TRAIN), (long long)store_rows(store, SPLIT_VAL),
             store_content_hash(store));
done:
    store_close(&store);
    return status;
}

/* Where the training stands; job scripts read this line to see whether it moves. */
static int check_checkpoint(struct preflight *p)
{
    struct run *run = NULL;
    char previous[4096];
    const char *path = p->settings->output;
    int status = 0;
    run_previous_path(path, previous, sizeof previous);
    if (comm_rank(p->comm) == 0) {
        if (p->settings->fresh || (!file_exists(path) && !file_exists(previous)))
            snprintf(p->line, LINE, "none");
        else if ((status = run_read(&run, path)) == 0 ||
                 (file_exists(previous) && (status = run_read(&run, previous)) == 0))
            snprintf(p->line, LINE, "%lld epochs and %lld steps", (long long)run->epoch,
                     (long long)run->step);
    }
    run_destroy(&run);
    return comm_agree(p->comm, status);
}

static const struct {
    const char *name;
    int (*look)(struct preflight *p);
    int needs_store;
} checks[] = {
    {"store", check_store, 1},   {"ranks", check_ranks, 0},           {"sum", check_sum, 0},
    {"output", check_output, 0}, {"checkpoint", check_checkpoint, 1},
};

static int try_check(struct preflight *p, const char *name, int (*look)(struct preflight *p))
{
    p->line[0] = '\0';
    int status = look(p), first = comm_rank(p->comm) == 0;
    if (first && status < 0)
        printf("FAILED  %-10s  %s\n", name, fail_message());
    else if (first && p->line[0])
        printf("ok      %-10s  %s\n", name, p->line);
    fflush(stdout);
    return status < 0;
}

int preflight_run(struct comm *comm, const struct settings *settings)
{
    struct preflight p = {.comm = comm, .settings = settings};
    double start = clock_s();
    int failed = 0;
    snprintf(p.probe, sizeof p.probe, "%s.check", settings->output);
    if (settings->timeout_s == 0 || settings->timeout_s > patience_s)
        comm_set_timeout(comm, patience_s);
    comm_set_place(comm, "the preflight");
    log_info("preflight for %s", settings->output); /* jobs/common.sh waits for a sign of life */
    TRY(comm_agree(comm, model_build(&p.model, 128, settings->channels)));
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && !comm_is_lost(comm); i++)
        if (settings->store || !checks[i].needs_store)
            failed += try_check(&p, checks[i].name, checks[i].look);
    engine_close(&p.engine);
    if (comm_is_lost(comm))
        return STATUS_FAILED; /* a silent rank: nothing more can be agreed */
    if (failed > 0)
        fail(STATUS_FAILED, "preflight: %d check%s failed", failed, failed > 1 ? "s" : "");
    else if (comm_rank(comm) == 0)
        printf("preflight passed in %.1f s\n", clock_s() - start);
    return comm_agree(comm, failed > 0 ? STATUS_FAILED : 0);
}
