/* native_forms.c: what PyTorch's libraries call beneath its public functions, by their names there. All are made of other ops.
 *
 *   _chunk_cat                                 each tensor padded with zeros along dim to `num_chunks` equal parts, and these parts joined
 *   _safe_softmax                              softmax, and 0 where a whole row is -inf
 *   _unsafe_masked_index                       x[indices], held within x, and `fill` where mask is false
 *   _unsafe_masked_index_put_accumulate        values added to x there, where mask is true
 *   _upsample_bilinear2d_aa                    interpolate with antialias
 *   _scaled_dot_product_flash_attention_for_cpu     attention, and ln sum e^scores of each query
 *   linear_cross_entropy                       cross_entropy(x W' + b, target), W [classes, .., in] */
#include "ops/samples.h"
#include "ops/view.h"

#include <math.h>

static tp_tensor *called(const char *op, const tp_arg *args, int n)
{
    tp_tensor *y = NULL;
    return tp_op_call(op, args, n, &y, 1, NULL) ? NULL : y;
}

/* ---- _chunk_cat ------------------------------------------------------------------------------------------------------------------------ */

typedef struct chunk_attr { int64_t dim, num_chunks; } chunk_attr;

static tp_status check_chunks(const tp__call *call, const chunk_attr *a, int *dim)
{
    if (!call->n_in) return tp__call_fail(call, TP_ERR_ARGUMENT, "the list of tensors is empty");
    if (a->num_chunks < 1) return tp__call_fail(call, TP_ERR_ARGUMENT, "%lld chunks cannot be", (long long)a->num_chunks);
    const tp_tensor *first = call->in[0];
    bool alike = true;
    for (int i = 1; i < call->n_in; i++) alike &= call->in[i]->ndim == first->ndim;
    if (a->dim < 0 && !alike) return tp__call_fail(call, TP_ERR_ARGUMENT, "dim %lld is negative, and the tensors differ in their dims", (long long)a->dim);
    *dim = a->dim < 0 ? (first->ndim ? tp__dim(a->dim, first->ndim) : -1) : a->dim < TP_MAX_DIMS ? (int)a->dim : TP_MAX_DIMS;
    for (int i = 0; i < call->n_in; i++) {
        const tp_tensor *x = call->in[i];
        if (x->dtype != first->dtype) return tp__call_fail(call, TP_ERR_DTYPE, "tensor %d is %s, the first %s", i, tp_dtype_name((tp_dtype)x->dtype),
                                                           tp_dtype_name((tp_dtype)first->dtype));
        if (!x->numel) return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, and must not be empty", i, tp__shape_text(x));
        if (*dim < 0 || *dim >= x->ndim)
            return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld is out of range for tensor %d, %s", (long long)a->dim, i,
                                 tp__shape_text(x));
        for (int d = 0; d < *dim; d++)
            if (x->shape[d] != first->shape[d])
                return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, the first %s: they differ before dim %d", i,
                                     tp__shape_text(x), tp__shape_text(first), *dim);
    }
    return *dim + 2 <= TP_MAX_DIMS ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "the result has more than %d dims", TP_MAX_DIMS);
}

/* [.., chunks, elements of one] */
static tp_tensor *in_chunks(tp_tensor *x, int dim, int64_t chunks)
{
    const int64_t n = x->shape[dim], more = (chunks - n % chunks) % chunks;
    tp_shape end = tp_shape_of(x), shape = { .ndim = dim };
    int64_t rest = 1;
    for (int d = 0; d < x->ndim; d++)
        if (d < dim) shape.dim[d] = x->shape[d];
        else if (d > dim && __builtin_mul_overflow(rest, x->shape[d], &rest)) rest = INT64_MAX;
    if (__builtin_add_overflow(n, more, &end.dim[dim]) || __builtin_mul_overflow(end.dim[dim] / chunks, rest, &rest)) rest = INT64_MAX;
    shape.dim[shape.ndim++] = chunks;
    shape.dim[shape.ndim++] = rest;
    end.dim[dim] = more;
    if (more) x = tp_cat(TP_TENSORS(x, tp_zeros(end, .dtype = (tp_dtype)x->dtype, .device = x->device)), dim);
    return tp_reshape(x, shape);
}

static tp_status chunk_cat_compose(tp__call *call)
{
    const chunk_attr *a = call->attr;
    int dim = 0;
    const tp_status status = check_chunks(call, a, &dim);
    if (status) return status;
    tp_tensor **part = tp_mem_alloc((size_t)call->n_in * sizeof *part);
    bool complete = part;
    for (int i = 0; i < call->n_in && complete; i++) complete = (part[i] = in_chunks(call->in[i], dim, a->num_chunks));
    tp_tensor *y = complete ? tp_cat((tp_tensor_list){ .at = part, .n = call->n_in }, dim + 1) : NULL;
    tp_mem_free(part, (size_t)call->n_in * sizeof *part);
    return tp__give_out(call, y);
}

static void chunk_samples(tp_sample_set *set)
{
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(2, 3, 2), -1, 1), tp__sample_tensor(set, TP_SHAPE(2, 4), -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = list }, TP__INT_ARG(1), TP__INT_ARG(2));
}
static const tp_op op_chunk_cat = TP__COMPOSED("_chunk_cat(Tensor[] tensors, int dim, int num_chunks) -> Tensor",
                                               chunk_cat_compose, sizeof(chunk_attr), chunk_samples);

/* ---- _safe_softmax ---------------------------------------------------------------------------------------------------------------------- */

typedef struct safe_attr { int64_t dim; tp_dtype dtype; } safe_attr;
static tp_status safe_softmax_compose(tp__call *call)
{
    const safe_attr *a = call->attr;
    tp_tensor *x = call->in[0], *blind = NULL;
    const int dim = x->ndim ? tp__dim(a->dim, x->ndim) : 0;
    if (tp__is_floating(x->dtype) && dim >= 0 && x->numel) {
        blind = tp_eq(tp_amax(tp_detach(x), .dims = TP_DIMS(dim), .keepdim = true), -INFINITY);
        if (!(x = tp_masked_fill(x, blind, 0))) return tp__pending();
    }
    const tp_arg args[] = { TP__TENSOR_ARG(x), TP__INT_ARG(a->dim), { .kind = a->dtype ? TP_ARG_DTYPE : TP_ARG_NONE, .value.dtype = a->dtype } };
    tp_tensor *y = called("softmax", args, 3);
    return tp__give_out(call, blind && y ? tp_masked_fill(y, blind, 0) : y);
}
static void safe_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 4), -2, 2)), TP__INT_ARG(-1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, -2, 2)), TP__INT_ARG(0));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 0), -2, 2)), TP__INT_ARG(1));
}
static const tp_op op_safe_softmax = TP__COMPOSED("_safe_softmax(Tensor input, int dim, dtype dtype=none) -> Tensor",
                                                  safe_softmax_compose, sizeof(safe_attr), safe_samples);

/* ---- Indices under a mask ------------------------------------------------------------------------------------------------------------------ */

typedef struct fill_attr { const tp_arg *indices; tp_operand fill; } fill_attr;

/* The indices, each held within x; the mask says which count. */
static tp_status hold_indices(const tp__call *call, const tp_arg *given, tp_arg *held, tp_arg *list)
{
    const tp_tensor *x = call->in[0];
    const bool tensors = given->kind == TP_ARG_TENSORS;
    if ((!tensors && given->kind != TP_ARG_LIST) || given->n < 1 || given->n > x->ndim)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "the indices are a list of tensors, one for each of the first dims of %s at most", tp__shape_text(x));
    for (int i = 0; i < given->n; i++) {
        held[i] = tensors ? (tp_arg){ .kind = TP_ARG_TENSOR, .value.tensor = given->value.tensors[i] } : given->value.list[i];
        if (held[i].kind == TP_ARG_NONE) {             /* a whole dim */
            held[i] = (tp_arg){ .kind = TP_ARG_SLICE, .value.slice = { TP_NONE, TP_NONE, TP_NONE } };
            continue;
        }
        if (held[i].kind != TP_ARG_TENSOR || !held[i].value.tensor || (held[i].value.tensor->dtype != TP_I64 && held[i].value.tensor->dtype != TP_I32))
            return tp__call_fail(call, TP_ERR_DTYPE, "index %d is no int64 or int32 tensor", i);
        if (!(held[i].value.tensor = tp_clamp(held[i].value.tensor, -x->shape[i], x->shape[i] - 1))) return tp__pending();
    }
    *list = (tp_arg){ .kind = TP_ARG_LIST, .n = given->n, .value.list = held };
    return TP_OK;
}

static tp_status masked_index_compose(tp__call *call)
{
    const fill_attr *a = call->attr;
    tp_tensor *x = call->in[0], *mask = call->in[1];
    tp_arg held[TP_MAX_DIMS], list;
    if (mask->dtype != TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s, not bool", tp_dtype_name((tp_dtype)mask->dtype));
    if (!x->numel) {                                   /* there is nothing that an index could be held to */
        const tp_tensor_options o = { .size = offsetof(tp_tensor_options, tp__end), .dtype = (tp_dtype)x->dtype, .device = x->device };
        tp_shape shape = tp_shape_of(mask);
        for (int d = a->indices->n; d < x->ndim && shape.ndim < TP_MAX_DIMS; d++) shape.dim[shape.ndim++] = x->shape[d];
        return tp__give_out(call, tp_full_with(shape, a->fill, &o));
    }
    if (hold_indices(call, a->indices, held, &list)) return tp__pending();
    return tp__give_out(call, tp_masked_fill_with(called("index", (const tp_arg[]){ TP__TENSOR_ARG(x), list }, 2), tp_logical_not(mask), a->fill));
}

static tp_status masked_put_compose(tp__call *call)
{
    tp_tensor *x = call->in[0], *mask = call->in[1], *values = call->in[3];
    tp_arg held[TP_MAX_DIMS], list;
    if (mask->dtype != TP_BOOL) return tp__call_fail(call, TP_ERR_DTYPE, "the mask is %s, not bool", tp_dtype_name((tp_dtype)mask->dtype));
    if (!x->numel) return tp__give_out(call, tp_clone(x));
    if (hold_indices(call, *(const tp_arg *const *)call->attr, held, &list)) return tp__pending();
    const tp_arg args[] = { TP__TENSOR_ARG(x), list, tp__tensor_named(NULL, tp_masked_fill(values, tp_logical_not(mask), 0)), TP__BOOL_ARG(true) };
    return args[2].value.tensor ? tp__give_out(call, called("index_put", args, 4)) : tp__pending();
}

#define POSITIONS(shape, ...) tp_from_data((const int64_t[]){ __VA_ARGS__ }, TP_I64, shape)
static void masked_samples(tp_sample_set *set, bool put)
{
    tp_tensor *const pair[] = { POSITIONS(TP_SHAPE(2, 1), 2, -5), POSITIONS(TP_SHAPE(3), 1, 0, 7) };
    tp_tensor *const mask = tp_eq(POSITIONS(TP_SHAPE(2, 3), 0, 0, 1, 0, 1, 0), 0);
    const tp_arg indices = { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = pair }, x = TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -2, 2));
    if (put) TP__GIVE(set, x, TP__TENSOR_ARG(mask), indices, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 3), -2, 2)));
    else TP__GIVE(set, x, TP__TENSOR_ARG(mask), indices, TP__FLOAT_ARG(0.5));
}
static void masked_index_samples(tp_sample_set *set) { masked_samples(set, false); }
static void masked_put_samples(tp_sample_set *set) { masked_samples(set, true); }
static const tp_op op_masked_index = TP__COMPOSED("_unsafe_masked_index(Tensor input, Tensor mask, any indices, number fill) -> Tensor", masked_index_compose,
    sizeof(fill_attr), masked_index_samples);
static const tp_op op_masked_put = TP__COMPOSED("_unsafe_masked_index_put_accumulate(Tensor input, Tensor mask, "
                                                "any indices, Tensor values) -> Tensor", masked_put_compose,
                                                sizeof(const tp_arg *), masked_put_samples);

/* ---- _upsample_bilinear2d_aa --------------------------------------------------------------------------------------------------------------- */

typedef struct upsample_attr { tp__ints size; bool align_corners; tp__floats scale; } upsample_attr;
static tp_status upsample_compose(tp__call *call)
{
    const upsample_attr *a = call->attr;
    const tp_arg args[] = {
        TP__TENSOR_ARG(call->in[0]),
        { .name = "size", .kind = a->size.n ? TP_ARG_INTS : TP_ARG_NONE, .n = (int32_t)a->size.n, .value.ints = a->size.v },
        { .name = "scale_factor", .kind = a->scale.n ? TP_ARG_FLOATS : TP_ARG_NONE, .n = (int32_t)a->scale.n, .value.floats = a->scale.v },
        TP__NAMED("mode", .kind = TP_ARG_STRING, .value.string = "bilinear"),
        TP__NAMED("align_corners", .kind = TP_ARG_BOOL, .value.boolean = a->align_corners),
        TP__NAMED("antialias", .kind = TP_ARG_BOOL, .value.boolean = true),
    };
    return tp__give_out(call, called("interpolate", args, 6));
}
static void upsample_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(1, 1, 7, 6), -1, 1)), TP__INTS_ARG(2, 3, 2), TP__BOOL_ARG(false));
}
static const tp_op op_upsample = TP__COMPOSED("_upsample_bilinear2d_aa(Tensor input, int[]? output_size, "
                                              "bool align_corners=false, float[]? scale_factors=none) -> Tensor",
                                              upsample_compose, sizeof(upsample_attr), upsample_samples);

/* ---- Attention ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct flash_attr { double dropout_p; bool is_causal; tp_operand scale; } flash_attr;

/* ln sum e^scores in float32 or float64, [.., queries] */
static tp_tensor *log_sums(tp_tensor *q, tp_tensor *k, tp_tensor *mask, const flash_attr *a)
{
    const tp_dtype compute = q->dtype == TP_F64 ? TP_F64 : TP_F32;
    const int64_t e = q->shape[3], l = q->shape[2], n = k->shape[2];
    const double given = a->scale.kind == TP_OPERAND_REAL ? a->scale.as.real : (double)a->scale.as.integer;
    const double scale = a->scale.kind == TP_OPERAND_NONE ? 1 / sqrt((double)(e ? e : 1)) : given;
    tp_tensor *scores = tp_mul(tp_matmul(tp_to_dtype(q, compute), tp_transpose(tp_to_dtype(k, compute), -1, -2)), scale);
    if (a->is_causal) {
        tp_tensor *row = tp_arange(0, (double)l, 1, .dtype = TP_I64, .device = q->device),
                  *key = tp_arange(0, (double)n, 1, .dtype = TP_I64, .device = q->device);
        scores = tp_masked_fill(scores, tp_lt(tp_reshape(row, TP_SHAPE(l, 1)), key), -INFINITY);
    }
    if (mask) scores = mask->dtype == TP_BOOL ? tp_masked_fill(scores, tp_logical_not(mask), -INFINITY) : tp_add(scores, tp_to_dtype(mask, compute));
    return tp_logsumexp(scores, .dims = TP_DIMS(-1));
}

static tp_status flash_compose(tp__call *call)
{
    const flash_attr *a = call->attr;
    tp_tensor *q = call->in[0], *k = call->in[1], *mask = call->n_in > 5 ? call->in[5] : NULL;
    if (q->ndim != 4 || k->ndim != 4) return tp__call_fail(call, TP_ERR_SHAPE, "query %s and key %s must have 4 dims", tp__shape_text(q), tp__shape_text(k));
    if (a->dropout_p != 0) return tp__call_fail(call, TP_ERR_ARGUMENT, "dropout_p is %g, and must be 0", a->dropout_p);
    const tp_arg args[] = {
        TP__TENSOR_ARG(q), TP__TENSOR_ARG(k), TP__TENSOR_ARG(call->in[2]), tp__tensor_named("attn_mask", mask),
        TP__NAMED("is_causal", .kind = TP_ARG_BOOL, .value.boolean = a->is_causal),
        { .name = "scale", .kind = a->scale.kind == TP_OPERAND_NONE ? TP_ARG_NONE : a->scale.kind == TP_OPERAND_REAL ? TP_ARG_FLOAT : TP_ARG_INT },
    };
    tp_arg all[6];
    memcpy(all, args, sizeof all);
    if (a->scale.kind == TP_OPERAND_REAL) all[5].value.real = a->scale.as.real;
    else all[5].value.integer = a->scale.as.integer;
    if (tp__give_out(call, called("scaled_dot_product_attention", all, 6))) return tp__pending();
    return tp__give_out(call, log_sums(q, k, mask, a));
}
static void flash_samples(tp_sample_set *set)
{
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
    TP__GIVE(set, X(1, 2, 3, 4), X(1, 2, 3, 4), X(1, 2, 3, 4), TP__FLOAT_ARG(0), TP__BOOL_ARG(true));
}
static const tp_op op_flash = TP__COMPOSED("_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, "
                                           "Tensor value, float dropout_p=0, bool is_causal=false, *, "
                                           "Tensor? attn_mask=none, number? scale=none) -> (Tensor, Tensor)",
                                           flash_compose, sizeof(flash_attr), flash_samples);

/* ---- linear_cross_entropy ------------------------------------------------------------------------------------------------------------------- */

typedef struct entropy_attr { int32_t reduction; int64_t ignore_index; double label_smoothing; const tp_arg *options; } entropy_attr;

static tp_status check_entropy(const tp__call *call, const entropy_attr *a)
{
    const tp_tensor *x = call->in[0], *w = call->in[1], *bias = call->in[3];
    if (x->ndim != 1 && x->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "input %s must have 1 or 2 dims", tp__shape_text(x));
    if (w->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "linear_weight %s must have at least 2 dims", tp__shape_text(w));
    if (w->shape[w->ndim - 1] != x->shape[x->ndim - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "input %s and linear_weight %s differ in their last dims", tp__shape_text(x), tp__shape_text(w));
    if (x->ndim == 1 && w->ndim > 2)
        return tp__call_fail(call, TP_ERR_SHAPE, "linear_weight %s needs rows of inputs, not %s", tp__shape_text(w),
                             tp__shape_text(x));
    if (bias && (bias->ndim != w->ndim - 1 || memcmp(bias->shape, w->shape, sizeof *w->shape * (size_t)bias->ndim)))
        return tp__call_fail(call, TP_ERR_SHAPE, "linear_bias %s does not fit linear_weight %s", tp__shape_text(bias), tp__shape_text(w));
    if (a->ignore_index != TP_NONE && tp__is_floating(call->in[2]->dtype))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "an ignore_index is for classes, and the target has probabilities");
    if (a->options && a->options->kind != TP_ARG_NONE) return tp__call_fail(call, TP_ERR_UNSUPPORTED, "options are not known: it is not computed in chunks");
    return TP_OK;
}

static tp_status entropy_compose(tp__call *call)
{
    static const char *const names[] = { "", "none", "mean", "sum" };
    const entropy_attr *a = call->attr;
    tp_tensor *x = call->in[0], *w = call->in[1], *bias = call->in[3];
    const tp_status status = check_entropy(call, a);
    if (status) return status;
    const int64_t in = w->shape[w->ndim - 1];
    int64_t classes = 1;
    tp_shape shape = { .ndim = 0 };
    if (x->ndim == 2) shape.dim[shape.ndim++] = x->shape[0];
    for (int d = 0; d < w->ndim - 1; d++) classes *= shape.dim[shape.ndim++] = w->shape[d];
    if (bias) bias = tp_reshape(bias, TP_SHAPE(classes));
    tp_tensor *logits = tp_reshape(tp_linear(x, tp_reshape(w, TP_SHAPE(classes, in)), bias), shape);
    if (!logits) return tp__pending();
    const tp_arg args[] = {
        TP__TENSOR_ARG(logits), TP__TENSOR_ARG(call->in[2]), tp__tensor_named("weight", call->in[4]),
        TP__NAMED("reduction", .kind = TP_ARG_STRING, .value.string = names[a->reduction]),
        TP__NAMED("ignore_index", .kind = TP_ARG_INT, .value.integer = a->ignore_index == TP_NONE ? -100 : a->ignore_index),
        TP__NAMED("label_smoothing", .kind = TP_ARG_FLOAT, .value.real = a->label_smoothing),
    };
    return tp__give_out(call, called("cross_entropy", args, 6));
}
static void entropy_samples(tp_sample_set *set)
{
    TP__GIVE(set, X(2, 3), X(4, 3), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2), 4)), TP__NAMED("linear_bias", .kind = TP_ARG_TENSOR,
             .value.tensor = tp__sample_tensor(set, TP_SHAPE(4), -1, 1)));
    TP__GIVE(set, X(2, 3), X(4, 2, 3), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 2), 4)),
             TP__NAMED("reduction", .kind = TP_ARG_STRING, .value.string = "none"));
    TP__GIVE(set, X(3), X(4, 3), X(4), TP__NAMED("label_smoothing", .kind = TP_ARG_FLOAT, .value.real = 0.1));
}
#undef X
static const tp_op op_entropy = TP__COMPOSED("linear_cross_entropy(Tensor input, Tensor linear_weight, Tensor target, "
                                             "*, Tensor? linear_bias=none, Tensor? weight=none, "
                                             "string{none,mean,sum} reduction=mean, int? ignore_index=none, "
                                             "float label_smoothing=0, any? options=none) -> Tensor", entropy_compose,
                                             sizeof(entropy_attr), entropy_samples);

const tp_op *const tp__ops_native_forms[] = { &op_chunk_cat, &op_safe_softmax, &op_masked_index, &op_masked_put, &op_upsample, &op_flash, &op_entropy, NULL };
