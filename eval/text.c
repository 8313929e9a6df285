#include "eval/text.h"

#include "base/status.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scikit-learn's layout -------------------------------------------------------------------*/

/* scikit-learn counts in floating point when not one row is right, and prints 36 as 36.0 then;
 * equal to the byte means equal there too. */
static void print_support(FILE *out, const struct metrics *m, int64_t support)
{
    char cell[32];
    int none_right = m->confusion[0][0] + m->confusion[1][1] == 0;
    snprintf(cell, sizeof cell, "%" PRId64 "%s", support, none_right ? ".0" : "");
    fprintf(out, " %9s\n", cell);
}

static void print_row(FILE *out, const struct metrics *m, const char *name, double p, double r,
                      double f1, int64_t support)
{
    fprintf(out, "%12s  %9.2f %9.2f %9.2f", name, p, r, f1);
    print_support(out, m, support);
}

static void print_average(FILE *out, const struct metrics *m, const char *name,
                          const double *figures)
{
    print_row(out, m, name, figures[FIGURE_PRECISION], figures[FIGURE_RECALL], figures[FIGURE_F1],
              m->count);
}

/* What scikit-learn prints as accuracy is the F1 of precision = recall = correct / count. */
static double micro_f1(const struct metrics *m)
{
    double p = (double)(m->confusion[0][0] + m->confusion[1][1]) / (double)m->count;
    return p > 0 ? 2 * p * p / (p + p) : 0;
}

static void print_report(FILE *out, const struct metrics *m)
{
    fprintf(out, "%12s  %9s %9s %9s %9s\n\n", "", "precision", "recall", "f1-score", "support");
    for (int k = 0; k < CLASS_COUNT; k++)
        print_row(out, m, class_names[k], m->precision[k], m->recall[k], m->f1[k], m->support[k]);
    fprintf(out, "\n%12s  %9s %9s %9.2f", "accuracy", "", "", micro_f1(m));
    print_support(out, m, m->count);
    print_average(out, m, "macro avg", m->macro_avg);
    print_average(out, m, "weighted avg", m->weighted_avg);
}

/* ---- the summary -----------------------------------------------------------------------------*/

enum { LABEL_WIDTH = 22, CELL_WIDTH = 10 };

static void print_figures(FILE *out, const char *label, double frames, double videos)
{
    fprintf(out, "%-*s", LABEL_WIDTH, label);
    for (int level = 0; level < 2; level++) {
        double figure = level ? videos : frames;
        if (isnan(figure))
            fprintf(out, "%*s", CELL_WIDTH, "undefined");
        else
            fprintf(out, "%*.4f", CELL_WIDTH, figure);
    }
    fputc('\n', out);
}

static void print_table(FILE *out, const struct metrics *f, const struct metrics *v)
{
    fprintf(out, "%-*s%*s%*s\n", LABEL_WIDTH, "", CELL_WIDTH, "frames", CELL_WIDTH, "videos");
    fprintf(out, "%-*s%*" PRId64 "%*" PRId64 "\n", LABEL_WIDTH, "scored", CELL_WIDTH, f->count,
            CELL_WIDTH, v->count);
    print_figures(out, "accuracy", f->accuracy, v->accuracy);
    print_figures(out, "majority baseline", f->majority_accuracy, v->majority_accuracy);
    print_figures(out, "balanced accuracy", f->balanced_accuracy, v->balanced_accuracy);
    print_figures(out, "Matthews correlation", f->matthews_correlation, v->matthews_correlation);
    print_figures(out, "ROC AUC", f->auc, v->auc);
    print_figures(out, "average precision", f->average_precision, v->average_precision);
}

/* What a reader must know before he believes the figures. */
void text_notes(FILE *out, const struct evaluation *e)
{
    const struct metrics *m = &e->frame_level;
    const char *majority = class_names[m->majority_class];
    int on_train = !strcmp(e->split, "train");
    if (m->support[CLASS_REAL] == 0 || m->support[CLASS_FAKE] == 0)
        fprintf(out,
                "Note: this split holds %s frames only; what compares the classes is "
                "undefined.\n",
                majority);
    else if (m->accuracy <= m->majority_accuracy)
        fprintf(out, "Note: no better than answering \"%s\" for every frame.\n", majority);
    if (on_train)
        fputs("Note: the network learned from these very frames; "
              "the figures say nothing about new ones.\n",
              out);
    if (!strcmp(e->weights, "best") && !strcmp(e->split, "val"))
        fputs("Note: optimistic: the best weights were chosen by their loss on this split.\n", out);
    if (!on_train && e->split_by && !strcmp(e->split_by, "frame"))
        fputs("Note: optimistic: split by frame, so frames of one video stand in train and here.\n",
              out);
}

static void print_summary(FILE *out, const struct evaluation *e)
{
    fprintf(out, "split %s, weights %s; positive class fake, predicted when P(fake) > 0.5\n\n",
            e->split, e->weights);
    print_table(out, &e->frame_level, &e->video_level);
    fputs("\nA video's probability is the mean of its frames'; "
          "the baseline answers the most frequent class.\n",
          out);
    text_notes(out, e);
}

/* ---- into strings ----------------------------------------------------------------------------*/

/* Closes a memory stream; its bytes are whole only if every write and the close went well. */
static int finish(FILE *out, char **text)
{
    int bad = ferror(out);
    if (fclose(out) != 0 || bad) {
        free(*text);
        *text = NULL;
        return fail(STATUS_FAILED, "no memory for the text of the report");
    }
    return STATUS_OK;
}

static int start(FILE **out, char **text, size_t *bytes)
{
    *text = NULL;
    *out = open_memstream(text, bytes);
    return *out ? STATUS_OK : fail(STATUS_FAILED, "no memory for the text of the report");
}

int text_report(const struct metrics *metrics, char **text)
{
    FILE *out;
    size_t bytes;
    TRY(start(&out, text, &bytes));
    print_report(out, metrics);
    return finish(out, text);
}

int text_summary(const struct evaluation *evaluation, char **text)
{
    FILE *out;
    size_t bytes;
    TRY(start(&out, text, &bytes));
    print_summary(out, evaluation);
    return finish(out, text);
}
