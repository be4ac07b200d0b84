/* tests/test_hooks.c: what is called on the way backward. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"

static int calls;
static float seen[16];

static tp_tensor *look(void *arg, tp_tensor *g)
{
    (void)arg;
    seen[calls++ % 16] = (float)tp__element(g, 0);
    return NULL;
}
static tp_tensor *thrice(void *arg, tp_tensor *g) { (void)arg; return tp_mul(g, 3.0); }
static tp_tensor *plus_one(void *arg, tp_tensor *g) { (void)arg; return tp_add(g, 1.0); }

START_TEST(a_hook_is_given_the_gradient_each_time_that_it_is_computed)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 2.0), *loss = tp_sum(tp_mul(y, y));
    ck_assert_int_gt(tp_register_hook(y, look, NULL), 0);
    ck_ok(tp_backward(loss, .retain_graph = true));
    tp_tensor *g;
    ck_ok(tp_grad(&loss, 1, &x, 1, NULL, &g));
    ck_assert_int_eq(calls, 2);
    ck_assert_float_eq(seen[0], 4);
    ck_assert_float_eq(seen[1], 4);
}
END_TEST

START_TEST(a_leafs_hook_is_given_the_whole_gradient_once)                /* PyTorch: one call, (5, 5) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2);
    tp_register_hook(x, look, NULL);
    ck_ok(tp_backward(tp_sum(tp_add(tp_mul(x, 2.0), tp_mul(x, 3.0)))));
    ck_assert_int_eq(calls, 1);
    ck_assert_float_eq(seen[0], 5);
    ck_ok(tp_backward(tp_sum(tp_mul(x, 7.0))));
    ck_assert_float_eq(seen[1], 7);                    /* of this backward, not the sum */
    ck_values(tp_grad_of(x), 12, 12);
}
END_TEST

START_TEST(a_hook_may_put_another_gradient_in_its_place)                 /* PyTorch: (25, 49) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 2.0);
    tp_register_hook(y, thrice, NULL);
    tp_register_hook(x, plus_one, NULL);
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 25, 49);
}
END_TEST

START_TEST(hooks_run_in_the_order_in_which_they_were_registered)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1);
    tp_register_hook(x, thrice, NULL);
    tp_register_hook(x, plus_one, NULL);
    tp_register_hook(x, look, NULL);
    ck_ok(tp_backward(tp_mul(x, 2.0)));
    ck_assert_float_eq(seen[0], 7);
    ck_values(tp_grad_of(x), 7);
}
END_TEST

static tp_tensor *wrong_shape(void *arg, tp_tensor *g) { (void)arg, (void)g; return tp_ones(TP_SHAPE(5)); }
static tp_tensor *wrong_dtype(void *arg, tp_tensor *g) { (void)arg; return tp_to_dtype(g, TP_F64); }
static tp_tensor *dead(void *arg, tp_tensor *g)
{
    (void)arg;
    TP_SCOPE();
    return tp_mul(g, 2.0);
}

START_TEST(a_hook_that_returns_what_does_not_fit_is_an_error)
{
    TP_SCOPE();
    tp_hook_fn *const bad[] = { wrong_shape, wrong_dtype, dead };
    const char *const message[] = { "a hook made [5] of a gradient [2]", "a hook made float64 on cpu of a gradient float32 on cpu", "after its scope" };
    for (int i = 0; i < 3; i++) {
        tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 2.0), *of = i ? y : x;
        const int64_t id = tp_register_hook(of, bad[i], NULL);
        tp_tensor *loss = tp_sum(y);
        ck_assert_int_ne(tp_backward(loss), TP_OK);
        ck_assert_msg(strstr(tp_last_error()->message, message[i]), "%s", tp_last_error()->message);
        tp_clear_error();
        tp_remove_hook(of, id);
        ck_ok(tp_set_grad(x, NULL));
        ck_ok(tp_backward(loss));
        ck_values(tp_grad_of(x), 2, 2);
    }
}
END_TEST

START_TEST(a_removed_hook_is_not_called)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1), *y = tp_mul(x, 2.0);
    const int64_t a = tp_register_hook(x, thrice, NULL), b = tp_register_hook(x, look, NULL), c = tp_register_hook(y, thrice, NULL);
    tp_remove_hook(x, a);
    tp_remove_hook(y, c);
    tp_remove_hook(x, 12345);
    ck_ok(tp_backward(tp_mul(y, 1.0)));
    ck_values(tp_grad_of(x), 2);
    ck_assert_int_eq(calls, 1);
    tp_remove_hook(x, b);
    ck_ok(tp_backward(tp_mul(x, 1.0)));
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(tp_register_hook(tp_ones(TP_SHAPE(1)), look, NULL), 0);
    ck_error(TP_ERR_STATE, "does not need a gradient");
    ck_assert_int_eq(tp_register_accumulated_hook(y, NULL, NULL), 0);
    ck_error(TP_ERR_STATE, "no leaf");
}
END_TEST

static tp_tensor *once_tensor;
static int64_t once_id[2];
static tp_tensor *once(void *arg, tp_tensor *g)
{
    (void)arg, (void)g;
    calls++;
    tp_remove_hook(once_tensor, once_id[0]);
    tp_remove_hook(once_tensor, once_id[1]);           /* the next one, too */
    return NULL;
}

START_TEST(a_hook_may_remove_itself_and_others)
{
    for (int leaf = 0; leaf < 2; leaf++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1), *y = tp_mul(x, 2.0);
        once_tensor = leaf ? x : y;
        calls = 0;
        once_id[0] = tp_register_hook(once_tensor, once, NULL);
        once_id[1] = tp_register_hook(once_tensor, thrice, NULL);
        tp_register_hook(once_tensor, look, NULL);
        ck_ok(tp_backward(y, .retain_graph = true));
        ck_assert_int_eq(calls, 2);
        ck_ok(tp_backward(y));
        ck_assert_int_eq(calls, 3);
        ck_values(tp_grad_of(x), 4);
    }
}
END_TEST

static tp_tensor *outside;
static tp_tensor *careless(void *arg, tp_tensor *g)    /* lets escape, drops and frees what it should not */
{
    (void)arg;
    tp_drop(outside);
    tp_free(outside);
    tp_clear_error();
    return tp_escape(tp_mul(g, 2.0));
}

START_TEST(a_hook_does_not_reach_the_tensors_of_the_scope_around_the_backward)
{
    TP_SCOPE();
    tp_tensor *first = VECTOR(7), *x = LEAF(1), *y = tp_mul(x, 2.0);
    outside = y;
    tp_register_hook(y, careless, NULL);
    tp_register_hook(x, careless, NULL);
    ck_ok(tp_backward(tp_mul(y, 1.0)));
    ck_values(first, 7);
    ck_values(y, 2);
    ck_values(tp_grad_of(x), 8);
}
END_TEST

/* ---- After accumulation ------------------------------------------------------------------------------------------------------------ */

static char order[64];
static void note(void *arg, tp_tensor *leaf)
{
    char text[32];
    snprintf(text, sizeof text, "%s%g ", (const char *)arg, tp__element(tp_grad_of(leaf), 0));
    strncat(order, text, sizeof order - strlen(order) - 1);
}

START_TEST(an_accumulated_hook_is_called_once_per_backward_after_the_sum)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1);
    ck_assert_int_gt(tp_register_accumulated_hook(x, note, "x"), 0);
    ck_ok(tp_backward(tp_add(tp_mul(x, 2.0), tp_mul(x, 3.0))));
    ck_ok(tp_backward(tp_mul(x, 4.0)));
    ck_assert_str_eq(order, "x5 x9 ");
}
END_TEST

START_TEST(accumulated_hooks_come_in_the_order_of_the_backward)          /* the same in each process, as exchanging gradients needs */
{
    TP_SCOPE();
    tp_tensor *w[8], *h = VECTOR(1);
    static const char *const name[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    for (int i = 0; i < 8; i++) {
        w[i] = LEAF(1);
        tp_register_accumulated_hook(w[i], note, (void *)(uintptr_t)name[i]);
    }
    for (int i = 0; i < 8; i++) h = tp_mul(h, w[(i * 3 + 1) % 8]);
    ck_ok(tp_backward(h));
    ck_assert_str_eq(order, "g1 d1 a1 f1 c1 h1 e1 b1 ");
}
END_TEST

START_TEST(an_accumulated_hook_is_called_for_given_inputs_but_not_by_grad)              /* PyTorch: so */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1), *w = LEAF(2), *y = tp_mul(x, w), *g;
    tp_register_accumulated_hook(x, note, "x");
    tp_register_accumulated_hook(w, note, "w");
    ck_ok(tp_backward(y, .inputs = TP_TENSORS(x), .retain_graph = true));
    ck_assert_str_eq(order, "x2 ");
    ck_ok(tp_grad(&y, 1, &x, 1, NULL, &g));
    ck_assert_str_eq(order, "x2 ");
}
END_TEST

static void step(void *arg, tp_tensor *leaf)           /* an optimizer inside of the backward */
{
    TP_NO_GRAD();
    tp_add_(leaf, tp_mul(tp_grad_of(leaf), -0.5));
    tp_set_grad(leaf, NULL);
    ++*(int *)arg;
}

START_TEST(an_accumulated_hook_may_step_and_drop_the_gradient)
{
    TP_SCOPE();
    int n = 0;
    tp_tensor *x = LEAF(4);
    const int64_t id = tp_register_accumulated_hook(x, step, &n);
    for (int i = 0; i < 2; i++) ck_ok(tp_backward(tp_mul(x, 2.0)));
    ck_values(x, 2);
    ck_assert_ptr_null(tp_grad_of(x));
    tp_remove_hook(x, id);
    ck_ok(tp_backward(tp_mul(x, 2.0)));
    ck_assert_int_eq(n, 2);
}
END_TEST

/* ---- Gradients of tensors that are no leaves ----------------------------------------------------------------------------------------- */

START_TEST(a_retained_gradient_is_a_copy_and_adds_up)  /* PyTorch: (6, 12), then (12, 24) and (36, 72) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 3.0), *loss = tp_sum(tp_mul(y, y));
    ck_ok(tp_retain_grad(y));
    ck_ok(tp_retain_grad(y));                          /* twice is once */
    ck_ok(tp_backward(loss, .retain_graph = true));
    ck_values(tp_grad_of(y), 6, 12);
    ck_ok(tp_backward(loss));
    ck_values(tp_grad_of(y), 12, 24);
    ck_values(tp_grad_of(x), 36, 72);
    ck_assert_int_eq(tp_retain_grad(tp_ones(TP_SHAPE(1))), TP_ERR_STATE);
    tp_clear_error();
    ck_assert_int_eq(tp_retain_grad(NULL), TP_ERR_ARGUMENT);
    tp_clear_error();
}
END_TEST

START_TEST(a_retained_gradient_follows_a_write_in_place_and_a_hook_does_not)            /* PyTorch: (5, 5); (10, 10) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 3.0);
    ck_ok(tp_retain_grad(y));
    tp_register_hook(y, look, NULL);
    tp_mul_(y, 2.0);
    ck_ok(tp_backward(tp_sum(tp_mul(y, 5.0))));
    ck_values(tp_grad_of(y), 5, 5);
    ck_assert_float_eq(seen[0], 10);
    ck_values(tp_grad_of(x), 30, 30);
}
END_TEST

START_TEST(a_retained_gradient_is_what_the_hooks_made_of_it)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1), *y = tp_mul(x, 3.0);
    ck_ok(tp_retain_grad(y));
    tp_register_hook(y, thrice, NULL);
    ck_ok(tp_backward(tp_mul(y, 1.0)));
    ck_values(tp_grad_of(y), 3);
}
END_TEST

START_TEST(a_retaining_tensor_may_die_before_the_backward)
{
    const int64_t before = in_use();
    {
        TP_SCOPE();
        tp_tensor *x = LEAF(1), *y = tp_mul(x, 3.0), *loss = tp_mul(y, 2.0);
        ck_ok(tp_retain_grad(y));
        tp_drop(y);
        ck_ok(tp_backward(loss));
        ck_values(tp_grad_of(x), 6);
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

/* ---- Backward inside of backward ------------------------------------------------------------------------------------------------------ */

static tp_tensor *inner_loss, *inner_leaf;
static tp_tensor *walks_again(void *arg, tp_tensor *g)
{
    tp_tensor *found;
    (void)g;
    calls++;
    if (*(int *)arg == 0) tp_backward(inner_loss, .retain_graph = true);
    else if (!tp_grad(&inner_loss, 1, &inner_leaf, 1, NULL, &found, .retain_graph = true)) seen[0] = (float)tp_item(found);
    return NULL;
}

START_TEST(a_hook_may_go_backward_over_nodes_that_are_being_walked)
{
    for (int how = 0; how < 2; how++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(3), *y = tp_mul(x, x), *z = tp_mul(y, 2.0), *loss = tp_add(z, tp_mul(y, 5.0));
        inner_loss = tp_mul(y, 10.0);
        inner_leaf = x;
        calls = 0;
        tp_register_hook(z, walks_again, &how);
        ck_ok(tp_backward(loss));
        ck_assert_int_eq(calls, 1);
        if (how) ck_assert_float_eq(seen[0], 60);
        ck_values(tp_grad_of(x), how ? 42 : 42 + 60);
        ck_fine();
    }
}
END_TEST

static tp_tensor *lets_go(void *arg, tp_tensor *g)
{
    (void)g;
    tp_free(*(tp_tensor **)arg);
    *(tp_tensor **)arg = NULL;
    return NULL;
}

START_TEST(a_hook_may_free_the_loss)
{
    for (int to_inputs = 0; to_inputs < 2; to_inputs++) {
        tp_tensor *x, *loss;
        {
            TP_SCOPE();
            x = tp_keep(LEAF(3));
            tp_tensor *y = tp_mul(x, x);
            tp_register_hook(y, lets_go, &loss);
            loss = tp_keep(tp_mul(tp_mul(y, y), 2.0));
        }
        if (to_inputs) ck_ok(tp_backward(loss, .inputs = TP_TENSORS(x)));
        else ck_ok(tp_backward(loss));
        ck_assert_ptr_null(loss);
        ck_values(tp_grad_of(x), 216);
        tp_free(x);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hooks");
    TCase *t = tcase_create("hooks");
    tcase_add_test(t, a_hook_is_given_the_gradient_each_time_that_it_is_computed);
    tcase_add_test(t, a_leafs_hook_is_given_the_whole_gradient_once);
    tcase_add_test(t, a_hook_may_put_another_gradient_in_its_place);
    tcase_add_test(t, hooks_run_in_the_order_in_which_they_were_registered);
    tcase_add_test(t, a_hook_that_returns_what_does_not_fit_is_an_error);
    tcase_add_test(t, a_removed_hook_is_not_called);
    tcase_add_test(t, a_hook_may_remove_itself_and_others);
    tcase_add_test(t, a_hook_does_not_reach_the_tensors_of_the_scope_around_the_backward);
    tcase_add_test(t, an_accumulated_hook_is_called_once_per_backward_after_the_sum);
    tcase_add_test(t, accumulated_hooks_come_in_the_order_of_the_backward);
    tcase_add_test(t, an_accumulated_hook_is_called_for_given_inputs_but_not_by_grad);
    tcase_add_test(t, an_accumulated_hook_may_step_and_drop_the_gradient);
    tcase_add_test(t, a_retained_gradient_is_a_copy_and_adds_up);
    tcase_add_test(t, a_retained_gradient_follows_a_write_in_place_and_a_hook_does_not);
    tcase_add_test(t, a_retained_gradient_is_what_the_hooks_made_of_it);
    tcase_add_test(t, a_retaining_tensor_may_die_before_the_backward);
    tcase_add_test(t, a_hook_may_go_backward_over_nodes_that_are_being_walked);
    tcase_add_test(t, a_hook_may_free_the_loss);
    suite_add_tcase(s, t);
    return run_suite(s);
}
