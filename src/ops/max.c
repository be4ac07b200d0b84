/* max.c: the greatest or least element, of all or along a dim. NaN wins.
 *
 *   max, min          y = max of x               dx = dy [x = y] / how many are equal
 *   max.dim, min.dim  y = x at i along dim       dx = dy at i, else 0
 *   argmax, argmin    i alone */
#include "ops/dense.h"
#include "ops/max.h"
#include "ops/samples.h"

typedef struct dim_attr { int64_t dim; bool keepdim; } dim_attr;
typedef struct scatter_attr { int64_t dim, size; bool keepdim; } scatter_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status check_real(const tp__call *call)
{
    if (!tp__is_complex(call->in[0]->dtype)) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
}

/* Wraps *dim. 0-dim tensors have one dim of size 1. */
static tp_status take_dim_of(const tp__call *call, int64_t *dim)
{
    const tp_tensor *x = call->in[0];
    const int d = tp__dim(*dim, x->ndim);
    if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)*dim, tp__shape_text(x));
    if (x->ndim && !x->shape[d]) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is empty", d, tp__shape_text(x));
    *dim = d;
    return TP_OK;
}

static int without_dim(const tp_tensor *x, int64_t dim, bool keepdim, int64_t *shape)
{
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d != dim) shape[ndim++] = x->shape[d];
        else if (keepdim) shape[ndim++] = 1;
    }
    return ndim;
}

static tp_status max_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (check_real(call)) return tp__pending();
    if (!x->numel) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements", tp__shape_text(x));
    call->scratch = (void *)(((uintptr_t)1 << x->ndim) - 1);             /* the dims that go */
    return tp__made(tp__out(call, (tp_dtype)x->dtype, 0, NULL));
}

static tp_status max_dim_shape(tp__call *call)
{
    dim_attr *attr = (dim_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    if (check_real(call) || take_dim_of(call, &attr->dim)) return tp__pending();
    const int ndim = without_dim(x, attr->dim, attr->keepdim, shape);
    call->keep_shape = 1;
    if (!tp__out(call, (tp_dtype)x->dtype, ndim, shape)) return tp__pending();
    return tp__made(tp__out(call, TP_I64, ndim, shape));
}

static tp_status argmax_shape(tp__call *call)
{
    dim_attr *attr = (dim_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    if (check_real(call)) return tp__pending();
    if (x->dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    if (attr->dim == TP_NONE) {
        if (!x->numel) return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements", tp__shape_text(x));
        return tp__made(tp__out(call, TP_I64, attr->keepdim ? x->ndim : 0, shape));
    }
    if (take_dim_of(call, &attr->dim)) return tp__pending();
    const int ndim = without_dim(x, attr->dim, attr->keepdim, shape);
    return tp__made(tp__out(call, TP_I64, ndim, shape));
}

static tp_status max_backward_shape(tp__call *call)
{
    if (call->in[0]->numel != 1 || call->in[2]->numel != 1) return tp__call_fail(call, TP_ERR_SHAPE, "takes one maximum");
    if (call->in[0]->dtype != call->in[1]->dtype || call->in[2]->dtype != call->in[1]->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "the dtypes differ");
    return tp__made(tp__out(call, (tp_dtype)call->in[1]->dtype, call->in[1]->ndim, call->in[1]->shape));
}

/* The shape of the indices with the dim put back. */
static tp_status scatter_shape(tp__call *call)
{
    const scatter_attr *attr = call->attr;
    const tp_tensor *at = call->in[1];
    if (at->dtype != TP_I64 || !tp__same_shape(call->in[0], at) || attr->dim < 0 || attr->size < 1 || attr->dim >= at->ndim + !attr->keepdim)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "indices %s do not fit", tp__shape_text(at));
    int64_t shape[TP_MAX_DIMS];
    int ndim = 0;
    for (int d = 0; d < at->ndim + !attr->keepdim; d++) {
        if (d == attr->dim) shape[ndim++] = attr->size;
        else shape[ndim++] = at->shape[d - (!attr->keepdim && d > attr->dim)];
    }
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, ndim, shape));
}

static tp_status gather_shape(tp__call *call)
{
    const scatter_attr *attr = call->attr;
    const tp_tensor *x = call->in[0], *at = call->in[1];
    bool fits = at->dtype == TP_I64 && attr->dim >= 0 && attr->dim < x->ndim && at->ndim == x->ndim - !attr->keepdim;
    for (int d = 0, k = 0; fits && d < x->ndim; d++) {
        if (d == attr->dim) fits = !attr->keepdim || at->shape[k++] == 1;
        else fits = at->shape[k++] == x->shape[d];
    }
    if (!fits) return tp__call_fail(call, TP_ERR_ARGUMENT, "indices %s do not fit %s", tp__shape_text(at), tp__shape_text(x));
    return tp__made(tp__out(call, (tp_dtype)x->dtype, at->ndim, at->shape));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_max_scatter, op_max_gather;

static tp_status max_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__run1(&tp__op_max_backward, (tp_tensor *[]){ dy[0], tp__saved(node, 0), tp__saved(node, 1) }, 3, NULL, NULL));
}

/* z = dy m, m = [x = y] / how many:  ddy = sum g m */
static tp_status max_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (!(need & 1)) return TP_OK;
    tp_tensor *x = tp__saved(node, 0), *y = tp__saved(node, 1);
    tp_tensor *one = y ? tp_ones((tp_shape){ .ndim = 0 }, .dtype = (tp_dtype)y->dtype, .device = y->device) : NULL;
    tp_tensor *m = tp__run1(&tp__op_max_backward, (tp_tensor *[]){ one, x, y }, 3, NULL, NULL);
    return tp__made(dx[0] = tp_sum_with(tp_mul(g[0], m), NULL));
}

static tp_status max_dim_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const dim_attr *attr = tp__attr(node);
    const tp__kept_shape *x = tp__kept(node, 0);
    if (!dy[0]) return TP_OK;
    if (!x->ndim) {
        dx[0] = dy[0];
        return TP_OK;
    }
    const scatter_attr back = { attr->dim, x->shape[attr->dim], attr->keepdim };
    return tp__made(dx[0] = tp__run1(&op_max_scatter, (tp_tensor *[]){ dy[0], tp__saved(node, 0) }, 2, &back, NULL));
}

static tp_status max_scatter_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = tp__run1(&op_max_gather, (tp_tensor *[]){ g[0], tp__saved(node, 0) }, 2, tp__attr(node), NULL));
}

static tp_status max_gather_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = tp__run1(&op_max_scatter, (tp_tensor *[]){ g[0], tp__saved(node, 0) }, 2, tp__attr(node), NULL));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void all_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, (tp_shape){ .ndim = 0 })));
}

static void dim_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 3, 4))), TP__INT_ARG(-2), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(0, 3))), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, (tp_shape){ .ndim = 0 })), TP__INT_ARG(0));
}

static void argmax_samples(tp_sample_set *set)
{
    all_samples(set);
    dim_samples(set);
}

static void max_backward_samples(tp_sample_set *set)
{
    tp_tensor *x = tp_detach(tp__sample_distinct(set, TP_SHAPE(3, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, (tp_shape){ .ndim = 0 }, -2, 2)), TP__TENSOR_ARG(x), TP__TENSOR_ARG(tp_max(x)));
}

static void scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)),
             TP__INT_ARG(1), TP__INT_ARG(4), TP__BOOL_ARG(false));
}

static void gather_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)),
             TP__INT_ARG(1), TP__INT_ARG(4), TP__BOOL_ARG(false));
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------------------------------- */

#define EXTREME(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input) -> Tensor", .shape = max_shape, .backward = max_backward, \
        .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = all_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_dim = { .schema = #name ".dim(Tensor input, int dim, bool keepdim=false) -> (Tensor, Tensor)", .kernel = #name ".dim", \
        .shape = max_dim_shape, .forward = tp__run_contiguous, .backward = max_dim_backward, .saves = { TP__OUTPUT(1) }, \
        .attr_size = sizeof(dim_attr), .samples = dim_samples, .state = TP__STATE }; \
    static const tp_op op_arg##name = { .schema = "arg" #name "(Tensor input, int? dim=none, bool keepdim=false) -> Tensor", .flags = TP__NO_GRAD_OP, \
        .shape = argmax_shape, .forward = tp__run_contiguous, .attr_size = sizeof(dim_attr), .samples = argmax_samples, .state = TP__STATE };
EXTREME(max)
EXTREME(min)
const tp_op tp__op_max_backward = { .schema = "max_backward(Tensor grad, Tensor input, Tensor output) -> Tensor", .flags = TP__INTERNAL,
    .shape = max_backward_shape, .forward = tp__run_contiguous, .backward = max_backward_backward, .saves = { TP__INPUT(1, 0), TP__INPUT(2, 0) },
    .samples = max_backward_samples, .state = TP__STATE };
static const tp_op op_max_scatter = { .schema = "max_scatter(Tensor grad, Tensor indices, int dim, int size, bool keepdim) -> Tensor",
    .flags = TP__INTERNAL, .shape = scatter_shape, .forward = tp__run_contiguous, .backward = max_scatter_backward, .saves = { TP__INPUT(1, 0) },
    .attr_size = sizeof(scatter_attr), .samples = scatter_samples, .state = TP__STATE };
static const tp_op op_max_gather = { .schema = "max_gather(Tensor input, Tensor indices, int dim, int size, bool keepdim) -> Tensor",
    .flags = TP__INTERNAL, .shape = gather_shape, .forward = tp__run_contiguous, .backward = max_gather_backward, .saves = { TP__INPUT(1, 0) },
    .attr_size = sizeof(scatter_attr), .samples = gather_samples, .state = TP__STATE };
/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_max(tp_tensor *x) { return tp__run1(&op_max, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_min(tp_tensor *x) { return tp__run1(&op_min, &x, 1, NULL, TP__CALLER); }

static tp_tensor *along(const tp_op *op, tp_tensor *x, int dim, bool keepdim, tp_tensor **indices, const void *caller)
{
    tp_tensor *out[2] = { NULL };
    const bool failed = tp__run(op, &x, 1, &(dim_attr){ dim, keepdim }, out, 2, caller) < 0;
    if (indices) *indices = failed ? NULL : out[1];
    return failed ? NULL : out[0];
}

tp_tensor *tp_max_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices) { return along(&op_max_dim, x, dim, keepdim, indices, TP__CALLER); }
tp_tensor *tp_min_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices) { return along(&op_min_dim, x, dim, keepdim, indices, TP__CALLER); }

static tp_tensor *place(const tp_op *op, const char *name, tp_tensor *x, const tp_argmax_options *options, const void *caller)
{
    tp_argmax_options o = { TP__DEFAULT_argmax .tp__end = 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_argmax_options, tp__end))) return NULL;
    return tp__run1(op, &x, 1, &(dim_attr){ o.dim, o.keepdim }, caller);
}

tp_tensor *tp_argmax_with(tp_tensor *x, const tp_argmax_options *o) { return place(&op_argmax, "argmax", x, o, TP__CALLER); }
tp_tensor *tp_argmin_with(tp_tensor *x, const tp_argmin_options *o) { return place(&op_argmin, "argmin", x, o, TP__CALLER); }

const tp_op *const tp__ops_max[] = {
    &op_max, &op_max_dim, &op_argmax, &op_min, &op_min_dim, &op_argmin, &tp__op_max_backward, &op_max_scatter, &op_max_gather, NULL,
};
