/* tests/test_examples.c: the examples, as a user runs them, but for short: how they end, what they say last, and what they say of
 * options and files that will not do. */
#include "program.h"

START_TEST(each_tells_its_options_and_refuses_others)
{
    static const char *const names[] = { "lenet", "xor", "linear_regression", "char_rnn", "gpt", "interop", "resnet" };
    char command[64], usage[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(command, sizeof command, "%%B/%s --help", names[i]);
        snprintf(usage, sizeof usage, "usage: %s", names[i]);
        const ended e = run(command);
        ck_assert_msg(e.status == 0 && strncmp(e.all, usage, strlen(usage)) == 0, "%s: status %d\n%s", command, e.status, e.all);
        snprintf(command, sizeof command, "%%B/%s wrong", names[i]);
        fails(command, 2, "\"wrong\" is no option; see --help");
    }
    fails("%B/gpt --unheard-of 3", 2, "unrecognized option '--unheard-of'");
    fails("%B/gpt --epochs many", 2, "gpt: --epochs takes a whole number from 0 on, not \"many\"");
    fails("%B/gpt --batch-size=0", 2, "gpt: --batch-size takes a whole number from 1 on");
    fails("%B/gpt --lr nan", 2, "gpt: --lr takes a number from 0 on");
    fails("%B/gpt --device tpu", 2, "gpt: --device does not take \"tpu\"");
    fails("%B/char_rnn --cell tree", 2, "char_rnn: --cell does not take \"tree\"");
    fails("%B/char_rnn --cell", 2, "option '--cell' requires an argument");
    fails("%B/lenet --save %T/none/net", 2, "lenet: --save: no file can be written at ");
    fails("%B/resnet --run %T/", 2, "resnet: --run: no file can be written at ");
}
END_TEST

START_TEST(each_says_in_a_line_what_is_wrong_with_its_data)
{
    fails("%B/lenet --data %T", 1, "train-images-idx3-ubyte");
    fails("%B/interop --data %T", 1, "model.safetensors");
    fails("%B/char_rnn --data %T/none", 1, "none: No such file or directory");
    fails("%B/gpt --data %T", 1, "Is a directory");
    write_bytes(in_folder("short"), "abc", 3);
    fails("%B/gpt --data %T/short", 1, "3 characters, too few");
    write_bytes(in_folder("empty"), "", 0);
    fails("%B/gpt --data %T/empty", 1, "0 characters, too few");
    write_bytes(in_folder("bytes"), "a text that is cut in its last character: \xE2\x82", 44);
    fails("%B/char_rnn --data %T/bytes", 1, "byte 42 is no UTF-8");
    fails("%B/char_rnn --prompt '?'", 1, "\"?\" has a character that is not in the text, U+003F");
    fails("%B/char_rnn --prompt ''", 1, "the prompt is empty");
    if (!tp_cuda_is_available())
        for (const char *const *name = (const char *const[]){ "xor", "linear_regression", "lenet", NULL }; *name; name++) {
            char command[64], place[64];
            snprintf(command, sizeof command, "%%B/%s --device cuda", *name);
            snprintf(place, sizeof place, ", called from %s", *name);          /* xor.c:12, or xor+0x12c without libdw: not a place in Taper */
            fails(command, 1, "there is no device cuda:0");
            fails(command, 1, place);
        }
    const ended heads = run("%B/gpt --heads 5");
    ck_assert_msg(heads.status == 1 && strstr(heads.all, "gpt: a width of 96 cannot be cut into 5 heads"), "%s", heads.all);
}
END_TEST

START_TEST(the_small_ones_learn)
{
    ck_assert_str_eq(run("%B/xor").last, "xor: 4 of 4 right");
    ck_assert_int_eq(run("%B/linear_regression").status, 0);
    ck_assert_double_gt(measured("%B/lenet --model linear --epochs 1 --save %T/net", "test accuracy "), 0.6);
    const ended drawn = run("%B/lenet --model linear --epochs 0 --save %T/net");
    ck_assert_msg(strncmp(drawn.all, "linear, of 7850 parameters, on ", 31) == 0 && strstr(drawn.all, "##"), "%s", drawn.all);
}
END_TEST

START_TEST(char_rnn_learns_and_loads_what_it_saved)
{
    const double lstm = measured("%B/char_rnn --epochs 1 --hidden 32 --window 32 --batch-size 8 --length 40 --save %T/net", "held-out bits per character ");
    const double gru = measured("%B/char_rnn --cell gru --layers 2 --epochs 1 --hidden 32 --window 32 --batch-size 8 --temperature 0 --length 40"
                                " --workers 0 --save %T/net", "held-out bits per character ");
    ck_assert_msg(lstm > 0.5 && lstm < 3 && gru > 0.5 && gru < 3, "%g and %g bits", lstm, gru);      /* 4.75 at first */
}
END_TEST

START_TEST(char_rnn_reads_characters_of_several_bytes)
{
    FILE *f = fopen(in_folder("text"), "w");
    for (int i = 0; i < 300; i++) fputs("\xC3\xBC" "ber \xE2\x82\xAC 5 \xF0\x9F\x98\x80\n", f);
    fclose(f);
    const ended e = run("%B/char_rnn --data %T/text --epochs 1 --hidden 16 --window 16 --batch-size 4 --prompt "
                        "'\xC3\xBC' --length 10 --temperature 0 --lr 0.02 --save %T/net");
    ck_assert_msg(e.status == 0 && strstr(e.all, "3300 characters of 9 kinds, the last 330 held out"), "%s", e.all);
    ck_assert_msg(strstr(e.all, "\n\xC3\xBC" "ber \xE2\x82\xAC 5 \xF0\x9F\x98\x80\n"), "%s", e.all);   /* it has learned the line */
}
END_TEST

START_TEST(gpt_learns_and_its_caches_agree)
{
    const double bits = measured("%B/gpt --epochs 1 --width 32 --heads 2 --layers 2 --context 32 --batch-size 8 --dropout 0.1 --length 80 --lr 0.01"
                                 " --save %T/net", "held-out bits per character ");
    ck_assert_msg(bits > 0.5 && bits < 3.2, "%g bits", bits);
    const ended e = run("%B/gpt --epochs 0 --width 8 --heads 1 --layers 1 --context 1 --length 5 --save %T/net");
    ck_assert_msg(e.status == 0 && strstr(e.all, "\nwith and without caches the logits differ by "), "%s", e.all);
}
END_TEST

/* What the sample of learning began with, and went on with, comes again from the file. */
static void goes_on_as_before(const char *learn, const char *write)
{
    const ended learned = run(learn), written = run(write);
    ck_assert_msg(learned.status == 0 && written.status == 0 && strlen(written.all) > 8, "%s\n%s", learned.all, written.all);
    ck_assert_msg(strstr(learned.all, written.all), "%s\n is not in\n%s", written.all, learned.all);
}
/* "other" is "net" with another tensor of that name. */
static void replace(const char *name, tp_tensor *value)
{
    tp_named_tensor all[64];
    int64_t n = 0;
    tp_file *file = tp_file_open(in_folder("net"));
    for (; n < tp_file_count(file) && n < 64; n++)
        all[n] = (tp_named_tensor){ tp_file_name(file, n), strcmp(tp_file_name(file, n), name) == 0 ? value : tp_file_tensor(file, n) };
    ck_ok(tp_safetensors_save(in_folder("other"), all, n, NULL, 0));
    tp_file_close(file);
}
START_TEST(nets_that_were_saved_write_again)
{
    goes_on_as_before("%B/char_rnn --cell gru --layers 2 --epochs 0 --hidden 16 --prompt 'the old ' --length 32 --temperature 0 --save %T/net",
                      "%B/char_rnn --run %T/net --prompt 'the old ' --length 32 --temperature 0");
    goes_on_as_before("%B/char_rnn --epochs 0 --hidden 16 --prompt 'the old ' --length 32 --temperature 0 --save %T/net",
                      "%B/char_rnn --run %T/net --prompt 'the old ' --length 32 --temperature 0");
    goes_on_as_before("%B/gpt --epochs 0 --width 16 --heads 2 --layers 2 --context 16 --prompt 'the old ' --length 32 --temperature 0 --save %T/net",
                      "%B/gpt --run %T/net --prompt 'the old ' --length 32 --temperature 0");
    fails("%B/gpt --run %T/net --prompt 'the old young hungry fox'", 1, "the prompt has 24 characters, and the net sees 16 at once");
    fails("%B/gpt --run %T/none", 1, "none");
    fails("%B/char_rnn --run %T/net", 1, "rnn.weight_hh_l0");
    ck_assert_int_eq(run("%B/gpt --run %T/net --length 3").status, 0);                   /* begins with the first symbol */
    replace("heads", tp_zeros(TP_SHAPE(1), .dtype = TP_I64));
    fails("%B/gpt --run %T/other", 1, "a width of 16 cannot be cut into 0 heads");
    replace("heads", tp_full(TP_SHAPE(1), -2));
    fails("%B/gpt --run %T/other", 1, "a width of 16 cannot be cut into -2 heads");
    replace("characters", tp_zeros(TP_SHAPE(27)));
    fails("%B/gpt --run %T/other", 1, "the symbols of a net are a row of int64");
    const ended none = run("%B/char_rnn --epochs 0 --hidden 8 --prompt 'the old ' --length 0 --save %T/net");
    ck_assert_msg(none.status == 0 && strstr(none.all, "\nthe old \n"), "%s", none.all);
}
END_TEST

START_TEST(interop_agrees_with_what_pytorch_recorded)
{
    const ended e = run("%B/interop --data tests/files/interop --save %T");
    ck_assert_msg(e.status == 0 && e.lines == 5, "%s", e.all);
    ck_assert_int_ge(read_all(in_folder("taper.safetensors")), 16);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("examples");
    TCase *t = tcase_create("examples");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, each_tells_its_options_and_refuses_others);
    tcase_add_test(t, each_says_in_a_line_what_is_wrong_with_its_data);
    tcase_add_test(t, the_small_ones_learn);
    tcase_add_test(t, char_rnn_learns_and_loads_what_it_saved);
    tcase_add_test(t, char_rnn_reads_characters_of_several_bytes);
    tcase_add_test(t, gpt_learns_and_its_caches_agree);
    tcase_add_test(t, nets_that_were_saved_write_again);
    tcase_add_test(t, interop_agrees_with_what_pytorch_recorded);
    suite_add_tcase(s, t);
    return run_suite(s);
}
