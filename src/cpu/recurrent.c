/* recurrent.c: the elementwise part of a step of an LSTM or a GRU, and its backward, computed in float32 or float64. */
#include "cpu/recurrent.h"

#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/pointwise.h"
#include "cpu/vecmath.h"

enum { WORK = 24 };                                    /* elements that a plain copy moves while one of h is made */

/* ---- Loops over a row ---------------------------------------------------------------------------------------------------------- */

#define LOOPS(bits, T) \
    static TP__INLINE void lstm_forward_f##bits##_body(int64_t n, const T *x, const T *u, const T *c, T *y, T *next, T *work) \
    { \
        TP__VECTORIZE for (int64_t j = 0; j < n; j++) { \
            const T i = tp__sigmoid_f##bits(x[j] + u[j]), f = tp__sigmoid_f##bits(x[n + j] + u[n + j]); \
            const T g = tp__tanh_f##bits(x[2 * n + j] + u[2 * n + j]), o = tp__sigmoid_f##bits(x[3 * n + j] + u[3 * n + j]); \
            const T sum = f * c[j] + i * g; \
            next[j] = sum; \
            y[j] = o * tp__tanh_f##bits(sum); \
            work[j] = i; \
            work[n + j] = f; \
            work[2 * n + j] = g; \
            work[3 * n + j] = o; \
        } \
    } \
    static TP__INLINE void lstm_backward_f##bits##_body(int64_t n, const T *dy, const T *carried, const T *dnext, T *dc, const T *c, const T *next, \
                                                        const T *work, T *dx) \
    { \
        TP__VECTORIZE for (int64_t j = 0; j < n; j++) { \
            const T i = work[j], f = work[n + j], g = work[2 * n + j], o = work[3 * n + j], t = tp__tanh_f##bits(next[j]); \
            const T dh = dy[j] + carried[j], d = dnext[j] + dc[j] + dh * o * (1 - t * t); \
            dx[j] = d * g * i * (1 - i); \
            dx[n + j] = d * c[j] * f * (1 - f); \
            dx[2 * n + j] = d * i * (1 - g * g); \
            dx[3 * n + j] = dh * t * o * (1 - o); \
            dc[j] = d * f; \
        } \
    } \
    static TP__INLINE void gru_forward_f##bits##_body(int64_t n, const T *x, const T *u, const T *h, T *y, T *work) \
    { \
        TP__VECTORIZE for (int64_t j = 0; j < n; j++) { \
            const T r = tp__sigmoid_f##bits(x[j] + u[j]), z = tp__sigmoid_f##bits(x[n + j] + u[n + j]), q = u[2 * n + j]; \
            const T m = tp__tanh_f##bits(x[2 * n + j] + r * q); \
            y[j] = (h[j] - m) * z + m; \
            work[j] = r; \
            work[n + j] = z; \
            work[2 * n + j] = m; \
            work[3 * n + j] = q; \
        } \
    } \
    static TP__INLINE void gru_backward_f##bits##_body(int64_t n, const T *dy, T *dh, const T *h, const T *work, T *dx, T *du) \
    { \
        TP__VECTORIZE for (int64_t j = 0; j < n; j++) { \
            const T r = work[j], z = work[n + j], m = work[2 * n + j], q = work[3 * n + j], d = dy[j] + dh[j]; \
            const T dm = d * (1 - z) * (1 - m * m), dr = dm * q * r * (1 - r), dz = d * (h[j] - m) * z * (1 - z); \
            dx[j] = dr; \
            dx[n + j] = dz; \
            dx[2 * n + j] = dm; \
            du[j] = dr; \
            du[n + j] = dz; \
            du[2 * n + j] = dm * r; \
            dh[j] = d * z; \
        } \
    } \
    TP__SIMD(static, lstm_forward_f##bits, (int64_t n, const T *x, const T *u, const T *c, T *y, T *next, T *work), (n, x, u, c, y, next, work)) \
    TP__SIMD(static, lstm_backward_f##bits, (int64_t n, const T *dy, const T *carried, const T *dnext, T *dc, const T *c, const T *next, \
             const T *work, T *dx), (n, dy, carried, dnext, dc, c, next, work, dx)) \
    TP__SIMD(static, gru_forward_f##bits, (int64_t n, const T *x, const T *u, const T *h, T *y, T *work), (n, x, u, h, y, work)) \
    TP__SIMD(static, gru_backward_f##bits, (int64_t n, const T *dy, T *dh, const T *h, const T *work, T *dx, T *du), (n, dy, dh, h, work, dx, du)) \
    static void run_f##bits(tp__gate_loop loop, const tp__gate_rows *r, int64_t i) \
    { \
        const int64_t n = r->hidden, at = i * n; \
        const T *x = r->x, *u = r->u, *state = r->state, *dy = r->dh, *dc = r->dc, *carried = r->carried; \
        T *h = r->h, *c = r->c, *work = (T *)r->work + 4 * at, *dstate = r->dstate, *dx = r->dx, *du = r->du; \
        if (loop == TP__LSTM_FORWARD) lstm_forward_f##bits(n, x + 4 * at, u + 4 * at, state + at, h + at, c + at, work); \
        else if (loop == TP__LSTM_BACKWARD) \
            lstm_backward_f##bits(n, dy + at, carried + at, dc + at, dstate + at, state + at, c + at, work, dx + 4 * at); \
        else if (loop == TP__GRU_FORWARD) gru_forward_f##bits(n, x + 3 * at, u + 3 * at, state + at, h + at, work); \
        else gru_backward_f##bits(n, dy + at, dstate + at, state + at, work, dx + 3 * at, du + 3 * at); \
    }
LOOPS(32, float)
LOOPS(64, double)

typedef struct job { tp__gate_loop loop; const tp__gate_rows *rows; bool wide; } job;

static void run_rows(void *arg, int64_t first, int64_t last)
{
    const job *j = arg;
    for (int64_t i = first; i < last; i++) (j->wide ? run_f64 : run_f32)(j->loop, j->rows, i);
}

void tp__gates_run(tp__gate_loop loop, const tp__gate_rows *rows, int64_t n, tp_dtype dtype)
{
    tp__parallel_items(n, WORK * (rows->hidden + 1), tp_get_num_threads(), run_rows, &(job){ loop, rows, dtype == TP_F64 });
}

/* ---- Kernels of a single step -------------------------------------------------------------------------------------------------- */

enum { MOST = 6 };
typedef struct operands { tp__plain in[MOST], out[3], zeros; } operands;

/* Inputs and outputs as plain memory of `dtype`; inputs that are absent are `width` zeros, which are there anyway with `zeros`. */
static tp_status operands_open(operands *o, const tp__call *call, tp_dtype dtype, int64_t width, bool zeros)
{
    *o = (operands){ .zeros = { .bytes = 0 } };
    tp_status status = tp__plain_open(call, dtype, o->in, o->out);
    for (int i = 0; i < call->n_in; i++) zeros |= !call->in[i];
    if (zeros && !status) {
        o->zeros.bytes = (size_t)width * tp_dtype_size(dtype) + 1;
        o->zeros.data = tp_mem_calloc(o->zeros.bytes);
        if (!o->zeros.data) status = TP_ERR_MEMORY;
    }
    for (int i = 0; i < call->n_in && !status; i++)
        if (!call->in[i]) o->in[i].data = o->zeros.data;
    return status;
}

static void operands_close(operands *o, const tp__call *call, tp_status status)
{
    tp__plain_close(call, status, o->in, o->out);
    tp__plain_free(&o->zeros);
}

static tp_status lstm_gates(tp__call *call)
{
    const tp_tensor *c = call->in[2];
    const tp_dtype dtype = c->dtype == TP_F64 ? TP_F64 : TP_F32;
    operands o;
    const tp_status status = operands_open(&o, call, dtype, 4 * c->numel, false);
    if (!status)
        tp__gates_run(TP__LSTM_FORWARD, &(tp__gate_rows){ .hidden = c->shape[1], .x = o.in[0].data, .u = o.in[1].data, .state = o.in[2].data,
                      .h = o.out[0].data, .c = o.out[1].data, .work = o.out[2].data }, c->shape[0], dtype);
    operands_close(&o, call, status);
    return status;
}

/* Of dh, dc, c, the next c, work: dx, dc. */
static tp_status lstm_gates_backward(tp__call *call)
{
    const tp_tensor *c = call->in[2];
    const tp_dtype dtype = c->dtype == TP_F64 ? TP_F64 : TP_F32;
    operands o;
    const tp_status status = operands_open(&o, call, dtype, c->numel, true);
    if (!status) {
        if (c->numel) memset(o.out[1].data, 0, (size_t)c->numel * tp_dtype_size(dtype));
        tp__gates_run(TP__LSTM_BACKWARD, &(tp__gate_rows){ .hidden = c->shape[1], .dh = o.in[0].data, .dc = o.in[1].data, .carried = o.zeros.data,
                      .state = o.in[2].data, .c = o.in[3].data, .work = o.in[4].data, .dx = o.out[0].data, .dstate = o.out[1].data }, c->shape[0],
                      dtype);
    }
    operands_close(&o, call, status);
    return status;
}

static tp_status gru_gates(tp__call *call)
{
    const tp_tensor *h = call->in[2];
    const tp_dtype dtype = h->dtype == TP_F64 ? TP_F64 : TP_F32;
    operands o;
    const tp_status status = operands_open(&o, call, dtype, 0, false);
    if (!status)
        tp__gates_run(TP__GRU_FORWARD, &(tp__gate_rows){ .hidden = h->shape[1], .x = o.in[0].data, .u = o.in[1].data, .state = o.in[2].data,
                      .h = o.out[0].data, .work = o.out[1].data }, h->shape[0], dtype);
    operands_close(&o, call, status);
    return status;
}

/* Of dh, h, work: dx, du, dh. */
static tp_status gru_gates_backward(tp__call *call)
{
    const tp_tensor *h = call->in[1];
    const tp_dtype dtype = h->dtype == TP_F64 ? TP_F64 : TP_F32;
    operands o;
    const tp_status status = operands_open(&o, call, dtype, 0, false);
    if (!status) {
        if (h->numel) memset(o.out[2].data, 0, (size_t)h->numel * tp_dtype_size(dtype));
        tp__gates_run(TP__GRU_BACKWARD, &(tp__gate_rows){ .hidden = h->shape[1], .dh = o.in[0].data, .state = o.in[1].data, .work = o.in[2].data,
                      .dx = o.out[0].data, .du = o.out[1].data, .dstate = o.out[2].data }, h->shape[0], dtype);
    }
    operands_close(&o, call, status);
    return status;
}

const tp_kernel tp__cpu_recurrent[] = {
    { "lstm_gates", lstm_gates, NULL }, { "lstm_gates_backward", lstm_gates_backward, NULL },
    { "gru_gates", gru_gates, NULL }, { "gru_gates_backward", gru_gates_backward, NULL }, { NULL, NULL, NULL },
};
