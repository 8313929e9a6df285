/* A folder of its own for a suite: made before its tests run, removed with all that is in it
 * afterwards, however they end. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_root[256];

static inline void scratch_check(int good, const char *path)
{
    if (good)
        return;
    perror(path);
    exit(EXIT_FAILURE);
}

static inline void scratch_begin(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch_root, sizeof scratch_root, "%s/unmask-test-XXXXXX", base ? base : "/tmp");
    scratch_check(mkdtemp(scratch_root) != NULL, scratch_root);
}

static inline int scratch_remove_one(const char *path, const struct stat *facts, int kind,
                                     struct FTW *where)
{
    (void)facts, (void)kind, (void)where;
    return remove(path);
}

/* Removes the folder; hands the exit code through, so that main can end with it. */
static inline int scratch_end(int code)
{
    nftw(scratch_root, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return code;
}

/* The path of a name in the folder; it lives as long as the process. */
static inline const char *scratch(const char *name)
{
    static struct scratch_path {
        struct scratch_path *next;
        char text[];
    } * paths; /* so that they are not lost */
    size_t bytes = strlen(scratch_root) + strlen(name) + 2;
    struct scratch_path *path = malloc(sizeof *path + bytes);
    scratch_check(path != NULL, name);
    snprintf(path->text, bytes, "%s/%s", scratch_root, name);
    path->next = paths;
    paths = path;
    return path->text;
}

/* Makes the folders on the way to scratch(name). */
static inline void scratch_make_way(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", scratch(name));
    for (char *slash = path + strlen(scratch_root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
}

static inline const char *scratch_folder(const char *name)
{
    const char *path = scratch(name);
    scratch_make_way(name);
    mkdir(path, 0777);
    return path;
}

/* Writes a file, and the folders on the way to it; returns its path. */
static inline const char *scratch_file(const char *name, const void *bytes, size_t count)
{
    const char *path = scratch(name);
    scratch_make_way(name);
    FILE *stream = fopen(path, "wb");
    scratch_check(stream != NULL, path);
    scratch_check(fwrite(bytes, 1, count, stream) == count, path);
    scratch_check(fclose(stream) == 0, path);
    return path;
}

static inline const char *scratch_text(const char *name, const char *text)
{
    return scratch_file(name, text, strlen(text));
}

#endif
