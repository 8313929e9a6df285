#include "base/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static int fail_range(const struct option *option, const char *text)
{
    return fail(STATUS_USAGE, "--%s %s: must be a number from %g to %g", option->name, text,
                option->minimum, option->maximum);
}

static int is_choice(const char *choices, const char *text)
{
    size_t length;
    for (const char *choice = choices; *choice; choice += length + (choice[length] == '|')) {
        length = strcspn(choice, "|");
        if (strlen(text) == length && strncmp(choice, text, length) == 0)
            return 1;
    }
    return 0;
}

static int set_value(const struct option *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    switch (option->kind) {
    case OPTION_FLAG:
        *(int *)option->value = 1;
        return 0;
    case OPTION_INTEGER: {
        long long value = strtoll(text, &end, 10);
        if (errno || end == text || *end || (double)value < option->minimum ||
            (double)value > option->maximum)
            return fail_range(option, text);
        *(int *)option->value = (int)value;
        return 0;
    }
    case OPTION_SEED: {
        unsigned long long value = strtoull(text, &end, 10);
        if (errno || end == text || *end || strchr(text, '-'))
            return fail(STATUS_USAGE, "--%s %s: must be a whole number from 0 to 2^64 - 1",
                        option->name, text);
        *(uint64_t *)option->value = value;
        return 0;
    }
    case OPTION_REAL: {
        double value = strtod(text, &end);
        if (end == text || *end || !(value >= option->minimum && value <= option->maximum))
            return fail_range(option, text);
        *(double *)option->value = value;
        return 0;
    }
    case OPTION_TEXT:
        if (option->choices && !is_choice(option->choices, text))
            return fail(STATUS_USAGE, "--%s %s: must be one of %s", option->name, text,
                        option->choices);
        if (!*text)
            return fail(STATUS_USAGE, "--%s: the value is empty", option->name);
        *(const char **)option->value = text;
        return 0;
    }
    return 0;
}

static int set_defaults(const struct command *command)
{
    static const size_t value_bytes[] = {sizeof(int), sizeof(int), sizeof(uint64_t), sizeof(double),
                                         sizeof(char *)}; /* of each option_kind */
    for (int i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        memset(option->value, 0, value_bytes[option->kind]);
        if (option->initial)
            TRY(set_value(option, option->initial));
    }
    return 0;
}

/* The option of this letter, or whose name is the `length` bytes at `name`. */
static const struct option *find(const struct command *command, char letter, const char *name,
                                 size_t length)
{
    for (int i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (letter ? option->letter == letter
                   : strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

/* An unknown option is most often one that was cut short, prolonged or spelled with '_'. */
static int fail_unknown(const struct command *command, const char *word)
{
    const char *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    for (int i = 0; i < command->option_count; i++) {
        const char *known = command->options[i].name;
        size_t shared = 0;
        while (known[shared] && shared < length &&
               (known[shared] == name[shared] || (known[shared] == '-' && name[shared] == '_')))
            shared++;
        if (shared >= 3 && (!known[shared] || shared == length))
            return fail(STATUS_USAGE, "unknown option %s; did you mean --%s?", word, known);
    }
    return fail(STATUS_USAGE, "unknown option %s; see %s --help", word, command->program);
}

/* Parses the option at argv[*i] and, where it takes one, the value behind it. */
static int parse_option(const struct command *command, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const struct option *option;
    const char *value = NULL;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = find(command, 0, word + 2, length);
        if (word[2 + length] == '=')
            value = word + 2 + length + 1;
    } else {
        option = find(command, word[1], "", 0);
        if (word[2])
            value = word + 2;
    }
    if (!option)
        return fail_unknown(command, word);
    if (option->kind == OPTION_FLAG && value)
        return fail(STATUS_USAGE, "--%s takes no value", option->name);
    if (option->kind != OPTION_FLAG && !value) {
        if (*i + 1 >= argc)
            return fail(STATUS_USAGE, "%s: its value %s is missing", word,
                        option->choices ? option->choices : option->placeholder);
        value = argv[++*i];
    }
    return set_value(option, value);
}

int options_parse(const struct command *command, int argc, char **argv, const char **arguments,
                  int arguments_max, int *argument_count)
{
    int only_arguments = 0;
    *argument_count = 0;
    TRY(set_defaults(command));
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!only_arguments && strcmp(word, "--help") == 0)
            return OPTIONS_HELP;
        if (!only_arguments && strcmp(word, "--version") == 0)
            return OPTIONS_VERSION;
        if (!only_arguments && strcmp(word, "--") == 0) {
            only_arguments = 1;
        } else if (!only_arguments && word[0] == '-' && word[1]) {
            TRY(parse_option(command, argc, argv, &i));
        } else {
            if (!*word)
                return fail(STATUS_USAGE, "an argument is empty; see %s --help", command->program);
            if (*argument_count == arguments_max)
                return fail(STATUS_USAGE, "too many arguments: %s; see %s --help", word,
                            command->program);
            arguments[(*argument_count)++] = word;
        }
    }
    return OPTIONS_RUN;
}

void options_print_help(const struct command *command, FILE *stream)
{
    fprintf(stream, "%s\n\nUsage: %s %s\n\n", command->summary, command->program, command->usage);
    for (int i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        char left[64];
        int used = snprintf(left, sizeof left, option->letter ? "-%c, --%s" : "%c   --%s",
                            option->letter ? option->letter : ' ', option->name);
        if (option->kind != OPTION_FLAG)
            snprintf(left + used, sizeof left - (size_t)used, " %s",
                     option->choices ? option->choices : option->placeholder);
        fprintf(stream, "  %-34s ", left);
        if (strlen(left) > 34)
            fprintf(stream, "\n  %-34s ", "");
        fputs(option->help, stream);
        if (option->initial)
            fprintf(stream, " [%s]", option->initial);
        fputc('\n', stream);
    }
    fprintf(stream, "  %-34s %s\n  %-34s %s\n", "    --help", "print this and exit",
            "    --version", "print the version and exit");
    if (command->notes)
        fprintf(stream, "\n%s\n", command->notes);
}

void options_format(const struct option *option, char *text, size_t bytes)
{
    switch (option->kind) {
    case OPTION_FLAG:
        snprintf(text, bytes, "%s", *(int *)option->value ? "on" : "off");
        return;
    case OPTION_INTEGER:
        snprintf(text, bytes, "%d", *(int *)option->value);
        return;
    case OPTION_SEED:
        snprintf(text, bytes, "%llu", (unsigned long long)*(uint64_t *)option->value);
        return;
    case OPTION_REAL: /* 0.1 rather than 0.10000000000000001 where that is the same number */
        snprintf(text, bytes, "%g", *(double *)option->value);
        if (strtod(text, NULL) != *(double *)option->value)
            snprintf(text, bytes, "%.17g", *(double *)option->value);
        return;
    case OPTION_TEXT:
        snprintf(text, bytes, "%s",
                 *(const char **)option->value ? *(const char **)option->value : "");
        return;
    }
}

int options_is_default(const struct option *option)
{
    char text[4096];
    const char *initial = option->initial ? option->initial : "";
    options_format(option, text, sizeof text);
    return strcmp(text, option->kind == OPTION_FLAG ? "off" : initial) == 0;
}

void options_echo(const struct command *command, char *line, size_t bytes)
{
    size_t used = 0;
    line[0] = '\0';
    for (int i = 0; i < command->option_count && used < bytes; i++) {
        const struct option *option = &command->options[i];
        char value[4096];
        options_format(option, value, sizeof value);
        if (!value[0] || (option->kind == OPTION_FLAG && !*(int *)option->value))
            continue;
        int flag = option->kind == OPTION_FLAG;
        used += (size_t)snprintf(line + used, bytes - used, "%s--%s%s%s", used ? " " : "",
                                 option->name, flag ? "" : " ", flag ? "" : value);
    }
}

int options_bytes(const char *name, const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char *end;
    double value = strtod(text, &end);
    const char *unit = *end ? strchr(units, *end) : NULL;
    double factor = unit ? (double)(UINT64_C(1) << (10 * (unit - units + 1))) : 1;
    if (end == text || (*end && (!unit || end[1])) || !(value >= 0 && value * factor < 9e18))
        return fail(STATUS_USAGE, "--%s %s: must be bytes, or a number with K, M, G or T", name,
                    text);
    *bytes = (uint64_t)(value * factor);
    return 0;
}

int options_allowance(const char *name, const char *text, int64_t total, int64_t *allowed)
{
    char *end;
    double value = strtod(text, &end);
    int percent = *end == '%';
    if (end == text || end[percent] || !(value >= 0 && value <= (percent ? 100 : 9e15)))
        return fail(STATUS_USAGE, "--%s %s: must be a count or a percentage such as 1%%", name,
                    text);
    /* 0.57% of 10,000 is 57, and the nearest double of 0.57 is below it. */
    *allowed = (int64_t)(percent ? value * (double)total / 100 * (1 + 1e-12) : value);
    return 0;
}
