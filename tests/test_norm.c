/* test_norm.c: what the walk over the registry cannot know of normalizations: running statistics, layouts, rows and channels too
 * long for a cache, threads, and the messages of refusals. */
#include "expect.h"

#include <taper/autograd.h>
#include <taper/extend.h>

static tp_tensor *values(tp_shape shape) { return tp_uniform(shape, -1, 2, .dtype = TP_F64); }

/* As the formula says, made of other ops. dims are the last n. */
static tp_tensor *by_formula(tp_tensor *x, tp_dims dims, double eps)
{
    tp_tensor *m = tp_mean(x, .dims = dims, .keepdim = true), *v = tp_var(x, .dims = dims, .correction = 0, .keepdim = true);
    return tp_div(tp_sub(x, m), tp_sqrt(tp_add(v, eps)));
}

static void check_close(tp_tensor *a, tp_tensor *b, double tolerance)
{
    ck_fine();
    TP_NO_GRAD();
    ck_assert(tp_allclose(tp_to_dtype(a, TP_F64), tp_to_dtype(b, TP_F64), tolerance, tolerance));
}

START_TEST(rows_of_any_length_are_normalized)
{
    static const int64_t lengths[] = { 1, 2, 31, 32, 33, 100, 5000 };
    for (int i = 0; i < 7; i++) {
        TP_SCOPE();
        const int64_t n = lengths[i];
        tp_tensor *x = values(TP_SHAPE(3, n)), *w = values(TP_SHAPE(n)), *b = values(TP_SHAPE(n));
        tp_tensor *want = tp_add(tp_mul(by_formula(x, TP_DIMS(1), 0.1), w), b);
        check_close(tp_layer_norm(x, TP_SHAPE(n), .weight = w, .bias = b, .eps = 0.1), want, 1e-12);
        for (int d = 0; d < 3; d++) {
            const tp_dtype dtype = (const tp_dtype[]){ TP_F32, TP_F16, TP_BF16 }[d];
            tp_tensor *y = tp_layer_norm(tp_to_dtype(x, dtype), TP_SHAPE(n), .weight = tp_to_dtype(w, dtype), .bias = tp_to_dtype(b, dtype), .eps = 0.1);
            ck_assert_int_eq(tp_dtype_of(y), dtype);
            check_close(y, want, (const double[]){ 2e-6, 1e-2, 8e-2 }[d]);
        }
    }
}
END_TEST

/* Outputs and gradients of f(x, w, b) on one and on three threads */
static void check_threads(tp_tensor *(*f)(tp_tensor *, tp_tensor *, tp_tensor *), tp_shape shape, int64_t c)
{
    TP_SCOPE();
    tp_manual_seed(2);
    tp_tensor *x = tp_rand(shape), *w = tp_rand(TP_SHAPE(c)), *b = tp_rand(TP_SHAPE(c)), *all[2][4];
    tp_tensor *leaves[] = { x, w, b };
    for (int i = 0; i < 3; i++) ck_ok(tp_requires_grad(leaves[i], true));
    tp_tensor *direction = tp_rand(shape);
    for (int t = 0; t < 2; t++) {
        tp_set_num_threads(t ? 3 : 1);
        all[t][3] = f(x, w, b);
        ck_ok(tp_grad(&all[t][3], 1, leaves, 3, &direction, all[t]));
    }
    for (int k = 0; k < 4; k++) ck_assert(tp_equal(tp_detach(all[0][k]), tp_detach(all[1][k])));
}

static tp_tensor *layer(tp_tensor *x, tp_tensor *w, tp_tensor *b) { return tp_layer_norm(x, tp_shape_of(w), .weight = w, .bias = b); }
static tp_tensor *group(tp_tensor *x, tp_tensor *w, tp_tensor *b) { return tp_group_norm(x, 2, .weight = w, .bias = b); }
static tp_tensor *batch(tp_tensor *x, tp_tensor *w, tp_tensor *b)
{
    return tp_batch_norm(x, NULL, NULL, .weight = w, .bias = b, .training = true);
}
static tp_tensor *instance(tp_tensor *x, tp_tensor *w, tp_tensor *b) { return tp_instance_norm(x, .weight = w, .bias = b); }

START_TEST(three_threads_give_the_same_bits_as_one)
{
    check_threads(layer, TP_SHAPE(300, 700), 700);
    check_threads(layer, TP_SHAPE(2, 100000), 100000);
    check_threads(group, TP_SHAPE(40, 6, 1000), 6);
    check_threads(group, TP_SHAPE(3000, 64), 64);
    check_threads(batch, TP_SHAPE(40, 6, 1000), 6);
    check_threads(batch, TP_SHAPE(3000, 64), 64);
    check_threads(instance, TP_SHAPE(20, 6, 2000), 6);
}
END_TEST

START_TEST(a_mean_far_from_zero_costs_no_more_than_its_rounding)
{
    TP_SCOPE();
    tp_tensor *x = tp_to_dtype(tp_add(values(TP_SHAPE(4, 3000)), 1000), TP_F32), *wide = tp_to_dtype(x, TP_F64);
    check_close(tp_layer_norm(x, TP_SHAPE(3000)), by_formula(wide, TP_DIMS(1), 1e-5), 1e-4);
    x = tp_reshape(x, TP_SHAPE(3000, 4));
    check_close(tp_batch_norm(x, NULL, NULL, .training = true), by_formula(tp_to_dtype(x, TP_F64), TP_DIMS(0), 1e-5), 1e-4);
}
END_TEST

START_TEST(rms_norm_takes_the_epsilon_of_what_it_is_computed_in)
{
    TP_SCOPE();
    ck_values(tp_rms_norm(VECTOR(3, 4), TP_SHAPE(2), .eps = 0), 3 / sqrt(12.5), 4 / sqrt(12.5));
    ck_values(tp_rms_norm(VECTOR(1e-4, 1e-4), TP_SHAPE(2)), 1e-4 / sqrt(1e-8 + 1.1920929e-07), 1e-4 / sqrt(1e-8 + 1.1920929e-07));
    ck_values(tp_rms_norm(tp_to_dtype(VECTOR(1e-4, 1e-4), TP_F64), TP_SHAPE(2)), 1, 1);
    tp_tensor *y = tp_rms_norm(VECTOR(3, 4), TP_SHAPE(2), .weight = tp_to_dtype(VECTOR(2, 1), TP_F64), .eps = 0);
    ck_assert_int_eq(tp_dtype_of(y), TP_F32);
    ck_values(y, 6 / sqrt(12.5), 4 / sqrt(12.5));
}
END_TEST

/* ---- Channels --------------------------------------------------------------------------------------------------------------------- */

START_TEST(channels_of_any_layout_are_normalized_and_the_layout_stays)
{
    TP_SCOPE();
    tp_tensor *x = values(TP_SHAPE(3, 5, 4, 2)), *w = values(TP_SHAPE(5)), *b = values(TP_SHAPE(5)), *g = values(TP_SHAPE(3, 5, 4, 2));
    tp_tensor *last = tp_permute(tp_contiguous(tp_permute(x, TP_DIMS(0, 2, 3, 1))), TP_DIMS(0, 3, 1, 2));
    tp_tensor *other = tp_permute(tp_contiguous(tp_permute(x, TP_DIMS(2, 0, 1, 3))), TP_DIMS(1, 2, 0, 3));
    tp_tensor *want = tp_add(tp_mul(by_formula(x, TP_DIMS(0, 2, 3), 1e-5), tp_reshape(w, TP_SHAPE(5, 1, 1))), tp_reshape(b, TP_SHAPE(5, 1, 1)));
    tp_tensor *all[] = { x, last, other }, *first[3] = { NULL };
    ck_ok(tp_requires_grad(w, true));
    ck_ok(tp_requires_grad(b, true));
    for (int i = 0; i < 3; i++) {
        tp_tensor *leaf = tp_detach(all[i]), *dx[3];
        ck_ok(tp_requires_grad(leaf, true));
        tp_tensor *y = batch(leaf, w, b);
        check_close(y, want, 1e-12);
        ck_assert_int_eq(tp_stride(y, 1), i == 1 ? 1 : 8);
        tp_tensor *leaves[] = { leaf, w, b }, *direction = i == 2 ? last : g;
        ck_ok(tp_grad(&y, 1, leaves, 3, &direction, dx));
        if (i == 2) continue;                          /* another direction, of another layout than x */
        for (int k = 0; k < 3 && i; k++) check_close(dx[k], first[k], 1e-12);
        memcpy(first, dx, sizeof dx);
        ck_assert_int_eq(tp_stride(dx[0], 1), i == 1 ? 1 : 8);
    }
}
END_TEST

START_TEST(running_statistics_follow_the_batch_once)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(VECTOR(1, 2, 3, 6), TP_SHAPE(2, 1, 2)), *mean = VECTOR(10), *var = VECTOR(20);
    const uint32_t version = tp_version_of(mean);
    ck_values(tp_batch_norm(x, mean, var, .training = true, .momentum = 0.25, .eps = 0), -2 / sqrt(3.5), -1 / sqrt(3.5), 0, 3 / sqrt(3.5));
    ck_values(mean, 0.75 * 10 + 0.25 * 3);
    ck_values(var, 0.75 * 20 + 0.25 * 14. / 3);
    ck_assert_int_eq(tp_version_of(mean), version + 1);
    tp_tensor *seen = tp_clone(mean);
    ck_values(tp_batch_norm(x, VECTOR(1), VECTOR(4), .weight = VECTOR(2), .bias = VECTOR(1), .eps = 0), 1, 2, 3, 6);
    ck_assert(tp_equal(seen, mean));
    ck_values(tp_instance_norm(x, .running_mean = VECTOR(1), .running_var = VECTOR(4), .use_input_stats = false, .eps = 0), 0, 0.5, 1, 2.5);
    tp_tensor *m = VECTOR(0), *v = VECTOR(0);
    ck_values(tp_instance_norm(x, .running_mean = m, .running_var = v, .momentum = 0.5, .eps = 0), -1, 1, -1, 1);
    ck_values(m, 0.5 * (1.5 + 4.5) / 2);
    ck_values(v, 0.5 * (0.5 + 4.5) / 2);
}
END_TEST

START_TEST(running_statistics_stay_when_something_is_wrong)
{
    TP_SCOPE();
    tp_tensor *x = tp_reshape(VECTOR(1, 2, 3, 6), TP_SHAPE(2, 2)), *mean = VECTOR(1, 2), *var = VECTOR(3, 4);
    ck_assert_ptr_null(tp_batch_norm(x, mean, var, .training = true, .weight = VECTOR(1)));
    ck_message("batch_norm: weight [1] is not [2]");
    tp_fail(TP_ERR_IO, "test: unread");
    ck_assert_ptr_null(tp_batch_norm(x, mean, var, .training = true));
    ck_assert_ptr_null(tp_instance_norm(tp_reshape(x, TP_SHAPE(1, 2, 2)), .running_mean = mean, .running_var = var));
    ck_message("test: unread");
    tp_mem_pools(false);
    for (int64_t at = 1, counted = at; counted >= at; at++) {
        tp_mem_fail_at(at, false);
        tp_tensor *y = tp_batch_norm(x, mean, var, .training = true, .momentum = 0);
        counted = tp_mem_fail_at(0, false);
        ck_assert(counted >= at ? !y && tp_error_status() == TP_ERR_MEMORY : y != NULL);
        tp_clear_error();
    }
    tp_mem_pools(true);
    ck_values(mean, 1, 2);
    ck_values(var, 3, 4);
    ck_ok(tp_requires_grad(mean, true));
    ck_assert_ptr_null(tp_batch_norm(x, mean, var, .training = true));
    ck_message("batch_norm: running statistics get no gradient, but one requires it");
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    ck_assert_ptr_null(tp_batch_norm(tp_ones(TP_SHAPE(1, 3)), NULL, NULL, .training = true));
    ck_message("batch_norm: more than 1 value per channel is needed when training, not [1, 3]");
    ck_assert_ptr_null(tp_batch_norm(x, NULL, NULL));
    ck_message("batch_norm: running_mean and running_var are needed when not training");
    ck_assert_ptr_null(tp_batch_norm(x, VECTOR(1, 2, 3), NULL, .training = true));
    ck_message("batch_norm: one of running_mean and running_var is given without the other");
    ck_assert_ptr_null(tp_batch_norm(x, VECTOR(1, 2), VECTOR(1, 2, 3)));
    ck_message("batch_norm: running_mean [2] is not [3]");
    ck_assert_ptr_null(tp_batch_norm(VECTOR(1, 2), VECTOR(1), VECTOR(1)));
    ck_message("batch_norm: takes [batch, channels, ..], not [2]");
    ck_assert_ptr_null(tp_instance_norm(x));
    ck_message("instance_norm: more than 1 spatial element is needed when training, not [2, 3]");
    ck_assert_ptr_null(tp_layer_norm(x, TP_SHAPE(2)));
    ck_message("layer_norm: the input [2, 3] does not end in [2]");
    ck_assert_ptr_null(tp_layer_norm(x, TP_SHAPE(3), .weight = tp_ones(TP_SHAPE(3), .dtype = TP_F64)));
    ck_message("layer_norm: weight is float64, the input float32");
    ck_assert_ptr_null(tp_group_norm(x, 2));
    ck_message("group_norm: 3 channels of [2, 3] cannot be cut into 2 groups");
    ck_assert_ptr_null(tp_group_norm(x, 0));
    ck_message("group_norm: 0 groups are none");
    ck_assert_ptr_null(tp_rms_norm(tp_to_dtype(x, TP_I64), TP_SHAPE(3)));
    ck_message("rms_norm: takes floating dtypes, not int64");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("norm");
    TCase *tests = tcase_create("norm");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, rows_of_any_length_are_normalized);
    tcase_add_test(tests, three_threads_give_the_same_bits_as_one);
    tcase_add_test(tests, a_mean_far_from_zero_costs_no_more_than_its_rounding);
    tcase_add_test(tests, rms_norm_takes_the_epsilon_of_what_it_is_computed_in);
    tcase_add_test(tests, channels_of_any_layout_are_normalized_and_the_layout_stays);
    tcase_add_test(tests, running_statistics_follow_the_batch_once);
    tcase_add_test(tests, running_statistics_stay_when_something_is_wrong);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
