/* test_ops.c: what ops compute, against what PyTorch computed: values, dtypes, layouts and gradients of recorded calls,
 * promotion of every pair of dtypes; and the message of each refusal. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <taper/taper.h>

#include "expect.h"
#include "ops.h"

/* ---- Recorded calls ---------------------------------------------------------------------------------------------------------------- */

static int64_t elements(const recorded_tensor *r)
{
    int64_t n = 1;
    for (int d = 0; d < r->shape.ndim; d++) n *= r->shape.dim[d];
    return n;
}

static tp_tensor *plain(const recorded_tensor *r)
{
    return r->reals ? tp_to_dtype(tp_from_data(r->reals, TP_F64, r->shape), r->dtype)
                    : tp_to_dtype(tp_from_data(r->integers, TP_I64, r->shape), r->dtype);
}

/* With the recorded strides. */
static tp_tensor *made(const recorded_tensor *r)
{
    int64_t room = 1;
    for (int d = 0; d < r->shape.ndim; d++) room += (r->shape.dim[d] - 1) * r->stride[d];
    tp_tensor *x = plain(r);
    if (elements(r)) x = tp_copy_(tp_as_strided(tp_zeros(TP_SHAPE(room), .dtype = r->dtype), r->shape, r->stride, 0), x);
    ck_fine();
    x = tp_detach(x);
    if (r->grad) ck_ok(tp_requires_grad(x, true));
    return x;
}

static void check_tensor(const char *what, tp_tensor *got, const recorded_tensor *want)
{
    ck_assert_msg(got, "%s: there is none", what);
    ck_assert_msg(tp_dtype_of(got) == want->dtype, "%s is %s, not %s", what, tp_dtype_name(tp_dtype_of(got)), tp_dtype_name(want->dtype));
    const tp_shape shape = tp_shape_of(got);
    ck_assert_msg(shape.ndim == want->shape.ndim, "%s has %d dims, not %d", what, shape.ndim, want->shape.ndim);
    for (int d = 0; d < shape.ndim; d++)
        ck_assert_msg(shape.dim[d] == want->shape.dim[d], "%s: dim %d is %d, not %d", what, d, (int)shape.dim[d], (int)want->shape.dim[d]);
    for (int d = 0; d < shape.ndim && elements(want) && want->stride[0] >= 0; d++)
        ck_assert_msg(tp_stride(got, d) == want->stride[d], "%s: stride %d is %d, not %d", what, d, (int)tp_stride(got, d), (int)want->stride[d]);
    TP_NO_GRAD();
    const double tolerance = want->dtype == TP_BF16 ? 1e-2 : want->dtype == TP_F16 ? 1e-3 : 1e-5;
    tp_tensor *const a = tp_contiguous(tp_to_dtype(got, want->reals ? TP_F64 : TP_I64));
    for (int64_t i = 0; i < elements(want); i++) {
        if (want->integers) {
            const int64_t v = ((const int64_t *)tp_data(a))[i], w = want->integers[i];
            ck_assert_msg(v == w, "%s: element %d is %lld, not %lld", what, (int)i, (long long)v, (long long)w);
        } else {
            const double v = ((const double *)tp_data(a))[i], w = want->reals[i];
            ck_assert_msg(v == w || (isnan(v) && isnan(w)) || fabs(v - w) <= tolerance * (1 + fabs(w)), "%s: element %d is %.9g, not %.9g", what,
                          (int)i, v, w);
        }
    }
}

/* record_ops.py makes the same. */
static tp_tensor *direction(tp_tensor *y)
{
    tp_tensor *x = tp_zeros(tp_shape_of(y), .dtype = TP_F64);
    double *v = tp_data_mut(x);
    for (int64_t i = 0; i < tp_numel(x); i++) v[i] = (double)(i % 5) * 0.25 + 0.5;
    return tp_to_dtype(x, tp_dtype_of(y));
}

static void check_call(const recorded_call *call, int number)
{
    TP_SCOPE();
    tp_arg args[8];
    tp_tensor *member[4], *leaf[8], *out[4], *y[4], *dy[4], *dx[8];
    int n_leaves = 0, n_out = 0, n_y = 0;
    char what[80];
    for (int i = 0; i < call->n_args; i++) {
        const recorded_argument *r = &call->args[i];
        args[i] = r->arg;
        if (r->arg.kind != TP_ARG_TENSOR && r->arg.kind != TP_ARG_TENSORS) continue;
        for (int k = 0; k < (r->arg.kind == TP_ARG_TENSOR ? 1 : r->arg.n); k++) {
            member[k] = made(r->tensor[k]);
            if (r->tensor[k]->grad) leaf[n_leaves++] = member[k];
        }
        if (r->arg.kind == TP_ARG_TENSOR) args[i].value.tensor = member[0];
        else args[i].value.tensors = member;
    }
    tp_op_call(call->op, args, call->n_args, out, 4, &n_out);
    ck_assert_msg(!tp_failed(), "call %d: %s", number, tp_failed() ? tp_last_error()->message : "");
    ck_assert_msg(n_out == call->n_made, "call %d, %s: %d outputs, not %d", number, call->op, n_out, call->n_made);
    for (int i = 0; i < n_out; i++) {
        snprintf(what, sizeof what, "call %d, %s, output %d", number, call->op, i);
        check_tensor(what, out[i], call->made[i]);
        if (!tp_needs_grad(out[i])) continue;
        dy[n_y] = direction(out[i]);
        y[n_y++] = out[i];
    }
    ck_assert_msg(!n_y == !call->n_grads, "call %d, %s: it has %d differentiable outputs, %d gradients are recorded", number, call->op, n_y, call->n_grads);
    if (!n_y) return;
    ck_assert_int_eq(n_leaves, call->n_grads);
    tp_grad(y, n_y, leaf, n_leaves, dy, dx, .allow_unused = true);
    ck_assert_msg(!tp_failed(), "call %d: %s", number, tp_failed() ? tp_last_error()->message : "");
    for (int i = 0; i < n_leaves; i++) {
        snprintf(what, sizeof what, "call %d, %s, gradient %d", number, call->op, i);
        if (call->grad[i] && (dx[i] || elements(call->grad[i]))) check_tensor(what, dx[i], call->grad[i]);
        else ck_assert_msg(!dx[i] || !tp_item(tp_sum(tp_mul(dx[i], dx[i]))), "%s: there is one", what);
    }
}

static void check_group(const recorded_call *call)
{
    for (int i = 0; call[i].op; i++) check_call(&call[i], i);
}

START_TEST(inputs_broadcast_and_gradients_are_summed_back) { check_group(calls_broadcasting); } END_TEST
START_TEST(nan_and_infinity_go_where_they_do_in_pytorch) { check_group(calls_nan_and_infinity); } END_TEST
START_TEST(empty_tensors_go_through) { check_group(calls_empty); } END_TEST
START_TEST(dims_count_from_the_end_and_are_kept_on_request) { check_group(calls_dims); } END_TEST
START_TEST(integers_wrap_around) { check_group(calls_integers); } END_TEST
START_TEST(bools_add_by_or_and_multiply_by_and) { check_group(calls_bools); } END_TEST
START_TEST(views_have_the_strides_of_pytorch) { check_group(calls_views); } END_TEST
START_TEST(equal_elements_share_a_gradient_or_the_first_takes_it) { check_group(calls_ties); } END_TEST
START_TEST(joined_and_multiplied_tensors_fit_as_in_pytorch) { check_group(calls_promotion_of_lists); } END_TEST
START_TEST(cross_entropy_takes_every_option) { check_group(calls_cross_entropy); } END_TEST
START_TEST(embedding_leaves_the_padding_row_alone) { check_group(calls_embedding); } END_TEST
START_TEST(windows_move_as_in_pytorch) { check_group(calls_windows); } END_TEST
START_TEST(writing_in_place_casts_to_what_is_there) { check_group(calls_in_place); } END_TEST

/* ---- Promotion ------------------------------------------------------------------------------------------------------------------------ */

static void check_promotion(const recorded_promotion *p, int a, int b)
{
    TP_SCOPE();
    static const tp_arg numbers[] = { { .kind = TP_ARG_INT, .value.integer = 2 }, { .kind = TP_ARG_FLOAT, .value.real = 1.5 },
                                      { .kind = TP_ARG_BOOL, .value.boolean = true } };
    tp_tensor *out[2];
    int n;
    const tp_dtype x = recorded_dtypes[a];
    tp_arg args[2] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_to_dtype(tp_from_data((int64_t[]){ 3, 1 }, TP_I64, TP_SHAPE(2)), x) } };
    args[1].kind = TP_ARG_TENSOR;
    if (b >= 20) args[1] = numbers[b - 20];
    else args[1].value.tensor = tp_to_dtype(tp_from_data((int64_t[]){ 2, 1 }, TP_I64, (tp_shape){ { 2 }, b < 10 }), recorded_dtypes[b % 10]);
    const char *kind = b < 10 ? "a tensor" : b < 20 ? "a 0-dim tensor" : b == 20 ? "an int" : b == 21 ? "a float" : "a bool";
    tp_op_call(p->op, args, 2, out, 2, &n);
    const tp_dtype want = (tp_dtype)p->dtype[a][b];
    if (!want) {
        ck_assert_msg(tp_failed(), "%s of %s and %s %s: PyTorch refuses it", p->op, tp_dtype_name(x), kind,
                      b < 20 ? tp_dtype_name(recorded_dtypes[b % 10]) : "");
        tp_clear_error();
        return;
    }
    ck_fine();
    ck_assert_msg(tp_dtype_of(out[0]) == want, "%s of %s and %s %s is %s, not %s", p->op, tp_dtype_name(x), kind,
                  b < 20 ? tp_dtype_name(recorded_dtypes[b % 10]) : "", tp_dtype_name(tp_dtype_of(out[0])), tp_dtype_name(want));
    const double got = tp__element(out[0], 0);
    ck_assert_msg(fabs(got - (double)p->value[a][b]) < 1e-5, "%s of %s and %s %s is %g, not %g", p->op, tp_dtype_name(x), kind,
                  b < 20 ? tp_dtype_name(recorded_dtypes[b % 10]) : "", got, (double)p->value[a][b]);
}

START_TEST(all_pairs_of_dtypes_promote_as_in_pytorch)
{
    for (int a = 0; a < 10; a++)
        for (int b = 0; b < 23; b++) check_promotion(&promotions[_i], a, b);
}
END_TEST

/* ---- Many elements, several threads ------------------------------------------------------------------------------------------------------ */

static tp_tensor *large(int i)
{
    tp_manual_seed(3);
    tp_tensor *x = tp_randn(TP_SHAPE(300, 1000), .requires_grad = true), *w = tp_randn(TP_SHAPE(500, 1000), .requires_grad = true);
    tp_tensor *image = tp_randn(TP_SHAPE(8, 16, 40, 40), .requires_grad = true), *filter = tp_randn(TP_SHAPE(32, 16, 3, 3), .requires_grad = true);
    tp_tensor *classes = tp_randint(0, 1000, TP_SHAPE(300)), *table = tp_randn(TP_SHAPE(1000, 200), .requires_grad = true), *y = NULL, *g[2];
    tp_tensor *const inputs[][2] = { { x }, { x }, { x }, { x }, { x }, { x, w }, { image, filter }, { image }, { table }, { x }, { x } };
    switch (i) {
    case 0: y = tp_exp(tp_mul(x, x)); break;
    case 1: y = tp_sum(x); break;
    case 2: y = tp_sum(tp_transpose(x, 0, 1), .dims = TP_DIMS(-1)); break;
    case 3: y = tp_softmax(x, 0); break;
    case 4: y = tp_cross_entropy(x, classes); break;
    case 5: y = tp_linear(x, w, NULL); break;
    case 6: y = tp_conv2d(image, filter, NULL, .padding = 1); break;
    case 7: y = tp_max_pool2d(image, 3, .stride = 2); break;
    case 8: y = tp_embedding(classes, table); break;
    case 9: y = tp_dropout(tp_transpose(x, 0, 1), 0.5, true); break;
    default: y = tp_max(x);
    }
    tp_tensor *const ones = tp_ones(tp_shape_of(y));
    ck_ok(tp_grad(&y, 1, inputs[i], inputs[i][1] ? 2 : 1, &ones, g));
    y = tp_reshape(tp_detach(y), TP_SHAPE(-1));
    for (int k = 0; k < (inputs[i][1] ? 2 : 1); k++) y = tp_cat(TP_TENSORS(y, tp_reshape(tp_detach(g[k]), TP_SHAPE(-1))), 0);
    return y;
}

START_TEST(results_of_many_elements_do_not_depend_on_threads)
{
    TP_SCOPE();
    tp_set_num_threads(1);
    tp_tensor *const one = large(_i);
    for (int n = 2; n <= 5; n++) {
        tp_set_num_threads(n);
        ck_assert_msg(tp_equal(large(_i), one), "with %d threads, case %d, other bits", n, _i);
    }
    ck_fine();
}
END_TEST

/* ---- Refusals ------------------------------------------------------------------------------------------------------------------------------ */

#define REFUSES(call, text) do { \
    ck_assert_msg(!(call), "%s goes through", #call); \
    ck_assert_msg(tp_failed(), "%s sets no error", #call); \
    ck_assert_str_eq(tp_last_error()->message, text); \
    tp_clear_error(); \
} while (0)

START_TEST(refusals_of_arithmetic_say_why)
{
    TP_SCOPE();
    tp_tensor *const x = tp_arange(0, 4, 1);
    REFUSES(tp_add(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(4))), "add: [2, 3] and [4] do not broadcast");
    REFUSES(tp_mul(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(2))), "mul: [2, 3] and [2] do not broadcast");
    REFUSES(tp_sub(tp_zeros(TP_SHAPE(2), .dtype = TP_BOOL), tp_zeros(TP_SHAPE(2))),
            "sub: bool has no subtraction: use logical_xor or eq");
    REFUSES(tp_neg(tp_zeros(TP_SHAPE(2), .dtype = TP_BOOL)), "neg: bool is no number");
    REFUSES(tp_relu(tp_zeros(TP_SHAPE(2), .dtype = TP_BOOL)), "relu: bool is no number");
    REFUSES(tp_add_(tp_zeros(TP_SHAPE(3)), tp_zeros(TP_SHAPE(2, 3))), "add_: the result [2, 3] does not fit into [3]");
    REFUSES(tp_add_(tp_zeros(TP_SHAPE(3), .dtype = TP_I64), 1.5), "add_: the result is float32, which int64 cannot hold");
    REFUSES(tp_mul_(tp_zeros(TP_SHAPE(3), .dtype = TP_BOOL), 2), "mul_: the result is int64, which bool cannot hold");
    REFUSES(tp_copy_(tp_zeros(TP_SHAPE(3)), tp_zeros(TP_SHAPE(2, 3))), "copy_: [2, 3] does not fit into [3]");
    REFUSES(tp_eq(tp_zeros(TP_SHAPE(2)), tp_zeros(TP_SHAPE(3))), "eq: [2] and [3] do not broadcast");
    REFUSES(tp_add_(tp_narrow(x, 0, 0, 3), tp_narrow(x, 0, 1, 3)),
            "add_: what is written and what is read overlap in memory: clone one of them");
}
END_TEST

START_TEST(refusals_of_products_say_why)
{
    TP_SCOPE();
    REFUSES(tp_matmul(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(4, 5))),
            "matmul: [2, 3] and [4, 5] do not fit: 3 columns, 4 rows");
    REFUSES(tp_matmul(tp_zeros(TP_SHAPE(3)), tp_zeros(TP_SHAPE(4))), "matmul: [3] and [4] do not fit: 3 columns, 4 rows");
    REFUSES(tp_matmul(tp_scalar(1), tp_zeros(TP_SHAPE(3))), "matmul: both must have at least 1 dim, not [] and [3]");
    REFUSES(tp_matmul(tp_zeros(TP_SHAPE(2, 2, 3)), tp_zeros(TP_SHAPE(3, 3, 2))),
            "matmul: the batches of [2, 2, 3] and [3, 3, 2] do not broadcast");
    REFUSES(tp_matmul(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(3, 2), .dtype = TP_F64)), "matmul: float32 and float64");
    REFUSES(tp_linear(tp_zeros(TP_SHAPE(64, 784)), tp_zeros(TP_SHAPE(10, 512)), NULL),
            "linear: input [64, 784] has 784 features, weight [10, 512] takes 512");
    REFUSES(tp_linear(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(4, 3)), tp_zeros(TP_SHAPE(3))),
            "linear: bias [3] does not fit weight [4, 3]");
    REFUSES(tp_linear(tp_scalar(1), tp_zeros(TP_SHAPE(4, 3)), NULL), "linear: input must have at least 1 dim");
    REFUSES(tp_linear(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(2, 4, 3)), NULL),
            "linear: weight [2, 4, 3] must have 2 dims, [out, in], or 1");
    REFUSES(tp_linear(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(4, 3), .dtype = TP_F64), NULL),
            "linear: input is float32, weight float64");
}
END_TEST

START_TEST(refusals_of_windows_say_why)
{
    TP_SCOPE();
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 2, 3, 3)), NULL),
            "conv2d: input [1, 3, 8, 8] has 3 channels, weight [4, 2, 3, 3] takes 2");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 2, 2)), tp_zeros(TP_SHAPE(4, 3, 3, 3)), NULL),
            "conv2d: the kernel of weight [4, 3, 3, 3] spans 3, the padded input [1, 3, 2, 2] only 2");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(3, 8)), tp_zeros(TP_SHAPE(4, 3, 3, 3)), NULL),
            "conv2d: input [3, 8] must have 4 dims, [n, channels, height, width], or 3");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 3, 3)), NULL),
            "conv2d: weight [4, 3, 3] must have 4 dims, [out, in / groups, height, width]");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 3, 3, 3)), tp_zeros(TP_SHAPE(3))),
            "conv2d: bias [3] does not fit weight [4, 3, 3, 3]");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 4, 8, 8)), tp_zeros(TP_SHAPE(3, 2, 3, 3)), NULL, .groups = 2),
            "conv2d: 2 groups do not divide the 3 outputs of weight [3, 2, 3, 3]");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 4, 8, 8)), tp_zeros(TP_SHAPE(4, 4, 3, 3)), NULL, .groups = 0),
            "conv2d: 0 groups do not divide the 4 outputs of weight [4, 4, 3, 3]");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 3, 3, 3)), NULL, .stride = 0),
            "conv2d: stride 0 and dilation 1 must be positive, padding 0 not negative");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 3, 3, 3)), NULL, .padding = -1),
            "conv2d: stride 1 and dilation 1 must be positive, padding -1 not negative");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 3, 3, 3)), NULL, .dilation = 0),
            "conv2d: stride 1 and dilation 0 must be positive, padding 0 not negative");
    REFUSES(tp_conv2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), tp_zeros(TP_SHAPE(4, 3, 3, 3), .dtype = TP_F64), NULL),
            "conv2d: input is float32, weight float64");
    REFUSES(tp_max_pool2d(tp_zeros(TP_SHAPE(1, 3, 8)), 0), "max_pool2d: kernel 0, stride 0 and dilation 1 must be positive");
    REFUSES(tp_max_pool2d(tp_zeros(TP_SHAPE(8, 8)), 2),
            "max_pool2d: input [8, 8] must have 4 dims, [n, channels, height, width], or 3");
    REFUSES(tp_max_pool2d(tp_zeros(TP_SHAPE(1, 3, 2, 2)), 3), "max_pool2d: input [1, 3, 2, 2] is too small for a kernel of 3");
    REFUSES(tp_max_pool2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), 2, .padding = 2),
            "max_pool2d: padding 2 must be at most half of the kernel, 2");
    REFUSES(tp_max_pool2d(tp_zeros(TP_SHAPE(1, 3, 8, 8)), 2, .stride = 0),
            "max_pool2d: kernel 2, stride 0 and dilation 1 must be positive");
    REFUSES(tp_max_pool2d(tp_zeros(TP_SHAPE(2, 0, 4, 4)), 2),
            "max_pool2d: input [2, 0, 4, 4] is empty in a dim other than the first");
}
END_TEST

static tp_tensor *cov_by(const char *name, tp_tensor *weights)
{
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(3)) },
                            { .name = name, .kind = TP_ARG_TENSOR, .value.tensor = weights } };
    tp_tensor *y = NULL;
    return tp_op_call("cov", args, 2, &y, 1, NULL) ? NULL : y;
}

START_TEST(refusals_of_reductions_say_why)
{
    TP_SCOPE();
    REFUSES(tp_sum(tp_zeros(TP_SHAPE(2, 3)), .dims = TP_DIMS(2)), "sum: dim 2 is out of range for [2, 3]");
    REFUSES(tp_sum(tp_zeros(TP_SHAPE(2, 3)), .dims = TP_DIMS(0, -2)), "sum: dim 0 is given twice");
    REFUSES(tp_mean(tp_zeros(TP_SHAPE(2, 3), .dtype = TP_I64)), "mean: a mean is floating, not int64: say .dtype");
    REFUSES(tp_mean(tp_zeros(TP_SHAPE(2, 3)), .dims = TP_DIMS(-3)), "mean: dim -3 is out of range for [2, 3]");
    REFUSES(tp_max(tp_zeros(TP_SHAPE(0, 3))), "max: [0, 3] has no elements");
    REFUSES(tp_max_dim(tp_zeros(TP_SHAPE(0, 3)), 0, false, NULL), "max: dim 0 of [0, 3] is empty");
    REFUSES(tp_max_dim(tp_zeros(TP_SHAPE(2, 3)), 2, false, NULL), "max: dim 2 is out of range for [2, 3]");
    REFUSES(tp_argmax(tp_zeros(TP_SHAPE(0))), "argmax: [0] has no elements");
    REFUSES(tp_argmax(tp_zeros(TP_SHAPE(2, 3)), .dim = -3), "argmax: dim -3 is out of range for [2, 3]");
    REFUSES(cov_by("fweights", tp_zeros(TP_SHAPE(3), .dtype = TP_C64)), "cov: fweights are complex64");
    REFUSES(cov_by("fweights", tp_zeros(TP_SHAPE(3), .dtype = TP_BOOL)), "cov: fweights are bool");
    REFUSES(cov_by("fweights", tp_zeros(TP_SHAPE(3), .dtype = TP_I64)), "cov: the weights sum to 0");
    REFUSES(cov_by("aweights", tp_zeros(TP_SHAPE(3))), "cov: the weights sum to 0");
    REFUSES(cov_by("aweights", tp_full(TP_SHAPE(3), NAN)), "cov: aweights hold numbers below 0, or NaN");
    REFUSES(tp_softmax(tp_zeros(TP_SHAPE(3, 5)), 2), "softmax: dim 2 is out of range for [3, 5]");
    REFUSES(tp_log_softmax(tp_zeros(TP_SHAPE(3, 5)), -3), "log_softmax: dim -3 is out of range for [3, 5]");
    REFUSES(tp_argmax(tp_zeros(TP_SHAPE(2), .dtype = TP_BOOL)), "argmax: bool is no number");
    REFUSES(tp_softmax(tp_zeros(TP_SHAPE(3), .dtype = TP_I64), 0), "softmax: takes floating dtypes, not int64");
}
END_TEST

START_TEST(refusals_of_losses_say_why)
{
    TP_SCOPE();
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(4, 3)), tp_zeros(TP_SHAPE(5), .dtype = TP_I64)),
            "cross_entropy: target [5] does not fit the input [4, 3]: classes are [4]");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(4, 3)), tp_zeros(TP_SHAPE(4))),
            "cross_entropy: target is float32: classes are int64, probabilities floating and shaped as the input [4, 3]");
    REFUSES(tp_cross_entropy(tp_scalar(1), tp_zeros(TP_SHAPE(1), .dtype = TP_I64)), "cross_entropy: input [] has no classes");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(4, 3)), tp_zeros(TP_SHAPE(4), .dtype = TP_I64), .weight = tp_zeros(TP_SHAPE(4))),
            "cross_entropy: weight [4] must have one value for each of 3 classes");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(4, 3)), tp_zeros(TP_SHAPE(4), .dtype = TP_I64), .label_smoothing = 1.5),
            "cross_entropy: label_smoothing 1.5 is not in [0, 1]");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(2, 3)), tp_add(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), 3)),
            "cross_entropy: target 3 is not in [0, 3)");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(2, 3)), tp_sub(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), 1)),
            "cross_entropy: target -1 is not in [0, 3)");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(4, 3), .dtype = TP_I64), tp_zeros(TP_SHAPE(4), .dtype = TP_I64)),
            "cross_entropy: input is int64, which is not floating");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(2, 3, 4)), tp_zeros(TP_SHAPE(2, 3), .dtype = TP_I64)),
            "cross_entropy: target [2, 3] does not fit the input [2, 3, 4]: classes are [2, 4]");
    REFUSES(tp_mse_loss(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(4))), "mse_loss: [2, 3] and [4] do not broadcast");
    REFUSES(tp_mse_loss(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), tp_zeros(TP_SHAPE(2), .dtype = TP_I64)),
            "mse_loss: takes floating dtypes, not int64");
    REFUSES(tp_cross_entropy(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(2), .dtype = TP_I64), .weight = tp_zeros(TP_SHAPE(3), .dtype = TP_F64)),
            "cross_entropy: weight is float64, input float32");
}
END_TEST

START_TEST(refusals_of_shapes_say_why)
{
    TP_SCOPE();
    REFUSES(tp_reshape(tp_zeros(TP_SHAPE(2, 3)), TP_SHAPE(4, 2)), "reshape: [2, 3] of 6 elements cannot become [4, 2]");
    REFUSES(tp_reshape(tp_zeros(TP_SHAPE(2, 3)), TP_SHAPE(-1, -1)), "reshape: [-1, -1] is no shape");
    REFUSES(tp_reshape(tp_zeros(TP_SHAPE(2, 3)), TP_SHAPE(-2, 3)), "reshape: [-2, 3] is no shape");
    REFUSES(tp_reshape(tp_zeros(TP_SHAPE(2, 3)), TP_SHAPE(4, -1)), "reshape: [2, 3] of 6 elements cannot become [4, -1]");
    REFUSES(tp_reshape(tp_zeros(TP_SHAPE(0, 3)), TP_SHAPE(0, -1)), "reshape: [0, 3] of 0 elements cannot become [0, -1]");
    REFUSES(tp_flatten(tp_zeros(TP_SHAPE(2, 3)), 1, 0), "flatten: start_dim 1 comes after end_dim 0");
    REFUSES(tp_flatten(tp_zeros(TP_SHAPE(2, 3)), 0, 2), "flatten: dim 2 is out of range for [2, 3]");
    REFUSES(tp_transpose(tp_zeros(TP_SHAPE(2, 3)), 0, 2), "transpose: dim 2 is out of range for [2, 3]");
    REFUSES(tp_transpose(tp_zeros(TP_SHAPE(2, 3)), -3, 0), "transpose: dim -3 is out of range for [2, 3]");
    REFUSES(tp_permute(tp_zeros(TP_SHAPE(2, 3)), TP_DIMS(0)), "permute: 1 dims are given for [2, 3]");
    REFUSES(tp_permute(tp_zeros(TP_SHAPE(2, 3)), TP_DIMS(0, 0)), "permute: dim 0 is given twice");
    REFUSES(tp_permute(tp_zeros(TP_SHAPE(2, 3)), TP_DIMS(0, 2)), "permute: dim 2 is out of range for [2, 3]");
    REFUSES(tp_expand(tp_zeros(TP_SHAPE(2, 3)), TP_SHAPE(3)), "expand: [2, 3] has more dims than [3]");
    REFUSES(tp_expand(tp_zeros(TP_SHAPE(2, 3)), TP_SHAPE(4, 3)), "expand: [2, 3] cannot become [4, 3]");
    REFUSES(tp_expand(tp_zeros(TP_SHAPE(3)), TP_SHAPE(-1, 3)), "expand: [3] cannot become [-1, 3]");
    REFUSES(tp_select(tp_zeros(TP_SHAPE(2, 3)), 0, 2), "select: index 2 is out of range for dim 0 of [2, 3]");
    REFUSES(tp_select(tp_zeros(TP_SHAPE(2, 3)), 2, 0), "select: dim 2 is out of range for [2, 3]");
    REFUSES(tp_select(tp_scalar(1), 0, 0), "select: a 0-dim tensor has nothing to select");
    REFUSES(tp_narrow(tp_zeros(TP_SHAPE(2, 3)), 1, 2, 2), "narrow: start 2 and length 2 are out of range for dim 1 of [2, 3]");
    REFUSES(tp_narrow(tp_zeros(TP_SHAPE(2, 3)), 1, 0, -1), "narrow: length -1 is negative");
    REFUSES(tp_narrow(tp_zeros(TP_SHAPE(2, 3)), 2, 0, 1), "narrow: dim 2 is out of range for [2, 3]");
    REFUSES(tp_narrow(tp_zeros(TP_SHAPE(2, 3)), 1, -4, 1), "narrow: start -4 and length 1 are out of range for dim 1 of [2, 3]");
    REFUSES(tp_as_strided(tp_zeros(TP_SHAPE(4)), TP_SHAPE(2), (int64_t[]){ -1 }, 1),
            "as_strided: size 2 and stride -1 of dim 0 must not be negative");
    REFUSES(tp_cat((tp_tensor_list){ .n = 0 }, 0), "cat: the list of tensors is empty");
    REFUSES(tp_cat(TP_TENSORS(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(3, 2))), 0),
            "cat: tensor 1 is [3, 2], which does not fit [2, 3] but for dim 0");
    REFUSES(tp_cat(TP_TENSORS(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(2, 3))), 2), "cat: dim 2 is out of range for [2, 3]");
    REFUSES(tp_cat(TP_TENSORS(tp_scalar(1), tp_scalar(1)), 0), "cat: tensor 0 has no dims, and cannot be joined");
    REFUSES(tp_cat(TP_TENSORS(tp_zeros(TP_SHAPE(2, 3)), tp_zeros(TP_SHAPE(2))), 0),
            "cat: tensor 1 is [2], which does not fit [2, 3] but for dim 0");
}
END_TEST

START_TEST(refusals_of_lookup_and_random_say_why)
{
    TP_SCOPE();
    REFUSES(tp_embedding(tp_zeros(TP_SHAPE(2)), tp_zeros(TP_SHAPE(3, 2))), "embedding: indices are int64 or int32, not float32");
    REFUSES(tp_embedding(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), tp_zeros(TP_SHAPE(3))),
            "embedding: weight [3] is not [rows, width]");
    REFUSES(tp_embedding(tp_add(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), 3), tp_zeros(TP_SHAPE(3, 2))),
            "embedding: index 3 is out of range for 3 rows");
    REFUSES(tp_embedding(tp_sub(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), 1), tp_zeros(TP_SHAPE(3, 2))),
            "embedding: index -1 is out of range for 3 rows");
    REFUSES(tp_embedding(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), tp_zeros(TP_SHAPE(3, 2)), .padding_idx = 3),
            "embedding: padding_idx 3 is out of range for 3 rows");
    REFUSES(tp_dropout(tp_zeros(TP_SHAPE(2)), 1.5, true), "dropout: p is 1.5, and has to be from 0 to 1");
    REFUSES(tp_dropout(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), 0.5, true), "dropout: int64 is no floating dtype");
    REFUSES(tp_uniform_(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), 0, 1), "uniform_: int64 is no floating dtype");
    REFUSES(tp_uniform_(tp_zeros(TP_SHAPE(2)), 1, 0), "uniform_: there are no numbers from 1 to 0");
    REFUSES(tp_normal_(tp_zeros(TP_SHAPE(2)), 0, -1), "normal_: the standard deviation is -1, and has to be at least 0");
    REFUSES(tp_to_dtype(tp_zeros(TP_SHAPE(2)), (tp_dtype)99), "to_dtype: 99 is no dtype");
    REFUSES(tp_zeros(TP_SHAPE(-1)), "zeros: size -1 of dim 0 is negative");
    REFUSES(tp_arange(0, 1, 0), "arange: no way from 0 to 1 by 0");
    REFUSES(tp_randint(3, 3, TP_SHAPE(1)), "randint: there are no numbers from 3 on below 3");
}
END_TEST

/* Where PyTorch refuses them; what it wraps or makes an infinity of is taken. */
START_TEST(numbers_that_a_dtype_cannot_hold_are_refused)
{
    TP_SCOPE();
    REFUSES(tp_full(TP_SHAPE(2), 1e300, .dtype = TP_I32), "full: int32 cannot hold 1e+300");
    REFUSES(tp_full(TP_SHAPE(2), NAN, .dtype = TP_I64), "full: int64 cannot hold nan");
    REFUSES(tp_full(TP_SHAPE(2), 300, .dtype = TP_U8), "full: uint8 cannot hold 300");
    REFUSES(tp_full(TP_SHAPE(2), 1e300), "full: float32 cannot hold 1e+300");
    /* of 16 bits what is finite stays so, but for one element: as PyTorch */
    tp_tensor *half = tp_ones(TP_SHAPE(2), .dtype = TP_F16), *single = tp_ones(TP_SHAPE(1), .dtype = TP_F16);
    REFUSES(tp_full(TP_SHAPE(2), 65505, .dtype = TP_F16), "full: float16 cannot hold 65505");
    REFUSES(tp_full(TP_SHAPE(0), 1e6, .dtype = TP_F16), "full: float16 cannot hold 1e+06");
    REFUSES(tp_full(TP_SHAPE(2), -3.4e38, .dtype = TP_BF16), "full: bfloat16 cannot hold -3.4e+38");
    REFUSES(tp_new_full(single, TP_SHAPE(2), 1e6), "new_full: float16 cannot hold 1e+06");
    REFUSES(tp_full_like(half, 1e6), "full_like: float16 cannot hold 1e+06");
    REFUSES(tp_fill_(half, 1e6), "fill_: float16 cannot hold 1e+06");
    REFUSES(tp_pad(single, TP_SHAPE(1, 0), .value = 1e6), "pad: float16 cannot hold 1e+06");
    REFUSES(tp_pad(tp_ones(TP_SHAPE(2)), TP_SHAPE(1, 0), .value = 1e39), "pad: float32 cannot hold 1e+39");
    ck_values(tp_pad(half, TP_SHAPE(-1, 0), .value = 1e6), 1);
    ck_values(tp_full_like(half, 65504), 65504, 65504);
    ck_assert(isinf(tp_item(tp_select(tp_full_like(half, INFINITY), 0, 1))));
    ck_assert(isinf(tp_item(tp_new_full(half, TP_SHAPE(1, 1), 1e6))));
    ck_assert(isinf(tp_item(tp_full((tp_shape){ 0 }, 1e6, .dtype = TP_F16))));
    ck_assert(isinf(tp_item(tp_fill_(single, -1e6))));
    ck_values(tp_full(TP_SHAPE(1), -1, .dtype = TP_U8), 255);
    ck_assert(isinf(tp_item(tp_full(TP_SHAPE(1), 1e300, .dtype = TP_F16))));
    ck_assert(isnan(tp_item(tp_full(TP_SHAPE(1), NAN))));
    tp_tensor *x = tp_zeros(TP_SHAPE(4));
    REFUSES(tp_uniform_(x, -3e38, 3e38), "uniform_: there are no numbers from -3e+38 to 3e+38");
    REFUSES(tp_uniform_(x, 0, 1e39), "uniform_: there are no numbers from 0 to 1e+39");
    REFUSES(tp_uniform_(tp_zeros(TP_SHAPE(4), .dtype = TP_F16), -6e4, 6e4), "uniform_: there are no numbers from -60000 to 60000");
    ck_assert_ptr_nonnull(tp_uniform_(x, -1e38, 1e38));
    ck_assert_ptr_nonnull(tp_uniform_(tp_zeros(TP_SHAPE(4), .dtype = TP_F64), -3e38, 3e38));
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    const int64_t huge = INT64_MAX;
    REFUSES(tp_kron(tp_expand(tp_ones(TP_SHAPE(1)), TP_SHAPE(1LL << 31)), tp_expand(tp_ones(TP_SHAPE(1)), TP_SHAPE(1LL << 33))),
            "kron: the product of [2147483648] and [8589934592] is too large");
    tp_tensor *places[2];
    int n_places;
    REFUSES(!tp_unravel_index(tp_zeros(TP_SHAPE(2), .dtype = TP_I64), TP_SHAPE(0, 3), places, 2, &n_places),
            "unravel_index: [0, 3] has no elements, [2] of which are asked for");
    REFUSES(tp_one_hot(tp_full(TP_SHAPE(2), huge), -1), "one_hot: class 9223372036854775807 is too large");
    ck_assert_ptr_nonnull(tp_cov(tp_ones(TP_SHAPE(2, 2)), INT64_MIN));
    tp_tensor *image = tp_ones(TP_SHAPE(1, 2, 5, 5)), *kernel = tp_ones(TP_SHAPE(2, 2, 3, 3));
    REFUSES(tp_expand(tp_ones(TP_SHAPE(1)), TP_SHAPE(huge, huge)), "expand: [9223372036854775807, 9223372036854775807] has too many elements");
    REFUSES(tp_reshape(tp_ones(TP_SHAPE(0)), TP_SHAPE(0, huge, huge)), "reshape: [0, 9223372036854775807, 9223372036854775807] is too large");
    REFUSES(tp_as_strided(tp_ones(TP_SHAPE(2)), TP_SHAPE(0), &huge, huge),
            "as_strided: [0] with strides [9223372036854775807] and offset 9223372036854775807 goes beyond the storage of 2 elements");
    REFUSES(tp_conv2d(image, kernel, NULL, .padding = huge),
            "conv2d: stride 1, dilation 1 or padding 9223372036854775807 is too large");
    REFUSES(tp_max_pool2d(image, 2, .dilation = huge), "max_pool2d: kernel 2, stride 2 or dilation 9223372036854775807 is too large");
    REFUSES(tp_randint(0, 3, TP_SHAPE(2), .dtype = (tp_dtype)99), "randint: 99 is no dtype");
    const tp_arg grads[] = { { .kind = TP_ARG_TENSOR, .value.tensor = image }, { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(2)) },
                             { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(3)) } };
    tp_tensor *dx = NULL;
    ck_assert_int_eq(tp_op_call("mse_loss_backward", grads, 3, &dx, 1, NULL), TP_ERR_SHAPE);
    ck_error(TP_ERR_SHAPE, "mse_loss_backward: [2] and [3] do not broadcast");
}
END_TEST

START_TEST(a_broadcast_input_of_one_value_fills_long_rows)
{
    tp_tensor *y = tp_neg(tp_expand(tp_full(TP_SHAPE(1), 3.0), TP_SHAPE(3000)));
    ck_assert(tp_equal(y, tp_full(TP_SHAPE(3000), -3.0)));
    tp_tensor *x = tp_ones(TP_SHAPE(3000), .requires_grad = true);
    ck_assert_int_eq(tp_backward(tp_sum(tp_neg(x))), TP_OK);
    ck_assert(tp_equal(tp_grad_of(x), tp_full(TP_SHAPE(3000), -1.0)));
}
END_TEST

START_TEST(each_input_of_a_product_may_be_the_only_one_that_learns)
{
    for (int only = 0; only < 3; only++) {
        tp_tensor *in[] = { tp_ones(TP_SHAPE(4, 3), .requires_grad = only == 0), tp_ones(TP_SHAPE(2, 3), .requires_grad = only == 1),
                            tp_ones(TP_SHAPE(2), .requires_grad = only == 2) };
        ck_assert_int_eq(tp_backward(tp_sum(tp_linear(in[0], in[1], in[2]))), TP_OK);
        ck_assert(tp_item(tp_max(tp_grad_of(in[only]))) == (only == 0 ? 2 : 4));
        tp_tensor *image[] = { tp_ones(TP_SHAPE(2, 1, 4, 4), .requires_grad = only == 0), tp_ones(TP_SHAPE(3, 1, 4, 4), .requires_grad = only == 1),
                               tp_ones(TP_SHAPE(3), .requires_grad = only == 2) };
        ck_assert_int_eq(tp_backward(tp_sum(tp_conv2d(image[0], image[1], image[2]))), TP_OK);
        ck_assert(tp_item(tp_max(tp_grad_of(image[only]))) == (only == 0 ? 3 : 2));
    }
}
END_TEST

START_TEST(a_sum_of_nothing_to_nowhere_is_empty)
{
    tp_tensor *y = tp_sum(tp_transpose(tp_zeros(TP_SHAPE(0, 3)), 0, 1), .dims = TP_DIMS(0));
    ck_assert_int_eq(tp_size(y, 0), 0);
    y = tp_sum(tp_zeros(TP_SHAPE(3, 0)), .dims = TP_DIMS(0));
    ck_assert_int_eq(tp_size(y, 0), 0);
    y = tp_sum(tp_transpose(tp_zeros(TP_SHAPE(2, 3, 0)), 0, 1), .dims = TP_DIMS(0));
    ck_assert(tp_size(y, 0) == 2 && tp_size(y, 1) == 0);
    ck_assert(!tp_failed());
}
END_TEST

START_TEST(a_window_of_less_than_nothing_is_refused)
{
    TP_SCOPE();
    tp_tensor *y = NULL;
    const tp_arg least = { .kind = TP_ARG_INT, .value.integer = INT64_MIN };
    ck_assert_int_eq(tp_op_call("signal_windows_exponential", &least, 1, &y, 1, NULL), TP_ERR_ARGUMENT);
    ck_assert_ptr_null(y);
    ck_error(TP_ERR_ARGUMENT, "M is -9223372036854775808, and has to be at least 0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops");
    TCase *recorded = tcase_create("recorded"), *refusals = tcase_create("refusals");
    tcase_set_timeout(recorded, 60);
    tcase_add_test(recorded, inputs_broadcast_and_gradients_are_summed_back);
    tcase_add_test(recorded, nan_and_infinity_go_where_they_do_in_pytorch);
    tcase_add_test(recorded, empty_tensors_go_through);
    tcase_add_test(recorded, a_broadcast_input_of_one_value_fills_long_rows);
    tcase_add_test(recorded, each_input_of_a_product_may_be_the_only_one_that_learns);
    tcase_add_test(recorded, a_sum_of_nothing_to_nowhere_is_empty);
    tcase_add_test(recorded, dims_count_from_the_end_and_are_kept_on_request);
    tcase_add_test(recorded, integers_wrap_around);
    tcase_add_test(recorded, bools_add_by_or_and_multiply_by_and);
    tcase_add_test(recorded, views_have_the_strides_of_pytorch);
    tcase_add_test(recorded, equal_elements_share_a_gradient_or_the_first_takes_it);
    tcase_add_test(recorded, joined_and_multiplied_tensors_fit_as_in_pytorch);
    tcase_add_test(recorded, cross_entropy_takes_every_option);
    tcase_add_test(recorded, embedding_leaves_the_padding_row_alone);
    tcase_add_test(recorded, windows_move_as_in_pytorch);
    tcase_add_test(recorded, writing_in_place_casts_to_what_is_there);
    tcase_add_loop_test(recorded, all_pairs_of_dtypes_promote_as_in_pytorch, 0, (int)(sizeof promotions / sizeof *promotions));
    tcase_add_loop_test(recorded, results_of_many_elements_do_not_depend_on_threads, 0, 11);
    suite_add_tcase(suite, recorded);
    tcase_add_test(refusals, refusals_of_arithmetic_say_why);
    tcase_add_test(refusals, refusals_of_products_say_why);
    tcase_add_test(refusals, refusals_of_windows_say_why);
    tcase_add_test(refusals, refusals_of_reductions_say_why);
    tcase_add_test(refusals, refusals_of_losses_say_why);
    tcase_add_test(refusals, refusals_of_shapes_say_why);
    tcase_add_test(refusals, refusals_of_lookup_and_random_say_why);
    tcase_add_test(refusals, numbers_that_a_dtype_cannot_hold_are_refused);
    tcase_add_test(refusals, sizes_that_overflow_are_refused);
    tcase_add_test(refusals, a_window_of_less_than_nothing_is_refused);
    suite_add_tcase(suite, refusals);
    return run_suite(suite);
}
