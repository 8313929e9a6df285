/* /audit of a report:
 *
 *   /audit/           attributes frames, limit (of a cue's AUC), split_by_video
 *   /audit/notes      text: what a reader must know
 *   /audit/cue/       one row per cue: name (string), frames (int64), mean_real, mean_fake, auc,
 * low, high (float64), fake_is_higher (uint8); NaN where the store has no record /audit/duplicate/
 * one row per frame that stands in an earlier split, too: split, source, of_split, of_source
 * (strings) /audit/shared     names of the groups on two sides /audit/region/    with --audit: name
 * (string), auc, auc_low, auc_high, accuracy, accuracy_low, accuracy_high, video_auc (float64) */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A double at `offset` in each of `count` structs of `stride` bytes. */
static int write_column(struct h5 *file, const char *name, int64_t count, const void *structs,
                        size_t stride, size_t offset)
{
    char path[64];
    double column[AUDIT_CUES];
    for (int64_t i = 0; i < count; i++)
        memcpy(&column[i], (const char *)structs + (size_t)i * stride + offset, sizeof column[i]);
    snprintf(path, sizeof path, "/audit/%s", name);
    return h5_write(file, path, H5_FLOAT64, 1, &count, column);
}

struct column {
    const char *name;
    size_t offset;
};

static int write_cues(struct h5 *file, const struct audit *audit)
{
    static const struct column columns[] = {
        {"cue/mean_real", offsetof(struct audit_cue, mean[CLASS_REAL])},
        {"cue/mean_fake", offsetof(struct audit_cue, mean[CLASS_FAKE])},
        {"cue/auc", offsetof(struct audit_cue, auc)},
        {"cue/low", offsetof(struct audit_cue, low)},
        {"cue/high", offsetof(struct audit_cue, high)},
    };
    const char *names[AUDIT_CUES];
    int64_t frames[AUDIT_CUES], count = AUDIT_CUES;
    uint8_t higher[AUDIT_CUES];
    for (int c = 0; c < AUDIT_CUES; c++) {
        names[c] = audit->cues[c].name;
        frames[c] = audit->cues[c].frames;
        higher[c] = (uint8_t)audit->cues[c].fake_is_higher;
    }
    TRY(write_texts(file, "cue/name", count, names));
    TRY(h5_write(file, "/audit/cue/frames", H5_INT64, 1, &count, frames));
    TRY(h5_write(file, "/audit/cue/fake_is_higher", H5_UINT8, 1, &count, higher));
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++)
        TRY(write_column(file, columns[k].name, count, audit->cues, sizeof audit->cues[0],
                         columns[k].offset));
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
    static const struct column columns[] = {
        {"region/auc", offsetof(struct audit_region, auc)},
        {"region/auc_low", offsetof(struct audit_region, auc_low)},
        {"region/auc_high", offsetof(struct audit_region, auc_high)},
        {"region/accuracy", offsetof(struct audit_region, accuracy)},
        {"region/accuracy_low", offsetof(struct audit_region, accuracy_low)},
        {"region/accuracy_high", offsetof(struct audit_region, accuracy_high)},
        {"region/video_auc", offsetof(struct audit_region, video_auc)},
    };
    const char *names[AUDIT_REGIONS];
    for (int r = 0; r < audit->region_count; r++)
        names[r] = audit->regions[r].name;
    TRY(write_texts(file, "region/name", audit->region_count, names));
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++)
        TRY(write_column(file, columns[k].name, audit->region_count, audit->regions,
                         sizeof audit->regions[0], columns[k].offset));
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
