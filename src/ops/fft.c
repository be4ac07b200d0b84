/* fft.c: discrete Fourier transforms, torch.fft.       Y_k = scale sum_j x_j e^(-2 pi i jk / n), in each dim; an inverse has e^(+..)
 *
 *   fft, ifft          of what is complex, or made so                         norm "backward": the inverse is divided by n, the product of lengths;
 *   rfft               of what is real: Y_0 .. Y_(n / 2), the rest            "forward": the other is; "ortho": each by its root
 *                      is their conjugate
 *   irfft              back from those; in several dims the last one
 *   hfft, ihfft        irfft and rfft with the signs exchanged
 *
 * A length that is given cuts x, or pads it with zeros. All are made of three, each the gradient of another (G for dL/dY):
 *
 *   fft_c2c    dx = c2c the other way of dy, with the same scale
 *   fft_r2c    dx_j = scale sum_k Re(dy_k e^(+..)), k <= n / 2: c2r that adds each dy_k in the middle once
 *   fft_c2r    adds each X_k in the middle twice, for its conjugate: dX is r2c of dy, the middle times 2 */
#include "core/kernel_args.h"
#include "ops/create.h"
#include "ops/samples.h"

#include <math.h>

/* ---- c2c, r2c, c2r ----------------------------------------------------------------------------------------------- */

static tp_status take_dims(tp__call *call, tp__fft *attr, int64_t most)
{
    const tp_tensor *x = call->in[0];
    uint32_t seen = 0;
    if (attr->dim.n < 1 || attr->dim.n > most || attr->dim.n > TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_SHAPE, "is along 1 to %lld dims, not %lld", (long long)most, (long long)attr->dim.n);
    for (int64_t i = 0; i < attr->dim.n; i++) {
        int d;
        if (tp__take_dim(call, attr->dim.v[i], x, &d)) return tp__pending();
        if (seen >> d & 1 || !x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is given twice, or is none", d, tp__shape_text(x));
        seen |= 1u << d;
        attr->dim.v[i] = d;
        if (x->shape[d] < 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s has no elements", d, tp__shape_text(x));
    }
    return TP_OK;
}
static tp_status refuse(const tp__call *call) { return tp__call_fail(call, TP_ERR_DTYPE, "%s is not taken", tp_dtype_name((tp_dtype)call->in[0]->dtype)); }

static tp_status c2c_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (!tp__is_complex(x->dtype)) return refuse(call);
    if (take_dims(call, (tp__fft *)(uintptr_t)call->attr, TP_MAX_DIMS)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape));
}

static tp_status half_shape(tp__call *call, bool to_real)
{
    tp__fft *attr = (tp__fft *)(uintptr_t)call->attr;
    const tp_tensor *x = call->in[0];
    const tp_dtype dtype = (tp_dtype)x->dtype;
    int64_t shape[TP_MAX_DIMS];
    if (to_real ? !tp__is_complex(dtype) : dtype != TP_F32 && dtype != TP_F64) return refuse(call);
    if (take_dims(call, attr, 1)) return tp__pending();
    const int d = (int)attr->dim.v[0];
    if (attr->n < 1 || x->shape[d] != (to_real ? attr->n / 2 + 1 : attr->n))
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld real numbers do not go with dim %d of %s", (long long)attr->n, d, tp__shape_text(x));
    memcpy(shape, x->shape, sizeof *shape * (size_t)x->ndim);
    shape[d] = to_real ? attr->n : attr->n / 2 + 1;
    const tp_dtype other = dtype == TP_F32 ? TP_C64 : dtype == TP_F64 ? TP_C128 : dtype == TP_C64 ? TP_F32 : TP_F64;
    return tp__made(tp__out(call, other, x->ndim, shape));
}
static tp_status r2c_shape(tp__call *call) { return half_shape(call, false); }
static tp_status c2r_shape(tp__call *call) { return half_shape(call, true); }

static const tp_op op_c2c, op_r2c, op_c2r;

static tp_tensor *run(const tp_op *op, tp_tensor *x, tp__fft attr) { return tp__run1(op, &x, 1, &attr, NULL); }
static tp_status back(const tp_op *op, const tp_node *node, tp_tensor *dy, tp_tensor **dx)
{
    tp__fft attr = *(const tp__fft *)tp__attr(node);
    attr.forward = !attr.forward;
    return tp__made(dx[0] = run(op, dy, attr));
}
static tp_status c2c_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) { (void)need; return back(&op_c2c, node, dy[0], dx); }
static tp_status r2c_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) { (void)need; return back(&op_c2r, node, dy[0], dx); }
static tp_status c2r_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx) { (void)need; return back(&op_r2c, node, dy[0], dx); }

/* ---- Lengths, dims, dtypes --------------------------------------------------------------------------------------- */

enum { BACKWARD = 1, ORTHO, FORWARD };                 /* norm, as the schemas have it */

/* What is asked: dims and the length along each. real_n: of what is half, the length of its real lines. */
typedef struct plan { int n; int dim[TP_MAX_DIMS]; int64_t length[TP_MAX_DIMS], real_n; } plan;
enum { COMPLEX, TO_HALF, FROM_HALF };

static double scale_of(const plan *p, int kind, int32_t norm, bool forward)
{
    double n = 1;
    for (int i = 0; i < p->n; i++) n *= (double)(kind == FROM_HALF && i == p->n - 1 ? p->real_n : p->length[i]);
    if (norm == ORTHO) return 1 / sqrt(n);
    return (norm == FORWARD) == forward ? 1 / n : 1;
}

static tp_status check_length(const tp__call *call, int64_t n)
{
    return n < 1 ? tp__call_fail(call, TP_ERR_SHAPE, "%lld points are no length", (long long)n) : TP_OK;
}

/* x as floating or complex numbers that are transformed; NULL: an error */
static tp_tensor *promoted(const tp__call *call, tp_tensor *x, bool to_complex)
{
    tp_dtype dtype = (tp_dtype)x->dtype;
    if (dtype == TP_F16 || dtype == TP_BF16) {
        tp__call_fail(call, TP_ERR_DTYPE, "takes numbers of 32 or 64 bits, not %s", tp_dtype_name(dtype));
        return NULL;
    }
    if (tp__category(dtype) < 2) dtype = TP_F32;
    if (to_complex && !tp__is_complex(dtype)) dtype = dtype == TP_F64 ? TP_C128 : TP_C64;
    return dtype == (tp_dtype)x->dtype ? x : tp_to_dtype(x, dtype);
}

/* x with `n` elements in dim: the first ones, or zeros after them. */
static tp_tensor *resized(tp_tensor *x, int dim, int64_t n)
{
    const int64_t size = x->shape[dim];
    if (size >= n) return size == n ? x : tp_narrow(x, dim, 0, n);
    tp_shape pad = { .ndim = 2 * (x->ndim - dim) };
    if (pad.ndim > TP_MAX_DIMS) {                      /* more numbers than a shape holds: what is added comes from a cat */
        tp_shape more = tp__shape(x->ndim, x->shape);
        more.dim[dim] = n - size;
        tp_tensor *part[] = { x, tp_zeros(more, .dtype = (tp_dtype)x->dtype, .device = x->device) };
        return tp_cat((tp_tensor_list){ .at = part, .n = 2 }, dim);
    }
    pad.dim[pad.ndim - 1] = n - size;
    return tp_pad(x, pad);
}

/* The transform along all dims of the plan. */
static tp_tensor *transformed(const tp__call *call, const plan *p, int kind, int32_t norm, bool forward)
{
    tp_tensor *x = promoted(call, call->in[0], kind != TO_HALF);
    const double scale = scale_of(p, kind, norm, forward);
    tp__fft all = { .n = 1, .scale = scale, .middle = 1, .forward = forward }, last = all;
    for (int i = 0; i < p->n && x; i++) x = resized(x, p->dim[i], p->length[i]);
    if (!x) return NULL;
    for (int i = 0; i < p->n; i++)
        if (kind == COMPLEX || i < p->n - 1) all.dim.v[all.dim.n++] = p->dim[i];
    if (kind == COMPLEX) return all.dim.n ? run(&op_c2c, x, all) : tp_clone(x);
    last.dim = (tp__ints){ 1, { p->dim[p->n - 1] } };
    last.n = p->real_n;
    all.scale = 1;
    if (kind == TO_HALF) {
        x = run(&op_r2c, x, last);
        return all.dim.n && x ? run(&op_c2c, x, all) : x;
    }
    if (all.dim.n) x = run(&op_c2c, x, all);
    last.middle = 2;
    return x ? run(&op_c2r, x, last) : NULL;
}

/* ---- In one dim -------------------------------------------------------------------------------------------------- */

typedef struct line_attr { int64_t n, dim; int32_t norm; } line_attr;

static tp_status line(tp__call *call, int kind, bool forward)
{
    const line_attr *a = call->attr;
    const tp_tensor *x = call->in[0];
    plan p = { .n = 1 };
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a tensor of no dims has no dim %lld", (long long)a->dim);
    if (tp__take_dim(call, a->dim, x, &p.dim[0])) return tp__pending();
    const int64_t size = x->shape[p.dim[0]];
    p.real_n = a->n != TP_NONE ? a->n : kind == FROM_HALF ? 2 * (size - 1) : size;
    p.length[0] = kind == FROM_HALF ? (a->n != TP_NONE ? p.real_n / 2 + 1 : size) : p.real_n;
    if (kind == FROM_HALF && a->n == TP_NONE && size == 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "of 1 frequency, n has to be given: 2 (1 - 1) points are none");
    if (check_length(call, p.real_n)) return tp__pending();
    return tp__give_out(call, transformed(call, &p, kind, a->norm, forward));
}

/* ---- In several dims --------------------------------------------------------------------------------------------- */

typedef struct dims_attr { const tp_arg *s, *dim; int32_t norm; } dims_attr;

/* An int, or several; false: neither. *n is -1 where there are none. */
static bool take_ints(const tp_arg *arg, int *n, int64_t *v)
{
    *n = -1;
    if (!arg || !arg->kind) return true;
    if (arg->kind == TP_ARG_LIST && !arg->n) return !(*n = 0);
    if (arg->kind == TP_ARG_INT) return v[0] = arg->value.integer, *n = 1;
    if (arg->kind != TP_ARG_INTS || arg->n > TP_MAX_DIMS) return false;
    for (int i = 0; i < arg->n; i++) v[i] = arg->value.ints[i];
    return (*n = arg->n) >= 0;
}

static tp_status take_plan(tp__call *call, int kind, bool two, plan *p)
{
    const dims_attr *a = call->attr;
    const tp_tensor *x = call->in[0];
    int64_t s[TP_MAX_DIMS], dim[TP_MAX_DIMS];
    int n_s, n_dim;
    uint32_t seen = 0;
    if (!take_ints(a->s, &n_s, s) || !take_ints(a->dim, &n_dim, dim))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "s and dim are up to %d integers", TP_MAX_DIMS);
    if (n_dim < 0 && two) n_dim = 2, dim[0] = -2, dim[1] = -1;
    if (n_dim < 0) {
        n_dim = n_s < 0 ? x->ndim : n_s;
        if (n_dim > x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "%d lengths are more than %s has dims", n_s, tp__shape_text(x));
        for (int i = 0; i < n_dim; i++) dim[i] = x->ndim - n_dim + i;
    }
    if (n_s >= 0 && n_s != n_dim) return tp__call_fail(call, TP_ERR_SHAPE, "%d lengths are given for %d dims", n_s, n_dim);
    if (kind != COMPLEX && !n_dim) return tp__call_fail(call, TP_ERR_SHAPE, "transforms at least one dim");
    p->n = n_dim;
    for (int i = 0; i < n_dim; i++) {
        if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a tensor of no dims has no dim %lld", (long long)dim[i]);
        if (tp__take_dim(call, dim[i], x, &p->dim[i])) return tp__pending();
        if (seen >> p->dim[i] & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is given twice", p->dim[i], tp__shape_text(x));
        seen |= 1u << p->dim[i];
        const bool given = n_s >= 0 && s[i] != -1;
        p->length[i] = given ? s[i] : x->shape[p->dim[i]];
        if (i == n_dim - 1) {
            p->real_n = given || kind != FROM_HALF ? p->length[i] : 2 * (p->length[i] - 1);
            if (given && kind == FROM_HALF) p->length[i] = p->real_n / 2 + 1;
            if (check_length(call, p->real_n)) return tp__pending();
        }
        if (check_length(call, p->length[i])) return tp__pending();
    }
    return TP_OK;
}

static tp_status several(tp__call *call, int kind, bool forward, bool two)
{
    plan p = { .n = 0 };
    const dims_attr *a = call->attr;
    return take_plan(call, kind, two, &p) ? tp__pending() : tp__give_out(call, transformed(call, &p, kind, a->norm, forward));
}

/* ---- Frequencies ------------------------------------------------------------------------------------------------- */

typedef struct frequency_attr { int64_t n; double d; tp__place place; } frequency_attr;

static tp_status frequencies(tp__call *call, bool half)
{
    const frequency_attr *a = call->attr;
    const tp_dtype dtype = tp__dtype_of(&a->place, TP_F32);
    if (!tp__is_floating(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "gives floating dtypes, not %s", tp_dtype_name(dtype));
    if (a->n < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "n is %lld, and has to be at least 0", (long long)a->n);
    const int64_t up = a->n / 2 + (half || a->n % 2), down = half ? 0 : a->n / 2;
    tp_tensor *y = tp_arange(0, (double)up, 1, .dtype = dtype, .device = a->place.device);
    if (down) {
        tp_tensor *part[] = { y, tp_arange((double)-down, 0, 1, .dtype = dtype, .device = a->place.device) };
        y = tp_cat((tp_tensor_list){ .at = part, .n = 2 }, 0);
    }
    y = tp_mul(y, 1 / ((double)a->n * a->d));
    if (y && a->place.requires_grad) {
        y = tp_detach(y);
        if (y && tp_requires_grad(y, true)) return tp__pending();
    }
    return tp__give_out(call, y);
}

/* ---- Samples ----------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
#define Z(...) TP__TENSOR_ARG(complex_sample(set, TP_SHAPE(__VA_ARGS__)))
#define NAMED_STRING(label, v) TP__NAMED(label, .kind = TP_ARG_STRING, .value.string = v)
#define NAMED_INTS(label, count, ...) TP__NAMED(label, .kind = TP_ARG_INTS, .n = count, .value.ints = (const int64_t[]){ __VA_ARGS__ })

static tp_tensor *complex_sample(const tp_sample_set *set, tp_shape shape)
{
    tp_tensor *x = tp__sample_tensor(set, shape, -1, 1);
    return tp_to_dtype(x, set->dtype == TP_F64 || set->dtype == TP_C128 ? TP_C128 : TP_C64);
}

static void part_samples(tp_sample_set *set, int64_t n, tp_tensor *x, tp_tensor *nothing)
{
    const tp_arg scale = TP__FLOAT_ARG(0.5), middle = TP__FLOAT_ARG(2), yes = TP__BOOL_ARG(true), no = TP__BOOL_ARG(false);
    TP__GIVE(set, TP__TENSOR_ARG(x), TP__INTS_ARG(1, 1), TP__INT_ARG(n), scale, middle, yes);
    TP__GIVE(set, TP__TENSOR_ARG(x), TP__INTS_ARG(1, -1), TP__INT_ARG(n), scale, middle, no);
    TP__GIVE(set, TP__TENSOR_ARG(nothing), TP__INTS_ARG(1, 1), TP__INT_ARG(n), scale, middle, yes);
}
static void c2c_samples(tp_sample_set *set)
{
    part_samples(set, 1, complex_sample(set, TP_SHAPE(2, 6)), complex_sample(set, TP_SHAPE(0, 6)));
    TP__GIVE(set, Z(2, 3, 5), TP__INTS_ARG(2, 0, 2), TP__INT_ARG(1), TP__FLOAT_ARG(1), TP__FLOAT_ARG(1), TP__BOOL_ARG(true));
}
static void r2c_samples(tp_sample_set *set)
{
    part_samples(set, 6, tp__sample_tensor(set, TP_SHAPE(2, 6), -1, 1), tp__sample_tensor(set, TP_SHAPE(0, 6), -1, 1));
    part_samples(set, 5, tp__sample_tensor(set, TP_SHAPE(2, 5), -1, 1), tp__sample_tensor(set, TP_SHAPE(0, 5), -1, 1));
}
static void c2r_samples(tp_sample_set *set)
{
    part_samples(set, 6, complex_sample(set, TP_SHAPE(2, 4)), complex_sample(set, TP_SHAPE(0, 4)));
    part_samples(set, 5, complex_sample(set, TP_SHAPE(2, 3)), complex_sample(set, TP_SHAPE(0, 3)));
}

static void line_rest(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 5), TP__INT_ARG(4), TP__INT_ARG(0), NAMED_STRING("norm", "ortho"));
    TP__GIVE(set, X(6), TP__INT_ARG(3), TP__INT_ARG(-1), NAMED_STRING("norm", "forward"));
    TP__GIVE(set, X(0, 3));
}
static void line_samples(tp_sample_set *set)
{
    TP__GIVE(set, Z(2, 4));
    TP__GIVE(set, X(3), TP__INT_ARG(5));
    line_rest(set);
}
static void real_line_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 4));
    TP__GIVE(set, X(3), TP__INT_ARG(5));
    line_rest(set);
}
static void several_rest(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3, 4), NAMED_INTS("s", 2, 4, 3), NAMED_INTS("dim", 2, 2, 0), NAMED_STRING("norm", "ortho"));
    TP__GIVE(set, X(2, 3), NAMED_INTS("dim", 1, 0), NAMED_STRING("norm", "forward"));
    TP__GIVE(set, X(0, 2, 3), NAMED_INTS("dim", 2, 1, -1));
}
static void several_samples(tp_sample_set *set)
{
    TP__GIVE(set, Z(2, 3));
    several_rest(set);
}
static void real_several_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3));
    several_rest(set);
}
static void frequency_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__INT_ARG(5));
    TP__GIVE(set, TP__INT_ARG(4), TP__FLOAT_ARG(0.5), TP__NAMED("dtype", .kind = TP_ARG_DTYPE, .value.dtype = TP_F64));
    TP__GIVE(set, TP__INT_ARG(1));
}

/* ---- Descriptors ------------------------------------------------------------------------------------------------- */

#define PART(name) static const tp_op op_##name = { .schema = "fft_" #name "(Tensor input, int[] dim, int n, " \
    "float scale, float middle, bool forward) -> Tensor", \
    .flags = TP__INTERNAL, .shape = name##_shape, .backward = name##_backward, .attr_size = sizeof(tp__fft), .samples = name##_samples, .state = TP__STATE };
PART(c2c)
PART(r2c)
PART(c2r)

#define NORM "string{backward,ortho,forward}? norm=none) -> Tensor"
/* name, complex or from or to half, forward, samples */
#define FAMILY(X) X(fft, COMPLEX, true, ) X(ifft, COMPLEX, false, ) X(rfft, TO_HALF, true, real_) X(irfft, FROM_HALF, false, ) X(hfft, FROM_HALF, true, ) \
    X(ihfft, TO_HALF, false, real_)
#define OPS(name, kind, forward, real) \
    static tp_status name##_compose(tp__call *call) { return line(call, kind, forward); } \
    static tp_status name##2_compose(tp__call *call) { return several(call, kind, forward, true); } \
    static tp_status name##n_compose(tp__call *call) { return several(call, kind, forward, false); } \
    static const tp_op op_##name = TP__COMPOSED("fft_" #name "(Tensor input, int n=none, int dim=-1, " NORM, \
                                                name##_compose, sizeof(line_attr), real##line_samples); \
    static const tp_op op_##name##2 = TP__COMPOSED("fft_" #name "2(Tensor input, any s=none, any dim=none, " NORM, name##2_compose, sizeof(dims_attr), \
                                                   real##several_samples); \
    static const tp_op op_##name##n = TP__COMPOSED("fft_" #name "n(Tensor input, any s=none, any dim=none, " NORM, name##n_compose, sizeof(dims_attr), \
                                                   real##several_samples);
FAMILY(OPS)

static tp_status fftfreq_compose(tp__call *call) { return frequencies(call, false); }
static tp_status rfftfreq_compose(tp__call *call) { return frequencies(call, true); }
#define FREQUENCY(name) static const tp_op op_##name = { .schema = "fft_" #name "(int n, float d=1, " TP__PLACE ") -> Tensor", .flags = TP__NO_GRAD_OP, \
    .compose = name##_compose, .attr_size = sizeof(frequency_attr), .samples = frequency_samples, .state = TP__STATE };
FREQUENCY(fftfreq)
FREQUENCY(rfftfreq)

/* ---- Public ------------------------------------------------------------------------------------------------------ */

static tp_status check_norm(const char *name, tp_fft_norm norm)
{
    return (uint32_t)norm > TP_FFT_FORWARD ? tp_fail(TP_ERR_ARGUMENT, "%s: %d is no norm", name, (int)norm) : TP_OK;
}

/* Complex numbers of a transform that takes real ones: no dtype that is missing, but another transform's */
static tp_status check_real(const char *name, int kind, tp_tensor *x)
{
    if (kind != TO_HALF || !x || !tp__alive(x, name) || !tp__is_complex(x->dtype)) return TP_OK;
    return tp_fail(TP_ERR_DTYPE, "%s: takes real numbers, not %s", name, tp_dtype_name((tp_dtype)x->dtype));
}

static tp_tensor *call_line(const tp_op *op, const char *name, int kind, tp_tensor *x, const tp_fft_options *options, const void *caller)
{
    tp_fft_options o = TP__BRACES(fft, );
    if (tp_options_take(name, &o, options, offsetof(tp_fft_options, tp__end)) || check_norm(name, o.norm) || check_real(name, kind, x)) return NULL;
    return tp__run1(op, &x, 1, &(line_attr){ o.n, o.dim, (int32_t)o.norm }, caller);
}

static tp_tensor *call_several(const tp_op *op, const char *name, int kind, tp_tensor *x, const tp_fftn_options *options, const void *caller)
{
    tp_fftn_options o = TP__BRACES(fftn, );
    if (tp_options_take(name, &o, options, offsetof(tp_fftn_options, tp__end)) || check_norm(name, o.norm) || check_real(name, kind, x)) return NULL;
    int64_t dims[TP_MAX_DIMS];
    if (o.dims.n < 0 || o.dims.n > TP_MAX_DIMS || o.s.ndim < 0 || o.s.ndim > TP_MAX_DIMS) {
        tp_fail(TP_ERR_SHAPE, "%s: %d dims and %d lengths, at most %d are possible", name, o.dims.n, o.s.ndim, TP_MAX_DIMS);
        return NULL;
    }
    for (int i = 0; i < o.dims.n; i++) dims[i] = o.dims.dim[i];
    const tp_arg s = { .kind = o.s.ndim ? TP_ARG_INTS : TP_ARG_NONE, .n = o.s.ndim, .value.ints = o.s.dim };
    const tp_arg dim = { .kind = o.dims.n ? TP_ARG_INTS : TP_ARG_NONE, .n = o.dims.n, .value.ints = dims };
    return tp__run1(op, &x, 1, &(dims_attr){ &s, &dim, (int32_t)o.norm }, caller);
}

#define PUBLIC(name, kind, ...) \
    tp_tensor *tp_fft_##name##_with(tp_tensor *x, const tp_fft_options *o) { return call_line(&op_##name, "fft_" #name, kind, x, o, TP__CALLER); } \
    tp_tensor *tp_fft_##name##2_with(tp_tensor *x, const tp_fftn_options *o) { return call_several(&op_##name##2, "fft_" #name "2", kind, x, o, TP__CALLER); } \
    tp_tensor *tp_fft_##name##n_with(tp_tensor *x, const tp_fftn_options *o) { return call_several(&op_##name##n, "fft_" #name "n", kind, x, o, TP__CALLER); }
FAMILY(PUBLIC)

static tp_tensor *call_frequencies(const tp_op *op, const char *name, int64_t n, double d, const tp_tensor_options *options, const void *caller)
{
    tp_tensor_options o = TP__BRACES(tensor, );
    if (tp_options_take(name, &o, options, offsetof(tp_tensor_options, tp__end))) return NULL;
    const tp__place place = { .dtype = o.dtype, .device = o.device, .requires_grad = o.requires_grad, .pin_memory = o.pinned };
    return tp__run1(op, NULL, 0, &(frequency_attr){ n, d, place }, caller);
}
tp_tensor *tp_fft_fftfreq_with(int64_t n, double d, const tp_tensor_options *o) { return call_frequencies(&op_fftfreq, "fft_fftfreq", n, d, o, TP__CALLER); }
tp_tensor *tp_fft_rfftfreq_with(int64_t n, double d, const tp_tensor_options *o) { return call_frequencies(&op_rfftfreq, "fft_rfftfreq", n, d, o, TP__CALLER); }

#define LISTED(name, ...) &op_##name, &op_##name##2, &op_##name##n,
const tp_op *const tp__ops_fft[] = { &op_c2c, &op_r2c, &op_c2r, FAMILY(LISTED) &op_fftfreq, &op_rfftfreq, NULL };
