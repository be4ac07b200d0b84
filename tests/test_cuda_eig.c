/* tests/test_cuda_eig.c: eigenvalues of matrices that need not be symmetric, on the device: the CPU's values and vectors to the
 * bit, of matrices of a warp and of a block, defective and badly scaled ones too, and errors of the call itself. Under each order of threads. */
#include "cuda_agree.h"

static void begin(int order) { cuda_order(order, 17); }

static void same(tp_tensor *got, tp_tensor *want, const char *what)
{
    ck_assert_msg(got && want, "%s: %s", what, tp_last_error() ? tp_last_error()->message : "nothing");
    ck_assert_msg(tp_dtype_of(got) == tp_dtype_of(want), "%s: dtype", what);
    close_to(tp_view_as_real(tp_contiguous(got)), tp_view_as_real(tp_contiguous(want)), 0, what);
}

/* |a v - v w| within tol of |a|, |v| = 1, and all is as on the CPU. */
static void ck_eig(tp_tensor *a, double tol, const char *what)
{
    TP_SCOPE();
    tp_tensor *there = tp_to(a, DEVICE), *v, *here_v, *w = tp_linalg_eig(there, &v), *here = tp_linalg_eig(a, &here_v);
    same(w, here, what);
    same(v, here_v, what);
    same(tp_linalg_eigvals(there), tp_linalg_eigvals(a), what);
    w = tp_to(w, TP_CPU), v = tp_to(v, TP_CPU);
    tp_tensor *c = tp_is_complex(a) ? a : tp_to_dtype(a, tp_dtype_of(w)), *left = tp_sub(tp_matmul(c, v), tp_mul(v, tp_unsqueeze(w, -2)));
    ck_assert_msg(tp_item(tp_max(tp_flatten(tp_abs(left), 0, -1))) <= tol * tp_item(tp_max(tp_flatten(tp_abs(a), 0, -1))), "%s: a v is not v w", what);
    tp_tensor *length = tp_linalg_vector_norm(v, .dims = TP_DIMS(-2));
    ck_assert_msg(tp_allclose(length, tp_ones_like(length), tol, tol), "%s: lengths", what);
}

START_TEST(values_and_vectors_agree)
{
    static const int64_t sizes[] = { 1, 2, 3, 4, 7, 32, 33, 20 };
    begin(_i);
    for (size_t k = 0; k < (_i ? 7 : 8); k++) {
        TP_SCOPE();
        tp_manual_seed(k);
        const int64_t n = sizes[k];
        const tp_shape shape = TP_SHAPE(n > 20 ? 1 : 3, n, n);
        tp_tensor *x = tp_randn(shape, .dtype = TP_F64), *t = tp_transpose(x, -1, -2), *z = tp_complex(x, tp_randn(shape, .dtype = TP_F64));
        ck_eig(x, 1e-11, "float64");
        ck_eig(z, 1e-11, "complex128");
        ck_eig(tp_to_dtype(x, TP_F32), 1e-5, "float32");
        ck_eig(tp_to_dtype(z, TP_C64), 1e-5, "complex64");
        ck_eig(t, 1e-11, "columns first");
        ck_eig(tp_add(x, t), 1e-11, "symmetric");
        if (n > 1 && n % 2 == 0) ck_eig(tp_sub(x, t), 1e-11, "skew");
    }
}
END_TEST

START_TEST(pairs_are_conjugate_to_the_last_bit)
{
    begin(_i);
    TP_SCOPE();
    tp_manual_seed(5);
    tp_tensor *v, *w = tp_to(tp_linalg_eig(tp_to(tp_randn(TP_SHAPE(37, 37)), DEVICE), &v), TP_CPU), *re = tp_real(w), *im = tp_imag(w);
    v = tp_to(v, TP_CPU);
    int pairs = 0;
    for (int64_t i = 0; i < 37; i++) {
        if (tp__element(im, i) == 0) continue;
        ck_assert_double_gt(tp__element(im, i), 0);
        ck_assert_double_eq(tp__element(re, i + 1), tp__element(re, i));
        ck_assert_double_eq(tp__element(im, i + 1), -tp__element(im, i));
        tp_tensor *both = tp_sub(tp_select(v, 1, i), tp_conj_physical(tp_select(v, 1, i + 1)));
        ck_assert(tp_item(tp_max(tp_abs(both))) == 0);
        pairs++, i++;
    }
    ck_assert_int_gt(pairs, 5);
}
END_TEST

static tp_tensor *odd_one(int64_t which)
{
    tp_tensor *x = tp_randn(TP_SHAPE(9, 9), .dtype = TP_F64), *scale = tp_pow(2, tp_arange(-40, 50, 10, .dtype = TP_F64));
    tp_tensor *cycle = tp_roll(tp_eye(40, TP_NONE, .dtype = TP_F64), TP_SHAPE(1), TP_DIMS(0));
    switch (which) {
    /* defective */
    case 0: return tp_add(tp_mul(tp_eye(6, TP_NONE, .dtype = TP_F64), 2), tp_diag_embed(tp_ones(TP_SHAPE(5), .dtype = TP_F64), .offset = 1));
    case 1: return cycle;
    case 2: return tp_complex(cycle, tp_mul(cycle, 0.5));
    case 3: return tp_div(tp_mul(x, scale), tp_unsqueeze(scale, -1));
    case 4: return tp_mul(x, 1e200);
    case 5: return tp_mul(x, 1e-200);
    case 6: return tp_zeros(TP_SHAPE(2, 3, 3), .dtype = TP_C128);
    case 7: return tp_tril(tp_ones(TP_SHAPE(5, 5), .dtype = TP_F64), 0);
    case 8: return tp_mul(x, tp_div(tp_pow(scale, 6), tp_unsqueeze(tp_pow(scale, 6), -1)));       /* rows and columns far apart */
    case 9: return tp_block_diag(TP_TENSORS(tp_mul(x, 0x1p-600), tp_ones(TP_SHAPE(1, 1), .dtype = TP_F64)));
    case 10: return tp_diag_embed(tp_ones(TP_SHAPE(70), .dtype = TP_F64), .offset = -1);
    default: return tp_from_data((const double[]){ 0, -2, 2, 0 }, TP_F64, TP_SHAPE(2, 2));
    }
}
START_TEST(odd_matrices_agree)
{
    begin(_i);
    for (int64_t which = 0; which < 12; which++) {
        TP_SCOPE();
        char what[40];
        tp_manual_seed(7);
        snprintf(what, sizeof what, "odd matrix %d", (int)which);
        ck_eig(odd_one(which), 1e-12, what);
    }
}
END_TEST

static tp_tensor *magnitudes(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    tp_tensor *v, *w = tp_linalg_eig(in[0], &v);
    return tp_add(tp_pow(tp_abs(v), 3), tp_square(tp_unsqueeze(tp_imag(w), -1)));
}
static tp_tensor *values(tp_tensor *const *in, const void *arg)
{
    (void)arg;
    return tp_view_as_real(tp_contiguous(tp_linalg_eigvals(in[0])));
}
START_TEST(gradients_agree)
{
    begin(_i);
    TP_SCOPE();
    tp_manual_seed(3);
    tp_tensor *x = normal(TP_F64, TP_SHAPE(2, 6, 6));
    agree(magnitudes, NULL, (tp_tensor *[]){ x }, 1, 1e-9, "vectors");
    agree(values, NULL, (tp_tensor *[]){ x }, 1, 1e-9, "values");
}
END_TEST

/* The first of them, and nothing hangs. */
START_TEST(a_matrix_that_is_not_finite_is_named)
{
    static const double odd[] = { NAN, INFINITY, -INFINITY };
    begin(_i);
    for (int k = 0; k < 3; k++)
        for (int64_t n = 2; n < 60; n += 50) {
            TP_SCOPE();
            tp_tensor *x = normal(k ? TP_F32 : TP_F64, TP_SHAPE(5, n, n));
            tp_fill_(tp_narrow(tp_flatten(x, 0, -1), 0, 3 * n * n - 1, 1), odd[k]);
            tp_fill_(tp_narrow(tp_flatten(x, 0, -1), 0, 4 * n * n + 1, 1), odd[k]);
            tp_tensor *v = NULL, *there = tp_to(x, DEVICE);
            ck_assert_ptr_null(tp_linalg_eig(there, &v));
            ck_error(TP_ERR_NUMERIC, "linalg_eig: matrix 2 has elements that are not finite");
            ck_assert_ptr_null(tp_linalg_eigvals(there));
            ck_error(TP_ERR_NUMERIC, "matrix 2 has elements that are not finite");
            same(tp_linalg_eigvals(tp_narrow(there, 0, 0, 2)), tp_linalg_eigvals(tp_narrow(x, 0, 0, 2)), "those before it");
        }
    ck_assert_int_eq(tp_numel(tp_linalg_eigvals(tp_to(tp_ones(TP_SHAPE(3, 0, 0)), DEVICE))), 0);
}
END_TEST

/* After as many steps on both, and what is found of the others is not told either. */
START_TEST(too_few_steps_are_an_error_there_too)
{
    begin(_i);
    for (int64_t n = 6; n < 60; n += 50) {
        TP_SCOPE();
        tp_tensor *x = normal(TP_F64, TP_SHAPE(4, n, n)), *v;
        tp_copy_(tp_narrow(x, 0, 0, 2), tp_eye(n, TP_NONE, .dtype = TP_F64));
        tp_tensor *there = tp_to(x, DEVICE), *complex = tp_complex(there, there);
        setenv("TAPER_EIG_STEPS", "2", 1);
        ck_assert_ptr_null(tp_linalg_eigvals(there));
        ck_error(TP_ERR_NUMERIC, "linalg_eigvals: the eigenvalues of matrix 2 were not found");
        ck_assert_ptr_null(tp_linalg_eig(complex, &v));
        ck_error(TP_ERR_NUMERIC, "linalg_eig: the eigenvalues of matrix 2 were not found");
        same(tp_linalg_eigvals(tp_narrow(there, 0, 0, 2)), tp_linalg_eigvals(tp_narrow(x, 0, 0, 2)), "those that take no step");
        unsetenv("TAPER_EIG_STEPS");
        same(tp_linalg_eigvals(there), tp_linalg_eigvals(x), "with steps enough");
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_eig");
    TCase *t = tcase_create("cuda_eig");
    tcase_set_timeout(t, 240);
    if (cuda_is_here()) {
        tcase_add_loop_test(t, values_and_vectors_agree, 0, cuda_orders());
        tcase_add_loop_test(t, pairs_are_conjugate_to_the_last_bit, 0, cuda_orders());
        tcase_add_loop_test(t, odd_matrices_agree, 0, cuda_orders());
        tcase_add_loop_test(t, gradients_agree, 0, cuda_orders());
        tcase_add_loop_test(t, a_matrix_that_is_not_finite_is_named, 0, cuda_orders());
        tcase_add_loop_test(t, too_few_steps_are_an_error_there_too, 0, cuda_orders());
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
