/* loss_distance.c: how near two tensors are along a dim, and losses of that. All are made of other ops.
 *
 *   pairwise_distance      |x1 - x2 + eps|_p over the last dim
 *   cosine_similarity      sum(x1 / max(|x1|, eps) x2 / max(|x2|, eps)) over a dim
 *   cosine_embedding_loss  1 - cos(x1, x2) of a target 1, max(cos(x1, x2) - margin, 0) of -1
 *   triplet_margin_loss    max(margin + d(anchor, positive) - d(anchor, negative), 0), d the pairwise distance;
 *                          with swap the smaller of d(anchor, negative) and d(positive, negative) */
#include "ops/loss.h"

/* ---- Distance and similarity ------------------------------------------------------------------------------------------------------------ */

typedef struct distance_attr { double p, eps; bool keepdim; } distance_attr;

static tp_tensor *distance(tp_tensor *a, tp_tensor *b, double p, double eps, bool keepdim)
{
    return tp_linalg_vector_norm(tp_add(tp_sub(a, b), eps), .ord = p, .dims = TP_DIMS(-1), .keepdim = keepdim);
}

static tp_status pairwise_distance(tp__call *call)
{
    const distance_attr *attr = call->attr;
    call->out[call->n_out++] = distance(call->in[0], call->in[1], attr->p, attr->eps, attr->keepdim);
    return tp__made(call->out[0]);
}

/* At least eps; the gradient is that of the norm, as PyTorch's. */
static tp_tensor *bounded_norm(tp_tensor *x, int dim, double eps)
{
    tp_tensor *norm = tp_clone(tp_linalg_vector_norm(x, .dims = TP_DIMS(dim), .keepdim = true));
    if (!norm) return NULL;
    TP_NO_GRAD();
    return tp_masked_fill_(norm, tp_lt(norm, eps), eps);
}

typedef struct similarity_attr { int64_t dim; double eps; } similarity_attr;

static tp_status cosine_similarity(tp__call *call)
{
    const similarity_attr *attr = call->attr;
    const tp_dtype dtype = tp__result_type(call->in, 2);
    tp_shape shape;
    if (!tp__is_floating(dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "takes floating dtypes, not %s", tp_dtype_name(dtype));
    if (!tp__broadcast_shape(call, 2, &shape.ndim, shape.dim)) return tp__pending();
    if (attr->eps < 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "eps is %g, and has to be at least 0", attr->eps);
    const int dim = tp__dim(attr->dim, shape.ndim);
    if (dim < 0)
        return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for %s", (long long)attr->dim, tp__dims_text(shape.ndim, shape.dim));
    tp_tensor *a = tp_expand(tp_to_dtype(call->in[0], dtype), shape), *b = tp_expand(tp_to_dtype(call->in[1], dtype), shape);
    tp_tensor *product = tp_mul(tp_div(a, bounded_norm(a, dim, attr->eps)), tp_div(b, bounded_norm(b, dim, attr->eps)));
    call->out[call->n_out++] = tp_sum(product, .dims = TP_DIMS(dim));
    return tp__made(call->out[0]);
}

/* ---- Losses ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct embedding_attr { double margin; int32_t reduction; } embedding_attr;

static tp_status cosine_embedding_loss(tp__call *call)
{
    const embedding_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1], *target = call->in[2];
    const int dim = target->ndim;
    if (dim > 1 || a->ndim != dim + 1 || b->ndim != dim + 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "inputs %s and %s, target %s: these are [n], [n] and [], or [rows, n], [rows, n] and [rows]",
                             tp__shape_text(a), tp__shape_text(b), tp__shape_text(target));
    const double eps = 1e-12;
    tp_tensor *product = tp_sum(tp_mul(a, b), .dims = TP_DIMS(dim));
    tp_tensor *sizes = tp_mul(tp_add(tp_sum(tp_mul(a, a), .dims = TP_DIMS(dim)), eps), tp_add(tp_sum(tp_mul(b, b), .dims = TP_DIMS(dim)), eps));
    tp_tensor *cosine = tp_div(product, tp_sqrt(sizes));
    tp_tensor *near = tp_where(tp_eq(target, 1), tp_sub(1, cosine), 0);
    tp_tensor *far = tp_where(tp_eq(target, -1), tp__not_below_0(tp_sub(cosine, attr->margin)), 0);
    return tp__loss_is(call, tp_add(near, far), attr->reduction);
}

typedef struct triplet_attr { double margin, p, eps; bool swap; int32_t reduction; } triplet_attr;

static tp_status triplet(tp__call *call, const triplet_attr *attr)
{
    tp_tensor *anchor = call->in[0], *positive = call->in[1], *negative = call->in[2];
    if (anchor->ndim != positive->ndim || anchor->ndim != negative->ndim)
        return tp__call_fail(call, TP_ERR_SHAPE, "anchor %s, positive %s and negative %s have to have as many dims", tp__shape_text(anchor),
                             tp__shape_text(positive), tp__shape_text(negative));
    if (!(attr->margin > 0)) return tp__call_fail(call, TP_ERR_ARGUMENT, "margin is %g, and has to be above 0", attr->margin);
    tp_tensor *near = distance(anchor, positive, attr->p, attr->eps, false), *far = distance(anchor, negative, attr->p, attr->eps, false);
    if (attr->swap) {
        tp_tensor *other = distance(positive, negative, attr->p, attr->eps, false);
        far = tp_where(tp_lt(other, far), other, far);
    }
    return tp__loss_is(call, tp__not_below_0(tp_sub(tp_add(near, attr->margin), far)), attr->reduction);
}
static tp_status triplet_margin_loss(tp__call *call) { return triplet(call, call->attr); }

typedef struct by_distance_attr { double margin; bool swap; int32_t reduction; } by_distance_attr;
static tp_status triplet_with_distance(tp__call *call)
{
    const by_distance_attr *attr = call->attr;
    return triplet(call, &(triplet_attr){ attr->margin, 2, 1e-6, attr->swap, attr->reduction });
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------ */

static tp_tensor *rows(tp_sample_set *set) { return tp__sample_tensor(set, TP_SHAPE(4, 3), -2, 2); }

static void distance_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -2, 2)), TP__FLOAT_ARG(3), TP__FLOAT_ARG(1e-3),
             TP__BOOL_ARG(true));
}
static void similarity_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 2, 3), -2, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 1, 3), -2, 2)),
             TP__INT_NAMED("dim", -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 1, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 1, 2)),
             TP__INT_NAMED("dim", 0), TP__FLOAT_NAMED("eps", 0.5));
}

static tp_tensor *signs(int64_t n) { return tp_sub(tp_mul(2, tp__sample_indices(TP_SHAPE(n), 2)), 1); }

static void cosine_embedding_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(signs(4)), TP__FLOAT_ARG(-0.5));
    TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(signs(4)), TP__REDUCTION_ARG("none"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 1, 2)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), 1, 2)),
             TP__TENSOR_ARG(tp_scalar(1)), TP__REDUCTION_ARG("sum"));
}
static void triplet_samples(tp_sample_set *set)
{
    static const char *const reductions[] = { "mean", "sum", "none" };
    for (int i = 0; i < 3; i++)
        TP__GIVE(set, TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)), TP__TENSOR_ARG(rows(set)), TP__FLOAT_NAMED("margin", 1.5),
                 TP__BOOL_NAMED("swap", i == 1), TP__REDUCTION_ARG(reductions[i]));
}

/* ---- Descriptors, public -------------------------------------------------------------------------------------------------------------- */

static const tp_op op_pairwise_distance = { .schema = "pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=1e-06, bool keepdim=false) -> Tensor",
    .compose = pairwise_distance, .attr_size = sizeof(distance_attr), .samples = distance_samples, .state = TP__STATE };
static const tp_op op_cosine_similarity = { .schema = "cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor",
    .compose = cosine_similarity, .attr_size = sizeof(similarity_attr), .samples = similarity_samples, .state = TP__STATE };
static const tp_op op_cosine_embedding_loss = {
    .schema = "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., string{none,mean,sum} reduction=mean) -> Tensor",
    .compose = cosine_embedding_loss, .attr_size = sizeof(embedding_attr), .samples = cosine_embedding_samples, .state = TP__STATE };
#define TRIPLET "(Tensor anchor, Tensor positive, Tensor negative, "
static const tp_op op_triplet_margin_loss = { .schema = "triplet_margin_loss" TRIPLET "float margin=1., float p=2., float eps=1e-06, bool swap=false, "
    "string{none,mean,sum} reduction=mean) -> Tensor", .compose = triplet_margin_loss, .attr_size = sizeof(triplet_attr), .samples = triplet_samples,
    .state = TP__STATE };
static const tp_op op_triplet_with_distance = { .schema = "triplet_margin_with_distance_loss" TRIPLET "*, float margin=1., bool swap=false, "
    "string{none,mean,sum} reduction=mean) -> Tensor", .compose = triplet_with_distance, .attr_size = sizeof(by_distance_attr),
    .samples = triplet_samples, .state = TP__STATE };

#define TAKE(name) \
    tp_##name##_options o = { TP__DEFAULT_##name .tp__end = 0 }; \
    if (tp_options_take(#name, &o, options, offsetof(tp_##name##_options, tp__end))) return NULL;

tp_tensor *tp_pairwise_distance_with(tp_tensor *x1, tp_tensor *x2, const tp_pairwise_distance_options *options)
{
    TAKE(pairwise_distance)
    return tp__run1(&op_pairwise_distance, (tp_tensor *[]){ x1, x2 }, 2, &(distance_attr){ o.p, o.eps, o.keepdim }, TP__CALLER);
}

tp_tensor *tp_cosine_similarity_with(tp_tensor *x1, tp_tensor *x2, const tp_cosine_similarity_options *options)
{
    TAKE(cosine_similarity)
    return tp__run1(&op_cosine_similarity, (tp_tensor *[]){ x1, x2 }, 2, &(similarity_attr){ o.dim, o.eps }, TP__CALLER);
}

tp_tensor *tp_cosine_embedding_loss_with(tp_tensor *x1, tp_tensor *x2, tp_tensor *target, const tp_cosine_embedding_loss_options *options)
{
    TAKE(cosine_embedding_loss)
    embedding_attr attr = { .margin = o.margin };
    if (!tp__reduction_of("cosine_embedding_loss", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_cosine_embedding_loss, (tp_tensor *[]){ x1, x2, target }, 3, &attr, TP__CALLER);
}

tp_tensor *tp_triplet_margin_loss_with(tp_tensor *anchor, tp_tensor *positive, tp_tensor *negative, const tp_triplet_margin_loss_options *options)
{
    TAKE(triplet_margin_loss)
    triplet_attr attr = { o.margin, o.p, o.eps, o.swap, 0 };
    if (!tp__reduction_of("triplet_margin_loss", o.reduction, &attr.reduction)) return NULL;
    return tp__run1(&op_triplet_margin_loss, (tp_tensor *[]){ anchor, positive, negative }, 3, &attr, TP__CALLER);
}

const tp_op *const tp__ops_loss_distance[] = {
    &op_pairwise_distance, &op_cosine_similarity, &op_cosine_embedding_loss, &op_triplet_margin_loss, &op_triplet_with_distance, NULL,
};
