/* Which row of which split each accepted frame becomes. */
#ifndef PREPROCESS_SPLIT_H
#define PREPROCESS_SPLIT_H

#include "input/files.h"
#include "preprocess/settings.h"
#include "store/store.h"

struct placement {
    enum split split; /* SPLIT_NONE: rejected, or kept out beside a test list */
    int64_t row;
};

struct split_result {
    const char *split_by;        /* "video" or "frame": what auto took */
    char reason[300];            /* and why, for the log; "" if the user chose */
    struct placement *place;     /* one per file; owned */
    int64_t *order[SPLIT_COUNT]; /* files of each split by row; owned */
    int64_t rows[SPLIT_COUNT];
    int64_t kept_out; /* accepted frames in no split: their group has a video in the test list */
    int64_t unlisted; /* lines of the test list that name no video of ours */
    int64_t groups[SPLIT_COUNT]; /* groups seen in each split */
};

/* accepted[i]: file i has pixels. The split is stratified by class and decided by a seeded hash of
 * the group's name (the frame's path with split by frame), so that a new file moves few others. */
int split_assign(const struct file_list *list, const char *accepted,
                 const struct settings *settings, struct split_result *result);

void split_release(struct split_result *result);

#endif
