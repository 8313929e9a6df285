#include <math.h>

#include "base/random.h"
#include "model/model.h"

void model_initialise(const struct model *model, uint64_t seed, float *parameters)
{
    for (int t = 0; t < model->tensor_count; t++) {
        const struct tensor *tensor = &model->tensors[t];
        float bound = (float)(1 / sqrt((double)tensor->fan_in));
        for (int64_t k = tensor->offset; k < tensor->offset + tensor->count; k++)
            parameters[k] = (2 * random_unit(random_at(seed, (uint64_t)k)) - 1) * bound;
    }
}
