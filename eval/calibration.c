#include "eval/metrics.h"

#include <math.h>

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
void metrics_calibrate(struct metrics *metrics, const uint8_t *labels, const double *probabilities)
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
