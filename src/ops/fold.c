/* fold.c: images as columns of windows and back: functional.unfold and fold.
 *
 *   im2col       y[c kh kw + p kw + q][window] = x[c][row of the window + p][column + q], 0 outside       dx = dy folded
 *   col2im       its adjoint: all of x that stands for an element is added up                             dx = dy unfolded
 *
 * The forms with PyTorch's arguments call image_to_columns and columns_to_image, which always have the image's size. */
#include "core/kernel_args.h"
#include "ops/samples.h"
#include "ops/spatial.h"

static const tp_op op_to_columns, op_to_image;

/* Windows per row and column; false if there are none. */
static bool windows(const tp__columns *a, int64_t *rows, int64_t *cols)
{
    int64_t *const out[] = { rows, cols };
    for (int i = 0; i < 2; i++) {
        if (a->kernel[i] < 1 || a->stride[i] < 1 || a->dilation[i] < 1 || a->padding[i] < 0 || a->kernel[i] > INT32_MAX || a->stride[i] > INT32_MAX ||
            a->dilation[i] > INT32_MAX || a->padding[i] > INT32_MAX || a->size[i] < 0 || a->size[i] > INT32_MAX)
            return false;
        const int64_t room = a->size[i] + 2 * a->padding[i] - a->dilation[i] * (a->kernel[i] - 1) - 1;
        if (room < 0) return false;
        *out[i] = room / a->stride[i] + 1;
    }
    return a->kernel[0] * a->kernel[1] <= INT32_MAX;
}

static tp_status refuse_windows(const tp__call *call, const tp__columns *a)
{
    return tp__call_fail(call, TP_ERR_ARGUMENT, "kernel %s, dilation %s, padding %s and stride %s do not fit an image of %s", tp__dims_text(2, a->kernel),
                         tp__dims_text(2, a->dilation), tp__dims_text(2, a->padding), tp__dims_text(2, a->stride), tp__dims_text(2, a->size));
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------- */

static tp_status to_columns_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const tp__columns *a = call->attr;
    int64_t rows, cols;
    if (x->ndim != 4 || x->shape[2] != a->size[0] || x->shape[3] != a->size[1])
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s is no batch of images of %s", tp__shape_text(x), tp__dims_text(2, a->size));
    if (!windows(a, &rows, &cols)) return refuse_windows(call, a);
    return tp__made(tp__out(call, (tp_dtype)x->dtype, 3, (int64_t[]){ x->shape[0], x->shape[1] * a->kernel[0] * a->kernel[1], rows * cols }));
}

static tp_status to_image_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const tp__columns *a = call->attr;
    int64_t rows, cols;
    if (!windows(a, &rows, &cols)) return refuse_windows(call, a);
    if (x->ndim != 3 || x->shape[1] % (a->kernel[0] * a->kernel[1]) || x->shape[2] != rows * cols)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s does not have %lld rows for each channel, and %lld windows", tp__shape_text(x),
                             (long long)(a->kernel[0] * a->kernel[1]), (long long)(rows * cols));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, 4, (int64_t[]){ x->shape[0], x->shape[1] / (a->kernel[0] * a->kernel[1]), a->size[0], a->size[1] }));
}

static tp_tensor *run(const tp_op *op, tp_tensor *x, const tp__columns *attr)
{
    tp__columns a = *attr;
    return tp__run1(op, &x, 1, &a, NULL);
}

static tp_status to_columns_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = run(&op_to_image, dy[0], tp__attr(node)));
}
static tp_status to_image_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = run(&op_to_columns, dy[0], tp__attr(node)));
}

/* ---- Forms ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_foldable(int dtype) { return tp__category(dtype) > 1 || dtype == TP_BOOL; }

static tp_status finish(tp__call *call, const tp_op *op, const tp__columns *a, bool batched)
{
    tp_tensor *x = batched ? call->in[0] : tp__batched(call->in[0]);
    tp_tensor *y = x ? run(op, x, a) : NULL;
    return tp__made(call->out[call->n_out++] = batched ? y : tp__unbatched(y));
}

/* The schema's lists are those of tp__columns but for the image's size, which comes first for col2im. */
static tp_status im2col_compose(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    tp__columns a;
    memcpy(a.kernel, call->attr, 8 * sizeof(int64_t));
    if (x->ndim != 3 && x->ndim != 4)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have 4 dims, [n, channels, height, width], or 3", tp__shape_text(x));
    for (int d = x->ndim - 3; d < x->ndim; d++)
        if (!x->shape[d]) return tp__call_fail(call, TP_ERR_SHAPE, "input %s is empty in a dim other than the first", tp__shape_text(x));
    if (!is_foldable(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes and bool, not %s", tp_dtype_name((tp_dtype)x->dtype));
    memcpy(a.size, x->shape + x->ndim - 2, sizeof a.size);
    int64_t rows, cols;
    if (!windows(&a, &rows, &cols)) return refuse_windows(call, &a);
    return finish(call, &op_to_columns, &a, x->ndim == 4);
}

static tp_status col2im_compose(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    tp__columns a;
    memcpy(&a, call->attr, sizeof a);
    int64_t rows, cols;
    if (x->ndim != 2 && x->ndim != 3)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have 3 dims, [n, channels kernel, windows], or 2", tp__shape_text(x));
    if (!x->shape[x->ndim - 2] || !x->shape[x->ndim - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s is empty in a dim other than the first", tp__shape_text(x));
    if (!is_foldable(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes and bool, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (!windows(&a, &rows, &cols)) return refuse_windows(call, &a);
    const int64_t taps = a.kernel[0] * a.kernel[1];
    if (x->shape[x->ndim - 2] % taps || x->shape[x->ndim - 1] != rows * cols)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have %lld rows for each channel, and %lld windows", tp__shape_text(x), (long long)taps,
                             (long long)(rows * cols));
    return finish(call, &op_to_image, &a, x->ndim == 3);
}

/* ---- Samples, descriptors, public -------------------------------------------------------------------------------------------------------- */

#define UNIFORM(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define LISTS TP__INTS_ARG(2, 2, 3), TP__INTS_ARG(2, 2, 1), TP__INTS_ARG(2, 1, 0), TP__INTS_ARG(2, 1, 2)
static void to_columns_samples(tp_sample_set *set) { TP__GIVE(set, UNIFORM(2, 2, 4, 5), TP__INTS_ARG(2, 4, 5), LISTS); }
static void to_image_samples(tp_sample_set *set) { TP__GIVE(set, UNIFORM(2, 12, 8), TP__INTS_ARG(2, 4, 5), LISTS); }
static void im2col_samples(tp_sample_set *set)
{
    TP__GIVE(set, UNIFORM(2, 2, 4, 5), LISTS);
    TP__GIVE(set, UNIFORM(1, 3, 3), TP__INT_ARG(2));
    TP__GIVE(set, UNIFORM(0, 1, 3, 3), TP__INT_ARG(2));
}
static void col2im_samples(tp_sample_set *set)
{
    TP__GIVE(set, UNIFORM(2, 12, 8), TP__INTS_ARG(2, 4, 5), LISTS);
    TP__GIVE(set, UNIFORM(4, 4), TP__INT_ARG(3), TP__INT_ARG(2));
}

#define WINDOWS "int[2] kernel_size, int[2] dilation=1, int[2] padding=0, int[2] stride=1) -> Tensor"
#define WINDOWS_TOLD  "int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor"
static const tp_op op_to_columns = { .schema = "image_to_columns(Tensor input, int[2] size, " WINDOWS_TOLD, .flags = TP__INTERNAL,
    .shape = to_columns_shape, .backward = to_columns_backward, .attr_size = sizeof(tp__columns), .samples = to_columns_samples, .state = TP__STATE };
static const tp_op op_to_image = { .schema = "columns_to_image(Tensor input, int[2] size, " WINDOWS_TOLD, .flags = TP__INTERNAL,
    .shape = to_image_shape, .backward = to_image_backward, .attr_size = sizeof(tp__columns), .samples = to_image_samples, .state = TP__STATE };
static const tp_op op_im2col = { .schema = "im2col(Tensor input, " WINDOWS, .compose = im2col_compose, .attr_size = 8 * sizeof(int64_t),
    .samples = im2col_samples, .state = TP__STATE };
static const tp_op op_col2im = { .schema = "col2im(Tensor input, int[2] output_size, " WINDOWS, .compose = col2im_compose,
    .attr_size = sizeof(tp__columns), .samples = col2im_samples, .state = TP__STATE };

static tp__columns resolved(int64_t kernel, const tp_im2col_options *o)
{
    tp__columns a = { { 0 }, { kernel, kernel }, { o->dilation, o->dilation }, { o->padding, o->padding }, { o->stride, o->stride } };
    for (int i = 0; i < 2; i++) {
        if (o->kernel_hw[i] != TP_NONE) a.kernel[i] = o->kernel_hw[i];
        if (o->dilation_hw[i] != TP_NONE) a.dilation[i] = o->dilation_hw[i];
        if (o->padding_hw[i] != TP_NONE) a.padding[i] = o->padding_hw[i];
        if (o->stride_hw[i] != TP_NONE) a.stride[i] = o->stride_hw[i];
    }
    return a;
}

tp_tensor *tp_im2col_with(tp_tensor *x, int64_t kernel, const tp_im2col_options *options)
{
    tp_im2col_options o = TP__BRACES(im2col, );
    if (tp_options_take("im2col", &o, options, offsetof(tp_im2col_options, tp__end))) return NULL;
    const tp__columns a = resolved(kernel, &o);
    return tp__run1(&op_im2col, &x, 1, a.kernel, TP__CALLER);
}

tp_tensor *tp_col2im_with(tp_tensor *x, int64_t height, int64_t width, int64_t kernel, const tp_col2im_options *options)
{
    tp_col2im_options o = TP__BRACES(col2im, );
    if (tp_options_take("col2im", &o, options, offsetof(tp_col2im_options, tp__end))) return NULL;
    tp__columns a = resolved(kernel, &o);
    a.size[0] = height;
    a.size[1] = width;
    return tp__run1(&op_col2im, &x, 1, &a, TP__CALLER);
}

const tp_op *const tp__ops_fold[] = { &op_to_columns, &op_to_image, &op_im2col, &op_col2im, NULL };
