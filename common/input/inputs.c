#include "input/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

/* The count, the labels, then the paths. */
static int pack(const struct file_list *list, void **packed, size_t *bytes)
{
    *bytes = sizeof(int64_t) + (size_t)list->count;
    for (int64_t i = 0; i < list->count; i++)
        *bytes += strlen(list->files[i].path) + 1;
    char *block = *packed = memory_zeroed(*bytes, 1, "file list");
    if (!block)
        return STATUS_FAILED;
    char *at = block + sizeof(int64_t) + list->count;
    memcpy(block, &list->count, sizeof(int64_t));
    for (int64_t i = 0; i < list->count; i++) {
        block[sizeof(int64_t) + (size_t)i] = (char)list->files[i].label;
        at = stpcpy(at, list->files[i].path) + 1;
    }
    return 0;
}

int inputs_share(struct inputs *inputs, struct comm *comm, const struct file_list *list)
{
    size_t bytes = 0;
    *inputs = (struct inputs){0};
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? pack(list, &inputs->block, &bytes) : 0));
    TRY(comm_broadcast_block(comm, &inputs->block, &bytes));
    memcpy(&inputs->count, inputs->block, sizeof(int64_t));
    inputs->labels = (const uint8_t *)inputs->block + sizeof(int64_t);
    inputs->paths = memory_zeroed((size_t)inputs->count, sizeof(char *), "file list");
    const char *at = (const char *)inputs->labels + inputs->count;
    for (int64_t i = 0; inputs->paths && i < inputs->count; i++, at += strlen(at) + 1)
        inputs->paths[i] = at;
    return comm_agree(comm, inputs->paths ? 0 : STATUS_FAILED);
}

void inputs_release(struct inputs *inputs)
{
    free(inputs->paths);
    free(inputs->block);
    *inputs = (struct inputs){0};
}

static int compare_files(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

int inputs_gather(const struct inputs *inputs, struct comm *comm, const void *mine,
                  size_t record_bytes, void **all)
{
    int size = comm_size(comm), rank = comm_rank(comm);
    *all = rank == 0 ? memory_zeroed((size_t)inputs->count, record_bytes, "records") : NULL;
    TRY(comm_agree(comm, rank != 0 || *all ? 0 : STATUS_FAILED));
    TRY(comm_gather(comm, mine, inputs_mine(inputs->count, rank, size), record_bytes, *all));
    if (rank == 0)
        qsort(*all, (size_t)inputs->count, record_bytes, compare_files);
    return 0;
}
