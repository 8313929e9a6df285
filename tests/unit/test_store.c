#include <string.h>

#include "store/ledger.h"
#include "tests/files.h"
#include "tests/sample_store.h"
#include "tests/scratch.h"

static void refuses(const char *path, const char *words)
{
    struct store *store;
    ck_assert_msg(store_open(&store, path) == STATUS_FAILED, "opened, though: %s", words);
    ck_assert_ptr_null(store);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s', not '%s'", fail_message(),
                  words);
    ck_assert_msg(strstr(fail_message(), path) != NULL, "names no file: %s", fail_message());
}

START_TEST(test_rows_read_are_the_rows_written)
{
    const char *path = scratch("whole.h5");
    struct store *store;
    sample_store(path, sample_rows);
    ck_assert_ok(store_open(&store, path));
    ck_assert_int_eq(store_image_size(store), SAMPLE_SIZE);
    ck_assert_str_eq(store_split_by(store), "video");
    ck_assert_str_eq(store_content_hash(store), "01ab0000000000000000000000000000"
                                                "00000000000000000000000000000000");
    for (int split = 0; split < SPLIT_COUNT; split++) {
        uint8_t frames[SAMPLE_ROWS_MAX * SAMPLE_ROW_BYTES];
        int64_t rows[SAMPLE_ROWS_MAX], n = sample_rows[split];
        ck_assert_int_eq(store_rows(store, split), n);
        for (int64_t i = 0; i < n; i++) {
            ck_assert_int_eq(store_labels(store, split)[i], sample_label(split, i));
            rows[i] = i;
        }
        ck_assert_ok(store_read_rows(store, split, n, rows, frames)); /* one run */
        sample_check(split, n, rows, frames);
        for (int64_t i = 0; i < n; i++) /* runs, single rows, repeated ones, backwards */
            rows[i] = i % 5 < 3 ? i : (n - 1 - i) / 2;
        ck_assert_ok(store_read_rows(store, split, n, rows, frames));
        sample_check(split, n, rows, frames);
        ck_assert_ok(store_read_rows(store, split, 0, rows, frames));
        static const int64_t twice[] = {2, 3, 3, 3, 2, 3, 1, 2, 3};
        ck_assert_ok(store_read_rows(store, split, 9, twice, frames));
        sample_check(split, 9, twice, frames);
    }
    store_close(&store);
    ck_assert_ptr_null(store);
    store_close(&store);
}
END_TEST

START_TEST(test_a_row_behind_the_last_is_not_read)
{
    const char *path = scratch("whole.h5");
    uint8_t frame[SAMPLE_ROW_BYTES];
    struct store *store;
    int64_t far = 1000000;
    sample_store(path, sample_rows);
    ck_assert_ok(store_open(&store, path));
    ck_assert_int_eq(store_read_rows(store, SPLIT_TRAIN, 1, &far, frame), STATUS_FAILED);
    store_close(&store);
}
END_TEST

START_TEST(test_names_come_back_as_they_were)
{
    const char *path = scratch("names.h5");
    struct store *store;
    struct store_names names;
    sample_store(path, sample_rows);
    ck_assert_ok(store_open(&store, path));
    for (int split = 0; split < SPLIT_COUNT; split++) {
        ck_assert_ok(store_read_names(store, split, &names));
        ck_assert_int_eq(names.video_count, SAMPLE_NAMES);
        ck_assert_int_eq(names.group_count, 1);
        for (int v = 0; v < SAMPLE_NAMES; v++)
            ck_assert_str_eq(names.videos[v], sample_names[v]);
        for (int64_t row = 0; row < sample_rows[split]; row++) {
            int32_t video = sample_video(split, row);
            ck_assert_int_eq(names.video[row], video);
            ck_assert_int_eq(names.group[row], 0);
            ck_assert_str_eq(names.source[row], sample_names[video]);
        }
        store_names_release(&names);
        store_names_release(&names);
    }
    store_close(&store);
}
END_TEST

START_TEST(test_splits_may_be_empty_and_test_may_be_absent)
{
    const char *path = scratch("empty.h5");
    static const int64_t none[SPLIT_COUNT] = {0, 0, 0}, train[SPLIT_COUNT] = {5, 0, 0};
    struct store_names names;
    struct store *store;
    sample_store(path, none);
    ck_assert_ok(store_open(&store, path));
    ck_assert_int_eq(store_rows(store, SPLIT_TRAIN), 0);
    ck_assert_ok(store_read_names(store, SPLIT_TRAIN, &names));
    store_names_release(&names);
    store_close(&store);
    sample_store(path, train);
    ck_assert_ok(store_open(&store, path));
    ck_assert_int_eq(store_rows(store, SPLIT_TRAIN), 5);
    ck_assert_int_eq(store_rows(store, SPLIT_VAL), 0);
    ck_assert_int_eq(store_rows(store, SPLIT_TEST), 0);
    store_close(&store);
}
END_TEST

START_TEST(test_a_store_cut_at_any_byte_is_refused)
{
    const char *path = scratch("cut.h5");
    sample_store(path, sample_rows);
    struct file_bytes whole = file_read(path);
    size_t step = whole.count / 500 + 1;
    for (size_t length = 0; length < whole.count; length += length < 200 ? 1 : step) {
        struct store *store;
        scratch_file("cut.h5", whole.bytes, length);
        ck_assert_msg(store_open(&store, path) == STATUS_FAILED, "opened at %zu of %zu bytes",
                      length, whole.count);
        ck_assert_ptr_nonnull(strstr(fail_message(), path));
    }
    struct store *store;
    scratch_file("cut.h5", whole.bytes, whole.count - 1);
    ck_assert_int_eq(store_open(&store, path), STATUS_FAILED);
    scratch_file("cut.h5", whole.bytes, whole.count);
    ck_assert_ok(store_open(&store, path));
    store_close(&store);
    free(whole.bytes);
}
END_TEST

START_TEST(test_what_is_no_store_is_refused)
{
    struct h5 *file;
    const char *path = scratch("foreign.h5");
    refuses(scratch("missing.h5"), "No such file or directory");
    refuses(scratch_root, "not a regular file");
    refuses(scratch_text("empty", ""), "not an HDF5 file");
    refuses(scratch_text("text", "frames, frames, frames\n"), "not an HDF5 file");
    refuses(scratch_file("magic", "\x89HDF\r\n\x1a\n", 8), "cannot open");
    ck_assert_ok(h5_create(&file, path));
    ck_assert_ok(h5_close(&file));
    refuses(path, "not a store (made by unmask-preprocess)");
    ck_assert_ok(h5_create(&file, path));
    ck_assert_ok(h5_set_text(file, "/", "format", "unmask-run"));
    ck_assert_ok(h5_close(&file));
    refuses(path, "not a store (made by unmask-preprocess)");
    ck_assert_ok(h5_create(&file, path));
    ck_assert_ok(h5_set_int(file, "/", "format", 1));
    ck_assert_ok(h5_close(&file));
    refuses(path, "not a store (made by unmask-preprocess)");
    ck_assert_ok(h5_create(&file, path));
    ck_assert_ok(h5_set_text(file, "/", "format", "unmask-store"));
    ck_assert_ok(h5_close(&file));
    refuses(path, "attribute format_version of / is missing");
}
END_TEST

/* What a store may hold wrongly; everything else about it is right. */
struct damage {
    int64_t version, image_size, frame_rows, height, label_rows, video;
    uint8_t label;
    enum h5_type frame_type, label_type;
    const char *hash;
    int without_val, without_labels, without_frames, without_hash, source_rows;
};

static const struct damage none = {.version = STORE_FORMAT_VERSION,
                                   .image_size = 4,
                                   .frame_rows = 3,
                                   .height = 4,
                                   .label_rows = 3,
                                   .source_rows = 3,
                                   .label = 1,
                                   .frame_type = H5_UINT8,
                                   .label_type = H5_UINT8,
                                   .hash = "0123456789abcdef0123456789abcdef"
                                           "0123456789abcdef0123456789abcdef"};

static void write_split(struct h5 *file, const char *split, const struct damage *d)
{
    static const char *const words[] = {"a", "b", "c", "d"};
    const int64_t dims[4] = {d->frame_rows, d->height, 4, 3}, three = 3;
    const uint8_t labels[4] = {0, d->label, 0, 1};
    const int32_t videos[3] = {0, 0, (int32_t)d->video}, groups[3] = {0};
    const float floats[4] = {0, 0.5f, 0, 1};
    char name[32];
    snprintf(name, sizeof name, "/%s/frames", split);
    if (!d->without_frames)
        ck_assert_ok(h5_reserve(file, name, d->frame_type, 4, dims));
    snprintf(name, sizeof name, "/%s/labels", split);
    if (!d->without_labels)
        ck_assert_ok(h5_write(file, name, d->label_type, 1, &d->label_rows,
                              d->label_type == H5_UINT8 ? (const void *)labels : floats));
    snprintf(name, sizeof name, "/%s/source", split);
    ck_assert_ok(h5_write_strings(file, name, d->source_rows, words));
    snprintf(name, sizeof name, "/%s/video", split);
    ck_assert_ok(h5_write(file, name, H5_INT32, 1, &three, videos));
    snprintf(name, sizeof name, "/%s/group", split);
    ck_assert_ok(h5_write(file, name, H5_INT32, 1, &three, groups));
}

static const char *damaged(const struct damage *d)
{
    static const char *const one[] = {"x"};
    const char *path = scratch("damaged.h5");
    struct h5 *file;
    ck_assert_ok(h5_create(&file, path));
    ck_assert_ok(h5_set_text(file, "/", "format", "unmask-store"));
    ck_assert_ok(h5_set_int(file, "/", "format_version", d->version));
    ck_assert_ok(h5_set_int(file, "/", "image_size", d->image_size));
    if (!d->without_hash)
        ck_assert_ok(h5_set_text(file, "/", "content_hash", d->hash));
    ck_assert_ok(h5_set_text(file, "/", "split_by", "frame"));
    write_split(file, "train", d);
    if (!d->without_val)
        write_split(file, "val", &none);
    ck_assert_ok(h5_write_strings(file, "/videos", 1, one));
    ck_assert_ok(h5_write_strings(file, "/groups", 1, one));
    ck_assert_ok(h5_close(&file));
    return path;
}

/* d: all is right but this one thing. */
#define BUT(field, value) (d = none, d.field = value)

START_TEST(test_every_wrong_part_is_refused_and_named)
{
    struct damage d = none;
    struct store *store;
    ck_assert_ok(store_open(&store, damaged(&d))); /* whole so far */
    store_close(&store);
    BUT(version, 2);
    refuses(damaged(&d), "format version 2, this program reads 1");
    BUT(version, 0);
    refuses(damaged(&d), "format version 0");
    BUT(image_size, 0);
    refuses(damaged(&d), "image_size 0 makes no sense");
    BUT(image_size, -4);
    refuses(damaged(&d), "image_size -4 makes no sense");
    BUT(image_size, INT64_C(1) << 40);
    refuses(damaged(&d), "makes no sense");
    BUT(image_size, 8);
    refuses(damaged(&d), "/train/frames is not (N,8,8,3)");
    BUT(height, 5);
    refuses(damaged(&d), "/train/frames is not (N,4,4,3)");
    BUT(frame_type, H5_FLOAT32);
    refuses(damaged(&d), "/train/frames is not of the expected type");
    BUT(frame_type, H5_INT32);
    refuses(damaged(&d), "/train/frames is not of the expected type");
    BUT(frame_rows, 4);
    refuses(damaged(&d), "/train/labels has 3 entries in dimension 0, expected 4");
    BUT(label_rows, 2);
    refuses(damaged(&d), "/train/labels has 2 entries in dimension 0, expected 3");
    BUT(label, 2);
    refuses(damaged(&d), "label 2 in row 1 is neither 0 nor 1");
    BUT(label, 255);
    refuses(damaged(&d), "label 255 in row 1 is neither 0 nor 1");
    BUT(label_type, H5_FLOAT32); /* 0.5 is no label, and must not be read as 0 */
    refuses(damaged(&d), "/train/labels");
    BUT(label_type, H5_INT32); /* -1 is no label, either */
    refuses(damaged(&d), "/train/labels is not of the expected type");
    BUT(without_labels, 1);
    refuses(damaged(&d), "/train/labels is missing");
    BUT(without_frames, 1);
    refuses(damaged(&d), "/train/frames is missing");
    BUT(without_val, 1);
    refuses(damaged(&d), "/val/frames is missing");
    BUT(hash, "0123");
    refuses(damaged(&d), "content_hash is no SHA-256");
    BUT(without_hash, 1);
    refuses(damaged(&d), "attribute content_hash of / is missing");
}
END_TEST

START_TEST(test_names_that_do_not_fit_the_rows_are_refused)
{
    struct damage d;
    struct store_names names;
    struct store *store;
    static const int videos[] = {1, -1};
    for (int i = 0; i < 3; i++) {
        d = none;
        if (i < 2)
            d.video = videos[i];
        else
            d.source_rows = 4;
        ck_assert_ok(store_open(&store, damaged(&d)));
        ck_assert_int_eq(store_read_names(store, SPLIT_TRAIN, &names), STATUS_FAILED);
        ck_assert_ptr_nonnull(strstr(fail_message(), scratch("damaged.h5")));
        ck_assert_ptr_nonnull(
            strstr(fail_message(), i < 2 ? "points at no name" : "4 names for 3"));
        ck_assert_ptr_null(names.source);
        ck_assert_ok(store_read_names(store, SPLIT_VAL, &names));
        store_names_release(&names);
        store_close(&store);
    }
}
END_TEST

START_TEST(test_members_of_the_ledger_are_found_by_name)
{
    const char *path = scratch("whole.h5");
    struct h5 *file;
    double *bytes, *sharpness, *absent;
    char *paths;
    int64_t count;
    size_t stride;
    sample_store(path, sample_rows);
    ck_assert_ok(h5_open(&file, path));
    ck_assert_ok(ledger_read_numbers(file, "bytes", &count, &bytes));
    ck_assert_int_eq(count, 2);
    ck_assert(bytes[0] == 12345 && bytes[1] == 7);
    ck_assert_ok(ledger_read_numbers(file, "sharpness", &count, &sharpness));
    ck_assert(sharpness[0] == 0.25 && sharpness[1] == 0);
    ck_assert_ok(ledger_read_texts(file, "path", &count, &stride, &paths));
    ck_assert_str_eq(paths, "real/v01_1.jpg");
    ck_assert_str_eq(paths + stride, "fake/\xc3\xa9.jpg");
    ck_assert_ok(ledger_read_numbers(file, "colour", &count, &absent));
    ck_assert_ptr_null(absent);
    ck_assert_int_eq(ledger_read_numbers(file, "path", &count, &absent), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "path"));
    free(bytes);
    free(sharpness);
    free(paths);
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_a_failed_creation_says_why)
{
    const struct store_contents contents = {.image_size = 4, .split_by = "frame", .input_root = ""};
    const struct provenance provenance = sample_provenance();
    ck_assert_int_eq(store_create(scratch("no/folder/s.h5"), &contents, &provenance),
                     STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "No such file or directory"));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_rows_read_are_the_rows_written,
        test_a_row_behind_the_last_is_not_read,
        test_names_come_back_as_they_were,
        test_splits_may_be_empty_and_test_may_be_absent,
        test_a_store_cut_at_any_byte_is_refused,
        test_what_is_no_store_is_refused,
        test_every_wrong_part_is_refused_and_named,
        test_names_that_do_not_fit_the_rows_are_refused,
        test_members_of_the_ledger_are_found_by_name,
        test_a_failed_creation_says_why,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("store", tests, 30));
}
