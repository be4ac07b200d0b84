/* arguments.h: the command line of an example as one table, of which --help is printed and the options are read. */
#ifndef EXAMPLES_ARGUMENTS_H
#define EXAMPLES_ARGUMENTS_H

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <taper/taper.h>

enum { MAX_ARGUMENTS = 24 };

/* --name VALUE. Where the value goes says what it may be: one of `text`, `number`, `real` and `device` is set. */
typedef struct argument {
    const char *name, *value, *help;
    const char **text;
    bool written;                                /* a text that is a path to write to: said to be none before the work, not after it */
    const char *const *choices;                  /* all that a text may be, up to a NULL; NULL: anything */
    int64_t *number, least;                      /* a whole number from `least` on */
    double *real;                                /* any number from `least` on */
    tp_device *device;                           /* cpu or cuda */
} argument;

static inline void print_help(const char *program, const char *about, const argument *table, int n)
{
    printf("usage: %s [options]     %s\n", program, about);
    for (int i = 0; i < n; i++) {
        const int written = printf("  --%s %s", table[i].name, table[i].value);
        printf("%*s", written < 19 ? 19 - written : 1, "");
        puts(table[i].help);
    }
    printf("  %-17s%s\n", "--help", "this text");
}

/* Whether a file can be made there: its folder is one that may be written to. */
static inline bool is_writable(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const bool is = folder && *path && (!slash || slash[1]) && access(folder, W_OK | X_OK) == 0;
    free(folder);
    return is;
}

/* False: a line on stderr has said why. */
static inline bool take_argument(const char *program, const argument *a, const char *given)
{
    static const char *const devices[] = { "cpu", "cuda", NULL };
    if (a->number) {
        char *end;
        *a->number = strtoll(given, &end, 10);
        if (end != given && !*end && *a->number >= a->least && *a->number < INT64_MAX)
            return true;
        fprintf(stderr, "%s: --%s takes a whole number from %lld on, not \"%s\"\n", program, a->name, (long long)a->least, given);
        return false;
    }
    if (a->real) {
        char *end;
        *a->real = strtod(given, &end);
        if (end != given && !*end && *a->real >= (double)a->least && *a->real <= 1e30)
            return true;
        fprintf(stderr, "%s: --%s takes a number from %lld on, not \"%s\"\n", program, a->name, (long long)a->least, given);
        return false;
    }
    const char *const *choice = a->device ? devices : a->choices;
    while (choice && *choice && strcmp(*choice, given) != 0)
        choice++;
    if (choice && !*choice) {
        fprintf(stderr, "%s: --%s does not take \"%s\"; see --help\n", program, a->name, given);
        return false;
    }
    if (a->written && !is_writable(given)) {
        fprintf(stderr, "%s: --%s: no file can be written at \"%s\"\n", program, a->name, given);
        return false;
    }
    if (a->device)
        *a->device = strcmp(given, "cuda") == 0 ? TP_CUDA(0) : TP_CPU;
    else
        *a->text = given;
    return true;
}

/* False when the program ends here, with *status: after --help, or because of what a line on stderr says. */
static inline bool read_arguments(int argc, char **argv, const char *program, const char *about, const argument *table, int n, int *status)
{
    struct option options[MAX_ARGUMENTS + 2] = { { "help", no_argument, NULL, 'h' } };
    for (int i = 0; i < n && i < MAX_ARGUMENTS; i++)
        options[i + 1] = (struct option){ table[i].name, required_argument, NULL, 'o' };
    *status = 2;
    for (int option, which = 0; (option = getopt_long(argc, argv, "h", options, &which)) != -1;)
        if (option == 'h') {
            print_help(program, about, table, n);
            *status = 0;
            return false;
        } else if (option != 'o' || !take_argument(program, &table[which - 1], optarg))
            return false;                        /* of what is no option getopt_long has said so */
    if (optind == argc)
        return true;
    fprintf(stderr, "%s: \"%s\" is no option; see --help\n", program, argv[optind]);
    return false;
}

#endif
