/* What stands behind the figures: the audit, the robustness sweep, and which files, programs and
 * machines they come from. */
#include "eval/html.h"

#include <inttypes.h>
#include <math.h>

#include "base/status.h"
#include "eval/audit.h"
#include "eval/robustness.h"
#include "store/h5.h"

enum { NAMES_SHOWN = 10 };

/* ---- audit -----------------------------------------------------------------------------------*/

static void print_cues(FILE *out, const struct audit *a)
{
    fprintf(out,
            "<p class=\"soft\">How well one number alone tells the classes "
            "apart, over %" PRId64 " frames of all splits; above %.1f a detector may be learning "
            "the camera and not the forgery.</p>\n<div "
            "class=\"wide\"><table>\n<thead><tr><th>cue</th><th>AUC</th>"
            "<th>0 to 1</th><th>mean, real</th><th>mean, fake</th></tr></thead>\n<tbody>\n",
            a->frames, AUDIT_CUE_LIMIT);
    for (int k = 0; k < AUDIT_CUES; k++) {
        const struct audit_cue *cue = &a->cues[k];
        fprintf(out, "<tr><th>%s</th>", cue->name);
        if (cue->frames == 0 || isnan(cue->auc)) {
            fputs("<td colspan=\"4\">not recorded in this store</td></tr>\n", out);
            continue;
        }
        int bad = cue->auc > AUDIT_CUE_LIMIT;
        fprintf(out, "<td>%s%.3f%s<small>", bad ? "<strong>" : "", cue->auc,
                bad ? " !</strong>" : "");
        html_interval(out, cue->interval);
        fputs("</small></td><td>", out);
        html_range(out, cue->auc, cue->interval, 0.5);
        fprintf(out, "</td><td>%.6g</td><td>%.6g</td></tr>\n", cue->mean[CLASS_REAL],
                cue->mean[CLASS_FAKE]);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

static void print_regions(const struct html *html)
{
    const struct audit *a = html->e->audit;
    FILE *out = html->out;
    if (a->region_count == 0) {
        fputs("<p class=\"soft\">Not asked whether the detector needs the face at all: "
              "<code>--audit</code> scores the split again without it.</p>\n",
              out);
        return;
    }
    fputs("<p class=\"soft\">The split scored again with a part of each frame "
          "greyed out: a detector that does as well without the face reads something else"
          ".</p>\n<div class=\"wide\"><table>\n<thead><tr><th>what it sees</th><th>AUC</th><th>0 "
          "to 1</th>"
          "<th>accuracy</th><th>AUC of videos</th></tr></thead>\n<tbody>\n",
          out);
    for (int k = 0; k < a->region_count; k++) {
        const struct audit_region *r = &a->regions[k];
        fprintf(out, "<tr><th>%s</th><td>", r->name);
        html_figure(out, &html->e->frame_level, r->auc);
        fputs("<small>", out);
        html_interval(out, r->auc_interval);
        fputs("</small></td><td>", out);
        html_range(out, r->auc, r->auc_interval, 0.5);
        fprintf(out, "</td><td>%.3f<small>", r->accuracy);
        html_interval(out, r->accuracy_interval);
        fputs("</small></td><td>", out);
        html_figure(out, &html->e->video_level, r->video_auc);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

/* What stands on both sides of the split: the first few names, and how many more. */
static void print_leaks(FILE *out, const struct audit *a)
{
    fprintf(out,
            "<p>Equal frames on two sides of the split: %" PRId64 ". Groups on two sides: %" PRId64
            "%s.</p>\n",
            a->duplicate_count, a->shared_count,
            a->shared_count && !a->split_by_video ? ", as a split by frame has it" : "");
    if (a->duplicate_count) {
        fputs("<ul>\n", out);
        for (int64_t k = 0; k < a->duplicate_count && k < NAMES_SHOWN; k++) {
            const struct audit_duplicate *d = &a->duplicates[k];
            for (int side = 0; side < 2; side++) {
                fprintf(out, "%s %s ", side ? " =" : "<li>", d->split[side]);
                html_name(out, d->source[side]);
            }
            fputs("</li>\n", out);
        }
        fputs("</ul>\n", out);
    }
    if (a->shared_count) {
        fputs("<p class=\"soft\">Groups on two sides:", out);
        for (int64_t k = 0; k < a->shared_count && k < NAMES_SHOWN; k++) {
            fputs(k ? ", " : " ", out);
            html_name(out, a->shared[k]);
        }
        fputs("</p>\n", out);
    }
    if (a->duplicate_count > NAMES_SHOWN || a->shared_count > NAMES_SHOWN)
        fprintf(out, "<p class=\"soft\">The first %d are shown.</p>\n", NAMES_SHOWN);
}

void html_audit(const struct html *html)
{
    const struct audit *a = html->e->audit;
    fputs("<section>\n<h2>Shortcuts</h2>\n", html->out);
    print_cues(html->out, a);
    print_leaks(html->out, a);
    print_regions(html);
    fputs("</section>\n", html->out);
}

/* ---- robustness ------------------------------------------------------------------------------*/

/* The change that costs the most, in words. */
static void print_worst(FILE *out, const struct robustness *r)
{
    const struct robustness_row *worst = &r->rows[0];
    for (int k = 1; k < ROBUSTNESS_ROWS; k++)
        if (r->rows[k].auc < worst->auc)
            worst = &r->rows[k];
    if (worst != &r->rows[0])
        fprintf(out,
                "<p>At worst, under %s (%s %g), the AUC of frames falls from %.3f to %.3f.</p>\n",
                worst->change, worst->unit, worst->strength, r->rows[0].auc, worst->auc);
}

void html_robustness(const struct html *html)
{
    const struct robustness *r = html->e->robustness;
    FILE *out = html->out;
    fputs("<section>\n<h2>Robustness</h2>\n", out);
    if (!r) {
        fputs("<p class=\"soft\">Not measured; <code>--robustness</code> scores the split again "
              "under compression, scaling, blur, noise and brightness.</p>\n</section>\n",
              out);
        return;
    }
    print_worst(out, r);
    fputs("<p class=\"soft\">The same frames, changed as the world changes "
          "pictures; dashed: the AUC of the unchanged frames.</p>\n<div "
          "class=\"wide\"><table>\n<thead><tr><th>change</th>"
          "<th>AUC of frames</th><th>0 to 1</th><th>accuracy</th><th>AUC of videos</th>"
          "<th>accuracy</th></tr></thead>\n<tbody>\n",
          out);
    for (int k = 0; k < ROBUSTNESS_ROWS; k++) {
        const struct robustness_row *row = &r->rows[k];
        fprintf(out, "<tr><th>%s", row->change);
        if (k)
            fprintf(out, ", %s %g", row->unit, row->strength);
        fputs("</th><td>", out);
        html_figure(out, &html->e->frame_level, row->auc);
        fputs("</td><td>", out);
        html_range(out, row->auc, (struct interval){NAN, NAN}, r->rows[0].auc);
        fprintf(out, "</td><td>%.3f</td><td>", row->accuracy);
        html_figure(out, &html->e->video_level, row->video_auc);
        fprintf(out, "</td><td>%.3f</td></tr>\n", row->video_accuracy);
    }
    fputs("</tbody>\n</table></div>\n</section>\n", out);
}

/* ---- provenance ------------------------------------------------------------------------------*/

/* What is quoted of a file, where it has it. */
static const char *const attributes[] = {
    "date",       "program",       "version",       "git_revision", "host",       "ranks",
    "threads",    "command_line",  "content_hash",  "run_checksum", "input_root", "image_size",
    "split_by",   "val_fraction",  "test_fraction", "seed",         "channels",   "epochs",
    "batch_size", "learning_rate", "device",        "precision",    "engine",     "engine_library",
    "compiler",   "mpi_version",   "hdf5_version",
};

static void print_attribute(FILE *out, struct h5 *file, const char *name)
{
    char text[8192];
    int64_t integer;
    double real;
    if (h5_get_int(file, "/", name, &integer) == 0)
        snprintf(text, sizeof text, "%" PRId64, integer);
    else if (h5_get_double(file, "/", name, &real) == 0)
        snprintf(text, sizeof text, "%g", real);
    else if (h5_get_text(file, "/", name, text, sizeof text) < 0)
        return;
    fputs("<dt>", out);
    for (const char *c = name; *c; c++)
        fputc(*c == '_' ? ' ' : *c, out);
    fputs("</dt><dd>", out);
    html_text(out, text);
    fputs("</dd>\n", out);
}

static int print_file(FILE *out, const char *what, const char *path)
{
    struct h5 *file;
    TRY(h5_open(&file, path));
    fprintf(out, "<h3>%s: ", what);
    html_name(out, path);
    fputs("</h3>\n<dl>\n", out);
    for (size_t k = 0; k < sizeof attributes / sizeof attributes[0]; k++)
        print_attribute(out, file, attributes[k]);
    fputs("</dl>\n", out);
    return h5_close(&file);
}

int html_provenance(const struct html *html)
{
    const struct scoring *s = html->scoring;
    FILE *out = html->out;
    fputs("<section>\n<h2>What was measured on what</h2>\n<p>Rows of the store:", out);
    for (int split = 0; split < SPLIT_COUNT; split++)
        fprintf(out, "%s %s %" PRId64, split ? "," : "", split_name((enum split)split),
                store_rows(s->store, (enum split)split));
    fputs(".</p>\n", out);
    TRY(print_file(out, "Report", s->job->settings->output));
    TRY(print_file(out, "Run", s->run_path));
    TRY(print_file(out, "Store", s->store_path));
    fputs("</section>\n", out);
    return 0;
}
