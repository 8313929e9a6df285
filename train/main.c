/* unmask-train: trains the network of a store on all ranks, and goes on where it was stopped. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "comm/program.h"
#include "engine/engine_options.h"
#include "train/interrupt.h"
#include "train/preflight.h"
#include "train/resume.h"
#include "train/trainer.h"

static struct settings settings;

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, &settings.output, NULL, 0, 0, NULL, "FILE",
     "the run to make, or to go on with (required)", 0},
    ENGINE_OPTIONS(settings.engine),
    {"sum", 0, OPTION_TEXT, &settings.sum, "auto", 0, 0, "auto|mpi|nccl", NULL,
     "who adds the gradients of the ranks", 0},
    {"resident", 0, OPTION_TEXT, &settings.resident, "auto", 0, 0, "auto|on|off", NULL,
     "cuda: the store's rows in GPU memory", 0},
    {"epochs", 0, OPTION_INTEGER, &settings.epochs, "10", 0, 1e6, NULL, "N",
     "epochs in all; more than a finished run has = go on", 0},
    {"batch-size", 0, OPTION_INTEGER, &settings.batch_size, "32", 1, 1e6, NULL, "N",
     "rows of the GLOBAL batch, shared by the ranks", 1},
    {"learning-rate", 0, OPTION_REAL, &settings.learning_rate, "0.001", 0, 1e3, NULL, "F",
     "of RMSprop", 1},
    {"channels", 0, OPTION_TEXT, &settings.channels, "16,32,64", 0, 0, NULL, "A,B,..",
     "widths of the convolution blocks", 1},
    {"seed", 0, OPTION_SEED, &settings.seed, "0", 0, 0, NULL, "N",
     "decides initial weights and order", 1},
    {"shuffle", 0, OPTION_TEXT, &settings.shuffle, "on", 0, 0, "on|off", NULL,
     "a new order each epoch; off: store order", 1},
    {"init", 0, OPTION_TEXT, &settings.init, NULL, 0, 0, NULL, "RUN",
     "begin with the weights of another run", 1},
    {"fresh", 0, OPTION_FLAG, &settings.fresh, NULL, 0, 0, NULL, NULL,
     "ignore a checkpoint that is there", 0},
    {"checkpoint-every", 0, OPTION_TEXT, &settings.checkpoint_every, "1", 0, 0, NULL, "N|Ns",
     "epochs, or seconds (30s)", 0},
    {"timeout", 0, OPTION_REAL, &settings.timeout_s, "60", 0, 1e6, NULL, "S",
     "seconds to wait for a silent rank; 0: for ever", 0},
    {"check", 0, OPTION_FLAG, &settings.check, NULL, 0, 0, NULL, NULL,
     "try ranks, devices, sum and files, and train nothing", 0},
};

static const struct command command = {
    .program = "unmask-train",
    .summary = "Trains the detector on a tensor store; started again, it goes on where it was.",
    .usage = "STORE -o run.h5 [options]\n"
             "       mpirun -n RANKS unmask-train STORE -o run.h5 [options]",
    .notes = "SIGUSR1 and SIGTERM: save a checkpoint at the next step and exit 75 (run me again).\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage, 75 checkpointed.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
};

/* The vector instructions that numerical libraries will choose on this CPU: with others, results
 * differ in the last bits. */
static const char *isa_name(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "x86-64 AVX-512";
    if (__builtin_cpu_supports("avx2"))
        return "x86-64 AVX2";
    return __builtin_cpu_supports("sse4.1") ? "x86-64 SSE4.1" : "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "unknown";
#endif
}

static void announce(const struct run *run, int ranks, int threads, const char *engine)
{
    log_info("going on from epoch %lld, step %lld", (long long)run->epoch + 1,
             (long long)run->step + 1);
    if (run->ranks != ranks || run->threads != threads || strcmp(run->engine, engine) != 0 ||
        strcmp(run->cpu_isa, isa_name()) != 0)
        log_warn("the checkpoint comes from %lld ranks x %lld threads, %s on %s; now %d x %d, %s "
                 "on %s: the last bits may differ from an uninterrupted run's",
                 (long long)run->ranks, (long long)run->threads, run->engine, run->cpu_isa, ranks,
                 threads, engine, isa_name());
}

static int open_engine(struct engine **engine, const struct run *run)
{
    TRY(engine_open(engine, &run->model, &settings.engine));
    TRY(engine_set(*engine, ENGINE_PARAMETERS, run->parameters));
    return engine_set(*engine, ENGINE_SQUARE_AVG, run->square_avg);
}

static void say_result(const struct run *run)
{
    int64_t last = run->epoch - 1;
    if (last < 0)
        printf("%s: initial weights\n", settings.output);
    else if (run->best_epoch == 0)
        printf("%s: %lld epochs, none of them validated\n", settings.output, (long long)run->epoch);
    else
        printf("%s: %lld epochs, val loss %.4f accuracy %.4f, best epoch %lld (val loss %.4f)\n",
               settings.output, (long long)run->epoch, run->history[RUN_VAL_LOSS][last],
               run->history[RUN_VAL_ACCURACY][last], (long long)run->best_epoch,
               run->best_val_loss);
}

static int train(struct comm *comm, struct provenance *provenance)
{
    struct trainer trainer = {.settings = &settings, .comm = comm, .provenance = provenance};
    char line[4096];
    int resumed = 0, status;
    TRY(comm_agree(comm, settings_checkpoint_every(&settings)));
    TRY_OR(done, comm_agree(comm, store_open(&trainer.store, settings.store)));
    if (store_rows(trainer.store, SPLIT_TRAIN) == 0)
        TRY_OR(done, comm_agree(comm, fail(STATUS_FAILED, "%s: /train is empty", settings.store)));
    TRY_OR(done, resume_run(comm, &settings, &command, trainer.store, &trainer.run, &resumed));
    struct run *run = trainer.run;
    TRY_OR(done, comm_agree(comm, open_engine(&trainer.engine, run)));
    int threads = engine_threads(trainer.engine);
    int finished = resumed && run->epoch >= settings.epochs;
    options_echo(&command, line, sizeof line);
    log_info("%s; engine %s, %d rank%s x %d thread%s", line, engine_choice(trainer.engine),
             comm_size(comm), comm_size(comm) > 1 ? "s" : "", threads, threads > 1 ? "s" : "");
    if (finished)
        log_info("%s has %lld epochs already; more --epochs would go on", settings.output,
                 (long long)run->epoch);
    else if (resumed)
        announce(run, comm_size(comm), threads, engine_name(trainer.engine));
    snprintf(run->engine, sizeof run->engine, "%s", engine_name(trainer.engine));
    snprintf(run->cpu_isa, sizeof run->cpu_isa, "%s", isa_name());
    provenance->threads = threads;
    provenance_add(provenance, "engine_library", engine_library(trainer.engine));
    if (!finished)
        TRY_OR(done, trainer_run(&trainer));
    if (comm_rank(comm) == 0)
        say_result(run);
done:
    engine_close(&trainer.engine);
    run_destroy(&trainer.run);
    store_close(&trainer.store);
    return status;
}

int main(int argc, char **argv)
{
    struct comm *comm;
    const char *store = NULL;
    int arguments, exit_code;
    int status = interrupt_catch(); /* before MPI: starting takes a second */
    if (!program_begin(&command, argc, argv, &store, 1, &arguments, &comm, &exit_code))
        return exit_code;
    settings.store = store;
    settings.engine.local_rank = comm_local_rank(comm);
    settings.engine.local_ranks = comm_local_size(comm);
    comm_set_timeout(comm, settings.timeout_s);
    struct provenance provenance = provenance_begin(&command, argc, argv, comm);
    if (status == 0 && !store && !settings.check)
        status = fail(STATUS_USAGE, "no STORE given; see unmask-train --help");
    else if (status == 0 && !settings.output)
        status = fail(STATUS_USAGE, "no output given: -o run.h5");
    else if (status == 0 && store && file_same(settings.output, store))
        status = fail(STATUS_USAGE, "-o %s: is the store itself", settings.output);
    TRY_OR(done, comm_agree(comm, status));
    TRY_OR(done, comm_watch(comm, settings.timeout_s));
    status = settings.check ? preflight_run(comm, &settings) : train(comm, &provenance);
done:
    return comm_end(&comm, status);
}
