/* Seconds on a clock that never jumps. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <time.h>

static inline double clock_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* How long something has been waited for, counting only time in which this process ran: a gap
 * longer than half a second means that the job was suspended, and counts as that half second. */
struct patience {
    double last_s, waited_s;
};

static inline struct patience patience_begin(void)
{
    return (struct patience){clock_s(), 0};
}

static inline double patience_waited_s(struct patience *patience)
{
    const double most_s = 0.5;
    double now = clock_s(), gap = now - patience->last_s;
    patience->waited_s += gap < most_s ? gap : most_s;
    patience->last_s = now;
    return patience->waited_s;
}

#endif
