/* random_draw.c: further distributions. Element i of a draw has block i of its stream for itself, four words, and where they do not
 * suffice the same block under other seeds; all is computed in float64. With u in (0, 1) of the first two words, v of the others:
 *
 *   exponential   -ln(u) / lambda                    geometric   ceil(ln(u) / ln(1 - p))
 *   log_normal    e^(mean + std z), z by Box & Muller 1958       cauchy   median + sigma tan(pi (u - 1/2))
 *   bernoulli     u < p
 *   poisson       inversion below 10; PTRS of Hormann 1993 ("The transformed rejection method for generating Poisson random
 *                 variables") from there on
 *   binomial      inversion where fewer than 10 successes, or failures, are expected; else BTRS of the same author ("The generation of
 *                 binomial random variates"), of the rarer of the two
 *   multinomial   with replacement inversion of the running sums; else the least of -ln(u_i) / p_i, as in Efraimidis & Spirakis 2006 */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include "core/convert.h"
#include "core/kernel_args.h"
#include "core/philox.h"
#include "cpu/contiguous.h"
#include "cpu/order.h"
#include "cpu/random.h"

#include <math.h>

enum { WORDS = 4 };                                    /* of an element */

static double inner_unit(uint32_t hi, uint32_t lo) { return tp__unit_double(hi, lo) + 0x1p-54; }         /* never 0 or 1 */

static double most_of(tp_dtype dtype)                  /* what a dtype holds, of whole numbers that a double tells apart */
{
    switch (dtype) {
    case TP_I64: return 0x1p62;
    case TP_I32: return INT32_MAX;
    case TP_I16: return INT16_MAX;
    case TP_I8: return INT8_MAX;
    case TP_U8: return UINT8_MAX;
    default: return INFINITY;
    }
}

/* ---- By one formula ------------------------------------------------------------------------------------------------------------------ */

#define FORMULA(name, ATTR, ...) \
    static void name##_chunk(tp__call *call, int64_t first, int64_t n) \
    { \
        const ATTR *draw = call->attr; \
        const double a = draw->a, most = most_of((tp_dtype)call->out[0]->dtype); \
        uint32_t room[WORDS * TP__DRAW_CHUNK + 8]; \
        double y[TP__DRAW_CHUNK]; \
        const uint32_t *w = tp__draw_words(room, &draw->state, first * WORDS, n * WORDS); \
        (void)a, (void)most; \
        for (int64_t i = 0; i < n; i++, w += WORDS) { \
            const double u = inner_unit(w[0], w[1]); \
            __VA_ARGS__ \
        } \
        tp__draw_exchange(call->out[0], first, n, y, TP_F64, true); \
    } \
    static tp_status name##_run(tp__call *call) { return tp__draw_chunks(call, name##_chunk), TP_OK; }
FORMULA(exponential, tp__single_draw, y[i] = -log(u) / a;)
FORMULA(geometric, tp__single_draw, { const double k = a < 1 ? ceil(log(u) / log1p(-a)) : 1; y[i] = k < 1 ? 1 : k < most ? k : most; })
FORMULA(log_normal, tp__real_draw, y[i] = exp(a + draw->b * (sqrt(-2 * log(u)) * cos(6.283185307179586 * tp__unit_double(w[2], w[3]))));)
FORMULA(cauchy, tp__real_draw, y[i] = a + draw->b * tan(3.141592653589793 * (u - 0.5));)
FORMULA(bernoulli, tp__single_draw, y[i] = tp__unit_double(w[0], w[1]) < a; (void)u;)

/* ---- By a parameter for each element ---------------------------------------------------------------------------------------------------- */

/* in[0] are the parameters, of the shape of out[0]; all were checked. */
static const tp_rng_state *state_of(const tp__call *call) { return &((const tp__permutation_draw *)call->attr)->state; }

static void bernoulli_each_chunk(tp__call *call, int64_t first, int64_t n)
{
    uint32_t room[WORDS * TP__DRAW_CHUNK + 8];
    double y[TP__DRAW_CHUNK];
    const uint32_t *w = tp__draw_words(room, state_of(call), first * WORDS, n * WORDS);
    tp__draw_exchange(call->in[0], first, n, y, TP_F64, false);
    for (int64_t i = 0; i < n; i++, w += WORDS) y[i] = tp__unit_double(w[0], w[1]) < y[i];
    tp__draw_exchange(call->out[0], first, n, y, TP_F64, true);
}

static double small_poisson(double rate, double u)
{
    double p = exp(-rate), sum = p, k = 0;
    while (u > sum && k < 1000) {
        k++;
        p *= rate / k;
        sum += p;
    }
    return k;
}

static double large_poisson(double rate, const tp_rng_state *state, uint64_t block)
{
    const double b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b, alpha = 1.1239 + 1.1328 / (b - 3.4), limit = 0.9277 - 3.6224 / (b - 2);
    for (uint64_t trial = 0;; trial++) {
        uint32_t w[4];
        int sign;
        tp__philox(state->seed + trial * 0x9E3779B97F4A7C15u, state->stream, block, w);
        const double u = tp__unit_double(w[0], w[1]) - 0.5, v = inner_unit(w[2], w[3]), us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + rate + 0.43);
        if (us >= 0.07 && v <= limit) return k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (log(v * alpha / (a / (us * us) + b)) <= k * log(rate) - rate - lgamma_r(k + 1, &sign)) return k;
    }
}

static void poisson_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp_rng_state *state = state_of(call);
    uint32_t room[WORDS * TP__DRAW_CHUNK + 8];
    double y[TP__DRAW_CHUNK];
    const uint32_t *w = tp__draw_words(room, state, first * WORDS, n * WORDS);
    tp__draw_exchange(call->in[0], first, n, y, TP_F64, false);
    for (int64_t i = 0; i < n; i++, w += WORDS)
        y[i] = y[i] < 10 ? small_poisson(y[i], tp__unit_double(w[0], w[1])) : large_poisson(y[i], state, state->offset / 4 + (uint64_t)(first + i));
    tp__draw_exchange(call->out[0], first, n, y, TP_F64, true);
}

/* p <= 1/2, and n p < 10: the first k for which the probabilities up to it are above u. */
static double small_binomial(double n, double p, double u)
{
    const double odds = p / (1 - p);
    double one = exp(n * log1p(-p)), sum = one, k = 0;
    while (u > sum && k < n) {
        one *= odds * (n - k) / (k + 1);
        sum += one;
        k++;
    }
    return k;
}

static double large_binomial(double n, double p, const tp_rng_state *state, uint64_t block)
{
    const double spread = sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, middle = n * p + 0.5;
    const double alpha = (2.83 + 5.1 / b) * spread, limit = 0.92 - 4.2 / b, mode = floor((n + 1) * p), log_odds = log(p / (1 - p));
    int sign;
    const double top = lgamma_r(mode + 1, &sign) + lgamma_r(n - mode + 1, &sign);
    for (uint64_t trial = 0;; trial++) {
        uint32_t w[4];
        tp__philox(state->seed + trial * 0x9E3779B97F4A7C15u, state->stream, block, w);
        const double u = tp__unit_double(w[0], w[1]) - 0.5, v = inner_unit(w[2], w[3]), us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + middle);
        if (k < 0 || k > n) continue;
        if (us >= 0.07 && v <= limit) return k;
        const double bound = top - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign) + (k - mode) * log_odds;
        if (log(v * alpha / (a / (us * us) + b)) <= bound) return k;
    }
}

/* As PyTorch: no successes of no trials, or of a probability below 0; a NaN among the parameters is one of the result. */
static double binomial_of(double n, double p, double u, const tp_rng_state *state, uint64_t block)
{
    if (n != n || p != p) return NAN;
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    const double rarer = p <= 0.5 ? p : 1 - p, k = n * rarer < 10 ? small_binomial(n, rarer, u) : large_binomial(n, rarer, state, block);
    return p <= 0.5 ? k : n - k;
}

static void binomial_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp_rng_state *state = state_of(call);
    uint32_t room[WORDS * TP__DRAW_CHUNK + 8];
    double y[TP__DRAW_CHUNK], p[TP__DRAW_CHUNK];
    const uint32_t *w = tp__draw_words(room, state, first * WORDS, n * WORDS);
    tp__draw_exchange(call->in[0], first, n, y, TP_F64, false);
    tp__draw_exchange(call->in[1], first, n, p, TP_F64, false);
    for (int64_t i = 0; i < n; i++, w += WORDS) y[i] = binomial_of(y[i], p[i], tp__unit_double(w[0], w[1]), state, state->offset / 4 + (uint64_t)(first + i));
    tp__draw_exchange(call->out[0], first, n, y, TP_F64, true);
}
static tp_status binomial_run(tp__call *call) { return tp__draw_chunks(call, binomial_chunk), TP_OK; }

/* Are all parameters from 0 to `most`? */
static tp_status check_parameters(const tp__call *call, double most)
{
    const tp_tensor *x = call->in[0];
    double v[TP__DRAW_CHUNK];
    for (int64_t first = 0; first < x->numel; first += TP__DRAW_CHUNK) {
        const int64_t n = x->numel - first < TP__DRAW_CHUNK ? x->numel - first : TP__DRAW_CHUNK;
        tp__draw_exchange(x, first, n, v, TP_F64, false);
        for (int64_t i = 0; i < n; i++)
            if (!(v[i] >= 0 && v[i] <= most))
                return tp__call_fail(call, TP_ERR_NUMERIC, most == 1 ? "probability %g is not from 0 to 1" : "rate %g is not a finite number from 0 on", v[i]);
    }
    return TP_OK;
}

static tp_status bernoulli_each_run(tp__call *call)
{
    const tp_status status = check_parameters(call, 1);
    return status ? status : (tp__draw_chunks(call, bernoulli_each_chunk), TP_OK);
}

static tp_status poisson_run(tp__call *call)
{
    const tp_status status = check_parameters(call, 1e300);
    return status ? status : (tp__draw_chunks(call, poisson_chunk), TP_OK);
}

/* ---- Categories --------------------------------------------------------------------------------------------------------------------------- */

typedef struct row { const double *p; int64_t n, at; double *sums; tp__wide *keys; } row;      /* at: of its first draw */

static tp_status check_weights(const tp__call *call, const row *r, int64_t wanted, double *total)
{
    int64_t possible = 0;
    *total = 0;
    for (int64_t i = 0; i < r->n; i++) {
        if (!(r->p[i] >= 0) || isinf(r->p[i])) return tp__call_fail(call, TP_ERR_NUMERIC, "weight %g is not a finite number from 0 on", r->p[i]);
        possible += r->p[i] > 0;
        *total += r->p[i];
        if (r->sums) r->sums[i] = *total;
    }
    if (!possible || isinf(*total)) return tp__call_fail(call, TP_ERR_NUMERIC, "the weights of a row add up to %g", *total);
    if (possible < wanted)
        return tp__call_fail(call, TP_ERR_NUMERIC, "%lld samples are wanted, and %lld weights are above 0", (long long)wanted, (long long)possible);
    return TP_OK;
}

static double unit_at(const tp_rng_state *state, int64_t i)
{
    uint32_t w[4];
    tp__philox(state->seed, state->stream, state->offset / 4 + (uint64_t)i, w);
    return inner_unit(w[0], w[1]);
}

static void with_replacement(const row *r, const tp__multinomial *a, double total, int64_t *y)
{
    for (int64_t j = 0; j < a->num_samples; j++) {
        const double v = unit_at(&a->state, r->at + j) * total;
        int64_t lo = 0, hi = r->n - 1;
        while (lo < hi) {                              /* the first sum above v */
            const int64_t mid = lo + (hi - lo) / 2;
            if (r->sums[mid] > v) hi = mid;
            else lo = mid + 1;
        }
        while (lo > 0 && r->p[lo] == 0) lo--;          /* rounding led to the end */
        y[j] = lo;
    }
}

static void without_replacement(const row *r, const tp__multinomial *a, int64_t *y)
{
    int64_t m = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const double key = r->p[i] > 0 ? -log(unit_at(&a->state, r->at + i)) / r->p[i] : INFINITY;
        if (!(r->p[i] > 0)) continue;
        memcpy(&r->keys[m].key, &key, sizeof key);     /* not negative: its bits are ordered as it is */
        r->keys[m++].place = (uint64_t)i;
    }
    const tp__wide *sorted = tp__order_wide(r->keys, r->keys + r->n, m);
    for (int64_t j = 0; j < a->num_samples; j++) y[j] = (int64_t)sorted[j].place;
}

static tp_status multinomial_run(tp__call *call)
{
    const tp__multinomial *a = call->attr;
    const tp_tensor *x = call->in[0];
    tp_tensor *y = call->out[0];
    const int64_t n = x->shape[x->ndim - 1], rows = n ? x->numel / n : 0, draws = a->replacement ? a->num_samples : n;
    const size_t sum_bytes = (size_t)(n + 1) * sizeof(double), key_bytes = (size_t)(2 * n + 1) * sizeof(tp__wide);
    tp__plain p = { 0 };
    tp_status status = tp__plain_take(&p, x, TP_F64);
    double *sums = a->replacement && !status ? tp_mem_alloc(sum_bytes) : NULL, total;
    tp__wide *keys = !a->replacement && !status ? tp_mem_alloc(key_bytes) : NULL;
    if (!status && !sums && !keys) status = TP_ERR_MEMORY;
    for (int64_t i = 0; i < rows && !status; i++) {
        const row r = { (const double *)p.data + i * n, n, i * draws, sums, keys };
        int64_t *to = (int64_t *)y->data + i * a->num_samples;
        status = check_weights(call, &r, a->replacement ? 1 : a->num_samples, &total);
        if (!status && a->replacement) with_replacement(&r, a, total, to);
        else if (!status) without_replacement(&r, a, to);
    }
    tp_mem_free(sums, sum_bytes);
    tp_mem_free(keys, key_bytes);
    tp__plain_free(&p);
    return status;
}

const tp_kernel tp__cpu_random_draw[] = {
    { "exponential", exponential_run, NULL }, { "geometric", geometric_run, NULL }, { "log_normal", log_normal_run, NULL },
    { "cauchy", cauchy_run, NULL }, { "bernoulli", bernoulli_run, NULL }, { "bernoulli_each", bernoulli_each_run, NULL },
    { "poisson", poisson_run, NULL }, { "binomial", binomial_run, NULL }, { "multinomial", multinomial_run, NULL }, { NULL, NULL, NULL },
};
