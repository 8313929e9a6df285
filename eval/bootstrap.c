/* A resample is a weight per group: how often it was drawn. The rows are sorted by score once, so
 * the ROC of a resample is one pass over them, and what depends on the threshold alone follows from
 * four counts per group. A million rows take about 5 ms per resample and thread. */
#include "eval/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "base/team.h"
#include "eval/metrics.h"

/* What a group holds: bit k is set for rows of class k. */
enum { STRATUM_COUNT = 1 << CLASS_COUNT };

/* A sample, prepared. */
struct ready {
    struct ranked *rows;
    int64_t count;
    int32_t (*cells)[CLASS_COUNT][2]; /* per group: true class, predicted class */
};

struct resampling {
    struct ready *ready;
    int sample_count, threads;
    int64_t group_count;
    int32_t *members; /* groups with a row, stratum by stratum */
    int64_t member_count, stratum_end[STRATUM_COUNT];
    int32_t *weights; /* (threads, group_count) */
    double *figures;  /* (sample_count, INTERVAL_COUNT, BOOTSTRAP_RESAMPLES) */
};

static int prepare(struct ready *ready, const struct sample *sample, int64_t group_count)
{
    ready->count = sample->count;
    ready->rows = ranked_create(sample->count, sample->labels, sample->scores, sample->groups);
    ready->cells = memory_zeroed((size_t)group_count, sizeof *ready->cells, "groups");
    if (!ready->rows || !ready->cells)
        return STATUS_FAILED;
    for (int64_t i = 0; i < sample->count; i++)
        ready->cells[sample->groups[i]][sample->labels[i]]
                    [metrics_predict(sample->scores[i], sample->threshold)]++;
    return STATUS_OK;
}

static int holds(const struct ready *ready, int64_t group, int label)
{
    return ready->cells[group][label][0] + ready->cells[group][label][1] > 0;
}

/* Sorts the groups into strata by what they hold in any of the samples. */
static void stratify(struct resampling *r)
{
    for (int stratum = 1; stratum < STRATUM_COUNT; stratum++) {
        for (int64_t g = 0; g < r->group_count; g++) {
            int classes = 0;
            for (int s = 0; s < r->sample_count; s++)
                for (int k = 0; k < CLASS_COUNT; k++)
                    classes |= holds(&r->ready[s], g, k) << k;
            if (classes == stratum)
                r->members[r->member_count++] = (int32_t)g;
        }
        r->stratum_end[stratum] = r->member_count;
    }
}

static void draw(const struct resampling *r, int resample, int32_t *weights)
{
    const uint64_t seed = random_at(BOOTSTRAP_SEED, (uint64_t)resample);
    memset(weights, 0, (size_t)r->group_count * sizeof *weights);
    for (int stratum = 1; stratum < STRATUM_COUNT; stratum++) {
        int64_t begin = r->stratum_end[stratum - 1], size = r->stratum_end[stratum] - begin;
        for (int64_t i = begin; i < begin + size; i++)
            weights[r->members[begin + (int64_t)random_below(random_at(seed, (uint64_t)i),
                                                             (uint64_t)size)]]++;
    }
}

static void measure(const struct ready *ready, int64_t group_count, const int32_t *weights,
                    double figures[INTERVAL_COUNT])
{
    int64_t cells[CLASS_COUNT][2] = {{0}};
    for (int64_t g = 0; g < group_count; g++)
        for (int k = 0; weights[g] && k < 2 * CLASS_COUNT; k++)
            cells[k / 2][k % 2] += weights[g] * ready->cells[g][k / 2][k % 2];
    const int64_t totals[CLASS_COUNT] = {cells[0][0] + cells[0][1], cells[1][0] + cells[1][1]};
    double real_right = (double)cells[0][0], fake_right = (double)cells[1][1];
    double real = (double)totals[0], fake = (double)totals[1];
    figures[INTERVAL_ACCURACY] = (real_right + fake_right) / (real + fake);
    figures[INTERVAL_BALANCED_ACCURACY] = (real_right / real + fake_right / fake) / 2;
    ranked_measure(ready->rows, ready->count, weights, totals, &figures[INTERVAL_AUC],
                   &figures[INTERVAL_EER]);
}

/* Every threads-th resample. */
static void resample_some(void *context, int member)
{
    const struct resampling *r = context;
    int32_t *weights = r->weights + member * r->group_count;
    double figures[INTERVAL_COUNT];
    for (int b = member; b < BOOTSTRAP_RESAMPLES; b += r->threads) {
        draw(r, b, weights);
        for (int s = 0; s < r->sample_count; s++) {
            measure(&r->ready[s], r->group_count, weights, figures);
            for (int k = 0; k < INTERVAL_COUNT; k++)
                r->figures[(s * INTERVAL_COUNT + k) * BOOTSTRAP_RESAMPLES + b] = figures[k];
        }
    }
}

static int compare_rising(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(const double *sorted, double q)
{
    double place = q * (BOOTSTRAP_RESAMPLES - 1), below = floor(place);
    int at = (int)below;
    return sorted[at] + (place - below) * (sorted[at + 1] - sorted[at]);
}

static struct interval interval_of(double *figures)
{
    for (int b = 0; b < BOOTSTRAP_RESAMPLES; b++)
        if (isnan(figures[b])) /* a resample without one of the classes */
            return (struct interval){NAN, NAN};
    qsort(figures, BOOTSTRAP_RESAMPLES, sizeof *figures, compare_rising);
    return (struct interval){quantile(figures, 0.025), quantile(figures, 0.975)};
}

static void conclude(struct sample *sample, const struct ready *ready, int64_t group_count,
                     double *figures)
{
    memset(sample->groups_with, 0, sizeof sample->groups_with);
    for (int64_t g = 0; g < group_count; g++)
        for (int k = 0; k < CLASS_COUNT; k++)
            sample->groups_with[k] += holds(ready, g, k);
    int enough = sample->groups_with[CLASS_REAL] >= ENOUGH_GROUPS &&
                 sample->groups_with[CLASS_FAKE] >= ENOUGH_GROUPS;
    for (int k = 0; k < INTERVAL_COUNT; k++)
        sample->intervals[k] =
            enough ? interval_of(figures + k * BOOTSTRAP_RESAMPLES) : (struct interval){NAN, NAN};
}

static int allocate(struct resampling *r)
{
    size_t groups = (size_t)r->group_count, samples = (size_t)r->sample_count;
    r->ready = memory_zeroed(samples, sizeof *r->ready, "samples");
    r->members = memory_zeroed(groups, sizeof *r->members, "groups");
    r->weights = memory_zeroed(groups * (size_t)r->threads, sizeof *r->weights, "weights");
    r->figures = memory_zeroed(samples * INTERVAL_COUNT * BOOTSTRAP_RESAMPLES, sizeof *r->figures,
                               "resamples");
    return r->ready && r->members && r->weights && r->figures ? STATUS_OK : STATUS_FAILED;
}

int bootstrap(struct sample *samples, int sample_count, int64_t group_count, int threads)
{
    struct resampling r = {.sample_count = sample_count,
                           .threads = threads > 1 ? threads : 1,
                           .group_count = group_count};
    struct team *team = NULL;
    int status;
    TRY_OR(done, allocate(&r));
    for (int s = 0; s < sample_count; s++)
        TRY_OR(done, prepare(&r.ready[s], &samples[s], group_count));
    stratify(&r);
    TRY_OR(done, team_create(&team, r.threads));
    team_run(team, resample_some, &r);
    for (int s = 0; s < sample_count; s++)
        conclude(&samples[s], &r.ready[s], group_count,
                 r.figures + s * INTERVAL_COUNT * BOOTSTRAP_RESAMPLES);
done:
    team_destroy(&team);
    for (int s = 0; r.ready && s < sample_count; s++) {
        free(r.ready[s].rows);
        free(r.ready[s].cells);
    }
    free(r.ready);
    free(r.members);
    free(r.weights);
    free(r.figures);
    return status;
}
