/* test_recurrent.c: what the walk over the registry cannot know of recurrent steps and layers: that a sequence is its steps, at every
 * instruction set and number of threads, what PyTorch computed, failing memory, and the messages of refusals. */
#include "failing.h"

#include <taper/autograd.h>
#include <taper/extend.h>

#include "cpu/simd.h"

static tp_tensor *values(tp_dtype dtype, tp_shape shape) { return tp_uniform(shape, -1, 1, .dtype = dtype); }

/* ---- A sequence is its steps, made of other ops ----------------------------------------------------------------------------------- */

typedef struct net { tp_tensor *x, *w, *b, *h, *c; } net;
enum { INPUTS = 5 };

static tp_tensor *part(tp_tensor *x, int i, int n) { return tp_narrow(x, 1, tp_size(x, 1) / n * i, tp_size(x, 1) / n); }

/* All states; *c: all of these. */
static tp_tensor *lstm_by_steps(const net *m, bool reverse, tp_tensor **c)
{
    enum { MOST = 16 };
    tp_tensor *h[MOST], *all[MOST], *state = m->h, *cell = m->c;
    const int64_t n = tp_size(m->x, 0);
    for (int64_t s = 0; s < n; s++) {
        const int64_t t = reverse ? n - 1 - s : s;
        tp_tensor *gates = tp_add(tp_select(m->x, 0, t), tp_linear(state, m->w, NULL));
        cell = tp_add(tp_mul(tp_sigmoid(part(gates, 1, 4)), cell), tp_mul(tp_sigmoid(part(gates, 0, 4)), tp_tanh(part(gates, 2, 4))));
        h[t] = state = tp_mul(tp_sigmoid(part(gates, 3, 4)), tp_tanh(cell));
        all[t] = cell;
    }
    *c = tp_stack((tp_tensor_list){ .at = all, .n = n }, 0);
    return tp_stack((tp_tensor_list){ .at = h, .n = n }, 0);
}

static tp_tensor *gru_by_steps(const net *m, bool reverse)
{
    enum { MOST = 16 };
    tp_tensor *all[MOST], *h = m->h;
    const int64_t n = tp_size(m->x, 0);
    for (int64_t s = 0; s < n; s++) {
        const int64_t t = reverse ? n - 1 - s : s;
        tp_tensor *x = tp_select(m->x, 0, t), *u = tp_linear(h, m->w, m->b);
        tp_tensor *r = tp_sigmoid(tp_add(part(x, 0, 3), part(u, 0, 3))), *z = tp_sigmoid(tp_add(part(x, 1, 3), part(u, 1, 3)));
        tp_tensor *candidate = tp_tanh(tp_add(part(x, 2, 3), tp_mul(r, part(u, 2, 3))));
        all[t] = h = tp_add(tp_mul(tp_sub(1, z), candidate), tp_mul(z, h));
    }
    return tp_stack((tp_tensor_list){ .at = all, .n = n }, 0);
}

static void ck_near(tp_tensor *a, tp_tensor *b, double tolerance, const char *what)
{
    ck_fine();
    ck_assert_msg(a && b && tp_allclose(a, b, tolerance, tolerance), "%s differs", what);
}

/* Outputs and the gradients of all inputs, by the op and by its steps. */
static void compare(tp_dtype dtype, bool lstm, int64_t steps, int64_t batch, int64_t hidden, bool reverse, double tolerance)
{
    TP_SCOPE();
    const int64_t gates = lstm ? 4 : 3;
    const double narrow = 1 / sqrt((double)hidden + 1);
    net m = { values(dtype, TP_SHAPE(steps, batch, gates * hidden)), tp_mul(values(dtype, TP_SHAPE(gates * hidden, hidden)), narrow),
              values(dtype, TP_SHAPE(gates * hidden)), values(dtype, TP_SHAPE(batch, hidden)), values(dtype, TP_SHAPE(batch, hidden)) };
    tp_tensor *in[INPUTS] = { m.x, m.w, m.h, lstm ? m.c : m.b }, *one[INPUTS], *two[INPUTS], *c[2] = { NULL, NULL };
    for (int i = 0; i < 4; i++) ck_ok(tp_requires_grad(in[i], true));
    tp_tensor *y = lstm ? tp_lstm_layer(m.x, m.w, m.h, m.c, reverse, &c[0]) : tp_gru_layer(m.x, m.w, m.b, m.h, reverse);
    tp_tensor *z = lstm ? lstm_by_steps(&m, reverse, &c[1]) : gru_by_steps(&m, reverse);
    ck_near(y, z, tolerance, "the output");
    if (lstm) ck_near(c[0], c[1], tolerance, "c");
    tp_tensor *dy = values(dtype, tp_shape_of(y)), *dc = values(dtype, tp_shape_of(y)), *grads[] = { dy, dc };
    tp_tensor *ours[] = { y, c[0] }, *steps_of[] = { z, c[1] };
    ck_ok(tp_grad(ours, lstm ? 2 : 1, in, 4, grads, one));
    ck_ok(tp_grad(steps_of, lstm ? 2 : 1, in, 4, grads, two));
    static const char *const names[] = { "the gradient of the gates", "of the weight", "of the state", "of c or of the bias" };
    for (int i = 0; i < 4; i++) ck_near(one[i], two[i], tolerance * 10, names[i]);
}

START_TEST(a_layer_is_its_steps)
{
    static const int64_t shapes[][3] = { { 1, 1, 1 }, { 3, 2, 5 }, { 4, 9, 33 }, { 5, 4, 16 }, { 3, 6, 150 } };
    tp_manual_seed(1);
    tp__simd_limit(_i);
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
        for (int way = 0; way < 4; way++) {
            compare(TP_F64, way & 1, shapes[k][0], shapes[k][1], shapes[k][2], way & 2, 1e-12);
            compare(TP_F32, way & 1, shapes[k][0], shapes[k][1], shapes[k][2], way & 2, 2e-5);
        }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

START_TEST(three_threads_give_the_same_bits_as_one)
{
    enum { STEPS = 3, BATCH = 40, HIDDEN = 96 };
    TP_SCOPE();
    tp_manual_seed(2);
    for (int lstm = 0; lstm < 2; lstm++) {
        const int64_t gates = lstm ? 4 : 3;
        tp_tensor *x = values(TP_F32, TP_SHAPE(STEPS, BATCH, gates * HIDDEN)), *w = values(TP_F32, TP_SHAPE(gates * HIDDEN, HIDDEN));
        tp_tensor *h = values(TP_F32, TP_SHAPE(BATCH, HIDDEN)), *in[] = { x, w, h }, *y[2], *dx[2][3];
        for (int i = 0; i < 3; i++) ck_ok(tp_requires_grad(in[i], true));
        for (int run = 0; run < 2; run++) {
            tp_set_num_threads(run ? 3 : 1);
            y[run] = lstm ? tp_lstm_layer(x, w, h, NULL, false, NULL) : tp_gru_layer(x, w, NULL, h, false);
            tp_tensor *loss = tp_sum(tp_mul(y[run], y[run]));
            ck_ok(tp_grad(&loss, 1, in, 3, NULL, dx[run]));
        }
        tp_set_num_threads(1);
        ck_assert(tp_equal(y[0], y[1]));
        for (int i = 0; i < 3; i++) ck_assert(tp_equal(dx[0][i], dx[1][i]));
    }
}
END_TEST

/* ---- Cells -------------------------------------------------------------------------------------------------------------------------- */

/* torch.lstm_cell, gru_cell, rnn_tanh_cell and rnn_relu_cell of small numbers that repeat: element i of a tensor is (7 i % 11 - 5) / 8. */
static tp_tensor *numbers(tp_shape shape)
{
    tp_tensor *x = tp_empty(shape);
    float *v = tp_data_mut(x);
    for (int64_t i = 0; i < tp_numel(x); i++) v[i] = (float)(7 * i % 11 - 5) / 8;
    return x;
}

START_TEST(cells_compute_what_pytorch_does)
{
    TP_SCOPE();
    tp_tensor *x = numbers(TP_SHAPE(2, 3)), *h = numbers(TP_SHAPE(2, 2)), *c = tp_mul(h, 2), *next = NULL;
    tp_tensor *y = tp_lstm_cell(x, h, c, numbers(TP_SHAPE(8, 3)), numbers(TP_SHAPE(8, 2)), numbers(TP_SHAPE(8)), NULL, &next);
    ck_values(y, -0.173243865, -0.0335379839, -0.061669182, 0.140457898);
    ck_values(next, -0.349566936, -0.0890675485, -0.119266137, 0.348972917);
    ck_values(tp_gru_cell(x, h, numbers(TP_SHAPE(6, 3)), numbers(TP_SHAPE(6, 2)), numbers(TP_SHAPE(6)),
                          numbers(TP_SHAPE(6))), -0.201009706, -0.0521508455, -0.036729455, 0.37925601);
    ck_values(tp_rnn_tanh_cell(x, h, numbers(TP_SHAPE(2, 3)), numbers(TP_SHAPE(2, 2)), NULL, NULL), 0.748154461, 0.0468406975, 0.0468406975, 0.761594176);
    ck_values(tp_rnn_relu_cell(x, h, numbers(TP_SHAPE(2, 3)), numbers(TP_SHAPE(2, 2)), numbers(TP_SHAPE(2)), NULL), 0.34375, 0.296875, 0, 1.25);
}
END_TEST

/* ---- Nets ---------------------------------------------------------------------------------------------------------------------------- */

enum { FEATURES = 3, HIDDEN = 2, SEQUENCES = 3, ROWS = 8, MOST_PARAMS = 16 };
typedef struct kind { int gates; bool relu, biased; int layers, dirs; } kind;

static int64_t cut(const kind *k, tp_tensor *all, tp_tensor **to)
{
    int64_t at = 0;
    int n = 0;
    for (int part = 0; part < (k->biased ? 4 : 2); part += 2)            /* all matrices, then all biases */
        for (int i = 0; i < k->layers * k->dirs; i++)
            for (int m = part; m < part + 2; m++, n++) {
                const int64_t rows = k->gates * HIDDEN, cols = m > 1 ? 1 : m ? HIDDEN : i < k->dirs ? FEATURES : HIDDEN * k->dirs;
                tp_tensor **place = to ? &to[i * (k->biased ? 4 : 2) + m] : NULL;
                if (place) *place = m > 1 ? tp_narrow(all, 0, at, rows) : tp_reshape(tp_narrow(all, 0, at, rows * cols), TP_SHAPE(rows, cols));
                at += rows * cols;
            }
    return to ? n : at;
}

static tp_tensor *run_kind(const kind *k, tp_tensor *x, tp_tensor *sizes, tp_tensor *all, tp_tensor *h, tp_tensor *c, tp_tensor **hy, tp_tensor **cy)
{
    tp_tensor *params[MOST_PARAMS];
    const tp_tensor_list list = { .at = params, .n = cut(k, all, params) };
#define NET .batch_sizes = sizes, .has_biases = k->biased, .num_layers = k->layers, .bidirectional = k->dirs == 2, .hy = hy
    *cy = NULL;
    if (k->gates == 4) return tp_lstm(x, h, c, list, NET, .cy = cy);
    if (k->gates == 3) return tp_gru(x, h, list, NET);
    return k->relu ? tp_rnn_relu(x, h, list, NET) : tp_rnn_tanh(x, h, list, NET);
#undef NET
}

static const kind kinds[] = { { 4, false, true, 2, 2 }, { 3, false, true, 2, 2 }, { 1, false, false, 2, 1 }, { 1, true, true, 1, 2 } };

/* Sequences of 4, 2 and 2 steps packed, beside each of them alone: outputs, states, and the gradients of all inputs. */
START_TEST(packed_sequences_are_those_alone)
{
    static const int64_t sizes[] = { 3, 3, 1, 1 }, length[] = { 4, 2, 2 }, begin[] = { 0, 3, 6, 7 };
    const kind *k = &kinds[_i];
    TP_SCOPE();
    tp_manual_seed(3);
    const int64_t n = k->layers * k->dirs;
    tp_tensor *in[] = { values(TP_F64, TP_SHAPE(ROWS, FEATURES)), values(TP_F64, TP_SHAPE(cut(k, NULL, NULL))), values(TP_F64, TP_SHAPE(n, SEQUENCES, HIDDEN)),
                        values(TP_F64, TP_SHAPE(n, SEQUENCES, HIDDEN)) }, *one[4], *two[4], *hy, *cy, *h[SEQUENCES], *c[SEQUENCES], *sum[2] = { NULL, NULL };
    const int n_in = k->gates == 4 ? 4 : 3;
    for (int i = 0; i < 4; i++) ck_ok(tp_requires_grad(in[i], true));
    tp_tensor *y = run_kind(k, in[0], tp_from_data(sizes, TP_I64, TP_SHAPE(4)), in[1], in[2], in[3], &hy, &cy);
    for (int s = 0; s < SEQUENCES; s++) {
        tp_tensor *x[4], *part[4];
        for (int64_t t = 0; t < length[s]; t++) x[t] = tp_narrow(in[0], 0, begin[t] + s, 1), part[t] = tp_narrow(y, 0, begin[t] + s, 1);
        tp_tensor *got = tp_cat((tp_tensor_list){ .at = part, .n = length[s] }, 0);
        tp_tensor *alone = run_kind(k, tp_unsqueeze(tp_cat((tp_tensor_list){ .at = x, .n = length[s] }, 0), 1), NULL,
                                    in[1], tp_narrow(in[2], 1, s, 1), tp_narrow(in[3], 1, s, 1), &h[s], &c[s]);
        ck_near(got, tp_squeeze(alone, .dims = TP_DIMS(1)), 1e-12, "a packed sequence");
        tp_tensor *more[] = { tp_sum(tp_mul(alone, alone)), tp_sum(tp_mul(h[s], tp_mul(h[s], 2))) };
        for (int i = 0; i < 2; i++) sum[0] = sum[0] ? tp_add(sum[0], more[i]) : more[i];
    }
    ck_near(hy, tp_cat((tp_tensor_list){ .at = h, .n = SEQUENCES }, 1), 1e-12, "the last h");
    if (n_in == 4) ck_near(cy, tp_cat((tp_tensor_list){ .at = c, .n = SEQUENCES }, 1), 1e-12, "the last c");
    sum[1] = tp_add(tp_sum(tp_mul(y, y)), tp_sum(tp_mul(hy, tp_mul(hy, 2))));
    ck_ok(tp_grad(&sum[0], 1, in, n_in, NULL, one));
    ck_ok(tp_grad(&sum[1], 1, in, n_in, NULL, two));
    for (int i = 0; i < n_in; i++) ck_near(two[i], one[i], 1e-11, "a gradient of packed sequences");
}
END_TEST

/* The one op of a device's library, which is made of others here. */
START_TEST(a_whole_net_is_its_layers)
{
    static const char *const modes[] = { "lstm", "gru", "tanh", "relu" };
    const kind *k = &kinds[_i];
    TP_SCOPE();
    tp_manual_seed(4);
    const int64_t n = k->layers * k->dirs;
    tp_tensor *x = values(TP_F64, TP_SHAPE(4, SEQUENCES, FEATURES)),
              *all = values(TP_F64, TP_SHAPE(cut(k, NULL, NULL))), *h = values(TP_F64, TP_SHAPE(n, SEQUENCES, HIDDEN));
    tp_tensor *c = values(TP_F64, TP_SHAPE(n, SEQUENCES, HIDDEN)), *in[] = { x, all, h, c }, *out[3], *hy, *cy, *one[4], *two[4];
    const int n_in = k->gates == 4 ? 4 : 3;
    for (int i = 0; i < n_in; i++) ck_ok(tp_requires_grad(in[i], true));
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = all },
        { .kind = TP_ARG_TENSOR, .value.tensor = n_in == 4 ? tp_cat(TP_TENSORS(h, c), 0) : h }, { .kind = TP_ARG_NONE },
        { .kind = TP_ARG_STRING, .value.string = modes[_i] },
        { .kind = TP_ARG_INT, .value.integer = HIDDEN }, { .kind = TP_ARG_INT, .value.integer = k->layers },
        { .kind = TP_ARG_BOOL, .value.boolean = k->biased },
        { .kind = TP_ARG_BOOL, .value.boolean = k->dirs == 2 } };
    ck_ok(tp_op_call("rnn_layers", args, 9, out, 3, NULL));
    tp_tensor *y = run_kind(k, x, NULL, all, h, c, &hy, &cy), *whole = tp_sum(tp_mul(out[0], out[0])), *sum = tp_sum(tp_mul(y, y));
    ck_near(out[0], y, 1e-12, "the output");
    ck_near(out[1], hy, 1e-12, "h");
    if (n_in == 4) ck_near(out[2], cy, 1e-12, "c");
    ck_ok(tp_grad(&whole, 1, in, n_in, NULL, one));
    ck_ok(tp_grad(&sum, 1, in, n_in, NULL, two));
    for (int i = 0; i < n_in; i++) ck_near(one[i], two[i], 1e-11, "a gradient of a whole net");
}
END_TEST

/* torch.lstm and torch.gru of the numbers above */
START_TEST(nets_compute_what_pytorch_does)
{
    TP_SCOPE();
    tp_tensor *x = numbers(TP_SHAPE(2, 1, 3)), *hy, *cy, *h = numbers(TP_SHAPE(2, 1, 1));
    tp_tensor *lstm[] = { numbers(TP_SHAPE(4, 3)), numbers(TP_SHAPE(4, 1)), numbers(TP_SHAPE(4)), numbers(TP_SHAPE(4)),
                          numbers(TP_SHAPE(4, 3)), numbers(TP_SHAPE(4, 1)), numbers(TP_SHAPE(4)), numbers(TP_SHAPE(4)) };
    tp_tensor *y = tp_lstm(x, h, tp_mul(h, 2), ((tp_tensor_list){ .at = lstm, .n = 8 }), .bidirectional = true, .hy = &hy, .cy = &cy);
    ck_fine();
    ck_values(y, -0.469778717, 0.022546992, -0.422192663, 0.30335179);
    ck_values(hy, -0.422192663, 0.022546992);
    ck_values(cy, -0.583657026, 0.028516576);
    tp_tensor *gru[] = { numbers(TP_SHAPE(3, 3)), numbers(TP_SHAPE(3, 1)), numbers(TP_SHAPE(3, 1)), numbers(TP_SHAPE(3, 1)) };
    y = tp_gru(x, h, ((tp_tensor_list){ .at = gru, .n = 4 }), .num_layers = 2, .has_biases = false, .hy = &hy);
    ck_fine();
    ck_values(y, 0.145269677, 0.064682245);
    ck_values(hy, 0.006951183, 0.064682245);
}
END_TEST

/* ---- Modules ------------------------------------------------------------------------------------------------------------------------ */

static void train(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_module *m[] = { tp_nn_lstm(3, 4, .num_layers = 2, .bidirectional = true), tp_nn_gru(3, 4) };
    for (int i = 0; i < 2; i++) {
        tp_tensor *y = tp_forward(m[i], tp_ones(TP_SHAPE(3, 2, 3)));
        if (y) tp_backward(tp_sum(y));
        if (m[i]) tp_module_free(m[i]);
    }
    tp_tensor *all = tp_ones(TP_SHAPE(56), .requires_grad = true), *out[3];
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(3, 3)) }, { .kind = TP_ARG_TENSOR, .value.tensor = all },
        { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(2, 2, 2)) },
        { .kind = TP_ARG_TENSOR, .value.tensor = tp_from_data((const int64_t[]){ 2, 1 }, TP_I64, TP_SHAPE(2)) },
        { .kind = TP_ARG_STRING, .value.string = "lstm" }, { .kind = TP_ARG_INT, .value.integer = 2 }, { .kind = TP_ARG_INT, .value.integer = 1 },
        { .kind = TP_ARG_BOOL, .value.boolean = true }, { .kind = TP_ARG_BOOL, .value.boolean = false } };
    if (!tp_failed() && !tp_op_call("rnn_layers", args, 9, out, 3, NULL)) tp_backward(tp_sum(out[0]));
}
START_TEST(layers_survive_every_failing_allocation) { every_point("an LSTM and a GRU", train, NULL, NULL); }
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(3, 2, 8)), *w = tp_ones(TP_SHAPE(8, 2)), *c;
    ck_assert_ptr_null(tp_lstm_layer(tp_ones(TP_SHAPE(3, 2, 7)), w, NULL, NULL, false, &c));
    ck_message("lstm_layer: the gates [3, 2, 7] are not [steps, batch, 4 hidden]");
    ck_assert_ptr_null(tp_lstm_layer(x, tp_ones(TP_SHAPE(8, 3)), NULL, NULL, false, &c));
    ck_message("lstm_layer: weight is [8, 3], and should be [8, 2]");
    ck_assert_ptr_null(tp_lstm_layer(x, w, tp_ones(TP_SHAPE(3, 2)), NULL, false, &c));
    ck_message("lstm_layer: hx is [3, 2], and should be [2, 2]");
    ck_assert_ptr_null(tp_lstm_layer(x, w, NULL, tp_ones(TP_SHAPE(2, 2), .dtype = TP_F64), false, &c));
    ck_message("lstm_layer: cx is float64, and not float32");
    ck_assert_ptr_null(tp_gru_layer(tp_ones(TP_SHAPE(3, 2, 6), .dtype = TP_I64), w, NULL, NULL, false));
    ck_message("gru_layer: takes floating dtypes, not int64");
    ck_assert_ptr_null(tp_gru_layer(tp_ones(TP_SHAPE(3, 2, 6)), tp_ones(TP_SHAPE(6, 2)), tp_ones(TP_SHAPE(5)), NULL, false));
    ck_message("gru_layer: bias is [5], and should be [6]");
    ck_assert_ptr_null(tp_gru_gates(tp_ones(TP_SHAPE(2, 6)), tp_ones(TP_SHAPE(2, 3)), tp_ones(TP_SHAPE(2, 2))));
    ck_message("gru_gates: hidden_gates is [2, 3], and should be [2, 6]");
    ck_assert_ptr_null(tp_lstm_gates(tp_ones(TP_SHAPE(2, 8)), NULL, tp_ones(TP_SHAPE(2, 3)), &c));
    ck_assert_ptr_null(c);
    ck_message("lstm_gates: cx is [2, 3], and should be [2, 2]");
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSORS, .n = 1, .value.tensors = &w },
                            { .kind = TP_ARG_TENSOR, .value.tensor = w }, { .kind = TP_ARG_TENSOR, .value.tensor = w } };
    int n = 0;
    ck_assert_int_ne(tp_op_call("lstm_cell", args, 4, &c, 1, &n), TP_OK);
    ck_message("lstm_cell: hx takes two tensors, h and c, and not 1");
    tp_tensor *const of[] = { tp_ones(TP_SHAPE(8, 8)), w };
    const tp_tensor_list params = { .at = of, .n = 2 };
    ck_assert_ptr_null(tp_lstm(x, NULL, NULL, params));
    ck_message("lstm: 2 parameters are not those of 1 layers in 1 directions, 4 each");
    ck_assert_ptr_null(tp_lstm(x, NULL, NULL, params, .num_layers = INT64_MAX, .bidirectional = true));
    ck_message("lstm: num_layers is 9223372036854775807");
    ck_assert_ptr_null(tp_lstm(x, w, NULL, params, .has_biases = false));
    ck_message("lstm: of h and c one is NULL");
    ck_assert_ptr_null(tp_gru(x, NULL, params, .has_biases = false));
    ck_message("gru: weight 0 of layer 0 is [8, 8], and not [3 hidden, features]");
    ck_assert_ptr_null(tp_lstm(x, tp_ones(TP_SHAPE(1, 3, 2)), tp_ones(TP_SHAPE(1, 2, 2)), params, .has_biases = false));
    ck_message("lstm: the hidden state is [1, 3, 2], and should be [1, 2, 2]");
    ck_assert_ptr_null(tp_lstm(tp_ones(TP_SHAPE(4, 8)), NULL, NULL, params, .has_biases = false,
                               .batch_sizes = tp_from_data((const int64_t[]){ 1, 3 }, TP_I64, TP_SHAPE(2))));
    ck_message("lstm: the sizes of the steps do not fit 4 rows of data");
    ck_assert_ptr_null(tp_lstm(tp_ones(TP_SHAPE(3, 2, 5)), NULL, NULL, params, .has_biases = false));
    ck_message("lstm: the input [3, 2, 5] has 5 features, and weight 0 of layer 0, [8, 8], takes 8");
    tp_tensor *cy = NULL;
    ck_assert_ptr_null(tp_gru(x, NULL, params, .has_biases = false, .cy = &cy));
    ck_message("gru: there is no c for .cy");
    ck_assert_ptr_null(tp_lstm(tp_ones(TP_SHAPE(0, 2, 8)), NULL, NULL, params, .has_biases = false));
    ck_message("lstm: the sequence has 0 steps");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recurrent");
    TCase *tests = tcase_create("recurrent");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, a_layer_is_its_steps, TP__SIMD_BASE, TP__SIMD_AVX512 + 1);
    tcase_add_test(tests, three_threads_give_the_same_bits_as_one);
    tcase_add_test(tests, cells_compute_what_pytorch_does);
    tcase_add_loop_test(tests, packed_sequences_are_those_alone, 0, 4);
    tcase_add_loop_test(tests, a_whole_net_is_its_layers, 0, 4);
    tcase_add_test(tests, nets_compute_what_pytorch_does);
    tcase_add_test(tests, layers_survive_every_failing_allocation);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
