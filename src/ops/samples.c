/* samples.c: tensors for samples. */
#include "ops/complex.h"

/* Of a complex sample the real parts are in (lo, hi). */
tp_tensor *tp__sample_tensor(const tp_sample_set *set, tp_shape shape, double lo, double hi)
{
    const tp_dtype part = tp__part_dtype(set->dtype);
    tp_tensor *x = tp_uniform(shape, lo, hi, .dtype = part ? part : TP_F32);
    if (x && part != set->dtype) x = tp_complex(x, tp_uniform(shape, -0.5, 0.5, .dtype = part));
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
