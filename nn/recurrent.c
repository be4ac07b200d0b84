/* recurrent.c: recurrent layers: the steps of recurrent_cell.c over sequences, in layers and directions.
 *
 * What depends on the input alone is one product over the whole sequence, and an LSTM or a GRU over it is one op. Sequences of several
 * lengths come packed: then each step has as many rows as sequences are left, and runs by itself; as with a projection. */
#include "module.h"
#include "recurrent.h"

/* ---- A layer in one direction over a sequence -------------------------------------------------------------------------------------------- */

typedef struct sequence {
    int64_t steps;
    int64_t *sizes;                                    /* rows of each step: they do not grow */
    tp_tensor **by_input, **out, **done_h, **done_c;   /* of each step */
    void *block;
    size_t bytes;
} sequence;

static tp_status sequence_open(sequence *q, int64_t steps)
{
    const size_t n = (size_t)steps;
    q->steps = steps;
    q->bytes = n * (sizeof *q->sizes + 4 * sizeof(tp_tensor *));
    q->block = tp_mem_alloc(q->bytes + 1);
    if (!q->block) return tp_error_status();
    q->sizes = q->block;
    q->by_input = (tp_tensor **)(void *)(q->sizes + n);
    q->out = q->by_input + n;
    q->done_h = q->out + n;
    q->done_c = q->done_h + n;
    return TP_OK;
}

static void sequence_close(sequence *q) { if (q->block) tp_mem_free(q->block, q->bytes + 1); }

static tp_tensor *joined(tp_tensor **parts, int64_t n) { return n == 1 ? parts[0] : tp_cat((tp_tensor_list){ .at = parts, .n = n }, 0); }

/* States of sequences that have ended wait in done_h and done_c, the last to end first. Returns the final ones of all. */
static tp__rnn_state forwards(const tp__rnn_plan *p, const tp__rnn_weights *w, sequence *q, tp__rnn_state s)
{
    int64_t rows = q->sizes[0], ended = q->steps;
    for (int64_t t = 0; t < q->steps && !tp_failed(); t++) {
        const int64_t left = q->sizes[t];
        if (left < rows) {
            ended--;
            q->done_h[ended] = tp_narrow(s.h, 0, left, rows - left);
            s.h = tp_narrow(s.h, 0, 0, left);
            if (p->kind == TP__LSTM) q->done_c[ended] = tp_narrow(s.c, 0, left, rows - left);
            if (p->kind == TP__LSTM) s.c = tp_narrow(s.c, 0, 0, left);
            rows = left;
        }
        tp__rnn_step(p, w, q->by_input[t], &s);
        q->out[t] = s.h;
    }
    if (ended == q->steps || tp_failed()) return s;
    q->done_h[ended - 1] = s.h;
    q->done_c[ended - 1] = s.c;
    const int64_t n = q->steps - ended + 1;
    return (tp__rnn_state){ joined(q->done_h + ended - 1, n), p->kind == TP__LSTM ? joined(q->done_c + ended - 1, n) : NULL };
}

/* From the last step: sequences begin where they end, with their initial states. */
static tp__rnn_state backwards(const tp__rnn_plan *p, const tp__rnn_weights *w, sequence *q, tp__rnn_state first)
{
    int64_t rows = q->sizes[q->steps - 1];
    const bool all = rows == q->sizes[0];
    tp__rnn_state s = all ? first : (tp__rnn_state){ tp_narrow(first.h, 0, 0, rows), p->kind == TP__LSTM ? tp_narrow(first.c, 0, 0, rows) : NULL };
    for (int64_t t = q->steps - 1; t >= 0 && !tp_failed(); t--) {
        const int64_t more = q->sizes[t] - rows;
        if (more) s.h = tp_cat(TP_TENSORS(s.h, tp_narrow(first.h, 0, rows, more)), 0);
        if (more && p->kind == TP__LSTM) s.c = tp_cat(TP_TENSORS(s.c, tp_narrow(first.c, 0, rows, more)), 0);
        rows += more;
        tp__rnn_step(p, w, q->by_input[t], &s);
        q->out[t] = s.h;
    }
    return s;
}

/* Is there one op for it, if all steps have as many rows? Of 16 bits, step by step: states are rounded at each. */
static bool may_run_whole(const tp__rnn_plan *p, tp_tensor *x)
{
    return p->kind != TP__RNN && !p->projection && (tp_dtype_of(x) == TP_F32 || tp_dtype_of(x) == TP_F64);
}

static tp_tensor *run_whole(const tp__rnn_plan *p, const tp__rnn_weights *w, const sequence *q, tp_tensor *x, tp__rnn_state *s, bool reverse)
{
    const bool lstm = p->kind == TP__LSTM;             /* whose biases are added alike */
    tp_tensor *by_input = tp_linear(x, w->w_ih, lstm && p->bias ? tp_add(w->b_ih, w->b_hh) : w->b_ih), *c = NULL;
    if (!by_input) return NULL;
    tp_tensor *gates = tp_reshape(by_input, TP_SHAPE(q->steps, q->sizes[0], tp_size(by_input, 1)));
    tp_tensor *y = lstm ? tp_lstm_layer(gates, w->w_hh, s->h, s->c, reverse, &c) : tp_gru_layer(gates, w->w_hh, w->b_hh, s->h, reverse);
    if (!y) return NULL;
    tp_drop(gates);
    tp_drop(by_input);
    const int64_t last = reverse ? 0 : q->steps - 1;
    *s = (tp__rnn_state){ tp_select(y, 0, last), lstm ? tp_select(c, 0, last) : NULL };
    return tp_flatten(y, 0, 1);
}

/* x [rows of all steps, features] -> [rows, hidden], and *s becomes the final state. */
static tp_tensor *run_direction(const tp__rnn_plan *p, const tp__rnn_weights *w, sequence *q, tp_tensor *x, tp__rnn_state *s, bool reverse)
{
    if (may_run_whole(p, x) && q->sizes[q->steps - 1] == q->sizes[0]) return run_whole(p, w, q, x, s, reverse);
    if (tp_split_sizes(tp_linear(x, w->w_ih, w->b_ih), q->sizes, (int)q->steps, 0, q->by_input, (int)q->steps, NULL) != TP_OK) return NULL;
    *s = reverse ? backwards(p, w, q, *s) : forwards(p, w, q, *s);
    return tp_failed() ? NULL : joined(q->out, q->steps);
}

/* ---- All layers ------------------------------------------------------------------------------------------------------------------------ */

/* first: [layers * dirs, batch, ..], or NULL for zeros where layers run whole. Returns the rows of the last layer; last: the same of the final states. */
static tp_tensor *run_layers(const tp_module *self, const tp__rnn_plan *p, sequence *q, tp_tensor *x, const tp__rnn_state *first, tp__rnn_state *last)
{
    enum { FEW = 16 };
    const int64_t n = p->layers * p->dirs;
    tp_tensor *few[2 * FEW], **h = few;
    if (n > FEW) h = tp_mem_alloc(2 * (size_t)n * sizeof *h);
    if (!h) return NULL;
    tp_tensor **c = h + n;
    for (int64_t layer = 0; layer < p->layers && x; layer++) {
        tp_tensor *out[2] = { NULL, NULL };
        for (int dir = 0; dir < p->dirs; dir++) {
            const int64_t i = layer * p->dirs + dir;
            const tp__rnn_weights w = tp__rnn_weights_of(self, p, layer, dir);
            tp__rnn_state s = { first->h ? tp_select(first->h, 0, i) : NULL, first->c ? tp_select(first->c, 0, i) : NULL };
            out[dir] = run_direction(p, &w, q, x, &s, dir == 1);
            h[i] = s.h;
            c[i] = s.c;
        }
        x = p->dirs == 2 ? tp_cat(TP_TENSORS(out[0], out[1]), 1) : out[0];
        if (layer + 1 < p->layers && p->dropout > 0) x = tp_dropout(x, p->dropout, tp_is_training((tp_module *)self));
    }
    if (x) last->h = tp_stack((tp_tensor_list){ .at = h, .n = n }, 0);
    if (x && p->kind == TP__LSTM) last->c = tp_stack((tp_tensor_list){ .at = c, .n = n }, 0);
    if (h != few) tp_mem_free(h, 2 * (size_t)n * sizeof *h);
    return tp_failed() ? NULL : x;
}

/* ---- Inputs --------------------------------------------------------------------------------------------------------------------------------- */

static tp_status first_states(const tp_module *self, const tp__rnn_plan *p, const tp_arg *hx, tp_tensor *x, int64_t batch, bool unbatched, tp__rnn_state *s)
{
    const int64_t n = p->layers * p->dirs, out = p->projection ? p->projection : p->hidden;
    const tp_shape h = unbatched ? TP_SHAPE(n, out) : TP_SHAPE(n, batch, out), c = unbatched ? TP_SHAPE(n, p->hidden) : TP_SHAPE(n, batch, p->hidden);
    if (!hx) {
        const tp_dtype dtype = tp_dtype_of(x);
        s->h = tp_zeros(TP_SHAPE(n, batch, out), .dtype = dtype, .device = tp_device_of(x));
        s->c = p->kind == TP__LSTM ? tp_zeros(TP_SHAPE(n, batch, p->hidden), .dtype = dtype, .device = tp_device_of(x)) : NULL;
        return s->h && (s->c || p->kind != TP__LSTM) ? TP_OK : tp_error_status();
    }
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
    sequence q = { .block = NULL };
    tp_status status = hx || !may_run_whole(p, x) ? first_states(self, p, hx, x, batch, unbatched, &first) : TP_OK;
    if (status == TP_OK) status = sequence_open(&q, steps);
    if (status != TP_OK) return status;
    for (int64_t t = 0; t < steps; t++) q.sizes[t] = batch;
    tp_tensor *y = run_layers(self, p, &q, tp_reshape(x, TP_SHAPE(steps * batch, p->input)), &first, &last);
    sequence_close(&q);
    y = y ? tp_reshape(y, TP_SHAPE(steps, batch, tp_size(y, 1))) : NULL;
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
    if (!x || !sizes || tp_ndim(x) != 2 || tp_size(x, 1) != p->input || tp_ndim(sizes) != 1 || !tp_numel(sizes) || tp_dtype_of(sizes) != TP_I64
        || tp_numel(sizes) > INT32_MAX)
        return tp_failed() ? tp_error_status() : tp__misfit(self, "the packed input is not [rows, %lld] with the sizes of its steps", (long long)p->input);
    sequence q = { .block = NULL };
    tp_status status = sequence_open(&q, tp_numel(sizes));
    if (status == TP_OK) status = tp_copy_to(sizes, q.sizes, (size_t)q.steps * sizeof *q.sizes);
    int64_t rows = 0;
    for (int64_t t = 0; status == TP_OK && t < q.steps; t++) {
        rows += q.sizes[t];
        if (q.sizes[t] < 1 || (t && q.sizes[t] > q.sizes[t - 1]) || rows > tp_size(x, 0)) status = tp__misfit(self, "the sizes of the steps do not fit the data");
    }
    if (status == TP_OK) status = first_states(self, p, hx, x, q.sizes[0], false, &first);
    if (status == TP_OK) {
        if (hx) reorder(&first, packed[2]);
        tp_tensor *y = run_layers(self, p, &q, x, &first, &last);
        if (y) reorder(&last, packed[3]);
        status = give(p, y, &last, outs, n_out);
    }
    sequence_close(&q);
    return status;
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
