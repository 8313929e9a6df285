/* The reference's gradient against finite differences of its loss.
 *
 * A double computation would be needed to difference single losses finely; the logits are float32.
 * So a step h = 2^-8 is taken and the loss is summed over frames: the truncation error, h^2/6 times
 * a third derivative, and the logits' rounding, 6e-8 / h, both stay near 1e-5. Where a step moves
 * the winner of a pool or the sign at a LeakyReLU the difference is not a derivative; h is halved
 * until two differences agree. */
#include <math.h>

#include "base/random.h"
#include "engine/engine.h"
#include "model/model.h"
#include "tests/harness.h"

static const double difference_tolerance = 2e-3; /* relative to the largest of the tensor */

enum { COUNT = 3 };

struct setting {
    struct model model;
    struct engine *engine;
    float *parameters;
    uint8_t *frames, labels[COUNT];
};

static void setting_open(struct setting *s, int image_size, const char *channels, uint64_t seed)
{
    ck_assert_ok(model_build(&s->model, image_size, channels));
    struct engine_settings settings = {.device = "reference", .precision = "fp32", .threads = 1};
    ck_assert_ok(engine_open(&s->engine, &s->model, &settings));
    s->parameters = calloc((size_t)s->model.parameter_count, sizeof(float));
    int64_t bytes = COUNT * shape_count(s->model.input);
    s->frames = malloc((size_t)bytes);
    model_initialise(&s->model, seed, s->parameters);
    for (int64_t i = 0; i < bytes; i++)
        s->frames[i] = (uint8_t)(random_at(seed, (uint64_t)i) >> 56);
    for (int i = 0; i < COUNT; i++)
        s->labels[i] = i % 2 == 0;
}

static void setting_close(struct setting *s)
{
    engine_close(&s->engine);
    free(s->parameters);
    free(s->frames);
}

static double loss_with(struct setting *s, int64_t k, float value)
{
    float kept = s->parameters[k], logits[COUNT];
    s->parameters[k] = value;
    ck_assert_ok(engine_set(s->engine, ENGINE_PARAMETERS, s->parameters));
    ck_assert_ok(engine_forward(s->engine, COUNT, s->frames, logits));
    s->parameters[k] = kept;
    double sum = 0;
    for (int i = 0; i < COUNT; i++)
        sum += loss_bce(logits[i], s->labels[i]);
    return sum;
}

static double slope(struct setting *s, int64_t k, float h)
{
    float up = s->parameters[k] + h, down = s->parameters[k] - h;
    return (loss_with(s, k, up) - loss_with(s, k, down)) / ((double)up - down);
}

/* 1 if some step size gives the derivative that the engine computed. */
static int agrees(struct setting *s, int64_t k, double gradient, double tolerance)
{
    for (float h = 0x1p-8f; h >= 0x1p-13f; h /= 2)
        if (fabs(slope(s, k, h) - gradient) <= tolerance)
            return 1;
    return 0;
}

static void check_differences(int image_size, const char *channels, uint64_t seed)
{
    struct setting s;
    setting_open(&s, image_size, channels, seed);
    float *gradient = calloc((size_t)s.model.parameter_count, sizeof *gradient), logits[COUNT];
    ck_assert_ok(engine_set(s.engine, ENGINE_PARAMETERS, s.parameters));
    ck_assert_ok(engine_backward(s.engine, COUNT, s.frames, s.labels, 1, logits));
    ck_assert_ok(engine_get(s.engine, ENGINE_GRADIENT, gradient));
    for (int t = 0; t < s.model.tensor_count; t++) {
        const struct tensor *tensor = &s.model.tensors[t];
        double largest = 0;
        for (int64_t k = tensor->offset; k < tensor->offset + tensor->count; k++)
            largest = fmax(largest, fabs(gradient[k]));
        ck_assert_double_gt(largest, 0);
        for (int64_t k = tensor->offset; k < tensor->offset + tensor->count; k++)
            ck_assert_msg(agrees(&s, k, gradient[k], difference_tolerance * largest),
                          "%s[%d]: gradient %g, difference %g", tensor->name,
                          (int)(k - tensor->offset), gradient[k], slope(&s, k, 0x1p-10f));
    }
    free(gradient);
    setting_close(&s);
}

START_TEST(test_gradient_of_one_block_equals_finite_differences)
{
    check_differences(6, "4", 1);
}
END_TEST

START_TEST(test_gradient_of_two_blocks_equals_finite_differences)
{
    check_differences(8, "3,5", 2);
}
END_TEST

START_TEST(test_gradient_of_the_smallest_image_equals_finite_differences)
{
    check_differences(2, "2", 3);
}
END_TEST

START_TEST(test_gradient_of_no_frames_is_zero)
{
    struct setting s;
    setting_open(&s, 4, "2", 4);
    float gradient[1024];
    ck_assert_int_le(s.model.parameter_count, 1024);
    ck_assert_ok(engine_backward(s.engine, COUNT, s.frames, s.labels, 1, (float[COUNT]){0}));
    ck_assert_ok(engine_backward(s.engine, 0, s.frames, s.labels, 1, NULL));
    ck_assert_ok(engine_get(s.engine, ENGINE_GRADIENT, gradient));
    for (int64_t k = 0; k < s.model.parameter_count; k++)
        ck_assert_float_eq(gradient[k], 0);
    setting_close(&s);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_gradient_of_one_block_equals_finite_differences,
        test_gradient_of_two_blocks_equals_finite_differences,
        test_gradient_of_the_smallest_image_equals_finite_differences,
        test_gradient_of_no_frames_is_zero,
    };
    return HARNESS_RUN("gradient", tests, 60);
}
