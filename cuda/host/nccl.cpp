/* nccl.cpp: NCCL on the simulated devices: the functions that cuda/collective.c uses. What ranks are to do together must be the same for all of
 * them, in one order, and within a group, or it is an error where the real one would wait forever. It is done when all their streams have come
 * to it, by whichever of them is first; numbers are combined in the order of ranks, rounded at each step. */
#if __has_include(<nccl.h>)
#include <nccl.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>

#include "cuda/host/counters.h"
#include "cuda/host/queue.h"

using namespace cudahost;

struct ncclComm { int rank, ranks, device; int64_t clique; ncclResult_t error; void *room; };

namespace {

enum kind { ALL_REDUCE, REDUCE, BROADCAST, ALL_GATHER, REDUCE_SCATTER };
struct call { kind what; const void *in; void *out; size_t count; ncclDataType_t type; ncclRedOp_t op; int root; ncclComm *comm; stream *on; };

std::vector<ncclComm *> &alive = *new std::vector<ncclComm *>;       /* they stay, to the very end */
int64_t last_clique;
taper_cuda_host_together noted;
struct { ncclResult_t error; bool later; } next_fault;

thread_local int depth;
thread_local std::vector<call> calls;
thread_local ncclResult_t first_error;
thread_local char text[256];

__attribute__((format(printf, 2, 3))) ncclResult_t refuse(ncclResult_t error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (depth && !first_error) first_error = error;   /* the whole group fails with it */
    return error;
}

/* ---- Elements ----------------------------------------------------------------------------------------------------------------------------- */

size_t bytes_of(ncclDataType_t type)
{
    switch (type) {
    case ncclInt8: case ncclUint8: return 1;
    case ncclFloat16: case ncclBfloat16: return 2;
    case ncclInt32: case ncclUint32: case ncclFloat32: return 4;
    case ncclInt64: case ncclUint64: case ncclFloat64: return 8;
    default: return 0;
    }
}

struct as_is { template <class T> static T up(T v) { return v; } template <class T> static T down(T v) { return v; } };
struct as_half { static float up(__half v) { return __half2float(v); } static __half down(float v) { return __float2half_rn(v); } };
struct as_bfloat { static float up(__nv_bfloat16 v) { return __bfloat162float(v); } static __nv_bfloat16 down(float v) { return __float2bfloat16_rn(v); } };

template <class V> V join(ncclRedOp_t op, V a, V b)
{
    switch (op) {
    case ncclProd: return (V)(a * b);
    case ncclMax: return a < b ? b : a;
    case ncclMin: return b < a ? b : a;
    default: return (V)(a + b);
    }
}

/* Sums of integers wrap around. U: the unsigned type that does so, or V itself. */
template <class T, class V, class U, class As> void combine(ncclRedOp_t op, void *y_, const void *x_, size_t n)
{
    T *y = (T *)y_;
    const T *x = (const T *)x_;
    for (size_t i = 0; i < n; i++) {
        const V a = As::up(y[i]), b = As::up(x[i]);
        const bool wraps = op == ncclSum || op == ncclAvg || op == ncclProd;
        y[i] = As::down(wraps ? (V)join<U>(op, (U)a, (U)b) : join<V>(op, a, b));
    }
}
template <class T, class V, class As> void divide(void *y_, size_t n, int by)
{
    T *y = (T *)y_;
    for (size_t i = 0; i < n; i++) y[i] = As::down((V)(As::up(y[i]) / (V)by));
}

#define EACH_TYPE(X) \
    X(ncclInt8, int8_t, int8_t, uint32_t, as_is) X(ncclUint8, uint8_t, uint8_t, uint32_t, as_is) X(ncclInt32, int32_t, int32_t, uint32_t, as_is) \
    X(ncclUint32, uint32_t, uint32_t, uint32_t, as_is) X(ncclInt64, int64_t, int64_t, uint64_t, as_is) X(ncclUint64, uint64_t, uint64_t, uint64_t, as_is) \
    X(ncclFloat16, __half, float, float, as_half) X(ncclFloat32, float, float, float, as_is) X(ncclFloat64, double, double, double, as_is) \
    X(ncclBfloat16, __nv_bfloat16, float, float, as_bfloat)

void combine_all(const call &c, std::vector<char> &y, const std::vector<std::vector<char>> &x, size_t from, size_t n)
{
    for (size_t r = 1; r < x.size(); r++)
        switch (c.type) {
#define ROW(name, T, V, U, As) case name: combine<T, V, U, As>(c.op, y.data(), x[r].data() + from * sizeof(T), n); break;
        EACH_TYPE(ROW)
#undef ROW
        default: break;
        }
    if (c.op != ncclAvg) return;
    switch (c.type) {
#define ROW(name, T, V, U, As) case name: divide<T, V, As>(y.data(), n, (int)x.size()); break;
    EACH_TYPE(ROW)
#undef ROW
    default: break;
    }
}

/* ---- One operation of all ranks ---------------------------------------------------------------------------------------------------------------- */

bool is_read(const call &c) { return c.what != BROADCAST || c.root == c.comm->rank; }
bool is_written(const call &c) { return c.what != REDUCE || c.root == c.comm->rank; }
size_t size_in(const call &c) { return c.count * bytes_of(c.type) * (c.what == REDUCE_SCATTER ? (size_t)c.comm->ranks : 1); }
size_t size_out(const call &c) { return c.count * bytes_of(c.type) * (c.what == ALL_GATHER ? (size_t)c.comm->ranks : 1); }

struct operation { std::vector<call> of; std::vector<int> device; ncclResult_t error; bool done; };      /* error: that it meets, for a test */

void carry_out(operation *o)
{
    if (o->done) return;
    o->done = true;
    for (const call &mine : o->of)
        if (o->error) mine.comm->error = o->error;
    const call &c = o->of[0];
    std::vector<std::vector<char>> x(o->of.size());
    for (size_t r = 0; r < x.size(); r++) {
        if (!(c.what != BROADCAST || c.root == (int)r)) continue;
        open_device(o->device[r]);
        x[r].assign((const char *)o->of[r].in, (const char *)o->of[r].in + c.count * bytes_of(c.type) * (c.what == REDUCE_SCATTER ? x.size() : 1));
    }
    std::vector<char> y;
    if (c.what == BROADCAST) y = x[c.root];
    if (c.what == ALL_GATHER)
        for (const auto &one : x) y.insert(y.end(), one.begin(), one.end());
    if (c.what == ALL_REDUCE || c.what == REDUCE) combine_all(c, y = x[0], x, 0, c.count);
    for (size_t r = 0; r < x.size(); r++) {
        if (c.what == REDUCE && c.root != (int)r) continue;
        if (c.what == REDUCE_SCATTER) {
            const size_t bytes = c.count * bytes_of(c.type);
            y.assign(x[0].begin() + (ptrdiff_t)(r * bytes), x[0].begin() + (ptrdiff_t)((r + 1) * bytes));
            combine_all(c, y, x, r * c.count, c.count);
        }
        open_device(o->device[r]);
        memcpy(o->of[r].out, y.data(), y.size());
    }
}

/* In place is where each kind has it, and nothing else overlaps. */
bool overlaps_badly(const call &c)
{
    const char *in = (const char *)c.in, *out = (const char *)c.out;
    if (!is_read(c) || !is_written(c) || out >= in + size_in(c) || in >= out + size_out(c)) return false;
    return c.what == ALL_GATHER ? in != out + (size_t)c.comm->rank * size_in(c)
        : c.what == REDUCE_SCATTER ? out != in + (size_t)c.comm->rank * size_out(c) : in != out;
}

ncclResult_t check(const call &c)
{
    if (!bytes_of(c.type) || c.op < 0 || c.op >= ncclNumOps) return refuse(ncclInvalidArgument, "type %d or operation %d", (int)c.type, (int)c.op);
    if (c.root < 0 || c.root >= c.comm->ranks) return refuse(ncclInvalidArgument, "root %d of %d ranks", c.root, c.comm->ranks);
    if (c.on->device != c.comm->device)
        return refuse(ncclInvalidArgument, "rank %d is on device %d, its stream on %d", c.comm->rank, c.comm->device,
                      c.on->device);
    if (c.on->capture) return refuse(ncclInvalidUsage, "the simulated device does not record this");
    if (c.count && is_read(c) && memory_of(c.in, size_in(c), "NCCL's input").device != c.comm->device)
        return refuse(ncclInvalidArgument, "an input of another device");
    if (c.count && is_written(c) && memory_of(c.out, size_out(c), "NCCL's output").device != c.comm->device)
        return refuse(ncclInvalidArgument, "an output of another device");
    if (overlaps_badly(c)) return refuse(ncclInvalidUsage, "input and output of rank %d overlap", c.comm->rank);
    return ncclSuccess;
}

ncclResult_t take(call c, ncclComm *comm, cudaStream_t handle)
{
    guard g(lock);
    if (std::find(alive.begin(), alive.end(), comm) == alive.end()) return refuse(ncclInvalidArgument, "%p is no communicator", (void *)comm);
    c.comm = comm;
    c.on = stream_of(handle);
    const ncclResult_t error = check(c);
    if (error) return error;
    if (comm->ranks > 1 && !depth) return refuse(ncclInvalidUsage, "rank %d of %d would wait for the others: there is no group", comm->rank, comm->ranks);
    calls.push_back(c);
    return depth ? ncclSuccess : (depth++, ncclGroupEnd());
}

/* ---- Groups ------------------------------------------------------------------------------------------------------------------------------------- */

bool are_same(const call &a, const call &b) { return a.what == b.what && a.count == b.count && a.type == b.type && a.op == b.op && a.root == b.root; }

/* The calls of one clique: by rank, in their order. */
ncclResult_t match(const std::vector<call> &all, std::vector<operation> *out)
{
    std::vector<std::vector<call>> by_rank((size_t)all[0].comm->ranks);
    for (const call &c : all) by_rank[(size_t)c.comm->rank].push_back(c);
    for (size_t r = 0; r < by_rank.size(); r++) {
        if (by_rank[r].size() != by_rank[0].size())
            return refuse(ncclInvalidUsage, "rank %zu takes part in %zu operations, rank 0 in %zu", r, by_rank[r].size(), by_rank[0].size());
        for (size_t i = 0; i < by_rank[r].size(); i++)
            if (!are_same(by_rank[r][i], by_rank[0][i])) return refuse(ncclInvalidUsage, "operation %zu is not the same for ranks 0 and %zu", i, r);
    }
    for (size_t i = 0; i < by_rank[0].size(); i++) {
        operation o = { {}, {}, next_fault.later ? next_fault.error : ncclSuccess, false };
        for (const auto &mine : by_rank) {
            o.of.push_back(mine[i]);
            o.device.push_back(mine[i].comm->device);
        }
        out->push_back(o);
    }
    return ncclSuccess;
}

void launch(const operation &given)
{
    const auto o = std::make_shared<operation>(given);
    std::vector<point> here;
    noted.operations++;
    if (!o->of[0].count) return;
    for (const call &c : o->of) here.push_back(point{ c.on, c.on->given });
    for (const call &c : o->of) give_after(c.on, [o] { carry_out(o.get()); }, here);
}

ncclResult_t run_group(const std::vector<call> &all)
{
    std::vector<int64_t> cliques;
    std::vector<operation> operations;
    for (const call &c : all)
        if (std::find(cliques.begin(), cliques.end(), c.comm->clique) == cliques.end()) cliques.push_back(c.comm->clique);
    for (int64_t clique : cliques) {
        std::vector<call> of;
        for (const call &c : all)
            if (c.comm->clique == clique) of.push_back(c);
        const ncclResult_t error = match(of, &operations);
        if (error) return error;
    }
    if (next_fault.error && !next_fault.later) {
        const ncclResult_t error = next_fault.error;
        next_fault.error = ncclSuccess;
        return refuse(error, "as was asked for");
    }
    for (const operation &o : operations) launch(o);
    noted.groups++;
    next_fault.error = ncclSuccess;
    return ncclSuccess;
}

} /* namespace */

extern "C" {

void taper_cuda_host_count_together(taper_cuda_host_together *out)
{
    guard g(lock);
    *out = noted;
    out->alive = (int64_t)alive.size();
}
void taper_cuda_host_fail_together(int error, int later)
{
    guard g(lock);
    next_fault = { (ncclResult_t)error, later != 0 };
}

ncclResult_t ncclGetVersion(int *version)
{
    *version = NCCL_VERSION_CODE;
    return ncclSuccess;
}
const char *ncclGetErrorString(ncclResult_t error)
{
    static const char *const texts[] = { "no error", "unhandled cuda error", "unhandled system error", "internal error", "invalid argument", "invalid usage",
                                         "remote process exited or there was a network error", "NCCL operation in progress" };
    return error >= 0 && error < ncclNumResults ? texts[error] : "unknown result code";
}
const char *ncclGetLastError(ncclComm_t) { return text; }

ncclResult_t ncclCommInitAll(ncclComm_t *comm, int n, const int *devices)
{
    guard g(lock);
    const int before = current_device();
    ncclResult_t error = ncclSuccess;
    if (n < 1 || n > device_count()) return refuse(ncclInvalidArgument, "%d ranks on %d devices", n, device_count());
    for (int r = 0; r < n; r++)
        if (devices[r] < 0 || devices[r] >= device_count() || std::count(devices, devices + n, devices[r]) > 1)
            return refuse(ncclInvalidUsage, "device %d is not there, or stands twice", devices[r]);
    last_clique++;
    int made = 0;
    for (; made < n && !error; made++) {
        void *room = nullptr;
        cudaSetDevice(devices[made]);
        if (cudaMalloc(&room, 4096)) error = refuse(ncclUnhandledCudaError, "no memory for the buffers of rank %d", made);
        comm[made] = new ncclComm{ made, n, devices[made], last_clique, ncclSuccess, room };
        alive.push_back(comm[made]);
    }
    for (int r = 0; r < made && error; r++) ncclCommAbort(comm[r]);
    cudaSetDevice(before);
    return error;
}
ncclResult_t ncclCommAbort(ncclComm_t comm)
{
    guard g(lock);
    const auto at = std::find(alive.begin(), alive.end(), comm);
    if (at == alive.end()) return refuse(ncclInvalidArgument, "%p is no communicator", (void *)comm);
    alive.erase(at);
    cudaFree(comm->room);
    delete comm;
    return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *error)
{
    guard g(lock);
    *error = comm->error;
    return ncclSuccess;
}

ncclResult_t ncclGroupStart()
{
    depth++;
    return ncclSuccess;
}
ncclResult_t ncclGroupEnd()
{
    guard g(lock);
    if (!depth) return refuse(ncclInvalidUsage, "no group was begun");
    if (--depth) return ncclSuccess;
    const std::vector<call> all = std::move(calls);
    calls.clear();
    const ncclResult_t before = first_error;
    first_error = ncclSuccess;
    if (before) return before;
    const ncclResult_t error = all.empty() ? ncclSuccess : run_group(all);
    first_error = ncclSuccess;
    return error;
}

ncclResult_t ncclAllReduce(const void *in, void *out, size_t n, ncclDataType_t type, ncclRedOp_t op, ncclComm_t comm, cudaStream_t s)
{ return take(call{ ALL_REDUCE, in, out, n, type, op, 0, nullptr, nullptr }, comm, s); }
ncclResult_t ncclReduce(const void *in, void *out, size_t n, ncclDataType_t type, ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t s)
{ return take(call{ REDUCE, in, out, n, type, op, root, nullptr, nullptr }, comm, s); }
ncclResult_t ncclBroadcast(const void *in, void *out, size_t n, ncclDataType_t type, int root, ncclComm_t comm, cudaStream_t s)
{ return take(call{ BROADCAST, in, out, n, type, ncclSum, root, nullptr, nullptr }, comm, s); }
ncclResult_t ncclAllGather(const void *in, void *out, size_t n, ncclDataType_t type, ncclComm_t comm, cudaStream_t s)
{ return take(call{ ALL_GATHER, in, out, n, type, ncclSum, 0, nullptr, nullptr }, comm, s); }
ncclResult_t ncclReduceScatter(const void *in, void *out, size_t n, ncclDataType_t type, ncclRedOp_t op, ncclComm_t comm, cudaStream_t s)
{ return take(call{ REDUCE_SCATTER, in, out, n, type, op, 0, nullptr, nullptr }, comm, s); }

} /* extern "C" */

#endif
