/* Reading whole files, for tests and tools. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct file_bytes {
    uint8_t *bytes;
    size_t count;
};

/* Reads the file; exits with a line when that fails (callers are tools and tests). */
static inline struct file_bytes file_read(const char *path)
{
    struct file_bytes file = {0};
    FILE *stream = fopen(path, "rb");
    size_t capacity = 0, got = 0;
    do {
        if (file.count == capacity) {
            capacity = capacity ? 2 * capacity : 65536;
            file.bytes = realloc(file.bytes, capacity);
        }
        if (!stream || !file.bytes) {
            perror(path);
            exit(EXIT_FAILURE);
        }
        got = fread(file.bytes + file.count, 1, capacity - file.count, stream);
        file.count += got;
    } while (got > 0);
    if (ferror(stream)) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(stream);
    return file;
}

#endif
