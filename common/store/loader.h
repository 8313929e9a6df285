/* Batches of a store, read by a thread of its own while the caller computes.
 *
 * A small ring of buffers is all of the store that is ever in private memory. */
#ifndef STORE_LOADER_H
#define STORE_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct loader;

/* Which rows batch number `index` holds: returns their count and points *rows at them. Called by
 * the loader's thread; the rows must stay where they are until loader_stop. */
typedef int64_t loader_plan(const void *context, int64_t index, const int64_t **rows);

/* Where the buffers come from, when not from the heap: an engine's pinned memory. allocate fails
 * with NULL after fail(). */
struct loader_memory {
    void *(*allocate)(size_t bytes, const char *what);
    void (*release)(void *memory);
};

/* Buffers for batches of up to rows_max rows, from `memory` (NULL: the heap). The store must
 * outlive the loader. */
int loader_create(struct loader **loader, const struct store *store, enum split split,
                  int64_t rows_max, const struct loader_memory *memory);
void loader_destroy(struct loader **loader);

/* Begins to read batches first, first + 1, ..., end - 1. */
int loader_start(struct loader *loader, loader_plan *plan, const void *context, int64_t first,
                 int64_t end);

/* The next batch: frames uint8 (count,H,W,3) and labels (count), valid until the next call. Fails
 * when the store could not be read, and behind the last batch. */
int loader_next(struct loader *loader, int64_t *count, const uint8_t **frames,
                const uint8_t **labels);

/* Ends the round, also before its last batch. */
void loader_stop(struct loader *loader);

#endif
