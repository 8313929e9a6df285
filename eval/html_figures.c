/* What the page says first: the result in plain words with what limits it, the figures of both
 * levels, and the decisions they come from. */
#include "eval/html.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/audit.h"
#include "eval/text.h"

enum { FEW_GROUPS = 30 }; /* below: the page says that they are few */

/* Sentences, one a line, as list items; a leading "Note: " goes, since the box says it. */
static void print_items(FILE *out, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        char line[1024];
        if (strncmp(lines, "Note: ", 6) == 0) {
            lines += 6;
            length -= 6;
        }
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        line[0] = (char)toupper((unsigned char)line[0]);
        if (line[0]) {
            fputs("<li>", out);
            html_text(out, line);
            fputs("</li>\n", out);
        }
        lines += length + (lines[length] == '\n');
    }
}

static void print_caveats(const struct html *html)
{
    const struct evaluation *e = html->e;
    char *notes = NULL;
    size_t bytes = 0;
    FILE *lines = open_memstream(&notes, &bytes);
    if (!lines)
        return;
    text_notes(lines, e);
    int64_t real = e->frame_level.groups[CLASS_REAL], fake = e->frame_level.groups[CLASS_FAKE];
    if (real < FEW_GROUPS || fake < FEW_GROUPS)
        fprintf(lines,
                "Few videos: %" PRId64 " groups hold real frames and %" PRId64
                " fake ones; with others the figures may be quite different.\n",
                real, fake);
    if (strcmp(html->scoring->run->content_hash, store_content_hash(html->scoring->store)) != 0)
        fputs("The run learned from another store than the one scored here.\n", lines);
    fputs(e->audit->notes, lines);
    fclose(lines);
    if (bytes) {
        fputs("<div class=\"warn\">\n<h2>Before believing these figures</h2>\n<ul>\n", html->out);
        print_items(html->out, notes);
        fputs("</ul>\n</div>\n", html->out);
    } else {
        fputs("<p>Nothing was found that would make these figures optimistic.</p>\n", html->out);
    }
    free(notes);
}

static void print_right(FILE *out, const struct metrics *m, const char *unit)
{
    fprintf(out,
            "%" PRId64 " of %" PRId64 " %s (%.1f%%; always answering &ldquo;%s&rdquo;: %.1f%%)",
            m->confusion[0][0] + m->confusion[1][1], m->count, unit, 100 * m->accuracy,
            class_names[m->majority_class], 100 * m->majority_accuracy);
}

/* What the AUC means, and whether it can be told from guessing. */
static void print_ranking(FILE *out, const struct metrics *m)
{
    const struct interval *range = &m->intervals[INTERVAL_AUC];
    if (isnan(m->auc))
        return;
    fprintf(out,
            "<p>Of one fake and one real frame taken at random, the detector gives the fake the "
            "higher score in %.1f%% of cases (ROC AUC",
            100 * m->auc);
    if (isnan(range->low))
        fputs("; too few groups of videos for an interval).</p>\n", out);
    else
        fprintf(out, "; 95%% interval %.1f%% to %.1f%%).%s</p>\n", 100 * range->low,
                100 * range->high,
                range->low <= 0.5 && range->high >= 0.5
                    ? " The interval holds 50%: on these frames <strong>the detector cannot be "
                      "told from guessing</strong>."
                    : "");
}

void html_summary(const struct html *html)
{
    const struct evaluation *e = html->e;
    FILE *out = html->out;
    fputs("<header>\n<h1>Deepfake detector: evaluation report</h1>\n<p class=\"soft\">", out);
    html_name(out, html->scoring->run_path);
    fprintf(out, " (weights of the %s epoch) on the split %s of ", e->weights, e->split);
    html_name(out, html->scoring->store_path);
    fputs("</p>\n</header>\n<p>The detector judged right ", out);
    print_right(out, &e->frame_level, "frames");
    fputs(" and ", out);
    print_right(out, &e->video_level, "videos");
    fputs(".</p>\n", out);
    print_ranking(out, &e->frame_level);
    print_caveats(html);
}

/* ---- the figures -----------------------------------------------------------------------------*/

struct row {
    const char *name, *meaning;
    size_t offset; /* of the figure in struct metrics */
    int interval;  /* or -1 */
};

#define FIGURE(field) offsetof(struct metrics, field)

static const struct row rows[] = {
    {"ROC AUC", "a random fake scores above a random real", FIGURE(auc), INTERVAL_AUC},
    {"Accuracy", "share judged right", FIGURE(accuracy), INTERVAL_ACCURACY},
    {"Majority baseline", "accuracy of always giving the same answer", FIGURE(majority_accuracy),
     -1},
    {"Balanced accuracy", "mean of the shares of each class", FIGURE(balanced_accuracy),
     INTERVAL_BALANCED_ACCURACY},
    {"Matthews correlation", "0: no relation to the truth, 1: equal to it",
     FIGURE(matthews_correlation), -1},
    {"Equal error rate", "where both kinds of error are as frequent", FIGURE(eer), INTERVAL_EER},
    {"Fakes found at 1% false alarms", "true positive rate", FIGURE(tpr_at_1_percent), -1},
    {"Average precision", "area under precision against recall", FIGURE(average_precision), -1},
    {"Brier score", "mean squared error of P(fake); 0.25: always one half",
     FIGURE(calibration.brier), -1},
    {"Calibration error", "expected gap between P(fake) and the share of fakes",
     FIGURE(calibration.expected_error), -1},
};

static double figure_of(const struct metrics *m, const struct row *row)
{
    return *(const double *)((const char *)m + row->offset);
}

static void print_cell(FILE *out, const struct metrics *m, const struct row *row)
{
    fputs("<td>", out);
    html_figure(out, m, figure_of(m, row));
    if (row->interval >= 0) {
        fputs("<small>", out);
        html_interval(out, m->intervals[row->interval]);
        fputs("</small>", out);
    }
    fputs("</td>", out);
}

static void print_headlines(FILE *out, const struct evaluation *e)
{
    const struct metrics *levels[] = {&e->frame_level, &e->video_level};
    fputs("<div class=\"heads\">\n", out);
    for (int k = 0; k < 4; k++) {
        const struct metrics *m = levels[k % 2];
        const struct row *row = &rows[k / 2];
        const struct interval *range = &m->intervals[row->interval];
        fprintf(out, "<div>%s of %s<b>", row->name, k % 2 ? "videos" : "frames");
        html_figure(out, m, figure_of(m, row));
        fputs("</b><small>", out);
        html_interval(out, *range);
        if (isnan(range->low))
            fputs("no interval: too few groups", out);
        fputs("</small>", out);
        html_range(out, figure_of(m, row), *range, k / 2 ? m->majority_accuracy : 0.5);
        fputs("</div>\n", out);
    }
    fputs(
        "</div>\n<p class=\"soft\">Scale 0 to 1; tick: the figure, bar: its 95% interval, dashed: "
        "guessing (AUC 0.5, accuracy of the majority).</p>\n",
        out);
}

void html_figures(const struct html *html)
{
    const struct metrics *f = &html->e->frame_level, *v = &html->e->video_level;
    FILE *out = html->out;
    fputs("<section>\n<h2>Figures</h2>\n", out);
    print_headlines(out, html->e);
    fprintf(out,
            "<table>\n<thead><tr><th>95%% intervals below</th><th>%" PRId64
            " frames</th><th>%" PRId64 " videos</th></tr></thead>\n<tbody>\n",
            f->count, v->count);
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        fprintf(out, "<tr><th>%s<br><small>%s</small></th>", rows[k].name, rows[k].meaning);
        print_cell(out, f, &rows[k]);
        print_cell(out, v, &rows[k]);
        fputs("</tr>\n", out);
    }
    fprintf(out,
            "</tbody>\n</table>\n<p class=\"soft\">A video's probability is the mean of its "
            "frames'. Intervals: bootstrap over groups, since the frames of a video, and videos "
            "made from one another, are not independent (real: %" PRId64 " groups, fake: %" PRId64
            "; below %d of either there is no interval).</p>\n</section>\n",
            f->groups[CLASS_REAL], f->groups[CLASS_FAKE], ENOUGH_GROUPS);
}

/* ---- decisions -------------------------------------------------------------------------------*/

static void print_confusion(FILE *out, const struct metrics *m, const char *unit)
{
    fprintf(out,
            "<table class=\"cells\">\n<caption>%s: fake is called above %.4g</caption>\n"
            "<thead><tr><td></td><th>called real</th><th>called fake</th></tr></thead>\n<tbody>\n",
            unit, m->threshold);
    for (int row = 0; row < CLASS_COUNT; row++) {
        fprintf(out, "<tr><th>%s</th>", class_names[row]);
        for (int column = 0; column < CLASS_COUNT; column++) {
            int64_t count = m->confusion[row][column], all = m->support[row];
            double share = all ? (double)count / (double)all : 0;
            fprintf(out,
                    "<td class=\"%s\"><b>%" PRId64 "</b><br>%.1f%% of %s<br><small>%s</small></td>",
                    row == column ? "right" : "wrong", count, 100 * share, class_names[row],
                    row == column ? "right"
                    : row         ? "missed"
                                  : "false alarm");
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table>\n", out);
}

void html_decisions(const struct html *html)
{
    const struct evaluation *e = html->e;
    fputs("<section>\n<h2>Decisions</h2>\n<div class=\"pair\">\n", html->out);
    print_confusion(html->out, &e->frame_level, "Frames");
    print_confusion(html->out, &e->video_level, "Videos");
    fputs("</div>\n<p class=\"soft\">Threshold: ", html->out);
    html_text(html->out, e->threshold);
    if (strcmp(e->threshold_split, "none") != 0)
        fprintf(html->out, ", a rule applied to the split %s%s", e->threshold_split,
                strcmp(e->threshold_split, e->split) ? "" : ", which is the one judged here");
    else
        fputs(", fixed beforehand", html->out);
    fputs(".</p>\n</section>\n", html->out);
}
