/* recurrent_whole.c: a whole recurrent net as one op, for a device that has a library which computes it: several layers and directions over
 * sequences, with what the backward needs kept as the library wants it.
 *
 * The parameters come as one tensor: of each layer, and there of each direction, w_ih and w_hh; then, alike, the biases b_ih and b_hh. So do
 * the initial states [layers directions, batch, hidden]: h, and after it in the same dim an LSTM's c. What
 * the library kept has no gradient: where the backward is recorded, and where there is no library after all, the net is computed once more,
 * made of other ops (recurrent_net.c), and the gradients are theirs. */
#include "ops/recurrent.h"

#include "core/autocast.h"
#include "ops/samples.h"

enum { X, WEIGHT, STATE, SIZES, INPUTS, OUTPUTS = 3 }; /* after the outputs, unseen, comes what is kept */
enum { SAVED_Y = INPUTS, SAVED_KEPT, SAVES };          /* after the inputs */

/* ---- What a call says --------------------------------------------------------------------------------------------------------------------- */

static int64_t dirs_of(const tp__rnn_layers *a) { return a->bidirectional ? 2 : 1; }

static int64_t input_of(const tp__rnn_layers *a, int64_t layer, int64_t input) { return layer ? a->hidden * dirs_of(a) : input; }

/* All parameters together */
static int64_t weight_count(const tp__rnn_layers *a, int64_t input)
{
    const int64_t rows = tp__net_gates(a->mode) * a->hidden;
    int64_t n = 0;
    for (int64_t layer = 0; layer < a->layers; layer++) n += dirs_of(a) * rows * (input_of(a, layer, input) + a->hidden + (a->biases ? 2 : 0));
    return n;
}

static int64_t states_of(const tp__rnn_layers *a) { return a->layers * dirs_of(a) * (a->mode == TP__NET_LSTM ? 2 : 1); }

/* in: x, weight, state?, batch_sizes? */
static tp_status check(const tp__call *call, const tp__rnn_layers *a, tp_tensor *const *in)
{
    enum { WIDEST = 1 << 20 };
    const tp_tensor *x = in[X], *weight = in[WEIGHT], *state = in[STATE], *sizes = in[SIZES];
    for (int i = 0; i < call->n_in; i++)               /* the sizes alone may be elsewhere: they are read on the host */
        if (call->in[i] && call->in[i] != sizes && call->in[i]->device != x->device)
            return tp__call_fail(call, TP_ERR_DEVICE, "tensors are on %s and %s", tp_device_name(x->device), tp_device_name(call->in[i]->device));
    if (!tp__is_floating(x->dtype) || weight->dtype != x->dtype || (state && state->dtype != x->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "the input is %s, the weight %s: they and the state must be of one floating dtype",
                             tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)weight->dtype));
    if (a->hidden < 1 || a->hidden > WIDEST || a->layers < 1 || a->layers > INT16_MAX)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "hidden_size %lld, num_layers %lld", (long long)a->hidden, (long long)a->layers);
    if (x->ndim != (sizes ? 2 : 3) || !x->shape[0] || x->shape[x->ndim - 1] > WIDEST || weight->ndim != 1 ||
        weight->shape[0] != weight_count(a, x->shape[x->ndim - 1]))
        return tp__call_fail(call, TP_ERR_SHAPE, "the input %s and the weight %s are not those of %lld layers of %lld",
                             tp__shape_text(x), tp__shape_text(weight), (long long)a->layers, (long long)a->hidden);
    if (sizes && !state) return tp__call_fail(call, TP_ERR_ARGUMENT, "packed sequences need a state");
    if (state && (state->ndim != 3 || state->shape[0] != states_of(a) || (!sizes && state->shape[1] != x->shape[1]) || state->shape[2] != a->hidden))
        return tp__call_fail(call, TP_ERR_SHAPE, "the state %s does not fit the input %s", tp__shape_text(state), tp__shape_text(x));
    return TP_OK;
}

typedef struct output { int ndim; int64_t shape[3]; } output;

/* y, h, c: of what is no LSTM c is empty. */
static void outputs_of(const tp__rnn_layers *a, tp_tensor *const *in, output *of)
{
    const tp_tensor *x = in[X], *state = in[STATE];
    const int64_t width = dirs_of(a) * a->hidden, batch = in[SIZES] ? state->shape[1] : x->shape[1];
    of[0] = (output){ x->ndim, { x->shape[0], in[SIZES] ? width : batch, width } };
    of[1] = of[2] = (output){ 3, { a->layers * dirs_of(a), batch, a->hidden } };
    if (a->mode != TP__NET_LSTM) of[2] = (output){ 1, { 0 } };
}

/* x, weight, state?, batch_sizes? -> y, h, c */
static tp_status layers_shape(tp__call *call)
{
    const tp__rnn_layers *a = call->attr;
    output of[OUTPUTS];
    if (check(call, a, call->in)) return tp__pending();
    call->device = call->in[X]->device;
    outputs_of(a, call->in, of);
    for (int i = 0; i < OUTPUTS; i++)
        if (!tp__out(call, (tp_dtype)call->in[X]->dtype, of[i].ndim, of[i].shape)) return tp__pending();
    return TP_OK;
}

/* What the device is told besides, and what it says. */
static tp_status run_open(tp__rnn_run *run, const tp__call *call, tp_tensor *const *in)
{
    const tp_tensor *x = in[X], *state = in[STATE];
    tp_tensor *batch_sizes = in[SIZES];
    *run = (tp__rnn_run){ .steps = x->shape[0], .batch = x->shape[1], .input = x->shape[x->ndim - 1], .dtype = x->dtype };
    if (batch_sizes) {
        int64_t *sizes = tp__sizes_read(call, batch_sizes, x->shape[0]);
        if (!sizes) return tp__pending();
        run->sizes = sizes;
        run->steps = batch_sizes->numel;
        run->batch = sizes[0];
        if (state->shape[1] != sizes[0]) {
            tp__sizes_free(sizes, run->steps);
            return tp__call_fail(call, TP_ERR_SHAPE, "the state %s is not that of %lld sequences", tp__shape_text(state), (long long)run->batch);
        }
    }
    run->rows = batch_sizes ? x->shape[0] : run->steps * run->batch;
    return TP_OK;
}
static void run_close(tp__rnn_run *run) { tp__sizes_free((int64_t *)(uintptr_t)run->sizes, run->steps); }

/* Asks the device: run->able, run->bytes. */
static void ask(const tp_op *op, tp_device device, const tp__rnn_layers *a, tp__rnn_run *run)
{
    const tp_backend *backend = device == TP_CPU ? NULL : tp__backend(device);
    const tp_kernel *kernel = backend ? backend->find("rnn_layers_room") : NULL;
    run->able = false;
    if (kernel) kernel->run(&(tp__call){ .op = op, .device = device, .attr = a, .scratch = run });
}

/* ---- Made of other ops ------------------------------------------------------------------------------------------------------------------- */

enum { PER = 4 };

/* The parameters, as parts of the one tensor: w_ih, w_hh, b_ih, b_hh of each layer and direction. */
static tp_status cut(const tp__rnn_layers *a, tp_tensor *weight, int64_t input, tp_tensor **to)
{
    const int64_t rows = tp__net_gates(a->mode) * a->hidden, all = a->layers * dirs_of(a);
    const int per = a->biases ? PER : 2;
    int64_t at = 0;
    for (int kind = 0; kind < per; kind += 2)
        for (int64_t i = 0; i < all; i++)
            for (int k = kind; k < kind + 2; k++) {
                const int64_t cols = k > 1 ? 1 : k ? a->hidden : input_of(a, i / dirs_of(a), input);
                tp_tensor *part = tp_narrow(weight, 0, at, rows * cols);
                to[i * per + k] = k > 1 ? part : tp_reshape(part, TP_SHAPE(rows, cols));
                if (!to[i * per + k]) return tp__pending();
                at += rows * cols;
            }
    return TP_OK;
}

/* in: x, weight, state?. out: y, h, c or NULL */
static tp_status by_ops(const tp__rnn_layers *a, const tp__rnn_run *run, tp_tensor *const *in, tp_tensor **out)
{
    const int per = a->biases ? PER : 2;
    const size_t bytes = (size_t)(a->layers * dirs_of(a) * per) * sizeof(tp_tensor *);
    tp_tensor **params = tp_mem_alloc(bytes);
    out[0] = NULL;
    if (params && !cut(a, in[WEIGHT], run->input, params)) {
        const tp__net net = { .mode = a->mode, .biases = a->biases, .dirs = (int)dirs_of(a), .per = per, .layers = a->layers, .params = params };
        tp__net_state first = { in[STATE], NULL }, last;
        if (in[STATE] && a->mode == TP__NET_LSTM) {
            const int64_t half = states_of(a) / 2;
            first = (tp__net_state){ tp_narrow(in[STATE], 0, 0, half), tp_narrow(in[STATE], 0, half, half) };
        }
        if (!tp_failed()) out[0] = tp__net_run(&net, in[X], run->sizes, run->steps, &first, &last);
        out[1] = out[0] ? last.h : NULL;
        out[2] = out[0] ? last.c : NULL;
    }
    if (params) tp_mem_free(params, bytes);
    return tp__made(out[0]);
}

/* The gradients of x, weight and state in the bits of `need`, by the graph of the ops above; it joins that of the inputs if `record`. */
static tp_status gradients(const tp__rnn_layers *a, const tp__rnn_run *run, tp_tensor *const *in, tp_tensor *const *dy,
                           uint64_t need, bool record, tp_tensor **dx)
{
    tp_tensor *own[INPUTS], *out[OUTPUTS], *of[OUTPUTS], *d[OUTPUTS], *wanted[INPUTS], *got[INPUTS];
    int n = 0, n_wanted = 0;
    TP_ENABLE_GRAD();
    for (int i = X; i <= STATE; i++) {
        own[i] = in[i];
        if (!in[i] || !(need >> i & 1)) continue;
        own[i] = record ? tp_reshape(in[i], tp_shape_of(in[i])) : tp_detach(in[i]);      /* a node of its own, where the walk ends */
        if (!own[i] || (!record && tp_requires_grad(own[i], true))) return tp__pending();
        wanted[n_wanted++] = own[i];
    }
    if (by_ops(a, run, own, out)) return tp__pending();
    for (int i = 0; i < OUTPUTS; i++)
        if (dy[i] && out[i]) of[n] = out[i], d[n++] = dy[i];
    if (!n || !n_wanted) return TP_OK;
    const tp_status status = tp_grad(of, n, wanted, n_wanted, d, got, .create_graph = record);
    for (int i = X, k = 0; i <= STATE && !status; i++)
        if (in[i] && need >> i & 1) dx[i] = got[k++];
    return status;
}

/* ---- Forward ------------------------------------------------------------------------------------------------------------------------------ */

static tp_status give(tp__call *call, tp_tensor *const *y)
{
    for (int i = 0; i < call->n_out; i++)
        if (call->out[i]->numel && !tp_copy_(call->out[i], y[i])) return tp__pending();
    return TP_OK;
}

static tp_status layers_forward(tp__call *call)
{
    const tp__rnn_layers *a = call->attr;
    const tp_tensor *x = call->in[X];
    tp__rnn_run run;
    tp_status status = run_open(&run, call, call->in);
    if (status) return status;
    run.train = call->need;
    ask(call->op, x->device, a, &run);
    tp_tensor *kept = call->need ? tp__tensor_new(x->device, TP_U8, 1, (int64_t[]){ run.able ? (int64_t)run.bytes : 0 }) : NULL;
    if (call->need && !kept) status = tp__pending();
    if (!status && run.able) {
        const tp_kernel *kernel = tp__kernel(call->op, x->device);
        run.kept = kept;
        call->scratch = &run;
        status = kernel ? kernel->run(call) : tp__pending();
        call->scratch = NULL;
    }
    if (!status && !run.done) {
        TP_NO_GRAD();
        tp_tensor *y[OUTPUTS];
        status = by_ops(a, &run, call->in, y);
        if (!status) status = give(call, y);
        if (!status && kept && kept->numel) kept = tp__tensor_new(x->device, TP_U8, 1, (int64_t[]){ 0 });
        if (!status && call->need && !kept) status = tp__pending();
    }
    run_close(&run);
    call->out[OUTPUTS] = kept;
    return status;
}

/* ---- Backward ------------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_layers, op_layers_backward;

static tp_status layers_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *in[INPUTS];
    const tp__rnn_layers *a = tp__attr(node);
    tp__rnn_run run;
    for (int i = 0; i < INPUTS; i++) in[i] = tp__saved(node, i);
    if (tp__pending_error()) return tp__pending();
    tp_status status = run_open(&run, &(tp__call){ .op = &op_layers }, in);
    if (status) return status;
    status = gradients(a, &run, in, dy, need, !(tp__self.mode & TP__NO_RECORD), dx);
    run_close(&run);
    return status;
}

/* dy?, dh?, dc?, x, weight, state?, batch_sizes?, y, kept? */
enum { BACK_X = OUTPUTS, BACK_Y = BACK_X + SAVED_Y, BACK_KEPT, BACK_INPUTS };

static tp_status by_kernel(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *in[BACK_INPUTS] = { dy[0], dy[1], dy[2] }, *out[STATE + 1];
    for (int i = 0; i < SAVES; i++) in[BACK_X + i] = tp__saved(node, i);
    if (tp__pending_error()) return tp__pending();
    tp__rnn_layers attr = *(const tp__rnn_layers *)tp__attr(node);
    attr.weight_grad = need >> WEIGHT & 1;
    if (tp__run(&op_layers_backward, in, BACK_INPUTS, &attr, out, STATE + 1, NULL) < 0) return tp__pending();
    for (int i = X; i <= STATE; i++)
        if (need >> i & 1) dx[i] = out[i];
    return TP_OK;
}

/* y, and the gradients that there are, are as the forward gives them; what it kept is with them. */
static tp_status check_outputs(const tp__call *call, const tp__rnn_layers *a)
{
    const tp_tensor *x = call->in[BACK_X], *kept = call->in[BACK_KEPT];
    output of[OUTPUTS];
    outputs_of(a, call->in + BACK_X, of);
    for (int i = 0; i <= OUTPUTS; i++) {
        const tp_tensor *t = i < OUTPUTS ? call->in[i] : call->in[BACK_Y];
        const output *o = &of[i % OUTPUTS];
        if (!t || (t->ndim == o->ndim && !memcmp(t->shape, o->shape, (size_t)o->ndim * sizeof *o->shape) && t->dtype == x->dtype)) continue;
        return tp__call_fail(call, TP_ERR_SHAPE, "the output %s does not fit the input %s", tp__shape_text(t), tp__shape_text(x));
    }
    if (kept && kept->dtype != TP_U8) return tp__call_fail(call, TP_ERR_DTYPE, "what was kept is bytes, not %s", tp_dtype_name((tp_dtype)kept->dtype));
    return TP_OK;
}

/* -> dx, dweight, dstate: [0] where there is no such input, or none is asked for */
static tp_status back_shape(tp__call *call)
{
    const tp__rnn_layers *a = call->attr;
    tp_tensor *const *in = call->in + BACK_X;
    if (check(call, a, in) || check_outputs(call, a)) return tp__pending();
    call->device = in[X]->device;
    for (int i = X; i <= STATE; i++) {
        const bool there = in[i] && (i != WEIGHT || a->weight_grad);
        if (!tp__out(call, (tp_dtype)in[X]->dtype, there ? in[i]->ndim : 1, there ? in[i]->shape : (const int64_t[]){ 0 })) return tp__pending();
    }
    return TP_OK;
}

static tp_status back_forward(tp__call *call)
{
    const tp__rnn_layers *a = call->attr;
    tp_tensor *const *in = call->in + BACK_X, *kept = call->in[BACK_KEPT];
    tp__rnn_run run;
    tp_status status = run_open(&run, call, in);
    if (status) return status;
    run.train = true;
    if (kept && kept->numel) ask(call->op, in[X]->device, a, &run);
    if (run.able && kept->numel == (int64_t)run.bytes) {
        const tp_kernel *kernel = tp__kernel(call->op, in[X]->device);
        call->scratch = &run;
        status = kernel ? kernel->run(call) : tp__pending();
        call->scratch = NULL;
    }
    if (!status && !run.done) {
        tp_tensor *dx[STATE + 1] = { NULL };
        status = gradients(a, &run, in, call->in, (a->weight_grad ? 1u << WEIGHT : 0) | 1u << X | 1u << STATE, false, dx);
        for (int i = X; i <= STATE && !status; i++) {
            if (!call->out[i]->numel) continue;
            if (!(dx[i] ? tp_copy_(call->out[i], dx[i]) : tp_zero_(call->out[i]))) status = tp__pending();
        }
    }
    run_close(&run);
    return status;
}

/* ---- Which way ------------------------------------------------------------------------------------------------------------------------------ */

static tp__rnn_layers attr_of(const tp__net *n)
{
    return (tp__rnn_layers){ .mode = n->mode, .hidden = n->params[1]->shape[0] / tp__net_gates(n->mode),
        .layers = n->layers, .biases = n->biases, .bidirectional = n->dirs == 2 };
}

bool tp__net_fits_whole(const tp__net *n, const tp_tensor *x)
{
    const bool casts = tp__self.mode & TP__AUTOCAST;   /* then dtypes may differ here */
    if (x->device == TP_CPU || n->per != 2 + 2 * n->biases || !x->numel || x->dtype == TP_F64) return false;
    const tp__rnn_layers a = attr_of(n);
    tp__rnn_run run = { .input = x->shape[x->ndim - 1], .dtype = x->dtype };
    for (int64_t i = 0; i < n->layers * n->dirs; i++)
        for (int k = 0; k < n->per; k++) {
            const tp_tensor *w = n->params[i * n->per + k];
            const int64_t cols = k > 1 ? 1 : k ? a.hidden : input_of(&a, i / n->dirs, run.input);
            if (w->device != x->device || w->numel != tp__net_gates(n->mode) * a.hidden * cols || (!casts && w->dtype != x->dtype)) return false;
        }
    ask(&op_layers, x->device, &a, &run);
    return run.able;
}

int tp__net_whole(const tp__net *n, tp_tensor *x, const tp__net_state *first, tp_tensor *batch_sizes, tp_tensor **out)
{
    const tp__rnn_layers attr = attr_of(n);
    const int64_t all = n->layers * n->dirs;
    const size_t bytes = (size_t)(all * n->per) * sizeof(tp_tensor *);
    tp_tensor **parts = tp_mem_alloc(bytes), *state = first->h, *room[OUTPUTS + 1];
    int64_t at = 0;
    if (!parts) return TP_ERR_MEMORY;
    for (int kind = 0; kind < n->per; kind += 2)
        for (int64_t i = 0; i < all; i++)
            for (int k = kind; k < kind + 2; k++) parts[at++] = tp_reshape(n->params[i * n->per + k], TP_SHAPE(-1));
    tp_tensor *weight = tp_failed() ? NULL : tp_cat((tp_tensor_list){ .at = parts, .n = at }, 0);
    tp_mem_free(parts, bytes);
    if (state && first->c) state = tp_cat(TP_TENSORS(first->h, first->c), 0);
    if (!state && batch_sizes && weight) {             /* which say how many sequences there are */
        tp_tensor *count = tp_select(batch_sizes, 0, 0);
        if (count) state = tp_zeros(TP_SHAPE(states_of(&attr), tp_item_i64(count), attr.hidden), .dtype = (tp_dtype)x->dtype, .device = x->device);
    }
    if (tp_failed() || !weight) return tp__pending();
    const int got = tp__run(&op_layers, (tp_tensor *[]){ x, weight, state, batch_sizes }, INPUTS, &attr, room, OUTPUTS + 1, NULL);
    for (int i = 0; i < OUTPUTS; i++) out[i] = got < 0 ? NULL : room[i];
    return got;
}

/* ---- Samples, descriptors -------------------------------------------------------------------------------------------------------------------- */

#define LEAF(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define FIXED(...) TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1)))
#define NONE { .kind = TP_ARG_NONE }
#define SIZES_ARG TP__TENSOR_ARG(tp_from_data((const int64_t[]){ 2, 2 }, TP_I64, TP_SHAPE(2)))

#define REST(mode, hidden, layers, biases, two) TP__STRING_ARG(mode), TP__INT_ARG(hidden), TP__INT_ARG(layers), TP__BOOL_ARG(biases), TP__BOOL_ARG(two)
#define GIVE(...) set->take(set, &(tp__sample){ .args = { __VA_ARGS__ }, .n = TP__COUNT(tp_arg, __VA_ARGS__), .needs_all = true })
static void layers_samples(tp_sample_set *set)
{
    TP__GIVE(set, LEAF(3, 2, 3), LEAF(56), LEAF(2, 2, 2), NONE, REST("lstm", 2, 1, true, false));
    TP__GIVE(set, LEAF(2, 2, 3), LEAF(60 + 72), NONE, NONE, REST("gru", 2, 2, false, true));
    GIVE(LEAF(4, 3), LEAF(28), LEAF(2, 2, 2), SIZES_ARG, REST("tanh", 2, 1, true, true));
    TP__GIVE(set, LEAF(2, 1, 2), LEAF(2 * 2 * 2), LEAF(1, 1, 2), NONE, REST("relu", 2, 1, false, false));
}
static void back_samples(tp_sample_set *set)
{
    TP__GIVE(set, FIXED(3, 2, 2), FIXED(1, 2, 2), NONE, FIXED(3, 2, 3), FIXED(56), FIXED(2, 2, 2), NONE, FIXED(3, 2, 2), NONE, REST("lstm", 2, 1, true, false),
             TP__BOOL_ARG(true));
    GIVE(FIXED(4, 4), NONE, NONE, FIXED(4, 3), FIXED(28), FIXED(2, 2, 2), SIZES_ARG, FIXED(4, 4), NONE, REST("tanh", 2, 1, true, true), TP__BOOL_ARG(false));
}

#define TENSORS "Tensor input, Tensor weight, Tensor? state, Tensor? batch_sizes, "
#define NET "string{lstm,gru,tanh,relu} mode, int hidden_size, int num_layers, bool has_biases, bool bidirectional"
static const tp_op op_layers = { .schema = "rnn_layers(" TENSORS NET ") -> (Tensor, Tensor, Tensor)", .flags = TP__INTERNAL | TP__ANY_DEVICE,
    .shape = layers_shape, .forward = layers_forward, .backward = layers_backward, .backward_fused = by_kernel,
    .saves = { TP__INPUT(X, 0), TP__INPUT(WEIGHT, 0), TP__INPUT(STATE, 0), TP__INPUT(SIZES, 0), TP__OUTPUT(0), TP__OUTPUT(OUTPUTS) },
    .attr_size = sizeof(tp__rnn_layers), .samples = layers_samples, .state = TP__STATE };
static const tp_op op_layers_backward = { .schema = "rnn_layers_backward(Tensor? grad_y, Tensor? grad_h, "
    "Tensor? grad_c, " TENSORS "Tensor y, Tensor? kept, " NET ", bool weight_grad) -> (Tensor, Tensor, Tensor)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP | TP__ANY_DEVICE, .shape = back_shape, .forward = back_forward,
    .attr_size = sizeof(tp__rnn_layers), .samples = back_samples, .state = TP__STATE };

const tp_op *const tp__ops_recurrent_whole[] = { &op_layers, &op_layers_backward, NULL };
