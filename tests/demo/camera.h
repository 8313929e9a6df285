/* What happens to a painted frame on its way into the file: the lens, the sensor, and, for a fake,
 * the swap of the inner face.
 *
 * A swap leaves what real swaps leave: the pasted face went through a network of low resolution, so
 * its pores and the sensor's noise are fainter than around it; its colours were matched, and yet it
 * is paler than ears, neck and brow; its edge is a soft blend. All of that is local, and in some
 * videos faint. What holds for a whole frame (exposure, warmth, noise, blur, quality) is drawn for
 * both classes from the same values. */
#ifndef DEMO_CAMERA_H
#define DEMO_CAMERA_H

#include "tests/demo/face.h"

struct camera {
    float noise;    /* standard deviation at full brightness, of 1 */
    float blur;     /* weight of each neighbour, 0..1/3 */
    float exposure; /* mean brightness that it aims at */
    float warmth;   /* how far the mean is from grey, to red and from blue */
    int quality;    /* of the JPEG */
};

struct swap {
    float detail;    /* resolution of the pasted face / that of the frame */
    float noise;     /* share of the sensor's noise that it has */
    float blend;     /* width of the soft edge, in face coordinates */
    float reach;     /* size of the ellipse */
    float grey;      /* how much colour the network lost: 0 none, 1 all */
    struct rgb tint; /* and what the colour matching left */
};

/* Side of the frames, and as many canvases of side*side points as the work needs. */
struct studio {
    int side;
    struct rgb *frame, *donor, *scratch;
    float *mask;
    uint8_t *pixels;
};

static inline float brightness(struct rgb c)
{
    return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b;
}

/* A 3x3 binomial-like lens, applied along the rows and then along the columns. */
static inline void camera_blur(struct studio *s, struct rgb *canvas, float weight)
{
    int side = s->side;
    for (int pass = 0; pass < 2; pass++) {
        int step = pass ? side : 1;
        for (int i = 0; i < side * side; i++) {
            int at = pass ? i / side : i % side;
            struct rgb a = canvas[at > 0 ? i - step : i];
            struct rgb b = canvas[at < side - 1 ? i + step : i];
            s->scratch[i] = rgb_mixed(canvas[i], rgb_mixed(a, b, 0.5f), 2 * weight);
        }
        for (int i = 0; i < side * side; i++)
            canvas[i] = s->scratch[i];
    }
}

/* Four 16-bit uniform numbers of one word, summed: nearly Gaussian, standard deviation 1. */
static inline float bell(uint64_t word)
{
    float sum = (float)(word & 0xFFFF) + (float)(word >> 16 & 0xFFFF) +
                (float)(word >> 32 & 0xFFFF) + (float)(word >> 48);
    return (sum * 0x1p-16f - 2) * 1.7320508f;
}

/* Photons make the noise of bright points larger; most of it is common to the channels. */
static inline void camera_noise(struct studio *s, struct rgb *canvas, float noise, uint64_t seed)
{
    for (int i = 0; i < s->side * s->side; i++) {
        uint64_t word = random_at(seed, (uint64_t)i);
        float sigma = noise * (0.4f + 0.6f * sqrtf(clamp(brightness(canvas[i]), 0, 1)));
        float common = sigma * bell(word);
        float own = 0.3f * sigma * bell(random_mix(word));
        canvas[i].r += common + own;
        canvas[i].g += common;
        canvas[i].b += common - own;
    }
}

/* Down to side * detail points and up again, both by triangle filters. */
static inline void swap_resample(struct studio *s, struct rgb *canvas, float detail)
{
    int side = s->side, small = (int)((float)side * detail);
    float scale = (float)side / (float)small;
    for (int y = 0; y < small; y++)
        for (int x = 0; x < small; x++) {
            float cx = ((float)x + 0.5f) * scale - 0.5f, cy = ((float)y + 0.5f) * scale - 0.5f;
            struct rgb sum = {0, 0, 0};
            float weights = 0;
            for (int j = (int)(cy - scale); j <= (int)(cy + scale) + 1; j++)
                for (int i = (int)(cx - scale); i <= (int)(cx + scale) + 1; i++) {
                    float weight = fmaxf(0, 1 - fabsf((float)i - cx) / scale) *
                                   fmaxf(0, 1 - fabsf((float)j - cy) / scale);
                    if (i < 0 || j < 0 || i >= side || j >= side || weight <= 0)
                        continue;
                    struct rgb c = canvas[j * side + i];
                    sum.r += weight * c.r, sum.g += weight * c.g, sum.b += weight * c.b;
                    weights += weight;
                }
            s->scratch[y * small + x] = rgb_scaled(sum, 1 / weights);
        }
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float limit = (float)(small - 1) - 0.001f;
            float fx = clamp(((float)x + 0.5f) / scale - 0.5f, 0, limit);
            float fy = clamp(((float)y + 0.5f) / scale - 0.5f, 0, limit);
            const struct rgb *c = s->scratch + (int)fy * small + (int)fx;
            float tx = fx - (float)(int)fx, ty = fy - (float)(int)fy;
            canvas[y * side + x] =
                rgb_mixed(rgb_mixed(c[0], c[1], tx), rgb_mixed(c[small], c[small + 1], tx), ty);
        }
}

struct tone {
    struct rgb mean;
    float spread; /* standard deviation of the brightness */
};

static inline struct tone tone_inside(const struct studio *s, const struct rgb *canvas)
{
    struct rgb sum = {0, 0, 0};
    float weights = 1e-6f, squares = 0;
    for (int i = 0; i < s->side * s->side; i++) {
        float w = s->mask[i], light = brightness(canvas[i]);
        sum.r += w * canvas[i].r, sum.g += w * canvas[i].g, sum.b += w * canvas[i].b;
        squares += w * light * light;
        weights += w;
    }
    struct tone tone = {rgb_scaled(sum, 1 / weights), 0};
    float mean = brightness(tone.mean);
    tone.spread = sqrtf(fmaxf(squares / weights - mean * mean, 1e-6f));
    return tone;
}

/* The donor's face takes mean and contrast of the frame's, then fills the mask. */
static inline void swap_blend(struct studio *s, const struct swap *swap)
{
    struct tone from = tone_inside(s, s->donor), to = tone_inside(s, s->frame);
    float contrast = clamp(to.spread / from.spread, 0.7f, 1.4f);
    for (int i = 0; i < s->side * s->side; i++) {
        struct rgb c = s->donor[i];
        c.r = (c.r - from.mean.r) * contrast + to.mean.r * swap->tint.r;
        c.g = (c.g - from.mean.g) * contrast + to.mean.g * swap->tint.g;
        c.b = (c.b - from.mean.b) * contrast + to.mean.b * swap->tint.b;
        float light = brightness(c);
        c = rgb_mixed(c, (struct rgb){light, light, light}, swap->grey);
        s->frame[i] = rgb_mixed(s->frame[i], c, s->mask[i]);
    }
}

static inline uint8_t to_byte(float x)
{
    return (uint8_t)(clamp(x, 0, 1) * 255 + 0.5f);
}

static inline void camera_store(struct studio *s)
{
    for (int i = 0; i < s->side * s->side; i++) {
        s->pixels[3 * i] = to_byte(s->frame[i].r);
        s->pixels[3 * i + 1] = to_byte(s->frame[i].g);
        s->pixels[3 * i + 2] = to_byte(s->frame[i].b);
    }
}

#endif
