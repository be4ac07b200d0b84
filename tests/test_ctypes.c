/* test_ctypes.c: runs Python scripts on the shared library, so that what bindings rest on is tested by one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED 0
#endif

/* Why it cannot run here; NULL: it can. */
static const char *obstacle(const char *build)
{
    if (SANITIZED) return "an interpreter cannot load a sanitized library";
    if (!build) return "TAPER_BUILD does not say where the shared library is; make test does";
    if (access("tests/test_ctypes.py", R_OK)) return "tests/test_ctypes.py is not below the current folder";
    if (system("command -v python3 > /dev/null 2>&1 && python3 -c 'import ctypes' 2> /dev/null")) return "there is no python3 with ctypes";
    return NULL;
}

static void run_script(const char *name)
{
    char command[4096];
    const char *build = getenv("TAPER_BUILD"), *why_not = obstacle(build);
    if (why_not) {
        printf("skipped: %s\n", why_not);
        fflush(stdout);
        return;
    }
    ck_assert_int_lt(snprintf(command, sizeof command, "python3 -B tests/%s '%s/libtaper.so'", name, build), (int)sizeof command);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(every_op_can_be_called_from_another_language)
{
    run_script("test_ctypes.py");
}
END_TEST

START_TEST(memory_is_shared_with_numpy)
{
    run_script("test_dlpack.py");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctypes");
    TCase *tests = tcase_create("ctypes");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_op_can_be_called_from_another_language);
    tcase_add_test(tests, memory_is_shared_with_numpy);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
