/* spatial.c: memory formats and attributes of ops over [n, channels, ..]. */
#include "ops/spatial.h"

bool tp__is_channels_last(const tp_tensor *x)
{
    if (x->flags & TP__CONTIGUOUS || (x->ndim != 4 && x->ndim != 5) || !x->numel || !x->stride[1]) return false;
    int64_t least = 0;
    for (int i = 0; i < x->ndim; i++) {                /* channels, then from the last dim on outwards, then the batch */
        const int d = i == 0 ? 1 : i == x->ndim - 1 ? 0 : x->ndim - i;
        if (x->stride[d] < least || (d == 0 && least == x->stride[1])) return false;
        least = x->stride[d] * x->shape[d];
    }
    return true;
}

tp_tensor *tp__out_spatial(tp__call *call, bool channels_last, tp_dtype dtype, int ndim, const int64_t *shape)
{
    tp_tensor *y = tp__out(call, dtype, ndim, shape);
    if (!y || !channels_last || !y->numel) return y;
    int64_t next = shape[1];
    y->stride[1] = 1;
    for (int d = ndim - 1; d != 1; d = d == 2 ? 0 : d - 1) {
        y->stride[d] = next;
        next *= shape[d];
        if (d == 0) break;
    }
    if (!tp__geometry_is_contiguous(ndim, y->shape, y->stride)) y->flags &= (uint8_t)~TP__CONTIGUOUS;
    return y;
}

bool tp__spread(tp__ints *list, int n, int64_t absent)
{
    if (list->n > 1) return list->n == n;
    for (int i = n - 1; i >= 0; i--) list->v[i] = list->n ? list->v[0] : absent;
    list->n = n;
    return true;
}

tp__ints tp__option(int n, int64_t all, const int64_t *each)
{
    tp__ints list = { .n = n };
    for (int i = 0; i < n; i++) list.v[i] = each && each[i] != TP_NONE ? each[i] : all;
    return list;
}

tp_tensor *tp__batched(tp_tensor *x)
{
    if (!x) return NULL;
    int64_t shape[TP_MAX_DIMS] = { 1 };
    memcpy(shape + 1, x->shape, sizeof *shape * (size_t)x->ndim);
    return tp_reshape(x, tp__shape(x->ndim + 1, shape));
}

tp_tensor *tp__unbatched(tp_tensor *y) { return y ? tp_reshape(y, tp__shape(y->ndim - 1, y->shape + 1)) : NULL; }
