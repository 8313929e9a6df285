#include "eval/text.h"

#include "eval/audit.h"
#include "eval/robustness.h"

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

static int has_both(const struct metrics *m)
{
    return m->support[CLASS_REAL] > 0 && m->support[CLASS_FAKE] > 0;
}

/* A figure of one level and its interval (-1: it has none). Returns how wide the interval would
 * have been: blanks that only a further cell asks for. */
static int print_cell(FILE *out, const struct metrics *m, double figure, int interval)
{
    enum { INTERVAL_WIDTH = 15 };
    if (isnan(figure))
        fprintf(out, "%10s", has_both(m) ? "too few" : "undefined");
    else
        fprintf(out, "%10.4f", figure);
    if (interval < 0 || !has_both(m))
        return INTERVAL_WIDTH;
    if (isnan(m->intervals[interval].low))
        return INTERVAL_WIDTH - fprintf(out, "  too few");
    fprintf(out, "  %.4f-%.4f", m->intervals[interval].low, m->intervals[interval].high);
    return 0;
}

static void print_figures(FILE *out, const struct evaluation *e, const char *label, double frames,
                          double videos, int interval)
{
    fprintf(out, "%-20s", label);
    int blanks = print_cell(out, &e->frame_level, frames, interval);
    fprintf(out, "%*s", blanks, "");
    print_cell(out, &e->video_level, videos, interval);
    fputc('\n', out);
}

static void print_table(FILE *out, const struct evaluation *e)
{
    const struct metrics *f = &e->frame_level, *v = &e->video_level;
    fprintf(out, "%30s%15s%10s%15s\n", "frames", "95% interval", "videos", "95% interval");
    fprintf(out, "%-20s%10" PRId64 "%25" PRId64 "\n", "scored", f->count, v->count);
    print_figures(out, e, "accuracy", f->accuracy, v->accuracy, INTERVAL_ACCURACY);
    print_figures(out, e, "majority baseline", f->majority_accuracy, v->majority_accuracy, -1);
    print_figures(out, e, "balanced accuracy", f->balanced_accuracy, v->balanced_accuracy,
                  INTERVAL_BALANCED_ACCURACY);
    print_figures(out, e, "Matthews correlation", f->matthews_correlation, v->matthews_correlation,
                  -1);
    print_figures(out, e, "ROC AUC", f->auc, v->auc, INTERVAL_AUC);
    print_figures(out, e, "average precision", f->average_precision, v->average_precision, -1);
    print_figures(out, e, "equal error rate", f->eer, v->eer, INTERVAL_EER);
    print_figures(out, e, "TPR at FPR 1%", f->tpr_at_1_percent, v->tpr_at_1_percent, -1);
    print_figures(out, e, "Brier score", f->calibration.brier, v->calibration.brier, -1);
    print_figures(out, e, "calibration error", f->calibration.expected_error,
                  v->calibration.expected_error, -1);
}

static void print_threshold_notes(FILE *out, const struct evaluation *e)
{
    static const char *const levels[] = {"frames", "videos"};
    if (!strcmp(e->threshold_split, e->split))
        fprintf(out,
                "Note: optimistic: the threshold was chosen (%s) on the very split that it is "
                "tried on.\n",
                e->threshold);
    for (int k = 0; k < 2; k++)
        if (e->threshold_guessed[k])
            fprintf(out, "Note: val has too few real %s for %s: the threshold of %s is a guess.\n",
                    levels[k], e->threshold, levels[k]);
}

/* What a reader must know before he believes the figures. */
void text_notes(FILE *out, const struct evaluation *e)
{
    const struct metrics *m = &e->frame_level;
    const char *majority = class_names[m->majority_class];
    int on_train = !strcmp(e->split, "train");
    if (!has_both(m))
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
    print_threshold_notes(out, e);
}

static void print_summary(FILE *out, const struct evaluation *e)
{
    const struct metrics *m = &e->frame_level, *v = &e->video_level;
    fprintf(out, "split %s, weights %s; positive class fake, predicted when P(fake) > %.6g",
            e->split, e->weights, m->threshold);
    if (strcmp(e->threshold_split, "none"))
        fprintf(out, " (videos: %.6g), chosen on %s by %s", v->threshold, e->threshold_split,
                e->threshold);
    fputs("\n\n", out);
    print_table(out, e);
    fprintf(out,
            "\nA video's probability is the mean of its frames'; the baseline answers the most "
            "frequent class.\nIntervals: bootstrap over groups, %" PRId64 " with real frames, "
            "%" PRId64 " with fake ones. Calibration error: over %d bins.\n",
            m->groups[CLASS_REAL], m->groups[CLASS_FAKE], BIN_COUNT);
    if (has_both(v) && (isnan(v->intervals[INTERVAL_AUC].low) || isnan(v->tpr_at_1_percent) ||
                        isnan(v->calibration.expected_error)))
        fprintf(out,
                "Too few: an interval needs %d groups of each class, TPR at FPR 1%% %d real rows, "
                "calibration error %d rows.\n",
                ENOUGH_GROUPS, ENOUGH_REALS, ENOUGH_ROWS);
    text_notes(out, e);
    if (e->robustness)
        robustness_print(out, e->robustness);
    if (e->audit) {
        fputc('\n', out);
        audit_print(out, e->audit, 0);
    }
}

/* ---- into strings ----------------------------------------------------------------------------*/

int32_t text_code_point(const char *text, int *bytes)
{
    const unsigned char *c = (const unsigned char *)text;
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    int extra = c[0] < 0x80 ? 0 : c[0] < 0xc0 ? -1 : c[0] < 0xe0 ? 1 : c[0] < 0xf0 ? 2 : 3;
    *bytes = 1;
    if (extra < 0 || c[0] > 0xf4)
        return -1;
    int32_t point = extra ? c[0] & (0x3f >> extra) : c[0];
    for (int k = 1; k <= extra; k++) {
        if ((c[k] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (c[k] & 0x3f);
    }
    if (point < least[extra] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return -1;
    *bytes = extra + 1;
    return point;
}

int text_finish(FILE *out, char **text, const char *what)
{
    int bad = !out || ferror(out);
    if (out && fclose(out) == 0 && !bad)
        return STATUS_OK;
    if (out)
        free(*text);
    *text = NULL;
    return fail(STATUS_FAILED, "no memory for %s", what);
}

int text_report(const struct metrics *metrics, char **text)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    if (out)
        print_report(out, metrics);
    return text_finish(out, text, "the text of the report");
}

int text_summary(const struct evaluation *evaluation, char **text)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    if (out)
        print_summary(out, evaluation);
    return text_finish(out, text, "the text of the report");
}
