/* samples.c: tensors for samples. */
#include "ops/samples.h"

tp_tensor *tp__sample_tensor(const tp_sample_set *set, tp_shape shape, double lo, double hi)
{
    tp_tensor *x = tp_uniform(shape, lo, hi, .dtype = set->dtype ? set->dtype : TP_F32);
    if (x) tp_requires_grad(x, true);
    return x;
}

tp_tensor *tp__sample_distinct(const tp_sample_set *set, tp_shape shape)
{
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++) n *= shape.dim[d];
    tp_tensor *x = tp_to_dtype(tp_randperm(n), set->dtype ? set->dtype : TP_F32);
    x = tp_detach(tp_reshape(tp_mul(x, 0.25), shape));
    if (x) tp_requires_grad(x, true);
    return x;
}

tp_tensor *tp__sample_plus(tp_tensor *x, double by)
{
    x = tp_detach(tp_add(x, by));
    if (x) tp_requires_grad(x, true);
    return x;
}

tp_tensor *tp__sample_indices(tp_shape shape, int64_t below) { return tp_randint(0, below, shape); }
