/* copy.c: a second module like the first: built again from what its constructor was given, then given the same values. */
#include "layer.h"
#include "module.h"

#include <string.h>

/* ---- The structure ------------------------------------------------------------------------------------------------------------------ */

static tp_module *copy_container(const tp_module *m, const tp__layer *row)
{
    const struct tp_module_state *s = tp__state(m);
    tp_module *copy = row->build(NULL, 0);
    for (int64_t i = 0; copy && i < s->n; i++) {
        const tp__member *member = &s->members[i];
        if (member->child) (tp_add_child)(copy, member->name, tp_module_copy(member->child));
        else if (member->kind == TP_ENTRY_PARAMETER) (tp_add_parameter)(copy, member->name, tp_clone(tp_detach(member->tensor)));
        else tp_add_buffer(copy, member->name, tp_clone(tp_detach(member->tensor)), .persistent = member->persistent);
    }
    return copy ? (tp_module_done)(copy) : NULL;
}

/* A module among the arguments is one of m's children by now: its copy is given. */
static tp_module *copy_layer(const tp_module *m, const tp__layer *row)
{
    const tp__layer_state *s = tp__layer_prepare(row);
    tp_arg args[TP__MOST_FIELDS];
    for (int i = 0; i < s->n; i++) {
        args[i] = tp__field_arg(&s->fields[i], m);
        if (args[i].kind == TP_ARG_MODULE) args[i].value.module = tp_module_copy(args[i].value.module);
    }
    return tp__layer_make(s->type, args, s->n);
}

/* ---- The values: all below, in one order in both ---------------------------------------------------------------------------------------- */

static tp_status same_tensors(tp_module *from, tp_module *to, tp__list_kind kind)
{
    const tp__list *a = tp__list_of(from, kind), *b = tp__list_of(to, kind);
    if (!a || !b) return tp_error_status();
    if (a->entries.n != b->entries.n) return tp_fail(TP_ERR_UNSUPPORTED, "module_copy: a %s has more than its constructor makes", tp__state(from)->type);
    for (int64_t i = 0; i < a->entries.n; i++) {
        tp_status status = tp_set_data(b->tensors[i], tp_clone(tp_detach(a->tensors[i])));
        if (status == TP_OK && kind == TP__PARAMETERS) status = tp_requires_grad(b->tensors[i], tp_needs_grad(a->tensors[i]));
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status same_modes(tp_module *from, tp_module *to)
{
    const tp__list *a = tp__list_of(from, TP__MODULES), *b = tp__list_of(to, TP__MODULES);
    for (int64_t i = 0; a && b && i < a->entries.n && i < b->entries.n; i++)
        tp__state(b->entries.at[i].module)->training = tp__state(a->entries.at[i].module)->training;
    return a && b ? TP_OK : tp_error_status();
}

tp_module *(tp_module_copy)(tp_module *m)
{
    if (!m || tp__may_change(m, "module_copy") != TP_OK) return NULL;
    const struct tp_module_state *s = tp__state(m);
    TP_SCOPE();
    TP_NO_GRAD();
    tp_module *copy = NULL;
    if (s->cls.copy) copy = s->cls.copy(m);
    else if (s->layer) copy = s->layer->build ? copy_container(m, s->layer) : copy_layer(m, s->layer);
    else tp_fail(TP_ERR_UNSUPPORTED, "module_copy: %s is a module of one's own, and its class has no copy", s->type);
    if (!copy) return NULL;
    if (tp__computed_copy(m, copy) == TP_OK && same_tensors(m, copy, TP__PARAMETERS) == TP_OK &&
        same_tensors(m, copy, TP__BUFFERS) == TP_OK && same_modes(m, copy) == TP_OK)
        return copy;
    (tp_module_free)(copy);
    return NULL;
}
