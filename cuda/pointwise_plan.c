/* pointwise_plan.c: what an elementwise kernel is to do: in which dtype, what is cast by way of which, and whether it may read its
 * arrays as they lie. The rules are those of src/cpu/pointwise_run.c. */
#include "core/convert.h"
#include "cuda/walk.h"

static bool is_floating(int dtype) { return dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16; }
static bool is_complex(int dtype) { return dtype == TP_C64 || dtype == TP_C128; }

/* What the loop computes in where `wanted` is the dtype of the result's rule. */
static int loop_dtype(const tpc_loops *loops, int wanted)
{
    if (loops->dtypes >> wanted & 1) return wanted;
    const int dtype = is_complex(wanted) ? TP_DTYPE_DEFAULT : is_floating(wanted) ? TP_F32 : TP_I64;
    if (dtype == TP_F32 && !(loops->dtypes >> TP_F32 & 1)) return loops->dtypes >> TP_F64 & 1 ? TP_F64 : TP_DTYPE_DEFAULT;
    return loops->dtypes >> dtype & 1 ? dtype : TP_DTYPE_DEFAULT;
}

static int via_dtype(bool as_it_is, int given, int wanted, int loop, int result)
{
    if (!as_it_is && given != wanted && loop != wanted) return wanted;
    if (loop == TP_F64 && wanted != TP_F64 && given == TP_F64) return TP_F32;     /* where a loop in float32 is wanted, and there is none */
    return loop == TP_F64 && result == TP_F32 && !is_floating(given) ? TP_F32 : TP_DTYPE_DEFAULT;
}

static int64_t wrap(int dtype, int64_t v)
{
    switch (dtype) {
    case TP_I32: return (int32_t)v;
    case TP_I16: return (int16_t)v;
    case TP_I8: return (int8_t)v;
    case TP_U8: return (uint8_t)v;
    case TP_BOOL: return v != 0;
    default: return v;
    }
}

/* A number of the host's, as its dtype and then `via` hold it. */
static void read_value(tpc_operand *o, const tpc_array *x)
{
    o->is_value = true;
    o->real = tpc_real(x);
    o->whole = tpc_integer(x);
    if (o->via == TP_BOOL) {
        o->whole = is_floating(x->dtype) ? o->real != 0 : o->whole != 0;
        o->real = (double)o->whole;
    } else if (is_floating(o->via)) {
        if (o->via != TP_F64) o->real = tp__round_to((tp_dtype)o->via, (float)o->real);
        o->whole = tp__whole(o->real);
    } else if (o->via) {
        o->whole = wrap(o->via, o->whole);
        o->real = (double)o->whole;
    }
}

static bool is_linear(const tpc_pointwise *p, int n)
{
    bool linear = p->walk.ndim == 1;
    for (int k = 0; k < n; k++) linear &= p->at[k].is_value || p->walk.stride[k][0] == 1;
    return linear;
}

/* May all be read and written four at a time by a float32 loop? A bool output is written as it comes. */
static bool is_direct(const tpc_pointwise *p, int n, const tpc_loops *loops)
{
    bool direct = p->linear && p->compute == TP_F32 && (p->storage == TP_F32 || p->storage == TP_F16 || p->storage == TP_BF16);
    for (int k = 0; k < n; k++) {
        const tpc_operand *o = &p->at[k];
        const int storage = !k && loops->gives_bool ? TP_BOOL : p->storage;
        if (!o->is_value) direct &= !o->via && o->dtype == storage && !((uintptr_t)o->data % 16);
    }
    return direct;
}

tp_status tpc_pointwise_plan_on(const tp__call *call, const tpc_loops *loops, const tpc_array *y, const tpc_array *in, tpc_pointwise *p)
{
    const int wanted = (int)(uintptr_t)tpc_scratch_of(call), n = loops->n_in;
    const tpc_array *x[TPC_WALK_ARRAYS];
    p->walk.numel = y->numel;
    if (!y->numel) return TP_OK;
    p->compute = loop_dtype(loops, wanted);
    if (!p->compute) return tpc_fail(call, TP_ERR_DTYPE, "there is no kernel for dtype %d", wanted);
    p->at[0] = (tpc_operand){ .data = y->data, .dtype = y->dtype };
    p->storage = TP_DTYPE_DEFAULT;
    for (int k = 0; k < n; k++) {
        const bool condition = loops->conditions >> k & 1;
        tpc_operand *o = &p->at[k + 1];
        x[k] = &in[k];
        *o = (tpc_operand){ .data = in[k].data, .dtype = in[k].dtype };
        const bool as_it_is = loops->takes_number >> k & 1 && in[k].numel == 1 && (k || in[k].wrapped) && p->compute != TP_I64;
        o->via = !condition ? via_dtype(as_it_is, o->dtype, wanted, p->compute, y->dtype) : o->dtype == TP_BOOL ? TP_DTYPE_DEFAULT : TP_BOOL;
        if (!in[k].on_device) read_value(o, &in[k]);
        else if (!p->storage) p->storage = o->dtype;
    }
    if (!p->storage) p->storage = y->dtype;
    tpc_walk_over(&p->walk, y, x, n);
    p->linear = is_linear(p, n + 1);
    p->direct = is_direct(p, n + 1, loops);
    return TP_OK;
}

tp_status tpc_pointwise_plan(const tp__call *call, const tpc_loops *loops, const tpc_array *y, tpc_pointwise *p)
{
    tpc_array out, in[TPC_WALK_ARRAYS];
    if (!y && tpc_out(call, 0, &out)) y = &out;
    for (int i = 0, n = 0; n < loops->n_in; i++)       /* where an attribute stands before a tensor, there is none */
        if (tpc_in(call, i, &in[n])) n++;
    return tpc_pointwise_plan_on(call, loops, y, in, p);
}

void tpc_value_as(const tpc_array *x, int dtype, void *to)
{
    const double real = tpc_real(x);
    const bool complex_x = is_complex(x->dtype);
    const double im = !complex_x ? 0 : x->dtype == TP_C64 ? (double)((const tp_c64 *)x->data)->im : ((const tp_c128 *)x->data)->im;
    const int64_t whole = tpc_integer(x);
#define PUT(type, ...) do { const type v = (type)__VA_ARGS__; memcpy(to, &v, sizeof v); } while (0)
    switch (dtype) {
    case TP_F32: PUT(float, real); break;
    case TP_F64: PUT(double, real); break;
    case TP_F16: PUT(uint16_t, tp__f32_to_f16((float)real)); break;
    case TP_BF16: PUT(uint16_t, tp__f32_to_bf16((float)real)); break;
    case TP_BOOL: PUT(uint8_t, is_floating(x->dtype) || complex_x ? real != 0 || im != 0 : whole != 0); break;
    case TP_C64: PUT(tp_c64, { (float)real, (float)im }); break;
    case TP_C128: PUT(tp_c128, { real, im }); break;
    case TP_I64: PUT(int64_t, whole); break;
    case TP_I32: PUT(int32_t, whole); break;
    case TP_I16: PUT(int16_t, whole); break;
    default: PUT(uint8_t, whole); break;
    }
#undef PUT
}

void tpc_broadcast(tpc_array *y, const tpc_array *x, int n)
{
    *y = (tpc_array){ .dtype = TP_F32, .on_device = true, .contiguous = true, .numel = 1 };
    for (int k = 0; k < n; k++)
        if (x[k].ndim > y->ndim) y->ndim = x[k].ndim;
    for (int d = 0; d < y->ndim; d++) y->shape[d] = 1;
    for (int k = 0; k < n; k++)
        for (int d = 0, lead = y->ndim - x[k].ndim; lead + d < y->ndim; d++)
            if (x[k].shape[d] != 1) y->shape[lead + d] = x[k].shape[d];
    for (int d = y->ndim - 1; d >= 0; d--) {
        y->stride[d] = y->numel;
        y->numel *= y->shape[d];
    }
    for (int k = 0; k < n; k++)
        if (x[k].numel == y->numel && x[k].ndim == y->ndim) {
            bool steps = true;
            for (int d = 0; d < y->ndim; d++) steps &= x[k].shape[d] == 1 || x[k].stride[d] != 0;
            if (!steps) continue;
            memcpy(y->stride, x[k].stride, sizeof y->stride);
            return;
        }
}
