/* grid_sample.c: images read at points, as by a spatial transformer (Jaderberg et al. 2015). All are made of other ops.
 *
 *   affine_grid     points [n, h, w, 2] of theta [n, 2, 3]: theta (x, y, 1)', x and y from -1 to 1 over the image; or of volumes, with z
 *   grid_sample     x [n, c, h, w] at points [n, p, q, 2], (x, y) in [-1, 1] -> [n, c, p, q]; or of volumes
 *
 * A point t of a side of `size` pixels is at pixel (t + 1) / 2 (size - 1) with align_corners, and at ((t + 1) size - 1) / 2 without: -1 and 1
 * are the middles of the outer pixels, or their outer edges. Between pixels it is
 *   bilinear    linear in each dim: 1 - r, r, r how far the point lies from the pixel before it
 *   nearest     the nearest pixel, half to even; points then have a gradient of zero
 *   bicubic     cubic in each dim, of four pixels (Keys 1981, a = -0.75); of images alone
 * and beyond the border zeros, the nearest pixel of the border, or the image mirrored there. */
#include "ops/samples.h"
#include "ops/view.h"

enum { BILINEAR, NEAREST, BICUBIC };
enum { ZEROS, BORDER, REFLECTION };

typedef struct sampling { int64_t mode, padding; bool align_corners; } sampling;
typedef struct sample_attr { int32_t mode, padding_mode; bool align_corners; } sample_attr;
typedef struct sampler_attr { int64_t interpolation_mode, padding_mode; bool align_corners; } sampler_attr;

/* ---- Where a point is ------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *pixels_of(tp_tensor *t, int64_t size, bool align_corners)
{
    if (align_corners) return tp_mul(tp_add(t, 1), (double)(size - 1) / 2);
    return tp_sub(tp_mul(tp_add(t, 1), (double)size / 2), 0.5);
}

/* Held in [0, size - 1], where it has no gradient at the ends and beyond; NaN is at 0. */
static tp_tensor *clipped(tp_tensor *x, int64_t size)
{
    tp_tensor *within = tp_logical_and(tp_gt(x, 0), tp_lt(x, size - 1));
    tp_tensor *end = tp_mul(tp_to_dtype(tp_gt(x, 0), x ? (tp_dtype)x->dtype : TP_F32), size - 1);
    return tp_where(within, x, end);
}

/* Mirrored at low and high. */
static tp_tensor *reflected(tp_tensor *x, double low, double high)
{
    const double span = high - low;
    if (span == 0) return tp_mul(x, 0);
    tp_tensor *from = tp_sub(x, low);
    from = tp_where(tp_lt(from, 0), tp_neg(from), from);
    tp_tensor *rest = tp_fmod(from, span), *turns = tp_floor(tp_div(tp_detach(from), span));
    return tp_add(tp_where(tp_eq(tp_remainder(turns, 2), 0), rest, tp_rsub(rest, span)), low);
}

static tp_tensor *padded(tp_tensor *x, int64_t size, const sampling *how)
{
    if (how->padding == BORDER) return clipped(x, size);
    if (how->padding != REFLECTION) return x;
    x = how->align_corners ? reflected(x, 0, (double)(size - 1)) : reflected(x, -0.5, (double)size - 0.5);
    return clipped(x, size);
}

/* ---- What is read there -------------------------------------------------------------------------------------------------------------------- */

/* Along one dim: the pixels that count, and how much. A pixel beyond the border weighs nothing. */
typedef struct taps { int n; tp_tensor *pixel[4], *weight[4]; } taps;

/* The whole numbers `at`, in the range of pixels, and the weight that is left. False: an error */
static bool add_tap(taps *t, tp_tensor *at, tp_tensor *weight, int64_t size)
{
    tp_tensor *good = tp_logical_and(tp_ge(at, 0), tp_lt(at, size));
    t->pixel[t->n] = tp_to_dtype(tp_where(good, at, 0), TP_I64);
    t->weight[t->n] = tp_where(good, weight, 0);
    return t->pixel[t->n] && t->weight[t->n++];
}

/* ((a t - 5a) t + 8a) t - 4a from 1 to 2, and ((a + 2) t - (a + 3)) t^2 + 1 up to 1 */
static tp_tensor *cubic_far(tp_tensor *t, double a) { return tp_sub(tp_mul(tp_add(tp_mul(tp_sub(tp_mul(t, a), 5 * a), t), 8 * a), t), 4 * a); }
static tp_tensor *cubic_near(tp_tensor *t, double a) { return tp_add(tp_mul(tp_mul(tp_sub(tp_mul(t, a + 2), a + 3), t), t), 1); }

static bool taps_of(taps *t, tp_tensor *points, int64_t size, const sampling *how)
{
    const double a = -0.75;
    tp_tensor *x = pixels_of(points, size, how->align_corners);
    t->n = 0;
    if (how->mode != BICUBIC) x = padded(x, size, how);
    if (how->mode == NEAREST) {
        tp_tensor *at = tp_round(x), *steady = tp_detach(at);
        return add_tap(t, steady, tp_add(tp_sub(at, steady), 1), size);          /* 1, with at's gradient, which is zero */
    }
    tp_tensor *first = tp_detach(tp_floor(x)), *r = tp_sub(x, first), *s = tp_rsub(r, 1);
    if (how->mode == BILINEAR) return add_tap(t, first, s, size) && add_tap(t, tp_add(first, 1), r, size);
    return add_tap(t, padded(tp_sub(first, 1), size, how), cubic_far(tp_add(r, 1), a), size)
        && add_tap(t, padded(first, size, how), cubic_near(r, a), size)
        && add_tap(t, padded(tp_add(first, 1), size, how), cubic_near(s, a), size)
        && add_tap(t, padded(tp_add(first, 2), size, how), cubic_far(tp_add(s, 1), a), size);
}

/* x [n, c, pixels] at each choice of one tap for each dim, by their weights */
static tp_tensor *read_from(tp_tensor *x, const taps *t, const int64_t *sides, int dims)
{
    tp_tensor *sum = NULL;
    int choices = 1;
    for (int d = 0; d < dims; d++) choices *= t[d].n;
    for (int c = 0; c < choices; c++) {
        tp_tensor *place = NULL, *weight = NULL;
        int rest = c;
        int64_t step = 1;
        for (int d = dims - 1; d >= 0; d--) {
            const int i = rest % t[d].n;
            place = place ? tp_add(place, tp_mul(t[d].pixel[i], step)) : t[d].pixel[i];
            weight = weight ? tp_mul(weight, t[d].weight[i]) : t[d].weight[i];
            rest /= t[d].n;
            step *= sides[d];
        }
        tp_tensor *index = place && x ? tp_expand(tp_unsqueeze(place, 1), TP_SHAPE(x->shape[0], x->shape[1], place->shape[1])) : NULL;
        tp_tensor *part = tp_mul(tp_gather(x, 2, index), tp_unsqueeze(weight, 1));
        if (!part) return NULL;
        sum = sum ? tp_add(sum, part) : part;
    }
    return sum;
}

static tp_status check(const tp__call *call, const sampling *how)
{
    const tp_tensor *x = call->in[0], *grid = call->in[1];
    if (!tp__is_floating(x->dtype) || x->dtype != grid->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "input is %s, grid %s: they must be of one floating dtype", tp_dtype_name((tp_dtype)x->dtype),
                             tp_dtype_name((tp_dtype)grid->dtype));
    const int dims = x->ndim - 2;
    if (dims < 2 || dims > 3 || grid->ndim != x->ndim || grid->shape[0] != x->shape[0] || grid->shape[grid->ndim - 1] != dims)
        return tp__call_fail(call, TP_ERR_SHAPE, "a grid %s does not fit an input %s", tp__shape_text(grid), tp__shape_text(x));
    for (int d = 2; d < x->ndim; d++)
        if (!x->shape[d]) return tp__call_fail(call, TP_ERR_SHAPE, "input %s has no pixels", tp__shape_text(x));
    if (how->mode < BILINEAR || how->mode > BICUBIC || how->padding < ZEROS || how->padding > REFLECTION)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there is no mode %lld, or no padding mode %lld", (long long)how->mode,
                             (long long)how->padding);
    if (how->mode == BICUBIC && dims == 3)
        return tp__call_fail(call, TP_ERR_UNSUPPORTED, "bicubic is of images [n, c, h, w] alone, not %s", tp__shape_text(x));
    return TP_OK;
}

static tp_status sample(tp__call *call, const sampling *how)
{
    taps t[3];
    int64_t sides[3], points = 1, pixels = 1;
    tp_tensor *x = call->in[0], *grid = call->in[1];
    if (check(call, how)) return tp__pending();
    const int dims = x->ndim - 2;
    const tp_dtype dtype = (tp_dtype)x->dtype, within = how->mode == BICUBIC && dtype != TP_F64 ? TP_F32 : dtype;     /* 16 bits are too few there */
    tp_shape shape = { .ndim = x->ndim };
    for (int d = 0; d < dims; d++) {
        sides[d] = x->shape[d + 2];
        pixels *= sides[d];
        points *= shape.dim[d + 2] = grid->shape[d + 1];
    }
    shape.dim[0] = x->shape[0];
    shape.dim[1] = x->shape[1];
    grid = tp_reshape(tp_to_dtype(grid, within), TP_SHAPE(shape.dim[0], points, dims));
    for (int d = 0; d < dims; d++)
        if (!grid || !taps_of(&t[d], tp_select(grid, 2, dims - 1 - d), sides[d], how)) return tp__pending();
    x = tp_reshape(tp_to_dtype(x, within), TP_SHAPE(shape.dim[0], shape.dim[1], pixels));
    return tp__give_out(call, tp_to_dtype(tp_reshape(read_from(x, t, sides, dims), shape), dtype));
}

static tp_status grid_sample_compose(tp__call *call)
{
    const sample_attr *a = call->attr;
    return sample(call, &(sampling){ a->mode - 1, a->padding_mode - 1, a->align_corners });
}
static tp_status sampler(tp__call *call, int dims)
{
    const sampler_attr *a = call->attr;
    if (dims && call->in[0]->ndim != dims + 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s does not have %d dims", tp__shape_text(call->in[0]), dims + 2);
    return sample(call, &(sampling){ a->interpolation_mode, a->padding_mode, a->align_corners });
}
static tp_status sampler_compose(tp__call *call) { return sampler(call, 0); }
static tp_status sampler_2d_compose(tp__call *call) { return sampler(call, 2); }
static tp_status sampler_3d_compose(tp__call *call) { return sampler(call, 3); }

/* ---- affine_grid ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct affine_attr { tp__ints size; bool align_corners; } affine_attr;

static const int64_t MOST_POINTS = INT64_C(1) << 52;     /* before a side is made that no grid can have */

/* From -1 to 1, along dim d of dims */
static tp_tensor *side(const tp_tensor *theta, int64_t size, bool align_corners, int d, int dims)
{
    tp_shape shape = { .ndim = dims };
    for (int i = 0; i < dims; i++) shape.dim[i] = i == d ? size : 1;
    tp_tensor *x = size > 1 ? tp_linspace(-1, 1, size, .dtype = (tp_dtype)theta->dtype, .device = theta->device)
                            : tp_zeros(TP_SHAPE(size), .dtype = (tp_dtype)theta->dtype, .device = theta->device);
    if (!align_corners && size > 1) x = tp_div(tp_mul(x, size - 1), size);
    return tp_reshape(x, shape);
}
static tp_status affine_grid_compose(tp__call *call)
{
    const affine_attr *a = call->attr;
    tp_tensor *theta = call->in[0], *parts[4];
    const int dims = (int)a->size.n - 2;
    if (!tp__is_floating(theta->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name((tp_dtype)theta->dtype));
    if (dims < 2 || dims > 3 || theta->ndim != 3 || theta->shape[0] != a->size.v[0] || theta->shape[1] != dims || theta->shape[2] != dims + 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "theta %s does not fit the size %s", tp__shape_text(theta),
                             tp__dims_text((int)a->size.n, a->size.v));
    tp_shape all = { .ndim = dims };
    int64_t points = 1;
    for (int d = 0; d < dims; d++) {
        all.dim[d] = a->size.v[d + 2];
        if (all.dim[d] < 1) return tp__call_fail(call, TP_ERR_SHAPE, "the size %s has no pixels", tp__dims_text((int)a->size.n, a->size.v));
        if (__builtin_mul_overflow(points, all.dim[d], &points) || points > MOST_POINTS)
            return tp__call_fail(call, TP_ERR_SHAPE, "the size %s has too many pixels", tp__dims_text((int)a->size.n, a->size.v));
    }
    for (int d = 0; d < dims; d++)
        if (!(parts[dims - 1 - d] = tp_expand(side(theta, all.dim[d], a->align_corners, d, dims), all))) return tp__pending();
    if (!(parts[dims] = tp_ones(all, .dtype = (tp_dtype)theta->dtype, .device = theta->device))) return tp__pending();
    tp_tensor *base = tp_reshape(tp_stack((tp_tensor_list){ .at = parts, .n = dims + 1 }, -1), TP_SHAPE(1, points, dims + 1));
    tp_tensor *y = tp_matmul(tp_expand(base, TP_SHAPE(theta->shape[0], points, dims + 1)), tp_transpose(theta, 1, 2));
    tp_shape shape = { .ndim = dims + 2 };
    shape.dim[0] = theta->shape[0];
    memcpy(shape.dim + 1, all.dim, sizeof *all.dim * (size_t)dims);
    shape.dim[dims + 1] = dims;
    return tp__give_out(call, tp_reshape(y, shape));
}

/* ---- Samples, descriptors, public --------------------------------------------------------------------------------------------------------------- */

#define X(...)     TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
/* Points that lie in no one's middle, some of them beyond the border */
static tp_tensor *a_grid(const tp_sample_set *set, tp_shape shape)
{
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++) n *= shape.dim[d];
    tp_tensor *x = tp_remainder(tp_mul(tp_arange(0, (double)n, 1, .dtype = TP_F64), 0.3719), 2.4);
    return tp__sample_plus(tp_to_dtype(tp_reshape(x, shape), set->dtype ? set->dtype : TP_F32), -1.21);
}
#define GRID(...)  TP__TENSOR_ARG(a_grid(set, TP_SHAPE(__VA_ARGS__)))
static void sample_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 2, 3, 4), GRID(2, 2, 3, 2));
    TP__GIVE(set, X(1, 2, 3, 4), GRID(1, 3, 2, 2), TP__STRING_ARG("bilinear"), TP__STRING_ARG("reflection"), TP__BOOL_ARG(true));
    TP__GIVE(set, X(1, 2, 3, 4), GRID(1, 3, 2, 2), TP__STRING_ARG("nearest"), TP__STRING_ARG("border"), TP__BOOL_ARG(false));
    TP__GIVE(set, X(1, 2, 3, 4), GRID(1, 3, 2, 2), TP__STRING_ARG("bicubic"), TP__STRING_ARG("reflection"), TP__BOOL_ARG(false));
    TP__GIVE(set, X(1, 2, 2, 3, 2), GRID(1, 2, 1, 2, 3), TP__STRING_ARG("bilinear"), TP__STRING_ARG("border"));
    TP__GIVE(set, X(0, 2, 3, 4), GRID(0, 2, 3, 2));
}
static void sampler_2d_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(1, 2, 3, 4), GRID(1, 3, 2, 2), TP__INT_ARG(2), TP__INT_ARG(0), TP__BOOL_ARG(true));
}
static void sampler_3d_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(1, 2, 2, 3, 2), GRID(1, 2, 1, 2, 3), TP__INT_ARG(0), TP__INT_ARG(2), TP__BOOL_ARG(false));
}
static void sampler_samples(tp_sample_set *set) { sampler_2d_samples(set); sampler_3d_samples(set); }
static void affine_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 2, 3), TP__INTS_ARG(4, 2, 1, 3, 4));
    TP__GIVE(set, X(1, 3, 4), TP__INTS_ARG(5, 1, 2, 1, 3, 2), TP__BOOL_ARG(true));
}

static const tp_op op_grid_sample = TP__COMPOSED("grid_sample(Tensor input, Tensor grid, string{bilinear,nearest,bicubic} mode=bilinear, "
    "string{zeros,border,reflection} padding_mode=zeros, bool? align_corners=none) -> Tensor", grid_sample_compose, sizeof(sample_attr), sample_samples);
#define SAMPLER(name) name "(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor"
static const tp_op op_sampler = TP__COMPOSED(SAMPLER("grid_sampler"), sampler_compose, sizeof(sampler_attr), sampler_samples);
static const tp_op op_sampler_2d = TP__COMPOSED(SAMPLER("grid_sampler_2d"), sampler_2d_compose, sizeof(sampler_attr), sampler_2d_samples);
static const tp_op op_sampler_3d = TP__COMPOSED(SAMPLER("grid_sampler_3d"), sampler_3d_compose, sizeof(sampler_attr), sampler_3d_samples);
static const tp_op op_affine_grid = TP__COMPOSED("affine_grid(Tensor theta, int[] size, "
                                                 "bool? align_corners=none) -> Tensor", affine_grid_compose,
                                                 sizeof(affine_attr), affine_samples);

tp_tensor *tp_affine_grid(tp_tensor *theta, tp_shape size, bool align_corners)
{
    affine_attr a = { .align_corners = align_corners };
    if (!tp__shape_is_good("affine_grid", &size)) return NULL;
    a.size = tp__ints_of(size.dim, size.ndim);
    return tp__run1(&op_affine_grid, &theta, 1, &a, TP__CALLER);
}
tp_tensor *tp_grid_sample_with(tp_tensor *x, tp_tensor *grid, const tp_grid_sample_options *options)
{
    tp_grid_sample_options o = TP__BRACES(grid_sample, );
    if (tp_options_take("grid_sample", &o, options, offsetof(tp_grid_sample_options, tp__end))) return NULL;
    const int32_t mode = o.mode == TP_NEAREST ? NEAREST : o.mode == TP_BICUBIC ? BICUBIC : BILINEAR;
    if ((mode == BILINEAR && o.mode != TP_INTERPOLATION_DEFAULT && o.mode != TP_BILINEAR) || (int)o.padding_mode < 0 || o.padding_mode > TP_BEYOND_REFLECTION)
        return tp_fail(TP_ERR_ARGUMENT, "grid_sample: there is no mode %d, or no padding mode %d", (int)o.mode, (int)o.padding_mode), NULL;
    return tp__run1(&op_grid_sample, (tp_tensor *[]){ x, grid }, 2, &(sample_attr){ 1 + mode, 1 + (int32_t)o.padding_mode, o.align_corners },
                    TP__CALLER);
}

const tp_op *const tp__ops_grid_sample[] = { &op_grid_sample, &op_sampler, &op_sampler_2d, &op_sampler_3d, &op_affine_grid, NULL };
