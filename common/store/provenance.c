#include "store/provenance.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/options.h"
#include "base/status.h"
#include "base/version.h"
#include "comm/comm.h"
#include "store/h5_inside.h"

struct provenance provenance_begin(const struct command *command, int argc, char **argv,
                                   struct comm *comm)
{
    struct provenance provenance = {.command = command,
                                    .argc = argc,
                                    .argv = argv,
                                    .ranks = comm_size(comm),
                                    .threads = 1,
                                    .host = comm_host(comm)};
    provenance_add(&provenance, "mpi_version", comm_library());
    return provenance;
}

void provenance_add(struct provenance *provenance, const char *name, const char *version)
{
    if (provenance->library_count == PROVENANCE_LIBRARIES_MAX)
        return;
    provenance->libraries[provenance->library_count].name = name;
    provenance->libraries[provenance->library_count++].version = version;
}

static const char *hdf5_version(void)
{
    static char words[32];
    unsigned major, minor, release;
    if (!words[0] && H5get_libversion(&major, &minor, &release) >= 0)
        snprintf(words, sizeof words, "HDF5 %u.%u.%u", major, minor, release);
    return words;
}

/* "batch-size" is the attribute batch_size, as Python would spell it. */
static void attribute_name(const struct option *option, char *name, size_t bytes)
{
    snprintf(name, bytes, "%s", option->name);
    for (char *c = name; *c; c++)
        if (*c == '-')
            *c = '_';
}

static int write_option(struct h5 *file, const struct option *option)
{
    char name[64], text[4096];
    attribute_name(option, name, sizeof name);
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_INTEGER:
        return h5_set_int(file, "/", name, *(int *)option->value);
    case OPTION_SEED: /* bits kept, since HDF5 readers know int64 best */
        return h5_set_int(file, "/", name, (int64_t) * (uint64_t *)option->value);
    case OPTION_REAL:
        return h5_set_double(file, "/", name, *(double *)option->value);
    case OPTION_TEXT:
        options_format(option, text, sizeof text);
        return text[0] ? h5_set_text(file, "/", name, text) : 0;
    }
    return 0;
}

static void join_words(int argc, char **argv, char *line, size_t bytes)
{
    size_t used = 0;
    line[0] = '\0';
    for (int i = 0; i < argc && used < bytes; i++)
        used += (size_t)snprintf(line + used, bytes - used, "%s%s", i ? " " : "", argv[i]);
}

int provenance_write(struct h5 *file, const struct provenance *p)
{
    char line[8192], date[32];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    join_words(p->argc, p->argv, line, sizeof line);
    for (int i = 0; i < p->command->option_count; i++)
        TRY(write_option(file, &p->command->options[i]));
    TRY(h5_set_text(file, "/", "program", p->command->program));
    TRY(h5_set_text(file, "/", "version", version_number()));
    TRY(h5_set_text(file, "/", "git_revision", version_revision()));
    TRY(h5_set_text(file, "/", "compiler", version_compiler()));
    TRY(h5_set_text(file, "/", "command_line", line));
    TRY(h5_set_text(file, "/", "host", p->host));
    TRY(h5_set_text(file, "/", "date", date));
    TRY(h5_set_int(file, "/", "ranks", p->ranks));
    TRY(h5_set_int(file, "/", "threads", p->threads));
    TRY(h5_set_text(file, "/", "hdf5_version", hdf5_version()));
    for (int i = 0; i < p->library_count; i++)
        TRY(h5_set_text(file, "/", p->libraries[i].name, p->libraries[i].version));
    return 0;
}

int provenance_option_equals(struct h5 *file, const struct option *option, char *stored,
                             int stored_bytes)
{
    union {
        int integer;
        uint64_t seed;
        double real;
    } value;
    struct option was = *option;
    char name[64], now[4096];
    int64_t integer = 0;
    was.value = &value;
    attribute_name(option, name, sizeof name);
    options_format(option, now, sizeof now);
    stored[0] = '\0';
    if (option->kind == OPTION_TEXT) {
        h5_get_text(file, "/", name, stored, (size_t)stored_bytes);
    } else {
        if (option->kind == OPTION_REAL ? h5_get_double(file, "/", name, &value.real) < 0
                                        : h5_get_int(file, "/", name, &integer) < 0)
            return 0;
        if (option->kind == OPTION_SEED)
            value.seed = (uint64_t)integer;
        else if (option->kind != OPTION_REAL)
            value.integer = (int)integer;
        options_format(&was, stored, (size_t)stored_bytes);
    }
    return strcmp(stored, now) == 0;
}
