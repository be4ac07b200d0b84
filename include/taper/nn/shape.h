/* shape.h: layers that place elements elsewhere, see the ops of the same names. */
#ifndef TAPER_NN_SHAPE_H
#define TAPER_NN_SHAPE_H

#include <taper/nn/module.h>

typedef struct tp_nn_flatten_options {
    TP__HEAD(tp_nn_flatten_options);
    int start_dim TP__IS(1), end_dim TP__IS(-1);       /* both included */
    TP__TAIL;
} tp_nn_flatten_options;
#define TP__DEFAULT_nn_flatten .start_dim = 1, .end_dim = -1,

#define TP__EACH_NN_SHAPE_OPTIONS(X) X(nn_flatten)

#ifdef __cplusplus
extern "C" {
#endif

/* Makes one dim of start_dim .. end_dim:  [n, c, h, w] -> [n, c h w] */
TP_API tp_module *tp_nn_flatten_with(const tp_nn_flatten_options *o);
/* Makes several of one dim; one size may be -1 */
TP_API tp_module *tp_nn_unflatten(int64_t dim, tp_shape sizes);
/* The windows of an image as columns, and columns added up to an image of height times width */
TP_API tp_module *tp_nn_unfold_with(int64_t kernel, const tp_im2col_options *o);
TP_API tp_module *tp_nn_fold_with(int64_t height, int64_t width, int64_t kernel, const tp_col2im_options *o);
TP_API tp_module *tp_nn_pixel_shuffle(int64_t factor);
TP_API tp_module *tp_nn_pixel_unshuffle(int64_t factor);
TP_API tp_module *tp_nn_channel_shuffle(int64_t groups);
/* Another size, see tp_interpolate: .scale = 2, .mode = TP_BILINEAR */
TP_API tp_module *tp_nn_upsample_with(const tp_interpolate_options *o);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_flatten(...) TP__DEFAULTS(tp_nn_flatten_with(TP__OPTIONS(nn_flatten, __VA_ARGS__)))
#define tp_nn_unfold(...) tp__nn_unfold(__VA_ARGS__, )
#define tp__nn_unfold(kernel, ...) TP__DEFAULTS(tp_nn_unfold_with(kernel, TP__OPTIONS(im2col, __VA_ARGS__)))
#define tp_nn_fold(...) tp__nn_fold(__VA_ARGS__, )
#define tp__nn_fold(height, width, kernel, ...) TP__DEFAULTS(tp_nn_fold_with(height, width, kernel, TP__OPTIONS(col2im, __VA_ARGS__)))
#define tp_nn_upsample(...) TP__DEFAULTS(tp_nn_upsample_with(TP__OPTIONS(interpolate, __VA_ARGS__)))
#else
inline tp_module *tp_nn_flatten(const tp_nn_flatten_options &o = {}) { return tp_nn_flatten_with(&o); }
inline tp_module *tp_nn_unfold(int64_t kernel, const tp_im2col_options &o = {}) { return tp_nn_unfold_with(kernel, &o); }
inline tp_module *tp_nn_fold(int64_t height, int64_t width, int64_t kernel, const tp_col2im_options &o = {})
{ return tp_nn_fold_with(height, width, kernel, &o); }
inline tp_module *tp_nn_upsample(const tp_interpolate_options &o = {}) { return tp_nn_upsample_with(&o); }
#endif

#endif
