/* What people and programs read of an audit. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "eval/audit.h"
#include "eval/text.h"
#include "store/h5.h"

/* Of the lead over chance that a detector has, what it may keep without the face before it counts
 * as doing as well. */
#define SAME_LEAD 0.9

static void note_cues(FILE *out, const struct audit *audit)
{
    int unknown = 0;
    for (int c = 0; c < AUDIT_CUES; c++) {
        const struct audit_cue *cue = &audit->cues[c];
        if (cue->frames == 0)
            fprintf(out, "%s%s",
                    unknown++ ? ", " : "Not checked, since this store has no record: ", cue->name);
    }
    if (unknown)
        fputs("; preprocess again to have it.\n", out);
    for (int c = 0; c < AUDIT_CUES; c++) {
        const struct audit_cue *cue = &audit->cues[c];
        if (cue->auc > AUDIT_CUE_LIMIT)
            fprintf(out,
                    "Warning: %s alone tells real from fake with AUC %.2f (%s in fakes): a "
                    "detector may be learning the camera and not the forgery.\n",
                    cue->name, cue->auc, cue->fake_is_higher ? "higher" : "lower");
    }
}

static void note_leaks(FILE *out, const struct audit *audit)
{
    if (audit->duplicate_count) {
        const struct audit_duplicate *d = &audit->duplicates[0];
        fprintf(out,
                "Warning: %" PRId64 " frame%s, pixel for pixel, on both sides of the split: %s in "
                "%s is %s in %s%s.\n",
                audit->duplicate_count, audit->duplicate_count > 1 ? "s stand" : " stands",
                d->source[1], d->split[1], d->source[0], d->split[0],
                audit->duplicate_count > 1 ? ", ..." : "");
    }
    if (audit->shared_count && audit->split_by_video)
        fprintf(out,
                "ERROR: %" PRId64 " group%s on both sides of a split by video (%s%s): figures on "
                "this store mean nothing.\n",
                audit->shared_count, audit->shared_count > 1 ? "s stand" : " stands",
                audit->shared[0], audit->shared_count > 1 ? ", ..." : "");
    else if (audit->shared_count)
        fprintf(out,
                "Warning: %" PRId64 " group%s on both sides, as a split by frame has it: a "
                "detector is graded on what it has memorised.\n",
                audit->shared_count, audit->shared_count > 1 ? "s stand" : " stands");
}

static void note_regions(FILE *out, const struct audit *audit)
{
    double whole = audit->regions[0].auc, without = audit->regions[1].auc;
    if (audit->region_count == 0 || isnan(whole))
        return;
    double kept = (without - 0.5) / (whole - 0.5);
    if (isnan(audit->regions[0].auc_interval.low))
        fputs("Too few groups to tell whether the detector needs the face.\n", out);
    else if (whole <= 0.5 || audit->regions[0].auc_interval.low <= 0.5)
        fputs("The detector is hardly better than chance here: what it reads cannot be told.\n",
              out);
    else if (kept >= SAME_LEAD)
        fprintf(out,
                "Warning: the detector does as well without the face (AUC %.2f against %.2f): it "
                "reads the codec or the background.\n",
                without, whole);
    else
        fprintf(out,
                "Without the face the detector keeps %.0f%% of its lead over chance (AUC %.2f "
                "against %.2f)%s.\n",
                kept > 0 ? 100 * kept : 0, without, whole,
                kept > 0.5 ? ": much of what it reads is codec or background" : "");
}

/* "0.4512-0.5530", or why not. */
static void print_interval(FILE *out, struct interval interval)
{
    if (isnan(interval.low))
        fprintf(out, "%18s", "too few groups");
    else
        fprintf(out, "     %.4f-%.4f", interval.low, interval.high);
}

static void print_cues(FILE *out, const struct audit *audit)
{
    fprintf(out, "%-12s%12s%12s%9s%18s\n", "cue alone", "mean real", "mean fake", "AUC",
            "95% interval");
    for (int c = 0; c < AUDIT_CUES; c++) {
        const struct audit_cue *cue = &audit->cues[c];
        fprintf(out, "%-12s", cue->name);
        if (cue->frames == 0) {
            fprintf(out, "%12s\n", "no record");
            continue;
        }
        fprintf(out, "%12.6g%12.6g", cue->mean[CLASS_REAL], cue->mean[CLASS_FAKE]);
        if (isnan(cue->auc)) {
            fprintf(out, "%9s\n", "undefined");
            continue;
        }
        fprintf(out, "%9.4f", cue->auc);
        print_interval(out, cue->interval);
        fprintf(out, "%s\n", cue->auc == 0.5 ? "" : cue->fake_is_higher ? "  +" : "  -");
    }
    fputs("AUC folded, max(AUC, 1 - AUC); + fakes have the higher values, - the lower.\n\n", out);
}

/* Of a split with one class, the AUC is undefined. */
static void print_auc(FILE *out, int width, double auc)
{
    if (isnan(auc))
        fprintf(out, "%*s", width, "undefined");
    else
        fprintf(out, "%*.4f", width, auc);
}

static void print_regions(FILE *out, const struct audit *audit)
{
    fprintf(out, "%-18s%9s%18s%10s%18s%12s\n", "detector on", "AUC", "95% interval", "accuracy",
            "95% interval", "video AUC");
    for (int r = 0; r < audit->region_count; r++) {
        const struct audit_region *region = &audit->regions[r];
        fprintf(out, "%-18s", region->name);
        print_auc(out, 9, region->auc);
        print_interval(out, region->auc_interval);
        fprintf(out, "%10.4f", region->accuracy);
        print_interval(out, region->accuracy_interval);
        print_auc(out, 12, region->video_auc);
        fputc('\n', out);
    }
    fputc('\n', out);
}

void audit_print(FILE *out, const struct audit *audit, int table)
{
    const struct audit_cue *best = &audit->cues[0];
    for (int c = 1; c < AUDIT_CUES; c++)
        if (audit->cues[c].auc > best->auc || isnan(best->auc))
            best = &audit->cues[c];
    if (table)
        print_cues(out, audit);
    if (audit->region_count)
        print_regions(out, audit);
    fprintf(out,
            "Shortcuts: the best cue alone is %s, AUC %.4f; across the split %" PRId64
            " duplicate frames, %" PRId64 " shared groups.\n%s",
            best->name, best->auc, audit->duplicate_count, audit->shared_count, audit->notes);
}

int audit_conclude(struct audit *audit)
{
    size_t bytes;
    FILE *out = open_memstream(&audit->notes, &bytes);
    if (out) {
        note_leaks(out, audit);
        note_cues(out, audit);
        note_regions(out, audit);
    }
    return text_finish(out, &audit->notes, "the text of the audit");
}

/* ---- /audit of a report ------------------------------------------------------------------------
 *
 *   /audit/             attributes frames, limit (of a cue's AUC), split_by_video
 *   /audit/notes        text: what a reader must know
 *   /audit/shared       names of the groups on two sides
 *   /audit/cue/         one row per cue; NaN where the store has no record
 *   /audit/duplicate/   one row per frame that stands in an earlier split, too: split, source,
 *                       of_split, of_source (strings)
 *   /audit/region/      with --audit: one row per region */
static const struct h5_member cue_members[] = {
#define AT(member) offsetof(struct audit_cue, member)
    {"name", H5_TEXT, AT(name)},
    {"frames", H5_INT64, AT(frames)},
    {"mean_real", H5_FLOAT64, AT(mean[CLASS_REAL])},
    {"mean_fake", H5_FLOAT64, AT(mean[CLASS_FAKE])},
    {"auc", H5_FLOAT64, AT(auc)},
    {"low", H5_FLOAT64, AT(interval.low)},
    {"high", H5_FLOAT64, AT(interval.high)},
    {"fake_is_higher", H5_UINT8, AT(fake_is_higher)},
#undef AT
};

static const struct h5_member duplicate_members[] = {
    {"of_split", H5_TEXT, offsetof(struct audit_duplicate, split[0])},
    {"of_source", H5_TEXT, offsetof(struct audit_duplicate, source[0])},
    {"split", H5_TEXT, offsetof(struct audit_duplicate, split[1])},
    {"source", H5_TEXT, offsetof(struct audit_duplicate, source[1])},
};

static const struct h5_member region_members[] = {
#define AT(member) offsetof(struct audit_region, member)
    {"name", H5_TEXT, AT(name)},
    {"auc", H5_FLOAT64, AT(auc)},
    {"auc_low", H5_FLOAT64, AT(auc_interval.low)},
    {"auc_high", H5_FLOAT64, AT(auc_interval.high)},
    {"accuracy", H5_FLOAT64, AT(accuracy)},
    {"accuracy_low", H5_FLOAT64, AT(accuracy_interval.low)},
    {"accuracy_high", H5_FLOAT64, AT(accuracy_interval.high)},
    {"video_auc", H5_FLOAT64, AT(video_auc)},
#undef AT
};

#define WRITE(folder, members, structs, count)                                                     \
    h5_write_members(file, folder, members, sizeof members / sizeof members[0], structs,           \
                     sizeof *structs, count)

int audit_write(struct h5 *file, const struct audit *audit)
{
    TRY(h5_set_int(file, "/audit", "frames", audit->frames));
    TRY(h5_set_double(file, "/audit", "limit", AUDIT_CUE_LIMIT));
    TRY(h5_set_int(file, "/audit", "split_by_video", audit->split_by_video));
    TRY(h5_write_text(file, "/audit/notes", audit->notes));
    TRY(h5_write_strings(file, "/audit/shared", audit->shared_count, audit->shared));
    TRY(WRITE("/audit/cue", cue_members, audit->cues, AUDIT_CUES));
    TRY(WRITE("/audit/duplicate", duplicate_members, audit->duplicates, audit->duplicate_count));
    return audit->region_count
               ? WRITE("/audit/region", region_members, audit->regions, audit->region_count)
               : 0;
}
