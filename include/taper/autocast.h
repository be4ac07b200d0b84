/* autocast.h: mixed precision. Inside a region, products of float32 tensors are computed with 16 bits where that is fast and safe, and
 * what needs the range or the digits of float32 stays there; parameters remain float32, and so do their gradients.
 *
 *     {
 *         TP_AUTOCAST(TP_BF16);                      // until the end of the block
 *         loss = tp_cross_entropy(tp_forward(net, x), target);
 *     }
 *     tp_backward(loss);                             // outside: backward takes the dtypes that forward took
 *
 * It is PyTorch's torch.autocast, with its lists of ops, which differ by device (src/ops/autocast.c has them):
 *   16 bits    matmul, bmm, addmm, baddbmm, linear, conv1d .. conv_transpose3d, scaled_dot_product_attention, prelu, einsum, recurrent cells
 *   float32    on CUDA: exp, log, pow, softmax, log_softmax, sum, prod, cumsum, norms, layer_norm, group_norm, losses, upsampling; on the CPU:
 *              losses, prod, pooling and padding of volumes, linalg, quantile
 *   widest     of the floating dtypes given: on CUDA addcmul, addcdiv, atan2, cross, dot, scatter_add, index_put; on the CPU cat, stack
 * All other ops, and all in place, take what they are given. Float64, integers and numbers are never cast, and an argument dtype of an
 * op in the list of float32 is followed. float16 wants a gradient scaler (taper/scaler.h), for its range is small; bfloat16 does not.
 *
 * A parameter (a leaf that requires grad) is cast once: its copy is kept until the outermost region ends, and made anew when the
 * parameter is written. Regions are of their thread, and nest. Backward runs its rules without a region, a second run of tp_checkpoint and
 * the backward of a tp_function in that of their forward. */
#ifndef TAPER_AUTOCAST_H
#define TAPER_AUTOCAST_H

#include <taper/core.h>

typedef struct tp_autocast_mode { tp_dtype tp__was; bool tp__begun; } tp_autocast_mode;

#ifdef __cplusplus
extern "C" {
#endif

/* A region begins, which computes with dtype, TP_BF16 or TP_F16; TP_DTYPE_DEFAULT: nothing is cast in it, as in TP_NO_AUTOCAST();.
 * Any other is TP_ERR_DTYPE, and the mode stays. */
TP_API tp_autocast_mode tp_autocast_set(tp_dtype dtype);
TP_API void tp_autocast_restore(tp_autocast_mode *was);          /* it ends */
TP_API tp_dtype tp_autocast_dtype(void);               /* of this thread, now; TP_DTYPE_DEFAULT: nothing is cast */
/* Are copies of parameters kept? On, unless said. Off, each use casts anew. Of this thread. */
TP_API void tp_set_autocast_cache(bool on);

#ifdef __cplusplus
}
struct tp__autocast_guard {
    tp_autocast_mode was;
    explicit tp__autocast_guard(tp_dtype dtype) : was(tp_autocast_set(dtype)) {}
    ~tp__autocast_guard() { tp_autocast_restore(&was); }
    tp__autocast_guard(const tp__autocast_guard &) = delete;
};
#define TP_AUTOCAST(dtype) tp__autocast_guard TP__CAT(tp__autocast_, __LINE__)(dtype)
#elif defined(__GNUC__)
#define TP_AUTOCAST(dtype) TP__UNTIL_EXIT(tp_autocast_mode, tp__autocast_, tp_autocast_restore) = tp_autocast_set(dtype)
#else
#define TP_AUTOCAST(dtype) _Static_assert(0, "no cleanup attribute: pair tp_autocast_set with tp_autocast_restore")
#endif
#define TP_NO_AUTOCAST() TP_AUTOCAST(TP_DTYPE_DEFAULT)

#endif
