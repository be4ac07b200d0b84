/* pool_lp.c: power means of windows, as sums.
 *
 *   lp_pool1d .. 3d    y = (sum over the window of x^p)^(1/p), |x| and the greatest or least for p = +-inf. The sum is the mean that
 *                      avg_pool takes times the places of the kernel; a sum of 0 has the gradient 0 */
#include "ops/pool.h"
#include "ops/samples.h"

#include <math.h>

typedef struct windows { const int64_t *kernel, *stride; bool ceil_mode; } windows;

static tp_tensor *avg(tp_tensor *x, int n, const windows *w)
{
    const int64_t *k = w->kernel, *s = w->stride;
    if (n == 1) return tp_avg_pool1d(x, k[0], .stride = s[0], .ceil_mode = w->ceil_mode);
    if (n == 2) return tp_avg_pool2d(x, k[0], .kernel_hw = { k[0], k[1] }, .stride_hw = { s[0], s[1] }, .ceil_mode = w->ceil_mode);
    return tp_avg_pool3d(x, k[0], .kernel_dhw = { k[0], k[1], k[2] }, .stride_dhw = { s[0], s[1], s[2] }, .ceil_mode = w->ceil_mode);
}

static tp_tensor *greatest(tp_tensor *x, int n, const windows *w)
{
    const int64_t *k = w->kernel, *s = w->stride;
    if (n == 1) return tp_max_pool1d(x, k[0], .stride = s[0], .ceil_mode = w->ceil_mode);
    if (n == 2) return tp_max_pool2d(x, k[0], .kernel_hw = { k[0], k[1] }, .stride_hw = { s[0], s[1] }, .ceil_mode = w->ceil_mode);
    return tp_max_pool3d(x, k[0], .kernel_dhw = { k[0], k[1], k[2] }, .stride_dhw = { s[0], s[1], s[2] }, .ceil_mode = w->ceil_mode);
}

/* Attributes in the schema's order: p, n sizes, n strides, ceil_mode. */
static tp_status run_lp(tp__call *call, int n)
{
    const double p = *(const double *)call->attr;
    const int64_t *v = (const int64_t *)call->attr + 1;
    const windows w = { v, v + n, *(const bool *)(v + 2 * n) };
    double places = 1;
    for (int i = 0; i < n; i++) places *= (double)v[i];
    if (p == 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "norm_type must not be 0");
    tp_tensor *x = call->in[0], *y;
    if (isinf(p)) {
        y = p > 0 ? greatest(tp_abs(x), n, &w) : tp_neg(greatest(tp_neg(tp_abs(x)), n, &w));
    } else {
        tp_tensor *mean = avg(tp_pow(x, p), n, &w);
        y = tp_pow(tp_mul(tp_mul(tp_sign(mean), tp_relu(tp_abs(mean))), places), 1 / p);
    }
    return tp__made(call->out[call->n_out++] = y);
}

static void samples(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 2, 4, 5, 4 };
    const tp_shape batch = tp__shape(n + 2, x), one = tp__shape(n + 1, x + 1);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, batch, 0.5, 2)), TP__FLOAT_ARG(2), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, one, 0.5, 2)), TP__FLOAT_ARG(3.5), TP__INT_ARG(3), TP__INT_ARG(2), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, batch)), TP__FLOAT_ARG(INFINITY), TP__INT_ARG(2));
}

#define LP(n, EACH) \
    static tp_status run_lp##n(tp__call *call) { return run_lp(call, n); } \
    static void samples##n(tp_sample_set *set) { samples(set, n); } \
    static const tp_op op_lp##n = { .schema = "lp_pool" #n "d(Tensor input, float norm_type, int[" #n "] kernel_size, int[" #n "]? stride=none, " \
        "bool ceil_mode=false) -> Tensor", .compose = run_lp##n, .attr_size = (2 * n + 2) * 8, .samples = samples##n, .state = TP__STATE }; \
    tp_tensor *tp_lp_pool##n##d_with(tp_tensor *x, double p, int64_t kernel, const tp_lp_pool##n##d_options *options) \
    { \
        tp_lp_pool##n##d_options o = TP__BRACES(lp_pool##n##d, ); \
        if (tp_options_take("lp_pool" #n "d", &o, options, offsetof(tp_lp_pool##n##d_options, tp__end))) return NULL; \
        struct { double p; int64_t v[2 * n]; bool ceil_mode; } a = { .p = p, .ceil_mode = o.ceil_mode }; \
        for (int i = 0; i < n; i++) { \
            a.v[i] = EACH(kernel, o.kernel, i); \
            a.v[n + i] = EACH(o.stride, o.stride, i); \
        } \
        return tp__run1(&op_lp##n, &x, 1, &a, TP__CALLER); \
    }
#define FOR_ALL(all, each, i)  (all)
#define OR_HW(all, each, i)    (each##_hw[i] != TP_NONE ? each##_hw[i] : (all))
#define OR_DHW(all, each, i)   (each##_dhw[i] != TP_NONE ? each##_dhw[i] : (all))
LP(1, FOR_ALL)
LP(2, OR_HW)
LP(3, OR_DHW)

const tp_op *const tp__ops_pool_lp[] = { &op_lp1, &op_lp2, &op_lp3, NULL };
