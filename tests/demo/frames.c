/* frames OUTDIR [--seed N] [--videos N] [--frames N] [--size N]
 *        [--real-quality Q] [--fake-quality Q]: the frames of `make demo`.
 *
 * Paints short videos of heads, half of them face swaps, and writes them as OUTDIR/real/ and
 * OUTDIR/fake/clipNN_frameNNN.jpg. Every video has its own person, room, light and camera, so a
 * split by video asks the right question: is the swap recognised on people never seen before?
 * A seed gives the same bytes every time. A quality
 * given overrides the cameras': a set that gives its labels away. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/status.h"
#include "image/image.h"
#include "tests/demo/clip.h"

struct options {
    const char *folder;
    int seed, videos, frames, size, quality[2]; /* quality of real, fake; 0: the camera's */
};

static int write_file(const char *path, const uint8_t *bytes, size_t byte_count)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return fail(STATUS_FAILED, "%s: %s", path, strerror(errno));
    int written = fwrite(bytes, 1, byte_count, file) == byte_count;
    if (fclose(file) != 0 || !written)
        return fail(STATUS_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

static int clip_write(struct clip *clip, const struct options *o, int number, struct studio *s)
{
    for (int frame = 0; frame < o->frames; frame++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s/clip%02d_frame%03d.jpg", o->folder,
                 clip->fake ? "fake" : "real", number, frame);
        clip_shoot(clip, frame, s);
        uint8_t *bytes;
        size_t byte_count;
        int quality = o->quality[clip->fake] ? o->quality[clip->fake] : clip->camera.quality;
        TRY(image_encode(s->pixels, s->side, s->side, quality, &bytes, &byte_count));
        int status = write_file(path, bytes, byte_count);
        free(bytes);
        TRY(status);
    }
    return 0;
}

static int make_folder(const char *folder, const char *below)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", folder, below);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return fail(STATUS_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

static int write_all(const struct options *o, struct clip *clip, struct studio *s)
{
    TRY(make_folder(o->folder, ""));
    TRY(make_folder(o->folder, "/real"));
    TRY(make_folder(o->folder, "/fake"));
    for (int fake = 0; fake < 2; fake++)
        for (int index = 0; index < o->videos; index++) {
            clip_make(clip, (uint64_t)o->seed, fake, index, o->videos);
            TRY(clip_write(clip, o, 1 + index + fake * o->videos, s));
        }
    return 0;
}

static int read_options(struct options *o, int argc, char **argv)
{
    *o = (struct options){.videos = 20, .frames = 15, .size = 160};
    static const char *const names[] = {"seed", "videos",       "frames",
                                        "size", "real-quality", "fake-quality"};
    const int lowest[] = {0, 1, 1, 32, 0, 0}, highest[] = {1000000000, 49, 999, 2048, 100, 100};
    int *const values[] = {&o->seed, &o->videos,     &o->frames,
                           &o->size, &o->quality[0], &o->quality[1]};
    struct option rows[7] = {{0}};
    for (int i = 0; i < 6; i++)
        rows[i] = (struct option){names[i], required_argument, NULL, i};
    for (int i; (i = getopt_long(argc, argv, "", rows, NULL)) != -1;) {
        if (i == '?')
            return STATUS_USAGE;
        char *end;
        long value = strtol(optarg, &end, 10);
        if (*end || end == optarg || value < lowest[i] || value > highest[i])
            return fail(STATUS_USAGE, "--%s %s: must be %d to %d", names[i], optarg, lowest[i],
                        highest[i]);
        *values[i] = (int)value;
    }
    if (optind != argc - 1)
        return fail(STATUS_USAGE, "usage: frames OUTDIR [--seed N] [--videos N per class] "
                                  "[--frames N per video] [--size PIXELS] "
                                  "[--real-quality Q] [--fake-quality Q]");
    o->folder = argv[optind];
    return 0;
}

static int run(const struct options *o)
{
    size_t points = (size_t)o->size * (size_t)o->size;
    struct studio s = {.side = o->size};
    struct clip *clip = memory_zeroed(1, sizeof *clip, "clip");
    s.frame = memory_zeroed(points, sizeof *s.frame, "frame");
    s.donor = memory_zeroed(points, sizeof *s.donor, "frame");
    s.scratch = memory_zeroed(points, sizeof *s.scratch, "frame");
    s.mask = memory_zeroed(points, sizeof *s.mask, "frame");
    s.pixels = memory_zeroed(points, 3, "frame");
    int status = STATUS_FAILED;
    if (clip && s.frame && s.donor && s.scratch && s.mask && s.pixels)
        status = write_all(o, clip, &s);
    free(s.pixels);
    free(s.mask);
    free(s.scratch);
    free(s.donor);
    free(s.frame);
    free(clip);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    int status = read_options(&options, argc, argv);
    if (status == 0)
        status = run(&options);
    if (status < 0 && *fail_message())
        fprintf(stderr, "frames: %s\n", fail_message());
    return -status;
}
