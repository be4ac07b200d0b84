/* tests/test_scope.c: who frees what. */
#include "expect.h"

#include <setjmp.h>

static bool alive(tp_tensor *x)                        /* a dead handle has no dims, and is an error */
{
    const bool lives = tp_ndim(x) == 1;
    tp_clear_error();
    return lives;
}
static tp_tensor *some(void) { return tp_zeros(TP_SHAPE(3)); }
static tp_tensor *large(void) { return tp_zeros(TP_SHAPE(100000)); }

START_TEST(a_count_that_a_release_left_behind_is_nobody_elses)
{
    {
        TP_SCOPE();
        tp_release(tp_keep(tp_ones(TP_SHAPE(2))));     /* a slip: what is kept is given back by tp_free */
    }
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2));               /* in the header of the one before, where pools are on */
    tp_free(x);
    ck_assert(tp_failed());
    tp_clear_error();
    ck_assert(tp_item(tp_sum(x)) == 2);
}
END_TEST

START_TEST(what_is_made_in_a_scope_dies_with_it)
{
    const int64_t before = in_use();
    tp_tensor *x;
    {
        TP_SCOPE();
        x = large();
        ck_assert(alive(x));
    }
    ck_assert(!alive(x));
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(break_continue_and_return_close_the_scope)
{
    const int64_t before = in_use();
    for (int i = 0; i < 10; i++) {
        TP_SCOPE();
        large();
        if (i % 2) continue;
        if (i == 6) break;
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

static tp_tensor *twice(tp_tensor *x)
{
    TP_SCOPE();
    tp_tensor *y = tp_add(x, x);
    tp_mul(y, y);
    return tp_escape(y);
}

START_TEST(what_escapes_goes_to_the_scope_outside_and_dies_with_that)
{
    const int64_t before = in_use();
    tp_tensor *y;
    {
        TP_SCOPE();
        tp_tensor *x = tp_ones(TP_SHAPE(2));
        y = twice(twice(x));
        ck_values(y, 4, 4);
        {
            TP_SCOPE();
            {
                TP_SCOPE();
                y = tp_escape(twice(x));
            }
            y = tp_escape(y);
            ck_assert_ptr_eq(tp_escape(x), x);         /* lives longer anyway */
        }
        ck_values(y, 2, 2);
    }
    ck_assert(!alive(y));
    ck_assert_ptr_null(tp_escape(NULL));
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(escaping_keeps_the_other_tensors_of_both_scopes_where_they_are)
{
    TP_SCOPE();
    tp_tensor *outer[5], *inner[7];
    for (int i = 0; i < 5; i++) outer[i] = tp_full(TP_SHAPE(1), (double)i);
    {
        TP_SCOPE();
        for (int i = 0; i < 7; i++) inner[i] = tp_full(TP_SHAPE(1), 10.0 + i);
        tp_escape(inner[4]);
        tp_escape(inner[1]);
        tp_escape(inner[4]);                           /* twice is once */
        tp_escape(inner[6]);
    }
    for (int i = 0; i < 5; i++) ck_values(outer[i], i);
    for (int i = 0; i < 7; i++) {
        if (i == 1 || i == 4 || i == 6) ck_values(inner[i], 10 + i);
        else ck_assert(!alive(inner[i]));
    }
}
END_TEST

START_TEST(what_is_kept_is_the_callers_until_it_is_freed)
{
    const int64_t before = in_use();
    tp_tensor *x;
    {
        TP_SCOPE();
        x = tp_keep(large());
    }
    ck_assert(alive(x));
    tp_keep(x);
    tp_free(x);
    ck_assert(alive(x));
    tp_free(x);
    ck_assert_int_eq(in_use(), before);
    ck_assert_ptr_null(tp_keep(NULL));
    tp_free(NULL);
    ck_fine();
}
END_TEST

START_TEST(freeing_what_nobody_kept_is_an_error_and_does_nothing)
{
    TP_SCOPE();
    tp_tensor *x = some();
    tp_free(x);
    ck_message("free: the tensor [3] belongs to a scope, nobody kept it");
    ck_assert(alive(x));
    tp_free(tp_keep(x));
    tp_free(x);
    ck_error(TP_ERR_ARGUMENT, "nobody kept it");
}
END_TEST

START_TEST(a_slot_that_starts_as_null_carries_state_through_a_loop)
{
    const int64_t before = in_use();
    tp_tensor *h = NULL;
    for (int i = 0; i < 100; i++) {
        TP_SCOPE();
        ck_assert_ptr_nonnull(tp_assign(&h, h ? tp_add(h, 1) : tp_zeros(TP_SHAPE(50000))));
    }
    ck_assert_double_eq(tp__element(h, 0), 99);
    tp_free(h);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_slot_that_starts_as_a_scopes_tensor_leaves_it_to_the_scope)
{
    TP_SCOPE();
    tp_tensor *first = tp_ones(TP_SHAPE(2)), *h = first;
    for (int i = 0; i < 10; i++) {
        TP_SCOPE();
        tp_assign(&h, tp_add(h, h));
    }
    ck_values(first, 1, 1);
    ck_values(h, 1024, 1024);
    tp_free(h);
    ck_fine();
}
END_TEST

START_TEST(a_slot_takes_over_the_keep_of_a_kept_tensor)
{
    const int64_t before = in_use();
    tp_tensor *h;
    {
        TP_SCOPE();
        h = tp_keep(large());
    }
    {
        TP_SCOPE();
        tp_assign(&h, tp_add(h, 1));
    }
    ck_assert_double_eq(tp__element(h, 0), 1);
    tp_assign(&h, h);                                  /* to itself */
    ck_assert(alive(h));
    tp_assign(&h, NULL);
    ck_assert_ptr_null(h);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_dropped_tensor_dies_before_its_scope_and_only_there)
{
    TP_SCOPE();
    tp_tensor *outer = some();
    {
        TP_SCOPE();
        tp_tensor *x = some(), *kept = tp_keep(some());
        tp_drop(x);
        ck_assert(!alive(x));
        tp_drop(outer);
        ck_assert(alive(outer));
        tp_drop(kept);
        ck_assert(alive(kept));
        tp_free(kept);
        tp_drop(NULL);
        ck_fine();
    }
}
END_TEST

START_TEST(a_loop_that_drops_all_it_makes_holds_nothing)
{
    TP_SCOPE();
    const int64_t before = in_use();
    for (int i = 0; i < 200000; i++) {                 /* were holes left, its list would grow to megabytes */
        tp_tensor *x = tp_scalar(1), *y = tp_scalar(2);
        tp_drop(x);
        tp_drop(y);
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(closing_a_scope_closes_those_inside_of_it)
{
    tp_scope outer = tp_scope_open();
    tp_tensor *x = some();
    tp_scope inner = tp_scope_open();
    tp_tensor *y = some();
    tp_scope_close(&outer);
    ck_assert(!alive(x) && !alive(y));
    TP_SCOPE();
    tp_tensor *z = some();
    tp_scope_close(&inner);                            /* is closed already */
    ck_assert(alive(z));
}
END_TEST

static jmp_buf back;
static bool jumps = true;
static void deep(int n)
{
    TP_SCOPE();
    large();
    if (n) deep(n - 1);
    else if (jumps) longjmp(back, 1);
}

START_TEST(a_longjmp_out_of_scopes_is_caught_up_by_the_one_outside)
{
    const int64_t before = in_use();
    {
        TP_SCOPE();
        if (!setjmp(back)) deep(50);
        tp_tensor *x = some();
        ck_assert(alive(x));
    }
    ck_assert_int_eq(in_use(), before);
    TP_SCOPE();
    ck_assert(alive(some()));
}
END_TEST

START_TEST(a_dead_handle_is_an_error_that_names_its_scope)
{
    tp_tensor *x;
    {
        const tp_scope scope = tp_scope_open_at("train.c:12");
        x = some();
        tp_scope close = scope;
        tp_scope_close(&close);
    }
    ck_assert_ptr_null(tp_add(x, 1));
    ck_message("add: a tensor is used after its scope: it died with the scope opened at train.c:12");
    ck_assert_ptr_null(tp_data(x));
    ck_error(TP_ERR_STATE, "train.c:12");
    ck_assert(isnan(tp_item(x)));
    ck_error(TP_ERR_STATE, "train.c:12");
    ck_assert_ptr_null(tp_keep(x));
    ck_error(TP_ERR_STATE, "train.c:12");
    ck_assert_ptr_null(tp_escape(x));
    ck_error(TP_ERR_STATE, "train.c:12");
    tp_free(x);
    ck_error(TP_ERR_STATE, "train.c:12");
}
END_TEST

START_TEST(the_dead_of_scopes_closed_at_once_name_the_one_that_was_closed)
{
    tp_scope outer = tp_scope_open_at("outer.c:1");
    tp_tensor *x = some();
    tp_scope_open_at("inner.c:2");
    tp_scope_close(&outer);
    tp_ndim(x);
    ck_error(TP_ERR_STATE, "outer.c:1");
}
END_TEST

#ifdef TP_DEBUG_HANDLES
START_TEST(with_debug_handles_a_dead_one_is_recognized_after_many_others)
{
    tp_tensor *x;
    {
        TP_SCOPE();
        x = some();
    }
    for (int i = 0; i < 1000; i++) {
        TP_SCOPE();
        some();
        ck_assert_ptr_null(tp_neg(x));
        ck_error(TP_ERR_STATE, "died with the scope opened at tests/test_scope.c:");
    }
}
END_TEST
#endif

START_TEST(a_tensor_that_somebody_else_holds_survives_its_scope)
{
    const int64_t before = in_use();
    tp_tensor *view;
    {
        TP_SCOPE();
        tp_tensor *x = large();
        view = tp_keep(tp_narrow(x, 0, 10, 5));
    }
    ck_values(view, 0, 0, 0, 0, 0);
    tp_free(view);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

static int warnings;
static char warning[256];
static void count_warnings(void *arg, tp_log_level level, const char *message)
{
    (void)arg;
    warnings += level == TP_LOG_WARNING;
    snprintf(warning, sizeof warning, "%s", message);
}

START_TEST(the_root_scope_warns_once_past_a_million)
{
    tp_set_log(count_warnings, NULL);
    for (int i = 0; i < 999999; i++) tp_scalar(0);
    ck_assert_int_eq(warnings, 0);
    for (int i = 0; i < 200000; i++) tp_scalar(0);
    ck_assert_int_eq(warnings, 1);
    ck_assert_str_eq(warning, "scope: the thread's root scope holds 1000000 tensors: does a loop lack TP_SCOPE()?");
}
END_TEST

START_TEST(the_root_scope_warns_of_what_escapes_into_it_too)
{
    tp_set_log(count_warnings, NULL);
    for (int i = 0; i < 1100000; i++) {
        TP_SCOPE();
        tp_tensor *x = tp_scalar(0);
        for (int k = 0; k < 3; k++) tp_scalar(k);
        tp_escape(x);
    }
    ck_assert_int_eq(warnings, 1);
}
END_TEST

START_TEST(a_million_tensors_in_a_scope_of_ones_own_are_no_warning)
{
    tp_set_log(count_warnings, NULL);
    TP_SCOPE();
    for (int i = 0; i < 1200000; i++) tp_scalar(0);
    ck_assert_int_eq(warnings, 0);
}
END_TEST

START_TEST(a_long_recorded_loop_runs_in_constant_memory_if_it_cuts_the_tape)
{
    TP_SCOPE();
    tp_tensor *w = tp_full(TP_SHAPE(64), 0.5, .requires_grad = true), *h = tp_ones(TP_SHAPE(64));
    int64_t early = 0;
    for (int i = 0; i < 20000; i++) {
        TP_SCOPE();
        tp_tensor *next = tp_tanh(tp_add(tp_mul(h, w), 1));
        if (i % 5 == 4) {
            ck_ok(tp_backward(tp_sum(next)));
            next = tp_detach(next);
        }
        tp_assign(&h, next);
        if (i == 99) early = in_use();
    }
    ck_assert_int_le(in_use(), early + 4096);
    tp_free(h);
}
END_TEST

START_TEST(free_all_takes_any_order_duplicates_and_null)
{
    const int64_t before = in_use();
    for (int order = 0; order < 2; order++) {
        tp_tensor *kept, *x, *y;
        {
            TP_SCOPE();
            kept = tp_keep(some());
            x = tp_keep(tp_zeros(TP_SHAPE(8, 4)));
            y = tp_keep(tp_zeros(TP_SHAPE(8), .dtype = TP_I64));
        }
        tp_module *net = tp_sequential(tp_nn_linear(4, 3), tp_nn_relu());
        tp_optimizer *opt = tp_sgd(tp_parameters(net), .momentum = 0.9);
        tp_dataset *set = tp_tensor_dataset(TP_TENSORS(x, y));
        tp_loader *loader = tp_data_loader(set, .batch_size = 2, .workers = 2);
        tp_batch batch;
        ck_assert(tp_loader_next(loader, &batch));
        if (order) tp_free_all(net, set, NULL, kept, opt, x, loader, net, y, set);
        else tp_free_all(y, loader, x, opt, NULL, set, kept, net, kept);
        ck_fine();
    }
    tp_free_all(NULL);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(without_memory_for_a_scope_the_one_outside_takes_what_is_made)
{
    TP_SCOPE();
    const int64_t before = in_use();
    {
        TP_SCOPE();
        tp_scope opened[200];
        tp_mem_fail_at(1, true);                       /* some depth needs a longer list of scopes */
        int n = 0;
        while (n < 200 && !tp_failed()) opened[n++] = tp_scope_open_at("x.c:1");
        tp_mem_fail_at(0, false);
        ck_error(TP_ERR_MEMORY, "scope_open: no memory for");
        tp_tensor *x = some();
        tp_scope_close(&opened[n - 1]);                /* the one that could not be opened */
        ck_assert(alive(x));
        tp_scope_close(&opened[0]);
        ck_assert(!alive(x));
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scope");
    TCase *t = tcase_create("scope");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_count_that_a_release_left_behind_is_nobody_elses);
    tcase_add_test(t, what_is_made_in_a_scope_dies_with_it);
    tcase_add_test(t, break_continue_and_return_close_the_scope);
    tcase_add_test(t, what_escapes_goes_to_the_scope_outside_and_dies_with_that);
    tcase_add_test(t, escaping_keeps_the_other_tensors_of_both_scopes_where_they_are);
    tcase_add_test(t, what_is_kept_is_the_callers_until_it_is_freed);
    tcase_add_test(t, freeing_what_nobody_kept_is_an_error_and_does_nothing);
    tcase_add_test(t, a_slot_that_starts_as_null_carries_state_through_a_loop);
    tcase_add_test(t, a_slot_that_starts_as_a_scopes_tensor_leaves_it_to_the_scope);
    tcase_add_test(t, a_slot_takes_over_the_keep_of_a_kept_tensor);
    tcase_add_test(t, a_dropped_tensor_dies_before_its_scope_and_only_there);
    tcase_add_test(t, a_loop_that_drops_all_it_makes_holds_nothing);
    tcase_add_test(t, closing_a_scope_closes_those_inside_of_it);
    tcase_add_test(t, a_longjmp_out_of_scopes_is_caught_up_by_the_one_outside);
    tcase_add_test(t, a_dead_handle_is_an_error_that_names_its_scope);
    tcase_add_test(t, the_dead_of_scopes_closed_at_once_name_the_one_that_was_closed);
#ifdef TP_DEBUG_HANDLES
    tcase_add_test(t, with_debug_handles_a_dead_one_is_recognized_after_many_others);
#endif
    tcase_add_test(t, a_tensor_that_somebody_else_holds_survives_its_scope);
    tcase_add_test(t, the_root_scope_warns_once_past_a_million);
    tcase_add_test(t, the_root_scope_warns_of_what_escapes_into_it_too);
    tcase_add_test(t, a_million_tensors_in_a_scope_of_ones_own_are_no_warning);
    tcase_add_test(t, a_long_recorded_loop_runs_in_constant_memory_if_it_cuts_the_tape);
    tcase_add_test(t, free_all_takes_any_order_duplicates_and_null);
    tcase_add_test(t, without_memory_for_a_scope_the_one_outside_takes_what_is_made);
    suite_add_tcase(s, t);
    return run_suite(s);
}
