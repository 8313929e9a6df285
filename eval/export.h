/* The network in the formats of other programs. Both begin with names and numbers of PyTorch's
 * state_dict ("conv1.weight"), float32, little-endian. */
#ifndef EVAL_EXPORT_H
#define EVAL_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

struct export_note {
    const char *name, *value; /* plain ASCII without quotes or backslashes */
};

struct export
{
    const struct model *model;
    const float *parameters;         /* slab of model->parameter_count */
    const struct export_note *notes; /* where it came from, and what its output means */
    int note_count;
    int float_input; /* .onnx: takes (N,3,H,W) of 0..1 instead of bytes (N,H,W,3) */
};

enum { EXPORT_NAME_BYTES = 32 };

/* "conv1/weight" in a run is "conv1.weight" outside. */
void export_name(const struct tensor *tensor, char name[EXPORT_NAME_BYTES]);

/* The whole file in memory, malloc'd and the caller's.
 *
 * ONNX of opset 17: input `frames`; outputs `probability` and `logit`, float32 (N) each, of any N.
 * safetensors: the slab behind a JSON header; the notes are its __metadata__. */
int onnx_encode(const struct export *export, uint8_t **bytes, size_t *byte_count);
int safetensors_encode(const struct export *export, uint8_t **bytes, size_t *byte_count);

#endif
