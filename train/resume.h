/* Where a training starts: from its own checkpoint, from another run's weights, or from nothing. */
#ifndef TRAIN_RESUME_H
#define TRAIN_RESUME_H

#include "base/options.h"
#include "store/run.h"
#include "store/store.h"
#include "train/settings.h"

struct comm;

/* Gives the run to go on with, the same on every rank. A checkpoint at settings->output is taken up
 * unless --fresh; it must have been made with the same store and the same mathematics. *resumed: it
 * was. Collective. */
int resume_run(struct comm *comm, const struct settings *settings, const struct command *command,
               const struct store *store, struct run **run, int *resumed);

/* That a training over this store can stand where the checkpoint says it stands. One of ours always
 * does; a file made by other hands may not, though its checksum fits. */
int resume_check(const struct run *run, const struct store *store, const struct settings *settings);

#endif
