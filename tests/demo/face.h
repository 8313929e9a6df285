/* Who stands before the camera, and how a head is painted, point by point.
 *
 * Face coordinates: u = -1..1 from ear to ear, v = -1..1 from the skull's top to the chin, so that
 * one description serves every pose and every resolution. Layers are painted from back to front;
 * `edge` is the width of a pixel in these coordinates and softens every outline by as much. */
#ifndef DEMO_FACE_H
#define DEMO_FACE_H

#include "tests/demo/paint.h"

struct face {
    struct rgb skin, hair, lips, iris, shirt;
    float aspect; /* height of the head / its width */
    float jaw;    /* how much the head narrows towards the chin */
    float eye_height, eye_spacing, eye_size;
    float brow_width, brow_tilt;
    float nose_width, nose_length;
    float mouth_height, mouth_width, lip_thickness, smile;
    float hairline, hair_volume, hair_length, parting;
    float pores, freckles, beard; /* strengths of skin details */
    struct grain grain;           /* skin, hair and cloth have their irregularities from here */
};

struct pose {
    float x, y;  /* centre of the head, in pixels */
    float width; /* half the head's width, in pixels */
    float turn;  /* radians, clockwise */
    float blink; /* 0 open .. 1 closed */
    float mouth; /* 0 closed .. 1 open */
    float gaze;  /* -1..1 */
};

struct light {
    float x, y, z;  /* direction to the lamp, about unit length */
    float ambient;  /* 0..1: how much arrives from everywhere */
    struct rgb hue; /* of the lamp */
};

/* darkness 0..1 chooses the skin, the rest is the seed's. */
static inline void face_make(struct face *f, uint64_t seed, float darkness)
{
    struct dice d = {seed, 0};
    struct rgb pale = {0.93f, 0.74f, 0.64f}, dark = {0.40f, 0.26f, 0.19f};
    f->skin = rgb_mixed(pale, dark, darkness);
    f->skin.g *= dice_between(&d, 0.95f, 1.04f);
    f->skin.b *= dice_between(&d, 0.90f, 1.05f);
    struct rgb black = {0.09f, 0.07f, 0.06f}, fair = {0.72f, 0.55f, 0.32f};
    f->hair = rgb_mixed(black, fair, dice_between(&d, 0, 1.1f - darkness));
    f->hair.r *= dice_between(&d, 0.9f, 1.3f);
    f->lips = rgb_mixed(f->skin, (struct rgb){0.66f, 0.22f, 0.24f}, dice_between(&d, 0.3f, 0.8f));
    f->iris = rgb_mixed((struct rgb){0.22f, 0.13f, 0.08f}, (struct rgb){0.35f, 0.52f, 0.60f},
                        dice_between(&d, 0, 1));
    f->shirt = dice_colour(&d, 0.15f, 0.6f);
    f->aspect = dice_between(&d, 1.22f, 1.42f);
    f->jaw = dice_between(&d, 0.10f, 0.38f);
    f->eye_height = dice_between(&d, -0.12f, 0);
    f->eye_spacing = dice_between(&d, 0.36f, 0.44f);
    f->eye_size = dice_between(&d, 0.14f, 0.18f);
    f->brow_width = dice_between(&d, 0.020f, 0.055f);
    f->brow_tilt = dice_between(&d, -0.15f, 0.25f);
    f->nose_width = dice_between(&d, 0.13f, 0.20f);
    f->nose_length = dice_between(&d, 0.30f, 0.38f);
    f->mouth_height = dice_between(&d, 0.54f, 0.62f);
    f->mouth_width = dice_between(&d, 0.28f, 0.42f);
    f->lip_thickness = dice_between(&d, 0.045f, 0.085f);
    f->smile = dice_between(&d, -0.15f, 0.35f);
    f->hairline = dice_between(&d, -0.72f, -0.50f);
    f->hair_volume = dice_between(&d, 1.06f, 1.24f);
    f->hair_length = dice_between(&d, -0.2f, 1.1f);
    f->parting = dice_between(&d, -0.6f, 0.6f);
    f->pores = dice_between(&d, 0.05f, 0.10f);
    f->freckles = dice_between(&d, -0.5f, 0.5f);
    f->beard = dice_between(&d, -0.5f, 0.5f);
    grain_fill(&f->grain, seed ^ UINT64_C(0x6772616961));
}

/* Half the width of the head at height v: an ellipse's, less the jaw. */
static inline float head_coverage(const struct face *f, float u, float v, float edge)
{
    float narrow = 1 - f->jaw * ramp(v, 0, 1.15f);
    return ellipse(u / narrow, v, 0, 0, 1, 1, edge);
}

static inline struct rgb paint_hair(const struct face *f, float u, float v)
{
    float strands = grain_value(&f->grain, 26 * u + 3 * v, 5 * v) +
                    0.5f * grain_value(&f->grain, 70 * u, 9 * v + 40);
    float shine = 0.30f * ellipse(u, v, 0.2f, -0.85f, 0.7f, 0.25f, 0.4f);
    return rgb_scaled(f->hair, 1 + 0.28f * strands + shine);
}

/* Hair behind the head, neck, shirt. */
static inline struct rgb paint_body(const struct face *f, float u, float v, float edge,
                                    struct rgb under)
{
    float volume = f->hair_volume;
    float hair = ellipse(u, v, 0, -0.12f, volume, volume * 0.98f, edge);
    if (v > -0.1f)
        hair = fmaxf(hair, band(u, -volume, volume, edge) * band(v, -0.2f, f->hair_length, 0.15f));
    if (hair > 0)
        under = rgb_mixed(under, rgb_scaled(paint_hair(f, u, v), 0.7f), hair);
    float shirt = ellipse(u, v, 0, 2.25f, 1.75f, 1.05f, edge);
    float weave = 0.06f * grain_value(&f->grain, 45 * u, 45 * v);
    under = rgb_mixed(under, rgb_scaled(f->shirt, 1 + weave - 0.15f * u), shirt);
    float neck = band(u, -0.5f, 0.5f, edge) * band(v, 0, 1.28f, 0.1f);
    return rgb_mixed(under, rgb_scaled(f->skin, 0.62f), neck);
}

/* Lambert's law over an ellipsoid, then what skin has of its own. */
static inline struct rgb paint_skin(const struct face *f, const struct light *l, float u, float v)
{
    float depth = sqrtf(fmaxf(0.05f, 1 - 0.85f * (u * u + v * v)));
    float shade = fmaxf(0, l->x * u + l->y * v + l->z * depth);
    float lit = l->ambient + (1 - l->ambient) * shade;
    struct rgb skin = rgb_mixed(f->skin, f->lips,
                                0.22f * (ellipse(u, v, -0.5f, 0.28f, 0.3f, 0.22f, 0.25f) +
                                         ellipse(u, v, 0.5f, 0.28f, 0.3f, 0.22f, 0.25f)));
    float spots = ramp(grain_value(&f->grain, 30 * u + 7, 30 * v), 0.45f, 0.9f) *
                  ellipse(u, v, 0, 0.2f, 0.8f, 0.3f, 0.3f);
    skin = rgb_scaled(skin, 1 - 0.45f * fmaxf(0, f->freckles) * spots);
    float stubble = ramp(v, 0.30f, 0.60f) * fmaxf(0, f->beard);
    float pores = grain_value(&f->grain, 46 * u, 46 * v) + grain_value(&f->grain, 90 * v, 90 * u);
    skin = rgb_mixed(skin, f->hair, stubble * (0.55f + 0.4f * pores));
    lit *= 1 + f->pores * pores;
    return (struct rgb){skin.r * lit * l->hue.r, skin.g * lit * l->hue.g, skin.b * lit * l->hue.b};
}

/* One eye and its brow; x grows outwards from the nose, so both eyes are the same call. */
static inline struct rgb paint_eye(const struct face *f, const struct pose *p, float x, float y,
                                   float look, float edge, struct rgb skin)
{
    float size = f->eye_size, opening = size * 0.46f * (1 - 0.9f * p->blink) + 0.012f;
    skin = rgb_scaled(skin, 1 - 0.22f * ellipse(x, y, 0, -0.03f, size * 1.5f, size, 0.15f));
    float lid = ellipse(x, y, 0, -0.015f, size * 1.1f, opening * 1.25f, edge);
    skin = rgb_mixed(skin, rgb_scaled(f->skin, 0.35f), 0.8f * lid);
    float white = ellipse(x, y, 0, 0, size, opening, edge);
    struct rgb ball = {0.80f, 0.77f, 0.74f};
    float at = look * 0.3f * size, radius = size * 0.47f;
    ball = rgb_mixed(ball, f->iris, ellipse(x, y, at, 0, radius, radius, edge));
    ball = rgb_scaled(ball, 1 - 0.9f * ellipse(x, y, at, 0, radius * 0.5f, radius * 0.5f, edge));
    ball = rgb_mixed(ball, (struct rgb){1, 1, 1},
                     0.9f * ellipse(x, y, at - 0.03f, -0.03f, 0.025f, 0.025f, edge));
    skin = rgb_mixed(skin, ball, white);
    float arch = -0.21f + f->brow_tilt * 0.25f * x + 0.9f * x * x;
    float brow = band(y, arch - f->brow_width, arch + f->brow_width, edge) *
                 band(x, -size * 1.2f, size * 1.45f, 0.08f);
    return rgb_mixed(skin, rgb_scaled(f->hair, 0.75f), 0.85f * brow);
}

static inline struct rgb paint_nose(const struct face *f, const struct light *l, float u, float v,
                                    float edge, struct rgb skin)
{
    float tip = f->eye_height + f->nose_length, wide = f->nose_width;
    float bridge = band(v, f->eye_height - 0.05f, tip, 0.2f);
    float side = l->x > 0 ? -u : u;
    skin = rgb_scaled(skin, 1 - 0.25f * bridge * band(side, wide * 0.3f, wide * 0.9f, wide * 0.7f));
    skin = rgb_scaled(skin, 1 + 0.16f * bridge * band(u, -wide * 0.3f, wide * 0.3f, wide * 0.7f));
    skin = rgb_scaled(skin, 1 - 0.30f * ellipse(u, v, 0, tip + 0.04f, wide * 1.2f, 0.045f, 0.05f));
    float holes = ellipse(u, v, -wide * 0.5f, tip + 0.02f, wide * 0.28f, 0.022f, edge) +
                  ellipse(u, v, wide * 0.5f, tip + 0.02f, wide * 0.28f, 0.022f, edge);
    return rgb_scaled(skin, 1 - 0.55f * holes);
}

static inline struct rgb paint_mouth(const struct face *f, const struct pose *p, float u, float v,
                                     float edge, struct rgb skin)
{
    float wide = f->mouth_width, lip = f->lip_thickness, gape = 0.09f * p->mouth;
    float y = v - f->mouth_height + f->smile * u * u;
    skin = rgb_scaled(skin,
                      1 - 0.25f * ellipse(u, y, 0, lip + gape + 0.06f, wide * 0.6f, 0.035f, 0.06f));
    float lips = ellipse(u, y, 0, gape * 0.5f, wide, lip + gape * 0.6f, edge);
    struct rgb colour = rgb_scaled(f->lips, y < gape * 0.5f ? 0.85f : 1.05f);
    skin = rgb_mixed(skin, colour, 0.9f * lips);
    float opening = ellipse(u, y, 0, gape * 0.5f, wide * 0.85f, 0.008f + gape * 0.5f, edge);
    skin = rgb_mixed(skin, (struct rgb){0.18f, 0.07f, 0.07f}, opening);
    float teeth = opening * band(y, -gape, gape * 0.15f, edge) * ramp(p->mouth, 0.3f, 0.6f);
    return rgb_mixed(skin, (struct rgb){0.85f, 0.83f, 0.78f}, 0.8f * teeth);
}

/* The colour of the point (u,v), over what lies behind the head there. */
static inline struct rgb face_paint(const struct face *f, const struct pose *p,
                                    const struct light *l, float u, float v, float edge,
                                    struct rgb under)
{
    under = paint_body(f, u, v, edge, under);
    float ears = ellipse(u, v, -0.98f, 0.05f, 0.13f, 0.2f, edge) +
                 ellipse(u, v, 0.98f, 0.05f, 0.13f, 0.2f, edge);
    under = rgb_mixed(under, rgb_scaled(f->skin, 0.75f), clamp(ears, 0, 1));
    float head = head_coverage(f, u, v, edge);
    if (head <= 0)
        return under;
    struct rgb skin = paint_skin(f, l, u, v);
    float out = u < 0 ? -1 : 1; /* the side of the face: its eye looks the other way outwards */
    float below_eyes = v - f->eye_height;
    /* The limits leave room for the softest edges; they only save time. */
    if (fabsf(u) < 0.45f && below_eyes > -0.25f && below_eyes < 0.6f)
        skin = paint_nose(f, l, u, v, edge, skin);
    if (fabsf(below_eyes) < 0.4f)
        skin = paint_eye(f, p, out * u - f->eye_spacing, below_eyes * f->aspect, out * p->gaze,
                         edge, skin);
    if (fabsf(u) < 0.75f && v > f->mouth_height - 0.25f)
        skin = paint_mouth(f, p, u, v, edge, skin);
    float fringe = f->hairline + 0.25f * (u - f->parting) * (u - f->parting) +
                   0.04f * grain_value(&f->grain, 12 * u, 3);
    float hair = clamp((fringe - v) / edge + 0.5f, 0, 1);
    if (hair > 0)
        skin = rgb_mixed(skin, paint_hair(f, u, v), hair);
    return rgb_mixed(under, skin, head);
}

#endif
