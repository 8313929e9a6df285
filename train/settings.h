/* The options of unmask-train, resolved. */
#ifndef TRAIN_SETTINGS_H
#define TRAIN_SETTINGS_H

#include <stdint.h>

#include "engine/engine.h"

struct settings {
    const char *store, *output, *init;
    const char *sum, *resident, *channels, *shuffle, *checkpoint_every;
    struct engine_settings engine;
    double learning_rate, timeout_s;
    uint64_t seed;
    int epochs, batch_size, fresh, check;
    /* from checkpoint_every: exactly one of the two is positive */
    int checkpoint_epochs;
    double checkpoint_s;
};

/* "3" epochs or "30s" into the two fields. */
int settings_checkpoint_every(struct settings *settings);

#endif
