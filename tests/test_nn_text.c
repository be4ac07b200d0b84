/* test_nn_text.c: a module as text: printed, and summed up. */
#include "nn.h"

START_TEST(a_module_prints_as_in_pytorch)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    tp_module *m = tp_sequential(tp_nn_conv2d(1, 6, 5, .padding = 2, .bias = false), tp_nn_relu(), tp_nn_max_pool2d(2), tp_nn_flatten(),
                                 tp_sequential(tp_nn_linear(6, 2), tp_nn_dropout(0.1)), tp_nn_embedding(9, 5, .padding_idx = 0), tp_nn_softmax(-1));
    ck_assert_int_eq(tp_module_fprint(out, m), TP_OK);
    fclose(out);
    ck_assert_str_eq(text,
        "Sequential(\n"
        "  (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2), bias=False)\n"
        "  (1): ReLU()\n"
        "  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
        "  (3): Flatten(start_dim=1, end_dim=-1)\n"
        "  (4): Sequential(\n"
        "    (0): Linear(in_features=6, out_features=2, bias=True)\n"
        "    (1): Dropout(p=0.1, inplace=False)\n"
        "  )\n"
        "  (5): Embedding(9, 5, padding_idx=0)\n"
        "  (6): Softmax(dim=-1)\n"
        ")\n");
    free(text);
    tp_module_free(m);
}
END_TEST

START_TEST(a_summary_tells_outputs_and_sizes_and_changes_nothing)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    tp_module *net = lenet();
    ck_assert_int_eq(tp_summary(net, TP_SHAPE(1, 1, 28, 28), .out = out), TP_OK);
    fflush(out);
    ck_assert_ptr_nonnull(strstr(text, "[1, 16, 5, 5]"));
    ck_assert_ptr_nonnull(strstr(text, "total 61696 parameters, 61696 of them trained, 0.24 MiB"));
    ck_assert(tp_is_training(tp_module_find(net, "3")));
    ck_assert_int_ne(tp_summary(net, TP_SHAPE(1, 2, 28, 28), .out = out), TP_OK);
    tp_clear_error();
    ck_assert(tp_is_training(net));
    fclose(out);
    free(text);
    tp_module_free(net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_text");
    TCase *one = tcase_create("nn_text");
    tcase_set_timeout(one, 120);
    tcase_add_test(one, a_module_prints_as_in_pytorch);
    tcase_add_test(one, a_summary_tells_outputs_and_sizes_and_changes_nothing);
    suite_add_tcase(s, one);
    return run_suite(s);
}
