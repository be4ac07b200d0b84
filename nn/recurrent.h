/* recurrent.h: what recurrent layers and their cells share: what a constructor said, and the parameters of one direction. */
#ifndef TP__NN_RECURRENT_H
#define TP__NN_RECURRENT_H

#include "layer.h"

typedef enum tp__cell_kind { TP__RNN, TP__LSTM, TP__GRU } tp__cell_kind;

typedef struct tp__rnn_plan {
    tp__cell_kind kind;
    bool relu, bias, batch_first;
    int dirs, per_layer;                               /* directions; parameters of a layer in one of them */
    int64_t input, hidden, layers, projection;
    double dropout;
} tp__rnn_plan;

/* The schemas differ in order, so their arguments are read by name, once. */
typedef struct tp__rnn { tp_module base; int64_t arguments[12]; tp__rnn_plan p; } tp__rnn;

typedef struct tp__rnn_state { tp_tensor *h, *c; } tp__rnn_state;        /* [batch, hidden]; c is an LSTM's */

void tp__rnn_read(const tp_module *self, tp__cell_kind kind, tp__rnn_plan *p);
/* Adds the parameters of a layer in one direction. suffix: "_l0_reverse", or "" of a cell. */
void tp__rnn_add(tp_module *self, const tp__rnn_plan *p, int64_t input, const char *suffix);
/* A tensor, or two of them, of an argument "hx". */
tp_status tp__rnn_take_states(const tp_module *self, const tp__rnn_plan *p, const tp_arg *hx, tp__rnn_state *s);
/* TP_ERR_SHAPE, unless x is of that shape. */
tp_status tp__rnn_check_state(const tp_module *self, const char *what, tp_tensor *x, tp_shape shape);

/* The constructor in C; after the type what the options say besides. */
#define TP__RNN_IN_C(name, type, ...) \
    tp_module *tp_nn_##name##_with(int64_t input, int64_t hidden, const tp_nn_##name##_options *options) \
    { \
        TP__TAKE(nn_##name, o, options); \
        return TP__MAKE(type, TP__WITH_INT(input_size, input), TP__WITH_INT(hidden_size, hidden), TP__WITH_BOOL(bias, o.bias), TP__WITH_PLACE(o), \
                        ##__VA_ARGS__); \
    }

#endif
