/* index_rows.c: rows of a table by index. With R the map that looks them up, for a given index:
 *
 *   rows_take    y = R x                           dx = R' dy: rows_sum
 *   rows_sum     y = R' x, of a given size         dx = R dy
 *   rows_add     y = x + R' src                    dx = dy,  dsrc = R dy
 *   rows_put     y = x with the rows of src        dx = dy with those rows 0,  dsrc = R dy
 *   rows_fill    y = x with one value there        dx likewise,  dvalue = the sum of dy there, each place once
 *   index_merge  y = ((i0 s1 + i1) s2 + i2) ..     no gradient
 *
 * src may broadcast: it is expanded, and steps by 0. */
#include "ops/index_rows.h"

#include "ops/samples.h"
#include "ops/view.h"

static const tp_op op_take, op_sum, op_add, op_add_, op_put, op_put_, op_fill, op_fill_;

bool tp__is_index(const tp_tensor *x) { return x->dtype == TP_I64 || x->dtype == TP_I32 || !x->numel; }

/* ---- Shape rules ------------------------------------------------------------------------------------------------------------------- */

static tp_status check_lookup(const tp__call *call, const tp_tensor *index, int ndim)
{
    const tp__row_lookup *how = call->attr;
    if (!tp__is_index(index))
        return tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)index->dtype));
    if (how->dim < 0 || how->n_dims < 0 || how->dim > ndim - how->n_dims)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there are no %lld dims from %lld on", (long long)how->n_dims, (long long)how->dim);
    if (ndim - how->n_dims + index->ndim > TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_SHAPE, "the result would have %d dims, at most %d are possible", ndim - (int)how->n_dims + index->ndim, TP_MAX_DIMS);
    return TP_OK;
}

static int rows_shape(const tp__row_lookup *how, int ndim, const int64_t *table, const tp_tensor *index, int64_t *shape)
{
    int n = 0;
    for (int d = 0; d < how->dim; d++) shape[n++] = table[d];
    for (int d = 0; d < index->ndim; d++) shape[n++] = index->shape[d];
    for (int d = (int)(how->dim + how->n_dims); d < ndim; d++) shape[n++] = table[d];
    return n;
}

static tp_status take_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0], *index = call->in[1];
    int64_t shape[TP_MAX_DIMS];
    if (check_lookup(call, index, x->ndim)) return tp__pending();
    call->keep_shape = 1;
    const int n = rows_shape(call->attr, x->ndim, x->shape, index, shape);
    return tp__made(tp__out(call, (tp_dtype)x->dtype, n, shape));
}

static tp_status check_rows(const tp__call *call, const tp_tensor *rows, const tp_tensor *index, int ndim, const int64_t *table)
{
    int64_t shape[TP_MAX_DIMS];
    if (check_lookup(call, index, ndim)) return tp__pending();
    const int n = rows_shape(call->attr, ndim, table, index, shape);
    if (rows->ndim == n && !memcmp(rows->shape, shape, sizeof *shape * (size_t)n)) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "the values %s are not %s", tp__shape_text(rows), tp__dims_text(n, shape));
}

typedef struct sum_attr { tp__row_lookup how; tp__ints size; } sum_attr;

static tp_status sum_shape(tp__call *call)
{
    const sum_attr *a = call->attr;
    for (int i = 0; i < a->size.n; i++)
        if (a->size.v[i] < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no shape", tp__dims_text((int)a->size.n, a->size.v));
    if (check_rows(call, call->in[0], call->in[1], (int)a->size.n, a->size.v)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, (int)a->size.n, a->size.v));
}

static tp_status write_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp_tensor *src = call->in[2];
    if (x->dtype != src->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "values are %s, not %s", tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)src->dtype));
    if (check_rows(call, src, call->in[1], x->ndim, x->shape)) return tp__pending();
    if (call->op->flags & TP__INPLACE) return tp__in_place(call);
    return tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}

static tp_status fill_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp_tensor *value = call->in[2];
    if (x->dtype != value->dtype || value->ndim)
        return tp__call_fail(call, TP_ERR_DTYPE, "the value is %s %s, not one %s",
                             tp_dtype_name((tp_dtype)value->dtype), tp__shape_text(value),
                             tp_dtype_name((tp_dtype)x->dtype));
    if (check_lookup(call, call->in[1], x->ndim)) return tp__pending();
    return call->op->flags & TP__INPLACE ? tp__in_place(call) : tp__made(tp__out_like(call, x, (tp_dtype)x->dtype));
}

/* ---- Forward --------------------------------------------------------------------------------------------------------------------------- */

/* The kernel writes into out[0]. Rows that it cannot walk evenly, or that lie in the memory that it writes, go by way of a copy. */
static tp_status write_into(tp__call *call, tp_tensor *table, tp_tensor *index, tp_tensor *rows)
{
    const tp__row_lookup *how = call->attr;
    bool even = true;
    int64_t next = -1;
    for (int d = (int)how->dim + index->ndim - 1; d >= how->dim && even; d--) {
        if (rows->shape[d] == 1) continue;
        even = next < 0 || rows->stride[d] == next;
        next = rows->stride[d] * rows->shape[d];
    }
    if (!even || rows->storage == table->storage) {
        TP_NO_GRAD();
        tp_tensor *copy = tp__tensor_new(rows->device, (tp_dtype)rows->dtype, rows->ndim, rows->shape);
        if (!copy || !tp_copy_(copy, rows)) return tp__pending();
        rows = copy;
    }
    tp__call write = *call;
    write.in = (tp_tensor *[]){ table, index, rows };
    write.n_in = 3;
    const tp_kernel *kernel = tp__kernel(call->op, table->device);
    return kernel ? kernel->run(&write) : tp__pending();
}

/* Whether sums are made in float32. */
static bool is_widened(const tp_tensor *x, bool stepwise)
{
    return (x->dtype == TP_F16 || x->dtype == TP_BF16) && !(stepwise && x->device == TP_CPU);
}

static tp_status put_forward(tp__call *call)
{
    tp_tensor *y = call->out[0], *x = call->in[0];
    if (y != x) {
        TP_NO_GRAD();
        if (!tp_copy_(y, x)) return tp__pending();
    }
    return write_into(call, y, call->in[1], call->in[2]);
}

/* 16-bit floats are added in float32: many may meet in one place; but not where PyTorch does not. */
static tp_status add_forward(tp__call *call)
{
    tp_tensor *y = call->out[0];
    if (!is_widened(y, ((const tp__row_lookup *)call->attr)->stepwise)) return put_forward(call);
    TP_NO_GRAD();
    tp_tensor *sum = tp_to_dtype(call->in[0], TP_F32), *rows = tp_to_dtype(call->in[2], TP_F32);
    const tp_status status = sum && rows ? write_into(call, sum, call->in[1], rows) : tp__pending();
    return status ? status : tp__made(tp_copy_(y, sum));
}

static tp_status fill_forward(tp__call *call)
{
    TP_NO_GRAD();
    tp_tensor *y = call->out[0], *x = call->in[0];
    tp_shape shape;
    shape.ndim = rows_shape(call->attr, x->ndim, x->shape, call->in[1], shape.dim);
    tp_tensor *rows = tp_expand(call->in[2], shape);
    if (!rows || (y != x && !tp_copy_(y, x))) return tp__pending();
    return write_into(call, y, call->in[1], rows);
}

static tp_status sum_forward(tp__call *call)
{
    TP_NO_GRAD();
    tp_tensor *y = call->out[0], *rows = call->in[0], *sum = y;
    if (is_widened(y, ((const sum_attr *)call->attr)->how.stepwise)) {
        sum = tp__tensor_new(y->device, TP_F32, y->ndim, y->shape);
        rows = tp_to_dtype(rows, TP_F32);
    }
    if (!sum || !rows || !tp_zero_(sum)) return tp__pending();
    const tp_status status = write_into(call, sum, call->in[1], rows);
    return status || sum == y ? status : tp__made(tp_copy_(y, sum));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------------- */

static tp_tensor *sum_rows(tp_tensor *rows, tp_tensor *index, tp__row_lookup how, tp__ints size)
{
    return tp__run1(&op_sum, (tp_tensor *[]){ rows, index }, 2, &(sum_attr){ how, size }, NULL);
}

static tp_status take_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    if (!(need & 1)) return TP_OK;
    const tp__row_lookup *how = tp__attr(node);
    return tp__made(dx[0] = sum_rows(dy[0], tp__saved(node, 0), *how, tp__ints_of(kept->shape, kept->ndim)));
}

static tp_status sum_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!(need & 1)) return TP_OK;
    return tp__made(dx[0] = tp__rows_take(dy[0], tp__saved(node, 0), ((const sum_attr *)tp__attr(node))->how));
}

static tp_status add_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (need & 1) dx[0] = dy[0];
    if (need & 4 && !(dx[2] = tp__rows_take(dy[0], tp__saved(node, 0), *(const tp__row_lookup *)tp__attr(node)))) return tp__pending();
    return TP_OK;
}

static tp_status put_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__row_lookup how = *(const tp__row_lookup *)tp__attr(node);
    tp_tensor *index = tp__saved(node, 0);
    if (!index) return tp__pending();
    if (need & 1) {
        tp_tensor *zero = tp_zeros(((tp_shape){ .ndim = 0 }), .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device);
        if (!(dx[0] = tp__rows_write(TP__ROWS_FILL, false, dy[0], index, zero, how))) return tp__pending();
    }
    if (need & 4 && !(dx[2] = tp__rows_take(dy[0], index, how))) return tp__pending();
    return TP_OK;
}

static tp_status fill_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const tp__row_lookup how = *(const tp__row_lookup *)tp__attr(node);
    const tp_shape one = { .ndim = 0 };
    tp_tensor *index = tp__saved(node, 0);
    if (need & 1 && !(dx[0] = tp__rows_write(TP__ROWS_FILL, false, dy[0], index, tp_zeros(one, .dtype = (tp_dtype)dy[0]->dtype, .device = dy[0]->device), how)))
        return tp__pending();
    if (!(need & 4)) return TP_OK;
    tp_tensor *there = tp_zeros(tp_shape_of(dy[0]), .dtype = TP_BOOL, .device = dy[0]->device);
    there = tp__rows_write(TP__ROWS_FILL, true, there, index, tp_ones(one, .dtype = TP_BOOL, .device = dy[0]->device), how);
    return tp__made(dx[2] = tp_sum(tp_masked_select(dy[0], there)));
}

/* ---- Several indices as one ------------------------------------------------------------------------------------------------------------- */

static tp_status merge_shape(tp__call *call)
{
    const tp__index_merge *attr = call->attr;
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (attr->sizes.n != call->n_in || attr->dims.n != call->n_in)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there are %d indices and %lld sizes", call->n_in, (long long)attr->sizes.n);
    for (int i = 0; i < call->n_in; i++)
        if (!tp__is_index(call->in[i]))
            return tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)call->in[i]->dtype));
    for (int i = 0; i < call->n_in; i++)
        if (attr->sizes.v[i] < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld is no size", (long long)attr->sizes.v[i]);
    if (!tp__broadcast_shape(call, call->n_in, &ndim, shape)) return tp__pending();
    return tp__made(tp__out(call, TP_I64, ndim, shape));
}

/* ---- Samples -------------------------------------------------------------------------------------------------------------------------------- */

#define INDEX(shape, below) TP__TENSOR_ARG(tp__sample_indices(shape, below))
#define HOW(dim, n, wrap)   TP__INT_ARG(dim), TP__INT_ARG(n), TP__BOOL_ARG(wrap), TP__BOOL_ARG(false)

static void take_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4, 2), -2, 2)), INDEX(TP_SHAPE(2, 3), 4), HOW(1, 1, false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), INDEX(TP_SHAPE(5), 12), HOW(0, 2, true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), INDEX(TP_SHAPE(2), 1), HOW(0, 0, true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), INDEX(TP_SHAPE(0), 3), HOW(0, 1, false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2)), INDEX(TP_SHAPE(1500), 4), HOW(0, 1, false));
}

static void sum_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -2, 2)), INDEX(TP_SHAPE(3), 4), HOW(1, 1, false), TP__INTS_ARG(3, 2, 4, 2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), -2, 2)), INDEX(TP_SHAPE(5), 6), HOW(0, 2, true), TP__INTS_ARG(2, 2, 3));
}

static void write_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__TENSOR_ARG(tp_from_data((int64_t[]){ 3, 0 }, TP_I64, TP_SHAPE(2))),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2, 3), -2, 2)), HOW(1, 1, false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp_from_data((int64_t[]){ 1, -1, 7 }, TP_I64, TP_SHAPE(3))),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), HOW(0, 2, true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2)), INDEX(TP_SHAPE(0), 3),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -2, 2)), HOW(0, 1, false));
}

static void fill_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -2, 2)), TP__TENSOR_ARG(tp_from_data((int64_t[]){ 3, 0, 3 }, TP_I64, TP_SHAPE(3))),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), HOW(1, 1, false));
}

static void merge_samples(tp_sample_set *set)
{
    tp_tensor *const indices[] = { tp__sample_indices(TP_SHAPE(2, 1), 3), tp__sample_indices(TP_SHAPE(4), 5) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = indices }, TP__INTS_ARG(2, 3, 5), TP__INTS_ARG(2, 0, 1));
}

/* ---- Descriptors ------------------------------------------------------------------------------------------------------------------------------ */

#define LOOKUP ", int dim, int n_dims, bool wrap, bool stepwise"
#define WRITE(args, of, more, rule) { .schema = "rows_" args, .kernel = "rows_" #of, .flags = TP__INTERNAL | (more), .shape = write_shape, \
    .forward = of##_forward, .backward = rule, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__row_lookup), .samples = write_samples, .state = TP__STATE }

static const tp_op op_take = { .schema = "rows_take(Tensor input, Tensor index" LOOKUP ") -> Tensor", .flags = TP__INTERNAL, .shape = take_shape,
    .backward = take_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__row_lookup), .samples = take_samples, .state = TP__STATE };
static const tp_op op_sum = { .schema = "rows_sum(Tensor grad, Tensor index" LOOKUP ", int[] size) -> Tensor", .flags = TP__INTERNAL, .kernel = "rows_add",
    .shape = sum_shape, .forward = sum_forward, .backward = sum_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(sum_attr),
    .samples = sum_samples, .state = TP__STATE };
static const tp_op op_add = WRITE("add(Tensor input, Tensor index, Tensor src" LOOKUP ") -> Tensor", add, 0, add_backward);
static const tp_op op_add_ = WRITE("add_(Tensor! input, Tensor index, Tensor src" LOOKUP ") -> Tensor", add, TP__INPLACE, add_backward);
static const tp_op op_put = WRITE("put(Tensor input, Tensor index, Tensor src" LOOKUP ") -> Tensor", put, 0, put_backward);
static const tp_op op_put_ = WRITE("put_(Tensor! input, Tensor index, Tensor src" LOOKUP ") -> Tensor", put, TP__INPLACE, put_backward);
#define FILL(args, more) { .schema = "rows_" args, .kernel = "rows_put", .flags = TP__INTERNAL | (more), .shape = fill_shape, .forward = fill_forward, \
    .backward = fill_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(tp__row_lookup), .samples = fill_samples, .state = TP__STATE }
static const tp_op op_fill = FILL("fill(Tensor input, Tensor index, Tensor value" LOOKUP ") -> Tensor", 0);
static const tp_op op_fill_ = FILL("fill_(Tensor! input, Tensor index, Tensor value" LOOKUP ") -> Tensor", TP__INPLACE);
static const tp_op op_merge = { .schema = "index_merge(Tensor[] indices, int[] sizes, int[] dims) -> Tensor", .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .shape = merge_shape, .attr_size = sizeof(tp__index_merge), .samples = merge_samples, .state = TP__STATE };

/* ---- For other files of the family ------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp__rows_take(tp_tensor *x, tp_tensor *index, tp__row_lookup how)
{
    return tp__run1(&op_take, (tp_tensor *[]){ x, index }, 2, &how, NULL);
}

tp_tensor *tp__rows_write(int what, bool in_place, tp_tensor *x, tp_tensor *index, tp_tensor *src, tp__row_lookup how)
{
    static const tp_op *const ops[][2] = { { &op_add, &op_add_ }, { &op_put, &op_put_ }, { &op_fill, &op_fill_ } };
    if (!x || !index || !src) return NULL;
    tp_shape shape = { .ndim = 0 };
    if (what != TP__ROWS_FILL && x->ndim - how.n_dims + index->ndim <= TP_MAX_DIMS) {
        shape.ndim = rows_shape(&how, x->ndim, x->shape, index, shape.dim);
        const bool same = src->ndim == shape.ndim && !memcmp(src->shape, shape.dim, sizeof *shape.dim * (size_t)shape.ndim);
        if (!same) src = tp_expand(src, shape);
    }
    return tp__run1(ops[what][in_place], (tp_tensor *[]){ x, index, src }, 3, &how, NULL);
}

tp_tensor *tp__index_merge_of(tp_tensor *const *indices, int n, const int64_t *sizes, const int64_t *dims)
{
    const tp__index_merge attr = { tp__ints_of(sizes, n), tp__ints_of(dims, n) };
    return tp__run1(&op_merge, indices, n, &attr, NULL);
}

const tp_op *const tp__ops_index_rows[] = { &op_take, &op_sum, &op_add, &op_add_, &op_put, &op_put_, &op_fill, &op_fill_, &op_merge, NULL };
