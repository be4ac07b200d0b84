/* combine.h: writing values to places that an index says: y[at[i]] = y[at[i]] op x[i], in the order of i. What scattering,
 * adding rows and summing gradients of rows are made of. */
#ifndef TP__COMBINE_H
#define TP__COMBINE_H

#include "core/op.h"

/* Is it worth to ask early for what lies in a table of so many bytes? */
bool tp__is_far(int64_t bytes);
enum { TP__SET = 1, TP__ADD, TP__MUL, TP__MAX, TP__MIN };      /* bool: or, and, or, and. A NaN stays in MAX and MIN */

typedef struct tp__combine {
    /* y[at[i]] op= x[i * step], or x[pick[i] * step] if pick is not NULL. `known` of `at` can be read, n or more
     * where others are written next: what lies there is asked for early. 0: y is near (tp__is_far). It stops at the first place that is
     * not below `below`, and returns how many came before that, else n. */
    int64_t (*line)(void *y, const int64_t *at, const void *x, const int32_t *pick, int64_t step, int64_t n, int64_t known, uint64_t below);
    /* y[at[i] + k] op= x[i * step + k], 0 <= k < run */
    void (*rows)(void *y, const int64_t *at, const void *x, int64_t step, int64_t n, int64_t run);
} tp__combine;

/* NULL: not for this dtype. */
const tp__combine *tp__combine_of(int op, tp_dtype dtype);

enum { TP__CHECKED = -1 };                             /* `below`, where all places are known to be good */

/* The other way: y[i * y_step] = x[at[i]], elements of `item` bytes; `known` as above, of x, and `below` and what is returned too. */
int64_t tp__pick_line(void *y, int64_t y_step, const void *x, const int64_t *at, int64_t n, int64_t item, int64_t known, uint64_t below);

/* Rows that lie anywhere: one is asked for so many rows ahead, into the second-level cache. The processor by itself would go on only
 * after some lines. */
static inline int64_t tp__rows_ahead(int64_t bytes)
{
    enum { IN_FLIGHT = 6144, LEAST = 3, MOST = 24 };   /* bytes, rows */
    const int64_t rows = bytes ? IN_FLIGHT / bytes : LEAST;
    return rows < LEAST ? LEAST : rows > MOST ? MOST : rows;
}
/* Of a long row the first lines. */
static inline void tp__fetch_row(const char *row, int64_t bytes)
{
    enum { LINE = 64, MOST = 4096 };
    for (int64_t k = 0; k < MOST && k < bytes; k += LINE) __builtin_prefetch(row + k, 0, 2);
}

#endif
