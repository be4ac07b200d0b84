/* test_accumulate.c: gradients of products, which are added to what is there already instead of made and added: they are those that are
 * computed apart, whoever else holds, watches or uses the sum. */
#include "expect.h"

#include <taper/autograd.h>

enum { N = 6 };

static tp_tensor *leaf(int64_t rows, int64_t cols)
{
    tp_tensor *x = tp_uniform(TP_SHAPE(rows, cols), -1, 1, .dtype = TP_F64);
    ck_ok(tp_requires_grad(x, true));
    return x;
}

static bool close_to(tp_tensor *a, tp_tensor *b)
{
    TP_NO_GRAD();
    return a && b && tp_allclose(a, b, 1e-12, 1e-12);
}
#define ck_close(a, b) do { ck_assert(close_to(a, b)); ck_fine(); } while (0)

/* A loop that uses its weights at each step, by matmul or by linear. */
static tp_tensor *loop(tp_tensor *x, tp_tensor *wx, tp_tensor *wh, bool linear)
{
    tp_tensor *h = x;
    for (int t = 0; t < 4; t++)
        h = linear ? tp_tanh(tp_add(tp_linear(x, wx, NULL), tp_linear(h, wh, NULL))) : tp_tanh(tp_add(tp_matmul(x, wx), tp_matmul(h, wh)));
    return tp_sum(tp_mul(h, h));
}

START_TEST(weights_that_are_used_often_get_the_sum)
{
    TP_SCOPE();
    tp_tensor *in[] = { leaf(N, N), leaf(N, N), leaf(N, N) }, *apart[3];
    tp_tensor *loss = loop(in[0], in[1], in[2], _i);
    ck_ok(tp_grad(&loss, 1, in, 3, NULL, apart, .retain_graph = true));       /* never added to what is there */
    for (int times = 1; times <= 2; times++) {
        ck_ok(tp_backward(loss, .retain_graph = true));
        for (int i = 0; i < 3; i++) ck_close(tp_grad_of(in[i]), tp_mul(apart[i], times));
    }
}
END_TEST

START_TEST(an_input_given_twice_gets_both)
{
    TP_SCOPE();
    tp_tensor *x = leaf(N, N), *apart;
    tp_tensor *loss = tp_sum(tp_mul(_i ? tp_linear(x, x, NULL) : tp_matmul(x, x), tp_detach(leaf(N, N))));
    ck_ok(tp_grad(&loss, 1, &x, 1, NULL, &apart, .retain_graph = true));
    for (int times = 1; times <= 3; times++) {
        ck_ok(tp_backward(loss, .retain_graph = true));
        ck_close(tp_grad_of(x), tp_mul(apart, times));
    }
}
END_TEST

/* x's gradient is what the other gradient is made of. */
START_TEST(a_sum_that_the_rule_reads_is_left_until_it_has_run)
{
    TP_SCOPE();
    tp_tensor *x = leaf(N, N), *w = leaf(N, N), *loss = tp_sum(tp_matmul(x, w)), *apart[2], *in[] = { x, w };
    ck_ok(tp_grad(&loss, 1, in, 2, NULL, apart, .retain_graph = true));
    tp_tensor *was = tp_clone(tp_detach(x));
    ck_ok(tp_set_grad(x, x));                          /* a leaf that is its own gradient */
    ck_ok(tp_backward(loss));
    ck_close(tp_grad_of(w), apart[1]);
    ck_close(tp_detach(x), tp_add(was, apart[0]));
    ck_ok(tp_set_grad(x, NULL));

    tp_tensor *g = tp_uniform(TP_SHAPE(N, N), -1, 1, .dtype = TP_F64), *before = tp_clone(g);
    ck_ok(tp_set_grad(w, g));
    ck_ok(tp_backward(tp_matmul(x, w), .grad = g));    /* the seed is the gradient of w */
    ck_close(tp_grad_of(w), tp_add(before, tp_matmul(tp_transpose(tp_detach(x), 0, 1), before)));
}
END_TEST

static tp_tensor *seen;
static int told;
static tp_tensor *look(void *arg, tp_tensor *g)
{
    (void)arg;
    tp_assign(&seen, tp_clone(g));
    return NULL;
}
static void tell(void *arg, tp_tensor *x) { (void)arg, (void)x, told++; }

START_TEST(hooks_see_the_gradient_of_this_backward)
{
    TP_SCOPE();
    tp_tensor *in[] = { leaf(N, N), leaf(N, N), leaf(N, N) }, *apart;
    tp_tensor *loss = loop(in[0], in[1], in[2], _i);
    ck_ok(tp_grad(&loss, 1, &in[2], 1, NULL, &apart, .retain_graph = true));
    ck_ok(tp_backward(loss, .retain_graph = true));
    ck_assert_int_gt(tp_register_hook(in[2], look, NULL), 0);
    ck_assert_int_gt(tp_register_accumulated_hook(in[2], tell, NULL), 0);
    ck_ok(tp_backward(loss));
    ck_close(seen, apart);
    ck_close(tp_grad_of(in[2]), tp_mul(apart, 2));
    ck_assert_int_eq(told, 1);
    tp_free(seen);
}
END_TEST

START_TEST(a_retained_gradient_is_whole)
{
    TP_SCOPE();
    tp_tensor *x = leaf(N, N), *w = leaf(N, N), *h = tp_tanh(x), *apart;
    tp_tensor *loss = tp_sum(tp_add(tp_matmul(h, w), tp_matmul(w, tp_mul(h, 3))));
    loss = tp_add(loss, tp_sum(tp_add(tp_matmul(h, h), tp_linear(h, w, NULL))));
    ck_ok(tp_grad(&loss, 1, &h, 1, NULL, &apart, .retain_graph = true));
    ck_ok(tp_retain_grad(h));
    ck_ok(tp_backward(loss));
    ck_close(tp_grad_of(h), apart);
}
END_TEST

START_TEST(a_recorded_backward_can_be_differentiated)
{
    TP_SCOPE();
    tp_tensor *in[] = { leaf(N, N), leaf(N, N), leaf(N, N) }, *apart, *second;
    tp_tensor *loss = loop(in[0], in[1], in[2], _i);
    ck_ok(tp_grad(&loss, 1, &in[1], 1, NULL, &apart, .create_graph = true));
    tp_tensor *sum = tp_sum(tp_mul(apart, apart));
    ck_ok(tp_grad(&sum, 1, &in[1], 1, NULL, &second, .retain_graph = true));
    ck_ok(tp_backward(loss, .create_graph = true));
    tp_tensor *recorded = tp_grad_of(in[1]);
    ck_assert(tp_needs_grad(recorded));
    ck_close(recorded, apart);
    tp_keep(recorded);
    ck_ok(tp_set_grad(in[1], NULL));
    ck_ok(tp_backward(tp_sum(tp_mul(recorded, recorded))));
    ck_close(tp_grad_of(in[1]), second);
    tp_free(recorded);
}
END_TEST

START_TEST(who_holds_the_gradient_sees_it_grow)
{
    TP_SCOPE();
    tp_tensor *x = tp_detach(leaf(N, N)), *w = leaf(N, N), *y = tp_matmul(x, w);
    ck_ok(tp_backward(tp_sum(y), .retain_graph = true));
    tp_tensor *held = tp_keep(tp_grad_of(w)), *once = tp_clone(held), *view = tp_select(held, 0, 0);
    ck_ok(tp_backward(tp_sum(y)));
    ck_assert_ptr_eq(tp_grad_of(w), held);
    ck_close(held, tp_mul(once, 2));
    ck_close(view, tp_mul(tp_select(once, 0, 0), 2));
    tp_free(held);

    tp_tensor *turned = tp_transpose(tp_zeros(TP_SHAPE(N, N), .dtype = TP_F64), 0, 1);        /* not contiguous, and a view */
    ck_ok(tp_set_grad(w, turned));
    ck_ok(tp_backward(tp_sum(tp_matmul(x, w))));
    ck_close(tp_grad_of(w), once);
}
END_TEST

START_TEST(a_graph_that_saved_the_gradient_finds_it_changed)
{
    TP_SCOPE();
    tp_tensor *x = tp_detach(leaf(N, N)), *w = leaf(N, N), *p = leaf(N, N);
    ck_ok(tp_backward(tp_sum(tp_matmul(x, w))));
    tp_tensor *early = tp_sum(tp_mul(p, tp_grad_of(w))), *late = tp_sum(tp_matmul(x, w));
    ck_assert_int_ne(tp_backward(tp_add(early, late)), TP_OK);                /* late comes first, and writes */
    ck_error(TP_ERR_STATE, "backward");
}
END_TEST

/* Elementwise rules write over a gradient that nobody else reads. Here all but the last readers of one are watched. */
static tp_tensor *held_by_hook;
static tp_tensor *hold(void *arg, tp_tensor *g)
{
    (void)arg;
    held_by_hook = tp_keep(g);
    return NULL;
}

static tp_tensor *branches(tp_tensor *x, tp_tensor *w)
{
    tp_tensor *y = x;
    for (int i = 0; i < 3; i++) {
        tp_tensor *const a = tp_mul(y, w), *const b = tp_tanh(a);
        y = tp_add(tp_mul(b, b), tp_mul(tp_sigmoid(a), tp_relu(tp_add(b, w))));         /* dy goes two ways, b and a are used twice */
    }
    return y;
}

START_TEST(a_gradient_that_others_hold_is_not_written_over)
{
    TP_SCOPE();
    tp_tensor *in[] = { leaf(N, N), leaf(N, N) }, *apart[2], *mid;
    tp_tensor *y = branches(in[0], in[1]), *h = tp_tanh(y), *loss = tp_mul(h, tp_detach(in[1]));
    tp_tensor *seed = tp_uniform(TP_SHAPE(N, N), -1, 1, .dtype = TP_F64), *before = tp_clone(seed);
    tp_tensor *one[] = { h }, *recorded[2];
    ck_ok(tp_grad(&loss, 1, in, 2, &seed, recorded, .create_graph = true));    /* none is written over */
    ck_ok(tp_grad(&loss, 1, in, 2, &seed, apart, .retain_graph = true));
    ck_ok(tp_grad(&loss, 1, one, 1, &seed, &mid, .retain_graph = true));
    ck_assert_int_gt(tp_register_hook(h, hold, NULL), 0);
    tp_tensor *of_y, *all[] = { y };
    ck_ok(tp_grad(&loss, 1, all, 1, &seed, &of_y, .retain_graph = true));
    ck_ok(tp_retain_grad(y));
    tp_free(held_by_hook);
    for (int i = 1; i < 3; i++) {
        ck_ok(tp_backward(loss, .grad = seed, .retain_graph = true));
        ck_close(seed, before);
        ck_close(held_by_hook, mid);
        tp_free(held_by_hook);
        ck_close(tp_grad_of(y), tp_mul(of_y, i));
        for (int k = 0; k < 2; k++) {
            ck_close(tp_grad_of(in[k]), tp_mul(apart[k], i));
            ck_close(tp_detach(recorded[k]), apart[k]);
        }
    }
}
END_TEST

/* Gradients over memory that is not Taper's: from a hook, and from a function of one's own. */
static float lent[3];
static tp_tensor *lend(void)
{
    for (int i = 0; i < 3; i++) lent[i] = (float)(i + 1);
    return tp_from_blob(lent, TP_F32, TP_SHAPE(3), NULL, NULL);
}
static tp_tensor *lend_by_hook(void *arg, tp_tensor *g)
{
    (void)arg, (void)g;
    return lend();
}
static tp_tensor *copy_forward(tp_context *call, tp_tensor *const *x) { (void)call; return tp_clone(x[0]); }
static tp_status lend_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call, (void)dy;
    return (dx[0] = lend()) ? TP_OK : tp_error_status();
}
static const tp_function lends = { .name = "lends", .forward = copy_forward, .backward = lend_backward };
#define ck_lent() do { ck_fine(); ck_assert(lent[0] == 1 && lent[1] == 2 && lent[2] == 3); } while (0)

START_TEST(memory_of_the_user_s_is_not_written)
{
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(3), 0.5, .requires_grad = true);
    for (int i = 0; i < 2; i++) {                      /* once more: the first call of an op takes the long way */
        tp_tensor *y = tp_tanh(x);
        ck_assert_int_gt(tp_register_hook(y, lend_by_hook, NULL), 0);
        ck_ok(tp_backward(tp_sum(y)));                 /* the rule of tanh */
        ck_lent();
        ck_ok(tp_backward(tp_sum(tp_apply(&lends, tp_tanh(x)))));
        ck_lent();
        tp_tensor *z = tp_tanh(x);                     /* two gradients are added up, in either order */
        ck_ok(tp_backward(tp_sum(tp_add(tp_apply(&lends, z), tp_mul(z, 2)))));
        ck_lent();
        z = tp_tanh(x);
        tp_tensor *twice = tp_mul(z, 2);
        ck_ok(tp_backward(tp_sum(tp_add(twice, tp_apply(&lends, z)))));
        ck_lent();
        tp_tensor *w = tp_full(TP_SHAPE(3), 0.5, .requires_grad = true);         /* the gradient of a leaf grows in place */
        for (int k = 1; k < 4; k++) {
            ck_ok(tp_backward(tp_sum(tp_apply(&lends, w))));
            ck_lent();
            ck_values(tp_grad_of(w), k, 2 * k, 3 * k);
        }
    }
}
END_TEST

static tp_tensor *same_memory(void *arg, tp_tensor *g)
{
    (void)arg;
    return tp_detach(g);
}

START_TEST(nothing_is_added_into_an_expanded_gradient) /* PyTorch: 0, 1 - cos 1, 1 - cos 2, negated */
{
    TP_SCOPE();
    tp_tensor *x = tp_arange(0, 3, 1, .dtype = TP_F64, .requires_grad = true), *t = tp_neg(x), *y = tp_add(tp_neg(tp_sin(t)), t);
    ck_assert_int_gt(tp_register_hook(y, same_memory, NULL), 0);
    ck_ok(tp_backward(tp_sum(y)));
    ck_close(tp_grad_of(x), tp_sub(tp_cos(tp_detach(x)), 1));
}
END_TEST

START_TEST(elementwise_backward_makes_no_tensor_that_it_need_not)
{
    TP_SCOPE();
    tp_tensor *x = leaf(N, N), *w = leaf(N, N);
    tp_memory before, after;
    for (int deep = 0; deep < 2; deep++) {
        TP_SCOPE();
        tp_tensor *y = x;
        for (int i = 0; i < 10; i++) y = tp_tanh(tp_mul(y, w));
        tp_tensor *loss = tp_sum(y);
        ck_ok(tp_memory_stats(TP_CPU, &before));
        ck_ok(tp_backward(loss));
        ck_ok(tp_memory_stats(TP_CPU, &after));
        if (deep) ck_assert_int_lt(after.allocations - before.allocations, 20);         /* of 40 gradients; the leaves have theirs */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accumulate");
    TCase *tests = tcase_create("accumulate");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, weights_that_are_used_often_get_the_sum, 0, 2);
    tcase_add_loop_test(tests, an_input_given_twice_gets_both, 0, 2);
    tcase_add_test(tests, a_sum_that_the_rule_reads_is_left_until_it_has_run);
    tcase_add_loop_test(tests, hooks_see_the_gradient_of_this_backward, 0, 2);
    tcase_add_test(tests, a_retained_gradient_is_whole);
    tcase_add_loop_test(tests, a_recorded_backward_can_be_differentiated, 0, 2);
    tcase_add_test(tests, who_holds_the_gradient_sees_it_grow);
    tcase_add_test(tests, a_graph_that_saved_the_gradient_finds_it_changed);
    tcase_add_test(tests, a_gradient_that_others_hold_is_not_written_over);
    tcase_add_test(tests, memory_of_the_user_s_is_not_written);
    tcase_add_test(tests, nothing_is_added_into_an_expanded_gradient);
    tcase_add_test(tests, elementwise_backward_makes_no_tensor_that_it_need_not);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
