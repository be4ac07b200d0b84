/* optim_norm.c: the norm of many tensors taken together, and their product with a number, each in one pass. Sums are of doubles,
 * by chunks that are joined in their order, so that the number of threads changes no bit. */
#include <math.h>

#include "cpu/optim.h"
#include "cpu/scratch.h"

/* ---- Norms of a chunk: sum |x|^p, or what stands in its place ------------------------------------------------------------------ */

enum { SQUARES, MAGNITUDES, POWERS, NONZEROS, GREATEST, LEAST, FORMS };
enum { LANES = 16 };

static int form_of(double p)
{
    return p == 2 ? SQUARES : p == 1 ? MAGNITUDES : p == 0 ? NONZEROS : p == INFINITY ? GREATEST : p == -INFINITY ? LEAST : POWERS;
}
static TP__INLINE double greater(double v, double m) { return ((v > m) | (v != v)) ? v : m; }
static TP__INLINE double lesser(double v, double m) { return ((v < m) | (v != v)) ? v : m; }
static double start_of(int form) { return form == LEAST ? INFINITY : 0; }
static double join(int form, double a, double b) { return form == GREATEST ? greater(b, a) : form == LEAST ? lesser(b, a) : a + b; }

#define PASS(each) \
    for (; i + LANES <= n; i += LANES) \
        for (int j = 0; j < LANES; j++) { const double v = fabs((double)LOAD(x[i + j])); acc[j] = each(v, acc[j]); } \
    for (; i < n; i++) { const double v = fabs((double)LOAD(x[i])); acc[0] = each(v, acc[0]); }
#define ADD_SQUARE(v, m) ((m) + (v) * (v))
#define ADD(v, m)        ((m) + (v))
#define ADD_POWER(v, m)  ((m) + pow(v, p))
#define ADD_NONZERO(v, m) ((m) + ((v) != 0))

#define NORM(name, S) \
    static TP__INLINE void name##_body(int64_t n, const S *x, int form, double p, double *out) \
    { \
        double acc[LANES], total = start_of(form); \
        int64_t i = 0; \
        for (int j = 0; j < LANES; j++) acc[j] = total; \
        switch (form) { \
        case SQUARES:    PASS(ADD_SQUARE) break; \
        case MAGNITUDES: PASS(ADD) break; \
        case NONZEROS:   PASS(ADD_NONZERO) break; \
        case GREATEST:   PASS(greater) break; \
        case LEAST:      PASS(lesser) break; \
        default:         PASS(ADD_POWER) break; \
        } \
        for (int j = 0; j < LANES; j++) total = join(form, total, acc[j]); \
        *out = total; \
    } \
    TP__SIMD(static, name, (int64_t n, const S *x, int form, double p, double *out), (n, x, form, p, out))
#define LOAD(v) (v)
NORM(norm_f32, float)
NORM(norm_f64, double)
#undef LOAD
#define LOAD(v) tp__f16_to_f32(v)
NORM(norm_f16, uint16_t)
#undef LOAD
#define LOAD(v) tp__bf16_to_f32(v)
NORM(norm_bf16, uint16_t)
#undef LOAD

typedef struct partials { const tp__norm_step *step; int form; double *of_chunk; } partials;

static void norm_chunk(const void *attr, int64_t chunk, int64_t which, int64_t first, int64_t n)
{
    const partials *s = attr;
    const void *x = tp__chunk_at(s->step->list, which, first);
    double *out = &s->of_chunk[chunk];
    switch (s->step->list[which]->dtype) {
    case TP_F32: norm_f32(n, x, s->form, s->step->p, out); break;
    case TP_F64: norm_f64(n, x, s->form, s->step->p, out); break;
    case TP_F16: norm_f16(n, x, s->form, s->step->p, out); break;
    default: norm_bf16(n, x, s->form, s->step->p, out); break;
    }
}

static double root_of(int form, double p, double sum)
{
    return form == SQUARES ? sqrt(sum) : form == POWERS ? pow(sum, 1 / p) : sum;
}
static double power_of(int form, double p, double norm)
{
    return form == SQUARES ? norm * norm : form == POWERS ? pow(norm, p) : form == NONZEROS ? norm != 0 : norm;
}
static double round_to(int dtype, double v)
{
    return dtype == TP_F64 ? v : dtype == TP_F32 ? (float)v : dtype == TP_F16 ? tp__f16_to_f32(tp__f32_to_f16((float)v))
                                                                             : tp__bf16_to_f32(tp__f32_to_bf16((float)v));
}

/* The norm of the tensors' norms, which are rounded as the tensors are. */
static tp_status total_norm(tp__call *call)
{
    const tp__norm_step *s = call->attr;
    const int form = form_of(s->p);
    const int64_t chunks = tp__count_chunks(s->list, s->n);
    double total = start_of(form), *of_chunk = tp__scratch(TP__SCRATCH_PARTIAL, (size_t)(chunks + 1) * sizeof *of_chunk);
    int64_t at = 0;
    if (!of_chunk) return TP_ERR_MEMORY;
    tp__over_chunks(s->list, s->n, 1, norm_chunk, &(partials){ s, form, of_chunk });
    for (int64_t i = 0; i < s->n; i++) {
        double sum = start_of(form);
        for (const int64_t end = at + (s->list[i]->numel + TP__STEP_CHUNK - 1) / TP__STEP_CHUNK; at < end; at++) sum = join(form, sum, of_chunk[at]);
        total = join(form, total, power_of(form, s->p, round_to(s->list[i]->dtype, root_of(form, s->p, sum))));
    }
    total = root_of(form, s->p, total);
    tp__cast_row(s->out->data, (tp_dtype)s->out->dtype, 1, &total, TP_F64, 1, 1);
    return TP_OK;
}

/* ---- The product with a number --------------------------------------------------------------------------------------------------- */

#define SCALE(name, T, S, load, store) \
    static TP__INLINE void name##_body(int64_t n, S *x, double factor) \
    { \
        const T c = (T)factor; \
        for (int64_t i = 0; i < n; i++) x[i] = store(load(x[i]) * c); \
    } \
    TP__SIMD(static, name, (int64_t n, S *x, double factor), (n, x, factor))
SCALE(scale_f32, float, float, TP__F32_OF, TP__F32_TO)
SCALE(scale_f64, double, double, TP__F32_OF, TP__F32_TO)
SCALE(scale_f16, float, uint16_t, tp__f16_to_f32, tp__f32_to_f16)
SCALE(scale_bf16, float, uint16_t, tp__bf16_to_f32, tp__f32_to_bf16)

/* The greatest of the bits without their sign tells it: those of infinity and NaN are the greatest. */
#define INFINITE(name, S, U, most) \
    static TP__INLINE void name##_body(int64_t n, const S *x, U *out) \
    { \
        U top = 0; \
        for (int64_t i = 0; i < n; i++) { \
            U u; \
            memcpy(&u, &x[i], sizeof u); \
            u &= (U)~((U)1 << (sizeof u * 8 - 1)); \
            top = u > top ? u : top; \
        } \
        *out = top >= (most); \
    } \
    TP__SIMD(static, name, (int64_t n, const S *x, U *out), (n, x, out))
INFINITE(infinite_f32, float, uint32_t, 0x7f800000u)
INFINITE(infinite_f64, double, uint64_t, 0x7ff0000000000000u)
INFINITE(infinite_f16, uint16_t, uint16_t, 0x7c00)
INFINITE(infinite_bf16, uint16_t, uint16_t, 0x7f80)

static void look_for_infinite(int dtype, int64_t n, const void *x, _Atomic bool *found)
{
    uint32_t is = 0;
    uint64_t wide = 0;
    uint16_t narrow = 0;
    switch (dtype) {
    case TP_F32: infinite_f32(n, x, &is); break;
    case TP_F64: infinite_f64(n, x, &wide); break;
    case TP_F16: infinite_f16(n, x, &narrow); break;
    default: infinite_bf16(n, x, &narrow); break;
    }
    if (is | wide | narrow) atomic_store_explicit(found, true, memory_order_relaxed);
}

typedef struct scaling { tp_tensor *const *list; double factor; _Atomic bool *found; } scaling;

static void scale_chunk(const void *attr, int64_t chunk, int64_t which, int64_t first, int64_t n)
{
    (void)chunk;
    const scaling *s = attr;
    void *x = tp__chunk_at(s->list, which, first);
    if (s->found) look_for_infinite(s->list[which]->dtype, n, x, s->found);
    switch (s->list[which]->dtype) {
    case TP_F32: scale_f32(n, x, s->factor); break;
    case TP_F64: scale_f64(n, x, s->factor); break;
    case TP_F16: scale_f16(n, x, s->factor); break;
    default: scale_bf16(n, x, s->factor); break;
    }
}

static double value_of(const tp_tensor *x)
{
    double v = 0;
    tp__cast_row(&v, TP_F64, 1, x->data, (tp_dtype)x->dtype, 1, 1);
    return v;
}

static tp_status scale(tp__call *call)
{
    const tp__scale_step *s = call->attr;
    _Atomic bool found = false;
    scaling how = { s->list, s->factor, s->found ? &found : NULL };
    if (s->norm) how.factor = s->factor / (value_of(s->norm) + 1e-6);
    if (s->scale) how.factor = 1 / value_of(s->scale);
    if (s->norm && how.factor >= 1) return TP_OK;
    tp__over_chunks(s->list, s->n, 2, scale_chunk, &how);
    if (found) *(float *)s->found->data = 1;
    return TP_OK;
}

static tp_status update_scale(tp__call *call)
{
    const tp__scale_update *u = call->attr;
    float *const scale = u->scale->data;
    int32_t *const tracker = u->tracker->data;
    if (*(const float *)u->found->data != 0) {
        *scale = (float)(*scale * u->backoff);
        *tracker = 0;
    } else if (*tracker + 1 == u->interval) {
        const float grown = (float)(*scale * u->growth);
        if (isfinite(grown)) *scale = grown;
        *tracker = 0;
    } else {
        ++*tracker;
    }
    return TP_OK;
}

const tp_kernel tp__cpu_optim_norm[] = { { "total_norm", total_norm, NULL }, { "fused_mul_", scale, NULL },
                                         { "fused_update_scale_", update_scale, NULL }, { NULL, NULL, NULL } };
