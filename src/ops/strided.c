/* strided.c: views by explicit geometry, and the three linear maps that belong to them. With S the map that takes the
 * elements of a region out of a base:
 *
 *   as_strided       y = S x, as a view        dx = S' dy
 *   strided_gather   y = S x, as a copy        dx = S' dy
 *   strided_sum      y = S' x                  dx = S dy       (elements that the region holds twice add up)
 *   strided_scatter  y = base with the region replaced by src:   dbase = dy with the region zeroed,  dsrc = S dy
 *
 * The base's gradient has the base's shape; where the base's strides are not contiguous, it is laid out like it first. */
#include "autograd/parts.h"
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

typedef tp__strided_attr strided_attr;
static const tp_op op_gather, op_sum;

/* The first and the last element of the storage that a geometry touches. */
static void extent(const tp__ints *size, const tp__ints *stride, int64_t offset, int64_t *lo, int64_t *hi)
{
    *lo = *hi = offset;
    for (int i = 0; i < size->n; i++) {
        if (!size->v[i]) { *hi = *lo; return; }
        *(stride->v[i] < 0 ? lo : hi) += (size->v[i] - 1) * stride->v[i];
    }
}

static bool is_plain(const strided_attr *a)
{
    return tp__geometry_is_contiguous((int)a->base_size.n, a->base_size.v, a->base_stride.v);
}

/* Is the base contiguous, and the region all inside of it? Then a tensor of the base's shape is memory enough. */
static bool is_within(const strided_attr *a)
{
    int64_t lo, hi, n = 1;
    extent(&a->size, &a->stride, a->offset, &lo, &hi);
    for (int i = 0; i < a->base_size.n; i++) n *= a->base_size.v[i];
    return is_plain(a) && lo >= a->base_offset && hi < a->base_offset + (n ? n : 1);
}

/* Memory that covers both geometries, seen as the base and as the region. *at: element 0 of it, in the storage's count. */
static tp_tensor *cover(const strided_attr *a, const tp_tensor *like, int64_t *at)
{
    int64_t lo, hi, lo2, hi2;
    extent(&a->size, &a->stride, a->offset, &lo, &hi);
    extent(&a->base_size, &a->base_stride, a->base_offset, &lo2, &hi2);
    *at = lo < lo2 ? lo : lo2;
    const int64_t n = (hi > hi2 ? hi : hi2) - *at + 1;
    tp_tensor *memory = tp__tensor_new(like->device, (tp_dtype)like->dtype, 1, &n);
    return memory ? tp_zero_(memory) : NULL;
}

static tp_tensor *see(tp_tensor *memory, const tp__ints *size, const tp__ints *stride, int64_t offset)
{
    return tp__alias(memory, (int)size->n, size->v, stride->v, offset);
}

/* x, which has the base's shape, in memory laid out as the base's. *at as above. */
static tp_tensor *laid_out(const strided_attr *a, tp_tensor *x, int64_t *at)
{
    *at = a->base_offset;
    if (!x) return NULL;
    if (is_within(a)) {
        tp_tensor *plain = tp_contiguous(x);
        if (plain) *at -= tp__offset_of(plain);
        return plain;
    }
    tp_tensor *memory = cover(a, x, at), *base = memory ? see(memory, &a->base_size, &a->base_stride, a->base_offset - *at) : NULL;
    return base && tp_copy_(base, x) ? memory : NULL;
}

static tp_status quietly(tp_status (*work)(tp__call *), tp__call *call)
{
    TP_NO_GRAD();
    return work(call);
}

/* ---- as_strided -------------------------------------------------------------------------------------------------------------- */

static tp_status check_geometry(tp__call *call, strided_attr *a)
{
    const tp_tensor *x = call->in[0];
    if (a->size.n != a->stride.n)
        return tp__call_fail(call, TP_ERR_SHAPE, "%lld sizes and %lld strides", (long long)a->size.n, (long long)a->stride.n);
    if (a->offset == TP_NONE) a->offset = tp__offset_of(x);
    bool empty = false;
    for (int i = 0; i < a->size.n; i++) {
        if (a->size.v[i] < 0 || a->stride.v[i] < 0)
            return tp__call_fail(call, TP_ERR_SHAPE, "size %lld and stride %lld of dim %d must not be negative",
                                 (long long)a->size.v[i], (long long)a->stride.v[i], i);
        empty |= !a->size.v[i];
    }
    __int128 last = a->offset;
    for (int i = 0; i < a->size.n && !empty && last <= INT64_MAX; i++) last += (__int128)(a->size.v[i] - 1) * a->stride.v[i];
    const int64_t room = (int64_t)(x->storage->used / tp_dtype_size((tp_dtype)x->dtype));
    const int64_t far = (int64_t)1 << 44;              /* where nothing lies no offset is wrong, but it must remain an address */
    if (a->offset < 0 || last >= (empty ? far : room))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s with strides %s and offset %lld goes beyond the storage of %lld elements",
                             tp__dims_text((int)a->size.n, a->size.v), tp__dims_text((int)a->stride.n, a->stride.v), (long long)a->offset, (long long)room);
    return TP_OK;
}

static tp_status as_strided_shape(tp__call *call)
{
    strided_attr *a = (strided_attr *)(uintptr_t)call->attr;
    tp_tensor *x = call->in[0];
    const tp_status status = check_geometry(call, a);
    if (status) return status;
    tp_tensor *y = tp__out_view(call, x, (int)a->size.n, a->size.v, a->stride.v, a->offset);
    if (y) tp__strided_geometry(a, y, x);
    return tp__made(y);
}

static tp_status gather_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    strided_attr a = *(const strided_attr *)tp__attr(node);
    return tp__made(dx[0] = tp__run1(&op_sum, dy, 1, &a, NULL));
}

static void strided_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INTS_ARG(2, 2, 2), TP__INTS_ARG(2, 1, 4), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6), -2, 2)), TP__INTS_ARG(2, 3, 3), TP__INTS_ARG(2, 1, 1));
}

const tp_op tp__op_as_strided = { .schema = "as_strided(Tensor input, int[] size, int[] stride, int? storage_offset=none) -> Tensor",
    .flags = TP__VIEW, .shape = as_strided_shape, .backward = gather_rule, .attr_size = sizeof(strided_attr), .samples = strided_samples, .state = TP__STATE };

/* ---- The linear maps: internal, with the whole geometry as attributes ------------------------------------------------------------ */

static bool is_countable(const tp__ints *size, const tp__ints *stride, int64_t offset)
{
    int64_t n = 1;
    __int128 reach = offset < 0 ? -(__int128)offset : offset;
    for (int i = 0; i < size->n; i++) {
        if (size->n != stride->n || size->v[i] < 0 || stride->v[i] < 0 || __builtin_mul_overflow(n, size->v[i] ? size->v[i] : 1, &n)) return false;
        reach += (__int128)size->v[i] * stride->v[i];
        if (reach > INT64_MAX / 64) return false;
    }
    return size->n == stride->n && reach <= INT64_MAX / 64;
}
static bool has_size(const tp_tensor *x, const tp__ints *size)
{
    return x->ndim == size->n && !memcmp(x->shape, size->v, sizeof *x->shape * x->ndim);
}
/* A rule gives geometries of tensors there are; a caller by name may give any. x must have the size of one of them. */
static tp_status check_attributes(tp__call *call, const tp_tensor *x, const tp__ints *size)
{
    const strided_attr *a = call->attr;
    if (!is_countable(&a->size, &a->stride, a->offset) || !is_countable(&a->base_size, &a->base_stride, a->base_offset))
        return tp__call_fail(call, TP_ERR_SHAPE, "%s of %s is no geometry", tp__dims_text((int)a->size.n, a->size.v),
                             tp__dims_text((int)a->base_size.n, a->base_size.v));
    if (has_size(x, size)) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "%s is not %s", tp__shape_text(x), tp__dims_text((int)size->n, size->v));
}
static tp_status gather_shape(tp__call *call)
{
    const strided_attr *a = call->attr;
    if (check_attributes(call, call->in[0], &a->base_size)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, (int)a->size.n, a->size.v));
}
static tp_status gather_work(tp__call *call)
{
    const strided_attr *a = call->attr;
    int64_t at;
    tp_tensor *memory = laid_out(a, tp_detach(call->in[0]), &at);
    tp_tensor *region = memory ? see(memory, &a->size, &a->stride, a->offset - at) : NULL;
    return region ? tp__made(tp_copy_(call->out[0], region)) : tp__pending();
}
static tp_status gather_forward(tp__call *call) { return quietly(gather_work, call); }

static tp_status sum_shape(tp__call *call)
{
    const strided_attr *a = call->attr;
    if (check_attributes(call, call->in[0], &a->size)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, (int)a->base_size.n, a->base_size.v));
}
/* The dim to go through one by one where elements of the region may coincide; -1: none does. */
static int overlapping_dim(const tp_tensor *region)
{
    int order[TP_MAX_DIMS];
    int64_t reach = 1;                                 /* of the dims with smaller strides */
    const int n = tp__dims_by_stride(region, order);
    for (int i = n - 1; i >= 0; i--) {
        if (region->stride[order[i]] < reach) {        /* it, or a shorter one of those that it coincides with */
            int best = order[i];
            for (int k = i + 1; k < n; k++)
                if (region->shape[order[k]] < region->shape[best]) best = order[k];
            return best;
        }
        reach += (region->shape[order[i]] - 1) * region->stride[order[i]];
    }
    return -1;
}
/* region += x; dim by dim of what overlaps, in a fixed order. */
static tp_status sum_into(tp_tensor *region, tp_tensor *x)
{
    const int dim = region && x ? overlapping_dim(region) : -1;
    if (dim < 0) return tp__made(tp_add_(region, x));
    for (int64_t i = 0; i < region->shape[dim]; i++) {
        TP_SCOPE();
        const tp_status status = sum_into(tp_select(region, dim, i), tp_select(x, dim, i));
        if (status) return status;
    }
    return TP_OK;
}
/* The same one by one in the region's order: in 16 bits, which are rounded after each, as PyTorch. */
static tp_status sum_in_order(tp_tensor *region, tp_tensor *x)
{
    int64_t n = 1;
    for (int d = 0; d < region->ndim; d++) n += (region->shape[d] - 1) * region->stride[d];
    tp_tensor *flat = tp__alias(region, 1, &n, &(int64_t){ 1 }, tp__offset_of(region));
    tp_tensor *place = tp_arange(0, (double)n, 1, .dtype = TP_I64, .device = region->device);
    place = place ? tp__alias(place, region->ndim, region->shape, region->stride, tp__offset_of(place)) : NULL;
    const tp_shape all = TP_SHAPE(region->numel);
    tp_tensor *sum = flat && place ? tp__scatter_reduce_stepwise(flat, 0, tp_reshape(place, all), tp_reshape(x, all), TP_REDUCE_SUM) : NULL;
    return sum ? tp__made(tp_copy_(flat, sum)) : tp__pending();
}
/* The region, which is zero, becomes x, summed where the region stands still. */
static tp_status set_sum(tp_tensor *region, tp_tensor *x)
{
    tp_sum_options still = { .size = offsetof(tp_sum_options, tp__end), .keepdim = true };
    for (int d = 0; region && d < region->ndim; d++)
        if (!region->stride[d] && region->shape[d] > 1) still.dims.dim[still.dims.n++] = d;
    if (still.dims.n) x = tp_sum_with(x, &still);
    for (int i = 0; i < still.dims.n; i++) region = tp_narrow(region, still.dims.dim[i], 0, 1);
    if (!region || !x) return tp__pending();
    if (overlapping_dim(region) < 0) return tp__made(tp_copy_(region, x));
    return region->dtype == TP_F16 || region->dtype == TP_BF16 ? sum_in_order(region, x) : sum_into(region, x);
}
static tp_status sum_work(tp__call *call)
{
    const strided_attr *a = call->attr;
    int64_t at = a->base_offset;
    const bool within = is_within(a);
    if (!call->out[0]->numel) return TP_OK;            /* wherever the region lies */
    tp_tensor *memory = within ? tp_zero_(call->out[0]) : cover(a, call->in[0], &at);
    tp_tensor *region = memory ? see(memory, &a->size, &a->stride, a->offset - at) : NULL;
    tp_tensor *base = memory && !within ? see(memory, &a->base_size, &a->base_stride, a->base_offset - at) : NULL;
    if (!region || (!base && !within)) return tp__pending();
    const tp_status status = region->numel ? set_sum(region, tp_detach(call->in[0])) : TP_OK;
    return status || within ? status : tp__made(tp_copy_(call->out[0], base));
}
static tp_status sum_forward(tp__call *call) { return quietly(sum_work, call); }
static tp_status sum_rule(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    (void)need;
    strided_attr a = *(const strided_attr *)tp__attr(node);
    return tp__made(dx[0] = tp__run1(&op_gather, g, 1, &a, NULL));
}

#define GEOMETRY "int[] size, int[] stride, int storage_offset, int[] base_size, int[] base_stride, int base_offset"
#define GEOMETRY_ARGS TP__INTS_ARG(2, 2, 2), TP__INTS_ARG(2, 1, 4), TP__INT_ARG(1), TP__INTS_ARG(2, 3, 4), TP__INTS_ARG(2, 4, 1), TP__INT_ARG(0)
static void gather_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), GEOMETRY_ARGS); }
static void sum_samples(tp_sample_set *set) { TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)), GEOMETRY_ARGS); }

static const tp_op op_gather = { .schema = "strided_gather(Tensor input, " GEOMETRY ") -> Tensor", .flags = TP__INTERNAL, .shape = gather_shape,
    .forward = gather_forward, .backward = gather_rule, .attr_size = sizeof(strided_attr), .samples = gather_samples, .state = TP__STATE };
static const tp_op op_sum = { .schema = "strided_sum(Tensor input, " GEOMETRY ") -> Tensor", .flags = TP__INTERNAL, .shape = sum_shape,
    .forward = sum_forward, .backward = sum_rule, .attr_size = sizeof(strided_attr), .samples = sum_samples, .state = TP__STATE };

/* ---- strided_scatter ------------------------------------------------------------------------------------------------------------------ */

static tp_status scatter_shape(tp__call *call)
{
    const strided_attr *a = call->attr;
    if (check_attributes(call, call->in[0], &a->base_size) || check_attributes(call, call->in[1], &a->size)) return tp__pending();
    return tp__made(tp__out(call, (tp_dtype)call->in[0]->dtype, (int)a->base_size.n, a->base_size.v));
}
static tp_status scatter_work(tp__call *call)
{
    const strided_attr *a = call->attr;
    int64_t at;
    if (is_within(a)) {
        tp_tensor *part = tp_copy_(call->out[0], tp_detach(call->in[0])) ? see(call->out[0], &a->size, &a->stride, a->offset - a->base_offset) : NULL;
        return part ? tp__made(tp_copy_(part, tp_detach(call->in[1]))) : tp__pending();
    }
    tp_tensor *x = tp_clone(tp_detach(call->in[0])), *memory = x ? laid_out(a, x, &at) : NULL;
    tp_tensor *region = memory ? see(memory, &a->size, &a->stride, a->offset - at) : NULL;
    tp_tensor *base = memory ? see(memory, &a->base_size, &a->base_stride, a->base_offset - at) : NULL;
    if (!region || !base || !tp_copy_(region, tp_detach(call->in[1]))) return tp__pending();
    return tp__made(tp_copy_(call->out[0], base));
}
static tp_status scatter_forward(tp__call *call) { return quietly(scatter_work, call); }
static tp_status scatter_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    strided_attr a = *(const strided_attr *)tp__attr(node);
    if (need & 1) {
        tp_tensor *nothing = tp__tensor_new(dy[0]->device, (tp_dtype)dy[0]->dtype, (int)a.size.n, a.size.v);
        {
            TP_NO_GRAD();
            nothing = tp_zero_(nothing);
        }
        if (!(dx[0] = tp__run1(&tp__op_strided_scatter, (tp_tensor *[]){ dy[0], nothing }, 2, &a, NULL))) return tp__pending();
    }
    if (need & 2 && !(dx[1] = tp__run1(&op_gather, dy, 1, &a, NULL))) return tp__pending();
    return TP_OK;
}
static void scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)), GEOMETRY_ARGS);
}
const tp_op tp__op_strided_scatter = { .schema = "strided_scatter(Tensor input, Tensor src, " GEOMETRY ") -> Tensor", .flags = TP__INTERNAL,
    .shape = scatter_shape, .forward = scatter_forward, .backward = scatter_rule, .attr_size = sizeof(strided_attr),
    .samples = scatter_samples, .state = TP__STATE };

/* ---- Between complex numbers and their parts: one of base and region is complex, and the geometry counts in parts ------------------------ */

static tp_tensor *parts_of(tp_tensor *x) { return x && tp__is_complex(x->dtype) ? tp_view_as_real(x) : x; }
static tp_tensor *joined(tp_tensor *parts) { return tp_view_as_complex(tp_contiguous(parts)); }      /* which may lie anywhere in a base */
/* Of the one that dy is not */
static tp_tensor *as_the_other(const tp_tensor *dy, tp_tensor *parts) { return tp__is_complex(dy->dtype) ? parts : joined(parts); }

static tp_status gather_parts_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *g = parts_of(dy[0]), *sum = g ? tp__run1(&op_sum, &g, 1, tp__attr(node), NULL) : NULL;
    return tp__made(dx[0] = as_the_other(dy[0], sum));
}
static tp_status scatter_parts_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *g = parts_of(dy[0]), *d[2] = { NULL };
    if (!g || scatter_rule(node, &g, need, d)) return tp__pending();
    if (need & 1 && !(dx[0] = tp__is_complex(dy[0]->dtype) ? joined(d[0]) : d[0])) return tp__pending();
    return need & 2 ? tp__made(dx[1] = as_the_other(dy[0], d[1])) : TP_OK;
}
const tp_op tp__op_as_strided_parts = { .schema = "as_strided_parts(Tensor input, int[] size, int[] stride, int storage_offset) -> Tensor",
    .flags = TP__INTERNAL, .backward = gather_parts_rule, .attr_size = sizeof(strided_attr), .state = TP__STATE };
const tp_op tp__op_strided_scatter_parts = { .schema = "strided_scatter_parts(Tensor input, Tensor src, " GEOMETRY ") -> Tensor", .flags = TP__INTERNAL,
    .backward = scatter_parts_rule, .attr_size = sizeof(strided_attr), .state = TP__STATE };

/* ---- For other files of views ------------------------------------------------------------------------------------------------------------- */

static strided_attr region_of_plain(const tp__geometry *region, int ndim, const int64_t *shape)
{
    const tp__geometry base = tp__geometry_plain(ndim, shape);
    return (strided_attr){ tp__ints_of(region->shape, region->ndim), tp__ints_of(region->stride, region->ndim), region->offset,
                           tp__ints_of(base.shape, ndim), tp__ints_of(base.stride, ndim), 0 };
}
tp_tensor *tp__region_sum(tp_tensor *dy, const tp__geometry *region, int ndim, const int64_t *shape)
{
    const strided_attr a = region_of_plain(region, ndim, shape);
    return dy ? tp__run1(&op_sum, &dy, 1, &a, NULL) : NULL;
}
tp_tensor *tp__region_replace(tp_tensor *x, tp_tensor *src, const tp__geometry *region)
{
    const strided_attr a = region_of_plain(region, x->ndim, x->shape);
    src = tp_to_dtype(src, (tp_dtype)x->dtype);
    return src ? tp__run1(&tp__op_strided_scatter, (tp_tensor *[]){ x, src }, 2, &a, NULL) : NULL;
}

/* ---- as_strided_scatter: what x's storage holds, with the region replaced; of it, x's geometry ------------------------------------------------
 * PyTorch's gradient of x is dy where src was written, and 0 elsewhere: not the derivative, which is the rest of dy. It is followed here
 * alone; views and slices have the derivative. */

static tp_status taken_rule(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    strided_attr a = *(const strided_attr *)tp__attr(node);
    tp_tensor *part = tp__run1(&op_gather, dy, 1, &a, NULL);
    if (need & 1) dx[0] = tp__run1(&tp__op_strided_scatter, (tp_tensor *[]){ tp_zeros_like(dy[0]), part }, 2, &a, NULL);
    if (need & 2) dx[1] = part;
    return tp__made(need & 1 ? dx[0] : part);
}
static void taken_samples(tp_sample_set *set)           /* x without a gradient, whose numbers would tell another one */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2))),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)), GEOMETRY_ARGS);
}
static const tp_op op_taken = { .schema = "strided_scatter_taken(Tensor input, Tensor src, " GEOMETRY ") -> Tensor", .flags = TP__INTERNAL,
    .shape = scatter_shape, .forward = scatter_forward, .backward = taken_rule, .attr_size = sizeof(strided_attr),
    .samples = taken_samples, .state = TP__STATE };

static tp_status as_strided_scatter_compose(tp__call *call)
{
    strided_attr a = { 0 };
    memcpy(&a, call->attr, offsetof(strided_attr, base_size));
    tp_tensor *const x = call->in[0], *src = call->in[1];
    if (check_geometry(call, &a)) return tp__pending();
    if (!has_size(src, &a.size))
        return tp__call_fail(call, TP_ERR_SHAPE, "src is %s, the part that it replaces %s", tp__shape_text(src), tp__dims_text((int)a.size.n, a.size.v));
    a.base_size = tp__ints_of(x->shape, x->ndim);
    a.base_stride = tp__ints_of(x->stride, x->ndim);
    a.base_offset = tp__offset_of(x);
    src = tp_to_dtype(src, (tp_dtype)x->dtype);
    return tp__made(tp__out_made(call, src ? tp__run1(&op_taken, (tp_tensor *[]){ x, src }, 2, &a, NULL) : NULL));
}
static void as_strided_scatter_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp_detach(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2))), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2), -2, 2)),
             TP__INTS_ARG(2, 2, 2), TP__INTS_ARG(2, 1, 4), TP__INT_ARG(1));
}
static const tp_op op_as_strided_scatter = { .schema = "as_strided_scatter(Tensor input, Tensor src, int[] size, "
    "int[] stride, int? storage_offset=none) -> Tensor", .compose = as_strided_scatter_compose,
    .attr_size = offsetof(strided_attr, base_size), .samples = as_strided_scatter_samples, .state = TP__STATE };
static const tp_op op_as_strided_copy = TP__COPY_FORM("as_strided_copy(Tensor input, int[] size, int[] stride, int? storage_offset=none) -> Tensor",
    tp__op_as_strided, sizeof(strided_attr), strided_samples);
static const tp_op op_as_strided_ = TP__RELAY_FORM("as_strided_(Tensor! input, int[] size, int[] stride, int? storage_offset=none) -> Tensor",
    tp__op_as_strided, sizeof(strided_attr), strided_samples);

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------ */

tp_tensor *tp_as_strided(tp_tensor *x, tp_shape shape, const int64_t *strides, int64_t offset)
{
    strided_attr a = { .size.n = shape.ndim, .stride.n = shape.ndim, .offset = offset };
    if (shape.ndim < 0 || shape.ndim > TP_MAX_DIMS) return tp_fail(TP_ERR_SHAPE, "as_strided: %d dims", shape.ndim), NULL;
    if (!strides && shape.ndim) return tp_fail(TP_ERR_ARGUMENT, "as_strided: strides is NULL"), NULL;
    memcpy(a.size.v, shape.dim, sizeof *shape.dim * (size_t)shape.ndim);
    if (shape.ndim) memcpy(a.stride.v, strides, sizeof *strides * (size_t)shape.ndim);
    return tp__run1(&tp__op_as_strided, &x, 1, &a, TP__CALLER);
}

const tp_op *const tp__ops_strided[] = {
    &tp__op_as_strided, &op_gather, &op_sum, &tp__op_strided_scatter, &op_taken, &op_as_strided_scatter, &op_as_strided_copy, &op_as_strided_, NULL,
};
