/* test_pointwise.c: elementwise functions: how far each is from the C library's in long double, over random bits, the range where it
 * lives, and special values; and what the walk over the registry cannot know of the ops. */
#include "core/convert.h"
#include "cpu/vecmath.h"
#include "expect.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Accuracy ---------------------------------------------------------------------------------------------------------------------- */

enum { MANY = 4096, ROUNDS = 24 };

static uint64_t state = 88172645463325252u;
static uint64_t bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static const double special[] = { 0.0, -0.0, 1, -1, 0.5, -0.5, 2, 10, 1000, 20, 22, INFINITY, -INFINITY, NAN, 1e-310, -1e-310, 5e-324, 1e-45,
    -1e-40, 1e308, -1e308, 3e38, -3e38, 709.78, 710.2, -745.1, -708.5, 88.7, -103.9, 0.9999999999999999, 1.0000000000000002,
    0.7071067811865475, 1.4142135623730951, 1.5707963267948966, 3.141592653589793 };

/* Any bits, and in every other round those of an exponent near 0. */
static double random_number(int round)
{
    const double near = ldexp(1 + (double)(bits() >> 11) * 0x1p-53, (int)(bits() % 24) - 14);
    return round % 2 ? tp__double_of(bits()) : bits() % 2 ? near : -near;
}

/* |got - want| in units of the last place of what `want` rounds to; any other NaN, infinity or sign of zero is far off. */
static double ulps(double got, long double want, int digits, int least_exponent)
{
    enum { FAR = 1000000 };
    const double rounded = digits == 24 ? (double)(float)want : (double)want;
    if (isnan(got) || isnan(rounded)) return isnan(got) && isnan(rounded) ? 0 : FAR;
    if (isinf(got) || isinf(rounded)) return got == rounded || fabsl(want) > 0.999999L * (digits == 24 ? 0x1p128L : 0x1p1023L * 2) ? 0 : FAR;
    if (got == 0 && rounded == 0) return signbit(got) == signbit(rounded) ? 0 : FAR;
    int exponent;
    frexpl(want, &exponent);
    if (exponent < least_exponent) exponent = least_exponent;
    return (double)(fabsl((long double)got - want) / ldexpl(1, exponent - digits));
}

static long double sigmoidl(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }

/* name, in long double, bound in double, bound in float. Beyond TP__TRIG_LIMIT the kernels call the C library. */
#define EACH_FUNCTION(X) \
    X(exp, expl, 1, 1) X(exp2, exp2l, 1.2, 0.51) X(expm1, expm1l, 1.6, 0.51) X(sigmoid, sigmoidl, 2.5, 2.5) \
    X(log, logl, 1, 1) X(log2, log2l, 1, 0.51) X(log10, log10l, 1, 0.51) X(log1p, log1pl, 1, 0.51) \
    X(sin, sinl, 1, 0.51) X(cos, cosl, 1, 0.51) X(tan, tanl, 2, 0.51) X(asin, asinl, 2, 0.51) X(acos, acosl, 1.5, 0.51) X(atan, atanl, 2, 0.51) \
    X(sinh, sinhl, 2.5, 0.51) X(cosh, coshl, 1.5, 0.51) X(tanh, tanhl, 2.6, 5) X(asinh, asinhl, 2, 0.51) X(acosh, acoshl, 2, 0.51) \
    X(atanh, atanhl, 2, 0.51) X(erf, erfl, 2, 7) X(erfc, erfcl, 12, 0.51)

#define APPLY(name, exact, bound, float_bound) \
    static TP__INLINE void name##_wide_body(double *y, const double *x) { for (int i = 0; i < MANY; i++) y[i] = tp__##name##_f64(x[i]); } \
    TP__SIMD(static, name##_wide, (double *y, const double *x), (y, x)) \
    static TP__INLINE void name##_single_body(float *y, const float *x) { for (int i = 0; i < MANY; i++) y[i] = tp__##name##_f32(x[i]); } \
    TP__SIMD(static, name##_single, (float *y, const float *x), (y, x))
EACH_FUNCTION(APPLY)

static const struct function {
    const char *name;
    void (*wide)(double *y, const double *x);
    void (*single)(float *y, const float *x);
    long double (*exact)(long double x);
    double bound, float_bound, limit;
} functions[] = {
#define ROW(name, exact, bound, float_bound) { #name, name##_wide, name##_single, exact, bound, float_bound, 0 },
    EACH_FUNCTION(ROW)
};

/* e^-x of a float is infinite there, and the sigmoid 0, as it is for PyTorch */
static bool vanishes(const struct function *f, bool single, double x) { return single && !strcmp(f->name, "sigmoid") && x < -88.72; }
static bool has_limit(const struct function *f) { return !strcmp(f->name, "sin") || !strcmp(f->name, "cos") || !strcmp(f->name, "tan"); }

static double worst_of(const struct function *f, bool single, double *at)
{
    static double x[MANY], y[MANY];
    static float fx[MANY], fy[MANY];
    double worst = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < MANY; i++) {
            x[i] = !round && i < (int)(sizeof special / sizeof *special) ? special[i] : random_number(round);
            if (single && round % 2) x[i] = (double)tp__float_of((int32_t)bits());
            fx[i] = (float)x[i];
            if (single) x[i] = (double)fx[i];
        }
        if (single) f->single(fy, fx);
        else f->wide(y, x);
        for (int i = 0; i < MANY; i++) {
            if (has_limit(f) && fabs(x[i]) > TP__TRIG_LIMIT && isfinite(x[i])) continue;
            const bool gone = vanishes(f, single, x[i]);
            if (gone && x[i] > -88.73) continue;
            const long double want = gone ? 0 : f->exact((long double)x[i]);
            const double far = single ? ulps((double)fy[i], want, 24, -125) : ulps(y[i], want, 53, -1021);
            if (far > worst) worst = far, *at = x[i];
        }
    }
    return worst;
}

static void check_functions(int level)
{
    const int got = tp__simd_limit(level);
    if (got == level) {
        printf("instructions of level %d:", level);
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
            double at = 0, float_at = 0;
            const double far = worst_of(&functions[i], false, &at), float_far = worst_of(&functions[i], true, &float_at);
            printf(" %s %.2f %.2f", functions[i].name, far, float_far);
            ck_assert_msg(far <= functions[i].bound, "%s in double is %g ulp off at %.17g", functions[i].name, far, at);
            ck_assert_msg(float_far <= functions[i].float_bound, "%s in float is %g ulp off at %.9g", functions[i].name, float_far, float_at);
        }
        printf(" ulp\n");
        fflush(stdout);
    }
    tp__simd_limit(TP__SIMD_AVX512);
}

START_TEST(elementary_functions_are_close_to_the_c_library_with_the_baseline) { check_functions(TP__SIMD_BASE); } END_TEST
START_TEST(elementary_functions_are_close_to_the_c_library_with_avx2) { check_functions(TP__SIMD_AVX2); } END_TEST
START_TEST(elementary_functions_are_close_to_the_c_library_with_avx512) { check_functions(TP__SIMD_AVX512); } END_TEST

START_TEST(powers_are_close_to_the_c_library)
{
    static const float ends[] = { 0, -0.0f, 1, -1, 2, -2, 3, -3, 0.5f, -0.5f, INFINITY, -INFINITY, NAN, 1e-45f, 3e38f, -3e38f, 16777216, 33554432 };
    enum { ENDS = sizeof ends / sizeof *ends };
    double worst = 0;
    for (int i = 0; i < 200000; i++) {
        const float x = i < ENDS * ENDS ? ends[i / ENDS] : i % 2 ? tp__float_of((int32_t)bits()) : (float)fabs(random_number(0));
        const float y = i < ENDS * ENDS ? ends[i % ENDS] : (float)random_number(0);
        const double far = ulps((double)tp__pow_f32(x, y), powl((long double)x, (long double)y), 24, -125);
        ck_assert_msg(far < 0.51, "pow(%.9g, %.9g) = %.9g, not %.9g: %g ulp", (double)x, (double)y, (double)tp__pow_f32(x, y), pow((double)x, (double)y), far);
        if (far > worst) worst = far;
    }
    printf("pow in float: %.2f ulp\n", worst);
}
END_TEST

START_TEST(erfinv_undoes_erf)
{
    double worst = 0;
    for (int i = 0; i < 100000; i++) {
        const double x = i % 2 ? 1 - ldexp((double)(bits() >> 11) * 0x1p-53, -(int)(bits() % 50)) : fmod(random_number(0), 1);
        if (fabs(x) == 1) continue;                    /* rounded to it */
        const double y = tp__erfinv_f64(x);
        /* one step of Newton's method in long double says how far y is */
        const long double f = fabs(x) < 0.5 ? erfl(y) - x : y > 0 ? (1 - (long double)x) - erfcl(y) : erfcl(-(long double)y) - (1 + (long double)x);
        const long double step = f * expl((long double)y * y) * 0.886226925452758013649L;
        const double far = ulps(y, (long double)y - step, 53, -1021);
        ck_assert_msg(far < 8, "erfinv(%.17g) = %.17g is %g ulp off", x, y, far);
        if (far > worst) worst = far;
    }
    printf("erfinv: %.2f ulp\n", worst);
    ck_assert(isinf(tp__erfinv_f64(1)) && tp__erfinv_f64(-1) == -INFINITY && isnan(tp__erfinv_f64(1.5)) && isnan(tp__erfinv_f64(NAN)));
}
END_TEST

START_TEST(atan2_is_close_to_the_c_library)
{
    static const double ends[] = { 0, -0.0, 1, -1, INFINITY, -INFINITY, NAN, 1e-310, -1e-310, 1e308, -1e308, 1e-300, 0.41421356237309503 };
    enum { ENDS = sizeof ends / sizeof *ends };
    double worst = 0;
    for (int i = 0; i < 200000; i++) {
        const double y = i < ENDS * ENDS ? ends[i / ENDS] : random_number(i), x = i < ENDS * ENDS ? ends[i % ENDS] : random_number(i);
        const double far = ulps(tp__atan2_f64(y, x), atan2l((long double)y, (long double)x), 53, -1021);
        ck_assert_msg(far < 2.5, "atan2(%.17g, %.17g) = %.17g, not %.17g: %g ulp", y, x, tp__atan2_f64(y, x), atan2(y, x), far);
        if (far > worst) worst = far;
    }
    printf("atan2: %.2f ulp\n", worst);
}
END_TEST

/* ---- Ops ---------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *integers(int64_t a, int64_t b, tp_dtype dtype)
{
    tp_tensor *x = tp_zeros(TP_SHAPE(2), .dtype = TP_I64);
    int64_t *at = tp_data_mut(x);
    at[0] = a;
    at[1] = b;
    return tp_to_dtype(x, dtype);
}

static int64_t at_of(tp_tensor *x, int i) { return tp_item_i64(tp_select(x, 0, i)); }

START_TEST(integers_divide_without_a_trap)
{
    TP_SCOPE();
    tp_tensor *least = integers(INT64_MIN, -7, TP_I64), *down = integers(-1, 2, TP_I64);
    ck_assert_int_eq(at_of(tp_div_mode(least, down, TP_ROUND_TRUNC), 0), INT64_MIN);         /* it wraps */
    ck_assert_int_eq(at_of(tp_div_mode(least, down, TP_ROUND_TRUNC), 1), -3);
    ck_assert_int_eq(at_of(tp_floor_divide(least, down), 1), -4);
    ck_assert_int_eq(at_of(tp_remainder(least, down), 0), 0);
    ck_assert_int_eq(at_of(tp_remainder(least, down), 1), 1);
    ck_assert_int_eq(at_of(tp_fmod(least, down), 1), -1);
    ck_assert_ptr_null(tp_remainder(least, integers(1, 0, TP_I64)));
    ck_assert_str_eq(tp_last_error()->message, "remainder: an integer is divided by zero");
    tp_clear_error();
    ck_assert_ptr_null(tp_floor_divide(integers(7, 9, TP_U8), 256));     /* 0 in uint8 */
    ck_assert_int_eq(tp_error_status(), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(at_of(tp_floor_divide(integers(7, 200, TP_U8), 300), 1), 4);            /* by 44 */
    ck_assert_ptr_nonnull(tp_floor_divide(tp_zeros(TP_SHAPE(0), .dtype = TP_I64), 0));
}
END_TEST

START_TEST(integers_have_integral_powers)
{
    TP_SCOPE();
    ck_assert_int_eq(at_of(tp_pow(integers(3, -2, TP_I64), 3), 1), -8);
    ck_assert_int_eq(at_of(tp_pow(integers(-1, 2, TP_I64), integers(-3, -1, TP_I64)), 0), -1);
    ck_assert_int_eq(at_of(tp_pow(integers(-1, 2, TP_I64), integers(-3, -1, TP_I64)), 1), 0);
    ck_assert_ptr_null(tp_pow(integers(3, -2, TP_I64), -1));
    ck_assert_str_eq(tp_last_error()->message, "pow: integers have no negative powers: -1");
    tp_clear_error();
    ck_assert_ptr_null(tp_pow(integers(3, 2, TP_U8), 300));
    ck_assert_str_eq(tp_last_error()->message, "pow: 300 is too large for uint8");
    tp_clear_error();
}
END_TEST

START_TEST(a_number_beside_float64_counts_in_float64_for_gradients)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((const double[]){ 2, 3 }, TP_F64, TP_SHAPE(2));
    tp_requires_grad(x, true);
    tp_backward(tp_sum(tp_add(tp_pow(3.0, x), tp_add(tp_xlogy(x, 7.0), tp_special_xlog1py(x, 6.0)))));
    tp_tensor *dx = tp_grad_of(x);
    for (int i = 0; i < 2; i++) ck_assert_double_eq_tol(tp_item(tp_select(dx, 0, i)), (i ? 27 : 9) * log(3) + 2 * log(7), 1e-13);
}
END_TEST

/* A large angle or quotient takes its piece through another pass, which may touch no other element. */
START_TEST(large_angles_and_quotients_leave_their_neighbours_alone)
{
    TP_SCOPE();
    enum { N = 700 };
    tp_tensor *x = tp_uniform(TP_SHAPE(N), -5, 5), *with = tp_clone(x), *b = tp_full(TP_SHAPE(N), 0.75);
    ((float *)tp_data_mut(with))[300] = 3e30f;
    tp_tensor *(*const angles[])(tp_tensor *) = { tp_sin, tp_cos, tp_tan };
    float (*const exact[])(float) = { sinf, cosf, tanf };
    for (int f = 0; f < 3; f++) {
        const float *plain = tp_data(angles[f](x)), *got = tp_data(angles[f](with));
        for (int i = 0; i < N; i++) ck_assert(got[i] == (i == 300 ? exact[f](3e30f) : plain[i]));
    }
    const float *plain = tp_data(tp_fmod(x, b)), *got = tp_data(tp_fmod(with, b));
    for (int i = 0; i < N; i++) ck_assert(got[i] == (i == 300 ? fmodf(3e30f, 0.75f) : plain[i]));
}
END_TEST

static void check_mod(float a, float b)
{
    TP_SCOPE();
    const float m = fmodf(a, b), r = m != 0 && (b < 0) != (m < 0) ? m + b : m;
    const float got = (float)tp_item(tp_fmod(tp_full(TP_SHAPE(1), (double)a), (double)b));
    const float got_r = (float)tp_item(tp_remainder(tp_full(TP_SHAPE(1), (double)a), (double)b));
    ck_assert_msg(got == m || (got != got && m != m), "fmod(%.9g, %.9g) = %.9g, not %.9g", (double)a, (double)b, (double)got, (double)m);
    ck_assert_msg(got_r == r || (got_r != got_r && r != r), "remainder(%.9g, %.9g) = %.9g, not %.9g", (double)a, (double)b, (double)got_r, (double)r);
}

START_TEST(remainders_in_float_are_exact)
{
    static const float ends[] = { 0, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 1e-45f, 3e38f, -3e38f, 0.1f, -0.3f };
    enum { ENDS = sizeof ends / sizeof *ends };
    for (int i = 0; i < ENDS * ENDS; i++) check_mod(ends[i / ENDS], ends[i % ENDS]);
    for (int i = 0; i < 20000; i++) check_mod(i % 4 ? (float)random_number(0) : tp__float_of((int32_t)bits()), (float)random_number(0));
}
END_TEST

static tp_tensor *half(double v) { return tp_full(TP_SHAPE(1), v, .dtype = TP_F16); }

/* 4097 is 4096 in float16, and 1 / 3 there 0.33325195. */
START_TEST(operands_of_16_bits_are_rounded_to_them_as_pytorch_does)
{
    TP_SCOPE();
    tp_tensor *whole = tp_full(TP_SHAPE(1), 4097, .dtype = TP_I64), *x = half(1), *third = tp_scalar(1.0 / 3);
    ck_values(tp_sub(whole, half(4096)), 0);
    ck_values(tp_sub(4097, half(4096)), 0);
    ck_values(tp_add(half(-4096), 4097), 0);
    ck_values(tp_mul(whole, half(0.5)), 2048);
    ck_assert(isinf(tp_item(tp_mul(tp_full(TP_SHAPE(1), 70000, .dtype = TP_I64), half(0.5)))));
    ck_values(tp_remainder(half(8.5), 8.501), 0);
    ck_values(tp_sub(x, third), 0.6669921875);
    ck_values(tp_mul(half(7), 1.0 / 3), 2.333984375);  /* what is one value stays as it is on the right of a product or a quotient, */
    ck_values(tp_mul(half(7), third), 2.333984375);
    ck_values(tp_mul(1.0 / 3, half(7)), 2.333984375);  /* and as a factor on the left a number, but no tensor */
    ck_values(tp_mul(third, half(7)), 2.33203125);
    ck_values(tp_div(half(2000), 2000.6), 0.99951171875);
    ck_values(tp_div_mode(half(20), half(0.71435546875), TP_ROUND_TRUNC), 28);      /* 27.997 */
    ck_fine();
}
END_TEST

/* The recurrence of each, p_(k+1) = ((c k + d - e x) p_k - k p_(k-1)) / (k + 1) or 2 x p_k - p_(k-1) */
static double recurrence(char kind, double x, int64_t n)
{
    double p = 1, q = kind == 'L' ? 1 - x : kind == 'U' ? 2 * x : kind == 'V' ? 2 * x - 1 : kind == 'W' ? 2 * x + 1 : x;
    for (int64_t k = 1; k < n; k++) {
        const double m = (double)k, r = kind == 'L' ? ((2 * m + 1 - x) * q - m * p) / (m + 1)
            : kind == 'P' ? ((2 * m + 1) * x * q - m * p) / (m + 1) : 2 * x * q - p;
        p = q;
        q = r;
    }
    return q;
}

/* Degrees above which there is no recurrence, and such that one would never end */
START_TEST(polynomials_of_very_high_degree_are_right_and_end)
{
    TP_SCOPE();
    tp_tensor *(*const ops[])(tp_operand, tp_operand) = {
        tp_special_laguerre_polynomial_l_with, tp_special_legendre_polynomial_p_with, tp_special_chebyshev_polynomial_t_with,
        tp_special_chebyshev_polynomial_u_with, tp_special_chebyshev_polynomial_v_with, tp_special_chebyshev_polynomial_w_with,
    };
    static const double near[] = { 1e-3, 0.5, -1e-3, 7, -0.5, 0.999, -0.99999, 1.00000001, -1.0000001, 0.001 };
    for (int op = 0; op < 6; op++)
        for (int odd = 0; odd < 2; odd++) {
            const int64_t n = 70000 + odd;
            for (int i = 0; i < 10; i++) {
                const double want = recurrence("LPTUVW"[op], near[i], n);
                if (!isfinite(want)) continue;
                tp_tensor *x = tp_full(TP_SHAPE(1), near[i], .dtype = TP_F64);
                ck_assert_double_eq_tol(tp_item(ops[op](TP__OPERAND(x), TP__OPERAND(n))), want, 1e-5 * fabs(want) + 1e-7);
            }
        }
    tp_tensor *x = tp_from_data((const double[]){ -3, -0.5, 0.5, 3, 1e300, INFINITY, NAN }, TP_F64, TP_SHAPE(7));
    tp_tensor *x32 = tp_to_dtype(x, TP_F32), *n = tp_full(TP_SHAPE(1), 0x1p61, .dtype = TP_F64);
    for (int op = 0; op < 6; op++) {
        ck_assert_ptr_nonnull(ops[op](TP__OPERAND(x), TP__OPERAND(n)));
        ck_assert_msg(ops[op](TP__OPERAND(x32), TP__OPERAND(0x1p61)) != NULL, "%s", tp_last_error()->message);
    }
}
END_TEST

START_TEST(no_tanh_or_erf_is_above_one)
{
    TP_SCOPE();
    tp_tensor *x = tp_linspace(3, 12, 100000), *far = VECTOR(20, -20, INFINITY, -INFINITY);
    ck_assert(tp_item(tp_amax(tp_tanh(x))) == 1 && tp_item(tp_amax(tp_erf(x))) == 1);
    ck_assert(tp_item(tp_amin(tp_tanh(tp_neg(x)))) == -1 && tp_item(tp_amin(tp_erf(tp_neg(x)))) == -1);
    ck_values(tp_tanh(far), 1, -1, 1, -1);
    tp_tensor *gate = tp_gelu(VECTOR(-1e30, -100), .approximate = TP_GELU_TANH);
    ck_values(gate, 0, 0);
    ck_fine();
}
END_TEST

/* ---- 16 bits ------------------------------------------------------------------------------------------------------------------------- */

/* Whole rows have the bits of one number at a time, those of NaN too, with all instructions, wherever they begin and end. */
START_TEST(rows_of_16_bits_are_cast_as_single_numbers_are)
{
    enum { ALL = 1 << 16, ODD = 13 };
    uint16_t *halves = malloc((ALL + 1) * sizeof *halves), *narrow = malloc((ALL + 1) * sizeof *narrow);
    float *floats = malloc((ALL + 1) * sizeof *floats), *wide = malloc((ALL + 1) * sizeof *wide);
    ck_assert(halves && narrow && floats && wide);
    for (int i = 0; i < ALL; i++) halves[1 + i] = (uint16_t)i;
    for (int l = TP__SIMD_BASE; l <= TP__SIMD_AVX512; l++) {
        tp__simd_limit(l);
        for (int n = ALL - ODD; n <= ALL; n += ODD) {
            int64_t wrong = 0;
            tp__f16_row_to_f32(wide + 1, halves + 1, n);
            for (int i = 1; i <= n; i++) wrong += tp__float_bits(wide[i]) != tp__float_bits(tp__f16_to_f32(halves[i]));
            tp__bf16_row_to_f32(wide + 1, halves + 1, n);
            for (int i = 1; i <= n; i++) wrong += tp__float_bits(wide[i]) != tp__float_bits(tp__bf16_to_f32(halves[i]));
            for (int round = 0; round < 6; round++) {  /* between two of float16, at a tie and beside it; any bits; and few that are not finite */
                for (int i = 1; i <= ALL; i++) {
                    const uint32_t at = tp__float_bits(tp__f16_to_f32((uint16_t)(i - 1)));
                    const uint32_t near = at + 0x1000 * (uint32_t)(round > 0) + (uint32_t)round - 2 * (uint32_t)(round > 0);
                    floats[i] = tp__bits_float(round < 4 ? near : (uint32_t)bits());
                    if (round == 5 && i % 1000) floats[i] = (float)(i - 30000) * 1e-3f;
                }
                tp__f32_row_to_f16(narrow + 1, floats + 1, n);
                for (int i = 1; i <= n; i++) wrong += narrow[i] != tp__f32_to_f16(floats[i]);
                tp__f32_row_to_bf16(narrow + 1, floats + 1, n);
                for (int i = 1; i <= n; i++) wrong += narrow[i] != tp__f32_to_bf16(floats[i]);
            }
            ck_assert_int_eq(wrong, 0);
        }
    }
    tp__simd_limit(TP__SIMD_AVX512);
    free(halves), free(narrow), free(floats), free(wide);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pointwise");
    TCase *tests = tcase_create("pointwise");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, elementary_functions_are_close_to_the_c_library_with_the_baseline);
    tcase_add_test(tests, elementary_functions_are_close_to_the_c_library_with_avx2);
    tcase_add_test(tests, elementary_functions_are_close_to_the_c_library_with_avx512);
    tcase_add_test(tests, powers_are_close_to_the_c_library);
    tcase_add_test(tests, erfinv_undoes_erf);
    tcase_add_test(tests, atan2_is_close_to_the_c_library);
    tcase_add_test(tests, integers_divide_without_a_trap);
    tcase_add_test(tests, integers_have_integral_powers);
    tcase_add_test(tests, a_number_beside_float64_counts_in_float64_for_gradients);
    tcase_add_test(tests, large_angles_and_quotients_leave_their_neighbours_alone);
    tcase_add_test(tests, remainders_in_float_are_exact);
    tcase_add_test(tests, operands_of_16_bits_are_rounded_to_them_as_pytorch_does);
    tcase_add_test(tests, polynomials_of_very_high_degree_are_right_and_end);
    tcase_add_test(tests, no_tanh_or_erf_is_above_one);
    tcase_add_test(tests, rows_of_16_bits_are_cast_as_single_numbers_are);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
