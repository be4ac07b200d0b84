/* list.c: modules and parameters held under numbers or names, for forwards of one's own. */
#include "layer.h"
#include "module.h"

extern const tp__layer tp__nn_list[];                    /* below; in this order */

static tp_module *holder(const char *type, const tp__layer *row)
{
    const tp_module_class cls = { .size = sizeof cls, .opaque = true, .type = type };
    tp_module *m = tp_module_new_class_with(sizeof *m, &cls);
    if (m) tp__state(m)->layer = row;
    return m;
}

static const char *number(int i, char *out, size_t size)
{
    snprintf(out, size, "%d", i);
    return out;
}

/* The modules by position are called "0", "1", ..; those by name are called that. */
static tp_module *hold_modules(const char *type, const tp__layer *row, const tp_arg *args, int n, bool by_name)
{
    for (int i = 0; i < n; i++)
        if (args[i].kind != TP_ARG_MODULE || !args[i].name == by_name)
            tp_fail(TP_ERR_ARGUMENT, "%s: it takes modules by %s", type, by_name ? "name" : "position");
    tp_module *m = holder(type, row);                  /* NULL while an error is unread */
    if (!m) return tp__free_modules(args, n), NULL;
    char name[16];
    for (int i = 0; i < n; i++) (tp_add_child)(m, by_name ? args[i].name : number(i, name, sizeof name), args[i].value.module);
    return (tp_module_done)(m);
}

static tp_module *build_list(const tp_arg *args, int n) { return hold_modules("ModuleList", &tp__nn_list[0], args, n, false); }
static tp_module *build_dict(const tp_arg *args, int n) { return hold_modules("ModuleDict", &tp__nn_list[1], args, n, true); }

static tp_module *hold_tensors(const char *type, const tp__layer *row, const tp_arg *args, int n, bool by_name)
{
    for (int i = 0; i < n; i++)
        if (args[i].kind != TP_ARG_TENSOR || !args[i].name == by_name)
            tp_fail(TP_ERR_ARGUMENT, "%s: it takes tensors by %s", type, by_name ? "name" : "position");
    tp_module *m = holder(type, row);
    if (!m) return tp__free_modules(args, n), NULL;
    char name[16];
    for (int i = 0; i < n; i++) (tp_add_parameter)(m, by_name ? args[i].name : number(i, name, sizeof name), args[i].value.tensor);
    return (tp_module_done)(m);
}

static tp_module *build_parameters(const tp_arg *args, int n) { return hold_tensors("ParameterList", &tp__nn_list[2], args, n, false); }
static tp_module *build_parameter_dict(const tp_arg *args, int n) { return hold_tensors("ParameterDict", &tp__nn_list[3], args, n, true); }

tp_module *tp_nn_module_list_each(tp_module *const *children)
{
    if (!children) return tp_fail(TP_ERR_ARGUMENT, "ModuleList: the list of children is NULL"), NULL;
    tp_module *m = holder("ModuleList", &tp__nn_list[0]);
    if (!m) return tp__free_orphans(children), NULL;
    char name[16];
    for (int i = 0; (void *)children[i] != TP__END; i++) (tp_add_child)(m, number(i, name, sizeof name), children[i]);
    return (tp_module_done)(m);
}

tp_module *tp_nn_module_dict(void) { return build_dict(NULL, 0); }
tp_module *tp_nn_parameter_dict(void) { return build_parameter_dict(NULL, 0); }
tp_module *tp_nn_parameter_list(tp_tensor_list tensors)
{
    tp_module *m = holder("ParameterList", &tp__nn_list[2]);
    char name[16];
    for (int i = 0; m && i < tensors.n; i++) (tp_add_parameter)(m, number(i, name, sizeof name), tensors.at[i]);
    return m ? (tp_module_done)(m) : NULL;
}

tp_module *(tp_module_append)(tp_module *list, tp_module *child)
{
    char name[16];
    int i = 0;
    const struct tp_module_state *s = list && list->base.object.kind == TP_KIND_MODULE ? tp__state(list) : NULL;
    for (int64_t k = 0; s && k < s->n; k++) i += s->members[k].child != NULL;
    return (tp_add_child)(list, number(i, name, sizeof name), child);
}

const tp__layer tp__nn_list[] = {
    { "ModuleList(...)", .build = build_list, TP__LAYER },
    { "ModuleDict(...)", .build = build_dict, TP__LAYER },
    { "ParameterList(...)", .build = build_parameters, TP__LAYER },
    { "ParameterDict(...)", .build = build_parameter_dict, TP__LAYER },
    { .schema = NULL },
};
