/* The input files: which there are, which video and group each belongs to, which are taken. */
#ifndef INPUT_FILES_H
#define INPUT_FILES_H

#include <stdint.h>

/* One JPEG file. Strings belong to the list. */
struct file {
    char *path;        /* relative to the input folder, or as the user named it */
    int folder_length; /* of the class folder at the head of path; -1: there is none */
    uint8_t label;     /* 1 = fake */
    int32_t video, group;
    uint64_t device, inode; /* 0: a name that leads nowhere */
};

struct ignored {
    char extension[16]; /* ".png", or "no extension" */
    int64_t count;
};

enum { IGNORED_MAX = 16 };

struct file_list {
    struct file *files; /* sorted by path */
    int64_t count, capacity;
    struct ignored ignored[IGNORED_MAX]; /* the last entry takes what does not fit */
    int ignored_count;
    char **videos, **groups; /* names, owned; filled by names_assign */
    int64_t video_count, group_count;
    const char *misfit; /* the first path that fitted no rule for videos; NULL: all did */
};

/* Walks the class folders (comma-separated lists of folders below root). Sorted, so that the order
 * of the file system does not matter. A folder without any JPEG, one that is missing, a file that
 * is found twice, or under any name in both classes: each is an error. */
int files_scan(struct file_list *list, const char *root, const char *real, const char *fake);

/* The files that words name, each a file of any name or a folder that is walked like a class
 * folder; sorted, each path once. A word that leads nowhere is an error, and so are no files at
 * all. */
int files_name(struct file_list *list, const char *const *words, int count);

/* Keeps a seeded subsample: at most per_video frames of each video, then at most per_class frames
 * of each class (0: no limit). */
int files_sample(struct file_list *list, uint64_t seed, int per_video, int per_class);

void files_release(struct file_list *list);

/* Releases what names_assign made, so that it can be called again. */
void files_release_names(struct file_list *list);

#endif
