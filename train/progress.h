/* What the user sees of a training: one line per epoch on stdout, and on a terminal a bar between.
 */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include <stdint.h>

struct run;

struct progress {
    int bar; /* stderr is a terminal and this rank speaks */
    int speaks;
    double start_s, shown_s;
    int64_t start_step;
};

void progress_begin_epoch(struct progress *progress, int speaks, int64_t step);

/* Redraws the bar, at most ten times a second. */
void progress_step(struct progress *progress, int64_t epoch, int64_t epochs, int64_t step,
                   int64_t steps, int64_t batch_size);

/* The last row of the history. */
void progress_end_epoch(struct progress *progress, const struct run *run, int64_t epochs);

#endif
