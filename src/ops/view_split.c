/* view_split.c: one tensor as several views of it.
 *
 *   split, chunk, unbind           one node for all: dx = the dy joined, zeros where there is none
 *   tensor_split, hsplit, ..       a slice each
 *
 * Views that one op returned as several are not to be written in place while recording (TP__MULTI_VIEW), as in PyTorch. The
 * unsafe forms and tensor_split return slices, which may be written. */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- Joining gradients ------------------------------------------------------------------------------------------------------------- */

static tp_tensor *zeros(const tp_tensor *like, int ndim, const int64_t *shape)
{
    return tp_zeros(tp__shape(ndim, shape), .dtype = (tp_dtype)like->dtype, .device = like->device);
}

/* n parts of dim of the kept input; sizes NULL: each is 1 wide, and dy lacks the dim. */
static tp_status join(const tp_node *node, tp_tensor *const *dy, int64_t dim, int64_t n, const int64_t *sizes, tp_tensor **dx)
{
    const tp__kept_shape *kept = tp__kept(node, 0);
    tp_shape shape = tp__kept_shape_of(kept);
    int64_t given = 0, start = 0, at = 0;
    tp_tensor *one = NULL;
    for (int64_t i = 0; i < n; at += sizes ? sizes[i] : 1, i++) {
        if (!dy[i]) continue;
        one = dy[i];
        start = at;
        given++;
    }
    if (!given) return TP_OK;
    shape.dim[dim] = 1;
    if (given == 1) return tp__made(dx[0] = tp__embed(node, sizes ? one : tp_reshape(one, shape), dim, start));
    tp_tensor **part = tp_mem_alloc((size_t)n * sizeof *part);
    bool complete = part;
    for (int64_t i = 0; i < n && complete; i++) {
        shape.dim[dim] = sizes ? sizes[i] : 1;
        part[i] = !dy[i] ? zeros(one, shape.ndim, shape.dim) : sizes ? dy[i] : tp_reshape(dy[i], shape);
        complete = part[i];
    }
    dx[0] = complete ? tp_cat((tp_tensor_list){ .at = part, .n = n }, (int)dim) : NULL;
    tp_mem_free(part, (size_t)n * sizeof *part);
    return tp__made(dx[0]);
}

/* ---- unbind ------------------------------------------------------------------------------------------------------------------------- */

typedef struct dim_attr { int64_t dim; } dim_attr;
static tp_status unbind_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to take apart");
    if (tp__take_dim(call, ((const dim_attr *)call->attr)->dim, x, &d)) return tp__pending();
    ((dim_attr *)(uintptr_t)call->attr)->dim = d;
    tp__geometry g = tp__geometry_of(x);
    const int64_t step = g.stride[d];
    g.ndim--;
    for (int i = d; i < g.ndim; i++) {
        g.shape[i] = g.shape[i + 1];
        g.stride[i] = g.stride[i + 1];
    }
    call->keep_shape = 1;
    for (int64_t i = 0; i < x->shape[d]; i++, g.offset += step) {
        tp_tensor *y = tp__out_geometry(call, x, &g);
        if (!y) return tp__pending();
        y->flags |= TP__MULTI_VIEW;
    }
    return TP_OK;
}
static tp_status unbind_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const int64_t dim = ((const dim_attr *)tp__attr(node))->dim;
    (void)need;
    return join(node, dy, dim, tp__kept(node, 0)->shape[dim], NULL, dx);
}
static void unbind_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -2, 2)), TP__INT_ARG(-2));
}
static const tp_op op_unbind = { .schema = "unbind(Tensor input, int dim=0) -> Tensor[]", .flags = TP__VIEW, .shape = unbind_shape,
    .backward = unbind_backward, .attr_size = sizeof(dim_attr), .samples = unbind_samples, .state = TP__STATE };
static const tp_op op_unbind_copy = TP__COPY_FORM("unbind_copy(Tensor input, int dim=0) -> Tensor[]", op_unbind, sizeof(dim_attr), unbind_samples);

/* ---- split: parts of one size, the last perhaps smaller ------------------------------------------------------------------------------ */

typedef struct split_attr { int64_t size, dim; } split_attr;         /* of the parts */

static tp_status give_part(tp__call *call, tp__geometry *g, int d, int64_t size, bool multi)
{
    g->shape[d] = size;
    tp_tensor *y = tp__out_geometry(call, call->in[0], g);
    g->offset += size * g->stride[d];
    if (y && multi) y->flags |= TP__MULTI_VIEW;
    return tp__made(y);
}
static int64_t count_parts(int64_t room, int64_t size) { return !room ? 1 : room / size + (room % size != 0); }

static tp_status split_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    split_attr *a = (split_attr *)(uintptr_t)call->attr;
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to take apart");
    if (tp__take_dim(call, a->dim, x, &d)) return tp__pending();
    const int64_t room = x->shape[d];
    a->dim = d;
    if (a->size < 0 || (!a->size && room))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "dim %d of %s cannot be split into parts of %lld", d, tp__shape_text(x), (long long)a->size);
    tp__geometry g = tp__geometry_of(x);
    call->keep_shape = 1;
    const int64_t n = count_parts(room, a->size);
    for (int64_t i = 0, left = room; i < n; i++, left -= a->size)
        if (give_part(call, &g, d, left < a->size ? left : a->size, true)) return tp__pending();
    return TP_OK;
}
static tp_status split_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const split_attr *a = tp__attr(node);
    const int64_t room = tp__kept(node, 0)->shape[a->dim], n = count_parts(room, a->size);
    int64_t *size = tp_mem_alloc((size_t)n * sizeof *size);
    (void)need;
    if (!size) return TP_ERR_MEMORY;
    for (int64_t i = 0, left = room; i < n; i++, left -= a->size) size[i] = left < a->size ? left : a->size;
    const tp_status status = join(node, dy, a->dim, n, size, dx);
    tp_mem_free(size, (size_t)n * sizeof *size);
    return status;
}
static void split_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 2), -2, 2)), TP__INT_ARG(2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)), TP__INT_ARG(3), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -2, 2)), TP__INT_ARG(0));
}
static const tp_op op_split = { .schema = "split(Tensor tensor, int split_size_or_sections, int dim=0) -> Tensor[]", .flags = TP__VIEW,
    .shape = split_shape, .backward = split_backward, .attr_size = sizeof(split_attr), .samples = split_samples, .state = TP__STATE };

static const tp_op op_split_copy = TP__COPY_FORM("split_copy(Tensor input, int split_size, int dim=0) -> Tensor[]",
                                                 op_split, sizeof(split_attr), split_samples);

/* ---- split by sizes ---------------------------------------------------------------------------------------------------------------------- */

typedef struct sections_attr { tp__int_list sizes; int64_t dim; } sections_attr;

/* The internal op's sizes come in a tensor, since an attribute cannot hold any number of them. */
static tp_status parts_shape(tp__call *call)
{
    tp_tensor *x = call->in[0], *sizes = call->in[1];
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to take apart");
    if (tp__take_dim(call, ((const dim_attr *)call->attr)->dim, x, &d)) return tp__pending();
    if (sizes->ndim != 1 || sizes->dtype != TP_I64 || sizes->device != TP_CPU)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "the sizes must be int64 on the cpu, in one dim");
    ((dim_attr *)(uintptr_t)call->attr)->dim = d;
    if (!(sizes = tp_contiguous(sizes))) return tp__pending();
    const int64_t *size = sizes->data;
    int64_t total = 0;
    for (int64_t i = 0; i < sizes->numel; i++) {
        if (size[i] < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "size %lld of part %lld is negative", (long long)size[i], (long long)i);
        if (__builtin_add_overflow(total, size[i], &total)) total = INT64_MAX;
    }
    if (total != x->shape[d])
        return tp__call_fail(call, TP_ERR_SHAPE, "the parts have %lld elements, dim %d of %s has %lld",
                             (long long)total, d, tp__shape_text(x), (long long)x->shape[d]);
    tp__geometry g = tp__geometry_of(x);
    call->keep_shape = 1;
    for (int64_t i = 0; i < sizes->numel; i++)
        if (give_part(call, &g, d, size[i], true)) return tp__pending();
    return TP_OK;
}
static tp_status parts_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *const sizes = tp_contiguous(tp__saved(node, 0));
    (void)need;
    return sizes ? join(node, dy, ((const dim_attr *)tp__attr(node))->dim, sizes->numel, sizes->data, dx) : tp__pending();
}
static void parts_samples(tp_sample_set *set)
{
    tp_tensor *sizes = tp_full(TP_SHAPE(3), 1);
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__TENSOR_ARG(sizes), TP__INT_ARG(1));
}
static const tp_op op_parts = { .schema = "split_parts(Tensor input, Tensor sizes, int dim) -> Tensor[]", .flags = TP__VIEW | TP__INTERNAL | TP__ANY_DEVICE,
    .shape = parts_shape, .backward = parts_backward, .saves = { TP__INPUT(1, 0) }, .attr_size = sizeof(dim_attr),
    .samples = parts_samples, .state = TP__STATE };

static tp_status sections_compose(tp__call *call)
{
    const sections_attr *a = call->attr;
    tp_tensor *sizes = tp__tensor_new(TP_CPU, TP_I64, 1, &a->sizes.n);
    if (!sizes) return tp__pending();
    if (a->sizes.n) memcpy(sizes->data, a->sizes.v, (size_t)a->sizes.n * sizeof *a->sizes.v);
    const int n = tp__run(&op_parts, (tp_tensor *[]){ call->in[0], sizes }, 2, &(dim_attr){ a->dim }, call->out, call->max_out, NULL);
    call->n_out = n < 0 ? 0 : n;
    return n < 0 ? (tp_status)n : TP_OK;
}
static void sections_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)), TP__INTS_ARG(3, 1, 0, 3), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__INTS_ARG(2, 1, 2));
}
#define SECTIONS(text) { .schema = text, .compose = sections_compose, .attr_size = sizeof(sections_attr), .samples = sections_samples, .state = TP__STATE }
static const tp_op op_split_sizes = SECTIONS("split.sizes(Tensor tensor, int[+] split_size_or_sections, int dim=0) -> Tensor[]");
static const tp_op op_split_with_sizes = SECTIONS("split_with_sizes(Tensor input, int[+] split_sizes, int dim=0) -> Tensor[]");
static const tp_op op_split_with_sizes_copy = TP__COPY_FORM("split_with_sizes_copy(Tensor input, int[+] split_sizes, int dim=0) -> Tensor[]",
    op_split_with_sizes, sizeof(sections_attr), sections_samples);

/* ---- chunk: at most so many parts, of one size ------------------------------------------------------------------------------------------ */

static tp_status chunk_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const split_attr *a = call->attr;
    int d;
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "a 0-dim tensor has nothing to take apart");
    if (a->size <= 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "chunks is %lld, and must be positive", (long long)a->size);
    if (tp__take_dim(call, a->dim, x, &d)) return tp__pending();
    const int64_t room = x->shape[d], size = room / a->size + (room % a->size != 0);
    int n;
    if (room) {
        n = tp__run(&op_split, call->in, 1, &(split_attr){ size, d }, call->out, call->max_out, NULL);
    } else {                                           /* as many empty parts as were asked for */
        if (a->size > call->max_out) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld chunks, there is room for %d", (long long)a->size, call->max_out);
        tp_tensor *sizes = tp__tensor_new(TP_CPU, TP_I64, 1, &a->size);
        if (!sizes) return tp__pending();
        memset(sizes->data, 0, (size_t)a->size * sizeof(int64_t));
        n = tp__run(&op_parts, (tp_tensor *[]){ x, sizes }, 2, &(dim_attr){ d }, call->out, call->max_out, NULL);
    }
    call->n_out = n < 0 ? 0 : n;
    return n < 0 ? (tp_status)n : TP_OK;
}
static void chunk_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 2), -2, 2)), TP__INT_ARG(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4), -2, 2)), TP__INT_ARG(2), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INT_ARG(2), TP__INT_ARG(1));
}
static const tp_op op_chunk = { .schema = "chunk(Tensor input, int chunks, int dim=0) -> Tensor[]", .compose = chunk_compose,
    .attr_size = sizeof(split_attr), .samples = chunk_samples, .state = TP__STATE };

/* The unsafe forms: no views to the tape of PyTorch, so that each may be written. Here they are views that may be. */
static tp_status forget_the_others(tp__call *call)
{
    const int n = tp__run(call->op->out_of_place, call->in, call->n_in, call->attr, call->out, call->max_out, NULL);
    for (int i = 0; i < n; i++) call->out[i]->flags &= (uint8_t)~TP__MULTI_VIEW;
    call->n_out = n < 0 ? 0 : n;
    return n < 0 ? (tp_status)n : TP_OK;
}
#define UNSAFE(text, of, bytes, give) { .schema = text, .compose = forget_the_others, .out_of_place = &(of), \
    .attr_size = bytes, .samples = give, .state = TP__STATE }
static const tp_op op_unsafe_chunk = UNSAFE("unsafe_chunk(Tensor input, int chunks, int dim=0) -> Tensor[]", op_chunk, sizeof(split_attr), chunk_samples);
static const tp_op op_unsafe_split = UNSAFE("unsafe_split(Tensor input, int split_size, int dim=0) -> Tensor[]", op_split, sizeof(split_attr), split_samples);
static const tp_op op_unsafe_split_with_sizes = UNSAFE("unsafe_split_with_sizes(Tensor input, int[+] split_sizes, int dim=0) -> Tensor[]",
    op_split_with_sizes, sizeof(sections_attr), sections_samples);

/* ---- Public ---------------------------------------------------------------------------------------------------------------------------- */

static tp_status give(const char *name, const tp_op *op, tp_tensor *x, const void *attr, tp_tensor **out, int max, int *n, const void *caller)
{
    return tp__outputs_are_good(name, out, max, n) ? tp__give_several(op, &(tp_tensor_list){ .at = &x, .n = 1 }, attr, out, max, n, caller) : TP_ERR_ARGUMENT;
}

tp_status tp_chunk(tp_tensor *x, int64_t chunks, int dim, tp_tensor **out, int max, int *n)
{
    return give("chunk", &op_chunk, x, &(split_attr){ chunks, dim }, out, max, n, TP__CALLER);
}

tp_status tp_split(tp_tensor *x, int64_t size, int dim, tp_tensor **out, int max, int *n)
{
    return give("split", &op_split, x, &(split_attr){ size, dim }, out, max, n, TP__CALLER);
}

tp_status tp_split_sizes(tp_tensor *x, const int64_t *sizes, int n_sizes, int dim, tp_tensor **out, int max, int *n)
{
    if (n_sizes < 0 || (n_sizes && !sizes)) return tp_fail(TP_ERR_ARGUMENT, "split_sizes: %d sizes, or the list of them is NULL", n_sizes);
    return give("split_sizes", &op_split_with_sizes, x, &(sections_attr){ { n_sizes, sizes }, dim }, out, max, n, TP__CALLER);
}

tp_status tp_unbind(tp_tensor *x, int dim, tp_tensor **out, int max, int *n)
{
    return give("unbind", &op_unbind, x, &(dim_attr){ dim }, out, max, n, TP__CALLER);
}

const tp_op *const tp__ops_view_split[] = {
    &op_unbind, &op_unbind_copy, &op_split, &op_split_copy, &op_parts, &op_split_sizes, &op_split_with_sizes, &op_split_with_sizes_copy, &op_chunk,
    &op_unsafe_chunk, &op_unsafe_split, &op_unsafe_split_with_sizes, NULL,
};
