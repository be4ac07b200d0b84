/* summary.c: a module as a table: what each layer makes of an input, its parameters, its products and its memory. */
#include "layer.h"
#include "module.h"

#include <string.h>

typedef struct row {
    tp_module *m;
    const char *path;
    int64_t hook, calls, parameters, macs, bytes;      /* macs: -1, not known */
    bool training;
    char output[128];
} row;

/* ---- Products: multiplications that are added up, of one call ---------------------------------------------------------------------------- */

static bool begins(const char *type, const char *with) { return !strncmp(type, with, strlen(with)); }
static int64_t quotient(int64_t a, int64_t b) { return b ? a / b : 0; }

static tp_tensor *member(const struct tp_module_state *s, const char *name)
{
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].tensor && !strcmp(s->members[i].name, name)) return s->members[i].tensor;
    return NULL;
}

/* Elements of all weights of a recurrent layer. */
static int64_t matrices(const struct tp_module_state *s)
{
    int64_t numel = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].tensor && begins(s->members[i].name, "weight_")) numel += tp_numel(s->members[i].tensor);
    return numel;
}

static bool is_set(const tp_module *m, const char *name) { return tp__argument_of(m, name).value.boolean; }

/* Projections, scores, and the sums of values; out_proj has a row of its own. */
static int64_t attention_macs(const tp_module *m, const tp_arg *args, int n, tp_tensor *y)
{
    tp_tensor *q = tp_arg_tensor(args, n, 0, "query"), *k = tp_arg_tensor(args, n, 1, "key"), *v = tp_arg_tensor(args, n, 2, "value");
    if (!q || !k || !v) return 0;
    const int64_t width = tp_size(y, -1), batch = tp_ndim(q) == 2 ? 1 : tp_size(q, is_set(m, "batch_first") ? 0 : 1);
    const int64_t queries = quotient(tp_numel(q), batch * tp_size(q, -1)), keys = quotient(tp_numel(k), batch * tp_size(k, -1));
    const int64_t seen = keys + is_set(m, "add_bias_kv") + is_set(m, "add_zero_attn");
    return width * (tp_numel(q) + tp_numel(k) + tp_numel(v) + 2 * batch * queries * seen);
}

static int64_t macs_of(tp_module *m, const tp_arg *args, int n, tp_tensor *y)
{
    const struct tp_module_state *s = tp__state(m);
    static const char *const recurrent[] = { "RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell" };
    tp_tensor *x = n && args[0].kind == TP_ARG_TENSOR ? args[0].value.tensor : NULL, *w = member(s, "weight");
    if (!s->layer) return -1;
    if (!strcmp(s->type, "MultiheadAttention")) return attention_macs(m, args, n, y);
    for (size_t i = 0; i < sizeof recurrent / sizeof *recurrent; i++)
        if (!strcmp(s->type, recurrent[i])) return quotient(tp_numel(y), tp_size(y, -1)) * matrices(s);
    if (!w) return 0;
    const int64_t each = quotient(tp_numel(w), tp_size(w, 0));
    if (begins(s->type, "ConvTranspose")) return x ? tp_numel(x) * each : 0;
    if (!strcmp(s->type, "Linear") || !strcmp(s->type, "Bilinear") || begins(s->type, "Conv")) return tp_numel(y) * each;
    return 0;
}

/* ---- The run: zeros, or what is given, with grad mode off and in evaluation mode: neither the tape nor running statistics see it ------------- */

static int64_t bytes_of(tp_tensor *x) { return tp_numel(x) * (int64_t)tp_dtype_size(tp_dtype_of(x)); }

/* Memory of its own: an input in another shape has none. */
static bool is_new(tp_tensor *y, const tp_arg *args, int n)
{
    for (int i = 0; i < n; i++)
        if (args[i].kind == TP_ARG_TENSOR && tp_data(args[i].value.tensor) == tp_data(y)) return false;
    return true;
}

static void note(void *arg, tp_module *m, const tp_arg *args, int n, tp_tensor **outs, int n_outs)
{
    row *r = arg;
    size_t used = 0;
    r->output[0] = 0;
    for (int i = 0; i < n_outs; i++) {
        if (is_new(outs[i], args, n)) r->bytes += bytes_of(outs[i]);
        if (used) used += (size_t)snprintf(r->output + used, sizeof r->output - used, ", ");
        if (used >= sizeof r->output) return;
        tp__write_shape(tp_shape_of(outs[i]), r->output + used, sizeof r->output - used);
        used += strlen(r->output + used);
    }
    const int64_t macs = n_outs ? macs_of(m, args, n, outs[0]) : 0;
    r->macs = macs < 0 || r->macs < 0 ? -1 : r->macs + macs;
    r->calls++;
}

static tp_status run_once(tp_module *m, const tp_arg *args, int n_args, row *rows, int64_t n)
{
    tp_status status = TP_OK;
    for (int64_t i = 0; i < n; i++) {
        rows[i].hook = (tp_register_forward_hook)(rows[i].m, note, &rows[i]);
        rows[i].training = tp__state(rows[i].m)->training;
        tp__state(rows[i].m)->training = false;
        if (!rows[i].hook) status = tp_error_status();
    }
    if (status == TP_OK) {
        TP_SCOPE();
        TP_NO_GRAD();
        tp_tensor *outs[16];
        tp_call_at(m, args, n_args, outs, (int)(sizeof outs / sizeof *outs), NULL, NULL);
        status = tp_error_status();
    }
    for (int64_t i = 0; i < n; i++) {
        tp__state(rows[i].m)->training = rows[i].training;
        (tp_remove_module_hook)(rows[i].m, rows[i].hook);
    }
    return status;
}

/* ---- As text ------------------------------------------------------------------------------------------------------------------------------ */

enum { LAYER, OUTPUT, PARAMS, MACS, MEMORY, COLUMNS };
typedef struct cells { char text[COLUMNS][192]; } cells;

static const char *with_commas(int64_t n, char *out, size_t size)
{
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    size_t used = 0;
    for (int i = 0; i < length && used + 2 < size; i++) {
        if (i && (length - i) % 3 == 0) out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = 0;
    return out;
}

static const char *with_unit(int64_t bytes, char *out, size_t size)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB" };
    double value = (double)bytes / 1024;
    int unit = 0;
    for (; value >= 1024 && unit < 3; unit++) value /= 1024;
    if (bytes < 1024) snprintf(out, size, "%lld B", (long long)bytes);
    else snprintf(out, size, "%.2f %s", value, units[unit]);
    return out;
}

/* Does it leave its work to other modules? Those that compute its weights do not count. */
static bool has_children(tp_module *m)
{
    const struct tp_module_state *s = tp__state(m);
    for (int64_t i = 0; i < s->n; i++)
        if (s->members[i].child && !((tp_is_parametrized)(m, NULL) && !strcmp(s->members[i].name, "parametrizations"))) return true;
    return false;
}

/* The row of a module that has children tells what is its own; theirs tell the rest. */
static void fill(cells *c, const row *r)
{
    const struct tp_module_state *s = tp__state(r->m);
    const bool holds = has_children(r->m), ran = r->calls > 0;
    char times[24] = "";
    if (r->calls > 1) snprintf(times, sizeof times, " x%lld", (long long)r->calls);
    for (int k = 0; k < COLUMNS; k++) snprintf(c->text[k], sizeof *c->text, "-");
    snprintf(c->text[LAYER], sizeof *c->text, "%s%s%s%s%s", r->path, *r->path ? " (" : "", s->type, *r->path ? ")" : "", times);
    if (ran) snprintf(c->text[OUTPUT], sizeof *c->text, "%s", r->output);
    if (!holds || r->parameters) with_commas(r->parameters, c->text[PARAMS], sizeof *c->text);
    if (ran && (r->macs > 0 || (!holds && !r->macs))) with_commas(r->macs, c->text[MACS], sizeof *c->text);
    if (ran && !holds) with_unit(r->bytes, c->text[MEMORY], sizeof *c->text);
}

static void rule(FILE *out, char with, int width)
{
    for (int i = 0; i < width; i++) fputc(with, out);
    fputc('\n', out);
}

static void print_row(FILE *out, const cells *c, const int *width)
{
    fprintf(out, "%-*s  %-*s", width[LAYER], c->text[LAYER], width[OUTPUT], c->text[OUTPUT]);
    for (int k = PARAMS; k < COLUMNS; k++) fprintf(out, "  %*s", width[k], c->text[k]);
    fputc('\n', out);
}

static void print_total(FILE *out, const char *what, int64_t n, int64_t bytes)
{
    char number[40], memory[40];
    fprintf(out, "%s: %s (%s)\n", what, with_commas(n, number, sizeof number), with_unit(bytes, memory, sizeof memory));
}

static void print_totals(FILE *out, const row *rows, int64_t n, int64_t input, const tp__list *parameters, const tp__list *buffers)
{
    int64_t numel[2] = { 0, 0 }, bytes[2] = { 0, 0 }, kept = 0, kept_bytes = 0, macs = 0, made = 0;
    char number[40], inputs[40], outputs[40], all[40];
    for (int64_t i = 0; i < parameters->entries.n; i++) {
        const int trained = tp_needs_grad(parameters->tensors[i]);
        numel[trained] += tp_numel(parameters->tensors[i]);
        bytes[trained] += bytes_of(parameters->tensors[i]);
    }
    for (int64_t i = 0; i < buffers->entries.n; i++) {
        kept += tp_numel(buffers->tensors[i]);
        kept_bytes += bytes_of(buffers->tensors[i]);
    }
    for (int64_t i = 0; i < n; i++) {
        if (rows[i].macs > 0) macs += rows[i].macs;
        if (!has_children(rows[i].m)) made += rows[i].bytes;
    }
    print_total(out, "Total params", numel[0] + numel[1], bytes[0] + bytes[1]);
    print_total(out, "Trainable params", numel[1], bytes[1]);
    print_total(out, "Non-trainable params", numel[0], bytes[0]);
    if (buffers->entries.n) print_total(out, "Buffers", kept, kept_bytes);
    fprintf(out, "Total MACs: %s\n", with_commas(macs, number, sizeof number));
    fprintf(out, "Memory: %s of inputs, %s of outputs, %s in all\n", with_unit(input, inputs, sizeof inputs), with_unit(made, outputs, sizeof outputs),
            with_unit(input + made + bytes[0] + bytes[1] + kept_bytes, all, sizeof all));
}

static tp_status print_table(FILE *out, tp_module *m, const row *rows, int64_t n, int64_t input, const tp__list *parameters, const tp__list *buffers)
{
    static const cells head = { { "Layer (type)", "Output shape", "Params", "MACs", "Memory" } };
    int width[COLUMNS], whole = 2 * (COLUMNS - 1);
    cells c;
    for (int k = 0; k < COLUMNS; k++) width[k] = (int)strlen(head.text[k]);
    for (int64_t i = 0; i < n; i++) {
        fill(&c, &rows[i]);
        for (int k = 0; k < COLUMNS; k++)
            if ((int)strlen(c.text[k]) > width[k]) width[k] = (int)strlen(c.text[k]);
    }
    for (int k = 0; k < COLUMNS; k++) whole += width[k];
    fprintf(out, "Model: %s\n", tp__state(m)->type);
    rule(out, '_', whole);
    print_row(out, &head, width);
    rule(out, '=', whole);
    for (int64_t i = 0; i < n; i++) {
        fill(&c, &rows[i]);
        print_row(out, &c, width);
    }
    rule(out, '=', whole);
    print_totals(out, rows, n, input, parameters, buffers);
    rule(out, '_', whole);
    return ferror(out) ? tp_fail(TP_ERR_IO, "summary: could not write") : TP_OK;
}

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

static tp_status summarize(tp_module *m, const tp_arg *args, int n_args, FILE *out)
{
    const tp__list *modules = tp__list_of(m, TP__MODULES), *parameters = tp__list_of(m, TP__PARAMETERS), *buffers = tp__list_of(m, TP__BUFFERS);
    if (!modules || !parameters || !buffers) return tp_error_status();
    const int64_t n = modules->entries.n;
    row *rows = tp_mem_calloc((size_t)n * sizeof *rows);
    if (!rows) return tp_error_status();
    for (int64_t i = 0; i < n; i++) {
        rows[i].m = modules->entries.at[i].module;
        rows[i].path = modules->entries.at[i].name;
        for (int64_t k = 0; k < parameters->entries.n; k++)              /* one that is tied is its first owner's */
            if (parameters->entries.at[k].module == rows[i].m) rows[i].parameters += tp_numel(parameters->tensors[k]);
    }
    int64_t input = 0;
    for (int i = 0; i < n_args; i++)
        if (args[i].kind == TP_ARG_TENSOR) input += bytes_of(args[i].value.tensor);
    tp_status status = run_once(m, args, n_args, rows, n);
    if (status == TP_OK) status = print_table(out, m, rows, n, input, parameters, buffers);
    tp_mem_free(rows, (size_t)n * sizeof *rows);
    return status;
}

tp_status tp_summary_with(tp_module *m, tp_shape shape, const tp_summary_options *o)
{
    tp_summary_options options = TP__BRACES(summary, );
    tp_status status = tp_options_take("summary", &options, o, offsetof(tp_summary_options, tp__end));
    if (status == TP_OK) status = tp__may_change(m, "summary");
    if (status != TP_OK) return status;
    FILE *out = options.out ? options.out : stdout;
    if (options.n_args < 0 || (options.n_args && !options.args))
        return tp_fail(TP_ERR_ARGUMENT, "summary: the list of arguments is NULL, of %d", options.n_args);
    for (int i = 0; i < options.n_args; i++)
        if (options.args[i].kind == TP_ARG_TENSOR && !options.args[i].value.tensor) return tp_fail(TP_ERR_ARGUMENT, "summary: argument %d is NULL", i);
    if (options.n_args) return summarize(m, options.args, options.n_args, out);
    TP_SCOPE();
    const tp__list *parameters = tp__list_of(m, TP__PARAMETERS);
    if (!parameters) return tp_error_status();
    tp_tensor *first = parameters->entries.n ? parameters->tensors[0] : NULL;
    const tp_dtype dtype = options.dtype || !first ? options.dtype : tp_dtype_of(first);
    tp_tensor *x = tp_zeros(shape, .dtype = dtype, .device = first ? tp_device_of(first) : TP_CPU);
    const tp_arg arg = { .kind = TP_ARG_TENSOR, .value.tensor = x };
    return x ? summarize(m, &arg, 1, out) : tp_error_status();
}
