/* dump_pixels SIZE < list of paths > table: what unmask makes of each file, for comparing with
 * Pillow (tests/golden/compare_pillow.py). One line per file, tab-separated:
 *     verdict width height quality subsampling orientation sha256(decoded) sha256(resized) reason
 * where resized is SIZE x SIZE; "-" stands for what a rejected file does not have. */
#include "base/status.h"
#include "image/image.h"
#include "tests/files.h"

#include <openssl/evp.h>
#include <string.h>

static void print_hash(const uint8_t *bytes, size_t byte_count)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    EVP_Digest(bytes, byte_count, digest, &digest_bytes, EVP_sha256(), NULL);
    for (unsigned i = 0; i < digest_bytes; i++)
        printf("%02x", digest[i]);
    putchar('\t');
}

static int dump_file(const char *path, int size, struct resizer *resizer, struct image *image,
                     uint8_t *resized)
{
    static const char *const verdicts[] = {"accepted", "warned", "rejected"};
    struct image_facts facts;
    struct file_bytes file = file_read(path);
    int status = image_decode(file.bytes, file.count, image, &facts);
    free(file.bytes);
    TRY(status);
    printf("%s\t%d\t%d\t%d\t%s\t%d\t", verdicts[facts.verdict], facts.width, facts.height,
           facts.quality, facts.subsampling[0] ? facts.subsampling : "-", facts.orientation);
    if (facts.verdict == VERDICT_REJECTED) {
        printf("-\t-\t");
    } else {
        TRY(image_resize(resizer, image, size, size, resized));
        print_hash(image->pixels, (size_t)image->width * image->height * 3);
        print_hash(resized, (size_t)size * size * 3);
    }
    printf("%s\n", facts.reason[0] ? facts.reason : "-");
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    int size = argc == 2 ? atoi(argv[1]) : 0;
    if (size < 1 || size > 10000) {
        fprintf(stderr, "usage: dump_pixels SIZE < list-of-paths\n");
        return 2;
    }
    char path[4096];
    struct image image = {0};
    struct resizer *resizer = NULL;
    uint8_t *resized = malloc((size_t)size * size * 3);
    int status = resized ? resizer_create(&resizer) : fail(STATUS_FAILED, "out of memory");
    while (status >= 0 && fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        status = dump_file(path, size, resizer, &image, resized);
    }
    if (status < 0)
        fprintf(stderr, "dump_pixels: %s\n", fail_message());
    resizer_destroy(&resizer);
    image_release(&image);
    free(resized);
    return -status;
}
