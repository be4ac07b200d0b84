/* dnn_rnn.h: recurrent nets as cuDNN describes them: what dnn_rnn.c tells it, and dnn_rnn_run.c runs. C only, and empty where cuDNN's headers
 * are missing. */
#ifndef TPC_DNN_RNN_H
#define TPC_DNN_RNN_H

#include "cuda/dnn.h"
#include "cuda/dnn_graph.h"

#ifdef TPC_HAS_CUDNN

/* The net by the standard algorithm, whose result does not depend on the order of blocks; products of float32 in float32, unless `tf32`. NULL:
 * cuDNN refuses it. */
cudnnRNNDescriptor_t tpc_dnn_describe_net(const tpc_dnn_net *net, bool tf32);
/* Rows of `width` of all steps, packed; states of all layers. NULL: refused, or no memory. */
cudnnRNNDataDescriptor_t tpc_dnn_describe_rows(const tpc_dnn_net *net, const tp__rnn_run *run, int64_t width);
cudnnTensorDescriptor_t tpc_dnn_describe_states(const tpc_dnn_net *net, int64_t batch);

/* Where cuDNN wants parts of the weights, in bytes: as few as there are when those that follow each other are joined. To be freed. */
typedef struct tpc_dnn_piece { size_t ours, its, bytes; } tpc_dnn_piece;
size_t tpc_dnn_weight_bytes(const tpc_dnn_net *net);   /* of ours */
/* NULL: it says something else of them than we expect. `space`: memory of the device, as large as it asks for. */
tpc_dnn_piece *tpc_dnn_place_weights(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const tpc_dnn_net *net, void *space, size_t bytes, int *n);

/* dnn.c: memory of this thread for the nets it runs, zeros at first, of as many bytes each time; NULL: there is none. At the thread's end
 * dnn_rnn_run.c ends what it holds. */
void *tpc_dnn_thread_nets(size_t bytes);
void tpc_dnn_nets_end(void *nets);

#endif
#endif
