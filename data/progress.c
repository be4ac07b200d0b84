/* progress.c: the bar of an epoch, on terminals only. Logged values are kept as tensors and read when the bar is drawn, so that
 * a GPU is waited for ten times a second and not at every step. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "loader.h"

enum { WIDTH = 24 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void tp__progress_begin(tp__progress *bar, int64_t first)
{
    tp__progress_forget(bar);
    bar->first = first;
    bar->shown = isatty(STDERR_FILENO) == 1;
    bar->began = bar->drawn = now();
}

void tp__progress_forget(tp__progress *bar)
{
    for (int64_t i = 0; i < bar->n_logged; i++)
        tp_release(bar->logged[i].value);
    bar->n_logged = 0;
}

void tp__progress_draw(tp__progress *bar, int64_t epoch, int64_t done, int64_t all, bool last)
{
    const double time = now(), spent = time - bar->began;
    if (!bar->shown || (!last && time - bar->drawn < 0.1))
        return;
    bar->drawn = time;
    char cells[WIDTH + 1];
    const int64_t full = all ? done * WIDTH / all : WIDTH;
    for (int i = 0; i < WIDTH; i++)
        cells[i] = i < full ? '#' : '.';
    cells[WIDTH] = 0;
    const double rate = spent > 0 ? (double)(done - bar->first) / spent : 0;
    const int64_t left = (int64_t)(last ? spent : rate > 0 ? (double)(all - done) / rate : 0);
    fprintf(stderr, "\repoch %lld [%s] %lld/%lld  %.1f/s  %s %lld:%02lld", (long long)epoch + 1, cells, (long long)done, (long long)all, rate,
            last ? "took" : "left", (long long)(left / 60), (long long)(left % 60));
    for (int64_t i = 0; i < bar->n_logged; i++)
        fprintf(stderr, "  %s %.4g", bar->logged[i].name, tp_item(bar->logged[i].value));
    fprintf(stderr, "\033[K%s", last ? "\n" : "");
    fflush(stderr);
}

tp_status tp__progress_log(tp__progress *bar, const char *name, tp_tensor *value)
{
    TP_SCOPE();
    int64_t i = 0;
    while (i < bar->n_logged && strncmp(bar->logged[i].name, name, TP__LOGGED_NAME - 1) != 0)
        i++;
    if (i == TP__LOGGED)
        return tp_fail(TP_ERR_ARGUMENT, "loader_log: \"%s\" is the name of more than %d values", name, TP__LOGGED);
    tp_tensor *const held = tp_retain(tp_detach(value));     /* the value, not the tape behind it */
    if (!held)
        return tp_error_status();
    if (i == bar->n_logged) {
        snprintf(bar->logged[i].name, TP__LOGGED_NAME, "%s", name);
        bar->n_logged++;
    } else
        tp_release(bar->logged[i].value);
    bar->logged[i].value = held;
    return TP_OK;
}
