/* linalg.h: what the files of linear algebra share. */
#ifndef TP__OPS_LINALG_H
#define TP__OPS_LINALG_H

#include "ops/dense.h"
#include "ops/samples.h"

/* x is a matrix or a batch of them, float32 or float64; and square. */
tp_status tp__linalg_matrix(const tp__call *call, const tp_tensor *x);
tp_status tp__linalg_square(const tp__call *call, const tp_tensor *x);

/* Far from singular, and from equal singular values */
tp_tensor *tp__linalg_sample(const tp_sample_set *set, tp_shape shape);

/* Eigenvalues, rising, and vectors (v may be NULL) of symmetric matrices, of which one triangle is read. */
bool tp__eigh(tp_tensor *x, bool upper, tp_tensor **w, tp_tensor **v);
/* U, S, V' of thin matrices. */
bool tp__svd(tp_tensor *x, tp_tensor **out);
/* [.., m, n], n < m -> [.., m, m - n], whose columns are orthogonal to x's and to one another. Without gradient. */
tp_tensor *tp__orthogonal_complement(tp_tensor *x);

#endif
