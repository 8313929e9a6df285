/* The launches of cuda_kernels.h: the same bodies, one index after the other. */
#include "engine/cuda_kernels.h"
#include "tests/cuda_host/queue.h"

#define ELEMENTWISE(name, args_type, count_of)                                                     \
    static int run_##name(void *args)                                                              \
    {                                                                                              \
        const args_type *a = args;                                                                 \
        for (int64_t i = 0; i < (count_of); i++)                                                   \
            name##_at(a, i);                                                                       \
        return 1;                                                                                  \
    }                                                                                              \
    void kernel_##name(cudaStream_t stream, const args_type *args)                                 \
    {                                                                                              \
        (void)stream;                                                                              \
        host_enqueue(run_##name, args, sizeof *args);                                              \
    }

ELEMENTWISE(gather, struct gather_args, a->batch.count * a->pixels)
ELEMENTWISE(linear_backward, struct linear_args, a->parts * a->vectors)
ELEMENTWISE(collect, struct slab_args, a->count)
ELEMENTWISE(pack, struct slab_args, a->count)
ELEMENTWISE(update, struct slab_args, a->count)

struct pool_task {
    struct pool_args args;
    int64_t count;
};

static int run_pool(void *args)
{
    const struct pool_task *task = args;
    for (int64_t i = 0; i < task->count * task->args.h * task->args.w * task->args.vectors; i++)
        pool_at(&task->args, i);
    return 1;
}

void kernel_pool(cudaStream_t stream, const struct pool_args *args, int64_t count)
{
    (void)stream;
    struct pool_task task = {*args, count};
    host_enqueue(run_pool, &task, sizeof task);
}

static int run_linear(void *args)
{
    const struct linear_args *l = args;
    for (int n = 0; n < l->count; n++)
        l->logits[n] = linear_lane(l, n, 0, 1) + l->bias[0];
    return 1;
}

void kernel_linear(cudaStream_t stream, const struct linear_args *args)
{
    (void)stream;
    host_enqueue(run_linear, args, sizeof *args);
}

static int run_loss(void *args)
{
    const struct loss_args *l = args;
    struct loss_sums sums = {0, 0, 0};
    for (int n = 0; n < l->batch.count; n++)
        loss_at(l, n, &sums);
    *l->bias_gradient = (float)sums.gradient;
    if (l->sums) {
        l->sums[2 * *l->batch.step] = sums.loss;
        l->sums[2 * *l->batch.step + 1] = sums.correct;
    }
    return 1;
}

void kernel_loss(cudaStream_t stream, const struct loss_args *args)
{
    (void)stream;
    host_enqueue(run_loss, args, sizeof *args);
}

static int run_unpool(void *args)
{
    const struct unpool_args *u = args;
    for (int part = 0; part < UNPOOL_PARTS; part++)
        for (int v = 0; v < u->vectors; v++) {
            struct vector sum = {{0, 0, 0, 0}};
            for (int64_t p = part; p < u->positions; p += UNPOOL_PARTS)
                unpool_at(u, p * u->vectors + v, &sum);
            vector_store(u->bias_parts, (int64_t)part * u->vectors + v, REAL_FLOAT32, sum);
        }
    return 1;
}

void kernel_unpool(cudaStream_t stream, const struct unpool_args *args)
{
    (void)stream;
    host_enqueue(run_unpool, args, sizeof *args);
}
