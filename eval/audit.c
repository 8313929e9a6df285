#include "eval/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/memory.h"
#include "base/slices.h"
#include "base/status.h"
#include "eval/audit_inside.h"
#include "eval/jobs.h"
#include "eval/scoring.h"
#include "store/content_hash.h"

static int read_rows(struct audit_rows *rows, struct audit *audit, const struct store *store)
{
    for (int split = 0; split < SPLIT_COUNT; split++)
        rows->count += store_rows(store, split);
    rows->list = memory_zeroed((size_t)rows->count, sizeof *rows->list, "rows");
    rows->digests = memory_zeroed((size_t)rows->count, sizeof *rows->digests, "digests");
    if (!rows->list || !rows->digests)
        return STATUS_FAILED;
    int64_t at = 0;
    for (int split = 0; split < SPLIT_COUNT; split++) {
        struct store_names *names = &audit->names[split];
        int64_t n = store_rows(store, split);
        rows->first[split] = at;
        if (n == 0)
            continue;
        TRY(store_read_names(store, split, names));
        for (int64_t i = 0; i < n; i++)
            rows->list[at++] = (struct audit_row){names->source[i], names->group[i],
                                                  store_labels(store, split)[i], (uint8_t)split};
        rows->group_count = names->group_count;
        rows->group_names = names->groups;
    }
    return 0;
}

static int hash_rows(const struct store *store, enum split split, int64_t first, int64_t count,
                     struct digests *digests)
{
    const int size = store_image_size(store);
    uint8_t *frame = memory_aligned((size_t)size * (size_t)size * 3, 1, "frame");
    int status = frame ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < count; i++) {
        int64_t row = first + i;
        status = store_read_rows(store, split, 1, &row, frame);
        if (status == 0)
            status = content_hash_row(frame, size, store_labels(store, split)[row], digests[i].row,
                                      digests[i].pixels);
    }
    free(frame);
    return status;
}

/* The digests of a split's rows, each hashed by one rank, to rank 0's `all`. */
static int gather_digests(struct comm *comm, const struct store *store, enum split split,
                          struct digests *all)
{
    int rank = comm_rank(comm), size = comm_size(comm);
    int64_t rows = store_rows(store, split), mine = slice_count(rows, size, rank);
    struct digests *digests = memory_zeroed((size_t)mine, sizeof *digests, "digests");
    int status = digests ? hash_rows(store, split, slice_begin(rows, size, rank), mine, digests)
                         : STATUS_FAILED;
    status = comm_agree(comm, status);
    if (status == 0)
        status = comm_gather(comm, digests, mine, sizeof *digests, all);
    free(digests);
    return status;
}

/* ---- is the store still what it was made of? --------------------------------------------------*/

static const uint8_t *row_hash(const void *context, enum split split, int64_t row)
{
    const struct audit_rows *rows = context;
    return rows->digests[rows->first[split] + row].row;
}

static int check_content(const struct audit_rows *rows, const struct store *store, const char *path)
{
    int64_t counts[SPLIT_COUNT];
    uint8_t digest[SHA256_BYTES];
    char found[SHA256_HEX_BYTES];
    for (int split = 0; split < SPLIT_COUNT; split++)
        counts[split] = store_rows(store, (enum split)split);
    TRY(content_hash(counts, row_hash, rows, digest));
    sha256_hex(digest, found);
    if (strcmp(found, store_content_hash(store)) != 0)
        return fail(STATUS_FAILED,
                    "%s: damaged: its frames and labels do not fit its content_hash; preprocess "
                    "again",
                    path);
    return 0;
}

/* ---- what stands on two sides of the split ----------------------------------------------------*/

/* A row as it is sorted: equal pixels come together, the earliest split and name first. */
struct print {
    const uint8_t *digest;
    const struct audit_row *row;
};

static int compare_prints(const void *left, const void *right)
{
    const struct print *a = left, *b = right;
    int order = memcmp(a->digest, b->digest, SHA256_BYTES);
    if (order == 0)
        order = a->row->split - b->row->split;
    return order ? order : strcmp(a->row->source, b->row->source);
}

static int compare_duplicates(const void *left, const void *right)
{
    const struct audit_duplicate *a = left, *b = right;
    int order = strcmp(b->split[1], a->split[1]); /* val, then test */
    return order ? order : strcmp(a->source[1], b->source[1]);
}

int audit_find_duplicates(struct audit *audit, const struct audit_rows *rows)
{
    struct print *prints = memory_zeroed((size_t)rows->count, sizeof *prints, "rows to sort");
    struct audit_duplicate *found = audit->duplicates =
        memory_zeroed((size_t)rows->count, sizeof *found, "duplicates");
    int status = prints && found ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < rows->count; i++)
        prints[i] = (struct print){rows->digests[i].pixels, &rows->list[i]};
    if (status == 0)
        qsort(prints, (size_t)rows->count, sizeof *prints, compare_prints);
    for (int64_t i = 1, first = 0; status == 0 && i < rows->count; i++) {
        const struct audit_row *a = prints[first].row, *b = prints[i].row;
        if (memcmp(prints[i].digest, prints[first].digest, SHA256_BYTES) != 0)
            first = i;
        else if (a->split != b->split)
            found[audit->duplicate_count++] =
                (struct audit_duplicate){{split_name(a->split), split_name(b->split)},
                                         {a->source, b->source}};
    }
    if (status == 0)
        qsort(found, (size_t)audit->duplicate_count, sizeof *found, compare_duplicates);
    free(prints);
    return status;
}

int audit_find_shared(struct audit *audit, const struct audit_rows *rows)
{
    uint8_t *sides = memory_zeroed((size_t)rows->group_count, 1, "groups");
    audit->shared = memory_zeroed((size_t)rows->group_count, sizeof *audit->shared, "groups");
    int status = sides && audit->shared ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < rows->count; i++)
        sides[rows->list[i].group] |= (uint8_t)(1 << rows->list[i].split);
    for (int64_t g = 0; status == 0 && g < rows->group_count; g++)
        if (sides[g] & (sides[g] - 1)) /* more than one side */
            audit->shared[audit->shared_count++] = rows->group_names[g];
    free(sides);
    return status;
}

/* ---- all of it --------------------------------------------------------------------------------*/

static int find_all(struct audit *audit, const char *path, const struct store *store,
                    const struct audit_rows *rows, int threads)
{
    double *values[AUDIT_CUES] = {NULL};
    audit->frames = rows->count;
    TRY(check_content(rows, store, path));
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
    int first = comm_rank(comm) == 0, status;
    *audit = (struct audit){.split_by_video = strcmp(store_split_by(store), "video") == 0};
    status = comm_agree(comm, first ? read_rows(&rows, audit, store) : 0);
    for (int64_t split = 0, at = 0; status == 0 && split < SPLIT_COUNT; split++) {
        status = gather_digests(comm, store, (enum split)split, first ? rows.digests + at : NULL);
        at += store_rows(store, (enum split)split);
    }
    if (status == 0)
        status = comm_agree(comm, first ? find_all(audit, path, store, &rows, threads) : 0);
    free(rows.list);
    free(rows.digests);
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
    for (int split = 0; split < SPLIT_COUNT; split++)
        store_names_release(&audit->names[split]);
    free(audit->duplicates);
    free(audit->shared);
    free(audit->notes);
    *audit = (struct audit){0};
}

/* ---- --audit STORE: no run, no report; the table goes to stdout -------------------------------*/

static int print_audit(struct audit *audit, const char *path)
{
    TRY(audit_conclude(audit));
    audit_print(stdout, audit, 1);
    if (fflush(stdout) != 0)
        return fail(STATUS_FAILED, "cannot write the audit to stdout");
    return audit_verdict(audit, path);
}

int job_audit(struct job *job)
{
    const char *path = job->settings->inputs[0];
    struct store *store = NULL;
    struct audit audit = {0};
    int threads, widened_from, first = comm_rank(job->comm) == 0;
    int status = cpus_claim(job->settings->engine.threads, comm_local_size(job->comm), &threads,
                            &widened_from);
    if (status == 0)
        status = store_open(&store, path);
    TRY_OR(done, comm_agree(job->comm, status));
    TRY_OR(done, audit_store(&audit, job->comm, path, store, threads));
    TRY_OR(done, comm_agree(job->comm, first ? print_audit(&audit, path) : 0));
done:
    audit_clear(&audit);
    store_close(&store);
    return status;
}
