#include "preprocess/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/status.h"
#include "input/names.h"
#include "store/content_hash.h"
#include "store/h5.h"

int plan_files(struct plan *plan, const struct settings *settings)
{
    struct file_list *list = &plan->list;
    plan->settings = settings;
    TRY(h5_check_output(settings->output, "unmask-store"));
    TRY(files_scan(list, settings->input, settings->real, settings->fake));
    TRY(names_assign(list, settings->video_regex, settings->group_regex));
    plan->lone_frames = list->count < 2 * list->video_count;
    if (!settings->per_class && !settings->per_video)
        return 0;
    int64_t before = list->count;
    TRY(files_sample(list, settings->seed, settings->per_video, settings->per_class));
    plan->not_sampled = before - list->count;
    return names_assign(list, settings->video_regex, settings->group_regex);
}

static int judge(struct plan *plan)
{
    enum { LISTED_WHEN_FINE = 5 };
    int64_t allowed, listed = 0;
    for (int64_t i = 0; i < plan->list.count; i++) {
        enum verdict verdict = plan->records[i].facts.verdict;
        plan->accepted[i] = verdict != VERDICT_REJECTED;
        plan->warned += verdict == VERDICT_WARNED;
        plan->rejected += verdict == VERDICT_REJECTED;
    }
    TRY(options_allowance("max-bad", plan->settings->max_bad, plan->list.count, &allowed));
    int too_many = plan->rejected > allowed;
    for (int64_t i = 0; i < plan->list.count; i++)
        if (!plan->accepted[i] && (too_many || listed++ < LISTED_WHEN_FINE))
            log_warn("rejected %s: %s", plan->list.files[i].path, plan->records[i].facts.reason);
    if (!too_many && plan->rejected > LISTED_WHEN_FINE)
        log_warn("and %lld more: all of them stand in /ledger of the store",
                 (long long)(plan->rejected - LISTED_WHEN_FINE));
    if (too_many)
        return fail(STATUS_TOO_BAD,
                    "%s: %lld of %lld files rejected, more than --max-bad %s allows; no store made",
                    plan->settings->input, (long long)plan->rejected, (long long)plan->list.count,
                    plan->settings->max_bad);
    return 0;
}

int plan_split(struct plan *plan, struct record *records)
{
    const struct settings *s = plan->settings;
    plan->records = records;
    plan->accepted = memory_zeroed((size_t)plan->list.count, 1, "verdicts");
    if (!plan->accepted)
        return STATUS_FAILED;
    TRY(judge(plan));
    TRY(split_assign(&plan->list, plan->accepted, s, &plan->split));
    if (plan->split.reason[0])
        log_info("split by %s: %s", plan->split.split_by, plan->split.reason);
    if (plan->lone_frames && !s->group_regex && strcmp(plan->split.split_by, "video") == 0)
        log_warn(
            "by their names most frames are a video each, as %s of %s; if its last number does "
            "not count frames, frames of one video stand on both sides (see --video-regex)",
            plan->list.videos[plan->list.files[0].video], plan->list.files[0].path);
    if (plan->split.unlisted)
        log_warn("%s: %lld lines name no video of this input", s->test_list,
                 (long long)plan->split.unlisted);
    if (plan->split.kept_out)
        log_warn("%lld frames share a group with a video of the test list and stand in no split",
                 (long long)plan->split.kept_out);
    return 0;
}

static const uint8_t *row_hash(const void *context, enum split split, int64_t row)
{
    const struct plan *plan = context;
    return plan->records[plan->split.order[split][row]].row_hash;
}

/* Gathered from the files in row order; each array is the caller's to free. */
static int fill_columns(const struct plan *plan, enum split split, struct store_columns *c)
{
    size_t rows = (size_t)(c->rows = plan->split.rows[split]);
    c->labels = memory_zeroed(rows, sizeof *c->labels, "labels");
    c->sources = memory_zeroed(rows, sizeof *c->sources, "sources");
    c->videos = memory_zeroed(rows, sizeof *c->videos, "videos");
    c->groups = memory_zeroed(rows, sizeof *c->groups, "groups");
    if (!c->labels || !c->sources || !c->videos || !c->groups)
        return STATUS_FAILED;
    for (size_t row = 0; row < rows; row++) {
        const struct file *file = &plan->list.files[plan->split.order[split][row]];
        c->labels[row] = file->label;
        c->sources[row] = file->path;
        c->videos[row] = file->video;
        c->groups[row] = file->group;
    }
    return 0;
}

static struct ledger_row *make_ledger(const struct plan *plan)
{
    static const char *const verdicts[] = {"accepted", "warned", "rejected"};
    struct ledger_row *rows = memory_zeroed((size_t)plan->list.count, sizeof *rows, "ledger");
    for (int64_t i = 0; rows && i < plan->list.count; i++) {
        const struct record *record = &plan->records[i];
        rows[i] = (struct ledger_row){
            .path = plan->list.files[i].path,
            .verdict = verdicts[record->facts.verdict],
            .reason = record->facts.reason,
            .subsampling = record->facts.subsampling,
            .split = split_name(plan->split.place[i].split),
            .width = record->facts.width,
            .height = record->facts.height,
            .quality = record->facts.quality,
            .exif = record->facts.exif,
            .orientation = record->facts.orientation,
            .bytes = record->bytes,
            .brightness = record->brightness,
            .sharpness = record->sharpness,
        };
    }
    return rows;
}

/* Names stand at the length of the longest: a file's in its split and in the ledger, a video's and
 * a group's once. What else there is of a file is smaller than 256 bytes, HDF5's own than 1 MB. */
static int check_space(const char *path, const struct store_contents *contents)
{
    uint64_t free_bytes, row_bytes = (uint64_t)contents->image_size * contents->image_size * 3;
    uint64_t longest = 0, needed = 1 << 20;
    for (int64_t i = 0; i < contents->ledger_count; i++)
        if (strlen(contents->ledger[i].path) > longest)
            longest = strlen(contents->ledger[i].path);
    needed += (uint64_t)contents->ledger_count * (2 * longest + 256) +
              (uint64_t)(contents->video_count + contents->group_count) * longest;
    for (int split = 0; split < SPLIT_COUNT; split++)
        needed += (uint64_t)contents->splits[split].rows * row_bytes;
    TRY(file_free_bytes(path, &free_bytes));
    if (free_bytes < needed)
        return fail(STATUS_FAILED, "%s: needs %llu MB, the disk has %llu MB free", path,
                    (unsigned long long)(needed >> 20) + 1, (unsigned long long)free_bytes >> 20);
    return 0;
}

int plan_create_store(const struct plan *plan, const char *path,
                      const struct provenance *provenance)
{
    char *root = realpath(plan->settings->input, NULL);
    struct ledger_row *ledger = make_ledger(plan);
    struct store_contents contents = {
        .image_size = plan->settings->image_size,
        .split_by = plan->split.split_by,
        .input_root = root ? root : plan->settings->input,
        .val_fraction = plan->settings->val_fraction,
        .seed = plan->settings->seed,
        .video_count = plan->list.video_count,
        .group_count = plan->list.group_count,
        .videos = (const char *const *)plan->list.videos,
        .groups = (const char *const *)plan->list.groups,
        .ledger_count = plan->list.count,
        .ledger = ledger,
    };
    int status = ledger ? 0 : STATUS_FAILED;
    for (int split = 0; status == 0 && split < SPLIT_COUNT; split++)
        status = fill_columns(plan, split, &contents.splits[split]);
    if (status == 0)
        status = content_hash(plan->split.rows, row_hash, plan, contents.content_hash);
    if (status == 0)
        status = check_space(path, &contents);
    if (status == 0)
        status = store_create(path, &contents, provenance);
    for (int split = 0; split < SPLIT_COUNT; split++) {
        free(contents.splits[split].labels);
        free(contents.splits[split].sources);
        free(contents.splits[split].videos);
        free(contents.splits[split].groups);
    }
    free(ledger);
    free(root);
    return status;
}

/* One row as it stands in the file, compared with the hash of what was decoded. */
static int check_row(const struct plan *plan, const struct store *store, enum split split,
                     int64_t row, uint8_t *frame)
{
    int64_t file = plan->split.order[split][row];
    uint8_t found[SHA256_BYTES];
    TRY(store_read_rows(store, split, 1, &row, frame));
    TRY(content_hash_row(frame, plan->settings->image_size, store_labels(store, split)[row], found,
                         NULL));
    if (memcmp(found, plan->records[file].row_hash, SHA256_BYTES) != 0)
        return fail(STATUS_FAILED,
                    "row %lld of %s does not read back as it was written; the disk lost it",
                    (long long)row, split_name(split));
    return 0;
}

/* Compares a sample of the rows with their hashes. */
static int check_store(const struct plan *plan, const char *path)
{
    enum { SAMPLE = 256 }; /* rows per split, evenly spread: the first and last included */
    struct store *store;
    TRY(store_open(&store, path));
    size_t row_bytes = (size_t)plan->settings->image_size * (size_t)plan->settings->image_size * 3;
    uint8_t *frame = memory_aligned(row_bytes, 1, "row");
    int status = frame ? 0 : STATUS_FAILED;
    for (int split = 0; status == 0 && split < SPLIT_COUNT; split++) {
        int64_t rows = plan->split.rows[split];
        int64_t sample = rows < SAMPLE ? rows : SAMPLE;
        for (int64_t k = 0; status == 0 && k < sample; k++)
            status = check_row(plan, store, split, sample > 1 ? k * (rows - 1) / (sample - 1) : 0,
                               frame);
    }
    free(frame);
    store_close(&store);
    return status;
}

int plan_finish(const struct plan *plan, const char *path)
{
    TRY(check_store(plan, path));
    return file_replace(path, plan->settings->output);
}

void plan_print(const struct plan *plan)
{
    const struct split_result *split = &plan->split;
    printf("%s: %lld files: %lld accepted (%lld warned), %lld rejected; split by %s:",
           plan->settings->output, (long long)plan->list.count,
           (long long)(plan->list.count - plan->rejected), (long long)plan->warned,
           (long long)plan->rejected, split->split_by);
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (s != SPLIT_TEST || split->rows[s] > 0)
            printf("%s %s %lld rows of %lld groups", s ? "," : "", split_name(s),
                   (long long)split->rows[s], (long long)split->groups[s]);
    if (plan->not_sampled)
        printf("; not sampled: %lld", (long long)plan->not_sampled);
    for (int i = 0; i < plan->list.ignored_count; i++)
        printf("%s %lld %s", i ? "," : "; ignored:", (long long)plan->list.ignored[i].count,
               plan->list.ignored[i].extension);
    putchar('\n');
}

void plan_release(struct plan *plan)
{
    files_release(&plan->list);
    split_release(&plan->split);
    free(plan->accepted);
    plan->accepted = NULL;
}
