/* test_nn_layers.c: layers: how they begin, their options, by PyTorch's names. */
#include "nn.h"

static void check_uniform(tp_tensor *x, double bound)
{
    ck_assert_ptr_nonnull(x);
    const float *v = tp_data(x);
    double top = 0;
    for (int64_t i = 0; i < tp_numel(x); i++) top = fmax(top, fabs((double)v[i]));
    ck_assert_msg(top <= bound && top > 0.9 * bound, "the greatest of %lld values is %g, the bound %g", (long long)tp_numel(x), top, bound);
}

START_TEST(layers_begin_as_in_pytorch)
{
    TP_SCOPE();
    tp_module *linear = tp_nn_linear(100, 64), *conv = tp_nn_conv2d(8, 64, 3, .groups = 2, .kernel_hw = { 3, 5 });
    check_uniform(tp_module_tensor(linear, "weight"), 0.1);
    check_uniform(tp_module_tensor(linear, "bias"), 0.1);
    tp_tensor *w = tp_module_tensor(conv, "weight");
    ck_assert(tp_size(w, 0) == 64 && tp_size(w, 1) == 4 && tp_size(w, 2) == 3 && tp_size(w, 3) == 5);
    check_uniform(w, 1 / sqrt(60));
    check_uniform(tp_module_tensor(conv, "bias"), 1 / sqrt(60));
    tp_module *table = tp_nn_embedding(9, 500, .padding_idx = -1);
    tp_tensor *rows = tp_module_tensor(table, "weight");
    const double square = tp_item(tp_mean(tp_mul(rows, rows)));
    ck_assert_msg(fabs(square - 8.0 / 9) < 0.1, "mean square %g", square);
    ck_assert(tp_item(tp_sum(tp_select(rows, 0, 8))) == 0);
    tp_free_all(linear, conv, table);

    tp_manual_seed(7);
    tp_module *a = tp_nn_linear(5, 5);
    tp_manual_seed(7);
    tp_module *b = tp_nn_linear(5, 5);
    ck_assert(tp_equal(tp_module_tensor(a, "weight"), tp_module_tensor(b, "weight")));
    tp_free_all(a, b);
}
END_TEST

START_TEST(options_say_every_value)
{
    tp_module *m[] = { tp_nn_linear(4, 5), tp_nn_linear(4, 5, .bias = false), tp_nn_conv2d(4, 4, 3, .bias = false, .groups = 4),
                       tp_nn_linear_with(4, 5, NULL), tp_nn_linear(4, 5, .dtype = TP_F64), tp_nn_linear(0, 2) };
    const int64_t n[] = { 2, 1, 1, 2, 2, 2 };
    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        ck_assert_int_eq(tp_parameters(m[i]).n, n[i]);
        ck_assert_int_eq(tp_dtype_of(tp_parameters(m[i]).at[0]), i == 4 ? TP_F64 : TP_F32);
        tp_module_free(m[i]);
    }
    ck_assert_ptr_null(tp_nn_conv2d(3, 4, 3, .groups = 2));
    ck_message("Conv2d: 3 -> 4 channels cannot be cut into 2 groups");
    ck_assert_ptr_null(tp_nn_conv2d(3, 4, 3, .stride = 0));
    tp_clear_error();
    ck_assert_ptr_null(tp_nn_max_pool2d(0));
    tp_clear_error();
    ck_assert_ptr_null(tp_nn_dropout(1.5));
    ck_message("Dropout: probability 1.5 is not between 0 and 1");
    ck_assert_ptr_null(tp_nn_embedding(3, 2, .padding_idx = 3));
    tp_clear_error();
    const tp_nn_linear_options bare = { .bias = true };          /* by hand: no size, so no defaults */
    ck_assert_ptr_null(tp_nn_linear_with(4, 5, &bare));
    tp_clear_error();
}
END_TEST

START_TEST(lenet_runs_forward_and_backward)
{
    TP_SCOPE();
    tp_module *net = lenet();
    tp_tensor *y = tp_forward(net, tp_randn(TP_SHAPE(3, 1, 28, 28)));
    ck_assert_ptr_nonnull(y);
    ck_assert(tp_ndim(y) == 2 && tp_size(y, 0) == 3 && tp_size(y, 1) == 10);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    for (int64_t i = 0; i < tp_parameters(net).n; i++) ck_assert_ptr_nonnull(tp_grad_of(tp_parameters(net).at[i]));
    tp_module_free(net);
}
END_TEST

START_TEST(a_linear_layer_computes_x_wt_plus_b)
{
    TP_SCOPE();
    const float w[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 10, 20 }, x[] = { 1, 0, -1 };
    tp_module *m = tp_nn_linear(3, 2);
    {
        TP_NO_GRAD();
        tp_copy_(tp_module_tensor(m, "weight"), tp_from_data(w, TP_F32, TP_SHAPE(2, 3)));
        tp_copy_(tp_module_tensor(m, "bias"), tp_from_data(b, TP_F32, TP_SHAPE(2)));
    }
    const float *y = tp_data(tp_forward(m, tp_from_data(x, TP_F32, TP_SHAPE(1, 3))));
    ck_assert(y && y[0] == 8 && y[1] == 18);
    tp_module_free(m);
}
END_TEST

START_TEST(an_embedding_looks_rows_up_and_leaves_its_padding_row_without_gradient)
{
    TP_SCOPE();
    tp_module *m = tp_nn_embedding(5, 3, .padding_idx = 1);
    tp_tensor *w = tp_module_tensor(m, "weight");
    const int64_t at[] = { 4, 1, 4 };
    tp_tensor *y = tp_forward(m, tp_from_data(at, TP_I64, TP_SHAPE(3)));
    ck_assert(tp_equal(tp_select(y, 0, 0), tp_select(w, 0, 4)));
    tp_backward(tp_sum(y));
    ck_assert(tp_item(tp_sum(tp_select(tp_grad_of(w), 0, 4))) == 6);
    ck_assert(tp_item(tp_sum(tp_select(tp_grad_of(w), 0, 1))) == 0);
    tp_tensor *row = tp_embedding_row(m, 2);
    ck_assert(row && tp_ndim(row) == 1 && tp_equal(row, tp_select(w, 0, 2)));
    ck_assert_ptr_null(tp_embedding_row(m, 5));
    ck_message("embedding_row: index 5 is out of range for 5 rows");
    tp_module *other = tp_nn_relu();
    ck_assert_ptr_null(tp_embedding_row(other, 0));
    tp_clear_error();
    tp_free_all(m, other);
}
END_TEST

START_TEST(layers_are_built_by_pytorch_names)
{
    TP_SCOPE();
    const int64_t kernel[] = { 2, 3 };
    const tp_arg conv_args[] = { { .kind = TP_ARG_INT, .value.integer = 3 }, { .kind = TP_ARG_INT, .value.integer = 4 },
        { .name = "kernel_size", .kind = TP_ARG_INTS, .n = 2, .value.ints = kernel }, { .name = "padding", .kind = TP_ARG_INT, .value.integer = 1 },
        { .name = "bias", .kind = TP_ARG_BOOL, .value.boolean = false }, { .name = "padding_mode", .kind = TP_ARG_STRING, .value.string = "zeros" } };
    tp_module *conv = tp_module_build("Conv2d", conv_args, 6);
    ck_assert_ptr_nonnull(conv);
    ck_assert_int_eq(tp_parameters(conv).n, 1);
    tp_tensor *y = tp_forward(conv, tp_ones(TP_SHAPE(1, 3, 5, 5)));
    ck_assert(y && tp_size(y, 1) == 4 && tp_size(y, 2) == 6 && tp_size(y, 3) == 5);

    const tp_arg linear_args[] = { { .name = "out_features", .kind = TP_ARG_INT, .value.integer = 2 },
                                   { .name = "in_features", .kind = TP_ARG_INT, .value.integer = 3 } };
    tp_module *linear = tp_module_build("Linear", linear_args, 2);
    ck_assert(linear && tp_size(tp_parameters(linear).at[0], 0) == 2);
    ck_assert_ptr_null(tp_module_build("Linear", linear_args, 1));
    ck_message("Linear: it lacks its argument \"in_features\"");
    ck_assert_ptr_null(tp_module_build("Linear", conv_args, 4));
    ck_message("Linear: it takes no argument \"kernel_size\"");
    const tp_arg dim = { .name = "dim", .kind = TP_ARG_BOOL, .value.boolean = true };
    ck_assert_ptr_null(tp_module_build("Softmax", &dim, 1));
    ck_message("Softmax: argument \"dim\" takes an int");

    const tp_arg modules[] = { { .kind = TP_ARG_MODULE, .value.module = conv }, { .kind = TP_ARG_MODULE, .value.module = tp_nn_relu() } };
    tp_module *seq = tp_module_build("Sequential", modules, 2);
    ck_assert(seq && tp_module_find(seq, "0") == conv);
    drops = 0;
    const tp_arg taken[] = { { .kind = TP_ARG_MODULE, .value.module = counted() } };
    ck_assert_ptr_null(tp_module_build("Nonsense", taken, 1));
    ck_message("module_build: no layer \"Nonsense\"");
    ck_assert_int_eq(drops, 1);
    tp_free_all(seq, linear);

    int n = 0;
    for (; tp_module_type_at(n); n++) {
        const bool bare = !strcmp(tp_module_type_at(n), "ReLU") || !strcmp(tp_module_type_at(n), "Dropout");
        tp_module *m = bare ? tp_module_build(tp_module_type_at(n), NULL, 0) : NULL;
        ck_assert(!bare || !strcmp(tp_module_type(m), tp_module_type_at(n)));
        tp_module_free(m);
    }
    ck_assert_int_ge(n, 13);
}
END_TEST

START_TEST(free_all_takes_parent_and_child_in_either_order)
{
    for (int parent_first = 0; parent_first < 2; parent_first++) {
        tp_module *child = tp_nn_linear(2, 2), *parent = tp_sequential(child, tp_nn_relu());
        if (parent_first) tp_free_all(parent, child);
        else tp_free_all(child, parent);
        ck_assert(!tp_failed());
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_layers");
    TCase *one = tcase_create("nn_layers");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, layers_begin_as_in_pytorch);
    tcase_add_test(one, options_say_every_value);
    tcase_add_test(one, lenet_runs_forward_and_backward);
    tcase_add_test(one, a_linear_layer_computes_x_wt_plus_b);
    tcase_add_test(one, an_embedding_looks_rows_up_and_leaves_its_padding_row_without_gradient);
    tcase_add_test(one, layers_are_built_by_pytorch_names);
    tcase_add_test(one, free_all_takes_parent_and_child_in_either_order);
    suite_add_tcase(s, one);
    return run_suite(s);
}
