/* What unmask-eval can do, one function each; main chooses. All are collective, and return a status
 * that every rank agrees on. */
#ifndef EVAL_JOBS_H
#define EVAL_JOBS_H

#include "comm/comm.h"
#include "engine/engine.h"
#include "store/provenance.h"

/* The options of unmask-eval, resolved. */
struct settings {
    const char *const *inputs; /* the words that are no options */
    int input_count;
    const char *output, *split, *weights, *plots, *threshold, *format, *max_bad, *export_path,
        *export_input;
    struct engine_settings engine;
    int any_store, audit, robustness;
    double timeout_s;
};

struct job {
    struct comm *comm;
    const struct settings *settings;
    const struct command *command;
    struct provenance *provenance;
};

/* STORE RUN -o report.h5: scores a split and writes the report. */
int job_report(struct job *job);

/* --audit STORE: what predicts the label without looking at a face. */
int job_audit(struct job *job);

/* RUN FILE|FOLDER...: P(fake) of each file and video. */
int job_files(struct job *job);

/* --export FILE RUN: the network for other programs. */
int job_export(struct job *job);

#endif
