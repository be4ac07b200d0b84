/* tests/failing.h: some work, again and again, while each of its allocations and thread starts fails once. */
#ifndef TP_TESTS_FAILING_H
#define TP_TESTS_FAILING_H

#include "expect.h"

#include <stdio.h>

typedef void work_fn(void *arg);

/* The n-th allocation of `work` fails, for every n. `again` is called after each failure, without one: it must go well. */
static inline void every_point(const char *name, work_fn *work, work_fn *again, void *arg)
{
    tp_mem_pools(false);
    work(arg);                                         /* what a thread and the kernels keep is there now */
    ck_fine();
    const int64_t before = in_use();
    int64_t n = 1;
    for (;; n++) {
        tp_mem_fail_at(n, false);
        work(arg);
        const int64_t counted = tp_mem_fail_at(0, false);
        if (counted < n) break;
        ck_assert_msg(tp_failed(), "%s, point %lld: no error", name, (long long)n);
        ck_assert_msg(tp_error_status() == TP_ERR_MEMORY || tp_error_status() == TP_ERR_SYSTEM, "%s, point %lld: %s", name, (long long)n,
                      tp_last_error()->message);
        tp_clear_error();
        ck_assert_msg(in_use() == before, "%s, point %lld: %lld bytes are left", name, (long long)n, (long long)(in_use() - before));
        if (again) again(arg);
    }
    ck_fine();
    ck_assert_int_eq(in_use(), before);
    ck_assert_int_gt(n, 1);
    printf("%s: %lld points\n", name, (long long)(n - 1));
    fflush(stdout);
    tp_mem_pools(true);
}

#endif
