/* index.c: indexing with brackets, x[...], and writing by it.
 *
 *   index_view   what numbers, slices and new axes show            dx = zeros with dy in the region
 *   index        the view, and a lookup in it by tensors           composed: index_view, rows_take
 *   index_put    x with values put, or added, where index looks    composed: rows_put or rows_add, in place in a view */
#include "ops/index_plan.h"
#include "ops/samples.h"
#include "ops/view.h"

/* ---- index_view ----------------------------------------------------------------------------------------------------------------- */

/* The stride of a dim with less than two elements is never used, and may be any number: it wraps. */
static int64_t times(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

/* An axis steps over what follows it, as in PyTorch. */
static tp_status view_geometry(const tp__call *call, const tp__geometry *from, tp__geometry *to)
{
    const tp__index_view *v = call->attr;
    int d = 0, n = 0;
    bool good = v->start.n == from->ndim && v->step.n == from->ndim && v->length.n == from->ndim && v->axes >= 0 && v->axes >> 2 * TP_MAX_DIMS == 0;
    *to = (tp__geometry){ .offset = from->offset };
    for (int item = 0; good && (d < from->ndim || v->axes >> item); item++) {
        const bool axis = v->axes >> item & 1, more = d < from->ndim;
        const int64_t size = more ? from->shape[d] : 0, step = more ? from->stride[d] : 0;
        const int64_t start = more ? v->start.v[d] : 0, by = more ? v->step.v[d] : 1, length = axis ? 1 : more ? v->length.v[d] : -1;
        if (n == TP_MAX_DIMS && length >= 0) return tp__call_fail(call, TP_ERR_SHAPE, "the result has more than %d dims", TP_MAX_DIMS);
        if (axis) {
            to->shape[n] = 1;
            to->stride[n++] = more ? times(size, step) : 1;
            continue;
        }
        good = more && start >= 0 && by >= 1 && length >= -1 &&
               (length ? start < size && (length < 1 || length - 1 <= (size - 1 - start) / by) : start <= size);
        to->offset = (int64_t)((uint64_t)to->offset + (uint64_t)times(start, step));
        if (length >= 0) {
            to->shape[n] = length;
            to->stride[n++] = times(step, by);
        }
        d++;
    }
    to->ndim = n;
    return good ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "%s has no such view", tp__dims_text(from->ndim, from->shape));
}

static tp_status view_shape(tp__call *call)
{
    const tp__geometry from = tp__geometry_of(call->in[0]);
    tp__geometry to;
    if (view_geometry(call, &from, &to)) return tp__pending();
    call->keep_shape = 1;
    return tp__made(tp__out_geometry(call, call->in[0], &to));
}

static tp_status view_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    const tp__geometry base = tp__geometry_plain(kept->ndim, kept->shape);
    tp__call call = { .op = node->op, .attr = tp__attr(node) };
    tp__geometry region;
    (void)need;
    if (view_geometry(&call, &base, &region)) return tp__pending();
    return tp__made(dx[0] = tp__region_sum(dy[0], &region, kept->ndim, kept->shape));
}

static void view_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3, 5), -2, 2)), TP__INTS_ARG(3, 1, 2, 0), TP__INTS_ARG(3, 2, 1, 3),
             TP__INTS_ARG(3, 2, -1, 2), TP__INT_ARG(4));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), { .kind = TP_ARG_INTS }, { .kind = TP_ARG_INTS },
             { .kind = TP_ARG_INTS }, TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INTS_ARG(1, 3), TP__INTS_ARG(1, 1), TP__INTS_ARG(1, 0), TP__INT_ARG(0));
}

static const tp_op op_view = { .schema = "index_view(Tensor input, int[] start, int[] step, int[] length, int axes) -> Tensor",
    .flags = TP__VIEW | TP__INTERNAL, .shape = view_shape, .backward = view_backward, .attr_size = sizeof(tp__index_view), .samples = view_samples,
    .state = TP__STATE };

static tp_tensor *view_of(tp_tensor *x, const tp__index_plan *plan)
{
    return plan->changes ? tp__run1(&op_view, &x, 1, &plan->view, NULL) : x;
}

/* ---- index ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct index_attr { const tp_arg *index; } index_attr;

/* One number or one slice without a step has a view op of its own, whose gradient is written in one pass. */
static tp_tensor *plain_view(tp_tensor *x, const tp__index_plan *plan)
{
    const tp__index_view *v = &plan->view;
    int changed = -1;
    for (int d = 0; d < x->ndim; d++) {
        if (v->length.v[d] == x->shape[d]) continue;
        if (changed >= 0 || (v->length.v[d] >= 0 && v->step.v[d] != 1)) return NULL;
        changed = d;
    }
    if (v->axes || changed < 0) return NULL;
    if (v->length.v[changed] < 0) return tp_select(x, changed, v->start.v[changed]);
    return tp_narrow(x, changed, v->start.v[changed], v->length.v[changed]);
}

static tp_status index_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *index, *y;
    tp__index_plan plan;
    tp__row_lookup how;
    const tp_status status = tp__index_plan_make(call, x, ((const index_attr *)call->attr)->index, false, &plan);
    if (status) return status;
    if (!plan.n) {
        y = plain_view(x, &plan);
        if (!y && !tp__pending_error()) y = tp__run1(&op_view, &x, 1, &plan.view, NULL);
    } else {
        tp_tensor *view = tp__index_plan_lookup(call, &plan, view_of(x, &plan), &index, &how);
        y = view ? tp__rows_take(view, index, how) : NULL;
    }
    return tp__made(tp__out_made(call, y));
}

/* ---- index_put ------------------------------------------------------------------------------------------------------------------------ */

/* none_is_axis is of the public function alone: PyTorch's op takes none as a whole dim. */
typedef struct put_attr { const tp_arg *index; bool accumulate, none_is_axis; } put_attr;

/* Dims of 1 before the others that are more than fit. */
static tp_tensor *without_ones(tp_tensor *values, int ndim)
{
    int lead = 0;
    while (values->ndim - lead > ndim && values->shape[lead] == 1) lead++;
    return lead ? tp_reshape(values, tp__shape(values->ndim - lead, values->shape + lead)) : values;
}

static tp_status put_into_view(tp_tensor *view, tp_tensor *values, bool accumulate)
{
    if (!view || !(values = without_ones(values, view->ndim))) return tp__pending();
    return tp__made(accumulate ? tp_add_(view, values) : tp_copy_(view, values));
}

static tp_status put_compose(tp__call *call)
{
    const put_attr *attr = call->attr;
    const bool in_place = call->op->flags & TP__INPLACE;
    const int what = attr->accumulate ? TP__ROWS_ADD : TP__ROWS_PUT;
    tp_tensor *x = call->in[0], *values = call->in[2], *index;
    tp__index_plan plan;
    tp__row_lookup how;
    tp_status status = tp__index_plan_make(call, x, attr->index, !attr->none_is_axis, &plan);
    if (status) return status;
    tp_tensor *y = in_place ? x : !plan.n || plan.changes ? tp_clone(x) : NULL;
    if (!plan.n) {
        if (!y) return tp__pending();
        status = put_into_view(view_of(y, &plan), values, attr->accumulate);
        return status ? status : tp__made(tp__out_made(call, y));
    }
    if (plan.changes && !y) return tp__pending();
    tp_tensor *table = tp__index_plan_lookup(call, &plan, view_of(y ? y : x, &plan), &index, &how);
    if (!table) return tp__pending();
    if (table != x && !y) {                            /* dims in another order */
        y = tp_clone(x);
        table = tp__index_plan_lookup(call, &plan, y, &index, &how);
    }
    if (!table || !(values = without_ones(values, table->ndim - (int)how.n_dims + index->ndim))) return tp__pending();
    if (values->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "the values are %s, and not %s", tp_dtype_name((tp_dtype)values->dtype), tp_dtype_name((tp_dtype)x->dtype));
    tp_tensor *const written = tp__rows_write(what, y != NULL, table, index, values, how);
    return written ? tp__made(tp__out_made(call, y ? y : written)) : tp__pending();
}

/* ---- Samples -------------------------------------------------------------------------------------------------------------------------- */

#define SLICE(a, b, by) { .kind = TP_ARG_SLICE, .value.slice = { a, b, by } }
#define ITEMS(...)      { .kind = TP_ARG_LIST, .n = TP__COUNT(tp_arg, __VA_ARGS__), .value.list = (const tp_arg[]){ __VA_ARGS__ } }
#define POSITIONS(...)  tp_from_data((const int64_t[]){ __VA_ARGS__ }, TP_I64, TP_SHAPE(TP__COUNT(int64_t, __VA_ARGS__)))
#define MASK(...)       tp_from_data((const bool[]){ __VA_ARGS__ }, TP_BOOL, TP_SHAPE(TP__COUNT(bool, __VA_ARGS__)))

static void index_samples(tp_sample_set *set)
{
    tp_tensor *const pair[] = { POSITIONS(2, 0, -1), POSITIONS(1, 1, 0) };
    const tp_arg mixed[] = { SLICE(TP_NONE, TP_NONE, TP_NONE), TP__TENSOR_ARG(POSITIONS(0, -1)), { .kind = TP_ARG_NONE }, TP__TENSOR_ARG(POSITIONS(1, 1)) };
    const tp_arg basic[] = { TP__INT_ARG(-1), SLICE(0, TP_NONE, 2), { .kind = TP_ARG_ELLIPSIS }, { .kind = TP_ARG_NONE } };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2, 4), -2, 2)), { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = pair });
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -2, 2)), { .kind = TP_ARG_LIST, .n = 4, .value.list = mixed });
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4, 2), -2, 2)), { .kind = TP_ARG_LIST, .n = 4, .value.list = basic });
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), SLICE(1, 3, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), TP__TENSOR_ARG(MASK(true, false, true)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -2, 2)), { .kind = TP_ARG_ELLIPSIS });
}

static void put_samples(tp_sample_set *set)
{
    const tp_arg mixed[] = { SLICE(1, 3, 1), TP__TENSOR_ARG(POSITIONS(3, 0)) }, apart[] = { TP__TENSOR_ARG(POSITIONS(0, -1)), { .kind = TP_ARG_NONE },
        TP__TENSOR_ARG(POSITIONS(1, 0)) };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 2), -2, 2)), TP__TENSOR_ARG(POSITIONS(2, 0)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 2), -2, 2)), TP__TENSOR_ARG(POSITIONS(1, 1, 3)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3, 2), -2, 2)), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), { .kind = TP_ARG_LIST, .n = 2, .value.list = mixed },
             TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2, 2), -2, 2)), { .kind = TP_ARG_LIST, .n = 3, .value.list = apart },
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__TENSOR_ARG(MASK(true, false, true)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), SLICE(0, 2, 1), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -2, 2)));
}

/* ---- Descriptors, public ---------------------------------------------------------------------------------------------------------------- */

#define PUT(text, more) { .schema = text ", any indices, Tensor values, bool accumulate=false) -> Tensor", .flags = more, .compose = put_compose, \
    .attr_size = sizeof(put_attr), .samples = put_samples, .state = TP__STATE }
static const tp_op op_index = { .schema = "index(Tensor input, any index) -> Tensor", .compose = index_compose, .attr_size = sizeof(index_attr),
    .samples = index_samples, .state = TP__STATE };
static const tp_op op_put = PUT("index_put(Tensor input", 0);
static const tp_op op_put_ = PUT("index_put_(Tensor! input", TP__INPLACE);

static bool list_is_good(const char *op, const tp_index_list *list)
{
    if (list->n >= 0 && (list->at || !list->n)) return true;
    tp_fail(TP_ERR_ARGUMENT, "%s: a list of %d items, or it is NULL", op, list->n);
    return false;
}

tp_tensor *tp_index(tp_tensor *x, tp_index_list index)
{
    const tp_arg list = { .kind = TP_ARG_LIST, .n = index.n, .value.list = index.at };
    if (!list_is_good("index", &index)) return NULL;
    return tp__run1(&op_index, &x, 1, &(index_attr){ &list }, TP__CALLER);
}

static tp_tensor *put(const tp_op *op, const char *name, tp_tensor *x, const tp_index_list *index, tp_operand values,
                      const tp_index_put_options *options, const void *caller)
{
    const tp_arg list = { .kind = TP_ARG_LIST, .n = index->n, .value.list = index->at };
    tp_index_put_options o = TP__BRACES(index_put, );
    if (tp_options_take(name, &o, options, offsetof(tp_index_put_options, tp__end)) || !list_is_good(name, index) || !x || !tp__alive(x, name)) return NULL;
    tp_tensor *v = values.kind == TP_OPERAND_TENSOR ? values.as.tensor : tp_full_with((tp_shape){ .ndim = 0 }, values,
        &(tp_tensor_options){ .size = offsetof(tp_tensor_options, tp__end), .dtype = (tp_dtype)x->dtype, .device = x->device });
    return tp__run1(op, (tp_tensor *[]){ x, NULL, v }, 3, &(put_attr){ &list, o.accumulate, true }, caller);
}

tp_tensor *tp_index_put_with(tp_tensor *x, tp_index_list index, tp_operand values, const tp_index_put_options *o)
{
    return put(&op_put, "index_put", x, &index, values, o, TP__CALLER);
}

tp_tensor *tp_index_put__with(tp_tensor *x, tp_index_list index, tp_operand values, const tp_index_put_options *o)
{
    return put(&op_put_, "index_put_", x, &index, values, o, TP__CALLER);
}

const tp_op *const tp__ops_index[] = { &op_index, &op_put, &op_put_, &op_view, NULL };
