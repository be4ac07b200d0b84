/* combine.cuh: reading from places that an index says, and writing to them: what gather, scatter, rows of a table and embeddings are
 * made of (scatter.cu). Indices are checked on the way; a bad one is noted and its place left alone. */
#ifndef TPC_COMBINE_CUH
#define TPC_COMBINE_CUH

#include "cuda/order.cuh"

/* What indices point into: `size` places `step` elements apart, or where they are not even, the dims that they are a position in. */
struct tpc_range {
    const void *index;
    int32_t dtype;                                     /* int64 or int32 */
    bool wrap;                                         /* negative ones count from the end */
    int64_t size, step;
    int32_t n_digits;
    int64_t digit_size[TP_MAX_DIMS], digit_step[TP_MAX_DIMS];
    tpc_watch watch;
};

static inline tpc_range tpc_range_of(const tp__call *call, const tpc_array &index, int64_t size, int64_t step, bool wrap)
{
    tpc_range r = tpc_range();
    r.index = index.data;
    r.dtype = index.dtype;
    r.wrap = wrap;
    r.size = size;
    r.step = step;
    r.watch = tpc_watch_for(call, TP_ERR_INDEX, "index %lld is out of range for size %lld");
    return r;
}

/* The index at i, from 0 to size - 1; -1: it is out of range */
TPC_DEVICE int64_t tpc_index_at(const tpc_range &r, int64_t i)
{
    const int64_t given = r.dtype == TP_I64 ? ((const int64_t *)r.index)[i] : ((const int32_t *)r.index)[i];
    const int64_t v = given < 0 && r.wrap ? given + r.size : given;
    if (v >= 0 && v < r.size) return v;
    tpc_note_bad(r.watch, given, r.size);
    return -1;
}
/* Where it is, in elements */
TPC_DEVICE int64_t tpc_place_of(const tpc_range &r, int64_t index)
{
    if (!r.n_digits) return index * r.step;
    int64_t place = 0;
    for (int d = r.n_digits - 1; d >= 0; d--) {
        int64_t digit;
        index = tpc_split(index, r.digit_size[d], &digit);
        place += digit * r.digit_step[d];
    }
    return place;
}

/* y[i] = x[i, but at the index]: dims in the order of y, each with the steps of y, of the index and of x. What is found by the index
 * `masked` is 0 (TP_NONE: nothing is). */
struct tpc_taking {
    int ndim;
    int64_t size[TP_MAX_DIMS], y[TP_MAX_DIMS], index[TP_MAX_DIMS], x[TP_MAX_DIMS];
    tpc_range range;
    int64_t masked;
};
tp_status tpc_take(const tp__call *call, void *y, const void *x, int dtype, const tpc_taking &taking);

/* table[line, column, place] = it op rows[line, column, i], place = index[line, i], in the order of i. Of lines each has its own
 * indices, n of them; columns share them. */
enum { TPC_SET = 1, TPC_ADD, TPC_MUL, TPC_MAX, TPC_MIN };        /* bool: or, and, or, and. A NaN stays in MAX and MIN */
struct tpc_combine {
    int op, dtype;
    void *table;
    const void *rows;
    tpc_range range;
    int64_t n, index_step, row_step;
    tpc_walk lines;                                    /* of the table, the rows, the index */
    tpc_walk columns;                                  /* of the table, the rows */
};
tp_status tpc_combine_run(const tp__call *call, const tpc_combine &c);

#endif
