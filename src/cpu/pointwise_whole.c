/* pointwise_whole.c: divisors and multiples of integers, and the next of the real numbers; read with cpu/pointwise.h. */
#include "core/parallel.h"
#include "cpu/contiguous.h"
#include "cpu/pointwise.h"
#include "core/rows/whole.h"

#include <math.h>

#define WHOLE(name) TP__CALLS(name##_I64, int64_t, T, 2, (T, T), TP__NO_ATTR, tp__##name(a, b)) TP__KERNEL(name, .loop = { [TP_I64] = name##_I64 }, .n_in = 2)
WHOLE(gcd)
WHOLE(lcm)
TP__CALLS(nextafter_F32, float, T, 2, (T, T), TP__NO_ATTR, nextafterf(a, b))
TP__CALLS(nextafter_F64, double, T, 2, (T, T), TP__NO_ATTR, nextafter(a, b))

/* Of 16-bit floats, by their bits: the numbers of one sign follow each other as integers do. `infinity` has the bits of the exponent. */
static uint16_t next_narrow(uint16_t from, uint16_t to, uint16_t infinity)
{
    enum { SIGN = 0x8000, SIZE = 0x7fff };
    const uint16_t a = from & SIZE, b = to & SIZE, quiet = (uint16_t)((infinity >> 1) & ~infinity & SIZE) | infinity;
    if (a > infinity) return from | quiet;
    if (b > infinity) return to | quiet;
    if (from == to || !(a | b)) return to;
    if (!a) return (to & SIGN) | 1;
    const bool grows = (from & SIGN) == (to & SIGN) && b > a;
    return (uint16_t)(from + (grows ? 1 : -1));
}
TP__CALLS(nextafter_BF16, uint16_t, T, 2, (T, T), TP__NO_ATTR, next_narrow(a, b, 0x7f80))
TP__CALLS(nextafter_F16, uint16_t, T, 2, (T, T), TP__NO_ATTR, next_narrow(a, b, 0x7c00))
TP__KERNEL(nextafter, .loop = { [TP_F32] = nextafter_F32, [TP_F64] = nextafter_F64, [TP_BF16] = nextafter_BF16, [TP_F16] = nextafter_F16 }, .n_in = 2)

#define ANGLE(pi) a != a ? a : a < 0 ? pi : 0
TP__REAL1(angle, ANGLE(3.14159265f), ANGLE(3.14159265358979323846))

/* ---- frexp: two outputs ------------------------------------------------------------------------------------------------------------------ */

typedef struct parts { const void *x; void *mantissa; int32_t *exponent; } parts;
#define PARTS(T, FREXP) \
    static void parts_##T(void *arg, int64_t first, int64_t last) \
    { \
        const parts *j = arg; \
        const T *x = j->x; \
        T *m = j->mantissa; \
        for (int64_t i = first; i < last; i++) { \
            int e = 0; \
            m[i] = isfinite(x[i]) ? FREXP(x[i], &e) : x[i]; \
            j->exponent[i] = e; \
        } \
    }
PARTS(float, frexpf)
PARTS(double, frexp)

static tp_status frexp_run(tp__call *call)
{
    enum { WORK = 8 };                                 /* elements that a plain copy moves meanwhile */
    const tp_dtype dtype = call->in[0]->dtype == TP_F64 ? TP_F64 : TP_F32;
    tp__plain x = { 0 }, m = { 0 }, e = { 0 };
    tp_status status = tp__plain_take(&x, call->in[0], dtype);
    if (!status) status = tp__plain_room(&m, call->out[0], dtype);
    if (!status) status = tp__plain_room(&e, call->out[1], TP_I32);
    if (!status) {
        parts j = { x.data, m.data, e.data };
        tp__parallel_items(call->out[0]->numel, WORK, tp_get_num_threads(), dtype == TP_F64 ? parts_double : parts_float, &j);
        tp__plain_return(&m, call->out[0]);
        tp__plain_return(&e, call->out[1]);
    }
    tp__plain_free(&x);
    tp__plain_free(&m);
    tp__plain_free(&e);
    return status;
}

const tp_kernel tp__cpu_pointwise_whole[] = { TP__ROW(gcd) TP__ROW(lcm) TP__ROW(nextafter) TP__ROW(angle) { "frexp", frexp_run, NULL }, { NULL, NULL, NULL } };
