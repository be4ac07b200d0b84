/* tests/test_checkpoint.c: pieces of a graph that are run again in the backward. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"
#include "failing.h"

#include <pthread.h>

static _Atomic int runs;

typedef struct block { tp_tensor *w; double p; } block;
static tp_tensor *block_run(void *arg, tp_tensor *const *x)              /* dropout(tanh(x w)) + x */
{
    const block *b = arg;
    runs++;
    tp_tensor *h = tp_tanh(tp_matmul(x[0], b->w));
    return tp_add(b->p > 0 ? tp_dropout(h, b->p, true) : h, x[0]);
}

enum { BLOCKS = 5, WIDTH = 32, ROWS = 64 };
static block blocks[BLOCKS];
static tp_tensor *x0;
static void make_blocks(double p)
{
    tp_manual_seed(1);
    x0 = tp_randn(TP_SHAPE(ROWS, WIDTH), .dtype = TP_F64);
    ck_ok(tp_requires_grad(x0, true));
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = (block){ tp_mul(tp_randn(TP_SHAPE(WIDTH, WIDTH), .dtype = TP_F64), 0.2), p };
        ck_ok(tp_requires_grad(blocks[i].w = tp_detach(blocks[i].w), true));
    }
    runs = 0;
}
static tp_tensor *through(tp_tensor *h, int from, int to, bool saves)
{
    for (int i = from; i < to; i++) {
        TP_SCOPE();
        h = tp_escape(saves ? block_run(&blocks[i], &h) : tp_checkpoint(block_run, &blocks[i], h));
    }
    return h;
}
static void leaves(tp_tensor **in)
{
    in[0] = x0;
    for (int i = 0; i < BLOCKS; i++) in[i + 1] = blocks[i].w;
}

START_TEST(gradients_are_the_same_to_the_bit_and_memory_is_less)
{
    TP_SCOPE();
    make_blocks(0);
    tp_tensor *in[BLOCKS + 1], *want[BLOCKS + 1];
    int64_t held[2];
    leaves(in);
    for (int checked = 0; checked < 2; checked++) {
        const int64_t before = in_use();
        tp_tensor *loss;
        {
            TP_SCOPE();
            loss = tp_escape(tp_sum(through(x0, 0, BLOCKS, !checked)));
        }
        held[checked] = in_use() - before;
        ck_assert_int_eq(runs, BLOCKS * (checked ? 1 : 1));
        ck_ok(tp_backward(loss));
        ck_assert_int_eq(runs, BLOCKS * (checked ? 2 : 1));
        for (int i = 0; i <= BLOCKS; i++) {
            if (checked) ck_assert(tp_equal(tp_grad_of(in[i]), want[i]));
            else want[i] = tp_clone(tp_grad_of(in[i]));
            ck_ok(tp_set_grad(in[i], NULL));
        }
        runs = 0;
    }
    const int64_t one = ROWS * WIDTH * 8;
    ck_assert_int_ge(held[0], (2 * BLOCKS - 1) * one); /* the input and tanh of each block; x0 was there */
    ck_assert_int_lt(held[1], BLOCKS * one);           /* the inputs alone */
}
END_TEST

static int64_t most;
static tp_tensor *measure(void *arg, tp_tensor *g)
{
    (void)g;
    if (in_use() - *(int64_t *)arg > most) most = in_use() - *(int64_t *)arg;
    return NULL;
}

static tp_tensor *deep_run(void *arg, tp_tensor *const *x)               /* eight layers */
{
    (void)arg;
    tp_tensor *h = x[0];
    runs++;
    for (int i = 0; i < 8; i++) h = tp_tanh(h);
    return h;
}

START_TEST(one_piece_is_given_up_before_the_next_is_run_again)
{
    TP_SCOPE();
    int64_t before;
    tp_tensor *x = tp_ones(TP_SHAPE(1 << 14), .requires_grad = true), *h = x;
    for (int i = 0; i < 6; i++) {
        TP_SCOPE();
        tp_tensor *out = tp_checkpoint(deep_run, NULL, h);
        tp_register_hook(out, measure, &before);
        h = tp_escape(out);
    }
    before = in_use();
    ck_ok(tp_backward(tp_sum(h)));
    ck_assert_int_eq(runs, 12);
    ck_assert_int_lt(most, 5 * 4 << 14);               /* the gradient here and there, and less than one piece's eight */
}
END_TEST

/* ---- Random numbers -------------------------------------------------------------------------------------------------------------- */

START_TEST(dropout_has_the_same_mask_when_it_is_run_again)
{
    TP_SCOPE();
    tp_tensor *in[BLOCKS + 1], *want[BLOCKS + 1], *after[2];
    for (int checked = 0; checked < 2; checked++) {
        make_blocks(0.4);
        leaves(in);
        ck_ok(tp_backward(tp_sum(through(x0, 0, BLOCKS, !checked))));
        after[checked] = tp_rand(TP_SHAPE(8));         /* as if nothing had been run again */
        for (int i = 0; i <= BLOCKS; i++) {
            if (checked) ck_assert(tp_equal(tp_grad_of(in[i]), want[i]));
            else want[i] = tp_grad_of(in[i]);
        }
    }
    ck_assert(tp_equal(after[0], after[1]));
}
END_TEST

static tp_tensor *drop_run(void *arg, tp_tensor *const *x) { (void)arg; return tp_dropout(tp_mul(x[0], 2.0), 0.5, true); }

START_TEST(the_generator_is_put_back_also_when_the_second_run_fails)
{
    TP_SCOPE();
    tp_manual_seed(4);
    tp_tensor *x = tp_ones(TP_SHAPE(64), .requires_grad = true), *y = tp_checkpoint(drop_run, NULL, tp_mul(x, x));
    const tp_rng_state before = tp_rng_get();
    tp_tensor *norm = tp_sum(tp_mul(y, y));
    ck_ok(tp_backward(norm, .retain_graph = true));
    tp_rng_state after = tp_rng_get();
    ck_assert(after.offset == before.offset && after.stream == before.stream && after.seed == before.seed);
    ck_assert(tp_allclose(tp_grad_of(x), tp_mul(tp_mul(y, y), 4.0), 1e-6, 0));              /* y^2 = m^2 4 x^4: 4 y^2 / x */
}
END_TEST

/* ---- Nesting ------------------------------------------------------------------------------------------------------------------------ */

typedef struct span { int from, to; } span;
static tp_tensor *span_run(void *arg, tp_tensor *const *x)               /* halves, checkpoints again */
{
    const span *s = arg;
    static span parts[BLOCKS + 1][BLOCKS + 1][2];
    if (s->to - s->from == 1) return block_run(&blocks[s->from], x);
    const int middle = (s->from + s->to) / 2;
    span *half = parts[s->from][s->to];
    half[0] = (span){ s->from, middle };
    half[1] = (span){ middle, s->to };
    return tp_checkpoint(span_run, &half[1], tp_checkpoint(span_run, &half[0], x[0]));
}

START_TEST(checkpoints_nest)
{
    TP_SCOPE();
    static span all = { 0, BLOCKS };
    tp_tensor *in[BLOCKS + 1], *want[BLOCKS + 1];
    for (int nested = 0; nested < 2; nested++) {
        make_blocks(0.3);
        leaves(in);
        const int64_t before = in_use();
        tp_tensor *loss = tp_sum(nested ? tp_checkpoint(span_run, &all, x0) : through(x0, 0, BLOCKS, true));
        if (nested) ck_assert_int_lt(in_use() - before, 2 * ROWS * WIDTH * 8);     /* the output, and nothing of what is inside */
        ck_ok(tp_backward(loss, .retain_graph = true));
        if (nested) ck_assert_int_lt(in_use() - before, (3 + BLOCKS) * ROWS * WIDTH * 8);
        ck_ok(tp_backward(loss));
        for (int i = 0; i <= BLOCKS; i++) {
            if (nested) ck_assert(tp_equal(tp_grad_of(in[i]), want[i]));
            else want[i] = tp_clone(tp_grad_of(in[i]));
        }
    }
}
END_TEST

/* ---- Every kind of walk --------------------------------------------------------------------------------------------------------------- */

START_TEST(a_recorded_backward_and_its_gradient)
{
    TP_SCOPE();
    make_blocks(0.2);
    tp_tensor *in[BLOCKS + 1], *g[BLOCKS + 1], *want[BLOCKS + 1], *got[BLOCKS + 1];
    leaves(in);
    for (int checked = 0; checked < 2; checked++) {
        tp_manual_seed(6);
        tp_tensor *loss = tp_sum(through(x0, 0, BLOCKS, !checked)), *penalty = NULL;
        ck_ok(tp_grad(&loss, 1, in, BLOCKS + 1, NULL, g, .create_graph = true));
        for (int i = 0; i <= BLOCKS; i++) penalty = penalty ? tp_add(penalty, tp_sum(tp_mul(g[i], g[i]))) : tp_sum(tp_mul(g[i], g[i]));
        ck_ok(tp_grad(&penalty, 1, in, BLOCKS + 1, NULL, checked ? got : want));
    }
    for (int i = 0; i <= BLOCKS; i++) ck_assert(tp_allclose(got[i], want[i], 1e-12, 1e-12));
}
END_TEST

START_TEST(a_graph_that_is_kept_is_run_again_each_time)
{
    TP_SCOPE();
    make_blocks(0.2);
    ck_ok(tp_backward(tp_sum(through(x0, 0, BLOCKS, true))));           /* what kernels keep is there now */
    for (int i = 0; i < BLOCKS; i++) ck_ok(tp_set_grad(blocks[i].w, NULL));
    ck_ok(tp_set_grad(x0, NULL));
    tp_tensor *y = through(x0, 0, BLOCKS, false), *loss = tp_sum(y);
    const int64_t before = in_use();
    runs = BLOCKS;
    ck_ok(tp_backward(loss, .retain_graph = true));
    ck_assert_int_eq(runs, 2 * BLOCKS);
    tp_tensor *first = tp_clone(tp_grad_of(x0));
    for (int i = 0; i < BLOCKS; i++) ck_ok(tp_set_grad(blocks[i].w, NULL));
    ck_ok(tp_set_grad(x0, NULL));
    ck_assert_int_lt(in_use() - before, 2 * ROWS * WIDTH * 8);           /* `first`: what was run again is given up */
    ck_ok(tp_backward(loss));
    ck_assert_int_eq(runs, 3 * BLOCKS);
    ck_assert(tp_equal(tp_grad_of(x0), first));
    ck_assert_int_eq(tp_backward(loss), TP_ERR_STATE);
    tp_clear_error();
}
END_TEST

START_TEST(a_backward_to_given_inputs_runs_only_what_it_needs)
{
    TP_SCOPE();
    make_blocks(0);
    tp_tensor *last = blocks[BLOCKS - 1].w, *loss = tp_sum(through(x0, 0, BLOCKS, false)), *plain = tp_sum(through(x0, 0, BLOCKS, true)), *g, *want;
    runs = 0;
    ck_ok(tp_grad(&loss, 1, &last, 1, NULL, &g));
    ck_assert_int_eq(runs, 1);
    ck_ok(tp_grad(&plain, 1, &last, 1, NULL, &want));
    ck_assert(tp_equal(g, want));
    loss = tp_sum(through(x0, 0, BLOCKS, false));
    ck_ok(tp_backward(loss, .inputs = TP_TENSORS(last)));
    ck_assert(tp_equal(tp_grad_of(last), want));
    ck_assert_ptr_null(tp_grad_of(x0));
}
END_TEST

static char order[64];
static void told(void *arg, tp_tensor *leaf)
{
    (void)leaf;
    strncat(order, arg, sizeof order - strlen(order) - 1);
}

START_TEST(hooks_of_leaves_are_told_when_their_gradient_is_whole)
{
    TP_SCOPE();
    static char *const names[] = { "a", "b", "c", "d", "e" };
    make_blocks(0);
    for (int i = 0; i < BLOCKS; i++) tp_register_accumulated_hook(blocks[i].w, told, names[i]);
    ck_ok(tp_backward(tp_sum(through(x0, 0, BLOCKS, false))));
    ck_assert_str_eq(order, "edcba");
}
END_TEST

START_TEST(nothing_is_special_without_recording)
{
    TP_SCOPE();
    make_blocks(0);
    tp_tensor *plain = through(x0, 0, 1, true);
    {
        TP_NO_GRAD();
        tp_tensor *y = tp_checkpoint(block_run, &blocks[0], x0);
        ck_assert(!tp_needs_grad(y) && tp_equal(y, plain));
    }
    block quiet = { tp_detach(blocks[0].w), 0 };
    tp_tensor *y = tp_checkpoint(block_run, &quiet, tp_detach(x0));      /* and nothing needs a gradient */
    ck_assert(!tp_needs_grad(y) && tp_equal(y, plain));
    ck_ok(tp_backward(tp_sum(tp_checkpoint(block_run, &blocks[0], tp_detach(x0)))));        /* the weight alone does */
    ck_assert_ptr_nonnull(tp_grad_of(blocks[0].w));
}
END_TEST

/* ---- Several inputs and outputs ---------------------------------------------------------------------------------------------------------- */

static tp_status several_run(void *arg, tp_tensor *const *x, tp_tensor **y)                   /* rows of x0 by x1, times x3; the sum; x0 itself */
{
    runs++;
    ck_assert_ptr_null(x[2]);
    ck_assert_ptr_eq(arg, (void *)&runs);
    y[0] = tp_mul(tp_embedding(x[1], x[0]), x[3]);
    y[1] = tp_sum(tp_exp(y[0]));
    y[2] = x[0];
    return tp_error_status();
}

START_TEST(several_inputs_and_outputs_some_absent_some_whole_numbers)
{
    TP_SCOPE();
    tp_tensor *table = tp_from_data((double[]){ 0.1, 0.2, 0.3, 0.4 }, TP_F64, TP_SHAPE(2, 2)),
              *which = tp_from_data((int64_t[]){ 1, 1, 0 }, TP_I64, TP_SHAPE(3));
    tp_tensor *scale = tp_full(TP_SHAPE(2), 2, .dtype = TP_F64), *y[3], *want[2], *got[2];
    ck_ok(tp_requires_grad(table, true));
    ck_ok(tp_requires_grad(scale, true));
    tp_tensor *const x[] = { table, which, NULL, scale }, *const in[] = { table, scale };
    for (int checked = 0; checked < 2; checked++) {
        if (checked) ck_ok(tp_checkpoint_many(several_run, (void *)&runs, x, 4, y, 3));
        else ck_ok(several_run((void *)&runs, x, y));
        tp_tensor *loss = tp_add(tp_add(tp_sum(tp_mul(y[0], y[0])), y[1]), tp_sum(y[2]));
        ck_ok(tp_grad(&loss, 1, in, 2, NULL, checked ? got : want));
    }
    for (int i = 0; i < 2; i++) ck_assert(tp_equal(got[i], want[i]));
    ck_assert_int_eq(runs, 3);
}
END_TEST

static void *pack(void *arg, tp_tensor *x) { ++*(int *)arg; return tp_keep(tp_clone(x)); }
static tp_tensor *unpack(void *arg, void *packed) { (void)arg; return packed; }
static void drop(void *arg, void *packed) { --*(int *)arg; tp_free(packed); }

START_TEST(hooks_around_a_checkpoint_get_its_inputs)
{
    TP_SCOPE();
    int packed = 0;
    make_blocks(0.1);
    tp_tensor *want = NULL;
    for (int hooked = 0; hooked < 2; hooked++) {
        tp_manual_seed(8);
        tp_tensor *y;
        if (hooked) {
            TP_SAVED_TENSORS_HOOKS(pack, unpack, drop, &packed);
            y = through(x0, 0, 2, false);
            ck_assert_int_eq(packed, 2);
        } else {
            y = through(x0, 0, 2, true);
        }
        ck_ok(tp_backward(tp_sum(y)));
        if (hooked) ck_assert(tp_equal(tp_grad_of(x0), want));
        want = tp_clone(tp_grad_of(x0));
        ck_ok(tp_set_grad(x0, NULL));
    }
    ck_assert_int_eq(packed, 0);
}
END_TEST

static tp_tensor *penalty_run(void *arg, tp_tensor *const *x)            /* a gradient inside: x^2 + (d x^3 / dx)^2 */
{
    (void)arg;
    runs++;
    TP_ENABLE_GRAD();
    tp_tensor *cube = tp_sum(tp_mul(tp_mul(x[0], x[0]), x[0])), *g;
    if (tp_grad(&cube, 1, x, 1, NULL, &g, .create_graph = true)) return NULL;
    return tp_add(tp_mul(x[0], x[0]), tp_mul(g, g));
}

START_TEST(a_function_may_go_backward_itself)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2);
    ck_ok(tp_backward(tp_sum(tp_checkpoint(penalty_run, NULL, x))));
    ck_values(tp_grad_of(x), 2 + 36, 4 + 36 * 8);      /* 2 x + 36 x^3 */
}
END_TEST

/* ---- What goes wrong ------------------------------------------------------------------------------------------------------------------- */

static int wrong;
static tp_tensor *kept_by_it;
static tp_tensor *faulty_run(void *arg, tp_tensor *const *x)
{
    const bool again = runs++ > 0;
    (void)arg;
    if (wrong == 1) return NULL;
    if (wrong == 2) return tp_matmul(x[0], tp_ones(TP_SHAPE(3, 3)));
    if (wrong == 3) {
        TP_SCOPE();
        return tp_mul(x[0], 2.0);
    }
    if (again && wrong == 4) return tp_reshape(x[0], TP_SHAPE(77));
    if (again && wrong == 5) return tp_exp(tp_exp(tp_exp(x[0])));
    if (again && wrong == 6) return tp_add(x[0], 1);
    if (again && wrong == 7) return tp_exp(tp_exp(tp_narrow(x[0], 0, 0, 1)));
    tp_tensor *h = tp_exp(x[0]);
    if (wrong == 8) h = tp_mul_(h, 2.0);
    return wrong == 9 ? tp_mul(h, kept_by_it) : tp_exp(h);
}

START_TEST(what_the_function_does_wrong_is_an_error_and_the_graph_stays)
{
    static const struct { tp_status code; const char *message; } cases[] = {
        { TP_ERR_ARGUMENT, "checkpoint: the function made no output 0" },
        { TP_ERR_SHAPE, "matmul" },
        { TP_ERR_STATE, "after its scope" },
        { TP_ERR_SHAPE, "cannot become [77]" },
        { TP_ERR_STATE, "checkpoint: run again, the function saved 3 tensors, at first 2: it must do the same each time" },
        { TP_ERR_STATE, "checkpoint: run again, the function saved 0 tensors, at first 2" },
        { TP_ERR_SHAPE, "backward: a checkpoint made [1] float32 of what exp saved, [2] float32" },
        { TP_ERR_STATE, "checkpoint: the function overwrote a tensor [2] that it had saved" },
        { TP_ERR_STATE, "checkpoint: [2] is not what it was: mul_ overwrote it before backward" },
        { TP_ERR_STATE, "backward: checkpoint saved a tensor [2] that mul_ overwrote since (version 1, saved at 0)" },
    };
    const int64_t before = in_use();
    for (int i = 1; i <= 10; i++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(0.1, 0.2), *given = tp_mul(x, 1.0);
        kept_by_it = LEAF(1, 1);
        wrong = i;
        runs = 0;
        tp_tensor *y = tp_checkpoint(faulty_run, NULL, given), *loss = y ? tp_sum(y) : NULL;
        ck_assert_msg(!!y == (i > 3), "%d", i);
        {
            TP_NO_GRAD();
            if (i == 9) tp_mul_(kept_by_it, 2.0);
            if (i == 10) tp_mul_(given, 1.0);
        }
        if (y) ck_assert_int_ne(tp_backward(loss), TP_OK);
        ck_error(cases[i - 1].code, cases[i - 1].message);
        if (i < 4 || i > 7) continue;
        wrong = 0;
        ck_ok(tp_backward(loss));
        ck_values(tp_grad_of(x), exp(exp(0.1)) * exp(0.1), exp(exp(0.2)) * exp(0.2));
    }
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(arguments_that_do_not_fit_are_refused)
{
    TP_SCOPE();
    tp_tensor *y[2] = { 0 };
    ck_assert_ptr_null(tp_checkpoint(block_run, NULL, (tp_tensor *)NULL));
    ck_fine();
    ck_assert_ptr_null(tp_checkpoint_each(NULL, NULL, y));
    ck_error(TP_ERR_ARGUMENT, "the function, or the list of its inputs, is NULL");
    ck_assert_int_eq(tp_checkpoint_many(several_run, NULL, NULL, 2, y, 2), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "checkpoint: 2 inputs and 2 outputs");
    ck_assert_ptr_null(tp_checkpoint(block_run, NULL, tp_matmul(tp_ones(TP_SHAPE(2, 2)), tp_ones(TP_SHAPE(3, 3)))));
    ck_error(TP_ERR_SHAPE, "matmul");
}
END_TEST

/* ---- Threads, depth, memory ----------------------------------------------------------------------------------------------------------- */

static void train_elsewhere(void *arg)                 /* a graph of its own over shared weights */
{
    (void)arg;
    TP_SCOPE();
    for (int i = 0; i < 5; i++) {
        TP_SCOPE();
        ck_ok(tp_backward(tp_sum(through(tp_detach(x0), 0, BLOCKS, false))));
    }
}
static void walk_elsewhere(void *loss) { ck_ok(tp_backward(loss)); }

START_TEST(threads_run_again_what_is_theirs_or_was_made_elsewhere)
{
    TP_SCOPE();
    make_blocks(0.3);
    tp_tensor *in[BLOCKS + 1], *want = NULL;
    leaves(in);
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        tp_manual_seed(12);
        tp_tensor *loss = tp_sum(through(x0, 0, BLOCKS, false));
        if (elsewhere) tp_thread_join(tp_thread_start("walk", walk_elsewhere, loss));
        else ck_ok(tp_backward(loss));
        if (elsewhere) ck_assert(tp_equal(tp_grad_of(x0), want));
        else want = tp_clone(tp_grad_of(x0));
        for (int i = 0; i <= BLOCKS; i++) ck_ok(tp_set_grad(in[i], NULL));
    }
    for (int i = 0; i < BLOCKS; i++) blocks[i].p = 0;
    tp_thread *thread[3];
    for (int i = 0; i < 3; i++) thread[i] = tp_thread_start("train", train_elsewhere, NULL);
    train_elsewhere(NULL);
    for (int i = 0; i < 3; i++) tp_thread_join(thread[i]);
    tp_tensor *sum = tp_grad_of(blocks[0].w), *once;
    ck_assert_ptr_nonnull(sum);
    tp_tensor *loss = tp_sum(through(tp_detach(x0), 0, BLOCKS, true));
    ck_ok(tp_grad(&loss, 1, &blocks[0].w, 1, NULL, &once));
    ck_assert(tp_allclose(sum, tp_mul(once, 20.0), 1e-9, 1e-9));
}
END_TEST

static void *long_chain(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(1), 0.5, .requires_grad = true), *h = NULL;
    for (int walked = 0; walked < 2; walked++) {
        tp_assign(&h, x);
        for (int i = 0; i < 30000; i++) {
            TP_SCOPE();
            tp_assign(&h, tp_checkpoint(drop_run, NULL, h));
        }
        if (walked && tp_backward(tp_sum(h))) return "backward failed";
    }
    tp_free(h);
    return tp_failed() ? "failed" : NULL;
}

START_TEST(a_chain_of_checkpoints_needs_no_stack)
{
    pthread_attr_t attr;
    pthread_t thread;
    void *result;
    pthread_attr_init(&attr);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, 256 << 10), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, long_chain, NULL), 0);
    pthread_join(thread, &result);
    ck_assert_msg(!result, "%s", (char *)result);
    pthread_attr_destroy(&attr);
}
END_TEST

static tp_tensor *inner_run(void *arg, tp_tensor *const *x) { return tp_dropout(tp_tanh(tp_mul(x[0], (tp_tensor *)arg)), 0.3, true); }
static tp_tensor *outer_run(void *arg, tp_tensor *const *x) { return tp_exp(tp_checkpoint(inner_run, arg, tp_mul(x[0], x[1]))); }
static void nested(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(100), 0.3, .requires_grad = true), *w = tp_full(TP_SHAPE(100), 0.2, .requires_grad = true), *g, *h;
    tp_tensor *loss = tp_sum(tp_checkpoint(outer_run, w, tp_mul(x, 2.0), x));
    if (tp_failed() || tp_grad(&loss, 1, &x, 1, NULL, &g, .create_graph = true)) return;
    tp_tensor *sum = tp_sum(tp_mul(g, g));
    tp_grad(&sum, 1, &w, 1, NULL, &h);
}
START_TEST(every_allocation_may_fail) { every_point("nested checkpoints", nested, NULL, NULL); }
END_TEST

static tp_tensor *forward_run(void *net, tp_tensor *const *x) { return tp_forward((tp_module *)net, x[0]); }

START_TEST(a_module_is_run_again_as_any_function)
{
    TP_SCOPE();
    tp_manual_seed(2);
    tp_module *net = tp_sequential(tp_nn_linear(8, 8), tp_nn_dropout(0.5), tp_nn_relu(), tp_nn_linear(8, 8));
    tp_tensor *x = tp_randn(TP_SHAPE(4, 8)), *w = tp_module_tensor(net, "0.weight"), *want = NULL;
    for (int checked = 0; checked < 2; checked++) {
        tp_manual_seed(5);
        ck_ok(tp_backward(tp_sum(checked ? tp_checkpoint(forward_run, net, x) : tp_forward(net, x))));
        if (checked) ck_assert(tp_equal(tp_grad_of(w), want));
        else want = tp_clone(tp_grad_of(w));
        ck_ok(tp_set_grad(w, NULL));
    }
    tp_module_free(net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("checkpoint");
    TCase *t = tcase_create("checkpoint");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, gradients_are_the_same_to_the_bit_and_memory_is_less);
    tcase_add_test(t, one_piece_is_given_up_before_the_next_is_run_again);
    tcase_add_test(t, dropout_has_the_same_mask_when_it_is_run_again);
    tcase_add_test(t, the_generator_is_put_back_also_when_the_second_run_fails);
    tcase_add_test(t, checkpoints_nest);
    tcase_add_test(t, a_recorded_backward_and_its_gradient);
    tcase_add_test(t, a_graph_that_is_kept_is_run_again_each_time);
    tcase_add_test(t, a_backward_to_given_inputs_runs_only_what_it_needs);
    tcase_add_test(t, hooks_of_leaves_are_told_when_their_gradient_is_whole);
    tcase_add_test(t, nothing_is_special_without_recording);
    tcase_add_test(t, several_inputs_and_outputs_some_absent_some_whole_numbers);
    tcase_add_test(t, hooks_around_a_checkpoint_get_its_inputs);
    tcase_add_test(t, a_function_may_go_backward_itself);
    tcase_add_test(t, what_the_function_does_wrong_is_an_error_and_the_graph_stays);
    tcase_add_test(t, arguments_that_do_not_fit_are_refused);
    tcase_add_test(t, threads_run_again_what_is_theirs_or_was_made_elsewhere);
    tcase_add_test(t, a_chain_of_checkpoints_needs_no_stack);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_add_test(t, a_module_is_run_again_as_any_function);
    suite_add_tcase(s, t);
    return run_suite(s);
}
