/* The page: head, sections, foot; and how anything from outside is written into it. */

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "base/version.h"
#include "eval/html.h"
#include "eval/text.h"

/* ---- words -----------------------------------------------------------------------------------*/

/* C1 controls, marks that are not seen or turn the direction of writing, and noncharacters. */
static int is_hidden(int32_t point)
{
    return (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
           (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) == 0xfffe;
}

void html_text(FILE *out, const char *text)
{
    int bytes;
    for (const char *c = text; *c; c += bytes) {
        int32_t point = text_code_point(c, &bytes);
        if (point < ' ') /* a control character, or -1 */
            fprintf(out, "<i>\\x%02X</i>", (unsigned char)*c);
        else if (is_hidden(point))
            fprintf(out, "<i>U+%04" PRIX32 "</i>", (uint32_t)point);
        else if (bytes == 1 && strchr("&<>\"'", point))
            fprintf(out, "&#%" PRId32 ";", point);
        else
            fwrite(c, 1, (size_t)bytes, out);
    }
}

void html_name(FILE *out, const char *name)
{
    enum { LONGEST = 300 };
    size_t length = strlen(name), skipped = length > LONGEST ? length - LONGEST : 0;
    while (skipped && (name[skipped] & 0xc0) == 0x80)
        skipped++;
    fprintf(out, "<bdi>%s", skipped ? "&hellip;" : "");
    html_text(out, name + skipped);
    fputs("</bdi>", out);
}

void html_figure(FILE *out, const struct metrics *m, double figure)
{
    int both = m->support[CLASS_REAL] && m->support[CLASS_FAKE];
    if (isnan(figure))
        fputs(both ? "too few" : "undefined", out);
    else
        fprintf(out, "%.3f", figure);
}

void html_interval(FILE *out, struct interval interval)
{
    if (!isnan(interval.low))
        fprintf(out, "%.3f to %.3f", interval.low, interval.high);
}

void html_range(FILE *out, double figure, struct interval interval, double mark)
{
    fputs("<svg class=\"range\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
          "aria-hidden=\"true\"><path class=\"base\" d=\"M0 5H100\"/>",
          out);
    if (!isnan(interval.low))
        fprintf(out, "<path class=\"span\" d=\"M%.1f 5H%.1f\"/>", 100 * interval.low,
                100 * interval.high);
    if (!isnan(mark))
        fprintf(out, "<path class=\"mark\" d=\"M%.1f 0V10\"/>", 100 * mark);
    if (!isnan(figure))
        fprintf(out, "<path class=\"at\" d=\"M%.1f 1V9\"/>", 100 * figure);
    fputs("</svg>", out);
}

/* ---- the page --------------------------------------------------------------------------------*/

/* No page of ours may load or run anything, whatever a name holds: the policy says it once more. */
static void print_head(const struct html *html)
{
    fprintf(html->out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" "
            "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
            "<title>Deepfake detector: report on %s</title>\n<style>\n%s</style>\n</head>\n"
            "<body>\n<main>\n",
            html->e->split, report_css);
}

static void print_text_report(const struct html *html)
{
    static const char *const units[] = {"Frames", "Videos"};
    const struct metrics *levels[] = {&html->e->frame_level, &html->e->video_level};
    fputs("<section>\n<h2>Classification report</h2>\n", html->out);
    for (int level = 0; level < 2; level++) {
        fprintf(html->out, "<h3>%s</h3>\n<pre>", units[level]);
        fprintf(html->out, "%s</pre>\n", levels[level]->text);
    }
    fputs("</section>\n", html->out);
}

static void print_foot(const struct html *html)
{
    fprintf(html->out, "<footer>\n<p>Made by unmask-eval %s, revision ", version_number());
    html_text(html->out, version_revision());
    fputs(". Every prediction, every threshold and every figure with all its digits stands in ",
          html->out);
    html_name(html->out, html->scoring->job->settings->output);
    fputs(".</p>\n<p class=\"sign\">Examined by<span></span>Date<span></span>Signature<span></span>"
          "</p>\n</footer>\n</main>\n</body>\n</html>\n",
          html->out);
}

static int print_page(const struct html *html)
{
    print_head(html);
    html_summary(html);
    html_figures(html);
    html_decisions(html);
    html_curves(html);
    html_calibration(html);
    TRY(html_videos(html));
    TRY(html_frames(html));
    html_audit(html);
    html_robustness(html);
    html_history(html);
    print_text_report(html);
    TRY(html_provenance(html));
    print_foot(html);
    return 0;
}

int html_write(const struct scoring *scoring, enum split split, const struct evaluation *evaluation,
               const char *folder)
{
    char *page, path[4096];
    size_t bytes;
    struct html html = {open_memstream(&page, &bytes), evaluation, scoring, split};
    int status = html.out ? print_page(&html) : 0;
    int closed = text_finish(html.out, &page, "report.html");
    status = status < 0 ? status : closed;
    snprintf(path, sizeof path, "%s/report.html", folder);
    if (status == 0)
        status = file_write_aside(path, page, bytes);
    free(page);
    return status;
}
