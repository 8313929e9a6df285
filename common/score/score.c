#include "score/score.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "engine/engine.h"
#include "store/loader.h"

struct block {
    int64_t count;
    const int64_t *rows; /* first, first + 1, ... */
};

static int64_t plan_batch(const void *context, int64_t index, const int64_t **rows)
{
    const struct block *block = context;
    int64_t done = index * SCORE_BATCH, left = block->count - done;
    *rows = block->rows + done;
    return left < SCORE_BATCH ? left : SCORE_BATCH;
}

/* Changes a copy: the loader's buffers are its own. */
static int change_frames(const struct score_change *change, int64_t first_row, int64_t count,
                         int image_size, const uint8_t *frames, uint8_t *changed)
{
    int64_t frame_bytes = (int64_t)image_size * image_size * 3;
    memcpy(changed, frames, (size_t)(count * frame_bytes));
    for (int64_t i = 0; i < count; i++)
        TRY(change->apply(change->context, first_row + i, image_size, changed + i * frame_bytes));
    return 0;
}

int score_rows(const struct store *store, enum split split, struct engine *engine, int64_t first,
               int64_t count, const struct score_change *change, float *logits)
{
    int image_size = store_image_size(store);
    struct loader *loader = NULL;
    int64_t batches = (count + SCORE_BATCH - 1) / SCORE_BATCH;
    int64_t *rows = memory_zeroed((size_t)count, sizeof *rows, "rows to score");
    struct block block = {count, rows};
    int status = rows ? 0 : STATUS_FAILED;
    uint8_t *changed = NULL;
    if (change && status == 0) {
        changed =
            memory_aligned(SCORE_BATCH, (size_t)image_size * (size_t)image_size * 3, "frames");
        status = changed ? 0 : STATUS_FAILED;
    }
    for (int64_t i = 0; rows && i < count; i++)
        rows[i] = first + i;
    if (status == 0)
        status = loader_create(&loader, store, split, SCORE_BATCH, NULL);
    if (status == 0)
        status = loader_start(loader, plan_batch, &block, 0, batches);
    for (int64_t batch = 0; status == 0 && batch < batches; batch++) {
        const uint8_t *frames, *labels;
        int64_t n;
        status = loader_next(loader, &n, &frames, &labels);
        int64_t at = batch * SCORE_BATCH;
        if (status == 0 && change)
            status = change_frames(change, first + at, n, image_size, frames, changed);
        if (status == 0)
            status = engine_forward(engine, (int)n, change ? changed : frames, logits + at);
    }
    loader_destroy(&loader);
    free(changed);
    free(rows);
    return status;
}
