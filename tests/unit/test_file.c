#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "tests/harness.h"
#include "tests/scratch.h"

static void refuses(int status, const char *words)
{
    ck_assert_int_eq(status, STATUS_FAILED);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s', not '%s'", fail_message(),
                  words);
}

START_TEST(test_reading_past_the_end_is_an_error_not_short_data)
{
    char buffer[8];
    const char *path = scratch_text("ten", "0123456789");
    int descriptor = open(path, O_RDONLY);
    ck_assert_ok(file_read_at(descriptor, path, buffer, 4, 6));
    ck_assert_mem_eq(buffer, "6789", 4);
    ck_assert_ok(file_read_at(descriptor, path, buffer, 0, 10));
    refuses(file_read_at(descriptor, path, buffer, 5, 6), "ends early");
    refuses(file_read_at(descriptor, path, buffer, 1, 10), "ends early");
    refuses(file_read_at(descriptor, path, buffer, 1, 1 << 20), path);
    close(descriptor);
    refuses(file_read_at(-1, "gone", buffer, 1, 0), "gone: cannot read: Bad file descriptor");
}
END_TEST

START_TEST(test_written_bytes_stand_where_they_were_put)
{
    char buffer[9] = "";
    const char *path = scratch("written");
    int descriptor = open(path, O_RDWR | O_CREAT, 0666);
    ck_assert_ok(file_write_at(descriptor, path, "abc", 3, 5));
    ck_assert_ok(file_write_at(descriptor, path, "xyzzy", 5, 0));
    ck_assert_ok(file_read_at(descriptor, path, buffer, 8, 0));
    ck_assert_str_eq(buffer, "xyzzyabc");
    close(descriptor);
    refuses(file_write_at(-1, "gone", "a", 1, 0), "gone: cannot write");
    descriptor = open("/dev/full", O_WRONLY);
    if (descriptor >= 0)
        refuses(file_write_at(descriptor, "full", "a", 1, 0), strerror(ENOSPC));
}
END_TEST

START_TEST(test_asking_whether_a_file_can_be_written_changes_nothing)
{
    char text[8] = "";
    const char *fresh = scratch("not/yet"), *old = scratch_text("old", "content");
    scratch_make_way("not/yet");
    ck_assert_ok(file_check_writable(fresh));
    ck_assert_int_eq(file_exists(fresh), 0);
    ck_assert_ok(file_check_writable(old));
    int descriptor = open(old, O_RDONLY);
    ck_assert_ok(file_read_at(descriptor, old, text, 7, 0));
    close(descriptor);
    ck_assert_str_eq(text, "content");
    refuses(file_check_writable(scratch("no/such/folder")), "No such file or directory");
    refuses(file_check_writable(scratch_root), "Is a directory");
    refuses(file_check_writable(""), "No such file or directory");
}
END_TEST

START_TEST(test_asking_whether_a_link_can_be_written_leaves_the_link)
{
    struct stat facts;
    const char *link_path = scratch("dangling"), *target = scratch("target");
    ck_assert_int_eq(symlink(target, link_path), 0);
    file_check_writable(link_path); /* either answer will do */
    ck_assert_int_eq(lstat(link_path, &facts), 0);
    ck_assert_int_ne(lstat(target, &facts), 0);
}
END_TEST

START_TEST(test_asking_whether_a_fifo_can_be_written_does_not_wait_for_its_reader)
{
    const char *fifo = scratch("fifo");
    ck_assert_int_eq(mkfifo(fifo, 0666), 0);
    refuses(file_check_writable(fifo), "cannot write");
}
END_TEST

START_TEST(test_only_a_regular_file_is_readable)
{
    ck_assert_ok(file_check_readable(scratch_text("regular", "")));
    refuses(file_check_readable(scratch_root), "not a regular file");
    refuses(file_check_readable(scratch("missing")), "No such file or directory");
    refuses(file_check_readable("/dev/null"), "not a regular file");
}
END_TEST

START_TEST(test_checking_a_fifo_for_reading_does_not_wait_for_its_writer)
{
    const char *fifo = scratch("fifo_in");
    ck_assert_int_eq(mkfifo(fifo, 0666), 0);
    refuses(file_check_readable(fifo), "not a regular file");
}
END_TEST

START_TEST(test_two_names_of_one_file_are_the_same)
{
    const char *a = scratch_text("same_a", "x"), *b = scratch_text("same_b", "x");
    const char *hard = scratch("hard"), *soft = scratch("soft"), *round = scratch("./same_a");
    ck_assert_int_eq(link(a, hard), 0);
    ck_assert_int_eq(symlink("same_a", soft), 0);
    ck_assert(file_same(a, a) && file_same(a, hard) && file_same(soft, a) && file_same(a, round));
    ck_assert(!file_same(a, b));
    ck_assert(!file_same(a, scratch("none")) && !file_same(scratch("none"), scratch("none")));
}
END_TEST

START_TEST(test_replace_moves_over_what_was_there)
{
    char text[4] = "";
    const char *from = scratch_text("from", "new"), *to = scratch_text("to", "old");
    ck_assert_ok(file_replace(from, to));
    ck_assert_int_eq(file_exists(from), 0);
    int descriptor = open(to, O_RDONLY);
    ck_assert_ok(file_read_at(descriptor, to, text, 3, 0));
    close(descriptor);
    ck_assert_str_eq(text, "new");
    refuses(file_replace(scratch("absent"), to), "cannot rename");
    refuses(file_replace(to, scratch_root), "not a regular file");
    ck_assert_int_eq(file_exists(to), 1);
    refuses(file_replace(to, scratch("no/folder/here")), "cannot rename");
    ck_assert_int_eq(file_exists(to), 1);
}
END_TEST

START_TEST(test_a_picture_is_never_replaced)
{
    const char *names[] = {"a.jpg", "b.JPEG", "folder.d/c.Jpg"};
    const char *from = scratch_text("fresh", "x");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        refuses(file_check_output(names[i]), "a picture's name");
        refuses(file_replace(from, names[i]), "a picture's name");
    }
    ck_assert_ok(file_check_output(scratch("a.jpg.h5")));
    ck_assert_ok(file_check_output(scratch("jpg")));
}
END_TEST

START_TEST(test_the_folder_of_a_path)
{
    static const char *const cases[][2] = {
        {"a", "."}, {"a/b", "a"}, {"/a", "/"}, {"/a/b", "/a"}, {"./a", "."}, {"a/b/c", "a/b"},
    };
    char folder[64], tiny[3];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file_folder(cases[i][0], folder, sizeof folder);
        ck_assert_str_eq(folder, cases[i][1]);
    }
    file_folder("long/name", tiny, sizeof tiny);
    ck_assert_str_eq(tiny, "lo");
}
END_TEST

START_TEST(test_free_space_is_asked_of_the_folder)
{
    uint64_t bytes = 0;
    ck_assert_ok(file_free_bytes(scratch("not_there_yet"), &bytes));
    ck_assert_uint_gt(bytes, 0);
    refuses(file_free_bytes(scratch("no/folder"), &bytes), "cannot ask for free space");
}
END_TEST

START_TEST(test_sync_of_a_missing_file_fails)
{
    ck_assert_ok(file_sync(scratch_text("synced", "x")));
    ck_assert_ok(file_sync(scratch_root));
    refuses(file_sync(scratch("unsynced")), "No such file or directory");
}
END_TEST

START_TEST(test_a_file_written_aside_replaces_the_old_one_or_leaves_it)
{
    char text[8] = "";
    const char *path = scratch_text("aside", "old"), *part = scratch("aside.part");
    ck_assert_int_eq(mkdir(part, 0777), 0);
    refuses(file_write_aside(path, "fresh", 5), "aside.part: cannot create");
    ck_assert_int_eq(rmdir(part), 0);
    int old = open(path, O_RDONLY);
    ck_assert_ok(file_write_aside(path, "fresh", 5));
    ck_assert_ok(file_read_at(old, path, text, 3, 0));
    ck_assert_str_eq(text, "old");
    close(old);
    int fresh = open(path, O_RDONLY);
    ck_assert_ok(file_read_at(fresh, path, text, 5, 0));
    ck_assert_str_eq(text, "fresh");
    close(fresh);
    ck_assert_int_eq(file_exists(part), 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_reading_past_the_end_is_an_error_not_short_data,
        test_written_bytes_stand_where_they_were_put,
        test_asking_whether_a_file_can_be_written_changes_nothing,
        test_asking_whether_a_link_can_be_written_leaves_the_link,
        test_asking_whether_a_fifo_can_be_written_does_not_wait_for_its_reader,
        test_only_a_regular_file_is_readable,
        test_checking_a_fifo_for_reading_does_not_wait_for_its_writer,
        test_two_names_of_one_file_are_the_same,
        test_replace_moves_over_what_was_there,
        test_a_file_written_aside_replaces_the_old_one_or_leaves_it,
        test_a_picture_is_never_replaced,
        test_the_folder_of_a_path,
        test_free_space_is_asked_of_the_folder,
        test_sync_of_a_missing_file_fails,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("file", tests, 10));
}
