/* tests/test_saved.c: hooks on what the tape saves. Figures beside `PyTorch` are recorded from 2.15. */
#include "expect.h"
#include "failing.h"

#include <stdio.h>
#include <unistd.h>

/* ---- Counting, and keeping a tensor -------------------------------------------------------------------------------------------- */

static int packed, unpacked, dropped;

static void *keep_it(void *arg, tp_tensor *x)
{
    (void)arg;
    ck_assert(!tp_needs_grad(x) && !tp_grad_enabled());
    packed++;
    return tp_keep(tp_mul(x, 2.0));
}
static tp_tensor *halve_it(void *arg, void *object)
{
    (void)arg;
    ck_assert(!tp_grad_enabled());
    unpacked++;
    return tp_mul((tp_tensor *)object, 0.5);
}
static void free_it(void *arg, void *object)
{
    (void)arg;
    dropped++;
    tp_free(object);
}

static tp_tensor *model(tp_tensor *x, tp_tensor *w) { return tp_sum(tp_exp(tp_mul(tp_tanh(tp_mul(x, w)), w))); }

START_TEST(what_is_saved_goes_through_the_hooks)
{
    const int64_t before = in_use();
    {
        TP_SCOPE();
        tp_tensor *x = LEAF(0.5, -0.3), *w = LEAF(0.7, 0.2), *plain = model(x, w), *want[2], *loss, *const in[] = { x, w };
        ck_ok(tp_grad(&plain, 1, in, 2, NULL, want));
        {
            TP_SAVED_TENSORS_HOOKS(keep_it, halve_it, free_it, NULL);
            loss = model(x, w);
        }
        ck_assert_int_eq(packed, 6);                   /* mul 2, tanh 1, mul 2, exp 1 */
        model(x, w);
        ck_assert_int_eq(packed, 6);
        for (int round = 0; round < 2; round++) {
            ck_ok(tp_set_grad(x, NULL));
            ck_ok(tp_set_grad(w, NULL));
            ck_ok(tp_backward(loss, .retain_graph = !round));
            ck_assert(tp_allclose(tp_grad_of(x), want[0], 1e-6, 1e-7) && tp_allclose(tp_grad_of(w), want[1], 1e-6, 1e-7));
            ck_assert_int_eq(unpacked, 6 * (round + 1));
            ck_assert_int_eq(dropped, round ? 6 : 0);
        }
        {
            TP_SAVED_TENSORS_HOOKS(keep_it, halve_it, free_it, NULL);
            model(x, w);                               /* never walked */
        }
    }
    ck_assert_int_eq(dropped, 12);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

START_TEST(a_recorded_backward_joins_what_was_unpacked_to_the_graph)     /* leaves, inputs that are none, outputs */
{
    TP_SCOPE();
    tp_tensor *x = LEAF(0.5, -0.3), *w = LEAF(0.7, 0.2), *const in[] = { x, w }, *g[2], *want[2], *got[2];
    for (int hooked = 0; hooked < 2; hooked++) {
        tp_tensor *loss;
        if (hooked) {
            TP_SAVED_TENSORS_HOOKS(keep_it, halve_it, free_it, NULL);
            loss = model(x, w);
        } else {
            loss = model(x, w);
        }
        ck_ok(tp_grad(&loss, 1, in, 2, NULL, g, .create_graph = true));
        tp_tensor *norm = tp_add(tp_sum(tp_mul(g[0], g[0])), tp_sum(tp_mul(g[1], g[1])));
        ck_ok(tp_grad(&norm, 1, in, 2, NULL, hooked ? got : want));
    }
    for (int i = 0; i < 2; i++) ck_assert(tp_allclose(got[i], want[i], 1e-5, 1e-6));
}
END_TEST

static void *which(void *arg, tp_tensor *x)
{
    ++*(int *)arg;
    return keep_it(NULL, x);
}

START_TEST(the_innermost_hooks_count_and_the_outer_come_back)
{
    TP_SCOPE();
    int outer = 0, inner = 0;
    tp_tensor *x = LEAF(1, 2), *y[3];
    {
        TP_SAVED_TENSORS_HOOKS(which, halve_it, free_it, &outer);
        y[0] = tp_exp(x);
        {
            TP_SAVED_TENSORS_HOOKS(which, halve_it, free_it, &inner);
            y[1] = tp_exp(x);
            TP_NO_GRAD();
            tp_exp(x);                                 /* saves nothing */
        }
        y[2] = tp_exp(x);
    }
    ck_assert_int_eq(outer, 2);
    ck_assert_int_eq(inner, 1);
    for (int i = 0; i < 3; i++) ck_ok(tp_backward(tp_sum(y[i])));
    ck_values(tp_grad_of(x), 3 * 2.718281828, 3 * 7.389056099);
    tp_exp(x);
    ck_assert_int_eq(packed, 3);
}
END_TEST

/* ---- Offload: to a file, as one would to a disk or another device ----------------------------------------------------------------- */

typedef struct offload { FILE *file; long end; int alive; } offload;
typedef struct ticket { long at; tp_shape shape; tp_dtype dtype; } ticket;

static void *to_file(void *arg, tp_tensor *x)
{
    offload *o = arg;
    tp_tensor *plain = tp_contiguous(x);
    const size_t bytes = (size_t)tp_numel(x) * tp_dtype_size(tp_dtype_of(x));
    ticket *t = plain ? tp_mem_alloc(sizeof *t) : NULL;
    if (!t) return NULL;
    *t = (ticket){ o->end, tp_shape_of(x), tp_dtype_of(x) };
    if (fseek(o->file, t->at, SEEK_SET) || fwrite(tp_data(plain), 1, bytes, o->file) != bytes) {
        tp_mem_free(t, sizeof *t);
        return tp_fail(TP_ERR_IO, "offload: the file cannot be written"), NULL;
    }
    o->end += (long)bytes;
    o->alive++;
    return t;
}
static tp_tensor *from_file(void *arg, void *object)
{
    const offload *o = arg;
    const ticket *t = object;
    tp_tensor *x = tp_empty(t->shape, .dtype = t->dtype);
    void *data = tp_data_mut(x);
    const size_t bytes = (size_t)tp_numel(x) * tp_dtype_size(t->dtype);
    if (data && (fseek(o->file, t->at, SEEK_SET) || fread(data, 1, bytes, o->file) != bytes))
        return tp_fail(TP_ERR_IO, "offload: the file cannot be read"), NULL;
    return x;
}
static void forget(void *arg, void *object)
{
    ((offload *)arg)->alive--;
    tp_mem_free(object, sizeof(ticket));
}

enum { LAYERS = 6, WIDTH = 64, ROWS = 512 };
static tp_tensor *deep(tp_tensor *h, tp_tensor *const *w)
{
    for (int i = 0; i < LAYERS; i++) {
        TP_SCOPE();
        h = tp_escape(tp_tanh(tp_matmul(h, w[i])));
    }
    return tp_mean(h);
}

START_TEST(activations_can_wait_in_a_file)
{
    TP_SCOPE();
    offload o = { .file = tmpfile() };
    ck_assert_ptr_nonnull(o.file);
    tp_manual_seed(3);
    tp_tensor *x = tp_randn(TP_SHAPE(ROWS, WIDTH)), *w[LAYERS], *want[LAYERS], *loss;
    for (int i = 0; i < LAYERS; i++) w[i] = tp_mul(tp_randn(TP_SHAPE(WIDTH, WIDTH)), 0.2);
    for (int i = 0; i < LAYERS; i++) ck_ok(tp_requires_grad(w[i] = tp_detach(w[i]), true));
    int64_t held[2];
    for (int offloads = 0; offloads < 2; offloads++) {
        const int64_t before = in_use();
        {
            TP_SCOPE();
            if (offloads) {
                TP_SAVED_TENSORS_HOOKS(to_file, from_file, forget, &o);
                loss = deep(x, w);
            } else {
                loss = deep(x, w);
            }
            tp_escape(loss);
        }
        held[offloads] = in_use() - before;
        ck_ok(tp_backward(loss));
        for (int i = 0; i < LAYERS; i++) {
            if (offloads) ck_assert(tp_equal(tp_grad_of(w[i]), want[i]));
            else want[i] = tp_clone(tp_grad_of(w[i]));
            ck_ok(tp_set_grad(w[i], NULL));
        }
        tp_drop(loss);
    }
    ck_assert_int_gt(held[0], (LAYERS - 1) * ROWS * WIDTH * 4);
    ck_assert_int_lt(held[1], ROWS * WIDTH * 4);       /* not even one layer's */
    ck_assert_int_eq(o.alive, 0);
    fclose(o.file);
}
END_TEST

/* ---- Functions of one's own ------------------------------------------------------------------------------------------------------- */

static tp_status triple_forward(tp_context *call, tp_tensor *const *x, tp_tensor **y)        /* saves an input, an output, and neither */
{
    tp_tensor *between = tp_mul(x[0], 3.0);
    y[0] = tp_exp(between);
    tp_save(call, x[0]);
    tp_save(call, y[0]);
    tp_save(call, between);
    tp_save(call, NULL);
    return tp_error_status();
}
static tp_status triple_backward(tp_context *call, tp_tensor *const *dy, tp_tensor **dx)     /* dy y (x + between) / (4 x) 3 */
{
    ck_assert_ptr_null(tp_saved(call, 3));
    tp_tensor *x = tp_saved(call, 0), *one = tp_div(tp_add(x, tp_saved(call, 2)), tp_mul(x, 4.0));
    dx[0] = tp_mul(tp_mul(dy[0], tp_saved(call, 1)), tp_mul(one, 3.0));
    return tp_error_status();
}
static const tp_function triple = { .name = "triple", .n_outputs = 1, .forward_many = triple_forward, .backward_many = triple_backward };

START_TEST(functions_of_ones_own_save_through_hooks_too)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(0.1, 0.2), *y, *g, *h;
    {
        TP_SAVED_TENSORS_HOOKS(keep_it, halve_it, free_it, NULL);
        y = tp_sum(tp_apply(&triple, x));
    }
    ck_assert_int_eq(packed, 3);
    ck_ok(tp_grad(&y, 1, &x, 1, NULL, &g, .create_graph = true));
    ck_values(g, 3 * exp(0.3), 3 * exp(0.6));
    tp_tensor *sum = tp_sum(tp_mul(g, g));
    ck_ok(tp_grad(&sum, 1, &x, 1, NULL, &h));          /* x is joined to its leaf, y to its node */
    ck_assert_int_eq(tp_numel(h), 2);
    ck_assert_int_eq(dropped, 3);                      /* this walk came through apply, and kept nothing */
}
END_TEST

/* ---- What goes wrong ----------------------------------------------------------------------------------------------------------------- */

static int wrong;
static void *faulty_pack(void *arg, tp_tensor *x)
{
    if (wrong == 1) return NULL;
    if (wrong == 2) tp_mul_(x, 2.0);
    if (wrong == 3) return tp_fail(TP_ERR_NUMERIC, "pack: not today"), NULL;
    return keep_it(arg, x);
}
static tp_tensor *faulty_unpack(void *arg, void *object)
{
    if (wrong == 4) return NULL;
    if (wrong == 5) return tp_ones(TP_SHAPE(7));
    if (wrong == 6) return tp_to_dtype(object, TP_F64);
    if (wrong == 7) {
        TP_SCOPE();
        return tp_mul((tp_tensor *)object, 2.0);
    }
    if (wrong == 8) return tp_fail(TP_ERR_NUMERIC, "unpack: not today"), NULL;
    return halve_it(arg, object);
}

START_TEST(a_hook_that_fails_is_an_error_and_the_graph_stays)
{
    static const struct { tp_status code; const char *message; } cases[] = {
        { TP_ERR_ARGUMENT, "saved_tensors_hooks: pack made nothing of [2]" },
        { TP_ERR_STATE, "saved_tensors_hooks: pack wrote in place" },
        { TP_ERR_NUMERIC, "pack: not today" },
        { TP_ERR_ARGUMENT, "backward: an unpack hook made nothing of what exp saved" },
        { TP_ERR_SHAPE, "backward: an unpack hook made [7] float32 of what exp saved, [2] float32" },
        { TP_ERR_SHAPE, "backward: an unpack hook made [2] float64 of what exp saved, [2] float32" },
        { TP_ERR_STATE, "after its scope" },
        { TP_ERR_NUMERIC, "unpack: not today" },
    };
    const int64_t before = in_use();
    for (int i = 1; i <= 8; i++) {
        TP_SCOPE();
        tp_tensor *x = LEAF(1, 2), *y;
        {
            TP_SAVED_TENSORS_HOOKS(faulty_pack, faulty_unpack, free_it, NULL);
            wrong = i;
            y = tp_exp(x);
        }
        ck_assert_msg(!!y == (i > 3), "%d", i);
        if (y) ck_assert_int_eq(tp_backward(tp_sum(y)), cases[i - 1].code);
        ck_error(cases[i - 1].code, cases[i - 1].message);
        wrong = 0;
        if (!y) continue;
        ck_ok(tp_set_grad(x, NULL));
        ck_ok(tp_backward(tp_sum(y)));
        ck_values(tp_grad_of(x), 2.718281828, 7.389056099);
    }
    ck_assert_int_eq(in_use(), before);
    TP_SAVED_TENSORS_HOOKS(NULL, halve_it, NULL, NULL);
    ck_error(TP_ERR_ARGUMENT, "saved_tensors_hooks: pack or unpack is NULL");
}
END_TEST

static tp_thread *elsewhere;
static void walk_elsewhere(void *loss) { ck_ok(tp_backward(loss)); }

START_TEST(another_thread_may_go_backward)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1, 2), *loss;
    {
        TP_SAVED_TENSORS_HOOKS(keep_it, halve_it, free_it, NULL);
        loss = tp_sum(tp_exp(tp_mul(x, x)));
    }
    elsewhere = tp_thread_start("walk", walk_elsewhere, loss);
    tp_thread_join(elsewhere);
    ck_values(tp_grad_of(x), 2 * exp(1), 4 * exp(4));
}
END_TEST

static void with_hooks(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *x = tp_full(TP_SHAPE(100), 0.3, .requires_grad = true), *w = tp_full(TP_SHAPE(100), 0.2, .requires_grad = true), *g, *h, *loss;
    {
        TP_SAVED_TENSORS_HOOKS(keep_it, halve_it, free_it, NULL);
        loss = tp_add(model(x, w), tp_sum(tp_apply(&triple, x)));
    }
    if (tp_failed() || tp_grad(&loss, 1, &x, 1, NULL, &g, .create_graph = true)) return;
    tp_tensor *sum = tp_sum(tp_mul(g, g));
    tp_grad(&sum, 1, &w, 1, NULL, &h);
}
START_TEST(every_allocation_may_fail) { every_point("saved tensors' hooks", with_hooks, NULL, NULL); }
END_TEST

int main(void)
{
    Suite *s = suite_create("saved");
    TCase *t = tcase_create("saved");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, what_is_saved_goes_through_the_hooks);
    tcase_add_test(t, a_recorded_backward_joins_what_was_unpacked_to_the_graph);
    tcase_add_test(t, the_innermost_hooks_count_and_the_outer_come_back);
    tcase_add_test(t, activations_can_wait_in_a_file);
    tcase_add_test(t, functions_of_ones_own_save_through_hooks_too);
    tcase_add_test(t, a_hook_that_fails_is_an_error_and_the_graph_stays);
    tcase_add_test(t, another_thread_may_go_backward);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return run_suite(s);
}
