/* Our own kernels, enqueued on a stream. What each computes stands in cuda_bodies.h; a launch
 * failure is what cudaGetLastError returns afterwards. */
#ifndef ENGINE_CUDA_KERNELS_H
#define ENGINE_CUDA_KERNELS_H

#include <cuda_runtime_api.h>

#include "engine/cuda_bodies.h"

/* Sums of the bias gradient that an unpool leaves, and at most the parts of a linear backward:
 * about one block per multiprocessor, few enough for one thread to add up. */
enum { UNPOOL_PARTS = 128, LINEAR_PARTS_MAX = 64 };

#ifdef __cplusplus
extern "C" {
#endif

void kernel_gather(cudaStream_t stream, const struct gather_args *args);
void kernel_pool(cudaStream_t stream, const struct pool_args *args);
void kernel_unpool(cudaStream_t stream, const struct unpool_args *args);
void kernel_linear(cudaStream_t stream, const struct linear_args *args);
void kernel_linear_backward(cudaStream_t stream, const struct linear_args *args);
void kernel_loss(cudaStream_t stream, const struct loss_args *args);
void kernel_collect(cudaStream_t stream, const struct slab_args *args);
void kernel_pack(cudaStream_t stream, const struct slab_args *args);
void kernel_update(cudaStream_t stream, const struct slab_args *args);

#ifdef __cplusplus
}
#endif

#endif
