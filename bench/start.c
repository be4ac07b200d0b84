/* start.c: from the start of a process to the end of its first op. The parent notes the time, the child answers with its own. */
#include "bench.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

int bench_first_op(void)
{
    const double resident = bench_resident_mb();
    TP_SCOPE();
    const double two = tp_item(tp_add(tp_ones(TP_SHAPE(1)), 1));
    printf("%.3f %.3f\n", bench_now_us(), resident);
    return two == 2 ? tp_report_error(stderr) : 1;
}

/* One child; false when it could not be run or went wrong. */
static bool start_one(double *us, double *resident)
{
    int ends[2];
    if (pipe(ends)) return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    char name[] = "taper-bench", option[] = "--first-op";
    char *const argv[] = { name, option, NULL };
    pid_t child;
    const double start = bench_now_us();
    const int refused = posix_spawn(&child, "/proc/self/exe", &actions, NULL, argv, environ);
    close(ends[1]);
    posix_spawn_file_actions_destroy(&actions);
    char text[128] = "";
    double end = 0;
    int status = -1;
    if (!refused) {
        size_t length = 0;
        for (ssize_t got; length < sizeof text - 1 && (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0;) length += (size_t)got;
        waitpid(child, &status, 0);
    }
    close(ends[0]);
    if (status != 0 || sscanf(text, "%lf %lf", &end, resident) != 2) return false;
    *us = end - start;
    return true;
}

int bench_start(int threads)
{
    enum { TIMES = 21 };
    double us[TIMES], resident = 0;
    for (int i = 0; i < TIMES; i++)
        if (!start_one(&us[i], &resident)) {
            fputs("taper-bench: start: the child process failed\n", stderr);
            return 1;
        }
    char fields[64];
    snprintf(fields, sizeof fields, "\"base_rss_mb\": %.1f", resident);
    bench_print_line("start", threads, us, TIMES, fields);
    return 0;
}
