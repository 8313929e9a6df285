/* Every engine that can be opened here, against the reference: random networks, frames and weights,
 * edge shapes, all batch sizes around the chunking; and the reference against finite differences.
 */
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "model/model.h"
#include "tests/harness.h"
#include "tests/unit/problem.h"

/* Relative, per tensor, in the Euclidean norm. Float32 rounds to 6e-8; sums in other orders grow it
 * tenfold, and where frames of both labels cancel in a small tensor some hundredfold. */
static const double gradient_tolerance = 1e-4;
static const double logit_tolerance = 1e-5;

static int cuda_here; /* or its cases are skipped */

static const char *const devices[] = {"cpu", "reference", "cuda"};
enum { DEVICE_COUNT = 3 };

/* NULL where this machine lacks the device, or the device does not know the network. */
static struct engine *open_precise(const struct problem *problem, const char *device, int threads,
                                   const char *precision)
{
    struct engine *engine;
    struct engine_settings settings = {.device = device,
                                       .precision = precision,
                                       .threads = threads,
                                       .deterministic = 1};
    if (engine_open(&engine, &problem->model, &settings) < 0) {
        const char *line = fail_message();
        ck_assert_msg(strstr(line, "this build does not have it") ||
                          (!cuda_here && strstr(line, "device cuda")) ||
                          strstr(line, "not this network"),
                      "%s", line);
        return NULL;
    }
    ck_assert_ok(engine_set(engine, ENGINE_PARAMETERS, problem->parameters));
    return engine;
}

static struct engine *open_with(const struct problem *problem, const char *device, int threads)
{
    return open_precise(problem, device, threads, "fp32");
}

static float *floats(int64_t count)
{
    return calloc((size_t)count + 1, sizeof(float));
}

static float *backward(struct engine *engine, const struct problem *problem, float scale,
                       float *logits)
{
    float *gradient = floats(problem->model.parameter_count);
    ck_assert_ok(
        engine_backward(engine, problem->count, problem->frames, problem->labels, scale, logits));
    ck_assert_ok(engine_get(engine, ENGINE_GRADIENT, gradient));
    return gradient;
}

/* |a - b| / |b| in the Euclidean norm; a zero b wants a zero a. */
static double distance(int64_t count, const float *a, const float *b)
{
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < count; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += (double)b[i] * b[i];
    }
    return norm > 0 ? sqrt(difference / norm) : sqrt(difference);
}

static void check_gradients(const struct model *model, const float *a, const float *b)
{
    for (int t = 0; t < model->tensor_count; t++) {
        const struct tensor *tensor = &model->tensors[t];
        double apart = distance(tensor->count, a + tensor->offset, b + tensor->offset);
        ck_assert_msg(apart <= gradient_tolerance, "%s: %g apart", tensor->name, apart);
    }
}

static void check_agreement(int image_size, const char *channels, int count, const char *device)
{
    struct problem problem;
    problem_make(&problem, image_size, channels, count, (uint64_t)(image_size + count));
    struct engine *reference = open_with(&problem, "reference", 1);
    struct engine *engine = open_with(&problem, device, 2);
    if (engine) {
        float *expected_logits = floats(count), *logits = floats(count), *again = floats(count);
        float *expected = backward(reference, &problem, 0.25f, expected_logits);
        float *gradient = backward(engine, &problem, 0.25f, logits);
        ck_assert_ok(engine_forward(engine, count, problem.frames, again));
        for (int i = 0; i < count; i++) {
            ck_assert_double_le(fabs(logits[i] - expected_logits[i]), logit_tolerance);
            ck_assert_double_le(fabs(again[i] - expected_logits[i]), logit_tolerance);
        }
        if (strcmp(device, "cuda") != 0) /* which scores in batches of its own */
            ck_assert_mem_eq(again, logits, (size_t)count * sizeof(float));
        check_gradients(&problem.model, gradient, expected);
        free(expected_logits);
        free(logits);
        free(again);
        free(expected);
        free(gradient);
    }
    engine_close(&engine);
    engine_close(&reference);
    problem_free(&problem);
}

START_TEST(test_engines_agree_with_reference_on_edge_shapes)
{
    static const struct {
        int image_size, count;
        const char *channels;
    } cases[] = {
        {2, 3, "1"},       {2, 2, "16"},       {6, 3, "8"},     {8, 2, "3,5"},
        {8, 3, "7,16,9"},  {10, 2, "1"},       {10, 3, "17"},   {12, 3, "3,5"},
        {34, 2, "8"},      {34, 1, "16"},      {36, 2, "5,24"}, {40, 2, "16,32,64"},
        {24, 2, "32,8,1"}, {16, 3, "2,2,2,2"}, {66, 1, "4"},    {16, 3, "12,20,4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_agreement(cases[i].image_size, cases[i].channels, cases[i].count, devices[_i]);
}
END_TEST

/* Relative, of the whole gradient: 10 bits of mantissa in tf32, 8 in bf16. */
static const struct {
    const char *name;
    double tolerance;
} precisions[] = {{"fp32", 1e-4}, {"tf32", 5e-3}, {"bf16", 3e-2}};

START_TEST(test_cuda_agrees_with_reference_in_every_precision)
{
    static const char *const networks[] = {"16,32,64", "3,10,7", "40"};
    for (int i = 0; i < 3; i++) {
        struct problem problem;
        float logits[37];
        problem_make(&problem, 32, networks[i], 37, (uint64_t)i);
        memset(problem.labels, 1, 37); /* labels of both kinds cancel, and leave the rounding */
        struct engine *reference = open_with(&problem, "reference", 1);
        struct engine *engine = open_precise(&problem, "cuda", 1, precisions[_i].name);
        if (engine) {
            float *expected = backward(reference, &problem, 1.0f / 37, logits);
            float *gradient = backward(engine, &problem, 1.0f / 37, logits);
            double apart = distance(problem.model.parameter_count, gradient, expected);
            ck_assert_msg(apart <= precisions[_i].tolerance, "%s: %g apart", networks[i], apart);
            free(expected);
            free(gradient);
        }
        engine_close(&engine);
        engine_close(&reference);
        problem_free(&problem);
    }
}
END_TEST

START_TEST(test_engines_agree_with_reference_on_other_networks)
{
    static const char *const networks[] = {"l",    "cl",      "crl",    "cpl",      "pcl",  "rpl",
                                           "ccrl", "ccrpcrl", "crpcpl", "crcrpcrl", "prcl", "clrl"};
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
        check_agreement(12, networks[i], 3, devices[_i]);
}
END_TEST

START_TEST(test_engines_agree_with_reference_on_any_count)
{
    static const int counts[] = {0, 1, 2, 3, 31, 32, 33, 67};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        check_agreement(8, "4,6", counts[i], devices[_i]);
}
END_TEST

START_TEST(test_results_do_not_depend_on_threads)
{
    struct problem problem;
    problem_make(&problem, 16, "16,9", 37, 5);
    int64_t parameters = problem.model.parameter_count;
    float *first = NULL, first_logits[37], logits[37];
    for (int threads = 1; threads <= 4; threads++) {
        struct engine *engine = open_with(&problem, devices[_i], threads);
        if (!engine)
            break;
        float *gradient = backward(engine, &problem, 1.0f / 37, logits);
        if (!first) {
            first = gradient;
            memcpy(first_logits, logits, sizeof logits);
        } else {
            ck_assert_mem_eq(gradient, first, (size_t)parameters * sizeof(float));
            ck_assert_mem_eq(logits, first_logits, sizeof logits);
            free(gradient);
        }
        engine_close(&engine);
    }
    free(first);
    problem_free(&problem);
}
END_TEST

START_TEST(test_ties_in_the_pool_go_to_the_first_in_row_order)
{
    /* Constant frames: inside, all four candidates of every window are equal. */
    struct problem problem;
    problem_make(&problem, 16, "8,5", 2, 3);
    memset(problem.frames, 200, (size_t)(2 * shape_count(problem.model.input)));
    memset(problem.labels, 1, 2); /* equal labels: equal frames do not cancel */
    struct engine *reference = open_with(&problem, "reference", 1);
    struct engine *engine = open_with(&problem, devices[_i], 1);
    float logits[2];
    if (engine) {
        float *expected = backward(reference, &problem, 1, logits);
        float *gradient = backward(engine, &problem, 1, logits);
        check_gradients(&problem.model, gradient, expected);
        free(expected);
        free(gradient);
    }
    engine_close(&engine);
    engine_close(&reference);
    problem_free(&problem);
}
END_TEST

/* Relative error of ten steps: RMSprop divides by the root of tiny squares, which magnifies. */
static const double steps_tolerance = 1e-3;

START_TEST(test_steps_agree_with_reference)
{
    struct problem problem;
    problem_make(&problem, 16, "6,8", 9, 11);
    int64_t count = problem.model.parameter_count;
    struct engine *engines[2] = {open_with(&problem, "reference", 1),
                                 open_with(&problem, devices[_i], 2)};
    float *parameters[2] = {floats(count), floats(count)},
          *square[2] = {floats(count), floats(count)};
    float logits[9];
    for (int e = 0; e < 2 && engines[1]; e++) {
        for (int step = 0; step < 10; step++) {
            ck_assert_ok(
                engine_backward(engines[e], 9, problem.frames, problem.labels, 1.0f / 9, logits));
            ck_assert_ok(engine_step(engines[e], 1e-3f));
        }
        ck_assert_ok(engine_get(engines[e], ENGINE_PARAMETERS, parameters[e]));
        ck_assert_ok(engine_get(engines[e], ENGINE_SQUARE_AVG, square[e]));
    }
    ck_assert_double_le(distance(count, parameters[1], parameters[0]), steps_tolerance);
    ck_assert_double_le(distance(count, square[1], square[0]), steps_tolerance);
    for (int e = 0; e < 2; e++) {
        engine_close(&engines[e]);
        free(parameters[e]);
        free(square[e]);
    }
    problem_free(&problem);
}
END_TEST

START_TEST(test_slabs_come_back_as_they_were_set)
{
    struct problem problem;
    problem_make(&problem, 8, "3", 1, 7);
    int64_t count = problem.model.parameter_count;
    float *values = floats(count), *got = floats(count);
    struct engine *engine = open_with(&problem, devices[_i], 2);
    for (int slab = ENGINE_PARAMETERS; engine && slab <= ENGINE_SQUARE_AVG; slab++) {
        for (int64_t i = 0; i < count; i++)
            values[i] = (float)(slab * 1000 + i);
        ck_assert_ok(engine_set(engine, (enum engine_slab)slab, values));
        ck_assert_ok(engine_get(engine, (enum engine_slab)slab, got));
        ck_assert_mem_eq(got, values, (size_t)count * sizeof(float));
    }
    engine_close(&engine);
    free(values);
    free(got);
    problem_free(&problem);
}
END_TEST

START_TEST(test_missing_devices_and_precisions_are_named)
{
    struct problem problem;
    problem_make(&problem, 8, "3", 1, 7);
    struct engine *engine;
    static const struct {
        const char *device, *precision, *line;
    } cases[] = {{"reference", "bf16", "fp32 only"},
                 {"reference", "tf32", "fp32 only"},
                 {"gpu", "fp32", "unknown"},
                 {"", "fp32", "unknown"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct engine_settings settings = {.device = cases[i].device,
                                           .precision = cases[i].precision,
                                           .threads = 1};
        ck_assert_int_eq(engine_open(&engine, &problem.model, &settings), STATUS_FAILED);
        ck_assert_ptr_null(engine);
        ck_assert_msg(strstr(fail_message(), cases[i].line), "%s", fail_message());
    }
    struct engine_settings automatic = {.device = "auto", .precision = "fp32", .threads = 1};
    ck_assert_ok(engine_open(&engine, &problem.model, &automatic));
    ck_assert_str_ne(engine_name(engine), "auto");
    engine_close(&engine);
    ck_assert_ptr_null(engine);
    problem_free(&problem);
}
END_TEST

/* Says once what every case above leaves out in silence. Check runs each case in a child, and CUDA
 * does not survive a fork: so this, too, is asked in a child. */
static int ask_for_cuda(void)
{
    struct model model;
    struct engine *engine;
    const struct engine_settings settings = {.device = "cuda", .precision = "fp32", .threads = 1};
    int code;
    pid_t child = fork();
    if (child == 0) {
        int here = model_build(&model, 8, "3") == 0 && engine_open(&engine, &model, &settings) == 0;
        if (here)
            printf("cuda: %s\n", engine_library(engine));
        else
            printf("SKIP: the engine suite on cuda: %s\n", fail_message());
        exit(here ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    return child > 0 && waitpid(child, &code, 0) == child && code == 0;
}

int main(void)
{
    cuda_here = ask_for_cuda();
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_engines_agree_with_reference_on_edge_shapes, 0, DEVICE_COUNT);
    tcase_add_loop_test(tcase, test_engines_agree_with_reference_on_other_networks, 0,
                        DEVICE_COUNT);
    tcase_add_loop_test(tcase, test_engines_agree_with_reference_on_any_count, 0, DEVICE_COUNT);
    tcase_add_loop_test(tcase, test_cuda_agrees_with_reference_in_every_precision, 0, 3);
    tcase_add_loop_test(tcase, test_results_do_not_depend_on_threads, 0, DEVICE_COUNT);
    tcase_add_loop_test(tcase, test_ties_in_the_pool_go_to_the_first_in_row_order, 0, DEVICE_COUNT);
    tcase_add_loop_test(tcase, test_steps_agree_with_reference, 0, DEVICE_COUNT);
    tcase_add_loop_test(tcase, test_slabs_come_back_as_they_were_set, 0, DEVICE_COUNT);
    tcase_add_test(tcase, test_missing_devices_and_precisions_are_named);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
