/* fuzz.h: what the fuzzers share: dice, telling of the case under way when it crashes or hangs, bounded memory, options.
 * Before it a fuzzer defines MOST_BYTES and HANGS_AFTER; it has tell(), which writes the case to stderr and may be called from a signal. */
#ifndef TP_TESTS_FUZZ_H
#define TP_TESTS_FUZZ_H

#include <taper/core.h>

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- Dice: splitmix64 (Steele, Lea & Flood 2014) ------------------------------------------------------------------------------------ */

static uint64_t state;
static uint64_t draw(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}
static int64_t below(int64_t n) { return (int64_t)(draw() % (uint64_t)n); }
static bool one_in(int n) { return below(n) == 0; }

/* ---- Crashes and hangs -------------------------------------------------------------------------------------------------------------- */

static void tell(void);

static void on_alarm(int signal_number)
{
    (void)signal_number;
    static const char text[] = "\nfuzz: this case hangs\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) > 0) tell();
    _exit(3);
}

/* A case hangs when it computes for HANGS_AFTER seconds, or waits for ten times as long: a busy machine is no hang. */
static void watch_for_hangs(bool on)
{
    setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = on ? HANGS_AFTER : 0 }, NULL);
    alarm(on ? 10 * HANGS_AFTER : 0);
}

static void on_crash(int signal_number)
{
    tell();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

#if defined(__SANITIZE_ADDRESS__)                      /* ASan has a callback; UBSan, a library of its own, aborts */
void __sanitizer_set_death_callback(void (*callback)(void));
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1"; }
#endif

static void tell_of_the_end(void)
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_death_callback(tell);
#else
    signal(SIGSEGV, on_crash);
    signal(SIGFPE, on_crash);
#endif
    signal(SIGABRT, on_crash);
    signal(SIGALRM, on_alarm);
    signal(SIGPROF, on_alarm);
}

/* ---- Memory: an allocation above MOST_BYTES fails ---------------------------------------------------------------------------------- */

static void *bounded_alloc(void *arg, size_t n, size_t align)
{
    (void)arg;
    void *memory = NULL;
    return n > MOST_BYTES || posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, n ? n : 1) ? NULL : memory;
}
static void bounded_release(void *arg, void *memory, size_t n)
{
    (void)arg, (void)n;
    free(memory);
}
static void bound_memory(void) { tp_set_allocator(&(tp_allocator){ .alloc = bounded_alloc, .release = bounded_release }); }

/* ---- Options ------------------------------------------------------------------------------------------------------------------------- */

typedef struct fuzz_options { double seconds; long long most, only, seed; const char *name; } fuzz_options;

/* `cases` and `name` are what the fuzzer calls its cases and what it is asked about. Returns false, with the exit status, when
 * there is nothing to run. */
static bool read_options(int argc, char **argv, const char *cases, const char *name, const char *usage, fuzz_options *o, int *exit_status)
{
    const struct option options[] = { { "seconds", required_argument, NULL, 's' }, { cases, required_argument, NULL, 'n' },
        { "seed", required_argument, NULL, 'r' }, { "case", required_argument, NULL, 'c' }, { name, required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    *o = (fuzz_options){ .seconds = 10, .only = -1, .seed = 1 };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 's': o->seconds = atof(optarg); break;
        case 'n': o->most = atoll(optarg); break;
        case 'r': o->seed = atoll(optarg); break;
        case 'c': o->only = atoll(optarg); break;
        case 'o': o->name = optarg; break;
        default:
            fputs(usage, c == 'h' ? stdout : stderr);
            *exit_status = c == 'h' ? 0 : 2;
            return false;
        }
    }
    return true;
}

#endif
