/* dnn_rnn.c: recurrent nets, their sequences and their weights in cuDNN's words. Sequences are packed, those of one length too, which is the
 * same memory; the orders of gates are PyTorch's, and so is the GRU's, which resets the state after the product. */
#include "cuda/dnn_rnn.h"

#ifdef TPC_HAS_CUDNN
#include <stdlib.h>

static int64_t gates_of(int32_t mode) { return mode == TP__NET_LSTM ? 4 : mode == TP__NET_GRU ? 3 : 1; }
static size_t item_of(const tpc_dnn_net *net) { return net->dtype == TP_F32 ? 4 : 2; }
static int64_t input_of(const tpc_dnn_net *net, int64_t i) { return i < net->dirs ? net->input : net->hidden * net->dirs; }

cudnnRNNDescriptor_t tpc_dnn_describe_net(const tpc_dnn_net *net, bool tf32)
{
    static const cudnnRNNMode_t modes[] = {
        [TP__NET_LSTM] = CUDNN_LSTM, [TP__NET_GRU] = CUDNN_GRU, [TP__NET_TANH] = CUDNN_RNN_TANH, [TP__NET_RELU] = CUDNN_RNN_RELU
    };
    const cudnnMathType_t math = net->dtype != TP_F32 ? CUDNN_TENSOR_OP_MATH : tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
    cudnnRNNDescriptor_t rnn = NULL;
    if (tpc_dnn()->CreateRNNDescriptor(&rnn)) return NULL;
    const cudnnStatus_t status =
        tpc_dnn()->SetRNNDescriptor_v8(rnn, CUDNN_RNN_ALGO_STANDARD, modes[net->mode],
                                       net->biases ? CUDNN_RNN_DOUBLE_BIAS : CUDNN_RNN_NO_BIAS,
                                       net->dirs == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT,
                                       tpc_dnn_type(net->dtype), CUDNN_DATA_FLOAT, math, (int32_t)net->input, (int32_t)net->hidden,
                                       (int32_t)net->hidden, (int32_t)net->layers, NULL, CUDNN_RNN_PADDED_IO_DISABLED);
    if (!status) return rnn;
    tpc_dnn()->DestroyRNNDescriptor(rnn);
    return NULL;
}

/* How long each sequence is: the first is the longest. */
static int *lengths_of(const tp__rnn_run *run)
{
    int *length = malloc((size_t)run->batch * sizeof *length);
    for (int64_t i = 0; length && i < run->batch; i++) length[i] = run->sizes ? 0 : (int)run->steps;
    for (int64_t t = 0; length && run->sizes && t < run->steps; t++)
        for (int64_t i = t + 1 < run->steps ? run->sizes[t + 1] : 0; i < run->sizes[t]; i++) length[i] = (int)t + 1;
    return length;
}

cudnnRNNDataDescriptor_t tpc_dnn_describe_rows(const tpc_dnn_net *net, const tp__rnn_run *run, int64_t width)
{
    cudnnRNNDataDescriptor_t data = NULL;
    int *length = lengths_of(run);
    if (!length || tpc_dnn()->CreateRNNDataDescriptor(&data)) {
        free(length);
        return NULL;
    }
    const cudnnStatus_t status = tpc_dnn()->SetRNNDataDescriptor(data, tpc_dnn_type(net->dtype), CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED,
                                                                 (int)run->steps, (int)run->batch, (int)width, length, NULL);
    free(length);
    if (!status) return data;
    tpc_dnn()->DestroyRNNDataDescriptor(data);
    return NULL;
}

cudnnTensorDescriptor_t tpc_dnn_describe_states(const tpc_dnn_net *net, int64_t batch)
{
    const int size[] = { (int)(net->layers * net->dirs), (int)batch, (int)net->hidden }, stride[] = { size[1] * size[2], size[2], 1 };
    cudnnTensorDescriptor_t states = NULL;
    if (tpc_dnn()->CreateTensorDescriptor(&states)) return NULL;
    if (!tpc_dnn()->SetTensorNdDescriptor(states, tpc_dnn_type(net->dtype), 3, size, stride)) return states;
    tpc_dnn()->DestroyTensorDescriptor(states);
    return NULL;
}

/* ---- Weights ------------------------------------------------------------------------------------------------------------------------------ */

/* Where ours of layer and direction i begin: w_ih, w_hh, b_ih, b_hh. Returns where those of i + 1 would, or the end of all biases. */
static int64_t ours_of(const tpc_dnn_net *net, int64_t i, int64_t begin[4])
{
    const int64_t rows = gates_of(net->mode) * net->hidden, all = net->layers * net->dirs;
    int64_t matrices = 0;
    for (int64_t k = 0; k < all; k++) {
        if (k == i) begin[0] = matrices;
        matrices += rows * (input_of(net, k) + net->hidden);
    }
    begin[1] = begin[0] + rows * input_of(net, i);
    begin[2] = matrices + 2 * i * rows;
    begin[3] = begin[2] + rows;
    return matrices + (net->biases ? 2 * all * rows : 0);
}

size_t tpc_dnn_weight_bytes(const tpc_dnn_net *net)
{
    int64_t begin[4];
    return (size_t)ours_of(net, 0, begin) * item_of(net);
}

typedef struct placing { const tpc_dnn_net *net; char *space; size_t bytes, item; tpc_dnn_piece *piece; int n; } placing;

/* `numel` elements from ours on stand at `its`, as the descriptor says, too. */
static bool place(placing *p, int64_t ours, const char *its, cudnnTensorDescriptor_t as, int64_t numel)
{
    enum { DIMS = 8 };
    cudnnDataType_t type;
    int n = 0, size[DIMS] = { 0 }, stride[DIMS];
    int64_t count = 1;
    if (!its || its < p->space || tpc_dnn()->GetTensorNdDescriptor(as, DIMS, &type, &n, size, stride)) return false;
    for (int d = 0; d < n && d < DIMS; d++) count *= size[d];
    tpc_dnn_piece next = { (size_t)ours * p->item, (size_t)(its - p->space), (size_t)numel * p->item };
    if (count != numel || type != tpc_dnn_type(p->net->dtype) || next.its + next.bytes > p->bytes) return false;
    tpc_dnn_piece *last = p->n ? &p->piece[p->n - 1] : NULL;
    if (last && last->ours + last->bytes == next.ours && last->its + last->bytes == next.its) last->bytes += next.bytes;
    else p->piece[p->n++] = next;
    return true;
}

/* The matrices of all gates of layer and direction i, or their biases */
static bool place_layer(placing *p, cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnTensorDescriptor_t matrix,
                        cudnnTensorDescriptor_t bias, int64_t i, bool biases)
{
    const int64_t gates = gates_of(p->net->mode), hidden = p->net->hidden;
    int64_t begin[4];
    ours_of(p->net, i, begin);
    for (int k = 0; k < 2; k++)
        for (int64_t g = 0; g < gates; g++) {
            const int64_t numel = hidden * (biases ? 1 : k ? hidden : input_of(p->net, i));
            void *m = NULL, *b = NULL;
            if (tpc_dnn()->GetRNNWeightParams(handle, rnn, (int32_t)i, p->bytes, p->space, (int32_t)(k * gates + g), matrix, &m, bias, &b)) return false;
            if (!place(p, begin[biases ? k + 2 : k] + g * numel, biases ? b : m, biases ? bias : matrix, numel)) return false;
        }
    return true;
}

tpc_dnn_piece *tpc_dnn_place_weights(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const tpc_dnn_net *net, void *space, size_t bytes, int *n)
{
    const int64_t all = net->layers * net->dirs;
    placing p = { .net = net, .space = space, .bytes = bytes, .item = item_of(net),
                  .piece = malloc((size_t)(all * gates_of(net->mode) * 4) * sizeof *p.piece) };
    cudnnTensorDescriptor_t matrix = NULL, bias = NULL;
    bool good = p.piece && !tpc_dnn()->CreateTensorDescriptor(&matrix) && !tpc_dnn()->CreateTensorDescriptor(&bias);
    for (int biases = 0; biases <= (net->biases != 0); biases++)
        for (int64_t i = 0; i < all && good; i++) good = place_layer(&p, handle, rnn, matrix, bias, i, biases);
    if (matrix) tpc_dnn()->DestroyTensorDescriptor(matrix);
    if (bias) tpc_dnn()->DestroyTensorDescriptor(bias);
    *n = good ? p.n : 0;
    if (good) return p.piece;
    free(p.piece);
    return NULL;
}

#endif
