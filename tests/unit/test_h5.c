#include <math.h>
#include <string.h>

#include "store/h5_inside.h"
#include "tests/harness.h"
#include "tests/scratch.h"

static struct h5 *begin(const char *name)
{
    struct h5 *file;
    ck_assert_ok(h5_create(&file, scratch(name)));
    return file;
}

/* Closes what was written and opens it for reading. */
static struct h5 *turn(struct h5 *file, const char *name)
{
    ck_assert_ok(h5_close(&file));
    ck_assert_ptr_null(file);
    ck_assert_ok(h5_open(&file, scratch(name)));
    return file;
}

static void fails(int status, const char *words)
{
    ck_assert_int_eq(status, STATUS_FAILED);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s', not '%s'", fail_message(),
                  words);
    ck_assert_msg(strstr(fail_message(), ".h5: ") != NULL, "names no file: %s", fail_message());
}

START_TEST(test_numbers_of_every_type_and_rank_come_back_bit_for_bit)
{
    static const uint8_t bytes[6] = {0, 1, 127, 128, 254, 255};
    static const int32_t ints[2] = {INT32_MIN, INT32_MAX};
    static const int64_t longs[2] = {INT64_MIN, INT64_MAX};
    const float floats[4] = {-0.0f, INFINITY, 1e-45f, NAN};
    const double doubles[2] = {-0.0, 5e-324};
    const int64_t shape[3] = {1, 2, 3}, two = 2, square[2] = {2, 2};
    char back[64];
    struct h5 *file = begin("numbers.h5");
    ck_assert_ok(h5_write(file, "/a/b/c/bytes", H5_UINT8, 3, shape, bytes));
    ck_assert_ok(h5_write(file, "/a/ints", H5_INT32, 1, &two, ints));
    ck_assert_ok(h5_write(file, "/longs", H5_INT64, 1, &two, longs));
    ck_assert_ok(h5_write(file, "/a/b/floats", H5_FLOAT32, 2, square, floats));
    ck_assert_ok(h5_write(file, "/doubles", H5_FLOAT64, 1, &two, doubles));
    ck_assert_ok(h5_write(file, "/scalar", H5_INT64, 0, NULL, &longs[1]));
    file = turn(file, "numbers.h5");
    ck_assert_ok(h5_read(file, "/a/b/c/bytes", H5_UINT8, 3, shape, back));
    ck_assert_mem_eq(back, bytes, sizeof bytes);
    ck_assert_ok(h5_read(file, "/a/ints", H5_INT32, 1, &two, back));
    ck_assert_mem_eq(back, ints, sizeof ints);
    ck_assert_ok(h5_read(file, "/longs", H5_INT64, 1, &two, back));
    ck_assert_mem_eq(back, longs, sizeof longs);
    ck_assert_ok(h5_read(file, "/a/b/floats", H5_FLOAT32, 2, square, back));
    ck_assert_mem_eq(back, floats, sizeof floats);
    ck_assert_ok(h5_read(file, "/doubles", H5_FLOAT64, 1, &two, back));
    ck_assert_mem_eq(back, doubles, sizeof doubles);
    ck_assert_ok(h5_read(file, "/scalar", H5_INT64, 0, NULL, back));
    ck_assert_mem_eq(back, &longs[1], 8);
    ck_assert_ok(h5_read(file, "/a/ints", H5_INT64, 1, &two, back)); /* widened */
    ck_assert_int_eq(((int64_t *)(void *)back)[0], INT32_MIN);
    ck_assert_ok(h5_read(file, "/a/ints", H5_FLOAT64, 1, &two, back));
    ck_assert(((double *)(void *)back)[0] == INT32_MIN);
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_empty_datasets_are_datasets)
{
    const int64_t empty[2] = {0, 5};
    int64_t dims[2], count, offset;
    size_t stride;
    char *strings;
    struct h5 *file = begin("empty.h5");
    ck_assert_ok(h5_write(file, "/none", H5_FLOAT32, 2, empty, NULL));
    ck_assert_ok(h5_write_strings(file, "/no_strings", 0, NULL));
    file = turn(file, "empty.h5");
    ck_assert_ok(h5_dims(file, "/none", 2, dims));
    ck_assert(dims[0] == 0 && dims[1] == 5);
    ck_assert_ok(h5_read(file, "/none", H5_FLOAT32, 2, empty, NULL));
    ck_assert_ok(h5_offset(file, "/none", H5_FLOAT32, &offset));
    ck_assert_ok(h5_read_strings(file, "/no_strings", &count, &stride, &strings));
    ck_assert_int_eq(count, 0);
    free(strings);
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_what_is_not_as_expected_is_refused_by_name)
{
    static const char *const words[] = {"one", "two"};
    const int64_t two = 2, three = 3, flat[2] = {2, 1};
    const float floats[2] = {0.5f, 1};
    char *text;
    char back[64];
    int64_t dims[2], count;
    size_t stride;
    struct h5 *file = begin("expected.h5");
    ck_assert_ok(h5_write(file, "/group/floats", H5_FLOAT32, 1, &two, floats));
    ck_assert_ok(h5_write(file, "/group/ints", H5_INT32, 1, &two, floats));
    ck_assert_ok(h5_write_strings(file, "/strings", 2, words));
    hid_t empty = H5Screate(H5S_NULL);
    H5Dclose(H5Dcreate2(file->id, "/null", H5T_NATIVE_INT64, empty, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Sclose(empty);
    hsize_t many = 1000000000; /* never written: a file that claims more than it has */
    hid_t claim = H5Screate_simple(1, &many, NULL);
    H5Dclose(
        H5Dcreate2(file->id, "/claim", H5T_C_S1, claim, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(claim);
    ck_assert_int_ge(H5Lcreate_soft("/nowhere", file->id, "/dangling", H5P_DEFAULT, H5P_DEFAULT),
                     0);
    file = turn(file, "expected.h5");
    fails(h5_read(file, "/missing", H5_INT32, 1, &two, back), "/missing is missing");
    fails(h5_read(file, "/group/missing/x", H5_INT32, 1, &two, back), "missing/x is missing");
    fails(h5_read(file, "/strings/x", H5_INT32, 1, &two, back), "/strings/x is missing");
    fails(h5_read(file, "/dangling", H5_INT32, 1, &two, back), "/dangling: cannot open");
    fails(h5_read(file, "/group", H5_INT32, 1, &two, back), "/group: cannot open the dataset");
    fails(h5_read(file, "/group/floats", H5_FLOAT32, 1, &three, back),
          "/group/floats has 2 entries in dimension 0, expected 3");
    fails(h5_read(file, "/group/floats", H5_FLOAT32, 2, flat, back),
          "/group/floats has 1 dimensions, expected 2");
    fails(h5_read(file, "/group/floats", H5_FLOAT32, 0, NULL, back), "has 1 dimensions");
    fails(h5_read(file, "/null", H5_INT64, 0, NULL, back), "/null holds no values");
    fails(h5_dims(file, "/group/floats", 2, dims), "has 1 dimensions, expected 2");
    fails(h5_read(file, "/group/floats", H5_INT32, 1, &two, back), "not of the expected type");
    fails(h5_read(file, "/strings", H5_FLOAT32, 1, &two, back), "not of the expected type");
    fails(h5_read(file, "/strings", H5_UINT8, 1, &two, back), "not of the expected type");
    fails(h5_read_strings(file, "/group/ints", &count, &stride, &text), "no fixed-length strings");
    fails(h5_read_strings(file, "/missing", &count, &stride, &text), "/missing is missing");
    fails(h5_read_strings(file, "/claim", &count, &stride, &text), "damaged: /claim claims");
    fails(h5_dims(file, "/claim", 1, dims), "damaged: /claim claims");
    fails(h5_read(file, "/group/ints", H5_UINT8, 1, &two, back), "not of the expected type");
    ck_assert_ptr_null(text);
    ck_assert_int_eq(h5_exists(file, "/group/floats"), 1);
    ck_assert_int_eq(h5_exists(file, "/group"), 1);
    ck_assert_int_eq(h5_exists(file, "/"), 1);
    ck_assert_int_eq(h5_exists(file, "/group/nothing/below"), 0);
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_only_values_stored_contiguously_have_an_offset)
{
    const hsize_t extent[1] = {8};
    const int64_t eight = 8;
    int64_t offset;
    struct h5 *file = begin("offset.h5");
    ck_assert_ok(h5_reserve(file, "/reserved", H5_UINT8, 1, &eight));
    hid_t space = H5Screate_simple(1, extent, NULL), chunks = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunks, 1, extent);
    H5Dclose(H5Dcreate2(file->id, "/chunked", H5T_NATIVE_UINT8, space, H5P_DEFAULT, chunks,
                        H5P_DEFAULT)); /* never written: no storage, so no bytes to be wrong */
    H5Dclose(H5Dcreate2(file->id, "/late", H5T_NATIVE_UINT8, space, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Pclose(chunks);
    H5Sclose(space);
    file = turn(file, "offset.h5");
    ck_assert_ok(h5_offset(file, "/reserved", H5_UINT8, &offset));
    ck_assert_int_gt(offset, 0);
    fails(h5_offset(file, "/reserved", H5_INT32, &offset), "not of the expected type");
    fails(h5_offset(file, "/chunked", H5_UINT8, &offset), "not stored contiguously");
    fails(h5_offset(file, "/late", H5_UINT8, &offset), "not stored contiguously");
    fails(h5_offset(file, "/missing", H5_UINT8, &offset), "cannot open the dataset");
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_strings_of_any_utf8_come_back)
{
    static const char *const strings[] = {"", "a", "line\nbreak\ttab", "\xc3\xa9\xe6\x98\xa0",
                                          "the longest of them all: \xf0\x9f\x8e\x9e"};
    enum { COUNT = sizeof strings / sizeof strings[0], LONG = 100000 };
    static const char *const all_empty[] = {"", ""};
    char *back, *text = malloc(LONG + 1);
    int64_t count;
    size_t stride;
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    struct h5 *file = begin("strings.h5");
    ck_assert_ok(h5_write_strings(file, "/names/all", COUNT, strings));
    ck_assert_ok(h5_write_strings(file, "/names/empty", 2, all_empty));
    ck_assert_ok(h5_write_text(file, "/names/text", text));
    ck_assert_ok(h5_write_text(file, "/names/no_text", ""));
    file = turn(file, "strings.h5");
    ck_assert_ok(h5_read_strings(file, "/names/all", &count, &stride, &back));
    ck_assert_int_eq(count, COUNT);
    for (int i = 0; i < COUNT; i++)
        ck_assert_str_eq(back + (size_t)i * stride, strings[i]);
    free(back);
    ck_assert_ok(h5_read_strings(file, "/names/empty", &count, &stride, &back));
    ck_assert_int_eq(count, 2);
    ck_assert(back[0] == '\0' && back[stride] == '\0');
    free(back);
    ck_assert_ok(h5_read_strings(file, "/names/text", &count, &stride, &back));
    ck_assert_str_eq(back, text);
    free(back);
    ck_assert_ok(h5_read_strings(file, "/names/no_text", &count, &stride, &back));
    ck_assert_str_eq(back, "");
    free(back);
    free(text);
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_an_attribute_that_exists_is_replaced)
{
    static const char *const classes[] = {"real", "fake"};
    char text[32];
    int64_t integer;
    double real;
    struct h5 *file = begin("attributes.h5");
    ck_assert_ok(h5_set_text(file, "/", "a", "a long first value"));
    ck_assert_ok(h5_set_text(file, "/", "a", "\xc3\xa9"));
    ck_assert_ok(h5_set_int(file, "/", "b", 1));
    ck_assert_ok(h5_set_int(file, "/", "b", INT64_MIN));
    ck_assert_ok(h5_set_text(file, "/", "c", "text, then a number"));
    ck_assert_ok(h5_set_double(file, "/", "c", 0.1));
    ck_assert_ok(h5_set_text(file, "/made/here", "empty", ""));
    ck_assert_ok(h5_set_texts(file, "/", "classes", 2, classes));
    ck_assert_ok(h5_get_text(file, "/", "a", text, sizeof text)); /* while writing, too */
    file = turn(file, "attributes.h5");
    ck_assert_ok(h5_get_text(file, "/", "a", text, sizeof text));
    ck_assert_str_eq(text, "\xc3\xa9");
    ck_assert_ok(h5_get_int(file, "/", "b", &integer));
    ck_assert(integer == INT64_MIN);
    ck_assert_ok(h5_get_double(file, "/", "c", &real));
    ck_assert(real == 0.1);
    ck_assert_ok(h5_get_text(file, "/made/here", "empty", text, sizeof text));
    ck_assert_str_eq(text, "");
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_an_attribute_of_another_kind_or_length_is_refused)
{
    static const char *const classes[] = {"real", "fake"};
    char text[8];
    int64_t integer;
    double real;
    struct h5 *file = begin("kinds.h5");
    ck_assert_ok(h5_set_text(file, "/", "seven", "1234567"));
    ck_assert_ok(h5_set_text(file, "/", "eight", "12345678"));
    ck_assert_ok(h5_set_int(file, "/", "integer", 3));
    ck_assert_ok(h5_set_double(file, "/", "real", 3));
    ck_assert_ok(h5_set_texts(file, "/", "classes", 2, classes));
    file = turn(file, "kinds.h5");
    ck_assert_ok(h5_get_text(file, "/", "seven", text, sizeof text));
    ck_assert_str_eq(text, "1234567");
    fails(h5_get_text(file, "/", "eight", text, sizeof text), "eight is not what it should be");
    fails(h5_get_text(file, "/", "integer", text, sizeof text), "is not what it should be");
    fails(h5_get_text(file, "/", "classes", text, sizeof text), "is not what it should be");
    fails(h5_get_int(file, "/", "real", &integer), "is not what it should be");
    fails(h5_get_int(file, "/", "seven", &integer), "is not what it should be");
    fails(h5_get_double(file, "/", "integer", &real), "is not what it should be");
    fails(h5_get_int(file, "/", "missing", &integer), "attribute missing of / is missing");
    fails(h5_get_int(file, "/no/object", "x", &integer), "attribute x of /no/object is missing");
    ck_assert_ok(h5_close(&file));
}
END_TEST

START_TEST(test_a_name_is_written_once_and_create_begins_anew)
{
    const int64_t two = 2;
    const int32_t values[2] = {1, 2};
    struct h5 *file = begin("once.h5");
    ck_assert_ok(h5_write(file, "/x", H5_INT32, 1, &two, values));
    fails(h5_write(file, "/x", H5_INT32, 1, &two, values), "/x: cannot create the dataset");
    fails(h5_write(file, "/x/y", H5_INT32, 1, &two, values), "/x/y: cannot create the dataset");
    ck_assert_ok(h5_close(&file));
    ck_assert_ok(h5_close(&file)); /* NULL */
    file = begin("once.h5");
    ck_assert_int_eq(h5_exists(file, "/x"), 0);
    ck_assert_ok(h5_close(&file));
    ck_assert_ok(h5_open(&file, scratch("once.h5")));
    fails(h5_write(file, "/x", H5_INT32, 1, &two, values), "cannot create"); /* read-only */
    ck_assert_ok(h5_close(&file));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_numbers_of_every_type_and_rank_come_back_bit_for_bit,
        test_empty_datasets_are_datasets,
        test_what_is_not_as_expected_is_refused_by_name,
        test_only_values_stored_contiguously_have_an_offset,
        test_strings_of_any_utf8_come_back,
        test_an_attribute_that_exists_is_replaced,
        test_an_attribute_of_another_kind_or_length_is_refused,
        test_a_name_is_written_once_and_create_begins_anew,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("h5", tests, 20));
}
