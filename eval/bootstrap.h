/* 95% percentile intervals by a bootstrap over groups.
 *
 * Frames of one video, and videos made from one another, are not independent: what is drawn again,
 * with replacement, is the group, with all that it holds. The draw is stratified by what a group
 * holds (real rows only, fake rows only, both), as the split itself is, so a resample has both
 * classes whenever the split has. An interval runs from the 2.5th to the 97.5th percentile of
 * BOOTSTRAP_RESAMPLES resamples (linear between order statistics).
 *
 * Resample b is a function of (BOOTSTRAP_SEED, b) alone: the same bits for any number of threads.
 */
#ifndef EVAL_BOOTSTRAP_H
#define EVAL_BOOTSTRAP_H

#include "eval/evaluation.h"

enum { BOOTSTRAP_RESAMPLES = 2000, BOOTSTRAP_SEED = 1 };

/* One list of scores, higher meaning fake; the first five fields are the caller's. */
struct sample {
    int64_t count;
    const uint8_t *labels; /* (count) */
    const double *scores;  /* (count) finite */
    const int32_t *groups; /* (count) from 0 to below group_count */
    double threshold;      /* fake is predicted above it */
    int64_t groups_with[CLASS_COUNT];
    struct interval intervals[INTERVAL_COUNT]; /* NaN below ENOUGH_GROUPS groups of a class */
};

/* Fills the results of every sample; all share each draw of groups, so that frames and videos, or
 * several scores of the same frames, are resampled together. */
int bootstrap(struct sample *samples, int sample_count, int64_t group_count, int threads);

#endif
