/* optim.c: optimizer steps. One pass over memory: each element of parameter, gradient and state is read and written once, in
 * chunks that do not depend on the number of threads. Operations are in PyTorch's order, and none is fused into another. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include <math.h>

#include "cpu/optim.h"

enum { CHUNK = TP__STEP_CHUNK, PARALLEL_FROM = 1 << 14 };      /* elements */

/* Options as the loops take them, in their precision. */
#define VALUES(T) \
    typedef struct sgd_##T { T lr, momentum, keep, weight_decay, sign; bool decay, velocity, nesterov, first; } sgd_##T; \
    typedef struct adam_##T { T decay, shrink, sign, weight, beta2, weight2, root, eps, step; bool couple; } adam_##T;
VALUES(float)
VALUES(double)

/* T computes, S is stored; the arrays of a parameter do not overlap. Conditions are the same for all elements, and leave the loop. */
#define SGD(name, T, S, load, store) \
    static TP__INLINE void name##_body(int64_t n, S *restrict w, const S *restrict grad, S *restrict buffer, const sgd_##T *o) \
    { \
        const sgd_##T c = *o; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]); \
            T g = c.sign * load(grad[i]); \
            if (c.decay) g = g + c.weight_decay * p; \
            if (c.velocity) { \
                const T v = c.first ? g : load(buffer[i]) * c.momentum + c.keep * g; \
                buffer[i] = store(v); \
                g = c.nesterov ? g + c.momentum * v : v; \
            } \
            w[i] = store(p - c.lr * g); \
        } \
    } \
    TP__SIMD(static, name, (int64_t n, S *w, const S *grad, S *buffer, const sgd_##T *o), (n, w, grad, buffer, o))
SGD(sgd_f32, float, float, TP__F32_OF, TP__F32_TO)
SGD(sgd_f64, double, double, TP__F32_OF, TP__F32_TO)
SGD(sgd_f16, float, uint16_t, tp__f16_to_f32, tp__f32_to_f16)
SGD(sgd_bf16, float, uint16_t, tp__bf16_to_f32, tp__f32_to_bf16)

/* m moves to g by `weight`, from the nearer end as torch.lerp. `track`: the greatest v so far counts. */
#define ADAM(name, T, S, load, store, root_of) \
    static TP__INLINE void name##_loop(int64_t n, S *restrict w, const S *restrict grad, S *restrict mean, S *restrict square, S *restrict most, \
                                       const adam_##T c, const bool track) \
    { \
        const bool near = c.weight < (T)0.5; \
        for (int64_t i = 0; i < n; i++) { \
            const T p0 = load(w[i]), g0 = c.sign * load(grad[i]), m0 = load(mean[i]); \
            const T g = c.couple ? g0 + c.decay * p0 : g0, p = p0 * c.shrink; \
            const T m = near ? m0 + c.weight * (g - m0) : g - (g - m0) * ((T)1 - c.weight); \
            const T v = load(square[i]) * c.beta2 + c.weight2 * g * g; \
            const T before = track ? load(most[i]) : v, top = v > before ? v : v != v ? v : before; \
            mean[i] = store(m); \
            square[i] = store(v); \
            if (track) most[i] = store(top); \
            w[i] = store(p + c.step * m / (root_of(top) / c.root + c.eps)); \
        } \
    } \
    static TP__INLINE void name##_body(int64_t n, S *w, const S *grad, S *mean, S *square, S *most, const adam_##T *o) \
    { \
        if (most) name##_loop(n, w, grad, mean, square, most, *o, true); \
        else name##_loop(n, w, grad, mean, square, most, *o, false); \
    } \
    TP__SIMD(static, name, (int64_t n, S *w, const S *grad, S *mean, S *square, S *most, const adam_##T *o), (n, w, grad, mean, square, most, o))
ADAM(adam_f32, float, float, TP__F32_OF, TP__F32_TO, sqrtf)
ADAM(adam_f64, double, double, TP__F32_OF, TP__F32_TO, sqrt)
ADAM(adam_f16, float, uint16_t, tp__f16_to_f32, tp__f32_to_f16, sqrtf)
ADAM(adam_bf16, float, uint16_t, tp__bf16_to_f32, tp__f32_to_bf16, sqrtf)

/* ---- Chunks of all parameters ------------------------------------------------------------------------------------------------------ */

static int64_t chunks_of(const tp_tensor *x) { return (x->numel + CHUNK - 1) / CHUNK; }

int64_t tp__count_chunks(tp_tensor *const *params, int64_t n_params)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_params; i++) n += chunks_of(params[i]);
    return n;
}

typedef struct step { tp_tensor *const *params; int64_t n_params; tp__step_chunk_fn *run; const void *attr; } step;

/* Chunks first .. last - 1 of all, counted through the parameters. */
static void run_chunks(void *arg, int64_t first, int64_t last)
{
    const step *s = arg;
    int64_t which = 0, begin = 0;
    for (int64_t c = first; c < last; c++) {
        while (which < s->n_params && c >= begin + chunks_of(s->params[which])) begin += chunks_of(s->params[which++]);
        const int64_t from = (c - begin) * CHUNK, rest = s->params[which]->numel - from;
        s->run(s->attr, c, which, from, rest < CHUNK ? rest : CHUNK);
    }
}

void tp__over_chunks(tp_tensor *const *params, int64_t n_params, int arrays, tp__step_chunk_fn *run, const void *attr)
{
    const int64_t chunks = tp__count_chunks(params, n_params);
    int64_t elements = 0;
    for (int64_t i = 0; i < n_params; i++) elements += params[i]->numel;
    if (!chunks) return;
    const int threads = elements >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    tp__parallel_items(chunks, arrays * elements / chunks, threads, run_chunks, &(step){ params, n_params, run, attr });
}

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------------- */

enum { ARRAYS = 4 };
#define SGD_VALUES(T) { (T)s->lr, (T)s->momentum, (T)(1 - s->dampening), (T)s->weight_decay, s->maximize ? -1 : 1, \
                        s->weight_decay != 0, s->momentum != 0, s->nesterov, s->first }

static void sgd_chunk(const void *attr, int64_t chunk, int64_t which, int64_t first, int64_t n)
{
    (void)chunk;
    const tp__sgd_step *s = attr;
    const sgd_float single = SGD_VALUES(float);
    const sgd_double dbl = SGD_VALUES(double);
    void *w = tp__chunk_at(s->params, which, first), *buffer = tp__chunk_at(s->buffers, which, first);
    const void *g = tp__chunk_at(s->grads, which, first);
    switch (s->params[which]->dtype) {
    case TP_F32: sgd_f32(n, w, g, buffer, &single); break;
    case TP_F64: sgd_f64(n, w, g, buffer, &dbl); break;
    case TP_F16: sgd_f16(n, w, g, buffer, &single); break;
    default: sgd_bf16(n, w, g, buffer, &single); break;
    }
}

static tp_status sgd_run(tp__call *call)
{
    const tp__sgd_step *s = call->attr;
    tp__over_chunks(s->params, s->n, ARRAYS, sgd_chunk, s);
    return TP_OK;
}

#define ADAM_VALUES(T) { (T)s->weight_decay, (T)(s->decoupled ? 1 - s->lr * s->weight_decay : 1), s->maximize ? -1 : 1, (T)(1 - s->beta1), \
                         (T)s->beta2, (T)(1 - s->beta2), (T)root, (T)s->eps, (T)-(s->lr / (1 - pow(s->beta1, t))), \
                         s->weight_decay != 0 && !s->decoupled }

static void adam_chunk(const void *attr, int64_t chunk, int64_t which, int64_t first, int64_t n)
{
    (void)chunk;
    const tp__adam_step *s = attr;
    const double t = *(const float *)s->steps[which]->data, root = sqrt(1 - pow(s->beta2, t));
    const adam_float single = ADAM_VALUES(float);
    const adam_double dbl = ADAM_VALUES(double);
    void *w = tp__chunk_at(s->params, which, first), *m = tp__chunk_at(s->exp_avgs, which, first), *v = tp__chunk_at(s->exp_avg_sqs, which, first);
    void *most = tp__chunk_at(s->max_exp_avg_sqs, which, first);
    const void *g = tp__chunk_at(s->grads, which, first);
    switch (s->params[which]->dtype) {
    case TP_F32: adam_f32(n, w, g, m, v, most, &single); break;
    case TP_F64: adam_f64(n, w, g, m, v, most, &dbl); break;
    case TP_F16: adam_f16(n, w, g, m, v, most, &single); break;
    default: adam_bf16(n, w, g, m, v, most, &single); break;
    }
}

static tp_status adam_run(tp__call *call)
{
    const tp__adam_step *s = call->attr;
    for (int64_t i = 0; i < s->n; i++) *(float *)s->steps[i]->data += 1;
    tp__over_chunks(s->params, s->n, ARRAYS, adam_chunk, s);
    return TP_OK;
}

const tp_kernel tp__cpu_optim[] = { { "fused_sgd_", sgd_run, NULL }, { "fused_adam_", adam_run, NULL }, { NULL, NULL, NULL } };
