/* dnn.cuh: arrays as cuDNN is given them: without gaps, row-major or with channels last in memory. */
#ifndef TPC_DNN_CUH
#define TPC_DNN_CUH

#include "cuda/dnn.h"
#include "cuda/kernel.cuh"

/* The k-th dim of x from the innermost in memory, row-major or channels last */
static inline int tpc_dnn_dim(const tpc_array &x, int k, bool last)
{
    return !last ? x.ndim - 1 - k : k == 0 ? 1 : k < x.ndim - 1 ? x.ndim - k : 0;
}
static inline bool tpc_dnn_packed(const tpc_array &x, bool last)
{
    int64_t step = 1;
    for (int k = 0; k < x.ndim; k++) {
        const int d = tpc_dnn_dim(x, k, last);
        if (x.shape[d] != 1 && x.stride[d] != step) return false;
        step *= x.shape[d];
    }
    return true;
}
/* Channels are last in x, or in y where x could be either. */
static inline bool tpc_dnn_is_last(const tpc_array &x, const tpc_array &y)
{
    return tpc_dnn_packed(x, true) && (!tpc_dnn_packed(x, false) || (tpc_dnn_packed(y, true) && !tpc_dnn_packed(y, false)));
}
/* Will its address be a multiple of 16 bytes? Copies are. */
static inline bool tpc_dnn_aligned(const tpc_array &x, bool last) { return !tpc_dnn_packed(x, last) || (uintptr_t)x.data % 16 == 0; }

/* One side of an operation: x where it lies, or a copy in the layout that is asked for. What is written is copied back by give. */
struct tpc_dnn_side {
    tpc_array x = tpc_array();
    const tpc_array *of = nullptr;
    tpc_temporary room;
    explicit tpc_dnn_side(const tp__call *call) : room(call) {}
    tp_status take(const tpc_array &from, bool last, bool written)
    {
        x = from;
        if (tpc_dnn_packed(from, last)) return TP_OK;
        int64_t step = 1;
        for (int k = 0; k < x.ndim; k++) {
            const int d = tpc_dnn_dim(x, k, last);
            x.stride[d] = step;
            step *= x.shape[d];
        }
        x.contiguous = !last;
        x.data = room.data = tpc_room(room.call, (size_t)x.numel * tpc_size(x.dtype));
        if (!x.data) return TP_ERR_MEMORY;
        if (written) of = &from;
        return written ? TP_OK : tpc_copy(room.call, &x, &from);
    }
    tp_status give() const { return of ? tpc_copy(room.call, of, &x) : TP_OK; }
};

#endif
