/* The threads of a grid, on the host. */
#ifndef TESTS_CUDA_HOST_THREADS_H
#define TESTS_CUDA_HOST_THREADS_H

#include <cuda_runtime_api.h>

/* Where the running thread stands: threadIdx, blockIdx, blockDim, gridDim. */
struct host_place {
    dim3 thread, block, block_size, grid_size;
};
extern struct host_place host_place;

/* Runs `thread` once for every thread of the grid, blocks one after the other. */
void host_run_grid(dim3 grid, dim3 block, void (*thread)(void *), void *argument);

/* __syncthreads */
void host_barrier(void);

#endif
