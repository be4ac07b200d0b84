/* tests/test_pt.c: what PyTorch saves is read, by a machine that runs nothing. tests/files/make.py made the files. */
#include "archive.h"
#include "failing.h"

/* ---- What PyTorch wrote ---------------------------------------------------------------------------------------------------------- */

static const char checkpoint[] = "tests/files/checkpoint.pt", tensors[] = "tests/files/tensors.pt";

START_TEST(tensors_and_numbers_are_named_by_the_way_to_them)
{
    TP_SCOPE();
    tp_file *f = tp_file_open(checkpoint);
    ck_assert_str_eq(tp_file_format(f), "pt");
    ck_assert_str_eq(tp_file_name(f, 0), "model.0.weight");
    ck_assert_int_eq(tp_file_shape(f, 0).dim[1], 3);
    ck_values(tp_file_get(f, "optimizer.state.2.step"), 2);
    ck_values(tp_file_get(f, "optimizer.param_groups.0.betas"), 0.8, 0.9);
    ck_values(tp_file_get(f, "optimizer.param_groups.0.params"), 0, 1, 2);
    ck_assert_int_eq(tp_file_dtype(f, tp_file_find(f, "epoch")), TP_I64);
    ck_values(tp_file_get(f, "epoch"), 7);
    ck_values(tp_file_get(f, "best"), 0.5);
    ck_assert_int_eq(tp_file_dtype(f, tp_file_find(f, "done")), TP_BOOL);
    ck_values(tp_file_get(f, "done"), 1);
    ck_values(tp_file_get(f, "sizes"), 1, 2, 3);
    ck_values(tp_file_get(f, "mixed.0"), 1);
    static const char *const skipped[][2] = { { "optimizer.param_groups.0.foreach", "None" }, { "optimizer.param_groups.0.fused", "None" },
        { "name", "str" }, { "none", "None" }, { "mixed.1", "str" }, { "counter", "collections.Counter" } };
    ck_assert_int_eq(tp_file_skipped_count(f), 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_str_eq(tp_file_skipped_at(f, i).name, skipped[i][0]);
        ck_assert_str_eq(tp_file_skipped_at(f, i).what, skipped[i][1]);
    }
    tp_free_all(f);
    ck_fine();
}
END_TEST

START_TEST(a_model_and_its_optimizer_go_on_as_in_pytorch)
{
    TP_SCOPE();
    tp_module *net = tp_sequential(tp_nn_linear(3, 2), tp_nn_linear(2, 2, .bias = false));
    tp_optimizer *opt = tp_adam(tp_parameters(net));
    ck_ok(tp_module_load(net, checkpoint, .prefix = "model."));
    ck_ok(tp_optimizer_load(opt, checkpoint, .prefix = "optimizer."));
    ck_assert_double_eq(tp_get_lr(opt), 0.1);
    const tp_tensor_list params = tp_parameters(net);
    for (int64_t i = 0; i < params.n; i++)
        ck_ok(tp_set_grad(params.at[i], tp_full(tp_shape_of(params.at[i]), 0.25 * ((double)i + 1) - 2)));
    ck_ok(tp_step(opt));
    tp_module *after = tp_sequential(tp_nn_linear(3, 2), tp_nn_linear(2, 2, .bias = false));
    ck_ok(tp_module_load(after, checkpoint, .prefix = "after."));
    for (int64_t i = 0; i < params.n; i++) ck_assert(tp_allclose(params.at[i], tp_parameters(after).at[i], 1e-6, 1e-7));

    ck_assert_int_eq(tp_module_load(net, checkpoint), TP_ERR_ARGUMENT);
    ck_error(TP_ERR_ARGUMENT, "checkpoint.pt does not fit Sequential: 3 missing (0.weight, 0.bias, 1.weight), 30 unexpected (model.0.weight");
    ck_assert_int_eq(tp_optimizer_load(opt, checkpoint, .prefix = "model."), TP_ERR_FORMAT);
    ck_message("optimizer_load: the file has no param_groups.0.params");
    tp_optimizer *sgd = tp_sgd(tp_parameters(net), .momentum = 0.5), *one = tp_adam(TP_TENSORS(params.at[0]));
    ck_assert_int_eq(tp_optimizer_load(sgd, checkpoint, .prefix = "optimizer."), TP_ERR_FORMAT);
    ck_message("optimizer_load: the file has 19 entries, of which 10 belong to this optimizer");
    ck_assert_double_eq(tp_get_lr(sgd), 1e-3);
    ck_assert_int_eq(tp_optimizer_load(one, checkpoint, .prefix = "optimizer."), TP_ERR_FORMAT);
    ck_message("optimizer_load: group 0 has 1 parameters, and in the file 3");
    tp_free_all(net, after, opt, sgd, one);
}
END_TEST

START_TEST(views_and_every_dtype_are_read)
{
    TP_SCOPE();
    tp_file *f = tp_file_open(tensors, .prefix = "views.");
    tp_tensor *base = tp_file_get(f, "base"), *turned = tp_file_get(f, "turned"), *row = tp_file_get(f, "row"), *wide = tp_file_get(f, "wide");
    ck_assert(tp_shares_storage(base, turned) && tp_shares_storage(base, row) && tp_shares_storage(base, wide));
    ck_assert_int_eq(tp_stride(turned, 0), 1);
    ck_assert_double_eq(tp__element(turned, 1), 6);
    ck_values(row, 6, 7, 8, 9, 10, 11);
    ck_values(wide, 3, 3, 3, 3, 3, 3);
    tp_fill_(row, 0);
    ck_assert_double_eq(tp__element(base, 7), 0);
    ck_values(tp_file_get(f, "scalar"), 2.5);
    ck_assert_int_eq(tp_ndim(tp_file_get(f, "scalar")), 0);
    ck_assert_int_eq(tp_size(tp_file_get(f, "none"), 1), 3);
    ck_values(tp_file_get(f, "parameter"), 1, 1);
    ck_assert_str_eq(tp_file_skipped_at(f, 0).name, "sparse");
    ck_assert_str_eq(tp_file_skipped_at(f, 0).what, "torch._utils._rebuild_sparse_tensor");
    tp_file_close(f);
    ck_values(row, 0, 0, 0, 0, 0, 0);

    static const tp_dtype dtypes[] = { TP_F32, TP_F64, TP_F16, TP_BF16, TP_I64, TP_I32, TP_I16, TP_I8, TP_U8 };
    f = tp_file_open(tensors, .prefix = "kinds.");
    ck_assert_int_eq(tp_file_count(f), 13);
    for (int i = 0; i < 9; i++) {
        ck_assert_str_eq(tp_file_name(f, i), tp_dtype_name(dtypes[i]));
        ck_assert_int_eq(tp_file_dtype(f, i), dtypes[i]);
        ck_values(tp_file_tensor(f, i), 0, 1, 2, 3);
    }
    ck_values(tp_file_get(f, "bool"), 0, 1, 1, 1);
    ck_assert_float_eq(((const float *)tp_data(tp_file_get(f, "complex64")))[6], 3);
    ck_assert_double_eq(((const double *)tp_data(tp_file_get(f, "complex128")))[6], 3);
    ck_assert_ptr_null(tp_file_get(f, "uint16"));
    ck_message("file_tensor: \"uint16\" is torch.uint16, which Taper lacks, in tests/files/tensors.pt");
    tp_file_close(f);
}
END_TEST

START_TEST(the_other_byte_order_is_turned_around)
{
    TP_SCOPE();
    tp_file *f = tp_file_open("tests/files/big.pt");
    ck_values(tp_file_get(f, "x"), 1.5, -2);
    ck_values(tp_file_get(f, "b"), 1);
    const float *z = tp_data(tp_file_get(f, "z"));
    ck_assert(z[0] == 1 && z[1] == 2);
    tp_file_close(f);
}
END_TEST

/* ---- Pickles of our own -------------------------------------------------------------------------------------------------------------- */

/* A string literal with zero bytes in it, less the 0 at its end. */
#define PICKLE(text) text, sizeof(text) - 1
#define STORAGE "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" "0X\x03\0\0\0cpuK\x04tQ"       /* of 4 floats */
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define REST "\x89}tR"                                 /* requires_grad, hooks */

static void write_pickle(const char *text, size_t n)
{
    static const float data[4] = { 1, 2, 3, 4 };
    write_archive(in_folder("x.pt"), (part[]){ { "a/data.pkl", text, n }, { "a/data/0", (const char *)data, sizeof data } }, 2, false);
}

START_TEST(containers_of_every_kind_are_walked)
{
    TP_SCOPE();
    /* {"a": OrderedDict([("b", 1)]), 5: (2.5, [True, None]), "s": {7}, "t": tensor} */
    write_pickle(PICKLE("\x80\x05\x95\0\0\0\0\0\0\0\0}(\x8c\x01" "a\x8c\x0b" "collections\x94\x8c\x0bOrderedDict\x93](\x8c\x01" "bK\x01\x86" "e\x85R"
                        "K\x05G\x40\x04\0\0\0\0\0\0](\x88Ne\x86\x8c\x01s\x8f(K\x07\x90\x8c\x01t" REBUILD "(" STORAGE
                        "K\x01K\x02\x85K\x02\x85" REST "u."));
    tp_file *f = tp_file_open(in_folder("x.pt"));
    ck_fine();
    ck_assert_int_eq(tp_file_count(f), 4);
    ck_values(tp_file_get(f, "a.b"), 1);
    ck_values(tp_file_get(f, "5.0"), 2.5);
    ck_values(tp_file_get(f, "5.1.0"), 1);
    ck_values(tp_file_get(f, "t"), 2, 4);
    ck_assert_int_eq(tp_file_skipped_count(f), 2);
    ck_assert_str_eq(tp_file_skipped_at(f, 1).what, "set");
    tp_file_close(f);
    write_pickle(PICKLE("\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."));
    f = tp_file_open(in_folder("x.pt"));
    ck_assert(tp_item_i64(tp_file_get(f, "")) == INT64_MAX);
    tp_file_close(f);
}
END_TEST

START_TEST(what_would_run_code_is_only_named)
{
    TP_SCOPE();
    write_pickle(PICKLE("\x80\x02}(X\x01\0\0\0" "xcposix\nsystem\nX\x0f\0\0\0touch /tmp/bad!\x85RX\x01\0\0\0ycbuiltins\neval\n)\x81}b"
                        "X\x01\0\0\0zcos\nsystem\nu."));
    tp_file *f = tp_file_open(in_folder("x.pt"));
    ck_fine();
    ck_assert_int_eq(tp_file_count(f), 0);
    ck_assert_int_eq(tp_file_skipped_count(f), 3);
    ck_assert_str_eq(tp_file_skipped_at(f, 0).what, "posix.system");
    ck_assert_str_eq(tp_file_skipped_at(f, 1).what, "builtins.eval");
    ck_assert_str_eq(tp_file_skipped_at(f, 2).what, "os.system");
    tp_file_close(f);
    write_pickle(PICKLE("\x80\x02" "ctorch.nn.modules.linear\nLinear\n)\x81}X\x06\0\0\0weightK\x01sb."));        /* a model as a whole */
    tp_module *m = tp_nn_linear(1, 1);
    char text[400];
    snprintf(text, sizeof text, "module_load: %s holds no tensors but a torch.nn.modules.linear.Linear: save its state_dict() instead", in_folder("x.pt"));
    tp_module_load(m, in_folder("x.pt"));
    ck_message(text);
    tp_module_free(m);
}
END_TEST

START_TEST(broken_and_hostile_pickles_are_refused)
{
    TP_SCOPE();
    static const struct { const char *text; size_t n; const char *message; } cases[] = {
        { PICKLE(""), "file_open: it ends too early, before byte 0 of the pickle, in %s" },
        { PICKLE("\x80"), "file_open: it ends too early, before byte 1 of the pickle, in %s" },
        { PICKLE("\x80\x06N."), "file_open: its protocol is newer than 5, before byte 2 of the pickle, in %s" },
        { PICKLE("."), "file_open: the stack is empty, before byte 1 of the pickle, in %s" },
        { PICKLE("Nx"), "file_open: opcode 0x78 at byte 1 of the pickle is none that is read, in %s" },
        { PICKLE("N(0"  "t."), "file_open: there is no mark, before byte 4 of the pickle, in %s" },
        { PICKLE("(0N1."), "file_open: there is no mark, before byte 4 of the pickle, in %s" },
        { PICKLE("N(a"), "file_open: the stack is empty, before byte 3 of the pickle, in %s" },
        { PICKLE("NNa."), "file_open: members are added to what takes none, before byte 3 of the pickle, in %s" },
        { PICKLE("}(Nu."), "file_open: members are added to what takes none, before byte 4 of the pickle, in %s" },
        { PICKLE("(Nd."), "file_open: a key has no value, before byte 3 of the pickle, in %s" },
        { PICKLE("h\x07."), "file_open: a value is recalled that was not remembered, before byte 2 of the pickle, in %s" },
        { PICKLE("Nr\xff\xff\xff\xff."), "file_open: too many values are remembered, before byte 6 of the pickle, in %s" },
        { PICKLE("X\xff\xff\xff\x7fhello"), "file_open: it ends too early, before byte 5 of the pickle, in %s" },
        { PICKLE("\x8d\xff\xff\xff\xff\xff\xff\xff\xffhello"), "file_open: it ends too early, before byte 9 of the pickle, in %s" },
        { PICKLE("]\x94h\0a."), "file_open: \"0\" holds itself, in %s" },
        { PICKLE("}(X\x01\0\0\0" "aK\x01X\x01\0\0\0" "aK\x02u."), "file_open: two entries are named \"a\", in %s" },
        { PICKLE("}X\x02\0\0\0" "a\0K\x01s."), "file_open: the name \"a\" has a zero byte in it, in %s" },
        { PICKLE("NQ."), "file_open: a persistent id names no storage, before byte 2 of the pickle, in %s" },
        { PICKLE("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" "9X\x03\0\0\0cpuK\x04tQ."), "file_open: there is no a/data/9, in %s" },
        { PICKLE("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x09\0\0\0../secretNK\x04tQ."), "file_open: there is no a/data/../secret, in %s" },
        { PICKLE("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" "0X\x03\0\0\0cpuK\x05tQ."),
            "file_open: a/data/0 has 16 bytes, and the pickle says 5 of 4, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\0K\x05\x85K\x01\x85" REST "."), "file_open: a tensor reaches beyond its storage, before byte 97 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\x04K\x01\x85K\x01\x85" REST "."),
            "file_open: a tensor reaches beyond its storage, before byte 97 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\0J\xff\xff\xff\xff\x85K\x01\x85" REST "."),
            "file_open: a tensor's sizes and strides are not up to 8 whole numbers each, before byte 100 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\0K\x02\x85J\xff\xff\xff\xff\x85" REST "."),
            "file_open: a tensor's sizes and strides are not up to 8 whole numbers each, before byte 100 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\0K\x02\x85)" REST "."),
            "file_open: a tensor's sizes and strides are not up to 8 whole numbers each, before byte 95 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "J\xff\xff\xff\xffK\x02\x85K\x01\x85" REST "."),
            "file_open: a tensor has no storage, or no place in it, before byte 100 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\0\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x86K\0K\0\x86" REST "."),
            "file_open: a tensor has more elements than 64 bits count, before byte 117 of the pickle, in %s" },
        { PICKLE(REBUILD "(" STORAGE "K\0K\x03\x85\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85" REST "."),
            "file_open: a tensor has more elements than 64 bits count, before byte 105 of the pickle, in %s" },
        { PICKLE(REBUILD ")R."), "file_open: a tensor has too few parts, before byte 35 of the pickle, in %s" },
        { PICKLE(REBUILD "NR."), "file_open: arguments are no tuple, before byte 35 of the pickle, in %s" },
        { PICKLE("ctorch._utils\n_rebuild_parameter\n)R."), "file_open: a parameter has no tensor, before byte 35 of the pickle, in %s" },
        { PICKLE("ccollections\nOrderedDict\n]Na\x85R."), "file_open: a dict is made of what are no pairs, before byte 30 of the pickle, in %s" },
    };
    char text[600];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_pickle(cases[i].text, cases[i].n);
        snprintf(text, sizeof text, cases[i].message, in_folder("x.pt"));
        tp_file *f = tp_file_open(in_folder("x.pt"));
        ck_assert_msg(!f, "case %zu opens", i);
        ck_assert_msg(!strcmp(tp_last_error()->message, text), "case %zu: \"%s\", not \"%s\"", i, tp_last_error()->message, text);
        tp_clear_error();
    }
}
END_TEST

START_TEST(depth_and_repetition_are_bounded)
{
    static char text[1 << 20];
    size_t n = 0;
    for (; n < 100000; n++) text[n] = ']';             /* lists within lists, one in the other at the end */
    for (; n < 199999; n++) text[n] = 'a';
    text[n++] = '.';
    write_archive(in_folder("x.pt"), (part[]){ { "a/data.pkl", text, n } }, 1, true);
    ck_assert_ptr_null(tp_file_open(in_folder("x.pt")));
    ck_error(TP_ERR_FORMAT, "is nested too deeply, in");

    n = 0;                                             /* each list holds the one before it twice: 2^40 ways to the number */
    text[n++] = ']';
    text[n++] = 'N';
    text[n++] = 'a';
    for (int i = 0; i < 40; i++) {
        memcpy(text + n, "\x94]h", 3);
        text[n + 3] = (char)i;
        text[n + 4] = 'a';
        text[n + 5] = 'h';
        text[n + 6] = (char)i;
        text[n + 7] = 'a';
        n += 8;
    }
    text[n++] = '.';
    write_archive(in_folder("x.pt"), (part[]){ { "a/data.pkl", text, n } }, 1, false);
    ck_assert_ptr_null(tp_file_open(in_folder("x.pt")));
    ck_assert(tp_error_status() == TP_ERR_FORMAT);
    tp_clear_error();

    memset(text, '(', sizeof text);                    /* marks without end */
    write_archive(in_folder("x.pt"), (part[]){ { "a/data.pkl", text, sizeof text } }, 1, true);
    ck_assert_ptr_null(tp_file_open(in_folder("x.pt")));
    ck_error(TP_ERR_FORMAT, "it ends too early");
}
END_TEST

START_TEST(no_cut_opens_whole_and_no_change_is_a_crash)
{
    write_pickle(PICKLE("\x80\x02}(X\x01\0\0\0" "t" REBUILD "(" STORAGE "K\x01K\x02\x85K\x02\x85" REST "X\x01\0\0\0nK\x07u."));
    cut_and_change(in_folder("x.pt"), in_folder("changed"));
    cut_and_change("tests/files/big.pt", in_folder("changed"));
}
END_TEST

static void load(void *arg)
{
    (void)arg;
    TP_SCOPE();
    for (int i = 0; i < 2; i++) {
        tp_file *f = tp_file_open(i ? tensors : "tests/files/big.pt", .prefix = i ? "views." : NULL);
        for (int64_t k = 0; k < tp_file_count(f); k++) tp_file_tensor(f, k);
        tp_file_close(f);
    }
}

typedef struct training { tp_module *net; tp_optimizer *opt; } training;

static void load_state(void *arg)
{
    const training *t = arg;
    tp_module_load(t->net, checkpoint, .prefix = "model.");
    tp_optimizer_load(t->opt, checkpoint, .prefix = "optimizer.");
}

START_TEST(each_failing_allocation_is_an_error_that_leaks_nothing)
{
    TP_SCOPE();
    every_point("pt", load, NULL, NULL);
    tp_module *net = tp_sequential(tp_nn_linear(3, 2), tp_nn_linear(2, 2, .bias = false));
    tp_optimizer *opt = tp_adam(tp_parameters(net));
    every_point("state of pt", load_state, NULL, &(training){ net, opt });
    tp_free_all(net, opt);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pt");
    TCase *tests = tcase_create("pt");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, tensors_and_numbers_are_named_by_the_way_to_them);
    tcase_add_test(tests, a_model_and_its_optimizer_go_on_as_in_pytorch);
    tcase_add_test(tests, views_and_every_dtype_are_read);
    tcase_add_test(tests, the_other_byte_order_is_turned_around);
    tcase_add_test(tests, containers_of_every_kind_are_walked);
    tcase_add_test(tests, what_would_run_code_is_only_named);
    tcase_add_test(tests, broken_and_hostile_pickles_are_refused);
    tcase_add_test(tests, depth_and_repetition_are_bounded);
    tcase_add_test(tests, no_cut_opens_whole_and_no_change_is_a_crash);
    tcase_add_test(tests, each_failing_allocation_is_an_error_that_leaks_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
