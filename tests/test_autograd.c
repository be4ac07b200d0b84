/* tests/test_autograd.c: the tape: order, size, graphs that are kept and freed, gradients of given inputs. Figures beside
 * `PyTorch` are recorded from 2.15. */
#include "expect.h"

#include <pthread.h>

enum { MILLION = 1000000 };

/* Runs fn in a thread whose stack a recursion of a million nodes would not fit. */
static void on_a_small_stack(void *(*fn)(void *))
{
    pthread_attr_t attr;
    pthread_t thread;
    void *result;
    pthread_attr_init(&attr);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, 256 << 10), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, fn, NULL), 0);
    pthread_join(thread, &result);
    ck_assert_msg(!result, "%s", (char *)result);
    pthread_attr_destroy(&attr);
}

static tp_tensor *chain(tp_tensor *x, int n, double factor)               /* handles die early, the tape stays */
{
    tp_tensor *y = NULL;
    for (int i = 0; i < n; i++) {
        TP_SCOPE();
        tp_assign(&y, tp_mul(y ? y : x, factor));
    }
    return y;
}
#define CHECK(what) do { if (!(what)) return tp_failed() ? (void *)(uintptr_t)tp_last_error()->message : (void *)(uintptr_t)#what; } while (0)

static void *long_chain(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(2), 3.0, .requires_grad = true);
    tp_tensor *y = chain(x, MILLION, 1.0);
    CHECK(y);
    CHECK(tp_backward(tp_sum(y), .retain_graph = true) == TP_OK);
    CHECK(tp__element(tp_grad_of(x), 1) == 1);
    CHECK(tp_backward(tp_sum(y)) == TP_OK);
    CHECK(tp__element(tp_grad_of(x), 1) == 2);
    tp_free(y);
    tp_free(chain(x, MILLION, 1.0));                   /* freed without having been walked */
    return NULL;
}
START_TEST(a_chain_of_a_million_nodes_goes_backward_on_a_small_stack) { on_a_small_stack(long_chain); }
END_TEST

static void *recorded_chain(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(1), 2.0, .requires_grad = true), *y = NULL, *g;
    tp_tensor *f = tp_ones(TP_SHAPE(1), .requires_grad = true);
    for (int i = 0; i < MILLION / 2; i++) {
        TP_SCOPE();
        tp_assign(&y, tp_mul(y ? y : x, f));
    }
    tp_tensor *loss = tp_sum(tp_mul(y, y));
    tp_free(y);
    CHECK(tp_grad(&loss, 1, &x, 1, NULL, &g, .create_graph = true) == TP_OK);
    CHECK(tp__element(g, 0) == 4);
    tp_tensor *gg;
    CHECK(tp_grad(&g, 1, &x, 1, NULL, &gg) == TP_OK);
    CHECK(tp__element(gg, 0) == 2);
    return NULL;
}
START_TEST(a_backward_of_a_million_nodes_is_recorded_and_walked_in_turn) { on_a_small_stack(recorded_chain); }
END_TEST

static void *diamonds(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(1), 1.0, .requires_grad = true), *y = NULL;
    for (int i = 0; i < MILLION / 3; i++) {            /* y = y / 2 + y / 2: were a path walked each, there would be 2^333333 */
        TP_SCOPE();
        tp_tensor *from = y ? y : x;
        tp_assign(&y, tp_add(tp_mul(from, 0.5), tp_mul(from, 0.5)));
    }
    tp_tensor *g, *loss = tp_mul(y, y), *gg;
    tp_free(y);
    CHECK(tp_grad(&loss, 1, &x, 1, NULL, &g, .create_graph = true) == TP_OK);
    CHECK(tp__element(g, 0) == 2);
    CHECK(tp_grad(&g, 1, &x, 1, NULL, &gg, .retain_graph = true) == TP_OK);
    CHECK(tp__element(gg, 0) == 2);
    CHECK(tp_backward(loss) == TP_OK);
    CHECK(tp__element(tp_grad_of(x), 0) == 2);
    return NULL;
}
START_TEST(diamonds_of_a_million_nodes_go_backward_on_a_small_stack) { on_a_small_stack(diamonds); }
END_TEST

static void *branches(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(1), 1.0, .requires_grad = true), *sum = NULL;
    for (int i = 0; i < MILLION / 2; i++) {            /* sum += x * 2: as many branches as nodes */
        TP_SCOPE();
        tp_tensor *branch = tp_mul(x, 2.0);
        tp_assign(&sum, sum ? tp_add(sum, branch) : branch);
    }
    CHECK(tp_backward(sum, .create_graph = true) == TP_OK);
    CHECK(tp__element(tp_grad_of(x), 0) == MILLION);
    CHECK(tp_set_grad(x, NULL) == TP_OK);
    tp_free(sum);
    tp_tensor **all = malloc(MILLION / 4 * sizeof *all), *g;               /* as many outputs at once */
    for (int i = 0; i < MILLION / 4; i++) all[i] = tp_mul(tp_mul(x, 1.0), 2.0);
    const tp_status status = tp_grad(all, MILLION / 4, &x, 1, NULL, &g);
    free(all);
    CHECK(status == TP_OK);
    CHECK(tp__element(g, 0) == MILLION / 2);
    return NULL;
}
START_TEST(branches_of_a_million_nodes_go_backward_on_a_small_stack) { on_a_small_stack(branches); }
END_TEST

/* ---- Order across threads ----------------------------------------------------------------------------------------------------- */

static tp_tensor *handed_over, *shared_leaf;
static void *make_some(void *arg)
{
    (void)arg;
    TP_SCOPE();
    for (int i = 0; i < 1000; i++) tp_mul(shared_leaf, 2.0);               /* this thread's counter runs ahead */
    handed_over = tp_keep(tp_mul(tp_mul(shared_leaf, 3.0), shared_leaf));
    return NULL;
}

START_TEST(a_tensor_made_in_another_thread_is_walked_in_the_right_order)
{
    TP_SCOPE();
    shared_leaf = LEAF(2);
    pthread_t thread;
    pthread_create(&thread, NULL, make_some, NULL);
    pthread_join(thread, NULL);
    tp_tensor *early = tp_mul(shared_leaf, 5.0);
    tp_tensor *y = tp_mul(handed_over, early);         /* 15 x^3; this thread's counter was behind */
    tp_tensor *z = tp_add(y, tp_mul(handed_over, handed_over));            /* + 9 x^4 */
    ck_ok(tp_backward(z));
    ck_values(tp_grad_of(shared_leaf), 45 * 4 + 36 * 8);
    tp_free(handed_over);
}
END_TEST

/* ---- Graphs that are kept and freed ----------------------------------------------------------------------------------------------- */

START_TEST(gradients_add_up_and_a_second_backward_needs_a_retained_graph)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *loss = tp_sum(tp_mul(x, x));
    ck_assert_ptr_null(tp_grad_of(x));
    ck_ok(tp_backward(loss, .retain_graph = true));
    ck_values(tp_grad_of(x), 2, 4);
    ck_ok(tp_backward(loss));
    ck_values(tp_grad_of(x), 4, 8);
    ck_assert_int_eq(tp_backward(loss), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "backward: the graph is freed: it was walked before without .retain_graph");
    ck_values(tp_grad_of(x), 4, 8);
}
END_TEST

START_TEST(the_loss_needs_one_element_or_a_gradient_like_it)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 3.0);
    ck_assert_int_eq(tp_backward(y), TP_ERR_SHAPE);
    ck_message("backward: a gradient can be left out for one element only, not for [2]");
    ck_assert_int_eq(tp_backward(y, .grad = tp_ones(TP_SHAPE(3))), TP_ERR_SHAPE);
    ck_message("backward: the gradient [3] does not fit the output [2]");
    ck_assert_int_eq(tp_backward(y, .grad = tp_ones(TP_SHAPE(2), .dtype = TP_F64)), TP_ERR_DTYPE);
    tp_clear_error();
    ck_ok(tp_backward(y, .grad = VECTOR(1, 10)));
    ck_values(tp_grad_of(x), 3, 30);
    ck_assert_int_eq(tp_backward(tp_ones(TP_SHAPE(1))), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "needs a gradient");
    ck_assert_int_eq(tp_backward(NULL), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "the loss is NULL");
}
END_TEST

static tp_tensor *refuse(void *arg, tp_tensor *g)
{
    (void)g;
    if (*(int *)arg) tp_fail(TP_ERR_NUMERIC, "hook: not today");
    return NULL;
}

START_TEST(after_a_failed_backward_the_graph_is_intact)
{
    TP_SCOPE();
    int refuses = 1;
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, x), *loss = tp_sum(tp_mul(y, y));
    ck_assert_int_gt(tp_register_hook(y, refuse, &refuses), 0);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(tp_backward(loss), TP_ERR_NUMERIC);
        ck_message("hook: not today");
        tp_tensor *g;
        ck_assert_int_eq(tp_grad(&loss, 1, &x, 1, NULL, &g, .create_graph = round), TP_ERR_NUMERIC);
        ck_message("hook: not today");
        ck_assert_ptr_null(g);
    }
    refuses = 0;
    ck_ok(tp_set_grad(x, NULL));
    ck_ok(tp_backward(loss));
    ck_values(tp_grad_of(x), 4, 32);
}
END_TEST

START_TEST(a_graph_lives_as_long_as_a_tensor_made_from_it)
{
    const int64_t before = in_use();
    tp_tensor *loss, *x;
    {
        TP_SCOPE();
        x = tp_keep(LEAF(3));
        loss = tp_keep(tp_mul(tp_exp(tp_mul(x, 0.0)), x));
    }
    ck_ok(tp_backward(loss));
    ck_values(tp_grad_of(x), 1);
    tp_free(loss);
    tp_free(x);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(nothing_is_recorded_without_a_leaf_or_under_no_grad)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2);
    ck_assert(tp_is_leaf(x) && tp_needs_grad(x));
    ck_assert(!tp_needs_grad(tp_mul(tp_ones(TP_SHAPE(2)), 2.0)));
    {
        TP_NO_GRAD();
        ck_assert(!tp_grad_enabled());
        ck_assert(!tp_needs_grad(tp_mul(x, 2.0)));
        {
            TP_ENABLE_GRAD();
            ck_assert(tp_needs_grad(tp_mul(x, 2.0)));
        }
        ck_assert(!tp_grad_enabled());
    }
    tp_tensor *y = tp_mul(x, 2.0), *cut = tp_detach(y);
    ck_assert(tp_needs_grad(y) && !tp_is_leaf(y));
    ck_assert(!tp_needs_grad(cut) && tp_is_leaf(cut) && tp_shares_storage(cut, y));
    ck_assert(!tp_needs_grad(tp_argmax(x)));
    ck_assert_int_eq(tp_requires_grad(y, false), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "use tp_detach");
    ck_assert_int_eq(tp_requires_grad(tp_zeros(TP_SHAPE(1), .dtype = TP_I64), true), TP_ERR_DTYPE);
    tp_clear_error();
    ck_assert_int_eq(tp_requires_grad(NULL, true), TP_ERR_ARGUMENT);
    tp_clear_error();
}
END_TEST

START_TEST(recording_can_be_set_and_inference_does_not_record_at_all)    /* PyTorch: enable_grad inside of inference_mode records nothing */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2);
    tp_set_grad_enabled(false);
    ck_assert(!tp_grad_enabled() && !tp_needs_grad(tp_mul(x, 2.0)));
    tp_set_grad_enabled(true);
    ck_assert(tp_grad_enabled() && !tp_inference_mode_enabled());
    tp_tensor *loss = tp_sum(tp_mul(x, x));
    {
        TP_INFERENCE_MODE();
        ck_assert(tp_inference_mode_enabled() && !tp_grad_enabled());
        {
            TP_ENABLE_GRAD();
            ck_assert(!tp_needs_grad(tp_mul(x, 2.0)));
        }
        tp_set_grad_enabled(true);
        ck_assert(!tp_needs_grad(tp_mul(x, 2.0)));
        tp_inference_mode was = tp_inference_mode_set(false);
        ck_assert(tp_needs_grad(tp_mul(x, 2.0)));
        tp_inference_mode_restore(&was);
        ck_assert(tp_inference_mode_enabled() && !tp_needs_grad(tp_mul(x, 2.0)));
        {
            TP_INFERENCE_MODE();
        }
        ck_assert(tp_inference_mode_enabled());
        ck_ok(tp_backward(loss));                      /* what was recorded before */
    }
    ck_values(tp_grad_of(x), 2, 4);
    ck_assert(!tp_inference_mode_enabled() && tp_needs_grad(tp_mul(x, 2.0)));
    TP_NO_GRAD();
    {
        TP_INFERENCE_MODE();
    }
    ck_assert(!tp_grad_enabled());
}
END_TEST

/* ---- Gradients of given inputs ------------------------------------------------------------------------------------------------------- */

START_TEST(grad_returns_gradients_and_touches_no_leaf)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *w = LEAF(3, 4), *y = tp_mul(x, w), *loss = tp_sum(tp_mul(y, y));
    tp_tensor *in[] = { w, y, x, w }, *g[4];           /* leaves, one that is none, one twice */
    ck_ok(tp_grad(&loss, 1, in, 4, NULL, g, .retain_graph = true));
    ck_values(g[0], 2 * 3, 2 * 8 * 2);                 /* 2 x y */
    ck_values(g[1], 6, 16);
    ck_values(g[2], 18, 64);
    ck_values(g[3], 6, 32);
    ck_assert_ptr_null(tp_grad_of(x));
    ck_assert_ptr_null(tp_grad_of(w));
    tp_tensor *outputs[] = { loss, y }, *seeds[] = { NULL, VECTOR(1, 0) };
    ck_ok(tp_grad(outputs, 2, &x, 1, seeds, g));
    ck_values(g[0], 18 + 3, 64);
    seeds[0] = VECTOR(7, 8);
    ck_ok(tp_grad(&x, 1, &x, 1, seeds, g));
    ck_values(g[0], 7, 8);
}
END_TEST

START_TEST(an_input_that_is_not_used_is_an_error_unless_allowed)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1), *other = LEAF(2), *y = tp_mul(x, 3.0), *const in[] = { x, other }, *g[2];
    ck_assert_int_eq(tp_grad(&y, 1, in, 2, NULL, g), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "grad: no output depends on input 1, [1]");
    ck_assert_ptr_null(g[0]);
    tp_tensor *z = tp_mul(x, 3.0);
    ck_ok(tp_grad(&z, 1, in, 2, NULL, g, .allow_unused = true));
    ck_values(g[0], 3);
    ck_assert_ptr_null(g[1]);
    ck_assert_int_eq(tp_grad(&z, 1, (tp_tensor *[]){ tp_ones(TP_SHAPE(1)) }, 1, NULL, g), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "does not need a gradient");
}
END_TEST

START_TEST(an_input_whose_gradient_is_zero_gets_zeros)  /* PyTorch: the second derivative of relu is 0, not None */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, -2), *cot = LEAF(5, 7), *y = tp_relu(x), *dx, *const in[] = { x, cot }, *g[2], *seed = VECTOR(3, 4);
    ck_ok(tp_grad(&y, 1, &x, 1, &cot, &dx, .create_graph = true));
    ck_values(dx, 5, 0);
    ck_ok(tp_grad(&dx, 1, in, 2, &seed, g));
    ck_values(g[0], 0, 0);
    ck_values(g[1], 3, 0);
}
END_TEST

START_TEST(grad_frees_only_what_it_walked)             /* PyTorch: (4,), then (6,) */
{
    TP_SCOPE();
    tp_tensor *a = LEAF(2), *b = LEAF(3), *loss = tp_add(tp_mul(a, a), tp_mul(b, b)), *g;
    ck_ok(tp_grad(&loss, 1, &a, 1, NULL, &g));
    ck_values(g, 4);
    ck_ok(tp_grad(&loss, 1, &b, 1, NULL, &g));
    ck_values(g, 6);
    ck_assert_int_eq(tp_grad(&loss, 1, &a, 1, NULL, &g), TP_ERR_STATE);
    tp_clear_error();
}
END_TEST

START_TEST(backward_to_inputs_leaves_other_leaves_alone)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *w = LEAF(3, 4), *y = tp_mul(x, w), *loss = tp_sum(tp_mul(y, y));
    ck_ok(tp_backward(loss, .inputs = TP_TENSORS(x, y), .retain_graph = true));
    ck_values(tp_grad_of(x), 18, 64);
    ck_values(tp_grad_of(y), 6, 16);
    ck_assert_ptr_null(tp_grad_of(w));
    ck_ok(tp_backward(loss, .inputs = TP_TENSORS(x)));
    ck_values(tp_grad_of(x), 36, 128);
}
END_TEST

START_TEST(a_recorded_backward_can_be_differentiated)  /* PyTorch, x = (0.5, -1, 2), y = sum(tanh(x) exp(x)) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(0.5, -1, 2), *y = tp_sum(tp_mul(tp_tanh(x), tp_exp(x))), *g, *h;
    ck_ok(tp_grad(&y, 1, &x, 1, NULL, &g, .create_graph = true));
    ck_values(g, 2.05853533744812, -0.12567493319511414, 7.645296573638916);
    tp_tensor *penalty = tp_sum(tp_mul(g, g));
    ck_ok(tp_grad(&penalty, 1, &x, 1, NULL, &h));
    ck_values(h, 8.879596710205078, -0.06639594584703445, 109.4930648803711);
}
END_TEST

START_TEST(recorded_gradients_of_leaves_add_up_and_stay_on_the_tape)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3), *y = tp_mul(tp_mul(x, x), x), *g;
    ck_ok(tp_backward(y, .create_graph = true));
    ck_ok(tp_backward(y, .create_graph = true));
    ck_values(tp_grad_of(x), 54);
    ck_assert(tp_needs_grad(tp_grad_of(x)));
    tp_tensor *twice = tp_grad_of(x);
    ck_ok(tp_grad(&twice, 1, &x, 1, NULL, &g));
    ck_values(g, 36);                                  /* 2 * 6 x */
    ck_ok(tp_set_grad(x, NULL));                       /* else x holds its tape, and that x */
}
END_TEST

/* ---- Whose gradients are they --------------------------------------------------------------------------------------------------------- */

START_TEST(no_two_gradients_share_storage)
{
    for (int create = 0; create < 2; create++) {
        TP_SCOPE();
        tp_tensor *a = LEAF(2), *b = LEAF(3), *c = LEAF(4);
        tp_tensor *y = tp_add(tp_add(a, b), tp_reshape(c, TP_SHAPE(1))), *given = tp_ones(TP_SHAPE(1));
        ck_ok(tp_retain_grad(y));
        ck_ok(tp_backward(y, .grad = given, .create_graph = create));
        tp_tensor *g[] = { tp_grad_of(a), tp_grad_of(b), tp_grad_of(c), tp_grad_of(y), given };
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < i; k++) ck_assert_msg(!tp_shares_storage(g[i], g[k]), "create_graph %d: %d and %d", create, k, i);
        for (int i = 0; i < 3; i++) ck_ok(tp_set_grad((tp_tensor *[]){ a, b, c }[i], NULL));
    }
}
END_TEST

START_TEST(the_first_gradient_of_a_leaf_is_taken_over)
{
    TP_SCOPE();
    const int n = 1 << 20;
    tp_tensor *x = tp_ones(TP_SHAPE(n), .requires_grad = true), *y = tp_sum(tp_mul(x, x));
    const int64_t before = in_use();
    ck_ok(tp_backward(y));
    ck_assert_int_le(in_use() - before, n * 4 + 4096); /* one gradient, and no copy of it left */
}
END_TEST

START_TEST(a_gradient_has_the_dtype_and_shape_of_its_leaf)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *d = tp_ones(TP_SHAPE(3, 2), .dtype = TP_F64);
    ck_ok(tp_backward(tp_sum(tp_mul(x, d))));
    ck_assert_int_eq(tp_dtype_of(tp_grad_of(x)), TP_F32);
    ck_values(tp_grad_of(x), 3, 3);
    ck_assert_int_eq(tp_set_grad(x, d), TP_ERR_SHAPE);
    ck_error(TP_ERR_SHAPE, "set_grad: a gradient [3, 2] float64 for a tensor [2] float32");
}
END_TEST

START_TEST(a_gradient_that_was_set_is_added_to)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *g = VECTOR(10, 20);
    ck_ok(tp_set_grad(x, g));
    ck_ok(tp_backward(tp_sum(x)));
    ck_values(tp_grad_of(x), 11, 21);
    tp_tensor *wide = tp_expand(tp_ones(TP_SHAPE(1)), TP_SHAPE(2));          /* both elements in one place */
    ck_ok(tp_set_grad(x, wide));
    ck_ok(tp_backward(tp_sum(tp_mul(x, VECTOR(1, 5)))));
    ck_values(tp_grad_of(x), 2, 6);
}
END_TEST

START_TEST(what_a_backward_saved_of_a_replaced_memory_is_stale)
{
    TP_SCOPE();
    tp_tensor *w = LEAF(2), *loss = tp_mul(w, w);
    ck_ok(tp_set_data(w, VECTOR(5)));
    ck_assert_int_eq(tp_backward(loss), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "set_data");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("autograd");
    TCase *t = tcase_create("autograd");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_chain_of_a_million_nodes_goes_backward_on_a_small_stack);
    tcase_add_test(t, a_backward_of_a_million_nodes_is_recorded_and_walked_in_turn);
    tcase_add_test(t, diamonds_of_a_million_nodes_go_backward_on_a_small_stack);
    tcase_add_test(t, branches_of_a_million_nodes_go_backward_on_a_small_stack);
    tcase_add_test(t, a_tensor_made_in_another_thread_is_walked_in_the_right_order);
    tcase_add_test(t, gradients_add_up_and_a_second_backward_needs_a_retained_graph);
    tcase_add_test(t, the_loss_needs_one_element_or_a_gradient_like_it);
    tcase_add_test(t, after_a_failed_backward_the_graph_is_intact);
    tcase_add_test(t, a_graph_lives_as_long_as_a_tensor_made_from_it);
    tcase_add_test(t, nothing_is_recorded_without_a_leaf_or_under_no_grad);
    tcase_add_test(t, recording_can_be_set_and_inference_does_not_record_at_all);
    tcase_add_test(t, grad_returns_gradients_and_touches_no_leaf);
    tcase_add_test(t, an_input_that_is_not_used_is_an_error_unless_allowed);
    tcase_add_test(t, an_input_whose_gradient_is_zero_gets_zeros);
    tcase_add_test(t, grad_frees_only_what_it_walked);
    tcase_add_test(t, backward_to_inputs_leaves_other_leaves_alone);
    tcase_add_test(t, a_recorded_backward_can_be_differentiated);
    tcase_add_test(t, recorded_gradients_of_leaves_add_up_and_stay_on_the_tape);
    tcase_add_test(t, no_two_gradients_share_storage);
    tcase_add_test(t, the_first_gradient_of_a_leaf_is_taken_over);
    tcase_add_test(t, a_gradient_has_the_dtype_and_shape_of_its_leaf);
    tcase_add_test(t, a_gradient_that_was_set_is_added_to);
    tcase_add_test(t, what_a_backward_saved_of_a_replaced_memory_is_stale);
    suite_add_tcase(s, t);
    return run_suite(s);
}
