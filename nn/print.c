/* print.c: a module as text: nested as PyTorch's repr nests it, and as a table of outputs and sizes. */
#include "module.h"

#include <string.h>

/* ---- repr ------------------------------------------------------------------------------------------------------------------------- */

static void describe(tp_module *m, char *out, size_t size)
{
    out[0] = 0;
    if (tp__state(m)->cls.describe) tp__state(m)->cls.describe(m, out, size);
}

static bool has_children(const struct tp_module_state *s)
{
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].child) return true;
    return false;
}

static void print_indented(FILE *out, tp_module *m, int depth)
{
    const struct tp_module_state *s = tp__state(m);
    char text[256];
    describe(m, text, sizeof text);
    fprintf(out, "%s%s(", (tp_is_parametrized)(m, NULL) ? "Parametrized" : "", s->type);
    if (!has_children(s)) {
        fprintf(out, "%s)", text);
        return;
    }
    if (text[0]) fprintf(out, "\n%*s%s", 2 * depth + 2, "", text);
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->members[i].child) continue;
        fprintf(out, "\n%*s(%s): ", 2 * depth + 2, "", s->members[i].name);
        print_indented(out, s->members[i].child, depth + 1);
    }
    fprintf(out, "\n%*s)", 2 * depth, "");
}

tp_status (tp_module_fprint)(FILE *out, tp_module *m)
{
    if (!tp__is_module(m, "module_print")) return tp_error_status();
    if (!out) return tp_fail(TP_ERR_ARGUMENT, "module_print: the file is NULL");
    print_indented(out, m, 0);
    fputc('\n', out);
    return ferror(out) ? tp_fail(TP_ERR_IO, "module_print: could not write") : TP_OK;
}

void (tp_module_print)(tp_module *m) { (tp_module_fprint)(stdout, m); }

/* ---- Summary ------------------------------------------------------------------------------------------------------------------------ */

typedef struct row { tp_module *m; int64_t hook; tp_shape output; bool ran, training; } row;

static void note_output(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    (void)m, (void)args, (void)n;
    row *r = arg;
    if (!n_outs || !outs[0]) return;
    r->output = tp_shape_of(outs[0]);
    r->ran = true;
}

void tp__write_shape(tp_shape shape, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < shape.ndim && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    if (used < size) snprintf(out + used, size - used, "]");
}

static int64_t own_parameters(const struct tp_module_state *s)
{
    int64_t numel = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].kind == TP_ENTRY_PARAMETER) numel += tp_numel(s->members[i].tensor);
    return numel;
}

static void print_rows(FILE *out, const tp__list *modules, const row *rows, const tp__list *parameters)
{
    fprintf(out, "%-24s %-16s %-24s %12s\n", "module", "type", "output", "parameters");
    for (int64_t i = 0; i < modules->entries.n; i++) {
        char shape[2 + 22 * TP_MAX_DIMS] = "-";
        if (rows[i].ran) tp__write_shape(rows[i].output, shape, sizeof shape);
        fprintf(out, "%-24s %-16s %-24s %12lld\n", modules->entries.at[i].name, tp__state(rows[i].m)->type, shape,
                (long long)own_parameters(tp__state(rows[i].m)));
    }
    int64_t numel = 0, trained = 0, bytes = 0;
    for (int64_t i = 0; i < parameters->entries.n; i++) {
        tp_tensor *x = parameters->tensors[i];
        numel += tp_numel(x);
        bytes += tp_numel(x) * (int64_t)tp_dtype_size(tp_dtype_of(x));
        if (tp_needs_grad(x)) trained += tp_numel(x);
    }
    fprintf(out, "total %lld parameters, %lld of them trained, %.2f MiB\n", (long long)numel, (long long)trained,
            (double)bytes / (1024 * 1024));
}

/* Zeros through m, with grad mode off and in evaluation mode: neither the tape nor running statistics see it. */
static tp_status run_once(tp_module *m, tp_shape shape, tp_dtype dtype, tp_device device, row *rows, int64_t n)
{
    tp_status status = TP_OK;
    for (int64_t i = 0; i < n; i++) {
        rows[i].hook = (tp_register_forward_hook)(rows[i].m, note_output, &rows[i]);
        rows[i].training = tp__state(rows[i].m)->training;
        tp__state(rows[i].m)->training = false;
        if (!rows[i].hook) status = tp_error_status();
    }
    if (status == TP_OK) {
        TP_SCOPE();
        TP_NO_GRAD();
        tp_tensor *x = tp_zeros(shape, .dtype = dtype, .device = device);
        if (!tp_forward_at(m, x, NULL)) status = tp_error_status();
    }
    for (int64_t i = 0; i < n; i++) {
        tp__state(rows[i].m)->training = rows[i].training;
        (tp_remove_forward_hook)(rows[i].m, rows[i].hook);
    }
    return status;
}

tp_status tp_summary_with(tp_module *m, tp_shape shape, const tp_summary_options *o)
{
    tp_summary_options options = TP__BRACES(summary, );
    tp_status status = tp_options_take("summary", &options, o, offsetof(tp_summary_options, tp__end));
    if (status == TP_OK) status = tp__may_change(m, "summary");
    if (status != TP_OK) return status;
    const tp__list *modules = tp__list_of(m, TP__MODULES), *parameters = tp__list_of(m, TP__PARAMETERS);
    if (!modules || !parameters) return tp_error_status();
    const int64_t n = modules->entries.n;
    row *rows = tp_mem_calloc((size_t)n * sizeof *rows);
    if (!rows) return tp_error_status();
    for (int64_t i = 0; i < n; i++) rows[i].m = modules->entries.at[i].module;
    tp_tensor *first = parameters->entries.n ? parameters->tensors[0] : NULL;
    status = run_once(m, shape, options.dtype || !first ? options.dtype : tp_dtype_of(first), first ? tp_device_of(first) : TP_CPU, rows, n);
    if (status == TP_OK) print_rows(options.out ? options.out : stdout, modules, rows, parameters);
    tp_mem_free(rows, (size_t)n * sizeof *rows);
    return status;
}
