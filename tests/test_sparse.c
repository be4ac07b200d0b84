/* Gradients that are held as rows: lookups with .sparse = true. What steps make of them is what PyTorch 2.15 makes. */
#include "failing.h"
#include "optim.h"

#include <taper/registry.h>

enum { ROWS = 5, WIDTH = 2 };

#define AT(...) tp_from_data((int64_t[]){ __VA_ARGS__ }, TP_I64, TP_SHAPE(TP__COUNT(int64_t, __VA_ARGS__)))

static tp_tensor *table_of(tp_dtype dtype)             /* -0.5, -0.375, .. */
{
    double v[ROWS * WIDTH];
    for (int i = 0; i < ROWS * WIDTH; i++) v[i] = i / 8.0 - 0.5;
    tp_tensor *w = tp_to_dtype(tp_from_data(v, TP_F64, TP_SHAPE(ROWS, WIDTH)), dtype);
    return w && tp_requires_grad(w, true) == TP_OK ? w : NULL;
}

static tp_tensor *loss_of(tp_tensor *y)                /* sum y^2 (1, 2, ..) */
{
    tp_tensor *factors = tp_to_dtype(tp_reshape(tp_arange(1, (double)tp_numel(y) + 1, 1), tp_shape_of(y)), tp_dtype_of(y));
    return tp_sum(tp_mul(tp_mul(y, y), factors));
}

#define ck_rows(w, place, ...) do { \
    tp_tensor *rows_at, *rows_of; \
    ck_ok(tp_grad_rows(w, &rows_at, &rows_of)); \
    ck_assert(tp_grad_is_rows(w)); \
    ck_assert_ptr_nonnull(rows_at); \
    ck_assert(tp_equal(rows_at, place)); \
    ck_values(rows_of, __VA_ARGS__); \
} while (0)

START_TEST(a_lookup_gives_rows_that_are_joined_when_they_are_read)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F64);
    ck_assert(!tp_grad_is_rows(w));
    ck_ok(tp_backward(loss_of(tp_embedding(AT(1, 3, 1), w, .sparse = true))));
    ck_rows(w, AT(1, 3), 1 * 2 * -.25 + 5 * 2 * -.25, 2 * 2 * -.125 + 6 * 2 * -.125, 3 * 2 * .25, 4 * 2 * .375);
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(0, 3), w, .sparse = true))));
    ck_ok(tp_backward(tp_sum(tp_embedding(tp_to_dtype(AT(3, 3), TP_I32), w, .sparse = true))));
    ck_rows(w, AT(0, 1, 3), 1, 1, -3, -2, 1.5 + 3, 3 + 3);
    tp_tensor *place, *values;
    ck_ok(tp_grad_rows(w, NULL, &values));
    ck_ok(tp_grad_rows(w, &place, NULL));
    ck_assert(tp_mul_(values, 2.0) != NULL);                               /* it is the gradient */
    ck_values(tp_grad_of(w), 2, 2, -6, -4, 0, 0, 9, 12, 0, 0);
    ck_assert(!tp_grad_is_rows(w));                                        /* and dense from here on */
    ck_ok(tp_grad_rows(w, &place, &values));
    ck_assert(!place && !values);
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(4, 4), w, .sparse = true))));
    ck_values(tp_grad_of(w), 2, 2, -6, -4, 0, 0, 9, 12, 2, 2);
    ck_fine();
}
END_TEST

START_TEST(a_dense_contribution_makes_it_dense_whichever_comes_first)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F32), *g;
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(1, 1), w, .sparse = true))));
    ck_ok(tp_backward(tp_sum(w)));
    ck_assert(!tp_grad_is_rows(w));
    ck_values(tp_grad_of(w), 1, 1, 3, 3, 1, 1, 1, 1, 1, 1);
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_add(tp_sum(tp_embedding(AT(1, 1), w, .sparse = true)), tp_sum(w))));
    ck_values(tp_grad_of(w), 1, 1, 3, 3, 1, 1, 1, 1, 1, 1);
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(1, 1), w, .sparse = true)), .create_graph = true));     /* recorded: dense */
    ck_values(tp_grad_of(w), 0, 0, 2, 2, 0, 0, 0, 0, 0, 0);
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(1), w, .sparse = true))));
    ck_ok(tp_backward(loss_of(tp_embedding(AT(3), w, .sparse = true)), .create_graph = true));
    ck_values(tp_grad_of(w), 0, 0, 1, 1, 0, 0, .5, 1.5, 0, 0);
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(2, 2), tp_mul(w, 3.0), .sparse = true))));              /* no leaf: dense on its way */
    ck_values(tp_grad_of(w), 0, 0, 0, 0, 6, 6, 0, 0, 0, 0);
    tp_tensor *y = tp_sum(tp_embedding(AT(2, 2), w, .sparse = true));
    ck_ok(tp_grad(&y, 1, &w, 1, NULL, &g));
    ck_values(g, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0);
}
END_TEST

static tp_tensor *twice(void *seen, tp_tensor *grad)
{
    *(int64_t *)seen += tp_numel(grad);
    return tp_mul(grad, 2.0);
}

static void told(void *seen, tp_tensor *leaf) { *(int64_t *)seen += tp_grad_is_rows(leaf); }

START_TEST(hooks_see_a_dense_gradient_and_an_accumulated_hook_leaves_the_rows)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F64);
    int64_t seen = 0, rows = 0;
    const int64_t after = tp_register_accumulated_hook(w, told, &rows);
    ck_ok(tp_backward(tp_add(tp_sum(tp_embedding(AT(1), w, .sparse = true)), tp_sum(tp_embedding(AT(0), w, .sparse = true)))));
    ck_assert_int_eq(rows, 1);                                             /* once, when both have come */
    ck_rows(w, AT(0, 1), 1, 1, 1, 1);
    const int64_t hook = tp_register_hook(w, twice, &seen);
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(1), w, .sparse = true))));
    ck_assert_int_eq(seen, ROWS * WIDTH);
    ck_assert_int_eq(rows, 1);
    ck_values(tp_grad_of(w), 1, 1, 3, 3, 0, 0, 0, 0, 0, 0);
    tp_remove_hook(w, hook);
    tp_remove_hook(w, after);
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(1), w, .sparse = true)), .inputs = TP_TENSORS(w)));
    ck_rows(w, AT(1), 1, 1);
}
END_TEST

START_TEST(padding_frequencies_and_norms_go_with_rows)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F64), *i = tp_reshape(AT(1, 2, 1, 0, 4, 2), TP_SHAPE(2, 3));
    ck_ok(tp_backward(loss_of(tp_embedding(i, w, .padding_idx = 2, .sparse = true))));
    tp_tensor *v = table_of(TP_F64);
    ck_ok(tp_backward(loss_of(tp_embedding(i, v, .padding_idx = 2))));
    ck_rows(w, AT(0, 1, 4), tp__element(tp_grad_of(v), 0), tp__element(tp_grad_of(v), 1), tp__element(tp_grad_of(v), 2), tp__element(tp_grad_of(v), 3),
            tp__element(tp_grad_of(v), 8), tp__element(tp_grad_of(v), 9));
    for (int norm = 0; norm < 2; norm++) {
        ck_ok(tp_set_grad(w, NULL));
        ck_ok(tp_set_grad(v, NULL));
        ck_ok(tp_backward(loss_of(tp_embedding(i, w, .padding_idx = -1, .scale_grad_by_freq = true, .max_norm = norm ? 0.25 : 0, .sparse = true))));
        ck_ok(tp_backward(loss_of(tp_embedding(i, v, .padding_idx = -1, .scale_grad_by_freq = true, .max_norm = norm ? 0.25 : 0))));
        ck_assert(tp_grad_is_rows(w));
        ck_assert(tp_allclose(tp_grad_of(w), tp_grad_of(v), 1e-12, 1e-12));
        ck_assert(tp_allclose(w, v, 1e-12, 1e-12));
    }
    ck_fine();
}
END_TEST

START_TEST(bags_give_rows_too)
{
    TP_SCOPE();
    for (int how = 0; how < 3; how++) {
        tp_tensor *w = table_of(TP_F32), *v = table_of(TP_F32), *i = AT(1, 3, 1, 0, 3), *o = AT(0, 2);
        tp_tensor *factors = how == 2 ? VECTOR(1, 2, 3, 4, 5) : NULL;
        const tp_bag_mode mode = how ? TP_BAG_SUM : TP_BAG_MEAN;
        ck_ok(tp_backward(loss_of(tp_embedding_bag(i, w, .offsets = o, .mode = mode, .per_sample_weights = factors, .padding_idx = 0, .sparse = true))));
        ck_ok(tp_backward(loss_of(tp_embedding_bag(i, v, .offsets = o, .mode = mode, .per_sample_weights = factors, .padding_idx = 0))));
        tp_tensor *place;
        ck_ok(tp_grad_rows(w, &place, NULL));
        ck_assert(tp_equal(place, AT(1, 3)));
        ck_assert(tp_allclose(tp_grad_of(w), tp_grad_of(v), 1e-6, 1e-6));
    }
    ck_assert_ptr_null(tp_embedding_bag(AT(0), table_of(TP_F32), .offsets = AT(0), .mode = TP_BAG_MAX, .sparse = true));
    ck_message("embedding_bag: a maximum has no gradient by frequency, and no sparse one");
}
END_TEST

START_TEST(every_floating_dtype_is_summed_once_and_rounded_once)
{
    static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16 };
    TP_SCOPE();
    for (int d = 0; d < 4; d++) {
        tp_tensor *w = table_of(dtypes[d]);
        tp_tensor *y = tp_embedding(AT(2, 0, 2, 2), w, .sparse = true), *place, *values;
        ck_ok(tp_backward(y, .grad = tp_to_dtype(tp_reshape(VECTOR(256, 1, 5, 5, 1, 1, 1, 1), TP_SHAPE(4, 2)), dtypes[d])));
        ck_ok(tp_grad_rows(w, &place, &values));
        ck_assert_int_eq(tp_dtype_of(values), dtypes[d]);
        ck_values(values, 5, 5, 258, 3);                                   /* 256 + 1 + 1, of which bfloat16 has none in between */
    }
}
END_TEST

START_TEST(the_gradient_that_was_given_is_not_shared)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F32), *g = tp_ones(TP_SHAPE(1, 2)), *place = AT(1);
    tp_tensor *y = tp_embedding(place, w, .sparse = true);
    ck_ok(tp_backward(y, .grad = g));
    tp_fill_(g, 7);
    tp_fill_(place, 3);
    ck_rows(w, AT(1), 1, 1);
    ck_ok(tp_set_grad_rows(w, place, g));
    tp_fill_(g, 9);
    ck_rows(w, AT(3), 7, 7);
    ck_ok(tp_set_grad_rows(w, AT(4, 0, 4), tp_ones(TP_SHAPE(3, 2))));
    ck_rows(w, AT(0, 4), 1, 1, 2, 2);
    ck_assert_int_eq(tp_set_grad_rows(w, AT(5), g), TP_ERR_INDEX);
    ck_message("set_grad_rows: index 5 is out of range for 5 rows");
    ck_assert_int_eq(tp_set_grad_rows(w, AT(1, 2), g), TP_ERR_SHAPE);
    ck_message("set_grad_rows: indices [2] and values [1, 2] are not rows of a tensor [5, 2]");
    ck_assert_int_eq(tp_set_grad_rows(w, AT(1), tp_to_dtype(g, TP_F64)), TP_ERR_DTYPE);
    ck_message("set_grad_rows: indices int64 and values float64 for a tensor float32");
    ck_rows(w, AT(0, 4), 1, 1, 2, 2);
    ck_assert_int_eq(tp_set_grad_rows(NULL, place, g), TP_ERR_ARGUMENT);
    ck_message("set_grad_rows: a tensor is NULL");
    ck_assert_int_eq(tp_grad_rows(NULL, NULL, NULL), TP_ERR_ARGUMENT);
    ck_message("grad_rows: the tensor is NULL");
}
END_TEST

START_TEST(what_is_listed_stays_in_proportion_to_the_table)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F32);
    int64_t most = 0, before = in_use();
    for (int i = 0; i < 200; i++) {
        TP_SCOPE();
        ck_ok(tp_backward(tp_sum(tp_embedding(AT(i % ROWS, 1), w, .sparse = true))));
        if (in_use() - before > most) most = in_use() - before;
    }
    ck_assert_int_lt(most, 16384);
    ck_rows(w, AT(0, 1, 2, 3, 4), 40, 40, 240, 240, 40, 40, 40, 40, 40, 40);
    tp_tensor *none = tp_zeros(TP_SHAPE(0), .dtype = TP_I64);
    ck_ok(tp_set_grad(w, NULL));
    ck_ok(tp_backward(tp_sum(tp_embedding(none, w, .sparse = true))));
    tp_tensor *place, *values;
    ck_ok(tp_grad_rows(w, &place, &values));
    ck_assert_int_eq(tp_numel(place), 0);
    ck_assert_int_eq(tp_size(values, 1), WIDTH);
    ck_values(tp_grad_of(w), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
END_TEST

START_TEST(sums_do_not_depend_on_the_number_of_threads)
{
    enum { N = 20000, TABLE = 999, WIDE = 17 };
    TP_SCOPE();
    tp_manual_seed(3);
    tp_tensor *w = tp_zeros(TP_SHAPE(TABLE, WIDE), .requires_grad = true), *i = tp_randint(0, TABLE, TP_SHAPE(N), .dtype = TP_I64);
    tp_tensor *g = tp_randn(TP_SHAPE(N, WIDE)), *first = NULL, *place, *values;
    const int were = tp_get_num_threads();
    for (int threads = 1; threads <= 4; threads++) {
        tp_set_num_threads(threads);
        ck_ok(tp_set_grad(w, NULL));
        ck_ok(tp_backward(tp_embedding(i, w, .sparse = true), .grad = g));
        ck_ok(tp_grad_rows(w, &place, &values));
        if (!first) first = tp_clone(values);
        ck_assert(tp_equal(first, values));
    }
    tp_set_num_threads(were);
    tp_tensor *v = tp_zeros(TP_SHAPE(TABLE, WIDE), .requires_grad = true);
    ck_ok(tp_backward(tp_embedding(i, v), .grad = g));
    ck_assert(tp_equal(tp_grad_of(v), tp_grad_of(w)));                     /* the same sums in the same order */
}
END_TEST

/* ---- Steps ------------------------------------------------------------------------------------------------------------------------- */

static void train(tp_optimizer *opt, tp_tensor *w, bool sparse)
{
    tp_tensor *const place[] = { AT(1, 3, 1), AT(0, 3, 3, 4), AT(1, 3, 1) };
    for (int i = 0; i < 3; i++) {
        ck_ok(tp_zero_grad(opt));
        ck_ok(tp_backward(loss_of(tp_embedding(place[i], w, .sparse = sparse))));
        ck_ok(tp_step(opt));
        ck_assert(tp_grad_is_rows(w) == sparse);
    }
}
#define ck_trained(opt_, ...) do { \
    TP_SCOPE(); \
    tp_tensor *w = table_of(TP_F64); \
    tp_optimizer *opt = opt_; \
    train(opt, w, true); \
    ck_values(w, __VA_ARGS__); \
    tp_optimizer_free(opt); \
} while (0)

START_TEST(steps_are_those_of_pytorch)
{
    ck_trained(tp_sgd(TP_TENSORS(w), .lr = 0.1), -0.4, -0.225, -0.01, -0.045, 0, 0.125, -0.024, -0.015, -0.2, -0.375);
    ck_trained(tp_sgd(TP_TENSORS(w), .lr = 0.1, .momentum = 0.9, .dampening = 0.5), -0.405, -0.2325, 0.371, 0.213, 0, 0.125, -0.274, -0.4725, -0.165, -0.325);
    ck_trained(tp_sgd(TP_TENSORS(w), .lr = 0.1, .momentum = 0.9, .nesterov = true), -0.229, 0.0315, -0.50194, -0.70488, 0, 0.125, -0.056976, -0.06036,
               -1.397, -2.085);
    ck_trained(tp_sgd(TP_TENSORS(w), .lr = 0.1, .maximize = true), -0.6, -0.525, -1.21, -0.845, 0, 0.125, 1.664, 3.645, 1.2, 1.625);
    ck_trained(tp_adagrad(TP_TENSORS(w), .lr = 0.1, .lr_decay = 0.1, .initial_accumulator_value = 0.5), -0.42577303810354, -0.29276963330193,
               -0.11008882765098, -0.01190922861155, 0, 0.125, 0.06980796062163, 0.17799758131357, 0.40955121124436, 0.53431733308203);
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F64);
    tp_optimizer *opt = tp_sparse_adam(TP_TENSORS(w), .lr = 0.1, .betas = { 0.8, 0.9 });
    train(opt, w, true);
    ck_values(w, -0.423421953798887, -0.2984219529916835, -0.06585320616180418, 0.04458744317530222, 0.0, 0.125, -0.02949936830272261, 0.0909243767169639,
              0.4234219517232209, 0.5484219516194375);
    ck_values(tp_optimizer_state(opt, w, "step"), 3);
    ck_values(tp_optimizer_state(opt, w, "exp_avg"), -0.2, -0.3, -0.8400000025298219, -0.40000000505964406, 0.0, 0.0, 0.6374344011066576, 1.5476965123258921,
              1.4, 2.0);
    ck_values(tp_optimizer_state(opt, w, "exp_avg_sq"), 0.1, 0.225, 1.1340000045536796, 0.37600000202385764, 0.0, 0.0, 0.7100854770123162,
              3.6527092938510415, 4.9, 10);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(a_step_by_rows_is_the_dense_one_where_that_leaves_other_rows_alone)
{
    TP_SCOPE();
    for (int d = TP_F32; d <= TP_BF16; d++)
        for (int how = 0; how < 3; how++) {
            tp_tensor *w = tp_transpose(tp_contiguous(tp_transpose(tp_detach(table_of((tp_dtype)d)), 0, 1)), 0, 1), *v = table_of((tp_dtype)d);
            w = tp_detach(w);
            ck_ok(tp_requires_grad(w, true));
            tp_optimizer *a = how == 0 ? tp_sgd(TP_TENSORS(w), .lr = 0.1) : how == 1 ? tp_sgd(TP_TENSORS(w), .lr = 0.1, .momentum = 0.5)
                                                                             : tp_adagrad(TP_TENSORS(w), .lr = 0.1);
            tp_optimizer *b = how == 0 ? tp_sgd(TP_TENSORS(v), .lr = 0.1) : how == 1 ? tp_sgd(TP_TENSORS(v), .lr = 0.1, .momentum = 0.5)
                                                                             : tp_adagrad(TP_TENSORS(v), .lr = 0.1);
            ck_assert(!tp_is_contiguous(w));
            train(a, w, true);
            train(b, v, false);
            const double eps = d == TP_BF16 ? 0.02 : d == TP_F16 ? 2e-3 : 1e-6;
            ck_assert(tp_allclose(w, v, eps, eps));
            tp_optimizer_free(a);
            tp_optimizer_free(b);
        }
    ck_fine();
}
END_TEST

START_TEST(one_optimizer_steps_rows_and_dense_gradients_side_by_side)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F64), *b = parameter(1, 2), *u = table_of(TP_F64);
    tp_optimizer *opt = tp_adagrad(TP_TENSORS(w, b, u), .lr = 0.1);
    for (int i = 0; i < 2; i++) {
        ck_ok(tp_zero_grad(opt));
        ck_ok(tp_backward(tp_add(tp_sum(tp_mul(tp_embedding(AT(1), w, .sparse = true), b)), tp_sum(tp_embedding(AT(0), u, .sparse = true)))));
        ck_ok(tp_step(opt));
    }
    ck_assert_double_ne(tp__element(w, 2), -0.25);
    ck_assert_double_eq(tp__element(w, 4), 0);
    ck_assert_double_ne(value(b, 0), 1);
    ck_values(tp_optimizer_state(opt, u, "sum"), 2, 2, 0, 0, 0, 0, 0, 0, 0, 0);
    ck_values(u, -0.5 - 0.1 - 0.1 / sqrt(2), -0.375 - 0.1 - 0.1 / sqrt(2), -0.25, -0.125, 0, 0.125, 0.25, 0.375, 0.5, 0.625);
    tp_optimizer_free(opt);
}
END_TEST

START_TEST(who_takes_no_rows_says_so_and_changes_nothing)
{
    static const char *const names[] = { "adam", "adamw", "rmsprop", "adadelta", "adamax", "nadam", "radam", "rprop", "asgd", "adafactor", "muon" };
    TP_SCOPE();
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char text[160];
        tp_tensor *w = table_of(TP_F32), *b = table_of(TP_F32), *before = tp_clone(w);
        tp_optimizer *opt = tp_optimizer_by_name(names[k], TP_TENSORS(b, w), NULL, 0);
        ck_ok(tp_backward(tp_add(tp_sum(tp_embedding(AT(1), w, .sparse = true)), tp_sum(b))));
        ck_assert_int_eq(tp_step(opt), TP_ERR_UNSUPPORTED);
        snprintf(text, sizeof text, "%s: parameter 1 has a sparse gradient; use %s", names[k],
                 k < 2 ? "tp_sparse_adam" : "tp_sparse_adam, tp_adagrad or tp_sgd");
        ck_message(text);
        ck_assert(tp_equal(w, before) && tp_equal(b, before));
        ck_assert(tp_grad_is_rows(w));
        tp_optimizer_free(opt);
    }
    tp_tensor *w = table_of(TP_F32);
    ck_ok(tp_backward(tp_sum(tp_embedding(AT(1), w, .sparse = true))));
    tp_optimizer *opt = tp_sgd(TP_TENSORS(w), .weight_decay = 0.5);
    ck_assert_int_eq(tp_step(opt), TP_ERR_UNSUPPORTED);
    ck_message("sgd: parameter 0 has a sparse gradient, and a weight_decay of 0.5 goes over all rows");
    tp_optimizer_free(opt);
    opt = tp_optimizer_by_name("SparseAdam", TP_TENSORS(w), NULL, 0);
    ck_ok(tp_step(opt));
    ck_assert_ptr_nonnull(tp_grad_of(w));
    ck_assert_int_eq(tp_step(opt), TP_ERR_UNSUPPORTED);
    ck_message("sparse_adam: parameter 0 has a dense gradient; use tp_adam");
    tp_optimizer_free(opt);
    ck_assert_ptr_null(tp_sparse_adam(TP_TENSORS(w), .lr = 0));
    ck_message("sparse_adam: lr is 0, and has to be above 0");
    ck_assert_ptr_null(tp_sparse_adam(TP_TENSORS(w), .eps = 0));
    ck_message("sparse_adam: eps is 0, and has to be above 0");
    ck_assert_ptr_null(tp_sparse_adam(TP_TENSORS(w), .betas = { 0.9, 1 }));
    ck_message("sparse_adam: betas[1] is 1, and has to be at least 0 and less than 1");
}
END_TEST

START_TEST(clipping_scales_the_rows)
{
    TP_SCOPE();
    for (int p = 0; p < 3; p++) {
        const double order = p == 0 ? 2 : p == 1 ? HUGE_VAL : -1;
        tp_tensor *w = table_of(TP_F64), *v = table_of(TP_F64), *b = parameter(1, 2), *c = parameter(1, 2);
        ck_ok(tp_backward(loss_of(tp_mul(tp_embedding(AT(1, 3, 1), w, .sparse = true), b))));
        ck_ok(tp_backward(loss_of(tp_mul(tp_embedding(AT(1, 3, 1), v), c))));
        tp_tensor *norm = tp_clip_grad_norm(TP_TENSORS(w, b), 0.5, .norm_type = order), *dense = tp_clip_grad_norm(TP_TENSORS(v, c), 0.5, .norm_type = order);
        ck_assert_double_eq_tol(tp_item(norm), tp_item(dense), 1e-12);
        ck_assert(tp_grad_is_rows(w) == (order > 0));                      /* the zeros count in a norm of negative order */
        ck_assert(tp_allclose(tp_grad_of(w), tp_grad_of(v), 1e-12, 1e-12));
    }
    tp_tensor *w = table_of(TP_F64);
    ck_ok(tp_backward(loss_of(tp_embedding(AT(1, 3, 1), w, .sparse = true))));
    ck_ok(tp_clip_grad_value(TP_TENSORS(w), 2.5));
    ck_rows(w, AT(1, 3), -2.5, -2, 1.5, 2.5);
    ck_ok(tp_clip_grad_value(TP_TENSORS(w), -1));
    ck_values(tp_grad_of(w), -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
}
END_TEST

/* ---- Modules, files, names, memory ------------------------------------------------------------------------------------------------------- */

START_TEST(a_module_is_made_sparse_and_takes_its_rows_along)
{
    TP_SCOPE();
    tp_module *m = tp_nn_embedding(ROWS, WIDTH, .padding_idx = 0, .sparse = true);
    tp_module *by_name = tp_module_build("EmbeddingBag", (tp_arg[]){ { .name = "num_embeddings", .kind = TP_ARG_INT, .value.integer = ROWS },
        { .name = "embedding_dim", .kind = TP_ARG_INT, .value.integer = WIDTH }, { .name = "sparse", .kind = TP_ARG_BOOL, .value.boolean = true } }, 3);
    tp_tensor *w = tp_module_tensor(m, "weight"), *v = tp_module_tensor(by_name, "weight");
    ck_ok(tp_backward(tp_sum(tp_forward(m, AT(0, 2, 2)))));
    ck_rows(w, AT(2), 2, 2);
    ck_ok(tp_backward(tp_sum(tp_forward(by_name, tp_reshape(AT(0, 2), TP_SHAPE(1, 2))))));
    ck_rows(v, AT(0, 2), .5, .5, .5, .5);
    ck_ok(tp_module_to_dtype(m, TP_F16));
    ck_assert_int_eq(tp_dtype_of(w), TP_F16);
    ck_rows(w, AT(2), 2, 2);
    ck_ok(tp_backward(tp_sum(tp_embedding_row(m, 4))));
    ck_rows(w, AT(2, 4), 2, 2, 1, 1);
    tp_module *copy = tp_module_copy(m);
    ck_ok(tp_backward(tp_sum(tp_forward(copy, AT(1)))));
    ck_assert(tp_grad_is_rows(tp_module_tensor(copy, "weight")));
    ck_ok(tp_module_zero_grad(m));
    ck_assert(!tp_grad_is_rows(w) && !tp_grad_of(w));
    tp_free_all(m, by_name, copy);
    ck_fine();
}
END_TEST

START_TEST(the_op_by_name_takes_sparse)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F32), *y;
    int n;
    ck_ok(tp_op_call("embedding", (tp_arg[]){ { .kind = TP_ARG_TENSOR, .value.tensor = AT(1, 1) }, { .kind = TP_ARG_TENSOR, .value.tensor = w },
        { .name = "sparse", .kind = TP_ARG_BOOL, .value.boolean = true } }, 3, &y, 1, &n));
    ck_ok(tp_backward(tp_sum(y)));
    ck_rows(w, AT(1), 2, 2);
}
END_TEST

START_TEST(state_goes_through_a_file)
{
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F64), *v = table_of(TP_F64);
    tp_optimizer *a = tp_sparse_adam(TP_TENSORS(w), .lr = 0.1), *b = tp_sparse_adam(TP_TENSORS(v), .lr = 0.2);
    train(a, w, true);
    ck_ok(tp_optimizer_save(a, scratch_file()));
    ck_ok(tp_optimizer_load(b, scratch_file()));
    TP_NO_GRAD();
    ck_assert_ptr_nonnull(tp_copy_(v, w));
    tp_set_grad_enabled(true);
    train(a, w, true);
    train(b, v, true);
    ck_assert(tp_equal(w, v));
    unlink(scratch_file());
    tp_free_all(a, b);
}
END_TEST

static void sparse_work(void *arg)
{
    const int how = *(const int *)arg;
    TP_SCOPE();
    tp_tensor *w = table_of(TP_F32), *place, *values;
    tp_optimizer *opt = !w ? NULL : how == 0 ? tp_sgd(TP_TENSORS(w), .lr = 0.1, .momentum = 0.9)
        : how == 1 ? tp_adagrad(TP_TENSORS(w)) : tp_sparse_adam(TP_TENSORS(w));
    tp_tensor *i = tp_from_data((int64_t[]){ 1, 3, 1 }, TP_I64, TP_SHAPE(3));
    for (int k = 0; k < 2; k++) {
        tp_backward(tp_sum(tp_embedding(i, w, .sparse = true, .padding_idx = 3, .scale_grad_by_freq = k == 1, .max_norm = 0.2)));
        tp_backward(tp_sum(tp_embedding(i, w, .sparse = true)));
        if (!tp_failed()) tp_grad_rows(w, &place, &values);
        if (!tp_failed()) tp_clip_grad_norm(TP_TENSORS(w), 0.1);
        if (!tp_failed()) tp_step(opt);
    }
    if (!tp_failed()) tp_grad_of(w);
    tp_optimizer_free(opt);
}

START_TEST(every_allocation_may_fail)
{
    for (int how = 0; how < 3; how++) {
        char name[40];
        snprintf(name, sizeof name, "rows, %s", how == 0 ? "sgd" : how == 1 ? "adagrad" : "sparse_adam");
        every_point(name, sparse_work, NULL, &how);
    }
}
END_TEST

START_TEST(a_step_costs_what_its_rows_cost)
{
    enum { MANY = 1 << 18, WIDE = 16 };
    TP_SCOPE();
    tp_tensor *w = tp_zeros(TP_SHAPE(MANY, WIDE), .requires_grad = true);
    tp_optimizer *opt = tp_sparse_adam(TP_TENSORS(w));
    const int64_t table = MANY * WIDE * (int64_t)sizeof(float);
    tp_memory m;
    for (int i = 0; i < 3; i++) {
        TP_SCOPE();
        const int64_t before = in_use();
        ck_ok(tp_zero_grad(opt));
        ck_ok(tp_backward(tp_sum(tp_embedding(AT(5, 7, MANY - 1, 5), w, .sparse = true, .max_norm = 1))));
        tp_clip_grad_norm(TP_TENSORS(w), 1.0);
        ck_ok(tp_step(opt));
        ck_ok(tp_memory_stats(TP_CPU, &m));
        if (i) ck_assert_int_lt(m.in_use - before, table / 100);
    }
    ck_ok(tp_memory_stats(TP_CPU, &m));
    ck_assert_int_lt(m.peak, 3 * table + table / 10);                      /* the table and two moments */
    tp_optimizer_free(opt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sparse");
    TCase *tests = tcase_create("sparse");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_lookup_gives_rows_that_are_joined_when_they_are_read);
    tcase_add_test(tests, a_dense_contribution_makes_it_dense_whichever_comes_first);
    tcase_add_test(tests, hooks_see_a_dense_gradient_and_an_accumulated_hook_leaves_the_rows);
    tcase_add_test(tests, padding_frequencies_and_norms_go_with_rows);
    tcase_add_test(tests, bags_give_rows_too);
    tcase_add_test(tests, every_floating_dtype_is_summed_once_and_rounded_once);
    tcase_add_test(tests, the_gradient_that_was_given_is_not_shared);
    tcase_add_test(tests, what_is_listed_stays_in_proportion_to_the_table);
    tcase_add_test(tests, sums_do_not_depend_on_the_number_of_threads);
    tcase_add_test(tests, steps_are_those_of_pytorch);
    tcase_add_test(tests, a_step_by_rows_is_the_dense_one_where_that_leaves_other_rows_alone);
    tcase_add_test(tests, one_optimizer_steps_rows_and_dense_gradients_side_by_side);
    tcase_add_test(tests, who_takes_no_rows_says_so_and_changes_nothing);
    tcase_add_test(tests, clipping_scales_the_rows);
    tcase_add_test(tests, a_module_is_made_sparse_and_takes_its_rows_along);
    tcase_add_test(tests, the_op_by_name_takes_sparse);
    tcase_add_test(tests, state_goes_through_a_file);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, a_step_costs_what_its_rows_cost);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
