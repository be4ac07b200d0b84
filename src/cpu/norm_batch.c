/* norm_batch.c: normalization of channels over all other dims, of batch_norm and so of instance_norm. Tensors are [outer, channels,
 * inner] in memory: channels-last ones have an inner of 1. Sums over channels are taken in blocks that do not depend on the number
 * of threads.
 *
 *   y = (x - m) w r + b,  r = 1 / sqrt(var + eps)
 *   dx = w r (dy - B / n - (x - m) r^2 A / n),  A = sum dy (x - m),  B = sum dy;  of given statistics  dx = w r dy
 *   dw = A r,  db = B */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/reduce_fold.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

#include <math.h>

enum { LANES = 32, CHUNK = 1024, BLOCKS = 32, BLOCK = 1 << 14, PARALLEL = 1 << 15 };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Leaf loops: of one channel, or with parameters by element --------------------------------------------------------------------------- */

#define LEAVES(kind, T) \
    static TP__INLINE void scale_one_##kind##_body(int64_t n, const T *x, T m, T a, T b, T *y) \
    { \
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m) * a + b; \
    } \
    TP__SIMD(static, scale_one_##kind, (int64_t n, const T *x, T m, T a, T b, T *y), (n, x, m, a, b, y)) \
    static TP__INLINE void scale_each_##kind##_body(int64_t n, const T *x, const T *m, const T *a, const T *b, T *y) \
    { \
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m[i]) * a[i] + b[i]; \
    } \
    TP__SIMD(static, scale_each_##kind, (int64_t n, const T *x, const T *m, const T *a, const T *b, T *y), (n, x, m, a, b, y)) \
    static TP__INLINE void sums_one_##kind##_body(int64_t n, const T *dy, const T *x, T m, double *A, double *B) \
    { \
        T p[LANES] = { 0 }, q[LANES] = { 0 }, p_rest = 0, q_rest = 0; \
        int64_t i = 0; \
        for (; i + LANES <= n; i += LANES) \
            for (int l = 0; l < LANES; l++) { p[l] += dy[i + l] * (x[i + l] - m); q[l] += dy[i + l]; } \
        for (; i < n; i++) { p_rest += dy[i] * (x[i] - m); q_rest += dy[i]; } \
        for (int half = LANES / 2; half; half /= 2) \
            for (int l = 0; l < half; l++) { p[l] += p[l + half]; q[l] += q[l + half]; } \
        *A += (double)(p[0] + p_rest); \
        *B += (double)(q[0] + q_rest); \
    } \
    TP__SIMD(static, sums_one_##kind, (int64_t n, const T *dy, const T *x, T m, double *A, double *B), (n, dy, x, m, A, B)) \
    static TP__INLINE void sums_each_##kind##_body(int64_t n, const T *dy, const T *x, const T *m, T *A, T *B) \
    { \
        for (int64_t i = 0; i < n; i++) { A[i] += dy[i] * (x[i] - m[i]); B[i] += dy[i]; } \
    } \
    TP__SIMD(static, sums_each_##kind, (int64_t n, const T *dy, const T *x, const T *m, T *A, T *B), (n, dy, x, m, A, B)) \
    static TP__INLINE void back_one_##kind##_body(int64_t n, const T *dy, const T *x, T m, T a, T p, T q, T *dx) \
    { \
        for (int64_t i = 0; i < n; i++) dx[i] = (dy[i] - q - (x[i] - m) * p) * a; \
    } \
    TP__SIMD(static, back_one_##kind, (int64_t n, const T *dy, const T *x, T m, T a, T p, T q, T *dx), (n, dy, x, m, a, p, q, dx)) \
    static TP__INLINE void back_each_##kind##_body(int64_t n, const T *dy, const T *x, const T *m, const T *a, const T *p, const T *q, T *dx) \
    { \
        for (int64_t i = 0; i < n; i++) dx[i] = (dy[i] - q[i] - (x[i] - m[i]) * p[i]) * a[i]; \
    } \
    TP__SIMD(static, back_each_##kind, (int64_t n, const T *dy, const T *x, const T *m, const T *a, const T *p, const T *q, T *dx), \
             (n, dy, x, m, a, p, q, dx))
LEAVES(f32, float)
LEAVES(f64, double)

/* ---- The geometry ------------------------------------------------------------------------------------------------------------------------- */

typedef struct job {
    int64_t outer, channels, inner;
    const tp_tensor *x, *dy;
    tp_tensor *y;
    tp_dtype dtype;                                    /* that is computed in */
    void *m, *a, *p, *q;                               /* by channel: mean, factor, and what the formula has besides */
    void *parts;                                       /* of rows: sums of each block, A and B */
    int64_t per_block;
    double *A, *B;                                     /* by channel */
} job;

static bool is_last(const tp_tensor *x) { return !(x->flags & TP__CONTIGUOUS); }

static job geometry(const tp_tensor *x)
{
    job j = { .outer = x->shape[0], .channels = x->shape[1], .inner = 1, .x = x, .dtype = x->dtype == TP_F64 ? TP_F64 : TP_F32 };
    for (int d = 2; d < x->ndim; d++) *(is_last(x) ? &j.outer : &j.inner) *= x->shape[d];
    return j;
}

/* Elements from `at` on, at most CHUNK of them: where they lie, or cast. */
static const void *chunk_in(const tp_tensor *x, int64_t at, int64_t n, tp_dtype dtype, double *room)
{
    const char *from = (const char *)x->data + at * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    if (x->dtype == dtype) return from;
    tp__cast_row(room, dtype, 1, from, (tp_dtype)x->dtype, 1, n);
    return room;
}

static void *chunk_out(const tp_tensor *y, int64_t at, tp_dtype dtype, double *room)
{
    return y->dtype == dtype ? (char *)y->data + at * (int64_t)tp_dtype_size(dtype) : (void *)room;
}

static void chunk_done(tp_tensor *y, int64_t at, int64_t n, tp_dtype dtype, const void *from)
{
    if (y->dtype == dtype) return;
    tp__cast_row((char *)y->data + at * (int64_t)tp_dtype_size((tp_dtype)y->dtype), (tp_dtype)y->dtype, 1, from, dtype, 1, n);
}

/* ---- Segments: `inner` elements of a channel, or one of each --------------------------------------------------------------------------------- */

#define SEGMENTS(kind, T) \
    static void forward_##kind(void *arg, int64_t first, int64_t last) \
    { \
        const job *j = arg; \
        const bool each = j->inner == 1; \
        const int64_t length = each ? j->channels : j->inner; \
        const T *m = j->m, *a = j->a, *b = j->q; \
        double room[CHUNK], out[CHUNK]; \
        for (int64_t s = first; s < last; s++) \
            for (int64_t i = 0; i < length; i += CHUNK) { \
                const int64_t n = least(CHUNK, length - i), c = each ? i : s % j->channels, at = s * length + i; \
                const T *x = chunk_in(j->x, at, n, j->dtype, room); \
                T *y = chunk_out(j->y, at, j->dtype, out); \
                if (each) scale_each_##kind(n, x, m + c, a + c, b + c, y); \
                else scale_one_##kind(n, x, m[c], a[c], b[c], y); \
                chunk_done(j->y, at, n, j->dtype, y); \
            } \
    } \
    static void backward_##kind(void *arg, int64_t first, int64_t last) \
    { \
        const job *j = arg; \
        const bool each = j->inner == 1; \
        const int64_t length = each ? j->channels : j->inner; \
        const T *m = j->m, *a = j->a, *p = j->p, *q = j->q; \
        double room[CHUNK], room_dy[CHUNK], out[CHUNK]; \
        for (int64_t s = first; s < last; s++) \
            for (int64_t i = 0; i < length; i += CHUNK) { \
                const int64_t n = least(CHUNK, length - i), c = each ? i : s % j->channels, at = s * length + i; \
                const T *x = chunk_in(j->x, at, n, j->dtype, room), *dy = chunk_in(j->dy, at, n, j->dtype, room_dy); \
                T *dx = chunk_out(j->y, at, j->dtype, out); \
                if (each) back_each_##kind(n, dy, x, m + c, a + c, p + c, q + c, dx); \
                else back_one_##kind(n, dy, x, m[c], a[c], p[c], q[c], dx); \
                chunk_done(j->y, at, n, j->dtype, dx); \
            } \
    } \
    static void sums_of_channels_##kind(void *arg, int64_t first, int64_t last) \
    { \
        const job *j = arg; \
        double room[CHUNK], room_dy[CHUNK]; \
        for (int64_t c = first; c < last; c++) { \
            j->A[c] = j->B[c] = 0; \
            for (int64_t o = 0; o < j->outer; o++) \
                for (int64_t i = 0; i < j->inner; i += CHUNK) { \
                    const int64_t n = least(CHUNK, j->inner - i), at = (o * j->channels + c) * j->inner + i; \
                    const T *x = chunk_in(j->x, at, n, j->dtype, room), *dy = chunk_in(j->dy, at, n, j->dtype, room_dy); \
                    sums_one_##kind(n, dy, x, ((const T *)j->m)[c], &j->A[c], &j->B[c]); \
                } \
        } \
    } \
    static void sums_of_rows_##kind(void *arg, int64_t block) \
    { \
        const job *j = arg; \
        const int64_t last = least(j->outer, (block + 1) * j->per_block); \
        T *A = (T *)j->parts + 2 * block * j->channels, *B = A + j->channels; \
        double room[CHUNK], room_dy[CHUNK]; \
        memset(A, 0, (size_t)(2 * j->channels) * sizeof *A); \
        for (int64_t o = block * j->per_block; o < last; o++) \
            for (int64_t i = 0; i < j->channels; i += CHUNK) { \
                const int64_t n = least(CHUNK, j->channels - i), at = o * j->channels + i; \
                const T *x = chunk_in(j->x, at, n, j->dtype, room), *dy = chunk_in(j->dy, at, n, j->dtype, room_dy); \
                sums_each_##kind(n, dy, x, (const T *)j->m + i, A + i, B + i); \
            } \
    } \
    static void add_blocks_##kind(const job *j, int64_t blocks) \
    { \
        for (int64_t c = 0; c < j->channels; c++) { \
            j->A[c] = j->B[c] = 0; \
            for (int64_t k = 0; k < blocks; k++) { \
                j->A[c] += (double)((const T *)j->parts)[2 * k * j->channels + c]; \
                j->B[c] += (double)((const T *)j->parts)[(2 * k + 1) * j->channels + c]; \
            } \
        } \
    }
SEGMENTS(f32, float)
SEGMENTS(f64, double)

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------------ */

enum { MEAN, FACTOR, P, Q, PARAMS };

static int threads_for(const tp_tensor *x) { return x->numel >= PARALLEL ? tp_get_num_threads() : 1; }

/* Room for the parameters in the computing dtype, and for the two sums in float64. */
static tp_status take_params(job *j, char **memory, size_t *bytes)
{
    const size_t item = tp_dtype_size(j->dtype), n = (size_t)j->channels;
    *bytes = n * (PARAMS * item + 2 * sizeof(double)) + 1;
    *memory = tp_mem_alloc(*bytes);
    if (!*memory) return TP_ERR_MEMORY;
    j->A = (double *)(void *)*memory;
    j->B = j->A + n;
    char *rest = (char *)(j->B + n);
    j->m = rest + MEAN * n * item;
    j->a = rest + FACTOR * n * item;
    j->p = rest + P * n * item;
    j->q = rest + Q * n * item;
    return TP_OK;
}

static double value_at(const tp_tensor *t, int64_t i)
{
    double v;
    tp__cast_row(&v, TP_F64, 1, (const char *)t->data + i * t->stride[0] * (int64_t)tp_dtype_size((tp_dtype)t->dtype), (tp_dtype)t->dtype, 1, 1);
    return v;
}

static void set(const job *j, void *to, int64_t i, double v)
{
    if (j->dtype == TP_F64) ((double *)to)[i] = v;
    else ((float *)to)[i] = (float)v;
}

static double rounded(double v, tp_dtype dtype)
{
    double half[1];
    tp__cast_row(half, dtype, 1, &v, TP_F64, 1, 1);
    tp__cast_row(&v, TP_F64, 1, half, dtype, 1, 1);
    return v;
}

static double mean_at(const job *j, const tp__batch_norm *attr, const tp_tensor *mean, int64_t c)
{
    return attr->rounds ? rounded(value_at(mean, c), (tp_dtype)j->x->dtype) : value_at(mean, c);
}

/* In 16 bits PyTorch rounds this, and in bfloat16 the sum of squares and its mean before. Of no spread and no eps it is 0 when
 * training. */
static double inverse_at(const job *j, const tp__batch_norm *attr, const tp_tensor *var, int64_t c)
{
    const double n = (double)(j->outer * j->inner);
    const tp_dtype dtype = (tp_dtype)j->x->dtype;
    double v = value_at(var, c);
    if (attr->training && v == 0 && attr->eps == 0) return 0;
    if (attr->rounds && dtype == TP_BF16) v = rounded(rounded(v * n, dtype) / n, dtype);
    const double r = 1 / sqrt(v + attr->eps);
    return attr->rounds ? rounded(r, dtype) : r;
}

static tp_status scale(tp__call *call, const tp_tensor *mean, const tp_tensor *var, const tp_tensor *w, const tp_tensor *b)
{
    const tp__batch_norm *attr = call->scratch;
    job j = geometry(call->in[0]);
    char *memory;
    size_t bytes;
    j.y = call->out[0];
    if (take_params(&j, &memory, &bytes)) return TP_ERR_MEMORY;
    for (int64_t c = 0; c < j.channels; c++) {
        set(&j, j.m, c, mean_at(&j, attr, mean, c));
        set(&j, j.a, c, (w ? value_at(w, c) : 1) * inverse_at(&j, attr, var, c));
        set(&j, j.q, c, b ? value_at(b, c) : 0);
    }
    const int64_t segments = j.inner == 1 ? j.outer : j.outer * j.channels;
    tp__parallel_items(segments, j.inner == 1 ? j.channels : j.inner, threads_for(j.x), j.dtype == TP_F64 ? forward_f64 : forward_f32, &j);
    tp_mem_free(memory, bytes);
    return TP_OK;
}

static tp_status train_kernel(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    tp_tensor *mean = call->out[1], *var = call->out[2];
    const job j = geometry(x);
    const tp__fold_io io = { .x = x->data, .from = (tp_dtype)x->dtype, .ndim = 3, .shape = { j.outer, j.channels, j.inner },
                             .stride = { j.channels * j.inner, j.inner, 1 }, .gone = 1 | 4, .n_out = 2,
                             .out = { { var->data, (tp_dtype)var->dtype }, { mean->data, (tp_dtype)mean->dtype } } };
    const tp_status status = tp__fold_over(&io, tp__fold_moments(j.dtype == TP_F64, false, 0));
    return status ? status : scale(call, mean, var, call->in[1], call->in[2]);
}

static tp_status eval_kernel(tp__call *call) { return scale(call, call->in[1], call->in[2], call->in[3], call->in[4]); }

static tp_status take_sums(job *j, int threads)
{
    const bool wide = j->dtype == TP_F64;
    if (j->inner > 1) {
        tp__parallel_items(j->channels, j->outer * j->inner, threads, wide ? sums_of_channels_f64 : sums_of_channels_f32, j);
        return TP_OK;
    }
    j->per_block = (j->outer + BLOCKS - 1) / BLOCKS;
    if (j->per_block * j->channels < BLOCK) j->per_block = (BLOCK + j->channels - 1) / j->channels;
    const int64_t blocks = (j->outer + j->per_block - 1) / j->per_block;
    j->parts = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(2 * blocks * j->channels) * tp_dtype_size(j->dtype));
    if (!j->parts) return TP_ERR_MEMORY;
    tp__parallel(blocks, threads, wide ? sums_of_rows_f64 : sums_of_rows_f32, j);
    (wide ? add_blocks_f64 : add_blocks_f32)(j, blocks);
    return TP_OK;
}

static void params_backward(job *j, const tp__call *call)
{
    const tp__batch_norm *attr = call->scratch;
    const tp_tensor *var = call->in[3], *w = call->in[4];
    const double n = (double)(j->outer * j->inner);
    for (int64_t c = 0; c < j->channels; c++) {
        const double r = inverse_at(j, attr, var, c);
        set(j, j->a, c, (w ? value_at(w, c) : 1) * r);
        set(j, j->p, c, attr->training ? j->A[c] * r * r / n : 0);
        set(j, j->q, c, attr->training ? j->B[c] / n : 0);
        j->A[c] *= r;
    }
}

static tp_status backward_kernel(tp__call *call)
{
    job j = geometry(call->in[1]);
    char *memory;
    size_t bytes;
    const int threads = threads_for(j.x);
    j.dy = call->in[0];
    j.y = call->out[0];
    if (take_params(&j, &memory, &bytes)) return TP_ERR_MEMORY;
    for (int64_t c = 0; c < j.channels; c++) set(&j, j.m, c, mean_at(&j, call->scratch, call->in[2], c));
    const tp_status status = take_sums(&j, threads);
    if (!status) {
        params_backward(&j, call);
        const int64_t segments = j.inner == 1 ? j.outer : j.outer * j.channels;
        tp__parallel_items(segments, j.inner == 1 ? j.channels : j.inner, threads, j.dtype == TP_F64 ? backward_f64 : backward_f32, &j);
        for (int k = 1; k < 3; k++) {
            tp_tensor *y = call->out[k];
            if (y->numel) tp__cast_row(y->data, (tp_dtype)y->dtype, 1, k == 1 ? j.A : j.B, TP_F64, 1, j.channels);
        }
    }
    tp_mem_free(memory, bytes);
    return status;
}

/* x = (1 - momentum) x + momentum factor v */
static tp_status update_kernel(tp__call *call)
{
    const struct { double momentum, factor; } *attr = call->attr;
    tp_tensor *x = call->in[0];
    for (int64_t i = 0; i < x->numel; i++) {
        const double v = (1 - attr->momentum) * value_at(x, i) + attr->momentum * attr->factor * value_at(call->in[1], i);
        tp__cast_row((char *)x->data + i * x->stride[0] * (int64_t)tp_dtype_size((tp_dtype)x->dtype), (tp_dtype)x->dtype, 1, &v, TP_F64, 1, 1);
    }
    return TP_OK;
}

const tp_kernel tp__cpu_norm_batch[] = {
    { "batch_norm_train", train_kernel, NULL }, { "batch_norm_eval", eval_kernel, NULL }, { "batch_norm_backward", backward_kernel, NULL },
    { "batch_norm_update_", update_kernel, NULL }, { NULL, NULL, NULL },
};
