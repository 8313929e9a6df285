/* What the files of the audit share. */
#ifndef EVAL_AUDIT_INSIDE_H
#define EVAL_AUDIT_INSIDE_H

#include "base/sha256.h"
#include "eval/audit.h"

/* Of a row's pixels, and of all that content_hash_row takes. */
struct digests {
    uint8_t pixels[SHA256_BYTES], row[SHA256_BYTES];
};

struct audit_row {
    const char *source;
    int32_t group; /* row of group_names */
    uint8_t label, split;
};

/* The rows of all splits, one split after the other. */
struct audit_rows {
    int64_t count, group_count, first[SPLIT_COUNT]; /* of each split */
    struct audit_row *list;                         /* (count) */
    struct digests *digests;                        /* (count) */
    const char *const *group_names;                 /* (group_count) */
};

/* Rows that have the same pixels in different splits, and groups that have rows in different ones.
 */
int audit_find_duplicates(struct audit *audit, const struct audit_rows *rows);
int audit_find_shared(struct audit *audit, const struct audit_rows *rows);

/* The values of each cue by row, from the ledger: NaN where a file does not tell, values[c] NULL
 * where the ledger has no such member. The caller frees them, also after a failure. */
int audit_read_cues(const char *path, const struct audit_rows *rows, double *values[AUDIT_CUES]);
int audit_measure_cues(struct audit *audit, const struct audit_rows *rows,
                       double *const values[AUDIT_CUES], int threads);

/* "4:2:0" and its like, "grey", or factors "22,11,11": chroma samples per luma sample; NaN for "".
 */
double audit_chroma_share(const char *subsampling);

/* A score_change; its context is an int, 1: the face becomes grey, 0: all but the face. */
int audit_grey_out(const void *grey_face, int64_t row, int image_size, uint8_t *frame);

#endif
