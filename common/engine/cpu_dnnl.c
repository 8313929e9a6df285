#include "engine/cpu_dnnl.h"

#include <stdlib.h>

#include "base/memory.h"

static const dnnl_dims_t ones = {1, 1}; /* strides, and padding on each side */
static const dnnl_alg_kind_t algorithm = dnnl_convolution_direct;

#if DNNL_VERSION_MAJOR >= 3

int tensor_desc_create(tensor_desc *desc, int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    DNNL_TRY(dnnl_memory_desc_create_with_tag, desc, rank, dims, dnnl_f32, tag);
    return 0;
}

void tensor_desc_destroy(tensor_desc *desc)
{
    if (*desc)
        dnnl_memory_desc_destroy(*desc);
    *desc = NULL;
}

dnnl_status_t convolution_desc_create(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                      dnnl_prop_kind_t kind, const_tensor_desc x,
                                      const_tensor_desc weights, const_tensor_desc bias,
                                      const_tensor_desc y, const_dnnl_primitive_desc_t forward,
                                      const_dnnl_primitive_attr_t attributes)
{
    static const dnnl_dims_t undilated = {0, 0};
    switch (kind) {
    case dnnl_backward_weights:
        return dnnl_convolution_backward_weights_primitive_desc_create(desc, engine, algorithm, x,
                                                                       weights, bias, y, ones,
                                                                       undilated, ones, ones,
                                                                       forward, attributes);
    case dnnl_backward_data:
        return dnnl_convolution_backward_data_primitive_desc_create(desc, engine, algorithm, x,
                                                                    weights, y, ones, undilated,
                                                                    ones, ones, forward,
                                                                    attributes);
    default:
        return dnnl_convolution_forward_primitive_desc_create(desc, engine, kind, algorithm, x,
                                                              weights, bias, y, ones, undilated,
                                                              ones, ones, attributes);
    }
}

#else

int tensor_desc_create(tensor_desc *desc, int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    *desc = memory_zeroed(1, sizeof **desc, "tensor description");
    if (!*desc)
        return STATUS_FAILED;
    DNNL_TRY(dnnl_memory_desc_init_by_tag, *desc, rank, dims, dnnl_f32, tag);
    return 0;
}

void tensor_desc_destroy(tensor_desc *desc)
{
    free(*desc);
    *desc = NULL;
}

dnnl_status_t convolution_desc_create(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                      dnnl_prop_kind_t kind, const_tensor_desc x,
                                      const_tensor_desc weights, const_tensor_desc bias,
                                      const_tensor_desc y, const_dnnl_primitive_desc_t forward,
                                      const_dnnl_primitive_attr_t attributes)
{
    dnnl_convolution_desc_t operation;
    dnnl_status_t status;
    switch (kind) {
    case dnnl_backward_weights:
        status = dnnl_convolution_backward_weights_desc_init(&operation, algorithm, x, weights,
                                                             bias, y, ones, ones, ones);
        break;
    case dnnl_backward_data:
        status = dnnl_convolution_backward_data_desc_init(&operation, algorithm, x, weights, y,
                                                          ones, ones, ones);
        break;
    default:
        status = dnnl_convolution_forward_desc_init(&operation, kind, algorithm, x, weights, bias,
                                                    y, ones, ones, ones);
    }
    return status == dnnl_success
               ? dnnl_primitive_desc_create(desc, &operation, attributes, engine, forward)
               : status;
}

#endif
