/* unique.c: elements, or slices of a dim, each once. No gradients.
 *
 *   unique               in rising order                     unique_consecutive   where they change
 *   further outputs      which of them each one is; how often each occurs
 *
 * The kernel groups rows: a row is an element, or a slice laid out as one. NaN equals nothing. */
#include "core/kernel_args.h"
#include "ops/index_rows.h"
#include "ops/samples.h"
#include "ops/view.h"

/* ---- Groups of rows ------------------------------------------------------------------------------------------------------------------ */

static tp_status groups_shape(tp__call *call)          /* how many there are, the kernel finds */
{
    const tp_tensor *x = call->in[0];
    if (x->ndim != 2) return tp__call_fail(call, TP_ERR_SHAPE, "%s is no list of rows", tp__shape_text(x));
    if (tp__is_complex(x->dtype)) return tp__call_fail(call, TP_ERR_DTYPE, "complex numbers have no order");
    return TP_OK;
}

static void groups_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(9, 2), 2)), TP__BOOL_ARG(false));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(5, 1), 0, 1)), TP__BOOL_ARG(true));
}

static const tp_op op_groups = { .schema = "unique_rows(Tensor input, bool consecutive) -> (Tensor first, Tensor inverse, Tensor counts)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = groups_shape, .attr_size = sizeof(bool), .samples = groups_samples, .state = TP__STATE };

/* ---- The ops --------------------------------------------------------------------------------------------------------------------------- */

typedef struct unique_attr { bool sorted, return_inverse, return_counts; int64_t dim; } unique_attr;
typedef struct consecutive_attr { bool return_inverse, return_counts; int64_t dim; } consecutive_attr;

static tp_status give(tp__call *call, tp_tensor *y, tp_tensor *inverse, tp_tensor *counts, bool with_inverse, bool with_counts)
{
    if (!tp__out_made(call, y)) return tp__pending();
    if (with_inverse && !tp__out_made(call, inverse)) return tp__pending();
    return with_counts ? tp__made(tp__out_made(call, counts)) : TP_OK;
}

static tp_status find(tp__call *call, int64_t dim, bool consecutive, bool with_inverse, bool with_counts)
{
    tp_tensor *x = call->in[0], *out[3] = { NULL };
    int d = 0;
    TP_NO_GRAD();
    if (dim == TP_NONE) {
        tp_tensor *rows = tp_reshape(x, TP_SHAPE(-1, 1));
        if (!rows || tp__run(&op_groups, &rows, 1, &consecutive, out, 3, NULL) < 0) return tp__pending();
        tp_tensor *y = tp__rows_take(tp_reshape(rows, TP_SHAPE(-1)), out[0], (tp__row_lookup){ 0, 1, false, false });
        return give(call, y, with_inverse ? tp_reshape(out[1], tp_shape_of(x)) : NULL, out[2], with_inverse, with_counts);
    }
    if (!x->ndim) return tp__call_fail(call, TP_ERR_SHAPE, "dim %lld of a tensor without dims", (long long)dim);
    if (tp__take_dim(call, dim, x, &d)) return tp__pending();
    if (!x->numel && x->shape[d])
        return tp__call_fail(call, TP_ERR_SHAPE, "the slices of %s along dim %d have no elements", tp__shape_text(x), d);
    const int64_t n = x->shape[d];
    tp_tensor *front = tp_movedim(x, TP_DIMS(d), TP_DIMS(0)), *rows = front ? tp_reshape(front, TP_SHAPE(n, n ? x->numel / n : 1)) : NULL;
    if (!rows || tp__run(&op_groups, &rows, 1, &consecutive, out, 3, NULL) < 0) return tp__pending();
    return give(call, tp__rows_take(x, out[0], (tp__row_lookup){ d, 1, false, false }), out[1], out[2], with_inverse, with_counts);
}

static tp_status unique_compose(tp__call *call)
{
    const unique_attr *a = call->attr;
    return find(call, a->dim, false, a->return_inverse, a->return_counts);
}

static tp_status consecutive_compose(tp__call *call)
{
    const consecutive_attr *a = call->attr;
    return find(call, a->dim, true, a->return_inverse, a->return_counts);
}

#define YES(label) TP__NAMED(label, .kind = TP_ARG_BOOL, .value.boolean = true)
static void unique_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 5), 4)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(3, 5), 2)), YES("return_inverse"), YES("return_counts"));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_indices(TP_SHAPE(2, 7), 2)), YES("return_counts"), TP__NAMED("dim", .kind = TP_ARG_INT, .value.integer = -1));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP__SCALAR_SHAPE, 0, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0), 0, 1)), YES("return_inverse"));
}

static const tp_op op_unique = {
    .schema = "unique(Tensor input, bool sorted=true, bool return_inverse=false, bool return_counts=false, int? dim=none) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = unique_compose, .attr_size = sizeof(unique_attr), .samples = unique_samples, .state = TP__STATE };
static const tp_op op_consecutive = {
    .schema = "unique_consecutive(Tensor input, bool return_inverse=false, bool return_counts=false, int? dim=none) -> Tensor",
    .flags = TP__NO_GRAD_OP, .compose = consecutive_compose, .attr_size = sizeof(consecutive_attr), .samples = unique_samples, .state = TP__STATE };

static tp_tensor *run(const tp_op *op, const char *name, tp_tensor *x, bool sorted, const tp_unique_options *options, const void *caller)
{
    tp_unique_options o = TP__BRACES(unique, );
    tp_tensor *out[3] = { NULL };
    if (tp_options_take(name, &o, options, offsetof(tp_unique_options, tp__end))) return NULL;
    const unique_attr a = { true, o.inverse, o.counts, o.dim };
    const consecutive_attr b = { o.inverse, o.counts, o.dim };
    if (o.inverse) *o.inverse = NULL;
    if (o.counts) *o.counts = NULL;
    if (tp__run(op, &x, 1, sorted ? (const void *)&a : (const void *)&b, out, 3, caller) < 0) return NULL;
    if (o.inverse) *o.inverse = out[1];
    if (o.counts) *o.counts = out[o.inverse ? 2 : 1];
    return out[0];
}

tp_tensor *tp_unique_with(tp_tensor *x, const tp_unique_options *o) { return run(&op_unique, "unique", x, true, o, TP__CALLER); }
tp_tensor *tp_unique_consecutive_with(tp_tensor *x, const tp_unique_options *o) { return run(&op_consecutive, "unique_consecutive", x, false, o, TP__CALLER); }

const tp_op *const tp__ops_unique[] = { &op_groups, &op_unique, &op_consecutive, NULL };
