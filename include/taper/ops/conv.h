/* conv.h: convolution and pooling. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_CONV_H
#define TAPER_OPS_CONV_H

#include <taper/core.h>

typedef struct tp_conv2d_options {
    TP__HEAD(tp_conv2d_options);
    int64_t stride TP__IS(1), padding TP__IS(0), dilation TP__IS(1), groups TP__IS(1);
    int64_t stride_hw[2] TP__IS({ TP_NONE, TP_NONE }), padding_hw[2] TP__IS({ TP_NONE, TP_NONE }),
            dilation_hw[2] TP__IS({ TP_NONE, TP_NONE });         /* where height and width differ */
    TP__TAIL;
} tp_conv2d_options;
#define TP__DEFAULT_conv2d .stride = 1, .dilation = 1, .groups = 1, .stride_hw = { TP_NONE, TP_NONE }, \
    .padding_hw = { TP_NONE, TP_NONE }, .dilation_hw = { TP_NONE, TP_NONE },

typedef struct tp_max_pool2d_options {
    TP__HEAD(tp_max_pool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_hw[2] TP__IS({ TP_NONE, TP_NONE }), stride_hw[2] TP__IS({ TP_NONE, TP_NONE }),
            padding_hw[2] TP__IS({ TP_NONE, TP_NONE }), dilation_hw[2] TP__IS({ TP_NONE, TP_NONE });
    TP__TAIL;
} tp_max_pool2d_options;
#define TP__DEFAULT_max_pool2d .stride = TP_NONE, .dilation = 1, .kernel_hw = { TP_NONE, TP_NONE }, .stride_hw = { TP_NONE, TP_NONE }, \
    .padding_hw = { TP_NONE, TP_NONE }, .dilation_hw = { TP_NONE, TP_NONE },

#define TP__EACH_CONV_OP_OPTIONS(X) X(conv2d) X(max_pool2d)

#ifdef __cplusplus
extern "C" {
#endif

/* x [n, c, h, w] or [c, h, w], w [out, c / groups, kh, kw], b [out] or NULL -> [n, out, oh, ow],
 * oh = (h + 2 padding - dilation (kh - 1) - 1) / stride + 1. Cross-correlation. */
TP_API tp_tensor *tp_conv2d_with(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options *o);
/* The greatest value of each window: x [n, c, h, w] or [c, h, w]. Padding is -inf, at most half of the kernel. */
TP_API tp_tensor *tp_max_pool2d_with(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_conv2d(...) tp__conv2d(__VA_ARGS__, )
#define tp__conv2d(x, w, b, ...) TP__DEFAULTS(tp_conv2d_with(x, w, b, TP__OPTIONS(conv2d, __VA_ARGS__)))
#define tp_max_pool2d(...) tp__max_pool2d(__VA_ARGS__, )
#define tp__max_pool2d(x, kernel, ...) TP__DEFAULTS(tp_max_pool2d_with(x, kernel, TP__OPTIONS(max_pool2d, __VA_ARGS__)))
#else
inline tp_tensor *tp_conv2d(tp_tensor *x, tp_tensor *w, tp_tensor *b, const tp_conv2d_options &o = {}) { return tp_conv2d_with(x, w, b, &o); }
inline tp_tensor *tp_max_pool2d(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options &o = {}) { return tp_max_pool2d_with(x, kernel, &o); }
#endif

#endif
