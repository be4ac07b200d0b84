/* random_draw.c: further distributions. Element i of a draw has block i of its stream for itself, four words, and where they do not
 * suffice the same block under other seeds; all is computed in float64, by the formulas of core/draw.h.
 *
 *   exponential, geometric, log_normal, cauchy, poisson, binomial       as there
 *   bernoulli     u < p
 *   multinomial   with replacement inversion of the running sums; else the least of -ln(u_i) / p_i, as in Efraimidis & Spirakis 2006 */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include "core/convert.h"
#include "core/draw.h"
#include "core/kernel_args.h"
#include "cpu/contiguous.h"
#include "cpu/order.h"
#include "cpu/random.h"
#include "cpu/simd.h"

#include <math.h>

enum { WORDS = 4 };                                    /* of an element */

/* ---- By one formula ------------------------------------------------------------------------------------------------------------------ */

#define FORMULA(name, ATTR, B, ...) \
    static TP__INLINE void name##_values_body(int64_t n, double *y, const uint32_t *w, double a, double b, double most) \
    { \
        (void)a, (void)b, (void)most; \
        for (int64_t i = 0; i < n; i++) { \
            const double u = tp__inner_unit(w[WORDS * i], w[WORDS * i + 1]); \
            y[i] = __VA_ARGS__; \
        } \
    } \
    TP__SIMD(static, name##_values, (int64_t n, double *y, const uint32_t *w, double a, double b, double most), (n, y, w, a, b, most)) \
    static void name##_chunk(tp__call *call, int64_t first, int64_t n) \
    { \
        const ATTR *draw = call->attr; \
        uint32_t room[WORDS * TP__DRAW_CHUNK + 8]; \
        double y[TP__DRAW_CHUNK]; \
        name##_values(n, y, tp__draw_words(room, &draw->state, first * WORDS, n * WORDS), draw->a, B, tp__most_drawn(call->out[0]->dtype)); \
        tp__draw_exchange(call->out[0], first, n, y, TP_F64, true); \
    } \
    static tp_status name##_run(tp__call *call) { return tp__draw_chunks(call, name##_chunk), TP_OK; }
FORMULA(exponential, tp__single_draw, 0, tp__draw_exponential(u, a))
FORMULA(geometric, tp__single_draw, 0, tp__draw_geometric(u, a, most))
FORMULA(log_normal, tp__real_draw, draw->b, tp__draw_log_normal(u, tp__unit_double(w[WORDS * i + 2], w[WORDS * i + 3]), a, b))
FORMULA(cauchy, tp__real_draw, draw->b, tp__draw_cauchy(u, a, b))
FORMULA(bernoulli, tp__single_draw, 0, ((void)u, tp__unit_double(w[WORDS * i], w[WORDS * i + 1]) < a))

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

static TP__INLINE void none_of_body(int64_t n, double *none, const double *rate)
{
    for (int64_t i = 0; i < n; i++) none[i] = tp__exp_f64(-rate[i]);
}
TP__SIMD(static, none_of, (int64_t n, double *none, const double *rate), (n, none, rate))
static TP__INLINE void first_trials_body(int64_t n, double *k, const double *rate, const uint32_t *w)
{
    for (int64_t i = 0; i < n; i++) k[i] = tp__poisson_trial(rate[i], w[WORDS * i], w[WORDS * i + 1], w[WORDS * i + 2], w[WORDS * i + 3]);
}
TP__SIMD(static, first_trials, (int64_t n, double *k, const double *rate, const uint32_t *w), (n, k, rate, w))

/* What is said of the first trial is right of rates from 10 on, where it is made by the words of whole blocks. */
static void poisson_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp_rng_state *state = state_of(call);
    uint32_t room[WORDS * TP__DRAW_CHUNK + 8];
    double y[TP__DRAW_CHUNK], none[TP__DRAW_CHUNK], k[TP__DRAW_CHUNK];
    const uint32_t *w = tp__draw_words(room, state, first * WORDS, n * WORDS);
    int64_t small = 0;
    tp__draw_exchange(call->in[0], first, n, y, TP_F64, false);
    for (int64_t i = 0; i < n; i++) small += y[i] < 10;
    const bool tried = small < n && !(state->offset % WORDS);
    if (small) none_of(n, none, y);
    if (tried) first_trials(n, k, y, w);
    for (int64_t i = 0; i < n; i++, w += WORDS) {
        if (y[i] < 10) y[i] = tp__draw_small_poisson(y[i], none[i], tp__unit_double(w[0], w[1]));
        else if (tried && k[i] >= 0) y[i] = k[i];
        else y[i] = tp__draw_large_poisson(y[i], state->seed, state->stream, state->offset / WORDS + (uint64_t)(first + i), tried);
    }
    tp__draw_exchange(call->out[0], first, n, y, TP_F64, true);
}

static void binomial_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp_rng_state *state = state_of(call);
    uint32_t room[WORDS * TP__DRAW_CHUNK + 8];
    double y[TP__DRAW_CHUNK], p[TP__DRAW_CHUNK];
    const uint32_t *w = tp__draw_words(room, state, first * WORDS, n * WORDS);
    tp__draw_exchange(call->in[0], first, n, y, TP_F64, false);
    tp__draw_exchange(call->in[1], first, n, p, TP_F64, false);
    for (int64_t i = 0; i < n; i++, w += WORDS) 
        y[i] = tp__draw_binomial(y[i], p[i], tp__unit_double(w[0], w[1]), state->seed, state->stream, state->offset / 4 + (uint64_t)(first + i));
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

enum { BESIDE = 4 };

/* The sums within up to so many strips, side by side since each addition waits for the one before it in its strip, then what they begin with */
static double add_strips(const row *r, int64_t first, int64_t strip, double before)
{
    double part[BESIDE] = { 0 };
    for (int64_t j = 0; j < strip; j++)
        for (int s = 0; s < BESIDE; s++) {
            const int64_t i = first + s * strip + j;
            if (i >= r->n) break;
            part[s] += r->p[i];
            if (r->sums) r->sums[i] = part[s];
        }
    for (int s = 0; s < BESIDE; s++, first += strip) {
        const int64_t end = first + strip < r->n ? first + strip : r->n;
        for (int64_t i = first; i < end && r->sums; i++) r->sums[i] += before;
        before += part[s];
    }
    return before;
}

/* The running sums, if there is room for them, and what they come to, by strips as core/draw.h says. Strips of one are their own sums. */
static double add_weights(const row *r)
{
    const int64_t strip = (r->n + TP__WEIGHT_STRIPS - 1) / TP__WEIGHT_STRIPS;
    double before = 0;
    if (strip > 1) {
        for (int64_t first = 0; first < r->n; first += BESIDE * strip) before = add_strips(r, first, strip, before);
        return before;
    }
    for (int64_t i = 0; i < r->n; i++) {
        before += r->p[i];
        if (r->sums) r->sums[i] = before;
    }
    return before;
}

static TP__INLINE void count_weights_body(int64_t n, const double *p, int64_t *possible, int64_t *good)
{
    int64_t above = 0, finite = 0;
    for (int64_t i = 0; i < n; i++) {
        above += p[i] > 0;
        finite += p[i] >= 0 && p[i] < INFINITY;
    }
    *possible = above;
    *good = finite;
}
TP__SIMD(static, count_weights, (int64_t n, const double *p, int64_t *possible, int64_t *good), (n, p, possible, good))

static tp_status check_weights(const tp__call *call, const row *r, int64_t wanted, double *total)
{
    int64_t possible, good;
    count_weights(r->n, r->p, &possible, &good);
    for (int64_t i = 0; good < r->n; i++)
        if (!(r->p[i] >= 0 && r->p[i] < INFINITY)) return tp__call_fail(call, TP_ERR_NUMERIC, "weight %g is not a finite number from 0 on", r->p[i]);
    *total = add_weights(r);
    if (!possible || isinf(*total)) return tp__call_fail(call, TP_ERR_NUMERIC, "the weights of a row add up to %g", *total);
    if (possible < wanted)
        return tp__call_fail(call, TP_ERR_NUMERIC, "%lld samples are wanted, and %lld weights are above 0", (long long)wanted, (long long)possible);
    return TP_OK;
}

static double unit_at(const tp_rng_state *state, int64_t i)
{
    uint32_t w[4];
    tp__philox(state->seed, state->stream, state->offset / 4 + (uint64_t)i, w);
    return tp__inner_unit(w[0], w[1]);
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

static TP__INLINE void races_body(int64_t n, double *key, const uint32_t *w, const double *p)
{
    for (int64_t i = 0; i < n; i++) key[i] = tp__draw_race(tp__inner_unit(w[WORDS * i], w[WORDS * i + 1]), p[i]);
}
TP__SIMD(static, races, (int64_t n, double *key, const uint32_t *w, const double *p), (n, key, w, p))

static void without_replacement(const row *r, const tp__multinomial *a, int64_t *y)
{
    tp_rng_state state = a->state;
    uint32_t room[WORDS * TP__DRAW_CHUNK + 8];
    double key[TP__DRAW_CHUNK];
    int64_t m = 0;
    state.offset -= state.offset % WORDS;              /* whole blocks, as unit_at has them */
    for (int64_t first = 0; first < r->n; first += TP__DRAW_CHUNK) {
        const int64_t n = r->n - first < TP__DRAW_CHUNK ? r->n - first : TP__DRAW_CHUNK;
        races(n, key, tp__draw_words(room, &state, (r->at + first) * WORDS, n * WORDS), r->p + first);
        for (int64_t i = 0; i < n; i++) {
            if (!(r->p[first + i] > 0)) continue;
            memcpy(&r->keys[m].key, &key[i], sizeof key[i]);             /* not negative: its bits are ordered as it is */
            r->keys[m++].place = (uint64_t)(first + i);
        }
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
    double *sums = a->replacement && !status ? tp_mem_alloc(sum_bytes) : NULL, total = 0;
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
