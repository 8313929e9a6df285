/* unmask-eval: scores with a trained run, and says how far the scores can be trusted.
 *
 *     STORE RUN -o report.h5    every rank scores its slice of the rows -> rank 0 computes every
 *                               figure, writes and prints -> when MPI has ended, gnuplot draws
 *     RUN FILE|FOLDER...        scores files as they lie there
 *     --audit STORE             what predicts the label without looking at a face
 *     --export FILE RUN         the network for other programs */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "comm/program.h"
#include "engine/engine_options.h"
#include "eval/jobs.h"
#include "eval/plots.h"
#include "store/h5.h"
#include "store/run.h"
#include "store/store.h"

static struct settings settings;

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, &settings.output, NULL, 0, 0, NULL, "FILE",
     "the report to make (required with STORE RUN)", 0},
    {"split", 0, OPTION_TEXT, &settings.split, "val", 0, 0, "val|train|test", NULL,
     "which rows to score", 0},
    {"weights", 0, OPTION_TEXT, &settings.weights, "last", 0, 0, "last|best", NULL,
     "of the last epoch, or of the lowest validation loss", 0},
    {"threshold", 0, OPTION_TEXT, &settings.threshold, "0.5", 0, 0, NULL, "RULE",
     "fake above it: a value, or youden, eer, fpr=F chosen on val", 0},
    {"plots", 0, OPTION_TEXT, &settings.plots, NULL, 0, 0, NULL, "DIR",
     "write report.html and pictures there", 0},
    {"any-store", 0, OPTION_FLAG, &settings.any_store, NULL, 0, 0, NULL, NULL,
     "allow a store that the run did not learn from", 0},
    {"audit", 0, OPTION_FLAG, &settings.audit, NULL, 0, 0, NULL, NULL,
     "does anything but the face give the label away?", 0},
    {"robustness", 0, OPTION_FLAG, &settings.robustness, NULL, 0, 0, NULL, NULL,
     "score again under JPEG, blur, noise, ...", 0},
    {"format", 0, OPTION_TEXT, &settings.format, "text", 0, 0, "text|csv|json", NULL,
     "of the scores of files; json: one object a line", 0},
    {"max-bad", 0, OPTION_TEXT, &settings.max_bad, "1%", 0, 0, NULL, "N|P%",
     "unreadable files that are put up with", 0},
    {"export", 0, OPTION_TEXT, &settings.export_path, NULL, 0, 0, NULL, "FILE",
     "write the network as .onnx or .safetensors", 0},
    {"export-input", 0, OPTION_TEXT, &settings.export_input, "uint8", 0, 0, "uint8|float", NULL,
     "of the .onnx: bytes (N,H,W,3), or 0..1 as (N,3,H,W)", 0},
    ENGINE_OPTIONS(settings.engine),
    {"timeout", 0, OPTION_REAL, &settings.timeout_s, "60", 0, 1e6, NULL, "S",
     "seconds until a silent rank ends the job; 0: never", 0},
};

static const struct command command = {
    .program = "unmask-eval",
    .summary = "Scores with a trained run; writes report, confusion matrix and plot data.",
    .usage = "STORE RUN -o report.h5 [options]    score a split of a store\n"
             "       unmask-eval RUN FILE|FOLDER... [options]        score image files\n"
             "       unmask-eval --audit STORE [options]             look for shortcuts\n"
             "       unmask-eval --export FILE RUN                   .onnx or .safetensors\n"
             "       mpirun -n RANKS unmask-eval ...                 any of them, on more ranks",
    .notes = "Results go to stdout, everything else to stderr.\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 too many unreadable files.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

/* Whether a word of the command line names an HDF5 file of ours; if not, fail_message tells why. */
static int is_ours(const char *path, const char *format, int64_t version, const char *what)
{
    struct h5 *file;
    if (h5_open(&file, path) < 0)
        return 0;
    int is = h5_check_format(file, format, version, what) == 0;
    h5_close(&file);
    return is;
}

static int is_run(const char *path)
{
    return is_ours(path, "unmask-run", RUN_FORMAT_VERSION, "a run (made by unmask-train)");
}

static int is_store(const char *path)
{
    return is_ours(path, "unmask-store", STORE_FORMAT_VERSION, "a store");
}

struct kind {
    int (*run)(struct job *);
    const char *words, *options; /* what it reads beside the options of every kind */
};

static const char every_kind[] = " device precision deterministic threads timeout ";

static const struct kind report = {job_report, "STORE RUN",
                                   " output split weights threshold plots any-store audit "
                                   "robustness "};
static const struct kind files = {job_files, "RUN FILE|FOLDER...",
                                  " output weights threshold format max-bad "};
static const struct kind audit = {job_audit, "--audit STORE, which prints to stdout", " audit "};
static const struct kind export = {job_export, "--export FILE RUN",
                                   " export export-input weights "};

/* What a job would not look at was meant for another one. */
static int refuse_others(const struct kind *kind)
{
    for (int i = 0; i < command.option_count; i++) {
        char name[32];
        snprintf(name, sizeof name, " %s ", options[i].name);
        if (!options_is_default(&options[i]) && !strstr(every_kind, name) &&
            !strstr(kind->options, name))
            return fail(STATUS_USAGE, "--%s: of no use to unmask-eval %s; see --help",
                        options[i].name, kind->words);
    }
    return 0;
}

/* The job that the command line asks for. */
static int choose_job(const struct kind **kind)
{
    int count = settings.input_count;
    if (settings.export_path) {
        *kind = &export;
        return count == 1 ? 0 : fail(STATUS_USAGE, "--export FILE needs one RUN; see --help");
    }
    if (settings.audit && count == 1) {
        *kind = &audit;
        return 0;
    }
    /* Behind a run stand files to score; behind a store, its run. */
    if (count >= 1 && is_run(settings.inputs[0])) {
        *kind = &files;
        return count > 1 ? 0 : fail(STATUS_USAGE, "%s: no files to score", settings.inputs[0]);
    }
    if (count > 1 && !is_store(settings.inputs[0]) && !is_run(settings.inputs[1])) {
        is_run(settings.inputs[0]); /* what is wrong with the run of these files */
        return STATUS_FAILED;
    }
    *kind = &report;
    if (count != 2)
        return fail(STATUS_USAGE, "%s: needs STORE and RUN; see unmask-eval --help",
                    count > 2 ? "too many arguments" : "too few arguments");
    if (!settings.output)
        return fail(STATUS_USAGE, "no output given: -o report.h5%s",
                    settings.audit ? " (the audit of STORE alone needs no RUN)" : "");
    for (int i = 0; i < count; i++)
        if (file_same(settings.output, settings.inputs[i]))
            return fail(STATUS_USAGE, "-o %s: is one of the inputs", settings.output);
    return 0;
}

int main(int argc, char **argv)
{
    struct comm *comm;
    int exit_code;
    const char **words = memory_zeroed((size_t)argc, sizeof *words, "arguments");
    if (!words || !program_begin(&command, argc, argv, words, argc, &settings.input_count, &comm,
                                 &exit_code)) {
        free(words);
        return words ? exit_code : 1;
    }
    settings.inputs = words;
    settings.engine.local_rank = comm_local_rank(comm);
    settings.engine.local_ranks = comm_local_size(comm);
    struct provenance provenance = provenance_begin(&command, argc, argv, comm);
    struct job job = {comm, &settings, &command, &provenance};
    const struct kind *kind = NULL;
    int status = choose_job(&kind);
    status = comm_agree(comm, status == 0 ? refuse_others(kind) : status);
    if (status == 0)
        status = comm_watch(comm, settings.timeout_s);
    if (status == 0)
        status = kind->run(&job);
    int draws = status == 0 && settings.plots && comm_rank(comm) == 0;
    exit_code = comm_end(&comm, status);
    if (draws && plots_render(settings.plots, settings.robustness) < 0) {
        log_error("%s", fail_message());
        exit_code = 1;
    }
    free(words);
    return exit_code;
}
