/* The network as an ONNX graph: a chain, in which every node reads what the one before it made.
 *
 *     frames (N,H,W,3) bytes -> Transpose, Cast, Div 255 -> Conv, LeakyRelu, MaxPool, ... ->
 *     Flatten, Gemm, Squeeze -> logit (N) -> Sigmoid -> probability (N)
 *
 * The messages are plain structs that protobuf-c generates from ONNX's own description; they stand
 * in one block of memory, and pointers lead from one to the next. protobuf-c knows no const: what
 * is only read here loses it in a cast. */
#include "eval/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/version.h"
#include "onnx.pb-c.h"

enum { NODES_MAX = MODEL_LAYERS_MAX + 6, TENSORS_MAX = MODEL_TENSORS_MAX + 2, NOTES_MAX = 16 };
enum { OPSET = 17, IR_VERSION = 8 }; /* ONNX 1.12 and whatever came later */
enum {
    FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    UINT8 = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
    INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64
};

struct node {
    Onnx__NodeProto proto;
    char *inputs[3], *output, output_name[16];
    Onnx__AttributeProto attributes[2], *attribute_list[2];
};

/* An input or output of the graph. */
struct value {
    Onnx__ValueInfoProto proto;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dims[4], *dim_list[4];
};

struct graph {
    Onnx__ModelProto model;
    Onnx__GraphProto proto;
    Onnx__OperatorSetIdProto opset, *opset_list;
    struct value input, logit, probability;
    Onnx__ValueInfoProto *input_list, *output_list[2];
    struct node nodes[NODES_MAX];
    Onnx__NodeProto *node_list[NODES_MAX];
    Onnx__TensorProto tensors[TENSORS_MAX], *tensor_list[TENSORS_MAX];
    char names[TENSORS_MAX][EXPORT_NAME_BYTES];
    Onnx__StringStringEntryProto notes[NOTES_MAX], *note_list[NOTES_MAX];
};

/* dims[0] is N, whatever stands there. */
static Onnx__ValueInfoProto *describe(struct value *v, char *name, int type, int rank,
                                      const int64_t *dims)
{
    onnx__value_info_proto__init(&v->proto);
    onnx__type_proto__init(&v->type);
    onnx__type_proto__tensor__init(&v->tensor);
    onnx__tensor_shape_proto__init(&v->shape);
    for (int i = 0; i < rank; i++) {
        onnx__tensor_shape_proto__dimension__init(&v->dims[i]);
        v->dims[i].value_case = i ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                                  : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        if (i)
            v->dims[i].dim_value = dims[i];
        else
            v->dims[i].dim_param = "N";
        v->dim_list[i] = &v->dims[i];
    }
    v->shape.n_dim = (size_t)rank;
    v->shape.dim = v->dim_list;
    v->tensor.has_elem_type = 1;
    v->tensor.elem_type = type;
    v->tensor.shape = &v->shape;
    v->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    v->type.tensor_type = &v->tensor;
    v->proto.name = name;
    v->proto.type = &v->type;
    return &v->proto;
}

/* Appends a constant; returns its name. */
static char *add_tensor(struct graph *g, const char *name, int type, int rank, const int64_t *dims,
                        const void *data, size_t bytes)
{
    size_t i = g->proto.n_initializer++;
    Onnx__TensorProto *tensor = g->tensor_list[i] = &g->tensors[i];
    onnx__tensor_proto__init(tensor);
    snprintf(g->names[i], sizeof g->names[i], "%s", name);
    tensor->name = g->names[i];
    tensor->has_data_type = tensor->has_raw_data = 1;
    tensor->data_type = type;
    tensor->n_dims = (size_t)rank;
    tensor->dims = (int64_t *)dims;
    tensor->raw_data = (ProtobufCBinaryData){bytes, (uint8_t *)data};
    return tensor->name;
}

/* Appends a step of the chain that also reads these constants (NULL: none). */
static struct node *add_node(struct graph *g, char *op, char *weight, char *bias)
{
    size_t i = g->proto.n_node++;
    struct node *node = &g->nodes[i];
    onnx__node_proto__init(&node->proto);
    snprintf(node->output_name, sizeof node->output_name, "x%zu", i);
    node->output = node->output_name;
    node->inputs[0] = i ? g->nodes[i - 1].output : g->input.proto.name;
    node->inputs[1] = weight;
    node->inputs[2] = bias;
    node->proto.op_type = op;
    node->proto.n_input = 1 + (size_t)(weight != NULL) + (size_t)(bias != NULL);
    node->proto.input = node->inputs;
    node->proto.n_output = 1;
    node->proto.output = &node->output;
    node->proto.attribute = node->attribute_list;
    g->node_list[i] = &node->proto;
    return node;
}

static Onnx__AttributeProto *add_attribute(struct node *node, char *name,
                                           Onnx__AttributeProto__AttributeType type)
{
    size_t i = node->proto.n_attribute++;
    Onnx__AttributeProto *attribute = node->attribute_list[i] = &node->attributes[i];
    onnx__attribute_proto__init(attribute);
    attribute->name = name;
    attribute->has_type = 1;
    attribute->type = type;
    return attribute;
}

static void set_int(struct node *node, char *name, int64_t value)
{
    Onnx__AttributeProto *a = add_attribute(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    a->has_i = 1;
    a->i = value;
}

static void set_ints(struct node *node, char *name, size_t count, const int64_t *values)
{
    Onnx__AttributeProto *a =
        add_attribute(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    a->n_ints = count;
    a->ints = (int64_t *)values;
}

static void set_float(struct node *node, char *name, float value)
{
    Onnx__AttributeProto *a =
        add_attribute(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    a->has_f = 1;
    a->f = value;
}

static void add_layer(struct graph *g, const struct layer *layer, char *weight, char *bias)
{
    static const int64_t ones[] = {1, 1, 1, 1}, twos[] = {2, 2};
    struct node *node;
    switch (layer->kind) {
    case LAYER_CONV3X3:
        set_ints(add_node(g, "Conv", weight, bias), "pads", 4, ones);
        break;
    case LAYER_LEAKY_RELU:
        set_float(add_node(g, "LeakyRelu", NULL, NULL), "alpha", layer->slope);
        break;
    case LAYER_MAX_POOL2:
        node = add_node(g, "MaxPool", NULL, NULL);
        set_ints(node, "kernel_shape", 2, twos);
        set_ints(node, "strides", 2, twos);
        break;
    case LAYER_LINEAR:
        add_node(g, "Flatten", NULL, NULL);
        set_int(add_node(g, "Gemm", weight, bias), "transB", 1);
        break;
    }
}

static void add_input(struct graph *g, const struct export *export)
{
    static const float scale = 255;
    static const int64_t to_nchw[] = {0, 3, 1, 2};
    struct shape in = export->model->input;
    int is_float = export->float_input;
    g->input_list =
        describe(&g->input, "frames", is_float ? FLOAT : UINT8, 4,
                 is_float ? (int64_t[]){0, in.c, in.h, in.w} : (int64_t[]){0, in.h, in.w, in.c});
    if (is_float)
        return;
    set_ints(add_node(g, "Transpose", NULL, NULL), "perm", 4, to_nchw);
    set_int(add_node(g, "Cast", NULL, NULL), "to", FLOAT);
    add_node(g, "Div", add_tensor(g, "scale", FLOAT, 0, NULL, &scale, sizeof scale), NULL);
}

static void add_network(struct graph *g, const struct export *export)
{
    const struct model *model = export->model;
    const struct tensor *tensor = model->tensors;
    for (int i = 0; i < model->layer_count; i++) {
        char *names[2] = {NULL, NULL};
        for (int t = 0; t < 2 && model->layers[i].weight >= 0; t++, tensor++) {
            char name[EXPORT_NAME_BYTES];
            export_name(tensor, name);
            names[t] = add_tensor(g, name, FLOAT, tensor->rank, tensor->dims,
                                  export->parameters + tensor->offset,
                                  (size_t)tensor->count * sizeof(float));
        }
        add_layer(g, &model->layers[i], names[0], names[1]);
    }
}

static void add_outputs(struct graph *g)
{
    static const int64_t axis = 1, one = 1;
    add_node(g, "Squeeze", add_tensor(g, "axes", INT64, 1, &one, &axis, sizeof axis), NULL)
        ->output = "logit";
    add_node(g, "Sigmoid", NULL, NULL)->output = "probability";
    g->output_list[0] = describe(&g->probability, "probability", FLOAT, 1, NULL);
    g->output_list[1] = describe(&g->logit, "logit", FLOAT, 1, NULL);
}

static void add_notes(struct graph *g, const struct export *export)
{
    for (int i = 0; i < export->note_count && i < NOTES_MAX; i++) {
        onnx__string_string_entry_proto__init(&g->notes[i]);
        g->notes[i].key = (char *)export->notes[i].name;
        g->notes[i].value = (char *)export->notes[i].value;
        g->note_list[g->model.n_metadata_props++] = &g->notes[i];
    }
}

static void fill(struct graph *g, const struct export *export)
{
    onnx__model_proto__init(&g->model);
    onnx__graph_proto__init(&g->proto);
    onnx__operator_set_id_proto__init(&g->opset);
    add_input(g, export);
    add_network(g, export);
    add_outputs(g);
    add_notes(g, export);
    g->proto.name = "unmask";
    g->proto.node = g->node_list;
    g->proto.initializer = g->tensor_list;
    g->proto.n_input = 1;
    g->proto.input = &g->input_list;
    g->proto.n_output = 2;
    g->proto.output = g->output_list;
    g->opset.domain = "";
    g->opset.has_version = g->model.has_ir_version = 1;
    g->opset.version = OPSET;
    g->opset_list = &g->opset;
    g->model.ir_version = IR_VERSION;
    g->model.n_opset_import = 1;
    g->model.opset_import = &g->opset_list;
    g->model.producer_name = "unmask";
    g->model.producer_version = (char *)version_number();
    g->model.graph = &g->proto;
    g->model.metadata_props = g->note_list;
}

int onnx_encode(const struct export *export, uint8_t **bytes, size_t *byte_count)
{
    struct graph *g = memory_zeroed(1, sizeof *g, "ONNX graph");
    if (!g)
        return STATUS_FAILED;
    fill(g, export);
    int status = 0;
    *byte_count = onnx__model_proto__get_packed_size(&g->model);
    if (*byte_count > INT32_MAX)
        status = fail(STATUS_FAILED, "the network has %zu MB, ONNX allows 2048; use .safetensors",
                      *byte_count >> 20);
    *bytes = status == 0 ? memory_zeroed(*byte_count, 1, "ONNX file") : NULL;
    if (*bytes)
        onnx__model_proto__pack(&g->model, *bytes);
    free(g);
    return *bytes ? 0 : STATUS_FAILED;
}
