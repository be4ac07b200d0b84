/* linalg_jacobi.cuh: Jacobi's rotations of large matrices by the whole device. For reduce_svd.cu and linalg_factor.cu, which give each small matrix to a
 * block. All is float64. */
#ifndef TPC_LINALG_JACOBI_CUH
#define TPC_LINALG_JACOBI_CUH

#include "cuda/linalg_blocked.cuh"

/* Of at least so many columns more than one block takes part. */
enum { TPC_JACOBI_COLUMNS = 64 };

/* g [count, k, rows]: k columns one after another become orthogonal to each other; v [count, k, k], unless it is NULL, the rotations' product, by columns.
 * lengths [count, k]: what they are, and they are divided by them; of one without a length nothing changes. */
tp_status tpc_jacobi(const tp__call *call, int64_t count, int64_t rows, int64_t k, double *g, double *v, double *lengths);

/* x [count, n, n], of which one triangle counts: w [count, n] rising, v [count, n, n] as columns, of x's dtype. A matrix that is not finite gives NaN. */
tp_status tpc_eigh_large(const tp__call *call, int64_t count, int64_t n, const void *x, int dtype, bool upper, void *w, void *v);

/* Scales, so that no square leaves the range: scales [count], the greatest magnitude of each n elements of x, or what is not finite there. */
tp_status tpc_scales(const tp__call *call, int64_t count, int64_t n, const void *x, int dtype, double *scales);
TPC_DEVICE bool tpc_is_finite_scale(double scale) { return scale < INFINITY; }
TPC_DEVICE double tpc_scaled(double v, double scale) { return !tpc_is_finite_scale(scale) ? 0 : scale > 0 ? v / scale : v; }

/* order [count, k]: which of the k values v comes in which place, rising or falling; of equal ones the first comes first */
tp_status tpc_order_of(const tp__call *call, int64_t count, int64_t k, const double *v, bool falling, int64_t *order);

#endif
