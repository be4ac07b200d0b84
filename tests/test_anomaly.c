/* tests/test_anomaly.c: who made the NaN. */
#include "expect.h"
#include "failing.h"

/* "test_anomaly.c:12" where errors can tell lines (debug information and libdw), else NULL: then the rest is compared. */
static const char *at_line(int line)
{
    static char text[64];
    tp_matmul(tp_ones(TP_SHAPE(2, 2)), tp_ones(TP_SHAPE(3, 3)));
    const bool knows = strstr(tp_last_error()->where, "test_anomaly.c:");
    tp_clear_error();
    snprintf(text, sizeof text, "test_anomaly.c:%d", line);
    return knows ? text : NULL;
}
#define ck_says(part) ck_assert_msg(strstr(tp_last_error()->message, part), "\"%s\" has no \"%s\"", tp_last_error()->message, part)
#define ck_line(line) do { \
    const tp_error_copy kept = *(const tp_error_copy *)keep_error(); \
    const char *const place = at_line(line); \
    if (place) ck_assert_msg(strstr(kept.message, place), "\"%s\" has no \"%s\"", kept.message, place); \
} while (0)
static const tp_error_copy *keep_error(void)           /* of the thread, which is clear then */
{
    static tp_error_copy copy;
    ck_assert(tp_error_take(&copy));
    return &copy;
}

START_TEST(the_op_that_made_a_nan_is_named_with_its_call)
{
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    tp_tensor *x = LEAF(0, 1);
    const int line = __LINE__ + 1;
    tp_tensor *root = tp_sqrt(x);                      /* 0 * inf, backward */
    tp_tensor *loss = tp_sum(tp_mul(root, VECTOR(0, 1)));
    ck_assert_int_eq(tp_backward(loss), TP_ERR_NUMERIC);
    ck_says("backward: the gradient of input 0 of sqrt has a NaN, called with [2] float32");
    ck_line(line);
}
END_TEST

START_TEST(off_it_goes_through_and_on_for_the_backward_alone_names_the_op)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(0, 1);
    ck_assert(!tp_anomaly_enabled());
    ck_ok(tp_backward(tp_sum(tp_mul(tp_sqrt(x), VECTOR(0, 1)))));
    ck_assert(isnan(tp__element(tp_grad_of(x), 0)));
    tp_tensor *loss = tp_sum(tp_mul(tp_sqrt(x), VECTOR(0, 1)));
    tp_set_detect_anomaly(true);
    ck_assert(tp_anomaly_enabled());
    ck_assert_int_eq(tp_backward(loss), TP_ERR_NUMERIC);
    ck_message("backward: the gradient of input 0 of sqrt has a NaN; anomaly detection was off when it was called");
    {
        const tp_anomaly_mode was = tp_anomaly_mode_set(false);
        ck_ok(tp_backward(loss));                      /* the graph is intact */
        tp_anomaly_mode_restore((tp_anomaly_mode[]){ was });
    }
    ck_assert(tp_anomaly_enabled());
    tp_set_detect_anomaly(false);
}
END_TEST

typedef struct broken { tp_module base; tp_tensor *zero; } broken;
static tp_tensor *broken_forward(tp_module *self, tp_tensor *x) { return tp_sqrt(tp_mul(x, ((broken *)self)->zero)); }

START_TEST(the_path_of_the_module_is_told)
{
    TP_SCOPE();
    broken *inner = tp_module_new(broken, broken_forward);
    ck_assert_ptr_nonnull(inner);
    inner->zero = tp_add_buffer(inner, "zero", tp_zeros(TP_SHAPE(3)));
    tp_module *net = tp_sequential(tp_nn_linear(3, 3), tp_module_done(inner));
    TP_DETECT_ANOMALY();
    tp_tensor *y = tp_forward(net, tp_ones(TP_SHAPE(2, 3)));
    ck_assert_int_eq(tp_backward(tp_sum(tp_mul(y, y))), TP_ERR_NUMERIC);
    ck_says("of sqrt has a NaN, called with [2, 3] float32");
    ck_says("in net.1 (broken)");
    tp_clear_error();
    tp_module_free(net);
}
END_TEST

START_TEST(any_other_error_of_a_rule_tells_its_call_too)
{
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 2.0);
    const int line = __LINE__ + 1;
    tp_tensor *z = tp_sum(tp_mul(y, y));
    tp_add_(y, 1);
    ck_assert_int_eq(tp_backward(z), TP_ERR_STATE);
    ck_says("backward: mul saved a tensor [2] that add_ overwrote since (version 1, saved at 0) (mul, called with [2] float32, [2] float32");
    ck_line(line);
}
END_TEST

static tp_tensor *poison(void *arg, tp_tensor *g) { (void)arg; return tp_mul(g, (double)NAN); }

START_TEST(a_nan_that_no_op_made_is_told_where_it_comes_in)
{
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    tp_tensor *x = LEAF(1, 2), *y = tp_exp(x), *loss = tp_sum(tp_mul(y, 2.0));
    tp_register_hook(y, poison, NULL);
    ck_assert_int_eq(tp_backward(loss), TP_ERR_NUMERIC);
    ck_says("backward: a NaN came to exp, from a hook, a sum or the gradient that was given, called with [2] float32");
    tp_clear_error();
    tp_tensor *z = tp_mul(x, 3.0);
    ck_assert_int_eq(tp_backward(z, .grad = VECTOR(1, NAN)), TP_ERR_NUMERIC);
    ck_says("a NaN came to mul");
    tp_clear_error();
}
END_TEST

static tp_tensor *pass_forward(tp_context *call, tp_tensor *const *x) { (void)call; return tp_mul(x[0], 1.0); }
static tp_status nan_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call;
    dx[0] = tp_mul(dy, (double)NAN);
    return tp_error_status();
}
static const tp_function faulty = { .name = "faulty", .forward = pass_forward, .backward = nan_backward };

START_TEST(functions_of_ones_own_and_writes_in_place_are_named)
{
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    tp_tensor *x = LEAF(1, 2);
    ck_assert_int_eq(tp_backward(tp_sum(tp_apply(&faulty, x))), TP_ERR_NUMERIC);
    ck_says("the gradient of input 0 of faulty has a NaN, called with [2] float32");
    tp_clear_error();
    tp_tensor *y = tp_mul(x, 0.0), *part = tp_narrow(y, 0, 0, 1);
    tp_sqrt_(part);
    ck_assert_int_eq(tp_backward(tp_sum(tp_mul(y, 0.0))), TP_ERR_NUMERIC);
    ck_says("has a NaN, called with [1] float32");
    tp_clear_error();
}
END_TEST

START_TEST(a_recorded_backward_tells_what_it_was_the_backward_of)
{
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    tp_tensor *x = LEAF(0), *y = tp_sqrt(x), *g, *h, *zero = VECTOR(0);
    ck_ok(tp_grad(&y, 1, &x, 1, NULL, &g, .create_graph = true));        /* 1 / (2 y): inf, no NaN */
    ck_assert_int_eq(tp_grad(&g, 1, &x, 1, &zero, &h), TP_ERR_NUMERIC);
    ck_says("for the backward of sqrt, called with [1] float32");
    tp_clear_error();
}
END_TEST

START_TEST(layouts_and_dtypes_are_looked_through)
{
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    const tp_dtype dtypes[] = { TP_F64, TP_F32, TP_F16, TP_BF16 };
    for (int i = 0; i < 4; i++) {
        tp_tensor *x = tp_zeros(TP_SHAPE(40, 30), .dtype = dtypes[i]), *zero = tp_ones(TP_SHAPE(30, 40), .dtype = dtypes[i]);
        tp_fill_(tp_select(tp_select(zero, 0, 29), 0, 39), 0);           /* the last one alone */
        tp_fill_(tp_narrow(tp_narrow(x, 0, 0, 39), 1, 0, 30), 1);
        tp_fill_(tp_narrow(tp_narrow(x, 0, 39, 1), 1, 0, 29), 1);
        ck_ok(tp_requires_grad(x, true));
        tp_tensor *y = tp_sum(tp_mul(tp_sqrt(tp_transpose(x, 0, 1)), zero));
        ck_assert_int_eq(tp_backward(y), TP_ERR_NUMERIC);
        ck_says("of sqrt has a NaN, called with [30, 40]");
        tp_clear_error();
        tp_tensor *none = tp_zeros(TP_SHAPE(0, 3), .dtype = dtypes[i], .requires_grad = true),
                  *fine = tp_ones(TP_SHAPE(3), .dtype = dtypes[i], .requires_grad = true);
        ck_ok(tp_backward(tp_sum(tp_sqrt(none))));
        ck_ok(tp_backward(tp_sum(tp_sqrt(fine))));
    }
}
END_TEST

static void run_watched(void *arg)
{
    (void)arg;
    TP_SCOPE();
    TP_DETECT_ANOMALY();
    tp_tensor *x = tp_ones(TP_SHAPE(20), .requires_grad = true), *g, *h, *y = tp_sum(tp_exp(tp_mul(tp_apply(&faulty, tp_sqrt(x)), 2.0)));
    tp_tensor *z = tp_sum(tp_exp(tp_mul(x, x)));
    if (tp_failed() || tp_grad(&z, 1, &x, 1, NULL, &g, .create_graph = true)) return;
    tp_tensor *sum = tp_sum(g);
    if (tp_grad(&sum, 1, &x, 1, NULL, &h)) return;
    tp_backward(y);                                    /* a NaN, unless memory was out before */
    if (tp_error_status() == TP_ERR_NUMERIC) tp_clear_error();
}
START_TEST(every_allocation_may_fail) { every_point("anomaly detection", run_watched, NULL, NULL); }
END_TEST

int main(void)
{
    Suite *s = suite_create("anomaly");
    TCase *t = tcase_create("anomaly");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, the_op_that_made_a_nan_is_named_with_its_call);
    tcase_add_test(t, off_it_goes_through_and_on_for_the_backward_alone_names_the_op);
    tcase_add_test(t, the_path_of_the_module_is_told);
    tcase_add_test(t, any_other_error_of_a_rule_tells_its_call_too);
    tcase_add_test(t, a_nan_that_no_op_made_is_told_where_it_comes_in);
    tcase_add_test(t, functions_of_ones_own_and_writes_in_place_are_named);
    tcase_add_test(t, a_recorded_backward_tells_what_it_was_the_backward_of);
    tcase_add_test(t, layouts_and_dtypes_are_looked_through);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return run_suite(s);
}
