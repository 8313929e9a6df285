#include "store/store.h"

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
#include "store/h5.h"

struct store {
    char path[4096];
    int descriptor;
    int image_size;
    int64_t row_bytes;
    char content_hash[SHA256_HEX_BYTES];
    char split_by[16];
    struct store_split {
        int64_t rows;
        int64_t offset; /* of the frames, in the file */
        uint8_t *labels;
    } splits[SPLIT_COUNT];
};

const char *split_name(enum split split)
{
    static const char *const names[] = {"train", "val", "test", "none"};
    return names[split];
}

enum split split_named(const char *name)
{
    enum split split = SPLIT_TRAIN;
    while (split < SPLIT_NONE && strcmp(name, split_name(split)) != 0)
        split++;
    return split;
}

static int open_split(struct store *store, struct h5 *file, enum split split, int64_t file_bytes)
{
    struct store_split *s = &store->splits[split];
    char name[32];
    int64_t dims[4];
    snprintf(name, sizeof name, "/%s", split_name(split));
    if (split == SPLIT_TEST && !h5_exists(file, name))
        return 0; /* only there when asked for */
    snprintf(name, sizeof name, "/%s/frames", split_name(split));
    TRY(h5_dims(file, name, 4, dims));
    if (dims[1] != store->image_size || dims[2] != store->image_size || dims[3] != 3)
        return fail(STATUS_FAILED, "%s: %s is not (N,%d,%d,3)", store->path, name,
                    store->image_size, store->image_size);
    s->rows = dims[0];
    TRY(h5_offset(file, name, H5_UINT8, &s->offset));
    if (s->offset > file_bytes || s->rows > (file_bytes - s->offset) / store->row_bytes)
        return fail(STATUS_FAILED, "%s: shorter than its contents; the file was cut", store->path);
    s->labels = memory_zeroed((size_t)s->rows, 1, "labels");
    if (!s->labels)
        return STATUS_FAILED;
    snprintf(name, sizeof name, "/%s/labels", split_name(split));
    TRY(h5_read(file, name, H5_UINT8, 1, &s->rows, s->labels));
    for (int64_t i = 0; i < s->rows; i++)
        if (s->labels[i] > 1)
            return fail(STATUS_FAILED, "%s: %s: label %d in row %lld is neither 0 nor 1",
                        store->path, name, s->labels[i], (long long)i);
    return 0;
}

static int read_facts(struct store *store, struct h5 *file)
{
    int64_t image_size;
    struct stat facts;
    TRY(h5_check_format(file, "unmask-store", STORE_FORMAT_VERSION,
                        "a store (made by unmask-preprocess)"));
    TRY(h5_get_int(file, "/", "image_size", &image_size));
    if (image_size < 1 || image_size > 65536)
        return fail(STATUS_FAILED, "%s: image_size %lld makes no sense", store->path,
                    (long long)image_size);
    store->image_size = (int)image_size;
    store->row_bytes = image_size * image_size * 3;
    TRY(h5_get_text(file, "/", "content_hash", store->content_hash, sizeof store->content_hash));
    if (!sha256_is_hex(store->content_hash))
        return fail(STATUS_FAILED, "%s: content_hash is no SHA-256", store->path);
    TRY(h5_get_text(file, "/", "split_by", store->split_by, sizeof store->split_by));
    if (fstat(store->descriptor, &facts) < 0)
        return fail(STATUS_FAILED, "%s: %s", store->path, strerror(errno));
    for (int split = 0; split < SPLIT_COUNT; split++)
        TRY(open_split(store, file, split, facts.st_size));
    return 0;
}

int store_open(struct store **out, const char *path)
{
    struct h5 *file = NULL;
    struct store *store = memory_zeroed(1, sizeof *store, "store");
    int status;
    *out = store;
    if (!store)
        return STATUS_FAILED;
    store->descriptor = -1;
    snprintf(store->path, sizeof store->path, "%s", path);
    TRY_OR(done, h5_open(&file, path));
    store->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (store->descriptor < 0) {
        status = fail(STATUS_FAILED, "%s: cannot open: %s", path, strerror(errno));
        goto done;
    }
    status = read_facts(store, file);
done:
    h5_close(&file);
    if (status < 0)
        store_close(out);
    return status;
}

void store_close(struct store **out)
{
    struct store *store = *out;
    if (!store)
        return;
    if (store->descriptor >= 0)
        close(store->descriptor);
    for (int split = 0; split < SPLIT_COUNT; split++)
        free(store->splits[split].labels);
    free(store);
    *out = NULL;
}

int store_image_size(const struct store *store)
{
    return store->image_size;
}

const char *store_content_hash(const struct store *store)
{
    return store->content_hash;
}

const char *store_split_by(const struct store *store)
{
    return store->split_by;
}

int64_t store_rows(const struct store *store, enum split split)
{
    return store->splits[split].rows;
}

const uint8_t *store_labels(const struct store *store, enum split split)
{
    return store->splits[split].labels;
}

int store_read_span(const struct store *store, enum split split, int64_t first, int64_t count,
                    uint8_t *frames)
{
    return file_read_at(store->descriptor, store->path, frames,
                        (size_t)count * (size_t)store->row_bytes,
                        store->splits[split].offset + first * store->row_bytes);
}

int store_read_rows(const struct store *store, enum split split, int64_t count, const int64_t *rows,
                    uint8_t *frames)
{
    size_t row_bytes = (size_t)store->row_bytes;
    for (int64_t i = 0, run; i < count; i += run) {
        /* Neighbouring rows come in one call: with --shuffle off that is the whole batch. */
        for (run = 1; i + run < count && rows[i + run] == rows[i] + run;)
            run++;
        TRY(store_read_span(store, split, rows[i], run, frames + (size_t)i * row_bytes));
    }
    return 0;
}

static int read_index(const struct store *store, struct h5 *file, const char *name, int64_t rows,
                      int64_t bound, int32_t **out)
{
    *out = memory_zeroed((size_t)rows, sizeof **out, name);
    if (!*out)
        return STATUS_FAILED;
    TRY(h5_read(file, name, H5_INT32, 1, &rows, *out));
    for (int64_t i = 0; i < rows; i++)
        if ((*out)[i] < 0 || (*out)[i] >= bound)
            return fail(STATUS_FAILED, "%s: row %lld of %s points at no name", store->path,
                        (long long)i, name);
    return 0;
}

/* Strings as pointers, with what they point to behind them in one block. */
static int read_list(struct h5 *file, const char *name, int64_t *count, const char ***list)
{
    char *cells;
    size_t stride;
    TRY(h5_read_strings(file, name, count, &stride, &cells));
    *list = memory_zeroed((size_t)*count, sizeof **list + stride, name);
    char *at = *list ? memcpy(*list + *count, cells, (size_t)*count * stride) : NULL;
    for (int64_t i = 0; at && i < *count; i++, at += stride)
        (*list)[i] = at;
    free(cells);
    return *list ? 0 : STATUS_FAILED;
}

int store_read_names(const struct store *store, enum split split, struct store_names *names)
{
    struct h5 *file = NULL;
    char source[32], video[32], group[32];
    int64_t rows = store->splits[split].rows, sources = 0;
    int status;
    memset(names, 0, sizeof *names);
    snprintf(source, sizeof source, "/%s/source", split_name(split));
    snprintf(video, sizeof video, "/%s/video", split_name(split));
    snprintf(group, sizeof group, "/%s/group", split_name(split));
    TRY_OR(done, h5_open(&file, store->path));
    TRY_OR(done, read_list(file, source, &sources, &names->source));
    if (sources != rows) {
        status = fail(STATUS_FAILED, "%s: %s has %lld names for %lld rows", store->path, source,
                      (long long)sources, (long long)rows);
        goto done;
    }
    TRY_OR(done, read_list(file, "/videos", &names->video_count, &names->videos));
    TRY_OR(done, read_list(file, "/groups", &names->group_count, &names->groups));
    TRY_OR(done, read_index(store, file, video, rows, names->video_count, &names->video));
    TRY_OR(done, read_index(store, file, group, rows, names->group_count, &names->group));
done:
    h5_close(&file);
    if (status < 0)
        store_names_release(names);
    return status;
}

void store_names_release(struct store_names *names)
{
    free(names->source);
    free(names->videos);
    free(names->groups);
    free(names->video);
    free(names->group);
    memset(names, 0, sizeof *names);
}
