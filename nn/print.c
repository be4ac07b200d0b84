/* print.c: a module as text, nested as PyTorch's repr nests it. */
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

/* What a ParameterList or ParameterDict holds: (w): Parameter containing: [torch.float32 of size 2x3]. Of other modules the parameters are
 * no part of the text. Returns whether anything was printed. */
static bool print_parameters(FILE *out, const struct tp_module_state *s, int depth)
{
    bool any = false;
    if (strcmp(s->type, "ParameterList") != 0 && strcmp(s->type, "ParameterDict") != 0) return false;
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->members[i].tensor) continue;
        const tp_shape shape = tp_shape_of(s->members[i].tensor);
        fprintf(out, "\n%*s(%s): %s: [torch.%s of size ", 2 * depth + 2, "", s->members[i].name,
                s->members[i].kind == TP_ENTRY_PARAMETER ? "Parameter containing" : "Tensor", tp_dtype_name(tp_dtype_of(s->members[i].tensor)));
        for (int d = 0; d < shape.ndim; d++) fprintf(out, "%s%lld", d ? "x" : "", (long long)shape.dim[d]);
        fputc(']', out);
        any = true;
    }
    return any;
}

static void print_indented(FILE *out, tp_module *m, int depth)
{
    const struct tp_module_state *s = tp__state(m);
    char text[256];
    describe(m, text, sizeof text);
    fprintf(out, "%s%s(", (tp_is_parametrized)(m, NULL) ? "Parametrized" : "", s->type);
    const bool parameters = print_parameters(out, s, depth);
    if (!has_children(s) && !parameters) {
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

void tp__write_shape(tp_shape shape, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < shape.ndim && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    if (used < size) snprintf(out + used, size - used, "]");
}
