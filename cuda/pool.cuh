/* pool.cuh: plane_scatter and plane_pick by the places within windows, which pool_windows.cu has. */
#ifndef TPC_POOL_CUH
#define TPC_POOL_CUH

#include "cuda/plain.cuh"

tp_status tpc_scatter_windows(const tp__call *call, const tp__windows &of, bool add);
tp_status tpc_pick_windows(const tp__call *call, const tp__windows &of);

#endif
