/* The reference engine: every layer as its definition says, one frame at a time, one thread.
 *
 * It is the oracle that the other engines are tested against, so it is written to be read.
 * Activations, their differentials and the gradient are doubles; only parameters, logits and the
 * slabs are float32. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "engine/slabs.h"
#include "engine/table.h"
#include "model/model.h"

struct reference {
    struct slabs slabs; /* first, as slabs_step wants it */
    const struct model *model;
    /* x[l] is the input of layer l and x[layer_count] the logits; dx[l] = d loss / d x[l]. */
    double *x[MODEL_LAYERS_MAX + 1], *dx[MODEL_LAYERS_MAX + 1];
    double *gradient; /* sum over the frames, unscaled */
};

/* y[k,i,j] = b[k] + sum over c,u,v of w[k,c,u,v] x[c,i+u-1,j+v-1], zero outside of x.
 * One walk over the terms serves both directions; dy == NULL asks for forward. */
static void conv_walk(const struct layer *layer, const float *w, const double *x, double *y,
                      const double *dy, double *dw, double *dx)
{
    const int C = layer->in.c, H = layer->in.h, W = layer->in.w, K = layer->out.c;
    for (int k = 0; k < K; k++)
        for (int c = 0; c < C; c++)
            for (int u = 0; u < 3; u++)
                for (int v = 0; v < 3; v++) {
                    const int term = ((k * C + c) * 3 + u) * 3 + v;
                    const int i_end = u == 2 ? H - 1 : H, j_end = v == 2 ? W - 1 : W;
                    double sum = 0;
                    for (int i = u == 0; i < i_end; i++)
                        for (int j = v == 0; j < j_end; j++) {
                            const int at_y = (k * H + i) * W + j;
                            const int at_x = (c * H + i + u - 1) * W + j + v - 1;
                            if (!dy) {
                                y[at_y] += w[term] * x[at_x];
                            } else {
                                sum += dy[at_y] * x[at_x];
                                dx[at_x] += dy[at_y] * w[term];
                            }
                        }
                    if (dy)
                        dw[term] += sum;
                }
}

static void conv_forward(const struct layer *layer, const float *w, const float *b, const double *x,
                         double *y)
{
    const int plane = layer->out.h * layer->out.w;
    for (int k = 0; k < layer->out.c; k++)
        for (int i = 0; i < plane; i++)
            y[k * plane + i] = b[k];
    conv_walk(layer, w, x, y, NULL, NULL, NULL);
}

static void conv_backward(const struct layer *layer, const float *w, const double *x,
                          const double *dy, double *dx, double *dw, double *db)
{
    const int plane = layer->out.h * layer->out.w;
    for (int k = 0; k < layer->out.c; k++)
        for (int i = 0; i < plane; i++)
            db[k] += dy[k * plane + i];
    memset(dx, 0, (size_t)shape_count(layer->in) * sizeof *dx);
    conv_walk(layer, w, x, NULL, dy, dw, dx);
}

static void leaky_relu_forward(const struct layer *layer, const double *x, double *y)
{
    for (int64_t i = 0; i < shape_count(layer->in); i++)
        y[i] = x[i] > 0 ? x[i] : layer->slope * x[i];
}

static void leaky_relu_backward(const struct layer *layer, const double *x, const double *dy,
                                double *dx)
{
    for (int64_t i = 0; i < shape_count(layer->in); i++)
        dx[i] = x[i] > 0 ? dy[i] : layer->slope * dy[i];
}

/* Index into x of the largest value under output (c,i,j); the first in row order of equal ones. */
static int pool_winner(const struct layer *layer, const double *x, int c, int i, int j)
{
    const int W = layer->in.w, first = (c * layer->in.h + 2 * i) * W + 2 * j;
    const int candidates[4] = {first, first + 1, first + W, first + W + 1};
    int best = first;
    for (int q = 1; q < 4; q++)
        if (x[candidates[q]] > x[best])
            best = candidates[q];
    return best;
}

static void max_pool_forward(const struct layer *layer, const double *x, double *y)
{
    for (int c = 0; c < layer->out.c; c++)
        for (int i = 0; i < layer->out.h; i++)
            for (int j = 0; j < layer->out.w; j++)
                *y++ = x[pool_winner(layer, x, c, i, j)];
}

static void max_pool_backward(const struct layer *layer, const double *x, const double *dy,
                              double *dx)
{
    memset(dx, 0, (size_t)shape_count(layer->in) * sizeof *dx);
    for (int c = 0; c < layer->out.c; c++)
        for (int i = 0; i < layer->out.h; i++)
            for (int j = 0; j < layer->out.w; j++)
                dx[pool_winner(layer, x, c, i, j)] = *dy++;
}

/* y[k] = b[k] + sum over i of w[k,i] x[i] */
static void linear_forward(const struct layer *layer, const float *w, const float *b,
                           const double *x, double *y)
{
    const int64_t count = shape_count(layer->in);
    for (int k = 0; k < layer->out.c; k++) {
        y[k] = b[k];
        for (int64_t i = 0; i < count; i++)
            y[k] += w[k * count + i] * x[i];
    }
}

static void linear_backward(const struct layer *layer, const float *w, const double *x,
                            const double *dy, double *dx, double *dw, double *db)
{
    const int64_t count = shape_count(layer->in);
    memset(dx, 0, (size_t)count * sizeof *dx);
    for (int k = 0; k < layer->out.c; k++) {
        db[k] += dy[k];
        for (int64_t i = 0; i < count; i++) {
            dw[k * count + i] += dy[k] * x[i];
            dx[i] += dy[k] * w[k * count + i];
        }
    }
}

static float frame_forward(struct reference *engine, const uint8_t *frame)
{
    const struct model *model = engine->model;
    const float *parameters = engine->slabs.values[ENGINE_PARAMETERS];
    const int plane = model->input.h * model->input.w, C = model->input.c;
    for (int c = 0; c < C; c++)
        for (int i = 0; i < plane; i++)
            engine->x[0][c * plane + i] = frame[i * C + c] / 255.0;
    for (int l = 0; l < model->layer_count; l++) {
        const struct layer *layer = &model->layers[l];
        const double *x = engine->x[l];
        double *y = engine->x[l + 1];
        switch (layer->kind) {
        case LAYER_CONV3X3:
            conv_forward(layer, parameters + layer->weight, parameters + layer->bias, x, y);
            break;
        case LAYER_LEAKY_RELU:
            leaky_relu_forward(layer, x, y);
            break;
        case LAYER_MAX_POOL2:
            max_pool_forward(layer, x, y);
            break;
        case LAYER_LINEAR:
            linear_forward(layer, parameters + layer->weight, parameters + layer->bias, x, y);
            break;
        }
    }
    return (float)engine->x[model->layer_count][0];
}

/* Adds the gradient of the frame that was forwarded last. */
static void frame_backward(struct reference *engine, float logit, int label)
{
    const struct model *model = engine->model;
    const float *parameters = engine->slabs.values[ENGINE_PARAMETERS];
    engine->dx[model->layer_count][0] = loss_bce_gradient(logit, label);
    for (int l = model->layer_count - 1; l >= 0; l--) {
        const struct layer *layer = &model->layers[l];
        const double *x = engine->x[l], *dy = engine->dx[l + 1];
        double *dx = engine->dx[l], *g = engine->gradient;
        switch (layer->kind) {
        case LAYER_CONV3X3:
            conv_backward(layer, parameters + layer->weight, x, dy, dx, g + layer->weight,
                          g + layer->bias);
            break;
        case LAYER_LEAKY_RELU:
            leaky_relu_backward(layer, x, dy, dx);
            break;
        case LAYER_MAX_POOL2:
            max_pool_backward(layer, x, dy, dx);
            break;
        case LAYER_LINEAR:
            linear_backward(layer, parameters + layer->weight, x, dy, dx, g + layer->weight,
                            g + layer->bias);
            break;
        }
    }
}

static int reference_forward(void *state, int count, const uint8_t *frames, float *logits)
{
    struct reference *engine = state;
    const int64_t frame_bytes = shape_count(engine->model->input);
    for (int n = 0; n < count; n++)
        logits[n] = frame_forward(engine, frames + n * frame_bytes);
    return 0;
}

static int reference_backward(void *state, int count, const uint8_t *frames, const uint8_t *labels,
                              float scale, float *logits)
{
    struct reference *engine = state;
    const int64_t frame_bytes = shape_count(engine->model->input);
    memset(engine->gradient, 0, (size_t)engine->slabs.count * sizeof *engine->gradient);
    for (int n = 0; n < count; n++) {
        logits[n] = frame_forward(engine, frames + n * frame_bytes);
        frame_backward(engine, logits[n], labels[n]);
    }
    for (int64_t i = 0; i < engine->slabs.count; i++)
        engine->slabs.values[ENGINE_GRADIENT][i] = (float)(scale * engine->gradient[i]);
    return 0;
}

static void reference_close(void *state)
{
    struct reference *engine = state;
    for (int l = 0; l <= MODEL_LAYERS_MAX; l++) {
        free(engine->x[l]);
        free(engine->dx[l]);
    }
    free(engine->gradient);
    slabs_destroy(&engine->slabs);
    free(engine);
}

static int allocate(struct reference *engine)
{
    const struct model *model = engine->model;
    TRY(slabs_create(&engine->slabs, model->parameter_count));
    engine->gradient =
        memory_zeroed((size_t)model->parameter_count, sizeof(double), "gradient sums");
    if (!engine->gradient)
        return STATUS_FAILED;
    for (int l = 0; l <= model->layer_count; l++) {
        struct shape shape = l == 0 ? model->input : model->layers[l - 1].out;
        size_t count = (size_t)shape_count(shape);
        engine->x[l] = memory_zeroed(count, sizeof(double), "activations");
        engine->dx[l] = memory_zeroed(count, sizeof(double), "differentials");
        if (!engine->x[l] || !engine->dx[l])
            return STATUS_FAILED;
    }
    return 0;
}

static int reference_open(void **state, const struct model *model,
                          const struct engine_settings *settings)
{
    TRY(slabs_check_precision("reference", settings->precision));
    struct reference *engine = memory_zeroed(1, sizeof *engine, "reference engine");
    if (!engine)
        return STATUS_FAILED;
    engine->model = model;
    int status = allocate(engine);
    if (status < 0) {
        reference_close(engine);
        return status;
    }
    *state = engine;
    return 0;
}

static const char *reference_library(void)
{
    return "plain C";
}

const struct engine_table engine_reference = {
    .name = "reference",
    .score_rows = 32,
    .library = reference_library,
    .open = reference_open,
    .close = reference_close,
    .forward = reference_forward,
    .backward = reference_backward,
    .step = slabs_step,
    .get = slabs_get,
    .set = slabs_set,
};
