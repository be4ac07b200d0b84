/* dnn_attention.c: attention of 16-bit floats and its backward as cuDNN's graphs, which it recognizes by their shape and runs as one kernel each:
 *
 *   forward    p = s q k', hidden where it is causal;  m = max p, e = exp(p - m), z = sum e;  sums = m + ln z,  y = (e / z) v
 *   backward   D = sum dy y;  p = exp(s q k' - sums);  dv = p' dy;  ds = s p (dy v' - D);  dk = ds' q,  dq = ds k
 *
 * Where heads of q share one of k and v, dk and dv are sums over these. k is given turned, as is v backward; p and ds are turned by a reshape
 * each; D is memory of ours. ds goes straight into dq, which makes it the same each time, for a workspace of a score each: where that is too
 * much for the batch, it is done in parts. */
#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"

#include <float.h>

#ifndef TPC_HAS_CUDNN
tp_status tpc_dnn_attend(const tp__call *call, const tpc_dnn_attention *a, const tpc_dnn_heads *at, float scale, bool *done)
{
    (void)call, (void)a, (void)at, (void)scale;
    *done = false;
    return TP_OK;
}
#else

enum { Q = 1, K, V, Y, SUMS, DY, DQ, DK, DV, DOTS, SCALE, HIDDEN, ONE };
enum { UNEVEN = 91600 };                               /* the first version that takes lengths which are no multiple of 128 */
typedef cudnnBackendDescriptor_t part;

/* ---- Tensors: [batch, heads, rows, columns] ------------------------------------------------------------------------------------------------ */

static tpc_dnn_shape given(const tpc_dnn_attention *a, int64_t heads, int64_t rows, int64_t width, const int64_t *step, bool turned)
{
    const int dtype = (int)tpc_dnn_type(a->dtype);
    if (turned) return (tpc_dnn_shape){ .dtype = dtype, .ndim = 4, .size = { a->batch, heads, width, rows }, .stride = { step[0], step[1], 1, step[2] } };
    return (tpc_dnn_shape){ .dtype = dtype, .ndim = 4, .size = { a->batch, heads, rows, width }, .stride = { step[0], step[1], step[2], 1 } };
}
static tpc_dnn_shape of_queries(const tpc_dnn_attention *a, int64_t width, const int64_t *step) { return given(a, a->heads, a->l, width, step, false); }
static tpc_dnn_shape of_keys(const tpc_dnn_attention *a, int64_t width, const int64_t *step, bool turned)
{
    return given(a, a->own, a->n, width, step, turned);
}
static tpc_dnn_shape plain(const tpc_dnn_attention *a, int dtype, int64_t rows, int64_t columns)
{
    return tpc_dnn_plain(dtype, 4, (const int64_t[]){ a->batch, a->heads, rows, columns });
}
static part inside(tpc_dnn_graph *g, const tpc_dnn_attention *a, int dtype, int64_t rows, int64_t columns)
{
    const tpc_dnn_shape s = plain(a, dtype, rows, columns);
    return tpc_dnn_virtual(g, &s);
}
static part scores(tpc_dnn_graph *g, const tpc_dnn_attention *a) { return inside(g, a, CUDNN_DATA_FLOAT, a->l, a->n); }
static part numbers(tpc_dnn_graph *g, const tpc_dnn_attention *a) { return inside(g, a, CUDNN_DATA_FLOAT, a->l, 1); }
static part tensor(tpc_dnn_graph *g, int64_t uid, tpc_dnn_shape s) { return tpc_dnn_tensor(g, uid, &s); }
static part number(tpc_dnn_graph *g, int64_t uid) { return tpc_dnn_number(g, uid, CUDNN_DATA_FLOAT, 4); }

/* ---- Graphs --------------------------------------------------------------------------------------------------------------------------------- */

static part two(tpc_dnn_graph *g, cudnnPointwiseMode_t mode, part x, part b, part y) { return tpc_dnn_pointwise(g, mode, CUDNN_DATA_FLOAT, x, b, NULL, y); }
static part one(tpc_dnn_graph *g, cudnnPointwiseMode_t mode, part x, part y) { return two(g, mode, x, NULL, y); }
static part multiply(tpc_dnn_graph *g, part x, part b, part y) { return tpc_dnn_matmul(g, CUDNN_DATA_FLOAT, x, b, y); }

static part scaled_scores(tpc_dnn_graph *g, const tpc_dnn_attention *a, part q, part k)
{
    return two(g, CUDNN_POINTWISE_MUL, multiply(g, q, k, scores(g, a)), number(g, SCALE), scores(g, a));
}

/* Row i sees keys up to i. */
static part hide(tpc_dnn_graph *g, const tpc_dnn_attention *a, part x)
{
    if (!a->causal) return x;
    const part row = tpc_dnn_index(g, 2, x, inside(g, a, CUDNN_DATA_INT32, a->l, a->n)),
               key = tpc_dnn_index(g, 3, x, inside(g, a, CUDNN_DATA_INT32, a->l, a->n));
    const part seen = tpc_dnn_pointwise(g, CUDNN_POINTWISE_CMP_GE, CUDNN_DATA_BOOLEAN, row, key, NULL, inside(g, a, CUDNN_DATA_BOOLEAN, a->l, a->n));
    return tpc_dnn_pointwise(g, CUDNN_POINTWISE_BINARY_SELECT, CUDNN_DATA_FLOAT, x, number(g, HIDDEN), seen, scores(g, a));
}

static void build_forward(tpc_dnn_graph *g, const void *key)
{
    const tpc_dnn_attention *a = key;
    const part q = tensor(g, Q, of_queries(a, a->e, a->q)), k = tensor(g, K, of_keys(a, a->e, a->k, true)), v = tensor(g, V, of_keys(a, a->w, a->v, false));
    const part y = tensor(g, Y, of_queries(a, a->w, a->y)), sums = tensor(g, SUMS, plain(a, CUDNN_DATA_FLOAT, a->l, 1));
    const part p = hide(g, a, scaled_scores(g, a, q, k));
    const part most = tpc_dnn_reduce(g, CUDNN_REDUCE_TENSOR_MAX, CUDNN_DATA_FLOAT, p, numbers(g, a));
    const part e = one(g, CUDNN_POINTWISE_EXP, two(g, CUDNN_POINTWISE_SUB, p, most, scores(g, a)), scores(g, a));
    const part z = tpc_dnn_reduce(g, CUDNN_REDUCE_TENSOR_ADD, CUDNN_DATA_FLOAT, e, numbers(g, a));
    two(g, CUDNN_POINTWISE_ADD, most, one(g, CUDNN_POINTWISE_LOG, z, numbers(g, a)), sums);
    multiply(g, two(g, CUDNN_POINTWISE_DIV, e, z, inside(g, a, (int)tpc_dnn_type(a->dtype), a->l, a->n)), v, y);
}

/* x [.., l, n], seen as [.., n, l] */
static part turned(tpc_dnn_graph *g, const tpc_dnn_attention *a, part x)
{
    tpc_dnn_shape s = plain(a, (int)tpc_dnn_type(a->dtype), a->n, a->l);
    s.stride[2] = 1;
    s.stride[3] = a->n;
    return tpc_dnn_reshape(g, x, tpc_dnn_virtual(g, &s));
}

/* y = x b, of each head of k and v: of the heads that share it, the sum */
static void multiply_keys(tpc_dnn_graph *g, const tpc_dnn_attention *a, part x, part b, int64_t width, part y)
{
    if (a->own == a->heads) multiply(g, x, b, y);
    else tpc_dnn_reduce(g, CUDNN_REDUCE_TENSOR_ADD, CUDNN_DATA_FLOAT, multiply(g, x, b, inside(g, a, CUDNN_DATA_FLOAT, a->n, width)), y);
}

static void build_backward(tpc_dnn_graph *g, const void *key)
{
    const tpc_dnn_attention *a = key;
    const tpc_dnn_shape keys = of_keys(a, a->e, a->k, false);
    const part q = tensor(g, Q, of_queries(a, a->e, a->q)), k = tensor(g, K, of_keys(a, a->e, a->k, true)), v = tensor(g, V, of_keys(a, a->w, a->v, true));
    const part y = tensor(g, Y, of_queries(a, a->w, a->y)), dy = tensor(g, DY, of_queries(a, a->w, a->dy));
    const part sums = tensor(g, SUMS, plain(a, CUDNN_DATA_FLOAT, a->l, 1)), dots = tensor(g, DOTS, plain(a, CUDNN_DATA_FLOAT, a->l, 1));
    const part dq = tensor(g, DQ, of_queries(a, a->e, a->dq)), dk = tensor(g, DK, of_keys(a, a->e, a->dk, false)),
               dv = tensor(g, DV, of_keys(a, a->w, a->dv, false));
    const part inner = two(g, CUDNN_POINTWISE_MUL, dy, y, inside(g, a, CUDNN_DATA_FLOAT, a->l, a->w));
    two(g, CUDNN_POINTWISE_MUL, tpc_dnn_reduce(g, CUDNN_REDUCE_TENSOR_ADD, CUDNN_DATA_FLOAT, inner, numbers(g, a)), number(g, ONE), dots);
    const part under = hide(g, a, two(g, CUDNN_POINTWISE_SUB, scaled_scores(g, a, q, k), sums, scores(g, a)));
    const part p = one(g, CUDNN_POINTWISE_EXP, under, scores(g, a));
    multiply_keys(g, a, turned(g, a, p), dy, a->w, dv);
    const part dp = two(g, CUDNN_POINTWISE_SUB, multiply(g, dy, v, scores(g, a)), dots, scores(g, a));
    const part ds = two(g, CUDNN_POINTWISE_MUL, two(g, CUDNN_POINTWISE_MUL, dp, p, scores(g, a)), number(g, SCALE),
                        inside(g, a, (int)tpc_dnn_type(a->dtype), a->l, a->n));
    multiply_keys(g, a, turned(g, a, ds), q, a->e, dk);
    multiply(g, ds, tpc_dnn_reshape(g, k, tpc_dnn_virtual(g, &keys)), dq);
}

/* ---- Planning, running ------------------------------------------------------------------------------------------------------------------------ */

static void build(tpc_dnn_graph *g, const void *key)
{
    if (((const tpc_dnn_attention *)key)->backward) build_backward(g, key);
    else build_forward(g, key);
}

/* Addresses are multiples of 16 bytes; so are the distances between rows, heads and batches. */
static bool is_aligned(const int64_t *step) { return step[0] > 0 && step[1] > 0 && step[2] > 0 && !(step[0] % 8 || step[1] % 8 || step[2] % 8); }

static bool fits(const tpc_dnn_attention *a)
{
    enum { WIDEST = 128, ROWS = 64 };                  /* fewer rows, such as when text is made token by token, are not worth a plan for each length */
    if ((a->dtype != TP_F16 && a->dtype != TP_BF16) || a->e % 8 || a->w % 8 || a->e > WIDEST || a->w > WIDEST || a->l < ROWS || a->n < 1) return false;
    if ((a->l % 128 || a->n % 128) && tpc_dnn_version() < UNEVEN) return false;
    if ((double)a->batch * (double)a->heads * (double)(a->l > a->n ? a->l : a->n) * WIDEST > INT32_MAX) return false;
    if (!is_aligned(a->q) || !is_aligned(a->k) || !is_aligned(a->v) || !is_aligned(a->y)) return false;
    return !a->backward || (is_aligned(a->dy) && is_aligned(a->dq) && is_aligned(a->dk) && is_aligned(a->dv));
}

static bool lies_well(const tpc_dnn_heads *at)
{
    const void *const all[] = { at->q, at->k, at->v, at->y, at->sums, at->dy, at->dq, at->dk, at->dv, at->dots };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if ((uintptr_t)all[i] % 16) return false;
    return true;
}

static tp_status attend(const tp__call *call, const tpc_dnn_attention *a, const tpc_dnn_heads *at, float scale, bool *done)
{
    enum { MOST = 12, FORWARD = 6 };
    float hidden = -FLT_MAX, unit = 1;
    *done = false;
    tpc_dnn_plan *plan = tpc_dnn_plan_for(call, build, a, sizeof *a, tpc_dnn_forbidden((int)tpc_dnn_type(a->dtype)));
    if (!plan) return TP_OK;
    int64_t uids[MOST + 1] = { Q, K, V, Y, SUMS, SCALE, DY, DQ, DK, DV, DOTS, ONE };
    void *data[MOST + 1] = { at->q, at->k, at->v, at->y, at->sums, &scale, at->dy, at->dq, at->dk, at->dv, at->dots, &unit };
    int n = a->backward ? MOST : FORWARD;
    if (a->causal) uids[n] = HIDDEN, data[n++] = &hidden;
    return tpc_dnn_run(call, plan, n, uids, data, done);
}

/* Many heads of one image are as many images of one head. */
static tpc_dnn_attention by_heads(tpc_dnn_attention a)
{
    int64_t *const all[] = { a.q, a.k, a.v, a.y, a.dy, a.dq, a.dk, a.dv };
    a.batch = a.heads, a.heads = a.own = 1;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) all[i][0] = all[i][1];
    return a;
}

/* A multiple of so many images keeps the sums and dots aligned. */
static int64_t multiple_of(const tpc_dnn_attention *a)
{
    const int64_t numbers = a->heads * a->l;
    return numbers % 4 == 0 ? 1 : numbers % 2 == 0 ? 2 : 4;
}

/* From image `first` on */
static tpc_dnn_heads moved(const tpc_dnn_attention *a, const tpc_dnn_heads *at, int64_t first)
{
    enum { HALF = 2 };
    tpc_dnn_heads m = *at;
    const struct { void **data; int64_t step; } sides[] = {
        { &m.q, a->q[0] }, { &m.k, a->k[0] }, { &m.v, a->v[0] }, { &m.y, a->y[0] }, { &m.dy, a->dy[0] }, { &m.dq, a->dq[0] }, { &m.dk, a->dk[0] },
        { &m.dv, a->dv[0] } };
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (*sides[i].data) *sides[i].data = (char *)*sides[i].data + first * sides[i].step * HALF;
    m.sums = (float *)m.sums + first * a->heads * a->l;
    if (m.dots) m.dots = (float *)m.dots + first * a->heads * a->l;
    return m;
}

/* Images are apart from each other, and heads that share nothing, so that parts of the batch, or of an image that is too much by itself, are what
 * the whole is. */
tp_status tpc_dnn_attend(const tp__call *call, const tpc_dnn_attention *a, const tpc_dnn_heads *at, float scale, bool *done)
{
    *done = false;
    if (!tpc_dnn() || !fits(a) || !lies_well(at)) return TP_OK;
    tpc_dnn_attention some = *a;
    const int64_t multiple = multiple_of(a);
    int64_t each = tpc_dnn_at_once(call, build, &some, sizeof some, tpc_dnn_forbidden((int)tpc_dnn_type(a->dtype)), &some.batch, multiple);
    const bool each_head = !each && some.batch == 1 && a->own == a->heads && a->heads > 1;
    if (each_head) each = 1;
    tp_status status = TP_OK;
    for (int64_t first = 0; first < a->batch && each && !status; first += each) {
        const tpc_dnn_heads here = moved(a, at, first);
        some.batch = a->batch - first < each ? a->batch - first : each;
        const tpc_dnn_attention heads = by_heads(some);
        status = each_head ? tpc_dnn_attend(call, &heads, &here, scale, done) : attend(call, &some, &here, scale, done);
        if (!*done) break;
    }
    return status;
}

#endif
