/* grid.c: all combinations of the elements of vectors.
 *
 *   meshgrid            a view of each vector, repeated along the dims of the others
 *   cartesian_prod      those, flattened and side by side
 *   combinations        r elements of one vector, in order
 *   vander              x to the powers 0, 1, .., side by side */
#include "ops/samples.h"
#include "ops/view.h"

/* ---- meshgrid, cartesian_prod ------------------------------------------------------------------------------------------------------- */

typedef struct mesh_attr { int32_t indexing; } mesh_attr;              /* 1: ij, 2: xy */

static tp_status mesh(tp__call *call, bool xy, tp_tensor **out)
{
    const int n = call->n_in;
    tp_shape shape = { .ndim = n };
    if (!n) return tp__call_fail(call, TP_ERR_ARGUMENT, "the list of tensors is empty");
    if (n > TP_MAX_DIMS) return tp__call_fail(call, TP_ERR_SHAPE, "%d tensors make %d dims, at most %d are possible", n, n, TP_MAX_DIMS);
    for (int i = 0; i < n; i++) {
        const tp_tensor *x = call->in[i];
        if (x->ndim > 1) return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, and must have at most one dim", i, tp__shape_text(x));
        if (x->dtype != call->in[0]->dtype)
            return tp__call_fail(call, TP_ERR_DTYPE, "tensor %d is %s, and not %s", i,
                                 tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)call->in[0]->dtype));
    }
    const bool swap = xy && n > 1;
    for (int i = 0; i < n; i++) shape.dim[swap && i < 2 ? 1 - i : i] = call->in[i]->numel;
    for (int i = 0; i < n; i++) {
        const int dim = swap && i < 2 ? 1 - i : i;
        tp_shape own = { .ndim = n };
        for (int d = 0; d < n; d++) own.dim[d] = d == dim ? call->in[i]->numel : 1;
        if (!(out[i] = tp_expand(tp_view(call->in[i], own), shape))) return tp__pending();
    }
    return TP_OK;
}
static tp_status meshgrid_compose(tp__call *call)
{
    tp_tensor *grid[TP_MAX_DIMS];
    tp_status status = mesh(call, ((const mesh_attr *)call->attr)->indexing == 2, grid);
    for (int i = 0; i < call->n_in && !status; i++) status = tp__made(tp__out_made(call, grid[i]));
    return status;
}
static tp_status cartesian_compose(tp__call *call)
{
    tp_tensor *grid[TP_MAX_DIMS];
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i]->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "tensor %d is %s, and must have one dim", i, tp__shape_text(call->in[i]));
    if (call->n_in == 1) return tp__made(tp__out_made(call, call->in[0]));
    tp_status status = mesh(call, false, grid);
    for (int i = 0; i < call->n_in && !status; i++) status = tp__made(grid[i] = tp_reshape(grid[i], TP_SHAPE(-1)));
    return status ? status : tp__made(tp__out_made(call, tp_stack((tp_tensor_list){ .at = grid, .n = call->n_in }, 1)));
}
static void grid_samples(tp_sample_set *set)
{
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(2), -1, 1), tp__sample_tensor(set, TP_SHAPE(3), -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 2, .value.tensors = list });
}
static void mesh_samples(tp_sample_set *set)
{
    grid_samples(set);
    tp_tensor *const list[] = { tp__sample_tensor(set, TP_SHAPE(2), -1, 1), tp__sample_tensor(set, TP_SHAPE(3), -1, 1),
                                tp__sample_tensor(set, TP__SCALAR_SHAPE, -1, 1) };
    TP__GIVE(set, { .kind = TP_ARG_TENSORS, .n = 3, .value.tensors = list }, TP__NAMED("indexing", .kind = TP_ARG_STRING, .value.string = "xy"));
}
static const tp_op op_meshgrid = { .schema = "meshgrid(Tensor[] tensors, string{ij,xy} indexing=ij) -> Tensor[]", .compose = meshgrid_compose,
    .attr_size = sizeof(mesh_attr), .samples = mesh_samples, .state = TP__STATE };
static const tp_op op_cartesian_prod = { .schema = "cartesian_prod(Tensor[] tensors) -> Tensor", .compose = cartesian_compose, .samples = grid_samples,
    .state = TP__STATE };

/* ---- vander: powers by running products ------------------------------------------------------------------------------------------------- */

typedef struct vander_attr { int64_t n; bool increasing; } vander_attr;
static tp_status vander_compose(tp__call *call)
{
    tp_tensor *x = call->in[0];
    const vander_attr *a = call->attr;
    const int64_t n = x->ndim != 1 || a->n != TP_NONE ? a->n : x->shape[0];
    if (x->ndim != 1) return tp__call_fail(call, TP_ERR_SHAPE, "%s must have one dim", tp__shape_text(x));
    if (n < 0 || n > INT32_MAX) return tp__call_fail(call, TP_ERR_ARGUMENT, "N is %lld", (long long)n);
    const tp_dtype dtype = tp__is_floating(x->dtype) || tp__is_complex(x->dtype) ? (tp_dtype)x->dtype : TP_I64;
    if (!n) return tp__made(tp__out_made(call, tp_zeros(TP_SHAPE(x->shape[0], 0), .dtype = dtype, .device = x->device)));
    tp_tensor *ones = tp_ones(TP_SHAPE(x->shape[0], 1), .dtype = dtype, .device = x->device);
    tp_tensor *rest = tp_cumprod(tp_expand(tp_unsqueeze(tp_to_dtype(x, dtype), 1), TP_SHAPE(x->shape[0], n - 1)), 1);
    tp_tensor *y = ones && rest ? tp_cat(TP_TENSORS(ones, rest), 1) : NULL;
    return tp__made(tp__out_made(call, a->increasing || !y ? y : tp_flip(y, TP_DIMS(1))));
}
static void vander_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -1, 1)));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(3), -1, 1)), TP__INT_ARG(4), TP__BOOL_ARG(true));
}
static const tp_op op_vander = { .schema = "vander(Tensor x, int? N=none, bool increasing=false) -> Tensor", .compose = vander_compose,
    .attr_size = sizeof(vander_attr), .samples = vander_samples, .state = TP__STATE };

/* ---- Public ----------------------------------------------------------------------------------------------------------------------------- */

tp_status tp_meshgrid(tp_tensor_list tensors, const char *indexing, tp_tensor **out, int max, int *n)
{
    const bool xy = indexing && !strcmp(indexing, "xy");
    if (indexing && !xy && strcmp(indexing, "ij")) return tp_fail(TP_ERR_ARGUMENT, "meshgrid: indexing is \"%s\", and has to be \"ij\" or \"xy\"", indexing);
    return tp__give_several(&op_meshgrid, &tensors, &(mesh_attr){ 1 + xy }, out, max, n, TP__CALLER);
}
tp_tensor *tp_cartesian_prod(tp_tensor_list tensors) { return tp__run_list(&op_cartesian_prod, &tensors, NULL, TP__CALLER); }
tp_tensor *tp_vander(tp_tensor *x, int64_t n, bool increasing) { return tp__run1(&op_vander, &x, 1, &(vander_attr){ n, increasing }, TP__CALLER); }

const tp_op *const tp__ops_grid[] = { &op_meshgrid, &op_cartesian_prod, &op_vander, NULL };
