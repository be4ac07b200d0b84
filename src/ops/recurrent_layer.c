/* recurrent_layer.c: an LSTM or a GRU over a whole sequence, whose gates by the input are there for all steps.
 *
 *   lstm_layer   h_t, c_t = lstm_gates(x_t, h_(t-1) W', c_(t-1))            gru_layer   h_t = gru_gates(x_t, h_(t-1) W' + b, h_(t-1))
 *                backward, from the last step:  dx_t, du_t by the gates of dh_t,  dh_(t-1) += du_t W
 *                dW = sum du_t' h_(t-1),  db = sum du_t: each one product or sum over all steps
 *
 * The states of all steps are outputs, and so is what the backward needs of the gates. */
#include "ops/recurrent.h"

#include "ops/samples.h"

typedef struct layer_attr { bool reverse; } layer_attr;
typedef struct back_attr { bool reverse, weight, state; } back_attr;

/* ---- Shape rules --------------------------------------------------------------------------------------------------------------- */

/* [steps, batch, width] */
static tp_tensor *out_steps(tp__call *call, const tp_tensor *x, int64_t width)
{
    return tp__out(call, (tp_dtype)x->dtype, 3, (int64_t[]){ x->shape[0], x->shape[1], width });
}

static tp_status lstm_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__recurrent_gates(call, x, 3, 4)) return tp__pending();
    const int64_t hidden = x->shape[2] / 4, weight[] = { 4 * hidden, hidden }, state[] = { x->shape[1], hidden };
    if (tp__recurrent_check(call, 1, "weight", 2, weight) || tp__recurrent_check(call, 2, "hx", 2, state) || tp__recurrent_check(call, 3, "cx", 2, state))
        return tp__pending();
    return tp__made(out_steps(call, x, hidden) && out_steps(call, x, hidden) ? out_steps(call, x, 4 * hidden) : NULL);
}

static tp_status gru_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__recurrent_gates(call, x, 3, 3)) return tp__pending();
    const int64_t hidden = x->shape[2] / 3, weight[] = { 3 * hidden, hidden }, state[] = { x->shape[1], hidden };
    if (tp__recurrent_check(call, 1, "weight", 2, weight) || tp__recurrent_check(call, 2, "bias", 1, weight) || tp__recurrent_check(call, 3, "hx", 2, state))
        return tp__pending();
    return tp__made(out_steps(call, x, hidden) ? out_steps(call, x, 4 * hidden) : NULL);
}

/* Two more outputs of a backward: matrices, or [0, 0] where they are not asked for. */
static bool out_matrix(tp__call *call, const tp_tensor *x, bool asked, int64_t rows, int64_t cols)
{
    return tp__out(call, (tp_dtype)x->dtype, 2, (int64_t[]){ asked ? rows : 0, asked ? cols : 0 });
}

/* Inputs by name from `first` on, of the shape of the states of all steps, and of one. */
static tp_status check_states(const tp__call *call, const tp_tensor *work, const char *const *names)
{
    const int64_t hidden = work->shape[2] / 4, all[] = { work->shape[0], work->shape[1], hidden }, one[] = { work->shape[1], hidden };
    for (int i = 0; i < call->n_in; i++) {
        const char *name = names[i];
        if (!name) continue;
        const bool single = name[1] == 'x';            /* hx, cx */
        const tp_status status = tp__recurrent_check(call, i, name, single ? 2 : 3, single ? one : all);
        if (status) return status;
    }
    return TP_OK;
}

/* dy?, dc?, W, h?, c?, y, c, work -> dx, dW, dh, dc */
static tp_status lstm_back_shape(tp__call *call)
{
    enum { WEIGHT = 2, WORK = 7 };
    static const char *const names[] = { "grad_y", "grad_c", NULL, "hx", "cx", "y", "c", NULL };
    const back_attr *attr = call->attr;
    const tp_tensor *work = call->in[WORK];
    if (tp__recurrent_gates(call, work, 3, 4)) return tp__pending();
    const int64_t hidden = work->shape[2] / 4, weight[] = { 4 * hidden, hidden };
    if (check_states(call, work, names) || tp__recurrent_check(call, WEIGHT, "weight", 2, weight)) return tp__pending();
    if (!out_steps(call, work, 4 * hidden) || !out_matrix(call, work, attr->weight, 4 * hidden, hidden)) return tp__pending();
    const int64_t batch = work->shape[1];
    return out_matrix(call, work, attr->state, batch, hidden) && out_matrix(call, work, attr->state, batch, hidden) ? TP_OK : tp__pending();
}

/* dy, W, h?, y, work -> dx, dW, db, dh */
static tp_status gru_back_shape(tp__call *call)
{
    enum { WEIGHT = 1, WORK = 4 };
    static const char *const names[] = { "grad_y", NULL, "hx", "y", NULL };
    const back_attr *attr = call->attr;
    const tp_tensor *work = call->in[WORK];
    if (tp__recurrent_gates(call, work, 3, 4)) return tp__pending();
    const int64_t hidden = work->shape[2] / 4, weight[] = { 3 * hidden, hidden };
    if (check_states(call, work, names) || tp__recurrent_check(call, WEIGHT, "weight", 2, weight)) return tp__pending();
    if (!out_steps(call, work, 3 * hidden) || !out_matrix(call, work, attr->weight, 3 * hidden, hidden)) return tp__pending();
    if (!tp__out(call, (tp_dtype)work->dtype, 1, weight)) return tp__pending();
    return out_matrix(call, work, attr->state, work->shape[1], hidden) ? TP_OK : tp__pending();
}

/* ---- Backward, made of ops ------------------------------------------------------------------------------------------------------- */

typedef struct steps {
    int64_t n;
    bool reverse;
    tp_tensor *y, *first;                              /* states, and the initial one */
    tp_tensor **dx, **du, **before;                    /* of each step; before: the state that it began with */
} steps;

static tp_status steps_open(steps *q, tp_tensor *y, tp_tensor *first, bool reverse)
{
    *q = (steps){ .n = y->shape[0], .reverse = reverse, .y = y, .first = first };
    if (!first) q->first = tp_zeros(TP_SHAPE(y->shape[1], y->shape[2]), .dtype = tp_dtype_of(y), .device = tp_device_of(y));
    q->dx = q->first ? tp_mem_calloc(3 * (size_t)q->n * sizeof *q->dx) : NULL;
    if (!q->dx) return tp__pending() ? tp__pending() : TP_ERR_MEMORY;
    q->du = q->dx + q->n;
    q->before = q->du + q->n;
    return TP_OK;
}

static void steps_close(steps *q) { tp_mem_free(q->dx, 3 * (size_t)q->n * sizeof *q->dx); }

static int64_t step_of(const steps *q, int64_t s) { return q->reverse ? q->n - 1 - s : s; }
static tp_tensor *at(tp_tensor *x, int64_t t) { return x ? tp_select(x, 0, t) : NULL; }
static tp_tensor *plus(tp_tensor *a, tp_tensor *b) { return !a ? b : !b ? a : tp_add(a, b); }
static tp_tensor *all(const steps *q, tp_tensor **part) { return tp_stack((tp_tensor_list){ .at = part, .n = q->n }, 0); }
static tp_tensor *rows(tp_tensor *x) { return x ? tp_flatten(x, 0, 1) : NULL; }

/* What follows from the gradients of all gates: dW, and db where it is asked for. */
static tp_status finish(const steps *q, tp_tensor **dx, tp_tensor **dw, tp_tensor **db)
{
    if (tp__pending_error()) return tp__pending();
    if (dx && !(*dx = all(q, q->dx))) return tp__pending();
    tp_tensor *du = dw || db ? rows(all(q, q->du)) : NULL;
    if ((dw || db) && !du) return tp__pending();
    if (dw && !(*dw = tp_matmul(tp_transpose(du, 0, 1), rows(all(q, q->before))))) return tp__pending();
    return db ? tp__made(*db = tp_sum(du, .dims = TP_DIMS(0))) : TP_OK;
}

enum { WEIGHT, HX, CX, Y, CY, WORK, GRU_Y = 2, GRU_WORK };               /* what each saves */

static tp_status lstm_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *w = tp__saved(node, WEIGHT), *cx = tp__saved(node, CX), *c = tp__saved(node, CY), *work = tp__saved(node, WORK), *y = tp__saved(node, Y);
    tp_tensor *dh = NULL, *dc = NULL;
    if (tp__pending_error()) return tp__pending();
    if (!y->shape[0]) return TP_OK;
    steps q;
    tp_status status = steps_open(&q, y, tp__saved(node, HX), ((const layer_attr *)tp__attr(node))->reverse);
    if (status) return status;
    for (int64_t s = q.n - 1; s >= 0 && !tp__pending_error(); s--) {
        const int64_t t = step_of(&q, s);
        q.before[t] = s ? at(y, step_of(&q, s - 1)) : q.first;
        tp_tensor *before = s ? at(c, step_of(&q, s - 1)) : cx ? cx : tp_zeros(tp_shape_of(q.first), .dtype = tp_dtype_of(y), .device = tp_device_of(y));
        const tp__gate_grads g = tp__lstm_gates_back(plus(at(dy[0], t), dh), plus(at(dy[1], t), dc), at(dy[2], t), before, at(c, t), at(work, t));
        q.dx[t] = q.du[t] = g.dx;
        dc = g.dstate;
        dh = tp_matmul(g.du, w);
    }
    status = finish(&q, need & 1 ? &dx[0] : NULL, need & 2 ? &dx[1] : NULL, NULL);
    if (need & 4) dx[2] = dh;
    if (need & 8) dx[3] = dc;
    steps_close(&q);
    return status;
}

static tp_status gru_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *w = tp__saved(node, WEIGHT), *hx = tp__saved(node, HX), *y = tp__saved(node, GRU_Y), *work = tp__saved(node, GRU_WORK), *dh = NULL;
    if (tp__pending_error()) return tp__pending();
    if (!y->shape[0]) return TP_OK;
    steps q;
    tp_status status = steps_open(&q, y, hx, ((const layer_attr *)tp__attr(node))->reverse);
    if (status) return status;
    for (int64_t s = q.n - 1; s >= 0 && !tp__pending_error(); s--) {
        const int64_t t = step_of(&q, s);
        q.before[t] = s ? at(y, step_of(&q, s - 1)) : q.first;
        const tp__gate_grads g = tp__gru_gates_back(plus(at(dy[0], t), dh), at(dy[1], t), q.before[t], at(work, t));
        q.dx[t] = g.dx;
        q.du[t] = g.du;
        dh = tp_add(g.dstate, tp_matmul(g.du, w));
    }
    status = finish(&q, need & 1 ? &dx[0] : NULL, need & 2 ? &dx[1] : NULL, need & 4 ? &dx[2] : NULL);
    if (need & 8) dx[3] = dh;
    steps_close(&q);
    return status;
}

/* ---- By a kernel ------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_lstm_layer_backward, op_gru_layer_backward;

static tp_status lstm_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (dy[2]) return lstm_backward(node, dy, need, dx);
    tp_tensor *out[4], *const in[] = { dy[0], dy[1], tp__saved(node, WEIGHT), tp__saved(node, HX), tp__saved(node, CX), tp__saved(node, Y),
                                       tp__saved(node, CY), tp__saved(node, WORK) };
    const back_attr attr = { ((const layer_attr *)tp__attr(node))->reverse, need & 2, need & 12 };
    if (tp__run(&op_lstm_layer_backward, in, 8, &attr, out, 4, NULL) < 0) return tp__pending();
    for (int i = 0; i < 4; i++)
        if (need >> i & 1) dx[i] = out[i];
    return TP_OK;
}

static tp_status gru_fused(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (dy[1] || !dy[0]) return gru_backward(node, dy, need, dx);
    tp_tensor *out[4], *const in[] = { dy[0], tp__saved(node, WEIGHT), tp__saved(node, HX), tp__saved(node, GRU_Y), tp__saved(node, GRU_WORK) };
    const back_attr attr = { ((const layer_attr *)tp__attr(node))->reverse, need & 2, need & 8 };
    if (tp__run(&op_gru_layer_backward, in, 5, &attr, out, 4, NULL) < 0) return tp__pending();
    for (int i = 0; i < 4; i++)
        if (need >> i & 1) dx[i] = out[i];
    return TP_OK;
}

/* ---- Samples ----------------------------------------------------------------------------------------------------------------------- */

#define LEAF(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define FIXED(...) TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), 0.1, 0.9)))
#define NONE { .kind = TP_ARG_NONE }

static void lstm_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 2, 8), LEAF(8, 2), LEAF(2, 2), LEAF(2, 2));
    TP__GIVE(set, LEAF(2, 5, 12), LEAF(12, 3), NONE, NONE, TP__BOOL_ARG(true));
    TP__GIVE(set, LEAF(1, 1, 4), LEAF(4, 1), NONE, LEAF(1, 1));
    TP__GIVE(set, LEAF(2, 0, 8), LEAF(8, 2), LEAF(0, 2), LEAF(0, 2));
    TP__GIVE(set, LEAF(0, 2, 8), LEAF(8, 2), LEAF(2, 2), LEAF(2, 2));
}
static void gru_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 2, 6), LEAF(6, 2), LEAF(6), LEAF(2, 2));
    TP__GIVE(set, LEAF(2, 5, 9), LEAF(9, 3), LEAF(9), NONE, TP__BOOL_ARG(true));
    TP__GIVE(set, LEAF(1, 1, 3), LEAF(3, 1), NONE, LEAF(1, 1));
    TP__GIVE(set, LEAF(2, 0, 6), LEAF(6, 2), LEAF(6), LEAF(0, 2));
    TP__GIVE(set, LEAF(0, 2, 6), LEAF(6, 2), LEAF(6), LEAF(2, 2));
}
static void lstm_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, FIXED(2, 2, 3), FIXED(2, 2, 3), FIXED(12, 3), FIXED(2, 3), FIXED(2, 3), FIXED(2, 2, 3), FIXED(2, 2, 3), FIXED(2, 2, 12), TP__BOOL_ARG(false),
             TP__BOOL_ARG(true), TP__BOOL_ARG(true));
    TP__GIVE(set, NONE, FIXED(2, 2, 3), FIXED(12, 3), NONE, NONE, FIXED(2, 2, 3), FIXED(2, 2, 3), FIXED(2, 2, 12), TP__BOOL_ARG(true), TP__BOOL_ARG(false),
             TP__BOOL_ARG(false));
}
static void gru_back_samples(tp_sample_set *set)
{
    TP__GIVE(set, FIXED(2, 2, 3), FIXED(9, 3), FIXED(2, 3), FIXED(2, 2, 3), FIXED(2, 2, 12), TP__BOOL_ARG(false), TP__BOOL_ARG(true), TP__BOOL_ARG(true));
    TP__GIVE(set, FIXED(2, 2, 3), FIXED(9, 3), NONE, FIXED(2, 2, 3), FIXED(2, 2, 12), TP__BOOL_ARG(true), TP__BOOL_ARG(false), TP__BOOL_ARG(false));
}

/* ---- Descriptors, public --------------------------------------------------------------------------------------------------------------- */

static const tp_op op_lstm_layer = { .schema = "lstm_layer(Tensor input_gates, Tensor weight, Tensor? hx=none, Tensor? cx=none, bool reverse=false) -> "
    "(Tensor, Tensor, Tensor)", .flags = TP__INTERNAL, .shape = lstm_shape, .backward = lstm_backward, .backward_fused = lstm_fused,
    .saves = { TP__INPUT(1, 0), TP__INPUT(2, 2), TP__INPUT(3, 0), TP__OUTPUT(0), TP__OUTPUT(1), TP__OUTPUT(2) }, .attr_size = sizeof(layer_attr),
    .samples = lstm_samples, .state = TP__STATE };
static const tp_op op_gru_layer = { .schema = "gru_layer(Tensor input_gates, Tensor weight, Tensor? bias=none, Tensor? hx=none, bool reverse=false) -> "
    "(Tensor, Tensor)", .flags = TP__INTERNAL, .shape = gru_shape, .backward = gru_backward, .backward_fused = gru_fused,
    .saves = { TP__INPUT(1, 0), TP__INPUT(3, 0), TP__OUTPUT(0), TP__OUTPUT(1) }, .attr_size = sizeof(layer_attr), .samples = gru_samples,
    .state = TP__STATE };
#define BACK_ATTRIBUTES "bool reverse, bool weight_grad, bool state_grad) -> (Tensor, Tensor, Tensor, Tensor)"
static const tp_op op_lstm_layer_backward = { .schema = "lstm_layer_backward(Tensor? grad_y, Tensor? grad_c, Tensor weight, Tensor? hx, Tensor? cx, Tensor y, "
    "Tensor c, Tensor work, " BACK_ATTRIBUTES, .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = lstm_back_shape, .attr_size = sizeof(back_attr),
    .samples = lstm_back_samples, .state = TP__STATE };
static const tp_op op_gru_layer_backward = { .schema = "gru_layer_backward(Tensor grad_y, Tensor weight, Tensor? hx, Tensor y, Tensor work, "
    BACK_ATTRIBUTES, .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = gru_back_shape, .attr_size = sizeof(back_attr), .samples = gru_back_samples,
    .state = TP__STATE };

tp_tensor *tp_lstm_layer(tp_tensor *input_gates, tp_tensor *weight, tp_tensor *hx, tp_tensor *cx, bool reverse, tp_tensor **cy)
{
    tp_tensor *out[3] = { NULL, NULL, NULL };
    if (cy) *cy = NULL;
    if (tp__run(&op_lstm_layer, (tp_tensor *[]){ input_gates, weight, hx, cx }, 4, &(layer_attr){ reverse }, out, 3, TP__CALLER) < 0) return NULL;
    if (cy) *cy = out[1];
    return out[0];
}

tp_tensor *tp_gru_layer(tp_tensor *input_gates, tp_tensor *weight, tp_tensor *bias, tp_tensor *hx, bool reverse)
{
    return tp__run1(&op_gru_layer, (tp_tensor *[]){ input_gates, weight, bias, hx }, 4, &(layer_attr){ reverse }, TP__CALLER);
}

const tp_op *const tp__ops_recurrent_layer[] = { &op_lstm_layer, &op_gru_layer, &op_lstm_layer_backward, &op_gru_layer_backward, NULL };
