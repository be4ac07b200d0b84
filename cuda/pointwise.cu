/* pointwise.cu: arithmetic of two and three inputs: each op is a row, read with cuda/pointwise.cuh. int64 wraps as every narrower
 * integer does. */
#include "cuda/pointwise.cuh"

typedef uint64_t wrap;                                 /* its sums and products overflow without harm */
#define FACTOR  (tp__factor, const T factor = (T)tp__number(p.value); (void)factor;)
#define INTEGER (wrap)tp__integer(p.value)

TP__EVERY2(add, a + b, a + b, (wrap)a + (wrap)b)
TP__EVERY2(sub, a - b, a - b, (wrap)a - (wrap)b)
/* By a number in its own precision: PyTorch rounds it to 16 bits in all others, and a 0-dim tensor on the left. */
enum { BY_NUMBER = 1 << 1 };                           /* tpc_loops.takes_number */
TP__LOOP(mul_F32, float, T, 2, TP__NO_ATTR, a * b)
TP__LOOP(mul_F64, double, T, 2, TP__NO_ATTR, a * b)
TP__LOOP(mul_I64, int64_t, T, 2, TP__NO_ATTR, (wrap)a * (wrap)b)
TP__KERNEL(mul, 2, mul_F32, mul_F64, mul_I64, 0, false, 1 << 0 | BY_NUMBER)
TP__LOOP(div_F32, float, T, 2, TP__NO_ATTR, a / b)
TP__LOOP(div_F64, double, T, 2, TP__NO_ATTR, a / b)
TP__KERNEL(div, 2, div_F32, div_F64, tpc_no_loop, 0, false, BY_NUMBER)
TP__EVERY(add_alpha, 2, FACTOR, a + factor * b, a + factor * b, (wrap)a + INTEGER * (wrap)b)
TP__EVERY(sub_alpha, 2, FACTOR, a - factor * b, a - factor * b, (wrap)a - INTEGER * (wrap)b)
TP__EVERY(rsub, 2, FACTOR, b - factor * a, b - factor * a, (wrap)b - INTEGER * (wrap)a)

/* a + v b c and a + v (b / c) */
TP__EVERY(addcmul, 3, FACTOR, a + factor * b * c, a + factor * b * c, (wrap)a + INTEGER * (wrap)b * (wrap)c)
TP__REAL(addcdiv, 3, FACTOR, a + factor * (b / c), a + factor * (b / c))

/* From whichever end is nearer: exact at both. */
#define LERP(w) ((w) > (T)-0.5 && (w) < (T)0.5 ? a + (w) * (b - a) : b - (b - a) * (1 - (w)))
TP__REAL(lerp, 2, FACTOR, LERP(factor), LERP(factor))
TP__REAL3(lerp_tensor, LERP(c), LERP(c))

/* ---- Division ------------------------------------------------------------------------------------------------------------------------ */

/* Of real numbers by the remainder m = fmod(a, b), which is exact; the remainder has the sign of the divisor, as Python has it. */
template <class T> TPC_DEVICE T remainder_by(T b, T m) { return m != 0 && (b < 0) != (m < 0) ? m + b : m; }
/* floor(a / b) as Python computes it: the quotient of what divides evenly, rounded to the nearest integer */
template <class T> TPC_DEVICE T floor_by(T a, T b, T m)
{
    T q = (a - m) / b;
    q -= m != 0 && (b < 0) != (m < 0) ? 1 : 0;
    const T f = floor(q), near = q - f > (T)0.5 ? f + 1 : f, zero = copysign((T)0, a / b);
    return b == 0 ? a / b : q != 0 || q != q ? near : zero;
}

/* Of integers. By -1 everything divides, and the quotient may wrap; by 0 the call is refused, where that is seen. */
#define QUOTIENT (b == -1 ? (int64_t)-(wrap)a : b ? a / b : 0)
#define REST     (b == -1 || !b ? 0 : a % b)
#define UNEVEN   (REST && (REST < 0) != (b < 0))

#define DIVISION(name, takes, single, dbl, whole) \
    TP__LOOP(name##_F32, float, T, 2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__NO_ATTR, dbl) \
    TP__LOOP(name##_I64, int64_t, T, 2, TP__NO_ATTR, whole) \
    static tp_status name##_run(tp__call *call) \
    { \
        static const tpc_loops loops = { tpc_loops_of<name##_F32, name##_F64, name##_I64>::dtypes, 2, 0, false, takes }; \
        const tp_status status = refuse_zero(call); \
        return status ? status : tpc_pointwise_run<name##_F32, name##_F64, name##_I64>(call, loops); \
    }

/* One note where an element of b, as the dtype that is divided in, is 0 */
static __global__ void find_zero(const tpc_array b, const tpc_walk walk, int dtype, tpc_watch watch)
{
    for (int64_t i = tpc_first(); i < walk.numel; i += tpc_step()) {
        int64_t at[1];
        tpc_offsets(walk, i, at);
        if (!tpc_round_to(dtype, tpc_load<int64_t>(b.data, b.dtype, at[0]))) tpc_note_bad(watch, 0, 0);
    }
}

static tp_status refuse_zero(const tp__call *call)
{
    static const char message[] = "an integer is divided by zero";
    const int dtype = (int)(uintptr_t)tpc_scratch_of(call);
    tpc_array y, b;
    if (!tpc_out(call, 0, &y) || !tpc_in(call, 1, &b) || tpc_is_floating(dtype) || !y.numel) return TP_OK;
    if (!b.on_device) return tpc_integer(&b) ? TP_OK : tpc_fail(call, TP_ERR_ARGUMENT, "%s", message);
    const int64_t *stride[] = { b.stride };
    tpc_walk walk;
    tpc_walk_dims(&walk, b.ndim, b.shape, stride, 1);
    TPC_LAUNCH(find_zero, tpc_blocks(call, walk.numel), TPC_BLOCK, 0, tpc_stream(call), b, walk, dtype, tpc_watch_for(call, TP_ERR_ARGUMENT, message));
    return tpc_launched(call);
}

/* In 16 bits the quotient is rounded before it is cut: 20 / 0.714 is 28. */
DIVISION(div_trunc_whole, BY_NUMBER, truncf(a / b), trunc(a / b), QUOTIENT)
TP__LOOP(div_trunc_F16, float, T, 2, TP__NO_ATTR, truncf(tpc_round_to(TP_F16, a / b)))
TP__LOOP(div_trunc_BF16, float, T, 2, TP__NO_ATTR, truncf(tpc_round_to(TP_BF16, a / b)))
TP__KERNEL(div_trunc_half, 2, div_trunc_F16, tpc_no_loop, tpc_no_loop, 0, false, BY_NUMBER)
TP__KERNEL(div_trunc_bfloat, 2, div_trunc_BF16, tpc_no_loop, tpc_no_loop, 0, false, BY_NUMBER)
static tp_status div_trunc_run(tp__call *call)
{
    const int dtype = (int)(uintptr_t)tpc_scratch_of(call);
    return dtype == TP_F16 ? div_trunc_half_run(call) : dtype == TP_BF16 ? div_trunc_bfloat_run(call) : div_trunc_whole_run(call);
}
DIVISION(div_floor, BY_NUMBER, floor_by(a, b, fmodf(a, b)), floor_by(a, b, fmod(a, b)), QUOTIENT - UNEVEN)
DIVISION(fmod, 0, fmodf(a, b), ::fmod(a, b), REST)
DIVISION(remainder, 0, remainder_by(b, fmodf(a, b)), remainder_by(b, ::fmod(a, b)), REST + (UNEVEN ? b : 0))

/* ---- Powers -------------------------------------------------------------------------------------------------------------------------- */

/* By squaring; a negative power of an integer is an integer for 1 and -1 alone, else 0. */
TPC_DEVICE int64_t power(int64_t a, int64_t b)
{
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    wrap y = 1;
    for (wrap x = (wrap)a; b; b >>= 1, x *= x)
        if (b & 1) y *= x;
    return (int64_t)y;
}
TP__LOOP(pow_F32, float, T, 2, TP__NO_ATTR, powf(a, b))
TP__LOOP(pow_F64, double, T, 2, TP__NO_ATTR, ::pow(a, b))
TP__LOOP(pow_I64, int64_t, T, 2, TP__NO_ATTR, power(a, b))

TP__EVERY1(square, a * a, a * a, (wrap)a * (wrap)a)
TP__REAL1(sqrt, sqrtf(a), ::sqrt(a))
TP__REAL1(rsqrt, 1 / sqrtf(a), 1 / ::sqrt(a))
TP__REAL1(reciprocal, 1 / a, 1 / a)
TP__REAL1(cube, a * a * a, a * a * a)
TP__REAL1(reciprocal_square, 1 / (a * a), 1 / (a * a))

/* A power that is one number has a loop of its own where multiplications or a root do it. */
static tp_status pow_run(tp__call *call)
{
    static const struct { double power; tp_kernel_fn *run; } rows[] = {
        { 2, square_run }, { 3, cube_run }, { -1, reciprocal_run }, { -2, reciprocal_square_run }, { 0.5, sqrt_run }, { -0.5, rsqrt_run },
    };
    static const tpc_loops loops = { tpc_loops_of<pow_F32, pow_F64, pow_I64>::dtypes, 2, 0, false, 0 };
    const bool roots = tpc_is_floating((int)(uintptr_t)tpc_scratch_of(call));
    tpc_array b;
    if (tpc_in(call, 1, &b) && b.wrapped && !b.on_device)
        for (size_t i = 0; i < (roots ? sizeof rows / sizeof *rows : 1); i++)
            if (rows[i].power == tpc_real(&b)) return rows[i].run(call);
    return tpc_pointwise_run<pow_F32, pow_F64, pow_I64>(call, loops);
}

TP__EVERY1(neg, -a, -a, -(wrap)a)
TP__TEST2(eq, a == b, a == b)

extern "C" const tp_kernel tp__cuda_pointwise[] = {
    TP__ROW(add) TP__ROW(sub) TP__ROW(mul) TP__ROW(div) TP__ROW(add_alpha) TP__ROW(sub_alpha) TP__ROW(rsub)
    TP__ROW(addcmul) TP__ROW(addcdiv) TP__ROW(lerp) TP__ROW(lerp_tensor)
    TP__ROW(div_trunc) TP__ROW(div_floor) TP__ROW(fmod) TP__ROW(remainder)
    TP__ROW(pow) TP__ROW(square) TP__ROW(sqrt) TP__ROW(rsqrt) TP__ROW(reciprocal) TP__ROW(neg) TP__ROW(eq)
    { NULL, NULL, NULL },
};
