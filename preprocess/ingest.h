/* Decoding: each rank reads, decodes and resizes its own files, every file once. */
#ifndef PREPROCESS_INGEST_H
#define PREPROCESS_INGEST_H

#include "base/sha256.h"
#include "image/image.h"
#include "preprocess/spool.h"

/* What is known of one file after decoding; travels to rank 0 as bytes. */
struct record {
    int64_t file; /* its index in the list of all files */
    int64_t bytes;
    struct image_facts facts;
    double brightness, sharpness;   /* of the resized pixels: what a network gets to see */
    uint8_t row_hash[SHA256_BYTES]; /* of the resized pixels, then the label byte */
};

/* The files of all ranks, as broadcast by rank 0: paths one after the other, and labels. */
struct inputs {
    const char *root;
    int64_t count;
    const char **paths; /* relative to root */
    const uint8_t *labels;
};

struct comm;

/* Decodes the files that are this rank's (every size-th, so that the work is even), adds one row to
 * the spool for each that is not rejected, and fills records[], one per file of this rank. */
int ingest_files(struct comm *comm, const struct inputs *inputs, int image_size,
                 struct spool *spool, struct record *records, int64_t *record_count);

/* SHA-256 of a row's pixels, then its label byte. */
int ingest_hash_row(const uint8_t *row, int image_size, uint8_t label,
                    uint8_t digest[SHA256_BYTES]);

/* How many files are a rank's: 0, size, 2 size, ... shifted by rank. */
int64_t ingest_count(int64_t files, int rank, int size);

#endif
