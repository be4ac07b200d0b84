/* pool.h: pooling in one to three dims: what each does is said at the ops, tp_max_pool2d and so on. Options that end in _hw or _dhw
 * say where the dims differ: a number that is not TP_NONE there goes before the one for all dims. */
#ifndef TAPER_NN_POOL_H
#define TAPER_NN_POOL_H

#include <taper/nn/module.h>

typedef struct tp_nn_max_pool1d_options {
    TP__HEAD(tp_nn_max_pool1d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), return_indices TP__IS(false);  /* a second output of tp_call: where each stood */
    TP__TAIL;
} tp_nn_max_pool1d_options;
#define TP__DEFAULT_nn_max_pool1d .stride = TP_NONE, .dilation = 1,

typedef struct tp_nn_max_pool2d_options {
    TP__HEAD(tp_nn_max_pool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), return_indices TP__IS(false);  /* a second output of tp_call: where each stood */
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2),
            dilation_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_max_pool2d_options;
#define TP__DEFAULT_nn_max_pool2d \
    .stride = TP_NONE, .dilation = 1, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2, \
    .dilation_hw = TP__NONE_2,

typedef struct tp_nn_max_pool3d_options {
    TP__HEAD(tp_nn_max_pool3d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0), dilation TP__IS(1);         /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), return_indices TP__IS(false);  /* a second output of tp_call: where each stood */
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3),
            dilation_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_max_pool3d_options;
#define TP__DEFAULT_nn_max_pool3d \
    .stride = TP_NONE, .dilation = 1, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3, \
    .dilation_dhw = TP__NONE_3,

typedef struct tp_nn_avg_pool1d_options {
    TP__HEAD(tp_nn_avg_pool1d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);  /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), count_include_pad TP__IS(true);
    TP__TAIL;
} tp_nn_avg_pool1d_options;
#define TP__DEFAULT_nn_avg_pool1d .stride = TP_NONE, .count_include_pad = true,

typedef struct tp_nn_avg_pool2d_options {
    TP__HEAD(tp_nn_avg_pool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);  /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), count_include_pad TP__IS(true);
    int64_t divisor_override TP__IS(TP_NONE);          /* instead of how many there are */
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_avg_pool2d_options;
#define TP__DEFAULT_nn_avg_pool2d \
    .stride = TP_NONE, .count_include_pad = true, .divisor_override = TP_NONE, .kernel_hw = TP__NONE_2, \
    .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2,

typedef struct tp_nn_avg_pool3d_options {
    TP__HEAD(tp_nn_avg_pool3d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0);  /* the stride is the kernel's */
    bool ceil_mode TP__IS(false), count_include_pad TP__IS(true);
    int64_t divisor_override TP__IS(TP_NONE);          /* instead of how many there are */
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_avg_pool3d_options;
#define TP__DEFAULT_nn_avg_pool3d \
    .stride = TP_NONE, .count_include_pad = true, .divisor_override = TP_NONE, .kernel_dhw = TP__NONE_3, \
    .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3,

typedef struct tp_nn_lp_pool1d_options {
    TP__HEAD(tp_nn_lp_pool1d_options);
    int64_t stride TP__IS(TP_NONE);                    /* the kernel's */
    bool ceil_mode TP__IS(false);
    TP__TAIL;
} tp_nn_lp_pool1d_options;
#define TP__DEFAULT_nn_lp_pool1d .stride = TP_NONE,

typedef struct tp_nn_lp_pool2d_options {
    TP__HEAD(tp_nn_lp_pool2d_options);
    int64_t stride TP__IS(TP_NONE);                    /* the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_lp_pool2d_options;
#define TP__DEFAULT_nn_lp_pool2d .stride = TP_NONE, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2,

typedef struct tp_nn_lp_pool3d_options {
    TP__HEAD(tp_nn_lp_pool3d_options);
    int64_t stride TP__IS(TP_NONE);                    /* the kernel's */
    bool ceil_mode TP__IS(false);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_lp_pool3d_options;
#define TP__DEFAULT_nn_lp_pool3d .stride = TP_NONE, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3,

typedef struct tp_nn_max_unpool1d_options {
    TP__HEAD(tp_nn_max_unpool1d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0); /* the stride is the kernel's */
    TP__TAIL;
} tp_nn_max_unpool1d_options;
#define TP__DEFAULT_nn_max_unpool1d .stride = TP_NONE,

typedef struct tp_nn_max_unpool2d_options {
    TP__HEAD(tp_nn_max_unpool2d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0); /* the stride is the kernel's */
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_max_unpool2d_options;
#define TP__DEFAULT_nn_max_unpool2d .stride = TP_NONE, .kernel_hw = TP__NONE_2, .stride_hw = TP__NONE_2, .padding_hw = TP__NONE_2,

typedef struct tp_nn_max_unpool3d_options {
    TP__HEAD(tp_nn_max_unpool3d_options);
    int64_t stride TP__IS(TP_NONE), padding TP__IS(0); /* the stride is the kernel's */
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), stride_dhw[3] TP__IS(TP__NONE_3), padding_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_max_unpool3d_options;
#define TP__DEFAULT_nn_max_unpool3d .stride = TP_NONE, .kernel_dhw = TP__NONE_3, .stride_dhw = TP__NONE_3, .padding_dhw = TP__NONE_3,

typedef struct tp_nn_adaptive_avg_pool2d_options {
    TP__HEAD(tp_nn_adaptive_avg_pool2d_options);
    int64_t size_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_adaptive_avg_pool2d_options;
#define TP__DEFAULT_nn_adaptive_avg_pool2d .size_hw = TP__NONE_2,

typedef struct tp_nn_adaptive_avg_pool3d_options {
    TP__HEAD(tp_nn_adaptive_avg_pool3d_options);
    int64_t size_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_adaptive_avg_pool3d_options;
#define TP__DEFAULT_nn_adaptive_avg_pool3d .size_dhw = TP__NONE_3,

typedef struct tp_nn_adaptive_max_pool1d_options {
    TP__HEAD(tp_nn_adaptive_max_pool1d_options);
    bool return_indices TP__IS(false);
    TP__TAIL;
} tp_nn_adaptive_max_pool1d_options;
#define TP__DEFAULT_nn_adaptive_max_pool1d

typedef struct tp_nn_adaptive_max_pool2d_options {
    TP__HEAD(tp_nn_adaptive_max_pool2d_options);
    bool return_indices TP__IS(false);
    int64_t size_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_adaptive_max_pool2d_options;
#define TP__DEFAULT_nn_adaptive_max_pool2d .size_hw = TP__NONE_2,

typedef struct tp_nn_adaptive_max_pool3d_options {
    TP__HEAD(tp_nn_adaptive_max_pool3d_options);
    bool return_indices TP__IS(false);
    int64_t size_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_adaptive_max_pool3d_options;
#define TP__DEFAULT_nn_adaptive_max_pool3d .size_dhw = TP__NONE_3,

typedef struct tp_nn_fractional_max_pool2d_options {
    TP__HEAD(tp_nn_fractional_max_pool2d_options);
    int64_t output_size TP__IS(TP_NONE);               /* one of these two */
    double output_ratio TP__IS(0);                     /* of the input's size, between 0 and 1 */
    bool return_indices TP__IS(false);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), size_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_nn_fractional_max_pool2d_options;
#define TP__DEFAULT_nn_fractional_max_pool2d .output_size = TP_NONE, .kernel_hw = TP__NONE_2, .size_hw = TP__NONE_2,

typedef struct tp_nn_fractional_max_pool3d_options {
    TP__HEAD(tp_nn_fractional_max_pool3d_options);
    int64_t output_size TP__IS(TP_NONE);               /* one of these two */
    double output_ratio TP__IS(0);                     /* of the input's size, between 0 and 1 */
    bool return_indices TP__IS(false);
    int64_t kernel_dhw[3] TP__IS(TP__NONE_3), size_dhw[3] TP__IS(TP__NONE_3);
    TP__TAIL;
} tp_nn_fractional_max_pool3d_options;
#define TP__DEFAULT_nn_fractional_max_pool3d .output_size = TP_NONE, .kernel_dhw = TP__NONE_3, .size_dhw = TP__NONE_3,

#define TP__EACH_NN_POOL_OPTIONS(X) \
    X(nn_max_pool1d) X(nn_max_pool2d) X(nn_max_pool3d) X(nn_avg_pool1d) X(nn_avg_pool2d) X(nn_avg_pool3d) \
    X(nn_lp_pool1d) X(nn_lp_pool2d) X(nn_lp_pool3d) X(nn_max_unpool1d) X(nn_max_unpool2d) X(nn_max_unpool3d) \
    X(nn_adaptive_avg_pool2d) X(nn_adaptive_avg_pool3d) \
    X(nn_adaptive_max_pool1d) X(nn_adaptive_max_pool2d) X(nn_adaptive_max_pool3d) \
    X(nn_fractional_max_pool2d) X(nn_fractional_max_pool3d)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The greatest of each window ------------------------------------------------------------------------------------------ */

TP_API tp_module *tp_nn_max_pool1d_with(int64_t kernel, const tp_nn_max_pool1d_options *o);
TP_API tp_module *tp_nn_max_pool2d_with(int64_t kernel, const tp_nn_max_pool2d_options *o);
TP_API tp_module *tp_nn_max_pool3d_with(int64_t kernel, const tp_nn_max_pool3d_options *o);
/* And back: a call takes "input", "indices", and "output_size" if that is not the usual one. */
TP_API tp_module *tp_nn_max_unpool1d_with(int64_t kernel, const tp_nn_max_unpool1d_options *o);
TP_API tp_module *tp_nn_max_unpool2d_with(int64_t kernel, const tp_nn_max_unpool2d_options *o);
TP_API tp_module *tp_nn_max_unpool3d_with(int64_t kernel, const tp_nn_max_unpool3d_options *o);
/* Of windows at random distances */
TP_API tp_module *tp_nn_fractional_max_pool2d_with(int64_t kernel, const tp_nn_fractional_max_pool2d_options *o);
TP_API tp_module *tp_nn_fractional_max_pool3d_with(int64_t kernel, const tp_nn_fractional_max_pool3d_options *o);
/* Of windows that share out each dim; a size of TP_NONE is the input's */
TP_API tp_module *tp_nn_adaptive_max_pool1d_with(int64_t size, const tp_nn_adaptive_max_pool1d_options *o);
TP_API tp_module *tp_nn_adaptive_max_pool2d_with(int64_t size, const tp_nn_adaptive_max_pool2d_options *o);
TP_API tp_module *tp_nn_adaptive_max_pool3d_with(int64_t size, const tp_nn_adaptive_max_pool3d_options *o);

/* ---- Means and norms ------------------------------------------------------------------------------------------------------ */

TP_API tp_module *tp_nn_avg_pool1d_with(int64_t kernel, const tp_nn_avg_pool1d_options *o);
TP_API tp_module *tp_nn_avg_pool2d_with(int64_t kernel, const tp_nn_avg_pool2d_options *o);
TP_API tp_module *tp_nn_avg_pool3d_with(int64_t kernel, const tp_nn_avg_pool3d_options *o);
TP_API tp_module *tp_nn_adaptive_avg_pool1d(int64_t size);
TP_API tp_module *tp_nn_adaptive_avg_pool2d_with(int64_t size, const tp_nn_adaptive_avg_pool2d_options *o);
TP_API tp_module *tp_nn_adaptive_avg_pool3d_with(int64_t size, const tp_nn_adaptive_avg_pool3d_options *o);
TP_API tp_module *tp_nn_lp_pool1d_with(double p, int64_t kernel, const tp_nn_lp_pool1d_options *o);
TP_API tp_module *tp_nn_lp_pool2d_with(double p, int64_t kernel, const tp_nn_lp_pool2d_options *o);
TP_API tp_module *tp_nn_lp_pool3d_with(double p, int64_t kernel, const tp_nn_lp_pool3d_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_max_pool1d(...) tp__nn_max_pool1d(__VA_ARGS__, )
#define tp__nn_max_pool1d(kernel, ...) TP__DEFAULTS(tp_nn_max_pool1d_with(kernel, TP__OPTIONS(nn_max_pool1d, __VA_ARGS__)))
#define tp_nn_max_pool2d(...) tp__nn_max_pool2d(__VA_ARGS__, )
#define tp__nn_max_pool2d(kernel, ...) TP__DEFAULTS(tp_nn_max_pool2d_with(kernel, TP__OPTIONS(nn_max_pool2d, __VA_ARGS__)))
#define tp_nn_max_pool3d(...) tp__nn_max_pool3d(__VA_ARGS__, )
#define tp__nn_max_pool3d(kernel, ...) TP__DEFAULTS(tp_nn_max_pool3d_with(kernel, TP__OPTIONS(nn_max_pool3d, __VA_ARGS__)))
#define tp_nn_max_unpool1d(...) tp__nn_max_unpool1d(__VA_ARGS__, )
#define tp__nn_max_unpool1d(kernel, ...) TP__DEFAULTS(tp_nn_max_unpool1d_with(kernel, TP__OPTIONS(nn_max_unpool1d, __VA_ARGS__)))
#define tp_nn_max_unpool2d(...) tp__nn_max_unpool2d(__VA_ARGS__, )
#define tp__nn_max_unpool2d(kernel, ...) TP__DEFAULTS(tp_nn_max_unpool2d_with(kernel, TP__OPTIONS(nn_max_unpool2d, __VA_ARGS__)))
#define tp_nn_max_unpool3d(...) tp__nn_max_unpool3d(__VA_ARGS__, )
#define tp__nn_max_unpool3d(kernel, ...) TP__DEFAULTS(tp_nn_max_unpool3d_with(kernel, TP__OPTIONS(nn_max_unpool3d, __VA_ARGS__)))
#define tp_nn_fractional_max_pool2d(...) tp__nn_fractional_max_pool2d(__VA_ARGS__, )
#define tp__nn_fractional_max_pool2d(kernel, ...) \
    TP__DEFAULTS(tp_nn_fractional_max_pool2d_with(kernel, TP__OPTIONS(nn_fractional_max_pool2d, __VA_ARGS__)))
#define tp_nn_fractional_max_pool3d(...) tp__nn_fractional_max_pool3d(__VA_ARGS__, )
#define tp__nn_fractional_max_pool3d(kernel, ...) \
    TP__DEFAULTS(tp_nn_fractional_max_pool3d_with(kernel, TP__OPTIONS(nn_fractional_max_pool3d, __VA_ARGS__)))
#define tp_nn_adaptive_max_pool1d(...) tp__nn_adaptive_max_pool1d(__VA_ARGS__, )
#define tp__nn_adaptive_max_pool1d(size, ...) TP__DEFAULTS(tp_nn_adaptive_max_pool1d_with(size, TP__OPTIONS(nn_adaptive_max_pool1d, __VA_ARGS__)))
#define tp_nn_adaptive_max_pool2d(...) tp__nn_adaptive_max_pool2d(__VA_ARGS__, )
#define tp__nn_adaptive_max_pool2d(size, ...) TP__DEFAULTS(tp_nn_adaptive_max_pool2d_with(size, TP__OPTIONS(nn_adaptive_max_pool2d, __VA_ARGS__)))
#define tp_nn_adaptive_max_pool3d(...) tp__nn_adaptive_max_pool3d(__VA_ARGS__, )
#define tp__nn_adaptive_max_pool3d(size, ...) TP__DEFAULTS(tp_nn_adaptive_max_pool3d_with(size, TP__OPTIONS(nn_adaptive_max_pool3d, __VA_ARGS__)))
#define tp_nn_avg_pool1d(...) tp__nn_avg_pool1d(__VA_ARGS__, )
#define tp__nn_avg_pool1d(kernel, ...) TP__DEFAULTS(tp_nn_avg_pool1d_with(kernel, TP__OPTIONS(nn_avg_pool1d, __VA_ARGS__)))
#define tp_nn_avg_pool2d(...) tp__nn_avg_pool2d(__VA_ARGS__, )
#define tp__nn_avg_pool2d(kernel, ...) TP__DEFAULTS(tp_nn_avg_pool2d_with(kernel, TP__OPTIONS(nn_avg_pool2d, __VA_ARGS__)))
#define tp_nn_avg_pool3d(...) tp__nn_avg_pool3d(__VA_ARGS__, )
#define tp__nn_avg_pool3d(kernel, ...) TP__DEFAULTS(tp_nn_avg_pool3d_with(kernel, TP__OPTIONS(nn_avg_pool3d, __VA_ARGS__)))
#define tp_nn_adaptive_avg_pool2d(...) tp__nn_adaptive_avg_pool2d(__VA_ARGS__, )
#define tp__nn_adaptive_avg_pool2d(size, ...) TP__DEFAULTS(tp_nn_adaptive_avg_pool2d_with(size, TP__OPTIONS(nn_adaptive_avg_pool2d, __VA_ARGS__)))
#define tp_nn_adaptive_avg_pool3d(...) tp__nn_adaptive_avg_pool3d(__VA_ARGS__, )
#define tp__nn_adaptive_avg_pool3d(size, ...) TP__DEFAULTS(tp_nn_adaptive_avg_pool3d_with(size, TP__OPTIONS(nn_adaptive_avg_pool3d, __VA_ARGS__)))
#define tp_nn_lp_pool1d(...) tp__nn_lp_pool1d(__VA_ARGS__, )
#define tp__nn_lp_pool1d(p, kernel, ...) TP__DEFAULTS(tp_nn_lp_pool1d_with(p, kernel, TP__OPTIONS(nn_lp_pool1d, __VA_ARGS__)))
#define tp_nn_lp_pool2d(...) tp__nn_lp_pool2d(__VA_ARGS__, )
#define tp__nn_lp_pool2d(p, kernel, ...) TP__DEFAULTS(tp_nn_lp_pool2d_with(p, kernel, TP__OPTIONS(nn_lp_pool2d, __VA_ARGS__)))
#define tp_nn_lp_pool3d(...) tp__nn_lp_pool3d(__VA_ARGS__, )
#define tp__nn_lp_pool3d(p, kernel, ...) TP__DEFAULTS(tp_nn_lp_pool3d_with(p, kernel, TP__OPTIONS(nn_lp_pool3d, __VA_ARGS__)))
#else
inline tp_module *tp_nn_max_pool1d(int64_t kernel, const tp_nn_max_pool1d_options &o = {}) { return tp_nn_max_pool1d_with(kernel, &o); }
inline tp_module *tp_nn_max_pool2d(int64_t kernel, const tp_nn_max_pool2d_options &o = {}) { return tp_nn_max_pool2d_with(kernel, &o); }
inline tp_module *tp_nn_max_pool3d(int64_t kernel, const tp_nn_max_pool3d_options &o = {}) { return tp_nn_max_pool3d_with(kernel, &o); }
inline tp_module *tp_nn_max_unpool1d(int64_t kernel, const tp_nn_max_unpool1d_options &o = {}) { return tp_nn_max_unpool1d_with(kernel, &o); }
inline tp_module *tp_nn_max_unpool2d(int64_t kernel, const tp_nn_max_unpool2d_options &o = {}) { return tp_nn_max_unpool2d_with(kernel, &o); }
inline tp_module *tp_nn_max_unpool3d(int64_t kernel, const tp_nn_max_unpool3d_options &o = {}) { return tp_nn_max_unpool3d_with(kernel, &o); }
inline tp_module *tp_nn_fractional_max_pool2d(int64_t kernel, const tp_nn_fractional_max_pool2d_options &o = {})
{ return tp_nn_fractional_max_pool2d_with(kernel, &o); }
inline tp_module *tp_nn_fractional_max_pool3d(int64_t kernel, const tp_nn_fractional_max_pool3d_options &o = {})
{ return tp_nn_fractional_max_pool3d_with(kernel, &o); }
inline tp_module *tp_nn_adaptive_max_pool1d(int64_t size, const tp_nn_adaptive_max_pool1d_options &o = {})
{ return tp_nn_adaptive_max_pool1d_with(size, &o); }
inline tp_module *tp_nn_adaptive_max_pool2d(int64_t size, const tp_nn_adaptive_max_pool2d_options &o = {})
{ return tp_nn_adaptive_max_pool2d_with(size, &o); }
inline tp_module *tp_nn_adaptive_max_pool3d(int64_t size, const tp_nn_adaptive_max_pool3d_options &o = {})
{ return tp_nn_adaptive_max_pool3d_with(size, &o); }
inline tp_module *tp_nn_avg_pool1d(int64_t kernel, const tp_nn_avg_pool1d_options &o = {}) { return tp_nn_avg_pool1d_with(kernel, &o); }
inline tp_module *tp_nn_avg_pool2d(int64_t kernel, const tp_nn_avg_pool2d_options &o = {}) { return tp_nn_avg_pool2d_with(kernel, &o); }
inline tp_module *tp_nn_avg_pool3d(int64_t kernel, const tp_nn_avg_pool3d_options &o = {}) { return tp_nn_avg_pool3d_with(kernel, &o); }
inline tp_module *tp_nn_adaptive_avg_pool2d(int64_t size, const tp_nn_adaptive_avg_pool2d_options &o = {})
{ return tp_nn_adaptive_avg_pool2d_with(size, &o); }
inline tp_module *tp_nn_adaptive_avg_pool3d(int64_t size, const tp_nn_adaptive_avg_pool3d_options &o = {})
{ return tp_nn_adaptive_avg_pool3d_with(size, &o); }
inline tp_module *tp_nn_lp_pool1d(double p, int64_t kernel, const tp_nn_lp_pool1d_options &o = {}) { return tp_nn_lp_pool1d_with(p, kernel, &o); }
inline tp_module *tp_nn_lp_pool2d(double p, int64_t kernel, const tp_nn_lp_pool2d_options &o = {}) { return tp_nn_lp_pool2d_with(p, kernel, &o); }
inline tp_module *tp_nn_lp_pool3d(double p, int64_t kernel, const tp_nn_lp_pool3d_options &o = {}) { return tp_nn_lp_pool3d_with(p, kernel, &o); }
#endif

#endif
