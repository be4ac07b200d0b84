/* test_eig.c: eigenvalues of matrices that need not be symmetric: what they are of large, defective and badly scaled ones, gradients, messages. */
#include "expect.h"

#define VECTOR64(...) tp_from_data((double[]){ __VA_ARGS__ }, TP_F64, TP_SHAPE(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)))
static tp_tensor *square(int64_t n, const double *v) { return tp_from_data(v, TP_F64, TP_SHAPE(n, n)); }

/* The greatest |A V - V diag(w)| relative to the greatest |A|; vectors have length 1. */
static double residual(tp_tensor *a)
{
    tp_tensor *v, *w = tp_linalg_eig(a, &v), *c = tp_to_dtype(a, tp_is_complex(a) ? tp_dtype_of(a) : TP_C128);
    ck_assert_msg(w && v, "%s", tp_last_error() ? tp_last_error()->message : "no error");
    tp_tensor *length = tp_linalg_vector_norm(v, .dims = TP_DIMS(-2)), *left = tp_sub(tp_matmul(c, v), tp_mul(v, tp_unsqueeze(w, -2)));
    ck_assert(tp_allclose(length, tp_ones_like(length), 1e-12, 1e-12));
    tp_tensor *alone = tp_linalg_eigvals(a);
    ck_assert_double_le(tp_item(tp_max(tp_reshape(tp_abs(tp_sub(alone, w)), TP_SHAPE(-1)))), 1e-9 * (1 + tp_item(tp_max(tp_reshape(tp_abs(a), TP_SHAPE(-1))))));
    return tp_item(tp_max(tp_reshape(tp_abs(left), TP_SHAPE(-1)))) / tp_item(tp_max(tp_reshape(tp_abs(a), TP_SHAPE(-1))));
}

START_TEST(vectors_are_only_stretched)
{
    const int64_t sizes[] = { 1, 2, 3, 4, 7, 20, 64 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        TP_SCOPE();
        tp_manual_seed(i);
        tp_tensor *x = tp_randn(TP_SHAPE(2, sizes[i], sizes[i]), .dtype = TP_F64), *t = tp_transpose(x, -1, -2);
        ck_assert_double_le(residual(x), 1e-13 * (double)(10 + sizes[i]));
        ck_assert_double_le(residual(tp_add(x, t)), 1e-13 * (double)(10 + sizes[i]));
        ck_assert_double_le(residual(tp_complex(x, tp_randn(tp_shape_of(x), .dtype = TP_F64))), 1e-13 * (double)(10 + sizes[i]));
        if (sizes[i] > 1) ck_assert_double_le(residual(tp_sub(x, t)), 1e-13 * (double)(10 + sizes[i]));
        ck_assert_double_le(residual(t), 1e-13 * (double)(10 + sizes[i]));         /* not contiguous */
    }
    ck_fine();
}
END_TEST

START_TEST(eigenvalues_of_a_real_matrix_are_real_or_come_in_pairs)
{
    TP_SCOPE();
    tp_manual_seed(5);
    tp_tensor *w = tp_linalg_eigvals(tp_randn(TP_SHAPE(31, 31), .dtype = TP_F64)), *re = tp_real(w), *im = tp_imag(w);
    int pairs = 0;
    for (int64_t i = 0; i < 31; i++) {
        if (tp__element(im, i) == 0) continue;
        ck_assert_double_gt(tp__element(im, i), 0);    /* the upper one first, the other conjugate to the last bit */
        ck_assert_double_eq(tp__element(re, i + 1), tp__element(re, i));
        ck_assert_double_eq(tp__element(im, i + 1), -tp__element(im, i));
        pairs++, i++;
    }
    ck_assert_int_gt(pairs, 5);
    ck_values(tp_view_as_real(tp_linalg_eigvals(square(2, (double[]){ 0, -2, 2, 0 }))), 0, 2, 0, -2);
    ck_values(tp_view_as_real(tp_linalg_eigvals(square(2, (double[]){ 2, 1, 0, 3 }))), 2, 0, 3, 0);
    ck_assert_int_eq(tp_dtype_of(tp_linalg_eigvals(tp_ones(TP_SHAPE(2, 2)))), TP_C64);
    ck_assert_int_eq(tp_numel(tp_linalg_eigvals(tp_ones(TP_SHAPE(3, 0, 0)))), 0);
    ck_fine();
}
END_TEST

START_TEST(defective_and_badly_scaled_matrices_have_eigenvalues)
{
    TP_SCOPE();
    tp_manual_seed(7);
    tp_tensor *jordan = tp_add(tp_mul(tp_eye(6, TP_NONE, .dtype = TP_F64), 2), tp_diag_embed(tp_ones(TP_SHAPE(5), .dtype = TP_F64), .offset = 1));
    tp_tensor *cycle = tp_roll(tp_eye(8, TP_NONE, .dtype = TP_F64), TP_SHAPE(1), TP_DIMS(0)), *x = tp_randn(TP_SHAPE(9, 9), .dtype = TP_F64);
    /* alike: the same values */
    tp_tensor *scale = tp_pow(2, tp_arange(-40, 50, 10, .dtype = TP_F64)), *uneven = tp_div(tp_mul(x, scale), tp_unsqueeze(scale, -1));
    ck_assert_double_le(residual(jordan), 1e-14);
    ck_assert_double_le(residual(cycle), 1e-14);       /* on a circle: the unshifted step does not converge */
    ck_assert_double_le(residual(tp_complex(cycle, tp_mul(cycle, 0.5))), 1e-13);
    tp_tensor *w = tp_linalg_eigvals(uneven), *plain = tp_linalg_eigvals(x);
    ck_assert(tp_allclose(tp_msort(tp_real(w)), tp_msort(tp_real(plain)), 1e-9, 1e-10));
    ck_assert_double_le(residual(tp_mul(x, 1e200)), 1e-12);
    ck_assert_double_le(residual(tp_mul(x, 1e-200)), 1e-12);
    ck_values(tp_abs(tp_linalg_eigvals(tp_zeros(TP_SHAPE(3, 3)))), 0, 0, 0);
    ck_values(tp_real(tp_linalg_eigvals(tp_tril(tp_ones(TP_SHAPE(3, 3)), 0))), 1, 1, 1);
    ck_fine();
}
END_TEST

/* Scales that make rows and columns alike would leave float64 themselves. */
START_TEST(vectors_of_the_worst_scaled_matrices_are_numbers)
{
    TP_SCOPE();
    static const double of[25] = { 1, 0, 0, 0, 0x1p-1074, 0, -0.43, 0, 0x1p-969, 0.23, -1, -0.098, 0, 0x1p412, 0x1p768, 0, 0x1p-1074, -0.433, 0x1p739, 0,
                                   0x1.8p997, 0x1p-786, 0, 0, 0x1.6p-997 };
    tp_tensor *v, *w = tp_linalg_eig(tp_from_data(of, TP_F64, TP_SHAPE(5, 5)), &v);
    ck_assert(tp_item_i64(tp_all(tp_isfinite(w))) && tp_item_i64(tp_all(tp_isfinite(v))));
    ck_fine();
}
END_TEST

static tp_tensor *least_three(tp_tensor *w) { return tp_narrow(tp_msort(tp_real(w)), 0, 0, 3); }
/* What rows and columns of like size, powers of 2, or shifts from one end alone do not bring about; PyTorch's, and to 1e-12 */
START_TEST(the_least_and_the_greatest_elements_count)
{
    TP_SCOPE();
    tp_tensor *far = square(3, (double[]){ 0.676911749925248274, -1.26113877782466833e+128, 3.93324824973702966e-63, -1.70311899466564135e-128,
        0.877165906432851306, -4.05749107772377350e-190, -1.30725257780342564e+61, 3.08573827832614369e+188, -0.865818379871825083 });
    ck_assert(tp_allclose(tp_msort(tp_real(tp_linalg_eigvals(far))), VECTOR64(-1.1183263189133417, -0.32902985183540656, 2.1356154472350220), 1e-12, 0));
    tp_tensor *alone = square(3, (double[]){ 4, 1, 0, 2, 3, 1, 0, 1, 5 }), *small = tp_mul(alone, 0x1p-600), *v;
    tp_tensor *want = tp_mul(least_three(tp_linalg_eigvals(alone)), 0x1p-600);
    tp_tensor *apart = tp_block_diag(TP_TENSORS(small, square(1, (double[]){ 1 })));      /* squares of these are 0, and none is negligible */
    ck_assert(tp_allclose(least_three(tp_linalg_eigvals(apart)), want, 1e-12, 0));
    ck_assert(tp_allclose(least_three(tp_linalg_eig(tp_complex(apart, tp_zeros_like(apart)), &v)), want, 1e-12, 0));
    const double above[] = { -1, 0, 0, 0, 1, 0, 0, 1, 0, -1, 1 };
    tp_tensor *band = tp_add(tp_diag_embed(tp_ones(TP_SHAPE(11), .dtype = TP_F64), .offset = -1),
                             tp_diag_embed(tp_from_data(above, TP_F64, TP_SHAPE(11)), .offset = 1));
    ck_assert_double_le(residual(band), 1e-13);
    ck_fine();
}
END_TEST

START_TEST(too_few_steps_are_an_error)
{
    TP_SCOPE();
    tp_manual_seed(9);
    tp_tensor *x = tp_stack(TP_TENSORS(tp_eye(6, TP_NONE, .dtype = TP_F64), tp_randn(TP_SHAPE(6, 6), .dtype = TP_F64)), 0), *v;
    setenv("TAPER_EIG_STEPS", "2", 1);
    ck_assert_ptr_null(tp_linalg_eigvals(x));
    ck_message("linalg_eigvals: the eigenvalues of matrix 1 were not found");
    ck_assert_ptr_null(tp_linalg_eig(tp_complex(x, x), &v));
    ck_message("linalg_eig: the eigenvalues of matrix 1 were not found");
    ck_assert_ptr_null(v);
    unsetenv("TAPER_EIG_STEPS");
    ck_assert_ptr_nonnull(tp_linalg_eig(x, &v));
    ck_fine();
}
END_TEST

/* ---- Gradients ---------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *magnitudes(void *arg, tp_tensor *const *x)           /* which no phase changes */
{
    tp_tensor *v, *w = tp_linalg_eig(x[0], &v);
    return arg ? tp_add(tp_sum(tp_pow(tp_abs(v), 3)), tp_sum(tp_square(tp_imag(w)))) : tp_pow(tp_abs(v), 3);
}
static tp_tensor *values(void *arg, tp_tensor *const *x)
{
    (void)arg;
    return tp_view_as_real(tp_contiguous(tp_linalg_eigvals(x[0])));
}

START_TEST(gradients_are_those_of_differences_and_pytorchs)
{
    TP_SCOPE();
    tp_tensor *x = square(3, (double[]){ 2, 1, 0.3, -1, 2, 0.4, 0.1, 0, -1 }), *z = tp_complex(x, tp_mul(tp_t(x), 0.3)), *two[] = { x, z };
    for (int i = 0; i < 2; i++) {
        tp_tensor *in = two[i] = tp_detach(tp_clone(two[i]));
        ck_ok(tp_requires_grad(in, true));
        ck_ok(tp_gradcheck(values, NULL, &in, 1));
        ck_ok(tp_gradcheck(magnitudes, NULL, &in, 1));
        ck_ok(tp_gradgradcheck(values, NULL, &in, 1));
        ck_ok(tp_gradgradcheck(magnitudes, &in, &in, 1));
    }
    tp_tensor *w = tp_linalg_eigvals(two[0]);
    ck_ok(tp_backward(tp_add(tp_sum(tp_real(w)), tp_sum(tp_square(tp_imag(w))))));
    ck_values(tp_grad_of(two[0]), 0.995989571, 1.973013669, -0.019791227, -1.997001525, 1.013980464, -0.059969642, -0.299252248, 0.100744017, 0.990029965);
    tp_tensor *v, *again = tp_detach(tp_clone(two[0]));
    ck_ok(tp_requires_grad(again, true));
    ck_assert_ptr_nonnull(tp_linalg_eig(again, &v));
    ck_ok(tp_backward(tp_sum(tp_pow(tp_abs(v), 3))));
    ck_values(tp_grad_of(again), 0.004078637, 0.013292897, -0.075512657, 0.006528022, 0.014444216, -0.094313956, -0.019540569, 0.003113092, -0.018522854);
    ck_fine();
}
END_TEST

START_TEST(what_has_no_eigenvalues_or_no_gradient_is_said)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_linalg_eigvals(tp_ones(TP_SHAPE(2, 3))));
    ck_error(TP_ERR_SHAPE, "linalg_eigvals: the matrices of [2, 3] are not square");
    ck_assert_ptr_null(tp_linalg_eig(tp_ones(TP_SHAPE(2, 2), .dtype = TP_F16), NULL));
    ck_error(TP_ERR_DTYPE, "linalg_eig: takes float32 and float64, not float16");
    ck_assert_ptr_null(tp_linalg_eig(square(2, (double[]){ 1, NAN, 0, 1 }), NULL));
    ck_message("linalg_eig: matrix 0 has elements that are not finite");
    tp_tensor *x = square(2, (double[]){ 1, -2, 2, 1.5 }), *v;
    ck_ok(tp_requires_grad(x, true));
    ck_assert_ptr_nonnull(tp_linalg_eig(x, &v));
    ck_assert_int_eq(tp_backward(tp_sum(tp_imag(v))), TP_ERR_NUMERIC);
    ck_error(TP_ERR_NUMERIC, "linalg_eig: the loss changes");
}
END_TEST

START_TEST(complex_systems_are_solved_from_either_side)
{
    TP_SCOPE();
    tp_manual_seed(11);
    tp_tensor *a = tp_randn(TP_SHAPE(2, 4, 4), .dtype = TP_C128), *b = tp_randn(TP_SHAPE(2, 4, 3), .dtype = TP_C128),
              *row = tp_randn(TP_SHAPE(2, 4), .dtype = TP_C128), *y;
    ck_assert(tp_allclose(tp_view_as_real(tp_matmul(a, tp_linalg_solve(a, b))), tp_view_as_real(b), 1e-9, 1e-9));
    ck_assert(tp_allclose(tp_view_as_real(tp_matmul(a, tp_unsqueeze(tp_linalg_solve(a, row), -1))), tp_view_as_real(tp_unsqueeze(row, -1)), 1e-9, 1e-9));
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = a }, { .kind = TP_ARG_TENSOR, .value.tensor = tp_contiguous(tp_transpose(b, -1, -2)) },
                            { .name = "left", .kind = TP_ARG_BOOL, .value.boolean = false } };
    ck_ok(tp_op_call("linalg_solve", args, 3, &y, 1, NULL));
    ck_assert(tp_allclose(tp_view_as_real(tp_contiguous(tp_matmul(y, a))), tp_view_as_real(args[1].value.tensor), 1e-9, 1e-9));
    ck_assert_ptr_null(tp_linalg_solve(a, tp_randn(TP_SHAPE(2, 5, 3), .dtype = TP_C128)));
    ck_error(TP_ERR_SHAPE, "they do not fit");
    ck_assert_ptr_null(tp_linalg_solve(a, tp_real(b)));
    ck_error(TP_ERR_DTYPE, "A is complex128, B float64");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eig");
    TCase *t = tcase_create("eig");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, vectors_are_only_stretched);
    tcase_add_test(t, eigenvalues_of_a_real_matrix_are_real_or_come_in_pairs);
    tcase_add_test(t, defective_and_badly_scaled_matrices_have_eigenvalues);
    tcase_add_test(t, vectors_of_the_worst_scaled_matrices_are_numbers);
    tcase_add_test(t, the_least_and_the_greatest_elements_count);
    tcase_add_test(t, too_few_steps_are_an_error);
    tcase_add_test(t, gradients_are_those_of_differences_and_pytorchs);
    tcase_add_test(t, what_has_no_eigenvalues_or_no_gradient_is_said);
    tcase_add_test(t, complex_systems_are_solved_from_either_side);
    suite_add_tcase(s, t);
    return run_suite(s);
}
