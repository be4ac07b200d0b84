/* recurrent_cell.c: one step of a recurrent layer, its parameters, and cells that do one step.
 *
 *   RNN    h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu
 *   LSTM   i, f, g, o = the same sum in four parts;  c' = s(f) c + s(i) tanh(g),  h' = s(o) tanh(c'),  W_hr h' with a projection
 *   GRU    r, z = s(the sums);  n = tanh(W_in x + b_in + r (W_hn h + b_hn)),  h' = (1 - z) n + z h
 *
 * Parameters begin uniform in +-1 / sqrt(hidden_size). */
#include "module.h"
#include "recurrent.h"

#include <math.h>
#include <string.h>

static const int64_t gates_of[] = { [TP__RNN] = 1, [TP__LSTM] = 4, [TP__GRU] = 3 };

/* ---- Parameters -------------------------------------------------------------------------------------------------------------- */

void tp__rnn_read(const tp_module *self, tp__cell_kind kind, tp__rnn_plan *p)
{
    const tp_arg nonlinearity = tp__argument_of(self, "nonlinearity"), layers = tp__argument_of(self, "num_layers");
    *p = (tp__rnn_plan){
        .kind = kind, .relu = nonlinearity.kind == TP_ARG_STRING && !strcmp(nonlinearity.value.string, "relu"),
        .bias = tp__argument_of(self, "bias").value.boolean, .batch_first = tp__argument_of(self, "batch_first").value.boolean,
        .dirs = tp__argument_of(self, "bidirectional").value.boolean ? 2 : 1, .input = tp__argument_of(self, "input_size").value.integer,
        .hidden = tp__argument_of(self, "hidden_size").value.integer, .layers = layers.kind == TP_ARG_INT ? layers.value.integer : 1,
        .projection = tp__argument_of(self, "proj_size").value.integer, .dropout = tp__argument_of(self, "dropout").value.real,
    };
    p->per_layer = 2 + (p->bias ? 2 : 0) + (p->projection ? 1 : 0);
}

void tp__rnn_add(tp_module *self, const tp__rnn_plan *p, int64_t input, const char *suffix)
{
    const int64_t gates = p->hidden > INT32_MAX ? INT64_MAX : gates_of[p->kind] * p->hidden, out = p->projection ? p->projection : p->hidden;
    const double bound = 1 / sqrt((double)p->hidden);
    const struct { const char *name; tp_shape shape; bool there; } all[] = {
        { "weight_ih", TP_SHAPE(gates, input), true }, { "weight_hh", TP_SHAPE(gates, out), true }, { "bias_ih", TP_SHAPE(gates), p->bias },
        { "bias_hh", TP_SHAPE(gates), p->bias }, { "weight_hr", TP_SHAPE(out, p->hidden), p->projection > 0 },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", all[i].name, suffix);
        if (all[i].there) tp__add_uniform(self, name, all[i].shape, bound);
    }
}

/* ---- States ------------------------------------------------------------------------------------------------------------------ */

/* A tensor, or two of them: of a list or a list of tensors. */
tp_status tp__rnn_take_states(const tp_module *self, const tp__rnn_plan *p, const tp_arg *hx, tp__rnn_state *s)
{
    const int n = p->kind == TP__LSTM ? 2 : 1;
    tp_tensor **to[] = { &s->h, &s->c };
    if (n == 1 && hx->kind != TP_ARG_TENSORS) return (s->h = tp__input_tensor(self, hx, "hx")) ? TP_OK : tp_error_status();
    const char *const wanted = n == 1 ? "hx takes one tensor, h" : "hx takes two tensors, h and c";
    if ((hx->kind != TP_ARG_TENSORS && hx->kind != TP_ARG_LIST) || hx->n != n) return tp__misfit(self, "%s", wanted);
    for (int i = 0; i < n; i++) {
        if (hx->kind == TP_ARG_LIST && hx->value.list[i].kind != TP_ARG_TENSOR) return tp__misfit(self, "%s", wanted);
        *to[i] = hx->kind == TP_ARG_LIST ? hx->value.list[i].value.tensor : hx->value.tensors[i];
        if (!*to[i]) return tp_failed() ? tp_error_status() : tp__misfit(self, "%s", wanted);
    }
    return TP_OK;
}

tp_status tp__rnn_check_state(const tp_module *self, const char *what, tp_tensor *x, tp_shape shape)
{
    char is[96], should[96];
    bool same = tp_ndim(x) == shape.ndim;
    for (int i = 0; same && i < shape.ndim; i++) same = tp_size(x, i) == shape.dim[i];
    if (same) return TP_OK;
    tp__write_shape(tp_shape_of(x), is, sizeof is);
    tp__write_shape(shape, should, sizeof should);
    return tp_fail(TP_ERR_SHAPE, "%s: %s is %s, and should be %s", tp__state(self)->type, what, is, should);
}

/* ---- Cells: one step, [batch, features] or [features] ------------------------------------------------------------------------------------------ */

static tp_status cell_init(tp_module *self, tp__cell_kind kind)
{
    tp__rnn_plan *p = &((tp__rnn *)self)->p;
    tp__rnn_read(self, kind, p);
    if (p->input < 0 || p->hidden <= 0)
        return tp__misfit(self, "hidden_size %lld must be positive, input_size %lld not negative", (long long)p->hidden, (long long)p->input);
    tp__rnn_add(self, p, p->input, "");
    return TP_OK;
}

static tp_status rnn_cell_init(tp_module *self) { return cell_init(self, TP__RNN); }
static tp_status lstm_cell_init(tp_module *self) { return cell_init(self, TP__LSTM); }
static tp_status gru_cell_init(tp_module *self) { return cell_init(self, TP__GRU); }

static tp_status cell_states(const tp_module *self, const tp__rnn_plan *p, const tp_arg *hx, tp_tensor *x, tp__rnn_state *s)
{
    const bool single = tp_ndim(x) == 1;
    const tp_shape shape = single ? TP_SHAPE(p->hidden) : TP_SHAPE(tp_size(x, 0), p->hidden);
    if (!hx) {
        s->h = tp_zeros(shape, .dtype = tp_dtype_of(x), .device = tp_device_of(x));
        s->c = s->h;
    } else {
        const tp_status status = tp__rnn_take_states(self, p, hx, s);
        if (status != TP_OK) return status;
        if (tp__rnn_check_state(self, "the hidden state", s->h, shape)) return tp_error_status();
        if (p->kind == TP__LSTM && tp__rnn_check_state(self, "the cell state", s->c, shape)) return tp_error_status();
    }
    if (single) s->h = tp_unsqueeze(s->h, 0);
    if (single && p->kind == TP__LSTM) s->c = tp_unsqueeze(s->c, 0);
    return TP_OK;
}

static void step(const tp_module *self, const tp__rnn_plan *p, tp_tensor *x, tp__rnn_state *s)
{
    const tp__member *at = tp__state(self)->members;
    tp_tensor *const w_ih = at[0].tensor, *const w_hh = at[1].tensor, *const b_ih = p->bias ? at[2].tensor : NULL, *const b_hh = p->bias ? at[3].tensor : NULL;
    if (p->kind == TP__LSTM) s->h = tp_lstm_cell(x, s->h, s->c, w_ih, w_hh, b_ih, b_hh, &s->c);
    else if (p->kind == TP__GRU) s->h = tp_gru_cell(x, s->h, w_ih, w_hh, b_ih, b_hh);
    else s->h = (p->relu ? tp_rnn_relu_cell : tp_rnn_tanh_cell)(x, s->h, w_ih, w_hh, b_ih, b_hh);
}

static tp_status cell_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const tp__rnn_plan *p = &((tp__rnn *)self)->p;
    const tp_arg *in[2];
    tp__rnn_state s = { NULL, NULL };
    tp_status status = tp__inputs(self, "input, hx?", args, n, in);
    tp_tensor *x = status == TP_OK ? tp__input_tensor(self, in[0], "input") : NULL;
    if (!x) return tp_error_status();
    const bool single = tp_ndim(x) == 1;
    if (tp_ndim(x) != 1 && tp_ndim(x) != 2) return tp__misfit(self, "the input has %d dims, and not 1 or 2", tp_ndim(x));
    if (tp_size(x, -1) != p->input) return tp__misfit(self, "the input has %lld features, and not %lld", (long long)tp_size(x, -1), (long long)p->input);
    status = cell_states(self, p, in[1], x, &s);
    if (status != TP_OK) return status;
    step(self, p, single ? tp_unsqueeze(x, 0) : x, &s);
    tp_tensor *all[] = { s.h, s.c };
    *n_out = p->kind == TP__LSTM && max > 1 ? 2 : 1;
    for (int i = 0; i < *n_out; i++) outs[i] = single ? tp_squeeze(all[i], .dims = TP_DIMS(0)) : all[i];
    return tp_failed() ? tp_error_status() : TP_OK;
}

/* ---- In C -------------------------------------------------------------------------------------------------------------------- */

TP__RNN_IN_C(rnn_cell, "RNNCell", TP__WITH_STRING(nonlinearity, o.relu ? "relu" : "tanh"))
TP__RNN_IN_C(lstm_cell, "LSTMCell")
TP__RNN_IN_C(gru_cell, "GRUCell")

/* A cell's call, for loops. */
static tp_tensor *cell_step(tp_module *cell, const char *op, tp_tensor *x, tp_tensor *h, tp_tensor **c)
{
    tp_tensor *outs[2] = { NULL, NULL }, *const both[] = { h, c ? *c : NULL };
    if (!x || tp_failed()) return NULL;
    if (!tp__is_module(cell, op)) return NULL;
    if (cell->base.cls->call != cell_call || (((tp__rnn *)cell)->p.kind == TP__LSTM) != (c != NULL))
        return tp_fail(TP_ERR_ARGUMENT, "%s: the module is a %s", op, tp__state(cell)->type), NULL;
    const bool first = !h;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x },
        c ? (tp_arg){ .name = "hx", .kind = first ? TP_ARG_NONE : TP_ARG_TENSORS, .n = 2, .value.tensors = both }
          : (tp_arg){ .name = "hx", .kind = first ? TP_ARG_NONE : TP_ARG_TENSOR, .value.tensor = h } };
    const tp_status status = tp_call_at(cell, args, 2, outs, c ? 2 : 1, NULL, NULL);
    if (c) *c = outs[1];
    return status == TP_OK ? outs[0] : NULL;
}

tp_tensor *tp_rnn_cell_step(tp_module *cell, tp_tensor *x, tp_tensor *h) { return cell_step(cell, "rnn_cell_step", x, h, NULL); }
tp_tensor *tp_gru_cell_step(tp_module *cell, tp_tensor *x, tp_tensor *h) { return cell_step(cell, "gru_cell_step", x, h, NULL); }
tp_tensor *tp_lstm_cell_step(tp_module *cell, tp_tensor *x, tp_tensor *h, tp_tensor **c)
{
    if (!c) return tp_fail(TP_ERR_ARGUMENT, "lstm_cell_step: c is where the next cell state goes, and is NULL"), NULL;
    return cell_step(cell, "lstm_cell_step", x, h, c);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------------------- */

#define CELL(type, more, init) \
    { type "(int input_size, int hidden_size, bool bias=true" more ", device device=none, dtype dtype=none)", sizeof(tp__rnn), init, .call = cell_call, \
      .shows = ":input_size :hidden_size ?bias ?nonlinearity", TP__LAYER }

const tp__layer tp__nn_recurrent_cell[] = {
    CELL("RNNCell", ", string{tanh,relu} nonlinearity=tanh", rnn_cell_init), CELL("LSTMCell", "", lstm_cell_init), CELL("GRUCell", "", gru_cell_init),
    { .schema = NULL },
};
