/* The content of report.h5 (layout: report.c). */
#ifndef EVAL_REPORT_H
#define EVAL_REPORT_H

#include "eval/evaluation.h"
#include "store/h5.h"

#define REPORT_FORMAT  "unmask-report"
#define REPORT_VERSION 1

/* Writes every dataset, and the attributes that name format, split, weights and classes, of a
 * computed evaluation into a file just created. Provenance and the hashes that chain the files are
 * the caller's to add. */
int report_write(struct h5 *file, const struct evaluation *evaluation);

#endif
