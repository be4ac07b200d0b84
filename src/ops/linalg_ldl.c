/* linalg_ldl.c: symmetric matrices [.., n, n] as L D L', of the lower triangle, and systems by these factors. What L, D and the pivots are is
 * said in cpu/linalg_ldl.c.
 *
 *   linalg_ldl_factor_ex    L and D in one, pivots, and the first zero of D; linalg_ldl_factor takes that as an error
 *   linalg_ldl_solve        X of L D L' X = B
 *
 * `hermitian` changes nothing for real numbers. No gradients, as in PyTorch. */
#include "ops/linalg.h"

static tp_status factors_shape(tp__call *call)
{
    const tp_tensor *x = call->in[0];
    if (tp__linalg_square(call, x)) return tp__pending();
    if (!tp__out(call, (tp_dtype)x->dtype, x->ndim, x->shape) || !tp__out(call, TP_I32, x->ndim - 1, x->shape)) return tp__pending();
    return tp__made(tp__out(call, TP_I32, x->ndim - 2, x->shape));
}

static tp_status solution_shape(tp__call *call)
{
    const tp_tensor *ld = call->in[0], *pivots = call->in[1], *b = call->in[2];
    const int n = ld->ndim;
    if (tp__linalg_square(call, ld)) return tp__pending();
    const size_t batch = sizeof *ld->shape * (size_t)(n - 2);
    if (pivots->dtype != TP_I32) return tp__call_fail(call, TP_ERR_DTYPE, "the pivots are %s, not int32", tp_dtype_name((tp_dtype)pivots->dtype));
    if (b->dtype != ld->dtype)
        return tp__call_fail(call, TP_ERR_DTYPE, "B is %s, LD %s", tp_dtype_name((tp_dtype)b->dtype), tp_dtype_name((tp_dtype)ld->dtype));
    if (pivots->ndim != n - 1 || memcmp(pivots->shape, ld->shape, batch) || pivots->shape[n - 2] != ld->shape[n - 1] || b->ndim != n ||
        memcmp(b->shape, ld->shape, batch) || b->shape[n - 2] != ld->shape[n - 1])
        return tp__call_fail(call, TP_ERR_SHAPE, "LD %s, pivots %s and B %s do not fit", tp__shape_text(ld), tp__shape_text(pivots), tp__shape_text(b));
    return tp__made(tp__out(call, (tp_dtype)b->dtype, n, b->shape));
}

static const tp_op op_factors, op_solution;

static tp_status factor_ex_compose(tp__call *call)
{
    tp_tensor *out[3];
    if (tp__run(&op_factors, call->in, 1, NULL, out, 3, NULL) < 0) return tp__pending();
    for (int i = 0; i < 3; i++)
        if (tp__give_out(call, out[i])) return tp__pending();
    const bool *attr = call->attr;                     /* hermitian, check_errors */
    const tp_tensor *told = attr[1] ? tp_to(out[2], TP_CPU) : NULL;
    if (attr[1] && !told) return tp__pending();
    const int32_t *info = told ? told->data : NULL;
    for (int64_t i = 0; info && i < told->numel; i++)
        if (info[i]) return tp__call_fail(call, TP_ERR_NUMERIC, "matrix %lld is singular: D has a 0 at %d", (long long)i, (int)info[i] - 1);
    return TP_OK;
}
static tp_status factor_compose(tp__call *call)
{
    tp__call inner = *call;
    tp_tensor *out[3];
    inner.attr = (const bool[]){ false, true };
    inner.out = out;
    inner.max_out = 3;
    const tp_status status = factor_ex_compose(&inner);
    if (status) return status;
    return tp__give_out(call, out[0]) ? tp__pending() : tp__give_out(call, out[1]);
}

/* x, of which the last `own` dims are kept, over a batch */
static tp_tensor *over(tp_tensor *x, const tp_shape *batch, int own)
{
    tp_shape shape = *batch;
    for (int i = 0; i < own; i++) shape.dim[shape.ndim++] = x->shape[x->ndim - own + i];
    return tp_expand(x, shape);
}
static tp_status solve_compose(tp__call *call)
{
    tp_tensor *ld = call->in[0], *pivots = call->in[1], *b = call->in[2];
    if (tp__linalg_square(call, ld) || tp__linalg_matrix(call, b)) return tp__pending();
    if (pivots->ndim != ld->ndim - 1) return tp__call_fail(call, TP_ERR_SHAPE, "pivots %s do not fit LD %s", tp__shape_text(pivots), tp__shape_text(ld));
    const int n = ld->ndim > b->ndim ? ld->ndim - 2 : b->ndim - 2;
    tp_shape batch = { .ndim = n };
    for (int d = 0; d < n; d++) {
        const int p = d - (n - (ld->ndim - 2)), q = d - (n - (b->ndim - 2));
        const int64_t u = p < 0 ? 1 : ld->shape[p], v = q < 0 ? 1 : b->shape[q];
        if (u != v && u != 1 && v != 1) return tp__call_fail(call, TP_ERR_SHAPE, "LD %s and B %s do not broadcast", tp__shape_text(ld), tp__shape_text(b));
        batch.dim[d] = u == 1 ? v : u;
    }
    ld = over(ld, &batch, 2);
    pivots = over(pivots, &batch, 1);
    b = over(b, &batch, 2);
    return ld && pivots && b ? tp__give_out(call, tp__run1(&op_solution, (tp_tensor *[]){ ld, pivots, b }, 3, NULL, NULL)) : tp__pending();
}

/* ---- Samples, descriptors ------------------------------------------------------------------------------------------------------------- */

/* What is on the diagonal is small, so that there are blocks of 2 */
static tp_tensor *symmetric(const tp_sample_set *set, tp_shape shape)
{
    tp_tensor *x = tp_detach(tp__sample_distinct(set, shape));
    return tp_add(x, tp_transpose(x, -1, -2));
}
static void factor_samples(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(symmetric(set, TP_SHAPE(2, 3, 3))));
    TP__GIVE(set, TP__TENSOR_ARG(symmetric(set, TP_SHAPE(0, 0))));
}
/* Pivots that fit wherever one of them is repeated */
static void give_two(tp_sample_set *set, tp_shape batch)
{
    tp_shape square = batch, row = batch, columns = batch;
    square.dim[square.ndim++] = 2;
    square.dim[square.ndim++] = row.dim[row.ndim++] = columns.dim[columns.ndim++] = 2;
    columns.dim[columns.ndim++] = 3;
    tp_tensor *ld = tp_detach(tp__sample_distinct(set, square)), *pivots = tp_full(row, 2, .dtype = TP_I32);
    TP__GIVE(set, TP__TENSOR_ARG(ld), TP__TENSOR_ARG(pivots), TP__TENSOR_ARG(tp__sample_tensor(set, columns, -1, 1)));
}
static void solution_samples(tp_sample_set *set) { give_two(set, TP_SHAPE(2)); }
static void solve_samples(tp_sample_set *set) { give_two(set, TP__SCALAR_SHAPE); }

static const tp_op op_factors = { .schema = "ldl_factors(Tensor input) -> (Tensor, Tensor, Tensor)",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = factors_shape, .forward = tp__run_contiguous, .samples = factor_samples, .state = TP__STATE };
static const tp_op op_solution = { .schema = "ldl_solution(Tensor LD, Tensor pivots, Tensor B) -> Tensor",
    .flags = TP__INTERNAL | TP__NO_GRAD_OP, .shape = solution_shape, .forward = tp__run_contiguous, .samples = solution_samples, .state = TP__STATE };
static const tp_op op_factor = { .schema = "linalg_ldl_factor(Tensor input, *, bool hermitian=false) -> (Tensor, Tensor)", .flags = TP__NO_GRAD_OP,
    .compose = factor_compose, .attr_size = sizeof(bool), .samples = factor_samples, .state = TP__STATE };
static const tp_op op_factor_ex = { .schema = "linalg_ldl_factor_ex(Tensor input, *, bool hermitian=false, "
    "bool check_errors=false) -> (Tensor, Tensor, Tensor)", .flags = TP__NO_GRAD_OP, .compose = factor_ex_compose,
    .attr_size = 2 * sizeof(bool), .samples = factor_samples, .state = TP__STATE };
static const tp_op op_solve = { .schema = "linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=false) -> Tensor", .flags = TP__NO_GRAD_OP,
    .compose = solve_compose, .attr_size = sizeof(bool), .samples = solve_samples, .state = TP__STATE };

tp_tensor *tp_linalg_ldl_factor(tp_tensor *a, tp_tensor **pivots)
{
    return tp__run_parts(&op_factor, &a, 1, &(bool){ false }, pivots, NULL, TP__CALLER);
}
tp_tensor *tp_linalg_ldl_solve(tp_tensor *ld, tp_tensor *pivots, tp_tensor *b)
{
    return tp__run1(&op_solve, (tp_tensor *[]){ ld, pivots, b }, 3, &(bool){ false }, TP__CALLER);
}

const tp_op *const tp__ops_linalg_ldl[] = { &op_factors, &op_solution, &op_factor, &op_factor_ex, &op_solve, NULL };
