/* Streams, events and graphs: queues of tasks. */
#include "tests/cuda_host/queue.h"

#include <cuda_runtime_api.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct task {
    host_task *run;
    void *args;
    size_t bytes;
};

struct list {
    struct task *tasks;
    size_t count, capacity, done;
};

/* Streams, the default one first; a stream that is destroyed gives its place to another. */
enum { STREAMS_MAX = 16 };

struct CUstream_st {
    struct list queue;
    int used;
};

static struct CUstream_st streams[STREAMS_MAX] = {{.used = 1}};
static cudaStream_t captured; /* NULL: none */
static struct list *graph;    /* what is captured from it */
static atomic_int graphs;

int host_graphs(void)
{
    return graphs;
}

int host_capturing(void)
{
    return captured != NULL;
}

static void append(struct list *list, host_task *run, const void *args, size_t bytes)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->tasks = realloc(list->tasks, list->capacity * sizeof *list->tasks);
    }
    struct task *task = &list->tasks[list->count++];
    *task = (struct task){run, malloc(bytes ? bytes : 1), bytes};
    memcpy(task->args, args, bytes);
}

static void clear(struct list *list)
{
    for (size_t i = list->done; i < list->count; i++)
        free(list->tasks[i].args);
    free(list->tasks);
    *list = (struct list){0};
}

/* Runs what can be run of a stream (NULL: the default one); 1 when nothing is left. */
static int drain(cudaStream_t stream)
{
    struct list *queue = stream ? &stream->queue : &streams[0].queue;
    while (queue->done < queue->count) {
        struct task *task = &queue->tasks[queue->done];
        if (!task->run(task->args))
            return 0;
        free(task->args);
        queue->done++;
    }
    clear(queue);
    return 1;
}

static int drain_all(void)
{
    int done = 1;
    for (int s = 0; s < STREAMS_MAX; s++)
        done &= drain(&streams[s]);
    return done;
}

void host_enqueue(cudaStream_t stream, host_task *run, const void *args, size_t bytes)
{
    if (captured && stream == captured) {
        append(graph, run, args, bytes);
        return;
    }
    append(stream ? &stream->queue : &streams[0].queue, run, args, bytes);
    if (getenv("CUDA_HOST_EAGER"))
        drain_all();
}

/* Waits for a stream, and for others only where it waits for them. */
static cudaError_t finish(cudaStream_t stream)
{
    if (captured)
        return cudaErrorStreamCaptureUnsupported;
    while (!drain(stream))
        sched_yield();
    return cudaSuccess;
}

cudaError_t host_finish_all(void)
{
    if (captured)
        return cudaErrorStreamCaptureUnsupported;
    while (!drain_all())
        sched_yield();
    return cudaSuccess;
}

/* ---- streams ---- */

cudaError_t cudaDeviceSynchronize(void)
{
    return host_finish_all();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    if (flags != cudaStreamNonBlocking) /* others wait for the default stream: not done here */
        return cudaErrorInvalidValue;
    for (int s = 1; s < STREAMS_MAX; s++)
        if (!streams[s].used) {
            streams[s].used = 1;
            *stream = &streams[s];
            return cudaSuccess;
        }
    return cudaErrorMemoryAllocation;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    stream->used = 0;
    return finish(stream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    return finish(stream);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    if (captured)
        return cudaErrorStreamCaptureUnsupported;
    return drain(stream) ? cudaSuccess : cudaErrorNotReady;
}

/* ---- events: how often they were recorded, and how often streams came to a record ---- */

struct CUevent_st {
    cudaStream_t stream; /* of the last record */
    int recorded, passed;
    clock_t time; /* when it was passed */
};

struct event_task {
    cudaEvent_t event;
    int number;
};

static int pass_event(void *args)
{
    const struct event_task *task = args;
    task->event->passed = task->number;
    task->event->time = clock();
    return 1;
}

static int wait_for_event(void *args)
{
    const struct event_task *task = args;
    if (task->event->passed < task->number)
        drain(task->event->stream);
    return task->event->passed >= task->number;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    (void)flags;
    *event = calloc(1, sizeof **event);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    cudaError_t code = host_finish_all();
    free(event);
    return code;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    if (captured && captured == stream)
        return cudaErrorStreamCaptureUnsupported; /* the engine's captures hold no events */
    event->stream = stream;
    const struct event_task task = {event, ++event->recorded};
    host_enqueue(stream, pass_event, &task, sizeof task);
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    (void)flags;
    if (captured && captured == stream)
        return cudaErrorStreamCaptureUnsupported;
    const struct event_task task = {event, event->recorded};
    host_enqueue(stream, wait_for_event, &task, sizeof task);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    struct event_task task = {event, event->recorded};
    if (captured)
        return cudaErrorStreamCaptureUnsupported;
    while (!wait_for_event(&task))
        sched_yield();
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to)
{
    if (!from->passed || from->passed < from->recorded || to->passed < to->recorded)
        return cudaErrorNotReady;
    *ms = 1e3f * (float)(to->time - from->time) / (float)CLOCKS_PER_SEC;
    return cudaSuccess;
}

/* ---- graphs ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    (void)mode;
    if (captured || !stream)
        return cudaErrorStreamCaptureUnsupported;
    captured = stream;
    graph = calloc(1, sizeof *graph);
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *ended)
{
    if (stream != captured)
        return cudaErrorIllegalState;
    captured = NULL;
    *ended = (cudaGraph_t)graph;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t of, unsigned long long flags)
{
    (void)flags;
    const struct list *from = (const struct list *)of;
    struct list *list = calloc(1, sizeof *list);
    for (size_t i = 0; i < from->count; i++)
        append(list, from->tasks[i].run, from->tasks[i].args, from->tasks[i].bytes);
    *exec = (cudaGraphExec_t)list;
    graphs++;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    const struct list *list = (const struct list *)exec;
    for (size_t i = 0; i < list->count; i++)
        host_enqueue(stream, list->tasks[i].run, list->tasks[i].args, list->tasks[i].bytes);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t of)
{
    clear((struct list *)of);
    free(of);
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    clear((struct list *)exec);
    free(exec);
    graphs--;
    return cudaSuccess;
}
