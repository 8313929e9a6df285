/* unmask-preprocess: a folder of JPEG frames becomes one HDF5 tensor store.
 *
 *     rank 0 lists the files -> every rank decodes its share -> rank 0 splits what was accepted
 *     -> every rank writes its rows -> rank 0 checks the file and gives it its name */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "comm/program.h"
#include "preprocess/plan.h"

static struct settings settings;

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, &settings.output, NULL, 0, 0, NULL, "FILE",
     "the store to make (required)", 0},
    {"real", 0, OPTION_TEXT, &settings.real, "real", 0, 0, NULL, "A,B",
     "folders of real frames below INPUT", 1},
    {"fake", 0, OPTION_TEXT, &settings.fake, "fake", 0, 0, NULL, "C,D",
     "folders of fake frames below INPUT", 1},
    {"image-size", 0, OPTION_INTEGER, &settings.image_size, "128", 1, 4096, NULL, "N",
     "rows and columns of a stored frame", 1},
    {"split-by", 0, OPTION_TEXT, &settings.split_by, "auto", 0, 0, "video|frame|auto", NULL,
     "what may not stand on both sides", 1},
    {"video-regex", 0, OPTION_TEXT, &settings.video_regex, NULL, 0, 0, NULL, "RE",
     "capture 1 names a frame's video", 1},
    {"group-regex", 0, OPTION_TEXT, &settings.group_regex, NULL, 0, 0, NULL, "RE",
     "capture 1 names what must stay together", 1},
    {"val-fraction", 0, OPTION_REAL, &settings.val_fraction, "0.2", 0, 0.9, NULL, "F",
     "share of the groups (or frames) for validation", 1},
    {"test-fraction", 0, OPTION_REAL, &settings.test_fraction, "0", 0, 0.9, NULL, "F",
     "share for /test", 1},
    {"test-list", 0, OPTION_TEXT, &settings.test_list, NULL, 0, 0, NULL, "FILE",
     "videos that go to /test, and nowhere else", 1},
    {"per-class", 0, OPTION_INTEGER, &settings.per_class, "0", 0, 1e9, NULL, "N",
     "at most N frames of each class, drawn by seed; 0: all", 1},
    {"per-video", 0, OPTION_INTEGER, &settings.per_video, "0", 0, 1e9, NULL, "K",
     "at most K frames of each video, drawn by seed; 0: all", 1},
    {"seed", 0, OPTION_SEED, &settings.seed, "0", 0, 0, NULL, "N", "decides split, order, sample",
     1},
    {"max-bad", 0, OPTION_TEXT, &settings.max_bad, "1%", 0, 0, NULL, "N|P%",
     "rejected files that are tolerated", 0},
    {"memory", 0, OPTION_TEXT, &settings.memory, "1G", 0, 0, NULL, "BYTES",
     "decoded rows kept in memory per rank; more wait on disk", 0},
    {"timeout", 0, OPTION_REAL, &settings.timeout_s, "60", 0, 1e6, NULL, "S",
     "seconds until a silent rank ends the job; 0: never", 0},
};

static const struct command command = {
    .program = "unmask-preprocess",
    .summary = "Decodes and resizes JPEG frames into an HDF5 tensor store with a leak-free split.",
    .usage = "INPUT -o store.h5 [options]     (INPUT holds real/ and fake/)\n"
             "       mpirun -n RANKS unmask-preprocess INPUT -o store.h5 [options]",
    .notes = "Regular expressions are POSIX extended and match the path below the class folder:\n"
             "  --group-regex '^v?s?([0-9]+)_'   v07_f012.jpg and vs07_f012.jpg are one group, 07\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 more rejected files than --max-bad.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

/* Everything a rank holds during the job. */
struct job {
    struct comm *comm;
    struct plan plan; /* rank 0 */
    struct inputs inputs;
    struct record *records; /* mine; on rank 0 afterwards those of all files */
    int64_t record_count;
    struct placement *places; /* by file */
    struct spool *spool;
    char part[4096];
};

static int list_files(struct job *job)
{
    TRY(comm_agree(job->comm, comm_rank(job->comm) == 0 ? plan_files(&job->plan, &settings) : 0));
    return inputs_share(&job->inputs, job->comm, &job->plan.list);
}

static int decode_files(struct job *job)
{
    char folder[4096];
    size_t row_bytes = (size_t)settings.image_size * (size_t)settings.image_size * 3;
    int64_t mine = inputs_mine(job->inputs.count, comm_rank(job->comm), comm_size(job->comm));
    file_folder(settings.output, folder, sizeof folder);
    int status = spool_create(&job->spool, row_bytes, mine, settings.memory_bytes, folder);
    job->records = memory_zeroed((size_t)mine, sizeof *job->records, "records");
    if (status == 0)
        status = job->records
                     ? ingest_files(job->comm, &job->inputs, settings.input, settings.image_size,
                                    job->spool, job->records, &job->record_count)
                     : STATUS_FAILED;
    return comm_agree(job->comm, status);
}

static int split_and_create(struct job *job, const struct provenance *provenance,
                            struct record *all)
{
    TRY(plan_split(&job->plan, all));
    TRY(plan_create_store(&job->plan, job->part, provenance));
    memcpy(job->places, job->plan.split.place, (size_t)job->inputs.count * sizeof *job->places);
    return 0;
}

/* Rank 0 splits and creates the file; then everybody knows the place of every file's row. */
static int place_rows(struct job *job, const struct provenance *provenance, struct record *all)
{
    size_t count = (size_t)job->inputs.count;
    job->places = memory_zeroed(count, sizeof *job->places, "places");
    TRY(comm_agree(job->comm, !job->places                ? STATUS_FAILED
                              : comm_rank(job->comm) == 0 ? split_and_create(job, provenance, all)
                                                          : 0));
    return comm_broadcast(job->comm, job->places, count * sizeof *job->places);
}

static int write_rows(struct job *job)
{
    struct store_writer *writer = NULL;
    uint8_t *row =
        memory_aligned((size_t)settings.image_size * (size_t)settings.image_size, 3, "row");
    int status = store_writer_open(&writer, job->comm, job->part, settings.image_size);
    if (!row)
        status = STATUS_FAILED;
    status = comm_agree(job->comm, status);
    for (int64_t i = 0, spooled = 0; status == 0 && i < job->record_count; i++) {
        if (job->records[i].facts.verdict == VERDICT_REJECTED)
            continue;
        const struct placement *place = &job->places[job->records[i].file];
        if (place->split != SPLIT_NONE) {
            status = spool_read(job->spool, spooled, row);
            if (status == 0)
                status = store_writer_put(writer, place->split, place->row, row);
        }
        spooled++;
    }
    int closed = store_writer_close(&writer);
    free(row);
    return comm_agree(job->comm, status < 0 ? status : closed);
}

static int finish(struct job *job)
{
    TRY(comm_agree(job->comm, comm_rank(job->comm) == 0 ? plan_finish(&job->plan, job->part) : 0));
    if (comm_rank(job->comm) == 0)
        plan_print(&job->plan);
    return 0;
}

static int preprocess(struct comm *comm, const struct provenance *provenance)
{
    struct job job = {.comm = comm};
    void *all = NULL; /* struct record, one per file */
    int status;
    snprintf(job.part, sizeof job.part, "%s.part", settings.output);
    TRY_OR(done, list_files(&job));
    if (comm_rank(comm) == 0)
        log_info("%lld JPEG files below %s, %d rank%s", (long long)job.inputs.count, settings.input,
                 comm_size(comm), comm_size(comm) > 1 ? "s" : "");
    TRY_OR(done, decode_files(&job));
    TRY_OR(done, inputs_gather(&job.inputs, comm, job.records, sizeof(struct record), &all));
    TRY_OR(remove_part, place_rows(&job, provenance, all));
    TRY_OR(remove_part, write_rows(&job));
    TRY_OR(remove_part, finish(&job));
    goto done;
remove_part:
    if (comm_rank(comm) == 0)
        unlink(job.part);
done:
    plan_release(&job.plan);
    spool_destroy(&job.spool);
    free(job.places);
    free(job.records);
    free(all);
    inputs_release(&job.inputs);
    return status;
}

int main(int argc, char **argv)
{
    struct comm *comm;
    const char *input = NULL;
    int arguments, exit_code;
    int64_t allowed;
    if (!program_begin(&command, argc, argv, &input, 1, &arguments, &comm, &exit_code))
        return exit_code;
    settings.input = input;
    struct provenance provenance = provenance_begin(&command, argc, argv, comm);
    provenance_add(&provenance, "libjpeg_turbo_version", image_library());
    int status = 0;
    if (!input)
        status = fail(STATUS_USAGE, "no INPUT folder given; see unmask-preprocess --help");
    else if (!settings.output)
        status = fail(STATUS_USAGE, "no output given: -o store.h5");
    else if (settings.val_fraction + settings.test_fraction >= 1)
        status =
            fail(STATUS_USAGE, "--val-fraction %g and --test-fraction %g leave nothing to train",
                 settings.val_fraction, settings.test_fraction);
    else if ((status = options_allowance("max-bad", settings.max_bad, 0, &allowed)) == 0)
        status = options_bytes("memory", settings.memory, &settings.memory_bytes);
    TRY_OR(done, comm_agree(comm, status));
    TRY_OR(done, comm_watch(comm, settings.timeout_s));
    status = preprocess(comm, &provenance);
done:
    return comm_end(&comm, status);
}
