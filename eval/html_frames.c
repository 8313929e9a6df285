/* The evidence: the scores of each video's frames, and pictures of the most telling frames. */
#include "eval/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "image/image.h"

enum {
    VIDEOS_SHOWN = 40, /* of each class */
    STRIP = 200,       /* places of a strip */
    FRAMES_SHOWN = 6,  /* of each cell of the confusion matrix */
    THUMB = 128,       /* pixels of a side, at most */
    QUALITY = 85,
};

/* ---- videos ----------------------------------------------------------------------------------*/

/* The video of a class that was judged worst, of those not shown yet; -1 when there is none. */
static int64_t worst_video(const struct scored_videos *v, int class, const char *shown)
{
    int64_t worst = -1;
    for (int64_t i = 0; i < v->count; i++) {
        if (v->labels[i] != class || shown[i])
            continue;
        double ahead = worst < 0 ? 1 : v->probabilities[i] - v->probabilities[worst];
        if (worst < 0 || (class == CLASS_REAL ? ahead > 0 : ahead < 0))
            worst = i;
    }
    return worst;
}

/* One tick where at least one frame of the video scores, a thick one at their mean. */
static void print_strip(const struct html *html, int64_t video)
{
    const struct scored_frames *f = &html->e->frames;
    const struct scored_videos *v = &html->e->videos;
    double mean = v->probabilities[video], threshold = html->e->video_level.threshold;
    char taken[STRIP + 1] = {0};
    int called = mean > threshold, label = v->labels[video];
    for (int64_t i = 0; i < f->count; i++)
        if (f->names.videos[f->names.video[i]] == v->names[video])
            taken[(int)(f->probabilities[i] * STRIP)] = 1;
    fputs("<li>", html->out);
    html_name(html->out, v->names[video]);
    fprintf(html->out,
            "<svg viewBox=\"-1 0 %d 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            "<path class=\"hint\" d=\"M%.1f 0V20\"/><path class=\"%s\" d=\"",
            STRIP + 2, threshold * STRIP, class_names[label]);
    for (int k = 0; k <= STRIP; k++)
        if (taken[k])
            fprintf(html->out, "M%d 4V16", k);
    fprintf(html->out,
            "\"/><path class=\"mean\" d=\"M%.1f 1V19\"/></svg><span>%.3f %s, %" PRId64
            "&#160;frame%s</span></li>\n",
            mean * STRIP, mean, called == label ? "right" : "<strong>wrong</strong>",
            v->frames[video], v->frames[video] == 1 ? "" : "s");
}

static void print_videos_of(const struct html *html, int class, char *shown)
{
    const struct metrics *m = &html->e->video_level;
    int64_t support = m->support[class];
    fprintf(html->out, "<h3>%" PRId64 " %s video%s", support, class_names[class],
            support == 1 ? "" : "s");
    if (support > VIDEOS_SHOWN)
        fprintf(html->out, ", of which the %d with the %s scores are shown", VIDEOS_SHOWN,
                class == CLASS_REAL ? "highest" : "lowest");
    fputs("</h3>\n", html->out);
    if (support == 0)
        return;
    fputs("<ul class=\"strip\">\n", html->out);
    int64_t video;
    for (int k = 0; k < VIDEOS_SHOWN && (video = worst_video(&html->e->videos, class, shown)) >= 0;
         k++) {
        shown[video] = 1;
        print_strip(html, video);
    }
    fputs("</ul>\n", html->out);
}

int html_videos(const struct html *html)
{
    char *shown = memory_zeroed((size_t)html->e->videos.count, 1, "videos");
    if (!shown)
        return STATUS_FAILED;
    fputs("<section>\n<h2>Videos</h2>\n<p>P(fake) from 0 (left) to 1 (right): a thin tick for the "
          "frames, a thick one for their mean, which is the video's score; the dashed line is the "
          "threshold. The worst judged come first.</p>\n",
          html->out);
    for (int class = 0; class < CLASS_COUNT; class ++)
        print_videos_of(html, class, shown);
    fputs("</section>\n", html->out);
    free(shown);
    return 0;
}

/* ---- frames ----------------------------------------------------------------------------------*/

/* What drawing thumbnails needs. */
struct gallery {
    const struct html *html;
    struct resizer *resizer;
    uint8_t *frame; /* (H,W,3) as stored */
    uint8_t *small; /* (THUMB,THUMB,3) */
    char *shown;    /* (video_count) a frame of the video stands in this cell */
};

static void print_base64(FILE *out, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t three = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);
        fputc(digits[three >> 18], out);
        fputc(digits[three >> 12 & 63], out);
        fputc(left > 1 ? digits[three >> 6 & 63] : '=', out);
        fputc(left > 2 ? digits[three & 63] : '=', out);
    }
}

static int print_picture(struct gallery *g, int64_t row)
{
    const struct scoring *s = g->html->scoring;
    struct image image = {store_image_size(s->store), store_image_size(s->store), g->frame, 0};
    int side = image.width > THUMB ? THUMB : image.width;
    const uint8_t *pixels = side < image.width ? g->small : g->frame;
    uint8_t *jpeg;
    size_t bytes;
    TRY(store_read_rows(s->store, g->html->split, 1, &row, g->frame));
    if (side < image.width)
        TRY(image_resize(g->resizer, &image, side, side, g->small));
    TRY(image_encode(pixels, side, side, QUALITY, &jpeg, &bytes));
    fprintf(g->html->out, "width=\"%d\" height=\"%d\" src=\"data:image/jpeg;base64,", side, side);
    print_base64(g->html->out, jpeg, bytes);
    free(jpeg);
    return 0;
}

/* The frame of a cell that the detector was surest of, from a video not shown yet; or -1. */
static int64_t surest_frame(const struct gallery *g, int label, int called)
{
    const struct scored_frames *f = &g->html->e->frames;
    double threshold = g->html->e->frame_level.threshold;
    int64_t surest = -1;
    for (int64_t i = 0; i < f->count; i++) {
        if (f->labels[i] != label || g->shown[f->names.video[i]] ||
            ((double)f->probabilities[i] > threshold) != called)
            continue;
        float ahead = surest < 0 ? 0 : f->probabilities[i] - f->probabilities[surest];
        if (surest < 0 || (called ? ahead > 0 : ahead < 0))
            surest = i;
    }
    return surest;
}

static int print_cell(struct gallery *g, int label, int called)
{
    static const char *const names[CLASS_COUNT][CLASS_COUNT] = {{"Real, judged right",
                                                                 "False alarms"},
                                                                {"Missed fakes", "Fakes found"}};
    const struct evaluation *e = g->html->e;
    const struct scored_frames *f = &e->frames;
    FILE *out = g->html->out;
    int64_t row;
    fprintf(out, "<h3>%s: %" PRId64 " %s frames called %s</h3>\n<div class=\"thumbs\">\n",
            names[label][called], e->frame_level.confusion[label][called], class_names[label],
            class_names[called]);
    memset(g->shown, 0, (size_t)f->names.video_count);
    for (int k = 0; k < FRAMES_SHOWN && (row = surest_frame(g, label, called)) >= 0; k++) {
        g->shown[f->names.video[row]] = 1;
        fprintf(out, "<figure><img alt=\"%s frame called %s\" ", class_names[label],
                class_names[called]);
        TRY(print_picture(g, row));
        fprintf(out, "\"><figcaption><b>%.4f</b>", (double)f->probabilities[row]);
        html_name(out, f->names.source[row]);
        fputs("</figcaption></figure>\n", out);
    }
    fputs("</div>\n", out);
    return 0;
}

int html_frames(const struct html *html)
{
    size_t side = (size_t)store_image_size(html->scoring->store);
    struct gallery g = {.html = html};
    int status;
    g.frame = memory_zeroed(side * side, 3, "frame");
    g.small = memory_zeroed(THUMB * THUMB, 3, "frame");
    g.shown = memory_zeroed((size_t)html->e->frames.names.video_count, 1, "videos");
    TRY_OR(done, g.frame && g.small && g.shown ? 0 : STATUS_FAILED);
    TRY_OR(done, resizer_create(&g.resizer));
    fprintf(html->out,
            "<section>\n<h2>Frames</h2>\n<p>The frames that the detector was surest of, mistakes "
            "first, with their P(fake): at most %d of a kind, and one of a video, as the network "
            "saw them.</p>\n",
            FRAMES_SHOWN);
    for (int k = 0; k < 4; k++) { /* false alarms, misses, real, fake */
        int label = k % 2;
        TRY_OR(done, print_cell(&g, label, k < 2 ? !label : label));
    }
    fputs("</section>\n", html->out);
done:
    resizer_destroy(&g.resizer);
    free(g.shown);
    free(g.small);
    free(g.frame);
    return status;
}
