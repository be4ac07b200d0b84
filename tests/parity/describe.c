/* describe.c: a call, for people: linear(input=float32 [64, 784], weight=float32 [10, 784]). */
#include "parity.h"

#include <math.h>

const char *shape_text(tp_tensor *x, char *out, size_t size)
{
    const tp_shape shape = tp_shape_of(x);
    size_t n = (size_t)snprintf(out, size, "%s [", tp_dtype_name(tp_dtype_of(x)));
    for (int i = 0; i < shape.ndim && n < size; i++) n += (size_t)snprintf(out + n, size - n, "%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    if (n < size) snprintf(out + n, size - n, "]");
    return out;
}

static void describe(FILE *out, const tp_arg *arg);

static void describe_tensor(FILE *out, tp_tensor *x)
{
    char text[128];
    fputs(x ? shape_text(x, text, sizeof text) : "none", out);
    if (x && !tp_is_contiguous(x)) fputs(" strided", out);
}

static void describe_item(FILE *out, const tp_arg *arg, int i)
{
    switch (arg->kind) {
    case TP_ARG_TENSORS: describe_tensor(out, arg->value.tensors[i]); break;
    case TP_ARG_LIST: describe(out, &arg->value.list[i]); break;
    case TP_ARG_INTS: fprintf(out, "%lld", (long long)arg->value.ints[i]); break;
    case TP_ARG_FLOATS: fprintf(out, "%g", arg->value.floats[i]); break;
    default: fputs(arg->value.bools[i] ? "true" : "false", out);
    }
}

static void describe_bound(FILE *out, int64_t bound)
{
    if (bound != TP_NONE) fprintf(out, "%lld", (long long)bound);
}

static void describe(FILE *out, const tp_arg *arg)
{
    if (arg->name) fprintf(out, "%s=", arg->name);
    switch (arg->kind) {
    case TP_ARG_TENSOR: describe_tensor(out, arg->value.tensor); break;
    case TP_ARG_BOOL: fputs(arg->value.boolean ? "true" : "false", out); break;
    case TP_ARG_INT: fprintf(out, "%lld", (long long)arg->value.integer); break;
    case TP_ARG_FLOAT: fprintf(out, "%g%s", arg->value.real, arg->value.real == trunc(arg->value.real) ? ".0" : ""); break;
    case TP_ARG_DTYPE: fputs(arg->value.dtype ? tp_dtype_name(arg->value.dtype) : "a dtype that Taper lacks", out); break;
    case TP_ARG_DEVICE: fputs(tp_device_name(arg->value.device), out); break;
    case TP_ARG_STRING: case TP_ARG_LAYOUT: case TP_ARG_MEMORY_FORMAT: fprintf(out, "\"%s\"", arg->value.string); break;
    case TP_ARG_ELLIPSIS: fputs("...", out); break;
    case TP_ARG_SLICE:
        describe_bound(out, arg->value.slice.start);
        fputc(':', out);
        describe_bound(out, arg->value.slice.stop);
        if (arg->value.slice.step != TP_NONE) fprintf(out, ":%lld", (long long)arg->value.slice.step);
        break;
    case TP_ARG_TENSORS: case TP_ARG_LIST: case TP_ARG_INTS: case TP_ARG_FLOATS: case TP_ARG_BOOLS:
        fputc('[', out);
        for (int i = 0; i < arg->n; i++) {
            if (i) fputs(", ", out);
            describe_item(out, arg, i);
        }
        fputc(']', out);
        break;
    default: fputs("none", out);
    }
}

void arguments_print(const sample *s, char *text, size_t size)
{
    *text = 0;
    FILE *out = fmemopen(text, size, "w");
    if (!out) return;
    fprintf(out, "%s(", s->op);
    for (int i = 0; i < s->n_args; i++) {
        if (i) fputs(", ", out);
        describe(out, &s->args[i]);
    }
    fputc(')', out);
    fclose(out);
    text[size - 1] = 0;
}
