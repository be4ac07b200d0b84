/* test_fft.c: Fourier transforms against sums: every way that a length is cut, in lanes and line by line, on each instruction set. */
#include "failing.h"

#include <math.h>
#include <stdlib.h>

#include "cpu/simd.h"

typedef struct number { double re, im; } number;
typedef struct transform { int kind; int64_t outer, n, inner; bool forward; } transform;
enum { C2C, R2C, C2R };

static tp_tensor *random_of(tp_dtype dtype, tp_shape shape)
{
    const bool complex = dtype == TP_C64 || dtype == TP_C128, wide = dtype == TP_F64 || dtype == TP_C128;
    tp_tensor *y = tp_empty(shape, .dtype = dtype), *parts = tp_rand(TP_SHAPE(tp_numel(y) * (complex ? 2 : 1)), .dtype = wide ? TP_F64 : TP_F32);
    memcpy(tp_data_mut(y), tp_data(tp_sub(parts, 0.5)), (size_t)tp_numel(y) * tp_dtype_size(dtype));
    return y;
}
static number at(tp_tensor *x, int64_t i)
{
    switch (tp_dtype_of(x)) {
    case TP_F32: return (number){ ((const float *)tp_data(x))[i], 0 };
    case TP_F64: return (number){ ((const double *)tp_data(x))[i], 0 };
    case TP_C64: return (number){ ((const float *)tp_data(x))[2 * i], ((const float *)tp_data(x))[2 * i + 1] };
    default: return (number){ ((const double *)tp_data(x))[2 * i], ((const double *)tp_data(x))[2 * i + 1] };
    }
}

/* One line as a sum, at `few` of its places. */
static double worst_of(const transform *t, tp_tensor *x, tp_tensor *y, int64_t o, int64_t q)
{
    const int64_t n = t->n, half = n / 2 + 1, nx = t->kind == C2R ? half : n, ny = t->kind == R2C ? half : n, few = ny > 40 ? ny / 20 : 1;
    const double sign = t->kind == C2R || !t->forward ? 1 : -1, scale = t->kind == C2R || !t->forward ? 1 / (double)n : 1;
    number *line = calloc((size_t)n, sizeof *line), *root = calloc((size_t)n, sizeof *root);
    double worst = 0, most = 0;
    for (int64_t j = 0; j < n; j++) root[j] = (number){ cos(2 * M_PI * (double)j / (double)n), sign * sin(2 * M_PI * (double)j / (double)n) };
    for (int64_t j = 0; j < nx; j++) {
        const number v = at(x, (o * nx + j) * t->inner + q);
        line[j] = t->kind == C2R && (!j || 2 * j == n) ? (number){ v.re, 0 } : v;
        if (t->kind == C2R && j && 2 * j != n) line[n - j] = (number){ v.re, -v.im };
    }
    for (int64_t k = 0; k < ny; k += few) {
        number sum = { 0, 0 };
        for (int64_t j = 0; j < n; j++) {
            const number w = root[j * k % n];
            sum.re += line[j].re * w.re - line[j].im * w.im;
            sum.im += line[j].re * w.im + line[j].im * w.re;
        }
        const number got = at(y, (o * ny + k) * t->inner + q);
        const double away = hypot(got.re - sum.re * scale, t->kind == C2R ? 0 : got.im - sum.im * scale), size = hypot(sum.re, sum.im) * scale;
        worst = away > worst || isnan(away) ? away : worst;
        most = size > most ? size : most;
    }
    free(line);
    free(root);
    return worst / most;
}

static void check(const transform *t, bool wide)
{
    TP_SCOPE();
    const int64_t nx = t->kind == C2R ? t->n / 2 + 1 : t->n;
    tp_tensor *x = random_of(t->kind == R2C ? (wide ? TP_F64 : TP_F32) : wide ? TP_C128 : TP_C64, TP_SHAPE(t->outer, nx, t->inner)), *y;
    if (t->kind == C2C) y = t->forward ? tp_fft_fft(x, .dim = 1) : tp_fft_ifft(x, .dim = 1);
    else y = t->kind == R2C ? tp_fft_rfft(x, .dim = 1) : tp_fft_irfft(x, .n = t->n, .dim = 1);
    ck_assert_ptr_nonnull(y);
    for (int64_t o = 0; o < t->outer; o += t->outer > 1 ? t->outer - 1 : 1)
        for (int64_t q = 0; q < t->inner; q += t->inner > 1 ? t->inner - 1 : 1) {
            const double worst = worst_of(t, x, y, o, q);
            ck_assert_msg(worst < (wide ? 2e-13 : 2e-6), "[%d, %d, %d], kind %d, level %d: %g", (int)t->outer,
                          (int)t->n, (int)t->inner, t->kind, tp__simd_level(), worst);
        }
}

START_TEST(every_length_agrees_with_the_sum)
{
    static const int64_t lengths[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 24, 31, 32, 37, 48, 64, 74, 100,
        127, 128, 243, 256, 360, 512, 1009, 1024, 2401 };
    static const int64_t shapes[][2] = { { 1, 1 }, { 2, 17 }, { 20, 1 }, { 1, 2 } };
    for (int level = TP__SIMD_BASE; level <= TP__SIMD_AVX512; level++) {
        tp__simd_limit(level);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            for (size_t s = 0; s < (lengths[i] > 500 ? 2 : 4); s++)
                for (int kind = C2C; kind <= C2R; kind++) {
                    const transform t = { kind, shapes[s][0], lengths[i], shapes[s][1], i % 2 == 0 };
                    check(&(transform){ kind, t.outer, t.n, t.inner, kind != C2C || t.forward }, level == (int)(i % 3));
                }
    }
    tp__simd_limit(TP__SIMD_AVX512);
}
END_TEST

START_TEST(long_lines_are_split)
{
    for (int kind = C2C; kind <= C2R; kind++) {
        check(&(transform){ kind, 1, 65536, 1, true }, false);
        check(&(transform){ kind, 1, 10007, 1, true }, true);          /* a prime */
        check(&(transform){ kind, 2, 5000, 2, true }, true);
        check(&(transform){ kind, 1, 6561, 1, true }, false);
    }
}
END_TEST

static void same_bits(tp_tensor *a, tp_tensor *b)
{
    ck_assert_mem_eq(tp_data(a), tp_data(b), (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a)));
}

START_TEST(threads_change_no_bit)
{
    static const int64_t shapes[][3] = { { 1, 1 << 17, 1 }, { 300, 256, 1 }, { 3, 300, 40 }, { 2, 4099, 3 } };
    const int before = tp_get_num_threads();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        TP_SCOPE();
        tp_tensor *x = random_of(TP_C64, TP_SHAPE(shapes[i][0], shapes[i][1], shapes[i][2])),
                  *real = random_of(TP_F32, TP_SHAPE(shapes[i][0], shapes[i][1], shapes[i][2]));
        tp_set_num_threads(1);
        tp_tensor *one = tp_fft_fft(x, .dim = 1), *half = tp_fft_rfft(real, .dim = 1);
        tp_set_num_threads(3);
        same_bits(tp_fft_fft(x, .dim = 1), one);
        same_bits(tp_fft_rfft(real, .dim = 1), half);
    }
    tp_set_num_threads(before);
}
END_TEST

START_TEST(several_dims_are_one_after_the_other)
{
    TP_SCOPE();
    tp_tensor *x = random_of(TP_C128, TP_SHAPE(4, 6, 5));
    tp_tensor *one = tp_fft_fft(tp_fft_fft(tp_fft_fft(x, .dim = 2), .dim = 1), .dim = 0);
    tp_tensor *all = tp_fft_fftn(x), *back = tp_fft_ifftn(all);
    ck_assert(all && back);
    for (int64_t i = 0; i < tp_numel(x); i++) {
        ck_assert_double_eq_tol(at(all, i).re, at(one, i).re, 1e-12);
        ck_assert_double_eq_tol(at(back, i).im, at(x, i).im, 1e-14);
    }
    tp_tensor *real = random_of(TP_F64, TP_SHAPE(3, 5, 7)),
              *again = tp_fft_irfft2(tp_fft_rfft2(real, .norm = TP_FFT_ORTHO), .s = TP_SHAPE(5, 7),
                                     .norm = TP_FFT_ORTHO);
    ck_assert(tp_allclose(again, real, 1e-12, 1e-12));
    again = tp_fft_hfft(tp_fft_ihfft(real, .dim = 0), .n = 3, .dim = 0);
    ck_assert(tp_allclose(again, real, 1e-12, 1e-12));
}
END_TEST

START_TEST(strides_and_dims_that_are_turned)
{
    TP_SCOPE();
    tp_tensor *x = random_of(TP_C64, TP_SHAPE(37, 40, 3)), *plain = tp_fft_fft(x, .dim = 0);
    tp_tensor *turned = tp_fft_fft(tp_transpose(x, 0, 1), .dim = 1), *stepped = tp_fft_fft(tp_slice(x, 1, .step = 3), .dim = 0);
    same_bits(tp_contiguous(tp_transpose(turned, 0, 1)), plain);
    same_bits(stepped, tp_contiguous(tp_slice(plain, 1, .step = 3)));
    tp_tensor *same = tp_expand(random_of(TP_F32, TP_SHAPE(1, 5)), TP_SHAPE(6, 5));
    same_bits(tp_fft_rfft(same, .dim = 0), tp_fft_rfft(tp_contiguous(same), .dim = 0));
}
END_TEST

START_TEST(frequencies_and_shifts)
{
    TP_SCOPE();
    ck_values(tp_fft_fftfreq(5, 0.5), 0, 0.4, 0.8, -0.8, -0.4);
    ck_values(tp_fft_fftshift(tp_fft_fftfreq(4, 1), TP_DIMS(0)), -0.5, -0.25, 0, 0.25);
    ck_values(tp_fft_rfftfreq(4, 1), 0, 0.25, 0.5);
    ck_assert_int_eq(tp_dtype_of(tp_fft_fftfreq(4, 1, .dtype = TP_F64)), TP_F64);
    ck_assert_int_eq((int)tp_numel(tp_fft_fftfreq(0, 1)), 0);
}
END_TEST

#define REFUSES(y, text) do { ck_assert_ptr_null(y); ck_message(text); } while (0)

START_TEST(errors_say_what_is_wrong)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(2, 3)), *z = tp_zeros(TP_SHAPE(2, 3), .dtype = TP_C64);
    REFUSES(tp_fft_fft(x, .n = 0), "fft_fft: 0 points are no length");
    REFUSES(tp_fft_fft(x, .dim = 2), "fft_fft: dim 2 is out of range for [2, 3]");
    REFUSES(tp_fft_fft(tp_zeros(TP_SHAPE(3), .dtype = TP_F16)), "fft_fft: takes numbers of 32 or 64 bits, not float16");
    REFUSES(tp_fft_rfft(z), "fft_rfft: takes real numbers, not complex64");
    REFUSES(tp_fft_fftn(x, .dims = TP_DIMS(0, 0)), "fft_fftn: dim 0 of [2, 3] is given twice");
    REFUSES(tp_fft_fft2(x, .s = TP_SHAPE(4)), "fft_fft2: 1 lengths are given for 2 dims");
    REFUSES(tp_fft_irfft(tp_zeros(TP_SHAPE(1))), "fft_irfft: of 1 frequency, n has to be given: 2 (1 - 1) points are none");
    REFUSES(tp_fft_fft(x, .norm = (tp_fft_norm)7), "fft_fft: 7 is no norm");
    REFUSES(tp_fft_fft2(x, .norm = (tp_fft_norm)-1), "fft_fft2: -1 is no norm");
    REFUSES(tp_stft(x, 6), "stft: n_fft 6, centered, pads by 3 points at each end, which the 3 there are do not suffice for");
    REFUSES(tp_stft(x, 8, .center = false), "stft: n_fft 8 is more than the 3 points there are");
    REFUSES(tp_stft(x, 2, .hop_length = 0, .center = false), "stft: hop_length is 0, and has to be at least 1");
    REFUSES(tp_istft(z, 2, .hop_length = 1, .length = INT64_MAX), "istft: 9223372036854775807 points are too many");
    ck_assert_ptr_null(tp_fft_fftfreq(INT64_MAX, 1));
    ck_error(TP_ERR_SHAPE, "values are too many");
}
END_TEST

START_TEST(a_signal_comes_back_from_its_windows)
{
    TP_SCOPE();
    tp_tensor *x = random_of(TP_F64, TP_SHAPE(2, 50)), *window = tp_to_dtype(tp_signal_windows_hann(16, false), TP_F64);
    tp_tensor *y = tp_stft(x, 16, .hop_length = 4, .window = window);
    ck_assert_int_eq((int)tp_shape_of(y).dim[1], 9);
    ck_assert_int_eq((int)tp_shape_of(y).dim[2], 13);
    ck_assert(tp_allclose(tp_istft(y, 16, .hop_length = 4, .window = window, .length = 50), x, 1e-10, 1e-12));
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .name = "n_fft", .kind = TP_ARG_INT, .value.integer = 16 },
                            { .name = "window", .kind = TP_ARG_TENSOR, .value.tensor = window },
                            { .name = "return_complex", .kind = TP_ARG_BOOL, .value.boolean = true } };
    tp_tensor *by_name = NULL;
    ck_ok(tp_op_call("stft", args, 4, &by_name, 1, NULL));
    ck_assert(tp_equal(by_name, y));
}
END_TEST

START_TEST(plans_are_given_back)
{
    tp_memory_trim(TP_CPU);
    const int64_t before = in_use();
    for (int64_t n = 100; n < 200; n++) {
        TP_SCOPE();
        ck_assert_ptr_nonnull(tp_fft_rfft(tp_zeros(TP_SHAPE(n))));
    }
    ck_assert_int_gt(in_use(), before);
    ck_assert_int_gt(tp_memory_trim(TP_CPU), 0);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

static void one_length(void *arg)
{
    const int64_t n = *(const int64_t *)arg;
    {
        TP_SCOPE();
        tp_tensor *x = tp_ones(TP_SHAPE(n)), *y = tp_fft_irfft(tp_fft_rfft(x), .n = n);
        ck_assert(tp_allclose(y, x, 1e-4, 1e-4) || tp_failed());
    }
    tp_memory_trim(TP_CPU);                            /* so that a plan is made each time */
}
START_TEST(memory_may_fail_anywhere)
{
    static const int64_t lengths[] = { 12, 134, 640 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) every_point("a plan", one_length, NULL, (void *)(uintptr_t)&lengths[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fft");
    TCase *t = tcase_create("fft");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_length_agrees_with_the_sum);
    tcase_add_test(t, long_lines_are_split);
    tcase_add_test(t, threads_change_no_bit);
    tcase_add_test(t, several_dims_are_one_after_the_other);
    tcase_add_test(t, strides_and_dims_that_are_turned);
    tcase_add_test(t, frequencies_and_shifts);
    tcase_add_test(t, errors_say_what_is_wrong);
    tcase_add_test(t, a_signal_comes_back_from_its_windows);
    tcase_add_test(t, plans_are_given_back);
    tcase_add_test(t, memory_may_fail_anywhere);
    suite_add_tcase(s, t);
    return run_suite(s);
}
