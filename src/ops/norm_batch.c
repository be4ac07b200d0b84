/* norm_batch.c: normalization of channels over all other dims, by statistics of the batch or by running ones.
 *
 *   batch_norm     y = z w + b,  z = (x - m) r,  r = 1 / sqrt(var + eps)
 *                  training: m, var of x over all dims but channels, n elements of each;  dx = w r (dy - mean(dy) - z mean(dy z))
 *                  else: the running ones;                                               dx = w r dy
 *                  dw = sum dy z,  db = sum dy;  of the statistics  dx = dm / n + 2 dvar (x - m) / n
 *                  running = (1 - momentum) running + momentum new,  with var n / (n - 1)
 *   instance_norm  the same with each sample's channels apart; running statistics take the mean over samples */
#include "ops/dense.h"
#include "ops/norm.h"

typedef struct train_attr { double eps; bool rounds; tp__batch_norm norm; } train_attr;
typedef struct eval_attr { double eps; tp__batch_norm norm; } eval_attr;
typedef struct back_attr { double eps; bool rounds, training, weight, bias; tp__batch_norm norm; } back_attr;
typedef struct update_attr { double momentum, factor; } update_attr;
typedef struct batch_attr { bool training; double momentum, eps; } batch_attr;
typedef struct instance_attr { bool use_input_stats; double momentum, eps; } instance_attr;

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

/* Is x dense with channels innermost? */
static bool is_channels_last(const tp_tensor *x)
{
    int64_t expected = x->shape[1];
    if (x->ndim < 3 || x->flags & TP__CONTIGUOUS || !x->numel || (x->shape[1] > 1 && x->stride[1] != 1)) return false;
    for (int d = x->ndim - 1; d >= 0; d--) {
        if (d == 1) continue;
        if (x->shape[d] != 1 && x->stride[d] != expected) return false;
        expected *= x->shape[d];
    }
    return true;
}

static tp_tensor *out_like(tp__call *call, tp_tensor *x)
{
    return is_channels_last(x) ? tp__out_like(call, x, (tp_dtype)x->dtype) : tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape);
}

static tp_status check_input(const tp__call *call, int64_t *channels)
{
    const tp_tensor *x = call->in[0];
    if (tp__norm_check_floating(call)) return tp__pending();
    if (x->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes [batch, channels, ..], not %s", tp__shape_text(x));
    *channels = x->shape[1];
    return TP_OK;
}

static tp_status train_shape(tp__call *call)
{
    train_attr *attr = (train_attr *)(uintptr_t)call->attr;
    tp_tensor *x = call->in[0];
    int64_t c;
    if (check_input(call, &c) || tp__norm_check_param(call, call->in[1], "weight", 1, &c) || tp__norm_check_param(call, call->in[2], "bias", 1, &c))
        return tp__pending();
    attr->norm = (tp__batch_norm){ attr->eps, attr->rounds, true };
    call->scratch = &attr->norm;
    call->keep_shape = 1 | (call->in[1] ? 2 : 0) | (call->in[2] ? 4 : 0);
    if (!out_like(call, x) || !tp__out(call, tp__norm_computed_in(x), 1, &c)) return tp__pending();
    return tp__made(tp__out(call, tp__norm_computed_in(x), 1, &c));
}

static tp_status eval_shape(tp__call *call)
{
    eval_attr *attr = (eval_attr *)(uintptr_t)call->attr;
    static const char *const name[] = { "", "running_mean", "running_var", "weight", "bias" };
    int64_t c;
    if (check_input(call, &c)) return tp__pending();
    for (int i = 1; i < 5; i++)
        if (tp__norm_check_param(call, call->in[i], name[i], 1, &c)) return tp__pending();
    attr->norm = (tp__batch_norm){ attr->eps, false, false };
    call->scratch = &attr->norm;
    call->keep_shape = 1 | (call->in[3] ? 8 : 0) | (call->in[4] ? 16 : 0);
    return tp__made(out_like(call, call->in[0]));
}

static tp_status back_shape(tp__call *call)
{
    back_attr *attr = (back_attr *)(uintptr_t)call->attr;
    const tp_tensor *dy = call->in[0], *w = call->in[4];
    tp_tensor *x = call->in[1];
    const int64_t c = x->ndim > 1 ? x->shape[1] : 0, none = 0;
    bool fits = tp__same_shape(dy, x) && dy->dtype == x->dtype && tp__is_floating(x->dtype) && x->ndim > 1 &&
                (!w || (w->ndim == 1 && w->numel == c && tp__is_floating(w->dtype)));
    for (int i = 2; fits && i < 4; i++) fits = call->in[i]->ndim == 1 && call->in[i]->numel == c && tp__is_floating(call->in[i]->dtype);
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s does not fit the input %s", tp__shape_text(dy), tp__shape_text(x));
    attr->norm = (tp__batch_norm){ attr->eps, attr->rounds, attr->training };
    call->scratch = &attr->norm;
    if (!out_like(call, x) || !tp__out(call, tp__norm_computed_in(x), 1, attr->weight ? &c : &none)) return tp__pending();
    return tp__made(tp__out(call, tp__norm_computed_in(x), 1, attr->bias ? &c : &none));
}

static tp_status update_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *v = call->in[1];
    if (x->ndim != 1 || !tp__same_shape(x, v) || !tp__is_floating(x->dtype) || !tp__is_floating(v->dtype))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s does not fit %s", tp__shape_text(v), tp__shape_text(x));
    return tp__in_place(call);
}

/* ---- Forward: the tensors [batch, channels, ..] all contiguous, or all with channels last --------------------------------------------- */

static tp_tensor *with_channels_last(tp_tensor *x)
{
    tp_dims there = TP_DIMS(0), back = TP_DIMS(0);
    for (int d = 2; d < x->ndim; d++) there.dim[there.n++] = d;
    there.dim[there.n++] = 1;
    back.dim[back.n++] = x->ndim - 1;
    for (int d = 1; d < x->ndim - 1; d++) back.dim[back.n++] = d;
    return tp_permute(tp_contiguous(tp_permute(x, there)), back);
}

static tp_status forward(tp__call *call)
{
    tp_tensor *in[5] = { NULL };
    const bool last = is_channels_last(call->out[0]);
    const int large = call->n_in > 1 && call->in[1] && tp__same_shape(call->in[0], call->in[1]) ? 2 : 1;
    const uint32_t mark = tp__list_mark();
    TP_NO_GRAD();
    bool complete = true;
    for (int i = 0; i < call->n_in && complete; i++) {
        in[i] = call->in[i];
        if (i >= large) continue;
        if (last && !is_channels_last(in[i])) in[i] = with_channels_last(in[i]);
        else if (!last) in[i] = tp_contiguous(in[i]);
        complete = in[i];
    }
    return tp__run_on(call, in, complete, mark);
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_batch_norm_train, op_batch_norm_eval, op_batch_norm_backward, op_batch_norm_update_;

typedef struct parts { tp_tensor *x, *m, *var, *w; int weight_at, bias_at; double eps; bool training, rounds; } parts;

static parts take(const tp_node *node, bool training)
{
    if (training) {
        const train_attr *attr = tp__attr(node);
        return (parts){ tp__saved(node, 0), tp__saved(node, 2), tp__saved(node, 3), tp__saved(node, 1), 1, 2, attr->eps, true, attr->rounds };
    }
    return (parts){ tp__saved(node, 0), tp__saved(node, 1), tp__saved(node, 2), tp__saved(node, 3), 3, 4, *(const double *)tp__attr(node), false, false };
}

/* By channel, so that it broadcasts to x */
static tp_tensor *by_channel(tp_tensor *v, int ndim, tp_dtype dtype)
{
    tp_shape shape = { .ndim = ndim - 1 };
    for (int d = 0; d < ndim - 1; d++) shape.dim[d] = 1;
    if (v) shape.dim[0] = v->numel;
    return tp_reshape(tp_to_dtype(v, dtype), shape);
}

static tp_tensor *over_batch(tp_tensor *(*f)(tp_tensor *, const tp_sum_options *), tp_tensor *x, bool keepdim)
{
    tp_sum_options o = { TP__DEFAULT_sum .size = offsetof(tp_sum_options, tp__end), .keepdim = keepdim };
    for (int d = 0; x && d < x->ndim; d++)
        if (d != 1) o.dims.dim[o.dims.n++] = d;
    return f(x, &o);
}

static tp_tensor *mean_over_batch(tp_tensor *x) { return over_batch(tp_mean_with, x, true); }

static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return a ? tp_add(a, b) : b; }

static tp_tensor *input_grad(const parts *s, tp_tensor *g, tp_tensor *z, tp_tensor *r, tp_tensor *const *dy)
{
    const int ndim = z->ndim;
    const tp_dtype dtype = (tp_dtype)z->dtype;
    const double n = (double)z->numel / (double)(z->shape[1] ? z->shape[1] : 1);
    tp_tensor *dx = NULL;
    if (g) {
        dx = s->training ? tp_sub(tp_sub(g, mean_over_batch(g)), tp_mul(z, mean_over_batch(tp_mul(g, z)))) : g;
        dx = tp_mul(dx, s->w ? tp_mul(r, by_channel(s->w, ndim, dtype)) : r);
    }
    if (s->training && dy[1]) dx = plus(dx, tp_expand(by_channel(tp_div(dy[1], n), ndim, dtype), tp_shape_of(s->x)));
    if (s->training && dy[2]) dx = plus(dx, tp_mul(by_channel(tp_mul(dy[2], 2 / n), ndim, dtype), tp_div(z, r)));
    return dx;
}

static tp_status composed(const tp_node *node, bool training, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const parts s = take(node, training);
    const tp__kept_shape *kept = tp__kept(node, 0);
    const tp_dtype dtype = kept->dtype == TP_F64 ? TP_F64 : TP_F32;
    tp_tensor *g = dy[0] ? tp_to_dtype(dy[0], dtype) : NULL;
    tp_tensor *r = by_channel(tp_div(1, tp_sqrt(tp_add(tp_to_dtype(s.var, dtype), s.eps))), kept->ndim, dtype);
    tp_tensor *z = tp_mul(tp_sub(tp_to_dtype(s.x, dtype), by_channel(s.m, kept->ndim, dtype)), r);
    if (!z || (dy[0] && !g)) return tp__pending();
    if (need & 1) {
        tp_tensor *part = input_grad(&s, g, z, r, dy);
        if (!(dx[0] = part ? tp_to_dtype(part, (tp_dtype)kept->dtype) : NULL)) return tp__pending();
    }
    const int at[] = { s.weight_at, s.bias_at };
    for (int k = 0; g && k < 2; k++) {
        if (!(need >> at[k] & 1)) continue;
        dx[at[k]] = tp__norm_as_param(over_batch(tp_sum_with, k ? g : tp_mul(g, z), false), tp__kept(node, at[k]));
        if (!dx[at[k]]) return tp__pending();
    }
    return TP_OK;
}

static tp_status fused(const tp_node *node, bool training, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!dy[0] || (training && (dy[1] || dy[2]))) return composed(node, training, dy, need, dx);
    const parts s = take(node, training);
    tp_tensor *out[3], *in[] = { dy[0], s.x, s.m, s.var, s.w };
    const back_attr attr = { .eps = s.eps, .rounds = s.rounds, .training = training, .weight = need >> s.weight_at & 1, .bias = need >> s.bias_at & 1 };
    if (tp__run(&op_batch_norm_backward, in, 5, &attr, out, 3, NULL) < 0) return tp__pending();
    if (need & 1) dx[0] = out[0];
    const int at[] = { s.weight_at, s.bias_at };
    for (int k = 0; k < 2; k++)
        if (need >> at[k] & 1 && !(dx[at[k]] = tp__norm_as_param(out[1 + k], tp__kept(node, at[k])))) return tp__pending();
    return TP_OK;
}

#define RULES(name, training) \
    static tp_status name##_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        return composed(node, training, dy, need, dx); \
    } \
    static tp_status name##_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) \
    { \
        return fused(node, training, dy, need, dx); \
    }
RULES(train, true)
RULES(eval, false)

/* ---- As PyTorch calls them ------------------------------------------------------------------------------------------------------------- */

typedef struct given { tp_tensor *x, *running_mean, *running_var, *w, *b; } given;

/* Both running statistics or none, of c channels; those that will be written may be. */
static tp_status check_running(const tp__call *call, const given *g, int64_t c, bool write)
{
    if (!g->running_mean != !g->running_var) return tp__call_fail(call, TP_ERR_ARGUMENT, "one of running_mean and running_var is given without the other");
    if (tp__norm_check_param(call, g->running_mean, "running_mean", 1, &c) || tp__norm_check_param(call, g->running_var, "running_var", 1, &c))
        return tp__pending();
    tp_tensor *const all[] = { g->running_mean, g->running_var };
    for (int i = 0; i < 2; i++)
        if (all[i] && tp__needs_grad(all[i])) return tp__call_fail(call, TP_ERR_STATE, "running statistics get no gradient, but one requires it");
    for (int i = 0; i < 2; i++)
        if (write && all[i] && !tp__may_write(all[i], tp__state(call->op)->base_name)) return tp__pending();
    return TP_OK;
}

static bool is_short(const tp_tensor *x) { return x->dtype == TP_F16 || x->dtype == TP_BF16; }

static bool is_mixed(const given *g)
{
    const tp_tensor *const all[] = { g->running_mean, g->running_var, g->w, g->b };
    for (int i = 0; i < 4; i++)
        if (all[i] && all[i]->dtype != g->x->dtype) return true;
    return false;
}

static tp_status update(tp_tensor *running, tp_tensor *value, double momentum, double factor)
{
    return tp__made(tp__run1(&op_batch_norm_update_, (tp_tensor *[]){ running, value }, 2, &(update_attr){ momentum, factor }, NULL));
}

/* y, mean and var of the batch; then, when nothing can fail any more, the running ones. */
static tp_status train(const given *g, double momentum, double eps, tp_tensor **out)
{
    const train_attr attr = { .eps = eps, .rounds = is_short(g->x) && !is_mixed(g) };
    if (tp__run(&op_batch_norm_train, (tp_tensor *[]){ g->x, g->w, g->b }, 3, &attr, out, 3, NULL) < 0) return tp__pending();
    if (!g->running_mean) return TP_OK;
    const double n = (double)g->x->numel / (double)g->x->shape[1];
    if (update(g->running_mean, out[1], momentum, 1)) return tp__pending();
    return update(g->running_var, out[2], momentum, n / (n - 1));
}

static tp_tensor *evaluate(const given *g, double eps)
{
    return tp__run1(&op_batch_norm_eval, (tp_tensor *[]){ g->x, g->running_mean, g->running_var, g->w, g->b }, 5, &(eval_attr){ .eps = eps }, NULL);
}

/* No elements: weight and bias take part, so that there are gradients. */
static tp_tensor *of_nothing(const given *g)
{
    tp_tensor *y = tp_clone(g->x);
    if (g->w && g->w->numel) y = tp_mul(y, tp_select(g->w, 0, 0));
    if (g->b && g->b->numel) y = tp_add(y, tp_select(g->b, 0, 0));
    return y;
}

static tp_status batch_compose(tp__call *call)
{
    const batch_attr *attr = call->attr;
    const given g = { call->in[0], call->in[1], call->in[2], call->in[3], call->in[4] };
    tp_tensor *out[3];
    int64_t c = 0;
    if (tp__norm_check_floating(call)) return tp__pending();
    if (g.x->ndim == 1 && !g.x->numel) return tp__made(call->out[call->n_out++] = of_nothing(&g));
    if (check_input(call, &c) || check_running(call, &g, c, attr->training) || tp__norm_check_param(call, g.w, "weight", 1, &c) ||
        tp__norm_check_param(call, g.b, "bias", 1, &c)) return tp__pending();
    if (!g.x->numel) return tp__made(call->out[call->n_out++] = of_nothing(&g));
    if (!attr->training) {
        if (!g.running_mean) return tp__call_fail(call, TP_ERR_ARGUMENT, "running_mean and running_var are needed when not training");
        return tp__made(call->out[call->n_out++] = evaluate(&g, attr->eps));
    }
    if (g.x->numel == c) return tp__call_fail(call, TP_ERR_SHAPE, "more than 1 value per channel is needed when training, not %s", tp__shape_text(g.x));
    if (train(&g, attr->momentum, attr->eps, out)) return tp__pending();
    call->out[call->n_out++] = out[0];
    return TP_OK;
}

/* For each sample: [channels] -> [samples channels] */
static tp_tensor *repeated(tp_tensor *p, int64_t samples)
{
    return p ? tp_reshape(tp_expand(p, TP_SHAPE(samples, p->numel)), TP_SHAPE(-1)) : NULL;
}

static tp_tensor *mean_over_samples(tp_tensor *v, int64_t samples, int64_t c)
{
    return tp_mean(tp_reshape(v, TP_SHAPE(samples, c)), .dims = TP_DIMS(0));
}

static tp_tensor *each_instance(const given *g, double momentum, double eps)
{
    const tp_shape shape = tp_shape_of(g->x);
    const int64_t samples = shape.dim[0], c = shape.dim[1];
    tp_shape flat = shape;
    flat.dim[0] = 1;
    flat.dim[1] = samples * c;
    const given one = { .x = tp_reshape(g->x, flat), .w = repeated(g->w, samples), .b = repeated(g->b, samples) };
    tp_tensor *out[3];
    if (!one.x || (g->w && !one.w) || (g->b && !one.b) || train(&one, momentum, eps, out)) return NULL;
    tp_tensor *y = tp_reshape(out[0], shape);
    if (!g->running_mean || !y) return y;
    TP_NO_GRAD();
    const double n = (double)(g->x->numel / (samples * c));
    tp_tensor *mean = mean_over_samples(tp_detach(out[1]), samples, c), *var = mean_over_samples(tp_detach(out[2]), samples, c);
    if (!mean || !var || update(g->running_mean, mean, momentum, 1) || update(g->running_var, var, momentum, n / (n - 1))) return NULL;
    return y;
}

static tp_status instance_compose(tp__call *call)
{
    const instance_attr *attr = call->attr;
    const given g = { call->in[0], call->in[1], call->in[2], call->in[3], call->in[4] };
    int64_t c;
    if (check_input(call, &c) || check_running(call, &g, c, attr->use_input_stats) || tp__norm_check_param(call, g.w, "weight", 1, &c) ||
        tp__norm_check_param(call, g.b, "bias", 1, &c)) return tp__pending();
    if (!attr->use_input_stats) {
        if (!g.running_mean) return tp__call_fail(call, TP_ERR_ARGUMENT, "running_mean and running_var are needed without statistics of the input");
        return tp__made(call->out[call->n_out++] = g.x->numel ? evaluate(&g, attr->eps) : of_nothing(&g));
    }
    int64_t spatial = 1;
    for (int d = 2; d < g.x->ndim; d++) spatial *= g.x->shape[d];
    if (spatial == 1) return tp__call_fail(call, TP_ERR_SHAPE, "more than 1 spatial element is needed when training, not %s", tp__shape_text(g.x));
    return tp__made(call->out[call->n_out++] = g.x->numel ? each_instance(&g, attr->momentum, attr->eps) : of_nothing(&g));
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *leaf(tp_sample_set *set, tp_shape shape) { return tp__sample_tensor(set, shape, -2, 2); }
static tp_tensor *plain(tp_sample_set *set, tp_shape shape) { return tp_detach(tp__sample_tensor(set, shape, 0.5, 1.5)); }
#define LEAF(...)  TP__TENSOR_ARG(leaf(set, TP_SHAPE(__VA_ARGS__)))
#define PLAIN(...) TP__TENSOR_ARG(plain(set, TP_SHAPE(__VA_ARGS__)))
#define NONE       { .kind = TP_ARG_NONE }

static void batch_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 2, 4), NONE, NONE, LEAF(2), LEAF(2), TP__BOOL_ARG(true), TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, LEAF(6, 3), NONE, NONE, NONE, LEAF(3), TP__BOOL_ARG(true));
    TP__GIVE(set, LEAF(0, 3), NONE, NONE, LEAF(3), LEAF(3), TP__BOOL_ARG(true));
}

static void instance_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(2, 3, 5));
    TP__GIVE(set, LEAF(2, 3, 2, 3), NONE, NONE, LEAF(3), LEAF(3), TP__BOOL_ARG(true), TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(0.5));
}

static void train_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 2, 4), LEAF(2), LEAF(2), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, LEAF(6, 3));
    TP__GIVE(set, LEAF(2, 3, 2, 2), NONE, LEAF(3));
}

static void eval_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 2, 4), PLAIN(2), PLAIN(2), LEAF(2), LEAF(2), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, LEAF(2, 3), PLAIN(3), PLAIN(3));
}

static void back_samples(tp_sample_set *set)
{
    TP__GIVE(set, PLAIN(3, 2, 4), PLAIN(3, 2, 4), PLAIN(2), PLAIN(2), PLAIN(2), TP__FLOAT_ARG(0.5), TP__BOOL_ARG(false), TP__BOOL_ARG(true),
             TP__BOOL_ARG(true), TP__BOOL_ARG(true));
    TP__GIVE(set, PLAIN(5, 3), PLAIN(5, 3), PLAIN(3), PLAIN(3), NONE, TP__FLOAT_ARG(0.5), TP__BOOL_ARG(false), TP__BOOL_ARG(false),
             TP__BOOL_ARG(false), TP__BOOL_ARG(true));
}

static void update_samples(tp_sample_set *set) { TP__GIVE(set, PLAIN(3), PLAIN(3), TP__FLOAT_ARG(0.1), TP__FLOAT_ARG(1.5)); }

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

static const tp_op op_batch_norm = { .schema = "batch_norm(Tensor input, Tensor? running_mean, Tensor? running_var, Tensor? weight=none, Tensor? bias=none, "
    "bool training=false, float momentum=0.1, float eps=1e-05) -> Tensor", .compose = batch_compose, .attr_size = sizeof(batch_attr),
    .samples = batch_samples, .state = TP__STATE };
static const tp_op op_instance_norm = { .schema = "instance_norm(Tensor input, Tensor? running_mean=none, Tensor? running_var=none, Tensor? weight=none, "
    "Tensor? bias=none, bool use_input_stats=true, float momentum=0.1, float eps=1e-05) -> Tensor", .compose = instance_compose,
    .attr_size = sizeof(instance_attr), .samples = instance_samples, .state = TP__STATE };
static const tp_op op_batch_norm_train = { .schema = "batch_norm.train(Tensor input, Tensor? weight=none, Tensor? bias=none, float eps=1e-05, "
    "bool rounds=false) -> (Tensor, Tensor, Tensor)", .flags = TP__INTERNAL, .kernel = "batch_norm_train", .shape = train_shape, .forward = forward,
    .backward = train_backward, .backward_fused = train_fused, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__OUTPUT(1), TP__OUTPUT(2) },
    .attr_size = sizeof(train_attr), .samples = train_samples, .state = TP__STATE };
static const tp_op op_batch_norm_eval = { .schema = "batch_norm.eval(Tensor input, Tensor running_mean, Tensor running_var, Tensor? weight=none, "
    "Tensor? bias=none, float eps=1e-05) -> Tensor", .flags = TP__INTERNAL, .kernel = "batch_norm_eval", .shape = eval_shape, .forward = forward,
    .backward = eval_backward, .backward_fused = eval_fused, .saves = { TP__INPUT(0, 0), TP__INPUT(1, 0), TP__INPUT(2, 0), TP__INPUT(3, 0) },
    .attr_size = sizeof(eval_attr), .samples = eval_samples, .state = TP__STATE };
static const tp_op op_batch_norm_backward = { .schema = "batch_norm_backward(Tensor grad, Tensor input, Tensor mean, Tensor var, Tensor? weight, float eps, "
    "bool rounds, bool training, bool weight_grad, bool bias_grad) -> (Tensor, Tensor, Tensor)", .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .shape = back_shape, .forward = forward, .attr_size = sizeof(back_attr), .samples = back_samples, .state = TP__STATE };
static const tp_op op_batch_norm_update_ = { .schema = "batch_norm_update_(Tensor! input, Tensor value, float momentum, float factor) -> Tensor",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP | TP__INPLACE, .shape = update_shape, .attr_size = sizeof(update_attr), .samples = update_samples,
    .state = TP__STATE };

tp_tensor *tp_batch_norm_with(tp_tensor *x, tp_tensor *running_mean, tp_tensor *running_var, const tp_batch_norm_options *options)
{
    tp_batch_norm_options o = { TP__DEFAULT_batch_norm .tp__end = 0 };
    if (tp_options_take("batch_norm", &o, options, offsetof(tp_batch_norm_options, tp__end))) return NULL;
    tp_tensor *in[] = { x, running_mean, running_var, o.weight, o.bias };
    return tp__run1(&op_batch_norm, in, 5, &(batch_attr){ o.training, o.momentum, o.eps }, TP__CALLER);
}

tp_tensor *tp_instance_norm_with(tp_tensor *x, const tp_instance_norm_options *options)
{
    tp_instance_norm_options o = { TP__DEFAULT_instance_norm .tp__end = 0 };
    if (tp_options_take("instance_norm", &o, options, offsetof(tp_instance_norm_options, tp__end))) return NULL;
    tp_tensor *in[] = { x, o.running_mean, o.running_var, o.weight, o.bias };
    return tp__run1(&op_instance_norm, in, 5, &(instance_attr){ o.use_input_stats, o.momentum, o.eps }, TP__CALLER);
}

const tp_op *const tp__ops_norm_batch[] = {
    &op_batch_norm, &op_instance_norm, &op_batch_norm_train, &op_batch_norm_eval, &op_batch_norm_backward, &op_batch_norm_update_, NULL,
};
