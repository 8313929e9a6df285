/* The option rows that every program with an engine has. */
#ifndef ENGINE_ENGINE_OPTIONS_H
#define ENGINE_ENGINE_OPTIONS_H

#include "base/options.h"
#include "engine/engine.h"

/* Rows of a struct option table that fill `settings`, a struct engine_settings. (Formatted by hand:
 * clang-format gives every value of a row a line of its own.) */
/* clang-format off */
#define ENGINE_OPTIONS(settings)                                                                   \
    {"device", 0, OPTION_TEXT, &(settings).device, "auto", 0, 0, "auto|cpu|cuda|reference", NULL,  \
     "what computes", 0},                                                                          \
    {"precision", 0, OPTION_TEXT, &(settings).precision, "fp32", 0, 0, "fp32|tf32|bf16", NULL,     \
     "of the arithmetic", 1},                                                                      \
    {"deterministic", 0, OPTION_FLAG, &(settings).deterministic, NULL, 0, 0, NULL, NULL,           \
     "cuda: the same bits in every run, at some cost", 0},                                         \
    {"threads", 0, OPTION_INTEGER, &(settings).threads, "0", 0, 4096, NULL, "N",                   \
     "per rank; 0: the node's CPUs / its ranks", 0}

/* clang-format on */

#endif
