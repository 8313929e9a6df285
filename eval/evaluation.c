/* From scored frames to figures: check, pool the frames of each video, measure both levels. */
#include "eval/evaluation.h"

#include "eval/metrics.h"
#include "eval/text.h"

#include "base/memory.h"
#include "base/status.h"

#include <stdlib.h>

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
        if (frames->labels[i] > 1)
            return fail(STATUS_FAILED, "row %lld of %s has the label %d: neither 0 nor 1",
                        (long long)i, split, frames->labels[i]);
        int video = frames->videos[i], group = frames->groups[i];
        if (video < 0 || video >= frames->video_count || group < 0 || group >= frames->group_count)
            return fail(STATUS_FAILED,
                        "row %lld of %s names video %d of %lld and group %d of %lld: the store is "
                        "damaged",
                        (long long)i, split, video, (long long)frames->video_count, group,
                        (long long)frames->group_count);
    }
    return STATUS_OK;
}

/* Adds every frame to its video; `videos` has one place for each video of the store. */
static int sum_frames(struct scored_videos *videos, const struct scored_frames *frames)
{
    for (int64_t i = 0; i < frames->count; i++) {
        int64_t v = frames->videos[i];
        if (videos->frames[v] && videos->labels[v] != frames->labels[i])
            return fail(STATUS_FAILED,
                        "video %s has frames of both classes: it cannot be scored as one; "
                        "preprocess with another --video-regex",
                        frames->video_names[v]);
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
    for (int64_t v = 0; v < frames->video_count; v++) {
        if (!videos->frames[v])
            continue;
        videos->names[kept] = frames->video_names[v];
        videos->labels[kept] = videos->labels[v];
        videos->frames[kept] = videos->frames[v];
        videos->probabilities[kept] = videos->probabilities[v] / (double)videos->frames[v];
        kept++;
    }
    videos->count = kept;
}

static int pool_videos(struct scored_videos *videos, const struct scored_frames *frames)
{
    size_t places = (size_t)frames->video_count;
    videos->names = memory_zeroed(places, sizeof *videos->names, "videos");
    videos->labels = memory_zeroed(places, sizeof *videos->labels, "videos");
    videos->probabilities = memory_zeroed(places, sizeof *videos->probabilities, "videos");
    videos->frames = memory_zeroed(places, sizeof *videos->frames, "videos");
    if (!videos->names || !videos->labels || !videos->probabilities || !videos->frames)
        return STATUS_FAILED;
    TRY(sum_frames(videos, frames));
    keep_present(videos, frames);
    return STATUS_OK;
}

static int measure_frames(struct metrics *metrics, const struct scored_frames *frames)
{
    double *exact = memory_zeroed((size_t)frames->count, sizeof *exact, "probabilities");
    if (!exact)
        return STATUS_FAILED;
    for (int64_t i = 0; i < frames->count; i++)
        exact[i] = (double)frames->probabilities[i];
    int status = metrics_compute(metrics, frames->count, frames->labels, exact);
    free(exact);
    return status;
}

int evaluation_measure(struct evaluation *evaluation)
{
    struct scored_videos *videos = &evaluation->videos;
    evaluation->videos = (struct scored_videos){0};
    evaluation->frame_level = evaluation->video_level = (struct metrics){0};

    int status;
    TRY_OR(failed, check_frames(&evaluation->frames, evaluation->split));
    TRY_OR(failed, pool_videos(videos, &evaluation->frames));
    TRY_OR(failed, measure_frames(&evaluation->frame_level, &evaluation->frames));
    TRY_OR(failed, metrics_compute(&evaluation->video_level, videos->count, videos->labels,
                                   videos->probabilities));
    return STATUS_OK;
failed:
    evaluation_clear(evaluation);
    return status;
}

int evaluation_compute(struct evaluation *evaluation)
{
    int status;
    TRY(evaluation_measure(evaluation));
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
    evaluation->videos = (struct scored_videos){0};
    metrics_clear(&evaluation->frame_level);
    metrics_clear(&evaluation->video_level);
}
