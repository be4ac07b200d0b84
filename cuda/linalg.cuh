/* linalg.cuh: matrices by one block each, computed in float64 in memory of the block's own: what the files linalg*.cu and
 * reduce_svd.cu share. Every function is called by all threads of a block, and leaves them in step. Matrices are row-major. */
#ifndef TPC_LINALG_CUH
#define TPC_LINALG_CUH

#include "cuda/kernel.cuh"

/* for (int64_t i = threadIdx.x; ..) over n items */
#define TPC_EACH(i, n) for (int64_t i = (int64_t)threadIdx.x, i##_end = (n); i < i##_end; i += (int64_t)blockDim.x)

TPC_DEVICE void tpc_take(double *to, const void *x, int dtype, int64_t first, int64_t n)
{
    TPC_EACH(i, n) to[i] = tpc_load<double>(x, dtype, first + i);
    __syncthreads();
}
TPC_DEVICE void tpc_give(void *y, int dtype, int64_t first, const double *from, int64_t n)
{
    TPC_EACH(i, n) tpc_store(y, dtype, first + i, from[i]);
}

TPC_DEVICE double tpc_magnitude(double v) { return v < 0 ? -v : v; }
/* The greatest magnitude; NaN where there is one */
TPC_DEVICE double tpc_greatest(const double *x, int64_t n)
{
    double most = 0;
    TPC_EACH(i, n) most = tpc_most()(most, tpc_magnitude(x[i]));
    return tpc_block_join(most, tpc_most());
}
struct tpc_lesser { template <class T> __device__ T operator()(T a, T b) const { return a < b ? a : b; } };

TPC_DEVICE void tpc_swap_rows(double *a, int64_t n, int64_t i, int64_t j)
{
    if (i != j) TPC_EACH(c, n) {
        const double t = a[i * n + c];
        a[i * n + c] = a[j * n + c];
        a[j * n + c] = t;
    }
    __syncthreads();
}

/* a [m, n] becomes L (its diagonal is 1) and U; pivot[i]: the row that row i was exchanged with, the first of the greatest, or a NaN.
 * Returns 1 + the first zero pivot, or 0. */
static __device__ inline int64_t tpc_lu(double *a, int64_t m, int64_t n, bool exchanges, int64_t *pivot)
{
    const int64_t k = m < n ? m : n;
    int64_t zero = 0;
    for (int64_t j = 0; j < k; j++) {
        int64_t best = j;
        if (exchanges) {
            double most = 0;
            int64_t at = m;
            TPC_EACH(i, m - j) most = tpc_most()(most, tpc_magnitude(a[(j + i) * n + j]));
            most = tpc_block_join(most, tpc_most());
            TPC_EACH(i, m - j) {
                const double v = tpc_magnitude(a[(j + i) * n + j]);
                if ((v == most || v != v) && j + i < at) at = j + i;
            }
            best = tpc_block_join(at, tpc_lesser());
        }
        if (!threadIdx.x) pivot[j] = best;
        tpc_swap_rows(a, n, j, best);
        const double p = a[j * n + j];
        if (p == 0) {
            if (!zero) zero = j + 1;
            continue;
        }
        TPC_EACH(i, m - j - 1) a[(j + 1 + i) * n + j] /= p;
        __syncthreads();
        const int64_t wide = n - j - 1;
        TPC_EACH(e, (m - j - 1) * wide) {
            const int64_t i = j + 1 + e / wide, c = j + 1 + e % wide;
            a[i * n + c] -= a[i * n + j] * a[j * n + c];
        }
        __syncthreads();
    }
    return zero;
}

/* x [n, r] := T^-1 x for a triangle T of a [n, n] */
static __device__ inline void tpc_substitute(const double *a, int64_t n, double *x, int64_t r, bool upper, bool unit)
{
    for (int64_t s = 0; s < n; s++) {
        const int64_t k = upper ? n - 1 - s : s, first = upper ? 0 : k + 1, left = n - 1 - s;
        if (!unit) TPC_EACH(j, r) x[k * r + j] /= a[k * n + k];
        __syncthreads();
        TPC_EACH(e, left * r) {
            const int64_t i = first + e / r, j = e % r;
            x[i * r + j] -= a[i * n + k] * x[k * r + j];
        }
        __syncthreads();
    }
}

/* The vector y of m elements less tau (1, v)(1, v)' of it, v being what follows the first element of x; by one warp */
TPC_DEVICE void tpc_reflect(const double *x, int64_t x_step, double tau, double *y, int64_t y_step, int64_t m)
{
    double sum = 0;
    for (int64_t i = 1 + threadIdx.x % 32; i < m; i += 32) sum += x[i * x_step] * y[i * y_step];
    const double top = *y, by = tau * (top + tpc_warp_join(sum, tpc_add()));
    __syncwarp();
    if (threadIdx.x % 32 == 0) *y = top - by;
    for (int64_t i = 1 + threadIdx.x % 32; i < m; i += 32) y[i * y_step] -= by * x[i * x_step];
}

/* a [m, n], whose rows and columns are `row` and `col` apart, becomes R and below it the reflections that make it. */
static __device__ inline void tpc_householder(double *a, int64_t row, int64_t col, double *tau, int64_t m, int64_t n)
{
    const int64_t k = m < n ? m : n;
    const int warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32;
    for (int64_t j = 0; j < k; j++) {
        double *const x = a + j * (row + col);
        const double alpha = *x;
        double most = 0, sum = 0;
        TPC_EACH(i, m - j - 1) most = tpc_most()(most, tpc_magnitude(x[(1 + i) * row]));
        most = tpc_block_join(most, tpc_most());
        if (!threadIdx.x) tau[j] = 0;
        if (most == 0) continue;                       /* NaN goes on */
        TPC_EACH(i, m - j - 1) {
            const double one = x[(1 + i) * row] / most;
            sum += one * one;
        }
        const double tail = most * ::sqrt(tpc_block_sum(sum)), beta = -::copysign(::hypot(alpha, tail), alpha), scale = (beta - alpha) / beta;
        TPC_EACH(i, m - j) x[i * row] = i ? x[i * row] / (alpha - beta) : beta;
        if (!threadIdx.x) tau[j] = scale;
        __syncthreads();
        for (int64_t c = j + 1 + warp; c < n; c += warps) tpc_reflect(x, row, scale, a + j * row + c * col, row, m - j);
        __syncthreads();
    }
    __syncthreads();
}

/* ---- Launching: a block for each matrix, which has `numbers` float64 of its own ---------------------------------------------------------------- */

struct tpc_matrices { int64_t count, m, n; };
static inline tpc_matrices tpc_matrices_of(const tpc_array &x)
{
    tpc_matrices s = { 1, x.shape[x.ndim - 2], x.shape[x.ndim - 1] };
    for (int d = 0; d < x.ndim - 2; d++) s.count *= x.shape[d];
    return s;
}
static inline unsigned tpc_matrix_blocks(const tp__call *call, int64_t count)
{
    const int64_t most = (int64_t)tpc_processors(call) * 4;
    return (unsigned)(count < most ? count : most);
}
/* One warp for small matrices, whose steps it waits for least */
static inline unsigned tpc_matrix_threads(const tpc_matrices &s) { return s.m <= 32 && s.n <= 32 ? 32 : TPC_BLOCK; }

#endif
