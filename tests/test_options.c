/* tests/test_options.c: options by designators, whole or in part, of this header, an older or a newer one. What C takes for a
 * default is compared with C++ in options_cpp.cpp. */
#include "expect.h"

#include <stdio.h>
#include <unistd.h>

START_TEST(silence_means_pytorchs_defaults)
{
    tp_tensor *x = tp_zeros(TP_SHAPE(2));
    ck_assert_int_eq(tp_dtype_of(x), TP_F32);
    ck_assert_int_eq(tp_device_of(x), TP_CPU);
    ck_assert(!tp_needs_grad(x));
    tp_module *m = tp_nn_linear(2, 3);
    ck_assert_ptr_nonnull(tp_module_tensor(m, "bias"));
    tp_module_free(m);
}
END_TEST

START_TEST(every_value_can_be_said_zero_and_false_included)
{
    tp_module *m = tp_nn_linear(2, 3, .bias = false);
    ck_assert_ptr_null(tp_module_tensor(m, "bias"));
    tp_optimizer *opt = tp_adamw(tp_parameters(m), .weight_decay = 0, .betas = { 0, 0.9 }, .lr = 0);
    ck_assert_double_eq(tp_get_lr(opt), 0);
    tp_tensor *table = tp_ones(TP_SHAPE(2, 1), .requires_grad = true);
    ck_ok(tp_backward(tp_sum(tp_embedding(tp_from_data((int64_t[]){ 0, 1 }, TP_I64, TP_SHAPE(2)), table, .padding_idx = 0))));
    ck_values(tp_grad_of(table), 0, 1);
    ck_assert_int_eq(tp_device_of(tp_zeros(TP_SHAPE(1), .device = TP_CPU)), TP_CPU);
    tp_free_all(m, opt);
}
END_TEST

START_TEST(null_options_are_all_defaults)
{
    ck_values(tp_sum_with(tp_ones(TP_SHAPE(2, 2)), NULL), 4);
    ck_assert_int_eq(tp_dtype_of(tp_zeros_with(TP_SHAPE(1), NULL)), TP_F32);
}
END_TEST

START_TEST(a_shorter_struct_of_an_older_program_is_taken_over_the_defaults)
{
    typedef struct { size_t size; tp_dtype dtype; } older;               /* all that it knew */
    struct { older o; unsigned char rubbish[64]; } call;
    memset(&call, 0xFF, sizeof call);
    call.o = (older){ .size = offsetof(tp_tensor_options, device), .dtype = TP_F64 };
    tp_tensor *x = tp_ones_with(TP_SHAPE(2), (const tp_tensor_options *)(const void *)&call);
    ck_fine();
    ck_assert_int_eq(tp_dtype_of(x), TP_F64);
    ck_assert_int_eq(tp_device_of(x), TP_CPU);
    ck_assert(!tp_needs_grad(x));

    typedef struct { size_t size; double lr; } older_adam;
    struct { older_adam o; unsigned char rubbish[128]; } adam;
    memset(&adam, 0xFF, sizeof adam);
    adam.o = (older_adam){ .size = offsetof(tp_adam_options, betas), .lr = 0.5 };
    tp_tensor *w = LEAF(1, 1);
    tp_optimizer *opt = tp_adam_with(TP_TENSORS(w), (const tp_adam_options *)(const void *)&adam);
    ck_ok(tp_set_grad(w, VECTOR(3, -3)));
    ck_ok(tp_step(opt));
    ck_values(w, 0.5, 1.5);                            /* the first step of Adam is lr, whatever the gradient */
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(a_struct_without_size_or_of_a_newer_header_is_refused)
{
    const tp_tensor_options none = { .dtype = TP_F64 };
    ck_assert_ptr_null(tp_zeros_with(TP_SHAPE(1), &none));
    ck_message("zeros: the options have size 0: begin from the defaults");
    const tp_tensor_options newer = { .size = offsetof(tp_tensor_options, tp__end) + 8 };
    ck_assert_ptr_null(tp_zeros_with(TP_SHAPE(1), &newer));
    ck_error(TP_ERR_ARGUMENT, "or the header is newer");
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(1), .size = 1000));
    ck_error(TP_ERR_ARGUMENT, "zeros: the options have size 1000, and the library knows");
    ck_assert_ptr_null(tp_sum_with(tp_ones(TP_SHAPE(2)), &(tp_sum_options){ .keepdim = true }));
    ck_error(TP_ERR_ARGUMENT, "size 0");
    tp_tensor *x = tp_ones(TP_SHAPE(1), .requires_grad = true);
    ck_assert_int_eq(tp_backward_with(x, &(tp_backward_options){ .retain_graph = true }), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "backward: the options have size 0");
}
END_TEST

START_TEST(zero_is_not_given_in_every_enum_but_the_status)
{
    ck_assert_int_eq(TP_DTYPE_DEFAULT, 0);
    ck_assert_int_eq(TP_REDUCTION_DEFAULT, 0);
    ck_assert_int_eq(TP_OPERAND_NONE, 0);
    ck_assert_int_eq(TP_ARG_NONE, 0);
    ck_assert_int_ne(TP_CPU, 0);
    ck_assert_int_ne(TP_LOG_INFO, 0);
    ck_assert_int_eq(TP_OK, 0);
}
END_TEST

#define REFUSED(call, part) do { \
    ck_assert(!(call)); \
    ck_error(TP_ERR_ARGUMENT, part); \
} while (0)
START_TEST(a_value_that_an_enum_lacks_is_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(1, 1, 2, 2)), *flat = tp_ones(TP_SHAPE(4)), *table = tp_ones(TP_SHAPE(3, 2));
    tp_tensor *bags = tp_zeros(TP_SHAPE(1, 2), .dtype = TP_I64);
    const int lacking[] = { -3, 77, INT32_MAX };
    for (int i = 0; i < 3; i++) {
        const int v = lacking[i];
        REFUSED(tp_interpolate(x, .scale = 2, .mode = (tp_interpolation)v), "interpolate: there is no mode");
        REFUSED(tp_grid_sample(x, tp_zeros(TP_SHAPE(1, 1, 1, 2)), .padding_mode = (tp_beyond)v), "grid_sample: there is no mode");
        REFUSED(tp_clone(flat, .memory_format = (tp_memory_format)v), "clone: there is no memory format");
        REFUSED(tp_contiguous(flat, .memory_format = (tp_memory_format)v), "there is no memory format");
        REFUSED(tp_to(flat, TP_CPU, .memory_format = (tp_memory_format)v), "there is no memory format");
        REFUSED(tp_empty_like(flat, .memory_format = (tp_memory_format)v), "there is no memory format");
        REFUSED(tp_quantile(flat, 0.5, .interpolation = (tp_quantile_interpolation)v), "quantile: there is no interpolation");
        REFUSED(tp_embedding_bag(bags, table, .mode = (tp_bag_mode)v), "embedding_bag: there is no mode");
        REFUSED(tp_nn_gelu(.approximate = (tp_gelu_approximation)v), "GELU: argument \"approximate\"");
        REFUSED(tp_init_kaiming_uniform_(table, .nonlinearity = (tp_nonlinearity)v), "kaiming_uniform_: there is no nonlinearity");
    }
    REFUSED(tp_init_kaiming_normal_(table, .a = NAN), "kaiming_normal_: there is no nonlinearity 0 with a = nan");
}
END_TEST

START_TEST(numbers_stand_on_either_side_and_arguments_are_evaluated_once)
{
    int calls = 0;
    tp_tensor *x = VECTOR(1, 2);
    ck_values(tp_sub(1.0, x), 0, -1);
    ck_values(tp_add(x, 2), 3, 4);
    ck_values(tp_mul(x, (calls++, 2.5)), 2.5, 5);
    ck_assert_int_eq(calls, 1);
    ck_values(tp_add(tp_add(tp_add(tp_add(tp_add(tp_add(tp_add(tp_add(x, 1), 1), 1), 1), 1), 1), 1), 1), 9, 10);
    tp_tensor *whole = tp_from_data((int64_t[]){ 3, 4 }, TP_I64, TP_SHAPE(2));
    ck_assert_int_eq(tp_dtype_of(tp_add(whole, 2)), TP_I64);
    ck_assert_int_eq(tp_dtype_of(tp_add(whole, 2.0)), TP_F32);
    ck_assert_ptr_null(tp_add(NULL, 2.0));
}
END_TEST

/* As options_cpp prints them: name, size, bytes. Padding is zero on both sides. */
#define DEFAULTS_OF(name) { .size = offsetof(tp_##name##_options, tp__end), TP__DEFAULT_##name .tp__end = 0 }

START_TEST(defaults_are_the_same_in_c_and_cpp)
{
    const char *build = getenv("TAPER_BUILD");
    char command[512], theirs[1024], ours[1024];
    if (!build) return;                                /* run by hand: make check-headers compares them, too */
    snprintf(command, sizeof command, "%s/bin/options_cpp", build);
    if (access(command, X_OK) != 0) return;            /* no C++ compiler */
    FILE *cpp = popen(command, "r");
    ck_assert_ptr_nonnull(cpp);
    int n = 0;
#define LINE(name) do { \
    size_t used = (size_t)snprintf(ours, sizeof ours, #name " %zu ", offsetof(tp_##name##_options, tp__end)); \
    union { tp_##name##_options o; unsigned char byte[sizeof(tp_##name##_options)]; } u; \
    memset(&u, 0, sizeof u); \
    static const tp_##name##_options given = DEFAULTS_OF(name);        /* static, so padding is zero */ \
    memcpy(&u, &given, offsetof(tp_##name##_options, tp__end)); \
    for (size_t i = 0; i < offsetof(tp_##name##_options, tp__end); i++) used += (size_t)snprintf(ours + used, sizeof ours - used, "%02x", u.byte[i]); \
    ck_assert_ptr_nonnull(fgets(theirs, sizeof theirs, cpp)); \
    theirs[strcspn(theirs, "\n")] = 0; \
    ck_assert_str_eq(ours, theirs); \
    n++; \
} while (0);
    TP__EACH_CORE_OPTIONS(LINE)
    TP__EACH_AUTOGRAD_OPTIONS(LINE)
    TP__EACH_OPS_OPTIONS(LINE)
    TP__EACH_COLLECTIVE_OPTIONS(LINE)
    TP__EACH_NN_OPTIONS(LINE)
    TP__EACH_OPTIM_OPTIONS(LINE)
    TP__EACH_SCALER_OPTIONS(LINE)
    TP__EACH_DATA_OPTIONS(LINE)
    TP__EACH_IO_OPTIONS(LINE)
    ck_assert_int_eq(pclose(cpp), 0);
    printf("%d lists of options are the same in C and C++\n", n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");
    tcase_add_test(t, silence_means_pytorchs_defaults);
    tcase_add_test(t, every_value_can_be_said_zero_and_false_included);
    tcase_add_test(t, null_options_are_all_defaults);
    tcase_add_test(t, a_shorter_struct_of_an_older_program_is_taken_over_the_defaults);
    tcase_add_test(t, a_struct_without_size_or_of_a_newer_header_is_refused);
    tcase_add_test(t, zero_is_not_given_in_every_enum_but_the_status);
    tcase_add_test(t, a_value_that_an_enum_lacks_is_refused);
    tcase_add_test(t, numbers_stand_on_either_side_and_arguments_are_evaluated_once);
    tcase_add_test(t, defaults_are_the_same_in_c_and_cpp);
    suite_add_tcase(s, t);
    return run_suite(s);
}
