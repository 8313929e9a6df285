/* The ledger's row is laid out by hand because the length of its strings is known only at run time:
 * each is as long as the longest that stands there. Readers find members by name. */
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "store/h5_inside.h"

enum { TEXTS = 5, NUMBERS = 5 };

static const char *const text_names[TEXTS] = {"path", "verdict", "reason", "subsampling", "split"};
static const char *const number_names[NUMBERS] = {"width", "height", "quality", "orientation",
                                                  "bytes"};

static void row_texts(const struct ledger_row *row, const char *texts[TEXTS])
{
    texts[0] = row->path;
    texts[1] = row->verdict;
    texts[2] = row->reason;
    texts[3] = row->subsampling;
    texts[4] = row->split;
}

/* The compound type and the offsets of its members: texts, then numbers as int64. */
static hid_t row_type(const size_t lengths[TEXTS], size_t *row_bytes)
{
    size_t offset = 0;
    *row_bytes = NUMBERS * sizeof(int64_t);
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
    return type;
}

static void fill_row(const struct ledger_row *row, const size_t lengths[TEXTS], char *cell)
{
    const int64_t numbers[NUMBERS] = {row->width, row->height, row->quality, row->orientation,
                                      row->bytes};
    const char *texts[TEXTS];
    row_texts(row, texts);
    for (int t = 0; t < TEXTS; t++) {
        memcpy(cell, texts[t], strlen(texts[t]));
        cell += lengths[t];
    }
    memcpy(cell, numbers, sizeof numbers);
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
