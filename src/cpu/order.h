/* order.h: putting rows in order. An element becomes a key, an unsigned number that compares as the elements are to be ordered,
 * and goes with its place: NaN is greater than all else, and 0 and -0 are equal. Of equal ones the first comes first. */
#ifndef TP__ORDER_H
#define TP__ORDER_H

#include "core/op.h"

/* How the keys of a row were made. Narrow ones are 32 bits, and stand with their place in one word, key << 32 | place, which
 * orders both at once; wide ones are 64 bits. */
typedef struct tp__wide { uint64_t key, place; } tp__wide;
typedef struct tp__keys {
    tp_dtype dtype;
    bool descending;
    bool wide;
    bool exact;                                        /* a narrow key gives its element back: no NaN, no -0 */
    int64_t base;                                      /* of int64 that span less than 2^32: what key 0 stands for */
} tp__keys;

enum { TP__ORDER_MOST = INT32_MAX };                   /* elements of a row */

/* How the n elements at x, side by side, are to be keyed. */
void tp__keys_plan(tp__keys *k, const void *x, tp_dtype dtype, int64_t n, bool descending);
/* The keys of x[first], .. x[first + n - 1]. Clears `exact` where one is not. */
void tp__keys_narrow(tp__keys *k, const void *x, int64_t first, int64_t n, uint64_t *out);
void tp__keys_wide(const tp__keys *k, const void *x, int64_t first, int64_t n, tp__wide *out);

/* Sorts n keys that stand in the order of their places, or words that stand in any; `spare` has room for as many. Returns which of
 * the two the result is in. */
uint64_t *tp__order_narrow(uint64_t *keys, uint64_t *spare, int64_t n);
uint64_t *tp__order_words(uint64_t *keys, uint64_t *spare, int64_t n);
tp__wide *tp__order_wide(tp__wide *keys, tp__wide *spare, int64_t n);
/* All of it for a row of n: keys as planned, in `keys`; sorting; values and places. By that many threads, called outside of a loop of theirs. */
void tp__order_shared(tp__keys *k, const void *x, int64_t n, void *keys, void *spare, void *values, int64_t *places, int threads);
/* Sorts n pairs by their keys, and leaves equal ones as std::sort of GNU's C++ library does, with which PyTorch sorts on the CPU where
 * no stable order is asked for. For sums that round at each step. */
void tp__order_unstable(tp__wide *pairs, int64_t n);
/* Puts the m least of n words first, in any order. */
void tp__order_select(uint64_t *keys, int64_t n, int64_t m);

/* places[i] and values[i] of sorted keys; x is the row that they were made from. Either may be NULL. */
void tp__order_write_narrow(const tp__keys *k, const uint64_t *keys, int64_t n, const void *x, void *values, int64_t *places);
void tp__order_write_wide(const tp__keys *k, const tp__wide *keys, int64_t n, const void *x, void *values, int64_t *places);

#endif
