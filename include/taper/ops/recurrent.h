/* recurrent.h: steps of recurrent nets, and whole sequences of them. What holds for all ops is said in ops.h.
 *
 * An LSTM's gates are i, f, g, o, a GRU's r, z, n. All tensors are of one floating dtype. Layers that add weights, directions and
 * packed sequences are in nn.h. */
#ifndef TAPER_OPS_RECURRENT_H
#define TAPER_OPS_RECURRENT_H

#include <taper/core.h>

typedef struct tp_lstm_options {
    TP__HEAD(tp_lstm_options);
    tp_tensor *batch_sizes TP__IS(nullptr);            /* int64: how many sequences each step has; then x is packed */
    bool has_biases TP__IS(true);
    int64_t num_layers TP__IS(1);
    double dropout TP__IS(0);                          /* between the layers, while .train */
    bool train TP__IS(false), bidirectional TP__IS(false), batch_first TP__IS(false);
    tp_tensor **hy TP__IS(nullptr), **cy TP__IS(nullptr);          /* get the final states */
    TP__TAIL;
} tp_lstm_options;
#define TP__DEFAULT_lstm .has_biases = true, .num_layers = 1,

typedef tp_lstm_options tp_gru_options, tp_rnn_tanh_options, tp_rnn_relu_options;        /* there is no .cy */
#define TP__DEFAULT_gru      TP__DEFAULT_lstm
#define TP__DEFAULT_rnn_tanh TP__DEFAULT_lstm
#define TP__DEFAULT_rnn_relu TP__DEFAULT_lstm

#define TP__EACH_RECURRENT_OP_OPTIONS(X) X(lstm) X(gru) X(rnn_tanh) X(rnn_relu)

#ifdef __cplusplus
extern "C" {
#endif

/* Layers over sequences, as PyTorch's functions of these names: x [steps, batch, features], with .batch_first [batch, steps, features], and
 * the initial state hx, cx [layers directions, batch, hidden], NULL for zeros. Packed, x is [rows of all steps, features], first those of the
 * first step; .batch_sizes do not grow.
 *   params  of each layer in each direction: w_ih [gates hidden, features], w_hh [gates hidden, hidden], with .has_biases b_ih and b_hh
 *           [gates hidden]; of an LSTM, if it projects its h to fewer numbers, also w_hr [numbers, hidden]
 *   return  h of the last layer at each step, both directions side by side
 * On a GPU with cuDNN a whole net is one op of it, but for float64 and projections. Recorded for second gradients the backward computes the
 * net once more, of other ops. Errors: also TP_ERR_ARGUMENT (a number of parameters or sizes that do not fit).  Gradients: x, hx, cx, params. */
TP_API tp_tensor *tp_lstm_with(tp_tensor *x, tp_tensor *hx, tp_tensor *cx, tp_tensor_list params, const tp_lstm_options *o);
TP_API tp_tensor *tp_gru_with(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_gru_options *o);
TP_API tp_tensor *tp_rnn_tanh_with(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_rnn_tanh_options *o);
TP_API tp_tensor *tp_rnn_relu_with(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_rnn_relu_options *o);

/* The next state of x [batch, input] and h [batch, hidden], by w_ih [gates hidden, input], w_hh [gates hidden, hidden] and two biases
 * [gates hidden], which may be NULL. Of an LSTM *cy becomes the next c; cy may be NULL.  Gradients: all. */
TP_API tp_tensor *tp_lstm_cell(tp_tensor *x, tp_tensor *h, tp_tensor *c, tp_tensor *w_ih, tp_tensor *w_hh, tp_tensor *b_ih, tp_tensor *b_hh, tp_tensor **cy);
TP_API tp_tensor *tp_gru_cell(tp_tensor *x, tp_tensor *h, tp_tensor *w_ih, tp_tensor *w_hh, tp_tensor *b_ih, tp_tensor *b_hh);
TP_API tp_tensor *tp_rnn_tanh_cell(tp_tensor *x, tp_tensor *h, tp_tensor *w_ih, tp_tensor *w_hh, tp_tensor *b_ih, tp_tensor *b_hh);
TP_API tp_tensor *tp_rnn_relu_cell(tp_tensor *x, tp_tensor *h, tp_tensor *w_ih, tp_tensor *w_hh, tp_tensor *b_ih, tp_tensor *b_hh);

/* What remains of a step once its products are there, in one pass: input_gates W_ih x + b_ih and hidden_gates W_hh h + b_hh.
 *   LSTM  [batch, 4 hidden] each, hidden_gates may be NULL for zeros:  *cy = s(f) cx + s(i) tanh(g),  returns s(o) tanh(*cy)
 *   GRU   [batch, 3 hidden] each:  n = tanh(n_input + s(r) n_hidden),  returns (1 - s(z)) n + s(z) hx
 * cx, hx and results: [batch, hidden].  Gradients: all. */
TP_API tp_tensor *tp_lstm_gates(tp_tensor *input_gates, tp_tensor *hidden_gates, tp_tensor *cx, tp_tensor **cy);
TP_API tp_tensor *tp_gru_gates(tp_tensor *input_gates, tp_tensor *hidden_gates, tp_tensor *hx);

/* The same over a sequence: input_gates [steps, batch, gates hidden] hold the products with the input, and all biases but for the GRU's
 * of the state, bias [3 hidden] or NULL; weight W_hh [gates hidden, hidden]; the initial state hx, cx [batch, hidden], NULL for zeros.
 * Runs from the first step, or from the last (reverse). Returns the states [steps, batch, hidden], *cy the LSTM's c of the same
 * shape; cy may be NULL. The gradient of weight is one product over all steps.  Gradients: all. */
TP_API tp_tensor *tp_lstm_layer(tp_tensor *input_gates, tp_tensor *weight, tp_tensor *hx, tp_tensor *cx, bool reverse, tp_tensor **cy);
TP_API tp_tensor *tp_gru_layer(tp_tensor *input_gates, tp_tensor *weight, tp_tensor *bias, tp_tensor *hx, bool reverse);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_lstm(...) tp__lstm(__VA_ARGS__, )
#define tp__lstm(x, hx, cx, params, ...) TP__DEFAULTS(tp_lstm_with(x, hx, cx, params, TP__OPTIONS(lstm, __VA_ARGS__)))
#define tp_gru(...) tp__gru(__VA_ARGS__, )
#define tp__gru(x, hx, params, ...) TP__DEFAULTS(tp_gru_with(x, hx, params, TP__OPTIONS(gru, __VA_ARGS__)))
#define tp_rnn_tanh(...) tp__rnn_tanh(__VA_ARGS__, )
#define tp__rnn_tanh(x, hx, params, ...) TP__DEFAULTS(tp_rnn_tanh_with(x, hx, params, TP__OPTIONS(rnn_tanh, __VA_ARGS__)))
#define tp_rnn_relu(...) tp__rnn_relu(__VA_ARGS__, )
#define tp__rnn_relu(x, hx, params, ...) TP__DEFAULTS(tp_rnn_relu_with(x, hx, params, TP__OPTIONS(rnn_relu, __VA_ARGS__)))
#else
inline tp_tensor *tp_lstm(tp_tensor *x, tp_tensor *hx, tp_tensor *cx, tp_tensor_list params, const tp_lstm_options &o = {})
{ return tp_lstm_with(x, hx, cx, params, &o); }
inline tp_tensor *tp_gru(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_gru_options &o = {}) { return tp_gru_with(x, hx, params, &o); }
inline tp_tensor *tp_rnn_tanh(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_rnn_tanh_options &o = {})
{
    return tp_rnn_tanh_with(x, hx, params, &o);
}
inline tp_tensor *tp_rnn_relu(tp_tensor *x, tp_tensor *hx, tp_tensor_list params, const tp_rnn_relu_options &o = {})
{
    return tp_rnn_relu_with(x, hx, params, &o);
}
#endif

#endif
