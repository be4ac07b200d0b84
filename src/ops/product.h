/* product.h: what the rules of products share. */
#ifndef TP__OPS_PRODUCT_H
#define TP__OPS_PRODUCT_H

#include "ops/run.h"

tp_tensor *tp__matrix_of(tp_tensor *x);                  /* [.., n] as [rows, n]. NULL goes through */

#endif
