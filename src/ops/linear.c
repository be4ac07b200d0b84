/* linear.c: products.
 *
 *   linear   y = x W' + b     dx = dy W,  dW = dy' x,  db = dy summed over rows
 *   matmul   y = a b          da = dy b', db = a' dy, for matrices, vectors and batches of them
 *
 * Kernels take any strides of the last two dims, so transposes cost nothing. */
#include "ops/run.h"
#include "ops/samples.h"

/* ---- linear ---------------------------------------------------------------------------------------------------------------------- */

static tp_status linear_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *b = call->n_in > 2 ? call->in[2] : NULL;
    if (w->ndim != 2 && w->ndim != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s must have 2 dims, [out, in], or 1", tp__shape_text(w));
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "input must have at least 1 dim");
    const int64_t in = w->shape[w->ndim - 1], out = w->ndim == 2 ? w->shape[0] : 1;
    if (x->shape[x->ndim - 1] != in)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s has %lld features, weight %s takes %lld", tp__shape_text(x),
                             (long long)x->shape[x->ndim - 1], tp__shape_text(w), (long long)in);
    if (b && (b->ndim > 1 || (b->ndim == 1 && b->shape[0] != out && b->shape[0] != 1)))
        return tp__call_fail(call, TP_ERR_SHAPE, "bias %s does not fit weight %s", tp__shape_text(b), tp__shape_text(w));
    if (x->dtype != w->dtype || (b && b->dtype != x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "input is %s, weight %s%s%s", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)w->dtype),
                             b ? ", bias " : "", b ? tp_dtype_name((tp_dtype)b->dtype) : "");
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    shape[x->ndim - 1] = out;
    if (b) call->keep_shape = 4;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, w->ndim == 2 ? x->ndim : x->ndim - 1, shape));
}

static tp_tensor *rows_of(tp_tensor *x)                /* [.., n] as [rows, n] */
{
    if (!x || x->ndim == 2) return x;
    int64_t rows = 1;
    for (int d = 0; d < x->ndim - 1; d++) rows *= x->shape[d];
    return tp_reshape(x, TP_SHAPE(rows, x->shape[x->ndim - 1]));
}

static tp_status linear_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *x = need & 2 ? tp__saved(node, 0) : NULL, *w = need & 1 ? tp__saved(node, 1) : NULL;
    if (need & 1 && !w) return tp__pending();
    if (need & 2 && !x) return tp__pending();
    const bool vector = w ? w->ndim == 1 : x && dy[0]->ndim < x->ndim;       /* neither: only the bias is asked for */
    tp_tensor *g = dy[0];
    if (vector) {
        tp_shape column = tp_shape_of(g);
        column.dim[column.ndim++] = 1;
        g = tp_reshape(g, column);
    }
    if (need & 1) {
        if (vector) w = tp_reshape(w, TP_SHAPE(1, w->numel));
        dx[0] = tp_matmul(g, w);
        if (!dx[0]) return tp__pending();
    }
    if (need & 2) {
        tp_tensor *dw = tp_matmul(tp_transpose(rows_of(g), 0, 1), rows_of(x));
        dx[1] = vector && dw ? tp_reshape(dw, TP_SHAPE(dw->numel)) : dw;
        if (!dx[1]) return tp__pending();
    }
    if (need & 4 && !(dx[2] = tp__fit(node, 2, dy[0]))) return tp__pending();
    return TP_OK;
}

static void linear_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 3), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2), -1, 1)));
}

static const tp_op op_linear = { .schema = "linear(Tensor input, Tensor weight, Tensor? bias=none) -> Tensor", .shape = linear_shape,
    .backward = linear_backward, .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .samples = linear_samples, .state = TP__STATE };

/* ---- matmul ------------------------------------------------------------------------------------------------------------------------- */

static tp_status matmul_shape(tp__call *call)
{
    const tp_tensor *a = call->in[0], *b = call->in[1];
    if (!a->ndim || !b->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "both must have at least 1 dim, not %s and %s", tp__shape_text(a), tp__shape_text(b));
    if (a->dtype != b->dtype) return tp__call_fail(call, TP_ERR_DTYPE, "%s and %s", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    const int64_t k = a->shape[a->ndim - 1], k2 = b->shape[b->ndim > 1 ? b->ndim - 2 : 0];
    if (k != k2)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not fit: %lld columns, %lld rows", tp__shape_text(a), tp__shape_text(b), (long long)k, (long long)k2);
    int64_t shape[TP_MAX_DIMS + 2];
    const int batch_a = a->ndim > 2 ? a->ndim - 2 : 0, batch_b = b->ndim > 2 ? b->ndim - 2 : 0, batch = batch_a > batch_b ? batch_a : batch_b;
    int n = 0;
    for (; n < batch; n++) {
        const int ia = n - (batch - batch_a), ib = n - (batch - batch_b);
        const int64_t sa = ia >= 0 ? a->shape[ia] : 1, sb = ib >= 0 ? b->shape[ib] : 1;
        if (sa != sb && sa != 1 && sb != 1)
            return tp__call_fail(call, TP_ERR_SHAPE, "the batches of %s and %s do not broadcast", tp__shape_text(a), tp__shape_text(b));
        shape[n] = sa == 1 ? sb : sa;
    }
    if (a->ndim > 1) shape[n++] = a->shape[a->ndim - 2];
    if (b->ndim > 1) shape[n++] = b->shape[b->ndim - 1];
    call->keep_shape = 3;
    return tp__made(tp__out(call, (tp_dtype)a->dtype, n, shape));
}

static tp_tensor *as_matrix(tp_tensor *x, bool column)
{
    if (!x || x->ndim > 1) return x;
    return tp_reshape(x, column ? TP_SHAPE(x->numel, 1) : TP_SHAPE(1, x->numel));
}

/* dx summed over what its batch was broadcast to, and as a vector again where it was one. */
static tp_tensor *to_shape_of(const tp_node *node, int arg, tp_tensor *dx)
{
    const tp__kept_shape *kept = tp__kept(node, arg);
    if (!dx) return NULL;
    if (kept->ndim == 1) {
        int64_t matrix[2] = { arg ? kept->shape[0] : 1, arg ? 1 : kept->shape[0] };
        dx = tp__reduce_to(dx, 2, matrix, TP_DTYPE_DEFAULT);
        return dx ? tp_reshape(dx, TP_SHAPE(kept->shape[0])) : NULL;
    }
    return tp__reduce_to(dx, kept->ndim, kept->shape, TP_DTYPE_DEFAULT);
}

static tp_status matmul_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *ka = tp__kept(node, 0), *kb = tp__kept(node, 1);
    tp_tensor *g = dy[0];
    if (ka->ndim == 1 || kb->ndim == 1) {              /* give dy the dims that the vectors dropped */
        tp_shape shape = tp_shape_of(g);
        if (ka->ndim == 1) {
            const int at = shape.ndim - (kb->ndim > 1);
            for (int i = shape.ndim; i > at; i--) shape.dim[i] = shape.dim[i - 1];
            shape.dim[at] = 1;
            shape.ndim++;
        }
        if (kb->ndim == 1) shape.dim[shape.ndim++] = 1;
        g = tp_reshape(g, shape);
    }
    if (need & 1) {
        tp_tensor *b = as_matrix(tp__saved(node, 1), true);
        dx[0] = to_shape_of(node, 0, tp_matmul(g, tp_transpose(b, -1, -2)));
        if (!dx[0]) return tp__pending();
    }
    if (need & 2) {
        tp_tensor *a = as_matrix(tp__saved(node, 0), false);
        if (kb->ndim <= 2 && ka->ndim > 2)             /* one product over all batches */
            dx[1] = to_shape_of(node, 1, tp_matmul(tp_transpose(rows_of(a), 0, 1), rows_of(g)));
        else
            dx[1] = to_shape_of(node, 1, tp_matmul(tp_transpose(a, -1, -2), g));
        if (!dx[1]) return tp__pending();
    }
    return TP_OK;
}

static void matmul_samples(tp_sample_set *set)
{
    const tp_shape shapes[][2] = { { TP_SHAPE(3, 4), TP_SHAPE(4, 2) }, { TP_SHAPE(4), TP_SHAPE(4) }, { TP_SHAPE(3, 4), TP_SHAPE(4) },
        { TP_SHAPE(4), TP_SHAPE(4, 2) }, { TP_SHAPE(2, 3, 4), TP_SHAPE(2, 4, 2) }, { TP_SHAPE(2, 1, 3, 4), TP_SHAPE(3, 4, 2) },
        { TP_SHAPE(2, 3, 4), TP_SHAPE(4, 2) }, { TP_SHAPE(4), TP_SHAPE(2, 4, 3) }, { TP_SHAPE(2, 3, 4), TP_SHAPE(4) }, { TP_SHAPE(3, 0), TP_SHAPE(0, 2) },
        { TP_SHAPE(2, 3, 0), TP_SHAPE(0, 2) } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, shapes[i][0], -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, shapes[i][1], -1, 1)));
}

static const tp_op op_matmul = { .schema = "matmul(Tensor input, Tensor other) -> Tensor", .shape = matmul_shape, .backward = matmul_backward,
    .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .samples = matmul_samples, .state = TP__STATE };

/* ---- Public --------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_linear(tp_tensor *x, tp_tensor *w, tp_tensor *b) { return tp__run1(&op_linear, (tp_tensor *[]){ x, w, b }, 3, NULL, TP__CALLER); }
tp_tensor *tp_matmul(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_matmul, (tp_tensor *[]){ a, b }, 2, NULL, TP__CALLER); }

const tp_op *const tp__ops_linear[] = { &op_linear, &op_matmul, NULL };
