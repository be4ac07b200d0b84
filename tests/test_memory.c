/* tests/test_memory.c: where memory comes from, what is counted, kept and given back. */
#include "expect.h"

#include <stdatomic.h>

static tp_memory stats(void)
{
    tp_memory m;
    ck_ok(tp_memory_stats(TP_CPU, &m));
    return m;
}

START_TEST(what_is_in_use_is_counted_and_the_most_of_it)
{
    const tp_memory before = stats();
    {
        TP_SCOPE();
        for (int i = 0; i < 100; i++) tp_empty(TP_SHAPE(8192));          /* pooled: 32 KiB each */
        tp_empty(TP_SHAPE(1 << 20));                   /* cached: 4 MiB */
        const tp_memory now = stats();
        ck_assert_int_ge(now.in_use - before.in_use, 100 * 32768 + (4 << 20));
        ck_assert_int_le(now.in_use - before.in_use, 100 * 65536 + (5 << 20));
        ck_assert_int_ge(now.reserved, now.in_use);
        ck_assert_int_ge(now.allocations - before.allocations, 101);
    }
    const tp_memory after = stats();
    ck_assert_int_eq(after.in_use, before.in_use);
    ck_assert_int_ge(after.peak - before.in_use, 100 * 32768 + (4 << 20));
    ck_assert_int_ge(after.peak_reserved, after.peak);
}
END_TEST

START_TEST(every_tensor_is_aligned_to_64_bytes)
{
    TP_SCOPE();
    for (int64_t n = 0; n < 5000; n = n * 2 + 1)
        for (int k = 0; k < 5; k++) ck_assert_uint_eq((uintptr_t)tp_data(tp_empty(TP_SHAPE(n), .dtype = TP_U8)) % 64, 0);
    ck_assert_uint_eq((uintptr_t)tp_data(tp_empty(TP_SHAPE(3000000))) % 64, 0);
    void *memory = tp_mem_alloc(5);
    ck_assert_uint_eq((uintptr_t)memory % 64, 0);
    tp_mem_free(memory, 5);
}
END_TEST

#ifndef TP_DEBUG_HANDLES                               /* cached memory would hide what a sanitizer looks for */
START_TEST(a_freed_block_is_used_again)
{
    tp_mem_pools(true);
    const void *first = NULL;
    int64_t system = 0;
    for (int i = 0; i < 100; i++) {
        TP_SCOPE();
        const void *now = tp_data(tp_empty(TP_SHAPE(1000000)));
        tp_empty(TP_SHAPE(900));
        if (i == 1) first = now, system = stats().system_allocations;
        if (i > 1) ck_assert_ptr_eq(now, first);
    }
    ck_assert_int_eq(stats().system_allocations, system);
}
END_TEST

START_TEST(trim_gives_cached_blocks_back)
{
    tp_mem_pools(true);
    {
        TP_SCOPE();
        tp_empty(TP_SHAPE(2 << 20));
    }
    const tp_memory before = stats();
    const int64_t given = tp_memory_trim(TP_CPU);
    ck_assert_int_ge(given, 8 << 20);
    ck_assert_int_eq(stats().reserved, before.reserved - given);
    ck_assert_int_eq(tp_memory_trim(TP_CPU), 0);
}
END_TEST

START_TEST(the_cache_holds_no_more_than_its_limit)
{
    tp_mem_pools(true);
    tp_memory_trim(TP_CPU);
    const int64_t before = stats().reserved;
    ck_ok(tp_set_memory_limit(TP_CPU, 10 << 20));
    ck_assert_int_eq(stats().limit, 10 << 20);
    {
        TP_SCOPE();
        for (int i = 0; i < 8; i++) tp_empty(TP_SHAPE(1 << 20));
    }
    ck_assert_int_le(stats().reserved - before, 10 << 20);
    ck_assert_int_ge(stats().reserved - before, 4 << 20);
    ck_ok(tp_set_memory_limit(TP_CPU, 0));
    ck_assert_int_le(stats().reserved - before, 256 << 10);              /* what headers are made of stays */
    ck_assert_int_eq(tp_set_memory_limit(TP_CPU, -1), TP_ERR_ARGUMENT);
    tp_clear_error();
}
END_TEST

#endif

START_TEST(without_pools_every_block_is_asked_for_and_given_back)
{
    {
        TP_SCOPE();
        for (int i = 0; i < 50; i++) tp_empty(TP_SHAPE(300));            /* fills the pools */
    }
    tp_mem_pools(false);
    for (int i = 0; i < 3; i++) {
        TP_SCOPE();
        const int64_t before = stats().system_allocations;
        tp_empty(TP_SHAPE(300));
        ck_assert_int_eq(stats().system_allocations - before, 3);        /* header, storage, data */
        tp_add(tp_ones(TP_SHAPE(2), .requires_grad = true), 1);
    }
    tp_mem_pools(true);
}
END_TEST

START_TEST(what_was_made_with_pools_may_be_freed_without_and_the_other_way_round)
{
    int64_t before = 0;
    for (int round = 0; round < 4; round++) {          /* what threads and kernels keep is there after the first two */
        if (round == 2) before = in_use();
        TP_SCOPE();
        tp_mem_pools(round % 2);
        tp_tensor *x = tp_ones(TP_SHAPE(300), .requires_grad = true), *y = tp_mul(x, tp_ones(TP_SHAPE(200000, 1)));
        tp_tanh(tp_sum(y));
        tp_mem_pools(!(round % 2));
    }
    tp_mem_pools(true);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

typedef struct own { _Atomic int64_t live, calls, refuse; } own;
static void *own_alloc(void *arg, size_t bytes, size_t align)
{
    own *o = arg;
    ck_assert(align <= 64 && !(align & (align - 1)));
    if (o->refuse) return NULL;
    o->calls++;
    o->live += (int64_t)bytes;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}
static void own_release(void *arg, void *memory, size_t bytes)
{
    ((own *)arg)->live -= (int64_t)bytes;
    free(memory);
}

START_TEST(a_program_may_bring_its_own_allocator)
{
    static own mine;
    const tp_allocator allocator = { own_alloc, own_release, &mine };
    ck_ok(tp_set_allocator(&allocator));
    tp_mem_pools(false);
    {
        TP_SCOPE();
        tp_tensor *x = tp_ones(TP_SHAPE(1000), .requires_grad = true);
        ck_ok(tp_backward(tp_sum(tp_mul(x, x))));
        ck_assert_int_gt(mine.live, 4000);
        ck_assert_int_eq(tp_set_allocator(NULL), TP_ERR_STATE);
        ck_error(TP_ERR_STATE, "bytes are in use");
        mine.refuse = 1;
        ck_assert_ptr_null(tp_zeros(TP_SHAPE(10)));
        ck_error(TP_ERR_MEMORY, "no memory for");
        mine.refuse = 0;
    }
    ck_assert_int_gt(mine.calls, 5);
#ifndef TP_DEBUG_HANDLES                               /* there dead headers wait in their quarantine */
    ck_assert_int_eq(mine.live, 0);
#endif
    ck_assert_int_eq(tp_set_allocator(&(tp_allocator){ .alloc = own_alloc }), TP_ERR_ARGUMENT);
    tp_clear_error();
    tp_mem_pools(true);
    {
        TP_SCOPE();
        tp_zeros(TP_SHAPE(100));
    }
#ifndef TP_DEBUG_HANDLES
    ck_ok(tp_set_allocator(NULL));
    const int64_t calls = mine.calls;
    TP_SCOPE();
    for (int i = 0; i < 300; i++) tp_zeros(TP_SHAPE(100));
    ck_assert_int_eq(mine.calls, calls);
#endif
}
END_TEST

START_TEST(a_request_that_cannot_be_met_is_an_error_with_numbers)
{
    const int64_t before = in_use();
    ck_assert_ptr_null(tp_empty(TP_SHAPE(1LL << 45)));
    ck_error(TP_ERR_MEMORY, "empty: no memory for 140737488355328 bytes");
    ck_assert_ptr_null(tp_empty(TP_SHAPE(INT64_MAX, 4)));
    ck_error(TP_ERR_SHAPE, "too many elements");
    ck_assert_ptr_null(tp_empty(TP_SHAPE(-1)));
    ck_message("empty: size -1 of dim 0 is negative");
    ck_assert_int_eq(in_use(), before);
}
END_TEST

static int dropped;
static void drop(void *arg, void *data)
{
    ck_assert_ptr_eq(arg, data);
    dropped++;
}

START_TEST(the_callers_memory_is_used_in_place_and_dropped_by_its_last_user)
{
    static float data[6] = { 1, 2, 3, 4, 5, 6 };
    tp_tensor *view;
    {
        TP_SCOPE();
        tp_tensor *x = tp_from_blob(data, TP_F32, TP_SHAPE(2, 3), drop, data);
        ck_assert_ptr_eq(tp_data(x), data);
        tp_mul_(x, 2);
        ck_assert_float_eq(data[5], 12);
        view = tp_keep(tp_select(x, 0, 1));
    }
    ck_assert_int_eq(dropped, 0);
    tp_free(view);
    ck_assert_int_eq(dropped, 1);
    ck_assert_ptr_null(tp_from_blob(data, TP_F32, TP_SHAPE(-2), drop, data));
    ck_assert_int_eq(dropped, 2);
    tp_clear_error();
}
END_TEST

START_TEST(objects_resize_copy_and_free_through_the_same_door)
{
    const int64_t before = in_use();
    char *text = tp_mem_string("hello");
    ck_assert_str_eq(text, "hello");
    tp_mem_free_string(text);
    ck_assert_ptr_null(tp_mem_string(NULL));
    int *list = tp_mem_resize(NULL, 0, 4 * sizeof *list);
    list[3] = 7;
    list = tp_mem_resize(list, 4 * sizeof *list, 100 * sizeof *list);
    ck_assert_int_eq(list[3], 7);
    tp_mem_fail_at(1, false);
    ck_assert_ptr_null(tp_mem_resize(list, 100 * sizeof *list, 200 * sizeof *list));
    tp_mem_fail_at(0, false);
    ck_error(TP_ERR_MEMORY, "no memory");
    ck_assert_int_eq(list[3], 7);
    tp_mem_free(list, 100 * sizeof *list);
    tp_mem_free(NULL, 0);
    ck_assert_int_eq(in_use(), before);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, what_is_in_use_is_counted_and_the_most_of_it);
    tcase_add_test(t, every_tensor_is_aligned_to_64_bytes);
#ifndef TP_DEBUG_HANDLES
    tcase_add_test(t, a_freed_block_is_used_again);
    tcase_add_test(t, trim_gives_cached_blocks_back);
    tcase_add_test(t, the_cache_holds_no_more_than_its_limit);
#endif
    tcase_add_test(t, without_pools_every_block_is_asked_for_and_given_back);
    tcase_add_test(t, what_was_made_with_pools_may_be_freed_without_and_the_other_way_round);
    tcase_add_test(t, a_program_may_bring_its_own_allocator);
    tcase_add_test(t, a_request_that_cannot_be_met_is_an_error_with_numbers);
    tcase_add_test(t, the_callers_memory_is_used_in_place_and_dropped_by_its_last_user);
    tcase_add_test(t, objects_resize_copy_and_free_through_the_same_door);
    suite_add_tcase(s, t);
    return run_suite(s);
}
