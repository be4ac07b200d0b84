/* dnn.h: whole operations by cuDNN, for the kernels in the .cu files. It is looked for when the first is asked for; where it is missing, is
 * older than 9.0, or has no engine for a case that keeps to what is asked below, *done stays false and the caller uses its own kernel.
 * TAPER_CUDA_CUDNN=0 leaves it out.
 *
 * What is asked: a result that does not depend on the order in which blocks are done; float32 multiplied and added as float32, unless
 * TP_PRECISION_TF32 allows the tensor cores' 10 bits of mantissa; 16-bit floats added up in float32. */
#ifndef TPC_DNN_H
#define TPC_DNN_H

#include "core/recurrent_args.h"
#include "cuda/call.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Convolution (dnn_conv.c) --------------------------------------------------------------------------------------------------------- */

/* large [images, groups cg, size..], small [images, groups og, out..], w [groups og, cg, kernel..], all of one dtype and in one layout without
 * gaps: row-major, or channels last. What is written: small, large or w. Dims that are not there are first and of size 1; `last` and the
 * rest have no gaps, so that it is a key. aligned: all addresses are multiples of 16 bytes. biased: channels of
 * what is written, which is not w, have `bias` added, of the same dtype, before they are rounded. */
enum { TPC_DNN_FORWARD, TPC_DNN_DATA, TPC_DNN_WEIGHT };
typedef struct tpc_dnn_conv {
    int32_t kind, dtype, last, aligned, biased, spare;
    int64_t images, groups, cg, og, size[3], out[3], kernel[3], stride[3], pad[3], apart[3];
} tpc_dnn_conv;
bool tpc_dnn_convolves(const tp__call *call, const tpc_dnn_conv *c);        /* is there a plan for it? */
tp_status tpc_dnn_convolve(const tp__call *call, const tpc_dnn_conv *c, void *large, void *w, void *small, const void *bias, bool *done);

/* ---- Normalization over a batch (dnn_norm.c) -------------------------------------------------------------------------------------------- */

/* x, y (and dy) [n, inner, channels] in memory. All else is float32, one number to a channel, its address a multiple of 16 bytes. Forward
 * reads scale, bias and zeros, and writes mean, inverse = 1 / sqrt(biased variance + eps), next_mean, and var, which is of n inner - 1.
 * backward reads mean, inverse and scale, and writes dscale, dbias and y, which is dx. */
typedef struct tpc_dnn_norm { int32_t backward, dtype, aligned, spare; int64_t n, inner, channels; } tpc_dnn_norm;
typedef struct tpc_dnn_norm_data { void *x, *dy, *y, *scale, *bias, *zeros, *mean, *inverse, *next_mean, *var, *dscale, *dbias; double eps; } tpc_dnn_norm_data;
bool tpc_dnn_normalizes(const tp__call *call, const tpc_dnn_norm *k);
tp_status tpc_dnn_normalize(const tp__call *call, const tpc_dnn_norm *k, const tpc_dnn_norm_data *data, bool *done);

/* ---- Windows of images (dnn_pool.c) ----------------------------------------------------------------------------------------------------- */

/* x [images, size.., channels] in memory, y [images, out.., channels], places like y, of int8. Means of windows go from x to y, of which those
 * outside of x count with count_padding. The two others write x: the means' gradient, and the sums of y over the windows whose
 * greatest an element was, by its place in the window, counted from the window's own beginning. No gaps, so that it is a key. */
enum { TPC_DNN_MEANS, TPC_DNN_MEANS_BACK, TPC_DNN_GREATEST_BACK };
typedef struct tpc_dnn_pool {
    int32_t kind, dtype, aligned, count_padding;
    int64_t images, channels, size[2], out[2], kernel[2], stride[2], pad[2];
} tpc_dnn_pool;
tp_status tpc_dnn_windows(const tp__call *call, const tpc_dnn_pool *k, void *x, void *y, void *places, bool *done);

/* ---- Attention (dnn_attention.c) -------------------------------------------------------------------------------------------------------- */

/* q [batch, heads, l, e], y [.., l, w], k [batch, own, n, e], v [.., n, w], and their gradients, of a 16-bit dtype, with elements of a row
 * adjacent; heads / own neighbouring heads of q share one of k and v; the distances between batches, heads and rows are given. sums and dots:
 * float32 [batch, heads, l] without gaps. Forward writes y and sums = ln sum e^(scale q k'), backward dq, dk, dv and dots. Few rows, for
 * which a plan is not worth its time, are not done. */
typedef struct tpc_dnn_attention {
    int32_t dtype, causal, backward, spare;
    int64_t batch, heads, own, l, n, e, w, q[3], k[3], v[3], y[3], dy[3], dq[3], dk[3], dv[3];
} tpc_dnn_attention;
typedef struct tpc_dnn_heads { void *q, *k, *v, *y, *sums, *dy, *dq, *dk, *dv, *dots; } tpc_dnn_heads;
tp_status tpc_dnn_attend(const tp__call *call, const tpc_dnn_attention *a, const tpc_dnn_heads *at, float scale, bool *done);

/* ---- Recurrent nets (dnn_rnn.c, dnn_rnn_run.c) ------------------------------------------------------------------------------------------ */

/* A key. mode: TP__NET_LSTM ..; the weights are one array, in the order of src/ops/recurrent_whole.c. */
typedef struct tpc_dnn_net { int32_t mode, dtype, biases, dirs; int64_t input, hidden, layers; } tpc_dnn_net;
/* x [rows, input], y [rows, hidden dirs], first those of the first step; states [layers dirs, batch, hidden]. All have no gaps; what is
 * not there is zero, or not wanted. kept: what forward leaves for backward, which reads it, or NULL. */
typedef struct tpc_dnn_net_data { void *x, *weight, *hx, *cx, *y, *hy, *cy, *kept, *dy, *dhy, *dcy, *dx, *dweight, *dhx, *dcx; } tpc_dnn_net_data;
/* Is it there, and how many bytes does a backward want kept? run->steps 0: the second does not matter. Sets run->able and run->bytes. */
void tpc_dnn_net_room(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run);
tp_status tpc_dnn_net_forward(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run, const tpc_dnn_net_data *data);      /* sets run->done */
tp_status tpc_dnn_net_backward(const tp__call *call, const tpc_dnn_net *net, tp__rnn_run *run, const tpc_dnn_net_data *data);

#ifdef __cplusplus
}
#endif

#endif
