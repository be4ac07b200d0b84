/* pool.h: pooling in one to three dims. What holds for all ops is said in ops.h. Options that end in _hw or _dhw say where the
 * dims differ: a number that is not TP_NONE there goes before the one for all dims. */
#ifndef TAPER_OPS_POOL_H
#define TAPER_OPS_POOL_H

#include <taper/ops/conv.h>

typedef struct tp_max_pool1d_options {
    TP__HEAD(tp_max_pool1d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false);
    tp_tensor **indices TP__IS(nullptr);               /* gets where each one stood */
    TP__TAIL;
} tp_max_pool1d_options;
#define TP__DEFAULT_max_pool1d .stride = TP_NONE, .dilation = 1,

typedef struct tp_max_pool2d_options {
    TP__HEAD(tp_max_pool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2),
            dilation_hw[2] TP__IS(TP__NONE_2);
    tp_tensor **indices TP__IS(nullptr);               /* gets where each one stood */
    TP__TAIL;
} tp_max_pool2d_options;
#define TP__DEFAULT_max_pool2d .stride = TP_NONE, .dilation = 1, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2, \
    .padding_hw = TP__NONE_2, .dilation_hw = TP__NONE_2,

typedef struct tp_max_pool3d_options {
    TP__HEAD(tp_max_pool3d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3),
            dilation_dhw[3] TP__IS(TP__NONE_3);
    tp_tensor **indices TP__IS(nullptr);               /* gets where each one stood */
    TP__TAIL;
} tp_max_pool3d_options;
#define TP__DEFAULT_max_pool3d .stride = TP_NONE, .dilation = 1, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3, \
    .padding_dhw = TP__NONE_3, .dilation_dhw = TP__NONE_3,

typedef struct tp_avg_pool1d_options {
    TP__HEAD(tp_avg_pool1d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);  /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), count_include_pad TP__IS(true);
    TP__TAIL;
} tp_avg_pool1d_options;
#define TP__DEFAULT_avg_pool1d .stride = TP_NONE, .count_include_pad = true,

typedef struct tp_avg_pool2d_options {
    TP__HEAD(tp_avg_pool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);  /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), count_include_pad TP__IS(true);
    int64_t divisor_override TP__IS(TP_NONE);          /* instead of how many there are */
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_avg_pool2d_options;
#define TP__DEFAULT_avg_pool2d .stride = TP_NONE, .count_include_pad = true, .divisor_override = TP_NONE, .kernel_hw = TP__NONE_2, \
    .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2,

typedef struct tp_avg_pool3d_options {
    TP__HEAD(tp_avg_pool3d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);  /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), count_include_pad TP__IS(true);
    int64_t divisor_override TP__IS(TP_NONE);          /* instead of how many there are */
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_avg_pool3d_options;
#define TP__DEFAULT_avg_pool3d .stride = TP_NONE, .count_include_pad = true, .divisor_override = TP_NONE, .kernel_dhw = TP__NONE_3, \
    .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3,

typedef struct tp_adaptive_avg_pool2d_options {
    TP__HEAD(tp_adaptive_avg_pool2d_options);
    int64_t size_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_adaptive_avg_pool2d_options;
#define TP__DEFAULT_adaptive_avg_pool2d .size_hw = TP__NONE_2,

typedef struct tp_adaptive_avg_pool3d_options {
    TP__HEAD(tp_adaptive_avg_pool3d_options);
    int64_t size_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_adaptive_avg_pool3d_options;
#define TP__DEFAULT_adaptive_avg_pool3d .size_dhw = TP__NONE_3,

typedef struct tp_adaptive_max_pool1d_options {
    TP__HEAD(tp_adaptive_max_pool1d_options);
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_adaptive_max_pool1d_options;
#define TP__DEFAULT_adaptive_max_pool1d

typedef struct tp_adaptive_max_pool2d_options {
    TP__HEAD(tp_adaptive_max_pool2d_options);
    int64_t size_hw[2] TP__IS(TP__NONE_2);
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_adaptive_max_pool2d_options;
#define TP__DEFAULT_adaptive_max_pool2d .size_hw = TP__NONE_2,

typedef struct tp_adaptive_max_pool3d_options {
    TP__HEAD(tp_adaptive_max_pool3d_options);
    int64_t size_dhw[3] TP__IS(TP__NONE_3);
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_adaptive_max_pool3d_options;
#define TP__DEFAULT_adaptive_max_pool3d .size_dhw = TP__NONE_3,

typedef struct tp_max_unpool1d_options {
    TP__HEAD(tp_max_unpool1d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);
    int64_t output_size[1] TP__IS({ TP_NONE });      /* (size - 1) stride - 2 padding + kernel */
    TP__TAIL;
} tp_max_unpool1d_options;
#define TP__DEFAULT_max_unpool1d .stride = TP_NONE, .output_size = { TP_NONE },

typedef struct tp_max_unpool2d_options {
    TP__HEAD(tp_max_unpool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2);
    int64_t output_size[2] TP__IS(TP__NONE_2);      /* (size - 1) stride - 2 padding + kernel */
    TP__TAIL;
} tp_max_unpool2d_options;
#define TP__DEFAULT_max_unpool2d .stride = TP_NONE, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2, .output_size = TP__NONE_2,

typedef struct tp_max_unpool3d_options {
    TP__HEAD(tp_max_unpool3d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3);
    int64_t output_size[3] TP__IS(TP__NONE_3);      /* (size - 1) stride - 2 padding + kernel */
    TP__TAIL;
} tp_max_unpool3d_options;
#define TP__DEFAULT_max_unpool3d .stride = TP_NONE, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3, .output_size = TP__NONE_3,

typedef struct tp_lp_pool1d_options {
    TP__HEAD(tp_lp_pool1d_options);
    int64_t stride TP__IS(TP_NONE);                    /* the kernel's */
    bool ceil_mode TP__IS(false);
    TP__TAIL;
} tp_lp_pool1d_options;
#define TP__DEFAULT_lp_pool1d .stride = TP_NONE,

typedef struct tp_lp_pool2d_options {
    TP__HEAD(tp_lp_pool2d_options);
    int64_t stride TP__IS(TP_NONE);                    /* the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_lp_pool2d_options;
#define TP__DEFAULT_lp_pool2d .stride = TP_NONE, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2,

typedef struct tp_lp_pool3d_options {
    TP__HEAD(tp_lp_pool3d_options);
    int64_t stride TP__IS(TP_NONE);                    /* the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_lp_pool3d_options;
#define TP__DEFAULT_lp_pool3d .stride = TP_NONE, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3,

typedef struct tp_fractional_max_pool2d_options {
    TP__HEAD(tp_fractional_max_pool2d_options);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), size_hw[2] TP__IS(TP__NONE_2);
    tp_tensor *random_samples TP__IS(nullptr);         /* [n, channels, 2], of x's dtype, from 0 to 1; else they are drawn */
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_fractional_max_pool2d_options;
#define TP__DEFAULT_fractional_max_pool2d .kernel_hw = TP__NONE_2, .size_hw = TP__NONE_2,

typedef struct tp_fractional_max_pool3d_options {
    TP__HEAD(tp_fractional_max_pool3d_options);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), size_dhw[3] TP__IS(TP__NONE_3);
    tp_tensor *random_samples TP__IS(nullptr);         /* [n, channels, 3], of x's dtype, from 0 to 1; else they are drawn */
    tp_tensor **indices TP__IS(nullptr);
    TP__TAIL;
} tp_fractional_max_pool3d_options;
#define TP__DEFAULT_fractional_max_pool3d .kernel_dhw = TP__NONE_3, .size_dhw = TP__NONE_3,

#define TP__EACH_POOL_OP_OPTIONS(X) X(max_pool1d) X(max_pool2d) X(max_pool3d) X(avg_pool1d) X(avg_pool2d) X(avg_pool3d) \
    X(adaptive_avg_pool2d) X(adaptive_avg_pool3d) X(adaptive_max_pool1d) X(adaptive_max_pool2d) X(adaptive_max_pool3d) \
    X(max_unpool1d) X(max_unpool2d) X(max_unpool3d) X(lp_pool1d) X(lp_pool2d) X(lp_pool3d) X(fractional_max_pool2d) X(fractional_max_pool3d)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The greatest ----------------------------------------------------------------------------------------------------------- */

/* The greatest of each window, NaN if it holds one; *indices is int64, places in the input's [.., height, width] of the channel.
 *   x       [n, c, ..] or [c, ..], with 1, 2 or 3 dims more; floating or integer, only n may be 0
 *   return  a size becomes (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded up with ceil_mode, where a window
 *           must begin within the input or the padding before it. Padding counts as -inf, and is at most half of the kernel
 *   errors  TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_ARGUMENT
 *   grad    x: goes to where each one stood */
TP_API tp_tensor *tp_max_pool1d_with(tp_tensor *x, int64_t kernel, const tp_max_pool1d_options *o);
TP_API tp_tensor *tp_max_pool2d_with(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options *o);
TP_API tp_tensor *tp_max_pool3d_with(tp_tensor *x, int64_t kernel, const tp_max_pool3d_options *o);
/* The same for `size` windows that share out each dim: window i of them is [i n / size, (i + 1) n / size), rounded outwards.
 * A size of TP_NONE is the input's. Floating dtypes. */
TP_API tp_tensor *tp_adaptive_max_pool1d_with(tp_tensor *x, int64_t size, const tp_adaptive_max_pool1d_options *o);
TP_API tp_tensor *tp_adaptive_max_pool2d_with(tp_tensor *x, int64_t size, const tp_adaptive_max_pool2d_options *o);
TP_API tp_tensor *tp_adaptive_max_pool3d_with(tp_tensor *x, int64_t size, const tp_adaptive_max_pool3d_options *o);
/* The way back from a max_pool that gave `indices`: each x at its place, 0 elsewhere. TP_ERR_INDEX: a place outside. */
TP_API tp_tensor *tp_max_unpool1d_with(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool1d_options *o);
TP_API tp_tensor *tp_max_unpool2d_with(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool2d_options *o);
TP_API tp_tensor *tp_max_unpool3d_with(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool3d_options *o);

/* The greatest of `size` windows that lie at random distances: of a dim of n places and a channel's random number u, window i begins at
 * floor((i + u) a) - floor(u a), a = (n - kernel) / (size - 1), and the last one at n - kernel. x floating. TP_ERR_ARGUMENT: they
 * do not fit. */
TP_API tp_tensor *tp_fractional_max_pool2d_with(tp_tensor *x, int64_t kernel, int64_t size, const tp_fractional_max_pool2d_options *o);
TP_API tp_tensor *tp_fractional_max_pool3d_with(tp_tensor *x, int64_t kernel, int64_t size, const tp_fractional_max_pool3d_options *o);

/* ---- Means and norms -------------------------------------------------------------------------------------------------------- */

/* The mean of each window, padding counted as zeros, or not at all without count_include_pad.
 *   x       as above; floating, or int64, where the division truncates
 *   return, errors: as above, without dilation
 *   grad    x */
TP_API tp_tensor *tp_avg_pool1d_with(tp_tensor *x, int64_t kernel, const tp_avg_pool1d_options *o);
TP_API tp_tensor *tp_avg_pool2d_with(tp_tensor *x, int64_t kernel, const tp_avg_pool2d_options *o);
TP_API tp_tensor *tp_avg_pool3d_with(tp_tensor *x, int64_t kernel, const tp_avg_pool3d_options *o);
/* The mean of each of `size` windows that share out each dim, as in adaptive_max_pool. Floating dtypes. */
TP_API tp_tensor *tp_adaptive_avg_pool1d(tp_tensor *x, int64_t size);
TP_API tp_tensor *tp_adaptive_avg_pool2d_with(tp_tensor *x, int64_t size, const tp_adaptive_avg_pool2d_options *o);
TP_API tp_tensor *tp_adaptive_avg_pool3d_with(tp_tensor *x, int64_t size, const tp_adaptive_avg_pool3d_options *o);
/* (sum of x^p)^(1/p) over each window; for p = +-inf the greatest or least |x|. Floating dtypes. TP_ERR_ARGUMENT: p is 0. */
TP_API tp_tensor *tp_lp_pool1d_with(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool1d_options *o);
TP_API tp_tensor *tp_lp_pool2d_with(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool2d_options *o);
TP_API tp_tensor *tp_lp_pool3d_with(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool3d_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_max_pool1d(...) tp__max_pool1d(__VA_ARGS__, )
#define tp__max_pool1d(x, kernel, ...) TP__DEFAULTS(tp_max_pool1d_with(x, kernel, TP__OPTIONS(max_pool1d, __VA_ARGS__)))
#define tp_max_pool2d(...) tp__max_pool2d(__VA_ARGS__, )
#define tp__max_pool2d(x, kernel, ...) TP__DEFAULTS(tp_max_pool2d_with(x, kernel, TP__OPTIONS(max_pool2d, __VA_ARGS__)))
#define tp_max_pool3d(...) tp__max_pool3d(__VA_ARGS__, )
#define tp__max_pool3d(x, kernel, ...) TP__DEFAULTS(tp_max_pool3d_with(x, kernel, TP__OPTIONS(max_pool3d, __VA_ARGS__)))
#define tp_avg_pool1d(...) tp__avg_pool1d(__VA_ARGS__, )
#define tp__avg_pool1d(x, kernel, ...) TP__DEFAULTS(tp_avg_pool1d_with(x, kernel, TP__OPTIONS(avg_pool1d, __VA_ARGS__)))
#define tp_avg_pool2d(...) tp__avg_pool2d(__VA_ARGS__, )
#define tp__avg_pool2d(x, kernel, ...) TP__DEFAULTS(tp_avg_pool2d_with(x, kernel, TP__OPTIONS(avg_pool2d, __VA_ARGS__)))
#define tp_avg_pool3d(...) tp__avg_pool3d(__VA_ARGS__, )
#define tp__avg_pool3d(x, kernel, ...) TP__DEFAULTS(tp_avg_pool3d_with(x, kernel, TP__OPTIONS(avg_pool3d, __VA_ARGS__)))
#define tp_adaptive_avg_pool2d(...) tp__adaptive_avg_pool2d(__VA_ARGS__, )
#define tp__adaptive_avg_pool2d(x, size, ...) TP__DEFAULTS(tp_adaptive_avg_pool2d_with(x, size, TP__OPTIONS(adaptive_avg_pool2d, __VA_ARGS__)))
#define tp_adaptive_avg_pool3d(...) tp__adaptive_avg_pool3d(__VA_ARGS__, )
#define tp__adaptive_avg_pool3d(x, size, ...) TP__DEFAULTS(tp_adaptive_avg_pool3d_with(x, size, TP__OPTIONS(adaptive_avg_pool3d, __VA_ARGS__)))
#define tp_adaptive_max_pool1d(...) tp__adaptive_max_pool1d(__VA_ARGS__, )
#define tp__adaptive_max_pool1d(x, size, ...) TP__DEFAULTS(tp_adaptive_max_pool1d_with(x, size, TP__OPTIONS(adaptive_max_pool1d, __VA_ARGS__)))
#define tp_adaptive_max_pool2d(...) tp__adaptive_max_pool2d(__VA_ARGS__, )
#define tp__adaptive_max_pool2d(x, size, ...) TP__DEFAULTS(tp_adaptive_max_pool2d_with(x, size, TP__OPTIONS(adaptive_max_pool2d, __VA_ARGS__)))
#define tp_adaptive_max_pool3d(...) tp__adaptive_max_pool3d(__VA_ARGS__, )
#define tp__adaptive_max_pool3d(x, size, ...) TP__DEFAULTS(tp_adaptive_max_pool3d_with(x, size, TP__OPTIONS(adaptive_max_pool3d, __VA_ARGS__)))
#define tp_max_unpool1d(...) tp__max_unpool1d(__VA_ARGS__, )
#define tp__max_unpool1d(x, indices, kernel, ...) TP__DEFAULTS(tp_max_unpool1d_with(x, indices, kernel, TP__OPTIONS(max_unpool1d, __VA_ARGS__)))
#define tp_max_unpool2d(...) tp__max_unpool2d(__VA_ARGS__, )
#define tp__max_unpool2d(x, indices, kernel, ...) TP__DEFAULTS(tp_max_unpool2d_with(x, indices, kernel, TP__OPTIONS(max_unpool2d, __VA_ARGS__)))
#define tp_max_unpool3d(...) tp__max_unpool3d(__VA_ARGS__, )
#define tp__max_unpool3d(x, indices, kernel, ...) TP__DEFAULTS(tp_max_unpool3d_with(x, indices, kernel, TP__OPTIONS(max_unpool3d, __VA_ARGS__)))
#define tp_lp_pool1d(...) tp__lp_pool1d(__VA_ARGS__, )
#define tp__lp_pool1d(x, p, kernel, ...) TP__DEFAULTS(tp_lp_pool1d_with(x, p, kernel, TP__OPTIONS(lp_pool1d, __VA_ARGS__)))
#define tp_lp_pool2d(...) tp__lp_pool2d(__VA_ARGS__, )
#define tp__lp_pool2d(x, p, kernel, ...) TP__DEFAULTS(tp_lp_pool2d_with(x, p, kernel, TP__OPTIONS(lp_pool2d, __VA_ARGS__)))
#define tp_lp_pool3d(...) tp__lp_pool3d(__VA_ARGS__, )
#define tp__lp_pool3d(x, p, kernel, ...) TP__DEFAULTS(tp_lp_pool3d_with(x, p, kernel, TP__OPTIONS(lp_pool3d, __VA_ARGS__)))
#define tp_fractional_max_pool2d(...) tp__fractional_max_pool2d(__VA_ARGS__, )
#define tp__fractional_max_pool2d(x, kernel, size, ...) \
    TP__DEFAULTS(tp_fractional_max_pool2d_with(x, kernel, size, TP__OPTIONS(fractional_max_pool2d, __VA_ARGS__)))
#define tp_fractional_max_pool3d(...) tp__fractional_max_pool3d(__VA_ARGS__, )
#define tp__fractional_max_pool3d(x, kernel, size, ...) \
    TP__DEFAULTS(tp_fractional_max_pool3d_with(x, kernel, size, TP__OPTIONS(fractional_max_pool3d, __VA_ARGS__)))
#else
inline tp_tensor *tp_lp_pool1d(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool1d_options &o = {})
{ return tp_lp_pool1d_with(x, p, kernel, &o); }
inline tp_tensor *tp_lp_pool2d(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool2d_options &o = {})
{ return tp_lp_pool2d_with(x, p, kernel, &o); }
inline tp_tensor *tp_lp_pool3d(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool3d_options &o = {})
{ return tp_lp_pool3d_with(x, p, kernel, &o); }
inline tp_tensor *tp_fractional_max_pool2d(tp_tensor *x, int64_t kernel, int64_t size, const tp_fractional_max_pool2d_options &o = {})
{ return tp_fractional_max_pool2d_with(x, kernel, size, &o); }
inline tp_tensor *tp_fractional_max_pool3d(tp_tensor *x, int64_t kernel, int64_t size, const tp_fractional_max_pool3d_options &o = {})
{ return tp_fractional_max_pool3d_with(x, kernel, size, &o); }
inline tp_tensor *tp_max_pool1d(tp_tensor *x, int64_t kernel, const tp_max_pool1d_options &o = {})
{ return tp_max_pool1d_with(x, kernel, &o); }
inline tp_tensor *tp_max_pool2d(tp_tensor *x, int64_t kernel, const tp_max_pool2d_options &o = {})
{ return tp_max_pool2d_with(x, kernel, &o); }
inline tp_tensor *tp_max_pool3d(tp_tensor *x, int64_t kernel, const tp_max_pool3d_options &o = {})
{ return tp_max_pool3d_with(x, kernel, &o); }
inline tp_tensor *tp_avg_pool1d(tp_tensor *x, int64_t kernel, const tp_avg_pool1d_options &o = {})
{ return tp_avg_pool1d_with(x, kernel, &o); }
inline tp_tensor *tp_avg_pool2d(tp_tensor *x, int64_t kernel, const tp_avg_pool2d_options &o = {})
{ return tp_avg_pool2d_with(x, kernel, &o); }
inline tp_tensor *tp_avg_pool3d(tp_tensor *x, int64_t kernel, const tp_avg_pool3d_options &o = {})
{ return tp_avg_pool3d_with(x, kernel, &o); }
inline tp_tensor *tp_adaptive_avg_pool2d(tp_tensor *x, int64_t size, const tp_adaptive_avg_pool2d_options &o = {})
{ return tp_adaptive_avg_pool2d_with(x, size, &o); }
inline tp_tensor *tp_adaptive_avg_pool3d(tp_tensor *x, int64_t size, const tp_adaptive_avg_pool3d_options &o = {})
{ return tp_adaptive_avg_pool3d_with(x, size, &o); }
inline tp_tensor *tp_adaptive_max_pool1d(tp_tensor *x, int64_t size, const tp_adaptive_max_pool1d_options &o = {})
{ return tp_adaptive_max_pool1d_with(x, size, &o); }
inline tp_tensor *tp_adaptive_max_pool2d(tp_tensor *x, int64_t size, const tp_adaptive_max_pool2d_options &o = {})
{ return tp_adaptive_max_pool2d_with(x, size, &o); }
inline tp_tensor *tp_adaptive_max_pool3d(tp_tensor *x, int64_t size, const tp_adaptive_max_pool3d_options &o = {})
{ return tp_adaptive_max_pool3d_with(x, size, &o); }
inline tp_tensor *tp_max_unpool1d(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool1d_options &o = {})
{ return tp_max_unpool1d_with(x, indices, kernel, &o); }
inline tp_tensor *tp_max_unpool2d(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool2d_options &o = {})
{ return tp_max_unpool2d_with(x, indices, kernel, &o); }
inline tp_tensor *tp_max_unpool3d(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool3d_options &o = {})
{ return tp_max_unpool3d_with(x, indices, kernel, &o); }
#endif

#endif
