/* tests/parity_tool.h: build/CONFIG/bin/parity, run as a user would. */
#ifndef TP_TESTS_PARITY_TOOL_H
#define TP_TESTS_PARITY_TOOL_H

#include "expect.h"

#include <stdio.h>
#include <sys/wait.h>

static char output[1 << 20];                           /* what it printed */

/* Its exit status. variables: "NAME=VALUE .." */
static int run_parity(const char *variables, const char *directory, const char *options)
{
    const char *build = getenv("TAPER_BUILD");
    char command[2048];
    ck_assert_msg(build, "TAPER_BUILD does not say where the program is; make test does");
    snprintf(command, sizeof command, "%s '%s/bin/parity' '%s' %s 2>&1", variables, build, directory, options);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    const size_t n = fread(output, 1, sizeof output - 1, pipe);
    output[n] = 0;
    const int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "parity was ended by a signal: %s", output);
    return WEXITSTATUS(status);
}

#endif
