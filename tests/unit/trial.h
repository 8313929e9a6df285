/* A split tried on a list of files made by hand, and what must hold of every split. */
#ifndef TESTS_UNIT_TRIAL_H
#define TESTS_UNIT_TRIAL_H

#include "input/names.h"
#include "preprocess/split.h"
#include "tests/harness.h"
#include "tests/unit/file_lists.h"

/* A case: a list of files, all accepted at first, and what becomes of it. */
struct trial {
    struct file_list list;
    char *accepted;
    struct settings settings;
    struct split_result result;
};

static inline void trial_name(struct trial *trial, const char *group_regex)
{
    ck_assert_ok(names_assign(&trial->list, NULL, group_regex));
    trial->accepted = malloc((size_t)trial->list.count);
    memset(trial->accepted, 1, (size_t)trial->list.count);
    trial->settings = (struct settings){.split_by = "video", .val_fraction = 0.2};
}

static inline int trial_split(struct trial *trial)
{
    split_release(&trial->result);
    return split_assign(&trial->list, trial->accepted, &trial->settings, &trial->result);
}

static inline void trial_end(struct trial *trial)
{
    split_release(&trial->result);
    files_release(&trial->list);
    free(trial->accepted);
}

/* What holds of every split: order and place agree, rows are dense, each accepted frame stands in
 * one place and no other frame in any. */
static inline void check_places(const struct trial *trial)
{
    const struct split_result *r = &trial->result;
    int64_t accepted = 0, placed = 0;
    for (int64_t i = 0; i < trial->list.count; i++) {
        const struct placement *place = &r->place[i];
        accepted += trial->accepted[i];
        if (place->split == SPLIT_NONE)
            continue;
        placed++;
        ck_assert_int_eq(trial->accepted[i], 1);
        ck_assert_int_lt(place->row, r->rows[place->split]);
        ck_assert_int_eq(r->order[place->split][place->row], i);
    }
    ck_assert_int_eq(placed, r->rows[SPLIT_TRAIN] + r->rows[SPLIT_VAL] + r->rows[SPLIT_TEST]);
    ck_assert_int_eq(placed + r->kept_out, accepted);
}

/* No group stands in two splits; the reported number of groups is right. */
static inline void check_groups(const struct trial *trial)
{
    const struct split_result *r = &trial->result;
    enum split *where = malloc((size_t)trial->list.group_count * sizeof *where);
    int64_t groups[SPLIT_COUNT] = {0};
    for (int64_t g = 0; g < trial->list.group_count; g++)
        where[g] = SPLIT_NONE;
    for (int64_t i = 0; i < trial->list.count; i++) {
        enum split *group = &where[trial->list.files[i].group], split = r->place[i].split;
        if (split == SPLIT_NONE)
            continue;
        if (*group == SPLIT_NONE)
            groups[split]++;
        else
            ck_assert_msg(*group == split, "%s: its group is in %s and %s",
                          trial->list.files[i].path, split_name(*group), split_name(split));
        *group = split;
    }
    for (int s = 0; s < SPLIT_COUNT; s++)
        ck_assert_int_eq(groups[s], r->groups[s]);
    free(where);
}

static inline int64_t rows_of(const struct trial *trial, enum split split, int label)
{
    int64_t rows = 0;
    for (int64_t row = 0; row < trial->result.rows[split]; row++)
        rows += trial->list.files[trial->result.order[split][row]].label == label;
    return rows;
}

static inline enum split split_of(const struct trial *trial, const char *path)
{
    for (int64_t i = 0; i < trial->list.count; i++)
        if (strcmp(trial->list.files[i].path, path) == 0)
            return trial->result.place[i].split;
    return SPLIT_NONE;
}

#endif
