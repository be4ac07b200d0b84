/* tests/data.h: datasets to load from, a hash of what was loaded, and loading while memory fails. */
#ifndef TP_TESTS_DATA_H
#define TP_TESTS_DATA_H

#include <check.h>
#include <taper/taper.h>
#include <taper/extend.h>

static inline uint64_t hash(uint64_t h, const void *data, size_t n)             /* FNV-1a */
{
    for (const uint8_t *at = data, *end = at + n; at < end; at++)
        h = (h ^ *at) * 0x100000001b3u;
    return h;
}

static inline tp_dataset *numbers(int64_t n)            /* x [2], the index and its double; y the index */
{
    TP_SCOPE();
    tp_tensor *y = tp_arange(0, (double)n, 1, .dtype = TP_I64);
    tp_tensor *x = tp_empty(TP_SHAPE(n, 2));
    float *at = tp_data_mut(x);
    for (int64_t i = 0; i < n; i++) {
        at[2 * i] = (float)i;
        at[2 * i + 1] = (float)(2 * i);
    }
    return tp_tensor_dataset(TP_TENSORS(x, y));
}

static inline tp_tensor *series(int64_t n)
{
    return tp_reshape(tp_arange(0, (double)(2 * n), 1), TP_SHAPE(n, 2));
}

/* A dataset of one's own: sample i is (i, a random number); some samples fail, or have another shape. */
typedef struct own { int64_t n, bad, odd; bool without_reason; int dropped; } own;

static inline int64_t own_count(void *self) { return ((own *)self)->n; }
static inline void own_drop(void *self) { ((own *)self)->dropped++; }
static inline tp_status own_get(void *self, int64_t index, tp_sample *out)
{
    const own *o = self;
    if (index == o->bad)
        return o->without_reason ? TP_ERR_IO : tp_fail(TP_ERR_IO, "own: sample %lld cannot be read", (long long)index);
    out->field[0] = tp_full(index == o->odd ? TP_SHAPE(3) : TP_SHAPE(2), (double)index);
    out->field[1] = tp_rand((tp_shape){ .ndim = 0 });
    out->n_fields = 2;
    return TP_OK;
}
static const tp_dataset_class own_class = { .size = sizeof(tp_dataset_class), .name = "Own", .count = own_count, .get = own_get, .drop = own_drop };

static int64_t loaded;                           /* samples of the last run */

/* Makes the n-th allocation or thread start fail, for every n until nothing fails: an error, or all is loaded nevertheless. */
static inline int64_t fail_everywhere(void (*run)(int), int arg)
{
    loaded = 0;
    run(arg);                                    /* what is made once and stays */
    const int64_t all = loaded;
    ck_assert_int_eq(tp_report_error(stderr), 0);
    tp_fail(TP_ERR_STATE, "test: the first error");
    tp_clear_error();
    for (int64_t n = 1; ; n++) {
        tp_memory before, after;
        tp_memory_stats(TP_CPU, &before);
        tp_mem_fail_at(n, false);
        loaded = 0;
        run(arg);
        const int64_t counted = tp_mem_fail_at(0, false);
        const bool failed = tp_failed();
        tp_clear_error();
        tp_memory_stats(TP_CPU, &after);
        ck_assert_msg(after.in_use == before.in_use, "failure %lld leaks %lld bytes", (long long)n, (long long)(after.in_use - before.in_use));
        if (counted < n)
            return n - 1;
        ck_assert_msg(failed || loaded == all, "failure %lld is no error", (long long)n);
    }
}

#endif
