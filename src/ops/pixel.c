/* pixel.c: channels and places of images exchanged, by views, a permute and one copy.
 *
 *   pixel_shuffle       [.., c r r, h, w] -> [.., c, h r, w r]
 *   pixel_unshuffle     [.., c, h r, w r] -> [.., c r r, h, w]
 *   channel_shuffle     [n, g k, ..] -> the channels of all groups in turn: [n, k g, ..] */
#include "ops/run.h"
#include "ops/samples.h"

typedef struct factor_attr { int64_t factor; } factor_attr;

/* x seen as [batch, ..5 dims], permuted, and a copy of that in the shape `out`. */
static tp_status rearrange(tp__call *call, tp_shape cut, tp_dims order, tp_shape out)
{
    tp_tensor *y = tp_permute(tp_reshape(call->in[0], cut), order);
    y = y ? tp_clone(y, .memory_format = TP_CONTIGUOUS_FORMAT) : NULL;
    return tp__made(tp__out_made(call, tp_reshape(y, out)));
}
static tp_status check(tp__call *call, int64_t r)
{
    const tp_tensor *x = call->in[0];
    if (x->ndim < 3) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least 3 are needed", tp__shape_text(x), x->ndim);
    if (r <= 0 || r > 1 << 30) return tp__call_fail(call, TP_ERR_ARGUMENT, "the factor is %lld, and must be from 1 to 2^30", (long long)r);
    return TP_OK;
}
static int64_t batch_of(const tp_tensor *x)
{
    int64_t n = 1;
    for (int d = 0; d < x->ndim - 3; d++) n *= x->shape[d];
    return n;
}

static tp_status shuffle_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const int64_t r = ((const factor_attr *)call->attr)->factor;
    if (check(call, r)) return tp__pending();
    int64_t *const size = x->shape + x->ndim - 3, c = size[0] / (r * r), h = size[1], w = size[2];
    if (size[0] % (r * r)) return tp__call_fail(call, TP_ERR_SHAPE, "%lld channels of %s are no multiple of %lld squared", (long long)size[0], tp__shape_text(x), (long long)r);
    tp_shape out = tp_shape_of(x);
    out.dim[out.ndim - 3] = c;
    if (__builtin_mul_overflow(h, r, &out.dim[out.ndim - 2]) || __builtin_mul_overflow(w, r, &out.dim[out.ndim - 1]))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s is too large for the factor %lld", tp__shape_text(x), (long long)r);
    return rearrange(call, TP_SHAPE(batch_of(x), c, r, r, h, w), TP_DIMS(0, 1, 4, 2, 5, 3), out);
}
static tp_status unshuffle_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const int64_t r = ((const factor_attr *)call->attr)->factor;
    if (check(call, r)) return tp__pending();
    int64_t *const size = x->shape + x->ndim - 3, c = size[0], h = size[1] / r, w = size[2] / r;
    if (size[1] % r || size[2] % r) return tp__call_fail(call, TP_ERR_SHAPE, "the images of %s are no multiples of %lld", tp__shape_text(x), (long long)r);
    tp_shape out = tp_shape_of(x);
    if (__builtin_mul_overflow(c, r * r, &out.dim[out.ndim - 3])) return tp__call_fail(call, TP_ERR_SHAPE, "%s is too large for the factor %lld", tp__shape_text(x), (long long)r);
    out.dim[out.ndim - 2] = h;
    out.dim[out.ndim - 1] = w;
    return rearrange(call, TP_SHAPE(batch_of(x), c, h, r, w, r), TP_DIMS(0, 1, 3, 5, 2, 4), out);
}
static tp_status channels_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const int64_t groups = ((const factor_attr *)call->attr)->factor;
    int64_t inner = 1;
    if (x->ndim < 3) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %d dims, at least 3 are needed", tp__shape_text(x), x->ndim);
    if (groups <= 0 || x->shape[1] % groups) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld groups do not divide the channels of %s", (long long)groups, tp__shape_text(x));
    for (int d = 2; d < x->ndim; d++) inner *= x->shape[d];
    return rearrange(call, TP_SHAPE(x->shape[0], groups, x->shape[1] / groups, inner), TP_DIMS(0, 2, 1, 3), tp_shape_of(x));
}

static void shuffle_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 2, 3), -2, 2)), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 1, 0), -2, 2)), TP__INT_ARG(2));
}
static void unshuffle_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 4, 6), -2, 2)), TP__INT_ARG(2)); }
static void channels_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 6, 2), -2, 2)), TP__INT_ARG(3)); }

static const tp_op op_shuffle = { .schema = "pixel_shuffle(Tensor input, int upscale_factor) -> Tensor", .compose = shuffle_compose,
    .attr_size = sizeof(factor_attr), .samples = shuffle_samples, .state = TP__STATE };
static const tp_op op_unshuffle = { .schema = "pixel_unshuffle(Tensor input, int downscale_factor) -> Tensor", .compose = unshuffle_compose,
    .attr_size = sizeof(factor_attr), .samples = unshuffle_samples, .state = TP__STATE };
static const tp_op op_channels = { .schema = "channel_shuffle(Tensor input, int groups) -> Tensor", .compose = channels_compose,
    .attr_size = sizeof(factor_attr), .samples = channels_samples, .state = TP__STATE };

tp_tensor *tp_pixel_shuffle(tp_tensor *x, int64_t factor) { return tp__run1(&op_shuffle, &x, 1, &(factor_attr){ factor }, TP__CALLER); }
tp_tensor *tp_pixel_unshuffle(tp_tensor *x, int64_t factor) { return tp__run1(&op_unshuffle, &x, 1, &(factor_attr){ factor }, TP__CALLER); }
tp_tensor *tp_channel_shuffle(tp_tensor *x, int64_t groups) { return tp__run1(&op_channels, &x, 1, &(factor_attr){ groups }, TP__CALLER); }

const tp_op *const tp__ops_pixel[] = { &op_shuffle, &op_unshuffle, &op_channels, NULL };
