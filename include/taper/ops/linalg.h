/* linalg.h: inverses, determinants and systems of square matrices. What holds for all ops is said in ops.h.
 *
 * A is [.., n, n], float32 or float64; leading dims are a batch. A matrix that is singular, or not positive definite, is
 * TP_ERR_NUMERIC. */
#ifndef TAPER_OPS_LINALG_H
#define TAPER_OPS_LINALG_H

#include <taper/core.h>

typedef struct tp_linalg_solve_triangular_options {
    TP__HEAD(tp_linalg_solve_triangular_options);
    bool right TP__IS(false);                          /* X A = B instead of A X = B */
    bool unitriangular TP__IS(false);                  /* the diagonal counts as ones, and is not read */
    TP__TAIL;
} tp_linalg_solve_triangular_options;
#define TP__DEFAULT_linalg_solve_triangular

#define TP__EACH_LINALG_OP_OPTIONS(X) X(linalg_solve_triangular)

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_tensor *tp_linalg_inv(tp_tensor *a);
TP_API tp_tensor *tp_linalg_det(tp_tensor *a);         /* [..]; its gradient takes a regular A */
/* The sign, and where the pointer is not NULL the logarithm of |det A|: -inf for a singular A. Gradient: of the logarithm. */
TP_API tp_tensor *tp_linalg_slogdet(tp_tensor *a, tp_tensor **logabsdet);
/* A X = B by LU: B [n], a vector for each matrix [.., n], or [.., n, r]; batches broadcast. */
TP_API tp_tensor *tp_linalg_solve(tp_tensor *a, tp_tensor *b);
/* The same for the upper or the lower triangle of A; what lies beyond is not read. B [.., n, r]. */
TP_API tp_tensor *tp_linalg_solve_triangular_with(tp_tensor *a, tp_tensor *b, bool upper, const tp_linalg_solve_triangular_options *o);
/* The lower triangular L of A = L L^T, A symmetric and positive definite; above the diagonal A is not read. */
TP_API tp_tensor *tp_linalg_cholesky(tp_tensor *a);
TP_API tp_tensor *tp_linalg_matrix_power(tp_tensor *a, int64_t n);       /* of the inverse if n < 0 */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_linalg_solve_triangular(...) tp__linalg_solve_triangular(__VA_ARGS__, )
#define tp__linalg_solve_triangular(a, b, upper, ...) \
    TP__DEFAULTS(tp_linalg_solve_triangular_with(a, b, upper, TP__OPTIONS(linalg_solve_triangular, __VA_ARGS__)))
#else
inline tp_tensor *tp_linalg_solve_triangular(tp_tensor *a, tp_tensor *b, bool upper, const tp_linalg_solve_triangular_options &o = {})
{ return tp_linalg_solve_triangular_with(a, b, upper, &o); }
#endif

#endif
