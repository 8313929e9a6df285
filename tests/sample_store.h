/* A small store whose every byte is known, made without MPI: store_create, then the frames put
 * where the file says they belong. */
#ifndef TESTS_SAMPLE_STORE_H
#define TESTS_SAMPLE_STORE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/options.h"
#include "base/random.h"
#include "store/h5.h"
#include "store/provenance.h"
#include "store/store.h"
#include "tests/harness.h"

enum { SAMPLE_SIZE = 6, SAMPLE_ROW_BYTES = SAMPLE_SIZE * SAMPLE_SIZE * 3, SAMPLE_ROWS_MAX = 64 };

/* Rows of train, val and test. */
static const int64_t sample_rows[SPLIT_COUNT] = {23, 7, 4};

/* Names of all kinds: a NUL ends a name, nothing else does. */
static const char *const sample_names[] = {"real/v01", "", "fake/a name with blanks",
                                           "fake/\xc3\xa9t\xc3\xa9 \xe6\x98\xa0\xe5\x83\x8f",
                                           "real/line\nbreak \"quoted\""};
enum { SAMPLE_NAMES = sizeof sample_names / sizeof sample_names[0] };

static inline uint8_t sample_label(int split, int64_t row)
{
    return random_at(100 + (uint64_t)split, (uint64_t)row) & 1;
}

static inline int32_t sample_video(int split, int64_t row)
{
    return (int32_t)random_below(random_at(200 + (uint64_t)split, (uint64_t)row), SAMPLE_NAMES);
}

static inline void sample_frame(int split, int64_t row, uint8_t frame[SAMPLE_ROW_BYTES])
{
    for (int i = 0; i < SAMPLE_ROW_BYTES; i++)
        frame[i] = (uint8_t)random_at((uint64_t)split, (uint64_t)(row * SAMPLE_ROW_BYTES + i));
}

static const struct command sample_command = {.program = "unmask-test"};

static inline struct provenance sample_provenance(void)
{
    static char word[] = "unmask-test", *argv[] = {word};
    return (struct provenance){.command = &sample_command,
                               .argc = 1,
                               .argv = argv,
                               .ranks = 1,
                               .threads = 1,
                               .host = "here"};
}

/* The file with everything but the frames; rows says how many of each split. */
static inline void sample_create(const char *path, const int64_t rows[SPLIT_COUNT])
{
    static uint8_t labels[SPLIT_COUNT][SAMPLE_ROWS_MAX];
    static int32_t videos[SPLIT_COUNT][SAMPLE_ROWS_MAX];
    static const char *sources[SPLIT_COUNT][SAMPLE_ROWS_MAX];
    static const struct ledger_row ledger[] = {
        {"real/v01_1.jpg", "accepted", "", "4:2:0", "train", 640, 480, 90, 1, 6, 12345, 99.5, 0.25},
        {"fake/\xc3\xa9.jpg", "rejected", "ends early", "", "none", 0, 0, 0, 0, 0, 7, 0, 0},
    };
    struct store_contents contents = {.image_size = SAMPLE_SIZE,
                                      .split_by = "video",
                                      .input_root = "/somewhere",
                                      .val_fraction = 0.2,
                                      .seed = UINT64_MAX,
                                      .content_hash = {0x01, 0xab},
                                      .video_count = SAMPLE_NAMES,
                                      .group_count = 1,
                                      .videos = sample_names,
                                      .groups = sample_names,
                                      .ledger_count = 2,
                                      .ledger = ledger};
    for (int split = 0; split < SPLIT_COUNT; split++) {
        for (int64_t row = 0; row < rows[split]; row++) {
            labels[split][row] = sample_label(split, row);
            videos[split][row] = sample_video(split, row);
            sources[split][row] = sample_names[videos[split][row]];
        }
        static int32_t groups[SAMPLE_ROWS_MAX];
        contents.splits[split].rows = rows[split];
        contents.splits[split].labels = labels[split];
        contents.splits[split].videos = videos[split];
        contents.splits[split].sources = sources[split];
        contents.splits[split].groups = groups;
    }
    const struct provenance provenance = sample_provenance();
    ck_assert_ok(store_create(path, &contents, &provenance));
}

/* A whole store. */
static inline void sample_store(const char *path, const int64_t rows[SPLIT_COUNT])
{
    int64_t offsets[SPLIT_COUNT];
    uint8_t frame[SAMPLE_ROW_BYTES];
    struct h5 *file;
    char name[32];
    sample_create(path, rows);
    ck_assert_ok(h5_open(&file, path));
    for (int split = 0; split < SPLIT_COUNT; split++) {
        snprintf(name, sizeof name, "/%s/frames", split_name(split));
        if (h5_exists(file, name))
            ck_assert_ok(h5_offset(file, name, H5_UINT8, &offsets[split]));
    }
    ck_assert_ok(h5_close(&file));
    int descriptor = open(path, O_WRONLY);
    for (int split = 0; split < SPLIT_COUNT; split++)
        for (int64_t row = 0; row < rows[split]; row++) {
            sample_frame(split, row, frame);
            ck_assert_ok(file_write_at(descriptor, path, frame, SAMPLE_ROW_BYTES,
                                       offsets[split] + row * SAMPLE_ROW_BYTES));
        }
    close(descriptor);
}

/* Asserts that frames[] holds `count` rows of the split, those that rows[] lists. */
static inline void sample_check(int split, int64_t count, const int64_t *rows,
                                const uint8_t *frames)
{
    uint8_t expected[SAMPLE_ROW_BYTES];
    for (int64_t i = 0; i < count; i++) {
        sample_frame(split, rows[i], expected);
        ck_assert_mem_eq(frames + i * SAMPLE_ROW_BYTES, expected, SAMPLE_ROW_BYTES);
    }
}

#endif
