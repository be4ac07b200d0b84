/* main.c: parity DIR: runs every fixture of a directory and says how many samples passed. */
#include "parity.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(FILE *out, int status)
{
    fputs("parity DIR [--ops NAME,..] [--part K/N] [--device cpu] [--threads N] [--skips FILE] [--registered] [--here] [--verbose]\n"
          "\n"
          "Makes the calls that the fixtures of DIR (*.safetensors) hold, and compares what comes out with what PyTorch computed.\n"
          "  --ops NAME,..   only the files of these: op, function, aten name or the registry's\n"
          "  --part K/N      every N-th file, from the K-th on: N runs side by side do all\n"
          "  --device D      cpu (the default), cuda or cuda:N\n"
          "  --threads N     of kernels\n"
          "  --skips FILE    lines \"OP, OP DTYPE or OP/SAMPLE, then a comma and the reason\": what is not run,\n"
          "                  1 % of a directory's samples at most\n"
          "  --registered    leaves out, and names, the ops that the registry lacks; they fail otherwise\n"
          "  --here          in this process, which a crash then ends; else each file is in one of its own\n"
          "  --verbose       each sample that failed, and what differed\n", out);
    return status;
}

/* ---- What came out ------------------------------------------------------------------------------------------------------------- */

typedef struct tally {
    const settings *settings;
    const char *stem;
    long counts[4], of_file[4], by_list;               /* by verdict */
    char first[512];                                   /* the file's first failure */
    char missing[8192];                                /* ops that are not there, and may */
} tally;

static void add_missing(tally *t, const char *op)
{
    const size_t n = strlen(t->missing), m = strlen(op);
    const bool again = n >= m && !strcmp(t->missing + n - m, op);        /* files of one op follow each other */
    if (!again && n + m + 3 < sizeof t->missing) snprintf(t->missing + n, sizeof t->missing - n, "%s%s", n ? ", " : "", op);
}

static void count(void *arg, const char *op, const char *id, verdict result, const char *message)
{
    tally *t = arg;
    t->counts[result]++;
    t->of_file[result]++;
    if (result == SKIPPED && *message) t->by_list++;
    if (result == MISSING) add_missing(t, op);
    if (result != FAILED) return;
    const int line = (int)strcspn(message, "\n");
    if (!*t->first) snprintf(t->first, sizeof t->first, "%s%s%.*s", id, *id ? ": " : "", line, message);
    if (!t->settings->verbose) return;
    printf("FAIL %s/%s\n", t->stem, *id ? id : "the file");
    for (const char *at = message; *at; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] != 0)) printf("     %.*s\n", (int)strcspn(at, "\n"), at);
}

static void summarize(const tally *t)
{
    if (t->of_file[FAILED])
        printf("%s: %ld/%ld/%ld, first %s\n", t->stem, t->of_file[PASSED], t->of_file[FAILED], t->of_file[SKIPPED], t->first);
}

static void show_progress(const char *stem, int i, int n)
{
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K%d/%d %s", i, n, stem);
}

static void hide_progress(void)
{
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
}

/* ---- The directory ------------------------------------------------------------------------------------------------------------- */

static int is_fixture(const struct dirent *entry)
{
    const size_t n = strlen(entry->d_name), end = strlen(SUFFIX);
    return n > end && !strcmp(entry->d_name + n - end, SUFFIX);
}

static void run_all(const settings *how, struct dirent *const *files, int n, bool *asked, tally *t)
{
    for (int i = 0; i < n; i++) {
        char path[4096], stem[256];
        if (how->parts && i % how->parts != how->part - 1) continue;
        snprintf(stem, sizeof stem, "%.*s", (int)(strlen(files[i]->d_name) - strlen(SUFFIX)), files[i]->d_name);
        const int length = snprintf(path, sizeof path, "%s/%s", how->directory, files[i]->d_name);
        t->stem = stem;
        *t->first = 0;
        memset(t->of_file, 0, sizeof t->of_file);
        show_progress(stem, i + 1, n);
        if (length < (int)sizeof path) worker_run_file(how, path, asked, count, t);
        else count(t, "", "", FAILED, "its path is too long\n");
        hide_progress();
        summarize(t);
    }
}

static bool all_asked(const char *ops, const bool *asked)
{
    bool all = true;
    int i = 0;
    for (const char *at = ops; at && *at; i++) {
        const size_t n = strcspn(at, ",");
        if (!asked[i]) fprintf(stderr, "parity: no fixture is of \"%.*s\"\n", (int)n, at), all = false;
        at += n + (at[n] == ',');
    }
    return all;
}

static bool few_enough(const char *ops)
{
    int n = ops && *ops;
    for (const char *at = ops; at && *at; at++) n += *at == ',';
    if (n > MOST_ASKED) fprintf(stderr, "parity: --ops takes %d names at most, and here are %d\n", MOST_ASKED, n);
    return n <= MOST_ASKED;
}

static int run(const settings *how)
{
    struct dirent **files = NULL;
    tally t = { .settings = how };
    if (!few_enough(how->ops)) return 2;
    const int n = scandir(how->directory, &files, is_fixture, alphasort);
    if (n < 0) {
        fprintf(stderr, "parity: cannot read %s: %s\n", how->directory, strerror(errno));
        return 1;
    }
    bool asked[MOST_ASKED] = { false };
    run_all(how, files, n, asked, &t);
    for (int i = 0; i < n; i++) free(files[i]);
    free(files);
    bool good = all_asked(how->ops, asked);
    const long all = t.counts[PASSED] + t.counts[FAILED] + t.counts[SKIPPED];
    if (*t.missing) printf("not in the registry: %s\n", t.missing);
    if (t.by_list) printf("%ld skipped by %s\n", t.by_list, how->skips);
    if (!how->ops && !how->parts && t.by_list * 100 > all) {
        fprintf(stderr, "parity: %s skips %ld of %ld samples, and 1 %% is the most\n", how->skips, t.by_list, all);
        good = false;
    }
    printf("%ld passed, %ld failed, %ld skipped\n", t.counts[PASSED], t.counts[FAILED], t.counts[SKIPPED]);
    return good && !t.counts[FAILED] && t.counts[PASSED] ? 0 : 1;
}

/* ---- The command line ---------------------------------------------------------------------------------------------------------- */

static bool parse_device(const char *text, tp_device *out)
{
    int index = 0;
    if (!strcmp(text, "cpu")) *out = TP_CPU;
    else if (!strcmp(text, "cuda") || (sscanf(text, "cuda:%d", &index) == 1 && index >= 0 && index < 64)) *out = TP_CUDA(index);
    else return false;
    return true;
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "ops", required_argument, NULL, 'o' }, { "device", required_argument, NULL, 'd' },
        { "threads", required_argument, NULL, 't' }, { "part", required_argument, NULL, 'p' }, { "skips", required_argument, NULL, 's' },
        { "registered", no_argument, NULL, 'r' }, { "here", no_argument, NULL, 'i' }, { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' }, { 0 } };
    settings s = { .device = TP_CPU, .skips = "tests/parity/skips.txt" };
    for (int c; (c = getopt_long(argc, argv, "hv", options, NULL)) != -1;) {
        if (c == 'o') s.ops = optarg;
        else if (c == 'd' && parse_device(optarg, &s.device)) continue;
        else if (c == 't' && (s.threads = atoi(optarg)) > 0) continue;
        else if (c == 'p' && sscanf(optarg, "%d/%d", &s.part, &s.parts) == 2 && s.part > 0 && s.part <= s.parts) continue;
        else if (c == 's') s.skips = optarg;
        else if (c == 'r') s.registered = true;
        else if (c == 'i') s.here = true;
        else if (c == 'v') s.verbose = true;
        else return c == 'h' ? usage(stdout, 0) : usage(stderr, 2);
    }
    if (argc - optind != 1) return usage(stderr, 2);
    s.directory = argv[optind];
    return run(&s);
}
