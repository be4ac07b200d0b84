/* pad.c: more room at both ends of dims, or less.
 *
 *   constant      a number outside                            dx = dy without what was added
 *   reflect       y[i] = x[|i - l|], mirrored at the ends     dx = dy added up where it came from
 *   replicate     the elements at the ends                    the same
 *   circular      the other end                               the same
 *
 * pad_constant and pad_mirror (of the other modes) have a number for each dim of x, below 0 to cut off. pad_mirror_backward is the
 * adjoint of one, and each the other's rule; it takes x for its shape, and as PyTorch's gives it a gradient, which is 0. */
#include "core/create.h"
#include "core/kernel_args.h"
#include "ops/copy.h"
#include "ops/samples.h"
#include "ops/view.h"

#define MODES "string{constant,reflect,replicate,circular}"
static const char *const mode_name[] = { "", "constant", "reflect", "replicate", "circular" };

/* ---- Checks --------------------------------------------------------------------------------------------------------------------------- */

static tp_status check_dim(tp__call *call, const tp__pad *a, int d, int64_t size)
{
    const int64_t before = a->before.v[d], after = a->after.v[d], most = before > after ? before : after;
    const int64_t room = a->mode == TP__PAD_REFLECT ? size - 1 : size;
    if (a->mode != TP__PAD_CONSTANT && a->mode != TP__PAD_REPLICATE && most > 0 && most > room)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s padding of %lld and %lld is too much for the %lld elements of dim %d", mode_name[a->mode],
                             (long long)before, (long long)after, (long long)size, d);
    /* a cut takes what is there, and must leave something to go round by */
    const int64_t left = size + (before < 0 ? before : 0) + (after < 0 ? after : 0);
    if (left < 0 && (a->mode == TP__PAD_CONSTANT || a->mode == TP__PAD_CIRCULAR))
        return tp__call_fail(call, TP_ERR_SHAPE, "padding of %lld and %lld cuts more than the %lld elements of dim %d", (long long)before, (long long)after,
                             (long long)size, d);
    if (a->mode == TP__PAD_CIRCULAR && most > 0 && most > left)
        return tp__call_fail(call, TP_ERR_SHAPE, "circular padding of %lld and %lld is too much for the %lld elements of dim %d", (long long)before,
                             (long long)after, (long long)size, d);
    return TP_OK;
}
#define MOST (INT64_C(1) << 61)                         /* that may be cut: places are differences */
static tp_status check(tp__call *call, const tp__pad *a, int ndim, const int64_t *size, int64_t *out)
{
    if (a->before.n != ndim || a->after.n != ndim || a->mode < TP__PAD_CONSTANT || a->mode > TP__PAD_CIRCULAR)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "padding of %lld and %lld dims for %s", (long long)a->before.n,
                             (long long)a->after.n, tp__dims_text(ndim, size));
    for (int d = 0; d < ndim; d++) {
        const int64_t before = a->before.v[d], after = a->after.v[d];
        const bool added = before || after;
        if (before < -MOST || after < -MOST || __builtin_add_overflow(size[d], before, &out[d]) || __builtin_add_overflow(out[d], after, &out[d]) || out[d] < 0)
            return tp__call_fail(call, TP_ERR_SHAPE, "%lld elements of dim %d, padded by %lld and %lld, are no size",
                                 (long long)size[d], d, (long long)before, (long long)after);
        if (a->mode != TP__PAD_CONSTANT && added && (!size[d] || (!out[d] && a->mode != TP__PAD_CIRCULAR)))
            return tp__call_fail(call, TP_ERR_SHAPE, "dim %d has %lld elements, and would get %lld", d, (long long)size[d], (long long)out[d]);
        if (check_dim(call, a, d, size[d])) return tp__pending();
    }
    return TP_OK;
}

/* ---- pad_dims -------------------------------------------------------------------------------------------------------------------------- */

static tp_status pad_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp__pad *a = call->attr;
    int64_t out[TP_MAX_DIMS], stride[TP_MAX_DIMS];
    if (check(call, a, x->ndim, x->shape, out)) return tp__pending();
    bool padded = false;                               /* else the value goes nowhere */
    for (int i = 0; i < x->ndim; i++) padded = padded || a->before.v[i] > 0 || a->after.v[i] > 0;
    if (a->mode == TP__PAD_CONSTANT && padded && tp__check_filling(call, (tp_dtype)x->dtype, a->value, tp__is_one(x->ndim, out)))
        return tp__pending();
    call->keep_shape = 1;
    const tp_memory_format format = x->flags & TP__CONTIGUOUS ? TP_FORMAT_DEFAULT : tp__has_format(x, TP_CHANNELS_LAST) ? TP_CHANNELS_LAST
                                    : tp__has_format(x, TP_CHANNELS_LAST_3D) ? TP_CHANNELS_LAST_3D : TP_FORMAT_DEFAULT;
    if (!format) return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, out));
    tp__strides_of_format(format, x->ndim, out, stride);
    return tp__made(tp__out_made(call, tp__tensor_new_strided(x->device, (tp_dtype)x->dtype, x->ndim, out, stride)));
}

static const tp_op op_constant, op_mirror, op_mirror_backward;
static tp_tensor *pad(tp_tensor *x, const tp__pad *a)
{
    return x ? tp__run1(a->mode == TP__PAD_CONSTANT ? &op_constant : &op_mirror, &x, 1, a, NULL) : NULL;
}

static tp_status constant_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp__pad a = *(const tp__pad *)tp__attr(node);
    (void)need;
    for (int d = 0; d < a.before.n; d++) {
        a.before.v[d] = -a.before.v[d];
        a.after.v[d] = -a.after.v[d];
    }
    a.value = (tp_operand){ .kind = TP_OPERAND_INTEGER };
    return tp__made(dx[0] = pad(dy[0], &a));
}
static tp_status mirror_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x = tp__saved(node, 0);
    (void)need;
    return tp__made(dx[0] = x ? tp__run1(&op_mirror_backward, (tp_tensor *[]){ dy[0], x }, 2, tp__attr(node), NULL) : NULL);
}
static void constant_dims_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(3, 0, 2, -1),
             TP__INTS_ARG(3, 0, 1, 2), TP__STRING_ARG("constant"));
}
static void mirror_samples(tp_sample_set *set)
{
    static const char *const mode[] = { "reflect", "replicate", "circular" };
    for (int i = 0; i < 3; i++) {
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -2, 2)), TP__INTS_ARG(3, 0, 2, -1),
                 TP__INTS_ARG(3, 0, 1, 2), TP__STRING_ARG(mode[i]));
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), TP__INTS_ARG(1, 1), TP__INTS_ARG(1, -2), TP__STRING_ARG(mode[i]));
    }
}
#define EACH_END "int[] before, int[] after, " MODES " mode, number value=0) -> Tensor"
static const tp_op op_constant = { .schema = "pad_constant(Tensor input, int[] before, int[] after, "
    "string{constant} mode, number value=0) -> Tensor", .kernel = "pad_dims", .flags = TP__INTERNAL, .shape = pad_shape,
    .backward = constant_backward, .attr_size = sizeof(tp__pad), .samples = constant_dims_samples, .state = TP__STATE };
static const tp_op op_mirror = { .schema = "pad_mirror(Tensor input, " EACH_END, .kernel = "pad_dims", .flags = TP__INTERNAL, .shape = pad_shape,
    .backward = mirror_backward, .saves = { TP__INPUT(0, 0) }, .attr_size = sizeof(tp__pad), .samples = mirror_samples, .state = TP__STATE };

/* ---- pad_mirror_backward --------------------------------------------------------------------------------------------------------------- */

static tp_status back_shape(tp__call *call)
{
    tp_tensor *dy = call->in[0], *x = call->in[1];
    int64_t out[TP_MAX_DIMS];
    if (check(call, call->attr, x->ndim, x->shape, out)) return tp__pending();
    if (dy->ndim != x->ndim || memcmp(out, dy->shape, sizeof *out * dy->ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient is %s, and must be %s", tp__shape_text(dy), tp__dims_text(x->ndim, out));
    if (tp__category(dy->dtype) < 2) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)dy->dtype));
    call->keep_shape = 2;
    return tp__made(tp__out(call, (tp_dtype)dy->dtype, x->ndim, x->shape));
}
static tp_status back_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *x = tp__kept(node, 1);
    if (need & 1 && !(dx[0] = pad(g[0], tp__attr(node)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_zeros(tp__kept_shape_of(x), .dtype = (tp_dtype)x->dtype, .device = g[0]->device))) return tp__pending();
    return TP_OK;
}
static void back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 6), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)),
             TP__INTS_ARG(2, 0, 1), TP__INTS_ARG(2, 0, 1), TP__STRING_ARG("reflect"));
}
static const tp_op op_mirror_backward = { .schema = "pad_mirror_backward(Tensor grad, Tensor input, " EACH_END, .kernel = "pad_dims_backward",
    .flags = TP__INTERNAL, .shape = back_shape, .backward = back_backward, .attr_size = sizeof(tp__pad), .samples = back_samples, .state = TP__STATE };

/* ---- pad, constant_pad_nd: pairs from the last dim on -------------------------------------------------------------------------------------- */

typedef struct pad_attr { tp__int_list pad; int32_t mode; double value; } pad_attr;
typedef struct constant_attr { tp__int_list pad; tp_operand value; } constant_attr;

static tp_status give(tp__call *call, const tp__int_list *pairs, int32_t mode, tp_operand value)
{
    tp_tensor *x = call->in[0];
    if (pairs->n % 2 || pairs->n > 2 * x->ndim)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld numbers, and there must be two for each of at most %d dims", (long long)pairs->n, x->ndim);
    const int64_t n = pairs->n / 2;
    if (mode != TP__PAD_CONSTANT) {
        if (n < 1 || n > 3 || (x->ndim != n + 1 && x->ndim != n + 2))
            return tp__call_fail(call, TP_ERR_SHAPE, "%s padding of %lld dims is for %lld or %lld, not for %s", mode_name[mode], (long long)n, (long long)n + 1,
                                 (long long)n + 2, tp__shape_text(x));
        for (int d = x->ndim == n + 2; d < x->ndim; d++)
            if (!x->shape[d]) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is empty", d, tp__shape_text(x));
    }
    tp__pad a = { .before.n = x->ndim, .after.n = x->ndim, .mode = mode, .value = value };
    for (int64_t i = 0; i < n; i++) {
        a.before.v[x->ndim - 1 - i] = pairs->v[2 * i];
        a.after.v[x->ndim - 1 - i] = pairs->v[2 * i + 1];
    }
    /* In a region of autocast pad_mirror is of the list of float32 on the CPU; PyTorch leaves these two out of it */
    const bool left_out = mode == TP__PAD_CIRCULAR || (mode == TP__PAD_REFLECT && n == 3);
    const uint8_t autocast = tp__autocast_now();
    if (left_out) tp__autocast_put(0);
    tp_tensor *const y = pad(x, &a);
    if (left_out) tp__autocast_put(autocast);
    return tp__made(tp__out_made(call, y));
}
static tp_status pad_compose(tp__call *call)
{
    const pad_attr *a = call->attr;
    if (a->mode != TP__PAD_CONSTANT && a->value != 0)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%s padding takes no value", mode_name[a->mode]);
    return give(call, &a->pad, a->mode, (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = a->value });
}
static tp_status constant_compose(tp__call *call)
{
    const constant_attr *a = call->attr;
    return give(call, &a->pad, TP__PAD_CONSTANT, a->value);
}
static void pad_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(2, 1, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(4, 1, -1, 0, 2), TP__STRING_ARG("constant"), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 2, 3, 3), -2, 2)), TP__INTS_ARG(4, 1, 2, 0, 1), TP__STRING_ARG("reflect"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(2, 4, 1), TP__STRING_ARG("replicate"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2, 2), -2, 2)), TP__INTS_ARG(6, 1, 1, 0, 2, 3, 0), TP__STRING_ARG("circular"));
}
static void constant_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INTS_ARG(2, 1, 2), TP__INT_ARG(3));
}
static const tp_op op_pad = { .schema = "pad(Tensor input, int[+] pad, " MODES " mode=constant, float? value=none) -> Tensor", .compose = pad_compose,
    .attr_size = sizeof(pad_attr), .samples = pad_samples, .state = TP__STATE };
static const tp_op op_constant_pad_nd = { .schema = "constant_pad_nd(Tensor input, int[+] pad, number value=0) -> Tensor", .compose = constant_compose,
    .attr_size = sizeof(constant_attr), .samples = constant_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_pad_with(tp_tensor *x, tp_shape pad_by, const tp_pad_options *options)
{
    tp_pad_options o = TP__BRACES(pad, );
    if (tp_options_take("pad", &o, options, offsetof(tp_pad_options, tp__end)) || !tp__shape_is_good("pad", &pad_by)) return NULL;
    const int32_t mode = o.mode ? (int32_t)o.mode : TP__PAD_CONSTANT;
    if (mode < TP__PAD_CONSTANT || mode > TP__PAD_CIRCULAR) return tp_fail(TP_ERR_ARGUMENT, "pad: %d is no mode", (int)mode), NULL;
    return tp__run1(&op_pad, &x, 1, &(pad_attr){ { pad_by.ndim, pad_by.dim }, mode, o.value }, TP__CALLER);
}

const tp_op *const tp__ops_pad[] = { &op_constant, &op_mirror, &op_mirror_backward, &op_pad, &op_constant_pad_nd, NULL };
