/* The audit: what gives the label away without a look at a face.
 *
 *   cues        how well one number of the file or frame predicts the label ALONE, over all splits
 *   duplicates  frames whose stored pixels stand on two sides of the split
 *   shared      groups with frames on two sides of the split
 *   regions     with a run: the split scored again without the face, and with nothing but the face
 *
 * Plain results, filled on rank 0. Names live as long as the audit. */
#ifndef EVAL_AUDIT_H
#define EVAL_AUDIT_H

#include <stdio.h>

#include "eval/evaluation.h"
#include "store/store.h"

/* A cue alone should not do better than this. */
#define AUDIT_CUE_LIMIT 0.6

enum { AUDIT_CUES = 8, AUDIT_REGIONS = 3 };

/* AUC of the cue's value as a score for "fake", folded: max(AUC, 1 - AUC). Subsampling becomes the
 * number of chroma samples per luma sample (4:4:4 1, 4:2:2 0.5, 4:2:0 0.25, grey 0): an order that
 * knows no label, so nothing is fitted. Above 100,000 frames the interval (not the AUC) comes from
 * every k-th of them. */
struct audit_cue {
    const char *name;         /* static: width height bytes quality subsampling exif brightness
                                 sharpness */
    int64_t frames;           /* that have a value; 0: the store does not record it, figures NaN */
    double mean[CLASS_COUNT]; /* of the real and of the fake frames */
    double auc;
    struct interval interval; /* of the AUC, by bootstrap over groups, in the same direction */
    uint8_t fake_is_higher;   /* the direction: fake frames tend to the larger values */
};

/* A frame of val or test (place 1) whose stored pixels are those of one in an earlier split. */
struct audit_duplicate {
    const char *split[2]; /* "train", "val" or "test" */
    const char *source[2];
};

struct audit_region {
    const char *name; /* static: "whole frame", "without the face", "only the face" */
    double auc, accuracy, video_auc;
    struct interval auc_interval, accuracy_interval;
};

struct audit {
    int64_t frames; /* of all splits */
    struct audit_cue cues[AUDIT_CUES];
    int64_t duplicate_count, shared_count;
    struct audit_duplicate *duplicates;    /* (duplicate_count) */
    const char **shared;                   /* (shared_count) names of the groups */
    struct store_names names[SPLIT_COUNT]; /* what sources and shared point into */
    int split_by_video; /* then a shared group is an error, else it is by design */
    int region_count;   /* 0, or AUDIT_REGIONS */
    struct audit_region regions[AUDIT_REGIONS];
    char *notes; /* what a reader must know: sentences, one a line; "" when there is nothing */
};

struct comm;
struct h5;
struct scoring;

/* Cues, duplicates and shared groups of the store at `path`, which every rank has open: rows are
 * hashed on all ranks. The result is rank 0's; audit_clear it there, also after a failure.
 * Collective. */
int audit_store(struct audit *audit, struct comm *comm, const char *path, const struct store *store,
                int threads);

/* Scores the split without the face and with nothing but the face, where the face is the ellipse in
 * the middle with the half axes 0.35 and 0.45 of the frame (half of its area), and what is left out
 * becomes mid-grey. probabilities[0], [1] as from scoring_probabilities. Collective. */
int audit_score_regions(struct scoring *scoring, enum split split, float *probabilities[2]);

/* Fills regions from a computed evaluation of the whole frames and those two. Rank 0's. */
int audit_compare_regions(struct audit *audit, const struct evaluation *whole,
                          float *const probabilities[2]);

/* Fills notes, once all else is there. */
int audit_conclude(struct audit *audit);

/* For people: what was found; with `table` also all cues. */
void audit_print(FILE *out, const struct audit *audit, int table);

/* The group /audit of a report. */
int audit_write(struct h5 *file, const struct audit *audit);

/* STATUS_FAILED with a line when groups stand on two sides of a split by video. */
int audit_verdict(const struct audit *audit, const char *path);

void audit_clear(struct audit *audit);

#endif
