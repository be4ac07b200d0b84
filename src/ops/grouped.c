/* grouped.c: products of groups of matrices, as the experts of one layer make them. A dim is cut into groups where `offs` says: group g goes
 * from offs[g - 1], the first from 0, to offs[g].
 *
 *   grouped_mm   a [m, k],    b [g, k, n]   rows of a by their group's b: [m, n]; rows behind the last group are 0
 *                a [g, m, k], b [k, n]      columns of b by their group's a: [m, n], likewise
 *                a [m, k],    b [k, n]      k is cut: [g, m, n]
 *                a [g, m, k], b [g, k, n]   bmm
 *
 * Made of a product for each group, so that gradients are theirs. On a device the offsets are waited for. */
#include "ops/run.h"
#include "ops/samples.h"

enum { MAT_A, MAT_B, OFFS, BIAS };
enum { NOT_CUT = -1 };

/* Which dim of each is cut into groups; the other one has its groups along dim 0. */
typedef struct cut { int a, b; int64_t end; } cut;
static cut cut_of(const tp_tensor *a, const tp_tensor *b)
{
    if (a->ndim == 2 && b->ndim == 3) return (cut){ 0, NOT_CUT, a->shape[0] };
    if (a->ndim == 3) return (cut){ NOT_CUT, 1, b->shape[1] };
    return (cut){ 1, 0, b->shape[0] };
}

static tp_status check(const tp__call *call)
{
    const tp_tensor *a = call->in[MAT_A], *b = call->in[MAT_B], *offs = call->in[OFFS];
    const bool both = a->ndim == 3 && b->ndim == 3;
    if ((a->ndim != 2 && a->ndim != 3) || (b->ndim != 2 && b->ndim != 3))
        return tp__call_fail(call, TP_ERR_SHAPE, "takes matrices or one batch of them, not %s and %s", tp__shape_text(a), tp__shape_text(b));
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 2] || (both && a->shape[0] != b->shape[0]))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not fit", tp__shape_text(a), tp__shape_text(b));
    if (a->dtype != b->dtype || !tp__is_floating(a->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes two of one floating dtype, not %s and %s",
                             tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    if (both && offs) return tp__call_fail(call, TP_ERR_ARGUMENT, "there are no offsets where both have their groups along dim 0");
    if (both) return TP_OK;
    if (!offs) return tp__call_fail(call, TP_ERR_ARGUMENT, "%s and %s need offsets", tp__shape_text(a), tp__shape_text(b));
    const tp_tensor *batch = a->ndim == 3 ? a : b->ndim == 3 ? b : NULL;
    if (offs->ndim != 1 || offs->dtype != TP_I32 || (batch && offs->shape[0] != batch->shape[0]))
        return tp__call_fail(call, TP_ERR_SHAPE, "the offsets are int32, one for each group, not %s %s",
                             tp_dtype_name((tp_dtype)offs->dtype), tp__shape_text(offs));
    return TP_OK;
}

static tp_tensor *group_of(tp_tensor *x, int dim, int64_t i, int64_t from, int64_t n)
{
    return dim == NOT_CUT ? tp_select(x, 0, i) : tp_narrow(x, dim, from, n);
}

/* The products of all groups, and zeros for what is behind them, in parts[0 .. n] */
static tp_status products(const tp__call *call, const int32_t *to, int64_t n, tp_tensor **parts)
{
    tp_tensor *a = call->in[MAT_A], *b = call->in[MAT_B];
    const cut c = cut_of(a, b);
    int64_t from = 0;
    for (int64_t i = 0; i < n; i++) {
        if (to[i] < from || to[i] > c.end)
            return tp__call_fail(call, TP_ERR_INDEX, "offset %lld is %d, and must be from %lld to %lld", (long long)i,
                                 (int)to[i], (long long)from, (long long)c.end);
        tp_tensor *left = group_of(a, c.a, i, from, to[i] - from), *right = group_of(b, c.b, i, from, to[i] - from);
        if (!left || !right || !(parts[i] = tp_matmul(left, right))) return tp__pending();
        from = to[i];
    }
    const int64_t rest = c.end - from, rows = a->shape[a->ndim - 2], columns = b->shape[b->ndim - 1];
    parts[n] = tp_zeros(c.a == 0 ? TP_SHAPE(rest, columns) : TP_SHAPE(rows, rest), .dtype = (tp_dtype)a->dtype, .device = a->device);
    return tp__made(parts[n]);
}

static tp_status grouped_compose(tp__call *call)
{
    tp_tensor *a = call->in[MAT_A], *b = call->in[MAT_B];
    const tp_dtype wanted = *(const tp_dtype *)call->attr;
    tp_status status = check(call);
    if (!status && call->in[BIAS]) status = tp__call_fail(call, TP_ERR_UNSUPPORTED, "takes no bias");
    if (!status && wanted && wanted != (tp_dtype)a->dtype)
        status = tp__call_fail(call, TP_ERR_UNSUPPORTED, "gives the dtype of its inputs, %s",
                               tp_dtype_name((tp_dtype)a->dtype));
    if (status) return status;
    if (!call->in[OFFS]) return tp__give_out(call, tp_bmm(a, b));
    const tp_tensor *offs = tp_contiguous(tp_to(call->in[OFFS], TP_CPU));
    if (!offs) return tp__pending();
    const int64_t n = offs->numel;
    const size_t bytes = (size_t)(n + 1) * sizeof(tp_tensor *);
    tp_tensor **parts = tp_mem_alloc(bytes), *y = NULL;
    if (!parts) return TP_ERR_MEMORY;
    status = products(call, offs->data, n, parts);
    const bool stacked = a->ndim == 2 && b->ndim == 2;
    if (!status && stacked) y = n ? tp_stack((tp_tensor_list){ .at = parts, .n = n }, 0)
        : tp_zeros(TP_SHAPE(0, a->shape[0], b->shape[1]), .dtype = (tp_dtype)a->dtype, .device = a->device);
    else if (!status) y = tp_cat((tp_tensor_list){ .at = parts, .n = n + 1 }, a->ndim == 2 ? 0 : 1);
    tp_mem_free(parts, bytes);
    return status ? status : tp__give_out(call, y);
}

/* ---- Samples, descriptor, public ---------------------------------------------------------------------------------------------------------- */

#define X(...)    TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define GROUPS(...) TP__NAMED("offs", .kind = TP_ARG_TENSOR, .value.tensor = \
                              tp_from_data((const int32_t[]){ __VA_ARGS__ }, TP_I32, \
                                           TP_SHAPE(TP__COUNT(int32_t, __VA_ARGS__))))
#define GIVE(...) set->take(set, &(tp__sample){ .args = { __VA_ARGS__ }, .n = TP__COUNT(tp_arg, __VA_ARGS__), .needs_all = true })
static void samples(tp_sample_set *set)
{
    GIVE(X(6, 3), X(3, 3, 2), GROUPS(2, 2, 5));
    GIVE(X(2, 3, 2), X(2, 5), GROUPS(1, 5));
    GIVE(X(2, 5), X(5, 3), GROUPS(2, 4));
    GIVE(X(0, 3), X(2, 3, 2), GROUPS(0, 0));
    TP__GIVE(set, X(2, 3, 4), X(2, 4, 2));
}
static const tp_op op_grouped_mm = { .schema = "grouped_mm(Tensor mat_a, Tensor mat_b, *, Tensor? offs=none, "
    "Tensor? bias=none, dtype out_dtype=none) -> Tensor", .flags = TP__ANY_DEVICE, .compose = grouped_compose,
    .attr_size = sizeof(tp_dtype), .samples = samples, .state = TP__STATE };

tp_tensor *tp_grouped_mm(tp_tensor *a, tp_tensor *b, tp_tensor *offs)
{
    return tp__run1(&op_grouped_mm, (tp_tensor *[]){ a, b, offs, NULL }, 4, &(tp_dtype){ TP_DTYPE_DEFAULT }, TP__CALLER);
}

const tp_op *const tp__ops_grouped[] = { &op_grouped_mm, NULL };
