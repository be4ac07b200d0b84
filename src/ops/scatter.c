/* scatter.c: gather and scatter. With G the map that gathers along dim by an index:
 *
 *   gather        y = G x                                  dx = G' dy: gather_backward
 *   scatter       y = x with src at the index's places     dx = dy with those places 0,  dsrc = G dy
 *   scatter_add   y = x + G' src                           dx = dy,  dsrc = G dy
 *   take_along_dim   gather of x and index broadcast, negative ones from the end; of the flattened x without a dim: composed
 *
 * The index may be smaller than src: what it leaves out has no part. Of several values for one place the last one stays. */
#include "core/kernel_args.h"
#include "ops/index_rows.h"
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

typedef struct dim_attr { int64_t dim; } dim_attr;
typedef struct gather_attr { int64_t dim; bool sparse_grad; } gather_attr;          /* the gradient is dense, whatever is said */
static const tp_op op_gather, op_gather_backward, op_set, op_set_, op_add, op_add_;

/* ---- Shape rules ----------------------------------------------------------------------------------------------------------------- */

static int64_t size_at(const tp_tensor *x, int d) { return x->ndim ? x->shape[d] : 1; }
static int dims(const tp_tensor *x) { return x->ndim ? x->ndim : 1; }

tp_status tp__scatter_check(tp__call *call, const tp_tensor *x, const tp_tensor *index, const tp_tensor *src, int64_t *dim)
{
    int along;
    if (tp__take_dim(call, *dim, x, &along)) return tp__pending();
    *dim = along;
    if (!tp__is_index(index))
        return tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)index->dtype));
    if (src && src->dtype != x->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "the values are %s, and not %s", tp_dtype_name((tp_dtype)src->dtype), tp_dtype_name((tp_dtype)x->dtype));
    if (!index->numel) return TP_OK;
    if (dims(index) != dims(x) || (src && dims(src) != dims(x)))
        return tp__call_fail(call, TP_ERR_SHAPE, "the index %s has other dims than %s", tp__shape_text(index),
                             tp__shape_text(dims(index) != dims(x) ? x : src));
    for (int d = 0; d < dims(index); d++) {
        const tp_tensor *small = d != along && size_at(index, d) > size_at(x, d) ? x : src && size_at(index, d) > size_at(src, d) ? src : NULL;
        if (small)
            return tp__call_fail(call, TP_ERR_SHAPE, "the index %s is larger than %s in dim %d", tp__shape_text(index), tp__shape_text(small), d);
    }
    return TP_OK;
}

static tp_status gather_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *index = call->in[2];
    if (tp__scatter_check(call, x, index, NULL, &((dim_attr *)(uintptr_t)call->attr)->dim)) return tp__pending();
    call->keep_shape = 1;
    return tp__made(tp__out(call, (tp_dtype)x->dtype, index->ndim, index->shape));
}

typedef struct backward_attr { int64_t dim; tp__ints size; } backward_attr;

static tp_status gather_backward_shape(tp__call *call)
{
    backward_attr *a = (backward_attr *)(uintptr_t)call->attr;
    tp_tensor *grad = call->in[0];
    if (!tp__same_shape(grad, call->in[1]))
        return tp__call_fail(call, TP_ERR_SHAPE, "the gradient %s is not like the index %s", tp__shape_text(grad), tp__shape_text(call->in[1]));
    for (int i = 0; i < a->size.n; i++)
        if (a->size.v[i] < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no shape", tp__dims_text((int)a->size.n, a->size.v));
    tp_tensor *y = tp__out(call, (tp_dtype)grad->dtype, (int)a->size.n, a->size.v);
    return y ? tp__scatter_check(call, y, call->in[1], grad, &a->dim) : tp__pending();
}

static tp_status scatter_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    if (tp__scatter_check(call, x, call->in[2], call->in[3], &((dim_attr *)(uintptr_t)call->attr)->dim)) return tp__pending();
    call->keep_shape = 8;
    return call->op->flags & TP__INPLACE ? tp__in_place(call) : tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}

/* ---- Forward --------------------------------------------------------------------------------------------------------------------------- */

tp_status tp__scatter_into(const tp__call *call, const tp_op *op, tp_tensor *table, tp_tensor *index, tp_tensor *src, int64_t dim)
{
    if (src->storage == table->storage) {              /* what is read must not be what is written */
        TP_NO_GRAD();
        src = tp_clone(src);
        if (!src) return tp__pending();
    }
    tp__call write = *call;
    write.op = op;
    write.in = (tp_tensor *[]){ table, index, src };
    write.n_in = 3;
    write.attr = &(tp__scatter_put){ dim, !(call->op->flags & TP__INPLACE) };
    const tp_kernel *kernel = tp__kernel(op, table->device);
    return kernel ? kernel->run(&write) : tp__pending();
}

static tp_status gather_forward(tp__call *call)
{
    tp__call read = *call;
    read.in = (tp_tensor *[]){ call->in[0], call->in[2] };
    read.n_in = 2;
    const tp_kernel *kernel = tp__kernel(call->op, call->in[0]->device);
    return kernel ? kernel->run(&read) : tp__pending();
}

static bool is_half(const tp_tensor *x) { return x->dtype == TP_F16 || x->dtype == TP_BF16; }

static tp_status gather_backward_forward(tp__call *call)
{
    TP_NO_GRAD();
    tp_tensor *y = call->out[0], *grad = call->in[0], *sum = y;
    if (is_half(y)) {
        sum = tp__tensor_new(y->device, TP_F32, y->ndim, y->shape);
        grad = tp_to_dtype(grad, TP_F32);
    }
    if (!sum || !grad || !tp_zero_(sum)) return tp__pending();
    const tp_status status = tp__scatter_into(call, call->op, sum, call->in[1], grad, ((const backward_attr *)call->attr)->dim);
    return status || sum == y ? status : tp__made(tp_copy_(y, sum));
}

static tp_status set_forward(tp__call *call)
{
    tp_tensor *y = call->out[0], *x = call->in[0];
    if (y != x) {
        TP_NO_GRAD();
        if (!tp_copy_(y, x)) return tp__pending();
    }
    return tp__scatter_into(call, call->op, y, call->in[2], call->in[3], ((const dim_attr *)call->attr)->dim);
}

/* 16-bit floats are added in float32: many may meet in one place. */
static tp_status add_forward(tp__call *call)
{
    tp_tensor *y = call->out[0];
    if (!is_half(y)) return set_forward(call);
    TP_NO_GRAD();
    tp_tensor *sum = tp_to_dtype(call->in[0], TP_F32), *src = tp_to_dtype(call->in[3], TP_F32);
    const tp_status status = sum && src ? tp__scatter_into(call, call->op, sum, call->in[2], src, ((const dim_attr *)call->attr)->dim) : tp__pending();
    return status ? status : tp__made(tp_copy_(y, sum));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------------- */

static tp_status gather_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    (void)need;
    return tp__made(dx[0] = tp__gather_sum(dy[0], ((const dim_attr *)tp__attr(node))->dim, tp__saved(node, 0), kept->ndim, kept->shape));
}

static tp_status gather_backward_rule(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__gather(g[0], ((const backward_attr *)tp__attr(node))->dim, tp__saved(node, 0)));
}

/* dsrc: where src is larger than the index, with zeros beyond. */
static tp_tensor *values_gradient(const tp_node *node, tp_tensor *dy, int64_t dim, tp_tensor *index)
{
    const tp__kept_shape *kept = tp__kept(node, 3);
    tp_tensor *values = tp__gather(dy, dim, index);
    if (!values || (values->ndim == kept->ndim && !memcmp(values->shape, kept->shape, sizeof *kept->shape * (size_t)kept->ndim))) return values;
    tp__geometry region = tp__geometry_plain(kept->ndim, kept->shape);
    if (values->ndim != kept->ndim && values->numel) return tp_reshape(values, tp__kept_shape_of(kept));   /* 0-dim, and [1] */
    if (!values->numel) return tp_zeros(tp__kept_shape_of(kept), .dtype = (tp_dtype)dy->dtype, .device = dy->device);
    memcpy(region.shape, values->shape, sizeof region.shape);
    return tp__region_sum(values, &region, kept->ndim, kept->shape);
}

static tp_status add_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1) dx[0] = dy[0];
    if (need & 8 && !(dx[3] = values_gradient(node, dy[0], ((const dim_attr *)tp__attr(node))->dim, tp__saved(node, 0)))) return tp__pending();
    return TP_OK;
}

static tp_status set_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const int64_t dim = ((const dim_attr *)tp__attr(node))->dim;
    tp_tensor *index = tp__saved(node, 0);
    if (need & 1) {
        tp_tensor *zero = tp_zeros(((tp_shape){ .ndim = 0 }), .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device);
        if (!(dx[0] = tp__scatter(TP__SCATTER_SET, false, dy[0], dim, index, zero))) return tp__pending();
    }
    if (need & 8 && !(dx[3] = values_gradient(node, dy[0], dim, index))) return tp__pending();
    return TP_OK;
}

/* ---- Scatter of a number, or with a reduction ------------------------------------------------------------------------------------------- */

typedef struct scatter_attr { int64_t dim; int32_t reduce; } scatter_attr;
typedef struct value_attr { int64_t dim; tp_operand value; int32_t reduce; } value_attr;
enum { REDUCE_ADD = 1, REDUCE_MULTIPLY };

static tp_status scatter_by(tp__call *call, int64_t dim, tp_tensor *src, int reduce)
{
    const bool in_place = call->op->flags & TP__INPLACE;
    tp_tensor *x = call->in[0], *index = call->in[2], *y;
    if (!src) return tp__pending();
    if (reduce == REDUCE_MULTIPLY) {
        if (!src->ndim && index->ndim) src = tp_expand(src, tp__shape(index->ndim, index->shape));
        tp_tensor *const old = in_place && call->need ? tp_clone(x) : x;
        y = old && src ? tp__scatter_reduce(old, dim, index, src, TP_REDUCE_PROD, true) : NULL;
        if (y && in_place) y = tp_copy_(x, y);
    } else {
        y = tp__scatter(reduce == REDUCE_ADD ? TP__SCATTER_ADD : TP__SCATTER_SET, in_place, x, dim, index, src);
    }
    return tp__made(tp__out_made(call, y));
}

static tp_status scatter_compose(tp__call *call)
{
    const scatter_attr *a = call->attr;
    int64_t dim = a->dim;
    if (tp__scatter_check(call, call->in[0], call->in[2], call->in[3], &dim)) return tp__pending();
    return scatter_by(call, a->dim, call->in[3], a->reduce);
}

static tp_status value_compose(tp__call *call)
{
    const value_attr *a = call->attr;
    const tp_tensor *x = call->in[0];
    const tp_tensor_options like = { .size = offsetof(tp_tensor_options, tp__end), .dtype = (tp_dtype)x->dtype, .device = x->device };
    return scatter_by(call, a->dim, tp_full_with((tp_shape){ .ndim = 0 }, a->value, &like), a->reduce);
}

/* ---- take_along_dim ----------------------------------------------------------------------------------------------------------------------- */

static tp_status take_along_compose(tp__call *call)
{
    int64_t dim = ((const dim_attr *)call->attr)->dim;
    tp_tensor *x = call->in[0], *index = call->in[1];
    int64_t shape[2][TP_MAX_DIMS];
    int along;
    if (index->dtype != TP_I64 && index->dtype != TP_I32)
        return tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)index->dtype));
    if (dim == TP_NONE) {
        index = tp__index_merge_of(&index, 1, &x->numel, (int64_t[]){ 0 });
        x = tp_reshape(x, TP_SHAPE(-1));
        index = tp_reshape(index, TP_SHAPE(-1));
        return tp__made(tp__out_made(call, tp__gather(x, 0, index)));
    }
    if (x->ndim != index->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE, "%s and the indices %s have not as many dims", tp__shape_text(x), tp__shape_text(index));
    if (tp__take_dim(call, dim, x, &along)) return tp__pending();
    for (int d = 0; d < x->ndim; d++) {
        const int64_t a = x->shape[d], b = index->shape[d];
        if (d != along && a != b && a != 1 && b != 1)
            return tp__call_fail(call, TP_ERR_SHAPE, "%s and the indices %s do not broadcast", tp__shape_text(x), tp__shape_text(index));
        shape[0][d] = d == along || a != 1 ? a : b;
        shape[1][d] = d == along || b != 1 ? b : a;
    }
    index = tp__index_merge_of(&index, 1, (int64_t[]){ size_at(x, along) }, (int64_t[]){ along });
    if (!index) return tp__pending();
    x = tp_expand(x, tp__shape(x->ndim, shape[0]));
    index = tp_expand(index, tp__shape(index->ndim, shape[1]));
    return tp__made(tp__out_made(call, tp__gather(x, along, index)));
}

/* ---- Samples -------------------------------------------------------------------------------------------------------------------------------- */

#define X(shape)            TP__TENSOR_ARG(tp__sample_tensor(set, shape, -2, 2))
#define INDEX(shape, below) TP__TENSOR_ARG(tp__sample_indices(shape, below))

static tp_tensor *places(void)                         /* [2, 3], no two alike along dim 0 or 1 */
{
    return tp_from_data((int64_t[]){ 2, 0, 1, 0, 2, 3 }, TP_I64, TP_SHAPE(2, 3));
}

static void gather_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(1), INDEX(TP_SHAPE(2, 5), 4));
    TP__GIVE(set, X(TP_SHAPE(3, 4, 2)), TP__INT_ARG(0), INDEX(TP_SHAPE(5, 4, 1), 3));
    TP__GIVE(set, X(TP_SHAPE(2, 3, 20)), TP__INT_ARG(-2), INDEX(TP_SHAPE(2, 4, 18), 3));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), INDEX(TP_SHAPE(2), 1));
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(0), INDEX(TP_SHAPE(0, 4), 3));
}

static void gather_backward_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(2, 5)), INDEX(TP_SHAPE(2, 5), 4), TP__INT_ARG(1), TP__INTS_ARG(2, 3, 4));
    TP__GIVE(set, X(TP_SHAPE(3, 2)), INDEX(TP_SHAPE(3, 2), 4), TP__INT_ARG(0), TP__INTS_ARG(2, 4, 2));
}

static void add_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), TP__INT_ARG(1), INDEX(TP_SHAPE(2, 5), 4), X(TP_SHAPE(3, 5)));
    TP__GIVE(set, X(TP_SHAPE(3, 4, 2)), TP__INT_ARG(-3), INDEX(TP_SHAPE(5, 3, 2), 3), X(TP_SHAPE(5, 4, 2)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), INDEX(TP_SHAPE(2), 1), X(TP_SHAPE(2)));
    TP__GIVE(set, X(TP_SHAPE(3)), TP__INT_ARG(0), INDEX(TP_SHAPE(0), 1), X(TP_SHAPE(2)));
}

static void set_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(4, 3)), TP__INT_ARG(0), TP__TENSOR_ARG(places()), X(TP_SHAPE(2, 3)));
    TP__GIVE(set, X(TP_SHAPE(2, 4)), TP__INT_ARG(1), TP__TENSOR_ARG(places()), X(TP_SHAPE(3, 3)));
    TP__GIVE(set, X(TP__SCALAR_SHAPE), TP__INT_ARG(0), INDEX(TP__SCALAR_SHAPE, 1), X(TP_SHAPE(1)));
}

static void scatter_samples(tp_sample_set *set)
{
    set_samples(set);
    TP__GIVE(set, X(TP_SHAPE(4, 3)), TP__INT_ARG(0), TP__TENSOR_ARG(places()), X(TP_SHAPE(2, 3)),
             TP__NAMED("reduce", .kind = TP_ARG_STRING, .value.string = "add"));
    TP__GIVE(set, X(TP_SHAPE(4, 3)), TP__INT_ARG(0), TP__TENSOR_ARG(places()), X(TP_SHAPE(2, 3)),
             TP__NAMED("reduce", .kind = TP_ARG_STRING, .value.string = "multiply"));
}

static void value_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(4, 3)), TP__INT_ARG(0), TP__TENSOR_ARG(places()), TP__FLOAT_ARG(1.5));
    TP__GIVE(set, X(TP_SHAPE(4, 3)), TP__INT_ARG(0), TP__TENSOR_ARG(places()), TP__INT_ARG(2),
             TP__NAMED("reduce", .kind = TP_ARG_STRING, .value.string = "multiply"));
}

static void take_along_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(TP_SHAPE(3, 4)), INDEX(TP_SHAPE(1, 2), 4), TP__INT_ARG(1));
    TP__GIVE(set, X(TP_SHAPE(1, 4)), INDEX(TP_SHAPE(2, 3), 4), TP__INT_ARG(-1));
    TP__GIVE(set, X(TP_SHAPE(3, 4)), INDEX(TP_SHAPE(2, 2), 12));
}

/* ---- Descriptors ------------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_gather = { .schema = "gather(Tensor input, int dim, Tensor index, *, bool sparse_grad=false) -> Tensor", .shape = gather_shape,
    .forward = gather_forward, .backward = gather_rule, .saves = { TP__INPUT(2, 0) }, .attr_size = sizeof(gather_attr),
    .samples = gather_samples, .state = TP__STATE };
static const tp_op op_gather_backward = { .schema = "gather_backward(Tensor grad, Tensor index, int dim, int[] size) -> Tensor", .flags = TP__INTERNAL,
    .kernel = "scatter_add", .shape = gather_backward_shape, .forward = gather_backward_forward, .backward = gather_backward_rule,
    .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(backward_attr), .samples = gather_backward_samples, .state = TP__STATE };

#define INTO(text, name, more, rule, give) { .schema = text ", int dim, Tensor index, Tensor src) -> Tensor", .kernel = "scatter_" #name, .flags = more, \
    .shape = scatter_shape, .forward = name##_forward, .backward = rule, .saves = { TP__INPUT(2, 0) }, .attr_size = sizeof(dim_attr), \
    .samples = give, .state = TP__STATE }
static const tp_op op_set = INTO("scatter_set(Tensor input", set, TP__INTERNAL, set_rule, set_samples);
static const tp_op op_set_ = INTO("scatter_set_(Tensor! input", set, TP__INTERNAL | TP__INPLACE, set_rule, set_samples);
static const tp_op op_add = INTO("scatter_add(Tensor input", add, 0, add_rule, add_samples);
static const tp_op op_add_ = INTO("scatter_add_(Tensor! input", add, TP__INPLACE, add_rule, add_samples);

#define BY_SRC(text, more) { .schema = text ", int dim, Tensor index, Tensor src, *, string{add,multiply} reduce=none) -> Tensor", .flags = more, \
    .compose = scatter_compose, .attr_size = sizeof(scatter_attr), .samples = scatter_samples, .state = TP__STATE }
#define BY_VALUE(text, more) { .schema = text ", int dim, Tensor index, number value, *, string{add,multiply} reduce=none) -> Tensor", .flags = more, \
    .compose = value_compose, .attr_size = sizeof(value_attr), .samples = value_samples, .state = TP__STATE }
static const tp_op op_scatter = BY_SRC("scatter(Tensor input", 0), op_scatter_ = BY_SRC("scatter_(Tensor! input", TP__INPLACE);
static const tp_op op_value = BY_VALUE("scatter.value(Tensor input", 0), op_value_ = BY_VALUE("scatter_.value(Tensor! input", TP__INPLACE);
static const tp_op op_take_along = { .schema = "take_along_dim(Tensor input, Tensor indices, int dim=none) -> Tensor", .compose = take_along_compose,
    .attr_size = sizeof(dim_attr), .samples = take_along_samples, .state = TP__STATE };

/* ---- Public, and for other files ---------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp__gather(tp_tensor *x, int64_t dim, tp_tensor *index)
{
    return tp__run1(&op_gather, (tp_tensor *[]){ x, NULL, index }, 3, &(gather_attr){ dim, false }, NULL);
}

tp_tensor *tp__gather_sum(tp_tensor *dy, int64_t dim, tp_tensor *index, int ndim, const int64_t *shape)
{
    const backward_attr attr = { dim, tp__ints_of(shape, ndim) };
    return tp__run1(&op_gather_backward, (tp_tensor *[]){ dy, index }, 2, &attr, NULL);
}

tp_tensor *tp__picked_sum(tp_tensor *dy, int64_t dim, bool keepdim, tp_tensor *index, const tp__kept_shape *kept)
{
    if (!keepdim && kept->ndim) {
        index = tp_unsqueeze(index, (int)dim);
        dy = tp_unsqueeze(dy, (int)dim);
    }
    return tp__gather_sum(dy, dim, index, kept->ndim, kept->shape);
}

tp_tensor *tp__scatter(int how, bool in_place, tp_tensor *x, int64_t dim, tp_tensor *index, tp_tensor *src)
{
    static const tp_op *const ops[2][2] = { { &op_set, &op_set_ }, { &op_add, &op_add_ } };
    if (!x || !index || !src) return NULL;
    if (!src->ndim && index->ndim) src = tp_expand(src, tp__shape(index->ndim, index->shape));
    return tp__run1(ops[how][in_place], (tp_tensor *[]){ x, NULL, index, src }, 4, &(dim_attr){ dim }, NULL);
}

tp_tensor *tp_gather(tp_tensor *x, int dim, tp_tensor *index)
{
    return tp__run1(&op_gather, (tp_tensor *[]){ x, NULL, index }, 3, &(gather_attr){ dim, false }, TP__CALLER);
}

tp_tensor *tp_scatter_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src)
{
    return tp__run1(&op_add, (tp_tensor *[]){ x, NULL, index, src }, 4, &(dim_attr){ dim }, TP__CALLER);
}

tp_tensor *tp_scatter_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *src)
{
    return tp__run1(&op_add_, (tp_tensor *[]){ x, NULL, index, src }, 4, &(dim_attr){ dim }, TP__CALLER);
}

static tp_tensor *scatter(bool in_place, tp_tensor *x, int dim, tp_tensor *index, tp_operand src, const void *caller)
{
    if (src.kind == TP_OPERAND_TENSOR)
        return tp__run1(in_place ? &op_scatter_ : &op_scatter, (tp_tensor *[]){ x, NULL, index, src.as.tensor }, 4, &(scatter_attr){ dim, 0 }, caller);
    return tp__run1(in_place ? &op_value_ : &op_value, (tp_tensor *[]){ x, NULL, index }, 3, &(value_attr){ dim, src, 0 }, caller);
}

tp_tensor *tp_scatter_with(tp_tensor *x, int dim, tp_tensor *index, tp_operand src) { return scatter(false, x, dim, index, src, TP__CALLER); }
tp_tensor *tp_scatter__with(tp_tensor *x, int dim, tp_tensor *index, tp_operand src) { return scatter(true, x, dim, index, src, TP__CALLER); }

tp_tensor *tp_take_along_dim(tp_tensor *x, tp_tensor *indices, int dim)
{
    return tp__run1(&op_take_along, (tp_tensor *[]){ x, indices }, 2, &(dim_attr){ dim == TP_FLAT ? TP_NONE : dim }, TP__CALLER);
}

const tp_op *const tp__ops_scatter[] = {
    &op_gather, &op_gather_backward, &op_set, &op_set_, &op_add, &op_add_, &op_scatter, &op_scatter_, &op_value, &op_value_, &op_take_along, NULL,
};
