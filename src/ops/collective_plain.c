/* collective_plain.c: what several devices do together, by copies between them and ops: where there is no library for it, and on the CPU.
 * Each number is combined by one device, in the order of ranks, so that all get the same bits, and the same each time. */
#include "ops/collective.h"

enum { SPREAD = 1 << 14 };                             /* elements from which on each device combines a part of them */

/* A part of x as one dim. */
static tp_tensor *part(tp_tensor *x, int64_t from, int64_t count)
{
    const int64_t stride = 1;
    return tp__alias(x, 1, &count, &stride, tp__offset_of(x) + from);
}

static tp_status put(tp_tensor *y, int64_t from, tp_tensor *x)
{
    tp_tensor *to = x ? part(y, from, x->numel) : NULL;
    if (!to) return tp__pending();
    return to->data == x->data ? TP_OK : tp__made(tp_copy_(to, x));
}

/* ---- Combining ---------------------------------------------------------------------------------------------------------------------------- */

static bool is_narrow(int dtype) { return dtype == TP_F16 || dtype == TP_BF16; }

static tp_tensor *join(int how, tp_tensor *a, tp_tensor *b)
{
    const bool truth = a->dtype == TP_BOOL;
    switch (how) {
    case TP_COLLECTIVE_PROD: return truth ? tp_logical_and(a, b) : tp_mul(a, b);
    case TP_COLLECTIVE_MIN: return truth ? tp_logical_and(a, b) : tp_minimum(a, b);
    case TP_COLLECTIVE_MAX: return truth ? tp_logical_or(a, b) : tp_maximum(a, b);
    default: return truth ? tp_logical_or(a, b) : tp_add(a, b);
    }
}

static tp_tensor *term(const tp__together *t, int rank, tp_device device, int64_t from, int64_t count)
{
    tp_tensor *x = part(t->in[rank], from, count);
    x = x ? tp_to(x, device) : NULL;
    return x && t->n > 1 && is_narrow(x->dtype) ? tp_to_dtype(x, TP_F32) : x;
}

tp_tensor *tp__combined(const tp__together *t, tp_device device, int64_t from, int64_t count)
{
    tp_tensor *y = term(t, 0, device, from, count);
    for (int r = 1; r < t->n && y; r++) {
        tp_tensor *const x = term(t, r, device, from, count), *const sum = x ? join(t->how, y, x) : NULL;
        tp_drop(x);
        tp_drop(y);
        y = sum;
    }
    if (y && t->how == TP_COLLECTIVE_AVG && t->n > 1) y = tp__is_integer(y->dtype) ? tp_div_mode(y, t->n, TP_ROUND_TRUNC) : tp_div(y, (double)t->n);
    return y ? tp_to_dtype(y, (tp_dtype)t->in[0]->dtype) : NULL;
}

/* Elements from `from` on, combined on a device, go to all that there is to write. */
static tp_status combine(const tp__together *t, tp_device device, int64_t from, int64_t count)
{
    TP_SCOPE();
    tp_tensor *y = tp__combined(t, device, from, count);
    tp_status status = tp__made(y);
    for (int r = 0; r < t->n && !status; r++)
        if (t->out[r]) status = put(t->out[r], from, y);
    return status;
}

static tp_status all_reduce(const tp__together *t)
{
    const int parts = t->count < SPREAD ? 1 : t->n;
    tp_status status = TP_OK;
    for (int64_t p = 0, from = 0; p < parts && !status; p++) {
        const int64_t end = t->count / parts * (p + 1) + (p + 1 == parts ? t->count % parts : 0);
        status = combine(t, t->in[p]->device, from, end - from);
        from = end;
    }
    return status;
}

static tp_status reduce_scatter(const tp__together *t)
{
    tp_status status = TP_OK;
    for (int r = 0; r < t->n && !status; r++) {
        TP_SCOPE();
        status = put(t->out[r], 0, tp__combined(t, t->in[r]->device, r * t->count, t->count));
    }
    return status;
}

/* ---- Moving ------------------------------------------------------------------------------------------------------------------------------- */

static tp_status send(const tp__together *t, int rank, int64_t to)
{
    TP_SCOPE();
    tp_tensor *x = part(t->in[rank], 0, t->count);
    tp_status status = tp__made(x);
    for (int r = 0; r < t->n && !status; r++) status = put(t->out[r], to, x);
    return status;
}

tp_status tp__together_plainly(const tp__together *t)
{
    tp_status status = TP_OK;
    switch (t->kind) {
    case TP__ALL_REDUCE: return all_reduce(t);
    case TP__REDUCE: return combine(t, t->out[t->root]->device, 0, t->count);
    case TP__BROADCAST: return send(t, t->root, 0);
    case TP__REDUCE_SCATTER: return reduce_scatter(t);
    default:
        for (int r = 0; r < t->n && !status; r++) status = send(t, r, r * t->count);
        return status;
    }
}
