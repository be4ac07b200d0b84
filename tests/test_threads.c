/* tests/test_threads.c: what threads may do at once: tapes over shared weights, inference of one module, reading, scopes. To be
 * run with CONFIG=tsan, too. */
#include "expect.h"

#include <pthread.h>

enum { THREADS = 4 };

typedef struct job { int index; tp_tensor *shared; tp_module *net; double got; const char *wrong; } job;

static void run_all(void *(*fn)(void *), job *jobs)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
        jobs[i].index = i;
        ck_assert_int_eq(pthread_create(&thread[i], NULL, fn, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) ck_assert_msg(!jobs[i].wrong, "thread %d: %s", i, jobs[i].wrong);
}
#define HOLDS(what) do { if (!(what)) { j->wrong = #what; return NULL; } } while (0)

static void *add_gradients(void *arg)
{
    job *j = arg;
    for (int i = 0; i < 200; i++) {
        TP_SCOPE();
        tp_tensor *y = tp_sum(tp_mul(tp_mul(j->shared, 2.0), tp_full(TP_SHAPE(64), (double)(j->index + 1))));
        HOLDS(tp_backward(y) == TP_OK);
    }
    return NULL;
}

START_TEST(parallel_tapes_add_to_one_leaf_under_its_lock)
{
    TP_SCOPE();
    job jobs[THREADS] = { { 0 } };
    tp_tensor *w = tp_ones(TP_SHAPE(64), .requires_grad = true);
    for (int i = 0; i < THREADS; i++) jobs[i].shared = w;
    run_all(add_gradients, jobs);
    ck_assert_double_eq(tp__element(tp_grad_of(w), 5), 200 * 2 * (1 + 2 + 3 + 4));
}
END_TEST

static void *own_gradients(void *arg)
{
    job *j = arg;
    for (int i = 0; i < 200; i++) {
        TP_SCOPE();
        tp_tensor *k = tp_full(TP_SHAPE(64), (double)(j->index + 1)), *g, *gg;
        tp_tensor *y = tp_sum(tp_mul(tp_mul(j->shared, j->shared), k));
        HOLDS(tp_grad(&y, 1, &j->shared, 1, NULL, &g, .create_graph = true) == TP_OK);
        tp_tensor *again = tp_sum(g);
        HOLDS(tp_grad(&again, 1, &j->shared, 1, NULL, &gg) == TP_OK);
        j->got = tp__element(gg, 3);
        HOLDS(j->got == 2.0 * (j->index + 1));
    }
    return NULL;
}

START_TEST(parallel_tapes_take_gradients_of_their_own)
{
    TP_SCOPE();
    job jobs[THREADS] = { { 0 } };
    tp_tensor *w = tp_ones(TP_SHAPE(64), .requires_grad = true);
    for (int i = 0; i < THREADS; i++) jobs[i].shared = w;
    run_all(own_gradients, jobs);
    ck_assert_ptr_null(tp_grad_of(w));
}
END_TEST

static void *infer(void *arg)
{
    job *j = arg;
    TP_NO_GRAD();
    for (int i = 0; i < 30; i++) {
        TP_SCOPE();
        tp_tensor *y = tp_forward(j->net, j->shared);
        HOLDS(y);
        const double sum = tp_item(tp_sum(y));
        HOLDS(i == 0 || sum == j->got);
        j->got = sum;
        if (i % 10 == j->index) {                      /* an error of one thread is no other's */
            HOLDS(!tp_forward(j->net, tp_ones(TP_SHAPE(1, 3))));
            HOLDS(tp_failed() && tp_last_error()->path[0]);
            tp_clear_error();
        }
        HOLDS(!tp_failed());
    }
    return NULL;
}

START_TEST(one_module_is_run_by_many_threads)
{
    TP_SCOPE();
    job jobs[THREADS] = { { 0 } };
    tp_module *net = tp_sequential(tp_nn_conv2d(1, 4, 3), tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(),
                                   tp_nn_dropout(0.5), tp_nn_linear(4 * 13 * 13, 10));
    ck_ok(tp_eval(net));
    tp_tensor *x = tp_randn(TP_SHAPE(4, 1, 28, 28));
    const double want = tp_item(tp_sum(tp_forward(net, x)));
    for (int i = 0; i < THREADS; i++) jobs[i].shared = x, jobs[i].net = net;
    run_all(infer, jobs);
    for (int i = 0; i < THREADS; i++) ck_assert_double_eq(jobs[i].got, want);
    tp_module_free(net);
}
END_TEST

static void *learn(void *arg)                          /* the whole net's gradients, of each thread's own data */
{
    job *j = arg;
    TP_SCOPE();
    const tp_parameter_list p = { .at = (tp_tensor *const *)(const void *)j->shared, .n = 4 };
    tp_rng_seed(7, (uint64_t)j->index + 1);
    for (int i = 0; i < 20; i++) {
        TP_SCOPE();
        tp_tensor *loss = tp_mean(tp_forward(j->net, tp_randn(TP_SHAPE(8, 6)))), *g[4];
        HOLDS(tp_grad(&loss, 1, p.at, 4, NULL, g) == TP_OK);
        j->got += tp__element(g[0], 0);
        HOLDS(tp_backward(tp_mean(tp_forward(j->net, tp_randn(TP_SHAPE(8, 6))))) == TP_OK);
    }
    return NULL;
}

START_TEST(threads_learn_over_shared_weights)
{
    TP_SCOPE();
    tp_manual_seed(1);
    job jobs[THREADS] = { { 0 } };
    tp_module *net = tp_sequential(tp_nn_linear(6, 16), tp_nn_tanh(), tp_nn_linear(16, 2));
    for (int i = 0; i < THREADS; i++) jobs[i].net = net, jobs[i].shared = (tp_tensor *)(void *)(uintptr_t)tp_parameters(net).at;
    run_all(learn, jobs);
    for (int i = 0; i < 4; i++) ck_assert_ptr_nonnull(tp_grad_of(tp_parameters(net).at[i]));
    tp_module_free(net);
}
END_TEST

static void *read_it(void *arg)
{
    job *j = arg;
    for (int i = 0; i < 500; i++) {
        TP_SCOPE();
        tp_tensor *view = tp_narrow(j->shared, 0, j->index, 4), *kept = tp_keep(j->shared);
        HOLDS(tp__element(view, 0) == j->index);
        HOLDS(tp_item(tp_sum(tp_mul(view, 2.0))) == 2.0 * (4 * j->index + 6));
        tp_free(kept);
        tp_free(tp_keep(view));
    }
    return NULL;
}

START_TEST(a_tensor_is_read_by_many_threads)
{
    job jobs[THREADS] = { { 0 } };
    tp_tensor *x;
    {
        TP_SCOPE();
        x = tp_keep(tp_to_dtype(tp_arange(0, 100, 1), TP_F32));
    }
    for (int i = 0; i < THREADS; i++) jobs[i].shared = x;
    run_all(read_it, jobs);
    tp_free(x);
}
END_TEST

static void *open_scopes(void *arg)
{
    job *j = arg;
    tp_tensor *state = NULL;
    for (int i = 0; i < 300; i++) {
        TP_SCOPE();
        tp_assign(&state, tp_add(state ? state : tp_zeros(TP_SHAPE(50)), (double)j->index));
        tp_tensor *x;
        {
            TP_SCOPE();
            tp_zeros(TP_SHAPE(1000));
            x = tp_escape(tp_mul(state, 2.0));
        }
        HOLDS(tp__element(x, 49) == 2.0 * j->index * (i + 1));
    }
    j->got = tp__element(state, 0);
    tp_zeros(TP_SHAPE(10));                            /* of the root scope: dies with the thread */
    tp_free(state);
    return NULL;
}

START_TEST(each_thread_has_its_scopes_and_a_root_that_ends_with_it)
{
    const int64_t before = in_use();
    job jobs[THREADS] = { { 0 } };
    run_all(open_scopes, jobs);
    for (int i = 0; i < THREADS; i++) ck_assert_double_eq(jobs[i].got, 300.0 * i);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

static tp_tensor *passed[THREADS];
static void *hand_over(void *arg)
{
    job *j = arg;
    TP_SCOPE();
    passed[j->index] = tp_keep(tp_mul(j->shared, (double)j->index));
    return NULL;
}

START_TEST(tensors_made_in_threads_are_joined_and_freed_in_another)
{
    const int64_t before = in_use();
    for (int round = 0; round < 20; round++) {
        TP_SCOPE();
        job jobs[THREADS] = { { 0 } };
        tp_tensor *w = tp_ones(TP_SHAPE(300), .requires_grad = true), *sum = tp_zeros(TP_SHAPE(300));
        for (int i = 0; i < THREADS; i++) jobs[i].shared = w;
        run_all(hand_over, jobs);
        for (int i = 0; i < THREADS; i++) sum = tp_add(sum, passed[i]);
        ck_ok(tp_backward(tp_sum(sum)));
        ck_assert_double_eq(tp__element(tp_grad_of(w), 299), 0 + 1 + 2 + 3);
        for (int i = 0; i < THREADS; i++) tp_free(passed[i]);
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

static void *modes(void *arg)
{
    job *j = arg;
    HOLDS(tp_grad_enabled());                          /* not the starter's mode */
    HOLDS(!tp_failed());
    if (j->index % 2) tp_grad_mode_set(false);
    tp_fail(TP_ERR_IO, "thread: %d", j->index);
    HOLDS(tp_grad_enabled() == !(j->index % 2));
    HOLDS(tp_error_status() == TP_ERR_IO);
    return NULL;
}

START_TEST(each_thread_has_its_own_mode_and_error)
{
    TP_NO_GRAD();
    job jobs[THREADS] = { { 0 } };
    run_all(modes, jobs);
    ck_fine();
    ck_assert(!tp_grad_enabled());
}
END_TEST

static void *draw(void *arg)
{
    job *j = arg;
    TP_SCOPE();
    j->got = tp__element(tp_rand(TP_SHAPE(3)), 1);
    tp_memory m;
    HOLDS(tp_memory_stats(TP_CPU, &m) == TP_OK);
    tp_memory_trim(TP_CPU);
    return NULL;
}

START_TEST(threads_draw_and_ask_for_figures_at_once)
{
    job jobs[THREADS] = { { 0 } };
    tp_manual_seed(3);
    run_all(draw, jobs);
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < i; k++) ck_assert_double_ne(jobs[i].got, jobs[k].got);
}
END_TEST

START_TEST(any_number_of_threads_may_be_asked_for)
{
    TP_SCOPE();
    const int was = tp_get_num_threads(), asked[] = { INT32_MAX, -5, 0 }, given[] = { 1024, 1, 1 };
    tp_tensor *x = tp_ones(TP_SHAPE(1 << 20));
    for (int i = 0; i < 3; i++) {
        tp_set_num_threads(asked[i]);
        ck_assert_int_eq(tp_get_num_threads(), given[i]);
        ck_assert_double_eq(tp_item(tp_sum(x)), 1 << 20);
        ck_fine();
    }
    tp_set_num_threads(was);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("threads");
    TCase *t = tcase_create("threads");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, parallel_tapes_add_to_one_leaf_under_its_lock);
    tcase_add_test(t, parallel_tapes_take_gradients_of_their_own);
    tcase_add_test(t, one_module_is_run_by_many_threads);
    tcase_add_test(t, threads_learn_over_shared_weights);
    tcase_add_test(t, a_tensor_is_read_by_many_threads);
    tcase_add_test(t, each_thread_has_its_scopes_and_a_root_that_ends_with_it);
    tcase_add_test(t, tensors_made_in_threads_are_joined_and_freed_in_another);
    tcase_add_test(t, each_thread_has_its_own_mode_and_error);
    tcase_add_test(t, threads_draw_and_ask_for_figures_at_once);
    tcase_add_test(t, any_number_of_threads_may_be_asked_for);
    suite_add_tcase(s, t);
    return run_suite(s);
}
