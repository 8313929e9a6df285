#include <string.h>

#include "input/files.h"
#include "input/names.h"
#include "tests/harness.h"
#include "tests/scratch.h"

static int scan(struct file_list *list, const char *root, const char *real, const char *fake)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", scratch(root));
    return files_scan(list, path, real, fake);
}

/* A scan that must fail with these words. */
static void refuses(const char *root, const char *real, const char *fake, int status,
                    const char *words)
{
    struct file_list list;
    ck_assert_int_eq(scan(&list, root, real, fake), status);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s', not '%s'", fail_message(),
                  words);
    files_release(&list);
}

static void has(const struct file_list *list, int64_t index, const char *path, int label)
{
    ck_assert_int_lt(index, list->count);
    ck_assert_str_eq(list->files[index].path, path);
    ck_assert_int_eq(list->files[index].label, label);
}

static int64_t ignored(const struct file_list *list, const char *extension)
{
    for (int i = 0; i < list->ignored_count; i++)
        if (strcmp(list->ignored[i].extension, extension) == 0)
            return list->ignored[i].count;
    return 0;
}

START_TEST(test_jpegs_are_found_at_any_depth_in_any_letter_case_sorted)
{
    struct file_list list;
    scratch_text("a/real/z.jpg", "");
    scratch_text("a/real/deep/er/still/y.JPEG", "");
    scratch_text("a/real/b.JpG", "");
    scratch_text("a/real/a b\n\xc3\xa9.jpeg", "");
    scratch_text("a/real/folder.jpg/inside.jpg", ""); /* a folder may be called so */
    scratch_text("a/fake/x.jpg", "");
    scratch_text("a/elsewhere/w.jpg", "");
    ck_assert_ok(scan(&list, "a", "real", "fake"));
    ck_assert_int_eq(list.count, 6);
    has(&list, 0, "fake/x.jpg", 1);
    has(&list, 1, "real/a b\n\xc3\xa9.jpeg", 0);
    has(&list, 2, "real/b.JpG", 0);
    has(&list, 3, "real/deep/er/still/y.JPEG", 0);
    has(&list, 4, "real/folder.jpg/inside.jpg", 0);
    has(&list, 5, "real/z.jpg", 0);
    ck_assert_int_eq(list.ignored_count, 0);
    files_release(&list);
}
END_TEST

START_TEST(test_a_class_folder_has_one_name_however_it_is_written)
{
    struct file_list list;
    scratch_text("w/real/1.jpg", "");
    scratch_text("w/more/2.jpg", "");
    scratch_text("w/fake/3.jpg", "");
    ck_assert_ok(scan(&list, "w", "./real/,././more", "fake//"));
    ck_assert_int_eq(list.count, 3);
    has(&list, 0, "fake/3.jpg", 1);
    has(&list, 1, "more/2.jpg", 0);
    has(&list, 2, "real/1.jpg", 0);
    files_release(&list);
}
END_TEST

START_TEST(test_other_files_are_counted_by_extension_and_dotfiles_are_not_there)
{
    struct file_list list;
    scratch_text("b/real/1.jpg", "");
    scratch_text("b/real/.hidden.jpg", "");
    scratch_text("b/real/.thumbs/2.jpg", "");
    scratch_text("b/real/1.png", "");
    scratch_text("b/real/2.PNG", "");
    scratch_text("b/real/sub/3.png", "");
    scratch_text("b/real/README", "");
    scratch_text("b/real/jpg", "");
    scratch_text("b/real/1.jpg.txt", "");
    scratch_text("b/real/1.jpg~", "");
    scratch_text("b/real/x.extension_of_a_kind", "");
    scratch_text("b/fake/1.jpg", "");
    ck_assert_ok(scan(&list, "b", "real", "fake"));
    ck_assert_int_eq(list.count, 2);
    ck_assert_int_eq(ignored(&list, ".png"), 3);
    ck_assert_int_eq(ignored(&list, ".txt"), 1);
    ck_assert_int_eq(ignored(&list, ".jpg~"), 1);
    ck_assert_int_eq(ignored(&list, "no extension"), 3);
    ck_assert_int_eq(list.ignored_count, 4);
    for (int i = 1; i < list.ignored_count; i++) /* not in the order of the file system */
        ck_assert_str_lt(list.ignored[i - 1].extension, list.ignored[i].extension);
    files_release(&list);
}
END_TEST

START_TEST(test_more_extensions_than_fit_are_counted_together)
{
    struct file_list list;
    char name[64];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "c/real/x.e%02d", i);
        scratch_text(name, "");
    }
    scratch_text("c/real/1.jpg", "");
    scratch_text("c/fake/1.jpg", "");
    ck_assert_ok(scan(&list, "c", "real", "fake"));
    ck_assert_int_eq(list.ignored_count, IGNORED_MAX);
    int64_t sum = 0;
    for (int i = 0; i < list.ignored_count; i++)
        sum += list.ignored[i].count;
    ck_assert_int_eq(sum, 40);
    ck_assert_int_eq(ignored(&list, "others"), 40 - (IGNORED_MAX - 1));
    files_release(&list);
}
END_TEST

START_TEST(test_several_folders_make_one_class)
{
    struct file_list list;
    scratch_text("d/Celeb-real/1.jpg", "");
    scratch_text("d/YouTube-real/1.jpg", "");
    scratch_text("d/set/Celeb-synthesis/1.jpg", "");
    ck_assert_ok(scan(&list, "d", "Celeb-real,YouTube-real/", "set/Celeb-synthesis//"));
    ck_assert_int_eq(list.count, 3);
    has(&list, 0, "Celeb-real/1.jpg", 0);
    has(&list, 1, "YouTube-real/1.jpg", 0);
    has(&list, 2, "set/Celeb-synthesis/1.jpg", 1);
    ck_assert_int_eq(list.files[2].folder_length, (int)strlen("set/Celeb-synthesis"));
    files_release(&list);
    refuses("d", "Celeb-real,,YouTube-real", "set", STATUS_USAGE, "--real Celeb-real,,YouTube");
    refuses("d", "Celeb-real", "/", STATUS_USAGE, "an empty folder name");
}
END_TEST

START_TEST(test_missing_and_empty_classes_are_errors)
{
    scratch_text("e/real/1.jpg", "");
    scratch_text("e/empty/1.png", "");
    scratch_folder("e/void");
    refuses("nowhere", "real", "fake", STATUS_FAILED, "no such folder");
    refuses("e/real/1.jpg", "real", "fake", STATUS_FAILED, "not a folder");
    refuses("e", "real", "fake", STATUS_FAILED, "fake: no such folder; expected one folder per");
    refuses("e", "real", "real/1.jpg", STATUS_FAILED, "Not a directory");
    refuses("e", "real", "empty", STATUS_FAILED, "empty: no .jpg or .jpeg file below it");
    refuses("e", "real", "void", STATUS_FAILED, "void: no .jpg or .jpeg file below it");
    refuses("e", "real,void", "real", STATUS_FAILED, "void: no .jpg");
}
END_TEST

START_TEST(test_links_are_followed_and_a_cycle_is_refused)
{
    struct file_list list;
    scratch_text("f/store/frames/1.jpg", "");
    scratch_text("f/store/alone.jpg", "");
    scratch_folder("f/real");
    scratch_text("f/fake/2.jpg", "");
    ck_assert_int_eq(symlink("../store/frames", scratch("f/real/linked")), 0);
    ck_assert_int_eq(symlink("../store/alone.jpg", scratch("f/real/file.jpg")), 0);
    ck_assert_int_eq(symlink("nothing", scratch("f/real/dangling.jpg")), 0);
    ck_assert_int_eq(symlink("nothing", scratch("f/real/dangling.txt")), 0);
    ck_assert_ok(scan(&list, "f", "real", "fake"));
    ck_assert_int_eq(list.count, 4);
    has(&list, 1, "real/dangling.jpg", 0); /* kept: decoding rejects it by name */
    has(&list, 2, "real/file.jpg", 0);
    has(&list, 3, "real/linked/1.jpg", 0);
    ck_assert_int_eq(ignored(&list, ".txt"), 1);
    files_release(&list);
    ck_assert_int_eq(symlink("..", scratch("f/store/frames/up")), 0);
    refuses("f", "real", "fake", STATUS_FAILED, "links back to a folder above it");
    unlink(scratch("f/store/frames/up"));
    ck_assert_int_eq(symlink(".", scratch("f/fake/self")), 0);
    refuses("f", "real", "fake", STATUS_FAILED, "fake/self: links back to a folder above it");
}
END_TEST

START_TEST(test_a_fifo_is_a_name_like_any_other)
{
    struct file_list list;
    scratch_text("g/real/1.jpg", "");
    scratch_text("g/fake/1.jpg", "");
    ck_assert_int_eq(mkfifo(scratch("g/real/pipe.jpg"), 0666), 0);
    ck_assert_int_eq(mkfifo(scratch("g/real/pipe.png"), 0666), 0);
    ck_assert_ok(scan(&list, "g", "real", "fake"));
    ck_assert_int_eq(list.count, 3);
    ck_assert_int_eq(ignored(&list, ".png"), 1);
    files_release(&list);
}
END_TEST

START_TEST(test_a_file_in_two_classes_is_refused)
{
    scratch_text("h/real/1.jpg", "");
    scratch_text("h/fake/1.jpg", "");
    refuses("h", "real", "real", STATUS_USAGE, "real/1.jpg: in two class folders");
    refuses("h", "real,real", "fake", STATUS_USAGE, "real/1.jpg: in two class folders");
    refuses("h", ".", "fake", STATUS_USAGE, "in two class");
    refuses("h", "real", "./real", STATUS_USAGE, "in two class");
    ck_assert_int_eq(symlink("real", scratch("h/forged")), 0);
    refuses("h", "real", "forged", STATUS_USAGE, "in two class");
}
END_TEST

START_TEST(test_folders_nested_by_the_hundred_are_walked_or_refused)
{
    enum { DEPTH = 900 };
    struct file_list list;
    char path[3000];
    scratch_text("i/real/1.jpg", "");
    scratch_text("i/fake/1.jpg", "");
    int used = snprintf(path, sizeof path, "i/real");
    for (int i = 0; i < DEPTH; i++)
        used += snprintf(path + used, sizeof path - (size_t)used, "/d");
    snprintf(path + used, sizeof path - (size_t)used, "/2.jpg");
    scratch_text(path, "");
    int status = scan(&list, "i", "real", "fake");
    ck_assert_msg(status < 0 || list.count == 3, "%lld files", (long long)list.count);
    files_release(&list);
}
END_TEST

/* ---- sampling ---- */

enum { VIDEOS = 12, FRAMES = 30 };

/* Videos of 30, 29, 28 ... frames; even ones are real. skip: leaves out one frame of the first. */
static void make_list(struct file_list *list, int skip)
{
    char path[64];
    memset(list, 0, sizeof *list);
    list->files = calloc(VIDEOS * FRAMES, sizeof *list->files);
    for (int v = 0; v < VIDEOS; v++)
        for (int f = 0; f < FRAMES - v; f++) {
            if (skip && v == 0 && f == 7)
                continue;
            snprintf(path, sizeof path, "%s/v%02d_%03d.jpg", v % 2 ? "fake" : "real", v, f);
            list->files[list->count++] =
                (struct file){strdup(path), 4, (uint8_t)(v % 2), 0, 0, 0, 0};
        }
    ck_assert_ok(names_assign(list, NULL, NULL));
}

static void count_by(const struct file_list *list, int videos[VIDEOS], int classes[2])
{
    memset(videos, 0, VIDEOS * sizeof *videos);
    classes[0] = classes[1] = 0;
    for (int64_t i = 0; i < list->count; i++) {
        videos[atoi(list->files[i].path + 6)]++;
        classes[list->files[i].label]++;
        if (i && list->files[i].label == list->files[i - 1].label)
            ck_assert_str_lt(list->files[i - 1].path, list->files[i].path);
    }
}

static int holds(const struct file_list *list, const char *path)
{
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->files[i].path, path) == 0)
            return 1;
    return 0;
}

START_TEST(test_a_sample_takes_at_most_so_many_per_video_and_class)
{
    int videos[VIDEOS], classes[2];
    struct file_list list;
    make_list(&list, 0);
    ck_assert_ok(files_sample(&list, 1, 22, 0));
    count_by(&list, videos, classes);
    for (int v = 0; v < VIDEOS; v++)
        ck_assert_int_eq(videos[v], FRAMES - v < 22 ? FRAMES - v : 22);
    ck_assert_ok(files_sample(&list, 1, 5, 17));
    count_by(&list, videos, classes);
    for (int v = 0; v < VIDEOS; v++)
        ck_assert_int_le(videos[v], 5);
    ck_assert(classes[0] == 17 && classes[1] == 17);
    ck_assert_ok(files_sample(&list, 1, 1000, 1000));
    ck_assert_int_eq(list.count, 34);
    files_release(&list);
}
END_TEST

START_TEST(test_a_sample_is_decided_by_the_seed_alone)
{
    struct file_list a, b, c;
    make_list(&a, 0);
    make_list(&b, 0);
    make_list(&c, 0);
    ck_assert_ok(files_sample(&a, 5, 3, 0));
    ck_assert_ok(files_sample(&b, 5, 3, 0));
    ck_assert_ok(files_sample(&c, 6, 3, 0));
    ck_assert_int_eq(a.count, 3 * VIDEOS);
    int same = 0;
    for (int64_t i = 0; i < a.count; i++) {
        ck_assert_str_eq(a.files[i].path, b.files[i].path);
        same += holds(&c, a.files[i].path);
    }
    ck_assert_int_lt(same, (int)a.count / 2);
    files_release(&a);
    files_release(&b);
    files_release(&c);
}
END_TEST

START_TEST(test_a_file_more_changes_the_sample_by_at_most_one)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct file_list with, without;
        make_list(&with, 0);
        make_list(&without, 1);
        ck_assert_ok(files_sample(&with, seed, 4, 20));
        ck_assert_ok(files_sample(&without, seed, 4, 20));
        int moved = 0;
        for (int64_t i = 0; i < with.count; i++)
            moved += !holds(&without, with.files[i].path);
        ck_assert_int_le(moved, 2); /* one of the video's quota, one of the class's */
        files_release(&with);
        files_release(&without);
    }
}
END_TEST

START_TEST(test_every_frame_is_as_likely_to_be_drawn)
{
    /* 4 of 30 frames over 600 seeds: 80 expected, sd 8.3; 5 sd either way. */
    enum { SEEDS = 600, LOW = 80 - 42, HIGH = 80 + 42 };
    int drawn[FRAMES] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct file_list list;
        make_list(&list, 0);
        ck_assert_ok(files_sample(&list, seed, 4, 0));
        for (int64_t i = 0; i < list.count; i++)
            if (strncmp(list.files[i].path, "real/v00", 8) == 0)
                drawn[atoi(list.files[i].path + 9)]++;
        files_release(&list);
    }
    for (int f = 0; f < FRAMES; f++)
        ck_assert_msg(drawn[f] > LOW && drawn[f] < HIGH, "frame %d: %d times", f, drawn[f]);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_jpegs_are_found_at_any_depth_in_any_letter_case_sorted,
        test_a_class_folder_has_one_name_however_it_is_written,
        test_other_files_are_counted_by_extension_and_dotfiles_are_not_there,
        test_more_extensions_than_fit_are_counted_together,
        test_several_folders_make_one_class,
        test_missing_and_empty_classes_are_errors,
        test_links_are_followed_and_a_cycle_is_refused,
        test_a_fifo_is_a_name_like_any_other,
        test_a_file_in_two_classes_is_refused,
        test_folders_nested_by_the_hundred_are_walked_or_refused,
        test_a_sample_takes_at_most_so_many_per_video_and_class,
        test_a_sample_is_decided_by_the_seed_alone,
        test_a_file_more_changes_the_sample_by_at_most_one,
        test_every_frame_is_as_likely_to_be_drawn,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("files", tests, 20));
}
