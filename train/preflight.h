/* unmask-train --check: what a night on the cluster needs, tried before it begins. */
#ifndef TRAIN_PREFLIGHT_H
#define TRAIN_PREFLIGHT_H

#include "train/settings.h"

struct comm;

/* Tries everything and prints a table on stdout, a line for each check; a failed one says why.
 * Changes nothing. Without a store, the checks that need one are left out. Collective; fails if any
 * check failed. */
int preflight_run(struct comm *comm, const struct settings *settings);

#endif
