/* view_size.c: dims of size 1 that come and go, and those that repeat.
 *
 *   squeeze, unsqueeze      dx = reshape(dy, shape of x)
 *   expand                  dx = dy summed to the shape of x */
#include "ops/view.h"
#include "ops/samples.h"

/* ---- squeeze: all dims of size 1, or those of them that are named -------------------------------------------------------------------- */

typedef struct squeeze_attr { tp__ints dim; } squeeze_attr;

static tp_status squeeze(tp__call *call, unsigned among)
{
    tp_tensor *x = call->in[0];
    tp__geometry g = { .offset = tp__offset_of(x) };
    for (int d = 0; d < x->ndim; d++) {
        if (among >> d & 1 && x->shape[d] == 1) continue;
        g.shape[g.ndim] = x->shape[d];
        g.stride[g.ndim++] = x->stride[d];
    }
    call->keep_shape = 1;
    return tp__made(tp__out_geometry(call, x, &g));
}
static tp_status squeeze_shape(tp__call *call) { return squeeze(call, ~0u); }
static tp_status squeeze_dim_shape(tp__call *call)
{
    const tp__ints *dims = &((const squeeze_attr *)call->attr)->dim;
    unsigned among = 0;
    for (int i = 0; i < dims->n; i++) {
        int d;
        if (tp__take_dim(call, dims->v[i], call->in[0], &d)) return tp__pending();
        if (among >> d & 1) return tp__call_fail(call, TP_ERR_SHAPE, "dim %d is given twice", d);
        among |= 1u << d;
    }
    return squeeze(call, among);
}

static void squeeze_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3, 1, 2), -2, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)));
}
static void squeeze_dim_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3, 1, 2), -2, 2)), TP__INT_ARG(-2));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 3, 1, 2), -2, 2)), TP__INTS_ARG(2, 0, 1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 1), -2, 2)), TP__INT_ARG(1));
}

static const tp_op op_squeeze = { .schema = "squeeze(Tensor input) -> Tensor", .flags = TP__VIEW, .shape = squeeze_shape,
    .backward = tp__to_shape, .samples = squeeze_samples, .state = TP__STATE };
static const tp_op op_squeeze_dim = { .schema = "squeeze.dim(Tensor input, int[] dim) -> Tensor", .flags = TP__VIEW, .shape = squeeze_dim_shape,
    .backward = tp__to_shape, .attr_size = sizeof(squeeze_attr), .samples = squeeze_dim_samples, .state = TP__STATE };

/* ---- unsqueeze ----------------------------------------------------------------------------------------------------------------------- */

typedef struct dim_attr { int64_t dim; } dim_attr;
static tp_status unsqueeze_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    int at;
    if (x->ndim == TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "%s has as many dims as there can be", tp__shape_text(x));
    if (tp__take_dim_of(call, ((const dim_attr *)call->attr)->dim, x->ndim + 1, x, &at)) return tp__pending();
    tp__geometry g = { .offset = tp__offset_of(x) };
    for (int d = 0; d <= x->ndim; d++) {
        if (d == at) {
            g.stride[g.ndim] = d < x->ndim ? x->shape[d] * x->stride[d] : 1;
            g.shape[g.ndim++] = 1;
        }
        if (d == x->ndim) break;
        g.shape[g.ndim] = x->shape[d];
        g.stride[g.ndim++] = x->stride[d];
    }
    call->keep_shape = 1;
    return tp__made(tp__out_geometry(call, x, &g));
}
static void unsqueeze_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(-1));
}
static const tp_op op_unsqueeze = { .schema = "unsqueeze(Tensor input, int dim) -> Tensor", .flags = TP__VIEW, .shape = unsqueeze_shape,
    .backward = tp__to_shape, .attr_size = sizeof(dim_attr), .samples = unsqueeze_samples, .state = TP__STATE };

static const tp_op op_squeeze_ = TP__RELAY_FORM("squeeze_(Tensor! input) -> Tensor", op_squeeze, 0, squeeze_samples);
static const tp_op op_squeeze_dim_ = TP__RELAY_FORM("squeeze_.dim(Tensor! input, int[] dim) -> Tensor", op_squeeze_dim,
                                                    sizeof(squeeze_attr), squeeze_dim_samples);
static const tp_op op_unsqueeze_ = TP__RELAY_FORM("unsqueeze_(Tensor! input, int dim) -> Tensor", op_unsqueeze, sizeof(dim_attr), unsqueeze_samples);
static const tp_op op_squeeze_copy = TP__COPY_FORM("squeeze_copy(Tensor input) -> Tensor", op_squeeze, 0, squeeze_samples);
static const tp_op op_squeeze_dim_copy = TP__COPY_FORM("squeeze_copy.dim(Tensor input, int[] dim) -> Tensor",
                                                       op_squeeze_dim, sizeof(squeeze_attr), squeeze_dim_samples);
static const tp_op op_unsqueeze_copy = TP__COPY_FORM("unsqueeze_copy(Tensor input, int dim) -> Tensor", op_unsqueeze, sizeof(dim_attr), unsqueeze_samples);

/* ---- expand and its other names --------------------------------------------------------------------------------------------------------- */

typedef struct expand_attr { tp__ints size; } expand_attr;
static tp_status expand_shape(tp__call *call)
{
    tp_tensor *x = call->in[0];
    tp__ints *size = &((expand_attr *)(uintptr_t)call->attr)->size;
    int64_t stride[TP_MAX_DIMS];
    const int lead = (int)size->n - x->ndim;
    if (lead < 0) return tp__call_fail(call, TP_ERR_SHAPE, "%s has more dims than %s", tp__shape_text(x), tp__dims_text((int)size->n, size->v));
    for (int i = (int)size->n - 1; i >= 0; i--) {
        const int d = i - lead;
        if (size->v[i] == -1 && d >= 0) size->v[i] = x->shape[d];
        if (size->v[i] < 0 || (d >= 0 && x->shape[d] != 1 && x->shape[d] != size->v[i]))
            return tp__call_fail(call, TP_ERR_SHAPE, "%s cannot become %s", tp__shape_text(x), tp__dims_text((int)size->n, size->v));
        if (d >= 0) stride[i] = x->shape[d] != 1 || size->v[i] == 1 ? x->stride[d] : 0;
        else stride[i] = size->v[i] == 1 && x->ndim ? size->v[i + 1] * stride[i + 1] : 0;     /* a new dim of 1, as in PyTorch */
    }
    call->keep_shape = 1;
    return tp__made(tp__out_view(call, x, (int)size->n, size->v, stride, tp__offset_of(x)));
}
static tp_status expand_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    return tp__made(dx[0] = tp__fit(node, 0, dy[0]));
}
static void expand_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -2, 2)), TP__INTS_ARG(3, 2, -1, 4));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INTS_ARG(2, 2, 1));
}
#define EXPAND(text) { .schema = text, .flags = TP__VIEW, .shape = expand_shape, .backward = expand_backward, .attr_size = sizeof(expand_attr), \
    .samples = expand_samples, .state = TP__STATE }
static const tp_op op_expand = EXPAND("expand(Tensor input, int[] size) -> Tensor");
static const tp_op op_broadcast_to = EXPAND("broadcast_to(Tensor input, int[] size) -> Tensor");

static const tp_op op_expand_copy = TP__COPY_FORM("expand_copy(Tensor input, int[] size) -> Tensor", op_expand, sizeof(expand_attr), expand_samples);

static tp_tensor *expand_to(tp_tensor *x, int ndim, const int64_t *shape)
{
    return tp__run1(&op_expand, &x, 1, &(expand_attr){ tp__ints_of(shape, ndim) }, NULL);
}
static tp_status expand_as_compose(tp__call *call)
{
    return tp__made(tp__out_made(call, expand_to(call->in[0], call->in[1]->ndim, call->in[1]->shape)));
}
static void expand_as_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 1), -2, 2)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3, 4), 3)));
}
static const tp_op op_expand_as = { .schema = "expand_as(Tensor input, Tensor other) -> Tensor", .compose = expand_as_compose,
    .samples = expand_as_samples, .state = TP__STATE };

static tp_status broadcast_tensors_compose(tp__call *call)
{
    int64_t shape[TP_MAX_DIMS];
    int ndim;
    if (!call->n_in) return tp__call_fail(call, TP_ERR_ARGUMENT, "the list of tensors is empty");
    if (!tp__broadcast_shape(call, call->n_in, &ndim, shape)) return tp__pending();
    for (int i = 0; i < call->n_in; i++)
        if (!tp__out_made(call, expand_to(call->in[i], ndim, shape))) return tp__pending();
    return TP_OK;
}
static void broadcast_tensors_samples(tp_sample_set *set)
{
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(3, 1), -1, 1), tp__sample_tensor(set, TP_SHAPE(2, 1, 4), -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = list });
}
static const tp_op op_broadcast_tensors = { .schema = "broadcast_tensors(Tensor[] tensors) -> Tensor[]", .compose = broadcast_tensors_compose,
    .samples = broadcast_tensors_samples, .state = TP__STATE };

/* ---- atleast_1d, 2d, 3d: leading dims of 1, and for 3d the third one comes last ------------------------------------------------------------- */

static tp_tensor *unsqueeze(tp_tensor *x, int64_t dim) { return x ? tp__run1(&op_unsqueeze, &x, 1, &(dim_attr){ dim }, NULL) : NULL; }

tp_tensor *tp__at_least(tp_tensor *x, int ndim)
{
    if (x && x->ndim < 1 && ndim > 0) x = unsqueeze(x, 0);
    if (x && x->ndim < 2 && ndim > 1) x = unsqueeze(x, 0);
    return x && x->ndim < 3 && ndim > 2 ? unsqueeze(x, -1) : x;
}
static tp_status at_least_compose(tp__call *call, int ndim)
{
    for (int i = 0; i < call->n_in; i++)
        if (!tp__out_made(call, tp__at_least(call->in[i], ndim))) return tp__pending();
    return TP_OK;
}
static tp_status at_least_1d(tp__call *call) { return at_least_compose(call, 1); }
static tp_status at_least_2d(tp__call *call) { return at_least_compose(call, 2); }
static tp_status at_least_3d(tp__call *call) { return at_least_compose(call, 3); }
static void at_least_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -1, 1)));
}
#define AT_LEAST(n) \
    static const tp_op op_atleast_##n##d = { .schema = "atleast_" #n "d(Tensor input) -> Tensor", .compose = at_least_##n##d, \
        .samples = at_least_samples, .state = TP__STATE }; \
    static const tp_op op_atleast_##n##d_list = { .schema = "atleast_" #n "d.tensors(Tensor[] tensors) -> Tensor[]", .compose = at_least_##n##d, \
        .samples = broadcast_tensors_samples, .state = TP__STATE };
AT_LEAST(1)
AT_LEAST(2)
AT_LEAST(3)

/* ---- sum_to_size: the way back of an expand -------------------------------------------------------------------------------------------------- */

static tp_status sum_to_size_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const tp__ints *size = &((const expand_attr *)call->attr)->size;
    const int lead = x->ndim - (int)size->n;
    bool fits = lead >= 0;
    for (int d = 0; d < size->n && fits; d++) fits = size->v[d] == x->shape[lead + d] || size->v[d] == 1;
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s does not come from %s by expanding it", tp__shape_text(x), tp__dims_text((int)size->n, size->v));
    if (!size->n) return tp__made(tp__out_made(call, tp_sum(x)));        /* int64 of integers, even where there is nothing to add */
    return tp__made(tp__out_made(call, tp__reduce_to(x, (int)size->n, size->v, TP_DTYPE_DEFAULT)));
}
static void sum_to_size_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3, 4), -1, 1)), TP__INTS_ARG(2, 3, 1));
}
static const tp_op op_sum_to_size = { .schema = "sum_to_size(Tensor input, int[] size) -> Tensor", .compose = sum_to_size_compose,
    .attr_size = sizeof(expand_attr), .samples = sum_to_size_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_squeeze_with(tp_tensor *x, const tp_squeeze_options *options)
{
    tp_squeeze_options o = TP__BRACES(squeeze, );
    if (tp_options_take("squeeze", &o, options, offsetof(tp_squeeze_options, tp__end))) return NULL;
    squeeze_attr attr;
    if (!tp__take_dims("squeeze", &o.dims, &attr.dim)) return NULL;
    return attr.dim.n ? tp__run1(&op_squeeze_dim, &x, 1, &attr, TP__CALLER) : tp__run1(&op_squeeze, &x, 1, NULL, TP__CALLER);
}

tp_tensor *tp_unsqueeze(tp_tensor *x, int dim) { return tp__run1(&op_unsqueeze, &x, 1, &(dim_attr){ dim }, TP__CALLER); }

tp_tensor *tp_expand(tp_tensor *x, tp_shape shape)
{
    if (!x || !tp__shape_is_good("expand", &shape)) return NULL;
    return tp__run1(&op_expand, &x, 1, &(expand_attr){ tp__ints_of(shape.dim, shape.ndim) }, TP__CALLER);
}

tp_tensor *tp_broadcast_to(tp_tensor *x, tp_shape shape)
{
    if (!x || !tp__shape_is_good("broadcast_to", &shape)) return NULL;
    return tp__run1(&op_broadcast_to, &x, 1, &(expand_attr){ tp__ints_of(shape.dim, shape.ndim) }, TP__CALLER);
}
tp_tensor *tp_expand_as(tp_tensor *x, tp_tensor *other) { return tp__run1(&op_expand_as, (tp_tensor *[]){ x, other }, 2, NULL, TP__CALLER); }
tp_tensor *tp_atleast_1d(tp_tensor *x) { return tp__run1(&op_atleast_1d, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_atleast_2d(tp_tensor *x) { return tp__run1(&op_atleast_2d, &x, 1, NULL, TP__CALLER); }
tp_tensor *tp_atleast_3d(tp_tensor *x) { return tp__run1(&op_atleast_3d, &x, 1, NULL, TP__CALLER); }
tp_status tp_broadcast_tensors(tp_tensor_list tensors, tp_tensor **out, int max, int *n)
{
    return tp__give_several(&op_broadcast_tensors, &tensors, NULL, out, max, n, TP__CALLER);
}

const tp_op *const tp__ops_view_size[] = {
    &op_squeeze, &op_squeeze_dim, &op_unsqueeze, &op_squeeze_, &op_squeeze_dim_, &op_unsqueeze_, &op_squeeze_copy, &op_squeeze_dim_copy,
    &op_unsqueeze_copy, &op_expand_copy, &op_expand, &op_broadcast_to, &op_expand_as, &op_broadcast_tensors, &op_atleast_1d, &op_atleast_2d,
    &op_atleast_3d, &op_atleast_1d_list, &op_atleast_2d_list, &op_atleast_3d_list, &op_sum_to_size, NULL,
};
