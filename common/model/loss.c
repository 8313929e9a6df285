/* Everything is computed from the logit z, never from a rounded probability: log p and log(1-p)
 * are -softplus(-z) and -softplus(z), which lose nothing where p has become 0 or 1. */
#include <math.h>

#include "model/model.h"

static const double loss_max = 100; /* PyTorch's BCELoss bounds each log at -100 */

/* log(1 + exp(t)) without overflow. */
static double softplus(double t)
{
    return fmax(t, 0) + log1p(exp(-fabs(t)));
}

double loss_bce(float logit, int label)
{
    double loss = softplus(label ? -(double)logit : (double)logit);
    return loss > loss_max ? loss_max : loss; /* and NaN stays NaN, unlike with fmin */
}

float loss_bce_gradient(float logit, int label)
{
    /* p - 1 = -1/(1+exp(z)), which does not cancel for large z. */
    return (float)(label ? -1 / (1 + exp((double)logit)) : 1 / (1 + exp(-(double)logit)));
}

float loss_probability(float logit)
{
    return (float)(1 / (1 + exp(-(double)logit)));
}
