/* nccl.c: NCCL's functions, looked up at run time. */
#include "cuda/nccl.h"

#ifdef TPC_HAS_NCCL
#include <pthread.h>

#include "cuda/library.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static tpc_nccl_functions functions;
static bool there;

static bool find_functions(void)
{
    void *const library = tpc_library("libnccl.so." TPC_TEXT(NCCL_MAJOR));
    if (!library) return false;
#define TAKE(name) if (!TPC_TAKE(library, functions.name, nccl##name)) return false;
    TPC_NCCL_EACH_FUNCTION(TAKE)
#undef TAKE
    return true;
}

static void load(void) { there = !tpc_left_out("TAPER_CUDA_NCCL") && find_functions(); }

const tpc_nccl_functions *tpc_nccl(void)
{
    pthread_once(&once, load);
    return there ? &functions : NULL;
}
#endif
