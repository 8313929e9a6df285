/* The only place that includes oneDNN's header, and that knows its two interfaces: what version 3
 * hands out as handles, version 2 has the caller hold as structs, with descriptors of operations
 * between them and a primitive. */
#ifndef ENGINE_CPU_DNNL_H
#define ENGINE_CPU_DNNL_H

#include <dnnl.h>
#include <dnnl_debug.h>

#include "base/status.h"

/* Hands the failure of a oneDNN call up, with the call's name and oneDNN's code. */
#define DNNL_TRY(function, ...)                                                                    \
    do {                                                                                           \
        dnnl_status_t dnnl_try_ = function(__VA_ARGS__);                                           \
        if (dnnl_try_ != dnnl_success)                                                             \
            return fail(STATUS_FAILED, "oneDNN: %s failed (%s)", #function,                        \
                        dnnl_status2str(dnnl_try_));                                               \
    } while (0)

/* The description of a float32 tensor, as oneDNN's functions take and return it. */
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t tensor_desc;
typedef const_dnnl_memory_desc_t const_tensor_desc;
#else
typedef dnnl_memory_desc_t *tensor_desc;
typedef const dnnl_memory_desc_t *const_tensor_desc;
#endif

int tensor_desc_create(tensor_desc *desc, int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag);
void tensor_desc_destroy(tensor_desc *desc);

/* A 3x3 convolution of stride 1 and padding 1: dnnl_forward_training, with bias;
 * dnnl_backward_weights, with that of the bias; dnnl_backward_data, without (bias: NULL).
 * forward: that one's, to the other two. attributes may be NULL. */
dnnl_status_t convolution_desc_create(dnnl_primitive_desc_t *desc, dnnl_engine_t engine,
                                      dnnl_prop_kind_t kind, const_tensor_desc x,
                                      const_tensor_desc weights, const_tensor_desc bias,
                                      const_tensor_desc y, const_dnnl_primitive_desc_t forward,
                                      const_dnnl_primitive_attr_t attributes);

#endif
