/* test_loss.c: what the walk over the registry cannot know of losses: known values, CTC against all paths and its gradient through
 * log_softmax, sums that the threads do not change, and the messages of refusals. */
#include "expect.h"

#include <taper/autograd.h>
#include <taper/extend.h>

static tp_tensor *whole(tp_shape shape, const int64_t *v) { return tp_from_data(v, TP_I64, shape); }
#define INTS(...) whole(TP_SHAPE(TP__COUNT(int64_t, __VA_ARGS__)), (const int64_t[]){ __VA_ARGS__ })

/* ---- Values -------------------------------------------------------------------------------------------------------------------------- */

/* log(1 - x) to 1.5 ulp, near 0, near 1 and at both: what 1 - x rounds off must not be lost. */
START_TEST(entropy_of_what_is_rare_is_exact)
{
    enum { MANY = 1 << 14 };
    TP_SCOPE();
    float x[MANY];
    for (int i = 0; i < MANY; i++) {
        const double part = (i + 1) / (double)MANY;
        x[i] = (float)(i % 3 == 0 ? part : i % 3 == 1 ? ldexp(part, -(i % 120)) : 1 - ldexp(part, -(i % 24)));
    }
    x[0] = 0, x[1] = 1;
    const float *y = tp_data(tp_binary_cross_entropy(tp_from_data(x, TP_F32, TP_SHAPE(MANY)), tp_zeros(TP_SHAPE(MANY)), .reduction = TP_REDUCTION_NONE));
    for (int i = 0; i < MANY; i++) {
        const double want = fmin(-log1p(-(double)x[i]), 100);
        ck_assert_msg(fabs(y[i] - want) <= 1.5 * ldexp(1, want > 0 ? ilogb(want) - 23 : 0) && (want > 0 || y[i] == 0), "%.9g: %.9g, not %.9g", (double)x[i],
                      (double)y[i], want);
    }
}
END_TEST

START_TEST(losses_of_two_tensors_have_known_values)
{
    TP_SCOPE();
    tp_tensor *a = VECTOR(1, 2, 5), *b = VECTOR(1.5, 2, 2);
    ck_values(tp_mse_loss(a, b), 9.25 / 3);
    ck_values(tp_l1_loss(a, b, .reduction = TP_REDUCTION_SUM), 3.5);
    ck_values(tp_huber_loss(a, b, .reduction = TP_REDUCTION_NONE), 0.125, 0, 2.5);
    ck_values(tp_smooth_l1_loss(a, b, .beta = 2, .reduction = TP_REDUCTION_NONE), 0.0625, 0, 2);
    ck_values(tp_mse_loss(a, b, .weight = VECTOR(1, 2, 3)), 27.25 / 6);
    ck_values(tp_huber_loss(a, b, .weight = VECTOR(1, 2, 3)), 7.625 / 3);
    ck_values(tp_kl_div(VECTOR(-1, -2), VECTOR(0.5, 0), .reduction = TP_REDUCTION_NONE), 0.5 * log(0.5) + 0.5, 0);
    ck_values(tp_binary_cross_entropy(VECTOR(0, 1, 0.5), VECTOR(1, 0, 0.5), .reduction = TP_REDUCTION_NONE), 100, 100, log(2));
    ck_values(tp_binary_cross_entropy_with_logits(VECTOR(0, 100, -100), VECTOR(0.5, 0, 0), .pos_weight = VECTOR(3, 3, 3), .reduction = TP_REDUCTION_NONE),
              2 * log(2), 100, 0);
    ck_values(tp_l1_loss(INTS(1, 2), INTS(4, 2), .reduction = TP_REDUCTION_SUM), 3);
    tp_tensor *wraps = tp_l1_loss(INTS(INT64_MAX, 9), INTS(0, 0), .reduction = TP_REDUCTION_SUM);       /* exact, as int64 is */
    ck_assert_int_eq(*(const int64_t *)tp_data(wraps), INT64_MIN + 8);
}
END_TEST

/* PyTorch expands both first, or writes over 1 - target, or over the input. */
START_TEST(dtypes_are_those_of_pytorch)
{
    TP_SCOPE();
    tp_tensor *wide = tp_to_dtype(tp_scalar(1), TP_F64), *x = VECTOR(1), *narrow = tp_ones(TP_SHAPE(1), .dtype = TP_F16);
    ck_assert_int_eq(tp_dtype_of(tp_mse_loss(wide, x)), TP_F64);
    ck_assert_int_eq(tp_dtype_of(tp_l1_loss(x, wide)), TP_F64);
    ck_assert_int_eq(tp_dtype_of(tp_smooth_l1_loss(narrow, tp_scalar(1))), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_huber_loss(narrow, tp_scalar(1))), TP_F16);
    ck_assert_int_eq(tp_dtype_of(tp_kl_div(x, wide)), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_binary_cross_entropy_with_logits(x, narrow)), TP_F16);
    ck_assert_int_eq(tp_dtype_of(tp_binary_cross_entropy_with_logits(narrow, x)), TP_F32);
    ck_assert_int_eq(tp_dtype_of(tp_poisson_nll_loss(narrow, INTS(2), .full = true)), TP_F16);
    ck_fine();
}
END_TEST

/* Of -sum_c w_c p_c l_c in each row, over the two rows: -sum over rows of p l / 2 */
START_TEST(cross_entropy_of_probabilities_has_a_gradient_in_the_weight)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(VECTOR(0.5, 1, -2, 3, 0, 1), TP_SHAPE(2, 3)), *p = tp_reshape(VECTOR(0.2, 0.3, 0.5, 1, 0, 0), TP_SHAPE(2, 3));
    tp_tensor *w = VECTOR(1, 2, 3), *l = tp_log_softmax(x, 1);
    ck_ok(tp_requires_grad(w, true));
    ck_ok(tp_backward(tp_cross_entropy(x, p, .weight = w)));
    ck_assert(tp_allclose(tp_grad_of(w), tp_mul(tp_sum(tp_mul(p, l), .dims = TP_DIMS(0)), -0.5), 1e-6, 1e-6));
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_sum(tp_cross_entropy(x, p, .weight = w, .reduction = TP_REDUCTION_NONE, .label_smoothing = 0.3))));
    tp_tensor *smooth = tp_add(tp_mul(p, 0.7), 0.1);
    ck_assert(tp_allclose(tp_grad_of(w), tp_neg(tp_sum(tp_mul(smooth, l), .dims = TP_DIMS(0))), 1e-6, 1e-6));
    ck_fine();
}
END_TEST

START_TEST(an_empty_mean_is_nan_and_an_empty_sum_zero)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(0, 3)), *none = tp_zeros(TP_SHAPE(0), .dtype = TP_I64);
    ck_assert(isnan(tp_item(tp_mse_loss(x, x))) && isnan(tp_item(tp_nll_loss(x, none))) && isnan(tp_item(tp_cross_entropy(x, none))));
    ck_values(tp_mse_loss(x, x, .reduction = TP_REDUCTION_SUM), 0);
    ck_values(tp_nll_loss(x, none, .reduction = TP_REDUCTION_SUM), 0);
    ck_assert(isnan(tp_item(tp_nll_loss(tp_ones(TP_SHAPE(2, 3)), INTS(-100, -100)))));
}
END_TEST

START_TEST(nll_loss_picks_and_weighs_classes)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(VECTOR(-1, -2, -3, -4, -5, -6), TP_SHAPE(2, 3)), *w = VECTOR(1, 2, 4);
    ck_values(tp_nll_loss(x, INTS(0, 2)), 3.5);
    ck_values(tp_nll_loss(x, INTS(0, 2), .weight = w), (1 + 24) / 5.);
    ck_values(tp_nll_loss(x, INTS(0, 2), .ignore_index = 2, .reduction = TP_REDUCTION_NONE), 1, 0);
    ck_values(tp_nll_loss(VECTOR(-1, -2, -3), tp_select(INTS(1), 0, 0), .reduction = TP_REDUCTION_NONE), 2);
}
END_TEST

START_TEST(margins_distances_and_likelihoods_have_known_values)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(VECTOR(0.1, 0.2, 0.4, 0.8), TP_SHAPE(1, 4));
    ck_values(tp_multilabel_margin_loss(x, whole(TP_SHAPE(1, 4), (const int64_t[]){ 3, 0, -1, 1 })), 0.85);
    ck_values(tp_multi_margin_loss(x, INTS(3), .p = 2), (0.09 + 0.16 + 0.36) / 4);
    tp_tensor *unknown = tp_reshape(VECTOR(NAN, 0.2, 0.4), TP_SHAPE(1, 3)), *dx;                          /* counts for nothing, as in PyTorch */
    tp_requires_grad(unknown, true);
    ck_values(tp_multilabel_margin_loss(unknown, whole(TP_SHAPE(1, 3), (const int64_t[]){ 1, -1, 0 })), 1.2 / 3);
    ck_assert_ptr_null(tp_multilabel_margin_loss(VECTOR(1, 2, 3), INTS(-1, 7, 0)));       /* what comes after the end has to be a target, too */
    ck_message("multilabel_margin_loss: target 7 is not below 3");
    ck_assert_ptr_null(tp_multilabel_margin_loss(VECTOR(1, 2, 3), INTS(0, -2, 0)));
    ck_message("multilabel_margin_loss: target -2 is no class, and not -1");
    tp_tensor *loss = tp_multi_margin_loss(unknown, INTS(1));
    ck_values(loss, 1.2 / 3);
    ck_ok(tp_grad(&loss, 1, &unknown, 1, NULL, &dx));
    ck_values(dx, 0, -1. / 3, 1. / 3);
    ck_values(tp_hinge_embedding_loss(VECTOR(0.3, 0.3), VECTOR(1, -1), .reduction = TP_REDUCTION_NONE), 0.3, 0.7);
    ck_values(tp_margin_ranking_loss(VECTOR(1, 2), VECTOR(4, 2), VECTOR(1, -1), .margin = 0.5, .reduction = TP_REDUCTION_NONE), 3.5, 0.5);
    ck_values(tp_cosine_similarity(VECTOR(3, 4), VECTOR(4, 3), .dim = 0), 0.96);
    ck_values(tp_pairwise_distance(VECTOR(3, 4), VECTOR(0, 0), .eps = 0), 5);
    ck_values(tp_poisson_nll_loss(VECTOR(0), VECTOR(2), .full = true), 1 + 2 * log(2) - 2 + 0.5 * log(4 * M_PI));
    ck_values(tp_gaussian_nll_loss(VECTOR(1, 2), VECTOR(2, 2), 4.0), 0.5 * (log(4) + 0.125));
    ck_values(tp_gaussian_nll_loss(VECTOR(1, 2), VECTOR(2, 2), VECTOR(0), .eps = 0.5, .reduction = TP_REDUCTION_SUM), log(0.5) + 1);
}
END_TEST

/* ---- CTC ------------------------------------------------------------------------------------------------------------------------------------ */

/* Does the path, of classes below `classes` in its digits, read as the target? */
static bool reads_as(int64_t path, int time, int classes, const int64_t *target, int n)
{
    int64_t last = -1;
    int at = 0;
    for (int t = 0; t < time; t++, path /= classes) {
        const int64_t c = path % classes;
        if (c != last && c != 0) {
            if (at == n || target[at] != c) return false;
            at++;
        }
        last = c;
    }
    return at == n;
}

static double by_all_paths(tp_tensor *x, int64_t row, int time, int classes, const int64_t *target, int n)
{
    double sum = 0;
    int64_t paths = 1;
    for (int t = 0; t < time; t++) paths *= classes;
    for (int64_t path = 0; path < paths; path++) {
        if (!reads_as(path, time, classes, target, n)) continue;
        double p = 0;
        int64_t rest = path;
        for (int t = 0; t < time; t++, rest /= classes) p += tp__element(x, (t * tp_size(x, 1) + row) * classes + rest % classes);
        sum += exp(p);
    }
    return -log(sum);
}

START_TEST(ctc_loss_is_the_sum_over_all_paths)
{
    TP_SCOPE();
    tp_manual_seed(1);
    tp_tensor *x = tp_log_softmax(tp_randn(TP_SHAPE(4, 3, 3), .dtype = TP_F64), -1);
    static const int64_t targets[3][2] = { { 1, 2 }, { 1, 1 }, { 2, 0 } };
    tp_tensor *y = tp_ctc_loss(x, whole(TP_SHAPE(3, 2), &targets[0][0]), INTS(4, 4, 3), INTS(2, 2, 1), .reduction = TP_REDUCTION_NONE);
    ck_values(y, by_all_paths(x, 0, 4, 3, targets[0], 2), by_all_paths(x, 1, 4, 3, targets[1], 2), by_all_paths(x, 2, 3, 3, targets[2], 1));
    tp_tensor *joined = tp_ctc_loss(x, INTS(1, 2, 1, 1, 2), INTS(4, 4, 3), INTS(2, 2, 1), .reduction = TP_REDUCTION_NONE);
    ck_assert(tp_allclose(y, joined, 0, 0));
    ck_values(tp_ctc_loss(x, INTS(1, 2, 1, 1, 2), INTS(4, 4, 3), INTS(2, 2, 1)),
              (tp__element(y, 0) / 2 + tp__element(y, 1) / 2 + tp__element(y, 2)) / 3);
    ck_values(tp_ctc_loss(tp_select(x, 1, 0), INTS(1, 2), INTS(4), INTS(2)), tp__element(y, 0) / 2);
}
END_TEST

static tp_tensor *of_logits(void *arg, tp_tensor *const *x)
{
    (void)arg;
    return tp_ctc_loss(tp_log_softmax(x[0], -1), INTS(1, 1, 2, 3, 0, 2), INTS(6, 5, 6), INTS(3, 1, 2), .blank = 4, .reduction = TP_REDUCTION_NONE);
}

START_TEST(ctc_loss_has_the_gradient_of_logits)
{
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(6, 3, 5), .dtype = TP_F64, .requires_grad = true);
    ck_ok(tp_gradcheck(of_logits, NULL, &x, 1));
    tp_tensor *y = tp_sum(of_logits(NULL, &x)), *dx = NULL, *twice = NULL;
    ck_ok(tp_grad(&y, 1, &x, 1, NULL, &dx, .create_graph = true));
    tp_tensor *z = tp_sum(tp_mul(dx, dx));
    ck_assert_int_eq(tp_grad(&z, 1, &x, 1, NULL, &twice), TP_ERR_UNSUPPORTED);
    ck_error(TP_ERR_UNSUPPORTED, "ctc_loss: it has no second gradient");
}
END_TEST

START_TEST(ctc_loss_of_a_target_too_long_is_infinite_or_nothing)
{
    TP_SCOPE();
    tp_tensor *x = tp_log_softmax(tp_randn(TP_SHAPE(2, 2, 3)), -1), *leaf = tp_detach(x);
    ck_ok(tp_requires_grad(leaf, true));
    tp_tensor *y = tp_ctc_loss(leaf, whole(TP_SHAPE(2, 2), (const int64_t[]){ 1, 1, 2, 1 }), INTS(2, 2), INTS(2, 1), .reduction = TP_REDUCTION_NONE);
    ck_assert_double_eq(tp__element(y, 0), HUGE_VAL);
    tp_tensor *z = tp_ctc_loss(leaf, whole(TP_SHAPE(2, 2), (const int64_t[]){ 1, 1, 2, 1 }), INTS(2, 2), INTS(2, 1), .zero_infinity = true,
                               .reduction = TP_REDUCTION_NONE);
    ck_assert_double_eq(tp__element(z, 0), 0);
    ck_assert_double_eq(tp__element(z, 1), tp__element(y, 1));
    ck_ok(tp_backward(tp_sum(z)));
    ck_assert_double_eq(tp_item(tp_sum(tp_mul(tp_select(tp_grad_of(leaf), 1, 0), tp_select(tp_grad_of(leaf), 1, 0)))), 0);
    ck_values(tp_ctc_loss(x, whole(TP_SHAPE(2, 2), (const int64_t[]){ 1, 1, 2, 1 }), INTS(0, 0), INTS(0, 0), .reduction = TP_REDUCTION_NONE), 0, 0);
}
END_TEST

/* ---- Size, threads, refusals ------------------------------------------------------------------------------------------------------------- */

START_TEST(sums_are_exact_enough_and_no_thread_changes_them)
{
    TP_SCOPE();
    const int64_t n = 1 << 20;
    tp_tensor *a = tp_uniform(TP_SHAPE(n), 0, 1), *b = tp_zeros(TP_SHAPE(n)), *t = tp_randint(0, 4, TP_SHAPE(n / 4));
    tp_tensor *logits = tp_reshape(tp_neg(a), TP_SHAPE(n / 4, 4));
    double one[4] = { 0 };
    for (int threads = 1; threads < 4; threads += 2) {
        tp_set_num_threads(threads);
        const double got[] = { tp_item(tp_mse_loss(a, b)), tp_item(tp_binary_cross_entropy(a, b)), tp_item(tp_nll_loss(logits, t)),
                               tp_item(tp_kl_div(tp_transpose(logits, 0, 1), tp_transpose(tp_add(logits, 2), 0, 1))) };
        for (int i = 0; i < 4; i++) {
            if (threads == 1) one[i] = got[i];
            ck_assert_double_eq(got[i], one[i]);
        }
    }
    tp_set_num_threads(1);
    ck_fine();
    ck_assert_double_eq_tol(one[0], tp_item(tp_mean(tp_mul(tp_to_dtype(a, TP_F64), tp_to_dtype(a, TP_F64)))), 1e-7);
}
END_TEST

#define REFUSES(call, text) do { ck_assert_ptr_null(call); ck_message(text); } while (0)
START_TEST(what_does_not_fit_is_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(2, 3)), *y = tp_zeros(TP_SHAPE(4)), *wide = tp_zeros(TP_SHAPE(2, 3), .dtype = TP_F64);
    REFUSES(tp_huber_loss(x, x, .delta = 0), "huber_loss: delta is 0, and has to be above 0");
    REFUSES(tp_smooth_l1_loss(x, x, .beta = -1), "smooth_l1_loss: beta is -1, and has to be at least 0");
    REFUSES(tp_mse_loss(x, y), "mse_loss: [2, 3] and [4] do not broadcast");
    REFUSES(tp_mse_loss(x, x, .weight = y), "mse_loss: weight [4] has to be shaped as the input [2, 3]");
    REFUSES(tp_l1_loss(INTS(1), INTS(2)), "l1_loss: takes floating dtypes, not int64");
    REFUSES(tp_binary_cross_entropy(x, tp_zeros(TP_SHAPE(3))), "binary_cross_entropy: target [3] has to be shaped as the input [2, 3]");
    REFUSES(tp_binary_cross_entropy(x, wide), "binary_cross_entropy: target is float64, input float32");
    REFUSES(tp_binary_cross_entropy(VECTOR(0.5, 1.5, -2), VECTOR(0, 1, 1)), "binary_cross_entropy: 2 of the inputs are not between 0 and 1");
    REFUSES(tp_binary_cross_entropy(VECTOR(NAN), VECTOR(0), .reduction = TP_REDUCTION_NONE), "binary_cross_entropy: 1 of the inputs are not between 0 and 1");
    REFUSES(tp_binary_cross_entropy(VECTOR(0.5, 0.5), VECTOR(1.5, 1)), "binary_cross_entropy: 1 of the targets are not between 0 and 1");
    REFUSES(tp_binary_cross_entropy(VECTOR(0.5), VECTOR(-1), .reduction = TP_REDUCTION_NONE), "binary_cross_entropy: 1 of the targets are not between 0 and 1");
    REFUSES(tp_cosine_similarity(x, x, .eps = -1), "cosine_similarity: eps is -1, and has to be at least 0");
    REFUSES(tp_binary_cross_entropy_with_logits(VECTOR(1), INTS(1)), "binary_cross_entropy_with_logits: takes floating dtypes, not int64");
    REFUSES(tp_nll_loss(x, INTS(0, 3)), "nll_loss: target 3 is not in [0, 3)");
    REFUSES(tp_nll_loss(x, INTS(0)), "nll_loss: target [1] does not fit the input [2, 3]: classes are [2]");
    REFUSES(tp_soft_margin_loss(VECTOR(1, 2), tp_ones(TP_SHAPE(3, 2))), "soft_margin_loss: target [3, 2] does not broadcast to the input [2]");
    REFUSES(tp_multi_margin_loss(x, INTS(0, 1), .p = 3), "multi_margin_loss: p is 3, and has to be 1 or 2");
    REFUSES(tp_multilabel_margin_loss(tp_zeros(TP_SHAPE(2)), INTS(0, 2)), "multilabel_margin_loss: target 2 is not below 2");
    REFUSES(tp_triplet_margin_loss(x, x, x, .margin = -1), "triplet_margin_loss: margin is -1, and has to be above 0");
    REFUSES(tp_gaussian_nll_loss(x, x, tp_full(TP_SHAPE(2, 3), -1.0)), "gaussian_nll_loss: var has values below 0");
    REFUSES(tp_gaussian_nll_loss(x, x, y), "gaussian_nll_loss: var [4] does not fit the input [2, 3]");
    REFUSES(tp_cosine_similarity(x, x, .dim = 2), "cosine_similarity: dim 2 is out of range for [2, 3]");
    tp_tensor *p = tp_zeros(TP_SHAPE(4, 1, 3));
    REFUSES(tp_ctc_loss(p, INTS(1, 2), INTS(5), INTS(2)), "ctc_loss: a length of the input is 5, and has to be from 0 to 4");
    REFUSES(tp_ctc_loss(p, INTS(1, 2), INTS(4), INTS(1)), "ctc_loss: targets [2] hold 2 classes, their lengths are 1 in all");
    REFUSES(tp_ctc_loss(p, INTS(1, 7), INTS(4), INTS(2)), "ctc_loss: target 7 is not in [0, 3)");
    REFUSES(tp_mse_loss(x, x, .reduction = TP_REDUCTION_BATCHMEAN), "mse_loss: 4 is no reduction");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss");
    TCase *tests = tcase_create("loss");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, losses_of_two_tensors_have_known_values);
    tcase_add_test(tests, entropy_of_what_is_rare_is_exact);
    tcase_add_test(tests, dtypes_are_those_of_pytorch);
    tcase_add_test(tests, cross_entropy_of_probabilities_has_a_gradient_in_the_weight);
    tcase_add_test(tests, an_empty_mean_is_nan_and_an_empty_sum_zero);
    tcase_add_test(tests, nll_loss_picks_and_weighs_classes);
    tcase_add_test(tests, margins_distances_and_likelihoods_have_known_values);
    tcase_add_test(tests, ctc_loss_is_the_sum_over_all_paths);
    tcase_add_test(tests, ctc_loss_has_the_gradient_of_logits);
    tcase_add_test(tests, ctc_loss_of_a_target_too_long_is_infinite_or_nothing);
    tcase_add_test(tests, sums_are_exact_enough_and_no_thread_changes_them);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
