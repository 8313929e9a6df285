#include <math.h>
#include <string.h>

#include "base/file.h"
#include "store/run.h"
#include "tests/files.h"
#include "tests/sample_store.h"
#include "tests/scratch.h"

enum { EPOCHS = 3, STEPS = 20 };

/* A run whose every number is known, with the values that are hardest to keep. */
static struct run *make_run(uint64_t seed)
{
    struct run *run;
    ck_assert_ok(run_create(&run, 8, "2,3"));
    for (int64_t i = 0; i < run->model.parameter_count; i++) {
        run->parameters[i] = random_unit(random_at(seed, (uint64_t)i)) - 0.5f;
        run->square_avg[i] = random_unit(random_at(seed + 1, (uint64_t)i)) * 1e-40f;
        run->best[i] = random_unit(random_at(seed + 2, (uint64_t)i));
    }
    run->parameters[0] = NAN;
    run->parameters[1] = -0.0f;
    run->best[0] = INFINITY;
    snprintf(run->content_hash, sizeof run->content_hash, "%064llx", (unsigned long long)seed);
    snprintf(run->engine, sizeof run->engine, "reference");
    snprintf(run->cpu_isa, sizeof run->cpu_isa, "any");
    run->step = 4;
    run->rows_taken = 44;
    run->best_epoch = 2;
    run->best_val_loss = 1.0 / 3;
    run->seconds = 0.1;
    for (; run->epoch < EPOCHS; run->epoch++) {
        ck_assert_ok(run_reserve_epoch(run));
        for (int c = 0; c < RUN_COLUMNS; c++)
            run->history[c][run->epoch] = c == RUN_VAL_LOSS ? NAN : (double)c / 7 + run->epoch;
        run->history[RUN_EPOCH][run->epoch] = (double)run->epoch + 1;
    }
    ck_assert_ok(run_reserve_steps(run, STEPS));
    for (; run->steps_done < STEPS; run->steps_done++) {
        run->step_loss[run->steps_done] = 1.0 / (double)(run->steps_done + 3);
        run->step_correct[run->steps_done] = run->steps_done * 3;
    }
    return run;
}

static int write_run(const char *path, struct run *run)
{
    const struct provenance provenance = sample_provenance();
    return run_write(path, run, &provenance);
}

static void assert_same(const struct run *a, const struct run *b)
{
    size_t slab = (size_t)a->model.parameter_count * sizeof(float);
    ck_assert_int_eq(a->model.parameter_count, b->model.parameter_count);
    ck_assert_mem_eq(a->parameters, b->parameters, slab);
    ck_assert_mem_eq(a->square_avg, b->square_avg, slab);
    ck_assert_mem_eq(a->best, b->best, slab);
    ck_assert_int_eq(a->epoch, b->epoch);
    ck_assert_int_eq(a->step, b->step);
    ck_assert_int_eq(a->rows_taken, b->rows_taken);
    ck_assert_int_eq(a->best_epoch, b->best_epoch);
    ck_assert_mem_eq(&a->best_val_loss, &b->best_val_loss, 8);
    ck_assert_mem_eq(&a->seconds, &b->seconds, 8);
    for (int c = 0; c < RUN_COLUMNS && a->epoch; c++)
        ck_assert_mem_eq(a->history[c], b->history[c], (size_t)a->epoch * 8);
    ck_assert_int_eq(a->steps_done, b->steps_done);
    if (a->steps_done) {
        ck_assert_mem_eq(a->step_loss, b->step_loss, (size_t)a->steps_done * 8);
        ck_assert_mem_eq(a->step_correct, b->step_correct, (size_t)a->steps_done * 8);
    }
    ck_assert_int_eq(a->image_size, b->image_size);
    ck_assert_str_eq(a->channels, b->channels);
    ck_assert_str_eq(a->content_hash, b->content_hash);
    ck_assert_str_eq(a->engine, b->engine);
    ck_assert_str_eq(a->cpu_isa, b->cpu_isa);
}

static void refuses(const char *path, const char *words)
{
    struct run *run;
    ck_assert_msg(run_read(&run, path) == STATUS_FAILED, "read, though: %s", words);
    ck_assert_ptr_null(run);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s', not '%s'", fail_message(),
                  words);
}

START_TEST(test_a_run_comes_back_bit_for_bit)
{
    const char *path = scratch("whole.h5");
    struct run *run = make_run(1), *back, *fresh;
    ck_assert_ok(write_run(path, run));
    ck_assert_ok(run_read(&back, path));
    assert_same(run, back);
    ck_assert_int_eq(back->ranks, 1);
    ck_assert_uint_eq(strlen(back->checksum), 64);
    for (int i = 0; i < 100; i++) { /* what was read can grow, as at a resume */
        ck_assert_ok(run_reserve_epoch(back));
        back->history[0][back->epoch++] = i;
        ck_assert_ok(run_reserve_steps(back, 7));
        back->steps_done += 7;
        back->step_loss[back->steps_done - 1] = i;
    }
    ck_assert_mem_eq(back->step_loss, run->step_loss, STEPS * 8);
    run_destroy(&back);
    run_destroy(&run);
    ck_assert_ok(run_create(&fresh, 4, "1")); /* no epoch, no step, an infinite loss */
    snprintf(fresh->content_hash, sizeof fresh->content_hash, "%064x", 7);
    ck_assert_ok(write_run(path, fresh));
    ck_assert_ok(run_read(&back, path));
    assert_same(fresh, back);
    ck_assert(isinf(back->best_val_loss));
    run_destroy(&fresh);
    run_destroy(&back);
    run_destroy(&back);
}
END_TEST

/* Where the bytes of a dataset stand in the file. */
static int64_t offset_of(const char *path, const char *name, enum h5_type type)
{
    struct h5 *file;
    int64_t offset;
    ck_assert_ok(h5_open(&file, path));
    ck_assert_ok(h5_offset(file, name, type, &offset));
    ck_assert_ok(h5_close(&file));
    return offset;
}

START_TEST(test_a_flipped_bit_anywhere_in_the_numbers_is_found)
{
    const char *path = scratch("flip.h5");
    struct run *run = make_run(2);
    ck_assert_ok(write_run(path, run));
    struct {
        const char *name;
        enum h5_type type;
        int64_t bytes;
    } sets[] = {{"/model/conv1/weight", H5_FLOAT32, 2 * 27 * 4},
                {"/model/fc/bias", H5_FLOAT32, 4},
                {"/best/conv2/bias", H5_FLOAT32, 3 * 4},
                {"/best/fc/weight", H5_FLOAT32, 12 * 4},
                {"/optimizer/square_avg/conv2/weight", H5_FLOAT32, 3 * 18 * 4},
                {"/progress/epoch", H5_INT64, 8},
                {"/progress/step", H5_INT64, 8},
                {"/progress/rows_taken", H5_INT64, 8},
                {"/progress/steps_done", H5_INT64, 8},
                {"/progress/best_epoch", H5_INT64, 8},
                {"/progress/best_val_loss", H5_FLOAT64, 8},
                {"/progress/seconds", H5_FLOAT64, 8},
                {"/history/train_loss", H5_FLOAT64, EPOCHS * 8},
                {"/history/val_loss", H5_FLOAT64, EPOCHS * 8},
                {"/steps/loss", H5_FLOAT64, STEPS * 8},
                {"/steps/correct", H5_INT64, STEPS * 8}};
    int flips = 0;
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        int64_t offset = offset_of(path, sets[s].name, sets[s].type);
        int descriptor = open(path, O_RDWR);
        for (int64_t i = 0; i<sets[s].bytes; i += sets[s].bytes> 64 ? 13 : 1, flips++) {
            struct run *back;
            uint8_t byte, flipped;
            ck_assert_ok(file_read_at(descriptor, path, &byte, 1, offset + i));
            flipped = byte ^ (uint8_t)(1 << flips % 8);
            ck_assert_ok(file_write_at(descriptor, path, &flipped, 1, offset + i));
            ck_assert_msg(run_read(&back, path) == STATUS_FAILED, "%s: byte %lld", sets[s].name,
                          (long long)i);
            ck_assert_ok(file_write_at(descriptor, path, &byte, 1, offset + i));
        }
        close(descriptor);
    }
    struct run *back;
    ck_assert_ok(run_read(&back, path)); /* every flip was undone */
    run_destroy(&back);
    run_destroy(&run);
    ck_assert_int_gt(flips, 150);
}
END_TEST

START_TEST(test_the_checkpoint_before_is_kept)
{
    const char *path = scratch("kept.h5");
    char previous[4096];
    struct run *runs[3], *back;
    run_previous_path(path, previous, sizeof previous);
    for (uint64_t i = 0; i < 3; i++) {
        runs[i] = make_run(10 * i);
        ck_assert_ok(write_run(path, runs[i]));
        ck_assert_ok(run_read(&back, path));
        assert_same(runs[i], back);
        run_destroy(&back);
        ck_assert_int_eq(file_exists(scratch("kept.h5.part")), 0);
        if (i == 0) {
            ck_assert_int_eq(file_exists(previous), 0);
            continue;
        }
        ck_assert_ok(run_read(&back, previous));
        assert_same(runs[i - 1], back);
        run_destroy(&back);
    }
    for (int i = 0; i < 3; i++)
        run_destroy(&runs[i]);
}
END_TEST

START_TEST(test_a_writer_stopped_at_any_byte_leaves_the_old_run)
{
    const char *path = scratch("stopped.h5");
    struct run *old = make_run(1), *next = make_run(2), *back;
    ck_assert_ok(write_run(scratch("next.h5"), next));
    ck_assert_ok(write_run(path, old));
    struct file_bytes whole = file_read(scratch("next.h5"));
    for (size_t length = 0; length <= whole.count; length += whole.count / 40) {
        const char *part = scratch_file("stopped.h5.part", whole.bytes, length);
        ck_assert_ok(run_read(&back, path));
        assert_same(old, back);
        run_destroy(&back);
        if (length < whole.count) /* and would not itself pass for a run */
            ck_assert_int_eq(run_read(&back, part), STATUS_FAILED);
        if (length % 3 == 0) { /* the next writer does not mind it */
            ck_assert_ok(write_run(path, old));
            ck_assert_int_eq(file_exists(part), 0);
        }
    }
    scratch_file("stopped.h5.part", whole.bytes, 100);
    run_remove_stale(path);
    ck_assert_int_eq(file_exists(scratch("stopped.h5.part")), 0);
    ck_assert_int_eq(file_exists(path), 1);
    run_remove_stale(path); /* nothing to remove */
    free(whole.bytes);
    run_destroy(&old);
    run_destroy(&next);
}
END_TEST

START_TEST(test_a_failed_write_leaves_the_old_run_and_no_part)
{
    const char *path = scratch("busy/run.h5");
    struct run *old = make_run(1), *next = make_run(2), *back;
    scratch_make_way("busy/run.h5");
    ck_assert_ok(write_run(path, old));
    scratch_text("busy/run.h5.previous/in_the_way", ""); /* a folder where .previous should be */
    ck_assert_int_eq(write_run(path, next), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "cannot keep it as"));
    ck_assert_int_eq(file_exists(scratch("busy/run.h5.part")), 0);
    ck_assert_ok(run_read(&back, path));
    assert_same(old, back);
    run_destroy(&back);
    ck_assert_int_eq(write_run(scratch("no/folder/run.h5"), next), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "No such file or directory"));
    run_destroy(&old);
    run_destroy(&next);
}
END_TEST

START_TEST(test_a_run_cut_at_any_byte_is_refused)
{
    const char *path = scratch("cut.h5");
    struct run *run = make_run(3), *back;
    ck_assert_ok(write_run(path, run));
    struct file_bytes whole = file_read(path);
    for (size_t length = 0; length < whole.count; length += whole.count / 200 + 1) {
        scratch_file("cut.h5", whole.bytes, length);
        ck_assert_msg(run_read(&back, path) == STATUS_FAILED, "read at %zu bytes", length);
        ck_assert_ptr_nonnull(strstr(fail_message(), path));
    }
    free(whole.bytes);
    run_destroy(&run);
}
END_TEST

START_TEST(test_what_is_no_run_of_ours_is_refused)
{
    static const int64_t rows[SPLIT_COUNT] = {2, 2, 0};
    struct h5 *file;
    const char *path = scratch("foreign.h5");
    refuses(scratch("missing.h5"), "No such file or directory");
    refuses(scratch_text("text.h5", "weights"), "not an HDF5 file");
    sample_store(path, rows);
    refuses(path, "foreign.h5: not a run (made by unmask-train)");
    ck_assert_ok(h5_create(&file, path));
    ck_assert_ok(h5_set_text(file, "/", "format", "unmask-run"));
    ck_assert_ok(h5_set_int(file, "/", "format_version", 2));
    ck_assert_ok(h5_close(&file));
    refuses(path, "format version 2, this program reads 1");
    static const int64_t sizes[] = {0, -8, 7, (INT64_C(1) << 32) + 8, INT64_C(1) << 30};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_ok(h5_create(&file, path));
        ck_assert_ok(h5_set_text(file, "/", "format", "unmask-run"));
        ck_assert_ok(h5_set_int(file, "/", "format_version", RUN_FORMAT_VERSION));
        ck_assert_ok(h5_set_int(file, "/", "image_size", sizes[i]));
        ck_assert_ok(h5_set_text(file, "/", "channels", "2,3"));
        ck_assert_ok(h5_close(&file));
        refuses(path, "image");
    }
}
END_TEST

/* ---- options ---- */

static struct {
    int batch, epochs, fresh;
    uint64_t seed;
    double rate;
    const char *init, *shuffle;
} options_now;

static const struct option rows[] = {
    {"batch-size", 0, OPTION_INTEGER, &options_now.batch, NULL, 0, 0, NULL, "N", "", 1},
    {"learning-rate", 0, OPTION_REAL, &options_now.rate, NULL, 0, 0, NULL, "F", "", 1},
    {"seed", 0, OPTION_SEED, &options_now.seed, NULL, 0, 0, NULL, "N", "", 1},
    {"shuffle", 0, OPTION_TEXT, &options_now.shuffle, NULL, 0, 0, NULL, "S", "", 1},
    {"init", 0, OPTION_TEXT, &options_now.init, NULL, 0, 0, NULL, "RUN", "", 1},
    {"epochs", 0, OPTION_INTEGER, &options_now.epochs, NULL, 0, 0, NULL, "N", "", 0},
    {"fresh", 0, OPTION_FLAG, &options_now.fresh, NULL, 0, 0, NULL, NULL, "", 0},
};
static const struct command command = {.program = "unmask-test",
                                       .options = rows,
                                       .option_count = sizeof rows / sizeof rows[0]};

static void set_options(void)
{
    options_now.batch = 32;
    options_now.epochs = 10;
    options_now.fresh = 0;
    options_now.seed = UINT64_MAX;
    options_now.rate = 0.001;
    options_now.init = NULL;
    options_now.shuffle = "on";
}

static void refuses_change(const char *path, const char *words)
{
    ck_assert_int_eq(run_check_options(path, &command), STATUS_FAILED);
    ck_assert_msg(strstr(fail_message(), words) != NULL, "says '%s', not '%s'", fail_message(),
                  words);
    ck_assert_ptr_nonnull(strstr(fail_message(), "--fresh"));
    set_options();
    ck_assert_ok(run_check_options(path, &command));
}

START_TEST(test_options_that_decide_the_mathematics_may_not_change)
{
    const char *path = scratch("options.h5");
    struct run *run = make_run(4);
    struct provenance provenance = sample_provenance();
    provenance.command = &command;
    set_options();
    ck_assert_ok(run_write(path, run, &provenance));
    ck_assert_ok(run_check_options(path, &command));
    options_now.epochs = 20; /* these may */
    options_now.fresh = 1;
    ck_assert_ok(run_check_options(path, &command));
    options_now.batch = 33;
    refuses_change(path, "was trained with --batch-size 32, not 33");
    options_now.rate = 0.01;
    refuses_change(path, "was trained with --learning-rate 0.001, not 0.01");
    options_now.rate = nextafter(0.001, 1);
    refuses_change(path, "was trained with --learning-rate 0.001, not 0.0010000000000000002");
    options_now.seed = 0;
    refuses_change(path, "was trained with --seed 18446744073709551615, not 0");
    options_now.shuffle = "off";
    refuses_change(path, "was trained with --shuffle on, not off");
    options_now.init = "other.h5";
    refuses_change(path, "was trained with --init (none), not other.h5");
    options_now.init = "other.h5";
    options_now.rate = nextafter(0.001, 1);
    ck_assert_ok(run_write(path, run, &provenance));
    options_now.init = NULL;
    ck_assert_int_eq(run_check_options(path, &command), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "with --init other.h5, not (none)"));
    options_now.init = "other.h5";
    options_now.rate = 0.001;
    ck_assert_int_eq(run_check_options(path, &command), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "0.0010000000000000002, not 0.001"));
    run_destroy(&run);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_a_run_comes_back_bit_for_bit,
        test_a_flipped_bit_anywhere_in_the_numbers_is_found,
        test_the_checkpoint_before_is_kept,
        test_a_writer_stopped_at_any_byte_leaves_the_old_run,
        test_a_failed_write_leaves_the_old_run_and_no_part,
        test_a_run_cut_at_any_byte_is_refused,
        test_what_is_no_run_of_ours_is_refused,
        test_options_that_decide_the_mathematics_may_not_change,
    };
    scratch_begin();
    return scratch_end(HARNESS_RUN("run", tests, 30));
}
