/* tests/test_parallel.c: the pool of threads: that every piece is done once and seen by the caller, whoever else runs loops, and
 * whatever forks, ends or cannot start. To be run with CONFIG=tsan, too: what pieces write here is not atomic on purpose. */
#include "expect.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/parallel.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

enum { MOST = 4096 };

static void nap(long us) { nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL); }

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* A loop that counts how often each of its pieces is done. */
typedef struct tally { int64_t pieces; int threads; unsigned char done[MOST]; _Atomic int wrong; } tally;

static void count_piece(void *arg, int64_t piece)
{
    tally *t = arg;
    if (piece < 0 || piece >= t->pieces || tp__seat() < 0 || (tp__seat() && tp__seat() >= t->threads)) t->wrong = 1;
    else t->done[piece]++;
}

static void count_items(void *arg, int64_t first, int64_t last)
{
    tally *t = arg;
    if (first >= last) t->wrong = 1;
    for (int64_t i = first; i < last; i++) count_piece(t, i);
}

/* True: all were done once; and it is as before. */
static bool each_once(tally *t)
{
    bool right = !t->wrong;
    for (int64_t i = 0; i < t->pieces; i++) right &= t->done[i] == 1;
    memset(t->done, 0, sizeof t->done);
    return right;
}

static bool loop_is_right(tally *t, int64_t pieces, int threads)
{
    t->pieces = pieces;
    t->threads = threads;
    tp__parallel(pieces, threads, count_piece, t);
    return each_once(t);
}

START_TEST(every_piece_is_done_once)
{
    static const int64_t pieces[] = { 0, 1, 2, 3, 7, 64, 1000, MOST };
    static const int threads[] = { 0, 1, 2, 3, 8, 40 };
    tally t = { 0 };
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++)
        for (size_t n = 0; n < sizeof threads / sizeof *threads; n++)
            ck_assert_msg(loop_is_right(&t, pieces[p], threads[n]), "%lld pieces on %d threads", (long long)pieces[p], threads[n]);
}
END_TEST

START_TEST(small_items_are_done_in_runs_that_cover_them_once)
{
    static const int64_t items[] = { 0, 1, 2, 17, 1000, MOST }, sizes[] = { 0, 1, 100, TP__PIECE - 1, TP__PIECE, INT64_MAX };
    tally t = { 0 };
    for (size_t k = 0; k < sizeof items / sizeof *items; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (t.threads = 1; t.threads < 4; t.threads++) {
                t.pieces = items[k];
                tp__parallel_items(items[k], sizes[s], t.threads, count_items, &t);
                ck_assert_msg(each_once(&t), "%lld items of %lld", (long long)items[k], (long long)sizes[s]);
            }
}
END_TEST

/* Both pieces wait for the other to begin. */
typedef struct meeting { _Atomic int here; _Atomic int met; pthread_t caller; _Atomic int asked; } meeting;

static void meet(void *arg, int64_t piece)
{
    meeting *m = arg;
    (void)piece;
    atomic_fetch_add(&m->here, 1);
    for (int i = 0; i < 20000 && atomic_load(&m->here) < 2; i++) nap(500);
    if (atomic_load(&m->here) == 2) atomic_fetch_add(&m->met, 1);
    if (!pthread_equal(pthread_self(), m->caller)) m->asked = tp_get_num_threads();
}

START_TEST(two_threads_have_a_piece_each_at_the_same_time)
{
    meeting m = { .caller = pthread_self() };
    tp__parallel(2, 2, meet, &m);
    ck_assert_int_eq(m.met, 2);
}
END_TEST

START_TEST(a_thread_of_the_pool_is_told_that_there_is_one_thread)
{
    meeting m = { .caller = pthread_self() };
    tp_set_num_threads(4);
    tp__parallel(2, 2, meet, &m);
    ck_assert_int_eq(m.asked, 1);
    ck_assert_int_eq(tp_get_num_threads(), 4);
}
END_TEST

static _Atomic int seat_holders[16];

static void hold_seat(void *arg, int64_t piece)
{
    _Atomic int *wrong = arg;
    const int seat = tp__seat();
    if (seat < 0 || seat >= 5 || atomic_fetch_add(&seat_holders[seat], 1) != 0) *wrong = 1;
    if (piece % 16 == 0) nap(50);
    if (seat >= 0 && seat < 5) atomic_fetch_sub(&seat_holders[seat], 1);
}

START_TEST(no_two_pieces_have_the_same_seat_at_once)
{
    _Atomic int wrong = 0;
    for (int i = 0; i < 100; i++) tp__parallel(100, 5, hold_seat, &wrong);
    ck_assert(!wrong);
}
END_TEST

typedef struct nested { tally inner[8]; bool right[8]; } nested;

static void inner_piece(void *arg, int64_t piece)
{
    tally *t = arg;
    if (tp__seat() != 0) t->wrong = 1;
    count_piece(t, piece);
}

static void outer_piece(void *arg, int64_t piece)
{
    nested *n = arg;
    const int seat = tp__seat();
    nap(20);                                           /* for the others to come */
    n->inner[piece] = (tally){ .pieces = 50, .threads = 4 };
    tp__parallel(50, 4, inner_piece, &n->inner[piece]);
    n->right[piece] = each_once(&n->inner[piece]) && tp__seat() == seat;
}

START_TEST(a_loop_inside_of_a_piece_runs_on_its_thread_with_a_seat_of_its_own)
{
    static nested n;
    for (int repeat = 0; repeat < 50; repeat++) {
        tp__parallel(8, 3, outer_piece, &n);
        for (int i = 0; i < 8; i++) ck_assert(n.right[i]);
        memset(n.right, 0, sizeof n.right);
    }
}
END_TEST

/* ---- Stress ------------------------------------------------------------------------------------------------------------------ */

START_TEST(many_short_loops_lose_no_piece)
{
    static tally t;
    uint32_t state = 1;
    for (int i = 0; i < 20000; i++)
        ck_assert_msg(loop_is_right(&t, next_random(&state) % 12, 1 + (int)(next_random(&state) % 5)), "loop %d", i);
}
END_TEST

START_TEST(loops_that_find_the_pool_asleep_or_falling_asleep_wake_it)
{
    static tally t;
    uint32_t state = 2;
    for (int i = 0; i < 1000; i++) {
        ck_assert_msg(loop_is_right(&t, 64, 3), "loop %d", i);
        nap(next_random(&state) % 200);                /* about as long as a worker spins */
    }
}
END_TEST

static void uneven_piece(void *arg, int64_t piece)
{
    if (piece % 3 == 2) nap(100);                      /* who has this one keeps the others waiting, asleep */
    count_piece(arg, piece);
}

START_TEST(the_caller_sleeps_until_the_last_piece_is_done)
{
    static tally t;
    for (int i = 0; i < 500; i++) {
        t.pieces = 3 + i % 4, t.threads = 4;
        tp__parallel(t.pieces, t.threads, uneven_piece, &t);
        ck_assert_msg(each_once(&t), "loop %d", i);
    }
}
END_TEST

typedef struct looper { uint32_t seed; int loops; _Atomic bool stop; bool right; tally t; } looper;

static void *run_loops(void *arg)
{
    looper *l = arg;
    l->right = true;
    for (int i = 0; i < l->loops && !l->stop; i++)
        l->right &= loop_is_right(&l->t, next_random(&l->seed) % 40, 1 + (int)(next_random(&l->seed) % 4));
    return NULL;
}

START_TEST(several_threads_run_loops_at_once)
{
    static looper l[4];
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) {
        l[i].seed = (uint32_t)i, l[i].loops = 5000;
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run_loops, &l[i]), 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < 4; i++) ck_assert(l[i].right);
}
END_TEST

START_TEST(threads_that_come_and_go_share_one_pool)
{
    static looper l;
    l.loops = 5;
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, run_loops, &l), 0);
        pthread_join(thread, NULL);
        ck_assert(l.right);
    }
}
END_TEST

START_TEST(a_pool_that_was_stopped_starts_again)
{
    static tally t;
    for (int i = 0; i < 200; i++) {
        ck_assert_msg(loop_is_right(&t, 20, 2 + i % 4), "loop %d", i);
        tp__parallel_stop();
        if (i % 3 == 0) tp__parallel_stop();           /* nothing to stop */
    }
}
END_TEST

static void stop_inside(void *arg, int64_t piece)
{
    tp__parallel_stop();
    count_piece(arg, piece);
}

START_TEST(a_pool_is_not_stopped_from_inside_of_a_loop)
{
    static tally t;
    t.pieces = 20, t.threads = 3;
    tp__parallel(20, 3, stop_inside, &t);
    ck_assert(each_once(&t));
}
END_TEST

START_TEST(a_loop_runs_on_as_many_threads_as_could_be_started)
{
    static tally t;
    tp_mem_fail_at(1, true);
    ck_assert(loop_is_right(&t, 100, 4));              /* none */
    tp_mem_fail_at(2, true);
    ck_assert(loop_is_right(&t, 100, 4));              /* one */
    tp_mem_fail_at(0, false);
    ck_assert(loop_is_right(&t, 100, 4));
    ck_fine();
}
END_TEST

/* ---- Forks and ends ------------------------------------------------------------------------------------------------------------ */

#ifndef UNDER_TSAN                                     /* it does not allow a child of many threads to start any */

static int end_of(pid_t child)
{
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static bool many_loops_are_right(void)
{
    static tally t;
    for (int i = 0; i < 200; i++)
        if (!loop_is_right(&t, 30, 4)) return false;
    return true;
}

/* A child's search for leaks at its end cannot stop a thread that runs loops ("false leaks are possible"): the parent's will do. */
static bool is_child;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return is_child; }

static void begin_child(void)
{
    is_child = true;
    alarm(100);
}

START_TEST(a_forked_child_starts_a_pool_of_its_own)
{
    ck_assert(many_loops_are_right());
    nap(100000);                                       /* a thread that still begins may hold the lock of ASan's allocator, and a child would inherit it */
    const pid_t child = fork();
    if (!child) {
        begin_child();
        exit(many_loops_are_right() ? 0 : 1);          /* which stops the child's pool, and not ours */
    }
    ck_assert(many_loops_are_right());
    ck_assert_int_eq(end_of(child), 0);
    ck_assert(many_loops_are_right());
}
END_TEST

/* Loops of which there is always one under way. */
static void *run_uneven_loops(void *arg)
{
    looper *l = arg;
    l->right = true;
    l->t.pieces = 40, l->t.threads = 2;
    while (!l->stop) {
        tp__parallel(l->t.pieces, l->t.threads, uneven_piece, &l->t);
        l->right &= each_once(&l->t);
    }
    return NULL;
}

START_TEST(a_child_forked_during_the_loop_of_another_thread_runs_none_of_it)
{
    static looper l;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run_uneven_loops, &l), 0);
    for (int i = 0; i < 50; i++) {
        const pid_t child = fork();
        if (!child) {
            begin_child();
            _exit(many_loops_are_right() ? 0 : 1);
        }
        ck_assert_int_eq(end_of(child), 0);
    }
    l.stop = true;
    pthread_join(thread, NULL);
    ck_assert(l.right);
}
END_TEST

START_TEST(a_program_ends_while_another_thread_runs_loops)
{
    for (int i = 0; i < 20; i++) {
        const pid_t child = fork();
        if (!child) {
            static looper l;
            pthread_t thread;
            begin_child();
            pthread_create(&thread, NULL, run_uneven_loops, &l);
            nap(3000);
            exit(0);
        }
        ck_assert_int_eq(end_of(child), 0);
    }
}
END_TEST

#endif

/* What a program that is started with these variables takes as the number of threads. */
static int threads_with(const char *variables)
{
    char command[512], line[128];
    int threads = -1;
    snprintf(command, sizeof command, "env -u TAPER_NUM_THREADS -u OMP_NUM_THREADS %s '%s/bin/taper' info", variables, getenv("TAPER_BUILD"));
    FILE *info = popen(command, "r");
    while (info && fgets(line, sizeof line, info)) sscanf(line, "threads %d", &threads);
    if (info) pclose(info);
    return threads;
}

START_TEST(the_environment_says_how_many_threads_are_usual)
{
    if (!getenv("TAPER_BUILD")) return;
    const int usual = threads_with("");
    ck_assert_int_ge(usual, 1);
    ck_assert_int_eq(threads_with("TAPER_NUM_THREADS=3"), 3);
    ck_assert_int_eq(threads_with("OMP_NUM_THREADS=5,2"), 5);
    ck_assert_int_eq(threads_with("OMP_NUM_THREADS=5 TAPER_NUM_THREADS=3"), 3);
    ck_assert_int_eq(threads_with("TAPER_NUM_THREADS=many"), usual);
    ck_assert_int_eq(threads_with("TAPER_NUM_THREADS=-1"), usual);
    ck_assert_int_eq(threads_with("taskset -c 0"), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("parallel");
    TCase *t = tcase_create("parallel");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_piece_is_done_once);
    tcase_add_test(t, small_items_are_done_in_runs_that_cover_them_once);
    tcase_add_test(t, two_threads_have_a_piece_each_at_the_same_time);
    tcase_add_test(t, a_thread_of_the_pool_is_told_that_there_is_one_thread);
    tcase_add_test(t, no_two_pieces_have_the_same_seat_at_once);
    tcase_add_test(t, a_loop_inside_of_a_piece_runs_on_its_thread_with_a_seat_of_its_own);
    tcase_add_test(t, many_short_loops_lose_no_piece);
    tcase_add_test(t, loops_that_find_the_pool_asleep_or_falling_asleep_wake_it);
    tcase_add_test(t, the_caller_sleeps_until_the_last_piece_is_done);
    tcase_add_test(t, several_threads_run_loops_at_once);
    tcase_add_test(t, threads_that_come_and_go_share_one_pool);
    tcase_add_test(t, a_pool_that_was_stopped_starts_again);
    tcase_add_test(t, a_pool_is_not_stopped_from_inside_of_a_loop);
    tcase_add_test(t, a_loop_runs_on_as_many_threads_as_could_be_started);
#ifndef UNDER_TSAN
    tcase_add_test(t, a_forked_child_starts_a_pool_of_its_own);
    tcase_add_test(t, a_child_forked_during_the_loop_of_another_thread_runs_none_of_it);
    tcase_add_test(t, a_program_ends_while_another_thread_runs_loops);
#endif
    tcase_add_test(t, the_environment_says_how_many_threads_are_usual);
    suite_add_tcase(s, t);
    return run_suite(s);
}
