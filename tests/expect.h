/* tests/expect.h: what suites say often: messages, values, what is in use, and running a suite. */
#ifndef TP_TESTS_EXPECT_H
#define TP_TESTS_EXPECT_H

#include <taper/taper.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The unread error's whole message, which is cleared. */
#define ck_message(text) do { \
    ck_assert(tp_failed()); \
    ck_assert_str_eq(tp_last_error()->message, text); \
    tp_clear_error(); \
} while (0)
/* The code of it, and a part of its message. */
#define ck_error(status, part) do { \
    ck_assert(tp_failed()); \
    ck_assert_msg(strstr(tp_last_error()->message, part), "\"%s\" has no \"%s\"", tp_last_error()->message, part); \
    ck_assert_int_eq(tp_last_error()->code, status); \
    tp_clear_error(); \
} while (0)
#define ck_ok(call) ck_assert_msg((call) == TP_OK, "%s: %s", #call, tp_last_error() ? tp_last_error()->message : "no error")
#define ck_fine() ck_assert_msg(!tp_failed(), "%s", tp_last_error()->message)

static inline double tp__element(tp_tensor *x, int64_t i)
{
    double *values = malloc((size_t)(tp_numel(x) + 1) * sizeof *values);
    TP_SCOPE();
    TP_NO_GRAD();
    ck_ok(tp_copy_to(tp_to_dtype(x, TP_F64), values, (size_t)tp_numel(x) * sizeof *values));
    const double value = values[i];
    free(values);
    return value;
}

/* All elements, in row-major order. */
#define ck_values(x, ...) do { \
    tp_tensor *const values_of = (x); \
    const double want[] = { __VA_ARGS__ }; \
    ck_assert_msg(values_of, "%s is NULL: %s", #x, tp_last_error() ? tp_last_error()->message : "no error"); \
    ck_assert_int_eq(tp_numel(values_of), (int64_t)(sizeof want / sizeof *want)); \
    for (size_t at = 0; at < sizeof want / sizeof *want; at++) { \
        const double got = tp__element(values_of, (int64_t)at); \
        ck_assert_msg(fabs(got - want[at]) <= 1e-5 * (1 + fabs(want[at])), "%s: element %zu is %.9g, not %.9g", #x, at, got, want[at]); \
    } \
} while (0)

static inline int64_t in_use(void)
{
    tp_memory m;
    ck_assert_int_eq(tp_memory_stats(TP_CPU, &m), TP_OK);
    return m.in_use;
}

#define LEAF(...) leaf_of((double[]){ __VA_ARGS__ }, TP__COUNT(double, __VA_ARGS__))
#define VECTOR(...) vector_of((double[]){ __VA_ARGS__ }, TP__COUNT(double, __VA_ARGS__))
static inline tp_tensor *vector_of(const double *v, int n) { return tp_to_dtype(tp_from_data(v, TP_F64, TP_SHAPE(n)), TP_F32); }
static inline tp_tensor *leaf_of(const double *v, int n)
{
    tp_tensor *x = vector_of(v, n);
    ck_ok(tp_requires_grad(x, true));
    return x;
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}

#endif
