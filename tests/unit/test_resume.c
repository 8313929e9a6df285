/* What a checkpoint may claim about where the training stands, and what it may replace. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "tests/sample_store.h"
#include "tests/scratch.h"
#include "train/resume.h"

enum { BATCH = 5, STEPS = 5 }; /* of the 23 rows of the sample store's train */

static struct store *store;
static struct run *run;
static const struct settings settings = {.store = "s.h5", .output = "r.h5", .batch_size = BATCH};

static void set_up(void)
{
    sample_store(scratch("s.h5"), sample_rows);
    ck_assert_ok(store_open(&store, scratch("s.h5")));
    ck_assert_ok(run_create(&run, SAMPLE_SIZE, "2"));
}

static void tear_down(void)
{
    run_destroy(&run);
    store_close(&store);
}

static void stand_at(int64_t epoch, int64_t step)
{
    run->epoch = epoch;
    run->step = step;
    run->steps_done = epoch * STEPS + step;
    run->rows_taken = step < STEPS ? step * BATCH : sample_rows[SPLIT_TRAIN];
}

static void refuses(const char *words)
{
    ck_assert_int_eq(resume_check(run, store, &settings), STATUS_FAILED);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s'", fail_message());
}

START_TEST(test_every_place_that_a_training_comes_to_is_taken_up)
{
    set_up();
    for (int64_t epoch = 0; epoch < 3; epoch++)
        for (int64_t step = 0; step <= STEPS; step++) {
            stand_at(epoch, step);
            ck_assert_ok(resume_check(run, store, &settings));
        }
    tear_down();
}
END_TEST

START_TEST(test_places_that_no_training_comes_to_are_refused)
{
    static const int64_t steps[] = {STEPS + 1, 100, INT64_MAX};
    set_up();
    for (int i = 0; i < 3; i++) {
        stand_at(1, 2);
        run->step = steps[i];
        refuses("does not fit 23 rows in batches of 5");
    }
    stand_at(1, 2);
    run->epoch = INT64_MAX;
    refuses("does not fit");
    stand_at(1, 2);
    run->steps_done++;
    refuses("does not fit");
    stand_at(1, 2);
    run->rows_taken = 0;
    refuses("does not fit");
    tear_down();
}
END_TEST

START_TEST(test_frames_of_another_size_are_refused)
{
    set_up();
    stand_at(1, 0);
    run->image_size = 2 * SAMPLE_SIZE;
    refuses("learned from frames of 12 pixels, and s.h5 holds 6");
    tear_down();
}
END_TEST

START_TEST(test_a_checkpoint_does_not_replace_that_of_another_training)
{
    const struct provenance provenance = sample_provenance();
    const char *path = scratch("twice.h5");
    struct run *other, *back;
    set_up();
    ck_assert_ok(run_create(&other, SAMPLE_SIZE, "2"));
    snprintf(run->content_hash, sizeof run->content_hash, "%s", store_content_hash(store));
    snprintf(other->content_hash, sizeof other->content_hash, "%s", store_content_hash(store));
    run->parameters[0] = other->parameters[0] = 1;
    ck_assert_ok(run_write(path, run, &provenance));
    ck_assert_ok(run_write(path, run, &provenance));   /* its own */
    ck_assert_ok(run_write(path, other, &provenance)); /* another file, with the same numbers */
    ck_assert_ok(run_write(path, run, &provenance));
    other->parameters[0] = 2;
    other->file = 0;
    ck_assert_ok(run_write(path, other, &provenance));
    ck_assert_int_eq(run_write(path, run, &provenance), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "replaced by another training"));
    ck_assert_int_eq(file_exists(scratch("twice.h5.part")), 0);
    ck_assert_ok(run_read(&back, path));
    ck_assert(back->parameters[0] == 2);
    run_destroy(&back);
    run_destroy(&other);
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_every_place_that_a_training_comes_to_is_taken_up,
        test_places_that_no_training_comes_to_are_refused,
        test_frames_of_another_size_are_refused,
        test_a_checkpoint_does_not_replace_that_of_another_training,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("resume", tests, 30));
}
