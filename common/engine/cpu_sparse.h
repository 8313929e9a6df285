/* The backward passes of a 3x3 convolution under a 2x2 max-pooling, without the zeros.
 *
 * Of the four outputs of the convolution in a pooling window only the winner has a differential, so
 * three quarters of what a dense backward convolution multiplies are zeros. Here each (output
 * channel, window) is one differential d at a place that the winner names, and it meets the 3x3
 * patch of the input around that place:
 *
 *     dw[k,:,u,v] += d x[:,i+u-1,j+v-1]        dx[:,i+u-1,j+v-1] += d w[k,:,u,v]
 *
 * with eight input channels in a vector. Inputs lie in "padded" order, (C/8, H+2, W+2, 8) with
 * zeros around and in absent channels, weights and their gradient as (K, C/8, 3, 3, 8): a patch is
 * three runs of three vectors. */
#ifndef ENGINE_CPU_SPARSE_H
#define ENGINE_CPU_SPARSE_H

#include "engine/cpu.h"

struct sparse {
    struct layout x; /* input of the convolution */
    struct layout y; /* output of the pooling */
};

int64_t sparse_padded_count(const struct sparse *sparse);  /* floats of a padded input */
int64_t sparse_weights_count(const struct sparse *sparse); /* floats of packed weights */

void sparse_pad(const struct sparse *sparse, const float *x, float *padded);
void sparse_unpad(const struct sparse *sparse, const float *padded, float *x);
/* (K,C,3,3) to packed, and back. */
void sparse_pack(const struct sparse *sparse, const float *w, float *packed);
void sparse_unpack(const struct sparse *sparse, const float *packed, float *w);

/* dy and winner (0 1 / 2 3) as the pooling has them. Both ADD: to packed dw and db; to padded dx.
 */
void sparse_backward_weights(const struct sparse *sparse, const float *dy, const uint8_t *winner,
                             const float *padded, float *dw, float *db);
void sparse_backward_data(const struct sparse *sparse, const float *dy, const uint8_t *winner,
                          const float *packed, float *padded_dx);

#endif
