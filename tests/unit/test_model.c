#include <math.h>
#include <string.h>

#include "model/model.h"
#include "tests/harness.h"

START_TEST(test_default_network_has_the_shapes_of_the_design)
{
    struct model model;
    ck_assert_ok(model_build(&model, 128, "16,32,64"));
    ck_assert_int_eq(model.parameter_count, 39969);
    ck_assert_int_eq(model.layer_count, 10);
    ck_assert_int_eq(model.tensor_count, 8);
    static const char *const names[] = {"conv1/weight", "conv1/bias", "conv2/weight", "conv2/bias",
                                        "conv3/weight", "conv3/bias", "fc/weight",    "fc/bias"};
    static const int64_t counts[] = {432, 16, 4608, 32, 18432, 64, 16384, 1};
    int64_t offset = 0;
    for (int t = 0; t < 8; t++) {
        ck_assert_str_eq(model.tensors[t].name, names[t]);
        ck_assert_int_eq(model.tensors[t].count, counts[t]);
        ck_assert_int_eq(model.tensors[t].offset, offset);
        offset += counts[t];
    }
    ck_assert_int_eq(model.tensors[4].rank, 4);
    ck_assert_int_eq(model.tensors[4].dims[1], 32);
    ck_assert_int_eq(model.tensors[4].fan_in, 288);
    ck_assert_int_eq(model.tensors[7].fan_in, 16384);
    const struct layer *pool = &model.layers[8], *linear = &model.layers[9];
    ck_assert_int_eq(pool->kind, LAYER_MAX_POOL2);
    ck_assert_int_eq(pool->weight, -1);
    ck_assert_int_eq(shape_count(pool->out), 16384);
    ck_assert_int_eq(linear->kind, LAYER_LINEAR);
    ck_assert_int_eq(linear->bias, 39968);
}
END_TEST

START_TEST(test_bad_channel_lists_are_usage_errors)
{
    static const char *const lists[] = {"",
                                        ",",
                                        "16,",
                                        ",16",
                                        "16,,32",
                                        "0",
                                        "-3",
                                        "16;32",
                                        "16 32",
                                        "+4",
                                        "x",
                                        "4097",
                                        "99999999999999999999",
                                        "1,1,1,1,1,1,1,1,1,1,1"};
    struct model model;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        ck_assert_msg(model_build(&model, 128, lists[i]) == STATUS_USAGE, "'%s'", lists[i]);
    ck_assert_ok(model_build(&model, 1024, "1,1,1,1,1,1,1,1,1,1"));
}
END_TEST

START_TEST(test_image_size_must_halve_once_per_block)
{
    struct model model;
    ck_assert_int_eq(model_build(&model, 100, "1,2,3"), STATUS_FAILED);
    ck_assert_ptr_nonnull(strstr(fail_message(), "multiple of 8"));
    ck_assert_int_eq(model_build(&model, 0, "1"), STATUS_FAILED);
    ck_assert_int_eq(model_build(&model, -2, "1"), STATUS_FAILED);
    ck_assert_ok(model_build(&model, 104, "1,2,3"));
}
END_TEST

START_TEST(test_initial_parameters_are_uniform_within_their_bounds)
{
    /* Mean and variance of count uniform values stray by 1/sqrt(count): five deviations allowed. */
    struct model model;
    ck_assert_ok(model_build(&model, 128, "16,32,64"));
    float *parameters = calloc((size_t)model.parameter_count, sizeof *parameters);
    model_initialise(&model, 42, parameters);
    for (int t = 0; t < model.tensor_count; t++) {
        const struct tensor *tensor = &model.tensors[t];
        double bound = 1 / sqrt((double)tensor->fan_in), sum = 0, squares = 0, largest = 0;
        for (int64_t k = tensor->offset; k < tensor->offset + tensor->count; k++) {
            double unit = parameters[k] / bound;
            sum += unit;
            squares += unit * unit;
            largest = fmax(largest, fabs(unit));
        }
        double count = (double)tensor->count;
        ck_assert_double_le(largest, 1 + 1e-6);
        ck_assert_double_le(fabs(sum / count), 5 / sqrt(3 * count));
        if (count > 100) {
            ck_assert_double_ge(largest, 1 - 10 / count);
            ck_assert_double_le(fabs(squares / count - 1.0 / 3), 5 * 0.3 / sqrt(count));
        }
    }
    free(parameters);
}
END_TEST

START_TEST(test_initial_parameters_are_a_function_of_the_seed)
{
    struct model model;
    ck_assert_ok(model_build(&model, 8, "4"));
    float a[256], b[256];
    ck_assert_int_le(model.parameter_count, 256);
    size_t bytes = (size_t)model.parameter_count * sizeof(float);
    model_initialise(&model, 1, a);
    model_initialise(&model, 1, b);
    ck_assert_mem_eq(a, b, bytes);
    model_initialise(&model, 2, b);
    ck_assert_mem_ne(a, b, bytes);
}
END_TEST

START_TEST(test_loss_is_the_cross_entropy_and_each_log_is_bounded)
{
    const double tolerance = 1e-12;
    for (float z = -30; z <= 30; z += 0.37f) {
        double p = 1 / (1 + exp(-(double)z)), q = 1 / (1 + exp((double)z));
        ck_assert_double_le(fabs(loss_bce(z, 1) + log(p)), tolerance);
        ck_assert_double_le(fabs(loss_bce(z, 0) + log(q)), tolerance);
        ck_assert_float_eq(loss_probability(z), (float)p);
    }
    ck_assert_double_eq(loss_bce(-99, 1), 99);
    ck_assert_double_eq(loss_bce(-1e30f, 1), 100);
    ck_assert_double_eq(loss_bce(1e30f, 0), 100);
    ck_assert(isnan(loss_bce(NAN, 0)) && isnan(loss_bce(NAN, 1))); /* no bound hides it */
    ck_assert_double_eq(loss_bce(1e30f, 1), 0);
    ck_assert_float_eq(loss_probability(1e30f), 1);
    ck_assert_float_eq(loss_probability(-1e30f), 0);
}
END_TEST

START_TEST(test_loss_gradient_is_its_derivative)
{
    const double h = 1e-3, tolerance = 2e-6; /* h^2 / 6 and the rounding of the logits */
    for (int label = 0; label < 2; label++)
        for (double z = -8; z <= 8; z += 0.5) {
            float up = (float)(z + h), down = (float)(z - h);
            double slope = (loss_bce(up, label) - loss_bce(down, label)) / ((double)up - down);
            ck_assert_double_le(fabs(loss_bce_gradient((float)z, label) - slope), tolerance);
        }
    ck_assert_float_eq(loss_bce_gradient(50, 1), (float)-exp(-50));
}
END_TEST

START_TEST(test_rmsprop_is_its_formula)
{
    enum { COUNT = 37 };
    float g[COUNT], v[COUNT], w[COUNT];
    double expected_v[COUNT], expected_w[COUNT];
    for (int i = 0; i < COUNT; i++) {
        v[i] = 0;
        w[i] = (float)(i - 18) / 7;
        expected_v[i] = 0;
        expected_w[i] = w[i];
    }
    for (int step = 0; step < 5; step++) {
        for (int i = 0; i < COUNT; i++) {
            g[i] = (float)((i * 7 + step * 3) % 11 - 5) * 0.01f;
            expected_v[i] = 0.99 * expected_v[i] + 0.01 * g[i] * g[i];
            expected_w[i] -= 0.001 * g[i] / (sqrt(expected_v[i]) + 1e-8);
        }
        rmsprop_update(COUNT, 0.001f, g, v, w);
    }
    for (int i = 0; i < COUNT; i++) { /* float32 rounding of five steps */
        ck_assert_double_le(fabs(v[i] - expected_v[i]), 1e-6 * expected_v[i]);
        ck_assert_double_le(fabs(w[i] - expected_w[i]), 1e-6);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_default_network_has_the_shapes_of_the_design,
        test_bad_channel_lists_are_usage_errors,
        test_image_size_must_halve_once_per_block,
        test_initial_parameters_are_uniform_within_their_bounds,
        test_initial_parameters_are_a_function_of_the_seed,
        test_loss_is_the_cross_entropy_and_each_log_is_bounded,
        test_loss_gradient_is_its_derivative,
        test_rmsprop_is_its_formula,
    };
    return HARNESS_RUN("model", tests, 30);
}
