#include "store/content_hash.h"

#include <string.h>

#include "base/status.h"

int content_hash_row(const uint8_t *frame, int image_size, uint8_t label, uint8_t row[SHA256_BYTES],
                     uint8_t pixels[SHA256_BYTES])
{
    struct sha256 *hash;
    TRY(sha256_begin(&hash));
    int status = sha256_add(hash, frame, (size_t)image_size * (size_t)image_size * 3);
    if (status == 0 && pixels)
        status = sha256_so_far(hash, pixels);
    if (status == 0)
        status = sha256_add(hash, &label, 1);
    int ended = sha256_end(&hash, row);
    return status < 0 ? status : ended;
}

int content_hash(const int64_t rows[SPLIT_COUNT], content_hash_of *row_hash, const void *context,
                 uint8_t digest[SHA256_BYTES])
{
    struct sha256 *hash;
    TRY(sha256_begin(&hash));
    int status = 0;
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const char *name = split_name(split);
        if (rows[split] > 0 && status == 0)
            status = sha256_add(hash, name, strlen(name));
        for (int64_t row = 0; status == 0 && row < rows[split]; row++)
            status = sha256_add(hash, row_hash(context, split, row), SHA256_BYTES);
    }
    int ended = sha256_end(&hash, digest);
    return status < 0 ? status : ended;
}
