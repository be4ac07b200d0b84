/* linalg.h: inverses, determinants, systems, factors and norms of matrices. What holds for all ops is said in ops.h.
 *
 * A is [.., m, n], or [.., n, n] where it has to be square, float32 or float64; leading dims are a batch. Inverses,
 * determinants, systems and Cholesky factors are of complex matrices, too. A matrix that is singular, or not positive
 * definite, is TP_ERR_NUMERIC. An output that is a pointer may be NULL. */
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

typedef struct tp_linalg_norm_options {
    TP__HEAD(tp_linalg_norm_options);
    double ord TP__IS(1e308);                          /* any number, also HUGE_VAL and -HUGE_VAL; 1e308: not given */
    const char *name TP__IS(nullptr);                  /* "fro" or "nuc", in the place of ord: of matrices alone */
    tp_dims dims TP__IS({});                           /* one of vectors, two of matrices */
    bool keepdim TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* that is computed in: the input's or a wider one */
    TP__TAIL;
} tp_linalg_norm_options;
#define TP__DEFAULT_linalg_norm .ord = 1e308,

typedef struct tp_svd_lowrank_options {
    TP__HEAD(tp_svd_lowrank_options);
    int64_t q TP__IS(6);                               /* how many columns: a few more than the rank that counts */
    int64_t niter TP__IS(2);                           /* subspace iterations */
    tp_tensor *M TP__IS(nullptr);                      /* broadcast, and taken off first */
    TP__TAIL;
} tp_svd_lowrank_options;
#define TP__DEFAULT_svd_lowrank .q = 6, .niter = 2,

typedef struct tp_pca_lowrank_options {
    TP__HEAD(tp_pca_lowrank_options);
    int64_t q TP__IS(TP_NONE);                         /* min(6, m, n) */
    bool center TP__IS(true);                          /* rows less their mean */
    int64_t niter TP__IS(2);
    TP__TAIL;
} tp_pca_lowrank_options;
#define TP__DEFAULT_pca_lowrank .q = TP_NONE, .center = true, .niter = 2,

#define TP__EACH_LINALG_OP_OPTIONS(X) X(linalg_solve_triangular) X(linalg_norm) X(svd_lowrank) X(pca_lowrank)

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_tensor *tp_linalg_inv(tp_tensor *a);         /* complex matrices, too */
TP_API tp_tensor *tp_linalg_det(tp_tensor *a);         /* [..]; its gradient is 0 where it is 0, as PyTorch's */
/* The sign, or a complex det A / |det A|, and where the pointer is not NULL the logarithm of |det A|: -inf for a singular A. Gradient: of the
 * logarithm, and of a complex sign. */
TP_API tp_tensor *tp_linalg_slogdet(tp_tensor *a, tp_tensor **logabsdet);
/* A X = B by LU: B [n], a vector for each matrix [.., n], or [.., n, r]; batches broadcast. Complex ones, too. */
TP_API tp_tensor *tp_linalg_solve(tp_tensor *a, tp_tensor *b);
/* The same for the upper or the lower triangle of A; what lies beyond is not read. B [.., n, r]. */
TP_API tp_tensor *tp_linalg_solve_triangular_with(tp_tensor *a, tp_tensor *b, bool upper, const tp_linalg_solve_triangular_options *o);
/* The lower triangular L of A = L L^T, A symmetric and positive definite; above the diagonal A is not read. Here, in what follows, and above a
 * transpose is conjugated where A is complex. */
TP_API tp_tensor *tp_linalg_cholesky(tp_tensor *a);
TP_API tp_tensor *tp_cholesky_solve(tp_tensor *b, tp_tensor *l, bool upper);        /* of A X = B, L L^T = A, or U^T U. B [.., n, r] */
TP_API tp_tensor *tp_cholesky_inverse(tp_tensor *l, bool upper);                    /* of A, likewise */
TP_API tp_tensor *tp_logdet(tp_tensor *a);             /* NaN where a real determinant is below 0 */
TP_API tp_tensor *tp_linalg_matrix_power(tp_tensor *a, int64_t n);       /* of the inverse if n < 0 */
TP_API tp_tensor *tp_matrix_exp(tp_tensor *a);         /* sum_k A^k / k!, complex too */

/* ---- Factors; k = min(m, n). Gradients take vectors that are unique: distinct eigenvalues and singular values ----------------------- */

/* The eigenvalues [.., n] of a symmetric A, rising, and its eigenvectors as the columns of *vectors. The lower triangle is read. */
TP_API tp_tensor *tp_linalg_eigh(tp_tensor *a, tp_tensor **vectors);
TP_API tp_tensor *tp_linalg_eigvalsh(tp_tensor *a);
/* The eigenvalues [.., n] of any square A, complex matrices too, in no order, and its eigenvectors of length 1 as the columns of *vectors: complex64, or
 * complex128 of float64 and complex128. Of a real A complex ones are conjugate pairs. The gradient takes distinct eigenvalues, and a loss that does
 * not change where a vector is multiplied by e^(i phi); else TP_ERR_NUMERIC, as of an A that is not finite. */
TP_API tp_tensor *tp_linalg_eig(tp_tensor *a, tp_tensor **vectors);
TP_API tp_tensor *tp_linalg_eigvals(tp_tensor *a);
/* QR by reflections: R above the diagonal of the result, below it the vectors of the reflections, *tau their factors. No gradient. */
TP_API tp_tensor *tp_geqrf(tp_tensor *a, tp_tensor **tau);
TP_API tp_tensor *tp_linalg_householder_product(tp_tensor *a, tp_tensor *tau);        /* Q of these, [.., m, n] */
TP_API tp_tensor *tp_ormqr(tp_tensor *a, tp_tensor *tau, tp_tensor *c, bool left, bool transpose);     /* Q C, C Q, Q^T C, C Q^T, Q [.., m, m] */
TP_API tp_tensor *tp_linalg_qr(tp_tensor *a, tp_tensor **r);             /* Q [.., m, k], orthogonal columns, and R [.., k, n] above the diagonal */
/* Of A = P L U, L and U in one matrix, *pivots [.., k], int32: row i was exchanged with row pivots[i] - 1. */
TP_API tp_tensor *tp_linalg_lu_factor(tp_tensor *a, tp_tensor **pivots);
/* A X = B, or, unless `left`, X A = B, or of A^T where `adjoint`, from such factors. */
TP_API tp_tensor *tp_linalg_lu_solve(tp_tensor *lu, tp_tensor *pivots, tp_tensor *b, bool left, bool adjoint);
TP_API tp_tensor *tp_lu_unpack(tp_tensor *lu, tp_tensor *pivots, tp_tensor **l, tp_tensor **u);        /* P, L, U of such factors */
/* A = L D L^T of a symmetric A that need not be positive: L and D in one matrix, for ldl_solve. No gradient. */
TP_API tp_tensor *tp_linalg_ldl_factor(tp_tensor *a, tp_tensor **pivots);
TP_API tp_tensor *tp_linalg_ldl_solve(tp_tensor *ld, tp_tensor *pivots, tp_tensor *b);
/* A = P L U: the permutation P [.., m, m], *l [.., m, k] with a diagonal of ones, *u [.., k, n]. */
TP_API tp_tensor *tp_linalg_lu(tp_tensor *a, tp_tensor **l, tp_tensor **u);
/* A = U diag(S) V': U [.., m, k], S [.., k], falling, *vh [.., k, n]. */
TP_API tp_tensor *tp_linalg_svd(tp_tensor *a, tp_tensor **s, tp_tensor **vh);
TP_API tp_tensor *tp_linalg_svdvals(tp_tensor *a);     /* S */
/* The first q columns of U, S and V (V [.., n, q], not V') of a large A, about, from products with random columns: U diag(S) V'. pca_lowrank
 * is that of centered rows, whose principal directions are V's columns. TP_ERR_ARGUMENT: a q or niter that is out of range */
TP_API tp_tensor *tp_svd_lowrank_with(tp_tensor *a, tp_tensor **s, tp_tensor **v, const tp_svd_lowrank_options *o);
TP_API tp_tensor *tp_pca_lowrank_with(tp_tensor *a, tp_tensor **s, tp_tensor **v, const tp_pca_lowrank_options *o);

/* ---- By them ------------------------------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_linalg_pinv(tp_tensor *a);        /* the pseudoinverse [.., n, m]; what is below eps max(m, n) of the greatest singular value is 0 */
TP_API tp_tensor *tp_linalg_lstsq(tp_tensor *a, tp_tensor *b);           /* X of the least |A X - B|, and among these the shortest. B [.., m, r] */
TP_API tp_tensor *tp_linalg_cond(tp_tensor *a);        /* [..], the greatest over the least singular value */
TP_API tp_tensor *tp_linalg_matrix_rank(tp_tensor *a); /* [..], int64: how many singular values count, as in pinv. No gradient */

/* ---- Norms and products, of floating dtypes ------------------------------------------------------------------------------------------ */

/* Without an order the root of the sum of squares, of all elements or along dims. With one, of vectors along one dim, or where x has one: as
 * tp_linalg_vector_norm; of matrices along two, or where x has two: as below. Complex ones, too. TP_ERR_ARGUMENT: both ord and name, no such norm */
TP_API tp_tensor *tp_linalg_norm_with(tp_tensor *x, const tp_linalg_norm_options *o);
/* Of the last two dims: ord "fro" (NULL too) the root of the sum of squares, "nuc" the sum of the singular values; and by a number: 2 and -2
 * the greatest and least of these, 1 and -1, inf and -inf the greatest and least sum of |a| of a column, and of a row. */
TP_API tp_tensor *tp_linalg_matrix_norm(tp_tensor *a, const char *ord);
TP_API tp_tensor *tp_linalg_matrix_norm_of(tp_tensor *a, double ord);
TP_API tp_tensor *tp_linalg_cross(tp_tensor *a, tp_tensor *b, int dim);  /* a x b of 3 elements along dim; the others broadcast */
TP_API tp_tensor *tp_linalg_vecdot(tp_tensor *a, tp_tensor *b, int dim); /* sum a b along dim, broadcast */
TP_API tp_tensor *tp_vander(tp_tensor *x, int64_t n, bool increasing);     /* [k] -> [k, n], powers n - 1 to 0, or 0 to n - 1; n may be TP_NONE: k */
TP_API tp_tensor *tp_linalg_tensorinv(tp_tensor *x, int ind);              /* the inverse of tensordot by x: its first `ind` dims against the others */
TP_API tp_tensor *tp_linalg_tensorsolve(tp_tensor *a, tp_tensor *b);       /* X of tensordot(A, X) = B, which has A's first dims */
/* The product of a list of matrices, in the order that takes least; the first and the last may be vectors. */
TP_API tp_tensor *tp_linalg_multi_dot(tp_tensor_list tensors);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_linalg_solve_triangular(...) tp__linalg_solve_triangular(__VA_ARGS__, )
#define tp__linalg_solve_triangular(a, b, upper, ...) \
    TP__DEFAULTS(tp_linalg_solve_triangular_with(a, b, upper, TP__OPTIONS(linalg_solve_triangular, __VA_ARGS__)))
#define tp_linalg_norm(...) tp__linalg_norm(__VA_ARGS__, )
#define tp__linalg_norm(x, ...) TP__DEFAULTS(tp_linalg_norm_with(x, TP__OPTIONS(linalg_norm, __VA_ARGS__)))
#define tp_svd_lowrank(...) tp__svd_lowrank(__VA_ARGS__, )
#define tp__svd_lowrank(a, s, v, ...) TP__DEFAULTS(tp_svd_lowrank_with(a, s, v, TP__OPTIONS(svd_lowrank, __VA_ARGS__)))
#define tp_pca_lowrank(...) tp__pca_lowrank(__VA_ARGS__, )
#define tp__pca_lowrank(a, s, v, ...) TP__DEFAULTS(tp_pca_lowrank_with(a, s, v, TP__OPTIONS(pca_lowrank, __VA_ARGS__)))
#else
inline tp_tensor *tp_linalg_solve_triangular(tp_tensor *a, tp_tensor *b, bool upper, const tp_linalg_solve_triangular_options &o = {})
{ return tp_linalg_solve_triangular_with(a, b, upper, &o); }
inline tp_tensor *tp_linalg_norm(tp_tensor *x, const tp_linalg_norm_options &o = {}) { return tp_linalg_norm_with(x, &o); }
inline tp_tensor *tp_svd_lowrank(tp_tensor *a, tp_tensor **s, tp_tensor **v, const tp_svd_lowrank_options &o = {}) { return tp_svd_lowrank_with(a, s, v, &o); }
inline tp_tensor *tp_pca_lowrank(tp_tensor *a, tp_tensor **s, tp_tensor **v, const tp_pca_lowrank_options &o = {}) { return tp_pca_lowrank_with(a, s, v, &o); }
#endif

#endif
