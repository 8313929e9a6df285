#include "train/resume.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "comm/comm.h"
#include "store/h5.h"

/* The newest checkpoint, or the one before it if the newest is damaged or missing. That one then
 * takes the newest's name at once: the next checkpoint would otherwise keep the damaged file as the
 * good old one, and a training with nothing left to do would leave no run behind. */
static int read_checkpoint(const char *path, struct run **run)
{
    char previous[4096], damaged[4096], why[2048];
    run_previous_path(path, previous, sizeof previous);
    int newest = file_exists(path);
    if (newest && run_read(run, path) == 0)
        return 0;
    if (!file_exists(previous))
        return fail(STATUS_FAILED, "%s; move it away, or begin again with --fresh", fail_message());
    snprintf(why, sizeof why, "%s", newest ? fail_message() : "it is missing");
    if (run_read(run, previous) < 0)
        return fail(STATUS_FAILED, "%s; and the one before it: %s", why, fail_message());
    log_warn("%s: cannot go on from the newest checkpoint (%s); going on from %s", path, why,
             previous);
    snprintf(damaged, sizeof damaged, "%s.damaged", path);
    if (newest)
        TRY(file_replace(path, damaged));
    return file_replace(previous, path);
}

static int load_initial(struct run *run, const struct settings *settings)
{
    struct run *other;
    if (!settings->init) {
        model_initialise(&run->model, settings->seed, run->parameters);
        return 0;
    }
    TRY(run_read(&other, settings->init));
    int status = 0;
    if (strcmp(other->channels, run->channels) != 0 || other->image_size != run->image_size)
        status = fail(STATUS_FAILED,
                      "--init %s: another network (channels %s at %d pixels, not %s "
                      "at %d)",
                      settings->init, other->channels, other->image_size, run->channels,
                      run->image_size);
    else
        memcpy(run->parameters, other->parameters,
               (size_t)run->model.parameter_count * sizeof(float));
    run_destroy(&other);
    return status;
}

int resume_check(const struct run *run, const struct store *store, const struct settings *settings)
{
    const int64_t rows = store_rows(store, SPLIT_TRAIN), batch = settings->batch_size;
    const int64_t steps = (rows + batch - 1) / batch, before = run->steps_done - run->step;
    if (run->image_size != store_image_size(store))
        return fail(STATUS_FAILED, "%s learned from frames of %d pixels, and %s holds %d",
                    settings->output, run->image_size, settings->store, store_image_size(store));
    if (run->step > steps || before % steps != 0 || before / steps != run->epoch ||
        run->rows_taken != (run->step < steps ? run->step * batch : rows))
        return fail(STATUS_FAILED,
                    "%s: damaged: /progress (epoch %lld, step %lld) does not fit %lld rows in "
                    "batches of %lld; begin again with --fresh",
                    settings->output, (long long)run->epoch, (long long)run->step, (long long)rows,
                    (long long)batch);
    return 0;
}

/* Rank 0's part. */
static int find_run(const struct settings *settings, const struct command *command,
                    const struct store *store, struct run **run, int *resumed)
{
    char previous[4096];
    const char *path = settings->output;
    run_previous_path(path, previous, sizeof previous);
    TRY(h5_check_output(path, "unmask-run"));
    run_remove_stale(path);
    *resumed = !settings->fresh && (file_exists(path) || file_exists(previous));
    if (!*resumed) {
        TRY(run_create(run, store_image_size(store), settings->channels));
        snprintf((*run)->content_hash, sizeof(*run)->content_hash, "%s", store_content_hash(store));
        return load_initial(*run, settings);
    }
    TRY(read_checkpoint(path, run));
    if (strcmp((*run)->content_hash, store_content_hash(store)) != 0)
        return fail(STATUS_FAILED,
                    "%s learned from another store than %s (content_hash %.12s..., not %.12s...); "
                    "use another -o, or --fresh to begin again",
                    path, settings->store, (*run)->content_hash, store_content_hash(store));
    TRY(run_check_options(path, command));
    return resume_check(*run, store, settings);
}

/* What the other ranks need of it: the slabs, and the numbers that decide what happens next. */
static int share_run(struct comm *comm, const struct settings *settings, const struct store *store,
                     struct run **run)
{
    int status = 0;
    if (comm_rank(comm) != 0)
        status = run_create(run, store_image_size(store), settings->channels);
    TRY(comm_agree(comm, status));
    struct run *r = *run;
    size_t slab_bytes = (size_t)r->model.parameter_count * sizeof(float);
    int64_t counts[] = {r->epoch, r->step, r->best_epoch, r->steps_done};
    TRY(comm_broadcast(comm, counts, sizeof counts));
    TRY(comm_broadcast(comm, &r->best_val_loss, sizeof r->best_val_loss));
    TRY(comm_broadcast(comm, r->parameters, slab_bytes));
    TRY(comm_broadcast(comm, r->square_avg, slab_bytes));
    if (comm_rank(comm) != 0) {
        r->epoch = counts[0];
        r->step = counts[1];
        r->best_epoch = counts[2];
        r->steps_done = 0;
        status = run_reserve_steps(r, counts[3]);
        if (status == 0 && counts[3] > 0) { /* without steps there is nothing to point at */
            memset(r->step_loss, 0, (size_t)counts[3] * sizeof *r->step_loss);
            memset(r->step_correct, 0, (size_t)counts[3] * sizeof *r->step_correct);
        }
        r->steps_done = counts[3];
    }
    return comm_agree(comm, status);
}

int resume_run(struct comm *comm, const struct settings *settings, const struct command *command,
               const struct store *store, struct run **run, int *resumed)
{
    int status = 0;
    *run = NULL;
    *resumed = 0;
    if (comm_rank(comm) == 0) {
        status = find_run(settings, command, store, run, resumed);
        if (status == 0 && *resumed)
            (*run)->file = file_number(settings->output);
    }
    TRY(comm_agree(comm, status));
    TRY(comm_broadcast(comm, resumed, sizeof *resumed));
    return share_run(comm, settings, store, run);
}
