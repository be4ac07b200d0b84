/* native_older.c: further functions of PyTorch that its newer ones have taken the place of, by the names that they still have there. All are
 * made of other ops.
 *
 *   conv_tbc                            conv1d of [steps, batch, in] by [kernel, in, out]
 *   norm_except_dim                     the norm of each slice along dim, with 1 for all other dims; of all elements for dim -1
 *   frobenius_norm, nuclear_norm        of matrices along two dims; the first of vectors, too
 *   native_dropout                      y, and which elements were kept
 *   adaptive_max_pool1d_with_indices ..     with return_indices
 *   is_nonzero, is_same_size            a truth, as a tensor without dims */
#include "ops/reduce_norm.h"
#include "ops/samples.h"
#include "ops/view.h"

/* ---- conv_tbc ------------------------------------------------------------------------------------------------------------------------- */

static tp_status conv_tbc_compose(tp__call *call)
{
    const int64_t pad = *(const int64_t *)call->attr;
    const tp_tensor *x = call->in[0], *w = call->in[1], *b = call->in[2];
    if (x->ndim != 3 || w->ndim != 3 || x->shape[2] != w->shape[1])
        return tp__call_fail(call, TP_ERR_SHAPE, "takes [steps, batch, in] and [kernel, in, out], not %s and %s", tp__shape_text(x), tp__shape_text(w));
    if (b->ndim != 1 || b->shape[0] != w->shape[2])
        return tp__call_fail(call, TP_ERR_SHAPE, "the bias %s does not fit the weight %s", tp__shape_text(b), tp__shape_text(w));
    if (pad < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "a padding of %lld cannot be", (long long)pad);
    tp_tensor *channels = tp_permute(call->in[0], TP_DIMS(1, 2, 0)), *kernel = tp_permute(call->in[1], TP_DIMS(2, 1, 0));
    tp_tensor *y = channels && kernel ? tp_conv1d(channels, kernel, call->in[2], .padding = pad) : NULL;
    return tp__give_out(call, y ? tp_permute(y, TP_DIMS(2, 0, 1)) : NULL);
}

/* ---- Norms ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct except_attr { int64_t pow, dim; } except_attr;

static tp_status except_dim_compose(tp__call *call)
{
    const except_attr *a = call->attr;
    tp_tensor *x = call->in[0];
    tp__ints others = { .n = 0 };
    if (a->dim == -1) {                                /* of all, as torch has it: no last dim */
        const tp__ints flat = { 1, { 0 } };
        return tp__give_out(call, tp__vector_norm(tp_reshape(x, TP_SHAPE(-1)), (double)a->pow, &flat, false, TP_DTYPE_DEFAULT));
    }
    if (a->dim < 0 || a->dim >= x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)a->dim, tp__shape_text(x));
    for (int d = 0; d < x->ndim; d++)
        if (d != a->dim) others.v[others.n++] = d;
    if (others.n) return tp__give_out(call, tp__vector_norm(x, (double)a->pow, &others, true, TP_DTYPE_DEFAULT));
    const tp__ints last = { 1, { 1 } };                /* a vector: of each element by itself */
    return tp__give_out(call, tp_reshape(tp__vector_norm(tp_unsqueeze(x, 1), (double)a->pow, &last, true, TP_DTYPE_DEFAULT), tp_shape_of(x)));
}

typedef struct matrix_attr { tp__ints dim; bool keepdim; } matrix_attr;

static tp_status frobenius_compose(tp__call *call)
{
    const matrix_attr *a = call->attr;
    if (a->dim.n > 2) return tp__call_fail(call, TP_ERR_ARGUMENT, "is of one dim or two, not of %lld", (long long)a->dim.n);
    return tp__give_out(call, tp__vector_norm(call->in[0], 2, &a->dim, a->keepdim, TP_DTYPE_DEFAULT));
}
static tp_status nuclear(tp__call *call, const tp__ints *dim, bool keepdim)
{
    tp_tensor *x = call->in[0];
    const bool two = dim->n == 2 && x->ndim >= 2;
    tp__ints dims = { 2, { two ? tp__dim(dim->v[0], x->ndim) : -1, two ? tp__dim(dim->v[1], x->ndim) : -1 } };
    if (dims.v[0] < 0 || dims.v[1] < 0 || dims.v[0] == dims.v[1])
        return tp__call_fail(call, TP_ERR_SHAPE, "the norm of a matrix is of two dims of %s, which %s are not", tp__shape_text(x),
                             tp__dims_text((int)dim->n, dim->v));
    return tp__give_out(call, tp__nuclear_norm(x, &dims, keepdim, TP_DTYPE_DEFAULT));
}
static tp_status nuclear_dim_compose(tp__call *call)
{
    const matrix_attr *a = call->attr;
    return nuclear(call, &a->dim, a->keepdim);
}
static tp_status nuclear_compose(tp__call *call) { return nuclear(call, &(tp__ints){ 2, { 0, 1 } }, *(const bool *)call->attr); }

/* ---- native_dropout ----------------------------------------------------------------------------------------------------------------------- */

typedef struct dropout_attr { double p; bool train; } dropout_attr;

static tp_status dropout_compose(tp__call *call)
{
    const dropout_attr *a = call->attr;
    tp_tensor *x = call->in[0];
    if (!(a->p >= 0 && a->p <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, and has to be from 0 to 1", a->p);
    if (tp__category(x->dtype) < 2) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)x->dtype));
    const double keep = a->train ? 1 - a->p : 1;
    tp_tensor *mask = tp_ones(tp_shape_of(x), .dtype = TP_BOOL, .device = x->device);
    if (a->train) mask = tp_bernoulli_(mask, keep);
    tp_tensor *y = a->train ? tp_mul(tp_mul(x, mask), keep > 0 ? 1 / keep : 0) : tp_clone(x);
    return tp__give_out(call, y) ? tp__pending() : tp__give_out(call, mask);
}

/* ---- Pools: the plain one, which is asked for the places ------------------------------------------------------------------------------------ */

static tp_status pool(tp__call *call, const char *op, int n)
{
    const int64_t *v = call->attr;
    const tp_arg args[] = { TP__TENSOR_ARG(call->in[0]), { .kind = TP_ARG_INTS, .n = n, .value.ints = v }, TP__BOOL_ARG(true) };
    tp_tensor *out[2] = { NULL };
    if (tp_op_call(op, args, 3, out, 2, NULL) || tp__give_out(call, out[0])) return tp__pending();
    return tp__give_out(call, out[1]);
}
static tp_status pool1_compose(tp__call *call) { return pool(call, "adaptive_max_pool1d", 1); }
static tp_status pool2_compose(tp__call *call) { return pool(call, "adaptive_max_pool2d", 2); }
static tp_status pool3_compose(tp__call *call) { return pool(call, "adaptive_max_pool3d", 3); }

/* ---- Truths ------------------------------------------------------------------------------------------------------------------ */

static tp_status nonzero_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (x->numel != 1) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %lld elements, and not one", tp__shape_text(x), (long long)x->numel);
    return tp__give_out(call, tp_reshape(tp_ne(tp_detach(x), 0), TP__SCALAR_SHAPE));
}
static tp_status same_size_compose(tp__call *call)
{
    return tp__give_out(call, tp_full(TP__SCALAR_SHAPE, tp__same_shape(call->in[0], call->in[1]), .dtype = TP_BOOL, .device = call->in[0]->device));
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void tbc_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(5, 2, 3), X(2, 3, 4), X(4));
    TP__GIVE(set, X(4, 1, 2), X(3, 2, 2), X(2), TP__INT_ARG(1));
}
static void except_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 2, 4));
    TP__GIVE(set, X(3, 2), TP__INT_ARG(3), TP__INT_ARG(1));
    TP__GIVE(set, X(3, 2), TP__INT_ARG(2), TP__INT_ARG(-1));
    TP__GIVE(set, X(3));
}
static void frobenius_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3, 2), TP__INTS_ARG(2, 0, -1));
    TP__GIVE(set, X(2, 3), TP__INTS_ARG(1, 1), TP__BOOL_ARG(true));
}
static void nuclear_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(3, 2))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 3))), TP__BOOL_ARG(true));
}
static void nuclear_dim_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 2, 3))), TP__INTS_ARG(2, 0, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 2, 3))), TP__INTS_ARG(2, -1, 1), TP__BOOL_ARG(true));
}
static void dropout_samples(tp_sample_set *set)
{
    tp__sample sample = { .n = 3, .random = true, .no_gradcheck = true };
    sample.args[0] = (tp_arg)X(2, 3, 4);
    sample.args[1] = (tp_arg)TP__FLOAT_ARG(0.4);
    sample.args[2] = (tp_arg)TP__BOOL_ARG(true);
    set->take(set, &sample);
    TP__GIVE(set, X(2, 3), TP__FLOAT_ARG(0.4), TP__BOOL_ARG(false));
}
static void pool1_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 2, 5))), TP__INT_ARG(3)); }
static void pool2_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(2, 5, 4))), TP__INTS_ARG(2, 2, 3)); }
static void pool3_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(1, 2, 3, 4, 2))), TP__INT_ARG(2)); }
static void nonzero_samples(tp_sample_set *set) { TP__GIVE(set, X(1, 1)); }
static void same_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), X(2, 3));
    TP__GIVE(set, X(2, 3), X(3, 2));
}

static const tp_op op_conv_tbc = TP__COMPOSED("conv_tbc(Tensor input, Tensor weight, Tensor bias, int pad=0) -> Tensor",
    conv_tbc_compose, sizeof(int64_t), tbc_samples);
static const tp_op op_except_dim = TP__COMPOSED("norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor",
    except_dim_compose, sizeof(except_attr), except_samples);
static const tp_op op_frobenius = TP__COMPOSED("frobenius_norm(Tensor input, int[] dim, bool keepdim=false) -> Tensor",
    frobenius_compose, sizeof(matrix_attr), frobenius_samples);
static const tp_op op_nuclear = TP__COMPOSED("nuclear_norm(Tensor input, bool keepdim=false) -> Tensor", nuclear_compose, sizeof(bool), nuclear_samples);
static const tp_op op_nuclear_dim = TP__COMPOSED("nuclear_norm.dim(Tensor input, int[] dim, bool keepdim=false) -> Tensor",
    nuclear_dim_compose, sizeof(matrix_attr), nuclear_dim_samples);
static const tp_op op_dropout = { .schema = "native_dropout(Tensor input, float p, bool train=true) -> (Tensor, Tensor)",
    .flags = TP__RANDOM, .compose = dropout_compose, .attr_size = sizeof(dropout_attr), .samples = dropout_samples, .state = TP__STATE };
static const tp_op op_pool1 = TP__COMPOSED("adaptive_max_pool1d_with_indices(Tensor input, int[1] output_size, bool return_indices=false) -> (Tensor, Tensor)",
    pool1_compose, 2 * sizeof(int64_t), pool1_samples);
static const tp_op op_pool2 = TP__COMPOSED("adaptive_max_pool2d_with_indices(Tensor input, int[2] output_size, bool return_indices=false) -> (Tensor, Tensor)",
    pool2_compose, 3 * sizeof(int64_t), pool2_samples);
static const tp_op op_pool3 = TP__COMPOSED("adaptive_max_pool3d_with_indices(Tensor input, int[3] output_size, bool return_indices=false) -> (Tensor, Tensor)",
    pool3_compose, 4 * sizeof(int64_t), pool3_samples);
static const tp_op op_is_nonzero = { .schema = "is_nonzero(Tensor input) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = nonzero_compose, .samples = nonzero_samples, .state = TP__STATE };
static const tp_op op_same_size = { .schema = "is_same_size(Tensor input, Tensor other) -> Tensor", .flags = TP__NO_GRAD_OP, .compose = same_size_compose,
    .samples = same_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_conv_tbc(tp_tensor *x, tp_tensor *w, tp_tensor *b, int64_t pad)
{
    return tp__run1(&op_conv_tbc, (tp_tensor *[]){ x, w, b }, 3, &pad, TP__CALLER);
}
tp_tensor *tp_norm_except_dim(tp_tensor *v, int64_t pow, int64_t dim) { return tp__run1(&op_except_dim, &v, 1, &(except_attr){ pow, dim }, TP__CALLER); }
tp_tensor *tp_native_dropout(tp_tensor *x, double p, bool train, tp_tensor **mask)
{
    return tp__run_parts(&op_dropout, &x, 1, &(dropout_attr){ p, train }, mask, NULL, TP__CALLER);
}

const tp_op *const tp__ops_native_older[] = {
    &op_conv_tbc, &op_except_dim, &op_frobenius, &op_nuclear, &op_nuclear_dim, &op_dropout, &op_pool1, &op_pool2, &op_pool3, &op_is_nonzero,
    &op_same_size, NULL,
};
