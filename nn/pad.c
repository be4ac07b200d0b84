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

#define ROWS(n) \
    { "ZeroPad" #n "d(int[] padding)", sizeof(pad), pad_init, zero_forward, .shows = ":padding", .dims = n, TP__LAYER }, \
    { "ConstantPad" #n "d(int[] padding, float value)", sizeof(pad), pad_init, constant_forward, .shows = "padding value", .dims = n, TP__LAYER }, \
    { "ReflectionPad" #n "d(int[] padding)", sizeof(pad), pad_init, reflect_forward, .shows = ":padding", .dims = n, TP__LAYER }, \
    { "ReplicationPad" #n "d(int[] padding)", sizeof(pad), pad_init, replicate_forward, .shows = ":padding", .dims = n, TP__LAYER }, \
    { "CircularPad" #n "d(int[] padding)", sizeof(pad), pad_init, circular_forward, .shows = ":padding", .dims = n, TP__LAYER }

const tp__layer tp__nn_pad[] = { ROWS(1), ROWS(2), ROWS(3), { NULL } };
