/* STORE RUN -o report.h5. Rank 0 computes every figure from the probabilities that all ranks
 * scored. */
#include "eval/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "eval/audit.h"
#include "eval/evaluation.h"
#include "eval/html.h"
#include "eval/plots.h"
#include "eval/report.h"
#include "eval/robustness.h"
#include "eval/scoring.h"
#include "eval/text.h"
#include "eval/threshold.h"

static int open_inputs(struct scoring *scoring, struct job *job, struct threshold_rule *rule)
{
    const struct settings *settings = job->settings;
    *scoring = (struct scoring){0};
    TRY(threshold_parse(settings->threshold, rule));
    TRY(scoring_open(scoring, job, settings->inputs[0], settings->inputs[1]));
    if (store_rows(scoring->store, split_named(settings->split)) == 0)
        return fail(STATUS_FAILED, "%s: the split %s is empty: there is nothing to score",
                    scoring->store_path, settings->split);
    if (rule->kind != THRESHOLD_VALUE && store_rows(scoring->store, SPLIT_VAL) == 0)
        return fail(STATUS_FAILED,
                    "%s: the split val is empty: --threshold %s has no rows to look at",
                    scoring->store_path, settings->threshold);
    return comm_rank(job->comm) == 0 ? h5_check_output(settings->output, REPORT_FORMAT) : 0;
}

/* The scored rows of a split; their names are to be released. */
static int read_frames(struct scored_frames *frames, const struct store *store, enum split split,
                       const float *probabilities)
{
    frames->count = store_rows(store, split);
    frames->labels = store_labels(store, split);
    frames->probabilities = probabilities;
    return store_read_names(store, split, &frames->names);
}

/* Which files the report was made from. */
static int write_inputs(struct h5 *file, const struct scoring *scoring)
{
    TRY(h5_set_text(file, "/", "store", scoring->store_path));
    TRY(h5_set_text(file, "/", "store_content_hash", store_content_hash(scoring->store)));
    TRY(h5_set_text(file, "/", "run", scoring->run_path));
    TRY(h5_set_text(file, "/", "run_content_hash", scoring->run->content_hash));
    return h5_set_text(file, "/", "run_checksum", scoring->run->checksum);
}

static int write_report(const struct scoring *scoring, const struct evaluation *evaluation)
{
    const char *output = scoring->job->settings->output;
    char part[4096];
    struct h5 *file;
    int status;
    snprintf(part, sizeof part, "%s.part", output);
    TRY(h5_create(&file, part));
    TRY_OR(done, provenance_write(file, scoring->job->provenance));
    TRY_OR(done, report_write(file, evaluation));
    TRY_OR(done, write_inputs(file, scoring));
    TRY_OR(done, h5_close(&file));
    TRY_OR(done, file_replace(part, output));
done:
    h5_discard(&file);
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

/* All that was scored; of the probabilities, rank 0 has those that were asked for. */
struct scores {
    float *rows[ROBUSTNESS_ROWS]; /* the first: of the frames as they are */
    float *of_val;                /* for a rule that chooses the threshold there */
    float *regions[2];            /* audit_score_regions */
    struct audit audit;
};

/* Rank 0's part: all figures, the file, the text. */
static int report(const struct scoring *scoring, enum split split, struct scores *scores)
{
    const struct settings *settings = scoring->job->settings;
    struct scored_frames val = {0};
    struct robustness robustness;
    struct evaluation evaluation = {
        .split = settings->split,
        .weights = settings->weights,
        .split_by = store_split_by(scoring->store),
        .run = scoring->run,
        .threshold = settings->threshold,
        .threshold_frames = scores->of_val ? &val : NULL,
        .threads = engine_threads(scoring->engine),
    };
    int status;
    TRY_OR(done, read_frames(&evaluation.frames, scoring->store, split, scores->rows[0]));
    if (scores->of_val)
        TRY_OR(done, read_frames(&val, scoring->store, SPLIT_VAL, scores->of_val));
    TRY_OR(done, evaluation_compute(&evaluation));
    if (strcmp(evaluation.threshold_split, evaluation.split) == 0)
        log_warn("--threshold %s was chosen on %s and is tried on it: optimistic",
                 evaluation.threshold, evaluation.split);
    if (settings->audit)
        TRY_OR(done, audit_compare_regions(&scores->audit, &evaluation, scores->regions));
    TRY_OR(done, audit_conclude(&scores->audit));
    evaluation.audit = &scores->audit;
    if (settings->robustness) {
        TRY_OR(done, robustness_measure(&robustness, &evaluation, scores->rows));
        evaluation.robustness = &robustness;
    }
    TRY_OR(done, write_report(scoring, &evaluation));
    if (settings->plots) {
        TRY_OR(done, plots_write(&evaluation, settings->plots));
        TRY_OR(done, html_write(scoring, split, &evaluation, settings->plots));
    }
    TRY_OR(done, print_report(&evaluation));
    TRY_OR(done, audit_verdict(&scores->audit, scoring->store_path));
done:
    evaluation_clear(&evaluation);
    store_names_release(&evaluation.frames.names);
    store_names_release(&val.names);
    return status;
}

static int score_all(struct scoring *scoring, enum split split, const struct threshold_rule *rule,
                     struct scores *scores)
{
    const struct settings *settings = scoring->job->settings;
    TRY(scoring_probabilities(scoring, split, NULL, &scores->rows[0]));
    if (settings->robustness)
        TRY(robustness_score(scoring, split, scores->rows));
    if (rule->kind != THRESHOLD_VALUE && split != SPLIT_VAL)
        TRY(scoring_probabilities(scoring, SPLIT_VAL, NULL, &scores->of_val));
    if (settings->audit)
        TRY(audit_score_regions(scoring, split, scores->regions));
    return audit_store(&scores->audit, scoring->job->comm, scoring->store_path, scoring->store,
                       engine_threads(scoring->engine));
}

int job_report(struct job *job)
{
    struct scoring scoring;
    struct threshold_rule rule;
    struct scores scores = {0};
    enum split split = split_named(job->settings->split);
    int status, first = comm_rank(job->comm) == 0;
    TRY_OR(done, comm_agree(job->comm, open_inputs(&scoring, job, &rule)));
    scoring_announce(&scoring, NULL);
    TRY_OR(done, score_all(&scoring, split, &rule, &scores));
    TRY_OR(done, comm_agree(job->comm, first ? report(&scoring, split, &scores) : 0));
done:
    for (int i = 0; i < ROBUSTNESS_ROWS; i++)
        free(scores.rows[i]);
    free(scores.of_val);
    free(scores.regions[0]);
    free(scores.regions[1]);
    audit_clear(&scores.audit);
    scoring_close(&scoring);
    return status;
}
