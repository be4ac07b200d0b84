/* optim.c: optimizer steps over lists of parameters, as one call of a kernel. They are no ops of the registry: nothing is
 * recorded, and leaves that require grad may be written. Everything is checked before anything is.
 *
 *   fused_sgd_    g += weight_decay w;  v = momentum v + (1 - dampening) g;  w -= lr (nesterov ? g + momentum v : v)
 *   fused_adam_   Kingma & Ba 2015, algorithm 1;  AdamW: Loshchilov & Hutter 2019
 *   total_norm    (sum_i |x_i|_p^p)^(1/p);  fused_mul_, clip_, unscale_   x_i *= factor, min(1, max_norm / norm), 1 / scale
 *   fused_step_   the rules of the table below; src/cpu/optim_rules.c has their formulas */
#include <taper/cuda_graph.h>

#include "core/kernel_args.h"
#include "ops/run.h"

static const tp_op op_sgd = { .schema = "fused_sgd_(Tensor! params, Tensor grads) -> Tensor", .flags = TP__INTERNAL, .state = TP__STATE };
static const tp_op op_norm = { .schema = "total_norm(Tensor params) -> Tensor", .flags = TP__INTERNAL, .state = TP__STATE };
static const tp_op op_mul = { .schema = "fused_mul_(Tensor! params) -> Tensor", .flags = TP__INTERNAL, .state = TP__STATE };
static const tp_op op_scale = { .schema = "fused_update_scale_(Tensor! params) -> Tensor", .flags = TP__INTERNAL, .state = TP__STATE };
static const tp_op op_adam = { .schema = "fused_adam_(Tensor! params, Tensor grads) -> Tensor", .flags = TP__INTERNAL, .state = TP__STATE };

enum { MOST_LISTS = TP__STEP_LISTS, PARAMS = 0, GRADS };

typedef struct step {
    const tp_op *op;
    const char *name;
    const void *caller;
    int n_lists;
    uint32_t scalars;                                  /* bit k: list k is of 0-dim float32 tensors */
    int64_t n;
    tp_tensor_list list[MOST_LISTS];                   /* parameters, gradients, states; empty: not needed */
    const char *role[MOST_LISTS];
    tp_tensor **work;                                  /* copies of what is laid out unlike its parameter, else the same: n_lists * n; or NULL */
} step;

/* ---- Checks ----------------------------------------------------------------------------------------------------------------------- */

static tp_status check_tensor(const step *s, int k, int64_t i)
{
    tp_tensor *x = s->list[k].at[i], *p = s->list[PARAMS].at[i];
    if (!x) return tp__pending_error() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: %s %lld is NULL", s->name, s->role[k], (long long)i);
    if (!tp__alive(x, s->name)) return tp__pending();
    if (k == PARAMS && !tp__is_floating(x->dtype))
        return tp_fail(TP_ERR_DTYPE, "%s: parameter %lld is %s, which is no floating dtype", s->name, (long long)i, tp_dtype_name((tp_dtype)x->dtype));
    if (k != GRADS && x->base && x->flags & TP__MULTI_VIEW && x->node)
        return tp_fail(TP_ERR_STATE, "%s: %s %lld is one of several views that an op returned", s->name, s->role[k], (long long)i);
    if (s->scalars >> k & 1) {
        if (x->device != TP_CPU && x->device != p->device)
            return tp_fail(TP_ERR_DEVICE, "%s: %s %lld is on %s, its parameter on %s", s->name, s->role[k], (long long)i, tp_device_name(x->device),
                           tp_device_name(p->device));
        if (x->device != p->device && tp_cuda_graph_is_recording())
            return tp_fail(TP_ERR_STATE,
                           "%s: %s %lld is on the CPU, where no replay of the graph that is recorded would count",
                           s->name, s->role[k], (long long)i);
        if (x->dtype == TP_F32 && x->numel == 1) return TP_OK;
        return tp_fail(TP_ERR_ARGUMENT, "%s: %s %lld is %s %s, and has to be one float32", s->name, s->role[k], (long long)i,
                       tp_dtype_name((tp_dtype)x->dtype), tp__shape_text(x));
    }
    if (!tp__same_shape(x, p))
        return tp_fail(TP_ERR_SHAPE, "%s: parameter %lld is %s, its %s %s", s->name, (long long)i, tp__shape_text(p), s->role[k], tp__shape_text(x));
    if (x->dtype != p->dtype)
        return tp_fail(TP_ERR_DTYPE, "%s: parameter %lld is %s, its %s %s", s->name, (long long)i, tp_dtype_name((tp_dtype)p->dtype), s->role[k],
                       tp_dtype_name((tp_dtype)x->dtype));
    if (x->device != s->list[PARAMS].at[0]->device)
        return tp_fail(TP_ERR_DEVICE, "%s: %s %lld is on %s, the first parameter on %s", s->name, s->role[k], (long long)i,
                       tp_device_name(x->device), tp_device_name(s->list[PARAMS].at[0]->device));
    return TP_OK;
}

static tp_status check(const step *s)
{
    if (s->n < 0 || (s->n && !s->list[PARAMS].at)) return tp_fail(TP_ERR_ARGUMENT, "%s: the list of parameters is NULL, of %lld", s->name, (long long)s->n);
    for (int k = 1; k < s->n_lists; k++)
        if ((s->list[k].at || (k == GRADS && s->n)) && (s->list[k].n != s->n || !s->list[k].at))
            return tp_fail(TP_ERR_ARGUMENT, "%s: the list of parameters has %lld tensors, that of %s %lld", s->name, (long long)s->n,
                           s->role[k], (long long)s->list[k].n);
    for (int64_t i = 0; i < s->n; i++)
        for (int k = 0; k < s->n_lists; k++) {
            const tp_status status = s->list[k].at ? check_tensor(s, k, i) : TP_OK;
            if (status) return status;
        }
    return TP_OK;
}

/* ---- Layouts ------------------------------------------------------------------------------------------------------------------------- */

static bool same_layout(const tp_tensor *a, const tp_tensor *b)
{
    if (a->flags & b->flags & TP__CONTIGUOUS) return true;
    for (int d = 0; d < a->ndim; d++)
        if (a->shape[d] != 1 && a->stride[d] != b->stride[d]) return false;
    return true;
}

/* Does tensor i of list k lie as the kernel wants it: as its parameter, which is dense? */
static bool lies_well(const step *s, int k, int64_t i)
{
    const tp_tensor *p = s->list[PARAMS].at[i], *x = s->list[k].at ? s->list[k].at[i] : NULL;
    return !x || s->scalars >> k & 1 || (tp__is_dense(p) ? same_layout(x, p) : (bool)(x->flags & TP__CONTIGUOUS));
}

/* In work: each parameter's tensors in one dense layout, which is its own if it is dense. Where all lie well there is none,
 * and nothing that could fail between one step and the next. */
static tp_status lay_out(step *s)
{
    bool well = true;
    for (int64_t i = 0; i < s->n && well; i++)
        for (int k = 0; k < s->n_lists && well; k++) well = lies_well(s, k, i);
    if (well) return TP_OK;
    s->work = tp_mem_alloc((size_t)(s->n_lists * s->n) * sizeof *s->work);
    if (!s->work) return TP_ERR_MEMORY;
    for (int64_t i = 0; i < s->n; i++) {
        const tp_tensor *p = s->list[PARAMS].at[i];
        const bool dense = tp__is_dense(p);
        for (int k = 0; k < s->n_lists; k++) {
            tp_tensor *x = s->list[k].at ? s->list[k].at[i] : NULL;
            tp_tensor **to = &s->work[k * s->n + i];
            *to = x;
            if (lies_well(s, k, i)) continue;
            *to = dense ? tp__tensor_new_strided(x->device, (tp_dtype)x->dtype, x->ndim, x->shape, p->stride)
                        : tp__tensor_new(x->device, (tp_dtype)x->dtype, x->ndim, x->shape);
            if (!*to || !tp_copy_(*to, x)) return tp__pending();
        }
    }
    return TP_OK;
}

static tp_status write_back(const step *s)
{
    for (int k = 0; k < s->n_lists; k++)
        for (int64_t i = 0; k != GRADS && s->list[k].at && i < s->n; i++) {
            tp_tensor *x = s->list[k].at[i];
            if (!s->work || s->work[k * s->n + i] == x) tp__bump(x, s->name);
            else if (!tp_copy_(x, s->work[k * s->n + i])) return tp__pending();
        }
    return TP_OK;
}

static tp_tensor *const *working(const step *s, int k) { return s->list[k].at && s->work ? s->work + k * s->n : s->list[k].at; }

/* ---- Steps --------------------------------------------------------------------------------------------------------------------------- */

static tp_status begin(step *s)
{
    s->n = s->list[PARAMS].n;
    for (int k = 0; k < s->n_lists; k++)
        if (!s->list[k].n && (k > GRADS || !s->n)) s->list[k].at = NULL;
    const tp_status status = check(s);
    return status || !s->n ? status : lay_out(s);
}

static tp_status compute(const step *s, const void *attr)
{
    const tp_kernel *kernel = tp__kernel(s->op, s->list[PARAMS].at[0]->device);
    tp__call call = { .op = s->op, .in = s->list[PARAMS].at, .n_in = (int)(s->n < 4 ? s->n : 4), .attr = attr };
    return kernel ? kernel->run(&call) : tp__pending();
}

static __thread tp_tensor *skip;                       /* what tells that a step is not to be made */

/* What the kernel reads; on the CPU it is read here. */
static const tp_tensor *skip_of(bool *skipped)
{
    *skipped = skip && skip->device == TP_CPU && *(const float *)skip->data != 0;
    return skip && skip->device != TP_CPU ? skip : NULL;
}

/* What is not the host's is read where the parameters are. */
static tp_status begin_step(step *s)
{
    const tp_tensor_list params = s->list[PARAMS];
    if (skip && skip->device != TP_CPU && params.n > 0 && params.at && params.at[0] && params.at[0]->device != skip->device)
        return tp_fail(TP_ERR_DEVICE,
                       "%s: found_inf, which is read before the step, is on %s, the first parameter on %s", s->name,
                       tp_device_name(skip->device), tp_device_name(params.at[0]->device));
    return begin(s);
}

static tp_status check_one(const char *name, tp_tensor *x, tp_dtype dtype, const char *what, tp_device device)
{
    if (!x) return tp__pending_error() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: the %s is NULL", name, what);
    if (!tp__alive(x, name)) return tp__pending();
    if (x->numel != 1 || (dtype ? (tp_dtype)x->dtype != dtype : !tp__is_floating(x->dtype)))
        return tp_fail(TP_ERR_ARGUMENT, "%s: the %s is %s %s, and has to be one %s", name, what, tp_dtype_name((tp_dtype)x->dtype), tp__shape_text(x),
                       dtype ? tp_dtype_name(dtype) : "floating number");
    if (device && x->device != device)
        return tp_fail(TP_ERR_DEVICE, "%s: the %s is on %s, the tensors on %s", name, what, tp_device_name(x->device), tp_device_name(device));
    return TP_OK;
}

static tp_status run(const step *s, const void *attr)
{
    const tp_status status = compute(s, attr);
    return status ? status : write_back(s);
}

static tp_status sgd(step *s, const tp_fused_sgd_options *o)
{
    tp_status status = TP_OK;
    if (o->nesterov && !(o->momentum > 0 && o->dampening == 0))
        return tp_fail(TP_ERR_ARGUMENT, "%s: nesterov takes a momentum and no dampening, and they are %g and %g", s->name, o->momentum, o->dampening);
    if (o->momentum != 0 && s->list[PARAMS].n && !s->list[2].n)
        return tp_fail(TP_ERR_ARGUMENT, "%s: momentum %g needs momentum buffers", s->name, o->momentum);
    if (o->momentum == 0) s->list[2] = (tp_tensor_list){ .n = 0 };
    bool skipped;
    const tp_tensor *const read = skip_of(&skipped);
    status = begin_step(s);
    if (status || !s->n || skipped) return status;
    return run(s, &(tp__sgd_step){ .n = s->n, .skip = read, .params = working(s, PARAMS), .grads = working(s, GRADS), .buffers = working(s, 2), .lr = o->lr,
               .momentum = o->momentum, .dampening = o->dampening, .weight_decay = o->weight_decay, .nesterov = o->nesterov,
               .maximize = o->maximize, .first = o->first_step });
}

static tp_status adam(step *s, const tp_fused_adam_options *o)
{
    tp_status status = TP_OK;
    for (int i = 0; i < 2; i++)
        if (!(o->betas[i] >= 0 && o->betas[i] < 1))
            return tp_fail(TP_ERR_ARGUMENT, "%s: betas[%d] is %g, and has to be at least 0 and less than 1", s->name, i, o->betas[i]);
    for (int k = 2; k < s->n_lists; k++)
        if (s->list[PARAMS].n && !s->list[k].n && (k != 4 || o->amsgrad))
            return tp_fail(TP_ERR_ARGUMENT, "%s: the list of %s is empty", s->name, s->role[k]);
    if (!o->amsgrad) s->list[4] = (tp_tensor_list){ .n = 0 };
    bool skipped;
    const tp_tensor *const read = skip_of(&skipped);
    status = begin_step(s);
    if (status || !s->n || skipped) return status;
    return run(s, &(tp__adam_step){ .n = s->n, .skip = read, .params = working(s, PARAMS), .grads = working(s, GRADS), .exp_avgs = working(s, 2),
               .exp_avg_sqs = working(s, 3), .max_exp_avg_sqs = working(s, 4), .steps = working(s, 5), .lr = o->lr, .beta1 = o->betas[0],
               .beta2 = o->betas[1], .eps = o->eps, .weight_decay = o->weight_decay, .decoupled = o->decoupled, .maximize = o->maximize });
}

/* Around a step: nothing is recorded, errors name it, and copies go. */
typedef struct around { bool outermost; uint32_t mode, mark; } around;

static around enter(const step *s)
{
    tp__thread *self = &tp__self;
    const around was = { !self->caller, self->mode, self->listed };
    if (was.outermost) {
        self->caller = s->caller;
        self->op = s->name;
    }
    self->mode |= TP__NO_RECORD;
    return was;
}

static tp_status leave(step *s, around was, tp_status status)
{
    tp__thread *self = &tp__self;
    if (status && !tp__pending_error()) tp_fail(status, "%s: the step failed", s->name);
    if (s->work) tp_mem_free(s->work, (size_t)(s->n_lists * s->n) * sizeof *s->work);
    tp__list_release(was.mark);
    if (!(was.mode & TP__NO_RECORD)) self->mode &= ~(uint32_t)TP__NO_RECORD;
    if (was.outermost) self->caller = self->op = NULL;
    return status;
}

tp_status tp_fused_sgd__with(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list momentum_buffers, const tp_fused_sgd_options *options)
{
    step s = { .op = &op_sgd, .name = "fused_sgd_", .caller = TP__CALLER, .n_lists = 3, .list = { params, grads, momentum_buffers },
               .role = { "parameter", "gradient", "momentum buffer" } };
    tp_fused_sgd_options o = TP__BRACES(fused_sgd, );
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = tp_options_take(s.name, &o, options, offsetof(tp_fused_sgd_options, tp__end));
    if (!status) status = sgd(&s, &o);
    return leave(&s, was, status);
}

tp_status tp_fused_adam__with(tp_tensor_list params, tp_tensor_list grads, tp_tensor_list exp_avgs, tp_tensor_list exp_avg_sqs,
                              tp_tensor_list max_exp_avg_sqs, tp_tensor_list steps, const tp_fused_adam_options *options)
{
    step s = { .op = &op_adam, .name = "fused_adam_", .caller = TP__CALLER, .n_lists = 6, .scalars = 1 << 5,
               .list = { params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps },
               .role = { "parameter", "gradient", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step" } };
    tp_fused_adam_options o = TP__BRACES(fused_adam, );
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = tp_options_take(s.name, &o, options, offsetof(tp_fused_adam_options, tp__end));
    if (!status) status = adam(&s, &o);
    return leave(&s, was, status);
}

/* ---- All tensors as one ------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_total_norm(tp_tensor_list tensors, double norm_type)
{
    step s = { .op = &op_norm, .name = "total_norm", .caller = TP__CALLER, .n_lists = 1, .list = { tensors }, .role = { "tensor" } };
    tp_tensor *y = NULL;
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = begin(&s);
    tp_dtype dtype = status || !s.n ? TP_F32 : (tp_dtype)tensors.at[0]->dtype;
    for (int64_t i = 1; i < s.n && !status; i++) dtype = tp_promote_types(dtype, (tp_dtype)tensors.at[i]->dtype);
    if (!status && s.n) {
        y = tp__tensor_new(tensors.at[0]->device, dtype, 0, NULL);
        status = y ? compute(&s, &(tp__norm_step){ .n = s.n, .list = working(&s, PARAMS), .p = norm_type, .out = y }) : tp__pending();
        if (y) tp__list_take(was.mark, y);             /* out of what is released below */
    }
    status = leave(&s, was, status);
    if (!s.n && !status) return tp_zeros((tp_shape){ .ndim = 0 });
    if (y && (status || !tp__enlist(&tp__self, y))) {
        tp__unref(y);
        y = NULL;
    }
    return y;
}

static tp_status scale(step *s, tp__scale_step attr)
{
    const tp_status status = begin(s);
    if (status || !s->n) return status;
    attr.n = s->n;
    attr.list = working(s, PARAMS);
    return run(s, &attr);
}

tp_status tp_fused_mul_(tp_tensor_list tensors, double factor)
{
    step s = { .op = &op_mul, .name = "fused_mul_", .caller = TP__CALLER, .n_lists = 1, .list = { tensors }, .role = { "tensor" } };
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = scale(&s, (tp__scale_step){ .factor = factor });
    return leave(&s, was, status);
}

static tp_device device_of(tp_tensor_list tensors) { return tensors.n > 0 && tensors.at && tensors.at[0] ? tensors.at[0]->device : 0; }

tp_status tp_fused_clip_(tp_tensor_list tensors, tp_tensor *norm, double max_norm)
{
    step s = { .op = &op_mul, .name = "fused_clip_", .caller = TP__CALLER, .n_lists = 1, .list = { tensors }, .role = { "tensor" } };
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = check_one(s.name, norm, TP_DTYPE_DEFAULT, "norm", device_of(tensors));
    if (!status) status = scale(&s, (tp__scale_step){ .factor = max_norm, .norm = norm });
    return leave(&s, was, status);
}

tp_status tp_fused_unscale_(tp_tensor_list tensors, tp_tensor *scale_by, tp_tensor *found_inf)
{
    step s = { .op = &op_mul, .name = "fused_unscale_", .caller = TP__CALLER, .n_lists = 1, .list = { tensors }, .role = { "tensor" } };
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = check_one(s.name, scale_by, TP_F32, "scale", device_of(tensors));
    if (!status) status = check_one(s.name, found_inf, TP_F32, "found_inf", device_of(tensors));
    if (!status) status = scale(&s, (tp__scale_step){ .scale = scale_by, .found = found_inf });
    if (!status) tp__bump(found_inf, s.name);
    return leave(&s, was, status);
}

tp_status tp_fused_update_scale_(tp_tensor *scale_by, tp_tensor *growth_tracker, tp_tensor *found_inf, double growth_factor, double backoff_factor,
                                 int64_t growth_interval)
{
    step s = { .op = &op_scale, .name = "fused_update_scale_", .caller = TP__CALLER, .n_lists = 1, .n = 1,
               .list = { TP_TENSORS(scale_by) }, .role = { "tensor" } };
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status) status = check_one(s.name, scale_by, TP_F32, "scale", 0);
    if (!status) status = check_one(s.name, growth_tracker, TP_I32, "growth_tracker", scale_by->device);
    if (!status) status = check_one(s.name, found_inf, TP_F32, "found_inf", scale_by->device);
    if (!status) status = compute(&s, &(tp__scale_update){ scale_by, growth_tracker, found_inf, growth_factor, backoff_factor, growth_interval });
    if (!status) {
        tp__bump(scale_by, s.name);
        tp__bump(growth_tracker, s.name);
    }
    return leave(&s, was, status);
}

tp_tensor *tp_fused_skip(tp_tensor *found_inf)
{
    tp_tensor *const was = skip;
    if (!found_inf || !check_one("fused_skip", found_inf, TP_F32, "found_inf", 0)) skip = found_inf;
    return was;
}

/* ---- Rules by name ------------------------------------------------------------------------------------------------------------------- */

typedef struct rule {
    tp_op op;
    const char *name, *call;
    int n_numbers, n_lists;
    uint32_t scalars, optional;                        /* bit k: of list k. An optional one that is empty is not kept */
    const char *role[MOST_LISTS];
} rule;
#define RULE(text, ...) { .op = { .schema = "fused_" text "_(Tensor! params, Tensor grads) -> Tensor", .flags = TP__INTERNAL, .state = TP__STATE }, \
    .name = text, .call = "fused_" text "_", __VA_ARGS__ }
#define ROLES(...) .n_lists = 2 + (int)(sizeof (const char *[]){ __VA_ARGS__ } / sizeof (const char *)), .role = { "parameter", "gradient", __VA_ARGS__ }
enum { STEP = 1 << 2 };

static const rule rules[] = {
    RULE("rmsprop",  .n_numbers = 6, .scalars = STEP, .optional = 1 << 4 | 1 << 5, ROLES("step", "square_avg", "momentum_buffer", "grad_avg")),
    RULE("adagrad",  .n_numbers = 5, .scalars = STEP, ROLES("step", "sum")),
    RULE("sparse_adam", .n_numbers = 5, .scalars = STEP, ROLES("step", "exp_avg", "exp_avg_sq")),
    RULE("adadelta", .n_numbers = 5, .scalars = STEP, ROLES("step", "square_avg", "acc_delta")),
    RULE("adamax",   .n_numbers = 6, .scalars = STEP, ROLES("step", "exp_avg", "exp_inf")),
    RULE("nadam",    .n_numbers = 8, .scalars = STEP | 1 << 3, ROLES("step", "mu_product", "exp_avg", "exp_avg_sq")),
    RULE("radam",    .n_numbers = 7, .scalars = STEP, ROLES("step", "exp_avg", "exp_avg_sq")),
    RULE("rprop",    .n_numbers = 5, .scalars = STEP, ROLES("step", "prev", "step_size")),
    RULE("asgd",     .n_numbers = 6, .scalars = STEP | 1 << 3 | 1 << 4, ROLES("step", "eta", "mu", "ax")),
};

static const rule *find_rule(const char *name)
{
    for (size_t i = 0; name && i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(rules[i].name, name)) return &rules[i];
    return NULL;
}

static tp_status by_rule(step *s, const rule *r, int n_lists, const double *numbers, int n_numbers)
{
    if (n_lists != r->n_lists || n_numbers != r->n_numbers || !numbers)
        return tp_fail(TP_ERR_ARGUMENT, "%s: it takes %d lists and %d numbers, and is given %d and %d", s->name, r->n_lists, r->n_numbers, n_lists,
                       numbers ? n_numbers : 0);
    for (int k = 2; k < s->n_lists; k++)
        if (s->list[PARAMS].n && !s->list[k].n && !(r->optional >> k & 1))
            return tp_fail(TP_ERR_ARGUMENT, "%s: the list of %s is empty", s->name, s->role[k]);
    bool skipped;
    const tp_tensor *const read = skip_of(&skipped);
    const tp_status status = begin_step(s);
    if (status || !s->n || skipped) return status;
    tp__rule_step attr = { .n = s->n, .skip = read, .n_lists = s->n_lists, .scalars = s->scalars, .numbers = numbers };
    for (int k = 0; k < s->n_lists; k++) attr.list[k] = working(s, k);
    return run(s, &attr);
}

tp_status tp_fused_step_(const char *name, const tp_tensor_list *lists, int n_lists, const double *numbers, int n_numbers)
{
    const rule *r = find_rule(name);
    step s = { .op = r ? &r->op : NULL, .name = r ? r->call : "fused_step_", .caller = TP__CALLER, .n_lists = r ? r->n_lists : 0,
               .scalars = r ? r->scalars : 0 };
    for (int k = 0; lists && k < n_lists && k < MOST_LISTS; k++) s.list[k] = lists[k];
    for (int k = 0; k < s.n_lists; k++) s.role[k] = r->role[k];
    const around was = enter(&s);
    tp_status status = tp__pending();
    if (!status && (!r || !lists)) status = tp_fail(TP_ERR_ARGUMENT, "%s: %s", s.name, r ? "the lists are NULL" : "there is no rule of this name");
    if (!status) status = by_rule(&s, r, n_lists, numbers, n_numbers);
    return leave(&s, was, status);
}
