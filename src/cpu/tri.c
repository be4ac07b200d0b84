/* tri.c: tril and triu, row by row: a part is copied, unless it is there already, and the rest is zero. */
#include "core/convert.h"
#include "core/parallel.h"

typedef struct job { const tp_tensor *x; tp_tensor *y; int64_t diagonal; bool lower; } job;

static void zero_row(char *y, int64_t stride, int64_t n, size_t item)
{
    if (stride == 1) memset(y, 0, (size_t)n * item);
    else for (int64_t i = 0; i < n; i++) memset(y + i * stride * (int64_t)item, 0, item);
}

static void do_rows(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    const tp_tensor *x = j->x, *y = j->y;
    const int d = y->ndim - 1;
    const int64_t rows = y->shape[d - 1], columns = y->shape[d];
    const size_t item = tp_dtype_size((tp_dtype)y->dtype);
    for (int64_t r = first; r < last; r++) {
        int64_t rest = r / rows, from = r % rows * x->stride[d - 1], to = r % rows * y->stride[d - 1];
        for (int i = d - 2; i >= 0; i--) {
            from += rest % y->shape[i] * x->stride[i];
            to += rest % y->shape[i] * y->stride[i];
            rest /= y->shape[i];
        }
        /* columns before `cut` are of the lower triangle, or not of the upper one */
        const int64_t reach = j->diagonal > columns ? columns : j->diagonal < -rows ? -rows : j->diagonal, edge = r % rows + reach + j->lower;
        const int64_t cut = edge < 0 ? 0 : edge > columns ? columns : edge;
        const int64_t begin = j->lower ? 0 : cut, n = j->lower ? cut : columns - cut;
        char *py = (char *)y->data + to * (int64_t)item;
        const char *px = (const char *)x->data + from * (int64_t)item;
        if (px != py) tp__cast_row(py + begin * y->stride[d] * (int64_t)item, (tp_dtype)y->dtype, y->stride[d],
                                   px + begin * x->stride[d] * (int64_t)item, (tp_dtype)x->dtype, x->stride[d], n);
        zero_row(py + (j->lower ? cut : 0) * y->stride[d] * (int64_t)item, y->stride[d], columns - n, item);
    }
}

static tp_status run(tp__call *call, bool lower)
{
    tp_tensor *y = call->out[0];
    if (!y->numel) return TP_OK;
    job j = { call->in[0], y, *(const int64_t *)call->attr, lower };
    tp__parallel_items(y->numel / y->shape[y->ndim - 1], y->shape[y->ndim - 1], tp_get_num_threads(), do_rows, &j);
    return TP_OK;
}
static tp_status tril(tp__call *call) { return run(call, true); }
static tp_status triu(tp__call *call) { return run(call, false); }

const tp_kernel tp__cpu_tri[] = { { "tril", tril, NULL }, { "triu", triu, NULL }, { NULL, NULL, NULL } };
