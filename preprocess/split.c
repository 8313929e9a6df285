/* A unit is what the split may not cut: a group of videos, or a single frame with --split-by frame.
 * Units are sorted into strata by the classes they hold (a group may hold both a real video and the
 * fakes made from it); within a stratum they are ordered by hash, and the first test_fraction go to
 * test, the next val_fraction to val, the rest to train. */
#include "preprocess/split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "preprocess/test_list.h"

enum { AUTO_GROUPS_MIN = 10 }; /* per class: with fewer, a split by group is a lottery */

struct unit {
    uint64_t hash;
    const char *name;
    int64_t index; /* of the group, or of the file */
    int classes;   /* bit 0: holds real frames, bit 1: fake ones; 0: holds none that is accepted */
    enum split split;
    int listed; /* holds a video of the test list */
};

static int compare_units(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    if (x->classes != y->classes)
        return x->classes - y->classes;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* round(fraction * count), but where the user wants any, at least one goes and at least one stays.
 */
static int64_t share(double fraction, int64_t count)
{
    int64_t n = (int64_t)floor(fraction * (double)count + 0.5);
    if (fraction <= 0 || count < 2)
        return 0;
    return n < 1 ? 1 : n > count - 1 ? count - 1 : n;
}

static void split_stratum(struct unit *units, int64_t count, const struct settings *settings)
{
    int64_t test = share(settings->test_fraction, count);
    int64_t val = share(settings->val_fraction, count);
    for (int64_t i = 0; i < count; i++)
        units[i].split = i < test ? SPLIT_TEST : i < test + val ? SPLIT_VAL : SPLIT_TRAIN;
}

/* Units that the test list names are taken aside first; the others are split stratum by stratum. */
static void split_units(struct unit *units, int64_t count, const struct settings *settings)
{
    for (int64_t i = 0; i < count; i++)
        if (units[i].listed) {
            units[i].split = SPLIT_TEST;
            units[i].classes |= 4; /* a stratum of its own */
        }
    qsort(units, (size_t)count, sizeof *units, compare_units);
    for (int64_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && units[end].classes == units[begin].classes;)
            end++;
        if (!units[begin].listed && units[begin].classes != 0)
            split_stratum(units + begin, end - begin, settings);
    }
}

static int make_units(const struct file_list *list, const char *accepted, int by_frame,
                      const char *video_listed, uint64_t seed, struct unit **out, int64_t *count)
{
    *count = by_frame ? list->count : list->group_count;
    struct unit *units = memory_zeroed((size_t)*count, sizeof *units, "split");
    *out = units;
    if (!units)
        return STATUS_FAILED;
    for (int64_t i = 0; i < *count; i++) {
        units[i].name = by_frame ? list->files[i].path : list->groups[i];
        units[i].index = i;
        units[i].hash = random_hash(seed, units[i].name);
        units[i].split = SPLIT_NONE;
    }
    for (int64_t i = 0; i < list->count; i++) {
        const struct file *file = &list->files[i];
        struct unit *unit = &units[by_frame ? i : file->group];
        if (accepted[i])
            unit->classes |= 1 << file->label;
        if (video_listed[file->video])
            unit->listed = 1;
    }
    return 0;
}

static int auto_choice(const struct file_list *list, const char *accepted, int regex_given,
                       struct split_result *result)
{
    int64_t groups[2] = {0, 0};
    char *seen = memory_zeroed((size_t)list->group_count, 1, "split");
    if (!seen)
        return STATUS_FAILED;
    for (int64_t i = 0; i < list->count; i++) {
        const struct file *file = &list->files[i];
        if (accepted[i] && !(seen[file->group] & (1 << file->label))) {
            seen[file->group] |= (char)(1 << file->label);
            groups[file->label]++;
        }
    }
    free(seen);
    int enough = groups[0] >= AUTO_GROUPS_MIN && groups[1] >= AUTO_GROUPS_MIN;
    result->split_by = regex_given || (!list->misfit && enough) ? "video" : "frame";
    if (regex_given)
        snprintf(result->reason, sizeof result->reason, "a regex names the groups");
    else if (list->misfit)
        snprintf(result->reason, sizeof result->reason,
                 "%.160s fits no rule for videos; frames of one video may stand on both sides (see "
                 "--group-regex)",
                 list->misfit);
    else
        snprintf(result->reason, sizeof result->reason,
                 "the names give %lld real and %lld fake groups%s", (long long)groups[0],
                 (long long)groups[1], enough ? "" : ", fewer than 10 in a class");
    return 0;
}

struct ranked {
    uint64_t hash;
    int64_t index;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Rows of each split in a seeded random order: any contiguous block is a fair sample of the split.
 */
static int order_rows(const struct file_list *list, uint64_t seed, struct split_result *result)
{
    struct ranked *ranked = memory_zeroed((size_t)list->count, sizeof *ranked, "row order");
    int status = ranked ? 0 : STATUS_FAILED;
    for (int split = 0; status == 0 && split < SPLIT_COUNT; split++) {
        int64_t rows = 0;
        for (int64_t i = 0; i < list->count; i++)
            if (result->place[i].split == (enum split)split)
                ranked[rows++] = (struct ranked){random_hash(~seed, list->files[i].path), i};
        qsort(ranked, (size_t)rows, sizeof *ranked, compare_ranked);
        result->rows[split] = rows;
        result->order[split] = memory_zeroed((size_t)rows, sizeof(int64_t), "row order");
        if (!result->order[split])
            status = STATUS_FAILED;
        for (int64_t row = 0; status == 0 && row < rows; row++) {
            result->order[split][row] = ranked[row].index;
            result->place[ranked[row].index].row = row;
        }
    }
    free(ranked);
    return status;
}

/* A class that is missing on one side would make every figure meaningless: say it now. */
static int check_classes(const struct file_list *list, const struct settings *settings,
                         const struct split_result *result)
{
    static const char *const classes[] = {"real", "fake"};
    for (int split = SPLIT_TRAIN; split <= SPLIT_VAL; split++) {
        int64_t frames[2] = {0, 0};
        if (split == SPLIT_VAL && settings->val_fraction <= 0)
            continue;
        for (int64_t row = 0; row < result->rows[split]; row++)
            frames[list->files[result->order[split][row]].label]++;
        for (int label = 0; label < 2; label++)
            if (frames[label] == 0)
                return fail(STATUS_FAILED,
                            "%s would have no %s frame: too few %s to split; add data or change "
                            "--split-by, --val-fraction",
                            split_name(split), classes[label],
                            strcmp(result->split_by, "frame") ? "groups" : "frames");
    }
    return 0;
}

static int count_groups(const struct file_list *list, struct split_result *result)
{
    char *seen = memory_zeroed((size_t)list->group_count, 1, "split");
    if (!seen)
        return STATUS_FAILED;
    for (int split = 0; split < SPLIT_COUNT; split++) {
        memset(seen, 0, (size_t)list->group_count);
        for (int64_t row = 0; row < result->rows[split]; row++) {
            char *group = &seen[list->files[result->order[split][row]].group];
            result->groups[split] += !*group;
            *group = 1;
        }
    }
    free(seen);
    return 0;
}

/* Hands each accepted frame the split of its unit. The test list's own videos are the test set;
 * their kin may stand on no other side, so they stand nowhere. */
static int place_frames(const struct file_list *list, const char *accepted,
                        const char *video_listed, const struct unit *units, int64_t count,
                        int by_frame, struct split_result *result)
{
    const struct unit **by_index = memory_zeroed((size_t)count, sizeof *by_index, "split");
    if (!by_index)
        return STATUS_FAILED;
    for (int64_t u = 0; u < count; u++)
        by_index[units[u].index] = &units[u];
    for (int64_t i = 0; i < list->count; i++) {
        const struct unit *unit = by_index[by_frame ? i : list->files[i].group];
        int kin = unit->listed && !video_listed[list->files[i].video];
        result->place[i].split = accepted[i] && !kin ? unit->split : SPLIT_NONE;
        result->kept_out += accepted[i] && kin;
    }
    free(by_index);
    return 0;
}

int split_assign(const struct file_list *list, const char *accepted,
                 const struct settings *settings, struct split_result *result)
{
    struct unit *units = NULL;
    int64_t count;
    int status = STATUS_FAILED;
    memset(result, 0, sizeof *result);
    result->split_by = settings->split_by;
    result->place = memory_zeroed((size_t)list->count, sizeof *result->place, "split");
    char *video_listed = memory_zeroed((size_t)list->video_count, 1, "split");
    if (!result->place || !video_listed)
        goto done;
    if (settings->test_list)
        TRY_OR(done, test_list_mark(settings->test_list, list, video_listed, &result->unlisted));
    if (strcmp(settings->split_by, "auto") == 0)
        TRY_OR(done,
               auto_choice(list, accepted, settings->video_regex || settings->group_regex, result));
    int by_frame = strcmp(result->split_by, "frame") == 0;
    TRY_OR(done,
           make_units(list, accepted, by_frame, video_listed, settings->seed, &units, &count));
    split_units(units, count, settings);
    TRY_OR(done, place_frames(list, accepted, video_listed, units, count, by_frame, result));
    TRY_OR(done, order_rows(list, settings->seed, result));
    TRY_OR(done, check_classes(list, settings, result));
    TRY_OR(done, count_groups(list, result));
done:
    free(units);
    free(video_listed);
    return status;
}

void split_release(struct split_result *result)
{
    free(result->place);
    for (int split = 0; split < SPLIT_COUNT; split++)
        free(result->order[split]);
    memset(result, 0, sizeof *result);
}
