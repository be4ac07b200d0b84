/* norm_response.c: normalization by what neighbouring channels hold (Krizhevsky et al. 2012).
 *
 *   local_response_norm    y_c = x_c (k + alpha / size  sum of x_j^2 over the channels j from c - size / 2 to c + (size - 1) / 2)^-beta
 *
 * PyTorch's mean over `size` channels counts those beyond the ends as zeros. Made of other ops. */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct response_attr { int64_t size; double alpha, beta, k; } response_attr;

static tp_status response_compose(tp__call *call)
{
    const response_attr *a = call->attr;
    tp_tensor *x = call->in[0];
    if (x->ndim < 3) return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have 3 dims or more", tp__shape_text(x));
    if (!tp__is_floating(x->dtype) && x->dtype != TP_I64)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes and int64, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (a->size < 1 || a->size > INT32_MAX) return tp__call_fail(call, TP_ERR_ARGUMENT, "size %lld must be positive", (long long)a->size);
    if (!x->numel) return tp__made(call->out[call->n_out++] = x);
    const int64_t rest = x->numel / x->shape[0] / x->shape[1];
    tp_tensor *squares = tp_reshape(tp_mul(x, x), TP_SHAPE(x->shape[0], 1, x->shape[1], rest));
    tp_tensor *padded = tp_pad(squares, TP_SHAPE(0, 0, a->size / 2, (a->size - 1) / 2));
    tp_tensor *mean = tp_avg_pool2d(padded, a->size, .kernel_hw = { a->size, 1 }, .stride = 1);
    tp_tensor *scale = tp_pow(tp_add(tp_mul(tp_reshape(mean, tp_shape_of(x)), a->alpha), a->k), a->beta);
    return tp__made(call->out[call->n_out++] = tp_div(x, scale));
}

static void response_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 5, 3), -2, 2)), TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 4, 2, 2), -2, 2)), TP__INT_ARG(2),
             TP__FLOAT_ARG(0.3), TP__FLOAT_ARG(0.5), TP__FLOAT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0, 3), -2, 2)), TP__INT_ARG(2));
}

static const tp_op op_local_response_norm = {
    .schema = "local_response_norm(Tensor input, int size, float alpha=0.0001, float beta=0.75, float k=1.) -> Tensor", .compose = response_compose,
    .attr_size = sizeof(response_attr), .samples = response_samples, .state = TP__STATE };

tp_tensor *tp_local_response_norm_with(tp_tensor *x, int64_t size, const tp_local_response_norm_options *options)
{
    tp_local_response_norm_options o = TP__BRACES(local_response_norm, );
    if (tp_options_take("local_response_norm", &o, options, offsetof(tp_local_response_norm_options, tp__end))) return NULL;
    return tp__run1(&op_local_response_norm, &x, 1, &(response_attr){ size, o.alpha, o.beta, o.k }, TP__CALLER);
}

const tp_op *const tp__ops_norm_response[] = { &op_local_response_norm, NULL };
