/* linalg_blocked.cuh: factors of large matrices, and triangular systems by them, whose bulk is products. For linalg.cu and linalg_factor.cu, which
 * give each small matrix to a block. All is float64, row-major, a batch of matrices in one step after the other: `batch` apart. */
#ifndef TPC_LINALG_BLOCKED_CUH
#define TPC_LINALG_BLOCKED_CUH

#include "cuda/linalg.cuh"
#include "cuda/lt.h"

/* From here on a matrix is worth more launches than one. */
static inline bool tpc_is_large(int64_t m, int64_t n) { return m * n >= 128 * 128; }
/* How many matrices of that many bytes are worked on at a time */
static inline int64_t tpc_at_a_time(int64_t count, int64_t bytes)
{
    const int64_t most = (512ll << 20) / bytes;
    return most < 1 ? 1 : most < count ? most : count;
}

/* Matrices [m, n] in a batch, from element `first` of x on, to float64 and back */
tp_status tpc_take_all(const tp__call *call, double *to, const void *x, int dtype, int64_t first, int64_t n);
tp_status tpc_give_all(const tp__call *call, void *y, int dtype, int64_t first, const double *from, int64_t n);

/* What went wrong, of all matrices: the least of matrix (n + 1) + pivot; ~0: nothing */
typedef unsigned long long tpc_failure;

/* a [n, n]: the lower triangle becomes L, above it zeros. base: the number of its first matrix. */
tp_status tpc_blocked_cholesky(const tp__call *call, int64_t count, int64_t n, double *a, tpc_failure *failed, int64_t base);
/* a [m, n] becomes L and U; pivots [count, min(m, n)]: the row that a row was exchanged with, which is its own
 * without exchanges; zeros [count]: 1 + the first pivot that is zero, or 0 */
tp_status tpc_blocked_lu(const tp__call *call, int64_t count, int64_t m, int64_t n, double *a, bool exchanges, int64_t *pivots, int32_t *zeros);
/* x [n, r] := T^-1 x, for the triangle T of a [n, n] */
tp_status tpc_blocked_substitute(const tp__call *call, int64_t count, int64_t n, const double *a, int64_t r, double *x, bool upper, bool unit);
/* a [m, n] becomes R and the reflections below it, tau [count, min(m, n)]; q [m, columns], if there is one, their product */
tp_status tpc_blocked_qr(const tp__call *call, int64_t count, int64_t m, int64_t n, double *a, double *tau, int64_t columns, double *q);

#endif
