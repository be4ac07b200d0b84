/* tests/test_cuda_backend.c: whether there is a CUDA backend, and what is said where there is none, or one that does not fit. */
#include "cuda.h"

#include "core/op.h"

#include <sys/wait.h>

START_TEST(it_is_available_and_there_is_no_reason_why_not)
{
    ck_assert_msg(tp_cuda_is_available(), "%s", tp_cuda_why_not());
    ck_assert_str_eq(tp_cuda_why_not(), "");
    ck_assert_int_ge(tp_cuda_device_count(), 1);
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .device = TP_CUDA(15)));
    ck_error(TP_ERR_DEVICE, "zeros: there is no device cuda:15: the last is cuda:");
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .device = 1000));
    ck_message("zeros: 1000 is no device");
}
END_TEST

START_TEST(a_backend_that_is_not_there_is_named)
{
    setenv("TAPER_CUDA_BACKEND", "/nowhere/libtaper_cuda.so", 1);
    ck_assert(!tp_cuda_is_available());
    ck_assert_ptr_nonnull(strstr(tp_cuda_why_not(), "the CUDA backend cannot be loaded: /nowhere/libtaper_cuda.so"));
    ck_assert_int_eq(tp_cuda_device_count(), 0);
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .device = DEVICE));
    ck_error(TP_ERR_DEVICE, "/nowhere/libtaper_cuda.so");
}
END_TEST

START_TEST(an_empty_name_means_no_backend)
{
    setenv("TAPER_CUDA_BACKEND", "", 1);
    ck_assert(!tp_cuda_is_available());
    ck_assert_str_eq(tp_cuda_why_not(), "TAPER_CUDA_BACKEND is empty: no CUDA backend is wanted");
}
END_TEST

START_TEST(what_is_no_backend_is_told_so)
{
    setenv("TAPER_CUDA_BACKEND", "libm.so.6", 1);
    ck_assert(!tp_cuda_is_available());
    ck_assert_str_eq(tp_cuda_why_not(), "the CUDA backend cannot be loaded: libm.so.6 is no backend of Taper");
}
END_TEST

START_TEST(none_that_is_installed_is_told)
{
    unsetenv("TAPER_CUDA_BACKEND");                    /* beside the program there is none; the loader may know one */
    void *const found = dlopen("libtaper_cuda.so", RTLD_LAZY);
    if (found) return;
    ck_assert(!tp_cuda_is_available());
    ck_assert_str_eq(tp_cuda_why_not(), "the CUDA backend libtaper_cuda.so is not installed");
    ck_assert_ptr_null(tp_zeros(TP_SHAPE(2), .device = DEVICE));
    ck_message("zeros: there is no device cuda:0: the CUDA backend libtaper_cuda.so is not installed");
}
END_TEST

/* The one that nvcc made needs the driver's library. */
START_TEST(a_driver_that_is_missing_is_told)
{
    static const char *const made[] = { "libtaper_cuda.so", "../cuda-check/libtaper_cuda.so" };
    const char *build = getenv("TAPER_BUILD");
    char path[4096];
    void *const driver = dlopen("libcuda.so.1", RTLD_LAZY);
    for (size_t i = 0; i < sizeof made / sizeof *made && build; i++) {
        snprintf(path, sizeof path, "%s/%s", build, made[i]);
        if (driver || access(path, R_OK)) continue;
        setenv("TAPER_CUDA_BACKEND", path, 1);
        ck_assert(!tp_cuda_is_available());
        if (strstr(tp_cuda_why_not(), "of the interface")) {
            printf("skipped: %s is of an older build (make cuda)\n", made[i]);
            fflush(stdout);
            return;
        }
        ck_assert_str_eq(tp_cuda_why_not(), "there is no NVIDIA driver: libcuda.so.1 is not installed");
        return;
    }
    printf("skipped: %s\n", driver ? "there is a driver" : "no backend for a GPU was built (make cuda)");
    fflush(stdout);
}
END_TEST

/* A machine with a GPU need not have one, where all came built. */
static bool has_compiler(void)
{
    if (!system("set -- ${CC:-cc}; command -v \"$1\" > /dev/null")) return true;
    printf("skipped in part: there is no C compiler\n");
    fflush(stdout);
    return false;
}

/* It is not even loaded then, if it lies where it is installed: what it is linked to is large. */
START_TEST(without_a_driver_nothing_is_loaded)
{
    const char *build = getenv("TAPER_BUILD"), *cc = getenv("CC");
    char folder[] = "/tmp/taper-beside-XXXXXX", command[9000], line[4096], said[8192] = "";
    if (!build || dlopen("libcuda.so.1", RTLD_LAZY) || !has_compiler()) return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command,
             "cd %s && cp '%s/libtaper.so.0' . && "
             "echo '#include <stdio.h>\n__attribute__((constructor)) static void f(void) { puts(\"it is loaded\"); }' > f.c && "
             "%s -shared -fPIC f.c -o libtaper_cuda.so && TAPER_CUDA_BACKEND= && unset TAPER_CUDA_BACKEND && "
             "LD_LIBRARY_PATH=%s '%s/bin/taper-bench' --case op_add_1_nograd --device cuda --min-time 0 2>&1; rm -r %s",
             folder, build, cc ? cc : "cc", folder, build, folder);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    while (fgets(line, sizeof line, pipe)) strncat(said, line, sizeof said - strlen(said) - 1);
    pclose(pipe);
    ck_assert_msg(strstr(said, "there is no NVIDIA driver: libcuda.so.1 is not installed") && !strstr(said, "it is loaded"), "%s", said);
}
END_TEST

/* One that is linked to a library which is gone when it is loaded */
START_TEST(a_library_that_the_backend_needs_and_is_missing_is_named)
{
    const char *build = getenv("TAPER_BUILD"), *cc = getenv("CC");
    char folder[] = "/tmp/taper-backend-XXXXXX", command[9000], path[4096];
    if (!build || !has_compiler()) return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command,
             "cd %s && echo 'int f(void) { return 1; }' > f.c && echo 'int f(void); int g(void) { return f(); }' > g.c && "
             "%s -shared -fPIC -Wl,-soname,libcublasLt.so.99 f.c -o libf.so && %s -shared -fPIC g.c "
             "-Wl,--no-as-needed ./libf.so -o libtaper_cuda.so && rm libf.so f.c g.c",
             folder, cc ? cc : "cc", cc ? cc : "cc");
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/libtaper_cuda.so", folder);
    setenv("TAPER_CUDA_BACKEND", path, 1);
    const bool available = tp_cuda_is_available();
    unlink(path);
    rmdir(folder);
    ck_assert(!available);
    ck_assert_str_eq(tp_cuda_why_not(), "the CUDA backend needs libcublasLt.so.99 of the CUDA toolkit, which is not installed, "
                                        "or not where the loader looks (LD_LIBRARY_PATH)");
}
END_TEST

START_TEST(a_backend_for_another_interface_is_told)
{
    void *const plugin = dlopen(getenv("TAPER_CUDA_BACKEND"), RTLD_NOW | RTLD_LOCAL), *const symbol = plugin ? dlsym(plugin, "taper_backend_entry") : NULL;
    const tp_core_services older = { .abi = TP__BACKEND_ABI - 1 };
    tp_backend_entry_fn *entry;
    char why[200] = "", want[200];
    ck_assert_ptr_nonnull(symbol);
    memcpy(&entry, &symbol, sizeof entry);
    ck_assert_ptr_null(entry(TP__BACKEND_ABI - 1, &older, why, sizeof why));
    snprintf(want, sizeof want, "libtaper_cuda.so has version %d of the interface, this Taper version %d", TP__BACKEND_ABI, TP__BACKEND_ABI - 1);
    ck_assert_str_eq(why, want);
}
END_TEST

/* A plugin that gives what it has, without asking what is wanted */
START_TEST(a_backend_of_another_version_is_told)
{
    const char *build = getenv("TAPER_BUILD"), *cc = getenv("CC");
    char folder[] = "/tmp/taper-version-XXXXXX", command[9000], path[4096], want[200];
    if (!build || !has_compiler()) return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command,
             "cd %s && echo 'static const unsigned abi[1000] = { %u }; "
             "const void *taper_backend_entry(unsigned core) { return (void)core, abi; }' > f.c && "
             "%s -shared -fPIC f.c -o other.so && rm f.c", folder, TP__BACKEND_ABI + 1, cc ? cc : "cc");
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/other.so", folder);
    setenv("TAPER_CUDA_BACKEND", path, 1);
    const bool available = tp_cuda_is_available();
    unlink(path);
    rmdir(folder);
    ck_assert(!available);
    snprintf(want, sizeof want, "libtaper_cuda.so is of another version than Taper %s", tp_version());
    ck_assert_str_eq(tp_cuda_why_not(), want);
}
END_TEST

START_TEST(a_forked_child_is_told_so)
{
    ck_assert(tp_cuda_is_available());
    tp_tensor *x = tp_empty(TP_SHAPE(100), .device = DEVICE);
    const pid_t child = fork();
    if (!child) {
        const bool told = !tp_cuda_is_available() && strstr(tp_cuda_why_not(), "forked") && !tp_empty(TP_SHAPE(2), .device = DEVICE) && tp_failed();
        tp_clear_error();
        tp_print(x);                                   /* an error, and no crash */
        const bool refused = tp_failed();
        tp_clear_error();
        tp_drop(x);
        _exit(told && refused && isnan(tp_item(tp_empty(TP_SHAPE(1), .device = DEVICE))) ? 0 : 1);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(tp_cuda_is_available());
}
END_TEST

START_TEST(a_runtime_that_does_not_start_is_told)
{
    const struct { int error; const char *why; } rows[] = { { 35, "the NVIDIA driver is too old: it is for CUDA " }, { 100, "there is no CUDA device" },
                                                            { 719, "CUDA does not start: unspecified launch failure (cudaErrorLaunchFailure)" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const pid_t child = fork();                    /* it is looked for once in a process */
        if (!child) {
            char text[16];
            snprintf(text, sizeof text, "%d", rows[i].error);
            setenv("TAPER_CUDA_HOST_LOST", text, 1);
            _exit(tp_cuda_is_available() || strncmp(tp_cuda_why_not(), rows[i].why, strlen(rows[i].why)) ? 1 : 0);
        }
        int status = 1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(!status || !strstr(getenv("TAPER_CUDA_BACKEND"), "cuda-host"), "%s", rows[i].why);
    }
}
END_TEST

START_TEST(devices_that_are_too_old_are_told)
{
    if (!strstr(getenv("TAPER_CUDA_BACKEND"), "cuda-host")) return;
    for (int old = 1; old <= 2; old++) {
        const pid_t child = fork();
        if (!child) {
            setenv("TAPER_CUDA_HOST_OLD", old == 1 ? "1" : "2", 1);
            setenv("TAPER_CUDA_HOST_DEVICES", "2", 1);
            if (old == 2)
                _exit(tp_cuda_is_available()
                      || strcmp(tp_cuda_why_not(), "cuda:0, simulated device, has compute capability 7.5, and 8.0 is needed") ? 1 : 0);
            const bool works = tp_item(tp_ones(TP_SHAPE(1), .device = TP_CUDA(0))) == 1;
            const bool refused = !tp_ones(TP_SHAPE(1), .device = TP_CUDA(1)) &&
                                 strstr(tp_last_error()->message,
                                        "cuda:1, simulated device, has compute capability 7.5, and 8.0 is needed");
            _exit(works && refused ? 0 : 1);
        }
        int status = 1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(!status, "%d of two devices are old", old);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cuda backend");
    TCase *t = tcase_create("cuda backend");
    tcase_set_timeout(t, 120);
    if (!has_device(t)) return suite_add_tcase(s, t), run_suite(s);
    tcase_add_test(t, it_is_available_and_there_is_no_reason_why_not);
    tcase_add_test(t, a_backend_that_is_not_there_is_named);
    tcase_add_test(t, an_empty_name_means_no_backend);
    tcase_add_test(t, what_is_no_backend_is_told_so);
    tcase_add_test(t, none_that_is_installed_is_told);
    tcase_add_test(t, a_driver_that_is_missing_is_told);
    tcase_add_test(t, without_a_driver_nothing_is_loaded);
    tcase_add_test(t, a_library_that_the_backend_needs_and_is_missing_is_named);
    tcase_add_test(t, a_backend_for_another_interface_is_told);
    tcase_add_test(t, a_backend_of_another_version_is_told);
    tcase_add_test(t, a_forked_child_is_told_so);
    tcase_add_test(t, a_runtime_that_does_not_start_is_told);
    tcase_add_test(t, devices_that_are_too_old_are_told);
    suite_add_tcase(s, t);
    return run_suite(s);
}
