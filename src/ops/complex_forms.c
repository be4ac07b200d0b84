/* complex_forms.c: ops that real ones make for complex tensors, where a kernel or a rule of their own is not worth it. They record
 * themselves.
 *
 *   linalg_vector_norm    of |z|, in reduce_norm.c      var, std      var z = var re z + var im z
 *   nan_to_num            of both parts                 linear, conv  a product: re re - im im and re im + im re
 *   any, all              of z != 0                     dropout       z times what it makes of ones
 *   l1_loss               of |a - b| and 0              sinc          sin(pi z) / (pi z), 1 of 0
 *   silu                  z sigmoid(z)
 *   logsumexp             m + log(sum e^(z - m)), m the greatest real part
 *   softmax, log_softmax  of the real parts, if a real dtype is asked for
 *   linalg_inv, inverse   of the real matrix [[re, -im], [im, re]], whose inverse is made alike
 *   linalg_solve          of that matrix, and re over im of what is solved for */
#include "ops/complex.h"
#include "ops/linalg.h"
#include "ops/run.h"

enum { MOST = 16 };

/* The op on other tensors. How many outputs, or a status */
static int run_on(tp__call *call, tp_tensor *const *in, tp_tensor **out)
{
    for (int i = 0; i < call->n_in; i++)
        if (!in[i] && call->in[i]) return tp__pending() ? (int)tp__pending() : (int)TP_ERR_MEMORY;
    for (int i = 0; i < call->n_in; i++)
        if (in[i] && tp__is_complex(in[i]->dtype))
            return tp__call_fail(call, TP_ERR_DTYPE, "argument %d is not taken in %s", i, tp_dtype_name((tp_dtype)in[i]->dtype));
    return tp__run(call->op, in, call->n_in, call->attr, out, 4, NULL);
}
static int run_first(tp__call *call, tp_tensor *x, tp_tensor **out)
{
    tp_tensor *in[MOST];
    for (int i = 0; i < call->n_in; i++) in[i] = i ? call->in[i] : x;
    return run_on(call, in, out);
}
static tp_status first_is_complex(const tp__call *call)
{
    const tp_tensor *z = call->in[0];
    if (z && tp__is_complex(z->dtype) && call->n_in <= MOST) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "its first tensor is real, and another one complex");
}

static tp_status of_truth(tp__call *call)
{
    tp_tensor *y[4] = { NULL };
    return run_first(call, tp_ne(call->in[0], 0), y) < 0 ? tp__pending() : tp__give_out(call, y[0]);
}

static tp_status of_parts(tp__call *call, tp_tensor *(*joined)(tp_tensor *, tp_tensor *))
{
    tp_tensor *re[4] = { NULL }, *im[4] = { NULL };
    if (first_is_complex(call)) return tp__pending();
    const int n = run_first(call, tp_real(call->in[0]), re);
    if (n < 0 || run_first(call, tp_imag(call->in[0]), im) < 0) return tp__pending();
    if (!tp__out_made(call, joined(re[0], im[0]))) return tp__pending();
    return n > 1 ? tp__give_out(call, tp_complex(re[1], im[1])) : TP_OK;               /* the mean */
}
static tp_tensor *sum_of(tp_tensor *a, tp_tensor *b) { return tp_add(a, b); }
static tp_status variance(tp__call *call) { return of_parts(call, sum_of); }
static tp_status deviation(tp__call *call) { return of_parts(call, tp_hypot); }
static tp_status both_parts(tp__call *call) { return of_parts(call, tp_complex); }

/* Which part of each factor; the third input, what is added, takes part once in each of the two sums. */
static tp_tensor *product(tp__call *call, int a, int b, bool adds)
{
    tp_tensor *in[MOST] = { NULL }, *y[4] = { NULL };
    for (int i = 0; i < call->n_in; i++) {
        const int which = i == 0 ? a : i == 1 ? b : a != b;
        in[i] = !call->in[i] || (i > 1 && !adds) ? NULL : which ? tp_imag(call->in[i]) : tp_real(call->in[i]);
        if (!in[i] && call->in[i] && (i < 2 || adds)) return NULL;
    }
    return tp__run(call->op, in, call->n_in, call->attr, y, 4, NULL) < 0 ? NULL : y[0];
}
static tp_status of_products(tp__call *call)
{
    for (int i = 0; i < call->n_in && i < MOST; i++)
        if (call->in[i] && call->in[i]->dtype != call->in[0]->dtype)
            return tp__call_fail(call, TP_ERR_DTYPE, "%s and %s", tp_dtype_name((tp_dtype)call->in[0]->dtype), tp_dtype_name((tp_dtype)call->in[i]->dtype));
    tp_tensor *re = tp_sub(product(call, 0, 0, true), product(call, 1, 1, false)), *im = tp_add(product(call, 0, 1, true), product(call, 1, 0, false));
    return tp__give_out(call, re && im ? tp_complex(re, im) : NULL);
}

static tp_status of_ones(tp__call *call)
{
    if (call->op->compose) return call->op->compose(call);       /* in place, by keyword: made of the plain one, which comes here in turn */
    tp_tensor *y[4] = { NULL }, *z = call->in[0];
    tp_tensor *ones = tp_ones_like(tp_real(z));
    if (run_first(call, ones, y) < 0) return tp__pending();
    return tp__give_out(call, y[0] == ones ? z : tp_mul(z, y[0]));
}

static tp_status of_distances(tp__call *call)
{
    tp_tensor *y[4] = { NULL }, *in[MOST] = { tp_abs(tp_sub(call->in[0], call->in[1])) };
    in[1] = tp_zeros_like(in[0]);
    for (int i = 2; i < call->n_in; i++) in[i] = call->in[i];
    return run_on(call, in, y) < 0 ? tp__pending() : tp__give_out(call, y[0]);
}

static tp_status sinc(tp__call *call)
{
    tp_tensor *z = tp_mul(call->in[0], 3.14159265358979323846), *zero = tp_eq(z, 0);
    return tp__give_out(call, tp_where(zero, 1, tp_div(tp_sin(z), tp_where(zero, 1, z))));
}

/* [[re, -im], [im, re]] of the last two dims */
static tp_tensor *in_reals(tp_tensor *z)
{
    tp_tensor *re = tp_real(z), *im = tp_imag(z);
    tp_tensor *left = tp_cat(TP_TENSORS(re, im), -2), *right = tp_cat(TP_TENSORS(tp_neg(im), re), -2);
    return left && right ? tp_cat(TP_TENSORS(left, right), -1) : NULL;
}

static tp_status inverse(tp__call *call)
{
    tp_tensor *z = call->in[0], *y[4] = { NULL };
    const int rows = z->ndim - 2, columns = z->ndim - 1;
    if (tp__linalg_square(call, z)) return tp__pending();
    const int64_t n = z->shape[rows];
    if (run_first(call, in_reals(z), y) < 0) return tp__pending();
    tp_tensor *half = tp_narrow(y[0], columns, 0, n);
    return tp__give_out(call, half ? tp_complex(tp_narrow(half, rows, 0, n), tp_narrow(half, rows, n, n)) : NULL);
}

/* Is B one vector, or one for each matrix? As linalg.c decides it. */
static bool are_vectors(const tp_tensor *a, const tp_tensor *b)
{
    return b->ndim == 1 || (b->ndim == a->ndim - 1 && !memcmp(a->shape, b->shape, sizeof *b->shape * b->ndim));
}
static tp_status solve(tp__call *call)
{
    tp_tensor *a = call->in[0], *b = call->in[1], *y[4] = { NULL };
    const bool left = *(const bool *)call->attr, vectors = are_vectors(a, b);
    if (tp__linalg_square(call, a)) return tp__pending();
    const int64_t n = a->shape[a->ndim - 1];
    if (a->dtype != b->dtype) return tp__call_fail(call, TP_ERR_DTYPE, "A is %s, B %s", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    if (vectors && !left) return tp__call_fail(call, TP_ERR_ARGUMENT, "a vector %s stands on the right alone", tp__shape_text(b));
    const int along = vectors || !left ? -1 : -2;      /* of B, what A's columns go with */
    if (b->ndim < (vectors ? 1 : 2) || b->shape[b->ndim + along] != n)
        return tp__call_fail(call, TP_ERR_SHAPE, "A is %s, B %s: they do not fit", tp__shape_text(a),
                             tp__shape_text(b));
    tp_tensor *im = tp_imag(b);                        /* of X A = B both sides are transposed, and so is the matrix of reals */
    if (!left) im = tp_neg(im);
    tp_tensor *in[] = { in_reals(a), tp_cat(TP_TENSORS(tp_real(b), im), along) };
    if (run_on(call, in, y) < 0) return tp__pending();
    tp_tensor *top = tp_narrow(y[0], along, 0, n), *below = tp_narrow(y[0], along, n, n);
    return tp__give_out(call, top && below ? tp_complex(top, left ? below : tp_neg(below)) : NULL);
}

/* The greatest real part along dims, which are kept; 0 where that is infinite, and where there is none */
static tp_tensor *greatest(tp_tensor *z, tp_dims dims)
{
    TP_NO_GRAD();
    if (!z || !z->numel) return tp_zeros(TP__SCALAR_SHAPE, .dtype = tp__part_dtype(z ? z->dtype : TP_C64), .device = z ? z->device : TP_CPU);
    tp_tensor *m = tp_amax(tp_real(z), .dims = dims, .keepdim = true);
    return tp_where(tp_isinf(m), 0, m);
}

typedef struct logsumexp_attr { tp__ints dim; bool keepdim; } logsumexp_attr;
static tp_status logsumexp(tp__call *call)
{
    const logsumexp_attr *attr = call->attr;
    tp_tensor *z = call->in[0];
    tp_dims dims = { .n = 0 };
    const int64_t most = z->ndim ? z->ndim : 1;
    for (int i = 0; i < attr->dim.n; i++) {
        const int64_t dim = attr->dim.v[i];
        if (dim < -most || dim >= most) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)dim, tp__shape_text(z));
        if (z->ndim) dims.dim[dims.n++] = (int)dim;
    }
    tp_tensor *m = greatest(z, dims), *y = tp_log(tp_sum(tp_exp(tp_sub(z, m)), .dims = dims, .keepdim = attr->keepdim));
    if (!y || !m || !z->numel) return tp__give_out(call, y);
    return tp__give_out(call, tp_add(y, tp_reshape(m, tp_shape_of(y))));
}

/* With a real dtype: of what the cast leaves, the real parts. PyTorch has none of complex numbers. */
typedef struct softmax_attr { int64_t dim; tp_dtype dtype; } softmax_attr;
static tp_status softmax(tp__call *call)
{
    const softmax_attr *attr = call->attr;
    tp_tensor *y[4] = { NULL };
    if (!attr->dtype || tp__is_complex(attr->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "it is not implemented for %s", tp_dtype_name(attr->dtype ? attr->dtype : (tp_dtype)call->in[0]->dtype));
    return run_first(call, tp_to_dtype(call->in[0], attr->dtype), y) < 0 ? tp__pending() : tp__give_out(call, y[0]);
}

static tp_status tanhshrink(tp__call *call) { return tp__give_out(call, tp_sub(call->in[0], tp_tanh(call->in[0]))); }
static tp_status silu(tp__call *call) { return tp__give_out(call, tp_mul(call->in[0], tp_sigmoid(call->in[0]))); }
static tp_status softsign(tp__call *call) { return tp__give_out(call, tp_div(call->in[0], tp_add(tp_abs(call->in[0]), 1))); }

static const struct { const char *name; tp__complex_form *form; } forms[] = {
    { "linalg_vector_norm", tp__norm_of_complex }, { "var", variance }, { "var_mean", variance }, { "std", deviation }, { "std_mean", deviation },
    { "nan_to_num", both_parts }, { "any", of_truth }, { "all", of_truth }, { "linear", of_products }, { "conv1d", of_products },
    { "conv2d", of_products }, { "conv3d", of_products }, { "conv_transpose1d", of_products }, { "conv_transpose2d", of_products },
    { "conv_transpose3d", of_products }, { "dropout", of_ones }, { "l1_loss", of_distances }, { "sinc", sinc }, { "linalg_inv", inverse },
    { "linalg_solve", solve },
    { "linalg_cholesky", tp__complex_cholesky }, { "linalg_solve_triangular", tp__complex_solve_triangular },
    { "cholesky_solve", tp__complex_cholesky_solve }, { "cholesky_inverse", tp__complex_cholesky_inverse },
    { "linalg_slogdet", tp__complex_slogdet }, { "linalg_det", tp__complex_det }, { "det", tp__complex_det }, { "logdet", tp__complex_logdet },
    { "logsumexp", logsumexp }, { "softmax", softmax }, { "log_softmax", softmax },
    { "inverse", inverse }, { "tanhshrink", tanhshrink }, { "softsign", softsign }, { "silu", silu },
};

/* Of the op of which this is the form in place: its result over the input. */
static tp_status in_place(tp__call *call)
{
    if (call->op->compose) return call->op->compose(call);
    char name[sizeof tp__state(call->op)->base_name];
    snprintf(name, sizeof name, "%s", tp__state(call->op)->base_name);
    name[strlen(name) - 1] = 0;
    const tp_op *op = tp_op_find(name);
    tp_tensor *x = call->in[0], *in[MOST], *y[4] = { NULL }, *old = call->need ? tp_clone(x) : x;
    if (!op || op->attr_size != call->op->attr_size || call->n_in > MOST)
        return tp__call_fail(call, TP_ERR_DTYPE, "in place it is not implemented for %s", tp_dtype_name((tp_dtype)x->dtype));
    for (int i = 0; i < call->n_in; i++) in[i] = call->in[i] == x ? old : call->in[i];
    if (!old || tp__run(op, in, call->n_in, call->attr, y, 4, NULL) < 0) return tp__pending();
    if (y[0]->dtype != x->dtype || !tp__same_shape(y[0], x))
        return tp__call_fail(call, TP_ERR_DTYPE, "the result is %s, which %s cannot hold",
                             tp_dtype_name((tp_dtype)y[0]->dtype), tp_dtype_name((tp_dtype)x->dtype));
    call->out[call->n_out++] = x;
    return tp__made(tp_copy_(x, y[0]));
}

tp__complex_form *tp__complex_form_of(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!strncmp(forms[i].name, name, strlen(forms[i].name))) {
            const char *rest = name + strlen(forms[i].name);
            if (!*rest) return forms[i].form;
            if (!strcmp(rest, "_")) return in_place;
        }
    return NULL;
}
