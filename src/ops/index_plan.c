/* index_plan.c: reading an index. */
#include "ops/index_plan.h"

#include "ops/view.h"

typedef struct reading {
    const tp__call *call;
    tp_tensor *x;
    tp__index_plan *plan;
    bool none_is_all;
    int at;                                            /* the next dim of x */
    int axis;                                          /* and of the view */
    int axes;                                          /* new ones, so far */
    int skipped;                                       /* dims that an ellipsis stands for */
} reading;

/* ---- Items -------------------------------------------------------------------------------------------------------------------------- */

/* An index by position or as a list. */
static int count_items(const tp_arg *index)
{
    switch (index->kind) {
    case TP_ARG_LIST: case TP_ARG_INTS: case TP_ARG_BOOLS: case TP_ARG_TENSORS: return index->n;
    default: return 1;
    }
}

static tp_arg item_of(const tp_arg *index, int i)
{
    switch (index->kind) {
    case TP_ARG_LIST: return index->value.list[i];
    case TP_ARG_INTS: return (tp_arg){ .kind = TP_ARG_INT, .value.integer = index->value.ints[i] };
    case TP_ARG_BOOLS: return (tp_arg){ .kind = TP_ARG_BOOL, .value.boolean = index->value.bools[i] };
    case TP_ARG_TENSORS: return (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = index->value.tensors[i] };
    default: return *index;
    }
}

static bool is_mask(const tp_tensor *t) { return t->dtype == TP_BOOL || t->dtype == TP_U8; }

static tp_status check_item(const reading *r, const tp_arg *item)
{
    switch (item->kind) {
    case TP_ARG_INT: case TP_ARG_BOOL: case TP_ARG_NONE: case TP_ARG_ELLIPSIS: case TP_ARG_SLICE: case TP_ARG_INTS: case TP_ARG_BOOLS: return TP_OK;
    case TP_ARG_TENSOR: break;
    default: return tp__call_fail(r->call, TP_ERR_ARGUMENT, "an index is a number, a slice, a bool, none, an ellipsis or a tensor");
    }
    tp_tensor *t = item->value.tensor;
    if (!t) return tp__pending() ? tp__pending() : TP_ERR_ARGUMENT;
    if (!tp__alive(t, tp__state(r->call->op)->base_name)) return tp__pending();
    if (t->dtype == TP_I64 || t->dtype == TP_I32 || is_mask(t)) return TP_OK;
    return tp__call_fail(r->call, TP_ERR_DTYPE, "an index is int64, int32, bool or uint8, not %s", tp_dtype_name((tp_dtype)t->dtype));
}

/* How many dims of x it takes. */
static int dims_of(const reading *r, const tp_arg *item)
{
    if (item->kind == TP_ARG_TENSOR) return is_mask(item->value.tensor) ? item->value.tensor->ndim : 1;
    if (item->kind == TP_ARG_NONE) return r->none_is_all;
    return item->kind == TP_ARG_INT || item->kind == TP_ARG_SLICE || item->kind == TP_ARG_INTS || item->kind == TP_ARG_BOOLS;
}

/* ---- Into the view ------------------------------------------------------------------------------------------------------------------- */

static void keep_dims(reading *r, int n)
{
    r->at += n;
    r->axis += n;
}

static tp_status take_number(reading *r, int64_t i)
{
    tp__index_view *view = &r->plan->view;
    const int64_t size = r->x->shape[r->at];
    if (i < -size || i >= size)
        return tp__call_fail(r->call, TP_ERR_INDEX, "index %lld is out of range for dim %d of %s", (long long)i, r->at, tp__shape_text(r->x));
    view->start.v[r->at] = i < 0 ? i + size : i;
    view->length.v[r->at++] = -1;
    r->plan->changes = true;
    return TP_OK;
}

static int64_t clamp(int64_t i, int64_t size)
{
    if (i < 0) i = i < -size ? 0 : i + size;
    return i > size ? size : i;
}

static tp_status take_slice(reading *r, const tp_arg *item)
{
    tp__index_view *view = &r->plan->view;
    const int64_t size = r->x->shape[r->at], step = item->value.slice.step == TP_NONE ? 1 : item->value.slice.step;
    if (step < 1) return tp__call_fail(r->call, TP_ERR_ARGUMENT, "the step of a slice is %lld, and has to be at least 1", (long long)step);
    const int64_t start = item->value.slice.start == TP_NONE ? 0 : clamp(item->value.slice.start, size);
    const int64_t stop = item->value.slice.stop == TP_NONE ? size : clamp(item->value.slice.stop, size);
    const int64_t length = stop > start ? (stop - start - 1) / step + 1 : 0;
    view->start.v[r->at] = start;
    view->step.v[r->at] = step;
    view->length.v[r->at] = length;
    r->plan->changes |= start || step != 1 || length != size;
    keep_dims(r, 1);
    return TP_OK;
}

static tp_status add_axis(reading *r)
{
    if (r->axis >= TP_MAX_DIMS) return tp__call_fail(r->call, TP_ERR_SHAPE, "the result has more than %d dims", TP_MAX_DIMS);
    r->plan->view.axes |= (int64_t)1 << (r->at + r->axes++);
    r->axis++;
    r->plan->changes = true;
    return TP_OK;
}

static tp_status look_up(reading *r, tp_tensor *index, int dim, int span)
{
    if (!index) return tp__pending();
    if (r->plan->n == TP_MAX_DIMS) return tp__call_fail(r->call, TP_ERR_ARGUMENT, "it has more than %d tensors", TP_MAX_DIMS);
    r->plan->by[r->plan->n].index = index;
    r->plan->by[r->plan->n].dim = dim;
    r->plan->by[r->plan->n++].span = span;
    return TP_OK;
}

/* A bool is a new axis, of which all or nothing is taken. */
static tp_status take_bool(reading *r, bool value)
{
    if (add_axis(r)) return tp__pending();
    return look_up(r, tp_zeros(TP_SHAPE(value ? 1 : 0), .dtype = TP_I64, .device = r->x->device), r->axis - 1, 1);
}

/* Indices of the CPU may select on a device. */
static tp_status take_tensor(reading *r, tp_tensor *t)
{
    if (t->ndim && t->device == TP_CPU && !(t = tp_to(t, r->x->device))) return tp__pending();
    if (!is_mask(t)) {
        if (!t->ndim) return take_number(r, tp_item_i64(t));
        keep_dims(r, 1);
        return look_up(r, t, r->axis - 1, 1);
    }
    if (!t->ndim) return take_bool(r, tp_item_i64(t) != 0);
    for (int d = 0; d < t->ndim; d++)
        if (t->shape[d] != r->x->shape[r->at + d])
            return tp__call_fail(r->call, TP_ERR_INDEX, "the mask %s does not fit %s from dim %d on", tp__shape_text(t), tp__shape_text(r->x), r->at);
    keep_dims(r, t->ndim);
    return look_up(r, tp__nonzero_flat(t), r->axis - t->ndim, t->ndim);
}

static tp_status take_numbers(reading *r, const tp_arg *item)
{
    const bool bools = item->kind == TP_ARG_BOOLS;
    const void *from = bools ? (const void *)item->value.bools : (const void *)item->value.ints;
    tp_tensor *t = tp_from_data(from, bools ? TP_BOOL : TP_I64, TP_SHAPE(item->n));
    t = tp_to(t, r->x->device);
    return t ? take_tensor(r, t) : tp__pending();
}

static tp_status take_item(reading *r, const tp_arg *item)
{
    switch (item->kind) {
    case TP_ARG_INT: return take_number(r, item->value.integer);
    case TP_ARG_SLICE: return take_slice(r, item);
    case TP_ARG_BOOL: return take_bool(r, item->value.boolean);
    case TP_ARG_TENSOR: return take_tensor(r, item->value.tensor);
    case TP_ARG_INTS: case TP_ARG_BOOLS: return take_numbers(r, item);
    case TP_ARG_ELLIPSIS: keep_dims(r, r->skipped); return TP_OK;
    default:
        if (!r->none_is_all) return add_axis(r);
        keep_dims(r, 1);
        return TP_OK;
    }
}

tp_status tp__index_plan_make(const tp__call *call, tp_tensor *x, const tp_arg *index, bool none_is_all, tp__index_plan *plan)
{
    reading r = { .call = call, .x = x, .plan = plan, .none_is_all = none_is_all };
    const int n = count_items(index);
    int taken = 0, ellipses = 0;
    *plan = (tp__index_plan){ .view = { { .n = x->ndim }, { .n = x->ndim }, { .n = x->ndim }, 0 } };
    for (int d = 0; d < x->ndim; d++) {
        plan->view.step.v[d] = 1;
        plan->view.length.v[d] = x->shape[d];
    }
    for (int i = 0; i < n; i++) {
        const tp_arg item = item_of(index, i);
        const tp_status status = check_item(&r, &item);
        if (status) return status;
        taken += dims_of(&r, &item);
        ellipses += item.kind == TP_ARG_ELLIPSIS;
    }
    if (taken > x->ndim) return tp__call_fail(call, TP_ERR_INDEX, "%s has %d dims, and the index is for %d", tp__shape_text(x), x->ndim, taken);
    if (ellipses > 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "an index has one ellipsis at most");
    r.skipped = x->ndim - taken;
    for (int i = 0; i < n; i++) {
        const tp_arg item = item_of(index, i);
        const tp_status status = take_item(&r, &item);
        if (status) return status;
    }
    if (!ellipses) keep_dims(&r, r.skipped);
    return r.axis > TP_MAX_DIMS ? tp__call_fail(call, TP_ERR_SHAPE, "the result has more than %d dims", TP_MAX_DIMS) : TP_OK;
}

/* ---- The lookup ------------------------------------------------------------------------------------------------------------------------ */

static int64_t size_of(const tp_tensor *view, int dim, int span)
{
    int64_t size = 1;
    for (int d = dim; d < dim + span; d++) size *= view->shape[d];
    return size;
}

tp_tensor *tp__index_plan_lookup(const tp__call *call, const tp__index_plan *plan, tp_tensor *view, tp_tensor **index, tp__row_lookup *how)
{
    tp_tensor *indices[TP_MAX_DIMS] = { NULL };
    int64_t sizes[TP_MAX_DIMS], dims[TP_MAX_DIMS];
    bool neighbours = true, looked_up[TP_MAX_DIMS] = { false };
    int n_dims = 0;
    if (!view) return NULL;
    for (int i = 0; i < plan->n; i++) {
        const int dim = plan->by[i].dim, span = plan->by[i].span;
        neighbours &= !i || dim == plan->by[i - 1].dim + plan->by[i - 1].span;
        indices[i] = plan->by[i].index;
        sizes[i] = size_of(view, dim, span);
        dims[i] = dim;
        n_dims += span;
        for (int d = dim; d < dim + span; d++) looked_up[d] = true;
    }
    *how = (tp__row_lookup){ plan->by[0].dim, n_dims, true, true };
    for (int i = 1; i < plan->n; i++) {                /* they have to broadcast */
        const tp_tensor *a = indices[0], *b = indices[i];
        for (int d = 1; d <= a->ndim && d <= b->ndim; d++) {
            const int64_t sa = a->shape[a->ndim - d], sb = b->shape[b->ndim - d];
            if (sa == sb || sa == 1 || sb == 1) continue;
            tp__call_fail(call, TP_ERR_INDEX, "the indices %s and %s do not broadcast", tp__shape_text(a), tp__shape_text(b));
            return NULL;
        }
    }
    *index = plan->n == 1 ? indices[0] : tp__index_merge_of(indices, plan->n, sizes, dims);
    if (!*index || neighbours) return *index ? view : NULL;
    tp_dims order = { .n = view->ndim };
    int at = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int d = 0; d < view->ndim; d++)
            if (looked_up[d] == !pass) order.dim[at++] = d;
    how->dim = 0;
    return tp_permute(view, order);
}
