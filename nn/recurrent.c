/* recurrent.c: recurrent layers and their cells.
 *
 *   RNN    h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu
 *   LSTM   i, f, g, o = the same sum in four parts;  c' = s(f) c + s(i) tanh(g),  h' = s(o) tanh(c'),  W_hr h' with a projection
 *   GRU    r, z = s(the sums);  n = tanh(W_in x + b_in + r (W_hn h + b_hn)),  h' = (1 - z) n + z h
 *
 * What depends on the input alone is one product over the whole sequence. Sequences of several lengths come packed: then each step has
 * as many rows as sequences are left. Parameters begin uniform in +-1 / sqrt(hidden_size). */
#include "layer.h"
#include "module.h"

#include <math.h>
#include <string.h>

typedef enum cell_kind { RNN, LSTM, GRU } cell_kind;
static const int64_t gates_of[] = { [RNN] = 1, [LSTM] = 4, [GRU] = 3 };

typedef struct plan {
    cell_kind kind;
    bool relu, bias, batch_first;
    int dirs, per_layer;                               /* directions; parameters of a layer in one of them */
    int64_t input, hidden, layers, projection;
    double dropout;
} plan;

/* The schemas differ in order, so their arguments are read by name, once. */
typedef struct recurrent { tp_module base; int64_t arguments[12]; plan p; } recurrent;

typedef struct weights { tp_tensor *w_ih, *w_hh, *b_ih, *b_hh, *w_hr; } weights;       /* biases and w_hr may be NULL */
typedef struct state { tp_tensor *h, *c; } state;      /* [batch, hidden]; c is an LSTM's */

/* ---- One step ------------------------------------------------------------------------------------------------------------------------ */

/* by_input: W_ih x + b_ih. */
static void lstm_step(const weights *w, tp_tensor *by_input, state *s)
{
    tp_tensor *gate[4];
    tp_chunk(tp_add(by_input, tp_linear(s->h, w->w_hh, w->b_hh)), 4, 1, gate, 4, NULL);
    s->c = tp_add(tp_mul(tp_sigmoid(gate[1]), s->c), tp_mul(tp_sigmoid(gate[0]), tp_tanh(gate[2])));
    s->h = tp_mul(tp_sigmoid(gate[3]), tp_tanh(s->c));
    if (w->w_hr) s->h = tp_linear(s->h, w->w_hr, NULL);
}

static void gru_step(const weights *w, tp_tensor *by_input, state *s)
{
    tp_tensor *x[3], *h[3];
    tp_chunk(by_input, 3, 1, x, 3, NULL);
    tp_chunk(tp_linear(s->h, w->w_hh, w->b_hh), 3, 1, h, 3, NULL);
    tp_tensor *r = tp_sigmoid(tp_add(x[0], h[0])), *z = tp_sigmoid(tp_add(x[1], h[1])), *n = tp_tanh(tp_add(x[2], tp_mul(r, h[2])));
    s->h = tp_add(n, tp_mul(z, tp_sub(s->h, n)));
}

static void step(const plan *p, const weights *w, tp_tensor *by_input, state *s)
{
    if (p->kind == LSTM) lstm_step(w, by_input, s);
    else if (p->kind == GRU) gru_step(w, by_input, s);
    else {
        tp_tensor *sum = tp_add(by_input, tp_linear(s->h, w->w_hh, w->b_hh));
        s->h = p->relu ? tp_relu(sum) : tp_tanh(sum);
    }
}

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
static state forwards(const plan *p, const weights *w, sequence *q, state s)
{
    int64_t rows = q->sizes[0], ended = q->steps;
    for (int64_t t = 0; t < q->steps && !tp_failed(); t++) {
        const int64_t left = q->sizes[t];
        if (left < rows) {
            ended--;
            q->done_h[ended] = tp_narrow(s.h, 0, left, rows - left);
            s.h = tp_narrow(s.h, 0, 0, left);
            if (p->kind == LSTM) q->done_c[ended] = tp_narrow(s.c, 0, left, rows - left);
            if (p->kind == LSTM) s.c = tp_narrow(s.c, 0, 0, left);
            rows = left;
        }
        step(p, w, q->by_input[t], &s);
        q->out[t] = s.h;
    }
    if (ended == q->steps || tp_failed()) return s;
    q->done_h[ended - 1] = s.h;
    q->done_c[ended - 1] = s.c;
    const int64_t n = q->steps - ended + 1;
    return (state){ joined(q->done_h + ended - 1, n), p->kind == LSTM ? joined(q->done_c + ended - 1, n) : NULL };
}

/* From the last step: sequences begin where they end, with their initial states. */
static state backwards(const plan *p, const weights *w, sequence *q, state first)
{
    int64_t rows = q->sizes[q->steps - 1];
    const bool all = rows == q->sizes[0];
    state s = all ? first : (state){ tp_narrow(first.h, 0, 0, rows), p->kind == LSTM ? tp_narrow(first.c, 0, 0, rows) : NULL };
    for (int64_t t = q->steps - 1; t >= 0 && !tp_failed(); t--) {
        const int64_t more = q->sizes[t] - rows;
        if (more) s.h = tp_cat(TP_TENSORS(s.h, tp_narrow(first.h, 0, rows, more)), 0);
        if (more && p->kind == LSTM) s.c = tp_cat(TP_TENSORS(s.c, tp_narrow(first.c, 0, rows, more)), 0);
        rows += more;
        step(p, w, q->by_input[t], &s);
        q->out[t] = s.h;
    }
    return s;
}

/* x [rows of all steps, features] -> [rows, hidden], and *s becomes the final state. */
static tp_tensor *run_direction(const plan *p, const weights *w, sequence *q, tp_tensor *x, state *s, bool reverse)
{
    if (tp_split_sizes(tp_linear(x, w->w_ih, w->b_ih), q->sizes, (int)q->steps, 0, q->by_input, (int)q->steps, NULL) != TP_OK) return NULL;
    *s = reverse ? backwards(p, w, q, *s) : forwards(p, w, q, *s);
    return tp_failed() ? NULL : joined(q->out, q->steps);
}

/* ---- All layers ------------------------------------------------------------------------------------------------------------------------ */

static weights weights_of(const tp_module *self, const plan *p, int64_t layer, int dir)
{
    const tp__member *at = tp__state(self)->members + (layer * p->dirs + dir) * p->per_layer;
    weights w = { .w_ih = at[0].tensor, .w_hh = at[1].tensor };
    if (p->bias) w.b_ih = at[2].tensor, w.b_hh = at[3].tensor;
    if (p->projection) w.w_hr = at[p->per_layer - 1].tensor;
    return w;
}

/* first: [layers * dirs, batch, ..]. Returns the rows of the last layer; last: the same of the final states. */
static tp_tensor *run_layers(const tp_module *self, const plan *p, sequence *q, tp_tensor *x, const state *first, state *last)
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
            const weights w = weights_of(self, p, layer, dir);
            state s = { tp_select(first->h, 0, i), p->kind == LSTM ? tp_select(first->c, 0, i) : NULL };
            out[dir] = run_direction(p, &w, q, x, &s, dir == 1);
            h[i] = s.h;
            c[i] = s.c;
        }
        x = p->dirs == 2 ? tp_cat(TP_TENSORS(out[0], out[1]), 1) : out[0];
        if (layer + 1 < p->layers && p->dropout > 0) x = tp_dropout(x, p->dropout, tp_is_training((tp_module *)self));
    }
    if (x) last->h = tp_stack((tp_tensor_list){ .at = h, .n = n }, 0);
    if (x && p->kind == LSTM) last->c = tp_stack((tp_tensor_list){ .at = c, .n = n }, 0);
    if (h != few) tp_mem_free(h, 2 * (size_t)n * sizeof *h);
    return tp_failed() ? NULL : x;
}

/* ---- Inputs --------------------------------------------------------------------------------------------------------------------------------- */

/* A tensor, or two of them: of a list or a list of tensors. */
static tp_status take_states(const tp_module *self, const plan *p, const tp_arg *hx, state *s)
{
    const int n = p->kind == LSTM ? 2 : 1;
    tp_tensor **to[] = { &s->h, &s->c };
    if (n == 1) return (s->h = tp__input_tensor(self, hx, "hx")) ? TP_OK : tp_error_status();
    if ((hx->kind != TP_ARG_TENSORS && hx->kind != TP_ARG_LIST) || hx->n != 2) return tp__misfit(self, "hx takes two tensors, h and c");
    for (int i = 0; i < 2; i++) {
        if (hx->kind == TP_ARG_LIST && hx->value.list[i].kind != TP_ARG_TENSOR) return tp__misfit(self, "hx takes two tensors, h and c");
        *to[i] = hx->kind == TP_ARG_LIST ? hx->value.list[i].value.tensor : hx->value.tensors[i];
        if (!*to[i]) return tp_failed() ? tp_error_status() : tp__misfit(self, "hx takes two tensors, h and c");
    }
    return TP_OK;
}

static bool has_shape(tp_tensor *x, tp_shape shape)
{
    bool same = tp_ndim(x) == shape.ndim;
    for (int i = 0; same && i < shape.ndim; i++) same = tp_size(x, i) == shape.dim[i];
    return same;
}

static tp_status bad_state(const tp_module *self, const char *what, tp_tensor *x, tp_shape shape)
{
    char is[96], should[96];
    tp__write_shape(tp_shape_of(x), is, sizeof is);
    tp__write_shape(shape, should, sizeof should);
    return tp_fail(TP_ERR_SHAPE, "%s: %s is %s, and should be %s", tp__state(self)->type, what, is, should);
}

static tp_status first_states(const tp_module *self, const plan *p, const tp_arg *hx, tp_tensor *x, int64_t batch, bool unbatched, state *s)
{
    const int64_t n = p->layers * p->dirs, out = p->projection ? p->projection : p->hidden;
    const tp_shape h = unbatched ? TP_SHAPE(n, out) : TP_SHAPE(n, batch, out), c = unbatched ? TP_SHAPE(n, p->hidden) : TP_SHAPE(n, batch, p->hidden);
    if (!hx) {
        const tp_dtype dtype = tp_dtype_of(x);
        s->h = tp_zeros(TP_SHAPE(n, batch, out), .dtype = dtype, .device = tp_device_of(x));
        s->c = p->kind == LSTM ? tp_zeros(TP_SHAPE(n, batch, p->hidden), .dtype = dtype, .device = tp_device_of(x)) : NULL;
        return s->h && (s->c || p->kind != LSTM) ? TP_OK : tp_error_status();
    }
    const tp_status status = take_states(self, p, hx, s);
    if (status != TP_OK) return status;
    if (!has_shape(s->h, h)) return bad_state(self, "the hidden state", s->h, h);
    if (p->kind == LSTM && !has_shape(s->c, c)) return bad_state(self, "the cell state", s->c, c);
    if (unbatched) s->h = tp_unsqueeze(s->h, 1);
    if (unbatched && p->kind == LSTM) s->c = tp_unsqueeze(s->c, 1);
    return s->h ? TP_OK : tp_error_status();
}

static void reorder(state *s, tp_tensor *index)
{
    if (!index) return;
    s->h = tp_index_select(s->h, 1, index);
    if (s->c) s->c = tp_index_select(s->c, 1, index);
}

static tp_status give(const plan *p, tp_tensor *y, const state *last, tp_tensor **outs, int *n_out)
{
    outs[0] = y;
    outs[1] = last->h;
    if (p->kind == LSTM) outs[2] = last->c;
    *n_out = p->kind == LSTM ? 3 : 2;
    return y && last->h && (last->c || p->kind != LSTM) ? TP_OK : tp_error_status();
}

/* ---- Calls ----------------------------------------------------------------------------------------------------------------------------------- */

static tp_status call_padded(const tp_module *self, const plan *p, tp_tensor *x, const tp_arg *hx, tp_tensor **outs, int *n_out)
{
    const bool unbatched = tp_ndim(x) == 2, turned = p->batch_first && !unbatched;
    state first = { NULL, NULL }, last = { NULL, NULL };
    if (tp_ndim(x) != 2 && tp_ndim(x) != 3) return tp__misfit(self, "the input has %d dims, and not 2 or 3", tp_ndim(x));
    if (tp_size(x, -1) != p->input) return tp__misfit(self, "the input has %lld features, and not %lld", (long long)tp_size(x, -1), (long long)p->input);
    if (unbatched) x = tp_unsqueeze(x, 1);
    if (turned) x = tp_transpose(x, 0, 1);
    const int64_t steps = tp_size(x, 0), batch = tp_size(x, 1);
    if (!steps || steps > INT32_MAX) return tp__misfit(self, "the sequence has %lld steps", (long long)steps);
    sequence q = { .block = NULL };
    tp_status status = first_states(self, p, hx, x, batch, unbatched, &first);
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
static tp_status call_packed(const tp_module *self, const plan *p, tp_tensor *const *packed, const tp_arg *hx, tp_tensor **outs, int *n_out)
{
    tp_tensor *x = packed[0], *sizes = packed[1];
    state first = { NULL, NULL }, last = { NULL, NULL };
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
    const plan *p = &((recurrent *)self)->p;
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

static tp_arg argument(const tp_module *self, const char *name)
{
    const tp__field *f = tp__field_find(tp__layer_prepare(tp__state(self)->layer), name);
    return f ? tp__field_arg(f, self) : (tp_arg){ .kind = TP_ARG_NONE };
}

static void read_plan(const tp_module *self, cell_kind kind, plan *p)
{
    const tp_arg nonlinearity = argument(self, "nonlinearity"), bidirectional = argument(self, "bidirectional"), layers = argument(self, "num_layers");
    *p = (plan){
        .kind = kind, .relu = nonlinearity.kind == TP_ARG_STRING && !strcmp(nonlinearity.value.string, "relu"),
        .bias = argument(self, "bias").value.boolean, .batch_first = argument(self, "batch_first").value.boolean,
        .dirs = bidirectional.value.boolean ? 2 : 1, .input = argument(self, "input_size").value.integer,
        .hidden = argument(self, "hidden_size").value.integer, .layers = layers.kind == TP_ARG_INT ? layers.value.integer : 1,
        .projection = argument(self, "proj_size").value.integer, .dropout = argument(self, "dropout").value.real,
    };
    p->per_layer = 2 + (p->bias ? 2 : 0) + (p->projection ? 1 : 0);
}

/* suffix: "_l0_reverse", or "" of a cell. */
static void add_layer(tp_module *self, const plan *p, int64_t input, const char *suffix)
{
    const int64_t gates = gates_of[p->kind] * p->hidden, out = p->projection ? p->projection : p->hidden;
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

static tp_status recurrent_init(tp_module *self, cell_kind kind)
{
    plan *p = &((recurrent *)self)->p;
    read_plan(self, kind, p);
    if (p->input <= 0 || p->hidden <= 0 || p->layers <= 0)
        return tp__misfit(self, "input_size %lld, hidden_size %lld and num_layers %lld must be positive", (long long)p->input, (long long)p->hidden,
                          (long long)p->layers);
    if (!(p->dropout >= 0 && p->dropout <= 1)) return tp__misfit(self, "dropout %g is not between 0 and 1", p->dropout);
    if (p->projection < 0 || p->projection >= p->hidden)
        return tp__misfit(self, "proj_size %lld must be less than hidden_size %lld", (long long)p->projection, (long long)p->hidden);
    const int64_t out = (p->projection ? p->projection : p->hidden) * p->dirs;
    for (int64_t layer = 0; layer < p->layers && !tp_failed(); layer++)
        for (int dir = 0; dir < p->dirs; dir++) {
            char suffix[40];
            snprintf(suffix, sizeof suffix, "_l%lld%s", (long long)layer, dir ? "_reverse" : "");
            add_layer(self, p, layer ? out : p->input, suffix);
        }
    return TP_OK;
}

static tp_status rnn_init(tp_module *self) { return recurrent_init(self, RNN); }
static tp_status lstm_init(tp_module *self) { return recurrent_init(self, LSTM); }
static tp_status gru_init(tp_module *self) { return recurrent_init(self, GRU); }

/* ---- Cells: one step, [batch, features] or [features] ------------------------------------------------------------------------------------------ */

static tp_status cell_init(tp_module *self, cell_kind kind)
{
    plan *p = &((recurrent *)self)->p;
    read_plan(self, kind, p);
    if (p->input < 0 || p->hidden <= 0)
        return tp__misfit(self, "hidden_size %lld must be positive, input_size %lld not negative", (long long)p->hidden, (long long)p->input);
    add_layer(self, p, p->input, "");
    return TP_OK;
}

static tp_status rnn_cell_init(tp_module *self) { return cell_init(self, RNN); }
static tp_status lstm_cell_init(tp_module *self) { return cell_init(self, LSTM); }
static tp_status gru_cell_init(tp_module *self) { return cell_init(self, GRU); }

static tp_status cell_states(const tp_module *self, const plan *p, const tp_arg *hx, tp_tensor *x, state *s)
{
    const bool single = tp_ndim(x) == 1;
    const tp_shape shape = single ? TP_SHAPE(p->hidden) : TP_SHAPE(tp_size(x, 0), p->hidden);
    if (!hx) {
        s->h = tp_zeros(shape, .dtype = tp_dtype_of(x), .device = tp_device_of(x));
        s->c = s->h;
    } else {
        const tp_status status = take_states(self, p, hx, s);
        if (status != TP_OK) return status;
        if (!has_shape(s->h, shape)) return bad_state(self, "the hidden state", s->h, shape);
        if (p->kind == LSTM && !has_shape(s->c, shape)) return bad_state(self, "the cell state", s->c, shape);
    }
    if (single) s->h = tp_unsqueeze(s->h, 0);
    if (single && p->kind == LSTM) s->c = tp_unsqueeze(s->c, 0);
    return TP_OK;
}

static tp_status cell_call(tp_module *self, const tp_arg *args, int n, tp_tensor **outs, int max, int *n_out)
{
    const plan *p = &((recurrent *)self)->p;
    const tp_arg *in[2];
    state s = { NULL, NULL };
    tp_status status = tp__inputs(self, "input, hx?", args, n, in);
    tp_tensor *x = status == TP_OK ? tp__input_tensor(self, in[0], "input") : NULL;
    if (!x) return tp_error_status();
    const bool single = tp_ndim(x) == 1;
    if (tp_ndim(x) != 1 && tp_ndim(x) != 2) return tp__misfit(self, "the input has %d dims, and not 1 or 2", tp_ndim(x));
    if (tp_size(x, -1) != p->input) return tp__misfit(self, "the input has %lld features, and not %lld", (long long)tp_size(x, -1), (long long)p->input);
    status = cell_states(self, p, in[1], x, &s);
    if (status != TP_OK) return status;
    const weights w = weights_of(self, p, 0, 0);
    step(p, &w, tp_linear(single ? tp_unsqueeze(x, 0) : x, w.w_ih, w.b_ih), &s);
    tp_tensor *all[] = { s.h, s.c };
    *n_out = p->kind == LSTM && max > 1 ? 2 : 1;
    for (int i = 0; i < *n_out && i < max; i++) outs[i] = single ? tp_squeeze(all[i], .dims = TP_DIMS(0)) : all[i];
    return tp_failed() || max < 1 ? tp_error_status() : TP_OK;
}

/* ---- In C ------------------------------------------------------------------------------------------------------------------------------------ */

#define IN_C(name, type, ...) \
    tp_module *tp_nn_##name##_with(int64_t input, int64_t hidden, const tp_nn_##name##_options *options) \
    { \
        TP__TAKE(nn_##name, o, options); \
        return TP__MAKE(type, TP__WITH_INT(input_size, input), TP__WITH_INT(hidden_size, hidden), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o), \
                        ##__VA_ARGS__); \
    }
#define LAYERS_IN_C TP__WITH_INT(num_layers, o.num_layers), TP__WITH_BOOL(batch_first, o.batch_first), TP__WITH_REAL(dropout, o.dropout), \
    TP__WITH_BOOL(bidirectional, o.bidirectional)
IN_C(rnn, "RNN", LAYERS_IN_C, TP__WITH_STRING(nonlinearity, o.relu ? "relu" : "tanh"))
IN_C(lstm, "LSTM", LAYERS_IN_C, TP__WITH_INT(proj_size, o.proj_size))
IN_C(gru, "GRU", LAYERS_IN_C)
IN_C(rnn_cell, "RNNCell", TP__WITH_STRING(nonlinearity, o.relu ? "relu" : "tanh"))
IN_C(lstm_cell, "LSTMCell")
IN_C(gru_cell, "GRUCell")

/* A cell's call, for loops. */
static tp_tensor *cell_step(tp_module *cell, const char *op, tp_tensor *x, tp_tensor *h, tp_tensor **c)
{
    tp_tensor *outs[2] = { NULL, NULL }, *const both[] = { h, c ? *c : NULL };
    if (!x || tp_failed()) return NULL;
    if (!tp__is_module(cell, op)) return NULL;
    if (cell->base.cls->call != cell_call || (((recurrent *)cell)->p.kind == LSTM) != (c != NULL))
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

/* ---- Rows ------------------------------------------------------------------------------------------------------------------------------------ */

#define SIZES "(int input_size, int hidden_size, "
#define MORE  "bool bias=true, bool batch_first=false, float dropout=0, bool bidirectional=false"
#define PLACE ", device device=none, dtype dtype=none)"
#define SHOWN ":input_size :hidden_size ?num_layers ?bias ?batch_first ?dropout ?bidirectional"
#define LAYER(schema, init) { schema, sizeof(recurrent), init, .call = recurrent_call, .shows = SHOWN, TP__LAYER }
#define CELL(schema, init)  { schema, sizeof(recurrent), init, .call = cell_call, .shows = ":input_size :hidden_size ?bias ?nonlinearity", TP__LAYER }

const tp__layer tp__nn_recurrent[] = {
    LAYER("RNN" SIZES "int num_layers=1, string{tanh,relu} nonlinearity=tanh, " MORE PLACE, rnn_init),
    LAYER("LSTM" SIZES "int num_layers=1, " MORE ", int proj_size=0" PLACE, lstm_init),
    LAYER("GRU" SIZES "int num_layers=1, " MORE PLACE, gru_init),
    CELL("RNNCell" SIZES "bool bias=true, string{tanh,relu} nonlinearity=tanh" PLACE, rnn_cell_init),
    CELL("LSTMCell" SIZES "bool bias=true" PLACE, lstm_cell_init),
    CELL("GRUCell" SIZES "bool bias=true" PLACE, gru_cell_init),
    { NULL },
};
