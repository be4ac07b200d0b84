/* lt.c: what cuBLASLt is asked: a handle for each device, and which algorithm it advised for what was asked before.
 * It counts columns where we count rows, so that c = a b is to it c' = b' a'. */
#include "cuda/lt.h"

#ifndef TPC_WITH_CUBLASLT
bool tpc_lt_is_here(const tp__call *call) { return (void)call, false; }
tp_status tpc_lt_product(const tp__call *call, const tpc_product *p, bool *done) { return (void)call, (void)p, *done = false, TP_OK; }
#else
#include <cublasLt.h>

#include "cuda/library.h"
#include "cuda/runtime.h"

enum { SLOTS = 1024, WORKSPACE = 32 << 20, ALIGNED = 256 };
enum { A_TURNED = 1, B_TURNED = 2, ADDS = 4, BIASED = 8, TF32 = 16, SUMS_A = 32, SUMS_B = 64 };

/* ---- A handle for each device ------------------------------------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;             /* of the handles and the advice */
static cublasLtHandle_t handles[TPC_MAX_DEVICES];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool wanted;

static void look(void) { wanted = !tpc_left_out("TAPER_CUDA_CUBLASLT"); }

/* Of a device that is current and ready; NULL: there is none */
static cublasLtHandle_t handle_of(int index)
{
    pthread_once(&once, look);
    if (!wanted) return NULL;
    pthread_mutex_lock(&lock);
    if (!handles[index] && cublasLtCreate(&handles[index])) handles[index] = NULL;
    cublasLtHandle_t handle = handles[index];
    pthread_mutex_unlock(&lock);
    return handle;
}

/* ---- What is asked ------------------------------------------------------------------------------------------------------------------------ */

/* All that an algorithm depends on, without gaps */
typedef struct question {
    int32_t device, dtype, flags, aligned[4], spare;
    int64_t m, n, k, batch, row[3], step[3];
} question;
typedef struct answer { question of; cublasLtMatmulAlgo_t algo; size_t workspace; bool given, works; } answer;
static answer advice[SLOTS];

typedef struct operation {
    cublasLtMatmulDescOpaque_t product;
    cublasLtMatrixLayoutOpaque_t a, b, c;
} operation;

static int32_t alignment(const void *p)
{
    int32_t by = 1;
    while (by < ALIGNED && !((uintptr_t)p & (uintptr_t)by)) by *= 2;
    return by;
}

/* What the epilogue reads, or writes */
static const void *vector_of(const tpc_product *p) { return p->bias ? p->bias : p->sum_a ? p->sum_a : p->sum_b; }

static question question_of(int index, const tpc_product *p, bool tf32)
{
    const void *vector = vector_of(p);
    return (question){ .device = index, .dtype = p->dtype, .m = p->m, .n = p->n, .k = p->k, .batch = p->batch,
        .flags = (p->a.turned ? A_TURNED : 0) | (p->b.turned ? B_TURNED : 0) | (p->accumulate ? ADDS : 0) | (p->bias ? BIASED : 0) | (tf32 ? TF32 : 0) |
                 (p->sum_a ? SUMS_A : 0) | (p->sum_b ? SUMS_B : 0),
        .aligned = { alignment(p->a.data), alignment(p->b.data), alignment(p->c.data), vector ? alignment(vector) : 0 },
        .row = { p->a.row, p->b.row, p->c.row }, .step = { p->a.batch, p->b.batch, p->c.batch } };
}

static answer *slot_of(const question *q)
{
    uint64_t hash = 14695981039346656037ull, word;
    for (size_t i = 0; i < sizeof *q; i += sizeof word) {
        memcpy(&word, (const char *)q + i, sizeof word);
        hash = (hash ^ word) * 1099511628211ull;
        hash ^= hash >> 29;
    }
    return &advice[hash % SLOTS];
}

static cudaDataType type_of(int dtype)
{
    return dtype == TP_F64 ? CUDA_R_64F : dtype == TP_F32 ? CUDA_R_32F : dtype == TP_F16 ? CUDA_R_16F : CUDA_R_16BF;
}

/* rows, cols: as cuBLASLt counts them, of what is stored. */
static bool lay(cublasLtMatrixLayout_t layout, const tpc_product *p, const tpc_matrix *x, int64_t rows, int64_t cols)
{
    const int32_t count = (int32_t)p->batch;
    if (cublasLtMatrixLayoutInit_internal(layout, sizeof *layout, type_of(p->dtype), (uint64_t)rows, (uint64_t)cols, x->row)) return false;
    return count == 1 || (!cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count) &&
                          !cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &x->batch, sizeof x->batch));
}

static bool set(operation *o, cublasLtMatmulDescAttributes_t name, const void *value, size_t size)
{
    return !cublasLtMatmulDescSetAttribute(&o->product, name, value, size);
}

static bool describe(operation *o, const tpc_product *p, bool tf32)
{
    const bool wide = p->dtype == TP_F64;
    const cublasComputeType_t compute = wide ? CUBLAS_COMPUTE_64F : tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    const cublasOperation_t turned = CUBLAS_OP_T;
    const cublasLtEpilogue_t epilogue = p->bias ? CUBLASLT_EPILOGUE_BIAS : p->sum_a ? CUBLASLT_EPILOGUE_BGRADB : CUBLASLT_EPILOGUE_BGRADA;
    const void *const vector = vector_of(p);
    if (cublasLtMatmulDescInit_internal(&o->product, sizeof o->product, compute, wide ? CUDA_R_64F : CUDA_R_32F)) return false;
    if (p->b.turned && !set(o, CUBLASLT_MATMUL_DESC_TRANSA, &turned, sizeof turned)) return false;
    if (p->a.turned && !set(o, CUBLASLT_MATMUL_DESC_TRANSB, &turned, sizeof turned)) return false;
    if (vector && (!set(o, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue)
                   || !set(o, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &vector, sizeof vector)))
        return false;
    return lay(&o->a, p, &p->a, p->a.turned ? p->m : p->k, p->a.turned ? p->k : p->m) &&
           lay(&o->b, p, &p->b, p->b.turned ? p->k : p->n, p->b.turned ? p->n : p->k) && lay(&o->c, p, &p->c, p->n, p->m);
}

/* Sums over parts of k go through the workspace, never in the order in which the parts are done. */
static void ask(cublasLtHandle_t handle, operation *o, answer *to)
{
    const size_t room = WORKSPACE;
    const uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    const uint32_t aligned[] = { (uint32_t)to->of.aligned[1], (uint32_t)to->of.aligned[0], (uint32_t)to->of.aligned[2] };
    cublasLtMatmulPreferenceOpaque_t wish;
    cublasLtMatmulHeuristicResult_t found;
    int n = 0;
    to->given = true;
    to->works = !cublasLtMatmulPreferenceInit_internal(&wish, sizeof wish) &&
                !cublasLtMatmulPreferenceSetAttribute(&wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &room, sizeof room) &&
                !cublasLtMatmulPreferenceSetAttribute(&wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof schemes) &&
                !cublasLtMatmulPreferenceSetAttribute(&wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &aligned[0], sizeof aligned[0]) &&
                !cublasLtMatmulPreferenceSetAttribute(&wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &aligned[1], sizeof aligned[1]) &&
                !cublasLtMatmulPreferenceSetAttribute(&wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &aligned[2], sizeof aligned[2]) &&
                !cublasLtMatmulPreferenceSetAttribute(&wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &aligned[2], sizeof aligned[2]) &&
                !cublasLtMatmulAlgoGetHeuristic(handle, &o->product, &o->b, &o->a, &o->c, &o->c, &wish, 1, &found, &n) && n && !found.state;
    if (!to->works) return;
    to->algo = found.algo;
    to->workspace = found.workspaceSize;
}

static answer answer_to(cublasLtHandle_t handle, operation *o, const question *q)
{
    answer *const slot = slot_of(q);
    pthread_mutex_lock(&lock);
    if (!slot->given || memcmp(&slot->of, q, sizeof *q)) {
        *slot = (answer){ .of = *q };
        ask(handle, o, slot);
    }
    const answer a = *slot;
    pthread_mutex_unlock(&lock);
    return a;
}

/* Nothing was launched, and would not be the next time: the heuristic advised what does not run here. */
static bool is_refusal(cublasStatus_t error)
{
    return error == CUBLAS_STATUS_NOT_SUPPORTED || error == CUBLAS_STATUS_INVALID_VALUE || error == CUBLAS_STATUS_ARCH_MISMATCH;
}
static void refuse(const question *q)
{
    answer *const slot = slot_of(q);
    pthread_mutex_lock(&lock);
    if (!memcmp(&slot->of, q, sizeof *q)) slot->works = false;
    pthread_mutex_unlock(&lock);
}

/* ---- Running it ------------------------------------------------------------------------------------------------------------------------------ */

static bool fits(const tpc_product *p)
{
    const bool known = p->dtype == TP_F32 || p->dtype == TP_F64 || p->dtype == TP_F16 || p->dtype == TP_BF16;
    return known && p->m > 0 && p->n > 0 && p->k > 0 && p->batch > 0 && p->m <= INT32_MAX && p->n <= INT32_MAX && p->k <= INT32_MAX && p->batch <= INT32_MAX &&
           !p->c.turned && !(p->bias && (p->sum_a || p->sum_b)) && !(p->sum_a && p->sum_b) && !((p->sum_a || p->sum_b) && p->batch != 1);
}

bool tpc_lt_is_here(const tp__call *call)
{
    const int index = tpc_device(call);
    return !tpc_lost(index) && tpc_stream(call) && handle_of(index);
}

tp_status tpc_lt_product(const tp__call *call, const tpc_product *p, bool *done)
{
    static const double wide[] = { 0, 1, -1 };
    static const float narrow[] = { 0, 1, -1 };
    const int index = tpc_device(call);
    operation o;
    *done = false;
    if (!fits(p)) return TP_OK;
    const tp_status status = tpc_ready(index);
    cublasLtHandle_t handle = status ? NULL : handle_of(index);
    const bool tf32 = p->dtype == TP_F32 && tpc_may_use_tf32();
    if (!handle || (tf32 && (p->sum_a || p->sum_b)) || !describe(&o, p, tf32)) return status;
    const question q = question_of(index, p, tf32);
    const answer a = answer_to(handle, &o, &q);
    if (!a.works) return TP_OK;
    void *room = a.workspace ? tpc_room(call, a.workspace) : NULL;
    if (a.workspace && !room) return TP_ERR_MEMORY;
    const bool is_wide = p->dtype == TP_F64;
    const void *by = is_wide ? (const void *)&wide[1 + p->minus] : &narrow[1 + p->minus],
               *add = is_wide ? (const void *)&wide[p->accumulate] : &narrow[p->accumulate];
    const cublasStatus_t error = cublasLtMatmul(handle, &o.product, by, p->b.data, &o.b, p->a.data, &o.a, add, p->c.data, &o.c, p->c.data, &o.c, &a.algo, room,
                                           a.workspace, tpc_stream(call));
    if (room) tpc_room_free(call, room);
    if (is_refusal(error)) return refuse(&q), TP_OK;
    *done = true;
    const tp_status launched = tpc_launched(call);
    return launched || !error ? launched : tpc_fail(call, TP_ERR_DEVICE, "cuBLASLt refuses a product of %lld x %lld x %lld: status %d", (long long)p->m,
                                                    (long long)p->n, (long long)p->k, (int)error);
}

#endif
