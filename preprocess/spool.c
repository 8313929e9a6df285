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

enum { BLOCK_ROWS = 64 };

struct spool {
    size_t row_bytes;
    int64_t rows, memory_rows_max;
    uint8_t **blocks; /* of BLOCK_ROWS rows */
    int64_t block_count, block_capacity;
    int scratch; /* descriptor, -1 until needed */
    char folder[4096];
};

int spool_create(struct spool **out, size_t row_bytes, uint64_t memory_bytes, const char *folder)
{
    struct spool *spool = memory_zeroed(1, sizeof *spool, "spool");
    *out = spool;
    if (!spool)
        return STATUS_FAILED;
    spool->row_bytes = row_bytes;
    spool->memory_rows_max = (int64_t)(memory_bytes / row_bytes);
    spool->scratch = -1;
    snprintf(spool->folder, sizeof spool->folder, "%s", folder);
    return 0;
}

void spool_destroy(struct spool **out)
{
    struct spool *spool = *out;
    if (!spool)
        return;
    for (int64_t i = 0; i < spool->block_count; i++)
        free(spool->blocks[i]);
    free(spool->blocks);
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

static int add_block(struct spool *spool)
{
    if (spool->block_count == spool->block_capacity) {
        int64_t capacity = spool->block_capacity ? 2 * spool->block_capacity : 64;
        void *grown =
            memory_resized(spool->blocks, (size_t)capacity, sizeof *spool->blocks, "spool");
        if (!grown)
            return STATUS_FAILED;
        spool->blocks = grown;
        spool->block_capacity = capacity;
    }
    uint8_t *block = memory_aligned(BLOCK_ROWS, spool->row_bytes, "spool (see --memory)");
    if (!block)
        return STATUS_FAILED;
    spool->blocks[spool->block_count++] = block;
    return 0;
}

static uint8_t *row_in_memory(const struct spool *spool, int64_t index)
{
    return spool->blocks[index / BLOCK_ROWS] + (size_t)(index % BLOCK_ROWS) * spool->row_bytes;
}

static int64_t scratch_offset(const struct spool *spool, int64_t index)
{
    return (index - spool->memory_rows_max) * (int64_t)spool->row_bytes;
}

int spool_add(struct spool *spool, const uint8_t *row)
{
    int64_t index = spool->rows;
    if (index < spool->memory_rows_max) {
        if (index % BLOCK_ROWS == 0)
            TRY(add_block(spool));
        memcpy(row_in_memory(spool, index), row, spool->row_bytes);
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
        memcpy(row, row_in_memory(spool, index), spool->row_bytes);
        return 0;
    }
    return file_read_at(spool->scratch, "scratch file", row, spool->row_bytes,
                        scratch_offset(spool, index));
}
