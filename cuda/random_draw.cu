/* random_draw.cu: further distributions, by the words and the formulas of src/cpu/random_draw.c: element i of a draw has block i of its
 * stream, four words, and all is computed in float64. All are the CPU's to the bit: the formulas are core/draw.h's, and this file is compiled
 * without contraction. */
#include "cuda/order.cuh"
#include "cuda/random.cuh"

#include "core/draw.h"

enum { WORDS = 4 };
static_assert((int)TP__WEIGHT_STRIPS == (int)TPC_BLOCK, "a thread has a strip of weights");

/* ---- By one formula, or by a parameter for each element -------------------------------------------------------------------------------------- */

enum { EXPONENTIAL, GEOMETRIC, LOG_NORMAL, CAUCHY, BERNOULLI, BERNOULLI_EACH, POISSON, BINOMIAL };

/* The walk is over the elements in row-major order: of y, and of the parameters where each has its own. */
struct drawing {
    int what, dtype, x_dtype;
    void *y;
    const void *x, *x2;                                /* x2: of binomial, the probabilities */
    double a, b, most;
    tp_rng_state state;
    tpc_watch watch;
    tpc_walk walk;
};

TPC_DEVICE double large_poisson(double rate, const tp_rng_state &given, int64_t i)
{
    const tp_rng_state state = tpc_state(given);
    return tp__draw_large_poisson(rate, state.seed, state.stream, state.offset / 4 + (uint64_t)i, 0);
}

TPC_DEVICE double binomial(double n, double p, double u, const tp_rng_state &given, int64_t i)
{
    const tp_rng_state state = tpc_state(given);
    return tp__draw_binomial(n, p, u, state.seed, state.stream, state.offset / 4 + (uint64_t)i);
}

TPC_DEVICE double drawn(const drawing &d, double p, double p2, int64_t i, const uint32_t *w)
{
    const double plain = tp__unit_double(w[0], w[1]), u = tp__inner_unit(w[0], w[1]);
    switch (d.what) {
    case EXPONENTIAL: return tp__draw_exponential(u, d.a);
    case GEOMETRIC: return tp__draw_geometric(u, d.a, d.most);
    case LOG_NORMAL: return tp__draw_log_normal(u, tp__unit_double(w[2], w[3]), d.a, d.b);
    case CAUCHY: return tp__draw_cauchy(u, d.a, d.b);
    case BERNOULLI: return plain < d.a;
    case BERNOULLI_EACH: return plain < p;
    case BINOMIAL: return binomial(p, p2, plain, d.state, i);
    default: return p < 10 ? tp__draw_small_poisson(p, tp__exp_f64(-p), plain) : large_poisson(p, d.state, i);
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) draw(TPC_GIVEN drawing d)
{
    for (int64_t i = tpc_first(); i < d.walk.numel; i += tpc_step()) {
        int64_t at[3];
        uint32_t w[WORDS];
        double p = 0, p2 = 0;
        tpc_offsets(d.walk, i, at);
        tpc_draw(d.state, (uint64_t)(i * WORDS), w);
        if (d.x) p = tpc_load<double>(d.x, d.x_dtype, at[1]);
        if (d.x2) p2 = tpc_load<double>(d.x2, d.x_dtype, at[2]);
        else if (d.x && !(p >= 0 && p <= d.most)) {
            tpc_note_bad(d.watch, i, 0);
            p = 0;
        }
        tpc_store(d.y, d.dtype, at[0], drawn(d, p, p2, i, w));
    }
}

static tp_status launch(const tp__call *call, drawing &d)
{
    tpc_array y, x, x2;
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    d.y = y.data;
    d.dtype = y.dtype;
    x = x2 = y;
    tpc_temporary room(call);
    if (d.what >= BERNOULLI_EACH) {
        tpc_in(call, 0, &x);
        if (!x.on_device && !(x.data = room.data = tpc_upload(call, x.data, (size_t)tpc_size(x.dtype)))) return TP_ERR_MEMORY;
        d.x = x.data;
        d.x_dtype = x.dtype;
    } else {
        d.most = tp__most_drawn(y.dtype);
    }
    tpc_temporary room2(call);
    if (d.what == BINOMIAL) {
        tpc_in(call, 1, &x2);
        if (!x2.on_device && !(x2.data = room2.data = tpc_upload(call, x2.data, (size_t)tpc_size(x2.dtype)))) return TP_ERR_MEMORY;
        d.x2 = x2.data;
    }
    const int64_t *const stride[] = { y.stride, x.stride, x2.stride };
    tpc_walk_dims(&d.walk, y.ndim, y.shape, stride, 3);
    TPC_LAUNCH(draw, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), d);
    return tpc_launched(call);
}

static tp_status by_number(const tp__call *call, int what)
{
    const tp__single_draw *a = (const tp__single_draw *)tpc_attr(call);
    drawing d = drawing();
    d.what = what;
    d.a = a->a;
    d.state = tpc_state_of(call, a->state);
    return launch(call, d);
}
static tp_status by_two(const tp__call *call, int what)
{
    const tp__real_draw *a = (const tp__real_draw *)tpc_attr(call);
    drawing d = drawing();
    d.what = what;
    d.a = a->a;
    d.b = a->b;
    d.state = tpc_state_of(call, a->state);
    return launch(call, d);
}
static tp_status by_each(const tp__call *call, int what, double most, const char *complaint)
{
    drawing d = drawing();
    d.what = what;
    d.most = most;
    d.state = tpc_state_of(call, ((const tp__permutation_draw *)tpc_attr(call))->state);
    d.watch = tpc_watch_for(call, TP_ERR_NUMERIC, complaint);
    return launch(call, d);
}

static tp_status exponential(tp__call *call) { return by_number(call, EXPONENTIAL); }
static tp_status geometric(tp__call *call) { return by_number(call, GEOMETRIC); }
static tp_status bernoulli(tp__call *call) { return by_number(call, BERNOULLI); }
static tp_status log_normal(tp__call *call) { return by_two(call, LOG_NORMAL); }
static tp_status cauchy(tp__call *call) { return by_two(call, CAUCHY); }
static tp_status bernoulli_each(tp__call *call) { return by_each(call, BERNOULLI_EACH, 1, "the probability of element %lld is not from 0 to 1"); }
static tp_status poisson(tp__call *call) { return by_each(call, POISSON, 1e300, "the rate of element %lld is not a finite number from 0 on"); }

static tp_status binomial(tp__call *call)              /* nothing is out of range: as PyTorch */
{
    drawing d = drawing();
    d.what = BINOMIAL;
    d.state = tpc_state_of(call, ((const tp__permutation_draw *)tpc_attr(call))->state);
    return launch(call, d);
}

/* ---- Categories --------------------------------------------------------------------------------------------------------------------------------- */

/* Rows of n weights, float64. With replacement their running sums are searched; else -ln(u_i) / p_i is sorted. */
struct draw_picking {
    const double *p;
    int64_t rows, n, samples;
    tp_rng_state state;
    tpc_watch bad_weight, no_sum, too_few;
};

TPC_DEVICE double unit_at(const tp_rng_state &given, int64_t i)
{
    const tp_rng_state state = tpc_state(given);
    uint32_t w[4];
    tp__philox(state.seed, state.stream, state.offset / 4 + (uint64_t)i, w);
    return tp__inner_unit(w[0], w[1]);
}

/* A block a row: each thread adds up a strip of it, the first one their sums. Then all may write the running sums. */
static __global__ void __launch_bounds__(TPC_BLOCK) check_weights(TPC_GIVEN draw_picking c, int64_t wanted, double *sums)
{
    TPC_SHARED(double, before, [TPC_BLOCK + 1]);
    for (int64_t row = blockIdx.x; row < c.rows; row += gridDim.x) {
        const double *p = c.p + row * c.n;
        const int64_t strip = (c.n + TPC_BLOCK - 1) / TPC_BLOCK, first = threadIdx.x * strip, end = first + strip < c.n ? first + strip : c.n;
        double sum = 0;
        int64_t possible = 0;
        for (int64_t i = first; i < end; i++) {
            if (!(p[i] >= 0) || isinf(p[i])) tpc_note_bad(c.bad_weight, i, 0);
            possible += p[i] > 0;
            sum += p[i];
        }
        before[threadIdx.x + 1] = sum;
        possible = tpc_block_sum(possible);
        if (!threadIdx.x) {
            before[0] = 0;
            for (int t = 1; t <= TPC_BLOCK; t++) before[t] += before[t - 1];
            if (!possible || isinf(before[TPC_BLOCK])) tpc_note_bad(c.no_sum, row, 0);
            else if (possible < wanted) tpc_note_bad(c.too_few, wanted, possible);
        }
        __syncthreads();
        const double base = before[threadIdx.x];
        sum = 0;
        for (int64_t i = first; i < end && sums; i++) sums[row * c.n + i] = base + (sum += p[i]);
        __syncthreads();
    }
}

static __global__ void __launch_bounds__(TPC_BLOCK) pick_again(TPC_GIVEN draw_picking c, const double *sums, int64_t *y)
{
    for (int64_t t = tpc_first(); t < c.rows * c.samples; t += tpc_step()) {
        const int64_t row = t / c.samples;
        const double *s = sums + row * c.n, *p = c.p + row * c.n, v = unit_at(c.state, t) * s[c.n - 1];
        int64_t lo = 0, hi = c.n - 1;
        while (lo < hi) {                              /* the first sum above v */
            const int64_t mid = lo + (hi - lo) / 2;
            if (s[mid] > v) hi = mid;
            else lo = mid + 1;
        }
        while (lo > 0 && p[lo] == 0) lo--;             /* rounding led to the end */
        y[t] = lo;
    }
}

/* Not negative: a double's bits are ordered as it is. What cannot be drawn comes last. */
static __global__ void __launch_bounds__(TPC_BLOCK) make_keys(TPC_GIVEN draw_picking c, uint64_t *keys)
{
    for (int64_t t = tpc_first(); t < c.rows * c.n; t += tpc_step())
        keys[t] = c.p[t] > 0 ? (uint64_t)__double_as_longlong(tp__draw_race(unit_at(c.state, t), c.p[t])) : UINT64_MAX;
}
static __global__ void __launch_bounds__(TPC_BLOCK) write_first(TPC_GIVEN draw_picking c, const uint32_t *places, int64_t *y)
{
    for (int64_t t = tpc_first(); t < c.rows * c.samples; t += tpc_step()) y[t] = places[t / c.samples * c.n + t % c.samples];
}

static tp_status multinomial(tp__call *call)
{
    const tp__multinomial *a = (const tp__multinomial *)tpc_attr(call);
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const int64_t n = x.shape[x.ndim - 1], rows = x.numel / n;
    tpc_temporary weights(call, (size_t)x.numel * sizeof(double)), running(call, a->replacement ? (size_t)x.numel * sizeof(double) : 0);
    if (!weights.data || (a->replacement && !running.data)) return TP_ERR_MEMORY;
    tpc_array p = x;
    p.data = weights.data;
    p.dtype = TP_F64;
    p.contiguous = true;
    p.stride[p.ndim - 1] = 1;
    if (p.ndim > 1) p.stride[0] = n;
    const tp_status status = tpc_copy(call, &p, &x);
    if (status) return status;
    draw_picking c = draw_picking();
    c.p = weights.as<double>();
    c.rows = rows;
    c.n = n;
    c.samples = a->num_samples;
    c.state = tpc_state_of(call, a->state);
    c.bad_weight = tpc_watch_for(call, TP_ERR_NUMERIC, "weight %lld of a row is not a finite number from 0 on");
    c.no_sum = tpc_watch_for(call, TP_ERR_NUMERIC, "the weights of row %lld add up to 0 or to infinity");
    c.too_few = tpc_watch_for(call, TP_ERR_NUMERIC, "%lld samples are wanted, and %lld weights are above 0");
    const cudaStream_t stream = tpc_stream(call);
    TPC_LAUNCH(check_weights, tpc_grid(call, rows), TPC_BLOCK, 0, stream, c, a->replacement ? 1 : a->num_samples, running.as<double>());
    if (a->replacement) {
        TPC_LAUNCH(pick_again, tpc_blocks(call, y.numel), TPC_BLOCK, 0, stream, c, (const double *)running.data, (int64_t *)y.data);
        return tpc_launched(call);
    }
    tpc_order o(call, rows, n, true);
    if (!o.good()) return TP_ERR_MEMORY;
    TPC_LAUNCH(make_keys, tpc_blocks(call, x.numel), TPC_BLOCK, 0, stream, c, (uint64_t *)o.keys);
    const tp_status ordered = tpc_order_run(call, &o, 64);
    if (ordered) return ordered;
    TPC_LAUNCH(write_first, tpc_blocks(call, y.numel), TPC_BLOCK, 0, stream, c, (const uint32_t *)o.places, (int64_t *)y.data);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_random_draw[] = {
    { "exponential", exponential, NULL }, { "geometric", geometric, NULL }, { "log_normal", log_normal, NULL }, { "cauchy", cauchy, NULL },
    { "bernoulli", bernoulli, NULL }, { "bernoulli_each", bernoulli_each, NULL }, { "poisson", poisson, NULL },
    { "binomial", binomial, NULL }, { "multinomial", multinomial, NULL },
    { NULL, NULL, NULL },
};
