#include "preprocess/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "comm/comm.h"

struct ingest {
    int image_size;
    struct resizer *resizer;
    struct image image;
    uint8_t *input; /* the file's bytes */
    size_t input_capacity;
    uint8_t *row;
};

/* What cannot be read is a rejected file, not a failed run. */
static int reject(struct record *record, const char *what, const char *why)
{
    record->facts.verdict = VERDICT_REJECTED;
    snprintf(record->facts.reason, sizeof record->facts.reason, "%s%s%s", what, *why ? ": " : "",
             why);
    return 0;
}

static int read_whole(struct ingest *ingest, int descriptor, const char *path,
                      struct record *record)
{
    size_t bytes = (size_t)record->bytes;
    if (bytes > ingest->input_capacity) {
        void *grown = memory_resized(ingest->input, bytes, 1, path);
        if (!grown)
            return STATUS_FAILED;
        ingest->input = grown;
        ingest->input_capacity = bytes;
    }
    errno = 0;
    if (file_read_at(descriptor, path, ingest->input, bytes, 0) < 0)
        return reject(record, "cannot read", errno ? strerror(errno) : "it shrank meanwhile");
    return 0;
}

/* The whole file into ingest->input. Opened without blocking: a FIFO named x.jpg must not stop the
 * night. */
static int read_input(struct ingest *ingest, const char *path, struct record *record)
{
    struct stat facts;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), status;
    if (descriptor < 0)
        return reject(record, "cannot open", strerror(errno));
    if (fstat(descriptor, &facts) < 0) {
        status = reject(record, "cannot read", strerror(errno));
    } else if (!S_ISREG(facts.st_mode)) {
        status = reject(record, "not a regular file", "");
    } else {
        record->bytes = facts.st_size;
        status = read_whole(ingest, descriptor, path, record);
    }
    close(descriptor);
    return status;
}

int ingest_hash_row(const uint8_t *row, int image_size, uint8_t label, uint8_t digest[SHA256_BYTES])
{
    struct sha256 *hash;
    TRY(sha256_begin(&hash));
    int status = sha256_add(hash, row, (size_t)image_size * (size_t)image_size * 3);
    if (status == 0)
        status = sha256_add(hash, &label, 1);
    int ended = sha256_end(&hash, digest);
    return status < 0 ? status : ended;
}

static int ingest_one(struct ingest *ingest, const struct inputs *inputs, struct spool *spool,
                      struct record *record)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", inputs->root, inputs->paths[record->file]);
    TRY(read_input(ingest, path, record));
    if (record->facts.verdict == VERDICT_REJECTED)
        return 0;
    TRY(image_decode(ingest->input, (size_t)record->bytes, &ingest->image, &record->facts));
    if (record->facts.verdict == VERDICT_REJECTED)
        return 0;
    TRY(image_resize(ingest->resizer, &ingest->image, ingest->image_size, ingest->image_size,
                     ingest->row));
    TRY(image_measure(ingest->row, ingest->image_size, ingest->image_size, &record->brightness,
                      &record->sharpness));
    TRY(ingest_hash_row(ingest->row, ingest->image_size, inputs->labels[record->file],
                        record->row_hash));
    return spool_add(spool, ingest->row);
}

int64_t ingest_count(int64_t files, int rank, int size)
{
    return files > rank ? (files - rank - 1) / size + 1 : 0;
}

int ingest_files(struct comm *comm, const struct inputs *inputs, int image_size,
                 struct spool *spool, struct record *records, int64_t *record_count)
{
    struct ingest ingest = {.image_size = image_size};
    int status;
    *record_count = 0;
    TRY_OR(done, resizer_create(&ingest.resizer));
    ingest.row = memory_aligned((size_t)image_size * (size_t)image_size, 3, "row");
    status = ingest.row ? 0 : STATUS_FAILED;
    for (int64_t i = comm_rank(comm); status == 0 && i < inputs->count; i += comm_size(comm)) {
        struct record *record = &records[*record_count];
        memset(record, 0, sizeof *record); /* it travels as bytes: no stray ones in the padding */
        record->file = i;
        status = ingest_one(&ingest, inputs, spool, record);
        ++*record_count;
    }
done:
    resizer_destroy(&ingest.resizer);
    image_release(&ingest.image);
    free(ingest.input);
    free(ingest.row);
    return status;
}
