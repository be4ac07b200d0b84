/* recurrent_net.c: recurrent layers over sequences, in one direction or both, as PyTorch calls them.
 *
 *   lstm, gru           h_t (and c_t) = lstm_cell, gru_cell of x_t and h_(t-1); the next layer's x is h, of both directions side by side
 *   rnn_tanh, rnn_relu  h_t = tanh, relu of W_ih x_t + b_ih + W_hh h_(t-1) + b_hh
 *
 * Where the device has a library for a whole net, one op does it (recurrent_whole.c); with dropout between the layers one for each of them.
 * Else what depends on the input alone is one product over the whole sequence, and an LSTM or a GRU over it is one op. Sequences of several
 * lengths come packed: then each step has as many rows as sequences are left, and runs by itself; as with a projection. */
#include "ops/recurrent.h"

#include "ops/samples.h"

typedef struct weights { tp_tensor *w_ih, *w_hh, *b_ih, *b_hh, *w_hr; } weights;         /* biases and w_hr may be NULL */

static weights weights_of(const tp__net *n, int64_t layer, int dir)
{
    tp_tensor *const *at = n->params + (layer * n->dirs + dir) * n->per;
    weights w = { .w_ih = at[0], .w_hh = at[1] };
    if (n->biases) w.b_ih = at[2], w.b_hh = at[3];
    if (n->per > 2 + 2 * n->biases) w.w_hr = at[n->per - 1];
    return w;
}

/* ---- A layer in one direction over a sequence -------------------------------------------------------------------------------------------- */

typedef struct sequence {
    int64_t steps;
    const int64_t *sizes;                              /* rows of each step: they do not grow */
    tp_tensor **by_input, **out, **done_h, **done_c;   /* of each step; made for who runs step by step */
} sequence;

static tp_status sequence_open(sequence *q)
{
    const size_t n = (size_t)q->steps;
    if (q->by_input) return TP_OK;
    q->by_input = tp_mem_alloc(4 * n * sizeof *q->by_input);
    if (!q->by_input) return tp__pending();
    q->out = q->by_input + n;
    q->done_h = q->out + n;
    q->done_c = q->done_h + n;
    return TP_OK;
}

static void sequence_close(sequence *q) { if (q->by_input) tp_mem_free(q->by_input, 4 * (size_t)q->steps * sizeof *q->by_input); }

static tp_tensor *joined(tp_tensor **parts, int64_t n) { return n == 1 ? parts[0] : tp_cat((tp_tensor_list){ .at = parts, .n = n }, 0); }

/* by_input: W_ih x + b_ih. *s becomes the next state; an error is pending if that failed. */
static void step(const tp__net *n, const weights *w, tp_tensor *by_input, tp__net_state *s)
{
    tp_tensor *by_state = tp_linear(s->h, w->w_hh, w->b_hh);
    if (n->mode == TP__NET_LSTM) s->h = tp_lstm_gates(by_input, by_state, s->c, &s->c);
    else if (n->mode == TP__NET_GRU) s->h = tp_gru_gates(by_input, by_state, s->h);
    else s->h = n->mode == TP__NET_RELU ? tp_relu(tp_add(by_input, by_state)) : tp_tanh(tp_add(by_input, by_state));
    if (w->w_hr) s->h = tp_linear(s->h, w->w_hr, NULL);
}

/* States of sequences that have ended wait in done_h and done_c, the last to end first. Returns the final ones of all. */
static tp__net_state forwards(const tp__net *n, const weights *w, sequence *q, tp__net_state s)
{
    int64_t rows = q->sizes[0], ended = q->steps;
    for (int64_t t = 0; t < q->steps && !tp_failed(); t++) {
        const int64_t left = q->sizes[t];
        if (left < rows) {
            ended--;
            q->done_h[ended] = tp_narrow(s.h, 0, left, rows - left);
            s.h = tp_narrow(s.h, 0, 0, left);
            if (s.c) q->done_c[ended] = tp_narrow(s.c, 0, left, rows - left);
            if (s.c) s.c = tp_narrow(s.c, 0, 0, left);
            rows = left;
        }
        step(n, w, q->by_input[t], &s);
        q->out[t] = s.h;
    }
    if (ended == q->steps || tp_failed()) return s;
    q->done_h[ended - 1] = s.h;
    q->done_c[ended - 1] = s.c;
    const int64_t parts = q->steps - ended + 1;
    return (tp__net_state){ joined(q->done_h + ended - 1, parts), s.c ? joined(q->done_c + ended - 1, parts) : NULL };
}

/* From the last step: sequences begin where they end, with their initial states. */
static tp__net_state backwards(const tp__net *n, const weights *w, sequence *q, tp__net_state first)
{
    int64_t rows = q->sizes[q->steps - 1];
    const bool all = rows == q->sizes[0];
    tp__net_state s = all ? first : (tp__net_state){ tp_narrow(first.h, 0, 0, rows), first.c ? tp_narrow(first.c, 0, 0, rows) : NULL };
    for (int64_t t = q->steps - 1; t >= 0 && !tp_failed(); t--) {
        const int64_t more = q->sizes[t] - rows;
        if (more) s.h = tp_cat(TP_TENSORS(s.h, tp_narrow(first.h, 0, rows, more)), 0);
        if (more && first.c) s.c = tp_cat(TP_TENSORS(s.c, tp_narrow(first.c, 0, rows, more)), 0);
        rows += more;
        step(n, w, q->by_input[t], &s);
        q->out[t] = s.h;
    }
    return s;
}

/* Is there one op for it, if all steps have as many rows? Of 16 bits, step by step: states are rounded at each. */
static bool may_run_whole(const tp__net *n, const tp_tensor *x, const sequence *q)
{
    return (n->mode == TP__NET_LSTM || n->mode == TP__NET_GRU) && n->per <= 2 + 2 * n->biases && (x->dtype == TP_F32 || x->dtype == TP_F64)
           && q->sizes[q->steps - 1] == q->sizes[0];
}

static tp_tensor *run_whole(const tp__net *n, const weights *w, const sequence *q, tp_tensor *x, tp__net_state *s, bool reverse)
{
    const bool lstm = n->mode == TP__NET_LSTM;         /* whose biases are added alike */
    tp_tensor *by_input = tp_linear(x, w->w_ih, lstm && n->biases ? tp_add(w->b_ih, w->b_hh) : w->b_ih), *c = NULL;
    if (!by_input) return NULL;
    tp_tensor *gates = tp_reshape(by_input, TP_SHAPE(q->steps, q->sizes[0], tp_size(by_input, 1)));
    tp_tensor *y = lstm ? tp_lstm_layer(gates, w->w_hh, s->h, s->c, reverse, &c) : tp_gru_layer(gates, w->w_hh, w->b_hh, s->h, reverse);
    if (!y) return NULL;
    tp_drop(gates);
    tp_drop(by_input);
    const int64_t last = reverse ? 0 : q->steps - 1;
    *s = (tp__net_state){ tp_select(y, 0, last), lstm ? tp_select(c, 0, last) : NULL };
    return tp_flatten(y, 0, 1);
}

/* [batch, width] of zeros, like x; by the weight that the state is multiplied with. */
static tp_tensor *no_state(const tp_tensor *x, const sequence *q, int64_t width)
{
    return tp_zeros(TP_SHAPE(q->sizes[0], width), .dtype = (tp_dtype)x->dtype, .device = x->device);
}

/* x [rows of all steps, features] -> [rows, hidden], and *s becomes the final state. */
static tp_tensor *run_direction(const tp__net *n, const weights *w, sequence *q, tp_tensor *x, tp__net_state *s, bool reverse)
{
    if (may_run_whole(n, x, q)) return run_whole(n, w, q, x, s, reverse);
    if (sequence_open(q)) return NULL;
    if (!s->h) s->h = no_state(x, q, w->w_hh->shape[1]);
    if (!s->c && n->mode == TP__NET_LSTM) s->c = no_state(x, q, w->w_hh->shape[0] / 4);
    if (tp_split_sizes(tp_linear(x, w->w_ih, w->b_ih), q->sizes, (int)q->steps, 0, q->by_input, (int)q->steps, NULL) != TP_OK) return NULL;
    *s = reverse ? backwards(n, w, q, *s) : forwards(n, w, q, *s);
    return tp_failed() ? NULL : joined(q->out, q->steps);
}

/* ---- All layers ------------------------------------------------------------------------------------------------------------------------ */

/* x [rows of all steps, features] -> the rows of the last layer */
static tp_tensor *run_layers(const tp__net *n, tp_tensor *x, const int64_t *sizes, int64_t steps, const tp__net_state *first, tp__net_state *last)
{
    enum { FEW = 16 };
    const int64_t all = n->layers * n->dirs;
    sequence q = { .steps = steps, .sizes = sizes };
    tp_tensor *few[2 * FEW], **h = few;
    if (all > FEW) h = tp_mem_alloc(2 * (size_t)all * sizeof *h);
    if (!h) return NULL;
    tp_tensor **c = h + all;
    for (int64_t layer = 0; layer < n->layers && x; layer++) {
        tp_tensor *out[2] = { NULL, NULL };
        for (int dir = 0; dir < n->dirs; dir++) {
            const int64_t i = layer * n->dirs + dir;
            const weights w = weights_of(n, layer, dir);
            tp__net_state s = { first->h ? tp_select(first->h, 0, i) : NULL, first->c ? tp_select(first->c, 0, i) : NULL };
            out[dir] = tp_failed() ? NULL : run_direction(n, &w, &q, x, &s, dir == 1);
            h[i] = s.h;
            c[i] = s.c;
        }
        x = n->dirs == 2 ? tp_cat(TP_TENSORS(out[0], out[1]), 1) : out[0];
        if (layer + 1 < n->layers && n->dropout > 0) x = tp_dropout(x, n->dropout, true);
    }
    *last = (tp__net_state){ NULL, NULL };
    if (x) last->h = tp_stack((tp_tensor_list){ .at = h, .n = all }, 0);
    if (x && n->mode == TP__NET_LSTM) last->c = tp_stack((tp_tensor_list){ .at = c, .n = all }, 0);
    if (h != few) tp_mem_free(h, 2 * (size_t)all * sizeof *h);
    sequence_close(&q);
    return tp_failed() ? NULL : x;
}

tp_tensor *tp__net_run(const tp__net *n, tp_tensor *x, const int64_t *sizes, int64_t steps, const tp__net_state *first, tp__net_state *last)
{
    if (sizes) return run_layers(n, x, sizes, steps, first, last);
    int64_t *even = tp_mem_alloc((size_t)steps * sizeof *even);
    if (!even) return NULL;
    for (int64_t t = 0; t < steps; t++) even[t] = x->shape[1];
    tp_tensor *y = run_layers(n, tp_reshape(x, TP_SHAPE(steps * x->shape[1], x->shape[2])), even, steps, first, last);
    tp__sizes_free(even, steps);
    return y ? tp_reshape(y, TP_SHAPE(steps, x->shape[1], tp_size(y, 1))) : NULL;
}

/* The same by a library, where the device has one: all layers at once, or each by itself if something is dropped between them. */
static tp_tensor *run_by_layers(const tp__net *n, tp_tensor *x, tp_tensor *batch_sizes, const tp__net_state *first, tp__net_state *last)
{
    const bool once = n->layers == 1 || !(n->dropout > 0);
    const int64_t pieces = once ? 1 : n->layers;
    tp_tensor **h = tp_mem_alloc(2 * (size_t)pieces * sizeof *h), *out[3] = { NULL };
    if (!h) return NULL;
    tp__net piece = *n;
    piece.layers = once ? n->layers : 1;
    for (int64_t i = 0; i < pieces && x; i++) {
        const int64_t at = i * n->dirs;
        const tp__net_state s = once ? *first : (tp__net_state){ first->h ? tp_narrow(first->h, 0, at, n->dirs) : NULL,
                                                                first->c ? tp_narrow(first->c, 0, at, n->dirs) : NULL };
        piece.params = n->params + at * n->per;
        x = !tp_failed() && tp__net_whole(&piece, x, &s, batch_sizes, out) > 0 ? out[0] : NULL;
        h[i] = out[1];
        h[pieces + i] = out[2];
        if (x && i + 1 < pieces) x = tp_dropout(x, n->dropout, true);
    }
    if (x) *last = (tp__net_state){ joined(h, pieces), n->mode == TP__NET_LSTM ? joined(h + pieces, pieces) : NULL };
    tp_mem_free(h, 2 * (size_t)pieces * sizeof *h);
    return tp_failed() ? NULL : x;
}

/* ---- Arguments ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct net_attr { bool has_biases; int64_t num_layers; double dropout; bool train, bidirectional, batch_first; } net_attr;
typedef struct lstm_attr { const tp_arg *hx; net_attr net; } lstm_attr;

int64_t *tp__sizes_read(const tp__call *call, tp_tensor *batch_sizes, int64_t rows)
{
    if (batch_sizes->ndim != 1 || !batch_sizes->numel || batch_sizes->dtype != TP_I64 || batch_sizes->numel > INT32_MAX) {
        tp__call_fail(call, TP_ERR_ARGUMENT, "batch_sizes %s are not the sizes of the steps, in int64", tp__shape_text(batch_sizes));
        return NULL;
    }
    const int64_t steps = batch_sizes->numel;
    int64_t *sizes = tp_mem_alloc((size_t)steps * sizeof *sizes), sum = 0;
    bool good = sizes && !tp_copy_to(batch_sizes, sizes, (size_t)steps * sizeof *sizes);
    for (int64_t t = 0; t < steps && good; t++) {
        good = sizes[t] > 0 && sizes[t] <= (t ? sizes[t - 1] : rows - sum);
        sum += sizes[t];
    }
    if (good && sum == rows) return sizes;
    if (!tp_failed()) tp__call_fail(call, TP_ERR_ARGUMENT, "the sizes of the steps do not fit %lld rows of data", (long long)rows);
    tp__sizes_free(sizes, steps);
    return NULL;
}

void tp__sizes_free(int64_t *sizes, int64_t steps)
{
    if (sizes) tp_mem_free(sizes, (size_t)steps * sizeof *sizes);
}

/* An LSTM's two states, of a list. */
static tp_status take_states(const tp__call *call, const tp_arg *hx, tp__net_state *s)
{
    tp_tensor **const to[] = { &s->h, &s->c };
    if (!hx || hx->kind == TP_ARG_NONE) return TP_OK;
    if ((hx->kind != TP_ARG_TENSORS && hx->kind != TP_ARG_LIST) || hx->n != 2)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "hx takes two tensors, h and c");
    for (int i = 0; i < 2; i++) {
        const bool listed = hx->kind == TP_ARG_LIST;
        *to[i] = !listed ? hx->value.tensors[i] : hx->value.list[i].kind == TP_ARG_TENSOR ? hx->value.list[i].value.tensor : NULL;
        if (!*to[i]) return tp__pending() ? tp__pending() : tp__call_fail(call, TP_ERR_ARGUMENT, "hx takes two tensors, h and c");
    }
    return TP_OK;
}

static tp_status check_state(const tp__call *call, const char *name, const tp_tensor *x, tp_device device, int64_t n, int64_t batch, int64_t width)
{
    if (x && x->device != device) return tp__call_fail(call, TP_ERR_DEVICE, "tensors are on %s and %s", tp_device_name(device), tp_device_name(x->device));
    if (!x || (x->ndim == 3 && x->shape[0] == n && x->shape[1] == batch && x->shape[2] == width)) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "%s is %s, and should be [%lld, %lld, %lld]", name, tp__shape_text(x),
                         (long long)n, (long long)batch, (long long)width);
}

/* What the arguments say of the net. */
static tp_status take_net(const tp__call *call, int32_t mode, const net_attr *a, int first, tp__net *n)
{
    const int64_t given = call->n_in - first;
    *n = (tp__net){ .mode = mode, .biases = a->has_biases, .dirs = a->bidirectional ? 2 : 1, .layers = a->num_layers,
                    .dropout = a->train ? a->dropout : 0, .params = call->in + first };
    if (a->num_layers < 1 || a->num_layers > INT16_MAX) return tp__call_fail(call, TP_ERR_ARGUMENT, "num_layers is %lld", (long long)a->num_layers);
    const int64_t places = a->num_layers * n->dirs;
    if (!(a->dropout >= 0 && a->dropout <= 1)) return tp__call_fail(call, TP_ERR_ARGUMENT, "dropout %g is not between 0 and 1", a->dropout);
    const int least = 2 + 2 * n->biases;
    n->per = (int)(given / places);
    if (given % places || n->per < least || n->per > least + (mode == TP__NET_LSTM))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld parameters are not those of %lld layers in %d directions, %d each", (long long)given,
                             (long long)a->num_layers, n->dirs, least);
    const int64_t gates = tp__net_gates(mode);
    for (int64_t i = 0; i < places; i++)
        for (int k = 0; k < 2; k++) {
            const tp_tensor *w = n->params[i * n->per + k];
            if (w->ndim == 2 && !(w->shape[0] % gates) && w->shape[0] == n->params[1]->shape[0]) continue;
            return tp__call_fail(call, TP_ERR_SHAPE, "weight %d of layer %lld is %s, and not [%lld hidden, features]",
                                 k, (long long)(i / n->dirs), tp__shape_text(w), (long long)gates);
        }
    return TP_OK;
}

/* ---- Calls --------------------------------------------------------------------------------------------------------------------------------- */

static tp_status run_net(tp__call *call, const tp__net *n, tp_tensor *x, tp_tensor *batch_sizes, const tp__net_state *first, bool batch_first)
{
    if (x->ndim != (batch_sizes ? 2 : 3) || !tp__is_floating(x->dtype))
        return tp__call_fail(call, TP_ERR_SHAPE, "the input %s is not %s of floating numbers", tp__shape_text(x),
                             batch_sizes ? "[rows, features]" : "[steps, batch, features]");
    if (x->shape[x->ndim - 1] != n->params[0]->shape[1])
        return tp__call_fail(call, TP_ERR_SHAPE, "the input %s has %lld features, and weight 0 of layer 0, %s, takes %lld", tp__shape_text(x),
                             (long long)x->shape[x->ndim - 1], tp__shape_text(n->params[0]), (long long)n->params[0]->shape[1]);
    if (batch_first && !(x = tp_transpose(x, 0, 1))) return tp__pending();
    const int64_t steps = batch_sizes ? batch_sizes->numel : x->shape[0];
    if (!steps || steps > INT32_MAX) return tp__call_fail(call, TP_ERR_SHAPE, "the sequence has %lld steps", (long long)steps);
    int64_t *sizes = batch_sizes ? tp__sizes_read(call, batch_sizes, x->shape[0]) : NULL;
    if (batch_sizes && !sizes) return tp__pending();
    const int64_t all = n->layers * n->dirs, batch = sizes ? sizes[0] : x->shape[1], hidden = n->params[1]->shape[0] / tp__net_gates(n->mode);
    tp__net_state last = { NULL, NULL };
    tp_tensor *y = NULL;
    tp_status status = check_state(call, "the hidden state", first->h, x->device, all, batch, n->params[1]->shape[1]);
    if (!status) status = check_state(call, "the cell state", first->c, x->device, all, batch, hidden);
    if (!status && tp__net_fits_whole(n, x)) y = run_by_layers(n, x, batch_sizes, first, &last);
    else if (!status) y = tp__net_run(n, x, sizes, steps, first, &last);
    tp__sizes_free(sizes, steps);
    if (y && batch_first) y = tp_transpose(y, 0, 1);
    if (status || !y || tp__give_out(call, y) || tp__give_out(call, last.h)) return status ? status : tp__pending();
    return n->mode == TP__NET_LSTM ? tp__give_out(call, last.c) : TP_OK;
}

static tp_status compose(tp__call *call, int32_t mode, bool packed)
{
    const bool lstm = mode == TP__NET_LSTM;
    const net_attr *a = lstm ? &((const lstm_attr *)call->attr)->net : call->attr;
    const int state = packed ? 2 : 1;
    tp__net n;
    tp__net_state first = { lstm ? NULL : call->in[state], NULL };
    if (lstm && take_states(call, ((const lstm_attr *)call->attr)->hx, &first)) return tp__pending();
    if (take_net(call, mode, a, state + 1, &n)) return tp__pending();
    return run_net(call, &n, call->in[0], packed ? call->in[1] : NULL, &first, !packed && a->batch_first);
}

#define COMPOSE(name, mode) \
    static tp_status name##_compose(tp__call *call) { return compose(call, mode, false); } \
    static tp_status name##_packed_compose(tp__call *call) { return compose(call, mode, true); }
COMPOSE(lstm, TP__NET_LSTM)
COMPOSE(gru, TP__NET_GRU)
COMPOSE(rnn_tanh, TP__NET_TANH)
COMPOSE(rnn_relu, TP__NET_RELU)

/* ---- Samples ----------------------------------------------------------------------------------------------------------------------------- */

enum { MOST_PARAMS = 20 };
/* Those of `layers` of 2 hidden, after 3 features */
static int give_params(const tp_sample_set *set, int64_t gates, int layers, int dirs, bool biases, bool projected, tp_tensor **to)
{
    int n = 0;
    for (int i = 0; i < layers * dirs; i++) {
        const int64_t out = projected ? 1 : 2;
        to[n++] = tp__sample_tensor(set, TP_SHAPE(2 * gates, i < dirs ? 3 : out * dirs), -1, 1);
        to[n++] = tp__sample_tensor(set, TP_SHAPE(2 * gates, out), -1, 1);
        for (int k = 0; k < 2 && biases; k++) to[n++] = tp__sample_tensor(set, TP_SHAPE(2 * gates), 0.1, 1);
        if (projected) to[n++] = tp__sample_tensor(set, TP_SHAPE(1, 2), -1, 1);
    }
    return n;
}

typedef struct kind { int layers, dirs; bool biases, packed, batch_first, projected, without; } kind;
static void give(tp_sample_set *set, int32_t mode, kind k)
{
    tp_tensor *params[MOST_PARAMS];                    /* an LSTM's states stand in no slot, where the tests would find them */
    const tp_arg hx = k.without || mode == TP__NET_LSTM ? (tp_arg){ .kind = TP_ARG_NONE }
        : (tp_arg)TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(k.layers * k.dirs, 2, 2), -1, 1));
    const tp_arg list = { .kind = TP_ARG_TENSORS,
                          .n = give_params(set, tp__net_gates(mode), k.layers, k.dirs, k.biases, k.projected, params),
                          .value.tensors = params };
    const tp_arg rest[] = { TP__BOOL_ARG(k.biases), TP__INT_ARG(k.layers), TP__FLOAT_ARG(0), TP__BOOL_ARG(true), TP__BOOL_ARG(k.dirs == 2) };
    if (k.packed) {
        const tp_arg sizes = TP__TENSOR_ARG(tp_from_data((const int64_t[]){ 2, 2 }, TP_I64, TP_SHAPE(2)));
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -1, 1)), sizes, hx, list, rest[0], rest[1], rest[2], rest[3], rest[4]);
    } else {
        TP__GIVE(set,
                 TP__TENSOR_ARG(tp__sample_tensor(set, k.batch_first ? TP_SHAPE(2, 3, 3) : TP_SHAPE(3, 2, 3), -1, 1)),
                 hx, list, rest[0], rest[1], rest[2], rest[3], rest[4], TP__BOOL_ARG(k.batch_first));
    }
}

static void even_samples(tp_sample_set *set, int32_t mode)
{
    give(set, mode, (kind){ .layers = 1, .dirs = 2, .biases = true });
    give(set, mode, (kind){ .layers = 2, .dirs = 1, .batch_first = true });
    if (mode == TP__NET_LSTM) give(set, mode, (kind){ .layers = 1, .dirs = 2, .biases = true, .projected = true });
    if (mode != TP__NET_TANH) give(set, mode, (kind){ .layers = 1, .dirs = 1, .biases = true, .without = true });
}
static void packed_samples(tp_sample_set *set, int32_t mode) { give(set, mode, (kind){ .layers = 1, .dirs = 2, .biases = true, .packed = true }); }
#define SAMPLES(name, mode) \
    static void name##_samples(tp_sample_set *set) { even_samples(set, mode); } \
    static void name##_packed_samples(tp_sample_set *set) { packed_samples(set, mode); }
SAMPLES(lstm, TP__NET_LSTM)
SAMPLES(gru, TP__NET_GRU)
SAMPLES(rnn_tanh, TP__NET_TANH)
SAMPLES(rnn_relu, TP__NET_RELU)

/* ---- Descriptors, public --------------------------------------------------------------------------------------------------------------- */

#define NET "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional"
#define NETS(name, hx, results, bytes) \
    static const tp_op op_##name = { .schema = #name ".input(Tensor input, " hx " hx, " NET ", bool batch_first) -> " results, .compose = name##_compose, \
        .attr_size = bytes, .samples = name##_samples, .state = TP__STATE }; \
    static const tp_op op_##name##_packed = { \
        .schema = #name ".data(Tensor data, Tensor batch_sizes, " hx " hx, " NET ") -> " results, \
        .flags = TP__ANY_DEVICE, \
        .compose = name##_packed_compose, .attr_size = bytes, .samples = name##_packed_samples, .state = TP__STATE };
NETS(lstm, "any", "(Tensor, Tensor, Tensor)", sizeof(lstm_attr))
NETS(gru, "Tensor?", "(Tensor, Tensor)", sizeof(net_attr))
NETS(rnn_tanh, "Tensor?", "(Tensor, Tensor)", sizeof(net_attr))
NETS(rnn_relu, "Tensor?", "(Tensor, Tensor)", sizeof(net_attr))

/* slots: input, batch_sizes?, hx, params */
static tp_tensor *call_net(const tp_op *even, const tp_op *packed, tp_tensor *x, tp_tensor *hx, const tp_tensor_list *params, const tp_lstm_options *o,
                           const void *attr, const void *caller)
{
    enum { FEW = 64, BEFORE = 3 };
    const tp_op *op = o->batch_sizes ? packed : even;
    tp_tensor *few[FEW], *out[3] = { NULL }, **slot = few, *y = NULL;
    if (!x || !tp__list_is_good(op, params)) return NULL;
    if (o->batch_sizes && o->batch_first) return tp_fail(TP_ERR_ARGUMENT, "%s: packed data has no batch_first", tp__state(op)->base_name), NULL;
    const size_t bytes = ((size_t)params->n + BEFORE) * sizeof *slot;
    if (params->n + BEFORE > FEW) slot = tp_mem_alloc(bytes);
    if (!slot) return NULL;
    int n = 0;
    slot[n++] = x;
    if (o->batch_sizes) slot[n++] = o->batch_sizes;
    slot[n++] = hx;
    for (int64_t i = 0; i < params->n; i++) slot[n++] = params->at[i];
    if (tp__run(op, slot, n, attr, out, 3, caller) > 0) y = out[0];
    if (slot != few) tp_mem_free(slot, bytes);
    if (o->hy) *o->hy = y ? out[1] : NULL;
    if (o->cy) *o->cy = y && op == (o->batch_sizes ? &op_lstm_packed : &op_lstm) ? out[2] : NULL;
    return y;
}

static net_attr attr_of(const tp_lstm_options *o)
{
    return (net_attr){ o->has_biases, o->num_layers, o->dropout, o->train, o->bidirectional, o->batch_first };
}

tp_tensor *tp_lstm_with(tp_tensor *x, tp_tensor *h, tp_tensor *c, tp_tensor_list params, const tp_lstm_options *options)
{
    tp_lstm_options o = TP__BRACES(lstm, );
    if (tp_options_take("lstm", &o, options, offsetof(tp_lstm_options, tp__end))) return NULL;
    if (!h != !c) return tp__pending() ? NULL : (tp_fail(TP_ERR_ARGUMENT, "lstm: of h and c one is NULL"), NULL);
    if (!h && tp__pending()) return NULL;
    tp_tensor *const both[] = { h, c };
    const tp_arg hx = { .kind = h ? TP_ARG_TENSORS : TP_ARG_NONE, .n = h ? 2 : 0, .value.tensors = both };
    if (h && !(tp__alive(h, "lstm") && tp__alive(c, "lstm"))) return NULL;
    return call_net(&op_lstm, &op_lstm_packed, x, NULL, &params, &o, &(lstm_attr){ &hx, attr_of(&o) }, TP__CALLER);
}

#define PUBLIC(name) \
    tp_tensor *tp_##name##_with(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_##name##_options *options) \
    { \
        tp_##name##_options o = TP__BRACES(name, ); \
        if (tp_options_take(#name, &o, options, offsetof(tp_##name##_options, tp__end)) || (!hx && tp__pending())) return NULL; \
        if (o.cy) return tp_fail(TP_ERR_ARGUMENT, #name ": there is no c for .cy"), NULL; \
        const net_attr attr = attr_of(&o); \
        return call_net(&op_##name, &op_##name##_packed, x, hx, &params, &o, &attr, TP__CALLER); \
    }
PUBLIC(gru)
PUBLIC(rnn_tanh)
PUBLIC(rnn_relu)

const tp_op *const tp__ops_recurrent_net[] = {
    &op_lstm, &op_lstm_packed, &op_gru, &op_gru_packed, &op_rnn_tanh, &op_rnn_tanh_packed, &op_rnn_relu, &op_rnn_relu_packed, NULL,
};
