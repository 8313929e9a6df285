#include <string.h>

#include "eval/export.h"
#include "tests/harness.h"

START_TEST(test_file_is_the_length_the_header_and_the_slab)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"positive_class\":\"fake\"},"
        "\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3,3,3],\"data_offsets\":[0,216]},"
        "\"conv1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[216,224]},"
        "\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[1,8],\"data_offsets\":[224,256]},"
        "\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[256,260]}}";
    struct model model;
    float slab[65];
    uint8_t *bytes;
    size_t byte_count, text = strlen(header), padded = (text + 7) / 8 * 8;
    uint64_t length;
    ck_assert_ok(model_build(&model, 4, "2"));
    ck_assert_int_eq(model.parameter_count, 65);
    for (int i = 0; i < 65; i++)
        slab[i] = (float)i / 7;
    const struct export_note note = {"positive_class", "fake"};
    const struct export export = {&model, slab, &note, 1, 0};
    ck_assert_ok(safetensors_encode(&export, &bytes, &byte_count));
    memcpy(&length, bytes, 8);
    ck_assert_uint_eq(length, padded);
    ck_assert_uint_eq(byte_count, 8 + padded + sizeof slab);
    ck_assert_mem_eq(bytes + 8, header, text);
    ck_assert_mem_eq(bytes + 8 + text, "       ", padded - text);
    ck_assert_mem_eq(bytes + 8 + padded, slab, sizeof slab);
    free(bytes);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {test_file_is_the_length_the_header_and_the_slab};
    return HARNESS_RUN("safetensors", tests, 10);
}
