/* outer.c: products that are made of matmul and mul.
 *
 *   outer      y_ij = a_i b_j                      inner    y = sum_k a[.., k] b[.., k]
 *   tensordot  y = sums over pairs of dims         kron     y = every element of a times b
 *   trace      y = sum_i x_ii                      bilinear y_o = sum_ij x1_i W_oij x2_j + b_o */
#include "ops/product.h"
#include "ops/samples.h"

static tp_status outer_compose(tp__call *call)
{
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (a->ndim != 1 || b->ndim != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "takes two vectors, not %s and %s", tp__shape_text(a), tp__shape_text(b));
    return tp__give_out(call, tp_mul(tp_reshape(a, TP_SHAPE(a->numel, 1)), b));
}

/* ---- inner, tensordot --------------------------------------------------------------------------------------------------------------- */

/* Sums over the last n dims of a and the first n of b. */
static tp_tensor *contract(const tp__call *call, tp_tensor *a, tp_tensor *b, int n)
{
    if (!a || !b) return NULL;
    tp_shape shape = { .ndim = 0 };
    int64_t rows = 1, inner = 1, cols = 1;
    if (a->ndim + b->ndim - 2 * n > TP_MAX_DIMS) {
        tp__call_fail(call, TP_ERR_SHAPE, "the product has %d dims, the most is %d", a->ndim + b->ndim - 2 * n, TP_MAX_DIMS);
        return NULL;
    }
    for (int d = 0; d < a->ndim - n; d++) rows *= shape.dim[shape.ndim++] = a->shape[d];
    for (int d = 0; d < n; d++) inner *= b->shape[d];
    for (int d = n; d < b->ndim; d++) cols *= shape.dim[shape.ndim++] = b->shape[d];
    return tp_reshape(tp_matmul(tp_reshape(a, TP_SHAPE(rows, inner)), tp_reshape(b, TP_SHAPE(inner, cols))), shape);
}

static tp_status inner_compose(tp__call *call)
{
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (!a->ndim || !b->ndim) return tp__give_out(call, tp_mul(a, b));
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "the last dims of %s and %s differ", tp__shape_text(a), tp__shape_text(b));
    tp_shape shape = { .ndim = 0 };
    if (a->ndim + b->ndim - 2 > TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "the product has more than %d dims", TP_MAX_DIMS);
    for (int d = 0; d < a->ndim - 1; d++) shape.dim[shape.ndim++] = a->shape[d];
    for (int d = 0; d < b->ndim - 1; d++) shape.dim[shape.ndim++] = b->shape[d];
    return tp__give_out(call, tp_reshape(tp_matmul(tp__matrix_of(a), tp_transpose(tp__matrix_of(b), 0, 1)), shape));
}

/* x with these dims last, or first */
static tp_tensor *with_dims_at(const tp__call *call, tp_tensor *x, const tp__ints *dims, bool last)
{
    tp_dims order = { .n = x->ndim };
    unsigned named = 0;
    int at = last ? x->ndim - (int)dims->n : 0, rest = last ? 0 : (int)dims->n;
    if (dims->n > x->ndim) {
        tp__call_fail(call, TP_ERR_SHAPE, "%lld dims are named of %s", (long long)dims->n, tp__shape_text(x));
        return NULL;
    }
    for (int i = 0; i < dims->n; i++) {
        const int d = x->ndim ? tp__dim(dims->v[i], x->ndim) : -1;
        if (d < 0 || named & 1u << d) {
            tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s, or given twice", (long long)dims->v[i], tp__shape_text(x));
            return NULL;
        }
        named |= 1u << d;
        order.dim[at++] = d;
    }
    for (int d = 0; d < x->ndim; d++)
        if (!(named & 1u << d)) order.dim[rest++] = d;
    return dims->n ? tp_permute(x, order) : x;
}

static bool take_dims(const tp_arg *arg, tp__ints *out)
{
    const bool one = arg->kind == TP_ARG_INT;
    if ((!one && arg->kind != TP_ARG_INTS) || (!one && arg->n > TP_MAX_DIMS)) return false;
    out->n = one ? 1 : arg->n;
    for (int i = 0; i < out->n; i++) out->v[i] = one ? arg->value.integer : arg->value.ints[i];
    return true;
}

/* How many of the last and the first, or a list of two lists */
static tp_status tensordot_compose(tp__call *call)
{
    const tp_arg *arg = *(const tp_arg *const *)call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    tp__ints da = { 0 }, db = { 0 };
    const int64_t n = !arg ? 2 : arg->kind == TP_ARG_INT ? arg->value.integer : -1;
    if (arg && arg->kind != TP_ARG_INT &&
        (arg->kind != TP_ARG_LIST || arg->n != 2 || !take_dims(&arg->value.list[0], &da) ||
         !take_dims(&arg->value.list[1], &db)))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "dims is a number, or two lists of dims");
    if (n > a->ndim || n > b->ndim || (n < 0 && (!arg || arg->kind == TP_ARG_INT)))
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld dims cannot be summed over %s and %s", (long long)n, tp__shape_text(a), tp__shape_text(b));
    if (da.n != db.n) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld dims are given for one, %lld for the other", (long long)da.n, (long long)db.n);
    if (n < 0) {
        a = with_dims_at(call, a, &da, true);
        b = with_dims_at(call, b, &db, false);
        if (!a || !b) return tp__pending();
    }
    const int sums = n < 0 ? (int)da.n : (int)n;
    for (int d = 0; d < sums && a && b; d++) {         /* a size of 1 goes with any */
        const int at = a->ndim - sums + d;
        if (a->shape[at] == b->shape[d]) continue;
        if (b->shape[d] == 1) a = tp_sum(a, .dims = TP_DIMS(at), .keepdim = true, .dtype = (tp_dtype)a->dtype);
        else if (a->shape[at] == 1) b = tp_sum(b, .dims = TP_DIMS(d), .keepdim = true, .dtype = (tp_dtype)b->dtype);
        else return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s differ in size where they are summed", tp__shape_text(a), tp__shape_text(b));
    }
    if (!a || !b) return tp__pending();
    return tp__give_out(call, contract(call, a, b, sums));
}

/* ---- kron, trace, bilinear ------------------------------------------------------------------------------------------------------------- */

static tp_status kron_compose(tp__call *call)
{
    tp_tensor *a = call->in[0], *b = call->in[1];
    const int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    tp_shape wide_a = { .ndim = 2 * n }, wide_b = wide_a, shape = { .ndim = n };
    if (2 * n > TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_SHAPE, "takes tensors of at most %d dims, not %s and %s", TP_MAX_DIMS / 2,
                             tp__shape_text(a), tp__shape_text(b));
    for (int d = 0; d < n; d++) {
        const int da = d - (n - a->ndim), db = d - (n - b->ndim);
        wide_a.dim[2 * d] = da < 0 ? 1 : a->shape[da];
        wide_b.dim[2 * d + 1] = db < 0 ? 1 : b->shape[db];
        wide_a.dim[2 * d + 1] = wide_b.dim[2 * d] = 1;
        if (__builtin_mul_overflow(wide_a.dim[2 * d], wide_b.dim[2 * d + 1], &shape.dim[d]))
            return tp__call_fail(call, TP_ERR_SHAPE, "the product of %s and %s is too large", tp__shape_text(a), tp__shape_text(b));
    }
    return tp__give_out(call, tp_reshape(tp_mul(tp_reshape(a, wide_a), tp_reshape(b, wide_b)), shape));
}

static tp_status trace_compose(tp__call *call)
{
    if (call->in[0]->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes a matrix, not %s", tp__shape_text(call->in[0]));
    return tp__give_out(call, tp_sum(tp_diagonal(call->in[0])));
}

static tp_status bilinear_check(const tp__call *call)
{
    const tp_tensor *x1 = call->in[0], *x2 = call->in[1], *w = call->in[2], *b = call->n_in > 3 ? call->in[3] : NULL;
    if (x1->dtype != x2->dtype || x1->dtype != w->dtype || (b && b->dtype != w->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "inputs are %s and %s, weight %s", tp_dtype_name((tp_dtype)x1->dtype), tp_dtype_name((tp_dtype)x2->dtype),
                             tp_dtype_name((tp_dtype)w->dtype));
    bool same = x1->ndim == x2->ndim && x1->ndim;
    for (int d = 0; d < x1->ndim - 1 && same; d++) same = x1->shape[d] == x2->shape[d];
    if (!same) return tp__call_fail(call, TP_ERR_SHAPE, "the leading dims of %s and %s differ", tp__shape_text(x1), tp__shape_text(x2));
    if (w->ndim != 3 || w->shape[1] != x1->shape[x1->ndim - 1] || w->shape[2] != x2->shape[x2->ndim - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s does not fit %s and %s", tp__shape_text(w), tp__shape_text(x1), tp__shape_text(x2));
    if (b && (b->ndim != 1 || b->shape[0] != w->shape[0]))
        return tp__call_fail(call, TP_ERR_SHAPE, "bias %s does not fit weight %s", tp__shape_text(b), tp__shape_text(w));
    return TP_OK;
}

/* Of 16-bit floats, [rows, in1], [rows, in2] and W: what PyTorch rounds between its steps, which go through the outputs one by one:
 *
 *   y_o = (x1 W_o) x2      dx1 = sum_o (dy_o W_o) x2,  dx2 = sum_o dy_o (x1 W_o),  rounded after each o;  dW = (dy x1)' x2 */
static tp_status steps_shape(tp__call *call)
{
    if (bilinear_check(call)) return tp__pending();
    if (call->in[0]->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "input %s is not [rows, in1]", tp__shape_text(call->in[0]));
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, 2, (int64_t[]){ call->in[0]->shape[0], call->in[2]->shape[0] }));
}
static tp_status steps_forward(tp__call *call)
{
    TP_NO_GRAD();
    tp_tensor *x1 = call->in[0], *x2 = call->in[1], *w = call->in[2], *y = call->out[0];
    const int64_t rows = x1->shape[0], out = w->shape[0], in1 = w->shape[1], in2 = w->shape[2];
    tp_tensor *left = tp_matmul(x1, tp_reshape(tp_transpose(w, 0, 1), TP_SHAPE(in1, out * in2)));
    left = tp_matmul(tp_reshape(left, TP_SHAPE(rows, out, in2)), tp_reshape(x2, TP_SHAPE(rows, in2, 1)));
    return left ? tp__made(tp_copy_(y, tp_reshape(left, TP_SHAPE(rows, out)))) : tp__pending();
}
static tp_tensor *plus(tp_tensor *sum, tp_tensor *x) { return sum ? tp_add(sum, x) : x; }
static tp_status steps_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x1 = tp__saved(node, 0), *x2 = tp__saved(node, 1), *w = tp__saved(node, 2), *sum[2] = { NULL };
    if (!x1 || !x2 || !w) return tp__pending();
    const int64_t rows = x1->shape[0], out = w->shape[0], in1 = w->shape[1], in2 = w->shape[2];
    for (int64_t o = 0; o < out && need & 3; o++) {
        tp_tensor *g = tp_narrow(dy[0], 1, o, 1), *part = tp_select(w, 0, o);
        if (need & 1 &&
            !(sum[0] = plus(sum[0], tp_reshape(tp_matmul(tp_mul(tp_unsqueeze(g, 2), part), tp_unsqueeze(x2, 2)),
                                               TP_SHAPE(rows, in1)))))
            return tp__pending();
        if (need & 2 && !(sum[1] = plus(sum[1], tp_mul(tp_matmul(x1, part), g)))) return tp__pending();
    }
    for (int i = 0; i < 2; i++)
        if (need & 1u << i && !(dx[i] = sum[i] ? sum[i] : tp_zeros_like(i ? x2 : x1))) return tp__pending();
    if (!(need & 4)) return TP_OK;
    tp_tensor *v = tp_reshape(tp_mul(tp_unsqueeze(dy[0], 2), tp_unsqueeze(x1, 1)), TP_SHAPE(rows, out * in1));
    return tp__made(dx[2] = tp_reshape(tp_matmul(tp_transpose(v, 0, 1), x2), TP_SHAPE(out, in1, in2)));
}
static const tp_op op_steps;

/* x1 W as [rows, out, in2], and that times x2. */
static tp_status bilinear_compose(tp__call *call)
{
    tp_tensor *x1 = call->in[0], *x2 = call->in[1], *w = call->in[2], *b = call->n_in > 3 ? call->in[3] : NULL;
    if (bilinear_check(call)) return tp__pending();
    const bool narrow = x1->dtype == TP_F16 || x1->dtype == TP_BF16;
    const int64_t out = w->shape[0], in1 = w->shape[1], in2 = w->shape[2];
    int64_t rows = 1;
    tp_shape shape = tp_shape_of(x1);
    for (int d = 0; d < x1->ndim - 1; d++) rows *= x1->shape[d];
    shape.dim[shape.ndim - 1] = out;
    x1 = tp_reshape(x1, TP_SHAPE(rows, in1));
    x2 = tp_reshape(x2, narrow ? TP_SHAPE(rows, in2) : TP_SHAPE(rows, in2, 1));
    if (!x1 || !x2) return tp__pending();
    tp_tensor *left = narrow ? NULL : tp_matmul(x1, tp_reshape(tp_transpose(w, 0, 1), TP_SHAPE(in1, out * in2)));
    tp_tensor *y = narrow ? tp__run1(&op_steps, (tp_tensor *[]){ x1, x2, w }, 3, NULL, NULL) : tp_matmul(tp_reshape(left, TP_SHAPE(rows, out, in2)), x2);
    y = tp_reshape(y, shape);
    return tp__give_out(call, b ? tp_add(y, b) : y);
}

/* ---- Samples, descriptors, public ------------------------------------------------------------------------------------------------------ */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void outer_samples(tp_sample_set *set) { TP__GIVE(set, X(3), X(4)); }
static void inner_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), X(4, 3));
    TP__GIVE(set, X(3), X(3));
    TP__GIVE(set, X(2, 3), TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -1, 1)));
}
static void tensordot_samples(tp_sample_set *set)
{
    const tp_arg pairs[] = { TP__INTS_ARG(2, 0, -1), TP__INTS_ARG(2, 1, 0) };
    TP__GIVE(set, X(2, 3, 4), X(3, 4, 2));
    TP__GIVE(set, X(2, 3), X(2), TP__INT_ARG(0));
    TP__GIVE(set, X(2, 3, 4), X(4, 2), { .kind = TP_ARG_LIST, .n = 2, .value.list = pairs });
}
static void kron_samples(tp_sample_set *set) { TP__GIVE(set, X(2, 3), X(2)); }
static void trace_samples(tp_sample_set *set) { TP__GIVE(set, X(3, 4)); }
static void bilinear_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), X(2, 4), X(5, 3, 4), X(5));
    TP__GIVE(set, X(3), X(2), X(4, 3, 2));
    TP__GIVE(set, X(0, 3), X(0, 2), X(4, 3, 2));
}
static void steps_samples(tp_sample_set *set) { TP__GIVE(set, X(3, 2), X(3, 4), X(2, 2, 4)); }
#undef X

#define COMPOSED(id, args, bytes) \
    static const tp_op op_##id = { .schema = #id "(" args ") -> Tensor", .compose = id##_compose, .attr_size = bytes, \
        .samples = id##_samples, .state = TP__STATE }
COMPOSED(outer, "Tensor input, Tensor vec2", 0);
COMPOSED(inner, "Tensor input, Tensor other", 0);
COMPOSED(tensordot, "Tensor a, Tensor b, any? dims=none", sizeof(const tp_arg *));
COMPOSED(kron, "Tensor input, Tensor other", 0);
COMPOSED(trace, "Tensor input", 0);
static const tp_op op_steps = { .schema = "bilinear_steps(Tensor input1, Tensor input2, Tensor weight) -> Tensor", .flags = TP__INTERNAL, .shape = steps_shape,
    .forward = steps_forward, .backward = steps_backward, .saves = { TP__INPUT(0, 6), TP__INPUT(1, 5),
        TP__INPUT(2, 3) }, .samples = steps_samples, .state = TP__STATE };
COMPOSED(bilinear, "Tensor input1, Tensor input2, Tensor weight, Tensor? bias=none", 0);
static const tp_op op_ger = { .schema = "ger(Tensor input, Tensor vec2) -> Tensor", .compose = outer_compose, .samples = outer_samples, .state = TP__STATE };

#define PAIR(...) (tp_tensor *[]){ __VA_ARGS__ }
tp_tensor *tp_outer(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_outer, PAIR(a, b), 2, NULL, TP__CALLER); }
tp_tensor *tp_inner(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_inner, PAIR(a, b), 2, NULL, TP__CALLER); }
tp_tensor *tp_kron(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_kron, PAIR(a, b), 2, NULL, TP__CALLER); }
tp_tensor *tp_trace(tp_tensor *x) { return tp__run1(&op_trace, &x, 1, NULL, TP__CALLER); }

tp_tensor *tp_tensordot(tp_tensor *a, tp_tensor *b, int dims)
{
    const tp_arg arg = { .kind = TP_ARG_INT, .value.integer = dims }, *const attr = &arg;
    return tp__run1(&op_tensordot, PAIR(a, b), 2, &attr, TP__CALLER);
}

tp_tensor *tp_tensordot_dims(tp_tensor *a, tp_tensor *b, tp_dims dims_a, tp_dims dims_b)
{
    int64_t v[2][TP_MAX_DIMS];
    const tp_dims *dims[] = { &dims_a, &dims_b };
    tp_arg lists[2];
    for (int i = 0; i < 2; i++) {
        if (dims[i]->n < 0 || dims[i]->n > TP_MAX_DIMS) return tp_fail(TP_ERR_ARGUMENT, "tensordot: %d dims are given", dims[i]->n), NULL;
        for (int k = 0; k < dims[i]->n; k++) v[i][k] = dims[i]->dim[k];
        lists[i] = (tp_arg){ .kind = TP_ARG_INTS, .n = dims[i]->n, .value.ints = v[i] };
    }
    const tp_arg arg = { .kind = TP_ARG_LIST, .n = 2, .value.list = lists }, *const attr = &arg;
    return tp__run1(&op_tensordot, PAIR(a, b), 2, &attr, TP__CALLER);
}

tp_tensor *tp_bilinear(tp_tensor *x1, tp_tensor *x2, tp_tensor *w, tp_tensor *b)
{
    return tp__run1(&op_bilinear, PAIR(x1, x2, w, b), 4, NULL, TP__CALLER);
}

const tp_op *const tp__ops_outer[] = { &op_outer, &op_ger, &op_inner, &op_tensordot, &op_kron, &op_trace, &op_steps, &op_bilinear, NULL };
