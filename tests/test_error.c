/* tests/test_error.c: the first error of a thread stays until it is read, and nothing lasting happens meanwhile. */
#include "expect.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static tp_tensor *fails(void) { return tp_reshape(tp_zeros(TP_SHAPE(6)), TP_SHAPE(4)); }

START_TEST(the_first_error_stays_and_reading_does_not_clear_it)
{
    ck_assert_ptr_null(tp_last_error());
    ck_assert_int_eq(tp_report_error(stderr), 0);
    ck_assert_ptr_null(fails());
    ck_assert_int_eq(tp_fail(TP_ERR_IO, "second: another"), TP_ERR_IO);
    for (int i = 0; i < 2; i++) {
        ck_assert(tp_failed());
        ck_assert_int_eq(tp_error_status(), TP_ERR_SHAPE);
        ck_assert_str_eq(tp_last_error()->message, "reshape: [6] of 6 elements cannot become [4]");
        ck_assert_str_eq(tp_last_error()->op, "reshape");
    }
    tp_clear_error();
    ck_assert(!tp_failed());
    ck_assert_int_eq(tp_error_status(), TP_OK);
    ck_assert_ptr_null(tp_last_error());
}
END_TEST

START_TEST(an_error_holds_code_op_shapes_and_dtypes)
{
    tp_tensor *x = tp_zeros(TP_SHAPE(64, 784)), *w = tp_zeros(TP_SHAPE(10, 512));
    ck_assert_ptr_null(tp_linear(x, w, NULL));
    const tp_error *e = tp_last_error();
    ck_assert_int_eq(e->code, TP_ERR_SHAPE);
    ck_assert_str_eq(e->op, "linear");
    ck_assert_int_eq(e->n_tensors, 2);
    ck_assert_int_eq(e->shape[0].ndim, 2);
    ck_assert_int_eq(e->shape[0].dim[1], 784);
    ck_assert_int_eq(e->shape[1].dim[0], 10);
    ck_assert_int_eq(e->dtype[1], TP_F32);
    ck_assert_str_eq(e->path, "");
    tp_clear_error();
}
END_TEST

static void report(char *out, size_t size)
{
    FILE *file = tmpfile();
    ck_assert_int_eq(tp_report_error(file), 1);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = 0;
    fclose(file);
}

START_TEST(an_op_inside_of_another_goes_by_the_name_of_that)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    ck_assert_ptr_null(tp_pad(x, TP_SHAPE(-4, 0)));
    ck_message("pad: 3 elements of dim 1, padded by -4 and 0, are no size");
    ck_assert_ptr_null(tp_clamp(x, tp_ones(TP_SHAPE(4)), tp_ones(TP_SHAPE(4))));
    ck_message("clamp: [2, 3] and [4] do not broadcast");
    ck_assert_ptr_null(tp_to(x, (tp_device)77));
    ck_message("to: 77 is no device");
}
END_TEST

START_TEST(a_report_tells_the_module_and_the_place_of_the_call)
{
    char text[512], want[512];
    tp_module *net = tp_sequential(tp_nn_flatten(), tp_nn_relu(), tp_nn_identity(), tp_nn_linear(512, 10));
    tp_tensor *x = tp_zeros(TP_SHAPE(64, 1, 28, 28));
    ck_assert_ptr_null(tp_forward(net, x)); const int line = __LINE__;
    snprintf(want, sizeof want, "taper: linear: input [64, 784] has 784 features, weight [10, 512] takes 512, in net.3 (Linear), called from %s:%d\n",
             "test_error.c", line);
    ck_assert_str_eq(tp_last_error()->path, "net.3 (Linear)");
    report(text, sizeof text);
    const char *folder = strstr(text, "tests/test_error.c");            /* as __FILE__ has it */
    if (folder) memmove((char *)(uintptr_t)folder, folder + strlen("tests/"), strlen(folder + strlen("tests/")) + 1);
    ck_assert_str_eq(text, want);
    ck_assert(!tp_failed());
    tp_module_free(net);
}
END_TEST

START_TEST(an_op_outside_of_modules_tells_the_programs_place_as_far_as_it_is_known)
{
    fails();
    ck_assert_str_ne(tp_last_error()->where, "");
    tp_clear_error();
}
END_TEST

START_TEST(null_goes_through_a_chain_to_its_end)
{
    tp_tensor *y = tp_sum(tp_mul(tp_relu(tp_add(fails(), 1)), tp_zeros(TP_SHAPE(4))));
    ck_assert_ptr_null(y);
    ck_message("reshape: [6] of 6 elements cannot become [4]");
    ck_assert_ptr_null(tp_relu(NULL));
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(an_optional_null_is_absent_only_without_a_pending_error)
{
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3)), *w = tp_ones(TP_SHAPE(4, 3));
    ck_assert_ptr_nonnull(tp_linear(x, w, NULL));
    tp_tensor *bias = fails();
    ck_assert_ptr_null(tp_linear(x, w, bias));
    tp_clear_error();
    ck_assert_ptr_nonnull(tp_linear(x, w, bias));
}
END_TEST

START_TEST(the_item_of_null_is_nan_and_out_parameters_are_null)
{
    ck_assert(isnan(tp_item(NULL)));
    ck_assert_int_eq(tp_item_i64(NULL), 0);
    ck_assert(!(tp_item(tp_sum(fails())) < 0.99));     /* so that such a loop ends */
    tp_tensor *indices = tp_ones(TP_SHAPE(1));
    ck_assert_ptr_null(tp_max_dim(tp_ones(TP_SHAPE(2)), 5, false, &indices));
    ck_assert_ptr_null(indices);
    tp_tensor *x = tp_ones(TP_SHAPE(1), .requires_grad = true), *g = x;
    ck_assert_int_eq(tp_grad(&x, 1, &x, 1, NULL, &g), TP_ERR_SHAPE);
    ck_assert_ptr_null(g);
    tp_clear_error();
    ck_assert(isnan(tp_item(tp_ones(TP_SHAPE(2)))));
    ck_message("item: [2] has 2 elements, not one");
}
END_TEST

static void path_of(char *out, size_t size, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(out, size, "%s/taper-error-%ld-%s", folder ? folder : "/tmp", (long)getpid(), name);
}

START_TEST(while_an_error_is_unread_whatever_lasts_is_refused)
{
    TP_SCOPE();
    char path[256];
    path_of(path, sizeof path, "net.safetensors");
    tp_module *net = tp_nn_linear(2, 1);
    tp_optimizer *opt = tp_sgd(tp_parameters(net), .lr = 0.1);
    tp_tensor *x = tp_ones(TP_SHAPE(1, 2)), *w = tp_parameters(net).at[0], *plain = tp_ones(TP_SHAPE(2)), *values[2] = { NULL, NULL };
    tp_tensor *loss = tp_sum(tp_forward(net, x));
    ck_ok(tp_backward(loss, .retain_graph = true));
    tp_tensor *before = tp_clone(tp_detach(w)), *grad = tp_clone(tp_grad_of(w));
    tp_dataset *set = tp_tensor_dataset(TP_TENSORS(x));
    tp_loader *loader = tp_data_loader(set, .batch_size = 1);
    tp_batch batch;
    ck_ok(tp_module_save(net, path));
    const uint32_t version = tp_version_of(plain);
    const tp_rng_state rng = tp_rng_get();

    fails();
    ck_assert_int_eq(tp_step(opt), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_zero_grad(opt), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_set_lr(opt, 5), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_backward(loss), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_grad(&loss, 1, &w, 1, NULL, values), TP_ERR_SHAPE);
    ck_assert_ptr_null(tp_add_(plain, 1));
    ck_assert_ptr_null(tp_mul_(plain, 2));
    ck_assert_ptr_null(tp_zero_(plain));
    ck_assert_ptr_null(tp_copy_(plain, x));
    ck_assert_ptr_null(tp_uniform_(plain, 0, 1));
    ck_assert_ptr_null(tp_data_mut(plain));
    ck_assert_int_eq(tp_set_grad(w, NULL), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_requires_grad(plain, true), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_set_data(plain, tp_zeros(TP_SHAPE(2))), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_rng_set((tp_rng_state){ .seed = 99 }), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_eval(net), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_module_to_dtype(net, TP_F64), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_module_save(net, path), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_module_load(net, path), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_optimizer_save(opt, path), TP_ERR_SHAPE);
    ck_assert_int_eq(tp_loader_log(loader, "loss", loss), TP_ERR_SHAPE);
    ck_assert(!tp_loader_next(loader, &batch));
    ck_assert_ptr_null(batch.x);
    ck_error(TP_ERR_SHAPE, "reshape");

    ck_assert(tp_equal(w, before) && tp_equal(tp_grad_of(w), grad));
    ck_assert_uint_eq(tp_version_of(plain), version);
    ck_values(plain, 1, 1);
    ck_assert(!tp_needs_grad(plain) && tp_is_training(net));
    ck_assert_uint_eq(tp_rng_get().seed, rng.seed);
    ck_assert_double_eq(tp_get_lr(opt), 0.1);
    ck_ok(tp_module_load(net, path));                  /* the file is as it was */
    ck_assert(tp_loader_next(loader, &batch));
    ck_ok(tp_backward(loss));
    tp_free_all(net, opt, loader, set);
    remove(path);
    ck_fine();
}
END_TEST

START_TEST(a_loop_that_went_wrong_stops_and_saves_nothing)
{
    char path[256], text[512];
    path_of(path, sizeof path, "none.safetensors");
    remove(path);
    tp_tensor *x = tp_ones(TP_SHAPE(8, 3)), *y = tp_zeros(TP_SHAPE(8), .dtype = TP_I64);
    tp_module *net = tp_nn_linear(3, 2);
    tp_optimizer *opt = tp_adam(tp_parameters(net));
    tp_dataset *set = tp_tensor_dataset(TP_TENSORS(x, y));
    tp_loader *loader = tp_data_loader(set, .batch_size = 2);
    int steps = 0;
    tp_tensor *before = tp_keep(tp_clone(tp_detach(tp_parameters(net).at[0])));
    for (int epoch = 0; epoch < 3; epoch++) {
        tp_batch batch;
        while (tp_loader_next(loader, &batch)) {
            TP_SCOPE();
            steps++;
            tp_tensor *loss = tp_cross_entropy(tp_forward(net, batch.x), tp_add(batch.y, 7));       /* no such class */
            tp_zero_grad(opt);
            tp_backward(loss);
            tp_step(opt);
            tp_loader_log(loader, "loss", loss);
        }
    }
    tp_module_save(net, path);
    ck_assert_int_eq(steps, 1);
    ck_assert(access(path, F_OK) != 0);
    report(text, sizeof text);
    ck_assert_msg(strstr(text, "taper: cross_entropy: ") == text, "%s", text);
    ck_assert(tp_equal(before, tp_parameters(net).at[0]));
    tp_free_all(net, opt, loader, set, before);
}
END_TEST

static void *in_another_thread(void *arg)
{
    (void)arg;
    if (tp_failed()) return "the error of another thread is here";
    tp_fail(TP_ERR_IO, "other: mine");
    if (!tp_failed() || tp_error_status() != TP_ERR_IO) return "it has none of its own";
    tp_error_copy *copy = malloc(sizeof *copy);
    if (!tp_error_take(copy) || tp_failed() || tp_error_take(copy)) return "it is not taken";
    return copy;
}

START_TEST(errors_of_threads_are_separate_and_can_be_carried_over)
{
    fails();
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, in_another_thread, NULL);
    pthread_join(thread, &result);
    ck_error(TP_ERR_SHAPE, "reshape");
    tp_error_copy *copy = result;
    ck_assert_str_eq(copy->error.message, "other: mine");
    ck_assert_int_eq(tp_error_rethrow(copy), TP_ERR_IO);
    memset(copy, 0, sizeof *copy);
    free(copy);
    ck_assert_str_eq(tp_last_error()->op, "other");
    ck_message("other: mine");
}
END_TEST

START_TEST(taper_abort_stops_at_the_failing_call)
{
    fflush(NULL);
    const pid_t child = fork();
    if (!child) {
        fclose(stderr);
        setenv("TAPER_ABORT", "1", 1);
        signal(SIGABRT, SIG_DFL);
        fails();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    setenv("TAPER_ABORT", "0", 1);                     /* says no */
    fails();
    unsetenv("TAPER_ABORT");
    tp_clear_error();
}
END_TEST

static void *without_memory(void *arg)                 /* in a new thread, not even the error's own place can be had */
{
    (void)arg;
    tp_mem_fail_at(1, true);
    tp_fail(TP_ERR_SHAPE, "first: no place for it");
    tp_mem_fail_at(0, false);
    if (!tp_failed()) return "there is no error";
    if (tp_error_status() != TP_ERR_SHAPE) return "its status is lost";
    if (strcmp(tp_last_error()->message, "first: no place for it") != 0) return "its text is lost";
    if (tp_zeros(TP_SHAPE(2)) && tp_zero_(tp_zeros(TP_SHAPE(2)))) return "writing is not refused";
    tp_clear_error();
    if (tp_failed() || tp_last_error()) return "it stays";
    tp_fail(TP_ERR_IO, "next: fine");
    if (tp_error_status() != TP_ERR_IO) return "the next one is lost";
    return NULL;
}

START_TEST(an_error_is_kept_where_there_is_no_memory_for_it)
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, without_memory, NULL);
    pthread_join(thread, &result);
    ck_assert_msg(!result, "%s", (char *)result);
}
END_TEST

static char logged[256];
static int level_logged;
static void take_log(void *arg, tp_log_level level, const char *message)
{
    *(int *)arg += 1;
    level_logged = level;
    snprintf(logged, sizeof logged, "%s", message);
}

START_TEST(messages_go_where_the_program_wants_them)
{
    int n = 0;
    tp_set_log(take_log, &n);
    tp_log_message(TP_LOG_WARNING, "careful: %d", 7);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(level_logged, TP_LOG_WARNING);
    ck_assert_str_eq(logged, "careful: 7");
    tp_set_log(NULL, NULL);
}
END_TEST

START_TEST(every_status_has_a_name)
{
    ck_assert_str_eq(tp_status_name(TP_OK), "ok");
#define NAMED(name, value, text) ck_assert_str_eq(tp_status_name(TP_ERR_##name), text); ck_assert_int_eq(TP_ERR_##name, value);
    TP_EACH_STATUS(NAMED)
    ck_assert_str_eq(tp_status_name((tp_status)-99), "unknown");
}
END_TEST

START_TEST(a_null_child_fails_its_parent_which_frees_the_others)
{
    const int64_t before = in_use();
    ck_assert_ptr_null(tp_sequential(tp_nn_linear(4, 8), tp_nn_linear(-1, 3), tp_nn_linear(8, 2)));
    ck_assert(tp_failed());
    tp_clear_error();
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_missing_gpu_is_an_error_and_the_program_goes_on)
{
    if (tp_cuda_is_available()) return;
    ck_assert_str_ne(tp_cuda_why_not(), "");
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .device = TP_CUDA(0)));
    ck_error(TP_ERR_DEVICE, "cuda:0");
    ck_assert_ptr_null(tp_to(tp_zeros(TP_SHAPE(2)), TP_CUDA(0)));
    ck_error(TP_ERR_DEVICE, "cuda:0");
    ck_assert_ptr_nonnull(tp_zeros(TP_SHAPE(2), .device = TP_CPU));
}
END_TEST

START_TEST(a_null_list_pointer_or_function_is_an_error)
{
    tp_tensor *x = tp_ones(TP_SHAPE(2), .requires_grad = true), *loss = tp_sum(x);
    const tp_function unnamed = { .name = NULL };
    const tp_tensor_list missing = { .at = NULL, .n = 1 };
    const uint32_t stranger[16] = { 7 };
    tp_module *relu = tp_nn_relu();
    tp_tensor *out[1];
#define CK_NULL_FAILS(call) do { (call); ck_error(TP_ERR_ARGUMENT, ""); } while (0)
    CK_NULL_FAILS(tp_memory_stats(TP_CPU, NULL));
    CK_NULL_FAILS(tp_copy_to(x, NULL, 8));
    CK_NULL_FAILS(tp_assign(NULL, x));
    CK_NULL_FAILS(tp_as_strided(x, TP_SHAPE(1), NULL, 0));
    CK_NULL_FAILS(tp_cat(missing, 0));
    CK_NULL_FAILS(tp_tensor_dataset(missing));
    CK_NULL_FAILS(tp_fused_sgd_(missing, missing, ((tp_tensor_list){ .n = 0 })));
    CK_NULL_FAILS(tp_fused_sgd_(TP_TENSORS(x), ((tp_tensor_list){ .n = 0 }), ((tp_tensor_list){ .n = 0 })));
    CK_NULL_FAILS(tp_backward(loss, .inputs = missing));
    CK_NULL_FAILS(tp_grad(NULL, 1, NULL, 1, NULL, NULL));
    CK_NULL_FAILS(tp_gradcheck(NULL, NULL, &x, 1));
    CK_NULL_FAILS(tp_apply_many(NULL, &x, 1, out));
    CK_NULL_FAILS(tp_apply_many(&unnamed, NULL, 1, NULL));
    CK_NULL_FAILS(tp_apply_each(&unnamed, NULL));
    CK_NULL_FAILS(tp_save(NULL, x));
    CK_NULL_FAILS(tp_op_call("add", NULL, 2, out, 1, NULL));
    CK_NULL_FAILS(tp_op_call("add", NULL, 0, NULL, 1, NULL));
    CK_NULL_FAILS(tp_op_invoke(tp_op_at(0), NULL, -1, out, 1, NULL));
    CK_NULL_FAILS(tp_sequential_each(NULL));
    CK_NULL_FAILS(tp_module_fprint(NULL, relu));
    CK_NULL_FAILS(tp_thread_start(NULL, NULL, NULL));
    CK_NULL_FAILS(tp_error_rethrow(NULL));
    CK_NULL_FAILS(tp_free_all((void *)(uintptr_t)stranger));
    CK_NULL_FAILS(tp_optimizer_free((tp_optimizer *)(void *)relu));
    CK_NULL_FAILS(tp_fail(TP_OK, "test: no error has the code of success"));
    tp_free_each(NULL);
    tp_scope_close(NULL);
    tp_grad_mode_restore(NULL);
    tp_path_push(NULL);
    tp_path_pop(NULL);
    ck_assert(!tp_error_take(NULL) && !tp_arg_find(NULL, 3, 0, NULL) && !tp_needs(NULL) && !tp_arg_of(NULL) && !tp_failed());
    tp_module_free(relu);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("error");
    TCase *t = tcase_create("error");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, the_first_error_stays_and_reading_does_not_clear_it);
    tcase_add_test(t, an_error_holds_code_op_shapes_and_dtypes);
    tcase_add_test(t, an_op_inside_of_another_goes_by_the_name_of_that);
    tcase_add_test(t, a_report_tells_the_module_and_the_place_of_the_call);
    tcase_add_test(t, an_op_outside_of_modules_tells_the_programs_place_as_far_as_it_is_known);
    tcase_add_test(t, null_goes_through_a_chain_to_its_end);
    tcase_add_test(t, an_optional_null_is_absent_only_without_a_pending_error);
    tcase_add_test(t, the_item_of_null_is_nan_and_out_parameters_are_null);
    tcase_add_test(t, while_an_error_is_unread_whatever_lasts_is_refused);
    tcase_add_test(t, a_loop_that_went_wrong_stops_and_saves_nothing);
    tcase_add_test(t, errors_of_threads_are_separate_and_can_be_carried_over);
    tcase_add_test(t, taper_abort_stops_at_the_failing_call);
    tcase_add_test(t, an_error_is_kept_where_there_is_no_memory_for_it);
    tcase_add_test(t, messages_go_where_the_program_wants_them);
    tcase_add_test(t, every_status_has_a_name);
    tcase_add_test(t, a_null_child_fails_its_parent_which_frees_the_others);
    tcase_add_test(t, a_null_list_pointer_or_function_is_an_error);
    tcase_add_test(t, a_missing_gpu_is_an_error_and_the_program_goes_on);
    suite_add_tcase(s, t);
    return run_suite(s);
}
