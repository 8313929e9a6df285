/* RUN FILE|FOLDER...: every file is decoded and scored by one rank, as preprocess and a report
 * would have done it; rank 0 pools the videos and writes what came of it. */
#include "eval/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/status.h"
#include "base/team.h"
#include "eval/records.h"
#include "eval/scoring.h"
#include "eval/threshold.h"
#include "image/load.h"
#include "input/inputs.h"
#include "input/names.h"
#include "model/model.h"
#include "store/h5.h"

enum { BATCH = 128 }; /* files decoded, then scored, at a time; results do not depend on it */

/* What is known of one file; travels to rank 0 as bytes. */
struct score {
    int64_t file; /* its index in the list */
    float logit;
    int bad;
    char reason[120];
};

/* A rank at work. */
struct worker {
    const struct inputs *inputs;
    struct engine *engine;
    struct team *team;
    struct image_loader **loaders; /* one for each thread */
    size_t row_bytes;
    uint8_t *rows;                /* (BATCH,H,W,3) */
    struct score *scores, *batch; /* all of this rank, and those being decoded */
};

static int decode_one(void *context, int member, int64_t index)
{
    struct worker *worker = context;
    struct score *score = &worker->batch[index];
    struct image_facts facts;
    int64_t bytes;
    TRY(image_load(worker->loaders[member], worker->inputs->paths[score->file],
                   worker->rows + (size_t)index * worker->row_bytes, &facts, &bytes));
    score->bad = facts.verdict == VERDICT_REJECTED;
    if (score->bad)
        memcpy(score->reason, facts.reason, sizeof score->reason);
    return 0;
}

/* The rows of bad files hold whatever stood there before; they are scored and never looked at. */
static int score_batch(struct worker *worker, int64_t count)
{
    float logits[BATCH];
    TRY(team_each(worker->team, count, decode_one, worker));
    TRY(engine_forward(worker->engine, (int)count, worker->rows, logits));
    for (int64_t i = 0; i < count; i++)
        worker->batch[i].logit = logits[i];
    return 0;
}

static int open_worker(struct worker *worker, int image_size, int64_t mine)
{
    int threads = engine_threads(worker->engine);
    worker->row_bytes = (size_t)image_size * (size_t)image_size * 3;
    worker->rows = memory_zeroed(BATCH, worker->row_bytes, "rows");
    worker->scores = memory_zeroed((size_t)mine, sizeof *worker->scores, "scores");
    worker->loaders = memory_zeroed((size_t)threads, sizeof *worker->loaders, "threads");
    if (!worker->rows || !worker->scores || !worker->loaders)
        return STATUS_FAILED;
    for (int i = 0; i < threads; i++)
        TRY(image_loader_create(&worker->loaders[i], image_size));
    return team_create(&worker->team, threads);
}

static void close_worker(struct worker *worker)
{
    for (int i = 0; worker->loaders && i < engine_threads(worker->engine); i++)
        image_loader_destroy(&worker->loaders[i]);
    team_destroy(&worker->team);
    free(worker->loaders);
    free(worker->rows);
    free(worker->scores);
}

/* The scores of all files on rank 0, in the order of names. */
static int score_files(struct scoring *scoring, const struct inputs *inputs, void **all)
{
    struct comm *comm = scoring->job->comm;
    struct worker worker = {.inputs = inputs, .engine = scoring->engine};
    int rank = comm_rank(comm), size = comm_size(comm);
    int64_t mine = inputs_mine(inputs->count, rank, size);
    int status = open_worker(&worker, scoring->run->image_size, mine);
    for (int64_t i = 0; status == 0 && i < mine; i++)
        worker.scores[i].file = rank + i * size;
    for (int64_t done = 0; status == 0 && done < mine; done += BATCH) {
        worker.batch = worker.scores + done;
        status = score_batch(&worker, mine - done < BATCH ? mine - done : BATCH);
    }
    status = comm_agree(comm, status);
    if (status == 0)
        status = inputs_gather(inputs, comm, worker.scores, sizeof *worker.scores, all);
    close_worker(&worker);
    return status;
}

/* A store among the files is a slip: STORE RUN, the other way round. */
static int refuse_stores(const struct settings *settings)
{
    for (int i = 1; i < settings->input_count; i++) {
        struct h5 *file;
        if (h5_open(&file, settings->inputs[i]) < 0)
            continue;
        h5_close(&file);
        return fail(STATUS_USAGE,
                    "%s: an HDF5 file, no picture; a store goes before its run: unmask-eval STORE "
                    "RUN -o report.h5",
                    settings->inputs[i]);
    }
    return 0;
}

/* Rank 0's share of the beginning: what there is to score, and whether the result has a place. */
static int list_files(const struct settings *settings, struct file_list *list)
{
    TRY(refuse_stores(settings));
    TRY(files_name(list, settings->inputs + 1, settings->input_count - 1));
    TRY(names_assign(list, NULL, NULL));
    for (int i = 0; i < list->ignored_count; i++)
        log_info("ignored: %lld %s", (long long)list->ignored[i].count, list->ignored[i].extension);
    if (!settings->output)
        return 0;
    int same = file_same(settings->output, settings->inputs[0]);
    for (int64_t i = 0; !same && file_exists(settings->output) && i < list->count; i++)
        same = file_same(settings->output, list->files[i].path);
    if (same)
        return fail(STATUS_USAGE, "-o %s: is one of the inputs", settings->output);
    return h5_check_output(settings->output, NULL);
}

/* The good files as records, and a line on stderr for each bad one. */
static int64_t sort_out(const struct file_list *list, const struct score *scores,
                        struct record *frames)
{
    int64_t good = 0;
    for (int64_t i = 0; i < list->count; i++) {
        const struct file *file = &list->files[i];
        if (scores[i].bad)
            log_warn("unreadable %s: %s", file->path, scores[i].reason);
        else
            frames[good++] = (struct record){
                .name = file->path,
                .video = list->videos[file->video],
                .video_index = file->video,
                .frames = 1,
                .probability = (double)loss_probability(scores[i].logit),
            };
    }
    return good;
}

/* Rank 0's share of the end. The scores of the readable files are written however many are not. */
static int write_scores(const struct settings *settings, const struct file_list *list,
                        const struct score *scores, double threshold)
{
    int64_t allowed;
    struct record *frames = memory_zeroed((size_t)list->count, sizeof *frames, "scores");
    int status = frames ? options_allowance("max-bad", settings->max_bad, list->count, &allowed)
                        : STATUS_FAILED;
    if (status == 0) {
        int64_t good = sort_out(list, scores, frames), bad = list->count - good;
        status = records_write(frames, good, list->video_count, settings->format, threshold,
                               settings->output);
        if (bad > 0 && bad <= allowed)
            log_info("%lld of %lld files are unreadable", (long long)bad, (long long)list->count);
        if (status == 0 && bad > allowed)
            status = fail(STATUS_TOO_BAD,
                          "%lld of %lld files are unreadable, more than --max-bad %s allows; the "
                          "others were scored",
                          (long long)bad, (long long)list->count, settings->max_bad);
    }
    free(frames);
    return status;
}

static int check_options(const struct settings *settings, struct threshold_rule *rule)
{
    int64_t allowed;
    TRY(options_allowance("max-bad", settings->max_bad, 0, &allowed));
    TRY(threshold_parse(settings->threshold, rule));
    if (rule->kind != THRESHOLD_VALUE)
        return fail(STATUS_USAGE,
                    "--threshold %s: a rule needs a validation split; score a store with it, and "
                    "give files the value that the report names",
                    settings->threshold);
    return 0;
}

int job_files(struct job *job)
{
    const struct settings *settings = job->settings;
    struct scoring scoring = {0};
    struct threshold_rule rule;
    struct file_list list = {0};
    struct inputs inputs = {0};
    void *scores = NULL;
    int first = comm_rank(job->comm) == 0, status;
    TRY(comm_agree(job->comm, check_options(settings, &rule)));
    TRY_OR(done, comm_agree(job->comm, first ? list_files(settings, &list) : 0));
    TRY_OR(done, inputs_share(&inputs, job->comm, &list));
    TRY_OR(done, comm_agree(job->comm, scoring_open(&scoring, job, NULL, settings->inputs[0])));
    char what[32];
    snprintf(what, sizeof what, "%lld files", (long long)inputs.count);
    scoring_announce(&scoring, what);
    TRY_OR(done, score_files(&scoring, &inputs, &scores));
    TRY_OR(done,
           comm_agree(job->comm, first ? write_scores(settings, &list, scores, rule.value) : 0));
done:
    free(scores);
    scoring_close(&scoring);
    inputs_release(&inputs);
    files_release(&list);
    return status;
}
