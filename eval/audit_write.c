/* /audit of a report:
 *
 *   /audit/           attributes frames, limit (of a cue's AUC), split_by_video
 *   /audit/notes      text: what a reader must know
 *   /audit/cue/       one row per cue: name (string), frames (int64), mean_real, mean_fake, auc,
 * low, high (float64), fake_is_higher (uint8); NaN where the store has no record /audit/duplicate/
 * one row per frame that stands in an earlier split, too: split, source, of_split, of_source
 * (strings) /audit/shared     names of the groups on two sides /audit/region/    with --audit: name
 * (string), auc, auc_low, auc_high, accuracy, accuracy_low, accuracy_high, video_auc (float64) */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/status.h"
#include "eval/audit.h"
#include "store/h5.h"

static int write_texts(struct h5 *file, const char *name, int64_t count, const char *const *texts)
{
    char path[64];
    snprintf(path, sizeof path, "/audit/%s", name);
    return h5_write_strings(file, path, count, texts);
}

static int write_reals(struct h5 *file, const char *name, int64_t count, const double *values)
{
    char path[64];
    snprintf(path, sizeof path, "/audit/%s", name);
    return h5_write(file, path, H5_FLOAT64, 1, &count, values);
}

static int write_cues(struct h5 *file, const struct audit *audit)
{
    static const char *const columns[] = {"cue/mean_real", "cue/mean_fake", "cue/auc", "cue/low",
                                          "cue/high"};
    const char *names[AUDIT_CUES];
    double values[5][AUDIT_CUES];
    int64_t frames[AUDIT_CUES], count = AUDIT_CUES;
    uint8_t higher[AUDIT_CUES];
    for (int c = 0; c < AUDIT_CUES; c++) {
        const struct audit_cue *cue = &audit->cues[c];
        names[c] = cue->name;
        frames[c] = cue->frames;
        higher[c] = (uint8_t)cue->fake_is_higher;
        values[0][c] = cue->mean[CLASS_REAL];
        values[1][c] = cue->mean[CLASS_FAKE];
        values[2][c] = cue->auc;
        values[3][c] = cue->low;
        values[4][c] = cue->high;
    }
    TRY(write_texts(file, "cue/name", count, names));
    TRY(h5_write(file, "/audit/cue/frames", H5_INT64, 1, &count, frames));
    TRY(h5_write(file, "/audit/cue/fake_is_higher", H5_UINT8, 1, &count, higher));
    for (int k = 0; k < 5; k++)
        TRY(write_reals(file, columns[k], count, values[k]));
    return 0;
}

static int write_duplicates(struct h5 *file, const struct audit *audit)
{
    static const char *const columns[2][2] = {{"duplicate/of_split", "duplicate/of_source"},
                                              {"duplicate/split", "duplicate/source"}};
    int64_t count = audit->duplicate_count;
    const char **texts = memory_zeroed((size_t)count, sizeof *texts, "duplicates");
    int status = texts ? 0 : STATUS_FAILED;
    for (int side = 0; status == 0 && side < 2; side++) {
        for (int64_t i = 0; i < count; i++)
            texts[i] = split_name(audit->duplicates[i].split[side]);
        TRY_OR(done, write_texts(file, columns[side][0], count, texts));
        for (int64_t i = 0; i < count; i++)
            texts[i] = audit->duplicates[i].source[side];
        TRY_OR(done, write_texts(file, columns[side][1], count, texts));
    }
done:
    free(texts);
    return status;
}

static int write_regions(struct h5 *file, const struct audit *audit)
{
    static const char *const columns[] = {"region/auc",          "region/auc_low",
                                          "region/auc_high",     "region/accuracy",
                                          "region/accuracy_low", "region/accuracy_high",
                                          "region/video_auc"};
    const char *names[AUDIT_REGIONS];
    double values[7][AUDIT_REGIONS];
    for (int r = 0; r < audit->region_count; r++) {
        const struct audit_region *region = &audit->regions[r];
        const double row[7] = {region->auc,      region->auc_low,      region->auc_high,
                               region->accuracy, region->accuracy_low, region->accuracy_high,
                               region->video_auc};
        names[r] = region->name;
        for (int k = 0; k < 7; k++)
            values[k][r] = row[k];
    }
    TRY(write_texts(file, "region/name", audit->region_count, names));
    for (int k = 0; k < 7; k++)
        TRY(write_reals(file, columns[k], audit->region_count, values[k]));
    return 0;
}

int audit_write(struct h5 *file, const struct audit *audit)
{
    TRY(h5_set_int(file, "/audit", "frames", audit->frames));
    TRY(h5_set_double(file, "/audit", "limit", AUDIT_CUE_LIMIT));
    TRY(h5_set_int(file, "/audit", "split_by_video", audit->split_by_video));
    TRY(h5_write_text(file, "/audit/notes", audit->notes));
    TRY(write_cues(file, audit));
    TRY(write_duplicates(file, audit));
    TRY(write_texts(file, "shared", audit->shared_count, (const char *const *)audit->shared));
    return audit->region_count ? write_regions(file, audit) : 0;
}
