/* sequential.c: children one after the other. */
#include "layer.h"
#include "module.h"

static tp_tensor *sequential_forward(tp_module *self, tp_tensor *x)
{
    const struct tp_module_state *s = tp__state(self);
    tp_tensor *const given = x;
    for (int64_t i = 0; x && i < s->n; i++) {
        if (!s->members[i].child) continue;
        tp_tensor *y = tp_forward_at(s->members[i].child, x, NULL);
        if (x != y && x != given) tp_drop(x);          /* ours, and not needed any more unless the tape or a child holds it */
        x = y;
    }
    return x;
}

extern const tp__layer tp__nn_sequential[];              /* below */
static const tp_module_class sequential_class = { .size = sizeof(tp_module_class), .opaque = true, .type = "Sequential", .forward = sequential_forward };

tp_module *tp_sequential_each(tp_module *const *children)
{
    if (!children) return tp_fail(TP_ERR_ARGUMENT, "sequential: the list of children is NULL"), NULL;
    for (int64_t i = 0; (void *)children[i] != TP__END; i++) {
        if (!children[i]) tp_fail(TP_ERR_ARGUMENT, "sequential: child %lld is NULL", (long long)i);
        for (int64_t j = 0; j < i && children[i]; j++)
            if (children[j] == children[i])
                tp_fail(TP_ERR_ARGUMENT, "sequential: child %lld is child %lld again", (long long)i, (long long)j);
    }
    tp_module *m = tp_module_new_class_with(sizeof *m, &sequential_class);         /* NULL while an error is unread */
    if (!m) {
        tp__free_orphans(children);
        return NULL;
    }
    tp__state(m)->layer = tp__nn_sequential;
    for (int64_t i = 0; (void *)children[i] != TP__END; i++) {
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)i);
        (tp_add_child)(m, name, children[i]);          /* frees what it cannot take */
    }
    return (tp_module_done)(m);
}

static tp_module *build(const tp_arg *args, int n)
{
    tp_module **children = tp_mem_alloc((size_t)(n + 1) * sizeof *children);
    if (!children) return tp__free_modules(args, n), NULL;
    int count = 0;
    for (int i = 0; i < n; i++) {                      /* with that unread nothing is made, and all are freed */
        if (args[i].kind == TP_ARG_MODULE) children[count++] = args[i].value.module;
        if (args[i].kind != TP_ARG_MODULE || args[i].name) tp_fail(TP_ERR_ARGUMENT, "Sequential: it takes modules by position");
    }
    children[count] = TP__END;
    tp_module *m = tp_sequential_each(children);
    tp_mem_free(children, (size_t)(n + 1) * sizeof *children);
    return m;
}

const tp__layer tp__nn_sequential[] = { { "Sequential(...)", .build = build, TP__LAYER }, { .schema = NULL } };
