#include "preprocess/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"

struct spool {
    size_t row_bytes;
    int64_t rows, memory_rows_max;
    uint8_t *memory; /* of memory_rows_max rows; a page is taken up when it is first written */
    int scratch;     /* descriptor, -1 until needed */
    char folder[4096];
};

int spool_create(struct spool **out, size_t row_bytes, int64_t rows_max, uint64_t memory_bytes,
                 const char *folder)
{
    uint64_t fitting = memory_bytes / row_bytes;
    struct spool *spool = *out = memory_zeroed(1, sizeof *spool, "spool");
    if (!spool)
        return STATUS_FAILED;
    spool->row_bytes = row_bytes;
    spool->memory_rows_max = fitting < (uint64_t)rows_max ? (int64_t)fitting : rows_max;
    spool->scratch = -1;
    snprintf(spool->folder, sizeof spool->folder, "%s", folder);
    spool->memory =
        memory_aligned((size_t)spool->memory_rows_max, row_bytes, "spool (see --memory)");
    if (!spool->memory)
        spool_destroy(out);
    return *out ? 0 : STATUS_FAILED;
}

void spool_destroy(struct spool **out)
{
    struct spool *spool = *out;
    if (!spool)
        return;
    free(spool->memory);
    if (spool->scratch >= 0)
        close(spool->scratch);
    free(spool);
    *out = NULL;
}

static int open_scratch(struct spool *spool)
{
    char name[4200];
    snprintf(name, sizeof name, "%s/.unmask-scratch-XXXXXX", spool->folder);
    spool->scratch = mkostemp(name, O_CLOEXEC);
    if (spool->scratch < 0)
        return fail(STATUS_FAILED, "%s: cannot make a scratch file: %s", spool->folder,
                    strerror(errno));
    unlink(name);
    return 0;
}

static int64_t scratch_offset(const struct spool *spool, int64_t index)
{
    return (index - spool->memory_rows_max) * (int64_t)spool->row_bytes;
}

int spool_add(struct spool *spool, const uint8_t *row)
{
    int64_t index = spool->rows;
    if (index < spool->memory_rows_max) {
        memcpy(spool->memory + (size_t)index * spool->row_bytes, row, spool->row_bytes);
    } else {
        if (spool->scratch < 0)
            TRY(open_scratch(spool));
        TRY(file_write_at(spool->scratch, "scratch file", row, spool->row_bytes,
                          scratch_offset(spool, index)));
    }
    spool->rows++;
    return 0;
}

int spool_read(const struct spool *spool, int64_t index, uint8_t *row)
{
    if (index < spool->memory_rows_max) {
        memcpy(row, spool->memory + (size_t)index * spool->row_bytes, spool->row_bytes);
        return 0;
    }
    return file_read_at(spool->scratch, "scratch file", row, spool->row_bytes,
                        scratch_offset(spool, index));
}
