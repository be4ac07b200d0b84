/* random_draw.c: further distributions; what each draws is said in cpu/random_draw.c. Nothing of what was there before is left, so
 * the gradients are 0, as those of the parameters are.
 *
 *   exponential_, geometric_, log_normal_, cauchy_, bernoulli_     in place
 *   bernoulli, poisson       with a parameter for each element
 *   binomial                 successes of `count` trials, with two parameters for each element
 *   multinomial              places, as often as their weights say
 *   normal                   mean + std z, broadcast; nothing is recorded of it */
#include "core/kernel_args.h"
#include "ops/samples.h"
#include "ops/view.h"

#include <math.h>

enum { WORDS = 4 };                                    /* of an element, as the kernels have it */

static tp_status zero_gradient(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    return tp__made(dx[0] = tp_zeros(tp_shape_of(dy[0]), .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device));
}

static tp_rng_state take(int64_t n) { return tp__rng_take((uint64_t)n * WORDS); }

static tp_status check_floating(const tp__call *call, const tp_tensor *x)
{
    if (tp__is_floating(x->dtype)) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)x->dtype));
}

static tp_status check_real(const tp__call *call, const tp_tensor *x)
{
    return tp__is_complex(x->dtype) ? tp__call_fail(call, TP_ERR_DTYPE, "%s is no real dtype", tp_dtype_name((tp_dtype)x->dtype)) : TP_OK;
}

/* ---- In place, by numbers --------------------------------------------------------------------------------------------------------------- */

#define FILLS_WITH(name, ATTR, CHECK, good, ...) \
    static tp_status name##_shape(tp__call *call) \
    { \
        ATTR *draw = (ATTR *)(uintptr_t)call->attr; \
        if (CHECK(call, call->in[0])) return tp__pending(); \
        if (!(good)) return tp__call_fail(call, TP_ERR_ARGUMENT, __VA_ARGS__); \
        draw->state = take(call->in[0]->numel); \
        return tp__in_place(call); \
    }
FILLS_WITH(exponential, tp__single_draw, check_floating, draw->a > 0, "lambd is %g, and has to be above 0", draw->a)
FILLS_WITH(geometric, tp__single_draw, check_real, draw->a > 0 && draw->a < 1, "p is %g, and has to be between 0 and 1", draw->a)
FILLS_WITH(log_normal, tp__real_draw, check_floating, draw->b > 0, "std is %g, and has to be above 0", draw->b)
FILLS_WITH(cauchy, tp__real_draw, check_floating, draw->b > 0, "sigma is %g, and has to be above 0", draw->b)
FILLS_WITH(bernoulli, tp__single_draw, check_real, draw->a >= 0 && draw->a <= 1, "p is %g, and has to be from 0 to 1", draw->a)

/* ---- By a parameter for each element ------------------------------------------------------------------------------------------------------ */

typedef tp__permutation_draw each_attr;                /* the state alone: the shape rule takes it */

static tp_status each_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (check_floating(call, x)) return tp__pending();
    ((each_attr *)(uintptr_t)call->attr)->state = take(x->numel);
    return tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}

static tp_status bernoulli_p_shape(tp__call *call)
{
    tp__single_draw *draw = (tp__single_draw *)(uintptr_t)call->attr;
    tp_tensor *x = call->in[0];
    if (check_real(call, x)) return tp__pending();
    if (!(draw->a >= 0 && draw->a <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "p is %g, and has to be from 0 to 1", draw->a);
    draw->state = take(x->numel);
    return tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}

static tp_status bernoulli_tensor_shape(tp__call *call)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    const tp_tensor *x = call->in[0];
    if (check_real(call, x) || check_floating(call, call->in[1]) || !tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    if (ndim != x->ndim || memcmp(shape, x->shape, sizeof *shape * (size_t)ndim))
        return tp__call_fail(call, TP_ERR_SHAPE, "p %s does not broadcast to %s", tp__shape_text(call->in[1]), tp__shape_text(x));
    ((each_attr *)(uintptr_t)call->attr)->state = take(x->numel);
    return tp__in_place(call);
}

/* The kernel reads p as it is written: of the shape of what it fills, and not in the same memory. */
static tp_status bernoulli_tensor_forward(tp__call *call)
{
    tp_tensor *x = call->in[0], *p = call->in[1];
    TP_NO_GRAD();
    if (p->storage == x->storage) p = tp_clone(p);
    p = tp_expand(p, tp__shape(x->ndim, x->shape));
    const tp_kernel *kernel = p ? tp__kernel(call->op, x->device) : NULL;
    if (!kernel) return tp__pending();
    tp__call each = *call;
    each.in = &p;
    each.n_in = 1;
    return kernel->run(&each);
}

/* ---- binomial ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status binomial_shape(tp__call *call)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    const tp_tensor *count = call->in[0], *prob = call->in[1];
    if (check_floating(call, count) || !tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    if (prob->dtype != count->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "count is %s, prob %s", tp_dtype_name((tp_dtype)count->dtype), tp_dtype_name((tp_dtype)prob->dtype));
    const tp_tensor *y = tp__out(call, (tp_dtype)count->dtype, ndim, shape);
    if (!y) return tp__pending();
    ((each_attr *)(uintptr_t)call->attr)->state = take(y->numel);
    call->keep_shape = 3;
    return TP_OK;
}
static tp_status binomial_forward(tp__call *call)
{
    TP_NO_GRAD();
    const tp_shape shape = tp_shape_of(call->out[0]);
    tp_tensor *in[2] = { tp_expand(call->in[0], shape), tp_expand(call->in[1], shape) };
    const tp_kernel *kernel = in[0] && in[1] ? tp__kernel(call->op, call->out[0]->device) : NULL;
    if (!kernel) return tp__pending();
    tp__call each = *call;
    each.in = in;
    return kernel->run(&each);
}
static tp_status binomial_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *zero = tp_zeros(tp_shape_of(dy[0]), .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device);
    for (int i = 0; i < 2; i++)
        if (need & 1u << i && !(dx[i] = tp__fit(node, i, zero))) return tp__pending();
    return TP_OK;
}

/* ---- multinomial -------------------------------------------------------------------------------------------------------------------------- */

static tp_status multinomial_shape(tp__call *call)
{
    tp__multinomial *a = (tp__multinomial *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    if (check_floating(call, x)) return tp__pending();
    if (x->ndim != 1 && x->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "weights %s have to have one or two dims", tp__shape_text(x));
    const int64_t n = x->shape[x->ndim - 1], rows = x->ndim == 2 ? x->shape[0] : 1;
    int64_t all;
    if (a->num_samples < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld samples are wanted, and have to be at least 1", (long long)a->num_samples);
    if (!n || (!a->replacement && a->num_samples > n))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld samples are wanted of %lld%s", (long long)a->num_samples, (long long)n,
                             a->replacement ? "" : " without replacement (.replacement is false)");
    if (n > INT32_MAX || __builtin_mul_overflow(rows, a->replacement ? a->num_samples : n, &all) || all > INT64_MAX / WORDS)
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld samples of %s are too many", (long long)a->num_samples, tp__shape_text(x));
    int64_t shape[2] = { rows, a->num_samples };
    if (!tp__out(call, TP_I64, x->ndim, x->ndim == 2 ? shape : shape + 1)) return tp__pending();
    a->state = take(all);
    return TP_OK;
}

/* ---- normal -------------------------------------------------------------------------------------------------------------------------------- */

static tp_status normal_shape(tp__call *call)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    const tp_tensor *mean = call->in[0], *std = call->in[1];
    const tp_tensor *model = mean->flags & TP__WRAPPED ? std : mean;
    if (model->flags & TP__WRAPPED) return tp__call_fail(call, TP_ERR_ARGUMENT, "of two numbers the size has to be given");
    if (check_floating(call, model)) return tp__pending();
    if (check_real(call, mean) || check_real(call, std) || !tp__broadcast_shape(call, 2, &ndim, shape)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)model->dtype, ndim, shape));
}

static tp_status normal_forward(tp__call *call)
{
    tp_tensor *y = call->out[0], *std = call->in[1];
    TP_NO_GRAD();
    if (std->numel) {
        tp_tensor *least = tp_min(tp_reshape(std, TP_SHAPE(-1)));
        if (!least) return tp__pending();
        const double v = tp_item(least);
        if (!(v >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "a standard deviation is %g, and has to be at least 0", v);
    }
    return tp__made(tp_add_(tp_mul_(tp_normal_(y, 0, 1), std), call->in[0]));
}

/* ---- Samples ---------------------------------------------------------------------------------------------------------------------------------- */

static void give(tp_sample_set *set, const tp_arg *args, int n)
{
    tp__sample sample = { .n = n, .random = true, .no_gradcheck = true };
    memcpy(sample.args, args, sizeof *args * (size_t)n);
    set->take(set, &sample);
}
#define GIVE(...) give(set, (const tp_arg[]){ __VA_ARGS__ }, TP__COUNT(tp_arg, __VA_ARGS__))
#define X(shape)  TP__TENSOR_ARG(tp__sample_tensor(set, shape, 0.1, 0.9))

static void single_samples(tp_sample_set *set)
{
    GIVE(X(TP_SHAPE(3, 5)), TP__FLOAT_ARG(0.4));
    GIVE(X(TP_SHAPE(0, 2)), TP__FLOAT_ARG(0.4));
}
static void double_samples(tp_sample_set *set) { GIVE(X(TP_SHAPE(3, 5)), TP__FLOAT_ARG(0.5), TP__FLOAT_ARG(2)); }
static void each_samples(tp_sample_set *set)
{
    GIVE(X(TP_SHAPE(3, 5)));
    GIVE(X(TP__SCALAR_SHAPE));
}
static void tensor_samples(tp_sample_set *set) { GIVE(X(TP_SHAPE(3, 5)), X(TP_SHAPE(5))); }
static void binomial_samples(tp_sample_set *set)
{
    tp_tensor *few = tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 1), 4, 9)), *many = tp_detach(tp__sample_tensor(set, TP_SHAPE(4), 90, 200));
    GIVE(TP__TENSOR_ARG(tp_floor(few)), X(TP_SHAPE(5)));
    GIVE(TP__TENSOR_ARG(tp_floor(many)), X(TP_SHAPE(2, 4)));
    GIVE(TP__TENSOR_ARG(tp_zeros(TP_SHAPE(0, 2), .dtype = tp_dtype_of(few))), X(TP_SHAPE(0, 2)));
}
static void multinomial_samples(tp_sample_set *set)
{
    GIVE(X(TP_SHAPE(5)), TP__INT_ARG(3));
    GIVE(X(TP_SHAPE(2, 4)), TP__INT_ARG(6), TP__BOOL_ARG(true));
}
static void normal_samples(tp_sample_set *set)
{
    GIVE(X(TP_SHAPE(3, 5)), X(TP_SHAPE(5)));
    GIVE(X(TP_SHAPE(3)), TP__FLOAT_ARG(2));
    GIVE(TP__FLOAT_ARG(2), X(TP_SHAPE(3)));
}

/* ---- Descriptors -------------------------------------------------------------------------------------------------------------------------------- */

#define DRAW(text, name, more, rule, attr, give) { .schema = text " -> Tensor", .kernel = name, .flags = TP__RANDOM | (more), .shape = rule, \
    .backward = zero_gradient, .attr_size = sizeof(attr), .samples = give, .state = TP__STATE }
static const tp_op op_exponential_ = DRAW("exponential_(Tensor! input, float lambd=1)", "exponential", TP__INPLACE,
                                          exponential_shape, tp__single_draw, single_samples);
static const tp_op op_geometric_ = DRAW("geometric_(Tensor! input, float p)", "geometric", TP__INPLACE, geometric_shape, tp__single_draw, single_samples);
static const tp_op op_log_normal_ = DRAW("log_normal_(Tensor! input, float mean=1, float std=2)", "log_normal",
                                         TP__INPLACE, log_normal_shape, tp__real_draw, double_samples);
static const tp_op op_cauchy_ = DRAW("cauchy_(Tensor! input, float median=0, float sigma=1)", "cauchy", TP__INPLACE,
                                     cauchy_shape, tp__real_draw, double_samples);
static const tp_op op_bernoulli_ = DRAW("bernoulli_(Tensor! input, float p=0.5)", "bernoulli", TP__INPLACE, bernoulli_shape, tp__single_draw, single_samples);
static const tp_op op_bernoulli_tensor_ = { .schema = "bernoulli_.tensor(Tensor! input, Tensor p) -> Tensor", .kernel = "bernoulli_each",
    .flags = TP__INPLACE | TP__RANDOM, .shape = bernoulli_tensor_shape, .forward = bernoulli_tensor_forward, .backward = zero_gradient,
    .attr_size = sizeof(each_attr), .samples = tensor_samples, .state = TP__STATE };
static const tp_op op_bernoulli = DRAW("bernoulli(Tensor input)", "bernoulli_each", 0, each_shape, each_attr, each_samples);
static const tp_op op_bernoulli_p = DRAW("bernoulli.p(Tensor input, float p)", "bernoulli", 0, bernoulli_p_shape, tp__single_draw, single_samples);
static const tp_op op_poisson = DRAW("poisson(Tensor input)", "poisson", 0, each_shape, each_attr, each_samples);
static const tp_op op_binomial = { .schema = "binomial(Tensor count, Tensor prob) -> Tensor", .flags = TP__RANDOM, .shape = binomial_shape,
    .forward = binomial_forward, .backward = binomial_backward, .attr_size = sizeof(each_attr), .samples = binomial_samples, .state = TP__STATE };
static const tp_op op_multinomial = { .schema = "multinomial(Tensor input, int num_samples, bool replacement=false) -> Tensor",
    .flags = TP__RANDOM | TP__NO_GRAD_OP, .shape = multinomial_shape, .attr_size = sizeof(tp__multinomial),
    .samples = multinomial_samples, .state = TP__STATE };
static const tp_op op_normal = { .schema = "normal(Tensor|number mean, Tensor|number std=1) -> Tensor", .flags = TP__RANDOM | TP__NO_GRAD_OP,
    .shape = normal_shape, .forward = normal_forward, .samples = normal_samples, .state = TP__STATE };

/* ---- Public --------------------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *draw_single(const tp_op *op, tp_tensor *x, double a, const void *caller) { return tp__run1(op, &x, 1, &(tp__single_draw){ .a = a }, caller); }
static tp_tensor *draw_double(const tp_op *op, tp_tensor *x, double a, double b, const void *caller)
{
    return tp__run1(op, &x, 1, &(tp__real_draw){ .a = a, .b = b }, caller);
}

tp_tensor *tp_exponential_(tp_tensor *x, double lambd) { return draw_single(&op_exponential_, x, lambd, TP__CALLER); }
tp_tensor *tp_geometric_(tp_tensor *x, double p) { return draw_single(&op_geometric_, x, p, TP__CALLER); }
tp_tensor *tp_log_normal_(tp_tensor *x, double mean, double std) { return draw_double(&op_log_normal_, x, mean, std, TP__CALLER); }
tp_tensor *tp_cauchy_(tp_tensor *x, double median, double sigma) { return draw_double(&op_cauchy_, x, median, sigma, TP__CALLER); }
tp_tensor *tp_bernoulli(tp_tensor *p) { return tp__run1(&op_bernoulli, &p, 1, &(each_attr){ { 0 } }, TP__CALLER); }
tp_tensor *tp_poisson(tp_tensor *rate) { return tp__run1(&op_poisson, &rate, 1, &(each_attr){ { 0 } }, TP__CALLER); }

tp_tensor *tp_binomial(tp_tensor *count, tp_tensor *prob)
{
    return tp__run1(&op_binomial, (tp_tensor *[]){ count, prob }, 2, &(each_attr){ { 0 } }, TP__CALLER);
}

tp_tensor *tp_bernoulli__with(tp_tensor *x, tp_operand p)
{
    if (p.kind == TP_OPERAND_TENSOR)
        return tp__run1(&op_bernoulli_tensor_, (tp_tensor *[]){ x, p.as.tensor }, 2, &(each_attr){ { 0 } }, TP__CALLER);
    return draw_single(&op_bernoulli_, x, p.kind == TP_OPERAND_REAL ? p.as.real : (double)p.as.integer, TP__CALLER);
}

tp_tensor *tp_multinomial_with(tp_tensor *weights, int64_t num_samples, const tp_multinomial_options *options)
{
    tp_multinomial_options o = TP__BRACES(multinomial, );
    if (tp_options_take("multinomial", &o, options, offsetof(tp_multinomial_options, tp__end))) return NULL;
    const tp__multinomial attr = { .num_samples = num_samples, .replacement = o.replacement };
    return tp__run1(&op_multinomial, &weights, 1, &attr, TP__CALLER);
}

tp_tensor *tp_normal_of_with(tp_operand mean, tp_operand std)
{
    return tp__run1(&op_normal, (tp_tensor *[]){ tp__operand(mean), tp__operand(std) }, 2, NULL, TP__CALLER);
}

const tp_op *const tp__ops_random_draw[] = {
    &op_exponential_, &op_geometric_, &op_log_normal_, &op_cauchy_, &op_bernoulli_, &op_bernoulli_tensor_, &op_bernoulli, &op_bernoulli_p, &op_poisson,
    &op_binomial, &op_multinomial, &op_normal, NULL,
};
