/* worker.c: runs a file in a process of its own, which tells by a pipe how each sample went. Where it crashes or hangs, the sample
 * that it was at has failed, and another process goes on with the next. With --here a thread of this process runs it, so that a tool which watches
 * one process sees all, and a device is started once; a crash is then the end. */
#define _GNU_SOURCE
#include "parity.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 120 };                                /* a sample takes milliseconds, also under a sanitizer */

enum { BEGUN = 1, ENDED, PROBLEM, ASKED, FINISHED };
typedef struct record {                                /* one pipe write each, so records never mix */
    int32_t what, index, verdict, length;
    char op[96], id[32];
} record;

/* ---- The child ------------------------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const void *from, size_t n)
{
    for (const char *at = from; n;) {
        const ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void tell(int fd, record r, const char *message)
{
    r.length = (int32_t)strlen(message);
    if (!write_all(fd, &r, sizeof r) || !write_all(fd, message, (size_t)r.length)) exit(1);
}

static void run_from(int fd, const settings *how, const fixture *f, int first)
{
    static sample s;
    for (int i = first; i < fixture_count(f); i++) {
        bool is_error;
        record r = { .what = BEGUN, .index = i };
        const char *id = text_at(fixture_sample(f, i, &is_error), "id");
        snprintf(r.id, sizeof r.id, "%s", id ? id : "?");
        tell(fd, r, "");
        alarm(SECONDS);
        sample_run(&s, how, f, i);
        alarm(0);
        r.what = ENDED;
        r.verdict = (int32_t)s.verdict;
        snprintf(r.op, sizeof r.op, "%s", s.op);
        tell(fd, r, s.message);
        sample_end(&s);
    }
}

static void work(int fd, const settings *how, const char *path, int first)
{
    fixture f;
    int which = 0;
    record r = { .what = ENDED, .verdict = MISSING };
    if (how->threads) tp_set_num_threads(how->threads);
    if (!fixture_open(&f, path)) {
        tell(fd, (record){ .what = PROBLEM }, f.problem);
    } else if (!how->ops || name_is_asked_for(how->ops, &f, &which)) {
        tell(fd, (record){ .what = ASKED, .index = which }, "");
        if (how->registered && name_is_missing(&f, r.op, sizeof r.op)) tell(fd, r, "");
        else run_from(fd, how, &f, first);
    }
    fixture_close(&f);
    tell(fd, (record){ .what = FINISHED }, "");
}

typedef struct task { int fd; const settings *how; const char *path; } task;
static void *work_here(void *of)
{
    const task *t = of;
    work(t->fd, t->how, t->path, 0);
    close(t->fd);
    return NULL;
}

/* ---- The parent --------------------------------------------------------------------------------------------------------------------- */

static bool read_all(int fd, void *to, size_t n)
{
    for (char *at = to; n;) {
        const ssize_t done = read(fd, at, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

typedef struct watch { record last; bool running, finished, *asked; outcome_fn *told; void *arg; const char *stem; } watch;

static void hear(watch *w, int fd)
{
    static char message[sizeof ((sample *)0)->message];
    record r;
    while (read_all(fd, &r, sizeof r)) {
        if (r.length < 0 || (size_t)r.length >= sizeof message || !read_all(fd, message, (size_t)r.length)) return;
        message[r.length] = 0;
        if (r.what == BEGUN) w->last = r, w->running = true;
        if (r.what == ASKED && r.index < MOST_ASKED) w->asked[r.index] = true;
        if (r.what == FINISHED) w->finished = true;
        if (r.what == PROBLEM) w->told(w->arg, w->stem, "", FAILED, message);
        if (r.what == ENDED) {
            w->running = false;
            w->told(w->arg, r.op, r.id, (verdict)r.verdict, message);
        }
    }
}

static void explain(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) snprintf(out, size, "it ran for more than %d seconds\n", SECONDS);
    else if (WIFSIGNALED(status)) snprintf(out, size, "it crashed: %s\n", strsignal(WTERMSIG(status)));
    else snprintf(out, size, "the process ended with the status %d\n", WEXITSTATUS(status));
}

static bool run_here(watch *w, const settings *how, const char *path)
{
    int fds[2];
    pthread_t thread;
    if (pipe2(fds, O_CLOEXEC)) return false;
    task t = { fds[1], how, path };
    if (pthread_create(&thread, NULL, work_here, &t)) {
        close(fds[0]);
        close(fds[1]);
        return false;
    }
    hear(w, fds[0]);
    pthread_join(thread, NULL);
    close(fds[0]);
    return w->finished;
}

/* Runs the samples from `first` on. Returns the one to go on with after a crash, or -1 at the end. */
static int run_once(watch *w, const settings *how, const char *path, int first)
{
    int fds[2], status = 0;
    char why[128];
    fflush(NULL);
    const bool piped = pipe2(fds, O_CLOEXEC) == 0;
    const pid_t child = piped ? fork() : -1;
    if (child < 0) {
        w->told(w->arg, w->stem, "", FAILED, "no process could be started\n");
        return -1;
    }
    if (child == 0) {
        close(fds[0]);
        signal(SIGPIPE, SIG_DFL);
        work(fds[1], how, path, first);
        exit(0);                                       /* a sanitizer looks for leaks on the way out */
    }
    close(fds[1]);
    w->running = w->finished = false;
    hear(w, fds[0]);
    close(fds[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (status == 0 && w->finished) return -1;
    explain(status, why, sizeof why);
    w->told(w->arg, w->stem, w->running ? w->last.id : "", FAILED, why);
    return w->running ? w->last.index + 1 : -1;
}

void worker_run_file(const settings *how, const char *path, bool *asked, outcome_fn *told, void *arg)
{
    const char *slash = strrchr(path, '/');
    char stem[256];
    snprintf(stem, sizeof stem, "%s", slash ? slash + 1 : path);
    stem[strlen(stem) - strlen(SUFFIX)] = 0;
    watch w = { .asked = asked, .told = told, .arg = arg, .stem = stem };
    if (how->here && !run_here(&w, how, path)) told(arg, stem, "", FAILED, "it could not be run to its end in this process\n");
    for (int next = how->here ? -1 : 0; next >= 0;) next = run_once(&w, how, path, next);
}
