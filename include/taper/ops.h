/* ops.h: the operators, by PyTorch's names; one header per family.
 *
 * Every result belongs to the scope. NULL for a required tensor gives NULL; an optional tensor that is NULL counts as absent
 * while no error is unread. Broadcasting, promotion, NaN and empty tensors are as in PyTorch. Negative dims count from the
 * end. Unless said otherwise floating inputs get gradients, tensors may have any strides, and errors are TP_ERR_SHAPE,
 * TP_ERR_DTYPE, TP_ERR_DEVICE and TP_ERR_MEMORY. A trailing underscore writes the first argument in place and returns it. */
#ifndef TAPER_OPS_H
#define TAPER_OPS_H

#include <taper/ops/activation.h>
#include <taper/ops/attention.h>
#include <taper/ops/compare.h>
#include <taper/ops/complex.h>
#include <taper/ops/conv.h>
#include <taper/ops/create.h>
#include <taper/ops/fft.h>
#include <taper/ops/index.h>
#include <taper/ops/linalg.h>
#include <taper/ops/loss.h>
#include <taper/ops/norm.h>
#include <taper/ops/optim.h>
#include <taper/ops/pool.h>
#include <taper/ops/pointwise.h>
#include <taper/ops/product.h>
#include <taper/ops/random.h>
#include <taper/ops/recurrent.h>
#include <taper/ops/reduce.h>
#include <taper/ops/resize.h>
#include <taper/ops/select.h>
#include <taper/ops/shape.h>
#include <taper/ops/sort.h>
#include <taper/ops/special.h>

#define TP__EACH_OPS_OPTIONS(X) \
    TP__EACH_POINTWISE_OP_OPTIONS(X) \
    TP__EACH_COMPARE_OP_OPTIONS(X) \
    TP__EACH_SELECT_OP_OPTIONS(X) \
    TP__EACH_ACTIVATION_OP_OPTIONS(X) \
    TP__EACH_REDUCE_OP_OPTIONS(X) \
    TP__EACH_NORM_OP_OPTIONS(X) \
    TP__EACH_PRODUCT_OP_OPTIONS(X) \
    TP__EACH_LINALG_OP_OPTIONS(X) \
    TP__EACH_ATTENTION_OP_OPTIONS(X) \
    TP__EACH_CONV_OP_OPTIONS(X) \
    TP__EACH_POOL_OP_OPTIONS(X) \
    TP__EACH_RECURRENT_OP_OPTIONS(X) \
    TP__EACH_RESIZE_OP_OPTIONS(X) \
    TP__EACH_FFT_OP_OPTIONS(X) \
    TP__EACH_INDEX_OP_OPTIONS(X) \
    TP__EACH_SHAPE_OP_OPTIONS(X) \
    TP__EACH_SORT_OP_OPTIONS(X) \
    TP__EACH_CREATE_OP_OPTIONS(X) \
    TP__EACH_LOSS_OP_OPTIONS(X) \
    TP__EACH_RANDOM_OP_OPTIONS(X) \
    TP__EACH_OPTIM_OP_OPTIONS(X)

#endif
