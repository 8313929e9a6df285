/* The charts: ROC and DET, reliability, history. */
#include "eval/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/svg.h"

static void print_auc(FILE *out, const struct metrics *m, const char *unit, const char *key)
{
    fprintf(out, "<span class=\"key%s\"></span>%s", key, unit);
    if (!isnan(m->auc))
        fprintf(out, ", AUC %.3f", m->auc);
}

static void print_roc(const struct html *html)
{
    static const double ends[] = {0, 1};
    const struct evaluation *e = html->e;
    const struct curve *f = &e->frame_level.roc, *v = &e->video_level.roc;
    struct svg chart = {html->out, svg_linear("false positive rate (real called fake)", 0, 1, 0),
                        svg_linear("true positive rate (fake found)", 0, 1, 0)};
    fputs("<figure>\n<h3>ROC</h3>\n", html->out);
    svg_begin(&chart, "ROC curves: true positive rate against false positive rate");
    svg_line(&chart, "hint", 2, ends, ends, 1);
    svg_line(&chart, "two", v->count, v->x, v->y, 1);
    svg_line(&chart, "one", f->count, f->x, f->y, 1);
    svg_end(&chart);
    fputs("<figcaption>", html->out);
    print_auc(html->out, &e->frame_level, "frames", "");
    print_auc(html->out, &e->video_level, "videos", " b");
    fputs("<span class=\"key c\"></span>guessing</figcaption>\n</figure>\n", html->out);
}

/* The standard normal quantile of p percent, by bisection of its distribution function. */
static double probit(double percent)
{
    double low = -6, high = 6;
    for (int k = 0; k < 40; k++) {
        double middle = (low + high) / 2;
        if (50 * erfc(-middle * M_SQRT1_2) < percent)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void draw_det(const struct svg *chart, const char *class, const struct curve *roc, double *x,
                     double *y)
{
    for (int64_t k = 0; k < roc->count; k++) {
        x[k] = 100 * roc->x[k];
        y[k] = 100 * (1 - roc->y[k]);
    }
    svg_line(chart, class, roc->count, x, y, 1);
}

/* Errors on normal-deviate axes: scores that are normal in each class give a straight line, and the
 * corner that matters, of few errors, gets the room. */
static void print_det(const struct html *html)
{
    static const struct svg_axis axis = {NULL, 0.5, 90, {1, 2, 5, 10, 20, 40, 60, 80}, 8, probit};
    const struct curve *f = &html->e->frame_level.roc, *v = &html->e->video_level.roc;
    struct svg chart = {html->out, axis, axis};
    chart.x.label = "false alarms (% of real)";
    chart.y.label = "misses (% of fake)";
    size_t points = (size_t)(f->count > v->count ? f->count : v->count);
    double *x = memory_zeroed(points, sizeof *x, "curve");
    double *y = memory_zeroed(points, sizeof *y, "curve");
    fputs("<figure>\n<h3>DET</h3>\n", html->out);
    svg_begin(&chart, "DET curves: misses against false alarms");
    if (x && y) {
        draw_det(&chart, "two", v, x, y);
        draw_det(&chart, "one", f, x, y);
    }
    svg_end(&chart);
    free(x);
    free(y);
    fputs("<figcaption>The same errors on normal-deviate axes, 0.5% to 90%.</figcaption>\n"
          "</figure>\n",
          html->out);
}

void html_curves(const struct html *html)
{
    fputs("<section>\n<h2>Every threshold</h2>\n<div class=\"pair\">\n", html->out);
    print_roc(html);
    print_det(html);
    fputs("</div>\n</section>\n", html->out);
}

static void print_reliability(const struct html *html, const struct metrics *m, const char *unit,
                              const char *class)
{
    static const double ends[] = {0, 1};
    const struct calibration *c = &m->calibration;
    struct svg chart = {html->out, svg_linear("P(fake), mean of a bin", 0, 1, 0),
                        svg_linear("share that is fake", 0, 1, 0)};
    fprintf(html->out, "<figure>\n<h3>%s</h3>\n", unit);
    svg_begin(&chart, "Reliability: share of fakes against the predicted probability");
    int64_t most = 1;
    for (int k = 0; k < BIN_COUNT; k++)
        most = c->count[k] > most ? c->count[k] : most;
    for (int k = 0; k < BIN_COUNT; k++)
        svg_bar(&chart, "count", (k + 0.1) / BIN_COUNT, (k + 0.9) / BIN_COUNT,
                0.3 * (double)c->count[k] / (double)most);
    svg_line(&chart, "hint", 2, ends, ends, 1);
    svg_dots(&chart, class, BIN_COUNT, c->probability, c->fake);
    svg_end(&chart);
    fprintf(html->out,
            "<figcaption>Dots: bins of P(fake); bars: how many %s stand in each, at most %" PRId64
            ".</figcaption>\n</figure>\n",
            unit, most);
}

void html_calibration(const struct html *html)
{
    fputs("<section>\n<h2>Calibration</h2>\n<p>Of all that is given P(fake) = 0.8, "
          "four fifths should be fake: then the dots lie on the diagonal. Above it the detector is "
          "too mild, below it too sure of fakes.</p>\n<div class=\"pair\">\n",
          html->out);
    print_reliability(html, &html->e->frame_level, "frames", "one");
    print_reliability(html, &html->e->video_level, "videos", "two");
    fputs("</div>\n</section>\n", html->out);
}

/* ---- history ---------------------------------------------------------------------------------*/

static void print_measure(const struct html *html, const char *title, const char *label, int train,
                          int val)
{
    enum { MOST_POINTS = 300, MOST_DOTS = 40 };
    const struct run *run = html->e->run;
    const double *epoch = run->history[RUN_EPOCH];
    const double *pair[] = {run->history[train], run->history[val]};
    double top = 0, bottom = 1;
    for (int64_t i = 0; i < 2 * run->epoch; i++)
        if (isfinite(pair[i % 2][i / 2])) {
            top = fmax(top, pair[i % 2][i / 2]);
            bottom = fmin(bottom, pair[i % 2][i / 2]);
        }
    int is_loss = train == RUN_TRAIN_LOSS;
    struct svg chart = {html->out, svg_linear("epoch", epoch[0] - 1, epoch[run->epoch - 1], 1),
                        is_loss ? svg_linear(label, 0, top > 0 ? top * 1.05 : 1, 0)
                                : svg_linear(label, fmin(0.5, floor(bottom * 10) / 10), 1, 0)};
    fprintf(html->out, "<figure>\n<h3>%s</h3>\n", title);
    svg_begin(&chart, is_loss ? "Loss by epoch" : "Accuracy by epoch");
    for (int k = 1; k >= 0; k--) {
        const char *class = k ? "two" : "one";
        svg_line(&chart, class, run->epoch, epoch, pair[k], 1 + run->epoch / MOST_POINTS);
        if (run->epoch <= MOST_DOTS)
            svg_dots(&chart, class, run->epoch, epoch, pair[k]);
    }
    svg_end(&chart);
    fputs("<figcaption><span class=\"key\"></span>training<span class=\"key b\"></span>validation",
          html->out);
    if (run->epoch > MOST_POINTS)
        fprintf(html->out, "; one epoch in %" PRId64 " is drawn", 1 + run->epoch / MOST_POINTS);
    fputs("</figcaption>\n</figure>\n", html->out);
}

void html_history(const struct html *html)
{
    fputs("<section>\n<h2>Training</h2>\n", html->out);
    if (html->e->run->epoch == 0) {
        fputs("<p>This run has not been trained.</p>\n</section>\n", html->out);
        return;
    }
    fputs("<div class=\"pair\">\n", html->out);
    print_measure(html, "Loss", "binary cross-entropy", RUN_TRAIN_LOSS, RUN_VAL_LOSS);
    print_measure(html, "Accuracy", "share of frames", RUN_TRAIN_ACCURACY, RUN_VAL_ACCURACY);
    fputs("</div>\n</section>\n", html->out);
}
