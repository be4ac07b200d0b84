/* index_mask.c: where something holds.
 *
 *   nonzero         the indices of elements that are not 0: [n, ndim], or a tensor for each dim
 *   masked_select   y = x[p_0], x[p_1], ..: p the positions where the mask is set, of x and mask broadcast       composed
 *   masked_scatter  y = x with y[p_k] = source[k]                                                              composed
 *
 * Gradients are those of looking up and putting rows. */
#include "ops/index_rows.h"
#include "ops/samples.h"
#include "ops/view.h"

/* ---- nonzero ---------------------------------------------------------------------------------------------------------------------- */

static tp_status any_shape(tp__call *call) { return (void)call, TP_OK; }           /* how many there are, the kernel finds */

static void nonzero_tensors(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), 1, 2)));
}

static const tp_op op_flat = { .schema = "nonzero_flat(Tensor input) -> Tensor", .flags = TP__NO_GRAD_OP | TP__INTERNAL, .shape = any_shape,
    .samples = nonzero_tensors, .state = TP__STATE };
static const tp_op op_argwhere = { .schema = "argwhere(Tensor input) -> Tensor", .kernel = "nonzero", .flags = TP__NO_GRAD_OP, .shape = any_shape,
    .samples = nonzero_tensors, .state = TP__STATE };

tp_tensor *tp__nonzero_flat(tp_tensor *x) { return tp__run1(&op_flat, &x, 1, NULL, NULL); }

typedef struct nonzero_attr { bool as_tuple; } nonzero_attr;

/* A 0-dim tensor counts as one of size 1 where a tensor for each dim is asked for. */
static tp_status columns(tp__call *call, tp_tensor *x)
{
    if (!x->ndim) x = tp_reshape(x, TP_SHAPE(1));
    tp_tensor *indices = x ? tp__run1(&op_argwhere, &x, 1, NULL, NULL) : NULL;
    if (!indices) return tp__pending();
    for (int d = 0; d < x->ndim; d++)
        if (!tp__out_made(call, tp_select(indices, 1, d))) return tp__pending();
    return TP_OK;
}

static tp_status nonzero_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (((const nonzero_attr *)call->attr)->as_tuple) return columns(call, x);
    return tp__made(tp__out_made(call, tp__run1(&op_argwhere, &x, 1, NULL, NULL)));
}

static tp_status where_compose(tp__call *call) { return columns(call, call->in[0]); }

static void nonzero_samples(tp_sample_set *set)
{
    nonzero_tensors(set);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 2)), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 2)), TP__BOOL_ARG(true));
}

static void where_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 4), 2))); }

static const tp_op op_nonzero = { .schema = "nonzero(Tensor input, bool as_tuple=false) -> Tensor[]", .flags = TP__NO_GRAD_OP, .compose = nonzero_compose,
    .attr_size = sizeof(nonzero_attr), .samples = nonzero_samples, .state = TP__STATE };
static const tp_op op_where = { .schema = "where.condition(Tensor condition) -> Tensor[]", .flags = TP__NO_GRAD_OP, .compose = where_compose,
    .samples = where_samples, .state = TP__STATE };

/* ---- Masks -------------------------------------------------------------------------------------------------------------------------- */

static tp_status check_mask(const tp__call *call)
{
    const int dtype = call->in[1]->dtype;
    if (dtype == TP_BOOL) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s, and has to be bool", tp_dtype_name((tp_dtype)dtype));
}

static tp_tensor *expanded(tp_tensor *x, int ndim, const int64_t *shape)
{
    const bool same = x->ndim == ndim && !memcmp(x->shape, shape, sizeof *shape * (size_t)ndim);
    return same ? x : tp_expand(x, tp__shape(ndim, shape));
}

static tp_status select_compose(tp__call *call)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (check_mask(call) || !tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    tp_tensor *x = expanded(call->in[0], ndim, shape), *mask = expanded(call->in[1], ndim, shape);
    tp_tensor *at = x && mask ? tp__nonzero_flat(mask) : NULL;
    return tp__made(tp__out_made(call, at ? tp__rows_take(x, at, (tp__row_lookup){ 0, ndim, false, false }) : NULL));
}

static tp_status scatter_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *mask = call->in[1], *source = call->in[2];
    const bool in_place = call->op->flags & TP__INPLACE;
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (check_mask(call)) return tp__pending();
    if (x->dtype != source->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "the source is %s, and not %s", tp_dtype_name((tp_dtype)source->dtype), tp_dtype_name((tp_dtype)x->dtype));
    if (!tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    if (in_place && (ndim != x->ndim || memcmp(shape, x->shape, sizeof *shape * (size_t)ndim)))
        return tp__call_fail(call, TP_ERR_SHAPE, "the mask %s does not fit into %s", tp__shape_text(mask), tp__shape_text(x));
    x = expanded(x, ndim, shape);
    mask = expanded(mask, ndim, shape);
    tp_tensor *at = x && mask ? tp__nonzero_flat(mask) : NULL;
    if (!at) return tp__pending();
    if (at->numel > source->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "the mask takes %lld values, and the source has %lld", (long long)at->numel, (long long)source->numel);
    tp_tensor *values = tp_reshape(source, TP_SHAPE(-1));
    if (values && values->numel > at->numel) values = tp_narrow(values, 0, 0, at->numel);
    return tp__made(tp__out_made(call, tp__rows_write(TP__ROWS_PUT, in_place, x, at, values, (tp__row_lookup){ 0, ndim, false, false })));
}

#define MASK(shape) TP__TENSOR_ARG(tp_to_dtype(tp__sample_indices(shape, 2), TP_BOOL))
static void select_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), MASK(TP_SHAPE(3, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -2, 2)), MASK(TP_SHAPE(4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), MASK(TP__SCALAR_SHAPE));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -2, 2)), MASK(TP_SHAPE(2)));
}
static void scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), MASK(TP_SHAPE(3, 4)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), MASK(TP_SHAPE(3)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6), -2, 2)));
}

static const tp_op op_select = { .schema = "masked_select(Tensor input, Tensor mask) -> Tensor", .compose = select_compose, .samples = select_samples,
    .state = TP__STATE };
static const tp_op op_scatter = { .schema = "masked_scatter(Tensor input, Tensor mask, Tensor source) -> Tensor", .compose = scatter_compose,
    .samples = scatter_samples, .state = TP__STATE };
static const tp_op op_scatter_ = { .schema = "masked_scatter_(Tensor! input, Tensor mask, Tensor source) -> Tensor", .flags = TP__INPLACE,
    .compose = scatter_compose, .samples = scatter_samples, .state = TP__STATE };

/* ---- Public --------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_nonzero(tp_tensor *x) { return tp__run1(&op_nonzero, &x, 1, &(nonzero_attr){ false }, TP__CALLER); }

tp_tensor *tp_masked_select(tp_tensor *x, tp_tensor *mask) { return tp__run1(&op_select, (tp_tensor *[]){ x, mask }, 2, NULL, TP__CALLER); }

tp_tensor *tp_masked_scatter(tp_tensor *x, tp_tensor *mask, tp_tensor *source)
{
    return tp__run1(&op_scatter, (tp_tensor *[]){ x, mask, source }, 3, NULL, TP__CALLER);
}

tp_tensor *tp_masked_scatter_(tp_tensor *x, tp_tensor *mask, tp_tensor *source)
{
    return tp__run1(&op_scatter_, (tp_tensor *[]){ x, mask, source }, 3, NULL, TP__CALLER);
}

tp_tensor *tp_argwhere(tp_tensor *x) { return tp__run1(&op_argwhere, &x, 1, NULL, TP__CALLER); }

const tp_op *const tp__ops_index_mask[] = { &op_nonzero, &op_argwhere, &op_where, &op_flat, &op_select, &op_scatter, &op_scatter_, NULL };
