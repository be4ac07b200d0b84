/* order_shared.c: one long row put in order by several threads. For every digit each counts its part of the row, and then moves it
 * to behind what the earlier parts have of the same: equals keep their order, and nothing depends on how many threads there are. */
#include "core/parallel.h"
#include "cpu/order.h"

enum { DIGIT = 8, BUCKETS = 1 << DIGIT, PER_THREAD = 4, MOST_PARTS = 64, BLOCK = 1024 };          /* the last: keys, of which the first cache has all */

typedef struct sharing {
    const tp__keys *k;
    const void *x;
    void *from, *to;                                   /* keys */
    int64_t n, part;                                   /* elements of a part, but the last has what is left */
    int shift;
    _Alignas(64) uint32_t count[MOST_PARTS][BUCKETS]; /* no line is of two parts */
    bool exact[MOST_PARTS];
    char *values;
    int64_t *places;
} sharing;

static void part_of(const sharing *s, int64_t p, int64_t *first, int64_t *n)
{
    *first = p * s->part < s->n ? p * s->part : s->n;
    *n = s->n - *first < s->part ? s->n - *first : s->part;
}

#define SHARED(name, W, KEY) \
    static void count_some_##name(const W *x, int64_t n, int shift, uint32_t *count) \
    { \
        for (int64_t i = 0; i < n; i++) count[KEY(x[i]) >> shift & (BUCKETS - 1)]++; \
    } \
    static void make_##name(void *arg, int64_t p) \
    { \
        sharing *s = arg; \
        tp__keys k = *s->k; \
        int64_t first, n; \
        part_of(s, p, &first, &n); \
        memset(s->count[p], 0, sizeof s->count[p]); \
        for (int64_t i = first, last = first + n; i < last; i += BLOCK) { \
            W *const keys = (W *)s->from + i; \
            const int64_t some = last - i < BLOCK ? last - i : BLOCK; \
            tp__keys_##name(&k, s->x, i, some, keys); \
            count_some_##name(keys, some, s->shift, s->count[p]); \
        } \
        s->exact[p] = k.exact; \
    } \
    static void count_##name(void *arg, int64_t p) \
    { \
        sharing *s = arg; \
        int64_t first, n; \
        part_of(s, p, &first, &n); \
        memset(s->count[p], 0, sizeof s->count[p]); \
        count_some_##name((const W *)s->from + first, n, s->shift, s->count[p]); \
    } \
    static void move_##name(void *arg, int64_t p) \
    { \
        sharing *s = arg; \
        uint32_t *at = s->count[p]; \
        int64_t first, n; \
        part_of(s, p, &first, &n); \
        const W *x = (const W *)s->from + first; \
        W *y = s->to; \
        const int shift = s->shift; \
        for (int64_t i = 0; i < n; i++) y[at[KEY(x[i]) >> shift & (BUCKETS - 1)]++] = x[i]; \
    } \
    static void write_##name(void *arg, int64_t p) \
    { \
        sharing *s = arg; \
        int64_t first, n; \
        part_of(s, p, &first, &n); \
        char *values = s->values ? s->values + first * (int64_t)tp_dtype_size(s->k->dtype) : NULL; \
        tp__order_write_##name(s->k, (const W *)s->from + first, n, s->x, values, s->places ? s->places + first : NULL); \
    } \
    static unsigned first_bucket_##name(const sharing *s) { return KEY(*(const W *)s->from) >> s->shift & (BUCKETS - 1); }
#define WORD(w)   (w)
#define KEY_OF(w) ((w).key)
SHARED(narrow, uint64_t, WORD)
SHARED(wide, tp__wide, KEY_OF)

typedef struct steps { tp__piece_fn *make, *count, *move, *write; unsigned (*first_bucket)(const sharing *); int first_bit; } steps;

/* Where each part puts what it has of each digit; false: all have the same. */
static bool place_parts(sharing *s, int parts, unsigned bucket)
{
    uint64_t alike = 0;
    uint32_t next = 0;
    for (int p = 0; p < parts; p++) alike += s->count[p][bucket];
    if (alike == (uint64_t)s->n) return false;
    for (int b = 0; b < BUCKETS; b++)
        for (int p = 0; p < parts; p++) {
            const uint32_t here = s->count[p][b];
            s->count[p][b] = next;
            next += here;
        }
    return true;
}

void tp__order_shared(tp__keys *k, const void *x, int64_t n, void *keys, void *spare, void *values, int64_t *places, int threads)
{
    static const steps narrow = { make_narrow, count_narrow, move_narrow, write_narrow, first_bucket_narrow, 32 },
                       wide = { make_wide, count_wide, move_wide, write_wide, first_bucket_wide, 0 };
    const steps *step = k->wide ? &wide : &narrow;
    const int parts = PER_THREAD * threads < MOST_PARTS ? PER_THREAD * threads : MOST_PARTS;    /* some more: one may be held up */
    sharing s = { .k = k, .x = x, .from = keys, .to = spare, .n = n, .part = (n + parts - 1) / parts, .values = values, .places = places,
                  .shift = step->first_bit };
    tp__parallel(parts, threads, step->make, &s);      /* counts the first digit, too */
    for (int p = 0; p < parts; p++) k->exact &= s.exact[p];
    for (s.shift = step->first_bit; s.shift < 64; s.shift += DIGIT) {
        if (s.shift > step->first_bit) tp__parallel(parts, threads, step->count, &s);
        if (!place_parts(&s, parts, step->first_bucket(&s))) continue;
        tp__parallel(parts, threads, step->move, &s);
        void *const swap = s.from;
        s.from = s.to;
        s.to = swap;
    }
    tp__parallel(parts, threads, step->write, &s);
}
