/* op_layer.c: layers that only call an op: the first input by position, and by name the other inputs and whatever else the op's
 * schema has a name for: arguments of the constructor, parameters, buffers, and the module's mode. */
#include "layer.h"
#include "module.h"

#include <string.h>

/* ---- Inputs by position or name -------------------------------------------------------------------------------------------------- */

/* The next of "input, hx?": its length, and whether it may be missing. */
static const char *next_name(const char *at, size_t *length, bool *optional)
{
    at += strspn(at, ", ");
    *length = strcspn(at, ",?");
    *optional = at[*length] == '?';
    return *length ? at : NULL;
}

static bool is_named(const tp_arg *arg, const char *name, size_t length)
{
    return arg->name && !strncmp(arg->name, name, length) && !arg->name[length];
}

static tp_status check_known(const tp_module *m, const char *names, const tp_arg *args, int n)
{
    size_t length;
    bool optional;
    for (int k = 0; k < n; k++) {
        int i = 0;
        bool known = false;
        for (const char *at = names; (at = next_name(at, &length, &optional)); at += length + optional, i++)
            known |= args[k].name ? is_named(&args[k], at, length) : i == k;
        if (!known && args[k].name) return tp__misfit(m, "forward takes no argument \"%s\"; it takes %s", args[k].name, names);
        if (!known) return tp__misfit(m, "forward takes %d arguments at most, %s; got %d", i, names, n);
    }
    return TP_OK;
}

tp_status tp__inputs(const tp_module *m, const char *names, const tp_arg *args, int n, const tp_arg **out)
{
    size_t length;
    bool optional;
    int i = 0;
    tp_status status = check_known(m, names, args, n);
    for (const char *at = names; !status && (at = next_name(at, &length, &optional)); at += length + optional, i++) {
        out[i] = NULL;
        for (int k = 0; k < n; k++) {
            if (args[k].name ? !is_named(&args[k], at, length) : k != i) continue;
            if (out[i]) return tp__misfit(m, "\"%.*s\" is given twice", (int)length, at);
            out[i] = &args[k];
        }
        if (out[i] && out[i]->kind == TP_ARG_NONE) out[i] = NULL;
        if (!out[i] && !optional) status = tp__misfit(m, "forward lacks its argument \"%.*s\"", (int)length, at);
    }
    return status;
}

tp_tensor *tp__input_tensor(const tp_module *m, const tp_arg *arg, const char *name)
{
    if (!arg) return NULL;
    if (arg->kind == TP_ARG_TENSOR) return arg->value.tensor;
    tp__misfit(m, "\"%s\" must be a tensor", name);
    return NULL;
}

/* ---- The call ------------------------------------------------------------------------------------------------------------------------ */

enum { MOST_INPUTS = 8, MOST_ARGS = 32 };

static bool is_inplace(const tp__layer_state *s, const tp_module *m)
{
    const tp__field *f = s->op_inplace ? tp__field_find(s, "inplace") : NULL;
    return f && tp__field_arg(f, m).value.boolean;
}

/* Whatever has a name in the op's schema, after the inputs. */
static int gather(const tp__layer_state *s, const tp_module *m, tp_arg *all, int n)
{
    const struct tp_module_state *state = tp__state(m);
    for (int i = 0; i < s->n; i++) {
        if (!s->fields[i].to_op) continue;
        all[n] = tp__field_arg(&s->fields[i], m);
        n += all[n].kind != TP_ARG_NONE || s->fields[i].initial != NULL;
    }
    for (int64_t i = 0; i < state->n && n < MOST_ARGS; i++)
        if (state->members[i].tensor && tp__op_takes(tp_op_schema(s->op), state->members[i].name, true))
            all[n++] = (tp_arg){ .name = state->members[i].name, .kind = TP_ARG_TENSOR, .value.tensor = state->members[i].tensor };
    if (state->layer->training) all[n++] = (tp_arg){ .name = "training", .kind = TP_ARG_BOOL, .value.boolean = state->training };
    return n;
}

tp_status tp__op_layer_call(tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const tp__layer *row = tp__state(m)->layer;
    const tp__layer_state *s = tp__layer_prepare(row);
    const tp_arg *inputs[MOST_INPUTS] = { NULL };
    tp_arg all[MOST_ARGS];
    char words[MOST_INPUTS][24];
    const char *names = row->inputs ? row->inputs : "input";
    const tp_status status = tp__inputs(m, names, args, n, inputs);
    if (status != TP_OK) return status;
    int given = 0;
    bool tensors = true;
    size_t length;
    bool optional;
    for (const char *at = names; (at = next_name(at, &length, &optional)); at += length + optional, given++) {
        all[given] = inputs[given] ? *inputs[given] : (tp_arg){ .kind = TP_ARG_NONE };
        snprintf(words[given], sizeof *words, "%.*s", (int)length, at);
        all[given].name = given ? words[given] : NULL;
        tensors &= all[given].kind == TP_ARG_TENSOR || all[given].kind == TP_ARG_NONE;
    }
    n = gather(s, m, all, given);
    /* An overload for numbers in the place of tensors is found by the op's name. */
    if (!tensors) return tp_op_call(row->op, all, n, outs, max, n_out);
    return tp_op_invoke(is_inplace(s, m) ? s->op_inplace : s->op, all, n, outs, max, n_out);
}
