/* recurrent.h: steps of recurrent nets, and whole sequences of them. What holds for all ops is said in ops.h.
 *
 * An LSTM's gates are i, f, g, o, a GRU's r, z, n. All tensors are of one floating dtype. Layers that add weights, directions and
 * packed sequences are in nn.h. */
#ifndef TAPER_OPS_RECURRENT_H
#define TAPER_OPS_RECURRENT_H

#include <taper/core.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#endif
