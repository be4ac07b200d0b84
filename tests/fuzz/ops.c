/* ops.c: random calls of every op through tp_op_call, for sanitizers to look at.
 *
 * A case is one call, made from its number alone, so that `--case N` repeats it. Half of the cases take a sample that the op
 * brings and change some of its arguments; the others draw all of them from the schema. Tensors have random dtypes, shapes
 * (small, often ones that broadcast, sometimes empty), strides (transposed, expanded, every other element, an offset) and
 * values (NaN, infinities, negative and huge indices among them). A call that works is differentiated, twice at times. What
 * must hold: no crash, no hang, and an error is set if and only if the call failed. */
#include <math.h>
#include <stdarg.h>
#include <time.h>

#include <taper/autograd.h>
#include <taper/extend.h>

#include "ops/samples.h"

enum { MOST_ARGS = 32, MOST_LIST = 12, MOST_OUTPUTS = 64, HANGS_AFTER = 60 };
#define MOST_BYTES ((size_t)64 << 20)                  /* of one allocation: what is larger fails */
#define MOST_SUMMED ((int64_t)MOST_BYTES)              /* elements: an expanded view may have any number, and adding them takes its time */

#include "fuzz.h"

/* ---- The case under way, to be told when it crashes --------------------------------------------------------------------------- */

static struct { long long number; const char *op; char args[2000]; size_t used; } now;

static void note(const char *format, ...) TP__PRINTF(1, 2);
static void note(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(now.args + now.used, sizeof now.args - now.used, format, list);
    va_end(list);
    now.used += n > 0 && now.used + (size_t)n < sizeof now.args ? (size_t)n : 0;
}

static void tell(void)
{
    char line[2300];
    const int n = snprintf(line, sizeof line, "\nfuzz: case %lld: %s(%s)\n", now.number, now.op ? now.op : "", now.args);
    if (n > 0 && write(STDERR_FILENO, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1) < 0) return;
}

/* ---- Tensors -------------------------------------------------------------------------------------------------------------------- */

static tp_shape common;                                /* shapes of one case are related to this one */
static tp_tensor *earlier;                             /* given again at times */
static tp_tensor *leaves[64];                          /* of the case, that may get a gradient */
static int n_leaves;

static void note_leaf(tp_tensor *x)
{
    if (x && tp_needs_grad(x) && n_leaves < (int)(sizeof leaves / sizeof *leaves)) leaves[n_leaves++] = x;
}

static int64_t draw_size(void) { return one_in(12) ? 0 : one_in(30) ? 1 + below(40) : 1 + below(4); }

static tp_shape draw_shape(void)
{
    tp_shape s = common;
    if (one_in(4)) {
        s.ndim = (int)below(6);
        for (int d = 0; d < s.ndim; d++) s.dim[d] = draw_size();
        return s;
    }
    for (int d = 0; d < s.ndim; d++)
        if (one_in(6)) s.dim[d] = one_in(2) ? 1 : draw_size();
    if (one_in(4) && s.ndim) {                         /* fewer dims, or one more */
        s.ndim--;
        if (one_in(2)) memmove(s.dim, s.dim + 1, sizeof *s.dim * (size_t)s.ndim);
    } else if (one_in(8) && s.ndim < TP_MAX_DIMS) {
        s.dim[s.ndim++] = draw_size();
    }
    return s;
}

static tp_dtype usual;                                 /* of the call's tensors: float32, in one call of eight complex */

static tp_dtype draw_dtype(void)
{
    if (usual != TP_F32 && !one_in(8)) return usual;
    if (one_in(2)) return TP_F32;
    if (one_in(2)) return one_in(2) ? TP_F64 : TP_I64;
    return (tp_dtype)(1 + below(TP_DTYPE_END - 1));
}

static double draw_value(void)
{
    static const double odd[] = { 0, -0.0, INFINITY, -INFINITY, NAN, 1e30, -1e30, 1e-40, 0x1p63, -0x1p63, 2147483648.0, 1e300 };
    if (one_in(25)) return odd[below((int64_t)(sizeof odd / sizeof *odd))];
    if (one_in(2)) return (double)below(7) - 2;
    return (double)below(2000) / 500 - 2;
}

/* The same values in another layout */
static tp_tensor *relaid(tp_tensor *x)
{
    const tp_shape s = tp_shape_of(x);
    const int64_t kind = below(6);
    if (kind == 0 && s.ndim > 1) return tp_transpose(tp_contiguous(tp_transpose(x, 0, -1)), 0, -1);
    if (kind == 1 && s.ndim && s.ndim < TP_MAX_DIMS) {           /* every other element, with an offset */
        tp_shape wide = s;
        wide.dim[wide.ndim++] = 2;
        tp_tensor *memory = tp_zeros(wide, .dtype = tp_dtype_of(x)), *y = tp_select(memory, -1, 1);
        return tp_copy_(y, x);
    }
    if (kind == 2 && s.ndim && s.dim[0] > 0) return tp_expand(tp_narrow(x, 0, 0, 1), s);
    return x;
}

static tp_tensor *draw_tensor(void)
{
    if (earlier && one_in(10)) return note("again"), earlier;
    const tp_shape shape = draw_shape();
    const tp_dtype dtype = draw_dtype();
    TP_NO_GRAD();
    tp_tensor *wide = tp_empty(shape, .dtype = TP_F64), *x;
    double *v = tp_data_mut(wide);
    for (int64_t i = 0; v && i < tp_numel(wide); i++) v[i] = draw_value();
    x = relaid(tp_to_dtype(wide, dtype));
    if (!x) return NULL;
    const bool grad = (tp__is_floating(dtype) || tp_is_complex(x)) && one_in(2);
    if (grad) tp_requires_grad(x, true);
    note_leaf(x);
    note("%s %s%s%s", tp_dtype_name(dtype), tp__shape_text(x), tp_is_contiguous(x) ? "" : " strided", grad ? " grad" : "");
    return earlier = x;
}

/* ---- Arguments ------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *members[MOST_LIST];
static int64_t ints[MOST_LIST];
static double reals[MOST_LIST];
static tp_arg items[MOST_LIST];

static int64_t draw_int(void)
{
    static const int64_t odd[] = { INT64_MAX, INT64_MIN, INT64_MIN + 1, INT32_MAX, INT32_MIN, 1 << 20, -100, 64, 63, 65 };
    if (one_in(25)) return odd[below((int64_t)(sizeof odd / sizeof *odd))];
    return one_in(4) ? below(12) - 4 : below(4) - 1;
}

static tp_arg draw_any(int depth);

static tp_arg draw_ints(int n)
{
    tp_arg a = { .kind = TP_ARG_INTS, .n = n ? n : (int)below(one_in(10) ? MOST_LIST : 4), .value.ints = ints };
    note("[");
    for (int i = 0; i < a.n; i++) note("%s%lld", i ? ", " : "", (long long)(ints[i] = draw_int()));
    note("]");
    return a;
}

static tp_arg draw_tensors(void)
{
    tp_arg a = { .kind = TP_ARG_TENSORS, .n = (int)below(one_in(10) ? MOST_LIST : 4), .value.tensors = members };
    note("[");
    for (int i = 0; i < a.n; i++) {
        note("%s", i ? ", " : "");
        members[i] = draw_tensor();
    }
    note("]");
    return a;
}

static tp_arg draw_list(void)
{
    tp_arg a = { .kind = TP_ARG_LIST, .n = (int)below(5), .value.list = items };
    note("(");
    for (int i = 0; i < a.n; i++) {
        note("%s", i ? ", " : "");
        items[i] = draw_any(1);
    }
    note(")");
    return a;
}

static tp_arg draw_any(int depth)
{
    const int64_t kind = below(depth ? 8 : 11);
    switch (kind) {
    case 0: return note("none"), (tp_arg){ .kind = TP_ARG_NONE };
    case 1: return note("..."), (tp_arg){ .kind = TP_ARG_ELLIPSIS };
    case 2: {
        const int64_t v[3] = { one_in(2) ? TP_NONE : draw_int(), one_in(2) ? TP_NONE : draw_int(), one_in(2) ? TP_NONE : draw_int() };
        note("%lld:%lld:%lld", (long long)v[0], (long long)v[1], (long long)v[2]);
        return (tp_arg){ .kind = TP_ARG_SLICE, .value.slice = { v[0], v[1], v[2] } };
    }
    case 3: {
        const bool v = one_in(2);
        return note("%s", v ? "true" : "false"), (tp_arg){ .kind = TP_ARG_BOOL, .value.boolean = v };
    }
    case 4: case 5: {
        const int64_t v = draw_int();
        return note("%lld", (long long)v), (tp_arg){ .kind = TP_ARG_INT, .value.integer = v };
    }
    case 6: case 7: return (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = draw_tensor() };
    case 8: return draw_ints(0);
    case 9: return draw_list();
    default: return draw_tensors();
    }
}

static const char *draw_choice(const tp__param *p)
{
    static char word[64];
    int n = 1;
    for (const char *c = p->choices; *c != '}'; c++) n += *c == ',';
    const char *at = p->choices;
    for (int64_t i = below(n); i > 0; i--) at += strcspn(at, ",}") + 1;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(at, ",}"), at);
    return one_in(20) ? "no such choice" : word;
}

static tp_arg draw_arg(const tp__param *p)
{
    static const char *const texts[] = { "ij,jk->ik", "...", "i,,->", "ii->i", "ab...,b...->a...", "->", "", "abcdefghij" };
    if (p->optional && one_in(4)) return note("none"), (tp_arg){ .kind = TP_ARG_NONE };
    if (one_in(60)) return draw_any(0);                /* whatever it is */
    switch (p->type) {
    case TP__TYPE_TENSOR:
        if (!p->or_number || one_in(2)) return (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = draw_tensor() };
        /* fall through */
    case TP__TYPE_NUMBER: case TP__TYPE_FLOAT: {
        const double v = one_in(10) ? draw_value() : (double)below(40) / 10 - 1;
        if (one_in(3)) return note("%lld", (long long)below(5)), (tp_arg){ .kind = TP_ARG_INT, .value.integer = draw_int() };
        return note("%g", v), (tp_arg){ .kind = TP_ARG_FLOAT, .value.real = v };
    }
    case TP__TYPE_TENSORS: return draw_tensors();
    case TP__TYPE_BOOL: {
        const bool v = one_in(2);
        return note("%s", v ? "true" : "false"), (tp_arg){ .kind = TP_ARG_BOOL, .value.boolean = v };
    }
    case TP__TYPE_INT: {
        const int64_t v = draw_int();
        return note("%lld", (long long)v), (tp_arg){ .kind = TP_ARG_INT, .value.integer = v };
    }
    case TP__TYPE_INT_N: return draw_ints(p->length);
    case TP__TYPE_INTS: case TP__TYPE_INT_LIST: return draw_ints(0);
    case TP__TYPE_FLOATS: {
        tp_arg a = { .kind = TP_ARG_FLOATS, .n = (int)below(4), .value.floats = reals };
        for (int i = 0; i < a.n; i++) note(" %g", reals[i] = draw_value());
        return a;
    }
    case TP__TYPE_DTYPE: {
        const tp_dtype v = draw_dtype();
        return note("%s", tp_dtype_name(v)), (tp_arg){ .kind = TP_ARG_DTYPE, .value.dtype = v };
    }
    case TP__TYPE_DEVICE: return note("device"), (tp_arg){ .kind = TP_ARG_DEVICE, .value.device = one_in(5) ? TP_CUDA(0) : TP_CPU };
    case TP__TYPE_CHOICE: case TP__TYPE_STRING: {
        const char *v = p->type == TP__TYPE_CHOICE ? draw_choice(p) : texts[below((int64_t)(sizeof texts / sizeof *texts))];
        return note("\"%s\"", v), (tp_arg){ .kind = TP_ARG_STRING, .value.string = v };
    }
    default: return draw_any(0);
    }
}

static int draw_args(const tp_op *op, tp_arg *args)
{
    const tp__op_state *s = tp__state(op);
    int n = 0;
    for (int i = 0; i < s->n_params; i++) {
        const tp__param *p = &s->params[i];
        if ((p->has_default || p->optional) && one_in(2)) continue;
        note("%s%s=", n ? ", " : "", p->name);
        args[n] = draw_arg(p);
        args[n++].name = p->name;
    }
    return n;
}

/* Some arguments of a sample, drawn anew */
static void change_args(const tp_op *op, tp_arg *args, int n)
{
    const tp__op_state *s = tp__state(op);
    for (int k = 0; k < n; k++) {
        if (!one_in(n + 1)) continue;
        const char *name = args[k].name;
        for (int i = 0; i < s->n_params; i++) {
            if (name ? strcmp(name, s->params[i].name) : i != k) continue;
            note(" %s=", s->params[i].name);
            args[k] = draw_arg(&s->params[i]);
            args[k].name = name;
            break;
        }
    }
}

/* ---- One case ---------------------------------------------------------------------------------------------------------------------- */

static long long calls, worked, differentiated, findings;

static void complain(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    tell();
    findings++;
}

static void differentiate(tp_tensor *const *out, int n)
{
    tp_tensor *sum = NULL;
    for (int i = 0; i < n; i++) {
        if (!tp_needs_grad(out[i]) || tp_numel(out[i]) > MOST_SUMMED) continue;
        tp_tensor *one = tp_sum(tp_to_dtype(out[i], TP_F32));
        sum = sum ? tp_add(sum, one) : one;
    }
    if (!sum || tp_failed()) return;
    differentiated++;
    const bool twice = one_in(3);
    if (tp_backward(sum, .create_graph = twice) && !tp_failed()) complain("backward failed without an error");
    tp_clear_error();
    tp_tensor *g = earlier && tp_needs_grad(earlier) ? tp_grad_of(earlier) : NULL;
    if (!twice || !g || !tp_needs_grad(g)) return;
    tp_backward(tp_sum(g));
    tp_clear_error();
}

/* A gradient that was recorded holds its leaf, which holds the gradient: as in PyTorch, only its owner ends that. */
static void drop_gradients(void)
{
    for (int i = 0; i < n_leaves; i++) tp_set_grad(leaves[i], NULL);
}

static void run_call(const tp_arg *args, int n)
{
    tp_tensor *out[MOST_OUTPUTS];
    int n_out = 0;
    watch_for_hangs(true);
    const tp_status status = tp_op_call(now.op, args, n, out, one_in(10) ? (int)below(MOST_OUTPUTS) : MOST_OUTPUTS, &n_out);
    calls++;
    if (status && !tp_failed()) complain("the call failed without an error");
    if (!status && tp_failed()) complain("the call worked, but there is an error");
    tp_clear_error();
    if (!status) {
        worked++;
        if (one_in(2)) differentiate(out, n_out);
        drop_gradients();
    }
    watch_for_hangs(false);
}

/* Samples are given one after another, and their arrays die when the op has given the last one: counted first. */
static struct { const tp_op *op; int wanted, seen; } sample;
static void take_sample(tp_sample_set *set, const tp__sample *given)
{
    tp_arg args[MOST_ARGS] = { { 0 } };
    if (sample.seen++ != sample.wanted) return;
    memcpy(args, given->args, sizeof *args * (size_t)given->n);
    note("sample %d in %s, with", sample.wanted, tp_dtype_name(set->dtype));
    for (int i = 0; i < given->n; i++) {
        if (args[i].kind == TP_ARG_TENSOR && tp_needs_grad(args[i].value.tensor) && !tp_is_leaf(args[i].value.tensor)) {
            args[i].value.tensor = tp_detach(args[i].value.tensor);        /* whose leaf is not at hand, to drop its gradient */
            if (!tp_failed()) tp_requires_grad(args[i].value.tensor, true);
        }
        if (args[i].kind == TP_ARG_TENSOR) note_leaf(args[i].value.tensor);
        for (int k = 0; args[i].kind == TP_ARG_TENSORS && k < args[i].n; k++) note_leaf(args[i].value.tensors[k]);
    }
    change_args(sample.op, args, given->n);
    if (!tp_failed()) run_call(args, given->n);
}

static void run_sample(const tp_op *op)
{
    static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16 };
    tp_sample_set set = { .take = take_sample, .dtype = usual == TP_F32 ? dtypes[below(4)] : usual };
    sample.op = op;
    sample.wanted = -1;
    sample.seen = 0;
    tp_manual_seed(draw());
    op->samples(&set);
    if (!sample.seen) return;
    sample.wanted = (int)below(sample.seen);
    sample.seen = 0;
    op->samples(&set);
}

static void run_case(const tp_op *op)
{
    TP_SCOPE();
    earlier = NULL;
    n_leaves = 0;
    now.op = tp_op_name(op);
    now.used = 0;
    now.args[0] = 0;
    usual = !one_in(8) ? TP_F32 : one_in(2) ? TP_C64 : TP_C128;
    common.ndim = (int)below(5);
    for (int d = 0; d < common.ndim; d++) common.dim[d] = draw_size();
    if (op->samples && one_in(2)) {
        run_sample(op);
    } else {
        tp_arg args[MOST_ARGS] = { { 0 } };
        const int n = draw_args(op, args);
        if (!tp_failed()) run_call(args, n);
    }
    tp_clear_error();                                  /* what drawing could not make, for lack of memory */
}

/* ---- The program -------------------------------------------------------------------------------------------------------------------- */

static void ignore_log(void *arg, tp_log_level level, const char *message) { (void)arg, (void)level, (void)message; }

static const char usage[] =
    "fuzz-ops [--seconds N] [--calls N] [--seed N] [--case N] [--op NAME]\n"
    "  calls random ops with random arguments, for N seconds (10) or N calls; 1 if one did what it must not\n"
    "  --case N   repeats one case;  --op NAME   of this op alone\n";

int main(int argc, char **argv)
{
    fuzz_options o;
    int status;
    if (!read_options(argc, argv, "calls", "op", usage, &o, &status)) return status;
    if (o.name && !tp_op_find(o.name)) return fprintf(stderr, "fuzz-ops: there is no op \"%s\"\n", o.name), 2;
    tell_of_the_end();
    tp_set_log(ignore_log, NULL);
    bound_memory();
    tp_set_num_threads(2);
    const time_t end = time(NULL) + (time_t)o.seconds;
    for (now.number = o.only < 0 ? 0 : o.only; o.most ? now.number < o.most : time(NULL) < end; now.number++) {
        state = (uint64_t)o.seed * 0x2545F4914F6CDD1Du + (uint64_t)now.number * 0x9E3779B97F4A7C15u;
        for (int i = 0; i < 4; i++) draw();
        const tp_op *op = tp_op_at((int)below(tp_op_count()));
        if (o.name) op = tp_op_find(o.name);
        run_case(op);
        if (o.only >= 0) break;
        if (isatty(STDERR_FILENO) && now.number % 5000 == 0) fprintf(stderr, "\r%lld calls ", calls);
    }
    printf("%d ops, seed %lld: %lld calls, %lld worked, %lld differentiated, %lld findings\n", tp_op_count(), o.seed, calls, worked, differentiated, findings);
    return findings != 0;
}
