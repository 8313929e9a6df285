/* Figures of one list of (label, probability), as scikit-learn 1.2 defines and rounds them. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include "eval/evaluation.h"

/* All of struct metrics but the text. labels (count) of 0 and 1, probabilities (count) of 0..1, at
 * least one. Curves, AUC, average precision, balanced accuracy and Matthews correlation compare
 * the classes: with one class only they are NaN. The caller ends with metrics_clear, also after a
 * failure. */
int metrics_compute(struct metrics *metrics, int64_t count, const uint8_t *labels,
                    const double *probabilities);

/* The part of metrics_compute that needs the rows sorted (curves.c): ROC and precision-recall
 * curves, AUC, average precision. support must be filled. */
int metrics_compute_curves(struct metrics *metrics, const uint8_t *labels,
                           const double *probabilities);

void metrics_clear(struct metrics *metrics);

/* The same rule everywhere: fake when the probability is above, not at, one half. */
static inline int metrics_predict(double probability)
{
    return probability > 0.5;
}

#endif
