/* differences.c: the slope of what is known at points, torch.gradient. Made of other ops.
 *
 *   inside      of points h before and k after:  (-k / (h (h + k))) y_i-1 + ((k - h) / (h k)) y_i + (h / (k (h + k))) y_i+1
 *   at the ends one-sided, of two points (edge_order 1) or three (2)
 *
 * Points lie 1 apart, or as far as the spacing says: a number, one for each dim, or the coordinates along each dim. */
#include "ops/samples.h"
#include "ops/view.h"

typedef struct gradient_attr { const tp_arg *spacing; tp__ints dim; int64_t edge_order; } gradient_attr;

static bool is_number(const tp_arg *arg) { return arg->kind == TP_ARG_INT || arg->kind == TP_ARG_FLOAT || arg->kind == TP_ARG_BOOL; }
static double number_of(const tp_arg *arg)
{
    return arg->kind == TP_ARG_FLOAT ? arg->value.real : arg->kind == TP_ARG_INT ? (double)arg->value.integer : arg->value.boolean;
}

/* How many spacings there are; 0: one, or none, for all dims. -1: what is given is none, or a tensor is NULL. */
static int count_spacing(const tp_arg *spacing)
{
    if (!spacing || !spacing->kind || is_number(spacing)) return 0;
    if (!spacing->n) return -1;                        /* an empty list */
    if (spacing->kind == TP_ARG_INTS || spacing->kind == TP_ARG_FLOATS) return spacing->n;
    if (spacing->kind != TP_ARG_LIST && spacing->kind != TP_ARG_TENSORS) return -1;
    for (int i = 0; i < spacing->n; i++) {
        const tp_arg *item = spacing->kind == TP_ARG_LIST ? &spacing->value.list[i] : NULL;
        if (item ? !is_number(item) && (item->kind != TP_ARG_TENSOR || !item->value.tensor) : !spacing->value.tensors[i]) return -1;
    }
    return spacing->n;
}
/* Number i of them: coordinates, or NULL and how far points are apart */
static tp_tensor *spacing_at(const tp_arg *spacing, int i, double *apart)
{
    const tp_arg *item = spacing && spacing->kind == TP_ARG_LIST ? &spacing->value.list[i] : spacing;
    *apart = 1;
    if (!spacing || !spacing->kind) return NULL;
    if (spacing->kind == TP_ARG_TENSORS) return spacing->value.tensors[i];
    if (item->kind == TP_ARG_TENSOR) return item->value.tensor;
    *apart = spacing->kind == TP_ARG_INTS ? (double)spacing->value.ints[i] : spacing->kind == TP_ARG_FLOATS ? spacing->value.floats[i] : number_of(item);
    return NULL;
}

static tp_tensor *at(tp_tensor *y, int dim, int64_t start, int64_t n) { return tp_narrow(y, dim, start, n); }

/* Points `apart` from each other */
static tp_tensor *even_slope(tp_tensor *y, int dim, double apart, bool wide)
{
    const int64_t n = y->shape[dim];
    tp_tensor *first, *last, *inside = tp_div(tp_sub(at(y, dim, 2, n - 2), at(y, dim, 0, n - 2)), 2 * apart);
    if (wide) {
        first = tp_sub(tp_sub(tp_mul(at(y, dim, 1, 1), 2), tp_mul(at(y, dim, 0, 1), 1.5)), tp_mul(at(y, dim, 2, 1), 0.5));
        last = tp_add(tp_sub(tp_mul(at(y, dim, n - 3, 1), 0.5), tp_mul(at(y, dim, n - 2, 1), 2)), tp_mul(at(y, dim, n - 1, 1), 1.5));
    } else {
        first = tp_sub(at(y, dim, 1, 1), at(y, dim, 0, 1));
        last = tp_sub(at(y, dim, n - 1, 1), at(y, dim, n - 2, 1));
    }
    first = tp_div(first, apart);
    last = tp_div(last, apart);
    return first && inside && last ? tp_cat(TP_TENSORS(first, inside, last), dim) : NULL;
}

static tp_tensor *three(tp_tensor *y, int dim, int64_t start, int64_t n, tp_tensor *a, tp_tensor *b, tp_tensor *c)
{
    return tp_add(tp_add(tp_mul(at(y, dim, start, n), a), tp_mul(at(y, dim, start + 1, n), b)), tp_mul(at(y, dim, start + 2, n), c));
}
/* h [.., n - 1, ..]: how far the points are apart, along dim */
static tp_tensor *uneven_slope(tp_tensor *y, int dim, tp_tensor *h, bool wide)
{
    const int64_t n = y->shape[dim];
    tp_tensor *before = at(h, dim, 0, n - 2), *after = at(h, dim, 1, n - 2), *both = tp_add(before, after);
    tp_tensor *inside = three(y, dim, 0, n - 2, tp_neg(tp_div(after, tp_mul(before, both))), tp_div(tp_sub(after, before), tp_mul(before, after)),
                              tp_div(before, tp_mul(after, both)));
    tp_tensor *first, *last;
    if (wide) {
        tp_tensor *a = at(h, dim, 0, 1), *b = at(h, dim, 1, 1), *sum = tp_add(a, b);
        first = three(y, dim, 0, 1, tp_neg(tp_div(tp_add(tp_mul(a, 2), b), tp_mul(a, sum))), tp_div(sum, tp_mul(a, b)),
                      tp_neg(tp_div(a, tp_mul(b, sum))));
        a = at(h, dim, n - 3, 1);
        b = at(h, dim, n - 2, 1);
        sum = tp_add(a, b);
        last = three(y, dim, n - 3, 1, tp_div(b, tp_mul(a, sum)), tp_neg(tp_div(sum, tp_mul(a, b))), tp_div(tp_add(tp_mul(b, 2), a), tp_mul(b, sum)));
    } else {
        first = tp_div(tp_sub(at(y, dim, 1, 1), at(y, dim, 0, 1)), at(h, dim, 0, 1));
        last = tp_div(tp_sub(at(y, dim, n - 1, 1), at(y, dim, n - 2, 1)), at(h, dim, n - 2, 1));
    }
    return first && inside && last ? tp_cat(TP_TENSORS(first, inside, last), dim) : NULL;
}

static tp_tensor *slope(const tp__call *call, tp_tensor *y, int dim, tp_tensor *places, double apart, bool wide)
{
    if (!places) return even_slope(y, dim, apart, wide);
    if (places->ndim != 1 || places->numel != y->shape[dim])
        return tp__call_fail(call, TP_ERR_SHAPE, "coordinates %s do not fit dim %d of %s", tp__shape_text(places), dim, tp__shape_text(y)), NULL;
    tp_shape shape = { .ndim = y->ndim };
    for (int d = 0; d < y->ndim; d++) shape.dim[d] = d == dim ? -1 : 1;
    return uneven_slope(y, dim, tp_reshape(tp_diff(places), shape), wide);
}

static tp_status gradient_compose(tp__call *call)
{
    const gradient_attr *a = call->attr;
    tp_tensor *y = call->in[0];
    tp__ints dims = a->dim;
    uint64_t seen = 0;
    const int n_spacing = count_spacing(a->spacing);
    if (y->dtype == TP_U8 || y->dtype == TP_BOOL)
        return tp__call_fail(call, TP_ERR_DTYPE, "takes no %s", tp_dtype_name((tp_dtype)y->dtype));
    if (a->edge_order != 1 && a->edge_order != 2)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "edge_order is %lld, and has to be 1 or 2", (long long)a->edge_order);
    if (!dims.n)
        while (dims.n < y->ndim) dims.v[dims.n] = dims.n, dims.n++;
    if (n_spacing < 0 && tp_failed()) return tp__pending();
    if (n_spacing < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "the spacing is no number, no list of them and no list of coordinates");
    if (n_spacing && n_spacing != dims.n)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there are %d spacings for %lld dims", n_spacing, (long long)dims.n);
    for (int i = 0; i < dims.n; i++) {
        int dim;
        double apart;
        if (tp__take_dim(call, dims.v[i], y, &dim)) return tp__pending();
        if (seen >> dim & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", dim);
        seen |= (uint64_t)1 << dim;
        if (!y->ndim || y->shape[dim] < a->edge_order + 1)
            return tp__call_fail(call, TP_ERR_SHAPE, "dim %d of %s is shorter than edge_order + 1 = %lld", dim, tp__shape_text(y),
                                 (long long)a->edge_order + 1);
        tp_tensor *places = spacing_at(a->spacing, i, &apart);
        if (tp__made(tp__out_made(call, slope(call, y, dim, places, apart, a->edge_order == 2)))) return tp__pending();
    }
    return TP_OK;
}

#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void gradient_samples(tp_sample_set *set)
{
    const tp_dtype dtype = tp__is_complex(set->dtype) ? TP_F64 : set->dtype ? set->dtype : TP_F32;
    const tp_arg places[] = { TP__TENSOR_ARG(tp_cumsum(tp_add(tp_arange(0, 4, 1, .dtype = dtype), 1), 0)) };
    TP__GIVE(set, X(4));
    TP__GIVE(set, X(2, 4), TP__NAMED("spacing", .kind = TP_ARG_FLOAT, .value.real = 0.5), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = -1),
             TP__NAMED("edge_order", .kind = TP_ARG_INT, .value.integer = 2));
    TP__GIVE(set, X(4, 2), TP__NAMED("spacing", .kind = TP_ARG_LIST, .n = 1, .value.list = places),
             TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = 0));
    TP__GIVE(set, X(4), TP__NAMED("spacing", .kind = TP_ARG_LIST, .n = 1, .value.list = places),
             TP__NAMED("edge_order", .kind = TP_ARG_INT, .value.integer = 2));
}
static const tp_op op_gradient = { .schema = "gradient(Tensor input, *, any spacing=none, int[]? dim=none, int edge_order=1) -> Tensor[]",
    .compose = gradient_compose, .attr_size = sizeof(gradient_attr), .samples = gradient_samples, .state = TP__STATE };

tp_tensor *tp_gradient(tp_tensor *x, double spacing, int dim, int edge_order)
{
    const tp_arg apart = TP__FLOAT_ARG(spacing);
    return tp__run1(&op_gradient, &x, 1, &(gradient_attr){ &apart, { 1, { dim } }, edge_order }, TP__CALLER);
}

const tp_op *const tp__ops_differences[] = { &op_gradient, NULL };
