/* trajectory.c: whole training runs. Each is made twice from the same weights: in float64, which is held against every loss, gradient
 * norm, first gradient, final weight and the outputs afterwards; and in float32, whose losses may stray as PyTorch's own do.
 *
 * One rounding can put a relu or a maximum on the other side of its kink, after which a float32 run goes another way, PyTorch's as
 * well: of runs of its ResNet from weights an ulp apart, one in ten is off by 1e-2 after 40 steps. So where a float32 run strays,
 * it is made again from weights an ulp further, and fails if all of them stray. */
#include "train.h"

#include <math.h>
#include <stdarg.h>

/* Of numbers that a float64 run printed in full, and of tensors that were rounded to float32. */
static const double loss_rtol = 1e-7, stored_tol = 1e-6, grad_rtol = 1e-5, grad_atol = 1e-7;
/* float32 strays by what is said of PyTorch's run, times this, and by some roundings besides. */
static const double stray_factor = 4, stray_least = 1e-6;
enum { ATTEMPTS = 4 };                                 /* in float32 */

/* ---- Weights by name -------------------------------------------------------------------------------------------------------------- */

static tp_tensor *find_weight(run *r, char *path, size_t size, const char *format, va_list list)
{
    vsnprintf(path, size, format, list);
    return tp_module_tensor(r->net, path);
}

tp_tensor *weight(run *r, const char *format, ...)
{
    char path[160];
    va_list list;
    va_start(list, format);
    tp_tensor *x = find_weight(r, path, sizeof path, format, list);
    va_end(list);
    if (!x) tp_fail(TP_ERR_FORMAT, "the model has no %s", path);
    return x;
}

bool has_weight(run *r, const char *format, ...)
{
    char path[160];
    va_list list;
    va_start(list, format);
    tp_tensor *x = find_weight(r, path, sizeof path, format, list);
    va_end(list);
    return x != NULL;
}

tp_tensor *apply_linear(run *r, const char *name, tp_tensor *x)
{
    return tp_linear(x, weight(r, "%s.weight", name), has_weight(r, "%s.bias", name) ? weight(r, "%s.bias", name) : NULL);
}

static tp_tensor *row_of(run *r, tp_tensor *x, int64_t step)
{
    tp_tensor *row = x ? tp_to(tp_select(x, 0, step % tp_size(x, 0)), r->s->settings->device) : NULL;
    return row && tp_dtype_of(row) == TP_F32 ? tp_to_dtype(row, r->dtype) : row;
}

tp_tensor *batch_input(run *r, int64_t step) { return row_of(r, r->x, step); }

/* ---- The model -------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *stored(run *r, const char *part, const char *name)
{
    char full[200];
    snprintf(full, sizeof full, "%s.%s", part, name);
    return sample_stored(r->s, full);
}

typedef struct holder { tp_module base; } holder;

/* A module for each word of the path but the last, which is the tensor. */
static bool hold(run *r, const char *name, bool is_parameter)
{
    char path[160];
    snprintf(path, sizeof path, "%s", name);
    tp_module *m = r->net;
    char *at = path;
    for (char *dot; (dot = strchr(at, '.')) && m; at = dot + 1) {
        *dot = 0;
        tp_module *found = tp_module_find(m, at);
        m = found ? found : tp_add_child(m, at, (tp_module *)tp_module_done(tp_module_new(holder, NULL)));
    }
    tp_tensor *x = stored(r, "init", name);
    if (!m || !x) return false;
    return is_parameter ? tp_add_parameter(m, at, tp_clone(x)) : tp_add_buffer(m, at, tp_clone(x));
}

/* fn for each name of a list of the file. */
static bool each_name(run *r, const char *list, bool (*fn)(run *r, const char *name, bool is_parameter))
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(r->s->text, list), i, value)
        if (!json_is_string(value) || !fn(r, json_string_value(value), *list == 'p'))
            return tp_failed() || r->s->verdict == FAILED ? false : damaged(r->s, "a name that is none");
    return true;
}

static bool load(run *r, const char *name, bool is_parameter)
{
    (void)is_parameter;
    TP_NO_GRAD();
    tp_tensor *x = stored(r, "init", name);
    return x && tp_copy_(weight(r, "%s", name), x);
}

static bool build(run *r)
{
    bool good = (r->net = (tp_module *)tp_module_new(holder, NULL)) != NULL;
    if (r->model->build) good = good && r->model->build(r);
    else good = good && each_name(r, "parameters", hold) && each_name(r, "buffers", hold);
    if (good) r->net = tp_module_done(r->net);
    good = r->net && !tp_module_to_dtype(r->net, r->dtype) && !tp_module_to(r->net, r->s->settings->device) &&
           each_name(r, "parameters", load) && each_name(r, "buffers", load);
    return good || (r->s->verdict == FAILED ? false : differ_error(r->s, "the model is not made"));
}

static tp_tensor *find_by_name(void *arg, const json_t *name)
{
    return json_is_string(name) ? tp_module_tensor(((run *)arg)->net, json_string_value(name)) : NULL;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------------------------- */

static bool listed_number(run *r, const char *list, int64_t i, double *out)
{
    return number_of(json_array_get(json_object_get(r->s->text, list), (size_t)i), out) || damaged(r->s, "fewer numbers than steps");
}

static bool check_number(run *r, const char *list, const char *what, int64_t step, double got, double rtol)
{
    double want;
    if (!listed_number(r, list, step, &want)) return false;
    return compare_close(got, want, 0, rtol)
           || differ(r->s, "%s, step %lld: the %s is %.12g, and not %.12g (off by %.3g, rtol %g)", tp_dtype_name(r->dtype), (long long)step, what, got,
                     want, fabs(got - want), rtol);
}

static bool check_stored(run *r, const char *part, const char *name, tp_tensor *got, double rtol, double atol)
{
    char what[200];
    tp_tensor *want = stored(r, part, name);
    if (!want) return false;
    if (!got) return differ(r->s, "there is no %s.%s", part, name);
    snprintf(what, sizeof what, "%s.%s", part, name);
    r->s->rtol = rtol;
    r->s->atol = atol;
    return compare_tensors(r->s, what, tp_dtype_of(got) == r->dtype ? tp_to_dtype(tp_detach(got), TP_F32) : got, want);
}

static bool check_first_gradient(run *r, const char *name, bool is_parameter)
{
    char full[200];
    (void)is_parameter;
    tp_tensor *grad = tp_grad_of(weight(r, "%s", name));
    snprintf(full, sizeof full, "grad0.%s", name);
    if (!grad && tp_safetensors_find(r->s->file->tensors, full) < 0) return true;
    return check_stored(r, "grad0", name, grad, grad_rtol, grad_atol);
}

static bool check_final(run *r, const char *name, bool is_parameter)
{
    (void)is_parameter;
    return check_stored(r, "final", name, weight(r, "%s", name), stored_tol, stored_tol);
}

/* ---- Training ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *loss_of(run *r, int64_t step)
{
    const char *loss = text_at(r->s->text, "loss");
    tp_tensor *target = r->y ? tp_flatten(row_of(r, r->y, step), 0, -1) : NULL, *out = r->model->forward(r, step, &target);
    if (loss && !strcmp(loss, "cross_entropy")) return tp_cross_entropy(out, target);
    if (loss && !strcmp(loss, "mse_loss")) return tp_mse_loss(out, target);
    damaged(r->s, "a loss of no known kind");
    return NULL;
}

/* One step, and what is said of it; false: an error, or a difference. */
static bool train_step(run *r, tp_optimizer *opt, int64_t step, double rtol)
{
    double rate, most = INFINITY;
    const bool wide = r->dtype == TP_F64;
    const json_t *rates = json_object_get(r->s->text, "lrs"), *clip = json_object_get(r->s->text, "clip_grad_norm");
    if (json_is_array(rates) && (!listed_number(r, "lrs", step, &rate) || tp_set_lr(opt, rate))) return false;
    if (clip && !json_is_null(clip) && !number_of(clip, &most)) return damaged(r->s, "a norm to clip to");
    tp_zero_grad(opt);
    tp_tensor *loss = loss_of(r, step);
    if (!loss || tp_backward(loss)) return false;
    if (!check_number(r, "losses", "loss", step, tp_item(loss), rtol)) {
        r->s->strays = !wide && step > 0;
        return false;
    }
    if (step == 0 && wide && !each_name(r, "parameters", check_first_gradient)) return false;
    tp_tensor *norm = tp_clip_grad_norm(tp_parameters(r->net), most);
    if (!norm || (wide && !check_number(r, "grad_norms", "norm of the gradients", step, tp_item(norm), rtol))) return false;
    return !tp_step(opt);
}

static bool train(run *r, tp_optimizer *opt)
{
    double stray = 0;
    const bool wide = r->dtype == TP_F64;
    if (!wide && !number_of(json_object_get(r->s->text, "float32_deviation"), &stray)) return damaged(r->s, "no float32_deviation");
    const double rtol = wide ? loss_rtol : stray_factor * stray + stray_least;
    for (int64_t step = 0; step < r->steps; step++) {
        TP_SCOPE();
        if (!train_step(r, opt, step, rtol)) return r->s->verdict == FAILED ? false : differ_error(r->s, "a step");
    }
    return true;
}

static void drop_carried(run *r)
{
    for (size_t i = 0; i < sizeof r->carried / sizeof *r->carried; i++) {
        tp_free(r->carried[i]);
        r->carried[i] = NULL;
    }
}

static bool evaluate(run *r)
{
    if (tp_safetensors_find(r->s->file->tensors, "eval.out") < 0) return true;
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *target = NULL;
    drop_carried(r);
    tp_eval(r->net);
    tp_tensor *out = r->model->forward(r, 0, &target);
    if (!out) return r->s->verdict == FAILED ? false : differ_error(r->s, "evaluation");
    return check_stored(r, "eval", "out", out, stored_tol, stored_tol);
}

/* All weights by a factor that is `ulps` roundings of float32 above 1. */
static bool shift(run *r, int ulps)
{
    const tp_parameter_list params = tp_parameters(r->net);
    TP_NO_GRAD();
    for (int64_t i = 0; i < params.n && ulps; i++)
        if (!tp_mul_(params.at[i], 1 + ulps * 0x1p-23)) return differ_error(r->s, "a weight");
    return true;
}

static bool run_in(sample *s, const model *m, tp_dtype dtype, int ulps)
{
    TP_SCOPE();
    run r = { .s = s, .model = m, .dtype = dtype, .steps = json_integer_value(json_object_get(s->text, "steps")) };
    if (tp_safetensors_find(s->file->tensors, "x") >= 0 && (!(r.x = sample_stored(s, "x")) || !(r.y = sample_stored(s, "y")))) return false;
    if ((r.x && (tp_ndim(r.x) < 1 || tp_ndim(r.y) < 1 || tp_size(r.x, 0) < 1 || tp_size(r.y, 0) < 1)) || r.steps < 1)
        return damaged(s, "no steps, or no batches");
    tp_optimizer *opt = NULL;
    bool good = build(&r) && shift(&r, ulps) && (opt = options_optimizer(s, tp_parameters(r.net), find_by_name, &r)) && train(&r, opt);
    if (good && dtype == TP_F64) good = each_name(&r, "parameters", check_final) && each_name(&r, "buffers", check_final) && evaluate(&r);
    drop_carried(&r);
    tp_optimizer_free(opt);
    tp_module_free(r.net);
    return good;
}

static const model *find_model(const char *name)
{
    static const model *const lists[] = { feedforward_models, recurrent_models };
    for (size_t i = 0; name && i < sizeof lists / sizeof *lists; i++)
        for (const model *m = lists[i]; m->name; m++)
            if (!strcmp(m->name, name)) return m;
    return NULL;
}

static void forget(sample *s)
{
    s->verdict = PASSED;
    s->length = 0;
    s->message[0] = 0;
    s->strays = false;
}

void run_trajectory(sample *s)
{
    const model *m = find_model(text_at(s->text, "name"));
    if (!m) differ(s, "there is no model %s", text_at(s->text, "name") ? text_at(s->text, "name") : "?");
    else if (run_in(s, m, TP_F64, 0))
        for (int i = 0; i < ATTEMPTS && !run_in(s, m, TP_F32, i) && s->strays; i++)
            if (i + 1 < ATTEMPTS) forget(s);
}
