/* leaf.c: leaves, their gradients, hooks, and the grad mode. */
#include "autograd/node.h"

#include "core/memory.h"

tp_status tp_requires_grad(tp_tensor *x, bool on)
{
    if (tp__pending_error()) return tp__pending();
    if (!x) return tp_fail(TP_ERR_ARGUMENT, "requires_grad: the tensor is NULL");
    if (!tp__alive(x, "requires_grad") || tp__view_refresh(x)) return tp__pending();
    if (x->node && !on) return tp_fail(TP_ERR_STATE, "requires_grad: %s was made by %s, it is no leaf: use tp_detach", tp__shape_text(x),
                                       tp__state(x->node->op)->base_name);
    if (on && !tp__is_floating(x->dtype) && !tp__is_complex(x->dtype))
        return tp_fail(TP_ERR_DTYPE, "requires_grad: only floating tensors can have a gradient, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (x->node) return TP_OK;
    x->flags = (uint8_t)(on ? x->flags | TP__REQUIRES_GRAD : x->flags & ~TP__REQUIRES_GRAD);
    return TP_OK;
}

/* One that cannot be made anew is what it was: an error comes when it is used. */
static bool looked_at(tp_tensor *x, const char *op)
{
    return x && tp__alive(x, op) && (x->flags & (TP__NO_GRAD_VIEW | TP__MULTI_VIEW | TP__FUNCTION_VIEW) || !tp__view_refresh(x));
}
bool tp_needs_grad(tp_tensor *x) { return looked_at(x, "needs_grad") && tp__needs_grad(x); }
bool tp_is_leaf(tp_tensor *x) { return looked_at(x, "is_leaf") && !x->node; }

tp_tensor *tp_detach_(tp_tensor *x)
{
    if (!x || tp__pending_error() || !tp__alive(x, "detach_")) return NULL;
    if (x->base && tp__needs_grad(x))
        return tp__fail_tensors(TP_ERR_STATE, "detach_", &x, 1, "%s is a view: use tp_detach", tp__shape_text(x)), NULL;
    tp_node *node = x->node;
    x->node = NULL;
    x->output = 0;
    x->flags &= (uint8_t)~(TP__REQUIRES_GRAD | TP__RETAIN_GRAD | TP__FUNCTION_VIEW);
    if (node) tp__node_unref(node);
    return x;
}

tp_tensor *tp_grad_of(tp_tensor *x)
{
    if (!x || !tp__alive(x, "grad_of")) return NULL;
    const tp__grad_state *state = __atomic_load_n(&x->grad, __ATOMIC_ACQUIRE);
    return !state ? NULL : state->grad || !state->rows ? state->grad : tp__grad_settle(x);
}

tp_status tp_set_grad(tp_tensor *x, tp_tensor *grad)
{
    if (tp__pending_error()) return tp__pending();
    if (!x) return tp_fail(TP_ERR_ARGUMENT, "set_grad: the tensor is NULL");
    if (!tp__alive(x, "set_grad") || (grad && !tp__alive(grad, "set_grad"))) return tp__pending();
    if (!grad && !x->grad) return TP_OK;
    if (grad && x->device != grad->device)
        return tp_fail(TP_ERR_DEVICE, "set_grad: a gradient on %s for a tensor on %s", tp_device_name(grad->device), tp_device_name(x->device));
    if (grad && (!tp__same_shape(x, grad) || x->dtype != grad->dtype))
        return tp_fail(TP_ERR_SHAPE, "set_grad: a gradient %s %s for a tensor %s %s", tp__shape_text(grad), tp_dtype_name((tp_dtype)grad->dtype),
                       tp__shape_text(x), tp_dtype_name((tp_dtype)x->dtype));
    tp__grad_state *state = tp__grad_state_of(x);
    if (!state) return TP_ERR_MEMORY;
    if (grad) tp__ref(grad);
    const bool locked = tp__grad_lock(state);
    tp_tensor *old = state->grad;
    tp__grad_rows *rows = state->rows;
    state->grad = grad;
    state->rows = NULL;
    tp__grad_unlock(state, locked);
    if (old) tp__unref(old);
    tp__grad_rows_free(rows);
    return TP_OK;
}

/* ---- Hooks ------------------------------------------------------------------------------------------------------------------- */

static _Atomic int64_t last_id;

/* Nothing to hook to is no value that a later call would miss, so it is said here. */
static bool can_hook(const char *op, tp_tensor *x, bool fn)
{
    if (!x) return tp_fail(TP_ERR_ARGUMENT, "%s: the tensor is NULL", op), false;
    if (!fn) return tp_fail(TP_ERR_ARGUMENT, "%s: the function is NULL", op), false;
    return tp__alive(x, op);
}

static int64_t add_hook(tp_tensor *x, tp_hook_fn *fn, void *arg)
{
    if (tp__view_refresh(x)) return 0;
    tp__grad_state *state = x->node ? NULL : tp__grad_state_of(x);
    tp__hook *hook = x->node || state ? tp_mem_alloc(sizeof *hook) : NULL;
    if (!hook) return 0;
    *hook = (tp__hook){ .id = atomic_fetch_add(&last_id, 1) + 1, .fn = fn, .arg = arg, .output = x->output };
    tp__hook **at = x->node ? &x->node->u.hooks : &state->hooks;
    while (*at) at = &(*at)->next;
    *at = hook;
    return hook->id;
}

int64_t tp_register_hook(tp_tensor *x, tp_hook_fn *fn, void *arg)
{
    if (!can_hook("register_hook", x, fn != NULL)) return 0;
    if (!tp__needs_grad(x)) return tp_fail(TP_ERR_STATE, "register_hook: %s does not need a gradient", tp__shape_text(x)), 0;
    return add_hook(x, fn, arg);
}

int64_t tp_register_accumulated_hook(tp_tensor *x, tp_accumulated_fn *fn, void *arg)
{
    if (!can_hook("register_accumulated_hook", x, fn != NULL)) return 0;
    if (x->node || !tp__needs_grad(x))
        return tp_fail(TP_ERR_STATE, "register_accumulated_hook: %s is no leaf that requires grad", tp__shape_text(x)), 0;
    tp__grad_state *state = tp__grad_state_of(x);
    tp__after *after = state ? tp_mem_alloc(sizeof *after) : NULL;
    if (!after) return 0;
    *after = (tp__after){ .id = atomic_fetch_add(&last_id, 1) + 1, .fn = fn, .arg = arg };
    tp__after **at = &state->after;
    while (*at) at = &(*at)->next;
    *at = after;
    return after->id;
}

static bool remove_from(tp__hook **at, int64_t id)
{
    for (; *at; at = &(*at)->next) {
        if ((*at)->id != id) continue;
        tp__hook *hook = *at;
        *at = hook->next;
        tp_mem_free(hook, sizeof *hook);
        return true;
    }
    return false;
}

void tp_remove_hook(tp_tensor *x, int64_t id)
{
    if (!x || id <= 0 || !tp__alive(x, "remove_hook")) return;
    if (x->node && remove_from(&x->node->u.hooks, id)) return;
    if (!x->grad || remove_from(&x->grad->hooks, id)) return;
    for (tp__after **at = &x->grad->after; *at; at = &(*at)->next) {
        if ((*at)->id != id) continue;
        tp__after *after = *at;
        *at = after->next;
        tp_mem_free(after, sizeof *after);
        return;
    }
}

tp_status tp_retain_grad(tp_tensor *x)
{
    if (tp__pending_error()) return tp__pending();
    if (!x) return tp_fail(TP_ERR_ARGUMENT, "retain_grad: the tensor is NULL");
    if (!tp__alive(x, "retain_grad") || tp__view_refresh(x)) return tp__pending();
    if (!tp__needs_grad(x)) return tp_fail(TP_ERR_STATE, "retain_grad: %s does not need a gradient", tp__shape_text(x));
    if (!x->node || x->flags & TP__RETAIN_GRAD) return TP_OK;
    tp__grad_state *state = tp__grad_state_of(x);
    if (!state) return TP_ERR_MEMORY;
    tp__count_up(&state->refs);                 /* the hook's: x itself would be a cycle */
    if (!add_hook(x, tp__retained, state)) {
        atomic_fetch_sub(&state->refs, 1);
        return tp__pending();
    }
    x->flags |= TP__RETAIN_GRAD;
    return TP_OK;
}

/* ---- Grad mode ----------------------------------------------------------------------------------------------------------------- */

static void record(tp__thread *self, bool on)
{
    self->mode = on && !self->inference ? self->mode & ~(uint32_t)TP__NO_RECORD : self->mode | TP__NO_RECORD;
}

tp_grad_mode tp_grad_mode_set(bool on)
{
    const tp_grad_mode was = { tp_grad_enabled() };
    record(&tp__self, on);
    return was;
}

void tp_grad_mode_restore(tp_grad_mode *was)
{
    if (was) record(&tp__self, was->tp__was);
}
bool tp_grad_enabled(void) { return !(tp__self.mode & TP__NO_RECORD); }
void tp_set_grad_enabled(bool on) { record(&tp__self, on); }

tp_inference_mode tp_inference_mode_set(bool on)
{
    tp__thread *self = &tp__self;
    const tp_inference_mode was = { self->inference, tp_grad_enabled() };
    if (on != self->inference) {
        self->inference = on;
        record(self, !on);
    }
    return was;
}

void tp_inference_mode_restore(tp_inference_mode *was)
{
    if (!was) return;
    tp__self.inference = was->tp__was;
    record(&tp__self, was->tp__recorded);
}
bool tp_inference_mode_enabled(void) { return tp__self.inference; }
