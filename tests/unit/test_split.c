#include <string.h>

#include "base/random.h"
#include "tests/unit/trial.h"

/* `videos` videos of `frames` frames per class: real/r000_000.jpg, fake/f000_000.jpg. */
static void trial_plain(struct trial *trial, int videos, int frames)
{
    char path[64];
    memset(trial, 0, sizeof *trial);
    for (int label = 1; label >= 0; label--)
        for (int v = 0; v < videos; v++)
            for (int f = 0; f < frames; f++) {
                snprintf(path, sizeof path, label ? "fake/f%03d_%03d.jpg" : "real/r%03d_%03d.jpg",
                         v, f);
                list_add(&trial->list, label, path);
            }
    trial_name(trial, NULL);
}

/* Groups that hold any mixture of videos of both classes, some frames not accepted. */
static void trial_random(struct trial *trial, uint64_t seed)
{
    char path[64];
    uint64_t k = 0;
    memset(trial, 0, sizeof *trial);
    int groups = 8 + (int)random_below(random_at(seed, k++), 60);
    for (int g = 0; g < groups; g++) {
        int videos = 1 + (int)random_below(random_at(seed, k++), 4);
        for (int v = 0; v < videos; v++) {
            int label = (int)random_below(random_at(seed, k++), 2);
            int frames = 1 + (int)random_below(random_at(seed, k++), 12);
            for (int f = 0; f < frames; f++) {
                snprintf(path, sizeof path, "%s/g%02d-v%d_%03d.jpg", label ? "fake" : "real", g, v,
                         f);
                list_add(&trial->list, label, path);
            }
        }
    }
    trial_name(trial, "^(g[0-9]+)");
    for (int64_t i = 0; i < trial->list.count; i++)
        trial->accepted[i] = random_below(random_at(seed, k++), 10) > 0;
    trial->settings.seed = seed;
}

START_TEST(test_a_split_by_video_never_shares_a_group)
{
    int split = 0;
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct trial trial;
        trial_random(&trial, seed);
        trial.settings.val_fraction = 0.05 + 0.5 * random_unit(random_at(seed, 1000));
        trial.settings.test_fraction = seed % 3 ? 0 : 0.3;
        if (trial_split(&trial) == 0) { /* else a class would have been missing */
            check_places(&trial);
            check_groups(&trial);
            split++;
        }
        trial_end(&trial);
    }
    ck_assert_int_gt(split, 110);
}
END_TEST

START_TEST(test_a_split_by_frame_places_every_accepted_frame_once)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct trial trial;
        trial_random(&trial, seed);
        trial.settings.split_by = "frame";
        ck_assert_ok(trial_split(&trial));
        check_places(&trial);
        ck_assert_str_eq(trial.result.split_by, "frame");
        trial_end(&trial);
    }
}
END_TEST

START_TEST(test_fractions_count_groups_of_each_class)
{
    struct trial trial;
    trial_plain(&trial, 40, 3);
    trial.settings.val_fraction = 0.25;
    trial.settings.test_fraction = 0.1;
    for (trial.settings.seed = 0; trial.settings.seed < 20; trial.settings.seed++) {
        ck_assert_ok(trial_split(&trial));
        for (int label = 0; label < 2; label++) {
            ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, label), 10 * 3);
            ck_assert_int_eq(rows_of(&trial, SPLIT_TEST, label), 4 * 3);
            ck_assert_int_eq(rows_of(&trial, SPLIT_TRAIN, label), 26 * 3);
        }
    }
    for (int64_t i = 0; i < trial.list.count; i++) /* every other video rejected: 20 are left */
        trial.accepted[i] = trial.list.files[i].video % 2;
    for (trial.settings.seed = 0; trial.settings.seed < 20; trial.settings.seed++) {
        ck_assert_ok(trial_split(&trial));
        ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, 0), 5 * 3);
        ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, 1), 5 * 3);
    }
    memset(trial.accepted, 1, (size_t)trial.list.count);
    trial.settings.split_by = "frame"; /* there it counts frames */
    trial.settings.val_fraction = 0.11;
    trial.settings.test_fraction = 0;
    ck_assert_ok(trial_split(&trial));
    ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, 0), 13); /* 13.2 */
    ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, 1), 13);
    ck_assert_int_eq(trial.result.rows[SPLIT_TEST], 0);
    trial_end(&trial);
}
END_TEST

START_TEST(test_a_wanted_share_takes_at_least_one_and_leaves_at_least_one)
{
    struct trial trial;
    trial_plain(&trial, 3, 2);
    trial.settings.val_fraction = 0.01;
    ck_assert_ok(trial_split(&trial));
    ck_assert_int_eq(trial.result.groups[SPLIT_VAL], 2);
    trial.settings.val_fraction = 0.9;
    ck_assert_ok(trial_split(&trial));
    ck_assert_int_eq(trial.result.groups[SPLIT_TRAIN], 2);
    trial.settings.val_fraction = 0;
    ck_assert_ok(trial_split(&trial));
    ck_assert_int_eq(trial.result.rows[SPLIT_VAL], 0);
    ck_assert_int_eq(trial.result.rows[SPLIT_TRAIN], 12);
    trial_end(&trial);
}
END_TEST

START_TEST(test_the_share_of_each_class_is_that_of_the_whole)
{
    /* 200 fake and 20 real videos: without strata a seed could leave val without a real one. */
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct trial trial = {.result = {0}};
        char path[64];
        for (int v = 0; v < 220; v++) {
            snprintf(path, sizeof path, v < 200 ? "fake/f%03d_1.jpg" : "real/r%03d_1.jpg", v);
            list_add(&trial.list, v < 200, path);
        }
        trial_name(&trial, NULL);
        trial.settings.seed = seed;
        ck_assert_ok(trial_split(&trial));
        ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, 0), 4);
        ck_assert_int_eq(rows_of(&trial, SPLIT_VAL, 1), 40);
        trial_end(&trial);
    }
}
END_TEST

/* How many frames of a stand elsewhere in b. */
static int moved(const struct trial *a, const struct trial *b)
{
    int count = 0;
    for (int64_t i = 0; i < a->list.count; i++)
        count += split_of(b, a->list.files[i].path) != a->result.place[i].split;
    return count;
}

START_TEST(test_one_video_more_moves_at_most_one_other)
{
    enum { FRAMES = 3 };
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct trial a, b;
        trial_plain(&a, 25, FRAMES);
        trial_plain(&b, 25, FRAMES);
        list_add(&b.list, 1, "fake/newcomer_001.jpg");
        free(b.accepted);
        trial_name(&b, NULL);
        a.settings.seed = b.settings.seed = seed;
        ck_assert_ok(trial_split(&a));
        ck_assert_ok(trial_split(&b));
        ck_assert_int_le(moved(&a, &b), FRAMES);
        a.settings.split_by = b.settings.split_by = "frame";
        ck_assert_ok(trial_split(&a));
        ck_assert_ok(trial_split(&b));
        ck_assert_int_le(moved(&a, &b), 1);
        trial_end(&a);
        trial_end(&b);
    }
}
END_TEST

START_TEST(test_a_split_is_decided_by_names_and_seed_not_by_the_order_of_the_files)
{
    struct trial a, b = {.result = {0}};
    trial_plain(&a, 20, 4);
    for (int64_t i = a.list.count; i-- > 0;)
        list_add(&b.list, a.list.files[i].label, a.list.files[i].path);
    trial_name(&b, NULL);
    a.settings.test_fraction = b.settings.test_fraction = 0.2;
    ck_assert_ok(trial_split(&a));
    ck_assert_ok(trial_split(&b));
    for (int s = 0; s < SPLIT_COUNT; s++) {
        ck_assert_int_eq(a.result.rows[s], b.result.rows[s]);
        for (int64_t row = 0; row < a.result.rows[s]; row++)
            ck_assert_str_eq(a.list.files[a.result.order[s][row]].path,
                             b.list.files[b.result.order[s][row]].path);
    }
    b.settings.seed = 1;
    ck_assert_ok(trial_split(&b));
    ck_assert_int_gt(moved(&a, &b), 20);
    trial_end(&a);
    trial_end(&b);
}
END_TEST

START_TEST(test_rows_stand_in_random_order)
{
    /* Halves of the training rows are fair samples: the count of fakes in the first is
     * hypergeometric, sd = sqrt(n)/4 = 10 for n = 1600; 5 sd. */
    struct trial trial;
    trial_plain(&trial, 50, 20);
    ck_assert_ok(trial_split(&trial));
    const int64_t *order = trial.result.order[SPLIT_TRAIN];
    int64_t rows = trial.result.rows[SPLIT_TRAIN], fakes = 0, neighbours = 0;
    ck_assert_int_eq(rows, 1600);
    for (int64_t row = 0; row < rows / 2; row++)
        fakes += trial.list.files[order[row]].label;
    ck_assert(llabs(fakes - rows / 4) < 50);
    for (int64_t row = 1; row < rows; row++) /* of one video, side by side: 1600/80 expected */
        neighbours += trial.list.files[order[row]].video == trial.list.files[order[row - 1]].video;
    ck_assert_int_lt(neighbours, 50);
    trial_end(&trial);
}
END_TEST

START_TEST(test_auto_takes_video_only_where_names_give_enough_groups)
{
    struct trial trial;
    trial_plain(&trial, 10, 3);
    trial.settings.split_by = "auto";
    ck_assert_ok(trial_split(&trial));
    ck_assert_str_eq(trial.result.split_by, "video");
    ck_assert_str_eq(trial.result.reason, "the names give 10 real and 10 fake groups");
    memset(trial.accepted, 0, 3); /* a whole fake video rejected: 9 are left */
    ck_assert_ok(trial_split(&trial));
    ck_assert_str_eq(trial.result.split_by, "frame");
    ck_assert_ptr_nonnull(strstr(trial.result.reason, "9 fake groups, fewer than 10"));
    trial.settings.group_regex = "(.*)_";
    ck_assert_ok(trial_split(&trial));
    ck_assert_str_eq(trial.result.split_by, "video");
    ck_assert_str_eq(trial.result.reason, "a regex names the groups");
    trial_end(&trial);

    trial_plain(&trial, 30, 3);
    list_add(&trial.list, 1, "fake/portrait.jpg");
    free(trial.accepted);
    trial_name(&trial, NULL);
    trial.settings.split_by = "auto";
    ck_assert_ok(trial_split(&trial));
    ck_assert_str_eq(trial.result.split_by, "frame");
    ck_assert_ptr_nonnull(strstr(trial.result.reason, "fits no rule"));
    trial.settings.split_by = "video"; /* the user's choice needs no reason */
    ck_assert_ok(trial_split(&trial));
    ck_assert_str_eq(trial.result.reason, "");
    trial_end(&trial);
}
END_TEST

START_TEST(test_a_class_that_would_be_missing_on_a_side_is_an_error)
{
    struct trial trial;
    trial_plain(&trial, 1, 20);
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "val would have no real frame: too few groups"));
    trial.settings.split_by = "frame";
    ck_assert_ok(trial_split(&trial));
    for (int64_t i = 0; i < trial.list.count; i++)
        trial.accepted[i] = trial.list.files[i].label == 0;
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "train would have no fake frame: too few frames"));
    memset(trial.accepted, 0, (size_t)trial.list.count);
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    trial_end(&trial);

    trial_plain(&trial, 10, 1); /* test and val together would take everything */
    trial.settings.val_fraction = trial.settings.test_fraction = 0.9;
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "train would have no real frame"));
    trial_end(&trial);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_a_split_by_video_never_shares_a_group,
        test_a_split_by_frame_places_every_accepted_frame_once,
        test_fractions_count_groups_of_each_class,
        test_a_wanted_share_takes_at_least_one_and_leaves_at_least_one,
        test_the_share_of_each_class_is_that_of_the_whole,
        test_one_video_more_moves_at_most_one_other,
        test_a_split_is_decided_by_names_and_seed_not_by_the_order_of_the_files,
        test_rows_stand_in_random_order,
        test_auto_takes_video_only_where_names_give_enough_groups,
        test_a_class_that_would_be_missing_on_a_side_is_an_error,
    };
    return HARNESS_RUN("split", tests, 30);
}
