/* reduce_norm.h: norms for other families. */
#ifndef TP__REDUCE_NORM_H
#define TP__REDUCE_NORM_H

#include "ops/reduce.h"

/* (sum |x|^p)^(1/p) over dims, as linalg_vector_norm. */
tp_tensor *tp__vector_norm(tp_tensor *x, double p, const tp__ints *dim, bool keepdim, tp_dtype dtype);
/* |x|^p, with the sign of x if `is_signed`: p = 1 is |x|, signed p = 0 the sign. Of 0 it is 0, but for |0|^0 = 1. */
tp_tensor *tp__abs_power(tp_tensor *x, double p, bool is_signed);
/* The number that an argument `ord` or `p` is; false: it is none, but a name or absent. */
bool tp__norm_order(const tp_arg *arg, double *p);

/* The sum of the singular values of the matrices that two dims are; without dims x is one. */
tp_tensor *tp__nuclear_norm(tp_tensor *x, const tp__ints *dim, bool keepdim, tp_dtype dtype);

#endif
