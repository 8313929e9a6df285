/* The only place that includes oneDNN's header (version 2: descriptors of operations). */
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

#endif
