/* linalg_ldl.cuh: pivots of L D L', for linalg_ldl.cu and linalg_ldl_solve.cu */
#ifndef TPC_LINALG_LDL_CUH
#define TPC_LINALG_LDL_CUH

#include "cuda/linalg_blocked.cuh"

#define A(i, j) a[(i) * n + (j)]

TPC_DEVICE double times(double x, double y) { return __dmul_rn(x, y); }
TPC_DEVICE bool is_pair(int32_t pivot) { return pivot <= 0; }
TPC_DEVICE int64_t row_of(int32_t pivot) { return (pivot > 0 ? (int64_t)pivot : -(int64_t)pivot) - 1; }
TPC_DEVICE void swap(double *x, double *y)
{
    const double t = *x;
    *x = *y;
    *y = t;
}

#endif
