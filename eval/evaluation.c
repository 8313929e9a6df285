/* From scored frames to figures: check, pool the frames of each video, measure both levels. */
#include "eval/evaluation.h"

#include "eval/bootstrap.h"
#include "eval/metrics.h"
#include "eval/text.h"
#include "eval/threshold.h"

#include "base/memory.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

const char *const class_names[CLASS_COUNT] = {[CLASS_REAL] = "real", [CLASS_FAKE] = "fake"};

static int check_frames(const struct scored_frames *frames, const char *split)
{
    if (frames->count < 1)
        return fail(STATUS_FAILED, "the split %s is empty: there is nothing to score", split);
    for (int64_t i = 0; i < frames->count; i++) {
        float p = frames->probabilities[i];
        if (!(p >= 0 && p <= 1))
            return fail(STATUS_FAILED,
                        "row %lld of %s was given the probability %g: the network has diverged; "
                        "train again with a lower --learning-rate",
                        (long long)i, split, (double)p);
    }
    return STATUS_OK;
}

/* Adds every frame to its video; `videos` has one place for each video of the store. */
static int sum_frames(struct scored_videos *videos, const struct scored_frames *frames)
{
    for (int64_t i = 0; i < frames->count; i++) {
        int64_t v = frames->names.video[i];
        if (videos->frames[v] && videos->labels[v] != frames->labels[i])
            return fail(STATUS_FAILED,
                        "video %s has frames of both classes: it cannot be scored as one; "
                        "preprocess with another --video-regex",
                        frames->names.videos[v]);
        if (!videos->frames[v])
            videos->groups[v] = frames->names.group[i];
        videos->labels[v] = frames->labels[i];
        videos->probabilities[v] += (double)frames->probabilities[i];
        videos->frames[v]++;
    }
    return STATUS_OK;
}

/* Sums become means; videos without a frame in this split drop out. */
static void keep_present(struct scored_videos *videos, const struct scored_frames *frames)
{
    int64_t kept = 0;
    for (int64_t v = 0; v < frames->names.video_count; v++) {
        if (!videos->frames[v])
            continue;
        videos->names[kept] = frames->names.videos[v];
        videos->labels[kept] = videos->labels[v];
        videos->frames[kept] = videos->frames[v];
        videos->groups[kept] = videos->groups[v];
        videos->probabilities[kept] = videos->probabilities[v] / (double)videos->frames[v];
        kept++;
    }
    videos->count = kept;
}

static int pool_videos(struct scored_videos *videos, const struct scored_frames *frames)
{
    size_t places = (size_t)frames->names.video_count;
    videos->names = memory_zeroed(places, sizeof *videos->names, "videos");
    videos->labels = memory_zeroed(places, sizeof *videos->labels, "videos");
    videos->probabilities = memory_zeroed(places, sizeof *videos->probabilities, "videos");
    videos->frames = memory_zeroed(places, sizeof *videos->frames, "videos");
    videos->groups = memory_zeroed(places, sizeof *videos->groups, "videos");
    if (!videos->names || !videos->labels || !videos->probabilities || !videos->frames ||
        !videos->groups)
        return STATUS_FAILED;
    TRY(sum_frames(videos, frames));
    keep_present(videos, frames);
    return STATUS_OK;
}

int evaluation_measure(struct evaluation *e, const double thresholds[2])
{
    const struct scored_frames *f = &e->frames;
    TRY(check_frames(f, e->split));
    TRY(pool_videos(&e->videos, f));
    e->exact = memory_zeroed((size_t)f->count, sizeof *e->exact, "probabilities");
    if (!e->exact)
        return STATUS_FAILED;
    for (int64_t i = 0; i < f->count; i++)
        e->exact[i] = (double)f->probabilities[i];
    TRY(metrics_compute(&e->frame_level, thresholds[0], f->count, f->labels, e->exact));
    return metrics_compute(&e->video_level, thresholds[1], e->videos.count, e->videos.labels,
                           e->videos.probabilities);
}

static int add_intervals(struct evaluation *e)
{
    const struct scored_frames *f = &e->frames;
    const struct scored_videos *v = &e->videos;
    struct metrics *levels[2] = {&e->frame_level, &e->video_level};
    struct sample samples[2] = {
        {.count = f->count, .labels = f->labels, .scores = e->exact, .groups = f->names.group},
        {.count = v->count, .labels = v->labels, .scores = v->probabilities, .groups = v->groups},
    };
    for (int k = 0; k < 2; k++)
        samples[k].threshold = levels[k]->threshold;
    TRY(bootstrap(samples, 2, f->names.group_count, e->threads));
    for (int k = 0; k < 2; k++) {
        memcpy(levels[k]->groups, samples[k].groups_with, sizeof samples[k].groups_with);
        memcpy(levels[k]->intervals, samples[k].intervals, sizeof samples[k].intervals);
    }
    return STATUS_OK;
}

/* Applies the rule to the rows of val, once at each level. */
static int choose_thresholds(struct evaluation *e, const struct threshold_rule *rule,
                             double thresholds[2])
{
    struct evaluation val = {.split = "val",
                             .frames = e->threshold_frames ? *e->threshold_frames : e->frames};
    const struct metrics *levels[2] = {&val.frame_level, &val.video_level};
    int status = evaluation_measure(&val, thresholds);
    for (int k = 0; status == 0 && k < 2; k++) {
        const int64_t *support = levels[k]->support;
        if (!support[CLASS_REAL] || !support[CLASS_FAKE]) {
            status = fail(STATUS_FAILED, "--threshold %s: val holds one class only; give a value",
                          e->threshold);
            break;
        }
        thresholds[k] = threshold_at(&levels[k]->roc, threshold_point(rule, &levels[k]->roc));
        e->threshold_guessed[k] =
            rule->kind == THRESHOLD_FPR && rule->value * (double)support[CLASS_REAL] < 1;
    }
    evaluation_clear(&val);
    return status;
}

int evaluation_compute(struct evaluation *evaluation)
{
    struct threshold_rule rule;
    int status;
    evaluation->videos = (struct scored_videos){0};
    evaluation->exact = NULL;
    evaluation->frame_level = evaluation->video_level = (struct metrics){0};
    if (!evaluation->threshold)
        evaluation->threshold = "0.5";
    TRY(threshold_parse(evaluation->threshold, &rule));
    double thresholds[2] = {rule.value, rule.value};
    evaluation->threshold_split = rule.kind == THRESHOLD_VALUE ? "none" : "val";
    if (rule.kind != THRESHOLD_VALUE)
        TRY(choose_thresholds(evaluation, &rule, thresholds));
    TRY_OR(failed, evaluation_measure(evaluation, thresholds));
    TRY_OR(failed, add_intervals(evaluation));
    TRY_OR(failed, text_report(&evaluation->frame_level, &evaluation->frame_level.text));
    TRY_OR(failed, text_report(&evaluation->video_level, &evaluation->video_level.text));
    return STATUS_OK;
failed:
    evaluation_clear(evaluation);
    return status;
}

void evaluation_clear(struct evaluation *evaluation)
{
    struct scored_videos *videos = &evaluation->videos;
    free(videos->names);
    free(videos->labels);
    free(videos->probabilities);
    free(videos->frames);
    free(videos->groups);
    free(evaluation->exact);
    evaluation->exact = NULL;
    evaluation->videos = (struct scored_videos){0};
    metrics_clear(&evaluation->frame_level);
    metrics_clear(&evaluation->video_level);
}
