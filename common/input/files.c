#include "input/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"

/* The folders from the class folder down to where the walk is: a link to one of them is a cycle. */
struct ancestor {
    const struct ancestor *above;
    dev_t device;
    ino_t inode;
};

/* One buffer holds the path of where the walk is, however deep: full = "ROOT/real/clip/0001.jpg",
 * of which what follows ROOT/ is the file's path. */
struct walk {
    struct file_list *list;
    char full[8192];
    size_t root_length; /* of "ROOT/" */
    int folder_length;
    uint8_t label;
};

static int is_jpeg(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static void count_ignored(struct file_list *list, const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *extension = dot && dot != name && strlen(dot) < 16 ? dot : "no extension";
    int i = 0;
    while (i < list->ignored_count && strcasecmp(list->ignored[i].extension, extension) != 0)
        i++;
    if (i == IGNORED_MAX) {
        i = IGNORED_MAX - 1;
        extension = "others";
    }
    if (i == list->ignored_count)
        list->ignored_count++;
    struct ignored *ignored = &list->ignored[i];
    snprintf(ignored->extension, sizeof ignored->extension, "%s", extension);
    for (char *c = ignored->extension; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    ignored->count++;
}

static int compare_ignored(const void *a, const void *b)
{
    return strcmp(((const struct ignored *)a)->extension, ((const struct ignored *)b)->extension);
}

/* facts: NULL for a name that leads nowhere. */
static int add_file(const struct walk *walk, const struct stat *facts)
{
    struct file_list *list = walk->list;
    if (list->count == list->capacity) {
        int64_t capacity = list->capacity ? 2 * list->capacity : 1024;
        void *grown = memory_resized(list->files, (size_t)capacity, sizeof *list->files, "files");
        if (!grown)
            return STATUS_FAILED;
        list->files = grown;
        list->capacity = capacity;
    }
    struct file *file = &list->files[list->count];
    *file = (struct file){.folder_length = walk->folder_length, .label = walk->label};
    if (facts) {
        file->device = facts->st_dev;
        file->inode = facts->st_ino;
    }
    file->path = strdup(walk->full + walk->root_length);
    if (!file->path)
        return fail(STATUS_FAILED, "out of memory: file names");
    list->count++;
    return 0;
}

static int walk_folder(struct walk *walk, const struct ancestor *above);

/* One name in the folder at walk->full, which is `length` long. */
static int visit(struct walk *walk, size_t length, const char *name, const struct ancestor *above)
{
    const size_t path_max = 4096;
    struct stat facts;
    int more = snprintf(walk->full + length, sizeof walk->full - length, "/%s", name);
    if (length + (size_t)more >= walk->root_length + path_max ||
        length + (size_t)more >= sizeof walk->full)
        return fail(STATUS_FAILED, "%s: path too long", walk->full);
    int known = stat(walk->full, &facts) == 0;
    int status = 0;
    if (known && S_ISDIR(facts.st_mode))
        status = walk_folder(walk, above);
    else if (is_jpeg(name)) /* a dangling link too: decoding will reject it by name */
        status = add_file(walk, known ? &facts : NULL);
    else if (!known && errno != ENOENT && errno != ELOOP) /* it may be a folder full of frames */
        status = fail(STATUS_FAILED, "%s: %s", walk->full, strerror(errno));
    else
        count_ignored(walk->list, name);
    walk->full[length] = '\0';
    return status;
}

static int walk_folder(struct walk *walk, const struct ancestor *above)
{
    const char *full = walk->full;
    size_t length = strlen(full);
    struct stat facts;
    DIR *folder = opendir(full);
    if (!folder)
        return fail(STATUS_FAILED, "%s: %s%s", full,
                    errno == ENOENT ? "no such folder" : strerror(errno),
                    above || walk->folder_length < 0
                        ? ""
                        : "; expected one folder per class: real/ and fake/, or name them "
                          "with --real A,B --fake C");
    int status = 0;
    if (fstat(dirfd(folder), &facts) < 0)
        status = fail(STATUS_FAILED, "%s: %s", full, strerror(errno));
    for (const struct ancestor *a = above; status == 0 && a; a = a->above)
        if (a->device == facts.st_dev && a->inode == facts.st_ino)
            status = fail(STATUS_FAILED, "%s: links back to a folder above it", full);
    const struct ancestor here = {above, facts.st_dev, facts.st_ino};
    while (status == 0) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry && errno)
            status = fail(STATUS_FAILED, "%s: %s", full, strerror(errno));
        if (!entry)
            break;
        if (entry->d_name[0] != '.')
            status = visit(walk, length, entry->d_name, &here);
    }
    closedir(folder);
    return status;
}

/* Walks each folder of a comma-separated list; real, real/ and ./real are one name. */
static int scan_class(struct file_list *list, const char *root, const char *folders, uint8_t label)
{
    for (const char *at = folders; *at;) {
        while (at[0] == '.' && at[1] == '/')
            at += 2;
        size_t listed = strcspn(at, ","), length = listed;
        while (length > 0 && at[length - 1] == '/')
            length--;
        if (length == 0)
            return fail(STATUS_USAGE, "--%s %s: an empty folder name", label ? "fake" : "real",
                        folders);
        struct walk walk = {.list = list,
                            .root_length = strlen(root) + 1,
                            .folder_length = (int)length,
                            .label = label};
        if (snprintf(walk.full, sizeof walk.full, "%s/%.*s", root, (int)length, at) >=
            (int)sizeof walk.full)
            return fail(STATUS_FAILED, "%.100s...: path too long", at);
        at += listed + (at[listed] == ',');
        int64_t before = list->count;
        TRY(walk_folder(&walk, NULL));
        if (list->count == before)
            return fail(STATUS_FAILED, "%s: no .jpg or .jpeg file below it", walk.full);
    }
    return 0;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void sort_lists(struct file_list *list)
{
    qsort(list->files, (size_t)list->count, sizeof *list->files, compare_paths);
    qsort(list->ignored, (size_t)list->ignored_count, sizeof *list->ignored, compare_ignored);
}

static int compare_identities(const void *a, const void *b)
{
    const struct file *x = *(const struct file *const *)a, *y = *(const struct file *const *)b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->label - y->label;
}

/* A frame that is both real and fake, under whatever names: "--real . --fake fake", or a link. */
static int check_labels(const struct file_list *list)
{
    const struct file **files = memory_zeroed((size_t)list->count, sizeof *files, "files");
    if (!files)
        return STATUS_FAILED;
    int status = 0;
    for (int64_t i = 0; i < list->count; i++)
        files[i] = &list->files[i];
    qsort(files, (size_t)list->count, sizeof *files, compare_identities);
    for (int64_t i = 1; status == 0 && i < list->count; i++) {
        const struct file *x = files[i - 1], *y = files[i];
        if (x->inode && x->device == y->device && x->inode == y->inode && x->label != y->label)
            status = fail(STATUS_USAGE,
                          "%s is in two classes at once, also as %s; see --real and "
                          "--fake",
                          y->path, x->path);
    }
    free(files);
    return status;
}

int files_scan(struct file_list *list, const char *root, const char *real, const char *fake)
{
    struct stat facts;
    memset(list, 0, sizeof *list);
    if (stat(root, &facts) < 0)
        return fail(STATUS_FAILED, "%s: %s", root,
                    errno == ENOENT ? "no such folder" : strerror(errno));
    if (!S_ISDIR(facts.st_mode))
        return fail(STATUS_FAILED, "%s: not a folder", root);
    TRY(scan_class(list, root, real, 0));
    TRY(scan_class(list, root, fake, 1));
    sort_lists(list);
    for (int64_t i = 1; i < list->count; i++)
        if (strcmp(list->files[i].path, list->files[i - 1].path) == 0)
            return fail(STATUS_USAGE, "%s: in two class folders at once; see --real and --fake",
                        list->files[i].path);
    return check_labels(list);
}

static int name_word(struct file_list *list, const char *word)
{
    struct walk walk = {.list = list, .folder_length = -1};
    struct stat facts;
    size_t length = strlen(word);
    while (length > 1 && word[length - 1] == '/')
        length--;
    if (length >= sizeof walk.full / 2)
        return fail(STATUS_FAILED, "%.100s...: path too long", word);
    memcpy(walk.full, word, length);
    if (stat(walk.full, &facts) < 0)
        return fail(STATUS_FAILED, "%s: %s", word,
                    errno == ENOENT ? "no such file or folder" : strerror(errno));
    return S_ISDIR(facts.st_mode) ? walk_folder(&walk, NULL) : add_file(&walk, &facts);
}

int files_name(struct file_list *list, const char *const *words, int count)
{
    memset(list, 0, sizeof *list);
    for (int i = 0; i < count; i++)
        TRY(name_word(list, words[i]));
    if (list->count == 0)
        return fail(STATUS_FAILED, "%s: no .jpg or .jpeg file below it", words[0]);
    sort_lists(list);
    int64_t kept = 1;
    for (int64_t i = 1; i < list->count; i++)
        if (strcmp(list->files[i].path, list->files[kept - 1].path) == 0)
            free(list->files[i].path);
        else
            list->files[kept++] = list->files[i];
    list->count = kept;
    return 0;
}

struct draw {
    uint64_t hash;
    int64_t index;
    int32_t key; /* the video or class whose quota the file counts against */
};

static int compare_draws(const void *a, const void *b)
{
    const struct draw *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Keeps the `most` files of lowest hash under each key; the order of the list is kept. */
static int keep_lowest(struct file_list *list, uint64_t seed, int most, int by_video)
{
    struct draw *draws = memory_zeroed((size_t)list->count, sizeof *draws, "sample");
    char *keep = memory_zeroed((size_t)list->count, 1, "sample");
    if (!draws || !keep) {
        free(draws);
        free(keep);
        return STATUS_FAILED;
    }
    for (int64_t i = 0; i < list->count; i++) {
        struct file *file = &list->files[i];
        draws[i] =
            (struct draw){random_hash(seed, file->path), i, by_video ? file->video : file->label};
    }
    qsort(draws, (size_t)list->count, sizeof *draws, compare_draws);
    for (int64_t i = 0, taken = 0; i < list->count; i++) {
        taken = i && draws[i].key == draws[i - 1].key ? taken + 1 : 0;
        keep[draws[i].index] = taken < most;
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < list->count; i++) {
        if (keep[i])
            list->files[kept++] = list->files[i];
        else
            free(list->files[i].path);
    }
    list->count = kept;
    free(draws);
    free(keep);
    return 0;
}

int files_sample(struct file_list *list, uint64_t seed, int per_video, int per_class)
{
    if (per_video > 0)
        TRY(keep_lowest(list, seed, per_video, 1));
    if (per_class > 0)
        TRY(keep_lowest(list, seed, per_class, 0));
    return 0;
}

void files_release_names(struct file_list *list)
{
    for (int64_t i = 0; i < list->video_count; i++)
        free(list->videos[i]);
    for (int64_t i = 0; i < list->group_count; i++)
        free(list->groups[i]);
    free(list->videos);
    free(list->groups);
    list->videos = list->groups = NULL;
    list->video_count = list->group_count = 0;
}

void files_release(struct file_list *list)
{
    files_release_names(list);
    for (int64_t i = 0; i < list->count; i++)
        free(list->files[i].path);
    free(list->files);
    memset(list, 0, sizeof *list);
}
