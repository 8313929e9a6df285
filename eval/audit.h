/* The audit: what gives the label away without a look at a face.
 *
 *   cues        how well one number of the file or frame predicts the label ALONE, over all splits
 *   duplicates  frames whose stored pixels stand on two sides of the split
 *   shared      groups with frames on two sides of the split
 *   regions     with a run: the split scored again without the face, and with nothing but the face
 *
 * Plain results, filled on rank 0. Texts are owned by the audit unless it says otherwise. */
#ifndef EVAL_AUDIT_H
#define EVAL_AUDIT_H

#include "eval/evaluation.h"
#include "store/store.h"

/* A cue alone should not do better than this. */
#define AUDIT_CUE_LIMIT 0.6

enum { AUDIT_CUES = 8, AUDIT_REGIONS = 3 };

/* AUC of the cue's value as a score for "fake", folded: max(AUC, 1 - AUC). Subsampling becomes the
 * number of chroma samples per luma sample (4:4:4 1, 4:2:2 0.5, 4:2:0 0.25, grey 0): an order that
 * knows no label, so nothing is fitted. */
struct audit_cue {
    const char *name;         /* static: width height bytes quality subsampling exif brightness
                                 sharpness */
    int64_t frames;           /* that have a value; 0: the store does not record it, figures NaN */
    double mean[CLASS_COUNT]; /* of the real and of the fake frames */
    double auc, low, high;    /* 95% interval by bootstrap over groups, of the same direction */
    int fake_is_higher;       /* the direction: fake frames tend to the larger values */
};

/* A frame of val or test (place 1) whose stored pixels are those of one in an earlier split. */
struct audit_duplicate {
    enum split split[2];
    char *source[2];
};

struct audit_region {
    const char *name; /* static: "whole frame", "without the face", "only the face" */
    double auc, auc_low, auc_high;
    double accuracy, accuracy_low, accuracy_high;
    double video_auc;
};

struct audit {
    int64_t frames; /* of all splits */
    struct audit_cue cues[AUDIT_CUES];
    int64_t duplicate_count, shared_count;
    struct audit_duplicate *duplicates; /* (duplicate_count) */
    char **shared;                      /* (shared_count) names of the groups */
    int split_by_video;                 /* then a shared group is an error, else it is by design */
    int region_count;                   /* 0, or AUDIT_REGIONS */
    struct audit_region regions[AUDIT_REGIONS];
    char
        *notes; /* what a reader must know: whole sentences, one a line; "" when there is nothing */
};

void audit_clear(struct audit *audit);

#endif
