#include "eval/svg.h"

#include <math.h>

enum { WIDTH = 360, HEIGHT = 264, LEFT = 48, RIGHT = 350, TOP = 10, BOTTOM = 220 };

struct svg_axis svg_linear(const char *label, double low, double high, double least)
{
    struct svg_axis axis = {.label = label, .low = low, .high = high};
    double span = high > low ? high - low : 1, step = pow(10, floor(log10(span)) - 1);
    for (int k = 0; span / step > 6 || step < least; k++)
        step *= k % 3 == 1 ? 2.5 : 2;
    for (int64_t k = (int64_t)ceil(low / step - 1e-9); (double)k * step <= high + span * 1e-9; k++)
        if (axis.tick_count < SVG_TICKS)
            axis.ticks[axis.tick_count++] = (double)k * step;
    return axis;
}

/* Where a value lies on an axis drawn from `from` to `to`. */
static double place(const struct svg_axis *axis, double value, double from, double to)
{
    double low = axis->low, high = axis->high, v = fmin(fmax(value, low), high);
    if (axis->scale) {
        low = axis->scale(low);
        high = axis->scale(high);
        v = axis->scale(v);
    }
    return from + (v - low) / (high - low) * (to - from);
}

static double place_x(const struct svg *chart, double x)
{
    return place(&chart->x, x, LEFT, RIGHT);
}

static double place_y(const struct svg *chart, double y)
{
    return place(&chart->y, y, BOTTOM, TOP);
}

void svg_begin(const struct svg *chart, const char *name)
{
    FILE *out = chart->out;
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n<path class=\"grid\"",
            WIDTH, HEIGHT, name);
    fputs(" d=\"", out);
    for (int k = 0; k < chart->x.tick_count; k++)
        fprintf(out, "M%.1f %dV%d", place_x(chart, chart->x.ticks[k]), TOP, BOTTOM);
    for (int k = 0; k < chart->y.tick_count; k++)
        fprintf(out, "M%d %.1fH%d", LEFT, place_y(chart, chart->y.ticks[k]), RIGHT);
    fprintf(out, "\"/>\n<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, BOTTOM, RIGHT);
    for (int k = 0; k < chart->x.tick_count; k++)
        fprintf(out, "<text class=\"mid\" x=\"%.1f\" y=\"%d\">%.6g</text>\n",
                place_x(chart, chart->x.ticks[k]), BOTTOM + 16, chart->x.ticks[k]);
    for (int k = 0; k < chart->y.tick_count; k++)
        fprintf(out, "<text class=\"end\" x=\"%d\" y=\"%.1f\">%.6g</text>\n", LEFT - 6,
                place_y(chart, chart->y.ticks[k]) + 4, chart->y.ticks[k]);
    fprintf(out, "<text class=\"mid\" x=\"%d\" y=\"%d\">%s</text>\n", (LEFT + RIGHT) / 2,
            BOTTOM + 36, chart->x.label);
    fprintf(out, "<text class=\"mid\" transform=\"translate(12 %d) rotate(-90)\">%s</text>\n",
            (TOP + BOTTOM) / 2, chart->y.label);
}

void svg_end(const struct svg *chart)
{
    fputs("</svg>\n", chart->out);
}

/* Whether b is so close to a that nobody would see the step; asked before anything is scaled, since
 * a curve may have a million points. */
static int unseen(const struct svg_axis *axis, double a, double b)
{
    return fabs(b - a) < 2e-4 * (axis->high - axis->low);
}

void svg_line(const struct svg *chart, const char *class, int64_t count, const double *x,
              const double *y, int64_t stride)
{
    int64_t last = -1; /* the point drawn before */
    double was_x = 0, was_y = 0;
    fprintf(chart->out, "<path class=\"line %s\" d=\"", class);
    for (int64_t k = 0; k < count; k++) {
        if (!isfinite(x[k]) || !isfinite(y[k])) {
            last = -1;
            continue;
        }
        int ends = k + 1 == count;
        if ((k % stride != 0 && !ends) || (last >= 0 && !ends && unseen(&chart->x, x[last], x[k]) &&
                                           unseen(&chart->y, y[last], y[k])))
            continue;
        double now_x = place_x(chart, x[k]), now_y = place_y(chart, y[k]);
        if (last >= 0 && !ends && fabs(now_x - was_x) < 0.6 && fabs(now_y - was_y) < 0.6)
            continue;
        fprintf(chart->out, last < 0 ? "M%.1f %.1fL%.1f %.1f" : " %.1f %.1f", now_x, now_y, now_x,
                now_y);
        last = k;
        was_x = now_x;
        was_y = now_y;
    }
    fputs("\"/>\n", chart->out);
}

/* A line of no length with round ends is a dot. */
void svg_dots(const struct svg *chart, const char *class, int64_t count, const double *x,
              const double *y)
{
    fprintf(chart->out, "<path class=\"dot %s\" d=\"", class);
    for (int64_t k = 0; k < count; k++)
        if (isfinite(x[k]) && isfinite(y[k]))
            fprintf(chart->out, "M%.1f %.1fh0", place_x(chart, x[k]), place_y(chart, y[k]));
    fputs("\"/>\n", chart->out);
}

void svg_bar(const struct svg *chart, const char *class, double from, double to, double height)
{
    double left = place_x(chart, from), top = place_y(chart, height);
    fprintf(chart->out,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", class,
            left, top, place_x(chart, to) - left, BOTTOM - top);
}
