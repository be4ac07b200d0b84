/* loss.cuh: what cross_entropy and nll_loss share: losses of rows that have a class each, and the sums of both. In 16-bit floats the terms
 * are rounded where PyTorch's are; sums are float64 until the end. */
#ifndef TPC_LOSS_CUH
#define TPC_LOSS_CUH

#include <taper/ops/loss.h>

#include "cuda/lanes.cuh"
#include "cuda/reduce.cuh"

static inline int tpc_narrow_dtype(int dtype) { return dtype == TP_F16 || dtype == TP_BF16 ? dtype : 0; }
/* v as the 16-bit dtype holds it; v itself for 0 */
TPC_DEVICE double tpc_narrowed(int dtype, double v) { return dtype ? tpc_round_to(dtype, v) : v; }

/* Classes of rows: which count, and with what weight. */
struct tpc_classes {
    const int64_t *target;
    tpc_side weight;                                   /* NULL: ones */
    int64_t n, ignore;
    tpc_watch watch;
};
TPC_DEVICE double tpc_class_weight(const tpc_classes &c, int64_t t) { return c.weight.data ? tpc_load<double>(c.weight.data, c.weight.dtype, t) : 1; }
/* The class of a row; -1: it is ignored, or no class, which is noted. */
TPC_DEVICE int64_t tpc_class_at(const tpc_classes &c, int64_t row)
{
    const int64_t t = c.target[row];
    if (t == c.ignore) return -1;
    if (t >= 0 && t < c.n) return t;
    tpc_note_bad(c.watch, t, c.n);
    return -1;
}

/* Over an array of `rows` numbers in a row, of which only the layout counts. */
static inline tpc_array tpc_row_numbers(int64_t rows)
{
    tpc_array x = tpc_array();
    x.ndim = 1;
    x.numel = x.shape[0] = rows;
    x.stride[0] = 1;
    return x;
}

struct tpc_loss_sums { double loss, weight; };

/* The sum of the weights of the classes of all rows: what a mean divides by. */
struct tpc_class_total {
    using acc = tpc_loss_sums;
    tpc_classes classes;
    int narrow;
    double *total;
    __device__ acc begin() const { return acc{ 0, 0 }; }
    __device__ void add(acc &a, int64_t, int64_t row) const
    {
        const int64_t t = tpc_class_at(classes, row);
        if (t >= 0) a.weight += tpc_class_weight(classes, t);
    }
    __device__ acc join(const acc &a, const acc &b) const { return acc{ a.loss + b.loss, a.weight + b.weight }; }
    __device__ void finish(const acc &a, int64_t) const { *total = tpc_narrowed(narrow, a.weight); }
};

#endif
