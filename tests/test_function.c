/* tests/test_function.c: ops of one's own. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"

/* ---- One output: swish, y = x sigmoid(x) ------------------------------------------------------------------------------------------- */

static tp_tensor *swish_forward(tp_context *call, tp_tensor *const *x)
{
    ck_assert(!tp_grad_enabled());
    ck_assert_int_eq(tp_context_inputs(call), 1);
    tp_save(call, x[0]);
    return tp_mul(x[0], tp_sigmoid(x[0]));
}
static tp_status swish_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    tp_tensor *x = tp_saved(call, 0), *s = tp_sigmoid(x);
    dx[0] = tp_mul(dy, tp_mul(s, tp_add(1, tp_mul(x, tp_sub(1, s)))));
    return tp_error_status();
}
static const tp_function swish = { .name = "swish", .forward = swish_forward, .backward = swish_backward };
static tp_tensor *by_swish(void *arg, tp_tensor *const *x) { (void)arg; return tp_apply(&swish, x[0]); }

START_TEST(a_function_of_ones_own_is_an_op_with_a_gradient)
{
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(3, 4), .dtype = TP_F64, .requires_grad = true), *y = tp_apply(&swish, x);
    ck_assert(tp_allclose(y, tp_mul(x, tp_sigmoid(x)), 0, 0));
    ck_assert(tp_needs_grad(y));
    ck_ok(tp_gradcheck(by_swish, NULL, &x, 1));
    ck_assert(!tp_needs_grad(tp_apply(&swish, tp_detach(x))));
    TP_NO_GRAD();
    ck_assert(!tp_needs_grad(tp_apply(&swish, x)));
}
END_TEST

static tp_tensor *swish_slope(void *arg, tp_tensor *const *x)
{
    (void)arg;
    TP_ENABLE_GRAD();                                  /* also where the value alone is asked for */
    tp_tensor *y = tp_sum(tp_apply(&swish, x[0])), *g;
    return tp_grad(&y, 1, x, 1, NULL, &g, .create_graph = true) ? NULL : g;
}

START_TEST(a_backward_made_of_ops_can_be_differentiated_in_turn)
{
    TP_SCOPE();
    tp_tensor *x = tp_randn(TP_SHAPE(5), .dtype = TP_F64, .requires_grad = true);
    ck_ok(tp_gradcheck(swish_slope, NULL, &x, 1));
}
END_TEST

/* ---- A saved output: exp ------------------------------------------------------------------------------------------------------------- */

static tp_tensor *expo_forward(tp_context *call, tp_tensor *const *x)
{
    tp_tensor *y = tp_exp(x[0]);
    tp_save(call, y);
    tp_save(call, NULL);
    return y;
}
static tp_status expo_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    ck_assert_ptr_null(tp_saved(call, 1));
    dx[0] = tp_mul(dy, tp_saved(call, 0));
    return tp_error_status();
}
static const tp_function expo = { .name = "expo", .forward = expo_forward, .backward = expo_backward };

START_TEST(a_saved_output_is_no_cycle_and_has_its_node_when_recorded)
{
    const int64_t before = in_use();
    {
        TP_SCOPE();
        tp_tensor *x = LEAF(0.5, 1), *y = tp_sum(tp_apply(&expo, x)), *g, *h;
        ck_ok(tp_grad(&y, 1, &x, 1, NULL, &g, .create_graph = true));
        tp_tensor *sum = tp_sum(g);
        ck_ok(tp_grad(&sum, 1, &x, 1, NULL, &h));
        ck_values(h, 1.6487212707, 2.718281828);
        tp_apply(&expo, x);                            /* never walked */
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_saved_tensor_that_was_overwritten_is_an_error_that_names_both)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 1.0), *z = tp_sum(tp_apply(&swish, y));
    tp_mul_(y, 2.0);
    ck_assert_int_eq(tp_backward(z), TP_ERR_STATE);
    ck_message("backward: swish saved a tensor [2] that mul_ overwrote since (version 1, saved at 0)");
}
END_TEST

/* ---- Several outputs ---------------------------------------------------------------------------------------------------------------- */

static int given;                                      /* which dy came: a bit each */
static tp_status parts_forward(tp_context *call, tp_tensor *const *x, tp_tensor **y)       /* 2 a, a + b, argmax a */
{
    ck_assert_int_eq(tp_context_outputs(call), 3);
    ck_assert_int_eq(*(const int *)tp_arg_of(call), 42);
    y[0] = tp_mul(x[0], 2.0);
    y[1] = tp_add(x[0], x[1]);
    y[2] = tp_argmax(x[0]);
    return tp_error_status();
}
static tp_status parts_backward(tp_context *call, tp_tensor *const *dy, tp_tensor **dx)
{
    given = (dy[0] ? 1 : 0) | (dy[1] ? 2 : 0) | (dy[2] ? 4 : 0);
    tp_tensor *a = dy[0] ? tp_mul(dy[0], 2.0) : NULL;
    if (tp_needs(call) & 1) dx[0] = a && dy[1] ? tp_add(a, dy[1]) : a ? a : dy[1];
    if (tp_needs(call) & 2) dx[1] = dy[1];
    return tp_error_status();
}
static const int answer = 42;
static const tp_function parts = { .name = "parts", .arg = &answer, .n_outputs = 3, .forward_many = parts_forward, .backward_many = parts_backward };

START_TEST(several_outputs_give_their_gradients_together_and_null_is_zero)
{
    TP_SCOPE();
    tp_tensor *a = LEAF(1, 5), *b = LEAF(3, 4), *x[] = { a, b }, *y[3];
    ck_ok(tp_apply_many(&parts, x, 2, y));
    ck_values(y[0], 2, 10);
    ck_values(y[1], 4, 9);
    ck_assert_int_eq(tp_item_i64(y[2]), 1);
    ck_assert(tp_needs_grad(y[0]) && !tp_needs_grad(y[2]));              /* integers have no gradient */
    ck_ok(tp_backward(tp_sum(tp_add(y[0], tp_mul(y[1], 10.0))), .retain_graph = true));
    ck_assert_int_eq(given, 3);
    ck_values(tp_grad_of(a), 12, 12);
    ck_values(tp_grad_of(b), 10, 10);
    ck_ok(tp_backward(tp_sum(y[0])));
    ck_assert_int_eq(given, 1);
    ck_values(tp_grad_of(a), 14, 14);
    ck_values(tp_grad_of(b), 10, 10);
    x[1] = tp_detach(b);
    ck_ok(tp_apply_many(&parts, x, 2, y));
    ck_ok(tp_backward(tp_sum(y[1])));
    ck_assert_int_eq(given, 2);
    ck_assert_ptr_null(tp_apply(&parts, a, b));
    ck_error(TP_ERR_ARGUMENT, "use tp_apply_many");
}
END_TEST

/* ---- What goes wrong ------------------------------------------------------------------------------------------------------------------ */

static int wrong;                                      /* what the functions below do */
static tp_tensor *faulty_forward(tp_context *call, tp_tensor *const *x)
{
    if (wrong == 1) return NULL;
    if (wrong == 2) return tp_reshape(x[0], TP_SHAPE(77));
    if (wrong == 3) return tp_fail(TP_ERR_NUMERIC, "faulty: on purpose"), NULL;
    if (wrong == 4) {
        TP_SCOPE();
        return tp_mul(x[0], 2.0);                      /* dead */
    }
    tp_save(call, x[0]);
    return tp_mul(x[0], 2.0);
}
static tp_status faulty_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    if (wrong == 5) return TP_ERR_NUMERIC;
    if (wrong == 6) dx[0] = tp_sum(dy);
    if (wrong == 7) tp_save(call, dy);
    if (wrong == 8) tp_saved(call, 3);
    if (wrong == 9) {
        TP_SCOPE();
        dx[0] = tp_mul(dy, 2.0);
    }
    if (wrong == 10) dx[0] = tp_to_dtype(dy, TP_F64);  /* is cast */
    if (wrong == 12) dx[0] = tp_escape(tp_mul(dy, 2.0));                 /* there is nothing to escape from: the same */
    return TP_OK;                                      /* 11: NULL is zero */
}
static const tp_function faulty = { .name = "faulty", .forward = faulty_forward, .backward = faulty_backward };

START_TEST(what_a_function_does_wrong_is_an_error_and_the_graph_stays)
{
    static const struct { int wrong; tp_status code; const char *message; } cases[] = {
        { 1, TP_ERR_ARGUMENT, "faulty: its forward made no output 0" },
        { 2, TP_ERR_SHAPE, "cannot become [77]" },
        { 3, TP_ERR_NUMERIC, "faulty: on purpose" },
        { 4, TP_ERR_STATE, "after its scope" },
        { 5, TP_ERR_NUMERIC, "faulty: its backward failed" },
        { 6, TP_ERR_SHAPE, "faulty: its backward made a gradient [] for input 0, which is [2]" },
        { 7, TP_ERR_STATE, "faulty: tp_save is for forward" },
        { 8, TP_ERR_ARGUMENT, "faulty: saved tensor 3 of 1 was asked for" },
        { 9, TP_ERR_STATE, "after its scope" },
    };
    const int64_t before = in_use();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1, 2), *first = VECTOR(9);
        wrong = cases[i].wrong;
        tp_tensor *y = tp_apply(&faulty, x), *loss = y ? tp_sum(y) : NULL;
        ck_assert(!!y == (wrong > 4));
        if (y) ck_assert_int_eq(tp_backward(loss), cases[i].code);
        ck_error(cases[i].code, cases[i].message);
        if (!y) continue;
        wrong = 12;
        ck_ok(tp_backward(loss));
        ck_values(tp_grad_of(x), 2, 2);
        ck_values(first, 9);
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_null_gradient_is_zero_and_another_dtype_is_cast)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2);
    wrong = 11;
    ck_ok(tp_backward(tp_sum(tp_apply(&faulty, x))));
    ck_assert_ptr_null(tp_grad_of(x));
    wrong = 10;
    tp_tensor *y = tp_mul(x, 3.0);
    ck_ok(tp_retain_grad(y));
    ck_ok(tp_backward(tp_sum(tp_apply(&faulty, y))));
    ck_assert_int_eq(tp_dtype_of(tp_grad_of(y)), TP_F32);
    ck_values(tp_grad_of(x), 3, 3);
}
END_TEST

START_TEST(null_goes_through_and_a_function_without_parts_is_refused)
{
    TP_SCOPE();
    ck_assert_ptr_null(tp_apply(&swish, (tp_tensor *)NULL));
    ck_fine();
    const tp_function empty = { .name = "empty" };
    ck_assert_ptr_null(tp_apply(&empty, tp_ones(TP_SHAPE(1))));
    ck_message("apply: the function lacks its name, forward or backward");
}
END_TEST

/* ---- An input as output -------------------------------------------------------------------------------------------------------------- */

static tp_tensor *same_forward(tp_context *call, tp_tensor *const *x) { (void)call; return x[0]; }
static tp_status same_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call;
    dx[0] = tp_mul(dy, 10.0);
    return tp_error_status();
}
static const tp_function same = { .name = "same", .forward = same_forward, .backward = same_backward };

START_TEST(an_input_that_is_returned_gets_a_handle_of_its_own)           /* PyTorch: (20, 40), and no write in place */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_apply(&same, x);
    ck_assert_ptr_ne(y, x);
    ck_assert(tp_shares_storage(x, y) && tp_is_leaf(x) && !tp_is_leaf(y));
    ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
    ck_values(tp_grad_of(x), 20, 40);
    ck_assert_ptr_null(tp_mul_(tp_apply(&same, x), 2.0));
    ck_error(TP_ERR_STATE, "an input, or a view, that a function of one's own returned");
    ck_values(x, 1, 2);
}
END_TEST

/* ---- Inputs that are written in place ------------------------------------------------------------------------------------------------- */

static int dirty;                                      /* which fault */
static tp_tensor *double_forward(tp_context *call, tp_tensor *const *x)
{
    if (dirty == 3) tp_mark_dirty(call, tp_mul(x[0], 1.0));
    tp_mul_(x[0], 2.0);
    tp_mark_dirty(call, x[0]);
    return dirty == 2 ? tp_mul(x[0], 1.0) : x[0];
}
static tp_status double_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call;
    dx[0] = tp_mul(dy, 2.0);
    return tp_error_status();
}
static const tp_function double_ = { .name = "double_", .forward = double_forward, .backward = double_backward };

START_TEST(a_dirty_input_is_the_output_and_recorded_in_place)            /* PyTorch: (72, 144); through a view (72, 36) */
{
    for (int view = 0; view < 2; view++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 3.0), *part = view ? tp_narrow(y, 0, 0, 1) : y;
        const uint32_t version = tp_version_of(y);
        ck_assert_ptr_eq(tp_apply(&double_, part), part);
        ck_assert_uint_eq(tp_version_of(y), version + 1);
        ck_values(y, 6, view ? 6 : 12);
        ck_ok(tp_backward(tp_sum(tp_mul(y, y))));
        ck_values(tp_grad_of(x), 72, view ? 36 : 144);
        tp_tensor *z = tp_ones(TP_SHAPE(2));
        ck_assert_ptr_eq(tp_apply(&double_, z), z);    /* nothing to record */
        ck_assert(!tp_needs_grad(z));
        TP_NO_GRAD();
        ck_assert_ptr_eq(tp_apply(&double_, x), x);
        ck_values(x, 2, 4);
    }
}
END_TEST

START_TEST(a_dirty_input_that_may_not_be_written_is_an_error)
{
    static const struct { tp_status code; const char *message; } cases[] = {
        { TP_ERR_STATE, "double_: [2] cannot be written in place: it is a leaf that requires grad" },
        { TP_ERR_STATE, "double_: [1] cannot be written in place: it is a view of a leaf that requires grad" },
        { TP_ERR_ARGUMENT, "double_: input 0 is marked dirty, and is no output" },
        { TP_ERR_ARGUMENT, "double_: a tensor [2] is marked dirty that is no input" },
    };
    for (int i = 0; i < 4; i++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1, 2);
        dirty = i;
        ck_assert_ptr_null(tp_apply(&double_, i == 0 ? x : i == 1 ? tp_narrow(x, 0, 0, 1) : tp_mul(x, 1.0)));
        ck_error(cases[i].code, cases[i].message);
    }
}
END_TEST

/* ---- Outputs without a gradient, zeros for NULL, memory of the call --------------------------------------------------------------------- */

typedef struct memory { double factor; int64_t rows; } memory;
static bool materialize;
static tp_status split_forward(tp_context *call, tp_tensor *const *x, tp_tensor **y)       /* 2 x, 3 x, and 5 x without a gradient */
{
    memory *m = tp_context_data(call, sizeof *m);
    tp_set_materialize_grads(call, materialize);
    if (!m) return tp_error_status();
    ck_assert_double_eq(m->factor, 0);
    *m = (memory){ 2, tp_size(x[0], 0) };
    static const double factor[] = { 2, 3, 5 };
    for (int i = 0; i < 3; i++) y[i] = tp_mul(x[0], factor[i]);
    tp_mark_non_differentiable(call, y[2]);
    tp_mark_non_differentiable(call, NULL);
    return tp_error_status();
}
static tp_status split_backward(tp_context *call, tp_tensor *const *dy, tp_tensor **dx)
{
    const memory *m = tp_context_data(call, sizeof *m);
    ck_assert_int_eq(m->rows, 2);
    given = (dy[0] ? 1 : 0) | (dy[1] ? 2 : 0) | (dy[2] ? 4 : 0);
    if (materialize) ck_values(dy[2], 0, 0);
    tp_tensor *a = dy[0] ? tp_mul(dy[0], m->factor) : NULL, *b = dy[1] ? tp_mul(dy[1], 3.0) : NULL;
    dx[0] = a && b ? tp_add(a, b) : a ? a : b;
    ck_assert_ptr_null(tp_context_data(call, 1000));
    ck_error(TP_ERR_ARGUMENT, "split: 1000 bytes of context data are asked for, there are 16");
    return tp_error_status();
}
static const tp_function split = { .name = "split", .n_outputs = 3, .forward_many = split_forward, .backward_many = split_backward };

START_TEST(an_output_may_be_marked_and_null_gradients_become_zeros_on_request)           /* PyTorch: True False; zeros for the marked */
{
    for (int m = 0; m < 2; m++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1, 2), *y[3];
        materialize = m;
        ck_ok(tp_apply_many(&split, &x, 1, y));
        ck_assert(tp_needs_grad(y[0]) && tp_needs_grad(y[1]) && !tp_needs_grad(y[2]));
        ck_values(y[2], 5, 10);
        ck_ok(tp_backward(tp_sum(tp_mul(y[1], y[2]))));
        ck_assert_int_eq(given, m ? 7 : 2);
        ck_values(tp_grad_of(x), 15, 30);
    }
}
END_TEST

/* ---- A backward that is no op: differentiable once --------------------------------------------------------------------------------------- */

static tp_tensor *square_forward(tp_context *call, tp_tensor *const *x)
{
    tp_save(call, x[0]);
    return tp_mul(x[0], x[0]);
}
static tp_status square_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    ck_assert(!tp_grad_enabled());
    tp_tensor *x = tp_saved(call, 0);
    dx[0] = tp_empty(tp_shape_of(x));
    const float *a = tp_data(x), *b = tp_data(tp_contiguous(dy));
    float *to = tp_data_mut(dx[0]);
    for (int64_t i = 0; to && i < tp_numel(x); i++) to[i] = 2 * a[i] * b[i];
    return tp_error_status();
}
static const tp_function square = { .name = "square", .forward = square_forward, .backward = square_backward, .once_differentiable = true };

START_TEST(a_backward_that_is_differentiable_once_says_so)               /* PyTorch: an error, too */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3, 4), *w = LEAF(1, 2), *y = tp_sum(tp_mul(tp_apply(&square, x), w)), *const in[] = { x, w }, *g[2], *h;
    ck_ok(tp_grad(&y, 1, in, 2, NULL, g, .create_graph = true));
    ck_values(g[0], 6, 16);
    ck_values(g[1], 9, 16);
    tp_tensor *by_x = tp_sum(g[0]), *by_w = tp_sum(g[1]);
    ck_assert_int_eq(tp_grad(&by_x, 1, &x, 1, NULL, &h), TP_ERR_UNSUPPORTED);
    ck_message("square: its backward is once_differentiable, and is differentiated again");
    ck_assert_int_eq(tp_grad(&by_x, 1, &w, 1, NULL, &h), TP_ERR_UNSUPPORTED);              /* dy is made of w */
    tp_clear_error();
    ck_ok(tp_grad(&by_w, 1, &x, 1, NULL, &h));         /* x^2: once */
    ck_values(h, 6, 8);
    ck_ok(tp_backward(tp_sum(tp_apply(&square, x))));
    ck_values(tp_grad_of(x), 6, 8);
}
END_TEST

START_TEST(what_a_function_saved_is_freed_after_the_backward)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(1 << 16), .requires_grad = true), *y;
    {
        TP_SCOPE();
        y = tp_escape(tp_sum(tp_apply(&swish, tp_mul(x, 2.0))));
    }
    const int64_t before = in_use();
    ck_ok(tp_backward(y));
    ck_ok(tp_set_grad(x, NULL));
    ck_assert_int_lt(in_use(), before - (1 << 18) + 4096);
}
END_TEST

static tp_tensor *view_forward(tp_context *call, tp_tensor *const *x) { (void)call; return tp_narrow(x[0], 0, 1, 1); }
static tp_status view_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call;
    dx[0] = tp_cat(TP_TENSORS(tp_zeros(TP_SHAPE(1)), tp_mul(dy, 10.0)), 0);
    return tp_error_status();
}
static const tp_function viewed = { .name = "viewed", .forward = view_forward, .backward = view_backward };

START_TEST(a_view_that_a_function_returns_is_not_written)                /* PyTorch: so, nor read once its base was */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *y = tp_mul(x, 1.0), *v = tp_apply(&viewed, y);
    ck_values(v, 2);
    ck_assert_ptr_null(tp_mul_(v, 2.0));
    ck_error(TP_ERR_STATE, "it is an input, or a view, that a function of one's own returned: clone it first");
    ck_assert_ptr_null(tp_mul_(tp_narrow(v, 0, 0, 1), 2.0));
    ck_error(TP_ERR_STATE, "clone it first");
    ck_ok(tp_backward(tp_sum(v), .retain_graph = true));
    ck_values(tp_grad_of(x), 0, 10);
    tp_tensor *same_again = tp_apply(&same, y);
    tp_mul_(y, 3.0);
    ck_assert_ptr_null(tp_mul(v, 1.0));
    ck_error(TP_ERR_STATE, "mul: [1] is an input, or a view, that a function of one's own returned, and mul_ wrote its memory since: clone it first");
    ck_assert_ptr_null(tp_mul(same_again, 1.0));
    ck_error(TP_ERR_STATE, "clone it first");
}
END_TEST

/* ---- Backward inside of a backward ---------------------------------------------------------------------------------------------------- */

static tp_tensor *inner_of, *inner_with;               /* a loss over nodes that the outer walk holds, too */
static tp_status nested_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call;
    tp_tensor *g;
    if (!tp_grad(&inner_of, 1, &inner_with, 1, NULL, &g, .retain_graph = true)) dx[0] = tp_mul(dy, g);
    return tp_error_status();
}
static const tp_function nested = { .name = "nested", .forward = same_forward, .backward = nested_backward };

START_TEST(a_backward_inside_of_a_functions_backward_shares_nodes_with_the_outer)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(3), *y = tp_mul(x, x);         /* 9 */
    inner_of = tp_mul(y, 2.0);
    inner_with = x;                                    /* 4 x = 12 */
    tp_tensor *loss = tp_add(tp_apply(&nested, y), tp_mul(y, 5.0));
    ck_ok(tp_backward(loss));
    ck_values(tp_grad_of(x), (12 + 5) * 6);
}
END_TEST

/* y = x, dx by a recomputation of its own: what checkpointing does. */
static tp_status recompute_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    TP_ENABLE_GRAD();
    tp_tensor *x = tp_detach(tp_saved(call, 0));
    if (!x || tp_requires_grad(x, true)) return tp_error_status();
    tp_tensor *y = tp_tanh(tp_mul(x, 2.0));
    if (tp_backward(y, .grad = dy)) return tp_error_status();
    dx[0] = tp_grad_of(x);
    return tp_error_status();
}
static tp_tensor *recompute_forward(tp_context *call, tp_tensor *const *x)
{
    tp_save(call, x[0]);
    return tp_tanh(tp_mul(x[0], 2.0));
}
static const tp_function recompute = { .name = "recompute", .forward = recompute_forward, .backward = recompute_backward };

START_TEST(a_function_may_recompute_and_go_backward_itself)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(0.1, -0.4), *w = LEAF(0.1, -0.4);
    ck_ok(tp_backward(tp_sum(tp_apply(&recompute, tp_mul(x, 1.0)))));
    ck_ok(tp_backward(tp_sum(tp_tanh(tp_mul(w, 2.0)))));
    ck_assert(tp_allclose(tp_grad_of(x), tp_grad_of(w), 1e-6, 1e-7));
}
END_TEST

static void count_drop(const void *arg) { ++*(int *)(uintptr_t)arg; }

START_TEST(a_function_is_dropped_once_for_each_call)
{
    TP_SCOPE();
    int drops = 0;
    tp_function f = swish;
    f.arg = &drops;
    f.drop = count_drop;
    tp_tensor *x = LEAF(1, 2), *none = NULL, *y;
    {
        TP_SCOPE();
        ck_ok(tp_backward(tp_sum(tp_apply(&f, x))));
        ck_assert_int_eq(drops, 0);                              /* the graph is still there */
    }
    ck_assert_int_eq(drops, 1);
    tp_apply(&f, tp_detach(x));                                  /* nothing is recorded */
    ck_assert_int_eq(drops, 2);
    ck_assert_ptr_null(tp_apply(&f, none));
    ck_assert_int_eq(drops, 3);
    ck_assert_int_eq(tp_apply_many(&f, NULL, 1, &y), TP_ERR_ARGUMENT);
    tp_clear_error();
    ck_assert_int_eq(drops, 4);
    f.n_outputs = 2;                                             /* and no function of that form */
    ck_assert_ptr_null(tp_apply(&f, x));
    tp_clear_error();
    ck_assert_int_eq(drops, 5);
    ck_assert_int_ne(tp_apply_many(&f, &x, 1, (tp_tensor *[2]){ NULL }), TP_OK);
    tp_clear_error();
    ck_assert_int_eq(drops, 6);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("function");
    TCase *t = tcase_create("function");
    tcase_add_test(t, a_function_of_ones_own_is_an_op_with_a_gradient);
    tcase_add_test(t, a_backward_made_of_ops_can_be_differentiated_in_turn);
    tcase_add_test(t, a_saved_output_is_no_cycle_and_has_its_node_when_recorded);
    tcase_add_test(t, a_saved_tensor_that_was_overwritten_is_an_error_that_names_both);
    tcase_add_test(t, several_outputs_give_their_gradients_together_and_null_is_zero);
    tcase_add_test(t, what_a_function_does_wrong_is_an_error_and_the_graph_stays);
    tcase_add_test(t, a_null_gradient_is_zero_and_another_dtype_is_cast);
    tcase_add_test(t, null_goes_through_and_a_function_without_parts_is_refused);
    tcase_add_test(t, an_input_that_is_returned_gets_a_handle_of_its_own);
    tcase_add_test(t, a_dirty_input_is_the_output_and_recorded_in_place);
    tcase_add_test(t, a_dirty_input_that_may_not_be_written_is_an_error);
    tcase_add_test(t, an_output_may_be_marked_and_null_gradients_become_zeros_on_request);
    tcase_add_test(t, a_backward_that_is_differentiable_once_says_so);
    tcase_add_test(t, what_a_function_saved_is_freed_after_the_backward);
    tcase_add_test(t, a_view_that_a_function_returns_is_not_written);
    tcase_add_test(t, a_backward_inside_of_a_functions_backward_shares_nodes_with_the_outer);
    tcase_add_test(t, a_function_may_recompute_and_go_backward_itself);
    tcase_add_test(t, a_function_is_dropped_once_for_each_call);
    suite_add_tcase(s, t);
    return run_suite(s);
}
