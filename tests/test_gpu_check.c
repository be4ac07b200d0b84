/* tests/test_gpu_check.c: tools/gpu-check does what can be done without a GPU, says what it could not do and why, and fails where a step does;
 * tools/cuda-spills names the kernels that keep too much in memory. */
#include "cuda.h"
#include "program.h"

#include <sys/stat.h>

static bool has_line(const char *all, const char *begin, const char *part)
{
    for (const char *line = all; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const size_t n = strcspn(line, "\n");
        const char *found = strncmp(line, begin, strlen(begin)) == 0 ? strstr(line, part) : NULL;
        if (found && found < line + n) return true;
    }
    return false;
}

START_TEST(it_runs_what_can_be_run_on_the_simulated_device)
{
    const ended e = run("tools/gpu-check --simulate --torch ''");
    ck_assert_msg(e.status == 0, "status %d\n%s", e.status, e.all);
    ck_assert_msg(strstr(e.all, "Nothing here is a measurement"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| parity: some ops |", "| passed |"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| memcheck |", "| not run | compute-sanitizer needs a GPU"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| train_tinyrnn |", "| passed |"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| train_lenet |", "| not run |"), "%s", e.all);
    ck_assert_msg(strstr(e.all, "**step 4**"), "%s", e.all);
}
END_TEST

START_TEST(steps_are_chosen_and_the_exit_code_is_theirs)
{
    const ended e = run("TAPER_FIXTURES=/nowhere tools/gpu-check --simulate 1 2");
    ck_assert_msg(e.status == 2, "status %d\n%s", e.status, e.all);                          /* the bit of step 1 */
    ck_assert_msg(has_line(e.all, "| parity: some ops |", "FAILED"), "%s", e.all);
    ck_assert_msg(strstr(e.all, "**step 2**") && !strstr(e.all, "**step 0**"), "it went on, with the steps that were asked for\n%s", e.all);
    fails("tools/gpu-check 7", 2, "\"7\" is no step");
    static const char *const valued[] = { "--torch", "--fixtures", "--cases", "--pack" };
    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++) {
        char command[64], message[64];
        snprintf(command, sizeof command, "tools/gpu-check %s", valued[i]);
        snprintf(message, sizeof message, "%s wants a value", valued[i]);
        fails(command, 2, message);
    }
    const ended one = run("tools/gpu-check --simulate --torch '' --cases train_tinyrnn 3");
    ck_assert_msg(has_line(one.all, "| train_tinyrnn |", "| passed |") && !strstr(one.all, "op_add_1_nograd"), "the case that was asked for\n%s", one.all);
}
END_TEST

START_TEST(without_a_gpu_it_says_so)
{
    if (run("nvidia-smi -L").status == 0) return;      /* there is one: the whole check is no matter of a suite */
    fails("tools/gpu-check", 77, "there is no NVIDIA GPU here");
}
END_TEST

/* A program of the machine's, played by a script that comes first in PATH */
static void play(const char *name, const char *script)
{
    FILE *f = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fprintf(f, "#!/bin/sh\n%s\n", script), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(in_folder(name), 0755), 0);
}

START_TEST(a_driver_that_does_not_answer_is_no_gpu)
{
    play("nvidia-smi", "echo 'NVIDIA-SMI has failed because it could not communicate with the driver.'; exit 9");
    fails("PATH=%T:$PATH tools/gpu-check", 77, "there is no NVIDIA GPU here");
}
END_TEST

/* The real steps, on a machine that is played: what they ask of its programs, and what they make of the answers. */
START_TEST(steps_read_what_the_programs_of_the_machine_say)
{
    play("nvidia-smi", "case \"$*\" in *=name*) echo 'NVIDIA H100 80GB HBM3'; echo 'NVIDIA H100 80GB HBM3' ;; "
                       "*compute_cap*) echo 9.0 ;; *driver*) echo 570.1 ;; esac");
    play("compute-sanitizer", "[ \"$1 $3 $4 $5 $6\" = '--tool --error-exitcode 9 --target-processes all' ] || exit 3\n"
         "what=$2; shift 6; echo \"========= $TAPER_CUDA_ALLOC\"\n[ $what != memcheck ] || \"$@\" || exit 4\n"
         "[ $what != racecheck ] || { echo '========= RACECHECK SUMMARY: 2 hazards displayed (2 errors, 0 warnings)'; exit 9; }\n"
         "echo '========= ERROR SUMMARY: 0 errors'");
    const ended e = run("PATH=%T:$PATH TAPER_CUDA_BACKEND=$TAPER_BUILD/cuda-host/libtaper_cuda.so TAPER_RESULTS=%T tools/gpu-check --torch '' 2");
    ck_assert_msg(e.status == 4, "status %d\n%s", e.status, e.all);
    ck_assert_msg(has_line(e.all, "| memcheck |", "| passed | ========= ERROR SUMMARY: 0 errors"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| racecheck |", "| FAILED | exit 9: ========= RACECHECK SUMMARY: 2 hazards"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| initcheck |", "| passed |"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| memcheck: train_lenet |", "| passed |"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "# ", "NVIDIA H100 80GB HBM3") && has_line(e.all, "Driver 570.1", "PyTorch none"), "%s", e.all);
    ck_assert_int_eq(run("ls %T/*-nvidia-h100-80gb-hbm3-steps-2.md").status, 0);
}
END_TEST

/* Parts of the fixtures and suites run side by side, and each has its row. */
START_TEST(what_runs_side_by_side_is_told_one_by_one)
{
    play("nvidia-smi", "case \"$*\" in *=name*) echo 'NVIDIA H100 80GB HBM3' ;; esac");                  /* and no architecture, so nothing is built */
    ck_assert_int_eq(run("mkdir -p %T/bin").status, 0);
    play("bin/parity", "[ \"$3\" != 7/8 ] || { echo '9 passed, 1 failed, 0 skipped'; exit 1; }\necho \"part $3: 10 passed, 0 failed, 0 skipped\"");
    play("bin/test_cuda", "echo '34 checks'");
    play("bin/taper-bench", "echo runs");
    play("libtaper_cuda.so", "libcublasLt.so.13 libcudnn.so.9");

    play("bin/test_cuda_rows", "echo 'one is wrong'; exit 1");
    const ended e = run("PATH=%T:$PATH TAPER_BUILD=%T TAPER_RESULTS=%T tools/gpu-check --torch '' 1");
    ck_assert_msg(e.status == 2, "status %d\n%s", e.status, e.all);
    ck_assert_msg(has_line(e.all, "| parity: all fixtures, part 1 of 8 |", "| passed | part 1/8: 10 passed, 0 failed"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| parity: all fixtures, part 7 of 8 |", "| FAILED | exit 1: 9 passed, 1 failed"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| test_cuda |", "| passed | 34 checks"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| test_cuda_rows |", "| FAILED | exit 1: one is wrong"), "%s", e.all);
    ck_assert_msg(has_line(e.all, "| test_cuda_graph |", "| not run | it is not built"), "%s", e.all);
    const ended first = run("PATH=%T:$PATH TAPER_BUILD=%T TAPER_RESULTS=%T tools/gpu-check --torch '' 0");
    ck_assert_msg(has_line(first.all, "| libraries of the backend |", "| FAILED | it was built without libcufft.so;"), "%s", first.all);
    ck_assert_int_eq(run("rm -r %T/bin").status, 0);   /* the folder's end removes files alone */
}
END_TEST

/* What was built, packed; elsewhere, with nothing but the folder, it is run, with the libraries that it needs at hand; and a crash in a part of the
 * fixtures is followed by a process for each file. */
START_TEST(a_pack_is_run_where_there_is_nothing_else)
{
    if (run("command -v xz").status) {
        printf("skipped: xz is not installed\n");
        return;
    }
    play("nvidia-smi", "case \"$*\" in *=name*) echo 'NVIDIA H100 80GB HBM3' ;; *compute_cap*) echo 9.0 ;; esac");
    play("compute-sanitizer", "case $1 in --help) echo '  --launch-timeout arg (=10)'; exit ;; esac\n"
         "[ \"$7 $8\" = '--launch-timeout 60' ] || exit 3\nshift 8\n\"$@\"");
    ck_assert_int_eq(run("mkdir -p %T/built/bin %T/elsewhere && cp %B/taper %T/built/bin/ && cp %B/../libtaper.so.0 %T/built/").status, 0);
    play("built/bin/parity", "case \"$*\" in *'1/8'*--here*) kill -11 $$ ;; *--here*) echo \"in one process: 1 passed\" ;; "
                             "*--verbose*) echo '3 passed, 1 failed'; exit 1 ;; esac");
    play("built/bin/test_cuda", "echo \"$TAPER_BUILD\" | grep -q '/pack/build$' && ../pack/build/bin/taper --version && echo '34 checks'");
    play("built/bin/test_nn", "echo 'not of the device'");
    play("built/bin/taper-bench", "echo 'taper-bench: there is no NVIDIA driver'; exit 77");
    play("built/libtaper_cuda.so", "libcublasLt.so.13 libcudnn.so.9 libcufft.so.12");
    ended e = run("from=$PWD && cd %T && TAPER_BUILD=%T/built $from/tools/gpu-check --pack pack");
    ck_assert_msg(e.status == 0 && strstr(e.last, "of what it runs"), "status %d\n%.3000s", e.status, e.all);
    ck_assert_int_eq(run("tar -tJf %T/pack/gpu-check.tar.xz | grep spare/libjansson").status, 0);
    ck_assert_int_eq(run("tar -tJf %T/pack/gpu-check.tar.xz | grep test_nn").status, 1);
    ck_assert_int_eq(run("rm -r %T/built").status, 0);
    e = run("cd %T/elsewhere && env -i PATH=%T:/usr/bin:/bin ../pack/gpu-check --torch '' 0 1 2");
    ck_assert_msg(e.status == 3, "status %d\n%.3000s", e.status, e.all);
    ck_assert_msg(has_line(e.all, "| build |", "| not run | it came built"), "%.3000s", e.all);
    ck_assert_msg(has_line(e.all, "| libraries of the backend |", "passed"), "%.3000s", e.all);
    ck_assert_msg(has_line(e.all, "| the device answers |", "FAILED | exit 1: taper-bench: there is no NVIDIA driver"), "%.3000s", e.all);
    ck_assert_msg(has_line(e.all, "| parity: all fixtures, part 1 of 8 |", "FAILED | exit 1: 3 passed, 1 failed"), "%.3000s", e.all);
    ck_assert_msg(has_line(e.all, "| parity: all fixtures, part 2 of 8 |", "passed | in one process: 1 passed"), "%.3000s", e.all);
    ck_assert_msg(has_line(e.all, "| test_cuda |", "passed | 34 checks"), "%.3000s", e.all);
    ck_assert_msg(has_line(e.all, "| memcheck |", "passed | in one process: 1 passed"), "%.3000s", e.all);
    ck_assert_int_eq(run("grep -q 'exit code 3' %T/pack/*-nvidia-h100-80gb-hbm3-steps-012.md").status, 0);
    ck_assert_int_eq(run("grep -q '==== parity: all fixtures, part 1 of 8: exit 1' %T/pack/*.log").status, 0);
    ck_assert_int_eq(run("rm -r %T/pack %T/elsewhere").status, 0);
}
END_TEST

/* Whoever runs it may stop it: what is known by then is kept. */
START_TEST(a_run_that_is_stopped_leaves_what_it_knows)
{
    play("nvidia-smi", "case \"$*\" in *=name*) echo 'NVIDIA H100 80GB HBM3' ;; esac");
    play("compute-sanitizer", "case $1 in --help) exit ;; esac\nkill $(cat $TAPER_RESULTS/pid) 2> /dev/null; sleep 1");
    play("taper-bench", "exit 0");
    const ended e = run("PATH=%T:$PATH TAPER_BUILD=%T TAPER_RESULTS=%T tools/gpu-check --torch '' 4 2 & echo $! > %T/pid; wait $!");
    ck_assert_int_ne(e.status, 0);
    ck_assert_int_eq(run("grep -q 'ended before its time, after step 4' %T/*-steps-42.md").status, 0);
}
END_TEST

static void tell(int spilled)
{
    FILE *f = fopen(in_folder("fill.cu.told"), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fprintf(f, "ptxas info    : Compiling entry function '_Z4fillIfEvPT_xS0_' for 'sm_90'\n"
                                "ptxas info    : Function properties for _Z4fillIfEvPT_xS0_\n"
                                "    %d bytes stack frame, %d bytes spill stores, 4 bytes spill loads\n"
                                "ptxas info    : Used 255 registers, used 0 barriers\n", spilled, spilled), 0);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(a_kernel_that_spills_too_much_is_named)
{
    tell(64);
    ended e = run("tools/cuda-spills %T/fill.cu.told");
    ck_assert_msg(e.status == 0 && strstr(e.last, "1 functions, 1 of them spill; at most 255 registers"), "status %d\n%s", e.status, e.all);
    tell(68);
    e = run("tools/cuda-spills %T/fill.cu.told");
    ck_assert_msg(e.status == 1 && strstr(e.all, "68 bytes stored,     4 loaded  fill.cu: ") &&
                      strstr(e.all, "TOO MUCH: 64 are allowed"),
                  "status %d\n%s", e.status, e.all);
    fails("tools/cuda-spills /dev/null", 2, "nothing was told");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gpu_check");
    TCase *tests = tcase_create("script");
    tcase_set_timeout(tests, 120);
    if (!has_device(tests)) return suite_add_tcase(suite, tests), run_suite(suite);
    unsetenv("TAPER_CUDA_BACKEND");
    tcase_add_unchecked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, it_runs_what_can_be_run_on_the_simulated_device);
    tcase_add_test(tests, steps_are_chosen_and_the_exit_code_is_theirs);
    tcase_add_test(tests, without_a_gpu_it_says_so);
    tcase_add_test(tests, a_driver_that_does_not_answer_is_no_gpu);
    tcase_add_test(tests, steps_read_what_the_programs_of_the_machine_say);
    tcase_add_test(tests, what_runs_side_by_side_is_told_one_by_one);
    tcase_add_test(tests, a_pack_is_run_where_there_is_nothing_else);
    tcase_add_test(tests, a_run_that_is_stopped_leaves_what_it_knows);
    tcase_add_test(tests, a_kernel_that_spills_too_much_is_named);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
