/* recurrent.c: a step of a recurrent layer.
 *
 *   lstm_gates   i, f, g, o = s, s, tanh, s of the four parts of x + u;   c' = f c + i g,   h = o tanh(c')
 *                d = dc' + dh o (1 - tanh(c')^2)
 *                dx = du = (d g i (1 - i),  d c f (1 - f),  d i (1 - g^2),  dh tanh(c') o (1 - o)),   dc = d f
 *   gru_gates    r, z = s of the first parts of x + u;   n = tanh(x_n + r u_n),   h' = (1 - z) n + z h
 *                d = dh' (1 - z) (1 - n^2)
 *                dx = (d u_n r (1 - r),  dh' (h - n) z (1 - z),  d),   du = the same, but d r,   dh = dh' z
 *   lstm_cell, gru_cell, rnn_tanh_cell, rnn_relu_cell   of these gates x = x W_ih' + b_ih,  u = h W_hh' + b_hh
 *
 * The last output of the gates is what the backward needs: i, f, g, o, or r, z, n, u_n. */
#include "ops/recurrent.h"

#include "ops/samples.h"

/* ---- Shape rules --------------------------------------------------------------------------------------------------------------- */

tp_status tp__recurrent_check(const tp__call *call, int i, const char *name, int ndim, const int64_t *shape)
{
    const tp_tensor *x = call->in[i], *first = call->in[0];
    for (int k = 0; !first; k++) first = call->in[k];
    if (!x) return TP_OK;
    bool fits = x->ndim == ndim;
    for (int d = 0; fits && d < ndim; d++) fits = x->shape[d] == shape[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s is %s, and should be %s", name, tp__shape_text(x), tp__dims_text(ndim, shape));
    if (x->dtype == first->dtype) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "%s is %s, and not %s", name, tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)first->dtype));
}

tp_status tp__recurrent_gates(const tp__call *call, const tp_tensor *x, int ndim, int64_t gates)
{
    if (!tp__is_floating(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim != ndim || x->shape[ndim - 1] % gates)
        return tp__call_fail(call, TP_ERR_SHAPE, "the gates %s are not %s, %lld hidden]", tp__shape_text(x),
                             ndim == 2 ? "[batch" : "[steps, batch", (long long)gates);
    return TP_OK;
}

/* x, u, c or h -> h, c?, work */
static tp_status gates_shape(tp__call *call, int64_t gates, bool optional)
{
    const tp_tensor *x = call->in[0];
    if (tp__recurrent_gates(call, x, 2, gates)) return tp__pending();
    const int64_t state[] = { x->shape[0], x->shape[1] / gates }, work[] = { x->shape[0], 4 * state[1] };
    if ((!optional || call->in[1]) && tp__recurrent_check(call, 1, "hidden_gates", 2, x->shape)) return tp__pending();
    if (tp__recurrent_check(call, 2, gates == 4 ? "cx" : "hx", 2, state)) return tp__pending();
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if (!tp__out(call, dtype, 2, state) || (gates == 4 && !tp__out(call, dtype, 2, state))) return tp__pending();
    return tp__made(tp__out(call, dtype, 2, work));
}

static tp_status lstm_shape(tp__call *call) { return gates_shape(call, 4, true); }
static tp_status gru_shape(tp__call *call) { return gates_shape(call, 3, false); }

/* dh?, dc?, c, c', work -> dx, dc */
static tp_status lstm_back_shape(tp__call *call)
{
    const tp_tensor *work = call->in[4];
    if (tp__recurrent_gates(call, work, 2, 4)) return tp__pending();
    const int64_t state[] = { work->shape[0], work->shape[1] / 4 };
    static const char *const names[] = { "grad_h", "grad_c", "cx", "cy" };
    for (int i = 0; i < 4; i++)
        if (tp__recurrent_check(call, i, names[i], 2, state)) return tp__pending();
    if (!tp__out(call, (tp_dtype)work->dtype, 2, work->shape)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)work->dtype, 2, state));
}

/* dh, h, work -> dx, du, dh */
static tp_status gru_back_shape(tp__call *call)
{
    const tp_tensor *work = call->in[2];
    if (tp__recurrent_gates(call, work, 2, 4)) return tp__pending();
    const tp_dtype dtype = (tp_dtype)work->dtype;
    const int64_t state[] = { work->shape[0], work->shape[1] / 4 }, gates[] = { work->shape[0], 3 * state[1] };
    if (tp__recurrent_check(call, 0, "grad", 2, state) || tp__recurrent_check(call, 1, "hx", 2, state)) return tp__pending();
    if (!tp__out(call, dtype, 2, gates) || !tp__out(call, dtype, 2, gates)) return tp__pending();
    return tp__made(tp__out(call, dtype, 2, state));
}

/* ---- Rules --------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return !a ? b : !b ? a : tp_add(a, b); }
static tp_tensor *complement(tp_tensor *x) { return tp_sub(1, x); }
static tp_tensor *by_sigmoid(tp_tensor *d, tp_tensor *y) { return tp_mul(d, tp_mul(y, complement(y))); }
static tp_tensor *by_tanh(tp_tensor *d, tp_tensor *y) { return tp_mul(d, complement(tp_mul(y, y))); }
static tp_tensor *or_zeros(tp_tensor *d, tp_tensor *like)
{ return d ? d : tp_zeros(tp_shape_of(like), .dtype = tp_dtype_of(like), .device = tp_device_of(like)); }

static bool parts_of(tp_tensor *x, tp_tensor **part) { return x && tp_chunk(x, 4, 1, part, 4, NULL) == TP_OK; }

tp__gate_grads tp__lstm_gates_back(tp_tensor *dh, tp_tensor *dc, tp_tensor *dwork, tp_tensor *c, tp_tensor *next, tp_tensor *work)
{
    enum { I, F, G, O };
    tp_tensor *w[4], *dw[4];
    dh = or_zeros(dh, next);
    if (!parts_of(work, w) || !parts_of(or_zeros(dwork, work), dw)) return (tp__gate_grads){ NULL, NULL, NULL };
    tp_tensor *t = tp_tanh(next), *d = plus(by_tanh(tp_mul(dh, w[O]), t), dc);
    tp_tensor *const parts[] = {
        by_sigmoid(tp_add(tp_mul(d, w[G]), dw[I]), w[I]), by_sigmoid(tp_add(tp_mul(d, c), dw[F]), w[F]),
        by_tanh(tp_add(tp_mul(d, w[I]), dw[G]), w[G]), by_sigmoid(tp_add(tp_mul(dh, t), dw[O]), w[O]),
    };
    tp_tensor *dx = tp_cat((tp_tensor_list){ .at = parts, .n = 4 }, 1);
    return (tp__gate_grads){ dx, dx, tp_mul(d, w[F]) };
}

tp__gate_grads tp__gru_gates_back(tp_tensor *dh, tp_tensor *dwork, tp_tensor *h, tp_tensor *work)
{
    enum { R, Z, N, Q };
    tp_tensor *w[4], *dw[4];
    dh = or_zeros(dh, h);
    if (!parts_of(work, w) || !parts_of(or_zeros(dwork, work), dw)) return (tp__gate_grads){ NULL, NULL, NULL };
    tp_tensor *n = by_tanh(tp_add(tp_mul(dh, complement(w[Z])), dw[N]), w[N]);
    tp_tensor *r = by_sigmoid(tp_add(tp_mul(n, w[Q]), dw[R]), w[R]);
    tp_tensor *z = by_sigmoid(tp_add(tp_mul(dh, tp_sub(h, w[N])), dw[Z]), w[Z]);
    tp_tensor *dx = tp_cat(TP_TENSORS(r, z, n), 1), *du = tp_cat(TP_TENSORS(r, z, tp_add(tp_mul(n, w[R]), dw[Q])), 1);
    return (tp__gate_grads){ dx, du, tp_mul(dh, w[Z]) };
}

static const tp_op op_lstm_gates_backward, op_gru_gates_backward;

static tp_status give(const tp__gate_grads *g, uint64_t need, tp_tensor **dx)
{
    if (need & 1) dx[0] = g->dx;
    if (need & 2) dx[1] = g->du;
    if (need & 4) dx[2] = g->dstate;
    return g->dx && g->du && g->dstate ? TP_OK : tp__pending();
}

enum { C, NEXT, LSTM_WORK, H = 0, GRU_WORK };          /* what each saves */

static tp_status lstm_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__gate_grads g = tp__lstm_gates_back(dy[0], dy[1], dy[2], tp__saved(node, C), tp__saved(node, NEXT), tp__saved(node, LSTM_WORK));
    return give(&g, need, dx);
}

static tp_status lstm_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (dy[2]) return lstm_backward(node, dy, need, dx);
    tp_tensor *out[2], *const in[] = { dy[0], dy[1], tp__saved(node, C), tp__saved(node, NEXT), tp__saved(node, LSTM_WORK) };
    if (tp__run(&op_lstm_gates_backward, in, 5, NULL, out, 2, NULL) < 0) return tp__pending();
    return give(&(tp__gate_grads){ out[0], out[0], out[1] }, need, dx);
}

static tp_status gru_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__gate_grads g = tp__gru_gates_back(dy[0], dy[1], tp__saved(node, H), tp__saved(node, GRU_WORK));
    return give(&g, need, dx);
}

static tp_status gru_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (dy[1] || !dy[0]) return gru_backward(node, dy, need, dx);
    tp_tensor *out[3], *const in[] = { dy[0], tp__saved(node, H), tp__saved(node, GRU_WORK) };
    if (tp__run(&op_gru_gates_backward, in, 3, NULL, out, 3, NULL) < 0) return tp__pending();
    return give(&(tp__gate_grads){ out[0], out[1], out[2] }, need, dx);
}

/* ---- Whole cells, as PyTorch calls them ------------------------------------------------------------------------------------------ */

/* The gates by x and by h; w: W_ih, W_hh, b_ih, b_hh. */
static bool products(tp_tensor *x, tp_tensor *h, tp_tensor *const *w, tp_tensor **gates)
{
    gates[0] = tp_linear(x, w[0], w[2]);
    gates[1] = tp_linear(h, w[1], w[3]);
    return gates[0] && gates[1];
}

static tp_status lstm_cell_compose(tp__call *call)
{
    enum { STATE = 1, WEIGHTS = 3, ALL = 7 };
    tp_tensor *gates[2], *out[3];
    if (call->n_in != ALL) return tp__call_fail(call, TP_ERR_ARGUMENT, "hx takes two tensors, h and c, and not %d", call->n_in - (ALL - 2));
    if (!products(call->in[0], call->in[STATE], call->in + WEIGHTS, gates)) return tp__pending();
    tp_tensor *const in[] = { gates[0], gates[1], call->in[STATE + 1] };
    if (tp__run(&tp__op_lstm_gates, in, 3, NULL, out, 3, NULL) < 0) return tp__pending();
    call->out[call->n_out++] = out[0];
    call->out[call->n_out++] = out[1];
    return TP_OK;
}

static tp_status gru_cell_compose(tp__call *call)
{
    tp_tensor *gates[2];
    if (!products(call->in[0], call->in[1], call->in + 2, gates)) return tp__pending();
    return tp__made(call->out[call->n_out++] = tp_gru_gates(gates[0], gates[1], call->in[1]));
}

static tp_status rnn_cell(tp__call *call, tp_tensor *(*activation)(tp_tensor *))
{
    tp_tensor *gates[2];
    if (!products(call->in[0], call->in[1], call->in + 2, gates)) return tp__pending();
    return tp__made(call->out[call->n_out++] = activation(tp_add(gates[0], gates[1])));
}
static tp_status rnn_tanh_compose(tp__call *call) { return rnn_cell(call, tp_tanh); }
static tp_status rnn_relu_compose(tp__call *call) { return rnn_cell(call, tp_relu); }

/* ---- Samples ------------------------------------------------------------------------------------------------------------------- */

#define LEAF(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define FIXED(...) TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), 0.1, 0.9)))

static void lstm_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(2, 12), LEAF(2, 12), LEAF(2, 3));
    TP__GIVE(set, LEAF(1, 80), { .kind = TP_ARG_NONE }, LEAF(1, 20));
    TP__GIVE(set, LEAF(0, 8), LEAF(0, 8), LEAF(0, 2));
}
static void gru_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(2, 9), LEAF(2, 9), LEAF(2, 3));
    TP__GIVE(set, LEAF(1, 60), LEAF(1, 60), LEAF(1, 20));
    TP__GIVE(set, LEAF(0, 6), LEAF(0, 6), LEAF(0, 2));
}
static void lstm_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, FIXED(2, 3), FIXED(2, 3), FIXED(2, 3), FIXED(2, 3), FIXED(2, 12));
    TP__GIVE(set, { .kind = TP_ARG_NONE }, FIXED(2, 3), FIXED(2, 3), FIXED(2, 3), FIXED(2, 12));
}
static void gru_back_samples(tp_sample_set *set) { TP__GIVE(set, FIXED(2, 3), FIXED(2, 3), FIXED(2, 12)); }

static void lstm_cell_samples(tp_sample_set *set)
{
    tp_tensor *const hx[] = { tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1), tp__sample_tensor(set, TP_SHAPE(2, 3), -1, 1) };
    const tp_arg state = { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = hx };
    TP__GIVE(set, LEAF(2, 4), state, LEAF(12, 4), LEAF(12, 3), LEAF(12), LEAF(12));
    TP__GIVE(set, LEAF(2, 4), state, LEAF(12, 4), LEAF(12, 3));
}
static void gru_cell_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(2, 4), LEAF(2, 3), LEAF(9, 4), LEAF(9, 3), LEAF(9), LEAF(9));
    TP__GIVE(set, LEAF(2, 4), LEAF(2, 3), LEAF(9, 4), LEAF(9, 3));
}
static void rnn_cell_samples(tp_sample_set *set) { TP__GIVE(set, LEAF(2, 4), LEAF(2, 3), LEAF(3, 4), LEAF(3, 3), LEAF(3), LEAF(3)); }

/* ---- Descriptors, public ------------------------------------------------------------------------------------------------------- */

const tp_op tp__op_lstm_gates = { .schema = "lstm_gates(Tensor input_gates, Tensor? hidden_gates, Tensor cx) -> (Tensor, Tensor, Tensor)",
    .flags = TP__INTERNAL, .shape = lstm_shape, .backward = lstm_backward, .backward_fused = lstm_fused,
    .saves = { TP__INPUT(2, 0), TP__OUTPUT(1), TP__OUTPUT(2) }, .samples = lstm_samples, .state = TP__STATE };
static const tp_op op_gru_gates = { .schema = "gru_gates(Tensor input_gates, Tensor hidden_gates, Tensor hx) -> (Tensor, Tensor)",
    .flags = TP__INTERNAL, .shape = gru_shape, .backward = gru_backward, .backward_fused = gru_fused, .saves = { TP__INPUT(2, 0), TP__OUTPUT(1) },
    .samples = gru_samples, .state = TP__STATE };
static const tp_op op_lstm_gates_backward = { .schema = "lstm_gates_backward(Tensor? grad_h, Tensor? grad_c, Tensor cx, Tensor cy, Tensor work) -> "
    "(Tensor, Tensor)", .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = lstm_back_shape, .samples = lstm_back_samples, .state = TP__STATE };
static const tp_op op_gru_gates_backward = { .schema = "gru_gates_backward(Tensor grad, Tensor hx, Tensor work) -> (Tensor, Tensor, Tensor)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = gru_back_shape, .samples = gru_back_samples, .state = TP__STATE };

#define WEIGHTS "Tensor w_ih, Tensor w_hh, Tensor? b_ih=none, Tensor? b_hh=none) -> "
static const tp_op op_lstm_cell = { .schema = "lstm_cell(Tensor input, Tensor[] hx, " WEIGHTS "(Tensor, Tensor)", .compose = lstm_cell_compose,
    .samples = lstm_cell_samples, .state = TP__STATE };
#define CELL(name, how, give) \
    static const tp_op op_##name = { .schema = #name "(Tensor input, Tensor hx, " WEIGHTS "Tensor", .compose = how, .samples = give, .state = TP__STATE };
CELL(gru_cell, gru_cell_compose, gru_cell_samples)
CELL(rnn_tanh_cell, rnn_tanh_compose, rnn_cell_samples)
CELL(rnn_relu_cell, rnn_relu_compose, rnn_cell_samples)

tp_tensor *tp_lstm_gates(tp_tensor *input_gates, tp_tensor *hidden_gates, tp_tensor *cx, tp_tensor **cy)
{
    tp_tensor *out[3] = { NULL, NULL, NULL };
    if (cy) *cy = NULL;
    if (tp__run(&tp__op_lstm_gates, (tp_tensor *[]){ input_gates, hidden_gates, cx }, 3, NULL, out, 3, TP__CALLER) < 0) return NULL;
    if (cy) *cy = out[1];
    return out[0];
}

tp_tensor *tp_gru_gates(tp_tensor *input_gates, tp_tensor *hidden_gates, tp_tensor *hx)
{
    return tp__run1(&op_gru_gates, (tp_tensor *[]){ input_gates, hidden_gates, hx }, 3, NULL, TP__CALLER);
}

tp_tensor *tp_lstm_cell(tp_tensor *x, tp_tensor *h, tp_tensor *c, tp_tensor *w_ih, tp_tensor *w_hh, tp_tensor *b_ih, tp_tensor *b_hh, tp_tensor **cy)
{
    tp_tensor *out[2] = { NULL, NULL };
    if (cy) *cy = NULL;
    if (tp__run(&op_lstm_cell, (tp_tensor *[]){ x, h, c, w_ih, w_hh, b_ih, b_hh }, 7, NULL, out, 2, TP__CALLER) < 0) return NULL;
    if (cy) *cy = out[1];
    return out[0];
}

#define PUBLIC(name) \
    tp_tensor *tp_##name(tp_tensor *x, tp_tensor *h, tp_tensor *w_ih, tp_tensor *w_hh, tp_tensor *b_ih, tp_tensor *b_hh) \
    { \
        return tp__run1(&op_##name, (tp_tensor *[]){ x, h, w_ih, w_hh, b_ih, b_hh }, 6, NULL, TP__CALLER); \
    }
PUBLIC(gru_cell)
PUBLIC(rnn_tanh_cell)
PUBLIC(rnn_relu_cell)

const tp_op *const tp__ops_recurrent[] = {
    &tp__op_lstm_gates, &op_gru_gates, &op_lstm_gates_backward, &op_gru_gates_backward, &op_lstm_cell, &op_gru_cell, &op_rnn_tanh_cell,
    &op_rnn_relu_cell, NULL,
};
