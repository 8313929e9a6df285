/* The ledger's row is laid out by hand because the length of its strings is known only at run time:
 * each is as long as the longest that stands there. Readers find members by name. */
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "store/h5_inside.h"

enum { TEXTS = 5, NUMBERS = 6, REALS = 2 };

static const char *const text_names[TEXTS] = {"path", "verdict", "reason", "subsampling", "split"};
static const char *const number_names[NUMBERS] = {"width", "height",      "quality",
                                                  "exif",  "orientation", "bytes"};
static const char *const real_names[REALS] = {"brightness", "sharpness"};

static void row_texts(const struct ledger_row *row, const char *texts[TEXTS])
{
    texts[0] = row->path;
    texts[1] = row->verdict;
    texts[2] = row->reason;
    texts[3] = row->subsampling;
    texts[4] = row->split;
}

/* The compound type and the offsets of its members: texts, then int64, then double. */
static hid_t row_type(const size_t lengths[TEXTS], size_t *row_bytes)
{
    size_t offset = 0;
    *row_bytes = NUMBERS * sizeof(int64_t) + REALS * sizeof(double);
    for (int t = 0; t < TEXTS; t++)
        *row_bytes += lengths[t];
    hid_t type = H5Tcreate(H5T_COMPOUND, *row_bytes);
    for (int t = 0; t < TEXTS; t++) {
        hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, lengths[t]);
        H5Tset_strpad(text, H5T_STR_NULLPAD);
        H5Tset_cset(text, H5T_CSET_UTF8);
        H5Tinsert(type, text_names[t], offset, text);
        H5Tclose(text);
        offset += lengths[t];
    }
    for (int n = 0; n < NUMBERS; n++, offset += sizeof(int64_t))
        H5Tinsert(type, number_names[n], offset, H5T_NATIVE_INT64);
    for (int r = 0; r < REALS; r++, offset += sizeof(double))
        H5Tinsert(type, real_names[r], offset, H5T_NATIVE_DOUBLE);
    return type;
}

static void fill_row(const struct ledger_row *row, const size_t lengths[TEXTS], char *cell)
{
    const int64_t numbers[NUMBERS] = {row->width, row->height,      row->quality,
                                      row->exif,  row->orientation, row->bytes};
    const double reals[REALS] = {row->brightness, row->sharpness};
    const char *texts[TEXTS];
    row_texts(row, texts);
    for (int t = 0; t < TEXTS; t++) {
        memcpy(cell, texts[t], strlen(texts[t]));
        cell += lengths[t];
    }
    memcpy(cell, numbers, sizeof numbers);
    memcpy(cell + sizeof numbers, reals, sizeof reals);
}

int ledger_write(struct h5 *file, int64_t count, const struct ledger_row *rows)
{
    size_t lengths[TEXTS] = {1, 1, 1, 1, 1}, row_bytes;
    for (int64_t i = 0; i < count; i++) {
        const char *texts[TEXTS];
        row_texts(&rows[i], texts);
        for (int t = 0; t < TEXTS; t++)
            if (strlen(texts[t]) > lengths[t])
                lengths[t] = strlen(texts[t]);
    }
    hid_t type = row_type(lengths, &row_bytes);
    char *cells = memory_zeroed((size_t)count, row_bytes, "ledger");
    if (!cells) {
        H5Tclose(type);
        return STATUS_FAILED;
    }
    for (int64_t i = 0; i < count; i++)
        fill_row(&rows[i], lengths, cells + (size_t)i * row_bytes);
    hsize_t extent = (hsize_t)count;
    hid_t space = H5Screate_simple(1, &extent, NULL);
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
