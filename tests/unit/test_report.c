/* report.h5 and the pictures: what was computed is what a reader finds. */
#include "eval/evaluation.h"
#include "eval/plots.h"
#include "eval/report.h"
#include "tests/harness.h"

#include <dirent.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *sources[] = {"real/a/0.jpg", "real/a/1.jpg", "real/é 'b'.jpg", "fake/c/0.jpg",
                                "fake/c/1.jpg"};
static const char *videos[] = {"fake/c", "real/a", "real/é 'b'"};
static const char *groups[] = {"a", "b"};
static const uint8_t labels[] = {0, 0, 0, 1, 1};
static const float probabilities[] = {0.25f, 0.625f, 0.125f, 0.875f, 0.375f};
static int32_t video_rows[] = {1, 1, 2, 0, 0}, group_rows[] = {0, 0, 1, 0, 0};
static double epochs[] = {1, 2, 3}, falling[] = {0.75, 0.5, 0.25}, diverged[] = {1, NAN, INFINITY};

static struct run run; /* its history */

static struct evaluation computed(int64_t history)
{
    struct evaluation e = {
        .split = "val",
        .weights = "last",
        .split_by = "video",
        .frames = {5,
                   labels,
                   probabilities,
                   {sources, videos, groups, 3, 2, video_rows, group_rows}},
        .run = &run,
    };
    run.epoch = history;
    for (int c = 0; c < RUN_COLUMNS; c++)
        run.history[c] = c == RUN_EPOCH ? epochs : falling;
    ck_assert_ok(evaluation_compute(&e));
    return e;
}

/* ---- report.h5 ---- */

#define SCRATCH "build/scratch-report"

static struct h5 *written(struct evaluation *e)
{
    struct h5 *file;
    mkdir("build", 0777);
    ck_assert_ok(h5_create(&file, SCRATCH ".h5"));
    ck_assert_ok(report_write(file, e));
    ck_assert_ok(h5_close(&file));
    ck_assert_ok(h5_open(&file, SCRATCH ".h5"));
    return file;
}

static void check_strings(struct h5 *file, const char *name, int64_t count, const char *const *want)
{
    int64_t found;
    size_t stride;
    char *cells;
    ck_assert_ok(h5_read_strings(file, name, &found, &stride, &cells));
    ck_assert_int_eq(found, count);
    for (int64_t i = 0; i < count; i++)
        ck_assert_str_eq(cells + (size_t)i * stride, want[i]);
    free(cells);
}

static void check_doubles(struct h5 *file, const char *name, int64_t count, const double *want)
{
    double got[16];
    ck_assert_int_le(count, 16);
    ck_assert_ok(h5_read(file, name, H5_FLOAT64, 1, &count, got));
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(got[i] == want[i], "%s[%d] is %g, not %g", name, (int)i, got[i], want[i]);
}

START_TEST(test_report_holds_both_levels)
{
    struct evaluation e = computed(3);
    struct h5 *file = written(&e);
    const int64_t square[] = {2, 2};
    int64_t cells[4], version, count;
    size_t stride;
    char *text, word[32];
    double auc;
    ck_assert_ok(h5_get_text(file, "/", "format", word, sizeof word));
    ck_assert_str_eq(word, "unmask-report");
    ck_assert_ok(h5_get_int(file, "/", "format_version", &version));
    ck_assert_ok(h5_read(file, "/confusion_matrix", H5_INT64, 2, square, cells));
    ck_assert_mem_eq(cells, e.frame_level.confusion, sizeof cells);
    ck_assert_int_eq(cells[1], 1); /* the one real frame above one half */
    ck_assert_ok(h5_read(file, "/video/confusion_matrix", H5_INT64, 2, square, cells));
    ck_assert_mem_eq(cells, e.video_level.confusion, sizeof cells);
    ck_assert_ok(h5_read_strings(file, "/report/text", &count, &stride, &text));
    ck_assert_str_eq(text, e.frame_level.text);
    free(text);
    check_doubles(file, "/report/macro_avg", 3, e.frame_level.macro_avg);
    check_doubles(file, "/roc/threshold", 6, e.frame_level.roc.threshold);
    check_doubles(file, "/pr/recall", 6, e.frame_level.precision_recall.x);
    check_doubles(file, "/video/roc/fpr", 4, e.video_level.roc.x);
    ck_assert_ok(h5_get_double(file, "/roc", "auc", &auc));
    ck_assert_double_eq(auc, e.frame_level.auc);
    h5_close(&file);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_report_says_what_the_split_is_too_small_for)
{
    const double ends[] = {0.5, 0.875};
    double counts[BIN_COUNT], eer, threshold;
    char word[64];
    struct evaluation e = computed(3);
    for (int k = 0; k < BIN_COUNT; k++)
        counts[k] = (double)e.frame_level.calibration.count[k];
    struct h5 *file = written(&e);
    check_doubles(file, "/det/fpr", 6, e.frame_level.roc.x);
    ck_assert_ok(h5_get_double(file, "/video/det", "eer", &eer));
    ck_assert_double_eq(eer, e.video_level.eer);
    check_doubles(file, "/calibration/count", BIN_COUNT, counts);
    ck_assert_ok(h5_get_text(file, "/calibration", "ece_undefined", word, sizeof word));
    ck_assert_str_eq(word, "needs 100 rows");
    ck_assert_ok(h5_get_text(file, "/det", "tpr_at_fpr_0.01_undefined", word, sizeof word));
    ck_assert_ok(h5_get_text(file, "/video/interval", "undefined", word, sizeof word));
    ck_assert_str_eq(word, "needs 10 groups of each class");
    ck_assert_ok(h5_get_text(file, "/", "threshold_split", word, sizeof word));
    ck_assert_str_eq(word, "none");
    h5_close(&file);
    e.frame_level.intervals[INTERVAL_AUC] = (struct interval){ends[0], ends[1]};
    e.video_level.threshold = 0.25; /* as a rule may choose: the video of 0.4375 is fake then */
    file = written(&e);
    check_doubles(file, "/interval/auc", 2, ends);
    ck_assert_int_lt(h5_get_text(file, "/interval", "undefined", word, sizeof word), 0);
    ck_assert_ok(h5_get_double(file, "/video", "threshold", &threshold));
    ck_assert_double_eq(threshold, 0.25);
    check_doubles(file, "/video/predictions/predicted", 3, (const double[]){1, 1, 0});
    h5_close(&file);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_predictions_name_every_frame_and_video)
{
    static const char *const by_frame[] = {"real/a", "real/a", "real/é 'b'", "fake/c", "fake/c"};
    static const char *const group[] = {"a", "a", "b", "a", "a"};
    const double means[] = {0.625, 0.4375, 0.125}, frames[] = {2, 2, 1};
    const double predicted[] = {0, 1, 0, 1, 0}, epoch_loss[] = {0.75, 0.5, 0.25};
    struct evaluation e = computed(3);
    struct h5 *file = written(&e);
    check_strings(file, "/predictions/source", 5, sources);
    check_strings(file, "/predictions/video", 5, by_frame);
    check_strings(file, "/predictions/group", 5, group);
    check_doubles(file, "/predictions/predicted", 5, predicted);
    check_strings(file, "/video/predictions/video", 3, videos);
    check_doubles(file, "/video/predictions/probability", 3, means);
    check_doubles(file, "/video/predictions/frames", 3, frames);
    check_doubles(file, "/history/val_loss", 3, epoch_loss);
    h5_close(&file);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_report_of_a_run_without_epochs_has_empty_columns)
{
    struct evaluation e = computed(0);
    struct h5 *file = written(&e);
    int64_t length = -1;
    ck_assert_ok(h5_dims(file, "/history/epoch", 1, &length));
    ck_assert_int_eq(length, 0);
    h5_close(&file);
    evaluation_clear(&e);
}
END_TEST

/* ---- pictures ---- */

static const char *const pictures[] = {"loss", "accuracy", "roc", "confusion"};

static int gnuplot_is_here(void)
{
    return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

static void read_start(const char *folder, const char *name, const char *kind, char *start)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, kind);
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "no %s", path);
    ck_assert_uint_eq(fread(start, 1, 8, in), 8);
    fclose(in);
}

static void remove_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
    rmdir(folder);
}

/* Draws e into a folder with an ugly name; without gnuplot only data and script are checked. */
static void check_pictures(struct evaluation *e)
{
    static const char folder[] = SCRATCH " x'\"`$\n";
    char start[8];
    mkdir("build", 0777);
    remove_folder(folder);
    ck_assert_ok(plots_write(e, folder));
    if (gnuplot_is_here()) {
        ck_assert_ok(plots_render(folder, 0));
        for (int k = 0; k < 4; k++) {
            read_start(folder, pictures[k], "png", start);
            ck_assert_mem_eq(start, "\x89PNG\r\n\x1a\n", 8);
            read_start(folder, pictures[k], "svg", start);
            ck_assert_mem_eq(start, "<?xml ve", 8);
        }
    }
    remove_folder(folder);
}

START_TEST(test_pictures_are_drawn_for_any_history)
{
    struct evaluation e = computed(0);
    check_pictures(&e);
    run.epoch = 1;
    check_pictures(&e);
    run.epoch = 3;
    check_pictures(&e);
    run.history[RUN_TRAIN_LOSS] = run.history[RUN_VAL_LOSS] = diverged;
    check_pictures(&e);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_pictures_are_drawn_for_one_class)
{
    struct evaluation e = computed(3);
    evaluation_clear(&e);
    e.frames.count = 3;
    ck_assert_ok(evaluation_compute(&e));
    check_pictures(&e);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_a_name_is_never_a_command)
{
    struct evaluation e = computed(3);
    e.split = "a'b\"c`touch " SCRATCH "-evil`\n'; system('touch " SCRATCH "-evil') #_^{}";
    check_pictures(&e);
    ck_assert_int_ne(access(SCRATCH "-evil", F_OK), 0);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_missing_gnuplot_is_said_and_data_stay)
{
    static const char folder[] = SCRATCH "-plots";
    struct evaluation e = computed(3);
    char start[8];
    mkdir("build", 0777);
    remove_folder(folder);
    setenv("PATH", "/nowhere", 1); /* this test runs in a process of its own */
    ck_assert_ok(plots_write(&e, folder));
    ck_assert_int_eq(plots_render(folder, 0), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "gnuplot is not installed"));
    ck_assert_ptr_nonnull(strstr(fail_message(), folder));
    read_start(folder, "plots", "gp", start);
    read_start(folder, "roc", "dat", start);
    remove_folder(folder);
    evaluation_clear(&e);
}
END_TEST

START_TEST(test_folder_that_cannot_be_made_is_named)
{
    struct evaluation e = computed(3);
    ck_assert_int_eq(plots_write(&e, "build/none/such"), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "build/none/such"));
    ck_assert_int_eq(plots_write(&e, "/dev/null"), STATUS_FAILED);
    evaluation_clear(&e);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_report_holds_both_levels,
        test_report_says_what_the_split_is_too_small_for,
        test_predictions_name_every_frame_and_video,
        test_report_of_a_run_without_epochs_has_empty_columns,
        test_pictures_are_drawn_for_any_history,
        test_pictures_are_drawn_for_one_class,
        test_a_name_is_never_a_command,
        test_missing_gnuplot_is_said_and_data_stay,
        test_folder_that_cannot_be_made_is_named,
    };
    return HARNESS_RUN("report", tests, 120);
}
