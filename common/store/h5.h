/* HDF5 in the few words that unmask needs: the only header behind which hdf5.h stands.
 *
 * Names are absolute paths ("/train/labels"); missing groups on the way are created. Every failure
 * is one line that names the file and the object. Serial: one thread of one rank has the file open.
 * Reading checks what it finds: an object that is missing, has another type class or another shape
 * is an error, never a surprise. */
#ifndef STORE_H5_H
#define STORE_H5_H

#include <stddef.h>
#include <stdint.h>

struct h5;

enum h5_type { H5_UINT8, H5_INT32, H5_INT64, H5_FLOAT32, H5_FLOAT64, H5_TEXT };

/* h5_create builds the file in memory, and h5_close writes and fsyncs it: HDF5 1.10 does not
 * survive a disk that fills up under it (H5Fclose fails, and MPI_Finalize then crashes in HDF5's
 * clean-up). h5_create_large is for a file that memory cannot hold: check the free space first.
 * Both truncate. h5_open is read-only. The result of closing counts. h5_discard closes without
 * writing what was built in memory, and records no failure of its own. Both accept a NULL *file. */
int h5_create(struct h5 **file, const char *path);
int h5_create_large(struct h5 **file, const char *path);
int h5_open(struct h5 **file, const char *path);
int h5_close(struct h5 **file);
void h5_discard(struct h5 **file);

/* Datasets, contiguous, in the C type that `type` names. rank 0 is a scalar (dims may be NULL). */
int h5_write(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *dims,
             const void *values);
/* The same without values: rows to be written later; allocated at once, never filled. */
int h5_reserve(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *dims);
/* dims are what the caller expects; use h5_dims first where they are not known. Values are
 * converted to `type`: integers may be read as reals or as wider ones of the same sign, reals never
 * as integers. */
int h5_read(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *dims,
            void *values);
/* That a new file of this format may take the name: what stands there is a file, and none of
 * another format of ours (a run that -o store.h5 was not meant for). format NULL: none of ours. */
int h5_check_output(const char *path, const char *format);

/* 1 if the dataset or group exists, else 0. */
int h5_exists(struct h5 *file, const char *name);
/* Fills dims with the lengths of a dataset that must have exactly `rank` dimensions. */
int h5_dims(struct h5 *file, const char *name, int rank, int64_t *dims);
/* Where the values of a contiguous dataset of exactly this type begin in the file, so that rows can
 * be read with pread: HDF5 itself is slow at scattered rows and not thread-safe. */
int h5_offset(struct h5 *file, const char *name, enum h5_type type, int64_t *offset);

/* One-dimensional string datasets: fixed length (the longest), UTF-8, null-padded. Reading gives
 * one malloc'd block of count null-terminated strings *stride bytes apart; the caller frees it. */
int h5_write_strings(struct h5 *file, const char *name, int64_t count, const char *const *strings);
int h5_read_strings(struct h5 *file, const char *name, int64_t *count, size_t *stride,
                    char **strings);
/* A scalar string dataset, of any length; h5_read_strings reads it as a list of one. */
int h5_write_text(struct h5 *file, const char *name, const char *text);

/* A member of a struct; H5_TEXT, which is for h5_write_members alone, is a const char *. */
struct h5_member {
    const char *name;
    enum h5_type type;
    size_t offset;
};

/* An array of structs as one dataset FOLDER/name of `count` rows for each member. */
int h5_write_members(struct h5 *file, const char *folder, const struct h5_member *members,
                     size_t member_count, const void *structs, size_t struct_bytes, int64_t count);

/* Attributes of an existing object ("/" is the file); a group that does not exist is created, an
 * attribute that exists is replaced. */
int h5_set_text(struct h5 *file, const char *object, const char *attribute, const char *value);
int h5_set_texts(struct h5 *file, const char *object, const char *attribute, int count,
                 const char *const *values);
int h5_set_int(struct h5 *file, const char *object, const char *attribute, int64_t value);
int h5_set_double(struct h5 *file, const char *object, const char *attribute, double value);

/* text of up to `bytes` - 1 bytes; longer is an error. */
int h5_get_text(struct h5 *file, const char *object, const char *attribute, char *value,
                size_t bytes);
int h5_get_int(struct h5 *file, const char *object, const char *attribute, int64_t *value);
int h5_get_double(struct h5 *file, const char *object, const char *attribute, double *value);

/* What each of our files says of itself: format, format_version, and the classes. */
int h5_set_format(struct h5 *file, const char *format, int64_t version);

/* That the file's attributes format and format_version are these; `what` completes "not ...". */
int h5_check_format(struct h5 *file, const char *format, int64_t version, const char *what);

#endif
