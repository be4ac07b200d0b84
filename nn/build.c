/* build.c: layers by their PyTorch names, from the rows of all families; constructors in C come here, too. */
#include "layer.h"
#include "module.h"

#include <stdarg.h>
#include <string.h>

extern const tp__layer *const tp__nn_tables[];         /* made by the Makefile from the names of the files */

/* Two indices into the tables, from { 0, 0 } on. NULL at the end. */
static const tp__layer *next_row(int at[2])
{
    while (tp__nn_tables[at[0]] && !tp__nn_tables[at[0]][at[1]].schema) at[0]++, at[1] = 0;
    return tp__nn_tables[at[0]] ? &tp__nn_tables[at[0]][at[1]++] : NULL;
}

static const tp__layer *row_of(const char *type)
{
    int at[2] = { 0, 0 };
    const size_t n = strlen(type);
    for (const tp__layer *row = next_row(at); row; row = next_row(at))
        if (!strncmp(row->schema, type, n) && row->schema[n] == '(') return row;
    return NULL;
}

/* ---- Constructing --------------------------------------------------------------------------------------------------------------- */

static void describe(tp_module *m, char *out, size_t size) { tp__fields_describe(tp__state(m)->layer, m, out, size); }

/* What PyTorch keeps in the state_dict of what it was constructed with: the weights of losses. A copy, which moves with the module. */
static void add_buffers(const tp__layer_state *s, tp_module *m)
{
    TP_NO_GRAD();
    for (int i = 0; i < s->n; i++) {
        const tp__field *f = &s->fields[i];
        tp_tensor **x = (tp_tensor **)(void *)((char *)m + f->offset);
        if (f->type == TP__FIELD_BUFFER && *x) *x = tp_add_buffer_with(m, f->name, tp_clone(tp_detach(*x)), NULL);
    }
}

void tp__free_modules(const tp_arg *args, int n)
{
    for (int i = 0; i < n; i++) {
        tp_module *m = args[i].kind == TP_ARG_MODULE ? args[i].value.module : NULL;
        bool again = false;
        for (int j = i + 1; j < n; j++) again |= args[j].kind == TP_ARG_MODULE && args[j].value.module == m;
        tp_module *const one[] = { m, TP__END };
        if (m && !again) tp__free_orphans(one);        /* one that a parent has is not freed */
    }
}

/* Modules that init did not get to: it sets a member to NULL before it gives its module away. */
static void free_untaken(const tp__layer_state *s, tp_module *m)
{
    for (int i = 0; i < s->n; i++) {
        const tp_arg value = tp__field_arg(&s->fields[i], m);
        if (value.kind == TP_ARG_MODULE) tp__free_modules(&value, 1);
    }
}

static tp_module *construct(const tp__layer *row, const tp_arg *args, int n)
{
    const tp__layer_state *s = tp__layer_prepare(row);
    const bool by_op = row->op != NULL;
    const tp_module_class cls = {
        .size = sizeof cls, .opaque = true, .type = s->type, .forward = row->forward, .call = by_op ? tp__op_layer_call : row->call,
        .drop = row->drop, .describe = row->describe ? row->describe : row->shows ? describe : NULL,
    };
    TP_SCOPE();
    tp_module *m = tp_module_new_class_with(row->bytes ? row->bytes : s->bytes, &cls);
    if (!m || tp__fields_fill(row, m, args, n) != TP_OK) {
        tp__free_modules(args, n);
        return m ? (tp_module_done)(m) : NULL;
    }
    tp__state(m)->layer = row;
    add_buffers(s, m);
    if (row->init && row->init(m) != TP_OK) tp__state(m)->broken = true;
    if (tp__state(m)->broken || tp_failed()) free_untaken(s, m);
    return (tp_module_done)(m);                        /* NULL, and nothing leaked, if anything above failed */
}

tp_module *tp__layer_make(const char *type, const tp_arg *args, int n)
{
    const tp__layer *row = row_of(type);
    if (row) return row->build ? row->build(args, n) : construct(row, args, n);
    tp_fail(TP_ERR_UNSUPPORTED, "module_build: no layer \"%s\"", type);
    tp__free_modules(args, n);
    return NULL;
}

tp_module *tp_module_build(const char *type, const tp_arg *args, int n)
{
    if (type && n >= 0 && (args || !n)) return tp__layer_make(type, args, n);
    tp_fail(TP_ERR_ARGUMENT, "module_build: the type or the arguments are NULL");
    if (args && n > 0) tp__free_modules(args, n);
    return NULL;
}

const char *tp_module_type_at(int i)
{
    int at[2] = { 0, 0 };
    const tp__layer *row = i < 0 ? NULL : next_row(at);
    while (row && i--) row = next_row(at);
    return row ? tp__layer_prepare(row)->type : NULL;
}

const char *tp_module_schema(const char *type)
{
    const tp__layer *row = type ? row_of(type) : NULL;
    return row ? row->schema : NULL;
}

/* ---- What constructors add -------------------------------------------------------------------------------------------------------- */

static tp_tensor_options place_of(const tp_module *m)
{
    const tp__layer_state *s = tp__layer_prepare(tp__state(m)->layer);
    const tp__field *dtype = tp__field_find(s, "dtype"), *device = tp__field_find(s, "device");
    tp_tensor_options o = TP__BRACES(tensor, );
    if (dtype) o.dtype = tp__field_arg(dtype, m).value.dtype;
    if (device) o.device = tp__field_arg(device, m).value.device;
    return o;
}

tp_tensor *tp__add_uniform(tp_module *m, const char *name, tp_shape shape, double bound)
{
    const tp_tensor_options o = place_of(m);
    return (tp_add_parameter)(m, name, tp_uniform_with(shape, -bound, bound, &o));
}

tp_tensor *tp__add_normal(tp_module *m, const char *name, tp_shape shape)
{
    const tp_tensor_options o = place_of(m);
    return (tp_add_parameter)(m, name, tp_randn_with(shape, &o));
}

static tp_tensor *full(const tp_module *m, tp_shape shape, double value)
{
    const tp_tensor_options o = place_of(m);
    return value == 0 ? tp_zeros_with(shape, &o) : tp_full_with(shape, (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = value }, &o);
}

tp_tensor *tp__add_full(tp_module *m, const char *name, tp_shape shape, double value)
{
    return (tp_add_parameter)(m, name, full(m, shape, value));
}

tp_tensor *tp__add_statistic(tp_module *m, const char *name, tp_shape shape, double value)
{
    return tp_add_buffer_with(m, name, full(m, shape, value), NULL);
}

tp_status tp__misfit(const tp_module *m, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return tp_fail(TP_ERR_ARGUMENT, "%s: %s", (tp_module_type)((tp_module *)m), text);
}
