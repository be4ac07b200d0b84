/* resample.c: linear maps that go dim by dim over the last ones of x, and their adjoints, which are each other's gradients:
 *
 *   sliding                  y_i = mean of the x in window i, which begins at i stride - padding
 *   shared                   y_i = mean of the x in [i n / m, (i + 1) n / m), rounded outwards
 *   nearest, nearest_exact   y_i = x at i s, or at (i + 1/2) s, rounded down; s is the scale, input places to one of the output
 *   linear, cubic            y_i = x at (i + 1/2) s - 1/2, between two or four places; with align_corners at i (n - 1) / (m - 1);
 *                            with antialias the kernel is as wide as the scale
 *
 * avg_pool, adaptive_avg_pool and interpolate are calls of it: pool_avg.c and interpolate.c. `of` is what an adjoint is the
 * gradient of: as in PyTorch, that of a mean depends on the mean, by a derivative of zero. */
#include "ops/resample.h"

#include "ops/samples.h"
#include "ops/spatial.h"

static const tp_op op_resample, op_mean;

/* Only what a kernel needs so as to stay within x and y is checked: by name this could be called with anything. */
static tp_status resample_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    tp__resample *a = (tp__resample *)(uintptr_t)call->attr;
    const int n = (int)a->size.n;
    bool good = n >= 1 && n <= 3 && x->ndim > n && a->how >= TP__RESAMPLE_SLIDING && a->how <= TP__RESAMPLE_CUBIC;
    if (good && a->how == TP__RESAMPLE_SLIDING) good = a->kernel.n == n && a->stride.n == n && a->padding.n == n && a->divisor;
    if (good && a->how > TP__RESAMPLE_SHARED) good = tp__is_floating(x->dtype) || (x->dtype == TP_U8 && a->how <= TP__RESAMPLE_NEAREST_EXACT);
    if (good && a->scale.n) good = a->scale.n == n;
    for (int i = 0; i < n && good; i++) {
        const int64_t to = a->size.v[i], from = x->shape[x->ndim - n + i];
        good = to >= 0 && to <= INT32_MAX && from <= INT32_MAX && (a->adjoint || from || !to);
        if (a->how == TP__RESAMPLE_SLIDING)
            good = good && a->kernel.v[i] > 0 && a->stride.v[i] > 0 && a->padding.v[i] >= 0 && a->kernel.v[i] <= INT32_MAX && a->stride.v[i] <= INT32_MAX &&
                   a->padding.v[i] < a->kernel.v[i];
    }
    if (!good) return tp__call_fail(call, TP_ERR_ARGUMENT, "input %s and its arguments do not fit together", tp__shape_text(x));
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    for (int i = 0; i < n; i++) shape[x->ndim - n + i] = a->size.v[i];
    call->keep_shape = 1;
    return tp__made(tp__out_spatial(call, tp__is_channels_last(x), (tp_dtype)x->dtype, x->ndim, shape));
}

tp_tensor *tp__resampled(tp_tensor *x, const tp__resample *attr)
{
    tp__resample a = *attr;
    return tp__run1(a.how <= TP__RESAMPLE_SHARED ? &op_mean : &op_resample, (tp_tensor *[]){ x, NULL }, 2, &a, NULL);
}

static tp_tensor *back(const tp_node *node, tp_tensor *dy, tp_tensor *of)
{
    tp__resample a = *(const tp__resample *)tp__attr(node);
    const tp__kept_shape *kept = tp__kept(node, 0);
    a.adjoint = !a.adjoint;
    for (int i = 0; i < a.size.n; i++) a.size.v[i] = kept->shape[kept->ndim - a.size.n + i];
    return tp__run1(&op_resample, (tp_tensor *[]){ dy, of }, 2, &a, NULL);
}

static tp_status resample_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    return need & 1 ? tp__made(dx[0] = back(node, dy[0], NULL)) : TP_OK;
}

static tp_status mean_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *of = tp__saved(node, 0);
    (void)need;
    return of ? tp__made(dx[0] = back(node, dy[0], of)) : tp__pending();
}

static void resample_samples(tp_sample_set *set)
{
    static const char *const how[] = { "sliding", "shared", "nearest", "nearest_exact", "linear", "cubic" };
    for (int i = 0; i < 6; i++)
        for (int adjoint = 0; adjoint < 2; adjoint++)
            TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, adjoint ? TP_SHAPE(2, 3, 2) : TP_SHAPE(2, 5, 4), -1, 1)), { 0 },
                     TP__INTS_ARG(2, adjoint ? 5 : 3, adjoint ? 4 : 2), TP__STRING_ARG(how[i]), TP__BOOL_ARG(adjoint),
                     TP__INTS_ARG(2, 3, 2), TP__INTS_ARG(2, 2, 2), TP__INTS_ARG(2, 1, 0), TP__BOOL_ARG(i % 2), TP__INT_ARG(TP_NONE),
                     { .kind = TP_ARG_FLOATS, .n = 2, .value.floats = (const double[]){ 1.7, 2 } }, TP__BOOL_ARG(false), TP__BOOL_ARG(false));
}

static void mean_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 5, 4), -1, 1)), { 0 }, TP__INTS_ARG(2, 3, 2), TP__STRING_ARG("shared"), TP__BOOL_ARG(false),
             TP__INTS_ARG(0, 0), TP__INTS_ARG(0, 0), TP__INTS_ARG(0, 0), TP__BOOL_ARG(false), TP__INT_ARG(TP_NONE),
             { .kind = TP_ARG_FLOATS, .n = 0, .value.floats = (const double[]){ 0 } }, TP__BOOL_ARG(false), TP__BOOL_ARG(false));
}

#define ARGUMENTS "(Tensor input, Tensor? of, int[] size, string{sliding,shared,nearest,nearest_exact,linear,cubic} how, bool adjoint, int[] kernel, " \
    "int[] stride, int[] padding, bool count_padding, int divisor, float[] scale, bool align_corners, bool antialias) -> Tensor"
static const tp_op op_resample = { .schema = "resample" ARGUMENTS, .flags = TP__INTERNAL, .shape = resample_shape, .backward = resample_backward,
    .attr_size = sizeof(tp__resample), .samples = resample_samples, .state = TP__STATE };
static const tp_op op_mean = { .schema = "window_mean" ARGUMENTS, .flags = TP__INTERNAL, .kernel = "resample", .shape = resample_shape,
    .backward = mean_backward, .saves = { TP__OUTPUT(0) }, .attr_size = sizeof(tp__resample), .samples = mean_samples, .state = TP__STATE };

const tp_op *const tp__ops_resample[] = { &op_resample, &op_mean, NULL };
