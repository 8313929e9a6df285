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
#include "eval/threshold.h"

#include "base/memory.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>

static int compare_falling(const void *left, const void *right)
{
    double a = ((const struct ranked *)left)->score, b = ((const struct ranked *)right)->score;
    return (a < b) - (a > b);
}

struct ranked *ranked_create(int64_t count, const uint8_t *labels, const double *scores,
                             const int32_t *groups)
{
    struct ranked *rows = memory_zeroed((size_t)count, sizeof *rows, "rows to sort");
    if (!rows)
        return NULL;
    for (int64_t i = 0; i < count; i++)
        rows[i] = (struct ranked){scores[i], groups ? groups[i] : 0, labels[i], 0};
    qsort(rows, (size_t)count, sizeof *rows, compare_falling);
    for (int64_t i = 0; i < count; i++)
        rows[i].last = i + 1 == count || rows[i + 1].score != rows[i].score;
    return rows;
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

/* precision = TP / (TP + FP), recall = TP / P. */
static void fill_curves(struct metrics *m, const struct ranked *rows, int64_t runs)
{
    const int64_t real = m->support[CLASS_REAL], fake = m->support[CLASS_FAKE];
    struct curve *roc = &m->roc, *pr = &m->precision_recall;
    int64_t tp = 0, fp = 0, k = 0;
    roc->x[0] = share(0, real);
    roc->y[0] = pr->x[runs] = share(0, fake);
    roc->threshold[0] = pr->threshold[runs] = INFINITY;
    pr->y[runs] = 1;
    for (int64_t i = 0; i < m->count; i++) {
        tp += rows[i].label;
        fp += !rows[i].label;
        if (!rows[i].last)
            continue;
        k++;
        roc->x[k] = share(fp, real);
        roc->y[k] = pr->x[runs - k] = share(tp, fake);
        pr->y[runs - k] = share(tp, tp + fp);
        roc->threshold[k] = pr->threshold[runs - k] = rows[i].score;
    }
}

/* Area: twice the number of (fake, real) pairs in the right order, ties counted half, over twice
 * P N. Equal error rate: P N (FPR - FNR) = P fp + N tp - P N rises from -P N to P N. */
void ranked_measure(const struct ranked *rows, int64_t count, const int32_t *weights,
                    const int64_t totals[CLASS_COUNT], double *auc, double *eer)
{
    const int64_t real = totals[CLASS_REAL], fake = totals[CLASS_FAKE];
    int64_t fp = 0, tp = 0, last_fp = 0, last_tp = 0, halves = 0, last_gap = -real * fake;
    *auc = *eer = NAN;
    if (!real || !fake)
        return;
    for (int64_t i = 0; i < count; i++) {
        int64_t weight = weights[rows[i].group];
        tp += rows[i].label ? weight : 0;
        fp += rows[i].label ? 0 : weight;
        if (!rows[i].last)
            continue;
        int64_t gap = fake * fp + real * tp - fake * real;
        if (last_gap < 0 && gap >= 0)
            *eer = ((double)last_fp +
                    (double)(fp - last_fp) * ((double)-last_gap / (double)(gap - last_gap))) /
                   (double)real;
        halves += (fp - last_fp) * (tp + last_tp);
        last_fp = fp;
        last_tp = tp;
        last_gap = gap;
    }
    *auc = (double)halves / (2 * (double)real * (double)fake);
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

static void find_points(struct metrics *m)
{
    const struct threshold_rule eer = {.kind = THRESHOLD_EER},
                                percent = {.kind = THRESHOLD_FPR, .value = 0.01};
    m->eer_threshold = threshold_at(&m->roc, threshold_point(&eer, &m->roc));
    if (m->support[CLASS_REAL] >= ENOUGH_REALS)
        m->tpr_at_1_percent = m->roc.y[threshold_point(&percent, &m->roc)];
}

int metrics_compute_curves(struct metrics *m, const uint8_t *labels, const double *probabilities)
{
    static const int32_t once = 1;
    int status;
    int64_t runs = 0;
    struct ranked *rows = ranked_create(m->count, labels, probabilities, NULL);
    if (!rows)
        return STATUS_FAILED;
    for (int64_t i = 0; i < m->count; i++)
        runs += rows[i].last;
    TRY_OR(done, create_curve(&m->roc, runs + 1));
    TRY_OR(done, create_curve(&m->precision_recall, runs + 1));
    fill_curves(m, rows, runs);
    ranked_measure(rows, m->count, &once, m->support, &m->auc, &m->eer);
    m->average_precision = m->eer_threshold = m->tpr_at_1_percent = NAN;
    if (m->support[CLASS_REAL] && m->support[CLASS_FAKE]) {
        m->average_precision = average_precision(&m->precision_recall);
        find_points(m);
    }
done:
    free(rows);
    return status;
}
