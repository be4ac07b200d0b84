/* count.c: how often values occur.
 *
 *   bincount   y[v] = how many x are v, or the sum of their weights; as long as the greatest and minlength ask
 *   histc      y[b] = how many x are in bin b of equal ones from min to max, max included; all of x where min = max
 *   one_hot    y[.., c] = [x = c]: composed
 *
 * No gradients. */
#include "core/kernel_args.h"
#include "ops/samples.h"
#include "ops/scatter.h"

#include <math.h>

/* ---- bincount ------------------------------------------------------------------------------------------------------------------------ */

static tp_status bincount_shape(tp__call *call)        /* how long it is, the kernel finds */
{
    const tp_tensor *x = call->in[0], *weights = call->in[1];
    const int64_t least = *(const int64_t *)call->attr;
    if (!tp__is_integer(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "values are whole numbers, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "values %s have to have one dim", tp__shape_text(x));
    if (weights && !tp__same_shape(weights, x))
        return tp__call_fail(call, TP_ERR_SHAPE, "weights %s are not like the values %s", tp__shape_text(weights), tp__shape_text(x));
    if (weights && tp__is_complex(weights->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "weights are complex");
    if (least < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "minlength is %lld, and has to be at least 0", (long long)least);
    return TP_OK;
}

static void bincount_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(9), 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 4)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), 0, 1)), TP__INT_ARG(7));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 4)));
}

static const tp_op op_bincount = { .schema = "bincount(Tensor input, Tensor? weights=none, int minlength=0) -> Tensor", .flags = TP__NO_GRAD_OP,
    .shape = bincount_shape, .attr_size = sizeof(int64_t), .samples = bincount_samples, .state = TP__STATE };

/* ---- histc ----------------------------------------------------------------------------------------------------------------------------- */

static tp_status histc_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const tp__histc *a = call->attr;
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)x->dtype));
    if (a->bins < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "there are %lld bins, and have to be at least 1", (long long)a->bins);
    if (!(a->min <= a->max) || isinf(a->min) || isinf(a->max))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there are no bins from %g to %g", a->min, a->max);
    return tp__made(tp__out(call, (tp_dtype)x->dtype, 1, &a->bins));
}

static void histc_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)), TP__INT_ARG(4));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(9), -2, 2)), TP__INT_ARG(5), TP__FLOAT_ARG(-1), TP__FLOAT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0), -2, 2)), TP__INT_ARG(3));
}

static const tp_op op_histc = { .schema = "histc(Tensor input, int bins=100, float min=0, float max=0) -> Tensor", .flags = TP__NO_GRAD_OP,
    .shape = histc_shape, .attr_size = sizeof(tp__histc), .samples = histc_samples, .state = TP__STATE };

/* ---- one_hot ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status one_hot_compose(tp__call *call)
{
    int64_t classes = *(const int64_t *)call->attr;
    tp_tensor *x = call->in[0];
    if (x->dtype != TP_I64) return tp__call_fail(call, TP_ERR_DTYPE, "classes are int64, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim == TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "the result has more than %d dims", TP_MAX_DIMS);
    if (classes == -1 && !x->numel) return tp__call_fail(call, TP_ERR_ARGUMENT, "of no elements the number of classes cannot be told");
    if (classes == -1) {
        const int64_t most = tp_item_i64(tp_max(x));
        if (tp__pending_error()) return tp__pending();
        if (most < 0) return tp__call_fail(call, TP_ERR_INDEX, "class %lld is negative", (long long)most);
        if (most == INT64_MAX) return tp__call_fail(call, TP_ERR_INDEX, "class %lld is too large", (long long)most);
        classes = most + 1;
    }
    if (classes < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "there are %lld classes, and have to be at least 1", (long long)classes);
    tp_shape shape = tp_shape_of(x);
    shape.dim[shape.ndim++] = classes;
    tp_tensor *y = tp_zeros(shape, .dtype = TP_I64, .device = x->device), *one = tp_ones(((tp_shape){ .ndim = 0 }), .dtype = TP_I64, .device = x->device);
    return tp__made(tp__out_made(call, tp__scatter(TP__SCATTER_SET, true, y, -1, tp_unsqueeze(x, -1), one)));
}

static void one_hot_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)), TP__INT_ARG(5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 4)), TP__INT_ARG(2));
}

static const tp_op op_one_hot = { .schema = "one_hot(Tensor input, int num_classes=-1) -> Tensor", .flags = TP__NO_GRAD_OP, .compose = one_hot_compose,
    .attr_size = sizeof(int64_t), .samples = one_hot_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_bincount_with(tp_tensor *x, const tp_bincount_options *options)
{
    tp_bincount_options o = TP__BRACES(bincount, );
    if (tp_options_take("bincount", &o, options, offsetof(tp_bincount_options, tp__end))) return NULL;
    return tp__run1(&op_bincount, (tp_tensor *[]){ x, o.weights }, 2, &o.minlength, TP__CALLER);
}

tp_tensor *tp_histc_with(tp_tensor *x, const tp_histc_options *options)
{
    tp_histc_options o = TP__BRACES(histc, );
    if (tp_options_take("histc", &o, options, offsetof(tp_histc_options, tp__end))) return NULL;
    return tp__run1(&op_histc, &x, 1, &(tp__histc){ o.bins, o.min, o.max }, TP__CALLER);
}

tp_tensor *tp_one_hot(tp_tensor *x, int64_t num_classes) { return tp__run1(&op_one_hot, &x, 1, &num_classes, TP__CALLER); }

const tp_op *const tp__ops_count[] = { &op_bincount, &op_histc, &op_one_hot, NULL };
