/* forms.c: further functions of PyTorch that are a few ops each.
 *
 *   item, equal, allclose     a number or a truth, as a tensor without dims
 *   diagflat                  all elements on a diagonal
 *   combinations              the r-fold combinations of a vector's elements, as rows
 *   unravel_index             places among all elements as one index for each dim
 *   nonzero_static            the first `size` rows of nonzero, and fill_value where there are fewer
 *   broadcast_shapes          the shape that shapes broadcast to, as a vector
 *   fft_fftshift, fft_ifftshift      the first half of each dim behind the second, and back
 *   upsample_nearest, upsample_bilinear      interpolate in these modes, corners aligned in the second */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- Numbers ------------------------------------------------------------------------------------------------------------------------ */

static tp_status truth(tp__call *call, bool value)
{
    return tp_failed() ? tp__pending() : tp__give_out(call, tp_full(TP__SCALAR_SHAPE, value, .dtype = TP_BOOL));
}
static tp_status equal_compose(tp__call *call) { return truth(call, tp_equal(call->in[0], call->in[1])); }
typedef struct close_attr { double rtol, atol; bool equal_nan; } close_attr;
static tp_status allclose_compose(tp__call *call)
{
    const close_attr *attr = call->attr;
    return tp__give_out(call, tp_all(tp_isclose(call->in[0], call->in[1], .rtol = attr->rtol, .atol = attr->atol, .equal_nan = attr->equal_nan)));
}
static tp_status item_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (x->numel != 1) return tp__call_fail(call, TP_ERR_SHAPE, "%s has %lld elements, and not one", tp__shape_text(x), (long long)x->numel);
    return tp__give_out(call, tp_clone(tp_reshape(tp_detach(x), TP__SCALAR_SHAPE)));
}

/* ---- Places --------------------------------------------------------------------------------------------------------------------------- */

static tp_status diagflat_compose(tp__call *call)
{
    return tp__give_out(call, tp_diag_embed(tp_reshape(call->in[0], TP_SHAPE(-1)), .offset = *(const int64_t *)call->attr));
}

typedef struct combination_attr { int64_t r; bool with_replacement; } combination_attr;
static tp_status combinations_compose(tp__call *call)
{
    const combination_attr *attr = call->attr;
    tp_tensor *x = call->in[0], *rows = NULL;
    if (x->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "takes a vector, not %s", tp__shape_text(x));
    if (attr->r < 0 || attr->r > TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "r is %lld, and must be from 0 to %d", (long long)attr->r, TP_MAX_DIMS);
    if (!attr->r) return tp__give_out(call, tp_narrow(x, 0, 0, 0));
    const int r = (int)attr->r;
    tp_shape shape = { .ndim = r };
    for (int d = 0; d < r; d++) shape.dim[d] = 1;
    tp_tensor *place = tp_arange(0, (double)x->numel, 1, .dtype = TP_I64, .device = x->device), *last = NULL;
    tp_tensor *good = tp_ones(shape, .dtype = TP_BOOL, .device = x->device);
    for (int d = 0; d < r; d++) {                      /* each place after the one before it */
        shape.dim[d] = x->numel;
        tp_tensor *at = tp_reshape(place, shape);
        shape.dim[d] = 1;
        if (d) good = tp_logical_and(good, attr->with_replacement ? tp_le(last, at) : tp_lt(last, at));
        else good = tp_logical_and(good, tp_ge(at, 0));
        last = at;
    }
    rows = tp_nonzero(good);
    if (!rows) return tp__pending();
    tp_tensor *picked = tp_index_select(x, 0, tp_reshape(rows, TP_SHAPE(-1)));
    return tp__give_out(call, tp_reshape(picked, TP_SHAPE(rows->shape[0], r)));
}

static tp_status unravel_compose(tp__call *call)
{
    const tp__ints *size = call->attr;
    tp_tensor *rest = call->in[0], *out[TP_MAX_DIMS];
    if (tp__is_floating(rest->dtype) || rest->dtype == TP_BOOL)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes integers, not %s", tp_dtype_name((tp_dtype)rest->dtype));
    rest = tp_to_dtype(rest, TP_I64);                  /* which the sizes are, too */
    if (!rest) return tp__pending();
    for (int d = (int)size->n - 1; d >= 0; d--) {
        if (size->v[d] < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no shape", tp__dims_text((int)size->n, size->v));
        if (!size->v[d] && rest->numel)
            return tp__call_fail(call, TP_ERR_SHAPE, "%s has no elements, %s of which are asked for",
                                 tp__dims_text((int)size->n, size->v), tp__shape_text(call->in[0]));
        out[d] = size->v[d] ? tp_remainder(rest, size->v[d]) : tp_clone(rest);
        rest = size->v[d] ? tp_floor_divide(rest, size->v[d]) : rest;
        if (!rest) return tp__pending();
    }
    for (int d = 0; d < size->n; d++)
        if (tp__give_out(call, out[d])) return tp__pending();
    return TP_OK;
}

typedef struct static_attr { int64_t size, fill_value; } static_attr;
static tp_status nonzero_static_compose(tp__call *call)
{
    const static_attr *attr = call->attr;
    if (attr->size < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "size is %lld, and must be at least 0", (long long)attr->size);
    tp_tensor *rows = tp_nonzero(call->in[0]);
    if (!rows) return tp__pending();
    const int64_t n = rows->shape[0];
    if (n >= attr->size) return tp__give_out(call, tp_contiguous(tp_narrow(rows, 0, 0, attr->size)));
    tp_tensor *rest = tp_full(TP_SHAPE(attr->size - n, rows->shape[1]), attr->fill_value, .dtype = TP_I64, .device = rows->device);
    return tp__give_out(call, tp_cat(TP_TENSORS(rows, rest), 0));
}

static tp_status shapes_compose(tp__call *call)
{
    const tp_arg *list = *(const tp_arg *const *)call->attr;
    tp_shape shape = { .ndim = 0 };
    if (list->kind != TP_ARG_LIST && list->kind != TP_ARG_INTS) return tp__call_fail(call, TP_ERR_ARGUMENT, "takes a list of shapes");
    const int n = list->kind == TP_ARG_LIST ? list->n : 1;
    for (int i = 0; i < n; i++) {
        const tp_arg *one = list->kind == TP_ARG_LIST ? &list->value.list[i] : list;
        const bool number = one->kind == TP_ARG_INT;
        const int ndim = number ? 1 : one->n;
        if ((!number && one->kind != TP_ARG_INTS) || ndim > TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_ARGUMENT, "item %d is no shape", i);
        for (; shape.ndim < ndim; shape.ndim++) {
            memmove(shape.dim + 1, shape.dim, sizeof *shape.dim * (size_t)shape.ndim);
            shape.dim[0] = 1;
        }
        for (int d = 0; d < ndim; d++) {
            const int64_t side = number ? one->value.integer : one->value.ints[d];
            int64_t *all = &shape.dim[shape.ndim - ndim + d];
            if (side < 0) return tp__call_fail(call, TP_ERR_SHAPE, "item %d has a side of %lld", i, (long long)side);
            if (side != 1 && *all != 1 && side != *all)
                return tp__call_fail(call, TP_ERR_SHAPE, "%lld and %lld do not broadcast", (long long)*all, (long long)side);
            if (*all == 1) *all = side;
        }
    }
    tp_tensor *y = tp_empty(TP_SHAPE(shape.ndim), .dtype = TP_I64);
    for (int d = 0; y && d < shape.ndim; d++)
        if (!tp_fill_(tp_select(y, 0, d), shape.dim[d])) return tp__pending();
    return tp__give_out(call, y);
}

static tp_status shift(tp__call *call, int64_t more)
{
    tp__ints dims = *(const tp__ints *)call->attr;
    const tp_tensor *x = call->in[0];
    tp_shape by = { .ndim = 0 };
    tp_dims along = { .n = 0 };
    if (!dims.n)
        while (dims.n < x->ndim) dims.v[dims.n] = dims.n, dims.n++;
    for (int i = 0; i < dims.n; i++) {
        int dim;
        if (tp__take_dim(call, dims.v[i], x, &dim)) return tp__pending();
        by.dim[by.ndim++] = x->ndim ? (x->shape[dim] + more) / 2 : 0;
        along.dim[along.n++] = dim;
    }
    if (!x->ndim) return tp__give_out(call, tp_clone(call->in[0]));
    return tp__give_out(call, tp_roll(call->in[0], by, along));
}
static tp_status shift_compose(tp__call *call) { return shift(call, 0); }
static tp_status shift_back_compose(tp__call *call) { return shift(call, 1); }
static tp_status alias_copy_compose(tp__call *call) { return tp__give_out(call, tp_clone(call->in[0])); }

/* ---- Images --------------------------------------------------------------------------------------------------------------------------- */

typedef struct upsample_attr { const tp_arg *size, *scale_factor; } upsample_attr;
static tp_status upsample(tp__call *call, const char *mode, bool align_corners)
{
    const upsample_attr *attr = call->attr;
    tp_arg args[5] = { TP__TENSOR_ARG(call->in[0]), TP__NAMED("mode", .kind = TP_ARG_STRING, .value.string = mode) };
    int n = 2;
    if (align_corners) args[n++] = (tp_arg)TP__NAMED("align_corners", .kind = TP_ARG_BOOL, .value.boolean = true);
    if (attr->size && attr->size->kind) args[n] = *attr->size, args[n++].name = "size";
    if (attr->scale_factor && attr->scale_factor->kind) args[n] = *attr->scale_factor, args[n++].name = "scale_factor";
    tp_tensor *y = NULL;
    return tp_op_call("interpolate", args, n, &y, 1, NULL) ? tp__pending() : tp__give_out(call, y);
}
static tp_status nearest_compose(tp__call *call) { return upsample(call, "nearest", false); }
static tp_status bilinear_compose(tp__call *call) { return upsample(call, "bilinear", true); }

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------- */

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void two_samples(tp_sample_set *set) { TP__GIVE(set, X(2, 3), X(2, 3)); }
static void item_samples(tp_sample_set *set) { TP__GIVE(set, X(1, 1)); }
static void diagflat_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 2));
    TP__GIVE(set, X(3), TP__INT_ARG(-1));
}
static void combinations_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(4));
    TP__GIVE(set, X(3), TP__INT_ARG(3), TP__BOOL_ARG(true));
}
static void unravel_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(5), 12)), TP__INTS_ARG(2, 3, 4)); }
static void static_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), TP__NAMED("size", .kind = TP_ARG_INT, .value.integer = 3));
    TP__GIVE(set, X(2, 3), TP__NAMED("size", .kind = TP_ARG_INT, .value.integer = 8));
}
static void shapes_samples(tp_sample_set *set)
{
    const tp_arg shapes[] = { TP__INTS_ARG(2, 3, 1), TP__INTS_ARG(3, 2, 1, 4) };
    TP__GIVE(set, { .kind = TP_ARG_LIST, .n = 2, .value.list = shapes });
}
static void shift_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(3, 4));
    TP__GIVE(set, X(3, 5), TP__INTS_ARG(1, -1));
}
static void copy_samples(tp_sample_set *set) { TP__GIVE(set, X(3, 4)); }
static void upsample_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(1, 2, 3, 2), TP__INTS_ARG(2, 4, 5));
    TP__GIVE(set, X(1, 2, 3, 2), TP__NAMED("scale_factor", .kind = TP_ARG_FLOAT, .value.real = 2));
}

#define COMPOSED(text, more, how, bytes, give) { .schema = text, .flags = more, .compose = how, .attr_size = bytes, .samples = give, .state = TP__STATE }
enum { PLAIN = TP__NO_GRAD_OP };
static const tp_op op_item = COMPOSED("item(Tensor input) -> Tensor", PLAIN, item_compose, 0, item_samples);
static const tp_op op_equal = COMPOSED("equal(Tensor input, Tensor other) -> Tensor", PLAIN, equal_compose, 0, two_samples);
static const tp_op op_allclose = COMPOSED("allclose(Tensor input, Tensor other, float rtol=1e-05, float atol=1e-08, "
                                          "bool equal_nan=false) -> Tensor", PLAIN, allclose_compose,
                                          sizeof(close_attr), two_samples);
static const tp_op op_diagflat = COMPOSED("diagflat(Tensor input, int offset=0) -> Tensor", 0, diagflat_compose, sizeof(int64_t), diagflat_samples);
static const tp_op op_combinations = COMPOSED("combinations(Tensor input, int r=2, bool with_replacement=false) -> Tensor", 0, combinations_compose,
    sizeof(combination_attr), combinations_samples);
static const tp_op op_unravel_index = COMPOSED("unravel_index(Tensor indices, int[] shape) -> Tensor[]", PLAIN, unravel_compose, sizeof(tp__ints),
                                               unravel_samples);
static const tp_op op_nonzero_static = COMPOSED("nonzero_static(Tensor input, *, int size, int fill_value=-1) -> Tensor", PLAIN, nonzero_static_compose,
    sizeof(static_attr), static_samples);
static const tp_op op_shapes = COMPOSED("broadcast_shapes(any shapes) -> Tensor", PLAIN, shapes_compose, sizeof(const tp_arg *), shapes_samples);
static const tp_op op_shift = COMPOSED("fft_fftshift(Tensor input, int[]? dim=none) -> Tensor", 0, shift_compose, sizeof(tp__ints), shift_samples);
static const tp_op op_shift_back = COMPOSED("fft_ifftshift(Tensor input, int[]? dim=none) -> Tensor", 0, shift_back_compose, sizeof(tp__ints),
                                            shift_samples);
static const tp_op op_detach_copy = COMPOSED("detach_copy(Tensor input) -> Tensor", 0, alias_copy_compose, 0, copy_samples);
static const tp_op op_alias_copy = COMPOSED("alias_copy(Tensor input) -> Tensor", 0, alias_copy_compose, 0, copy_samples);
static const tp_op op_nearest = COMPOSED("upsample_nearest(Tensor input, any size=none, any scale_factor=none) -> Tensor", 0, nearest_compose,
                                         sizeof(upsample_attr), upsample_samples);
static const tp_op op_bilinear = COMPOSED("upsample_bilinear(Tensor input, any size=none, any scale_factor=none) -> Tensor", 0, bilinear_compose,
                                          sizeof(upsample_attr), upsample_samples);

tp_tensor *tp_combinations(tp_tensor *x, int r, bool with_replacement)
{
    return tp__run1(&op_combinations, &x, 1, &(combination_attr){ r, with_replacement }, TP__CALLER);
}
static tp_tensor *shifted(const tp_op *op, const char *name, tp_tensor *x, tp_dims dims, const void *caller)
{
    tp__ints ints;
    return x && tp__take_dims(name, &dims, &ints) ? tp__run1(op, &x, 1, &ints, caller) : NULL;
}
tp_tensor *tp_fft_fftshift(tp_tensor *x, tp_dims dims) { return shifted(&op_shift, "fft_fftshift", x, dims, TP__CALLER); }
tp_tensor *tp_fft_ifftshift(tp_tensor *x, tp_dims dims) { return shifted(&op_shift_back, "fft_ifftshift", x, dims, TP__CALLER); }
tp_tensor *tp_diagflat(tp_tensor *x, int64_t offset) { return tp__run1(&op_diagflat, &x, 1, &offset, TP__CALLER); }
tp_tensor *tp_nonzero_static(tp_tensor *x, int64_t size, int64_t fill_value)
{
    return tp__run1(&op_nonzero_static, &x, 1, &(static_attr){ size, fill_value }, TP__CALLER);
}
tp_status tp_unravel_index(tp_tensor *indices, tp_shape shape, tp_tensor **out, int max, int *n)
{
    const tp__ints sizes = tp__ints_of(shape.dim, shape.ndim);
    return tp__give_several(&op_unravel_index, &(tp_tensor_list){ .at = &indices, .n = 1 }, &sizes, out, max, n, TP__CALLER);
}

const tp_op *const tp__ops_forms[] = {
    &op_item, &op_equal, &op_allclose, &op_diagflat, &op_combinations, &op_unravel_index, &op_nonzero_static, &op_shapes, &op_shift,
    &op_shift_back, &op_alias_copy, &op_detach_copy, &op_nearest, &op_bilinear, NULL,
};
