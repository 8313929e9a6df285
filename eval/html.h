/* report.html: the report as one page that needs nothing else to be read: no network, no script, no
 * file beside it. */
#ifndef EVAL_HTML_H
#define EVAL_HTML_H

#include <stdio.h>

#include "eval/evaluation.h"
#include "eval/scoring.h"

/* Writes folder/report.html of a computed evaluation; the folder and the report file must be there,
 * since the page quotes the provenance of store, run and report. Rank 0 alone. The page stays below
 * a megabyte for a split of any size: curves are thinned, lists are cut and say so. */
int html_write(const struct scoring *scoring, enum split split, const struct evaluation *evaluation,
               const char *folder);

/* ---- what the files html*.c share: the page in the making, the words it is written in ---------*/

struct html {
    FILE *out; /* grows in memory: what goes wrong shows at its end */
    const struct evaluation *e;
    const struct scoring *scoring;
    enum split split;
};

/* Text from outside, for the content of an element. Markup loses its meaning; bytes that are no
 * UTF-8, control characters and those that change the direction of writing become visible: a name
 * must not be able to look like another. */
void html_text(FILE *out, const char *text);

/* The same for names and paths, which may be long: the end of one. */
void html_name(FILE *out, const char *name);

/* A share or area in 0..1 with three digits, in words where it is NaN: undefined or, where both
 * classes were there, too few. */
void html_figure(FILE *out, const struct metrics *m, double figure);

/* "0.601 to 0.783" when there is an interval, else nothing. */
void html_interval(FILE *out, struct interval interval);

/* A figure in 0..1 as a tick, its interval as a bar, and what to compare it with as a thin line. */
void html_range(FILE *out, double figure, struct interval interval, double mark);

/* How the page looks (report.css): one column of sober type, the colours of Okabe and Ito (which
 * colour-blind people tell apart) in a shade for each background; nothing is said by colour alone.
 */
extern const char report_css[];

/* The sections, in the order of the page. */
void html_summary(const struct html *html);
void html_figures(const struct html *html);
void html_decisions(const struct html *html);
void html_curves(const struct html *html);
void html_calibration(const struct html *html);
int html_videos(const struct html *html);
int html_frames(const struct html *html);
void html_history(const struct html *html);
void html_audit(const struct html *html);
void html_robustness(const struct html *html);
int html_provenance(const struct html *html);

#endif
