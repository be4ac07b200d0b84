/* linalg.h: inverses, determinants, systems, factors and norms of matrices. What holds for all ops is said in ops.h.
 *
 * A is [.., m, n], or [.., n, n] where it has to be square, float32 or float64; leading dims are a batch. A matrix that is singular, or
 * not positive definite, is TP_ERR_NUMERIC. An output that is a pointer may be NULL. */
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
TP_API tp_tensor *tp_matrix_exp(tp_tensor *a);         /* sum_k A^k / k! */

/* ---- Factors; k = min(m, n). Gradients take vectors that are unique: distinct eigenvalues and singular values ----------------------- */

/* The eigenvalues [.., n] of a symmetric A, rising, and its eigenvectors as the columns of *vectors. The lower triangle is read. */
TP_API tp_tensor *tp_linalg_eigh(tp_tensor *a, tp_tensor **vectors);
TP_API tp_tensor *tp_linalg_eigvalsh(tp_tensor *a);
TP_API tp_tensor *tp_linalg_qr(tp_tensor *a, tp_tensor **r);             /* Q [.., m, k], orthogonal columns, and R [.., k, n] above the diagonal */
/* A = P L U: the permutation P [.., m, m], L [.., m, k] with a diagonal of ones, U [.., k, n]. */
TP_API tp_tensor *tp_linalg_lu(tp_tensor *a, tp_tensor **l, tp_tensor **u);
/* A = U diag(S) V': U [.., m, k], S [.., k], falling, *vh [.., k, n]. */
TP_API tp_tensor *tp_linalg_svd(tp_tensor *a, tp_tensor **s, tp_tensor **vh);
TP_API tp_tensor *tp_linalg_svdvals(tp_tensor *a);     /* S */

/* ---- By them ------------------------------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_linalg_pinv(tp_tensor *a);        /* the pseudoinverse [.., n, m]; what is below eps max(m, n) of the greatest singular value is 0 */
TP_API tp_tensor *tp_linalg_lstsq(tp_tensor *a, tp_tensor *b);           /* X of the least |A X - B|, and among these the shortest. B [.., m, r] */
TP_API tp_tensor *tp_linalg_cond(tp_tensor *a);        /* [..], the greatest over the least singular value */
TP_API tp_tensor *tp_linalg_matrix_rank(tp_tensor *a); /* [..], int64: how many singular values count, as in pinv. No gradient */

/* ---- Norms and products, of floating dtypes ------------------------------------------------------------------------------------------ */

/* Of the last two dims: ord "fro" (NULL too) the root of the sum of squares, "nuc" the sum of the singular values; and by a number: 2 and -2
 * the greatest and least of these, 1 and -1, inf and -inf the greatest and least sum of |a| of a column, and of a row. */
TP_API tp_tensor *tp_linalg_matrix_norm(tp_tensor *a, const char *ord);
TP_API tp_tensor *tp_linalg_matrix_norm_of(tp_tensor *a, double ord);
TP_API tp_tensor *tp_linalg_cross(tp_tensor *a, tp_tensor *b, int dim);  /* a x b of 3 elements along dim; the others broadcast */
TP_API tp_tensor *tp_linalg_vecdot(tp_tensor *a, tp_tensor *b, int dim); /* sum a b along dim, broadcast */
/* The product of a list of matrices, in the order that takes least; the first and the last may be vectors. */
TP_API tp_tensor *tp_linalg_multi_dot(tp_tensor_list tensors);

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
