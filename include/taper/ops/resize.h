/* resize.h: images of another size, and images as columns of windows. What holds for all ops is said in ops.h. */
#ifndef TAPER_OPS_RESIZE_H
#define TAPER_OPS_RESIZE_H

#include <taper/ops/conv.h>

typedef enum tp_interpolation {
    TP_INTERPOLATION_DEFAULT = 0, TP_NEAREST, TP_LINEAR, TP_BILINEAR, TP_BICUBIC, TP_TRILINEAR, TP_AREA, TP_NEAREST_EXACT
} tp_interpolation;

typedef struct tp_interpolate_options {
    TP__HEAD(tp_interpolate_options);
    int64_t output_size[3] TP__IS(TP__NONE_3);         /* one for each dim after the channels, or ... */
    double scale TP__IS(0), scales[3] TP__IS({ 0, 0, 0 });       /* ... how many times as large, for all of them or each */
    tp_interpolation mode TP__IS(TP_INTERPOLATION_DEFAULT);      /* TP_NEAREST */
    bool align_corners TP__IS(false), recompute_scale_factor TP__IS(false), antialias TP__IS(false);
    TP__TAIL;
} tp_interpolate_options;
#define TP__DEFAULT_interpolate .output_size = TP__NONE_3,

typedef struct tp_im2col_options {
    TP__HEAD(tp_im2col_options);
    int64_t dilation TP__IS(1), padding TP__IS(0), stride TP__IS(1);
    int64_t kernel_hw[2] TP__IS(TP__NONE_2), dilation_hw[2] TP__IS(TP__NONE_2), padding_hw[2] TP__IS(TP__NONE_2), stride_hw[2] TP__IS(TP__NONE_2);
    TP__TAIL;
} tp_im2col_options;
#define TP__DEFAULT_im2col .dilation = 1, .stride = 1, .kernel_hw = TP__NONE_2, .dilation_hw = TP__NONE_2, .padding_hw = TP__NONE_2, \
    .stride_hw = TP__NONE_2,
typedef tp_im2col_options tp_col2im_options;
#define TP__DEFAULT_col2im TP__DEFAULT_im2col

typedef enum tp_beyond { TP_BEYOND_ZEROS = 0, TP_BEYOND_BORDER, TP_BEYOND_REFLECTION } tp_beyond;
typedef struct tp_grid_sample_options {
    TP__HEAD(tp_grid_sample_options);
    tp_interpolation mode TP__IS(TP_INTERPOLATION_DEFAULT);      /* TP_BILINEAR, of volumes too; TP_NEAREST, TP_BICUBIC */
    tp_beyond padding_mode TP__IS(TP_BEYOND_ZEROS);              /* what is seen beyond the border */
    bool align_corners TP__IS(false);                            /* -1 and 1 are the middles of the outer pixels, not their edges */
    TP__TAIL;
} tp_grid_sample_options;
#define TP__DEFAULT_grid_sample

#define TP__EACH_RESIZE_OP_OPTIONS(X) X(interpolate) X(im2col) X(col2im) X(grid_sample)

#ifdef __cplusplus
extern "C" {
#endif

/* x at another size, as PyTorch's functional.interpolate.
 *   x       [n, c, ..], with 1 to 3 dims more: 1 for TP_LINEAR, 2 for TP_BILINEAR and TP_BICUBIC, 3 for TP_TRILINEAR. Floating; uint8
 *           for TP_NEAREST and TP_NEAREST_EXACT
 *   output_size, scale, scales    one of them; a size is rounded down. A scale also says where places lie, but for
 *           recompute_scale_factor, which takes that from the sizes
 *   align_corners    corners lie on corners, not edges on edges: the linear and cubic modes
 *   antialias        kernels as wide as the scale, where that shrinks: TP_BILINEAR, TP_BICUBIC
 *   errors  TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_ARGUMENT
 *   grad    x */
TP_API tp_tensor *tp_interpolate_with(tp_tensor *x, const tp_interpolate_options *o);

/* The windows of x as columns: functional.unfold.
 *   x       [n, c, h, w] or [c, h, w]
 *   return  [n, c kernel_h kernel_w, windows] or without n; windows as of a convolution, row by row
 *   grad    x */
TP_API tp_tensor *tp_im2col_with(tp_tensor *x, int64_t kernel, const tp_im2col_options *o);
/* Its adjoint: what stands in several windows is added up. functional.fold.
 *   x       [n, c kernel_h kernel_w, windows] or without n, of an image of height times width
 *   return  [n, c, height, width] or [c, height, width] */
TP_API tp_tensor *tp_col2im_with(tp_tensor *x, int64_t height, int64_t width, int64_t kernel, const tp_col2im_options *o);

/* x read at points: functional.grid_sample.
 *   x       [n, c, h, w] or [n, c, d, h, w], floating
 *   grid    [n, p, q, 2] or [n, o, p, q, 3], of x's dtype: where to read, (x, y) or (x, y, z) from -1 to 1
 *   return  [n, c, p, q] or [n, c, o, p, q]
 *   errors  TP_ERR_SHAPE, TP_ERR_DTYPE, TP_ERR_ARGUMENT; TP_ERR_UNSUPPORTED: TP_BICUBIC of volumes
 *   grad    x, grid; that of grid is zero for TP_NEAREST */
TP_API tp_tensor *tp_grid_sample_with(tp_tensor *x, tp_tensor *grid, const tp_grid_sample_options *o);
/* The grid of theta [n, 2, 3] or [n, 3, 4] for an image of size [n, c, h, w] or [n, c, d, h, w]: theta (x, y, 1)' at each pixel. grad: theta */
TP_API tp_tensor *tp_affine_grid(tp_tensor *theta, tp_shape size, bool align_corners);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_interpolate(...) tp__interpolate(__VA_ARGS__, )
#define tp__interpolate(x, ...) TP__DEFAULTS(tp_interpolate_with(x, TP__OPTIONS(interpolate, __VA_ARGS__)))
#define tp_im2col(...) tp__im2col(__VA_ARGS__, )
#define tp__im2col(x, kernel, ...) TP__DEFAULTS(tp_im2col_with(x, kernel, TP__OPTIONS(im2col, __VA_ARGS__)))
#define tp_col2im(...) tp__col2im(__VA_ARGS__, )
#define tp__col2im(x, height, width, kernel, ...) TP__DEFAULTS(tp_col2im_with(x, height, width, kernel, TP__OPTIONS(col2im, __VA_ARGS__)))
#define tp_grid_sample(...) tp__grid_sample(__VA_ARGS__, )
#define tp__grid_sample(x, grid, ...) TP__DEFAULTS(tp_grid_sample_with(x, grid, TP__OPTIONS(grid_sample, __VA_ARGS__)))
#else
inline tp_tensor *tp_grid_sample(tp_tensor *x, tp_tensor *grid, const tp_grid_sample_options &o = {}) { return tp_grid_sample_with(x, grid, &o); }
inline tp_tensor *tp_interpolate(tp_tensor *x, const tp_interpolate_options &o = {}) { return tp_interpolate_with(x, &o); }
inline tp_tensor *tp_im2col(tp_tensor *x, int64_t kernel, const tp_im2col_options &o = {}) { return tp_im2col_with(x, kernel, &o); }
inline tp_tensor *tp_col2im(tp_tensor *x, int64_t height, int64_t width, int64_t kernel, const tp_col2im_options &o = {})
{ return tp_col2im_with(x, height, width, kernel, &o); }
#endif

#endif
