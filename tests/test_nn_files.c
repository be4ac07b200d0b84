/* test_nn_files.c: modules saved and loaded. */
#include "folder.h"
#include "nn.h"

static char path[256];

static void begin(void)
{
    make_folder();
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
}

static void save_tensors(const tp_named_tensor *entries, int64_t n)
{
    ck_assert_int_eq(tp_safetensors_save(path, entries, n, NULL, 0), TP_OK);
}

START_TEST(what_is_saved_loads_back_bit_for_bit)
{
    TP_SCOPE();
    Net *a = net_new(5), *b = net_new(5);
    tp_fill_(a->steps, 42);
    tp_tensor *x = tp_randn(TP_SHAPE(4, 6)), *handle = tp_module_tensor(b, "head.weight");
    ck_assert(!tp_equal(tp_forward(a, x), tp_forward(b, x)));
    ck_assert_int_eq(tp_module_save(a, path), TP_OK);
    ck_assert_int_eq(tp_module_load(b, path), TP_OK);
    const tp_entry_list from = tp_state_dict(a), to = tp_state_dict(b);
    for (int64_t i = 0; i < from.n; i++) ck_assert(tp_equal(from.at[i].tensor, to.at[i].tensor));
    ck_assert(tp_equal(tp_forward(a, x), tp_forward(b, x)));
    ck_assert(tp_item(tp_select(b->steps, 0, 1)) == 42);
    ck_assert_ptr_eq(tp_module_tensor(b, "head.weight"), handle);
    ck_assert(tp_needs_grad(handle) && tp_is_leaf(handle));
    tp_module_to_dtype(b, TP_F64);                               /* values are cast to what the module has */
    ck_assert_int_eq(tp_module_load(b, path), TP_OK);
    ck_assert_int_eq(tp_dtype_of(handle), TP_F64);
    tp_free_all(a, b);
}
END_TEST

START_TEST(a_file_that_does_not_fit_is_told_in_full_and_changes_nothing)
{
    TP_SCOPE();
    tp_module *m = tp_sequential(tp_nn_linear(2, 3), tp_nn_linear(3, 2, .bias = false));
    tp_tensor *w = tp_module_tensor(m, "0.weight"), *was = tp_clone(tp_detach(w));
    const tp_named_tensor entries[] = { { "0.weight", tp_zeros(TP_SHAPE(3, 2)) }, { "1.weight", tp_zeros(TP_SHAPE(3, 2)) },
                                        { "2.weight", tp_zeros(TP_SHAPE(1)) } };
    save_tensors(entries, 3);
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_SHAPE);
    ck_message("module_load: m.safetensors does not fit Sequential: 1 missing (0.bias), 1 unexpected (2.weight), "
                      "1 of another shape (1.weight [3, 2] for [2, 3])");
    ck_assert(tp_equal(w, was));
    ck_assert_int_eq(tp_module_load(m, path, .strict = false), TP_ERR_SHAPE);
    tp_clear_error();
    ck_assert(tp_equal(w, was));

    save_tensors(entries, 1);
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_ARGUMENT);
    ck_message("module_load: m.safetensors does not fit Sequential: 2 missing (0.bias, 1.weight), 0 unexpected, 0 of another shape");
    ck_assert(tp_equal(w, was));
    ck_assert_int_eq(tp_module_load(m, path, .strict = false), TP_OK);
    ck_assert(tp_item(tp_sum(tp_mul(w, w))) == 0);
    ck_assert_int_ne(tp_module_load(m, "/nonexistent/file"), TP_OK);
    tp_clear_error();
    tp_module_free(m);
}
END_TEST

START_TEST(many_misfits_are_counted_and_the_first_are_named)
{
    TP_SCOPE();
    tp_module *m = lenet();
    const tp_named_tensor entry = { "a.name.that.is.rather.long", tp_zeros(TP_SHAPE(3, 2)) };
    save_tensors(&entry, 1);
    ck_assert_int_eq(tp_module_load(m, path), TP_ERR_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "9 missing (0.weight, 0.bias, 3.weight"));
    ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "1 unexpected (a.name.that.is.rather.long), 0 of another shape"));
    tp_clear_error();
    tp_module_free(m);
}
END_TEST

START_TEST(a_tied_tensor_is_found_under_either_of_its_names)
{
    TP_SCOPE();
    Net *m = tp_module_new(Net, NULL);
    tp_tensor *w = tp_ones(TP_SHAPE(2));
    tp_add_parameter(m, "a", w);
    tp_add_parameter(m, "b", w);
    m = tp_module_done(m);
    ck_assert_int_eq(tp_module_save(m, path), TP_OK);
    ck_assert_int_eq(tp_module_load(m, path), TP_OK);
    const tp_named_tensor entry = { "b", tp_full(TP_SHAPE(2), 7.0) };
    save_tensors(&entry, 1);
    ck_assert_int_eq(tp_module_load(m, path), TP_OK);
    ck_assert(tp_item(tp_sum(w)) == 14);
    tp_module_free(m);
}
END_TEST

START_TEST(an_allocation_that_fails_anywhere_in_save_and_load_changes_nothing)
{
    warm_up();
    TP_SCOPE();
    Net *a = net_new(5), *b = net_new(5);
    tp_tensor *w = tp_module_tensor(b, "head.weight"), *was = tp_clone(tp_detach(w));
    ck_assert_int_eq(tp_module_save(a, path), TP_OK);
    tp_mem_pools(false);
    int64_t n = 0;
    for (bool good = false; !good; n++) {
        ck_assert_int_lt(n, 10000);
        const int64_t before = in_use();
        tp_mem_fail_at(n + 1, false);
        good = tp_module_save(a, path) == TP_OK && tp_module_load(b, path) == TP_OK;
        tp_mem_fail_at(0, false);
        ck_assert(good || (tp_failed() && tp_last_error()->code == TP_ERR_MEMORY));
        tp_clear_error();
        ck_assert_msg(good || tp_equal(w, was), "point %lld changed the module", (long long)n);
        ck_assert(n == 0 || good || in_use() <= before + 1024);
    }
    ck_assert(tp_equal(w, tp_module_tensor(a, "head.weight")));
    printf("%lld points of failure in save and load\n", (long long)n - 1);
    tp_mem_pools(true);
    tp_free_all(a, b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_files");
    TCase *one = tcase_create("nn_files");
    tcase_set_timeout(one, 120);
    tcase_add_checked_fixture(one, begin, remove_folder);
    tcase_add_test(one, what_is_saved_loads_back_bit_for_bit);
    tcase_add_test(one, a_file_that_does_not_fit_is_told_in_full_and_changes_nothing);
    tcase_add_test(one, many_misfits_are_counted_and_the_first_are_named);
    tcase_add_test(one, a_tied_tensor_is_found_under_either_of_its_names);
    tcase_add_test(one, an_allocation_that_fails_anywhere_in_save_and_load_changes_nothing);
    suite_add_tcase(s, one);
    return run_suite(s);
}
