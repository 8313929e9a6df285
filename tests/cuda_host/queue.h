/* A CUDA for the host, so that the cuda engine can be run and tested where there is no GPU: the
 * functions of CUDA, cuDNN and NCCL that the engine calls, over plain memory.
 *
 * What is enqueued waits in one queue, in order, until somebody waits for it: a result that is read
 * too early, or a buffer that is reused too early, shows. Captured work goes into a graph instead.
 * It proves the engine's logic and the arithmetic of its kernels; it proves nothing about the real
 * libraries, and nothing about speed. */
#ifndef TESTS_CUDA_HOST_QUEUE_H
#define TESTS_CUDA_HOST_QUEUE_H

#include <stddef.h>

/* Returns 1 when done, 0 when it must be tried again later. args is a copy, kept until then. */
typedef int host_task(void *args);

/* Puts a task at the end, or into the graph that is being captured. */
void host_enqueue(host_task *run, const void *args, size_t bytes);

/* Graphs that could be launched. */
int host_graphs(void);

#endif
