/* One step, on every rank:
 *
 *     rows     my slice of the global batch, read ahead by the loader
 *     backward the gradient of (sum of my rows' losses) / (rows of the GLOBAL batch)
 *     sum      over the ranks: the gradient of the mean loss of the global batch
 *     update   RMSprop, the same on every rank, so the replicas stay equal bit for bit
 *
 * Three flags ride behind the gradient in the same sum: somebody was asked to stop, somebody
 * failed, rank 0's clock says that a checkpoint is due. So all ranks agree on them at every step
 * boundary without a message of their own. Steps that stay on a device (device.h) are only enqueued
 * there; every DEVICE_TICK of them the host waits, fetches their losses and exchanges the flags. */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/slices.h"
#include "base/status.h"
#include "comm/comm.h"
#include "engine/engine.h"
#include "score/score.h"
#include "store/loader.h"
#include "train/device.h"
#include "train/interrupt.h"
#include "train/progress.h"
#include "train/sampler.h"

enum { DEVICE_TICK = 32 };

enum flag { FLAG_STOP, FLAG_FAILED, FLAG_CHECKPOINT, FLAG_COUNT };

struct loop {
    struct trainer *trainer;
    struct sampler sampler;
    struct device device;
    struct loader *loader;
    struct progress progress;
    float *slab;     /* gradient, then the flags */
    float *logits;   /* of one batch, or of my share of the validation split */
    double *sums;    /* (2, steps): loss and correct rows of my slices since the last flush */
    int64_t flushed; /* steps of this epoch whose sums are in the run */
    int64_t fetched; /* steps of this epoch whose sums the device has handed over */
    double saved_s;  /* when the last checkpoint was written */
    double epoch_start_s;
};

/* ---- one step ---- */

/* Loss and correct rows of scored rows, added in row order. */
static void add_up(int64_t count, const float *logits, const uint8_t *labels, double *loss,
                   double *correct)
{
    for (int64_t i = 0; i < count; i++) {
        *loss += loss_bce(logits[i], labels[i]);
        *correct += (loss_probability(logits[i]) > 0.5f) == (labels[i] == 1);
    }
}

static int compute_gradient(struct loop *loop, int64_t step)
{
    struct engine *engine = loop->trainer->engine;
    const uint8_t *frames, *labels;
    int64_t count, at = step - loop->flushed, steps = sampler_steps(&loop->sampler);
    TRY(loader_next(loop->loader, &count, &frames, &labels));
    float scale = 1.0f / (float)sampler_batch_rows(&loop->sampler, step);
    TRY(engine_backward(engine, (int)count, frames, labels, scale, loop->logits));
    TRY(engine_get(engine, ENGINE_GRADIENT, loop->slab));
    loop->sums[at] = loop->sums[steps + at] = 0;
    add_up(count, loop->logits, labels, &loop->sums[at], &loop->sums[steps + at]);
    return 0;
}

static int checkpoint_due(const struct loop *loop)
{
    double every_s = loop->trainer->settings->checkpoint_s;
    return every_s > 0 && comm_rank(loop->trainer->comm) == 0 &&
           clock_s() - loop->saved_s >= every_s;
}

static void raise_flags(const struct loop *loop, int status, float flags[FLAG_COUNT])
{
    flags[FLAG_STOP] = interrupt_pending() != 0;
    flags[FLAG_FAILED] = status < 0;
    flags[FLAG_CHECKPOINT] = (float)checkpoint_due(loop);
}

/* The losses of the device's steps up to `end`; the wait for them is the end of a tick. */
static int fetch_sums(struct loop *loop, int64_t end)
{
    const struct device *device = &loop->device;
    int64_t count = end - loop->fetched, steps = sampler_steps(&loop->sampler);
    double sums[2 * DEVICE_TICK];
    TRY(device->steps->collect(device->state, loop->fetched, count, sums));
    for (int64_t i = 0; i < count; i++) {
        loop->sums[loop->fetched - loop->flushed + i] = sums[2 * i];
        loop->sums[steps + loop->fetched - loop->flushed + i] = sums[2 * i + 1];
    }
    loop->fetched = end;
    return 0;
}

/* My part of a step, without its frames. */
static struct step describe_step(const struct loop *loop, int64_t step)
{
    const int64_t *rows;
    return (struct step){.index = step,
                         .count = (int)sampler_my_rows(&loop->sampler, step, &rows),
                         .scale = 1.0f / (float)sampler_batch_rows(&loop->sampler, step),
                         .learning_rate = (float)loop->trainer->settings->learning_rate};
}

/* All steps are like the first but for the last, so that no epoch's time has a start in it. */
static int prepare_device(struct loop *loop)
{
    const struct device *device = &loop->device;
    sampler_begin_epoch(&loop->sampler, loop->trainer->run->epoch);
    TRY(device_begin(&loop->device, &loop->sampler, 0));
    for (int last = 0; last < 2; last++) {
        const struct step step = describe_step(loop, last ? sampler_steps(&loop->sampler) - 1 : 0);
        TRY(device->steps->prepare(device->state, &step));
    }
    return 0;
}

/* A failure is this rank's alone: its peers wait on their devices, and the abort ends them. */
static int step_on_device(struct loop *loop, int64_t step, float flags[FLAG_COUNT])
{
    const struct device *device = &loop->device;
    struct step job = describe_step(loop, step);
    int64_t count;
    if (!device->resident)
        TRY(loader_next(loop->loader, &count, &job.frames, &job.labels));
    TRY(device->steps->step(device->state, &job));
    memset(flags, 0, FLAG_COUNT * sizeof *flags);
    if (step + 1 - loop->fetched < DEVICE_TICK && step + 1 < sampler_steps(&loop->sampler))
        return 0;
    TRY(fetch_sums(loop, step + 1));
    raise_flags(loop, 0, flags);
    return comm_sum(loop->trainer->comm, FLAG_COUNT, flags);
}

static int train_step(struct loop *loop, int64_t step, float flags[FLAG_COUNT])
{
    struct trainer *t = loop->trainer;
    int64_t count = t->run->model.parameter_count;
    comm_set_place(t->comm, "epoch %lld, step %lld", (long long)t->run->epoch + 1,
                   (long long)step + 1);
    if (loop->device.steps)
        return step_on_device(loop, step, flags);
    int status = compute_gradient(loop, step);
    raise_flags(loop, status, loop->slab + count);
    TRY(comm_sum(t->comm, count + FLAG_COUNT, loop->slab));
    memcpy(flags, loop->slab + count, FLAG_COUNT * sizeof *flags);
    if (flags[FLAG_FAILED] > 0)
        return comm_agree(t->comm, status);
    TRY(engine_set(t->engine, ENGINE_GRADIENT, loop->slab));
    return engine_step(t->engine, (float)t->settings->learning_rate);
}

/* ---- what the run records ---- */

static int fail_diverged(const struct loop *loop, const char *place)
{
    const struct trainer *t = loop->trainer;
    return comm_agree(t->comm,
                      fail(STATUS_FAILED,
                           "%s: in epoch %lld the loss of %s is not a number: the network has "
                           "diverged; checkpoints from before stay as they are; begin again with "
                           "--fresh and a lower --learning-rate, or another --init",
                           t->settings->output, (long long)t->run->epoch + 1, place));
}

/* Sums the losses and correct rows of the steps since the last flush over the ranks, step by step
 * in rank order, so that it does not matter where the checkpoints fall. */
static int flush_sums(struct loop *loop, int64_t step)
{
    struct run *run = loop->trainer->run;
    int64_t count = step - loop->flushed, steps = sampler_steps(&loop->sampler);
    memmove(loop->sums + count, loop->sums + steps, (size_t)count * sizeof(double));
    TRY(comm_sum_double(loop->trainer->comm, 2 * count, loop->sums));
    for (int64_t i = 0; i < count; i++)
        if (isnan(loop->sums[i]))
            return fail_diverged(loop, "a batch");
    TRY(run_reserve_steps(run, count));
    for (int64_t i = 0; i < count; i++) {
        double rows = (double)sampler_batch_rows(&loop->sampler, loop->flushed + i);
        run->step_loss[run->steps_done] = loop->sums[i] / rows;
        run->step_correct[run->steps_done++] = (int64_t)loop->sums[count + i];
    }
    loop->flushed = step;
    return 0;
}

/* Rank 0's part of a checkpoint. */
static int write_run(const struct trainer *t)
{
    struct run *run = t->run;
    TRY(engine_get(t->engine, ENGINE_PARAMETERS, run->parameters));
    TRY(engine_get(t->engine, ENGINE_SQUARE_AVG, run->square_avg));
    if (run->best_epoch == 0)
        memcpy(run->best, run->parameters, (size_t)run->model.parameter_count * sizeof *run->best);
    return run_write(t->settings->output, run, t->provenance);
}

static int save(struct loop *loop, int64_t step)
{
    struct trainer *t = loop->trainer;
    struct run *run = t->run;
    run->step = step;
    run->rows_taken =
        step < sampler_steps(&loop->sampler) ? step * loop->sampler.batch_size : loop->sampler.rows;
    comm_set_place(t->comm, "the checkpoint of epoch %lld, step %lld", (long long)run->epoch + 1,
                   (long long)step);
    int status = comm_rank(t->comm) == 0 ? write_run(t) : 0;
    loop->saved_s = clock_s();
    return comm_agree(t->comm, status);
}

/* ---- one epoch ---- */

static int validate(struct loop *loop, double *loss, double *accuracy)
{
    struct trainer *t = loop->trainer;
    int rank = comm_rank(t->comm), size = comm_size(t->comm);
    int64_t rows = store_rows(t->store, SPLIT_VAL);
    int64_t first = slice_begin(rows, size, rank), count = slice_count(rows, size, rank);
    double sums[2] = {0, 0};
    comm_set_place(t->comm, "the validation of epoch %lld", (long long)t->run->epoch + 1);
    const struct device *device = &loop->device;
    int status = device->resident
                     ? device->steps->score(device->state, RESIDENT_VAL, first, count, loop->logits)
                     : score_rows(t->store, SPLIT_VAL, t->engine, first, count, NULL, loop->logits);
    TRY(comm_agree(t->comm, status));
    add_up(count, loop->logits, store_labels(t->store, SPLIT_VAL) + first, &sums[0], &sums[1]);
    TRY(comm_sum_double(t->comm, 2, sums));
    *loss = rows ? sums[0] / (double)rows : NAN;
    *accuracy = rows ? sums[1] / (double)rows : NAN;
    return 0;
}

/* The epoch's training loss and accuracy from the recorded steps: over all rows, each once, with
 * the weights that each step had. */
static void average_steps(const struct loop *loop, double *loss, double *accuracy)
{
    const struct run *run = loop->trainer->run;
    int64_t steps = sampler_steps(&loop->sampler), first = run->steps_done - steps, correct = 0;
    double sum = 0;
    for (int64_t i = 0; i < steps; i++) {
        sum += run->step_loss[first + i] * (double)sampler_batch_rows(&loop->sampler, i);
        correct += run->step_correct[first + i];
    }
    *loss = sum / (double)loop->sampler.rows;
    *accuracy = (double)correct / (double)loop->sampler.rows;
}

static int end_epoch(struct loop *loop)
{
    struct trainer *t = loop->trainer;
    struct run *run = t->run;
    double row[RUN_COLUMNS];
    average_steps(loop, &row[RUN_TRAIN_LOSS], &row[RUN_TRAIN_ACCURACY]);
    TRY(validate(loop, &row[RUN_VAL_LOSS], &row[RUN_VAL_ACCURACY]));
    if (isnan(row[RUN_VAL_LOSS]) && store_rows(t->store, SPLIT_VAL) > 0)
        return fail_diverged(loop, "the validation");
    row[RUN_EPOCH] = (double)run->epoch + 1;
    row[RUN_LEARNING_RATE] = t->settings->learning_rate;
    row[RUN_SECONDS] = run->seconds;
    row[RUN_IMAGES_PER_SECOND] = (double)loop->sampler.rows / run->seconds;
    TRY(run_reserve_epoch(run));
    for (int c = 0; c < RUN_COLUMNS; c++)
        run->history[c][run->epoch] = row[c];
    run->epoch++;
    run->step = 0;
    run->seconds = 0;
    if (row[RUN_VAL_LOSS] < run->best_val_loss) {
        run->best_val_loss = row[RUN_VAL_LOSS];
        run->best_epoch = run->epoch;
        TRY(engine_get(t->engine, ENGINE_PARAMETERS, run->best));
    }
    progress_end_epoch(&loop->progress, run, t->settings->epochs);
    int every = t->settings->checkpoint_epochs;
    if (run->epoch == t->settings->epochs || (every > 0 && run->epoch % every == 0))
        return save(loop, 0);
    return 0;
}

static void count_time(struct loop *loop)
{
    double now = clock_s();
    loop->trainer->run->seconds += now - loop->epoch_start_s;
    loop->epoch_start_s = now;
}

static int train_epoch(struct loop *loop)
{
    struct trainer *t = loop->trainer;
    int64_t steps = sampler_steps(&loop->sampler);
    float flags[FLAG_COUNT] = {0};
    loop->flushed = loop->fetched = t->run->step;
    loop->epoch_start_s = clock_s();
    sampler_begin_epoch(&loop->sampler, t->run->epoch);
    if (loop->device.steps)
        TRY(device_begin(&loop->device, &loop->sampler, t->run->step));
    if (!loop->device.resident)
        TRY(loader_start(loop->loader, sampler_my_rows, &loop->sampler, t->run->step, steps));
    progress_begin_epoch(&loop->progress, comm_rank(t->comm) == 0, t->run->step);
    for (int64_t step = t->run->step; step < steps; step++) {
        TRY(train_step(loop, step, flags));
        progress_step(&loop->progress, t->run->epoch, t->settings->epochs, step + 1, steps,
                      loop->sampler.batch_size);
        if (flags[FLAG_STOP] > 0 || flags[FLAG_CHECKPOINT] > 0) {
            TRY(flush_sums(loop, step + 1));
            count_time(loop);
            TRY(save(loop, step + 1));
            loop->epoch_start_s = clock_s();
        }
        if (flags[FLAG_STOP] > 0) {
            fail(STATUS_AGAIN,
                 "%s: interrupted, checkpoint saved at epoch %lld, step %lld; the same command "
                 "goes on",
                 t->settings->output, (long long)t->run->epoch + 1, (long long)step + 1);
            return comm_agree(t->comm, STATUS_AGAIN);
        }
    }
    TRY(flush_sums(loop, steps));
    count_time(loop);
    return end_epoch(loop);
}

/* The device copies from the loader's buffers while it computes: they are pinned. */
static int open_loader(struct loop *loop, int64_t batch)
{
    const struct engine_steps *steps = loop->device.steps;
    struct loader_memory pinned = {NULL, NULL};
    if (steps)
        pinned = (struct loader_memory){steps->host_allocate, steps->host_free};
    return loader_create(&loop->loader, loop->trainer->store, SPLIT_TRAIN, batch,
                         steps ? &pinned : NULL);
}

int trainer_run(struct trainer *t)
{
    const struct settings *s = t->settings;
    int rank = comm_rank(t->comm), size = comm_size(t->comm);
    int64_t val_rows = slice_count(store_rows(t->store, SPLIT_VAL), size, rank);
    int64_t my_batch = slice_count(s->batch_size, size, rank) + 1;
    struct loop loop = {.trainer = t, .saved_s = clock_s()};
    int status = sampler_create(&loop.sampler, store_rows(t->store, SPLIT_TRAIN), s->batch_size,
                                s->seed, strcmp(s->shuffle, "on") == 0, rank, size);
    int64_t steps = sampler_steps(&loop.sampler);
    loop.slab =
        memory_aligned((size_t)t->run->model.parameter_count + FLAG_COUNT, sizeof(float), "slab");
    loop.logits =
        memory_zeroed((size_t)(val_rows > my_batch ? val_rows : my_batch), sizeof(float), "logits");
    loop.sums = memory_zeroed(2 * (size_t)steps, sizeof(double), "losses");
    if (!loop.slab || !loop.logits || !loop.sums)
        status = STATUS_FAILED;
    TRY_OR(done, comm_agree(t->comm, status));
    TRY_OR(done, device_open(&loop.device, t->comm, t->engine, s));
    TRY_OR(done, device_load(&loop.device, t->comm, t->store, s));
    if (!loop.device.resident)
        TRY_OR(done, comm_agree(t->comm, open_loader(&loop, my_batch)));
    if (s->epochs == 0)
        TRY_OR(done, save(&loop, 0));
    if (loop.device.steps && t->run->epoch < s->epochs)
        TRY_OR(done, comm_agree(t->comm, prepare_device(&loop)));
    while (t->run->epoch < s->epochs)
        TRY_OR(done, train_epoch(&loop));
done:
    loader_destroy(&loop.loader);
    status = device_close(&loop.device, status);
    sampler_release(&loop.sampler);
    free(loop.slab);
    free(loop.logits);
    free(loop.sums);
    return status;
}
