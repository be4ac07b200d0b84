/* test_nn_functional.c: modules that are run with other tensors than their own. */
#include "failing.h"
#include "nn.h"

#include <taper/extend.h>

static tp_tensor *other(tp_module *m, const char *path, double value)
{
    tp_tensor *x = tp_full(tp_shape_of(tp_module_tensor(m, path)), value);
    tp_requires_grad(x, true);
    return x;
}

START_TEST(a_functional_call_uses_the_tensors_given_and_gradients_go_to_them)
{
    TP_SCOPE();
    Net *m = net_new(5);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 6)), *before = tp_forward(m, x), *w = tp_module_tensor(m, "body.2.weight"), *was = tp_clone(tp_detach(w));
    const tp_named_tensor with[] = { { "scale", other(&m->base, "scale", 2) }, { "body.2.weight", other(&m->base, "body.2.weight", 0.5) },
                                     { "head.bias", other(&m->base, "head.bias", -1) } };
    tp_tensor *y = tp_functional_forward(m, with, 3, x);
    ck_fine();

    tp_tensor *h = tp_relu(tp_linear(x, tp_module_tensor(m, "body.0.weight"), tp_module_tensor(m, "body.0.bias")));
    h = tp_linear(h, with[1].tensor, tp_module_tensor(m, "body.2.bias"));
    tp_tensor *want = tp_mul(tp_linear(h, tp_module_tensor(m, "head.weight"), with[2].tensor), with[0].tensor);
    ck_assert(tp_allclose(y, want, 1e-6, 1e-6));

    tp_tensor *leaves[] = { with[0].tensor, with[1].tensor, with[2].tensor, tp_module_tensor(m, "head.weight"), tp_module_tensor(m, "body.0.weight") };
    tp_tensor *got[5], *expected[5], *loss = tp_sum(tp_mul(y, y)), *wanted = tp_sum(tp_mul(want, want));
    ck_assert_ptr_eq(tp_module_tensor(m, "body.2.weight"), w);
    ck_assert(tp_equal(w, was) && tp_needs_grad(w) && tp_is_leaf(w));
    ck_ok(tp_grad(&loss, 1, leaves, 5, NULL, got));
    ck_ok(tp_grad(&wanted, 1, leaves, 5, NULL, expected));
    for (int i = 0; i < 5; i++) ck_assert_msg(tp_allclose(got[i], expected[i], 1e-5, 1e-5), "leaf %d", i);
    ck_ok(tp_backward(tp_sum(tp_functional_forward(m, with, 3, x))));
    ck_assert_ptr_null(tp_grad_of(w));
    ck_assert_ptr_null(tp_grad_of(m->scale));
    for (int i = 0; i < 5; i++) ck_assert_ptr_nonnull(tp_grad_of(leaves[i]));
    ck_assert(tp_equal(tp_forward(m, x), before));
    tp_module_free(m);
}
END_TEST

/* A layer whose weights are made by another network. */
START_TEST(what_is_given_may_be_computed_and_is_differentiated_twice)
{
    TP_SCOPE();
    tp_module *m = tp_nn_linear(3, 1, .bias = false, .dtype = TP_F64);
    tp_tensor *z = tp_full(TP_SHAPE(1, 3), 0.5, .dtype = TP_F64, .requires_grad = true), *x = tp_full(TP_SHAPE(1, 3), 2.0, .dtype = TP_F64);
    const tp_named_tensor with = { "weight", tp_tanh(z) };
    tp_tensor *y = tp_functional_forward(m, &with, 1, x), *loss = tp_sum(tp_mul(y, y)), *dz = NULL;
    ck_ok(tp_grad(&loss, 1, &z, 1, NULL, &dz, .create_graph = true));
    const double t = tanh(0.5), slope = 1 - t * t;               /* loss = (2 sum t)^2 */
    ck_assert_double_eq_tol(tp_item(tp_select(tp_select(dz, 0, 0), 0, 1)), 8 * 3 * t * slope, 1e-12);
    ck_ok(tp_backward(tp_sum(dz)));
    ck_assert_double_eq_tol(tp_item(tp_select(tp_select(tp_grad_of(z), 0, 0), 0, 1)), 3 * 8 * (slope * slope + t * -2 * t * slope), 1e-10);
    tp_module_free(m);
}
END_TEST

START_TEST(running_statistics_that_are_given_are_updated_in_the_place_of_the_modules)
{
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_batch_norm1d(2));
    const tp_named_tensor with[] = { { "0.running_mean", tp_zeros(TP_SHAPE(2)) },
                                     { "0.num_batches_tracked",
                                       tp_full((tp_shape){ .ndim = 0 }, 7, .dtype = TP_I64) } };
    ck_assert_ptr_nonnull(tp_functional_forward(m, with, 2, tp_full(TP_SHAPE(4, 2), 10.0)));
    ck_values(with[0].tensor, 1, 1);
    ck_values(with[1].tensor, 8);
    ck_values(tp_module_tensor(m, "0.running_mean"), 0, 0);
    ck_values(tp_module_tensor(m, "0.running_var"), 0.9, 0.9);   /* this one was not given */
    ck_values(tp_module_tensor(m, "0.num_batches_tracked"), 0);
    tp_module_free(m);
}
END_TEST

START_TEST(shapes_and_dtypes_may_be_others)
{
    TP_SCOPE();
    tp_module *m = tp_nn_linear(3, 2);
    const tp_named_tensor with[] = { { "weight", tp_ones(TP_SHAPE(5, 4), .dtype = TP_F64) }, { "bias", tp_ones(TP_SHAPE(5), .dtype = TP_F64) } };
    tp_tensor *y = tp_functional_forward(m, with, 2, tp_ones(TP_SHAPE(1, 4), .dtype = TP_F64));
    ck_values(y, 5, 5, 5, 5, 5);
    ck_assert_int_eq(tp_dtype_of(y), TP_F64);
    ck_assert_int_eq(tp_size(tp_module_tensor(m, "weight"), 0), 2);
    tp_module_free(m);
}
END_TEST

static tp_tensor *both(tp_module *self, tp_tensor *x) { return tp_add(tp_mul(x, ((Net *)self)->scale), ((Net *)self)->steps); }
static tp_tensor *own(tp_module *self, tp_tensor *x) { return (void)x, ((Net *)self)->scale; }

static Net *holder(tp_forward_fn *forward, bool tied)
{
    Net *m = tp_module_new(Net, forward);
    m->scale = tp_add_parameter(m, "a", tp_ones(TP_SHAPE(1)));
    m->steps = tp_add_parameter(m, "b", tied ? m->scale : tp_full(TP_SHAPE(1), 3.0));
    return tp_module_done(m);
}

START_TEST(a_tied_tensor_is_another_under_all_its_names)
{
    TP_SCOPE();
    Net *m = holder(both, true);
    tp_tensor *x = tp_full(TP_SHAPE(1), 10.0), *five = tp_full(TP_SHAPE(1), 5.0);
    const tp_named_tensor one[] = { { "b", five }, { "a", five } }, two[] = { { "a", five }, { "b", x } };
    ck_values(tp_functional_forward(m, one, 1, x), 55);
    ck_values(tp_functional_forward(m, one, 2, x), 55);
    ck_values(tp_functional_forward(m, one, 1, x, .strict = true), 55);
    ck_assert_ptr_null(tp_functional_forward(m, two, 2, x));
    ck_message("functional_call: \"a\" and \"b\" are one tensor, and are given two");
    tp_module_free(m);
}
END_TEST

START_TEST(the_tensors_of_the_module_itself_may_be_given)
{
    TP_SCOPE();
    Net *m = holder(both, false), *gives = holder(own, false);
    tp_tensor *x = tp_full(TP_SHAPE(1), 10.0);
    const tp_named_tensor turned[] = { { "a", m->steps }, { "b", m->scale } };
    ck_values(tp_forward(m, x), 13);
    tp_tensor *y = tp_functional_forward(m, turned, 2, x);
    ck_values(y, 31);
    ck_ok(tp_backward(y));
    ck_values(tp_grad_of(m->steps), 10);
    ck_values(tp_grad_of(m->scale), 1);
    ck_values(tp_forward(m, x), 13);
    const tp_named_tensor seven = { "a", tp_full(TP_SHAPE(1), 7.0) };
    ck_assert_ptr_eq(tp_functional_forward(gives, &seven, 1, x), seven.tensor);
    tp_free_all(m, gives);
}
END_TEST

static tp_tensor *fails(tp_module *self, tp_tensor *x)
{
    (void)self, (void)x;
    tp_fail(TP_ERR_NUMERIC, "net: it does not converge");
    return NULL;
}

START_TEST(on_an_error_the_module_is_as_it_was)
{
    TP_SCOPE();
    Net *m = holder(fails, false);
    tp_tensor *x = tp_ones(TP_SHAPE(1)), *none = NULL;
    const tp_named_tensor with[] = { { "a", x }, { "c", x } }, twice[] = { { "a", x }, { "a", x } }, absent = { "a", none };
    tp_tensor *out = x;
    int n_out = 7;
    ck_assert_ptr_null(tp_functional_forward(m, with, 1, x));
    ck_message("net: it does not converge");
    ck_values(m->scale, 1);
    ck_assert(tp_is_leaf(m->scale) && tp_needs_grad(m->scale));
    ck_assert_ptr_null(tp_functional_forward(m, with, 2, x));
    ck_message("functional_call: Net has no parameter or buffer \"c\"");
    ck_assert_ptr_null(tp_functional_forward(m, twice, 2, x));
    ck_message("functional_call: \"a\" is given twice");
    ck_assert_ptr_null(tp_functional_forward(m, &absent, 1, x));
    ck_message("functional_call: the tensor for \"a\" is NULL");
    ck_assert_ptr_null(tp_functional_forward(m, with, 1, x, .strict = true));
    ck_message("functional_call: Net lacks 1 of its tensors: b");
    const tp_arg arg = { .kind = TP_ARG_TENSOR, .value.tensor = x };
    ck_assert_int_eq(tp_functional_call(m, with, 2, &arg, 1, &out, 1, &n_out), TP_ERR_ARGUMENT);
    ck_assert(!out && !n_out);
    tp_clear_error();
    ck_assert_int_eq(tp_functional_call(m, NULL, 2, &arg, 1, &out, 1, &n_out), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_ptr_null(tp_functional_forward(m, with, 1, none));
    ck_fine();
    tp_module_free(m);
}
END_TEST

static tp_tensor *piece(void *arg, tp_tensor *const *x) { return tp_forward((tp_module *)arg, x[0]); }
static tp_tensor *checkpointed(tp_module *self, tp_tensor *x) { return tp_checkpoint(piece, ((Net *)self)->body, x); }

START_TEST(a_checkpoint_in_a_functional_call_runs_again_with_the_same_tensors)
{
    TP_SCOPE();
    Net *m = tp_module_new(Net, checkpointed);
    m->body = tp_add_child(m, "body", tp_sequential(tp_nn_linear(3, 4), tp_nn_tanh(), tp_nn_linear(4, 1)));
    m = tp_module_done(m);
    tp_tensor *x = tp_full(TP_SHAPE(2, 3), 0.25, .requires_grad = true);
    const tp_named_tensor with[] = { { "body.0.weight", other(&m->base, "body.0.weight", 0.5) }, { "body.2.weight", other(&m->base, "body.2.weight", 2) } };
    tp_tensor *leaves[] = { x, with[0].tensor, with[1].tensor, tp_module_tensor(m, "body.0.bias") }, *got[4], *want[4];
    tp_tensor *y = tp_sum(tp_functional_forward(m, with, 2, x));
    const tp_named_tensor bare[] = { { "0.weight", with[0].tensor }, { "2.weight", with[1].tensor } };
    tp_tensor *same = tp_sum(tp_functional_forward(m->body, bare, 2, x));
    ck_ok(tp_grad(&y, 1, leaves, 4, NULL, got));
    ck_ok(tp_grad(&same, 1, leaves, 4, NULL, want));
    for (int i = 0; i < 4; i++) ck_assert_msg(tp_equal(got[i], want[i]), "leaf %d", i);
    tp_module_free(m);
}
END_TEST

/* Forces are the gradient of an energy by positions: a forward that goes backward. */
static tp_tensor *force(tp_module *self, tp_tensor *x)
{
    tp_tensor *at = tp_detach(x), *dx = NULL;
    TP_ENABLE_GRAD();
    tp_requires_grad(at, true);
    tp_tensor *energy = tp_sum(tp_forward(((Net *)self)->body, at));
    return tp_grad(&energy, 1, &at, 1, NULL, &dx, .create_graph = true) == TP_OK ? dx : NULL;
}

START_TEST(a_forward_that_goes_backward_sees_the_tensors_given)
{
    TP_SCOPE();
    Net *m = tp_module_new(Net, force);
    m->body = tp_add_child(m, "body", tp_sequential(tp_nn_linear(2, 1, .bias = false), tp_nn_tanh()));
    m = tp_module_done(m);
    const tp_named_tensor with = { "body.0.weight", tp_full(TP_SHAPE(1, 2), 0.5, .requires_grad = true) };
    tp_tensor *y = tp_functional_forward(m, &with, 1, tp_zeros(TP_SHAPE(1, 2)));
    ck_values(y, 0.5, 0.5);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(with.tensor), 1, 1);
    ck_assert_ptr_null(tp_grad_of(tp_module_tensor(m, "body.0.weight")));
    tp_module_free(m);
}
END_TEST

START_TEST(a_weight_that_is_given_is_normed_as_the_modules_own)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_linear(2, 2, .bias = false));
    ck_ok(tp_weight_norm(tp_module_find(net, "0")));
    const double g[] = { 10, 20 }, v[] = { 3, 4, 0, 5 };
    const tp_named_tensor with[] = { { "0.parametrizations.weight.original0", tp_to_dtype(tp_from_data(g, TP_F64, TP_SHAPE(2, 1)), TP_F32) },
                                     { "0.parametrizations.weight.original1", tp_to_dtype(tp_from_data(v, TP_F64, TP_SHAPE(2, 2)), TP_F32) } };
    for (int i = 0; i < 2; i++) tp_requires_grad(with[i].tensor, true);
    tp_tensor *y = tp_functional_forward(net, with, 2, tp_ones(TP_SHAPE(1, 2)));
    ck_values(y, 14, 20);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(with[0].tensor), 1.4, 1);
    const tp_named_tensor computed = { "0.weight", tp_ones(TP_SHAPE(2, 2)) };
    ck_assert_ptr_null(tp_functional_forward(net, &computed, 1, tp_ones(TP_SHAPE(1, 2))));
    ck_message("functional_call: Sequential has no parameter or buffer \"0.weight\"");
    tp_module_free(net);
}
END_TEST

typedef struct setup { Net *m; tp_tensor *x, *before; } setup;

static void call_with_others(void *arg)
{
    TP_SCOPE();
    const setup *s = arg;
    const tp_named_tensor with[] = { { "head.weight", tp_full(TP_SHAPE(3, 5), 0.5, .requires_grad = true) }, { "scale", tp_full(TP_SHAPE(1), 2.0) } };
    tp_tensor *y = tp_functional_forward(s->m, with, 2, s->x), *loss = tp_sum(y), *dw = NULL, *w = with[0].tensor;
    if (loss && w) tp_grad(&loss, 1, &w, 1, NULL, &dw);
}
static void look_again(void *arg)
{
    TP_SCOPE();
    const setup *s = arg;
    ck_assert(tp_equal(tp_forward(s->m, s->x), s->before));
}

START_TEST(an_allocation_that_fails_anywhere_in_a_functional_call_leaves_the_module)
{
    TP_SCOPE();
    setup s = { net_new(5), tp_ones(TP_SHAPE(2, 6)), NULL };
    s.before = tp_forward(s.m, s.x);
    every_point("functional call", call_with_others, look_again, &s);
    tp_module_free(s.m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_functional");
    TCase *one = tcase_create("nn_functional");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, a_functional_call_uses_the_tensors_given_and_gradients_go_to_them);
    tcase_add_test(one, what_is_given_may_be_computed_and_is_differentiated_twice);
    tcase_add_test(one, running_statistics_that_are_given_are_updated_in_the_place_of_the_modules);
    tcase_add_test(one, shapes_and_dtypes_may_be_others);
    tcase_add_test(one, a_tied_tensor_is_another_under_all_its_names);
    tcase_add_test(one, the_tensors_of_the_module_itself_may_be_given);
    tcase_add_test(one, on_an_error_the_module_is_as_it_was);
    tcase_add_test(one, a_checkpoint_in_a_functional_call_runs_again_with_the_same_tensors);
    tcase_add_test(one, a_forward_that_goes_backward_sees_the_tensors_given);
    tcase_add_test(one, a_weight_that_is_given_is_normed_as_the_modules_own);
    tcase_add_test(one, an_allocation_that_fails_anywhere_in_a_functional_call_leaves_the_module);
    suite_add_tcase(s, one);
    return run_suite(s);
}
