/* Above which probability a row is called fake.
 *
 *     VALUE    in 0..1, the same for frames and videos
 *     youden   the largest TPR - FPR
 *     eer      FPR and FNR closest to each other
 *     fpr=F    the largest TPR with FPR <= F
 *
 * A rule looks at the validation split only, and once at each level: the mean of a video's frames
 * is spread less than the frames are, so a threshold of frames is none of videos. */
#ifndef EVAL_THRESHOLD_H
#define EVAL_THRESHOLD_H

#include "eval/evaluation.h"

enum threshold_kind { THRESHOLD_VALUE, THRESHOLD_YOUDEN, THRESHOLD_EER, THRESHOLD_FPR };

struct threshold_rule {
    enum threshold_kind kind;
    double value; /* of VALUE and F; else 0 */
};

/* STATUS_USAGE after fail() when the text is none of the above. */
int threshold_parse(const char *text, struct threshold_rule *rule);

/* The point of a ROC of both classes that a rule other than VALUE chooses; among equals the one
 * with the highest threshold. */
int64_t threshold_point(const struct threshold_rule *rule, const struct curve *roc);

/* A number between the probabilities at that point and just below it, so that `probability >
 * number` gives the rates of the point. */
double threshold_at(const struct curve *roc, int64_t point);

#endif
