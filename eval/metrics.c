/* The confusion matrix and what follows from its four cells.
 *
 * The order of operations is scikit-learn 1.2's, so that not only the figures but their last bits
 * agree, and with them the second decimal in the text. */
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>

static void count_cells(struct metrics *m, const uint8_t *labels, const double *probabilities)
{
    for (int64_t i = 0; i < m->count; i++)
        m->confusion[labels[i]][metrics_predict(probabilities[i], m->threshold)]++;
    for (int k = 0; k < CLASS_COUNT; k++)
        m->support[k] = m->confusion[k][CLASS_REAL] + m->confusion[k][CLASS_FAKE];
}

static double ratio_or_zero(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

/* precision = TP / predicted, recall = TP / true, F1 = 2 P R / (P + R), for each class. */
static void compute_classes(struct metrics *m)
{
    for (int k = 0; k < CLASS_COUNT; k++) {
        int64_t predicted = m->confusion[CLASS_REAL][k] + m->confusion[CLASS_FAKE][k];
        double p = ratio_or_zero(m->confusion[k][k], predicted);
        double r = ratio_or_zero(m->confusion[k][k], m->support[k]);
        m->precision[k] = p;
        m->recall[k] = r;
        m->f1[k] = p + r > 0 ? 2 * p * r / (p + r) : 0;
    }
}

static void compute_averages(struct metrics *m)
{
    const double *figures[FIGURE_COUNT] = {
        [FIGURE_PRECISION] = m->precision, [FIGURE_RECALL] = m->recall, [FIGURE_F1] = m->f1};
    double w0 = (double)m->support[CLASS_REAL], w1 = (double)m->support[CLASS_FAKE];
    for (int k = 0; k < FIGURE_COUNT; k++) {
        double real = figures[k][CLASS_REAL], fake = figures[k][CLASS_FAKE];
        m->macro_avg[k] = (real + fake) / 2;
        m->weighted_avg[k] = (real * w0 + fake * w1) / (w0 + w1);
    }
}

/* Correlation of the two indicator variables, truth and prediction; 0 when the prediction is
 * constant (the limit scikit-learn takes). */
static double matthews_correlation(const struct metrics *m)
{
    double n = (double)m->count;
    double correct = (double)(m->confusion[0][0] + m->confusion[1][1]);
    double t0 = (double)m->support[0], t1 = (double)m->support[1];
    double p0 = (double)(m->confusion[0][0] + m->confusion[1][0]), p1 = n - p0;
    double cov_tp = correct * n - (t0 * p0 + t1 * p1);
    double cov_pp = n * n - (p0 * p0 + p1 * p1);
    double cov_tt = n * n - (t0 * t0 + t1 * t1);
    return cov_pp * cov_tt == 0 ? 0 : cov_tp / sqrt(cov_tt * cov_pp);
}

static void compute_overall(struct metrics *m)
{
    int one_class = !m->support[CLASS_REAL] || !m->support[CLASS_FAKE];
    m->accuracy = (double)(m->confusion[0][0] + m->confusion[1][1]) / (double)m->count;
    m->majority_class = m->support[CLASS_FAKE] > m->support[CLASS_REAL] ? CLASS_FAKE : CLASS_REAL;
    m->majority_accuracy = (double)m->support[m->majority_class] / (double)m->count;
    m->balanced_accuracy = one_class ? NAN : m->macro_avg[FIGURE_RECALL];
    m->matthews_correlation = one_class ? NAN : matthews_correlation(m);
}

/* The bin of p: edges are k * 0.1 as doubles, a value on an edge lies below it (scikit-learn's
 * calibration_curve). */
static int bin_of(double p)
{
    int k = 0;
    while (k + 1 < BIN_COUNT && p > (k + 1) * 0.1)
        k++;
    return k;
}

/* Brier score = mean (p - y)^2; expected calibration error = sum_k n_k/n |mean p - mean y|. */
static void calibrate(struct metrics *metrics, const uint8_t *labels, const double *probabilities)
{
    struct calibration *c = &metrics->calibration;
    double n = (double)metrics->count;
    for (int64_t i = 0; i < metrics->count; i++) {
        double p = probabilities[i], y = labels[i];
        int k = bin_of(p);
        c->count[k]++;
        c->probability[k] += p;
        c->fake[k] += y;
        c->brier += (p - y) * (p - y);
    }
    for (int k = 0; k < BIN_COUNT; k++) {
        c->expected_error += fabs(c->probability[k] - c->fake[k]) / n;
        c->probability[k] = c->count[k] ? c->probability[k] / (double)c->count[k] : NAN;
        c->fake[k] = c->count[k] ? c->fake[k] / (double)c->count[k] : NAN;
    }
    c->brier /= n;
    if (metrics->count < ENOUGH_ROWS)
        c->expected_error = NAN;
}

int metrics_compute(struct metrics *metrics, double threshold, int64_t count, const uint8_t *labels,
                    const double *probabilities)
{
    *metrics = (struct metrics){.count = count, .threshold = threshold};
    count_cells(metrics, labels, probabilities);
    compute_classes(metrics);
    compute_averages(metrics);
    compute_overall(metrics);
    calibrate(metrics, labels, probabilities);
    return metrics_compute_curves(metrics, labels, probabilities);
}

static void clear_curve(struct curve *curve)
{
    free(curve->x);
    free(curve->y);
    free(curve->threshold);
}

void metrics_clear(struct metrics *metrics)
{
    clear_curve(&metrics->roc);
    clear_curve(&metrics->precision_recall);
    free(metrics->text);
    *metrics = (struct metrics){0};
}
