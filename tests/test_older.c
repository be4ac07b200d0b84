/* test_older.c: functions of PyTorch that few know: older ones, products by groups, trials that succeed; sequences of several lengths, averages of
 * weights, weights as one vector; batch norms folded and renewed. The numbers that are written here are PyTorch's. */
#include "expect.h"

static tp_tensor *counted(tp_shape shape)
{
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++) n *= shape.dim[d];
    return tp_reshape(tp_arange(0, (double)n, 1, .dtype = TP_F32), shape);
}
static tp_tensor *called(const char *op, const tp_arg *args, int n)
{
    tp_tensor *y = NULL;
    return tp_op_call(op, args, n, &y, 1, NULL) ? NULL : y;
}
#define TENSOR(x)  { .kind = TP_ARG_TENSOR, .value.tensor = (x) }
#define INTEGER(v) { .kind = TP_ARG_INT, .value.integer = (v) }
#define REAL(v)    { .kind = TP_ARG_FLOAT, .value.real = (v) }
#define CALL(op, ...) called(op, (const tp_arg[]){ __VA_ARGS__ }, TP__COUNT(tp_arg, __VA_ARGS__))

START_TEST(older_functions_are_there)
{
    TP_SCOPE();
    tp_tensor *v = tp_add(counted(TP_SHAPE(2, 3)), 1), *y;
    y = CALL("range", INTEGER(1), INTEGER(4));
    ck_values(y, 1, 2, 3, 4);
    ck_assert_int_eq(tp_dtype_of(y), TP_F32);
    ck_values(CALL("range", INTEGER(1), INTEGER(2), REAL(0.5)), 1, 1.5, 2);
    ck_values(CALL("range", INTEGER(0), INTEGER(5), INTEGER(2), { .name = "dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_I64 }), 0, 2, 4);
    ck_assert_ptr_null(CALL("range", INTEGER(0), INTEGER(-1)));
    ck_message("range: no way from 0 to -1 by 1");
    ck_values(tp_norm_except_dim(v, 2, 0), 3.741657, 8.774964);
    ck_values(tp_norm_except_dim(v, 1, 1), 5, 7, 9);
    ck_assert_int_eq(tp_ndim(tp_norm_except_dim(v, 1, 1)), 2);
    ck_values(tp_norm_except_dim(v, 2, -1), 9.539392);
    ck_values(CALL("frobenius_norm", TENSOR(v), { .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 0, 1 } }), 9.539392);
    ck_values(CALL("nuclear_norm", TENSOR(v)), 10.280902);
    ck_values(tp_conv_tbc(counted(TP_SHAPE(4, 1, 3)), counted(TP_SHAPE(2, 3, 2)), VECTOR(1, -1), 1), 29, 30, 111, 124, 201, 232, 291, 340, 65, 93);
    ck_assert_ptr_null(tp_conv_tbc(v, v, v, 0));
    ck_error(TP_ERR_SHAPE, "conv_tbc: takes [steps, batch, in] and [kernel, in, out]");
    ck_values(CALL("is_nonzero", TENSOR(VECTOR(-2))), 1);
    ck_values(CALL("is_same_size", TENSOR(v), TENSOR(VECTOR(1))), 0);
    ck_values(tp_polygamma_(VECTOR(1, 2), 1), 1.644934, 0.644934);
    ck_values(CALL("true_divide_", TENSOR(VECTOR(1, 2)), INTEGER(4)), 0.25, 0.5);
    ck_values(CALL("upsample", TENSOR(counted(TP_SHAPE(1, 1, 2))), INTEGER(4)), 0, 0, 1, 1);
    ck_fine();
}
END_TEST

START_TEST(dropout_tells_what_it_kept)
{
    TP_SCOPE();
    tp_manual_seed(2);
    tp_tensor *x = tp_ones(TP_SHAPE(4000)), *mask, *y;
    ck_ok(tp_requires_grad(x, true));
    y = tp_native_dropout(x, 0.25, true, &mask);
    ck_assert_int_eq(tp_dtype_of(mask), TP_BOOL);
    ck_assert(tp_allclose(y, tp_div(mask, 0.75), 1e-6, 1e-6));
    ck_assert(fabs(tp_item(tp_mean(tp_to_dtype(mask, TP_F32))) - 0.75) < 0.035);       /* 5 deviations */
    ck_ok(tp_backward(tp_sum(y)));
    ck_assert(tp_allclose(tp_grad_of(x), y, 1e-6, 1e-6));
    ck_values(tp_sum(tp_native_dropout(x, 1, true, NULL)), 0);
    ck_values(tp_sum(tp_native_dropout(x, 0.9, false, &mask)), 4000);
    ck_values(tp_sum(mask), 4000);
    ck_assert_ptr_null(tp_native_dropout(x, 1.5, true, NULL));
    ck_error(TP_ERR_ARGUMENT, "p is 1.5");
}
END_TEST

START_TEST(trials_succeed_as_often_as_they_should)
{
    static const double cases[][2] = { { 7, 0.3 }, { 7, 0.8 }, { 400, 0.4 }, { 400, 0.93 }, { 1e6, 2e-6 } };
    enum { N = 20000 };
    tp_manual_seed(8);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TP_SCOPE();
        const double n = cases[i][0], p = cases[i][1], mean = n * p, variance = mean * (1 - p);
        tp_tensor *y = tp_binomial(tp_full(TP_SHAPE(N), n, .dtype = TP_F64), tp_full(TP_SHAPE(1), p, .dtype = TP_F64));
        ck_assert(fabs(tp_item(tp_mean(y)) - mean) < 5 * sqrt(variance / N));
        ck_assert(fabs(tp_item(tp_var(y)) / variance - 1) < 0.08);
        ck_assert(tp_item(tp_min(y)) >= 0 && tp_item(tp_max(y)) <= n);
        ck_assert(tp_allclose(tp_floor(y), y, 0, 0));
        double share = 0;                              /* of no success at all, where that is to be seen */
        if (n == 7) share = tp_item(tp_mean(tp_to_dtype(tp_eq(y, 2), TP_F64))), ck_assert(fabs(share - 21 * p * p * pow(1 - p, 5)) < 5 * sqrt(0.25 / N));
    }
    TP_SCOPE();
    ck_values(tp_binomial(VECTOR(-1, 4, 4, 0), VECTOR(0.5, 0, 1, 0.5)), 0, 0, 4, 0);
    ck_assert(isnan(tp_item(tp_binomial(VECTOR(3), VECTOR(NAN)))));
    tp_tensor *count = LEAF(3, 4), *prob = LEAF(0.5);
    ck_ok(tp_backward(tp_sum(tp_binomial(count, prob))));
    ck_values(tp_grad_of(count), 0, 0);
    ck_values(tp_grad_of(prob), 0);
    ck_assert_ptr_null(tp_binomial(VECTOR(3), tp_to_dtype(VECTOR(0.5), TP_F64)));
    ck_message("binomial: count is float32, prob float64");
}
END_TEST

START_TEST(groups_are_multiplied_each_by_its_own)
{
    TP_SCOPE();
    tp_tensor *a = counted(TP_SHAPE(5, 2)), *b = counted(TP_SHAPE(2, 2, 3)), *offs = tp_to_dtype(VECTOR(1, 4), TP_I32), *y = tp_grouped_mm(a, b, offs);
    ck_assert(tp_allclose(tp_narrow(y, 0, 0, 1), tp_matmul(tp_narrow(a, 0, 0, 1), tp_select(b, 0, 0)), 1e-6, 0));
    ck_assert(tp_allclose(tp_narrow(y, 0, 1, 3), tp_matmul(tp_narrow(a, 0, 1, 3), tp_select(b, 0, 1)), 1e-6, 0));
    ck_values(tp_select(y, 0, 4), 0, 0, 0);
    y = tp_grouped_mm(b, tp_transpose(counted(TP_SHAPE(5, 3)), 0, 1), offs);
    ck_assert(tp_allclose(tp_narrow(y, 1, 1, 3), tp_matmul(tp_select(b, 0, 1), tp_narrow(tp_transpose(counted(TP_SHAPE(5, 3)), 0, 1), 1, 1, 3)), 1e-6, 0));
    y = tp_grouped_mm(tp_transpose(a, 0, 1), a, offs);
    ck_assert_int_eq(tp_ndim(y), 3);
    ck_values(tp_select(y, 0, 0), 0, 0, 0, 1);
    ck_assert_ptr_null(tp_grouped_mm(a, b, NULL));
    ck_message("grouped_mm: [5, 2] and [2, 2, 3] need offsets");
    ck_assert_ptr_null(tp_grouped_mm(a, b, tp_to_dtype(VECTOR(4, 1), TP_I32)));
    ck_message("grouped_mm: offset 1 is 1, and must be from 4 to 5");
    ck_assert_ptr_null(tp_grouped_mm(a, b, tp_to_dtype(VECTOR(1, 2, 3), TP_I32)));
    ck_error(TP_ERR_SHAPE, "the offsets are int32, one for each group, not int32 [3]");
    ck_assert_ptr_null(tp_grouped_mm(b, b, offs));
    ck_error(TP_ERR_SHAPE, "[2, 2, 3] and [2, 2, 3] do not fit");
}
END_TEST

/* ---- Sequences ---------------------------------------------------------------------------------------------------------------------------- */

START_TEST(sequences_are_padded_and_packed_and_come_back)
{
    TP_SCOPE();
    tp_tensor *one = LEAF(1, 2), *two = LEAF(3, 4, 5), *out[3];
    int64_t n;
    tp_tensor_list list = TP_TENSORS(one, two);
    ck_values(tp_pad_sequence(list, .padding_value = -1), 1, 3, 2, 4, -1, 5);
    ck_values(tp_pad_sequence(list, .batch_first = true), 1, 2, 0, 3, 4, 5);
    ck_values(tp_pad_sequence(list, .batch_first = true, .left = true), 0, 1, 2, 3, 4, 5);
    ck_ok(tp_backward(tp_sum(tp_square(tp_pad_sequence(list)))));
    ck_values(tp_grad_of(one), 2, 4);
    tp_packed_sequence packed = tp_pack_sequence(list);
    ck_assert_ptr_null(packed.data);
    ck_error(TP_ERR_ARGUMENT, "lengths do not fall");
    packed = tp_pack_sequence(list, .enforce_sorted = false);
    ck_values(packed.data, 3, 1, 4, 2, 5);
    ck_values(packed.batch_sizes, 2, 2, 1);
    ck_ok(tp_unpack_sequence(&packed, out, 3, &n));
    ck_assert_int_eq(n, 2);
    ck_values(out[0], 1, 2);
    ck_values(out[1], 3, 4, 5);
    ck_ok(tp_unpad_sequence(tp_pad_sequence(list), tp_to_dtype(VECTOR(2, 3), TP_I64), false, out, 3, NULL));
    ck_values(out[1], 3, 4, 5);
    ck_assert_int_eq(tp_unpack_sequence(&packed, out, 1, &n), TP_ERR_ARGUMENT);
    ck_message("unpack_sequence: there is room for 1 of 2 sequences");
    ck_assert_ptr_null(tp_pad_sequence(TP_TENSORS(one, counted(TP_SHAPE(2, 2)))));
    ck_error(TP_ERR_SHAPE, "pad_sequence: sequence 1 has other dims");
}
END_TEST

/* ---- Weights ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(averages_are_means_or_move)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *mean = tp_zeros(TP_SHAPE(2)), *moving = tp_zeros(TP_SHAPE(2)), *steps = tp_zeros(TP_SHAPE(1), .dtype = TP_I64);
    const tp_tensor_list means = TP_TENSORS(mean, steps), values = TP_TENSORS(x, steps);
    for (int64_t n = 0; n < 3; n++) {
        ck_ok(tp_average(means, TP_TENSORS(x, tp_full(TP_SHAPE(1), n, .dtype = TP_I64)), n));
        ck_ok(tp_average(TP_TENSORS(moving), TP_TENSORS(x), n, .decay = 0.75));
        TP_NO_GRAD();
        ck_assert_ptr_nonnull(tp_add_(tp_detach(x), 3));
    }
    ck_values(mean, 4, 5);
    ck_values(moving, 1 + 0.25 * 0.75 * 3 + 0.25 * 6, 2 + 0.25 * 0.75 * 3 + 0.25 * 6);
    ck_values(steps, 2);                               /* a count is copied */
    ck_assert_int_eq(tp_average(means, TP_TENSORS(x), 0), TP_ERR_ARGUMENT);
    ck_message("average: 2 averages of 1 tensors");
    ck_assert_int_eq(tp_average(values, values, 0, .decay = 2), TP_ERR_ARGUMENT);
    ck_message("average: decay is 2, and has to be from 0 to 1");
    ck_assert_int_eq(tp_average(TP_TENSORS(x), TP_TENSORS(counted(TP_SHAPE(1, 2))), 0), TP_ERR_SHAPE);
    tp_clear_error();
}
END_TEST

START_TEST(weights_are_one_vector_and_take_one)
{
    TP_SCOPE();
    tp_module *net = tp_nn_linear(2, 2);
    tp_tensor_list params = tp_parameters(net);
    tp_tensor *v = tp_parameters_to_vector(params);
    ck_assert_int_eq(tp_numel(v), 6);
    ck_ok(tp_backward(tp_sum(tp_square(v))));
    ck_assert(tp_allclose(tp_grad_of(params.at[1]), tp_mul(params.at[1], 2), 1e-6, 0));
    ck_ok(tp_vector_to_parameters(VECTOR(1, 2, 3, 4, 5, 6), params));
    ck_values(params.at[0], 1, 2, 3, 4);
    ck_values(params.at[1], 5, 6);
    ck_assert_int_eq(tp_vector_to_parameters(VECTOR(1), params), TP_ERR_SHAPE);
    ck_message("vector_to_parameters: the vector has 1 elements, the parameters 6");
    tp_module_free(net);
}
END_TEST

START_TEST(gradients_are_clipped_by_a_norm_that_is_known)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3, 4), *y = LEAF(1), *idle = LEAF(1);
    ck_ok(tp_backward(tp_add(tp_div(tp_sum(tp_square(x)), 2), tp_sum(y))));
    ck_ok(tp_clip_grads_with_norm(TP_TENSORS(x, y, idle), 1, VECTOR(10)));
    ck_values(tp_grad_of(x), 0.3, 0.4);
    ck_values(tp_grad_of(y), 0.1);
    ck_ok(tp_clip_grads_with_norm(TP_TENSORS(x), 1, tp_scalar(0.5)));          /* short enough */
    ck_values(tp_grad_of(x), 0.3, 0.4);
    ck_assert_int_eq(tp_clip_grads_with_norm(TP_TENSORS(x), 1, VECTOR(1, 2)), TP_ERR_ARGUMENT);
    ck_message("clip_grads_with_norm: the norm is no single number");
}
END_TEST

/* ---- Batch norms ---------------------------------------------------------------------------------------------------------------------------- */

static void run_in(tp_module *norm, tp_shape shape)    /* statistics and weights that are not those of the beginning */
{
    for (int i = 0; i < 3; i++) ck_assert_ptr_nonnull(tp_forward(norm, tp_add(tp_mul(tp_randn(shape), 2), 1)));
    TP_NO_GRAD();
    ck_assert_ptr_nonnull(tp_uniform_(tp_detach(tp_module_tensor(norm, "weight")), 0.5, 2));
    ck_assert_ptr_nonnull(tp_uniform_(tp_detach(tp_module_tensor(norm, "bias")), -1, 1));
    ck_ok(tp_eval(norm));
}

START_TEST(a_batch_norm_is_folded_into_the_layer_before_it)
{
    TP_SCOPE();
    tp_manual_seed(6);
    tp_module *layers[] = { tp_nn_conv2d(2, 4, 3, .bias = false, .padding = 1), tp_nn_conv2d(2, 4, 3, .groups = 2),
                            tp_nn_conv_transpose2d(2, 4, 2), tp_nn_linear(3, 4) };
    for (int i = 0; i < 4; i++) {
        const bool image = i < 3;
        tp_module *norm = image ? tp_nn_batch_norm2d(4) : tp_nn_batch_norm1d(4), *fused;
        tp_tensor *x = image ? tp_randn(TP_SHAPE(2, 2, 5, 5)) : tp_randn(TP_SHAPE(6, 3));
        ck_assert_ptr_null(tp_fuse_bn_eval(layers[i], norm));
        ck_error(TP_ERR_STATE, "fuse_bn_eval: both must be in evaluation mode");
        run_in(norm, image ? TP_SHAPE(4, 4, 3, 3) : TP_SHAPE(9, 4));
        ck_ok(tp_eval(layers[i]));
        fused = tp_fuse_bn_eval(layers[i], norm);
        ck_assert_msg(fused, "%s", tp_last_error() ? tp_last_error()->message : "no error");
        ck_assert_str_eq(tp_module_type(fused), tp_module_type(layers[i]));
        ck_assert(tp_allclose(tp_forward(fused, x), tp_forward(norm, tp_forward(layers[i], x)), 1e-4, 1e-5));
        ck_assert_ptr_null(tp_fuse_bn_eval(norm, norm));
        ck_error(TP_ERR_UNSUPPORTED, "takes a convolution or Linear, not BatchNorm");
        ck_assert_ptr_null(tp_fuse_bn_eval(fused, layers[i]));
        ck_error(TP_ERR_ARGUMENT, "the second is no BatchNorm");
        tp_free_all(norm, fused, layers[i]);
    }
}
END_TEST

typedef struct inputs { tp_tensor *all; int64_t at; } inputs;
static tp_tensor *next_input(void *arg)
{
    inputs *in = arg;
    return in->at < tp_size(in->all, 0) ? tp_select(in->all, 0, in->at++) : NULL;
}

START_TEST(statistics_are_gathered_anew)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_batch_norm1d(2), tp_nn_relu());
    inputs in = { tp_randn(TP_SHAPE(4, 8, 2)), 0 };
    ck_ok(tp_eval(net));
    ck_ok(tp_update_bn(net, next_input, &in));
    ck_assert_int_eq(in.at, 4);
    ck_assert(!tp_is_training(net));
    ck_assert(tp_allclose(tp_module_tensor(net, "0.running_mean"), tp_mean(in.all, .dims = TP_DIMS(0, 1)), 1e-5, 1e-6));
    ck_assert(tp_allclose(tp_module_tensor(net, "0.running_var"), tp_mean(tp_var(in.all, .dims = TP_DIMS(1)), .dims = TP_DIMS(0)), 1e-5, 1e-6));
    ck_values(tp_module_tensor(net, "0.num_batches_tracked"), 4);
    ck_ok(tp_train(net));                              /* the momentum is 0.1 again */
    ck_assert_ptr_nonnull(tp_forward(net, tp_add(tp_zeros(TP_SHAPE(8, 2)), 10)));
    ck_assert(tp_allclose(tp_module_tensor(net, "0.running_mean"), tp_add(tp_mul(tp_mean(in.all, .dims = TP_DIMS(0, 1)), 0.9), 1), 1e-5, 1e-5));
    in = (inputs){ tp_randn(TP_SHAPE(1, 8, 3)), 0 };   /* three channels */
    ck_assert_int_lt(tp_update_bn(net, next_input, &in), 0);
    tp_clear_error();
    ck_assert_int_eq(tp_update_bn(net, NULL, NULL), TP_ERR_ARGUMENT);
    ck_message("update_bn: what gives the inputs is NULL");
    tp_module_free(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("older");
    TCase *t = tcase_create("older");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, older_functions_are_there);
    tcase_add_test(t, dropout_tells_what_it_kept);
    tcase_add_test(t, trials_succeed_as_often_as_they_should);
    tcase_add_test(t, groups_are_multiplied_each_by_its_own);
    tcase_add_test(t, sequences_are_padded_and_packed_and_come_back);
    tcase_add_test(t, averages_are_means_or_move);
    tcase_add_test(t, weights_are_one_vector_and_take_one);
    tcase_add_test(t, gradients_are_clipped_by_a_norm_that_is_known);
    tcase_add_test(t, a_batch_norm_is_folded_into_the_layer_before_it);
    tcase_add_test(t, statistics_are_gathered_anew);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
