/* draw.h: from words of Philox to numbers of a distribution, for every backend. By basic operations, square roots and core/elementary.h alone,
 * and compiled without contraction wherever it is used, so that a draw is the same bits on the CPU and on a device. u is from (0, 1), v from [0, 1):
 *
 *   normal        sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v), a pair                    log_normal  e^(mean + std z), z the first of a pair
 *   exponential   -ln(u) / lambda                                               geometric   ceil(ln(u) / ln(1 - p))
 *   cauchy        median + sigma tan(pi (u - 1/2))
 *   poisson       inversion below 10; PTRS of Hormann 1993 ("The transformed rejection method for generating Poisson random
 *                 variables") from there on
 *   binomial      inversion where fewer than 10 successes, or failures, are expected; else BTRS of the same author ("The generation of
 *                 binomial random variates"), of the rarer of the two
 *
 * Box & Muller 1958. Of an element's four words (trials of poisson and binomial: those of its block under other seeds) the first two are u, the others v. */
#ifndef TP__DRAW_H
#define TP__DRAW_H

#include "core/elementary.h"

/* What a dtype holds, of whole numbers that a double tells apart */
static inline double tp__most_drawn(int dtype)
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

/* In (0, 1): what rounds to 1 is the last number below */
TP__STRAIGHT double tp__inner_unit(uint32_t hi, uint32_t lo)
{
    const double u = tp__unit_double(hi, lo) + 0x1p-54;
    return u < 1.0 ? u : 1.0 - 0x1p-53;
}

/* ---- By one formula ------------------------------------------------------------------------------------------------------------------ */

/* sin and cos of a quarter turn times q + f, |f| <= 1/2; polynomials after Cephes (S. Moshier, sinf.c). */
TP__STRAIGHT void tp__normal_pair_f32(uint32_t wu, uint32_t wv, float *a, float *b)
{
    const float u = ((float)wu + 0.5f) * 2.3283064365386963e-10f;         /* 2^-32 */
    const float r = sqrtf(-2.0f * tp__log_f32(u));
    const uint32_t q = (wv + 0x20000000u) >> 30;
    const float t = (float)(int32_t)(wv - (q << 30)) * 1.4629180792671596e-9f;       /* pi / 2 / 2^30 */
    const float z = t * t;
    float s = -1.9515295891e-4f, c = 2.443315711809948e-5f;
    s = s * z + 8.3321608736e-3f;
    s = s * z - 1.6666654611e-1f;
    s = s * z * t + t;
    c = c * z - 1.388731625493765e-3f;
    c = c * z + 4.166664568298827e-2f;
    c = c * z * z - 0.5f * z + 1.0f;
    const float x = q & 1 ? s : c, y = q & 1 ? c : s;
    *a = r * ((q + 1) & 2 ? -x : x);
    *b = r * (q & 2 ? -y : y);
}

/* u in (0, 1] */
TP__STRAIGHT void tp__normal_pair_f64(double u, double v, double *a, double *b)
{
    const double r = sqrt(-2.0 * tp__log_f64(u)), turn = 6.283185307179586 * v;
    *a = r * tp__cos_f64(turn);
    *b = r * tp__sin_f64(turn);
}

TP__STRAIGHT double tp__draw_exponential(double u, double lambda) { return -tp__log_f64(u) / lambda; }
/* most: what the dtype holds */
TP__STRAIGHT double tp__draw_geometric(double u, double p, double most)
{
    const double k = ceil(tp__log_f64(u) / tp__log1p_f64(-p));
    return k < 1.0 ? 1.0 : k < most ? k : most;
}
TP__STRAIGHT double tp__draw_log_normal(double u, double v, double mean, double std)
{
    return tp__exp_f64(mean + std * (sqrt(-2.0 * tp__log_f64(u)) * tp__cos_f64(6.283185307179586 * v)));
}
TP__STRAIGHT double tp__draw_cauchy(double u, double median, double sigma) { return median + sigma * tp__tan_f64(3.141592653589793 * (u - 0.5)); }

/* ---- poisson ---------------------------------------------------------------------------------------------------------------------------- */

/* Inversion: none is e^-rate, given as the first of the probabilities. u in [0, 1) */
TP__ANYWHERE static inline double tp__draw_small_poisson(double rate, double none, double u)
{
    double p = none, sum = p, k = 0;
    while (u > sum && k < 1000) {
        k++;
        p *= rate / k;
        sum += p;
    }
    return k;
}

/* ln(k!) = (x - 1/2) ln(x) - x + tail, x = k + 1, by Stirling's series, right to 2e-14 from 10 on: where k is less it is taken of x + 9, and has 9 factors
 * too many, `more`. */
typedef struct tp__stirling { double x, tail, more; int few; } tp__stirling;
TP__STRAIGHT tp__stirling tp__stirling_of(double k)
{
    const int few = k < 9.0;
    const double x = few ? k + 10.0 : k + 1.0, z = 1.0 / (x * x);
    const double tail = TP__P5(z, 8.3333333333333333e-2, -2.7777777777777778e-3, 7.9365079365079365e-4, -5.9523809523809524e-4, 8.4175084175084175e-4) / x;
    const double more = (x - 1.0) * (x - 2.0) * (x - 3.0) * (x - 4.0) * (x - 5.0) * (x - 6.0) * (x - 7.0) * (x - 8.0) * (x - 9.0);
    const tp__stirling s = { x, 0.91893853320467274 + tail, more, few };
    return s;
}

/* ln(h) <= k ln(rate) - rate - ln(k!), put so that little cancels, and one logarithm less is taken */
TP__STRAIGHT int tp__poisson_accepts(double h, double k, double rate)
{
    const tp__stirling s = tp__stirling_of(k);
    const double x = s.x, y = x * x, more = y * y * y * y * x / s.more;
    return tp__log_f64(h * sqrt(x) * (s.few ? more : 1.0)) <= k * tp__log_f64(rate / x) + (x - rate) - s.tail;
}

/* One trial by a block's words: the number, or -1 where it is rejected. rate >= 10 */
TP__STRAIGHT double tp__poisson_trial(double rate, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
    const double b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b, alpha = 1.1239 + 1.1328 / (b - 3.4), limit = 0.9277 - 3.6224 / (b - 2.0);
    const double u = tp__unit_double(w0, w1) - 0.5, v = tp__inner_unit(w2, w3), us = 0.5 - tp__abs_f64(u);
    const double k = floor((2.0 * a / us + b) * u + rate + 0.43);
    const int quick = (us >= 0.07) & (v <= limit), out = (k < 0.0) | ((us < 0.013) & (v > us));
    const int accepted = tp__poisson_accepts(v * alpha / (a / (us * us) + b), k, rate);
    return quick | ((out ^ 1) & accepted) ? k : -1.0;
}

/* Trials from number `trial` on, of which each has the block under a seed of its own */
TP__ANYWHERE static inline double tp__draw_large_poisson(double rate, uint64_t seed, uint64_t stream, uint64_t block, uint64_t trial)
{
    for (;; trial++) {
        uint32_t w[4];
        tp__philox(seed + trial * 0x9E3779B97F4A7C15u, stream, block, w);
        const double k = tp__poisson_trial(rate, w[0], w[1], w[2], w[3]);
        if (k >= 0) return k;
    }
}

/* ---- binomial --------------------------------------------------------------------------------------------------------------------------- */

TP__STRAIGHT double tp__log_factorial(double k)
{
    const tp__stirling s = tp__stirling_of(k);
    return (s.x - 0.5) * tp__log_f64(s.x) - s.x + s.tail - tp__log_f64(s.few ? s.more : 1.0);
}

/* p <= 1/2, and n p < 10: the first k for which the probabilities up to it are above u. */
TP__ANYWHERE static inline double tp__draw_small_binomial(double n, double p, double u)
{
    const double odds = p / (1.0 - p);
    double one = tp__exp_f64(n * tp__log1p_f64(-p)), sum = one, k = 0;
    while (u > sum && k < n && k < 1000) {             /* rounded, the sum may end below u */
        one *= odds * (n - k) / (k + 1.0);
        sum += one;
        k++;
    }
    return k;
}

TP__ANYWHERE static inline double tp__draw_large_binomial(double n, double p, uint64_t seed, uint64_t stream, uint64_t block)
{
    const double spread = sqrt(n * p * (1.0 - p)), b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, middle = n * p + 0.5;
    const double alpha = (2.83 + 5.1 / b) * spread, limit = 0.92 - 4.2 / b, mode = floor((n + 1.0) * p), log_odds = tp__log_f64(p / (1.0 - p));
    const double top = tp__log_factorial(mode) + tp__log_factorial(n - mode);
    for (uint64_t trial = 0;; trial++) {
        uint32_t w[4];
        tp__philox(seed + trial * 0x9E3779B97F4A7C15u, stream, block, w);
        const double u = tp__unit_double(w[0], w[1]) - 0.5, v = tp__inner_unit(w[2], w[3]), us = 0.5 - tp__abs_f64(u);
        const double k = floor((2.0 * a / us + b) * u + middle);
        if (k < 0 || k > n) continue;
        if (us >= 0.07 && v <= limit) return k;
        if (tp__log_f64(v * alpha / (a / (us * us) + b)) <= top - tp__log_factorial(k) - tp__log_factorial(n - k) + (k - mode) * log_odds) return k;
    }
}

/* As PyTorch: no successes of no trials, or of a probability below 0; a NaN among the parameters is one of the result. */
TP__ANYWHERE static inline double tp__draw_binomial(double n, double p, double u, uint64_t seed, uint64_t stream, uint64_t block)
{
    if (n != n || p != p) return n + p;
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    const double rarer = p <= 0.5 ? p : 1.0 - p;
    const double k = n * rarer < 10 ? tp__draw_small_binomial(n, rarer, u) : tp__draw_large_binomial(n, rarer, seed, stream, block);
    return p <= 0.5 ? k : n - k;
}

/* ---- multinomial -------------------------------------------------------------------------------------------------------------------------- */

/* Weights are added up by strips, as many as a block of a device has threads: strip t is ceil(n / this) of them, added one after the other, the
 * sums of strips are too, and a running sum is that before its strip plus that within it. */
enum { TP__WEIGHT_STRIPS = 256 };

/* What is least for those that are drawn without replacement (Efraimidis & Spirakis 2006) */
TP__STRAIGHT double tp__draw_race(double u, double weight) { return -tp__log_f64(u) / weight; }

#endif
