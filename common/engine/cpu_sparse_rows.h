/* The two inner loops of cpu_sparse.c, for vectors of LANES channels; included once for each width.
 *
 * One output channel and one row of windows: `width` differentials d, winners q, both `step` apart;
 * x and dx: the padded input rows of this channel group, from the one above the upper row of the
 * windows; `line` vectors to a row. */
#include <stdint.h>

#include "base/vector.h"

#ifndef LANES
#define LANES 8
#endif

#define NAMED_(name, lanes) name##_##lanes
#define NAMED(name, lanes)  NAMED_(name, lanes)
#define VECTOR_             NAMED(float_vector, LANES)

typedef float VECTOR_ __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* Nine sums stay in registers; each row is summed by itself before it joins the others, which keeps
 * the rounding error of thousands of terms at that of a few dozen. Returns the sum of d. */
VECTOR_FMA static float NAMED(weights_row, LANES)(int width, int pooled, int step, int line,
                                                  const float *restrict d,
                                                  const uint8_t *restrict q,
                                                  const float *restrict x, float *restrict dw)
{
    const VECTOR_ zero = {0};
    VECTOR_ s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero;
    VECTOR_ s5 = zero, s6 = zero, s7 = zero, s8 = zero;
    float sum_d = 0;
    for (int j = 0; j < width; j++) {
        const int winner = q[j * step];
        const VECTOR_ *a = (const VECTOR_ *)x + (winner >> 1) * line + (j << pooled) + (winner & 1);
        const VECTOR_ *b = a + line, *c = b + line;
        const float dj = d[j * step];
        s0 += dj * a[0], s1 += dj * a[1], s2 += dj * a[2];
        s3 += dj * b[0], s4 += dj * b[1], s5 += dj * b[2];
        s6 += dj * c[0], s7 += dj * c[1], s8 += dj * c[2];
        sum_d += dj;
    }
    VECTOR_ *sum = (VECTOR_ *)dw;
    sum[0] += s0, sum[1] += s1, sum[2] += s2, sum[3] += s3, sum[4] += s4;
    sum[5] += s5, sum[6] += s6, sum[7] += s7, sum[8] += s8;
    return sum_d;
}

/* The same walk the other way: nine weights stay in registers. */
VECTOR_FMA static void NAMED(data_row, LANES)(int width, int pooled, int step, int line,
                                              const float *restrict d, const uint8_t *restrict q,
                                              const float *restrict w, float *restrict dx)
{
    const VECTOR_ *term = (const VECTOR_ *)w;
    const VECTOR_ w0 = term[0], w1 = term[1], w2 = term[2], w3 = term[3], w4 = term[4];
    const VECTOR_ w5 = term[5], w6 = term[6], w7 = term[7], w8 = term[8];
    for (int j = 0; j < width; j++) {
        const int winner = q[j * step];
        VECTOR_ *a = (VECTOR_ *)dx + (winner >> 1) * line + (j << pooled) + (winner & 1);
        VECTOR_ *b = a + line, *c = b + line;
        const float dj = d[j * step];
        a[0] += dj * w0, a[1] += dj * w1, a[2] += dj * w2;
        b[0] += dj * w3, b[1] += dj * w4, b[2] += dj * w5;
        c[0] += dj * w6, c[1] += dj * w7, c[2] += dj * w8;
    }
}

#undef VECTOR_
#undef NAMED
#undef NAMED_
#undef LANES
