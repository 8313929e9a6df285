#include "train/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "comm/comm.h"

/* 1 when two ranks sit on one device, which no group can hold. Collective. */
static int find_shared(struct device *device, struct comm *comm, int *shared)
{
    int size = comm_size(comm), first = comm_rank(comm) == 0;
    uint8_t mine[DEVICE_ID_BYTES];
    uint8_t *all = memory_zeroed((size_t)size, sizeof mine, "devices");
    int status = all ? device->steps->identify(device->state, mine) : STATUS_FAILED;
    *shared = 0;
    status = comm_agree(comm, status);
    if (status == 0)
        status = comm_gather(comm, mine, 1, sizeof mine, all);
    for (int r = 1; status == 0 && first && r < size; r++)
        for (int other = 0; other < r; other++)
            *shared |= memcmp(all + r * DEVICE_ID_BYTES, all + other * DEVICE_ID_BYTES,
                              DEVICE_ID_BYTES) == 0;
    if (status == 0)
        status = comm_broadcast(comm, shared, sizeof *shared);
    free(all);
    return status;
}

static int join(struct device *device, struct comm *comm)
{
    char id[GROUP_ID_BYTES];
    TRY(comm_agree(comm, comm_rank(comm) == 0 ? device->steps->make_group(id) : 0));
    TRY(comm_broadcast(comm, id, sizeof id));
    return comm_agree(comm, device->steps->join_group(device->state, comm_rank(comm),
                                                      comm_size(comm), id, comm_timeout(comm)));
}

int device_open(struct device *device, struct comm *comm, struct engine *engine,
                const struct settings *settings)
{
    int size = comm_size(comm), shared = 0, nccl = strcmp(settings->sum, "nccl") == 0;
    const char *why = NULL;
    *device = (struct device){0};
    device->steps = engine_steps(engine, &device->state);
    double with_steps = device->steps != NULL;
    TRY(comm_sum_double(comm, 1, &with_steps));
    if (with_steps > 0 && with_steps < size)
        return comm_agree(comm, fail(STATUS_FAILED,
                                     "%.0f of %d ranks have a GPU: name one engine "
                                     "for all with --device",
                                     with_steps, size));
    if (!device->steps)
        why = "needs --device cuda";
    else if (size > 1)
        TRY(find_shared(device, comm, &shared));
    if (shared)
        why = "ranks share a GPU";
    else if (device->steps && size > 1 && strcmp(settings->sum, "mpi") == 0)
        why = "not with --sum mpi";
    if (nccl && why)
        return comm_agree(comm, fail(STATUS_FAILED, "--sum nccl: %s", why));
    if (strcmp(settings->resident, "on") == 0 && why)
        return comm_agree(comm, fail(STATUS_FAILED, "--resident on: %s", why));
    if (device->steps && (size > 1 || nccl))
        log_info("gradients are summed by %s%s%s", why ? "MPI through host memory (" : "NCCL",
                 why ? why : "", why ? ")" : "");
    if (why)
        device->steps = NULL;
    return device->steps && (size > 1 || nccl) ? join(device, comm) : 0;
}

int device_close(struct device *device, int status)
{
    free(device->order);
    device->order = NULL;
    if (device->steps && (status == 0 || status == STATUS_AGAIN))
        TRY(device->steps->leave_group(device->state));
    return status;
}

/* ---- resident rows ---- */

struct source {
    const struct store *store;
    enum split split;
};

static int read_rows(const void *context, int64_t first, int64_t count, uint8_t *frames)
{
    const struct source *source = context;
    return store_read_span(source->store, source->split, first, count, frames);
}

static int load_split(struct device *device, const struct store *store, enum split split,
                      enum resident which)
{
    const struct source source = {store, split};
    return device->steps->load(device->state, which, store_rows(store, split),
                               store_labels(store, split), read_rows, &source);
}

int device_load(struct device *device, struct comm *comm, const struct store *store,
                const struct settings *settings)
{
    if (!device->steps || strcmp(settings->resident, "off") == 0)
        return 0;
    int status = load_split(device, store, SPLIT_TRAIN, RESIDENT_TRAIN);
    if (status > 0)
        status = load_split(device, store, SPLIT_VAL, RESIDENT_VAL);
    double loaded = status > 0;
    TRY(comm_agree(comm, status));
    TRY(comm_sum_double(comm, 1, &loaded));
    device->resident = loaded == comm_size(comm);
    if (!device->resident)
        device->steps->unload(device->state);
    if (!device->resident && strcmp(settings->resident, "on") == 0)
        return comm_agree(comm, fail(STATUS_FAILED, "--resident on: the rows do not fit into the "
                                                    "GPU's free memory; use auto or off"));
    log_info("rows %s", device->resident
                            ? "resident in GPU memory"
                            : "stream from the store: they do not fit into GPU memory");
    return 0;
}

int device_begin(struct device *device, const struct sampler *sampler, int64_t first)
{
    int64_t steps = sampler_steps(sampler);
    const int64_t *rows;
    device->stride = (sampler_batch_rows(sampler, 0) + sampler->size - 1) / sampler->size;
    if (device->resident && !device->order) {
        device->order = memory_zeroed((size_t)(steps * device->stride), sizeof(int32_t), "order");
        if (!device->order)
            return STATUS_FAILED;
    }
    for (int64_t step = 0; device->resident && step < steps; step++) {
        int64_t count = sampler_my_rows(sampler, step, &rows);
        for (int64_t i = 0; i < count; i++)
            device->order[step * device->stride + i] = (int32_t)rows[i];
    }
    return device->steps->begin(device->state, first, steps, device->stride,
                                device->resident ? device->order : NULL);
}
