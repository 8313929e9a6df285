/* The texts: figures rounded as scikit-learn rounds them, and the summary that people read. */
#include "eval/evaluation.h"
#include "eval/metrics.h"
#include "eval/text.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

/* Rows that give the four cells; the probabilities only need the right side of one half. */
static void metrics_of_cells(struct metrics *m, const long *cells)
{
    static uint8_t labels[64 * 1024];
    static double probabilities[64 * 1024];
    int64_t count = 0;
    for (int k = 0; k < 4; k++)
        for (long i = 0; i < cells[k]; i++, count++) {
            labels[count] = k / 2;
            probabilities[count] = k % 2 ? 0.75 : 0.25;
        }
    ck_assert_ok(metrics_compute(m, 0.5, count, labels, probabilities));
}

static void check_figures(const char *text, const char *line, const char *want)
{
    static const char names[] = " real fake accuracy macro weighted avg ";
    char copy[1024], word_in_names[64], *rest;
    snprintf(copy, sizeof copy, "%s", strstr(text, "support") + strlen("support"));
    for (char *word = strtok_r(copy, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        snprintf(word_in_names, sizeof word_in_names, " %s ", word);
        if (strstr(names, word_in_names))
            continue;
        want += strspn(want, " ");
        size_t length = strcspn(want, " \n");
        ck_assert_msg(strlen(word) == length && !strncmp(word, want, length), "%s%s", line, text);
        want += length;
    }
    ck_assert_int_eq(*want, '\n');
}

START_TEST(test_second_decimal_is_rounded_as_scikit_learn_does)
{
    FILE *in = fopen("tests/golden/sklearn_tables.txt", "r");
    char line[256], *text;
    int matrices = 0;
    ck_assert_ptr_nonnull(in);
    while (fgets(line, sizeof line, in)) {
        long cells[4];
        int used = 0;
        if (line[0] == '#')
            continue;
        ck_assert_int_eq(sscanf(line, "%ld %ld %ld %ld%n", &cells[0], &cells[1], &cells[2],
                                &cells[3], &used),
                         4);
        struct metrics m;
        metrics_of_cells(&m, cells);
        ck_assert_ok(text_report(&m, &text));
        check_figures(text, line, line + used);
        free(text);
        metrics_clear(&m);
        matrices++;
    }
    fclose(in);
    ck_assert_int_eq(matrices, 244);
}
END_TEST

START_TEST(test_large_supports_widen_the_line_as_python_does)
{
    /* '{:>9}'.format(12345678901) is 11 wide. */
    struct metrics m = {.count = 12345678901, .support = {12345678900, 1}};
    m.confusion[0][0] = m.count - 1;
    char *text;
    ck_assert_ok(text_report(&m, &text));
    ck_assert_ptr_nonnull(
        strstr(text, "        real       0.00      0.00      0.00 12345678900\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "    accuracy                           1.00 12345678901\n"));
    free(text);
}
END_TEST

/* ---- the summary ---- */

static const char *names[] = {"real/a", "real/b", "fake/c", "fake/d", "fake/unused"};
static const uint8_t labels[] = {0, 0, 0, 1, 1, 1, 1};
static const float probabilities[] = {0.25f, 0.75f, 0.125f, 0.875f, 1, 0.25f, 0.375f};
static int32_t rows[] = {0, 0, 1, 2, 2, 2, 3};

static struct evaluation small_evaluation(void)
{
    return (struct evaluation){
        .split = "val",
        .weights = "last",
        .frames = {.count = 7,
                   .labels = labels,
                   .probabilities = probabilities,
                   .names = {.source = names, /* not looked at here */
                             .videos = names,
                             .groups = names,
                             .video = rows,
                             .group = rows,
                             .video_count = 5,
                             .group_count = 5}},
    };
}

START_TEST(test_a_video_is_scored_by_the_mean_of_its_frames)
{
    struct evaluation e = small_evaluation();
    ck_assert_ok(evaluation_compute(&e));
    ck_assert_int_eq(e.videos.count, 4);
    ck_assert_str_eq(e.videos.names[2], "fake/c");
    ck_assert_double_eq(e.videos.probabilities[0], 0.5); /* (0.25 + 0.75) / 2 */
    ck_assert_double_eq(e.videos.probabilities[1], 0.125);
    ck_assert_double_eq(e.videos.probabilities[2], (0.875 + 1 + 0.25) / 3);
    ck_assert_double_eq(e.videos.probabilities[3], 0.375);
    ck_assert_int_eq(e.videos.frames[2], 3);
    /* Means 0.5 and 0.125 are real, 0.708 fake, 0.375 a miss; one pair of four in wrong order. */
    ck_assert_int_eq(e.video_level.confusion[0][0], 2);
    ck_assert_int_eq(e.video_level.confusion[1][0], 1);
    ck_assert_double_eq(e.video_level.auc, 0.75);
    evaluation_clear(&e);
    ck_assert_ptr_null(e.videos.names);
}
END_TEST

START_TEST(test_summary_shows_both_levels)
{
    struct evaluation e = small_evaluation();
    char *text;
    ck_assert_ok(evaluation_compute(&e));
    ck_assert_ok(text_summary(&e, &text));
    ck_assert_ptr_nonnull(strstr(text, "split val, weights last; positive class fake"));
    ck_assert_ptr_nonnull(
        strstr(text, "scored                       7                        4\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "majority baseline       0.5714                   0.5000\n"));
    /* Frames: 3 + 3 + 1.5 + 2 of 12 pairs in order. */
    ck_assert_ptr_nonnull(
        strstr(text, "ROC AUC                 0.7917  too few          0.7500  too few\n"));
    ck_assert_ptr_null(strstr(text, "optimistic"));
    free(text);
    evaluation_clear(&e);
}
END_TEST

static void check_note(struct evaluation *e, const char *note)
{
    char *text;
    ck_assert_ok(evaluation_compute(e));
    ck_assert_ok(text_summary(e, &text));
    ck_assert_msg(strstr(text, note) != NULL, "no '%s' in\n%s", note, text);
    free(text);
    evaluation_clear(e);
}

START_TEST(test_summary_warns_of_optimistic_figures)
{
    struct evaluation best = small_evaluation(), frame = best, train = best;
    best.weights = "best";
    check_note(&best, "optimistic: the best weights were chosen by their loss on this split");
    frame.split_by = "frame";
    check_note(&frame, "optimistic: split by frame");
    train.split = "train";
    check_note(&train, "learned from these very frames");
}
END_TEST

START_TEST(test_one_class_is_undefined_not_a_crash)
{
    struct evaluation e = small_evaluation();
    e.frames.count = 3; /* only real */
    ck_assert_ok(evaluation_compute(&e));
    ck_assert_double_nan(e.frame_level.auc);
    ck_assert_double_nan(e.video_level.average_precision);
    ck_assert_double_nan(e.frame_level.balanced_accuracy);
    ck_assert_double_eq_tol(e.frame_level.accuracy, 2 / 3., 1e-15);
    char *text;
    ck_assert_ok(text_summary(&e, &text));
    ck_assert_ptr_nonnull(
        strstr(text, "ROC AUC              undefined                undefined\n"));
    ck_assert_ptr_nonnull(strstr(text, "holds real frames only"));
    free(text);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_a_rule_looks_at_val_and_decides_elsewhere)
{
    /* val: the best cut of frames lies between 0.375 and 0.75, that of videos (0.5, 0.125 against
     * 0.71, 0.375) below 0.375 or above 0.5: among equals the higher. */
    static const uint8_t swapped[] = {1, 1, 1, 0, 0, 0, 0};
    const struct evaluation val = small_evaluation();
    struct evaluation e = val;
    e.split = "test";
    e.threshold = "youden";
    e.threshold_frames = &val.frames;
    e.frames.labels = swapped;
    check_note(&e, "chosen on val by youden");
    ck_assert_ok(evaluation_compute(&e));
    ck_assert_double_eq(e.frame_level.threshold, 0.8125);
    ck_assert_double_eq(e.video_level.threshold, (0.5 + 2.125 / 3) / 2);
    ck_assert_int_eq(e.frame_level.confusion[CLASS_REAL][CLASS_FAKE], 2);
    evaluation_clear(&e);
    e.split = "val";
    e.threshold_frames = NULL;
    check_note(&e, "the threshold was chosen (youden) on the very split");
    e.threshold = "fpr=0.01";
    check_note(&e, "val has too few real videos for fpr=0.01");
    e.frames.count = 3;
    ck_assert_int_eq(evaluation_compute(&e), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "one class only"));
}
END_TEST

static void check_refused(const struct evaluation *bad, const char *line)
{
    struct evaluation e = *bad;
    ck_assert_int_eq(evaluation_compute(&e), STATUS_FAILED);
    ck_assert_msg(strstr(fail_message(), line) != NULL, "'%s' not in '%s'", line, fail_message());
    ck_assert_ptr_null(e.videos.names);
}

START_TEST(test_what_cannot_be_scored_is_refused_with_its_reason)
{
    static const float diverged[] = {0, 0, 0, NAN, 0, 0, 0};
    static const uint8_t mixed[] = {0, 1, 0, 1, 1, 1, 1};
    struct evaluation e = small_evaluation();
    e.frames.count = 0;
    check_refused(&e, "the split val is empty");
    e = small_evaluation();
    e.frames.probabilities = diverged;
    check_refused(&e, "row 3 of val was given the probability nan");
    e = small_evaluation();
    e.frames.labels = mixed;
    check_refused(&e, "video real/a has frames of both classes");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_second_decimal_is_rounded_as_scikit_learn_does,
        test_large_supports_widen_the_line_as_python_does,
        test_a_video_is_scored_by_the_mean_of_its_frames,
        test_summary_shows_both_levels,
        test_summary_warns_of_optimistic_figures,
        test_one_class_is_undefined_not_a_crash,
        test_a_rule_looks_at_val_and_decides_elsewhere,
        test_what_cannot_be_scored_is_refused_with_its_reason,
    };
    return HARNESS_RUN("text", tests, 60);
}
