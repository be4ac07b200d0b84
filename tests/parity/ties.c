/* ties.c: where elements are equal, PyTorch leaves open which of them an index names, and so which of them gets a gradient.
 *
 * An index is right if the input has there what it has where PyTorch's index points, and if no element is named twice. A gradient is
 * right if along the dim each value of the input gets the same gradients, in any order. */
#include "parity.h"

#include <math.h>
#include <stdlib.h>

typedef struct lines {                                 /* the input as lines along one dim: element k of line (i, j) is at (i n + k) inner + j */
    tp_tensor *x;
    int64_t outer, n, inner;
    long double *values;
} lines;

static bool read_lines(sample *s, lines *l)
{
    int64_t dim = -1;
    for (int i = 0; i < s->n_args; i++) {
        if (!l->x && s->args[i].kind == TP_ARG_TENSOR) l->x = s->args[i].value.tensor;
        if (s->args[i].kind == TP_ARG_INT && s->args[i].name && !strcmp(s->args[i].name, "dim")) dim = s->args[i].value.integer;
    }
    const tp_shape shape = tp_shape_of(l->x);
    if (dim < 0) dim += shape.ndim;
    l->outer = l->inner = l->n = 1;
    for (int d = 0; d < shape.ndim; d++) *(d < dim ? &l->outer : d == dim ? &l->n : &l->inner) *= shape.dim[d];
    return l->x && (l->values = compare_read(s, l->x));
}

/* Indices into a line, `per_line` of each: in range and, if there are several, distinct. */
static bool are_indices(const lines *l, const long double *index, int64_t per_line)
{
    for (int64_t i = 0; i < l->outer; i++)
        for (int64_t j = 0; j < l->inner; j++)
            for (int64_t k = 0; k < per_line; k++) {
                const long double *at = &index[(i * per_line + k) * l->inner + j];
                if (!(*at >= 0 && *at < (long double)l->n)) return false;
                for (int64_t before = 0; before < k; before++)
                    if (index[(i * per_line + before) * l->inner + j] == *at) return false;
            }
    return true;
}

static bool same(long double a, long double b) { return a == b || (isnan(a) && isnan(b)); }

static bool check_named(sample *s, const char *what, const lines *l, const long double *got, const long double *want, int64_t per_line)
{
    if (!are_indices(l, got, per_line)) return differ(s, "%s: an index is out of range, or given twice", what);
    for (int64_t i = 0; i < l->outer * per_line * l->inner; i++) {
        const int64_t line = i / (per_line * l->inner) * l->n, j = i % l->inner;
        const long double g = l->values[(line + (int64_t)got[i]) * l->inner + j], w = l->values[(line + (int64_t)want[i]) * l->inner + j];
        if (!same(g, w)) return differ(s, "%s: index %lld points at %.9Lg, and PyTorch's at %.9Lg", what, (long long)got[i], g, w);
        s->reordered |= got[i] != want[i];
    }
    return true;
}

bool ties_compare(sample *s, const char *what, tp_tensor *got, tp_tensor *want)
{
    lines l = { 0 };
    if (tp_dtype_of(want) != TP_I64 || tp_dtype_of(got) != TP_I64 || tp_numel(got) != tp_numel(want) || !tp_numel(want) || !read_lines(s, &l))
        return compare_tensors(s, what, got, want);
    const int64_t all = l.outer * l.inner, per_line = tp_numel(want) / (all > 0 ? all : 1);
    const long double *w = compare_read(s, want), *g = compare_read(s, got);
    if (!w || !g) return false;
    if (tp_numel(want) != per_line * all || !are_indices(&l, w, per_line)) return compare_tensors(s, what, got, want);
    return check_named(s, what, &l, g, w, per_line);
}

/* ---- Gradients ------------------------------------------------------------------------------------------------------------------- */

typedef struct pair { long double value, grad; } pair;

static int by_value_then_gradient(const void *a, const void *b)
{
    const pair *p = a, *q = b;
    const int nans = isnan(p->value) - isnan(q->value);
    if (nans) return nans;
    if (p->value != q->value && !isnan(p->value)) return p->value < q->value ? -1 : 1;
    return (p->grad > q->grad) - (p->grad < q->grad);
}

static void sort_line(const lines *l, int64_t i, int64_t j, const long double *grad, pair *out)
{
    for (int64_t k = 0; k < l->n; k++) {
        const int64_t at = (i * l->n + k) * l->inner + j;
        out[k] = (pair){ l->values[at], grad[at] };
    }
    qsort(out, (size_t)l->n, sizeof *out, by_value_then_gradient);
}

bool ties_compare_gradient(sample *s, const char *what, tp_tensor *got, tp_tensor *want)
{
    lines l = { 0 };
    if (!read_lines(s, &l) || tp_numel(got) != tp_numel(l.x) || tp_numel(want) != tp_numel(l.x)) return compare_tensors(s, what, got, want);
    const long double *g = compare_read(s, got), *w = compare_read(s, want);
    pair *a = sample_alloc(s, (size_t)l.n, sizeof *a), *b = sample_alloc(s, (size_t)l.n, sizeof *b);
    if (!g || !w || !a || !b) return false;
    for (int64_t line = 0; line < l.outer * l.inner; line++) {
        sort_line(&l, line / l.inner, line % l.inner, g, a);
        sort_line(&l, line / l.inner, line % l.inner, w, b);
        for (int64_t k = 0; k < l.n; k++)
            if (!compare_close(a[k].grad, b[k].grad, s->atol, s->rtol))
                return differ(s, "%s: an element %.9Lg gets %.9Lg, and not %.9Lg", what, a[k].value, a[k].grad, b[k].grad);
    }
    return true;
}
