/* product.h: tp__gemm for tensors: int64 as well, and batches. */
#ifndef TP__PRODUCT_H
#define TP__PRODUCT_H

#include "cpu/gemm.h"

/* As tp__gemm, and for TP_I64, where sums wrap. */
tp_status tp__product(const tp__gemm_args *g);
/* y[i] += *one, for float32, float64 and int64. */
void tp__add_one(tp_dtype dtype, void *y, int64_t n, const void *one);

#endif
