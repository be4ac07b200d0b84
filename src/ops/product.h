/* product.h: what the rules of products share. */
#ifndef TP__OPS_PRODUCT_H
#define TP__OPS_PRODUCT_H

#include "ops/run.h"

tp_tensor *tp__matrix_of(tp_tensor *x);                  /* [.., n] as [rows, n]. NULL goes through */
/* x_ii over two dims of x, as its last dim: a view. */
tp_tensor *tp__diagonal_of(tp_tensor *x, int dim1, int dim2);

#endif
