#include <string.h>

#include "input/names.h"
#include "tests/harness.h"
#include "tests/unit/file_lists.h"

/* The video that the built-in rules give, "-" before it when no rule fits. */
static const char *video_of(const char *path)
{
    static char text[8192];
    text[0] = '-';
    int fits = names_video(path, (int)strcspn(path, "/"), text + 1, sizeof text - 1);
    return text + fits;
}

START_TEST(test_the_video_is_the_name_without_the_frame_number)
{
    static const char *const cases[][2] = {
        {"Celeb-synthesis/id0_id1_0003_00012.jpg", "Celeb-synthesis/id0_id1_0003"},
        {"Celeb-real/id0_0003_00012.jpg", "Celeb-real/id0_0003"},
        {"YouTube-real/00012_00003.jpg", "YouTube-real/00012"},
        {"fake/000_003_0012.jpg", "fake/000_003"},
        {"real/000_0012.jpg", "real/000"},
        {"real/v07_f012.jpg", "real/v07"},
        {"real/v07_frame12.JPEG", "real/v07"},
        {"real/clip-12.jpg", "real/clip"},
        {"real/clip.12.jpg", "real/clip"},
        {"real/my clip 9 0012.jpg", "real/my clip 9"},
        {"real/clip__12.jpg", "real/clip"},
        {"real/a.b/clip_1.jpg", "real/a.b/clip"},
        {"real/\xc3\xa9t\xc3\xa9_3.jpg", "real/\xc3\xa9t\xc3\xa9"},
        {"real/frame_0012.jpg", "real/frame"}, /* no folder of its own: all one video */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(video_of(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(test_a_folder_of_numbered_frames_is_a_video)
{
    static const char *const cases[][2] = {
        {"real/clip 9/0003.jpg", "real/clip 9"},
        {"real/clip/frame_0012.jpg", "real/clip"},
        {"real/clip/frame0012.jpg", "real/clip"},
        {"real/clip/Img-7.jpg", "real/clip"},
        {"real/clip/f_3.jpg", "real/clip"},
        {"fake/Deepfakes/000_003/0012.jpg", "fake/Deepfakes/000_003"},
        {"real/part/clip_12.jpg", "real/part/clip"}, /* the name says more than "frame" */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(video_of(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(test_a_name_that_fits_no_rule_is_a_video_of_its_own)
{
    static const char *const cases[][2] = {
        {"real/portrait.jpg", "-real/portrait"},       {"real/0001.jpg", "-real/0001"},
        {"real/v07f012.jpg", "-real/v07f012"},         {"real/_12.jpg", "-real/_12"},
        {"real/clip_12_end.jpg", "-real/clip_12_end"}, {"real/x/portrait.jpg", "-real/x/portrait"},
        {"real/frame12.jpg", "-real/frame12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(video_of(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(test_class_folders_of_several_parts_are_no_video_folders)
{
    char video[256];
    ck_assert_int_eq(names_video("data/real/0001.jpg", 9, video, sizeof video), 0);
    ck_assert_int_eq(names_video("data/real/x/0001.jpg", 9, video, sizeof video), 1);
    ck_assert_str_eq(video, "data/real/x");
}
END_TEST

START_TEST(test_sources_are_read_from_known_names_only)
{
    static const struct {
        const char *video;
        int count;
        const char *keys[2];
    } cases[] = {
        {"Celeb-synthesis/id0_id1_0003", 1, {"id0_0003"}},
        {"Celeb-synthesis/id59_id61_0009", 1, {"id59_0009"}},
        {"Celeb-real/id0_0003", 1, {"id0_0003"}},
        {"fake/000_003", 2, {"000", "003"}},
        {"fake/Deepfakes/812_790", 2, {"812", "790"}},
        {"real/000", 1, {"000"}},
        {"YouTube-real/00012", 0, {NULL}},
        {"real/v07", 0, {NULL}},
        {"real/id0", 0, {NULL}},
        {"real/id0_x", 0, {NULL}},
        {"real/id0_0003_", 0, {NULL}},
        {"fake/0000_0003", 0, {NULL}},
        {"fake/000_003_002", 0, {NULL}},
        {"real/0000000000000000000000000000000000000000000000000000000000", 0, {NULL}},
        {"real/id00000000000000000000000000000_00000000000000000000000000000000000", 0, {NULL}},
        {"", 0, {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char keys[2][64];
        ck_assert_msg(names_sources(cases[i].video, keys) == cases[i].count, "%s", cases[i].video);
        for (int k = 0; k < cases[i].count; k++)
            ck_assert_str_eq(keys[k], cases[i].keys[k]);
    }
}
END_TEST

static int32_t group_of(const struct file_list *list, const char *path)
{
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->files[i].path, path) == 0)
            return list->files[i].group;
    ck_abort_msg("%s is not in the list", path);
    return -1;
}

START_TEST(test_a_celeb_df_fake_stands_with_the_real_video_it_was_made_from)
{
    struct file_list list = {0};
    list_add(&list, 0, "Celeb-real/id0_0003_00001.jpg");
    list_add(&list, 0, "Celeb-real/id1_0003_00001.jpg");
    list_add(&list, 0, "Celeb-real/id0_0004_00001.jpg");
    list_add(&list, 0, "YouTube-real/00003_00001.jpg");
    list_add(&list, 1, "Celeb-synthesis/id0_id1_0003_00012.jpg");
    list_add(&list, 1, "Celeb-synthesis/id0_id2_0003_00012.jpg");
    ck_assert_ok(names_assign(&list, NULL, NULL));
    ck_assert_ptr_null(list.misfit);
    ck_assert_int_eq(list.video_count, 6);
    ck_assert_int_eq(list.group_count, 4);
    int32_t group = group_of(&list, "Celeb-real/id0_0003_00001.jpg");
    ck_assert_str_eq(list.groups[group], "id0_0003");
    ck_assert_int_eq(group_of(&list, "Celeb-synthesis/id0_id1_0003_00012.jpg"), group);
    ck_assert_int_eq(group_of(&list, "Celeb-synthesis/id0_id2_0003_00012.jpg"), group);
    ck_assert_int_ne(group_of(&list, "Celeb-real/id1_0003_00001.jpg"), group);
    files_release(&list);
}
END_TEST

START_TEST(test_faceforensics_joins_its_sources_transitively)
{
    struct file_list list = {0};
    list_add(&list, 0, "real/000_0001.jpg");
    list_add(&list, 0, "real/003_0001.jpg");
    list_add(&list, 0, "real/007_0001.jpg");
    list_add(&list, 0, "real/500_0001.jpg");
    list_add(&list, 1, "fake/007_003_0001.jpg"); /* 003 - 007 */
    list_add(&list, 1, "fake/003_000_0001.jpg"); /* 000 - 003, so all three are one */
    list_add(&list, 1, "fake/600_601_0001.jpg"); /* joins keys that no real video has */
    ck_assert_ok(names_assign(&list, NULL, NULL));
    int32_t group = group_of(&list, "real/000_0001.jpg");
    ck_assert_str_eq(list.groups[group], "000");
    ck_assert_int_eq(group_of(&list, "real/003_0001.jpg"), group);
    ck_assert_int_eq(group_of(&list, "real/007_0001.jpg"), group);
    ck_assert_int_eq(group_of(&list, "fake/007_003_0001.jpg"), group);
    ck_assert_int_eq(group_of(&list, "fake/003_000_0001.jpg"), group);
    ck_assert_int_ne(group_of(&list, "real/500_0001.jpg"), group);
    ck_assert_int_ne(group_of(&list, "fake/600_601_0001.jpg"), group);
    ck_assert_int_eq(list.group_count, 3);
    files_release(&list);
}
END_TEST

START_TEST(test_a_ring_of_swaps_is_one_group_whatever_the_order_of_the_files)
{
    enum { VIDEOS = 100 };
    char path[64];
    for (int step = 1; step < 4; step += 2) {
        struct file_list list = {0};
        for (int i = 0; i < VIDEOS; i++) {
            int v = i * 37 % VIDEOS;
            snprintf(path, sizeof path, "fake/%03d_%03d_0001.jpg", v, (v + step) % VIDEOS);
            list_add(&list, 1, path);
        }
        ck_assert_ok(names_assign(&list, NULL, NULL));
        ck_assert_int_eq(list.group_count, 1);
        ck_assert_str_eq(list.groups[0], "000");
        files_release(&list);
    }
}
END_TEST

START_TEST(test_videos_of_the_same_name_in_two_classes_are_two_videos)
{
    struct file_list list = {0};
    list_add(&list, 0, "real/v07_f001.jpg");
    list_add(&list, 0, "real/v07_f002.jpg");
    list_add(&list, 1, "fake/v07_f001.jpg");
    ck_assert_ok(names_assign(&list, NULL, NULL));
    ck_assert_int_eq(list.video_count, 2);
    ck_assert_int_eq(list.group_count, 2);
    ck_assert_str_eq(list.videos[list.files[0].video], "real/v07");
    ck_assert_int_eq(list.files[0].video, list.files[1].video);
    ck_assert_int_ne(list.files[0].group, list.files[2].group);
    files_release(&list);
}
END_TEST

START_TEST(test_one_name_that_fits_no_rule_is_noticed)
{
    struct file_list list = {0};
    list_add(&list, 0, "real/v07_f001.jpg");
    list_add(&list, 1, "fake/portrait.jpg");
    ck_assert_ok(names_assign(&list, NULL, NULL));
    ck_assert_ptr_nonnull(list.misfit);
    ck_assert_str_eq(list.groups[list.files[1].group], "fake/portrait");
    files_release(&list);
}
END_TEST

START_TEST(test_a_group_regex_joins_across_classes)
{
    struct file_list list = {0};
    list_add(&list, 0, "real/v07_f012.jpg");
    list_add(&list, 1, "fake/vs07_f012.jpg");
    list_add(&list, 1, "fake/vs08_f012.jpg");
    ck_assert_ok(names_assign(&list, NULL, "^v?s?([0-9]+)_"));
    ck_assert_int_eq(list.video_count, 3);
    ck_assert_int_eq(list.group_count, 2);
    ck_assert_int_eq(list.files[0].group, list.files[1].group);
    ck_assert_str_eq(list.groups[list.files[0].group], "07");
    ck_assert_str_eq(list.videos[list.files[0].video], "real/v07");
    ck_assert_ok(names_assign(&list, NULL, NULL)); /* again, with other rules */
    ck_assert_int_eq(list.group_count, 3);
    files_release(&list);
}
END_TEST

START_TEST(test_a_video_regex_names_videos_within_their_class_folder)
{
    struct file_list list = {0};
    list_add(&list, 0, "real/a/cam1-x.jpg");
    list_add(&list, 0, "real/b/cam1-y.jpg");
    list_add(&list, 1, "fake/a/cam1-x.jpg");
    ck_assert_ok(names_assign(&list, "(cam[0-9])", NULL));
    ck_assert_int_eq(list.video_count, 2);
    ck_assert_int_eq(list.files[0].video, list.files[1].video);
    ck_assert_str_eq(list.videos[list.files[0].video], "real/cam1");
    ck_assert_str_eq(list.videos[list.files[2].video], "fake/cam1");
    ck_assert_ptr_null(list.misfit);
    /* Matched below the class folder: "real" itself is out of sight. */
    ck_assert_int_eq(names_assign(&list, "(real)", NULL), STATUS_FAILED);
    files_release(&list);
}
END_TEST

START_TEST(test_files_that_a_regex_does_not_match_are_an_error_that_shows_three)
{
    struct file_list list = {0};
    char path[64];
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "real/odd name %d.jpg", i);
        list_add(&list, 0, path);
        if (i == 1) {
            ck_assert_int_eq(names_assign(&list, "^v([0-9]+)", NULL), STATUS_FAILED);
            ck_assert_str_eq(fail_message(), "--video-regex does not match 2 of 2 files: "
                                             "real/odd name 0.jpg, real/odd name 1.jpg");
        }
    }
    list_add(&list, 1, "fake/v07_f012.jpg");
    ck_assert_int_eq(names_assign(&list, NULL, "^v([0-9]+)"), STATUS_FAILED);
    ck_assert_str_eq(fail_message(),
                     "--group-regex does not match 5 of 6 files: real/odd name 0.jpg, "
                     "real/odd name 1.jpg, real/odd name 2.jpg");
    /* A match in which the capture took no part gives no key either. */
    ck_assert_int_eq(names_assign(&list, NULL, "^v([0-9]+)|odd|f"), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "does not match 5 of 6"));
    files_release(&list);
}
END_TEST

START_TEST(test_a_regex_that_is_none_is_wrong_usage)
{
    struct file_list list = {0};
    list_add(&list, 0, "real/v07_f012.jpg");
    ck_assert_int_eq(names_assign(&list, "(", NULL), STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(fail_message(), "--video-regex '('"));
    ck_assert_int_eq(names_assign(&list, "(v)", "[("), STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(fail_message(), "--group-regex '[('"));
    ck_assert_int_eq(names_assign(&list, NULL, "v07"), STATUS_USAGE);
    ck_assert_ptr_nonnull(strstr(fail_message(), "needs a (...) around the key"));
    files_release(&list);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_the_video_is_the_name_without_the_frame_number,
        test_a_folder_of_numbered_frames_is_a_video,
        test_a_name_that_fits_no_rule_is_a_video_of_its_own,
        test_class_folders_of_several_parts_are_no_video_folders,
        test_sources_are_read_from_known_names_only,
        test_a_celeb_df_fake_stands_with_the_real_video_it_was_made_from,
        test_faceforensics_joins_its_sources_transitively,
        test_a_ring_of_swaps_is_one_group_whatever_the_order_of_the_files,
        test_videos_of_the_same_name_in_two_classes_are_two_videos,
        test_one_name_that_fits_no_rule_is_noticed,
        test_a_group_regex_joins_across_classes,
        test_a_video_regex_names_videos_within_their_class_folder,
        test_files_that_a_regex_does_not_match_are_an_error_that_shows_three,
        test_a_regex_that_is_none_is_wrong_usage,
    };
    return HARNESS_RUN("names", tests, 30);
}
