/* complex_scan.c: products of complex numbers, multiplied in complex128 in the order of their elements: prod, cumprod, and the scan that
 * their gradients are made of,  y_k = x_k + f_k y_{k-1}  (with the factor of the element before where it runs backwards). */
#include "core/parallel.h"
#include "cpu/contiguous.h"

typedef struct scan_attr { int64_t dim; tp_dtype dtype; } scan_attr;
typedef struct linear_attr { int64_t dim; bool reverse; } linear_attr;

static inline tp_c128 times(tp_c128 a, tp_c128 b) { return (tp_c128){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re }; }

static tp_status prod(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const uint64_t gone = (uint64_t)(uintptr_t)call->scratch;  /* dims that are reduced */
    tp__plain in[1] = { { 0 } }, out[1] = { { 0 } };
    tp_status status = tp__plain_open(call, TP_C128, in, out);
    if (!status) {
        const tp_c128 *from = in[0].data;
        tp_c128 *y = out[0].data;
        int64_t step[TP_MAX_DIMS], n = 1, index[TP_MAX_DIMS] = { 0 }, to = 0;
        for (int d = x->ndim - 1; d >= 0; d--) {       /* how far y goes with each dim of x */
            step[d] = gone >> d & 1 ? 0 : n;
            n *= gone >> d & 1 ? 1 : x->shape[d];
        }
        for (int64_t i = 0; i < n; i++) y[i] = (tp_c128){ 1, 0 };
        for (int64_t i = 0; i < x->numel; i++) {
            y[to] = times(y[to], from[i]);
            for (int d = x->ndim - 1; d >= 0; d--) {
                to += step[d];
                if (++index[d] < x->shape[d]) break;
                to -= step[d] * index[d];
                index[d] = 0;
            }
        }
    }
    tp__plain_close(call, status, in, out);
    return status;
}

/* ---- Along a dim ---------------------------------------------------------------------------------------------------------------------- */

typedef struct lines { const tp_c128 *x, *f; tp_c128 *y; int64_t n, inner; bool reverse; } lines;

static void run_lines(void *arg, int64_t first, int64_t last)
{
    const lines *l = arg;
    for (int64_t i = first; i < last; i++) {
        const int64_t start = i / l->inner * l->n * l->inner + i % l->inner;
        tp_c128 sum = l->f ? (tp_c128){ 0, 0 } : (tp_c128){ 1, 0 };
        for (int64_t k = 0; k < l->n; k++) {
            const int64_t at = start + (l->reverse ? l->n - 1 - k : k) * l->inner;
            if (!l->f) {
                sum = times(sum, l->x[at]);
            } else {
                const tp_c128 before = k ? times(l->f[l->reverse ? at + l->inner : at], sum) : sum;
                sum = (tp_c128){ l->x[at].re + before.re, l->x[at].im + before.im };
            }
            l->y[at] = sum;
        }
    }
}

static tp_status scan(tp__call *call, int64_t dim, bool reverse)
{
    const tp_tensor *x = call->in[0];
    tp__plain in[2] = { { 0 } }, out[1] = { { 0 } };
    const tp_status status = tp__plain_open(call, TP_C128, in, out);
    if (!status && x->numel) {
        lines l = { .x = in[0].data, .f = call->n_in > 1 ? in[1].data : NULL, .y = out[0].data,
            .n = x->ndim ? x->shape[dim] : 1, .inner = 1, .reverse = reverse };
        for (int d = (int)dim + 1; d < x->ndim; d++) l.inner *= x->shape[d];
        tp__parallel_items(x->numel / l.n, l.n, tp_get_num_threads(), run_lines, &l);
    }
    tp__plain_close(call, status, in, out);
    return status;
}

static tp_status cumprod(tp__call *call) { return scan(call, ((const scan_attr *)call->attr)->dim, false); }
static tp_status linear_scan(tp__call *call)
{
    const linear_attr *attr = call->attr;
    return scan(call, attr->dim, attr->reverse);
}

const tp_kernel tp__cpu_complex_scan[] = {
    { "complex_prod", prod, NULL }, { "complex_cumprod", cumprod, NULL }, { "complex_linear_scan", linear_scan, NULL }, { NULL, NULL, NULL },
};
