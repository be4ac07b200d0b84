/* test_schedule.c: learning rate schedules: their shapes, alone, in sequence and chained, and what they refuse. Their numbers are held
 * against PyTorch's by parity (tests/parity/runs). */
#include "failing.h"
#include "optim.h"

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
    RATES(tp_chained_schedule(TP_SCHEDULES(tp_constant_schedule(opt, .factor = 0.5, .total_iters = 2),
                                           tp_exponential_schedule(opt, 0.5))),
          0.5, 0.25, 0.25, 0.125);
    RATES(tp_sequential_schedule(TP_SCHEDULES(tp_chained_schedule(TP_SCHEDULES(tp_exponential_schedule(opt, 0.5))),
                                              tp_step_schedule(opt, 1)),
                                 (int64_t[]){ 2 }),
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

/* Composites that cannot be free what they were given, once: what stands there twice, and what belongs to another of them. */
START_TEST(what_was_given_twice_is_freed_once)
{
    TP_SCOPE();
    tp_optimizer *opt = sgd(1);
    const int64_t before = in_use();
    tp_schedule *a = tp_step_schedule(opt, 2), *b = tp_step_schedule(opt, 3);
    ck_assert_ptr_null(tp_chained_schedule(TP_SCHEDULES(a, b, a)));
    ck_error(TP_ERR_ARGUMENT, "chained_schedule: a schedule is given twice");
    ck_assert_int_eq(in_use(), before);
    a = tp_step_schedule(opt, 2);
    ck_assert_ptr_null(tp_sequential_schedule(TP_SCHEDULES(a, a), (int64_t[]){ 4 }));
    ck_error(TP_ERR_ARGUMENT, "sequential_schedule: a schedule is given twice");
    ck_assert_int_eq(in_use(), before);
    a = tp_step_schedule(opt, 2);
    tp_schedule *chain = tp_chained_schedule(TP_SCHEDULES(a));
    ck_assert_ptr_null(tp_chained_schedule(TP_SCHEDULES(chain, a)));
    ck_assert(tp_failed());
    tp_clear_error();
    ck_assert_int_eq(in_use(), before);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    TP_SCOPE();
    tp_optimizer *opt = sgd(1), *adagrad = tp_adagrad(TP_TENSORS(tp_zeros(TP_SHAPE(1), .requires_grad = true)));
    ck_assert_ptr_null(tp_step_schedule(opt, 0));
    ck_message("step_schedule: step_size is 0, which is out of range");
    ck_assert_ptr_null(tp_step_schedule(opt, 2, .T_max = 3));
    ck_message("step_schedule: it has no option T_max, which is given as 3");
    ck_assert_ptr_null(tp_schedule_with(TP_SCHEDULE_COSINE, opt, NULL));
    ck_message("cosine_schedule: T_max has to be given");
    ck_assert_ptr_null(tp_exponential_schedule(opt, NAN));
    ck_message("exponential_schedule: gamma is NaN");
    ck_assert_ptr_null(tp_lambda_schedule(opt, NULL, NULL));
    ck_message("lambda_schedule: the function is NULL");
    ck_assert_ptr_null(tp_multi_step_schedule(opt, ((int64_t[]){ 3, 1 }), 2));
    ck_message("multi_step_schedule: milestone 1 comes after 3");
    ck_assert_ptr_null(tp_one_cycle_schedule(opt, 1));
    ck_message("one_cycle_schedule: neither total_steps is given, nor epochs and steps_per_epoch");
    ck_assert_ptr_null(tp_cyclic_schedule(adagrad, 0.1, 1));
    ck_message("cyclic_schedule: cycle_momentum takes an optimizer with momentum or betas, and adagrad has neither");
    ck_assert_ptr_null(tp_step_schedule(opt, 1, .cycle_momentum = true));
    ck_message("step_schedule: it has no option cycle_momentum, which is given as 1");
    ck_assert_ptr_null(tp_cosine_schedule(opt, 1, .mode = 2));
    ck_message("cosine_schedule: it has no option mode, which is given as 2");
    ck_assert_ptr_null(tp_swa_schedule(opt, 1, .anneal_strategy = (tp_annealing)3));
    ck_message("swa_schedule: there is no anneal_strategy 3");
    ck_assert_ptr_null(tp_linear_schedule(opt, .threshold_mode = TP_THRESHOLD_ABS));
    ck_message("linear_schedule: it has no option threshold_mode, which is given as 2");
    ck_assert_ptr_null(tp_cyclic_schedule(opt, 0.1, 1, .step_size_down = -1));
    ck_message("cyclic_schedule: step_size_down is -1, which is out of range");
    ck_assert_ptr_null(tp_cosine_schedule(opt, 2, .milestones = (int64_t[]){ 1 }, .n_milestones = 1));
    ck_message("cosine_schedule: it has no milestones, and is given 1");
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
    tp_schedule *s = opt ? tp_sequential_schedule(TP_SCHEDULES(tp_linear_schedule(opt),
                                                               tp_multi_step_schedule(opt, ((int64_t[]){ 3, 4 }), 2)),
                                                  (int64_t[]){ 2 })
                         : NULL;
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
    ck_assert_ptr_null(tp_one_cycle_schedule(other, 1., .total_steps = 4, .div_factor = 0));
    ck_message("one_cycle_schedule: div_factor is 0, which is out of range");
    ck_assert_ptr_null(tp_one_cycle_schedule(other, 1., .total_steps = 4, .final_div_factor = 0));
    ck_message("one_cycle_schedule: final_div_factor is 0, which is out of range");
    tp_schedule *cosine = tp_cosine_schedule(other, 3, .eta_min = INFINITY);
    ck_assert_int_eq(tp_schedule_step(cosine), TP_ERR_NUMERIC);
    ck_message("cosine_schedule: the learning rate of group 0 would be NaN");
    tp_schedule_free(cosine);
    ck_assert(isfinite(tp_get_lr(other)));
    tp_schedule_free(s);
    tp_schedule_free(cycle);
    tp_optimizer_free(opt);
    tp_optimizer_free(other);
}
END_TEST

/* ---- State --------------------------------------------------------------------------------------------------------------------------- */

enum { KINDS = 14 };
static tp_schedule *some_schedule(tp_optimizer *opt, int kind, bool other)      /* other: options that a file then changes */
{
    static double one = 1;
    const double by = other ? 0.25 : 0.5, n = other ? 7 : 3;
    switch (kind) {
    case 0: return tp_lambda_schedule(opt, halved, &one);
    case 1: return tp_multiplicative_schedule(opt, halved, &one);
    case 2: return tp_step_schedule(opt, n, .gamma = by);
    case 3: return tp_multi_step_schedule(opt, (other ? (int64_t[]){ 1, 2 } : (int64_t[]){ 2, 6 }), 2, .gamma = by);
    case 4: return tp_constant_schedule(opt, .factor = by, .total_iters = n);
    case 5: return tp_linear_schedule(opt, .start_factor = by, .total_iters = n);
    case 6: return tp_exponential_schedule(opt, by);
    case 7: return tp_polynomial_schedule(opt, .total_iters = n + 5, .power = by);
    case 8: return tp_cosine_schedule(opt, n, .eta_min = by / 10);
    case 9: return tp_cosine_restarts_schedule(opt, n, .T_mult = 2);
    case 10: return tp_cyclic_schedule(opt, by / 10, by, .step_size_up = n, .mode = other ? TP_CYCLE_TRIANGULAR : TP_CYCLE_TRIANGULAR2);
    case 11: return tp_one_cycle_schedule(opt, by, .total_steps = 12, .three_phase = !other, .anneal_strategy = other ? TP_ANNEAL_COS : TP_ANNEAL_LINEAR);
    case 12: return tp_swa_schedule(opt, by, .anneal_epochs = n);
    default: return tp_sequential_schedule(TP_SCHEDULES(tp_linear_schedule(opt, .total_iters = n),
        tp_chained_schedule(TP_SCHEDULES(tp_exponential_schedule(opt, by), tp_step_schedule(opt, n)))), (int64_t[]){ other ? 2 : 3 });
    }
}

START_TEST(a_loaded_schedule_goes_on_as_the_saved_one)
{
    TP_SCOPE();
    for (int kind = 0; kind < KINDS; kind++)
        for (int epochs = 0; epochs < 6; epochs += 5) {
            tp_optimizer *a = sgd(1), *b = sgd(2);
            tp_schedule *s = some_schedule(a, kind, false), *t = some_schedule(b, kind, true);
            for (int i = 0; i < epochs; i++) ck_ok(tp_schedule_step(s));
            ck_ok(tp_schedule_save(s, scratch_file()));
            ck_ok(tp_set_lr(b, tp_get_lr(a)));
            double momentum;
            ck_ok(tp_get_group_option(a, 0, "momentum", &momentum));
            ck_ok(tp_set_group_options(b, 0, &(tp_arg){ .name = "momentum", .kind = TP_ARG_FLOAT, .value.real = momentum }, 1));
            ck_ok(tp_schedule_load(t, scratch_file()));
            for (int i = 0; i < 6; i++) {
                ck_assert_msg(tp_get_lr(a) == tp_get_lr(b), "kind %d, %d epochs and %d: %.17g, not %.17g", kind, epochs, i, tp_get_lr(b), tp_get_lr(a));
                ck_assert_int_eq(tp_schedule_epoch(s), tp_schedule_epoch(t));
                ck_ok(tp_schedule_step(s));
                ck_ok(tp_schedule_step(t));
            }
            tp_free_all(s, t, a, b);
        }
    unlink(scratch_file());
}
END_TEST

START_TEST(a_loaded_plateau_remembers_the_best_metric)
{
    static const double metrics[] = { 1, 2, 2, 2, 2, 0.5, 3, 3, 3, 3, 3 };
    TP_SCOPE();
    tp_optimizer *a = sgd(1), *b = sgd(1);
    tp_schedule *s = tp_plateau_schedule(a, .patience = 2, .cooldown = 1, .mode = TP_METRIC_MAX,
                                         .threshold_mode = TP_THRESHOLD_ABS),
                *t = tp_plateau_schedule(b, .patience = 1);
    for (int i = 0; i < 4; i++) ck_ok(tp_schedule_step_metric(s, metrics[i]));
    ck_ok(tp_schedule_save(s, scratch_file()));
    ck_ok(tp_schedule_load(t, scratch_file()));
    ck_ok(tp_set_lr(b, tp_get_lr(a)));
    for (int i = 4; i < 11; i++) {
        ck_ok(tp_schedule_step_metric(s, metrics[i]));
        ck_ok(tp_schedule_step_metric(t, metrics[i]));
        ck_assert_double_eq(tp_get_lr(a), tp_get_lr(b));
    }
    ck_assert_double_lt(tp_get_lr(a), 1);
    tp_free_all(s, t, a, b);
    unlink(scratch_file());
}
END_TEST

START_TEST(a_file_that_does_not_fit_changes_nothing)
{
    TP_SCOPE();
    tp_optimizer *a = sgd(1), *b = sgd(1);
    tp_schedule *s = tp_step_schedule(a, 2), *t = tp_step_schedule(b, 3), *u = tp_exponential_schedule(b, 0.5);
    ck_ok(tp_schedule_step(s));
    ck_ok(tp_schedule_save(s, scratch_file()));
    ck_assert_int_eq(tp_schedule_load(u, scratch_file()), TP_ERR_FORMAT);
    ck_message("schedule_load: the file is of step, the schedule is exponential");
    ck_ok(tp_param_group(b, TP_TENSORS(tp_zeros(TP_SHAPE(1), .requires_grad = true))));
    tp_schedule *two = tp_step_schedule(b, 3);
    ck_assert_int_eq(tp_schedule_load(two, scratch_file()), TP_ERR_FORMAT);
    ck_message("schedule_load: base_lrs should be 2 of float64");
    tp_file *f = tp_file_open(scratch_file());
    tp_named_tensor entries[8];
    const int64_t n = tp_file_count(f);
    for (int64_t i = 0; i < n; i++) entries[i] = (tp_named_tensor){ tp_file_name(f, i), tp_clone(tp_file_tensor(f, i)) };
    static const struct { const char *name; double value; const char *message; } bad[] = {
        { "step_size", 0, "step_schedule: step_size is 0, which is out of range" }, { "gamma", NAN, "schedule_load: gamma is NaN" },
        { "last_epoch", -7, "schedule_load: epoch -7 after 2 steps" }, { "base_lrs", -1, "schedule_load: the base rate of group 0 is -1" },
    };
    for (int k = 0; k < 4; k++)
        for (int64_t i = 0; i < n; i++) {
            if (strcmp(entries[i].name, bad[k].name) != 0) continue;
            tp_tensor *const good = entries[i].tensor;
            entries[i].tensor = tp_fill_(tp_clone(good), bad[k].value);
            ck_ok(tp_safetensors_save(scratch_file(), entries, n, &(tp_metadata){ "schedule", "step" }, 1));
            ck_assert_int_ne(tp_schedule_load(t, scratch_file()), TP_OK);
            ck_message(bad[k].message);
            entries[i].tensor = good;
        }
    ck_ok(tp_safetensors_save(scratch_file(), entries, n - 1, &(tp_metadata){ "schedule", "step" }, 1));
    ck_assert_int_eq(tp_schedule_load(t, scratch_file()), TP_ERR_FORMAT);
    tp_clear_error();
    tp_file_close(f);
    ck_assert_int_eq(tp_schedule_epoch(t), 0);
    ck_assert_int_eq(tp_schedule_save(NULL, scratch_file()), TP_ERR_ARGUMENT);
    ck_message("schedule_save: the schedule is NULL, or was freed");
    tp_free_all(s, t, u, two, a, b);
    unlink(scratch_file());
}
END_TEST

static void save_and_load(void *arg)
{
    TP_SCOPE();
    (void)arg;
    tp_optimizer *opt = sgd(1);
    tp_schedule *s = opt ? some_schedule(opt, KINDS, false) : NULL;
    if (s && !tp_schedule_save(s, scratch_file())) tp_schedule_load(s, scratch_file());
    tp_schedule_free(s);
    tp_optimizer_free(opt);
    unlink(scratch_file());
}
START_TEST(saving_and_loading_may_run_out_of_memory) { every_point("a sequence saved and loaded", save_and_load, NULL, NULL); }
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
    tcase_add_test(t, what_was_given_twice_is_freed_once);
    tcase_add_test(t, what_cannot_be_is_refused);
    tcase_add_test(t, a_rate_stays_a_number);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_add_test(t, a_loaded_schedule_goes_on_as_the_saved_one);
    tcase_add_test(t, a_loaded_plateau_remembers_the_best_metric);
    tcase_add_test(t, a_file_that_does_not_fit_changes_nothing);
    tcase_add_test(t, saving_and_loading_may_run_out_of_memory);
    suite_add_tcase(s, t);
    return run_suite(s);
}
