/* report.html: the report as one page that needs nothing else to be read: no network, no script, no
 * file beside it. */
#ifndef EVAL_HTML_H
#define EVAL_HTML_H

#include "eval/evaluation.h"
#include "eval/scoring.h"

/* Writes folder/report.html of a computed evaluation; the folder and the report file must be there,
 * since the page quotes the provenance of store, run and report. Rank 0 alone. The page stays below
 * a megabyte for a split of any size: curves are thinned, lists are cut and say so. */
int html_write(const struct scoring *scoring, enum split split, const struct evaluation *evaluation,
               const char *folder);

#endif
