/* dnn_graph.c: cuDNN's functions, looked up at run time; graphs from their parts; and which of the plans that cuDNN advises is taken. */
#include "cuda/dnn_graph.h"

#ifdef TPC_HAS_CUDNN
#include <math.h>
#include <pthread.h>

#include "cuda/library.h"
#include "cuda/runtime.h"

enum { OLDEST = 90000, FIRST_VIRTUAL = 1000, ADVISED = 64, TRIED = 8, NOTES = 16 };

/* ---- The library ------------------------------------------------------------------------------------------------------------------------ */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static tpc_dnn_functions functions;
static bool there;
static int64_t most_workspace = (int64_t)1 << 30;

static bool find_functions(void)
{
    void *const library = tpc_library("libcudnn.so." TPC_TEXT(CUDNN_MAJOR));
    if (!library) return false;
#define TAKE(name) if (!TPC_TAKE(library, functions.name, cudnn##name)) return false;
    TPC_DNN_EACH_FUNCTION(TAKE)
#undef TAKE
    return true;
}

static void load(void)
{
    const char *text = getenv("TAPER_CUDA_CUDNN_WORKSPACE");
    const long long bytes = text ? atoll(text) : 0;
    if (bytes > 0) most_workspace = bytes;
    there = !tpc_left_out("TAPER_CUDA_CUDNN") && find_functions() && functions.GetVersion() >= OLDEST;
}

const tpc_dnn_functions *tpc_dnn(void)
{
    pthread_once(&once, load);
    return there ? &functions : NULL;
}
int64_t tpc_dnn_most_workspace(void) { return most_workspace; }
size_t tpc_dnn_version(void) { return tpc_dnn() ? functions.GetVersion() : 0; }

cudnnDataType_t tpc_dnn_type(int dtype)
{
    switch (dtype) {
    case TP_F16: return CUDNN_DATA_HALF;
    case TP_BF16: return CUDNN_DATA_BFLOAT16;
    default: return CUDNN_DATA_FLOAT;
    }
}

/* ---- Parts -------------------------------------------------------------------------------------------------------------------------------- */

static bool goes_on(tpc_dnn_graph *g, cudnnStatus_t status)
{
    if (!g->status) g->status = status;
    return !g->status;
}

cudnnBackendDescriptor_t tpc_dnn_part(tpc_dnn_graph *g, cudnnBackendDescriptorType_t type)
{
    cudnnBackendDescriptor_t part = NULL;
    if (g->n_parts == TPC_DNN_PARTS) goes_on(g, CUDNN_STATUS_NOT_SUPPORTED);
    if (g->status || !goes_on(g, functions.BackendCreateDescriptor(type, &part))) return NULL;
    return g->part[g->n_parts++] = part;
}

void tpc_dnn_set(tpc_dnn_graph *g, cudnnBackendDescriptor_t part, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                 int64_t n, const void *value)
{
    if (!g->status) goes_on(g, functions.BackendSetAttribute(part, name, type, n, value));
}
void tpc_dnn_refer(tpc_dnn_graph *g, cudnnBackendDescriptor_t part, cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t to)
{
    tpc_dnn_set(g, part, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &to);
}
void tpc_dnn_finish(tpc_dnn_graph *g, cudnnBackendDescriptor_t part)
{
    if (!g->status) goes_on(g, functions.BackendFinalize(part));
}
void tpc_dnn_finish_op(tpc_dnn_graph *g, cudnnBackendDescriptor_t part)
{
    tpc_dnn_finish(g, part);
    if (g->n_ops == TPC_DNN_OPS) goes_on(g, CUDNN_STATUS_NOT_SUPPORTED);
    if (!g->status) g->op[g->n_ops++] = part;
}

static void free_parts(cudnnBackendDescriptor_t *part, int n)
{
    while (n--) functions.BackendDestroyDescriptor(part[n]);
}
void tpc_dnn_graph_end(tpc_dnn_graph *g)
{
    free_parts(g->part, g->n_parts);
    g->n_parts = g->n_ops = 0;
}

/* ---- Tensors ------------------------------------------------------------------------------------------------------------------------------ */

tpc_dnn_shape tpc_dnn_plain(int dtype, int ndim, const int64_t *size)
{
    tpc_dnn_shape s = { .dtype = dtype, .ndim = ndim };
    int64_t step = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        s.size[d] = size[d];
        s.stride[d] = step;
        step *= size[d];
    }
    return s;
}

tpc_dnn_shape tpc_dnn_channels_last(int dtype, int ndim, const int64_t *size)
{
    tpc_dnn_shape s = tpc_dnn_plain(dtype, ndim, size);
    int64_t step = size[1];
    s.stride[1] = 1;
    for (int d = ndim - 1; d >= 2; d--) {
        s.stride[d] = step;
        step *= size[d];
    }
    return s;
}

static cudnnBackendDescriptor_t tensor(tpc_dnn_graph *g, int64_t uid, const tpc_dnn_shape *s, bool inside, bool by_value)
{
    const cudnnBackendDescriptor_t x = tpc_dnn_part(g, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    const cudnnDataType_t dtype = (cudnnDataType_t)s->dtype;
    const int64_t aligned = s->aligned ? s->aligned : 16;
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &dtype);
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, s->ndim, s->size);
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, s->ndim, s->stride);
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid);
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &aligned);
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &inside);
    tpc_dnn_set(g, x, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &by_value);
    tpc_dnn_finish(g, x);
    return x;
}
cudnnBackendDescriptor_t tpc_dnn_tensor(tpc_dnn_graph *g, int64_t uid, const tpc_dnn_shape *shape) { return tensor(g, uid, shape, false, false); }
cudnnBackendDescriptor_t tpc_dnn_virtual(tpc_dnn_graph *g, const tpc_dnn_shape *shape) { return tensor(g, FIRST_VIRTUAL + g->next++, shape, true, false); }
cudnnBackendDescriptor_t tpc_dnn_number(tpc_dnn_graph *g, int64_t uid, int dtype, int ndim)
{
    static const int64_t ones[TPC_DNN_DIMS] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const tpc_dnn_shape s = tpc_dnn_plain(dtype, ndim, ones);
    return tensor(g, uid, &s, false, true);
}

/* ---- Ops ------------------------------------------------------------------------------------------------------------------------------------ */

static cudnnBackendDescriptor_t pointwise(tpc_dnn_graph *g, cudnnPointwiseMode_t mode, int compute, int64_t axis, cudnnBackendDescriptor_t x,
                                          cudnnBackendDescriptor_t b, cudnnBackendDescriptor_t t, cudnnBackendDescriptor_t y)
{
    const cudnnDataType_t dtype = (cudnnDataType_t)compute;
    const cudnnBackendDescriptor_t how = tpc_dnn_part(g, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    tpc_dnn_set(g, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    tpc_dnn_set(g, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &dtype);
    if (axis >= 0) tpc_dnn_set(g, how, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &axis);
    tpc_dnn_finish(g, how);
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b) tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
    if (t) tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    tpc_dnn_finish_op(g, op);
    return y;
}
cudnnBackendDescriptor_t tpc_dnn_pointwise(tpc_dnn_graph *g, cudnnPointwiseMode_t mode, int compute, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t b,
                                           cudnnBackendDescriptor_t t, cudnnBackendDescriptor_t y)
{
    return pointwise(g, mode, compute, -1, x, b, t, y);
}
cudnnBackendDescriptor_t tpc_dnn_index(tpc_dnn_graph *g, int64_t axis, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y)
{
    return pointwise(g, CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_FLOAT, axis, x, NULL, NULL, y);
}

cudnnBackendDescriptor_t tpc_dnn_matmul(tpc_dnn_graph *g, int compute, cudnnBackendDescriptor_t a, cudnnBackendDescriptor_t b, cudnnBackendDescriptor_t y)
{
    const cudnnDataType_t dtype = (cudnnDataType_t)compute;
    const cudnnBackendDescriptor_t how = tpc_dnn_part(g, CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    tpc_dnn_set(g, how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &dtype);
    tpc_dnn_finish(g, how);
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_MATMUL_DESC, how);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_MATMUL_ADESC, a);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_MATMUL_BDESC, b);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_MATMUL_CDESC, y);
    tpc_dnn_finish_op(g, op);
    return y;
}

cudnnBackendDescriptor_t tpc_dnn_reduce(tpc_dnn_graph *g, cudnnReduceTensorOp_t mode, int compute, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y)
{
    const cudnnDataType_t dtype = (cudnnDataType_t)compute;
    const cudnnBackendDescriptor_t how = tpc_dnn_part(g, CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    tpc_dnn_set(g, how, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &mode);
    tpc_dnn_set(g, how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &dtype);
    tpc_dnn_finish(g, how);
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_REDUCTION_DESC, how);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y);
    tpc_dnn_finish_op(g, op);
    return y;
}

cudnnBackendDescriptor_t tpc_dnn_reshape(tpc_dnn_graph *g, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y)
{
    const cudnnBackendDescriptor_t op = tpc_dnn_part(g, CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x);
    tpc_dnn_refer(g, op, CUDNN_ATTR_OPERATION_RESHAPE_YDESC, y);
    tpc_dnn_finish_op(g, op);
    return y;
}

/* ---- Planning --------------------------------------------------------------------------------------------------------------------------------- */

uint32_t tpc_dnn_forbidden_strictly(void)
{
    return 1u << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC | 1u << CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION | 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE |
           1u << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS | 1u << CUDNN_NUMERICAL_NOTE_FFT | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6 |
           1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13;
}
uint32_t tpc_dnn_forbidden(int dtype)
{
    const uint32_t always = 1u << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC | 1u << CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
    return dtype == CUDNN_DATA_FLOAT && !tpc_may_use_tf32() ? tpc_dnn_forbidden_strictly() : always;
}

/* A bit for each note of the engine of one advice; all bits where it does not tell. */
static uint32_t notes_of(cudnnBackendDescriptor_t advice)
{
    cudnnBackendDescriptor_t engine = NULL;
    cudnnBackendNumericalNote_t note[NOTES];
    int64_t n = 0, one = 0;
    uint32_t bits = UINT32_MAX;
    if (functions.BackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine)) return bits;
    if (!functions.BackendGetAttribute(advice, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &one, &engine) &&
        !functions.BackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, NOTES, &n, note)) {
        bits = 0;
        for (int i = 0; i < n && i < NOTES; i++) bits |= 1u << note[i];
    }
    functions.BackendDestroyDescriptor(engine);
    return bits;
}

static bool plan_of(const tpc_dnn_target *on, cudnnBackendDescriptor_t advice, int64_t room, tpc_dnn_plan *plan)
{
    cudnnBackendDescriptor_t p = NULL;
    int64_t n = 0;
    if (functions.BackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &p)) return false;
    if (on->handle) functions.BackendSetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &on->handle);
    if (!(on->properties
          && functions.BackendSetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &on->properties))
        && !functions.BackendSetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &advice)
        && !functions.BackendFinalize(p)
        && !functions.BackendGetAttribute(p, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &n, &plan->workspace)) {
        if (plan->workspace <= room) {
            plan->plan = p;
            return true;
        }
        if (!plan->wanted || plan->workspace < plan->wanted) plan->wanted = plan->workspace;
    }
    functions.BackendDestroyDescriptor(p);
    return false;
}

/* Takes the first of some advice that can be carried out; it joins the graph's parts, which the plan will keep. An engine may compile its
 * code before it says that it cannot, so few are tried. */
static bool take(tpc_dnn_graph *g, const tpc_dnn_target *on, cudnnBackendDescriptor_t *advice, int64_t n, uint32_t forbidden, int64_t room, bool finalize,
                 tpc_dnn_plan *plan)
{
    int tried = 0;
    for (int64_t i = 0; i < n && tried < TRIED && g->n_parts < TPC_DNN_PARTS; i++) {
        if (notes_of(advice[i]) & forbidden) continue;
        tried++;
        if (finalize && !plan_of(on, advice[i], room, plan)) continue;
        g->part[g->n_parts++] = advice[i];
        advice[i] = NULL;
        return true;
    }
    return false;
}

static bool ask(tpc_dnn_graph *g, const tpc_dnn_target *on, cudnnBackendDescriptor_t graph, cudnnBackendHeurMode_t mode, uint32_t forbidden, int64_t room,
                bool finalize, tpc_dnn_plan *plan)
{
    cudnnBackendDescriptor_t advice[ADVISED];
    int64_t made = 0, n = 0;
    const cudnnBackendDescriptor_t adviser = tpc_dnn_part(g, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    tpc_dnn_refer(g, adviser, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    tpc_dnn_set(g, adviser, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    if (on->properties) tpc_dnn_refer(g, adviser, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, on->properties);
    tpc_dnn_finish(g, adviser);
    if (g->status) return false;
    while (made < ADVISED && !functions.BackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &advice[made])) made++;
    if (functions.BackendGetAttribute(adviser, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, made, &n, advice)) n = 0;
    const bool taken = take(g, on, advice, n < made ? n : made, forbidden, room, finalize, plan);
    for (int64_t i = 0; i < made; i++)
        if (advice[i]) functions.BackendDestroyDescriptor(advice[i]);
    return taken;
}

bool tpc_dnn_pick(tpc_dnn_graph *g, const tpc_dnn_target *on, uint32_t forbidden, int64_t room, bool finalize, tpc_dnn_plan *plan)
{
    static const cudnnBackendHeurMode_t modes[] = { CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK };
    *plan = (tpc_dnn_plan){ .plan = NULL };
    const cudnnBackendDescriptor_t graph = tpc_dnn_part(g, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    /* old ones need it, and a new one may not want it */
    if (on->handle && graph) functions.BackendSetAttribute(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &on->handle);
    tpc_dnn_set(g, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, g->n_ops, g->op);
    tpc_dnn_finish(g, graph);
    for (int i = 0; i < 2 && !plan->works && !g->status; i++) {
        plan->works = ask(g, on, graph, modes[i], forbidden, room, finalize, plan);
        if (!plan->works && g->status) g->status = CUDNN_STATUS_SUCCESS;         /* no advice of this kind: the other may have some */
    }
    plan->parts = plan->works ? malloc(sizeof *plan->parts * (size_t)g->n_parts) : NULL;
    if (plan->parts) {
        memcpy(plan->parts, g->part, sizeof *plan->parts * (size_t)g->n_parts);
        plan->n_parts = g->n_parts;
        g->n_parts = g->n_ops = 0;
        return true;
    }
    const int64_t wanted = plan->works ? 0 : plan->wanted;
    tpc_dnn_plan_end(plan);
    plan->wanted = wanted;
    tpc_dnn_graph_end(g);
    return false;
}

void tpc_dnn_plan_end(tpc_dnn_plan *plan)
{
    if (plan->plan) functions.BackendDestroyDescriptor(plan->plan);
    if (plan->parts) free_parts(plan->parts, plan->n_parts);
    free(plan->parts);
    *plan = (tpc_dnn_plan){ .plan = NULL };
}

tpc_dnn_plan *tpc_dnn_plan_for(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden)
{
    tpc_dnn_plan *plan = tpc_dnn_planned(call, build, key, size, forbidden);
    return plan && plan->works ? plan : NULL;
}

/* A workspace grows with the batch, so that what the whole would take tells how many parts are enough; more of them if it does not quite. */
int64_t tpc_dnn_at_once(const tp__call *call, tpc_dnn_builder *build, const void *key, size_t size, uint32_t forbidden, int64_t *count, int64_t multiple)
{
    const int64_t all = *count;
    for (int64_t parts = 1; ; ) {
        const tpc_dnn_plan *plan = tpc_dnn_planned(call, build, key, size, forbidden);
        if (plan && plan->works) return *count;
        if (!plan || !plan->wanted || *count <= multiple) return 0;
        const int64_t enough = (int64_t)ceil((double)parts * (double)plan->wanted / (double)most_workspace), before = *count;
        parts = enough > parts ? enough : parts + 1;
        do *count = ((all + parts - 1) / parts + multiple - 1) / multiple * multiple;
        while (*count >= before && parts++ < all);
    }
}

#endif
