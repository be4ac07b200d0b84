/* product.h: what the rules of products share. */
#ifndef TP__OPS_PRODUCT_H
#define TP__OPS_PRODUCT_H

#include "ops/run.h"

/* A product's kernel, or those of its parts; scratch: is it added to the output? */
tp_status tp__product_run(tp__call *call);
tp_tensor *tp__matrix_of(tp_tensor *x);                /* [.., n] as [rows, n]. NULL goes through */
/* dx[arg] = a b, for fused rules: added to what it is going to be added to where that can be (tp__target). NULL: an error, also of a
 * NULL a or b. */
tp_tensor *tp__product_into(const tp_node *node, int arg, tp_tensor *a, tp_tensor *b);
/* The same, and *sum becomes the sums of the rows of a, or of the columns of b, where the backend has both in one; else NULL. */
enum { TP__SUM_OF_A = 0, TP__SUM_OF_B = 2 };
tp_tensor *tp__product_and_sum(const tp_node *node, int arg, tp_tensor *a, tp_tensor *b, int of, tp_tensor **sum);

#endif
