/* test_index.c: indexing by brackets, masks and positions: what is a view, the order of dims, what is refused. */
#include "expect.h"

static tp_tensor *count(tp_shape shape)                /* 0, 1, 2, .. */
{
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++) n *= shape.dim[d];
    return tp_reshape(tp_arange(0, (double)n, 1, .dtype = TP_F32), shape);
}

static tp_tensor *leaf_from(tp_tensor *x)
{
    ck_ok(tp_requires_grad(x, true));
    return x;
}

static tp_tensor *positions_of(const int64_t *v, int n) { return tp_from_data(v, TP_I64, TP_SHAPE(n)); }
#define POSITIONS(...) positions_of((const int64_t[]){ __VA_ARGS__ }, TP__COUNT(int64_t, __VA_ARGS__))
static tp_tensor *mask_of(const bool *v, int n) { return tp_from_data(v, TP_BOOL, TP_SHAPE(n)); }
#define MASK(...) mask_of((const bool[]){ __VA_ARGS__ }, TP__COUNT(bool, __VA_ARGS__))

#define ck_shape(x, ...) do { \
    const tp_shape got_shape = tp_shape_of(x), want_shape = TP_SHAPE(__VA_ARGS__); \
    ck_assert_int_eq(got_shape.ndim, want_shape.ndim); \
    for (int at_dim = 0; at_dim < got_shape.ndim; at_dim++) ck_assert_int_eq(got_shape.dim[at_dim], want_shape.dim[at_dim]); \
} while (0)

/* ---- Views ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(numbers_slices_and_axes_give_views)
{
    TP_SCOPE();
    tp_tensor *const x = count(TP_SHAPE(3, 4));
    ck_values(tp_index(x, TP_INDEX(1)), 4, 5, 6, 7);
    ck_values(tp_index(x, TP_INDEX(-1, 2)), 10);
    ck_values(tp_index(x, TP_INDEX(TP_SLICE(1, 3), TP_SLICE(TP_NONE, TP_NONE, 2))), 4, 6, 8, 10);
    ck_values(tp_index(x, TP_INDEX(TP_ELLIPSIS, -1)), 3, 7, 11);
    ck_values(tp_index(x, TP_INDEX(TP_SLICE(-2, TP_NONE), 0)), 4, 8);
    ck_shape(tp_index(x, TP_INDEX(TP_ALL, TP_NEWAXIS, 1)), 3, 1);
    ck_shape(tp_index(x, TP_INDEX(TP_SLICE(2, 1))), 0, 4);
    ck_shape(tp_index(x, TP_INDEX(TP_SLICE(-100, 100))), 3, 4);
    tp_tensor *const part = tp_index(x, TP_INDEX(TP_ALL, TP_SLICE(1, 4, 2)));
    ck_assert(tp_shares_storage(part, x));
    ck_assert_int_eq(tp_stride(part, 1), 2);
    ck_assert_int_eq(tp_storage_offset(part), 1);
    tp_tensor *const same = tp_index(x, TP_INDEX(TP_ELLIPSIS));
    ck_assert(same != x && tp_shares_storage(same, x));
    const int64_t one = 1;
    ck_values(tp_index(x, TP_INDEX(tp_from_data(&one, TP_I64, (tp_shape){ 0 }), TP_ALL)), 4, 5, 6, 7);       /* a 0-dim tensor is a number */
    ck_fine();
}
END_TEST

START_TEST(a_list_of_items_may_be_written_out)
{
    TP_SCOPE();
    const tp_arg items[] = { TP_SLICE(0, 2), TP_NEWAXIS };
    ck_shape(tp_index(count(TP_SHAPE(3, 4)), (tp_index_list){ items, 2 }), 2, 1, 4);
    ck_shape(tp_index(count(TP_SHAPE(3)), (tp_index_list){ NULL, 0 }), 3);
    ck_assert_ptr_null(tp_index(count(TP_SHAPE(3)), (tp_index_list){ NULL, 2 }));
    ck_message("index: a list of 2 items, or it is NULL");
}
END_TEST

/* ---- Tensors ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(tensors_look_up_and_their_dims_stand_where_the_indexed_ones_did)
{
    TP_SCOPE();
    tp_tensor *const x = count(TP_SHAPE(2, 3, 4)), *const i = POSITIONS(0, -1), *const j = tp_reshape(POSITIONS(1, 0, 2), TP_SHAPE(3, 1));
    ck_values(tp_index(count(TP_SHAPE(3, 2)), TP_INDEX(POSITIONS(2, 0))), 4, 5, 0, 1);
    ck_values(tp_index(x, TP_INDEX(i, i, i)), 0, 23);
    ck_shape(tp_index(x, TP_INDEX(TP_ALL, j)), 2, 3, 1, 4);
    ck_shape(tp_index(x, TP_INDEX(TP_ALL, i, j)), 2, 3, 2);
    ck_shape(tp_index(x, TP_INDEX(i, TP_ALL, j)), 3, 2, 3);              /* not neighbours: in front */
    ck_shape(tp_index(x, TP_INDEX(i, TP_NEWAXIS, j)), 3, 2, 1, 4);
    ck_shape(tp_index(x, TP_INDEX(0, TP_ALL, i)), 3, 2);                 /* a number is no tensor */
    ck_values(tp_index(x, TP_INDEX(1, TP_SLICE(0, 3, 2), i)), 12, 15, 20, 23);
    tp_tensor *const taken = tp_index(x, TP_INDEX(i));
    ck_assert(!tp_shares_storage(taken, x) && tp_is_contiguous(taken));
    ck_values(tp_index(x, TP_INDEX(tp_to_dtype(i, TP_I32), 0, 0)), 0, 12);
    ck_shape(tp_index(x, TP_INDEX(tp_zeros(TP_SHAPE(0), .dtype = TP_I64))), 0, 3, 4);
    ck_fine();
}
END_TEST

START_TEST(masks_stand_for_as_many_dims_as_they_have)
{
    TP_SCOPE();
    tp_tensor *const x = count(TP_SHAPE(2, 3));
    ck_values(tp_index(x, TP_INDEX(MASK(false, true))), 3, 4, 5);
    ck_values(tp_index(x, TP_INDEX(TP_ALL, MASK(true, false, true))), 0, 2, 3, 5);
    ck_values(tp_index(x, TP_INDEX(tp_eq(x, 4))), 4);
    ck_values(tp_index(x, TP_INDEX(MASK(true, true), POSITIONS(2, 0))), 2, 3);
    ck_shape(tp_index(x, TP_INDEX((bool)true)), 1, 2, 3);
    ck_shape(tp_index(x, TP_INDEX((bool)false)), 0, 2, 3);
    ck_values(tp_masked_select(x, MASK(true, false, true)), 0, 2, 3, 5);
    ck_values(tp_masked_scatter(tp_zeros(TP_SHAPE(2, 2)), MASK(true, false), VECTOR(7, 8, 9)), 7, 0, 8, 0);
    ck_values(tp_nonzero(tp_eq(x, 4)), 1, 1);
    ck_shape(tp_nonzero(x), 5, 2);
    ck_assert_ptr_null(tp_masked_scatter(tp_zeros(TP_SHAPE(2, 2)), MASK(true, true), VECTOR(7, 8, 9)));
    ck_message("masked_scatter: the mask takes 4 values, and the source has 3");
    ck_assert_ptr_null(tp_masked_select(x, x));
    ck_message("masked_select: the mask is float32, and has to be bool");
}
END_TEST

/* ---- Writing ------------------------------------------------------------------------------------------------------------------------- */

START_TEST(writing_goes_where_indexing_looks)
{
    TP_SCOPE();
    tp_tensor *const x = tp_zeros(TP_SHAPE(2, 3));
    tp_index_put_(x, TP_INDEX(0), 1);
    ck_values(x, 1, 1, 1, 0, 0, 0);
    tp_index_put_(x, TP_INDEX(TP_ALL, TP_SLICE(1, TP_NONE)), VECTOR(5, 6));
    ck_values(x, 1, 5, 6, 0, 5, 6);
    tp_index_put_(x, TP_INDEX(tp_eq(x, 5)), -1.5);
    ck_values(x, 1, -1.5, 6, 0, -1.5, 6);
    tp_index_put_(x, TP_INDEX(POSITIONS(1, 1, 1), POSITIONS(0, 0, 2)), 1, .accumulate = true);
    ck_values(x, 1, -1.5, 6, 2, -1.5, 7);
    tp_index_put_(x, TP_INDEX(TP_SLICE(1, TP_NONE), POSITIONS(0, 0)), tp_reshape(VECTOR(8, 9), TP_SHAPE(1, 2)));
    ck_values(x, 1, -1.5, 6, 9, -1.5, 7);              /* the last one stays */
    tp_index_put_(x, TP_INDEX(TP_ELLIPSIS), x, .accumulate = true);
    ck_values(x, 2, -3, 12, 18, -3, 14);
    ck_values(tp_index_put(x, TP_INDEX(0, 0), 7), 7, -3, 12, 18, -3, 14);
    ck_values(x, 2, -3, 12, 18, -3, 14);
    tp_tensor *const whole = tp_zeros(TP_SHAPE(3), .dtype = TP_I64);
    ck_values(tp_index_put_(whole, TP_INDEX(POSITIONS(1)), 3), 0, 3, 0);
    ck_fine();
    ck_assert_ptr_null(tp_index_put_(x, TP_INDEX(POSITIONS(0)), whole));
    ck_message("index_put_: the values are int64, and not float32");
}
END_TEST

START_TEST(gradients_go_where_values_came_from)
{
    TP_SCOPE();
    tp_tensor *const x = LEAF(1, 2, 3, 4), *const v = LEAF(5, 6);
    tp_backward(tp_sum(tp_mul(tp_index(x, TP_INDEX(POSITIONS(3, 0, 3))), VECTOR(1, 2, 4))));
    ck_values(tp_grad_of(x), 2, 0, 0, 5);
    tp_set_grad(x, NULL);
    tp_tensor *const y = tp_mul(x, 2);
    tp_index_put_(y, TP_INDEX(TP_SLICE(0, 4, 2)), v);
    tp_index_put_(y, TP_INDEX(POSITIONS(3)), v, .accumulate = false);
    tp_clear_error();                                  /* two values do not fit one place */
    tp_backward(tp_sum(tp_mul(y, VECTOR(1, 2, 3, 4))));
    ck_values(tp_grad_of(x), 0, 4, 0, 8);
    ck_values(tp_grad_of(v), 1, 3);
    ck_fine();
}
END_TEST

/* ---- Along a dim --------------------------------------------------------------------------------------------------------------------- */

START_TEST(slices_are_taken_added_copied_and_filled)
{
    TP_SCOPE();
    tp_tensor *const x = count(TP_SHAPE(2, 3)), *const i = POSITIONS(2, 0, 2), *const s = count(TP_SHAPE(2, 3));
    ck_values(tp_index_select(x, 1, i), 2, 0, 2, 5, 3, 5);
    ck_values(tp_index_add(x, -1, i, s), 1, 1, 4, 7, 4, 13);
    ck_values(tp_index_add(x, -1, i, s, .alpha = -0.5), -.5, 1, 1, 1, 4, 1);
    ck_values(tp_index_copy(x, 1, POSITIONS(1, 0), tp_narrow(s, 1, 1, 2)), 2, 1, 2, 5, 4, 5);
    ck_values(tp_index_fill(x, 0, POSITIONS(-1), 9), 0, 1, 2, 9, 9, 9);
    ck_values(tp_index_reduce(x, 1, i, s, TP_REDUCE_AMAX), 1, 1, 2, 4, 4, 5);
    ck_values(tp_index_reduce(x, 1, i, s, TP_REDUCE_MEAN, .include_self = false), 1, 1, 1, 4, 4, 4);
    ck_values(tp_take(x, POSITIONS(5, -6, 1)), 5, 0, 1);
    ck_values(tp_put(x, POSITIONS(5, -6), VECTOR(8, 9), false), 9, 1, 2, 3, 4, 8);
    ck_values(tp_put(x, POSITIONS(5, 5), VECTOR(8, 9), true), 0, 1, 2, 3, 4, 22);
    ck_values(tp_index_select(tp_scalar(7), 0, POSITIONS(0)), 7);
    tp_tensor *const y = tp_clone(x);
    ck_assert(tp_index_add_(y, 0, POSITIONS(1), tp_ones(TP_SHAPE(1, 3))) == y);
    ck_values(y, 0, 1, 2, 4, 5, 6);
    ck_assert(tp_index_copy_(tp_transpose(y, 0, 1), 0, POSITIONS(0), tp_zeros(TP_SHAPE(1, 2))));
    ck_values(y, 0, 1, 2, 0, 5, 6);
    ck_fine();
    ck_assert_ptr_null(tp_index_select(x, 1, POSITIONS(3)));
    ck_message("index_select: index 3 is out of range for dim 1 of size 3");
    ck_assert_ptr_null(tp_index_add(x, 1, POSITIONS(-1), s));
    ck_error(TP_ERR_SHAPE, "index_add: the source [2, 3] does not fit [2, 3] and an index of 1 along dim 1");
    ck_assert_ptr_null(tp_index_add_(y, 1, POSITIONS(0, -1, 0), s));
    ck_message("index_add_: index -1 is out of range for dim 1 of size 3");
    ck_values(y, 0, 1, 2, 0, 5, 6);
    ck_assert_ptr_null(tp_index_reduce(x, 1, i, s, TP_REDUCE_SUM));
    ck_message("index_reduce: there is no reduction 1");
}
END_TEST

START_TEST(elements_are_gathered_and_scattered)
{
    TP_SCOPE();
    tp_tensor *const x = count(TP_SHAPE(2, 3)), *const i = tp_reshape(POSITIONS(2, 0, 1, 1), TP_SHAPE(2, 2)),
                     *const s = tp_reshape(VECTOR(10, 20, 30, 40), TP_SHAPE(2, 2));
    ck_values(tp_gather(x, 1, i), 2, 0, 4, 4);
    ck_values(tp_gather(x, 0, tp_reshape(POSITIONS(1, 0, 1), TP_SHAPE(1, 3))), 3, 1, 5);
    ck_values(tp_scatter(x, 1, i, s), 20, 1, 10, 3, 40, 5);
    ck_values(tp_scatter(x, 1, i, -1), -1, 1, -1, 3, -1, 5);
    ck_values(tp_scatter_add(x, 1, i, s), 20, 1, 12, 3, 74, 5);
    ck_values(tp_scatter_reduce(x, 1, i, s, TP_REDUCE_PROD), 0, 1, 20, 3, 4800, 5);
    ck_values(tp_scatter_reduce(x, 1, i, s, TP_REDUCE_AMIN, .include_self = false), 20, 1, 10, 3, 30, 5);
    ck_values(tp_scatter_reduce(tp_to_dtype(x, TP_I64), 1, i, tp_to_dtype(tp_neg(s), TP_I64), TP_REDUCE_MEAN), -10, 1, -4, 3, -22, 5);   /* rounded down */
    ck_values(tp_take_along_dim(x, POSITIONS(5, -6), TP_FLAT), 5, 0);
    ck_values(tp_take_along_dim(x, tp_reshape(POSITIONS(-1), TP_SHAPE(1, 1)), 1), 2, 5);
    tp_tensor *const y = tp_zeros(TP_SHAPE(3), .dtype = TP_I64);
    ck_values(tp_scatter_(y, 0, POSITIONS(0, 2, 2), POSITIONS(5, 6, 7)), 5, 0, 7);
    ck_values(tp_scatter_add_(y, 0, POSITIONS(2, 2), POSITIONS(1, 1)), 5, 0, 9);
    ck_fine();
    ck_assert_ptr_null(tp_gather(x, 1, tp_add(i, 1)));
    ck_message("gather: index 3 is out of range for dim 1 of size 3");
    ck_assert_ptr_null(tp_scatter_add_(y, 0, POSITIONS(1, 3), POSITIONS(1, 1)));
    ck_message("scatter_add_: index 3 is out of range for dim 0 of size 3");
    ck_values(y, 5, 0, 9);
    ck_assert_ptr_null(tp_gather(x, 0, tp_zeros(TP_SHAPE(1, 4), .dtype = TP_I64)));
    ck_message("gather: the index [1, 4] is larger than [2, 3] in dim 1");
    ck_assert_ptr_null(tp_scatter(x, 1, i, y));
    ck_error(TP_ERR_DTYPE, "scatter: the values are int64, and not float32");
}
END_TEST

START_TEST(a_larger_source_gets_zeros_where_the_index_does_not_reach)
{
    TP_SCOPE();
    tp_tensor *const x = tp_zeros(TP_SHAPE(3)), *const s = LEAF(1, 2, 3, 4);
    tp_backward(tp_sum(tp_mul(tp_scatter_add(x, 0, POSITIONS(2, 2), s), VECTOR(1, 2, 3))));
    ck_values(tp_grad_of(s), 3, 3, 0, 0);
    ck_fine();
}
END_TEST

/* ---- Rows of a table ------------------------------------------------------------------------------------------------------------------ */

START_TEST(rows_are_looked_up_and_their_gradients_summed)
{
    TP_SCOPE();
    tp_tensor *const w = leaf_from(tp_detach(count(TP_SHAPE(3, 2))));
    tp_backward(tp_sum(tp_embedding(POSITIONS(2, 0, 2), w)));
    ck_values(tp_grad_of(w), 1, 1, 0, 0, 2, 2);
    tp_set_grad(w, NULL);
    tp_backward(tp_sum(tp_embedding(POSITIONS(2, 0, 2), w, .scale_grad_by_freq = true, .padding_idx = 0)));
    ck_values(tp_grad_of(w), 0, 0, 0, 0, 1, 1);
    ck_values(tp_embedding(POSITIONS(2, 1), w, .max_norm = 5), 4 * 5 / sqrt(41), 5 * 5 / sqrt(41), 2, 3);
    ck_values(tp_detach(w), 0, 1, 2, 3, 4 * 5 / sqrt(41), 5 * 5 / sqrt(41));
    ck_values(tp_one_hot(POSITIONS(2, 0), -1), 0, 0, 1, 1, 0, 0);
    ck_fine();
    ck_assert_ptr_null(tp_one_hot(POSITIONS(2, 0), 2));
    ck_error(TP_ERR_INDEX, "one_hot: index 2 is out of range for dim 1 of size 2");
    ck_assert_ptr_null(tp_one_hot(POSITIONS(-1, 0), 2));
    ck_error(TP_ERR_INDEX, "one_hot: index -1 is out of range");
    ck_assert_ptr_null(tp_embedding(POSITIONS(3), w));
    ck_error(TP_ERR_INDEX, "embedding: index 3 is out of range for 3 rows");
}
END_TEST

START_TEST(bags_are_summed_averaged_or_taken_the_greatest_of)
{
    TP_SCOPE();
    tp_tensor *const w = count(TP_SHAPE(4, 2)), *const i = POSITIONS(3, 0, 1, 0, 2), *const o = POSITIONS(0, 2, 2);
    ck_values(tp_embedding_bag(i, w, .offsets = o), 3, 4, 0, 0, 2, 3);
    ck_values(tp_embedding_bag(i, w, .offsets = o, .mode = TP_BAG_SUM, .padding_idx = 0), 6, 7, 0, 0, 6, 8);
    ck_values(tp_embedding_bag(i, w, .offsets = o, .mode = TP_BAG_MAX, .include_last_offset = true), 6, 7, 0, 0);
    ck_values(tp_embedding_bag(tp_reshape(POSITIONS(3, 0, 1, 2), TP_SHAPE(2, 2)), w, .mode = TP_BAG_SUM,
                               .per_sample_weights = tp_reshape(VECTOR(1, 2, 3, 4), TP_SHAPE(2, 2))), 6, 9, 22, 29);
    ck_fine();
    ck_assert_ptr_null(tp_embedding_bag(i, w, .offsets = POSITIONS(1)));
    ck_error(TP_ERR_ARGUMENT, "embedding_bag: the first offset is 1, and has to be 0");
    ck_assert_ptr_null(tp_embedding_bag(i, w, .offsets = POSITIONS(0, 7)));
    ck_error(TP_ERR_ARGUMENT, "embedding_bag: offset 7 of bag 1");
    ck_assert_ptr_null(tp_embedding_bag(POSITIONS(4), w, .offsets = POSITIONS(0), .mode = TP_BAG_MAX));
    ck_error(TP_ERR_INDEX, "embedding_bag: index 4 is out of range for 4 rows");
}
END_TEST

/* ---- Threads ------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *run(int which)
{
    const int64_t n = 70001;
    tp_manual_seed(5);
    tp_tensor *const v = tp_randn(TP_SHAPE(n)), *const wide = tp_randn(TP_SHAPE(3000, 40));
    switch (which) {
    case 0: return tp_index_add(tp_zeros(TP_SHAPE(1000)), 0, tp_randint(0, 1000, TP_SHAPE(n)), v);
    case 1: return tp_index_add(tp_zeros(TP_SHAPE(100, 40)), 0, tp_randint(0, 100, TP_SHAPE(3000)), wide);
    case 2: return tp_index_add(tp_zeros(TP_SHAPE(3000, 7)), 1, tp_randint(0, 7, TP_SHAPE(40)), wide);
    case 3: return tp_scatter_add(tp_zeros(TP_SHAPE(1000)), 0, tp_randint(0, 1000, TP_SHAPE(n)), v);
    case 4: return tp_scatter_add(tp_zeros(TP_SHAPE(100, 40)), 0, tp_randint(0, 100, TP_SHAPE(3000, 40)), wide);
    case 5: return tp_scatter_add(tp_zeros(TP_SHAPE(3000, 7)), 1, tp_randint(0, 7, TP_SHAPE(3000, 40)), wide);
    case 6: return tp_scatter(tp_zeros(TP_SHAPE(1000)), 0, tp_randint(0, 1000, TP_SHAPE(n)), v);
    case 7: return tp_index(v, TP_INDEX(tp_randint(-n, n, TP_SHAPE(n))));
    case 8: return tp_gather(wide, 0, tp_randint(0, 3000, TP_SHAPE(2000, 40)));
    case 9: return tp_index_select(tp_transpose(wide, 0, 1), 1, tp_randint(0, 3000, TP_SHAPE(2000)));
    case 10: return tp_scatter_add(tp_zeros(TP_SHAPE(5000)), 0, tp_randint(0, 5000, TP_SHAPE(9 * n)), tp_repeat(v, TP_SHAPE(9)));
    case 11: return tp_scatter_reduce(v, 0, tp_randint(0, 50, TP_SHAPE(n), .dtype = TP_I32), v, TP_REDUCE_PROD);
    default: return tp_nonzero(tp_randint(0, 2, TP_SHAPE(400, 1000)));
    }
}

START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    for (int which = 0; which < 13; which++)
        for (int threads = 3; threads < 12; threads += 8) {
            TP_SCOPE();
            tp_set_num_threads(1);
            tp_tensor *const one = run(which);
            tp_set_num_threads(threads);
            tp_tensor *const more = run(which);
            ck_fine();
            ck_assert_msg(tp_equal(one, more), "case %d, %d threads", which, threads);
        }
    tp_set_num_threads(1);
}
END_TEST

/* ---- Refusals --------------------------------------------------------------------------------------------------------------------------- */

START_TEST(what_is_out_of_range_is_named)
{
    TP_SCOPE();
    tp_tensor *const x = count(TP_SHAPE(2, 3));
    ck_assert_ptr_null(tp_index(x, TP_INDEX(2)));
    ck_message("index: index 2 is out of range for dim 0 of [2, 3]");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(0, -4)));
    ck_message("index: index -4 is out of range for dim 1 of [2, 3]");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(TP_ALL, POSITIONS(0, 3))));
    ck_error(TP_ERR_INDEX, "index: index 3 is out of range for dim 1 of size 3");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(POSITIONS(0, 1), POSITIONS(0, -4))));
    ck_error(TP_ERR_INDEX, "index: index -4 is out of range for dim 1 of size 3");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(0, 0, 0)));
    ck_error(TP_ERR_INDEX, "index: [2, 3] has 2 dims, and the index is for 3");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(POSITIONS(0, 1), POSITIONS(0, 1, 2))));
    ck_error(TP_ERR_INDEX, "the indices [2] and [3] do not broadcast");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(MASK(true, true, true))));
    ck_error(TP_ERR_INDEX, "the mask [3] does not fit [2, 3] from dim 0 on");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(x)));
    ck_error(TP_ERR_DTYPE, "an index is int64, int32, bool or uint8, not float32");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(TP_SLICE(0, 2, -1))));
    ck_error(TP_ERR_ARGUMENT, "the step of a slice is -1, and has to be at least 1");
    ck_assert_ptr_null(tp_index(x, TP_INDEX(TP_ELLIPSIS, TP_ELLIPSIS)));
    ck_error(TP_ERR_ARGUMENT, "an index has one ellipsis at most");
    ck_assert_ptr_null(tp_index(tp_zeros(TP_SHAPE(1, 1, 1, 1, 1, 1, 1, 1)), TP_INDEX(TP_NEWAXIS)));
    ck_error(TP_ERR_SHAPE, "more than 8 dims");
    ck_assert_ptr_null(tp_index(x, TP_INDEX((tp_tensor *)NULL)));
    ck_fine();
}
END_TEST

START_TEST(the_first_index_out_of_range_of_a_long_line_is_named)
{
    TP_SCOPE();
    enum { N = 600000 };
    tp_tensor *const i = tp_zeros(TP_SHAPE(N), .dtype = TP_I64), *const x = tp_ones(TP_SHAPE(N));
    tp_fill_(tp_narrow(i, 0, N - 10, 1), -1);
    tp_fill_(tp_narrow(i, 0, N - 70000, 1), 9);
    for (int threads = 1; threads < 4; threads++) {
        tp_set_num_threads(threads);
        ck_assert_ptr_null(tp_scatter_add(tp_zeros(TP_SHAPE(5)), 0, i, x));
        ck_message("scatter_add: index 9 is out of range for dim 0 of size 5");
    }
    tp_clamp_(i, 0, 4);
    ck_values(tp_scatter_add(tp_zeros(TP_SHAPE(5)), 0, i, x), N - 1, 0, 0, 0, 1);
    tp_set_num_threads(1);
}
END_TEST

START_TEST(an_index_out_of_range_is_found_wherever_it_is)
{
    enum { N = 2100, ROWS = 3 };
    static const int64_t at[] = { 0, 15, 16, 1023, 1024, 2047, 2095, 2096, N - 1 }, bad[] = { -1, 700, INT64_MAX, INT64_MIN };
    static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_I8, TP_C128 };
    for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t++)
        for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
            TP_SCOPE();
            const tp_dtype dtype = dtypes[t];
            tp_tensor *const x = tp_ones(TP_SHAPE(ROWS, N), .dtype = dtype), *const table = tp_zeros(TP_SHAPE(ROWS, 700), .dtype = dtype);
            tp_tensor *const i = tp_randint(0, 700, TP_SHAPE(ROWS, N));
            const int64_t wrong = bad[k % 4], place = (int64_t)(k % ROWS) * N + at[k];
            char message[160], name[40] = "gather";
            ((int64_t *)tp_data_mut(i))[place] = wrong;
            for (int op = 0; op < 3; op++) {
                if (op == 2 && dtype == TP_C128) break;
                if (op) snprintf(name, sizeof name, op == 1 ? "scatter" : "scatter_add");
                snprintf(message, sizeof message, "%s: index %lld is out of range for dim 1 of size 700", name, (long long)wrong);
                ck_assert_ptr_null(op == 0 ? tp_gather(table, 1, i) : op == 1 ? tp_scatter(table, 1, i, x) : tp_scatter_add(table, 1, i, x));
                ck_message(message);
                if (!op) continue;
                ck_assert_ptr_null(op == 1 ? tp_scatter_(table, 1, i, x) : tp_scatter_add_(table, 1, i, x));
                ck_assert(tp_failed());
                tp_clear_error();
            }
            ck_assert(tp_equal(table, tp_zeros_like(table)));
            ((int64_t *)tp_data_mut(i))[place] = 699;
            ck_assert_ptr_nonnull(tp_gather(table, 1, i));
            ck_fine();
        }
}
END_TEST

/* Tables on either side of where lines are asked for early, and values and indices that are not side by side */
START_TEST(large_tables_are_written_and_read_in_order)
{
    static const int64_t sizes[] = { 1000, 100000, 5000000 };
    enum { N = 70003 };
    for (int s = 0; s < 3; s++)
        for (int step = 1; step < 3; step++) {
            TP_SCOPE();
            tp_tensor *const i = tp_randint(0, sizes[s], TP_SHAPE(N, step)), *const v = tp_uniform(TP_SHAPE(N, step), -1, 1);
            tp_tensor *const index = tp_select(i, 1, 0), *const value = tp_select(v, 1, 0);
            tp_tensor *sum = NULL;
            float *const want = calloc((size_t)sizes[s], sizeof *want);
            for (int64_t k = 0; k < N; k++) want[((const int64_t *)tp_data(i))[k * step]] += ((const float *)tp_data(v))[k * step];
            for (int threads = 3; threads > 0; threads--) {
                tp_set_num_threads(threads);
                sum = tp_scatter_add(tp_zeros(TP_SHAPE(sizes[s])), 0, index, value);
                ck_fine();
                ck_assert(!memcmp(want, tp_data(sum), (size_t)sizes[s] * sizeof *want));
            }
            tp_tensor *const back = tp_gather(sum, 0, index);
            for (int64_t k = 0; k < N; k++)
                ck_assert(((const float *)tp_data(back))[k] == want[((const int64_t *)tp_data(i))[k * step]]);
            free(want);
        }
}
END_TEST

START_TEST(nothing_is_written_where_an_index_is_out_of_range)
{
    TP_SCOPE();
    tp_tensor *const x = tp_zeros(TP_SHAPE(2000)), *const i = tp_zeros(TP_SHAPE(3000), .dtype = TP_I64);
    ((int64_t *)tp_data_mut(i))[2999] = 2000;
    ck_assert_ptr_null(tp_index_put_(x, TP_INDEX(i), 1));
    ck_error(TP_ERR_INDEX, "index_put_: index 2000 is out of range for dim 0 of size 2000");
    ck_assert_ptr_null(tp_index_put_(x, TP_INDEX(i), 1, .accumulate = true));
    ck_error(TP_ERR_INDEX, "index_put_: index 2000 is out of range for dim 0 of size 2000");
    ck_assert(tp_item(tp_sum(x)) == 0);
    ((int64_t *)tp_data_mut(i))[7] = INT64_MIN;
    ck_assert_ptr_null(tp_index(x, TP_INDEX(i)));
    ck_error(TP_ERR_INDEX, "index -9223372036854775808 is out of range");
}
END_TEST

START_TEST(sums_of_16_bits_are_rounded_where_pytorch_rounds_them)
{
    TP_SCOPE();
    tp_tensor *const rows = tp_zeros(TP_SHAPE(384), .dtype = TP_I64);
    tp_tensor *const table = tp_zeros(TP_SHAPE(2, 2), .dtype = TP_BF16, .requires_grad = true);
    ck_ok(tp_backward(tp_sum(tp_to_dtype(tp_index(table, TP_INDEX(rows)), TP_F32))));
    ck_values(tp_grad_of(table), 256, 256, 0, 0);                 /* 256 + 1 is 256 in bfloat16; index_add's sum is of float32 */
    ck_values(tp_index_add(tp_detach(table), 0, rows, tp_ones(TP_SHAPE(384, 2), .dtype = TP_BF16)), 384, 384, 0, 0);
    tp_set_grad(table, NULL);
    ck_ok(tp_backward(tp_sum(tp_to_dtype(tp_embedding_bag(tp_reshape(rows, TP_SHAPE(1, 384)), table, .mode = TP_BAG_SUM), TP_F32))));
    ck_values(tp_grad_of(table), 256, 256, 0, 0);
    /* 256 in one of 20 places of a row, 1 in the others: what PyTorch gives tells where its sort puts that place. */
    tp_tensor *const wide = tp_zeros(TP_SHAPE(1, 20), .dtype = TP_BF16, .requires_grad = true), *const dy = tp_add(tp_mul(tp_eye(20, TP_NONE), 255), 1);
    tp_tensor *const y = tp_embedding_bag(tp_zeros(TP_SHAPE(20, 1), .dtype = TP_I64), wide, .mode = TP_BAG_SUM);
    ck_ok(tp_backward(y, .grad = tp_to_dtype(dy, TP_BF16)));
    ck_values(tp_grad_of(wide), 268, 276, 276, 272, 272, 272, 272, 268, 268, 268, 256, 264, 264, 264, 264, 260, 260, 260, 260, 256);
    ck_fine();
}
END_TEST

START_TEST(gradients_of_a_row_are_summed_wider_than_16_bits)
{
    TP_SCOPE();
    tp_tensor *table = tp_zeros(TP_SHAPE(2, 300), .dtype = TP_BF16, .requires_grad = true), *rows = tp_zeros(TP_SHAPE(384), .dtype = TP_I64);
    ck_ok(tp_backward(tp_sum(tp_to_dtype(tp_embedding(rows, table), TP_F32))));
    tp_tensor *g = tp_grad_of(table);
    ck_values(tp_narrow(tp_select(g, 0, 0), 0, 254, 4), 384, 384, 384, 384);         /* one by one in bfloat16 it would stand at 256 */
    ck_values(tp_sum(tp_select(g, 0, 1)), 0);
    ck_fine();
}
END_TEST

START_TEST(a_size_below_zero_is_no_size)
{
    TP_SCOPE();
    tp_tensor *at = tp_zeros(TP_SHAPE(2), .dtype = TP_I64), *both[] = { at, at }, *y = NULL;
    const tp_arg args[] = { { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = both },
                            { .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 3, INT64_MIN } },
                            { .kind = TP_ARG_INTS, .n = 2, .value.ints = (const int64_t[]){ 0, 1 } } };
    ck_assert_int_eq(tp_op_call("index_merge", args, 3, &y, 1, NULL), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "-9223372036854775808 is no size");
}
END_TEST

START_TEST(a_step_may_be_larger_than_anything)
{
    TP_SCOPE();
    tp_tensor *x = tp_view(tp_arange(0, 6, 1), TP_SHAPE(2, 3));
    ck_values(tp_index(x, TP_INDEX(TP_SLICE(1, TP_NONE, INT64_MAX), TP_NEWAXIS, TP_SLICE(0, TP_NONE, INT64_MAX))), 3);
    ck_fine();
}
END_TEST

/* 256 and 1 are 257, which bfloat16 rounds to 256: added one after the other, eight ones are lost. PyTorch does so but along the first and the
 * last of several dims. */
START_TEST(slices_of_16_bits_are_added_one_after_the_other)
{
    TP_SCOPE();
    tp_tensor *first = tp_zeros(TP_SHAPE(8), .dtype = TP_I64);
    ck_values(tp_index_add(tp_full(TP_SHAPE(2), 256.0, .dtype = TP_BF16), 0, first, tp_ones(TP_SHAPE(8), .dtype = TP_BF16)), 256, 256);
    ck_values(tp_index_add(tp_full(TP_SHAPE(2), 256.0), 0, first, tp_ones(TP_SHAPE(8))), 264, 256);
    ck_values(tp_index_add(tp_full(TP_SHAPE(1, 2, 1), 256.0, .dtype = TP_BF16), 1, first, tp_ones(TP_SHAPE(1, 8, 1), .dtype = TP_BF16)), 256, 256);
    ck_values(tp_index_add(tp_full(TP_SHAPE(2, 1), 256.0, .dtype = TP_BF16), 0, first, tp_ones(TP_SHAPE(8, 1), .dtype = TP_BF16)), 264, 256);
    ck_fine();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("index");
    TCase *tests = tcase_create("index");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, slices_of_16_bits_are_added_one_after_the_other);
    tcase_add_test(tests, numbers_slices_and_axes_give_views);
    tcase_add_test(tests, a_list_of_items_may_be_written_out);
    tcase_add_test(tests, tensors_look_up_and_their_dims_stand_where_the_indexed_ones_did);
    tcase_add_test(tests, masks_stand_for_as_many_dims_as_they_have);
    tcase_add_test(tests, writing_goes_where_indexing_looks);
    tcase_add_test(tests, gradients_go_where_values_came_from);
    tcase_add_test(tests, slices_are_taken_added_copied_and_filled);
    tcase_add_test(tests, elements_are_gathered_and_scattered);
    tcase_add_test(tests, a_larger_source_gets_zeros_where_the_index_does_not_reach);
    tcase_add_test(tests, rows_are_looked_up_and_their_gradients_summed);
    tcase_add_test(tests, bags_are_summed_averaged_or_taken_the_greatest_of);
    tcase_add_test(tests, results_do_not_depend_on_the_number_of_threads);
    tcase_add_test(tests, what_is_out_of_range_is_named);
    tcase_add_test(tests, the_first_index_out_of_range_of_a_long_line_is_named);
    tcase_add_test(tests, an_index_out_of_range_is_found_wherever_it_is);
    tcase_add_test(tests, large_tables_are_written_and_read_in_order);
    tcase_add_test(tests, nothing_is_written_where_an_index_is_out_of_range);
    tcase_add_test(tests, gradients_of_a_row_are_summed_wider_than_16_bits);
    tcase_add_test(tests, sums_of_16_bits_are_rounded_where_pytorch_rounds_them);
    tcase_add_test(tests, a_step_may_be_larger_than_anything);
    tcase_add_test(tests, a_size_below_zero_is_no_size);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
