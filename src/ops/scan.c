/* scan.c: sums, products and extremes up to each element of a dim.
 *
 *   cumsum        y_k = x_0 + .. + x_k           dx_k = dy_k + .. + dy_n
 *   cumprod       y_k = x_0 .. x_k               dx_k = y_{k-1} s_k,  s_k = dy_k + x_{k+1} s_{k+1}
 *   cummax        y_k = max of x_0 .. x_k, and where it is, the last of equals;  dx = dy added there.  cummin likewise
 *   logcumsumexp  y_k = log(e^x_0 + .. + e^x_k)  dx_k = e^(x_k - y_k) s_k,  s_k = dy_k + e^(y_k - y_{k+1}) s_{k+1}
 *   linear_scan   y_k = x_k + f_k y_{k-1},  or from the end  y_k = x_k + f_{k+1} y_{k+1}.  The one is the other transposed:
 *                 dx is the other scan of dy, and  df_k = dx_k y_{k-1},  from the end  df_k = dx_{k-1} y_k
 *
 * The gradient of a product is such a scan, so it costs no more than the product, is right where elements are 0, and can be
 * differentiated again. */
#include "ops/scan.h"

#include "ops/dense.h"

typedef struct scan_attr { int64_t dim; tp_dtype dtype; } scan_attr;
typedef struct linear_attr { int64_t dim; bool reverse; } linear_attr;
typedef struct diff_attr { int64_t n, dim; } diff_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

/* Wraps the dim, the first of the attributes. */
static tp_status take_dim(const tp__call *call)
{
    int64_t *dim = (int64_t *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    const int d = tp__dim(*dim, x->ndim);
    if (d < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)*dim, tp__shape_text(x));
    *dim = d;
    return TP_OK;
}

static tp_status sum_shape(tp__call *call)
{
    const scan_attr *attr = call->attr;
    const tp_tensor *x = call->in[0];
    const tp_dtype dtype = attr->dtype ? attr->dtype : tp__category(x->dtype) > 1 ? (tp_dtype)x->dtype : TP_I64;
    if (take_dim(call)) return tp__pending();
    if (tp__is_complex(dtype) != tp__is_complex(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s is not added up in %s: cast it first", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name(dtype));
    if (dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no dtype to add up in", tp_dtype_name(dtype));
    if (dtype != x->dtype) call->keep_shape = 1;
    return tp__made(tp__out(call, dtype, x->ndim, x->shape));
}

static tp_status same_shape(tp__call *call)
{
    if (take_dim(call)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, call->in[0]->ndim, call->in[0]->shape));
}

static tp_status extreme_shape(tp__call *call)
{
    if (same_shape(call)) return tp__pending();
    return tp__made(tp__out(call, TP_I64, call->in[0]->ndim, call->in[0]->shape));
}

static tp_status logcumsumexp_shape(tp__call *call)
{
    if (!tp__is_floating(call->in[0]->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)call->in[0]->dtype));
    return same_shape(call);
}

static tp_status linear_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *f = call->in[1];
    if (!tp__same_shape(x, f) || x->dtype != f->dtype || tp__category(x->dtype) < 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "factors %s do not fit %s, or the dtypes", tp__shape_text(f), tp__shape_text(x));
    return same_shape(call);
}

static tp_status indexed_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *at = call->in[1];
    if (at->dtype != TP_I64 || !tp__same_shape(x, at))
        return tp__call_fail(call, TP_ERR_SHAPE, "indices %s do not fit %s", tp__shape_text(at), tp__shape_text(x));
    return same_shape(call);
}

static tp_status back_shape(tp__call *call)
{
    const tp_tensor *dy = call->in[0];
    for (int i = 1; i < 3; i++)
        if (!tp__same_shape(dy, call->in[i]) || dy->dtype != call->in[i]->dtype)
            return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit %s, or the dtypes", tp__shape_text(dy), tp__shape_text(call->in[i]));
    return same_shape(call);
}

static tp_status dense(tp__call *call) { return tp__run_dense(call, (const tp_dtype[TP__DENSE_MOST]){ (tp_dtype)call->out[0]->dtype }); }

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_cumsum, op_cumsum_reversed, op_cumprod, op_linear_scan, op_logcumsumexp_backward, op_cummax_backward, op_cummax_pick;

static int64_t dim_of(const tp_node *node) { return *(const int64_t *)tp__attr(node); }

static int64_t length(const tp_tensor *x, int64_t dim) { return x->ndim ? x->shape[dim] : 1; }

/* `first`, of size 1 along dim, then all of x but its last. */
static tp_tensor *shifted(tp_tensor *x, int64_t dim, double first)
{
    if (!x || !length(x, dim)) return x;
    tp_shape shape = tp__shape(x->ndim, x->shape);
    if (x->ndim) shape.dim[dim] = 1;
    tp_tensor *one = tp_zeros(shape, .dtype = (tp_dtype)x->dtype, .device = x->device);
    if (first != 0) one = tp_fill_(one, first);
    if (!x->ndim) return one;
    return tp_cat(TP_TENSORS(one, tp_narrow(x, (int)dim, 0, x->shape[dim] - 1)), (int)dim);
}

static tp_tensor *linear_scan(tp_tensor *x, tp_tensor *f, int64_t dim, bool reverse)
{
    return tp__run1(&op_linear_scan, (tp_tensor *[]){ x, f }, 2, &(linear_attr){ dim, reverse }, NULL);
}

static tp_tensor *reversed(tp_tensor *x, int64_t dim)
{
    return tp__run1(&op_cumsum_reversed, &x, 1, &(scan_attr){ dim, TP_DTYPE_DEFAULT }, NULL);
}

static tp_status cumsum_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__fit(node, 0, reversed(dy[0], dim_of(node))));
}

static tp_status cumsum_reversed_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__run1(&op_cumsum, dy, 1, &(scan_attr){ dim_of(node), TP_DTYPE_DEFAULT }, NULL));
}

static tp_status cumprod_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    const int64_t dim = dim_of(node);
    tp_tensor *x = tp__saved(node, 0), *y = tp__saved(node, 1);
    if (x && y && x->dtype != y->dtype) x = tp_to_dtype(x, (tp_dtype)y->dtype);
    return tp__made(dx[0] = tp__fit(node, 0, tp_mul(linear_scan(dy[0], x, dim, true), shifted(y, dim, 1))));
}

/* In 16 bits PyTorch's formulas round very differently, so there we do the same. Before the first 0:  x_k dx_k = dy_k y_k + .. + dy_n y_n;
 * at it:  dx_k = y_{k-1} (dy_k + dy_{k+1} x_{k+1} + dy_{k+2} x_{k+1} x_{k+2} ..), up to the next;  0 after it. */
static tp_status cumprod_backward_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *g = dy[0];
    if (g->dtype != TP_F16 && g->dtype != TP_BF16) return cumprod_backward(node, dy, need, dx);
    const int64_t dim = dim_of(node);
    tp_tensor *y = tp__saved(node, 1), *x = tp_to_dtype(tp__saved(node, 0), (tp_dtype)g->dtype), *zero = tp_eq(x, 0);
    tp_tensor *zeros = zero ? tp_cumsum(zero, (int)dim) : NULL, *none = tp_eq(zeros, 0), *one = tp_eq(zeros, 1), *first = tp_logical_and(one, zero);
    tp_tensor *before = tp_div(reversed(tp_where(none, tp_mul(g, y), 0), dim), x);
    tp_tensor *on = tp_where(tp_logical_and(one, tp_logical_not(zero)), x, 1);
    on = on ? tp__run1(&op_cumprod, &on, 1, &(scan_attr){ dim, TP_DTYPE_DEFAULT }, NULL) : NULL;
    tp_tensor *sum = tp_sum(tp_mul(on, tp_where(one, g, 0)), .dims = TP_DIMS((int)dim), .keepdim = true);
    return tp__made(dx[0] = tp__fit(node, 0, tp_where(none, before, tp_where(first, tp_mul(sum, shifted(y, dim, 1)), 0))));
}

tp_tensor *tp__prod_grad(tp_tensor *g, tp_tensor *x, int dim)
{
    if (!g || !x || !x->shape[dim]) return tp_mul(g, x);       /* empty */
    tp_shape others = tp__shape(x->ndim, x->shape);
    others.dim[dim]--;
    tp_tensor *before = shifted(tp__run1(&op_cumprod, &x, 1, &(scan_attr){ dim, TP_DTYPE_DEFAULT }, NULL), dim, 1);
    tp_tensor *last = tp_cat(TP_TENSORS(tp_zeros(others, .dtype = (tp_dtype)x->dtype, .device = x->device), g), dim);
    return tp_mul(before, linear_scan(last, x, dim, true));
}

static tp_status linear_scan_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const linear_attr *attr = tp__attr(node);
    tp_tensor *y = tp__saved(node, 1), *t = linear_scan(dy[0], tp__saved(node, 0), attr->dim, !attr->reverse);
    if (need & 1 && !(dx[0] = t)) return tp__pending();
    if (need & 2 && !(dx[1] = attr->reverse ? tp_mul(shifted(t, attr->dim, 0), y) : tp_mul(t, shifted(y, attr->dim, 0)))) return tp__pending();
    return TP_OK;
}

static tp_tensor *at_indices(const tp_op *op, tp_tensor *x, tp_tensor *at, int64_t dim)
{
    return tp__run1(op, (tp_tensor *[]){ x, at }, 2, &dim, NULL);
}

static tp_status extreme_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return dy[0] ? tp__made(dx[0] = at_indices(&op_cummax_backward, dy[0], tp__saved(node, 0), dim_of(node))) : TP_OK;
}

static tp_status cummax_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    return need & 1 ? tp__made(dx[0] = at_indices(&op_cummax_pick, g[0], tp__saved(node, 0), dim_of(node))) : TP_OK;
}

static tp_status cummax_pick_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    return need & 1 ? tp__made(dx[0] = at_indices(&op_cummax_backward, g[0], tp__saved(node, 0), dim_of(node))) : TP_OK;
}

/* e^(a - b), where b is at least a: what a's share of b is. */
static tp_tensor *share(tp_tensor *a, tp_tensor *b) { return tp_exp(tp_sub(a, b)); }

static tp_tensor *logcumsumexp_grad(tp_tensor *dy, tp_tensor *x, tp_tensor *y, int64_t dim)
{
    return tp_mul(linear_scan(dy, share(shifted(y, dim, 0), y), dim, true), share(x, y));
}

static tp_status logcumsumexp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    if (!dy[0]->ndim) return tp__made(dx[0] = dy[0]);  /* it is x itself */
    return tp__made(dx[0] = logcumsumexp_grad(dy[0], tp__saved(node, 0), tp__saved(node, 1), dim_of(node)));
}

/* By PyTorch's formula, whose rounding is another where x is large. */
static tp_status logcumsumexp_backward_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    if (!dy[0]->ndim) return tp__made(dx[0] = dy[0]);
    tp_tensor *in[] = { dy[0], tp__saved(node, 0), tp__saved(node, 1) };
    return tp__made(dx[0] = tp__run1(&op_logcumsumexp_backward, in, 3, tp__attr(node), NULL));
}

/* ---- Differences: n times x_{k+1} - x_k, of bool whether they differ -------------------------------------------------------------- */

static tp_tensor *difference(tp_tensor *x, int dim)
{
    if (!x || !x->shape[dim]) return x;
    tp_tensor *left = tp_narrow(x, dim, 0, x->shape[dim] - 1), *right = tp_narrow(x, dim, 1, x->shape[dim] - 1);
    return x->dtype == TP_BOOL ? tp_eq(tp_eq(left, right), 0) : tp_sub(right, left);
}

static tp_tensor *widened(tp_tensor *x, tp_tensor *before, tp_tensor *after, int dim)
{
    tp_tensor *few[3];
    int n = 0;
    if (before) few[n++] = before;
    few[n++] = x;
    if (after) few[n++] = after;
    return n == 1 ? x : tp_cat((tp_tensor_list){ .at = few, .n = n }, dim);
}

static tp_status diff_compose(tp__call *call)
{
    const diff_attr *attr = call->attr;
    tp_tensor *x = call->in[0];
    const int dim = tp__dim(attr->dim, x->ndim);
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "takes at least one dim, not %s", tp__shape_text(x));
    if (dim < 0) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)attr->dim, tp__shape_text(x));
    if (attr->n < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "the order %lld is negative", (long long)attr->n);
    if (!attr->n) return tp__made(call->out[call->n_out++] = tp_clone(x));
    x = widened(x, call->in[3], call->in[4], dim);
    if (!x) return tp__pending();
    const int64_t n = attr->n > x->shape[dim] ? x->shape[dim] : attr->n;
    for (int64_t i = 0; i < n; i++) x = difference(x, dim);
    return tp__made(call->out[call->n_out++] = x);
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp__sample_with_zeros(const tp_sample_set *set, tp_shape shape)
{
    tp_tensor *x = tp_uniform(shape, 0.5, 2, .dtype = set->dtype ? set->dtype : TP_F32);
    x = tp_detach(tp_mul(x, tp_to_dtype(tp_randint(0, 3, shape), tp_dtype_of(x))));
    if (x) tp_requires_grad(x, true);
    return x;
}

static void sum_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(-2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_with_zeros(set, TP_SHAPE(2, 5))), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), TP__INT_ARG(0),
             TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
}

static void in_place_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(-2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_with_zeros(set, TP_SHAPE(2, 5))), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
}

static void reversed_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), TP__INT_ARG(-1));
}

static void extreme_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 4))), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 5))), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP__SCALAR_SHAPE)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(0, 3))), TP__INT_ARG(0));
}

static void indexed_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3, 4), 3)), TP__INT_ARG(1));
}

static void log_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 5), -2, 2)), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -2, 2)), TP__INT_ARG(0));
}

static void back_samples(tp_sample_set *set)
{
    tp_tensor *x = tp_detach(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2))), TP__TENSOR_ARG(x),
             TP__TENSOR_ARG(tp_logcumsumexp(x, 1)), TP__INT_ARG(1));
}

static void linear_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -1, 1)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -1, 1)), TP__INT_ARG(0), TP__BOOL_ARG(true));
}

static void diff_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INT_ARG(2), TP__INT_ARG(0),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INT_ARG(5));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

static const tp_op op_cumsum = { .schema = "cumsum(Tensor input, int dim, *, dtype dtype=none) -> Tensor", .shape = sum_shape, .forward = dense,
    .backward = cumsum_backward, .attr_size = sizeof(scan_attr), .samples = sum_samples, .state = TP__STATE };
static const tp_op op_cumsum_ =
    TP__INPLACE_FORM("cumsum_(Tensor! input, int dim, *, dtype dtype=none) -> Tensor", op_cumsum, sizeof(scan_attr), in_place_samples);
static const tp_op op_cumsum_reversed = { .schema = "cumsum_reversed(Tensor input, int dim, *, dtype dtype=none) -> Tensor", .flags = TP__INTERNAL,
    .shape = same_shape, .forward = dense, .backward = cumsum_reversed_backward, .attr_size = sizeof(scan_attr), .samples = reversed_samples,
    .state = TP__STATE };
static const tp_op op_cumprod = { .schema = "cumprod(Tensor input, int dim, *, dtype dtype=none) -> Tensor", .shape = sum_shape, .forward = dense,
    .backward = cumprod_backward, .backward_fused = cumprod_backward_fused, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) },
    .attr_size = sizeof(scan_attr), .samples = sum_samples, .state = TP__STATE };
static const tp_op op_cumprod_ =
    TP__INPLACE_FORM("cumprod_(Tensor! input, int dim, *, dtype dtype=none) -> Tensor", op_cumprod, sizeof(scan_attr), in_place_samples);
static const tp_op op_logcumsumexp = { .schema = "logcumsumexp(Tensor input, int dim) -> Tensor", .shape = logcumsumexp_shape, .forward = dense,
    .backward = logcumsumexp_backward, .backward_fused = logcumsumexp_backward_fused, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) },
    .attr_size = sizeof(int64_t), .samples = log_samples, .state = TP__STATE };
static const tp_op op_linear_scan = { .schema = "linear_scan(Tensor input, Tensor factors, int dim, bool reverse=false) -> Tensor", .flags = TP__INTERNAL,
    .shape = linear_shape, .forward = tp__run_contiguous, .backward = linear_scan_backward, .saves = { TP__INPUT(1, 0), TP__OUTPUT(0) },
    .attr_size = sizeof(linear_attr), .samples = linear_samples, .state = TP__STATE };

static const tp_op op_logcumsumexp_backward = { .schema = "logcumsumexp_backward(Tensor grad, Tensor input, Tensor output, int dim) -> Tensor",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = back_shape, .forward = tp__run_contiguous, .attr_size = sizeof(int64_t), .samples = back_samples,
    .state = TP__STATE };

#define EXTREME(name) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, int dim) -> (Tensor, Tensor)", .shape = extreme_shape, .forward = tp__run_contiguous, \
        .backward = extreme_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(int64_t), .samples = extreme_samples, .state = TP__STATE };
EXTREME(cummax)
EXTREME(cummin)
static const tp_op op_cummax_backward = { .schema = "cummax_backward(Tensor grad, Tensor indices, int dim) -> Tensor", .flags = TP__INTERNAL,
    .shape = indexed_shape, .forward = tp__run_contiguous, .backward = cummax_backward_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(int64_t),
    .samples = indexed_samples, .state = TP__STATE };
static const tp_op op_cummax_pick = { .schema = "cummax_pick(Tensor input, Tensor indices, int dim) -> Tensor", .flags = TP__INTERNAL,
    .shape = indexed_shape, .forward = tp__run_contiguous, .backward = cummax_pick_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(int64_t),
    .samples = indexed_samples, .state = TP__STATE };
static const tp_op op_diff = { .schema = "diff(Tensor input, int n=1, int dim=-1, Tensor? prepend=none, Tensor? append=none) -> Tensor",
    .compose = diff_compose, .attr_size = sizeof(diff_attr), .samples = diff_samples, .state = TP__STATE };

static tp_tensor *scan(const tp_op *op, const char *name, tp_tensor *x, int dim, const tp_cumsum_options *options, const void *caller)
{
    tp_cumsum_options o = { TP__DEFAULT_cumsum .tp__end = 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_cumsum_options, tp__end))) return NULL;
    return tp__run1(op, &x, 1, &(scan_attr){ dim, o.dtype }, caller);
}

tp_tensor *tp_cumsum_with(tp_tensor *x, int dim, const tp_cumsum_options *o) { return scan(&op_cumsum, "cumsum", x, dim, o, TP__CALLER); }
tp_tensor *tp_cumprod_with(tp_tensor *x, int dim, const tp_cumprod_options *o) { return scan(&op_cumprod, "cumprod", x, dim, o, TP__CALLER); }
tp_tensor *tp_cumsum_(tp_tensor *x, int dim) { return scan(&op_cumsum_, "cumsum_", x, dim, NULL, TP__CALLER); }
tp_tensor *tp_cumprod_(tp_tensor *x, int dim) { return scan(&op_cumprod_, "cumprod_", x, dim, NULL, TP__CALLER); }
tp_tensor *tp_logcumsumexp(tp_tensor *x, int dim) { return tp__run1(&op_logcumsumexp, &x, 1, &(int64_t){ dim }, TP__CALLER); }

static tp_tensor *extreme(const tp_op *op, tp_tensor *x, int64_t dim, tp_tensor **indices, const void *caller)
{
    tp_tensor *out[2] = { NULL };
    const bool failed = tp__run(op, &x, 1, &dim, out, 2, caller) < 0;
    if (indices) *indices = failed ? NULL : out[1];
    return failed ? NULL : out[0];
}

tp_tensor *tp_cummax(tp_tensor *x, int dim, tp_tensor **indices) { return extreme(&op_cummax, x, dim, indices, TP__CALLER); }
tp_tensor *tp_cummin(tp_tensor *x, int dim, tp_tensor **indices) { return extreme(&op_cummin, x, dim, indices, TP__CALLER); }

tp_tensor *tp_diff_with(tp_tensor *x, const tp_diff_options *options)
{
    tp_diff_options o = { TP__DEFAULT_diff .tp__end = 0 };
    if (tp_options_take("diff", &o, options, offsetof(tp_diff_options, tp__end))) return NULL;
    return tp__run1(&op_diff, (tp_tensor *[]){ x, NULL, NULL, o.prepend, o.append }, 5, &(diff_attr){ o.n, o.dim }, TP__CALLER);
}

const tp_op *const tp__ops_scan[] = {
    &op_cumsum, &op_cumsum_, &op_cumsum_reversed, &op_cumprod, &op_cumprod_, &op_logcumsumexp, &op_logcumsumexp_backward,
    &op_linear_scan, &op_cummax, &op_cummin, &op_cummax_backward, &op_cummax_pick, &op_diff, NULL,
};
