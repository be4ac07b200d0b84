/* optim_rules.c: the steps of further optimizers. A rule is a struct of its numbers, one loop over elements, and a row of the
 * table at the end; all else is written once. Operations are in PyTorch's order, and none is fused into another. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include <math.h>

#include "core/optim_rules.h"
#include "cpu/optim.h"

/* A loop computes in T and stores S; a, b and c are the states that have an element each, in the order of the lists, and NULL
 * where one is not kept. `k` begins with the rule's numbers in their order; what `prepare` adds follows. */
#define LOOP(name, S, K) \
    static TP__INLINE void name##_body(int64_t n, S *restrict w, const S *restrict grad, S *restrict a __attribute__((unused)), \
                                       S *restrict b __attribute__((unused)), S *restrict c __attribute__((unused)), const K *k)
#define SIMD(name) TP__SIMD(static, name, (int64_t n, void *w, const void *grad, void *a, void *b, void *c, const void *k), (n, w, grad, a, b, c, k))
typedef void loop_fn(int64_t n, void *w, const void *grad, void *a, void *b, void *c, const void *k);

#define EACH_DTYPE(RULE, name) \
    RULE(name##_f32, float, float, TP__F32_OF, TP__F32_TO, sqrtf, fabsf) \
    RULE(name##_f64, double, double, TP__F32_OF, TP__F32_TO, sqrt, fabs) \
    RULE(name##_f16, float, uint16_t, tp__f16_to_f32, tp__f32_to_f16, sqrtf, fabsf) \
    RULE(name##_bf16, float, uint16_t, tp__bf16_to_f32, tp__f32_to_bf16, sqrtf, fabsf) \
    static loop_fn *const name##_loops[TP_DTYPE_END] = { [TP_F32] = name##_f32, [TP_F64] = name##_f64, [TP_F16] = name##_f16, [TP_BF16] = name##_bf16 };

/* The gradient as a step takes it. */
#define GRADIENT(T, load, p) T g = sign * load(grad[i]); if (decay) g = g + weight_decay * (p)
#define GRADIENT_VALUES(T) const T sign = k->maximize != 0 ? -1 : 1, weight_decay = (T)k->weight_decay; const bool decay = k->weight_decay != 0
/* m moved to g by `weight`, from the nearer end as torch.lerp. */
#define LERP(T, m, g, weight) ((weight) < (T)0.5 ? (m) + (weight) * ((g) - (m)) : (g) - ((g) - (m)) * ((T)1 - (weight)))

/* ---- RMSprop (Hinton 2012), centered as Graves 2013: a square_avg, b momentum_buffer, c grad_avg ----------------- */

#define RMSPROP(name, T, S, load, store, root, magnitude) \
    static TP__INLINE void name##_loop(int64_t n, S *restrict w, const S *restrict grad, S *restrict a, S *restrict b, S *restrict c, \
                                       const tp__rule_rmsprop *k, const bool moves, const bool centers) \
    { \
        GRADIENT_VALUES(T); \
        const T lr = (T)-k->lr, alpha = (T)k->alpha, rest = (T)(1 - k->alpha), eps = (T)k->eps, momentum = (T)k->momentum; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]); \
            GRADIENT(T, load, p); \
            const T v = load(a[i]) * alpha + rest * g * g, old = centers ? load(c[i]) : (T)0, mean = LERP(T, old, g, rest); \
            const T size = root(centers ? v - mean * mean : v) + eps, velocity = moves ? load(b[i]) * momentum + g / size : (T)0; \
            a[i] = store(v); \
            if (centers) c[i] = store(mean); \
            if (moves) b[i] = store(velocity); \
            w[i] = store(moves ? p + lr * velocity : p + lr * g / size); \
        } \
    } \
    LOOP(name, S, tp__rule_rmsprop) \
    { \
        if (b && c) name##_loop(n, w, grad, a, b, c, k, true, true); \
        else if (b) name##_loop(n, w, grad, a, b, c, k, true, false); \
        else if (c) name##_loop(n, w, grad, a, b, c, k, false, true); \
        else name##_loop(n, w, grad, a, b, c, k, false, false); \
    } \
    SIMD(name)
EACH_DTYPE(RMSPROP, rmsprop)

/* ---- Adagrad (Duchi, Hazan & Singer 2011): a sum ----------------------------------------------------------------- */

#define ADAGRAD(name, T, S, load, store, root, magnitude) \
    LOOP(name, S, tp__rule_adagrad) \
    { \
        GRADIENT_VALUES(T); \
        const T rate = (T)-k->rate, eps = (T)k->eps; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]); \
            GRADIENT(T, load, p); \
            const T sum = load(a[i]) + g * g; \
            a[i] = store(sum); \
            w[i] = store(p + rate * g / (root(sum) + eps)); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(ADAGRAD, adagrad)

/* ---- Adam of rows, as torch.optim.SparseAdam: a exp_avg, b exp_avg_sq -------------------------------------------- */

#define SPARSE_ADAM(name, T, S, load, store, root, magnitude) \
    LOOP(name, S, tp__rule_sparse_adam) \
    { \
        const T sign = k->maximize != 0 ? -1 : 1, rate = (T)-k->rate, eps = (T)k->eps, rest1 = (T)(1 - k->beta1), rest2 = (T)(1 - k->beta2); \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]), g = sign * load(grad[i]), m0 = load(a[i]), v0 = load(b[i]); \
            const T m = m0 + (g - m0) * rest1, v = v0 + (g * g - v0) * rest2; \
            a[i] = store(m); \
            b[i] = store(v); \
            w[i] = store(p + rate * (m / (root(v) + eps))); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(SPARSE_ADAM, sparse_adam)

/* ---- Adadelta (Zeiler 2012): a square_avg, b acc_delta ----------------------------------------------------------- */

#define ADADELTA(name, T, S, load, store, root, magnitude) \
    LOOP(name, S, tp__rule_adadelta) \
    { \
        GRADIENT_VALUES(T); \
        const T lr = (T)-k->lr, rho = (T)k->rho, rest = (T)(1 - k->rho), eps = (T)k->eps; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]), before = load(b[i]); \
            GRADIENT(T, load, p); \
            const T v = load(a[i]) * rho + rest * g * g; \
            const T delta = root(before + eps) / root(v + eps) * g; \
            a[i] = store(v); \
            b[i] = store(before * rho + rest * delta * delta); \
            w[i] = store(p + lr * delta); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(ADADELTA, adadelta)

/* ---- Adamax (Kingma & Ba 2015, algorithm 2): a exp_avg, b exp_inf ------------------------------------------------ */

#define ADAMAX(name, T, S, load, store, root, magnitude) \
    LOOP(name, S, tp__rule_adamax) \
    { \
        GRADIENT_VALUES(T); \
        const T rate = (T)-k->rate, weight = (T)(1 - k->beta1), beta2 = (T)k->beta2, eps = (T)k->eps; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]), m0 = load(a[i]); \
            GRADIENT(T, load, p); \
            const T m = LERP(T, m0, g, weight), old = load(b[i]) * beta2, new = magnitude(g) + eps; \
            const T top = old > new || old != old ? old : new; \
            a[i] = store(m); \
            b[i] = store(top); \
            w[i] = store(p + rate * m / top); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(ADAMAX, adamax)

/* ---- NAdam (Dozat 2016): a exp_avg, b exp_avg_sq; scalars step and mu_product ------------------------------------ */

#define NADAM(name, T, S, load, store, root_of, magnitude) \
    LOOP(name, S, tp__rule_nadam) \
    { \
        GRADIENT_VALUES(T); \
        const T weight = (T)(1 - k->beta1), beta2 = (T)k->beta2, rest = (T)(1 - k->beta2), eps = (T)k->eps, shrink = (T)k->shrink, \
                correction = (T)k->root, of_grad = (T)k->of_grad, of_mean = (T)k->of_mean; \
        for (int64_t i = 0; i < n; i++) { \
            const T p0 = load(w[i]), m0 = load(a[i]); \
            GRADIENT(T, load, p0); \
            const T p = p0 * shrink, m = LERP(T, m0, g, weight), v = load(b[i]) * beta2 + rest * g * g; \
            const T size = root_of(v / correction) + eps; \
            a[i] = store(m); \
            b[i] = store(v); \
            w[i] = store(p + of_grad * g / size + of_mean * m / size); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(NADAM, nadam)

/* ---- RAdam (Liu et al. 2020): a exp_avg, b exp_avg_sq ------------------------------------------------------------ */

#define RADAM(name, T, S, load, store, root_of, magnitude) \
    LOOP(name, S, tp__rule_radam) \
    { \
        GRADIENT_VALUES(T); \
        const T weight = (T)(1 - k->beta1), beta2 = (T)k->beta2, rest = (T)(1 - k->beta2), eps = (T)k->eps, shrink = (T)k->shrink, lr = (T)k->lr, \
                correction = (T)k->correction, root = (T)k->root, rectified = (T)k->rectified; \
        const bool adapts = k->rectified != 0; \
        for (int64_t i = 0; i < n; i++) { \
            const T p0 = load(w[i]), m0 = load(a[i]); \
            GRADIENT(T, load, p0); \
            const T p = p0 * shrink, m = LERP(T, m0, g, weight), v = load(b[i]) * beta2 + rest * g * g; \
            T move = m / correction * lr; \
            if (adapts) move = move * (root / (root_of(v) + eps)) * rectified; \
            a[i] = store(m); \
            b[i] = store(v); \
            w[i] = store(p - move); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(RADAM, radam)

/* ---- Rprop (Riedmiller & Braun 1993): a prev, b step_size -------------------------------------------------------- */

#define RPROP(name, T, S, load, store, root_of, magnitude) \
    LOOP(name, S, tp__rule_rprop) \
    { \
        const T sign = k->maximize != 0 ? -1 : 1, minus = (T)k->minus, plus = (T)k->plus, least = (T)k->least, most = (T)k->most; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]), g = sign * load(grad[i]), agree = g * load(a[i]); \
            const T grown = load(b[i]) * (agree > 0 ? plus : agree < 0 ? minus : (T)1); \
            const T lifted = grown < least ? least : grown, size = lifted > most ? most : lifted, kept = agree < 0 ? (T)0 : g; \
            a[i] = store(kept); \
            b[i] = store(size); \
            w[i] = store(p - (kept > 0 ? size : kept < 0 ? -size : (T)0)); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(RPROP, rprop)

/* ---- ASGD (Polyak & Juditsky 1992): a ax; scalars step, eta and mu, which are of the step before ----------------- */

#define ASGD(name, T, S, load, store, root_of, magnitude) \
    LOOP(name, S, tp__rule_asgd) \
    { \
        GRADIENT_VALUES(T); \
        const T eta = (T)-k->eta, shrink = (T)(1 - k->lambd * k->eta), mu = (T)k->mu; \
        const bool averages = k->mu != 1; \
        for (int64_t i = 0; i < n; i++) { \
            const T p = load(w[i]); \
            GRADIENT(T, load, p); \
            const T moved = p * shrink + eta * g, mean = load(a[i]); \
            w[i] = store(moved); \
            a[i] = averages ? store(mean + (moved - mean) * mu) : store(moved); \
        } \
    } \
    SIMD(name)
EACH_DTYPE(ASGD, asgd)

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

typedef struct rule {
    int arrays, numbers;                               /* arrays: touched at each element */
    loop_fn *const *loops;
    void (*before)(const double *numbers, float *const *scalar);       /* once a parameter; the step is counted up before */
    void (*prepare)(void *k, const double *scalar);
    void (*after)(const double *numbers, float *const *scalar);
} rule;
typedef struct running { const rule *rule; const tp__rule_step *step; } running;

/* Of parameter i: the scalars, and the lists that have an element for each of its own. */
static void gather(const tp__rule_step *s, int64_t i, float **scalar, tp_tensor *const **array)
{
    int scalars = 0, arrays = 0;
    for (int k = 2; k < s->n_lists; k++)
        if (s->scalars >> k & 1) scalar[scalars++] = s->list[k][i]->data;
        else array[arrays++] = s->list[k];
}

static void rule_chunk(const void *attr, int64_t chunk, int64_t which, int64_t first, int64_t n)
{
    (void)chunk;
    const running *r = attr;
    const tp__rule_step *s = r->step;
    float *scalar[TP__RULE_SCALARS] = { NULL };
    tp_tensor *const *array[TP__STEP_LISTS] = { NULL };
    double k[TP__RULE_NUMBERS], value[TP__RULE_SCALARS] = { 0 };
    gather(s, which, scalar, array);
    for (int i = 0; i < r->rule->numbers; i++) k[i] = s->numbers[i];
    for (int i = 0; i < TP__RULE_SCALARS && scalar[i]; i++) value[i] = *scalar[i];
    if (r->rule->prepare) r->rule->prepare(k, value);
    r->rule->loops[s->list[0][which]->dtype](n, tp__chunk_at(s->list[0], which, first), tp__chunk_at(s->list[1], which, first),
                                             tp__chunk_at(array[0], which, first), tp__chunk_at(array[1], which, first),
                                             tp__chunk_at(array[2], which, first), k);
}

static tp_status run(const rule *r, const tp__rule_step *s)
{
    float *scalar[TP__RULE_SCALARS] = { NULL };
    tp_tensor *const *array[TP__STEP_LISTS];
    for (int64_t i = 0; i < s->n; i++) {
        gather(s, i, scalar, array);
        *scalar[0] += 1;
        if (r->before) r->before(s->numbers, scalar);
    }
    tp__over_chunks(s->list[0], s->n, r->arrays, rule_chunk, &(running){ r, s });
    for (int64_t i = 0; r->after && i < s->n; i++) {
        gather(s, i, scalar, array);
        r->after(s->numbers, scalar);
    }
    return TP_OK;
}

/* name, arrays, numbers, and what else the rule has */
#define EACH_RULE(X) \
    X(rmsprop, 4, 6, ) \
    X(adagrad, 4, 5, .prepare = tp__rule_adagrad_prepare) \
    X(sparse_adam, 4, 5, .prepare = tp__rule_sparse_adam_prepare) \
    X(adadelta, 5, 5, ) \
    X(adamax, 5, 6, .prepare = tp__rule_adamax_prepare) \
    X(nadam, 5, 8, .before = tp__rule_nadam_before, .prepare = tp__rule_nadam_prepare) \
    X(radam, 5, 7, .prepare = tp__rule_radam_prepare) \
    X(rprop, 5, 5, ) \
    X(asgd, 4, 6, .prepare = tp__rule_asgd_prepare, .after = tp__rule_asgd_after)

#define RUN(name, n_arrays, n_numbers, ...) \
    static const rule name##_rule = { .arrays = n_arrays, .numbers = n_numbers, .loops = name##_loops, __VA_ARGS__ }; \
    static tp_status name##_run(tp__call *call) { return run(&name##_rule, call->attr); }
EACH_RULE(RUN)

#define ROW(name, n_arrays, n_numbers, ...) { "fused_" #name "_", name##_run, NULL },
const tp_kernel tp__cpu_optim_rules[] = { EACH_RULE(ROW) { NULL, NULL, NULL } };
