/* The data files and the script.
 *
 *   history.dat     epoch, train loss, train accuracy, val loss, val accuracy
 *   roc.dat         false and true positive rate: a block of frames, a block of videos
 *   confusion.dat   column, row, count, share of the row
 *   robustness.dat  place, change, strength, AUC of frames, AUC of videos: a block per change
 *   plots.gp        variables, then the fixed script (eval/plots.gp)
 *
 * A ROC of a million thresholds would make an SVG of a million points: points that move by less
 * than a thousandth of an axis are left out here (report.h5 keeps them all). */
#include "eval/plots.h"

#include "eval/robustness.h"

#include "base/status.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void print_history(FILE *out, const struct evaluation *e)
{
    static const int columns[] = {RUN_EPOCH, RUN_TRAIN_LOSS, RUN_TRAIN_ACCURACY, RUN_VAL_LOSS,
                                  RUN_VAL_ACCURACY};
    fputs("# epoch train_loss train_accuracy val_loss val_accuracy\n", out);
    for (int64_t i = 0; i < e->run->epoch; i++)
        for (int c = 0; c < 5; c++)
            fprintf(out, "%.9g%c", e->run->history[columns[c]][i], c < 4 ? ' ' : '\n');
}

static void print_curve(FILE *out, const struct curve *roc)
{
    const double step = 1e-3;
    int64_t last = 0;
    for (int64_t k = 0; k < roc->count; k++) {
        int moved = roc->x[k] - roc->x[last] >= step || roc->y[k] - roc->y[last] >= step;
        if (k == 0 || moved || k + 1 == roc->count || roc->count < 2000) {
            fprintf(out, "%.9g %.9g\n", roc->x[k], roc->y[k]);
            last = k;
        }
    }
}

static void print_roc(FILE *out, const struct evaluation *e)
{
    fputs("# false_positive_rate true_positive_rate, frames\n", out);
    print_curve(out, &e->frame_level.roc);
    fputs("\n\n# the same, videos\n", out);
    print_curve(out, &e->video_level.roc);
}

static void print_confusion(FILE *out, const struct evaluation *e)
{
    const struct metrics *m = &e->frame_level;
    fputs("# predicted true count share_of_true\n", out);
    for (int row = 0; row < CLASS_COUNT; row++)
        for (int column = 0; column < CLASS_COUNT; column++) {
            int64_t count = m->confusion[row][column], all = m->support[row];
            fprintf(out, "%d %d %" PRId64 " %.9g\n", column, row, count,
                    all ? (double)count / (double)all : 0);
        }
}

/* The unchanged frames are a line across the picture, not a place of it. */
static void print_robustness(FILE *out, const struct evaluation *e)
{
    const struct robustness_row *rows = e->robustness->rows;
    int place = 0;
    fputs("# place change strength auc video_auc\n", out);
    for (int i = 1; i < ROBUSTNESS_ROWS; i++) {
        if (i > 1 && strcmp(rows[i].change, rows[i - 1].change) != 0) {
            fputc('\n', out);
            place++;
        }
        fprintf(out, "%d %s %g %.9g %.9g\n", place++, rows[i].change, rows[i].strength, rows[i].auc,
                rows[i].video_auc);
    }
}

/* A single-quoted gnuplot string: nothing is special in it but the quote, which is doubled, and
 * the end of the line, which it cannot hold. */
static void print_string(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s = '", name);
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            fputs("''", out);
        else
            fputc((unsigned char)*c < ' ' ? ' ' : *c, out);
    fputs("'\n", out);
}

static void print_auc(FILE *out, const char *name, double auc)
{
    char text[32] = "undefined";
    if (!isnan(auc))
        snprintf(text, sizeof text, "%.3f", auc);
    print_string(out, name, text);
}

/* The extreme of two history columns and `start`; what is not finite does not count. */
static double extreme(const struct run *run, const int *columns, double start,
                      double (*choose)(double, double))
{
    double value = start;
    for (int c = 0; c < 2; c++)
        for (int64_t i = 0; i < run->epoch; i++)
            if (isfinite(run->history[columns[c]][i]))
                value = choose(value, run->history[columns[c]][i]);
    return value;
}

/* The smallest of 1, 2, 5, 10, 20, ... that needs at most 12 tics. */
static double tic_step(int64_t epochs)
{
    double decade = 1;
    while (decade * 60 < (double)epochs)
        decade *= 10;
    double tics = (double)epochs / decade;
    return decade * (tics <= 12 ? 1 : tics <= 24 ? 2 : 5);
}

/* Axis ranges are set here, where empty and diverged histories are easy to treat. */
static void print_ranges(FILE *out, const struct evaluation *e)
{
    static const int losses[] = {RUN_TRAIN_LOSS, RUN_VAL_LOSS};
    static const int accuracies[] = {RUN_TRAIN_ACCURACY, RUN_VAL_ACCURACY};
    const struct run *run = e->run;
    int64_t n = run->epoch;
    double loss = extreme(run, losses, 0, fmax);
    double majority = strcmp(e->split, "val") ? NAN : e->frame_level.majority_accuracy;
    double lowest = extreme(run, accuracies, fmin(majority, 0.9), fmin);

    fprintf(out, "epochs = %" PRId64 "\n", n);
    fprintf(out, "first_epoch = %.0f\n", n ? run->history[RUN_EPOCH][0] : 0);
    fprintf(out, "last_epoch = %.0f\n", n ? run->history[RUN_EPOCH][n - 1] : 1);
    fprintf(out, "epoch_step = %.0f\n", tic_step(n));
    fprintf(out, "loss_top = %.9g\n", loss > 0 ? loss * 1.1 : 1.0);
    fprintf(out, "accuracy_bottom = %.1f\n", fmax(0, floor((lowest - 0.05) * 10) / 10));
    if (isnan(majority))
        fputs("val_majority = NaN\n", out);
    else
        fprintf(out, "val_majority = %.9g\n", majority);
}

static void print_script(FILE *out, const struct evaluation *e)
{
    char scored[128];
    snprintf(scored, sizeof scored, "(%s, %s weights)", e->split, e->weights);
    fputs("# Draws the pictures of this folder: gnuplot plots.gp\n", out);
    print_string(out, "scored", scored);
    print_string(out, "class_real", class_names[CLASS_REAL]);
    print_string(out, "class_fake", class_names[CLASS_FAKE]);
    print_auc(out, "frame_auc", e->frame_level.auc);
    print_auc(out, "video_auc", e->video_level.auc);
    print_ranges(out, e);
    fprintf(out, "robustness = %d\n", e->robustness != NULL);
    fputs(plots_gp, out);
}

static int write_file(const char *folder, const char *name, const struct evaluation *e,
                      void (*print)(FILE *out, const struct evaluation *e))
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return fail(STATUS_FAILED, "no memory for the name of a file in %s", folder);
    int status = STATUS_OK;
    FILE *out = fopen(path, "w");
    if (out)
        print(out, e);
    int bad = !out || ferror(out);
    if ((out && fclose(out) != 0) || bad)
        status = fail(STATUS_FAILED, "%s: cannot be written: %s", path, strerror(errno));
    free(path);
    return status;
}

int plots_write(const struct evaluation *evaluation, const char *folder)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return fail(STATUS_FAILED, "%s: cannot create the folder for the plots: %s", folder,
                    strerror(errno));
    TRY(write_file(folder, "history.dat", evaluation, print_history));
    TRY(write_file(folder, "roc.dat", evaluation, print_roc));
    TRY(write_file(folder, "confusion.dat", evaluation, print_confusion));
    if (evaluation->robustness)
        TRY(write_file(folder, "robustness.dat", evaluation, print_robustness));
    return write_file(folder, "plots.gp", evaluation, print_script);
}
