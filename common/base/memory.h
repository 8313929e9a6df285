/* Checked allocation: a NULL result has already been recorded with fail(). */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* count elements of element_bytes each, zeroed; freed with free(). count 0 gives a valid pointer.
 * NULL after fail() when there is no memory (the line names `what`) or the product overflows. */
void *memory_zeroed(size_t count, size_t element_bytes, const char *what);

/* The same, aligned to 64 bytes (a cache line and the widest vector) and not zeroed. */
void *memory_aligned(size_t count, size_t element_bytes, const char *what);

/* Like realloc to count elements; on NULL the old block is still the caller's. */
void *memory_resized(void *block, size_t count, size_t element_bytes, const char *what);

#endif
