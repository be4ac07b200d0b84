/* tests/test_hooks.c: what is called on the way backward. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"

static int calls;
static float seen[16];
static tp_tensor *inner_loss, *inner_leaf;             /* of a backward inside of a backward */

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
}
END_TEST

static void ignore(void *arg, tp_tensor *leaf) { (void)arg, (void)leaf; }

START_TEST(nothing_to_hook_or_to_hook_to_is_an_error)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1), *y = tp_mul(x, 2.0);
    ck_assert_int_eq(tp_register_accumulated_hook(y, ignore, NULL), 0);
    ck_error(TP_ERR_STATE, "no leaf");
    ck_assert_int_eq(tp_register_hook(NULL, look, NULL), 0);
    ck_error(TP_ERR_ARGUMENT, "register_hook: the tensor is NULL");
    ck_assert_int_eq(tp_register_accumulated_hook(NULL, ignore, NULL), 0);
    ck_error(TP_ERR_ARGUMENT, "register_accumulated_hook: the tensor is NULL");
    ck_assert_int_eq(tp_register_hook(x, NULL, NULL), 0);
    ck_error(TP_ERR_ARGUMENT, "register_hook: the function is NULL");
    ck_assert_int_eq(tp_register_accumulated_hook(x, NULL, NULL), 0);
    ck_error(TP_ERR_ARGUMENT, "register_accumulated_hook: the function is NULL");
    ck_ok(tp_backward(y));
    ck_values(tp_grad_of(x), 2);
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

/* ---- When: as soon as the leaf's gradient is whole ------------------------------------------------------------------------------------ */

static void say(const char *text) { strncat(order, text, sizeof order - strlen(order) - 1); }
static tp_tensor *passes(void *arg, tp_tensor *g) { (void)g; say(arg); return NULL; }        /* on what a layer made: its backward begins */
static void told(void *arg, tp_tensor *leaf) { (void)leaf; say(arg); }

START_TEST(an_accumulated_hook_runs_before_the_backward_of_earlier_layers)               /* PyTorch: the same order */
{
    TP_SCOPE();
    static const char *const layer[] = { "[1 ", "[2 ", "[3 " }, *const weight[] = { "w1 ", "w2 ", "w3 " }, *const bias[] = { "b1] ", "b2] ", "b3] " };
    tp_tensor *h = tp_randn(TP_SHAPE(4, 3)), *w[3], *b[3];
    for (int i = 0; i < 3; i++) {
        w[i] = tp_randn(TP_SHAPE(3, 3), .requires_grad = true);
        b[i] = tp_zeros(TP_SHAPE(3), .requires_grad = true);
        tp_register_accumulated_hook(w[i], told, (void *)(uintptr_t)weight[i]);
        tp_register_accumulated_hook(b[i], told, (void *)(uintptr_t)bias[i]);
        h = tp_linear(h, w[i], b[i]);
        tp_register_hook(h, passes, (void *)(uintptr_t)layer[i]);
        h = tp_tanh(h);
    }
    ck_ok(tp_backward(tp_sum(h)));
    ck_assert_str_eq(order, "[3 w3 b3] [2 w2 b2] [1 w1 b1] ");
}
END_TEST

START_TEST(a_leaf_that_two_layers_share_waits_for_the_earlier)
{
    for (int inputs = 0; inputs < 2; inputs++) {
        TP_SCOPE();
        tp_tensor *shared = LEAF(2), *other = LEAF(3), *x = LEAF(5), *a = tp_mul(x, shared), *b = tp_mul(a, other), *c = tp_mul(b, shared);
        order[0] = 0;
        tp_register_hook(a, passes, "a ");
        tp_register_hook(b, passes, "b ");
        tp_register_hook(c, passes, "c ");
        tp_register_hook(shared, passes, "shared' ");
        tp_register_accumulated_hook(shared, told, "shared ");
        tp_register_accumulated_hook(other, told, "other ");
        tp_register_accumulated_hook(x, told, "x ");
        ck_ok(tp_backward(c, .inputs = inputs ? TP_TENSORS(other, shared, x) : (tp_tensor_list){ .n = 0 }));
        ck_assert_str_eq(order, "c b other a x shared' shared ");
        ck_values(tp_grad_of(shared), 60);
    }
}
END_TEST

static tp_status nothing_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx) { (void)call, (void)dy, (void)dx; return TP_OK; }
static tp_tensor *nothing_forward(tp_context *call, tp_tensor *const *x) { (void)call; return tp_mul(x[0], 1.0); }
static const tp_function nothing = { .name = "nothing", .forward = nothing_forward, .backward = nothing_backward };

START_TEST(a_leaf_does_not_wait_for_nodes_that_no_gradient_comes_to)
{
    for (int when = 0; when < 2; when++) {             /* `early` is found to be left out before the leaf is met, or after */
        TP_SCOPE();
        tp_tensor *w = LEAF(2), *x = LEAF(3), *early = tp_mul(w, 5.0), *cut = when ? NULL : tp_apply(&nothing, early);
        tp_tensor *h = tp_mul(x, 7.0), *late = tp_mul(h, w);
        order[0] = 0;
        tp_register_accumulated_hook(x, told, "x ");
        tp_register_accumulated_hook(w, told, "w ");
        tp_register_hook(early, passes, "early ");
        ck_ok(tp_backward(tp_add(when ? tp_apply(&nothing, early) : cut, late)));
        ck_assert_str_eq(order, when ? "w x " : "x w ");
        ck_values(tp_grad_of(w), 21);
        order[0] = 0;
        ck_ok(tp_backward(tp_add(tp_mul(early, 1.0), tp_mul(tp_mul(x, 7.0), w))));
        ck_assert_str_eq(order, "x early w ");
        ck_values(tp_grad_of(w), 21 + 5 + 21);
    }
}
END_TEST

START_TEST(a_leaf_that_is_the_loss_has_its_turn)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3), *g;
    tp_register_hook(x, thrice, NULL);
    tp_register_accumulated_hook(x, note, "x");
    ck_ok(tp_backward(x));
    ck_assert_str_eq(order, "x3 ");
    ck_values(tp_grad_of(x), 3);
    tp_tensor *of[] = { x, tp_mul(x, 2.0) };
    ck_ok(tp_grad(of, 2, &x, 1, NULL, &g));
    ck_values(g, 9);
}
END_TEST

static tp_tensor *later_leaf;
static tp_tensor *registers(void *arg, tp_tensor *g)
{
    (void)g;
    tp_register_accumulated_hook(later_leaf, note, arg);
    return NULL;
}

START_TEST(a_hook_that_is_registered_on_the_way_is_called_in_the_same_backward)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3), *w = LEAF(2), *y = tp_mul(x, w), *z = tp_mul(y, 2.0);
    later_leaf = w;
    tp_register_accumulated_hook(x, note, "x");
    tp_register_hook(z, registers, "w");
    ck_ok(tp_backward(tp_mul(z, x)));
    ck_assert_str_eq(order, "x24 w18 ");
}
END_TEST

START_TEST(a_failed_backward_with_hooked_leaves_can_be_walked_again)
{
    for (int inputs = 0; inputs < 2; inputs++) {
        TP_SCOPE();
        int first = 1;
        tp_tensor *x = LEAF(3), *w = LEAF(2), *y = tp_mul(x, w), *parts[2];
        order[0] = 0;
        tp_register_accumulated_hook(x, note, "x");
        tp_register_accumulated_hook(w, note, "w");
        const int64_t id = tp_register_hook(y, wrong_shape, &first);
        parts[0] = tp_mul(tp_mul(y, 2.0), w);
        tp_tensor_list in = inputs ? TP_TENSORS(x, w) : (tp_tensor_list){ .n = 0 };
        ck_assert_int_eq(tp_backward(parts[0], .inputs = in), TP_ERR_SHAPE);
        tp_clear_error();
        tp_remove_hook(y, id);
        ck_ok(tp_set_grad(x, NULL));
        ck_ok(tp_set_grad(w, NULL));
        order[0] = 0;
        ck_ok(tp_backward(parts[0], .inputs = in));
        ck_assert_str_eq(order, "x8 w24 ");
    }
}
END_TEST

static void walks_inside(void *arg, tp_tensor *leaf)   /* the graph that is being walked, once more */
{
    (void)leaf;
    tp_tensor *g;
    if (calls++) return;
    if (!tp_grad(&inner_loss, 1, &inner_leaf, 1, NULL, &g, .retain_graph = true)) seen[0] = (float)tp_item(g);
    say(arg);
}

START_TEST(an_accumulated_hook_may_walk_the_same_graph)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3), *w = LEAF(2), *y = tp_mul(x, x), *parts = tp_mul(y, w);
    inner_loss = tp_mul(y, 10.0);
    inner_leaf = x;
    tp_register_accumulated_hook(w, walks_inside, "w ");
    tp_register_accumulated_hook(x, note, "x");
    ck_ok(tp_backward(tp_mul(parts, w)));
    ck_assert_float_eq(seen[0], 60);
    ck_values(tp_grad_of(x), 24);
    ck_assert_str_eq(order, "w x24 ");
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

static tp_tensor *begin_again(void *arg, tp_tensor *g)
{
    (void)arg, (void)g;
    calls++;
    tp_backward(inner_loss, .retain_graph = true);
    return NULL;
}

START_TEST(a_backward_that_begins_itself_again_is_an_error_and_ends)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 2.0);
    inner_loss = tp_sum(y);
    const int64_t id = tp_register_hook(y, begin_again, NULL);
    ck_assert_int_eq(tp_backward(inner_loss, .retain_graph = true), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "backward: 100 backward passes are under way, each inside of a hook or a rule of the one before");
    ck_assert_int_eq(calls, 100);
    tp_remove_hook(y, id);
    tp_set_grad(x, NULL);
    ck_ok(tp_backward(inner_loss));
    ck_values(tp_grad_of(x), 2, 2);
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
    tcase_add_test(t, nothing_to_hook_or_to_hook_to_is_an_error);
    tcase_add_test(t, a_hook_may_remove_itself_and_others);
    tcase_add_test(t, a_hook_does_not_reach_the_tensors_of_the_scope_around_the_backward);
    tcase_add_test(t, an_accumulated_hook_is_called_once_per_backward_after_the_sum);
    tcase_add_test(t, accumulated_hooks_come_in_the_order_of_the_backward);
    tcase_add_test(t, an_accumulated_hook_is_called_for_given_inputs_but_not_by_grad);
    tcase_add_test(t, an_accumulated_hook_runs_before_the_backward_of_earlier_layers);
    tcase_add_test(t, a_leaf_that_two_layers_share_waits_for_the_earlier);
    tcase_add_test(t, a_leaf_does_not_wait_for_nodes_that_no_gradient_comes_to);
    tcase_add_test(t, a_leaf_that_is_the_loss_has_its_turn);
    tcase_add_test(t, a_hook_that_is_registered_on_the_way_is_called_in_the_same_backward);
    tcase_add_test(t, a_failed_backward_with_hooked_leaves_can_be_walked_again);
    tcase_add_test(t, an_accumulated_hook_may_walk_the_same_graph);
    tcase_add_test(t, an_accumulated_hook_may_step_and_drop_the_gradient);
    tcase_add_test(t, a_retained_gradient_is_a_copy_and_adds_up);
    tcase_add_test(t, a_retained_gradient_follows_a_write_in_place_and_a_hook_does_not);
    tcase_add_test(t, a_retained_gradient_is_what_the_hooks_made_of_it);
    tcase_add_test(t, a_retaining_tensor_may_die_before_the_backward);
    tcase_add_test(t, a_hook_may_go_backward_over_nodes_that_are_being_walked);
    tcase_add_test(t, a_backward_that_begins_itself_again_is_an_error_and_ends);
    tcase_add_test(t, a_hook_may_free_the_loss);
    suite_add_tcase(s, t);
    return run_suite(s);
}
