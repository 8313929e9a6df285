/* Every figure against scikit-learn's (tests/golden/make_sklearn.py). */
#include "base/memory.h"
#include "eval/metrics.h"
#include "eval/text.h"
#include "eval/threshold.h"
#include "tests/harness.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The promise of the report; sums in another order leave about 1e-15. */
#define FIGURE_TOLERANCE 1e-12

struct golden {
    char name[40];
    int64_t count, confusion[4];
    uint8_t *labels;
    double *probabilities;
    double precision[2], recall[2], f1[2], macro[3], weighted[3];
    double accuracy, majority, balanced, matthews, auc, ap, eer, tpr, brier, ece;
    double points[3], bins[3 * BIN_COUNT]; /* youden, eer, fpr=0.05; count, probability, fake */
    struct curve roc, pr;
    char text[1024];
};

static void read_numbers(FILE *in, const char *name, double *values, int count)
{
    char word[40];
    ck_assert_int_eq(fscanf(in, "%39s", word), 1);
    ck_assert_str_eq(word, name);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(fscanf(in, "%lf", &values[i]), 1);
}

static void read_rows(FILE *in, struct golden *g)
{
    double size[2], row[3];
    read_numbers(in, "rows", size, 2);
    g->count = (int64_t)size[1];
    g->labels = memory_zeroed((size_t)g->count, 1, "labels");
    g->probabilities = memory_zeroed((size_t)g->count, sizeof(double), "probabilities");
    int64_t at = 0;
    for (int64_t k = 0; k < (int64_t)size[0]; k++) {
        ck_assert_int_eq(fscanf(in, "%lf %lf %lf", &row[0], &row[1], &row[2]), 3);
        for (int64_t i = 0; i < (int64_t)row[2]; i++, at++) {
            g->labels[at] = (uint8_t)row[0];
            g->probabilities[at] = row[1];
        }
    }
    ck_assert_int_eq(at, g->count);
}

static void read_curve(FILE *in, const char *name, struct curve *curve)
{
    double size;
    read_numbers(in, name, &size, 1);
    curve->count = (int64_t)size;
    curve->x = memory_zeroed((size_t)size, sizeof(double), "curve");
    curve->y = memory_zeroed((size_t)size, sizeof(double), "curve");
    curve->threshold = memory_zeroed((size_t)size, sizeof(double), "curve");
    for (int64_t k = 0; k < curve->count; k++)
        ck_assert_int_eq(fscanf(in, "%lf %lf %lf", &curve->x[k], &curve->y[k],
                                &curve->threshold[k]),
                         3);
}

static void read_text(FILE *in, char *text, size_t bytes)
{
    int lines = 0;
    size_t used = 0;
    ck_assert_int_eq(fscanf(in, " text %d\n", &lines), 1);
    /* fscanf's \n also swallows the leading blanks of the first line: put them back. */
    fseek(in, -(long)strlen("              "), SEEK_CUR);
    while (lines--) {
        ck_assert_ptr_nonnull(fgets(text + used, (int)(bytes - used), in));
        used += strlen(text + used);
    }
}

static int read_case(FILE *in, struct golden *g)
{
    double cells[4];
    *g = (struct golden){0};
    if (fscanf(in, " case %39s", g->name) != 1)
        return 0;
    read_rows(in, g);
    read_numbers(in, "confusion", cells, 4);
    for (int k = 0; k < 4; k++)
        g->confusion[k] = (int64_t)cells[k];
    read_numbers(in, "precision", g->precision, 2);
    read_numbers(in, "recall", g->recall, 2);
    read_numbers(in, "f1", g->f1, 2);
    read_numbers(in, "macro", g->macro, 3);
    read_numbers(in, "weighted", g->weighted, 3);
    read_numbers(in, "accuracy", &g->accuracy, 1);
    read_numbers(in, "majority", &g->majority, 1);
    read_numbers(in, "balanced", &g->balanced, 1);
    read_numbers(in, "matthews", &g->matthews, 1);
    read_numbers(in, "auc", &g->auc, 1);
    read_numbers(in, "ap", &g->ap, 1);
    read_numbers(in, "eer", &g->eer, 1);
    read_numbers(in, "tpr", &g->tpr, 1);
    read_numbers(in, "points", g->points, 3);
    read_numbers(in, "brier", &g->brier, 1);
    read_numbers(in, "ece", &g->ece, 1);
    read_numbers(in, "bins", g->bins, 3 * BIN_COUNT);
    read_curve(in, "roc", &g->roc);
    read_curve(in, "pr", &g->pr);
    read_text(in, g->text, sizeof g->text);
    return 1;
}

static void free_case(struct golden *g)
{
    struct curve *curves[] = {&g->roc, &g->pr};
    for (int k = 0; k < 2; k++) {
        free(curves[k]->x);
        free(curves[k]->y);
        free(curves[k]->threshold);
    }
    free(g->labels);
    free(g->probabilities);
}

/* Equal within the tolerance; undefined equals undefined and infinite equals infinite. */
static void check(const char *name, const char *figure, const double *got, const double *want,
                  int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        int same = (isnan(want[k]) && isnan(got[k])) || got[k] == want[k] ||
                   fabs(got[k] - want[k]) <= FIGURE_TOLERANCE;
        ck_assert_msg(same, "%s: %s[%" PRId64 "] is %.17g, not %.17g", name, figure, k, got[k],
                      want[k]);
    }
}

static void check_curve(const struct golden *g, const char *curve, const struct curve *got,
                        const struct curve *want)
{
    ck_assert_msg(got->count == want->count, "%s: %s has %" PRId64 " points, not %" PRId64, g->name,
                  curve, got->count, want->count);
    check(g->name, curve, got->x, want->x, want->count);
    check(g->name, curve, got->y, want->y, want->count);
    check(g->name, curve, got->threshold, want->threshold, want->count);
}

static void check_figures(const struct golden *g, const struct metrics *m)
{
    for (int k = 0; k < 4; k++)
        ck_assert_int_eq(m->confusion[k / 2][k % 2], g->confusion[k]);
    check(g->name, "precision", m->precision, g->precision, 2);
    check(g->name, "recall", m->recall, g->recall, 2);
    check(g->name, "f1", m->f1, g->f1, 2);
    check(g->name, "macro_avg", m->macro_avg, g->macro, 3);
    check(g->name, "weighted_avg", m->weighted_avg, g->weighted, 3);
    check(g->name, "accuracy", &m->accuracy, &g->accuracy, 1);
    check(g->name, "majority", &m->majority_accuracy, &g->majority, 1);
    check(g->name, "balanced", &m->balanced_accuracy, &g->balanced, 1);
    check(g->name, "matthews", &m->matthews_correlation, &g->matthews, 1);
    check(g->name, "auc", &m->auc, &g->auc, 1);
    check(g->name, "ap", &m->average_precision, &g->ap, 1);
    check(g->name, "eer", &m->eer, &g->eer, 1);
    check(g->name, "TPR at FPR 1%", &m->tpr_at_1_percent, &g->tpr, 1);
    check(g->name, "Brier", &m->calibration.brier, &g->brier, 1);
    check(g->name, "ECE", &m->calibration.expected_error, &g->ece, 1);
    for (int k = 0; k < BIN_COUNT; k++)
        ck_assert_int_eq(m->calibration.count[k], (int64_t)g->bins[k]);
    check(g->name, "mean probability", m->calibration.probability, g->bins + BIN_COUNT, BIN_COUNT);
    check(g->name, "share of fakes", m->calibration.fake, g->bins + 2 * BIN_COUNT, BIN_COUNT);
}

static int for_each_case(void (*verify)(const struct golden *, const struct metrics *))
{
    FILE *in = fopen("tests/golden/sklearn_metrics.txt", "r");
    struct golden g;
    int cases = 0;
    ck_assert_ptr_nonnull(in);
    for (; read_case(in, &g); cases++) {
        struct metrics m;
        ck_assert_ok(metrics_compute(&m, 0.5, g.count, g.labels, g.probabilities));
        verify(&g, &m);
        metrics_clear(&m);
        free_case(&g);
    }
    fclose(in);
    return cases;
}

enum { CASES = 15 }; /* a file cut short must not pass */

START_TEST(test_every_figure_equals_scikit_learn)
{
    ck_assert_int_eq(for_each_case(check_figures), CASES);
}
END_TEST

static void check_curves(const struct golden *g, const struct metrics *m)
{
    check_curve(g, "roc", &m->roc, &g->roc);
    check_curve(g, "pr", &m->precision_recall, &g->pr);
}

START_TEST(test_curves_keep_every_threshold_of_scikit_learn)
{
    ck_assert_int_eq(for_each_case(check_curves), CASES);
}
END_TEST

/* Each rule finds scikit-learn's point, and `probability > threshold` gives the rates of that
 * point.
 */
static void check_rules(const struct golden *g, const struct metrics *m)
{
    static const struct threshold_rule rules[] = {{THRESHOLD_YOUDEN, 0},
                                                  {THRESHOLD_EER, 0},
                                                  {THRESHOLD_FPR, 0.05}};
    for (int k = 0; k < 3 && !isnan(g->points[k]); k++) {
        int64_t point = threshold_point(&rules[k], &m->roc), called[2] = {0, 0};
        ck_assert_msg(point == (int64_t)g->points[k], "%s: rule %d takes point %d, not %g", g->name,
                      k, (int)point, g->points[k]);
        double threshold = threshold_at(&m->roc, point);
        ck_assert(threshold >= 0 && threshold <= 1);
        for (int64_t i = 0; i < g->count; i++)
            called[g->labels[i]] += metrics_predict(g->probabilities[i], threshold);
        ck_assert_double_eq((double)called[0] / (double)m->support[0], m->roc.x[point]);
        ck_assert_double_eq((double)called[1] / (double)m->support[1], m->roc.y[point]);
    }
}

START_TEST(test_rules_choose_the_points_of_scikit_learns_roc)
{
    ck_assert_int_eq(for_each_case(check_rules), CASES);
}
END_TEST

START_TEST(test_a_threshold_parts_neighbouring_doubles)
{
    double high = 0.3, low = nextafter(high, 0), rates[] = {0, 0, 1}, hits[] = {0, 1, 1};
    double thresholds[] = {INFINITY, high, low};
    const struct curve roc = {3, rates, hits, thresholds};
    ck_assert(high > threshold_at(&roc, 1) && !(low > threshold_at(&roc, 1)));
    thresholds[1] = 1; /* the first point calls nothing fake, whatever the highest probability */
    ck_assert(!(1 > threshold_at(&roc, 0)));
}
END_TEST

START_TEST(test_a_rule_is_a_value_or_a_name)
{
    static const char *const bad[] = {"",      "1.5",  "-0.1", "nan", "0.5x",
                                      "fpr=1", "fpr=", "fpr",  "Eer"};
    struct threshold_rule rule;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_msg(threshold_parse(bad[k], &rule) == STATUS_USAGE, "'%s' was taken", bad[k]);
    ck_assert_ok(threshold_parse("0.25", &rule));
    ck_assert(rule.kind == THRESHOLD_VALUE && rule.value == 0.25);
    ck_assert_ok(threshold_parse("fpr=0.01", &rule));
    ck_assert(rule.kind == THRESHOLD_FPR && rule.value == 0.01);
    ck_assert_ok(threshold_parse("eer", &rule));
    ck_assert_int_eq(rule.kind, THRESHOLD_EER);
}
END_TEST

static void check_text(const struct golden *g, const struct metrics *m)
{
    char *text;
    ck_assert_ok(text_report(m, &text));
    ck_assert_msg(!strcmp(text, g->text), "%s:\n%s\nnot\n%s", g->name, text, g->text);
    free(text);
}

START_TEST(test_text_equals_scikit_learn_byte_for_byte)
{
    ck_assert_int_eq(for_each_case(check_text), CASES);
}
END_TEST

START_TEST(test_probability_of_exactly_one_half_is_real)
{
    const uint8_t labels[] = {1, 1};
    const double probabilities[] = {0.5, (double)nextafterf(0.5f, 1)};
    struct metrics m;
    ck_assert_ok(metrics_compute(&m, 0.5, 2, labels, probabilities));
    ck_assert_int_eq(m.confusion[CLASS_FAKE][CLASS_REAL], 1);
    ck_assert_int_eq(m.confusion[CLASS_FAKE][CLASS_FAKE], 1);
    metrics_clear(&m);
}
END_TEST

START_TEST(test_auc_is_the_share_of_pairs_in_the_right_order)
{
    /* Fakes 0.9 0.5 0.2, reals 0.5 0.1: pairs 1 1, 1/2 1, 0 1. */
    const uint8_t labels[] = {1, 0, 1, 0, 1};
    const double probabilities[] = {0.9, 0.5, 0.5, 0.1, 0.2};
    struct metrics m;
    ck_assert_ok(metrics_compute(&m, 0.5, 5, labels, probabilities));
    ck_assert_double_eq(m.auc, 4.5 / 6);
    metrics_clear(&m);
}
END_TEST

START_TEST(test_average_precision_is_exact_over_a_million_thresholds)
{
    enum { ROWS = 1000000 };
    uint8_t *many = memory_zeroed(ROWS, 1, "labels");
    double *falling = memory_zeroed(ROWS, sizeof *falling, "probabilities");
    struct metrics m;
    long double sum = 0, tp = 0, fakes = 0;
    for (int i = 0; i < ROWS; i++) {
        many[i] = i < ROWS / 2; /* equal terms, so that roundings add up */
        falling[i] = (double)(ROWS - i) / ROWS;
        fakes += many[i];
    }
    for (int i = 0; i < ROWS; i++)
        if (many[i])
            sum += ++tp / (long double)(i + 1) / fakes;
    ck_assert_ok(metrics_compute(&m, 0.5, ROWS, many, falling));
    ck_assert_double_eq_tol(m.average_precision, (double)sum, FIGURE_TOLERANCE);
    metrics_clear(&m);
    free(many);
    free(falling);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_every_figure_equals_scikit_learn,
        test_curves_keep_every_threshold_of_scikit_learn,
        test_rules_choose_the_points_of_scikit_learns_roc,
        test_a_threshold_parts_neighbouring_doubles,
        test_a_rule_is_a_value_or_a_name,
        test_text_equals_scikit_learn_byte_for_byte,
        test_probability_of_exactly_one_half_is_real,
        test_auc_is_the_share_of_pairs_in_the_right_order,
        test_average_precision_is_exact_over_a_million_thresholds,
    };
    return HARNESS_RUN("metrics", tests, 120);
}
