/* The network as data: a list of layers with shapes over one flat slab of parameters.
 *
 * Shapes use one alphabet everywhere: N batch, C channels, H rows, W columns, K output channels.
 * Parameters, their gradients and the optimiser's state are float32 slabs of parameter_count
 * elements each, in PyTorch's state_dict order (conv1/weight, conv1/bias, ..., fc/weight, fc/bias),
 * so that a broadcast, a sum, an update or a checkpoint is one call. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdint.h>

enum { MODEL_BLOCKS_MAX = 10, MODEL_LAYERS_MAX = 3 * MODEL_BLOCKS_MAX + 1 };
enum { MODEL_TENSORS_MAX = 2 * (MODEL_BLOCKS_MAX + 1) };

enum layer_kind {
    LAYER_CONV3X3,    /* weight (K,C,3,3), bias (K); stride 1, zero padding 1 */
    LAYER_LEAKY_RELU, /* y = x > 0 ? x : slope x */
    LAYER_MAX_POOL2, /* 2x2, stride 2; of equal values the first in row order wins, as in PyTorch */
    LAYER_LINEAR,    /* flattens C,H,W; weight (K, C H W), bias (K) */
};

struct shape {
    int c, h, w;
};

struct layer {
    enum layer_kind kind;
    struct shape in, out;
    float slope;          /* LAYER_LEAKY_RELU */
    int64_t weight, bias; /* offsets into the slab; -1 for a layer without parameters */
};

struct tensor {
    char name[32]; /* "conv1/weight": its path below /model in a run file */
    int rank;
    int64_t dims[4];
    int64_t offset, count; /* floats, into the slab */
    int64_t fan_in;        /* of the layer it belongs to */
};

struct model {
    struct shape input; /* (C,H,W) of a frame: (3, image_size, image_size) */
    int layer_count, tensor_count;
    struct layer layers[MODEL_LAYERS_MAX];
    struct tensor tensors[MODEL_TENSORS_MAX];
    int64_t parameter_count;
};

/* Fills model with the detector: per entry of `channels` ("16,32,64") a 3x3 convolution, LeakyReLU
 * 0.1 and 2x2 max-pooling, then one linear unit whose output is the logit of P(fake).
 * STATUS_USAGE for a bad list, STATUS_FAILED when image_size is not divisible by 2^blocks. */
int model_build(struct model *model, int image_size, const char *channels);

static inline int64_t shape_count(struct shape s)
{
    return (int64_t)s.c * s.h * s.w;
}

/* Initial parameters: U(-1/sqrt(fan_in), +1/sqrt(fan_in)) for weights and biases, PyTorch's default
 * for convolutions and linear layers. Element k is a function of (seed, k) alone. */
void model_initialise(const struct model *model, uint64_t seed, float *parameters);

/* Loss of one frame from its logit z and label y (1 = fake): binary cross-entropy,
 * -(y log p + (1-y) log(1-p)) with p = 1/(1+exp(-z)); each log is bounded below by -100. */
double loss_bce(float logit, int label);

/* d loss_bce / d z = p - y. */
float loss_bce_gradient(float logit, int label);

/* P(fake) = 1/(1+exp(-z)), rounded to the float32 that is stored and thresholded everywhere. */
float loss_probability(float logit);

/* RMSprop over slabs of count elements (Hinton 2012, PyTorch's form without momentum):
 * v = a v + (1-a) g^2, w -= lr g / (sqrt(v) + 1e-8), a = 0.99. */
void rmsprop_update(int64_t count, float learning_rate, const float *gradient, float *square_avg,
                    float *parameters);

#endif
