/* pointwise.c: arithmetic of two and three inputs: each op is a row, read with cpu/pointwise.h; most are those of
 * core/rows/arithmetic.h. */
#include "core/convert.h"
#include "core/kernel_args.h"
#include "cpu/contiguous.h"
#include "cpu/pointwise.h"

#define FACTOR const tp__factor p = *(const tp__factor *)attr; const T factor = (T)tp__number(p.value); (void)factor;
#define REAL_NUMBERS(name, takes, single, dbl) \
    TP__LOOP(name##_F32, float, T, 2, TP__T2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__T2, TP__NO_ATTR, dbl) \
    TP__KERNEL(name, TP__F32_F64(name), .n_in = 2, .takes_number = takes)
#define NUMBERS(name, takes, single, dbl, whole) \
    TP__LOOP(name##_F32, float, T, 2, TP__T2, TP__NO_ATTR, single) TP__LOOP(name##_F64, double, T, 2, TP__T2, TP__NO_ATTR, dbl) \
    TP__LOOP(name##_I64, int64_t, T, 2, TP__T2, TP__NO_ATTR, whole) \
    TP__KERNEL(name, TP__F32_F64_I64(name), .n_in = 2, .takes_number = takes)

#include "core/rows/arithmetic.h"

/* ---- Division ------------------------------------------------------------------------------------------------------------------------ */

/* a - b trunc(a / b). While the quotient is below 2^28, its product with b is exact in double. */
static TP__INLINE float mod_near(float a, float b, float *quotient)
{
    const double q = trunc((double)a / (double)b);
    *quotient = (float)q;
    const float r = (float)((double)a - q * (double)b);
    const float y = fabsf(b) > 3.4028235e38f && fabsf(a) <= 3.4028235e38f ? a : r;       /* of an infinite b: a */
    return copysignf(y, a);
}
#define NEAR_LIMIT 268435456.0f

/* A loop in float by mod_near, with another pass over a piece in which a quotient was too large for it */
enum { PIECE = 256 };
#define BY_MOD_F32(name, expression) \
    static __attribute__((noinline)) void name##_far(int64_t n, float *y, const float *x, const float *z) \
    { \
        for (int64_t i = 0; i < n; i++) { \
            const float a = x[i], b = z[i]; \
            if (fabsf(a / b) < NEAR_LIMIT || b == 0) continue; \
            const float m = fmodf(a, b); \
            y[i] = expression; \
        } \
    } \
    static TP__INLINE void name##_F32_body TP__LOOP_PARAMS \
    { \
        (void)attr; \
        for (int64_t at = 0; at < n; at += PIECE) { \
            float x[PIECE], z[PIECE], *const y = (float *)out + at; \
            const int64_t k = n - at < PIECE ? n - at : PIECE; \
            memcpy(x, (const float *)in[0] + at, (size_t)k * sizeof *x); \
            memcpy(z, (const float *)in[1] + at, (size_t)k * sizeof *z); \
            int far = 0; \
            TP__VECTORIZE for (int64_t i = 0; i < k; i++) { \
                const float a = x[i], b = z[i]; \
                float quotient; \
                const float m = mod_near(a, b, &quotient); \
                far |= !(fabsf(quotient) < NEAR_LIMIT); \
                y[i] = expression; \
            } \
            if (far) name##_far(k, y, x, z); \
        } \
    } \
    TP__SIMD(static, name##_F32, TP__LOOP_PARAMS, (n, out, in, attr))
#define BY_MOD_F64(name, expression) \
    static void name##_F64 TP__LOOP_PARAMS \
    { \
        (void)attr; \
        for (int64_t i = 0; i < n; i++) { \
            const double a = ((const double *)in[0])[i], b = ((const double *)in[1])[i], m = fmod(a, b); \
            ((double *)out)[i] = expression; \
        } \
    }
BY_MOD_F32(fmod, m)
BY_MOD_F32(remainder, remainder_of_f32(m, b))
BY_MOD_F32(div_floor, floor_by_f32(a, b, m))
BY_MOD_F64(fmod, m)
BY_MOD_F64(remainder, remainder_of_f64(m, b))
BY_MOD_F64(div_floor, floor_by_f64(a, b, m))
TP__LOOP(div_trunc_F32, float, T, 2, (T, T), TP__NO_ATTR, truncf(a / b))
TP__LOOP(div_trunc_F64, double, T, 2, (T, T), TP__NO_ATTR, trunc(a / b))
/* In 16 bits the quotient is rounded before it is cut: 20 / 0.714 is 28. */
TP__LOOP(div_trunc_F16, float, T, 2, (T, T), TP__NO_ATTR, truncf(tp__f16_to_f32(tp__f32_to_f16(a / b))))
TP__LOOP(div_trunc_BF16, float, T, 2, (T, T), TP__NO_ATTR, truncf(tp__bf16_to_f32(tp__f32_to_bf16(a / b))))

TP__CALLS(div_trunc_I64, int64_t, T, 2, (T, T), TP__NO_ATTR, QUOTIENT)
TP__CALLS(div_floor_I64, int64_t, T, 2, (T, T), TP__NO_ATTR, QUOTIENT - UNEVEN)
TP__CALLS(fmod_I64, int64_t, T, 2, (T, T), TP__NO_ATTR, REST)
TP__CALLS(remainder_I64, int64_t, T, 2, (T, T), TP__NO_ATTR, REST + (UNEVEN ? b : 0))

/* Is one of b's elements 0 as the dtype that is divided in? */
static tp_status find_zero(const tp_tensor *b, tp_dtype dtype, bool *found)
{
    tp__plain plain;
    const tp_status status = tp__plain_take(&plain, b, dtype);
    const size_t size = tp_dtype_size(dtype);
    const char *at = plain.data;
    for (int64_t i = 0; !status && i < b->numel && !*found; i++, at += size) {
        char any = 0;
        for (size_t k = 0; k < size; k++) any |= at[k];
        *found = !any;
    }
    tp__plain_free(&plain);
    return status;
}

static tp_status divide_by(tp__call *call, const tp__pointwise *op)
{
    const tp_dtype dtype = (tp_dtype)(uintptr_t)call->scratch;
    bool zero = false;
    if (!tp__is_floating(dtype) && call->out[0]->numel) {
        const tp_status status = find_zero(call->in[1], dtype, &zero);
        if (status) return status;
    }
    return zero ? tp__call_fail(call, TP_ERR_ARGUMENT, "an integer is divided by zero") : tp__pointwise_run(call, op);
}
#define DIVISION(name, ...) \
    static const tp__pointwise name##_loops = { TP__F32_F64_I64(name), __VA_ARGS__ }; \
    static tp_status name##_run(tp__call *call) { return divide_by(call, &name##_loops); }
#define BY_NUMBER .n_in = 2, .takes_number = RIGHT_NUMBER
DIVISION(div_floor, BY_NUMBER)
DIVISION(fmod, .n_in = 2)
DIVISION(remainder, .n_in = 2)
static tp_status div_trunc_run(tp__call *call)
{
    static const tp__pointwise loops = { TP__F32_F64_I64(div_trunc), BY_NUMBER }, f16 = { .loop = { [TP_F32] = div_trunc_F16 }, BY_NUMBER },
                               bf16 = { .loop = { [TP_F32] = div_trunc_BF16 }, BY_NUMBER };
    const tp_dtype dtype = (tp_dtype)(uintptr_t)call->scratch;
    return divide_by(call, dtype == TP_F16 ? &f16 : dtype == TP_BF16 ? &bf16 : &loops);
}

/* ---- Powers -------------------------------------------------------------------------------------------------------------------------- */

TP__LOOP(pow_F32, float, T, 2, (T, T), TP__NO_ATTR, tp__pow_f32(a, b))
TP__CALLS(pow_F64, double, T, 2, (T, T), TP__NO_ATTR, pow(a, b))
TP__CALLS(pow_I64, int64_t, T, 2, (T, T), TP__NO_ATTR, power(a, b))
static const tp__pointwise pow_loops = { TP__F32_F64_I64(pow), .n_in = 2 };

TP__EVERY1(square, a * a, a * a, (wrap)a * (wrap)a)
TP__REAL1(sqrt, sqrtf(a), sqrt(a))
TP__REAL1(rsqrt, 1 / sqrtf(a), 1 / sqrt(a))
TP__REAL1(reciprocal, 1 / a, 1 / a)
#define ONLY_LOOPS(name, expression) \
    TP__LOOP(name##_F32, float, T, 1, (T), TP__NO_ATTR, expression) TP__LOOP(name##_F64, double, T, 1, (T), TP__NO_ATTR, expression) \
    static const tp__pointwise name##_loops = { TP__F32_F64(name), .n_in = 1 };
ONLY_LOOPS(cube, a * a * a)
ONLY_LOOPS(reciprocal_square, 1 / (a * a))

/* A power that is one number has a loop of its own where multiplications or a root do it. */
static tp_status pow_run(tp__call *call)
{
    static const struct { double power; const tp__pointwise *loops; } rows[] = {
        { 2, &square_loops }, { 3, &cube_loops }, { -1, &reciprocal_loops }, { -2, &reciprocal_square_loops }, { 0.5, &sqrt_loops }, { -0.5, &rsqrt_loops },
    };
    const tp_tensor *b = call->in[1];
    const bool roots = tp__is_floating((int)(uintptr_t)call->scratch);
    if (b->flags & TP__WRAPPED && call->out[0]->numel) {
        const double power_of = b->dtype == TP_F64 ? *(const double *)b->data : b->dtype == TP_I64 ? (double)*(const int64_t *)b->data : NAN;
        for (size_t i = 0; i < (roots ? sizeof rows / sizeof *rows : 1); i++)
            if (rows[i].power == power_of) return tp__pointwise_run(call, rows[i].loops);
    }
    return tp__pointwise_run(call, &pow_loops);
}

const tp_kernel tp__cpu_pointwise[] = { ARITHMETIC_ROWS { NULL, NULL, NULL } };
