/* rows.h: what ops need that look up, add or write rows of a table. Some neighbouring dims of the table are indexed, as one:
 *
 *   table  [outer.., indexed.., inner..]        rows  [outer.., index's shape.., inner..]
 *
 * The index is a position in the indexed dims in row-major order. */
#ifndef TP__ROWS_H
#define TP__ROWS_H

#include "cpu/contiguous.h"
#include "cpu/offsets.h"

typedef struct tp__rows {
    tp__range range;
    tp__plain index;                                   /* contiguous */
    int64_t n_index, index_item;
    int64_t item;                                      /* bytes of an element */
    char *table;
    const char *rows;
    /* dims outside and inside of the indexed ones, joined where both tensors allow it; steps in elements */
    struct tp__row_dim { int64_t size, table, rows; } outer[TP_MAX_DIMS], inner[TP_MAX_DIMS];
    int n_outer, n_inner;
    int64_t outers, inners;                            /* elements of them */
    int64_t row_step;                                  /* from one index to the next in rows */
    int64_t first_dim;                                 /* of the indexed ones */
    int n_digits;                                      /* of an index, where the indexed dims do not step evenly; else 0 */
    int64_t digit_size[TP_MAX_DIMS], digit_step[TP_MAX_DIMS];
} tp__rows;

/* `rows` has to have its index dims at even steps. TP_ERR_MEMORY. */
tp_status tp__rows_init(tp__rows *g, const tp_tensor *table, const tp_tensor *index, const tp_tensor *rows, int64_t dim, int64_t n_dims, bool wrap);
void tp__rows_end(tp__rows *g);

/* Places in the table of up to TP__BLOCK indices from `first` on. */
bool tp__rows_places(tp__rows *g, int64_t first, int64_t n, int64_t *at);
/* Where outer (or inner) position i is, in both; in elements. */
static inline void tp__rows_at(const struct tp__row_dim *dim, int n, int64_t i, int64_t *table, int64_t *rows)
{
    *table = *rows = 0;
    for (int d = n - 1; d >= 0; i /= dim[d--].size) {
        *table += i % dim[d].size * dim[d].table;
        *rows += i % dim[d].size * dim[d].rows;
    }
}

#endif
