/* Files that survive: checks with the system's own words, and the steps of an atomic finish. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

int file_check_readable(const char *path);

/* That a file of this name can be created or overwritten; creates nothing that was not there. */
int file_check_writable(const char *path);

/* The same of a file that will be written as path.part and then renamed; and that what has the name
 * now is a file, too, and no device or folder. */
int file_check_output(const char *path);

/* 1 if something of that name exists, else 0. */
int file_exists(const char *path);

/* 1 if both names lead to the same existing file: an output that would overwrite an input. */
int file_same(const char *a, const char *b);

/* A number that says which file stands there: another one after it was replaced; 0: none does. */
uint64_t file_number(const char *path);

/* fsync of a file, by name. */
int file_sync(const char *path);

/* Renames from to to (same folder; in the place of a file only) and fsyncs the folder: after
 * success the new name survives a power cut. */
int file_replace(const char *from, const char *to);

/* Bytes that an ordinary user can still write where path stands or will stand. */
int file_free_bytes(const char *path, uint64_t *bytes);

/* The folder of path ("." if it names none) into folder[]. */
void file_folder(const char *path, char *folder, size_t bytes);

/* Creates or truncates a file with exactly these bytes and fsyncs it. */
int file_write(const char *path, const void *bytes, size_t byte_count);

/* The same by way of path.part: whoever opens path sees the old file or the whole new one. */
int file_write_aside(const char *path, const void *bytes, size_t byte_count);

/* Reads exactly `bytes` at offset; an early end of the file is an error. */
int file_read_at(int descriptor, const char *path, void *buffer, size_t bytes, int64_t offset);

/* Writes exactly `bytes` at offset. */
int file_write_at(int descriptor, const char *path, const void *buffer, size_t bytes,
                  int64_t offset);

#endif
