/* A network with parameters, frames and labels to try an engine on. */
#ifndef TESTS_UNIT_PROBLEM_H
#define TESTS_UNIT_PROBLEM_H

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/model.h"
#include "tests/harness.h"

struct problem {
    struct model model;
    int count;
    float *parameters;
    uint8_t *frames, *labels;
};

/* A network that model_build does not make: one letter per layer, c convolution, r LeakyReLU,
 * p max-pooling, l linear; convolutions have 5, 6, 7, ... channels. */
static void build_from_letters(struct model *model, int image_size, const char *letters)
{
    memset(model, 0, sizeof *model);
    model->input = (struct shape){3, image_size, image_size};
    struct shape shape = model->input;
    int channels = 5;
    for (; *letters; letters++) {
        struct layer *layer = &model->layers[model->layer_count++];
        *layer = (struct layer){.in = shape, .out = shape, .slope = 0.1f, .weight = -1, .bias = -1};
        int64_t fan_in = 0;
        if (*letters == 'r')
            layer->kind = LAYER_LEAKY_RELU;
        if (*letters == 'p') {
            layer->kind = LAYER_MAX_POOL2;
            layer->out = (struct shape){shape.c, shape.h / 2, shape.w / 2};
        }
        if (*letters == 'c') {
            layer->kind = LAYER_CONV3X3;
            layer->out.c = channels++;
            fan_in = 9 * shape.c;
        }
        if (*letters == 'l') {
            layer->kind = LAYER_LINEAR;
            layer->out = (struct shape){letters[1] ? channels++ : 1, 1, 1};
            fan_in = shape_count(shape);
        }
        for (int bias = 0; fan_in && bias < 2; bias++) {
            struct tensor *tensor = &model->tensors[model->tensor_count++];
            tensor->fan_in = fan_in;
            tensor->offset = model->parameter_count;
            tensor->count = layer->out.c * (bias ? 1 : fan_in);
            snprintf(tensor->name, sizeof tensor->name, "layer%d", model->layer_count);
            *(bias ? &layer->bias : &layer->weight) = tensor->offset;
            model->parameter_count += tensor->count;
        }
        shape = layer->out;
    }
}

/* `network` is a list of channels for model_build, or letters. */
static void problem_make(struct problem *problem, int image_size, const char *network, int count,
                         uint64_t seed)
{
    if (network[0] <= '9')
        ck_assert_ok(model_build(&problem->model, image_size, network));
    else
        build_from_letters(&problem->model, image_size, network);
    int64_t bytes = count * shape_count(problem->model.input);
    problem->count = count;
    problem->parameters = calloc((size_t)problem->model.parameter_count, sizeof(float));
    problem->frames = calloc((size_t)bytes + 1, 1);
    problem->labels = calloc((size_t)count + 1, 1);
    model_initialise(&problem->model, seed, problem->parameters);
    for (int64_t i = 0; i < bytes; i++)
        problem->frames[i] = (uint8_t)(random_at(seed + 1, (uint64_t)i) >> 56);
    for (int i = 0; i < count; i++)
        problem->labels[i] = (uint8_t)(random_at(seed + 2, (uint64_t)i) >> 63);
}

static void problem_free(struct problem *problem)
{
    free(problem->parameters);
    free(problem->frames);
    free(problem->labels);
}

#endif
