/* recurrent.h: what a step and a whole layer share: checks, and the backward of the gates, made of ops. */
#ifndef TP__OPS_RECURRENT_H
#define TP__OPS_RECURRENT_H

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

#endif
