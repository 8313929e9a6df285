/* A store, a run that fits it, and an engine that holds the run's weights: what scoring needs. */
#ifndef EVAL_SCORING_H
#define EVAL_SCORING_H

#include "eval/jobs.h"
#include "score/score.h"
#include "store/run.h"
#include "store/store.h"

struct scoring {
    struct job *job;
    const char *store_path, *run_path;
    struct store *store;
    struct run *run;
    struct engine *engine;
};

/* Opens both files and the engine, and checks that they belong together; with a store_path of NULL
 * the run and the engine alone. Not collective: the caller agrees on the status. scoring_close
 * accepts what a failed open left, and a zeroed struct. */
int scoring_open(struct scoring *scoring, struct job *job, const char *store_path,
                 const char *run_path);
void scoring_close(struct scoring *scoring);

/* The weights that --weights names; a run without a validated epoch has no best ones. */
int scoring_weights(const struct run *run, const char *run_path, const char *weights,
                    const float **parameters);

/* The line that a job opens with: options, `what` (NULL: nothing) and what computes. */
void scoring_announce(const struct scoring *scoring, const char *what);

/* P(fake) of every row of a split, each scored by exactly one rank; the same for any number of
 * ranks. `change` (NULL: none) alters each frame first. *probabilities (rows) is rank 0's, malloc'd
 * and the caller's; NULL on the others. Collective. */
int scoring_probabilities(struct scoring *scoring, enum split split,
                          const struct score_change *change, float **probabilities);

#endif
