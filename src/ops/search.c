/* search.c: where values stand in sorted rows, and whether they stand among others. No gradients.
 *
 *   searchsorted   how many elements of a row are less than the value (right: not greater)
 *   bucketize      the same, the row first named second
 *   isin           is it among the test elements: composed of a sort and a search */
#include "core/kernel_args.h"
#include "ops/dense.h"
#include "ops/index_rows.h"
#include "ops/samples.h"

/* ---- searchsorted, bucketize ------------------------------------------------------------------------------------------------------- */

static tp_status search_shape(tp__call *call)
{
    const tp_tensor *row = call->in[0], *x = call->in[1], *sorter = call->n_in > 5 ? call->in[5] : NULL;
    tp__search *a = (tp__search *)(uintptr_t)call->attr;
    if (tp__is_complex(row->dtype) || tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
    if (!row->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "the sorted sequence has no dim");
    bool fits = row->ndim == 1 || row->ndim == x->ndim;
    for (int d = 0; fits && row->ndim > 1 && d < row->ndim - 1; d++) fits = row->shape[d] == x->shape[d];
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE,
                             "the sequences %s are neither one for all of %s nor one for each of its rows",
                             tp__shape_text(row), tp__shape_text(x));
    if (sorter && (!tp__same_shape(sorter, row) || sorter->dtype != TP_I64))
        return tp__call_fail(call, TP_ERR_SHAPE, "the sorter %s is not int64 like the sequence %s", tp__shape_text(sorter), tp__shape_text(row));
    if (a->side == 1 && a->right) return tp__call_fail(call, TP_ERR_ARGUMENT, "side is left, and right is true");
    a->right |= a->side == 2;
    const tp_dtype common = tp__result_type(call->in, 2);
    a->compute = common == TP_F64 ? TP_F64 : tp__is_floating(common) ? TP_F32 : TP_I64;
    return tp__made(tp__out(call, a->out_int32 ? TP_I32 : TP_I64, x->ndim, x->shape));
}

static tp_status search_forward(tp__call *call)
{
    const tp__search *a = call->attr;
    tp_tensor *in[3] = { call->in[0], call->in[1], call->n_in > 5 ? call->in[5] : NULL };
    const uint32_t mark = tp__list_mark();
    TP_NO_GRAD();
    bool complete = true;
    for (int i = 0; i < 3 && complete; i++) {
        if (!in[i]) continue;
        if (i < 2) in[i] = tp_to_dtype(in[i], a->compute);
        if (in[i] && in[i]->device != call->in[0]->device) in[i] = tp_to(in[i], call->in[0]->device);
        in[i] = tp_contiguous(in[i]);
        complete = in[i];
    }
    tp__call search = *call;
    search.n_in = 3;
    return tp__run_on(&search, in, complete, mark);
}

static const tp_op op_search;

typedef struct bucketize_attr { bool out_int32, right; } bucketize_attr;
static tp_status bucketize_compose(tp__call *call)
{
    const bucketize_attr *b = call->attr;
    tp_tensor *row = call->in[1];
    if (row->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "the boundaries %s have to have one dim", tp__shape_text(row));
    const tp__search a = { b->out_int32, b->right, 0, TP_DTYPE_DEFAULT };
    return tp__made(tp__out_made(call, tp__run1(&op_search, (tp_tensor *[]){ row, call->in[0] }, 2, &a, NULL)));
}

/* ---- isin ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct isin_attr { bool assume_unique, invert; } isin_attr;
static tp_tensor *beside(tp_tensor *x, const tp_tensor *other) { return x->flags & TP__WRAPPED ? tp_to(x, other->device) : x; }
static tp_status isin_compose(tp__call *call)
{
    const isin_attr *a = call->attr;
    TP_NO_GRAD();
    const tp_dtype common = tp__result_type(call->in, 2);
    tp_tensor *x = tp_to_dtype(beside(call->in[0], call->in[1]), common);
    tp_tensor *test = tp_reshape(tp_to_dtype(beside(call->in[1], call->in[0]), common), TP_SHAPE(-1));
    if (tp__is_floating(common)) test = tp_masked_select(test, tp_eq(test, test));       /* NaN is equal to nothing, and has no place in the order */
    test = tp_sort(test);
    if (!x || !test) return tp__pending();
    if (!test->numel) {
        const tp_tensor_options o = { .size = offsetof(tp_tensor_options, tp__end), .dtype = TP_BOOL, .device = x->device };
        return tp__made(tp__out_made(call, a->invert ? tp_ones_with(tp_shape_of(x), &o) : tp_zeros_with(tp_shape_of(x), &o)));
    }
    tp_tensor *at = tp__run1(&op_search, (tp_tensor *[]){ test, x }, 2, &(tp__search){ 0 }, NULL);
    at = tp_sub(at, tp_to_dtype(tp_eq(at, test->numel), TP_I64));        /* beyond the last one: the last one */
    tp_tensor *found = tp_eq(tp__rows_take(test, at, (tp__row_lookup){ 0, 1, false, false }), x);
    return tp__made(tp__out_made(call, a->invert ? tp_eq(found, 0) : found));
}

/* ---- Samples, descriptors, public ---------------------------------------------------------------------------------------------------------- */

static tp_tensor *ascending(const tp_sample_set *set, tp_shape shape) { return tp_detach(tp_sort(tp__sample_tensor(set, shape, -1, 1))); }

static void search_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(ascending(set, TP_SHAPE(5))), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(ascending(set, TP_SHAPE(2, 5))), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)),
             TP__NAMED("right", .kind = TP_ARG_BOOL, .value.boolean = true), TP__NAMED("out_int32", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, TP__TENSOR_ARG(ascending(set, TP_SHAPE(5))), TP__FLOAT_ARG(0.1), TP__NAMED("side", .kind = TP_ARG_STRING, .value.string = "right"));
    TP__GIVE(set, TP__TENSOR_ARG(tp_from_data((int64_t[]){ 5, 1, 3 }, TP_I64, TP_SHAPE(3))), TP__INT_ARG(3),
             TP__NAMED("sorter", .kind = TP_ARG_TENSOR, .value.tensor = tp_from_data((int64_t[]){ 1, 2, 0 }, TP_I64, TP_SHAPE(3))));
}

static void bucketize_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)), TP__TENSOR_ARG(ascending(set, TP_SHAPE(5))));
    TP__GIVE(set, TP__INT_ARG(1), TP__TENSOR_ARG(ascending(set, TP_SHAPE(0))));
}

static void isin_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 9)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 2), 9)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3), 2)), TP__INT_ARG(1), TP__NAMED("invert", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, TP__FLOAT_ARG(1), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 2)));
}

static const tp_op op_search = {
    .schema = "searchsorted(Tensor sorted_sequence, Tensor|number input, *, bool out_int32=false, bool right=false, "
        "string{left,right}? side=none, Tensor? sorter=none) -> Tensor",
    .flags = TP__NO_GRAD_OP, .shape = search_shape, .forward = search_forward, .attr_size = sizeof(tp__search), .samples = search_samples, .state = TP__STATE };
static const tp_op op_bucketize = { .schema = "bucketize(Tensor|number input, Tensor boundaries, *, bool out_int32=false, bool right=false) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = bucketize_compose, .attr_size = sizeof(bucketize_attr), .samples = bucketize_samples, .state = TP__STATE };
static const tp_op op_isin = {
    .schema = "isin(Tensor|number elements, Tensor|number test_elements, *, bool assume_unique=false, bool invert=false) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = isin_compose, .attr_size = sizeof(isin_attr), .samples = isin_samples, .state = TP__STATE };

tp_tensor *tp_searchsorted_with(tp_tensor *sequence, tp_operand values, const tp_searchsorted_options *options)
{
    tp_searchsorted_options o = TP__BRACES(searchsorted, );
    if (tp_options_take("searchsorted", &o, options, offsetof(tp_searchsorted_options, tp__end))) return NULL;
    tp_tensor *in[6] = { sequence, tp__operand(values) };
    in[5] = o.sorter;
    return tp__run1(&op_search, in, 6, &(tp__search){ o.out_int32, o.right, 0, TP_DTYPE_DEFAULT }, TP__CALLER);
}

tp_tensor *tp_bucketize_with(tp_operand values, tp_tensor *boundaries, const tp_bucketize_options *options)
{
    tp_bucketize_options o = TP__BRACES(bucketize, );
    if (tp_options_take("bucketize", &o, options, offsetof(tp_bucketize_options, tp__end))) return NULL;
    return tp__run1(&op_bucketize, (tp_tensor *[]){ tp__operand(values), boundaries }, 2, &(bucketize_attr){ o.out_int32, o.right }, TP__CALLER);
}

tp_tensor *tp_isin_with(tp_operand elements, tp_operand test_elements)
{
    return tp__run1(&op_isin, (tp_tensor *[]){ tp__operand(elements), tp__operand(test_elements) }, 2, &(isin_attr){ false, false }, TP__CALLER);
}

const tp_op *const tp__ops_search[] = { &op_search, &op_bucketize, &op_isin, NULL };
