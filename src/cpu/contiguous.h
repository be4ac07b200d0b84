/* contiguous.h: what a kernel needs that takes contiguous memory of one dtype: the tensor's own where it is so already, else a
 * copy. And the way back for results that were computed in another dtype. */
#ifndef TP__CONTIGUOUS_H
#define TP__CONTIGUOUS_H

#include "core/op.h"

typedef struct tp__plain {
    void *data;
    size_t bytes;                                      /* of the copy; 0: the tensor's own memory */
    tp_dtype dtype;
} tp__plain;

/* x in row-major order as `dtype`. TP_ERR_MEMORY. x may be NULL: data is NULL. */
tp_status tp__plain_take(tp__plain *out, const tp_tensor *x, tp_dtype dtype);
/* Where to compute y in row-major order as `dtype`; tp__plain_return brings it to y if that is not y's own memory. */
tp_status tp__plain_room(tp__plain *out, const tp_tensor *y, tp_dtype dtype);
void tp__plain_return(tp__plain *out, tp_tensor *y);
void tp__plain_free(tp__plain *x);

/* All inputs and outputs of a call, in and out being zeroed. The end, also after an error: of a call that went well results go to the
 * outputs, and copies are freed. */
tp_status tp__plain_open(const tp__call *call, tp_dtype dtype, tp__plain *in, tp__plain *out);
void tp__plain_close(const tp__call *call, tp_status status, tp__plain *in, tp__plain *out);

/* The dtype that products of x's dtype are computed in: float32 for the 16-bit ones, int64 for integers. 0: none, which is
 * TP_ERR_UNSUPPORTED for complex numbers and TP_ERR_DTYPE for bool, set here. */
tp_dtype tp__product_dtype(const tp__call *call, int dtype);

#endif
