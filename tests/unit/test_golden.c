/* Training equals PyTorch's: the golden values of tests/golden/make_torch.py, whose frames and
 * initial weights are made again here. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "engine/engine.h"
#include "model/model.h"
#include "tests/harness.h"

static const double gradient_tolerance = 1e-4; /* relative to the tensor's norm */
static const double initial_tolerance = 1e-7;  /* the same formula: one float32 rounding */
/* The first step moves a weight by lr g / (sqrt((1-a) g^2) + eps): by 0.01 whatever |g| is, so
 * where g is near 0 its rounding shows. Relative to the tensor's norm. */
static const double update_tolerance = 1e-4;

enum { SAMPLE_MAX = 64, STEPS = 50, VALUES_MAX = 1024 };

struct golden {
    const char *path, *channels;
    int image_size, count;
    float square_avg; /* what the optimiser starts from: see run() of make_torch.py */
    /* Of the convolutions' gradients, in the place of gradient_tolerance. In two million pooling
     * windows a few have two best that differ by less than a rounding, and sums of another order
     * choose the other: PyTorch itself is 8e-4 apart between a processor with AVX2 and one with
     * AVX-512. */
    double conv_tolerance;
    double loss_tolerance; /* relative, over 50 steps, which carry the same choices on */
};

static const struct golden golden_default = {
    "tests/golden/torch_default.txt", "16,32,64", 128, 32, 0.003f, 2e-3, 5e-4};
static const struct golden golden_small = {
    "tests/golden/torch_small.txt", "5,12", 16, 8, 0, 1e-4, 1e-4};

/* The values under a title, as make_torch.py's numbers() wrote them. */
static int read_numbers(const char *path, const char *title, double values[VALUES_MAX])
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s: cannot open; run from the project's root", path);
    char line[256], name[64];
    int count = 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63[a-z] %d", name, &count) != 2 || strcmp(name, title) != 0)
            continue;
        ck_assert_int_le(count, VALUES_MAX);
        for (int i = 0; i < count; i++)
            ck_assert_int_eq(fscanf(file, "%lf", &values[i]), 1);
        fclose(file);
        return count;
    }
    ck_abort_msg("%s: no %s", path, title);
    return 0;
}

/* batch() of make_torch.py */
static void golden_batch(const struct golden *golden, int step, uint8_t *frames, uint8_t *labels)
{
    const int size = golden->image_size, cell = size / 8;
    uint64_t k = 0;
    for (int n = 0; n < golden->count; n++) {
        labels[n] = (uint8_t)((n + step) % 2);
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
                for (int c = 0; c < 3; c++, k++) {
                    uint64_t place = (uint64_t)(((n * 8 + y / cell) * 8 + x / cell) * 3 + c);
                    uint64_t coarse = random_at(5000 + (uint64_t)step, place) >> 60;
                    uint64_t fine = random_at(1000 + (uint64_t)step, k) >> 61;
                    int stripe = (labels[n] ? x : y) / 2 % 2 * 64;
                    frames[k] = (uint8_t)(coarse + fine + (uint64_t)stripe);
                }
    }
}

/* Compares a slab with the samples of each tensor and, where asked, their norms. */
static void check_samples(const struct golden *golden, const struct model *model, const char *title,
                          const float *slab, double tolerance)
{
    double values[VALUES_MAX];
    const double *expected = values;
    int count = read_numbers(golden->path, title, values);
    for (int t = 0; t < model->tensor_count; t++) {
        const struct tensor *tensor = &model->tensors[t];
        const float *own = slab + tensor->offset;
        int64_t stride = tensor->count / SAMPLE_MAX > 1 ? tensor->count / SAMPLE_MAX : 1;
        double norm = 0, apart = 0, sampled = 0;
        for (int64_t i = 0; i < tensor->count; i++)
            norm += (double)own[i] * own[i];
        for (int64_t i = 0, s = 0; i < tensor->count && s < SAMPLE_MAX; i += stride, s++) {
            apart += (own[i] - *expected) * (own[i] - *expected);
            sampled += *expected * *expected;
            expected++;
        }
        double expected_norm = *expected++, limit = tolerance;
        if (strcmp(title, "gradient") == 0 && strncmp(tensor->name, "conv", 4) == 0)
            limit = golden->conv_tolerance;
        ck_assert_msg(sqrt(apart / sampled) <= limit, "%s of %s: %g apart", title, tensor->name,
                      sqrt(apart / sampled));
        ck_assert_msg(fabs(sqrt(norm) / expected_norm - 1) <= limit, "%s of %s: norm %g for %g",
                      title, tensor->name, sqrt(norm), expected_norm);
    }
    ck_assert_ptr_eq(expected, values + count);
}

static double mean_loss(int count, const float *logits, const uint8_t *labels)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += loss_bce(logits[i], labels[i]);
    return sum / count;
}

static void check_training(const struct golden *golden, const char *device)
{
    struct model model;
    struct engine *engine;
    struct engine_settings settings = {.device = device, .precision = "fp32", .threads = 2};
    ck_assert_ok(model_build(&model, golden->image_size, golden->channels));
    ck_assert_ok(engine_open(&engine, &model, &settings));
    float *slab = calloc((size_t)model.parameter_count, sizeof *slab), logits[64];
    uint8_t *frames = malloc((size_t)(golden->count * shape_count(model.input))), labels[64];
    model_initialise(&model, 7, slab);
    check_samples(golden, &model, "initial", slab, initial_tolerance);
    ck_assert_ok(engine_set(engine, ENGINE_PARAMETERS, slab));
    for (int64_t i = 0; i < model.parameter_count; i++)
        slab[i] = golden->square_avg;
    ck_assert_ok(engine_set(engine, ENGINE_SQUARE_AVG, slab));
    double losses[VALUES_MAX];
    ck_assert_int_eq(read_numbers(golden->path, "losses", losses), STEPS);
    for (int step = 0; step < STEPS; step++) {
        golden_batch(golden, step, frames, labels);
        ck_assert_ok(engine_backward(engine, golden->count, frames, labels,
                                     1.0f / (float)golden->count, logits));
        double loss = mean_loss(golden->count, logits, labels);
        ck_assert_msg(fabs(loss - losses[step]) <= golden->loss_tolerance * losses[step],
                      "step %d: loss %.9g for %.9g", step, loss, losses[step]);
        ck_assert_ok(engine_get(engine, ENGINE_GRADIENT, slab));
        if (step == 0)
            check_samples(golden, &model, "gradient", slab, gradient_tolerance);
        ck_assert_ok(engine_step(engine, 1e-3f));
        ck_assert_ok(engine_get(engine, ENGINE_PARAMETERS, slab));
        if (step == 0)
            check_samples(golden, &model, "updated", slab, update_tolerance);
    }
    engine_close(&engine);
    free(slab);
    free(frames);
}

START_TEST(test_training_of_a_small_network_equals_pytorch_on_the_reference)
{
    check_training(&golden_small, "reference");
}
END_TEST

START_TEST(test_training_of_a_small_network_equals_pytorch)
{
    check_training(&golden_small, "auto");
}
END_TEST

#ifdef HAVE_ONEDNN /* the reference would take minutes */
START_TEST(test_training_of_the_default_network_equals_pytorch)
{
    check_training(&golden_default, "cpu");
}
END_TEST
#endif

int main(void)
{
    const TTest *tests[] = {
        test_training_of_a_small_network_equals_pytorch_on_the_reference,
        test_training_of_a_small_network_equals_pytorch,
#ifdef HAVE_ONEDNN
        test_training_of_the_default_network_equals_pytorch,
#endif
    };
    return HARNESS_RUN("golden", tests, 300);
}
