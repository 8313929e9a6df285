/* The files that all ranks work on: listed by rank 0, known to everybody. */
#ifndef INPUT_INPUTS_H
#define INPUT_INPUTS_H

#include "comm/comm.h"
#include "input/files.h"

struct inputs {
    int64_t count;
    const char **paths; /* (count) as in the list */
    const uint8_t *labels;
    void *block; /* what they point into */
};

/* Rank 0's list to everybody; inputs_release accepts what a failure left. Collective. */
int inputs_share(struct inputs *inputs, struct comm *comm, const struct file_list *list);
void inputs_release(struct inputs *inputs);

/* How many files are a rank's: rank, rank + size, rank + 2 size, ..., so that the work is even. */
static inline int64_t inputs_mine(int64_t count, int rank, int size)
{
    return count > rank ? (count - rank - 1) / size + 1 : 0;
}

/* Records of files, whose first member is the file's index (int64_t), from all ranks to rank 0, in
 * the order of the files: *all is malloc'd there and the caller's, NULL elsewhere. Collective. */
int inputs_gather(const struct inputs *inputs, struct comm *comm, const void *mine,
                  size_t record_bytes, void **all);

#endif
