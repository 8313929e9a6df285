#include "eval/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "eval/metrics.h"
#include "eval/text.h"

typedef void print_record(FILE *out, const struct record *record, const char *kind,
                          const char *predicted);

static void print_text(FILE *out, const struct record *record, const char *kind,
                       const char *predicted)
{
    fprintf(out, "%s %8.4f  %s %6" PRId64 "  ", kind, record->probability, predicted,
            record->frames);
    for (const char *c = record->name; *c; c++)
        fputc((unsigned char)*c < ' ' || *c == 127 ? '?' : *c, out);
    fputc('\n', out);
}

static void print_quoted(FILE *out, const char *text)
{
    int plain = !text[strcspn(text, ",\"\r\n")];
    if (!plain)
        fputc('"', out);
    for (; *text; text++)
        fprintf(out, "%s%c", *text == '"' ? "\"" : "", *text);
    fputs(plain ? "," : "\",", out);
}

static void print_csv(FILE *out, const struct record *record, const char *kind,
                      const char *predicted)
{
    fprintf(out, "%s,", kind);
    print_quoted(out, record->name);
    print_quoted(out, record->video);
    fprintf(out, "%" PRId64 ",%.17g,%s\r\n", record->frames, record->probability, predicted);
}

static void print_member(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\"%s\": \"", name);
    int bytes;
    for (const char *c = text; *c; c += bytes) {
        int32_t point = text_code_point(c, &bytes);
        if (point < 0)
            fprintf(out, "\\udc%02x", (unsigned char)*c);
        else if (point < ' ' || point == 127)
            fprintf(out, "\\u%04x", (unsigned)point);
        else
            fprintf(out, "%s%.*s", point == '"' || point == '\\' ? "\\" : "", bytes, c);
    }
    fputs("\", ", out);
}

static void print_json(FILE *out, const struct record *record, const char *kind,
                       const char *predicted)
{
    fprintf(out, "{\"kind\": \"%s\", ", kind);
    print_member(out, "name", record->name);
    print_member(out, "video", record->video);
    fprintf(out, "\"frames\": %" PRId64 ", \"probability\": %.17g, \"predicted\": \"%s\"}\n",
            record->frames, record->probability, predicted);
}

static const struct format {
    const char *name, *head;
    print_record *print;
} formats[] = {
    {"text", "      P(fake)       frames  name\n", print_text},
    {"csv", "kind,name,video,frames,probability,predicted\r\n", print_csv},
    {"json", "", print_json},
};

/* The mean of each video's frames, summed in double in the order of names; *kept of them. */
static struct record *pool_videos(const struct record *frames, int64_t count, int64_t video_count,
                                  int64_t *kept)
{
    struct record *videos = memory_zeroed((size_t)video_count, sizeof *videos, "videos");
    *kept = 0;
    for (int64_t i = 0; videos && i < count; i++) {
        struct record *video = &videos[frames[i].video_index];
        video->name = video->video = frames[i].video;
        video->probability += frames[i].probability;
        video->frames++;
    }
    for (int64_t v = 0; videos && v < video_count; v++)
        if (videos[v].frames) {
            videos[*kept] = videos[v];
            videos[*kept].probability /= (double)videos[v].frames;
            ++*kept;
        }
    return videos;
}

static void print_all(FILE *out, const struct format *format, const struct record *records,
                      int64_t count, const char *kind, double threshold)
{
    for (int64_t i = 0; i < count; i++)
        format->print(out, &records[i], kind,
                      class_names[metrics_predict(records[i].probability, threshold)]);
}

static int deliver(const char *text, size_t bytes, const char *output)
{
    if (output)
        return file_write_aside(output, text, bytes);
    return fwrite(text, 1, bytes, stdout) == bytes && fflush(stdout) == 0
               ? 0
               : fail(STATUS_FAILED, "cannot write the scores to stdout: %s", strerror(errno));
}

int records_write(const struct record *frames, int64_t count, int64_t video_count, const char *name,
                  double threshold, const char *output)
{
    const struct format *format = formats;
    char *text = NULL;
    size_t bytes = 0;
    int64_t kept;
    for (int64_t i = 0; i < count; i++)
        if (!(frames[i].probability >= 0 && frames[i].probability <= 1))
            return fail(STATUS_FAILED,
                        "%s was given the probability %g: the network has diverged; train again "
                        "with a lower --learning-rate",
                        frames[i].name, frames[i].probability);
    while (strcmp(format->name, name) != 0)
        format++;
    struct record *videos = pool_videos(frames, count, video_count, &kept);
    if (!videos)
        return STATUS_FAILED;
    FILE *out = open_memstream(&text, &bytes);
    if (out) {
        fputs(format->head, out);
        print_all(out, format, frames, count, "frame", threshold);
        print_all(out, format, videos, kept, "video", threshold);
    }
    int status = text_finish(out, &text, "the scores");
    if (status == 0)
        status = deliver(text, bytes, output);
    free(text);
    free(videos);
    return status;
}
