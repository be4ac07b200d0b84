/* scatter_reduce.c: reducing x with src along a dim, at the places of an index. With G the map that gathers along dim by it, and
 * A that of scatter_add, n = A(1 or 0, 1) the number of values that met (x's own if include_self):
 *
 *   sum          dx = dy                                       dsrc = G dy
 *   mean         dx = dy / n                                   dsrc = G dy / G n
 *   prod         dx = dy y / x, of what is not 0               dsrc = G(dy y) / src, and where one src alone is 0 the product of the others
 *   amax, amin   dx = [x = y] dy / m, m how many are equal     dsrc = [src = G y] G(dy / m)
 *   and dx = 0 at the index's places unless include_self
 *
 *   index_reduce   the same with one index for all places along dim: composed */
#include "ops/index_rows.h"
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

#include <math.h>

/* stepwise: 16-bit floats are rounded after each value that is added, as PyTorch's index_reduce does it. */
typedef struct reduce_attr { int64_t dim; int32_t reduce; bool include_self, stepwise; } reduce_attr;

/* Kernels by name: what is written, index, values. They are not in the table, for nobody calls them. */
#define KERNEL(name) { .schema = #name "(Tensor input, int dim) -> Tensor", .state = TP__STATE }
static const tp_op scatter_set = KERNEL(scatter_set), scatter_add = KERNEL(scatter_add), scatter_mul = KERNEL(scatter_mul),
    scatter_max = KERNEL(scatter_max), scatter_min = KERNEL(scatter_min), scatter_mean = KERNEL(scatter_mean);

static tp_status reduce_shape(tp__call *call)
{
    reduce_attr *a = (reduce_attr *)(uintptr_t)call->attr;
    if (tp__scatter_check(call, call->in[0], call->in[2], call->in[3], &a->dim)) return tp__pending();
    return tp__made(tp__out_like(call, call->in[0], (tp_dtype)call->in[0]->dtype));
}

static tp_tensor *number(const tp_tensor *like, tp_operand value)
{
    const tp_tensor_options o = { .size = offsetof(tp_tensor_options, tp__end), .dtype = (tp_dtype)like->dtype, .device = like->device };
    return tp_full_with((tp_shape){ .ndim = 0 }, value, &o);
}

/* What changes no value that it is reduced with. */
static tp_tensor *neutral(const tp_tensor *x, int reduce)
{
    static const struct { int64_t least, most; } range[TP_DTYPE_END] = { [TP_I64] = { INT64_MIN, INT64_MAX }, [TP_I32] = { INT32_MIN, INT32_MAX },
        [TP_I16] = { INT16_MIN, INT16_MAX }, [TP_I8] = { INT8_MIN, INT8_MAX }, [TP_U8] = { 0, UINT8_MAX }, [TP_BOOL] = { 0, 1 } };
    if (reduce != TP_REDUCE_AMAX && reduce != TP_REDUCE_AMIN)
        return number(x, (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = reduce == TP_REDUCE_PROD });
    if (tp__is_floating(x->dtype)) return number(x, (tp_operand){ .kind = TP_OPERAND_REAL, .as.real = reduce == TP_REDUCE_AMAX ? -INFINITY : INFINITY });
    return number(x, (tp_operand){ .kind = TP_OPERAND_INTEGER, .as.integer = reduce == TP_REDUCE_AMAX ? range[x->dtype].least : range[x->dtype].most });
}

static tp_status divide_by_count(const tp__call *call, tp_tensor *y, tp_tensor *index, const reduce_attr *a)
{
    if (y->dtype == TP_BOOL) return TP_OK;             /* the mean of bools is their sum, as bool */
    tp_tensor *count = tp__tensor_new_strided(y->device, TP_I64, y->ndim, y->shape, y->stride), *one = tp_ones(((tp_shape){ .ndim = 0 }),
        .dtype = TP_I64, .device = y->device);
    one = tp_expand(one, tp__shape(index->ndim, index->shape));
    if (!count || !one || !tp_fill_(count, a->include_self)) return tp__pending();
    const tp_status status = tp__scatter_into(call, &scatter_add, count, index, one, a->dim);
    return status ? status : tp__scatter_into(call, &scatter_mean, y, index, count, a->dim);
}

static tp_status reduce_forward(tp__call *call)
{
    static const tp_op *const kernels[] = {
        [TP_REDUCE_SUM] = &scatter_add, [TP_REDUCE_PROD] = &scatter_mul, [TP_REDUCE_MEAN] = &scatter_add,
        [TP_REDUCE_AMAX] = &scatter_max, [TP_REDUCE_AMIN] = &scatter_min };
    const reduce_attr *a = call->attr;
    tp_tensor *out = call->out[0], *y = out, *index = call->in[2], *src = call->in[3];
    TP_NO_GRAD();
    if (!a->stepwise && (out->dtype == TP_F16 || out->dtype == TP_BF16)) {         /* many may meet in one place */
        y = tp__tensor_new_strided(out->device, TP_F32, out->ndim, out->shape, out->stride);
        src = tp_to_dtype(src, TP_F32);
    }
    if (!y || !src || !tp_copy_(y, call->in[0])) return tp__pending();
    if (!a->include_self) {
        tp_tensor *first = tp_expand(neutral(y, a->reduce), tp__shape(index->ndim, index->shape));
        const tp_status status = first ? tp__scatter_into(call, &scatter_set, y, index, first, a->dim) : tp__pending();
        if (status) return status;
    }
    tp_status status = tp__scatter_into(call, kernels[a->reduce], y, index, src, a->dim);
    if (!status && a->reduce == TP_REDUCE_MEAN) status = divide_by_count(call, y, index, a);
    return status || y == out ? status : tp__made(tp_copy_(out, y));
}

/* ---- The rule ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *is_equal(tp_tensor *a, tp_operand b, const tp_tensor *like) { return tp_to_dtype(tp_eq_with(tp__from_tensor(a), b), (tp_dtype)like->dtype); }
static tp_tensor *replaced(tp_tensor *x, tp_tensor *mask) { return tp_add(tp_mul(x, tp_sub(1, mask)), mask); }      /* 1 where mask is */

typedef struct sides { tp_tensor *x, *index, *src, *y, *dy; const reduce_attr *a; tp_tensor *dx, *dsrc; uint64_t need; } sides;

static void mean_rule(sides *s)
{
    tp_tensor *one = tp_ones(tp_shape_of(s->dy), .dtype = tp_dtype_of(s->dy), .device = tp_device_of(s->dy));
    tp_tensor *n = tp__scatter(TP__SCATTER_ADD, false, s->a->include_self ? one : tp_mul(one, 0), s->a->dim, s->index,
                               tp_ones(((tp_shape){ .ndim = 0 }), .dtype = tp_dtype_of(s->dy), .device = tp_device_of(s->dy)));
    n = tp_add(n, is_equal(n, tp__from_integer(0), s->dy));
    s->dx = tp_div(s->dy, n);
    if (s->need & 8) s->dsrc = tp__gather(s->dx, s->a->dim, s->index);
}

static void prod_rule(sides *s)
{
    const reduce_attr *a = s->a;
    if (s->need & 1) {
        tp_tensor *others = replaced(s->x, is_equal(s->x, tp__from_integer(0), s->x));
        s->dx = tp_div(tp_mul(s->dy, tp__scatter_reduce(others, a->dim, s->index, s->src, TP_REDUCE_PROD, a->include_self)), others);
    }
    if (!(s->need & 8)) return;
    tp_tensor *zero = is_equal(s->src, tp__from_integer(0), s->src);
    tp_tensor *none = tp_mul(is_equal(s->x, tp__from_tensor(s->x), s->x), 0);
    tp_tensor *zeros = tp__gather(tp__scatter(TP__SCATTER_ADD, false, none, a->dim, s->index, zero), a->dim, s->index);
    tp_tensor *alone = tp_mul(zero, is_equal(zeros, tp__from_integer(1), s->src));
    tp_tensor *others = tp__scatter_reduce(s->x, a->dim, s->index, replaced(s->src, alone), TP_REDUCE_PROD, a->include_self);
    tp_tensor *of_others = tp__gather(tp_mul(s->dy, others), a->dim, s->index);
    tp_tensor *of_all = tp_div(tp__gather(tp_mul(s->dy, s->y), a->dim, s->index), replaced(s->src, zero));
    s->dsrc = tp_add(tp_mul(alone, of_others), tp_mul(tp_sub(1, alone), of_all));
}

static void extreme_rule(sides *s)
{
    const reduce_attr *a = s->a;
    tp_tensor *is_it = is_equal(s->x, tp__from_tensor(s->y), s->x);
    tp_tensor *are_it = is_equal(s->src, tp__from_tensor(tp__gather(s->y, a->dim, s->index)), s->src);
    tp_tensor *part = tp_div(s->dy, tp__scatter(TP__SCATTER_ADD, false, is_it, a->dim, s->index, are_it));
    s->dx = tp_mul(is_it, part);
    if (s->need & 8) s->dsrc = tp_mul(are_it, tp__gather(part, a->dim, s->index));
}

/* The part of src that the index reaches, and back: zeros beyond. */
static tp_tensor *reached(tp_tensor *src, const tp_tensor *index)
{
    if (!src || src->ndim != index->ndim) return src && index->numel ? tp_reshape(src, tp__shape(index->ndim, index->shape)) : src;
    for (int d = 0; d < index->ndim && src; d++)
        if (src->shape[d] != index->shape[d]) src = tp_narrow(src, d, 0, index->shape[d]);
    return src;
}

static tp_status reduce_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    sides s = { tp__saved(node, 0), tp__saved(node, 1), tp__saved(node, 2), tp__saved(node, 3), dy[0], tp__attr(node), NULL, NULL, need };
    if (!s.x || !s.index || !s.src || !s.y) return tp__pending();
    if (s.a->reduce == TP_REDUCE_SUM) {
        s.dx = s.dy;
        if (need & 8) s.dsrc = tp__gather(s.dy, s.a->dim, s.index);
    }
    else if (s.a->reduce == TP_REDUCE_MEAN) mean_rule(&s);
    else if (s.a->reduce == TP_REDUCE_PROD) prod_rule(&s);
    else extreme_rule(&s);
    if (need & 1) {
        if (!s.a->include_self && s.dx)
            s.dx = tp__scatter(TP__SCATTER_SET, false, s.dx, s.a->dim, s.index, number(s.dx, (tp_operand){ .kind = TP_OPERAND_INTEGER }));
        if (!(dx[0] = s.dx)) return tp__pending();
    }
    return need & 8 ? tp__made(dx[3] = s.dsrc) : TP_OK;
}

/* ---- Composed -------------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_reduce;

/* The rule wants src like the index: a larger one is narrowed first, so that its gradient is widened again. */
static tp_status reduce_compose(tp__call *call)
{
    reduce_attr a = *(const reduce_attr *)call->attr;
    tp_tensor *src = call->in[3];
    const tp_tensor *index = call->in[2];
    if (tp__scatter_check(call, call->in[0], index, src, &a.dim)) return tp__pending();
    src = reached(src, index);
    return tp__made(tp__out_made(call, tp__run1(&op_reduce, (tp_tensor *[]){ call->in[0], NULL, call->in[2], src }, 4, &a, NULL)));
}

static tp_status index_reduce_compose(tp__call *call)
{
    reduce_attr a = *(const reduce_attr *)call->attr;
    tp_tensor *x = call->in[0], *index = call->in[2], *source = call->in[3];
    int dim;
    if (tp__take_dim(call, a.dim, x, &dim)) return tp__pending();
    if (index->ndim > 1) return tp__call_fail(call, TP_ERR_SHAPE, "the index %s has more than one dim", tp__shape_text(index));
    bool fits = source->ndim == x->ndim;
    for (int d = 0; d < x->ndim && fits; d++) fits = source->shape[d] == (d == dim ? index->numel : x->shape[d]);
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE, "the source %s does not fit %s and an index of %lld",
                             tp__shape_text(source), tp__shape_text(x), (long long)index->numel);
    tp_shape wide = { .ndim = source->ndim };
    for (int d = 0; d < source->ndim; d++) wide.dim[d] = d == dim ? index->numel : 1;
    index = tp_expand(tp_reshape(index, wide), tp_shape_of(source));
    if (!index) return tp__pending();
    a = (reduce_attr){ dim, a.reduce + 1, a.include_self, true };        /* the choices are those of scatter_reduce but sum */
    tp__call inner = *call;
    inner.in = (tp_tensor *[]){ x, NULL, index, source };
    inner.attr = &a;
    const tp_status status = reduce_compose(&inner);
    call->n_out = inner.n_out;
    return status;
}

/* ---- Samples, descriptors, public -------------------------------------------------------------------------------------------------------- */

#define X(shape)   TP__TENSOR_ARG(tp__sample_distinct(set, shape))
#define BY(way)    TP__STRING_ARG(way)
#define WITHOUT    TP__NAMED("include_self", .kind = TP_ARG_BOOL, .value.boolean = false)
#define PLACES(...) TP__TENSOR_ARG(tp_from_data((int64_t[]){ __VA_ARGS__ }, TP_I64, TP_SHAPE(2, 3)))

static void give_reduce(tp_sample_set *set, const char *way)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 1, 2)), TP__INT_ARG(1), PLACES(0, 2, 0, 3, 3, 3),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), 2.1, 3)), BY(way));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, -1)), TP__INT_ARG(-2), PLACES(0, 2, 0, 3, 2, 3),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 3), 1, 2)), BY(way), WITHOUT);
}

static void reduce_samples(tp_sample_set *set)
{
    give_reduce(set, "sum");
    give_reduce(set, "prod");
    give_reduce(set, "mean");
    give_reduce(set, "amax");
    give_reduce(set, "amin");
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 1)), X(TP__SCALAR_SHAPE), BY("mean"));
    TP__GIVE(set, X(TP_SHAPE(3)), TP__INT_ARG(0), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 1)), X(TP_SHAPE(0)), BY("sum"), WITHOUT);
}

static void plain_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), 1, 2)), TP__INT_ARG(1), PLACES(0, 2, 0, 3, 3, 3),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), 2.1, 3)), BY("prod"), TP__BOOL_ARG(true), TP__BOOL_ARG(false));
}

static void index_reduce_samples(tp_sample_set *set)
{
    static const char *const ways[] = { "prod", "mean", "amax", "amin" };
    for (int i = 0; i < 4; i++)
        TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), 1, 2)), TP__INT_ARG(1),
                 TP__TENSOR_ARG(tp_from_data((int64_t[]){ 0, 2, 0, 2 }, TP_I64, TP_SHAPE(4))),
                 TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), 2.1, 3)), BY(ways[i]));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 1, 2)), TP__INT_ARG(0), TP__TENSOR_ARG(tp__sample_indices(TP__SCALAR_SHAPE, 3)),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1), 1, 2)), BY("prod"), WITHOUT);
}

#define REDUCE_ARGS ", int dim, Tensor index, Tensor src, string{sum,prod,mean,amax,amin} reduce, *, bool include_self=true) -> Tensor"
#define INDEX_ARGS  ", int dim, Tensor index, Tensor source, string{prod,mean,amax,amin} reduce, *, bool include_self=true) -> Tensor"
static const tp_op op_reduce = {
    .schema = "scatter_reduced(Tensor input, int dim, Tensor index, Tensor src, "
        "string{sum,prod,mean,amax,amin} reduce, bool include_self, bool stepwise) -> Tensor",
    .flags = TP__INTERNAL, .kernel = "scatter_add", .shape = reduce_shape, .forward = reduce_forward, .backward = reduce_rule,
    .saves = { TP__INPUT(0, 0), TP__INPUT(2, 0), TP__INPUT(3, 0), TP__OUTPUT(0) }, .attr_size = sizeof(reduce_attr),
    .samples = plain_samples, .state = TP__STATE };
static const tp_op op_scatter_reduce = { .schema = "scatter_reduce(Tensor input" REDUCE_ARGS, .compose = reduce_compose,
    .attr_size = sizeof(reduce_attr), .samples = reduce_samples, .state = TP__STATE };
static const tp_op op_scatter_reduce_ = TP__INPLACE_FORM("scatter_reduce_(Tensor! input" REDUCE_ARGS, op_scatter_reduce, sizeof(reduce_attr), reduce_samples);
static const tp_op op_index_reduce = { .schema = "index_reduce(Tensor input" INDEX_ARGS, .compose = index_reduce_compose,
    .attr_size = sizeof(reduce_attr), .samples = index_reduce_samples, .state = TP__STATE };
static const tp_op op_index_reduce_ = TP__INPLACE_FORM("index_reduce_(Tensor! input" INDEX_ARGS, op_index_reduce, sizeof(reduce_attr), index_reduce_samples);

tp_tensor *tp__scatter_reduce(tp_tensor *x, int64_t dim, tp_tensor *index, tp_tensor *src, tp_reduce way, bool include_self)
{
    return tp__run1(&op_scatter_reduce, (tp_tensor *[]){ x, NULL, index, src }, 4, &(reduce_attr){ dim, (int32_t)way, include_self, false }, NULL);
}
tp_tensor *tp__scatter_reduce_stepwise(tp_tensor *x, int64_t dim, tp_tensor *index, tp_tensor *src, tp_reduce way)
{
    return tp__run1(&op_scatter_reduce, (tp_tensor *[]){ x, NULL, index, src }, 4, &(reduce_attr){ dim, (int32_t)way, true, true }, NULL);
}

static tp_tensor *reduce(const tp_op *op, const char *name, tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, int way, tp_reduce first,
                         const tp_scatter_reduce_options *options, const void *caller)
{
    tp_scatter_reduce_options o = TP__BRACES(scatter_reduce, );
    if (tp_options_take(name, &o, options, offsetof(tp_scatter_reduce_options, tp__end))) return NULL;
    if (way < (int)first || way > TP_REDUCE_AMIN) return tp_fail(TP_ERR_ARGUMENT, "%s: there is no reduction %d", name, way), NULL;
    const reduce_attr a = { dim, way - (int)first + 1, o.include_self, false };
    return tp__run1(op, (tp_tensor *[]){ x, NULL, index, src }, 4, &a, caller);
}

tp_tensor *tp_scatter_reduce_with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, tp_reduce way, const tp_scatter_reduce_options *o)
{
    return reduce(&op_scatter_reduce, "scatter_reduce", x, dim, index, src, way, TP_REDUCE_SUM, o, TP__CALLER);
}

tp_tensor *tp_index_reduce_with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_reduce way, const tp_scatter_reduce_options *o)
{
    return reduce(&op_index_reduce, "index_reduce", x, dim, index, source, way, TP_REDUCE_PROD, o, TP__CALLER);
}

tp_tensor *tp_scatter_reduce__with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src, tp_reduce way, const tp_scatter_reduce_options *o)
{
    return reduce(&op_scatter_reduce_, "scatter_reduce_", x, dim, index, src, way, TP_REDUCE_SUM, o, TP__CALLER);
}

tp_tensor *tp_index_reduce__with(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_reduce way, const tp_scatter_reduce_options *o)
{
    return reduce(&op_index_reduce_, "index_reduce_", x, dim, index, source, way, TP_REDUCE_PROD, o, TP__CALLER);
}

const tp_op *const tp__ops_scatter_reduce[] = { &op_reduce, &op_scatter_reduce, &op_scatter_reduce_, &op_index_reduce, &op_index_reduce_, NULL };
