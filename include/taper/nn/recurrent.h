/* recurrent.h: recurrent layers, their cells, and sequences of several lengths. */
#ifndef TAPER_NN_RECURRENT_H
#define TAPER_NN_RECURRENT_H

#include <taper/nn/module.h>

typedef struct tp_nn_rnn_options {
    TP__HEAD(tp_nn_rnn_options);
    int64_t num_layers TP__IS(1);
    bool relu TP__IS(false);                           /* instead of tanh */
    bool bias TP__IS(true), batch_first TP__IS(false), bidirectional TP__IS(false);        /* [batch, steps, ..] instead of [steps, batch, ..] */
    double dropout TP__IS(0);                          /* between the layers, in training */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_rnn_options;
#define TP__DEFAULT_nn_rnn .num_layers = 1, .bias = true,

typedef struct tp_nn_lstm_options {
    TP__HEAD(tp_nn_lstm_options);
    int64_t num_layers TP__IS(1);
    bool bias TP__IS(true), batch_first TP__IS(false), bidirectional TP__IS(false);        /* [batch, steps, ..] instead of [steps, batch, ..] */
    double dropout TP__IS(0);                          /* between the layers, in training */
    int64_t proj_size TP__IS(0);                       /* h is a product of this size; 0: it is not */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_lstm_options;
#define TP__DEFAULT_nn_lstm .num_layers = 1, .bias = true,

typedef struct tp_nn_gru_options {
    TP__HEAD(tp_nn_gru_options);
    int64_t num_layers TP__IS(1);
    bool bias TP__IS(true), batch_first TP__IS(false), bidirectional TP__IS(false);        /* [batch, steps, ..] instead of [steps, batch, ..] */
    double dropout TP__IS(0);                          /* between the layers, in training */
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_gru_options;
#define TP__DEFAULT_nn_gru .num_layers = 1, .bias = true,

typedef struct tp_nn_rnn_cell_options {
    TP__HEAD(tp_nn_rnn_cell_options);
    bool bias TP__IS(true), relu TP__IS(false);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_rnn_cell_options;
#define TP__DEFAULT_nn_rnn_cell .bias = true,

typedef struct tp_nn_lstm_cell_options {
    TP__HEAD(tp_nn_lstm_cell_options);
    bool bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_lstm_cell_options;
#define TP__DEFAULT_nn_lstm_cell .bias = true,

typedef tp_nn_lstm_cell_options tp_nn_gru_cell_options;
#define TP__DEFAULT_nn_gru_cell TP__DEFAULT_nn_lstm_cell

typedef struct tp_nn_tree_lstm_cell_options {
    TP__HEAD(tp_nn_tree_lstm_cell_options);
    bool bias TP__IS(true);
    tp_dtype dtype TP__IS(TP_DTYPE_DEFAULT);           /* float32 */
    tp_device device TP__IS(0);                        /* the CPU */
    TP__TAIL;
} tp_nn_tree_lstm_cell_options;
#define TP__DEFAULT_nn_tree_lstm_cell .bias = true,

typedef struct tp_pack_padded_sequence_options {
    TP__HEAD(tp_pack_padded_sequence_options);
    bool batch_first TP__IS(false);                    /* x is [batch, steps, ..], not [steps, batch, ..] */
    bool enforce_sorted TP__IS(true);                  /* the longest comes first; else the batch is put into that order */
    TP__TAIL;
} tp_pack_padded_sequence_options;
#define TP__DEFAULT_pack_padded_sequence .enforce_sorted = true,

typedef struct tp_pad_packed_sequence_options {
    TP__HEAD(tp_pad_packed_sequence_options);
    bool batch_first TP__IS(false);
    double padding_value TP__IS(0);
    int64_t total_length TP__IS(TP_NONE);              /* so many steps, at least those of the longest */
    tp_tensor **lengths TP__IS(nullptr);               /* gets the lengths, int64 [batch] */
    TP__TAIL;
} tp_pad_packed_sequence_options;
#define TP__DEFAULT_pad_packed_sequence .total_length = TP_NONE,

typedef struct tp_pad_sequence_options {
    TP__HEAD(tp_pad_sequence_options);
    bool batch_first TP__IS(false);                    /* [batch, steps, ..], not [steps, batch, ..] */
    double padding_value TP__IS(0);
    bool left TP__IS(false);                           /* the padding comes first */
    TP__TAIL;
} tp_pad_sequence_options;
#define TP__DEFAULT_pad_sequence

typedef struct tp_pack_sequence_options {
    TP__HEAD(tp_pack_sequence_options);
    bool enforce_sorted TP__IS(true);                  /* the longest comes first; else they are put into that order */
    TP__TAIL;
} tp_pack_sequence_options;
#define TP__DEFAULT_pack_sequence .enforce_sorted = true,

#define TP__EACH_NN_RECURRENT_OPTIONS(X) \
    X(nn_rnn) X(nn_lstm) X(nn_gru) X(nn_rnn_cell) X(nn_lstm_cell) X(nn_gru_cell) X(nn_tree_lstm_cell) \
    X(pack_padded_sequence) X(pad_packed_sequence) X(pad_sequence) X(pack_sequence)

/* Sequences step by step: of each step the rows of those that are so long, the longest first. What a recurrent layer takes as "input": a
 * tp_arg of these four tensors; its first output is then the data of another, with the rest the same. Belongs to the scope. */
typedef struct tp_packed_sequence {
    tp_tensor *data;                                   /* [sum of lengths, ..]; NULL: it could not be made */
    tp_tensor *batch_sizes;                            /* int64 [steps], on the CPU: how many have that step */
    tp_tensor *sorted_indices, *unsorted_indices;      /* int64 [batch]: into that order and back; NULL where it is the batch's own */
} tp_packed_sequence;

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Layers --------------------------------------------------------------------------------------------------------------- */

/* Called with "input" [steps, batch, input], or [steps, input], or a packed sequence, and perhaps "hx", the states to begin with: [layers
 * directions, batch, hidden]; an LSTM's are two, h and c, as a list: { .name = "hx", .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = hc };
 * the others take a list of one, too. Outputs: the last layer's h of all steps, [steps, batch, directions hidden], and the final states.
 * tp_forward takes the first alone. Parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, .., .._l1_reverse, uniform in
 * +-1 / sqrt(hidden). */
TP_API tp_module *tp_nn_rnn_with(int64_t input, int64_t hidden, const tp_nn_rnn_options *o);
TP_API tp_module *tp_nn_lstm_with(int64_t input, int64_t hidden, const tp_nn_lstm_options *o);
TP_API tp_module *tp_nn_gru_with(int64_t input, int64_t hidden, const tp_nn_gru_options *o);

/* ---- Cells: one step, [batch, input] or [input] --------------------------------------------------------------------------- */

/* Called with "input" and perhaps "hx"; outputs the next state, an LSTM's are h and c. */
TP_API tp_module *tp_nn_rnn_cell_with(int64_t input, int64_t hidden, const tp_nn_rnn_cell_options *o);
TP_API tp_module *tp_nn_lstm_cell_with(int64_t input, int64_t hidden, const tp_nn_lstm_cell_options *o);
TP_API tp_module *tp_nn_gru_cell_with(int64_t input, int64_t hidden, const tp_nn_gru_cell_options *o);
/* The same for loops: the next state, from x and h. h and *c may be NULL for zeros; *c becomes the next one. */
TP_API tp_tensor *tp_rnn_cell_step(tp_module *cell, tp_tensor *x, tp_tensor *h);
TP_API tp_tensor *tp_gru_cell_step(tp_module *cell, tp_tensor *x, tp_tensor *h);
TP_API tp_tensor *tp_lstm_cell_step(tp_module *cell, tp_tensor *x, tp_tensor *h, tp_tensor **c);

/* ---- Cells for trees (Tai, Socher, Manning 2015), from plain recursive code. x, h, c: [features], or [batch, features] --------------- */

/* Of binary trees. A leaf makes h and *c of x; a node of the states of its two children.  leaf.weight [3 hidden, input],
 * node.weight [5 hidden, 2 hidden], and biases. */
TP_API tp_module *tp_nn_tree_lstm_cell_with(int64_t input, int64_t hidden, const tp_nn_tree_lstm_cell_options *o);
TP_API tp_tensor *tp_tree_lstm_leaf(tp_module *cell, tp_tensor *x, tp_tensor **c);
TP_API tp_tensor *tp_tree_lstm_node(tp_module *cell, tp_tensor *hl, tp_tensor *cl, tp_tensor *hr, tp_tensor *cr, tp_tensor **c);
/* Of trees with any number of children, none for a leaf: h and *next of x and the children's states.  iou_x, iou_h, f_x, f_h */
TP_API tp_module *tp_nn_child_sum_tree_lstm_cell_with(int64_t input, int64_t hidden, const tp_nn_tree_lstm_cell_options *o);
TP_API tp_tensor *tp_child_sum_tree_lstm_step(tp_module *cell, tp_tensor *x, tp_tensor_list h, tp_tensor_list c, tp_tensor **next);

/* ---- Sequences of several lengths ----------------------------------------------------------------------------------------- */

/* x [steps, batch, ..], lengths int64 [batch], each from 1 to steps. TP_ERR_SHAPE, TP_ERR_ARGUMENT. Gradient: x. */
TP_API tp_packed_sequence tp_pack_padded_sequence_with(tp_tensor *x, tp_tensor *lengths, const tp_pack_padded_sequence_options *o);
/* And back: [steps, batch, ..] in the batch's own order, padded with padding_value. Gradient: data. */
TP_API tp_tensor *tp_pad_packed_sequence_with(const tp_packed_sequence *packed, const tp_pad_packed_sequence_options *o);
/* Sequences [steps, ..], each of its own length and all else the same, as one tensor [longest, batch, ..], and as a packed one. Gradients: all. */
TP_API tp_tensor *tp_pad_sequence_with(tp_tensor_list sequences, const tp_pad_sequence_options *o);
TP_API tp_packed_sequence tp_pack_sequence_with(tp_tensor_list sequences, const tp_pack_sequence_options *o);
/* And back: out[i] is sequence i of a padded tensor, by lengths int64 [batch], or of a packed one. Writes at most `max`, how many to *n (may be NULL).
 * TP_ERR_ARGUMENT: no room for all. */
TP_API tp_status tp_unpad_sequence(tp_tensor *padded, tp_tensor *lengths, bool batch_first, tp_tensor **out, int64_t max, int64_t *n);
TP_API tp_status tp_unpack_sequence(const tp_packed_sequence *packed, tp_tensor **out, int64_t max, int64_t *n);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#define tp_nn_rnn(...) tp__nn_rnn(__VA_ARGS__, )
#define tp__nn_rnn(input, hidden, ...) TP__DEFAULTS(tp_nn_rnn_with(input, hidden, TP__OPTIONS(nn_rnn, __VA_ARGS__)))
#define tp_nn_lstm(...) tp__nn_lstm(__VA_ARGS__, )
#define tp__nn_lstm(input, hidden, ...) TP__DEFAULTS(tp_nn_lstm_with(input, hidden, TP__OPTIONS(nn_lstm, __VA_ARGS__)))
#define tp_nn_gru(...) tp__nn_gru(__VA_ARGS__, )
#define tp__nn_gru(input, hidden, ...) TP__DEFAULTS(tp_nn_gru_with(input, hidden, TP__OPTIONS(nn_gru, __VA_ARGS__)))
#define tp_nn_rnn_cell(...) tp__nn_rnn_cell(__VA_ARGS__, )
#define tp__nn_rnn_cell(input, hidden, ...) TP__DEFAULTS(tp_nn_rnn_cell_with(input, hidden, TP__OPTIONS(nn_rnn_cell, __VA_ARGS__)))
#define tp_nn_lstm_cell(...) tp__nn_lstm_cell(__VA_ARGS__, )
#define tp__nn_lstm_cell(input, hidden, ...) TP__DEFAULTS(tp_nn_lstm_cell_with(input, hidden, TP__OPTIONS(nn_lstm_cell, __VA_ARGS__)))
#define tp_nn_gru_cell(...) tp__nn_gru_cell(__VA_ARGS__, )
#define tp__nn_gru_cell(input, hidden, ...) TP__DEFAULTS(tp_nn_gru_cell_with(input, hidden, TP__OPTIONS(nn_gru_cell, __VA_ARGS__)))
#define tp_nn_tree_lstm_cell(...) tp__nn_tree_lstm_cell(__VA_ARGS__, )
#define tp__nn_tree_lstm_cell(input, hidden, ...) \
    TP__DEFAULTS(tp_nn_tree_lstm_cell_with(input, hidden, TP__OPTIONS(nn_tree_lstm_cell, __VA_ARGS__)))
#define tp_nn_child_sum_tree_lstm_cell(...) tp__nn_child_sum_tree_lstm_cell(__VA_ARGS__, )
#define tp__nn_child_sum_tree_lstm_cell(input, hidden, ...) \
    TP__DEFAULTS(tp_nn_child_sum_tree_lstm_cell_with(input, hidden, TP__OPTIONS(nn_tree_lstm_cell, __VA_ARGS__)))
#define tp_pack_padded_sequence(...) tp__pack_padded_sequence(__VA_ARGS__, )
#define tp__pack_padded_sequence(x, lengths, ...) TP__DEFAULTS(tp_pack_padded_sequence_with(x, lengths, TP__OPTIONS(pack_padded_sequence, __VA_ARGS__)))
#define tp_pad_packed_sequence(...) tp__pad_packed_sequence(__VA_ARGS__, )
#define tp__pad_packed_sequence(packed, ...) TP__DEFAULTS(tp_pad_packed_sequence_with(packed, TP__OPTIONS(pad_packed_sequence, __VA_ARGS__)))
#define tp_pad_sequence(...) tp__pad_sequence(__VA_ARGS__, )
#define tp__pad_sequence(sequences, ...) TP__DEFAULTS(tp_pad_sequence_with(sequences, TP__OPTIONS(pad_sequence, __VA_ARGS__)))
#define tp_pack_sequence(...) tp__pack_sequence(__VA_ARGS__, )
#define tp__pack_sequence(sequences, ...) TP__DEFAULTS(tp_pack_sequence_with(sequences, TP__OPTIONS(pack_sequence, __VA_ARGS__)))
#else
inline tp_tensor *tp_pad_sequence(tp_tensor_list sequences, const tp_pad_sequence_options &o = {}) { return tp_pad_sequence_with(sequences, &o); }
inline tp_packed_sequence tp_pack_sequence(tp_tensor_list sequences, const tp_pack_sequence_options &o = {}) { return tp_pack_sequence_with(sequences, &o); }
inline tp_module *tp_nn_tree_lstm_cell(int64_t input, int64_t hidden, const tp_nn_tree_lstm_cell_options &o = {})
{ return tp_nn_tree_lstm_cell_with(input, hidden, &o); }
inline tp_module *tp_nn_child_sum_tree_lstm_cell(int64_t input, int64_t hidden, const tp_nn_tree_lstm_cell_options &o = {})
{ return tp_nn_child_sum_tree_lstm_cell_with(input, hidden, &o); }
inline tp_packed_sequence tp_pack_padded_sequence(tp_tensor *x, tp_tensor *lengths, const tp_pack_padded_sequence_options &o = {})
{ return tp_pack_padded_sequence_with(x, lengths, &o); }
inline tp_tensor *tp_pad_packed_sequence(const tp_packed_sequence *packed, const tp_pad_packed_sequence_options &o = {})
{ return tp_pad_packed_sequence_with(packed, &o); }
inline tp_module *tp_nn_rnn(int64_t input, int64_t hidden, const tp_nn_rnn_options &o = {}) { return tp_nn_rnn_with(input, hidden, &o); }
inline tp_module *tp_nn_lstm(int64_t input, int64_t hidden, const tp_nn_lstm_options &o = {}) { return tp_nn_lstm_with(input, hidden, &o); }
inline tp_module *tp_nn_gru(int64_t input, int64_t hidden, const tp_nn_gru_options &o = {}) { return tp_nn_gru_with(input, hidden, &o); }
inline tp_module *tp_nn_rnn_cell(int64_t input, int64_t hidden, const tp_nn_rnn_cell_options &o = {})
{ return tp_nn_rnn_cell_with(input, hidden, &o); }
inline tp_module *tp_nn_lstm_cell(int64_t input, int64_t hidden, const tp_nn_lstm_cell_options &o = {})
{ return tp_nn_lstm_cell_with(input, hidden, &o); }
inline tp_module *tp_nn_gru_cell(int64_t input, int64_t hidden, const tp_nn_gru_cell_options &o = {})
{ return tp_nn_gru_cell_with(input, hidden, &o); }
#endif

#endif
