/* SHA-256, by libcrypto. What fails on the way is remembered and shows at the end. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };

struct sha256 {
    void *context; /* libcrypto's */
    int failed;
};

struct sha256 sha256_begin(void);
void sha256_add(struct sha256 *hash, const void *data, size_t bytes);
/* The digest of what was added so far; more may follow. */
void sha256_so_far(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);
/* Ends the hash and frees it; its status is that of all the calls. */
int sha256_end(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);

/* The digest as 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(const uint8_t digest[SHA256_BYTES], char hex[SHA256_HEX_BYTES]);

/* 1 if text is 64 such digits. */
int sha256_is_hex(const char *text);

#endif
