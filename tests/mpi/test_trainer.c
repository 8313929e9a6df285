/* A training that diverges: its loss is called by its name, and nothing is saved. */
#include <string.h>

#include "tests/mpi/suite.h"
#include "tests/sample_store.h"
#include "tests/scratch.h"
#include "train/trainer.h"

START_TEST(test_a_loss_that_is_not_a_number_ends_the_training_and_saves_nothing)
{
    const struct provenance provenance = sample_provenance();
    const char *path = scratch("s.h5"); /* a store for each rank, all the same */
    struct settings settings = {.output = scratch("r.h5"),
                                .sum = "auto",
                                .resident = "auto",
                                .shuffle = "on",
                                .engine = {.device = "reference",
                                           .precision = "fp32",
                                           .threads = 1},
                                .learning_rate = 0.001,
                                .epochs = 2,
                                .batch_size = 8,
                                .checkpoint_epochs = 1};
    struct trainer trainer = {.settings = &settings, .comm = comm, .provenance = &provenance};
    sample_store(path, sample_rows);
    ck_assert_ok(store_open(&trainer.store, path));
    ck_assert_ok(run_create(&trainer.run, SAMPLE_SIZE, "2"));
    for (int64_t i = 0; i < trainer.run->model.parameter_count; i++)
        trainer.run->parameters[i] = i % 2 ? 3e38f : -3e38f; /* inf - inf */
    ck_assert_ok(engine_open(&trainer.engine, &trainer.run->model, &settings.engine));
    ck_assert_ok(engine_set(trainer.engine, ENGINE_PARAMETERS, trainer.run->parameters));
    ck_assert_int_eq(trainer_run(&trainer), STATUS_FAILED);
    if (comm_rank(comm) == 0)
        ck_assert_msg(strstr(fail_message(), "in epoch 1 the loss of a batch is not a number"),
                      "says '%s'", fail_message());
    ck_assert(!file_exists(settings.output));
    engine_close(&trainer.engine);
    run_destroy(&trainer.run);
    store_close(&trainer.store);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {test_a_loss_that_is_not_a_number_ends_the_training_and_saves_nothing};
    scratch_begin();
    return scratch_end(SUITE_RUN("trainer", tests));
}
