/* activation.h: activations. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_ACTIVATION_H
#define TAPER_OPS_ACTIVATION_H

#include <taper/core.h>

#define TP__EACH_ACTIVATION_OP_OPTIONS(X)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Elementwise ----------------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_relu(tp_tensor *x);               /* max(x, 0); NaN stays. Integers stay integers */
TP_API tp_tensor *tp_relu_(tp_tensor *x);

/* ---- Along a dim ------------------------------------------------------------------------------------------------------------ */

TP_API tp_tensor *tp_softmax(tp_tensor *x, int dim);   /* y_i = exp(x_i) / sum_j exp(x_j) */
TP_API tp_tensor *tp_log_softmax(tp_tensor *x, int dim);

#ifdef __cplusplus
}
#endif

#endif
