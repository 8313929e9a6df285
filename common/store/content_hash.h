/* The hash that chains store, run and report: of every pixel, label and place in the store. */
#ifndef STORE_CONTENT_HASH_H
#define STORE_CONTENT_HASH_H

#include "base/sha256.h"
#include "store/store.h"

/* SHA-256 of a row: its pixels, then its label byte. pixels: of the pixels alone; may be NULL. */
int content_hash_row(const uint8_t *frame, int image_size, uint8_t label, uint8_t row[SHA256_BYTES],
                     uint8_t pixels[SHA256_BYTES]);

/* The hash of a row that stands in a split. */
typedef const uint8_t *content_hash_of(const void *context, enum split split, int64_t row);

/* SHA-256 over, per split that has rows: its name, then the hashes of its rows in order. */
int content_hash(const int64_t rows[SPLIT_COUNT], content_hash_of *row_hash, const void *context,
                 uint8_t digest[SHA256_BYTES]);

#endif
