#include "eval/threshold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

int threshold_parse(const char *text, struct threshold_rule *rule)
{
    *rule = (struct threshold_rule){.kind = THRESHOLD_YOUDEN};
    if (strcmp(text, "youden") == 0)
        return 0;
    rule->kind = THRESHOLD_EER;
    if (strcmp(text, "eer") == 0)
        return 0;
    int is_rate = strncmp(text, "fpr=", 4) == 0;
    rule->kind = is_rate ? THRESHOLD_FPR : THRESHOLD_VALUE;
    const char *number = is_rate ? text + 4 : text;
    char *end;
    rule->value = strtod(number, &end);
    int in_range = rule->value >= 0 && (is_rate ? rule->value < 1 : rule->value <= 1);
    if (end != number && !*end && in_range)
        return 0;
    return fail(STATUS_USAGE,
                "--threshold %s: must be a value from 0 to 1, youden, eer or fpr=F with F from 0 "
                "to below 1",
                text);
}

static double merit(const struct threshold_rule *rule, double fpr, double tpr)
{
    if (rule->kind == THRESHOLD_YOUDEN)
        return tpr - fpr;
    if (rule->kind == THRESHOLD_EER)
        return -fabs(fpr - (1 - tpr));
    return fpr <= rule->value ? tpr : -1;
}

int64_t threshold_point(const struct threshold_rule *rule, const struct curve *roc)
{
    int64_t best = 0;
    for (int64_t k = 1; k < roc->count; k++)
        if (merit(rule, roc->x[k], roc->y[k]) > merit(rule, roc->x[best], roc->y[best]))
            best = k;
    return best;
}

/* The last point, where everything is fake, is never the best: the first one, where nothing is,
 * does as well. So there is always a probability just below. */
double threshold_at(const struct curve *roc, int64_t point)
{
    double above = point ? roc->threshold[point] : 1, below = roc->threshold[point + 1];
    double middle = below + (above - below) / 2;
    return middle < above ? middle : below;
}
