/* The .onnx file, read again; what it computes is compared by tests/e2e/export.sh. */
#include <string.h>

#include "eval/export.h"
#include "onnx.pb-c.h"
#include "tests/harness.h"

/* A network of two blocks, encoded and read again. */
static Onnx__ModelProto *read_again(struct model *model, float *slab, int float_input)
{
    const struct export_note note = {"positive_class", "fake"};
    const struct export export = {model, slab, &note, 1, float_input};
    uint8_t *bytes;
    size_t byte_count;
    ck_assert_ok(model_build(model, 8, "2,3"));
    for (int64_t i = 0; i < model->parameter_count; i++)
        slab[i] = (float)i / 7;
    ck_assert_ok(onnx_encode(&export, &bytes, &byte_count));
    Onnx__ModelProto *read = onnx__model_proto__unpack(NULL, byte_count, bytes);
    free(bytes);
    ck_assert_ptr_nonnull(read);
    return read;
}

/* Checks the graph's ops, that each reads what the one before made, and the type of its input. */
static void check_graph(int float_input, const char *ops, int type, const int64_t dims[4])
{
    struct model model;
    float slab[256];
    char found[256] = "";
    Onnx__ModelProto *read = read_again(&model, slab, float_input);
    const Onnx__GraphProto *graph = read->graph;
    for (size_t i = 0; i < graph->n_node; i++) {
        snprintf(found + strlen(found), sizeof found - strlen(found), " %s",
                 graph->node[i]->op_type);
        ck_assert_str_eq(graph->node[i]->input[0], i ? graph->node[i - 1]->output[0] : "frames");
    }
    ck_assert_str_eq(found, ops);
    const Onnx__TypeProto__Tensor *input = graph->input[0]->type->tensor_type;
    ck_assert_int_eq(input->elem_type, type);
    ck_assert_str_eq(input->shape->dim[0]->dim_param, "N");
    for (int i = 1; i < 4; i++)
        ck_assert_int_eq(input->shape->dim[i]->dim_value, dims[i]);
    ck_assert_str_eq(graph->output[0]->name, "probability");
    ck_assert_str_eq(graph->output[1]->name, "logit");
    ck_assert_int_eq(read->opset_import[0]->version, 17);
    ck_assert_str_eq(read->metadata_props[0]->value, "fake");
    onnx__model_proto__free_unpacked(read, NULL);
}

#define NETWORK " Conv LeakyRelu MaxPool Conv LeakyRelu MaxPool Flatten Gemm Squeeze Sigmoid"

START_TEST(test_bytes_go_through_the_scaling_and_floats_do_not)
{
    check_graph(0, " Transpose Cast Div" NETWORK, ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
                (int64_t[]){0, 8, 8, 3});
    check_graph(1, NETWORK, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, (int64_t[]){0, 3, 8, 8});
}
END_TEST

START_TEST(test_weights_are_the_slab_under_state_dict_names)
{
    static const char *const names[] = {"conv1.weight", "conv1.bias", "conv2.weight",
                                        "conv2.bias",   "fc.weight",  "fc.bias"};
    struct model model;
    float slab[256];
    Onnx__ModelProto *read = read_again(&model, slab, 1);
    const Onnx__GraphProto *graph = read->graph;
    for (int t = 0; t < model.tensor_count; t++) {
        const Onnx__TensorProto *found = graph->initializer[t];
        const struct tensor *tensor = &model.tensors[t];
        ck_assert_str_eq(found->name, names[t]);
        ck_assert_uint_eq(found->n_dims, (size_t)tensor->rank);
        ck_assert_mem_eq(found->dims, tensor->dims, found->n_dims * sizeof *tensor->dims);
        ck_assert_uint_eq(found->raw_data.len, (size_t)tensor->count * sizeof(float));
        ck_assert_mem_eq(found->raw_data.data, slab + tensor->offset, found->raw_data.len);
    }
    ck_assert_str_eq(graph->node[3]->input[1], "conv2.weight");
    ck_assert_str_eq(graph->node[3]->input[2], "conv2.bias");
    onnx__model_proto__free_unpacked(read, NULL);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {test_bytes_go_through_the_scaling_and_floats_do_not,
                            test_weights_are_the_slab_under_state_dict_names};
    return HARNESS_RUN("onnx", tests, 10);
}
