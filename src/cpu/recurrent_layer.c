/* recurrent_layer.c: an LSTM or a GRU over a whole sequence: at each step one product with the weight of the state, which is packed once,
 * and the gates. Backward, the gradient of that weight is one product over all steps at the end. */
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/gemm.h"
#include "cpu/recurrent.h"

enum { MOST = 8 };

typedef struct layer {
    int64_t steps, batch, hidden, gates;               /* gates: elements of a row of them */
    bool reverse;
    tp_dtype dtype;
    size_t item;
    tp__plain in[MOST], out[4];
    tp__workspace room;
    tp__gemm_fixed weight;
} layer;

/* x: a tensor [steps, batch, ..] of the call; gates: how many; room: elements of memory that is zeroed. */
static tp_status layer_open(layer *l, const tp__call *call, const tp_tensor *x, int64_t gates, int64_t hidden, bool reverse, int64_t room)
{
    *l = (layer){ .steps = x->shape[0], .batch = x->shape[1], .hidden = hidden, .gates = gates * hidden, .reverse = reverse,
                  .dtype = x->dtype == TP_F64 ? TP_F64 : TP_F32 };
    l->item = tp_dtype_size(l->dtype);
    tp_status status = tp__plain_open(call, l->dtype, l->in, l->out);
    if (!status) status = tp__workspace_take(&l->room, (size_t)room * l->item);
    if (!status) memset(l->room.data, 0, (size_t)room * l->item);
    return status;
}

static void layer_close(layer *l, const tp__call *call, tp_status status)
{
    tp__gemm_unfix(&l->weight);
    tp__workspace_give(&l->room);
    tp__plain_close(call, status, l->in, l->out);
}

/* Step s in the order of running, and where rows of `width` of step t begin. NULL goes through. */
static int64_t step_of(const layer *l, int64_t s) { return l->reverse ? l->steps - 1 - s : s; }
static void *rows_of(const layer *l, const void *base, int64_t t, int64_t width)
{
    return base ? (char *)(uintptr_t)base + (size_t)(t * l->batch * width) * l->item : NULL;
}
static void *room_at(const layer *l, int64_t element) { return l->room.data ? (char *)l->room.data + (size_t)element * l->item : NULL; }
static const void *given(const void *x, const void *zeros) { return x ? x : zeros; }

/* u = h W' + b */
static tp_status hold_forward(layer *l, const void *w, const void *bias)
{
    return tp__gemm_fix(&l->weight, &(tp__gemm_args){ .dtype = l->dtype, .m = l->batch, .n = l->gates, .k = l->hidden, .a_row = l->hidden, .a_col = 1,
                        .b = w, .b_row = 1, .b_col = l->hidden, .ldc = l->gates, .bias_col = bias, .threads = tp_get_num_threads() });
}

/* dh = du W, or dh += du W */
static tp_status hold_backward(layer *l, const void *w, bool accumulate)
{
    return tp__gemm_fix(&l->weight, &(tp__gemm_args){ .dtype = l->dtype, .m = l->batch, .n = l->hidden, .k = l->gates, .a_row = l->gates, .a_col = 1,
                        .b = w, .b_row = l->hidden, .b_col = 1, .ldc = l->hidden, .accumulate = accumulate, .threads = tp_get_num_threads() });
}

/* dW = sum of du_t' h_(t - 1): of all steps but the first at once, and of that one by the initial state, if there is one. */
static tp_status weight_gradient(const layer *l, const void *du, const void *y, const void *first, void *dw)
{
    const int64_t rest = l->steps - 1;
    tp__gemm_args g = { .dtype = l->dtype, .m = l->gates, .n = l->hidden, .k = rest * l->batch, .a_row = 1, .a_col = l->gates, .b_row = l->hidden,
                        .b_col = 1, .c = dw, .ldc = l->hidden, .threads = tp_get_num_threads() };
    g.a = rows_of(l, du, l->reverse ? 0 : 1, l->gates);
    g.b = rows_of(l, y, l->reverse ? 1 : 0, l->hidden);
    if (rest <= 0) g.k = 0;
    const tp_status status = tp__gemm(&g);
    if (status || !first || !l->steps) return status;
    g.a = rows_of(l, du, step_of(l, 0), l->gates);
    g.b = first;
    g.k = l->batch;
    g.accumulate = true;
    return tp__gemm(&g);
}

/* ---- LSTM ---------------------------------------------------------------------------------------------------------------------- */

/* x, W, h?, c? -> y, c, work */
static tp_status lstm_layer(tp__call *call)
{
    const bool reverse = *(const bool *)call->attr;
    const int64_t hidden = call->in[1]->shape[1], rows = call->in[0]->shape[1] * hidden;
    layer l;
    tp_status status = layer_open(&l, call, call->in[0], 4, hidden, reverse, 5 * rows);
    void *u = room_at(&l, 0), *zeros = room_at(&l, 4 * rows);
    const void *h = l.in[2].data, *c = given(l.in[3].data, zeros);
    if (!status) status = hold_forward(&l, l.in[1].data, NULL);
    for (int64_t s = 0; s < l.steps && !status; s++) {
        const int64_t t = step_of(&l, s);
        if (h && (status = tp__gemm_by_fixed(&l.weight, h, u))) break;
        const tp__gate_rows step = { .hidden = hidden, .x = rows_of(&l, l.in[0].data, t, l.gates), .u = u, .state = c,
            .h = rows_of(&l, l.out[0].data, t, hidden), .c = rows_of(&l, l.out[1].data, t, hidden), .work = rows_of(&l, l.out[2].data, t, l.gates) };
        tp__gates_run(TP__LSTM_FORWARD, &step, l.batch, l.dtype);
        h = step.h;
        c = step.c;
    }
    layer_close(&l, call, status);
    return status;
}

typedef struct back_attr { bool reverse, weight, state; } back_attr;

/* dy?, dc?, W, h?, c?, y, c, work -> dx, dW, dh, dc */
static tp_status lstm_layer_backward(tp__call *call)
{
    const back_attr *attr = call->attr;
    const int64_t hidden = call->in[2]->shape[1], rows = call->in[5]->shape[1] * hidden;
    layer l;
    tp_status status = layer_open(&l, call, call->in[5], 4, hidden, attr->reverse, 3 * rows);
    void *dh = room_at(&l, 0), *dc = room_at(&l, rows), *zeros = room_at(&l, 2 * rows);
    if (!status) status = hold_backward(&l, l.in[2].data, false);
    for (int64_t s = l.steps - 1; s >= 0 && !status; s--) {
        const int64_t t = step_of(&l, s);
        const tp__gate_rows step = { .hidden = hidden, .dh = given(rows_of(&l, l.in[0].data, t, hidden), zeros), .carried = dh,
            .dc = given(rows_of(&l, l.in[1].data, t, hidden), zeros), .dstate = dc, .c = rows_of(&l, l.in[6].data, t, hidden),
            .state = s ? rows_of(&l, l.in[6].data, step_of(&l, s - 1), hidden) : given(l.in[4].data, zeros),
            .work = rows_of(&l, l.in[7].data, t, l.gates), .dx = rows_of(&l, l.out[0].data, t, l.gates) };
        tp__gates_run(TP__LSTM_BACKWARD, &step, l.batch, l.dtype);
        if (s || attr->state) status = tp__gemm_by_fixed(&l.weight, step.dx, dh);
    }
    if (!status && attr->weight) status = weight_gradient(&l, l.out[0].data, l.in[5].data, l.in[3].data, l.out[1].data);
    if (!status && attr->state && rows) {
        memcpy(l.out[2].data, dh, (size_t)rows * l.item);
        memcpy(l.out[3].data, dc, (size_t)rows * l.item);
    }
    layer_close(&l, call, status);
    return status;
}

/* ---- GRU ----------------------------------------------------------------------------------------------------------------------- */

/* What the gates get by the state alone where there is none: the bias in each row. */
static void spread(const layer *l, void *u, const void *bias)
{
    for (int64_t i = 0; bias && i < l->batch; i++) memcpy((char *)u + (size_t)(i * l->gates) * l->item, bias, (size_t)l->gates * l->item);
}

/* x, W, b?, h? -> y, work */
static tp_status gru_layer(tp__call *call)
{
    const bool reverse = *(const bool *)call->attr;
    const int64_t hidden = call->in[1]->shape[1], rows = call->in[0]->shape[1] * hidden;
    layer l;
    tp_status status = layer_open(&l, call, call->in[0], 3, hidden, reverse, 4 * rows);
    void *u = room_at(&l, 0), *zeros = room_at(&l, 3 * rows);
    const void *h = l.in[3].data;
    if (!status) status = hold_forward(&l, l.in[1].data, l.in[2].data);
    if (!status && !h && rows) spread(&l, u, l.in[2].data);
    for (int64_t s = 0; s < l.steps && !status; s++) {
        const int64_t t = step_of(&l, s);
        if (h && (status = tp__gemm_by_fixed(&l.weight, h, u))) break;
        const tp__gate_rows step = { .hidden = hidden, .x = rows_of(&l, l.in[0].data, t, l.gates), .u = u, .state = given(h, zeros),
            .h = rows_of(&l, l.out[0].data, t, hidden), .work = rows_of(&l, l.out[1].data, t, 4 * hidden) };
        tp__gates_run(TP__GRU_FORWARD, &step, l.batch, l.dtype);
        h = step.h;
    }
    layer_close(&l, call, status);
    return status;
}

/* sum[j] += the sum of a step's rows, which are added up by themselves first. */
#define ADD_ROWS(T) static void add_rows_##T(int64_t rows, int64_t n, const T *x, T *part, T *sum) \
    { \
        for (int64_t j = 0; j < n; j++) part[j] = 0; \
        for (int64_t i = 0; i < rows; i++) \
            for (int64_t j = 0; j < n; j++) part[j] += x[i * n + j]; \
        for (int64_t j = 0; j < n; j++) sum[j] += part[j]; \
    }
ADD_ROWS(float)
ADD_ROWS(double)

/* dy, W, h?, y, work -> dx, dW, db, dh */
static tp_status gru_layer_backward(tp__call *call)
{
    const back_attr *attr = call->attr;
    const int64_t hidden = call->in[1]->shape[1], rows = call->in[3]->shape[1] * hidden, steps = call->in[3]->shape[0];
    layer l;
    tp_status status = layer_open(&l, call, call->in[3], 3, hidden, attr->reverse, 2 * rows + 3 * hidden + 3 * rows * steps);
    void *dh = room_at(&l, 0), *zeros = room_at(&l, rows), *part = room_at(&l, 2 * rows), *all = room_at(&l, 2 * rows + 3 * hidden);
    if (!status) status = hold_backward(&l, l.in[1].data, true);
    if (!status && l.gates) memset(l.out[2].data, 0, (size_t)l.gates * l.item);
    for (int64_t s = l.steps - 1; s >= 0 && !status; s--) {
        const int64_t t = step_of(&l, s);
        const tp__gate_rows step = { .hidden = hidden, .dh = rows_of(&l, l.in[0].data, t, hidden), .dstate = dh,
            .state = s ? rows_of(&l, l.in[3].data, step_of(&l, s - 1), hidden) : given(l.in[2].data, zeros),
            .work = rows_of(&l, l.in[4].data, t, 4 * hidden), .dx = rows_of(&l, l.out[0].data, t, l.gates), .du = rows_of(&l, all, t, l.gates) };
        tp__gates_run(TP__GRU_BACKWARD, &step, l.batch, l.dtype);
        if (l.dtype == TP_F64) add_rows_double(l.batch, l.gates, step.du, part, l.out[2].data);
        else add_rows_float(l.batch, l.gates, step.du, part, l.out[2].data);
        if (s || attr->state) status = tp__gemm_by_fixed(&l.weight, step.du, dh);
    }
    if (!status && attr->weight) status = weight_gradient(&l, all, l.in[3].data, l.in[2].data, l.out[1].data);
    if (!status && attr->state && rows) memcpy(l.out[3].data, dh, (size_t)rows * l.item);
    layer_close(&l, call, status);
    return status;
}

const tp_kernel tp__cpu_recurrent_layer[] = {
    { "lstm_layer", lstm_layer, NULL }, { "lstm_layer_backward", lstm_layer_backward, NULL }, { "gru_layer", gru_layer, NULL },
    { "gru_layer_backward", gru_layer_backward, NULL }, { NULL, NULL, NULL },
};
