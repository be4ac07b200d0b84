/* random.c: drawing numbers, and dropout. Every number is a function of the generator's state and of its element's place in
 * row-major order, whatever the strides and threads. A draw begins at word `offset` of the stream; of it
 *
 *   uniform, normal   element i takes word i; in float64 words 2 i (the high one) and 2 i + 1
 *   normal            elements 2 j and 2 j + 1 are a pair of Box & Muller 1958:  sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v),
 *                     u in (0, 1] from the first one's words, v from the second one's
 *   integers          words 2 i and 2 i + 1, as a 64-bit fraction, times hi - lo; four words where hi - lo > 2^32. What is
 *                     more likely than it should be is so by less than 2^-32
 *   dropout           drops where word i < p 2^32
 *
 * Nothing here is contracted to a fused multiply-add: the numbers are the same bits on every machine (core/draw.h). */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
#include "core/convert.h"
#include "core/draw.h"
#include "core/kernel_args.h"
#include "core/parallel.h"
#include "cpu/random.h"
#include "cpu/simd.h"

enum { CHUNK = TP__DRAW_CHUNK, PARALLEL_FROM = 1 << 15 };            /* elements; a chunk begins at an even one */
enum { WORK = 4 * CHUNK };                             /* of a chunk, in elements moved */

/* ---- Words ----------------------------------------------------------------------------------------------------------------------- */

static TP__INLINE void blocks_body(uint32_t *out, int64_t n, uint64_t seed, uint64_t stream, uint64_t first)
{
    for (int64_t b = 0; b < n; b++) {
        uint32_t word[4];
        tp__philox(seed, stream, first + (uint64_t)b, word);
        for (int k = 0; k < 4; k++) out[4 * b + k] = word[k];
    }
}
TP__SIMD(static, blocks, (uint32_t *out, int64_t n, uint64_t seed, uint64_t stream, uint64_t first), (out, n, seed, stream, first))

const uint32_t *tp__draw_words(uint32_t *out, const tp_rng_state *state, int64_t first, int64_t n)
{
    const uint64_t at = state->offset + (uint64_t)first;
    const int64_t skip = (int64_t)(at % 4);
    blocks(out, (skip + n + 3) / 4, state->seed, state->stream, at / 4);
    return out + skip;
}

/* ---- From words to values ---------------------------------------------------------------------------------------------------------- */

static TP__INLINE void uniform_f32_body(int64_t n, float *y, const uint32_t *w, float lo, float hi)
{
    const float range = hi - lo;
    for (int64_t i = 0; i < n; i++) {
        const float v = tp__unit_float(w[i]) * range + lo;
        y[i] = v < hi ? v : lo;                        /* rounding may reach hi */
    }
}
TP__SIMD(static, uniform_f32, (int64_t n, float *y, const uint32_t *w, float lo, float hi), (n, y, w, lo, hi))

static TP__INLINE void uniform_f64_body(int64_t n, double *y, const uint32_t *w, double lo, double hi)
{
    const double range = hi - lo;
    for (int64_t i = 0; i < n; i++) {
        const double v = tp__unit_double(w[2 * i], w[2 * i + 1]) * range + lo;
        y[i] = v < hi ? v : lo;
    }
}
TP__SIMD(static, uniform_f64, (int64_t n, double *y, const uint32_t *w, double lo, double hi), (n, y, w, lo, hi))

static inline float half_to_float(tp_dtype dtype, uint16_t h) { return dtype == TP_F16 ? tp__f16_to_f32(h) : tp__bf16_to_f32(h); }
static inline uint16_t float_to_half(tp_dtype dtype, float v) { return dtype == TP_F16 ? tp__f32_to_f16(v) : tp__f32_to_bf16(v); }

/* As many bits as the dtype holds, so that rounding does not make 1 of them. */
static void uniform_half(tp_dtype dtype, int64_t n, uint16_t *y, const uint32_t *w, float lo, float hi)
{
    const int bits = dtype == TP_F16 ? 11 : 8;
    const float unit = 1.0f / (float)(1 << bits), range = hi - lo;
    for (int64_t i = 0; i < n; i++) {
        const uint16_t h = float_to_half(dtype, (float)(w[i] >> (32 - bits)) * unit * range + lo);
        y[i] = half_to_float(dtype, h) < hi ? h : float_to_half(dtype, lo);
    }
}

/* n is even. */
static TP__INLINE void normal_f32_body(int64_t n, float *y, const uint32_t *w, float mean, float std)
{
    for (int64_t i = 0; i < n; i += 2) {
        float a, b;
        tp__normal_pair_f32(w[i], w[i + 1], &a, &b);
        y[i] = a * std + mean;
        y[i + 1] = b * std + mean;
    }
}
TP__SIMD(static, normal_f32, (int64_t n, float *y, const uint32_t *w, float mean, float std), (n, y, w, mean, std))

static TP__INLINE void normal_f64_body(int64_t n, double *y, const uint32_t *w, double mean, double std)
{
    for (int64_t i = 0; i < n; i += 2) {
        double a, b;
        tp__normal_pair_f64(tp__unit_double(w[2 * i], w[2 * i + 1]) + 1.0 / 9007199254740992.0, tp__unit_double(w[2 * i + 2], w[2 * i + 3]), &a, &b);
        y[i] = a * std + mean;
        y[i + 1] = b * std + mean;
    }
}
TP__SIMD(static, normal_f64, (int64_t n, double *y, const uint32_t *w, double mean, double std), (n, y, w, mean, std))

/* floor(fraction range / 2^64) of a fraction of 64 bits */
static TP__INLINE void integers_body(int64_t n, int64_t *y, const uint32_t *w, uint64_t from, uint64_t range)
{
    for (int64_t i = 0; i < n; i++) {
        const uint64_t v = (w[2 * i] * range + (w[2 * i + 1] * range >> 32)) >> 32;
        y[i] = (int64_t)(from + v);
    }
}
TP__SIMD(static, integers, (int64_t n, int64_t *y, const uint32_t *w, uint64_t from, uint64_t range), (n, y, w, from, range))

__extension__ typedef unsigned __int128 wide;
static void wide_integers(int64_t n, int64_t *y, const uint32_t *w, uint64_t from, uint64_t range)
{
    for (int64_t i = 0; i < n; i++, w += 4) {
        const uint64_t hi = (uint64_t)w[0] << 32 | w[1], lo = (uint64_t)w[2] << 32 | w[3];
        y[i] = (int64_t)(from + (uint64_t)(((wide)hi * range + (uint64_t)((wide)lo * range >> 64)) >> 64));
    }
}

/* ---- Walking a tensor in row-major order -------------------------------------------------------------------------------------------- */

void tp__draw_exchange(const tp_tensor *x, int64_t first, int64_t n, void *buffer, tp_dtype dtype, bool store)
{
    const int last = x->ndim - 1;
    const int64_t width = last >= 0 ? x->shape[last] : 1, step = last >= 0 ? x->stride[last] : 1;
    const int64_t item = (int64_t)tp_dtype_size((tp_dtype)x->dtype), its_item = (int64_t)tp_dtype_size(dtype);
    char *at = buffer;
    while (n > 0) {
        const int64_t column = first % width, count = width - column < n ? width - column : n;
        int64_t rest = first / width, place = column * step;
        for (int d = last - 1; d >= 0; rest /= x->shape[d--]) place += rest % x->shape[d] * x->stride[d];
        char *data = (char *)x->data + place * item;
        if (store) tp__cast_row(data, (tp_dtype)x->dtype, step, at, dtype, 1, count);
        else tp__cast_row(at, dtype, 1, data, (tp_dtype)x->dtype, step, count);
        at += count * its_item;
        first += count;
        n -= count;
    }
}

typedef struct draws { tp__call *call; tp__draw_fn *run; } draws;

static void run_chunks(void *arg, int64_t chunk, int64_t last)
{
    const draws *d = arg;
    const int64_t n = d->call->out[0]->numel;
    for (; chunk < last; chunk++) {
        const int64_t first = chunk * CHUNK;
        d->run(d->call, first, n - first < CHUNK ? n - first : CHUNK);
    }
}

void tp__draw_chunks(tp__call *call, tp__draw_fn *run)
{
    const int64_t n = call->out[0]->numel;
    const int threads = n >= PARALLEL_FROM ? tp_get_num_threads() : 1;
    tp__parallel_items((n + CHUNK - 1) / CHUNK, WORK, threads, run_chunks, &(draws){ call, run });
}

/* Where a chunk's values go: the tensor's memory, or a buffer that is exchanged with it. */
static void *target(const tp_tensor *x, tp_dtype dtype, int64_t first, void *buffer)
{
    const bool direct = x->flags & TP__CONTIGUOUS && x->dtype == dtype;
    return direct ? (char *)x->data + first * (int64_t)tp_dtype_size(dtype) : buffer;
}

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------------- */

static void uniform_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp__real_draw *draw = call->attr;
    tp_tensor *x = call->out[0];
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int each = dtype == TP_F64 ? 2 : 1;
    uint32_t room[2 * CHUNK + 8];
    _Alignas(64) double buffer[CHUNK];
    const uint32_t *w = tp__draw_words(room, &draw->state, first * each, n * each);
    void *y = target(x, dtype, first, buffer);
    if (dtype == TP_F32) uniform_f32(n, y, w, (float)draw->a, (float)draw->b);
    else if (dtype == TP_F64) uniform_f64(n, y, w, draw->a, draw->b);
    else uniform_half(dtype, n, y, w, (float)draw->a, (float)draw->b);
    if (y == (void *)buffer) tp__draw_exchange(x, first, n, buffer, dtype, true);
}

static void normal_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp__real_draw *draw = call->attr;
    tp_tensor *x = call->out[0];
    const tp_dtype dtype = x->dtype == TP_F64 ? TP_F64 : TP_F32;
    const int64_t even = n + n % 2, each = dtype == TP_F64 ? 2 : 1;
    uint32_t room[2 * CHUNK + 8];
    _Alignas(64) double buffer[CHUNK];
    const uint32_t *w = tp__draw_words(room, &draw->state, first * each, even * each);
    void *y = even == n ? target(x, dtype, first, buffer) : buffer;
    if (dtype == TP_F64) normal_f64(even, y, w, draw->a, draw->b);
    else normal_f32(even, y, w, (float)draw->a, (float)draw->b);
    if (y == (void *)buffer) tp__draw_exchange(x, first, n, buffer, dtype, true);
}

static void random_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp__integer_draw *draw = call->attr;
    tp_tensor *x = call->out[0];
    const uint64_t from = (uint64_t)draw->from, range = (uint64_t)draw->to - from;
    const int each = range <= (uint64_t)1 << 32 ? 2 : 4;
    uint32_t room[4 * CHUNK + 8];
    int64_t buffer[CHUNK];
    const uint32_t *w = tp__draw_words(room, &draw->state, first * each, n * each);
    int64_t *y = target(x, TP_I64, first, buffer);
    if (each == 2) integers(n, y, w, from, range);
    else wide_integers(n, y, w, from, range);
    if (y == buffer) tp__draw_exchange(x, first, n, buffer, TP_I64, true);
}

/* Fisher & Yates, from the end: element i goes to a place from 0 to i. */
static tp_status randperm_run(tp__call *call)
{
    const tp__permutation_draw *draw = call->attr;
    tp_tensor *x = call->out[0];
    int64_t *y = x->data, at[CHUNK];
    uint32_t room[2 * CHUNK + 8];
    for (int64_t i = 0; i < x->numel; i++) y[i] = i;
    for (int64_t end = x->numel; end > 0; end -= end % CHUNK ? end % CHUNK : CHUNK) {
        const int64_t n = end % CHUNK ? end % CHUNK : CHUNK, first = end - n;
        const uint32_t *w = tp__draw_words(room, &draw->state, 2 * first, 2 * n);
        for (int64_t i = 0; i < n; i++) integers_body(1, &at[i], w + 2 * i, 0, (uint64_t)(first + i) + 1);
        for (int64_t i = end - 1; i >= first; i--) {
            const int64_t other = at[i - first], v = y[i];
            y[i] = y[other];
            y[other] = v;
        }
    }
    return TP_OK;
}

#define DROP(name, T) \
    static TP__INLINE void name##_body(int64_t n, T *y, const T *x, const uint32_t *w, uint32_t below, T scale) \
    { \
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * (w[i] < below ? 0 : scale); \
    } \
    TP__SIMD(static, name, (int64_t n, T *y, const T *x, const uint32_t *w, uint32_t below, T scale), (n, y, x, w, below, scale))
DROP(drop_f32, float)
DROP(drop_f64, double)

static void dropout_chunk(tp__call *call, int64_t first, int64_t n)
{
    const tp__dropout *drop = call->attr;
    const tp_rng_state state = { .seed = (uint64_t)drop->seed, .stream = (uint64_t)drop->stream, .offset = (uint64_t)drop->offset };
    const tp_tensor *x = call->in[0], *y = call->out[0];
    const tp_dtype dtype = x->dtype == TP_F64 ? TP_F64 : TP_F32;
    const double scale = drop->p < 1 ? 1 / (1 - drop->p) : 0, edge = drop->p * 4294967296.0;
    const uint32_t below = edge < 4294967295.0 ? (uint32_t)(edge + 0.5) : UINT32_MAX;
    uint32_t room[CHUNK + 8];
    _Alignas(64) double from[CHUNK], to[CHUNK];
    const uint32_t *w = tp__draw_words(room, &state, first, n);
    void *px = target(x, dtype, first, from), *py = target(y, dtype, first, to);
    if (px == (void *)from) tp__draw_exchange(x, first, n, from, dtype, false);
    if (dtype == TP_F64) drop_f64(n, py, px, w, below, scale);
    else drop_f32(n, py, px, w, below, (float)scale);
    if (py == (void *)to) tp__draw_exchange(y, first, n, to, dtype, true);
}

static tp_status uniform_run(tp__call *call) { return tp__draw_chunks(call, uniform_chunk), TP_OK; }
static tp_status normal_run(tp__call *call) { return tp__draw_chunks(call, normal_chunk), TP_OK; }
static tp_status random_run(tp__call *call) { return tp__draw_chunks(call, random_chunk), TP_OK; }
static tp_status dropout_run(tp__call *call) { return tp__draw_chunks(call, dropout_chunk), TP_OK; }

const tp_kernel tp__cpu_random[] = {
    { "uniform", uniform_run, NULL }, { "normal", normal_run, NULL }, { "random", random_run, NULL },
    { "randperm", randperm_run, NULL }, { "dropout", dropout_run, NULL }, { NULL, NULL, NULL },
};
