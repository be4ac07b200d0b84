/* tests/test_scaler.c: a loss is scaled, gradients are unscaled, steps with infinite ones are not made, and the scale moves as
 * torch.amp.GradScaler's of PyTorch 2.15. */
#include "expect.h"
#include "failing.h"

#include <unistd.h>

static tp_tensor *one(double value)
{
    tp_tensor *x = tp_full(TP_SHAPE(1), value);
    ck_ok(tp_requires_grad(x, true));
    return x;
}
static void give(tp_tensor *x, double gradient) { ck_ok(tp_set_grad(x, tp_full(TP_SHAPE(1), gradient))); }

START_TEST(the_scale_moves_as_in_pytorch)
{
    static const struct { double gradient, scale, w; int64_t tracker; } steps[] = {
        { 8, 8, 9, 1 }, { 8, 16, 8, 0 }, { INFINITY, 8, 8, 0 }, { 8, 8, 7, 1 }, { NAN, 4, 7, 0 }, { -8, 4, 9, 1 }, { 0, 8, 9, 0 },
    };
    TP_SCOPE();
    tp_tensor *w = one(10);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(w), .lr = 1);
    tp_scaler *s = tp_grad_scaler(.init_scale = 8, .growth_interval = 2);
    ck_assert(tp_scaler_get_scale(s) == 8 && tp_scaler_is_enabled(s));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        give(w, steps[i].gradient);
        ck_ok(tp_scaler_step(s, opt));
        ck_ok(tp_scaler_update(s));
        ck_assert_msg(tp_item(w) == steps[i].w, "step %zu: %g", i, tp_item(w));
        ck_assert_msg(tp_scaler_get_scale(s) == steps[i].scale, "step %zu: the scale is %g", i, tp_scaler_get_scale(s));
        ck_assert_int_eq(tp_scaler_growth_tracker(s), steps[i].tracker);
    }
    tp_free_all(s, opt);
    ck_fine();
}
END_TEST

START_TEST(a_loss_and_its_gradients_go_up_and_down)
{
    TP_SCOPE();
    tp_tensor *w = one(3), *v = one(2);
    tp_optimizer *a = tp_adam(TP_TENSORS(w)), *b = tp_adam(TP_TENSORS(v));
    tp_scaler *s = tp_grad_scaler();
    tp_tensor *loss = tp_scaler_scale(s, tp_sum(tp_add(tp_mul(w, w), tp_mul(v, 5))));
    ck_assert(tp_item(loss) == 19 * 65536.0);
    ck_ok(tp_backward(loss));
    ck_assert(tp_item(tp_grad_of(w)) == 6 * 65536.0);
    ck_assert_ptr_null(tp_scaler_found_inf(s, a));
    ck_ok(tp_scaler_unscale(s, a));
    ck_assert(tp_item(tp_grad_of(w)) == 6 && tp_item(tp_grad_of(v)) == 5 * 65536.0);
    ck_assert(tp_item(tp_scaler_found_inf(s, a)) == 0);
    ck_assert(tp_item(tp_clip_grad_norm(TP_TENSORS(w), 1)) == 6);
    ck_assert_int_eq(tp_scaler_unscale(s, a), TP_ERR_STATE);
    ck_message("scaler_unscale: the optimizer has been unscaled since the last update");
    ck_ok(tp_scaler_step(s, a));
    ck_assert_int_eq(tp_scaler_step(s, a), TP_ERR_STATE);
    ck_message("scaler_step: the optimizer has stepped since the last update");
    give(v, INFINITY);
    ck_ok(tp_scaler_step(s, b));                       /* only this one is not made, but both count for the scale */
    ck_ok(tp_scaler_update(s));
    ck_assert(tp_item(w) < 3 && tp_item(v) == 2 && tp_scaler_get_scale(s) == 32768);
    ck_assert_ptr_null(tp_optimizer_state(b, v, "step"));
    tp_free_all(a, b, s);
    ck_fine();
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    TP_SCOPE();
    tp_tensor *w = one(3), *h = tp_to_dtype(one(3), TP_F16);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(w));
    ck_assert_ptr_null(tp_grad_scaler(.init_scale = 0));
    ck_error(TP_ERR_ARGUMENT, "grad_scaler: the scale is 0");
    ck_assert_ptr_null(tp_grad_scaler(.init_scale = 1e39));
    ck_error(TP_ERR_ARGUMENT, "grad_scaler: the scale is inf");
    ck_assert_ptr_null(tp_grad_scaler(.growth_factor = 1));
    ck_error(TP_ERR_ARGUMENT, "growth_factor is 1");
    ck_assert_ptr_null(tp_grad_scaler(.backoff_factor = 1));
    ck_error(TP_ERR_ARGUMENT, "backoff_factor is 1");
    ck_assert_ptr_null(tp_grad_scaler(.growth_interval = 0));
    ck_error(TP_ERR_ARGUMENT, "growth_interval is 0");
    tp_scaler *s = tp_grad_scaler();
    ck_assert_int_eq(tp_scaler_update(s), TP_ERR_STATE);
    ck_message("scaler_update: no gradients were looked at since the last update");
    ck_assert_int_eq(tp_scaler_step(s, opt), TP_ERR_STATE);
    ck_message("scaler_step: none of the optimizer's parameters has a gradient");
    give(w, 65536);                                    /* and is forgotten: now there is one */
    ck_ok(tp_scaler_step(s, opt));
    ck_ok(tp_scaler_update(s));
    ck_assert(tp_item(w) < 3);
    ck_ok(tp_fill_(tp_detach(w), 3) ? TP_OK : tp_error_status());
    ck_assert_int_eq(tp_scaler_step(NULL, opt), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(tp_scaler_set_scale(s, -1), TP_ERR_ARGUMENT);
    tp_clear_error();
    tp_scaler_free(s);
    s = tp_grad_scaler();
    h = tp_detach(h);
    ck_ok(tp_requires_grad(h, true));
    tp_optimizer *half = tp_sgd(TP_TENSORS(h));
    ck_ok(tp_set_grad(h, tp_full(TP_SHAPE(1), 1, .dtype = TP_F16)));
    ck_assert_int_eq(tp_scaler_unscale(s, half), TP_ERR_DTYPE);
    ck_message("scaler_unscale: gradient 0 is float16: parameters of mixed precision are float32");
    tp_scaler_free(s);
    s = tp_grad_scaler(.enabled = false);
    give(w, 1);
    tp_tensor *loss = tp_sum(w);
    ck_assert_ptr_eq(tp_scaler_scale(s, loss), loss);
    ck_ok(tp_scaler_unscale(s, opt));
    ck_ok(tp_scaler_step(s, opt));
    ck_ok(tp_scaler_update(s));
    ck_assert(tp_item(w) < 3 && tp_scaler_get_scale(s) == 1);
    tp_free_all(s, opt, half);
    ck_fine();
}
END_TEST

START_TEST(it_goes_on_from_a_file)
{
    TP_SCOPE();
    char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/taper-scaler-%ld.safetensors", folder ? folder : "/tmp", (long)getpid());
    tp_tensor *w = one(3);
    tp_optimizer *opt = tp_sgd(TP_TENSORS(w));
    tp_scaler *s = tp_grad_scaler(.init_scale = 512, .growth_factor = 4, .backoff_factor = 0.25, .growth_interval = 3), *again = tp_grad_scaler();
    give(w, 1);
    ck_ok(tp_scaler_step(s, opt));
    ck_ok(tp_scaler_update(s));
    ck_ok(tp_scaler_save(s, path));
    ck_ok(tp_scaler_load(again, path));
    ck_assert(tp_scaler_get_scale(again) == 512 && tp_scaler_growth_tracker(again) == 1);
    for (int i = 0; i < 2; i++) {
        ck_ok(tp_scaler_step(again, opt));
        ck_ok(tp_scaler_update(again));
    }
    ck_assert(tp_scaler_get_scale(again) == 2048);
    ck_ok(tp_scaler_load(again, path));                /* into the tensors that are there */
    ck_assert(tp_scaler_get_scale(again) == 512 && tp_scaler_growth_tracker(again) == 1);
    ck_ok(tp_optimizer_save(opt, path));
    ck_assert_int_eq(tp_scaler_load(again, path), TP_ERR_FORMAT);
    ck_error(TP_ERR_FORMAT, "scaler_load: the file has no number scale");
    ck_assert(tp_scaler_get_scale(again) == 512);
    remove(path);
    tp_free_all(s, again, opt);
    ck_fine();
}
END_TEST

static void train(void *arg)
{
    TP_SCOPE();
    tp_tensor *w = tp_full(TP_SHAPE(1), 2.0);
    tp_requires_grad(w, true);
    tp_optimizer *opt = tp_adam(TP_TENSORS(w));
    tp_scaler *s = tp_grad_scaler();
    (void)arg;
    tp_backward(tp_scaler_scale(s, tp_sum(tp_mul(w, w))));
    if (s && opt && !tp_failed() && !tp_scaler_unscale(s, opt) && tp_clip_grad_norm(TP_TENSORS(w), 0.1) && !tp_scaler_step(s, opt)) tp_scaler_update(s);
    tp_scaler_free(s);
    tp_optimizer_free(opt);
}

START_TEST(without_memory_nothing_is_lost)
{
    every_point("a scaled step", train, NULL, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scaler");
    TCase *tests = tcase_create("steps");
    tcase_add_test(tests, the_scale_moves_as_in_pytorch);
    tcase_add_test(tests, a_loss_and_its_gradients_go_up_and_down);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    tcase_add_test(tests, it_goes_on_from_a_file);
    tcase_add_test(tests, without_memory_nothing_is_lost);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
