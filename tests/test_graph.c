/* tests/test_graph.c: the tape as text. */
#include "expect.h"
#include "failing.h"

#include <unistd.h>

static char text[1 << 16];
static tp_status draw(tp_tensor *x, const tp_graph_dot_options *o)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    const tp_status status = tp_graph_dot_with(x, out, o);
    fclose(out);
    return status;
}

#define HEAD "digraph taper {\n"
#define X(shape) "    x [shape=box, style=filled, fillcolor=lightgreen, label=\"" shape "\"];\n"
#define LEAF_BOX(i, label) "    l" #i " [shape=box, style=filled, fillcolor=lightblue, label=\"" label "\"];\n"
#define SAVED(n, k, label) "    s" #n "_" #k " [shape=box, style=filled, fillcolor=orange, label=\"" label "\"];\n" \
    "    s" #n "_" #k " -> n" #n " [style=dashed, arrowhead=none];\n"

static tp_tensor *made(tp_tensor *w, tp_tensor *b) { return tp_sum(tp_mul(tp_exp(w), b)); }

START_TEST(ops_leaves_and_what_was_saved_are_drawn)
{
    TP_SCOPE();
    tp_tensor *w = tp_ones(TP_SHAPE(2, 3), .requires_grad = true), *b = tp_ones(TP_SHAPE(3), .requires_grad = true);
    const tp_named_tensor names[] = { { "net.weight", w }, { "a \"b\" \\ c", b } };
    const tp_graph_dot_options o = { .size = offsetof(tp_graph_dot_options, tp__end), .names = names, .n_names = 2, .saved = true };
    const char *const want = HEAD X("[] float32") "    n0 -> x;\n"
        "    n0 [label=\"sum\"];\n    n1 -> n0 [label=\"input [2, 3]\"];\n"
        "    n1 [label=\"mul\"];\n"
        SAVED(1, 0, "other\\n[3] float32") SAVED(1, 1, "input\\n[2, 3] float32")
        "    n2 -> n1 [label=\"input [2, 3]\"];\n"
        LEAF_BOX(0, "a \\\"b\\\" \\\\ c\\n[3] float32") "    l0 -> n1 [label=\"other [3]\"];\n"
        "    n2 [label=\"exp\"];\n" SAVED(2, 0, "output\\n[2, 3] float32")
        LEAF_BOX(1, "net.weight\\n[2, 3] float32") "    l1 -> n2 [label=\"input\"];\n}\n";
    for (int round = 0; round < 2; round++) {          /* two graphs that are alike: addresses are not told */
        ck_ok(draw(made(w, b), &o));
        ck_assert_str_eq(text, want);
        tp_ones(TP_SHAPE(100));
    }
}
END_TEST

START_TEST(what_is_unnamed_or_left_out_and_a_graph_that_is_freed)
{
    TP_SCOPE();
    tp_tensor *w = LEAF(1, 2), *b = LEAF(3, 4), *loss = made(w, b);
    ck_ok(tp_backward(loss));
    ck_ok(draw(loss, &(tp_graph_dot_options){ .size = offsetof(tp_graph_dot_options, tp__end) }));
    ck_assert_str_eq(text, HEAD X("[] float32") "    n0 -> x;\n"
        "    n0 [label=\"sum\"];\n    n1 -> n0 [label=\"input [2]\"];\n"
        "    n1 [label=\"mul\", color=gray, fontcolor=gray];\n    n2 -> n1 [label=\"input\"];\n"
        LEAF_BOX(0, "leaf\\n[2] float32") "    l0 -> n1 [label=\"other\"];\n"
        "    n2 [label=\"exp\", color=gray, fontcolor=gray];\n" LEAF_BOX(1, "leaf\\n[2] float32") "    l1 -> n2 [label=\"input\"];\n}\n");
}
END_TEST

static tp_tensor *twice_forward(tp_context *call, tp_tensor *const *x)
{
    tp_save(call, x[0]);
    return tp_mul(x[0], 2.0);
}
static tp_status twice_backward(tp_context *call, tp_tensor *dy, tp_tensor **dx)
{
    (void)call;
    dx[0] = tp_mul(dy, 2.0);
    return tp_error_status();
}
static const tp_function twice = { .name = "twice", .forward = twice_forward, .backward = twice_backward };
static void *pack(void *arg, tp_tensor *x) { (void)arg; return tp_keep(tp_clone(x)); }
static tp_tensor *unpack(void *arg, void *packed) { (void)arg; return packed; }
static void drop(void *arg, void *packed) { (void)arg; tp_free(packed); }

START_TEST(functions_of_ones_own_packed_tensors_and_several_outputs)
{
    TP_SCOPE();
    tp_tensor *x = tp_ones(TP_SHAPE(2, 2), .requires_grad = true), *y, *where;
    {
        TP_SAVED_TENSORS_HOOKS(pack, unpack, drop, NULL);
        y = tp_apply(&twice, tp_max_dim(x, 1, false, &where));
    }
    ck_ok(draw(y, NULL));
    ck_assert_str_eq(text, HEAD X("[2] float32") "    n0 -> x;\n"
        "    n0 [label=\"twice\", style=bold];\n" SAVED(0, 0, "saved 0\\n[2] float32\\npacked") "    n1 -> n0 [label=\"0\\noutput 0\"];\n"
        "    n1 [label=\"max\"];\n" SAVED(1, 0, "output 1\\n[2] int64\\npacked")
        LEAF_BOX(0, "leaf\\n[2, 2] float32") "    l0 -> n1 [label=\"input [2, 2]\"];\n}\n");
}
END_TEST

START_TEST(a_leaf_and_a_constant_are_drawn_alone)
{
    TP_SCOPE();
    ck_ok(draw(LEAF(1, 2), NULL));
    ck_assert_str_eq(text, HEAD X("[2] float32") LEAF_BOX(0, "leaf\\n[2] float32") "    l0 -> x;\n}\n");
    ck_ok(draw(tp_ones(TP_SHAPE(3), .dtype = TP_I64), NULL));
    ck_assert_str_eq(text, HEAD X("[3] int64") "}\n");
}
END_TEST

START_TEST(a_shared_node_is_drawn_once_and_a_large_graph_at_all)
{
    TP_SCOPE();
    tp_tensor *x = LEAF(1), *y = x;
    for (int i = 0; i < 100000; i++) y = tp_add(y, y);
    FILE *out = fopen("/dev/null", "w");
    ck_ok(tp_graph_dot(y, out));
    fclose(out);
    ck_ok(draw(tp_add(tp_mul(x, x), tp_mul(x, x)), NULL));
    int leaves = 0;
    for (const char *at = text; (at = strstr(at, "fillcolor=lightblue")); at++) leaves++;
    ck_assert_int_eq(leaves, 1);
}
END_TEST

START_TEST(it_goes_to_a_path_as_well_and_errors_are_told)
{
    TP_SCOPE();
    char path[256], read[4096] = "";
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/taper-graph-%ld.dot", folder ? folder : "/tmp", (long)getpid());
    tp_tensor *y = tp_exp(LEAF(1, 2));
    ck_ok(tp_graph_dot(y, path, .saved = false));
    FILE *in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_uint_gt(fread(read, 1, sizeof read - 1, in), 0);
    fclose(in);
    remove(path);
    ck_assert_ptr_nonnull(strstr(read, "label=\"exp\""));
    ck_assert_int_eq(tp_graph_dot(y, "/nowhere/at/all.dot"), TP_ERR_IO);
    ck_error(TP_ERR_IO, "graph_dot: cannot open /nowhere/at/all.dot");
    ck_assert_int_eq(tp_graph_dot(NULL, path), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "graph_dot: the tensor is NULL");
    ck_assert_int_eq(tp_graph_dot(y, (FILE *)NULL), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "graph_dot: where to write is NULL");
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    ck_assert_int_eq(tp_graph_dot(y, full), TP_ERR_IO);
    ck_error(TP_ERR_IO, "cannot be written");
    fclose(full);
}
END_TEST

static void drawn(void *arg)
{
    (void)arg;
    TP_SCOPE();
    tp_tensor *y = tp_ones(TP_SHAPE(2), .requires_grad = true);
    for (int i = 0; i < 100; i++) y = tp_mul(y, 2.0);
    if (y) draw(y, NULL);
}
START_TEST(every_allocation_may_fail) { every_point("drawing a graph", drawn, NULL, NULL); }
END_TEST

int main(void)
{
    Suite *s = suite_create("graph");
    TCase *t = tcase_create("graph");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, ops_leaves_and_what_was_saved_are_drawn);
    tcase_add_test(t, what_is_unnamed_or_left_out_and_a_graph_that_is_freed);
    tcase_add_test(t, functions_of_ones_own_packed_tensors_and_several_outputs);
    tcase_add_test(t, a_leaf_and_a_constant_are_drawn_alone);
    tcase_add_test(t, a_shared_node_is_drawn_once_and_a_large_graph_at_all);
    tcase_add_test(t, it_goes_to_a_path_as_well_and_errors_are_told);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return run_suite(s);
}
