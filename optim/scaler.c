/* optim/scaler.c: the scale of a loss, and whether its gradients are finite. Both are tensors of the device where the gradients are, so
 * that nothing waits: the steps of optimizers read there whether they are to be made. */
#include "entries.h"

#include <taper/cuda_graph.h>

#include <math.h>
#include <string.h>

enum { UNSCALED = 1, STEPPED };

typedef struct entry {                         /* an optimizer since the last update */
    const tp_optimizer *opt;
    int stage;
    tp_tensor *found;                          /* retained; NULL: no parameter has a gradient */
} entry;

struct tp_scaler {
    tp_object object;
    double growth_factor, backoff_factor;
    int64_t growth_interval;
    bool enabled;
    double first_scale;                        /* until there is a device */
    int64_t first_tracker;
    tp_tensor *scale, *tracker;                /* retained: 0-dim float32 and int32 */
    int64_t n, room;
    entry *entries;
};

/* ---- Making and freeing ---------------------------------------------------------------------------------------------------------- */

static tp_status check_numbers(const char *op, double wanted, double growth, double backoff, int64_t interval)
{
    const float scale = (float)wanted;         /* as it is kept */
    if (!(scale > 0 && isfinite(scale)))
        return tp_fail(TP_ERR_ARGUMENT, "%s: the scale is %g, and has to be above 0 and finite", op, (double)scale);
    if (!(growth > 1 && isfinite(growth)))
        return tp_fail(TP_ERR_ARGUMENT, "%s: growth_factor is %g, and has to be above 1", op, growth);
    if (!(backoff > 0 && backoff < 1))
        return tp_fail(TP_ERR_ARGUMENT, "%s: backoff_factor is %g, and has to be between 0 and 1", op, backoff);
    return interval > 0 && interval <= INT32_MAX ? TP_OK
         : tp_fail(TP_ERR_ARGUMENT, "%s: growth_interval is %lld, and has to be 1 to %d", op, (long long)interval, INT32_MAX);
}

static void destroy(void *s) { tp_scaler_free(s); }

tp_scaler *tp_grad_scaler_with(const tp_grad_scaler_options *options)
{
    static const char op[] = "grad_scaler";
    tp_grad_scaler_options o = TP__BRACES(grad_scaler, );
    if (tp_options_take(op, &o, options, offsetof(tp_grad_scaler_options, tp__end))
        || check_numbers(op, o.init_scale, o.growth_factor, o.backoff_factor, o.growth_interval))
        return NULL;
    tp_scaler *const s = tp_mem_calloc(sizeof *s);
    if (!s)
        return NULL;
    *s = (tp_scaler){ .object = { .kind = TP_KIND_OTHER, .destroy = destroy }, .growth_factor = o.growth_factor, .backoff_factor = o.backoff_factor,
                      .growth_interval = o.growth_interval, .enabled = o.enabled, .first_scale = (float)o.init_scale };
    return s;
}

static void forget(tp_scaler *s)
{
    for (int64_t i = 0; i < s->n; i++)
        tp_release(s->entries[i].found);
    s->n = 0;
}

static void release_scale(tp_scaler *s)
{
    tp_release(s->scale);
    tp_release(s->tracker);
    s->scale = s->tracker = NULL;
}

void tp_scaler_free(tp_scaler *s)
{
    if (!s)
        return;
    if (s->object.kind != TP_KIND_OTHER || s->object.destroy != destroy) {
        tp_fail(TP_ERR_ARGUMENT, "scaler_free: this is no scaler, or it was freed");
        return;
    }
    forget(s);
    release_scale(s);
    tp_mem_free(s->entries, (size_t)s->room * sizeof *s->entries);
    s->object.kind = TP_KIND_DEAD;
    tp_mem_free(s, sizeof *s);
}

static tp_status check(const tp_scaler *s, const char *op)
{
    if (tp_failed())
        return tp_error_status();
    return s ? TP_OK : tp_fail(TP_ERR_ARGUMENT, "%s: the scaler is NULL", op);
}

/* The scale is on the device from now on. */
static tp_status settle(tp_scaler *s, tp_device device, const char *op)
{
    if (s->scale)
        return tp_device_of(s->scale) == device ? TP_OK : tp_fail(TP_ERR_DEVICE, "%s: the scale is on %s, the loss or a gradient on %s", op,
                                                                  tp_device_name(tp_device_of(s->scale)), tp_device_name(device));
    if (tp_cuda_graph_is_recording())
        return tp_fail(TP_ERR_STATE, "%s: a graph is recorded, and the scaler has scaled nothing yet: it would begin anew at each replay", op);
    TP_SCOPE();
    const tp_shape one = { .ndim = 0 };
    s->scale = tp_retain(tp_full(one, s->first_scale, .dtype = TP_F32, .device = device));
    s->tracker = tp_retain(tp_full(one, (double)s->first_tracker, .dtype = TP_I32, .device = device));
    if (s->scale && s->tracker)
        return TP_OK;
    release_scale(s);
    return tp_error_status();
}

tp_tensor *tp_scaler_scale(tp_scaler *s, tp_tensor *loss)
{
    if (!loss || check(s, "scaler_scale"))
        return NULL;
    if (!s->enabled)
        return loss;
    return settle(s, tp_device_of(loss), "scaler_scale") ? NULL : tp_mul(loss, s->scale);
}

/* ---- The gradients of an optimizer ------------------------------------------------------------------------------------------------- */

static entry *find(const tp_scaler *s, const tp_optimizer *opt)
{
    for (int64_t i = 0; i < s->n; i++)
        if (s->entries[i].opt == opt)
            return &s->entries[i];
    return NULL;
}

static entry *append(tp_scaler *s, const tp_optimizer *opt)
{
    if (s->n == s->room) {
        const int64_t room = s->room ? s->room * 2 : 4;
        entry *const more = tp_mem_resize(s->entries, (size_t)s->room * sizeof *more, (size_t)room * sizeof *more);
        if (!more)
            return NULL;
        s->entries = more;
        s->room = room;
    }
    s->entries[s->n] = (entry){ .opt = opt };
    return &s->entries[s->n++];
}

/* Those that are there, of rows their values. Returns how many, or -1 on error. */
static int64_t gradients_of(const tp_optimizer *opt, tp_tensor **out)
{
    int64_t n = 0;
    for (int g = 0; g < opt->n_groups; g++)
        for (int64_t i = 0; i < opt->groups[g].n; i++) {
            tp_tensor *const grad = tp__gradient_values(opt->groups[g].params[i].tensor);
            if (grad)
                out[n++] = grad;
        }
    return tp_failed() ? -1 : n;
}

static tp_status unscale_all(tp_scaler *s, tp_tensor **grads, int64_t n, tp_tensor **found, const char *op)
{
    for (int64_t i = 0; i < n; i++)
        if (tp_dtype_of(grads[i]) == TP_F16)
            return tp_fail(TP_ERR_DTYPE, "%s: gradient %lld is float16: parameters of mixed precision are float32", op, (long long)i);
    if (!n || settle(s, tp_device_of(grads[0]), op))
        return n ? tp_error_status() : TP_OK;
    TP_SCOPE();
    tp_tensor *const is = tp_zeros((tp_shape){ .ndim = 0 }, .dtype = TP_F32, .device = tp_device_of(grads[0]));
    const tp_status status = is ? tp_fused_unscale_((tp_tensor_list){ .at = grads, .n = n }, s->scale, is) : tp_error_status();
    if (!status)
        *found = tp_retain(is);
    return status;
}

/* Of an optimizer that was not looked at: its new entry, or NULL. */
static entry *unscale(tp_scaler *s, const tp_optimizer *opt, const char *op)
{
    TP_NO_GRAD();
    const size_t bytes = (size_t)tp__count_params(opt) * sizeof(tp_tensor *);
    tp_tensor **const grads = tp_mem_alloc(bytes), *found = NULL;
    const int64_t n = grads ? gradients_of(opt, grads) : -1;
    entry *e = n < 0 ? NULL : append(s, opt);          /* before the gradients change */
    if (e && unscale_all(s, grads, n, &found, op)) {
        s->n--;
        e = NULL;
    }
    if (e) {
        e->stage = UNSCALED;
        e->found = found;
    }
    tp_mem_free(grads, bytes);
    return e;
}

static tp_status check_both(const tp_scaler *s, const tp_optimizer *opt, const char *op)
{
    const tp_status status = check(s, op);
    return status ? status : tp__optimizer_check(opt, op);
}

tp_status tp_scaler_unscale(tp_scaler *s, tp_optimizer *opt)
{
    static const char op[] = "scaler_unscale";
    const tp_status status = check_both(s, opt, op);
    if (status || !s->enabled)
        return status;
    const entry *const e = find(s, opt);
    if (e)
        return tp_fail(TP_ERR_STATE, "%s: the optimizer has %s since the last update", op, e->stage == STEPPED ? "stepped" : "been unscaled");
    return unscale(s, opt, op) ? TP_OK : tp_error_status();
}

/* ---- Steps ----------------------------------------------------------------------------------------------------------------------------- */

/* Is its step made of kernels that read on the device whether it is to be made, with state as it was if not? */
static bool reads_found(const tp_optimizer *opt)
{
    bool reads = !opt->class->composed;
    for (int g = 0; g < opt->n_groups && reads; g++) {
        reads = !opt->class->first_apart || opt->groups[g].values.dampening == 0;
        for (int64_t i = 0; i < opt->groups[g].n && reads; i++)
            reads = !tp_grad_is_rows(opt->groups[g].params[i].tensor);
    }
    return reads;
}

static tp_status step_unless(tp_optimizer *opt, tp_tensor *found)
{
    if (tp_device_of(found) == TP_CPU || !reads_found(opt)) {
        const double is = tp_item(found);
        return tp_failed() ? tp_error_status() : is != 0 ? TP_OK : tp_step(opt);
    }
    tp_tensor *const was = tp_fused_skip(found);
    const tp_status status = tp_step(opt);
    tp_fused_skip(was);
    return status;
}

tp_status tp_scaler_step(tp_scaler *s, tp_optimizer *opt)
{
    static const char op[] = "scaler_step";
    const tp_status status = check_both(s, opt, op);
    if (status)
        return status;
    if (!s->enabled)
        return tp_step(opt);
    if (opt->class->minimize)
        return tp_fail(TP_ERR_UNSUPPORTED, "%s: %s evaluates the loss itself", op, opt->class->name);
    entry *e = find(s, opt);
    if (e && e->stage == STEPPED)
        return tp_fail(TP_ERR_STATE, "%s: the optimizer has stepped since the last update", op);
    if (!e && !(e = unscale(s, opt, op)))
        return tp_error_status();
    if (!e->found) {                                   /* who has gradients next time can step */
        *e = s->entries[--s->n];
        return tp_fail(TP_ERR_STATE, "%s: none of the optimizer's parameters has a gradient", op);
    }
    e->stage = STEPPED;
    return step_unless(opt, e->found);
}

tp_status tp_scaler_update(tp_scaler *s)
{
    static const char op[] = "scaler_update";
    tp_tensor *all = NULL;
    tp_status status = check(s, op);
    if (status || !s->enabled)
        return status;
    TP_SCOPE();
    TP_NO_GRAD();
    for (int64_t i = 0; i < s->n && !status; i++) {
        if (!s->entries[i].found)
            continue;
        all = all ? tp_add(all, s->entries[i].found) : s->entries[i].found;
        status = all ? TP_OK : tp_error_status();
    }
    if (!status && !all)
        status = tp_fail(TP_ERR_STATE, "%s: no gradients were looked at since the last update", op);
    if (!status)
        status = tp_fused_update_scale_(s->scale, s->tracker, all, s->growth_factor, s->backoff_factor, s->growth_interval);
    if (!status)
        forget(s);
    return status;
}

/* ---- What it is now ----------------------------------------------------------------------------------------------------------------------- */

bool tp_scaler_is_enabled(const tp_scaler *s) { return s && s->enabled; }

double tp_scaler_get_scale(tp_scaler *s)
{
    if (check(s, "scaler_get_scale"))
        return NAN;
    return !s->enabled ? 1 : s->scale ? tp_item(s->scale) : s->first_scale;
}

int64_t tp_scaler_growth_tracker(tp_scaler *s)
{
    if (check(s, "scaler_growth_tracker"))
        return -1;
    const int64_t tracker = s->tracker ? tp_item_i64(s->tracker) : s->first_tracker;
    return tp_failed() ? -1 : tracker;
}

/* In the tensors that are there, whose handles stay: a graph may have recorded them. */
static tp_status put(tp_scaler *s, double scale, int64_t tracker)
{
    TP_SCOPE();
    TP_NO_GRAD();
    if (s->scale && (!tp_fill_(s->scale, scale) || !tp_fill_(s->tracker, tracker)))
        return tp_error_status();
    s->first_scale = scale;
    s->first_tracker = tracker;
    forget(s);
    return TP_OK;
}

tp_status tp_scaler_set_scale(tp_scaler *s, double scale)
{
    static const char op[] = "scaler_set_scale";
    tp_status status = check(s, op);
    if (!status)
        status = check_numbers(op, scale, s->growth_factor, s->backoff_factor, s->growth_interval);
    if (status)
        return status;
    const int64_t tracker = tp_scaler_growth_tracker(s);
    return tracker < 0 ? tp_error_status() : put(s, (float)scale, tracker);
}

tp_tensor *tp_scaler_found_inf(tp_scaler *s, const tp_optimizer *opt)
{
    if (check(s, "scaler_found_inf"))
        return NULL;
    const entry *const e = find(s, opt);
    return e ? e->found : NULL;
}

/* ---- Files ---------------------------------------------------------------------------------------------------------------------------------- */

bool tp__is_scaler(const void *object) { return ((const tp_object *)object)->destroy == destroy; }

tp_status tp__scaler_list(tp_scaler *s, const char *prefix, tp__entries *e)
{
    const tp_status status = check(s, "scaler_save");
    if (status)
        return status;
    const tp_shape one = { .ndim = 0 };
    const float scale = (float)(s->scale ? tp_item(s->scale) : s->first_scale);
    const int32_t tracker = (int32_t)tp_scaler_growth_tracker(s);
    if (tp_failed())
        return tp_error_status();
    const tp_named_tensor entries[] = {
        { "scale", tp_from_data(&scale, TP_F32, one) }, { "growth_factor", tp_from_data(&s->growth_factor, TP_F64, one) },
        { "backoff_factor", tp_from_data(&s->backoff_factor, TP_F64, one) }, { "growth_interval", tp_from_data(&s->growth_interval, TP_I64, one) },
        { "_growth_tracker", tp_from_data(&tracker, TP_I32, one) },
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (tp__entries_add(e, entries[i].tensor, "%s%s", prefix, entries[i].name))
            return tp_error_status();
    return TP_OK;
}

tp_status tp_scaler_save(tp_scaler *s, const char *path)
{
    TP_SCOPE();
    tp__entries e = { .n = 0 };
    return tp__entries_save(&e, tp__scaler_list(s, "", &e), path);
}

static double number_of(tp_file *file, const char *name)
{
    const int64_t i = tp_file_find(file, name);
    tp_tensor *const x = i < 0 ? NULL : tp_file_tensor(file, i);
    if (x && tp_numel(x) == 1)
        return tp_item(x);
    tp_fail(TP_ERR_FORMAT, "scaler_load: the file has no number %s", name);
    return NAN;
}

tp_status tp_scaler_load_with(tp_scaler *s, const char *path, const tp_scaler_load_options *theirs)
{
    static const char op[] = "scaler_load";
    tp_scaler_load_options o = TP__BRACES(scaler_load, );
    tp_status status = check(s, op);
    if (!status)
        status = tp_options_take(op, &o, theirs, offsetof(tp_scaler_load_options, tp__end));
    if (status)
        return status;
    TP_SCOPE();
    tp_file *const file = tp_file_open(path, .prefix = o.prefix);
    if (!file)
        return tp_error_status();
    const double scale = number_of(file, "scale"), growth = number_of(file, "growth_factor"), backoff = number_of(file, "backoff_factor"),
                 interval = number_of(file, "growth_interval"), tracker = number_of(file, "_growth_tracker");
    tp_file_close(file);
    if (tp_failed())
        return tp_error_status();
    if (!(interval >= 1 && interval <= INT32_MAX && tracker >= 0 && tracker <= interval) || check_numbers(op, scale, growth, backoff, (int64_t)interval))
        return tp_failed() ? tp_error_status() : tp_fail(TP_ERR_FORMAT, "%s: growth_interval is %g and _growth_tracker %g", op, interval, tracker);
    if ((status = put(s, scale, (int64_t)tracker)))
        return status;
    s->growth_factor = growth;
    s->backoff_factor = backoff;
    s->growth_interval = (int64_t)interval;
    return TP_OK;
}
