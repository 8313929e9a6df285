/* Line charts as inline SVG, for a page that must need nothing else to be seen.
 *
 * A chart is 360 x 264 units: the width of a phone at the size of type that is readable there, and
 * half a column elsewhere. Colours, widths and dashes are the style sheet's: elements carry
 * classes, so that one chart serves light and dark pages. */
#ifndef EVAL_SVG_H
#define EVAL_SVG_H

#include <stdint.h>
#include <stdio.h>

enum { SVG_TICKS = 12 };

struct svg_axis {
    const char *label;
    double low, high, ticks[SVG_TICKS];
    int tick_count;
    double (*scale)(double); /* increasing; NULL: linear */
};

struct svg {
    FILE *out;
    struct svg_axis x, y;
};

/* A linear axis over low..high with a tick at every multiple of 1, 2 or 5 times a power of ten,
 * seven at most, which are at least `least` apart. */
struct svg_axis svg_linear(const char *label, double low, double high, double least);

/* Frame, grid, ticks and axis labels; `name` is what a screen reader says. It, the labels and the
 * classes are texts of ours, with nothing in them that needs escaping. */
void svg_begin(const struct svg *chart, const char *name);
void svg_end(const struct svg *chart);

/* Joins every stride-th of the points and the last one; x, y (count). Points that move by less than
 * could be seen are left out, one that is not finite parts the line, one beyond an axis is drawn at
 * its end. */
void svg_line(const struct svg *chart, const char *class, int64_t count, const double *x,
              const double *y, int64_t stride);
void svg_dots(const struct svg *chart, const char *class, int64_t count, const double *x,
              const double *y);
/* A bar that stands on the x axis. */
void svg_bar(const struct svg *chart, const char *class, double from, double to, double height);

#endif
