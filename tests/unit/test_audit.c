/* The audit on rows made by hand, and its cues against scikit-learn (tests/golden/make_cues.py). */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "eval/audit_inside.h"
#include "tests/harness.h"

#define FIGURE_TOLERANCE 1e-12 /* sums in another order leave about 1e-15 */

struct golden {
    struct audit_rows rows;
    double *values[AUDIT_CUES];
};

static FILE *read_golden(struct golden *g)
{
    int rows = 0, groups = 0, cues = 0;
    FILE *in = fopen("tests/golden/sklearn_cues.txt", "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_int_eq(fscanf(in, "%d %d %d", &rows, &groups, &cues), 3);
    ck_assert_int_eq(cues, AUDIT_CUES);
    *g = (struct golden){.rows = {.count = rows, .group_count = groups}};
    g->rows.list = memory_zeroed((size_t)rows, sizeof *g->rows.list, "rows");
    for (int c = 0; c < cues; c++)
        g->values[c] = memory_zeroed((size_t)rows, sizeof *g->values[c], "cue");
    for (int i = 0; i < rows; i++) {
        struct audit_row *row = &g->rows.list[i];
        ck_assert_int_eq(fscanf(in, "%hhu %d", &row->label, &row->group), 2);
        for (int c = 0; c < cues; c++)
            ck_assert_int_eq(fscanf(in, "%lf", &g->values[c][i]), 1);
    }
    return in;
}

static void free_golden(struct golden *g)
{
    free(g->rows.list);
    for (int c = 0; c < AUDIT_CUES; c++)
        free(g->values[c]);
}

START_TEST(test_cues_equal_scikit_learn)
{
    struct golden g;
    struct audit audit = {0};
    FILE *in = read_golden(&g);
    ck_assert_ok(audit_measure_cues(&audit, &g.rows, g.values, 1));
    for (int c = 0; c < AUDIT_CUES; c++) {
        const struct audit_cue *cue = &audit.cues[c];
        double frames, real, fake, auc, higher;
        ck_assert_int_eq(fscanf(in, "%lf %lf %lf %lf %lf", &frames, &real, &fake, &auc, &higher),
                         5);
        ck_assert_int_eq(cue->frames, (int64_t)frames);
        ck_assert_double_eq_tol(cue->mean[CLASS_REAL] / real, 1, FIGURE_TOLERANCE);
        ck_assert_double_eq_tol(cue->mean[CLASS_FAKE] / fake, 1, FIGURE_TOLERANCE);
        ck_assert_double_eq_tol(cue->auc, auc, FIGURE_TOLERANCE);
        ck_assert_int_eq(cue->fake_is_higher, (int)higher);
        ck_assert(cue->interval.low <= cue->auc && cue->auc <= cue->interval.high);
    }
    fclose(in);
    free_golden(&g);
}
END_TEST

START_TEST(test_a_cue_and_its_negative_have_one_interval_whatever_the_threads)
{
    struct golden g;
    struct audit one = {0}, three = {0};
    fclose(read_golden(&g));
    ck_assert_ok(audit_measure_cues(&one, &g.rows, g.values, 1));
    ck_assert_ok(audit_measure_cues(&three, &g.rows, g.values, 3));
    ck_assert_double_eq_tol(one.cues[1].interval.low, one.cues[2].interval.low, FIGURE_TOLERANCE);
    ck_assert_double_eq_tol(one.cues[1].interval.high, one.cues[2].interval.high, FIGURE_TOLERANCE);
    ck_assert(one.cues[1].interval.high - one.cues[1].interval.low > 0.05);
    for (int c = 0; c < AUDIT_CUES; c++) {
        ck_assert_double_eq(one.cues[c].interval.low, three.cues[c].interval.low);
        ck_assert_double_eq(one.cues[c].interval.high, three.cues[c].interval.high);
    }
    free_golden(&g);
}
END_TEST

START_TEST(test_a_cue_without_a_record_has_no_figure_and_is_named)
{
    struct golden g;
    struct audit audit = {0};
    fclose(read_golden(&g));
    free(g.values[7]);
    g.values[7] = NULL;
    ck_assert_ok(audit_measure_cues(&audit, &g.rows, g.values, 1));
    ck_assert_int_eq(audit.cues[7].frames, 0);
    ck_assert(isnan(audit.cues[7].auc) && isnan(audit.cues[7].mean[CLASS_FAKE]));
    ck_assert_ok(audit_conclude(&audit));
    ck_assert_ptr_nonnull(strstr(audit.notes, "no record: sharpness;"));
    ck_assert_ptr_nonnull(strstr(audit.notes, "quality alone"));
    ck_assert_ptr_null(strstr(audit.notes, "width alone"));
    audit_clear(&audit);
    free_golden(&g);
}
END_TEST

START_TEST(test_subsampling_is_chroma_samples_per_luma_sample)
{
    static const struct {
        const char *name;
        double share;
    } cases[] = {{"4:4:4", 1},    {"4:2:2", 0.5}, {"4:4:0", 0.5},      {"4:2:0", 0.25},
                 {"4:1:1", 0.25}, {"grey", 0},    {"22,12,11", 0.375}, {"22,11,11,22", 0.25}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_double_eq(audit_chroma_share(cases[i].name), cases[i].share);
    ck_assert(isnan(audit_chroma_share("")) && isnan(audit_chroma_share("00,11,11")));
}
END_TEST

/* Six rows: two of train, two of val, two of test. */
static struct audit_row six[] = {{"a", 0, 0, 0}, {"b", 1, 0, 0}, {"c", 2, 0, 1},
                                 {"d", 1, 0, 1}, {"e", 2, 0, 2}, {"f", 2, 0, 2}};
static const char *const six_names[] = {"g0", "g1", "g2"};

START_TEST(test_the_same_pixels_in_two_splits_are_found_and_within_one_are_not)
{
    struct digests digests[6] = {{{1}, {0}}, {{1}, {0}}, {{3}, {0}},
                                 {{1}, {0}}, {{1}, {0}}, {{3}, {0}}};
    const struct audit_rows rows = {.count = 6, .list = six, .digests = digests};
    static const char *const expected[3][2] = {{"a", "d"}, {"a", "e"}, {"c", "f"}};
    struct audit audit = {0};
    ck_assert_ok(audit_find_duplicates(&audit, &rows));
    ck_assert_int_eq(audit.duplicate_count, 3);
    for (int i = 0; i < 3; i++)
        for (int side = 0; side < 2; side++)
            ck_assert_str_eq(audit.duplicates[i].source[side], expected[i][side]);
    ck_assert_str_eq(audit.duplicates[2].split[0], "val");
    ck_assert_str_eq(audit.duplicates[2].split[1], "test");
    audit_clear(&audit);
}
END_TEST

START_TEST(test_a_shared_group_fails_a_split_by_video_only)
{
    const struct audit_rows rows = {.count = 6,
                                    .group_count = 3,
                                    .list = six,
                                    .group_names = six_names};
    for (int by_video = 0; by_video < 2; by_video++) {
        struct audit audit = {.split_by_video = by_video};
        ck_assert_ok(audit_find_shared(&audit, &rows));
        ck_assert_int_eq(audit.shared_count, 2);
        ck_assert_str_eq(audit.shared[0], "g1");
        ck_assert_str_eq(audit.shared[1], "g2");
        ck_assert_int_eq(audit_verdict(&audit, "s.h5"), by_video ? STATUS_FAILED : 0);
        ck_assert_ok(audit_conclude(&audit));
        ck_assert_int_eq(strstr(audit.notes, "ERROR") != NULL, by_video);
        ck_assert_ptr_nonnull(strstr(audit.notes, "2 groups stand"));
        audit_clear(&audit);
    }
}
END_TEST

START_TEST(test_face_and_surroundings_are_two_halves_of_the_frame)
{
    enum { SIZE = 64, PIXELS = SIZE * SIZE };
    uint8_t frames[2][PIXELS * 3];
    int grey[2] = {0, 0}, sides = 0;
    for (int face = 0; face < 2; face++) {
        memset(frames[face], 7, sizeof frames[face]);
        ck_assert_ok(audit_grey_out(&face, 0, SIZE, frames[face]));
    }
    for (int i = 0; i < PIXELS; i++) {
        for (int face = 0; face < 2; face++)
            grey[face] += frames[face][3 * i] == 128;
        sides += (frames[0][3 * i] == 128) + (frames[1][3 * i] == 128) == 1;
    }
    ck_assert_int_eq(sides, PIXELS); /* each pixel in exactly one of them */
    ck_assert_double_eq_tol(grey[1] / (double)PIXELS, 3.14159265 * 0.35 * 0.45, 0.01);
    ck_assert_int_eq(frames[1][3 * (PIXELS / 2 + SIZE / 2) + 2], 128); /* the middle */
    ck_assert_int_eq(frames[1][0], 7);                                 /* the corner */
}
END_TEST

START_TEST(test_the_region_audit_says_what_it_found)
{
    static const struct {
        double whole, low, without;
        const char *words;
    } cases[] = {
        {0.9, 0.8, 0.88, "does as well without the face (AUC 0.88 against 0.90)"},
        {0.9, 0.8, 0.8, "keeps 75% of its lead"},
        {0.9, 0.8, 0.4, "keeps 0% of its lead"},
        {0.55, 0.45, 0.55, "hardly better than chance"},
        {1, NAN, 1, "Too few groups to tell"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct audit audit = {.region_count = AUDIT_REGIONS,
                              .regions = {{.auc = cases[i].whole,
                                           .auc_interval = {.low = cases[i].low}},
                                          {.auc = cases[i].without}}};
        ck_assert_ok(audit_conclude(&audit));
        ck_assert_msg(strstr(audit.notes, cases[i].words) != NULL, "'%s', not '%s'", audit.notes,
                      cases[i].words);
        audit_clear(&audit);
    }
}
END_TEST

START_TEST(test_the_region_audit_of_one_class_is_undefined)
{
    struct audit audit = {.region_count = AUDIT_REGIONS, .notes = ""};
    char *text = NULL;
    size_t bytes;
    for (int r = 0; r < AUDIT_REGIONS; r++)
        audit.regions[r] = (struct audit_region){.name = "frame",
                                                 .auc = NAN,
                                                 .auc_interval = {NAN, NAN},
                                                 .accuracy_interval = {NAN, NAN},
                                                 .video_auc = NAN};
    FILE *out = open_memstream(&text, &bytes);
    audit.cues[0].name = "width";
    audit_print(out, &audit, 0);
    fclose(out);
    ck_assert_msg(strstr(text, "undefined") && !strstr(text, "nan"), "%s", text);
    free(text);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_cues_equal_scikit_learn,
        test_a_cue_and_its_negative_have_one_interval_whatever_the_threads,
        test_a_cue_without_a_record_has_no_figure_and_is_named,
        test_subsampling_is_chroma_samples_per_luma_sample,
        test_the_same_pixels_in_two_splits_are_found_and_within_one_are_not,
        test_a_shared_group_fails_a_split_by_video_only,
        test_face_and_surroundings_are_two_halves_of_the_frame,
        test_the_region_audit_says_what_it_found,
        test_the_region_audit_of_one_class_is_undefined,
    };
    return HARNESS_RUN("audit", tests, 60);
}
