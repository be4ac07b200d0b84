/* pool_max_forms.c: PyTorch's pools of the greatest, calls of the ops in pool.c.
 *
 *   max_pool1d .. 3d             y = the greatest of each window; with return_indices also where it stood
 *   max_pool1d_with_indices ..   both
 *   adaptive_max_pool1d .. 3d    the same for windows that share out the dims
 *   max_unpool1d .. 3d           y = 0, then y[indices] = x:  dx = dy[indices] */
#include "core/kernel_args.h"
#include "ops/pool.h"
#include "ops/pool_max.h"
#include "ops/samples.h"

/* ---- Calls ----------------------------------------------------------------------------------------------------------------------- */

static tp_status give(tp__call *call, const tp_op *op, void *attr, bool with_indices)
{
    tp_tensor *both[4] = { NULL };
    if (tp__run(op, call->in, 1, attr, both, 4, NULL) < 0) return tp__pending();
    call->out[0] = both[0];
    call->n_out = 1 + with_indices;
    if (with_indices) call->out[1] = both[1];
    else tp_drop(both[1]);                             /* the node has it, if there is one */
    return TP_OK;
}

/* Attributes in the schemas' order: lists of n numbers, then the flags. */
static tp_status run_max(tp__call *call, int n, bool has_flag)
{
    const int64_t *v = call->attr;
    const bool *flags = (const bool *)(v + 4 * n);
    const bool with_indices = !has_flag || flags[1];
    tp__max_pool a = { tp__ints_of(n, v), tp__ints_of(n, v + n), tp__ints_of(n, v + 2 * n), tp__ints_of(n, v + 3 * n), flags[0], false };
    a.places = !with_indices && call->in[0]->device != TP_CPU && tp__has_places(&a.kernel);      /* less to write, and to keep for the gradient */
    return give(call, &tp__op_max_pool, &a, with_indices);
}
static tp_status run_pool(tp__call *call, int n) { return run_max(call, n, true); }
static tp_status run_with_indices(tp__call *call, int n) { return run_max(call, n, false); }

static tp_status run_adaptive(tp__call *call, int n)
{
    const int64_t *v = call->attr;
    tp__adaptive_pool a = { tp__ints_of(n, v) };
    return give(call, &tp__op_adaptive_max_pool, &a, *(const bool *)(v + n));
}

/* One size by number of the output: told, or what the pool's windows would have covered. */
static tp_status unpooled(const tp__call *call, int n, const int64_t *v, const tp__ints *told, int i, int64_t *size)
{
    const tp_tensor *x = call->in[0];
    const int64_t kernel = v[i], stride = v[n + i] == TP_NONE ? kernel : v[n + i], padding = v[2 * n + i], in = x->shape[x->ndim - n + i];
    const int skip = (int)told->n - n;                 /* it may have the dims before, too */
    if (kernel < 1 || stride < 1 || padding < 0 || kernel > INT32_MAX || stride > INT32_MAX || padding > INT32_MAX || in > INT32_MAX)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "kernel %lld, stride %lld or padding %lld cannot be", (long long)kernel, (long long)stride,
                             (long long)padding);
    const int64_t usual = (in - 1) * stride - 2 * padding + kernel;
    *size = told->n && told->v[skip + i] != TP_NONE ? told->v[skip + i] : usual;
    if (told->n && *size != usual && (*size <= usual - stride || *size >= usual + stride))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "an output size of %lld is not within a stride of %lld", (long long)*size, (long long)usual);
    return TP_OK;
}

static tp_status run_unpool(tp__call *call, int n)
{
    const int64_t *v = call->attr;
    const tp__ints *told = (const tp__ints *)(const void *)(v + 3 * n);
    const tp_tensor *x = call->in[0];
    int64_t size[3];
    if (x->ndim != n + 1 && x->ndim != n + 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have %d dims, or %d", tp__shape_text(x), n + 2, n + 1);
    for (int d = x->ndim - n; d < x->ndim; d++)
        if (!x->shape[d]) return tp__call_fail(call, TP_ERR_SHAPE, "input %s is empty", tp__shape_text(x));
    if (told->n && told->n != n && told->n != n + 2)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "output_size takes %d numbers", n);
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    for (int i = 0; i < n; i++) {
        const tp_status status = unpooled(call, n, v, told, i, &size[i]);
        if (status) return status;
    }
    return tp__made(call->out[call->n_out++] = tp__plane_scatter_of(call->in[0], call->in[1], n, size, false, NULL));
}

/* ---- Samples ----------------------------------------------------------------------------------------------------------------------- */

static void pool_samples(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 2, 4, 6, 4 }, one[] = { 1, 7, 6, 5 };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, tp__shape(n + 2, x))), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, tp__shape(n + 1, one))), TP__INT_ARG(3), TP__INT_ARG(2), TP__INT_ARG(1), TP__INT_ARG(2),
             TP__BOOL_ARG(true));
}

static void adaptive_samples(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 2, 5, 4, 3 };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, tp__shape(n + 2, x))), TP__INT_ARG(3), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, tp__shape(n + 1, x + 1))), TP__INT_ARG(2));
}

static void unpool_samples(tp_sample_set *set, int n)
{
    const int64_t x[] = { 2, 1, 2, 2, 1 };
    int64_t places[16];
    for (int i = 0; i < 16; i++) places[i] = i % 8;    /* none twice in a plane: the last one would win */
    const tp_shape shape = tp__shape(n + 2, x);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, shape, -1, 1)), TP__TENSOR_ARG(tp_from_data(places, TP_I64, shape)), TP__INT_ARG(n == 1 ? 5 : 3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, shape, -1, 1)), TP__TENSOR_ARG(tp_from_data(places, TP_I64, shape)), TP__INT_ARG(3),
             TP__INT_ARG(n == 1 ? 8 : 3), TP__INT_ARG(1));
}

/* ---- Descriptors and public ------------------------------------------------------------------------------------------------------------ */

#define FORM(op, text, bytes, run, give, n) \
    static tp_status op##_run(tp__call *call) { return run(call, n); } \
    static void op##_samples(tp_sample_set *set) { give(set, n); } \
    static const tp_op op_##op = { .schema = text, .compose = op##_run, .attr_size = bytes, .samples = op##_samples, .state = TP__STATE };

/* One output, and where it stood if the caller has a place for that. */
static tp_tensor *both(const tp_op *op, tp_tensor *x, const void *attr, tp_tensor **indices, const void *caller)
{
    tp_tensor *out[4] = { NULL };
    tp__run(op, &x, 1, attr, out, 4, caller);
    if (indices) *indices = out[0] ? out[1] : NULL;
    return out[0];
}

#define WINDOW(n) "(Tensor input, int[" #n "] kernel_size, int[" #n "]? stride=none, int[" #n "] padding=0, int[" #n "] dilation=1, bool ceil_mode=false"
#define POOL_BYTES(n) (4 * n * sizeof(int64_t) + 2 * sizeof(bool))
#define UNPOOL_BYTES(n) (3 * n * sizeof(int64_t) + sizeof(tp__ints))
#define FORMS(n, EACH) \
    FORM(max_pool##n##d, "max_pool" #n "d" WINDOW(n) ", bool return_indices=false) -> Tensor", POOL_BYTES(n), run_pool, pool_samples, n) \
    FORM(with_indices##n, "max_pool" #n "d_with_indices" WINDOW(n) ") -> (Tensor, Tensor)", POOL_BYTES(n), run_with_indices, pool_samples, n) \
    FORM(adaptive##n, "adaptive_max_pool" #n "d(Tensor input, int[" #n "] output_size, bool return_indices=false) -> Tensor", \
         n * sizeof(int64_t) + sizeof(bool), run_adaptive, adaptive_samples, n) \
    FORM(unpool##n, "max_unpool" #n "d(Tensor input, Tensor indices, int[" #n "] kernel_size, int[" #n "]? stride=none, int[" #n "] padding=0, " \
         "int[]? output_size=none) -> Tensor", UNPOOL_BYTES(n), run_unpool, unpool_samples, n) \
    tp_tensor *tp_max_pool##n##d_with(tp_tensor *x, int64_t kernel, const tp_max_pool##n##d_options *options) \
    { \
        tp_max_pool##n##d_options o = TP__BRACES(max_pool##n##d, ); \
        if (tp_options_take("max_pool" #n "d", &o, options, offsetof(tp_max_pool##n##d_options, tp__end))) return NULL; \
        struct { int64_t v[4 * n]; bool ceil_mode, return_indices; } a = { .ceil_mode = o.ceil_mode, .return_indices = o.indices }; \
        for (int i = 0; i < n; i++) { \
            a.v[i] = EACH(kernel, o.kernel, i); \
            a.v[n + i] = EACH(o.stride, o.stride, i); \
            a.v[2 * n + i] = EACH(o.padding, o.padding, i); \
            a.v[3 * n + i] = EACH(o.dilation, o.dilation, i); \
        } \
        return both(&op_max_pool##n##d, x, &a, o.indices, TP__CALLER); \
    } \
    tp_tensor *tp_adaptive_max_pool##n##d_with(tp_tensor *x, int64_t size, const tp_adaptive_max_pool##n##d_options *options) \
    { \
        tp_adaptive_max_pool##n##d_options o = TP__BRACES(adaptive_max_pool##n##d, ); \
        if (tp_options_take("adaptive_max_pool" #n "d", &o, options, offsetof(tp_adaptive_max_pool##n##d_options, tp__end))) return NULL; \
        struct { int64_t v[n]; bool return_indices; } a = { .return_indices = o.indices }; \
        for (int i = 0; i < n; i++) a.v[i] = EACH(size, o.size, i); \
        return both(&op_adaptive##n, x, &a, o.indices, TP__CALLER); \
    } \
    tp_tensor *tp_max_unpool##n##d_with(tp_tensor *x, tp_tensor *indices, int64_t kernel, const tp_max_unpool##n##d_options *options) \
    { \
        tp_max_unpool##n##d_options o = TP__BRACES(max_unpool##n##d, ); \
        if (tp_options_take("max_unpool" #n "d", &o, options, offsetof(tp_max_unpool##n##d_options, tp__end))) return NULL; \
        struct { int64_t v[3 * n]; tp__ints size; } a = { .size = tp__ints_of(n, o.output_size) }; \
        for (int i = 0; i < n; i++) { \
            a.v[i] = EACH(kernel, o.kernel, i); \
            a.v[n + i] = EACH(o.stride, o.stride, i); \
            a.v[2 * n + i] = EACH(o.padding, o.padding, i); \
        } \
        return tp__run1(&op_unpool##n, (tp_tensor *[]){ x, indices }, 2, &a, TP__CALLER); \
    }
#define FOR_ALL(all, each, i)  (all)
#define OR_HW(all, each, i)    (each##_hw[i] != TP_NONE ? each##_hw[i] : (all))
#define OR_DHW(all, each, i)   (each##_dhw[i] != TP_NONE ? each##_dhw[i] : (all))
FORMS(1, FOR_ALL)
FORMS(2, OR_HW)
FORMS(3, OR_DHW)

const tp_op *const tp__ops_pool_max_forms[] = { &op_max_pool1d, &op_max_pool2d, &op_max_pool3d, &op_with_indices1, &op_with_indices2, &op_with_indices3,
    &op_adaptive1, &op_adaptive2, &op_adaptive3, &op_unpool1, &op_unpool2, &op_unpool3, NULL };
