/* collective.c: what several devices do together, by NCCL.
 *
 * A list of devices has communicators, one for each, which are made when they are first wanted and stay to the end of the process: NCCL must not be
 * called while that ends. All is done by one thread at a time, and on each device one after the other, whatever the streams: kernels of
 * NCCL wait for those on other devices, and would wait forever if two of them met in different orders. */
#include "cuda/nccl.h"
#include "cuda/runtime.h"

#include <taper/collective.h>

#ifdef TPC_HAS_NCCL

#include <sched.h>
#include <stdlib.h>

enum { CLIQUES = 64 };

typedef struct clique { int n, index[TPC_MAX_DEVICES]; ncclComm_t comm[TPC_MAX_DEVICES]; } clique;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static clique cliques[CLIQUES];
static int n_cliques;
static cudaEvent_t last[TPC_MAX_DEVICES];              /* after what a device was given */

/* With one device there is nothing to do together. TAPER_CUDA_NCCL=1: it goes to NCCL nevertheless, which can so be tried on one. */
static bool of_one_too(void)
{
    const char *text = getenv("TAPER_CUDA_NCCL");
    return text && !strcmp(text, "1");
}

static bool type_of(int dtype, ncclDataType_t *type)
{
    switch (dtype) {
    case TP_F32: case TP_C64: *type = ncclFloat32; return true;
    case TP_F64: case TP_C128: *type = ncclFloat64; return true;
    case TP_F16: *type = ncclFloat16; return true;
    case TP_BF16: *type = ncclBfloat16; return true;
    case TP_I64: *type = ncclInt64; return true;
    case TP_I32: *type = ncclInt32; return true;
    case TP_I8: *type = ncclInt8; return true;
    case TP_U8: case TP_BOOL: *type = ncclUint8; return true;
    default: return false;
    }
}

static bool is_moved(const tp__collective *c) { return c->kind == TP__BROADCAST || c->kind == TP__ALL_GATHER; }
static bool is_complex(int dtype) { return dtype == TP_C64 || dtype == TP_C128; }

/* What is only moved is bytes. There are no sums of int16, and no products of complex numbers. */
static bool is_known(const tp__collective *c)
{
    ncclDataType_t type;
    return is_moved(c) || (type_of(c->dtype, &type) && !(is_complex(c->dtype) && c->how == TP_COLLECTIVE_PROD));
}

static ncclRedOp_t op_of(const tp__collective *c)
{
    const bool truth = c->dtype == TP_BOOL;            /* 0 or 1 */
    switch (c->how) {
    case TP_COLLECTIVE_PROD: return truth ? ncclMin : ncclProd;
    case TP_COLLECTIVE_MIN: return ncclMin;
    case TP_COLLECTIVE_MAX: return ncclMax;
    case TP_COLLECTIVE_AVG: return ncclAvg;
    default: return truth ? ncclMax : ncclSum;
    }
}

/* ---- Communicators ------------------------------------------------------------------------------------------------------------------------- */

static const char *names_of(int n, const int *index, char *text, size_t size)
{
    size_t used = 0;
    for (int r = 0; r < n && used < size; r++) used += (size_t)snprintf(text + used, size - used, "%scuda:%d", r ? ", " : "", index[r]);
    return text;
}

static const char *op_name(void) { return tpc_core->op_under_way() ? tpc_core->op_under_way() : "collective"; }

static tp_status nccl_error(int n, const int *index, ncclComm_t comm, ncclResult_t error, const char *when)
{
    char names[160];
    const char *const more = tpc_nccl()->GetLastError(comm);
    cudaGetLastError();
    return tpc_core->fail(TP_ERR_DEVICE, "%s: NCCL, %s on %s: %s%s%s (TAPER_CUDA_NCCL=0 does without it)", op_name(), when,
                          names_of(n, index, names, sizeof names), tpc_nccl()->GetErrorString(error), more && *more ? ": " : "", more ? more : "");
}

/* After an error nothing is known of what they did. They are made anew when they are next wanted. */
static void end(clique *c)
{
    for (int r = 0; r < c->n; r++) tpc_nccl()->CommAbort(c->comm[r]);
    *c = cliques[--n_cliques];
}

/* Waits where NCCL does not: NCCL_COMM_BLOCKING=0 makes it so. */
static ncclResult_t settled(const clique *c, ncclResult_t error)
{
    for (int r = 0; r < c->n && (!error || error == ncclInProgress); r++) {
        ncclResult_t now = error;
        do error = tpc_nccl()->CommGetAsyncError(c->comm[r], &now);
        while (!error && now == ncclInProgress && !sched_yield());
        if (!error) error = now;
    }
    return error;
}

/* Devices are ready. *out: theirs; an error else. */
static tp_status clique_of(int n, const int *index, clique **out)
{
    for (int i = 0; i < n_cliques; i++)
        if (cliques[i].n == n && !memcmp(cliques[i].index, index, sizeof *index * (size_t)n)) {
            const ncclResult_t error = settled(&cliques[i], ncclSuccess);
            *out = &cliques[i];
            if (!error) return TP_OK;
            const tp_status status = nccl_error(n, index, cliques[i].comm[0], error, "in what it was given before");
            end(&cliques[i]);
            return status;
        }
    if (n_cliques == CLIQUES)
        return tpc_core->fail(TP_ERR_UNSUPPORTED, "%s: %d lists of devices are in use, which is the most there may be", op_name(), CLIQUES);
    if (tpc_core->fails_now()) return tpc_core->fail(TP_ERR_MEMORY, "%s: no memory for communicators", op_name());
    clique *c = &cliques[n_cliques];
    *c = (clique){ .n = n };
    memcpy(c->index, index, sizeof *index * (size_t)n);
    ncclResult_t error = tpc_nccl()->CommInitAll(c->comm, n, index);
    const bool made = !error || error == ncclInProgress;
    if (made) {
        n_cliques++;
        error = settled(c, ncclSuccess);
    }
    if (!error) return *out = c, TP_OK;
    const tp_status status = nccl_error(n, index, made ? c->comm[0] : NULL, error, "making communicators");
    if (made) end(c);
    return status;
}

/* ---- Giving ----------------------------------------------------------------------------------------------------------------------------------- */

static ncclResult_t give(const tp__collective *c, int r, ncclComm_t comm, cudaStream_t stream)
{
    const tpc_nccl_functions *nccl = tpc_nccl();
    const size_t count = (size_t)c->count * (is_moved(c) ? tpc_dtype_bytes[c->dtype] : is_complex(c->dtype) ? 2 : 1);
    ncclDataType_t type = ncclUint8;
    if (!is_moved(c)) type_of(c->dtype, &type);
    switch (c->kind) {
    case TP__ALL_REDUCE: return nccl->AllReduce(c->in[r], c->out[r], count, type, op_of(c), comm, stream);
    case TP__REDUCE: return nccl->Reduce(c->in[r], c->out[r], count, type, op_of(c), c->root, comm, stream);
    case TP__BROADCAST: return nccl->Broadcast(c->in[r], c->out[r], count, type, c->root, comm, stream);
    case TP__ALL_GATHER: return nccl->AllGather(c->in[r], c->out[r], count, type, comm, stream);
    default: return nccl->ReduceScatter(c->in[r], c->out[r], count, type, op_of(c), comm, stream);
    }
}

static ncclResult_t give_all(const clique *c, const tp__collective *at, int64_t n, const bool *chosen)
{
    ncclResult_t error = tpc_nccl()->GroupStart();
    if (error) return error;
    for (int64_t i = 0; i < n && !error; i++)
        for (int r = 0; r < c->n && chosen[i] && !error; r++) error = give(&at[i], r, c->comm[r], tpc_current(c->index[r])->handle);
    const ncclResult_t ended = tpc_nccl()->GroupEnd();
    return settled(c, error ? error : ended);
}

/* Devices do what they are given here one after the other: the streams wait for what was given before, and leave an event for the next. */
static tp_status wait_for_last(const clique *c)
{
    for (int r = 0; r < c->n; r++) {
        const int index = c->index[r];
        tp_status status = tpc_ready(index);
        if (status) return status;
        if (!last[index] && !(last[index] = tpc_event_take(index))) return tpc_core->fail(TP_ERR_MEMORY, "%s: no event", op_name());
        TPC_TRY(index, cudaStreamWaitEvent(tpc_current(index)->handle, last[index], 0));
    }
    return TP_OK;
}

static tp_status leave_last(const clique *c)
{
    for (int r = 0; r < c->n; r++) {
        const int index = c->index[r];
        const tp_status status = tpc_ready(index);
        if (status) return status;
        TPC_TRY(index, cudaEventRecord(last[index], tpc_current(index)->handle));
    }
    return TP_OK;
}

/* Of all of them, in the order of devices, whatever that of ranks */
static void hold_memory(const clique *c)
{
    bool has[TPC_MAX_DEVICES] = { false };
    for (int r = 0; r < c->n; r++) has[c->index[r]] = true;
    for (int i = 0; i < TPC_MAX_DEVICES; i++)
        if (has[i]) tpc_memory_stands(i);
}

static tp_status run(clique *c, const tp__collective *at, int64_t n, const bool *chosen)
{
    tp_status status = wait_for_last(c);
    if (status) return status;
    hold_memory(c);
    const ncclResult_t error = give_all(c, at, n, chosen);
    for (int r = 0; r < c->n; r++) tpc_memory_moves(c->index[r]);
    if (!error) return leave_last(c);
    status = nccl_error(c->n, c->index, c->comm[0], error, "giving it work");
    end(c);
    return status;
}

tp_status tpc_collectives(int ranks, const int *index, const tp__collective *at, int64_t n, bool *done)
{
    clique *c = NULL;
    bool any = false;
    tp_status status = TP_OK;
    for (int64_t i = 0; i < n; i++) any |= done[i] = is_known(&at[i]);
    if (!any || tpc_self.graph || ranks > TPC_MAX_DEVICES || (ranks == 1 && !of_one_too()) || !tpc_nccl()) return memset(done, 0, (size_t)n), TP_OK;
    for (int r = 0; r < ranks && !status; r++) status = tpc_ready(index[r]);
    if (status) return status;
    pthread_mutex_lock(&lock);
    status = clique_of(ranks, index, &c);
    if (!status) status = run(c, at, n, done);
    pthread_mutex_unlock(&lock);
    for (int r = 0; r < ranks && !status && tpc_synchronous(); r++)
        if (!(status = tpc_ready(index[r]))) status = tpc_wait_stream(index[r], tpc_current(index[r]));
    return status;
}

#else

tp_status tpc_collectives(int ranks, const int *index, const tp__collective *at, int64_t n, bool *done)
{
    (void)ranks, (void)index, (void)at;
    return memset(done, 0, (size_t)n), TP_OK;
}

#endif
