/* dnn_graph.h: cuDNN's graphs from plain C: what cuda/dnn_*.c plan and run. C only, and empty where cuDNN's headers are missing.
 *
 * cuDNN is looked for when the first plan is asked for. A graph is built from tensors and ops; the first error is kept and makes the rest do
 * nothing, so a builder checks nothing:
 *
 *     static void build(tpc_dnn_graph *g, const void *of)
 *     {
 *         const struct key *k = of;
 *         cudnnBackendDescriptor_t x = tpc_dnn_tensor(g, X, &k->x), y = tpc_dnn_tensor(g, Y, &k->y);
 *         tpc_dnn_pointwise(g, CUDNN_POINTWISE_RELU_FWD, CUDNN_DATA_FLOAT, x, NULL, NULL, y);
 *     }
 *     ...
 *     tpc_dnn_plan *plan = tpc_dnn_plan_for(call, build, &key, sizeof key, tpc_dnn_forbidden(key.dtype));
 *     if (!plan) there is none: another kernel does it
 *     return tpc_dnn_run(call, plan, 2, (int64_t[]){ X, Y }, (void *[]){ x.data, y.data }, &done);
 */
#ifndef TPC_DNN_GRAPH_H
#define TPC_DNN_GRAPH_H

#if __has_include(<cudnn.h>)
#define TPC_HAS_CUDNN 1
#include <cudnn.h>

#include "cuda/call.h"

/* ---- The library (dnn_graph.c) --------------------------------------------------------------------------------------------------------- */

#define TPC_DNN_EACH_FUNCTION(X) \
    X(GetVersion) X(GetErrorString) X(Create) X(Destroy) X(SetStream) X(BackendCreateDescriptor) X(BackendDestroyDescriptor) X(BackendFinalize) \
    X(BackendSetAttribute) X(BackendGetAttribute) X(BackendExecute) TPC_DNN_EACH_RNN_FUNCTION(X)
/* Recurrent nets have no graphs: dnn_rnn.h */
#define TPC_DNN_EACH_RNN_FUNCTION(X) \
    X(CreateTensorDescriptor) X(DestroyTensorDescriptor) X(SetTensorNdDescriptor) X(GetTensorNdDescriptor) \
    X(CreateRNNDescriptor) X(DestroyRNNDescriptor) X(SetRNNDescriptor_v8) X(CreateRNNDataDescriptor) X(DestroyRNNDataDescriptor) X(SetRNNDataDescriptor) \
    X(GetRNNWeightSpaceSize) X(GetRNNWeightParams) X(GetRNNTempSpaceSizes) X(RNNForward) X(RNNBackwardData_v8) X(RNNBackwardWeights_v8)

#define TPC_DNN_FIELD(name) __typeof__(cudnn##name) *name;
typedef struct tpc_dnn_functions { TPC_DNN_EACH_FUNCTION(TPC_DNN_FIELD) } tpc_dnn_functions;
#undef TPC_DNN_FIELD

const tpc_dnn_functions *tpc_dnn(void);                /* NULL: there is no cuDNN, it is too old, or TAPER_CUDA_CUDNN=0 */
size_t tpc_dnn_version(void);                          /* as 91900; 0: none */
int64_t tpc_dnn_most_workspace(void);                  /* bytes that a plan may take */
cudnnDataType_t tpc_dnn_type(int dtype);               /* of float32 or a 16-bit float, the dtypes that it is asked for */
static inline bool tpc_dnn_takes(int dtype) { return dtype == TP_F32 || dtype == TP_F16 || dtype == TP_BF16; }

/* ---- Building (dnn_graph.c) ------------------------------------------------------------------------------------------------------------- */

enum { TPC_DNN_PARTS = 320, TPC_DNN_OPS = 64, TPC_DNN_DIMS = 8 };
typedef struct tpc_dnn_graph {
    cudnnStatus_t status;                              /* the first that was bad */
    int n_parts, n_ops;
    int64_t next;                                      /* number of the next virtual tensor */
    cudnnBackendDescriptor_t part[TPC_DNN_PARTS], op[TPC_DNN_OPS];
} tpc_dnn_graph;

/* A tensor's type; `aligned`: what the address is a multiple of, in bytes; 0: 16 */
typedef struct tpc_dnn_shape { int dtype, ndim, aligned; int64_t size[TPC_DNN_DIMS], stride[TPC_DNN_DIMS]; } tpc_dnn_shape;
static inline int tpc_dnn_alignment(bool aligned, int dtype) { return aligned ? 16 : dtype == TP_F32 ? 4 : 2; }

/* `dtype` here and below: a cudnnDataType_t. Row-major, and channels last of what counts as [n, c, ..] */
tpc_dnn_shape tpc_dnn_plain(int dtype, int ndim, const int64_t *size);
tpc_dnn_shape tpc_dnn_channels_last(int dtype, int ndim, const int64_t *size);

/* Data that is given with each run, under the number `uid`, from 1 to 999; what stays inside the graph; and one number of the host, as it is
 * at the time of a run. */
cudnnBackendDescriptor_t tpc_dnn_tensor(tpc_dnn_graph *g, int64_t uid, const tpc_dnn_shape *shape);
cudnnBackendDescriptor_t tpc_dnn_virtual(tpc_dnn_graph *g, const tpc_dnn_shape *shape);
cudnnBackendDescriptor_t tpc_dnn_number(tpc_dnn_graph *g, int64_t uid, int dtype, int ndim);

/* Ops, which return y. b and t may be NULL. */
cudnnBackendDescriptor_t tpc_dnn_pointwise(tpc_dnn_graph *g, cudnnPointwiseMode_t mode, int compute, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t b,
                                           cudnnBackendDescriptor_t t, cudnnBackendDescriptor_t y);
cudnnBackendDescriptor_t tpc_dnn_index(tpc_dnn_graph *g, int64_t axis, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y);       /* y = place along axis */
cudnnBackendDescriptor_t tpc_dnn_matmul(tpc_dnn_graph *g, int compute, cudnnBackendDescriptor_t a, cudnnBackendDescriptor_t b, cudnnBackendDescriptor_t y);
cudnnBackendDescriptor_t tpc_dnn_reduce(tpc_dnn_graph *g, cudnnReduceTensorOp_t op, int compute, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y);
cudnnBackendDescriptor_t tpc_dnn_reshape(tpc_dnn_graph *g, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y);

/* Anything else, by its attributes: a part, which is finished when all is set; an op joins the graph then. Parts belong to the graph. */
cudnnBackendDescriptor_t tpc_dnn_part(tpc_dnn_graph *g, cudnnBackendDescriptorType_t type);
void tpc_dnn_set(tpc_dnn_graph *g, cudnnBackendDescriptor_t part, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                 int64_t n, const void *value);
void tpc_dnn_refer(tpc_dnn_graph *g, cudnnBackendDescriptor_t part, cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t to);
void tpc_dnn_finish(tpc_dnn_graph *g, cudnnBackendDescriptor_t part);
void tpc_dnn_finish_op(tpc_dnn_graph *g, cudnnBackendDescriptor_t part);
void tpc_dnn_graph_end(tpc_dnn_graph *g);              /* frees all parts */

/* ---- Planning (dnn_graph.c) ------------------------------------------------------------------------------------------------------------- */

/* What is planned for: a handle's device, or one that properties describe, with no device at hand. */
typedef struct tpc_dnn_target { cudnnHandle_t handle; cudnnBackendDescriptor_t properties; } tpc_dnn_target;
/* parts: what it was built from, which it keeps. wanted: where none works, the least workspace of those that had too little room; 0: of none was that
 * the cause. */
typedef struct tpc_dnn_plan { cudnnBackendDescriptor_t plan, *parts; int64_t workspace, wanted; int n_parts; bool works, kept; } tpc_dnn_plan;

/* A bit for each numerical note that rules an engine out. Always those whose result depends on the order in which blocks are done, and those
 * that add up in 16 bits; of float32, unless the tensor cores are allowed, also those and what stands in for products of float32. */
uint32_t tpc_dnn_forbidden(int dtype);
uint32_t tpc_dnn_forbidden_strictly(void);             /* as of float32 by itself: for what is no product, of any dtype */

/* The first plan that cuDNN advises, of those which are not forbidden and take no more than `room` bytes of workspace. False: none. The
 * graph's parts go to the plan, or are freed. `finalize` false: an engine that says it can is enough, and there is nothing to run. */
bool tpc_dnn_pick(tpc_dnn_graph *g, const tpc_dnn_target *on, uint32_t forbidden, int64_t room, bool finalize, tpc_dnn_plan *plan);
void tpc_dnn_plan_end(tpc_dnn_plan *plan);

/* ---- Running (dnn.c) -------------------------------------------------------------------------------------------------------------------- */

/* This thread's handle on the call's device, for its current stream. NULL: there is no cuDNN. */
cudnnHandle_t tpc_dnn_handle(const tp__call *call);

typedef void tpc_dnn_builder(tpc_dnn_graph *g, const void *key);

/* Of what this thread planned before, else made now. A key has no gaps, or is zero there. It belongs to the cache, until the thread asks for
 * another. The second gives only what works. NULL: there is none, and another kernel does it. */
tpc_dnn_plan *tpc_dnn_planned(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden);
tpc_dnn_plan *tpc_dnn_plan_for(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden);
/* Of the n items of a batch, of which *count, a part of the key, is the number, how many a plan does at once: all, or such a part, a multiple of
 * `multiple`, that its workspace is not too large. *count is set to it. 0: there is no plan. */
int64_t tpc_dnn_at_once(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden, int64_t *count, int64_t multiple);
/* data: of the device, or the host's number. *done: it was launched. Else nothing was, and the plan is not given again. */
tp_status tpc_dnn_run(const tp__call *call, tpc_dnn_plan *plan, int n, const int64_t *uids, void *const *data, bool *done);

#endif
#endif
