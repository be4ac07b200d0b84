/* access.c: values go out of and into tensors. */
#include "core/convert.h"
#include "core/graph.h"
#include "core/op.h"

#include <math.h>

static bool readable(tp_tensor *x, const char *op)
{
    if (!x || !tp__alive(x, op)) return false;
    if (x->device == TP_CPU) return true;
    tp__fail_tensors(TP_ERR_DEVICE, op, &x, 1, "the tensor is on %s: move it by tp_to first", tp_device_name(x->device));
    return false;
}

const void *tp_data(tp_tensor *x) { return readable(x, "data") ? x->data : NULL; }

void *tp_data_mut(tp_tensor *x)
{
    if (!readable(x, "data_mut") || !tp__may_write(x, "data_mut")) return NULL;
    atomic_store_explicit(&x->storage->version, tp__version(x) + 1, memory_order_relaxed);
    x->storage->writer = "data_mut";
    return x->data;
}

/* The one element of x, as `to`. */
static bool one(tp_tensor *x, const char *op, void *out, tp_dtype to)
{
    if (!x || !tp__alive(x, op)) return false;
    if (x->numel != 1) {
        tp__fail_tensors(TP_ERR_SHAPE, op, &x, 1, "%s has %lld elements, not one", tp__shape_text(x), (long long)x->numel);
        return false;
    }
    if (x->device == TP_CPU) {
        tp__cast_row(out, to, 1, x->data, (tp_dtype)x->dtype, 1, 1);
        return true;
    }
    unsigned char bytes[16];
    const tp_backend *backend = tp__backend(x->device);
    const char *const outer = tp__self.op;
    tp__self.op = op;
    const bool copied = backend && !backend->copy(bytes, TP_CPU, x->data, x->device, tp_dtype_size((tp_dtype)x->dtype), false);
    tp__self.op = outer;
    if (!copied) return false;
    tp__cast_row(out, to, 1, bytes, (tp_dtype)x->dtype, 1, 1);
    return true;
}

double tp_item(tp_tensor *x)
{
    double value = NAN;
    return one(x, "item", &value, TP_F64) ? value : NAN;
}

int64_t tp_item_i64(tp_tensor *x)
{
    int64_t value = 0;
    return one(x, "item_i64", &value, TP_I64) ? value : 0;
}

tp_status tp_copy_to(tp_tensor *x, void *out, size_t bytes)
{
    if (!x) return tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "copy_to: the tensor is NULL");
    if (!tp__alive(x, "copy_to")) return tp__pending();
    const size_t need = (size_t)x->numel * tp_dtype_size((tp_dtype)x->dtype);
    if (bytes != need) return tp__fail_tensors(TP_ERR_SHAPE, "copy_to", &x, 1, "%s has %zu bytes, %zu are given", tp__shape_text(x), need, bytes);
    if (need && !out) return tp_fail(TP_ERR_ARGUMENT, "copy_to: out is NULL");
    TP_SCOPE();
    TP_NO_GRAD();
    tp_tensor *plain = tp_contiguous(x->device == TP_CPU ? x : tp_to(x, TP_CPU));
    if (plain && need) memcpy(out, plain->data, need);
    return plain ? TP_OK : tp__pending();
}

/* ---- Comparing ------------------------------------------------------------------------------------------------------------------ */

static bool compare(tp_tensor *a, tp_tensor *b, double rtol, double atol, bool exact)
{
    TP_SCOPE();
    TP_NO_GRAD();
    bool same = true;
    const bool complex = tp__is_complex(a->dtype) || tp__is_complex(b->dtype);
    const bool whole = exact && !complex && !tp__is_floating(a->dtype) && !tp__is_floating(b->dtype);
    const tp_dtype dtype = whole ? TP_I64 : complex ? TP_C128 : TP_F64;
    tp_tensor *pa = tp_contiguous(tp_to_dtype(tp_to(a, TP_CPU), dtype)), *pb = tp_contiguous(tp_to_dtype(tp_to(b, TP_CPU), dtype));
    if (!pa || !pb) same = false;
    for (int64_t i = 0; same && i < pa->numel; i++) {
        if (whole) {
            same = ((int64_t *)pa->data)[i] == ((int64_t *)pb->data)[i];
            continue;
        }
        if (complex) {
            const tp_c128 x = ((tp_c128 *)pa->data)[i], y = ((tp_c128 *)pb->data)[i];
            const double size = hypot(y.re, y.im);
            same = (x.re == y.re && x.im == y.im) || (!exact && isfinite(size) && hypot(x.re - y.re, x.im - y.im) <= atol + rtol * size);
            continue;
        }
        const double x = ((double *)pa->data)[i], y = ((double *)pb->data)[i];
        same = x == y || (!exact && isfinite(y) && fabs(x - y) <= atol + rtol * fabs(y));
    }
    return same;
}

bool tp_allclose(tp_tensor *a, tp_tensor *b, double rtol, double atol)
{
    if (!a || !b || !tp__alive(a, "allclose") || !tp__alive(b, "allclose")) return false;
    if (!tp__same_shape(a, b)) {
        tp_fail(TP_ERR_SHAPE, "allclose: %s and %s have different shapes", tp__shape_text(a), tp__shape_text(b));
        return false;
    }
    return compare(a, b, rtol, atol, false);
}

bool tp_equal(tp_tensor *a, tp_tensor *b)
{
    return a && b && tp__alive(a, "equal") && tp__alive(b, "equal") && tp__same_shape(a, b) && compare(a, b, 0, 0, true);
}

/* ---- Another memory for the same handle ------------------------------------------------------------------------------------------- */

tp_status tp_set_data(tp_tensor *x, tp_tensor *with)
{
    if (tp__pending_error()) return tp__pending();
    if (!x || !with) return tp_fail(TP_ERR_ARGUMENT, "set_data: a tensor is NULL");
    if (!tp__alive(x, "set_data") || !tp__alive(with, "set_data")) return tp__pending();
    if (x->node || x->base) return tp_fail(TP_ERR_STATE, "set_data: %s is part of a graph, or a view", tp__shape_text(x));
    if (!tp__same_shape(x, with)) return tp_fail(TP_ERR_SHAPE, "set_data: %s for %s", tp__shape_text(with), tp__shape_text(x));
    tp_storage *old = x->storage;
    if (with->storage != old) {                        /* what a node saved of x is not there any longer: no version fits it */
        const uint32_t newer = tp__version(x) > tp__version(with) ? tp__version(x) : tp__version(with);
        atomic_store_explicit(&with->storage->version, newer + 1, memory_order_relaxed);
        with->storage->writer = "set_data";
    } else if (with->data != x->data || memcmp(with->stride, x->stride, sizeof *x->stride * (size_t)x->ndim) || with->dtype != x->dtype) {
        atomic_store_explicit(&old->version, tp__version(x) + 1, memory_order_relaxed);
        old->writer = "set_data";                      /* other elements of the same memory: a copy of x is not its copy any longer */
    }
    tp__count_up(&with->storage->refs);
    x->storage = with->storage;
    x->data = with->data;
    x->dtype = with->dtype;
    x->device = with->device;
    memcpy(x->stride, with->stride, sizeof x->stride);
    x->flags = (uint8_t)((x->flags & ~TP__CONTIGUOUS) | (with->flags & TP__CONTIGUOUS));
    if (tp__count_down(&old->refs)) tp__storage_free(old);
    return TP_OK;
}
