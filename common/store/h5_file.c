/* Opening and closing.
 *
 * HDF5 1.10 does not survive a full disk: flushing may fail in silence, and a file whose H5Fclose
 * failed crashes the process when it ends. So the files that we rewrite again and again, runs and
 * reports, are composed in memory by HDF5's core driver, and the finished bytes are written by
 * ourselves: what goes wrong then goes wrong in a write or an fsync, with the system's own words.
 * It costs the size of the file in memory for a moment. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "store/h5_inside.h"

hid_t h5_file_access(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* we print the one line that matters ourselves */
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0)
        H5Pset_file_locking(list, 1, 1);
    return list;
}

static int open_as(struct h5 **out, const char *path, int kind)
{
    const size_t step_bytes = 1 << 20; /* in which the image in memory grows */
    hid_t access = h5_file_access();
    struct h5 *file = memory_zeroed(1, sizeof *file, "HDF5 file handle");
    int status = 0;
    *out = file;
    if (!file)
        return STATUS_FAILED;
    snprintf(file->path, sizeof file->path, "%s", path);
    file->kind = kind;
    file->id = H5I_INVALID_HID;
    if (kind == H5_IN_MEMORY && H5Pset_fapl_core(access, step_bytes, 0) < 0)
        status = h5_fail(file, "", "cannot compose a file in memory");
    else
        file->id = kind == H5_READ ? H5Fopen(path, H5F_ACC_RDONLY, access)
                                   : H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (status == 0 && file->id < 0)
        status = h5_fail(file, "", kind == H5_READ ? "cannot open" : "cannot create");
    H5Pclose(access);
    if (status < 0) {
        free(file);
        *out = NULL;
    }
    return status;
}

int h5_create(struct h5 **file, const char *path)
{
    *file = NULL;
    TRY(file_check_writable(path));
    return open_as(file, path, H5_IN_MEMORY);
}

int h5_create_on_disk(struct h5 **file, const char *path)
{
    *file = NULL;
    TRY(file_check_writable(path)); /* the system's words are clearer than HDF5's */
    return open_as(file, path, H5_ON_DISK);
}

int h5_open(struct h5 **file, const char *path)
{
    *file = NULL;
    TRY(file_check_readable(path));
    if (H5Fis_hdf5(path) <= 0)
        return fail(STATUS_FAILED, "%s: not an HDF5 file, or a damaged one", path);
    return open_as(file, path, H5_READ);
}

static int write_bytes(const char *path, const void *bytes, size_t byte_count)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return fail(STATUS_FAILED, "%s: cannot write: %s", path, strerror(errno));
    int status = file_write_at(descriptor, path, bytes, byte_count, 0);
    if (close(descriptor) < 0 && status == 0)
        status = fail(STATUS_FAILED, "%s: cannot write: %s", path, strerror(errno));
    return status;
}

/* The bytes that the file would have on the disk. */
static int write_image(struct h5 *file)
{
    ssize_t bytes =
        H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(file->id, NULL, 0);
    if (bytes < 0)
        return h5_fail(file, "", "cannot compose the file");
    void *image = memory_zeroed((size_t)bytes, 1, "image of a file");
    if (!image)
        return STATUS_FAILED;
    int status = H5Fget_file_image(file->id, image, (size_t)bytes) < 0
                     ? h5_fail(file, "", "cannot compose the file")
                     : write_bytes(file->path, image, (size_t)bytes);
    free(image);
    return status;
}

int h5_close(struct h5 **out)
{
    struct h5 *file = *out;
    if (!file)
        return 0;
    int status = file->kind == H5_IN_MEMORY ? write_image(file) : 0;
    if (H5Fclose(file->id) < 0 && status == 0)
        status = h5_fail(file, "", "cannot close");
    if (status == 0 && file->kind != H5_READ)
        status = file_sync(file->path);
    free(file);
    *out = NULL;
    return status;
}
