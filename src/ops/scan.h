/* scan.h: gradients that are scans themselves, for other families. */
#ifndef TP__SCAN_H
#define TP__SCAN_H

#include "ops/run.h"
#include "ops/samples.h"

/* The gradient of a product along dim: g times the product of all other elements. g has size 1 there. */
tp_tensor *tp__prod_grad(tp_tensor *g, tp_tensor *x, int dim);
/* Floating values some of which are 0, requiring grad. */
tp_tensor *tp__sample_with_zeros(const tp_sample_set *set, tp_shape shape);

#endif
