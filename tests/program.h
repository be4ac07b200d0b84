/* tests/program.h: the build's programs, run as a user would. */
#ifndef TP_TESTS_PROGRAM_H
#define TP_TESTS_PROGRAM_H

#include "folder.h"

#include <sys/wait.h>

typedef struct ended { int status, lines; char last[512], all[8192]; } ended;

/* What `command` wrote to either stream, its last line, and its exit status. %B is the folder of the programs, %T a scratch folder. */
static inline ended run(const char *command)
{
    const char *build = getenv("TAPER_BUILD");
    ck_assert_msg(build, "TAPER_BUILD does not say where the programs are; make test does");
    char line[4096];
    size_t used = 0;
    for (const char *c = command; *c; c++) {
        const char *word = strncmp(c, "%B", 2) == 0 ? build : strncmp(c, "%T", 2) == 0 ? folder : NULL;
        used += (size_t)snprintf(line + used, sizeof line - used, word ? (word == build ? "%s/bin" : "%.199s") : "%.1s", word ? word : c);
        ck_assert_uint_lt(used, sizeof line - 16);
        c += word != NULL;
    }
    strcpy(line + used, " 2>&1");
    ended e = { .status = -1 };
    FILE *f = popen(line, "r");
    ck_assert_ptr_nonnull(f);
    used = fread(e.all, 1, sizeof e.all - 1, f);
    while (fgetc(f) != EOF) continue;
    const int status = pclose(f);
    e.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    while (used && e.all[used - 1] == '\n') e.all[--used] = 0;
    e.lines = used > 0;
    for (const char *c = e.all; *c; c++) e.lines += *c == '\n';
    const char *last = strrchr(e.all, '\n');
    snprintf(e.last, sizeof e.last, "%.500s", last ? last + 1 : e.all);
    return e;
}

/* It ends well, and the last line is `what` and a number, which is returned. */
static inline double measured(const char *command, const char *what)
{
    const ended e = run(command);
    ck_assert_msg(e.status == 0, "%s: status %d\n%s", command, e.status, e.all);
    ck_assert_msg(strncmp(e.last, what, strlen(what)) == 0, "%s: \"%s\"", command, e.last);
    return strtod(e.last + strlen(what), NULL);
}

/* It ends with this status and says one line, which has `part` in it. */
static inline void fails(const char *command, int status, const char *part)
{
    const ended e = run(command);
    ck_assert_msg(e.status == status && e.lines == 1 && strstr(e.all, part), "%s: status %d, %d lines\n%s", command, e.status, e.lines, e.all);
}

#endif
