#include "preprocess/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "store/content_hash.h"

int ingest_files(struct comm *comm, const struct inputs *inputs, const char *root, int image_size,
                 struct spool *spool, struct record *records, int64_t *record_count)
{
    struct image_loader *loader = NULL;
    uint8_t *row = memory_aligned((size_t)image_size * (size_t)image_size, 3, "row");
    int status = row ? image_loader_create(&loader, image_size) : STATUS_FAILED;
    *record_count = 0;
    for (int64_t i = comm_rank(comm); status == 0 && i < inputs->count; i += comm_size(comm)) {
        struct record *record = &records[(*record_count)++];
        char path[8192];
        memset(record, 0, sizeof *record); /* it travels as bytes: no stray ones in the padding */
        record->file = i;
        snprintf(path, sizeof path, "%s/%s", root, inputs->paths[i]);
        TRY_OR(done, image_load(loader, path, row, &record->facts, &record->bytes));
        if (record->facts.verdict == VERDICT_REJECTED)
            continue;
        TRY_OR(done,
               image_measure(row, image_size, image_size, &record->brightness, &record->sharpness));
        TRY_OR(done, content_hash_row(row, image_size, inputs->labels[i], record->row_hash, NULL));
        TRY_OR(done, spool_add(spool, row));
    }
done:
    image_loader_destroy(&loader);
    free(row);
    return status;
}
