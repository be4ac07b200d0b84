/* walk.c: walking the registry. */
#include "walk.h"

#include <stdarg.h>

#include <taper/autograd.h>

static struct { const tp_op *op; void (*fn)(walk *w); int which; walk_sum sum; } now;

void walk_complain(const walk *w, const char *format, ...)
{
    char text[600];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "%s, sample %d: %s\n", tp_op_name(w->op), w->which, text);
    now.sum.failures++;
}

bool walk_failed(const walk *w, const char *what)
{
    if (!tp_failed()) return false;
    walk_complain(w, "%s: %s", what, tp_last_error()->message);
    tp_clear_error();
    return true;
}

static void take(tp_sample_set *set, const tp__sample *sample)
{
    TP_SCOPE();
    walk w = { .op = now.op, .which = now.which++, .sample = *sample };
    for (int i = 0; i < sample->n; i++) {
        tp_arg *arg = &w.sample.args[i];
        if (arg->kind == TP_ARG_TENSOR) {
            w.slot[w.n_slots++] = &arg->value.tensor;
        } else if (arg->kind == TP_ARG_TENSORS) {
            for (int k = 0; k < arg->n; k++) {
                w.member[k] = arg->value.tensors[k];
                w.slot[w.n_slots++] = &w.member[k];
            }
            arg->value.tensors = w.member;
        }
    }
    now.sum.samples++;
    if (tp_failed() && tp__is_complex(set->dtype) && tp_error_status() == TP_ERR_DTYPE) {      /* made by an op that refuses complex numbers */
        tp_clear_error();
        return;
    }
    if (!walk_failed(&w, "making the sample")) now.fn(&w);
    walk_failed(&w, "left behind");
}

walk_sum walk_all(tp_dtype dtype, void (*fn)(walk *w))
{
    now.sum = (walk_sum){ 0 };
    now.fn = fn;
    for (int i = 0; i < tp_op_count(); i++) {
        TP_SCOPE();
        tp_sample_set set = { .take = take, .dtype = dtype };
        now.op = tp_op_at(i);
        now.which = 0;
        now.sum.ops++;
        tp_manual_seed(1);
        if (now.op->samples) now.op->samples(&set);
        if (!now.which) walk_complain(&(walk){ .op = now.op }, "the op has no samples");
    }
    return now.sum;
}

bool walk_is_inplace(const walk *w) { return w->op->flags & TP__INPLACE; }

int walk_call(walk *w, tp_tensor **out)
{
    tp_tensor *first = w->n_slots ? *w->slot[0] : NULL;
    int n = 0;
    if (walk_is_inplace(w)) *w->slot[0] = tp_clone(first);
    if (w->op->flags & TP__RANDOM) tp_manual_seed(7);
    const tp_status status = tp_op_invoke(w->op, w->sample.args, w->sample.n, out, WALK_OUTPUTS, &n);
    if (walk_is_inplace(w)) *w->slot[0] = first;
    return status ? -1 : n;
}

int walk_leaves(walk *w, int *slot)
{
    int n = 0;
    for (int i = 0; i < w->n_slots; i++) {
        if (!tp_needs_grad(*w->slot[i])) continue;
        tp_tensor *leaf = tp_clone(tp_detach(*w->slot[i]));
        tp_requires_grad(leaf, true);
        *w->slot[i] = leaf;
        slot[n++] = i;
    }
    return n;
}

bool walk_gradients(walk *w, const int *slot, int n, bool create_graph, tp_tensor **dx)
{
    tp_tensor *out[WALK_OUTPUTS], *y[WALK_OUTPUTS], *direction[WALK_OUTPUTS], *x[WALK_SLOTS];
    const int n_out = walk_call(w, out);
    int n_y = 0;
    for (int i = 0; i < n; i++) {
        x[i] = *w->slot[slot[i]];
        dx[i] = NULL;
    }
    tp_manual_seed(11);
    for (int i = 0; i < n_out; i++) {
        if (!tp_needs_grad(out[i])) continue;
        tp_tensor *direct = tp_to_dtype(tp_uniform(tp_shape_of(out[i]), 0.5, 1, .dtype = TP_F64), tp_dtype_of(out[i]));
        direction[n_y] = tp_device_of(out[i]) == TP_CPU ? direct : tp_to(direct, tp_device_of(out[i]));
        y[n_y++] = out[i];
    }
    if (n_out < 0) return false;
    return !n_y || !n || !tp_grad(y, n_y, x, n, direction, dx, .create_graph = create_graph, .allow_unused = true);
}

static bool is_zero(tp_tensor *x, double tolerance)
{
    return tp_allclose(tp_detach(x), tp_zeros(tp_shape_of(x), .dtype = tp_dtype_of(x)), 0, tolerance);
}

bool walk_close(tp_tensor *a, tp_tensor *b, double tolerance)
{
    if (!a && !b) return true;
    if (!a || !b) return is_zero(a ? a : b, tolerance);
    const tp_shape sa = tp_shape_of(a), sb = tp_shape_of(b);
    if (sa.ndim != sb.ndim) return false;
    for (int d = 0; d < sa.ndim; d++)
        if (sa.dim[d] != sb.dim[d]) return false;
    TP_NO_GRAD();
    if (tp_is_complex(a) != tp_is_complex(b)) return false;
    if (tp_is_complex(a)) return walk_close(tp_view_as_real(tp_contiguous(a)), tp_view_as_real(tp_contiguous(b)), tolerance);
    return tp_allclose(tp_to_dtype(a, TP_F64), tp_to_dtype(b, TP_F64), tolerance, tolerance);
}
