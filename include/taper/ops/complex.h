/* complex.h: complex tensors, TP_C64 and TP_C128, and the real ones that they are made of. docs/ops.md lists the ops that take them.
 *
 * The gradient of a complex z is dL/d(re z) + i dL/d(im z), as in PyTorch: the direction in which a real L rises fastest. A real input
 * beside complex ones gets the real part. There is no lazy conjugation: a conjugate is memory of its own. */
#ifndef TAPER_OPS_COMPLEX_H
#define TAPER_OPS_COMPLEX_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

TP_API bool tp_is_complex(const tp_tensor *x);         /* is the dtype? false for NULL */
/* re + i im, of two float32 or two float64 tensors that broadcast. TP_ERR_DTYPE: others, or one of each. */
TP_API tp_tensor *tp_complex(tp_tensor *re, tp_tensor *im);
/* abs e^(i angle), of the same inputs. */
TP_API tp_tensor *tp_polar(tp_tensor *abs, tp_tensor *angle);

/* Views. The real part; a real x itself. The imaginary part; TP_ERR_DTYPE: x is real. */
TP_API tp_tensor *tp_real(tp_tensor *x);
TP_API tp_tensor *tp_imag(tp_tensor *x);
/* z [..] as real [.., 2], real and imaginary parts; at most 7 dims. And back: float32 or float64 [.., 2] as complex [..]. TP_ERR_SHAPE:
 * the last dim is not 2; TP_ERR_STATE: its two elements are not neighbours, or another stride or the offset is odd. */
TP_API tp_tensor *tp_view_as_real(tp_tensor *z);
TP_API tp_tensor *tp_view_as_complex(tp_tensor *x);

/* re - i im, a new tensor; of a real x a view of it. resolve_conj: x itself, whose conjugates are resolved always. */
TP_API tp_tensor *tp_conj(tp_tensor *x);
TP_API tp_tensor *tp_conj_physical(tp_tensor *x);
TP_API tp_tensor *tp_conj_physical_(tp_tensor *x);
TP_API tp_tensor *tp_resolve_conj(tp_tensor *x);
TP_API tp_tensor *tp_sgn(tp_tensor *x);                /* x / |x|, 0 of 0; the sign of a real one */

#ifdef __cplusplus
}
#endif

#endif
