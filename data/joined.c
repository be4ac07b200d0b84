/* joined.c: datasets made of others: one after the other, or side by side; and a dataset taken apart at random. */
#include <string.h>
#include "dataset.h"
#include "dice.h"

typedef struct joined {
    int64_t n, count;
    tp_dataset **set;                            /* [n], counted */
    int64_t *end;                                /* [n]: of one after the other, where each ends */
} joined;

static int64_t joined_count(void *self) { return ((joined *)self)->count; }

static void joined_drop(void *self)
{
    joined *j = self;
    for (int64_t i = 0; i < j->n && j->set; i++)
        if (j->set[i])
            tp_dataset_free(j->set[i]);
    tp_mem_free(j->set, (size_t)j->n * sizeof *j->set);
    tp_mem_free(j->end, (size_t)j->n * sizeof *j->end);
    tp_mem_free(j, sizeof *j);
}

/* ---- One after the other ---------------------------------------------------------------------------------------------------------- */

static tp_status concat_get(void *self, int64_t index, tp_sample *out)
{
    const joined *j = self;
    int64_t lo = 0, hi = j->n - 1;
    while (lo < hi) {                            /* the first that ends behind it */
        const int64_t mid = lo + (hi - lo) / 2;
        if (j->end[mid] > index)
            hi = mid;
        else
            lo = mid + 1;
    }
    return tp__dataset_get(j->set[lo], index - (lo ? j->end[lo - 1] : 0), out);
}

/* ---- Side by side ----------------------------------------------------------------------------------------------------------------- */

static tp_status stack_get(void *self, int64_t index, tp_sample *out)
{
    const joined *j = self;
    out->n_fields = 0;
    for (int64_t i = 0; i < j->n; i++) {
        tp_sample one;
        const tp_status status = tp__dataset_get(j->set[i], index, &one);
        if (status)
            return status;
        if (out->n_fields + one.n_fields > TP_MAX_FIELDS)
            return tp_fail(TP_ERR_ARGUMENT, "stack_dataset: a sample has %lld fields, at most %d are possible",
                           (long long)(out->n_fields + one.n_fields), TP_MAX_FIELDS);
        memcpy(out->field + out->n_fields, one.field, (size_t)one.n_fields * sizeof *one.field);
        out->n_fields += one.n_fields;
    }
    return TP_OK;
}

/* ---- Making ----------------------------------------------------------------------------------------------------------------------- */

static bool take(joined *j, tp_dataset *const *sets, const char *op)
{
    for (int64_t i = 0; i < j->n; i++) {
        if (!tp__is_dataset(sets[i], op))
            return false;
        j->set[i] = tp_dataset_retain(sets[i]);
        const int64_t count = tp_dataset_count(sets[i]);
        if (tp_failed())
            return false;
        if (j->end && __builtin_add_overflow(j->count, count, &j->count))
            return tp_fail(TP_ERR_ARGUMENT, "%s: too many samples", op), false;
        if (j->end)
            j->end[i] = j->count;
        else if (i && count != j->count)
            return tp_fail(TP_ERR_ARGUMENT, "%s: dataset %lld has %lld samples, the first %lld", op, (long long)i,
                           (long long)count, (long long)j->count), false;
        else
            j->count = count;
    }
    return true;
}

static tp_dataset *join(tp_dataset *const *sets, int64_t n, const char *op, bool behind)
{
    if (tp_failed())
        return NULL;
    if (n < 1 || n > INT32_MAX || !sets) {
        tp_fail(TP_ERR_ARGUMENT, "%s: %lld datasets%s", op, (long long)n, sets ? "" : ", at NULL");
        return NULL;
    }
    joined *j = tp_mem_calloc(sizeof *j);
    if (!j)
        return NULL;
    j->n = n;
    j->set = tp_mem_calloc((size_t)n * sizeof *j->set);
    j->end = behind ? tp_mem_calloc((size_t)n * sizeof *j->end) : NULL;
    if (!j->set || (behind && !j->end) || !take(j, sets, op)) {
        joined_drop(j);
        return NULL;
    }
    const tp_dataset_class type = { .size = sizeof type, .name = behind ? "Concat" : "Stack", .count = joined_count, .get = behind ? concat_get : stack_get,
                                    .drop = joined_drop };
    return tp_dataset_new(&type, j);
}

tp_dataset *tp_concat_dataset(tp_dataset *const *sets, int64_t n) { return join(sets, n, "concat_dataset", true); }
tp_dataset *tp_stack_dataset(tp_dataset *const *sets, int64_t n) { return join(sets, n, "stack_dataset", false); }

/* ---- At random -------------------------------------------------------------------------------------------------------------------- */

static tp_status check_sizes(int64_t all, const int64_t *sizes, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        if (sizes[i] < 0 || __builtin_add_overflow(sum, sizes[i], &sum))
            return tp_fail(TP_ERR_ARGUMENT, "random_split: part %lld has %lld samples", (long long)i, (long long)sizes[i]);
    if (sum != all)
        return tp_fail(TP_ERR_ARGUMENT, "random_split: the parts have %lld samples, the dataset %lld", (long long)sum, (long long)all);
    return TP_OK;
}

static tp_status split(tp_dataset *set, const int64_t *sizes, int64_t n, uint64_t seed, int64_t all, tp_dataset **parts)
{
    const size_t bytes = (size_t)(all ? all : 1) * sizeof(int64_t);
    int64_t *order = tp_mem_alloc(bytes), from = 0;
    if (!order)
        return tp_error_status();
    tp__dice dice = tp__dice_start(seed, TP__DICE_SPLIT, 0);
    tp__dice_shuffled(&dice, order, all);
    bool whole = true;
    for (int64_t i = 0; i < n && whole; from += sizes[i++])
        whole = (parts[i] = tp_subset_of(set, order + from, sizes[i]));
    tp_mem_free(order, bytes);
    for (int64_t i = 0; i < n && !whole; i++) {
        tp_dataset_free(parts[i]);
        parts[i] = NULL;
    }
    return whole ? TP_OK : tp_error_status();
}

tp_status tp_random_split(tp_dataset *set, const int64_t *sizes, int64_t n, int64_t seed, tp_dataset **parts)
{
    if (n < 1 || !sizes || !parts)
        return tp_fail(TP_ERR_ARGUMENT, "random_split: %lld parts%s", (long long)n, sizes && parts ? "" : ", at NULL");
    for (int64_t i = 0; i < n; i++)
        parts[i] = NULL;
    if (tp_failed() || !tp__is_dataset(set, "random_split"))
        return tp_error_status();
    const int64_t all = tp_dataset_count(set);
    if (tp_failed() || check_sizes(all, sizes, n) != TP_OK)
        return tp_error_status();
    return split(set, sizes, n, (uint64_t)seed, all, parts);
}
