/* shape.h: shapes, views and copies. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_SHAPE_H
#define TAPER_OPS_SHAPE_H

#include <taper/core.h>

#define TP__EACH_SHAPE_OP_OPTIONS(X)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Shape: views where they can be ----------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_reshape(tp_tensor *x, tp_shape shape);      /* one dim may be -1; a view, else a copy */
TP_API tp_tensor *tp_flatten(tp_tensor *x, int start_dim, int end_dim);
TP_API tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1);
TP_API tp_tensor *tp_permute(tp_tensor *x, tp_dims dims);
TP_API tp_tensor *tp_expand(tp_tensor *x, tp_shape shape);       /* -1 keeps a size */
TP_API tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index);                 /* drops dim */
TP_API tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length);
TP_API tp_tensor *tp_as_strided(tp_tensor *x, tp_shape shape, const int64_t *strides, int64_t offset);  /* in elements, of the storage */
TP_API tp_tensor *tp_cat(tp_tensor_list tensors, int dim);       /* tp_cat(TP_TENSORS(a, b), 0) */

/* ---- Filling, in place -------------------------------------------------------------------------------------------------------- */

TP_API tp_tensor *tp_copy_(tp_tensor *dst, tp_tensor *src);      /* casts and broadcasts */
TP_API tp_tensor *tp_zero_(tp_tensor *x);
TP_API tp_tensor *tp_fill_(tp_tensor *x, double value);

#ifdef __cplusplus
}
#endif

#endif
