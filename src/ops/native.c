/* native.c: normalizations with the statistics that they use, and gradients as functions, by the names that PyTorch gives them. All are made
 * of other ops.
 *
 *   native_batch_norm, .. native_group_norm      y, mean, 1 / sqrt(var + eps); without training the last two of batch norm are empty
 *   native_dropout_backward                      dy mask scale
 *   _softmax_backward_data                       y (dy - sum(y dy))
 *   max_pool2d_with_indices_backward             dy, added at the places that the indices say */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- Normalizations ------------------------------------------------------------------------------------------------------------------ */

typedef struct batch_attr { bool training; double momentum, eps; } batch_attr;
typedef struct update_attr { double momentum, eps; } update_attr;
typedef struct group_attr { int64_t n, c, inner, group; double eps; } group_attr;

/* in: input, weight, bias, running_mean, running_var */
static tp_status batch(tp__call *call, tp_tensor *const *in, const batch_attr *a)
{
    tp_tensor *x = in[0], *y;
    const tp_arg args[] = {
        TP__TENSOR_ARG(x), tp__tensor_named(NULL, in[3]), tp__tensor_named(NULL, in[4]), tp__tensor_named(NULL, in[1]), tp__tensor_named(NULL, in[2]),
        TP__BOOL_ARG(a->training), TP__FLOAT_ARG(a->momentum), TP__FLOAT_ARG(a->eps),
    };
    if (tp_op_call("batch_norm", args, 8, &y, 1, NULL) || tp__give_out(call, y)) return tp__pending();
    const tp_dtype dtype = (tp_dtype)(in[1] ? in[1] : x)->dtype;
    if (!a->training) {
        for (int i = 0; i < 2; i++)
            if (tp__give_out(call, tp_empty(TP_SHAPE(0), .dtype = dtype, .device = x->device))) return tp__pending();
        return TP_OK;
    }
    TP_NO_GRAD();
    tp_dims others = { .n = 0 };
    for (int d = 0; d < x->ndim; d++)
        if (d != 1) others.dim[others.n++] = d;
    if (x->dtype == TP_F16 || x->dtype == TP_BF16) x = tp_to_dtype(x, TP_F32);
    tp_tensor *mean, *var = tp_var_mean(x, &mean, .dims = others, .correction = 0);
    if (!var || tp__give_out(call, tp_to_dtype(mean, dtype))) return tp__pending();
    return tp__give_out(call, tp_to_dtype(tp_rsqrt(tp_add(var, a->eps)), dtype));
}
static tp_status batch_compose(tp__call *call) { return batch(call, call->in, call->attr); }
static tp_status batch_alone_compose(tp__call *call)
{
    return batch(call, (tp_tensor *[]){ call->in[0], call->in[1], call->in[2], NULL, NULL }, call->attr);
}
static tp_status batch_update_compose(tp__call *call)
{
    const update_attr *a = call->attr;
    if (batch(call, call->in, &(batch_attr){ true, a->momentum, a->eps })) return tp__pending();
    return tp__give_out(call, tp_empty(TP_SHAPE(0), .dtype = TP_U8, .device = call->in[0]->device));
}

static tp_status group_compose(tp__call *call)
{
    const group_attr *a = call->attr;
    tp_tensor *x = call->in[0], *out[3];
    int64_t all;
    if (a->n < 0 || a->c < 0 || a->inner < 0 || __builtin_mul_overflow(a->n, a->c, &all) || __builtin_mul_overflow(all, a->inner, &all) || all != x->numel
        || x->ndim < 2 || x->shape[0] != a->n || x->shape[1] != a->c)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s is not of %lld samples, %lld channels and %lld elements",
                             tp__shape_text(x), (long long)a->n, (long long)a->c, (long long)a->inner);
    const tp_arg args[] = {
        TP__TENSOR_ARG(x), TP__INT_ARG(a->group), tp__tensor_named(NULL, call->in[1]), tp__tensor_named(NULL, call->in[2]), TP__FLOAT_ARG(a->eps),
    };
    if (tp_op_call("group_norm.stats", args, 5, out, 3, NULL)) return tp__pending();
    for (int i = 0; i < 3; i++)
        if (tp__give_out(call, out[i])) return tp__pending();
    return TP_OK;
}

/* ---- Gradients ------------------------------------------------------------------------------------------------------------------------- */

static tp_status dropout_compose(tp__call *call)
{
    const tp_tensor *mask = call->in[1];
    if (mask->dtype != TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s, and has to be bool", tp_dtype_name((tp_dtype)mask->dtype));
    return tp__give_out(call, tp_mul(tp_mul(call->in[0], call->in[1]), *(const double *)call->attr));
}

typedef struct softmax_attr { int64_t dim; tp_dtype input_dtype; } softmax_attr;
static tp_status softmax_compose(tp__call *call)
{
    const softmax_attr *a = call->attr;
    tp_tensor *dy = call->in[0], *y = call->in[1];
    int dim;
    if (tp__take_dim(call, a->dim, y, &dim)) return tp__pending();
    if (!tp__same_shape(dy, y) || dy->dtype != y->dtype || !tp__is_floating(y->dtype))
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s %s does not fit the output %s %s", tp_dtype_name((tp_dtype)dy->dtype), tp__shape_text(dy),
                             tp_dtype_name((tp_dtype)y->dtype), tp__shape_text(y));
    const tp_dtype dtype = (tp_dtype)y->dtype, within = dtype == TP_F64 ? TP_F64 : TP_F32;
    dy = tp_to_dtype(dy, within);
    y = tp_to_dtype(y, within);
    tp_tensor *share = tp_sum(tp_mul(y, dy), .dims = TP_DIMS(dim), .keepdim = true);
    return tp__give_out(call, tp_to_dtype(tp_mul(y, tp_sub(dy, share)), a->input_dtype));
}

typedef struct pool_attr { int64_t kernel_size[2], stride[2], padding[2], dilation[2]; bool ceil_mode; } pool_attr;
static tp_status pool_compose(tp__call *call)
{
    enum { INDICES = 7 };
    tp_tensor *dy = call->in[0], *x = call->in[1], *indices = call->in[INDICES];
    if (x->ndim != 3 && x->ndim != 4) return tp__call_fail(call, TP_ERR_SHAPE, "takes images [n, c, h, w] or [c, h, w], not %s", tp__shape_text(x));
    if (!tp__same_shape(dy, indices) || dy->ndim != x->ndim || memcmp(dy->shape, x->shape, sizeof *x->shape * (size_t)(x->ndim - 2)) || dy->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s, the indices %s and the input %s do not fit", tp__shape_text(dy),
                             tp__shape_text(indices), tp__shape_text(x));
    tp_shape flat = { .ndim = x->ndim - 1 }, image = flat;
    for (int d = 0; d < x->ndim - 2; d++) flat.dim[d] = image.dim[d] = x->shape[d];
    flat.dim[x->ndim - 2] = dy->shape[x->ndim - 2] * dy->shape[x->ndim - 1];
    image.dim[x->ndim - 2] = x->shape[x->ndim - 2] * x->shape[x->ndim - 1];
    tp_tensor *dx = tp_scatter_add(tp_zeros(image, .dtype = (tp_dtype)x->dtype, .device = x->device), -1, tp_reshape(indices, flat),
                                   tp_reshape(dy, flat));
    return tp__give_out(call, tp_reshape(dx, tp_shape_of(x)));
}

/* ---- Samples, descriptors ----------------------------------------------------------------------------------------------------------------- */

#define X(...)   TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define PLUS(n)  TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(n), 0.5, 1)))
#define NONE     { .kind = TP_ARG_NONE }
/* The statistics have no gradient, although they are floating. */
#define GIVE(...) set->take(set, &(tp__sample){ .args = { __VA_ARGS__ }, .n = TP__COUNT(tp_arg, __VA_ARGS__), .no_gradcheck = true, .needs_all = true })
static void batch_samples(tp_sample_set *set)
{
    GIVE(X(3, 2, 4), X(2), X(2), NONE, NONE, TP__BOOL_ARG(true), TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(0.5));
    GIVE(X(3, 2), X(2), NONE, PLUS(2), PLUS(2), TP__BOOL_ARG(false), TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(0.5));
}
static void batch_alone_samples(tp_sample_set *set) { GIVE(X(3, 2, 4), X(2), X(2), TP__BOOL_ARG(true), TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(0.5)); }
static void batch_update_samples(tp_sample_set *set) { GIVE(X(3, 2, 4), X(2), X(2), NONE, NONE, TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(0.5)); }
static void group_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 4, 3), X(4), X(4), TP__INT_ARG(2), TP__INT_ARG(4), TP__INT_ARG(3), TP__INT_ARG(2), TP__FLOAT_ARG(0.5));
}
static void dropout_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4), TP__TENSOR_ARG(tp_to_dtype(tp__sample_indices(TP_SHAPE(3, 4), 2), TP_BOOL)), TP__FLOAT_ARG(2));
}
static void softmax_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4), X(3, 4), TP__INT_ARG(-1), { .kind = TP_ARG_DTYPE, .value.dtype = set->dtype ? set->dtype : TP_F32 });
}
static void pool_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(1, 2, 1, 2), X(1, 2, 2, 4), TP__INTS_ARG(2, 2, 2), TP__INTS_ARG(2, 2, 2), TP__INTS_ARG(2, 0, 0), TP__INTS_ARG(2, 1, 1), TP__BOOL_ARG(false),
             TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(1, 2, 1, 2), 8)));
}

#define BATCH(name) name "(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, " \
    "bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)"
static const tp_op op_batch = TP__COMPOSED(BATCH("native_batch_norm"), batch_compose, sizeof(batch_attr), batch_samples);
static const tp_op op_batch_legit = TP__COMPOSED(BATCH("_native_batch_norm_legit"), batch_compose, sizeof(batch_attr), batch_samples);
static const tp_op op_batch_alone = TP__COMPOSED("_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, "
                                                 "Tensor? bias, bool training, float momentum, float eps) -> "
                                                 "(Tensor, Tensor, Tensor)", batch_alone_compose, sizeof(batch_attr),
                                                 batch_alone_samples);
static const tp_op op_batch_update = TP__COMPOSED("_batch_norm_with_update(Tensor input, Tensor? weight, "
                                                  "Tensor? bias, Tensor? running_mean, Tensor? running_var, "
                                                  "float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor)",
                                                  batch_update_compose, sizeof(update_attr), batch_update_samples);
static const tp_op op_group = TP__COMPOSED("native_group_norm(Tensor input, Tensor? weight, Tensor? bias, int N, "
                                           "int C, int HxW, int group, float eps) -> (Tensor, Tensor, Tensor)",
                                           group_compose, sizeof(group_attr), group_samples);
static const tp_op op_dropout = TP__COMPOSED("native_dropout_backward(Tensor grad_output, Tensor mask, float scale) -> Tensor", dropout_compose,
                                             sizeof(double), dropout_samples);
static const tp_op op_softmax = TP__COMPOSED("_softmax_backward_data(Tensor grad_output, Tensor output, int dim, "
                                             "dtype input_dtype) -> Tensor", softmax_compose, sizeof(softmax_attr),
                                             softmax_samples);
static const tp_op op_pool = TP__COMPOSED("max_pool2d_with_indices_backward(Tensor grad_output, Tensor input, "
                                          "int[2] kernel_size, int[2] stride, int[2] padding, int[2] dilation, "
                                          "bool ceil_mode, Tensor indices) -> Tensor", pool_compose, sizeof(pool_attr),
                                          pool_samples);

const tp_op *const tp__ops_native[] = { &op_batch, &op_batch_legit, &op_batch_alone, &op_batch_update, &op_group, &op_dropout, &op_softmax, &op_pool, NULL };
