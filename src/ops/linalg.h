/* linalg.h: what the files of linear algebra share. */
#ifndef TP__OPS_LINALG_H
#define TP__OPS_LINALG_H

#include "ops/dense.h"
#include "ops/samples.h"

/* x is a matrix or a batch of them, float32 or float64; and square. */
tp_status tp__linalg_matrix(const tp__call *call, const tp_tensor *x);
tp_status tp__linalg_square(const tp__call *call, const tp_tensor *x);

/* Of matrices: */
static inline int64_t tp__rows(const tp_tensor *x) { return x->shape[x->ndim - 2]; }
static inline int64_t tp__columns(const tp_tensor *x) { return x->shape[x->ndim - 1]; }
static inline tp_tensor *tp__flip(tp_tensor *x) { return tp_transpose(x, -1, -2); }

/* An output of the first input's batch, and these dims; last < 0: one dim alone; both: none */
tp_tensor *tp__linalg_out(tp__call *call, tp_dtype dtype, int64_t rows, int64_t last);

/* Far from singular, and from equal singular values */
tp_tensor *tp__linalg_sample(const tp_sample_set *set, tp_shape shape);
/* Gives a sample whose gradient differences do not tell: vectors are unique but for a sign, and of a symmetric matrix one triangle is read. */
void tp__linalg_give_unchecked(tp_sample_set *set, const tp_arg *args, int n);
void tp__linalg_matrices(tp_sample_set *set);          /* samples: square, tall, wide, none */
void tp__linalg_positive(tp_sample_set *set);          /* one: symmetric and positive definite */

/* Eigenvalues, rising, and vectors (v may be NULL) of symmetric matrices, of which one triangle is read. */
bool tp__eigh(tp_tensor *x, bool upper, tp_tensor **w, tp_tensor **v);
/* out: LU, pivots from 1, infos */
bool tp__linalg_lu(tp_tensor *x, bool pivots, tp_tensor **out);
/* U, S, V' of thin matrices. */
bool tp__svd(tp_tensor *x, tp_tensor **out);
/* [.., m, n], n < m -> [.., m, m - n], whose columns are orthogonal to x's and to one another. Without gradient. */
tp_tensor *tp__orthogonal_complement(tp_tensor *x);

#endif
