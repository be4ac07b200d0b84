/* windows.c: windows for signals, torch.signal.windows.     n points, k = 0 .. n - 1;  m = n - 1, or n for a periodic one (sym false)
 *
 *   bartlett           1 - |2 k / m - 1|
 *   general_cosine     sum_i (-1)^i a_i cos(2 pi i k / m);   general_hamming: a, 1 - a;   hann: 0.5;   hamming: 0.54;
 *                      blackman: 0.42, 0.5, 0.08;   nuttall: 0.3635819, 0.4891775, 0.1365995, 0.0106411
 *   cosine             sin(pi (k + 1/2) / (m + 1))
 *   exponential        exp(-|k - center| / tau), center m / 2 unless it is given
 *   gaussian           exp(-((k - m / 2) / std)^2 / 2)
 *   kaiser             I_0(beta sqrt(1 - (2 k / m - 1)^2)) / I_0(beta)
 *
 * Of no points empty, of one point 1.
 *
 *   hann_window, ..    torch's own, of any floating dtype, counted in it: periodic unless it is said otherwise, which is all but the last of n + 1
 *                      points */
#include "ops/create.h"
#include "ops/samples.h"

#include <math.h>

typedef struct plain_attr { int64_t m; bool sym; tp__place place; } plain_attr;
typedef struct number_attr { int64_t m; double v; bool sym; tp__place place; } number_attr;           /* v: std, alpha or beta */
typedef struct exponential_attr { int64_t m; const tp_arg *center; double tau; bool sym; tp__place place; } exponential_attr;
typedef struct general_attr { int64_t m; tp__floats a; bool sym; tp__place place; } general_attr;

/* ---- Points ----------------------------------------------------------------------------------------------------------------------------- */

static tp_dtype dtype_of(const tp__place *place) { return tp__dtype_of(place, TP_F32); }

static tp_status check(const tp__call *call, int64_t m, const tp__place *place)
{
    if (m < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "M is %lld, and has to be at least 0", (long long)m);
    if (dtype_of(place) != TP_F32 && dtype_of(place) != TP_F64)
        return tp__call_fail(call, TP_ERR_DTYPE, "gives float32 and float64, not %s", tp_dtype_name(dtype_of(place)));
    return TP_OK;
}
static tp_tensor *points(int64_t m, double start, double end, const tp__place *place)
{
    return tp_linspace(start, end, m, .dtype = dtype_of(place), .device = place->device);
}
static tp_tensor *one(const tp__place *place) { return tp_ones(TP_SHAPE(1), .dtype = dtype_of(place), .device = place->device); }
/* How many steps the window has: of a periodic one it would end a step later. */
static double steps(int64_t m, bool sym) { return (double)(sym || m < 2 ? m - 1 : m); }

static tp_status give_out(tp__call *call, tp_tensor *y, const tp__place *place)
{
    if (y && place->requires_grad) {
        y = tp_detach(y);
        if (y && tp_requires_grad(y, true)) return tp__pending();
    }
    return tp__made(tp__out_made(call, y));
}

/* ---- Windows --------------------------------------------------------------------------------------------------------------------------- */

static tp_status cosines(tp__call *call, int64_t m, int n, const double *a, bool sym, const tp__place *place)
{
    if (check(call, m, place)) return tp__pending();
    if (m == 1) return give_out(call, one(place), place);
    if (n < 1 && m) return tp__call_fail(call, TP_ERR_ARGUMENT, "there are no coefficients");
    tp_tensor *k = points(m, 0, (double)(m - 1) * (m ? 2 * M_PI / steps(m, sym) : 0), place);
    tp_tensor *y = tp_full(TP_SHAPE(m), n ? a[0] : 0, .dtype = dtype_of(place), .device = place->device);
    for (int i = 1; i < n && m; i++) y = tp_add(y, tp_mul(tp_cos(tp_mul(k, i)), i % 2 ? -a[i] : a[i]));
    return give_out(call, y, place);
}
static tp_status general_cosine_compose(tp__call *call)
{
    const general_attr *a = call->attr;
    return cosines(call, a->m, (int)a->a.n, a->a.v, a->sym, &a->place);
}
static tp_status general_hamming_compose(tp__call *call)
{
    const number_attr *a = call->attr;
    return cosines(call, a->m, 2, (const double[]){ a->v, 1 - a->v }, a->sym, &a->place);
}
static tp_status plain_cosines(tp__call *call, int n, const double *a)
{
    const plain_attr *attr = call->attr;
    return cosines(call, attr->m, n, a, attr->sym, &attr->place);
}
static tp_status hann_compose(tp__call *call) { return plain_cosines(call, 2, (const double[]){ 0.5, 0.5 }); }
static tp_status hamming_compose(tp__call *call) { return plain_cosines(call, 2, (const double[]){ 0.54, 1 - 0.54 }); }
static tp_status blackman_compose(tp__call *call) { return plain_cosines(call, 3, (const double[]){ 0.42, 0.5, 0.08 }); }
static tp_status nuttall_compose(tp__call *call) { return plain_cosines(call, 4, (const double[]){ 0.3635819, 0.4891775, 0.1365995, 0.0106411 }); }

static tp_status bartlett_compose(tp__call *call)
{
    const plain_attr *a = call->attr;
    if (check(call, a->m, &a->place)) return tp__pending();
    if (a->m == 1) return give_out(call, one(&a->place), &a->place);
    const double end = a->m ? -1 + (double)(a->m - 1) * 2 / steps(a->m, a->sym) : -1;
    return give_out(call, tp_rsub(tp_abs(points(a->m, -1, end, &a->place)), 1), &a->place);
}
static tp_status cosine_compose(tp__call *call)
{
    const plain_attr *a = call->attr;
    if (check(call, a->m, &a->place)) return tp__pending();
    const double step = M_PI / (steps(a->m, a->sym) + 1);
    return give_out(call, tp_sin(points(a->m, step / 2, (0.5 + (double)(a->m - 1)) * step, &a->place)), &a->place);
}
static tp_status exponential_compose(tp__call *call)
{
    const exponential_attr *a = call->attr;
    if (check(call, a->m, &a->place)) return tp__pending();
    double center = steps(a->m, a->sym) / 2;
    if (!(a->tau > 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "tau is %g, and has to be above 0", a->tau);
    if (a->center && a->center->kind) {
        if (a->sym) return tp__call_fail(call, TP_ERR_ARGUMENT, "a center is only for sym=false");
        if (a->center->kind != TP_ARG_FLOAT && a->center->kind != TP_ARG_INT) return tp__call_fail(call, TP_ERR_ARGUMENT, "center is no number");
        center = a->center->kind == TP_ARG_INT ? (double)a->center->value.integer : a->center->value.real;
    }
    tp_tensor *k = points(a->m, -center / a->tau, (-center + (double)(a->m - 1)) / a->tau, &a->place);
    return give_out(call, tp_exp(tp_neg(tp_abs(k))), &a->place);
}
static tp_status gaussian_compose(tp__call *call)
{
    const number_attr *a = call->attr;
    if (check(call, a->m, &a->place)) return tp__pending();
    if (!(a->v > 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "std is %g, and has to be above 0", a->v);
    const double start = -steps(a->m, a->sym) / 2, scale = 1 / (a->v * M_SQRT2);
    tp_tensor *k = points(a->m, start * scale, (start + (double)(a->m - 1)) * scale, &a->place);
    return give_out(call, tp_exp(tp_neg(tp_square(k))), &a->place);
}
static tp_status kaiser_compose(tp__call *call)
{
    const number_attr *a = call->attr;
    if (check(call, a->m, &a->place)) return tp__pending();
    if (!(a->v >= 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "beta is %g, and has to be at least 0", a->v);
    if (a->m == 1) return give_out(call, one(&a->place), &a->place);
    const double beta = dtype_of(&a->place) == TP_F32 ? (float)a->v : a->v;      /* as the points are, so that no root is of less than 0 */
    const double end = a->m ? fmin(beta, -beta + (double)(a->m - 1) * 2 * beta / steps(a->m, a->sym)) : 0;
    tp_tensor *k = points(a->m, -beta, end, &a->place);
    tp_tensor *all = tp_full(TP__SCALAR_SHAPE, beta, .dtype = dtype_of(&a->place), .device = a->place.device);
    return give_out(call, tp_div(tp_i0(tp_sqrt(tp_sub(tp_mul(all, all), tp_square(k)))), tp_i0(all)), &a->place);
}

/* ---- torch.hann_window and its like ------------------------------------------------------------------------------------------------------ */

typedef struct window_attr { int64_t window_length; bool periodic; tp__place place; } window_attr;
typedef struct kaiser_window_attr { int64_t window_length; bool periodic; double beta; tp__place place; } kaiser_window_attr;
typedef struct hamming_window_attr { int64_t window_length; bool periodic; double alpha, beta; tp__place place; } hamming_window_attr;

/* 0, 1, .. of as many points as are computed; *all tells how many. NULL: an error, or 1 in *done, a window that needs no points. */
static tp_tensor *counted(tp__call *call, int64_t n, bool periodic, const tp__place *place, int64_t *all, tp_tensor **done)
{
    const tp_dtype dtype = dtype_of(place);
    *done = NULL;
    if (n < 0 || n == INT64_MAX) return tp__call_fail(call, TP_ERR_ARGUMENT, "window_length is %lld, and has to be from 0 to 2^63 - 2", (long long)n), NULL;
    if (!tp__is_floating(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "gives floating dtypes, not %s", tp_dtype_name(dtype)), NULL;
    if (n < 2) return *done = tp_ones(TP_SHAPE(n), .dtype = dtype, .device = place->device), NULL;
    *all = n + periodic;
    return tp_arange(0, (double)*all, 1, .dtype = dtype, .device = place->device);
}
static tp_status give_window(tp__call *call, tp_tensor *y, tp_tensor *done, int64_t n, const tp__place *place)
{
    return give_out(call, done ? done : y && y->numel > n ? tp_clone(tp_narrow(y, 0, 0, n)) : y, place);
}

static tp_status hamming_of(tp__call *call, int64_t n, bool periodic, double alpha, double beta, const tp__place *place)
{
    int64_t all = 0;
    tp_tensor *done, *k = counted(call, n, periodic, place, &all, &done);
    return give_window(call, k ? tp_add(tp_mul(tp_cos(tp_mul(k, 2 * M_PI / (double)(all - 1))), -beta), alpha) : NULL, done, n, place);
}
static tp_status hann_window_compose(tp__call *call)
{
    const window_attr *a = call->attr;
    return hamming_of(call, a->window_length, a->periodic, 0.5, 0.5, &a->place);
}
static tp_status hamming_window_compose(tp__call *call)
{
    const hamming_window_attr *a = call->attr;
    return hamming_of(call, a->window_length, a->periodic, a->alpha, a->beta, &a->place);
}
static tp_status blackman_window_compose(tp__call *call)
{
    const window_attr *a = call->attr;
    int64_t all = 0;
    tp_tensor *done, *k = counted(call, a->window_length, a->periodic, &a->place, &all, &done);
    if (k) k = tp_mul(k, M_PI / (double)(all - 1));
    if (k) k = tp_add(tp_sub(tp_mul(tp_cos(tp_mul(k, 4)), 0.08), tp_mul(tp_cos(tp_mul(k, 2)), 0.5)), 0.42);
    return give_window(call, k, done, a->window_length, &a->place);
}
static tp_status bartlett_window_compose(tp__call *call)
{
    const window_attr *a = call->attr;
    int64_t all = 0;
    tp_tensor *done, *k = counted(call, a->window_length, a->periodic, &a->place, &all, &done);
    if (k) {                                           /* up to the middle, and from there on down */
        const int64_t rising = (all - 1) / 2 + 1;
        tp_tensor *y = tp_mul(k, 2.0 / (double)(all - 1));
        tp_tensor *fall = tp_rsub(tp_narrow(y, 0, rising, all - rising), 2);
        k = y && fall ? tp_cat(TP_TENSORS(tp_narrow(y, 0, 0, rising), fall), 0) : NULL;
    }
    return give_window(call, k, done, a->window_length, &a->place);
}
static tp_status kaiser_window_compose(tp__call *call)
{
    const kaiser_window_attr *a = call->attr;
    const tp_dtype dtype = dtype_of(&a->place), within = dtype == TP_F64 ? dtype : TP_F32;
    int64_t all = 0;
    tp_tensor *done, *k = counted(call, a->window_length, a->periodic, &a->place, &all, &done);
    if (k) {
        const double middle = (double)(all - 1) / 2;
        tp_tensor *part = tp_div(tp_sub(tp_to_dtype(k, within), middle), middle), *root = tp_sqrt(tp_rsub(tp_square(part), 1));
        tp_tensor *most = tp_i0(tp_full(TP__SCALAR_SHAPE, a->beta, .dtype = within, .device = a->place.device));
        k = tp_to_dtype(tp_div(tp_i0(tp_mul(root, a->beta)), most), dtype);
    }
    return give_window(call, k, done, a->window_length, &a->place);
}

/* ---- Samples, descriptors ----------------------------------------------------------------------------------------------------------------- */

#define PERIODIC TP__NAMED("sym", .kind = TP_ARG_BOOL, .value.boolean = false)
#define NUMBER(name_, v) TP__NAMED(name_, .kind = TP_ARG_FLOAT, .value.real = v)
static void plain_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(5));
    TP__GIVE(set, TP__INT_ARG(4), PERIODIC, TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
    TP__GIVE(set, TP__INT_ARG(1));
    TP__GIVE(set, TP__INT_ARG(0));
}
static void exponential_samples(tp_sample_set *set)
{
    plain_samples(set);
    TP__GIVE(set, TP__INT_ARG(4), NUMBER("center", 1.5), NUMBER("tau", 2), PERIODIC);
}
static void gaussian_samples(tp_sample_set *set)
{
    plain_samples(set);
    TP__GIVE(set, TP__INT_ARG(4), NUMBER("std", 2));
}
static void hamming_samples(tp_sample_set *set)
{
    plain_samples(set);
    TP__GIVE(set, TP__INT_ARG(4), NUMBER("alpha", 0.7));
}
static void kaiser_samples(tp_sample_set *set)
{
    plain_samples(set);
    TP__GIVE(set, TP__INT_ARG(4), NUMBER("beta", 3), PERIODIC);
}
static void general_samples(tp_sample_set *set)
{
    static const double a[] = { 0.46, 0.23, 0.31 };
    TP__GIVE(set, TP__INT_ARG(5), TP__NAMED("a", .kind = TP_ARG_FLOATS, .n = 3, .value.floats = a));
}

#define WINDOW(name, takes, attr, give) static const tp_op op_##name = \
    { .schema = "signal_windows_" #name "(int M, *, " takes "bool sym=true, " PLACE_ALONE ") -> Tensor", \
    .flags = TP__NO_GRAD_OP, .compose = name##_compose, .attr_size = sizeof(attr), .samples = give, .state = TP__STATE };
#define PLACE_ALONE "dtype dtype=none, string{strided} layout=none, device device=none, bool? requires_grad=none, bool? pin_memory=none"
WINDOW(bartlett, "", plain_attr, plain_samples)
WINDOW(blackman, "", plain_attr, plain_samples)
WINDOW(cosine, "", plain_attr, plain_samples)
WINDOW(hamming, "", plain_attr, plain_samples)
WINDOW(hann, "", plain_attr, plain_samples)
WINDOW(nuttall, "", plain_attr, plain_samples)
WINDOW(exponential, "any center=none, float tau=1, ", exponential_attr, exponential_samples)
WINDOW(gaussian, "float std=1, ", number_attr, gaussian_samples)
WINDOW(general_hamming, "float alpha=0.54, ", number_attr, hamming_samples)
WINDOW(kaiser, "float beta=12, ", number_attr, kaiser_samples)
WINDOW(general_cosine, "float[] a, ", general_attr, general_samples)

static void window_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(5));
    TP__GIVE(set, TP__INT_ARG(6), TP__BOOL_ARG(false), TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_BF16));
    TP__GIVE(set, TP__INT_ARG(1));
    TP__GIVE(set, TP__INT_ARG(0), TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
}
#define TORCH_WINDOW(name, takes, attr) static const tp_op op_##name = \
    { .schema = #name "(int window_length, bool periodic=true, " takes TP__PLACE ") -> Tensor", \
    .flags = TP__NO_GRAD_OP, .compose = name##_compose, .attr_size = sizeof(attr), .samples = window_samples, .state = TP__STATE };
TORCH_WINDOW(hann_window, "", window_attr)
TORCH_WINDOW(hamming_window, "float alpha=0.54, float beta=0.46, ", hamming_window_attr)
TORCH_WINDOW(blackman_window, "", window_attr)
TORCH_WINDOW(bartlett_window, "", window_attr)
TORCH_WINDOW(kaiser_window, "float beta=12, ", kaiser_window_attr)

/* ---- Public --------------------------------------------------------------------------------------------------------------------------- */

#define PUBLIC(name) \
    tp_tensor *tp_signal_windows_##name(int64_t n, bool sym) { return tp__run1(&op_##name, NULL, 0, &(plain_attr){ .m = n, .sym = sym }, TP__CALLER); }
PUBLIC(hann)
PUBLIC(hamming)
PUBLIC(blackman)
PUBLIC(bartlett)
PUBLIC(cosine)
PUBLIC(nuttall)
#define PUBLIC_OF(name) tp_tensor *tp_signal_windows_##name(int64_t n, double v, bool sym) \
    { return tp__run1(&op_##name, NULL, 0, &(number_attr){ .m = n, .v = v, .sym = sym }, TP__CALLER); }
PUBLIC_OF(gaussian)
PUBLIC_OF(kaiser)
PUBLIC_OF(general_hamming)
tp_tensor *tp_signal_windows_exponential(int64_t n, double tau, bool sym)
{
    return tp__run1(&op_exponential, NULL, 0, &(exponential_attr){ .m = n, .tau = tau, .sym = sym }, TP__CALLER);
}

#define PUBLIC_TORCH(name) \
    tp_tensor *tp_##name(int64_t n, bool periodic) \
    { return tp__run1(&op_##name, NULL, 0, &(window_attr){ .window_length = n, .periodic = periodic }, TP__CALLER); }
PUBLIC_TORCH(hann_window)
PUBLIC_TORCH(blackman_window)
PUBLIC_TORCH(bartlett_window)
tp_tensor *tp_hamming_window(int64_t n, bool periodic, double alpha, double beta)
{
    const hamming_window_attr a = { .window_length = n, .periodic = periodic, .alpha = alpha, .beta = beta };
    return tp__run1(&op_hamming_window, NULL, 0, &a, TP__CALLER);
}
tp_tensor *tp_kaiser_window(int64_t n, bool periodic, double beta)
{
    return tp__run1(&op_kaiser_window, NULL, 0, &(kaiser_window_attr){ .window_length = n, .periodic = periodic, .beta = beta }, TP__CALLER);
}

const tp_op *const tp__ops_windows[] = {
    &op_bartlett, &op_blackman, &op_cosine, &op_hamming, &op_hann, &op_nuttall, &op_exponential, &op_gaussian, &op_general_hamming, &op_kaiser,
    &op_general_cosine, &op_hann_window, &op_hamming_window, &op_blackman_window, &op_bartlett_window, &op_kaiser_window, NULL,
};
