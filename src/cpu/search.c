/* search.c: binary search in sorted rows. */
#include "core/kernel_args.h"
#include "core/op.h"
#include "core/parallel.h"

enum { PARALLEL_FROM = 1 << 13, WORK = 32 };           /* elements; what one search is worth, in elements moved */

typedef struct search {
    const char *rows, *x;
    const int64_t *sorter;
    void *y;
    int64_t n, width;                                  /* of a row; of the values that are looked for in it, or all */
    bool right, to_int32;
} search;

/* A NaN that is looked for comes after all: no element is found to be greater, or not less. */
#define SEARCH(T) \
    static void search_##T(void *arg, int64_t first, int64_t last) \
    { \
        const search *s = arg; \
        for (int64_t i = first; i < last; i++) { \
            const int64_t row = i / s->width * s->n; \
            const T *x = (const T *)s->rows + row, v = ((const T *)s->x)[i]; \
            const int64_t *sorter = s->sorter ? s->sorter + row : NULL; \
            int64_t lo = 0, hi = s->n; \
            while (lo < hi) { \
                const int64_t mid = lo + (hi - lo) / 2; \
                const T m = x[sorter ? sorter[mid] : mid]; \
                if (s->right ? m > v : m >= v) hi = mid; \
                else lo = mid + 1; \
            } \
            if (s->to_int32) ((int32_t *)s->y)[i] = (int32_t)lo; \
            else ((int64_t *)s->y)[i] = lo; \
        } \
    }
SEARCH(float)
SEARCH(double)
SEARCH(int64_t)

/* in: rows and values, contiguous and of one dtype; perhaps the order of the rows. */
static tp_status search_run(tp__call *call)
{
    const tp__search *a = call->attr;
    const tp_tensor *rows = call->in[0], *x = call->in[1], *sorter = call->in[2];
    const int64_t n = rows->shape[rows->ndim - 1];
    if (!x->numel) return TP_OK;
    if (a->out_int32 && n > INT32_MAX) return tp__call_fail(call, TP_ERR_ARGUMENT, "int32 does not hold positions in a row of %lld", (long long)n);
    for (int64_t i = 0; sorter && i < sorter->numel; i++) {
        const int64_t at = ((const int64_t *)sorter->data)[i];
        if (at < 0 || at >= n)
            return tp__call_fail(call, TP_ERR_INDEX, "index %lld of the sorter is out of range for a row of %lld",
                                 (long long)at, (long long)n);
    }
    search s = { rows->data, x->data, sorter ? sorter->data : NULL, call->out[0]->data, n,
        rows->ndim > 1 ? x->shape[x->ndim - 1] : x->numel, a->right, a->out_int32 };
    tp__parallel_items(x->numel, WORK, x->numel >= PARALLEL_FROM ? tp_get_num_threads() : 1,
                       rows->dtype == TP_F32 ? search_float : rows->dtype == TP_F64 ? search_double : search_int64_t, &s);
    return TP_OK;
}

const tp_kernel tp__cpu_search[] = { { "searchsorted", search_run, NULL }, { NULL, NULL, NULL } };
