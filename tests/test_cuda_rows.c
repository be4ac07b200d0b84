/* tests/test_cuda_rows.c: elementwise kernels, losses and optimizers of the CUDA backend against the CPU's, where shapes are large or odd
 * enough for every path. On the simulated device, under each order of threads and two of streams. */
#include "cuda_same.h"

#include <taper/optim.h>

START_TEST(activations_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_mul(tp_randn(TP_SHAPE(37, 130)), 3), floats[k]), *b = tp_to_dtype(tp_randn(TP_SHAPE(130)), floats[k]);
        tp_tensor *da = there(a), *db = there(b);
        SAME(tp_gelu(x), tol, tol);
        SAME(tp_gelu(tp_transpose(x, 0, 1), .approximate = TP_GELU_TANH), tol, tol);
        SAME(tp_silu(tp_narrow(x, 1, 1, 127)), tol, tol);
        SAME(tp_mish(x), tol, tol);
        SAME(tp_leaky_relu(x), tol, tol);
        SAME(tp_glu(x, 1), tol, tol);
        SAME(tp_glu(tp_transpose(x, 0, 1), 0), tol, tol);
        SAME(tp_prelu(x, y), tol, tol);
        SAME(tp_clamp(x, -1, 2), 0, 0);
        SAME(tp_maximum(x, y), 0, 0);
        SAME(tp_gt(x, y), 0, 0);
        SAME(tp_sign(x), 0, 0);
        SAME(tp_logical_and(tp_gt(x, 0), tp_gt(y, 0)), 0, 0);
        SAME(tp_bitwise_not(tp_gt(x, 0)), 0, 0);
        SAME(tp_nextafter(x, y), 0, 0);
    }
}
END_TEST

/* By pieces of 16 bytes, with broadcasting, from numbers of the host, and of every size of an element */
START_TEST(selections_agree)
{
    static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_I8, TP_BOOL, TP_C64, TP_C128 };
    begin(_i);
    for (size_t k = 0; k < sizeof dtypes / sizeof *dtypes; k++) {
        TP_SCOPE();
        tp_tensor *a = tp_to_dtype(tp_randint(0, 100, TP_SHAPE(33, 133)), dtypes[k]),
                  *b = tp_gt(tp_randn(TP_SHAPE(33, 133)), 0), *da = there(a), *db = there(b);
        SAME(tp_where(y, x, tp_flip(x, TP_DIMS(0))), 0, 0);
        SAME(tp_where(tp_transpose(y, 0, 1), tp_transpose(x, 0, 1), 1), 0, 0);
        SAME(tp_where(y, 1, tp_select(x, 0, 3)), 0, 0);
        SAME(tp_masked_fill(x, tp_narrow(y, 0, 0, 1), 1), 0, 0);
        SAME(tp_masked_fill(tp_narrow(x, 1, 1, 131), tp_narrow(y, 1, 2, 131), 1), 0, 0);
        SAME(tp_tril(x, 0), 0, 0);
        SAME(tp_triu(tp_transpose(x, 0, 1), -2), 0, 0);
    }
    TP_SCOPE();
    tp_tensor *a = tp_randn(TP_SHAPE(40, 9)), *b = tp_randint(-5, 5, TP_SHAPE(40, 9)), *da = there(a), *db = there(b);
    SAME(tp_where(tp_gt(x, 0), x, y), 0, 0);                                       /* of two dtypes */
    SAME(tp_where(tp_gt(x, 0), x, -INFINITY), 0, 0);
}
END_TEST

static taper_cuda_host_counts launched(void)           /* all that was asked until now */
{
    ck_ok(tp_synchronize(DEVICE));
    return cuda_counts();
}

/* What gives float32 of 16 bits, in a region of autocast or by its dtype, copies nothing on the way there and back: exact where it is float32. */
START_TEST(sixteen_bits_are_read_as_they_are)
{
    begin(_i);
    for (int k = 0; k < 6; k++) {
        TP_SCOPE();
        const tp_dtype d = k % 2 ? TP_BF16 : TP_F16;
        tp_tensor *low = tp_to_dtype(tp_mul(3, tp_randn(TP_SHAPE(37, 130))), d), *x = tp_clone(tp_to_dtype(low, TP_F32)), *dx = there(low);
        tp_tensor *t = tp_randint(0, 130, TP_SHAPE(37)), *dt = there(t), *y, *dy;
        ck_ok(tp_requires_grad(x, true));
        ck_ok(tp_requires_grad(dx, true));
        const taper_cuda_host_counts before = launched();
        {
            TP_AUTOCAST(d);
            dy = k < 2 ? tp_cross_entropy(dx, dt) : k < 4 ? tp_softmax(dx, 1) : tp_log_softmax(dx, 0, .dtype = TP_F32);
        }
        if (before.launches) ck_assert_int_eq(launched().launches - before.launches, k < 2 ? 2 : 1);
        y = k < 2 ? tp_cross_entropy(x, t) : k < 4 ? tp_softmax(x, 1) : tp_log_softmax(x, 0);
        same(dy, y, 1e-5, 1e-5, "the result");
        ck_ok(tp_backward(tp_sum(k < 2 ? y : tp_mul(y, tp_sin(y)))));
        ck_ok(tp_backward(tp_sum(k < 2 ? dy : tp_mul(dy, tp_sin(dy)))));
        ck_assert_int_eq(tp_dtype_of(tp_grad_of(dx)), d);
        same(tp_to_dtype(tp_grad_of(dx), TP_F32), tp_grad_of(x), tolerance(d), tolerance(d), "the gradient");
    }
    ck_fine();
}
END_TEST

/* The lists of a device are others than the CPU's. Of bfloat16, and of two bfloat16 or one beside float32 */
START_TEST(a_region_has_the_lists_of_the_device)
{
    static const char *const to_float[] = { "exp", "log", "rsqrt", "softplus", "sum", "prod", "softmax", "log_softmax", "logsumexp", "tan" };
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = tp_add(1.0, tp_rand(TP_SHAPE(4, 4))), *dx = there(x), *low = tp_to_dtype(dx, TP_BF16), *y = NULL;
    TP_AUTOCAST(TP_BF16);
    for (size_t i = 0; i < sizeof to_float / sizeof *to_float; i++) {
        int n;
        const bool has_dim = strstr(to_float[i], "soft") == to_float[i] || strstr(to_float[i], "log_") || strstr(to_float[i], "logsum");
        const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = low }, { .kind = TP_ARG_INT, .value.integer = 1 } };
        ck_assert_msg(!tp_op_call(to_float[i], args, has_dim && strcmp(to_float[i], "softplus") ? 2 : 1, &y, 1, &n), "%s", to_float[i]);
        ck_assert_msg(tp_dtype_of(y) == TP_F32, "%s makes %s", to_float[i], tp_dtype_name(tp_dtype_of(y)));
    }
    ck_assert_int_eq(tp_dtype_of(tp_layer_norm(low, TP_SHAPE(4))), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_mean(low)), TP_BF16);
    ck_assert_int_eq(tp_dtype_of(tp_matmul(dx, low)), TP_BF16);
    ck_assert_int_eq(tp_dtype_of(tp_addcmul(dx, low, low, 1)), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_addcmul(low, low, low, 1)), TP_BF16);
    ck_assert_ptr_null(tp_binary_cross_entropy(tp_sigmoid(dx), tp_sigmoid(dx)));
    ck_error(TP_ERR_DTYPE, "binary_cross_entropy: it is not safe inside of a region of autocast");
    ck_fine();
}
END_TEST

static tp_tensor *loss_of(tp_tensor *x, tp_tensor *y, int which, tp_reduction reduction)
{
    tp_tensor *p = tp_sigmoid(x), *q = tp_sigmoid(y);
    switch (which) {
    case 0: return tp_mse_loss(x, y, .reduction = reduction);
    case 1: return tp_l1_loss(x, y, .reduction = reduction);
    case 2: return tp_smooth_l1_loss(x, y, .reduction = reduction);
    case 3: return tp_huber_loss(x, y, .reduction = reduction);
    case 4: return tp_binary_cross_entropy(p, q, .reduction = reduction);
    case 5: return tp_binary_cross_entropy_with_logits(x, q, .reduction = reduction);
    case 6: return tp_binary_cross_entropy_with_logits(x, q, .pos_weight = tp_select(q, 0, 0), .reduction = reduction);
    case 7: return tp_kl_div(x, q, .reduction = reduction);
    default: return tp_soft_margin_loss(x, tp_sign(y), .reduction = reduction);
    }
}

/* Sums by one block and by many */
START_TEST(losses_agree)
{
    enum { LOSSES = 9 };
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_randn(TP_SHAPE(70, 91)), floats[k]),
                  *b = tp_to_dtype(tp_randn(TP_SHAPE(70, 91)), floats[k]), *da = there(a), *db = there(b);
        for (int which = 0; which < LOSSES; which++) {
            SAME(loss_of(x, y, which, TP_REDUCTION_NONE), tol, tol);
            SAME(loss_of(x, y, which, TP_REDUCTION_MEAN), tol, tol);
            SAME(loss_of(tp_narrow(x, 0, 0, 3), tp_narrow(y, 0, 1, 3), which, TP_REDUCTION_SUM), tol, tol);
            SAME(loss_of(tp_transpose(x, 0, 1), tp_transpose(y, 0, 1), which, TP_REDUCTION_MEAN), tol, tol);
        }
    }
    TP_SCOPE();
    ck_assert(isnan(tp_item(tp_mse_loss(tp_empty(TP_SHAPE(0), .device = DEVICE), tp_empty(TP_SHAPE(0), .device = DEVICE)))));
}
END_TEST

START_TEST(bad_targets_are_told)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = there(tp_add(tp_rand(TP_SHAPE(300)), 1)), *t = there(tp_rand(TP_SHAPE(300)));
    ck_assert_ptr_nonnull(tp_binary_cross_entropy(x, t));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_ARGUMENT);
    ck_message("binary_cross_entropy: inputs and targets have to be between 0 and 1, and one is not");
    tp_clear_error();
    ck_assert_ptr_nonnull(tp_binary_cross_entropy(t, x));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_ptr_nonnull(tp_multilabel_margin_loss(there(tp_randn(TP_SHAPE(2, 3))), there(tp_full(TP_SHAPE(2, 3), 7, .dtype = TP_I64))));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_INDEX);
    ck_message("multilabel_margin_loss: target 7 is not below 3");
    tp_clear_error();
}
END_TEST

/* ---- Optimizers ------------------------------------------------------------------------------------------------------------------------------ */

enum { PARAMETERS = 3, LISTS = 6 };
static const struct { const char *name; int lists, scalars, n; double numbers[8]; } rules[] = {
    { "rmsprop", 6, 1, 6, { 0.01, 0.9, 1e-8, 0.1, 0.9, 0 } },
    { "adagrad", 4, 1, 5, { 0.1, 0.01, 0.1, 1e-10, 1 } },
    { "sparse_adam", 5, 1, 5, { 0.01, 0.9, 0.99, 1e-8, 0 } },
    { "adadelta", 5, 1, 5, { 1, 0.9, 1e-6, 0.1, 0 } },
    { "adamax", 5, 1, 6, { 0.01, 0.9, 0.99, 1e-8, 0.1, 0 } },
    { "nadam", 6, 2, 8, { 0.01, 0.9, 0.99, 1e-8, 0.1, 0.004, 1, 0 } },
    { "radam", 5, 1, 7, { 0.01, 0.9, 0.99, 1e-8, 0.1, 0, 0 } },
    { "rprop", 5, 1, 5, { 0.5, 1.2, 1e-6, 50, 0 } },
    { "asgd", 6, 3, 6, { 0.01, 1e-4, 0.75, 2, 0.1, 0 } },
};

/* Three steps of a rule; scalars lie on `of_scalars`. A mean of squares is above the square of a mean. The parameters
 * follow one another in what is returned. */
static tp_tensor *after_steps(int rule, tp_dtype dtype, tp_device device, tp_device of_scalars)
{
    static const int64_t sizes[PARAMETERS] = { 20000, 1, 300 };
    tp_tensor *at[LISTS][PARAMETERS];
    tp_tensor_list list[LISTS];
    tp_manual_seed(3);
    for (int k = 0; k < rules[rule].lists; k++) {
        const bool scalar = k >= 2 && k < 2 + rules[rule].scalars;
        for (int i = 0; i < PARAMETERS; i++)
            at[k][i] = scalar ? tp_full((tp_shape){ .ndim = 0 }, k == 2 ? 0 : 0.5, .device = of_scalars)
                              : tp_to(tp_to_dtype(tp_uniform(TP_SHAPE(sizes[i]), k < 2 ? -1 : k == 3, k == 3 ? 2 : 1), dtype), device);
        list[k] = (tp_tensor_list){ .at = at[k], .n = PARAMETERS };
    }
    for (int step = 0; step < 3; step++) ck_ok(tp_fused_step_(rules[rule].name, list, rules[rule].lists, rules[rule].numbers, rules[rule].n));
    for (int k = 0; k < rules[rule].scalars; k++) at[0][0] = tp_add(at[0][0], tp_to_dtype(tp_to(at[2 + k][0], device), dtype));
    return tp_cat(TP_TENSORS(tp_to(at[0][0], TP_CPU), tp_to(at[0][1], TP_CPU), tp_to(at[0][2], TP_CPU), tp_to(at[2 + rules[rule].scalars][0], TP_CPU)), 0);
}

START_TEST(rules_agree)
{
    begin(_i);
    for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++)
        for (int k = 0; k < 4; k++) {
            TP_SCOPE();
            const double tol = 8 * tolerance(floats[k]);
            tp_tensor *want = after_steps((int)rule, floats[k], TP_CPU, TP_CPU);
            ck_assert_msg(tp_allclose(after_steps((int)rule, floats[k], DEVICE, TP_CPU), want, tol, tol), "%s: scalars on the host", rules[rule].name);
            ck_assert_msg(tp_allclose(after_steps((int)rule, floats[k], DEVICE, DEVICE), want, tol, tol), "%s: scalars on the device", rules[rule].name);
        }
}
END_TEST

START_TEST(norms_and_scaling_agree)
{
    static const double powers[] = { 2, 1, 0, 3, INFINITY, -INFINITY };
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_randn(TP_SHAPE(150, 111)), floats[k]), *b = tp_to_dtype(tp_randn(TP_SHAPE(5)), floats[k]), *da = there(a), *db = there(b);
        for (size_t p = 0; p < sizeof powers / sizeof *powers; p++) SAME(tp_total_norm(TP_TENSORS(x, y), powers[p]), tol, tol);
        ck_ok(tp_fused_mul_(TP_TENSORS(a, b), 0.3));
        ck_ok(tp_fused_mul_(TP_TENSORS(da, db), 0.3));
        same(da, a, tol, tol, "fused_mul_");
        same(db, b, tol, tol, "fused_mul_");
    }
}
END_TEST

/* Each tensor and each room of a call is an allocation of the device's, and any of them may fail. */
static bool work(void)
{
    TP_SCOPE();
    tp_tensor *x = there(tp_full(TP_SHAPE(70, 91), 0.5)), *y = tp_to_dtype(x, TP_F16), *t = there(tp_zeros(TP_SHAPE(4, 5), .dtype = TP_I64));
    tp_tensor *step = x ? tp_zeros((tp_shape){ .ndim = 0 }, .device = DEVICE) : NULL;
    const tp_tensor_list lists[] = { TP_TENSORS(x), TP_TENSORS(x), TP_TENSORS(step), TP_TENSORS(x) };
    return t && step && tp_mse_loss(x, y) && tp_where(tp_gt(x, 0), x, y) && tp_masked_fill(x, tp_gt(x, 0), 1) &&
           tp_multilabel_margin_loss(tp_transpose(tp_full(TP_SHAPE(5, 4), 0.5, .device = DEVICE), 0, 1), t) && tp_total_norm(TP_TENSORS(x, y), 2) &&
           !tp_fused_mul_(TP_TENSORS(x, y), 2) && !tp_fused_step_("adagrad", lists, 4, rules[1].numbers, 5);
}

START_TEST(any_room_may_be_missing)
{
    int64_t n = 1;
    setenv("TAPER_CUDA_ALLOC", "direct", 1);
    begin(_i);
    ck_assert(work());                                 /* starts the device, whose own memory is not what is asked for here */
    for (bool done = false; !done && n < 100; n++) {
        if (!cuda_fail_at(n)) return;
        done = work();
        if (!done) ck_error(TP_ERR_MEMORY, "no memory for");
        cuda_fail_at(0);
        ck_assert(work());
        ck_assert_int_eq(device_memory().in_use, 0);
    }
    ck_assert_int_gt(n, 12);
    ck_assert_int_lt(n, 100);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_rows");
    TCase *t = tcase_create("cuda_rows");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, activations_agree, 0, cuda_orders());
        tcase_add_loop_test(t, selections_agree, 0, cuda_orders());
        tcase_add_loop_test(t, sixteen_bits_are_read_as_they_are, 0, cuda_orders());
        tcase_add_test(t, a_region_has_the_lists_of_the_device);
        tcase_add_loop_test(t, losses_agree, 0, cuda_orders());
        tcase_add_loop_test(t, bad_targets_are_told, 0, cuda_orders());
        tcase_add_loop_test(t, rules_agree, 0, cuda_orders());
        tcase_add_loop_test(t, norms_and_scaling_agree, 0, cuda_orders());
        tcase_add_loop_test(t, any_room_may_be_missing, 0, cuda_orders());
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
