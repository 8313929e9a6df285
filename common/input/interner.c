#include "input/interner.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"

static int64_t find_slot(const struct interner *interner, const char *string)
{
    uint64_t mask = (uint64_t)interner->slot_count - 1, at = random_hash(0, string) & mask;
    while (interner->slots[at] && strcmp(interner->strings[interner->slots[at] - 1], string) != 0)
        at = (at + 1) & mask;
    return (int64_t)at;
}

/* Room for one more string at a load of at most one half. */
static int grow(struct interner *interner)
{
    int64_t capacity = interner->capacity ? 2 * interner->capacity : 64;
    char **strings = memory_resized(interner->strings, (size_t)capacity, sizeof *strings, "names");
    if (!strings)
        return STATUS_FAILED;
    interner->strings = strings;
    int32_t *slots = memory_zeroed(2 * (size_t)capacity, sizeof *slots, "names");
    if (!slots)
        return STATUS_FAILED;
    free(interner->slots);
    interner->slots = slots;
    interner->slot_count = 2 * capacity;
    interner->capacity = capacity;
    for (int64_t i = 0; i < interner->count; i++)
        slots[find_slot(interner, strings[i])] = (int32_t)i + 1;
    return 0;
}

int interner_add(struct interner *interner, const char *string)
{
    if (interner->count == interner->capacity)
        TRY(grow(interner));
    int64_t slot = find_slot(interner, string);
    if (interner->slots[slot])
        return interner->slots[slot] - 1;
    char *copy = strdup(string);
    if (!copy)
        return fail(STATUS_FAILED, "out of memory: names");
    interner->strings[interner->count++] = copy;
    interner->slots[slot] = (int32_t)interner->count;
    return (int)interner->count - 1;
}

void interner_release(struct interner *interner)
{
    for (int64_t i = 0; i < interner->count; i++)
        free(interner->strings[i]);
    free(interner->strings);
    free(interner->slots);
    memset(interner, 0, sizeof *interner);
}
