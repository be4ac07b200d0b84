/* reduce_fold.h: reductions over any dims of any layout. A family says what its accumulators do with a run of elements that all
 * belong to one output, and with rows that are added to a row of outputs; the walk over the tensor, casts and threads are here.
 *
 * An accumulator is some numbers, its parts: part k of output j stands at acc[k * apart + j]. */
#ifndef TP__REDUCE_FOLD_H
#define TP__REDUCE_FOLD_H

#include "core/op.h"

enum { TP__FOLD_WIDTH = 4096, TP__FOLD_ROWS = 64 };    /* outputs, rows that a call sees at most */

typedef union tp__total { double real; int64_t integer; } tp__total;

typedef struct tp__fold tp__fold;
struct tp__fold {
    tp_dtype takes;                                    /* what elements are cast to: F32, F64, I64 or BOOL */
    tp_dtype gives;                                    /* what `finish` writes: F64 or I64 */
    int parts;
    int64_t width;                                     /* outputs at once; 0: TP__FOLD_WIDTH */
    double number;                                     /* the family's own, as `count` */
    int64_t count;                                     /* elements that one output is made of; set by the walk */
    bool far;                                          /* they come from memory, not from a cache; set by the walk */
    void (*begin)(const tp__fold *f, int64_t w, tp__total *acc, int64_t apart);
    void (*run)(const tp__fold *f, int64_t n, const void *x, tp__total *acc, int64_t apart);
    void (*rows)(const tp__fold *f, int64_t rows, int64_t w, const void *x, int64_t stride, tp__total *acc, int64_t apart);
    void (*join)(const tp__fold *f, int64_t w, tp__total *to, const tp__total *from, int64_t apart);
    void (*finish)(const tp__fold *f, int64_t w, const tp__total *acc, int64_t apart, int output, tp__total *y);
};

/* Where elements come from and results go: dims whose bits are set in `gone` are reduced over; outputs are contiguous. */
typedef struct tp__fold_io {
    const void *x;
    tp_dtype from;
    int ndim;
    int64_t shape[TP_MAX_DIMS], stride[TP_MAX_DIMS];
    uint64_t gone;
    int n_out;
    struct { void *data; tp_dtype dtype; } out[2];
} tp__fold_io;

/* TP_ERR_MEMORY. The second is of call->in[0], over the dims in call->scratch, into every output of the call. */
tp_status tp__fold_over(const tp__fold_io *io, tp__fold fold);
tp_status tp__fold_all(tp__call *call, tp__fold fold);
/* Variance and mean, or standard deviation and mean, of floats read as float32 or float64. */
tp__fold tp__fold_moments(bool wide, bool root, double correction);

/* The dtype that floats of x are read in, for results of y's precision. */
static inline tp_dtype tp__fold_floats(const tp_tensor *x, const tp_tensor *y)
{
    return x->dtype == TP_F64 || y->dtype == TP_F64 ? TP_F64 : TP_F32;
}

#endif
