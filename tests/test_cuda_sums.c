/* tests/test_cuda_sums.c: losses of classes, norms, reductions, scans and counts of the CUDA backend against the CPU's, where shapes are large
 * or odd enough for every path. On the simulated device, under each order of threads and two of streams. */
#include "cuda_same.h"

static tp_tensor *leaf(tp_tensor *x)
{
    x = tp_detach(x);
    ck_ok(tp_requires_grad(x, true));
    return x;
}

/* The gradient of sum(y^2) by x */
static tp_tensor *slope(tp_tensor *y, tp_tensor *x)
{
    tp_tensor *loss = tp_sum(tp_mul(y, y)), *g = NULL;
    return loss && !tp_grad_with(&loss, 1, &x, 1, NULL, &g, NULL) ? g : NULL;
}

static tp_tensor *beside(tp_tensor *x, tp_tensor *moved) { return tp_to(moved, tp_device_of(x)); }

/* n numbers from 0.5 to 1.5, where x is */
static tp_tensor *weights_by(tp_tensor *x, int64_t n)
{
    tp_tensor *w = tp_arange(0, (double)n, 1);
    w = tp_remainder(w, 7);
    return beside(x, tp_to_dtype(tp_div(tp_add(w, 3), 6), tp_dtype_of(x)));
}

START_TEST(losses_of_classes_agree)
{
    const tp_shape shapes[] = { TP_SHAPE(5000, 10), TP_SHAPE(9, 3001), TP_SHAPE(4, 40, 50), TP_SHAPE(33) };
    const tp_shape rows[] = { TP_SHAPE(5000), TP_SHAPE(9), TP_SHAPE(4, 50), { .ndim = 0 } };
    begin(_i);
    for (int k = 0; k < 4; k++)
        for (int s = 0; s < 4; s++) {
            TP_SCOPE();
            const double tol = 4 * tolerance(floats[k]);
            const int64_t n = shapes[s].dim[shapes[s].ndim > 1];
            tp_tensor *a = leaf(tp_to_dtype(tp_randn(shapes[s]), floats[k])), *b = tp_randint(0, n, rows[s]), *da = leaf(there(a)), *db = there(b);
            SAME(tp_cross_entropy(x, y), tol, tol);
            SAME(tp_cross_entropy(x, y, .reduction = TP_REDUCTION_NONE, .label_smoothing = 0.1), tol, tol);
            SAME(tp_cross_entropy(x, y, .weight = weights_by(x, n), .ignore_index = s < 3 ? 2 : -100, .label_smoothing = 0.2), tol, tol);
            SAME(tp_cross_entropy(x, tp_softmax(tp_detach(x), s < 3), .reduction = TP_REDUCTION_SUM), tol, tol);
            SAME(slope(tp_cross_entropy(x, y), x), tol, tol);
            SAME(slope(tp_cross_entropy(x, y, .weight = weights_by(x, n), .label_smoothing = 0.2, .reduction = TP_REDUCTION_NONE), x), tol, 4 * tol);
            SAME(tp_nll_loss(x, y, .weight = weights_by(x, n)), tol, tol);
            SAME(tp_nll_loss(x, y, .reduction = TP_REDUCTION_NONE, .ignore_index = 1), tol, tol);
            SAME(slope(tp_nll_loss(x, y, .weight = weights_by(x, n)), x), tol, tol);
        }
}
END_TEST

START_TEST(bad_classes_are_told)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = there(tp_randn(TP_SHAPE(300, 5))), *t = tp_full(TP_SHAPE(300), 3, .dtype = TP_I64);
    tp_fill_(tp_select(t, 0, 170), 5);
    tp_cross_entropy(x, there(t));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_INDEX);
    ck_assert_str_eq(tp_last_error()->message, "cross_entropy: target 5 is not in [0, 5)");
    tp_clear_error();
}
END_TEST

START_TEST(norms_of_rows_agree)
{
    static const int64_t widths[] = { 768, 130, 9001, 8192, 3, 1 }, counts[] = { 300, 33, 3, 5, 2000, 7 };
    begin(_i);
    for (int k = 0; k < 4; k++)
        for (int s = 0; s < 6; s++) {
            TP_SCOPE();
            const double tol = 8 * tolerance(floats[k]);
            const int64_t n = widths[s];
            tp_tensor *a = leaf(tp_to_dtype(tp_randn(TP_SHAPE(counts[s], n)), floats[k])),
                      *b = leaf(tp_to_dtype(tp_rand(TP_SHAPE(n)), floats[k])), *da = leaf(there(a)),
                      *db = leaf(there(b));
            SAME(tp_layer_norm(x, TP_SHAPE(n), .weight = y, .bias = y), tol, tol);
            SAME(tp_rms_norm(x, TP_SHAPE(n), .weight = y), tol, tol);
            SAME(tp_layer_norm(x, TP_SHAPE(n)), tol, tol);
            if (n == 1) continue;                      /* 0 but for rounding */
            SAME(slope(tp_layer_norm(x, TP_SHAPE(n), .weight = y, .bias = y), x), tol, 4 * tol);
            SAME(slope(tp_layer_norm(x, TP_SHAPE(n), .weight = y, .bias = y), y), tol, 40 * tol);
            SAME(slope(tp_rms_norm(x, TP_SHAPE(n), .weight = y), y), tol, 40 * tol);
        }
}
END_TEST

START_TEST(norms_of_groups_and_channels_agree)
{
    const tp_shape shapes[] = { TP_SHAPE(4, 6, 11, 12), TP_SHAPE(3, 6, 5), TP_SHAPE(5, 6, 40, 50) };
    begin(_i);
    for (int k = 0; k < 4; k++)
        for (int s = 0; s < 3; s++) {
            TP_SCOPE();
            const double tol = 8 * tolerance(floats[k]);
            tp_tensor *a = leaf(tp_to_dtype(tp_randn(shapes[s]), floats[k])),
                      *b = leaf(tp_to_dtype(tp_rand(TP_SHAPE(6)), floats[k])), *da = leaf(there(a)),
                      *db = leaf(there(b));
            SAME(tp_group_norm(x, 3, .weight = y, .bias = y), tol, tol);
            SAME(slope(tp_group_norm(x, 2, .weight = y), x), tol, 4 * tol);
            SAME(slope(tp_group_norm(x, 2, .weight = y, .bias = y), y), tol, 40 * tol);
            SAME(tp_batch_norm(x, NULL, NULL, .weight = y, .bias = y, .training = true), tol, tol);
            SAME(tp_batch_norm(x, tp_detach(y), tp_detach(y), .weight = y), tol, tol);
            SAME(slope(tp_batch_norm(x, NULL, NULL, .weight = y, .training = true), x), tol, 8 * tol);
            SAME(slope(tp_batch_norm(x, NULL, NULL, .weight = y, .bias = y, .training = true), y), tol, 40 * tol);
            SAME(slope(tp_batch_norm(x, tp_detach(y), tp_detach(y), .weight = y), x), tol, 4 * tol);
            SAME(tp_batch_norm(tp_transpose(x, 0, 1), NULL, NULL, .training = true), tol, tol);
            SAME(tp_batch_norm(tp_reshape(tp_transpose(x, 1, 2), TP_SHAPE(-1, 6)), NULL, NULL, .weight = y, .training = true), tol, tol);
            SAME(tp_instance_norm(x, .weight = y), tol, tol);
        }
}
END_TEST

START_TEST(running_statistics_move)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(30, 4, 5)), *mean = tp_zeros(TP_SHAPE(4)), *var = tp_ones(TP_SHAPE(4)), *dmean = there(mean), *dvar = there(var);
    tp_batch_norm(x, mean, var, .training = true);
    tp_batch_norm(there(x), dmean, dvar, .training = true);
    same(dmean, mean, 1e-6, 1e-6, "the running mean");
    same(dvar, var, 1e-6, 1e-6, "the running variance");
}
END_TEST

START_TEST(channels_last_agree)
{
    begin(_i);
    for (int64_t c = 5; c < 9; c += 3) {
        TP_SCOPE();
        tp_tensor *a = leaf(tp_permute(tp_randn(TP_SHAPE(3, 20, 30, c)), TP_DIMS(0, 3, 1, 2))),
                  *b = leaf(tp_rand(TP_SHAPE(c))), *da = leaf(there(a)), *db = leaf(there(b));
        SAME(tp_batch_norm(x, NULL, NULL, .weight = y, .bias = y, .training = true), 1e-5, 1e-5);
        SAME(slope(tp_batch_norm(x, NULL, NULL, .weight = y, .training = true), x), 1e-5, 2e-5);
    }
}
END_TEST

START_TEST(further_reductions_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = leaf(tp_to_dtype(tp_add(tp_randn(TP_SHAPE(33, 7, 130)), 3), floats[k])),
                  *b = tp_to_dtype(tp_randn(TP_SHAPE(70001)), floats[k]), *da = leaf(there(a)), *db = there(b);
        SAME(tp_var(x, .dims = TP_DIMS(0)), tol, tol);
        SAME(tp_std(x, .dims = TP_DIMS(-1), .correction = 0), tol, tol);
        SAME(tp_var(y), tol, tol);
        SAME(tp_amax(x, .dims = TP_DIMS(0, 2)), 0, 0);
        SAME(tp_amin(tp_transpose(x, 0, 2), .dims = TP_DIMS(1), .keepdim = true), 0, 0);
        SAME(tp_max(y), 0, 0);
        SAME(tp_min(y), 0, 0);
        SAME(slope(tp_max(x), x), tol, tol);
        SAME(tp_logsumexp(x, .dims = TP_DIMS(1)), tol, tol);
        SAME(tp_logsumexp(y, .dims = TP_DIMS(0)), tol, tol);
        SAME(tp_linalg_vector_norm(x, .ord = 2), tol, tol);
        SAME(tp_linalg_vector_norm(x, .ord = 1.5, .dims = TP_DIMS(0)), tol, tol);
        SAME(tp_linalg_vector_norm(x, .ord = -HUGE_VAL, .dims = TP_DIMS(-1)), 0, 0);
        SAME(tp_argmax(y), 0, 0);
        SAME(tp_argmin(x, .dim = 1), 0, 0);
        SAME(tp_argmax(tp_round(x), .dim = 0), 0, 0);                                         /* of equals the first */
        SAME(tp_argmax(tp_div(tp_round(y), tp_round(y))), 0, 0);                              /* and of NaNs */
        SAME(tp_max_dim(x, -1, false, NULL), 0, 0);
        SAME(slope(tp_max_dim(x, -1, false, NULL), x), tol, tol);
        SAME(slope(tp_max_dim(x, 0, true, NULL), x), tol, tol);
    }
}
END_TEST

/* Fewer than 256 terms of float32, whose order is the CPU's: to the last bit, in runs and in several of them */
START_TEST(few_terms_are_added_in_order)
{
    static const int64_t counts[] = { 1, 3, 4, 6, 7, 8, 9, 13, 31, 32, 33, 39, 64, 71, 200, 255 };
    begin(_i);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        TP_SCOPE();
        const int64_t n = counts[k];
        tp_tensor *a = tp_mul(tp_randn(TP_SHAPE(37, n)), 1000),
                  *b = tp_to_dtype(tp_randn(TP_SHAPE(3, 5, n)), k % 2 ? TP_F16 : TP_F32), *da = there(a),
                  *db = there(b);
        SAME(tp_sum(x, .dims = TP_DIMS(1)), 0, 0);
        SAME(tp_mean(x, .dims = TP_DIMS(1)), 0, 0);
        SAME(tp_sum(tp_select(x, 0, 3)), 0, 0);
        SAME(tp_linalg_vector_norm(x, .dims = TP_DIMS(1)), 0, 0);
        SAME(tp_linalg_vector_norm(tp_select(x, 0, 5)), 0, 0);
        SAME(tp_sum(tp_transpose(x, 0, 1), .dims = TP_DIMS(0)), 0, 0);
        SAME(tp_sum(y, .dims = TP_DIMS(2)), 0, 0);
        if (n > 1) SAME(tp_sum(tp_narrow(tp_narrow(y, 2, 0, (n + 3) / 4), 1, 1, 2), .dims = TP_DIMS(0, 2)), 0, 0);
    }
}
END_TEST

/* So long that partial results are joined by several lanes, or so few columns that a block takes few of them */
START_TEST(much_for_few_results_agrees)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = tp_to_dtype(tp_rand(TP_SHAPE(k ? 70001 : 300001)), floats[k]), *b = tp_to_dtype(tp_rand(TP_SHAPE(3)), floats[k]),
                  *da = there(a), *db = there(b);
        SAME(tp_sum(x), tol, tol);
        SAME(tp_var(x), tol, tol);
        SAME(tp_argmax(x), 0, 0);
        tp_tensor *lists[] = { a, b }, *moved[] = { da, db };
        for (int p = 0; p < 4; p++) {
            const double powers[] = { 2, 1, INFINITY, -INFINITY };
            same(tp_total_norm((tp_tensor_list){ .at = moved, .n = 2 }, powers[p]),
                 tp_total_norm((tp_tensor_list){ .at = lists, .n = 2 }, powers[p]), tol, tol, "total_norm");
        }
        a = tp_to_dtype(tp_randn(TP_SHAPE(1500, 5)), floats[k]), da = there(a);
        SAME(tp_softmax(x, 0), tol, tol);
        SAME(tp_log_softmax(x, 0), tol, 4 * tol);
        SAME(tp_cumsum(x, 0), tol, 40 * tol);
        SAME(tp_contiguous(tp_transpose(tp_view(x, TP_SHAPE(10, 15, 50)), 0, 1)), 0, 0);
        SAME(tp_to_dtype(x, TP_BF16), 0, 0);
        SAME(tp_to_dtype(tp_to_dtype(x, TP_F16), TP_F32), 0, 0);
    }
}
END_TEST

START_TEST(scans_agree)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 4 * tolerance(floats[k]);
        tp_tensor *a = leaf(tp_to_dtype(tp_randn(TP_SHAPE(9, 300, 40)), floats[k])),
                  *b = tp_to_dtype(tp_rand(TP_SHAPE(2, 40003)), floats[k]), *da = leaf(there(a)), *db = there(b);
        tp_tensor *at;
        SAME(tp_cumsum(x, 0), tol, tol);
        SAME(tp_cumsum(x, 1), tol, tol);
        SAME(tp_cumsum(x, -1), tol, tol);
        SAME(tp_cumsum(y, 1), tol, tol);                                                      /* in segments */
        SAME(slope(tp_cumsum(x, 1), x), tol, 100 * tol);
        SAME(tp_cumprod(tp_add(tp_mul(x, 0.01), 1), 1), tol, tol);
        SAME(slope(tp_cumprod(tp_add(tp_mul(x, 0.01), 1), 2), x), 4 * tol, 4 * tol);
        SAME(tp_logcumsumexp(x, 1), tol, tol);
        SAME(tp_logcumsumexp(y, 1), tol, tol);
        SAME(slope(tp_logcumsumexp(x, 1), x), 8 * tol, 8 * tol);
        SAME(tp_cummax(x, 1, NULL), 0, 0);
        SAME((tp_cummax(tp_round(x), 2, &at), at), 0, 0);
        SAME((tp_cummin(tp_round(y), 1, &at), at), 0, 0);
        SAME(slope(tp_cummax(x, 1, NULL), x), tol, tol);
    }
}
END_TEST

/* Long rows, which a block goes through in pieces: factors whose products stay, vanish, overflow or are 0; and runs that end in other pieces */
START_TEST(long_scans_have_the_same_gradients)
{
    begin(_i);
    for (int k = 0; k < 4; k++) {
        TP_SCOPE();
        const double tol = 8 * tolerance(floats[k]);
        tp_tensor *a = leaf(tp_to_dtype(tp_rand(TP_SHAPE(2, 3001)), floats[k])), *b = leaf(tp_to_dtype(tp_randn(TP_SHAPE(1500, 3)), floats[k]));
        tp_tensor *da = leaf(there(a)), *db = leaf(there(b));
        SAME(slope(tp_cumprod(tp_add(tp_mul(x, 1e-3), 1), 1), x), tol, tol);
        SAME(slope(tp_cumprod(x, 1), x), tol, tol);
        SAME(slope(tp_cumprod(tp_round(tp_mul(x, 5)), 1), x), tol, tol);
        SAME(slope(tp_cumprod(y, 0), y), tol, tol);
        if (floats[k] == TP_F64) SAME(tp_nan_to_num(slope(tp_cumprod(tp_add(x, 0.7), 1), x)), 1e-9, 1e-9);
        SAME(slope(tp_cummax(x, 1, NULL), x), tol, tol);
        SAME(slope(tp_cummin(y, 0, NULL), y), tol, tol);
        SAME(slope(tp_cummax(tp_round(y), 0, NULL), y), tol, tol);
    }
    TP_SCOPE();
    tp_tensor *a = leaf(tp_neg(tp_arange(0, 40000, 1, .dtype = TP_F32))), *da = leaf(there(a)), *b = a, *db = da;      /* one run, in segments */
    SAME(slope(tp_cummax(x, 0, NULL), x), 1e-6, 1e-6);
    SAME(slope(tp_cummin(y, 0, NULL), y), 1e-6, 1e-6);
}
END_TEST

/* The places of a cummax never fall; who calls its gradient by name may give others. */
static tp_tensor *put_at(tp_tensor *x, tp_tensor *places)
{
    const tp_arg args[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x },
                            { .kind = TP_ARG_TENSOR, .value.tensor = places },
                            { .kind = TP_ARG_INT, .value.integer = 1 } };
    tp_tensor *y = NULL;
    return tp_op_call("cummax_backward", args, 3, &y, 1, NULL) ? NULL : y;
}

START_TEST(places_may_fall)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *a = tp_randn(TP_SHAPE(3, 700)), *b = tp_randint(0, 700, TP_SHAPE(3, 700)), *da = there(a), *db = there(b);
    SAME(put_at(x, tp_floor_divide(y, 9)), 1e-6, 1e-6);
    SAME(put_at(x, y), 1e-6, 1e-6);
    ck_assert_ptr_nonnull(put_at(da, tp_add(db, 700)));
    ck_assert_int_eq(tp_synchronize(DEVICE), TP_ERR_INDEX);
    ck_assert_msg(strstr(tp_last_error()->message, " is out of range for a dim of 700"), "%s", tp_last_error()->message);
    tp_clear_error();
}
END_TEST

START_TEST(counts_agree)
{
    begin(_i);
    TP_SCOPE();
    tp_tensor *a = tp_randint(0, 37, TP_SHAPE(5000)), *b = tp_randn(TP_SHAPE(5000)), *da = there(a), *db = there(b);
    SAME(tp_bincount(x), 0, 0);
    SAME(tp_bincount(x, .weights = y, .minlength = 50), 1e-5, 1e-5);
    SAME(tp_cumsum(x, 0), 0, 0);
    SAME(tp_argmax(x), 0, 0);
    SAME(tp_amax(x), 0, 0);
    SAME(tp_histc(y, .bins = 17), 0, 0);
    SAME(tp_bincount(x, .minlength = 5000), 0, 0);     /* so many that blocks have no counts of their own */
    SAME(tp_histc(y, .bins = 5000), 0, 0);
    SAME(tp_histc(tp_narrow(tp_reshape(y, TP_SHAPE(50, 100)), 1, 3, 50), .bins = 5, .min = -1, .max = 1), 0, 0);
    ck_assert_ptr_null(tp_bincount(there(tp_sub(a, 1))));
    ck_assert_str_eq(tp_last_error()->message, "bincount: value -1 is negative");
    tp_clear_error();
}
END_TEST

START_TEST(bags_agree)
{
    static const tp_bag_mode modes[] = { TP_BAG_SUM, TP_BAG_MEAN, TP_BAG_MAX };
    begin(_i);
    for (int m = 0; m < 3; m++) {
        TP_SCOPE();
        tp_tensor *a = leaf(tp_randn(TP_SHAPE(50, 17))), *b = tp_randint(0, 50, TP_SHAPE(900)), *da = leaf(there(a)), *db = there(b);
        tp_tensor *offsets = tp_arange(0, 900, 3, .dtype = TP_I64), *half = tp_floor_divide(offsets, 2);
        SAME(tp_embedding_bag(y, x, .offsets = beside(x, offsets), .mode = modes[m], .padding_idx = 3), 1e-5, 1e-5);
        SAME(tp_embedding_bag(y, x, .offsets = beside(x, half), .mode = modes[m]), 1e-5, 1e-5);
        SAME(slope(tp_embedding_bag(tp_reshape(y, TP_SHAPE(30, 30)), x, .mode = modes[m]), x), 1e-5, 1e-5);
    }
}
END_TEST

/* Bags of more positions than a piece has; a NaN counts where it comes first */
START_TEST(long_bags_agree)
{
    begin(_i);
    for (int64_t first = 0; first < 2; first++) {
        TP_SCOPE();
        tp_tensor *w = tp_randn(TP_SHAPE(50, 5)), *starts = tp_from_data((int64_t[]){ 0, 0, 3, 128, 900, 1024 }, TP_I64, TP_SHAPE(6));
        if (first) w = tp_masked_fill(w, tp_gt(w, 1.5), NAN);
        tp_tensor *a = leaf(w), *b = tp_randint(0, 50, TP_SHAPE(1500)), *da = leaf(there(a)), *db = there(b);
        SAME(tp_nan_to_num(tp_embedding_bag(y, x, .offsets = beside(x, starts), .mode = TP_BAG_MAX), .nan = 77), 0, 0);
        SAME(tp_nan_to_num(tp_embedding_bag(tp_reshape(y, TP_SHAPE(1, 1500)), x, .mode = TP_BAG_MAX), .nan = 77), 0, 0);
        if (!first) SAME(slope(tp_embedding_bag(y, x, .offsets = beside(x, starts), .mode = TP_BAG_MAX), x), 1e-5, 1e-5);
    }
}
END_TEST

/* Factors whose products stay, and such as vanish */
static tp_tensor *size_of(tp_tensor *x) { return tp_abs(tp_mul(x, x)); }
START_TEST(complex_scans_agree)
{
    begin(_i);
    for (int k = 0; k < 2; k++) {
        TP_SCOPE();
        const tp_dtype d = k ? TP_C128 : TP_C64;
        const double tol = 16 * tolerance(k ? TP_F64 : TP_F32);
        tp_tensor *turn = tp_mul(tp_rand(TP_SHAPE(2, 2501)), 6), *size = tp_add(tp_mul(tp_randn(TP_SHAPE(2, 2501)), 1e-2), 1);
        tp_tensor *other = tp_polar(tp_abs(tp_randn(TP_SHAPE(3, 1500))), tp_rand(TP_SHAPE(3, 1500)));
        tp_tensor *a = leaf(tp_to_dtype(tp_polar(size, turn), d)), *b = leaf(tp_to_dtype(tp_transpose(other, 0, 1), d));
        tp_tensor *da = leaf(there(a)), *db = leaf(there(b));
        SAME(tp_cumprod(x, 1), tol, 10 * tol);
        SAME(tp_cumprod(y, 0), tol, 10 * tol);
        SAME(tp_cumprod(tp_narrow(x, 1, 0, 40), 0), tol, tol);
        SAME(slope(size_of(tp_cumprod(x, 1)), x), 10 * tol, 1000 * tol);
        SAME(slope(size_of(tp_cumprod(y, 0)), y), 10 * tol, 100 * tol);
    }
}
END_TEST

START_TEST(ctc_agrees)
{
    begin(_i);
    for (int k = 0; k < 2; k++) {
        TP_SCOPE();
        const double tol = 8 * tolerance(floats[k]);
        tp_tensor *a = leaf(tp_log_softmax(tp_to_dtype(tp_randn(TP_SHAPE(60, 4, 12)), floats[k]), 2)),
                  *b = tp_randint(1, 12, TP_SHAPE(4, 20)), *da = leaf(there(a)), *db = there(b);
        tp_tensor *times = tp_from_data((int64_t[]){ 60, 31, 50, 3 }, TP_I64, TP_SHAPE(4)),
                  *lengths = tp_from_data((int64_t[]){ 20, 7, 0, 5 }, TP_I64, TP_SHAPE(4));
        SAME(tp_ctc_loss(x, y, times, lengths, .reduction = TP_REDUCTION_NONE), tol, tol);
        SAME(tp_ctc_loss(x, y, times, lengths, .zero_infinity = true), tol, tol);
        SAME(slope(tp_ctc_loss(x, y, times, lengths, .zero_infinity = true), x), tol, 10 * tol);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda_sums");
    TCase *t = tcase_create("cuda_sums");
    tcase_set_timeout(t, 300);
    if (has_device(t)) {
        tcase_add_loop_test(t, losses_of_classes_agree, 0, cuda_orders());
        tcase_add_loop_test(t, bad_classes_are_told, 0, cuda_orders());
        tcase_add_loop_test(t, norms_of_rows_agree, 0, cuda_orders());
        tcase_add_loop_test(t, norms_of_groups_and_channels_agree, 0, cuda_orders());
        tcase_add_loop_test(t, running_statistics_move, 0, cuda_orders());
        tcase_add_loop_test(t, channels_last_agree, 0, cuda_orders());
        tcase_add_loop_test(t, further_reductions_agree, 0, cuda_orders());
        tcase_add_loop_test(t, few_terms_are_added_in_order, 0, cuda_orders());
        tcase_add_loop_test(t, much_for_few_results_agrees, 0, cuda_orders());
        tcase_add_loop_test(t, scans_agree, 0, cuda_orders());
        tcase_add_loop_test(t, long_scans_have_the_same_gradients, 0, cuda_orders());
        tcase_add_loop_test(t, places_may_fall, 0, cuda_orders());
        tcase_add_loop_test(t, counts_agree, 0, cuda_orders());
        tcase_add_loop_test(t, bags_agree, 0, cuda_orders());
        tcase_add_loop_test(t, long_bags_agree, 0, cuda_orders());
        tcase_add_loop_test(t, complex_scans_agree, 0, cuda_orders());
        tcase_add_loop_test(t, ctc_agrees, 0, cuda_orders());
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
