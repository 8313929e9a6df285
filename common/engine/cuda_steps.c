/* Steps that never visit the host.
 *
 * A step is one graph: gather, forward, backward, sum over the group, update. The kernels read the
 * number of the step, and through it their rows, from device memory, and the update counts it up;
 * so the same graph is replayed for every batch of a size. Two sources of frames:
 *
 *     resident   all rows of the split, gathered by the epoch's order
 *     staged     the step's frames are copied from pinned memory to one of two stages, on a stream
 *                of their own, while the step before computes from the other */
#include <string.h>

#include "base/status.h"
#include "engine/cuda.h"

enum { UPLOAD_ROWS = 512 };

static const double resident_share = 0.8; /* of the free memory that resident rows may take */

static void *host_allocate(size_t bytes, const char *what)
{
    void *memory = NULL;
    cudaError_t code = cudaMallocHost(&memory, bytes);
    if (code == cudaSuccess)
        return memory;
    fail(STATUS_FAILED, "no %zu bytes of pinned memory for %s: %s", bytes, what,
         cudaGetErrorString(code));
    return NULL;
}

static void host_free(void *memory)
{
    cudaFreeHost(memory);
}

static int identify(void *state, uint8_t id[DEVICE_ID_BYTES])
{
    memcpy(id, &((struct cuda *)state)->device.uuid, DEVICE_ID_BYTES);
    return 0;
}

static int sum(void *state)
{
    struct cuda *cuda = state;
    TRY(group_sum(cuda));
    return group_wait(cuda, cuda->stream);
}

static int upload(struct cuda *cuda, enum resident which, steps_reader *read, const void *context)
{
    int64_t row_bytes = shape_count(cuda->model->input), rows = cuda->resident[which].rows;
    uint8_t *buffer = host_allocate((size_t)(UPLOAD_ROWS * row_bytes), "rows on their way");
    int status = buffer ? 0 : STATUS_FAILED;
    for (int64_t row = 0; status == 0 && row < rows; row += UPLOAD_ROWS) {
        int64_t count = rows - row < UPLOAD_ROWS ? rows - row : UPLOAD_ROWS;
        status = read(context, row, count, buffer);
        if (status == 0)
            status = cuda_copy(cuda, cuda->resident[which].frames + row * row_bytes, buffer,
                               (size_t)(count * row_bytes), cudaMemcpyHostToDevice);
    }
    host_free(buffer);
    return status;
}

static int load(void *state, enum resident which, int64_t rows, const uint8_t *labels,
                steps_reader *read, const void *context)
{
    struct cuda *cuda = state;
    size_t available, all, bytes = (size_t)(rows * shape_count(cuda->model->input));
    TRY_CUDA(cudaMemGetInfo(&available, &all));
    if ((double)bytes > resident_share * (double)available)
        return 0;
    cuda->resident[which].rows = rows;
    TRY(cuda_allocate((void **)&cuda->resident[which].frames, bytes, "resident rows"));
    TRY(cuda_allocate((void **)&cuda->resident[which].labels, (size_t)rows, "labels"));
    TRY(cuda_copy(cuda, cuda->resident[which].labels, labels, (size_t)rows,
                  cudaMemcpyHostToDevice));
    TRY(upload(cuda, which, read, context));
    return 1;
}

void steps_unload(void *state)
{
    struct cuda *cuda = state;
    for (int r = 0; r < RESIDENT_COUNT; r++) {
        cudaFree(cuda->resident[r].frames);
        cudaFree(cuda->resident[r].labels);
    }
    memset(cuda->resident, 0, sizeof cuda->resident);
}

static int begin(void *state, int64_t first, int64_t steps, int64_t stride, const int32_t *order)
{
    struct cuda *cuda = state;
    size_t order_bytes = (size_t)(steps * stride) * sizeof(int32_t);
    cuda->staged = order == NULL;
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    TRY(cuda_reserve(cuda, (int)stride));
    if (steps != cuda->steps || stride != cuda->stride) {
        steps_close(cuda);
        TRY(cuda_allocate((void **)&cuda->step, sizeof(int64_t), "the step"));
        TRY(cuda_allocate((void **)&cuda->sums, 2 * (size_t)steps * sizeof(double), "losses"));
        TRY(cuda_allocate((void **)&cuda->order, order_bytes, "the order of an epoch"));
        cuda->steps = steps;
        cuda->stride = stride;
    }
    if (order)
        TRY(cuda_copy(cuda, cuda->order, order, order_bytes, cudaMemcpyHostToDevice));
    return cuda_copy(cuda, cuda->step, &first, sizeof first, cudaMemcpyHostToDevice);
}

/* ---- one step ---- */

static struct batch source(const struct cuda *cuda, int stage, int count)
{
    struct batch batch = {.step = cuda->step,
                          .stride = cuda->stride,
                          .count = count,
                          .rows = count};
    batch.order = stage == STAGES ? cuda->order : NULL;
    batch.frames =
        stage == STAGES ? cuda->resident[RESIDENT_TRAIN].frames : cuda->stage_frames[stage];
    batch.labels =
        stage == STAGES ? cuda->resident[RESIDENT_TRAIN].labels : cuda->stage_labels[stage];
    return batch;
}

static int enqueue(struct cuda *cuda, const struct batch *batch, const struct step *step)
{
    struct slab_args slabs = cuda->slabs;
    slabs.learning_rate = step->learning_rate;
    slabs.step = cuda->step;
    TRY(pass_forward(cuda, batch, 1));
    TRY(pass_backward(cuda, batch, step->scale, cuda->sums));
    TRY(group_sum(cuda));
    kernel_update(cuda->stream, &slabs);
    TRY_CUDA(cudaGetLastError());
    return 0;
}

int cuda_end_capture(struct cuda *cuda, int status, cudaGraphExec_t *exec)
{
    cudaGraph_t recorded = NULL;
    cudaError_t code = cudaStreamEndCapture(cuda->stream, &recorded);
    if (status == 0 && code == cudaSuccess)
        code = cudaGraphInstantiate(exec, recorded, 0);
    if (recorded)
        cudaGraphDestroy(recorded);
    if (status == 0 && code != cudaSuccess)
        status = cuda_fail("capturing a step", cudaGetErrorString(code));
    return status;
}

/* A first pass outside of the capture lets cuDNN choose and load what a capture may not; it leaves
 * nothing behind but a gradient that the step overwrites. */
static int capture(struct cuda *cuda, const struct batch *batch, const struct step *step,
                   cudaGraphExec_t *exec)
{
    TRY(pass_forward(cuda, batch, 1));
    TRY(pass_backward(cuda, batch, step->scale, cuda->sums));
    TRY_CUDA(cudaStreamBeginCapture(cuda->stream, cudaStreamCaptureModeThreadLocal));
    return cuda_end_capture(cuda, enqueue(cuda, batch, step), exec);
}

void steps_drop_graphs(struct cuda *cuda)
{
    for (int g = 0; g < cuda->graph_count; g++)
        cudaGraphExecDestroy(cuda->graph[g].exec);
    cuda->graph_count = 0;
}

static int find_graph(struct cuda *cuda, int stage, const struct step *step, cudaGraphExec_t *exec)
{
    for (int g = 0; g < cuda->graph_count; g++) {
        const struct graph *graph = &cuda->graph[g];
        if (graph->stage == stage && graph->scale == step->scale &&
            graph->learning_rate == step->learning_rate) {
            *exec = graph->exec;
            return 0;
        }
    }
    const struct batch batch = source(cuda, stage, step->count);
    TRY(capture(cuda, &batch, step, exec));
    if (cuda->graph_count == GRAPHS_MAX)
        steps_drop_graphs(cuda);
    cuda->graph[cuda->graph_count++] =
        (struct graph){step->scale, step->learning_rate, stage, *exec};
    return 0;
}

static int prepare(void *state, const struct step *step)
{
    struct cuda *cuda = state;
    cudaGraphExec_t exec = NULL;
    if (!cuda->staged)
        return find_graph(cuda, STAGES, step, &exec);
    for (int stage = 0; stage < STAGES; stage++)
        TRY(find_graph(cuda, stage, step, &exec));
    return 0;
}

static int copy_to_stage(struct cuda *cuda, int stage, const struct step *step)
{
    size_t bytes = (size_t)step->count * (size_t)shape_count(cuda->model->input);
    TRY_CUDA(cudaStreamWaitEvent(cuda->copies, cuda->used[stage], 0));
    TRY_CUDA(cudaMemcpyAsync(cuda->stage_frames[stage], step->frames, bytes, cudaMemcpyHostToDevice,
                             cuda->copies));
    TRY_CUDA(cudaMemcpyAsync(cuda->stage_labels[stage], step->labels, (size_t)step->count,
                             cudaMemcpyHostToDevice, cuda->copies));
    /* The step may follow, and the caller use the buffer again. The stage was waited for, too. */
    return group_wait(cuda, cuda->copies);
}

static int step(void *state, const struct step *step)
{
    struct cuda *cuda = state;
    int stage = cuda->staged ? (int)(step->index % STAGES) : STAGES;
    cudaGraphExec_t exec = NULL;
    if (stage < STAGES)
        TRY(copy_to_stage(cuda, stage, step));
    TRY(find_graph(cuda, stage, step, &exec));
    TRY_CUDA(cudaGraphLaunch(exec, cuda->stream));
    if (stage < STAGES)
        TRY_CUDA(cudaEventRecord(cuda->used[stage], cuda->stream));
    return 0;
}

static int collect(void *state, int64_t first, int64_t count, double *sums)
{
    struct cuda *cuda = state;
    TRY(group_wait(cuda, cuda->stream));
    return cuda_copy(cuda, sums, cuda->sums + 2 * first, 2 * (size_t)count * sizeof *sums,
                     cudaMemcpyDeviceToHost);
}

static int score(void *state, enum resident which, int64_t first, int64_t count, float *logits)
{
    struct cuda *cuda = state;
    int64_t row_bytes = shape_count(cuda->model->input);
    TRY(cuda_reserve(cuda, 1));
    const int most = cuda_score_rows(cuda);
    for (int64_t done = 0, part; done < count; done += part) {
        part = count - done < most ? count - done : most;
        const uint8_t *frames = cuda->resident[which].frames + (first + done) * row_bytes;
        const struct batch batch = {.frames = frames, .count = (int)part, .rows = (int)part};
        TRY(cuda_score(cuda, &batch, logits + done));
    }
    TRY_CUDA(cudaStreamSynchronize(cuda->stream));
    return 0;
}

void steps_close(struct cuda *cuda)
{
    steps_drop_graphs(cuda);
    cudaFree(cuda->step);
    cudaFree(cuda->sums);
    cudaFree(cuda->order);
    cuda->step = NULL;
    cuda->sums = NULL;
    cuda->order = NULL;
    cuda->steps = cuda->stride = 0;
}

const struct engine_steps cuda_steps = {
    .host_allocate = host_allocate,
    .host_free = host_free,
    .identify = identify,
    .make_group = group_make,
    .join_group = group_join,
    .leave_group = group_leave,
    .sum = sum,
    .load = load,
    .unload = steps_unload,
    .begin = begin,
    .prepare = prepare,
    .step = step,
    .collect = collect,
    .score = score,
};
