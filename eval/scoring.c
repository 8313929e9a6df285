#include "eval/scoring.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/slices.h"
#include "base/status.h"
#include "model/model.h"

static int check_inputs(const struct scoring *s)
{
    if (s->run->image_size != store_image_size(s->store))
        return fail(STATUS_FAILED, "%s works on %d pixels, %s holds frames of %d", s->run_path,
                    s->run->image_size, s->store_path, store_image_size(s->store));
    if (!s->job->settings->any_store &&
        strcmp(s->run->content_hash, store_content_hash(s->store)) != 0)
        return fail(STATUS_FAILED,
                    "%s learned from another store than %s; --any-store scores it all the same",
                    s->run_path, s->store_path);
    return 0;
}

int scoring_weights(const struct run *run, const char *run_path, const char *weights,
                    const float **parameters)
{
    int best = strcmp(weights, "best") == 0;
    *parameters = best ? run->best : run->parameters;
    if (best && run->best_epoch == 0)
        return fail(STATUS_FAILED,
                    "%s has no best epoch: none was validated; --weights last takes what it has",
                    run_path);
    return 0;
}

int scoring_open(struct scoring *s, struct job *job, const char *store_path, const char *run_path)
{
    const float *parameters;
    *s = (struct scoring){.job = job, .store_path = store_path, .run_path = run_path};
    if (store_path)
        TRY(store_open(&s->store, store_path));
    TRY(run_read(&s->run, run_path));
    if (store_path)
        TRY(check_inputs(s));
    TRY(scoring_weights(s->run, run_path, job->settings->weights, &parameters));
    TRY(engine_open(&s->engine, &s->run->model, &job->settings->engine));
    job->provenance->threads = engine_threads(s->engine);
    provenance_add(job->provenance, "engine_library", engine_library(s->engine));
    return engine_set(s->engine, ENGINE_PARAMETERS, parameters);
}

void scoring_close(struct scoring *s)
{
    engine_close(&s->engine);
    run_destroy(&s->run);
    store_close(&s->store);
}

void scoring_announce(const struct scoring *s, const char *what)
{
    char line[4096];
    int ranks = comm_size(s->job->comm);
    options_echo(s->job->command, line, sizeof line);
    log_info("%s; %s%sengine %s, %d rank%s", line, what ? what : "", what ? ", " : "",
             engine_choice(s->engine), ranks, ranks > 1 ? "s" : "");
}

int scoring_probabilities(struct scoring *s, enum split split, const struct score_change *change,
                          float **probabilities)
{
    struct comm *comm = s->job->comm;
    int rank = comm_rank(comm), size = comm_size(comm), status = 0;
    int64_t rows = store_rows(s->store, split), mine = slice_count(rows, size, rank);
    float *slice = memory_zeroed((size_t)mine, sizeof *slice, "probabilities");
    *probabilities = rank == 0 ? memory_zeroed((size_t)rows, sizeof(float), "probabilities") : NULL;
    if (!slice || (rank == 0 && !*probabilities))
        status = STATUS_FAILED;
    if (status == 0)
        status = score_rows(s->store, split, s->engine, slice_begin(rows, size, rank), mine, change,
                            slice);
    for (int64_t i = 0; status == 0 && i < mine; i++)
        slice[i] = loss_probability(slice[i]);
    status = comm_agree(comm, status);
    if (status == 0)
        status = comm_gather(comm, slice, mine, sizeof *slice, *probabilities);
    free(slice);
    if (status < 0) {
        free(*probabilities);
        *probabilities = NULL;
    }
    return status;
}
