/* pointwise.cuh: how an elementwise kernel is made: a row, an expression per element, as in src/cpu/pointwise.h and by the same names,
 * so that most rows are the CPU's with CUDA's functions in them:
 *
 *   TP__REAL1(sqrt, sqrtf(a), sqrt(a))                 in float32, in float64
 *   extern "C" const tp_kernel tp__cuda_pointwise[] = { TP__ROW(sqrt) .. };
 *
 * In an expression a, b, c, d, e are elements of the inputs and T is their type; it becomes the output's by a cast. An op with parameters
 * names the struct of its attributes and reads them from p:
 *
 *   TP__REAL1_WITH(leaky_relu, tp__leaky_relu, a > 0 ? a : a * (T)p.negative_slope)
 *
 * and with statements before the expression: TP__REAL(name, N, (struct, statements), in float32, in float64).
 *
 * A row becomes a kernel per type, `walk`, that takes any strides, broadcasting and dtypes: these are known at run time, so that there is
 * one of it. In float32 there is `direct` besides: it reads and writes four elements at once, where all is contiguous and of one dtype,
 * float32 or a 16-bit float. Numbers of the host are given by value. */
#ifndef TPC_POINTWISE_CUH
#define TPC_POINTWISE_CUH

#include "cuda/kernel.cuh"

struct tpc_nothing { char none; };

TPC_DEVICE double tp__number(const tp_operand &v) { return v.kind == TP_OPERAND_REAL ? v.as.real : (double)v.as.integer; }
TPC_DEVICE int64_t tp__integer(const tp_operand &v) { return v.kind == TP_OPERAND_REAL ? tpc_whole(v.as.real) : v.as.integer; }

/* ---- One element ------------------------------------------------------------------------------------------------------------------------ */

template <class F, class T, int N> TPC_DEVICE typename F::out tpc_apply(const typename F::attr &p, const T (&x)[N])
{
    if constexpr (N == 1) return F::of(p, x[0]);
    else if constexpr (N == 2) return F::of(p, x[0], x[1]);
    else if constexpr (N == 3) return F::of(p, x[0], x[1], x[2]);
    else if constexpr (N == 4) return F::of(p, x[0], x[1], x[2], x[3]);
    else return F::of(p, x[0], x[1], x[2], x[3], x[4]);
}

template <class T> TPC_DEVICE T tpc_value(const tpc_operand &x) { return sizeof(T) == sizeof(float) || T(0.5) != T(0) ? (T)x.real : (T)x.whole; }

/* Not inlined: what is rare would be most of each kernel's code. */
template <class T> static __device__ TPC_NOINLINE T tpc_load_cast(const void *x, int dtype, int via, int64_t i)
{
    double held[2];
    if (!via) return tpc_load<T>(x, dtype, i);
    if (dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16) tpc_store(held, via, 0, tpc_load<double>(x, dtype, i));
    else tpc_store(held, via, 0, tpc_load<int64_t>(x, dtype, i));
    return tpc_load<T>(held, via, 0);
}
template <class T> static __device__ TPC_NOINLINE void tpc_store_cast(void *y, int dtype, int64_t i, T v) { tpc_store(y, dtype, i, v); }

template <class T> struct tpc_dtype_of { enum { value = TP_F32 }; };
template <> struct tpc_dtype_of<double> { enum { value = TP_F64 }; };
template <> struct tpc_dtype_of<int64_t> { enum { value = TP_I64 }; };

template <class T> TPC_DEVICE T tpc_fetch(const tpc_operand &x, int64_t i)
{
    if (x.dtype == tpc_dtype_of<T>::value && !x.via) return ((const T *)x.data)[i];
    return tpc_load_cast<T>(x.data, x.dtype, x.via, i);
}
template <class T> TPC_DEVICE void tpc_leave(const tpc_operand &y, int64_t i, T v)
{
    if (y.dtype == tpc_dtype_of<T>::value) ((T *)y.data)[i] = v;
    else tpc_store_cast(y.data, y.dtype, i, v);
}
TPC_DEVICE void tpc_leave(const tpc_operand &y, int64_t i, bool v)
{
    if (y.dtype == TP_BOOL) ((uint8_t *)y.data)[i] = v;
    else tpc_store_cast(y.data, y.dtype, i, (int64_t)v);
}

/* ---- Any layout ------------------------------------------------------------------------------------------------------------------------- */

template <class F> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_pointwise_walk(TPC_GIVEN tpc_pointwise p, TPC_GIVEN typename F::attr attr)
{
    using T = typename F::T;
    for (int64_t i = tpc_first(); i < p.walk.numel; i += tpc_step()) {
        int64_t at[F::N + 1];
        T x[F::N];
        if (p.linear) for (int k = 0; k <= F::N; k++) at[k] = i;
        else tpc_offsets(p.walk, i, at);
        TPC_UNROLL(8)
        for (int k = 0; k < F::N; k++) x[k] = p.at[k + 1].is_value ? tpc_value<T>(p.at[k + 1]) : tpc_fetch<T>(p.at[k + 1], at[k + 1]);
        tpc_leave(p.at[0], at[0], tpc_apply<F>(attr, x));
    }
}

/* ---- Four at once ---------------------------------------------------------------------------------------------------------------------- */

template <int W> TPC_DEVICE void tpc_load_pack(const void *x, int storage, int64_t pack, float (&v)[W])
{
    if (storage == TP_F32) {
        const uint4 bytes = ((const uint4 *)x)[pack];
        memcpy(v, &bytes, sizeof v);
        return;
    }
    const uint2 bytes = ((const uint2 *)x)[pack];
    if (storage == TP_F16) {
        __half h[W];
        memcpy((void *)h, &bytes, sizeof h);
        TPC_UNROLL(8)
        for (int j = 0; j < W; j++) v[j] = __half2float(h[j]);
    } else {
        __nv_bfloat16 h[W];
        memcpy((void *)h, &bytes, sizeof h);
        TPC_UNROLL(8)
        for (int j = 0; j < W; j++) v[j] = __bfloat162float(h[j]);
    }
}

template <int W> TPC_DEVICE void tpc_store_pack(void *y, int storage, int64_t pack, const bool (&v)[W])
{
    (void)storage;
    TPC_UNROLL(8)
    for (int j = 0; j < W; j++) ((uint8_t *)y)[pack * W + j] = v[j];
}
template <int W> TPC_DEVICE void tpc_store_pack(void *y, int storage, int64_t pack, const float (&v)[W])
{
    if (storage == TP_F32) {
        uint4 bytes;
        memcpy(&bytes, v, sizeof bytes);
        ((uint4 *)y)[pack] = bytes;
        return;
    }
    uint2 bytes;
    if (storage == TP_F16) {
        __half h[W];
        TPC_UNROLL(8)
        for (int j = 0; j < W; j++) h[j] = __float2half_rn(v[j]);
        memcpy(&bytes, h, sizeof bytes);
    } else {
        __nv_bfloat16 h[W];
        TPC_UNROLL(8)
        for (int j = 0; j < W; j++) h[j] = __float2bfloat16_rn(v[j]);
        memcpy(&bytes, h, sizeof bytes);
    }
    ((uint2 *)y)[pack] = bytes;
}

template <class F> static __global__ void __launch_bounds__(TPC_BLOCK) tpc_pointwise_direct(TPC_GIVEN tpc_pointwise p, TPC_GIVEN typename F::attr attr)
{
    using T = typename F::T;
    enum { W = 4 };
    const int64_t packs = p.walk.numel / W;
    T x[F::N][W], one[F::N];
    typename F::out y[W];
    TPC_UNROLL(8)
    for (int k = 0; k < F::N; k++)
        for (int j = 0; j < W; j++) x[k][j] = tpc_value<T>(p.at[k + 1]);
    for (int64_t i = tpc_first(); i < packs; i += tpc_step()) {
        TPC_UNROLL(8)
        for (int k = 0; k < F::N; k++)
            if (!p.at[k + 1].is_value) tpc_load_pack(p.at[k + 1].data, p.storage, i, x[k]);
        TPC_UNROLL(8)
        for (int j = 0; j < W; j++) {
            for (int k = 0; k < F::N; k++) one[k] = x[k][j];
            y[j] = tpc_apply<F>(attr, one);
        }
        tpc_store_pack(p.at[0].data, p.storage, i, y);
    }
    const int64_t i = packs * W + tpc_first();         /* the rest, less than W of them */
    if (i >= p.walk.numel) return;
    TPC_UNROLL(8)
    for (int k = 0; k < F::N; k++) one[k] = p.at[k + 1].is_value ? tpc_value<T>(p.at[k + 1]) : tpc_fetch<T>(p.at[k + 1], i);
    tpc_leave(p.at[0], i, tpc_apply<F>(attr, one));
}

/* ---- Launching ------------------------------------------------------------------------------------------------------------------------------ */

struct tpc_no_loop {};                                 /* the row has none in this type */
template <class F> struct tpc_rare : F { enum { direct = 0 }; };        /* no kernel for 16 bytes at once: where the function takes longer */
template <class F> struct tpc_has { enum { value = 1 }; };
template <> struct tpc_has<tpc_no_loop> { enum { value = 0 }; };
template <class F32, class F64, class I64> struct tpc_loops_of {
    enum : uint32_t { dtypes = (uint32_t)tpc_has<F32>::value << TP_F32 | (uint32_t)tpc_has<F64>::value << TP_F64 | (uint32_t)tpc_has<I64>::value << TP_I64 };
};

/* given: the attributes, if they are not the call's */
template <class F> static tp_status tpc_pointwise_launch(const tp__call *call, const tpc_pointwise &p, const void *given)
{
    if constexpr (tpc_has<F>::value) {
        const cudaStream_t stream = tpc_stream(call);
        if (!given) given = tpc_attr(call);
        typename F::attr attr = typename F::attr();
        if (sizeof attr > 1 && given) memcpy(&attr, given, sizeof attr);
        if constexpr (F::direct && sizeof(typename F::T) == sizeof(float)) {
            if (p.direct) {
                TPC_LAUNCH(tpc_pointwise_direct<F>, tpc_blocks(call, p.walk.numel, 4), TPC_BLOCK, 0, stream, p, attr);
                return tpc_launched(call);
            }
        }
        TPC_LAUNCH(tpc_pointwise_walk<F>, tpc_blocks(call, p.walk.numel), TPC_BLOCK, 0, stream, p, attr);
        return tpc_launched(call);
    }
    return TP_OK;
}

template <class F32, class F64, class I64> static tp_status tpc_pointwise_go(const tp__call *call, const tpc_pointwise &p, const void *given)
{
    return p.compute == TP_F32 ? tpc_pointwise_launch<F32>(call, p, given) : p.compute == TP_F64 ? tpc_pointwise_launch<F64>(call, p, given)
                                                                                                 : tpc_pointwise_launch<I64>(call, p, given);
}

/* On the first n_in tensors of the call. The output may be one of them, and of any dtype. */
template <class F32, class F64, class I64> static tp_status tpc_pointwise_run(const tp__call *call, const tpc_loops &loops)
{
    tpc_pointwise p;
    const tp_status status = tpc_pointwise_plan(call, &loops, nullptr, &p);
    if (status || !p.walk.numel) return status;
    return tpc_pointwise_go<F32, F64, I64>(call, p, nullptr);
}

/* The same on other inputs than the call's, and to y; `given`: attributes of the loops' type that are not the call's. */
template <class F32, class F64, class I64>
static tp_status tpc_pointwise_run_on(const tp__call *call, const tpc_loops &loops, const tpc_array &y, const tpc_array *in, const void *given = nullptr)
{
    tpc_pointwise p;
    const tp_status status = tpc_pointwise_plan_on(call, &loops, &y, in, &p);
    return status || !p.walk.numel ? status : tpc_pointwise_go<F32, F64, I64>(call, p, given);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------------------------------------- */

#define TP__INLINE __device__ __forceinline__          /* of functions that core/rows/ has for every backend */
#define TPC_PARAMS1 T a
#define TPC_PARAMS2 T a, T b
#define TPC_PARAMS3 T a, T b, T c
#define TPC_PARAMS4 T a, T b, T c, T d
#define TPC_PARAMS5 T a, T b, T c, T d, T e
#define TPC_TYPE(A, ...) A
#define TPC_STATEMENTS(A, ...) __VA_ARGS__

/* A loop: TYPE it computes in, OUT (T or bool) what it gives, of N inputs. ATTR is (struct, statements). */
#define TP__LOOP(name, TYPE, OUT, N_IN, ATTR, expression) \
    struct name { \
        using T = TYPE; \
        using out = OUT; \
        using attr = TPC_TYPE ATTR; \
        enum { N = N_IN, direct = 1 }; \
        static __device__ __forceinline__ OUT of(const attr &p, TPC_PARAMS##N_IN) \
        { \
            (void)p; \
            TPC_STATEMENTS ATTR \
            return (OUT)(expression); \
        } \
    };
#define TP__NO_ATTR (tpc_nothing, )
#define TP__ATTR(A) (A, )

/* The kernel of a name, from up to three loops (tpc_no_loop where there is none). Further arguments: conditions, gives_bool, takes_number. */
#define TP__KERNEL(name, N_IN, F32, F64, I64, ...) \
    static tp_status name##_run(tp__call *call) \
    { \
        static const tpc_loops loops = { tpc_loops_of<F32, F64, I64>::dtypes, N_IN, __VA_ARGS__ }; \
        return tpc_pointwise_run<F32, F64, I64>(call, loops); \
    }
#define TP__ROW(name) { #name, name##_run, NULL },
#define TP__ROW_MANY  TP__ROW                          /* the CPU's tables tell them apart */

#define TP__REAL(name, N, ATTR, single, dbl) \
    TP__LOOP(name##_F32, float, T, N, ATTR, single) TP__LOOP(name##_F64, double, T, N, ATTR, dbl) \
    TP__KERNEL(name, N, name##_F32, name##_F64, tpc_no_loop, 0, false, 0)
#define TP__EVERY(name, N, ATTR, single, dbl, whole) \
    TP__LOOP(name##_F32, float, T, N, ATTR, single) TP__LOOP(name##_F64, double, T, N, ATTR, dbl) TP__LOOP(name##_I64, int64_t, T, N, ATTR, whole) \
    TP__KERNEL(name, N, name##_F32, name##_F64, name##_I64, 0, false, 0)

/* Of N inputs: name, expression in float32, in float64, in int64 */
#define TP__REAL1(name, single, dbl)         TP__REAL(name, 1, TP__NO_ATTR, single, dbl)
#define TP__REAL2(name, single, dbl)         TP__REAL(name, 2, TP__NO_ATTR, single, dbl)
#define TP__REAL3(name, single, dbl)         TP__REAL(name, 3, TP__NO_ATTR, single, dbl)
#define TP__EVERY1(name, single, dbl, whole) TP__EVERY(name, 1, TP__NO_ATTR, single, dbl, whole)
#define TP__EVERY2(name, single, dbl, whole) TP__EVERY(name, 2, TP__NO_ATTR, single, dbl, whole)
#define TP__EVERY3(name, single, dbl, whole) TP__EVERY(name, 3, TP__NO_ATTR, single, dbl, whole)
/* The same with the attributes p of type A */
#define TP__REAL1_WITH(name, A, single, dbl)         TP__REAL(name, 1, TP__ATTR(A), single, dbl)
#define TP__REAL2_WITH(name, A, single, dbl)         TP__REAL(name, 2, TP__ATTR(A), single, dbl)
#define TP__REAL3_WITH(name, A, single, dbl)         TP__REAL(name, 3, TP__ATTR(A), single, dbl)
#define TP__EVERY1_WITH(name, A, single, dbl, whole) TP__EVERY(name, 1, TP__ATTR(A), single, dbl, whole)
#define TP__EVERY2_WITH(name, A, single, dbl, whole) TP__EVERY(name, 2, TP__ATTR(A), single, dbl, whole)
#define TP__EVERY3_WITH(name, A, single, dbl, whole) TP__EVERY(name, 3, TP__ATTR(A), single, dbl, whole)
/* Of N inputs in float64 alone: what takes long is compiled once */
#define TP__RARE(name, N, ATTR, dbl) \
    TP__LOOP(name##_F64, double, T, N, ATTR, dbl) TP__KERNEL(name, N, tpc_no_loop, tpc_rare<name##_F64>, tpc_no_loop, 0, false, 0)
/* Of N inputs to bool */
#define TP__TEST(name, N, real, whole) \
    TP__LOOP(name##_F32, float, bool, N, TP__NO_ATTR, real) TP__LOOP(name##_F64, double, bool, N, TP__NO_ATTR, real) \
    TP__LOOP(name##_I64, int64_t, bool, N, TP__NO_ATTR, whole) TP__KERNEL(name, N, name##_F32, name##_F64, name##_I64, 0, true, 0)
#define TP__TEST1(name, real, whole) TP__TEST(name, 1, real, whole)
#define TP__TEST2(name, real, whole) TP__TEST(name, 2, real, whole)

#endif
