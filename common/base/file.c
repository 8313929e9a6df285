#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/status.h"

static int fail_errno(const char *what, const char *path)
{
    return fail(STATUS_FAILED, "%s: %s: %s", path, what, strerror(errno));
}

int file_check_readable(const char *path)
{
    struct stat facts;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not stop us */
    if (descriptor < 0)
        return fail_errno("cannot open", path);
    int status = fstat(descriptor, &facts) < 0 ? fail_errno("cannot read", path) : 0;
    if (status == 0 && !S_ISREG(facts.st_mode))
        status = fail(STATUS_FAILED, "%s: not a regular file", path);
    close(descriptor);
    return status;
}

int file_check_writable(const char *path)
{
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor >= 0 || errno != ENOENT) {
        if (descriptor < 0)
            return fail_errno("cannot write", path);
        close(descriptor);
        return 0;
    }
    /* O_EXCL: what is removed again is what was made here, never a link or another's file. */
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == EEXIST)
        return fail(STATUS_FAILED, "%s: cannot write: a link that leads nowhere", path);
    if (descriptor < 0)
        return fail_errno("cannot write", path);
    close(descriptor);
    unlink(path);
    return 0;
}

/* A picture's name is a slip, as in "-o *.jpg", that would cost a frame. */
static int check_replaceable(const char *path)
{
    const char *dot = strrchr(path, '.');
    struct stat facts;
    if (dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0))
        return fail(STATUS_FAILED, "%s: a picture's name; give the output another name", path);
    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode))
        return fail(STATUS_FAILED, "%s: not a regular file; give the output another name", path);
    return 0;
}

int file_check_output(const char *path)
{
    char part[4096 + 8];
    TRY(check_replaceable(path));
    snprintf(part, sizeof part, "%s.part", path);
    return file_check_writable(part);
}

int file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int file_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

uint64_t file_number(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 ? (uint64_t)facts.st_ino : 0;
}

int file_sync(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail_errno("cannot open to flush", path);
    int status = 0;
    if (fsync(descriptor) < 0 && errno != EINVAL) /* EINVAL: some file systems flush no folders */
        status = fail_errno("cannot flush to disk", path);
    close(descriptor);
    return status;
}

void file_folder(const char *path, char *folder, size_t bytes)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, bytes, ".");
    else
        snprintf(folder, bytes, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

int file_replace(const char *from, const char *to)
{
    char folder[4096];
    TRY(check_replaceable(to));
    if (rename(from, to) < 0)
        return fail(STATUS_FAILED, "%s: cannot rename to %s: %s", from, to, strerror(errno));
    file_folder(to, folder, sizeof folder);
    return file_sync(folder);
}

int file_free_bytes(const char *path, uint64_t *bytes)
{
    char folder[4096];
    struct statvfs facts;
    file_folder(path, folder, sizeof folder);
    if (statvfs(folder, &facts) < 0)
        return fail_errno("cannot ask for free space", folder);
    *bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
    return 0;
}

int file_read_at(int descriptor, const char *path, void *buffer, size_t bytes, int64_t offset)
{
    char *to = buffer;
    while (bytes > 0) {
        ssize_t got = pread(descriptor, to, bytes, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno("cannot read", path);
        if (got == 0)
            return fail(STATUS_FAILED, "%s: ends early; it was cut since it was opened", path);
        to += got;
        bytes -= (size_t)got;
        offset += got;
    }
    return 0;
}

int file_write_at(int descriptor, const char *path, const void *buffer, size_t bytes,
                  int64_t offset)
{
    const char *from = buffer;
    while (bytes > 0) {
        ssize_t put = pwrite(descriptor, from, bytes, offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail_errno("cannot write", path);
        from += put;
        bytes -= (size_t)put;
        offset += put;
    }
    return 0;
}

int file_write(const char *path, const void *bytes, size_t byte_count)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return fail_errno("cannot create", path);
    int status = file_write_at(descriptor, path, bytes, byte_count, 0);
    if (status == 0 && fsync(descriptor) < 0)
        status = fail_errno("cannot flush to disk", path);
    if (close(descriptor) < 0 && status == 0)
        status = fail_errno("cannot close", path);
    return status;
}

int file_write_aside(const char *path, const void *bytes, size_t byte_count)
{
    char part[4096 + 8];
    snprintf(part, sizeof part, "%s.part", path);
    int status = file_write(part, bytes, byte_count);
    if (status == 0)
        status = file_replace(part, path);
    if (status < 0)
        unlink(part);
    return status;
}
