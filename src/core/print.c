/* print.c: tensors as text, character by character as PyTorch prints them: 4 digits, 80 columns, and beyond 1000 elements
 * three from each end of every dim. One format serves all elements; it is found by looking at those that will be printed. */
#include "core/convert.h"
#include "core/graph.h"
#include "core/op.h"

#include <ctype.h>
#include <math.h>

enum { PRECISION = 4, THRESHOLD = 1000, EDGE = 3, LINE_WIDTH = 80, MOST_CHARS = 400 };       /* of an element: 1e308 with all its digits */

typedef struct text {                                  /* where it goes: a file, or memory, cut off at `size` */
    FILE *file;
    char *out;
    size_t size, length;
    int column;
} text;

/* How the elements are written: of a complex tensor, one format for real parts and one for imaginary ones. */
typedef struct format { bool floating, whole, scientific; int width; } format;

typedef struct printed {
    const tp_tensor *x;
    const char *data;                                  /* on the host */
    bool complex, summarize;
    format of[2];
    text *to;
} printed;

static void put_n(text *t, const char *s, size_t n)
{
    if (t->file) fwrite(s, 1, n, t->file);
    for (size_t i = 0; t->out && i < n && t->length + i + 1 < t->size; i++) t->out[t->length + i] = s[i];
    t->length += n;
    for (size_t i = 0; i < n; i++) t->column = s[i] == '\n' ? 0 : t->column + 1;
}
static void put(text *t, const char *s) { put_n(t, s, strlen(s)); }
static void put_many(text *t, char c, int n) { while (n-- > 0) put_n(t, &c, 1); }

/* ---- Elements ------------------------------------------------------------------------------------------------------------------------ */

/* Of a floating or complex element. */
static double real_value(const printed *p, int64_t at, int part)
{
    const char *e = p->data + at * (int64_t)tp_dtype_size((tp_dtype)p->x->dtype);
    uint16_t half;
    memcpy(&half, e, sizeof half);
    switch (p->x->dtype) {
    case TP_F32: case TP_C64: return ((const float *)(const void *)e)[part];
    case TP_F64: case TP_C128: return ((const double *)(const void *)e)[part];
    case TP_F16: return tp__f16_to_f32(half);
    default: return tp__bf16_to_f32(half);
    }
}

static int64_t integer_value(const printed *p, int64_t at)
{
    const void *e = p->data + at * (int64_t)tp_dtype_size((tp_dtype)p->x->dtype);
    switch (p->x->dtype) {
    case TP_I64: return *(const int64_t *)e;
    case TP_I32: return *(const int32_t *)e;
    case TP_I16: return *(const int16_t *)e;
    case TP_I8: return *(const int8_t *)e;
    default: return *(const uint8_t *)e;
    }
}

static int write_value(const printed *p, const format *f, int64_t at, int part, char *out)
{
    if (p->x->dtype == TP_BOOL) return snprintf(out, MOST_CHARS, "%s", integer_value(p, at) ? "True" : "False");
    if (!f->floating) return snprintf(out, MOST_CHARS, "%lld", (long long)integer_value(p, at));
    const double v = real_value(p, at, part);
    if (isnan(v)) return snprintf(out, MOST_CHARS, "nan");
    if (isinf(v)) return snprintf(out, MOST_CHARS, v < 0 ? "-inf" : "inf");
    if (f->scientific) return snprintf(out, MOST_CHARS, "%.*e", PRECISION, v);
    if (f->whole) return snprintf(out, MOST_CHARS, "%.0f.", v);
    return snprintf(out, MOST_CHARS, "%.*f", PRECISION, v);
}

static void put_value(const printed *p, int64_t at)
{
    char one[MOST_CHARS];
    const int length = write_value(p, &p->of[0], at, 0, one);
    put_many(p->to, ' ', p->of[0].width - length);
    put_n(p->to, one, (size_t)length);
    if (!p->complex) return;
    const int imaginary = write_value(p, &p->of[1], at, 1, one);
    if (one[0] != '-') put(p->to, "+");
    put_n(p->to, one, (size_t)imaginary);
    put(p->to, "j");
}

/* ---- The format ------------------------------------------------------------------------------------------------------------------------ */

typedef struct range { double least, most; bool whole; } range;
typedef void visit_fn(const printed *p, int64_t at, int part, void *arg);

static bool is_cut(const printed *p, int64_t size) { return p->summarize && size > 2 * EDGE; }

/* Each element that will be printed. */
static void visit(const printed *p, int dim, int64_t at, int part, visit_fn *fn, void *arg)
{
    if (dim == p->x->ndim) {
        fn(p, at, part, arg);
        return;
    }
    const int64_t size = p->x->shape[dim];
    for (int64_t i = 0; i < size; i++) {
        if (is_cut(p, size) && i == EDGE) i = size - EDGE;
        visit(p, dim + 1, at + i * p->x->stride[dim], part, fn, arg);
    }
}

static void see_range(const printed *p, int64_t at, int part, void *arg)
{
    range *r = arg;
    const double v = real_value(p, at, part), size = fabs(v);
    if (v == 0 || !isfinite(v)) return;
    if (r->least == 0 || size < r->least) r->least = size;
    if (size > r->most) r->most = size;
    r->whole &= v == ceil(v);
}

static void see_width(const printed *p, int64_t at, int part, void *arg)
{
    format *f = arg;
    char one[MOST_CHARS];
    if (f->floating) {
        const double v = real_value(p, at, part);
        if (v == 0 || !isfinite(v)) return;            /* they are not counted */
    }
    const int length = write_value(p, f, at, part, one);
    if (length > f->width) f->width = length;
}

static format find_format(const printed *p, int part)
{
    format f = { .floating = p->complex || tp__is_floating(p->x->dtype), .whole = true, .width = 1 };
    if (f.floating) {
        range r = { .whole = true };
        visit(p, 0, 0, part, see_range, &r);
        if (r.most == 0) return f;
        f.whole = r.whole;
        f.scientific = r.most / r.least > 1000 || r.most > 1e8 || r.least < 1e-4;
    }
    visit(p, 0, 0, part, see_width, &f);
    return f;
}

/* ---- Brackets -------------------------------------------------------------------------------------------------------------------------- */

static void put_vector(const printed *p, int64_t at, int indent)
{
    const int dim = p->x->ndim - 1;
    const int64_t size = p->x->shape[dim];
    const int length = p->of[0].width + 2 + (p->complex ? p->of[1].width + 1 : 0);
    const int fit = (LINE_WIDTH - indent) / length, per_line = fit > 1 ? fit : 1;
    int placed = 0;
    put(p->to, "[");
    for (int64_t i = 0; i < size; i++, placed++) {
        if (placed && placed % per_line == 0) {
            put(p->to, ",\n");
            put_many(p->to, ' ', indent + 1);
        } else if (placed) {
            put(p->to, ", ");
        }
        if (is_cut(p, size) && i == EDGE) {
            put(p->to, " ...");
            i = size - EDGE - 1;
        } else {
            put_value(p, at + i * p->x->stride[dim]);
        }
    }
    put(p->to, "]");
}

static void put_nested(const printed *p, int dim, int64_t at, int indent)
{
    if (!p->x->ndim) {
        put_value(p, at);
        return;
    }
    if (dim == p->x->ndim - 1) {
        put_vector(p, at, indent);
        return;
    }
    const int64_t size = p->x->shape[dim];
    put(p->to, "[");
    for (int64_t i = 0; i < size; i++) {
        if (i) {
            put(p->to, ",");
            put_many(p->to, '\n', p->x->ndim - dim - 1);
            put_many(p->to, ' ', indent + 1);
        }
        if (is_cut(p, size) && i == EDGE) {
            put(p->to, "...");
            i = size - EDGE - 1;
        } else {
            put_nested(p, dim + 1, at + i * p->x->stride[dim], indent + 1);
        }
    }
    put(p->to, "]");
}

/* ---- What follows the elements ----------------------------------------------------------------------------------------------------------- */

static const char prefix[] = "tensor(";

typedef struct ending { text *to; int last_line; } ending;

static void put_suffix(ending *e, const char *suffix)
{
    const int length = (int)strlen(suffix);
    if (e->last_line + length + 2 > LINE_WIDTH) {
        put(e->to, ",\n");
        put_many(e->to, ' ', (int)sizeof prefix - 1);
        e->last_line = (int)sizeof prefix - 1 + length;
    } else {
        put(e->to, ", ");
        e->last_line += length + 2;
    }
    put(e->to, suffix);
}

/* "grad_fn=<LogSoftmaxBackward0>" of the op log_softmax; PyTorch has no number after functions of one's own. */
static void grad_fn_text(const tp_node *node, char *out, size_t size)
{
    bool custom;
    const char *name = tp__node_name(node, &custom);
    size_t used = (size_t)snprintf(out, size, "grad_fn=<");
    bool begins = true;
    for (; *name && *name != '.' && used + 1 < size; name++) {
        if (*name != '_') out[used++] = begins && !custom ? (char)toupper((unsigned char)*name) : *name;
        begins = *name == '_';
    }
    snprintf(out + used, size - used, custom ? "Backward>" : "Backward0>");
}

static void put_suffixes(const printed *p)
{
    const tp_tensor *x = p->x;
    ending e = { p->to, p->to->column + 2 };           /* as PyTorch counts */
    const bool shown = x->numel || x->dtype == TP_F32;
    char line[200];
    if (x->device != TP_CPU) {
        snprintf(line, sizeof line, "device='%s'", tp_device_name(x->device));
        put_suffix(&e, line);
    }
    if (!x->numel && x->ndim != 1) {
        size_t used = (size_t)snprintf(line, sizeof line, "size=(");
        for (int d = 0; d < x->ndim; d++)
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%lld", d ? ", " : "", (long long)x->shape[d]);
        snprintf(line + used, sizeof line - used, ")");
        put_suffix(&e, line);
    }
    if (!shown || !(x->dtype == TP_F32 || x->dtype == TP_C64 || x->dtype == TP_I64 || x->dtype == TP_BOOL)) {
        snprintf(line, sizeof line, "dtype=torch.%s", tp_dtype_name((tp_dtype)x->dtype));
        put_suffix(&e, line);
    }
    if (x->node) {
        grad_fn_text(x->node, line, sizeof line);
        put_suffix(&e, line);
    } else if (x->flags & TP__REQUIRES_GRAD) {
        put_suffix(&e, "requires_grad=True");
    }
    put(p->to, ")");
}

/* ---- Public --------------------------------------------------------------------------------------------------------------------------------- */

static size_t extent(const tp_tensor *x)               /* bytes from the first element to the end of the last */
{
    int64_t last = 0;
    for (int d = 0; d < x->ndim; d++) last += (x->shape[d] - 1) * x->stride[d];
    return x->numel ? (size_t)(last + 1) * tp_dtype_size((tp_dtype)x->dtype) : 0;
}

static tp_status print_to(tp_tensor *x, text *to, const char *op)
{
    if (!x) return tp__pending_error() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: the tensor is NULL", op);
    if (!tp__alive(x, op)) return tp__pending();
    void *copy = NULL;
    const size_t bytes = extent(x);
    if (x->device != TP_CPU && bytes) {
        copy = tp_mem_alloc(bytes);
        if (!copy) return TP_ERR_MEMORY;
        const tp_backend *backend = tp__backend(x->device);
        const tp_status status = backend ? backend->copy(copy, TP_CPU, x->data, x->device, bytes, false) : tp__no_device(op, x->device);
        if (status) {
            tp_mem_free(copy, bytes);
            return status;
        }
    }
    printed p = { .x = x, .data = copy ? copy : x->data, .complex = tp__is_complex(x->dtype), .summarize = x->numel > THRESHOLD, .to = to };
    put(to, prefix);
    if (x->numel) {
        for (int part = 0; part <= p.complex; part++) p.of[part] = find_format(&p, part);
        put_nested(&p, 0, 0, (int)sizeof prefix - 1);
    } else {
        put(to, "[]");
    }
    put_suffixes(&p);
    tp_mem_free(copy, bytes);
    return TP_OK;
}

static tp_status print_line(FILE *out, tp_tensor *x, const char *op)
{
    text to = { .file = out };
    const tp_status status = print_to(x, &to, op);
    if (status) return status;
    put(&to, "\n");
    return ferror(out) ? tp_fail(TP_ERR_IO, "%s: the file cannot be written", op) : TP_OK;
}

tp_status tp_fprint(FILE *out, tp_tensor *x)
{
    return out ? print_line(out, x, "fprint") : tp_fail(TP_ERR_ARGUMENT, "fprint: the file is NULL");
}

void tp_print(tp_tensor *x) { print_line(stdout, x, "print"); }

size_t tp_to_string(tp_tensor *x, char *out, size_t size)
{
    text to = { .out = size ? out : NULL, .size = size };
    if (to.out) out[0] = 0;
    if (print_to(x, &to, "to_string")) return 0;
    if (to.out) out[to.length < size ? to.length : size - 1] = 0;
    return to.length;
}
