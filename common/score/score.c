#include "score/score.h"

#include <stdlib.h>

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

int score_rows(const struct store *store, enum split split, struct engine *engine, int64_t first,
               int64_t count, float *logits)
{
    struct loader *loader = NULL;
    int64_t batches = (count + SCORE_BATCH - 1) / SCORE_BATCH;
    int64_t *rows = memory_zeroed((size_t)count, sizeof *rows, "rows to score");
    struct block block = {count, rows};
    int status = rows ? 0 : STATUS_FAILED;
    for (int64_t i = 0; rows && i < count; i++)
        rows[i] = first + i;
    if (status == 0)
        status = loader_create(&loader, store, split, SCORE_BATCH);
    if (status == 0)
        status = loader_start(loader, plan_batch, &block, 0, batches);
    for (int64_t batch = 0; status == 0 && batch < batches; batch++) {
        const uint8_t *frames, *labels;
        int64_t n;
        status = loader_next(loader, &n, &frames, &labels);
        if (status == 0)
            status = engine_forward(engine, (int)n, frames, logits + batch * SCORE_BATCH);
    }
    loader_destroy(&loader);
    free(rows);
    return status;
}
