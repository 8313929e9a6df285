/* The ledger's row is laid out by hand because the length of its strings is known only at run time:
 * each is as long as the longest that stands there. Readers find members by name. */
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "store/h5_inside.h"

/* In the order of the file. */
static const struct h5_member members[] = {
#define AT(member) offsetof(struct ledger_row, member)
    {"path", H5_TEXT, AT(path)},
    {"verdict", H5_TEXT, AT(verdict)},
    {"reason", H5_TEXT, AT(reason)},
    {"subsampling", H5_TEXT, AT(subsampling)},
    {"split", H5_TEXT, AT(split)},
    {"width", H5_INT64, AT(width)},
    {"height", H5_INT64, AT(height)},
    {"quality", H5_INT64, AT(quality)},
    {"exif", H5_INT64, AT(exif)},
    {"orientation", H5_INT64, AT(orientation)},
    {"bytes", H5_INT64, AT(bytes)},
    {"brightness", H5_FLOAT64, AT(brightness)},
    {"sharpness", H5_FLOAT64, AT(sharpness)},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

/* The value of a member, and its bytes in a row that is as long as this one needs. */
static const void *value_of(const struct ledger_row *row, const struct h5_member *member,
                            size_t *bytes)
{
    const void *value = (const char *)row + member->offset;
    *bytes = 8;
    if (member->type != H5_TEXT)
        return value;
    const char *text = *(const char *const *)value;
    *bytes = strlen(text);
    return text;
}

static hid_t row_type(const size_t lengths[MEMBERS], size_t row_bytes)
{
    size_t offset = 0;
    hid_t type = H5Tcreate(H5T_COMPOUND, row_bytes);
    for (int m = 0; m < MEMBERS; offset += lengths[m++]) {
        hid_t member = members[m].type == H5_TEXT ? h5_text_type(lengths[m])
                                                  : H5Tcopy(h5_memory_type(members[m].type));
        H5Tinsert(type, members[m].name, offset, member);
        H5Tclose(member);
    }
    return type;
}

int ledger_write(struct h5 *file, int64_t count, const struct ledger_row *rows)
{
    size_t lengths[MEMBERS], row_bytes = 0, bytes;
    for (int m = 0; m < MEMBERS; row_bytes += lengths[m++]) {
        lengths[m] = members[m].type == H5_TEXT ? 1 : 8;
        for (int64_t i = 0; i < count; i++) {
            value_of(&rows[i], &members[m], &bytes);
            lengths[m] = bytes > lengths[m] ? bytes : lengths[m];
        }
    }
    char *cells = memory_zeroed((size_t)count, row_bytes, "ledger"), *at = cells;
    if (!cells)
        return STATUS_FAILED;
    for (int64_t i = 0; i < count; i++)
        for (int m = 0; m < MEMBERS; at += lengths[m++]) {
            const void *value = value_of(&rows[i], &members[m], &bytes);
            memcpy(at, value, bytes);
        }
    hsize_t extent = (hsize_t)count;
    hid_t type = row_type(lengths, row_bytes), space = H5Screate_simple(1, &extent, NULL);
    hid_t set = H5Dcreate2(file->id, "/ledger", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int status = 0;
    if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) < 0)
        status = h5_fail(file, "/ledger", "cannot write");
    if (set >= 0)
        H5Dclose(set);
    H5Sclose(space);
    H5Tclose(type);
    free(cells);
    return status;
}

/* One member of every row, as text if the caller wants a stride, else as double. */
static int read_member(struct h5 *file, const char *name, int64_t *count, size_t *stride,
                       void **values)
{
    *values = NULL;
    TRY(h5_dims(file, "/ledger", 1, count));
    hid_t set = H5Dopen2(file->id, "/ledger", H5P_DEFAULT), type = H5Dget_type(set);
    int index = H5Tget_class(type) == H5T_COMPOUND ? H5Tget_member_index(type, name) : -1;
    hid_t member = index < 0 ? H5T_NATIVE_DOUBLE : H5Tget_member_type(type, (unsigned)index);
    hid_t wanted = H5Tcopy(stride ? member : H5T_NATIVE_DOUBLE);
    H5T_class_t class = H5Tget_class(member);
    int fits = stride ? class == H5T_STRING && H5Tis_variable_str(member) <= 0
                      : class == H5T_INTEGER || class == H5T_FLOAT;
    if (stride && fits)
        H5Tset_size(wanted, H5Tget_size(member) + 1); /* the NUL that null-padding may lack */
    size_t bytes = H5Tget_size(wanted);
    hid_t row = H5Tcreate(H5T_COMPOUND, bytes);
    int status = 0;
    if (index >= 0 && !fits)
        status =
            fail(STATUS_FAILED, "%s: /ledger: %s is not of the expected type", file->path, name);
    else if (index >= 0) {
        *values = memory_zeroed((size_t)*count, bytes, "ledger");
        status = *values ? 0 : STATUS_FAILED;
        if (status == 0 && (H5Tinsert(row, name, 0, wanted) < 0 ||
                            H5Dread(set, row, H5S_ALL, H5S_ALL, H5P_DEFAULT, *values) < 0))
            status = h5_fail(file, "/ledger", "cannot read");
    }
    if (stride)
        *stride = bytes;
    if (status < 0) {
        free(*values);
        *values = NULL;
    }
    H5Tclose(row);
    H5Tclose(wanted);
    if (index >= 0)
        H5Tclose(member);
    H5Tclose(type);
    H5Dclose(set);
    return status;
}

int ledger_read_numbers(struct h5 *file, const char *member, int64_t *count, double **values)
{
    void *read;
    int status = read_member(file, member, count, NULL, &read);
    *values = read;
    return status;
}

int ledger_read_texts(struct h5 *file, const char *member, int64_t *count, size_t *stride,
                      char **texts)
{
    void *read;
    int status = read_member(file, member, count, stride, &read);
    *texts = read;
    return status;
}
