/* recurrent.cu: the gates of a step of an LSTM or a GRU, and whole sequences: at each step one product with the weight of the state, and the
 * gates. Backward, the gradient of that weight is one product over all steps at the end. 16-bit floats are computed in float32. */
#include "cuda/matmul.cuh"
#include "cuda/plain.cuh"
#include "cuda/recurrent.cuh"

enum gate_loop { LSTM_FORWARD, LSTM_BACKWARD, GRU_FORWARD, GRU_BACKWARD };

template <class T> static tp_status run_gates(const tp__call *call, gate_loop loop, const tpc_gates<T> &r)
{
    if (!r.rows || !r.hidden) return TP_OK;
    const unsigned blocks = tpc_blocks(call, r.rows * r.hidden);
    switch (loop) {
    case LSTM_FORWARD: TPC_LAUNCH(tpc_lstm_forward<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), r); break;
    case LSTM_BACKWARD: TPC_LAUNCH(tpc_lstm_backward<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), r); break;
    case GRU_FORWARD: TPC_LAUNCH(tpc_gru_forward<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), r); break;
    default: TPC_LAUNCH(tpc_gru_backward<T>, blocks, TPC_BLOCK, 0, tpc_stream(call), r); break;
    }
    return tpc_launched(call);
}

template <class T> static constexpr int dtype_of() { return sizeof(T) == 8 ? TP_F64 : TP_F32; }

/* The arguments of a call */
template <class T> struct gate_operands {
    enum { IN = 8, OUT = 4 };
    tp__call *call;
    tpc_plain in[IN], out[OUT];
    explicit gate_operands(tp__call *of)
        : call(of), in{ tpc_plain(of), tpc_plain(of), tpc_plain(of), tpc_plain(of), tpc_plain(of), tpc_plain(of), tpc_plain(of), tpc_plain(of) },
          out{ tpc_plain(of), tpc_plain(of), tpc_plain(of), tpc_plain(of) } {}
    tp_status open()
    {
        tp_status status = TP_OK;
        for (int i = 0; i < tpc_n_in(call) && i < IN && !status; i++) status = in[i].take(call, i, dtype_of<T>());
        for (int i = 0; i < tpc_n_out(call) && i < OUT && !status; i++) status = out[i].make(call, i, dtype_of<T>());
        return status;
    }
    tp_status close(tp_status status) const
    {
        for (int i = 0; i < tpc_n_out(call) && i < OUT && !status; i++) status = out[i].give(call);
        return status;
    }
    const T *given(int i) const { return in[i].template as<T>(); }
    T *made(int i) const { return out[i].template as<T>(); }
};

/* By the dtype of input i */
#define BY_DTYPE(i, function) do { \
        tpc_array first; \
        tpc_in(call, i, &first); \
        return first.dtype == TP_F64 ? function<double>(call) : function<float>(call); \
    } while (0)

/* ---- A single step ---------------------------------------------------------------------------------------------------------------------- */

template <class T> static tp_status lstm_step(tp__call *call)
{
    gate_operands<T> o(call);
    tp_status status = o.open();
    tpc_gates<T> r = {};
    r.rows = o.in[2].x.shape[0], r.hidden = o.in[2].x.shape[1];
    r.x = o.given(0), r.u = o.given(1), r.state = o.given(2);
    r.h = o.made(0), r.c = o.made(1), r.work = o.made(2);
    if (!status) status = run_gates(call, LSTM_FORWARD, r);
    return o.close(status);
}
/* Of dh, dc, c, the next c, work: dx, dc. */
template <class T> static tp_status lstm_step_backward(tp__call *call)
{
    gate_operands<T> o(call);
    tp_status status = o.open();
    tpc_gates<T> r = {};
    r.rows = o.in[2].x.shape[0], r.hidden = o.in[2].x.shape[1], r.fresh = true;
    r.dh = o.given(0), r.dc = o.given(1), r.state = o.given(2), r.c = const_cast<T *>(o.given(3)), r.work = const_cast<T *>(o.given(4));
    r.dx = o.made(0), r.dstate = o.made(1);
    if (!status) status = run_gates(call, LSTM_BACKWARD, r);
    return o.close(status);
}
template <class T> static tp_status gru_step(tp__call *call)
{
    gate_operands<T> o(call);
    tp_status status = o.open();
    tpc_gates<T> r = {};
    r.rows = o.in[2].x.shape[0], r.hidden = o.in[2].x.shape[1];
    r.x = o.given(0), r.u = o.given(1), r.state = o.given(2);
    r.h = o.made(0), r.work = o.made(1);
    if (!status) status = run_gates(call, GRU_FORWARD, r);
    return o.close(status);
}
/* Of dh, h, work: dx, du, dh. */
template <class T> static tp_status gru_step_backward(tp__call *call)
{
    gate_operands<T> o(call);
    tp_status status = o.open();
    tpc_gates<T> r = {};
    r.rows = o.in[1].x.shape[0], r.hidden = o.in[1].x.shape[1], r.fresh = true;
    r.dh = o.given(0), r.state = o.given(1), r.work = const_cast<T *>(o.given(2));
    r.dx = o.made(0), r.du = o.made(1), r.dstate = o.made(2);
    if (!status) status = run_gates(call, GRU_BACKWARD, r);
    return o.close(status);
}

static tp_status lstm_gates(tp__call *call) { BY_DTYPE(2, lstm_step); }
static tp_status lstm_gates_backward(tp__call *call) { BY_DTYPE(2, lstm_step_backward); }
static tp_status gru_gates(tp__call *call) { BY_DTYPE(2, gru_step); }
static tp_status gru_gates_backward(tp__call *call) { BY_DTYPE(1, gru_step_backward); }

/* ---- Sequences ---------------------------------------------------------------------------------------------------------------------------- */

struct back_attr { bool reverse, weight, state; };

struct layer { int64_t steps, batch, hidden, gates; bool reverse; };     /* gates: elements of a row of them */
static layer layer_of(const tpc_array &x, int64_t hidden, int64_t gates, bool reverse) { return { x.shape[0], x.shape[1], hidden, gates * hidden, reverse }; }

/* Step s in the order of running, and where rows of `width` of step t begin. */
static int64_t step_of(const layer &l, int64_t s) { return l.reverse ? l.steps - 1 - s : s; }
template <class T> static T *rows_of(const layer &l, T *base, int64_t t, int64_t width) { return base ? base + t * l.batch * width : nullptr; }

/* u = h W' + b */
template <class T> static tp_status by_state(const tp__call *call, const layer &l, const T *h, const T *w, const T *bias, T *u)
{
    return tpc_multiply(call, { dtype_of<T>(), l.batch, l.gates, l.hidden, 1, { const_cast<T *>(h), l.hidden, 0, false },
                                { const_cast<T *>(w), l.hidden, 0, true },
                                { u, l.gates, 0, false }, bias, false, false, nullptr, nullptr });
}
/* dh = du W, or dh += du W */
template <class T> static tp_status to_state(const tp__call *call, const layer &l, const T *du, const T *w, T *dh, bool accumulate)
{
    return tpc_multiply(call, { dtype_of<T>(), l.batch, l.hidden, l.gates, 1, { const_cast<T *>(du), l.gates, 0, false },
                                { const_cast<T *>(w), l.hidden, 0, false },
                                { dh, l.hidden, 0, false }, nullptr, accumulate, false, nullptr, nullptr });
}
/* dW = sum of du_t' h_(t - 1): of all steps but the first at once, and of that one by the initial state, if there is one. */
template <class T> static tp_status weight_gradient(const tp__call *call, const layer &l, T *du, const T *y, const T *first, T *dw)
{
    const int64_t rest = l.steps > 1 ? l.steps - 1 : 0;
    tpc_product p = { dtype_of<T>(), l.gates, l.hidden, rest * l.batch, 1, { rows_of(l, du, l.reverse ? 0 : 1, l.gates), l.gates, 0, true },
                      { const_cast<T *>(rows_of(l, y, l.reverse ? 1 : 0, l.hidden)), l.hidden, 0, false }, { dw, l.hidden, 0, false },
                      nullptr, false, false, nullptr, nullptr };
    if (!dw) return TP_OK;
    const tp_status status = tpc_multiply(call, p);
    if (status || !first || !l.steps) return status;
    p.a.data = rows_of(l, du, step_of(l, 0), l.gates);
    p.b.data = const_cast<T *>(first);
    p.k = l.batch;
    p.accumulate = true;
    return tpc_multiply(call, p);
}

template <class T> static tp_status copy_state(const tp__call *call, const layer &l, T *to, const T *from)
{
    const size_t bytes = (size_t)(l.batch * l.hidden) * sizeof(T);
    if (!bytes) return TP_OK;
    const bool any = l.steps != 0;                     /* of no step nothing was written */
    return tpc_check(call, any ? cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, tpc_stream(call)) : cudaMemsetAsync(to, 0, bytes, tpc_stream(call)),
                     "a copy on the device");
}

/* x, W, h?, c? -> y, c, work */
template <class T> static tp_status lstm_forward(tp__call *call)
{
    gate_operands<T> o(call);
    tp_status status = o.open();
    if (status) return status;
    const layer l = layer_of(o.in[0].x, o.in[1].x.shape[1], 4, *static_cast<const bool *>(tpc_attr(call)));
    tpc_temporary room(call, (size_t)(l.batch * l.gates) * sizeof(T));
    if (l.batch * l.gates > 0 && !room.data) return TP_ERR_MEMORY;
    const T *h = o.given(2), *c = o.given(3);
    for (int64_t s = 0; s < l.steps && !status && room.data; s++) {
        const int64_t t = step_of(l, s);
        tpc_gates<T> r = {};
        r.rows = l.batch, r.hidden = l.hidden;
        r.x = rows_of(l, o.given(0), t, l.gates), r.u = h ? room.as<T>() : nullptr, r.state = c;
        r.h = rows_of(l, o.made(0), t, l.hidden), r.c = rows_of(l, o.made(1), t, l.hidden), r.work = rows_of(l, o.made(2), t, l.gates);
        if (h) status = by_state<T>(call, l, h, o.given(1), nullptr, room.as<T>());
        if (!status) status = run_gates(call, LSTM_FORWARD, r);
        h = r.h;
        c = r.c;
    }
    return o.close(status);
}

/* dy?, dc?, W, h?, c?, y, c, work -> dx, dW, dh, dc */
template <class T> static tp_status lstm_backward(tp__call *call)
{
    const back_attr *a = static_cast<const back_attr *>(tpc_attr(call));
    gate_operands<T> o(call);
    tp_status status = o.open();
    if (status) return status;
    const layer l = layer_of(o.in[5].x, o.in[2].x.shape[1], 4, a->reverse);
    const int64_t rows = l.batch * l.hidden;
    tpc_temporary room(call, (size_t)(2 * rows) * sizeof(T));
    if (rows && !room.data) return TP_ERR_MEMORY;
    T *const dh = room.as<T>(), *const dc = dh ? dh + rows : nullptr;
    for (int64_t s = l.steps - 1; s >= 0 && !status && rows; s--) {
        const int64_t t = step_of(l, s);
        tpc_gates<T> r = {};
        r.rows = l.batch, r.hidden = l.hidden, r.fresh = s == l.steps - 1;
        r.dh = rows_of(l, o.given(0), t, l.hidden), r.carried = r.fresh ? nullptr : dh;
        r.dc = rows_of(l, o.given(1), t, l.hidden), r.dstate = dc, r.c = const_cast<T *>(rows_of(l, o.given(6), t, l.hidden));
        r.state = s ? rows_of(l, o.given(6), step_of(l, s - 1), l.hidden) : o.given(4);
        r.work = const_cast<T *>(rows_of(l, o.given(7), t, l.gates)), r.dx = rows_of(l, o.made(0), t, l.gates);
        status = run_gates(call, LSTM_BACKWARD, r);
        if (!status && (s || a->state)) status = to_state<T>(call, l, r.dx, o.given(2), dh, false);
    }
    if (!status && a->weight) status = weight_gradient<T>(call, l, o.made(0), o.given(5), o.given(3), o.made(1));
    if (!status && a->state) status = copy_state<T>(call, l, o.made(2), dh);
    if (!status && a->state) status = copy_state<T>(call, l, o.made(3), dc);
    return o.close(status);
}

/* x, W, b?, h? -> y, work */
template <class T> static tp_status gru_forward(tp__call *call)
{
    gate_operands<T> o(call);
    tp_status status = o.open();
    if (status) return status;
    const layer l = layer_of(o.in[0].x, o.in[1].x.shape[1], 3, *static_cast<const bool *>(tpc_attr(call)));
    tpc_temporary room(call, (size_t)(l.batch * l.gates) * sizeof(T));
    if (l.batch * l.gates > 0 && !room.data) return TP_ERR_MEMORY;
    const T *h = o.given(3);
    for (int64_t s = 0; s < l.steps && !status && room.data; s++) {
        const int64_t t = step_of(l, s);
        tpc_gates<T> r = {};
        r.rows = l.batch, r.hidden = l.hidden;
        r.x = rows_of(l, o.given(0), t, l.gates), r.u = h ? room.as<T>() : nullptr, r.u_row = o.given(2), r.state = h;
        r.h = rows_of(l, o.made(0), t, l.hidden), r.work = rows_of(l, o.made(1), t, 4 * l.hidden);
        if (h) status = by_state<T>(call, l, h, o.given(1), o.given(2), room.as<T>());
        if (!status) status = run_gates(call, GRU_FORWARD, r);
        h = r.h;
    }
    return o.close(status);
}

/* y[j] = the sum of column j: 32 columns and 8 rows at a time */
template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) sum_columns(const T *x, T *y, int64_t rows, int64_t n)
{
    TPC_SHARED(double, part, [TPC_BLOCK / 32][32]);
    const int lane = (int)threadIdx.x % 32, from = (int)threadIdx.x / 32;
    for (int64_t j0 = (int64_t)blockIdx.x * 32; j0 < n; j0 += (int64_t)gridDim.x * 32) {
        double sum = 0;
        for (int64_t i = from; i < rows && j0 + lane < n; i += TPC_BLOCK / 32) sum += x[i * n + j0 + lane];
        part[from][lane] = sum;
        __syncthreads();
        for (int i = 1; i < TPC_BLOCK / 32 && !from; i++) sum += part[i][lane];
        if (!from && j0 + lane < n) y[j0 + lane] = (T)sum;
        __syncthreads();
    }
}

/* dy, W, h?, y, work -> dx, dW, db, dh */
template <class T> static tp_status gru_backward(tp__call *call)
{
    const back_attr *a = static_cast<const back_attr *>(tpc_attr(call));
    gate_operands<T> o(call);
    tp_status status = o.open();
    if (status) return status;
    const layer l = layer_of(o.in[3].x, o.in[1].x.shape[1], 3, a->reverse);
    const int64_t rows = l.batch * l.hidden;
    tpc_temporary room(call, (size_t)(rows + 3 * rows * l.steps) * sizeof(T));
    if (rows && !room.data) return TP_ERR_MEMORY;
    T *const dh = room.as<T>(), *const all = dh ? dh + rows : nullptr;
    for (int64_t s = l.steps - 1; s >= 0 && !status && rows; s--) {
        const int64_t t = step_of(l, s);
        tpc_gates<T> r = {};
        r.rows = l.batch, r.hidden = l.hidden, r.fresh = s == l.steps - 1;
        r.dh = rows_of(l, o.given(0), t, l.hidden), r.dstate = dh;
        r.state = s ? rows_of(l, o.given(3), step_of(l, s - 1), l.hidden) : o.given(2);
        r.work = const_cast<T *>(rows_of(l, o.given(4), t, 4 * l.hidden)), r.dx = rows_of(l, o.made(0), t, l.gates), r.du = rows_of(l, all, t, l.gates);
        status = run_gates(call, GRU_BACKWARD, r);
        if (!status && (s || a->state)) status = to_state<T>(call, l, r.du, o.given(1), dh, true);
    }
    if (!status && o.made(2)) {
        TPC_LAUNCH(sum_columns<T>, tpc_grid(call, (l.gates + 31) / 32), TPC_BLOCK, 0, tpc_stream(call), all, o.made(2), rows ? l.steps * l.batch : 0, l.gates);
        status = tpc_launched(call);
    }
    if (!status && a->weight) status = weight_gradient<T>(call, l, all, o.given(3), o.given(2), o.made(1));
    if (!status && a->state) status = copy_state<T>(call, l, o.made(3), dh);
    return o.close(status);
}

static tp_status lstm_layer(tp__call *call) { BY_DTYPE(0, lstm_forward); }
static tp_status lstm_layer_backward(tp__call *call) { BY_DTYPE(5, lstm_backward); }
static tp_status gru_layer(tp__call *call) { BY_DTYPE(0, gru_forward); }
static tp_status gru_layer_backward(tp__call *call) { BY_DTYPE(3, gru_backward); }

extern "C" const tp_kernel tp__cuda_recurrent[] = {
    { "lstm_gates", lstm_gates, NULL }, { "lstm_gates_backward", lstm_gates_backward, NULL },
    { "gru_gates", gru_gates, NULL }, { "gru_gates_backward", gru_gates_backward, NULL },
    { "lstm_layer", lstm_layer, NULL }, { "lstm_layer_backward", lstm_layer_backward, NULL },
    { "gru_layer", gru_layer, NULL }, { "gru_layer_backward", gru_layer_backward, NULL }, { NULL, NULL, NULL },
};
