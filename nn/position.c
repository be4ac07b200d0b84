/* position.c: where in a sequence an element stands, for attention.
 *
 *   sinusoidal   p[t][2 i] = sin(t base^(-2 i / width)),  p[t][2 i + 1] = cos(the same)                       Vaswani et al. 2017
 *   rotary       pairs (a, b) of x[t] turned by the angle t base^(-2 i / width):  a cos - b sin,  b cos + a sin      Su et al. 2021 */
#include "layer.h"
#include "module.h"

/* [length, width / 2]: the angles of the steps from `first` on, in float64, so that late steps keep their digits. */
static tp_tensor *angles(int64_t first, int64_t length, int64_t width, double base, tp_device device)
{
    tp_tensor *step = tp_arange((double)first, (double)first + (double)length, 1, .dtype = TP_F64, .device = device);
    tp_tensor *i = tp_arange(0, (double)(width / 2), 1, .dtype = TP_F64, .device = device);
    return tp_outer(step, tp_pow(base, tp_mul(i, -2 / (double)width)));
}

tp_tensor *tp_sinusoidal_positions_with(int64_t length, int64_t width, const tp_sinusoidal_positions_options *options)
{
    TP__TAKE(sinusoidal_positions, o, options);
    if (length < 0 || width < 2 || width % 2)
        return tp_fail(TP_ERR_ARGUMENT, "sinusoidal_positions: %lld steps of %lld cannot be: the width is even", (long long)length, (long long)width), NULL;
    TP_SCOPE();
    tp_tensor *angle = angles(0, length, width, o.base, o.device ? o.device : TP_CPU);
    tp_tensor *both = tp_reshape(tp_stack(TP_TENSORS(tp_sin(angle), tp_cos(angle)), 2), TP_SHAPE(length, width));
    return tp_escape(tp_to_dtype(both, o.dtype ? o.dtype : TP_F32));
}

tp_tensor *tp_rotary_with(tp_tensor *x, const tp_rotary_options *options)
{
    TP__TAKE(rotary, o, options);
    if (!x) return NULL;
    const int ndim = tp_ndim(x);
    if (ndim < 2 || tp_size(x, -1) % 2 || o.first < 0)
        return tp_fail(TP_ERR_SHAPE, "rotary: the input is [.., steps, width] with an even width, and the first step is not negative"), NULL;
    const int64_t length = tp_size(x, -2), half = tp_size(x, -1) / 2;
    tp_tensor *angle = angles(o.first, length, 2 * half, o.base, tp_device_of(x));
    tp_tensor *c = tp_to_dtype(tp_cos(angle), tp_dtype_of(x)), *s = tp_to_dtype(tp_sin(angle), tp_dtype_of(x)), *a, *b;
    if (o.interleaved) {                               /* neighbours are a pair */
        tp_shape pairs = tp_shape_of(x);
        if (ndim == TP_MAX_DIMS) return tp_fail(TP_ERR_SHAPE, "rotary: the input has %d dims, and may have %d", ndim, TP_MAX_DIMS - 1), NULL;
        pairs.dim[ndim - 1] = half;
        pairs.dim[pairs.ndim++] = 2;
        tp_tensor *split = tp_reshape(x, pairs);
        a = tp_select(split, -1, 0);
        b = tp_select(split, -1, 1);
    } else {                                           /* the first half with the second */
        a = tp_narrow(x, -1, 0, half);
        b = tp_narrow(x, -1, half, half);
    }
    tp_tensor *turned[] = { tp_sub(tp_mul(a, c), tp_mul(b, s)), tp_add(tp_mul(b, c), tp_mul(a, s)) };
    if (!o.interleaved) return tp_cat(TP_TENSORS(turned[0], turned[1]), -1);
    return tp_reshape(tp_stack(TP_TENSORS(turned[0], turned[1]), ndim), tp_shape_of(x));
}

/* ---- What attention has seen: keys and values of the steps so far --------------------------------------------------------------------- */

typedef struct kv_cache {
    tp_module base;
    int64_t batch, heads, length, width;
    tp_device device;
    tp_dtype dtype;
    tp_tensor *k, *v;                                  /* [batch, heads, length, width] */
    int64_t used;
} kv_cache;

static tp_status kv_cache_init(tp_module *self)
{
    kv_cache *m = (kv_cache *)self;
    if (m->batch < 1 || m->heads < 1 || m->length < 1 || m->width < 1) return tp__misfit(self, "its sizes must be positive");
    const tp_shape shape = TP_SHAPE(m->batch, m->heads, m->length, m->width);
    m->k = tp_add_buffer(self, "k", tp_zeros(shape, .dtype = m->dtype, .device = m->device), .persistent = false);
    m->v = tp_add_buffer(self, "v", tp_zeros(shape, .dtype = m->dtype, .device = m->device), .persistent = false);
    return TP_OK;
}

static kv_cache *cache_of(tp_module *m, const char *op)
{
    if (!tp__is_module(m, op)) return NULL;
    if (tp__state(m)->layer && tp__state(m)->layer->init == kv_cache_init) return (kv_cache *)m;
    return tp_fail(TP_ERR_ARGUMENT, "%s: the module is a %s, and not a KVCache", op, tp__state(m)->type), NULL;
}

tp_module *tp_nn_kv_cache_with(int64_t batch, int64_t heads, int64_t length, int64_t width, const tp_nn_kv_cache_options *options)
{
    TP__TAKE(nn_kv_cache, o, options);
    return TP__MAKE("KVCache", TP__WITH_INT(batch, batch), TP__WITH_INT(heads, heads), TP__WITH_INT(length, length),
                    TP__WITH_INT(width, width), TP__WITH_PLACE(o));
}

tp_status tp_kv_cache_append(tp_module *cache, tp_tensor *k, tp_tensor *v, tp_tensor **all_k, tp_tensor **all_v)
{
    kv_cache *m = cache_of(cache, "kv_cache_append");
    if (all_k) *all_k = NULL;
    if (all_v) *all_v = NULL;
    if (!m || !k || !v) return tp_failed() ? tp_error_status() : tp_fail(TP_ERR_ARGUMENT, "kv_cache_append: an argument is NULL");
    const tp_shape room = tp_shape_of(m->k), kk = tp_shape_of(k), vv = tp_shape_of(v);
    for (int d = 0; d < 4; d++)
        if (kk.ndim != 4 || vv.ndim != 4 || kk.dim[d] != vv.dim[d] || (d != 2 && kk.dim[d] != room.dim[d]))
            return tp_fail(TP_ERR_SHAPE, "kv_cache_append: keys and values have to be [%lld, %lld, steps, %lld] both", (long long)room.dim[0],
                           (long long)room.dim[1], (long long)room.dim[3]);
    const int64_t n = kk.dim[2];
    if ( m->used + n > m->length)
        return tp_fail(TP_ERR_SHAPE, "kv_cache_append: %lld steps after %lld, there is room for %lld", (long long)n, (long long)m->used, (long long)m->length);
    {
        TP_SCOPE();
        TP_NO_GRAD();
        if (!tp_copy_(tp_narrow(m->k, 2, m->used, n), k) || !tp_copy_(tp_narrow(m->v, 2, m->used, n), v)) return tp_error_status();
    }
    m->used += n;
    if (all_k && !(*all_k = tp_narrow(m->k, 2, 0, m->used))) return tp_error_status();
    if (all_v && !(*all_v = tp_narrow(m->v, 2, 0, m->used))) return tp_error_status();
    return TP_OK;
}

int64_t tp_kv_cache_length(tp_module *cache)
{
    const kv_cache *m = cache_of(cache, "kv_cache_length");
    return m ? m->used : 0;
}

tp_status tp_kv_cache_truncate(tp_module *cache, int64_t length)
{
    kv_cache *m = cache_of(cache, "kv_cache_truncate");
    if (!m) return tp_failed() ? tp_error_status() : tp_fail(TP_ERR_ARGUMENT, "kv_cache_truncate: the cache is NULL");
    if (length < 0 || length > m->used)
        return tp_fail(TP_ERR_ARGUMENT, "kv_cache_truncate: it has %lld steps, and cannot be cut to %lld", (long long)m->used, (long long)length);
    m->used = length;
    return TP_OK;
}

const tp__layer tp__nn_position[] = {
    { "KVCache(int batch, int heads, int length, int width, device device=none, dtype dtype=none)", sizeof(kv_cache), kv_cache_init,
      .shows = "batch heads length width", TP__LAYER },
    { .schema = NULL },
};
