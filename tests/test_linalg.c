/* test_linalg.c: what the registry walk does not see of products and square matrices: large ones, gradients of symmetric
 * matrices, messages. */
#include <check.h>
#include <math.h>

#include "expect.h"

#include <taper/taper.h>

/* [n, n], its diagonal far from zero */
static tp_tensor *regular(int64_t n, tp_dtype dtype)
{
    tp_tensor *i = tp_arange(0, (double)n, 1, .dtype = TP_I64);
    tp_tensor *eye = tp_to_dtype(tp_eq(tp_reshape(i, TP_SHAPE(n, 1)), i), dtype);
    return tp_add(tp_uniform(TP_SHAPE(n, n), -1, 1, .dtype = dtype), tp_mul(eye, 4 + sqrt((double)n)));
}

START_TEST(factors_of_large_matrices_give_the_matrix_back)
{
    TP_SCOPE();
    tp_manual_seed(3);
    const int64_t sizes[] = { 1, 2, 47, 48, 49, 150 };            /* around the width of a panel */
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const int64_t n = sizes[k];
        tp_tensor *a = regular(n, TP_F64), *b = tp_uniform(TP_SHAPE(n, 7), -1, 1, .dtype = TP_F64);
        ck_assert(tp_allclose(tp_matmul(a, tp_linalg_solve(a, b)), b, 1e-9, 1e-9));
        ck_assert(tp_allclose(tp_matmul(tp_linalg_inv(a), b), tp_linalg_solve(a, b), 1e-9, 1e-9));
        tp_tensor *s = tp_matmul(a, tp_transpose(a, 0, 1)), *l = tp_linalg_cholesky(s);
        ck_assert(tp_allclose(tp_matmul(l, tp_transpose(l, 0, 1)), s, 1e-9, 1e-9));
        ck_assert(tp_allclose(tp_matmul(l, tp_linalg_solve_triangular(l, b, false)), b, 1e-9, 1e-9));
        tp_tensor *log_det, *sign = tp_linalg_slogdet(s, &log_det);
        ck_assert_double_eq(tp_item(sign), 1);
        ck_assert_double_eq_tol(tp_item(log_det), 2 * tp_item(tp_sum(tp_log(tp_diagonal(l)))), 1e-8);
    }
    ck_assert(!tp_failed());
}
END_TEST

/* f(A) of a symmetric A = (X + X') / 2, so that differences in X are differences of symmetric matrices */
static tp_tensor *through_cholesky(void *arg, tp_tensor *const *in)
{
    (void)arg;
    tp_tensor *a = tp_mul(0.5, tp_add(in[0], tp_transpose(in[0], -1, -2)));
    return tp_linalg_cholesky(a);
}

START_TEST(norms_are_of_vectors_and_of_matrices)
{
    TP_SCOPE();
    tp_tensor *v = VECTOR(3, -4), *a = tp_reshape(VECTOR(1, -2, 3, 4, 5, -6), TP_SHAPE(2, 3));
    ck_values(tp_linalg_norm(v), 5);
    ck_values(tp_linalg_norm(v, .ord = 1), 7);
    ck_values(tp_linalg_norm(v, .ord = HUGE_VAL, .keepdim = true), 4);
    ck_values(tp_linalg_norm(a), sqrt(91));
    ck_values(tp_linalg_norm(a, .ord = 1), 9);
    ck_values(tp_linalg_norm(a, .ord = HUGE_VAL), 15);
    ck_values(tp_linalg_norm(a, .dims = TP_DIMS(1)), sqrt(14), sqrt(77));
    ck_values(tp_linalg_norm(a, .ord = 0, .dims = TP_DIMS(0)), 2, 2, 2);
    ck_values(tp_linalg_norm(a, .name = "fro"), sqrt(91));
    ck_values(tp_sub(tp_linalg_norm(a, .name = "nuc", .dims = TP_DIMS(0, 1)), tp_linalg_matrix_norm(a, "nuc")), 0);
    ck_assert_int_eq(tp_dtype_of(tp_linalg_norm(v, .dtype = TP_F64)), TP_F64);
    ck_assert_ptr_null(tp_linalg_norm(a, .ord = 2, .name = "fro"));
    ck_message("linalg_norm: it is of the order 2, or \"fro\", and not both");
    ck_assert_ptr_null(tp_linalg_norm(v, .name = "fro"));
    ck_error(TP_ERR_SHAPE, "linalg_norm: the norm of a matrix is of two dims of [2], which [0, 1] are not");
    ck_assert_ptr_null(tp_linalg_norm(a, .ord = 3));
    ck_error(TP_ERR_ARGUMENT, "no norm of matrices of the order 3");
}
END_TEST

static tp_tensor *turned(tp_tensor *z) { return tp_conj(tp_transpose(z, -1, -2)); }
/* f(A) of a Hermitian A */
static tp_tensor *through_complex_cholesky(void *arg, tp_tensor *const *in)
{
    (void)arg;
    return tp_linalg_cholesky(tp_mul(0.5, tp_add(in[0], turned(in[0]))));
}

START_TEST(complex_factors_give_the_matrix_back)
{
    TP_SCOPE();
    tp_manual_seed(5);
    for (int64_t n = 1; n < 6; n += 2) {
        tp_tensor *x = tp_randn(TP_SHAPE(2, n, n), .dtype = TP_C128), *b = tp_randn(TP_SHAPE(2, n, 3), .dtype = TP_C128);
        tp_tensor *a = tp_add(tp_matmul(x, turned(x)), tp_eye(n, n, .dtype = TP_F64)), *l = tp_linalg_cholesky(a);
        ck_fine();
        ck_assert(tp_allclose(tp_matmul(l, turned(l)), a, 1e-10, 1e-10));
        ck_assert(tp_allclose(tp_tril(l, 0), l, 0, 0));
        ck_assert(tp_item(tp_sum(tp_abs(tp_imag(tp_diagonal(l, .dim1 = -2, .dim2 = -1))))) == 0);
        ck_assert(tp_allclose(tp_matmul(a, tp_cholesky_solve(b, l, false)), b, 1e-9, 1e-9));
        ck_assert(tp_allclose(tp_cholesky_solve(b, turned(l), true), tp_linalg_solve(a, b), 1e-9, 1e-9));
        ck_assert(tp_allclose(tp_cholesky_inverse(l, false), tp_linalg_inv(a), 1e-9, 1e-9));
        ck_assert(tp_allclose(tp_matmul(l, tp_linalg_solve_triangular(l, b, false)), b, 1e-9, 1e-9));
        tp_tensor *logabs, *sign = tp_linalg_slogdet(x, &logabs), *det = tp_linalg_det(x);
        ck_assert(tp_allclose(tp_mul(sign, tp_exp(logabs)), det, 1e-10, 1e-10));
        ck_assert(tp_allclose(tp_abs(tp_linalg_det(tp_matmul(x, turned(x)))), tp_square(tp_abs(det)), 1e-9, 1e-9));
        ck_assert(tp_allclose(tp_linalg_det(l), tp_prod(tp_diagonal(l, .dim1 = -2, .dim2 = -1), .dim = -1), 1e-10, 1e-10));
        tp_tensor *row = turned(b), *unit = tp_add(tp_triu(x, 1), tp_eye(n, n, .dtype = TP_F64));
        ck_assert(tp_allclose(tp_matmul(tp_linalg_solve_triangular(x, row, true, .right = true, .unitriangular = true), unit), row, 1e-8, 1e-8));
        /* what lies beyond the triangle, and the imaginary parts of the diagonal, are not read */
        tp_tensor *more = tp_add(a, tp_triu(x, 1));
        tp_tensor *const unlike = tp_complex(tp_zeros(TP_SHAPE(n, n), .dtype = TP_F64), tp_eye(n, n, .dtype = TP_F64));
        ck_assert(tp_allclose(tp_linalg_cholesky(tp_add(more, unlike)), l, 1e-12, 1e-12));
    }
    tp_tensor *z = tp_randn(TP_SHAPE(3, 3), .dtype = TP_C128), *a = tp_add(tp_matmul(z, turned(z)), tp_eye(3, 3, .dtype = TP_F64));
    tp_requires_grad(a, true);
    ck_ok(tp_gradcheck(through_complex_cholesky, NULL, &a, 1));
    ck_ok(tp_gradgradcheck(through_complex_cholesky, NULL, &a, 1));
    ck_values(tp_view_as_real(tp_linalg_det(tp_zeros(TP_SHAPE(2, 2), .dtype = TP_C128))), 0, 0);
    ck_assert_ptr_null(tp_linalg_cholesky(tp_neg(tp_detach(a))));
    ck_error(TP_ERR_NUMERIC, "not positive definite");
}
END_TEST

START_TEST(what_is_symmetric_is_solved_by_its_factors_without_square_roots)
{
    for (int64_t n = 1; n < 9; n++) {
        TP_SCOPE();
        tp_manual_seed((uint64_t)n);
        tp_tensor *x = tp_randn(TP_SHAPE(n, n), .dtype = TP_F64), *y, *factors[2];
        x = tp_add(x, tp_transpose(x, 0, 1));
        if (n % 2 == 0) x = tp_sub(x, tp_diag(tp_diagonal(x), 0));             /* of such a diagonal nothing can be a pivot */
        tp_tensor *const b = tp_randn(TP_SHAPE(n, 3), .dtype = TP_F64);
        ck_assert_int_eq(tp_op_call("linalg_ldl_factor", &(tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = x }, 1, factors, 2, NULL), TP_OK);
        const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = factors[0] }, { .kind = TP_ARG_TENSOR, .value.tensor = factors[1] },
                                { .kind = TP_ARG_TENSOR, .value.tensor = b } };
        ck_assert_int_eq(tp_op_call("linalg_ldl_solve", args, 3, &y, 1, NULL), TP_OK);
        ck_assert(tp_allclose(tp_matmul(x, y), b, 1e-9, 1e-9));
    }
}
END_TEST

START_TEST(the_gradient_of_cholesky_is_that_of_a_symmetric_matrix)
{
    TP_SCOPE();
    tp_manual_seed(4);
    tp_tensor *x = tp_detach(regular(4, TP_F64));
    tp_requires_grad(x, true);
    ck_assert_int_eq(tp_gradcheck(through_cholesky, NULL, &x, 1), TP_OK);
}
END_TEST

START_TEST(a_singular_matrix_is_named)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_linalg_inv(tp_ones(TP_SHAPE(3, 3))));
    ck_error(TP_ERR_NUMERIC, "linalg_inv: the matrix is singular: pivot 1");
    tp_tensor *two = tp_cat(TP_TENSORS(tp_reshape(regular(2, TP_F32), TP_SHAPE(1, 2, 2)), tp_zeros(TP_SHAPE(1, 2, 2))), 0);
    ck_assert_ptr_null(tp_linalg_inv(two));
    ck_error(TP_ERR_NUMERIC, "linalg_inv: matrix 1 of the batch is singular: pivot 0");
    ck_assert_double_eq(tp_item(tp_linalg_det(tp_ones(TP_SHAPE(3, 3)))), 0);
    ck_assert_ptr_null(tp_linalg_cholesky(tp_neg(tp_ones(TP_SHAPE(1, 1)))));
    ck_error(TP_ERR_NUMERIC, "linalg_cholesky: the matrix is not positive definite: pivot 0");
    ck_assert_ptr_null(tp_linalg_det(tp_ones(TP_SHAPE(2, 3))));
    ck_error(TP_ERR_SHAPE, "linalg_det: the matrices of [2, 3] are not square");
}
END_TEST

/* As their real counterparts: -inf where A is singular, NaN where it is not finite, no number where a diagonal has zeros; and by a determinant
 * of 0 the gradient is 0, as PyTorch's. */
START_TEST(complex_matrices_that_are_singular_or_not_finite_have_results)
{
    TP_SCOPE();
    tp_tensor *re = tp_from_data((double[]){ 1, 1, 1, 1, 0, 2, 2, 0, NAN, 0, 0, 1, INFINITY, 0, 0, 1 }, TP_F64, TP_SHAPE(4, 2, 2)), *logabs;
    tp_tensor *z = tp_complex(re, tp_zeros_like(re)), *sign = tp_linalg_slogdet(z, &logabs), *det = tp_real(tp_linalg_det(z));
    ck_assert(tp_item(tp_select(logabs, 0, 0)) == -INFINITY);
    ck_values(tp_narrow(logabs, 0, 1, 1), 2 * log(2));
    ck_values(tp_view_as_real(tp_narrow(sign, 0, 0, 2)), 0, 0, -1, 0);
    ck_assert(tp_item(tp_select(det, 0, 0)) == 0 && fabs(tp_item(tp_select(det, 0, 1)) + 4) < 1e-14);
    for (int k = 2; k < 4; k++) ck_assert(isnan(tp_item(tp_select(logabs, 0, k))) && isnan(tp_item(tp_select(det, 0, k))));
    ck_assert(tp_item(tp_real(tp_logdet(tp_select(z, 0, 0)))) == -INFINITY);

    tp_tensor *flat = tp_clone(tp_narrow(z, 0, 0, 1)), *plain = tp_clone(tp_narrow(re, 0, 0, 2));
    ck_ok(tp_requires_grad(flat, true));
    ck_ok(tp_requires_grad(plain, true));
    ck_ok(tp_backward(tp_sum(tp_real(tp_linalg_det(flat)))));
    ck_ok(tp_backward(tp_sum(tp_linalg_det(plain))));
    ck_values(tp_view_as_real(tp_grad_of(flat)), 0, 0, 0, 0, 0, 0, 0, 0);
    ck_values(tp_grad_of(plain), 0, 0, 0, 0, 0, -2, -2, 0);

    /* e^80 in complex64: a logarithm rounded to float32 would be 4e-6 off */
    const double most = exp(40);
    tp_tensor *large = tp_to_dtype(tp_complex(tp_mul(tp_eye(2, 2, .dtype = TP_F64), most), tp_zeros(TP_SHAPE(2, 2), .dtype = TP_F64)), TP_C64);
    ck_assert(fabs(tp_item(tp_real(tp_linalg_det(large))) / (most * most) - 1) < 3e-7);

    tp_tensor *odd = tp_complex(tp_eye(2, 2, .dtype = TP_F64), tp_from_data((double[]){ NAN, 0, 0, INFINITY }, TP_F64, TP_SHAPE(2, 2)));
    ck_values(tp_view_as_real(tp_linalg_cholesky(odd)), 1, 0, 0, 0, 0, 0, 1, 0);

    tp_tensor *l = tp_complex(tp_from_data((double[]){ 0, NAN, 1, 2 }, TP_F64, TP_SHAPE(2, 2)), tp_zeros(TP_SHAPE(2, 2), .dtype = TP_F64));
    tp_tensor *x = tp_real(tp_linalg_solve_triangular(l, tp_narrow(z, 0, 1, 1), false));
    ck_assert_ptr_null(tp_linalg_solve_triangular(l, re, false));
    ck_error(TP_ERR_DTYPE, "linalg_solve_triangular: A is complex128, B float64");
    ck_assert_ptr_null(tp_linalg_solve_triangular(l, tp_narrow(z, 1, 0, 1), false));
    ck_error(TP_ERR_SHAPE, "linalg_solve_triangular: the rows of [2, 2] and [4, 1, 2] do not fit");
    ck_assert_ptr_null(tp_cholesky_solve(re, l, false));
    ck_error(TP_ERR_DTYPE, "cholesky_solve: A is complex128, B float64");
    ck_assert_ptr_null(tp_logsumexp(tp_reshape(tp_narrow(tp_reshape(z, TP_SHAPE(16)), 0, 0, 1), ((tp_shape){ 0 })), .dims = TP_DIMS(1)));
    ck_error(TP_ERR_SHAPE, "logsumexp: dim 1 is out of range for []");
    ck_assert(!isfinite(tp_item(tp_select(tp_reshape(x, TP_SHAPE(4)), 0, 1))));
    ck_values(tp_real(tp_linalg_solve_triangular(tp_narrow(tp_narrow(l, 0, 1, 1), 1, 1, 1), tp_narrow(tp_select(z, 0, 1), 0, 0, 1), true)), 0, 1);
    ck_fine();
}
END_TEST

/* A number for each matrix: those that fail tell where, and are NaN, beside those that do not */
START_TEST(infos_tell_which_of_a_batch_fail)
{
    TP_SCOPE();
    tp_tensor *out[2], *a = tp_from_data((double[]){ 2, 0, 0, 4, 1, 1, 1, 1, 0, 0, 0, 1 }, TP_F64, TP_SHAPE(3, 2, 2));
    tp_tensor *b = tp_ones(TP_SHAPE(3, 2, 1), .dtype = TP_F64);
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = a }, { .kind = TP_ARG_TENSOR, .value.tensor = b } };
    ck_assert_int_eq(tp_op_call("linalg_solve_ex", args, 2, out, 2, NULL), TP_OK);
    ck_values(tp_select(out[0], 0, 0), 0.5, 0.25);
    ck_assert(isnan(tp_item(tp_select(tp_reshape(out[0], TP_SHAPE(6)), 0, 2))) && isnan(tp_item(tp_select(tp_reshape(out[0], TP_SHAPE(6)), 0, 5))));
    ck_values(out[1], 0, 2, 1);
    ck_assert_int_eq(tp_op_call("linalg_inv_ex", args, 1, out, 2, NULL), TP_OK);
    ck_values(tp_select(out[0], 0, 0), 0.5, 0, 0, 0.25);
    ck_values(out[1], 0, 2, 1);
    ck_assert_int_eq(tp_op_call("linalg_cholesky_ex", args, 1, out, 2, NULL), TP_OK);
    ck_values(tp_select(out[0], 0, 0), sqrt(2), 0, 0, 2);
    ck_values(out[1], 0, 2, 1);
    const tp_arg vector[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_select(a, 0, 1) },
                              { .kind = TP_ARG_TENSOR, .value.tensor = tp_select(tp_select(b, 0, 0), 1, 0) },
                              { .name = "check_errors", .kind = TP_ARG_BOOL, .value.boolean = true } };
    ck_assert_int_eq(tp_op_call("linalg_solve_ex", vector, 2, out, 2, NULL), TP_OK);
    ck_assert(tp_ndim(out[0]) == 1 && isnan(tp_item(tp_select(out[0], 0, 0))));
    ck_values(out[1], 2);
    ck_assert_int_eq(tp_op_call("linalg_solve_ex", vector, 3, out, 2, NULL), TP_ERR_NUMERIC);
    tp_clear_error();
}
END_TEST

START_TEST(matrices_without_elements_have_norms)
{
    TP_SCOPE();
    const double orders[] = { 1, 2, INFINITY };
    for (int i = 0; i < 3; i++) {
        tp_tensor *y;
        const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_zeros(TP_SHAPE(0, 0)) }, { .kind = TP_ARG_FLOAT, .value.real = orders[i] } };
        ck_assert_int_eq(tp_op_call("linalg_norm", args, 2, &y, 1, NULL), TP_OK);
        ck_values(y, 0);
        const tp_arg least[] = { args[0], { .kind = TP_ARG_FLOAT, .value.real = -orders[i] } };
        ck_assert_int_ne(tp_op_call("linalg_norm", least, 2, &y, 1, NULL), TP_OK);
        tp_clear_error();
    }
    tp_tensor *y;
    const tp_arg number[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_select(tp_ones(TP_SHAPE(1)), 0, 0) }, { .kind = TP_ARG_INT, .value.integer = 2 } };
    ck_assert_int_ne(tp_op_call("linalg_norm", number, 2, &y, 1, NULL), TP_OK);
    ck_message("linalg_norm: with an order and no dims [] must have 1 or 2 dims");
}
END_TEST

START_TEST(equations_that_cannot_be_read_are_refused)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    ck_assert_ptr_null(tp_einsum("ij,jk->ik", TP_TENSORS(x)));
    ck_error(TP_ERR_ARGUMENT, "einsum: more subscripts than operands in \"ij,jk->ik\"");
    ck_assert_ptr_null(tp_einsum("ijk->i", TP_TENSORS(x)));
    ck_error(TP_ERR_SHAPE, "einsum: operand 0, [2, 3], has 2 dims, 3 are named");
    ck_assert_ptr_null(tp_einsum("ij->ik", TP_TENSORS(x)));
    ck_error(TP_ERR_ARGUMENT, "einsum: a letter in the result that no operand has in \"ij->ik\"");
    ck_assert_ptr_null(tp_einsum("ij,ij->", TP_TENSORS(x, tp_ones(TP_SHAPE(2, 4)))));
    ck_error(TP_ERR_SHAPE, "einsum: the sizes 3 and 4 of 'j' do not broadcast");
}
END_TEST

START_TEST(factors_are_whole_whatever_the_rank_and_the_range)
{
    TP_SCOPE();
    tp_tensor *s = NULL, *v = NULL, *u = tp_linalg_svd(tp_ones(TP_SHAPE(3, 3)), &s, &v);
    ck_values(s, 3, 0, 0);
    ck_values(tp_matmul(tp_t(u), u), 1, 0, 0, 0, 1, 0, 0, 0, 1);
    ck_values(tp_matmul(v, tp_t(v)), 1, 0, 0, 0, 1, 0, 0, 0, 1);
    u = tp_linalg_svd(tp_zeros(TP_SHAPE(2, 3)), &s, &v);
    ck_values(tp_matmul(v, tp_t(v)), 1, 0, 0, 1);
    tp_tensor *large = tp_from_data((double[]){ 0, 1e200, 1e200, 0 }, TP_F64, TP_SHAPE(2, 2)), *small = tp_mul(large, 1e-300);
    ck_values(tp_mul(tp_linalg_eigvalsh(large), 1e-200), -1, 1);
    ck_values(tp_mul(tp_linalg_svdvals(tp_mul(small, 1e-70)), 1e170), 1, 1);
    ck_assert(isnan(tp_item(tp_sum(tp_linalg_eigvalsh(tp_from_data((double[]){ 1, NAN, NAN, 2 }, TP_F64, TP_SHAPE(2, 2)))))));
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("linalg");
    TCase *t = tcase_create("linalg");
    tcase_add_test(t, factors_of_large_matrices_give_the_matrix_back);
    tcase_add_test(t, what_is_symmetric_is_solved_by_its_factors_without_square_roots);
    tcase_add_test(t, norms_are_of_vectors_and_of_matrices);
    tcase_add_test(t, complex_factors_give_the_matrix_back);
    tcase_add_test(t, the_gradient_of_cholesky_is_that_of_a_symmetric_matrix);
    tcase_add_test(t, a_singular_matrix_is_named);
    tcase_add_test(t, complex_matrices_that_are_singular_or_not_finite_have_results);
    tcase_add_test(t, infos_tell_which_of_a_batch_fail);
    tcase_add_test(t, matrices_without_elements_have_norms);
    tcase_add_test(t, equations_that_cannot_be_read_are_refused);
    tcase_add_test(t, factors_are_whole_whatever_the_rank_and_the_range);
    suite_add_tcase(s, t);
    return run_suite(s);
}
