/* conv.h: convolutions (cross-correlations, as everywhere in deep learning) and their transposes, in one to three dims. What
 * holds for all ops is said in ops.h. Options end in _hw or _dhw where the dims differ: a number that is not TP_NONE there
 * goes before the one for all dims. */
#ifndef TAPER_OPS_CONV_H
#define TAPER_OPS_CONV_H

#include <taper/core.h>

#define TP_SAME (INT64_MIN + 1)                        /* a padding with which, at stride 1, y has the size of x */
#define TP__NONE_2 { TP_NONE, TP_NONE }
#define TP__NONE_3 { TP_NONE, TP_NONE, TP_NONE }

typedef struct tp_conv1d_options {
    TP__HEAD(tp_conv1d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);
    TP__TAIL;
} tp_conv1d_options;
#define TP__DEFAULT_conv1d .stride = 1, .dilation = 1, .groups = 1,

typedef struct tp_conv2d_options {
    TP__HEAD(tp_conv2d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);
    int64_t stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2), dilation_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_conv2d_options;
#define TP__DEFAULT_conv2d .stride = 1, .dilation = 1, .groups = 1, .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2, \
    .dilation_hw = TP__NONE_2,

typedef struct tp_conv3d_options {
    TP__HEAD(tp_conv3d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);
    int64_t stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3), dilation_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_conv3d_options;
#define TP__DEFAULT_conv3d .stride = 1, .dilation = 1, .groups = 1, .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3, \
    .dilation_dhw = TP__NONE_3,

typedef struct tp_conv_transpose1d_options {
    TP__HEAD(tp_conv_transpose1d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), output_padding TP__IS(0), groups TP__IS(1), dilation TP__IS(1);
    TP__TAIL;
} tp_conv_transpose1d_options;
#define TP__DEFAULT_conv_transpose1d .stride = 1, .dilation = 1, .groups = 1,

typedef struct tp_conv_transpose2d_options {
    TP__HEAD(tp_conv_transpose2d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), output_padding TP__IS(0), groups TP__IS(1), dilation TP__IS(1);
    int64_t stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2), output_padding_hw[2] TP__IS(TP__NONE_2),
            dilation_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_conv_transpose2d_options;
#define TP__DEFAULT_conv_transpose2d .stride = 1, .dilation = 1, .groups = 1, .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2, \
    .output_padding_hw = TP__NONE_2, .dilation_hw = TP__NONE_2,

typedef struct tp_conv_transpose3d_options {
    TP__HEAD(tp_conv_transpose3d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), output_padding TP__IS(0), groups TP__IS(1), dilation TP__IS(1);
    int64_t stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3), output_padding_dhw[3] TP__IS(TP__NONE_3),
            dilation_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_conv_transpose3d_options;
#define TP__DEFAULT_conv_transpose3d .stride = 1, .dilation = 1, .groups = 1, .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3, \
    .output_padding_dhw = TP__NONE_3, .dilation_dhw = TP__NONE_3,

#define TP__EACH_CONV_OP_OPTIONS(X) X(conv1d) X(conv2d) X(conv3d) X(conv_transpose1d) X(conv_transpose2d) X(conv_transpose3d)

#ifdef __cplusplus
extern "C" {
#endif

/* y[n][o] = b[o] + sum over c of w[o][c] x[n][c], a product at each place of the kernel; o and c of the same of `groups` groups.
 *   x       [n, in, ..] or [in, ..], with 1, 2 or 3 dims more; floating or integer
 *   w       [out, in / groups, ..kernel]
 *   b       [out] or NULL
 *   padding of zeros at both ends, or TP_SAME, which at an odd number of zeros puts one more at the end
 *   return  [n, out, ..] or [out, ..]: a size becomes (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1. Channels last
 *           if x or w is
 *   errors  TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_ARGUMENT (a stride, padding, dilation or groups that cannot be)
 *   grad    x, w, b */
TP_API tp_tensor *tp_conv1d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv1d_options *o);
TP_API tp_tensor *tp_conv2d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options *o);
TP_API tp_tensor *tp_conv3d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv3d_options *o);
/* A convolution over the steps of x [steps, batch, in] by w [kernel, in, out], b [out], with `pad` zeros at both ends: [.., batch, out]. */
TP_API tp_tensor *tp_conv_tbc(tp_tensor *x, tp_tensor *w, tp_tensor *b, int64_t pad);

/* The adjoint of a convolution in its x, as an op: every x is spread by the kernel, and what falls together is added.
 *   x       [n, in, ..] or [in, ..]
 *   w       [in, out / groups, ..kernel]
 *   b       [out] or NULL
 *   return  [n, out, ..]: a size becomes (size - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output_padding, where
 *           output_padding is less than stride or dilation
 *   errors, grad: as above */
TP_API tp_tensor *tp_conv_transpose1d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose1d_options *o);
TP_API tp_tensor *tp_conv_transpose2d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose2d_options *o);
TP_API tp_tensor *tp_conv_transpose3d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose3d_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_conv1d(...) tp__conv1d(__VA_ARGS__, )
#define tp__conv1d(x, w, b, ...) TP__DEFAULTS(tp_conv1d_with(x, w, b, TP__OPTIONS(conv1d, __VA_ARGS__)))
#define tp_conv2d(...) tp__conv2d(__VA_ARGS__, )
#define tp__conv2d(x, w, b, ...) TP__DEFAULTS(tp_conv2d_with(x, w, b, TP__OPTIONS(conv2d, __VA_ARGS__)))
#define tp_conv3d(...) tp__conv3d(__VA_ARGS__, )
#define tp__conv3d(x, w, b, ...) TP__DEFAULTS(tp_conv3d_with(x, w, b, TP__OPTIONS(conv3d, __VA_ARGS__)))
#define tp_conv_transpose1d(...) tp__conv_transpose1d(__VA_ARGS__, )
#define tp__conv_transpose1d(x, w, b, ...) TP__DEFAULTS(tp_conv_transpose1d_with(x, w, b, TP__OPTIONS(conv_transpose1d, __VA_ARGS__)))
#define tp_conv_transpose2d(...) tp__conv_transpose2d(__VA_ARGS__, )
#define tp__conv_transpose2d(x, w, b, ...) TP__DEFAULTS(tp_conv_transpose2d_with(x, w, b, TP__OPTIONS(conv_transpose2d, __VA_ARGS__)))
#define tp_conv_transpose3d(...) tp__conv_transpose3d(__VA_ARGS__, )
#define tp__conv_transpose3d(x, w, b, ...) TP__DEFAULTS(tp_conv_transpose3d_with(x, w, b, TP__OPTIONS(conv_transpose3d, __VA_ARGS__)))
#else
inline tp_tensor *tp_conv1d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv1d_options &o = {}) { return tp_conv1d_with(x, w, b, &o); }
inline tp_tensor *tp_conv2d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options &o = {}) { return tp_conv2d_with(x, w, b, &o); }
inline tp_tensor *tp_conv3d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv3d_options &o = {}) { return tp_conv3d_with(x, w, b, &o); }
inline tp_tensor *tp_conv_transpose1d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose1d_options &o = {})
{ return tp_conv_transpose1d_with(x, w, b, &o); }
inline tp_tensor *tp_conv_transpose2d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose2d_options &o = {})
{ return tp_conv_transpose2d_with(x, w, b, &o); }
inline tp_tensor *tp_conv_transpose3d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv_transpose3d_options &o = {})
{ return tp_conv_transpose3d_with(x, w, b, &o); }
#endif

#endif
