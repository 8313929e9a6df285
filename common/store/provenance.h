/* Where a file came from: written into every file of ours as attributes of its root. */
#ifndef STORE_PROVENANCE_H
#define STORE_PROVENANCE_H

struct h5;
struct comm;
struct command;
struct option;

enum { PROVENANCE_LIBRARIES_MAX = 12 };

struct provenance {
    const struct command *command; /* its resolved options are stored too, one attribute each */
    int argc;
    char **argv;
    int ranks, threads;
    const char *host;
    struct {
        const char *name, *version; /* "mpi_version", "Open MPI v4.1.4" */
    } libraries[PROVENANCE_LIBRARIES_MAX];
    int library_count;
};

/* What every program knows of itself once the ranks have started; one thread until somebody says
 * otherwise. */
struct provenance provenance_begin(const struct command *command, int argc, char **argv,
                                   struct comm *comm);

/* Appends a library; `version` must live as long as the provenance. */
void provenance_add(struct provenance *provenance, const char *name, const char *version);

/* Writes all of it and the date (UTC). */
int provenance_write(struct h5 *file, const struct provenance *provenance);

/* Compares an option that is stored in the file with its value now: 1 = the same, 0 = not. The
 * stored value is given as text. */
int provenance_option_equals(struct h5 *file, const struct option *option, char *stored,
                             int stored_bytes);

#endif
