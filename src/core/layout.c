/* layout.c: what strides say: contiguous, dense, a memory format; and strides for new memory. */
#include "core/tensor.h"

bool tp__geometry_is_contiguous(int ndim, const int64_t *shape, const int64_t *stride)
{
    int64_t expected = 1;
    bool contiguous = true;
    for (int i = ndim - 1; i >= 0; i--) {
        if (!shape[i]) return true;
        if (shape[i] == 1) continue;
        contiguous &= stride[i] == expected;
        expected *= shape[i];
    }
    return contiguous;
}

int tp__dims_by_stride(const tp_tensor *x, int *order)
{
    int n = 0;
    for (int i = 0; i < x->ndim; i++) {
        if (x->shape[i] == 1) continue;
        int at = n++;
        while (at > 0 && x->stride[order[at - 1]] < x->stride[i]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    return n;
}

bool tp__is_dense(const tp_tensor *x)
{
    if (x->flags & TP__CONTIGUOUS) return true;
    int order[TP_MAX_DIMS];
    int64_t expected = 1;
    for (int i = tp__dims_by_stride(x, order) - 1; i >= 0; i--) {
        if (x->stride[order[i]] != expected) return false;
        expected *= x->shape[order[i]];
    }
    return true;
}

/* Does dim a step further than b? A stride of 0 says nothing: 0. */
static int compare(const tp_tensor *x, int a, int b)
{
    if (!x->stride[a] || !x->stride[b]) return 0;
    if (x->stride[a] != x->stride[b]) return x->stride[a] > x->stride[b] ? 1 : -1;
    return x->shape[a] > x->shape[b];
}

/* Not dense: the order of the strides, in which expanded dims keep their place among those next to them, as PyTorch infers it. */
void tp__strides_like(const tp_tensor *x, int64_t *stride)
{
    int order[TP_MAX_DIMS];
    int64_t next = 1;
    if (tp__is_dense(x)) {
        memcpy(stride, x->stride, sizeof *stride * x->ndim);
        return;
    }
    for (int i = 0; i < x->ndim; i++) {                /* the innermost first; insertion, since the comparison is no order */
        order[i] = x->ndim - 1 - i;
        for (int at = i, before = i - 1; before >= 0; before--) {
            const int further = compare(x, order[before], order[at]);
            if (further < 0) break;
            if (!further) continue;
            const int dim = order[at];
            order[at] = order[before];
            order[at = before] = dim;
        }
    }
    for (int i = 0; i < x->ndim; i++) {
        stride[order[i]] = next;
        if (x->shape[order[i]] > 1) next *= x->shape[order[i]];
    }
}

/* ---- Memory formats ---------------------------------------------------------------------------------------------------------------- */

bool tp__format_fits(tp_memory_format format, int ndim)
{
    return format == TP_CHANNELS_LAST ? ndim == 4 : format != TP_CHANNELS_LAST_3D || ndim == 5;
}

/* The dims from the innermost out: c, then the others but n from the last on, then n. */
static int channels_last_dim(int i, int ndim) { return !i ? 1 : i == ndim - 1 ? 0 : ndim - i; }

void tp__strides_of_format(tp_memory_format format, int ndim, const int64_t *shape, int64_t *stride)
{
    const bool channels_last = format == TP_CHANNELS_LAST || format == TP_CHANNELS_LAST_3D;
    int64_t next = 1;
    for (int i = 0; i < ndim; i++) {
        const int d = channels_last ? channels_last_dim(i, ndim) : ndim - 1 - i;
        stride[d] = next;
        if (shape[d] > 1) next *= shape[d];
    }
}

bool tp__has_format(const tp_tensor *x, tp_memory_format format)
{
    if (format != TP_CHANNELS_LAST && format != TP_CHANNELS_LAST_3D) return x->flags & TP__CONTIGUOUS;
    int64_t expected = 1;
    for (int i = 0; i < x->ndim && tp__format_fits(format, x->ndim); i++) {
        const int d = channels_last_dim(i, x->ndim);
        if (x->shape[d] == 1) continue;
        if (x->stride[d] != expected) return false;
        expected *= x->shape[d];
    }
    return tp__format_fits(format, x->ndim);
}
