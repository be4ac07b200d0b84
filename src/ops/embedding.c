/* embedding.c: rows of a table.
 *
 *   embedding            y[i] = weight[input[i]]                     dweight = embedding_backward(dy, input)
 *   embedding_backward   dweight[r] = sum of dy[i] with input[i] = r, but 0 for r = padding_idx
 *   embedding_masked     y[i] = weight[input[i]], but 0 where input[i] = padding_idx: what embedding_backward's gradient is
 *   coalesce_rows        rows of equal index added up, with their indices
 *   embedding_renorm_    rows that are looked up, and have a norm above max_norm, are scaled down to it
 *
 * With scale_grad_by_freq embedding_backward divides by how often input holds the row; the gradient of that leaves it out, as
 * PyTorch's does.
 * The table of gradients is dense, and summed in the order of i; of 16-bit floats in float32, where PyTorch rounds at each step. With
 * sparse, and a weight that is a leaf, it is not made: dy and input themselves are given as rows, which the leaf adds up when somebody asks. */
#include "core/kernel_args.h"
#include "ops/embedding.h"
#include "ops/index_rows.h"
#include "ops/samples.h"

/* ---- Shape rules ------------------------------------------------------------------------------------------------------------------- */

static tp_status check_indices(const tp__call *call, const tp_tensor *indices)
{
    if (indices->dtype == TP_I64 || indices->dtype == TP_I32) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "indices are int64 or int32, not %s", tp_dtype_name((tp_dtype)indices->dtype));
}

static tp_status wrap_padding(const tp__call *call, int64_t *padding, int64_t rows)
{
    if (*padding == TP_NONE) return TP_OK;
    if (*padding < -rows || *padding >= rows)
        return tp__call_fail(call, TP_ERR_ARGUMENT, "padding_idx %lld is out of range for %lld rows", (long long)*padding, (long long)rows);
    if (*padding < 0) *padding += rows;
    return TP_OK;
}

static tp_status lookup_shape(tp__call *call, int64_t *padding)
{
    tp_tensor *indices = call->in[0], *weight = call->in[1];
    if (check_indices(call, indices)) return tp__pending();
    if (weight->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "weight %s is not [rows, width]", tp__shape_text(weight));
    if (wrap_padding(call, padding, weight->shape[0])) return tp__pending();
    if (indices->ndim == TP_MAX_DIMS)
        return tp__call_fail(call, TP_ERR_SHAPE, "indices %s have %d dims, at most %d are possible", tp__shape_text(indices), indices->ndim, TP_MAX_DIMS - 1);
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < indices->ndim; d++) shape[d] = indices->shape[d];
    shape[indices->ndim] = weight->shape[1];
    call->keep_shape = 2;
    return tp__made(tp__out(call, (tp_dtype)weight->dtype, indices->ndim + 1, shape));
}

static tp_status embedding_shape(tp__call *call) { return lookup_shape(call, &((tp__embedding *)(uintptr_t)call->attr)->padding_idx); }
static tp_status masked_shape(tp__call *call) { return lookup_shape(call, &((tp__embedding_masked *)(uintptr_t)call->attr)->padding_idx); }

static tp_status renorm_shape(tp__call *call)
{
    const tp__embedding_renorm *a = call->attr;
    const tp_tensor *weight = call->in[0];
    if (check_indices(call, call->in[1])) return tp__pending();
    if (weight->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "weight %s is not [rows, width]", tp__shape_text(weight));
    if (!tp__is_floating(weight->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)weight->dtype));
    if (!(a->max_norm >= 0) || !(a->norm_type > 0))
        return tp__call_fail(call, TP_ERR_ARGUMENT, "there is no norm of type %g that is at most %g", a->norm_type, a->max_norm);
    return tp__in_place(call);
}

static tp_status embedding_backward_shape(tp__call *call)
{
    tp__embedding_backward *attr = (tp__embedding_backward *)(uintptr_t)call->attr;
    const tp_tensor *grad = call->in[0], *indices = call->in[1];
    if (check_indices(call, indices)) return tp__pending();
    if (!tp__is_floating(grad->dtype))
        return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)grad->dtype));
    bool fits = grad->ndim == indices->ndim + 1 && attr->num_rows >= 0;
    for (int d = 0; fits && d < indices->ndim; d++) fits = grad->shape[d] == indices->shape[d];
    if (!fits)
        return tp__call_fail(call, TP_ERR_SHAPE, "grad %s is not indices %s and the width", tp__shape_text(grad), tp__shape_text(indices));
    if (wrap_padding(call, &attr->padding_idx, attr->num_rows)) return tp__pending();
    const int64_t shape[2] = { attr->num_rows, grad->shape[grad->ndim - 1] };
    return tp__made(tp__out(call, (tp_dtype)grad->dtype, 2, shape));
}

static tp_status coalesce_shape(tp__call *call)       /* how many rows there are, the kernel finds */
{
    const tp_tensor *indices = call->in[0], *rows = call->in[1];
    if (check_indices(call, indices)) return tp__pending();
    if (!tp__is_floating(rows->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "%s is no floating dtype", tp_dtype_name((tp_dtype)rows->dtype));
    bool fits = rows->ndim == indices->ndim + 1;
    for (int d = 0; fits && d < indices->ndim; d++) fits = rows->shape[d] == indices->shape[d];
    return fits ? TP_OK : tp__call_fail(call, TP_ERR_SHAPE, "rows %s are not indices %s and the width", tp__shape_text(rows), tp__shape_text(indices));
}

/* ---- Rules ------------------------------------------------------------------------------------------------------------------------------ */

static const tp_op op_embedding_backward, op_embedding_masked, op_renorm;

static tp_status embedding_forward(tp__call *call)
{
    const tp__embedding *a = call->attr;
    if (a->max_norm.kind && !tp__embedding_renorm_rows(call->in[1], call->in[0], &a->max_norm, a->norm_type)) return tp__pending();
    const tp_kernel *kernel = tp__kernel(call->op, call->in[1]->device);
    return kernel ? kernel->run(call) : tp__pending();
}

/* The rows of dy where they belong, without those of the padding row. */
static tp_status give_rows(const tp_node *node, const tp__embedding *forward, tp_tensor *dy)
{
    tp_tensor *at = tp__saved(node, 0), *rows = dy;
    if (!at) return tp__pending();
    if (forward->padding_idx != TP_NONE) {
        const int64_t n = at->numel;
        tp_tensor *kept = tp__nonzero_flat(tp_ne(at, forward->padding_idx));
        if (!kept) return tp__pending();
        if (kept->numel != n) {
            rows = tp_index_select(tp_reshape(rows, TP_SHAPE(n, dy->shape[dy->ndim - 1])), 0, kept);
            at = tp_index_select(tp_reshape(at, TP_SHAPE(n)), 0, kept);
        }
    }
    if (!at || !rows || (forward->scale_grad_by_freq && tp_coalesce_rows(at, rows, true, &at, &rows))) return tp__pending();
    return tp__give_rows(node, 1, at, rows);
}

static tp_status embedding_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!(need & 2)) return TP_OK;
    const tp__embedding *forward = tp__attr(node);
    if (forward->sparse && tp__takes_rows(node, 1)) return give_rows(node, forward, dy[0]);
    tp__embedding_backward attr = { tp__kept(node, 1)->shape[0], forward->padding_idx, forward->scale_grad_by_freq, false };
    dx[1] = tp__run1(&op_embedding_backward, (tp_tensor *[]){ dy[0], tp__saved(node, 0) }, 2, &attr, TP__CALLER);
    return tp__made(dx[1]);
}

static tp_status masked_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    if (!(need & 2)) return TP_OK;
    const tp__embedding_masked *forward = tp__attr(node);
    tp__embedding_backward attr = { tp__kept(node, 1)->shape[0], forward->padding_idx, false, false };
    dx[1] = tp__run1(&op_embedding_backward, (tp_tensor *[]){ dy[0], tp__saved(node, 0) }, 2, &attr, TP__CALLER);
    return tp__made(dx[1]);
}

static tp_status embedding_backward_backward(const tp_node *node, tp_tensor *const *g, uint64_t need, tp_tensor **dx)
{
    if (!(need & 1)) return TP_OK;
    const tp__embedding_masked attr = { ((const tp__embedding_backward *)tp__attr(node))->padding_idx };
    dx[0] = tp__run1(&op_embedding_masked, (tp_tensor *[]){ tp__saved(node, 0), g[0] }, 2, &attr, TP__CALLER);
    return tp__made(dx[0]);
}

/* ---- Samples ------------------------------------------------------------------------------------------------------------------------------ */

static void embedding_samples(tp_sample_set *set)
{
    const tp_shape one = { .ndim = 0 };
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 5)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(one, 3)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 3)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 5)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -1, 1)),
             TP__NAMED("sparse", .kind = TP_ARG_BOOL, .value.boolean = true));
}

static void coalesce_samples(tp_sample_set *set)
{
    tp_tensor *const at = tp_from_data((int64_t[]){ 7, 2, 7, 0 }, TP_I64, TP_SHAPE(2, 2));
    TP__GIVE(set, TP__TENSOR_ARG(at), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2, 3), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(at), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 2, 3), -1, 1)), TP__BOOL_ARG(true));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(0), 3)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 2), -1, 1)));
}

static void renorm_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 4), -1, 1)),
             TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 3), 5)), TP__FLOAT_ARG(0.5), TP__FLOAT_ARG(2));
}

static void padding_samples(tp_sample_set *set)        /* embedding's gradient is none of numbers in the padding row */
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(7), 3)), TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3, 2), -1, 1)), TP__INT_ARG(-1));
}

static void embedding_backward_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(2, 4, 3), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 4), 5)),
             TP__INT_ARG(5));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(6, 3), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(6), 3)),
             TP__INT_ARG(3), TP__INT_ARG(1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(20, 2), -1, 1)), TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(20), 3)),
             TP__INT_ARG(3), TP__NAMED("stepwise", .kind = TP_ARG_BOOL, .value.boolean = true));
}

/* ---- Descriptors, public ---------------------------------------------------------------------------------------------------------------------- */

static const tp_op op_embedding = {
    .schema = "embedding(Tensor input, Tensor weight, int? padding_idx=none, number? max_norm=none, float norm_type=2, bool scale_grad_by_freq=false, "
              "bool sparse=false) -> Tensor",
    .shape = embedding_shape, .forward = embedding_forward, .backward = embedding_backward, .saves = { TP__INPUT(0, 2) }, .attr_size = sizeof(tp__embedding),
    .samples = embedding_samples, .state = TP__STATE };
static const tp_op op_embedding_masked = {
    .schema = "embedding_masked(Tensor input, Tensor weight, int? padding_idx=none) -> Tensor", .flags = TP__INTERNAL,
    .shape = masked_shape, .backward = masked_backward, .saves = { TP__INPUT(0, 2) }, .attr_size = sizeof(tp__embedding_masked),
    .samples = padding_samples, .state = TP__STATE };
static const tp_op op_embedding_backward = {
    .schema = "embedding_backward(Tensor grad, Tensor indices, int num_rows, int? padding_idx=none, "
        "bool scaled=false, bool stepwise=false) -> Tensor", .flags = TP__INTERNAL,
    .shape = embedding_backward_shape, .backward = embedding_backward_backward, .saves = { TP__INPUT(1, 1) },
    .attr_size = sizeof(tp__embedding_backward), .samples = embedding_backward_samples, .state = TP__STATE };
static const tp_op op_coalesce = { .schema = "coalesce_rows(Tensor indices, Tensor rows, bool mean=false) -> (Tensor at, Tensor sums)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = coalesce_shape, .attr_size = sizeof(tp__coalesce_rows), .samples = coalesce_samples, .state = TP__STATE };
static const tp_op op_renorm = { .schema = "embedding_renorm_(Tensor! input, Tensor indices, float max_norm, float norm_type) -> Tensor",
    .flags = TP__INPLACE | TP__NO_GRAD_OP, .kernel = "embedding_renorm", .shape = renorm_shape, .attr_size = sizeof(tp__embedding_renorm),
    .samples = renorm_samples, .state = TP__STATE };

tp_tensor *tp__embedding_sum_sorted(tp_tensor *rows, tp_tensor *indices, int64_t num_rows)
{
    const tp__embedding_backward attr = { num_rows, TP_NONE, false, true };
    return tp__run1(&op_embedding_backward, (tp_tensor *[]){ rows, indices }, 2, &attr, NULL);
}

bool tp__embedding_renorm_rows(tp_tensor *weight, tp_tensor *indices, const tp_operand *max_norm, double norm_type)
{
    const tp__embedding_renorm attr = { max_norm->kind == TP_OPERAND_REAL ? max_norm->as.real : (double)max_norm->as.integer, norm_type };
    TP_NO_GRAD();
    return tp__run1(&op_renorm, (tp_tensor *[]){ weight, indices }, 2, &attr, NULL);
}

tp_tensor *tp_embedding_with(tp_tensor *indices, tp_tensor *weight, const tp_embedding_options *options)
{
    tp_embedding_options o = TP__BRACES(embedding, );
    if (tp_options_take("embedding", &o, options, offsetof(tp_embedding_options, tp__end))) return NULL;
    const tp_operand max_norm = { .kind = o.max_norm > 0 ? TP_OPERAND_REAL : TP_OPERAND_NONE, .as.real = o.max_norm };
    tp__embedding attr = { o.padding_idx, max_norm, o.norm_type, o.scale_grad_by_freq, o.sparse };
    return tp__run1(&op_embedding, (tp_tensor *[]){ indices, weight }, 2, &attr, TP__CALLER);
}

tp_status tp_coalesce_rows(tp_tensor *indices, tp_tensor *rows, bool mean, tp_tensor **at, tp_tensor **sums)
{
    tp_tensor *out[2] = { NULL };
    const int n = at && sums ? tp__run(&op_coalesce, (tp_tensor *[]){ indices, rows }, 2, &(tp__coalesce_rows){ mean }, out, 2, TP__CALLER) : 0;
    if (at) *at = n < 0 ? NULL : out[0];
    if (sums) *sums = n < 0 ? NULL : out[1];
    return n > 0 ? TP_OK : tp__pending() ? tp__pending() : tp_fail(TP_ERR_ARGUMENT, "coalesce_rows: where to write is NULL");
}

const tp_op *const tp__ops_embedding[] = { &op_embedding, &op_embedding_masked, &op_embedding_backward, &op_coalesce, &op_renorm, NULL };
