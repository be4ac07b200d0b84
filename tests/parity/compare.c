/* compare.c: whether two tensors are the same: dtype, shape, and values by the sample's tolerance, |got - want| <= atol + rtol |want|.
 * Elements are widened to long double, which holds every int64 and every double. */
#include "parity.h"

#include <math.h>

/* ---- Elements ------------------------------------------------------------------------------------------------------------------ */

/* IEEE 754 binary16. */
static double half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits >> 15 ? -size : size;
}

/* The upper half of a float32. */
static double bfloat(uint16_t bits)
{
    const uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static void widen(const void *from, tp_dtype dtype, int64_t n, long double *to)
{
#define AS(type, convert) for (int64_t i = 0; i < n; i++) to[i] = (long double)convert(((const type *)from)[i]); break
    switch (dtype) {
    case TP_F32: AS(float, );
    case TP_F64: AS(double, );
    case TP_F16: AS(uint16_t, half);
    case TP_BF16: AS(uint16_t, bfloat);
    case TP_I64: AS(int64_t, );
    case TP_I32: AS(int32_t, );
    case TP_I16: AS(int16_t, );
    case TP_I8: AS(int8_t, );
    case TP_U8: AS(uint8_t, );
    default: AS(uint8_t, !!);                          /* bool */
    }
#undef AS
}

long double *compare_read(sample *s, tp_tensor *x)
{
    TP_NO_GRAD();
    if (tp_is_complex(x) && !(x = tp_reshape(tp_view_as_real(tp_reshape(tp_contiguous(x), TP_SHAPE(-1))), TP_SHAPE(-1)))) {
        differ_error(s, "the parts cannot be read");
        return NULL;
    }
    const tp_dtype dtype = tp_dtype_of(x);
    const size_t n = (size_t)tp_numel(x), bytes = tp_dtype_size(dtype);
    void *raw = sample_alloc(s, n, bytes);
    long double *values = raw ? sample_alloc(s, n, sizeof *values) : NULL;
    if (!values) return NULL;
    if (n && tp_copy_to(x, raw, n * bytes)) {
        differ_error(s, "the elements cannot be read");
        return NULL;
    }
    widen(raw, dtype, (int64_t)n, values);
    return values;
}

/* ---- Comparing -------------------------------------------------------------------------------------------------------------------- */

bool compare_close(long double got, long double want, double atol, double rtol)
{
    if (got == want || (isnan(got) && isnan(want))) return true;
    return isfinite(got) && isfinite(want) && fabsl(got - want) <= atol + rtol * fabsl(want);
}

static const char *place_text(tp_tensor *x, int64_t i, char *out, size_t size)
{
    const tp_shape shape = tp_shape_of(x);
    int64_t at[TP_MAX_DIMS];
    for (int d = shape.ndim - 1; d >= 0; i /= shape.dim[d--]) at[d] = i % shape.dim[d];
    size_t n = (size_t)snprintf(out, size, "[");
    for (int d = 0; d < shape.ndim && n < size; d++) n += (size_t)snprintf(out + n, size - n, "%s%lld", d ? ", " : "", (long long)at[d]);
    if (n < size) snprintf(out + n, size - n, "]");
    return out;
}

/* The distance of two complex numbers counts, and a NaN in one part makes both NaN. */
static bool compare_complex(const long double *got, const long double *want, double atol, double rtol)
{
    if (got[0] == want[0] && got[1] == want[1]) return true;
    if (isnan(want[0]) || isnan(want[1])) return isnan(got[0]) || isnan(got[1]);
    if (!isfinite(want[0]) || !isfinite(want[1])) return false;
    return hypotl(got[0] - want[0], got[1] - want[1]) <= atol + rtol * hypotl(want[0], want[1]);
}

static bool compare_pairs(sample *s, const char *what, tp_tensor *got, tp_tensor *want)
{
    const int64_t n = tp_numel(want);
    const long double *g = compare_read(s, got), *w = compare_read(s, want);
    int64_t wrong = 0, first = 0;
    char place[160];
    for (int64_t i = n - 1; g && w && i >= 0; i--)
        if (!compare_complex(g + 2 * i, w + 2 * i, s->atol, s->rtol)) wrong++, first = i;
    if (!g || !w) return false;
    return !wrong || differ(s, "%s: %lld of %lld elements differ, first at %s: %.9Lg%+.9Lgi, and not %.9Lg%+.9Lgi (atol %g, rtol %g)", what, (long long)wrong,
                            (long long)n, place_text(want, first, place, sizeof place), g[2 * first], g[2 * first + 1], w[2 * first], w[2 * first + 1], s->atol,
                            s->rtol);
}

static bool compare_values(sample *s, const char *what, tp_tensor *got, tp_tensor *want)
{
    if (tp_is_complex(want)) return compare_pairs(s, what, got, want);
    const int64_t n = tp_numel(want);
    const long double *g = compare_read(s, got), *w = compare_read(s, want);
    int64_t wrong = 0, worst = 0;
    long double most = -1;
    char place[160];
    if (!g || !w) return false;
    for (int64_t i = 0; i < n; i++) {
        if (compare_close(g[i], w[i], s->atol, s->rtol)) continue;
        const long double error = fabsl(g[i] - w[i]), size = isnan(error) ? INFINITY : error;
        if (size > most) most = size, worst = i;
        wrong++;
    }
    return !wrong || differ(s, "%s: %lld of %lld elements differ, most at %s: %.9Lg, and not %.9Lg (off by %.3Lg, atol %g, rtol %g)", what, (long long)wrong,
                            (long long)n, place_text(want, worst, place, sizeof place), g[worst], w[worst], fabsl(g[worst] - w[worst]), s->atol, s->rtol);
}

bool compare_kind(sample *s, const char *what, tp_tensor *got, tp_tensor *want)
{
    const tp_shape a = tp_shape_of(got), b = tp_shape_of(want);
    char is[160], should[160];
    bool same = want && a.ndim == b.ndim && tp_dtype_of(got) == tp_dtype_of(want);
    for (int i = 0; same && i < b.ndim; i++) same = a.dim[i] == b.dim[i];
    return same || (want && differ(s, "%s: it is %s, and not %s", what, shape_text(got, is, sizeof is), shape_text(want, should, sizeof should)));
}

bool compare_tensors(sample *s, const char *what, tp_tensor *got, tp_tensor *want)
{
    return compare_kind(s, what, got, want) && compare_values(s, what, got, want);
}

/* A number, or a list of them, that PyTorch returns as such is a tensor here: of bools, integers or reals, 0-dim or 1-dim. */
bool compare_number(sample *s, const char *what, tp_tensor *got, const json_t *text)
{
    const char *kind = text_at(text, "kind");
    const json_t *value = json_object_get(text, "value"), *list = json_is_array(value) ? value : NULL;
    const size_t n = list ? json_array_size(list) : 1;
    const tp_dtype dtype = tp_dtype_of(got);
    const bool is_bool = dtype == TP_BOOL, is_real = dtype == TP_F32 || dtype == TP_F64 || dtype == TP_F16 || dtype == TP_BF16;
    const bool fits = kind && (!strcmp(kind, "bool") ? is_bool : !strcmp(kind, "float") ? is_real : !is_bool && !is_real);
    if (!fits || (size_t)tp_numel(got) != n || tp_ndim(got) != (list ? 1 : 0))
        return differ(s, "%s: it is a tensor of %s, and not of %s", what, tp_dtype_name(dtype), kind ? kind : "?");
    const long double *g = compare_read(s, got);
    for (size_t i = 0; g && i < n; i++) {
        const json_t *item = list ? json_array_get(list, i) : value;
        double want = json_is_boolean(item) ? json_is_true(item) : 0;
        if (!json_is_boolean(item) && !number_of(item, &want)) return damaged(s, "an output without a value");
        const long double exact = json_is_integer(item) ? (long double)json_integer_value(item) : want;
        if (!compare_close(g[i], exact, s->atol, s->rtol)) return differ(s, "%s: it is %.9Lg, and not %.9Lg", what, g[i], exact);
    }
    return g != NULL;
}
