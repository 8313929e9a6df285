/* What people read of an audit. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "eval/audit.h"

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
                d->source[1], split_name(d->split[1]), d->source[0], split_name(d->split[0]),
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
    if (whole <= 0.5 || audit->regions[0].auc_low <= 0.5)
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
static void print_interval(FILE *out, double low, double high)
{
    if (isnan(low))
        fprintf(out, "%18s", "too few groups");
    else
        fprintf(out, "     %.4f-%.4f", low, high);
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
        print_interval(out, cue->low, cue->high);
        fprintf(out, "%s\n", cue->auc == 0.5 ? "" : cue->fake_is_higher ? "  +" : "  -");
    }
    fputs("AUC folded, max(AUC, 1 - AUC); + fakes have the higher values, - the lower.\n\n", out);
}

static void print_regions(FILE *out, const struct audit *audit)
{
    fprintf(out, "%-18s%9s%18s%10s%18s%12s\n", "detector on", "AUC", "95% interval", "accuracy",
            "95% interval", "video AUC");
    for (int r = 0; r < audit->region_count; r++) {
        const struct audit_region *region = &audit->regions[r];
        fprintf(out, "%-18s%9.4f", region->name, region->auc);
        print_interval(out, region->auc_low, region->auc_high);
        fprintf(out, "%10.4f", region->accuracy);
        print_interval(out, region->accuracy_low, region->accuracy_high);
        fprintf(out, "%12.4f\n", region->video_auc);
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
    if (!out || fclose(out) != 0)
        return fail(STATUS_FAILED, "no memory for the text of the audit");
    return 0;
}
