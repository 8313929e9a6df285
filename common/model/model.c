#include "model/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/status.h"

enum { CHANNELS_MAX = 4096 };

static const float leaky_slope = 0.1f;

/* Appends one tensor ("conv1", "weight") at the end of the slab; returns its offset. */
static int64_t add_tensor(struct model *model, const char *layer, const char *what, int64_t fan_in,
                          int rank, const int64_t dims[4])
{
    struct tensor *tensor = &model->tensors[model->tensor_count++];
    snprintf(tensor->name, sizeof tensor->name, "%s/%s", layer, what);
    tensor->rank = rank;
    tensor->offset = model->parameter_count;
    tensor->count = 1;
    tensor->fan_in = fan_in;
    for (int i = 0; i < rank; i++) {
        tensor->dims[i] = dims[i];
        tensor->count *= dims[i];
    }
    model->parameter_count += tensor->count;
    return tensor->offset;
}

static struct layer *add_layer(struct model *model, enum layer_kind kind, struct shape out)
{
    struct layer *layer = &model->layers[model->layer_count];
    layer->kind = kind;
    layer->in = model->layer_count ? layer[-1].out : model->input;
    layer->out = out;
    layer->weight = layer->bias = -1;
    model->layer_count++;
    return layer;
}

/* Convolution, LeakyReLU, max-pooling: in -> K channels at half the size; returns that shape. */
static struct shape add_block(struct model *model, int number, struct shape in, int k)
{
    char name[16];
    snprintf(name, sizeof name, "conv%d", number);
    struct shape full = {k, in.h, in.w}, half = {k, in.h / 2, in.w / 2};
    struct layer *conv = add_layer(model, LAYER_CONV3X3, full);
    conv->weight = add_tensor(model, name, "weight", 9 * in.c, 4, (int64_t[4]){k, in.c, 3, 3});
    conv->bias = add_tensor(model, name, "bias", 9 * in.c, 1, (int64_t[4]){k});
    add_layer(model, LAYER_LEAKY_RELU, full)->slope = leaky_slope;
    add_layer(model, LAYER_MAX_POOL2, half);
    return half;
}

static void add_linear(struct model *model, const char *name, struct shape in, int k)
{
    int64_t fan_in = shape_count(in);
    struct layer *linear = add_layer(model, LAYER_LINEAR, (struct shape){k, 1, 1});
    linear->weight = add_tensor(model, name, "weight", fan_in, 2, (int64_t[4]){k, fan_in});
    linear->bias = add_tensor(model, name, "bias", fan_in, 1, (int64_t[4]){k});
}

/* "16,32,64" -> widths; the number of blocks through count. */
static int parse_channels(const char *channels, int widths[MODEL_BLOCKS_MAX], int *count)
{
    const char *at = channels;
    for (*count = 0;; at++) {
        char *end;
        errno = 0;
        long width = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : 0;
        if (width < 1 || width > CHANNELS_MAX || errno)
            return fail(STATUS_USAGE,
                        "channels '%s': expected numbers from 1 to %d with commas between, such as "
                        "16,32,64",
                        channels, CHANNELS_MAX);
        if (*count == MODEL_BLOCKS_MAX)
            return fail(STATUS_USAGE, "channels '%s': more than %d blocks", channels,
                        MODEL_BLOCKS_MAX);
        widths[(*count)++] = (int)width;
        at = end;
        if (*at == '\0')
            return 0;
        if (*at != ',')
            return fail(STATUS_USAGE, "channels '%s': unexpected '%c'; write 16,32,64", channels,
                        *at);
    }
}

int model_build(struct model *model, int image_size, const char *channels)
{
    int widths[MODEL_BLOCKS_MAX], blocks;
    TRY(parse_channels(channels, widths, &blocks));
    if (image_size < 1 || image_size % (1 << blocks) != 0)
        return fail(STATUS_FAILED,
                    "image size %d: %d blocks halve it %d times, so it must be a multiple of %d; "
                    "use fewer channels or another image size",
                    image_size, blocks, blocks, 1 << blocks);
    memset(model, 0, sizeof *model);
    model->input = (struct shape){3, image_size, image_size};
    struct shape shape = model->input;
    for (int i = 0; i < blocks; i++)
        shape = add_block(model, i + 1, shape, widths[i]);
    add_linear(model, "fc", shape, 1);
    return 0;
}

void model_initialise(const struct model *model, uint64_t seed, float *parameters)
{
    for (int t = 0; t < model->tensor_count; t++) {
        const struct tensor *tensor = &model->tensors[t];
        float bound = (float)(1 / sqrt((double)tensor->fan_in));
        for (int64_t k = tensor->offset; k < tensor->offset + tensor->count; k++)
            parameters[k] = (2 * random_unit(random_at(seed, (uint64_t)k)) - 1) * bound;
    }
}
