/* test_scarce.c: eigenvalues, products by groups, draws, sequences, averages, statistics and orders while each of their allocations fails, and with
 * sizes that no memory could hold. */
#include "data.h"
#include "expect.h"
#include "failing.h"

#include "core/draw.h"

static tp_tensor *leaf(tp_shape shape)
{
    tp_tensor *x = tp_randn(shape);
    tp_requires_grad(x, true);
    return x;
}
static tp_tensor *offsets(int32_t a, int32_t b) { return tp_from_data((const int32_t[]){ a, b }, TP_I32, TP_SHAPE(2)); }

/* ---- Ops ---------------------------------------------------------------------------------------------------------------------------------- */

static void find_eigenvalues(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_manual_seed(3);
    tp_tensor *vectors = NULL, *values = tp_linalg_eig(leaf(TP_SHAPE(2, 5, 5)), &vectors);
    tp_backward(tp_add(tp_sum(tp_abs(values)), tp_sum(tp_abs(vectors))));
    tp_backward(tp_sum(tp_abs(tp_linalg_eigvals(leaf(TP_SHAPE(4, 4))))));
}
static void multiply_groups(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_backward(tp_sum(tp_square(tp_grouped_mm(leaf(TP_SHAPE(6, 3)), leaf(TP_SHAPE(2, 3, 2)), offsets(2, 5)))));
    tp_backward(tp_sum(tp_square(tp_grouped_mm(leaf(TP_SHAPE(2, 3, 2)), leaf(TP_SHAPE(2, 5)), offsets(1, 5)))));
    tp_backward(tp_sum(tp_square(tp_grouped_mm(leaf(TP_SHAPE(2, 5)), leaf(TP_SHAPE(5, 3)), offsets(1, 5)))));
    tp_backward(tp_sum(tp_grouped_mm(leaf(TP_SHAPE(2, 3, 4)), leaf(TP_SHAPE(2, 4, 2)), NULL)));
}
static void draw(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = leaf(TP_SHAPE(3, 4)), *prob = tp_full(TP_SHAPE(4), 0.3), *mask = NULL;
    tp_requires_grad(prob, true);
    tp_backward(tp_sum(tp_binomial(tp_full(TP_SHAPE(3, 1), 100.0), prob)));
    tp_backward(tp_sum(tp_native_dropout(x, 0.4, true, &mask)));
    tp_backward(tp_sum(tp_native_dropout(x, 0.4, false, &mask)));
}
static void call_older(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_backward(tp_sum(tp_conv_tbc(leaf(TP_SHAPE(5, 2, 3)), leaf(TP_SHAPE(2, 3, 4)), leaf(TP_SHAPE(4)), 1)));
    for (int64_t dim = -1; dim < 2; dim++) tp_backward(tp_sum(tp_norm_except_dim(leaf(TP_SHAPE(3, 2)), 2, dim)));
    tp_backward(tp_sum(tp_norm_except_dim(leaf(TP_SHAPE(3)), 2, 0)));
    tp_backward(tp_sum(tp_affine_grid(leaf(TP_SHAPE(2, 2, 3)), TP_SHAPE(2, 1, 3, 3), true)));
}
START_TEST(ops_survive_every_failing_allocation)
{
    every_point("eigenvalues", find_eigenvalues, NULL, NULL);
    every_point("products by groups", multiply_groups, NULL, NULL);
    every_point("draws", draw, NULL, NULL);
    every_point("older functions", call_older, NULL, NULL);
}
END_TEST

/* ---- Sequences ---------------------------------------------------------------------------------------------------------------------------- */

static void pad_and_pack(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *out[3];
    const tp_tensor_list list = TP_TENSORS(leaf(TP_SHAPE(2, 2)), leaf(TP_SHAPE(4, 2)), leaf(TP_SHAPE(1, 2)));
    tp_backward(tp_sum(tp_pad_sequence(list, .padding_value = 2, .left = true)));
    const tp_packed_sequence packed = tp_pack_sequence(list, .enforce_sorted = false);
    if (!tp_failed() && tp_unpack_sequence(&packed, out, 3, NULL) == TP_OK) tp_backward(tp_sum(tp_square(out[1])));
}
START_TEST(sequences_survive_every_failing_allocation) { every_point("sequences", pad_and_pack, NULL, NULL); }
END_TEST

START_TEST(sizes_that_no_memory_could_hold_are_refused)
{
    TP_SCOPE();
    const int64_t many = INT64_C(1) << 33;
    const tp_packed_sequence packed = { .data = tp_expand(tp_ones(TP_SHAPE(1, 1)), TP_SHAPE(many, 1)),
                                        .batch_sizes = tp_from_data(&many, TP_I64, TP_SHAPE(1)) };
    ck_assert_ptr_null(tp_pad_packed_sequence(&packed, .total_length = INT32_MAX));
    ck_message("pad_packed_sequence: 8589934592 sequences of 2147483647 steps are too many");
    ck_assert_ptr_null(tp_pad_sequence(TP_TENSORS(tp_scalar(1))));
    ck_message("pad_sequence: sequence 0 has 0 dims, and needs from 1 to 7");
    ck_assert_ptr_null(tp_affine_grid(tp_ones(TP_SHAPE(1, 2, 3)), TP_SHAPE(1, 1, INT64_C(1) << 31, INT64_C(1) << 31), true));
    ck_message("affine_grid: the size [1, 1, 2147483648, 2147483648] has too many pixels");        /* and not after one side of 8 GB */
}
END_TEST

/* ---- Weights and statistics ------------------------------------------------------------------------------------------------------------------ */

static void average(void *arg)
{
    tp_module **nets = arg;
    TP_SCOPE();
    for (int64_t n = 0; n < 3; n++) tp_average(tp_parameters(nets[1]), tp_parameters(nets[0]), n);
    tp_average(tp_parameters(nets[1]), tp_parameters(nets[0]), 1, .decay = 0.9);
    tp_vector_to_parameters(tp_parameters_to_vector(tp_parameters(nets[0])), tp_parameters(nets[1]));
}
START_TEST(averages_survive_every_failing_allocation)
{
    tp_module *net = tp_sequential(tp_nn_linear(3, 4), tp_nn_batch_norm1d(4)), *copy = tp_module_copy(net);
    every_point("averages", average, NULL, (tp_module *[]){ net, copy });
    tp_free_all(net, copy);
}
END_TEST

static tp_tensor *three_inputs(void *arg)
{
    int *given = arg;
    return (*given)++ < 3 ? tp_add(tp_mul(tp_randn(TP_SHAPE(8, 3)), 2), 1) : NULL;
}
static void renew(void *arg)
{
    TP_SCOPE();
    int given = 0;
    tp_update_bn((tp_module *)arg, three_inputs, &given);
}
/* The first norm is in training, the rest is not; the second norm's momentum is 0.25. */
static void as_before(void *arg)
{
    TP_SCOPE();
    tp_module *net = arg;
    ck_assert(!tp_is_training(net) && !tp_is_training(tp_module_find(net, "0")) && !tp_is_training(tp_module_find(net, "2")));
    ck_assert(tp_is_training(tp_module_find(net, "1")));
    renew(arg);
    ck_fine();
    tp_module *norm = tp_module_find(net, "2");
    tp_tensor *mean = tp_clone(tp_module_tensor(norm, "running_mean"));
    tp_train(norm);
    ck_assert_ptr_nonnull(tp_forward(norm, tp_ones(TP_SHAPE(8, 4))));
    tp_eval(norm);
    ck_assert(tp_allclose(tp_module_tensor(norm, "running_mean"), tp_add(tp_mul(mean, 0.75), 0.25), 1e-5, 1e-6));
}
START_TEST(modes_and_momenta_are_as_before_whatever_fails)
{
    tp_module *net = tp_sequential(tp_nn_linear(3, 4), tp_nn_batch_norm1d(4), tp_nn_batch_norm1d(4, .momentum = 0.25));
    ck_ok(tp_eval(net));
    ck_ok(tp_train(tp_module_find(net, "1")));
    every_point("statistics", renew, as_before, net);
    as_before(net);
    tp_module_free(net);
}
END_TEST

static void fold(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_module *conv = tp_nn_conv2d(2, 4, 3, .bias = false), *norm = tp_nn_batch_norm2d(4), *fused = NULL;
    if (conv && norm) fused = tp_eval(conv) || tp_eval(norm) ? NULL : tp_fuse_bn_eval(conv, norm);
    tp_free_all(conv, norm, fused);
}
START_TEST(folding_survives_every_failing_allocation) { every_point("a norm that is folded", fold, NULL, NULL); }
END_TEST

/* ---- Orders ---------------------------------------------------------------------------------------------------------------------------------- */

static tp_status backwards(void *arg, int64_t epoch, uint64_t seed, int64_t *places, int64_t n)
{
    (void)arg, (void)epoch, (void)seed;
    for (int64_t i = 0; i < n; i++) places[i] = n - 1 - i;
    return TP_OK;
}
static void read_all(tp_loader *loader)
{
    tp_batch batch;
    while (loader && tp_loader_next(loader, &batch)) continue;
    tp_loader_free(loader);
}
static void read_by_every_order(void *arg)
{
    (void)arg;
    TP_SCOPE();
    static const double weights[10] = { 1, 2, 0, 3, 1, 1, 1, 1, 1, 1 };
    tp_dataset *a = tp_tensor_dataset(TP_TENSORS(tp_arange(0, 5, 1))),
               *joined = a ? tp_concat_dataset((tp_dataset *[]){ a, a }, 2) : NULL,
               *beside = a ? tp_stack_dataset((tp_dataset *[]){ a, a }, 2) : NULL;
    tp_dataset *parts[3] = { NULL };
    if (joined) tp_random_split(joined, (const int64_t[]){ 3, 0, 7 }, 3, 1, parts);
    tp_dataset *sets[] = { joined, beside, parts[0], parts[2], a };
    for (int i = 0; i < 5 && !tp_failed(); i++) {
        read_all(tp_data_loader(sets[i], .batch_size = 2, .shuffle = true, .samples = 13, .seed = 1));
        read_all(tp_data_loader(sets[i], .batch_size = 2, .weights = weights, .replacement = true, .seed = 1));
        read_all(tp_data_loader(sets[i], .batch_size = 2, .weights = weights, .samples = 2, .seed = 3));
        read_all(tp_data_loader(sets[i], .replicas = 3, .rank = 1, .replacement = true, .seed = 3));
        read_all(tp_data_loader(sets[i], .sampler = backwards));
    }
    tp_free_all(a, joined, beside, parts[0], parts[1], parts[2]);
}
START_TEST(orders_survive_every_failing_allocation) { every_point("orders", read_by_every_order, NULL, NULL); }
END_TEST

START_TEST(a_weight_of_zero_is_never_drawn_beside_the_least_ones)
{
    tp_dataset *set = numbers(4);
    const double weights[] = { 0, 1e-320, 0, 5e-324 };
    tp_loader *loader = tp_data_loader(set, .batch_size = 2, .weights = weights, .samples = 2, .seed = 1);
    tp_batch batch;
    for (int epoch = 0; epoch < 5; epoch++) {
        ck_assert(tp_loader_next(loader, &batch));
        ck_assert_int_eq(batch.indices[0] + batch.indices[1], 4);
        ck_assert_int_eq(batch.indices[0] % 2, 1);
        ck_assert(!tp_loader_next(loader, &batch));
    }
    ck_fine();
    tp_free_all(loader, set);
}
END_TEST

/* The probabilities of all counts, added up in floating point, may end below the greatest u: then there is an end, too. */
START_TEST(the_rarest_of_many_trials_come_to_an_end)
{
    for (double n = 100; n < 1e18; n *= 10)
        for (double mean = 0.5; mean < 10; mean += 0.5) ck_assert_double_lt(tp__draw_small_binomial(n, mean / n, 1 - 0x1p-53), n < 1000 ? n + 1 : 1001);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scarce");
    TCase *t = tcase_create("scarce");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, ops_survive_every_failing_allocation);
    tcase_add_test(t, sequences_survive_every_failing_allocation);
    tcase_add_test(t, sizes_that_no_memory_could_hold_are_refused);
    tcase_add_test(t, averages_survive_every_failing_allocation);
    tcase_add_test(t, modes_and_momenta_are_as_before_whatever_fails);
    tcase_add_test(t, folding_survives_every_failing_allocation);
    tcase_add_test(t, orders_survive_every_failing_allocation);
    tcase_add_test(t, a_weight_of_zero_is_never_drawn_beside_the_least_ones);
    tcase_add_test(t, the_rarest_of_many_trials_come_to_an_end);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
