/* complex.c: complex tensors from real ones, and the other way.
 *
 *   complex          z = re + i im                    dre = real(dz)                 dim = imag(dz)
 *   polar            z = abs e^(i angle), of complex
 *   view_as_real     y = (re z, im z), as a view      dz = dy_0 + i dy_1
 *   view_as_complex  z = x_0 + i x_1, as a view       dx = (re dz, im dz)
 *   real, imag       the halves of view_as_real
 *   conj             y = re z - i im z                dz = conj(dy)
 *
 * A gradient is dL/d(re z) + i dL/d(im z), as in PyTorch. */
#include "ops/complex.h"
#include "ops/pointwise.h"
#include "ops/view.h"

tp_dtype tp__part_dtype(int dtype) { return dtype == TP_C64 ? TP_F32 : dtype == TP_C128 ? TP_F64 : (tp_dtype)dtype; }
tp_dtype tp__complex_dtype(int dtype) { return dtype == TP_F64 || dtype == TP_C128 ? TP_C128 : TP_C64; }

tp_tensor *tp__part(tp_tensor *z, int which)
{
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < z->ndim; d++) stride[d] = 2 * z->stride[d];
    tp_tensor *x = tp__alias(z, z->ndim, z->shape, stride, 0);
    if (!x) return NULL;
    x->dtype = (uint8_t)tp__part_dtype(z->dtype);
    x->data = (char *)z->data + (size_t)which * tp_dtype_size((tp_dtype)x->dtype);
    return x;
}

/* ---- Views ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *out_of_dtype(tp__call *call, const tp__geometry *g, tp_dtype dtype)
{
    tp_tensor *x = call->in[0], *y = tp__alias(x, g->ndim, g->shape, g->stride, 0);
    if (!y || !tp__out_made(call, y)) return NULL;
    y->dtype = (uint8_t)dtype;
    y->data = x->data;
    tp__make_view(y, x);
    return y;
}

static tp_status view_as_real_shape(tp__call *call)
{
    const tp_tensor *z = call->in[0];
    tp__geometry g = { .ndim = z->ndim + 1 };
    if (!tp__is_complex(z->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes complex tensors, not %s", tp_dtype_name((tp_dtype)z->dtype));
    if (g.ndim > TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "the parts of %d dims have one more, at most %d are possible", z->ndim, TP_MAX_DIMS);
    for (int d = 0; d < z->ndim; d++) g.shape[d] = z->shape[d], g.stride[d] = 2 * z->stride[d];
    g.shape[z->ndim] = 2;
    g.stride[z->ndim] = 1;
    return tp__made(out_of_dtype(call, &g, tp__part_dtype(z->dtype)));
}

static tp_status view_as_complex_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    const int last = x->ndim - 1;
    tp__geometry g = { .ndim = last };
    if (x->dtype != TP_F32 && x->dtype != TP_F64)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes float32 and float64, not %s", tp_dtype_name((tp_dtype)x->dtype));
    if (last < 0 || x->shape[last] != 2) return tp__call_fail(call, TP_ERR_SHAPE, "the last dim of %s must be 2", tp__shape_text(x));
    bool even = x->stride[last] == 1 && tp__offset_of(x) % 2 == 0;
    for (int d = 0; d < last; d++) {
        even = even && (x->stride[d] % 2 == 0 || x->shape[d] < 2);
        g.shape[d] = x->shape[d];
        g.stride[d] = x->stride[d] / 2;
    }
    if (!even) return tp__call_fail(call, TP_ERR_STATE, "the parts of %s do not lie in pairs: make it contiguous first", tp__shape_text(x));
    return tp__made(out_of_dtype(call, &g, tp__complex_dtype(x->dtype)));
}

static tp_status view_as_real_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    return tp__made(dx[0] = tp_view_as_complex(tp_contiguous(dy[0])));
}
static tp_status view_as_complex_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    return tp__made(dx[0] = tp_view_as_real(dy[0]));
}

static tp_tensor *half(tp_tensor *z, int64_t which) { return tp_select(tp_view_as_real(z), -1, which); }
static tp_tensor *itself(tp_tensor *x) { return x ? tp_expand(x, tp_shape_of(x)) : NULL; }

static tp_status real_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return tp__give_out(call, tp__is_complex(x->dtype) ? half(x, 0) : itself(x));
}
static tp_status imag_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (!tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s has no imaginary part", tp_dtype_name((tp_dtype)x->dtype));
    return tp__give_out(call, half(x, 1));
}

/* ---- Made of two ------------------------------------------------------------------------------------------------------------------- */

static tp_status check_parts(const tp__call *call)
{
    const tp_tensor *a = call->in[0], *b = call->in[1];
    if (a->dtype == b->dtype && (a->dtype == TP_F32 || a->dtype == TP_F64)) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "takes two float32 or two float64 tensors, not %s and %s", tp_dtype_name((tp_dtype)a->dtype),
                         tp_dtype_name((tp_dtype)b->dtype));
}
/* Pairs need one dim more than there may be: of 8, those of the flat tensor. */
static tp_tensor *joined(tp__call *call, tp_tensor *re, tp_tensor *im)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!re || !im || !tp__broadcast_shape(call, 2, &ndim, shape)) return NULL;
    const tp_shape whole = tp__shape(ndim, shape);
    re = tp_expand(re, whole);
    im = tp_expand(im, whole);
    if (ndim == TP_MAX_DIMS) re = tp_reshape(re, TP_SHAPE(-1)), im = tp_reshape(im, TP_SHAPE(-1));
    tp_tensor *z = re && im ? tp_view_as_complex(tp_stack(TP_TENSORS(re, im), -1)) : NULL;
    return ndim == TP_MAX_DIMS ? tp_reshape(z, whole) : z;
}
static tp_status complex_compose(tp__call *call)
{
    return check_parts(call) ? tp__pending() : tp__give_out(call, joined(call, call->in[0], call->in[1]));
}
static tp_status polar_compose(tp__call *call)
{
    if (check_parts(call)) return tp__pending();
    tp_tensor *abs = call->in[0], *angle = call->in[1];
    return tp__give_out(call, joined(call, tp_mul(abs, tp_cos(angle)), tp_mul(abs, tp_sin(angle))));
}

/* ---- Conjugates -------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_conj_elements;
tp_tensor *tp__conj(tp_tensor *x) { return x && tp__is_complex(x->dtype) ? tp__run1(&op_conj_elements, &x, 1, NULL, NULL) : x; }

static tp_status conj_physical_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)node, (void)need;
    return tp__made(dx[0] = tp__conj(dy[0]));
}
static tp_status conj_forward(tp__call *call)          /* of real ones */
{
    tp_tensor *y = call->out[0], *x = call->in[0];
    TP_NO_GRAD();
    return y == x ? TP_OK : tp__made(tp_copy_(y, tp_detach(x)));
}
static tp_status conj_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return tp__give_out(call, tp__is_complex(x->dtype) ? tp__conj(x) : itself(x));
}
static tp_status itself_compose(tp__call *call) { return tp__give_out(call, itself(call->in[0])); }

/* ---- Of the dtype -------------------------------------------------------------------------------------------------------------------- */

static tp_status isreal_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    return tp__give_out(call, tp__is_complex(x->dtype) ? tp_eq(tp_imag(x), 0) : tp_ones_like(x, .dtype = TP_BOOL));
}

/* ---- Samples, descriptors, public ------------------------------------------------------------------------------------------------------ */

tp_tensor *tp__sample_complex(const tp_sample_set *set, tp_shape shape, double lo, double hi)
{
    const tp_dtype dtype = tp__is_complex(set->dtype) ? set->dtype : tp__complex_dtype(set->dtype), part = tp__part_dtype(dtype);
    tp_tensor *z = tp_complex(tp_uniform(shape, lo, hi, .dtype = part), tp_uniform(shape, lo, hi, .dtype = part));
    if (z) tp_requires_grad(z, true);
    return z;
}

static void complex_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_complex(set, TP_SHAPE(3, 4), 0.3, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_complex(set, TP__SCALAR_SHAPE, -2, -0.3)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_complex(set, TP_SHAPE(2, 0), -1, 1)));
}
static void either_samples(tp_sample_set *set)
{
    complex_samples(set);
    tp__unary_samples(set);
}
static tp_tensor *wide(tp_sample_set *set, tp_shape shape)                 /* of the dtypes that have complex ones */
{
    const tp_dtype part = tp__part_dtype(set->dtype);
    return tp_uniform(shape, 0.5, 2, .dtype = part == TP_F64 ? TP_F64 : TP_F32, .requires_grad = true);
}
static void pair_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(wide(set, TP_SHAPE(3, 2))));
    TP__GIVE(set, TP__TENSOR_ARG(wide(set, TP_SHAPE(2))));
}
static void parts_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(wide(set, TP_SHAPE(3, 4))), TP__TENSOR_ARG(wide(set, TP_SHAPE(4))));
    TP__GIVE(set, TP__TENSOR_ARG(wide(set, TP__SCALAR_SHAPE)), TP__TENSOR_ARG(wide(set, TP__SCALAR_SHAPE)));
    TP__GIVE(set, TP__TENSOR_ARG(wide(set, TP_SHAPE(2, 0))), TP__TENSOR_ARG(wide(set, TP_SHAPE(1))));
}

static const tp_op op_view_as_real = { .schema = "view_as_real(Tensor input) -> Tensor", .flags = TP__VIEW, .shape = view_as_real_shape,
    .backward = view_as_real_backward, .samples = complex_samples, .state = TP__STATE };
static const tp_op op_view_as_complex = { .schema = "view_as_complex(Tensor input) -> Tensor", .flags = TP__VIEW, .shape = view_as_complex_shape,
    .backward = view_as_complex_backward, .samples = pair_samples, .state = TP__STATE };
static const tp_op op_view_as_real_copy = TP__COPY_FORM("view_as_real_copy(Tensor input) -> Tensor", op_view_as_real, 0, complex_samples);
static const tp_op op_view_as_complex_copy = TP__COPY_FORM("view_as_complex_copy(Tensor input) -> Tensor", op_view_as_complex, 0, pair_samples);
static const tp_op op_real = TP__COMPOSED("real(Tensor input) -> Tensor", real_compose, 0, either_samples);
static const tp_op op_imag = TP__COMPOSED("imag(Tensor input) -> Tensor", imag_compose, 0, complex_samples);
static const tp_op op_complex = TP__COMPOSED("complex(Tensor real, Tensor imag) -> Tensor", complex_compose, 0, parts_samples);
static const tp_op op_polar = TP__COMPOSED("polar(Tensor abs, Tensor angle) -> Tensor", polar_compose, 0, parts_samples);
static const tp_op op_conj_elements = { .schema = "conj_physical.elements(Tensor input) -> Tensor", .kernel = "conj_physical", .flags = TP__INTERNAL,
    .shape = tp__shape_same, .forward = conj_forward, .backward = conj_physical_backward, .samples = complex_samples, .state = TP__STATE };
static const tp_op op_conj_physical = TP__COMPOSED("conj_physical(Tensor input) -> Tensor", conj_compose, 0, either_samples);
static const tp_op op_conj_physical_ = { .schema = "conj_physical_(Tensor! input) -> Tensor", .kernel = "conj_physical",
    .flags = TP__INPLACE, .shape = tp__in_place_same, .forward = conj_forward, .backward = conj_physical_backward,
    .samples = either_samples, .state = TP__STATE };
static const tp_op op_conj = TP__COMPOSED("conj(Tensor input) -> Tensor", conj_compose, 0, either_samples);
static const tp_op op_resolve_conj = TP__COMPOSED("resolve_conj(Tensor input) -> Tensor", itself_compose, 0, either_samples);
static const tp_op op_resolve_neg = TP__COMPOSED("resolve_neg(Tensor input) -> Tensor", itself_compose, 0, either_samples);
static const tp_op op_isreal = { .schema = "isreal(Tensor input) -> Tensor", .flags = TP__NO_GRAD_OP, .compose = isreal_compose, .samples = either_samples,
    .state = TP__STATE };

bool tp_is_complex(const tp_tensor *x) { return x && tp__is_complex(x->dtype); }

#define PUBLIC1(name) tp_tensor *tp_##name(tp_tensor *x) { return tp__run1(&op_##name, &x, 1, NULL, TP__CALLER); }
#define PUBLIC2(name) tp_tensor *tp_##name(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_##name, (tp_tensor *[]){ a, b }, 2, NULL, TP__CALLER); }
PUBLIC1(view_as_real)
PUBLIC1(view_as_complex)
PUBLIC1(real)
PUBLIC1(imag)
PUBLIC1(conj)
PUBLIC1(conj_physical)
PUBLIC1(conj_physical_)
PUBLIC1(resolve_conj)
PUBLIC2(complex)
PUBLIC2(polar)

const tp_op *const tp__ops_complex[] = {
    &op_view_as_real, &op_view_as_complex, &op_view_as_real_copy, &op_view_as_complex_copy, &op_real, &op_imag, &op_complex, &op_polar, &op_conj,
    &op_conj_elements, &op_conj_physical, &op_conj_physical_, &op_resolve_conj, &op_resolve_neg, &op_isreal, NULL,
};
