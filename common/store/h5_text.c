/* Strings and attributes. A string dataset has a fixed length, the longest of its values, because
 * parallel HDF5 1.10 cannot write variable-length data; it may hold any bytes of UTF-8 but NUL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "store/h5_inside.h"

hid_t h5_text_type(size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes ? bytes : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* Packs the strings into null-padded cells of *bytes each; the caller frees the block. */
static char *pack(int64_t count, const char *const *strings, size_t *bytes)
{
    *bytes = 1;
    for (int64_t i = 0; i < count; i++) {
        size_t length = strlen(strings[i]);
        *bytes = length > *bytes ? length : *bytes;
    }
    char *cells = memory_zeroed((size_t)count, *bytes, "strings");
    for (int64_t i = 0; cells && i < count; i++)
        memcpy(cells + (size_t)i * *bytes, strings[i], strlen(strings[i]));
    return cells;
}

static int write_cells(struct h5 *file, const char *name, hid_t type, hid_t space,
                       const void *cells)
{
    hid_t links = h5_link_creation();
    hid_t set = H5Dcreate2(file->id, name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    int status = 0;
    if (set < 0 || (H5Sget_simple_extent_npoints(space) > 0 &&
                    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) < 0))
        status = h5_fail(file, name, "cannot write");
    if (set >= 0)
        H5Dclose(set);
    H5Pclose(links);
    return status;
}

int h5_write_members(struct h5 *file, const char *folder, const struct h5_member *members,
                     size_t member_count, const void *structs, size_t struct_bytes, int64_t count)
{
    int status = 0;
    for (const struct h5_member *m = members; status == 0 && m < members + member_count; m++) {
        char path[128];
        int is_text = m->type == H5_TEXT;
        size_t bytes = is_text ? sizeof(char *) : H5Tget_size(h5_memory_type(m->type));
        char *column = memory_zeroed((size_t)count, bytes, m->name);
        if (!column)
            return STATUS_FAILED;
        for (size_t i = 0; i < (size_t)count; i++)
            memcpy(column + i * bytes, (const char *)structs + i * struct_bytes + m->offset, bytes);
        snprintf(path, sizeof path, "%s/%s", folder, m->name);
        status = is_text ? h5_write_strings(file, path, count, (const char *const *)(void *)column)
                         : h5_write(file, path, m->type, 1, &count, column);
        free(column);
    }
    return status;
}

int h5_read_strings(struct h5 *file, const char *name, int64_t *count, size_t *stride,
                    char **strings)
{
    *strings = NULL;
    if (!h5_exists(file, name))
        return fail(STATUS_FAILED, "%s: %s is missing", file->path, name);
    hid_t set = H5Dopen2(file->id, name, H5P_DEFAULT);
    if (set < 0)
        return h5_fail(file, name, "cannot open the dataset");
    hid_t kind = H5Dget_type(set);
    hid_t space = H5Dget_space(set);
    *count = (int64_t)H5Sget_simple_extent_npoints(space);
    int status = 0;
    if (H5Tget_class(kind) != H5T_STRING || H5Tis_variable_str(kind) > 0)
        status = fail(STATUS_FAILED, "%s: %s holds no fixed-length strings", file->path, name);
    else if (H5Sget_simple_extent_ndims(space) > 1)
        status = fail(STATUS_FAILED, "%s: %s is not a list", file->path, name);
    else
        status = h5_check_size(file, name, set);
    *stride = H5Tget_size(kind) + 1;
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, *stride);
    H5Tset_cset(type, H5Tget_cset(kind));
    if (status == 0 && !(*strings = memory_zeroed((size_t)*count, *stride, name)))
        status = STATUS_FAILED;
    if (status == 0 && *count > 0 &&
        H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *strings) < 0)
        status = h5_fail(file, name, "cannot read");
    if (status < 0) {
        free(*strings);
        *strings = NULL;
    }
    H5Tclose(type);
    H5Sclose(space);
    H5Tclose(kind);
    H5Dclose(set);
    return status;
}

static int ensure_object(struct h5 *file, const char *object)
{
    if (strcmp(object, "/") == 0 || h5_exists(file, object))
        return 0;
    hid_t links = h5_link_creation();
    hid_t group = H5Gcreate2(file->id, object, links, H5P_DEFAULT, H5P_DEFAULT);
    H5Pclose(links);
    if (group < 0)
        return h5_fail(file, object, "cannot create the group");
    H5Gclose(group);
    return 0;
}

static int set_attribute(struct h5 *file, const char *object, const char *attribute, hid_t type,
                         hid_t space, const void *value)
{
    TRY(ensure_object(file, object));
    hid_t where = H5Oopen(file->id, object, H5P_DEFAULT);
    if (H5Aexists(where, attribute) > 0)
        H5Adelete(where, attribute);
    hid_t mark = H5Acreate2(where, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int status = 0;
    if (mark < 0 || H5Awrite(mark, type, value) < 0)
        status = h5_fail(file, attribute, "cannot write the attribute");
    if (mark >= 0)
        H5Aclose(mark);
    H5Oclose(where);
    return status;
}

/* Strings as the dataset `name` or, where `attribute` is not NULL, as that attribute of it: a list
 * of count, or the one alone with SCALAR. */
enum { SCALAR = -1 };
static int put_strings(struct h5 *file, const char *name, const char *attribute, int64_t count,
                       const char *const *strings)
{
    size_t bytes;
    hsize_t extent = (hsize_t)count;
    char *cells = pack(count == SCALAR ? 1 : count, strings, &bytes);
    if (!cells)
        return STATUS_FAILED;
    hid_t space = count == SCALAR ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, NULL);
    hid_t type = h5_text_type(bytes);
    int status = attribute ? set_attribute(file, name, attribute, type, space, cells)
                           : write_cells(file, name, type, space, cells);
    H5Tclose(type);
    H5Sclose(space);
    free(cells);
    return status;
}

int h5_write_strings(struct h5 *file, const char *name, int64_t count, const char *const *strings)
{
    return put_strings(file, name, NULL, count, strings);
}

int h5_write_text(struct h5 *file, const char *name, const char *text)
{
    return put_strings(file, name, NULL, SCALAR, &text);
}

int h5_set_texts(struct h5 *file, const char *object, const char *attribute, int count,
                 const char *const *values)
{
    return put_strings(file, object, attribute, count, values);
}

int h5_set_text(struct h5 *file, const char *object, const char *attribute, const char *value)
{
    return put_strings(file, object, attribute, SCALAR, &value);
}

static int set_scalar(struct h5 *file, const char *object, const char *attribute, hid_t type,
                      const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    int status = set_attribute(file, object, attribute, type, space, value);
    H5Sclose(space);
    return status;
}

int h5_set_int(struct h5 *file, const char *object, const char *attribute, int64_t value)
{
    return set_scalar(file, object, attribute, H5T_NATIVE_INT64, &value);
}

int h5_set_double(struct h5 *file, const char *object, const char *attribute, double value)
{
    return set_scalar(file, object, attribute, H5T_NATIVE_DOUBLE, &value);
}

/* Reads a scalar attribute of the given class into value. */
static int get_attribute(struct h5 *file, const char *object, const char *attribute,
                         H5T_class_t kind, hid_t type, void *value)
{
    if (H5Aexists_by_name(file->id, object, attribute, H5P_DEFAULT) <= 0)
        return fail(STATUS_FAILED, "%s: attribute %s of %s is missing", file->path, attribute,
                    object);
    hid_t mark = H5Aopen_by_name(file->id, object, attribute, H5P_DEFAULT, H5P_DEFAULT);
    if (mark < 0)
        return h5_fail(file, attribute, "cannot open the attribute");
    hid_t found = H5Aget_type(mark);
    hid_t space = H5Aget_space(mark);
    int status = 0;
    if (H5Tget_class(found) != kind || H5Sget_simple_extent_npoints(space) != 1 ||
        (kind == H5T_STRING &&
         (H5Tis_variable_str(found) > 0 || H5Tget_size(found) >= H5Tget_size(type))))
        status =
            fail(STATUS_FAILED, "%s: attribute %s is not what it should be", file->path, attribute);
    else if (H5Aread(mark, type, value) < 0)
        status = h5_fail(file, attribute, "cannot read the attribute");
    H5Sclose(space);
    H5Tclose(found);
    H5Aclose(mark);
    return status;
}

int h5_get_text(struct h5 *file, const char *object, const char *attribute, char *value,
                size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    H5Tset_cset(type, H5T_CSET_UTF8);
    int status = get_attribute(file, object, attribute, H5T_STRING, type, value);
    H5Tclose(type);
    return status;
}

int h5_get_int(struct h5 *file, const char *object, const char *attribute, int64_t *value)
{
    return get_attribute(file, object, attribute, H5T_INTEGER, H5T_NATIVE_INT64, value);
}

int h5_get_double(struct h5 *file, const char *object, const char *attribute, double *value)
{
    return get_attribute(file, object, attribute, H5T_FLOAT, H5T_NATIVE_DOUBLE, value);
}

int h5_set_format(struct h5 *file, const char *format, int64_t version)
{
    static const char *const classes[] = {"real", "fake"};
    TRY(h5_set_text(file, "/", "format", format));
    TRY(h5_set_int(file, "/", "format_version", version));
    TRY(h5_set_texts(file, "/", "classes", 2, classes));
    return h5_set_text(file, "/", "positive_class", classes[1]);
}

int h5_check_format(struct h5 *file, const char *format, int64_t version, const char *what)
{
    char found[32] = "";
    int64_t found_version = 0;
    if (h5_get_text(file, "/", "format", found, sizeof found) < 0 || strcmp(found, format) != 0)
        return fail(STATUS_FAILED, "%s: not %s", file->path, what);
    TRY(h5_get_int(file, "/", "format_version", &found_version));
    if (found_version != version)
        return fail(STATUS_FAILED, "%s: format version %lld, this program reads %lld", file->path,
                    (long long)found_version, (long long)version);
    return 0;
}

int h5_check_output(const char *path, const char *format)
{
    struct h5 *file;
    char found[32] = "";
    TRY(file_check_output(path));
    if (!file_exists(path) || h5_open(&file, path) < 0) /* anything else may be replaced */
        return 0;
    int ours = h5_get_text(file, "/", "format", found, sizeof found) == 0 &&
               strncmp(found, "unmask-", 7) == 0;
    h5_close(&file);
    if (ours && (!format || strcmp(found, format) != 0))
        return fail(STATUS_FAILED, "%s: holds an %s; give the output another name", path, found);
    return 0;
}
