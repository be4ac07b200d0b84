/* nccl.h: NCCL's functions, looked up when several devices first do something together; where it is missing, the core copies between devices
 * and adds by ordinary kernels. TAPER_CUDA_NCCL=0 leaves it out. */
#ifndef TPC_NCCL_H
#define TPC_NCCL_H

#if __has_include(<nccl.h>)
#include <nccl.h>

#define TPC_HAS_NCCL

/* GetLastError came with 2.13, later than all else. */
#define TPC_NCCL_EACH_FUNCTION(X) \
    X(GetVersion) X(CommInitAll) X(CommAbort) X(CommGetAsyncError) X(GetErrorString) X(GetLastError) X(GroupStart) X(GroupEnd) X(AllReduce) X(Reduce) \
    X(Broadcast) X(AllGather) X(ReduceScatter)

typedef struct tpc_nccl_functions {
#define FIELD(name) __typeof__(nccl##name) *name;
    TPC_NCCL_EACH_FUNCTION(FIELD)
#undef FIELD
} tpc_nccl_functions;

const tpc_nccl_functions *tpc_nccl(void);              /* NULL: it is not there */
#endif

#endif
