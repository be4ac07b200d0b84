/* offsets.h: from the indices that a user gave to places in memory, checked on the way. */
#ifndef TP__OFFSETS_H
#define TP__OFFSETS_H

#include "core/op.h"

enum { TP__BLOCK = 1024 };                             /* indices that are turned into places at a time */

/* What indices point into: `size` places `scale` elements apart. Negative ones count from the end if `wrap`. */
typedef struct tp__range {
    tp_dtype dtype;                                    /* of the indices: int64 or int32 */
    bool wrap;
    bool steady;                                       /* nothing writes to the indices meanwhile */
    int64_t size, scale;
    _Atomic int64_t bad, bad_at;                       /* an index out of range and its position: the first of them. -1: none */
} tp__range;

void tp__range_init(tp__range *r, tp_dtype dtype, int64_t size, int64_t scale, bool wrap);
/* at[i] = index[i * step] * scale + i * more. False if one is out of range: `position` + i is noted. */
bool tp__offsets(tp__range *r, int64_t *at, const void *index, int64_t step, int64_t n, int64_t more, int64_t position);
/* The same places: the indices themselves where they are places as they stand, which are checked and then read where they lie, else
 * in `room`. NULL if one is out of range. */
const int64_t *tp__places(tp__range *r, int64_t *room, const void *index, int64_t step, int64_t n, int64_t more, int64_t position);
/* Are indices places as they stand? Then a loop may read them where they lie and itself look whether they are below r->size, unsigned. */
static inline bool tp__places_stand(const tp__range *r, int64_t step, int64_t more)
{
    return r->steady && r->dtype == TP_I64 && !r->wrap && r->scale == 1 && step == 1 && !more;
}
/* Of n places those from `lo` to below `hi`, no more than 2^32 above it, in order: how far above it to `to`, and to pick which of them they
 * were, counted from `first` on, or, if it is not NULL, what `with` has for them. Both have room for n. Returns how many. */
int64_t tp__places_within(const int64_t *from, int64_t n, int64_t lo, int64_t hi, int32_t first, const int32_t *with, uint32_t *to, int32_t *pick);
/* The same of those below `middle` and of the others, what is `with` them beside them, in one go; each list has
 * room for n. False: one is not below `size`, and what was written is of no use. */
bool tp__places_halve(const int64_t *from, int64_t n, int64_t middle, int64_t size, const int32_t *with, uint32_t *const to[2], int32_t *const pick[2],
                      int64_t count[2]);
void tp__places_widen(int64_t *to, const uint32_t *from, int64_t n);
static inline bool tp__range_is_good(const tp__range *r) { return atomic_load_explicit(&r->bad_at, memory_order_relaxed) < 0; }
/* TP_ERR_INDEX if one was out of range, in the name of the op that the user called: dim is named unless it is below 0. */
tp_status tp__range_status(const tp__range *r, const tp__call *call, int64_t dim);

/* All indices of a contiguous tensor. */
bool tp__range_check(tp__range *r, const void *index, int64_t n);

#endif
