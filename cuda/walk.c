/* walk.c: dims in the order of the memory of what is written, neighbours joined where all arrays step evenly over both. */
#include "cuda/walk.h"

tpc_divisor tpc_divisor_of(int64_t size)
{
    tpc_divisor d = { (uint32_t)size, 0, 0 };
    if (size < 1 || size > INT32_MAX) return (tpc_divisor){ 0, 0, 0 };
    while ((1ull << d.shift) < (uint64_t)size) d.shift++;
    d.factor = (uint32_t)(((1ull << 32) * ((1ull << d.shift) - (uint64_t)size)) / (uint64_t)size + 1);
    return d;
}

static void begin(tpc_walk *w)
{
    w->ndim = 0;
    w->numel = 1;
}

static void add_dim(tpc_walk *w, int64_t size, const int64_t *step, int n)
{
    w->numel *= size;
    if (size == 1) return;
    bool joins = w->ndim > 0;
    for (int k = 0; k < n && joins; k++) joins = w->stride[k][w->ndim - 1] == step[k] * size;
    if (!joins) w->size[w->ndim++] = 1;
    w->size[w->ndim - 1] *= size;
    for (int k = 0; k < n; k++) w->stride[k][w->ndim - 1] = step[k];
}

static void end(tpc_walk *w, int n)
{
    if (!w->ndim) {
        w->size[w->ndim++] = 1;
        for (int k = 0; k < n; k++) w->stride[k][0] = 1;
    }
    w->wide = w->numel > INT32_MAX;
    for (int d = 0; d < w->ndim; d++) w->by[d] = tpc_divisor_of(w->size[d]);
}

void tpc_walk_over(tpc_walk *w, const tpc_array *y, const tpc_array *const *x, int n)
{
    int order[TP_MAX_DIMS], dims = 0;
    for (int d = 0; d < y->ndim; d++) {
        int at = dims++;
        for (; at > 0 && y->stride[order[at - 1]] < y->stride[d]; at--) order[at] = order[at - 1];
        order[at] = d;
    }
    begin(w);
    for (int i = 0; i < dims; i++) {
        int64_t step[TPC_WALK_ARRAYS] = { y->stride[order[i]] };
        for (int k = 0; k < n; k++) {
            const int d = order[i] - (y->ndim - x[k]->ndim);
            step[k + 1] = d >= 0 && x[k]->shape[d] != 1 ? x[k]->stride[d] : 0;
        }
        add_dim(w, y->shape[order[i]], step, n + 1);
    }
    end(w, n + 1);
}

void tpc_walk_dims(tpc_walk *w, int ndim, const int64_t *size, const int64_t *const *stride, int n)
{
    begin(w);
    for (int d = 0; d < ndim; d++) {
        int64_t step[TPC_WALK_ARRAYS];
        for (int k = 0; k < n; k++) step[k] = stride[k][d];
        add_dim(w, size[d], step, n);
    }
    end(w, n);
}
