/* Runs gnuplot on a folder that plots_write filled: no shell, so no name can be a command. */
#include "eval/plots.h"

#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const pictures[] = {
    "loss.png", "loss.svg",      "accuracy.png",  "accuracy.svg",   "roc.png",
    "roc.svg",  "confusion.png", "confusion.svg", "robustness.png", "robustness.svg",
};
enum { PICTURES = sizeof pictures / sizeof pictures[0] };

/* --default-settings: no start-up file of the user changes the pictures. The child works inside
 * the folder, reads nothing, and talks on stderr, since our stdout is the report. */
static int start(pid_t *child, const char *folder)
{
    char *arguments[] = {"gnuplot", "--default-settings", "plots.gp", NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (!error)
        error = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* 0 when gnuplot ran and ended well, else 1. */
static int wait_for(pid_t child)
{
    int result;
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return 1;
    return !WIFEXITED(result) || WEXITSTATUS(result) != 0;
}

/* Calls visit on the path of the first `count` pictures; the first result that is not 0 ends it. */
static int each_picture(const char *folder, int count, int (*visit)(const char *path))
{
    for (int k = 0; k < count; k++) {
        char *path;
        if (asprintf(&path, "%s/%s", folder, pictures[k]) < 0)
            return fail(STATUS_FAILED, "no memory for the name of a picture in %s", folder);
        int result = visit(path);
        free(path);
        TRY(result);
    }
    return STATUS_OK;
}

/* Yesterday's pictures must not pass for today's. */
static int remove_old(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return fail(STATUS_FAILED, "%s: cannot be replaced: %s", path, strerror(errno));
    return STATUS_OK;
}

static int check_drawn(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || info.st_size == 0)
        return fail(STATUS_FAILED, "%s: gnuplot did not draw it", path);
    return STATUS_OK;
}

int plots_render(const char *folder, int robustness)
{
    pid_t child;
    TRY(each_picture(folder, PICTURES, remove_old));
    setenv("LC_ALL", "C.UTF-8", 1); /* in a locale without UTF-8 gnuplot complains about itself */
    int error = start(&child, folder);
    if (error)
        return fail(STATUS_FAILED,
                    "%s: no pictures, since gnuplot %s%s; data and script stay there: run gnuplot "
                    "plots.gp in it",
                    folder,
                    error == ENOENT ? "is not installed (Debian: apt install gnuplot-nox)"
                                    : "cannot be started: ",
                    error == ENOENT ? "" : strerror(error));
    if (wait_for(child) != 0)
        return fail(STATUS_FAILED,
                    "%s: gnuplot failed; data and script stay there: run gnuplot plots.gp in it",
                    folder);
    return each_picture(folder, robustness ? PICTURES : PICTURES - 2, check_drawn);
}
