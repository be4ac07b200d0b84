/* product.h: products of vectors and matrices. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_PRODUCT_H
#define TAPER_OPS_PRODUCT_H

#include <taper/core.h>

typedef struct tp_addmm_options {
    TP__HEAD(tp_addmm_options);
    double beta TP__IS(1), alpha TP__IS(1);            /* for tensors of integers cut to whole numbers */
    TP__TAIL;
} tp_addmm_options;
#define TP__DEFAULT_addmm .beta = 1, .alpha = 1,
typedef tp_addmm_options tp_baddbmm_options, tp_addmv_options, tp_addbmm_options, tp_addr_options;
#define TP__DEFAULT_baddbmm TP__DEFAULT_addmm
#define TP__DEFAULT_addmv TP__DEFAULT_addmm
#define TP__DEFAULT_addbmm TP__DEFAULT_addmm
#define TP__DEFAULT_addr TP__DEFAULT_addmm

#define TP__EACH_PRODUCT_OP_OPTIONS(X) X(addmm)

#ifdef __cplusplus
extern "C" {
#endif

/* PyTorch's matmul: [n] x [n] -> [], [m, k] x [k, n] -> [m, n], vectors and batches by broadcasting */
TP_API tp_tensor *tp_matmul(tp_tensor *a, tp_tensor *b);
/* The same for given numbers of dims: [m, k] x [k, n], [b, m, k] x [b, k, n], [m, k] x [k], [n] x [n] */
TP_API tp_tensor *tp_mm(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_bmm(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_mv(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_dot(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_vdot(tp_tensor *a, tp_tensor *b);  /* the same for real numbers */
/* y_ij = a_i b_j:  [n] x [m] -> [n, m] */
TP_API tp_tensor *tp_outer(tp_tensor *a, tp_tensor *b);
/* y_.. = sum_k a[.., k] b[.., k] over all pairs of rows; a 0-dim tensor scales */
TP_API tp_tensor *tp_inner(tp_tensor *a, tp_tensor *b);
/* The last `dims` dims of a are summed with the first of b. */
TP_API tp_tensor *tp_tensordot(tp_tensor *a, tp_tensor *b, int dims);
/* The dims of both that are named are summed, pair by pair. */
TP_API tp_tensor *tp_tensordot_dims(tp_tensor *a, tp_tensor *b, tp_dims dims_a, tp_dims dims_b);
TP_API tp_tensor *tp_kron(tp_tensor *a, tp_tensor *b); /* every element of a times b: sizes multiply, dim by dim */
TP_API tp_tensor *tp_trace(tp_tensor *x);              /* the sum of the diagonal of a matrix */

/* y = beta x + alpha a b, where x broadcasts to the product: matrices, batches of them, a matrix and a vector. With beta = 0 x is
 * not read. Gradients: all three. */
TP_API tp_tensor *tp_addmm_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmm_options *o);
TP_API tp_tensor *tp_baddbmm_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_baddbmm_options *o);
TP_API tp_tensor *tp_addmv_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmv_options *o);
TP_API tp_tensor *tp_addbmm_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addbmm_options *o);      /* the products of a batch, summed */
TP_API tp_tensor *tp_addr_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addr_options *o);          /* the outer product of vectors */
/* The same, written over x, which is of the product's shape. */
TP_API tp_tensor *tp_addmm__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmm_options *o);
TP_API tp_tensor *tp_baddbmm__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_baddbmm_options *o);
TP_API tp_tensor *tp_addmv__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmv_options *o);
TP_API tp_tensor *tp_addbmm__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addbmm_options *o);
TP_API tp_tensor *tp_addr__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addr_options *o);

/* Products by groups, as of the experts of one layer. Group i of the dim that is cut goes from offs[i - 1], or 0, to offs[i], int32 [g], rising:
 *   a [m, k],    b [g, k, n]  ->  [m, n]      rows of a by the group's b; rows behind the last group are 0
 *   a [g, m, k], b [k, n]     ->  [m, n]      columns of b, likewise
 *   a [m, k],    b [k, n]     ->  [g, m, n]   k is cut
 *   a [g, m, k], b [g, k, n]  ->  [g, m, n]   bmm: offs is NULL
 * Offsets on a device are waited for; they may be on the CPU. TP_ERR_INDEX: an offset that falls, or beyond the dim. Gradients: a, b. */
TP_API tp_tensor *tp_grouped_mm(tp_tensor *a, tp_tensor *b, tp_tensor *offs);

/* Einstein's sum:  tp_einsum("bij,bjk->bik", TP_TENSORS(a, b)). A letter names a dim; letters that the result lacks are summed.
 * "..." stands for the dims that are not named, and broadcasts; a letter that one operand has twice is its diagonal; without
 * "->" the result has the letters that occur once, in alphabetical order. TP_ERR_ARGUMENT: the equation cannot be read. */
TP_API tp_tensor *tp_einsum(const char *equation, tp_tensor_list operands);
/* y_o = sum_ij x1_i W_oij x2_j + b_o:  x1 [.., in1], x2 [.., in2], W [out, in1, in2], b [out] or NULL -> [.., out] */
TP_API tp_tensor *tp_bilinear(tp_tensor *x1, tp_tensor *x2, tp_tensor *w, tp_tensor *b);
/* y = x W^T + b:  x [.., in], W [out, in], b [out] or NULL -> [.., out] */
TP_API tp_tensor *tp_linear(tp_tensor *x, tp_tensor *w, tp_tensor *b);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_addbmm(...) tp__addbmm(__VA_ARGS__, )
#define tp__addbmm(x, a, b, ...) TP__DEFAULTS(tp_addbmm_with(x, a, b, TP__OPTIONS(addbmm, __VA_ARGS__)))
#define tp_addr(...) tp__addr(__VA_ARGS__, )
#define tp__addr(x, a, b, ...) TP__DEFAULTS(tp_addr_with(x, a, b, TP__OPTIONS(addr, __VA_ARGS__)))
#define tp_addmm_(...) tp__addmm_in_place(__VA_ARGS__, )
#define tp__addmm_in_place(x, a, b, ...) TP__DEFAULTS(tp_addmm__with(x, a, b, TP__OPTIONS(addmm, __VA_ARGS__)))
#define tp_baddbmm_(...) tp__baddbmm_in_place(__VA_ARGS__, )
#define tp__baddbmm_in_place(x, a, b, ...) TP__DEFAULTS(tp_baddbmm__with(x, a, b, TP__OPTIONS(baddbmm, __VA_ARGS__)))
#define tp_addmv_(...) tp__addmv_in_place(__VA_ARGS__, )
#define tp__addmv_in_place(x, a, b, ...) TP__DEFAULTS(tp_addmv__with(x, a, b, TP__OPTIONS(addmv, __VA_ARGS__)))
#define tp_addbmm_(...) tp__addbmm_in_place(__VA_ARGS__, )
#define tp__addbmm_in_place(x, a, b, ...) TP__DEFAULTS(tp_addbmm__with(x, a, b, TP__OPTIONS(addbmm, __VA_ARGS__)))
#define tp_addr_(...) tp__addr_in_place(__VA_ARGS__, )
#define tp__addr_in_place(x, a, b, ...) TP__DEFAULTS(tp_addr__with(x, a, b, TP__OPTIONS(addr, __VA_ARGS__)))
#define tp_addmm(...) tp__addmm(__VA_ARGS__, )
#define tp__addmm(x, a, b, ...) TP__DEFAULTS(tp_addmm_with(x, a, b, TP__OPTIONS(addmm, __VA_ARGS__)))
#define tp_baddbmm(...) tp__baddbmm(__VA_ARGS__, )
#define tp__baddbmm(x, a, b, ...) TP__DEFAULTS(tp_baddbmm_with(x, a, b, TP__OPTIONS(baddbmm, __VA_ARGS__)))
#define tp_addmv(...) tp__addmv(__VA_ARGS__, )
#define tp__addmv(x, a, b, ...) TP__DEFAULTS(tp_addmv_with(x, a, b, TP__OPTIONS(addmv, __VA_ARGS__)))
#else
inline tp_tensor *tp_addbmm(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addbmm_options &o = {}) { return tp_addbmm_with(x, a, b, &o); }
inline tp_tensor *tp_addr(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addr_options &o = {}) { return tp_addr_with(x, a, b, &o); }
inline tp_tensor *tp_addmm_(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmm_options &o = {}) { return tp_addmm__with(x, a, b, &o); }
inline tp_tensor *tp_baddbmm_(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_baddbmm_options &o = {}) { return tp_baddbmm__with(x, a, b, &o); }
inline tp_tensor *tp_addmv_(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmv_options &o = {}) { return tp_addmv__with(x, a, b, &o); }
inline tp_tensor *tp_addbmm_(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addbmm_options &o = {}) { return tp_addbmm__with(x, a, b, &o); }
inline tp_tensor *tp_addr_(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addr_options &o = {}) { return tp_addr__with(x, a, b, &o); }
inline tp_tensor *tp_addmm(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmm_options &o = {}) { return tp_addmm_with(x, a, b, &o); }
inline tp_tensor *tp_baddbmm(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_baddbmm_options &o = {}) { return tp_baddbmm_with(x, a, b, &o); }
inline tp_tensor *tp_addmv(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmv_options &o = {}) { return tp_addmv_with(x, a, b, &o); }
#endif

#endif
