#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

/* libcrypto's context under our name. */
#define CONTEXT(hash) ((EVP_MD_CTX *)(hash))

int sha256_begin(struct sha256 **hash)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *hash = (struct sha256 *)context;
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        *hash = NULL;
        return fail(STATUS_FAILED, "libcrypto offers no SHA-256");
    }
    return 0;
}

int sha256_add(struct sha256 *hash, const void *data, size_t bytes)
{
    if (EVP_DigestUpdate(CONTEXT(hash), data, bytes) != 1)
        return fail(STATUS_FAILED, "libcrypto: SHA-256 failed");
    return 0;
}

int sha256_so_far(const struct sha256 *hash, uint8_t digest[SHA256_BYTES])
{
    struct sha256 *copy;
    TRY(sha256_begin(&copy));
    int copied = EVP_MD_CTX_copy_ex(CONTEXT(copy), (const EVP_MD_CTX *)hash);
    TRY(sha256_end(&copy, digest));
    return copied == 1 ? 0 : fail(STATUS_FAILED, "libcrypto: SHA-256 failed");
}

int sha256_end(struct sha256 **hash, uint8_t digest[SHA256_BYTES])
{
    int ended = EVP_DigestFinal_ex(CONTEXT(*hash), digest, NULL);
    EVP_MD_CTX_free(CONTEXT(*hash));
    *hash = NULL;
    return ended == 1 ? 0 : fail(STATUS_FAILED, "libcrypto: SHA-256 failed");
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
