/* tests/test_failures.c: every allocation and thread start of some work fails once. Each time there is an error, nothing is
 * leaked, and the program goes on. The number of points is printed. */
#include "expect.h"
#include "failing.h"

#include <stdio.h>
#include <unistd.h>

/* ---- Constructors --------------------------------------------------------------------------------------------------------------- */

static void make_tensors(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(40, 30)), *w = tp_randn(TP_SHAPE(40, 30), .requires_grad = true);
    tp_arange(0, 100, 0.5);
    tp_full(TP_SHAPE(2), true);
    tp_rand(TP_SHAPE(100));
    tp_randint(0, 5, TP_SHAPE(100));
    tp_randperm(50);
    tp_from_data((float[]){ 1, 2 }, TP_F32, TP_SHAPE(2));
    static float blob[4];
    tp_from_blob(blob, TP_F32, TP_SHAPE(4), NULL, NULL);
    tp_to_dtype(x, TP_F64);
    tp_contiguous(tp_transpose(x, 0, 1));
    tp_tensor *kept = tp_keep(tp_add(tp_mul(x, w), 1));
    tp_free(kept);
    char text[64];
    tp_to_string(x, text, sizeof text);
    tp_allclose(x, x, 0, 0);
}
START_TEST(making_tensors) { every_point("tensors", make_tensors, NULL, NULL); }
END_TEST

static void make_objects(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_conv2d(1, 2, 3), tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(), tp_nn_dropout(0.5),
                                   tp_nn_embedding(4, 2), tp_nn_linear(8, 3, .bias = false));
    tp_optimizer *sgd = tp_sgd(tp_parameters(net), .momentum = 0.9), *adam = tp_adamw(tp_parameters(net), .amsgrad = true);
    tp_dataset *set = tp_tensor_dataset(TP_TENSORS(tp_ones(TP_SHAPE(6, 2)), tp_zeros(TP_SHAPE(6), .dtype = TP_I64))), *part = NULL;
    if (set) part = tp_subset(set, 1, 4);
    tp_dataset *pieces = tp_window_dataset(tp_arange(0, 9, 1), 2, .random = 3);
    tp_loader *loader = part ? tp_data_loader(part, .batch_size = 2, .shuffle = true, .seed = 4) : NULL;
    tp_eval(net);
    tp_named_modules(net);
    tp_state_dict(net);
    tp_free_all(loader, set, net, adam, part, pieces, sgd);
}
START_TEST(making_objects) { every_point("modules, optimizers, datasets and loaders", make_objects, NULL, NULL); }
END_TEST

/* Factors and determinants of complex matrices, and infos of matrices that have none. */
static void factor(void *arg)
{
    (void)arg;
    TP_SCOPE();
    static const float at[] = { 4, 0, 1, 1, 1, -1, 5, 0 };
    tp_tensor *z = tp_view_as_complex(tp_from_data(at, TP_F32, TP_SHAPE(2, 2, 2)));
    tp_tensor *one = tp_clone(tp_unsqueeze(z, 0)), *l = tp_linalg_cholesky(one), *log = NULL;
    tp_requires_grad(one, true);
    tp_tensor *sign = tp_linalg_slogdet(one, &log), *x = tp_linalg_solve_triangular(tp_mul(l, sign), one, false);
    tp_backward(tp_add(tp_sum(log), tp_real(tp_sum(tp_add(x, tp_add(tp_linalg_det(one), tp_logsumexp(one, .dims = TP_DIMS(1), .keepdim = true)))))));
    tp_linalg_norm(z, .ord = 1, .dims = TP_DIMS(0, 1));
    tp_tensor *out[2];
    const tp_arg flat = { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(2, 3, 3)) };
    if (flat.value.tensor) tp_op_call("linalg_inv_ex", &flat, 1, out, 2, NULL);
}
START_TEST(factors_of_complex_matrices) { every_point("factors of complex matrices", factor, NULL, NULL); }
END_TEST

static void make_beside(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(3, 4), .dtype = TP_F64), *wide = tp_new_zeros(x, TP_SHAPE(70, 80)), *rows[3];
    tp_new_full(x, TP_SHAPE(3), 2.5);
    tp_new_empty_strided(x, TP_SHAPE(3, 4), TP_SHAPE(1, 5));
    tp_empty_strided(TP_SHAPE(3, 4), TP_SHAPE(9, 1));
    tp_new_tensor(x, (float[]){ 1, 2 }, TP_F32, TP_SHAPE(2));
    tp_type_as(wide, tp_zeros(TP_SHAPE(1), .dtype = TP_F16));
    tp_result_type(x, 2.5);
    for (int i = 0; i < 3; i++) rows[i] = tp_multinomial(x, i + 1);
    tp_cat(tp_tensors(rows, 3), 1);
    tp_module *net = tp_sequential(tp_nn_linear(3, 4), tp_nn_relu()), *held = tp_nn_parameter_dict();
    if (held) tp_add_parameter(held, "gain", tp_ones(TP_SHAPE(3)));
    if (net) tp_replace_child(net, "0", tp_sequential(tp_nn_linear(3, 5), tp_nn_linear(5, 4)));
    tp_free_all(net, held);
}
START_TEST(tensors_and_modules_beside_others) { every_point("tensors and modules beside others", make_beside, NULL, NULL); }
END_TEST

/* ---- The tape ---------------------------------------------------------------------------------------------------------------------- */

static void differentiate(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(5), 0.5, .requires_grad = true), *w = tp_ones(TP_SHAPE(5, 5), .requires_grad = true), *g[2], *h;
    tp_tensor *y = tp_sum(tp_tanh(tp_matmul(w, tp_exp(x))));
    tp_tensor *const in[] = { x, w };
    if (tp_failed() || tp_grad(&y, 1, in, 2, NULL, g, .create_graph = true)) return;
    tp_tensor *again = tp_sum(tp_mul(g[0], g[0]));
    tp_grad(&again, 1, &w, 1, NULL, &h);
}

static tp_tensor *double_it(void *arg, tp_tensor *g) { (void)arg; return tp_mul(g, 2.0); }
static void count(void *arg, tp_tensor *leaf) { (void)leaf; ++*(int *)arg; }
static void hook(void *arg)
{
    TP_SCOPE();
    int n = 0;
    tp_tensor *x = tp_ones(TP_SHAPE(100), .requires_grad = true), *y = tp_mul(x, 2.0), *z = tp_mul(tp_reshape(y, TP_SHAPE(10, 10)), 3.0);
    if (!z) return;
    tp_register_hook(x, double_it, NULL);
    tp_register_hook(y, double_it, NULL);
    tp_register_accumulated_hook(x, count, &n);
    tp_retain_grad(y);
    tp_backward(tp_sum(tp_mul(z, z)), .inputs = arg ? TP_TENSORS(x) : (tp_tensor_list){ .n = 0 });
}
START_TEST(hooks) { every_point("hooks", hook, NULL, NULL); every_point("hooks, to given inputs", hook, NULL, (void *)(uintptr_t)"given"); }
END_TEST

static tp_status both_forward(tp_context *call, tp_tensor *const *x, tp_tensor **y)
{
    y[0] = tp_exp(x[0]);
    y[1] = tp_mul(x[0], x[1]);
    for (int i = 0; i < 2; i++) tp_save(call, x[i]);
    tp_save(call, y[0]);
    for (int i = 0; i < 4; i++) tp_save(call, NULL);
    return tp_error_status();
}
static tp_status both_backward(tp_context *call, tp_tensor *const *dy, tp_tensor **dx)
{
    tp_tensor *a = dy[0] ? tp_mul(dy[0], tp_saved(call, 2)) : NULL, *b = dy[1] ? tp_mul(dy[1], tp_saved(call, 1)) : NULL;
    dx[0] = a && b ? tp_add(a, b) : a ? a : b;
    dx[1] = dy[1] ? tp_mul(dy[1], tp_saved(call, 0)) : NULL;
    return tp_error_status();
}
static const tp_function both = { .name = "both", .n_outputs = 2, .forward_many = both_forward, .backward_many = both_backward };
static void apply(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *a = tp_ones(TP_SHAPE(100), .requires_grad = true), *b = tp_ones(TP_SHAPE(100), .requires_grad = true), *y[2], *g[2], *h, *const in[] = { a, b };
    if (tp_failed() || tp_apply_many(&both, in, 2, y)) return;
    tp_tensor *sum = tp_sum(tp_add(y[0], y[1]));
    if (tp_grad(&sum, 1, in, 2, NULL, g, .create_graph = true)) return;
    tp_tensor *again = tp_sum(g[0]);
    tp_grad(&again, 1, &a, 1, NULL, &h);
}
static tp_status many_forward(tp_context *call, tp_tensor *const *x, tp_tensor **y)          /* x0 doubled in place, 3 x0 marked, x1 viewed */
{
    if (!tp_context_data(call, 40) || !tp_mul_(x[0], 2.0)) return tp_error_status();
    tp_mark_dirty(call, x[0]);
    tp_set_materialize_grads(call, true);
    y[0] = x[0];
    y[1] = tp_mul(x[0], 3.0);
    y[2] = tp_narrow(x[1], 0, 3, 5);
    tp_mark_non_differentiable(call, y[1]);
    tp_save(call, x[1]);
    return tp_error_status();
}
static tp_status many_backward(tp_context *call, tp_tensor *const *dy, tp_tensor **dx)
{
    dx[0] = tp_mul(tp_add(dy[0], dy[1]), 2.0);
    dx[1] = tp_mul(tp_saved(call, 0), tp_sum(dy[2]));
    return tp_error_status();
}
static const tp_function many = { .name = "many", .n_outputs = 3, .forward_many = many_forward, .backward_many = many_backward, .once_differentiable = true };
static void apply_more(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *a = tp_ones(TP_SHAPE(100), .requires_grad = true), *b = tp_ones(TP_SHAPE(100), .requires_grad = true), *y[3], *g[2], *const in[] = { a, b };
    tp_tensor *base = tp_mul(a, 1.0), *x[] = { tp_narrow(base, 0, 0, 50), b };
    if (tp_failed() || tp_apply_many(&many, x, 2, y)) return;
    tp_tensor *sum = tp_sum(tp_mul(base, base));
    tp_grad(&sum, 1, in, 2, NULL, g, .create_graph = true, .allow_unused = true);
}
START_TEST(functions_of_ones_own)
{
    every_point("a function of one's own", apply, NULL, NULL);
    every_point("a function that writes in place", apply_more, NULL, NULL);
}
END_TEST

static void write_views(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(30), .requires_grad = true), *base = tp_zeros(TP_SHAPE(2, 40)), *view = tp_narrow(base, 1, 3, 30);
    tp_copy_(tp_select(view, 0, 1), tp_mul(x, 2.0));
    tp_mul_(view, 3.0);
    tp_backward(tp_sum(tp_mul(base, base)));
}
START_TEST(writing_views) { every_point("views written in place", write_views, NULL, NULL); }
END_TEST

START_TEST(a_recorded_backward) { every_point("a recorded backward", differentiate, NULL, NULL); }
END_TEST

/* ---- Training ------------------------------------------------------------------------------------------------------------------------ */

typedef struct training { tp_module *net; tp_optimizer *opt; tp_tensor *x, *y, *start[16], *want[16]; tp_optimizer *(*make)(tp_module *); } training;

static tp_optimizer *make_adam(tp_module *net) { return tp_adam(tp_parameters(net), .lr = 0.01); }
static tp_optimizer *make_sgd(tp_module *net) { return tp_sgd(tp_parameters(net), .lr = 0.1, .momentum = 0.9, .nesterov = true); }

/* From the same weights and a new optimizer each time: forward, backward, step. */
static void one_step(training *t)
{
    TP_SCOPE();
    tp_tensor *loss = tp_cross_entropy(tp_forward(t->net, t->x), t->y);
    tp_zero_grad(t->opt);
    tp_backward(loss);
    tp_step(t->opt);
}
static void begin(training *t)
{
    TP_NO_GRAD();
    const tp_parameter_list p = tp_parameters(t->net);
    for (int64_t i = 0; i < p.n; i++) {
        ck_assert_ptr_nonnull(tp_copy_(p.at[i], t->start[i]));
        ck_ok(tp_set_grad(p.at[i], NULL));
    }
    ck_assert_ptr_nonnull(t->opt = t->make(t->net));
}

static void train_everywhere(const char *name, tp_optimizer *(*make)(tp_module *))
{
    training t = { .make = make };
    TP_SCOPE();
    tp_manual_seed(1);
    t.net = tp_sequential(tp_nn_conv2d(1, 3, 5, .padding = 2), tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(), tp_nn_linear(3 * 6 * 6, 8),
                          tp_nn_tanh(), tp_nn_linear(8, 4));
    t.x = tp_randn(TP_SHAPE(5, 1, 12, 12));
    t.y = tp_randint(0, 4, TP_SHAPE(5));
    const tp_parameter_list p = tp_parameters(t.net);
    for (int64_t i = 0; i < p.n; i++) t.start[i] = tp_clone(tp_detach(p.at[i]));
    tp_mem_pools(false);
    begin(&t);
    one_step(&t);
    ck_fine();
    for (int64_t i = 0; i < p.n; i++) t.want[i] = tp_clone(tp_detach(p.at[i]));
    tp_optimizer_free(t.opt);
    begin(&t);
    tp_optimizer_free(t.opt);
    const int64_t before = in_use();
    int64_t n = 1;
    for (;; n++) {
        begin(&t);
        tp_mem_fail_at(n, false);
        one_step(&t);
        const int64_t counted = tp_mem_fail_at(0, false);
        const bool failed = tp_failed();
        ck_assert_msg(failed == (counted >= n), "%s, point %lld: %s", name, (long long)n, failed ? tp_last_error()->message : "no error");
        if (failed) {
            ck_assert_int_eq(tp_error_status(), TP_ERR_MEMORY);
            tp_clear_error();
            for (int64_t i = 0; i < p.n; i++) ck_assert_msg(tp_equal(p.at[i], t.start[i]), "%s, point %lld: a weight has changed", name, (long long)n);
            one_step(&t);                              /* now it goes well, as if nothing had been */
            ck_fine();
        }
        for (int64_t i = 0; i < p.n; i++) ck_assert_msg(tp_equal(p.at[i], t.want[i]), "%s, point %lld: another weight", name, (long long)n);
        tp_zero_grad(t.opt);
        tp_optimizer_free(t.opt);
        ck_assert_msg(in_use() == before, "%s, point %lld: %lld bytes are left", name, (long long)n, (long long)(in_use() - before));
        if (!failed) break;
    }
    printf("%s: %lld points\n", name, (long long)(n - 1));
    tp_mem_pools(true);
    tp_module_free(t.net);
}
START_TEST(a_training_step_with_adam) { train_everywhere("a training step with Adam", make_adam); }
END_TEST
START_TEST(a_training_step_with_sgd) { train_everywhere("a training step with SGD", make_sgd); }
END_TEST

/* ---- Loader, files --------------------------------------------------------------------------------------------------------------------- */

static void run_epoch(void *arg)
{
    TP_SCOPE();
    tp_tensor *x = tp_to_dtype(tp_arange(0, 24, 1), TP_F32);
    x = tp_reshape(x, TP_SHAPE(12, 2));
    tp_dataset *set = tp_tensor_dataset(TP_TENSORS(x, x));
    tp_loader *loader = set ? tp_data_loader(set, .batch_size = 3, .shuffle = true, .workers = arg ? 2 : 0, .seed = 1) : NULL;
    tp_batch batch;
    double sum = 0;
    while (loader && tp_loader_next(loader, &batch)) sum += tp_item(tp_sum(batch.x));
    if (!tp_failed()) ck_assert_double_eq(sum, 276);
    tp_free_all(loader, set);
}
START_TEST(an_epoch_of_the_loader)
{
    every_point("an epoch without workers", run_epoch, NULL, NULL);
    every_point("an epoch with 2 workers", run_epoch, NULL, (void *)(uintptr_t)"workers");
}
END_TEST

static char path[256];
static tp_module *stored;
static void save_it(void *arg)
{
    (void)arg;
    tp_module_save(stored, path);
}
static void still_loads(void *arg)                     /* the old file or the new one, whole */
{
    (void)arg;
    ck_ok(tp_module_load(stored, path));
}
static void load_it(void *arg)
{
    (void)arg;
    tp_module_load(stored, path);
}
START_TEST(saving_and_loading)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/taper-failures-%ld.safetensors", folder ? folder : "/tmp", (long)getpid());
    stored = tp_sequential(tp_nn_linear(30, 20), tp_nn_relu(), tp_nn_linear(20, 10));
    every_point("saving", save_it, still_loads, NULL);
    every_point("loading", load_it, still_loads, NULL);
    remove(path);
    tp_module_free(stored);
}
END_TEST

/* ---- From then on every one fails ------------------------------------------------------------------------------------------------------- */

START_TEST(without_any_memory_left_the_program_still_reports_and_frees)
{
    tp_mem_pools(false);
    differentiate(NULL);
    run_epoch(NULL);
    ck_fine();
    const int64_t before = in_use();
    for (int64_t n = 1; n < 60; n++) {
        tp_mem_fail_at(n, true);
        differentiate(NULL);
        ck_assert(tp_failed());
        tp_clear_error();
        run_epoch(NULL);
        ck_assert(tp_failed());
        tp_mem_fail_at(0, false);
        tp_clear_error();
        ck_assert_int_eq(in_use(), before);
    }
    differentiate(NULL);
    ck_fine();
}
END_TEST

/* Everything that a thread needs is not there yet in a new one. */
static void in_a_new_thread(void *arg)
{
    ((work_fn *)arg)(NULL);
    if (tp_failed()) {
        const tp_status status = tp_error_status();
        ck_assert(status == TP_ERR_MEMORY || status == TP_ERR_SYSTEM);
        ck_assert_ptr_nonnull(tp_last_error()->message);
        tp_clear_error();
    }
}
static void work_in_a_new_thread(void *arg)
{
    (void)arg;
    tp_thread *thread = tp_thread_start("new", in_a_new_thread, (void *)(uintptr_t)differentiate);
    tp_thread_join(thread);
    tp_clear_error();
}
START_TEST(a_new_thread_without_memory)
{
    tp_mem_pools(false);
    work_in_a_new_thread(NULL);
    const int64_t before = in_use();
    int64_t n = 1, counted;
    do {
        tp_mem_fail_at(n, false);
        work_in_a_new_thread(NULL);
        counted = tp_mem_fail_at(0, false);
        ck_assert_int_eq(in_use(), before);
    } while (counted >= n++);
    printf("a new thread: %lld points\n", (long long)(n - 2));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("failures");
    TCase *t = tcase_create("failures");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, making_tensors);
    tcase_add_test(t, making_objects);
    tcase_add_test(t, factors_of_complex_matrices);
    tcase_add_test(t, tensors_and_modules_beside_others);
    tcase_add_test(t, a_recorded_backward);
    tcase_add_test(t, hooks);
    tcase_add_test(t, functions_of_ones_own);
    tcase_add_test(t, writing_views);
    tcase_add_test(t, a_training_step_with_adam);
    tcase_add_test(t, a_training_step_with_sgd);
    tcase_add_test(t, an_epoch_of_the_loader);
    tcase_add_test(t, saving_and_loading);
    tcase_add_test(t, without_any_memory_left_the_program_still_reports_and_frees);
    tcase_add_test(t, a_new_thread_without_memory);
    suite_add_tcase(s, t);
    return run_suite(s);
}
