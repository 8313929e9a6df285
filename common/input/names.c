/* Frames of one video are nearly the same picture, and a fake is nearly its source: a split that
 * puts them on both sides measures memory, not detection. So names are read for all they tell:
 *
 *   video  what the frames were cut from: class folder + folder + name without the frame number
 *   group  the video joined with what it was made from; groups are joined transitively, since
 *          FaceForensics++'s 000_003 belongs to both 000 and 003 */
#include "input/names.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/status.h"
#include "input/interner.h"

enum { NAME_BYTES = 4096 };

static int is_separator(char c)
{
    return c == '_' || c == '-' || c == '.' || c == ' ';
}

/* "frame_0012.jpg" in a folder of its own: the name is that of a frame, the folder's is the
 * video's. */
static int is_frame_word(const char *name, size_t length)
{
    static const char *const words[] = {"frame", "frames", "f", "img", "image", "face", "crop"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], name, length) == 0)
            return 1;
    return 0;
}

int names_video(const char *path, int folder_length, char *video, int bytes)
{
    const char *stem = basename(path);
    const char *end = strrchr(stem, '.') ? strrchr(stem, '.') : stem + strlen(stem);
    int in_subfolder = stem - path > folder_length + 1;
    /* Backwards: the frame number, an optional word ("f", "frame"), a separator, the name. */
    const char *digits = end;
    while (digits > stem && isdigit((unsigned char)digits[-1]))
        digits--;
    const char *word = digits;
    while (word > stem && isalpha((unsigned char)word[-1]))
        word--;
    const char *name_end = word;
    while (name_end > stem && is_separator(name_end[-1]))
        name_end--;
    int named = digits < end && name_end > stem && name_end < word;
    int folder_is_video = digits < end && in_subfolder &&
                          (named ? is_frame_word(stem, (size_t)(name_end - stem)) : word == stem);
    if (named && !folder_is_video) {
        snprintf(video, (size_t)bytes, "%.*s", (int)(name_end - path), path);
        return 1;
    }
    if (folder_is_video) {
        snprintf(video, (size_t)bytes, "%.*s", (int)(stem - path - 1), path);
        return 1;
    }
    snprintf(video, (size_t)bytes, "%.*s", (int)(end - path), path);
    return 0;
}

/* 1 when text is `count` runs of digits separated by '_', each after the prefix ("id" or ""). The
 * runs begin at parts[]; their lengths go to lengths[]. */
static int split_numbers(const char *text, const char *const *prefixes, int count,
                         const char **parts, int *lengths)
{
    for (int i = 0; i < count; i++) {
        size_t skip = strlen(prefixes[i]);
        if ((i > 0 && *text++ != '_') || strncmp(text, prefixes[i], skip) != 0)
            return 0;
        parts[i] = text += skip;
        while (isdigit((unsigned char)*text))
            text++;
        lengths[i] = (int)(text - parts[i]);
        if (lengths[i] == 0)
            return 0;
    }
    return *text == '\0';
}

int names_sources(const char *video, char keys[2][64])
{
    static const char *const celeb_fake[] = {"id", "id", ""}, *const celeb_real[] = {"id", ""};
    static const char *const plain[] = {"", ""};
    const char *name = basename(video), *part[3];
    int length[3];
    if (strlen(name) > 40)
        return 0;
    if (split_numbers(name, celeb_fake, 3, part, length)) {
        snprintf(keys[0], 64, "id%.*s_%.*s", length[0], part[0], length[2], part[2]);
        return 1;
    }
    if (split_numbers(name, celeb_real, 2, part, length)) {
        snprintf(keys[0], 64, "%s", name);
        return 1;
    }
    if (split_numbers(name, plain, 2, part, length) && length[0] == 3 && length[1] == 3) {
        snprintf(keys[0], 64, "%.3s", part[0]);
        snprintf(keys[1], 64, "%.3s", part[1]);
        return 2;
    }
    if (split_numbers(name, plain, 1, part, length) && length[0] == 3) {
        snprintf(keys[0], 64, "%s", name);
        return 1;
    }
    return 0;
}

/* ---- disjoint sets of group keys ---- */

static int32_t find_root(int32_t *parent, int32_t key)
{
    while (parent[key] != key)
        key = parent[key] = parent[parent[key]];
    return key;
}

struct naming {
    struct file_list *list;
    regex_t *video_regex, *group_regex; /* NULL: the built-in rules */
    struct interner videos, keys;
    int32_t *joined; /* pairs of keys that are one group */
    int64_t joined_count;
};

/* Capture 1 of the regex in what follows the class folder; 0, or -1 for no match or an empty key.
 */
static int match_key(const regex_t *regex, const struct file *file, char *key)
{
    regmatch_t match[2];
    const char *below = file->path + file->folder_length + 1;
    if (regexec(regex, below, 2, match, 0) != 0 || match[1].rm_eo <= match[1].rm_so)
        return -1;
    snprintf(key, NAME_BYTES, "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
             below + match[1].rm_so);
    return 0;
}

static int name_file(struct naming *naming, int64_t index, const char **unmatched)
{
    struct file *file = &naming->list->files[index];
    char key[NAME_BYTES], video[2 * NAME_BYTES], sources[2][64];
    *unmatched = NULL;
    if (naming->video_regex) {
        if (match_key(naming->video_regex, file, key) < 0) {
            *unmatched = "--video-regex";
            return 0;
        }
        snprintf(video, sizeof video, "%.*s/%s", file->folder_length, file->path, key);
    } else if (!names_video(file->path, file->folder_length, video, sizeof video)) {
        if (!naming->list->misfit)
            naming->list->misfit = file->path;
    }
    TRY(file->video = interner_add(&naming->videos, video));
    if (naming->group_regex) {
        if (match_key(naming->group_regex, file, key) < 0) {
            *unmatched = "--group-regex";
            return 0;
        }
        TRY(file->group = interner_add(&naming->keys, key));
        return 0;
    }
    int source_count = names_sources(video, sources);
    TRY(file->group = interner_add(&naming->keys, source_count ? sources[0] : video));
    if (source_count == 2) {
        int second;
        TRY(second = interner_add(&naming->keys, sources[1]));
        naming->joined[2 * naming->joined_count] = file->group;
        naming->joined[2 * naming->joined_count++ + 1] = second;
    }
    return 0;
}

static int name_all(struct naming *naming)
{
    char examples[3][256];
    int64_t unmatched_count = 0;
    const char *option = NULL, *unmatched;
    for (int64_t i = 0; i < naming->list->count; i++) {
        TRY(name_file(naming, i, &unmatched));
        if (!unmatched)
            continue;
        option = unmatched;
        if (unmatched_count < 3)
            snprintf(examples[unmatched_count], 256, "%s", naming->list->files[i].path);
        unmatched_count++;
    }
    if (!unmatched_count)
        return 0;
    return fail(STATUS_FAILED, "%s does not match %lld of %lld files: %s%s%s%s%s", option,
                (long long)unmatched_count, (long long)naming->list->count, examples[0],
                unmatched_count > 1 ? ", " : "", unmatched_count > 1 ? examples[1] : "",
                unmatched_count > 2 ? ", " : "", unmatched_count > 2 ? examples[2] : "");
}

/* Joins the keys and numbers the groups by first appearance; a group's name is its least key. */
static int number_groups(struct naming *naming)
{
    struct file_list *list = naming->list;
    int64_t key_count = naming->keys.count;
    int32_t *parent = memory_zeroed((size_t)key_count, 2 * sizeof *parent, "groups");
    if (!parent)
        return STATUS_FAILED;
    int32_t *number = parent + key_count;
    for (int32_t k = 0; k < key_count; k++) {
        parent[k] = k;
        number[k] = -1;
    }
    for (int64_t j = 0; j < naming->joined_count; j++) {
        int32_t a = find_root(parent, naming->joined[2 * j]);
        int32_t b = find_root(parent, naming->joined[2 * j + 1]);
        if (strcmp(naming->keys.strings[a], naming->keys.strings[b]) < 0)
            parent[b] = a;
        else
            parent[a] = b;
    }
    list->groups = memory_zeroed((size_t)key_count, sizeof *list->groups, "groups");
    int status = list->groups ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < list->count; i++) {
        int32_t root = find_root(parent, list->files[i].group);
        if (number[root] < 0) {
            number[root] = (int32_t)list->group_count;
            list->groups[list->group_count] = strdup(naming->keys.strings[root]);
            if (!list->groups[list->group_count])
                status = fail(STATUS_FAILED, "out of memory: groups");
            else
                list->group_count++;
        }
        list->files[i].group = number[root];
    }
    free(parent);
    return status;
}

static int compile(regex_t *regex, const char *option, const char *text)
{
    int code = regcomp(regex, text, REG_EXTENDED);
    if (code) {
        char words[256];
        regerror(code, regex, words, sizeof words);
        return fail(STATUS_USAGE, "%s '%s': %s", option, text, words);
    }
    if (regex->re_nsub < 1) {
        regfree(regex);
        return fail(STATUS_USAGE, "%s '%s': needs a (...) around the key", option, text);
    }
    return 0;
}

int names_assign(struct file_list *list, const char *video_regex, const char *group_regex)
{
    struct naming naming = {.list = list};
    regex_t video, group;
    int status = STATUS_FAILED;
    files_release_names(list);
    list->misfit = NULL;
    if (video_regex) {
        TRY_OR(done, compile(&video, "--video-regex", video_regex));
        naming.video_regex = &video;
    }
    if (group_regex) {
        TRY_OR(done, compile(&group, "--group-regex", group_regex));
        naming.group_regex = &group;
    }
    naming.joined = memory_zeroed(2 * (size_t)list->count, sizeof *naming.joined, "groups");
    status = naming.joined ? 0 : STATUS_FAILED;
    if (status < 0)
        goto done;
    TRY_OR(done, name_all(&naming));
    TRY_OR(done, number_groups(&naming));
    list->videos = naming.videos.strings;
    list->video_count = naming.videos.count;
    naming.videos.strings = NULL; /* taken */
    naming.videos.count = 0;
done:
    if (naming.video_regex)
        regfree(&video);
    if (naming.group_regex)
        regfree(&group);
    free(naming.joined);
    interner_release(&naming.videos);
    interner_release(&naming.keys);
    return status;
}
