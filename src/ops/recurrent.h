/* recurrent.h: what a step, a layer and a net of layers share: checks, the backward of the gates, made of ops, and nets, made of them. */
#ifndef TP__OPS_RECURRENT_H
#define TP__OPS_RECURRENT_H

#include "core/recurrent_args.h"
#include "ops/run.h"

/* Input i, if it is there, is of that shape and of the dtype of the first one. */
tp_status tp__recurrent_check(const tp__call *call, int i, const char *name, int ndim, const int64_t *shape);
/* x is floating and [.., gates hidden], of so many dims. */
tp_status tp__recurrent_gates(const tp__call *call, const tp_tensor *x, int ndim, int64_t gates);

typedef struct tp__gate_grads { tp_tensor *dx, *du, *dstate; } tp__gate_grads;           /* NULL: an error */
/* Gradients of the outputs may be NULL for zero. */
tp__gate_grads tp__lstm_gates_back(tp_tensor *dh, tp_tensor *dc, tp_tensor *dwork, tp_tensor *c, tp_tensor *next, tp_tensor *work);
tp__gate_grads tp__gru_gates_back(tp_tensor *dh, tp_tensor *dwork, tp_tensor *h, tp_tensor *work);

extern const tp_op tp__op_lstm_gates;

/* ---- Nets (recurrent_net.c) ------------------------------------------------------------------------------------------------------------- */

/* Parameters of each layer in each direction: w_ih, w_hh, two biases, and the weight of a projection, of which only the first two must be there. */
typedef struct tp__net {
    int32_t mode;                                      /* TP__NET_LSTM .. */
    bool biases;
    int dirs, per;                                     /* directions; parameters of a layer in one of them */
    int64_t layers;
    double dropout;                                    /* between the layers; 0: none */
    tp_tensor *const *params;
} tp__net;
typedef struct tp__net_state { tp_tensor *h, *c; } tp__net_state;        /* c is an LSTM's */

static inline int64_t tp__net_gates(int32_t mode) { return mode == TP__NET_LSTM ? 4 : mode == TP__NET_GRU ? 3 : 1; }

/* Made of other ops. x [steps, batch, features], or with `sizes`, rows of each step, which do not grow, [rows of all steps, features]; `first`
 * [layers dirs, batch, ..], NULL for zeros. Returns h of the last layer, laid out as x is, and *last becomes the final states. */
tp_tensor *tp__net_run(const tp__net *n, tp_tensor *x, const int64_t *sizes, int64_t steps, const tp__net_state *first, tp__net_state *last);
/* The sizes of packed steps on the host, to be freed by tp__sizes_free: they are positive, do not grow, and fit `rows`. NULL: an error. */
int64_t *tp__sizes_read(const tp__call *call, tp_tensor *batch_sizes, int64_t rows);
void tp__sizes_free(int64_t *sizes, int64_t steps);

/* ---- Nets by a library of the device (recurrent_whole.c) ------------------------------------------------------------------------------------ */

/* Does the device have one for it? dropout is no part of it. */
bool tp__net_fits_whole(const tp__net *n, const tp_tensor *x);
/* All parameters in one tensor, and the op. x [steps, batch, features], or rows with batch_sizes. out: y, h, c. Negative: an error. */
int tp__net_whole(const tp__net *n, tp_tensor *x, const tp__net_state *first, tp_tensor *batch_sizes, tp_tensor **out);

#endif
