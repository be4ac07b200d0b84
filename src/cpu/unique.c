/* unique.c: equal rows. Their elements become keys that compare as they do; then the places of the rows are ordered by those. */
#include "core/kernel_args.h"
#include "core/convert.h"
#include "cpu/contiguous.h"
#include "cpu/order.h"

typedef struct table { const uint64_t *keys; int64_t width; uint64_t nan; bool has_nan; } table;

static int compare(const table *t, int64_t a, int64_t b)
{
    const uint64_t *x = t->keys + a * t->width, *y = t->keys + b * t->width;
    for (int64_t i = 0; i < t->width; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

static bool equal(const table *t, int64_t a, int64_t b)
{
    const uint64_t *x = t->keys + a * t->width, *y = t->keys + b * t->width;
    for (int64_t i = 0; i < t->width; i++)
        if (x[i] != y[i] || (t->has_nan && x[i] == t->nan)) return false;
    return true;
}

/* Merges runs of doubling length; equals stay in order. The result is in one of the two. */
static int64_t *merge_sort(const table *t, int64_t *order, int64_t *spare, int64_t n)
{
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t lo = 0; lo < n; lo += 2 * run) {
            const int64_t mid = lo + run < n ? lo + run : n, hi = lo + 2 * run < n ? lo + 2 * run : n;
            int64_t i = lo, j = mid;
            for (int64_t k = lo; k < hi; k++) spare[k] = j >= hi || (i < mid && compare(t, order[i], order[j]) <= 0) ? order[i++] : order[j++];
        }
        int64_t *const swap = order;
        order = spare;
        spare = swap;
    }
    return order;
}

static void make_keys(const tp__plain *x, tp_dtype dtype, int64_t n, uint64_t *keys, table *t)
{
    tp__keys k = { .dtype = dtype, .exact = false };
    if (dtype == TP_F64 || dtype == TP_I64) {
        for (int64_t i = 0; i < n; i++) {
            tp__wide one;
            tp__keys_wide(&k, x->data, i, 1, &one);
            keys[i] = one.key;
        }
    } else {
        tp__keys_narrow(&k, x->data, 0, n, keys);
        for (int64_t i = 0; i < n; i++) keys[i] >>= 32;
    }
    t->has_nan = tp__is_floating(dtype);
    t->nan = dtype == TP_F64 ? UINT64_MAX : dtype == TP_F32 ? UINT32_MAX : UINT16_MAX;
}

/* Single elements by their keys, whose places ascend. */
static void order_elements(uint64_t *keys, int64_t n, int64_t *order, tp__wide *room)
{
    for (int64_t i = 0; i < n; i++) room[i] = (tp__wide){ keys[i], (uint64_t)i };
    const tp__wide *sorted = tp__order_wide(room, room + n, n);
    for (int64_t i = 0; i < n; i++) order[i] = (int64_t)sorted[i].place;
}

static tp_status write_groups(tp__call *call, const table *t, const int64_t *order, int64_t n)
{
    int64_t groups = 0;
    for (int64_t i = 0; i < n; i++) groups += !i || !equal(t, order[i - 1], order[i]);
    tp_tensor *first = tp__out(call, TP_I64, 1, &groups), *inverse = first ? tp__out(call, TP_I64, 1, &n) : NULL;
    tp_tensor *counts = inverse ? tp__out(call, TP_I64, 1, &groups) : NULL;
    if (!counts) return tp__pending();
    int64_t g = -1, *count = counts->data;
    for (int64_t i = 0; i < n; i++) {
        if (!i || !equal(t, order[i - 1], order[i])) {
            ((int64_t *)first->data)[++g] = order[i];
            count[g] = 0;
        }
        ((int64_t *)inverse->data)[order[i]] = g;
        count[g]++;
    }
    return TP_OK;
}

static tp_status rows_run(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int64_t n = x->shape[0], width = x->shape[1];
    const bool consecutive = *(const bool *)call->attr, single = width == 1 && !consecutive;
    const size_t key_bytes = (size_t)(x->numel + 1) * sizeof(uint64_t), order_bytes = (size_t)(2 * n + 1) * sizeof(int64_t);
    const size_t room_bytes = single ? (size_t)(2 * n + 1) * sizeof(tp__wide) : 0;
    uint64_t *keys = tp_mem_alloc(key_bytes);
    int64_t *order = tp_mem_alloc(order_bytes), *sorted = order;
    tp__wide *room = single ? tp_mem_alloc(room_bytes) : NULL;
    tp__plain plain = { 0 };
    tp_status status = !keys || !order || (single && !room) ? TP_ERR_MEMORY : tp__plain_take(&plain, x, (tp_dtype)x->dtype);
    if (!status && x->numel > TP__ORDER_MOST)
        status = tp__call_fail(call, TP_ERR_UNSUPPORTED, "there are %lld elements, at most %d are possible",
                               (long long)x->numel, TP__ORDER_MOST);
    if (!status) {
        table t = { .keys = keys, .width = width };
        make_keys(&plain, (tp_dtype)x->dtype, x->numel, keys, &t);
        for (int64_t i = 0; i < n; i++) order[i] = i;
        if (single) order_elements(keys, n, order, room);
        else if (!consecutive) sorted = merge_sort(&t, order, order + n, n);
        status = write_groups(call, &t, sorted, n);
    }
    tp__plain_free(&plain);
    tp_mem_free(keys, key_bytes);
    tp_mem_free(order, order_bytes);
    tp_mem_free(room, room_bytes);
    return status;
}

const tp_kernel tp__cpu_unique[] = { { "unique_rows", rows_run, NULL }, { NULL, NULL, NULL } };
