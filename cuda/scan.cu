/* scan.cu: sums, products, logarithms of sums and extremes so far, and what their gradients are made of. What cannot be joined in any other way
 * goes through one thread for each row. */
#include "cuda/scan.cuh"

enum { FORWARD = 0, BACK = 1 };

/* ---- What is scanned -------------------------------------------------------------------------------------------------------------------------- */

struct reals {
    using acc = double;
    tpc_side x, y;
    __device__ double read(int64_t at, int64_t) const { return x.dtype == TP_F32 ? ((const float *)x.data)[at] : tpc_load_any<double>(x, at); }
    __device__ void write(int64_t at, int64_t, double a) const
    {
        if (y.dtype == TP_F32) ((float *)y.data)[at] = (float)a;
        else tpc_store_any(y, at, a);
    }
};
struct integers {
    using acc = int64_t;
    tpc_side x, y;
    __device__ int64_t read(int64_t at, int64_t) const { return tpc_get<int64_t>(x, at); }
    __device__ void write(int64_t at, int64_t, int64_t a) const { tpc_set(y, at, a); }
};
TPC_DEVICE double added(double a, double b) { return a + b; }
TPC_DEVICE int64_t added(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
TPC_DEVICE double multiplied(double a, double b) { return a * b; }
TPC_DEVICE int64_t multiplied(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

template <class Of> struct scan_sum_of : Of {
    using acc = typename Of::acc;
    __device__ acc none() const { return 0; }
    __device__ acc join(acc a, acc b) const { return added(a, b); }
};
template <class Of> struct scan_product_of : Of {
    using acc = typename Of::acc;
    __device__ acc none() const { return 1; }
    __device__ acc join(acc a, acc b) const { return multiplied(a, b); }
};

static __device__ TPC_NOINLINE double add_exp(double a, double b)
{
    const double low = a < b ? a : b, high = a < b ? b : a;
    if (a != a || b != b) return a + b;
    return low == high && isinf(low) ? a : high + ::log1p(::exp(low - high));
}
struct logsum : reals {
    __device__ double none() const { return -HUGE_VAL; }
    __device__ double join(double a, double b) const { return add_exp(a, b); }
};

/* The last of equals, and of NaNs */
template <class T> struct scan_candidate { T value; int64_t k, at; };       /* k: -1: none yet; at: its offset */
template <class T> struct extreme {
    using acc = scan_candidate<T>;
    tpc_side x, y;
    int64_t *places;
    int size;
    bool least;
    __device__ acc none() const { return acc{ 0, -1, 0 }; }
    __device__ acc read(int64_t at, int64_t k) const { return acc{ tpc_load_any<T>(x, at), k, at }; }
    __device__ acc join(const acc &a, const acc &b) const
    {
        if (a.k < 0 || b.k < 0) return a.k < 0 ? b : a;
        return b.value != b.value || (a.value == a.value && (least ? b.value <= a.value : b.value >= a.value)) ? b : a;
    }
    __device__ void write(int64_t at, int64_t, const acc &a) const
    {
        places[at] = a.k;
        switch (size) {
        case 1: ((uint8_t *)y.data)[at] = ((const uint8_t *)x.data)[a.at]; break;
        case 2: ((uint16_t *)y.data)[at] = ((const uint16_t *)x.data)[a.at]; break;
        case 4: ((uint32_t *)y.data)[at] = ((const uint32_t *)x.data)[a.at]; break;
        default: ((uint64_t *)y.data)[at] = ((const uint64_t *)x.data)[a.at]; break;
        }
    }
};

/* y[place] = the sum of x over the run of neighbours that have this place. Places that never fall, as those of the extremes so far, have one run
 * each; of others *falls tells. */
struct scan_run { double sum; int64_t place; };        /* of what comes last; place: -1: none yet */
struct run_sums {
    using acc = scan_run;
    tpc_side y, x;
    const int64_t *places;
    int64_t n, inner;
    int *falls;
    tpc_watch watch;
    __device__ acc none() const { return acc{ 0, -1 }; }
    __device__ acc read(int64_t at, int64_t k) const
    {
        const int64_t place = places[at];
        if (place < 0 || place >= n) tpc_note_bad(watch, place, n);
        if (k && places[at - inner] > place) *falls = 1;
        return acc{ tpc_load_any<double>(x, at), place };
    }
    __device__ acc join(const acc &a, const acc &b) const
    {
        if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
        return acc{ a.place == b.place ? a.sum + b.sum : b.sum, b.place };
    }
    __device__ void write(int64_t at, int64_t k, const acc &a) const
    {
        const bool ends = k == n - 1 || places[at + inner] != a.place;
        if (ends && a.place >= 0 && a.place < n) tpc_store_any(y, at + (a.place - k) * inner, a.sum);
    }
};

/* e^(log of the sum, from the end, of |g| e^-y, plus x) for positive g less that for negative g; every step is rounded as where PyTorch
 * stores it. */
struct two_logs { double plus, minus; };
static __device__ TPC_NOINLINE double rounded_to(int dtype, double v) { return tpc_round_to(dtype, v); }
struct logsum_back {
    using acc = two_logs;
    tpc_side dx, x, g, y;
    double lowest;                                     /* of the dtype */
    __device__ acc none() const { return acc{ -HUGE_VAL, -HUGE_VAL }; }
    __device__ double term(double slope, double sum) const
    {
        const double log_g = slope > 0 ? rounded_to(dx.dtype, ::log(slope)) : slope != slope ? slope : lowest;
        return rounded_to(dx.dtype, log_g - sum);
    }
    __device__ acc read(int64_t at, int64_t) const
    {
        const double slope = tpc_load_any<double>(g, at), sum = tpc_load_any<double>(y, at);
        return acc{ term(slope, sum), term(-slope, sum) };
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ add_exp(a.plus, b.plus), add_exp(a.minus, b.minus) }; }
    __device__ void write(int64_t at, int64_t, const acc &a) const
    {
        const double v = tpc_load_any<double>(x, at);
        const double plus = ::exp(rounded_to(dx.dtype, rounded_to(dx.dtype, a.plus) + v)), minus = ::exp(rounded_to(dx.dtype, rounded_to(dx.dtype, a.minus) + v));
        tpc_store_any(dx, at, rounded_to(dx.dtype, plus) - rounded_to(dx.dtype, minus));
    }
};

/* ---- One thread for each row ------------------------------------------------------------------------------------------------------------------ */

/* y[at[k]] += x[k], where neighbours that go to one place are added up before they are rounded; done again, if places fall */
static __global__ void __launch_bounds__(TPC_BLOCK) add_at(const tpc_rows r, const tpc_side y, const tpc_side x, const int64_t *places, const int *falls)
{
    if (!*falls) return;
    for (int64_t k = tpc_first(); k < r.outer * r.inner; k += tpc_step()) {
        const int64_t base = k / r.inner * r.n * r.inner + k % r.inner;
        for (int64_t i = 0; i < r.n; i++) tpc_store(y.data, y.dtype, base + i * r.inner, 0.0);
        for (int64_t i = 0; i < r.n;) {
            const int64_t to = places[base + i * r.inner];
            const bool inside = to >= 0 && to < r.n;
            double sum = inside ? tpc_load<double>(y.data, y.dtype, base + to * r.inner) : 0;
            for (; i < r.n && places[base + i * r.inner] == to; i++) sum += tpc_load<double>(x.data, x.dtype, base + i * r.inner);
            if (inside) tpc_store(y.data, y.dtype, base + to * r.inner, sum);
        }
    }
}

template <class T> static __global__ void __launch_bounds__(TPC_BLOCK) pick(const tpc_rows r, T *y, const T *x, const int64_t *places, const tpc_watch watch)
{
    for (int64_t i = tpc_first(); i < r.outer * r.n * r.inner; i += tpc_step()) {
        int64_t place = places[i];
        if (place < 0 || place >= r.n) {
            tpc_note_bad(watch, place, r.n);
            place = 0;
        }
        y[i] = x[i / (r.n * r.inner) * (r.n * r.inner) + place * r.inner + i % r.inner];
    }
}

/* ---- Kernels --------------------------------------------------------------------------------------------------------------------------------------- */

static const char out_of_range[] = "index %lld is out of range for a dim of %lld";

/* By the output's dtype, which the input has been cast to */
template <class Real, class Whole> static tp_status run_numbers(const tp__call *call, bool back)
{
    tpc_array x, y;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    if (y.dtype == TP_BOOL) return tpc_fail(call, TP_ERR_DTYPE, "bool is not computed with");
    if (tpc_is_floating(y.dtype)) {
        Real op;
        op.x = tpc_side_of(x);
        op.y = tpc_side_of(y);
        return tpc_scan_run(call, y, back, op);
    }
    Whole op;
    op.x = tpc_side_of(x);
    op.y = tpc_side_of(y);
    return tpc_scan_run(call, y, back, op);
}
static tp_status cumsum(tp__call *call) { return run_numbers<scan_sum_of<reals>, scan_sum_of<integers>>(call, FORWARD); }
static tp_status cumsum_reversed(tp__call *call) { return run_numbers<scan_sum_of<reals>, scan_sum_of<integers>>(call, BACK); }
static tp_status cumprod(tp__call *call) { return run_numbers<scan_product_of<reals>, scan_product_of<integers>>(call, FORWARD); }

static tp_status logcumsumexp(tp__call *call)
{
    tpc_array x, y;
    logsum op;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    op.x = tpc_side_of(x);
    op.y = tpc_side_of(y);
    return tpc_scan_run(call, y, FORWARD, op);
}

static tp_status logcumsumexp_backward(tp__call *call)
{
    tpc_array g, x, y, dx;
    tpc_in(call, 0, &g);
    tpc_in(call, 1, &x);
    tpc_in(call, 2, &y);
    tpc_out(call, 0, &dx);
    const double lowest = dx.dtype == TP_F64 ? -1.79769313486231570815e+308 : dx.dtype == TP_F16 ? -65504.0 : dx.dtype == TP_BF16 ? -3.38953138925153547591e+38
                                                                                                       : -3.40282346638528859812e+38;
    return tpc_scan_run(call, dx, BACK, logsum_back{ tpc_side_of(dx), tpc_side_of(x), tpc_side_of(g), tpc_side_of(y), lowest });
}

static tp_status extremes(tp__call *call, bool least)
{
    tpc_array x, y, places;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &y);
    tpc_out(call, 1, &places);
    int64_t *const to = (int64_t *)places.data;
    if (tpc_is_floating(x.dtype)) return tpc_scan_run(call, y, FORWARD, extreme<double>{ tpc_side_of(x), tpc_side_of(y), to, tpc_size(x.dtype), least });
    return tpc_scan_run(call, y, FORWARD, extreme<int64_t>{ tpc_side_of(x), tpc_side_of(y), to, tpc_size(x.dtype), least });
}
static tp_status cummax(tp__call *call) { return extremes(call, false); }
static tp_status cummin(tp__call *call) { return extremes(call, true); }

struct real_numbers {
    using acc = double;
    static __device__ double of(double v) { return v; }
    static __device__ double read(const tpc_side &x, int64_t at) { return tpc_load<double>(x.data, x.dtype, at); }
    static __device__ void write(const tpc_side &y, int64_t at, double v) { tpc_store(y.data, y.dtype, at, v); }
    static __device__ double size(double v) { return ::fabs(v); }
    static __device__ bool is_finite(double v) { return isfinite(v); }
};
static tp_status linear_scan(tp__call *call)
{
    tpc_array x, f, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &f);
    tpc_out(call, 0, &y);
    return y.numel ? tpc_linear_run<real_numbers>(call, y, tpc_side_of(y), tpc_side_of(x), tpc_side_of(f)) : TP_OK;
}

static tp_status cummax_backward(tp__call *call)
{
    tpc_array x, places, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &places);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    tpc_temporary falls(call, sizeof(int));
    if (!falls.data) return TP_ERR_MEMORY;
    const tpc_rows r = tpc_rows_along(y, *(const int64_t *)tpc_attr(call));
    const int64_t *const at = (const int64_t *)places.data;
    tp_status status = tpc_check(call, cudaMemsetAsync(falls.data, 0, sizeof(int), tpc_stream(call)), "filling memory");
    if (!status) status = tpc_check(call, cudaMemsetAsync(y.data, 0, (size_t)(y.numel * tpc_size(y.dtype)), tpc_stream(call)), "filling memory");
    if (!status) status = tpc_scan_run(call, y, FORWARD, run_sums{ tpc_side_of(y), tpc_side_of(x), at, r.n, r.inner, falls.as<int>(), tpc_watch_for(call, TP_ERR_INDEX, out_of_range) });
    if (status) return status;
    TPC_LAUNCH(add_at, tpc_blocks(call, r.outer * r.inner), TPC_BLOCK, 0, tpc_stream(call), r, tpc_side_of(y), tpc_side_of(x), at, (const int *)falls.data);
    return tpc_launched(call);
}

static tp_status cummax_pick(tp__call *call)
{
    tpc_array x, places, y;
    tpc_in(call, 0, &x);
    tpc_in(call, 1, &places);
    tpc_out(call, 0, &y);
    if (!y.numel) return TP_OK;
    const tpc_rows r = tpc_rows_along(y, *(const int64_t *)tpc_attr(call));
    const tpc_watch watch = tpc_watch_for(call, TP_ERR_INDEX, out_of_range);
    TPC_BY_SIZE(tpc_size(x.dtype), TPC_LAUNCH(pick<T>, tpc_blocks(call, y.numel), TPC_BLOCK, 0, tpc_stream(call), r, (T *)y.data, (const T *)x.data, (const int64_t *)places.data,
                                              watch))
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_scan[] = {
    { "cumsum", cumsum, NULL }, { "cumsum_reversed", cumsum_reversed, NULL }, { "cumprod", cumprod, NULL }, { "logcumsumexp", logcumsumexp, NULL },
    { "cummax", cummax, NULL }, { "cummin", cummin, NULL }, { "logcumsumexp_backward", logcumsumexp_backward, NULL }, { "linear_scan", linear_scan, NULL },
    { "cummax_backward", cummax_backward, NULL }, { "cummax_pick", cummax_pick, NULL }, { NULL, NULL, NULL },
};
