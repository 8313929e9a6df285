#include "preprocess/test_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

/* The part of a path that names a video: no folders, no extension of a video file. */
static void video_base(const char *path, char *base, size_t bytes)
{
    snprintf(base, bytes, "%s", basename(path));
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = '\0';
}

struct named {
    const char *base;
    int32_t video;
    uint8_t label;
};

static int compare_named(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->base, ((const struct named *)b)->base);
}

/* One entry per video that a file belongs to, sorted by the last part of its name. */
static int index_videos(const struct file_list *list, struct named **out)
{
    struct named *index = memory_zeroed((size_t)list->video_count, sizeof *index, "test list");
    *out = index;
    if (!index)
        return STATUS_FAILED;
    for (int64_t v = 0; v < list->video_count; v++) {
        index[v].base = basename(list->videos[v]);
        index[v].video = (int32_t)v;
    }
    for (int64_t i = 0; i < list->count; i++)
        index[list->files[i].video].label = list->files[i].label;
    qsort(index, (size_t)list->video_count, sizeof *index, compare_named);
    return 0;
}

/* label: 0 or 1 as we count, or -1 when the line gives none. Returns how many videos it marked. */
static int mark(const struct named *index, int64_t count, const char *base, int label, char *listed)
{
    int64_t low = 0, high = count;
    int marked = 0;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (strcmp(index[middle].base, base) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && strcmp(index[low].base, base) == 0; low++)
        if (label < 0 || index[low].label == label) {
            listed[index[low].video] = 1;
            marked++;
        }
    return marked;
}

int test_list_mark(const char *path, const struct file_list *list, char *listed, int64_t *unlisted)
{
    struct named *index;
    char line[4096], base[4096];
    int64_t marked = 0;
    *unlisted = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return fail(STATUS_FAILED, "%s: cannot open the test list: %s", path, strerror(errno));
    int status = index_videos(list, &index);
    while (status == 0 && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = '\0';
        int label = -1;
        char *name = line;
        if ((line[0] == '0' || line[0] == '1') && (line[1] == ' ' || line[1] == '\t')) {
            label = line[0] == '0'; /* the list's 1 is real, which we call 0 */
            name = line + 1 + strspn(line + 1, " \t");
        }
        if (!*name)
            continue;
        video_base(name, base, sizeof base);
        int found = mark(index, list->video_count, base, label, listed);
        marked += found;
        *unlisted += found == 0;
    }
    if (status == 0 && ferror(file))
        status = fail(STATUS_FAILED, "%s: cannot read: %s", path, strerror(errno));
    if (status == 0 && marked == 0)
        status = fail(STATUS_FAILED, "%s: none of its lines names a video of this input", path);
    fclose(file);
    free(index);
    return status;
}
