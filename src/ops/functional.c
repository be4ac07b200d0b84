/* functional.c: derivatives of functions, by walking their graph.
 *
 *   vjp        v' J             one backward
 *   jvp        J v              g(u) = u' J is linear in u, and its derivative by u, with v, is J v: a backward of a backward
 *   jacobian   row by row       y_j is differentiated for each j
 *   hessian    the jacobian of the gradient
 *   hvp        H v = v' H       the gradient is differentiated, with v */
#include "ops/run.h"

#include "core/memory.h"

enum { MOST = 64, JOINED = 1024 };                     /* inputs; rows that one cat joins */

typedef struct task {
    const char *name;
    tp_functional_options o;
    int n;
    tp_tensor *x[MOST], *y;                            /* what fn was given, and made */
} task;

static tp_shape joined(const tp_tensor *a, const tp_tensor *b)
{
    tp_shape shape = tp__shape(a->ndim, a->shape);
    for (int i = 0; i < b->ndim && shape.ndim < TP_MAX_DIMS; i++) shape.dim[shape.ndim++] = b->shape[i];
    return shape;
}

/* Copies of the inputs that need a gradient, still joined to the inputs if the results are to be. */
static tp_status take_inputs(task *t, tp_tensor *const *inputs)
{
    for (int i = 0; i < t->n; i++) {
        tp_tensor *in = inputs[i];
        if (!in) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: input %d is NULL", t->name, i);
        if (!tp__alive(in, t->name)) return tp__pending();
        if (!tp__is_floating(in->dtype))
            return tp_fail(TP_ERR_DTYPE, "%s: input %d is %s, only floating ones have derivatives", t->name, i, tp_dtype_name((tp_dtype)in->dtype));
        t->x[i] = t->o.create_graph && tp_needs_grad(in) ? tp_reshape(in, tp_shape_of(in)) : tp_detach(in);
        if (!t->x[i] || (!tp_needs_grad(t->x[i]) && tp_requires_grad(t->x[i], true))) return tp__pending();
    }
    return TP_OK;
}

/* Checks, and calls fn. Outputs are NULL from here on. */
static tp_status begin(task *t, tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, tp_tensor **out, int64_t n_out, const tp_functional_options *options)
{
    for (int64_t i = 0; out && i < n_out; i++) out[i] = NULL;
    if (tp__pending_error()) return tp__pending();
    if (!fn || !inputs || !out) return tp_fail(TP_ERR_ARGUMENT, "%s: the function, or a list, is NULL", t->name);
    if (t->n < 1 || t->n > MOST) return tp_fail(TP_ERR_ARGUMENT, "%s: %d inputs, 1 to %d are possible", t->name, t->n, MOST);
    tp_status status = tp_options_take(t->name, &t->o, options, offsetof(tp_functional_options, tp__end));
    if (!status) status = take_inputs(t, inputs);
    if (status) return status;
    t->y = fn(arg, t->x);
    if (!t->y) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: the function made no output", t->name);
    if (!tp__alive(t->y, t->name)) return tp__pending();
    if (t->o.strict && !tp_needs_grad(t->y)) return tp_fail(TP_ERR_STATE, "%s: the output is independent of all inputs, which strict does not allow", t->name);
    return tp__pending();
}

static tp_status check_like(const task *t, const char *what, tp_tensor *v, const tp_tensor *x)
{
    if (!tp__alive(v, t->name)) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "%s: %s is NULL", t->name, what);
    if (tp__same_shape(v, x) && v->dtype == x->dtype) return TP_OK;
    return tp_fail(TP_ERR_SHAPE, "%s: %s is %s %s, and goes with %s %s", t->name, what, tp__shape_text(v), tp_dtype_name((tp_dtype)v->dtype),
                   tp__shape_text(x), tp_dtype_name((tp_dtype)x->dtype));
}

static tp_tensor *zeros_like(const tp_tensor *x)
{
    return tp_zeros(tp__shape(x->ndim, x->shape), .dtype = (tp_dtype)x->dtype, .device = x->device);
}

/* g[i] = v' dy/dx[i]; NULL where y is independent of it. */
static tp_status differentiate(const task *t, tp_tensor *y, tp_tensor *v, bool create_graph, bool retain, tp_tensor **g)
{
    for (int i = 0; i < t->n; i++) g[i] = NULL;
    return tp_needs_grad(y) ? tp_grad(&y, 1, t->x, t->n, &v, g, .create_graph = create_graph, .retain_graph = retain, .allow_unused = true) : TP_OK;
}

static tp_status independent(const task *t, const char *what, int i)
{
    return tp_fail(TP_ERR_STATE, "%s: %s is independent of input %d, which strict does not allow", t->name, what, i);
}

/* A result, on the tape or not, for the scope of the caller. */
static tp_status give(const task *t, tp_tensor **out, tp_tensor *result)
{
    *out = tp_escape(t->o.create_graph ? result : tp_detach(result));
    return tp__made(*out);
}

static tp_status finish(tp_status status, tp_tensor **out, int64_t n, tp_tensor **y)
{
    for (int64_t i = 0; status && out && i < n; i++) out[i] = NULL;
    if (status && y) *y = NULL;
    return status;
}

/* ---- vjp, jvp ---------------------------------------------------------------------------------------------------------------------- */

static tp_status vjp(task *t, tp_tensor *v, tp_tensor **y, tp_tensor **dx)
{
    tp_tensor *g[MOST];
    if (!v && t->y->numel != 1) return tp_fail(TP_ERR_SHAPE, "vjp: v can be left out for an output of one element, not for %s", tp__shape_text(t->y));
    tp_status status = v ? check_like(t, "v", v, t->y) : TP_OK;
    if (!status) status = differentiate(t, t->y, v, t->o.create_graph, false, g);
    for (int i = 0; i < t->n && !status; i++) {
        if (!g[i] && t->o.strict) status = independent(t, "the output", i);
        else if (g[i] || (g[i] = zeros_like(t->x[i]))) status = give(t, &dx[i], g[i]);
        else status = tp__pending();
    }
    if (!status && y) status = give(t, y, t->y);
    return status;
}

tp_status tp_vjp_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *v, tp_tensor **y, tp_tensor **dx,
                      const tp_functional_options *options)
{
    TP_SCOPE();
    TP_ENABLE_GRAD();
    task t = { .name = "vjp", .o = TP__BRACES(functional, ), .n = n };
    if (y) *y = NULL;
    tp_status status = begin(&t, fn, arg, inputs, dx, n, options);
    if (!status) status = vjp(&t, v, y, dx);
    return finish(status, dx, n, y);
}

static tp_status jvp(task *t, tp_tensor *const *v, tp_tensor **y, tp_tensor **dy)
{
    tp_tensor *g[MOST], *used[MOST], *with[MOST], *result = NULL;
    int n = 0;
    if (!v && (t->n != 1 || t->x[0]->numel != 1)) return tp_fail(TP_ERR_SHAPE, "jvp: v can be left out for one input of one element");
    for (int i = 0; v && i < t->n; i++)
        if (check_like(t, "v", v[i], t->x[i])) return tp__pending();
    tp_tensor *u = zeros_like(t->y);
    if (!u || tp_requires_grad(u, true) || differentiate(t, t->y, u, true, true, g)) return tp__pending();
    for (int i = 0; i < t->n; i++) {
        if (!g[i] && t->o.strict) return independent(t, "the output", i);
        if (!g[i] || !tp_needs_grad(g[i])) continue;
        used[n] = g[i];
        with[n++] = v ? v[i] : NULL;
    }
    if (n && tp_grad(used, n, &u, 1, with, &result, .create_graph = t->o.create_graph, .allow_unused = true)) return tp__pending();
    if (!result && !(result = zeros_like(t->y))) return tp__pending();
    const tp_status status = give(t, dy, result);
    return status || !y ? status : give(t, y, t->y);
}

tp_status tp_jvp_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *const *v, tp_tensor **y, tp_tensor **dy,
                      const tp_functional_options *options)
{
    TP_SCOPE();
    TP_ENABLE_GRAD();
    task t = { .name = "jvp", .o = TP__BRACES(functional, ), .n = n };
    if (y) *y = NULL;
    tp_status status = begin(&t, fn, arg, inputs, dy, 1, options);
    if (!status) status = jvp(&t, v, y, dy);
    return finish(status, dy, 1, y);
}

/* ---- jacobian ------------------------------------------------------------------------------------------------------------------------ */

/* Rows into one matrix that is on the tape: in groups, since one cat of all might be too much. */
static tp_tensor *join(tp_tensor **rows, int64_t n)
{
    while (n > 1) {
        int64_t groups = 0;
        for (int64_t i = 0; i < n; i += JOINED, groups++) {
            rows[groups] = tp_cat((tp_tensor_list){ .at = rows + i, .n = n - i < JOINED ? n - i : JOINED }, 0);
            if (!rows[groups]) return NULL;
        }
        n = groups;
    }
    return rows[0];
}

/* matrix[i] gets row j of each block, or rows[i * m + j]. */
static tp_status one_row(const task *t, tp_tensor *flat, int64_t j, tp_tensor **matrix, tp_tensor **rows, const char *what)
{
    tp_tensor *g[MOST], *y = tp_select(flat, 0, j);
    if (!y || differentiate(t, y, NULL, t->o.create_graph, true, g)) return tp__pending();
    for (int i = 0; i < t->n; i++) {
        if (!g[i] && t->o.strict) return independent(t, what, i);
        if (rows) {
            tp_tensor *row = g[i] ? g[i] : zeros_like(t->x[i]);
            if (!(rows[i * flat->numel + j] = tp_reshape(row, TP_SHAPE(1, t->x[i]->numel)))) return tp__pending();
        } else if (g[i]) {
            TP_NO_GRAD();
            if (!tp_copy_(tp_select(matrix[i], 0, j), tp_reshape(g[i], TP_SHAPE(t->x[i]->numel)))) return tp__pending();
        }
    }
    return TP_OK;
}

/* block[i] = dy/dx[i], of a y that belongs to the task's graph. */
static tp_status jacobian(const task *t, tp_tensor *y, tp_tensor **block, const char *what)
{
    tp_tensor *matrix[MOST] = { NULL }, *flat = tp_reshape(y, TP_SHAPE(y->numel));
    const int64_t m = y->numel;
    const bool recorded = t->o.create_graph && m;
    const size_t bytes = recorded ? (size_t)m * (size_t)t->n * sizeof(tp_tensor *) : 0;
    tp_tensor **rows = recorded ? tp_mem_alloc(bytes) : NULL;
    tp_status status = !flat || (recorded && !rows) ? tp__pending() : TP_OK;
    for (int i = 0; i < t->n && !status; i++) {
        if (y->ndim + t->x[i]->ndim > TP_MAX_DIMS)
            status = tp_fail(TP_ERR_SHAPE, "%s: of %s by %s has more than %d dims", t->name, tp__shape_text(y), tp__shape_text(t->x[i]), TP_MAX_DIMS);
        else if (!recorded)
            status = tp__made(matrix[i] = tp_zeros(TP_SHAPE(m, t->x[i]->numel), .dtype = (tp_dtype)t->x[i]->dtype, .device = t->x[i]->device));
    }
    for (int64_t j = 0; j < m && !status; j++) {
        if (recorded) {
            status = one_row(t, flat, j, matrix, rows, what);
        } else {
            TP_SCOPE();
            status = one_row(t, flat, j, matrix, NULL, what);
        }
    }
    for (int i = 0; i < t->n && !status; i++) {
        if (recorded) matrix[i] = join(rows + i * m, m);
        status = tp__made(block[i] = tp_reshape(matrix[i], joined(y, t->x[i])));
    }
    tp_mem_free(rows, bytes);
    return status;
}

tp_status tp_jacobian_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor **out, const tp_functional_options *options)
{
    TP_SCOPE();
    TP_ENABLE_GRAD();
    task t = { .name = "jacobian", .o = TP__BRACES(functional, ), .n = n };
    tp_status status = begin(&t, fn, arg, inputs, out, n, options);
    if (!status) status = jacobian(&t, t.y, out, "the output");
    for (int i = 0; i < n && !status; i++) status = give(&t, &out[i], out[i]);
    return finish(status, out, n, NULL);
}

/* ---- hessian, hvp -------------------------------------------------------------------------------------------------------------------- */

/* The gradient of a y of one element, on the tape. */
static tp_status gradient(task *t, tp_tensor **g)
{
    if (t->y->numel != 1) return tp_fail(TP_ERR_SHAPE, "%s: the function makes %s, and has to make one element", t->name, tp__shape_text(t->y));
    tp_status status = differentiate(t, t->y, NULL, true, true, g);
    for (int i = 0; i < t->n && !status; i++) {
        if (!g[i] && t->o.strict) status = independent(t, "the output", i);
        else if (!g[i]) status = tp__made(g[i] = zeros_like(t->x[i]));
        if (!status && t->o.strict && !tp_needs_grad(g[i])) status = independent(t, "a gradient", i);
    }
    return status;
}

tp_status tp_hessian_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor **out, const tp_functional_options *options)
{
    TP_SCOPE();
    TP_ENABLE_GRAD();
    task t = { .name = "hessian", .o = TP__BRACES(functional, ), .n = n };
    tp_tensor *g[MOST];
    const int64_t blocks = n > 0 && n <= MOST ? (int64_t)n * n : 0;
    tp_status status = begin(&t, fn, arg, inputs, out, blocks, options);
    if (!status) status = gradient(&t, g);
    for (int i = 0; i < n && !status; i++) status = jacobian(&t, g[i], out + i * n, "a gradient");
    for (int64_t i = 0; i < blocks && !status; i++) status = give(&t, &out[i], out[i]);
    return finish(status, out, blocks, NULL);
}

static tp_status hvp(task *t, tp_tensor *const *v, tp_tensor **y, tp_tensor **hv)
{
    tp_tensor *g[MOST], *used[MOST], *with[MOST], *h[MOST] = { NULL };
    int n = 0;
    if (!v && (t->n != 1 || t->x[0]->numel != 1)) return tp_fail(TP_ERR_SHAPE, "hvp: v can be left out for one input of one element");
    for (int i = 0; v && i < t->n; i++)
        if (check_like(t, "v", v[i], t->x[i])) return tp__pending();
    if (gradient(t, g)) return tp__pending();
    for (int i = 0; i < t->n; i++) {
        if (!tp_needs_grad(g[i])) continue;
        used[n] = g[i];
        with[n++] = v ? v[i] : NULL;
    }
    if (n && tp_grad(used, n, t->x, t->n, with, h, .create_graph = t->o.create_graph, .allow_unused = true)) return tp__pending();
    tp_status status = TP_OK;
    for (int i = 0; i < t->n && !status; i++) {
        if (!h[i] && t->o.strict) status = independent(t, "the gradient", i);
        else if (h[i] || (h[i] = zeros_like(t->x[i]))) status = give(t, &hv[i], h[i]);
        else status = tp__pending();
    }
    return status || !y ? status : give(t, y, t->y);
}

tp_status tp_hvp_with(tp_functional_fn *fn, void *arg, tp_tensor *const *inputs, int n, tp_tensor *const *v, tp_tensor **y, tp_tensor **hv,
                      const tp_functional_options *options)
{
    TP_SCOPE();
    TP_ENABLE_GRAD();
    task t = { .name = "hvp", .o = TP__BRACES(functional, ), .n = n };
    if (y) *y = NULL;
    tp_status status = begin(&t, fn, arg, inputs, hv, n, options);
    if (!status) status = hvp(&t, v, y, hv);
    return finish(status, hv, n, y);
}
