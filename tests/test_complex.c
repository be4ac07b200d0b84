/* test_complex.c: complex tensors: what they are made of, their gradients, and what every op of the registry does with them. */
#include "expect.h"
#include "walk.h"

#include <taper/autograd.h>

static tp_tensor *complex_of(const double *v, int64_t n)
{
    return tp_view_as_complex(tp_from_data(v, TP_F64, TP_SHAPE(n / 2, 2)));
}
#define COMPLEX(...) complex_of((double[]){ __VA_ARGS__ }, TP__COUNT(double, __VA_ARGS__))
#define ck_complex(z, ...) ck_values(tp_view_as_real(tp_contiguous(z)), __VA_ARGS__)

/* ---- Made and seen ------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_complex_tensor_is_made_of_two_real_ones)
{
    TP_SCOPE();
    tp_tensor *z = tp_complex(VECTOR(1, 2), VECTOR(3, -4));
    ck_assert_int_eq(tp_dtype_of(z), TP_C64);
    ck_assert(tp_is_complex(z) && !tp_is_complex(tp_real(z)) && !tp_is_complex(NULL));
    ck_complex(z, 1, 3, 2, -4);
    ck_complex(tp_conj(z), 1, -3, 2, 4);
    ck_complex(tp_polar(VECTOR(2), VECTOR(1.5707963)), 0, 2);
    ck_values(tp_abs(tp_complex(VECTOR(3), VECTOR(-4))), 5);
    ck_values(tp_angle(tp_complex(VECTOR(0, -1), VECTOR(2, 0))), 1.5707963, 3.1415927);
    ck_fine();
    ck_assert_ptr_null(tp_complex(VECTOR(1), tp_ones(TP_SHAPE(1), .dtype = TP_F64)));
    ck_message("complex: takes two float32 or two float64 tensors, not float32 and float64");
    ck_assert_ptr_null(tp_imag(VECTOR(1)));
    ck_message("imag: float32 has no imaginary part");
}
END_TEST

START_TEST(parts_are_views)
{
    TP_SCOPE();
    tp_tensor *z = COMPLEX(1, 2, 3, 4);
    ck_assert(tp_fill_(tp_imag(z), 7) && tp_mul_(tp_real(z), 2));
    ck_complex(z, 2, 7, 6, 7);
    ck_assert_ptr_eq(tp_data(tp_real(z)), tp_data(z));
    ck_values(tp_imag(tp_transpose(tp_reshape(COMPLEX(1, 2, 3, 4, 5, 6, 7, 8), TP_SHAPE(2, 2)), 0, 1)), 2, 6, 4, 8);
    ck_assert_ptr_null(tp_view_as_complex(tp_narrow(tp_zeros(TP_SHAPE(2, 3)), 1, 0, 2)));
    ck_message("view_as_complex: the parts of [2, 2] do not lie in pairs: make it contiguous first");
    ck_assert_ptr_null(tp_view_as_complex(tp_zeros(TP_SHAPE(2, 3))));
    ck_message("view_as_complex: the last dim of [2, 3] must be 2");
}
END_TEST

START_TEST(normal_numbers_have_variance_one)
{
    TP_SCOPE();
    tp_tensor *z = tp_randn(TP_SHAPE(20000), .dtype = TP_C128);
    ck_assert_double_lt(fabs(tp_item(tp_mean(tp_square(tp_abs(z)))) - 1), 0.05);
    ck_assert_double_lt(fabs(tp_item(tp_mean(tp_square(tp_imag(z)))) - 0.5), 0.03);
    ck_fine();
}
END_TEST

/* ---- Arithmetic -------------------------------------------------------------------------------------------------------------------- */

START_TEST(real_and_complex_numbers_meet)
{
    TP_SCOPE();
    tp_tensor *z = COMPLEX(1, 2, 3, -1), *x = VECTOR(2, 4), *single = tp_to_dtype(z, TP_C64);
    ck_assert_int_eq(tp_dtype_of(tp_add(single, x)), TP_C64);
    ck_assert_int_eq(tp_dtype_of(tp_add(single, tp_to_dtype(x, TP_F64))), TP_C128);
    ck_assert_int_eq(tp_dtype_of(tp_mul(single, 2.5)), TP_C64);
    ck_complex(tp_add(z, x), 3, 2, 7, -1);
    ck_complex(tp_mul(z, z), -3, 4, 8, -6);
    ck_complex(tp_div(x, z), 0.4, -0.8, 1.2, 0.4);
    ck_complex(tp_pow(z, 3), -11, -2, 18, -26);
    ck_complex(tp_matmul(tp_reshape(z, TP_SHAPE(1, 2)), tp_reshape(z, TP_SHAPE(2, 1))), 5, -2);
    ck_complex(tp_vdot(z, z), 15, 0);
    ck_complex(tp_sum(z), 4, 1);
    ck_complex(tp_prod(z), 5, 5);
    ck_values(tp_eq(z, COMPLEX(1, 2, 3, 1)), 1, 0);
    ck_values(tp_to_dtype(z, TP_F32), 1, 3);
    ck_assert(tp_equal(z, z) && !tp_equal(z, tp_conj(z)) && tp_allclose(z, z, 0, 0) && !tp_allclose(z, tp_conj(z), 1e-5, 1e-5));
    tp_tensor *number = tp_select(z, 0, 0);            /* of 0 dims: exact beside integers, and as wide as floats beside those */
    ck_assert_int_eq(tp_dtype_of(tp_mul(tp_to_dtype(x, TP_I32), number)), TP_C128);
    ck_assert_int_eq(tp_dtype_of(tp_div(number, tp_ne(x, 0))), TP_C128);
    ck_assert_int_eq(tp_dtype_of(tp_mul(tp_to_dtype(x, TP_F32), number)), TP_C64);
    ck_fine();
    ck_assert_ptr_null(tp_add_(x, z));
    ck_error(TP_ERR_DTYPE, "complex128, which float32 cannot hold");
}
END_TEST

START_TEST(a_number_times_its_conjugate_is_real)
{
    TP_SCOPE();
    for (int i = 0; i < 2; i++) {
        tp_tensor *z = tp_randn(TP_SHAPE(1000), .dtype = i ? TP_C128 : TP_C64), *even = tp_complex(tp_real(z), tp_real(z));
        ck_assert(tp_item(tp_max(tp_abs(tp_imag(tp_mul(z, tp_conj(z)))))) == 0);
        ck_assert(tp_item(tp_max(tp_abs(tp_real(tp_square(even))))) == 0);
    }
    ck_fine();
}
END_TEST

START_TEST(infinities_are_divided_as_in_pytorch)
{
    TP_SCOPE();
    tp_tensor *q = tp_div(COMPLEX(1, 0, 0, 0, 1e300, 1e300), COMPLEX(0, 0, 0, 0, 1e300, 1e300));
    double v[6];
    ck_ok(tp_copy_to(q, v, sizeof v));
    ck_assert(isinf(v[0]) && isnan(v[1]) && isnan(v[2]) && isnan(v[3]) && v[4] == 1 && v[5] == 0);
}
END_TEST

/* ---- Gradients --------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_gradient_points_where_a_real_loss_rises)
{
    TP_SCOPE();
    tp_tensor *z = tp_detach(COMPLEX(3, 4, 1, 0));
    ck_ok(tp_requires_grad(z, true));
    ck_ok(tp_backward(tp_sum(tp_abs(z))));
    ck_complex(tp_grad_of(z), 0.6, 0.8, 1, 0);
    ck_ok(tp_backward(tp_sum(tp_real(tp_mul(z, z)))));      /* added: 2 conj(z) */
    ck_complex(tp_grad_of(z), 6.6, -7.2, 3, 0);
    ck_assert_int_ne(tp_backward(tp_sum(z)), TP_OK);
    ck_error(TP_ERR_DTYPE, "a loss must be real, as of tp_real or tp_abs, and not complex128");
}
END_TEST

START_TEST(a_real_input_gets_the_real_part)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(2), *z = COMPLEX(1, 3), *one = COMPLEX(1, 1), *dx = NULL, *y = tp_mul(tp_to_dtype(x, TP_F64), z);
    ck_ok(tp_grad(&y, 1, &x, 1, &(tp_tensor *){ tp_reshape(one, tp_shape_of(y)) }, &dx));
    ck_assert_int_eq(tp_dtype_of(dx), TP_F32);
    ck_values(dx, 4);                                  /* re((1 + i) conj(1 + 3i)) */
}
END_TEST

/* A negative real base has its powers on one side of the cut alone. */
static tp_tensor *power(void *arg, tp_tensor *const *x) { (void)arg; return tp_pow(x[0], x[1]); }
START_TEST(powers_of_negative_numbers_have_complex_gradients)
{
    TP_SCOPE();
    tp_tensor *x[] = { tp_from_data((double[]){ -2, 1.5 }, TP_F64, TP_SHAPE(2)), tp_detach(COMPLEX(0.5, 0.25, -1, 2)) };
    for (int i = 0; i < 2; i++) ck_ok(tp_requires_grad(x[i], true));
    ck_ok(tp_gradcheck(power, NULL, x, 2));
    ck_ok(tp_gradgradcheck(power, NULL, x, 2));
}
END_TEST

/* What is written to a view of parts goes to all that see the memory, and so does the gradient. */
static tp_tensor *written(void *arg, tp_tensor *const *x)
{
    (void)arg;
    tp_tensor *z = tp_mul(x[0], 1), *re = tp_real(z);
    tp_mul_(tp_select(tp_imag(z), 0, 1), x[1]);        /* an element of a view of parts */
    tp_mul_(tp_view_as_complex(tp_reshape(tp_mul(tp_view_as_real(z), 2), TP_SHAPE(2, 2))), z);
    tp_tensor *pairs = tp_reshape(tp_mul(x[2], 1), TP_SHAPE(2, 2)), *seen = tp_narrow(pairs, 0, 1, 1);
    tp_mul_(tp_view_as_complex(pairs), z);             /* complex numbers in real memory */
    return tp_add(tp_sum(tp_mul(z, re)), tp_sum(tp_mul(pairs, seen)));
}
START_TEST(parts_can_be_written_in_place)
{
    TP_SCOPE();
    tp_tensor *x[] = { tp_detach(COMPLEX(1, 2, -0.5, 0.7)), tp_full(TP__SCALAR_SHAPE, 1.5, .dtype = TP_F64), tp_rand(TP_SHAPE(4), .dtype = TP_F64) };
    for (int i = 0; i < 3; i++) ck_ok(tp_requires_grad(x[i], true));
    ck_ok(tp_gradcheck(written, NULL, x, 3));
    ck_ok(tp_gradgradcheck(written, NULL, x, 3));
}
END_TEST

/* ---- All ops ----------------------------------------------------------------------------------------------------------------------- */

enum { MOST_OPS = 1 << 13 };
static int checks, refused;
static bool tried[MOST_OPS], taken[MOST_OPS];

static int place_of(const tp_op *op)
{
    for (int i = 0; i < tp_op_count() && i < MOST_OPS; i++)
        if (tp_op_at(i) == op) return i;
    ck_abort_msg("%s is not in the registry", tp_op_name(op));
    return 0;
}

typedef struct asked { walk *w; int which; } asked;
static tp_tensor *output(void *arg, tp_tensor *const *x)
{
    const asked *a = arg;
    tp_tensor *out[WALK_OUTPUTS];
    (void)x;
    return walk_call(a->w, out) > a->which ? out[a->which] : NULL;
}

static void check_op(walk *w)
{
    int slot[WALK_SLOTS];
    bool any = false;
    tp_tensor *out[WALK_OUTPUTS] = { NULL }, *x[WALK_SLOTS];
    for (int i = 0; i < w->n_slots; i++) any |= tp_is_complex(*w->slot[i]);
    if (!any) return;
    const int n = walk_leaves(w, slot), place = place_of(w->op);
    tried[place] = true;
    const int n_out = walk_call(w, out);
    if (n_out < 0 && tp_error_status() == TP_ERR_DTYPE) {   /* also of what takes complex numbers: dtype=float64 */
        refused++;
        tp_clear_error();
        return;
    }
    if (walk_failed(w, "the call")) return;
    taken[place] = true;
    if (!tp_op_takes_complex(w->op)) walk_complain(w, "takes complex numbers, and is not listed");
    if (!tp_op_is_differentiable(w->op) || w->sample.random || w->sample.no_gradcheck) return;
    for (int i = 0; i < n; i++) x[i] = *w->slot[slot[i]];
    for (int i = 0; i < n_out; i++) {
        asked a = { w, i };
        const tp_dtype dtype = tp_dtype_of(out[i]);
        if (!tp__is_floating(dtype) && !tp__is_complex(dtype)) continue;
        checks++;
        if (tp_gradcheck(output, &a, x, n)) walk_failed(w, "gradcheck");
        else if (!w->which && tp_needs_grad(out[i]) && tp_gradgradcheck(output, &a, x, n)) walk_failed(w, "gradgradcheck");
    }
}

START_TEST(every_op_takes_complex_numbers_or_says_that_it_does_not)
{
    const walk_sum sum = walk_all(TP_C128, check_op);
    printf("complex: %d ops, %d samples, %d checks, %d refused\n", sum.ops, sum.samples, checks, refused);
    int only_listed = 0;
    for (int i = 0; i < tp_op_count() && i < MOST_OPS; i++) {
        if (!tried[i] || taken[i] || !tp_op_takes_complex(tp_op_at(i))) continue;
        fprintf(stderr, "%s is listed, and refuses all samples\n", tp_op_name(tp_op_at(i)));
        only_listed++;
    }
    ck_assert_int_eq(sum.failures, 0);
    ck_assert_int_eq(only_listed, 0);
    ck_assert_int_gt(checks, 1000);
}
END_TEST

static tp_tensor *dropped(const char *op, tp_tensor *z, bool by_keyword)
{
    const tp_arg args[] = { TP__TENSOR_ARG(z), TP__FLOAT_ARG(0.5), TP__BOOL_ARG(true), TP__BOOL_ARG(true) };
    tp_tensor *y = NULL;
    return tp_op_call(op, args, by_keyword ? 4 : 3, &y, 1, NULL) ? NULL : y;
}
START_TEST(elements_are_dropped_in_place)
{
    TP_SCOPE();
    static const char *const ops[] = { "dropout_", "dropout", "dropout2d", "feature_dropout_" };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        tp_tensor *z = tp_add(tp_zeros(TP_SHAPE(20, 20), .dtype = TP_C64), 1), *y = dropped(ops[i], z, i == 1 || i == 2);
        ck_fine();
        ck_assert_ptr_eq(tp_data(y), tp_data(z));
        const double sum = tp_item(tp_sum(tp_real(z))), zeros = tp_item(tp_sum(tp_eq(z, 0)));
        ck_assert(zeros > 100 && zeros < 300 && fabs(sum - 2 * (400 - zeros)) < 1e-3);
    }
}
END_TEST

START_TEST(an_op_that_is_not_implemented_says_so)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_erf(COMPLEX(1, 2)));
    ck_message("erf: it is not implemented for complex128");
    ck_assert_ptr_null(tp_lt(COMPLEX(1, 2), 1));
    ck_message("lt: it is not implemented for complex128");
    ck_assert_ptr_null(tp_abs_(COMPLEX(1, 2)));
    ck_message("abs_: it is not implemented for complex128");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("complex");
    TCase *tests = tcase_create("complex");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_complex_tensor_is_made_of_two_real_ones);
    tcase_add_test(tests, parts_are_views);
    tcase_add_test(tests, normal_numbers_have_variance_one);
    tcase_add_test(tests, real_and_complex_numbers_meet);
    tcase_add_test(tests, a_number_times_its_conjugate_is_real);
    tcase_add_test(tests, infinities_are_divided_as_in_pytorch);
    tcase_add_test(tests, a_gradient_points_where_a_real_loss_rises);
    tcase_add_test(tests, a_real_input_gets_the_real_part);
    tcase_add_test(tests, powers_of_negative_numbers_have_complex_gradients);
    tcase_add_test(tests, parts_can_be_written_in_place);
    tcase_add_test(tests, every_op_takes_complex_numbers_or_says_that_it_does_not);
    tcase_add_test(tests, elements_are_dropped_in_place);
    tcase_add_test(tests, an_op_that_is_not_implemented_says_so);
    suite_add_tcase(suite, tests);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
