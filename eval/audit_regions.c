/* The region audit: does the detector need the face? */
#include <stdio.h>

#include "base/status.h"
#include "eval/audit_inside.h"
#include "eval/scoring.h"

/* Half axes of the face's ellipse, as shares of the frame. */
#define HALF_WIDTH  0.35
#define HALF_HEIGHT 0.45

enum { GREY = 128 };

int audit_grey_out(const void *grey_face, int64_t row, int image_size, uint8_t *frame)
{
    const int greys_face = *(const int *)grey_face;
    const double size = image_size;
    (void)row;
    for (int y = 0; y < image_size; y++)
        for (int x = 0; x < image_size; x++, frame += 3) {
            double u = ((x + 0.5) / size - 0.5) / HALF_WIDTH;
            double v = ((y + 0.5) / size - 0.5) / HALF_HEIGHT;
            int in_face = u * u + v * v <= 1;
            if (in_face == greys_face)
                frame[0] = frame[1] = frame[2] = GREY;
        }
    return 0;
}

int audit_score_regions(struct scoring *scoring, enum split split, float *probabilities[2])
{
    static const int grey_face[] = {1, 0};
    for (int i = 0; i < 2; i++) {
        const struct score_change change = {audit_grey_out, &grey_face[i]};
        TRY(scoring_probabilities(scoring, split, &change, &probabilities[i]));
    }
    return 0;
}

static struct audit_region region_of(const char *name, const struct evaluation *e)
{
    const struct metrics *m = &e->frame_level;
    return (struct audit_region){
        .name = name,
        .auc = m->auc,
        .accuracy = m->accuracy,
        .video_auc = e->video_level.auc,
        .auc_interval = m->intervals[INTERVAL_AUC],
        .accuracy_interval = m->intervals[INTERVAL_ACCURACY],
    };
}

int audit_compare_regions(struct audit *audit, const struct evaluation *whole,
                          float *const probabilities[2])
{
    static const char *const names[] = {"without the face", "only the face"};
    char threshold[32];
    snprintf(threshold, sizeof threshold, "%.17g", whole->frame_level.threshold);
    audit->regions[0] = region_of("whole frame", whole);
    for (int i = 0; i < 2; i++) {
        struct evaluation part = *whole;
        part.frames.probabilities = probabilities[i];
        part.threshold = threshold; /* the one in use: a rule would choose anew */
        TRY(evaluation_compute(&part));
        audit->regions[1 + i] = region_of(names[i], &part);
        evaluation_clear(&part);
    }
    audit->region_count = AUDIT_REGIONS;
    return 0;
}
