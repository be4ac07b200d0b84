/* test_gradients.c: the gradients of every op of the registry, and theirs, against differences and against themselves:
 * fused and composed, of other layouts, of an input given twice, in other dtypes. */
#include "walk.h"

#include <check.h>
#include <stdlib.h>

#include <taper/autograd.h>

static int checks;

/* ---- Against differences ----------------------------------------------------------------------------------------------------------- */

static bool can_be_checked(const walk *w)              /* a random op is seeded, so its kinks stay where they are */
{
    return tp_op_is_differentiable(w->op) && (!w->sample.no_gradcheck || w->op->flags & TP__RANDOM);
}

typedef struct asked { walk *w; const int *slot; int n, which; } asked;

static tp_tensor *output(void *arg, tp_tensor *const *x)
{
    const asked *a = arg;
    tp_tensor *out[WALK_OUTPUTS];
    (void)x;                                           /* they stand among the arguments */
    return walk_call(a->w, out) > a->which ? out[a->which] : NULL;
}

static void check_first(walk *w)
{
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    tp_tensor *out[WALK_OUTPUTS], *x[WALK_SLOTS];
    const int n_out = can_be_checked(w) && n ? walk_call(w, out) : 0;
    for (int i = 0; i < n; i++) x[i] = *w->slot[slot[i]];
    if (n_out < 0) walk_failed(w, "the call");
    for (int i = 0; i < n_out; i++) {
        if (!tp__is_floating(tp_dtype_of(out[i])) && !tp_is_complex(out[i])) continue;
        asked a = { w, slot, n, i };
        checks++;
        if (tp_gradcheck(output, &a, x, n)) walk_failed(w, "gradcheck");
    }
}

/* x: the op's inputs, then the directions of its outputs. One gradient, recorded. */
static tp_tensor *gradient(void *arg, tp_tensor *const *x)
{
    const asked *a = arg;
    TP_ENABLE_GRAD();
    tp_tensor *out[WALK_OUTPUTS], *y[WALK_OUTPUTS], *dx[WALK_SLOTS];
    const int n_out = walk_call(a->w, out);
    int n_y = 0;
    for (int i = 0; i < n_out; i++)
        if (tp_needs_grad(out[i])) y[n_y++] = out[i];
    if (!n_y || tp_grad(y, n_y, x, a->n, x + a->n, dx, .create_graph = true, .allow_unused = true)) return NULL;
    return dx[a->which];
}

static void check_second(walk *w)
{
    int slot[WALK_SLOTS], n_y = 0;
    const int n = walk_leaves(w, slot);
    tp_tensor *out[WALK_OUTPUTS], *x[WALK_SLOTS + WALK_OUTPUTS];
    const int n_out = can_be_checked(w) && n ? walk_call(w, out) : 0;
    for (int i = 0; i < n; i++) x[i] = *w->slot[slot[i]];
    for (int i = 0; i < n_out; i++) {
        if (!tp_needs_grad(out[i])) continue;
        tp_tensor *direction = tp_uniform(tp_shape_of(out[i]), 0.5, 1, .dtype = tp_dtype_of(out[i]));
        tp_requires_grad(direction, true);
        if (tp_dtype_of(out[i]) != TP_F64) return;
        x[n + n_y++] = direction;
    }
    for (int i = 0; i < n && n_y; i++) {
        asked a = { w, slot, n, i };
        if (!gradient(&a, x)) {                        /* an input that plays no part, or an error */
            if (walk_failed(w, "the recorded gradient")) return;
            continue;
        }
        checks++;
        if (tp_gradcheck(gradient, &a, x, n + n_y)) walk_failed(w, "gradcheck of the gradient");
    }
}

/* ---- Against themselves -------------------------------------------------------------------------------------------------------------- */

static void compare_gradients(const walk *w, const char *what, int n, tp_tensor **got, tp_tensor **want, double tolerance)
{
    for (int i = 0; i < n; i++)
        if (!walk_close(got[i], want[i], tolerance)) walk_complain(w, "%s: the gradient of input %d differs", what, i);
    walk_failed(w, what);
}

static void check_fused(walk *w)
{
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    tp_tensor *fused[WALK_SLOTS], *composed[WALK_SLOTS];
    if (!tp_op_is_differentiable(w->op) || !n) return;
    if (!walk_gradients(w, slot, n, false, fused) || !walk_gradients(w, slot, n, true, composed)) walk_failed(w, "backward");
    else compare_gradients(w, "fused and composed", n, fused, composed, 1e-12);
    checks += w->op->backward_fused != NULL;
}

/* x in other memory, its values changed only where some of them must be one. */
enum { TRANSPOSED, STEPPED, REPEATED, LAYOUTS };
static tp_tensor *lay_out(tp_tensor *x, int layout)
{
    const tp_shape shape = tp_shape_of(x);
    if (layout == TRANSPOSED) return shape.ndim < 2 ? x : tp_transpose(tp_contiguous(tp_transpose(x, 0, -1)), 0, -1);
    if (layout == STEPPED) {
        tp_shape wide = shape;
        wide.dim[wide.ndim++] = 2;
        return tp_copy_(tp_select(tp_zeros(wide, .dtype = tp_dtype_of(x)), -1, 1), x);
    }
    for (int d = 0; d < shape.ndim; d++)
        if (shape.dim[d] > 1) return tp_expand(tp_narrow(x, d, 0, 1), shape);
    return x;
}

static void compare_outputs(const walk *w, const char *what, int n, tp_tensor **got, int n_want, tp_tensor **want, double tolerance)
{
    if (n != n_want || n < 0) walk_complain(w, "%s: %d outputs, not %d", what, n, n_want);
    for (int i = 0; i < n && n == n_want; i++)
        if (!walk_close(got[i], want[i],
                        tp__is_floating(tp_dtype_of(want[i])) || tp_is_complex(want[i]) ? tolerance : 0))
            walk_complain(w, "%s: output %d differs", what, i);
}

static void check_layouts(walk *w)
{
    static const char *const name[] = { "transposed inputs", "every other element", "expanded inputs" };
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    tp_tensor *plain[WALK_SLOTS];
    for (int i = 0; i < w->n_slots; i++) plain[i] = *w->slot[i];
    for (int layout = 0; layout < LAYOUTS; layout++) {
        tp_tensor *want_y[WALK_OUTPUTS], *y[WALK_OUTPUTS], *want_dx[WALK_SLOTS] = { NULL }, *dx[WALK_SLOTS] = { NULL }, *other[WALK_SLOTS];
        for (int i = 0; i < w->n_slots; i++) {
            TP_NO_GRAD();
            const bool needs = tp_needs_grad(plain[i]);
            other[i] = tp_detach(lay_out(tp_detach(plain[i]), layout));
            *w->slot[i] = tp_clone(tp_contiguous(other[i]));
            if (needs) tp_requires_grad(*w->slot[i], true), tp_requires_grad(other[i], true);
        }
        if (walk_failed(w, name[layout])) return;
        if (!strncmp(tp_op_name(w->op), "view", 4) && layout != REPEATED) return;          /* refuses what cannot be a view */
        if (!strncmp(tp_op_name(w->op), "as_strided", 10)) return;                         /* is about the memory itself */
        const int n_want = walk_call(w, want_y);
        bool good = walk_gradients(w, slot, n, false, want_dx);
        if (layout == REPEATED && tp_failed() && tp_last_error()->code == TP_ERR_NUMERIC) {    /* equal rows are a singular matrix */
            tp_clear_error();
            continue;
        }
        for (int i = 0; i < w->n_slots; i++) *w->slot[i] = other[i];
        const int n_y = walk_call(w, y);
        compare_outputs(w, name[layout], n_y, y, n_want, want_y, 1e-12);
        good = good && walk_gradients(w, slot, n, false, dx);
        if (good) compare_gradients(w, name[layout], n, dx, want_dx, 1e-12);
        walk_failed(w, name[layout]);
        checks++;
    }
}

/* f(x, x): the gradient is the sum of both. */
static void check_repeated(walk *w)
{
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    if (walk_is_inplace(w) || !tp_op_is_differentiable(w->op)) return;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            tp_tensor *a = *w->slot[slot[i]], *b = *w->slot[slot[j]], *apart[WALK_SLOTS], *together[WALK_SLOTS];
            const tp_shape sa = tp_shape_of(a), sb = tp_shape_of(b);
            if (sa.ndim != sb.ndim || memcmp(sa.dim, sb.dim, sizeof *sa.dim * (size_t)sa.ndim)) continue;
            tp_tensor *twin = tp_clone(tp_detach(a));
            tp_requires_grad(twin, true);
            *w->slot[slot[j]] = twin;
            bool good = walk_gradients(w, slot, n, false, apart);
            *w->slot[slot[j]] = a;
            good = good && walk_gradients(w, slot, n, false, together);
            *w->slot[slot[j]] = b;
            if (walk_failed(w, "an input given twice") || !good) return;
            tp_tensor *sum = apart[i] && apart[j] ? tp_add(apart[i], apart[j]) : apart[i] ? apart[i] : apart[j];
            if (!walk_close(together[i], sum, 1e-12) || !walk_close(together[j], sum, 1e-12))
                walk_complain(w, "inputs %d and %d given as one: the gradient is not the sum of theirs", i, j);
            checks++;
        }
}

/* ---- Other dtypes ------------------------------------------------------------------------------------------------------------------------ */

static tp_dtype in_dtype;
static double within;

static void check_dtype(walk *w)
{
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    tp_tensor *want_y[WALK_OUTPUTS], *y[WALK_OUTPUTS], *want_dx[WALK_SLOTS] = { NULL }, *dx[WALK_SLOTS] = { NULL };
    tp_tensor *rounded[WALK_SLOTS];
    for (int i = 0; i < w->n_slots; i++) {             /* the same values for both: those that the smaller dtype holds */
        tp_tensor *x = *w->slot[i];
        rounded[i] = x;
        if (tp_dtype_of(x) != TP_F64) continue;
        const bool needs = tp_needs_grad(x);
        rounded[i] = tp_to_dtype(tp_detach(x), in_dtype);
        *w->slot[i] = tp_to_dtype(rounded[i], TP_F64);
        if (needs) tp_requires_grad(rounded[i], true), tp_requires_grad(*w->slot[i], true);
    }
    const int n_want = walk_call(w, want_y);
    bool good = walk_gradients(w, slot, n, false, want_dx);
    if (walk_failed(w, "float64")) return;
    for (int i = 0; i < w->n_slots; i++) *w->slot[i] = rounded[i];
    const int n_y = walk_call(w, y);
    const bool may_refuse = in_dtype != TP_F32 || walk_is_inplace(w);    /* what is written may be of one dtype alone: float_power_ */
    if (n_y < 0 && may_refuse && tp_error_status() == TP_ERR_DTYPE) {
        printf("%s does not take %s\n", tp_op_name(w->op), tp_dtype_name(in_dtype));
        tp_clear_error();
        return;
    }
    if (walk_failed(w, tp_dtype_name(in_dtype))) return;
    if (!w->sample.random) {                           /* what is drawn differs by dtype */
        compare_outputs(w, tp_dtype_name(in_dtype), n_y, y, n_want, want_y, within);
        good = good && walk_gradients(w, slot, n, false, dx);
        if (good) compare_gradients(w, tp_dtype_name(in_dtype), n, dx, want_dx, within);
    }
    walk_failed(w, tp_dtype_name(in_dtype));
    checks++;
}

/* ---- The suite ----------------------------------------------------------------------------------------------------------------------------- */

static void walk_and_say(const char *what, void (*fn)(walk *w))
{
    checks = 0;
    const walk_sum sum = walk_all(TP_F64, fn);
    printf("%s: %d ops, %d samples, %d checks\n", what, sum.ops, sum.samples, checks);
    fflush(stdout);
    ck_assert_int_eq(sum.failures, 0);
    ck_assert_int_gt(checks, 0);
}

START_TEST(gradients_agree_with_differences) { walk_and_say("gradients", check_first); } END_TEST
START_TEST(gradients_of_gradients_agree_with_differences) { walk_and_say("gradients of gradients", check_second); } END_TEST
START_TEST(a_fused_backward_agrees_with_the_composed_one) { walk_and_say("fused backward", check_fused); } END_TEST
START_TEST(the_layout_of_the_inputs_does_not_matter) { walk_and_say("layouts", check_layouts); } END_TEST
START_TEST(an_input_given_twice_gets_both_gradients) { walk_and_say("repeated inputs", check_repeated); } END_TEST

START_TEST(smaller_dtypes_are_close_to_float64)
{
    const struct { tp_dtype dtype; double within; } all[] = { { TP_F32, 1e-5 }, { TP_F16, 5e-3 }, { TP_BF16, 4e-2 } };
    in_dtype = all[_i].dtype;
    within = all[_i].within;
    walk_and_say(tp_dtype_name(in_dtype), check_dtype);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gradients");
    TCase *tests = tcase_create("gradients");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, gradients_agree_with_differences);
    tcase_add_test(tests, gradients_of_gradients_agree_with_differences);
    tcase_add_test(tests, a_fused_backward_agrees_with_the_composed_one);
    tcase_add_test(tests, the_layout_of_the_inputs_does_not_matter);
    tcase_add_test(tests, an_input_given_twice_gets_both_gradients);
    tcase_add_loop_test(tests, smaller_dtypes_are_close_to_float64, 0, 3);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
