/* matmul.cuh: a product of matrices for kernels of other families. */
#ifndef TPC_MATMUL_CUH
#define TPC_MATMUL_CUH

#include "cuda/lt.h"

/* By cuBLASLt, else by tiles, without sums of a or b. Of nothing to sum (k = 0) c becomes 0, or stays. */
tp_status tpc_multiply(const tp__call *call, const tpc_product &p);

#endif
