/* loss.h: what cross_entropy and nll_loss of 16-bit floats share. They round where PyTorch's kernels do: losses, and running sums. */
#ifndef TP__CPU_LOSS_H
#define TP__CPU_LOSS_H

#include "core/convert.h"

static inline bool tp__is_narrow(int dtype) { return dtype == TP_F16 || dtype == TP_BF16; }
/* What is left of x in a 16-bit float; x itself of other dtypes. */
static inline double tp__narrowed(tp_dtype dtype, double x)
{
    if (dtype == TP_F16) return (double)tp__f16_to_f32(tp__f32_to_f16((float)x));
    return dtype == TP_BF16 ? (double)tp__bf16_to_f32(tp__f32_to_bf16((float)x)) : x;
}

/* The sum of the losses of rows of a class each, in PyTorch's order: some sixteen, then sixteen of these, and so on; over the sum of
 * their weights (NULL: ones) for a mean. */
double tp__class_sum_narrow(tp_dtype dtype, int64_t rows, const double *losses, const int64_t *target, int64_t ignore, const double *weight, bool mean);

#endif
