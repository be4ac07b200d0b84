/* test_registry.c: what every op of the registry must do: bring samples, take its arguments by position and by name, refuse
 * what does not fit with a message that shows the schema, and survive missing tensors, dead handles and failing memory. */
#include "walk.h"

#include <check.h>
#include <stdlib.h>

#include <taper/autograd.h>
#include <taper/extend.h>

static int checks;

static void walk_and_say(const char *what, tp_dtype dtype, void (*fn)(walk *w))
{
    checks = 0;
    const walk_sum sum = walk_all(dtype, fn);
    printf("%s: %d ops, %d samples, %d checks\n", what, sum.ops, sum.samples, checks);
    fflush(stdout);
    ck_assert_int_eq(sum.failures, 0);
    ck_assert_int_gt(checks, 0);
}

/* The same bits: outputs of the same call. */
static void compare(const walk *w, const char *what, int n, tp_tensor **got, int n_want, tp_tensor **want)
{
    if (n != n_want || n < 0) walk_complain(w, "%s: %d outputs, not %d", what, n, n_want);
    for (int i = 0; i < n && n == n_want; i++) {
        if (tp_dtype_of(got[i]) != tp_dtype_of(want[i])) walk_complain(w, "%s: the dtype of output %d differs", what, i);
        else if (!tp_equal(tp_detach(got[i]), tp_detach(want[i]))) walk_complain(w, "%s: output %d differs", what, i);
    }
    walk_failed(w, what);
    checks++;
}

/* ---- Schemas --------------------------------------------------------------------------------------------------------------------- */

START_TEST(schemas_parse_and_names_are_unique)
{
    ck_assert_int_gt(tp_op_count(), 50);
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        const tp__op_state *s = tp__state(op);
        const char *name = tp_op_name(op);
        ck_assert_ptr_eq(tp_op_find(name), op);
        ck_assert_msg(!strncmp(op->schema, name, strlen(name)) && op->schema[strlen(name)] == '(', "%s: its schema is %s", name, op->schema);
        ck_assert_msg(!i || strcmp(tp_op_name(tp_op_at(i - 1)), name) < 0, "%s: out of order, or there twice", name);
        ck_assert_msg(s->n_params > 0 && s->n_results > 0, "%s: %d parameters, %d results", name, s->n_params, s->n_results);
        ck_assert_msg(op->attr_size >= s->attr_bytes, "%s: attr_size %zu, the schema takes %zu", name, op->attr_size, s->attr_bytes);
        ck_assert_msg(op->compose || op->shape, "%s: neither composed nor a shape rule", name);
        for (int p = 0; p < s->n_params; p++) {
            ck_assert_msg(s->params[p].type && *s->params[p].name, "%s: parameter %d of %s", name, p, op->schema);
            for (int q = 0; q < p; q++) ck_assert_msg(strcmp(s->params[p].name, s->params[q].name), "%s: two are named %s", name, s->params[p].name);
        }
        const size_t length = strcspn(name, ".");      /* "__radd__" is none */
        const bool underscore = name[length - 1] == '_' && (length < 2 || name[length - 2] != '_');
        ck_assert_msg(underscore == !!(op->flags & TP__INPLACE) && underscore == s->params[0].written, "%s: in place, or not?", name);
    }
    ck_assert_ptr_null(tp_op_at(-1));
    ck_assert_ptr_null(tp_op_at(tp_op_count()));
    ck_assert_ptr_null(tp_op_find("no_such_op"));
    ck_assert_ptr_null(tp_op_find(NULL));
    ck_assert_ptr_nonnull(tp_op_find("max"));
    ck_assert_int_eq(tp_op_call("no_such_op", NULL, 0, NULL, 0, NULL), TP_ERR_UNSUPPORTED);
    ck_assert_str_eq(tp_last_error()->message, "op_call: there is no op \"no_such_op\"");
    tp_clear_error();
}
END_TEST

/* ---- Calls ------------------------------------------------------------------------------------------------------------------------- */

static void call_by_name(walk *w)
{
    tp_tensor *by_position[WALK_OUTPUTS], *by_name[WALK_OUTPUTS], *again[WALK_OUTPUTS], *by_call[WALK_OUTPUTS];
    const tp__op_state *s = tp__state(w->op);
    const tp__sample positional = w->sample;
    tp_tensor **const first_slot = w->slot[0], *const first = first_slot ? *first_slot : NULL;
    const int n = walk_call(w, by_position);
    if (n < 0 && !tp_failed()) walk_complain(w, "the call fails without an error");
    if (walk_failed(w, "the call")) return;
    if (n != s->n_results &&
        !(n > s->n_results && (strstr(w->op->schema, "return_") || strstr(w->op->schema, "-> Tensor[]"))))
        walk_complain(w, "%d outputs, the schema says %d", n, s->n_results);
    for (int i = 0; i < n; i++) by_position[i] = tp_clone(tp_detach(by_position[i]));
    for (int i = 0; i < w->sample.n; i++)              /* the last one first */
        w->sample.args[i] = positional.args[w->sample.n - 1 - i];
    for (int i = 0; i < w->sample.n; i++)
        if (!w->sample.args[i].name) w->sample.args[i].name = s->params[w->sample.n - 1 - i].name;
    for (int i = 0; i < w->sample.n; i++)              /* walk_call looks for the tensor that is written */
        if (first && w->sample.args[i].kind == TP_ARG_TENSOR && w->sample.args[i].value.tensor == first) w->slot[0] = &w->sample.args[i].value.tensor;
    const int n_named = walk_call(w, by_name);
    compare(w, "by name", n_named, by_name, n, by_position);
    w->sample = positional;
    w->slot[0] = first_slot;
    const int n_again = walk_call(w, again);
    compare(w, "again", n_again, again, n, by_position);
    if (walk_is_inplace(w) || w->op->flags & TP__RANDOM) return;
    int n_call = 0;
    if (tp_op_call(tp_op_name(w->op), w->sample.args, w->sample.n, by_call, WALK_OUTPUTS, &n_call)) walk_failed(w, "by the op's name");
    else compare(w, "by the op's name", n_call, by_call, n, by_position);
}

START_TEST(every_op_takes_its_arguments_by_position_and_by_name) { walk_and_say("calls", TP_F32, call_by_name); } END_TEST

START_TEST(a_0_dim_tensor_is_a_tensor_before_it_is_a_number)
{
    TP_SCOPE();
    tp_tensor *const x = tp_reshape(tp_arange(0, 6, 1, .dtype = TP_I64), TP_SHAPE(3, 2)), *const one = tp_full((tp_shape){ 0 }, 1), *y;
    const tp_arg args[] = { TP__TENSOR_ARG(x), TP__TENSOR_ARG(one) };
    ck_assert_int_eq(tp_op_call("max", args, 2, &y, 1, NULL), TP_OK);    /* the greater of two, not the greatest along dim 1 */
    ck_assert_int_eq(tp_ndim(y), 2);
    const tp_arg part[] = { TP__TENSOR_ARG(x), TP__INT_ARG(0), TP__TENSOR_ARG(one), TP__INT_ARG(2) };
    ck_assert_int_eq(tp_op_call("narrow", part, 4, &y, 1, NULL), TP_OK);
    ck_assert_int_eq(tp_item_i64(tp_max(y)), 5);
}
END_TEST

static void write_in_place(walk *w)
{
    tp_tensor *out[WALK_OUTPUTS];
    if (w->op->flags & TP__VIEW && tp_numel(*w->slot[0]) && walk_call(w, out) > 0 &&
        !tp_shares_storage(out[0], *w->slot[0]))
        walk_complain(w, "the view has memory of its own");
    if (!walk_is_inplace(w) || w->op->flags & TP__RELAYS) return;
    tp_tensor *const first = tp_detach(*w->slot[0]), *const x = tp_clone(*w->slot[0]), *const view = tp_reshape(x, TP_SHAPE(-1));
    const uint32_t version = tp_version_of(x);
    int n;
    *w->slot[0] = x;
    if (tp_op_invoke(w->op, w->sample.args, w->sample.n, out, WALK_OUTPUTS, &n)) return (void)walk_failed(w, "in place");
    if (out[0] != x) walk_complain(w, "it returns another handle than it was given");
    if (tp_version_of(x) != version + 1) walk_complain(w, "the version went from %u to %u", version, tp_version_of(x));
    if (!tp_equal(tp_detach(view), tp_detach(tp_reshape(x, TP_SHAPE(-1))))) walk_complain(w, "a view does not see what was written");
    if (tp_version_of(view) != tp_version_of(x)) walk_complain(w, "a view does not see the version");
    checks++;
    /* in memory that is not contiguous, and nothing beside it */
    tp_shape wide = tp_shape_of(x);
    wide.dim[wide.ndim++] = 2;
    tp_tensor *const memory = tp_zeros(wide, .dtype = tp_dtype_of(x)), *const spread = tp_select(memory, -1, 1);
    tp_tensor *plain[WALK_OUTPUTS];
    TP_NO_GRAD();
    tp_copy_(spread, first);
    *w->slot[0] = tp_clone(first);
    if (w->op->flags & TP__RANDOM) tp_manual_seed(7);
    if (tp_op_invoke(w->op, w->sample.args, w->sample.n, plain, WALK_OUTPUTS, &n)) return (void)walk_failed(w, "in place");
    *w->slot[0] = spread;
    if (w->op->flags & TP__RANDOM) tp_manual_seed(7);
    if (tp_op_invoke(w->op, w->sample.args, w->sample.n, out, WALK_OUTPUTS, &n)) return (void)walk_failed(w, "in place, every other element");
    if (!tp_equal(spread, plain[0])) walk_complain(w, "other values are written to every other element");
    if (tp_item(tp_sum(tp_eq(tp_select(memory, -1, 0), 0))) != (double)tp_numel(x)) walk_complain(w, "something is written between the elements");
    checks++;
}

START_TEST(in_place_ops_write_what_they_are_given) { walk_and_say("in place", TP_F32, write_in_place); } END_TEST

static void vary_threads(walk *w)
{
    tp_tensor *one[WALK_OUTPUTS], *three[WALK_OUTPUTS];
    tp_set_num_threads(1);
    const int n = walk_call(w, one);
    tp_set_num_threads(3);
    const int m = walk_call(w, three);
    compare(w, "three threads", m, three, n, one);
}

START_TEST(three_threads_give_the_same_bits_as_one) { walk_and_say("threads", TP_F32, vary_threads); } END_TEST

/* ---- Refusals ------------------------------------------------------------------------------------------------------------------------ */

/* The call must fail with `code` (0: with any), no outputs, and this in the message. */
static void expect_failure(walk *w, const char *what, tp_status code, const char *in_message)
{
    tp_tensor *out[WALK_OUTPUTS] = { (tp_tensor *)(void *)w };
    int n = 7;
    const tp_status status = tp_op_invoke(w->op, w->sample.args, w->sample.n, out, WALK_OUTPUTS, &n);
    if (!status || (code && status != code)) walk_complain(w, "%s: status %d, not %d", what, status, code);
    if (n || out[0]) walk_complain(w, "%s: there are outputs", what);
    if (in_message && !tp_failed()) walk_complain(w, "%s: no error is set", what);
    else if (in_message && !strstr(tp_last_error()->message, in_message)) walk_complain(w, "%s: the message is %s", what, tp_last_error()->message);
    tp_clear_error();
    checks++;
}

static const tp__param *param_of(const walk *w, int i)
{
    const tp__op_state *s = tp__state(w->op);
    const char *name = w->sample.args[i].name;
    for (int p = 0; p < s->n_params; p++)
        if (name ? !strcmp(name, s->params[p].name) : p == i) return &s->params[p];
    return NULL;
}

/* As far as a message shows it */
static const char *shown(const char *schema)
{
    static char text[361];
    snprintf(text, sizeof text, "%s", schema);
    return text;
}

static void give_wrong_kinds(walk *w)
{
    static const tp_arg wrong[] = { { .kind = TP_ARG_SLICE }, { .kind = TP_ARG_STRING, .value.string = "no such choice" },
                                    { .kind = TP_ARG_FLOATS }, { .kind = TP_ARG_NONE } };
    const tp__sample good = w->sample;
    for (int i = 0; i < good.n; i++) {
        const tp__param *param = param_of(w, i);
        if (param->type == TP__TYPE_ANY) continue;     /* the op itself decides */
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            if (wrong[k].kind == TP_ARG_NONE && (param->optional || param->has_default)) continue;
            if (wrong[k].kind == TP_ARG_STRING && param->type == TP__TYPE_STRING) continue;
            if (wrong[k].kind == TP_ARG_FLOATS && param->type == TP__TYPE_FLOATS) continue;
            w->sample.args[i] = wrong[k];
            w->sample.args[i].name = good.args[i].name;
            expect_failure(w, param->name, TP_ERR_ARGUMENT, shown(w->op->schema));
        }
        w->sample.args[i] = good.args[i];
    }
}

static void give_wrong_names(walk *w)
{
    const tp__op_state *s = tp__state(w->op);
    const tp__sample good = w->sample;
    w->sample.args[w->sample.n++] = (tp_arg){ .name = "no_such_name", .kind = TP_ARG_INT };
    expect_failure(w, "an unknown name", TP_ERR_ARGUMENT, "no argument is named \"no_such_name\"");
    w->sample = good;
    if (good.args[0].name == NULL) {
        w->sample.args[w->sample.n] = good.args[0];
        w->sample.args[w->sample.n++].name = s->params[0].name;
        expect_failure(w, "given twice", TP_ERR_ARGUMENT, "is given twice");
        w->sample = good;
    }
    if (s->n_params < TP__MAX_ARGS) {
        while (w->sample.n <= s->n_params) w->sample.args[w->sample.n++] = (tp_arg){ .kind = TP_ARG_INT };
        expect_failure(w, "too many", TP_ERR_ARGUMENT, shown(w->op->schema));
        w->sample = good;
    }
    w->sample.n = 0;
    expect_failure(w, "no arguments", TP_ERR_ARGUMENT, "\" is missing");
}

START_TEST(arguments_that_do_not_fit_are_refused_with_the_schema)
{
    walk_and_say("wrong kinds", TP_F32, give_wrong_kinds);
    walk_and_say("wrong names", TP_F32, give_wrong_names);
}
END_TEST

static void expect_refusal(const char *op, const tp_arg *two, const char *part)
{
    tp_tensor *out[2];
    int n;
    ck_assert_int_eq(tp_op_call(op, two, 2, out, 2, &n), TP_ERR_ARGUMENT);
    ck_assert_msg(strstr(tp_last_error()->message, part), "%s", tp_last_error()->message);
    tp_clear_error();
}

START_TEST(a_list_that_is_not_there_is_refused)
{
    TP_SCOPE();
    const tp_arg inner = { .kind = TP_ARG_LIST, .n = 2 };
    const tp_arg bad[] = { { .kind = TP_ARG_INTS, .n = 2 }, { .kind = TP_ARG_INTS, .n = -4 }, { .kind = TP_ARG_FLOATS, .n = 1 },
                           { .kind = TP_ARG_BOOLS, .n = 1 }, { .kind = TP_ARG_TENSORS, .n = 3 }, { .kind = TP_ARG_LIST, .n = 1 },
                           { .kind = TP_ARG_LIST, .n = 1, .value.list = &inner } };
    tp_tensor *x = tp_ones(TP_SHAPE(2, 3));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const tp_arg sum[] = { { .kind = TP_ARG_TENSOR, .value.tensor = x }, bad[i] };
        expect_refusal("sum", sum, "sum: \"dim\" is a list that is NULL, or of less than 0 items");
        const tp_arg einsum[] = { { .kind = TP_ARG_STRING, .value.string = "ij->i" }, bad[i] };
        expect_refusal("einsum", einsum, "is a list that is NULL, or of less than 0 items");
    }
}
END_TEST

static void leave_out_tensors(walk *w)
{
    for (int i = 0; i < w->n_slots; i++) {
        tp_tensor *const was = *w->slot[i];
        bool optional = false;
        for (int a = 0; a < w->sample.n; a++)
            if (w->slot[i] == &w->sample.args[a].value.tensor) optional = param_of(w, a)->optional;
        if (optional && w->sample.needs_all) continue;
        *w->slot[i] = NULL;
        tp_tensor *out[WALK_OUTPUTS];
        if (optional && walk_call(w, out) < 0) walk_complain(w, "without optional tensor %d it fails", i);
        walk_failed(w, "without an optional tensor");
        if (!optional) expect_failure(w, "a required tensor is NULL", TP_OK, NULL);
        if (i || !walk_is_inplace(w)) {
            tp_fail(TP_ERR_IO, "test: this one stays");
            expect_failure(w, "a tensor is NULL while an error is unread", TP_ERR_IO, "test: this one stays");
        }
        *w->slot[i] = was;
        checks++;
    }
}

START_TEST(a_null_tensor_gives_null) { walk_and_say("NULL", TP_F32, leave_out_tensors); } END_TEST

static void give_the_dead(walk *w)
{
    for (int i = 0; i < w->n_slots; i++) {
        tp_tensor *const was = *w->slot[i], *dead[9];
        tp_scope inner = tp_scope_open_at("an inner scope");
        for (int k = 0; k < 9; k++) dead[k] = tp_clone(was);             /* one in the middle is reused late */
        tp_scope_close(&inner);
        *w->slot[i] = dead[4];
        expect_failure(w, "a dead handle", TP_ERR_STATE, "an inner scope");
        *w->slot[i] = was;
    }
}

START_TEST(a_dead_handle_is_an_error_that_names_its_scope) { walk_and_say("dead handles", TP_F32, give_the_dead); } END_TEST

static void refuse_while_pending(walk *w)
{
    if (!walk_is_inplace(w)) return;
    tp_tensor *const x = tp_clone(tp_detach(*w->slot[0])), *const before = tp_clone(x);
    *w->slot[0] = x;
    tp_fail(TP_ERR_IO, "test: this one stays");
    expect_failure(w, "while an error is unread", TP_ERR_IO, "test: this one stays");
    if (!tp_equal(x, before)) walk_complain(w, "it writes while an error is unread");
}

static void refuse_a_leaf(walk *w)
{
    if (!walk_is_inplace(w) || !tp__is_floating(tp_dtype_of(*w->slot[0]))) return;
    tp_tensor *const x = tp_clone(tp_detach(*w->slot[0])), *const before = tp_clone(x), *out[WALK_OUTPUTS];
    int n;
    *w->slot[0] = x;
    tp_requires_grad(x, true);
    expect_failure(w, "a leaf that requires grad", TP_ERR_STATE, "leaf");
    if (!tp_equal(tp_detach(x), before)) walk_complain(w, "it writes a leaf that requires grad");
    TP_NO_GRAD();
    if (w->op->flags & TP__RELAYS) return;             /* a leaf keeps its shape */
    if (tp_op_invoke(w->op, w->sample.args, w->sample.n, out, WALK_OUTPUTS, &n)) walk_failed(w, "a leaf while not recording");
}

START_TEST(in_place_ops_refuse_leaves_and_what_comes_after_an_error)
{
    walk_and_say("an unread error", TP_F32, refuse_while_pending);
    walk_and_say("leaves", TP_F32, refuse_a_leaf);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------------------------------------------------------------- */

/* Forward and backward, with the n-th allocation failing, for each n: an error and nothing else. Leaks are for ASan to find. */
static void run_out_of_memory(walk *w)
{
    int slot[WALK_SLOTS];
    const int n = walk_leaves(w, slot);
    for (int64_t at = 1; at < 4000; at++) {
        TP_SCOPE();
        tp_tensor *dx[WALK_SLOTS];
        tp_mem_fail_at(at, false);
        const bool good = walk_gradients(w, slot, n, at % 2, dx) && !tp_failed();
        const int64_t counted = tp_mem_fail_at(0, false);
        if (!good && counted >= at && tp_error_status() != TP_ERR_MEMORY) walk_complain(w, "allocation %d fails: the error is %s", (int)at,
                                                                                        tp_failed() ? tp_last_error()->message : "none");
        checks++;
        if (good && counted < at) return;
        if (!good && counted < at) {
            walk_failed(w, "no allocation failed");
            return;
        }
        tp_clear_error();
    }
    walk_complain(w, "4000 allocations and no end");
}

START_TEST(an_allocation_that_fails_is_an_error)
{
    tp_mem_pools(false);
    walk_and_say("failing memory", TP_F32, run_out_of_memory);
}
END_TEST

START_TEST(the_list_of_ops_is_that_of_the_registry)
{
    const char *build = getenv("TAPER_BUILD");
    char command[600];
    ck_assert_msg(build, "TAPER_BUILD does not say where the program is; make test does");
    snprintf(command, sizeof command, "'%s/bin/taper' ops --markdown | cmp - docs/ops.md", build);
    ck_assert_msg(system(command) == 0, "docs/ops.md is old: make docs");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *tests = tcase_create("registry");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, schemas_parse_and_names_are_unique);
    tcase_add_test(tests, every_op_takes_its_arguments_by_position_and_by_name);
    tcase_add_test(tests, a_0_dim_tensor_is_a_tensor_before_it_is_a_number);
    tcase_add_test(tests, in_place_ops_write_what_they_are_given);
    tcase_add_test(tests, three_threads_give_the_same_bits_as_one);
    tcase_add_test(tests, arguments_that_do_not_fit_are_refused_with_the_schema);
    tcase_add_test(tests, a_list_that_is_not_there_is_refused);
    tcase_add_test(tests, a_null_tensor_gives_null);
    tcase_add_test(tests, a_dead_handle_is_an_error_that_names_its_scope);
    tcase_add_test(tests, in_place_ops_refuse_leaves_and_what_comes_after_an_error);
    tcase_add_test(tests, an_allocation_that_fails_is_an_error);
    tcase_add_test(tests, the_list_of_ops_is_that_of_the_registry);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
