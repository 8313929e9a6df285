/* What the tests of decoding and resizing share: the files and tables in tests/golden/image, which
 * tests/golden/make_image.py made with Pillow. */
#ifndef TESTS_UNIT_IMAGE_GOLDEN_H
#define TESTS_UNIT_IMAGE_GOLDEN_H

#include "tests/files.h"
#include "tests/harness.h"

#include <openssl/evp.h>
#include <string.h>

#define GOLDEN_FOLDER "tests/golden/image/"

enum { SHA256_HEX_BYTES = 65 };

static inline void hash_bytes(const uint8_t *bytes, size_t byte_count, char hex[SHA256_HEX_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    ck_assert_int_eq(EVP_Digest(bytes, byte_count, digest, &digest_bytes, EVP_sha256(), NULL), 1);
    for (unsigned i = 0; i < digest_bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static inline struct file_bytes golden_read(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, GOLDEN_FOLDER "%s", name);
    return file_read(path);
}

/* Calls check(fields) for every line of a table, split at tabs; returns how many there were. */
static inline int golden_each(const char *table, int field_count, void (*check)(char **fields))
{
    struct file_bytes file = golden_read(table);
    int lines = 0;
    char *text = (char *)file.bytes, *end = text + file.count;
    while (text < end) {
        char *fields[16];
        ck_assert_int_le(field_count, 16);
        for (int i = 0; i < field_count; i++) {
            fields[i] = text;
            text = memchr(text, i + 1 < field_count ? '\t' : '\n', (size_t)(end - text));
            ck_assert_msg(text, "%s: line %d is cut", table, lines + 1);
            *text++ = '\0';
        }
        check(fields);
        lines++;
    }
    free(file.bytes);
    return lines;
}

#endif
