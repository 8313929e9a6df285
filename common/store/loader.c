#include "store/loader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

enum { SLOTS = 3 }; /* one in use, one ready, one being filled */

struct slot {
    uint8_t *frames, *labels;
    int64_t count;
};

struct loader {
    const struct store *store;
    enum split split;
    struct loader_memory memory;
    loader_plan *plan;
    const void *context;
    int64_t first, end;
    pthread_t thread;
    int started;
    /* Batch i stands in slot i % SLOTS; filled and taken count batches since `first`. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t filled, taken;
    int leave, status;
    char message[2048]; /* of the thread's failure: messages are per thread */
    struct slot slots[SLOTS];
};

static void *heap_allocate(size_t bytes, const char *what)
{
    return memory_aligned(bytes, 1, what);
}

int loader_create(struct loader **out, const struct store *store, enum split split,
                  int64_t rows_max, const struct loader_memory *memory)
{
    static const struct loader_memory heap = {heap_allocate, free};
    struct loader *loader = memory_zeroed(1, sizeof *loader, "loader");
    size_t row_bytes = (size_t)store_image_size(store) * (size_t)store_image_size(store) * 3;
    *out = loader;
    if (!loader)
        return STATUS_FAILED;
    loader->store = store;
    loader->split = split;
    loader->memory = memory ? *memory : heap;
    pthread_mutex_init(&loader->mutex, NULL);
    pthread_cond_init(&loader->changed, NULL);
    for (int i = 0; i < SLOTS; i++) {
        struct slot *slot = &loader->slots[i];
        slot->frames =
            loader->memory.allocate((size_t)rows_max * row_bytes, "batches (see --batch-size)");
        slot->labels = loader->memory.allocate((size_t)rows_max, "labels");
        if (!slot->frames || !slot->labels) {
            loader_destroy(out);
            return STATUS_FAILED;
        }
    }
    return 0;
}

void loader_destroy(struct loader **out)
{
    struct loader *loader = *out;
    if (!loader)
        return;
    loader_stop(loader);
    for (int i = 0; i < SLOTS; i++) {
        loader->memory.release(loader->slots[i].frames);
        loader->memory.release(loader->slots[i].labels);
    }
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->mutex);
    free(loader);
    *out = NULL;
}

static int fill_slot(struct loader *loader, int64_t batch, struct slot *slot)
{
    const int64_t *rows;
    const uint8_t *labels = store_labels(loader->store, loader->split);
    slot->count = loader->plan(loader->context, batch, &rows);
    for (int64_t i = 0; i < slot->count; i++)
        slot->labels[i] = labels[rows[i]];
    return store_read_rows(loader->store, loader->split, slot->count, rows, slot->frames);
}

static void *loader_main(void *argument)
{
    struct loader *loader = argument;
    pthread_mutex_lock(&loader->mutex);
    while (!loader->leave && loader->status == 0 && loader->first + loader->filled < loader->end) {
        /* The slot of the batch that the caller still uses is taken - 1: not to be overwritten. */
        if (loader->filled - loader->taken >= SLOTS - 1) {
            pthread_cond_wait(&loader->changed, &loader->mutex);
            continue;
        }
        int64_t batch = loader->filled;
        pthread_mutex_unlock(&loader->mutex);
        int status = fill_slot(loader, loader->first + batch, &loader->slots[batch % SLOTS]);
        pthread_mutex_lock(&loader->mutex);
        loader->status = status;
        if (status < 0)
            snprintf(loader->message, sizeof loader->message, "%s", fail_message());
        else
            loader->filled++;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->mutex);
    return NULL;
}

int loader_start(struct loader *loader, loader_plan *plan, const void *context, int64_t first,
                 int64_t end)
{
    loader_stop(loader);
    loader->plan = plan;
    loader->context = context;
    loader->first = first;
    loader->end = end;
    loader->filled = loader->taken = 0;
    loader->leave = loader->status = 0;
    int error = pthread_create(&loader->thread, NULL, loader_main, loader);
    if (error)
        return fail(STATUS_FAILED, "cannot start the loader's thread: %s", strerror(error));
    loader->started = 1;
    return 0;
}

int loader_next(struct loader *loader, int64_t *count, const uint8_t **frames,
                const uint8_t **labels)
{
    int status = 0;
    pthread_mutex_lock(&loader->mutex);
    int over = !loader->started || loader->first + loader->taken >= loader->end;
    while (!over && loader->filled == loader->taken && loader->status == 0)
        pthread_cond_wait(&loader->changed, &loader->mutex);
    if (!over && loader->filled > loader->taken) {
        const struct slot *slot = &loader->slots[loader->taken % SLOTS];
        *count = slot->count;
        *frames = slot->frames;
        *labels = slot->labels;
        loader->taken++;
        pthread_cond_broadcast(&loader->changed);
    } else {
        status = over ? fail(STATUS_FAILED, "the loader has no batch left")
                      : fail(loader->status, "%s", loader->message);
    }
    pthread_mutex_unlock(&loader->mutex);
    return status;
}

void loader_stop(struct loader *loader)
{
    if (!loader->started)
        return;
    pthread_mutex_lock(&loader->mutex);
    loader->leave = 1;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->mutex);
    pthread_join(loader->thread, NULL);
    loader->started = 0;
}
