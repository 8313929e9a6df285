/* What cuda_kernels.cu finds when g++ compiles it for the tests: the qualifiers and built-in
 * variables of CUDA C, and launches that run the grid's threads on the host (threads.h). */
#ifndef TESTS_CUDA_HOST_DEVICE_H
#define TESTS_CUDA_HOST_DEVICE_H

#include <cuda_runtime.h> /* vector types; outside of nvcc its qualifiers say nothing */
#include <tuple>

extern "C" {
#include "tests/cuda_host/queue.h"
#include "tests/cuda_host/threads.h"
}

#undef __shared__
#define __shared__ static __attribute__((section("host_shared"))) /* blocks run in turn */
#define __launch_bounds__(...)
#define threadIdx     host_place.thread
#define blockIdx      host_place.block
#define blockDim      host_place.block_size
#define gridDim       host_place.grid_size
#define __syncthreads host_barrier

template <typename... Parameters> struct host_launched {
    dim3 grid, block;
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> arguments;

    static void run_thread(void *self)
    {
        auto *launched = static_cast<host_launched *>(self);
        std::apply(launched->kernel, launched->arguments);
    }
    static int run(void *self)
    {
        auto *launched = static_cast<host_launched *>(self);
        host_run_grid(launched->grid, launched->block, run_thread, self);
        return 1;
    }
};

template <typename... Parameters, typename... Arguments>
void host_launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
                 Arguments... arguments)
{
    const host_launched<Parameters...> launched = {grid, block, kernel, {arguments...}};
    host_enqueue(stream, launched.run, &launched, sizeof launched);
}

#define LAUNCH host_launch

#endif
