/* pool_avg.c: PyTorch's means of windows, calls of the op in resample.c.
 *
 *   avg_pool1d .. 3d             y = sum of the window / its places, or a divisor        dx = dy / places, to each of the window
 *   adaptive_avg_pool1d .. 3d    the same for windows that share out the dims */
#include "ops/pool.h"
#include "ops/resample.h"
#include "ops/samples.h"

/* Attributes in the schemas' order: lists of n numbers, then flags, then the divisor, which avg_pool1d does not have. */
static tp_status run_avg(tp__call *call, int n)
{
    const int64_t *v = call->attr;
    const bool *flags = (const bool *)(v + 3 * n);
    const int64_t divisor = n == 1 ? TP_NONE : v[3 * n + 1];
    const char *name = tp__state(call->op)->base_name;
    const tp_tensor *x = call->in[0];
    tp__sliding s = { n, tp__ints_of(n, v), tp__ints_of(n, v + n), tp__ints_of(n, v + 2 * n), { 0 }, flags[0], n == 3 };
    int64_t shape[TP_MAX_DIMS];
    if (divisor == 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "the divisor must not be 0");
    const tp_status status = tp__slide(call, name, &s, shape);
    if (status) return status;
    if (!tp__is_floating(x->dtype) && x->dtype != TP_I64)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes and int64, not %s",
                             tp_dtype_name((tp_dtype)x->dtype));
    const tp__resample a = { .size = tp__ints_of(n, shape + x->ndim - n), .how = TP__RESAMPLE_SLIDING, .kernel = s.kernel, .stride = s.stride,
                             .padding = s.padding, .count_padding = flags[1], .divisor = divisor };
    return tp__made(call->out[call->n_out++] = tp__resampled(call->in[0], &a));
}

static tp_status run_adaptive(tp__call *call, int n)
{
    tp__ints size = tp__ints_of(n, call->attr);
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    const tp_status status = tp__share_out(call, tp__state(call->op)->base_name, n, &size, true, shape);
    if (status) return status;
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    const tp__resample a = { .size = size, .how = TP__RESAMPLE_SHARED, .divisor = TP_NONE };
    return tp__made(call->out[call->n_out++] = tp__resampled(call->in[0], &a));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------- */

static void avg_samples(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 2, 4, 6, 4 }, one[] = { 2, 5, 4, 5 }, none[] = { 0, 1, 3, 3, 3 };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 2, x), -1, 1)), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 1, one), -1, 1)), TP__INT_ARG(3), TP__INT_ARG(2), TP__INT_ARG(1), TP__BOOL_ARG(true),
             TP__BOOL_ARG(false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 2, x), -1, 1)), TP__INT_ARG(3), TP__INT_ARG(2), TP__INT_ARG(1), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 2, none), -1, 1)), TP__INT_ARG(3));
    if (n > 1)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 2, x), -1, 1)), TP__INT_ARG(2),
                 TP__NAMED("divisor_override", .kind = TP_ARG_INT, .value.integer = -3));
}

static void adaptive_samples(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 2, 5, 4, 3 };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 2, x), -1, 1)), TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, tp__shape(n + 1, x + 1), -1, 1)), TP__INT_ARG(1));
}

/* ---- Descriptors and public ------------------------------------------------------------------------------------------------------------- */

#define FORM(op, text, bytes, run, give, n) \
    static tp_status op##_run(tp__call *call) { return run(call, n); } \
    static void op##_samples(tp_sample_set *set) { give(set, n); } \
    static const tp_op op_##op = { .schema = text, .compose = op##_run, .attr_size = bytes, .samples = op##_samples, .state = TP__STATE };
#define WINDOW(n) "(Tensor input, int[" #n "] kernel_size, int[" #n "]? stride=none, int[" #n "] padding=0, bool ceil_mode=false, " \
    "bool count_include_pad=true"
#define FORMS(n, MORE, DIVISOR, EACH) \
    FORM(avg##n, "avg_pool" #n "d" WINDOW(n) MORE ") -> Tensor", (3 * n + 2) * sizeof(int64_t), run_avg, avg_samples, n) \
    FORM(adaptive##n, "adaptive_avg_pool" #n "d(Tensor input, int[" #n "] output_size) -> Tensor", n * sizeof(int64_t), run_adaptive, \
         adaptive_samples, n) \
    tp_tensor *tp_avg_pool##n##d_with(tp_tensor *x, int64_t kernel, const tp_avg_pool##n##d_options *options) \
    { \
        tp_avg_pool##n##d_options o = TP__BRACES(avg_pool##n##d, ); \
        if (tp_options_take("avg_pool" #n "d", &o, options, offsetof(tp_avg_pool##n##d_options, tp__end))) return NULL; \
        struct { int64_t v[3 * n]; bool ceil_mode, count_include_pad; int64_t divisor; } a = { .ceil_mode = o.ceil_mode, \
            .count_include_pad = o.count_include_pad, .divisor = DIVISOR }; \
        for (int i = 0; i < n; i++) { \
            a.v[i] = EACH(kernel, o.kernel, i); \
            a.v[n + i] = EACH(o.stride, o.stride, i); \
            a.v[2 * n + i] = EACH(o.padding, o.padding, i); \
        } \
        return tp__run1(&op_avg##n, &x, 1, &a, TP__CALLER); \
    }
#define ADAPTIVE(n, hw) \
    tp_tensor *tp_adaptive_avg_pool##n##d_with(tp_tensor *x, int64_t size, const tp_adaptive_avg_pool##n##d_options *options) \
    { \
        tp_adaptive_avg_pool##n##d_options o = TP__BRACES(adaptive_avg_pool##n##d, ); \
        if (tp_options_take("adaptive_avg_pool" #n "d", &o, options, offsetof(tp_adaptive_avg_pool##n##d_options, tp__end))) return NULL; \
        for (int i = 0; i < n; i++) \
            if (o.size_##hw[i] == TP_NONE) o.size_##hw[i] = size; \
        return tp__run1(&op_adaptive##n, &x, 1, o.size_##hw, TP__CALLER); \
    }
#define FOR_ALL(all, each, i)  (all)
#define OR_HW(all, each, i)    (each##_hw[i] != TP_NONE ? each##_hw[i] : (all))
#define OR_DHW(all, each, i)   (each##_dhw[i] != TP_NONE ? each##_dhw[i] : (all))
#define NO_MORE
FORMS(1, NO_MORE, 0, FOR_ALL)
FORMS(2, ", int? divisor_override=none", o.divisor_override, OR_HW)
FORMS(3, ", int? divisor_override=none", o.divisor_override, OR_DHW)
ADAPTIVE(2, hw)
ADAPTIVE(3, dhw)
tp_tensor *tp_adaptive_avg_pool1d(tp_tensor *x, int64_t size) { return tp__run1(&op_adaptive1, &x, 1, &size, TP__CALLER); }

const tp_op *const tp__ops_pool_avg[] = { &op_avg1, &op_avg2, &op_avg3, &op_adaptive1, &op_adaptive2, &op_adaptive3, NULL };
