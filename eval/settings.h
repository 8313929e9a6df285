/* The options of unmask-eval, resolved. */
#ifndef EVAL_SETTINGS_H
#define EVAL_SETTINGS_H

#include "engine/engine.h"

struct settings {
    const char *const *inputs; /* the words that are no options */
    int input_count;
    const char *output, *split, *weights, *plots, *threshold, *format, *max_bad, *export_path,
        *export_input;
    struct engine_settings engine;
    int any_store, audit, robustness;
    double timeout_s;
};

#endif
