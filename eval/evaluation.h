/* Everything one report says: what was scored, and the figures that follow from it.
 *
 * The life of an evaluation:
 *
 *     struct evaluation e = {.split = "val", .weights = "last", ...};   the inputs, borrowed
 *     evaluation_compute(&e);                                           fills every figure
 *     report_write(file, &e); text_summary(&e, &line); plots_write(&e, folder);
 *     evaluation_clear(&e);                                             frees the figures
 *
 * The positive class is "fake" = 1; a row is predicted fake when its probability is above the
 * threshold (0.5 unless a rule chose another on the validation split: threshold.h).
 * Every figure is made from the stored float32 probabilities, in double, by one thread and in the
 * order of the rows, so it does not depend on who scored which row. A figure that is not defined
 * (the AUC of a split that holds one class only) is NaN, and the texts call it `undefined`; one
 * that the split is too small to support is NaN, too, and the texts say `too few`. */
#ifndef EVAL_EVALUATION_H
#define EVAL_EVALUATION_H

#include <stdint.h>

#include "store/run.h"
#include "store/store.h"

enum { CLASS_REAL, CLASS_FAKE, CLASS_COUNT };
extern const char *const class_names[CLASS_COUNT];

/* The columns of a report: the places of macro_avg and weighted_avg. */
enum { FIGURE_PRECISION, FIGURE_RECALL, FIGURE_F1, FIGURE_COUNT };

/* Points of a curve, one per distinct probability and one for the end where nothing is predicted
 * fake, whose threshold is +inf. At a point, fake means probability >= threshold.
 *   ROC: x = false positive rate, y = true positive rate, thresholds falling, the +inf first.
 *   precision-recall: x = recall, y = precision, thresholds rising, the +inf (1, 0) last. */
struct curve {
    int64_t count;
    double *x, *y, *threshold; /* (count) each */
};

/* What a split must hold before a figure of it means anything. */
enum {
    ENOUGH_REALS = 100, /* real rows, for a true positive rate at a false positive rate of 1% */
    ENOUGH_ROWS = 100,  /* rows, for the expected calibration error */
    ENOUGH_GROUPS = 10, /* groups with a row of the class, for each class, for an interval */
};

/* 95% intervals by a bootstrap over groups (bootstrap.h); both ends NaN where there is none. */
struct interval {
    double low, high;
};
enum { INTERVAL_ACCURACY, INTERVAL_BALANCED_ACCURACY, INTERVAL_AUC, INTERVAL_EER, INTERVAL_COUNT };

/* Reliability: bin k holds the probabilities in (k/10, (k+1)/10], bin 0 those of 0, too. */
enum { BIN_COUNT = 10 };
struct calibration {
    int64_t count[BIN_COUNT];
    double probability[BIN_COUNT], fake[BIN_COUNT]; /* mean P(fake), share of fakes; NaN if empty */
    double brier;                                   /* mean of (P(fake) - label)^2 */
    double expected_error; /* mean over the rows of |probability - fake| of their bins */
};

/* What follows from labels and probabilities alone, be they of frames or of videos. */
struct metrics {
    int64_t count;
    double threshold;                            /* fake is predicted above it */
    int64_t confusion[CLASS_COUNT][CLASS_COUNT]; /* rows: true class; columns: predicted */
    int64_t support[CLASS_COUNT];
    double precision[CLASS_COUNT], recall[CLASS_COUNT], f1[CLASS_COUNT]; /* 0 where 0/0 */
    double macro_avg[FIGURE_COUNT], weighted_avg[FIGURE_COUNT];
    double accuracy, balanced_accuracy, matthews_correlation;
    double majority_accuracy; /* of always answering majority_class */
    int majority_class;
    double auc, average_precision;
    struct curve roc, precision_recall; /* DET: x = roc.x, y = 1 - roc.y */
    double eer, eer_threshold;          /* where false positive rate = false negative rate */
    double tpr_at_1_percent;            /* the highest TPR at a false positive rate of at most 1% */
    struct calibration calibration;
    int64_t groups[CLASS_COUNT]; /* that hold a row of the class */
    struct interval intervals[INTERVAL_COUNT];
    char *text; /* the report in scikit-learn's layout, ends with a newline */
};

/* What was scored, row by row in the order of the store. */
struct scored_frames {
    int64_t count;
    const uint8_t *labels;      /* (count) 1 = fake */
    const float *probabilities; /* (count) P(fake) */
    struct store_names names;   /* videos and groups of the whole store: some have no frame here */
};

/* The videos that have a frame in the split, in the order of the store's /videos. */
struct scored_videos {
    int64_t count;
    const char **names; /* (count) pointing into the names of the frames */
    uint8_t *labels;
    double *probabilities; /* mean over the frames */
    int64_t *frames;       /* how many */
    int32_t *groups;       /* of its first frame */
};

struct audit;
struct robustness;

struct evaluation {
    /* Inputs: the caller's, and they must outlive the evaluation. */
    const char *split;    /* "val", "train" or "test" */
    const char *weights;  /* "last" or "best" */
    const char *split_by; /* "video" or "frame", as the store says; NULL when unknown */
    struct scored_frames frames;
    const struct run *run;               /* for its history, which a report quotes */
    const struct audit *audit;           /* NULL: none was made */
    const struct robustness *robustness; /* NULL: not asked for */
    const char *threshold; /* the option's text: "0.5", "youden", ...; NULL is "0.5" */
    /* For a rule, the rows of val that it looks at; NULL: `frames` are those of val. */
    const struct scored_frames *threshold_frames;
    int threads; /* for the bootstrap; 0 counts as 1 */

    /* Figures: filled by evaluation_compute. */
    struct scored_videos videos;
    double *exact; /* (frames.count) the probabilities of the frames */
    struct metrics frame_level, video_level;
    const char *threshold_split; /* "val" if a rule chose the threshold there, else "none" */
    int threshold_guessed[2];    /* of frames, of videos: val has too few real ones for fpr=F */
};

/* Fails on an empty split, a probability outside 0..1 (a network that diverged gives NaN) and a
 * video with frames of both classes; labels and rows of names have been checked with the store. On
 * failure nothing is left to clear. */
int evaluation_compute(struct evaluation *evaluation);

/* The part of it that needs no interval and no text, at these thresholds of frames and of videos;
 * the figures must be zeroed, and the caller clears them, also after a failure. */
int evaluation_measure(struct evaluation *evaluation, const double thresholds[2]);

/* Frees the figures, leaves the inputs. A zeroed evaluation is fine. */
void evaluation_clear(struct evaluation *evaluation);

#endif
