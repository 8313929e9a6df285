/* Command-line options as data: parsing, --help, range checks, the echo at the start of a run and
 * the copy stored in its file all read the same rows. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,    /* int *: 1 when given; takes no value */
    OPTION_INTEGER, /* int * */
    OPTION_SEED,    /* uint64_t * */
    OPTION_REAL,    /* double * */
    OPTION_TEXT,    /* const char **: points into argv or at the default */
};

struct option {
    const char *name; /* "batch-size": --batch-size 32 or --batch-size=32 */
    char letter;      /* 'o' for -o as well; 0 for none */
    enum option_kind kind;
    void *value;
    const char *initial;     /* the default as a user would write it; NULL: none (0 or NULL) */
    double minimum, maximum; /* inclusive, of numbers */
    const char *choices;     /* "on|off": the only texts allowed; NULL: any */
    const char *placeholder; /* what --help calls the value: "N", "FILE" */
    const char *help;
    int mathematics; /* 1: changes the result, so a run may not change it when it resumes */
};

struct command {
    const char *program; /* "unmask-train" */
    const char *summary; /* one sentence */
    const char *usage;   /* what follows the program's name */
    const char *notes;   /* closing paragraphs of --help; may be NULL */
    const struct option *options;
    int option_count;
};

enum options_outcome { OPTIONS_RUN = 0, OPTIONS_HELP = 1, OPTIONS_VERSION = 2 };

/* Sets every option to its default, then to what argv says. Other words become arguments[], at most
 * arguments_max of them, *argument_count in all; "--" ends the options. Returns an options_outcome,
 * or STATUS_USAGE after fail(). */
int options_parse(const struct command *command, int argc, char **argv, const char **arguments,
                  int arguments_max, int *argument_count);

void options_print_help(const struct command *command, FILE *stream);

/* The resolved value as a user would write it, "" for none. */
void options_format(const struct option *option, char *text, size_t bytes);

int options_is_default(const struct option *option);

/* All options that have a value, in one line: "--epochs 10 --batch-size 32 ...". */
void options_echo(const struct command *command, char *line, size_t bytes);

/* "500000", "64K", "512M", "2G" or "1T" (binary multiples) as bytes; `name` is the option's. */
int options_bytes(const char *name, const char *text, uint64_t *bytes);

/* How many of `total` a limit allows: a count ("12"), or a percentage ("1%", rounded down). */
int options_allowance(const char *name, const char *text, int64_t total, int64_t *allowed);

#endif
