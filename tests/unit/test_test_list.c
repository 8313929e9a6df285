#include <string.h>

#include "preprocess/test_list.h"
#include "tests/scratch.h"
#include "tests/unit/trial.h"

/* Celeb-DF in small: id0 .. id19 with two clips each, one fake from each clip. */
static void trial_celeb(struct trial *trial)
{
    char path[128];
    memset(trial, 0, sizeof *trial);
    for (int id = 0; id < 20; id++)
        for (int clip = 0; clip < 2; clip++)
            for (int f = 0; f < 2; f++) {
                snprintf(path, sizeof path, "Celeb-real/id%d_%04d_%05d.jpg", id, clip, f);
                list_add(&trial->list, 0, path);
                snprintf(path, sizeof path, "Celeb-synthesis/id%d_id%d_%04d_%05d.jpg", id,
                         (id + 1) % 20, clip, f);
                list_add(&trial->list, 1, path);
            }
    trial_name(trial, NULL);
}

START_TEST(test_the_test_list_is_the_test_set_and_its_kin_stand_nowhere)
{
    struct trial trial;
    trial_celeb(&trial);
    trial.settings.test_list = scratch_text("list.txt", "1 Celeb-real/id3_0000.mp4\r\n"
                                                        "0\tCeleb-synthesis/id5_id6_0001.mp4\n"
                                                        "\n"
                                                        "1 YouTube-real/00170.mp4\n"
                                                        "0 Celeb-synthesis/id99_id6_0001.mp4");
    ck_assert_ok(trial_split(&trial));
    check_places(&trial);
    check_groups(&trial);
    ck_assert_int_eq(trial.result.rows[SPLIT_TEST], 4);
    ck_assert_int_eq(rows_of(&trial, SPLIT_TEST, 0), 2);
    ck_assert_int_eq(split_of(&trial, "Celeb-real/id3_0000_00000.jpg"), SPLIT_TEST);
    ck_assert_int_eq(split_of(&trial, "Celeb-synthesis/id5_id6_0001_00001.jpg"), SPLIT_TEST);
    ck_assert_int_eq(split_of(&trial, "Celeb-synthesis/id3_id4_0000_00000.jpg"), SPLIT_NONE);
    ck_assert_int_eq(split_of(&trial, "Celeb-real/id5_0001_00001.jpg"), SPLIT_NONE);
    ck_assert_int_ne(split_of(&trial, "Celeb-real/id3_0001_00000.jpg"), SPLIT_TEST);
    ck_assert_int_ne(split_of(&trial, "Celeb-real/id3_0001_00000.jpg"), SPLIT_NONE);
    ck_assert_int_eq(trial.result.kept_out, 4);
    ck_assert_int_eq(trial.result.unlisted, 2);
    trial_end(&trial);
}
END_TEST

START_TEST(test_a_listed_video_is_in_no_other_split_by_frame_either)
{
    struct trial trial;
    trial_celeb(&trial);
    trial.settings.split_by = "frame";
    trial.settings.test_list = scratch_text("frames.txt", "1 Celeb-real/id3_0000.mp4\n");
    ck_assert_ok(trial_split(&trial));
    check_places(&trial);
    ck_assert_int_eq(trial.result.rows[SPLIT_TEST], 2);
    ck_assert_int_eq(split_of(&trial, "Celeb-real/id3_0000_00001.jpg"), SPLIT_TEST);
    trial_end(&trial);
}
END_TEST

START_TEST(test_the_label_of_a_list_says_1_for_real)
{
    struct file_list list = {0};
    char listed[4];
    int64_t unlisted;
    list_add(&list, 0, "real/clip_1.jpg");
    list_add(&list, 1, "fake/clip_1.jpg");
    list_add(&list, 1, "fake/other_1.jpg");
    ck_assert_ok(names_assign(&list, NULL, NULL));
    static const struct {
        const char *text;
        int real, fake, unlisted;
    } cases[] = {
        {"1 x/clip.mp4\n", 1, 0, 0}, {"0 clip\n", 0, 1, 0},          {"clip.avi\n", 1, 1, 0},
        {"a/b/clip", 1, 1, 0},       {"1 clip\n1 other\n", 1, 0, 1}, {"0 other\n0 nix\n", 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(listed, 0, sizeof listed);
        const char *path = scratch_text("labels.txt", cases[i].text);
        ck_assert_ok(test_list_mark(path, &list, listed, &unlisted));
        ck_assert_msg(listed[list.files[0].video] == cases[i].real, "%s", cases[i].text);
        ck_assert_msg(listed[list.files[1].video] == cases[i].fake, "%s", cases[i].text);
        ck_assert_int_eq(unlisted, cases[i].unlisted);
    }
    files_release(&list);
}
END_TEST

START_TEST(test_a_list_that_names_nothing_of_ours_is_an_error)
{
    struct trial trial;
    trial_celeb(&trial);
    trial.settings.test_list = scratch_text("foreign.txt", "1 other/x.mp4\n0 other/y.mp4\n");
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "foreign.txt: none of its lines names a video"));
    trial.settings.test_list = scratch("missing.txt");
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "cannot open the test list"));
    trial.settings.test_list = scratch_root;
    ck_assert_int_eq(trial_split(&trial), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "Is a directory"));
    trial_end(&trial);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_the_test_list_is_the_test_set_and_its_kin_stand_nowhere,
        test_a_listed_video_is_in_no_other_split_by_frame_either,
        test_the_label_of_a_list_says_1_for_real,
        test_a_list_that_names_nothing_of_ours_is_an_error,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("test list", tests, 30));
}
