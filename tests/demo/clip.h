/* A video: who is in it, where, in what light, through which camera, and how it moves.
 *
 * Properties that could give the class away without a look at the face are stratified: the clips of
 * either class have the same values of them, in different orders. */
#ifndef DEMO_CLIP_H
#define DEMO_CLIP_H

#include "tests/demo/camera.h"

struct room {
    struct rgb top, bottom;
    float slope, texture, scale;
    struct grain grain;
};

struct clip {
    int fake;
    struct face face, donor;
    struct light light, donor_light;
    struct room room;
    struct camera camera;
    struct swap swap;
    float phase[8];
    float width, gain;
    struct rgb grade;
    uint64_t seed;
};

/* A value of 0..1 for clip `index` of `count`: one of count equal steps, each taken once, in an
 * order of its own for every (class, property). So the two classes have the same values of it. */
static inline float stratum(uint64_t seed, int fake, const char *property, int index, int count)
{
    uint64_t order = random_hash(seed + (uint64_t)fake, property);
    int rank = 0;
    for (int other = 0; other < count; other++)
        rank += random_at(order, (uint64_t)other) < random_at(order, (uint64_t)index);
    return ((float)rank + 0.5f) / (float)count;
}

static inline void room_make(struct room *room, uint64_t seed, float lightness)
{
    struct dice d = {seed, 0};
    float base = 0.3f + 0.3f * lightness;
    room->top = dice_colour(&d, base - 0.04f, base + 0.04f);
    room->bottom = dice_colour(&d, base - 0.10f, base + 0.02f);
    room->slope = dice_between(&d, -0.6f, 0.6f);
    room->texture = dice_between(&d, 0.02f, 0.14f);
    room->scale = dice_between(&d, 0.05f, 0.35f);
    grain_fill(&room->grain, seed + 1);
}

static inline struct light light_make(struct dice *d)
{
    struct light light = {.x = dice_between(d, -0.4f, 0.4f), .y = dice_between(d, -0.5f, 0.1f)};
    light.z = sqrtf(1 - light.x * light.x - light.y * light.y);
    light.ambient = dice_between(d, 0.45f, 0.65f);
    light.hue = (struct rgb){dice_between(d, 0.95f, 1.1f), 1, dice_between(d, 0.85f, 1.05f)};
    return light;
}

static inline void clip_make(struct clip *clip, uint64_t seed, int fake, int index, int n)
{
    clip->seed = random_at(random_at(seed, (uint64_t)fake), (uint64_t)index);
    clip->fake = fake;
    struct dice d = {clip->seed, 0};
    float darkness = stratum(seed, fake, "skin", index, n);
    face_make(&clip->face, random_mix(clip->seed + 1), darkness);
    face_make(&clip->donor, random_mix(clip->seed + 2),
              clamp(darkness + dice_between(&d, -0.25f, 0.25f), 0, 1));
    room_make(&clip->room, random_mix(clip->seed + 3), stratum(seed, fake, "room", index, n));
    clip->light = light_make(&d);
    clip->donor_light = clip->light;
    clip->donor_light.x = clamp(clip->light.x + dice_between(&d, -0.3f, 0.3f), -0.7f, 0.7f);
    clip->camera = (struct camera){
        .noise = 0.008f + 0.012f * stratum(seed, fake, "noise", index, n),
        .blur = 0.1f * stratum(seed, fake, "blur", index, n),
        .exposure = 0.42f + 0.03f * stratum(seed, fake, "exposure", index, n),
        .warmth = 0.02f + 0.12f * stratum(seed, fake, "warmth", index, n),
        .quality = 84 + (int)(12 * stratum(seed, fake, "quality", index, n)),
    };
    clip->swap = (struct swap){
        .detail = 0.5f + 0.4f * stratum(seed, fake, "detail", index, n),
        .noise = 0.8f * stratum(seed, fake, "denoise", index, n),
        .blend = dice_between(&d, 0.06f, 0.18f),
        .reach = dice_between(&d, 0.94f, 1.08f),
        .grey = 0.75f * sqrtf(stratum(seed, fake, "grey", index, n)),
        .tint = dice_colour(&d, 0.95f, 1.05f),
    };
    for (int i = 0; i < 8; i++)
        clip->phase[i] = dice_between(&d, 0, 1);
    clip->width = dice_between(&d, 0.28f, 0.30f);
}

/* Slow waves of different periods; time is the frame's number. */
static inline struct pose clip_pose(const struct clip *clip, int frame, float side)
{
    float t = (float)frame;
    const float *phase = clip->phase;
    struct pose pose = {
        .x = side * (0.5f + 0.03f * wave(phase[0] + t / 31) + 0.01f * wave(phase[1] + t / 7)),
        .y = side * (0.50f + 0.03f * wave(phase[2] + t / 23)),
        .width = side * clip->width * (1 + 0.05f * wave(phase[3] + t / 37)),
        .turn = 0.14f * wave(phase[4] + t / 29),
        .blink = ramp(wave(phase[5] + t / 11), 0.75f, 0.98f),
        .mouth = ramp(wave(phase[6] + t / 9), 0, 1),
        .gaze = wave(phase[7] + t / 19),
    };
    return pose;
}

static inline struct rgb room_paint(const struct room *room, float x, float y, float side)
{
    float height = clamp((y + room->slope * (x - side / 2)) / side, 0, 1);
    float texture = grain_value(&room->grain, x * room->scale, y * room->scale) +
                    0.5f * grain_value(&room->grain, x * 0.9f + 50, y * 0.9f);
    return rgb_scaled(rgb_mixed(room->top, room->bottom, height), 1 + room->texture * texture);
}

/* Paints who sits in the room, with a mask over the inner face. Without a mask it is the donor: of
 * him only the inner face and some margin for the filters is painted, the rest stays black. */
static inline void paint(const struct clip *clip, const struct face *face,
                         const struct light *light, const struct pose *pose, int side,
                         struct rgb *canvas, float *mask)
{
    float sine = pose->turn - pose->turn * pose->turn * pose->turn / 6;
    float cosine = 1 - pose->turn * pose->turn / 2, edge = 1.2f / pose->width;
    /* The head that is filmed decides the shape: a donor's features move to its proportions. */
    float height = pose->width * clip->face.aspect;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float dx = (float)x - pose->x, dy = (float)y - pose->y;
            float u = (cosine * dx + sine * dy) / pose->width;
            float v = (cosine * dy - sine * dx) / height;
            canvas[y * side + x] = (struct rgb){0, 0, 0};
            if (!mask && (fabsf(u) > 0.95f || fabsf(v - 0.2f) > 0.95f))
                continue;
            struct rgb under = room_paint(&clip->room, (float)x, (float)y, (float)side);
            canvas[y * side + x] = face_paint(face, pose, light, u, v, edge, under);
            if (mask)
                mask[y * side + x] = ellipse(u, v, 0, 0.2f, 0.66f * clip->swap.reach,
                                             0.60f * clip->swap.reach, clip->swap.blend);
        }
}

static inline void expose(struct clip *clip, struct rgb *canvas, int count, int measure)
{
    if (measure) {
        float sum = 0;
        for (int i = 0; i < count; i++)
            sum += brightness(canvas[i]);
        clip->gain = clip->camera.exposure * (float)count / sum;
    }
    for (int i = 0; i < count; i++)
        canvas[i] = rgb_scaled(canvas[i], clip->gain);
}

/* The last step of every video, real or fake: the channels get the means that its grade asks for,
 * drawn blind to the class, so that no average over a frame tells it. */
static inline void grade(struct clip *clip, struct rgb *canvas, int count, int measure)
{
    if (measure) {
        struct rgb sum = {0, 0, 0};
        for (int i = 0; i < count; i++)
            sum = (struct rgb){sum.r + canvas[i].r, sum.g + canvas[i].g, sum.b + canvas[i].b};
        struct rgb mean = rgb_scaled(sum, 1 / (float)count);
        float light = clip->camera.exposure;
        clip->grade.r = light * (1 + clip->camera.warmth) / mean.r;
        clip->grade.g = light / mean.g;
        clip->grade.b = light * (1 - clip->camera.warmth) / mean.b;
    }
    for (int i = 0; i < count; i++) {
        canvas[i].r *= clip->grade.r;
        canvas[i].g *= clip->grade.g;
        canvas[i].b *= clip->grade.b;
    }
}

static inline void clip_shoot(struct clip *clip, int frame, struct studio *s)
{
    struct pose pose = clip_pose(clip, frame, (float)s->side);
    uint64_t seed = random_at(clip->seed, 1000 + (uint64_t)frame);
    paint(clip, &clip->face, &clip->light, &pose, s->side, s->frame, s->mask);
    expose(clip, s->frame, s->side * s->side, frame == 0);
    camera_blur(s, s->frame, clip->camera.blur);
    camera_noise(s, s->frame, clip->camera.noise, seed);
    if (clip->fake) {
        paint(clip, &clip->donor, &clip->donor_light, &pose, s->side, s->donor, NULL);
        expose(clip, s->donor, s->side * s->side, 0);
        swap_resample(s, s->donor, clip->swap.detail);
        camera_noise(s, s->donor, clip->camera.noise * clip->swap.noise, seed + 1);
        swap_blend(s, &clip->swap);
    }
    grade(clip, s->frame, s->side * s->side, frame == 0);
    camera_store(s);
}

#endif
