#include "tests/cuda_host/queue.h"

#include <cuda_runtime_api.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct task {
    host_task *run;
    void *args;
    size_t bytes;
};

struct list {
    struct task *tasks;
    size_t count, capacity, done;
};

static struct list queue;
static struct list *capturing;
static atomic_int graphs;

int host_graphs(void)
{
    return graphs;
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

void host_enqueue(host_task *run, const void *args, size_t bytes)
{
    append(capturing ? capturing : &queue, run, args, bytes);
}

static void clear(struct list *list)
{
    for (size_t i = list->done; i < list->count; i++)
        free(list->tasks[i].args);
    free(list->tasks);
    *list = (struct list){0};
}

/* Runs what can be run; 1 when nothing is left. */
static int drain(void)
{
    while (queue.done < queue.count) {
        struct task *task = &queue.tasks[queue.done];
        if (!task->run(task->args))
            return 0;
        free(task->args);
        queue.done++;
    }
    clear(&queue);
    return 1;
}

static cudaError_t finish(void)
{
    if (capturing)
        return cudaErrorStreamCaptureUnsupported;
    while (!drain())
        sched_yield();
    return cudaSuccess;
}

/* ---- memory ---- */

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (*memory)
        memset(*memory, 0xff, bytes); /* NaN: what nobody wrote shows */
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void *memory)
{
    cudaError_t code = finish();
    free(memory);
    return code;
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaFreeHost(void *memory)
{
    return cudaFree(memory);
}

cudaError_t cudaMemset(void *memory, int value, size_t bytes)
{
    finish();
    memset(memory, value, bytes);
    return cudaSuccess;
}

struct copy {
    void *to;
    const void *from;
    int value;
    size_t bytes;
};

static int run_copy(void *args)
{
    struct copy *copy = args;
    if (copy->bytes && copy->from)
        memcpy(copy->to, copy->from, copy->bytes);
    else if (copy->bytes)
        memset(copy->to, copy->value, copy->bytes);
    return 1;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    (void)kind, (void)stream;
    struct copy copy = {to, from, 0, bytes};
    host_enqueue(run_copy, &copy, sizeof copy);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    (void)stream;
    struct copy copy = {to, NULL, value, bytes};
    host_enqueue(run_copy, &copy, sizeof copy);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *all)
{
    const char *limit = getenv("CUDA_HOST_BYTES"); /* lets a test run out of memory */
    *available = *all = limit ? strtoull(limit, NULL, 10) : (size_t)1 << 32;
    return cudaSuccess;
}

/* ---- devices ---- */

static int device_count(void)
{
    const char *count = getenv("CUDA_HOST_DEVICES");
    return count ? atoi(count) : 1;
}

static int current;

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = device_count();
    return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaSetDevice(int device)
{
    current = device;
    return device < device_count() ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    memset(properties, 0, sizeof *properties);
    strcpy(properties->name, "CUDA for the host (tests)");
    properties->major = 9;
    properties->uuid.bytes[0] = (char)(device + 1);
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t code)
{
    return code == cudaErrorNoDevice ? "no CUDA-capable device is detected"
           : code == cudaSuccess     ? "no error"
                                     : "an error of CUDA for the host";
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

/* ---- streams, events, graphs: all streams share the queue ---- */

cudaError_t cudaDeviceSynchronize(void)
{
    return finish();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    (void)flags;
    *stream = malloc(1);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    free(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    (void)stream;
    return finish();
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    (void)stream;
    return drain() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    (void)stream, (void)event, (void)flags;
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    (void)flags;
    *event = malloc(1);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    free(event);
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    (void)event, (void)stream;
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    (void)event;
    return finish();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    (void)stream, (void)mode;
    capturing = calloc(1, sizeof *capturing);
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    (void)stream;
    *graph = (cudaGraph_t)capturing;
    capturing = NULL;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    (void)flags;
    const struct list *from = (const struct list *)graph;
    struct list *list = calloc(1, sizeof *list);
    for (size_t i = 0; i < from->count; i++)
        append(list, from->tasks[i].run, from->tasks[i].args, from->tasks[i].bytes);
    *exec = (cudaGraphExec_t)list;
    graphs++;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    (void)stream;
    const struct list *list = (const struct list *)exec;
    for (size_t i = 0; i < list->count; i++)
        host_enqueue(list->tasks[i].run, list->tasks[i].args, list->tasks[i].bytes);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    clear((struct list *)graph);
    free(graph);
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    clear((struct list *)exec);
    free(exec);
    graphs--;
    return cudaSuccess;
}
