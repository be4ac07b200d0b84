/* optimizer.c: runs of optimizers, held step by step against PyTorch's parameters and state, and clipped gradients. */
#include "parity.h"

enum { MOST_PARAMS = 64 };

typedef struct history {
    int n;
    tp_tensor *params[MOST_PARAMS], *values[MOST_PARAMS];        /* values: what PyTorch came to, one row a step, the first before all */
    const json_t *texts[MOST_PARAMS];
} history;

static tp_tensor *find_by_index(void *arg, const json_t *index)
{
    const history *h = arg;
    const json_int_t i = json_integer_value(index);
    return json_is_integer(index) && i >= 0 && i < h->n ? h->params[i] : NULL;
}

static bool has_rows(tp_tensor *x, int64_t rows) { return x && tp_ndim(x) > 0 && tp_size(x, 0) == rows; }

static bool read_params(sample *s, history *h)
{
    const json_t *params = json_object_get(s->text, "params");
    h->n = (int)json_array_size(params);
    if (h->n < 1 || h->n > MOST_PARAMS) return damaged(s, "no parameters, or many");
    for (int i = 0; i < h->n; i++) {
        h->texts[i] = json_array_get(params, (size_t)i);
        h->values[i] = sample_stored(s, text_at(h->texts[i], "values"));
        if (!h->values[i]) return false;
        if (tp_ndim(h->values[i]) < 1 || !has_rows(h->values[i], tp_size(h->values[0], 0)) || tp_size(h->values[0], 0) < 1)
            return damaged(s, "parameters of different steps");
        h->params[i] = tp_to(tp_clone(tp_select(h->values[i], 0, 0)), s->settings->device);
        if (!h->params[i] || tp_requires_grad(h->params[i], true)) return differ_error(s, "a parameter");
    }
    return true;
}

static bool is_without_grad(const json_t *text, int64_t step)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(text, "no_grad_at"), i, value)
        if (json_is_integer(value) && json_integer_value(value) == step) return true;
    return false;
}

static bool give_gradients(sample *s, const history *h, int64_t step)
{
    for (int i = 0; i < h->n; i++) {
        tp_tensor *grads = sample_stored(s, text_at(h->texts[i], "grads"));
        if (!grads) return false;
        if (!has_rows(grads, tp_size(h->values[0], 0) - 1)) return damaged(s, "gradients of other steps");
        if (tp_set_grad(h->params[i], is_without_grad(h->texts[i], step)
                                          ? NULL
                                          : tp_to(tp_clone(tp_select(grads, 0, step)), s->settings->device)))
            return differ_error(s, "a gradient");
    }
    return true;
}

/* Rows begin with the first step that a parameter took. */
static bool check_state(sample *s, const history *h, tp_optimizer *opt, int i, int64_t step)
{
    const char *name;
    json_t *stored;
    json_object_foreach(json_object_get(h->texts[i], "state"), name, stored) {
        char what[128];
        tp_tensor *rows = sample_stored(s, json_string_value(stored));
        if (!rows) return false;
        const int64_t row = tp_ndim(rows) ? step - (tp_size(h->values[0], 0) - 1 - tp_size(rows, 0)) : -1;
        if (tp_ndim(rows) < 1 || row >= tp_size(rows, 0)) return damaged(s, "a state of other steps");
        if (row < 0) continue;
        tp_tensor *got = tp_optimizer_state(opt, h->params[i], name);
        snprintf(what, sizeof what, "step %lld, state %s of parameter %d", (long long)step, name, i);
        if (!got) return tp_failed() ? differ_error(s, what) : differ(s, "%s: there is none", what);
        if (!compare_tensors(s, what, tp_to_dtype(got, tp_dtype_of(rows)), tp_select(rows, 0, row))) return false;
    }
    return true;
}

static bool check_step(sample *s, const history *h, tp_optimizer *opt, int64_t step)
{
    for (int i = 0; i < h->n; i++) {
        char what[64];
        snprintf(what, sizeof what, "step %lld, parameter %d", (long long)step, i);
        if (!compare_tensors(s, what, tp_detach(h->params[i]), tp_select(h->values[i], 0, step + 1)) || !check_state(s, h, opt, i, step)) return false;
    }
    return true;
}

/* ---- Optimizers that evaluate the loss themselves: two losses that the file names ------------------------------------------------- */

typedef struct problem { sample *s; tp_optimizer *opt; tp_tensor *x, *a, *b; } problem;

static tp_tensor *loss_of(void *arg)
{
    problem *p = arg;
    tp_zero_grad(p->opt);
    tp_tensor *loss;
    if (p->a) {
        tp_tensor *off = tp_sub(tp_matmul(p->a, p->x), p->b);
        loss = tp_mean(tp_mul(off, off));
    } else {
        tp_tensor *x0 = tp_select(p->x, 0, 0), *x1 = tp_select(p->x, 0, 1), *u = tp_sub(1, x0), *v = tp_sub(x1, tp_mul(x0, x0));
        loss = tp_add(tp_mul(u, u), tp_mul(tp_mul(v, v), 100));
    }
    return tp_backward(loss) ? NULL : loss;
}

static bool make_problem(sample *s, const history *h, tp_optimizer *opt, problem *p)
{
    const char *loss = text_at(s->text, "loss");
    char name[64];
    *p = (problem){ .s = s, .opt = opt, .x = h->params[0] };
    if (!loss || (strcmp(loss, "rosenbrock") && strcmp(loss, "least_squares"))) return damaged(s, "a loss of no known kind");
    if (!strcmp(loss, "rosenbrock")) return true;
    snprintf(name, sizeof name, "%s.A", s->id);
    p->a = tp_to(sample_stored(s, name), s->settings->device);
    snprintf(name, sizeof name, "%s.b", s->id);
    p->b = tp_to(sample_stored(s, name), s->settings->device);
    return p->a && p->b;
}

static bool step_by_loss(sample *s, problem *p, int64_t step)
{
    double want;
    tp_tensor *loss = tp_step_closure(p->opt, loss_of, p);
    if (!loss) return differ_error(s, "the step");
    if (!number_of(json_object_get(json_array_get(json_object_get(s->text, "steps"), (size_t)step), "loss"), &want)) return damaged(s, "a step without a loss");
    const double got = tp_item(loss);
    return compare_close(got, want, 1e-9, 1e-6) || differ(s, "step %lld: the loss is %.12g, and not %.12g", (long long)step, got, want);
}

static bool step_once(sample *s, const history *h, tp_optimizer *opt, problem *p, int64_t step)
{
    if (p->x) return step_by_loss(s, p, step);
    return give_gradients(s, h, step) && (!tp_step(opt) || differ_error(s, "the step"));
}

void run_optimizer_sample(sample *s)
{
    history h = { 0 };
    problem p = { .s = s };
    if (!read_params(s, &h)) return;
    tp_optimizer *opt = options_optimizer(s, (tp_tensor_list){ .at = h.params, .n = h.n }, find_by_index, &h);
    const int64_t steps = tp_size(h.values[0], 0) - 1;
    bool good = opt && (!json_object_get(s->text, "loss") || make_problem(s, &h, opt, &p));
    for (int64_t step = 0; good && step < steps; step++) {
        TP_SCOPE();
        good = step_once(s, &h, opt, &p, step) && check_step(s, &h, opt, step);
    }
    tp_optimizer_free(opt);
}

/* ---- Clipping ------------------------------------------------------------------------------------------------------------------------ */

static bool option_at(sample *s, const char *name, double *out)
{
    const json_t *value = json_object_get(json_object_get(s->text, "options"), name);
    return !value || number_of(value, out) || (json_is_boolean(value) ? (*out = json_is_true(value), true) : damaged(s, "an option without a value"));
}

static bool clip(sample *s, tp_tensor_list params, tp_tensor **norm)
{
    double most = 0, type = 2, strict = 0, value = 0;
    if (!option_at(s, "max_norm", &most) || !option_at(s, "norm_type", &type) || !option_at(s, "error_if_nonfinite", &strict)
        || !option_at(s, "clip_value", &value))
        return false;
    const char *which = text_at(s->text, "clip");
    if (!strcmp(which, "clip_grad_norm_")) *norm = tp_clip_grad_norm(params, most, .norm_type = type, .error_if_nonfinite = strict != 0);
    else if (!strcmp(which, "clip_grad_value_")) tp_clip_grad_value(params, value);
    else return differ(s, "there is no %s", which);
    return true;
}

static void check_clipped(sample *s, tp_tensor_list params, tp_tensor *norm)
{
    const json_t *clipped = json_object_get(s->text, "clipped");
    if (json_array_size(clipped) != (size_t)params.n) damaged(s, "no clipped gradients");
    for (int64_t i = 0; i < params.n && s->verdict == PASSED; i++) {
        char what[64];
        snprintf(what, sizeof what, "gradient %lld", (long long)i);
        compare_tensors(s, what, tp_grad_of(params.at[i]), sample_stored(s, json_string_value(json_array_get(clipped, (size_t)i))));
    }
    if (text_at(s->text, "norm") && s->verdict == PASSED) compare_tensors(s, "the norm", norm, sample_stored(s, text_at(s->text, "norm")));
}

void run_clip_sample(sample *s)
{
    const json_t *grads = json_object_get(s->text, "grads");
    const size_t n = json_array_size(grads);
    tp_tensor **params = sample_alloc(s, n, sizeof *params), *norm = NULL;
    if (!n || !params || !text_at(s->text, "clip")) {
        damaged(s, "no gradients");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        tp_tensor *grad = sample_stored(s, json_string_value(json_array_get(grads, i)));
        params[i] = grad ? tp_zeros(tp_shape_of(grad), .dtype = tp_dtype_of(grad), .device = s->settings->device, .requires_grad = true) : NULL;
        if (!params[i] || tp_set_grad(params[i], tp_to(tp_clone(grad), s->settings->device))) {
            differ_error(s, "a gradient");
            return;
        }
    }
    const tp_tensor_list list = { .at = params, .n = (int64_t)n };
    if (!clip(s, list, &norm)) return;
    if (flag_at(s->text, "error")) {
        if (!tp_failed()) differ(s, "it succeeds, and has to fail");
        tp_clear_error();
        return;
    }
    if (tp_failed()) differ_error(s, "clipping");
    else check_clipped(s, list, norm);
}
