/* pool.c: windows over an input, and the pools that take the greatest of each.
 *
 *   max_pool                 y = the greatest of each window, and where it stood in its channel: `at`
 *   adaptive_max_pool        the same, windows that share out each dim
 *   plane_scatter            y = 0, then y[at] += x (or = x: max_unpool)          dx = g[at]
 *   plane_pick               y = x[at]                                            dx = g scattered
 *
 * A window that dilation and padding leave nothing of has -inf, at -1: that place takes nothing and gives 0. Where nobody else is to see it,
 * `at` may be the place within the window, a byte.
 * The gradient of a max pool is dy scattered. Forms with PyTorch's names are in pool_max_forms.c. */
#include "ops/pool.h"

#include "core/kernel_args.h"
#include "ops/pool_max.h"
#include "ops/samples.h"

/* ---- Windows -------------------------------------------------------------------------------------------------------------------- */

#define REFUSE(code, ...) tp__fail_tensors(code, name, call->in, call->n_in, __VA_ARGS__)
typedef long long ll;

static tp_status check_input(const tp__call *call, const char *name, int n, int from)
{
    static const char *const dims[] = { "length", "height, width", "depth, height, width" };
    const tp_tensor *x = call->in[0];
    if (x->ndim != n + 2 && x->ndim != n + 1)
        return REFUSE(TP_ERR_SHAPE, "input %s must have %d dims, [n, channels, %s], or %d", tp__shape_text(x), n + 2, dims[n - 1], n + 1);
    for (int d = x->ndim - n - 1 + from; d < x->ndim; d++)
        if (!x->shape[d]) return REFUSE(TP_ERR_SHAPE, "input %s is empty in a dim other than the first", tp__shape_text(x));
    return TP_OK;
}

/* The windows of one dim. */
static tp_status slide(const tp__call *call, const char *name, const tp__sliding *s, int i, int64_t size, int64_t *out)
{
    const int64_t kernel = s->kernel.v[i], stride = s->stride.v[i], padding = s->padding.v[i], dilation = s->dilation.v[i];
    if (kernel < 1 || stride < 1 || dilation < 1)
        return REFUSE(TP_ERR_ARGUMENT, "kernel %lld, stride %lld and dilation %lld must be positive", (ll)kernel, (ll)stride, (ll)dilation);
    if (kernel > INT32_MAX || stride > INT32_MAX || dilation > INT32_MAX)
        return REFUSE(TP_ERR_ARGUMENT, "kernel %lld, stride %lld or dilation %lld is too large", (ll)kernel, (ll)stride, (ll)dilation);
    if (padding < 0 || padding > kernel / 2)
        return REFUSE(TP_ERR_ARGUMENT, "padding %lld must be at most half of the kernel, %lld", (ll)padding, (ll)kernel);
    const int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1, rounded = room + (s->ceil_mode ? stride - 1 : 0);
    *out = (rounded < 0 ? -1 : rounded / stride) + 1;
    if (s->ceil_mode && (*out - 1) * stride >= size + padding) *out -= 1;            /* the last window must begin inside */
    if (*out < 1 || (s->whole && kernel > size))
        return REFUSE(TP_ERR_SHAPE, "input %s is too small for a kernel of %lld", tp__shape_text(call->in[0]),
                      (ll)kernel);
    return TP_OK;
}

tp_status tp__slide(const tp__call *call, const char *name, tp__sliding *s, int64_t *shape)
{
    const tp_tensor *x = call->in[0];
    const int first = x->ndim - s->n;
    tp_status status = check_input(call, name, s->n, 0);
    memcpy(shape, x->shape, sizeof *shape * TP_MAX_DIMS);
    if (!status && (!tp__spread(&s->kernel, s->n, 0) || !tp__spread(&s->stride, s->n, TP_NONE) || !tp__spread(&s->padding, s->n, 0) ||
                    !tp__spread(&s->dilation, s->n, 1)))
        return REFUSE(TP_ERR_ARGUMENT, "kernel, stride, padding and dilation take one number or %d", s->n);
    for (int i = 0; i < s->n && !status; i++) {
        if (s->stride.v[i] == TP_NONE) s->stride.v[i] = s->kernel.v[i];
        status = slide(call, name, s, i, x->shape[first + i], &shape[first + i]);
    }
    return status;
}

tp_status tp__share_out(const tp__call *call, const char *name, int n, tp__ints *size, bool channels_may_be_none, int64_t *shape)
{
    const tp_tensor *x = call->in[0];
    const int first = x->ndim - n;
    const tp_status status = check_input(call, name, n, channels_may_be_none || x->ndim == n + 1);
    if (status) return status;
    if (!size->n || !tp__spread(size, n, 0)) return REFUSE(TP_ERR_ARGUMENT, "output_size takes one number or %d", n);
    memcpy(shape, x->shape, sizeof *shape * TP_MAX_DIMS);
    for (int i = 0; i < n; i++) {
        if (size->v[i] == TP_NONE) size->v[i] = x->shape[first + i];
        if (size->v[i] < 0 || size->v[i] > INT32_MAX) return REFUSE(TP_ERR_ARGUMENT, "an output of size %lld cannot be", (ll)size->v[i]);
        shape[first + i] = size->v[i];
    }
    return TP_OK;
}

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status both_outputs(tp__call *call, const int64_t *shape, tp_dtype where)
{
    tp_tensor *x = call->in[0];
    const bool channels_last = tp__is_channels_last(x);
    call->keep_shape = 1;
    return tp__out_spatial(call, channels_last, (tp_dtype)x->dtype, x->ndim, shape) && tp__out_spatial(call, channels_last, where, x->ndim, shape)
         ? TP_OK : tp__pending();
}

static tp_status max_pool_shape(tp__call *call)
{
    static const char *const names[] = { "max_pool1d", "max_pool2d", "max_pool3d" };
    tp__max_pool *a = (tp__max_pool *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    if (a->kernel.n < 1 || a->kernel.n > 3) return tp__call_fail(call, TP_ERR_ARGUMENT, "a kernel of %d dims cannot be", (int)a->kernel.n);
    tp__sliding s = { (int)a->kernel.n, a->kernel, a->stride, a->padding, a->dilation, a->ceil_mode, false };
    const char *name = names[s.n - 1];
    const tp_status status = tp__slide(call, name, &s, shape);
    if (status) return status;
    if (!tp__is_floating(x->dtype) && !tp__is_integer(x->dtype)) return REFUSE(TP_ERR_DTYPE, "%s cannot be pooled", tp_dtype_name((tp_dtype)x->dtype));
    if (a->places && !tp__has_places(&s.kernel)) return REFUSE(TP_ERR_ARGUMENT, "a window of more than %d places cannot be told by a byte", TP__MOST_PLACES);
    *a = (tp__max_pool){ s.kernel, s.stride, s.padding, s.dilation, s.ceil_mode, a->places };
    return both_outputs(call, shape, a->places ? TP_I8 : TP_I64);
}

static tp_status adaptive_shape(tp__call *call)
{
    static const char *const names[] = { "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d" };
    tp__adaptive_pool *a = (tp__adaptive_pool *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    if (a->size.n < 1 || a->size.n > 3) return tp__call_fail(call, TP_ERR_ARGUMENT, "an output of %d dims cannot be", (int)a->size.n);
    const char *name = names[a->size.n - 1];
    const tp_status status = tp__share_out(call, name, (int)a->size.n, &a->size, false, shape);
    if (status) return status;
    if (!tp__is_floating(x->dtype)) return REFUSE(TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    return both_outputs(call, shape, TP_I64);
}

bool tp__has_places(const tp__ints *kernel)
{
    double places = 1;
    for (int i = 0; i < kernel->n; i++) places *= (double)kernel->v[i];
    return places <= TP__MOST_PLACES;
}

static bool are_windows(const tp__windows *of, int n)
{
    if (of->kernel.n != n || of->stride.n != n || of->padding.n != n || of->dilation.n != n || !tp__has_places(&of->kernel)) return false;
    for (int i = 0; i < n; i++) {
        const int64_t padding = of->padding.v[i];
        if (of->kernel.v[i] < 1 || of->stride.v[i] < 1 || of->dilation.v[i] < 1 || padding < 0 || padding > of->kernel.v[i]) return false;
        if (of->stride.v[i] > INT32_MAX || of->dilation.v[i] > INT32_MAX) return false;
    }
    return true;
}

/* x and `where` are alike but for their last n dims, where y gets `size`. */
static tp_status indexed_shape(tp__call *call, int n, const int64_t *size, const tp__windows *of, bool same)
{
    const tp_tensor *x = call->in[0], *where = call->in[1];
    bool fits = where->dtype == (of->kernel.n ? TP_I8 : TP_I64) && where->ndim == x->ndim && n >= 1 && n <= 3 &&
                x->ndim >= n && (!same || tp__same_shape(x, where));
    for (int i = 0; fits && i < x->ndim - n; i++) fits = x->shape[i] == where->shape[i];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s and indices %s do not belong together", tp__shape_text(x), tp__shape_text(where));
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    for (int i = 0; i < n; i++) shape[x->ndim - n + i] = size[i];
    for (int i = 0; i < n; i++)
        if (size[i] < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "a size of %lld cannot be", (ll)size[i]);
    if (of->kernel.n && !are_windows(of, n)) return tp__call_fail(call, TP_ERR_ARGUMENT, "there are no such windows");
    call->keep_shape = 1;
    return tp__made(tp__out_spatial(call, tp__is_channels_last(x), (tp_dtype)x->dtype, x->ndim, shape));
}

static tp_status scatter_shape(tp__call *call)
{
    const tp__plane_scatter *a = call->attr;
    return indexed_shape(call, (int)a->size.n, a->size.v, &a->of, true);
}
static tp_status pick_shape(tp__call *call)
{
    const tp__plane_pick *a = call->attr;
    const tp_tensor *where = call->in[1];
    if (a->dims < 1 || a->dims > where->ndim) return tp__call_fail(call, TP_ERR_ARGUMENT, "indices %s have no %lld dims", tp__shape_text(where), (ll)a->dims);
    return indexed_shape(call, (int)a->dims, where->shape + where->ndim - a->dims, &a->of, false);
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_pick;

static tp_tensor *scatter(tp_tensor *x, tp_tensor *at, int n, const int64_t *size, const tp__windows *of, bool add, const void *caller)
{
    tp__plane_scatter a = { .size.n = n, .add = add };
    memcpy(a.size.v, size, sizeof *size * (size_t)n);
    if (of) a.of = *of;
    return tp__run1(&tp__op_plane_scatter, (tp_tensor *[]){ x, at }, 2, &a, caller);
}
tp_tensor *tp__plane_scatter_of(tp_tensor *x, tp_tensor *at, int n, const int64_t *size, bool add, const void *caller)
{
    return scatter(x, at, n, size, NULL, add, caller);
}

/* Back to the input's last n dims. */
static tp_tensor *scatter_back(const tp_node *node, tp_tensor *g, int n, const tp__windows *of)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    return scatter(g, tp__saved(node, 0), n, kept->shape + kept->ndim - n, of, true, NULL);
}

static tp_status max_pool_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__max_pool *a = tp__attr(node);
    const tp__windows of = { a->kernel, a->stride, a->padding, a->dilation };
    (void)need;
    return dy[0] ? tp__made(dx[0] = scatter_back(node, dy[0], (int)a->kernel.n, a->places ? &of : NULL)) : TP_OK;
}
static tp_status adaptive_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__adaptive_pool *a = tp__attr(node);
    (void)need;
    return dy[0] ? tp__made(dx[0] = scatter_back(node, dy[0], (int)a->size.n, NULL)) : TP_OK;
}
static tp_status scatter_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const tp__plane_scatter *a = tp__attr(node);
    const tp__plane_pick pick = { a->size.n, a->of };
    return need & 1 ? tp__made(dx[0] = tp__run1(&op_pick, (tp_tensor *[]){ g[0], tp__saved(node, 0) }, 2, &pick, NULL)) : TP_OK;
}
static tp_status pick_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const tp__plane_pick *a = tp__attr(node);
    return need & 1 ? tp__made(dx[0] = scatter_back(node, g[0], (int)a->dims, &a->of)) : TP_OK;
}

/* ---- Samples, descriptors -------------------------------------------------------------------------------------------------------- */

static void max_pool_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 2, 4, 6))), TP__INTS_ARG(2, 2, 2), TP__INT_ARG(2), TP__INT_ARG(0), TP__INT_ARG(1),
             TP__BOOL_ARG(false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 3, 4, 5))), TP__INTS_ARG(3, 2, 2, 3), TP__INTS_ARG(3, 1, 2, 2),
             TP__INTS_ARG(3, 1, 0, 1), TP__INT_ARG(1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 3, 7, 5))), TP__INTS_ARG(2, 3, 2), TP__INTS_ARG(2, 2, 1), TP__INTS_ARG(2, 1, 1),
             TP__INTS_ARG(2, 1, 2), TP__BOOL_ARG(true), TP__BOOL_ARG(true));
}
static void adaptive_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 2, 5, 4))), TP__INTS_ARG(2, 3, 2));
}
/* Windows of 2 x 3 over 3 x 4 elements, 1 and 2 apart, padded by 0 and 1: several have an element in common. */
#define SAMPLE_WINDOWS TP__INTS_ARG(2, 2, 3), TP__INTS_ARG(2, 1, 2), TP__INTS_ARG(2, 0, 1), TP__INTS_ARG(2, 1, 1)
static tp_tensor *sample_places(void) { return tp_from_data((const int8_t[]){ 4, 3, 1, 5, 1, 0, 2, -1 }, TP_I8, TP_SHAPE(2, 1, 2, 2)); }
static void scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 2, 2), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 1, 2, 2), 12)),
             TP__INTS_ARG(2, 3, 4), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 2, 2), -1, 1)), TP__TENSOR_ARG(sample_places()),
             TP__INTS_ARG(2, 3, 4), TP__BOOL_ARG(true), SAMPLE_WINDOWS);
}
static void pick_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 3, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 1, 2, 2), 12)),
             TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 3, 4), -1, 1)), TP__TENSOR_ARG(sample_places()), TP__INT_ARG(2), SAMPLE_WINDOWS);
}

#define OF_WINDOWS ", int[]? kernel_size=none, int[]? stride=none, int[]? padding=none, int[]? dilation=none) -> Tensor"
const tp_op tp__op_max_pool = { .schema = "max_pool(Tensor input, int[] kernel_size, int[] stride, int[] padding, "
    "int[] dilation, bool ceil_mode, bool places=false) -> (Tensor, Tensor)", .flags = TP__INTERNAL,
    .shape = max_pool_shape, .backward = max_pool_backward, .saves = { TP__OUTPUT(1) },
    .attr_size = sizeof(tp__max_pool), .samples = max_pool_samples, .state = TP__STATE };
const tp_op tp__op_adaptive_max_pool = { .schema = "adaptive_max_pool(Tensor input, int[] output_size) -> (Tensor, Tensor)", .flags = TP__INTERNAL,
    .shape = adaptive_shape, .backward = adaptive_backward, .saves = { TP__OUTPUT(1) }, .attr_size = sizeof(tp__adaptive_pool),
    .samples = adaptive_samples, .state = TP__STATE };
const tp_op tp__op_plane_scatter = { .schema = "plane_scatter(Tensor input, Tensor indices, int[] size, bool add" OF_WINDOWS, .flags = TP__INTERNAL,
    .shape = scatter_shape, .backward = scatter_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__plane_scatter),
    .samples = scatter_samples, .state = TP__STATE };
static const tp_op op_pick = { .schema = "plane_pick(Tensor input, Tensor indices, int dims" OF_WINDOWS, .flags = TP__INTERNAL, .shape = pick_shape,
    .backward = pick_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__plane_pick), .samples = pick_samples, .state = TP__STATE };

const tp_op *const tp__ops_pool[] = { &tp__op_max_pool, &tp__op_adaptive_max_pool, &tp__op_plane_scatter, &op_pick, NULL };
