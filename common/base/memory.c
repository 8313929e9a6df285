#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"

static int product_fits(size_t count, size_t element_bytes)
{
    return element_bytes == 0 || count <= (SIZE_MAX - 64) / element_bytes;
}

static void *or_fail(void *block, size_t count, size_t element_bytes, const char *what)
{
    if (!block)
        fail(STATUS_FAILED, "out of memory: %s (%zu x %zu bytes)", what, count, element_bytes);
    return block;
}

void *memory_zeroed(size_t count, size_t element_bytes, const char *what)
{
    void *block = calloc(count ? count : 1, element_bytes);
    return or_fail(block, count, element_bytes, what);
}

void *memory_aligned(size_t count, size_t element_bytes, const char *what)
{
    void *block = NULL;
    if (product_fits(count, element_bytes)) {
        size_t bytes = (count * element_bytes + 63) / 64 * 64;
        block = aligned_alloc(64, bytes ? bytes : 64);
    }
    return or_fail(block, count, element_bytes, what);
}

void *memory_resized(void *block, size_t count, size_t element_bytes, const char *what)
{
    void *resized = NULL;
    if (product_fits(count, element_bytes)) {
        size_t bytes = count * element_bytes;
        resized = realloc(block, bytes ? bytes : 1);
    }
    return or_fail(resized, count, element_bytes, what);
}
