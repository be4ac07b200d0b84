/* test_schedule.c: learning rate schedules: their shapes, alone, in sequence and chained, and what they refuse. Their numbers are held
 * against PyTorch's by parity (tests/parity/runs). */
#include "failing.h"

static tp_optimizer *sgd(double lr) { return tp_sgd(TP_TENSORS(tp_zeros(TP_SHAPE(1), .requires_grad = true)), .lr = lr, .momentum = 0.5); }

/* The rate now, and after each of the steps. */
static void ck_rates(tp_optimizer *opt, tp_schedule *s, int n, const double *want)
{
    ck_fine();
    for (int i = 0; i < n; i++) {
        if (i) ck_ok(tp_schedule_step(s));
        ck_assert_msg(fabs(tp_get_lr(opt) - want[i]) < 1e-12, "step %d: the rate is %.15g, not %.15g", i, tp_get_lr(opt), want[i]);
    }
    ck_assert_int_eq(tp_schedule_epoch(s), n - 1);
    tp_free_all(s, opt);
}
#define RATES(make, ...) do { \
    TP_SCOPE(); \
    tp_optimizer *opt = sgd(1); \
    const double want[] = { __VA_ARGS__ }; \
    ck_rates(opt, make, (int)(sizeof want / sizeof *want), want); \
} while (0)

static double halved(void *arg, double epoch, int group) { return *(const double *)arg / (1 + epoch + group); }

START_TEST(each_schedule_goes_its_way)
{
    double one = 1;
    RATES(tp_lambda_schedule(opt, halved, &one), 1, 1 / 2.0, 1 / 3.0);
    RATES(tp_multiplicative_schedule(opt, halved, &one), 1, 1 / 2.0, 1 / 6.0);
    RATES(tp_step_schedule(opt, 2), 1, 1, 0.1, 0.1, 0.01);
    RATES(tp_step_schedule(opt, 2, .gamma = 0.5), 1, 1, 0.5, 0.5, 0.25);
    RATES(tp_multi_step_schedule(opt, ((int64_t[]){ 1, 3, 3 }), 3, .gamma = 0.5), 1, 0.5, 0.5, 0.125, 0.125);
    RATES(tp_constant_schedule(opt, .factor = 0.5, .total_iters = 2), 0.5, 0.5, 1, 1);
    RATES(tp_linear_schedule(opt, .start_factor = 0.5, .total_iters = 2), 0.5, 0.75, 1, 1);
    RATES(tp_linear_schedule(opt), 1 / 3.0, 7 / 15.0);
    RATES(tp_exponential_schedule(opt, 0.5), 1, 0.5, 0.25);
    RATES(tp_polynomial_schedule(opt, .total_iters = 4), 1, 0.75, 0.5, 0.25, 0, 0);
    RATES(tp_cosine_schedule(opt, 2, .eta_min = 0.5), 1, 0.75, 0.5, 0.75, 1);
    RATES(tp_cosine_restarts_schedule(opt, 2, .T_mult = 2), 1, 0.5, 1, 0.5 + sqrt(2) / 4, 0.5, 0.5 - sqrt(2) / 4, 1);
    RATES(tp_cyclic_schedule(opt, 0.5, 1.5, .step_size_up = 2), 0.5, 1, 1.5, 1, 0.5);
    RATES(tp_one_cycle_schedule(opt, 1, .total_steps = 5, .pct_start = 0.6, .div_factor = 2, .final_div_factor = 2, .anneal_strategy = TP_ANNEAL_LINEAR),
          0.5, 0.75, 1, 0.625, 0.25);
    RATES(tp_swa_schedule(opt, 0.5, .anneal_epochs = 2, .anneal_strategy = TP_ANNEAL_LINEAR), 1, 0.75, 0.5, 0.5);
}
END_TEST

START_TEST(momentum_goes_against_the_rate)
{
    TP_SCOPE();
    tp_optimizer *opt = sgd(1);
    double momentum;
    tp_schedule *s = tp_cyclic_schedule(opt, 0.5, 1.5, .step_size_up = 2, .base_momentum = 0.25, .max_momentum = 0.75);
    const double want[] = { 0.75, 0.5, 0.25, 0.5 };
    for (int i = 0; i < 4; i++) {
        if (i) ck_ok(tp_schedule_step(s));
        ck_ok(tp_get_group_option(opt, 0, "momentum", &momentum));
        ck_assert_double_eq_tol(momentum, want[i], 1e-12);
    }
    tp_free_all(s, opt);
}
END_TEST

START_TEST(schedules_follow_each_other_and_are_chained)
{
    RATES(tp_sequential_schedule(TP_SCHEDULES(tp_constant_schedule(opt, .factor = 0.5, .total_iters = 9), tp_exponential_schedule(opt, 0.5)), (int64_t[]){ 2 }),
          0.5, 0.5, 1, 0.5, 0.25);
    RATES(tp_chained_schedule(TP_SCHEDULES(tp_constant_schedule(opt, .factor = 0.5, .total_iters = 2), tp_exponential_schedule(opt, 0.5))), 0.5, 0.25, 0.25, 0.125);
    RATES(tp_sequential_schedule(TP_SCHEDULES(tp_chained_schedule(TP_SCHEDULES(tp_exponential_schedule(opt, 0.5))), tp_step_schedule(opt, 1)), (int64_t[]){ 2 }),
          1, 0.5, 1, 0.1);
}
END_TEST

START_TEST(a_plateau_waits_for_a_metric)
{
    TP_SCOPE();
    tp_optimizer *opt = sgd(1);
    tp_schedule *s = tp_plateau_schedule(opt, .patience = 1, .factor = 0.5, .threshold_mode = TP_THRESHOLD_ABS, .threshold = 0);
    const double metrics[] = { 5, 4, 4, 4, 3, NAN, 3 }, want[] = { 1, 1, 1, 0.5, 0.5, 0.5, 0.25 };
    for (int i = 0; i < 7; i++) {
        ck_ok(tp_schedule_step_metric(s, metrics[i]));
        ck_assert_double_eq(tp_get_lr(opt), want[i]);
    }
    ck_assert_int_eq(tp_schedule_step(s), TP_ERR_ARGUMENT);
    ck_message("schedule_step: a plateau_schedule steps with a metric, by tp_schedule_step_metric");
    tp_free_all(s, opt);
}
END_TEST

START_TEST(a_schedule_outlives_its_optimizer_and_is_refused_then)
{
    TP_SCOPE();
    const int64_t before = in_use();
    tp_optimizer *opt = sgd(1);
    tp_schedule *s = tp_cosine_schedule(opt, 4), *other = tp_step_schedule(opt, 1);
    tp_optimizer_free(opt);
    ck_assert_int_eq(tp_schedule_step(s), TP_ERR_STATE);
    ck_message("schedule_step: the optimizer was freed, or is none");
    tp_schedule_free(other);
    tp_schedule_free(s);
    tp_schedule_free(NULL);
    ck_fine();
    ck_assert_int_le(in_use(), before + 4096);         /* the parameter is the scope's */
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    TP_SCOPE();
    tp_optimizer *opt = sgd(1), *adagrad = tp_adagrad(TP_TENSORS(tp_zeros(TP_SHAPE(1), .requires_grad = true)));
    ck_assert_ptr_null(tp_step_schedule(opt, 0));
    ck_message("step_schedule: step_size is 0, which is out of range");
    ck_assert_ptr_null(tp_step_schedule(opt, 2, .T_max = 3));
    ck_message("step_schedule: it is given 3 for an option that it does not have");
    ck_assert_ptr_null(tp_schedule_with(TP_SCHEDULE_COSINE, opt, NULL));
    ck_message("cosine_schedule: an option that it needs is not given");
    ck_assert_ptr_null(tp_exponential_schedule(opt, NAN));
    ck_message("exponential_schedule: an option is NaN");
    ck_assert_ptr_null(tp_lambda_schedule(opt, NULL, NULL));
    ck_message("lambda_schedule: the function is NULL");
    ck_assert_ptr_null(tp_multi_step_schedule(opt, ((int64_t[]){ 3, 1 }), 2));
    ck_message("multi_step_schedule: milestone 1 comes after 3");
    ck_assert_ptr_null(tp_one_cycle_schedule(opt, 1));
    ck_message("one_cycle_schedule: neither total_steps is given, nor epochs and steps_per_epoch");
    ck_assert_ptr_null(tp_cyclic_schedule(adagrad, 0.1, 1));
    ck_message("cyclic_schedule: cycle_momentum takes an optimizer with momentum or betas, and adagrad has neither");
    ck_assert_ptr_null(tp_step_schedule(opt, 1, .cycle_momentum = true));
    ck_message("step_schedule: it has no such flag");
    ck_assert_ptr_null(tp_cosine_schedule(NULL, 3));
    ck_message("schedule: the optimizer is NULL");
    ck_assert_ptr_null(tp_sequential_schedule(TP_SCHEDULES(tp_step_schedule(opt, 1), tp_step_schedule(adagrad, 1)), (int64_t[]){ 1 }));
    ck_message("sequential_schedule: schedule 1 is of another optimizer, or waits for a metric");
    ck_assert_ptr_null(tp_chained_schedule(TP_SCHEDULES(tp_step_schedule(opt, 1), NULL)));
    ck_message("chained_schedule: schedule 1 is NULL, was freed, or belongs to another one");
    tp_schedule *child = tp_step_schedule(opt, 1), *s = tp_chained_schedule(TP_SCHEDULES(child));
    tp_schedule_free(child);
    ck_message("schedule_free: this is no schedule, was freed, or belongs to another one");
    ck_assert_int_eq(tp_schedule_step_metric(s, 1), TP_ERR_ARGUMENT);
    ck_message("schedule_step_metric: a chained_schedule takes no metric");
    ck_ok(tp_param_group(opt, TP_TENSORS(tp_zeros(TP_SHAPE(1), .requires_grad = true))));
    ck_assert_int_eq(tp_schedule_step(s), TP_ERR_STATE);
    ck_message("schedule_step: the optimizer has 2 groups now, and had 1");
    tp_schedule_free(s);
    s = tp_one_cycle_schedule(opt, 1, .total_steps = 2);
    ck_ok(tp_schedule_step(s));
    ck_ok(tp_schedule_step(s));                        /* PyTorch allows one more than there are */
    ck_assert_int_eq(tp_schedule_step(s), TP_ERR_STATE);
    ck_message("one_cycle_schedule: it is of 2 steps, and this is one more");
    tp_free_all(s, opt, adagrad);
}
END_TEST

static void make_sequence(void *arg)
{
    TP_SCOPE();
    (void)arg;
    tp_optimizer *opt = sgd(1);
    tp_schedule *s = opt ? tp_sequential_schedule(TP_SCHEDULES(tp_linear_schedule(opt), tp_multi_step_schedule(opt, ((int64_t[]){ 3, 4 }), 2)), (int64_t[]){ 2 }) : NULL;
    for (int i = 0; i < 4 && s; i++) tp_schedule_step(s);
    tp_schedule_free(s);
    tp_optimizer_free(opt);
}

START_TEST(a_rate_stays_a_number)
{
    TP_SCOPE();
    tp_optimizer *opt = sgd(1), *other = sgd(1);
    tp_schedule *s = tp_constant_schedule(opt, .factor = 0, .total_iters = 2), *cycle = tp_one_cycle_schedule(other, 1., .total_steps = 1, .pct_start = 1);
    ck_assert(tp_get_lr(opt) == 0);
    tp_schedule_step(s);
    tp_schedule_step(s);
    ck_assert(tp_get_lr(opt) == 1);                    /* 0 times what? the rate that it was made with */
    ck_assert(isfinite(tp_get_lr(other)));
    tp_schedule_free(s);
    tp_schedule_free(cycle);
    tp_optimizer_free(opt);
    tp_optimizer_free(other);
}
END_TEST

START_TEST(every_allocation_may_fail) { every_point("a sequence of schedules", make_sequence, NULL, NULL); }
END_TEST

int main(void)
{
    Suite *s = suite_create("schedule");
    TCase *t = tcase_create("schedule");
    tcase_add_test(t, each_schedule_goes_its_way);
    tcase_add_test(t, momentum_goes_against_the_rate);
    tcase_add_test(t, schedules_follow_each_other_and_are_chained);
    tcase_add_test(t, a_plateau_waits_for_a_metric);
    tcase_add_test(t, a_schedule_outlives_its_optimizer_and_is_refused_then);
    tcase_add_test(t, what_cannot_be_is_refused);
    tcase_add_test(t, a_rate_stays_a_number);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return run_suite(s);
}
