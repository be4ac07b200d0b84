/* tests/test_cuda_examples.c: the examples with --device cuda, so small that the simulated device has them done in seconds: how they end, and what
 * they say last, which is what they say on the CPU. */
#include "cuda.h"
#include "program.h"

START_TEST(the_first_ones_learn_what_they_learn_on_the_cpu)
{
    ck_assert_str_eq(run("%B/xor --device cuda").last, "xor: 4 of 4 right");
    const ended there = run("%B/linear_regression --device cuda"), here = run("%B/linear_regression --device cpu");
    ck_assert_msg(there.status == 0, "%s", there.all);
    ck_assert_str_eq(there.last, here.last);
}
END_TEST

/* `command` with %s for the device: both end well, and with the number that the last line tells about the same. */
static void same_measure(const char *command, const char *what, double within)
{
    char there[512], here[512];
    snprintf(there, sizeof there, "%s --device cuda", command);
    snprintf(here, sizeof here, "%s --device cpu", command);
    const double got = measured(there, what), want = measured(here, what);
    ck_assert_msg(fabs(got - want) <= within, "%s: %g, and on the CPU %g", command, got, want);
}

START_TEST(images_are_learned)
{
    char program[4096];
    snprintf(program, sizeof program, "%s/bin/autoencoder", getenv("TAPER_BUILD") ? getenv("TAPER_BUILD") : ".");
    if (!access(program, X_OK))                        /* it is built where libpng is */
        same_measure("%B/autoencoder --images 4 --epochs 1 --batch-size 2 --workers 0 --picture %T/a.png", "test loss ", 0.01);
    same_measure("%B/lenet --model linear --epochs 0 --workers 0 --save %T/net", "test accuracy ", 0.01);
    same_measure("%B/resnet --images 8 --epochs 1 --batch-size 4 --model linear --workers 0 --save %T/net", "test accuracy ", 0.5);
    same_measure("%B/resnet --images 4 --epochs 0 --batch-size 4 --workers 0 --save %T/net", "test accuracy ", 0.01);
}
END_TEST

START_TEST(text_goes_on)
{
    same_measure("%B/char_rnn --data %T/text --epochs 0 --hidden 8 --window 8 --batch-size 2 --length 5 --temperature 0 --workers 0 --save %T/net",
                 "held-out bits per character ", 0.01);
    same_measure("%B/gpt --data %T/text --epochs 0 --width 8 --heads 2 --layers 1 --context 8 --batch-size 2 --length 5 --temperature 0 --workers 0"
                 " --save %T/net", "held-out bits per character ", 0.01);
}
END_TEST

START_TEST(a_net_goes_from_pytorch_and_back)
{
    const ended e = run("%B/interop --data tests/files/interop --save %T --device cuda");
    ck_assert_msg(e.status == 0, "status %d\n%s", e.status, e.all);
}
END_TEST

static void make_text(void)
{
    make_folder();
    char path[600];
    snprintf(path, sizeof path, "%s/text", folder);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 20; i++) fputs("the quick brown fox. ", f);
    ck_assert_int_eq(fclose(f), 0);
}

int main(void)
{
    Suite *suite = suite_create("cuda_examples");
    TCase *tests = tcase_create("programs");
    tcase_set_timeout(tests, 120);
    if (!has_device(tests)) return suite_add_tcase(suite, tests), run_suite(suite);
    tcase_add_unchecked_fixture(tests, make_text, remove_folder);
    tcase_add_test(tests, the_first_ones_learn_what_they_learn_on_the_cpu);
    tcase_add_test(tests, images_are_learned);
    tcase_add_test(tests, text_goes_on);
    tcase_add_test(tests, a_net_goes_from_pytorch_and_back);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
