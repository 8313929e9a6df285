#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

struct sha256 sha256_begin(void)
{
    struct sha256 hash = {.context = EVP_MD_CTX_new()};
    hash.failed = !hash.context || EVP_DigestInit_ex(hash.context, EVP_sha256(), NULL) != 1;
    return hash;
}

void sha256_add(struct sha256 *hash, const void *data, size_t bytes)
{
    hash->failed = hash->failed || EVP_DigestUpdate(hash->context, data, bytes) != 1;
}

void sha256_so_far(struct sha256 *hash, uint8_t digest[SHA256_BYTES])
{
    struct sha256 copy = sha256_begin();
    copy.failed =
        copy.failed || hash->failed || EVP_MD_CTX_copy_ex(copy.context, hash->context) != 1;
    hash->failed = sha256_end(&copy, digest) < 0;
}

int sha256_end(struct sha256 *hash, uint8_t digest[SHA256_BYTES])
{
    int failed = hash->failed || EVP_DigestFinal_ex(hash->context, digest, NULL) != 1;
    EVP_MD_CTX_free(hash->context);
    return failed ? fail(STATUS_FAILED, "libcrypto: SHA-256 failed") : 0;
}

void sha256_hex(const uint8_t digest[SHA256_BYTES], char hex[SHA256_HEX_BYTES])
{
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

int sha256_is_hex(const char *text)
{
    size_t length = strspn(text, "0123456789abcdef");
    return length == SHA256_HEX_BYTES - 1 && !text[length];
}
