/* random.cu: drawing numbers, and dropout: the words of src/cpu/random.c, element by element, whatever the launch and the strides. All are
 * the CPU's to the bit: the formulas are core/draw.h's, and this file is compiled without contraction.
 *
 * A thread has four neighbours, so that it makes whole blocks of Philox, and both of a pair of normal numbers. */
#include "cuda/pointwise.cuh"
#include "cuda/random.cuh"

#include "core/draw.h"

enum { FOUR = 4 };

/* What is written, element i of it in row-major order at walk's i; direct: contiguous, and of packs that are aligned. */
struct target { void *data; int dtype; bool direct; tpc_walk walk; };

TPC_DEVICE int64_t place_in(const tpc_walk &walk, int64_t i)
{
    int64_t at[1];
    tpc_offsets(walk, i, at);
    return at[0];
}
template <class W> TPC_DEVICE void put_four(const target &y, int64_t first, const W (&v)[FOUR])
{
    if constexpr (sizeof(W) == sizeof(float)) {
        if (y.direct && first + FOUR <= y.walk.numel) {
            tpc_store_pack(y.data, y.dtype, first / FOUR, v);
            return;
        }
    }
    for (int k = 0; k < FOUR && first + k < y.walk.numel; k++) tpc_store(y.data, y.dtype, place_in(y.walk, first + k), v[k]);
}

static bool is_aligned(const tpc_array &x) { return x.contiguous && !((uintptr_t)x.data % (x.dtype == TP_F32 ? 16 : 8)); }
static target target_of(const tpc_array &y)
{
    target t = { y.data, y.dtype, is_aligned(y) && (y.dtype == TP_F32 || y.dtype == TP_F16 || y.dtype == TP_BF16), tpc_walk() };
    tpc_walk_rows(&t.walk, y);
    return t;
}

/* ---- uniform --------------------------------------------------------------------------------------------------------------------------------- */

/* Of a 16-bit float as many bits as it holds, so that rounding does not make 1 of them. Nothing is contracted. */
static __global__ void __launch_bounds__(TPC_BLOCK) uniform_single(TPC_GIVEN target y, TPC_GIVEN tp_rng_state state, float lo, float hi)
{
    const int bits = y.dtype == TP_F16 ? 11 : y.dtype == TP_BF16 ? 8 : 24;
    const float range = hi - lo, unit = 1.0f / (float)(1 << bits);
    for (int64_t t = tpc_first(); t * FOUR < y.walk.numel; t += tpc_step()) {
        uint32_t w[FOUR];
        float v[FOUR];
        tpc_draw(state, (uint64_t)(t * FOUR), w);
        TPC_UNROLL(4)
        for (int k = 0; k < FOUR; k++) {
            const float x = tpc_round_to(y.dtype, __fadd_rn(__fmul_rn((float)(w[k] >> (32 - bits)) * unit, range), lo));
            v[k] = x < hi ? x : lo;                    /* rounding may reach hi */
        }
        put_four(y, t * FOUR, v);
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) uniform_double(TPC_GIVEN target y, TPC_GIVEN tp_rng_state state, double lo, double hi)
{
    const double range = hi - lo;
    for (int64_t t = tpc_first(); t * FOUR < y.walk.numel; t += tpc_step()) {
        uint32_t w[2 * FOUR];
        double v[FOUR];
        tpc_draw(state, (uint64_t)(2 * t * FOUR), w);
        for (int k = 0; k < FOUR; k++) {
            const double x = __dadd_rn(__dmul_rn(tp__unit_double(w[2 * k], w[2 * k + 1]), range), lo);
            v[k] = x < hi ? x : lo;
        }
        put_four(y, t * FOUR, v);
    }
}

static tp_status uniform(tp__call *call)
{
    const tp__real_draw *draw = (const tp__real_draw *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const unsigned blocks = tpc_blocks(call, y.numel, FOUR);
    if (y.dtype == TP_F64) TPC_LAUNCH(uniform_double, blocks, TPC_BLOCK, 0, tpc_stream(call), target_of(y), tpc_state_of(call, draw->state), draw->a, draw->b);
    else TPC_LAUNCH(uniform_single, blocks, TPC_BLOCK, 0, tpc_stream(call), target_of(y), tpc_state_of(call, draw->state), (float)draw->a, (float)draw->b);
    return tpc_launched(call);
}

/* ---- normal ------------------------------------------------------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(TPC_BLOCK) normal_single(TPC_GIVEN target y, TPC_GIVEN tp_rng_state state, float mean, float std)
{
    for (int64_t t = tpc_first(); t * FOUR < y.walk.numel; t += tpc_step()) {
        uint32_t w[FOUR];
        float v[FOUR];
        tpc_draw(state, (uint64_t)(t * FOUR), w);
        tp__normal_pair_f32(w[0], w[1], &v[0], &v[1]);
        tp__normal_pair_f32(w[2], w[3], &v[2], &v[3]);
        TPC_UNROLL(4)
        for (int k = 0; k < FOUR; k++) v[k] = __fadd_rn(__fmul_rn(v[k], std), mean);
        put_four(y, t * FOUR, v);
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) normal_double(TPC_GIVEN target y, TPC_GIVEN tp_rng_state state, double mean, double std)
{
    for (int64_t t = tpc_first(); t * FOUR < y.walk.numel; t += tpc_step()) {
        uint32_t w[2 * FOUR];
        double v[FOUR];
        tpc_draw(state, (uint64_t)(2 * t * FOUR), w);
        for (int k = 0; k < FOUR; k += 2) {
            tp__normal_pair_f64(tp__unit_double(w[2 * k], w[2 * k + 1]) + 1.0 / 9007199254740992.0,
                                tp__unit_double(w[2 * k + 2], w[2 * k + 3]), &v[k], &v[k + 1]);
            v[k] = __dadd_rn(__dmul_rn(v[k], std), mean);
            v[k + 1] = __dadd_rn(__dmul_rn(v[k + 1], std), mean);
        }
        put_four(y, t * FOUR, v);
    }
}

static tp_status normal(tp__call *call)
{
    const tp__real_draw *draw = (const tp__real_draw *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const unsigned blocks = tpc_blocks(call, y.numel, FOUR);
    if (y.dtype == TP_F64) TPC_LAUNCH(normal_double, blocks, TPC_BLOCK, 0, tpc_stream(call), target_of(y), tpc_state_of(call, draw->state), draw->a, draw->b);
    else TPC_LAUNCH(normal_single, blocks, TPC_BLOCK, 0, tpc_stream(call), target_of(y), tpc_state_of(call, draw->state), (float)draw->a, (float)draw->b);
    return tpc_launched(call);
}

/* ---- Whole numbers ---------------------------------------------------------------------------------------------------------------------------------- */

/* floor(fraction range / 2^64) of a fraction of 64 bits, or where range > 2^32 of 128 */
TPC_DEVICE uint64_t below(uint64_t range, const uint32_t *w) { return (w[0] * range + (w[1] * range >> 32)) >> 32; }
TPC_DEVICE uint64_t below_wide(uint64_t range, const uint32_t *w)
{
    const uint64_t hi = (uint64_t)w[0] << 32 | w[1], lo = (uint64_t)w[2] << 32 | w[3], low = hi * range;
    return __umul64hi(hi, range) + (low + __umul64hi(lo, range) < low);
}

static __global__ void __launch_bounds__(TPC_BLOCK) whole_numbers(TPC_GIVEN target y, TPC_GIVEN tp_rng_state state, uint64_t from, uint64_t range)
{
    const int each = range <= (uint64_t)1 << 32 ? 2 : 4;
    for (int64_t i = tpc_first(); i < y.walk.numel; i += tpc_step()) {
        uint32_t w[4];
        tpc_draw(state, (uint64_t)(i * each), w);
        tpc_store(y.data, y.dtype, place_in(y.walk, i), (int64_t)(from + (each == 2 ? below(range, w) : below_wide(range, w))));
    }
}

static tp_status random(tp__call *call)
{
    const tp__integer_draw *draw = (const tp__integer_draw *)tpc_attr(call);
    tpc_array y;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const uint64_t from = (uint64_t)draw->from, range = (uint64_t)draw->to - from;
    TPC_LAUNCH(whole_numbers, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), target_of(y), tpc_state_of(call, draw->state), from, range);
    return tpc_launched(call);
}

/* ---- randperm ------------------------------------------------------------------------------------------------------------------------------------------ */

/* Fisher & Yates from the end, as on the CPU: element i is exchanged with a place from 0 to i. In rounds, after Shun et al. 2015 ("Sequential
 * random permutation, list contraction and tree contraction are highly parallel"): every exchange that is left claims its two places,
 * and those run that are the first of all at both, the greater i coming first. About 3 ln n rounds. other[i]: the place, -1 when it is done. */
static __global__ void __launch_bounds__(TPC_BLOCK) begin_exchanges(int64_t *y, int64_t *other, long long *claim, int64_t n, TPC_GIVEN tp_rng_state state)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        uint32_t w[4];
        tpc_draw(state, (uint64_t)(2 * i), w);
        y[i] = i;
        other[i] = (int64_t)below((uint64_t)i + 1, w);
        claim[i] = -1;
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) claim_places(const int64_t *other, long long *claim, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        if (other[i] < 0) continue;
        atomicMax(&claim[i], (long long)i);
        atomicMax(&claim[other[i]], (long long)i);
    }
}
/* left: how many are not done. A place that was claimed is free again after release_places. */
static __global__ void __launch_bounds__(TPC_BLOCK) exchange(int64_t *y, int64_t *other, const long long *claim, int64_t n, int *left)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) {
        const int64_t j = other[i];
        if (j < 0) continue;
        if (claim[i] != i || claim[j] != i) {
            *left = 1;
            continue;
        }
        const int64_t v = y[i];
        y[i] = y[j];
        y[j] = v;
        other[i] = -1;
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) release_places(long long *claim, int64_t n)
{
    for (int64_t i = tpc_first(); i < n; i += tpc_step()) claim[i] = -1;
}

static tp_status randperm(tp__call *call)
{
    enum { ROUNDS = 8 };                               /* between looks at what is left */
    const tp__permutation_draw *draw = (const tp__permutation_draw *)tpc_attr(call);
    tpc_array x;
    tpc_out(call, 0, &x);
    const int64_t n = x.numel;
    if (!n) return TP_OK;
    tpc_temporary room(call, (size_t)(2 * n + 1) * sizeof(int64_t));
    if (!room.data) return TP_ERR_MEMORY;
    const unsigned blocks = tpc_blocks(call, n);
    const cudaStream_t stream = tpc_stream(call);
    int64_t *const y = (int64_t *)x.data, *const other = room.as<int64_t>();
    long long *const claim = (long long *)(other + n);
    int *const left_there = (int *)(claim + n), left = 1;
    int still = left;
    TPC_LAUNCH(begin_exchanges, blocks, TPC_BLOCK, 0, stream, y, other, claim, n, tpc_state_of(call, draw->state));
    while (still) {
        for (int r = 0; r < ROUNDS; r++) {
            tp_status status = tpc_check(call, cudaMemsetAsync(left_there, 0, sizeof(int), stream), "filling with zero");
            TPC_LAUNCH(claim_places, blocks, TPC_BLOCK, 0, stream, (const int64_t *)other, claim, n);
            TPC_LAUNCH(exchange, blocks, TPC_BLOCK, 0, stream, y, other, (const long long *)claim, n, left_there);
            TPC_LAUNCH(release_places, blocks, TPC_BLOCK, 0, stream, claim, n);
            if (!status) status = tpc_launched(call);
            if (status) return status;
        }
        const tp_status status = tpc_download(call, &still, left_there, sizeof still);
        if (status) return status;
    }
    return TP_OK;
}

/* ---- dropout -------------------------------------------------------------------------------------------------------------------------------------------- */

struct dropping { tp_rng_state state; uint32_t below; double scale; };

static __global__ void __launch_bounds__(TPC_BLOCK) drop_single(TPC_GIVEN target y, TPC_GIVEN target x, TPC_GIVEN dropping d)
{
    const float scale = (float)d.scale;
    for (int64_t t = tpc_first(); t * FOUR < y.walk.numel; t += tpc_step()) {
        uint32_t w[FOUR];
        float v[FOUR];
        tpc_draw(d.state, (uint64_t)(t * FOUR), w);
        if (x.direct && t * FOUR + FOUR <= x.walk.numel) tpc_load_pack(x.data, x.dtype, t, v);
        else
            for (int k = 0; k < FOUR; k++) v[k] = t * FOUR + k < x.walk.numel ? tpc_load<float>(x.data, x.dtype, place_in(x.walk, t * FOUR + k)) : 0;
        TPC_UNROLL(4)
        for (int k = 0; k < FOUR; k++) v[k] *= w[k] < d.below ? 0 : scale;
        put_four(y, t * FOUR, v);
    }
}
static __global__ void __launch_bounds__(TPC_BLOCK) drop_double(TPC_GIVEN target y, TPC_GIVEN target x, TPC_GIVEN dropping d)
{
    for (int64_t t = tpc_first(); t * FOUR < y.walk.numel; t += tpc_step()) {
        uint32_t w[FOUR];
        tpc_draw(d.state, (uint64_t)(t * FOUR), w);
        for (int k = 0; k < FOUR && t * FOUR + k < y.walk.numel; k++)
            ((double *)y.data)[place_in(y.walk, t * FOUR + k)] = ((const double *)x.data)[place_in(x.walk, t * FOUR + k)] * (w[k] < d.below ? 0 : d.scale);
    }
}

static tp_status dropout(tp__call *call)
{
    const tp__dropout *a = (const tp__dropout *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const double edge = a->p * 4294967296.0;
    dropping d = dropping();
    d.state.seed = (uint64_t)a->seed;
    d.state.stream = (uint64_t)a->stream;
    d.state.offset = (uint64_t)a->offset;
    d.state = tpc_state_of(call, d.state);
    d.scale = a->p < 1 ? 1 / (1 - a->p) : 0;
    d.below = edge < 4294967295.0 ? (uint32_t)(edge + 0.5) : UINT32_MAX;
    const unsigned blocks = tpc_blocks(call, y.numel, FOUR);
    if (x.dtype == TP_F64) TPC_LAUNCH(drop_double, blocks, TPC_BLOCK, 0, tpc_stream(call), target_of(y), target_of(x), d);
    else TPC_LAUNCH(drop_single, blocks, TPC_BLOCK, 0, tpc_stream(call), target_of(y), target_of(x), d);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_random[] = {
    { "uniform", uniform, NULL }, { "normal", normal, NULL }, { "random", random, NULL }, { "randperm", randperm, NULL }, { "dropout", dropout, NULL },
    { NULL, NULL, NULL },
};
