/* loss_pair.c: losses of two tensors, element by element. */
#include "core/convert.h"
#include "core/parallel.h"
#include "cpu/scratch.h"
#include "cpu/simd.h"

enum { CHUNK = 1 << 15, BLOCK = 1024, PARALLEL = 1 << 17 };
enum { NONE = TP_REDUCTION_NONE };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- Squared error ------------------------------------------------------------------------------------------------------------------------- */

#define SQUARES(bits, T) \
    static TP__INLINE void sum_f##bits##_body(int64_t n, const T *a, const T *b, double *out) \
    { \
        T part[32] = { 0 }; \
        int64_t i = 0; \
        for (; i + 32 <= n; i += 32) \
            for (int l = 0; l < 32; l++) { const T d = a[i + l] - b[i + l]; part[l] += d * d; } \
        for (; i < n; i++) { const T d = a[i] - b[i]; part[0] += d * d; } \
        for (int half = 16; half; half /= 2) \
            for (int l = 0; l < half; l++) part[l] += part[l + half]; \
        *out += (double)part[0]; \
    } \
    TP__SIMD(static, sum_f##bits, (int64_t n, const T *a, const T *b, double *out), (n, a, b, out)) \
    static TP__INLINE void each_f##bits##_body(int64_t n, const T *a, const T *b, T *y) \
    { for (int64_t i = 0; i < n; i++) { const T d = a[i] - b[i]; y[i] = d * d; } } \
    TP__SIMD(static, each_f##bits, (int64_t n, const T *a, const T *b, T *y), (n, a, b, y)) \
    static TP__INLINE void dx_f##bits##_body(int64_t n, const T *dy, const T *a, const T *b, T s, T *y) \
    { \
        if (dy) for (int64_t i = 0; i < n; i++) y[i] = (a[i] - b[i]) * (s * dy[i]); \
        else for (int64_t i = 0; i < n; i++) y[i] = (a[i] - b[i]) * s; \
    } \
    TP__SIMD(static, dx_f##bits, (int64_t n, const T *dy, const T *a, const T *b, T s, T *y), (n, dy, a, b, s, y))
SQUARES(32, float)
SQUARES(64, double)

/* n <= BLOCK elements from the i-th on, as float64 or float32: where they are, or copied to `block` */
static const void *part_of(const tp_tensor *x, int64_t i, int64_t n, void *block)
{
    const char *at = (const char *)x->data + i * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    if (x->dtype == TP_F32 || x->dtype == TP_F64) return at;
    tp__cast_row(block, TP_F32, 1, at, (tp_dtype)x->dtype, 1, n);
    return block;
}

typedef struct squares { const tp_tensor *a, *b, *dy; tp_tensor *y; double scale; bool backward; } squares;      /* y = NULL: the sum alone */

/* One block: its sum, or its part of y */
static double square_block(const squares *s, int64_t i, int64_t n)
{
    _Alignas(64) float parts[4][BLOCK];
    const bool f64 = s->a->dtype == TP_F64, plain = f64 || s->a->dtype == TP_F32;
    const void *a = part_of(s->a, i, n, parts[0]), *b = part_of(s->b, i, n, parts[1]), *dy = s->dy ? part_of(s->dy, i, n, parts[2]) : NULL;
    double sum = 0;
    char *to = s->y ? (char *)s->y->data + i * (int64_t)tp_dtype_size((tp_dtype)s->y->dtype) : NULL;
    void *y = plain ? (void *)to : parts[3];
    if (!s->y) {
        if (f64) sum_f64(n, a, b, &sum);
        else sum_f32(n, a, b, &sum);
    } else if (s->backward) {
        if (f64) dx_f64(n, dy, a, b, s->scale, y);
        else dx_f32(n, dy, a, b, (float)s->scale, y);
    } else if (f64) {
        each_f64(n, a, b, y);
    } else {
        each_f32(n, a, b, y);
    }
    if (s->y && !plain) tp__cast_row(to, (tp_dtype)s->y->dtype, 1, y, TP_F32, 1, n);
    return sum;
}

typedef struct chunk_sums { const squares *s; double *sum; } chunk_sums;

static void square_chunk(void *arg, int64_t chunk)
{
    const chunk_sums *all = arg;
    const squares *s = all->s;
    const int64_t end = least(s->a->numel, (chunk + 1) * CHUNK);
    double sum = 0;
    for (int64_t i = chunk * CHUNK; i < end; i += BLOCK) sum += square_block(s, i, least(BLOCK, end - i));
    all->sum[chunk] = sum;
}

/* All blocks; their sum, in an order that the number of threads does not change */
static tp_status square_blocks(const squares *s, double *sum)
{
    const int64_t numel = s->a->numel, chunks = (numel + CHUNK - 1) / CHUNK;
    double one = 0, *sums = chunks > 1 ? tp__scratch(TP__SCRATCH_PARTIAL, (size_t)chunks * sizeof *sums) : &one;
    if (!sums) return TP_ERR_MEMORY;
    tp__parallel(chunks, numel >= PARALLEL ? tp_get_num_threads() : 1, square_chunk, &(chunk_sums){ s, sums });
    *sum = 0;
    for (int64_t c = 0; c < chunks; c++) *sum += sums[c];
    return TP_OK;
}

static tp_status mse_loss_kernel(tp__call *call)
{
    const int32_t reduction = *(const int32_t *)call->attr;
    tp_tensor *y = call->out[0];
    const squares s = { .a = call->in[0], .b = call->in[1], .y = reduction == NONE ? y : NULL };
    double sum;
    const tp_status status = square_blocks(&s, &sum);
    if (status || reduction == NONE) return status;
    if (reduction != TP_REDUCTION_SUM) sum /= (double)s.a->numel;
    tp__cast_row(y->data, (tp_dtype)y->dtype, 1, &sum, TP_F64, 1, 1);
    return TP_OK;
}

static tp_status mse_loss_backward_kernel(tp__call *call)
{
    const int32_t reduction = *(const int32_t *)call->attr;
    const tp_tensor *dy = call->in[0];
    squares s = { .a = call->in[1], .b = call->in[2], .y = call->out[0], .scale = 2, .backward = true };
    if (reduction == NONE) {
        s.dy = dy;
    } else {
        double g;
        tp__cast_row(&g, TP_F64, 1, dy->data, (tp_dtype)dy->dtype, 1, 1);
        s.scale = 2 * g;
        if (reduction != TP_REDUCTION_SUM) s.scale /= (double)s.a->numel;
    }
    double sum;
    return square_blocks(&s, &sum);
}

const tp_kernel tp__cpu_loss_pair[] = {
    { "mse_loss", mse_loss_kernel, NULL }, { "mse_loss_backward", mse_loss_backward_kernel, NULL }, { NULL, NULL, NULL },
};
