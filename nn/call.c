/* call.c: running a module. Every run has a frame of the path that errors tell, a scope that its outputs alone leave, and
 * what is done around it. Nothing here writes to the module, so that many threads may run one. */
#include "module.h"

#include <string.h>

/* ---- Arguments ------------------------------------------------------------------------------------------------------------------ */

const tp_arg *tp_arg_find(const tp_arg *args, int n, int position, const char *name)
{
    for (int i = 0; i < n && args; i++)
        if (args[i].name ? name && !strcmp(args[i].name, name) : i == position) return args[i].kind == TP_ARG_NONE ? NULL : &args[i];
    return NULL;
}

tp_tensor *tp_arg_tensor(const tp_arg *args, int n, int position, const char *name)
{
    const tp_arg *arg = tp_arg_find(args, n, position, name);
    if (arg && arg->kind == TP_ARG_TENSOR) return arg->value.tensor;
    if (arg) tp_fail(TP_ERR_ARGUMENT, "call: argument \"%s\" is not a tensor", name ? name : "");
    return NULL;
}

/* ---- One run ---------------------------------------------------------------------------------------------------------------------- */

typedef struct run { tp_path_frame frame; tp_scope scope; } run;

static void enter(run *r, tp_module *m, const char *where)
{
    const struct tp_module_state *s = tp__state(m);
    r->frame = (tp_path_frame){ .module = m, .name = s->name, .type = s->type, .where = where, .opaque = s->cls.opaque };
    tp_path_push(&r->frame);
    r->scope = tp_scope_open_at(where ? where : "a module's forward");
}

static void leave(run *r, tp_tensor **outs, int n)
{
    for (int i = 0; i < n; i++) outs[i] = tp_escape(outs[i]);
    tp_scope_close(&r->scope);
    tp_path_pop(&r->frame);
}

static tp_status not_callable(tp_module *m)
{
    return tp_fail(TP_ERR_UNSUPPORTED, "forward: %s has no forward: it holds its children for functions of its own", tp__state(m)->type);
}

/* A forward, seen as a call: one tensor in, one out. */
static tp_status call_forward(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const struct tp_module_state *s = tp__state(m);
    const tp_arg *x = tp_arg_find(args, n, 0, "input");
    if (!s->cls.forward) return not_callable(m);
    if (n != 1 || !x || x->kind != TP_ARG_TENSOR || max < 1)
        return tp_fail(TP_ERR_ARGUMENT, "call: %s takes one tensor, \"input\", and gives one; got %d arguments and room for %d outputs",
                       s->type, n, max);
    if (!x->value.tensor) return tp_fail(TP_ERR_ARGUMENT, "call: the input of %s is NULL", s->type);
    outs[0] = s->cls.forward(m, x->value.tensor);
    if (!outs[0]) return tp_fail(tp_failed() ? tp_error_status() : TP_ERR_STATE, "call: the forward of %s returned NULL", s->type);
    *n_out = 1;
    return TP_OK;
}

/* Runs the class's function. */
static tp_status run_class(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const struct tp_module_state *s = tp__state(m);
    const tp_status status = s->cls.call ? s->cls.call(m, args, n, outs, max, n_out) : call_forward(m, args, n, outs, max, n_out);
    if (status == TP_OK && (*n_out < 0 || *n_out > max))
        return tp_fail(TP_ERR_STATE, "call: %s claims %d outputs, there is room for %d", s->type, *n_out, max);
    return status;
}

/* The same with all that is done around it. `short_form`: by the class's forward, if it has both. */
static tp_status run_around(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out, bool short_form)
{
    tp_arg few[8], *mine = n > 8 ? tp_mem_alloc((size_t)n * sizeof *mine) : few;
    if (!mine) return tp_error_status();
    if (n) memcpy(mine, args, (size_t)n * sizeof *mine);
    tp__flow *flow = NULL;
    tp_status status = tp__hooks_pre_forward(m, mine, n);
    if (status == TP_OK) status = tp__flow_inputs(m, mine, n, &flow);
    tp__standing *standing = NULL;
    if (status == TP_OK && tp__state(m)->around && tp__state(m)->around->n_computed && !(standing = tp__computed_begin(m))) status = tp_error_status();
    if (status == TP_OK) status = short_form ? call_forward(m, mine, n, outs, max, n_out) : run_class(m, mine, n, outs, max, n_out);
    tp__computed_end(m, standing, outs, status == TP_OK ? *n_out : 0);
    if (status == TP_OK) status = tp__hooks_forward(m, mine, n, outs, *n_out);
    if (status == TP_OK && flow) status = tp__flow_outputs(flow, outs, *n_out);
    tp__flow_drop(flow);
    if (mine != few) tp_mem_free(mine, (size_t)n * sizeof *mine);
    return status;
}

/* Runs the module inside of an entered run. On error outs are NULL and *n_out is 0. */
static tp_status run_call(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out, bool short_form)
{
    const struct tp_module_state *s = tp__state(m);
    for (int i = 0; i < max; i++) outs[i] = NULL;
    *n_out = 0;
    if (s->cls.opaque && max < 1)
        return tp_fail(TP_ERR_ARGUMENT, "call: %s has an output, and there is room for none", s->type);
    const tp_status status = s->around ? run_around(m, args, n, outs, max, n_out, short_form) : run_class(m, args, n, outs, max, n_out);
    if (status == TP_OK) return TP_OK;
    tp_fail(status, "call: %s failed and did not say why", s->type);
    for (int i = 0; i < max; i++) outs[i] = NULL;
    *n_out = 0;
    return status;
}

/* ---- Public ------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_forward_at(tp_module *m, tp_tensor *x, const char *where)
{
    if (!x || !tp__is_module(m, "forward")) return NULL;
    const struct tp_module_state *s = tp__state(m);
    const tp_arg arg = { .kind = TP_ARG_TENSOR, .value.tensor = x };
    tp_tensor *y = NULL;
    int n_out = 0;
    run r;
    enter(&r, m, where);
    if (s->cls.forward && !s->around) {
        y = s->cls.forward(m, x);
        if (!y && !tp_failed()) tp_fail(TP_ERR_STATE, "forward: the forward of %s returned NULL", s->type);
    } else if (s->cls.forward || s->cls.call) {
        run_call(m, &arg, 1, &y, 1, &n_out, s->cls.forward);
    } else {
        not_callable(m);
    }
    leave(&r, &y, 1);
    return y;
}

tp_tensor *(tp_forward)(tp_module *m, tp_tensor *x) { return tp_forward_at(m, x, NULL); }

tp_status tp_call_at(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out, const char *where)
{
    int made = 0;
    tp_status status = TP_OK;
    if (!tp__is_module(m, "call")) status = tp_error_status();
    else if (n < 0 || max < 0 || (n && !args) || (max && !outs)) status = tp_fail(TP_ERR_ARGUMENT, "call: a NULL or negative list");
    for (int i = 0; status == TP_OK && i < n; i++)     /* what failed to be made is not what is absent */
        if (args[i].kind == TP_ARG_TENSOR && !args[i].value.tensor) status = tp_error_status();
    if (status != TP_OK) {
        for (int i = 0; outs && i < max; i++) outs[i] = NULL;
    } else {
        run r;
        enter(&r, m, where);
        status = run_call(m, args, n, outs, max, &made, false);
        leave(&r, outs, made);
    }
    if (n_out) *n_out = made;
    return status;
}

tp_status (tp_call)(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    return tp_call_at(m, args, n, outs, max, n_out, NULL);
}
