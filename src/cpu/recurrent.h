/* recurrent.h: the elementwise part of a recurrent step, for rows of float32 or float64; ops/recurrent.c has the formulas. */
#ifndef TP__CPU_RECURRENT_H
#define TP__CPU_RECURRENT_H

#include "core/op.h"

/* Rows of `hidden` elements, and of so many times that: all contiguous. What is not there are rows of zeros, of the same length. */
typedef struct tp__gate_rows {
    int64_t hidden;
    const void *x, *u;                                 /* gates by the input and by the state */
    const void *state;                                 /* LSTM: c, GRU: h */
    void *h, *c, *work;
    const void *dh, *dc;                               /* backward: of the new state, that which is given */
    void *dstate;                                      /* in: what is to be added to that; out: the gradient of `state` */
    const void *carried;                               /* LSTM: what is to be added to dh */
    void *dx, *du;                                     /* du: GRU */
} tp__gate_rows;

typedef enum tp__gate_loop { TP__LSTM_FORWARD, TP__LSTM_BACKWARD, TP__GRU_FORWARD, TP__GRU_BACKWARD } tp__gate_loop;
void tp__gates_run(tp__gate_loop loop, const tp__gate_rows *rows, int64_t n, tp_dtype dtype);

#endif
