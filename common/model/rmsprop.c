/* A plain loop: 0.1 ms for the default network's 40 thousand parameters, well below 1% of a step.
 * gcc vectorises sqrtf only under -fno-math-errno, which it does not take per function. */
#include <math.h>

#include "model/model.h"

void rmsprop_update(int64_t count, float learning_rate, const float *restrict gradient,
                    float *restrict square_avg, float *restrict parameters)
{
    const float a = 0.99f, one_minus_a = (float)(1 - 0.99), epsilon = 1e-8f;
    for (int64_t i = 0; i < count; i++) {
        float g = gradient[i];
        float v = a * square_avg[i] + one_minus_a * g * g;
        square_avg[i] = v;
        parameters[i] -= learning_rate * g / (sqrtf(v) + epsilon);
    }
}
