/* What people read: the report in scikit-learn's layout, and the lines that follow it on stdout. */
#ifndef EVAL_TEXT_H
#define EVAL_TEXT_H

#include <stdio.h>

#include "eval/evaluation.h"

/* The bytes that sklearn.metrics.classification_report(y, predicted, target_names=["real","fake"])
 * returns (version 1.2); metrics->text holds the same after evaluation_compute. The caller frees.
 */
int text_report(const struct metrics *metrics, char **text);

/* What stdout gets after the report and a blank line: both levels side by side, the baseline, and
 * what to bear in mind. No path, time, host or rank count stands in it. The caller frees. */
int text_summary(const struct evaluation *evaluation, char **text);

/* Closes what open_memstream gave for *text (NULL: nothing); a text is whole only if every write
 * and the close went well, else it is freed and the line names `what` there is no memory for. */
int text_finish(FILE *out, char **text, const char *what);

/* The code point that begins at c, and its bytes; -1 and one byte where no valid UTF-8 begins. */
int32_t text_code_point(const char *c, int *bytes);

/* The end of the summary: what to bear in mind, one sentence a line that begins with "Note: ". */
void text_notes(FILE *out, const struct evaluation *evaluation);

#endif
