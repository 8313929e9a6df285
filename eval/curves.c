/* Curves over every threshold.
 *
 * The rows are sorted by falling probability and cut into runs of equal probability. No threshold
 * can part the rows of a run, so each run is one point: how many fakes (TP) and reals (FP) lie at
 * or above it.
 *
 *     probability   0.9   0.7 0.7 0.7   0.2
 *     label          1     1   0   1     0        P = 3 fakes, N = 2 reals
 *     TP, FP        1,0   ---- 3,1 ---   3,2
 *
 * ROC joins (FP/N, TP/P). Its area counts pairs of one fake and one real: a pair in the right order
 * is worth 1, a pair within one run 1/2. Both counts are integers, so the AUC is rounded once. */
#include "eval/metrics.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>

struct row {
    double probability;
    int label;
};

struct tie {
    double probability;
    int64_t tp, fp; /* of this run and all above */
};

static int compare_falling(const void *left, const void *right)
{
    double a = ((const struct row *)left)->probability;
    double b = ((const struct row *)right)->probability;
    return (a < b) - (a > b);
}

/* The sorted rows as *count runs. */
static int find_runs(const struct metrics *m, const uint8_t *labels, const double *probabilities,
                     struct tie **runs, int64_t *count)
{
    size_t n = (size_t)m->count;
    struct row *rows = memory_zeroed(n, sizeof *rows, "rows to sort");
    *runs = rows ? memory_zeroed(n, sizeof **runs, "thresholds") : NULL;
    if (!*runs) {
        free(rows);
        return STATUS_FAILED;
    }
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct row){probabilities[i], labels[i]};
    qsort(rows, n, sizeof *rows, compare_falling);
    int64_t k = 0, tp = 0, fp = 0;
    for (size_t i = 0; i < n; i++) {
        tp += rows[i].label;
        fp += !rows[i].label;
        if (i + 1 == n || rows[i + 1].probability != rows[i].probability)
            (*runs)[k++] = (struct tie){rows[i].probability, tp, fp};
    }
    *count = k;
    free(rows);
    return STATUS_OK;
}

static int create_curve(struct curve *curve, int64_t count)
{
    curve->count = count;
    curve->x = memory_zeroed((size_t)count, sizeof *curve->x, "curve");
    curve->y = memory_zeroed((size_t)count, sizeof *curve->y, "curve");
    curve->threshold = memory_zeroed((size_t)count, sizeof *curve->threshold, "curve");
    return curve->x && curve->y && curve->threshold ? STATUS_OK : STATUS_FAILED;
}

static double share(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

static void fill_roc(struct metrics *m, const struct tie *runs, int64_t count)
{
    int64_t real = m->support[CLASS_REAL], fake = m->support[CLASS_FAKE];
    m->roc.x[0] = share(0, real);
    m->roc.y[0] = share(0, fake);
    m->roc.threshold[0] = INFINITY;
    for (int64_t k = 0; k < count; k++) {
        m->roc.x[k + 1] = share(runs[k].fp, real);
        m->roc.y[k + 1] = share(runs[k].tp, fake);
        m->roc.threshold[k + 1] = runs[k].probability;
    }
}

/* precision = TP / (TP + FP), recall = TP / P; from the lowest threshold up to (1, 0) at +inf. */
static void fill_precision_recall(struct metrics *m, const struct tie *runs, int64_t count)
{
    struct curve *pr = &m->precision_recall;
    for (int64_t k = 0; k < count; k++) {
        const struct tie *run = &runs[count - 1 - k];
        pr->x[k] = share(run->tp, m->support[CLASS_FAKE]);
        pr->y[k] = share(run->tp, run->tp + run->fp);
        pr->threshold[k] = run->probability;
    }
    pr->x[count] = share(0, m->support[CLASS_FAKE]);
    pr->y[count] = 1;
    pr->threshold[count] = INFINITY;
}

/* Twice the number of (fake, real) pairs in the right order, ties counted half, over twice P N. */
static double area(const struct tie *runs, int64_t count, int64_t real, int64_t fake)
{
    int64_t halves = 0, fp = 0, tp = 0;
    for (int64_t k = 0; k < count; k++) {
        halves += (runs[k].fp - fp) * (runs[k].tp + tp);
        fp = runs[k].fp;
        tp = runs[k].tp;
    }
    return (double)halves / (2 * (double)real * (double)fake);
}

/* The sum over the thresholds of (recall - recall at the threshold above) * precision. A million
 * thresholds lose 1e-11 in a plain sum; Kahan's carries what each addition dropped. */
static double average_precision(const struct curve *pr)
{
    double sum = 0, lost = 0;
    for (int64_t k = 0; k + 1 < pr->count; k++) {
        double term = (pr->x[k] - pr->x[k + 1]) * pr->y[k] - lost;
        double next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    return sum;
}

int metrics_compute_curves(struct metrics *metrics, const uint8_t *labels,
                           const double *probabilities)
{
    int64_t real = metrics->support[CLASS_REAL], fake = metrics->support[CLASS_FAKE];
    struct tie *runs;
    int64_t count;
    TRY(find_runs(metrics, labels, probabilities, &runs, &count));

    int status;
    TRY_OR(done, create_curve(&metrics->roc, count + 1));
    TRY_OR(done, create_curve(&metrics->precision_recall, count + 1));
    fill_roc(metrics, runs, count);
    fill_precision_recall(metrics, runs, count);
    int both = real && fake;
    metrics->auc = both ? area(runs, count, real, fake) : NAN;
    metrics->average_precision = both ? average_precision(&metrics->precision_recall) : NAN;
done:
    free(runs);
    return status;
}
