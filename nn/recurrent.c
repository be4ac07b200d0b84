/* recurrent.c: recurrent layers: their arguments, checked and put in order for the ops lstm, gru, rnn_tanh and rnn_relu. Sequences of
 * several lengths come packed. */
#include "module.h"
#include "recurrent.h"

/* ---- The op -------------------------------------------------------------------------------------------------------------------------------- */

/* x [steps, batch, features], or packed rows. Returns the rows of the last layer; *last: the final states of all. */
static tp_tensor *run(const tp_module *self, const tp__rnn_plan *p, tp_tensor *x, tp_tensor *sizes, const tp__rnn_state *first, tp__rnn_state *last)
{
    enum { FEW = 64 };
    const int64_t n = p->layers * p->dirs * p->per_layer;
    tp_tensor *few[FEW], **params = n > FEW ? tp_mem_alloc((size_t)n * sizeof *params) : few, *y;
    if (!params) return NULL;
    for (int64_t i = 0; i < n; i++) params[i] = tp__state(self)->members[i].tensor;
    const tp_tensor_list list = { .at = params, .n = n };
    const bool train = tp_is_training((tp_module *)self);
    tp__rnn_state s = { NULL, NULL };
#define NET .batch_sizes = sizes, .has_biases = p->bias, .num_layers = p->layers, .dropout = p->dropout, \
    .train = train, .bidirectional = p->dirs == 2, .hy = &s.h
    if (p->kind == TP__LSTM) y = tp_lstm(x, first->h, first->c, list, NET, .cy = &s.c);
    else if (p->kind == TP__GRU) y = tp_gru(x, first->h, list, NET);
    else y = p->relu ? tp_rnn_relu(x, first->h, list, NET) : tp_rnn_tanh(x, first->h, list, NET);
#undef NET
    if (params != few) tp_mem_free(params, (size_t)n * sizeof *params);
    *last = s;
    return y;
}

/* ---- Inputs --------------------------------------------------------------------------------------------------------------------------------- */

static tp_status first_states(const tp_module *self, const tp__rnn_plan *p, const tp_arg *hx, int64_t batch, bool unbatched, tp__rnn_state *s)
{
    const int64_t n = p->layers * p->dirs, out = p->projection ? p->projection : p->hidden;
    const tp_shape h = unbatched ? TP_SHAPE(n, out) : TP_SHAPE(n, batch, out), c = unbatched ? TP_SHAPE(n, p->hidden) : TP_SHAPE(n, batch, p->hidden);
    if (!hx) return TP_OK;                             /* zeros */
    const tp_status status = tp__rnn_take_states(self, p, hx, s);
    if (status != TP_OK) return status;
    if (tp__rnn_check_state(self, "the hidden state", s->h, h)) return tp_error_status();
    if (p->kind == TP__LSTM && tp__rnn_check_state(self, "the cell state", s->c, c)) return tp_error_status();
    if (unbatched) s->h = tp_unsqueeze(s->h, 1);
    if (unbatched && p->kind == TP__LSTM) s->c = tp_unsqueeze(s->c, 1);
    return s->h ? TP_OK : tp_error_status();
}

static void reorder(tp__rnn_state *s, tp_tensor *index)
{
    if (!index) return;
    s->h = tp_index_select(s->h, 1, index);
    if (s->c) s->c = tp_index_select(s->c, 1, index);
}

static tp_status give(const tp__rnn_plan *p, tp_tensor *y, const tp__rnn_state *last, tp_tensor **outs, int *n_out)
{
    outs[0] = y;
    outs[1] = last->h;
    if (p->kind == TP__LSTM) outs[2] = last->c;
    *n_out = p->kind == TP__LSTM ? 3 : 2;
    return y && last->h && (last->c || p->kind != TP__LSTM) ? TP_OK : tp_error_status();
}

/* ---- Calls ----------------------------------------------------------------------------------------------------------------------------------- */

static tp_status call_padded(const tp_module *self, const tp__rnn_plan *p, tp_tensor *x, const tp_arg *hx, tp_tensor **outs, int *n_out)
{
    const bool unbatched = tp_ndim(x) == 2, turned = p->batch_first && !unbatched;
    tp__rnn_state first = { NULL, NULL }, last = { NULL, NULL };
    if (tp_ndim(x) != 2 && tp_ndim(x) != 3) return tp__misfit(self, "the input has %d dims, and not 2 or 3", tp_ndim(x));
    if (tp_size(x, -1) != p->input) return tp__misfit(self, "the input has %lld features, and not %lld", (long long)tp_size(x, -1), (long long)p->input);
    if (unbatched) x = tp_unsqueeze(x, 1);
    if (turned) x = tp_transpose(x, 0, 1);
    const int64_t steps = tp_size(x, 0), batch = tp_size(x, 1);
    if (!steps || steps > INT32_MAX) return tp__misfit(self, "the sequence has %lld steps", (long long)steps);
    if (first_states(self, p, hx, batch, unbatched, &first)) return tp_error_status();
    tp_tensor *y = run(self, p, x, NULL, &first, &last);
    if (turned) y = tp_transpose(y, 0, 1);
    if (unbatched) {
        y = tp_squeeze(y, .dims = TP_DIMS(1));
        last.h = tp_squeeze(last.h, .dims = TP_DIMS(1));
        last.c = last.c ? tp_squeeze(last.c, .dims = TP_DIMS(1)) : NULL;
    }
    return give(p, y, &last, outs, n_out);
}

/* packed: data, sizes of the steps, and the orders of the batch, as tp_packed_sequence. */
static tp_status call_packed(const tp_module *self, const tp__rnn_plan *p, tp_tensor *const *packed, const tp_arg *hx, tp_tensor **outs, int *n_out)
{
    tp_tensor *x = packed[0], *sizes = packed[1];
    tp__rnn_state first = { NULL, NULL }, last = { NULL, NULL };
    if (!x || !sizes || tp_ndim(x) != 2 || tp_size(x, 1) != p->input || tp_ndim(sizes) != 1 || !tp_numel(sizes) || tp_dtype_of(sizes) != TP_I64)
        return tp_failed() ? tp_error_status() : tp__misfit(self, "the packed input is not [rows, %lld] with the sizes of its steps", (long long)p->input);
    if (hx && first_states(self, p, hx, tp_item_i64(tp_select(sizes, 0, 0)), false, &first)) return tp_error_status();
    if (hx) reorder(&first, packed[2]);
    tp_tensor *y = run(self, p, x, sizes, &first, &last);
    if (y) reorder(&last, packed[3]);
    return give(p, y, &last, outs, n_out);
}

static tp_status recurrent_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const tp__rnn_plan *p = &((tp__rnn *)self)->p;
    const tp_arg *in[2];
    tp_tensor *all[3] = { NULL };
    int made = 0;
    tp_status status = tp__inputs(self, "input, hx?", args, n, in);
    if (status != TP_OK) return status;
    if (in[0]->kind == TP_ARG_TENSORS && in[0]->n == 4) status = call_packed(self, p, in[0]->value.tensors, in[1], all, &made);
    else if (in[0]->kind != TP_ARG_TENSOR) return tp__misfit(self, "\"input\" must be a tensor, or the four of a packed sequence");
    else status = call_padded(self, p, in[0]->value.tensor, in[1], all, &made);
    if (status != TP_OK) return status;
    *n_out = made < max ? made : max;                  /* who wants the output alone gives room for it alone */
    for (int i = 0; i < *n_out; i++) outs[i] = all[i];
    return TP_OK;
}

/* ---- Constructors -------------------------------------------------------------------------------------------------------------------------- */

static tp_status recurrent_init(tp_module *self, tp__cell_kind kind)
{
    tp__rnn_plan *p = &((tp__rnn *)self)->p;
    tp__rnn_read(self, kind, p);
    if (p->input <= 0 || p->hidden <= 0 || p->layers <= 0)
        return tp__misfit(self, "input_size %lld, hidden_size %lld and num_layers %lld must be positive", (long long)p->input, (long long)p->hidden,
                          (long long)p->layers);
    if (p->input > INT32_MAX || p->hidden > INT32_MAX || p->layers > INT16_MAX)
        return tp__misfit(self, "input_size %lld, hidden_size %lld or num_layers %lld is too large", (long long)p->input, (long long)p->hidden,
                          (long long)p->layers);
    if (!(p->dropout >= 0 && p->dropout <= 1)) return tp__misfit(self, "dropout %g is not between 0 and 1", p->dropout);
    if (p->projection < 0 || p->projection >= p->hidden)
        return tp__misfit(self, "proj_size %lld must be less than hidden_size %lld", (long long)p->projection, (long long)p->hidden);
    const int64_t out = (p->projection ? p->projection : p->hidden) * p->dirs;
    for (int64_t layer = 0; layer < p->layers && !tp_failed(); layer++)
        for (int dir = 0; dir < p->dirs; dir++) {
            char suffix[40];
            snprintf(suffix, sizeof suffix, "_l%lld%s", (long long)layer, dir ? "_reverse" : "");
            tp__rnn_add(self, p, layer ? out : p->input, suffix);
        }
    return TP_OK;
}

static tp_status rnn_init(tp_module *self) { return recurrent_init(self, TP__RNN); }
static tp_status lstm_init(tp_module *self) { return recurrent_init(self, TP__LSTM); }
static tp_status gru_init(tp_module *self) { return recurrent_init(self, TP__GRU); }

/* ---- In C ------------------------------------------------------------------------------------------------------------------------------------ */

#define LAYERS_IN_C TP__WITH_INT(num_layers, o.num_layers), TP__WITH_BOOL(batch_first, o.batch_first), TP__WITH_REAL(dropout, o.dropout), \
    TP__WITH_BOOL(bidirectional, o.bidirectional)
TP__RNN_IN_C(rnn, "RNN", LAYERS_IN_C, TP__WITH_STRING(nonlinearity, o.relu ? "relu" : "tanh"))
TP__RNN_IN_C(lstm, "LSTM", LAYERS_IN_C, TP__WITH_INT(proj_size, o.proj_size))
TP__RNN_IN_C(gru, "GRU", LAYERS_IN_C)

/* ---- Rows ------------------------------------------------------------------------------------------------------------------------------------ */

#define SIZES "(int input_size, int hidden_size, "
#define MORE  "bool bias=true, bool batch_first=false, float dropout=0, bool bidirectional=false"
#define PLACE ", device device=none, dtype dtype=none)"
#define SHOWN ":input_size :hidden_size ?num_layers ?bias ?batch_first ?dropout ?bidirectional"
#define LAYER(schema, init) { schema, sizeof(tp__rnn), init, .call = recurrent_call, .shows = SHOWN, TP__LAYER }

const tp__layer tp__nn_recurrent[] = {
    LAYER("RNN" SIZES "int num_layers=1, string{tanh,relu} nonlinearity=tanh, " MORE PLACE, rnn_init),
    LAYER("LSTM" SIZES "int num_layers=1, " MORE ", int proj_size=0" PLACE, lstm_init),
    LAYER("GRU" SIZES "int num_layers=1, " MORE PLACE, gru_init),
    { .schema = NULL },
};
