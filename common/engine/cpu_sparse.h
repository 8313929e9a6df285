/* The backward passes of a 3x3 convolution, under a 2x2 max-pooling without the zeros.
 *
 * Of the four outputs of the convolution in a pooling window only the winner has a differential, so
 * three quarters of what a dense backward convolution multiplies are zeros. Here each (output
 * channel, window) is one differential d at a place that the winner names, and it meets the 3x3
 * patch of the input around that place:
 *
 *     dw[k,:,u,v] += d x[:,i+u-1,j+v-1]        dx[:,i+u-1,j+v-1] += d w[k,:,u,v]
 *
 * with L = 8 or 16 input channels in a vector. Without a pooling every output is a window that it
 * wins. Inputs lie in "padded" order, (C/L, H+2, W+2, L) with zeros around and in absent channels,
 * weights and their gradient as (K, C/L, 3, 3, L): a patch is three runs of three vectors. */
#ifndef ENGINE_CPU_SPARSE_H
#define ENGINE_CPU_SPARSE_H

#include "engine/cpu.h"

/* op: the convolution; op->out is behind the pooling. */
int sparse_lanes(const struct cpu_op *op);             /* L */
int64_t sparse_padded_count(const struct cpu_op *op);  /* floats of a padded input */
int64_t sparse_weights_count(const struct cpu_op *op); /* floats of packed weights */

void sparse_pad(const struct cpu_op *op, float *x, float *padded);
void sparse_unpad(const struct cpu_op *op, float *padded, float *x);
/* (K,C,3,3) to packed, whose absent channels are left as they are, and back. */
void sparse_pack(const struct cpu_op *op, const float *w, float *packed);
void sparse_unpack(const struct cpu_op *op, const float *packed, float *w);

/* dy and winner (0 1 / 2 3; without a pooling 0) as op->out lies. Both ADD: to packed dw and db; to
 * padded dx. */
void sparse_backward_weights(const struct cpu_op *op, const float *dy, const uint8_t *winner,
                             const float *padded, float *dw, float *db);
void sparse_backward_data(const struct cpu_op *op, const float *dy, const uint8_t *winner,
                          const float *packed, float *padded_dx);

#endif
