/* The tensor store: the frames of a dataset as uint8 rows, split once and for all.
 *
 *   /train/frames  uint8 (N,H,W,3), contiguous    /videos /groups  string
 *   /train/labels  uint8 (N), 1 = fake            /ledger          one row per input file
 *   /train/source  string (N)                     /val/... the same five, /test/... likewise
 *   /train/video /train/group  int32 (N), rows of /videos and /groups
 *
 * Rows of each split stand in a seeded random order. Readers take rows with pread at the offset of
 * the contiguous dataset, which is 200 times faster than HDF5's scattered reads and safe in any
 * thread. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

#include "base/sha256.h"

enum split { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_COUNT, SPLIT_NONE = SPLIT_COUNT };

enum { STORE_FORMAT_VERSION = 1 };

/* "train", "val", "test" and "none". */
const char *split_name(enum split split);

/* The split of such a name; SPLIT_NONE for any other. */
enum split split_named(const char *name);

/* ---- reading: serial; any number of ranks may have the same store open ---- */

struct store;

/* Checks format, version, shapes and that the file is as long as it should be. */
int store_open(struct store **store, const char *path);
void store_close(struct store **store);

int store_image_size(const struct store *store);
const char *store_content_hash(const struct store *store); /* 64 hexadecimal digits */
const char *store_split_by(const struct store *store);     /* "video" or "frame" */
int64_t store_rows(const struct store *store, enum split split);

/* The labels of all rows of a split; owned by the store. */
const uint8_t *store_labels(const struct store *store, enum split split);

/* Rows rows[0..count) of a split into frames, uint8 (count,H,W,3). Thread-safe. */
int store_read_rows(const struct store *store, enum split split, int64_t count, const int64_t *rows,
                    uint8_t *frames);

/* The same for rows first .. first + count. */
int store_read_span(const struct store *store, enum split split, int64_t first, int64_t count,
                    uint8_t *frames);

/* The names behind the rows of a split, for reports. */
struct store_names {
    const char **source, **videos, **groups; /* (rows), (video_count), (group_count) */
    int64_t video_count, group_count;
    int32_t *video, *group; /* (rows): rows of videos and groups */
};
int store_read_names(const struct store *store, enum split split, struct store_names *names);
void store_names_release(struct store_names *names);

/* ---- writing ---- */

struct ledger_row {
    const char *path, *verdict, *reason, *subsampling, *split;
    int64_t width, height, quality, exif, orientation, bytes;
    double brightness, sharpness; /* of the stored row (image_measure); 0 for a rejected file */
};

/* The columns of a split beside its frames, (rows) each. */
struct store_columns {
    int64_t rows;
    uint8_t *labels;
    const char **sources;
    int32_t *videos, *groups;
};

/* All that a store holds besides the frames; everything is borrowed. */
struct store_contents {
    int image_size;
    const char *split_by, *input_root;
    double val_fraction;
    uint64_t seed;
    uint8_t content_hash[SHA256_BYTES];
    struct store_columns splits[SPLIT_COUNT];
    int64_t video_count, group_count, ledger_count;
    const char *const *videos, *const *groups;
    const struct ledger_row *ledger;
};

/* Not collective: one rank creates the file with everything but the frames, for which it reserves
 * the room. */
struct provenance;
int store_create(const char *path, const struct store_contents *contents,
                 const struct provenance *provenance);

/* Collective: the frames of such a file, written by all ranks through MPI-IO. Closing flushes to
 * disk on every rank. store_writer_put is independent: any rank, any row, once. */
struct comm;
struct store_writer;
int store_writer_open(struct store_writer **writer, struct comm *comm, const char *path,
                      int image_size);
int store_writer_put(struct store_writer *writer, enum split split, int64_t row,
                     const uint8_t *frame);
int store_writer_close(struct store_writer **writer);

#endif
