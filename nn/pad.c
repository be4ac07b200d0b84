/* pad.c: more at the edges of the last one to three dims. */
#include "layer.h"
#include "module.h"

typedef struct pad { tp_module base; tp__int_values padding; double value; } pad;

/* One number counts for all sides. */
static tp_status pad_init(tp_module *self)
{
    tp__int_values *p = &((pad *)self)->padding;
    const int sides = 2 * tp__state(self)->layer->dims;
    if (p->n != 1 && p->n != sides) return tp__misfit(self, "padding takes an int, or %d", sides);
    for (int i = (int)p->n; i < sides; i++) p->v[i] = p->v[0];
    p->n = sides;
    return TP_OK;
}

static tp_shape sides_of(const pad *m)
{
    tp_shape sides = { .ndim = (int)m->padding.n };
    for (int i = 0; i < sides.ndim; i++) sides.dim[i] = m->padding.v[i];
    return sides;
}

static tp_tensor *constant_forward(tp_module *self, tp_tensor *x)
{
    const pad *m = (const pad *)self;
    return tp_pad(x, sides_of(m), .value = m->value);
}

static tp_tensor *zero_forward(tp_module *self, tp_tensor *x) { return tp_pad(x, sides_of((const pad *)self)); }
static tp_tensor *reflect_forward(tp_module *self, tp_tensor *x) { return tp_pad(x, sides_of((const pad *)self), .mode = TP_PAD_REFLECT); }
static tp_tensor *replicate_forward(tp_module *self, tp_tensor *x) { return tp_pad(x, sides_of((const pad *)self), .mode = TP_PAD_REPLICATE); }

static tp_tensor *circular_forward(tp_module *self, tp_tensor *x)
{
    const int dims = tp__state(self)->layer->dims, ndim = tp_ndim(x);
    if (ndim == dims + 1 || ndim == dims + 2) return tp_pad(x, sides_of((const pad *)self), .mode = TP_PAD_CIRCULAR);
    tp__misfit(self, "the input has %d dims, and not %d or %d", ndim, dims + 1, dims + 2);
    return NULL;
}

/* `padding` at each of the n sides for which o says nothing. */
static tp_module *make(const char *type, int64_t padding, int n, const tp_nn_pad_options *o, const double *value)
{
    int64_t sides[6];
    for (int i = 0; i < n; i++) sides[i] = o->sides[i] == TP_NONE ? padding : o->sides[i];
    const tp_arg args[] = { TP__WITH_SIZES(padding, n, sides), { .name = "value", .kind = TP_ARG_FLOAT, .value.real = value ? *value : 0 } };
    return tp__layer_make(type, args, value ? 2 : 1);
}

#define IN_C(name, type, n) \
    tp_module *tp_nn_##name##n##d_with(int64_t padding, const tp_nn_pad_options *options) \
    { \
        TP__TAKE(nn_pad, o, options); \
        return make(type #n "d", padding, 2 * n, &o, NULL); \
    }
#define ALL_IN_C(n) \
    IN_C(zero_pad, "ZeroPad", n) IN_C(reflection_pad, "ReflectionPad", n) IN_C(replication_pad, "ReplicationPad", n) IN_C(circular_pad, "CircularPad", n) \
    tp_module *tp_nn_constant_pad##n##d_with(int64_t padding, double value, const tp_nn_pad_options *options) \
    { \
        TP__TAKE(nn_pad, o, options); \
        return make("ConstantPad" #n "d", padding, 2 * n, &o, &value); \
    }
ALL_IN_C(1)
ALL_IN_C(2)
ALL_IN_C(3)

#define ROWS(n) \
    { "ZeroPad" #n "d(int[] padding)", sizeof(pad), pad_init, zero_forward, .shows = ":padding", .dims = n, TP__LAYER }, \
    { "ConstantPad" #n "d(int[] padding, float value)", sizeof(pad), pad_init, constant_forward, .shows = "padding value", .dims = n, TP__LAYER }, \
    { "ReflectionPad" #n "d(int[] padding)", sizeof(pad), pad_init, reflect_forward, .shows = ":padding", .dims = n, TP__LAYER }, \
    { "ReplicationPad" #n "d(int[] padding)", sizeof(pad), pad_init, replicate_forward, .shows = ":padding", .dims = n, TP__LAYER }, \
    { "CircularPad" #n "d(int[] padding)", sizeof(pad), pad_init, circular_forward, .shows = ":padding", .dims = n, TP__LAYER }

const tp__layer tp__nn_pad[] = { ROWS(1), ROWS(2), ROWS(3), { .schema = NULL } };
