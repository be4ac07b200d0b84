/* sort.c: order along a dim. NaN is greater than all else; of equal elements the first comes first, ascending or descending.
 *
 *   sort       y_j = x at i_j, ordered                     dx = dy added at i
 *   topk       the k greatest or least of them, in order   likewise
 *   kthvalue   the k-th least                              likewise
 *   argsort    i alone                                     msort: along dim 0
 *
 * Kernels order the last dim of contiguous tensors; for another dim x is turned, and turned back. */
#include "core/kernel_args.h"
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

typedef struct sort_attr { tp__sort sort; bool stable; } sort_attr;      /* it is, always */
typedef struct topk_attr { tp__topk topk; bool sorted; } topk_attr;      /* likewise */
typedef struct kth_attr { int64_t k, dim; bool keepdim; } kth_attr;

/* ---- Shape rules ----------------------------------------------------------------------------------------------------------------- */

static tp_status check(tp__call *call, int64_t *dim)
{
    const tp_tensor *x = call->in[0];
    int d;
    if (tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
    if (tp__take_dim(call, *dim, x, &d)) return tp__pending();
    *dim = d;
    call->keep_shape = 1;
    return TP_OK;
}

static tp_status pair(tp__call *call, int ndim, const int64_t *shape)
{
    return tp__out(call, (tp_dtype)call->in[0]->dtype, ndim, shape) ? tp__made(tp__out(call, TP_I64, ndim, shape)) : tp__pending();
}

static tp_status sort_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (check(call, &((sort_attr *)(uintptr_t)call->attr)->sort.dim)) return tp__pending();
    return pair(call, x->ndim, x->shape);
}

static tp_status topk_shape(tp__call *call)
{
    tp__topk *a = &((topk_attr *)(uintptr_t)call->attr)->topk;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    if (check(call, &a->dim)) return tp__pending();
    const int64_t n = x->ndim ? x->shape[a->dim] : 1;
    if (a->k < 0 || a->k > n)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "k is %lld, and dim %lld has %lld elements", (long long)a->k,
                             (long long)a->dim, (long long)n);
    memcpy(shape, x->shape, sizeof shape);
    shape[x->ndim ? a->dim : 0] = a->k;
    return pair(call, x->ndim || a->k ? x->ndim : 1, shape);             /* none of a 0-dim tensor's elements is [0] */
}

static tp_status kth_shape(tp__call *call)
{
    kth_attr *a = (kth_attr *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    int n = 0;
    if (check(call, &a->dim)) return tp__pending();
    const int64_t size = x->ndim ? x->shape[a->dim] : 1;
    if (a->k < 1 || a->k > size)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "k is %lld, and dim %lld has %lld elements", (long long)a->k,
                             (long long)a->dim, (long long)size);
    for (int d = 0; d < x->ndim; d++) {
        if (d != a->dim) shape[n++] = x->shape[d];
        else if (a->keepdim) shape[n++] = 1;
    }
    return pair(call, n, shape);
}

/* ---- Forward -------------------------------------------------------------------------------------------------------------------------- */

/* Asks the kernel for the k first along dim; the results have dim last. */
static tp_status order_last(const tp__call *call, int64_t dim, int64_t k, const void *attr, tp_tensor **values, tp_tensor **places)
{
    tp_tensor *x = call->in[0];
    const int last = x->ndim - 1;
    if (last > 0 && dim != last) x = tp_transpose(x, (int)dim, last);
    if (x && !(x->flags & TP__CONTIGUOUS)) x = tp_contiguous(x);
    const tp_kernel *kernel = x ? tp__kernel(call->op, x->device) : NULL;
    if (!kernel) return tp__pending();
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    if (last >= 0) shape[last] = k;
    if (!*values && !(*values = tp__tensor_new(x->device, (tp_dtype)x->dtype, x->ndim, shape))) return tp__pending();
    if (!*places && !(*places = tp__tensor_new(x->device, TP_I64, x->ndim, shape))) return tp__pending();
    tp__call rows = *call;
    rows.in = &x;
    rows.n_in = 1;
    rows.out = (tp_tensor *[]){ *values, *places };
    rows.attr = attr;
    return kernel->run(&rows);
}

static tp_status order_along(tp__call *call, int64_t dim, int64_t k, const void *attr)
{
    tp_tensor *values = call->out[0], *places = call->out[1];
    const int last = call->in[0]->ndim - 1;
    if (!values->numel) return TP_OK;
    TP_NO_GRAD();
    if (last < 1 || dim == last) return order_last(call, dim, k, attr, &values, &places);
    values = places = NULL;
    const uint32_t mark = tp__list_mark();
    tp_status status = order_last(call, dim, k, attr, &values, &places);
    if (!status && (!tp_copy_(call->out[0], tp_transpose(values, (int)dim, last)) || !tp_copy_(call->out[1], tp_transpose(places, (int)dim, last))))
        status = tp__pending();
    tp__list_release(mark);
    return status;
}

static tp_status sort_forward(tp__call *call)
{
    const tp__sort *a = call->attr;
    return order_along(call, a->dim, call->in[0]->ndim ? call->in[0]->shape[a->dim] : 1, a);
}

static tp_status topk_forward(tp__call *call)
{
    const tp__topk *a = call->attr;
    return order_along(call, a->dim, a->k, a);
}

static tp_status kth_forward(tp__call *call)
{
    const kth_attr *a = call->attr;
    const tp__topk least = { a->k, a->dim, false };
    tp_tensor *out[2] = { call->out[0], call->out[1] }, *all[2] = { NULL, NULL };
    const tp_tensor *x = call->in[0];
    const int last = x->ndim - 1;
    if (!out[0]->numel) return TP_OK;
    TP_NO_GRAD();
    const uint32_t mark = tp__list_mark();
    tp_status status = order_last(call, a->dim, a->k, &least, &all[0], &all[1]);
    for (int i = 0; i < 2 && !status; i++) {
        tp_tensor *kth = all[i];
        if (last >= 0) kth = tp_narrow(kth, last, a->k - 1, 1);
        if (last >= 0) kth = tp_transpose(kth, (int)a->dim, last);
        if (last >= 0 && !a->keepdim && kth) kth = tp_select(kth, (int)a->dim, 0);
        if (!tp_copy_(out[i], kth)) status = tp__pending();
    }
    tp__list_release(mark);
    return status;
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------------ */

static tp_status add_back(const tp_node *node, tp_tensor *dy, int64_t dim, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    if (!dy) return TP_OK;
    return tp__made(dx[0] = tp__gather_sum(dy, dim, tp__saved(node, 0), kept->ndim, kept->shape));
}

static tp_status sort_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return add_back(node, dy[0], ((const tp__sort *)tp__attr(node))->dim, dx);
}

static tp_status topk_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return add_back(node, dy[0], ((const tp__topk *)tp__attr(node))->dim, dx);
}

static tp_status kth_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const kth_attr *a = tp__attr(node);
    (void)need;
    return dy[0] ? tp__made(dx[0] = tp__picked_sum(dy[0], a->dim, a->keepdim, tp__saved(node, 0), tp__kept(node, 0))) : TP_OK;
}

/* ---- Composed --------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_sort;

static tp_status argsort_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *out[2];
    TP_NO_GRAD();
    return tp__run(&op_sort, &x, 1, call->attr, out, 2, NULL) < 0 ? tp__pending() : tp__made(tp__out_made(call, out[1]));
}

static tp_status msort_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *out[2];
    return tp__run(&op_sort, &x, 1, &(sort_attr){ { 0, false }, true }, out, 2, NULL) < 0 ? tp__pending() : tp__made(tp__out_made(call, out[0]));
}

/* ---- Samples ---------------------------------------------------------------------------------------------------------------------------- */

#define X(shape) TP__TENSOR_ARG(tp__sample_distinct(set, shape))

static void sort_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 5)));
    TP__GIVE(set, X(TP_SHAPE(4, 3, 2)), TP__INT_ARG(0), TP__BOOL_ARG(true));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(-1));
    TP__GIVE(set, X(TP_SHAPE(2, 0)), TP__INT_ARG(1), TP__BOOL_ARG(false));
    TP__GIVE(set, X(TP_SHAPE(1, 70)), TP__INT_ARG(1), TP__BOOL_ARG(true));
}

static void topk_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 5)), TP__INT_ARG(2));
    TP__GIVE(set, X(TP_SHAPE(4, 3, 2)), TP__INT_ARG(3), TP__INT_ARG(0), TP__BOOL_ARG(false));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(1));
    TP__GIVE(set, X(TP_SHAPE(2, 3)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(tp__sample_distinct(set, TP_SHAPE(2, 1500)))), TP__INT_ARG(3));
}

static void kth_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 5)), TP__INT_ARG(2));
    TP__GIVE(set, X(TP_SHAPE(4, 3, 2)), TP__INT_ARG(4), TP__INT_ARG(0), TP__BOOL_ARG(true));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(1));
}

static void msort_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 5)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE));
}

/* ---- Descriptors, public ------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_sort = { .schema = "sort(Tensor input, int dim=-1, bool descending=false, bool stable=false) -> (Tensor values, Tensor indices)",
    .shape = sort_shape, .forward = sort_forward, .backward = sort_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(sort_attr),
    .samples = sort_samples, .state = TP__STATE };
static const tp_op op_argsort = { .schema = "argsort(Tensor input, int dim=-1, bool descending=false, bool stable=false) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = argsort_compose, .attr_size = sizeof(sort_attr), .samples = sort_samples, .state = TP__STATE };
static const tp_op op_msort = { .schema = "msort(Tensor input) -> Tensor", .compose = msort_compose, .samples = msort_samples, .state = TP__STATE };
static const tp_op op_topk = {
    .schema = "topk(Tensor input, int k, int dim=-1, bool largest=true, bool sorted=true) -> (Tensor values, Tensor indices)",
    .shape = topk_shape, .forward = topk_forward, .backward = topk_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(topk_attr),
    .samples = topk_samples, .state = TP__STATE };
static const tp_op op_kth = { .schema = "kthvalue(Tensor input, int k, int dim=-1, bool keepdim=false) -> (Tensor values, Tensor indices)",
    .kernel = "topk", .shape = kth_shape, .forward = kth_forward, .backward = kth_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(kth_attr),
    .samples = kth_samples, .state = TP__STATE };

/* The values; the indices go where the options say, or nowhere. */
static tp_tensor *values_of(const tp_op *op, tp_tensor *x, const void *attr, tp_tensor **indices, const void *caller)
{
    tp_tensor *out[2] = { NULL, NULL };
    if (indices) *indices = NULL;
    if (tp__run(op, &x, 1, attr, out, 2, caller) < 0) return NULL;
    if (indices) *indices = out[1];
    return out[0];
}

tp_tensor *tp_sort_with(tp_tensor *x, const tp_sort_options *options)
{
    tp_sort_options o = TP__BRACES(sort, );
    if (tp_options_take("sort", &o, options, offsetof(tp_sort_options, tp__end))) return NULL;
    return values_of(&op_sort, x, &(sort_attr){ { o.dim, o.descending }, true }, o.indices, TP__CALLER);
}

tp_tensor *tp_argsort_with(tp_tensor *x, const tp_argsort_options *options)
{
    tp_argsort_options o = TP__BRACES(argsort, );
    if (tp_options_take("argsort", &o, options, offsetof(tp_argsort_options, tp__end))) return NULL;
    return tp__run1(&op_argsort, &x, 1, &(sort_attr){ { o.dim, o.descending }, true }, TP__CALLER);
}

tp_tensor *tp_msort(tp_tensor *x) { return tp__run1(&op_msort, &x, 1, NULL, TP__CALLER); }

tp_tensor *tp_topk_with(tp_tensor *x, int64_t k, const tp_topk_options *options)
{
    tp_topk_options o = TP__BRACES(topk, );
    if (tp_options_take("topk", &o, options, offsetof(tp_topk_options, tp__end))) return NULL;
    return values_of(&op_topk, x, &(topk_attr){ { k, o.dim, o.largest }, true }, o.indices, TP__CALLER);
}

tp_tensor *tp_kthvalue_with(tp_tensor *x, int64_t k, const tp_kthvalue_options *options)
{
    tp_kthvalue_options o = TP__BRACES(kthvalue, );
    if (tp_options_take("kthvalue", &o, options, offsetof(tp_kthvalue_options, tp__end))) return NULL;
    return values_of(&op_kth, x, &(kth_attr){ k, o.dim, o.keepdim }, o.indices, TP__CALLER);
}

const tp_op *const tp__ops_sort[] = { &op_sort, &op_argsort, &op_msort, &op_topk, &op_kth, NULL };
