/* sum.cuh: sums for kernels of other families. */
#ifndef TPC_SUM_CUH
#define TPC_SUM_CUH

#include "cuda/call.h"

/* y = x, of floating dtype as y, summed over the dims whose bits are set in `gone`. */
tp_status tpc_sum(const tp__call *call, const tpc_array &x, uint64_t gone, const tpc_array &y);

#endif
