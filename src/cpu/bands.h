/* bands.h: linear maps that go dim by dim, each output place being a sum over a run of input places, with weights. Means of
 * windows and interpolation are such maps, and so are their adjoints. float32, float64 and int64. */
#ifndef TP__BANDS_H
#define TP__BANDS_H

#include <taper/extend.h>

typedef struct tp__band { int64_t first, count; } tp__band;          /* input places first .. first + count - 1; in rising order */

/* The map of one dim. */
typedef struct tp__bands {
    tp_dtype dtype;                                    /* of weights and divisors */
    int64_t in, out, most;                             /* places; the greatest count */
    tp__band *band;                                    /* [out] */
    void *weight;                                      /* [out][most]; NULL: all are 1 */
    void *divisor;                                     /* [out], what the sum is divided by, together with those of the other dims; NULL: 1 */
    void *memory;
    size_t bytes;
} tp__bands;

/* Room for `out` bands of at most `most` places each. TP_ERR_MEMORY */
tp_status tp__bands_new(tp__bands *b, tp_dtype dtype, int64_t in, int64_t out, int64_t most, bool weighted, bool divided);
void tp__bands_free(tp__bands *b);
void tp__bands_set(tp__bands *b, int64_t o, int64_t k, double weight);
void tp__bands_divide(tp__bands *b, int64_t o, double divisor);
/* The adjoint of b, whose bands must rise. Its divisor is that of b: of the input, before the sum. */
tp_status tp__bands_turn(tp__bands *turned, const tp__bands *b);

/* y = the maps of depth, height and width, of each plane of x. `divide_input`: they are turned ones. TP_ERR_MEMORY */
tp_status tp__bands_apply(const tp__bands *const b[3], int64_t planes, bool divide_input, const void *x, void *y, int threads);
/* The same for bands without weights, computed as PyTorch does some means of the 16-bit dtypes and their gradients: quotients and
 * every partial sum are rounded to `narrow`. `one_by_one`: it divides by each dim's divisor in turn, not by their product. */
tp_status tp__bands_apply_rounded(const tp__bands *const b[3], int64_t planes, bool divide_input, tp_dtype narrow, bool one_by_one, const float *x,
                                  float *y, int threads);

#endif
