/* test_print.c: tensors as text, against what PyTorch printed of the same ones. */
#include <taper/extend.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "prints.h"

static tp_tensor *made(const printed_case *c)
{
    int64_t n = 1;
    for (int d = 0; d < c->shape.ndim; d++) n *= c->shape.dim[d];
    if (!n) return tp_zeros(c->shape, .dtype = c->dtype);
    if (c->dtype == TP_C64 || c->dtype == TP_C128) return tp_to_dtype(tp_from_data(c->reals, TP_C128, c->shape), c->dtype);
    if (c->reals) return tp_to_dtype(tp_from_data(c->reals, TP_F64, c->shape), c->dtype);
    if (c->integers) return tp_to_dtype(tp_from_data(c->integers, TP_I64, c->shape), c->dtype);
    return tp_reshape(tp_arange(0, (double)n, 1, .dtype = c->dtype), c->shape);
}

static char *text_of(tp_tensor *x)
{
    const size_t length = tp_to_string(x, NULL, 0);
    char *text = malloc(length + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(tp_to_string(x, text, length + 1), length);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

static void check_text(tp_tensor *x, const char *name, const char *expected)
{
    ck_assert_msg(x, "%s: not made: %s", name, tp_last_error() ? tp_last_error()->message : "");
    char *text = text_of(x);
    ck_assert_msg(!strcmp(text, expected), "%s: printed\n%s\nPyTorch prints\n%s", name, text, expected);
    free(text);
}

static void check_group(const printed_case *c)
{
    for (; c->name; c++) {
        TP_SCOPE();
        check_text(made(c), c->name, c->text);
        ck_assert_int_eq(tp_report_error(stderr), 0);
    }
}

START_TEST(fractions_and_whole_numbers_print_as_in_pytorch) { check_group(print_plain); } END_TEST
START_TEST(very_large_and_small_numbers_print_in_scientific_notation) { check_group(print_scientific); } END_TEST
START_TEST(nan_and_infinity_take_the_format_of_the_others) { check_group(print_not_finite); } END_TEST
START_TEST(integers_and_bools_print_as_in_pytorch) { check_group(print_integers); } END_TEST
START_TEST(a_dtype_that_is_no_default_is_named) { check_group(print_dtypes); } END_TEST
START_TEST(long_rows_wrap_at_80_columns) { check_group(print_lines); } END_TEST
START_TEST(more_than_1000_elements_are_summarized) { check_group(print_summaries); } END_TEST
START_TEST(empty_tensors_print_their_size) { check_group(print_empty); } END_TEST

START_TEST(what_takes_part_in_the_tape_says_so)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((const float[]){ 0, 1, 2, 3 }, TP_F32, TP_SHAPE(2, 2));
    tp_requires_grad(x, true);
    check_text(x, "a leaf", print_graph[0]);
    check_text(tp_add(x, x), "sum", print_graph[1]);
    check_text(tp_relu(x), "relu", print_graph[2]);
    check_text(tp_log_softmax(x, 1), "log_softmax", print_graph[3]);
    check_text(tp_add_(tp_mul(x, 1), 1), "in place", print_graph[4]);
    tp_tensor *y = tp_detach(tp_to_dtype(x, TP_F64));
    tp_requires_grad(y, true);
    check_text(y, "double", print_graph[5]);
    check_text(tp_zeros(TP_SHAPE(0, 2), .requires_grad = true), "empty", print_graph[6]);
    ck_assert_int_eq(tp_report_error(stderr), 0);
}
END_TEST

START_TEST(a_strided_view_prints_as_its_copy)
{
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(5, 7, 40));
    tp_tensor *const views[] = { tp_transpose(x, 0, 2), tp_select(x, 1, 3), tp_narrow(x, 2, 5, 11), tp_expand(tp_narrow(x, 0, 1, 1), TP_SHAPE(3, 7, 40)) };
    for (int i = 0; i < 4; i++) {
        char *expected = text_of(tp_clone(tp_contiguous(views[i])));
        check_text(views[i], "a view", expected);
        free(expected);
    }
}
END_TEST

START_TEST(a_string_is_cut_off_as_by_snprintf)
{
    TP_SCOPE();
    tp_tensor *x = tp_from_data((const int64_t[]){ 1, 2 }, TP_I64, TP_SHAPE(2));
    char few[8];
    memset(few, 'x', sizeof few);
    ck_assert_uint_eq(tp_to_string(x, few, sizeof few), strlen("tensor([1, 2])"));
    ck_assert_str_eq(few, "tensor(");
    ck_assert_uint_eq(tp_to_string(x, few, 1), strlen("tensor([1, 2])"));
    ck_assert_str_eq(few, "");
}
END_TEST

START_TEST(a_file_gets_the_text_and_a_newline)
{
    TP_SCOPE();
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(tp_fprint(out, tp_from_data((const float[]){ 1, 2 }, TP_F32, TP_SHAPE(2))), TP_OK);
    fclose(out);
    ck_assert_str_eq(text, "tensor([1., 2.])\n");
    free(text);
}
END_TEST

START_TEST(a_null_tensor_is_an_error)
{
    char out[4] = "abc";
    ck_assert_uint_eq(tp_to_string(NULL, out, sizeof out), 0);
    ck_assert_str_eq(out, "");
    ck_assert_str_eq(tp_last_error()->message, "to_string: the tensor is NULL");
    tp_clear_error();
    tp_print(NULL);
    ck_assert_str_eq(tp_last_error()->message, "print: the tensor is NULL");
    tp_clear_error();
    ck_assert_int_eq(tp_fprint(stderr, NULL), TP_ERR_ARGUMENT);
    ck_assert_str_eq(tp_last_error()->message, "fprint: the tensor is NULL");
    tp_clear_error();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("print");
    TCase *cases = tcase_create("print");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, fractions_and_whole_numbers_print_as_in_pytorch);
    tcase_add_test(cases, very_large_and_small_numbers_print_in_scientific_notation);
    tcase_add_test(cases, nan_and_infinity_take_the_format_of_the_others);
    tcase_add_test(cases, integers_and_bools_print_as_in_pytorch);
    tcase_add_test(cases, a_dtype_that_is_no_default_is_named);
    tcase_add_test(cases, long_rows_wrap_at_80_columns);
    tcase_add_test(cases, more_than_1000_elements_are_summarized);
    tcase_add_test(cases, empty_tensors_print_their_size);
    tcase_add_test(cases, what_takes_part_in_the_tape_says_so);
    tcase_add_test(cases, a_strided_view_prints_as_its_copy);
    tcase_add_test(cases, a_string_is_cut_off_as_by_snprintf);
    tcase_add_test(cases, a_file_gets_the_text_and_a_newline);
    tcase_add_test(cases, a_null_tensor_is_an_error);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
