/* test_cuda_parity.c: what PyTorch computed, on the device: the tree's fixtures of ops, modules and training runs, by build/CONFIG/bin/parity,
 * and on the simulated device under each order of threads and three of streams, one of them without cuDNN. Nothing runs on the CPU behind the
 * device's back: there a call of an op's kernel that gave the device nothing to do is an error (cuda/host/watch.cpp), and there are no fewer
 * launches, fills and copies within the device than calls. */
#include "cuda.h"
#include "parity_tool.h"

/* The sums of a file's lines, which hold three numbers each; 0: it is not there. */
typedef struct sums { long long launches, given, calls; } sums;
static sums sums_of(const char *path)
{
    sums sum = { 0, 0, 0 }, one;
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%lld %lld %lld", &one.launches, &one.given, &one.calls) == 3)
        sum.launches += one.launches, sum.given += one.given, sum.calls += one.calls;
    if (file) fclose(file);
    return sum;
}

static void run_whole(const char *directory, int order)
{
    const char *tmp = getenv("TMPDIR"), *last;
    char report[600], variables[800];
    long long passed;
    snprintf(report, sizeof report, "%s/taper-launches-XXXXXX", tmp ? tmp : "/tmp");
    const int file = mkstemp(report);
    ck_assert_int_ge(file, 0);
    close(file);
    snprintf(variables, sizeof variables,
             "TAPER_CUDA_HOST_REPORT='%s' TAPER_CUDA_HOST_ORDER=%d TAPER_CUDA_HOST_SEED=%d TAPER_CUDA_CUDNN=%d", report,
             order, order + 1, order != 1);
    ck_assert_msg(!run_parity(variables, directory, "--device cuda"), "%s", output);
    const sums sum = sums_of(report);
    remove(report);
    for (last = strstr(output, " passed, 0 failed"); last && last > output && last[-1] != '\n'; last--) continue;
    ck_assert_msg(last && sscanf(last, "%lld passed", &passed) == 1 && passed > 0, "%s", output);
    printf("%s, order %d: %lld samples passed, %lld kernels of ops called, %lld launches, %lld with fills and copies\n",
           directory, order, passed, sum.calls, sum.launches, sum.given);
    fflush(stdout);
    if (!cuda_host_function("taper_cuda_host_counters") && !strstr(getenv("TAPER_CUDA_BACKEND"), "cuda-host")) return;
    ck_assert_msg(sum.calls >= passed, "%lld calls for %lld samples", sum.calls, passed);
    ck_assert_msg(sum.given >= sum.calls && sum.launches, "%lld launches, fills and copies for %lld calls", sum.given, sum.calls);
}

START_TEST(every_op_does_what_pytorch_does) { run_whole("tests/parity/fixtures", _i); }
END_TEST
START_TEST(every_module_does_what_pytorch_does) { run_whole("tests/parity/fixtures/modules", _i); }
END_TEST
START_TEST(every_run_goes_as_pytorch_s) { run_whole("tests/parity/runs", 0); }
END_TEST
int main(void)
{
    Suite *s = suite_create("cuda_parity");
    TCase *t = tcase_create("fixtures on the device");
    tcase_set_timeout(t, 600);
    if (has_device(t)) {
        tcase_add_loop_test(t, every_op_does_what_pytorch_does, 0, 3);
        tcase_add_loop_test(t, every_module_does_what_pytorch_does, 0, 3);
        tcase_add_test(t, every_run_goes_as_pytorch_s);
    }
    suite_add_tcase(s, t);
    return run_suite(s);
}
