/* resample.c: the kernel of resample: for each dim the places and weights that an output place is made of. Places of
 * interpolation are found in the arithmetic that x is computed in, as PyTorch does: one that is rounded otherwise can be another. */
#include <math.h>

#include "core/convert.h"
#include "core/kernel_args.h"
#include "cpu/bands.h"
#include "cpu/contiguous.h"

typedef struct dim {
    const tp__resample *a;
    tp_dtype dtype;                                    /* that is computed in */
    tp_dtype weights;                                  /* that weights are rounded to before */
    bool small;                                        /* PyTorch has a kernel of its own for small or channels-last images */
    int i;                                             /* of the lists of a */
    int64_t in, out;
} dim;

/* ---- Means --------------------------------------------------------------------------------------------------------------------------- */

static tp_status sliding(const dim *d, tp__bands *b)
{
    const int64_t kernel = d->a->kernel.v[d->i], stride = d->a->stride.v[d->i], padding = d->a->padding.v[d->i];
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, kernel < d->in ? kernel : d->in, false, true);
    for (int64_t o = 0; o < d->out && !status; o++) {
        const int64_t begin = o * stride - padding, end = begin + kernel < d->in + padding ? begin + kernel : d->in + padding;
        const int64_t first = begin < 0 ? 0 : begin < d->in ? begin : d->in, last = end < d->in ? end : d->in;
        b->band[o] = (tp__band){ first, last > first ? last - first : 0 };
        const int64_t places = d->a->count_padding ? end - begin : b->band[o].count;
        tp__bands_divide(b, o, d->a->divisor != TP_NONE ? (d->i ? 1 : (double)d->a->divisor) : places > 0 ? (double)places : 1);
    }
    return status;
}

static tp_status shared(const dim *d, tp__bands *b)
{
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, d->out ? (d->in + d->out - 1) / d->out + 1 : 0, false, true);
    for (int64_t o = 0; o < d->out && !status; o++) {
        const int64_t first = o * d->in / d->out, last = ((o + 1) * d->in + d->out - 1) / d->out;
        b->band[o] = (tp__band){ first, last - first };
        tp__bands_divide(b, o, (double)(last - first));
    }
    return status;
}

/* ---- Interpolation -------------------------------------------------------------------------------------------------------------------- */

/* As the dtype rounds: float32 for all but float64. */
static double rounded(const dim *d, double x) { return d->dtype == TP_F64 ? x : (double)(float)x; }

/* Input places to one of the output. */
static double scale_of(const dim *d)
{
    const double given = d->a->scale.n ? d->a->scale.v[d->i] : 0;
    if (d->a->align_corners) return d->out > 1 ? rounded(d, (double)(d->in - 1) / (double)(d->out - 1)) : 0;
    return rounded(d, given > 0 ? 1 / given : rounded(d, (double)d->in) / rounded(d, (double)d->out));
}

/* As the weights are rounded, where those are of 16 bits. */
static double narrowed(const dim *d, double x) { return d->weights == TP_F16 || d->weights == TP_BF16 ? (double)tp__round_to(d->weights, (float)x) : x; }

static double source(const dim *d, double scale, int64_t o, bool below_zero)
{
    if (d->a->align_corners) return rounded(d, scale * rounded(d, (double)o));
    const double x = rounded(d, rounded(d, scale * rounded(d, (double)o + 0.5)) - 0.5);
    return x < 0 && !below_zero ? 0 : x;
}

static int64_t clamped(int64_t x, int64_t n) { return x < 0 ? 0 : x < n ? x : n - 1; }
static int64_t place(double x, int64_t n) { return !(x > 0) ? 0 : x < (double)n ? (int64_t)x : n - 1; }        /* rounded down; any x */

/* PyTorch's kernel of small images: in float32, sizes that stay or double being told apart from others. */
static double nearest_small(const dim *d, int64_t o, bool exact)
{
    const double given = d->a->scale.n ? d->a->scale.v[d->i] : 0;
    const float scale = given > 0 ? (float)(1 / given) : (float)d->in / (float)d->out;
    if (exact) return floorf(((float)o + 0.5f) * scale);
    if (d->in == d->out) return (double)o;
    return d->out == 2 * d->in ? (double)(o / 2) : floorf((float)o * scale);
}

static double nearest_any(const dim *d, double scale, int64_t o, bool exact)
{
    return exact ? rounded(d, source(d, scale, o, false) + 0.5) : rounded(d, scale * rounded(d, (double)o));
}

static tp_status nearest(const dim *d, tp__bands *b)
{
    const bool exact = d->a->how == TP__RESAMPLE_NEAREST_EXACT;
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, 1, false, false);
    const double scale = scale_of(d);
    for (int64_t o = 0; o < d->out && !status; o++) {
        const double at = d->small ? nearest_small(d, o, exact) : nearest_any(d, scale, o, exact);
        b->band[o] = (tp__band){ place(at, d->in), 1 };
    }
    return status;
}

/* The weights of n places from `from` on, those outside going to the first and the last one. */
static void set_clamped(const dim *d, tp__bands *b, int64_t o, int64_t from, int n, const double *weight)
{
    const int64_t first = clamped(from, d->in), last = clamped(from + n - 1, d->in);
    double sum[4] = { 0 };
    for (int k = 0; k < n; k++) sum[clamped(from + k, d->in) - first] += narrowed(d, weight[k]);
    b->band[o] = (tp__band){ first, last - first + 1 };
    for (int64_t k = 0; k <= last - first; k++) tp__bands_set(b, o, k, sum[k]);
}

static tp_status linear(const dim *d, tp__bands *b)
{
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, 2, true, false);
    const double scale = scale_of(d);
    for (int64_t o = 0; o < d->out && !status; o++) {
        const double x = d->in == d->out ? (double)o : source(d, scale, o, false);
        const int64_t at = place(x, d->in);
        const double part = rounded(d, x - (double)at);
        const double t = narrowed(d, part < 1 ? part : 1);
        set_clamped(d, b, o, at, 2, (double[]){ rounded(d, 1 - t), t });
    }
    return status;
}

/* Keys' kernel with a = -3/4, |x| <= 1 and 1 < |x| < 2. */
static double keys_near(double x, double a) { return ((a + 2) * x - (a + 3)) * x * x + 1; }
static double keys_far(double x, double a) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; }

static tp_status cubic(const dim *d, tp__bands *b)
{
    const double a = -0.75;
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, 4, true, false);
    const double scale = scale_of(d);
    for (int64_t o = 0; o < d->out && !status; o++) {
        const double x = source(d, scale, o, true);
        const int64_t at = x < 0 ? -1 : place(x, d->in);             /* not below -1/2 by much, so that -1 is far enough */
        const double part = rounded(d, x - (double)at), t = part > 0 ? part < 1 ? part : 1 : 0;
        const double weight[] = { keys_far(t + 1, a), keys_near(t, a), keys_near(1 - t, a), keys_far(2 - t, a) };
        set_clamped(d, b, o, at - 1, 4, weight);
    }
    return status;
}

/* The kernel stretched to the scale where that is above 1, its weights made to sum up to 1. Its cubic is that of PIL, a = -1/2. */
static double stretched(const dim *d, double x)
{
    x = fabs(x);
    if (d->a->how == TP__RESAMPLE_LINEAR) return x < 1 ? 1 - x : 0;
    return x < 1 ? keys_near(x, -0.5) : x < 2 ? keys_far(x, -0.5) : 0;
}

static tp_status antialiased(const dim *d, tp__bands *b)
{
    const double scale = scale_of(d), wide = scale >= 1 ? scale : 1, half = (d->a->how == TP__RESAMPLE_LINEAR ? 1 : 2) * wide;
    const int64_t most = half < (double)d->in && (int64_t)ceil(half) * 2 + 1 < d->in ? (int64_t)ceil(half) * 2 + 1 : d->in;
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, most, true, false);
    for (int64_t o = 0; o < d->out && !status; o++) {
        const double center = scale * ((double)o + 0.5);
        const int64_t first = place(center - half + 0.5, d->in), last = center + half + 0.5 < (double)d->in ? (int64_t)(center + half + 0.5) : d->in;
        const int64_t n = last - first < most ? last - first : most;
        double sum = 0;
        for (int64_t k = 0; k < n; k++) sum += stretched(d, ((double)(first + k) - center + 0.5) / wide);
        b->band[o] = (tp__band){ first, n };
        for (int64_t k = 0; k < n; k++) tp__bands_set(b, o, k, stretched(d, ((double)(first + k) - center + 0.5) / wide) / (sum != 0 ? sum : 1));
    }
    return status;
}

/* ---- Running them ---------------------------------------------------------------------------------------------------------------------- */

static tp_status same(const dim *d, tp__bands *b)
{
    const tp_status status = tp__bands_new(b, d->dtype, d->in, d->out, 1, false, false);
    for (int64_t o = 0; o < d->out && !status; o++) b->band[o] = (tp__band){ o, 1 };
    return status;
}

static tp_status forward_bands(const dim *d, tp__bands *b)
{
    if (d->a->antialias && d->in == d->out) return same(d, b);           /* whatever the scale */
    switch (d->a->how) {
    case TP__RESAMPLE_SLIDING: return sliding(d, b);
    case TP__RESAMPLE_SHARED: return shared(d, b);
    case TP__RESAMPLE_LINEAR: return d->a->antialias ? antialiased(d, b) : linear(d, b);
    case TP__RESAMPLE_CUBIC: return d->a->antialias ? antialiased(d, b) : cubic(d, b);
    default: return nearest(d, b);
    }
}

/* Which of PyTorch's two kernels of images it is: the other is that of any number of dims. */
static bool is_small(const tp__resample *a, const tp_tensor *x, const tp_tensor *large)
{
    const bool channels_last = x->ndim == 4 && x->stride[1] == 1 && x->shape[1] > 3;
    return a->size.n == 2 && (channels_last || large->shape[large->ndim - 2] + large->shape[large->ndim - 1] <= 128);
}

/* Only that other one rounds the weights of the 16-bit dtypes to these. */
static bool rounds_weights(const tp__resample *a, const tp_tensor *x, bool small)
{
    return tp_dtype_size((tp_dtype)x->dtype) == 2 && !a->adjoint && !a->antialias &&
           (a->how == TP__RESAMPLE_CUBIC || (a->how == TP__RESAMPLE_LINEAR && !small));
}

/* The map of one of depth, height and width; of a dim that x does not have, the one that does nothing. */
static tp_status bands_of(const tp__resample *a, tp_dtype dtype, tp_dtype weights, bool small, int i, int64_t in, int64_t out, tp__bands *b, tp__bands *turned)
{
    const dim d = { a, dtype, weights, small, i, a->adjoint ? out : in, a->adjoint ? in : out };
    if (i < 0) return same(&d, b);
    const tp_status status = forward_bands(&d, b);
    return status || !a->adjoint ? status : tp__bands_turn(turned, b);
}

/* Is there one window alone? PyTorch takes that for a plain mean. */
static bool is_whole_mean(const tp__resample *a, const tp_tensor *small)
{
    bool whole = true;
    for (int i = 0; i < a->size.n; i++) whole = whole && small->shape[small->ndim - 1 - i] == 1;
    return whole;
}

static tp_status resample(tp__call *call)
{
    const tp_tensor *x = call->in[0], *y = call->out[0];
    const tp__resample *a = call->attr;
    const int n = (int)a->size.n;
    const tp_dtype dtype = tp__product_dtype(call, x->dtype);
    if (!dtype) return tp__pending();
    if (!y->numel) return TP_OK;
    tp__bands b[3] = { { 0 } }, turned[3] = { { 0 } };
    tp__plain px = { 0 }, py = { 0 };
    const bool small = is_small(a, x, a->adjoint ? x : y);
    int64_t planes = 1;
    for (int d = 0; d < x->ndim - n; d++) planes *= x->shape[d];
    tp_status status = TP_OK;
    for (int k = 0; k < 3 && !status; k++) {
        const int i = k - (3 - n);
        status = bands_of(a, dtype, rounds_weights(a, x, small) ? (tp_dtype)x->dtype : dtype, small, i,
                          i < 0 ? 1 : x->shape[x->ndim - n + i], i < 0 ? 1 : a->size.v[i], &b[k], &turned[k]);
    }
    if (!status) status = tp__plain_take(&px, x, dtype);
    if (!status) status = tp__plain_room(&py, y, dtype);
    if (!status) {
        const tp__bands *maps[3];
        for (int k = 0; k < 3; k++) maps[k] = a->adjoint && turned[k].band ? &turned[k] : &b[k];
        const bool shares = a->how == TP__RESAMPLE_SHARED && !is_whole_mean(a, a->adjoint ? x : y);
        const bool rounds = tp_dtype_size((tp_dtype)x->dtype) == 2 && (a->adjoint ? a->how <= TP__RESAMPLE_SHARED : shares && n == 3);
        const int threads = tp_get_num_threads();
        status = rounds ? tp__bands_apply_rounded(maps, planes, a->adjoint, (tp_dtype)x->dtype, shares, px.data, py.data, threads)
                        : tp__bands_apply(maps, planes, a->adjoint, px.data, py.data, threads);
    }
    if (!status) tp__plain_return(&py, call->out[0]);
    tp__plain_free(&px);
    tp__plain_free(&py);
    for (int k = 0; k < 3; k++) {
        tp__bands_free(&b[k]);
        tp__bands_free(&turned[k]);
    }
    return status;
}

const tp_kernel tp__cpu_resample[] = { { "resample", resample, NULL }, { NULL, NULL, NULL } };
