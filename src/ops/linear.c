/* linear.c: the product with a weight.
 *
 *   linear   y = x W' + b     dx = dy W,  dW = dy' x,  db = dy summed over rows
 *
 * Kernels take any strides of the last two dims, so transposes cost nothing. */
#include "ops/product.h"
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

/* Is the bias's gradient the sum of dy's rows, and no further sum? */
static bool sums_rows(const tp_node *node, const tp_tensor *dy)
{
    const tp__kept_shape *bias = tp__kept(node, 2);
    return bias && bias->ndim == 1 && bias->shape[0] == dy->shape[dy->ndim - 1] && bias->dtype == dy->dtype;
}

/* `fused`: products are added to what is there, and a bias's gradient may come with the weight's. */
static tp_status backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx, bool fused)
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
        dx[0] = fused ? tp__product_into(node, 0, g, w) : tp_matmul(g, w);
        if (!dx[0]) return tp__pending();
    }
    if (need & 2) {
        tp_tensor *rows = tp_transpose(tp__matrix_of(g), 0, 1), *dw;
        if (fused && !vector && need & 4 && sums_rows(node, g)) dw = tp__product_and_sum(node, 1, rows, tp__matrix_of(x), TP__SUM_OF_A, &dx[2]);
        else dw = fused && !vector ? tp__product_into(node, 1, rows, tp__matrix_of(x)) : tp_matmul(rows, tp__matrix_of(x));
        dx[1] = vector && dw ? tp_reshape(dw, TP_SHAPE(dw->numel)) : dw;
        if (!dx[1]) return tp__pending();
    }
    if (need & 4 && !dx[2] && !(dx[2] = tp__fit(node, 2, dy[0]))) return tp__pending();
    return TP_OK;
}

static tp_status linear_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    return backward(node, dy, need, dx, false);
}
static tp_status linear_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    return backward(node, dy, need, dx, true);
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
    .backward = linear_backward, .backward_fused = linear_fused,
    .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .samples = linear_samples, .state = TP__STATE };

/* ---- Public --------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_linear(tp_tensor *x, tp_tensor *w, tp_tensor *b) { return tp__run1(&op_linear, (tp_tensor *[]){ x, w, b }, 3, NULL, TP__CALLER); }

const tp_op *const tp__ops_linear[] = { &op_linear, NULL };
