#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/cpu.h"

struct cpu_worker {
    const struct cpu_ops *ops;
    struct cpu_slot slots[CPU_OPS_MAX];
    float *x, *scratch; /* x: the frame as floats */
    dnnl_stream_t stream;
    float value[256]; /* v / 255 */
};

/* Zeroed: the padding of blocked layouts must be, and oneDNN keeps it so. */
static float *floats(int64_t count)
{
    int64_t bytes = (count + 16) * (int64_t)sizeof(float); /* loops may touch a vector beyond */
    float *buffer = memory_aligned((size_t)bytes, 1, "activations");
    if (buffer)
        memset(buffer, 0, (size_t)bytes);
    return buffer;
}

static int open_slot(struct cpu_worker *worker, int i)
{
    const struct cpu_op *op = &worker->ops->list[i];
    struct cpu_slot *slot = &worker->slots[i];
    slot->stream = worker->stream;
    slot->scratch = worker->scratch;
    slot->x = i == 0 ? worker->x : slot[-1].y;
    slot->dx = i == 0 ? NULL : slot[-1].dy;
    if (op->in_place) {
        slot->y = slot->x;
        slot->dy = slot->dx;
    } else {
        slot->y = floats(layout_count(&op->out));
        slot->dy = floats(layout_count(&op->out));
        if (!slot->y || !slot->dy)
            return STATUS_FAILED;
    }
    slot->saved = memory_zeroed(op->saved_bytes, 1, "what backward needs");
    if (!slot->saved)
        return STATUS_FAILED;
    return op->table->open_slot ? op->table->open_slot(op, slot) : 0;
}

static int open_slots(struct cpu_worker *worker)
{
    const struct cpu_ops *ops = worker->ops;
    DNNL_TRY(dnnl_stream_create, &worker->stream, ops->dnnl, dnnl_stream_default_flags);
    worker->x = floats(layout_count(&ops->list[0].in));
    worker->scratch = floats(ops->scratch_count);
    if (!worker->x || !worker->scratch)
        return STATUS_FAILED;
    for (int v = 0; v < 256; v++)
        worker->value[v] = (float)v / 255.0f;
    for (int i = 0; i < ops->count; i++)
        TRY(open_slot(worker, i));
    return 0;
}

int cpu_worker_create(struct cpu_worker **out, const struct cpu_ops *ops)
{
    struct cpu_worker *worker = *out = memory_zeroed(1, sizeof *worker, "cpu worker");
    if (!worker)
        return STATUS_FAILED;
    worker->ops = ops;
    int status = open_slots(worker);
    if (status < 0)
        cpu_worker_destroy(out);
    return status;
}

void cpu_worker_destroy(struct cpu_worker **out)
{
    struct cpu_worker *worker = *out;
    if (!worker)
        return;
    for (int i = 0; i < worker->ops->count; i++) {
        const struct cpu_op *op = &worker->ops->list[i];
        struct cpu_slot *slot = &worker->slots[i];
        for (int m = 0; m < 3; m++)
            dnnl_memory_destroy(slot->memories[m]);
        if (!op->in_place) {
            free(slot->y);
            free(slot->dy);
        }
        free(slot->saved);
    }
    dnnl_stream_destroy(worker->stream);
    free(worker->x);
    free(worker->scratch);
    free(worker);
    *out = NULL;
}

/* (H,W,C) bytes -> (C,H,W) floats, divided by 255 exactly as everywhere: through a table. */
static void convert_frame(struct cpu_worker *worker, const uint8_t *frame)
{
    const struct shape shape = worker->ops->list[0].in.shape;
    const int plane = shape.h * shape.w, C = shape.c;
    for (int c = 0; c < C; c++)
        for (int i = 0; i < plane; i++)
            worker->x[c * plane + i] = worker->value[frame[i * C + c]];
}

int cpu_worker_forward(struct cpu_worker *worker, const uint8_t *frame, int keep, float *logit)
{
    const struct cpu_ops *ops = worker->ops;
    convert_frame(worker, frame);
    for (int i = 0; i < ops->count; i++) {
        worker->slots[i].keep = keep;
        TRY(ops->list[i].table->forward(&ops->list[i], &worker->slots[i]));
    }
    *logit = worker->slots[ops->count - 1].y[0];
    return 0;
}

void cpu_worker_backward(struct cpu_worker *worker, float logit, int label, float *packed)
{
    const struct cpu_ops *ops = worker->ops;
    worker->slots[ops->count - 1].dy[0] = loss_bce_gradient(logit, label);
    for (int i = ops->count - 1; i >= 0; i--) {
        const struct cpu_op *op = &ops->list[i];
        worker->slots[i].gradient = packed + op->gradient_offset;
        op->table->backward(op, &worker->slots[i]);
    }
}
