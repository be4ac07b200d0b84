/* tests/test_inplace.c: writing in place: what it does to gradients, to views and to what the tape saved, and where it is
 * refused. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"

static tp_tensor *row(int n, double start)             /* a leaf start, start + 1, .. */
{
    tp_tensor *x = tp_to_dtype(tp_arange(start, start + n, 1), TP_F32);
    ck_ok(tp_requires_grad(x, true));
    return x;
}

START_TEST(an_op_in_place_returns_its_argument_and_is_recorded)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 3.0);
    const uint32_t version = tp_version_of(y);
    ck_assert_ptr_eq(tp_add_(y, x), y);
    ck_assert_ptr_eq(tp_mul_(y, 2.0), y);
    ck_assert_uint_eq(tp_version_of(y), version + 2);
    ck_values(y, 8, 16);
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 128, 256);
}
END_TEST

START_TEST(copying_into_a_slice_of_zeros_is_differentiable)              /* PyTorch: (2, 8, 18) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2, 3), *z = tp_zeros(TP_SHAPE(2, 3));
    tp_copy_(tp_select(z, 0, 0), tp_mul(x, x));
    ck_assert(tp_needs_grad(z));
    ck_ok(tp_backward(tp_sum(tp_mul(z, tp_reshape(VECTOR(1, 2, 3, 4, 5, 6), TP_SHAPE(2, 3))))));
    ck_values(tp_grad_of(x), 2, 8, 18);
}
END_TEST

START_TEST(writing_a_view_of_a_view_reaches_its_base)                    /* PyTorch: (0, 2, 4, 6, 800, 1000) */
{
    TP_SCOPE();
    tp_tensor *x = row(6, 0), *y = tp_reshape(tp_mul(x, 1.0), TP_SHAPE(2, 3));
    tp_tensor *v = tp_select(y, 0, 1), *u = tp_narrow(v, 0, 1, 2);
    tp_mul_(u, 10.0);
    ck_values(y, 0, 1, 2, 3, 40, 50);
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 0, 2, 4, 6, 800, 1000);
}
END_TEST

START_TEST(a_view_follows_when_its_base_is_written)    /* PyTorch: (0, 18, 36, 0) */
{
    TP_SCOPE();
    tp_tensor *x = row(4, 0), *y = tp_mul(x, 1.0), *v = tp_narrow(y, 0, 1, 2);
    tp_mul_(y, 3.0);
    ck_ok(tp_backward(tp_sum(tp_mul(v, v))));
    ck_values(tp_grad_of(x), 0, 18, 36, 0);
}
END_TEST

START_TEST(views_that_overlap_see_each_others_writes)  /* PyTorch: (1, 2, 6, 8) */
{
    TP_SCOPE();
    tp_tensor *x = row(4, 0), *y = tp_mul(x, 1.0), *v = tp_narrow(y, 0, 1, 2), *w = tp_narrow(y, 0, 2, 2);
    tp_add_(v, VECTOR(5, 5));
    tp_mul_(w, 2.0);
    ck_values(y, 0, 6, 14, 6);
    ck_values(v, 6, 14);
    ck_ok(tp_backward(tp_sum(tp_mul(y, VECTOR(1, 2, 3, 4)))));
    ck_values(tp_grad_of(x), 1, 2, 6, 8);
}
END_TEST

START_TEST(a_transposed_view_can_be_written)           /* PyTorch: (0, 2, 4, 294, 8, 10) */
{
    TP_SCOPE();
    tp_tensor *x = row(6, 0), *y = tp_mul(tp_reshape(x, TP_SHAPE(2, 3)), 1.0);
    tp_mul_(tp_select(tp_transpose(y, 0, 1), 0, 0), 7.0);
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 0, 2, 4, 294, 8, 10);
}
END_TEST

START_TEST(zeroing_a_view_cuts_its_gradient)           /* PyTorch: (0, 0, 24) */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2, 3), *y = tp_mul(x, 2.0);
    tp_zero_(tp_narrow(y, 0, 0, 2));
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 0, 0, 24);
}
END_TEST

START_TEST(a_write_in_place_can_be_differentiated_twice)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2, 3), *z = tp_zeros(TP_SHAPE(3)), *g, *h;
    tp_copy_(tp_narrow(z, 0, 1, 2), tp_mul(tp_narrow(x, 0, 0, 2), tp_narrow(x, 0, 1, 2)));          /* 0, x0 x1, x1 x2 */
    tp_tensor *loss = tp_sum(tp_mul(z, z));
    ck_ok(tp_grad(&loss, 1, &x, 1, NULL, &g, .create_graph = true));
    ck_values(g, 8, 2 * 2 * 1 + 2 * 2 * 9, 2 * 3 * 4);
    ck_ok(tp_grad(&g, 1, &x, 1, (tp_tensor *[]){ tp_ones(TP_SHAPE(3)) }, &h));
    ck_values(h, 2 * 4 + 4 * 2, 4 * 2 + 2 + 18 + 4 * 6, 4 * 6 + 2 * 4);
}
END_TEST

START_TEST(backward_through_a_stale_value_names_who_saved_and_who_wrote_it)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 2.0), *z = tp_sum(tp_mul(y, y));
    tp_add_(y, 1);
    ck_assert_int_eq(tp_backward(z), TP_ERR_STATE);
    ck_message("backward: mul saved a tensor [2] that add_ overwrote since (version 1, saved at 0)");
    tp_tensor *e = tp_exp(x);
    z = tp_sum(e);
    ((float *)tp_data_mut(e))[0] = 0;
    ck_assert_int_eq(tp_backward(z), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "exp saved a tensor [2] that data_mut overwrote since");
}
END_TEST

START_TEST(a_write_through_a_view_a_base_or_a_detached_tensor_makes_the_others_stale)
{
    for (int how = 0; how < 3; how++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1, 2, 3), *base = tp_mul(x, 2.0), *view = tp_narrow(base, 0, 0, 2);
        tp_tensor *saved = how == 1 ? view : base, *loss = tp_sum(tp_mul(saved, saved));
        tp_mul_(how == 0 ? view : how == 1 ? base : tp_detach(base), 2.0);
        ck_assert_int_eq(tp_backward(loss), TP_ERR_STATE);
        ck_error(TP_ERR_STATE, "mul saved a tensor");
    }
}
END_TEST

START_TEST(what_was_not_saved_may_be_overwritten)      /* exp keeps its output: writing its input does no harm */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 1.0), *e = tp_exp(y);
    tp_add_(y, 1);
    ck_ok(tp_backward(tp_sum(e)));
    ck_values(tp_grad_of(x), 2.718281828, 7.389056099);
}
END_TEST

START_TEST(a_leaf_that_requires_grad_is_not_written_while_recording)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2);
    ck_assert_ptr_null(tp_add_(x, 1));
    ck_message("add_: [2] cannot be written in place: it is a leaf that requires grad: use TP_NO_GRAD() or tp_detach");
    ck_assert_ptr_null(tp_data_mut(x));
    tp_clear_error();
    ck_assert_ptr_null(tp_zero_(tp_narrow(x, 0, 0, 1)));
    ck_error(TP_ERR_STATE, "it is a view of a leaf that requires grad");
    tp_tensor *view = tp_narrow(tp_zeros(TP_SHAPE(4)), 0, 0, 2);
    ck_ok(tp_requires_grad(view, true));               /* a view may be a leaf, too */
    ck_assert_ptr_null(tp_add_(view, 1));
    ck_error(TP_ERR_STATE, "it is a leaf that requires grad");
    ck_assert_uint_eq(tp_version_of(x), 0);
    TP_NO_GRAD();
    ck_assert_ptr_nonnull(tp_add_(x, 1));
    ck_assert_ptr_nonnull(tp_zero_(tp_narrow(x, 0, 0, 1)));
    ck_values(x, 0, 3);
    ck_assert(tp_is_leaf(x));
}
END_TEST

START_TEST(a_leaf_written_without_recording_makes_what_was_saved_of_it_stale)
{
    TP_SCOPE();
    tp_tensor *w = LEAF(1, 2), *loss = tp_sum(tp_mul(w, w));
    {
        TP_NO_GRAD();
        tp_add_(w, 1);
    }
    ck_assert_int_eq(tp_backward(loss), TP_ERR_STATE);
    ck_error(TP_ERR_STATE, "mul saved a tensor [2] that add_ overwrote since");
}
END_TEST

START_TEST(a_view_made_without_recording_is_not_written_while_recording)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 1.0), *view;
    {
        TP_NO_GRAD();
        view = tp_narrow(y, 0, 0, 1);
    }
    ck_assert_ptr_null(tp_mul_(view, 2));
    ck_error(TP_ERR_STATE, "it is a view that was made without recording");
}
END_TEST

/* ---- Views that cannot be made anew: several of one op, those made without recording, what a function returned ------------------------ */

static tp_tensor *part_of(tp_tensor *x, int how)        /* the first half: one of two, a view of one of two, a view made unrecorded */
{
    tp_tensor *both[2];
    if (how < 2) {
        ck_ok(tp_chunk(x, 2, 0, both, 2, NULL));
        return how ? tp_narrow(both[0], 0, 0, 1) : both[0];
    }
    TP_NO_GRAD();
    return tp_narrow(x, 0, 0, 2);
}
static const char *const called[] = { "one of several views that an op returned",
                                      "one of several views that an op returned",
                                      "a view that was made without recording" };

START_TEST(a_view_that_cannot_be_made_anew_is_not_written_with_a_gradient)              /* PyTorch: the same six are errors, and the plain one none */
{
    for (int how = 0; how < 3; how++) {
        TP_SCOPE();
        tp_tensor *x = row(4, 1), *plain = tp_ones(TP_SHAPE(4)), *part = part_of(plain, how);
        ck_assert_ptr_null(tp_mul_(part_of(tp_mul(x, 1.0), how), 2.0));
        ck_error(TP_ERR_STATE, called[how]);
        ck_assert_ptr_null(tp_mul_(part, tp_narrow(x, 0, 0, tp_size(part, 0))));         /* itself plain, the factor is not */
        ck_error(TP_ERR_STATE, called[how]);
        ck_assert_ptr_nonnull(tp_mul_(part, 2.0));
        ck_values(plain, 2, how == 1 ? 1 : 2, 1, 1);
        TP_NO_GRAD();
        ck_assert_ptr_nonnull(tp_mul_(part, tp_narrow(x, 0, 0, tp_size(part, 0))));
    }
}
END_TEST

START_TEST(nor_used_once_its_memory_was_written)       /* PyTorch: so, whether the write was recorded or not */
{
    for (int how = 0; how < 3; how++)
        for (int recorded = 0; recorded < 2; recorded++) {
            TP_SCOPE();
            tp_tensor *y = tp_mul(row(4, 1), 1.0), *part = part_of(y, how), *plain = tp_ones(TP_SHAPE(4)), *quiet = part_of(plain, how);
            {
                const tp_grad_mode was = tp_grad_mode_set(recorded);
                ck_assert_ptr_nonnull(tp_mul_(y, 2.0));
                tp_grad_mode_set(was.tp__was);
            }
            ck_assert_ptr_null(tp_mul(part, 1.0));
            ck_error(TP_ERR_STATE, called[how]);
            ck_assert_int_eq(tp_needs_grad(part), how < 2);              /* to look at it is no error */
            ck_fine();
            {
                TP_NO_GRAD();
                ck_assert_double_eq(tp__element(tp_mul(part, 1.0), 0), 2);
            }
            tp_mul_(plain, 3.0);
            ck_assert_ptr_nonnull(tp_mul(quiet, 1.0));
            tp_mul_(plain, row(4, 1));
            ck_assert_ptr_null(tp_mul(quiet, 1.0));
            ck_error(TP_ERR_STATE, called[how]);
        }
}
END_TEST

START_TEST(a_view_that_became_a_leaf_follows_its_base) /* PyTorch: a leaf still, then none */
{
    TP_SCOPE();
    tp_tensor *x = row(4, 1), *y = tp_ones(TP_SHAPE(4)), *v = tp_narrow(y, 0, 0, 2);
    ck_ok(tp_requires_grad(v, true));
    tp_mul_(y, 2.0);
    ck_assert(tp_is_leaf(v) && tp_needs_grad(v));
    tp_mul_(y, x);
    ck_assert(!tp_is_leaf(v));
    ck_ok(tp_backward(tp_sum(tp_mul(v, 5.0))));
    ck_values(tp_grad_of(x), 10, 10, 0, 0);
}
END_TEST

START_TEST(a_view_of_a_leaf_written_without_recording_has_a_new_op)      /* PyTorch: as_strided, no leaf */
{
    TP_SCOPE();
    tp_tensor *x = row(4, 1), *v = tp_narrow(x, 0, 0, 2);
    {
        TP_NO_GRAD();
        tp_mul_(v, 2.0);
    }
    ck_assert(!tp_is_leaf(v));
    ck_ok(tp_backward(tp_sum(tp_mul(v, v))));
    ck_values(tp_grad_of(x), 4, 8, 0, 0);
    ck_assert_ptr_null(tp_mul_(v, 1.0));
    ck_error(TP_ERR_STATE, "it is a view of a leaf that requires grad");
}
END_TEST

START_TEST(one_row_of_an_expanded_tensor_may_be_written)                 /* PyTorch: (2, 4, 6, 8), thrice */
{
    TP_SCOPE();
    tp_tensor *x = row(4, 1), *y = tp_expand(tp_mul(x, 1.0), TP_SHAPE(3, 4));
    ck_assert_ptr_nonnull(tp_mul_(tp_select(y, 0, 0), 2.0));
    ck_values(y, 2, 4, 6, 8, 2, 4, 6, 8, 2, 4, 6, 8);
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(x), 6, 6, 6, 6);
}
END_TEST

START_TEST(integers_that_are_copied_over_by_floats_have_no_gradient)     /* PyTorch: so */
{
    TP_SCOPE();
    tp_tensor *x = row(3, 1), *whole = tp_zeros(TP_SHAPE(3), .dtype = TP_I64);
    ck_assert_ptr_nonnull(tp_copy_(whole, x));
    ck_values(whole, 1, 2, 3);
    ck_assert(!tp_needs_grad(whole));
}
END_TEST

START_TEST(a_tensor_can_be_detached_in_place)
{
    TP_SCOPE();
    tp_tensor *x = row(2, 1), *y = tp_mul(x, 2.0), *v = tp_narrow(y, 0, 0, 1), *loss = tp_sum(tp_mul(y, y));
    ck_assert_ptr_null(tp_detach_(v));
    ck_message("detach_: [1] is a view: use tp_detach");
    ck_ok(tp_retain_grad(y));
    ck_assert_ptr_eq(tp_detach_(y), y);
    ck_assert(tp_is_leaf(y) && !tp_needs_grad(y) && tp_needs_grad(v));   /* PyTorch: the view keeps its op */
    ck_ok(tp_backward(loss));
    ck_values(tp_grad_of(x), 8, 16);
    ck_ok(tp_requires_grad(y, true));
    ck_ok(tp_set_grad(y, NULL));
    ck_ok(tp_backward(tp_sum(y)));
    ck_values(tp_grad_of(y), 1, 1);
    ck_assert_ptr_eq(tp_detach_(x), x);
    ck_assert(!tp_needs_grad(x));
    ck_assert_ptr_null(tp_detach_(NULL));
    ck_fine();
}
END_TEST

START_TEST(elements_that_share_a_place_are_not_written)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(1)), *wide = tp_expand(x, TP_SHAPE(4));
    ck_assert_ptr_null(tp_add_(wide, 1));
    ck_message("add_: [4] cannot be written in place: several of its elements share one place in memory: clone it first");
    ck_assert_ptr_null(tp_data_mut(wide));
    tp_clear_error();
    tp_tensor *y = VECTOR(1, 2, 3, 4);
    ck_assert_ptr_null(tp_add_(tp_narrow(y, 0, 0, 3), tp_narrow(y, 0, 1, 3)));
    ck_error(TP_ERR_STATE, "overlap in memory");
    ck_values(y, 1, 2, 3, 4);
    tp_copy_(tp_narrow(y, 0, 1, 3), tp_narrow(y, 0, 0, 3));               /* a copy takes care of it */
    ck_values(y, 1, 1, 2, 3);
    tp_add_(y, y);
    ck_values(y, 2, 2, 4, 6);
}
END_TEST

START_TEST(a_result_that_does_not_fit_is_refused_and_nothing_is_written)
{
    TP_SCOPE();
    tp_tensor *x = VECTOR(1, 2), *whole = tp_from_data((int64_t[]){ 1, 2 }, TP_I64, TP_SHAPE(2));
    ck_assert_ptr_null(tp_add_(x, tp_ones(TP_SHAPE(3, 2))));
    ck_error(TP_ERR_SHAPE, "does not fit into [2]");
    ck_assert_ptr_null(tp_add_(whole, 0.5));
    ck_error(TP_ERR_DTYPE, "cannot hold");
    ck_assert_ptr_nonnull(tp_add_(whole, 2));
    ck_values(whole, 3, 4);
    ck_values(x, 1, 2);
}
END_TEST

START_TEST(a_dead_tensor_is_not_written)
{
    tp_tensor *x;
    {
        TP_SCOPE();
        x = tp_ones(TP_SHAPE(2));
    }
    ck_assert_ptr_null(tp_add_(x, 1));
    ck_error(TP_ERR_STATE, "a tensor is used after its scope");
}
END_TEST

START_TEST(data_mut_counts_as_one_write_and_data_as_none)
{
    TP_SCOPE();
    tp_tensor *x = tp_zeros(TP_SHAPE(2));
    tp_data(x);
    ck_assert_uint_eq(tp_version_of(x), 0);
    ((float *)tp_data_mut(x))[1] = 4;
    ck_assert_uint_eq(tp_version_of(x), 1);
    ck_values(x, 0, 4);
    tp_bump_version(x, "mine");
    ck_assert_uint_eq(tp_version_of(x), 2);
}
END_TEST

START_TEST(a_tensor_written_with_itself_or_a_view_beside_it_holds_no_cycle)
{
    tp_mem_pools(false);
    tp_tensor *x = tp_keep(tp_full(TP_SHAPE(2, 2), 2.0, .requires_grad = true));
    const int64_t before = in_use();
    {
        TP_SCOPE();
        tp_tensor *y = tp_mul(x, 2), *z = tp_mul(x, 3);
        ck_assert_ptr_nonnull(tp_mul_(y, y));
        ck_assert_ptr_nonnull(tp_mul_(tp_select(z, 0, 1), tp_select(z, 0, 0)));
    }
    ck_assert_int_eq(in_use(), before);
    tp_free(x);
    ck_fine();
}
END_TEST

/* y = 2 x; z = y w saves y; y += z makes y of z. What w's rule saved is overwritten, so that no backward can end the circle. */
static tp_tensor *write_what_was_saved(int kind, tp_tensor *x, tp_tensor *w)
{
    tp_tensor *const y = tp_mul(x, 2.0), *const half = tp_narrow(y, 0, 0, 2), *z = tp_mul(y, w), *u;
    switch (kind) {
    case 0: return tp_add_(y, z);
    case 1: return tp_copy_(y, z);
    case 2: return tp_sub_(half, tp_narrow(z, 0, 1, 2)), y;
    case 3: return tp_add_(half, tp_mul(half, half)), half;
    case 4: return tp_add_(tp_add_(y, 1.0), z);                          /* what made z is older than y's node */
    case 5: u = tp_exp(y); tp_mul_(u, y); return tp_mul_(y, u);
    case 6: u = tp_zeros(TP_SHAPE(4, 3)); z = tp_mul(u, w); return tp_add_(u, z);        /* u had no node when it was saved */
    default: return tp_add_(tp_narrow(y, 1, 0, 1), tp_sum(tp_mul(tp_narrow(y, 1, 1, 2), tp_narrow(w, 1, 1, 2)), .dims = TP_DIMS(1), .keepdim = true)), y;
    }
}

START_TEST(what_is_overwritten_by_what_saved_it_is_freed_all_the_same)
{
    int64_t before = 0;
    for (int round = 0; round < 4; round++) {
        {
            TP_SCOPE();
            tp_tensor *x = tp_full(TP_SHAPE(4, 3), 0.5, .requires_grad = true), *w = tp_full(TP_SHAPE(4, 3), 2.0, .requires_grad = true);
            tp_tensor *y = write_what_was_saved(_i, x, w);
            ck_fine();
            if (round % 2) continue;                   /* nobody walks through it */
            ck_assert_int_eq(tp_backward(tp_sum(y), .retain_graph = round == 2), TP_ERR_STATE);
            ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "saved a tensor ["));
            ck_assert_ptr_nonnull(strstr(tp_last_error()->message, "_ overwrote since"));
            tp_clear_error();
        }
        if (round) ck_assert_int_eq(in_use(), before);
        before = in_use();
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inplace");
    TCase *t = tcase_create("inplace");
    tcase_add_test(t, an_op_in_place_returns_its_argument_and_is_recorded);
    tcase_add_test(t, copying_into_a_slice_of_zeros_is_differentiable);
    tcase_add_test(t, writing_a_view_of_a_view_reaches_its_base);
    tcase_add_test(t, a_view_follows_when_its_base_is_written);
    tcase_add_test(t, views_that_overlap_see_each_others_writes);
    tcase_add_test(t, a_transposed_view_can_be_written);
    tcase_add_test(t, zeroing_a_view_cuts_its_gradient);
    tcase_add_test(t, a_write_in_place_can_be_differentiated_twice);
    tcase_add_test(t, backward_through_a_stale_value_names_who_saved_and_who_wrote_it);
    tcase_add_test(t, a_write_through_a_view_a_base_or_a_detached_tensor_makes_the_others_stale);
    tcase_add_test(t, what_was_not_saved_may_be_overwritten);
    tcase_add_test(t, a_leaf_that_requires_grad_is_not_written_while_recording);
    tcase_add_test(t, a_leaf_written_without_recording_makes_what_was_saved_of_it_stale);
    tcase_add_test(t, a_view_made_without_recording_is_not_written_while_recording);
    tcase_add_test(t, a_view_that_cannot_be_made_anew_is_not_written_with_a_gradient);
    tcase_add_test(t, nor_used_once_its_memory_was_written);
    tcase_add_test(t, a_view_that_became_a_leaf_follows_its_base);
    tcase_add_test(t, a_view_of_a_leaf_written_without_recording_has_a_new_op);
    tcase_add_test(t, one_row_of_an_expanded_tensor_may_be_written);
    tcase_add_test(t, integers_that_are_copied_over_by_floats_have_no_gradient);
    tcase_add_test(t, a_tensor_can_be_detached_in_place);
    tcase_add_test(t, elements_that_share_a_place_are_not_written);
    tcase_add_test(t, a_result_that_does_not_fit_is_refused_and_nothing_is_written);
    tcase_add_test(t, a_dead_tensor_is_not_written);
    tcase_add_test(t, data_mut_counts_as_one_write_and_data_as_none);
    tcase_add_test(t, a_tensor_written_with_itself_or_a_view_beside_it_holds_no_cycle);
    tcase_add_loop_test(t, what_is_overwritten_by_what_saved_it_is_freed_all_the_same, 0, 8);
    suite_add_tcase(s, t);
    return run_suite(s);
}
