/* pool_fractional.c: the greatest of windows that lie at uneven distances (Graham 2015, "Fractional Max-Pooling").
 *
 *   fractional_max_pool2d, 3d    of each channel, u its random number for a dim of n places, k the kernel, o outputs:
 *                                window i begins at floor((i + u) a) - floor(u a), a = (n - k) / (o - 1), the last one at n - k
 *
 * Where each window's elements lie is computed with tensors; then they are gathered and the greatest is taken. */
#include "ops/pool.h"
#include "ops/samples.h"

typedef struct plan { int n; int64_t in[3], kernel[3], out[3]; } plan;

/* [samples, channels, out]: where the windows of dim d begin, by random numbers [samples, channels]. */
static tp_tensor *begins(const plan *p, int d, tp_tensor *u)
{
    const int64_t out = p->out[d], last = p->in[d] - p->kernel[d];
    const tp_dtype dtype = tp_dtype_of(u);
    const tp_device device = tp_device_of(u);
    if (out == 1) return tp_full(TP_SHAPE(tp_size(u, 0), tp_size(u, 1), 1), last, .dtype = TP_I64, .device = device);
    tp_tensor *alpha = tp_div(tp_full((tp_shape){ .ndim = 0 }, (double)last, .dtype = dtype, .device = device), (double)(out - 1));
    tp_tensor *i = tp_arange(0, (double)out - 1, 1, .dtype = dtype, .device = device), *each = tp_unsqueeze(u, 2);
    tp_tensor *begin = tp_sub(tp_trunc(tp_mul(tp_add(i, each), alpha)), tp_trunc(tp_mul(each, alpha)));
    tp_tensor *end = tp_full(TP_SHAPE(tp_size(u, 0), tp_size(u, 1), 1), (double)last, .dtype = dtype, .device = device);
    return tp_to_dtype(tp_cat(TP_TENSORS(begin, end), 2), TP_I64);
}

/* [samples, channels, outputs, places of the kernel]: positions in a channel. */
static tp_tensor *places(const plan *p, tp_tensor *samples)
{
    const int n = p->n;
    const int64_t batch = tp_size(samples, 0), channels = tp_size(samples, 1);
    tp_shape flat = TP_SHAPE(batch, channels, 1, 1);
    tp_tensor *all = NULL;
    for (int d = 0; d < n; d++) {
        tp_tensor *u = tp_select(samples, 2, n == 2 ? 1 - d : d);        /* in two dims the first number is the width's */
        tp_tensor *inside = tp_arange(0, (double)p->kernel[d], 1, .dtype = TP_I64, .device = tp_device_of(samples));
        tp_tensor *at = tp_add(tp_unsqueeze(begins(p, d, u), 3), inside);          /* [.., out, kernel] */
        tp_shape shape = { .dim = { batch, channels }, .ndim = 2 * n + 2 };
        for (int i = 0; i < 2 * n; i++) shape.dim[2 + i] = 1;
        shape.dim[2 + d] = p->out[d];
        shape.dim[2 + n + d] = p->kernel[d];
        at = tp_reshape(at, shape);
        all = all ? tp_add(tp_mul(all, p->in[d]), at) : at;
        flat.dim[2] *= p->out[d];
        flat.dim[3] *= p->kernel[d];
    }
    return tp_reshape(all, flat);
}

static tp_status plan_windows(const tp__call *call, int n, const int64_t *kernel, const int64_t *size, const tp__floats *ratio, plan *p)
{
    const tp_tensor *x = call->in[0];
    if (x->ndim != n + 1 && x->ndim != n + 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have %d dims, or %d", tp__shape_text(x), n + 2, n + 1);
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if ((size[0] == TP_NONE && ratio->n != 1 && ratio->n != n) || (size[0] != TP_NONE && ratio->n))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "takes an output_size or an output_ratio");
    for (int i = 0; i < n; i++) {
        p->in[i] = x->shape[x->ndim - n + i];
        p->kernel[i] = kernel[i];
        p->out[i] = size[0] != TP_NONE ? size[i] : (int64_t)((double)p->in[i] * ratio->v[ratio->n == 1 ? 0 : i]);
        if (p->kernel[i] < 1 || p->out[i] < 1 || p->out[i] > p->in[i] || p->kernel[i] > p->in[i] - p->out[i] + 1)
            return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld windows of %lld do not fit into input %s", (long long)p->out[i], (long long)p->kernel[i],
                                 tp__shape_text(x));
    }
    return x->shape[x->ndim - n - 1] ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "input %s has no channels", tp__shape_text(x));
}

/* Attributes in the schema's order: n kernel sizes, n output sizes, ratios, return_indices. */
static tp_status run_fractional(tp__call *call, int n, bool always)
{
    const int64_t *v = call->attr;
    const tp__floats *ratio = (const tp__floats *)(const void *)(v + 2 * n);
    const bool with_indices = always || *(const bool *)(ratio + 1);
    plan p = { .n = n };
    const tp_status status = plan_windows(call, n, v, v + n, ratio, &p);
    if (status) return status;
    tp_tensor *x = call->in[0], *u = call->in[5], *index = NULL;
    const bool batched = x->ndim == n + 2;
    const int64_t batch = batched ? x->shape[0] : 1, channels = x->shape[x->ndim - n - 1];
    if (u && (u->ndim != 3 || u->shape[0] < batch || u->shape[1] != channels || u->shape[2] != n || u->dtype != x->dtype))
        return tp__call_fail(call, TP_ERR_SHAPE, "random samples %s must be [%lld or more, %lld, %d], of the input's dtype", tp__shape_text(u),
                             (long long)batch, (long long)channels, n);
    if (!u) u = tp_rand(TP_SHAPE(batch, channels, n), .dtype = (tp_dtype)x->dtype, .device = tp_device_of(x));
    tp_tensor *at = places(&p, tp_narrow(tp_detach(u), 0, 0, batch));
    if (!at) return tp__pending();
    int64_t places_in = 1;                             /* a batch of 0 tells no -1 */
    for (int i = 0; i < n; i++) places_in *= p.in[i];
    tp_tensor *flat = tp_reshape(x, TP_SHAPE(batch, channels, places_in));
    tp_tensor *chosen = tp_reshape(at, TP_SHAPE(batch, channels, at->shape[2] * at->shape[3]));
    tp_tensor *windows = tp_reshape(tp_gather(flat, 2, chosen), tp_shape_of(at));
    tp_tensor *y = tp_max_dim(windows, 3, false, &index);
    tp_shape shape = { .ndim = 0 };
    if (batched) shape.dim[shape.ndim++] = batch;
    shape.dim[shape.ndim++] = channels;
    for (int i = 0; i < n; i++) shape.dim[shape.ndim++] = p.out[i];
    call->out[call->n_out++] = tp_reshape(y, shape);
    if (with_indices && call->out[0]) call->out[call->n_out++] = tp_reshape(tp_gather(at, 3, tp_unsqueeze(index, 3)), shape);
    return tp__made(call->out[call->n_out - 1]);
}

static void samples(tp_sample_set *set, int n)
{
    static const double numbers[] = { 0.1, 0.7, 0.35, 0.9, 0.55, 0.2, 0.8, 0.45, 0.6, 0.15, 0.95, 0.3 };
    const int64_t x[] = { 2, 2, 5, 6, 5 };
    tp_tensor *u = tp_to_dtype(tp_from_data(numbers, TP_F64, TP_SHAPE(2, 2, n)), set->dtype);
    tp_tensor *one = tp_to_dtype(tp_from_data(numbers, TP_F64, TP_SHAPE(1, 2, n)), set->dtype);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, tp__shape(n + 2, x))), TP__INT_ARG(2), TP__INT_ARG(3), TP__NAMED("_random_samples",
             .kind = TP_ARG_TENSOR, .value.tensor = u));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, tp__shape(n + 1, x + 1))), TP__INT_ARG(2), TP__NAMED("output_ratio", .kind = TP_ARG_FLOAT,
             .value.real = 0.5), TP__NAMED("return_indices", .kind = TP_ARG_BOOL, .value.boolean = true), TP__NAMED("_random_samples",
             .kind = TP_ARG_TENSOR, .value.tensor = one));
}

#define FRACTIONAL(n, dhw) \
    static tp_status run_fractional##n(tp__call *call) { return run_fractional(call, n, false); } \
    static tp_status run_with_indices##n(tp__call *call) { return run_fractional(call, n, true); } \
    static void samples##n(tp_sample_set *set) { samples(set, n); } \
    static const tp_op op_fractional##n = { .schema = "fractional_max_pool" #n "d(Tensor input, int[" #n "] kernel_size, int[" #n "]? output_size=none, " \
        "float[]? output_ratio=none, bool return_indices=false, Tensor? _random_samples=none) -> Tensor", .flags = TP__RANDOM, \
        .compose = run_fractional##n, .attr_size = 2 * n * sizeof(int64_t) + sizeof(tp__floats) + sizeof(double), .samples = samples##n, \
        .state = TP__STATE }; \
    static const tp_op op_with_indices##n = { \
        .schema = "fractional_max_pool" #n "d_with_indices(Tensor input, int[" #n "] kernel_size, int[" #n "]? output_size=none, " \
        "float[]? output_ratio=none, bool return_indices=false, Tensor? _random_samples=none) -> (Tensor, Tensor)", .flags = TP__RANDOM, \
        .compose = run_with_indices##n, .attr_size = 2 * n * sizeof(int64_t) + sizeof(tp__floats) + sizeof(double), .samples = samples##n, \
        .state = TP__STATE }; \
    tp_tensor *tp_fractional_max_pool##n##d_with(tp_tensor *x, int64_t kernel, int64_t size, const tp_fractional_max_pool##n##d_options *options) \
    { \
        tp_fractional_max_pool##n##d_options o = TP__BRACES(fractional_max_pool##n##d, ); \
        if (tp_options_take("fractional_max_pool" #n "d", &o, options, offsetof(tp_fractional_max_pool##n##d_options, tp__end))) return NULL; \
        struct { int64_t v[2 * n]; tp__floats ratio; bool with_indices; } a = { .with_indices = o.indices != NULL }; \
        for (int i = 0; i < n; i++) { \
            a.v[i] = o.kernel_##dhw[i] != TP_NONE ? o.kernel_##dhw[i] : kernel; \
            a.v[n + i] = o.size_##dhw[i] != TP_NONE ? o.size_##dhw[i] : size; \
        } \
        tp_tensor *in[6] = { [0] = x, [5] = o.random_samples }, *out[4] = { NULL }; \
        if (o.indices) *o.indices = NULL; \
        if (tp__run(&op_fractional##n, in, 6, &a, out, 4, TP__CALLER) < 0) return NULL; \
        if (o.indices) *o.indices = out[1]; \
        return out[0]; \
    }
FRACTIONAL(2, hw)
FRACTIONAL(3, dhw)

const tp_op *const tp__ops_pool_fractional[] = { &op_fractional2, &op_fractional3, &op_with_indices2, &op_with_indices3, NULL };
