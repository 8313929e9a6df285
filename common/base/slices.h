/* Cutting n things into `parts` contiguous slices whose sizes differ by at most one. */
#ifndef BASE_SLICES_H
#define BASE_SLICES_H

#include <stdint.h>

/* The first index of slice `part`; slice_begin(n, parts, parts) is n. */
static inline int64_t slice_begin(int64_t n, int parts, int part)
{
    return n / parts * part + (n % parts) * part / parts;
}

static inline int64_t slice_count(int64_t n, int parts, int part)
{
    return slice_begin(n, parts, part + 1) - slice_begin(n, parts, part);
}

#endif
