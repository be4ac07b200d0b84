/* dnn.cpp: cuDNN on the simulated device: the functions that cuda/dnn_graph.h names. Parts keep their attributes as bytes; the ops of a plan are
 * run one after the other, in the plainest way that is right (dnn_ops.cpp), and what is virtual lies in the workspace.
 *
 * Of engines there are three: one that uses tensor cores, so that float32 loses what it loses on the device; one whose result depends on the
 * order of blocks, which fails; and, only if no better one was taken, a plain one. So the wrong pick shows. Convolutions that are padded
 * unevenly are refused, as by most engines of cuDNN. */
#include "cuda/host/dnn.h"

#ifdef TPC_HOST_CUDNN
#include <atomic>
#include <new>

using namespace dnnhost;

namespace {

enum { FAST, UNORDERED, PLAIN, MORE_WORKSPACE = 4096 };
std::atomic<int64_t> handles, parts, plans, runs, engine_run;

size_t size_of(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_BOOLEAN: case CUDNN_TYPE_CHAR: return 1;
    case CUDNN_TYPE_HANDLE: case CUDNN_TYPE_INT64: case CUDNN_TYPE_DOUBLE: case CUDNN_TYPE_VOID_PTR: case CUDNN_TYPE_BACKEND_DESCRIPTOR: return 8;
    case CUDNN_TYPE_FRACTION: return sizeof(cudnnFraction_t);
    default: return 4;
    }
}

struct handle { cudaStream_t stream; };

/* ---- Plans --------------------------------------------------------------------------------------------------------------------------------- */

bool is_op(const part *x)
{
    switch (x->type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR: case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: return true;
    default: return false;
    }
}

/* A tensor needs all that cuDNN asks for. */
bool is_tensor(const part *x)
{
    const int64_t n = x->count(CUDNN_ATTR_TENSOR_DIMENSIONS);
    if (n < 1 || n > DIMS || x->count(CUDNN_ATTR_TENSOR_STRIDES) != n || !x->has(CUDNN_ATTR_TENSOR_UNIQUE_ID) ||
        !x->has(CUDNN_ATTR_TENSOR_DATA_TYPE))
        return false;
    for (int d = 0; d < n; d++)
        if (x->list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)[d] < 1) return false;
    return x->one<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT) > 0;
}

size_t bytes_of(const view &v)
{
    int64_t last = 0;
    for (int d = 0; d < v.n; d++) last += (v.size[d] - 1) * v.stride[d];
    return ((size_t)(last + 1) * (size_t)item(v.type) + 255) / 256 * 256;
}

/* Visits the tensors that the ops mention, those of several ops several times. */
template <class F> void each_tensor(const part *graph, F f)
{
    for (const part *op : graph->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS))
        for (const auto &attribute : op->attributes) {
            if (attribute.second.type != CUDNN_TYPE_BACKEND_DESCRIPTOR) continue;
            const part *x = op->at((cudnnBackendAttributeName_t)attribute.first);
            if (x->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR) f(x);
        }
}

/* Gives each virtual tensor a place in the workspace. */
int64_t lay_out(part *plan, const part *graph)
{
    int64_t at = MORE_WORKSPACE;
    each_tensor(graph, [&](const part *x) {
        const int64_t uid = x->one<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
        if (!x->one<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL) || plan->inside.count(uid)) return;
        plan->inside[uid] = at;
        at += (int64_t)bytes_of(view_of(x));
    });
    return at;
}

bool is_16_bit(const part *graph)
{
    bool found = false;
    each_tensor(graph, [&](const part *x) { found = found || item(x->one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE)) == 2; });
    return found;
}

bool is_known(const part *graph)
{
    for (const part *op : graph->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS))
        if (!knows(op)) return false;
    return true;
}

cudnnStatus_t finish_plan(part *p)
{
    if (!p->has(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)) return CUDNN_STATUS_BAD_PARAM;
    const part *advice = p->at(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    if (!advice->graph) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    p->graph = advice->graph;
    p->engine = advice->engine;
    p->workspace = lay_out(p, p->graph);
    plans++;
    return CUDNN_STATUS_SUCCESS;
}

/* The first two for mode A, the plain one for what falls back. */
cudnnStatus_t advise(const part *adviser, int64_t wanted, int64_t *n, part **to)
{
    const part *graph = adviser->at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    const bool falls_back = adviser->one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_FALLBACK;
    const int first = falls_back ? PLAIN : FAST, last = falls_back ? PLAIN : UNORDERED;
    *n = 0;
    if (!is_known(graph)) return CUDNN_STATUS_NOT_SUPPORTED;
    for (int engine = last; engine >= first && *n < wanted; engine--) {
        to[*n]->graph = graph;
        to[*n]->engine = engine;
        ++*n;
    }
    return CUDNN_STATUS_SUCCESS;
}

__global__ void clear(unsigned char *room)
{
    for (int i = (int)threadIdx.x; i < MORE_WORKSPACE; i += (int)blockDim.x) room[i] = 0xff;
}

} /* namespace */

namespace dnnhost {

view run::of(const part *x) const
{
    view v = view_of(x);
    const int64_t uid = x->one<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
    const auto inside = plan->inside.find(uid);
    if (inside != plan->inside.end()) v.data = room + inside->second;
    for (int64_t i = 0; i < n && !v.data; i++)
        if (uids[i] == uid) v.data = data[i];
    if (x->one<bool>(CUDNN_ATTR_TENSOR_IS_BY_VALUE)) {
        v.by_value = true;
        v.number = v.data ? read_number(v) : 0;
    }
    if (!v.data || (uintptr_t)v.data % (uintptr_t)(v.by_value ? 1 : x->one<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT))) bad = true;
    return v;
}

void count_run(bool fast)
{
    runs++;
    engine_run = fast ? FAST : PLAIN;
}

view view_of(const part *x)
{
    view v = view();
    v.type = x->one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
    v.n = (int)x->count(CUDNN_ATTR_TENSOR_DIMENSIONS);
    for (int d = 0; d < v.n; d++) {
        v.size[d] = x->list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)[d];
        v.stride[d] = x->list<int64_t>(CUDNN_ATTR_TENSOR_STRIDES)[d];
    }
    return v;
}

} /* namespace dnnhost */

/* ---- What cuda/dnn_graph.c calls ---------------------------------------------------------------------------------------------------------------- */

extern "C" {

void taper_cuda_host_count_graphs(taper_cuda_host_graphs *out)
{
    *out = { handles, parts, plans, runs, engine_run };
}

size_t cudnnGetVersion(void) { return CUDNN_VERSION; }
const char *cudnnGetErrorString(cudnnStatus_t) { return "the simulated cuDNN refuses"; }
cudnnStatus_t cudnnCreate(cudnnHandle_t *to)
{
    *to = reinterpret_cast<cudnnHandle_t>(new (std::nothrow) handle());
    handles += *to != nullptr;
    return *to ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t of)
{
    delete reinterpret_cast<handle *>(of);
    handles--;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t of, cudaStream_t stream)
{
    reinterpret_cast<handle *>(of)->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *to)
{
    part *made = new (std::nothrow) part();
    if (!made) return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    made->type = type;
    parts++;
    *to = made;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t of)
{
    delete static_cast<part *>(of);
    parts--;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t of, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t n, const void *value)
{
    part *p = static_cast<part *>(of);
    if (!p || p->finished || n < 0 || !value) return CUDNN_STATUS_BAD_PARAM;
    if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        for (int64_t i = 0; i < n; i++) {
            const part *x = static_cast<const part *const *>(value)[i];
            if (!x || !(x->finished || x->graph)) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
        }
    attribute &a = p->attributes[name];
    a.type = type;
    a.n = n;
    a.bytes.assign(static_cast<const unsigned char *>(value), static_cast<const unsigned char *>(value) + (size_t)n * size_of(type));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t of)
{
    part *p = static_cast<part *>(of);
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    if (!p || p->finished) return CUDNN_STATUS_BAD_PARAM;
    if (p->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR && !is_tensor(p)) status = CUDNN_STATUS_BAD_PARAM;
    if (p->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) status = finish_plan(p);
    if (p->type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
        for (const part *op : p->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS))
            if (!is_op(op)) status = CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE;
    p->finished = !status;
    return status;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const of, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, int64_t wanted, int64_t *n, void *to)
{
    part *p = static_cast<part *>(of);
    *n = 1;
    switch ((int)name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS: return advise(p, wanted, n, static_cast<part **>(to));
    case CUDNN_ATTR_ENGINECFG_ENGINE:
        (*static_cast<part **>(to))->engine = p->engine;
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
        *n = p->engine != PLAIN;
        if (*n) *static_cast<cudnnBackendNumericalNote_t *>(to) = p->engine == FAST ? CUDNN_NUMERICAL_NOTE_TENSOR_CORE : CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE: *static_cast<int64_t *>(to) = p->workspace; return CUDNN_STATUS_SUCCESS;
    default: return CUDNN_STATUS_NOT_SUPPORTED;
    }
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t of, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t with)
{
    const part *p = static_cast<const part *>(plan), *pack = static_cast<const part *>(with);
    if (!of || !p->finished || !pack->finished) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    if (p->engine == UNORDERED) return CUDNN_STATUS_EXECUTION_FAILED;
    run r;
    r.stream = reinterpret_cast<handle *>(of)->stream;
    r.plan = p;
    r.n = pack->count(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    r.uids = pack->list<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    r.data = pack->list<void *>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    r.room = pack->one<unsigned char *>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    r.tf32 = p->engine == FAST && !is_16_bit(p->graph);
    if (!r.room || pack->count(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS) != r.n) return CUDNN_STATUS_BAD_PARAM;
    runs++;
    engine_run = p->engine;
    TPC_LAUNCH(clear, 1, 32, 0, r.stream, r.room);
    for (const part *op : p->graph->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS)) {
        launch(r, op);
        if (r.bad) return CUDNN_STATUS_BAD_PARAM;
    }
    return CUDNN_STATUS_SUCCESS;
}

} /* extern "C" */

#endif
