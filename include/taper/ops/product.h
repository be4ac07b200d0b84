/* product.h: products of vectors and matrices. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_PRODUCT_H
#define TAPER_OPS_PRODUCT_H

#include <taper/core.h>

#define TP__EACH_PRODUCT_OP_OPTIONS(X)

#ifdef __cplusplus
extern "C" {
#endif

/* PyTorch's matmul: [n] x [n] -> [], [m, k] x [k, n] -> [m, n], vectors and batches by broadcasting */
TP_API tp_tensor *tp_matmul(tp_tensor *a, tp_tensor *b);
/* y = x W^T + b:  x [.., in], W [out, in], b [out] or NULL -> [.., out] */
TP_API tp_tensor *tp_linear(tp_tensor *x, tp_tensor *w, tp_tensor *b);

#ifdef __cplusplus
}
#endif

#endif
