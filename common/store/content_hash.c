#include "store/content_hash.h"

#include <string.h>

int content_hash_row(const uint8_t *frame, int image_size, uint8_t label, uint8_t row[SHA256_BYTES],
                     uint8_t pixels[SHA256_BYTES])
{
    struct sha256 hash = sha256_begin();
    sha256_add(&hash, frame, (size_t)image_size * (size_t)image_size * 3);
    if (pixels)
        sha256_so_far(&hash, pixels);
    sha256_add(&hash, &label, 1);
    return sha256_end(&hash, row);
}

int content_hash(const int64_t rows[SPLIT_COUNT], content_hash_of *row_hash, const void *context,
                 uint8_t digest[SHA256_BYTES])
{
    struct sha256 hash = sha256_begin();
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const char *name = split_name(split);
        if (rows[split] > 0)
            sha256_add(&hash, name, strlen(name));
        for (int64_t row = 0; row < rows[split]; row++)
            sha256_add(&hash, row_hash(context, split, row), SHA256_BYTES);
    }
    return sha256_end(&hash, digest);
}
