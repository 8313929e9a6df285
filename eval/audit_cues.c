/* Each cue as a detector of its own. The ledger has a row per input file, in the order of the
 * files; the rows of the splits find theirs by the path. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/audit_inside.h"
#include "eval/bootstrap.h"
#include "eval/metrics.h"
#include "store/h5.h"
#include "store/ledger.h"

enum { CUE_QUALITY = 3, CUE_SUBSAMPLING = 4 };
static const char *const cue_names[AUDIT_CUES] = {"width",      "height",      "bytes",
                                                  "quality",    "subsampling", "exif",
                                                  "brightness", "sharpness"};

double audit_chroma_share(const char *subsampling)
{
    static const struct {
        const char *name;
        double share;
    } known[] = {{"4:4:4", 1},    {"4:2:2", 0.5},   {"4:4:0", 0.5}, {"4:2:0", 0.25},
                 {"4:1:1", 0.25}, {"4:1:0", 0.125}, {"grey", 0}};
    unsigned luma, blue, red;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(subsampling, known[i].name) == 0)
            return known[i].share;
    if (sscanf(subsampling, "%2x,%2x,%2x", &luma, &blue, &red) != 3 || !(luma >> 4) || !(luma & 15))
        return NAN;
    /* Each factor pair is a width and a height, in hexadecimal digits. */
    double chroma = (blue >> 4) * (blue & 15) + (red >> 4) * (red & 15);
    return chroma / (2.0 * (luma >> 4) * (luma & 15));
}

/* ---- from the ledger --------------------------------------------------------------------------*/

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* *places[i]: the row of the ledger that row i of the splits came from. */
static int find_places(struct h5 *file, const char *path, const struct audit_rows *rows,
                       int64_t **places)
{
    int64_t count;
    size_t stride;
    char *paths;
    TRY(ledger_read_texts(file, "path", &count, &stride, &paths));
    if (!paths)
        return fail(STATUS_FAILED, "%s: /ledger has no member path", path);
    const char **sorted = memory_zeroed((size_t)count, sizeof *sorted, "paths");
    *places = memory_zeroed((size_t)rows->count, sizeof **places, "places");
    int status = sorted && *places ? 0 : STATUS_FAILED;
    for (int64_t i = 0; status == 0 && i < count; i++)
        sorted[i] = paths + (size_t)i * stride;
    if (status == 0)
        qsort(sorted, (size_t)count, sizeof *sorted, compare_paths);
    for (int64_t i = 0; status == 0 && i < rows->count; i++) {
        const char **found =
            bsearch(&rows->list[i].source, sorted, (size_t)count, sizeof *sorted, compare_paths);
        if (found)
            (*places)[i] = (*found - paths) / (int64_t)stride;
        else
            status =
                fail(STATUS_FAILED, "%s: /ledger has no row for %s", path, rows->list[i].source);
    }
    free(sorted);
    free(paths);
    return status;
}

/* One member by row of the ledger; NULL where there is none. */
static int read_member(struct h5 *file, int cue, double **member)
{
    int64_t count;
    size_t stride;
    char *texts;
    if (cue != CUE_SUBSAMPLING) {
        TRY(ledger_read_numbers(file, cue_names[cue], &count, member));
        for (int64_t i = 0; *member && cue == CUE_QUALITY && i < count; i++)
            if ((*member)[i] == 0) /* unknown */
                (*member)[i] = NAN;
        return 0;
    }
    TRY(ledger_read_texts(file, cue_names[cue], &count, &stride, &texts));
    *member = texts ? memory_zeroed((size_t)count, sizeof **member, "ledger") : NULL;
    int status = texts && !*member ? STATUS_FAILED : 0;
    for (int64_t i = 0; *member && i < count; i++)
        (*member)[i] = audit_chroma_share(texts + (size_t)i * stride);
    free(texts);
    return status;
}

int audit_read_cues(const char *path, const struct audit_rows *rows, double *values[AUDIT_CUES])
{
    struct h5 *file = NULL;
    int64_t *places = NULL;
    int status;
    TRY_OR(done, h5_open(&file, path));
    TRY_OR(done, find_places(file, path, rows, &places));
    for (int c = 0; c < AUDIT_CUES; c++) {
        double *member;
        TRY_OR(done, read_member(file, c, &member));
        if (member)
            values[c] = memory_zeroed((size_t)rows->count, sizeof *values[c], "cue");
        for (int64_t i = 0; values[c] && i < rows->count; i++)
            values[c][i] = member[places[i]];
        free(member);
        status = member && !values[c] ? STATUS_FAILED : 0;
        if (status < 0)
            goto done;
    }
done:
    free(places);
    h5_close(&file);
    return status;
}

/* ---- figures ----------------------------------------------------------------------------------*/

/* The interval of a larger set comes from every k-th row, so that it takes seconds: rows stand in
 * random order, and how wide it is depends on the number of groups far more than on that of rows.
 */
enum { INTERVAL_ROWS = 100000 };

static void thin(struct sample *sample, uint8_t *labels, double *scores, int32_t *groups)
{
    int64_t n = sample->count, k = n / INTERVAL_ROWS + 1;
    sample->count = (n + k - 1) / k;
    for (int64_t i = 0; i < sample->count; i++) {
        labels[i] = labels[i * k];
        scores[i] = scores[i * k];
        groups[i] = groups[i * k];
    }
}

/* The rows that have a value; arrays of the sample are to be freed. */
static int take_sample(struct sample *sample, struct audit_cue *cue, const struct audit_rows *rows,
                       const double *values)
{
    size_t count = (size_t)rows->count;
    uint8_t *labels = memory_zeroed(count, 1, "cue");
    double *scores = memory_zeroed(count, sizeof *scores, "cue"), sum[CLASS_COUNT] = {0};
    int32_t *groups = memory_zeroed(count, sizeof *groups, "cue");
    int64_t n = 0, totals[CLASS_COUNT] = {0};
    *sample = (struct sample){.labels = labels, .scores = scores, .groups = groups};
    if (!labels || !scores || !groups)
        return STATUS_FAILED;
    for (int64_t i = 0; values && i < rows->count; i++) {
        if (isnan(values[i]))
            continue;
        labels[n] = rows->list[i].label;
        scores[n] = values[i];
        groups[n] = rows->list[i].group;
        totals[labels[n]]++;
        sum[labels[n++]] += values[i];
    }
    sample->count = cue->frames = n;
    for (int k = 0; k < CLASS_COUNT; k++)
        cue->mean[k] = totals[k] ? sum[k] / (double)totals[k] : NAN;
    const int32_t once = 1;
    double eer;
    struct ranked *ranked = ranked_create(n, labels, scores, NULL);
    if (ranked)
        ranked_measure(ranked, n, &once, totals, &cue->auc, &eer);
    free(ranked);
    thin(sample, labels, scores, groups);
    return ranked ? 0 : STATUS_FAILED;
}

static void fold(struct audit_cue *cue, struct interval interval)
{
    cue->fake_is_higher = cue->auc > 0.5;
    cue->interval =
        cue->auc < 0.5 ? (struct interval){1 - interval.high, 1 - interval.low} : interval;
    cue->auc = cue->auc < 0.5 ? 1 - cue->auc : cue->auc;
}

int audit_measure_cues(struct audit *audit, const struct audit_rows *rows,
                       double *const values[AUDIT_CUES], int threads)
{
    struct sample samples[AUDIT_CUES] = {{0}};
    int status = 0;
    for (int c = 0; status == 0 && c < AUDIT_CUES; c++) {
        audit->cues[c].name = cue_names[c];
        status = take_sample(&samples[c], &audit->cues[c], rows, values[c]);
    }
    if (status == 0)
        status = bootstrap(samples, AUDIT_CUES, rows->group_count, threads);
    for (int c = 0; c < AUDIT_CUES; c++) {
        if (status == 0)
            fold(&audit->cues[c], samples[c].intervals[INTERVAL_AUC]);
        free((void *)samples[c].labels);
        free((void *)samples[c].scores);
        free((void *)samples[c].groups);
    }
    return status;
}
