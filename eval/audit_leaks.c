/* What stands on two sides of the split: the same pixels, or the same group. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/audit_inside.h"

/* A row as it is sorted: equal pixels come together, the earliest split and name first. */
struct print {
    const uint8_t *digest;
    const char *source;
    int split;
};

static int compare_prints(const void *left, const void *right)
{
    const struct print *a = left, *b = right;
    int order = memcmp(a->digest, b->digest, SHA256_BYTES);
    if (order == 0)
        order = a->split - b->split;
    return order ? order : strcmp(a->source, b->source);
}

static int compare_duplicates(const void *left, const void *right)
{
    const struct audit_duplicate *a = left, *b = right;
    int order = (int)a->split[1] - (int)b->split[1];
    return order ? order : strcmp(a->source[1], b->source[1]);
}

static char *copied(const char *text)
{
    char *copy = memory_zeroed(strlen(text) + 1, 1, "name");
    return copy ? strcpy(copy, text) : NULL;
}

static int add_duplicate(struct audit *audit, const struct print *first, const struct print *again)
{
    struct audit_duplicate *d = &audit->duplicates[audit->duplicate_count++];
    *d = (struct audit_duplicate){.split = {first->split, again->split},
                                  .source = {copied(first->source), copied(again->source)}};
    return d->source[0] && d->source[1] ? 0 : STATUS_FAILED;
}

int audit_find_duplicates(struct audit *audit, const struct audit_rows *rows)
{
    struct print *prints = memory_zeroed((size_t)rows->count, sizeof *prints, "rows to sort");
    int status = prints ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < rows->count; i++)
        prints[i] = (struct print){rows->digests[i], rows->sources[i], rows->splits[i]};
    audit->duplicates = memory_zeroed((size_t)rows->count, sizeof *audit->duplicates, "duplicates");
    if (!audit->duplicates)
        status = STATUS_FAILED;
    if (status == 0)
        qsort(prints, (size_t)rows->count, sizeof *prints, compare_prints);
    for (int64_t i = 1, first = 0; status == 0 && i < rows->count; i++) {
        if (memcmp(prints[i].digest, prints[first].digest, SHA256_BYTES) != 0)
            first = i;
        else if (prints[i].split != prints[first].split)
            status = add_duplicate(audit, &prints[first], &prints[i]);
    }
    if (status == 0)
        qsort(audit->duplicates, (size_t)audit->duplicate_count, sizeof *audit->duplicates,
              compare_duplicates);
    free(prints);
    return status;
}

int audit_find_shared(struct audit *audit, const struct audit_rows *rows)
{
    uint8_t *sides = memory_zeroed((size_t)rows->group_count, 1, "groups");
    audit->shared = memory_zeroed((size_t)rows->group_count, sizeof *audit->shared, "groups");
    int status = sides && audit->shared ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < rows->count; i++)
        sides[rows->groups[i]] |= (uint8_t)(1 << rows->splits[i]);
    for (int64_t g = 0; status == 0 && g < rows->group_count; g++) {
        if ((sides[g] & (sides[g] - 1)) == 0) /* one side at most */
            continue;
        char *name = copied(rows->group_names[g]);
        if (name)
            audit->shared[audit->shared_count++] = name;
        else
            status = STATUS_FAILED;
    }
    free(sides);
    return status;
}
