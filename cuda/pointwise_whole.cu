/* pointwise_whole.cu: divisors and multiples of integers, the next of the real numbers, angles, and the parts of a number. */
#include "cuda/pointwise.cuh"
#include "core/rows/whole.h"

#define WHOLE(name) \
    TP__LOOP(name##_I64, int64_t, T, 2, TP__NO_ATTR, tp__##name(a, b)) TP__KERNEL(name, 2, tpc_no_loop, tpc_no_loop, tpc_rare<name##_I64>, 0, false, 0)
WHOLE(gcd)
WHOLE(lcm)

/* ---- nextafter ------------------------------------------------------------------------------------------------------------------------------ */

TP__REAL2(nextafter_wide, nextafterf(a, b), ::nextafter(a, b))

/* Of 16-bit floats, by their bits: the numbers of one sign follow each other as integers do. `infinity` has the bits of the exponent. */
TPC_DEVICE unsigned short next_narrow(unsigned short from, unsigned short to, int infinity)
{
    enum { SIGN = 0x8000, SIZE = 0x7fff };
    const int a = from & SIZE, b = to & SIZE, quiet = ((infinity >> 1) & ~infinity & SIZE) | infinity;
    if (a > infinity) return (unsigned short)(from | quiet);
    if (b > infinity) return (unsigned short)(to | quiet);
    if (from == to || !(a | b)) return to;
    if (!a) return (unsigned short)((to & SIGN) | 1);
    const bool grows = (from & SIGN) == (to & SIGN) && b > a;
    return (unsigned short)(from + (grows ? 1 : -1));
}
TPC_DEVICE float next_half(float a, float b)
{
    return __half2float(__ushort_as_half(next_narrow(__half_as_ushort(__float2half_rn(a)), __half_as_ushort(__float2half_rn(b)), 0x7c00)));
}
TPC_DEVICE float next_bfloat16(float a, float b)
{
    const unsigned short from = __bfloat16_as_ushort(__float2bfloat16_rn(a)), to = __bfloat16_as_ushort(__float2bfloat16_rn(b));
    return __bfloat162float(__ushort_as_bfloat16(next_narrow(from, to, 0x7f80)));
}
#define NARROW(name, expression) \
    TP__LOOP(name##_F32, float, T, 2, TP__NO_ATTR, expression) TP__KERNEL(name, 2, tpc_rare<name##_F32>, tpc_no_loop, tpc_no_loop, 0, false, 0)
NARROW(nextafter_half, next_half(a, b))
NARROW(nextafter_bfloat16, next_bfloat16(a, b))

static tp_status nextafter_run(tp__call *call)
{
    const int dtype = (int)(uintptr_t)tpc_scratch_of(call);
    return dtype == TP_F16 ? nextafter_half_run(call) : dtype == TP_BF16 ? nextafter_bfloat16_run(call) : nextafter_wide_run(call);
}

#define ANGLE(pi) a != a ? a : a < 0 ? pi : 0
TP__REAL1(angle, ANGLE(3.14159265f), ANGLE(3.14159265358979323846))

/* ---- frexp: two outputs ------------------------------------------------------------------------------------------------------------------------ */

static __global__ void __launch_bounds__(TPC_BLOCK) parts_of(void *mantissa, int32_t *exponent, const void *x, int dtype, const tpc_walk walk)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[3];
        tpc_offsets(walk, i, at);
        const double v = tpc_load<double>(x, dtype, at[2]);
        int e = 0;
        tpc_store(mantissa, dtype, at[0], isfinite(v) ? ::frexp(v, &e) : v);
        exponent[at[1]] = e;
    }
}

static tp_status frexp_run(tp__call *call)
{
    tpc_array x, m, e;
    tpc_in(call, 0, &x);
    tpc_out(call, 0, &m);
    tpc_out(call, 1, &e);
    if (!m.numel) return TP_OK;
    const tpc_array *const others[] = { &e, &x };
    tpc_walk walk;
    tpc_walk_over(&walk, &m, others, 2);
    TPC_LAUNCH(parts_of, tpc_blocks(call, m.numel), TPC_BLOCK, 0, tpc_stream(call), m.data, (int32_t *)e.data, x.data, x.dtype, walk);
    return tpc_launched(call);
}

extern "C" const tp_kernel tp__cuda_pointwise_whole[] = {
    TP__ROW(gcd) TP__ROW(lcm) TP__ROW(nextafter) TP__ROW(angle) { "frexp", frexp_run, NULL }, { NULL, NULL, NULL }
};
