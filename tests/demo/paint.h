/* Colours, dice and brushes of the demo's painter.
 *
 * Everything is IEEE additions, multiplications, divisions and square roots over random_at: no sine
 * and no exponential, whose last bits differ between C libraries, so a seed gives the same frames
 * everywhere. Colours are R,G,B in 0..1. */
#ifndef DEMO_PAINT_H
#define DEMO_PAINT_H

#include <math.h>
#include <stdint.h>

#include "base/random.h"

struct rgb {
    float r, g, b;
};

/* A stream of random choices. */
struct dice {
    uint64_t seed, k;
};

static inline float dice_between(struct dice *dice, float low, float high)
{
    return low + (high - low) * random_unit(random_at(dice->seed, dice->k++));
}

static inline float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* 0 below low, 1 above high, with flat ends: 3t^2 - 2t^3. */
static inline float ramp(float x, float low, float high)
{
    float t = clamp((x - low) / (high - low), 0, 1);
    return t * t * (3 - 2 * t);
}

/* A sine of period 1 with parabolas for half-waves: -1..1, within 6% of it. */
static inline float wave(float t)
{
    t -= floorf(t);
    return t < 0.5f ? 8 * t * (1 - 2 * t) : -8 * (t - 0.5f) * (2 - 2 * t);
}

static inline struct rgb rgb_scaled(struct rgb c, float by)
{
    return (struct rgb){c.r * by, c.g * by, c.b * by};
}

/* (1-t) a + t b */
static inline struct rgb rgb_mixed(struct rgb a, struct rgb b, float t)
{
    return (struct rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static inline struct rgb dice_colour(struct dice *dice, float low, float high)
{
    float r = dice_between(dice, low, high), g = dice_between(dice, low, high);
    return (struct rgb){r, g, dice_between(dice, low, high)};
}

/* How much of a pixel an ellipse covers: 0 outside, 1 inside, a linear edge of `edge` wide.
 * Lengths in the units of x and y; the distance to the outline is taken to first order. */
static inline float ellipse(float x, float y, float cx, float cy, float rx, float ry, float edge)
{
    float dx = (x - cx) / rx, dy = (y - cy) / ry;
    float inside = (1 - dx * dx - dy * dy) * 0.5f * (rx < ry ? rx : ry);
    return clamp(inside / edge + 0.5f, 0, 1);
}

/* The same for the band between y = low and y = high. */
static inline float band(float y, float low, float high, float edge)
{
    return clamp((y - low) / edge + 0.5f, 0, 1) * clamp((high - y) / edge + 0.5f, 0, 1);
}

/* Value noise: random numbers on a lattice that wraps around, interpolated in between. */
enum { GRAIN_SIDE = 128 };

struct grain {
    float at[GRAIN_SIDE][GRAIN_SIDE]; /* -1..1 */
};

static inline void grain_fill(struct grain *grain, uint64_t seed)
{
    for (int y = 0; y < GRAIN_SIDE; y++)
        for (int x = 0; x < GRAIN_SIDE; x++)
            grain->at[y][x] = 2 * random_unit(random_at(seed, (uint64_t)(y * GRAIN_SIDE + x))) - 1;
}

static inline float grain_value(const struct grain *grain, float x, float y)
{
    float fx = floorf(x), fy = floorf(y);
    unsigned x0 = (unsigned)(int)fx % GRAIN_SIDE, x1 = (x0 + 1) % GRAIN_SIDE;
    unsigned y0 = (unsigned)(int)fy % GRAIN_SIDE, y1 = (y0 + 1) % GRAIN_SIDE;
    float tx = x - fx, ty = y - fy;
    float top = grain->at[y0][x0] + (grain->at[y0][x1] - grain->at[y0][x0]) * tx;
    float bottom = grain->at[y1][x0] + (grain->at[y1][x1] - grain->at[y1][x0]) * tx;
    return top + (bottom - top) * ty;
}

#endif
