/* The options of unmask-preprocess, resolved. */
#ifndef PREPROCESS_SETTINGS_H
#define PREPROCESS_SETTINGS_H

#include <stdint.h>

struct settings {
    const char *input, *output;
    const char *real, *fake;
    const char *split_by, *video_regex, *group_regex, *test_list;
    const char *max_bad, *memory;
    double val_fraction, test_fraction, timeout_s;
    uint64_t seed, memory_bytes; /* the latter from `memory` */
    int image_size, per_class, per_video;
};

#endif
