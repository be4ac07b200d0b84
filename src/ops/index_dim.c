/* index_dim.c: slices of one dim by an index, and elements by their positions. All composed of the maps of index_rows.c.
 *
 *   index_select   slices of x                        take   elements of x, flattened
 *   index_add      x + alpha source at the slices     put    x with elements set, or added to
 *   index_copy     x with the slices of source
 *   index_fill     x with one value in the slices */
#include "ops/index_rows.h"
#include "ops/samples.h"
#include "ops/view.h"

/* A 0-dim tensor counts as one of size 1, and a 0-dim index as one of one index. */
typedef struct slices { tp_tensor *x, *index; tp__row_lookup how; } slices;

static bool prepare(tp__call *call, int64_t dim, bool wrap, slices *s)
{
    tp_tensor *x = call->in[0], *index = call->in[2];
    int d;
    if (tp__take_dim(call, dim, x, &d)) return false;
    if (index->ndim > 1) return tp__call_fail(call, TP_ERR_SHAPE, "the index %s has more than one dim", tp__shape_text(index)), false;
    if (index->dtype != TP_I64 && index->dtype != TP_I32)
        return tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)index->dtype)), false;
    s->x = x->ndim ? x : tp_reshape(x, TP_SHAPE(1));
    s->index = index->ndim ? index : tp_reshape(index, TP_SHAPE(1));
    s->how = (tp__row_lookup){ d, 1, wrap, false };
    return s->x && s->index;
}

typedef struct dim_attr { int64_t dim; } dim_attr;

static tp_status select_compose(tp__call *call)
{
    slices s;
    const tp_tensor *x = call->in[0];
    if (!prepare(call, ((const dim_attr *)call->attr)->dim, false, &s)) return tp__pending();
    if (!x->ndim && s.index->numel != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has one element, and the index is for %lld", (long long)s.index->numel);
    tp_tensor *y = tp__rows_take(s.x, s.index, s.how);
    return tp__made(tp__out_made(call, y && !x->ndim ? tp_reshape(y, (tp_shape){ .ndim = 0 }) : y));
}

/* The source's slices, one for each index. */
static tp_tensor *source_of(const tp__call *call, const slices *s, tp_tensor *source)
{
    const tp_tensor *x = call->in[0];
    bool fits = (source->ndim ? source->ndim : 1) == s->x->ndim;
    if (source->dtype != x->dtype) {
        tp__call_fail(call, TP_ERR_DTYPE, "the source is %s, and not %s", tp_dtype_name((tp_dtype)source->dtype), tp_dtype_name((tp_dtype)x->dtype));
        return NULL;
    }
    if (!source->ndim && fits) fits = s->index->numel == 1;
    for (int d = 0; d < source->ndim && fits; d++) fits = source->shape[d] == (d == s->how.dim ? s->index->numel : s->x->shape[d]);
    if (!fits) {
        tp__call_fail(call, TP_ERR_SHAPE, "the source %s does not fit %s and an index of %lld along dim %lld", tp__shape_text(source), tp__shape_text(x),
                      (long long)s->index->numel, (long long)s->how.dim);
        return NULL;
    }
    return source->ndim ? source : tp_reshape(source, TP_SHAPE(1));
}

static tp_status write(tp__call *call, int what, const slices *s, tp_tensor *source)
{
    tp_tensor *x = call->in[0];
    const bool in_place = call->op->flags & TP__INPLACE;
    tp_tensor *y = source ? tp__rows_write(what, in_place, s->x, s->index, source, s->how) : NULL;
    if (!y) return tp__pending();
    if (in_place) y = x;
    else if (!x->ndim) y = tp_reshape(y, (tp_shape){ .ndim = 0 });
    return tp__made(tp__out_made(call, y));
}

typedef struct add_attr { int64_t dim; tp_operand alpha; } add_attr;

static tp_status add_compose(tp__call *call)
{
    const add_attr *a = call->attr;
    slices s;
    if (!prepare(call, a->dim, false, &s)) return tp__pending();
    if (!call->in[0]->ndim != !call->in[3]->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE, "the source %s has other dims than %s", tp__shape_text(call->in[3]), tp__shape_text(call->in[0]));
    tp_tensor *source = source_of(call, &s, call->in[3]);
    const bool one = a->alpha.kind == TP_OPERAND_REAL ? a->alpha.as.real == 1 : a->alpha.as.integer == 1;
    if (source && a->alpha.kind == TP_OPERAND_REAL && !tp__is_floating(source->dtype) && !tp__is_complex(source->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "alpha is %g, and the source is %s", a->alpha.as.real, tp_dtype_name((tp_dtype)source->dtype));
    if (source && source->dtype == TP_BOOL && a->alpha.kind != TP_OPERAND_BOOL && !one)
        return tp__call_fail(call, TP_ERR_DTYPE, "alpha is a number, and the source is bool");
    /* 16-bit slices are added one after the other, as in PyTorch, but along the first and the last of several dims, where it sums in float32. */
    s.how.stepwise = call->in[0]->ndim < 2 || (s.how.dim && s.how.dim < call->in[0]->ndim - 1);
    return write(call, TP__ROWS_ADD, &s, source && !one ? tp_mul_with(tp__from_tensor(source), a->alpha) : source);
}

static tp_status copy_compose(tp__call *call)
{
    slices s;
    if (!prepare(call, ((const dim_attr *)call->attr)->dim, false, &s)) return tp__pending();
    return write(call, TP__ROWS_PUT, &s, source_of(call, &s, call->in[3]));
}

static tp_status fill_compose(tp__call *call)
{
    slices s;
    tp_tensor *value = call->in[3];
    if (!prepare(call, ((const dim_attr *)call->attr)->dim, true, &s)) return tp__pending();
    if (value->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "the value %s is no number", tp__shape_text(value));
    if (value->device != s.x->device) value = tp_to(value, s.x->device);
    return write(call, TP__ROWS_FILL, &s, tp_to_dtype(value, (tp_dtype)s.x->dtype));
}

/* ---- Positions ----------------------------------------------------------------------------------------------------------------------- */

static bool is_position(const tp__call *call, const tp_tensor *index)
{
    if (index->dtype == TP_I64 || index->dtype == TP_I32) return true;
    tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)index->dtype));
    return false;
}

static tp_status take_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *index = call->in[1];
    if (!is_position(call, index)) return tp__pending();
    return tp__made(tp__out_made(call, tp__rows_take(x, index, (tp__row_lookup){ 0, x->ndim, true, true })));
}

typedef struct put_attr { bool accumulate; } put_attr;

static tp_status put_compose(tp__call *call)
{
    const bool in_place = call->op->flags & TP__INPLACE;
    tp_tensor *x = call->in[0], *index = call->in[1], *source = call->in[2];
    if (!is_position(call, index)) return tp__pending();
    if (source->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "the source is %s, and not %s", tp_dtype_name((tp_dtype)source->dtype), tp_dtype_name((tp_dtype)x->dtype));
    if (source->numel != index->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "the source %s and the index %s have not as many elements", tp__shape_text(source), tp__shape_text(index));
    source = tp_reshape(source, tp__shape(index->ndim, index->shape));
    const int what = ((const put_attr *)call->attr)->accumulate ? TP__ROWS_ADD : TP__ROWS_PUT;
    return tp__made(tp__out_made(call, tp__rows_write(what, in_place, x, index, source, (tp__row_lookup){ 0, x->ndim, true, true })));
}

/* ---- Samples ---------------------------------------------------------------------------------------------------------------------------- */

#define X(shape)       TP__TENSOR_ARG(tp__sample_tensor(set, shape, -2, 2))
#define POSITIONS(...) TP__TENSOR_ARG(tp_from_data((const int64_t[]){ __VA_ARGS__ }, TP_I64, TP_SHAPE(TP__COUNT(int64_t, __VA_ARGS__))))

static void select_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(-1), POSITIONS(2, 0, 2));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), POSITIONS(0));
    TP__GIVE(set, X(TP_SHAPE(3, 0)), TP__INT_ARG(0), TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 3)));
}

static void add_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(1), POSITIONS(2, 0, 2), X(TP_SHAPE(3, 3)));
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(0), POSITIONS(1), X(TP_SHAPE(1, 4)), TP__NAMED("alpha", .kind = TP_ARG_FLOAT, .value.real = -1.5));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), POSITIONS(0), X(TP__SCALAR_SHAPE));
}

static void copy_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(1), POSITIONS(2, 0), X(TP_SHAPE(3, 2)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), POSITIONS(0), X(TP__SCALAR_SHAPE));
}

static void fill_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(1), POSITIONS(2, -4), TP__FLOAT_ARG(0.5));
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(0), POSITIONS(0, 0), X(TP__SCALAR_SHAPE));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), POSITIONS(0), TP__INT_ARG(3));
}

static void take_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), POSITIONS(2, -1, 2, 5));
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 2, 2), 12)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 1)));
    TP__GIVE(set, X(TP_SHAPE(0)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 1)));
}

static void put_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), POSITIONS(2, -1, 2, 5), X(TP_SHAPE(2, 2)), TP__BOOL_ARG(true));
    TP__GIVE(set, X(TP_SHAPE(3, 4)), POSITIONS(2, -1, 5), X(TP_SHAPE(3)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(1), 1)), X(TP__SCALAR_SHAPE));
}

/* ---- Descriptors, public ------------------------------------------------------------------------------------------------------------------ */

#define OP(text, more, function, attr, give) { .schema = text " -> Tensor", .flags = more, .compose = function, \
    .attr_size = attr, .samples = give, .state = TP__STATE }
#define ALONG ", int dim, Tensor index"
static const tp_op op_select = OP("index_select(Tensor input" ALONG ")", 0, select_compose, sizeof(dim_attr), select_samples);
static const tp_op op_add = OP("index_add(Tensor input" ALONG ", Tensor source, *, number alpha=1)", 0, add_compose, sizeof(add_attr), add_samples);
static const tp_op op_add_ = OP("index_add_(Tensor! input" ALONG ", Tensor source, *, number alpha=1)", TP__INPLACE,
                                add_compose, sizeof(add_attr), add_samples);
static const tp_op op_copy = OP("index_copy(Tensor input" ALONG ", Tensor source)", 0, copy_compose, sizeof(dim_attr), copy_samples);
static const tp_op op_copy_ = OP("index_copy_(Tensor! input" ALONG ", Tensor source)", TP__INPLACE, copy_compose, sizeof(dim_attr), copy_samples);
static const tp_op op_fill = OP("index_fill(Tensor input" ALONG ", Tensor|number value)", 0, fill_compose, sizeof(dim_attr), fill_samples);
static const tp_op op_fill_ = OP("index_fill_(Tensor! input" ALONG ", Tensor|number value)", TP__INPLACE, fill_compose, sizeof(dim_attr), fill_samples);
static const tp_op op_take = OP("take(Tensor input, Tensor index)", 0, take_compose, 0, take_samples);
static const tp_op op_put = OP("put(Tensor input, Tensor index, Tensor source, bool accumulate=false)", 0, put_compose, sizeof(put_attr), put_samples);
static const tp_op op_put_ = OP("put_(Tensor! input, Tensor index, Tensor source, bool accumulate=false)", TP__INPLACE,
                                put_compose, sizeof(put_attr), put_samples);

tp_tensor *tp_index_select(tp_tensor *x, int dim, tp_tensor *index)
{
    return tp__run1(&op_select, (tp_tensor *[]){ x, NULL, index }, 3, &(dim_attr){ dim }, TP__CALLER);
}

static tp_tensor *add(const tp_op *op, const char *name, tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options *options,
                      const void *caller)
{
    tp_index_add_options o = TP__BRACES(index_add, );
    if (tp_options_take(name, &o, options, offsetof(tp_index_add_options, tp__end))) return NULL;
    const bool whole = o.alpha >= -0x1p62 && o.alpha <= 0x1p62 && o.alpha == (double)(int64_t)o.alpha;
    const add_attr a = { dim, whole ? tp__from_integer((int64_t)o.alpha) : tp__from_real(o.alpha) };
    return tp__run1(op, (tp_tensor *[]){ x, NULL, index, source }, 4, &a, caller);
}

tp_tensor *tp_index_add_with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options *o)
{
    return add(&op_add, "index_add", x, dim, index, source, o, TP__CALLER);
}
tp_tensor *tp_index_add__with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, const tp_index_add_options *o)
{
    return add(&op_add_, "index_add_", x, dim, index, source, o, TP__CALLER);
}

tp_tensor *tp_index_copy(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
{
    return tp__run1(&op_copy, (tp_tensor *[]){ x, NULL, index, source }, 4, &(dim_attr){ dim }, TP__CALLER);
}
tp_tensor *tp_index_copy_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
{
    return tp__run1(&op_copy_, (tp_tensor *[]){ x, NULL, index, source }, 4, &(dim_attr){ dim }, TP__CALLER);
}

tp_tensor *tp_index_fill_with(tp_tensor *x, int dim, tp_tensor *index, tp_operand value)
{
    return tp__run1(&op_fill, (tp_tensor *[]){ x, NULL, index, tp__operand(value) }, 4, &(dim_attr){ dim }, TP__CALLER);
}
tp_tensor *tp_index_fill__with(tp_tensor *x, int dim, tp_tensor *index, tp_operand value)
{
    return tp__run1(&op_fill_, (tp_tensor *[]){ x, NULL, index, tp__operand(value) }, 4, &(dim_attr){ dim }, TP__CALLER);
}

tp_tensor *tp_take(tp_tensor *x, tp_tensor *index) { return tp__run1(&op_take, (tp_tensor *[]){ x, index }, 2, NULL, TP__CALLER); }

tp_tensor *tp_put(tp_tensor *x, tp_tensor *index, tp_tensor *source, bool accumulate)
{
    return tp__run1(&op_put, (tp_tensor *[]){ x, index, source }, 3, &(put_attr){ accumulate }, TP__CALLER);
}
tp_tensor *tp_put_(tp_tensor *x, tp_tensor *index, tp_tensor *source, bool accumulate)
{
    return tp__run1(&op_put_, (tp_tensor *[]){ x, index, source }, 3, &(put_attr){ accumulate }, TP__CALLER);
}

const tp_op *const tp__ops_index_dim[] = { &op_select, &op_add, &op_add_, &op_copy, &op_copy_, &op_fill, &op_fill_, &op_take, &op_put, &op_put_, NULL };
