#include "store/h5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "store/h5_inside.h"

static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *text)
{
    (void)n;
    if (error->desc && error->desc[0])
        snprintf(text, 512, "%s", error->desc);
    return 0;
}

int h5_fail(const struct h5 *file, const char *object, const char *what)
{
    char reason[512] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, reason);
    /* HDF5 buries the system's own words in a long line: "... error message = 'No space left'". */
    char *system_says = strstr(reason, "error message = '");
    if (system_says) {
        memmove(reason, system_says + 17, strlen(system_says + 17) + 1);
        reason[strcspn(reason, "'")] = '\0';
    }
    return fail(STATUS_FAILED, "%s: %s%s%s%s%s", file->path, object, object[0] ? ": " : "", what,
                reason[0] ? ": " : "", reason);
}

hid_t h5_memory_type(enum h5_type type)
{
    switch (type) {
    case H5_UINT8:
        return H5T_NATIVE_UINT8;
    case H5_INT32:
        return H5T_NATIVE_INT32;
    case H5_INT64:
        return H5T_NATIVE_INT64;
    case H5_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case H5_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    case H5_TEXT:
        break;
    }
    return H5I_INVALID_HID;
}

hid_t h5_link_creation(void)
{
    hid_t list = H5Pcreate(H5P_LINK_CREATE);
    if (list >= 0 && H5Pset_create_intermediate_group(list, 1) < 0) {
        H5Pclose(list);
        return H5I_INVALID_HID;
    }
    return list;
}

hid_t h5_file_access(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* we print the one line that matters ourselves */
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list >= 0)
        H5Pset_file_locking(list, 1, 1);
    return list;
}

static int open_with(struct h5 **out, const char *path, enum h5_place place)
{
    enum { GROWTH_BYTES = 1 << 20 };
    hid_t access = h5_file_access();
    struct h5 *file = memory_zeroed(1, sizeof *file, "HDF5 file handle");
    *out = file;
    if (!file)
        return STATUS_FAILED;
    snprintf(file->path, sizeof file->path, "%s", path);
    file->place = place;
    if (place == H5_PLACE_MEMORY)
        H5Pset_fapl_core(access, GROWTH_BYTES, 0);
    file->id = place == H5_PLACE_DISK_OLD ? H5Fopen(path, H5F_ACC_RDONLY, access)
                                          : H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    int status = 0;
    if (file->id < 0)
        status = h5_fail(file, "", place == H5_PLACE_DISK_OLD ? "cannot open" : "cannot create");
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
    TRY(file_check_writable(path)); /* known before the work, not after it */
    return open_with(file, path, H5_PLACE_MEMORY);
}

int h5_create_large(struct h5 **file, const char *path)
{
    *file = NULL;
    TRY(file_check_writable(path));
    return open_with(file, path, H5_PLACE_DISK_NEW);
}

int h5_open(struct h5 **file, const char *path)
{
    *file = NULL;
    TRY(file_check_readable(path));
    if (H5Fis_hdf5(path) <= 0)
        return fail(STATUS_FAILED, "%s: not an HDF5 file, or a damaged one", path);
    return open_with(file, path, H5_PLACE_DISK_OLD);
}

/* The bytes of a file that was built in memory, written by ourselves. */
static int write_image(struct h5 *file)
{
    if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0)
        return h5_fail(file, "", "cannot flush");
    ssize_t bytes = H5Fget_file_image(file->id, NULL, 0);
    if (bytes < 0)
        return h5_fail(file, "", "cannot build the file");
    char *image = memory_zeroed((size_t)bytes, 1, "file image");
    if (!image)
        return STATUS_FAILED;
    int status = 0;
    if (H5Fget_file_image(file->id, image, (size_t)bytes) < 0)
        status = h5_fail(file, "", "cannot build the file");
    else
        status = file_write(file->path, image, (size_t)bytes);
    free(image);
    return status;
}

int h5_close(struct h5 **out)
{
    struct h5 *file = *out;
    if (!file)
        return 0;
    int status = file->place == H5_PLACE_MEMORY ? write_image(file) : 0;
    if (H5Fclose(file->id) < 0 && status == 0)
        status = h5_fail(file, "", "cannot close");
    if (status == 0 && file->place == H5_PLACE_DISK_NEW)
        status = file_sync(file->path);
    free(file);
    *out = NULL;
    return status;
}

void h5_discard(struct h5 **file)
{
    if (!*file)
        return;
    /* HDF5 1.10 crashes in MPI_Finalize after a close that failed: on a full disk, make it room. */
    if ((*file)->place == H5_PLACE_DISK_NEW)
        (void)!truncate((*file)->path, 0);
    H5Fclose((*file)->id);
    free(*file);
    *file = NULL;
}

static hid_t make_space(int rank, const int64_t *dims)
{
    hsize_t extents[H5S_MAX_RANK];
    if (rank == 0)
        return H5Screate(H5S_SCALAR);
    for (int i = 0; i < rank; i++)
        extents[i] = (hsize_t)dims[i];
    return H5Screate_simple(rank, extents, NULL);
}

int h5_reserve(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *dims)
{
    hid_t space = make_space(rank, dims);
    hid_t links = h5_link_creation();
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = H5I_INVALID_HID;
    if (H5Pset_layout(layout, H5D_CONTIGUOUS) >= 0 &&
        H5Pset_alloc_time(layout, H5D_ALLOC_TIME_EARLY) >= 0 &&
        H5Pset_fill_time(layout, H5D_FILL_TIME_NEVER) >= 0)
        set = H5Dcreate2(file->id, name, h5_memory_type(type), space, links, layout, H5P_DEFAULT);
    int status = set >= 0 ? 0 : h5_fail(file, name, "cannot create the dataset");
    if (set >= 0 && H5Dclose(set) < 0)
        status = h5_fail(file, name, "cannot close the dataset");
    H5Pclose(layout);
    H5Pclose(links);
    H5Sclose(space);
    return status;
}

static int64_t product(int rank, const int64_t *dims)
{
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= dims[i];
    return count;
}

int h5_write(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *dims,
             const void *values)
{
    TRY(h5_reserve(file, name, type, rank, dims));
    if (product(rank, dims) == 0)
        return 0;
    hid_t set = H5Dopen2(file->id, name, H5P_DEFAULT);
    int status = 0;
    if (H5Dwrite(set, h5_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = h5_fail(file, name, "cannot write");
    H5Dclose(set);
    return status;
}

int h5_exists(struct h5 *file, const char *name)
{
    /* H5Lexists demands that every group on the way exists: ask for them one by one. */
    char path[512];
    if (strlen(name) >= sizeof path)
        return 0;
    for (const char *end = name; end;) {
        end = strchr(end + 1, '/');
        snprintf(path, sizeof path, "%.*s", end ? (int)(end - name) : (int)strlen(name), name);
        if (H5Lexists(file->id, path, H5P_DEFAULT) <= 0)
            return 0;
    }
    return 1;
}

int h5_check_size(const struct h5 *file, const char *name, hid_t set)
{
    hid_t kind = H5Dget_type(set), space = H5Dget_space(set), made = H5Dget_create_plist(set);
    hsize_t stored = H5Dget_storage_size(set), size = 0;
    hsize_t claimed = H5Tget_size(kind) * (hsize_t)H5Sget_simple_extent_npoints(space);
    int contiguous = H5Pget_layout(made) == H5D_CONTIGUOUS;
    H5Pclose(made);
    H5Sclose(space);
    H5Tclose(kind);
    if (H5Fget_filesize(file->id, &size) < 0)
        return h5_fail(file, name, "cannot ask for the size of the file");
    if (stored > size || (stored == 0 && claimed > 0) || (contiguous && stored != claimed))
        return fail(STATUS_FAILED,
                    "%s: damaged: %s claims %llu bytes, stores %llu, and the file has %llu",
                    file->path, name, (unsigned long long)claimed, (unsigned long long)stored,
                    (unsigned long long)size);
    return 0;
}

/* Opens a dataset whose shape is `rank` x dims; dims entries of -1 are filled in, others checked.
 */
static int open_set(struct h5 *file, const char *name, int rank, int64_t *dims, hid_t *out)
{
    hsize_t extents[H5S_MAX_RANK];
    *out = H5I_INVALID_HID;
    if (!h5_exists(file, name))
        return fail(STATUS_FAILED, "%s: %s is missing", file->path, name);
    hid_t set = H5Dopen2(file->id, name, H5P_DEFAULT);
    if (set < 0)
        return h5_fail(file, name, "cannot open the dataset");
    hid_t space = H5Dget_space(set);
    int found = H5Sget_simple_extent_type(space) == H5S_NULL ? -1 /* a dataset without any value */
                                                             : H5Sget_simple_extent_ndims(space);
    if (found >= 0)
        H5Sget_simple_extent_dims(space, extents, NULL);
    H5Sclose(space);
    int status = 0;
    if (found < 0)
        status = fail(STATUS_FAILED, "%s: %s holds no values", file->path, name);
    else if (found != rank)
        status = fail(STATUS_FAILED, "%s: %s has %d dimensions, expected %d", file->path, name,
                      found, rank);
    for (int i = 0; status == 0 && i < rank; i++) {
        if (dims[i] < 0)
            dims[i] = (int64_t)extents[i];
        if (dims[i] != (int64_t)extents[i])
            status = fail(STATUS_FAILED, "%s: %s has %lld entries in dimension %d, expected %lld",
                          file->path, name, (long long)extents[i], i, (long long)dims[i]);
    }
    if (status == 0)
        status = h5_check_size(file, name, set);
    if (status < 0)
        H5Dclose(set);
    else
        *out = set;
    return status;
}

int h5_dims(struct h5 *file, const char *name, int rank, int64_t *dims)
{
    hid_t set;
    for (int i = 0; i < rank; i++)
        dims[i] = -1;
    TRY(open_set(file, name, rank, dims, &set));
    H5Dclose(set);
    return 0;
}

/* HDF5 would convert a label of 0.5, or of -1, to 0 without a word. */
static int check_class(const struct h5 *file, const char *name, hid_t set, enum h5_type type)
{
    hid_t kind = H5Dget_type(set);
    H5T_class_t found = H5Tget_class(kind), wanted = H5Tget_class(h5_memory_type(type));
    int fits = found == wanted || (found == H5T_INTEGER && wanted == H5T_FLOAT);
    if (found == H5T_INTEGER && wanted == H5T_INTEGER)
        fits = H5Tget_sign(kind) == H5Tget_sign(h5_memory_type(type)) &&
               H5Tget_size(kind) <= H5Tget_size(h5_memory_type(type));
    H5Tclose(kind);
    return fits ? 0 : fail(STATUS_FAILED, "%s: %s is not of the expected type", file->path, name);
}

int h5_read(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *dims,
            void *values)
{
    int64_t expected[H5S_MAX_RANK];
    hid_t set;
    for (int i = 0; i < rank; i++)
        expected[i] = dims[i];
    TRY(open_set(file, name, rank, expected, &set));
    int status = check_class(file, name, set, type);
    if (status == 0 && product(rank, expected) > 0 &&
        H5Dread(set, h5_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = h5_fail(file, name, "cannot read");
    H5Dclose(set);
    return status;
}

int h5_offset(struct h5 *file, const char *name, enum h5_type type, int64_t *offset)
{
    hid_t set = H5Dopen2(file->id, name, H5P_DEFAULT);
    if (set < 0)
        return h5_fail(file, name, "cannot open the dataset");
    hid_t kind = H5Dget_type(set), space = H5Dget_space(set);
    haddr_t address = H5Dget_offset(set);
    int status = 0;
    if (H5Tequal(kind, h5_memory_type(type)) <= 0)
        status = fail(STATUS_FAILED, "%s: %s is not of the expected type", file->path, name);
    else if (address == HADDR_UNDEF && H5Sget_simple_extent_npoints(space) != 0)
        status = fail(STATUS_FAILED, "%s: %s is not stored contiguously", file->path, name);
    *offset = address == HADDR_UNDEF ? 0 : (int64_t)address;
    H5Sclose(space);
    H5Tclose(kind);
    H5Dclose(set);
    return status;
}
