/* A CUDA for the host, so that the cuda engine can be run and tested where there is no GPU: the
 * functions of CUDA, cuDNN and NCCL that the engine calls, over plain memory, and its kernels as
 * they are, thread by thread (device.h).
 *
 * What is enqueued on a stream waits in its queue until somebody waits for it: a result that is
 * read too early, or a buffer that is reused too early, shows. Streams wait for each other at
 * events alone; with CUDA_HOST_EAGER set each call runs what all streams can run by then, so the
 * opposite order of the streams can be tried, too. Captured work goes into a graph instead, and
 * what a capture forbids fails. It proves nothing about the real libraries, and nothing about
 * speed. */
#ifndef TESTS_CUDA_HOST_QUEUE_H
#define TESTS_CUDA_HOST_QUEUE_H

#include <cuda_runtime_api.h>
#include <stddef.h>

/* Returns 1 when done, 0 when it must be tried again later. args is a copy, kept until then. */
typedef int host_task(void *args);

/* Puts a task at the end of a stream (NULL: the default stream), or into the graph that is being
 * captured from it. */
void host_enqueue(cudaStream_t stream, host_task *run, const void *args, size_t bytes);

/* Runs all that is enqueued, on all streams; an error while a stream is captured. */
cudaError_t host_finish_all(void);
int host_capturing(void);

/* Graphs that could be launched. */
int host_graphs(void);

#endif
