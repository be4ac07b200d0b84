/* reduce_truth.c: whether all or any elements are true, and how many are. What is not 0 is true, NaN too; no gradients.
 *
 *   all, any        bool, of uint8 as uint8. An empty list of dims reduces none
 *   count_nonzero   int64 */
#include "ops/reduce.h"

typedef struct dims_attr { tp__ints dim; bool keepdim; } dims_attr;
typedef struct dim_attr { int64_t dim; bool keepdim; } dim_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

static tp_status truth_shape(tp__call *call)
{
    dims_attr *attr = (dims_attr *)(uintptr_t)call->attr;
    uint64_t gone = 0;
    if (tp__reduce_real(call) || (attr->dim.n && !tp__reduce_dims(call, &attr->dim, &gone))) return tp__pending();
    return tp__reduce_out(call, call->in[0]->dtype == TP_U8 ? TP_U8 : TP_BOOL, gone, attr->keepdim);
}

static tp_status count_shape(tp__call *call)
{
    tp__ints *dim = (tp__ints *)(uintptr_t)call->attr;
    uint64_t gone;
    if (tp__reduce_real(call) || !tp__reduce_dims(call, dim, &gone)) return tp__pending();
    return tp__reduce_out(call, TP_I64, gone, false);
}

/* ---- One dim, or all of them ------------------------------------------------------------------------------------------------------- */

static const tp_op op_all_dims, op_any_dims;

static tp_tensor *over_all(const tp_op *op, tp_tensor *x, tp__ints dim, bool keepdim, const void *caller)
{
    dims_attr attr = { .dim = dim, .keepdim = keepdim };
    for (int d = 0; x && !dim.n && d < x->ndim; d++) attr.dim.v[attr.dim.n++] = d;
    return tp__run1(op, &x, 1, &attr, caller);
}

static tp_status one_dim(tp__call *call, const tp_op *op)
{
    const dim_attr *attr = call->attr;
    const tp__ints dim = { .n = attr->dim != TP_NONE, .v = { attr->dim } };
    return tp__made(call->out[call->n_out++] = over_all(op, call->in[0], dim, attr->keepdim, NULL));
}

static tp_status all_compose(tp__call *call) { return one_dim(call, &op_all_dims); }
static tp_status any_compose(tp__call *call) { return one_dim(call, &op_any_dims); }

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *some(tp_shape shape) { return tp_randint(0, 2, shape); }

static void dims_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(2, 3, 4))), TP__INTS_ARG(2, 0, -1));
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(2, 3, 4))), TP__INTS_ARG(1, 1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp_to_dtype(some(TP_SHAPE(2, 3)), TP_U8)), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(0, 3))), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(2, 3))), TP__NAMED("dim", .kind = TP_ARG_INTS));
}

static void truth_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(3, 4))));
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 4), -1, 1))), TP__INT_ARG(-1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(some(TP__SCALAR_SHAPE)), TP__INT_ARG(0));
}

static void count_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(3, 4))));
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 4), -1, 1))), TP__INTS_ARG(1, 0));
    TP__GIVE(set, TP__TENSOR_ARG(some(TP_SHAPE(2, 3, 4))), TP__INTS_ARG(2, 0, -1));
    TP__GIVE(set, TP__TENSOR_ARG(some(TP__SCALAR_SHAPE)));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

#define TRUTH(name) \
    static const tp_op op_##name##_dims = { .schema = #name ".dims(Tensor input, int[] dim, bool keepdim=false) -> Tensor", .kernel = #name, \
        .flags = TP__NO_GRAD_OP, .shape = truth_shape, .attr_size = sizeof(dims_attr), .samples = dims_samples, .state = TP__STATE }; \
    static const tp_op op_##name = { .schema = #name "(Tensor input, int? dim=none, bool keepdim=false) -> Tensor", .flags = TP__NO_GRAD_OP, \
        .compose = name##_compose, .attr_size = sizeof(dim_attr), .samples = truth_samples, .state = TP__STATE };
TRUTH(all)
TRUTH(any)
static const tp_op op_count_nonzero = { .schema = "count_nonzero(Tensor input, int[]? dim=none) -> Tensor", .flags = TP__NO_GRAD_OP,
    .shape = count_shape, .attr_size = sizeof(tp__ints), .samples = count_samples, .state = TP__STATE };

static tp_tensor *truth(const tp_op *op, const char *name, tp_tensor *x, const tp_all_options *options, const void *caller)
{
    tp_all_options o = { TP__DEFAULT_all .tp__end = 0 };
    tp__ints dim;
    if (tp_options_take(name, &o, options, offsetof(tp_all_options, tp__end)) || tp__reduce_take_dims(name, &o.dims, &dim)) return NULL;
    return over_all(op, x, dim, o.keepdim, caller);
}

tp_tensor *tp_all_with(tp_tensor *x, const tp_all_options *o) { return truth(&op_all_dims, "all", x, o, TP__CALLER); }
tp_tensor *tp_any_with(tp_tensor *x, const tp_any_options *o) { return truth(&op_any_dims, "any", x, o, TP__CALLER); }

tp_tensor *tp_count_nonzero_with(tp_tensor *x, const tp_count_nonzero_options *options)
{
    tp_count_nonzero_options o = { TP__DEFAULT_count_nonzero .tp__end = 0 };
    tp__ints dim;
    if (tp_options_take("count_nonzero", &o, options, offsetof(tp_count_nonzero_options, tp__end)) ||
        tp__reduce_take_dims("count_nonzero", &o.dims, &dim)) return NULL;
    return tp__run1(&op_count_nonzero, &x, 1, &dim, TP__CALLER);
}

const tp_op *const tp__ops_reduce_truth[] = { &op_all, &op_all_dims, &op_any, &op_any_dims, &op_count_nonzero, NULL };
