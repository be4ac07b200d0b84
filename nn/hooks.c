/* hooks.c: functions of the user's around the runs of a module.
 *
 * Those of backward stand on the tape as two ops of the identity, one that the inputs go through and one that the outputs do. Backward
 * comes to the latter first, where the gradients of the outputs are whole, and to the former last. What they share, a flow, keeps
 * the gradients of the outputs in between. */
#include "module.h"

#include <stdatomic.h>
#include <string.h>

/* ---- Registered and removed -------------------------------------------------------------------------------------------------------- */

static void anchor_unref(tp__anchor *anchor)
{
    if (anchor && atomic_fetch_sub(&anchor->refs, 1) == 1) tp_mem_free(anchor, sizeof *anchor);
}

static bool add_anchor(tp_module *m, tp__around *around)
{
    if (around->anchor) return true;
    around->anchor = tp_mem_calloc(sizeof *around->anchor);
    if (!around->anchor) return false;
    atomic_init(&around->anchor->refs, 1);
    around->anchor->module = m;
    return true;
}

void tp__around_free(tp__around *around)
{
    if (!around) return;
    if (around->anchor) around->anchor->module = NULL;
    anchor_unref(around->anchor);
    if (around->has_turn) pthread_mutex_destroy(&around->turn);
    tp_mem_free(around->computed, (size_t)around->computed_room * sizeof *around->computed);
    tp_mem_free(around->hooks, (size_t)around->room * sizeof *around->hooks);
    tp_mem_free(around, sizeof *around);
}

tp__around *tp__around_of(tp_module *m)
{
    struct tp_module_state *s = tp__state(m);
    if (!s->around) s->around = tp_mem_calloc(sizeof *s->around);
    return s->around;
}

static _Atomic int64_t last_id;

static int64_t add_hook(tp_module *m, const char *op, bool given, tp__hook hook)
{
    if (tp__may_change(m, op) != TP_OK) return 0;
    if (!given) return tp_fail(TP_ERR_ARGUMENT, "%s: the function is NULL", op), 0;
    tp__around *around = tp__around_of(m);
    if (!around || (hook.kind >= TP__PRE_BACKWARD && !add_anchor(m, around))) return 0;
    if (around->n_hooks == around->room) {
        const int room = around->room + 4;
        tp__hook *hooks = tp_mem_resize(around->hooks, (size_t)around->room * sizeof *hooks, (size_t)room * sizeof *hooks);
        if (!hooks) return 0;
        around->hooks = hooks;
        around->room = room;
    }
    hook.id = atomic_fetch_add(&last_id, 1) + 1;
    around->hooks[around->n_hooks++] = hook;
    return hook.id;
}

int64_t (tp_register_forward_pre_hook)(tp_module *m, tp_forward_pre_hook_fn *fn, void *arg)
{
    return add_hook(m, "register_forward_pre_hook", fn, (tp__hook){ .kind = TP__PRE_FORWARD, .fn.pre_forward = fn, .arg = arg });
}

int64_t (tp_register_forward_hook)(tp_module *m, tp_forward_hook_fn *fn, void *arg)
{
    return add_hook(m, "register_forward_hook", fn, (tp__hook){ .kind = TP__FORWARD, .fn.forward = fn, .arg = arg });
}

int64_t (tp_register_full_backward_pre_hook)(tp_module *m, tp_full_backward_pre_hook_fn *fn, void *arg)
{
    return add_hook(m, "register_full_backward_pre_hook", fn, (tp__hook){ .kind = TP__PRE_BACKWARD, .fn.pre_backward = fn, .arg = arg });
}

int64_t (tp_register_full_backward_hook)(tp_module *m, tp_full_backward_hook_fn *fn, void *arg)
{
    return add_hook(m, "register_full_backward_hook", fn, (tp__hook){ .kind = TP__BACKWARD, .fn.backward = fn, .arg = arg });
}

void (tp_remove_module_hook)(tp_module *m, int64_t id)
{
    if (!m || !tp__is_module(m, "remove_module_hook")) return;
    tp__around *around = tp__state(m)->around;
    for (int i = 0; around && i < around->n_hooks; i++) {
        if (around->hooks[i].id != id) continue;
        memmove(&around->hooks[i], &around->hooks[i + 1], (size_t)(around->n_hooks - i - 1) * sizeof *around->hooks);
        around->n_hooks--;
        break;
    }
    if (!around || around->n_hooks || around->n_computed) return;
    tp__state(m)->around = NULL;                       /* runs are plain again */
    tp__around_free(around);
}

void (tp_remove_forward_hook)(tp_module *m, int64_t id) { (tp_remove_module_hook)(m, id); }

/* ---- Around the forward -------------------------------------------------------------------------------------------------------------- */

/* The next of a kind after id *last, up to `until`; *last becomes its id. By value, since a hook may add hooks, or remove any. */
static bool next_hook(const tp_module *m, tp__hook_kind kind, int64_t *last, int64_t until, tp__hook *hook)
{
    const tp__around *around = tp__state(m)->around;
    for (int i = 0; around && i < around->n_hooks; i++) {
        if (around->hooks[i].kind != kind || around->hooks[i].id <= *last || around->hooks[i].id > until) continue;
        *hook = around->hooks[i];
        *last = hook->id;
        return true;
    }
    return false;
}

static bool has_hook(const tp_module *m, tp__hook_kind kind)
{
    int64_t last = 0;
    tp__hook hook;
    return next_hook(m, kind, &last, INT64_MAX, &hook);
}

tp_status tp__hooks_pre_forward(tp_module *m, tp_arg *args, int n)
{
    const struct tp_module_state *s = tp__state(m);
    const int64_t until = atomic_load(&last_id);
    int64_t last = 0;
    tp__hook hook;
    while (!tp_failed() && next_hook(m, TP__PRE_FORWARD, &last, until, &hook)) {
        hook.fn.pre_forward(hook.arg, m, args, n);
        for (int i = 0; i < n; i++)
            if (args[i].kind == TP_ARG_TENSOR && !args[i].value.tensor)      /* after an error of the hook's own that one is kept */
                return tp_fail(TP_ERR_STATE, "forward: a pre-hook of %s put NULL in place of argument %d", s->type, i);
    }
    return tp_error_status();
}

tp_status tp__hooks_forward(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    const struct tp_module_state *s = tp__state(m);
    const int64_t until = atomic_load(&last_id);
    int64_t last = 0;
    tp__hook hook;
    while (!tp_failed() && next_hook(m, TP__FORWARD, &last, until, &hook)) {
        hook.fn.forward(hook.arg, m, args, n, outs, n_outs);
        for (int i = 0; i < n_outs; i++)
            if (!outs[i]) return tp_fail(TP_ERR_STATE, "forward: a hook of %s put NULL in place of output %d", s->type, i);
    }
    return tp_error_status();
}

/* ---- Around the backward ------------------------------------------------------------------------------------------------------------ */

enum { MOST = 64 };

struct tp__flow {
    _Atomic int32_t refs;                              /* of the run, and of the calls of both functions */
    tp__anchor *anchor;                                /* counted */
    int64_t until;                                     /* hooks up to this id */
    int n_in, n_out;                                   /* arguments and outputs */
    int through_in, through_out;                       /* how many of them went through a function, and which */
    uint8_t in[MOST], out[MOST];
    tp_tensor *dy[MOST];                               /* of the outputs, counted, until the backward comes to the inputs */
    bool came;
    tp_function at_inputs, at_outputs;
};

static void forget(tp__flow *flow)
{
    for (int i = 0; i < flow->n_out; i++) {
        tp_release(flow->dy[i]);
        flow->dy[i] = NULL;
    }
    flow->came = false;
}

void tp__flow_drop(tp__flow *flow)
{
    if (!flow || atomic_fetch_sub(&flow->refs, 1) != 1) return;
    forget(flow);
    anchor_unref(flow->anchor);
    tp_mem_free(flow, sizeof *flow);
}

static void drop(const void *flow) { tp__flow_drop((tp__flow *)(uintptr_t)flow); }

static tp_status identity(tp_context *call, tp_tensor *const *x, tp_tensor **y)
{
    for (int i = 0; i < tp_context_inputs(call); i++) {
        y[i] = x[i];
        if (!(tp_needs(call) >> i & 1)) tp_mark_non_differentiable(call, y[i]);
    }
    return TP_OK;
}

/* The path of m for errors of its hooks, from the root of its tree. */
typedef struct path { tp_path_frame frames[32]; int n; } path;

static void enter(path *p, tp_module *m)
{
    const int most = (int)(sizeof p->frames / sizeof *p->frames);
    tp_module *at[32];
    p->n = 0;
    for (; m && p->n < most; m = tp__state(m)->parent) at[p->n++] = m;
    for (int i = p->n - 1; i >= 0; i--) {
        const struct tp_module_state *s = tp__state(at[i]);
        p->frames[i] = (tp_path_frame){ .module = at[i], .name = s->name, .type = s->type };
        tp_path_push(&p->frames[i]);
    }
}

static void leave(path *p)
{
    for (int i = 0; i < p->n; i++) tp_path_pop(&p->frames[i]);
}

static tp_status run_pre_backward(tp__flow *flow, tp_module *m, tp_tensor **dy)
{
    path at;
    int64_t last = 0;
    tp__hook hook;
    enter(&at, m);
    while (!tp_failed() && next_hook(m, TP__PRE_BACKWARD, &last, flow->until, &hook)) hook.fn.pre_backward(hook.arg, m, dy, flow->n_out);
    leave(&at);
    return tp_error_status();
}

static tp_status run_backward(tp__flow *flow, tp_module *m, tp_tensor **dx, tp_tensor *const *dy)
{
    path at;
    int64_t last = 0;
    tp__hook hook;
    enter(&at, m);
    while (!tp_failed() && next_hook(m, TP__BACKWARD, &last, flow->until, &hook)) {
        hook.fn.backward(hook.arg, m, dx, flow->n_in, dy, flow->n_out);
        for (int i = 0; !flow->through_in && i < flow->n_in; i++)
            if (dx[i])
                tp_fail(TP_ERR_STATE, "backward: a hook of %s made a gradient for input %d, and none of its inputs needs one",
                        tp__state(m)->type, i);
    }
    leave(&at);
    return tp_error_status();
}

static tp_status outputs_backward(tp_context *call, tp_tensor *const *given, tp_tensor **dx)
{
    tp__flow *flow = (tp__flow *)(uintptr_t)tp_arg_of(call);
    tp_module *m = flow->anchor->module;
    tp_tensor *dy[MOST] = { NULL }, *none[MOST] = { NULL };
    for (int i = 0; i < flow->through_out; i++) dy[flow->out[i]] = given[i];
    tp_status status = m ? run_pre_backward(flow, m, dy) : TP_OK;
    if (status == TP_OK && m && !flow->through_in) status = run_backward(flow, m, none, dy);
    if (status != TP_OK) return status;
    forget(flow);
    for (int i = 0; flow->through_in && i < flow->n_out; i++) flow->dy[i] = dy[i] ? tp_retain(dy[i]) : NULL;
    flow->came = flow->through_in;
    for (int i = 0; i < flow->through_out; i++) dx[i] = dy[flow->out[i]];
    return TP_OK;
}

static tp_status inputs_backward(tp_context *call, tp_tensor *const *given, tp_tensor **dx)
{
    tp__flow *flow = (tp__flow *)(uintptr_t)tp_arg_of(call);
    tp_module *m = flow->anchor->module;
    tp_tensor *all[MOST] = { NULL };
    for (int i = 0; i < flow->through_in; i++) all[flow->in[i]] = given[i];
    /* A gradient that came by another way than the outputs, as in a second backward, is none of the module's. */
    const tp_status status = m && flow->came ? run_backward(flow, m, all, flow->dy) : TP_OK;
    forget(flow);
    for (int i = 0; i < flow->through_in; i++) dx[i] = all[flow->in[i]];
    return status;
}

static tp__flow *flow_new(tp_module *m, int n)
{
    const tp__around *around = tp__state(m)->around;
    tp__flow *flow = tp_mem_calloc(sizeof *flow);
    if (!flow) return NULL;
    atomic_init(&flow->refs, 1);
    flow->anchor = around->anchor;
    atomic_fetch_add(&flow->anchor->refs, 1);
    flow->until = atomic_load(&last_id);
    flow->n_in = n;
    return flow;
}

/* x[k], which goes through `f`, becomes an output of it. */
static tp_status go_through(tp__flow *flow, tp_function *f, const char *name, tp_tensor **x, int n,
                            tp_status (*backward)(tp_context *call, tp_tensor *const *dy, tp_tensor **dx))
{
    tp_tensor *y[MOST];
    *f = (tp_function){ .name = name, .arg = flow, .n_outputs = n, .forward_many = identity, .backward_many = backward, .drop = drop };
    atomic_fetch_add(&flow->refs, 1);
    const tp_status status = tp_apply_many(f, x, n, y);
    if (status == TP_OK) memcpy(x, y, (size_t)n * sizeof *x);
    return status;
}

tp_status tp__flow_inputs(tp_module *m, tp_arg *args, int n, tp__flow **flow)
{
    const tp__around *around = tp__state(m)->around;
    *flow = NULL;
    if (!around || !around->anchor || !tp_grad_enabled()) return TP_OK;
    if (!has_hook(m, TP__PRE_BACKWARD) && !has_hook(m, TP__BACKWARD)) return TP_OK;
    if (n > MOST) return tp_fail(TP_ERR_UNSUPPORTED, "full_backward_hook: %s has %d arguments, %d are possible", tp__state(m)->type, n, MOST);
    tp__flow *made = flow_new(m, n);
    if (!made) return tp_error_status();
    *flow = made;
    tp_tensor *x[MOST];
    bool needs = false;
    int through = 0;
    for (int i = 0; i < n; i++) {
        if (args[i].kind != TP_ARG_TENSOR || args[i].name) continue;
        needs |= tp_needs_grad(args[i].value.tensor);
        x[through] = args[i].value.tensor;
        made->in[through++] = (uint8_t)i;
    }
    if (!needs) return tp_error_status();
    made->through_in = through;
    const tp_status status = go_through(made, &made->at_inputs, "full_backward_hook", x, through, inputs_backward);
    for (int i = 0; status == TP_OK && i < through; i++) args[made->in[i]].value.tensor = x[i];
    return status;
}

tp_status tp__flow_outputs(tp__flow *flow, tp_tensor **outs, int n_outs)
{
    tp_tensor *x[MOST];
    bool needs = false;
    int through = 0;
    if (n_outs > MOST) return tp_fail(TP_ERR_UNSUPPORTED, "full_backward_hook: %d outputs, %d are possible", n_outs, MOST);
    for (int i = 0; i < n_outs; i++) {
        if (!outs[i]) continue;
        needs |= tp_needs_grad(outs[i]);
        x[through] = outs[i];
        flow->out[through++] = (uint8_t)i;
    }
    flow->n_out = n_outs;
    if (!needs) return tp_error_status();
    flow->through_out = through;
    const tp_status status = go_through(flow, &flow->at_outputs, "full_backward_pre_hook", x, through, outputs_backward);
    for (int i = 0; status == TP_OK && i < through; i++) outs[flow->out[i]] = x[i];
    return status;
}
