/* pointwise.c: elementwise kernels. Each op is a row of a table: an expression, from which come loops in float32, float64 and
 * int64. Other dtypes are cast in and out in blocks that stay in the first cache: int64 wraps as every narrower integer
 * does, float32 is what float16 and bfloat16 compute in. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/vecmath.h"

enum { BLOCK = 512, PARALLEL_FROM = 1 << 17, CHUNK = 1 << 15 };

/* ---- Loops ---------------------------------------------------------------------------------------------------------------------- */

#ifdef __clang__
#define VECTORIZE _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTORIZE _Pragma("GCC ivdep")                 /* y may be a or b, but not lie across them */
#endif

#define LOOP2(name, T, expression) \
    static TP__INLINE void name##_body(int64_t n, void *py, const void *pa, int sa, const void *pb, int sb) \
    { \
        T *y = py; \
        const T *a = pa, *b = pb; \
        if (sa && sb) { VECTORIZE for (int64_t i = 0; i < n; i++) { const T u = a[i], v = b[i]; y[i] = (T)(expression); } } \
        else if (sa) { const T v = *b; VECTORIZE for (int64_t i = 0; i < n; i++) { const T u = a[i]; y[i] = (T)(expression); } } \
        else { const T u = *a; VECTORIZE for (int64_t i = 0; i < n; i++) { const T v = sb ? b[i] : *b; y[i] = (T)(expression); } } \
    } \
    TP__SIMD(static, name, (int64_t n, void *py, const void *pa, int sa, const void *pb, int sb), (n, py, pa, sa, pb, sb))
#define CALL1(name, T, expression)                     /* of the C library: nothing to vectorize */ \
    static void name(int64_t n, void *py, const void *pa, int sa, const void *pb, int sb) \
    { \
        T *y = py; \
        const T *a = pa; \
        (void)pb, (void)sb, (void)sa; \
        for (int64_t i = 0; i < n; i++) { const T u = a[i]; y[i] = (T)(expression); } \
    }
#define LOOP1(name, T, expression) \
    static TP__INLINE void name##_body(int64_t n, void *py, const void *pa, int sa, const void *pb, int sb) \
    { \
        T *y = py; \
        const T *a = pa; \
        (void)pb, (void)sb, (void)sa; \
        VECTORIZE for (int64_t i = 0; i < n; i++) { const T u = a[i]; y[i] = (T)(expression); } \
    } \
    TP__SIMD(static, name, (int64_t n, void *py, const void *pa, int sa, const void *pb, int sb), (n, py, pa, sa, pb, sb))

/* name, expression in float32, in float64, in int64 */
#define REAL2(name, expression) LOOP2(name##_F32, float, expression) LOOP2(name##_F64, double, expression)
#define EVERY2(name, expression, whole) REAL2(name, expression) LOOP2(name##_I64, int64_t, whole)
#define REAL1(name, single, dbl) LOOP1(name##_F32, float, single) CALL1(name##_F64, double, dbl)
#define EVERY1(name, expression, whole) LOOP1(name##_F32, float, expression) LOOP1(name##_F64, double, expression) LOOP1(name##_I64, int64_t, whole)

EVERY2(add, u + v, (uint64_t)u + (uint64_t)v)
EVERY2(sub, u - v, (uint64_t)u - (uint64_t)v)
EVERY2(mul, u * v, (uint64_t)u * (uint64_t)v)
EVERY2(eq, u == v, u == v)
REAL2(div, u / v)
EVERY1(neg, -u, -(uint64_t)u)
EVERY1(relu, u < 0 ? 0 : u, u < 0 ? 0 : u)
REAL1(exp, tp__exp_f32(u), exp(u))
REAL1(log, tp__log_f32(u), log(u))
REAL1(sqrt, sqrtf(u), sqrt(u))
REAL1(sigmoid, tp__sigmoid_f32(u), 1 / (1 + exp(-u)))
REAL1(tanh, tp__tanh_f32(u), tanh(u))
REAL2(relu_backward, v <= 0 ? 0 : u)
REAL2(sigmoid_backward, u * (v * (1 - v)))
REAL2(tanh_backward, u * (1 - v * v))

#define REAL_TABLE(name)  static tp_flat_fn *const name##_flat[TP_DTYPE_END] = { [TP_F32] = name##_F32, [TP_F64] = name##_F64 };
#define EVERY_TABLE(name) static tp_flat_fn *const name##_flat[TP_DTYPE_END] = { [TP_F32] = name##_F32, [TP_F64] = name##_F64, [TP_I64] = name##_I64 };
#define EACH_REAL(X) X(div) X(exp) X(log) X(sqrt) X(sigmoid) X(tanh) X(relu_backward) X(sigmoid_backward) X(tanh_backward)
#define EACH_EVERY(X) X(add) X(sub) X(mul) X(neg) X(relu)
EACH_REAL(REAL_TABLE)
EACH_EVERY(EVERY_TABLE)
EVERY_TABLE(eq)

/* ---- Walking any strides --------------------------------------------------------------------------------------------------------- */

typedef struct operand { char *data; tp_dtype dtype; int64_t item; } operand;
typedef struct walk {                                  /* operand 0 is the output */
    int n, ndim;
    operand at[3];
    int64_t size[TP_MAX_DIMS], stride[3][TP_MAX_DIMS]; /* in elements; 0 where an input broadcasts */
    tp_dtype compute;
    tp_flat_fn *loop;
} walk;

/* The dims of the output by falling stride, neighbours joined where all operands step evenly over both. */
static void lay_out(walk *w, const tp__call *call)
{
    const tp_tensor *y = call->out[0];
    int order[TP_MAX_DIMS];
    const int n = tp__dims_by_stride(y, order);
    w->ndim = 0;
    for (int i = 0; i < n; i++) {
        int64_t step[3] = { y->stride[order[i]] };
        for (int k = 1; k < w->n; k++) {
            const tp_tensor *x = call->in[k - 1];
            const int d = order[i] - (y->ndim - x->ndim);
            step[k] = d >= 0 && x->shape[d] != 1 ? x->stride[d] : 0;
        }
        const int64_t size = y->shape[order[i]];
        bool joins = w->ndim > 0;
        for (int k = 0; k < w->n && joins; k++) joins = w->stride[k][w->ndim - 1] == step[k] * size;
        if (!joins) w->size[w->ndim++] = 1;
        w->size[w->ndim - 1] *= size;
        for (int k = 0; k < w->n; k++) w->stride[k][w->ndim - 1] = step[k];
    }
    if (!w->ndim) {
        w->size[w->ndim++] = 1;
        for (int k = 0; k < w->n; k++) w->stride[k][0] = 1;
    }
}

static bool is_direct(const walk *w, int k)
{
    const int64_t step = w->stride[k][w->ndim - 1];
    return w->at[k].dtype == w->compute && (step == 1 || (k && step == 0));
}

/* One row of the innermost dim: straight through where the operands allow, else by blocks in the dtype of computation. */
static void run_row(const walk *w, char *const *data, int64_t n)
{
    const int last = w->ndim - 1;
    const void *in[2] = { NULL, NULL };
    int step[2] = { 0, 0 };
    _Alignas(64) double buffer[3][BLOCK];
    const bool spreads = w->n == 2 && !w->stride[1][last];       /* by blocks, in the buffer */
    const bool direct = !spreads && is_direct(w, 0) && is_direct(w, 1) && (w->n == 2 || is_direct(w, 2));
    const int64_t most = direct ? n : BLOCK, wide = (int64_t)tp_dtype_size(w->compute);
    for (int64_t at = 0; at < n; at += most) {
        const int64_t m = n - at < most ? n - at : most;
        for (int k = 1; k < w->n; k++) {
            const int64_t stride = w->stride[k][last];
            char *x = data[k] + at * stride * w->at[k].item;
            step[k - 1] = stride != 0;
            if (is_direct(w, k)) {
                in[k - 1] = x;
                continue;
            }
            tp__cast_row(buffer[k], w->compute, 1, x, w->at[k].dtype, stride, stride ? m : 1);
            in[k - 1] = buffer[k];
        }
        if (spreads) {                   /* one input, broadcast: compute it once and spread it */
            for (int64_t i = 1; i < m && i < BLOCK; i++) memcpy((char *)buffer[1] + i * wide, in[0], (size_t)wide);
            if (in[0] != buffer[1]) memcpy(buffer[1], in[0], (size_t)wide);
            in[0] = buffer[1];
            step[0] = 1;
        }
        char *y = data[0] + at * w->stride[0][last] * w->at[0].item;
        if (is_direct(w, 0)) {
            w->loop(m, y, in[0], step[0], in[1], step[1]);
        } else {
            w->loop(m, buffer[0], in[0], step[0], in[1], step[1]);
            tp__cast_row(y, w->at[0].dtype, w->stride[0][last], buffer[0], w->compute, 1, m);
        }
    }
}

static void run_rows(const walk *w, int64_t first, int64_t last_row, int64_t from, int64_t n)
{
    int64_t index[TP_MAX_DIMS];
    char *data[3];
    for (int k = 0; k < w->n; k++) data[k] = w->at[k].data + from * w->stride[k][w->ndim - 1] * w->at[k].item;
    int64_t rest = first;
    for (int d = w->ndim - 2; d >= 0; d--) {
        index[d] = rest % w->size[d];
        rest /= w->size[d];
        for (int k = 0; k < w->n; k++) data[k] += index[d] * w->stride[k][d] * w->at[k].item;
    }
    for (int64_t row = first; row < last_row; row++) {
        run_row(w, data, n);
        for (int d = w->ndim - 2; d >= 0; d--) {
            for (int k = 0; k < w->n; k++) data[k] += w->stride[k][d] * w->at[k].item;
            if (++index[d] < w->size[d]) break;
            for (int k = 0; k < w->n; k++) data[k] -= index[d] * w->stride[k][d] * w->at[k].item;
            index[d] = 0;
        }
    }
}

/* Pieces of some CHUNK elements: parts of a row, or a few rows. */
typedef struct share { const walk *w; int64_t rows, inner, per_row, per_piece; } share;

static void run_piece(void *arg, int64_t i)
{
    const share *s = arg;
    if (s->per_row > 1) {
        const int64_t from = i % s->per_row * CHUNK, rest = s->inner - from;
        run_rows(s->w, i / s->per_row, i / s->per_row + 1, from, rest < CHUNK ? rest : CHUNK);
    } else {
        const int64_t first = i * s->per_piece, last = first + s->per_piece;
        run_rows(s->w, first, last < s->rows ? last : s->rows, 0, s->inner);
    }
}

static tp_status run(tp__call *call, tp_flat_fn *const *loops)
{
    const tp_tensor *y = call->out[0];
    const tp_dtype wanted = (tp_dtype)(uintptr_t)call->scratch;
    walk w = { .n = 1 + (call->n_in > 0) + (call->n_in > 1 && call->in[1]) };
    w.compute = wanted == TP_F64 ? TP_F64 : tp__is_floating(wanted) ? TP_F32 : TP_I64;
    w.loop = tp__is_complex(wanted) ? NULL : loops[w.compute];
    if (!w.loop) return tp__call_fail(call, TP_ERR_DTYPE, "there is no kernel for %s", tp_dtype_name(wanted));
    if (!y->numel) return TP_OK;
    for (int k = 0; k < w.n; k++) {
        const tp_tensor *x = k ? call->in[k - 1] : y;
        w.at[k] = (operand){ x->data, (tp_dtype)x->dtype, (int64_t)tp_dtype_size((tp_dtype)x->dtype) };
    }
    lay_out(&w, call);
    const int64_t inner = w.size[w.ndim - 1], rows = y->numel / inner;
    int threads = y->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    if (threads == 1) {
        run_rows(&w, 0, rows, 0, inner);
        return TP_OK;
    }
    share s = { &w, rows, inner, .per_row = (inner + CHUNK - 1) / CHUNK, .per_piece = inner < CHUNK ? (CHUNK + inner - 1) / inner : 1 };
    tp__parallel(s.per_row > 1 ? rows * s.per_row : (rows + s.per_piece - 1) / s.per_piece, threads, run_piece, &s);
    return TP_OK;
}

#define RUN(name) static tp_status name##_run(tp__call *call) { return run(call, name##_flat); }
EACH_REAL(RUN)
EACH_EVERY(RUN)
RUN(eq)

#define ROW(name) { #name, name##_run, name##_flat },
const tp_kernel tp__cpu_pointwise[] = {
    EACH_REAL(ROW) EACH_EVERY(ROW)
    { "eq", eq_run, NULL },                            /* its output is no value of the dtype it computes in */
    { NULL, NULL, NULL },
};
