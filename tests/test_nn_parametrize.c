/* test_nn_parametrize.c: weights that are computed before each run. */
#include "failing.h"
#include "nn.h"
#include "nn_norms.h"

#include <taper/extend.h>

static tp_tensor *of(const double *v, tp_shape shape) { return tp_from_data(v, TP_F64, shape); }
static void close_to(tp_tensor *x, const double *want, const char *what, size_t at)
{
    ck_assert_msg(x && !tp_failed(), "%s of case %zu: %s", what, at, tp_failed() ? tp_last_error()->message : "NULL");
    for (int64_t i = 0; i < tp_numel(x); i++) {
        const double got = tp__element(x, i);
        ck_assert_msg(fabs(got - want[i]) <= 1e-9 * (1 + fabs(want[i])),
                      "%s of case %zu: element %lld is %.12g, not %.12g", what, at, (long long)i, got, want[i]);
    }
}

static tp_module *layer_of(int kind, tp_shape *x)
{
    *x = kind == LINEAR ? TP_SHAPE(5, 3) : kind == CONV ? TP_SHAPE(2, 2, 3, 3) : TP_SHAPE(2, 2, 2, 2);
    return kind == LINEAR ? tp_nn_linear(3, 4, .dtype = TP_F64) : kind == CONV ? tp_nn_conv2d(2, 3, 2, .dtype = TP_F64)
                                                                                : tp_nn_conv_transpose2d(2, 3, 2, .dtype = TP_F64);
}

static void put(tp_module *m, const char *name, const double *v)
{
    TP_NO_GRAD();
    tp_tensor *x = tp_module_tensor(m, name);
    ck_assert_msg(x && tp_copy_(x, of(v, tp_shape_of(x))), "%s", name);
}

static tp_tensor *half_of_squares(tp_tensor *y) { return tp_mul(tp_sum(tp_mul(y, y)), 0.5); }

START_TEST(weight_norm_computes_what_pytorch_does)
{
    for (size_t i = 0; i < sizeof weight_norms / sizeof *weight_norms; i++) {
        TP_SCOPE();
        tp_shape shape;
        tp_module *m = layer_of(weight_norms[i].layer, &shape);
        put(m, "weight", weight_norms[i].weight);
        put(m, "bias", weight_norms[i].bias);
        ck_ok(tp_weight_norm(m, .dim = weight_norms[i].dim));
        close_to(tp_module_tensor(m, "weight"), weight_norms[i].weight, "weight", i);
        put(m, "parametrizations.weight.original0", weight_norms[i].g);
        tp_tensor *x = of(weight_norms[i].x, shape), *g = tp_module_tensor(m, "parametrizations.weight.original0");
        tp_tensor *v = tp_module_tensor(m, "parametrizations.weight.original1"), *y;
        tp_requires_grad(x, true);
        close_to(y = tp_forward(m, x), weight_norms[i].y, "y", i);
        ck_ok(tp_backward(half_of_squares(y)));
        close_to(tp_grad_of(x), weight_norms[i].dx, "dx", i);
        close_to(tp_grad_of(g), weight_norms[i].dg, "dg", i);
        close_to(tp_grad_of(v), weight_norms[i].dv, "dv", i);
        ck_ok(tp_remove_parametrizations(m, "weight", true));
        close_to(tp_forward(m, x), weight_norms[i].y, "y afterwards", i);
        ck_assert(tp_needs_grad(tp_module_tensor(m, "weight")));
        tp_module_free(m);
    }
}
END_TEST

START_TEST(spectral_norm_computes_what_pytorch_does)
{
    for (size_t i = 0; i < sizeof spectral_norms / sizeof *spectral_norms; i++) {
        TP_SCOPE();
        tp_shape shape;
        tp_module *m = layer_of(spectral_norms[i].layer, &shape);
        put(m, "weight", spectral_norms[i].weight);
        put(m, "bias", spectral_norms[i].bias);
        ck_ok(tp_spectral_norm(m, .dim = spectral_norms[i].dim, .n_power_iterations = spectral_norms[i].n));
        put(m, "parametrizations.weight.0._u", spectral_norms[i].u);
        put(m, "parametrizations.weight.0._v", spectral_norms[i].v);
        tp_tensor *x = of(spectral_norms[i].x, shape), *w = tp_module_tensor(m, "parametrizations.weight.original"), *y;
        tp_requires_grad(x, true);
        close_to(w, spectral_norms[i].weight, "original", i);
        close_to(y = tp_forward(m, x), spectral_norms[i].y, "y", i);
        ck_ok(tp_backward(half_of_squares(y)));
        close_to(tp_grad_of(x), spectral_norms[i].dx, "dx", i);
        close_to(tp_grad_of(w), spectral_norms[i].dw, "dw", i);
        close_to(tp_module_tensor(m, "parametrizations.weight.0._u"), spectral_norms[i].u_after, "u", i);
        close_to(tp_module_tensor(m, "parametrizations.weight.0._v"), spectral_norms[i].v_after, "v", i);
        tp_eval(m);
        close_to(tp_forward(m, x), spectral_norms[i].y_eval, "y in evaluation", i);
        ck_ok(tp_remove_parametrizations(m, "weight", false));
        close_to(tp_module_tensor(m, "weight"), spectral_norms[i].weight, "weight afterwards", i);
        tp_module_free(m);
    }
}
END_TEST

START_TEST(a_spectral_norm_begins_near_the_largest_singular_value)
{
    TP_SCOPE();
    tp_manual_seed(3);
    tp_module *m = tp_nn_linear(6, 8), *vector = tp_nn_linear(6, 8);
    ck_ok(tp_spectral_norm(m));
    TP_NO_GRAD();
    for (int i = 0; i < 50; i++) tp_forward(m, tp_ones(TP_SHAPE(1, 6)));
    tp_tensor *s = tp_linalg_svdvals(tp_module_tensor(m, "weight"));
    ck_assert_double_eq_tol(tp_item(tp_amax(s)), 1, 1e-4);
    ck_ok(tp_spectral_norm(vector, .name = "bias"));             /* of one dim: its own norm */
    tp_tensor *b = tp_module_tensor(vector, "bias");
    ck_assert_double_eq_tol(tp_item(tp_sum(tp_mul(b, b))), 1, 1e-5);
    NAMES(tp_state_dict(vector), "weight", "parametrizations.bias.original");
    tp_free_all(m, vector);
}
END_TEST

START_TEST(names_and_text_of_a_parametrized_module_are_those_of_pytorch)
{
    TP_SCOPE();
    tp_module *m = tp_nn_linear(3, 4);
    tp_tensor *handle = tp_module_tensor(m, "weight");
    ck_assert(!tp_is_parametrized(m, NULL));
    ck_ok(tp_weight_norm(m));
    NAMES(tp_named_parameters(m), "bias", "parametrizations.weight.original0", "parametrizations.weight.original1");
    NAMES(tp_named_modules(m), "", "parametrizations", "parametrizations.weight", "parametrizations.weight.0");
    NAMES(tp_state_dict(m), "bias", "parametrizations.weight.original0", "parametrizations.weight.original1");
    ck_assert(tp_size(tp_module_tensor(m, "parametrizations.weight.original0"), 1) == 1);
    ck_ok(tp_spectral_norm(m));
    NAMES(tp_state_dict(m), "bias", "parametrizations.weight.original0", "parametrizations.weight.original1", "parametrizations.weight.1._u",
          "parametrizations.weight.1._v");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_ok(tp_module_fprint(out, m));
    fclose(out);
    ck_assert_str_eq(text,
        "ParametrizedLinear(\n"
        "  in_features=3, out_features=4, bias=True\n"
        "  (parametrizations): ModuleDict(\n"
        "    (weight): ParametrizationList(\n"
        "      (0): _WeightNorm()\n"
        "      (1): _SpectralNorm()\n"
        "    )\n"
        "  )\n"
        ")\n");
    free(text);
    ck_assert(tp_is_parametrized(m, NULL) && tp_is_parametrized(m, "weight") && !tp_is_parametrized(m, "bias"));
    ck_assert_ptr_ne(tp_module_tensor(m, "weight"), handle);
    ck_assert(tp_needs_grad(tp_module_tensor(m, "weight")));
    ck_assert_int_eq(tp_remove_parametrizations(m, "weight", false), TP_ERR_ARGUMENT);
    ck_message("remove_parametrizations: \"weight\" has 2 originals: only its parametrized value can be left");
    ck_ok(tp_remove_parametrizations(m, "weight", true));
    NAMES(tp_named_parameters(m), "bias", "weight");             /* registered anew, so last */
    NAMES(tp_named_modules(m), "");
    ck_assert_ptr_eq(tp_module_tensor(m, "weight"), handle);
    ck_assert(!tp_is_parametrized(m, "weight"));
    tp_module_free(m);
}
END_TEST

START_TEST(what_cannot_be_parametrized_stays_as_it_is)
{
    TP_SCOPE();
    tp_module *m = tp_nn_linear(3, 4);
    tp_tensor *w = tp_module_tensor(m, "weight"), *was = tp_clone(tp_detach(w));
    ck_assert_int_eq(tp_weight_norm(m, .name = "w"), TP_ERR_ARGUMENT);
    ck_message("weight_norm: Linear has no parameter or buffer \"w\"");
    ck_assert_int_eq(tp_weight_norm(m, .dim = 2), TP_ERR_ARGUMENT);
    ck_message("weight_norm: dim 2 is out of range for 2 dims");
    ck_assert_int_eq(tp_spectral_norm(m, .dim = -3), TP_ERR_ARGUMENT);
    ck_message("spectral_norm: dim -3 is out of range for 2 dims");
    ck_assert_int_eq(tp_spectral_norm(m, .n_power_iterations = 0), TP_ERR_ARGUMENT);
    ck_message("spectral_norm: n_power_iterations 0 must be positive");
    ck_assert_int_eq(tp_register_parametrization(m, "weight", tp_nn_flatten()), TP_OK);
    ck_assert_int_eq(tp_register_parametrization(m, "weight", tp_nn_unflatten(0, TP_SHAPE(2, 2))), TP_ERR_SHAPE);
    ck_message("register_parametrization: \"weight\" is [4, 3], and was made [2, 2, 3]");
    ck_assert_int_eq(tp_weight_norm(m), TP_ERR_ARGUMENT);
    ck_message("weight_norm: \"weight\" of Linear is parametrized already: this one comes first");
    ck_ok(tp_remove_parametrizations(m, "weight", false));
    ck_assert_int_eq(tp_remove_parametrizations(m, "weight", false), TP_ERR_ARGUMENT);
    ck_message("remove_parametrizations: \"weight\" of Linear is not parametrized");
    tp_module *none = NULL;
    ck_assert_int_eq(tp_register_parametrization(m, "weight", none), TP_ERR_ARGUMENT);
    ck_message("register_parametrization: the module is NULL");
    ck_assert(tp_equal(w, was) && tp_needs_grad(w));

    Net *net = net_new(5);                                       /* one tensor, two names */
    tp_add_parameter(net, "again", tp_module_tensor(net, "head.weight"));
    ck_assert_int_eq(tp_weight_norm(net->head), TP_ERR_ARGUMENT);
    ck_message("weight_norm: \"weight\" of Linear is tied: it stands under another name as well");
    Net *own = tp_module_new(Net, NULL);
    tp_add_parameter(own, "w", tp_ones(TP_SHAPE(2)));
    tp_add_child(own, "parametrizations", tp_nn_relu());
    ck_assert_int_eq(tp_register_parametrization(own, "w", tp_nn_tanh()), TP_ERR_ARGUMENT);
    ck_message("register_parametrization: Net has a member \"parametrizations\" of its own");
    ck_assert_int_eq(tp_numel(tp_module_tensor(own, "w")), 2);
    tp_free_all(m, net, own);
}
END_TEST

START_TEST(any_module_computes_a_tensor_of_ones_own)
{
    TP_SCOPE();
    Net *m = net_new(5);                                         /* y = head(body(x)) scale */
    tp_tensor *x = tp_ones(TP_SHAPE(2, 6)), *plain = tp_forward(m, x);
    ck_ok(tp_register_parametrization(m, "scale", tp_sequential(tp_nn_tanh())));
    ck_ok(tp_register_parametrization(m, "scale", tp_nn_sigmoid()));
    ck_assert(tp_allclose(tp_forward(m, x), tp_mul(plain, 1 / (1 + exp(-tanh(1)))), 1e-5, 1e-6));
    ck_ok(tp_backward(tp_sum(tp_forward(m, x))));
    ck_assert_ptr_nonnull(tp_grad_of(tp_module_tensor(m, "parametrizations.scale.original")));
    ck_assert_ptr_null(tp_grad_of(m->scale));
    ck_assert(tp_item(m->scale) == 0);                           /* between the runs */
    ck_ok(tp_module_to_dtype(m, TP_F64));
    ck_ok(tp_module_requires_grad(m, false));
    ck_assert(!tp_needs_grad(tp_forward(m, tp_to_dtype(x, TP_F64))));
    tp_module_free(m);
}
END_TEST

/* What is done to its owner while a weight is computed. */
typedef enum task { NOTHING, ASK, GIVE_UP, NORM, LET_GO } task;
typedef struct meddler { tp_module base; tp_module *owner; task task; } meddler;
static tp_tensor *meddle(tp_module *self, tp_tensor *x)
{
    const meddler *p = (const meddler *)self;
    switch (p->task) {
    case NOTHING: break;
    case ASK: return tp_module_tensor(p->owner, "weight");
    case GIVE_UP: tp_remove_parametrizations(p->owner, "weight", false); break;
    case NORM: tp_register_parametrization(p->owner, "weight", tp_nn_tanh()); break;
    case LET_GO: tp_module_free(p->owner); break;
    }
    return tp_failed() ? NULL : x;
}

START_TEST(a_weight_is_not_taken_away_while_it_is_computed)
{
    static const tp_module_class class = { .size = sizeof class, .type = "Meddler", .forward = meddle };
    TP_SCOPE();
    tp_module *m = tp_nn_linear(3, 4);
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    meddler *p = (meddler *)tp_module_new_class_with(sizeof *p, &class);
    ck_ok(tp_register_parametrization(m, "weight", &p->base));
    tp_tensor *y = tp_forward(m, x);
    p->owner = m;
    for (p->task = ASK; p->task <= LET_GO; p->task++) {
        ck_assert_ptr_null(tp_forward(m, x));
        ck_error(TP_ERR_STATE, p->task == GIVE_UP  ? "remove_parametrizations: \"weight\" of Linear is in use by a run of it"
                               : p->task == LET_GO ? "module_free: Linear of it is running: free it when that has returned"
                                                   : "parametrize: \"weight\" is needed to compute itself");
    }
    p->task = NOTHING;
    ck_assert(tp_equal(tp_forward(m, x), y));
    tp_module_free(m);
}
END_TEST

START_TEST(a_module_does_not_compute_a_tensor_of_its_own)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_linear(3, 4), tp_nn_relu()), *m = tp_module_find(net, "0");
    ck_assert_int_eq(tp_register_parametrization(m, "weight", net), TP_ERR_ARGUMENT);
    ck_message("register_parametrization: the Sequential contains the module that it is given to");
    ck_assert_int_eq(tp_register_parametrization(m, "weight", m), TP_ERR_ARGUMENT);
    ck_message("register_parametrization: the Linear belongs to a module already");
    ck_ok(tp_weight_norm(m));
    tp_module *list = tp_module_find(m, "parametrizations.weight");
    ck_assert_int_eq(tp_weight_norm(list, .name = "original0"), TP_ERR_UNSUPPORTED);
    tp_clear_error();
    ck_assert_ptr_nonnull(tp_forward(net, tp_ones(TP_SHAPE(2, 3))));
    ck_ok(tp_module_to_dtype(net, TP_F64));
    ck_ok(tp_spectral_norm(m));                                  /* the second is of the dtype that it is now */
    ck_assert_ptr_nonnull(tp_forward(net, tp_ones(TP_SHAPE(2, 3), .dtype = TP_F64)));
    tp_module_free(net);
    ck_fine();
}
END_TEST

static tp_module *normed(void)
{
    tp_module *net = tp_sequential(tp_nn_linear(3, 4), tp_nn_tanh(), tp_nn_linear(4, 2));
    if (net) tp_weight_norm(tp_module_find(net, "0"));
    if (net) tp_spectral_norm(tp_module_find(net, "2"));
    return net;
}

START_TEST(a_parametrized_module_is_copied_saved_and_loaded)
{
    TP_SCOPE();
    char path[] = "/tmp/taper-nn-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    tp_module *a = normed(), *b = normed();
    tp_eval(a);
    tp_eval(b);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 3)), *y = tp_forward(a, x);
    tp_module *copy = tp_module_copy(a);
    ck_fine();
    ck_assert(tp_equal(tp_forward(copy, x), y) && tp_is_parametrized(tp_module_find(copy, "2"), "weight"));
    ck_assert(!tp_equal(tp_forward(b, x), y));
    ck_ok(tp_module_save(a, path));
    ck_ok(tp_module_load(b, path));
    ck_assert(tp_equal(tp_forward(b, x), y));
    unlink(path);
    tp_free_all(a, b, copy);
}
END_TEST

typedef struct worker { tp_module *net; tp_tensor *x, *want; bool agreed; } worker;
static void infer(void *arg)
{
    worker *w = arg;
    TP_NO_GRAD();
    w->agreed = true;
    for (int i = 0; i < 50; i++) {
        TP_SCOPE();
        w->agreed = w->agreed && tp_equal(tp_forward(w->net, w->x), w->want);
    }
}

START_TEST(threads_take_turns_with_a_parametrized_module)
{
    TP_SCOPE();
    tp_module *net = normed();
    tp_eval(net);
    tp_tensor *x = tp_randn(TP_SHAPE(2, 3)), *want = tp_detach(tp_forward(net, x));
    worker workers[4];
    tp_thread *threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){ net, x, want, false };
        threads[i] = tp_thread_start("infer", infer, &workers[i]);
        ck_assert_ptr_nonnull(threads[i]);
    }
    for (int i = 0; i < 4; i++) {
        tp_thread_join(threads[i]);
        ck_assert(workers[i].agreed);
    }
    tp_module_free(net);
}
END_TEST

static void make_run_and_remove(void *arg)
{
    TP_SCOPE();
    (void)arg;
    tp_module *net = normed();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3)), *y = tp_forward(net, x);
    tp_backward(tp_sum(y));
    tp_module *copy = tp_module_copy(net);
    if (net) tp_remove_parametrizations(tp_module_find(net, "0"), "weight", true);
    if (net) tp_remove_parametrizations(tp_module_find(net, "2"), "weight", false);
    tp_free_all(net, copy);
}

START_TEST(an_allocation_that_fails_anywhere_around_parametrizations_leaks_nothing)
{
    every_point("parametrizations", make_run_and_remove, NULL, NULL);
}
END_TEST

START_TEST(an_allocation_that_fails_leaves_a_module_unparametrized)
{
    TP_SCOPE();
    tp_module *m = tp_nn_linear(3, 4);
    tp_tensor *w = tp_module_tensor(m, "weight"), *was = tp_clone(tp_detach(w));
    tp_mem_pools(false);
    for (int64_t n = 1; ; n++) {
        ck_assert_int_lt(n, 1000);
        tp_mem_fail_at(n, false);
        const tp_status status = tp_spectral_norm(m);
        tp_mem_fail_at(0, false);
        tp_clear_error();
        if (status == TP_OK) break;
        ck_assert(tp_equal(w, was) && tp_needs_grad(w) && !tp_is_parametrized(m, NULL) && tp_named_modules(m).n == 1);
        ck_assert_ptr_nonnull(tp_forward(m, tp_ones(TP_SHAPE(1, 3))));
    }
    tp_mem_pools(true);
    ck_assert_ptr_eq(tp_module_done(m), m);                      /* what failed and was mended is forgotten */
    tp_module_free(m);
}
END_TEST

START_TEST(cross_map_response_norm_is_pytorchs)
{
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        TP_SCOPE();
        tp_module *m = tp_nn_cross_map_lrn2d(responses[i].size, .alpha = responses[i].alpha, .beta = responses[i].beta, .k = responses[i].k);
        tp_tensor *x = of(responses[i].x, TP_SHAPE(2, 7, 1, 2)), *y;
        tp_requires_grad(x, true);
        close_to(y = tp_forward(m, x), responses[i].y, "y", i);
        ck_ok(tp_backward(half_of_squares(y)));
        close_to(tp_grad_of(x), responses[i].dx, "dx", i);
        tp_module_free(m);
    }
    TP_SCOPE();
    const tp_arg size = { .kind = TP_ARG_INT, .value.integer = 5 };
    tp_module *m = tp_module_build("CrossMapLRN2d", &size, 1);
    ck_assert_ptr_null(tp_forward(m, tp_ones(TP_SHAPE(2, 3, 4))));
    ck_message("CrossMapLRN2d: the input has 3 dims, and not 4");
    ck_assert_ptr_null(tp_nn_cross_map_lrn2d(0));
    ck_message("CrossMapLRN2d: size 0 must be positive");
    tp_module_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_parametrize");
    TCase *one = tcase_create("nn_parametrize");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, weight_norm_computes_what_pytorch_does);
    tcase_add_test(one, spectral_norm_computes_what_pytorch_does);
    tcase_add_test(one, a_spectral_norm_begins_near_the_largest_singular_value);
    tcase_add_test(one, names_and_text_of_a_parametrized_module_are_those_of_pytorch);
    tcase_add_test(one, what_cannot_be_parametrized_stays_as_it_is);
    tcase_add_test(one, any_module_computes_a_tensor_of_ones_own);
    tcase_add_test(one, a_weight_is_not_taken_away_while_it_is_computed);
    tcase_add_test(one, a_module_does_not_compute_a_tensor_of_its_own);
    tcase_add_test(one, a_parametrized_module_is_copied_saved_and_loaded);
    tcase_add_test(one, threads_take_turns_with_a_parametrized_module);
    tcase_add_test(one, an_allocation_that_fails_anywhere_around_parametrizations_leaks_nothing);
    tcase_add_test(one, an_allocation_that_fails_leaves_a_module_unparametrized);
    tcase_add_test(one, cross_map_response_norm_is_pytorchs);
    suite_add_tcase(s, one);
    return run_suite(s);
}
