/* gradcheck.c: gradients against central differences.
 *
 * For a random direction of outputs v, L(x) = sum(v * f(x)). Each element of each input is moved by eps to both sides; the
 * difference of L over 2 eps must agree with the gradient that backward computes. float64 only: float32 has too few digits. */
#include "ops/run.h"

#include <math.h>

typedef struct check { tp_gradcheck_fn *fn; void *arg; tp_tensor *const *inputs; int n; tp_tensor *direction; } check;

static double value_of(const check *c)                 /* L, not recorded; NaN on error */
{
    TP_NO_GRAD();
    TP_SCOPE();
    tp_tensor *y = c->fn(c->arg, c->inputs);
    return tp_item(tp_sum(tp_mul(y, c->direction)));
}

static double *element(tp_tensor *x, int64_t i)
{
    int64_t at = 0;
    for (int d = x->ndim - 1; d >= 0; d--) {
        at += i % x->shape[d] * x->stride[d];
        i /= x->shape[d];
    }
    return (double *)x->data + at;
}

static tp_status compare(const check *c, int k, tp_tensor *grad, const tp_gradcheck_options *o)
{
    tp_tensor *x = c->inputs[k];
    double worst = 0, worst_got = 0, worst_want = 0;
    int64_t worst_at = -1;
    for (int64_t i = 0; i < x->numel; i++) {
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
    return tp_fail(TP_ERR_NUMERIC, "gradcheck: input %d %s, element %lld: the gradient is %.9g, differences give %.9g", k, tp__shape_text(x),
                   (long long)worst_at, worst_got, worst_want);
}

tp_status tp_gradcheck_with(tp_gradcheck_fn *fn, void *arg, tp_tensor *const *inputs, int n, const tp_gradcheck_options *options)
{
    tp_gradcheck_options o = { TP__DEFAULT_gradcheck .tp__end = 0 };
    tp_status status = tp__pending();
    if (!status && (!fn || (!inputs && n))) status = tp_fail(TP_ERR_ARGUMENT, "gradcheck: the function, or the list of its inputs, is NULL");
    if (!status) status = tp_options_take("gradcheck", &o, options, offsetof(tp_gradcheck_options, tp__end));
    if (status) return status;
    TP_SCOPE();
    tp_tensor *wanted[64], *grads[64];
    int n_wanted = 0, which[64];
    for (int i = 0; i < n && n_wanted < 64; i++) {
        if (!inputs[i] || !tp_needs_grad(inputs[i])) continue;
        if (inputs[i]->dtype != TP_F64)
            return tp_fail(TP_ERR_DTYPE, "gradcheck: input %d is %s, differences need float64", i, tp_dtype_name((tp_dtype)inputs[i]->dtype));
        which[n_wanted] = i;
        wanted[n_wanted++] = inputs[i];
    }
    check c = { fn, arg, inputs, n, NULL };
    tp_tensor *y = fn(arg, inputs);
    if (!y) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "gradcheck: the function made no output");
    tp_tensor *random = tp_uniform(tp_shape_of(y), -1, 1, .dtype = TP_F64);
    c.direction = random && y->dtype != TP_F64 ? tp_to_dtype(random, (tp_dtype)y->dtype) : random;
    if (!c.direction || !n_wanted) return tp__pending();
    if (tp_needs_grad(y)) status = tp_grad(&y, 1, wanted, n_wanted, &c.direction, grads, .allow_unused = true);
    else for (int i = 0; i < n_wanted; i++) grads[i] = NULL;
    for (int i = 0; i < n_wanted && !status; i++) status = compare(&c, which[i], grads[i], &o);
    return status;
}
