/* optim/lbfgs.c: limited-memory BFGS (Nocedal & Wright 2006, algorithm 7.4), with the line search of their algorithms 3.5 and 3.6 for
 * the strong Wolfe conditions. Parameters are taken together as one vector. */
#include "optimizer.h"

#include <math.h>

static tp_status lbfgs_check(const char *op, const tp__optim_values *v)
{
    if (tp__check_not_negative(op, "lr", v->lr) || tp__check_not_negative(op, "max_iter", v->max_iter))
        return TP_ERR_ARGUMENT;
    if (v->max_iter > 1e9 || !(v->max_eval == TP_UNSET || (v->max_eval >= 0 && v->max_eval <= 1e9)))
        return tp_fail(TP_ERR_ARGUMENT, "%s: max_iter is %g and max_eval %g, and 1e9 is the most", op, v->max_iter, v->max_eval);
    if (!(v->history_size >= 1 && v->history_size <= 1e6))
        return tp_fail(TP_ERR_ARGUMENT, "%s: history_size is %g, and has to be from 1 to 1000000", op, v->history_size);
    if (v->line_search_fn < 0 || v->line_search_fn > TP_STRONG_WOLFE)
        return tp_fail(TP_ERR_ARGUMENT, "%s: there is no line_search_fn %d", op, v->line_search_fn);
    return TP_OK;
}

/* ---- What is remembered -------------------------------------------------------------------------------------------------------- */

typedef struct pair { tp_tensor *y, *s; double ro, al; } pair;         /* a change of the gradient and the step that made it */
typedef struct memory {
    tp_tensor *d, *grad, *previous;            /* the direction, the gradient there, and that before */
    double t, h_diag, loss;
    int64_t n_iter, n, capacity;               /* n_iter: of all steps together */
    pair *pairs;                               /* [capacity], oldest first */
} memory;

static void hold(tp_tensor **slot, tp_tensor *x)
{
    tp_retain(x);
    tp_release(*slot);
    *slot = x;
}

static void drop(void *extra)
{
    memory *const m = extra;
    for (int64_t i = 0; i < m->n; i++) {
        tp_release(m->pairs[i].y);
        tp_release(m->pairs[i].s);
    }
    tp_mem_free(m->pairs, (size_t)m->capacity * sizeof *m->pairs);
    tp_release(m->d);
    tp_release(m->grad);
    tp_release(m->previous);
    tp_mem_free(m, sizeof *m);
}

static memory *memory_of(tp_optimizer *opt)
{
    if (opt->extra)
        return opt->extra;
    memory *const m = tp_mem_calloc(sizeof *m);
    if (!m)
        return NULL;
    m->capacity = (int64_t)opt->groups[0].values.history_size;
    m->pairs = tp_mem_calloc((size_t)m->capacity * sizeof *m->pairs);
    if (m->pairs)
        return opt->extra = m;
    tp_mem_free(m, sizeof *m);
    return NULL;
}

static void remember(memory *m, tp_tensor *y, tp_tensor *s, double ys)
{
    if (m->n == m->capacity) {
        tp_release(m->pairs[0].y);
        tp_release(m->pairs[0].s);
        m->n--;
        for (int64_t i = 0; i < m->n; i++)
            m->pairs[i] = m->pairs[i + 1];
    }
    m->pairs[m->n++] = (pair){ .y = tp_retain(y), .s = tp_retain(s), .ro = 1 / ys };
}

/* ---- The parameters as one vector ------------------------------------------------------------------------------------------------ */

typedef struct problem { tp_optimizer *opt; tp__group *group; const tp__optim_values *v; tp_closure_fn *closure; void *arg; memory *m; } problem;
typedef struct point { double t, loss, slope; tp_tensor *grad; } point;        /* on the line x + t d */

static double dot(tp_tensor *a, tp_tensor *b) { return tp_item(tp_dot(a, b)); }
static double greatest(tp_tensor *x) { return tp_item(tp_amax(tp_abs(x))); }

static tp_tensor *flat_gradient(const problem *p)
{
    tp_tensor **const at = p->group->lists;
    for (int64_t i = 0; i < p->group->n; i++) {
        tp_tensor *const x = p->group->params[i].tensor, *const g = tp_grad_of(x);
        at[i] = g ? tp_flatten(g, 0, -1) : tp_zeros(TP_SHAPE(tp_numel(x)), .dtype = tp_dtype_of(x), .device = tp_device_of(x));
    }
    tp_tensor *const all = tp_cat((tp_tensor_list){ .at = at, .n = p->group->n }, 0);
    return p->v->maximize ? tp_neg(all) : all;
}

static tp_status move(const problem *p, double t, tp_tensor *d)
{
    int64_t at = 0;
    for (int64_t i = 0; i < p->group->n; i++) {
        tp_tensor *const x = p->group->params[i].tensor;
        if (!tp_add_(x, tp_mul(tp_reshape(tp_narrow(d, 0, at, tp_numel(x)), tp_shape_of(x)), t)))
            return tp_error_status();
        at += tp_numel(x);
    }
    return TP_OK;
}

/* The loss where the parameters are; NULL: an error. */
static tp_tensor *evaluate(const problem *p, double *loss)
{
    TP_ENABLE_GRAD();
    tp_tensor *const out = p->closure(p->arg);
    if (!out && !tp_failed())
        tp_fail(TP_ERR_ARGUMENT, "lbfgs: the closure returned NULL");
    *loss = tp_item(out);
    if (p->v->maximize)
        *loss = -*loss;
    return tp_failed() ? NULL : out;
}

/* ---- The line search ---------------------------------------------------------------------------------------------------------------- */

/* x + t d, with the parameters back at x afterwards; after an error they are where it left them. */
static tp_status look_at(const problem *p, tp_tensor *const *x, double t, tp_tensor *d, point *out)
{
    out->t = t;
    if (move(p, t, d))
        return tp_error_status();
    if (evaluate(p, &out->loss)) {
        out->grad = flat_gradient(p);
        out->slope = dot(out->grad, d);
    }
    for (int64_t i = 0; i < p->group->n; i++)
        if (!tp_copy_(p->group->params[i].tensor, x[i]))
            return tp_error_status();
    return tp_failed() ? tp_error_status() : TP_OK;
}

/* The least of the cubic through both points, within the bounds. */
static double interpolate(const point *a, const point *b, double least, double most)
{
    const double d1 = a->slope + b->slope - 3 * (a->loss - b->loss) / (a->t - b->t), square = d1 * d1 - a->slope * b->slope, d2 = sqrt(square);
    if (!(square >= 0))
        return (least + most) / 2;
    const double t = a->t <= b->t ? b->t - (b->t - a->t) * ((b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2))
                                  : a->t - (a->t - b->t) * ((a->slope + d2 - d1) / (a->slope - b->slope + 2 * d2));
    return fmin(fmax(t, least), most);
}

static const double armijo = 1e-4, curvature = 0.9;

/* From t on to a bracket, or to a point that will do: *n points, of which the search goes on if there are two and *iter is left. */
static tp_status bracket(const problem *p, tp_tensor *const *x, double t, tp_tensor *d, const point *start, int most, point *out, int *n, int *iter)
{
    point before = *start, now;
    if (look_at(p, x, t, d, &now))
        return tp_error_status();
    for (*iter = 0; *iter < most; (*iter)++) {
        const bool too_high = now.loss > start->loss + armijo * now.t * start->slope || (*iter > 1 && now.loss >= before.loss);
        if (!too_high && fabs(now.slope) <= -curvature * start->slope) {
            out[0] = now;
            *n = 1;
            return TP_OK;
        }
        if (too_high || now.slope >= 0) {
            out[0] = before, out[1] = now;
            *n = 2;
            return TP_OK;
        }
        const double next = interpolate(&before, &now, now.t + 0.01 * (now.t - before.t), now.t * 10);
        before = now;
        if (look_at(p, x, next, d, &now))
            return tp_error_status();
    }
    out[0] = *start, out[1] = now;
    *n = 2;
    return TP_OK;
}

/* Where between the ends of the bracket to look next: not too near to one of them twice in a row. */
static double place_between(const point *b, bool *stuck)
{
    const double least = fmin(b[0].t, b[1].t), most = fmax(b[0].t, b[1].t), margin = 0.1 * (most - least);
    double t = interpolate(&b[0], &b[1], least, most);
    if (!(fmin(most - t, t - least) < margin)) {
        *stuck = false;
    } else if (*stuck || t >= most || t <= least) {
        t = fabs(t - most) < fabs(t - least) ? most - margin : least + margin;
        *stuck = false;
    } else {
        *stuck = true;
    }
    return t;
}

static tp_status zoom(const problem *p, tp_tensor *const *x, tp_tensor *d, const point *start, int most, int *iter, point *b, int *low)
{
    const double size = greatest(d);
    bool done = false, stuck = false;
    while (!done && *iter < most && !(fabs(b[1].t - b[0].t) * size < p->v->tolerance_change)) {
        point now;
        if (look_at(p, x, place_between(b, &stuck), d, &now))
            return tp_error_status();
        ++*iter;
        const int high = 1 - *low;
        if (now.loss > start->loss + armijo * now.t * start->slope || now.loss >= b[*low].loss) {
            b[high] = now;
            *low = b[0].loss <= b[1].loss ? 0 : 1;
            continue;
        }
        if (fabs(now.slope) <= -curvature * start->slope)
            done = true;
        else if (now.slope * (b[high].t - b[*low].t) >= 0)
            b[high] = b[*low];
        b[*low] = now;
    }
    return TP_OK;
}

/* The point that is taken, and how often the loss was evaluated. */
static tp_status search(const problem *p, tp_tensor *const *x, double t, tp_tensor *d, const point *start, int most, point *out, int *evals)
{
    point b[2];
    int n = 0, iter = 0, low = 0;
    if (bracket(p, x, t, d, start, most, b, &n, &iter))
        return tp_error_status();
    if (n == 2) {
        low = b[0].loss <= b[1].loss ? 0 : 1;
        if (zoom(p, x, d, start, most, &iter, b, &low))
            return tp_error_status();
    }
    *out = b[low];
    *evals = iter + 1;
    return TP_OK;
}

static tp_status search_line(const problem *p, const point *start, double t, tp_tensor *d, int most, point *out, int *evals)
{
    tp_tensor **const x = p->group->lists + p->group->n;       /* beside flat_gradient's list */
    for (int64_t i = 0; i < p->group->n; i++)
        if (!(x[i] = tp_clone(p->group->params[i].tensor)))
            return tp_error_status();
    if (search(p, x, t, d, start, most, out, evals))
        return tp_error_status();
    return move(p, out->t, d);
}

/* ---- A step ------------------------------------------------------------------------------------------------------------------------- */

/* -H g, by the two loops over what is remembered. */
static tp_tensor *direction(memory *m)
{
    if (m->n_iter == 1) {
        m->h_diag = 1;
        return tp_neg(m->grad);
    }
    tp_tensor *const y = tp_sub(m->grad, m->previous), *const s = tp_mul(m->d, m->t);
    const double ys = dot(y, s);
    if (tp_failed())
        return NULL;
    if (ys > 1e-10) {
        m->h_diag = ys / dot(y, y);
        remember(m, y, s, ys);
    }
    tp_tensor *q = tp_neg(m->grad);
    for (int64_t i = m->n - 1; i >= 0; i--) {
        pair *const k = &m->pairs[i];
        k->al = dot(k->s, q) * k->ro;
        q = tp_sub(q, tp_mul(k->y, k->al));
    }
    q = tp_mul(q, m->h_diag);
    for (int64_t i = 0; i < m->n; i++) {
        const pair *const k = &m->pairs[i];
        q = tp_add(q, tp_mul(k->s, k->al - dot(k->y, q) * k->ro));
    }
    return q;
}

/* One iteration. *more: another one may follow; *evals counts evaluations. */
static tp_status iterate(const problem *p, bool is_last, double max_eval, int *evals, bool *more)
{
    memory *const m = p->m;
    point next = { .t = 0 };
    int taken = 0;
    TP_SCOPE();
    m->n_iter++;
    tp_tensor *const d = direction(m);
    const double size = d ? tp_item(tp_sum(tp_abs(m->grad))) : 0, before = m->loss;
    if (!d || tp_failed())
        return tp_error_status();
    hold(&m->d, d);
    hold(&m->previous, m->grad);
    m->t = (m->n_iter == 1 ? fmin(1, 1 / size) : 1) * p->v->lr;
    const point start = { .t = 0, .loss = m->loss, .slope = dot(m->grad, d), .grad = m->grad };
    *more = false;
    if (start.slope > -p->v->tolerance_change || tp_failed())
        return tp_failed() ? tp_error_status() : TP_OK;
    if (p->v->line_search_fn) {
        if (search_line(p, &start, m->t, d, (int)(max_eval - *evals), &next, &taken))
            return tp_error_status();
        hold(&m->grad, next.grad);
        m->loss = next.loss;
        m->t = next.t;
    } else {
        if (move(p, m->t, d))
            return tp_error_status();
        if (!is_last) {
            if (!evaluate(p, &m->loss) || !(next.grad = flat_gradient(p)))
                return tp_error_status();
            hold(&m->grad, next.grad);
            taken = 1;
        }
    }
    *evals += taken;
    *more = !is_last && *evals < max_eval && !(greatest(m->grad) <= p->v->tolerance_grad) && !(greatest(d) * fabs(m->t) <= p->v->tolerance_change)
            && !(fabs(m->loss - before) < p->v->tolerance_change);
    return tp_failed() ? tp_error_status() : TP_OK;
}

static tp_status minimize_from_here(const problem *p)
{
    const double max_eval = p->v->max_eval == TP_UNSET ? floor(p->v->max_iter * 5 / 4) : p->v->max_eval;
    bool more = true;
    int evals = 1;
    {
        TP_SCOPE();
        tp_tensor *const grad = flat_gradient(p);
        hold(&p->m->grad, grad);
        more = !(greatest(grad) <= p->v->tolerance_grad);
    }
    for (int64_t n = 1; n <= (int64_t)p->v->max_iter && more && !tp_failed(); n++)
        if (iterate(p, n == (int64_t)p->v->max_iter, max_eval, &evals, &more))
            return tp_error_status();
    return tp_failed() ? tp_error_status() : TP_OK;
}

static tp_tensor *lbfgs_minimize(tp_optimizer *opt, tp_closure_fn *closure, void *arg)
{
    problem p = { .opt = opt, .group = &opt->groups[0], .v = &opt->groups[0].values, .closure = closure, .arg = arg, .m = memory_of(opt) };
    if (!p.m)
        return NULL;
    if (opt->n_groups != 1) {
        tp_fail(TP_ERR_ARGUMENT, "step_closure: lbfgs takes one group, and there are %d", opt->n_groups);
        return NULL;
    }
    if (opt->minimizes) {
        tp_fail(TP_ERR_STATE, "step_closure: the closure cannot step the optimizer that called it");
        return NULL;
    }
    TP_NO_GRAD();
    opt->minimizes = true;
    tp_tensor *const first = evaluate(&p, &p.m->loss);
    const bool good = first && !minimize_from_here(&p);
    opt->minimizes = false;
    return good ? first : NULL;
}

TP__OPTIM_OPTIONS(lbfgs, TP__OPTION(lbfgs, lr), TP__OPTION(lbfgs, max_iter), TP__OPTION(lbfgs, max_eval), TP__OPTION(lbfgs, tolerance_grad),
                  TP__OPTION(lbfgs, tolerance_change), TP__OPTION(lbfgs, history_size), TP__OPTION(lbfgs, line_search_fn),
                  TP__OPTION(lbfgs, maximize));
const tp__optim_class tp__lbfgs = { TP__OPTIM_CLASS(lbfgs), .check = lbfgs_check, .minimize = lbfgs_minimize, .drop = drop };

tp_optimizer *tp_lbfgs_with(tp_tensor_list params, const tp_lbfgs_options *o) { return tp__optimizer_make(&tp__lbfgs, params, o); }
