/* pointwise.cu: arithmetic of two and three inputs: each op is a row, read with cuda/pointwise.cuh; most are those of
 * core/rows/arithmetic.h. */
#include "cuda/pointwise.cuh"

#define FACTOR (tp__factor, const T factor = (T)tp__number(p.value); (void)factor;)
#define REAL_NUMBERS(name, takes, single, dbl) \
    TP__LOOP(name##_F32, float, T, 2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, 2, name##_F32, name##_F64, tpc_no_loop, 0, false, takes)
#define NUMBERS(name, takes, single, dbl, whole) \
    TP__LOOP(name##_F32, float, T, 2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__NO_ATTR, dbl) \
    TP__LOOP(name##_I64, int64_t, T, 2, TP__NO_ATTR, whole) TP__KERNEL(name, 2, name##_F32, name##_F64, name##_I64, 0, false, takes)

#include "core/rows/arithmetic.h"

/* ---- Division ------------------------------------------------------------------------------------------------------------------------ */

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
DIVISION(div_trunc_whole, RIGHT_NUMBER, truncf(a / b), trunc(a / b), QUOTIENT)
TP__LOOP(div_trunc_F16, float, T, 2, TP__NO_ATTR, truncf(tpc_round_to(TP_F16, a / b)))
TP__LOOP(div_trunc_BF16, float, T, 2, TP__NO_ATTR, truncf(tpc_round_to(TP_BF16, a / b)))
TP__KERNEL(div_trunc_half, 2, div_trunc_F16, tpc_no_loop, tpc_no_loop, 0, false, RIGHT_NUMBER)
TP__KERNEL(div_trunc_bfloat, 2, div_trunc_BF16, tpc_no_loop, tpc_no_loop, 0, false, RIGHT_NUMBER)
static tp_status div_trunc_run(tp__call *call)
{
    const int dtype = (int)(uintptr_t)tpc_scratch_of(call);
    return dtype == TP_F16 ? div_trunc_half_run(call) : dtype == TP_BF16 ? div_trunc_bfloat_run(call) : div_trunc_whole_run(call);
}
DIVISION(div_floor, RIGHT_NUMBER, floor_by_f32(a, b, fmodf(a, b)), floor_by_f64(a, b, ::fmod(a, b)), QUOTIENT - UNEVEN)
DIVISION(fmod, 0, fmodf(a, b), ::fmod(a, b), REST)
DIVISION(remainder, 0, remainder_of_f32(fmodf(a, b), b), remainder_of_f64(::fmod(a, b), b), REST + (UNEVEN ? b : 0))

/* ---- Powers -------------------------------------------------------------------------------------------------------------------------- */

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

extern "C" const tp_kernel tp__cuda_pointwise[] = { ARITHMETIC_ROWS { NULL, NULL, NULL } };
