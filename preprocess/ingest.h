/* Decoding: each rank reads, decodes and resizes its own files, every file once. */
#ifndef PREPROCESS_INGEST_H
#define PREPROCESS_INGEST_H

#include "base/sha256.h"
#include "image/load.h"
#include "input/inputs.h"
#include "preprocess/spool.h"

/* What is known of one file after decoding; travels to rank 0 as bytes. */
struct record {
    int64_t file; /* its index in the list of all files */
    int64_t bytes;
    struct image_facts facts;
    double brightness, sharpness;   /* of the resized pixels: what a network gets to see */
    uint8_t row_hash[SHA256_BYTES]; /* content_hash_row */
};

/* Decodes the files below root that are this rank's (inputs_mine), adds one row to
 * the spool for each that is not rejected, and fills records[], one per file of this rank. */
int ingest_files(struct comm *comm, const struct inputs *inputs, const char *root, int image_size,
                 struct spool *spool, struct record *records, int64_t *record_count);

#endif
