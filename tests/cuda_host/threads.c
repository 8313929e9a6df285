/* The threads of a block are contexts that take turns: one runs until it ends or comes to a
 * barrier, and when each has, the next turn begins. So between two barriers they run in one order
 * of those that a device may take; CUDA_HOST_ORDER=reverse takes the opposite one, of blocks too,
 * and a result that changes with it was a race. A barrier that a part of the block does not reach
 * ends the program.
 *
 * Contexts are made by makecontext once, and switched by the compiler's own jumps: swapcontext asks
 * the kernel each time, and a step takes millions. */
#include "tests/cuda_host/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(fake, bottom, bytes)  (void)(fake)
#define __sanitizer_finish_switch_fiber(fake, bottom, bytes) (void)(fake)
#endif

enum { STACK_BYTES = 1 << 17, THREADS_MAX = 1024 };

struct context {
    void *at[5]; /* __builtin_setjmp's */
    char *stack;
    size_t stack_bytes;
    void *fake_stack; /* AddressSanitizer's */
    int waits;        /* at a barrier */
};

struct host_place host_place;

static struct context contexts[THREADS_MAX], scheduler, *running = &scheduler;
static void (*body)(void *);
static void *body_argument;

/* ---- switching ---- */

/* The first word of a context that was switched to. */
static void arrive(struct context *from)
{
    const void *bottom = NULL;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(running->fake_stack, &bottom, &bytes);
    if (from == &scheduler && bytes) {
        scheduler.stack = (char *)bottom;
        scheduler.stack_bytes = bytes;
    }
}

static void run_threads(void);

static void begin(struct context *context)
{
    static ucontext_t fresh;
    context->stack = malloc(STACK_BYTES);
    context->stack_bytes = STACK_BYTES;
    getcontext(&fresh);
    fresh.uc_stack.ss_sp = context->stack;
    fresh.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fresh, run_threads, 0);
    __sanitizer_start_switch_fiber(&scheduler.fake_stack, context->stack, STACK_BYTES);
    setcontext(&fresh);
}

static __attribute__((noinline)) void jump(struct context *from, struct context *to)
{
    running = to;
    if (to != &scheduler && !to->stack)
        begin(to);
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
    __builtin_longjmp(to->at, 1);
}

static __attribute__((noinline)) void switch_to(struct context *to)
{
    if (__builtin_setjmp(running->at) == 0)
        jump(running, to);
    arrive(NULL);
}

/* A context runs one thread after the other, each when the scheduler turns to it. */
static void run_threads(void)
{
    arrive(&scheduler);
    for (;;) {
        body(body_argument);
        switch_to(&scheduler);
    }
}

void host_barrier(void)
{
    running->waits = 1;
    switch_to(&scheduler);
}

/* ---- blocks ---- */

static int reverse;

static unsigned in_order(unsigned i, unsigned count)
{
    return reverse ? count - 1 - i : i;
}

static dim3 place_of(unsigned i, dim3 size)
{
    return (dim3){i % size.x, i / size.x % size.y, i / size.x / size.y};
}

/* The kernels' shared variables (device.h), of which a block may expect nothing. */
extern char __start_host_shared[], __stop_host_shared[];

static void run_block(void)
{
    memset(__start_host_shared, 0xff, (size_t)(__stop_host_shared - __start_host_shared));
    const dim3 size = host_place.block_size;
    const unsigned count = size.x * size.y * size.z;
    unsigned waiting = 0;
    for (int turn = 0; turn == 0 || waiting; turn++) {
        waiting = 0;
        for (unsigned i = 0; i < count; i++) {
            const unsigned n = in_order(i, count);
            contexts[n].waits = 0;
            host_place.thread = place_of(n, size);
            switch_to(&contexts[n]);
            waiting += (unsigned)contexts[n].waits;
        }
        if (waiting && waiting < count) {
            fprintf(stderr, "a barrier that %u of %u threads come to\n", waiting, count);
            abort();
        }
    }
}

void host_run_grid(dim3 grid, dim3 block, void (*thread)(void *), void *argument)
{
    const unsigned blocks = grid.x * grid.y * grid.z, threads = block.x * block.y * block.z;
    if (!blocks || !threads || threads > THREADS_MAX || grid.y > 65535 || grid.z > 65535) {
        fprintf(stderr, "a launch of %u blocks of %u threads\n", blocks, threads);
        abort();
    }
    const char *order = getenv("CUDA_HOST_ORDER");
    reverse = order && strcmp(order, "reverse") == 0;
    body = thread;
    body_argument = argument;
    host_place.grid_size = grid;
    host_place.block_size = block;
    for (unsigned i = 0; i < blocks; i++) {
        host_place.block = place_of(in_order(i, blocks), grid);
        run_block();
    }
}
