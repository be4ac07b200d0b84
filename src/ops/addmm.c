/* addmm.c: a product added to what is there.     y = beta x + alpha a b
 *
 *   dx = beta dy, summed to x's shape     da = alpha dy b'     db = alpha a' dy
 *
 * addmm takes matrices, baddbmm batches of them, addmv a matrix and a vector; x broadcasts to the product. With beta = 0 x is not
 * read. addbmm and addr are made of these. */
#include "core/convert.h"
#include "ops/product.h"
#include "ops/samples.h"

typedef struct scale_attr { tp_operand beta, alpha; } scale_attr;

static bool is_number(const tp_operand *v, double value)
{
    return v->kind == TP_OPERAND_REAL ? v->as.real == value : (double)v->as.integer == value;
}
static tp_tensor *scaled(tp_tensor *x, const tp_operand *by)
{
    return is_number(by, 1) ? x : tp_mul_with(tp__from_tensor(x), *by);
}

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

/* Integers are scaled by whole numbers: as in PyTorch, what comes after the point is dropped. */
static void cut(tp_operand *v)
{
    if (v->kind == TP_OPERAND_REAL) *v = (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = tp__whole(v->as.real) };
}

static tp_status check_scales(const tp__call *call)
{
    scale_attr *attr = (scale_attr *)(uintptr_t)call->attr;
    const int dtype = call->in[0]->dtype;
    for (int i = 1; i < 3; i++)
        if (call->in[i]->dtype != dtype)
            return tp__call_fail(call, TP_ERR_DTYPE, "%s, %s and %s", tp_dtype_name((tp_dtype)dtype), tp_dtype_name((tp_dtype)call->in[1]->dtype),
                                 tp_dtype_name((tp_dtype)call->in[2]->dtype));
    if (tp__category(dtype) < 2) {
        cut(&attr->alpha);
        cut(&attr->beta);
    }
    return TP_OK;
}

/* n: dims of the product */
static tp_status product_out(tp__call *call, int n, const int64_t *shape)
{
    const tp_tensor *x = call->in[0];
    bool fits = x->ndim <= n;
    for (int d = 0; d < x->ndim && fits; d++) fits = x->shape[d] == 1 || x->shape[d] == shape[n - x->ndim + d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s does not broadcast to the product %s", tp__shape_text(x), tp__dims_text(n, shape));
    call->keep_shape = 1;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, n, shape));
}

static tp_status misfit(const tp__call *call)
{
    return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s cannot be multiplied", tp__shape_text(call->in[1]), tp__shape_text(call->in[2]));
}

static tp_status addmm_shape(tp__call *call)
{
    const tp_tensor *a = call->in[1], *b = call->in[2];
    if (a->ndim != 2 || b->ndim != 2 || a->shape[1] != b->shape[0]) return misfit(call);
    return check_scales(call) ? tp__pending() : product_out(call, 2, (int64_t[]){ a->shape[0], b->shape[1] });
}

static tp_status baddbmm_shape(tp__call *call)
{
    const tp_tensor *a = call->in[1], *b = call->in[2];
    if (a->ndim != 3 || b->ndim != 3 || a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1]) return misfit(call);
    return check_scales(call) ? tp__pending() : product_out(call, 3, (int64_t[]){ a->shape[0], a->shape[1], b->shape[2] });
}

static tp_status addmv_shape(tp__call *call)
{
    const tp_tensor *a = call->in[1], *b = call->in[2];
    if (a->ndim != 2 || b->ndim != 1 || a->shape[1] != b->shape[0]) return misfit(call);
    return check_scales(call) ? tp__pending() : product_out(call, 1, (int64_t[]){ a->shape[0] });
}

/* ---- Forward: the kernel of matmul, which adds to y -------------------------------------------------------------------------------- */

static tp_status add_product(tp__call *call, tp_tensor *x, tp_tensor *a, tp_tensor *b)
{
    const scale_attr *attr = call->attr;
    const bool add = !is_number(&attr->beta, 0);
    tp_tensor *y = call->out[0];
    if (add && (!tp_copy_(y, x) || (!is_number(&attr->beta, 1) && !tp_mul__with(y, attr->beta)))) return tp__pending();
    if (!(a = scaled(a, &attr->alpha))) return tp__pending();
    tp__call product = *call;
    product.in = (tp_tensor *[]){ a, b };
    product.n_in = 2;
    product.scratch = (void *)(uintptr_t)add;
    return tp__product_run(&product);
}

/* A device's kernel rounds its sum once, and adds a row to each row by itself. */
static bool is_plain_on_device(const tp__call *call)
{
    const scale_attr *attr = call->attr;
    return call->out[0]->device != TP_CPU && tp__is_floating(call->out[0]->dtype) && is_number(&attr->alpha, 1) &&
           (is_number(&attr->beta, 1) || is_number(&attr->beta, 0));
}
static bool is_bias(const tp__call *call)
{
    const scale_attr *attr = call->attr;
    const tp_tensor *x = call->in[0], *y = call->out[0];
    return is_plain_on_device(call) && is_number(&attr->beta, 1) && y->ndim == 2 && x->device == y->device && x->dtype == y->dtype && x->ndim &&
           x->numel == y->shape[1] && x->shape[x->ndim - 1] == x->numel;
}
static tp_status product_with_bias(tp__call *call)
{
    tp__call product = *call;
    product.in = (tp_tensor *[]){ call->in[1], call->in[2], call->in[0] };
    product.scratch = NULL;
    return tp__product_run(&product);
}

/* The 16-bit dtypes are rounded once, at the end. */
static tp_status add_product_wide(tp__call *call)
{
    tp_tensor *in[3], *y;
    for (int i = 0; i < 3; i++)
        if (!(in[i] = tp_to_dtype(call->in[i], TP_F32))) return tp__pending();
    y = tp__run1(call->op, in, 3, call->attr, NULL);
    return tp__made(tp_copy_(call->out[0], y));
}

static tp_status addmm_forward(tp__call *call)
{
    const uint32_t mark = tp__list_mark();
    TP_NO_GRAD();
    const int dtype = call->out[0]->dtype;
    const bool narrow = dtype == TP_F16 || dtype == TP_BF16;
    const tp_status status = is_bias(call) ? product_with_bias(call) : narrow && !is_plain_on_device(call) ? add_product_wide(call)
        : add_product(call, call->in[0], call->in[1], call->in[2]);
    tp__list_release(mark);
    return status;
}

/* ---- Rule -------------------------------------------------------------------------------------------------------------------------- */

static tp_status addmm_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const scale_attr *attr = tp__attr(node);
    if (need & 1 && !(dx[0] = tp__fit(node, 0, scaled(dy[0], &attr->beta)))) return tp__pending();
    if (!(need & 6)) return TP_OK;
    tp_tensor *a = need & 4 ? tp__saved(node, 0) : NULL, *b = need & 2 ? tp__saved(node, 1) : NULL;
    tp_tensor *g = dy[0];
    if ((need & 4 && !a) || (need & 2 && !b)) return tp__pending();
    if (need & 4 && !(dx[2] = scaled(tp_matmul(tp_transpose(a, -1, -2), g), &attr->alpha))) return tp__pending();
    if (!(need & 2)) return TP_OK;
    if (b->ndim == 1) g = tp_reshape(g, TP_SHAPE(g->numel, 1));
    b = b->ndim == 1 ? tp_reshape(b, TP_SHAPE(1, b->numel)) : tp_transpose(b, -1, -2);
    return tp__made(dx[1] = scaled(tp_matmul(g, b), &attr->alpha));
}

/* Two matrices and numbers that are 1: products are added to what is there, and the gradient of a row may come with that of the right one. */
static tp_status addmm_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const scale_attr *attr = tp__attr(node);
    tp_tensor *a = need & 4 ? tp__saved(node, 0) : NULL, *b = need & 2 ? tp__saved(node, 1) : NULL, *const g = dy[0];
    if ((need & 4 && !a) || (need & 2 && !b)) return tp__pending();
    if (g->ndim != 2 || (b && b->ndim != 2) || !is_number(&attr->alpha, 1) || !is_number(&attr->beta, 1)) return addmm_backward(node, dy, need, dx);
    const tp__kept_shape *x = tp__kept(node, 0);
    const bool sums = need & 1 && need & 4 && x && x->ndim == 1 && x->shape[0] == g->shape[1] && x->dtype == g->dtype;
    if (need & 2 && !(dx[1] = tp__product_into(node, 1, g, tp_transpose(b, 0, 1)))) return tp__pending();
    if (need & 4) {
        tp_tensor *rows = tp_transpose(a, 0, 1);
        dx[2] = sums ? tp__product_and_sum(node, 2, rows, g, TP__SUM_OF_B, &dx[0]) : tp__product_into(node, 2, rows, g);
        if (!dx[2]) return tp__pending();
    }
    return need & 1 && !dx[0] ? tp__made(dx[0] = tp__fit(node, 0, g)) : TP_OK;
}

static const tp_op op_addmm;

/* ---- Made of these --------------------------------------------------------------------------------------------------------------------- */

/* [b, n, k] x [b, k, m], summed over b: one product of n rows and b k columns */
static tp_status addbmm_compose(tp__call *call)
{
    tp_tensor *a = call->in[1], *b = call->in[2];
    if (a->ndim != 3 || b->ndim != 3 || a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1]) return misfit(call);
    const int64_t inner = a->shape[0] * a->shape[2];
    a = tp_reshape(tp_transpose(a, 0, 1), TP_SHAPE(a->shape[1], inner));
    b = tp_reshape(b, TP_SHAPE(inner, b->shape[2]));
    call->out[call->n_out++] = tp__run1(&op_addmm, (tp_tensor *[]){ call->in[0], a, b }, 3, call->attr, NULL);
    return tp__made(call->out[0]);
}

/* beta and alpha count as true or false */
static tp_status addr_of_bool(tp__call *call)
{
    const scale_attr *attr = call->attr;
    tp_tensor *y = tp_outer(call->in[1], call->in[2]);
    if (is_number(&attr->alpha, 0)) y = tp_zeros_like(y);
    if (!is_number(&attr->beta, 0)) y = tp_logical_or(call->in[0], y);
    return tp__made(tp__out_made(call, y));
}

/* In 16 bits the numbers are rounded too, and each step; the gradient is addmm's, which rounds after its products. */
static tp_tensor *scaled_narrow(tp_tensor *x, const tp_operand *by)
{
    const tp_tensor_options o = { .size = offsetof(tp_tensor_options, tp__end), .dtype = (tp_dtype)x->dtype, .device = x->device };
    return is_number(by, 1) ? x : tp_mul(tp_full_with(TP__SCALAR_SHAPE, *by, &o), x);
}
static tp_tensor *addr_narrow_value(tp__call *call, const scale_attr *attr)
{
    TP_NO_GRAD();
    tp_tensor *y = tp_matmul(tp_unsqueeze(scaled_narrow(call->in[1], &attr->alpha), 1), tp_unsqueeze(call->in[2], 0));
    return is_number(&attr->beta, 0) ? y : tp_add(scaled_narrow(call->in[0], &attr->beta), y);
}
static tp_tensor *addr_narrow(tp__call *call, const scale_attr *attr)
{
    tp_tensor *value = addr_narrow_value(call, attr);
    if (!value || !call->need) return value;
    tp_tensor *const in[] = { call->in[0], tp_unsqueeze(call->in[1], 1), tp_unsqueeze(call->in[2], 0) };
    tp_tensor *y = tp__run1(&op_addmm, in, 3, attr, NULL);
    return y && tp_copy_(tp_detach(y), value) ? y : NULL;
}

static tp_status addr_compose(tp__call *call)
{
    const scale_attr *attr = call->attr;
    if (call->in[1]->ndim != 1 || call->in[2]->ndim != 1) return misfit(call);
    const int64_t size[] = { call->in[1]->numel, call->in[2]->numel };
    bool fits = call->in[0]->ndim <= 2;
    for (int d = 0; d < call->in[0]->ndim && fits; d++)
        fits = call->in[0]->shape[d] == 1 || call->in[0]->shape[d] == size[2 - call->in[0]->ndim + d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s does not broadcast to %s", tp__shape_text(call->in[0]), tp__dims_text(2, size));
    if (tp__category(tp__result_type(call->in, 3)) < 2 && (attr->alpha.kind == TP_OPERAND_REAL || attr->beta.kind == TP_OPERAND_REAL))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "alpha or beta is real, the tensors are of integers");
    if (tp__result_type(call->in, 3) == TP_BOOL) return addr_of_bool(call);
    tp_tensor *x = call->in[0], *a = call->in[1];
    const bool narrow = (x->dtype == TP_F16 || x->dtype == TP_BF16) && a->dtype == x->dtype && call->in[2]->dtype == x->dtype && x->ndim <= 2;
    if (narrow) return tp__made(call->out[call->n_out++] = addr_narrow(call, attr));
    tp_tensor *y = scaled(tp_outer(call->in[1], call->in[2]), &attr->alpha);
    if (!is_number(&attr->beta, 0)) y = tp_add(scaled(call->in[0], &attr->beta), y);
    call->out[call->n_out++] = y;
    return tp__made(y);
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------------ */

#define BETA(v)  TP__NAMED("beta", .kind = TP_ARG_FLOAT, .value.real = v)
#define ALPHA(v) TP__NAMED("alpha", .kind = TP_ARG_FLOAT, .value.real = v)

static void give_three(tp_sample_set *set, tp_shape x, tp_shape a, tp_shape b)
{
    tp_tensor *const in[] = { tp__sample_tensor(set, x, -1, 1), tp__sample_tensor(set, a, -1, 1), tp__sample_tensor(set, b, -1, 1) };
    TP__GIVE(set, TP__TENSOR_ARG(in[0]), TP__TENSOR_ARG(in[1]), TP__TENSOR_ARG(in[2]));
    TP__GIVE(set, TP__TENSOR_ARG(in[0]), TP__TENSOR_ARG(in[1]), TP__TENSOR_ARG(in[2]), BETA(0.5), ALPHA(-2));
}
static void addmm_samples(tp_sample_set *set)
{
    give_three(set, TP_SHAPE(3, 2), TP_SHAPE(3, 4), TP_SHAPE(4, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 2), -1, 1)), BETA(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 0), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -1, 1)));
}
static void whole_addmm_samples(tp_sample_set *set) { give_three(set, TP_SHAPE(3, 2), TP_SHAPE(3, 4), TP_SHAPE(4, 2)); }
static void baddbmm_samples(tp_sample_set *set) { give_three(set, TP_SHAPE(2, 3, 2), TP_SHAPE(2, 3, 4), TP_SHAPE(2, 4, 2)); }
static void addmv_samples(tp_sample_set *set) { give_three(set, TP_SHAPE(3), TP_SHAPE(3, 4), TP_SHAPE(4)); }
static void addbmm_samples(tp_sample_set *set) { give_three(set, TP_SHAPE(3, 2), TP_SHAPE(2, 3, 4), TP_SHAPE(2, 4, 2)); }
static void addr_samples(tp_sample_set *set) { give_three(set, TP_SHAPE(3, 4), TP_SHAPE(3), TP_SHAPE(4)); }

#define SCALES ", *, number beta=1, number alpha=1) -> Tensor"
#define ADDED(id, args, rule, give) \
    static const tp_op op_##id = { .schema = #id "(Tensor input, " args SCALES, .kernel = "matmul", .shape = rule, .forward = addmm_forward, \
        .backward = addmm_backward, .backward_fused = addmm_fused, .saves = { TP__INPUT(1, 4), TP__INPUT(2, 2) }, \
        .attr_size = sizeof(scale_attr), .samples = give, .state = TP__STATE }
ADDED(addmm, "Tensor mat1, Tensor mat2", addmm_shape, addmm_samples);
ADDED(baddbmm, "Tensor batch1, Tensor batch2", baddbmm_shape, baddbmm_samples);
ADDED(addmv, "Tensor mat, Tensor vec", addmv_shape, addmv_samples);
#define COMPOSED(id, args, fn, give) \
    static const tp_op op_##id = { .schema = #id "(Tensor input, " args SCALES, .compose = fn, .attr_size = sizeof(scale_attr), .samples = give, \
        .state = TP__STATE }
COMPOSED(addbmm, "Tensor batch1, Tensor batch2", addbmm_compose, addbmm_samples);
COMPOSED(addr, "Tensor vec1, Tensor vec2", addr_compose, addr_samples);
#define IN_PLACE(id, args, give) \
    static const tp_op op_##id##_ = TP__INPLACE_FORM(#id "_(Tensor! input, " args SCALES, op_##id, sizeof(scale_attr), give)
IN_PLACE(addmm, "Tensor mat1, Tensor mat2", whole_addmm_samples);
IN_PLACE(baddbmm, "Tensor batch1, Tensor batch2", baddbmm_samples);
IN_PLACE(addmv, "Tensor mat, Tensor vec", addmv_samples);
IN_PLACE(addbmm, "Tensor batch1, Tensor batch2", addbmm_samples);
IN_PLACE(addr, "Tensor vec1, Tensor vec2", addr_samples);

/* ---- Public -------------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *add(const tp_op *op, const char *name, tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_addmm_options *options, const void *caller)
{
    tp_addmm_options o = { TP__DEFAULT_addmm .tp__end = 0 };
    if (tp_options_take(name, &o, options, offsetof(tp_addmm_options, tp__end))) return NULL;
    const scale_attr attr = { { .kind = TP_OPERAND_REAL, .as.real = o.beta }, { .kind = TP_OPERAND_REAL, .as.real = o.alpha } };
    return tp__run1(op, (tp_tensor *[]){ x, a, b }, 3, &attr, caller);
}
#define PUBLIC(name) \
    tp_tensor *tp_##name##_with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_##name##_options *o) \
    { return add(&op_##name, #name, x, a, b, o, TP__CALLER); }
#define BOTH(name) \
    PUBLIC(name) \
    tp_tensor *tp_##name##__with(tp_tensor *x, tp_tensor *a, tp_tensor *b, const tp_##name##_options *o) \
    { return add(&op_##name##_, #name "_", x, a, b, o, TP__CALLER); }
BOTH(addmm)
BOTH(baddbmm)
BOTH(addmv)
BOTH(addbmm)
BOTH(addr)

const tp_op *const tp__ops_addmm[] = { &op_addmm, &op_baddbmm, &op_addmv, &op_addbmm, &op_addr, &op_addmm_, &op_baddbmm_, &op_addmv_, &op_addbmm_,
                                       &op_addr_, NULL };
