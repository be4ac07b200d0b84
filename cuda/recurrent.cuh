/* recurrent.cuh: the elementwise part of a recurrent step, for rows of float32 or float64; src/cpu/recurrent.h has the same for the CPU. */
#ifndef TPC_RECURRENT_CUH
#define TPC_RECURRENT_CUH

#include "cuda/kernel.cuh"

/* Rows of `hidden` elements, and of so many times that, one after another. What is absent (NULL) is zero. */
template <class T> struct tpc_gates {
    int64_t hidden, rows;
    const T *x, *u;                                    /* gates by the input and by the state */
    const T *u_row;                                    /* where there is no u: a row for all */
    const T *state;                                    /* LSTM: c, GRU: h */
    T *h, *c, *work;
    const T *dh, *dc;                                  /* backward: of the new state, that which is given */
    T *dstate;                                         /* in: what is to be added to that; out: the gradient of `state` */
    bool fresh;                                        /* nothing is to be added yet */
    const T *carried;                                  /* LSTM: what is to be added to dh */
    T *dx, *du;                                        /* du: GRU */
};

TPC_DEVICE float tpc_exp(float x) { return expf(x); }
TPC_DEVICE double tpc_exp(double x) { return ::exp(x); }
TPC_DEVICE float tpc_tanh(float x) { return tanhf(x); }
TPC_DEVICE double tpc_tanh(double x) { return ::tanh(x); }
template <class T> TPC_DEVICE T tpc_sigmoid(T x) { return 1 / (1 + tpc_exp(-x)); }
template <class T> TPC_DEVICE T tpc_or_zero(const T *x, int64_t i) { return x ? x[i] : (T)0; }
/* The gates by the state: gate g of element j of row i */
template <class T> TPC_DEVICE T tpc_by_state(const tpc_gates<T> &r, int64_t i, int64_t n, int g, int64_t j)
{
    return r.u ? r.u[i * n + g * r.hidden + j] : tpc_or_zero(r.u_row, g * r.hidden + j);
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_lstm_forward(const tpc_gates<T> r)
{
    const int64_t n = r.hidden;
    for (int64_t e = tpc_first(); e < r.rows * n; e += tpc_step()) {
        const int64_t row = e / n, j = e - row * n, at = 4 * row * n + j;
        const T i = tpc_sigmoid(tpc_or_zero(r.x, at) + tpc_by_state(r, row, 4 * n, 0, j)),
                f = tpc_sigmoid(tpc_or_zero(r.x, at + n) + tpc_by_state(r, row, 4 * n, 1, j));
        const T g = tpc_tanh(tpc_or_zero(r.x, at + 2 * n) + tpc_by_state(r, row, 4 * n, 2, j)),
                o = tpc_sigmoid(tpc_or_zero(r.x, at + 3 * n) + tpc_by_state(r, row, 4 * n, 3, j));
        const T sum = f * tpc_or_zero(r.state, e) + i * g;
        r.c[e] = sum;
        r.h[e] = o * tpc_tanh(sum);
        r.work[at] = i;
        r.work[at + n] = f;
        r.work[at + 2 * n] = g;
        r.work[at + 3 * n] = o;
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_lstm_backward(const tpc_gates<T> r)
{
    const int64_t n = r.hidden;
    for (int64_t e = tpc_first(); e < r.rows * n; e += tpc_step()) {
        const int64_t row = e / n, j = e - row * n, at = 4 * row * n + j;
        const T i = r.work[at], f = r.work[at + n], g = r.work[at + 2 * n], o = r.work[at + 3 * n], t = tpc_tanh(r.c[e]);
        const T dh = tpc_or_zero(r.dh, e) + tpc_or_zero(r.carried, e);
        const T d = tpc_or_zero(r.dc, e) + (r.fresh ? (T)0 : r.dstate[e]) + dh * o * (1 - t * t);
        r.dx[at] = d * g * i * (1 - i);
        r.dx[at + n] = d * tpc_or_zero(r.state, e) * f * (1 - f);
        r.dx[at + 2 * n] = d * i * (1 - g * g);
        r.dx[at + 3 * n] = dh * t * o * (1 - o);
        r.dstate[e] = d * f;
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_gru_forward(const tpc_gates<T> r)
{
    const int64_t n = r.hidden;
    for (int64_t e = tpc_first(); e < r.rows * n; e += tpc_step()) {
        const int64_t row = e / n, j = e - row * n, at = 3 * row * n + j, to = 4 * row * n + j;
        const T reset = tpc_sigmoid(tpc_or_zero(r.x, at) + tpc_by_state(r, row, 3 * n, 0, j)),
                z = tpc_sigmoid(tpc_or_zero(r.x, at + n) + tpc_by_state(r, row, 3 * n, 1, j));
        const T q = tpc_by_state(r, row, 3 * n, 2, j), m = tpc_tanh(tpc_or_zero(r.x, at + 2 * n) + reset * q);
        r.h[e] = (tpc_or_zero(r.state, e) - m) * z + m;
        r.work[to] = reset;
        r.work[to + n] = z;
        r.work[to + 2 * n] = m;
        r.work[to + 3 * n] = q;
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_gru_backward(const tpc_gates<T> r)
{
    const int64_t n = r.hidden;
    for (int64_t e = tpc_first(); e < r.rows * n; e += tpc_step()) {
        const int64_t row = e / n, j = e - row * n, at = 3 * row * n + j, from = 4 * row * n + j;
        const T reset = r.work[from], z = r.work[from + n], m = r.work[from + 2 * n], q = r.work[from + 3 * n];
        const T d = tpc_or_zero(r.dh, e) + (r.fresh ? (T)0 : r.dstate[e]);
        const T dm = d * (1 - z) * (1 - m * m), dr = dm * q * reset * (1 - reset), dz = d * (tpc_or_zero(r.state, e) - m) * z * (1 - z);
        r.dx[at] = dr;
        r.dx[at + n] = dz;
        r.dx[at + 2 * n] = dm;
        r.du[at] = dr;
        r.du[at + n] = dz;
        r.du[at + 2 * n] = dm * reset;
        r.dstate[e] = d * z;
    }
}

#endif
