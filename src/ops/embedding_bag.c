/* embedding_bag.c: sums, means or maxima of rows of a table, bag by bag. Composed:
 *
 *   sum    y[b] = sum of w_i weight[input_i] over the i of bag b, w the weights of samples or 1
 *   mean   the same without w, over how many there are
 *   max    the greatest of each column, which gets the gradient; 0 where the bag is empty
 *
 * Sums of 16-bit floats are made in float32 and rounded once, but PyTorch's gradient of their weight is rounded at each step, and so
 * are its factors: bag_sum is the op for them.
 *
 * bag_places tells which positions count, those of the padding row left out, and whose they are. */
#include "core/kernel_args.h"
#include "ops/embedding.h"
#include "ops/index_rows.h"
#include "ops/samples.h"
#include "ops/scatter.h"
#include "ops/view.h"

/* ---- Places and maxima: no gradient ----------------------------------------------------------------------------------------------- */

static bool is_whole(const tp_tensor *x) { return x->dtype == TP_I64 || x->dtype == TP_I32; }

static tp_status places_shape(tp__call *call)          /* how many places there are, the kernel finds */
{
    const tp_tensor *input = call->in[0], *offsets = call->in[1];
    if (!is_whole(input) || !is_whole(offsets))
        return tp__call_fail(call, TP_ERR_DTYPE, "indices and offsets are int64 or int32, not %s and %s", tp_dtype_name((tp_dtype)input->dtype),
                             tp_dtype_name((tp_dtype)offsets->dtype));
    if (input->ndim != 1 || offsets->ndim != 1)
        return tp__call_fail(call, TP_ERR_SHAPE, "indices %s and offsets %s have to have one dim", tp__shape_text(input), tp__shape_text(offsets));
    if (((const tp__bag_places *)call->attr)->include_last_offset && !offsets->numel)
        return tp__call_fail(call, TP_ERR_SHAPE, "there are no offsets, and the last one is to be included");
    return TP_OK;
}

static void places_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp_from_data((int64_t[]){ 3, 0, 1, 0, 2 }, TP_I64, TP_SHAPE(5))),
             TP__TENSOR_ARG(tp_from_data((int64_t[]){ 0, 2, 2 }, TP_I64, TP_SHAPE(3))), TP__BOOL_ARG(false),
             TP__INT_ARG(0));
}

static const tp_op op_places = {
    .schema = "bag_places(Tensor input, Tensor offsets, bool include_last_offset, int? padding_idx) -> (Tensor places, Tensor bags, Tensor counts)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = places_shape, .attr_size = sizeof(tp__bag_places), .samples = places_samples, .state = TP__STATE };

static tp_status max_shape(tp__call *call)
{
    const tp_tensor *weight = call->in[0], *input = call->in[1], *bags = call->in[2];
    const int64_t n = *(const int64_t *)call->attr;
    if (weight->ndim != 2 || !tp__is_floating(weight->dtype) || !is_whole(input) || bags->dtype != TP_I64 ||
        input->ndim != 1 || !tp__same_shape(input, bags) || n < 0)
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s, indices %s and bags %s do not fit", tp__shape_text(weight),
                             tp__shape_text(input), tp__shape_text(bags));
    return tp__made(tp__out(call, TP_I64, 2, (int64_t[]){ n, weight->shape[1] }));
}

static void max_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_distinct(set, TP_SHAPE(4, 3))), TP__TENSOR_ARG(tp_from_data((int64_t[]){ 3, 0, 1 }, TP_I64, TP_SHAPE(3))),
             TP__TENSOR_ARG(tp_from_data((int64_t[]){ 0, 0, 2 }, TP_I64, TP_SHAPE(3))), TP__INT_ARG(4));
}

/* The row of the greatest in each column; 0 of an empty bag. */
static const tp_op op_max = { .schema = "bag_max(Tensor weight, Tensor input, Tensor bags, int n_bags) -> Tensor", .flags = TP__INTERNAL | TP__NO_GRAD_OP,
    .shape = max_shape, .attr_size = sizeof(int64_t), .samples = max_samples, .state = TP__STATE };

/* ---- The op --------------------------------------------------------------------------------------------------------------------------- */

typedef struct bag_attr {
    tp_operand max_norm;
    double norm_type;
    bool scale_grad_by_freq;
    int32_t mode;                                      /* tp_bag_mode */
    bool sparse, include_last_offset;
    int64_t padding_idx;
} bag_attr;

typedef struct bags { tp_tensor *weight, *input, *samples, *of, *counts; } bags;

/* Offsets of rows of one length, and what stands in them as a list. */
static tp_status flatten(const tp__call *call, bags *b, tp_tensor **offsets)
{
    const tp_tensor *input = b->input;
    if (input->ndim == 2) {
        if (*offsets) return tp__call_fail(call, TP_ERR_ARGUMENT, "indices %s are bags by themselves: there cannot be offsets", tp__shape_text(input));
        const int64_t width = input->shape[1];
        *offsets = tp_mul(tp_arange(0, (double)input->shape[0], 1, .dtype = TP_I64, .device = input->device), width);
        b->input = tp_reshape(b->input, TP_SHAPE(-1));
        if (b->samples) b->samples = tp_reshape(b->samples, TP_SHAPE(-1));
        return tp__made(*offsets);
    }
    if (input->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "indices %s have to have one or two dims", tp__shape_text(input));
    return *offsets ? TP_OK : tp__call_fail(call, TP_ERR_ARGUMENT, "indices %s need offsets", tp__shape_text(input));
}

static tp_status check(const tp__call *call, const bags *b, const bag_attr *a)
{
    const tp_tensor *w = b->weight, *s = b->samples;
    if (w->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "weight %s is not [rows, width]", tp__shape_text(w));
    if (!tp__is_floating(w->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "weight is %s, no floating dtype", tp_dtype_name((tp_dtype)w->dtype));
    if (s && (!tp__same_shape(s, b->input) || s->dtype != w->dtype))
        return tp__call_fail(call, TP_ERR_SHAPE,
                             "per_sample_weights %s are not like the indices %s, in the weight's dtype",
                             tp__shape_text(s), tp__shape_text(b->input));
    if (s && a->mode != TP_BAG_SUM) return tp__call_fail(call, TP_ERR_ARGUMENT, "per_sample_weights are for sums only");
    if (a->mode == TP_BAG_MAX && (a->scale_grad_by_freq || a->sparse))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "a maximum has no gradient by frequency, and no sparse one");
    if (a->padding_idx != TP_NONE && (a->padding_idx < -w->shape[0] || a->padding_idx >= w->shape[0]))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "padding_idx %lld is out of range for %lld rows", (long long)a->padding_idx, (long long)w->shape[0]);
    return TP_OK;
}

/* Leaves positions out that do not count. */
static bool choose(bags *b, tp_tensor *offsets, const bag_attr *a)
{
    const int64_t padding = a->padding_idx != TP_NONE && a->padding_idx < 0 ? a->padding_idx + b->weight->shape[0] : a->padding_idx;
    tp_tensor *out[3];
    if (tp__run(&op_places, (tp_tensor *[]){ b->input, offsets }, 2, &(tp__bag_places){ a->include_last_offset, padding }, out, 3, NULL) < 0) return false;
    b->of = out[1];
    b->counts = out[2];
    if (out[0]->numel == b->input->numel) return true;
    b->input = tp__rows_take(b->input, out[0], (tp__row_lookup){ 0, 1, false, false });
    if (b->samples && !(b->samples = tp__rows_take(b->samples, out[0], (tp__row_lookup){ 0, 1, false, false }))) return false;
    return b->input;
}

/* In float32 for 16-bit floats, rounded once. */
static tp_tensor *sums_composed(const bags *b, const bag_attr *a)
{
    const tp_dtype dtype = (tp_dtype)b->weight->dtype, work = dtype == TP_F64 ? TP_F64 : TP_F32;
    tp_embedding_options o = TP__BRACES(embedding, );
    o.scale_grad_by_freq = a->scale_grad_by_freq;
    o.sparse = a->sparse;
    tp_tensor *rows = tp_to_dtype(tp_embedding_with(b->input, b->weight, &o), work);
    if (b->samples) rows = tp_mul(rows, tp_unsqueeze(tp_to_dtype(b->samples, work), 1));
    if (!rows) return NULL;
    tp_tensor *y = tp_zeros(TP_SHAPE(b->counts->numel, b->weight->shape[1]), .dtype = work, .device = b->weight->device);
    y = tp__rows_write(TP__ROWS_ADD, false, y, b->of, rows, (tp__row_lookup){ 0, 1, false, false });
    if (a->mode == TP_BAG_MEAN) {
        tp_tensor *n = tp_add(b->counts, tp_eq(b->counts, 0));
        y = tp_div(y, tp_to_dtype(tp_unsqueeze(n, 1), work));
    }
    return tp_to_dtype(y, dtype);
}

/* ---- bag_sum: the same of 16-bit floats ------------------------------------------------------------------------------------------------ */

typedef struct sum_attr { bool mean, scaled; } sum_attr;

static tp_status sum_shape(tp__call *call)
{
    const tp_tensor *weight = call->in[0], *input = call->in[1], *of = call->in[2], *counts = call->in[3], *samples = call->in[4];
    if (weight->ndim != 2 || input->ndim != 1 || counts->ndim != 1 || !tp__same_shape(input, of) || (samples && !tp__same_shape(input, samples)))
        return tp__call_fail(call, TP_ERR_SHAPE, "weight %s, indices %s and bags %s do not fit", tp__shape_text(weight),
                             tp__shape_text(input), tp__shape_text(of));
    call->keep_shape = 1;
    return tp__made(tp__out(call, (tp_dtype)weight->dtype, 2, (int64_t[]){ counts->shape[0], weight->shape[1] }));
}

static tp_status sum_forward(tp__call *call)
{
    TP_NO_GRAD();
    const sum_attr *a = call->attr;
    const bags b = { call->in[0], call->in[1], call->in[4], call->in[2], call->in[3] };
    return tp__made(tp_copy_(call->out[0], sums_composed(&b, &(bag_attr){ .mode = a->mean ? TP_BAG_MEAN : TP_BAG_SUM })));
}

static tp_tensor *take(tp_tensor *x, tp_tensor *at) { return tp__rows_take(x, at, (tp__row_lookup){ 0, 1, false, false }); }

/* What dy is multiplied with for each place, in float64; NULL without an error: 1. */
static tp_tensor *factors(const tp_node *node, tp_tensor *samples)
{
    const sum_attr *a = tp__attr(node);
    tp_tensor *input = tp__saved(node, 1), *by = samples ? tp_to_dtype(samples, TP_F64)
        : a->mean || a->scaled ? tp_ones(tp_shape_of(input), .dtype = TP_F64, .device = input->device) : NULL;
    if (a->scaled) by = tp_div(by, tp_to_dtype(take(tp_bincount(input), input), TP_F64));
    if (a->mean) by = tp_div(by, tp_to_dtype(take(tp__saved(node, 3), tp__saved(node, 2)), TP_F64));
    return by;
}

static tp_status sum_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *input = tp__saved(node, 1), *of = tp__saved(node, 2), *samples = tp__saved(node, 4), *rows = take(dy[0], of);
    if (need & 1) {
        tp_tensor *by = factors(node, samples);
        if (tp__pending()) return tp__pending();
        dx[0] = tp__embedding_sum_sorted(by ? tp_mul(rows, tp_unsqueeze(tp_to_dtype(by, (tp_dtype)rows->dtype), 1)) : rows, input, tp__kept(node, 0)->shape[0]);
        if (!dx[0]) return tp__pending();
    }
    if (need & 16) {
        const tp_dtype work = rows->dtype == TP_F64 ? TP_F64 : TP_F32;
        tp_tensor *inner = tp_mul(tp_to_dtype(take(tp__saved(node, 0), input), work), tp_to_dtype(rows, work));
        dx[4] = tp_to_dtype(tp_sum(inner, .dims = TP_DIMS(1)), (tp_dtype)samples->dtype);
        return tp__made(dx[4]);
    }
    return TP_OK;
}

static void sum_samples(tp_sample_set *set)
{
    tp_tensor *const input = tp_from_data((int64_t[]){ 3, 0, 1, 0, 2 }, TP_I64, TP_SHAPE(5)),
                     *const of = tp_from_data((int64_t[]){ 0, 0, 2, 2, 2 }, TP_I64, TP_SHAPE(5)),
                     *const counts = tp_from_data((int64_t[]){ 2, 0, 3 }, TP_I64, TP_SHAPE(3));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -1, 1)), TP__TENSOR_ARG(input), TP__TENSOR_ARG(of), TP__TENSOR_ARG(counts),
             TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5), 1, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(4, 3), -1, 1)), TP__TENSOR_ARG(input), TP__TENSOR_ARG(of), TP__TENSOR_ARG(counts),
             TP__NAMED("mean", .kind = TP_ARG_BOOL, .value.boolean = true));
}

static const tp_op op_sum = {
    .schema = "bag_sum(Tensor weight, Tensor input, Tensor bags, Tensor counts, Tensor? samples=none, "
        "bool mean=false, bool scaled=false) -> Tensor", .flags = TP__INTERNAL,
    .shape = sum_shape, .forward = sum_forward, .backward = sum_backward,
    .saves = { TP__INPUT(0, 16), TP__INPUT(1, 0), TP__INPUT(2, 0), TP__INPUT(3, 1), TP__INPUT(4, 0) },
    .attr_size = sizeof(sum_attr), .samples = sum_samples, .state = TP__STATE };

static tp_tensor *sums(const bags *b, const bag_attr *a)
{
    if (a->sparse || (b->weight->dtype != TP_F16 && b->weight->dtype != TP_BF16)) return sums_composed(b, a);
    return tp__run1(&op_sum, (tp_tensor *[]){ b->weight, b->input, b->of, b->counts, b->samples }, 5,
                    &(sum_attr){ a->mode == TP_BAG_MEAN, a->scale_grad_by_freq }, NULL);
}

static tp_tensor *maxima(const bags *b)
{
    tp_tensor *at = tp__run1(&op_max, (tp_tensor *[]){ b->weight, b->input, b->of }, 3, &b->counts->numel, NULL);
    tp_tensor *y = !at ? NULL : b->weight->shape[0] ? tp__gather(b->weight, 0, at)
        : tp_zeros(tp_shape_of(at), .dtype = (tp_dtype)b->weight->dtype, .device = b->weight->device);
    return tp_masked_fill(y, tp_unsqueeze(tp_eq(b->counts, 0), 1), 0);
}

static tp_status bag_compose(tp__call *call)
{
    const bag_attr *a = call->attr;
    bags b = { .weight = call->in[1], .input = call->in[0], .samples = call->in[8] };
    tp_tensor *offsets = call->in[2];
    const tp_status status = check(call, &b, a);
    if (status || flatten(call, &b, &offsets)) return status ? status : tp__pending();
    if (a->max_norm.kind && !tp__embedding_renorm_rows(b.weight, b.input, &a->max_norm, a->norm_type)) return tp__pending();
    if (!choose(&b, offsets, a)) return tp__pending();
    return tp__made(tp__out_made(call, a->mode == TP_BAG_MAX ? maxima(&b) : sums(&b, a)));
}

#define X(shape)   TP__TENSOR_ARG(tp__sample_distinct(set, shape))
#define MODE(text) TP__NAMED("mode", .kind = TP_ARG_STRING, .value.string = text)
static void bag_samples(tp_sample_set *set)
{
    tp_tensor *const input = tp_from_data((int64_t[]){ 3, 0, 1, 0, 2 }, TP_I64, TP_SHAPE(5)),
                     *const offsets = tp_from_data((int64_t[]){ 0, 2, 2, 5 }, TP_I64, TP_SHAPE(4));
    const tp_arg more[] = { MODE("mean"), MODE("max"), MODE("sum") }, last = TP__NAMED("include_last_offset", .kind = TP_ARG_BOOL, .value.boolean = true);
    for (int i = 0; i < 3; i++) {                      /* indices of one dim cannot do without offsets */
        tp__sample sample = { .n = 5, .needs_all = true };
        sample.args[0] = (tp_arg)TP__TENSOR_ARG(input);
        sample.args[1] = (tp_arg)X(TP_SHAPE(4, 3));
        sample.args[2] = (tp_arg)TP__TENSOR_ARG(offsets);
        sample.args[3] = more[i];
        sample.args[4] = i == 1 ? last : (tp_arg)TP__NAMED("padding_idx", .kind = TP_ARG_INT, .value.integer = -4);
        set->take(set, &sample);
    }
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)), X(TP_SHAPE(4, 3)), MODE("sum"),
             TP__NAMED("per_sample_weights", .kind = TP_ARG_TENSOR, .value.tensor = tp__sample_tensor(set, TP_SHAPE(2, 3), 1, 2)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 4)), X(TP_SHAPE(4, 3)));
}

static const tp_op op_bag = {
    .schema = "embedding_bag(Tensor input, Tensor weight, Tensor? offsets=none, number? max_norm=none, float norm_type=2, bool scale_grad_by_freq=false, "
              "string{mean,sum,max} mode=mean, bool sparse=false, Tensor? per_sample_weights=none, "
              "bool include_last_offset=false, int? padding_idx=none) -> Tensor",
    .compose = bag_compose, .attr_size = sizeof(bag_attr), .samples = bag_samples, .state = TP__STATE };

tp_tensor *tp_embedding_bag_with(tp_tensor *indices, tp_tensor *weight, const tp_embedding_bag_options *options)
{
    tp_embedding_bag_options o = TP__BRACES(embedding_bag, );
    if (tp_options_take("embedding_bag", &o, options, offsetof(tp_embedding_bag_options, tp__end))) return NULL;
    if ((int)o.mode < 0 || o.mode > TP_BAG_MAX) return tp_fail(TP_ERR_ARGUMENT, "embedding_bag: there is no mode %d", (int)o.mode), NULL;
    const bag_attr a = { { .kind = o.max_norm > 0 ? TP_OPERAND_REAL : TP_OPERAND_NONE, .as.real = o.max_norm }, o.norm_type, o.scale_grad_by_freq,
                         o.mode ? (int32_t)o.mode : TP_BAG_MEAN, o.sparse, o.include_last_offset, o.padding_idx };
    tp_tensor *in[9] = { indices, weight, o.offsets };
    in[8] = o.per_sample_weights;
    return tp__run1(&op_bag, in, 9, &a, TP__CALLER);
}

const tp_op *const tp__ops_embedding_bag[] = { &op_places, &op_max, &op_sum, &op_bag, NULL };
