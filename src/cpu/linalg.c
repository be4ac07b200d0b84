/* linalg.c: factorizations of square matrices, and what is solved with them: LU with partial pivoting, Cholesky, triangular
 * systems. Row-major, in panels of NB columns; what is left of each panel goes to the matrix product (Golub & Van Loan, Matrix
 * Computations, 3.2 and 4.2). A batch is shared out among threads, matrix by matrix. */
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/gemm.h"

#include <math.h>
#include <stdatomic.h>

enum { NB = 48, NO_MEMORY = -1 };

/* ---- One matrix ------------------------------------------------------------------------------------------------------------------- */

/* C [m, n] -= A [m, k] B [k, n], with -A in `room` [m, k]. B by its strides. */
typedef struct minus {
    tp_dtype dtype;
    int64_t m, n, k;
    const void *a;
    int64_t lda;
    const void *b;
    int64_t b_row, b_col;
    void *c;
    int64_t ldc;
    void *room;
} minus;
#define SUBTRACT(T) \
    static tp_status subtract_##T(const minus *p) \
    { \
        T *room = p->room; \
        for (int64_t i = 0; i < p->m; i++) \
            for (int64_t j = 0; j < p->k; j++) room[i * p->k + j] = -((const T *)p->a)[i * p->lda + j]; \
        return tp__gemm(&(tp__gemm_args){ .dtype = p->dtype, .m = p->m, .n = p->n, .k = p->k, .a = room, .a_row = p->k, .a_col = 1, .b = p->b, \
                                          .b_row = p->b_row, .b_col = p->b_col, .c = p->c, .ldc = p->ldc, .accumulate = true, .threads = 1 }); \
    }
SUBTRACT(float)
SUBTRACT(double)

/* a becomes L (its diagonal is 1) and U; pivot[i] is the row that row i was exchanged with. Returns 1 + the first zero pivot, 0, or
 * NO_MEMORY. room: n NB elements. */
#define LU(T, DTYPE, ABS) \
    static void swap_rows_##T(T *a, int64_t n, int64_t i, int64_t j) \
    { \
        for (int64_t c = 0; c < n && i != j; c++) { \
            const T t = a[i * n + c]; \
            a[i * n + c] = a[j * n + c]; \
            a[j * n + c] = t; \
        } \
    } \
    static int64_t lu_panel_##T(T *a, int64_t n, int64_t first, int64_t last, int64_t *pivot) \
    { \
        int64_t zero = 0; \
        for (int64_t k = first; k < last; k++) { \
            int64_t best = k; \
            for (int64_t i = k + 1; i < n; i++) \
                if (ABS(a[i * n + k]) > ABS(a[best * n + k]) || a[i * n + k] != a[i * n + k]) best = i; \
            pivot[k] = best; \
            swap_rows_##T(a, n, k, best); \
            const T p = a[k * n + k]; \
            if (p == 0) { \
                if (!zero) zero = k + 1; \
                continue; \
            } \
            for (int64_t i = k + 1; i < n; i++) { \
                const T f = a[i * n + k] /= p; \
                for (int64_t j = k + 1; j < last; j++) a[i * n + j] -= f * a[k * n + j]; \
            } \
        } \
        return zero; \
    } \
    static int64_t lu_##T(T *a, int64_t n, int64_t *pivot, T *room) \
    { \
        int64_t zero = 0; \
        for (int64_t first = 0; first < n; first += NB) { \
            const int64_t last = first + NB < n ? first + NB : n; \
            const int64_t found = lu_panel_##T(a, n, first, last, pivot); \
            if (!zero) zero = found; \
            for (int64_t i = first + 1; i < last; i++)               /* U beside the panel: L^-1 times it */ \
                for (int64_t k = first; k < i; k++) \
                    for (int64_t j = last; j < n; j++) a[i * n + j] -= a[i * n + k] * a[k * n + j]; \
            if (last < n && subtract_##T(&(minus){ DTYPE, n - last, n - last, last - first, a + last * n + first, n, a + first * n + last, n, 1, \
                                                   a + last * n + last, n, room })) \
                return NO_MEMORY; \
        } \
        return zero; \
    }
LU(float, TP_F32, fabsf)
LU(double, TP_F64, fabs)

/* x [n, r] := T^-1 x for a triangle T of a, read by strides, so that a transpose costs nothing. room: n NB elements. */
typedef struct triangle { const void *a; int64_t row, col; bool upper, unit; } triangle;
#define SUBSTITUTE(T, DTYPE) \
    static int64_t substitute_##T(const triangle *t, int64_t n, T *x, int64_t r, T *room) \
    { \
        const T *a = t->a; \
        for (int64_t done = 0; done < n; done += NB) { \
            const int64_t size = n - done < NB ? n - done : NB, first = t->upper ? n - done - size : done; \
            for (int64_t s = 0; s < size; s++) { \
                const int64_t i = t->upper ? first + size - 1 - s : first + s; \
                for (int64_t k = t->upper ? i + 1 : first; k < (t->upper ? first + size : i); k++) { \
                    const T f = a[i * t->row + k * t->col]; \
                    for (int64_t j = 0; j < r; j++) x[i * r + j] -= f * x[k * r + j]; \
                } \
                if (t->unit) continue; \
                const T p = a[i * t->row + i * t->col]; \
                for (int64_t j = 0; j < r; j++) x[i * r + j] /= p; \
            } \
            const int64_t from = t->upper ? 0 : first + size, left = n - done - size; \
            if (!left) break; \
            for (int64_t i = 0; i < left; i++) \
                for (int64_t k = 0; k < size; k++) room[i * size + k] = -a[(from + i) * t->row + (first + k) * t->col]; \
            if (tp__gemm(&(tp__gemm_args){ .dtype = DTYPE, .m = left, .n = r, .k = size, .a = room, .a_row = size, .a_col = 1, .b = x + first * r, \
                                           .b_row = r, .b_col = 1, .c = x + from * r, .ldc = r, .accumulate = true, .threads = 1 })) \
                return NO_MEMORY; \
        } \
        return 0; \
    }
SUBSTITUTE(float, TP_F32)
SUBSTITUTE(double, TP_F64)

/* The lower triangle of a becomes L, a = L L'; above it zeros. Returns 1 + the first pivot that is not positive, or 0. */
#define CHOLESKY(T, DTYPE, SQRT) \
    static int64_t cholesky_##T(T *a, int64_t n, T *room) \
    { \
        for (int64_t first = 0; first < n; first += NB) { \
            const int64_t last = first + NB < n ? first + NB : n; \
            for (int64_t k = first; k < last; k++) { \
                T p = a[k * n + k]; \
                for (int64_t j = first; j < k; j++) p -= a[k * n + j] * a[k * n + j]; \
                if (!(p > 0)) return k + 1; \
                a[k * n + k] = p = SQRT(p); \
                for (int64_t i = k + 1; i < n; i++) { \
                    T v = a[i * n + k]; \
                    for (int64_t j = first; j < k; j++) v -= a[i * n + j] * a[k * n + j]; \
                    a[i * n + k] = v / p; \
                } \
            } \
            if (last < n && subtract_##T(&(minus){ DTYPE, n - last, n - last, last - first, a + last * n + first, n, a + last * n + first, 1, n, \
                                                   a + last * n + last, n, room })) \
                return NO_MEMORY; \
        } \
        for (int64_t i = 0; i < n; i++) \
            for (int64_t j = i + 1; j < n; j++) a[i * n + j] = 0; \
        return 0; \
    }
CHOLESKY(float, TP_F32, sqrtf)
CHOLESKY(double, TP_F64, sqrt)

/* ---- Batches ----------------------------------------------------------------------------------------------------------------------- */

typedef struct job job;
struct job {
    int64_t n, r, count;                               /* matrices [n, n], right sides [n, r] */
    const char *a, *b;                                 /* inputs, contiguous */
    char *y, *y2;                                      /* outputs, contiguous */
    char *room;                                        /* per seat */
    size_t size, room_bytes;
    bool upper, unit;
    int64_t (*one)(const job *j, int64_t i, char *room);         /* 0, 1 + the pivot that failed, or NO_MEMORY */
    _Atomic int64_t failed_at;                         /* a matrix that failed, its pivot */
    _Atomic int64_t pivot;
    _Atomic bool no_memory;
};

static void run_some(void *arg, int64_t first, int64_t last)
{
    job *j = arg;
    for (int64_t i = first; i < last; i++) {
        const int64_t pivot = j->one(j, i, j->room + (size_t)tp__seat() * j->room_bytes);
        if (!pivot) continue;
        if (pivot == NO_MEMORY) {
            tp_clear_error();                          /* this may be a thread of the pool: the caller's is set at the end */
            atomic_store(&j->no_memory, true);
        } else if (i < atomic_load(&j->failed_at)) {   /* under no lock: the message may name another of several */
            atomic_store(&j->failed_at, i);
            atomic_store(&j->pivot, pivot - 1);
        }
    }
}

/* What one matrix needs: a copy of it, NB columns, pivots. */
static size_t room_for(int64_t n, size_t size) { return ((size_t)(n * n + n * NB) * size + (size_t)n * sizeof(int64_t) + 127) / 64 * 64; }

static tp_status run(tp__call *call, job *j)
{
    const int threads = j->count > 1 ? tp_get_num_threads() : 1;
    const tp_tensor *a = call->in[0], *b = call->n_in > 1 ? call->in[1] : NULL;
    const tp_dtype dtype = (tp_dtype)a->dtype;
    tp__plain pa = { 0 }, pb = { 0 };
    tp_status status = tp__plain_take(&pa, a, dtype);
    if (!status) status = tp__plain_take(&pb, b, dtype);
    j->size = tp_dtype_size(dtype);
    j->room_bytes = room_for(j->n, j->size);
    j->room = status ? NULL : tp_mem_alloc(j->room_bytes * (size_t)threads);
    if (!status && !j->room) status = TP_ERR_MEMORY;
    if (!status) {
        j->a = pa.data;
        j->b = pb.data;
        atomic_store(&j->failed_at, INT64_MAX);
        tp__parallel_items(j->count, j->n * j->n * (j->n + j->r) / 8 + 1, threads, run_some, j);
        tp_mem_free(j->room, j->room_bytes * (size_t)threads);
        if (atomic_load(&j->no_memory)) status = tp__call_fail(call, TP_ERR_MEMORY, "no memory for packing");
    }
    tp__plain_free(&pa);
    tp__plain_free(&pb);
    return status;
}

static job job_of(const tp__call *call)
{
    const tp_tensor *a = call->in[0];
    job j = { .n = a->shape[a->ndim - 1], .count = 1, .y = call->out[0]->data };
    for (int d = 0; d < a->ndim - 2; d++) j.count *= a->shape[d];
    return j;
}

static tp_status fail(const tp__call *call, const job *j, const char *what)
{
    if (j->count == 1) return tp__call_fail(call, TP_ERR_NUMERIC, "the matrix %s: pivot %lld", what, (long long)atomic_load(&j->pivot));
    return tp__call_fail(call, TP_ERR_NUMERIC, "matrix %lld of the batch %s: pivot %lld",
                         (long long)atomic_load(&j->failed_at), what, (long long)atomic_load(&j->pivot));
}

/* ---- The kernels --------------------------------------------------------------------------------------------------------------------- */

#define PIVOTS(j, room) ((int64_t *)(void *)(room))
#define MATRIX(T, j, room) ((T *)(void *)((room) + ((size_t)(j)->n * sizeof(int64_t) + 63) / 64 * 64))

#define KERNELS(T, LOG, ABS) \
    static int64_t factor_##T(const job *j, int64_t i, char *room) \
    { \
        T *a = MATRIX(T, j, room); \
        memcpy(a, j->a + (size_t)(i * j->n * j->n) * sizeof(T), (size_t)(j->n * j->n) * sizeof(T)); \
        return lu_##T(a, j->n, PIVOTS(j, room), a + j->n * j->n); \
    } \
    static int64_t det_##T(const job *j, int64_t i, char *room) \
    { \
        if (factor_##T(j, i, room) == NO_MEMORY) return NO_MEMORY; \
        const T *a = MATRIX(T, j, room); \
        T det = 1; \
        for (int64_t k = 0; k < j->n; k++) det *= PIVOTS(j, room)[k] != k ? -a[k * j->n + k] : a[k * j->n + k]; \
        ((T *)(void *)j->y)[i] = det; \
        return 0; \
    } \
    static int64_t slogdet_##T(const job *j, int64_t i, char *room) \
    { \
        if (factor_##T(j, i, room) == NO_MEMORY) return NO_MEMORY; \
        const T *a = MATRIX(T, j, room); \
        T sign = 1, sum = 0; \
        for (int64_t k = 0; k < j->n; k++) { \
            const T p = PIVOTS(j, room)[k] != k ? -a[k * j->n + k] : a[k * j->n + k]; \
            sign *= (T)((p > 0) - (p < 0)); \
            sum += LOG(ABS(p)); \
        } \
        ((T *)(void *)j->y)[i] = sign; \
        ((T *)(void *)j->y2)[i] = sum; \
        return 0; \
    } \
    static int64_t solve_##T(const job *j, int64_t i, char *room) \
    { \
        const int64_t n = j->n, r = j->r, zero = factor_##T(j, i, room), *pivot = PIVOTS(j, room); \
        T *a = MATRIX(T, j, room), *x = (T *)(void *)j->y + i * n * r; \
        if (zero) return zero; \
        if (j->b) memcpy(x, j->b + (size_t)(i * n * r) * sizeof(T), (size_t)(n * r) * sizeof(T)); \
        else for (int64_t k = 0; k < n * n; k++) x[k] = k % (n + 1) == 0; \
        for (int64_t k = 0; k < n; k++) \
            for (int64_t c = 0; c < r && pivot[k] != k; c++) { \
                const T t = x[k * r + c]; \
                x[k * r + c] = x[pivot[k] * r + c]; \
                x[pivot[k] * r + c] = t; \
            } \
        const int64_t lost = substitute_##T(&(triangle){ a, n, 1, false, true }, n, x, r, a + n * n); \
        return lost ? lost : substitute_##T(&(triangle){ a, n, 1, true, false }, n, x, r, a + n * n); \
    } \
    static int64_t triangular_##T(const job *j, int64_t i, char *room) \
    { \
        T *x = (T *)(void *)j->y + i * j->n * j->r; \
        memcpy(x, j->b + (size_t)(i * j->n * j->r) * sizeof(T), (size_t)(j->n * j->r) * sizeof(T)); \
        return substitute_##T(&(triangle){ j->a + (size_t)(i * j->n * j->n) * sizeof(T), j->n, 1, j->upper, j->unit }, j->n, x, j->r, MATRIX(T, j, room)); \
    } \
    static int64_t decompose_##T(const job *j, int64_t i, char *room) \
    { \
        T *y = (T *)(void *)j->y + i * j->n * j->n; \
        memcpy(y, j->a + (size_t)(i * j->n * j->n) * sizeof(T), (size_t)(j->n * j->n) * sizeof(T)); \
        return cholesky_##T(y, j->n, MATRIX(T, j, room)); \
    }
KERNELS(float, logf, fabsf)
KERNELS(double, log, fabs)

#define ONE(call, name) ((call)->in[0]->dtype == TP_F64 ? name##_double : name##_float)

static tp_status det_run(tp__call *call)
{
    job j = job_of(call);
    j.one = ONE(call, det);
    return run(call, &j);
}

static tp_status slogdet_run(tp__call *call)
{
    job j = job_of(call);
    j.one = ONE(call, slogdet);
    j.y2 = call->out[1]->data;
    return run(call, &j);
}

static tp_status inv_run(tp__call *call)
{
    job j = job_of(call);
    j.one = ONE(call, solve);
    j.r = j.n;
    const tp_status status = run(call, &j);
    return !status && j.failed_at != INT64_MAX ? fail(call, &j, "is singular") : status;
}

static tp_status solve_run(tp__call *call)
{
    job j = job_of(call);
    j.one = ONE(call, solve);
    j.r = call->out[0]->shape[call->out[0]->ndim - 1];
    const tp_status status = run(call, &j);
    return !status && j.failed_at != INT64_MAX ? fail(call, &j, "is singular") : status;
}

static tp_status triangular_run(tp__call *call)
{
    const bool *attr = call->attr;                     /* upper, unitriangular */
    job j = job_of(call);
    j.one = ONE(call, triangular);
    j.r = call->out[0]->shape[call->out[0]->ndim - 1];
    j.upper = attr[0];
    j.unit = attr[1];
    return run(call, &j);
}

static tp_status cholesky_run(tp__call *call)
{
    job j = job_of(call);
    j.one = ONE(call, decompose);
    const tp_status status = run(call, &j);
    return !status && j.failed_at != INT64_MAX ? fail(call, &j, "is not positive definite") : status;
}

const tp_kernel tp__cpu_linalg[] = {
    { "linalg_det", det_run, NULL }, { "linalg_slogdet", slogdet_run, NULL }, { "linalg_inv", inv_run, NULL }, { "linalg_solve", solve_run, NULL },
    { "linalg_solve_triangular", triangular_run, NULL }, { "linalg_cholesky", cholesky_run, NULL }, { NULL, NULL, NULL },
};
