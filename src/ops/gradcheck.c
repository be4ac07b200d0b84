/* gradcheck.c: gradients against central differences.
 *
 * For a random direction of outputs v, L(x) = sum(v * f(x)). Each element of each input is moved by eps to both sides; the
 * difference of L over 2 eps must agree with the gradient that backward computes. Of complex numbers each part is moved, L(x) = sum(re(conj(v)
 * * f(x))), and the differences are the parts of the gradient. float64 and complex128 only: float32 has too few digits. */
#include "ops/complex.h"
#include "ops/run.h"

#include <math.h>

typedef struct check { const char *name; tp_gradcheck_fn *fn; void *arg; tp_tensor *const *inputs; int n; tp_tensor *direction; } check;

/* sum(re(conj(v) y)) */
static tp_tensor *along(tp_tensor *v, tp_tensor *y) { return tp_sum(tp_real(tp_mul(tp__conj(v), y))); }

static double value_of(const check *c)                 /* L, not recorded; NaN on error */
{
    TP_NO_GRAD();
    TP_SCOPE();
    return tp_item(along(c->direction, c->fn(c->arg, c->inputs)));
}

/* Part i of x: an element, of complex ones the real and the imaginary part in turn */
static double *element(tp_tensor *x, int64_t i)
{
    const int parts = tp__is_complex(x->dtype) ? 2 : 1;
    int64_t at = 0, which = i % parts;
    i /= parts;
    for (int d = x->ndim - 1; d >= 0; d--) {
        at += i % x->shape[d] * x->stride[d];
        i /= x->shape[d];
    }
    return (double *)x->data + at * parts + which;
}

static bool is_wide(int dtype) { return dtype == TP_F64 || dtype == TP_C128; }
static tp_tensor *random_like(tp_tensor *x, bool requires_grad)
{
    if (!tp__is_complex(x->dtype)) return tp_uniform(tp_shape_of(x), -1, 1, .dtype = TP_F64, .requires_grad = requires_grad);
    TP_NO_GRAD();
    tp_tensor *y = tp_sub_(tp_rand(tp_shape_of(x), .dtype = (tp_dtype)x->dtype), tp_full(TP__SCALAR_SHAPE, 0.5, .dtype = (tp_dtype)x->dtype));
    if (y && requires_grad) tp_requires_grad(y, true);
    return y;
}

static tp_status compare(const check *c, int k, tp_tensor *grad, const tp_gradcheck_options *o)
{
    tp_tensor *x = c->inputs[k];
    double worst = 0, worst_got = 0, worst_want = 0;
    int64_t worst_at = -1;
    const int parts = tp__is_complex(x->dtype) ? 2 : 1;
    for (int64_t i = 0; i < x->numel * parts; i++) {
        double *at = element(x, i);
        const double was = *at;
        *at = was + o->eps;
        const double above = value_of(c);
        *at = was - o->eps;
        const double below = value_of(c);
        *at = was;
        if (tp__pending_error()) return tp__pending();
        const double want = (above - below) / (2 * o->eps), got = grad ? *element(grad, i) : 0;
        const double excess = fabs(got - want) - (o->atol + o->rtol * fabs(want));
        if (!(excess <= 0) && (worst_at < 0 || excess > worst)) worst = excess, worst_at = i, worst_got = got, worst_want = want;
    }
    if (worst_at < 0) return TP_OK;
    return tp_fail(TP_ERR_NUMERIC, "%s: input %d %s, element %lld: the gradient is %.9g, differences give %.9g", c->name, k, tp__shape_text(x),
                   (long long)worst_at / parts, worst_got, worst_want);
}

enum { MOST = 64 };                                   /* inputs */

static tp_status begin(const char *name, tp_gradcheck_options *o, const tp_gradcheck_options *options, tp_gradcheck_fn *fn, tp_tensor *const *inputs, int n)
{
    *o = (tp_gradcheck_options){ TP__DEFAULT_gradcheck .tp__end = 0 };
    if (tp__pending_error()) return tp__pending();
    if (!fn || (!inputs && n)) return tp_fail(TP_ERR_ARGUMENT, "%s: the function, or the list of its inputs, is NULL", name);
    if (n < 0 || n > MOST) return tp_fail(TP_ERR_ARGUMENT, "%s: %d inputs, at most %d are possible", name, n, MOST);
    return tp_options_take(name, o, options, offsetof(tp_gradcheck_options, tp__end));
}

/* Which of the inputs need a gradient. -1: one of them is not float64, nor complex128 */
static int find_wanted(const char *name, tp_tensor *const *inputs, int n, tp_tensor **wanted, int *which)
{
    int n_wanted = 0;
    for (int i = 0; i < n; i++) {
        if (!inputs[i] || !tp_needs_grad(inputs[i])) continue;
        if (!is_wide(inputs[i]->dtype)) {
            tp_fail(TP_ERR_DTYPE, "%s: input %d is %s, differences need float64", name, i, tp_dtype_name((tp_dtype)inputs[i]->dtype));
            return -1;
        }
        if (which) which[n_wanted] = i;
        wanted[n_wanted++] = inputs[i];
    }
    return n_wanted;
}

static tp_status run(check *c, const tp_gradcheck_options *o)
{
    tp_tensor *wanted[MOST], *grads[MOST] = { NULL };
    int which[MOST];
    const int n_wanted = find_wanted(c->name, c->inputs, c->n, wanted, which);
    if (n_wanted < 0) return tp__pending();
    tp_tensor *y = c->fn(c->arg, c->inputs);
    if (!y) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: the function made no output", c->name);
    tp_tensor *random = random_like(y, false);
    c->direction = random && !is_wide(y->dtype) ? tp_to_dtype(random, (tp_dtype)y->dtype) : random;
    if (!c->direction || !n_wanted) return tp__pending();
    tp_status status = tp_needs_grad(y) ? tp_grad(&y, 1, wanted, n_wanted, &c->direction, grads, .allow_unused = true) : TP_OK;
    for (int i = 0; i < n_wanted && !status; i++) status = compare(c, which[i], grads[i], o);
    return status;
}

tp_status tp_gradcheck_with(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options *options)
{
    tp_gradcheck_options o;
    const tp_status status = begin("gradcheck", &o, options, fn, inputs, n);
    if (status) return status;
    TP_SCOPE();
    return run(&(check){ .name = "gradcheck", .fn = fn, .arg = arg, .inputs = inputs, .n = n }, &o);
}

/* ---- Gradients of gradients ------------------------------------------------------------------------------------------------------- */

typedef struct inner { tp_gradcheck_fn *fn; void *arg; int n; tp_tensor *direction[MOST]; } inner;

/* sum over k of <direction k, d <v, fn(x)> / dx_k>, of x and v, which is the last input */
static tp_tensor *mixed_gradients(void *arg, tp_tensor *const *inputs)
{
    const inner *in = arg;
    TP_ENABLE_GRAD();
    tp_tensor *wanted[MOST], *grads[MOST] = { NULL }, *sum = NULL, *v = inputs[in->n];
    const int n = find_wanted("gradgradcheck", inputs, in->n, wanted, NULL);
    tp_tensor *y = n < 0 ? NULL : in->fn(in->arg, inputs);
    if (!y || (tp_needs_grad(y) && tp_grad(&y, 1, wanted, n, &v, grads, .create_graph = true, .allow_unused = true))) return NULL;
    for (int k = 0; k < n && !tp__pending_error(); k++) {
        if (!grads[k]) continue;
        tp_tensor *part = along(in->direction[k], grads[k]);
        sum = sum ? tp_add(sum, part) : part;
    }
    return tp__pending_error() ? NULL : sum ? sum : tp_mul(tp_sum(tp_real(v)), 0.0);
}

tp_status tp_gradgradcheck_with(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options *options)
{
    tp_gradcheck_options o;
    tp_status status = begin("gradgradcheck", &o, options, fn, inputs, n);
    if (!status && n == MOST) status = tp_fail(TP_ERR_ARGUMENT, "gradgradcheck: %d inputs, at most %d are possible", n, MOST - 1);
    if (status) return status;
    TP_SCOPE();
    inner in = { .fn = fn, .arg = arg, .n = n };
    tp_tensor *all[MOST], *wanted[MOST];
    const int n_wanted = find_wanted("gradgradcheck", inputs, n, wanted, NULL);
    tp_tensor *y = n_wanted < 0 ? NULL : fn(arg, inputs);
    if (!y) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "gradgradcheck: the function made no output");
    if (!is_wide(y->dtype)) return tp_fail(TP_ERR_DTYPE, "gradgradcheck: the output is %s, differences need float64", tp_dtype_name((tp_dtype)y->dtype));
    for (int k = 0; k < n_wanted; k++)
        if (!(in.direction[k] = random_like(wanted[k], false))) return tp__pending();
    for (int i = 0; i < n; i++) all[i] = inputs[i];
    all[n] = random_like(y, true);
    if (!all[n]) return tp__pending();
    return run(&(check){ .name = "gradgradcheck", .fn = mixed_gradients, .arg = &in, .inputs = all, .n = n + 1 }, &o);
}
