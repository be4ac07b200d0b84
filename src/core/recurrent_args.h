/* recurrent_args.h: what is said of a recurrent net between the op rnn_layers and the kernels of a device that has a library for it. Read by
 * C++ too. */
#ifndef TP__RECURRENT_ARGS_H
#define TP__RECURRENT_ARGS_H

#include "core/attr.h"

enum { TP__NET_LSTM = 1, TP__NET_GRU, TP__NET_TANH, TP__NET_RELU };      /* the choices of its schema */

/* The attributes of rnn_layers and rnn_layers_backward, and of the kernel rnn_layers_room, which has no inputs and outputs, and says whether
 * there is a library, and how many bytes the backward wants kept. */
typedef struct tp__rnn_layers { int32_t mode; int64_t hidden, layers; bool biases, bidirectional, weight_grad; } tp__rnn_layers;

/* In call->scratch. sizes: rows of each step, or NULL, `batch` in each; steps 0: they do not matter yet. */
typedef struct tp__rnn_run {
    int64_t steps, batch, rows, input;
    const int64_t *sizes;
    int32_t dtype;
    bool train, able, done;                            /* in: a backward will follow. Out: there is a library for it; it was used */
    uint64_t bytes;                                    /* out: to be kept */
    tp_tensor *kept;                                   /* of so many bytes; NULL: none */
} tp__rnn_run;

#endif
