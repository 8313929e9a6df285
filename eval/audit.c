#include "eval/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/slices.h"
#include "base/status.h"
#include "comm/comm.h"
#include "eval/audit_inside.h"

static int read_rows(struct audit_rows *rows, const struct store *store)
{
    for (int split = 0; split < SPLIT_COUNT; split++)
        rows->count += store_rows(store, split);
    size_t count = (size_t)rows->count;
    rows->labels = memory_zeroed(count, 1, "labels");
    rows->splits = memory_zeroed(count, 1, "splits");
    rows->groups = memory_zeroed(count, sizeof *rows->groups, "groups");
    rows->sources = memory_zeroed(count, sizeof *rows->sources, "sources");
    rows->digests = memory_zeroed(count, sizeof *rows->digests, "digests");
    if (!rows->labels || !rows->splits || !rows->groups || !rows->sources || !rows->digests)
        return STATUS_FAILED;
    int64_t at = 0;
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const struct store_names *names = &rows->of[split];
        int64_t n = store_rows(store, split);
        if (n > 0)
            TRY(store_read_names(store, split, &rows->of[split]));
        for (int64_t i = 0; i < n; i++, at++) {
            rows->labels[at] = store_labels(store, split)[i];
            rows->splits[at] = (uint8_t)split;
            rows->groups[at] = names->group[i];
            rows->sources[at] = names->source + (size_t)i * names->source_stride;
        }
        if (n > 0)
            rows->group_count = names->group_count;
    }
    return 0;
}

static int name_groups(struct audit_rows *rows)
{
    rows->group_names =
        memory_zeroed((size_t)rows->group_count, sizeof *rows->group_names, "groups");
    if (!rows->group_names)
        return STATUS_FAILED;
    for (int split = 0; split < SPLIT_COUNT; split++)
        for (int64_t g = 0; rows->of[split].groups && g < rows->group_count; g++)
            rows->group_names[g] =
                rows->of[split].groups + (size_t)g * rows->of[split].group_stride;
    return 0;
}

static void release_rows(struct audit_rows *rows)
{
    free(rows->labels);
    free(rows->splits);
    free(rows->groups);
    free(rows->sources);
    free(rows->digests);
    free(rows->group_names);
    for (int split = 0; split < SPLIT_COUNT; split++)
        store_names_release(&rows->of[split]);
}

static int hash_rows(const struct store *store, enum split split, int64_t first, int64_t count,
                     uint8_t (*digests)[SHA256_BYTES])
{
    size_t bytes = (size_t)store_image_size(store) * (size_t)store_image_size(store) * 3;
    uint8_t *frame = memory_aligned(bytes, 1, "frame");
    int status = frame ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < count; i++) {
        struct sha256 *hash;
        int64_t row = first + i;
        status = store_read_rows(store, split, 1, &row, frame);
        if (status == 0 && (status = sha256_begin(&hash)) == 0) {
            status = sha256_add(hash, frame, bytes);
            int ended = sha256_end(&hash, digests[i]);
            status = status < 0 ? status : ended;
        }
    }
    free(frame);
    return status;
}

/* The digests of a split's rows, each hashed by one rank, to rank 0's `all`. */
static int gather_digests(struct comm *comm, const struct store *store, enum split split,
                          uint8_t (*all)[SHA256_BYTES])
{
    int rank = comm_rank(comm), size = comm_size(comm);
    int64_t rows = store_rows(store, split), mine = slice_count(rows, size, rank);
    uint8_t(*digests)[SHA256_BYTES] = memory_zeroed((size_t)mine, sizeof *digests, "digests");
    int64_t *counts = memory_zeroed((size_t)size, sizeof *counts, "digests");
    int status = digests && counts ? 0 : STATUS_FAILED;
    for (int r = 0; counts && r < size; r++)
        counts[r] = slice_count(rows, size, r);
    if (status == 0)
        status = hash_rows(store, split, slice_begin(rows, size, rank), mine, digests);
    status = comm_agree(comm, status);
    if (status == 0)
        status = comm_gather(comm, digests, mine, SHA256_BYTES, all, counts);
    free(digests);
    free(counts);
    return status;
}

static int find_all(struct audit *audit, const char *path, const struct audit_rows *rows,
                    int threads)
{
    double *values[AUDIT_CUES] = {NULL};
    audit->frames = rows->count;
    TRY(audit_find_duplicates(audit, rows));
    TRY(audit_find_shared(audit, rows));
    int status = audit_read_cues(path, rows, values);
    if (status == 0)
        status = audit_measure_cues(audit, rows, values, threads);
    for (int c = 0; c < AUDIT_CUES; c++)
        free(values[c]);
    return status;
}

int audit_store(struct audit *audit, struct comm *comm, const char *path, const struct store *store,
                int threads)
{
    struct audit_rows rows = {0};
    int first = comm_rank(comm) == 0, status = 0;
    *audit = (struct audit){.split_by_video = strcmp(store_split_by(store), "video") == 0};
    if (first) {
        status = read_rows(&rows, store);
        if (status == 0)
            status = name_groups(&rows);
    }
    status = comm_agree(comm, status);
    for (int64_t split = 0, at = 0; status == 0 && split < SPLIT_COUNT; split++) {
        status = gather_digests(comm, store, (enum split)split, first ? rows.digests + at : NULL);
        at += store_rows(store, (enum split)split);
    }
    if (status == 0)
        status = comm_agree(comm, first ? find_all(audit, path, &rows, threads) : 0);
    release_rows(&rows);
    return status;
}

int audit_verdict(const struct audit *audit, const char *path)
{
    if (!audit->split_by_video || audit->shared_count == 0)
        return 0;
    return fail(STATUS_FAILED,
                "%s: groups on both sides of a split by video: %lld (%s, ...); preprocess again",
                path, (long long)audit->shared_count, audit->shared[0]);
}

void audit_clear(struct audit *audit)
{
    for (int64_t i = 0; i < audit->duplicate_count; i++)
        for (int side = 0; side < 2; side++)
            free(audit->duplicates[i].source[side]);
    for (int64_t i = 0; i < audit->shared_count; i++)
        free(audit->shared[i]);
    free(audit->duplicates);
    free(audit->shared);
    free(audit->notes);
    *audit = (struct audit){0};
}
