/* unmask-eval: scores one split of a store with a trained run and writes the report.
 *
 *     every rank scores its slice of the rows -> rank 0 gathers the probabilities, computes every
 *     figure from them, writes report.h5 and prints -> when MPI has ended, gnuplot draws */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/slices.h"
#include "base/status.h"
#include "comm/program.h"
#include "engine/engine.h"
#include "eval/evaluation.h"
#include "eval/plots.h"
#include "eval/report.h"
#include "eval/text.h"
#include "score/score.h"
#include "store/provenance.h"

static struct {
    const char *store, *run, *output, *split, *weights, *plots, *device, *precision;
    int any_store, threads;
    double timeout_s;
} settings;

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, &settings.output, NULL, 0, 0, NULL, "FILE",
     "the report to make (required)", 0},
    {"split", 0, OPTION_TEXT, &settings.split, "val", 0, 0, "val|train|test", NULL,
     "which rows to score", 0},
    {"weights", 0, OPTION_TEXT, &settings.weights, "last", 0, 0, "last|best", NULL,
     "of the last epoch, or of the lowest validation loss", 0},
    {"plots", 0, OPTION_TEXT, &settings.plots, NULL, 0, 0, NULL, "DIR",
     "draw loss, accuracy, confusion matrix and ROC there", 0},
    {"any-store", 0, OPTION_FLAG, &settings.any_store, NULL, 0, 0, NULL, NULL,
     "allow a store that the run did not learn from", 0},
    {"device", 0, OPTION_TEXT, &settings.device, "auto", 0, 0, "auto|cpu|cuda|reference", NULL,
     "what computes", 0},
    {"precision", 0, OPTION_TEXT, &settings.precision, "fp32", 0, 0, "fp32|tf32|bf16", NULL,
     "of the arithmetic", 0},
    {"threads", 0, OPTION_INTEGER, &settings.threads, "0", 0, 4096, NULL, "N",
     "per rank; 0: the node's CPUs / its ranks", 0},
    {"timeout", 0, OPTION_REAL, &settings.timeout_s, "60", 0, 1e6, NULL, "S",
     "seconds until a silent rank ends the job; 0: never", 0},
};

static const struct command command = {
    .program = "unmask-eval",
    .summary = "Scores a split with a trained run; writes report, confusion matrix and plot data.",
    .usage = "STORE RUN -o report.h5 [options]\n"
             "       mpirun -n RANKS unmask-eval STORE RUN -o report.h5 [options]",
    .notes = "The report goes to stdout in scikit-learn's layout, everything else to stderr.\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

struct job {
    struct comm *comm;
    struct provenance *provenance;
    struct store *store;
    struct run *run;
    enum split split;
    struct engine *engine;
    float *probabilities; /* my slice; on rank 0 afterwards all rows */
};

static enum split chosen_split(void)
{
    return strcmp(settings.split, "train") == 0  ? SPLIT_TRAIN
           : strcmp(settings.split, "test") == 0 ? SPLIT_TEST
                                                 : SPLIT_VAL;
}

static int check_inputs(const struct job *job)
{
    if (job->run->image_size != store_image_size(job->store))
        return fail(STATUS_FAILED, "%s works on %d pixels, %s holds frames of %d", settings.run,
                    job->run->image_size, settings.store, store_image_size(job->store));
    if (!settings.any_store && strcmp(job->run->content_hash, store_content_hash(job->store)) != 0)
        return fail(STATUS_FAILED,
                    "%s learned from another store than %s; --any-store scores it all the same",
                    settings.run, settings.store);
    if (store_rows(job->store, job->split) == 0)
        return fail(STATUS_FAILED, "%s: the split %s is empty: there is nothing to score",
                    settings.store, settings.split);
    return 0;
}

static int open_inputs(struct job *job)
{
    char part[4096];
    int threads, widened_from;
    job->split = chosen_split();
    TRY(store_open(&job->store, settings.store));
    TRY(run_read(&job->run, settings.run));
    TRY(check_inputs(job));
    snprintf(part, sizeof part, "%s.part", settings.output);
    if (comm_rank(job->comm) == 0)
        TRY(file_check_writable(part));
    TRY(cpus_claim(settings.threads, comm_local_size(job->comm), &threads, &widened_from));
    const struct engine_settings wanted = {settings.device, settings.precision, threads};
    TRY(engine_open(&job->engine, &job->run->model, &wanted));
    job->provenance->threads = threads;
    provenance_add(job->provenance, "engine_library", engine_library(job->engine));
    return engine_set(job->engine, ENGINE_PARAMETERS,
                      strcmp(settings.weights, "best") == 0 ? job->run->best
                                                            : job->run->parameters);
}

/* Every row once, for any number of ranks: each scores a contiguous slice, rank 0 puts them in
 * order. */
static int score(struct job *job)
{
    int rank = comm_rank(job->comm), size = comm_size(job->comm);
    int64_t rows = store_rows(job->store, job->split);
    int64_t mine = slice_count(rows, size, rank);
    float *slice = memory_zeroed((size_t)mine, sizeof *slice, "probabilities");
    int64_t *counts = memory_zeroed((size_t)size, sizeof *counts, "probabilities");
    int status = slice && counts ? 0 : STATUS_FAILED;
    if (status == 0 && rank == 0) {
        job->probabilities = memory_zeroed((size_t)rows, sizeof(float), "probabilities");
        status = job->probabilities ? 0 : STATUS_FAILED;
    }
    for (int r = 0; counts && r < size; r++)
        counts[r] = slice_count(rows, size, r);
    if (status == 0)
        status = score_rows(job->store, job->split, job->engine, slice_begin(rows, size, rank),
                            mine, slice);
    for (int64_t i = 0; status == 0 && i < mine; i++)
        slice[i] = loss_probability(slice[i]);
    status = comm_agree(job->comm, status);
    if (status == 0)
        status = comm_gather(job->comm, slice, mine, sizeof *slice, job->probabilities, counts);
    free(slice);
    free(counts);
    return status;
}

/* Strings of a fixed stride as an array of pointers; the caller frees the array. */
static const char **cells(const char *strings, size_t stride, int64_t count)
{
    const char **pointers = memory_zeroed((size_t)count, sizeof *pointers, "names");
    for (int64_t i = 0; pointers && i < count; i++)
        pointers[i] = strings + (size_t)i * stride;
    return pointers;
}

static int write_report(const struct job *job, const struct evaluation *evaluation)
{
    char part[4096];
    struct h5 *file;
    snprintf(part, sizeof part, "%s.part", settings.output);
    TRY(h5_create(&file, part));
    int status = provenance_write(file, job->provenance);
    if (status == 0)
        status = report_write(file, evaluation);
    if (status == 0)
        status = h5_set_text(file, "/", "store", settings.store);
    if (status == 0)
        status = h5_set_text(file, "/", "store_content_hash", store_content_hash(job->store));
    if (status == 0)
        status = h5_set_text(file, "/", "run", settings.run);
    if (status == 0)
        status = h5_set_text(file, "/", "run_content_hash", job->run->content_hash);
    if (status == 0)
        status = h5_set_text(file, "/", "run_checksum", job->run->checksum);
    if (status < 0)
        h5_discard(&file);
    else
        status = h5_close(&file);
    if (status == 0)
        status = file_replace(part, settings.output);
    if (status < 0)
        unlink(part);
    return status;
}

static int print_report(const struct evaluation *evaluation)
{
    char *summary;
    TRY(text_summary(evaluation, &summary));
    printf("%s\n%s", evaluation->frame_level.text, summary);
    free(summary);
    if (fflush(stdout) != 0)
        return fail(STATUS_FAILED, "cannot write the report to stdout");
    return 0;
}

/* Rank 0's part: all figures, the file, the text. */
static int report(struct job *job)
{
    const struct run *run = job->run;
    struct store_names names;
    TRY(store_read_names(job->store, job->split, &names));
    int64_t rows = store_rows(job->store, job->split);
    const char **sources = cells(names.source, names.source_stride, rows);
    const char **videos = cells(names.videos, names.video_stride, names.video_count);
    const char **groups = cells(names.groups, names.group_stride, names.group_count);
    struct evaluation evaluation = {
        .split = settings.split,
        .weights = settings.weights,
        .split_by = store_split_by(job->store),
        .frames = {.count = rows,
                   .labels = store_labels(job->store, job->split),
                   .probabilities = job->probabilities,
                   .sources = sources,
                   .videos = names.video,
                   .groups = names.group,
                   .video_count = names.video_count,
                   .group_count = names.group_count,
                   .video_names = videos,
                   .group_names = groups},
        .history = {.epochs = run->epoch},
    };
    for (int c = 0; c < RUN_COLUMNS; c++)
        evaluation.history.columns[c] = run->history[c];
    int status = sources && videos && groups ? evaluation_compute(&evaluation) : STATUS_FAILED;
    if (status == 0)
        status = write_report(job, &evaluation);
    if (status == 0 && settings.plots)
        status = plots_write(&evaluation, settings.plots);
    if (status == 0)
        status = print_report(&evaluation);
    evaluation_clear(&evaluation);
    free(sources);
    free(videos);
    free(groups);
    store_names_release(&names);
    return status;
}

static int evaluate(struct comm *comm, struct provenance *provenance)
{
    struct job job = {.comm = comm, .provenance = provenance};
    int status = comm_agree(comm, open_inputs(&job));
    if (status == 0) {
        char line[4096];
        options_echo(&command, line, sizeof line);
        log_info("%s; engine %s, %d rank%s", line, engine_name(job.engine), comm_size(comm),
                 comm_size(comm) > 1 ? "s" : "");
        status = score(&job);
    }
    if (status == 0)
        status = comm_agree(comm, comm_rank(comm) == 0 ? report(&job) : 0);
    free(job.probabilities);
    engine_close(&job.engine);
    run_destroy(&job.run);
    store_close(&job.store);
    return status;
}

int main(int argc, char **argv)
{
    struct comm *comm;
    const char *arguments[2] = {NULL, NULL};
    int count, exit_code;
    if (!program_begin(&command, argc, argv, arguments, 2, &count, &comm, &exit_code))
        return exit_code;
    settings.store = arguments[0];
    settings.run = arguments[1];
    struct provenance provenance = {.command = &command,
                                    .argc = argc,
                                    .argv = argv,
                                    .ranks = comm_size(comm),
                                    .host = comm_host(comm)};
    provenance_add(&provenance, "mpi_version", comm_library());
    int status = 0;
    if (count < 2)
        status = fail(STATUS_USAGE, "needs STORE and RUN; see unmask-eval --help");
    else if (!settings.output)
        status = fail(STATUS_USAGE, "no output given: -o report.h5");
    else if (file_same(settings.output, settings.store) || file_same(settings.output, settings.run))
        status = fail(STATUS_USAGE, "-o %s: is one of the inputs", settings.output);
    status = comm_agree(comm, status);
    if (status == 0)
        status = comm_watch(comm, settings.timeout_s);
    if (status == 0)
        status = evaluate(comm, &provenance);
    int draws = status == 0 && settings.plots && comm_rank(comm) == 0;
    exit_code = comm_end(&comm, status);
    if (draws && plots_render(settings.plots) < 0) {
        log_error("%s", fail_message());
        exit_code = 1;
    }
    return exit_code;
}
