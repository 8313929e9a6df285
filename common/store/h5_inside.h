/* What the files of common/store share and nobody else may see: HDF5's own handles. */
#ifndef STORE_H5_INSIDE_H
#define STORE_H5_INSIDE_H

#include <hdf5.h>

#include "store/h5.h"

struct h5 {
    hid_t id;
    enum h5_place { H5_PLACE_DISK_OLD, H5_PLACE_DISK_NEW, H5_PLACE_MEMORY } place;
    char path[4096];
};

/* Records "PATH: OBJECT: what: HDF5's innermost reason" and returns STATUS_FAILED. */
int h5_fail(const struct h5 *file, const char *object, const char *what);

/* That the file is large enough for what the dataset claims, before memory is asked for it. */
int h5_check_size(const struct h5 *file, const char *name, hid_t set);

hid_t h5_memory_type(enum h5_type type);

/* Strings of this length (at least 1), UTF-8, null-padded; to be closed. */
hid_t h5_text_type(size_t bytes);

/* The property list for creating objects below groups that may not exist yet; to be closed. */
hid_t h5_link_creation(void);

/* Access by one process; best-effort locks, since Lustre and NFS often have none. */
hid_t h5_file_access(void);

#endif
