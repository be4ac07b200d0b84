/* matmul.c: products of vectors, matrices and batches of them.     y = a b     da = dy b', db = a' dy
 *
 * matmul takes any of them; mm, bmm, mv and dot are the same for given numbers of dims. Kernels take any strides of the last
 * two dims, so transposes cost nothing. */
#include "ops/product.h"

#include "autograd/walk.h"
#include "ops/complex.h"

/* ---- Shape rules --------------------------------------------------------------------------------------------------------------------- */

static tp_status matmul_shape(tp__call *call)
{
    const tp_tensor *a = call->in[0], *b = call->in[1];
    if (!a->ndim || !b->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "both must have at least 1 dim, not %s and %s", tp__shape_text(a), tp__shape_text(b));
    if (a->dtype != b->dtype) return tp__call_fail(call, TP_ERR_DTYPE, "%s and %s", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    const int64_t k = a->shape[a->ndim - 1], k2 = b->shape[b->ndim > 1 ? b->ndim - 2 : 0];
    if (k != k2)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and %s do not fit: %lld columns, %lld rows", tp__shape_text(a),
                             tp__shape_text(b), (long long)k, (long long)k2);
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

static bool has_dims(const tp__call *call, int a, int b)
{
    if (call->in[0]->ndim == a && call->in[1]->ndim == b) return true;
    tp__call_fail(call, TP_ERR_SHAPE, "takes tensors of %d and %d dims, not %s and %s", a, b, tp__shape_text(call->in[0]), tp__shape_text(call->in[1]));
    return false;
}
static tp_status mm_shape(tp__call *call) { return has_dims(call, 2, 2) ? matmul_shape(call) : tp__pending(); }
static tp_status mv_shape(tp__call *call) { return has_dims(call, 2, 1) ? matmul_shape(call) : tp__pending(); }
static tp_status dot_shape(tp__call *call) { return has_dims(call, 1, 1) ? matmul_shape(call) : tp__pending(); }
static tp_status bmm_shape(tp__call *call)
{
    if (!has_dims(call, 3, 3)) return tp__pending();
    if (call->in[0]->shape[0] != call->in[1]->shape[0])
        return tp__call_fail(call, TP_ERR_SHAPE, "the batches of %s and %s differ", tp__shape_text(call->in[0]), tp__shape_text(call->in[1]));
    return matmul_shape(call);
}

/* ---- Rule ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp__matrix_of(tp_tensor *x)
{
    if (!x || x->ndim == 2) return x;
    int64_t rows = 1;
    for (int d = 0; d < x->ndim - 1; d++) rows *= x->shape[d];
    return tp_reshape(x, TP_SHAPE(rows, x->shape[x->ndim - 1]));
}

static const tp_op op_matmul;

/* A complex product is four of parts, laid out by themselves. */
static tp_status complex_product(tp_tensor *y, tp_tensor *a, tp_tensor *b, bool adds)
{
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *part[4];
    for (int i = 0; i < 4; i++)
        if (!(part[i] = tp_contiguous(tp__part(i < 2 ? a : b, i & 1)))) return tp__pending();
    tp_tensor *re = tp_sub_(tp_matmul(part[0], part[2]), tp_matmul(part[1], part[3]));
    tp_tensor *im = tp_add_(tp_matmul(part[0], part[3]), tp_matmul(part[1], part[2]));
    tp_tensor *y_re = tp__part(y, 0), *y_im = tp__part(y, 1);
    if (!re || !im || !y_re || !y_im) return tp__pending();
    if (adds) return tp_add_(y_re, re) && tp_add_(y_im, im) ? TP_OK : tp__pending();
    return tp_copy_(y_re, re) && tp_copy_(y_im, im) ? TP_OK : tp__pending();
}

tp_status tp__product_run(tp__call *call)
{
    if (tp__is_complex(call->out[0]->dtype)) return complex_product(call->out[0], call->in[0], call->in[1], call->scratch);
    const tp_kernel *kernel = tp__kernel(call->op, call->out[0]->device);
    return kernel ? kernel->run(call) : tp__pending();
}

/* sum += a b, by the kernel, which reads any strides */
static tp_status add_product(tp_tensor *sum, tp_tensor *a, tp_tensor *b)
{
    tp_tensor *const in[] = { a, b };
    tp__call call = { .op = &op_matmul, .in = in, .n_in = 2, .n_out = 1, .max_out = 1, .out = &sum, .scratch = (void *)(uintptr_t)true };
    const tp_kernel *kernel = tp__kernel(&op_matmul, sum->device);
    return kernel ? kernel->run(&call) : tp__pending();
}

/* What a product of two matrices may be added to; NULL: nothing */
static tp_tensor *target_of(const tp_node *node, int arg, const tp_tensor *a, const tp_tensor *b)
{
    tp_tensor *sum = a && b && a->ndim == 2 && b->ndim == 2 ? tp__target(node, arg) : NULL;
    const bool fits = sum && sum->ndim == 2 && sum->shape[0] == a->shape[0] && sum->shape[1] == b->shape[1] && a->shape[1] == b->shape[0]
        && (sum->dtype == TP_F32 || sum->dtype == TP_F64) && a->dtype == sum->dtype && b->dtype == sum->dtype && a->device == sum->device;
    return !fits || sum->storage == a->storage || sum->storage == b->storage ? NULL : sum;
}

tp_tensor *tp__product_into(const tp_node *node, int arg, tp_tensor *a, tp_tensor *b)
{
    tp_tensor *sum = target_of(node, arg, a, b);
    if (!sum) return tp_matmul(a, b);
    if (add_product(sum, a, b)) return NULL;
    tp__target_added(node, arg);
    return sum;
}

static const tp_op op_matmul_and_sum = { .schema = "matmul_and_sum(Tensor input, Tensor other) -> (Tensor, Tensor)", .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .state = TP__STATE };

tp_tensor *tp__product_and_sum(const tp_node *node, int arg, tp_tensor *a, tp_tensor *b, int of, tp_tensor **sum)
{
    *sum = NULL;
    const bool fits = a && b && a->device != TP_CPU && b->device == a->device && a->ndim == 2 && b->ndim == 2 && a->shape[1] == b->shape[0] &&
                      a->dtype == b->dtype && tp__is_floating(a->dtype);
    if (!fits) return tp__product_into(node, arg, a, b);
    const tp_tensor_options o = { .size = offsetof(tp_tensor_options, tp__end), .dtype = (tp_dtype)a->dtype, .device = a->device };
    tp_tensor *const target = target_of(node, arg, a, b), *out[2];
    if (!(out[0] = target ? target : tp_empty_with(TP_SHAPE(a->shape[0], b->shape[1]), &o)) ||
        !(out[1] = tp_empty_with(TP_SHAPE(of == TP__SUM_OF_B ? b->shape[1] : a->shape[0]), &o))) return NULL;
    tp__state(&op_matmul_and_sum);
    tp__call call = { .op = &op_matmul_and_sum, .in = (tp_tensor *[]){ a, b }, .n_in = 2, .n_out = 2, .max_out = 2, .out = out,
                      .scratch = (void *)(uintptr_t)((target != NULL) | of) };
    const tp_kernel *kernel = tp__kernel(&op_matmul_and_sum, a->device);
    if (!kernel || kernel->run(&call)) return NULL;
    if (target) tp__target_added(node, arg);
    *sum = out[1];
    return out[0];
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
            dx[1] = to_shape_of(node, 1, tp_matmul(tp_transpose(tp__matrix_of(a), 0, 1), tp__matrix_of(g)));
        else
            dx[1] = to_shape_of(node, 1, tp_matmul(tp_transpose(a, -1, -2), g));
        if (!dx[1]) return tp__pending();
    }
    return TP_OK;
}

/* The same for two matrices, added to what is there. */
static tp_status matmul_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (tp__kept(node, 0)->ndim != 2 || tp__kept(node, 1)->ndim != 2) return matmul_backward(node, dy, need, dx);
    if (need & 1 && !(dx[0] = tp__product_into(node, 0, dy[0], tp_transpose(tp__saved(node, 1), 0, 1)))) return tp__pending();
    if (need & 2 && !(dx[1] = tp__product_into(node, 1, tp_transpose(tp__saved(node, 0), 0, 1), dy[0]))) return tp__pending();
    return TP_OK;
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------ */

static void give_pair(tp_sample_set *set, tp_shape a, tp_shape b)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, a, -1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, b, -1, 1)));
}
static void mm_samples(tp_sample_set *set)
{
    give_pair(set, TP_SHAPE(3, 4), TP_SHAPE(4, 2));
    give_pair(set, TP_SHAPE(2, 0), TP_SHAPE(0, 3));
}
static void bmm_samples(tp_sample_set *set) { give_pair(set, TP_SHAPE(2, 3, 4), TP_SHAPE(2, 4, 5)); }
static void mv_samples(tp_sample_set *set) { give_pair(set, TP_SHAPE(3, 4), TP_SHAPE(4)); }
static void dot_samples(tp_sample_set *set)
{
    give_pair(set, TP_SHAPE(5), TP_SHAPE(5));
    give_pair(set, TP_SHAPE(0), TP_SHAPE(0));
}

static void matmul_samples(tp_sample_set *set)
{
    const tp_shape shapes[][2] = { { TP_SHAPE(3, 4), TP_SHAPE(4, 2) }, { TP_SHAPE(4), TP_SHAPE(4) }, { TP_SHAPE(3, 4), TP_SHAPE(4) },
        { TP_SHAPE(4), TP_SHAPE(4, 2) }, { TP_SHAPE(2, 3, 4), TP_SHAPE(2, 4, 2) }, { TP_SHAPE(2, 1, 3, 4), TP_SHAPE(3, 4, 2) },
        { TP_SHAPE(2, 3, 4), TP_SHAPE(4, 2) }, { TP_SHAPE(4), TP_SHAPE(2, 4, 3) }, { TP_SHAPE(2, 3, 4), TP_SHAPE(4) }, { TP_SHAPE(3, 0), TP_SHAPE(0, 2) },
        { TP_SHAPE(2, 3, 0), TP_SHAPE(0, 2) } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        give_pair(set, shapes[i][0], shapes[i][1]);
}

#define PRODUCT(id, text, rule, give) \
    static const tp_op op_##id = { .schema = text, .kernel = "matmul", .shape = rule, .forward = tp__product_run, \
        .backward = matmul_backward, .backward_fused = matmul_fused, \
        .saves = { TP__INPUT(0, 2), TP__INPUT(1, 1) }, .samples = give, .state = TP__STATE }
PRODUCT(matmul, "matmul(Tensor input, Tensor other) -> Tensor", matmul_shape, matmul_samples);
PRODUCT(mm, "mm(Tensor input, Tensor mat2) -> Tensor", mm_shape, mm_samples);
PRODUCT(bmm, "bmm(Tensor input, Tensor mat2) -> Tensor", bmm_shape, bmm_samples);
PRODUCT(mv, "mv(Tensor input, Tensor vec) -> Tensor", mv_shape, mv_samples);
PRODUCT(dot, "dot(Tensor input, Tensor tensor) -> Tensor", dot_shape, dot_samples);

static tp_status vdot_compose(tp__call *call)
{
    if (!has_dims(call, 1, 1)) return tp__pending();
    return tp__give_out(call, tp_dot(tp__conj(call->in[0]), call->in[1]));
}
static const tp_op op_vdot = TP__COMPOSED("vdot(Tensor input, Tensor other) -> Tensor", vdot_compose, 0, dot_samples);

/* ---- Public --------------------------------------------------------------------------------------------------------------------------- */

#define PUBLIC(name) tp_tensor *tp_##name(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_##name, (tp_tensor *[]){ a, b }, 2, NULL, TP__CALLER); }
PUBLIC(matmul)
PUBLIC(mm)
PUBLIC(bmm)
PUBLIC(mv)
PUBLIC(dot)
PUBLIC(vdot)

const tp_op *const tp__ops_matmul[] = { &op_matmul, &op_mm, &op_bmm, &op_mv, &op_dot, &op_vdot, NULL };
