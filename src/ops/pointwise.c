/* pointwise.c: arithmetic and elementwise functions.
 *
 *   add   y = a + b          da = dy             db = dy
 *   sub   y = a - b          da = dy             db = -dy
 *   mul   y = a b            da = dy b           db = dy a
 *   div   y = a / b          da = dy / b         db = -dy (a / b) / b
 *   neg   y = -x             dx = -dy
 *   exp   y = e^x            dx = dy y
 *   log   y = ln x           dx = dy / x
 *   sqrt  y = x^(1/2)        dx = dy / (2 y)
 *   relu  y = max(x, 0)      dx = y > 0 ? dy : 0
 *   sigmoid y = 1/(1+e^-x)   dx = dy y (1 - y)
 *   tanh                     dx = dy (1 - y^2)
 *
 * Inputs of other shapes broadcast, and their gradients are summed back (tp__fit). */
#include "ops/run.h"
#include "ops/samples.h"

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

/* What the kernel computes in; inputs are cast to it. */
static void compute_in(tp__call *call, tp_dtype dtype) { call->scratch = (void *)(uintptr_t)dtype; }

static void keep_what_differs(tp__call *call, int n)
{
    const tp_tensor *y = call->out[0];
    for (int i = 0; i < n; i++)
        if (!tp__same_shape(call->in[i], y) || call->in[i]->dtype != y->dtype) call->keep_shape |= (uint64_t)1 << i;
}

/* The output's dims lie in the order of the first input of its shape that is not expanded. */
static tp_status binary_out(tp__call *call, tp_dtype dtype)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    for (int i = 0; i < 2; i++) {
        tp_tensor *x = call->in[i];
        if (x->ndim != ndim || memcmp(x->shape, shape, sizeof *shape * (size_t)ndim) || tp__is_expanded(x)) continue;
        return tp__made(tp__out_like(call, x, dtype));
    }
    return tp__made(tp__out(call, dtype, ndim, shape));
}

static tp_status binary_shape(tp__call *call)
{
    const tp_dtype dtype = tp__result_type(call->in, 2);
    compute_in(call, dtype);
    const tp_status status = binary_out(call, dtype);
    if (!status) keep_what_differs(call, 2);
    return status;
}

static tp_status sub_shape(tp__call *call)
{
    if (call->in[0]->dtype == TP_BOOL || call->in[1]->dtype == TP_BOOL)
        return tp__call_fail(call, TP_ERR_DTYPE, "bool has no subtraction: use logical_xor or eq");
    return binary_shape(call);
}

static tp_dtype floating(tp_dtype dtype) { return dtype >= TP_I64 && dtype <= TP_BOOL ? TP_F32 : dtype; }

static tp_status div_shape(tp__call *call)
{
    const tp_dtype dtype = floating(tp__result_type(call->in, 2));
    compute_in(call, dtype);
    const tp_status status = binary_out(call, dtype);
    if (!status) keep_what_differs(call, 2);
    return status;
}

static tp_status compare_shape(tp__call *call)
{
    compute_in(call, tp__result_type(call->in, 2));
    return binary_out(call, TP_BOOL);
}

static tp_status unary_shape(tp__call *call)            /* of any number but bool */
{
    if (call->in[0]->dtype == TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "bool is no number");
    compute_in(call, (tp_dtype)call->in[0]->dtype);
    return tp__same_as_input(call);
}

static tp_status floating_shape(tp__call *call)         /* integers become float32 */
{
    const tp_dtype dtype = floating((tp_dtype)call->in[0]->dtype);
    compute_in(call, dtype);
    return tp__made(tp__out_like(call, call->in[0], dtype));
}

/* Do writing x and reading from each differ in which element is where? */
static bool overlaps_partly(const tp_tensor *x, const tp_tensor *from)
{
    if (x->storage != from->storage || !x->numel || !from->numel) return false;
    if (x->data == from->data && tp__same_shape(x, from) && !memcmp(x->stride, from->stride, sizeof *x->stride * x->ndim)) return false;
    if (!tp__is_dense(x) || !tp__is_dense(from)) return x->data == from->data;
    const char *a = x->data, *b = from->data;
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    return a < b + from->numel * item && b < a + x->numel * item;
}

static tp_status inplace_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp_dtype dtype = tp__result_type(call->in, 2);
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    if (ndim != x->ndim || memcmp(shape, x->shape, sizeof *shape * (size_t)ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "the result %s does not fit into %s", tp__dims_text(ndim, shape), tp__shape_text(x));
    if (tp__category(dtype) > tp__category(x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "the result is %s, which %s cannot hold", tp_dtype_name(dtype), tp_dtype_name((tp_dtype)x->dtype));
    if (overlaps_partly(x, call->in[1]))
        return tp__call_fail(call, TP_ERR_STATE, "what is written and what is read overlap in memory: clone one of them");
    compute_in(call, dtype);
    call->out[call->n_out++] = x;
    keep_what_differs(call, 2);
    return TP_OK;
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static tp_status add_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, dy[0]))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, dy[0]))) return tp__pending();
    return TP_OK;
}

static tp_status sub_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, dy[0]))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_neg(tp__fit(node, 1, dy[0])))) return tp__pending();
    return TP_OK;
}

static tp_status mul_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = tp__fit(node, 0, tp_mul(dy[0], tp__saved(node, 0))))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, tp_mul(dy[0], tp__saved(node, 1))))) return tp__pending();
    return TP_OK;
}

static tp_status div_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *a = need & 2 ? tp__saved(node, 0) : NULL, *b = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, tp_div(dy[0], b)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__fit(node, 1, tp_neg(tp_mul(dy[0], tp_div(tp_div(a, b), b)))))) return tp__pending();
    return TP_OK;
}

static tp_status neg_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    return tp__made(dx[0] = tp_neg(dy[0]));
}

static tp_status exp_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__fit(node, 0, tp_mul(dy[0], tp__saved(node, 0))));
}

static tp_status log_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp_div(dy[0], tp__saved(node, 0)));
}

static tp_status sqrt_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp_div(dy[0], tp_mul(2, tp__saved(node, 0))));
}

static const tp_op op_relu_backward, op_sigmoid_backward, op_tanh_backward;
static tp_tensor *by_output(const tp_op *op, tp_tensor *dy, tp_tensor *y);

static tp_status relu_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = by_output(&op_relu_backward, dy[0], tp__saved(node, 0)));
}

static tp_status sigmoid_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = by_output(&op_sigmoid_backward, dy[0], tp__saved(node, 0)));
}

static tp_status tanh_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = by_output(&op_tanh_backward, dy[0], tp__saved(node, 0)));
}

/* Of z = dy [y > 0]: the same in dy; y has no part in it. */
static tp_status relu_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (need & 1 && !(dx[0] = by_output(&op_relu_backward, g[0], tp__saved(node, 1)))) return tp__pending();
    return TP_OK;
}

/* Of z = dy y (1 - y):  ddy = g y (1 - y),  d y = g dy (1 - 2 y) */
static tp_status sigmoid_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *y = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = by_output(&op_sigmoid_backward, g[0], y))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_mul(tp_mul(g[0], tp__saved(node, 0)), tp_sub(1, tp_mul(2, y))))) return tp__pending();
    return TP_OK;
}

/* Of z = dy (1 - y^2):  ddy = g (1 - y^2),  d y = -2 g dy y */
static tp_status tanh_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    tp_tensor *y = tp__saved(node, 1);
    if (need & 1 && !(dx[0] = by_output(&op_tanh_backward, g[0], y))) return tp__pending();
    if (need & 2 && !(dx[1] = tp_mul(-2, tp_mul(tp_mul(g[0], tp__saved(node, 0)), y)))) return tp__pending();
    return TP_OK;
}

/* y + alpha * other, by the ops above */
static tp_status add_scaled(tp__call *call, tp_tensor *(*op)(tp_operand, tp_operand))
{
    const tp_operand *alpha = call->attr;
    if (alpha->kind == TP_OPERAND_REAL && !tp__is_floating(tp__result_type(call->in, 2)) && !tp__is_complex(tp__result_type(call->in, 2)))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "alpha is real, the result is of integers");
    call->out[0] = op(tp__from_tensor(call->in[0]), tp__from_tensor(tp_mul_with(tp__from_tensor(call->in[1]), *alpha)));
    call->n_out = 1;
    return tp__made(call->out[0]);
}
static tp_status add_alpha(tp__call *call) { return add_scaled(call, tp_add_with); }
static tp_status sub_alpha(tp__call *call) { return add_scaled(call, tp_sub_with); }

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static void binary_samples(tp_sample_set *set)
{
    const tp_shape shapes[][2] = { { TP_SHAPE(3, 4), TP_SHAPE(3, 4) }, { TP_SHAPE(2, 1, 3), TP_SHAPE(4, 1) }, { TP_SHAPE(5), { { 0 }, 0 } },
                                   { { { 0 }, 0 }, TP_SHAPE(2, 2) }, { TP_SHAPE(0, 3), TP_SHAPE(1, 3) } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, shapes[i][0], 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, shapes[i][1], 0.5, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)), TP__INT_ARG(3));
}

static void alpha_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)),
             TP__NAMED("alpha", .kind = TP_ARG_FLOAT, .value.real = 0.5));
}

static void inplace_samples(tp_sample_set *set)        /* of a tensor that is no leaf: the walk clones the first one */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__FLOAT_ARG(2));
}

static void unary_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), 0.1, 1)));
}

static void positive_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.3, 3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.3, 1)));
}

static void by_output_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 5), 0.1, 0.9)));
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------------------------------- */

#define BINARY "(Tensor|number input, Tensor|number other) -> Tensor"
#define BOTH_INPUTS { TP__INPUT(1, 1), TP__INPUT(0, 2) }
static const tp_op op_add = { .schema = "add" BINARY, .shape = binary_shape, .backward = add_backward, .samples = binary_samples, .state = TP__STATE };
static const tp_op op_sub = { .schema = "sub" BINARY, .shape = sub_shape, .backward = sub_backward, .samples = binary_samples, .state = TP__STATE };
static const tp_op op_mul = { .schema = "mul" BINARY, .shape = binary_shape, .backward = mul_backward, .saves = BOTH_INPUTS,
    .samples = binary_samples, .state = TP__STATE };
static const tp_op op_div = { .schema = "div" BINARY, .shape = div_shape, .backward = div_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) },
    .samples = binary_samples, .state = TP__STATE };
static const tp_op op_eq = { .schema = "eq" BINARY, .flags = TP__NO_GRAD_OP, .shape = compare_shape, .samples = binary_samples, .state = TP__STATE };
static const tp_op op_add_alpha = { .schema = "add.alpha(Tensor|number input, Tensor|number other, *, number alpha=1) -> Tensor",
    .attr_size = sizeof(tp_operand), .compose = add_alpha, .samples = alpha_samples, .state = TP__STATE };
static const tp_op op_sub_alpha = { .schema = "sub.alpha(Tensor|number input, Tensor|number other, *, number alpha=1) -> Tensor",
    .attr_size = sizeof(tp_operand), .compose = sub_alpha, .samples = alpha_samples, .state = TP__STATE };

#define INPLACE "(Tensor! input, Tensor|number other) -> Tensor"
static const tp_op op_add_ = { .schema = "add_" INPLACE, .kernel = "add", .flags = TP__INPLACE, .shape = inplace_shape,
    .backward = add_backward, .samples = inplace_samples, .state = TP__STATE };
static const tp_op op_mul_ = { .schema = "mul_" INPLACE, .kernel = "mul", .flags = TP__INPLACE, .shape = inplace_shape,
    .backward = mul_backward, .saves = BOTH_INPUTS, .samples = inplace_samples, .state = TP__STATE };

#define UNARY(name, rule, save, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input) -> Tensor", .shape = rule, .backward = name##_backward, .saves = { save }, \
        .samples = give, .state = TP__STATE }
#define NOTHING { 0, 0, 0 }
UNARY(neg, unary_shape, NOTHING, unary_samples);
UNARY(exp, floating_shape, TP__OUTPUT(0), unary_samples);
UNARY(log, floating_shape, TP__INPUT(0, 0), positive_samples);
UNARY(sqrt, floating_shape, TP__OUTPUT(0), positive_samples);
UNARY(relu, unary_shape, TP__OUTPUT(0), unary_samples);
UNARY(sigmoid, floating_shape, TP__OUTPUT(0), unary_samples);
UNARY(tanh, floating_shape, TP__OUTPUT(0), unary_samples);

#define BY_OUTPUT(name) \
    static const tp_op op_##name##_backward = { .schema = #name "_backward(Tensor grad, Tensor output) -> Tensor", .flags = TP__INTERNAL, \
        .shape = binary_shape, .backward = name##_backward_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 0) }, \
        .samples = by_output_samples, .state = TP__STATE }
BY_OUTPUT(relu);
BY_OUTPUT(sigmoid);
BY_OUTPUT(tanh);

/* ---- The fast path -------------------------------------------------------------------------------------------------------------------- */

enum { FAST_MOST = 1 << 15 };                          /* elements; beyond, the kernel cuts the work for threads */

/* y = op(in) is recorded, where nothing was broadcast or cast. */
static bool record_plain(const tp_op *op, tp_tensor *const *in, int n, uint64_t need, tp_tensor *y)
{
    const int n_saved = tp__count_saves(op);
    tp_node *node = tp__node_new(op, n, n_saved, 0, 0);
    if (!node) return false;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    y->node = node;                                    /* its reference is the output's from here on */
    y->output = 0;
    for (int i = 0; i < n; i++) tp__connect(node, i, in[i]);
    for (int k = 0; k < n_saved; k++) {
        const tp__save *save = &op->saves[k];
        if (save->when && !(save->when & need)) continue;
        if (save->from == TP__SAVE_INPUT) tp__save_input(node, k, in[save->index]);
        else if (tp__save_output(node, k, y, 0)) return false;
    }
    return true;
}

static inline tp_flat_fn *flat_of(const tp_op *op, int dtype)
{
    const tp_kernel *kernel = atomic_load_explicit(&op->state->kernel[TP__BACKEND_CPU], memory_order_acquire);
    return kernel && kernel->flat ? kernel->flat[dtype] : NULL;          /* NULL also before the first call */
}

static inline bool is_plain(const tp_tensor *x)
{
    return x->kind == TP_KIND_TENSOR && (x->flags & (TP__CONTIGUOUS | TP__WRAPPED)) == TP__CONTIGUOUS && x->device == TP_CPU
        && x->numel <= FAST_MOST && (!x->base || x->view_version == tp__version(x));
}

static tp_tensor *fail_fast(uint32_t mark)
{
    tp__list_release(mark);
    return NULL;
}

static tp_tensor *binary(const tp_op *op, tp_tensor *a, tp_tensor *b, const void *caller)
{
    tp__thread *self = &tp__self;
    tp_flat_fn *flat;
    if (__builtin_expect(a && b && !(self->mode & ~(uint32_t)TP__NO_RECORD) && is_plain(a) && is_plain(b) && a->dtype == b->dtype
                         && tp__same_shape(a, b) && (flat = flat_of(op, a->dtype)), 1)) {
        const uint32_t mark = self->listed;
        tp_tensor *y = tp__tensor_new(TP_CPU, (tp_dtype)a->dtype, a->ndim, a->shape);
        if (!y) return NULL;
        flat(a->numel, y->data, a->data, 1, b->data, 1);
        if (!self->mode) {
            const uint64_t need = (uint64_t)tp__needs_grad(a) | (uint64_t)tp__needs_grad(b) << 1;
            if (need && !record_plain(op, (tp_tensor *[]){ a, b }, 2, need, y)) return fail_fast(mark);
        }
        return y;
    }
    return tp__run1(op, (tp_tensor *[]){ a, b }, 2, NULL, caller);
}

static tp_tensor *unary(const tp_op *op, tp_tensor *x, const void *caller)
{
    tp__thread *self = &tp__self;
    tp_flat_fn *flat;
    if (__builtin_expect(x && !(self->mode & ~(uint32_t)TP__NO_RECORD) && is_plain(x) && (flat = flat_of(op, x->dtype)), 1)) {
        const uint32_t mark = self->listed;
        tp_tensor *y = tp__tensor_new(TP_CPU, (tp_dtype)x->dtype, x->ndim, x->shape);
        if (!y) return NULL;
        flat(x->numel, y->data, x->data, 1, NULL, 0);
        if (!self->mode && tp__needs_grad(x) && !record_plain(op, &x, 1, 1, y)) return fail_fast(mark);
        return y;
    }
    return tp__run1(op, &x, 1, NULL, caller);
}

static tp_tensor *by_output(const tp_op *op, tp_tensor *dy, tp_tensor *y) { return binary(op, dy, y, NULL); }

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

/* A number becomes a tensor beside a live one only: else it could be given the very handle of the dead one. */
static inline bool is_there(tp_operand v, tp_operand other, const char *op)
{
    return v.kind != TP_OPERAND_TENSOR || (v.as.tensor && (other.kind == TP_OPERAND_TENSOR || tp__alive(v.as.tensor, op)));
}

#define PUBLIC_BINARY(name) \
    tp_tensor *(tp_##name)(tp_tensor *a, tp_tensor *b) { return binary(&op_##name, a, b, TP__CALLER); } \
    tp_tensor *tp_##name##_with(tp_operand a, tp_operand b) \
    { \
        if (a.kind != TP_OPERAND_TENSOR && b.kind != TP_OPERAND_TENSOR) \
            return tp_fail(TP_ERR_ARGUMENT, #name ": one of the two must be a tensor"), NULL; \
        if (!is_there(a, b, #name) || !is_there(b, a, #name)) return NULL; \
        return binary(&op_##name, tp__operand(a), tp__operand(b), TP__CALLER); \
    }
PUBLIC_BINARY(add)
PUBLIC_BINARY(sub)
PUBLIC_BINARY(mul)
PUBLIC_BINARY(div)
PUBLIC_BINARY(eq)

#define PUBLIC_UNARY(name) tp_tensor *tp_##name(tp_tensor *x) { return unary(&op_##name, x, TP__CALLER); }
PUBLIC_UNARY(neg)
PUBLIC_UNARY(exp)
PUBLIC_UNARY(log)
PUBLIC_UNARY(sqrt)
PUBLIC_UNARY(relu)
PUBLIC_UNARY(sigmoid)
PUBLIC_UNARY(tanh)

tp_tensor *tp_add__with(tp_tensor *a, tp_operand b)
{
    return is_there(tp__from_tensor(a), b, "add_") ? tp__run1(&op_add_, (tp_tensor *[]){ a, tp__operand(b) }, 2, NULL, TP__CALLER) : NULL;
}

tp_tensor *tp_mul__with(tp_tensor *a, tp_operand b)
{
    return is_there(tp__from_tensor(a), b, "mul_") ? tp__run1(&op_mul_, (tp_tensor *[]){ a, tp__operand(b) }, 2, NULL, TP__CALLER) : NULL;
}

const tp_op *const tp__ops_pointwise[] = {
    &op_add, &op_sub, &op_mul, &op_div, &op_eq, &op_add_alpha, &op_sub_alpha, &op_add_, &op_mul_, &op_neg, &op_exp, &op_log, &op_sqrt,
    &op_relu, &op_sigmoid, &op_tanh, &op_relu_backward, &op_sigmoid_backward, &op_tanh_backward, NULL,
};
