/* A store is written in two strokes: rank 0 alone creates the file with everything small and room
 * for the frames (serial HDF5, so no rank has to repeat its metadata calls), then all ranks open it
 * through MPI-IO and put their frames where they belong. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "comm/comm_inside.h"
#include "store/h5_inside.h"
#include "store/ledger.h"
#include "store/provenance.h"
#include "store/store.h"

static int write_split(struct h5 *file, const struct store_contents *c, enum split split)
{
    char name[32];
    int64_t rows = c->splits[split].rows;
    const int64_t dims[4] = {rows, c->image_size, c->image_size, 3};
    snprintf(name, sizeof name, "/%s/frames", split_name(split));
    TRY(h5_reserve(file, name, H5_UINT8, 4, dims));
    snprintf(name, sizeof name, "/%s/labels", split_name(split));
    TRY(h5_write(file, name, H5_UINT8, 1, &rows, c->splits[split].labels));
    snprintf(name, sizeof name, "/%s/source", split_name(split));
    TRY(h5_write_strings(file, name, rows, c->splits[split].sources));
    snprintf(name, sizeof name, "/%s/video", split_name(split));
    TRY(h5_write(file, name, H5_INT32, 1, &rows, c->splits[split].videos));
    snprintf(name, sizeof name, "/%s/group", split_name(split));
    return h5_write(file, name, H5_INT32, 1, &rows, c->splits[split].groups);
}

static int write_contents(struct h5 *file, const struct store_contents *c,
                          const struct provenance *provenance)
{
    char hash[SHA256_HEX_BYTES];
    sha256_hex(c->content_hash, hash);
    TRY(provenance_write(file, provenance));
    TRY(h5_set_format(file, "unmask-store", STORE_FORMAT_VERSION));
    TRY(h5_set_int(file, "/", "image_size", c->image_size));
    TRY(h5_set_text(file, "/", "channel_order", "RGB"));
    TRY(h5_set_text(file, "/", "split_by", c->split_by));
    TRY(h5_set_double(file, "/", "val_fraction", c->val_fraction));
    TRY(h5_set_int(file, "/", "seed", (int64_t)c->seed));
    TRY(h5_set_text(file, "/", "resize", "pillow-bilinear"));
    TRY(h5_set_text(file, "/", "input_root", c->input_root));
    TRY(h5_set_text(file, "/", "content_hash", hash));
    for (int split = 0; split < SPLIT_COUNT; split++)
        if (split != SPLIT_TEST || c->splits[split].rows > 0)
            TRY(write_split(file, c, split));
    TRY(h5_write_strings(file, "/videos", c->video_count, c->videos));
    TRY(h5_write_strings(file, "/groups", c->group_count, c->groups));
    return ledger_write(file, c->ledger_count, c->ledger);
}

int store_create(const char *path, const struct store_contents *contents,
                 const struct provenance *provenance)
{
    struct h5 *file;
    TRY(h5_create_large(&file, path));
    int status = write_contents(file, contents, provenance);
    if (status < 0)
        h5_discard(&file);
    return status < 0 ? status : h5_close(&file);
}

struct store_writer {
    struct h5 file;
    struct comm *comm;
    int image_size;
    hid_t sets[SPLIT_COUNT], frame; /* frame: the memory space of one row */
};

int store_writer_open(struct store_writer **out, struct comm *comm, const char *path,
                      int image_size)
{
    struct store_writer *writer = memory_zeroed(1, sizeof *writer, "store writer");
    const hsize_t one[4] = {1, (hsize_t)image_size, (hsize_t)image_size, 3};
    char name[32];
    int status = 0;
    *out = writer;
    if (!writer)
        return STATUS_FAILED;
    snprintf(writer->file.path, sizeof writer->file.path, "%s", path);
    writer->comm = comm;
    writer->image_size = image_size;
    writer->frame = H5Screate_simple(4, one, NULL);
    hid_t access = h5_file_access();
    if (H5Pset_fapl_mpio(access, comm->world, MPI_INFO_NULL) < 0)
        status = h5_fail(&writer->file, "", "cannot use MPI-IO");
    writer->file.id = H5Fopen(path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    if (status == 0 && writer->file.id < 0)
        status = h5_fail(&writer->file, "", "cannot open through MPI-IO");
    for (int split = 0; split < SPLIT_COUNT; split++) {
        writer->sets[split] = H5I_INVALID_HID;
        snprintf(name, sizeof name, "/%s/frames", split_name(split));
        if (status == 0 && h5_exists(&writer->file, name))
            writer->sets[split] = H5Dopen2(writer->file.id, name, H5P_DEFAULT);
    }
    return status;
}

int store_writer_put(struct store_writer *writer, enum split split, int64_t row,
                     const uint8_t *frame)
{
    const hsize_t start[4] = {(hsize_t)row, 0, 0, 0};
    const hsize_t count[4] = {1, (hsize_t)writer->image_size, (hsize_t)writer->image_size, 3};
    hid_t space = H5Dget_space(writer->sets[split]);
    int status = 0;
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dwrite(writer->sets[split], H5T_NATIVE_UINT8, writer->frame, space, H5P_DEFAULT, frame) <
            0)
        status = h5_fail(&writer->file, split_name(split), "cannot write a frame");
    H5Sclose(space);
    return status;
}

int store_writer_close(struct store_writer **out)
{
    struct store_writer *writer = *out;
    int status = 0;
    if (!writer)
        return 0;
    for (int split = 0; split < SPLIT_COUNT; split++)
        if (writer->sets[split] >= 0 && H5Dclose(writer->sets[split]) < 0)
            status = h5_fail(&writer->file, split_name(split), "cannot close");
    H5Sclose(writer->frame);
    if (writer->file.id >= 0 && H5Fclose(writer->file.id) < 0)
        status = h5_fail(&writer->file, "", "cannot close");
    /* H5Fclose rewrites the superblock after its own flush: fsync once more, by name. */
    if (status == 0 && writer->file.id >= 0)
        status = file_sync(writer->file.path);
    free(writer);
    *out = NULL;
    return status;
}
