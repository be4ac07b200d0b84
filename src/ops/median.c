/* median.c: medians, and what occurs most often.
 *
 *   median      y = the element in the middle of x in order, of two the lower; NaN if there is one       dx = dy [x = y] / how many are equal
 *   nanmedian   of those that are not NaN                                                                likewise
 *   median.dim, nanmedian.dim, mode   y = x at i along dim                                               dx = dy at i, else 0
 *
 * The mode is the least of those that occur most often, and i where it stands last. A NaN equals nothing.
 * Kernels take rows: x with dim last, contiguous. */
#include "ops/dense.h"
#include "ops/max.h"
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

typedef struct dim_attr { int64_t dim; bool keepdim; } dim_attr;

/* ---- Shape rules ----------------------------------------------------------------------------------------------------------------- */

static tp_status check_dtype(const tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
    return TP_OK;
}

static tp_status all_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (check_dtype(call)) return tp__pending();
    if (x->dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "bool has no median");
    return tp__made(tp__out(call, (tp_dtype)x->dtype, 0, NULL));
}

static tp_status mode_shape(tp__call *call)
{
    dim_attr *a = (dim_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    int dim, n = 0;
    if (check_dtype(call) || tp__take_dim(call, a->dim, x, &dim)) return tp__pending();
    if (x->ndim && !x->shape[dim]) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is empty", dim, tp__shape_text(x));
    a->dim = dim;
    call->keep_shape = 1;
    for (int d = 0; d < x->ndim; d++) {
        if (d != dim) shape[n++] = x->shape[d];
        else if (a->keepdim) shape[n++] = 1;
    }
    return tp__out(call, (tp_dtype)x->dtype, n, shape) ? tp__made(tp__out(call, TP_I64, n, shape)) : tp__pending();
}

static tp_status dim_shape(tp__call *call)
{
    if (call->in[0]->dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "bool has no median");
    return mode_shape(call);
}

/* ---- Forward, rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status dim_forward(tp__call *call)
{
    const int64_t dim = ((const dim_attr *)call->attr)->dim;
    tp_tensor *x = call->in[0];
    const uint32_t mark = tp__list_mark();
    TP_NO_GRAD();
    if (x->ndim && dim != x->ndim - 1) x = tp_movedim(x, TP_DIMS(dim), TP_DIMS(-1));
    if (x && !(x->flags & TP__CONTIGUOUS)) x = tp_contiguous(x);
    const tp_kernel *kernel = x ? tp__kernel(call->op, x->device) : NULL;
    tp__call rows = *call;
    rows.in = &x;
    const tp_status status = kernel ? kernel->run(&rows) : tp__pending();
    tp__list_release(mark);
    return status;
}

static tp_status all_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__run1(&tp__op_max_backward, (tp_tensor *[]){ dy[0], tp__saved(node, 0), tp__saved(node, 1) }, 3, NULL, NULL));
}

static tp_status dim_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const dim_attr *a = tp__attr(node);
    (void)need;
    return dy[0] ? tp__made(dx[0] = tp__picked_sum(dy[0], a->dim, a->keepdim, tp__saved(node, 0), tp__kept(node, 0))) : TP_OK;
}

/* ---- Samples, descriptors, public ----------------------------------------------------------------------------------------------------- */

#define X(shape) TP__TENSOR_ARG(tp__sample_distinct(set, shape))

static void all_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)));
    TP__GIVE(set, X(TP_SHAPE(7)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE));
}

static void dim_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(1));
    TP__GIVE(set, X(TP_SHAPE(2, 3, 4)), TP__INT_ARG(-2), TP__BOOL_ARG(true));
    TP__GIVE(set, X(TP_SHAPE(0, 3)), TP__INT_ARG(1));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0));
}

static void mode_samples(tp_sample_set *set)
{
    dim_samples(set);
    TP__GIVE(set, X(TP_SHAPE(2, 3)));
}

#define DESCRIPTORS(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input) -> Tensor", .shape = all_shape, .forward = tp__run_contiguous, .backward = all_backward, \
        .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = all_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_dim = { .schema = #name ".dim(Tensor input, int dim, bool keepdim=false) -> (Tensor values, Tensor indices)", \
        .kernel = #name, .shape = dim_shape, .forward = dim_forward, .backward = dim_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(dim_attr), \
        .samples = dim_samples, .state = TP__STATE };
DESCRIPTORS(median)
DESCRIPTORS(nanmedian)
static const tp_op op_mode = { .schema = "mode(Tensor input, int dim=-1, bool keepdim=false) -> (Tensor values, Tensor indices)", .shape = mode_shape,
    .forward = dim_forward, .backward = dim_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(dim_attr), .samples = mode_samples, .state = TP__STATE };

static tp_tensor *along(const tp_op *op, tp_tensor *x, int dim, bool keepdim, tp_tensor **indices, const void *caller)
{
    tp_tensor *out[2] = { NULL };
    const bool failed = tp__run(op, &x, 1, &(dim_attr){ dim, keepdim }, out, 2, caller) < 0;
    if (indices) *indices = failed ? NULL : out[1];
    return failed ? NULL : out[0];
}

tp_tensor *tp_median(tp_tensor *x) { return tp__run1(&op_median, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_nanmedian(tp_tensor *x) { return tp__run1(&op_nanmedian, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_median_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices) { return along(&op_median_dim, x, dim, keepdim, indices, TP__CALLER); }
tp_tensor *tp_nanmedian_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices) { return along(&op_nanmedian_dim, x, dim, keepdim, indices, TP__CALLER); }

tp_tensor *tp_mode_with(tp_tensor *x, const tp_mode_options *options)
{
    tp_mode_options o = TP__BRACES(mode, );
    if (tp_options_take("mode", &o, options, offsetof(tp_mode_options, tp__end))) return NULL;
    return along(&op_mode, x, o.dim, o.keepdim, o.indices, TP__CALLER);
}

const tp_op *const tp__ops_median[] = { &op_median, &op_median_dim, &op_nanmedian, &op_nanmedian_dim, &op_mode, NULL };
