/* What rank 0 decides: which files there are, and when all are decoded, where each row goes. */
#ifndef PREPROCESS_PLAN_H
#define PREPROCESS_PLAN_H

#include "input/files.h"
#include "preprocess/ingest.h"
#include "preprocess/settings.h"
#include "preprocess/split.h"
#include "store/provenance.h"

struct plan {
    const struct settings *settings;
    struct file_list list;
    int lone_frames;        /* fewer than two for a video, before any sampling */
    int64_t not_sampled;    /* files that --per-class and --per-video left out */
    struct record *records; /* by file; borrowed */
    char *accepted;         /* by file: has pixels */
    int64_t warned, rejected;
    struct split_result split;
};

/* Checks the output's name, scans the input and names the files. */
int plan_files(struct plan *plan, const struct settings *settings);

/* Judges the records (one per file, in file order) against --max-bad and splits the accepted files.
 * STATUS_TOO_BAD when too many are rejected; each of them has then been listed. */
int plan_split(struct plan *plan, struct record *records);

/* Creates the store file at `path` with everything but the frames. */
int plan_create_store(const struct plan *plan, const char *path,
                      const struct provenance *provenance);

/* Reads the whole store at `path` back, and gives it its name if a sample of its rows is as it was
 * decoded. */
int plan_finish(const struct plan *plan, const char *path);

/* The last line of output. */
void plan_print(const struct plan *plan);

void plan_release(struct plan *plan);

#endif
