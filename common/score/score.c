#include "score/score.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/team.h"
#include "engine/engine.h"
#include "store/loader.h"

struct block {
    int64_t count, batch; /* rows, and how many of them at a time */
    const int64_t *rows;  /* first, first + 1, ... */
};

static int64_t plan_batch(const void *context, int64_t index, const int64_t **rows)
{
    const struct block *block = context;
    int64_t done = index * block->batch, left = block->count - done;
    *rows = block->rows + done;
    return left < block->batch ? left : block->batch;
}

/* A copy of the loader's frames, changed by all threads. */
struct changer {
    const struct score_change *change;
    struct team *team;
    int image_size;
    size_t frame_bytes;
    uint8_t *frames; /* (batch,H,W,3) */
    int64_t first_row;
};

static int change_frame(void *context, int member, int64_t index)
{
    const struct changer *changer = context;
    (void)member;
    return changer->change->apply(changer->change->context, changer->first_row + index,
                                  changer->image_size,
                                  changer->frames + (size_t)index * changer->frame_bytes);
}

static int change_frames(struct changer *changer, int64_t first_row, int64_t count,
                         const uint8_t **frames)
{
    memcpy(changer->frames, *frames, (size_t)count * changer->frame_bytes);
    *frames = changer->frames;
    changer->first_row = first_row;
    return team_each(changer->team, count, change_frame, changer);
}

int score_rows(const struct store *store, enum split split, struct engine *engine, int64_t first,
               int64_t count, const struct score_change *change, float *logits)
{
    struct loader *loader = NULL;
    int size = store_image_size(store);
    struct changer changer = {.change = change,
                              .image_size = size,
                              .frame_bytes = (size_t)size * (size_t)size * 3};
    const int64_t batch_rows = engine_score_rows(engine);
    const int64_t batches = (count + batch_rows - 1) / batch_rows;
    int64_t *rows = memory_zeroed((size_t)count, sizeof *rows, "rows to score");
    struct block block = {count, batch_rows, rows};
    int status;
    TRY_OR(done, rows ? 0 : STATUS_FAILED);
    for (int64_t i = 0; i < count; i++)
        rows[i] = first + i;
    if (change) {
        changer.frames = memory_aligned((size_t)batch_rows, changer.frame_bytes, "frames");
        TRY_OR(done,
               changer.frames ? team_create(&changer.team, engine_threads(engine)) : STATUS_FAILED);
    }
    TRY_OR(done, loader_create(&loader, store, split, batch_rows, NULL));
    TRY_OR(done, loader_start(loader, plan_batch, &block, 0, batches));
    for (int64_t at = 0; at < count; at += batch_rows) {
        const uint8_t *frames, *labels;
        int64_t n;
        TRY_OR(done, loader_next(loader, &n, &frames, &labels));
        if (change)
            TRY_OR(done, change_frames(&changer, first + at, n, &frames));
        TRY_OR(done, engine_forward(engine, (int)n, frames, logits + at));
    }
done:
    loader_destroy(&loader);
    team_destroy(&changer.team);
    free(changer.frames);
    free(rows);
    return status;
}
