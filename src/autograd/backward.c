/* backward.c: tp_backward and tp_grad. */
#include "autograd/walk.h"

#include "core/memory.h"

static tp_status check_output(const char *op, tp_tensor *y, tp_tensor *grad)
{
    if (!tp__alive(y, op) || (grad && !tp__alive(grad, op))) return tp__pending();
    if (tp__view_refresh(y)) return tp__pending();
    if (!tp__needs_grad(y))
        return tp_fail(TP_ERR_STATE, "%s: nothing that %s is made of needs a gradient, or it was made without recording", op, tp__shape_text(y));
    if (!grad) {
        if (y->numel != 1) return tp_fail(TP_ERR_SHAPE, "%s: a gradient can be left out for one element only, not for %s", op, tp__shape_text(y));
        if (!tp__is_floating(y->dtype))
            return tp_fail(TP_ERR_DTYPE,
                           "%s: a loss must be real, as of tp_real or tp_abs, and not %s, unless .grad is given", op,
                           tp_dtype_name((tp_dtype)y->dtype));
        return TP_OK;
    }
    if (!tp__same_shape(grad, y))
        return tp_fail(TP_ERR_SHAPE, "%s: the gradient %s does not fit the output %s", op, tp__shape_text(grad), tp__shape_text(y));
    if (grad->dtype != y->dtype || grad->device != y->device)
        return tp_fail(TP_ERR_DTYPE, "%s: the gradient is %s on %s, the output %s on %s", op, tp_dtype_name((tp_dtype)grad->dtype),
                       tp_device_name(grad->device), tp_dtype_name((tp_dtype)y->dtype), tp_device_name(y->device));
    return TP_OK;
}

static tp_status ask_for(tp__walk *w, const char *op, tp_tensor *x)
{
    if (!tp__alive(x, op)) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: an input is NULL", op);
    if (tp__view_refresh(x)) return tp__pending();
    if (!tp__needs_grad(x)) return tp_fail(TP_ERR_STATE, "%s: an input %s does not need a gradient", op, tp__shape_text(x));
    tp__gather *gather = x->node ? tp__gather_at(w, x->node, x->output, true) : tp__gather_leaf(w, x);
    if (!gather) return TP_ERR_MEMORY;
    gather->captured = true;
    return TP_OK;
}

static tp__gather *asked(tp__walk *w, const tp_tensor *x)
{
    return tp__gather_at(w, x->node ? (const void *)x->node : x, x->node ? x->output : 0, false);
}

enum { MOST_WALKS = 100 };                             /* one inside of the other: before the stack ends */

static tp_status walk_to(tp__walk *w, const char *op, tp_tensor *const *outputs, int n, tp_tensor *const *inputs, int64_t m,
                         tp_tensor *const *grads)
{
    tp_status status = m > 0 && !inputs ? tp_fail(TP_ERR_ARGUMENT, "%s: the list of inputs is NULL", op) : TP_OK;
    w->thread = tp__self.id;
    w->heap = w->first_ready;
    w->room = sizeof w->first_ready / sizeof *w->first_ready;
    for (int64_t i = 0; i < m && !status; i++) status = ask_for(w, op, inputs[i]);
    if (!status && w->to_inputs) status = tp__walk_find_needed(w, outputs, n);
    if (!status && tp__self.walks == MOST_WALKS)
        status = tp_fail(TP_ERR_STATE, "%s: %d backward passes are under way, each inside of a hook or a rule of the one before", op, MOST_WALKS);
    if (status) return status;
    tp__self.walks++;
    status = tp__walk_run(w, outputs, n, grads);
    tp__self.walks--;
    return status;
}

tp_status tp_backward_with(tp_tensor *loss, const tp_backward_options *options)
{
    tp_backward_options o = { TP__DEFAULT_backward .tp__end = 0 };
    const void *const outer = tp__self.caller;         /* inside of a hook: of the backward around it */
    tp__self.caller = outer ? outer : TP__CALLER;
    tp_status status = tp__pending();
    if (!status && !loss) status = tp_fail(TP_ERR_ARGUMENT, "backward: the loss is NULL");
    if (!status) status = tp_options_take("backward", &o, options, offsetof(tp_backward_options, tp__end));
    if (!status) status = check_output("backward", loss, o.grad);
    if (status) goto done;
    tp__walk w = { .create_graph = o.create_graph, .retain = o.retain_graph || o.create_graph, .to_inputs = o.inputs.n > 0, .gives = true };
    tp_tensor *const outputs[] = { loss };
    status = walk_to(&w, "backward", outputs, 1, o.inputs.at, o.inputs.n, o.grad ? &o.grad : NULL);
    for (int64_t i = 0; i < o.inputs.n && !status; i++) {                /* those that are no leaves: these have had their turn */
        tp__gather *gather = asked(&w, o.inputs.at[i]);
        if (!gather || !gather->dy) continue;
        const uint32_t mark = tp__list_mark();
        tp_tensor *g = gather->dy;
        gather->dy = NULL;
        if (tp__enlist(&tp__self, g)) status = tp__give_grad(o.inputs.at[i], g, mark, o.create_graph);
        else tp__unref(g), status = TP_ERR_MEMORY;
        if (!status) status = tp__walk_told(o.inputs.at[i]);
        tp__list_release(mark);
    }
    tp__walk_end(&w);
    if (status && !tp__pending_error()) tp_fail(status, "backward: no memory for the walk");
done:
    tp__self.caller = outer;
    return status;
}

tp_status tp_grad_with(tp_tensor *const *outputs, int n, tp_tensor *const *inputs, int m, tp_tensor *const *grad_outputs,
                       tp_tensor **grads, const tp_grad_options *options)
{
    tp_grad_options o = { TP__DEFAULT_grad .tp__end = 0 };
    const void *const outer = tp__self.caller;         /* inside of a hook: of the backward around it */
    tp__self.caller = outer ? outer : TP__CALLER;
    for (int i = 0; i < m && grads; i++) grads[i] = NULL;
    tp_status status = tp__pending();
    if (!status && (n < 0 || m < 0 || (n && !outputs) || (m && (!inputs || !grads))))
        status = tp_fail(TP_ERR_ARGUMENT, "grad: %d outputs and %d inputs, or a list of them is NULL", n, m);
    if (!status) status = tp_options_take("grad", &o, options, offsetof(tp_grad_options, tp__end));
    for (int i = 0; i < n && !status; i++) {
        if (!outputs[i]) status = tp_fail(TP_ERR_ARGUMENT, "grad: output %d is NULL", i);
        else status = check_output("grad", outputs[i], grad_outputs ? grad_outputs[i] : NULL);
    }
    if (status) goto done;
    tp__walk w = { .create_graph = o.create_graph, .retain = o.retain_graph || o.create_graph, .to_inputs = true };
    status = walk_to(&w, "grad", outputs, n, inputs, m, grad_outputs);
    const uint32_t mark = tp__list_mark();
    for (int i = 0; i < m && !status; i++) {
        tp__gather *gather = asked(&w, inputs[i]);
        if (gather && gather->dy) {
            tp__ref(gather->dy);
            grads[i] = gather->dy;
            if (gather->dy->home && gather->dy->flags & TP__REQUIRES_GRAD) {
                tp__unref(gather->dy);                 /* a leaf, given as the gradient of an output: another handle would not be it */
            } else if (gather->dy->home || !tp__enlist(&tp__self, gather->dy)) {
                tp_tensor *again = gather->dy->home ? tp__alias_like(gather->dy) : NULL;     /* owned by a scope already: another handle */
                if (again && gather->dy->node) tp__attach(gather->dy->node, again, gather->dy->output);
                tp__unref(gather->dy);
                grads[i] = again;
                if (!again) status = TP_ERR_MEMORY;
            }
        } else if (gather && gather->reached) {        /* a rule said NULL, which is zero: only what no output is made of has none */
            grads[i] = tp_zeros(tp_shape_of(inputs[i]), .dtype = tp_dtype_of(inputs[i]), .device = tp_device_of(inputs[i]));
            if (!grads[i]) status = tp__pending();
        } else if (!o.allow_unused) {
            status = tp_fail(TP_ERR_STATE, "grad: no output depends on input %d, %s (say .allow_unused = true to get NULL)", i, tp__shape_text(inputs[i]));
        }
    }
    if (status) {
        for (int i = 0; i < m; i++) grads[i] = NULL;
        tp__list_release(mark);
    }
    tp__walk_end(&w);
    if (status && !tp__pending_error()) tp_fail(status, "grad: no memory for the walk");
done:
    tp__self.caller = outer;
    return status;
}
