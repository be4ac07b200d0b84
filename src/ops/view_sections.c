/* view_sections.c: a tensor as several slices, by number or by where to cut.
 *
 *   tensor_split    n parts that differ by at most one, or x[: i0], x[i0 : i1], .., x[i_last :]
 *   hsplit, vsplit, dsplit    the same along dim 1 (0 of a vector), 0 and 2, and n must divide the dim
 *
 * Each part is a view by itself, so its gradient is a slice's. */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- The parts -------------------------------------------------------------------------------------------------------------------- */

static tp_status give_slice(tp__call *call, int dim, int64_t start, int64_t end)
{
    return tp__made(tp__out_made(call, tp_slice(call->in[0], dim, .start = start, .end = end)));
}

static tp_status by_number(tp__call *call, int dim, int64_t n)
{
    const int64_t size = call->in[0]->shape[dim];
    if (n <= 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld sections, and there must be some", (long long)n);
    for (int64_t i = 0, at = 0; i < n; i++) {
        const int64_t part = size / n + (i < size % n);
        if (give_slice(call, dim, at, at + part)) return tp__pending();
        at += part;
    }
    return TP_OK;
}

static tp_status by_indices(tp__call *call, int dim, int64_t n, const int64_t *at)
{
    for (int64_t i = 0, from = 0; i <= n; i++) {
        const int64_t to = i == n ? TP_NONE : at[i] == TP_NONE ? TP_NONE + 1 : at[i];
        if (give_slice(call, dim, from, to)) return tp__pending();
        from = to;
    }
    return TP_OK;
}

static tp_status check_input(tp__call *call)
{
    return call->in[0]->ndim ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to take apart");
}

/* ---- tensor_split ------------------------------------------------------------------------------------------------------------------ */

typedef struct sections_attr { int64_t sections, dim; } sections_attr;
typedef struct indices_attr { tp__int_list indices; int64_t dim; } indices_attr;

static tp_status sections_compose(tp__call *call)
{
    const sections_attr *a = call->attr;
    int d = 0;
    if (check_input(call) || tp__take_dim(call, a->dim, call->in[0], &d)) return tp__pending();
    return by_number(call, d, a->sections);
}
static tp_status indices_compose(tp__call *call)
{
    const indices_attr *a = call->attr;
    int d = 0;
    if (check_input(call) || tp__take_dim(call, a->dim, call->in[0], &d)) return tp__pending();
    return by_indices(call, d, a->indices.n, a->indices.v);
}
static tp_status tensor_compose(tp__call *call)        /* a 0-dim tensor of the number, or one dim of indices */
{
    tp_tensor *at = call->in[1];
    int d = 0;
    if (check_input(call) || tp__take_dim(call, *(const int64_t *)call->attr, call->in[0], &d)) return tp__pending();
    if (at->dtype != TP_I64 || at->ndim > 1 || at->device != TP_CPU)
        return tp__call_fail(call, TP_ERR_DTYPE, "where to cut is %s of %s on %s, and must be int64 with at most one dim on the cpu", tp__shape_text(at),
                             tp_dtype_name((tp_dtype)at->dtype), tp_device_name(at->device));
    if (!at->ndim) return by_number(call, d, tp_item_i64(at));
    at = tp_contiguous(at);
    return at ? by_indices(call, d, at->numel, at->data) : tp__pending();
}
static void sections_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 2), -2, 2)), TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(4), TP__INT_ARG(-1));
}
static void indices_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 2), -2, 2)), TP__INTS_ARG(2, 1, 3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)), TP__INTS_ARG(3, -1, 2, 9), TP__INT_ARG(1));
}
static void tensor_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 2), -2, 2)), TP__TENSOR_ARG(tp_full(TP__SCALAR_SHAPE, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)), TP__TENSOR_ARG(tp_from_data((int64_t[]){ 1, 3 }, TP_I64, TP_SHAPE(2))),
             TP__INT_ARG(1));
}
static const tp_op op_tensor_split = { .schema = "tensor_split(Tensor input, int sections, int dim=0) -> Tensor[]", .compose = sections_compose,
    .attr_size = sizeof(sections_attr), .samples = sections_samples, .state = TP__STATE };
static const tp_op op_tensor_split_indices = { .schema = "tensor_split.indices(Tensor input, int[+] indices, int dim=0) -> Tensor[]",
    .compose = indices_compose, .attr_size = sizeof(indices_attr), .samples = indices_samples, .state = TP__STATE };
static const tp_op op_tensor_split_tensor = { .schema = "tensor_split.tensor(Tensor input, Tensor tensor_indices_or_sections, int dim=0) -> Tensor[]",
    .compose = tensor_compose, .flags = TP__ANY_DEVICE, .attr_size = sizeof(int64_t), .samples = tensor_samples, .state = TP__STATE };

/* ---- hsplit, vsplit, dsplit ----------------------------------------------------------------------------------------------------------- */

static tp_status take_axis(tp__call *call, char which, int *dim)
{
    const tp_tensor *x = call->in[0];
    const int least = which == 'h' ? 1 : which == 'v' ? 2 : 3;
    if (x->ndim < least) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least %d are needed", tp__shape_text(x), x->ndim, least);
    *dim = which == 'd' ? 2 : which == 'h' && x->ndim > 1 ? 1 : 0;
    return TP_OK;
}
static tp_status even_sections(tp__call *call, char which)
{
    const int64_t n = *(const int64_t *)call->attr;
    int d = 0;
    if (take_axis(call, which, &d)) return tp__pending();
    if (n <= 0 || call->in[0]->shape[d] % n)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld sections do not divide dim %d of %s", (long long)n, d, tp__shape_text(call->in[0]));
    return by_number(call, d, n);
}
static tp_status axis_indices(tp__call *call, char which)
{
    const tp__int_list *at = call->attr;
    int d = 0;
    return take_axis(call, which, &d) ? tp__pending() : by_indices(call, d, at->n, at->v);
}
static void even_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2, 4), -2, 2)), TP__INT_ARG(2)); }
static void axis_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 3, 3), -2, 2)), TP__INTS_ARG(2, 1, -1));
}
#define AXIS(c, name) \
    static tp_status name##_compose(tp__call *call) { return even_sections(call, c); } \
    static tp_status name##_indices_compose(tp__call *call) { return axis_indices(call, c); } \
    static const tp_op op_##name = { .schema = #name "(Tensor input, int sections) -> Tensor[]", .compose = name##_compose, .attr_size = sizeof(int64_t), \
        .samples = even_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_indices = { .schema = #name ".indices(Tensor input, int[+] indices) -> Tensor[]", .compose = name##_indices_compose, \
        .attr_size = sizeof(tp__int_list), .samples = axis_samples, .state = TP__STATE };
AXIS('h', hsplit)
AXIS('v', vsplit)
AXIS('d', dsplit)

tp_status tp_tensor_split(tp_tensor *x, int64_t sections, int dim, tp_tensor **out, int max, int *n)
{
    return tp__give_several(&op_tensor_split, &(tp_tensor_list){ .at = &x, .n = 1 }, &(sections_attr){ sections, dim }, out, max, n, TP__CALLER);
}

const tp_op *const tp__ops_view_sections[] = {
    &op_tensor_split, &op_tensor_split_indices, &op_tensor_split_tensor, &op_hsplit, &op_hsplit_indices, &op_vsplit, &op_vsplit_indices, &op_dsplit,
    &op_dsplit_indices, NULL,
};
