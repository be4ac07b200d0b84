/* test_forms.c: ops that are made of others, called from C: shapes, stacks and grids, parts put back, factors, windows, what a mask shows;
 * attention with several heads, low ranks, a softmax in clusters; PyTorch's second names; and a dtype that stands where a device belongs. */
#include "expect.h"

static tp_tensor *matrix(int64_t rows, int64_t columns)
{ return tp_reshape(tp_arange(0, (double)(rows * columns), 1, .dtype = TP_F32), TP_SHAPE(rows, columns)); }

#define ck_shape(x, ...) do { \
    const int64_t dims_[] = { __VA_ARGS__ }; \
    ck_assert_msg(x, "%s: %s", #x, tp_last_error() ? tp_last_error()->message : "no error"); \
    ck_assert_int_eq(tp_ndim(x), (int)(sizeof dims_ / sizeof *dims_)); \
    for (int d_ = 0; d_ < tp_ndim(x); d_++) ck_assert_int_eq(tp_size(x, d_), dims_[d_]); \
} while (0)

START_TEST(shapes_follow_other_tensors)
{
    TP_SCOPE();
    tp_tensor *x = matrix(2, 3), *row = VECTOR(1, 2, 3), *out[4];
    int n;
    ck_values(tp_broadcast_to(row, TP_SHAPE(2, 3)), 1, 2, 3, 1, 2, 3);
    ck_values(tp_expand_as(row, x), 1, 2, 3, 1, 2, 3);
    ck_shape(tp_view_as(tp_ravel(x), x), 2, 3);
    ck_shape(tp_reshape_as(tp_transpose(x, 0, 1), x), 2, 3);
    ck_shape(tp_atleast_1d(tp_full((tp_shape){ 0 }, 1)), 1);
    ck_shape(tp_atleast_2d(row), 1, 3);
    ck_shape(tp_atleast_3d(x), 2, 3, 1);
    ck_values(tp_tile(VECTOR(1, 2), TP_SHAPE(2)), 1, 2, 1, 2);
    ck_values(tp_fliplr(x), 2, 1, 0, 5, 4, 3);
    ck_values(tp_flipud(x), 3, 4, 5, 0, 1, 2);
    ck_values(tp_rot90(x, 1, 0, 1), 2, 5, 1, 4, 0, 3);
    ck_ok(tp_tensor_split(row, 2, 0, out, 4, &n));
    ck_assert_int_eq(n, 2);
    ck_values(out[0], 1, 2);
    ck_ok(tp_broadcast_tensors(TP_TENSORS(row, x), out, 4, &n));
    ck_shape(out[0], 2, 3);
    ck_assert_int_eq(tp_broadcast_tensors(TP_TENSORS(row, x), out, 1, &n), TP_ERR_ARGUMENT);
    ck_assert_ptr_null(out[0]);
    tp_clear_error();
    tp_tensor *y = tp_zeros(TP_SHAPE(2));
    ck_shape(tp_resize_(y, TP_SHAPE(3, 2)), 3, 2);
    ck_shape(tp_resize_as_(y, x), 2, 3);
    ck_fine();
}
END_TEST

START_TEST(lists_are_stacked_and_spanned)
{
    TP_SCOPE();
    tp_tensor *a = VECTOR(1, 2), *b = VECTOR(3, 4), *out[3];
    int n;
    ck_values(tp_hstack(TP_TENSORS(a, b)), 1, 2, 3, 4);
    ck_values(tp_vstack(TP_TENSORS(a, b)), 1, 2, 3, 4);
    ck_shape(tp_dstack(TP_TENSORS(a, b)), 1, 2, 2);
    ck_values(tp_column_stack(TP_TENSORS(a, b)), 1, 3, 2, 4);
    ck_values(tp_block_diag(TP_TENSORS(a, tp_unsqueeze(b, 1))), 1, 2, 0, 0, 0, 3, 0, 0, 4);
    ck_values(tp_cartesian_prod(TP_TENSORS(a, b)), 1, 3, 1, 4, 2, 3, 2, 4);
    ck_values(tp_combinations(VECTOR(1, 2, 3), 2, false), 1, 2, 1, 3, 2, 3);
    ck_ok(tp_meshgrid(TP_TENSORS(a, VECTOR(5, 6, 7)), NULL, out, 3, &n));
    ck_assert_int_eq(n, 2);
    ck_values(out[0], 1, 1, 1, 2, 2, 2);
    ck_ok(tp_meshgrid(TP_TENSORS(a, VECTOR(5, 6, 7)), "xy", out, 3, &n));
    ck_shape(out[0], 3, 2);
    ck_assert_int_eq(tp_meshgrid(TP_TENSORS(a, b), "yx", out, 3, &n), TP_ERR_ARGUMENT);
    ck_message("meshgrid: indexing is \"yx\", and has to be \"ij\" or \"xy\"");
    ck_assert_ptr_null(tp_hstack((tp_tensor_list){ .at = NULL, .n = 2 }));
    ck_message("hstack: the list of tensors is NULL");
    ck_values(tp_vander(VECTOR(2, 3), 3, true), 1, 2, 4, 1, 3, 9);
    ck_values(tp_tril_indices(2, 3, 0), 0, 1, 1, 0, 0, 1);
    ck_values(tp_triu_indices(2, 2, 0), 0, 0, 1, 0, 1, 1);
    ck_fine();
}
END_TEST

START_TEST(parts_are_put_back)
{
    TP_SCOPE();
    tp_tensor *x = matrix(2, 3), *index = tp_to_dtype(VECTOR(4), TP_I64), *out[2];
    int n;
    ck_values(tp_select_scatter(x, VECTOR(8, 9), 1, -1), 0, 1, 8, 3, 4, 9);
    ck_values(tp_slice_scatter(x, tp_reshape(VECTOR(7, 7, 7), TP_SHAPE(1, 3)), 0, .start = 1), 0, 1, 2, 7, 7, 7);
    ck_values(tp_diagonal_scatter(x, VECTOR(8, 9)), 8, 1, 2, 3, 9, 5);
    ck_values(tp_diagflat(VECTOR(1, 2), 1), 0, 1, 0, 0, 0, 2, 0, 0, 0);
    ck_values(tp_argwhere(VECTOR(0, 1, 1)), 1, 2);
    ck_values(tp_nonzero_static(VECTOR(0, 1), 2, -1), 1, -1);
    ck_ok(tp_unravel_index(index, TP_SHAPE(2, 3), out, 2, &n));
    ck_values(out[0], 1);
    ck_values(out[1], 1);
    ck_ok(tp_unravel_index(tp_full(TP_SHAPE(1), 7, .dtype = TP_I16), TP_SHAPE(1 << 30, 4), out, 2, &n));
    ck_assert_int_eq(tp_dtype_of(out[0]), TP_I64);     /* 1 << 30 is 0 in 16 bits */
    ck_values(out[0], 1);
    ck_values(out[1], 3);
    tp_tensor *y = VECTOR(1, 2, 3), *first = tp_to_dtype(VECTOR(0, 0), TP_I64);
    ck_values(tp_scatter_reduce_(y, 0, first, VECTOR(5, 6), TP_REDUCE_SUM), 12, 2, 3);
    ck_values(tp_index_reduce_(y, 0, first, VECTOR(5, 6), TP_REDUCE_AMAX, .include_self = false), 6, 2, 3);
    ck_values(tp_addr(tp_zeros(TP_SHAPE(2, 2)), VECTOR(1, 2), VECTOR(3, 4), .alpha = 2), 6, 8, 12, 16);
    ck_values(tp_addr(VECTOR(1, 2), VECTOR(1, 2), VECTOR(3, 4)), 4, 6, 7, 10);
    ck_values(tp_index_copy(tp_select(VECTOR(1), 0, 0), 0, tp_full(TP_SHAPE(1), 0, .dtype = TP_I64), VECTOR(5)), 5);
    ck_values(tp_addmv_(VECTOR(1, 1), matrix(2, 2), VECTOR(1, 1), .beta = 3), 4, 8);
    ck_values(tp_addbmm(tp_zeros(TP_SHAPE(1, 1)), tp_ones(TP_SHAPE(2, 1, 3)), tp_ones(TP_SHAPE(2, 3, 1))), 6);
    ck_values(tp_vdot(VECTOR(1, 2), VECTOR(3, 4)), 11);
    ck_fine();
    ck_assert_ptr_null(tp_addr(tp_zeros(TP_SHAPE(2, 3)), VECTOR(1, 2), VECTOR(3)));
    ck_message("addr: [2, 3] does not broadcast to [2, 1]");
}
END_TEST

START_TEST(factors_solve_what_they_factor)
{
    TP_SCOPE();
    tp_tensor *a = tp_from_data((float[]){ 4, 1, 0, 1, 3, 1, 0, 1, 5 }, TP_F32, TP_SHAPE(3, 3)),
              *b = tp_reshape(VECTOR(1, 2, 3), TP_SHAPE(3, 1)), *pivots, *tau, *l, *u;
    tp_tensor *solved = tp_linalg_solve(a, b);
    tp_tensor *lu = tp_linalg_lu_factor(a, &pivots);
    ck_assert(tp_allclose(tp_linalg_lu_solve(lu, pivots, b, true, false), solved, 1e-5, 1e-6));
    ck_assert_ptr_null(tp_linalg_lu_solve(lu, tp_unsqueeze(pivots, 0), b, true, false));
    ck_message("linalg_lu_solve: pivots [1, 3] do not fit LU [3, 3]");
    tp_tensor *p = tp_lu_unpack(lu, pivots, &l, &u);
    ck_assert(tp_allclose(tp_matmul(p, tp_matmul(l, u)), a, 1e-5, 1e-5));
    tp_tensor *ld = tp_linalg_ldl_factor(a, &pivots);
    ck_assert(tp_allclose(tp_linalg_ldl_solve(ld, pivots, b), solved, 1e-5, 1e-5));
    tp_tensor *c = tp_linalg_cholesky(a);
    ck_assert(tp_allclose(tp_cholesky_solve(b, c, false), solved, 1e-5, 1e-5));
    ck_assert(tp_allclose(tp_cholesky_inverse(c, false), tp_linalg_inv(a), 1e-5, 1e-5));
    ck_values(tp_logdet(a), log(51));
    tp_tensor *qr = tp_geqrf(a, &tau), *q = tp_linalg_householder_product(qr, tau);
    ck_assert(tp_allclose(tp_matmul(q, tp_triu(qr, 0)), a, 1e-5, 1e-5));
    ck_assert(tp_allclose(tp_ormqr(qr, tau, b, true, false), tp_matmul(q, b), 1e-5, 1e-5));
    ck_assert(tp_allclose(tp_linalg_tensorsolve(a, VECTOR(1, 2, 3)), tp_reshape(solved, TP_SHAPE(3)), 1e-5, 1e-5));
    ck_assert(tp_allclose(tp_linalg_tensorinv(a, 1), tp_linalg_inv(a), 1e-5, 1e-5));
    ck_fine();
}
END_TEST

START_TEST(windows_masks_and_areas_are_pytorchs)
{
    TP_SCOPE();
    tp_tensor *x = matrix(2, 3), *seen = tp_ne(x, 4), *edges;
    ck_values(tp_signal_windows_hann(5, true), 0, 0.5, 1, 0.5, 0);
    ck_values(tp_signal_windows_bartlett(4, false), 0, 0.5, 1, 0.5);
    ck_values(tp_signal_windows_gaussian(3, 1, true), 0.60653067, 1, 0.60653067);
    ck_values(tp_signal_windows_kaiser(1, 12, true), 1);
    ck_assert_ptr_null(tp_signal_windows_nuttall(-1, true));
    ck_values(tp_hann_window(4, true), 0, 0.5, 1, 0.5);
    ck_values(tp_hamming_window(3, false, 0.6, 0.4), 0.2, 1, 0.2);
    ck_values(tp_blackman_window(3, false), 0, 1, 0);
    ck_values(tp_bartlett_window(4, true), 0, 0.5, 1, 0.5);
    ck_values(tp_kaiser_window(5, false, 3), 0.20488474, 0.72692549, 1, 0.72692549, 0.20488474);
    ck_values(tp_kaiser_window(1, true, 12), 1);
    ck_assert_int_eq(tp_numel(tp_hann_window(0, true)), 0);
    ck_assert_ptr_null(tp_hann_window(-1, true));
    tp_clear_error();
    ck_values(tp_fill_diagonal_(tp_zeros(TP_SHAPE(2, 3)), 5, false), 5, 0, 0, 0, 5, 0);
    ck_values(tp_fill_diagonal_(tp_zeros(TP_SHAPE(5, 2)), 5, true), 5, 0, 0, 5, 0, 0, 5, 0, 0, 5);
    ck_assert_ptr_null(tp_fill_diagonal_(tp_zeros(TP_SHAPE(2, 2, 3)), 5, false));
    tp_clear_error();
    ck_values(tp_masked_sum(x, seen, TP_DIMS(1), false), 3, 8);
    ck_values(tp_masked_mean(x, seen, TP_DIMS(1), true), 1, 4);
    ck_values(tp_masked_amax(x, seen, TP_DIMS(0), false), 3, 1, 5);
    ck_values(tp_masked_var(x, seen, TP_DIMS(1), 0, false), 2. / 3, 1);
    ck_values(tp_masked_softmax(VECTOR(1, 1, 1), tp_ne(VECTOR(0, 1, 1), 0), 0), 0, 0.5, 0.5);
    ck_values(tp_masked_prod(x, NULL, TP_DIMS(1), false), 0, 60);
    ck_values(tp_trapezoid(VECTOR(1, 2, 4), NULL, 0.5, 0), 2.25);
    ck_assert_int_eq(tp_dtype_of(tp_trapezoid(tp_zeros(TP_SHAPE(2, 0), .dtype = TP_BOOL), NULL, 0.5, 1)), TP_BOOL);
    ck_values(tp_cumulative_trapezoid(VECTOR(1, 2, 4), VECTOR(0, 2, 3), 1, 0), 3, 6);
    ck_values(tp_gradient(VECTOR(1, 2, 4), 2, 0, 1), 0.5, 0.75, 1);
    ck_values(tp_histogram(VECTOR(0, 1, 1, 3), 3, 0, 3, NULL, &edges), 1, 2, 1);
    ck_values(tp_histogram(VECTOR(0, 1, 1, 3), 3, 0, 3, tp_reshape(VECTOR(1, 2, 3, 4), TP_SHAPE(2, 2)), NULL), 1, 5, 4);
    ck_values(edges, 0, 1, 2, 3);
    ck_fine();
}
END_TEST

/* ---- Attention with several heads: what the layer computes ---------------------------------------------------------------------------------- */

START_TEST(heads_attend_as_the_layer_does)
{
    TP_SCOPE();
    tp_manual_seed(3);
    tp_module *m = tp_nn_multihead_attention(4, 2, .add_bias_kv = true, .add_zero_attn = true);
    tp_tensor *q = tp_randn(TP_SHAPE(3, 2, 4)), *k = tp_randn(TP_SHAPE(5, 2, 4)),
              *hidden = tp_ne(tp_reshape(tp_arange(0, 10, 1), TP_SHAPE(2, 5)), 7), *out[2], *w;
    hidden = tp_logical_not(hidden);
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = q },
                            { .kind = TP_ARG_TENSOR, .value.tensor = k },
                            { .kind = TP_ARG_TENSOR, .value.tensor = k },
                            { .kind = TP_ARG_TENSOR, .value.tensor = hidden } };
    int n;
    ck_ok(tp_call(m, args, 4, out, 2, &n));
    tp_tensor *out_weight = tp_module_tensor(m, "out_proj.weight"), *out_bias = tp_module_tensor(m, "out_proj.bias");
#define HEADS(weights) tp_multi_head_attention_forward(q, k, k, 2, out_weight, out_bias, weights, .in_proj_weight = tp_module_tensor(m, "in_proj_weight"), \
        .in_proj_bias = tp_module_tensor(m, "in_proj_bias"), .bias_k = tp_module_tensor(m, "bias_k"), .bias_v = tp_module_tensor(m, "bias_v"), \
        .add_zero_attn = true, .key_padding_mask = hidden)
    ck_assert(tp_allclose(HEADS(&w), out[0], 1e-5, 1e-5));
    ck_assert(tp_allclose(w, out[1], 1e-5, 1e-5));
    ck_assert(tp_allclose(HEADS(NULL), out[0], 1e-5, 1e-5));
    ck_assert_ptr_null(tp_multi_head_attention_forward(q, k, k, 3, out_weight, out_bias, NULL, .in_proj_weight = tp_module_tensor(m, "in_proj_weight")));
    ck_error(TP_ERR_SHAPE, "multi_head_attention_forward: the 4 features of query [3, 2, 4] do not go into 3 heads");
    ck_assert_ptr_null(tp_multi_head_attention_forward(q, k, k, 2, out_weight, NULL, &w));
    ck_error(TP_ERR_ARGUMENT, "in_proj_weight is missing");
    ck_assert_ptr_null(w);
    tp_module_free(m);
}
END_TEST

START_TEST(low_ranks_are_found)
{
    TP_SCOPE();
    tp_manual_seed(0);
    tp_tensor *a = tp_matmul(tp_randn(TP_SHAPE(20, 2), .dtype = TP_F64), tp_randn(TP_SHAPE(2, 9), .dtype = TP_F64)), *s, *v;
    tp_tensor *u = tp_svd_lowrank(a, &s, &v, .q = 3);
    ck_shape(u, 20, 3);
    ck_shape(v, 9, 3);
    ck_assert(tp_allclose(tp_matmul(tp_mul(u, s), tp_t(v)), a, 1e-5, 1e-9));
    u = tp_svd_lowrank(tp_t(a), &s, &v, .q = 2, .M = tp_ones(TP_SHAPE(20), .dtype = TP_F64));
    ck_shape(u, 9, 2);
    u = tp_pca_lowrank(a, &s, &v);
    ck_shape(u, 20, 6);
    ck_assert(tp_allclose(tp_matmul(tp_mul(u, s), tp_t(v)), tp_sub(a, tp_mean(a, .dims = TP_DIMS(0), .keepdim = true)), 1e-5, 1e-9));
    ck_assert_ptr_null(tp_pca_lowrank(a, &s, &v, .q = 10));
    ck_error(TP_ERR_ARGUMENT, "pca_lowrank: q is 10, 0 to 9 are possible for [20, 9]");
    ck_assert_ptr_null(s);
    ck_assert_ptr_null(tp_svd_lowrank(a, NULL, NULL, .niter = INT64_MAX));
    ck_error(TP_ERR_ARGUMENT, "svd_lowrank: q is 6, and must not be negative, or niter is 9223372036854775807, and must be 0 to 1000");
}
END_TEST

/* ---- A softmax in clusters -------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_softmax_in_clusters_sums_to_one)
{
    TP_SCOPE();
    tp_manual_seed(1);
    tp_module *m = tp_nn_adaptive_log_softmax_with_loss(4, 9, TP_SHAPE(2, 5), .div_value = 2);
    tp_tensor *x = tp_randn(TP_SHAPE(3, 4)), *y = tp_to_dtype(VECTOR(0, 8, 3), TP_I64), *out[2];
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = y } };
    int n;
    ck_ok(tp_call(m, args, 2, out, 2, &n));
    ck_assert_int_eq(n, 2);
    tp_tensor *all = tp_adaptive_log_prob(m, x);
    ck_shape(all, 3, 9);
    ck_values(tp_sum(tp_exp(all), .dims = TP_DIMS(1)), 1, 1, 1);
    ck_assert(tp_allclose(tp_squeeze(tp_gather(all, 1, tp_unsqueeze(y, 1)), .dims = TP_DIMS(1)), out[0], 1e-5, 1e-6));
    ck_assert(tp_allclose(tp_neg(tp_mean(out[0])), out[1], 1e-5, 1e-6));
    ck_assert(tp_equal(tp_adaptive_predict(m, x), tp_argmax(all, .dim = 1)));
    ck_ok(tp_backward(out[1]));
    ck_assert_ptr_nonnull(tp_module_tensor(m, "tail.1.0.weight"));
    tp_tensor *wrong = tp_to_dtype(VECTOR(0, 9, 3), TP_I64);
    ck_assert_int_eq(tp_call(m, ((tp_arg[]){ args[0], { .kind = TP_ARG_TENSOR, .value.tensor = wrong } }), 2, out, 2, &n), TP_ERR_INDEX);
    ck_error(TP_ERR_INDEX, "AdaptiveLogSoftmaxWithLoss: targets must be 0 to 8, and are 0 to 9");
    tp_module_free(m);
    ck_assert_ptr_null(tp_nn_adaptive_log_softmax_with_loss(4, 9, TP_SHAPE(5, 2)));
    ck_error(TP_ERR_ARGUMENT, "cutoffs must rise, from 1 on and below 9 classes: number 1 is 2");
    tp_module *linear = tp_nn_linear(2, 2);
    ck_assert_ptr_null(tp_adaptive_predict(linear, x));
    ck_error(TP_ERR_ARGUMENT, "no AdaptiveLogSoftmaxWithLoss");
    tp_module_free(linear);
}
END_TEST

/* ---- Names, and what is no device -------------------------------------------------------------------------------------------------------------- */

START_TEST(second_names_are_found)
{
    ck_assert_ptr_eq(tp_op_find("arccos"), tp_op_find("acos"));
    ck_assert_ptr_eq(tp_op_find("multiply_"), tp_op_find("mul_"));
    ck_assert_ptr_eq(tp_op_find("special_psi"), tp_op_find("digamma"));
    ck_assert_ptr_null(tp_op_find("_"));
    ck_assert_ptr_null(tp_op_find("arccost"));
    TP_SCOPE();
    tp_tensor *y;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = VECTOR(1, 4) }, { .name = "other", .kind = TP_ARG_INT, .value.integer = 3 } };
    ck_ok(tp_op_call("greater", args, 2, &y, 1, NULL));
    ck_values(y, 0, 1);
    const tp_arg alike[] = { { .kind = TP_ARG_TENSOR, .value.tensor = y }, { .kind = TP_ARG_TENSOR, .value.tensor = y },
                             { .kind = TP_ARG_FLOAT, .value.real = -1 } };
    tp_tensor *close;
    ck_ok(tp_op_call("allclose", alike, 2, &close, 1, NULL));             /* of truths, too */
    ck_values(close, 1);
    ck_assert_int_eq(tp_op_call("allclose", alike, 3, &close, 1, NULL), TP_ERR_ARGUMENT);
    ck_message("isclose: rtol is -1, and must not be below 0");
    ck_assert_int_eq(tp_op_call("greaterer_", args, 2, &y, 1, NULL), TP_ERR_UNSUPPORTED);
    ck_message("op_call: there is no op \"greaterer_\"");
}
END_TEST

START_TEST(view_copy_takes_shapes_that_no_view_has)
{
    TP_SCOPE();
    tp_tensor *y;
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = tp_transpose(matrix(2, 3), 0, 1) },
                            { .kind = TP_ARG_INTS, .n = 1, .value.ints = (const int64_t[]){ -1 } } };
    ck_ok(tp_op_call("view_copy", args, 2, &y, 1, NULL));
    ck_values(y, 0, 3, 1, 4, 2, 5);
}
END_TEST

static tp_status call_with(const char *op, const char *second, tp_tensor *x, const char *way, tp_tensor *y, tp_tensor **out)
{
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_STRING, .value.string = way },
                            { .name = second, .kind = TP_ARG_TENSOR, .value.tensor = y } };
    return tp_op_call(op, args, 3, out, 1, NULL);
}
START_TEST(what_pytorch_refuses_of_segments_edges_and_sources_is_refused)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, 2, 3, 4, 5), *y, *parts[2];
    ck_ok(call_with("segment_reduce", "offsets", x, "sum", tp_to_dtype(VECTOR(0, 3, 3, 5), TP_I64), &y));
    ck_values(y, 6, 0, 9);
    tp_tensor *data = VECTOR(1, 3, 2), *dx;            /* 1 is as small as the beginning, and has all of the gradient */
    tp_requires_grad(data, true);
    const tp_arg from_one[] = { { .kind = TP_ARG_TENSOR, .value.tensor = data }, { .kind = TP_ARG_STRING, .value.string = "min" },
                                { .name = "lengths", .kind = TP_ARG_TENSOR, .value.tensor = tp_to_dtype(VECTOR(1, 0, 2), TP_I64) },
                                { .name = "initial", .kind = TP_ARG_INT, .value.integer = 1 } };
    ck_ok(tp_op_call("segment_reduce", from_one, 4, &y, 1, NULL));
    ck_values(y, 1, 1, 1);
    y = tp_sum(y);
    ck_ok(tp_grad(&y, 1, &data, 1, NULL, &dx));
    ck_values(dx, 1, 0, 0);
    ck_assert_int_eq(call_with("segment_reduce", "offsets", x, "sum", tp_to_dtype(VECTOR(0, 3, 2, 5), TP_I64), &y), TP_ERR_ARGUMENT);
    ck_message("segment_reduce: offsets fall, and no segment has less than 0 elements");
    const tp_arg one[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, { .kind = TP_ARG_TENSOR, .value.tensor = VECTOR(1) } };
    ck_assert_int_eq(tp_op_call("histogram", one, 2, parts, 2, NULL), TP_ERR_SHAPE);
    ck_message("histogram: edges [1] are no vector of two at least");
    ck_assert_ptr_null(tp_index_reduce(tp_select(x, 0, 0), 0, tp_to_dtype(VECTOR(0), TP_I64), VECTOR(2), TP_REDUCE_AMIN));
    ck_message("index_reduce: the source [1] does not fit [] and an index of 1");
    tp_tensor *small = tp_ones(TP_SHAPE(1, 1, 1), .dtype = TP_I8);        /* a dim of 1 goes with all of the other's, and sums stay of 8 bits */
    const tp_arg pair[] = { { .kind = TP_ARG_TENSOR, .value.tensor = small },
                            { .kind = TP_ARG_TENSOR, .value.tensor = tp_ones(TP_SHAPE(2, 1, 2), .dtype = TP_I8) } };
    ck_ok(tp_op_call("tensordot", pair, 2, &y, 1, NULL));
    ck_values(y, 2, 2);
    ck_assert_int_eq(tp_dtype_of(y), TP_I8);
}
END_TEST

START_TEST(a_dtype_is_no_device)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, 2);
    ck_assert_ptr_null(tp_to(x, (tp_device)TP_F32));
    ck_message("to: float32 is a dtype and no device: tp_to_dtype(x, dtype), or .dtype");
    ck_assert_ptr_null(tp_to(x, (tp_device)TP_BOOL));
    ck_error(TP_ERR_DEVICE, "bool is a dtype");
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .device = (tp_device)TP_F32));
    ck_error(TP_ERR_DEVICE, "float32 is a dtype");
    ck_assert_ptr_null(tp_to_dtype(x, (tp_dtype)TP_CPU));
    ck_assert(tp_failed());
    tp_clear_error();
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .dtype = (tp_dtype)TP_CPU));
    ck_assert(tp_failed());
    tp_clear_error();
    ck_assert_ptr_eq(tp_to(x, TP_CPU), x);
    tp_module *m = tp_nn_linear(2, 2);
    ck_assert_int_eq(tp_module_to(m, (tp_device)TP_F64), TP_ERR_DEVICE);
    tp_clear_error();
    tp_module_free(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forms");
    TCase *c = tcase_create("forms");
    tcase_add_test(c, shapes_follow_other_tensors);
    tcase_add_test(c, lists_are_stacked_and_spanned);
    tcase_add_test(c, parts_are_put_back);
    tcase_add_test(c, factors_solve_what_they_factor);
    tcase_add_test(c, windows_masks_and_areas_are_pytorchs);
    tcase_add_test(c, heads_attend_as_the_layer_does);
    tcase_add_test(c, low_ranks_are_found);
    tcase_add_test(c, a_softmax_in_clusters_sums_to_one);
    tcase_add_test(c, second_names_are_found);
    tcase_add_test(c, view_copy_takes_shapes_that_no_view_has);
    tcase_add_test(c, what_pytorch_refuses_of_segments_edges_and_sources_is_refused);
    tcase_add_test(c, a_dtype_is_no_device);
    suite_add_tcase(suite, c);
    return run_suite(suite) ? EXIT_FAILURE : EXIT_SUCCESS;
}
