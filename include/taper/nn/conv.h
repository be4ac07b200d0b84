/* conv.h: convolutions and their transposes, in one to three dims. Options that end in _hw or _dhw say where the dims differ, the
 * kernel too: a number that is not TP_NONE there goes before the one for all dims. */
#ifndef TAPER_NN_CONV_H
#define TAPER_NN_CONV_H

#include <taper/nn/module.h>

typedef struct tp_nn_conv1d_options {
    TP__HEAD(tp_nn_conv1d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);     /* padding: TP_SAME, too */
    bool bias TP__IS(true);
    tp_pad_mode padding_mode TP__IS(TP_PAD_MODE_DEFAULT);        /* zeros; else what the edges show */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_conv1d_options;
#define TP__DEFAULT_nn_conv1d .stride = 1, .dilation = 1, .groups = 1, .bias = true,

typedef struct tp_nn_conv2d_options {
    TP__HEAD(tp_nn_conv2d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);     /* padding: TP_SAME, too */
    bool bias TP__IS(true);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2),
            dilation_hw[2] TP__IS(TP__NONE_2);
    tp_pad_mode padding_mode TP__IS(TP_PAD_MODE_DEFAULT);        /* zeros; else what the edges show */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_conv2d_options;
#define TP__DEFAULT_nn_conv2d \
    .stride = 1, .dilation = 1, .groups = 1, .bias = true, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2, \
    .padding_hw = TP__NONE_2, .dilation_hw = TP__NONE_2,

typedef struct tp_nn_conv3d_options {
    TP__HEAD(tp_nn_conv3d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);     /* padding: TP_SAME, too */
    bool bias TP__IS(true);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3),
            dilation_dhw[3] TP__IS(TP__NONE_3);
    tp_pad_mode padding_mode TP__IS(TP_PAD_MODE_DEFAULT);        /* zeros; else what the edges show */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_conv3d_options;
#define TP__DEFAULT_nn_conv3d \
    .stride = 1, .dilation = 1, .groups = 1, .bias = true, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3, \
    .padding_dhw = TP__NONE_3, .dilation_dhw = TP__NONE_3,

typedef struct tp_nn_conv_transpose1d_options {
    TP__HEAD(tp_nn_conv_transpose1d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), output_padding TP__IS(0), groups TP__IS(1);
    bool bias TP__IS(true);
    int64_t dilation TP__IS(1);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_conv_transpose1d_options;
#define TP__DEFAULT_nn_conv_transpose1d .stride = 1, .groups = 1, .bias = true, .dilation = 1,

typedef struct tp_nn_conv_transpose2d_options {
    TP__HEAD(tp_nn_conv_transpose2d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), output_padding TP__IS(0), groups TP__IS(1);
    bool bias TP__IS(true);
    int64_t dilation TP__IS(1);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2),
            output_padding_hw[2] TP__IS(TP__NONE_2), dilation_hw[2] TP__IS(TP__NONE_2);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_conv_transpose2d_options;
#define TP__DEFAULT_nn_conv_transpose2d \
    .stride = 1, .groups = 1, .bias = true, .dilation = 1, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2, \
    .padding_hw = TP__NONE_2, .output_padding_hw = TP__NONE_2, .dilation_hw = TP__NONE_2,

typedef struct tp_nn_conv_transpose3d_options {
    TP__HEAD(tp_nn_conv_transpose3d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), output_padding TP__IS(0), groups TP__IS(1);
    bool bias TP__IS(true);
    int64_t dilation TP__IS(1);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3),
            output_padding_dhw[3] TP__IS(TP__NONE_3), dilation_dhw[3] TP__IS(TP__NONE_3);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_conv_transpose3d_options;
#define TP__DEFAULT_nn_conv_transpose3d \
    .stride = 1, .groups = 1, .bias = true, .dilation = 1, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3, \
    .padding_dhw = TP__NONE_3, .output_padding_dhw = TP__NONE_3, .dilation_dhw = TP__NONE_3,

#define TP__EACH_NN_CONV_OPTIONS(X) X(nn_conv1d) X(nn_conv2d) X(nn_conv3d) X(nn_conv_transpose1d) X(nn_conv_transpose2d) X(nn_conv_transpose3d)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- NULL: TP_ERR_ARGUMENT (sizes, options), TP_ERR_DTYPE, TP_ERR_DEVICE, TP_ERR_MEMORY ----------------------------------- */

/* [n, in, ..] or [in, ..] -> [.., out, ..], with 1, 2 or 3 dims more, see tp_conv2d.  weight [out, in / groups, ..kernel], bias [out],
 * uniform in +-1 / sqrt(in / groups times the kernel's size) */
TP_API tp_module *tp_nn_conv1d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv1d_options *o);
TP_API tp_module *tp_nn_conv2d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv2d_options *o);
TP_API tp_module *tp_nn_conv3d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv3d_options *o);
/* The adjoint, as a layer, see tp_conv_transpose2d.  weight [in, out / groups, ..kernel], bias [out]. A call takes "output_size", too:
 * which of the sizes that lead to the input's is meant. */
TP_API tp_module *tp_nn_conv_transpose1d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose1d_options *o);
TP_API tp_module *tp_nn_conv_transpose2d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose2d_options *o);
TP_API tp_module *tp_nn_conv_transpose3d_with(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose3d_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_conv1d(...) tp__nn_conv1d(__VA_ARGS__, )
#define tp__nn_conv1d(in, out, kernel, ...) TP__DEFAULTS(tp_nn_conv1d_with(in, out, kernel, TP__OPTIONS(nn_conv1d, __VA_ARGS__)))
#define tp_nn_conv2d(...) tp__nn_conv2d(__VA_ARGS__, )
#define tp__nn_conv2d(in, out, kernel, ...) TP__DEFAULTS(tp_nn_conv2d_with(in, out, kernel, TP__OPTIONS(nn_conv2d, __VA_ARGS__)))
#define tp_nn_conv3d(...) tp__nn_conv3d(__VA_ARGS__, )
#define tp__nn_conv3d(in, out, kernel, ...) TP__DEFAULTS(tp_nn_conv3d_with(in, out, kernel, TP__OPTIONS(nn_conv3d, __VA_ARGS__)))
#define tp_nn_conv_transpose1d(...) tp__nn_conv_transpose1d(__VA_ARGS__, )
#define tp__nn_conv_transpose1d(in, out, kernel, ...) \
    TP__DEFAULTS(tp_nn_conv_transpose1d_with(in, out, kernel, TP__OPTIONS(nn_conv_transpose1d, __VA_ARGS__)))
#define tp_nn_conv_transpose2d(...) tp__nn_conv_transpose2d(__VA_ARGS__, )
#define tp__nn_conv_transpose2d(in, out, kernel, ...) \
    TP__DEFAULTS(tp_nn_conv_transpose2d_with(in, out, kernel, TP__OPTIONS(nn_conv_transpose2d, __VA_ARGS__)))
#define tp_nn_conv_transpose3d(...) tp__nn_conv_transpose3d(__VA_ARGS__, )
#define tp__nn_conv_transpose3d(in, out, kernel, ...) \
    TP__DEFAULTS(tp_nn_conv_transpose3d_with(in, out, kernel, TP__OPTIONS(nn_conv_transpose3d, __VA_ARGS__)))
#else
inline tp_module *tp_nn_conv1d(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv1d_options &o = {})
{ return tp_nn_conv1d_with(in, out, kernel, &o); }
inline tp_module *tp_nn_conv2d(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv2d_options &o = {})
{ return tp_nn_conv2d_with(in, out, kernel, &o); }
inline tp_module *tp_nn_conv3d(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv3d_options &o = {})
{ return tp_nn_conv3d_with(in, out, kernel, &o); }
inline tp_module *tp_nn_conv_transpose1d(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose1d_options &o = {})
{ return tp_nn_conv_transpose1d_with(in, out, kernel, &o); }
inline tp_module *tp_nn_conv_transpose2d(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose2d_options &o = {})
{ return tp_nn_conv_transpose2d_with(in, out, kernel, &o); }
inline tp_module *tp_nn_conv_transpose3d(int64_t in, int64_t out, int64_t kernel, const tp_nn_conv_transpose3d_options &o = {})
{ return tp_nn_conv_transpose3d_with(in, out, kernel, &o); }
#endif

#endif
