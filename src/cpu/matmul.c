/* matmul.c: products of vectors, matrices and batches of them. A batch over which the right operand stays the same, and the
 * rows of the left step evenly, is one tall product; many small ones are shared out among threads. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/product.h"

#include <stdatomic.h>

#define PARALLEL_FLOPS 2e6
#define PIECE_FLOPS    5e5                             /* of small matrices that one thread takes at a time */
#define AHEAD_BYTES    65536                           /* of an operand that is asked for ahead */

static void int64_product(const tp__gemm_args *g)
{
    for (int64_t i = 0; i < g->m; i++) {
        uint64_t *c = (uint64_t *)g->c + i * g->ldc;
        for (int64_t j = 0; j < g->n; j++) {
            const uint64_t before = g->accumulate ? c[j] : 0;
            c[j] = before + (g->bias_col ? ((const uint64_t *)g->bias_col)[j] : 0) + (g->bias_row ? ((const uint64_t *)g->bias_row)[i] : 0);
        }
        for (int64_t p = 0; p < g->k; p++) {
            const uint64_t a = ((const uint64_t *)g->a)[i * g->a_row + p * g->a_col];
            const uint64_t *b = (const uint64_t *)g->b + p * g->b_row;
            for (int64_t j = 0; j < g->n; j++) c[j] += a * b[j * g->b_col];
        }
    }
}

tp_status tp__product(const tp__gemm_args *g)
{
    if (g->dtype != TP_I64) return tp__gemm(g);
    int64_product(g);
    return TP_OK;
}

void tp__add_one(tp_dtype dtype, void *y, int64_t n, const void *one)
{
    for (int64_t i = 0; i < n; i++) {
        if (dtype == TP_F32) ((float *)y)[i] += *(const float *)one;
        else if (dtype == TP_F64) ((double *)y)[i] += *(const double *)one;
        else ((uint64_t *)y)[i] += *(const uint64_t *)one;
    }
}

/* ---- An operand as a batch of matrices ------------------------------------------------------------------------------------ */

typedef struct side {
    const char *data;
    int64_t row, col;                                  /* strides of the matrix, in elements */
    int64_t step[TP_MAX_DIMS];                         /* of the batch's dims; 0 where it broadcasts */
    tp__plain copy;
} side;

/* `batch`: dims of the result's batch, which the operand's own are the last of. A vector is a row on the left, a column on the
 * right. */
static tp_status side_take(side *s, const tp_tensor *x, tp_dtype dtype, int batch, bool left)
{
    int64_t contiguous[TP_MAX_DIMS];
    const int64_t *stride = x->stride;
    s->data = x->data;
    if (x->dtype != dtype) {
        const tp_status status = tp__plain_take(&s->copy, x, dtype);
        if (status != TP_OK) return status;
        s->data = s->copy.data;
        int64_t step = 1;
        for (int d = x->ndim - 1; d >= 0; d--) {
            contiguous[d] = step;
            step *= x->shape[d];
        }
        stride = contiguous;
    }
    const int last = x->ndim - 1, own = x->ndim > 2 ? x->ndim - 2 : 0;
    s->row = x->ndim > 1 ? stride[last - 1] : left ? 0 : stride[last];
    s->col = x->ndim > 1 || left ? stride[last] : 0;
    for (int d = 0; d < batch; d++) {
        const int at = d - (batch - own);
        s->step[d] = at >= 0 && x->shape[at] != 1 ? stride[at] : 0;
    }
    return TP_OK;
}

typedef struct batch {
    int ndim;
    int64_t size[TP_MAX_DIMS], count;
    side a, b;
    tp__gemm_args g;
    int64_t item;
    _Atomic int status;
} batch;

/* Takes the batch's innermost dims into the rows of A while B stays the same and A's rows step evenly. */
static void fold_rows(batch *t)
{
    while (t->ndim > 0 && t->b.step[t->ndim - 1] == 0) {
        const int d = t->ndim - 1;
        if (t->g.m == 1) t->a.row = t->a.step[d];
        else if (t->size[d] != 1 && t->a.step[d] != t->a.row * t->g.m) break;
        t->g.m *= t->size[d];
        t->count /= t->size[d];
        t->ndim--;
    }
}

/* Where product i of the batch takes its operands. */
static void operands(const batch *t, int64_t i, const char **left, const char **right)
{
    int64_t rest = i, a = 0, b = 0;
    for (int d = t->ndim - 1; d >= 0; d--) {
        a += rest % t->size[d] * t->a.step[d];
        b += rest % t->size[d] * t->b.step[d];
        rest /= t->size[d];
    }
    *left = t->a.data + a * t->item;
    *right = t->b.data + b * t->item;
}

/* What the next product will read, if it is small: it comes while this one is computed. Wrong guesses do no harm. */
static tp__ahead look_ahead(const char *now, const char *next, int64_t bytes)
{
    if (next == now || bytes > AHEAD_BYTES) return (tp__ahead){ 0 };
    return (tp__ahead){ .at = next, .end = next + bytes, .step = 64 };
}

static void run_one(batch *t, int64_t i, int threads)
{
    tp__gemm_args g = t->g;
    const char *a, *b;
    operands(t, i, &a, &b);
    g.a = a;
    g.b = b;
    tp__ahead ahead[TP__AHEADS];
    if (i + 1 < t->count && threads <= 1) {
        operands(t, i + 1, &a, &b);
        ahead[0] = look_ahead(g.a, a, g.m * g.k * t->item);
        ahead[1] = look_ahead(g.b, b, g.k * g.n * t->item);
        g.ahead = ahead;
    }
    g.c = (char *)t->g.c + i * g.m * g.n * t->item;
    g.a_row = t->a.row;
    g.a_col = t->a.col;
    g.b_row = t->b.row;
    g.b_col = t->b.col;
    g.threads = threads;
    const tp_status status = tp__product(&g);
    if (status == TP_OK) return;
    atomic_store_explicit(&t->status, status, memory_order_relaxed);
    tp_clear_error();                                  /* this may be a thread of the pool: the caller's is set at the end */
}

static void run_some(void *arg, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++) run_one(arg, i, 1);
}

static tp_status run_all(batch *t, const tp__call *call)
{
    const int threads = tp_get_num_threads();
    const double each = 2.0 * (double)t->g.m * (double)t->g.n * (double)t->g.k;
    if (threads > 1 && t->count >= threads && each * (double)t->count >= PARALLEL_FLOPS)
        tp__parallel_items(t->count, each < PIECE_FLOPS ? (int64_t)(each / PIECE_FLOPS * TP__PIECE) + 1 : TP__PIECE, threads, run_some, t);
    else
        for (int64_t i = 0; i < t->count; i++) run_one(t, i, threads);
    const int status = atomic_load(&t->status);
    return status == TP_OK ? TP_OK : tp__call_fail(call, (tp_status)status, "no memory for packing");
}

/* call->scratch: add to y instead of writing it. */
static tp_status matmul_run(tp__call *call)
{
    const tp_tensor *a = call->in[0], *b = call->in[1];
    tp_tensor *y = call->out[0];
    if (!y->numel) return TP_OK;
    const tp_dtype dtype = tp__product_dtype(call, a->dtype);
    if (!dtype) return tp__pending();
    batch t = { .ndim = y->ndim - (a->ndim > 1) - (b->ndim > 1), .count = 1, .item = (int64_t)tp_dtype_size(dtype) };
    tp__plain py = { 0 };
    for (int d = 0; d < t.ndim; d++) t.count *= t.size[d] = y->shape[d];
    t.g = (tp__gemm_args){ .dtype = dtype, .m = a->ndim > 1 ? a->shape[a->ndim - 2] : 1, .n = b->ndim > 1 ? b->shape[b->ndim - 1] : 1,
                           .k = a->shape[a->ndim - 1], .accumulate = call->scratch };
    t.g.ldc = t.g.n;
    tp_status status = side_take(&t.a, a, dtype, t.ndim, true);
    if (status == TP_OK) status = side_take(&t.b, b, dtype, t.ndim, false);
    if (status == TP_OK) status = tp__plain_room(&py, y, dtype);
    if (status == TP_OK) {
        t.g.c = py.data;
        if (t.g.accumulate && py.bytes) tp__cast_row(py.data, dtype, 1, y->data, (tp_dtype)y->dtype, 1, y->numel);
        fold_rows(&t);
        status = run_all(&t, call);
    }
    if (status == TP_OK) tp__plain_return(&py, y);
    tp__plain_free(&t.a.copy);
    tp__plain_free(&t.b.copy);
    tp__plain_free(&py);
    return status;
}

const tp_kernel tp__cpu_matmul[] = { { "matmul", matmul_run, NULL }, { NULL, NULL, NULL } };
