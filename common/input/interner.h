/* Strings to small numbers: the first new string is 0, the next 1, ... */
#ifndef INPUT_INTERNER_H
#define INPUT_INTERNER_H

#include <stdint.h>

struct interner {
    char **strings; /* by number; owned until taken */
    int64_t count, capacity;
    int32_t *slots; /* open addressing: number + 1, or 0 */
    int64_t slot_count;
};

/* The number of the string, which is copied when it is new; or a negative status. Start from {0}.
 */
int interner_add(struct interner *interner, const char *string);
void interner_release(struct interner *interner);

#endif
