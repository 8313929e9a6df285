/* From a file's name to a row of pixels: what preprocess and eval must do alike. */
#include "image/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "image/facts.h"

struct image_loader {
    int image_size;
    struct resizer *resizer;
    struct image image;
    uint8_t *input; /* the file's bytes */
    size_t input_capacity;
};

int image_loader_create(struct image_loader **out, int image_size)
{
    struct image_loader *loader = *out = memory_zeroed(1, sizeof *loader, "image loader");
    if (!loader)
        return STATUS_FAILED;
    loader->image_size = image_size;
    int status = resizer_create(&loader->resizer);
    if (status < 0)
        image_loader_destroy(out);
    return status;
}

void image_loader_destroy(struct image_loader **out)
{
    struct image_loader *loader = *out;
    if (!loader)
        return;
    resizer_destroy(&loader->resizer);
    image_release(&loader->image);
    free(loader->input);
    free(loader);
    *out = NULL;
}

/* What cannot be read is a rejected file, not a failed run. */
static int reject(struct image_facts *facts, const char *what, const char *why)
{
    snprintf(facts->reason, sizeof facts->reason, "%s%s%s", what, *why ? ": " : "", why);
    return 0;
}

/* Of a file that is too large to be a frame only what tells its kind is read. */
enum { FILE_BYTES_MAX = 1 << 28, HEAD_BYTES = 64 };

static int read_file(struct image_loader *loader, int descriptor, const char *path,
                     struct image_facts *facts, int64_t file_bytes)
{
    size_t bytes = file_bytes > FILE_BYTES_MAX ? HEAD_BYTES : (size_t)file_bytes;
    if (bytes > loader->input_capacity) {
        void *grown = memory_resized(loader->input, bytes, 1, path);
        if (!grown)
            return STATUS_FAILED;
        loader->input = grown;
        loader->input_capacity = bytes;
    }
    errno = 0;
    if (file_read_at(descriptor, path, loader->input, bytes, 0) < 0)
        return reject(facts, "cannot read", errno ? strerror(errno) : "it shrank meanwhile");
    if (file_bytes > FILE_BYTES_MAX && facts_begin_jpeg(loader->input, bytes))
        return reject(facts, "larger than 256 MB", "");
    return image_decode(loader->input, bytes, &loader->image, facts);
}

/* Opened without blocking: a FIFO named x.jpg must not stop the night. */
static int decode_file(struct image_loader *loader, const char *path, struct image_facts *facts,
                       int64_t *bytes)
{
    struct stat known;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), status;
    if (descriptor < 0)
        return reject(facts, "cannot open", strerror(errno));
    if (fstat(descriptor, &known) < 0) {
        status = reject(facts, "cannot read", strerror(errno));
    } else if (!S_ISREG(known.st_mode)) {
        status = reject(facts, "not a regular file", "");
    } else {
        *bytes = known.st_size;
        status = read_file(loader, descriptor, path, facts, known.st_size);
    }
    close(descriptor);
    return status;
}

int image_load(struct image_loader *loader, const char *path, uint8_t *row,
               struct image_facts *facts, int64_t *bytes)
{
    *bytes = 0;
    *facts = (struct image_facts){.verdict = VERDICT_REJECTED};
    TRY(decode_file(loader, path, facts, bytes));
    if (facts->verdict == VERDICT_REJECTED)
        return 0;
    return image_resize(loader->resizer, &loader->image, loader->image_size, loader->image_size,
                        row);
}
