/* hooks.c: calling what waits for a gradient. Each is called in a scope of its own, and may remove itself or others. */
#include "autograd/walk.h"

/* A copy, since the gradient goes on; added to what an earlier backward left, as in PyTorch. */
tp_tensor *tp__retained(void *arg, tp_tensor *grad)
{
    tp__grad_state *state = arg;
    if (atomic_load(&state->refs) == 1) return NULL;   /* its tensor is gone */
    const uint32_t mark = tp__list_mark();
    tp_tensor *old = state->grad, *now = old ? tp_add(old, grad) : tp_clone(grad);
    if (!now) return NULL;
    tp__list_take(mark, now);
    state->grad = now;
    if (old) tp__unref(old);
    return NULL;
}

/* In a scope of its own, so that what the user's function drops or lets escape stays on this side of the mark. */
static tp_status call_hook(const tp__hook *hook, tp_tensor **slot, uint32_t mark)
{
    const tp_scope scope = tp_scope_open_at("a gradient's hook");
    if (tp__pending_error()) return tp__pending();
    tp_tensor *other = hook->fn(hook->arg, *slot);
    if (other && other != *slot && tp__alive(other, "backward: what a hook returned")) {
        if (!tp__same_shape(other, *slot))
            tp_fail(TP_ERR_SHAPE, "backward: a hook made %s of a gradient %s", tp__shape_text(other), tp__shape_text(*slot));
        else if (other->dtype != (*slot)->dtype || other->device != (*slot)->device)
            tp_fail(TP_ERR_DTYPE, "backward: a hook made %s on %s of a gradient %s on %s", tp_dtype_name((tp_dtype)other->dtype),
                    tp_device_name(other->device), tp_dtype_name((tp_dtype)(*slot)->dtype), tp_device_name((*slot)->device));
    }
    tp__scope_join(&scope);
    if (tp__pending_error()) return tp__pending();
    if (!other || other == *slot) return TP_OK;
    tp__list_take(mark, other);
    tp__unref(*slot);
    *slot = other;
    return TP_OK;
}

/* Found by their ids, since a hook may remove itself or others. Those that retain come last. */
tp_status tp__run_hooks(tp__hook *const *hooks, int output, tp_tensor **slot, uint32_t mark)
{
    tp_status status = TP_OK;
    for (int retains = 0; retains < 2; retains++) {
        int64_t last = 0;
        for (const tp__hook *hook = *hooks; hook && *slot && !status;) {
            if (hook->output == output && hook->id > last && (hook->fn == tp__retained) == retains) {
                last = hook->id;
                status = call_hook(hook, slot, mark);
                hook = *hooks;
            } else {
                hook = hook->next;
            }
        }
    }
    return status;
}

tp_status tp__walk_told(tp_tensor *leaf)
{
    tp__grad_state *const state = leaf->grad;
    int64_t last = 0;
    for (const tp__after *after = state ? state->after : NULL; after;) {
        if (after->id <= last) {
            after = after->next;
            continue;
        }
        last = after->id;
        tp_scope scope = tp_scope_open_at("a leaf's accumulated hook");
        if (!tp__pending_error()) after->fn(after->arg, leaf);
        tp_scope_close(&scope);
        if (tp__pending_error()) return tp__pending();
        after = state->after;
    }
    return TP_OK;
}
