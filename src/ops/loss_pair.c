/* loss_pair.c: losses of two tensors that broadcast, element by element, and their mean or sum; d = a - b, s(v) = 1 / (1 + e^-v).
 *
 *   mse_loss          y = d^2                                              da = 2 d
 *   l1_loss           y = |d|                                              da = sign(d)
 *   smooth_l1_loss    y = d^2 / (2 m) where |d| < m, else |d| - m / 2      da = d / m, held between -1 and 1
 *   huber_loss        y = d^2 / 2 where |d| <= m, else m (|d| - m / 2)     da = d, held between -m and m
 *   soft_margin_loss  y = ln(1 + e^(-a b))                                 da = -b s(-a b),  db = -a s(-a b)
 *   kl_div            y = b (ln b - a), 0 where b is                       da = -b,  db = ln b + 1 - a
 *                     of a target of logarithms y = e^b (b - a)            da = -e^b,  db = e^b (b - a + 1)
 *   binary_cross_entropy
 *                     y = -b ln a - (1 - b) ln(1 - a), ln >= -100          da = (a - b) / ((1 - a) a),  db = -ln(a / (1 - a))
 *   binary_cross_entropy_with_logits, k the weight of positives
 *                     y = (1 - b) a - (1 + (k - 1) b) ln s(a)              da = (k b + 1 - b) s(a) - k b,  db = ln s(-a) - k ln s(a)
 *
 * times a weight, where there is one, and dy; over n for the mean. Where nothing is said db = -da. What is not recorded is backward in
 * one pass for da. Weights get no gradient. */
#include "ops/loss_pair.h"

typedef tp__pair_loss pair;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------------- */

static tp_status any(const tp__call *call, int at) { return (void)call, (void)at, TP_OK; }
static tp_status beta_is_good(const tp__call *call, int at)
{
    const double beta = ((const pair *)call->attr)->parameter;
    (void)at;
    return beta >= 0 ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "beta is %g, and has to be at least 0", beta);
}
static tp_status delta_is_good(const tp__call *call, int at)
{
    const double delta = ((const pair *)call->attr)->parameter;
    (void)at;
    return delta > 0 ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "delta is %g, and has to be above 0", delta);
}
static tp_status target_widens_nothing(const tp__call *call, int at)
{
    const tp_tensor *x = call->in[at], *target = call->in[at + 1];
    bool fits = target->ndim <= x->ndim;
    for (int d = 1; d <= target->ndim && fits; d++) fits = target->shape[target->ndim - d] == 1 || target->shape[target->ndim - d] == x->shape[x->ndim - d];
    return fits ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "target %s does not broadcast to the input %s", tp__shape_text(target), tp__shape_text(x));
}

#define SHAPES(name, rule, check) \
    static tp_status name##_shape(tp__call *call) { return check(call, 0) ? tp__pending() : tp__pair_value_shape(call, tp__pair_##rule); } \
    static tp_status name##_back_shape(tp__call *call) { return check(call, 1) ? tp__pending() : tp__pair_slope_shape(call, tp__pair_##rule); }
SHAPES(mse, expanded, any)
SHAPES(l1, difference, any)
SHAPES(smooth_l1, expanded, beta_is_good)
SHAPES(huber, as_input, delta_is_good)
SHAPES(soft_margin, as_input, target_widens_nothing)
SHAPES(kl_div, floating_both, any)
SHAPES(bce, alike, tp__pair_same_shapes)
SHAPES(bce_logits, as_target, tp__pair_same_shapes)

/* ---- Rules ---------------------------------------------------------------------------------------------------------------------------- */

/* A slope times dy, the weight if there is one, and 1 / n of the mean; in PyTorch's order where each product is rounded to 16 bits. */
static tp_tensor *pulled(const tp_node *node, tp_tensor *slope, tp_tensor *dy)
{
    const double scale = ((const pair *)tp__attr(node))->scale;
    tp_tensor *weight = tp__count_saves(node->op) > 2 ? tp__saved(node, 2) : NULL;
    if (!slope || !dy || tp__pending_error()) return NULL;
    if (dy->dtype != TP_F16 && dy->dtype != TP_BF16) {
        if (scale != 1) dy = tp_mul(dy, scale);
        return tp_mul(slope, weight ? tp_mul(dy, weight) : dy);
    }
    tp_tensor *y = tp_mul(slope, dy);
    if (weight) y = tp_mul(y, weight);
    return scale == 1 ? y : tp_mul(y, scale);
}

static tp_status give_input(const tp_node *node, tp_tensor *da, uint64_t need, tp_tensor **dx)
{
    return need & 1 ? tp__made(dx[0] = tp__fit(node, 0, da)) : TP_OK;
}
static tp_status give_target(const tp_node *node, tp_tensor *db, uint64_t need, tp_tensor **dx)
{
    return need & 2 ? tp__made(dx[1] = tp__fit(node, 1, db)) : TP_OK;
}
/* What depends on a - b alone */
static tp_status give_both(const tp_node *node, tp_tensor *da, uint64_t need, tp_tensor **dx)
{
    if (!da || give_input(node, da, need, dx)) return tp__pending();
    return need & 2 ? give_target(node, tp_neg(da), need, dx) : TP_OK;
}

static tp_tensor *by_kernel(const tp_op *op, const tp_node *node, tp_tensor *dy)
{
    tp_tensor *in[TP__MAX_SAVES + 1] = { dy };
    const int n = tp__count_saves(node->op);
    for (int i = 0; i < n; i++) in[i + 1] = tp__saved(node, i);
    return tp__pending_error() ? NULL : tp__run1(op, in, n + 1, tp__attr(node), NULL);
}

/* The gradient by an input, of dy */
typedef tp_tensor *slope_fn(const tp_node *node, tp_tensor *dy, tp_tensor *a, tp_tensor *b);

static tp_tensor *by_ops(const tp_node *node, tp_tensor *dy, slope_fn *slope) { return slope(node, dy, tp__saved(node, 0), tp__saved(node, 1)); }

#define RULE(name) static tp_status name(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
#define OF_DIFFERENCE(name) \
    static const tp_op op_##name##_backward; \
    RULE(name##_rule) { return give_both(node, by_ops(node, dy[0], name##_slope), need, dx); } \
    RULE(name##_fused) { return give_both(node, by_kernel(&op_##name##_backward, node, dy[0]), need, dx); }
#define OF_BOTH(name) \
    static const tp_op op_##name##_backward; \
    RULE(name##_rule) \
    { \
        if (need & 1 && give_input(node, by_ops(node, dy[0], name##_slope), need, dx)) return tp__pending(); \
        return need & 2 ? give_target(node, by_ops(node, dy[0], name##_target), need, dx) : TP_OK; \
    } \
    RULE(name##_fused) \
    { \
        if (need & 1 && give_input(node, by_kernel(&op_##name##_backward, node, dy[0]), need, dx)) return tp__pending(); \
        return need & 2 ? give_target(node, by_ops(node, dy[0], name##_target), need, dx) : TP_OK; \
    }
#define SLOPE(name) static tp_tensor *name(const tp_node *node, tp_tensor *dy, tp_tensor *a, tp_tensor *b)

static double parameter_of(const tp_node *node) { return ((const pair *)tp__attr(node))->parameter; }
static bool of_logarithms(const tp_node *node) { return ((const pair *)tp__attr(node))->log_target; }

SLOPE(mse_slope) { return pulled(node, tp_mul(tp_sub(a, b), 2), dy); }
OF_DIFFERENCE(mse)

SLOPE(huber_slope)
{
    return pulled(node, tp_hardtanh(tp_sub(a, b), .min_val = -parameter_of(node), .max_val = parameter_of(node)), dy);
}
OF_DIFFERENCE(huber)

SLOPE(soft_margin_slope) { return pulled(node, tp_neg(tp_mul(b, tp_sigmoid(tp_neg(tp_mul(a, b))))), dy); }
SLOPE(soft_margin_target) { return soft_margin_slope(node, dy, b, a); }
OF_BOTH(soft_margin)

/* It does not depend on the input, and may lack its shape. */
SLOPE(kl_div_slope)
{
    tp__call both = { .op = node->op, .in = (tp_tensor *[]){ a, b }, .n_in = 2 };
    tp_shape shape;
    if (!a || !b || !tp__broadcast_shape(&both, 2, &shape.ndim, shape.dim)) return NULL;
    return tp_expand(pulled(node, tp_neg(of_logarithms(node) ? tp_exp(b) : b), dy), shape);
}
/* g ln b + g b / b - g a: of a b that is 0 NaN, as xlogy's */
SLOPE(kl_div_target)
{
    const double scale = ((const pair *)tp__attr(node))->scale;
    tp_tensor *g = scale == 1 ? dy : tp_mul(dy, scale);
    if (!of_logarithms(node)) return tp_sub(tp_add(tp_mul(g, tp_log(b)), tp_div(tp_mul(g, b), b)), tp_mul(g, a));
    tp_tensor *e = tp_exp(b);
    return tp_add(tp_mul(tp_mul(g, tp_sub(b, a)), e), tp_mul(g, e));
}
OF_BOTH(kl_div)

SLOPE(bce_slope) { return pulled(node, tp_div(tp_sub(a, b), tp_threshold(tp_mul(tp_sub(1, a), a), 1e-12, 1e-12)), dy); }
SLOPE(bce_target) { return (void)b, pulled(node, tp_neg(tp_log(tp_div(a, tp_sub(1, a)))), dy); }
OF_BOTH(bce)

SLOPE(bce_logits_slope)
{
    tp_tensor *k = tp__saved(node, 3), *s = tp_sigmoid(a);
    if (!k) return pulled(node, tp_sub(s, b), dy);
    tp_tensor *kb = tp_mul(k, b);
    return pulled(node, tp_sub(tp_mul(tp_sub(tp_add(kb, 1), b), s), kb), dy);
}
/* ln s(-a) - k ln s(a) */
SLOPE(bce_logits_target)
{
    (void)b;
    tp_tensor *k = tp__saved(node, 3);
    return pulled(node, k ? tp_sub(tp_logsigmoid(tp_neg(a)), tp_mul(tp_logsigmoid(a), k)) : tp_neg(a), dy);
}
OF_BOTH(bce_logits)

/* The sign of d has no slope of its own, so the kernel is linear in dy, and its gradient is the kernel of what comes in. */
static const tp_op op_l1_backward;
RULE(l1_rule) { return give_both(node, by_kernel(&op_l1_backward, node, dy[0]), need, dx); }
RULE(l1_back_rule)
{
    const pair *attr = tp__attr(node);
    pair each = { .reduction = TP_REDUCTION_NONE };
    tp_tensor *g = tp__run1(&op_l1_backward, (tp_tensor *[]){ dy[0], tp__saved(node, 0), tp__saved(node, 1) }, 3, &each, NULL);
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = attr->reduction == TP_REDUCTION_NONE ? g : tp_mul(tp_sum(g), attr->scale));
}

static const tp_op op_smooth_l1_backward;
RULE(smooth_l1_rule)
{
    const double beta = parameter_of(node);
    if (beta == 0) return l1_rule(node, dy, need, dx);
    tp_tensor *d = tp_div(tp_sub(tp__saved(node, 0), tp__saved(node, 1)), beta);
    return give_both(node, pulled(node, tp_hardtanh(d, .min_val = -1, .max_val = 1), dy[0]), need, dx);
}
RULE(smooth_l1_fused) { return give_both(node, by_kernel(&op_smooth_l1_backward, node, dy[0]), need, dx); }

/* Errors times a weight each, of PyTorch's mse_loss, l1_loss and huber_loss; the mean of the first two is over the weights. */
static tp_status weighted(tp__call *call, tp_tensor *error, bool over_weights)
{
    const pair *attr = call->attr;
    tp_tensor *x = call->in[0], *weight = call->in[call->n_in - 1];
    if (!tp__same_shape(x, weight))
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s has to be shaped as the input %s", tp__shape_text(weight), tp__shape_text(x));
    tp_tensor *y = tp_mul(error, weight);
    if (over_weights && tp__is_mean(attr->reduction)) y = tp_div(tp_sum(y), tp_sum(weight));
    else y = tp__reduced(y, attr->reduction);
    call->out[call->n_out++] = y;
    return tp__made(y);
}

static tp_tensor *each_of(const tp_op *op, const tp__call *call)
{
    pair attr = { .reduction = TP_REDUCTION_NONE, .parameter = ((const pair *)call->attr)->parameter };
    return tp__run1(op, call->in, 2, &attr, NULL);
}
static const tp_op op_mse_loss, op_l1_loss, op_huber_loss;
static tp_status mse_weighted(tp__call *call) { return weighted(call, each_of(&op_mse_loss, call), true); }
static tp_status l1_weighted(tp__call *call) { return weighted(call, each_of(&op_l1_loss, call), true); }
static tp_status huber_weighted(tp__call *call) { return weighted(call, each_of(&op_huber_loss, call), false); }

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

/* Of a range each: of two shapes, of all reductions; then with an argument more. */
typedef struct range { double lo, hi; } range;

static tp_tensor *in_range(tp_sample_set *set, tp_shape shape, range r) { return tp__sample_tensor(set, shape, r.lo, r.hi); }

static void give_pairs_of(tp_sample_set *set, tp_shape x, range a, tp_shape target, range b, const tp_arg *more)
{
    static const char *const reductions[] = { "mean", "sum", "none" };
    const tp_shape shapes[][2] = { { TP_SHAPE(5, 4), TP_SHAPE(5, 4) }, { TP_SHAPE(5, 4), TP_SHAPE(4) }, { x, target }, { TP__SCALAR_SHAPE, TP__SCALAR_SHAPE },
                                   { TP_SHAPE(0, 2), TP_SHAPE(0, 2) } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const tp_arg first = TP__TENSOR_ARG(in_range(set, shapes[i][0], a)), second = TP__TENSOR_ARG(in_range(set, shapes[i][1], b));
        const tp_arg reduction = TP__REDUCTION_ARG(i == 4 ? "sum" : reductions[i % 3]);
        if (more) TP__GIVE(set, first, second, reduction, *more);
        else TP__GIVE(set, first, second, reduction);
    }
}
static void give_pairs(tp_sample_set *set, range a, range b, const tp_arg *more) { give_pairs_of(set, TP_SHAPE(3, 1), a, TP_SHAPE(2, 1, 4), b, more); }

static void pair_samples(tp_sample_set *set) { give_pairs(set, (range){ -2, 2 }, (range){ -2, 2 }, NULL); }
static void soft_margin_samples(tp_sample_set *set) { give_pairs_of(set, TP_SHAPE(2, 3, 4), (range){ -2, 2 }, TP_SHAPE(3, 1), (range){ -2, 2 }, NULL); }
static void smooth_l1_samples(tp_sample_set *set)
{
    give_pairs(set, (range){ -2, 2 }, (range){ -2, 2 }, &(tp_arg)TP__FLOAT_NAMED("beta", 1.5));
    give_pairs(set, (range){ -2, 2 }, (range){ -2, 2 }, &(tp_arg)TP__FLOAT_NAMED("beta", 0));
}
static void huber_samples(tp_sample_set *set) { give_pairs(set, (range){ -2, 2 }, (range){ -2, 2 }, &(tp_arg)TP__FLOAT_NAMED("delta", 1.5)); }
static void kl_div_samples(tp_sample_set *set)
{
    give_pairs(set, (range){ 0.1, 1 }, (range){ 0.1, 1 }, NULL);         /* so that one may stand for the other */
    give_pairs(set, (range){ -3, 0 }, (range){ -3, 0 }, &(tp_arg)TP__BOOL_NAMED("log_target", true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.1, 1)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.1, 1)),
             TP__REDUCTION_ARG("batchmean"));
}

/* Shapes have to be the same; one sample has a weight that broadcasts. */
static void give_entropy(tp_sample_set *set, range a, tp_arg positive)
{
    tp_tensor *w = tp_detach(tp__sample_tensor(set, TP_SHAPE(4), 0.5, 2));
    TP__GIVE(set, TP__TENSOR_ARG(in_range(set, TP_SHAPE(5, 4), a)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), 0.1, 0.9)));
    TP__GIVE(set, TP__TENSOR_ARG(in_range(set, TP_SHAPE(3, 4), a)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.1, 0.9)),
             TP__TENSOR_NAMED("weight", w), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(in_range(set, TP__SCALAR_SHAPE, a)), TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.1, 0.9)),
             TP__REDUCTION_ARG("sum"));
    if (!positive.kind) return;
    TP__GIVE(set, TP__TENSOR_ARG(in_range(set, TP_SHAPE(3, 4), a)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.1, 0.9)), positive);
    TP__GIVE(set, TP__TENSOR_ARG(in_range(set, TP_SHAPE(3, 4), a)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 0.1, 0.9)),
             TP__TENSOR_NAMED("weight", w), TP__REDUCTION_ARG("sum"), positive);
}
static void bce_samples(tp_sample_set *set) { give_entropy(set, (range){ 0.1, 0.9 }, (tp_arg){ .kind = TP_ARG_NONE }); }
static void bce_logits_samples(tp_sample_set *set)
{
    tp_tensor *k = tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 1), 0.5, 2));
    give_entropy(set, (range){ -2, 2 }, (tp_arg)TP__TENSOR_NAMED("pos_weight", k));
}

static void back_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), 0.1, 0.9)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), 0.1, 0.9)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), 0.5, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), 0.1, 0.9)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), 0.1, 0.9)), TP__REDUCTION_ARG("none"));
}

static void weighted_samples(tp_sample_set *set)
{
    static const char *const reductions[] = { "mean", "sum", "none" };
    for (int i = 0; i < 3; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)),
                 TP__REDUCTION_ARG(reductions[i]), TP__TENSOR_NAMED("weight", tp__sample_tensor(set, TP_SHAPE(3, 4), 0.5, 2)));
}

/* ---- Descriptors ---------------------------------------------------------------------------------------------------------------------- */

#define MEAN "string{none,mean,sum} reduction=mean"
#define SAVED2 TP__INPUT(0, 0), TP__INPUT(1, 0)
/* `of`: what the rules and shape rules are called; the arguments after input and target; of those how many more are saved */
#define LOSS(name, of, takes, give, ...) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor target, " takes ") -> Tensor", .shape = of##_shape, .backward = of##_rule, \
        .backward_fused = of##_fused, .saves = { SAVED2, __VA_ARGS__ }, .attr_size = sizeof(pair), .samples = give, .state = TP__STATE }; \
    static const tp_op op_##of##_backward = { .schema = #name "_backward(Tensor grad, Tensor input, Tensor target, " takes ") -> Tensor", \
        .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = of##_back_shape, .attr_size = sizeof(pair), .samples = back_samples, .state = TP__STATE }
#define NONE_MORE { 0, 0, 0 }
LOSS(mse_loss, mse, MEAN, pair_samples, NONE_MORE);
LOSS(smooth_l1_loss, smooth_l1, MEAN ", float beta=1", smooth_l1_samples, NONE_MORE);
LOSS(huber_loss, huber, MEAN ", float delta=1", huber_samples, NONE_MORE);
LOSS(soft_margin_loss, soft_margin, MEAN, soft_margin_samples, NONE_MORE);
LOSS(kl_div, kl_div, "string{none,mean,sum,batchmean} reduction=mean, bool log_target=false", kl_div_samples, NONE_MORE);
LOSS(binary_cross_entropy, bce, "Tensor? weight=none, " MEAN, bce_samples, TP__INPUT(2, 0));
LOSS(binary_cross_entropy_with_logits, bce_logits, "Tensor? weight=none, Tensor? pos_weight=none, " MEAN, bce_logits_samples,
     TP__INPUT(2, 0), TP__INPUT(3, 0));

static const tp_op op_l1_loss = { .schema = "l1_loss(Tensor input, Tensor target, " MEAN ") -> Tensor", .shape = l1_shape, .backward = l1_rule,
    .saves = { SAVED2 }, .attr_size = sizeof(pair), .samples = pair_samples, .state = TP__STATE };
static const tp_op op_l1_backward = { .schema = "l1_loss_backward(Tensor grad, Tensor input, Tensor target, " MEAN ") -> Tensor",
    .flags = TP__INTERNAL, .shape = l1_back_shape, .backward = l1_back_rule, .saves = { TP__INPUT(1, 0), TP__INPUT(2, 0) },
    .attr_size = sizeof(pair), .samples = back_samples, .state = TP__STATE };

#define WEIGHTED(name, of, takes) \
    static const tp_op op_##of##_weighted = { .schema = #name ".weight(Tensor input, Tensor target, " MEAN takes ", *, Tensor weight) -> Tensor", \
        .compose = of##_weighted, .attr_size = sizeof(pair), .samples = weighted_samples, .state = TP__STATE }
WEIGHTED(mse_loss, mse, "");
WEIGHTED(l1_loss, l1, "");
WEIGHTED(huber_loss, huber, ", float delta=1");

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *call_pair(const tp_op *op, const char *name, tp_tensor *const *in, int n_in, tp_reduction reduction, double parameter,
                            const void *caller)
{
    pair attr = { .parameter = parameter };
    return tp__reduction_of(name, reduction, &attr.reduction) ? tp__run1(op, in, n_in, &attr, caller) : NULL;
}

#define TAKE(name) \
    tp_##name##_options o = { TP__DEFAULT_##name .tp__end = 0 }; \
    if (tp_options_take(#name, &o, options, offsetof(tp_##name##_options, tp__end))) return NULL;
#define PLAIN(name, parameter) \
    tp_tensor *tp_##name##_with(tp_tensor *x, tp_tensor *target, const tp_##name##_options *options) \
    { \
        TAKE(name) \
        return call_pair(&op_##name, #name, (tp_tensor *[]){ x, target }, 2, o.reduction, parameter, TP__CALLER); \
    }
/* slot: of the weight, which comes after all of the schema's */
#define WITH_WEIGHT(name, of, parameter, slot) \
    tp_tensor *tp_##name##_with(tp_tensor *x, tp_tensor *target, const tp_##name##_options *options) \
    { \
        TAKE(name) \
        tp_tensor *in[slot + 1] = { x, target }; \
        in[slot] = o.weight; \
        return call_pair(o.weight ? &op_##of##_weighted : &op_##name, #name, in, o.weight ? slot + 1 : 2, o.reduction, parameter, TP__CALLER); \
    }
WITH_WEIGHT(mse_loss, mse, 0, 3)
WITH_WEIGHT(l1_loss, l1, 0, 3)
WITH_WEIGHT(huber_loss, huber, o.delta, 4)
PLAIN(smooth_l1_loss, o.beta)
PLAIN(soft_margin_loss, 0)

tp_tensor *tp_kl_div_with(tp_tensor *x, tp_tensor *target, const tp_kl_div_options *options)
{
    TAKE(kl_div)
    if (o.reduction == TP_REDUCTION_BATCHMEAN) {
        pair attr = { .reduction = TP_REDUCTION_BATCHMEAN, .log_target = o.log_target };
        return tp__run1(&op_kl_div, (tp_tensor *[]){ x, target }, 2, &attr, TP__CALLER);
    }
    pair attr = { .log_target = o.log_target };
    if (!tp__reduction_of("kl_div", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_kl_div, (tp_tensor *[]){ x, target }, 2, &attr, TP__CALLER);
}

tp_tensor *tp_binary_cross_entropy_with(tp_tensor *x, tp_tensor *target, const tp_binary_cross_entropy_options *options)
{
    TAKE(binary_cross_entropy)
    return call_pair(&op_binary_cross_entropy, "binary_cross_entropy", (tp_tensor *[]){ x, target, o.weight }, 3, o.reduction, 0, TP__CALLER);
}

tp_tensor *tp_binary_cross_entropy_with_logits_with(tp_tensor *x, tp_tensor *target, const tp_binary_cross_entropy_with_logits_options *options)
{
    TAKE(binary_cross_entropy_with_logits)
    return call_pair(&op_binary_cross_entropy_with_logits, "binary_cross_entropy_with_logits",
                     (tp_tensor *[]){ x, target, o.weight, o.pos_weight }, 4, o.reduction, 0, TP__CALLER);
}

const tp_op *const tp__ops_loss_pair[] = {
    &op_mse_loss, &op_mse_backward, &op_mse_weighted, &op_l1_loss, &op_l1_backward, &op_l1_weighted, &op_smooth_l1_loss, &op_smooth_l1_backward,
    &op_huber_loss, &op_huber_backward, &op_huber_weighted, &op_soft_margin_loss, &op_soft_margin_backward, &op_kl_div, &op_kl_div_backward,
    &op_binary_cross_entropy, &op_bce_backward, &op_binary_cross_entropy_with_logits, &op_bce_logits_backward, NULL,
};
