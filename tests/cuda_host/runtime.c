/* Memory and devices. */
#include "tests/cuda_host/queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    *memory = NULL;
    if (host_capturing())
        return cudaErrorStreamCaptureUnsupported;
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (*memory)
        memset(*memory, 0xff, bytes); /* NaN: what nobody wrote shows */
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void *memory)
{
    cudaError_t code = host_finish_all();
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
    (void)kind;
    struct copy copy = {to, from, 0, bytes};
    host_enqueue(stream, run_copy, &copy, sizeof copy);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    struct copy copy = {to, NULL, value, bytes};
    host_enqueue(stream, run_copy, &copy, sizeof copy);
    return cudaSuccess;
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    return host_capturing() ? cudaErrorStreamCaptureUnsupported
                            : cudaMemsetAsync(to, value, bytes, NULL);
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
    static pid_t process;
    if (process && process != getpid())
        return cudaErrorInitializationError; /* CUDA does not survive a fork */
    process = getpid();
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
