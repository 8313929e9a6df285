/* Lists of files made by hand, for the tests of names and splits. */
#ifndef TESTS_UNIT_FILE_LISTS_H
#define TESTS_UNIT_FILE_LISTS_H

#include <stdlib.h>
#include <string.h>

#include "input/files.h"

/* Appends a file whose class folder is the first part of its path. */
static inline void list_add(struct file_list *list, int label, const char *path)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->files = realloc(list->files, (size_t)list->capacity * sizeof *list->files);
        if (!list->files)
            abort();
    }
    list->files[list->count++] = (struct file){
        .path = strdup(path),
        .folder_length = (int)strcspn(path, "/"),
        .label = (uint8_t)label,
    };
}

#endif
