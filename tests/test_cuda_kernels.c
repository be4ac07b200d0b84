/* tests/test_cuda_kernels.c: each family of kernels of the CUDA backend against the CPU's, where shapes are large or odd enough for every path
 * of it: what the fixtures of parity are too small for. On the simulated device, under each order of threads and two of streams. */
#include "cuda_same.h"

START_TEST(elementwise_kernels_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_randn(TP_SHAPE(37, 129)), floats[k]),
                  *b = tp_to_dtype(tp_randn(TP_SHAPE(37, 129)), floats[k]), *da = there(a), *db = there(b);
        SAME(tp_add(x, y), tol, tol);
        SAME(tp_mul(x, 2.5), tol, tol);
        SAME(tp_sub(1.0, x), tol, tol);
        SAME(tp_div(tp_narrow(x, 1, 1, 127), tp_narrow(y, 1, 2, 127)), tol, tol);              /* rows that begin unaligned */
        SAME(tp_mul(tp_transpose(x, 0, 1), tp_transpose(y, 0, 1)), tol, tol);
        SAME(tp_add(x, tp_select(y, 0, 3)), tol, tol);
        SAME(tp_mul(tp_narrow(x, 1, 0, 1), tp_narrow(y, 0, 0, 1)), tol, tol);
        SAME(tp_eq(x, y), 0, 0);
        SAME(tp_exp(x), 4 * tol, tol);
        SAME(tp_tanh(x), 4 * tol, tol);
        SAME(tp_relu(x), 0, 0);
        SAME(tp_fmod(x, y), tol, tol);
        SAME(tp_pow(tp_mul(x, x), 1.7), 4 * tol, tol);
    }
}
END_TEST

START_TEST(integers_wrap_and_divide)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *a = tp_randint(-100, 100, TP_SHAPE(1000), .dtype = TP_I8),
              *b = tp_randint(1, 9, TP_SHAPE(1000), .dtype = TP_I64), *da = there(a), *db = there(b);
    SAME(tp_mul(x, x), 0, 0);
    SAME(tp_add(x, y), 0, 0);
    SAME(tp_floor_divide(x, y), 0, 0);
    SAME(tp_remainder(x, y), 0, 0);
    SAME(tp_sum(x), 0, 0);
    SAME(tp_matmul(tp_reshape(y, TP_SHAPE(10, 100)), tp_reshape(y, TP_SHAPE(100, 10))), 0, 0);
}
END_TEST

START_TEST(copies_agree)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *a = tp_randn(TP_SHAPE(5, 70, 45)), *b = tp_randn(TP_SHAPE(300)), *da = there(a), *db = there(b);
    SAME(tp_contiguous(tp_transpose(x, 1, 2)), 0, 0);                                         /* by tiles */
    SAME(tp_contiguous(tp_transpose(x, 0, 2)), 0, 0);
    SAME(tp_contiguous(tp_narrow(x, 2, 3, 40)), 0, 0);
    SAME(tp_to_dtype(tp_transpose(x, 1, 2), TP_F16), 0, 0);
    SAME(tp_to_dtype(x, TP_I32), 0, 0);
    SAME(tp_to_dtype(x, TP_BOOL), 0, 0);
    SAME(tp_to_dtype(x, TP_C64), 0, 0);
    same(tp_full(TP_SHAPE(7, 3), 2.5, .device = DEVICE), tp_full(TP_SHAPE(7, 3), 2.5), 0, 0, "full");
}
END_TEST

START_TEST(reductions_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_rand(TP_SHAPE(33, 7, 130)), floats[k]),
                  *b = tp_to_dtype(tp_rand(TP_SHAPE(70001)), floats[k]), *da = there(a), *db = there(b);
        SAME(tp_sum(x), tol, tol);
        SAME(tp_mean(y), tol, tol);                                                           /* one output, many blocks */
        SAME(tp_sum(x, .dims = TP_DIMS(0)), tol, tol);
        SAME(tp_sum(x, .dims = TP_DIMS(1), .keepdim = true), tol, tol);
        SAME(tp_mean(x, .dims = TP_DIMS(0, 2)), tol, tol);
        SAME(tp_sum(tp_transpose(x, 0, 2), .dims = TP_DIMS(0)), tol, tol);
        SAME(tp_any(tp_eq(x, 0)), 0, 0);
        SAME(tp_sum(tp_narrow(x, 0, 0, 0), .dims = TP_DIMS(0)), 0, 0);                        /* of nothing */
    }
}
END_TEST

START_TEST(softmax_agrees)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_randn(TP_SHAPE(9, 300, 40)), floats[k]),
                  *b = tp_to_dtype(tp_randn(TP_SHAPE(70, 3)), floats[k]), *da = there(a), *db = there(b);
        SAME(tp_softmax(x, -1), tol, tol);
        SAME(tp_softmax(x, 1), tol, tol);
        SAME(tp_log_softmax(x, 0), tol, tol);
        SAME(tp_log_softmax(y, 1), tol, tol);
    }
}
END_TEST

START_TEST(products_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 8 * tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_randn(TP_SHAPE(3, 70, 33)), floats[k]),
                  *b = tp_to_dtype(tp_randn(TP_SHAPE(33, 65)), floats[k]), *da = there(a), *db = there(b);
        SAME(tp_matmul(x, y), tol, 10 * tol);
        SAME(tp_matmul(tp_transpose(x, 1, 2), tp_transpose(tp_transpose(x, 1, 2), 1, 2)), tol, 10 * tol);
        SAME(tp_matmul(x, tp_select(y, 1, 0)), tol, 10 * tol);
        SAME(tp_matmul(tp_select(tp_select(x, 0, 0), 0, 0), y), tol, 10 * tol);
    }
}
END_TEST

/* Nothing of it runs on the host: a kernel is launched for each op. */
START_TEST(each_op_launches)
{
    if (!cuda_host_needed("taper_cuda_host_counters")) return;
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = there(tp_randn(TP_SHAPE(64, 64)));
    ck_ok(tp_synchronize(DEVICE));
    const int64_t before = cuda_counts().launches;
    tp_tensor *y = tp_softmax(tp_matmul(tp_relu(x), x), 1);
    ck_assert_ptr_nonnull(y);
    ck_ok(tp_synchronize(DEVICE));
    ck_assert_int_ge(cuda_counts().launches, before + 3);
}
END_TEST

/* A call that gives the device nothing to do, though there is something to compute, is an error that names the op and the kernel. */
START_TEST(a_kernel_that_does_nothing_is_caught)
{
    void *found = cuda_host_needed("taper_cuda_host_idle");
    void (*idle)(const char *);
    memcpy(&idle, &found, sizeof idle);
    if (!idle) return;
    TP_SCOPE();
    tp_tensor *x = there(tp_randn(TP_SHAPE(64, 64))), *none = tp_narrow(x, 0, 0, 0);
    const int64_t before = cuda_counts().calls;
    idle("softmax");
    ck_assert_ptr_null(tp_softmax(x, 1));
    ck_message("softmax: the kernel \"softmax\" gave the device nothing to do for 4096 elements");
    ck_assert_ptr_nonnull(tp_relu(x));                 /* others are as they were */
    ck_assert_ptr_nonnull(tp_softmax(none, 1));        /* there is nothing to do */
    ck_assert_int_eq(cuda_counts().calls, before + 2);
    idle("copy");
    ck_assert_ptr_null(tp_clone(tp_transpose(x, 0, 1)));
    ck_error(TP_ERR_STATE, "the kernel \"copy\" gave the device nothing to do");
    idle("fused_adam_");
    tp_tensor *p = tp_zeros(TP_SHAPE(5), .device = DEVICE, .requires_grad = true);
    tp_optimizer *o = tp_adamw(TP_TENSORS(p));
    ck_ok(tp_backward(tp_sum(tp_mul(p, p))));
    ck_assert_int_eq(tp_step(o), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "gave the device nothing to do");
    idle(NULL);
    ck_ok(tp_step(o));
    same(tp_softmax(x, 1), tp_softmax(tp_to(x, TP_CPU), 1), 1e-5, 1e-5, "softmax again");
    tp_free_all(o);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_kernels");
    TCase *t = tcase_create("cuda_kernels");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, elementwise_kernels_agree, 0, cuda_orders());
        tcase_add_loop_test(t, integers_wrap_and_divide, 0, cuda_orders());
        tcase_add_loop_test(t, copies_agree, 0, cuda_orders());
        tcase_add_loop_test(t, reductions_agree, 0, cuda_orders());
        tcase_add_loop_test(t, softmax_agrees, 0, cuda_orders());
        tcase_add_loop_test(t, products_agree, 0, cuda_orders());
        tcase_add_test(t, each_op_launches);
        tcase_add_test(t, a_kernel_that_does_nothing_is_caught);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
