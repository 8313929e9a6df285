#include "store/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/status.h"
#include "store/h5.h"
#include "store/provenance.h"

const char *const run_history_paths[RUN_COLUMNS] = {
    "/history/epoch",    "/history/train_loss",        "/history/train_accuracy",
    "/history/val_loss", "/history/val_accuracy",      "/history/learning_rate",
    "/history/seconds",  "/history/images_per_second",
};

int run_create(struct run **out, int image_size, const char *channels)
{
    struct run *run = memory_zeroed(1, sizeof *run, "run");
    *out = run;
    if (!run)
        return STATUS_FAILED;
    int status = model_build(&run->model, image_size, channels);
    size_t count = (size_t)run->model.parameter_count;
    if (status == 0) {
        snprintf(run->channels, sizeof run->channels, "%s", channels);
        run->image_size = image_size;
        run->best_val_loss = INFINITY;
        run->parameters = memory_zeroed(count, sizeof(float), "weights");
        run->square_avg = memory_zeroed(count, sizeof(float), "optimiser state");
        run->best = memory_zeroed(count, sizeof(float), "best weights");
        if (!run->parameters || !run->square_avg || !run->best)
            status = STATUS_FAILED;
    }
    if (status < 0)
        run_destroy(out);
    return status;
}

void run_destroy(struct run **out)
{
    struct run *run = *out;
    if (!run)
        return;
    free(run->parameters);
    free(run->square_avg);
    free(run->best);
    for (int c = 0; c < RUN_COLUMNS; c++)
        free(run->history[c]);
    free(run->step_loss);
    free(run->step_correct);
    free(run);
    *out = NULL;
}

int run_reserve_epoch(struct run *run)
{
    if (run->epoch < run->history_capacity)
        return 0;
    int64_t capacity = 2 * run->epoch + 16;
    for (int c = 0; c < RUN_COLUMNS; c++) {
        void *grown = memory_resized(run->history[c], (size_t)capacity, sizeof(double), "history");
        if (!grown)
            return STATUS_FAILED;
        run->history[c] = grown;
    }
    run->history_capacity = capacity;
    return 0;
}

int run_reserve_steps(struct run *run, int64_t steps)
{
    if (run->steps_done + steps <= run->steps_capacity)
        return 0;
    int64_t capacity = 2 * (run->steps_done + steps);
    void *losses = memory_resized(run->step_loss, (size_t)capacity, sizeof(double), "steps");
    if (losses)
        run->step_loss = losses;
    void *correct = memory_resized(run->step_correct, (size_t)capacity, sizeof(int64_t), "steps");
    if (correct)
        run->step_correct = correct;
    if (!losses || !correct)
        return STATUS_FAILED;
    run->steps_capacity = capacity;
    return 0;
}

/* ---- the file, described once: every number of the run as one row of a table ---- */

struct field {
    const char *name;
    enum h5_type type;
    int rank;
    int64_t count; /* of elements, for rank 1 */
    void *values;  /* of 8 bytes each */
};

enum { FIELDS_MAX = 16 + RUN_COLUMNS };

static int list_fields(const struct run *run, struct field *fields)
{
    struct run *r = (struct run *)run; /* one table serves writing and reading */
    const struct field scalars[] = {
        {"/progress/epoch", H5_INT64, 0, 1, &r->epoch},
        {"/progress/step", H5_INT64, 0, 1, &r->step},
        {"/progress/rows_taken", H5_INT64, 0, 1, &r->rows_taken},
        {"/progress/steps_done", H5_INT64, 0, 1, &r->steps_done},
        {"/progress/best_epoch", H5_INT64, 0, 1, &r->best_epoch},
        {"/progress/best_val_loss", H5_FLOAT64, 0, 1, &r->best_val_loss},
        {"/progress/seconds", H5_FLOAT64, 0, 1, &r->seconds},
    };
    int n = sizeof scalars / sizeof scalars[0];
    memcpy(fields, scalars, sizeof scalars);
    for (int c = 0; c < RUN_COLUMNS; c++)
        fields[n++] = (struct field){run_history_paths[c], H5_FLOAT64, 1, r->epoch, r->history[c]};
    fields[n++] = (struct field){"/steps/loss", H5_FLOAT64, 1, r->steps_done, r->step_loss};
    fields[n++] = (struct field){"/steps/correct", H5_INT64, 1, r->steps_done, r->step_correct};
    return n;
}

enum { SCALAR_FIELDS = 7 };

static int checksum(const struct run *run, char hex[SHA256_HEX_BYTES])
{
    struct field fields[FIELDS_MAX];
    struct sha256 hash = sha256_begin();
    uint8_t digest[SHA256_BYTES];
    int count = list_fields(run, fields);
    size_t slab_bytes = (size_t)run->model.parameter_count * sizeof(float);
    const float *slabs[] = {run->parameters, run->square_avg, run->best};
    for (int i = 0; i < 3; i++)
        sha256_add(&hash, slabs[i], slab_bytes);
    for (int i = 0; i < count; i++)
        sha256_add(&hash, fields[i].values, (size_t)fields[i].count * 8);
    TRY(sha256_end(&hash, digest));
    sha256_hex(digest, hex);
    return 0;
}

/* A slab to or from the datasets GROUP/conv1/weight ... */
static int move_slab(struct h5 *file, const struct model *model, const char *group, float *slab,
                     int to_file)
{
    char name[96];
    for (int t = 0; t < model->tensor_count; t++) {
        const struct tensor *x = &model->tensors[t];
        float *values = slab + x->offset;
        snprintf(name, sizeof name, "%s/%s", group, x->name);
        TRY(to_file ? h5_write(file, name, H5_FLOAT32, x->rank, x->dims, values)
                    : h5_read(file, name, H5_FLOAT32, x->rank, x->dims, values));
    }
    return 0;
}

static int move_slabs(struct h5 *file, const struct run *run, int to_file)
{
    TRY(move_slab(file, &run->model, "/model", run->parameters, to_file));
    TRY(move_slab(file, &run->model, "/best", run->best, to_file));
    return move_slab(file, &run->model, "/optimizer/square_avg", run->square_avg, to_file);
}

static int write_contents(struct h5 *file, const struct run *run,
                          const struct provenance *provenance)
{
    struct field fields[FIELDS_MAX];
    char hex[SHA256_HEX_BYTES];
    TRY(provenance_write(file, provenance));
    TRY(h5_set_format(file, "unmask-run", RUN_FORMAT_VERSION));
    TRY(h5_set_text(file, "/", "content_hash", run->content_hash));
    TRY(h5_set_int(file, "/", "image_size", run->image_size));
    TRY(h5_set_text(file, "/", "channels", run->channels));
    TRY(h5_set_text(file, "/", "engine", run->engine));
    TRY(h5_set_text(file, "/", "cpu_isa", run->cpu_isa));
    TRY(move_slabs(file, run, 1));
    int count = list_fields(run, fields);
    for (int i = 0; i < count; i++)
        TRY(h5_write(file, fields[i].name, fields[i].type, fields[i].rank, &fields[i].count,
                     fields[i].values));
    TRY(checksum(run, hex));
    return h5_set_text(file, "/", "checksum", hex);
}

void run_previous_path(const char *path, char *previous, int bytes)
{
    snprintf(previous, (size_t)bytes, "%s.previous", path);
}

static void part_path(const char *path, char *part, size_t bytes)
{
    snprintf(part, bytes, "%s.part", path);
}

void run_remove_stale(const char *path)
{
    char part[4096];
    part_path(path, part, sizeof part);
    unlink(part);
}

/* Two trainings under one name would take turns in replacing each other's checkpoints. Some file
 * systems number a file anew when they please: the same content is mine under any number. */
static int check_mine(const char *path, const struct run *run)
{
    struct run *other;
    uint64_t now = file_number(path);
    if (run->file == 0 || now == 0 || now == run->file || run_read(&other, path) < 0)
        return 0;
    int mine = strcmp(other->checksum, run->checksum) == 0;
    run_destroy(&other);
    return mine ? 0
                : fail(STATUS_FAILED,
                       "%s: replaced by another training since this one wrote it; it stays as it "
                       "is; to go on from it, give the command once",
                       path);
}

/* A hard link keeps the old checkpoint under its second name, so that `path` exists at every
 * moment. */
static int keep_previous(const char *path)
{
    char previous[4096];
    if (!file_exists(path))
        return 0;
    run_previous_path(path, previous, sizeof previous);
    unlink(previous);
    if (link(path, previous) == 0)
        return 0;
    if (rename(path, previous) == 0) /* a file system without hard links */
        return 0;
    return fail(STATUS_FAILED, "%s: cannot keep it as %s: %s", path, previous, strerror(errno));
}

int run_write(const char *path, struct run *run, const struct provenance *provenance)
{
    char part[4096];
    struct h5 *file;
    struct run *copy = NULL;
    int status;
    part_path(path, part, sizeof part);
    TRY(h5_create(&file, part));
    TRY_OR(done, write_contents(file, run, provenance));
    TRY_OR(done, h5_close(&file));
    TRY_OR(done, run_read(&copy, part)); /* what stands on the disk will be resumed from */
    TRY_OR(done, check_mine(path, run));
    TRY_OR(done, keep_previous(path));
    run->file = file_number(part); /* which it keeps under its new name */
    memcpy(run->checksum, copy->checksum, sizeof run->checksum);
    TRY_OR(done, file_replace(part, path));
done:
    run_destroy(&copy);
    h5_discard(&file);
    if (status < 0)
        unlink(part);
    return status;
}

static int read_fields(struct h5 *file, struct run *run, const char *path)
{
    struct field fields[FIELDS_MAX];
    int count = list_fields(run, fields);
    for (int i = 0; i < SCALAR_FIELDS; i++)
        TRY(h5_read(file, fields[i].name, fields[i].type, 0, NULL, fields[i].values));
    int64_t epochs = run->epoch, steps = run->steps_done, found;
    if (epochs < 0 || steps < 0 || run->step < 0)
        return fail(STATUS_FAILED, "%s: /progress makes no sense", path);
    TRY(h5_dims(file, "/history/epoch", 1, &found)); /* before room is made for what it claims */
    if (found == epochs)
        TRY(h5_dims(file, "/steps/loss", 1, &found));
    if (found != steps)
        return fail(STATUS_FAILED, "%s: /progress does not fit /history and /steps", path);
    TRY(run_reserve_epoch(run));
    run->steps_done = 0;
    TRY(run_reserve_steps(run, steps));
    run->steps_done = steps;
    count = list_fields(run, fields);
    for (int i = SCALAR_FIELDS; i < count; i++)
        TRY(h5_read(file, fields[i].name, fields[i].type, 1, &fields[i].count, fields[i].values));
    for (int64_t e = 0; e < epochs; e++)
        if (run->history[RUN_EPOCH][e] != (double)(e + 1))
            return fail(STATUS_FAILED, "%s: /history/epoch does not count 1, 2, 3", path);
    return 0;
}

static int read_contents(struct h5 *file, struct run *run, const char *path)
{
    char found[SHA256_HEX_BYTES];
    TRY(h5_get_text(file, "/", "content_hash", run->content_hash, sizeof run->content_hash));
    if (!sha256_is_hex(run->content_hash))
        return fail(STATUS_FAILED, "%s: content_hash is no SHA-256", path);
    TRY(h5_get_text(file, "/", "engine", run->engine, sizeof run->engine));
    TRY(h5_get_text(file, "/", "cpu_isa", run->cpu_isa, sizeof run->cpu_isa));
    TRY(h5_get_int(file, "/", "ranks", &run->ranks));
    TRY(h5_get_int(file, "/", "threads", &run->threads));
    TRY(move_slabs(file, run, 0));
    TRY(read_fields(file, run, path));
    TRY(h5_get_text(file, "/", "checksum", run->checksum, sizeof run->checksum));
    TRY(checksum(run, found));
    if (strcmp(run->checksum, found) != 0)
        return fail(STATUS_FAILED, "%s: damaged: its checksum does not fit its numbers", path);
    return 0;
}

int run_read(struct run **out, const char *path)
{
    struct h5 *file;
    char channels[128];
    int64_t image_size;
    int status;
    *out = NULL;
    TRY(h5_open(&file, path));
    TRY_OR(done,
           h5_check_format(file, "unmask-run", RUN_FORMAT_VERSION, "a run (made by unmask-train)"));
    TRY_OR(done, h5_get_int(file, "/", "image_size", &image_size));
    TRY_OR(done, h5_get_text(file, "/", "channels", channels, sizeof channels));
    if (image_size < 1 || image_size > 65536) /* before it is cut to an int */
        TRY_OR(done, fail(STATUS_FAILED, "%s: image_size %lld makes no sense", path,
                          (long long)image_size));
    if (run_create(out, (int)image_size, channels) < 0)
        TRY_OR(done, fail(STATUS_FAILED, "%s: %s", path, fail_message()));
    TRY_OR(done, read_contents(file, *out, path));
done:
    h5_close(&file);
    if (status < 0)
        run_destroy(out);
    return status < 0 ? STATUS_FAILED : 0;
}

int run_check_options(const char *path, const struct command *command)
{
    struct h5 *file;
    char stored[4096], now[4096];
    TRY(h5_open(&file, path));
    int status = 0;
    for (int i = 0; status == 0 && i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (!option->mathematics || provenance_option_equals(file, option, stored, sizeof stored))
            continue;
        options_format(option, now, sizeof now);
        status = fail(STATUS_FAILED,
                      "%s was trained with --%s %s, not %s; use another -o, or --fresh to begin "
                      "again",
                      path, option->name, stored[0] ? stored : "(none)", now[0] ? now : "(none)");
    }
    h5_close(&file);
    return status;
}
