/* Figures of one list of (label, probability), as scikit-learn 1.2 defines and rounds them. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include "eval/evaluation.h"

/* All of struct metrics but the intervals, their groups and the text. labels (count) of 0 and 1,
 * probabilities (count) of 0..1, at least one. Curves, AUC, EER, average precision, balanced
 * accuracy and Matthews correlation compare the classes: with one class only they are NaN. The
 * caller ends with metrics_clear, also after a failure. */
int metrics_compute(struct metrics *metrics, double threshold, int64_t count, const uint8_t *labels,
                    const double *probabilities);

/* The part of metrics_compute that needs the rows sorted (curves.c): curves, AUC, average
 * precision, operating points. support must be filled. */
int metrics_compute_curves(struct metrics *metrics, const uint8_t *labels,
                           const double *probabilities);

/* A row among others sorted by falling score. */
struct ranked {
    double score;
    int32_t group;
    uint8_t label, last; /* last: the score of the next row is another */
};

/* The rows sorted, groups NULL meaning that all are of group 0; NULL after fail(). The caller
 * frees.
 */
struct ranked *ranked_create(int64_t count, const uint8_t *labels, const double *scores,
                             const int32_t *groups);

/* Area under the ROC of rows that count weights[group] times each, and equal error rate: where the
 * lines between the points of the ROC cross FPR = FNR. Both NaN with one class only. totals: the
 * sum of the weights of each class. */
void ranked_measure(const struct ranked *rows, int64_t count, const int32_t *weights,
                    const int64_t totals[CLASS_COUNT], double *auc, double *eer);

void metrics_clear(struct metrics *metrics);

/* The same rule everywhere: fake when the probability is above, not at, the threshold. */
static inline int metrics_predict(double probability, double threshold)
{
    return probability > threshold;
}

#endif
