/* random.h: random numbers and dropout. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_RANDOM_H
#define TAPER_OPS_RANDOM_H

#include <taper/core.h>

#define TP__EACH_RANDOM_OP_OPTIONS(X)

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_tensor *tp_uniform_(tp_tensor *x, double lo, double hi);         /* lo <= v < hi, in place */
TP_API tp_tensor *tp_normal_(tp_tensor *x, double mean, double std);
/* While training each element is zero with probability p, else x / (1 - p); otherwise x itself. */
TP_API tp_tensor *tp_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout_(tp_tensor *x, double p, bool training);
/* The same, of all elements of a channel, dim 1, together. TP_ERR_SHAPE: fewer than two dims. dropout1d takes [channels, n] too,
 * dropout3d what has four dims or fewer as one sample of a batch. */
TP_API tp_tensor *tp_feature_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_feature_dropout_(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout1d(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout2d(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_dropout3d(tp_tensor *x, double p, bool training);
/* For what selu gives: dropped elements become its lowest value, and all are scaled so that mean and variance stay. */
TP_API tp_tensor *tp_alpha_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_alpha_dropout_(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_feature_alpha_dropout(tp_tensor *x, double p, bool training);
TP_API tp_tensor *tp_feature_alpha_dropout_(tp_tensor *x, double p, bool training);

#ifdef __cplusplus
}
#endif

#endif
