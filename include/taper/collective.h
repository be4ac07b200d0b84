/* collective.h: what several devices of one process do together, for training that is spread over them.
 *
 *     // a replica of the net on each device, and a piece of the batch; then, without recording, gradients become their mean
 *     for (int r = 0; r < n; r++) grads[r] = (tp_tensor_list){ .at = ..., .n = ... };       // of the parameters on device r
 *     tp_collective_all_reduce_coalesced(grads, n, .op = TP_COLLECTIVE_AVG);
 *
 * tp_collective_... are torch.cuda.nccl: a list has one tensor for each device, whose place in the list is its rank, and results are written
 * into tensors that are there. They are not recorded. tp_comm_... are torch.cuda.comm: they make tensors, and are differentiable.
 *
 * The tensors of a list are all on the CPU, where each stands for a device, or each on a CUDA device of its own; 64 at most. They lie in
 * memory without gaps, all in one layout (row-major, or each channels last, say), and do not overlap but where that is said below. On CUDA the work is
 * given to the current stream of the calling thread on each of the devices, and nothing waits for it: each stream goes on when its device
 * is done. What is to be read must have been written on those streams, or they must have waited for it (taper/stream.h).
 *
 * By NCCL where the loader finds it (libnccl.so.2; TAPER_CUDA_NCCL=0 leaves it out), else by copies between devices and our own kernels: there, and on
 * the CPU, numbers are combined in the order of ranks, 16-bit floats in float32. NCCL's order is its own, the same from call to call on the
 * same machine, and it rounds 16-bit floats at each step; whether a minimum or maximum of numbers with a NaN among them is NaN is certain without it alone. */
#ifndef TAPER_COLLECTIVE_H
#define TAPER_COLLECTIVE_H

#include <taper/core.h>

/* Of bool, sum and max are "any", prod and min "all". Of complex numbers there are sum, prod and avg; avg of integers is cut towards zero. */
typedef enum tp_collective_op {
    TP_COLLECTIVE_DEFAULT = 0,                         /* sum */
    TP_COLLECTIVE_SUM, TP_COLLECTIVE_PROD, TP_COLLECTIVE_MIN, TP_COLLECTIVE_MAX, TP_COLLECTIVE_AVG
} tp_collective_op;

typedef struct tp_collective_all_reduce_options {
    TP__HEAD(tp_collective_all_reduce_options);
    tp_collective_op op TP__IS(TP_COLLECTIVE_DEFAULT);
    tp_tensor_list out TP__IS({});                     /* like the tensors; each may be the tensor of its rank. Empty: those */
    TP__TAIL;
} tp_collective_all_reduce_options;
#define TP__DEFAULT_collective_all_reduce

typedef struct tp_collective_reduce_options {
    TP__HEAD(tp_collective_reduce_options);
    tp_collective_op op TP__IS(TP_COLLECTIVE_DEFAULT);
    int64_t root TP__IS(0);                            /* the rank that gets the result */
    tp_tensor *out TP__IS(nullptr);                    /* like tensor `root`, on its device. NULL: that */
    TP__TAIL;
} tp_collective_reduce_options;
#define TP__DEFAULT_collective_reduce

typedef struct tp_collective_options {
    TP__HEAD(tp_collective_options);
    tp_collective_op op TP__IS(TP_COLLECTIVE_DEFAULT);
    TP__TAIL;
} tp_collective_options;
#define TP__DEFAULT_collective

typedef struct tp_comm_scatter_options {
    TP__HEAD(tp_comm_scatter_options);
    int64_t dim TP__IS(0);
    const int64_t *sizes TP__IS(nullptr);              /* of the pieces along dim, one for each device. NULL: as tp_chunk cuts */
    TP__TAIL;
} tp_comm_scatter_options;
#define TP__DEFAULT_comm_scatter

typedef struct tp_comm_gather_options {
    TP__HEAD(tp_comm_gather_options);
    int64_t dim TP__IS(0);
    TP__TAIL;
} tp_comm_gather_options;
#define TP__DEFAULT_comm_gather

#define TP__EACH_COLLECTIVE_OPTIONS(X) X(collective_all_reduce) X(collective_reduce) X(collective) X(comm_scatter) X(comm_gather)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Into tensors that are there ------------------------------------------------------------------------------------------------------
 * Errors of all of these, which then have written nothing, unless the error is one of the devices':
 *   TP_ERR_ARGUMENT   an empty list, a NULL in it, more than 64 tensors, a root that is no rank, tensors that overlap
 *   TP_ERR_SHAPE      shapes that differ, or a size that is not that of all pieces; tensors with gaps, or in different layouts
 *   TP_ERR_DTYPE      dtypes that differ; min or max of complex numbers, avg of bool
 *   TP_ERR_DEVICE     two tensors on one CUDA device, the CPU beside CUDA; a tensor of `out` not on the device of its rank; what NCCL says
 *   TP_ERR_STATE      a tensor needs a gradient while recording (TP_NO_GRAD(), tp_detach); several devices while a graph is recorded
 *   TP_ERR_MEMORY */

/* out[r] = tensors[0] op tensors[1] op .., on each device. Any dtype. */
TP_API tp_status tp_collective_all_reduce_with(tp_tensor_list tensors, const tp_collective_all_reduce_options *o);
/* The same in place for many at once, which is much quicker than one by one: tensors[r] is the list of rank r, r < n, all of one length;
 * the i-th tensors of all ranks are reduced. No tensor stands twice in a list (TP_ERR_ARGUMENT). */
TP_API tp_status tp_collective_all_reduce_coalesced_with(const tp_tensor_list *tensors, int n, const tp_collective_options *o);
/* The same on the device of rank `root` alone. */
TP_API tp_status tp_collective_reduce_with(tp_tensor_list tensors, const tp_collective_reduce_options *o);
/* Each tensor becomes a copy of tensor `root`. */
TP_API tp_status tp_collective_broadcast(tp_tensor_list tensors, int64_t root);
/* out[r] = tensors[0], tensors[1], .., one after the other. out[r] is row-major and has as many elements as all n; tensors[r] may be its r-th part. */
TP_API tp_status tp_collective_all_gather(tp_tensor_list tensors, tp_tensor_list out);
/* out[r] = part r of (tensors[0] op tensors[1] op ..), cut into n of one size. All are row-major; out[r] may be the r-th part of tensors[r]. */
TP_API tp_status tp_collective_reduce_scatter_with(tp_tensor_list tensors, tp_tensor_list out, const tp_collective_options *o);

/* ---- New tensors, differentiable: the results belong to the scope -----------------------------------------------------------------------
 * Devices may be given twice, and the CPU among others. */

/* out[i], i < n: x on devices[i]; on its own device x itself, or another handle of it. On error all n are NULL:
 * TP_ERR_ARGUMENT (n, x or a list is NULL), TP_ERR_DEVICE, TP_ERR_MEMORY. Gradients: x, the sum of those of out */
TP_API tp_status tp_comm_broadcast(tp_tensor *x, const tp_device *devices, int n, tp_tensor **out);
/* x[0] + x[1] + .. on a device, of one shape and dtype. NULL: a NULL, TP_ERR_ARGUMENT (an empty list, more than 64), TP_ERR_SHAPE, TP_ERR_DTYPE,
 * TP_ERR_DEVICE, TP_ERR_MEMORY. Gradients: all */
TP_API tp_tensor *tp_comm_reduce_add(tp_tensor_list x, tp_device device);
/* out[i]: piece i of x along a dim, on devices[i]. There may be fewer pieces than devices, as of tp_chunk; *pieces is how many, and may be NULL,
 * and the rest of out is NULL. On error all are: as tp_comm_broadcast, and TP_ERR_SHAPE (the dim, sizes that do not add up to it). Gradients: x */
TP_API tp_status tp_comm_scatter_with(tp_tensor *x, const tp_device *devices, int n, tp_tensor **out, int *pieces, const tp_comm_scatter_options *o);
/* All x, one after the other along a dim, on a device; numbers, of no dims, as a vector. NULL: as tp_cat. Gradients: all */
TP_API tp_tensor *tp_comm_gather_with(tp_tensor_list x, tp_device device, const tp_comm_gather_options *o);

#ifdef __cplusplus
}
inline tp_status tp_collective_all_reduce(tp_tensor_list tensors, const tp_collective_all_reduce_options &o = {})
{
    return tp_collective_all_reduce_with(tensors, &o);
}
inline tp_status tp_collective_all_reduce_coalesced(const tp_tensor_list *tensors, int n, const tp_collective_options &o = {})
{ return tp_collective_all_reduce_coalesced_with(tensors, n, &o); }
inline tp_status tp_collective_reduce(tp_tensor_list tensors, const tp_collective_reduce_options &o = {}) { return tp_collective_reduce_with(tensors, &o); }
inline tp_status tp_collective_reduce_scatter(tp_tensor_list tensors, tp_tensor_list out, const tp_collective_options &o = {})
{ return tp_collective_reduce_scatter_with(tensors, out, &o); }
inline tp_status tp_comm_scatter(tp_tensor *x, const tp_device *devices, int n, tp_tensor **out, int *pieces, const tp_comm_scatter_options &o = {})
{ return tp_comm_scatter_with(x, devices, n, out, pieces, &o); }
inline tp_tensor *tp_comm_gather(tp_tensor_list x, tp_device device, const tp_comm_gather_options &o = {}) { return tp_comm_gather_with(x, device, &o); }
#else
#define tp_collective_all_reduce(...) tp__collective_all_reduce(__VA_ARGS__, )
#define tp__collective_all_reduce(tensors, ...) TP__DEFAULTS(tp_collective_all_reduce_with(tensors, TP__OPTIONS(collective_all_reduce, __VA_ARGS__)))
#define tp_collective_all_reduce_coalesced(...) tp__collective_all_reduce_coalesced(__VA_ARGS__, )
#define tp__collective_all_reduce_coalesced(tensors, n, ...) \
    TP__DEFAULTS(tp_collective_all_reduce_coalesced_with(tensors, n, TP__OPTIONS(collective, __VA_ARGS__)))
#define tp_collective_reduce(...) tp__collective_reduce(__VA_ARGS__, )
#define tp__collective_reduce(tensors, ...) TP__DEFAULTS(tp_collective_reduce_with(tensors, TP__OPTIONS(collective_reduce, __VA_ARGS__)))
#define tp_collective_reduce_scatter(...) tp__collective_reduce_scatter(__VA_ARGS__, )
#define tp__collective_reduce_scatter(tensors, out, ...) TP__DEFAULTS(tp_collective_reduce_scatter_with(tensors, out, TP__OPTIONS(collective, __VA_ARGS__)))
#define tp_comm_scatter(...) tp__comm_scatter(__VA_ARGS__, )
#define tp__comm_scatter(x, devices, n, out, pieces, ...) TP__DEFAULTS(tp_comm_scatter_with(x, devices, n, out, pieces, TP__OPTIONS(comm_scatter, __VA_ARGS__)))
#define tp_comm_gather(...) tp__comm_gather(__VA_ARGS__, )
#define tp__comm_gather(x, device, ...) TP__DEFAULTS(tp_comm_gather_with(x, device, TP__OPTIONS(comm_gather, __VA_ARGS__)))
#endif

#endif
