/* linalg.c: square matrices, and batches of them [.., n, n]. A' is the transpose of the last two dims.
 *
 *   linalg_inv       Y = A^-1               dA = -Y' dY Y'
 *   linalg_det       y = det A              dA = dy y A^-T
 *   linalg_slogdet   sign, log |det A|      dA = dy A^-T
 *   linalg_solve     X = A^-1 B             dB = A^-T dX,  dA = -dB X'
 *   linalg_solve_triangular                 the same, dA within the triangle
 *   linalg_cholesky  A = L L'               dA = (S + S') / 2,  S = L^-T tri(L' dL) L^-1,  tri: the lower triangle, its diagonal halved
 *
 * (Giles 2008, "Collected matrix derivative results"; Murray 2016, "Differentiation of the Cholesky decomposition".) A singular
 * matrix is TP_ERR_NUMERIC, but for det. */
#include "ops/linalg.h"
#include "ops/product.h"

static const tp_op op_linalg_inv, op_solve, op_triangular, op_cholesky;
typedef struct triangle_attr { bool upper, unitriangular; } triangle_attr;

static tp_tensor *inverse(tp_tensor *a) { return tp__run1(&op_linalg_inv, &a, 1, NULL, NULL); }
static tp_tensor *solve(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_solve, (tp_tensor *[]){ a, b }, 2, NULL, NULL); }
static tp_tensor *triangular(tp_tensor *a, tp_tensor *b, bool upper, bool unit)
{
    return tp__run1(&op_triangular, (tp_tensor *[]){ a, b }, 2, &(triangle_attr){ upper, unit }, NULL);
}

/* ---- Shape rules ---------------------------------------------------------------------------------------------------------------- */

tp_status tp__linalg_matrix(const tp__call *call, const tp_tensor *a)
{
    if (a->ndim < 2) return tp__call_fail(call, TP_ERR_SHAPE, "takes a matrix or a batch of them, not %s", tp__shape_text(a));
    if (a->dtype == TP_F32 || a->dtype == TP_F64 || tp__is_complex(a->dtype)) return TP_OK;       /* complex: of an op that takes it */
    return tp__call_fail(call, TP_ERR_DTYPE, "takes float32 and float64, not %s", tp_dtype_name((tp_dtype)a->dtype));
}

tp_status tp__linalg_square(const tp__call *call, const tp_tensor *a)
{
    if (tp__linalg_matrix(call, a)) return tp__pending();
    if (a->shape[a->ndim - 1] == a->shape[a->ndim - 2]) return TP_OK;
    return tp__call_fail(call, TP_ERR_SHAPE, "the matrices of %s are not square", tp__shape_text(a));
}

tp_tensor *tp__linalg_out(tp__call *call, tp_dtype dtype, int64_t rows, int64_t last)
{
    const tp_tensor *x = call->in[0];
    int64_t shape[TP_MAX_DIMS];
    int ndim = x->ndim - 2;
    memcpy(shape, x->shape, sizeof *shape * (size_t)ndim);
    if (rows >= 0) shape[ndim++] = rows;
    if (last >= 0) shape[ndim++] = last;
    return tp__out(call, dtype, ndim, shape);
}

static tp_status check_square(const tp__call *call) { return tp__linalg_square(call, call->in[0]); }

static tp_status square_shape(tp__call *call)
{
    const tp_tensor *a = call->in[0];
    return check_square(call) ? tp__pending() : tp__made(tp__out(call, (tp_dtype)a->dtype, a->ndim, a->shape));
}

static tp_status per_matrix_shape(tp__call *call)      /* one number each */
{
    const tp_tensor *a = call->in[0];
    return check_square(call) ? tp__pending() : tp__made(tp__out(call, (tp_dtype)a->dtype, a->ndim - 2, a->shape));
}

static tp_status slogdet_shape(tp__call *call) { return per_matrix_shape(call) ? tp__pending() : per_matrix_shape(call); }

/* A [.., n, n], B [.., n, r], the same batch */
static tp_status solve_shape(tp__call *call)
{
    const tp_tensor *a = call->in[0], *b = call->in[1];
    if (check_square(call)) return tp__pending();
    bool fits = a->ndim == b->ndim && a->dtype == b->dtype && a->shape[a->ndim - 1] == b->shape[b->ndim - 2];
    for (int d = 0; d < a->ndim - 2 && fits; d++) fits = a->shape[d] == b->shape[d];
    if (!fits) return tp__call_fail(call, TP_ERR_SHAPE, "%s (%s) and %s (%s) do not fit", tp__shape_text(a), tp_dtype_name((tp_dtype)a->dtype),
                                    tp__shape_text(b), tp_dtype_name((tp_dtype)b->dtype));
    return tp__made(tp__out(call, (tp_dtype)a->dtype, b->ndim, b->shape));
}

/* ---- Rules -------------------------------------------------------------------------------------------------------------------------- */

static tp_status inv_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *y = tp__flip(tp__saved(node, 0));
    (void)need;
    return tp__made(dx[0] = tp_neg(tp_matmul(y, tp_matmul(dy[0], y))));
}

static tp_tensor *per_matrix(tp_tensor *v)             /* [..] as [.., 1, 1] */
{
    if (!v) return NULL;
    tp_shape shape = tp_shape_of(v);
    if (shape.ndim + 2 > TP_MAX_DIMS) return NULL;
    shape.dim[shape.ndim++] = 1;
    shape.dim[shape.ndim++] = 1;
    return tp_reshape(v, shape);
}

static tp_status det_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *a = tp__saved(node, 0), *y = tp__saved(node, 1);
    if (!a || !y) return tp__pending();
    const int64_t n = a->shape[a->ndim - 1];
    if (n == 1) return tp__made(dx[0] = per_matrix(dy[0]));                /* det A is A */
    tp_tensor *one = tp_eye(n, TP_NONE, .dtype = (tp_dtype)a->dtype, .device = a->device);
    a = tp_where(tp_eq(per_matrix(y), 0), one, a);     /* of a determinant of 0 it is 0, as PyTorch's, and A need have no inverse */
    return tp__made(dx[0] = tp_mul(per_matrix(tp_mul(dy[0], y)), tp__flip(inverse(a))));
}

static tp_status slogdet_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    if (!dy[1]) return TP_OK;                          /* the sign is constant */
    return tp__made(dx[0] = tp_mul(per_matrix(dy[1]), tp__flip(inverse(tp__saved(node, 0)))));
}

static tp_status solve_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    tp_tensor *db = solve(tp__flip(tp__saved(node, 0)), dy[0]);
    if (need & 2) dx[1] = db;
    if (db && need & 1) dx[0] = tp_neg(tp_matmul(db, tp__flip(tp__saved(node, 1))));
    return tp__made(need & 1 ? dx[0] : db);
}

static tp_status triangular_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    const triangle_attr *attr = tp__attr(node);
    tp_tensor *db = triangular(tp__flip(tp__saved(node, 0)), dy[0], !attr->upper, attr->unitriangular);
    if (need & 2) dx[1] = db;
    if (db && need & 1) {
        tp_tensor *da = tp_neg(tp_matmul(db, tp__flip(tp__saved(node, 1))));
        const int off = attr->unitriangular;
        dx[0] = attr->upper ? tp_triu(da, off) : tp_tril(da, -off);
    }
    return tp__made(need & 1 ? dx[0] : db);
}

static tp_status cholesky_backward(const tp_node *node, tp_tensor *const *dy, uint64_t need, tp_tensor **dx)
{
    (void)need;
    tp_tensor *l = tp__saved(node, 0), *lt = tp__flip(l), *p = tp_matmul(lt, dy[0]);
    p = tp_mul(0.5, tp_add(tp_tril(p, 0), tp_tril(p, -1)));
    tp_tensor *s = triangular(lt, tp__flip(triangular(lt, p, true, false)), true, false);
    return tp__made(dx[0] = tp_mul(0.5, tp_add(s, tp__flip(s))));
}

/* ---- What users call: vectors, broadcast batches, either side ------------------------------------------------------------------------ */

static tp_status cholesky_compose(tp__call *call)
{
    const bool upper = *(const bool *)call->attr;
    tp_tensor *a = call->in[0];
    if (check_square(call)) return tp__pending();
    if (!upper) return tp__give_out(call, tp__run1(&op_cholesky, &a, 1, NULL, NULL));
    a = tp__flip(a);
    return tp__give_out(call, tp__flip(tp__run1(&op_cholesky, &a, 1, NULL, NULL)));
}

/* Both with the batch that they broadcast to. */
static bool broadcast_batches(const tp__call *call, tp_tensor **a, tp_tensor **b)
{
    const tp_tensor *in[] = { *a, *b };
    tp_shape shape[2];
    const int n = (*a)->ndim > (*b)->ndim ? (*a)->ndim : (*b)->ndim;
    shape[0].ndim = shape[1].ndim = n;
    for (int d = 0; d < n; d++) {
        int64_t size[2];
        for (int i = 0; i < 2; i++) size[i] = d < n - in[i]->ndim ? 1 : in[i]->shape[d - (n - in[i]->ndim)];
        const bool batch = d < n - 2;
        if (batch && size[0] != size[1] && size[0] != 1 && size[1] != 1) {
            tp__call_fail(call, TP_ERR_SHAPE, "the batches of %s and %s do not broadcast", tp__shape_text(*a), tp__shape_text(*b));
            return false;
        }
        for (int i = 0; i < 2; i++) shape[i].dim[d] = batch && size[i] == 1 ? size[1 - i] : size[i];
    }
    *a = tp_expand(*a, shape[0]);
    *b = tp_expand(*b, shape[1]);
    return *a && *b;
}

/* Is B one vector, or a vector for each matrix of A? As PyTorch decides it. */
static bool is_vector(const tp_tensor *a, const tp_tensor *b)
{
    if (b->ndim == 1) return true;
    if (a->ndim - 1 != b->ndim) return false;
    for (int d = 0; d < b->ndim; d++)
        if (a->shape[d] != b->shape[d]) return false;
    return true;
}

static tp_status check_sides(const tp__call *call, bool left, bool vector)
{
    const tp_tensor *a = call->in[0], *b = call->in[1];
    if (check_square(call)) return tp__pending();
    const int64_t n = a->shape[a->ndim - 1];
    if (!b->ndim || (b->ndim < 2 && !vector) || b->shape[b->ndim - (left && !vector ? 2 : 1)] != n)
        return tp__call_fail(call, TP_ERR_SHAPE, "A is %s, B %s: they do not fit", tp__shape_text(a), tp__shape_text(b));
    if (a->dtype == b->dtype) return TP_OK;
    return tp__call_fail(call, TP_ERR_DTYPE, "A is %s, B %s", tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
}

static tp_tensor *as_column(tp_tensor *b)
{
    tp_shape shape = tp_shape_of(b);
    shape.dim[shape.ndim++] = 1;
    return tp_reshape(b, shape);
}

static tp_status solve_compose(tp__call *call)
{
    const bool left = *(const bool *)call->attr, vector = is_vector(call->in[0], call->in[1]);
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (check_sides(call, left, vector)) return tp__pending();
    if (vector && !left) return tp__call_fail(call, TP_ERR_ARGUMENT, "a vector %s stands on the right alone", tp__shape_text(b));
    if (vector) b = as_column(b);
    if (!left) a = tp__flip(a), b = tp__flip(b);
    if (!a || !b || !broadcast_batches(call, &a, &b)) return tp__pending();
    tp_tensor *x = solve(a, b);
    return tp__give_out(call, vector ? tp_select(x, -1, 0) : left ? x : tp__flip(x));
}

typedef struct triangular_attr { bool upper, left, unitriangular; } triangular_attr;
static tp_status triangular_compose(tp__call *call)
{
    const triangular_attr *attr = call->attr;
    tp_tensor *a = call->in[0], *b = call->in[1];
    if (check_sides(call, attr->left, false)) return tp__pending();
    if (!attr->left) a = tp__flip(a), b = tp__flip(b);
    if (!a || !b || !broadcast_batches(call, &a, &b)) return tp__pending();
    tp_tensor *x = triangular(a, b, attr->upper == attr->left, attr->unitriangular);
    return tp__give_out(call, attr->left ? x : tp__flip(x));
}

static tp_tensor *identity(int64_t n, tp_dtype dtype, tp_device device)
{
    tp_tensor *i = tp_arange(0, (double)n, 1, .dtype = TP_I64, .device = device);
    return tp_to_dtype(tp_eq(tp_reshape(i, TP_SHAPE(n, 1)), i), dtype);
}

/* A^n by squaring; negative: of the inverse. */
static tp_status power_compose(tp__call *call)
{
    int64_t n = *(const int64_t *)call->attr;
    tp_tensor *a = call->in[0], *y = NULL;
    if (check_square(call)) return tp__pending();
    if (n < 0) a = inverse(a);
    if (!a) return tp__pending();
    if (!n) {
        tp_tensor *never = tp_zeros(TP_SHAPE(1), .dtype = TP_BOOL, .device = a->device);
        return tp__give_out(call, tp_where(never, a, identity(a->shape[a->ndim - 1], (tp_dtype)a->dtype, a->device)));
    }
    for (uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n; left; left >>= 1) {
        if (left & 1) y = y ? tp_matmul(y, a) : a;
        if (left > 1) a = tp_matmul(a, a);
        if (!y && tp__pending()) return tp__pending();
    }
    return tp__give_out(call, y == call->in[0] ? tp_clone(y) : y);
}

/* ---- Samples, descriptors ---------------------------------------------------------------------------------------------------------------- */

/* Diagonally dominant, so far from singular */
static tp_tensor *sample_matrix(const tp_sample_set *set, tp_shape shape)
{
    const int64_t n = shape.dim[shape.ndim - 1];
    tp_tensor *x = tp_detach(tp__sample_tensor(set, shape, -1, 1));
    x = tp_add(x, tp_mul((double)(n + 1), identity(n, tp_dtype_of(x), TP_CPU)));
    return tp_requires_grad(x, tp__is_floating(tp_dtype_of(x))), x;
}
static tp_tensor *sample_positive(const tp_sample_set *set, tp_shape shape)
{
    tp_tensor *x = tp_detach(sample_matrix(set, shape));
    x = tp_matmul(x, tp_conj(tp__flip(x)));
    return tp_requires_grad(x, true), x;
}
void tp__linalg_give_unchecked(tp_sample_set *set, const tp_arg *args, int n)
{
    tp__sample sample = { .n = n, .no_gradcheck = true };
    memcpy(sample.args, args, sizeof *args * (size_t)n);
    set->take(set, &sample);
}
void tp__linalg_matrices(tp_sample_set *set)
{
    TP__GIVE(set, TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(2, 3, 3))));      /* batches: with rows that repeat they would be singular */
    TP__GIVE(set, TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(2, 4, 3))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__linalg_sample(set, TP_SHAPE(2, 2, 3))));
    TP__GIVE(set, TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(0, 3), -1, 1)));
}
void tp__linalg_positive(tp_sample_set *set)
{
    tp_tensor *x = tp_detach(tp__linalg_sample(set, TP_SHAPE(2, 3, 3)));
    x = tp_matmul(x, tp_conj(tp__flip(x)));
    if (x) tp_requires_grad(x, true);
    tp__linalg_give_unchecked(set, (const tp_arg[]){ TP__TENSOR_ARG(x) }, 1);
}
#define M(...) TP__TENSOR_ARG(sample_matrix(set, TP_SHAPE(__VA_ARGS__)))
#define X(...) TP__TENSOR_ARG(tp__sample_tensor(set, TP_SHAPE(__VA_ARGS__), -1, 1))
static void matrix_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 3));
    TP__GIVE(set, M(2, 2, 2));
    TP__GIVE(set, X(0, 0));
}
static void same_batch_samples(tp_sample_set *set) { TP__GIVE(set, M(2, 3, 3), X(2, 3, 2)); }
static void solve_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 3), X(3));
    TP__GIVE(set, M(2, 3, 3), X(3, 2));
    TP__GIVE(set, M(3, 3), X(2, 2, 3), TP__NAMED("left", .kind = TP_ARG_BOOL, .value.boolean = false));
    TP__GIVE(set, X(0, 0), X(0, 2));
}
static void triangle_samples(tp_sample_set *set) { TP__GIVE(set, M(2, 3, 3), X(2, 3, 2), TP__BOOL_ARG(true), TP__BOOL_ARG(false)); }
static void triangular_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(3, 3), X(2, 3, 2), TP__NAMED("upper", .kind = TP_ARG_BOOL, .value.boolean = true));
    TP__GIVE(set, M(3, 3), X(2, 3), TP__NAMED("upper", .kind = TP_ARG_BOOL, .value.boolean = false),
             TP__NAMED("left", .kind = TP_ARG_BOOL, .value.boolean = false), TP__NAMED("unitriangular", .kind = TP_ARG_BOOL, .value.boolean = true));
}
/* Its gradient is that of a symmetric A, which differences of single elements do not see: tests/test_linalg.c checks it. */
static void give_positive(tp_sample_set *set, tp_shape shape, int n)
{
    const tp_arg upper = TP__NAMED("upper", .kind = TP_ARG_BOOL, .value.boolean = true);
    tp__linalg_give_unchecked(set, (const tp_arg[]){ TP__TENSOR_ARG(sample_positive(set, shape)), upper }, n);
}
static void lower_samples(tp_sample_set *set) { give_positive(set, TP_SHAPE(2, 3, 3), 1); }
static void cholesky_samples(tp_sample_set *set)
{
    lower_samples(set);
    give_positive(set, TP_SHAPE(3, 3), 2);
}
static void power_samples(tp_sample_set *set)
{
    TP__GIVE(set, M(2, 2), TP__INT_ARG(3));
    TP__GIVE(set, M(2, 2), TP__INT_ARG(-2));
    TP__GIVE(set, M(2, 2), TP__INT_ARG(1));
}

static const tp_op op_linalg_inv = { .schema = "linalg_inv(Tensor A) -> Tensor", .shape = square_shape, .backward = inv_backward, .saves = { TP__OUTPUT(0) },
    .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_inverse = { .schema = "inverse(Tensor input) -> Tensor", .kernel = "linalg_inv", .shape = square_shape, .backward = inv_backward,
    .saves = { TP__OUTPUT(0) }, .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_linalg_det = { .schema = "linalg_det(Tensor A) -> Tensor", .shape = per_matrix_shape, .backward = det_backward,
    .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_det = { .schema = "det(Tensor input) -> Tensor", .kernel = "linalg_det", .shape = per_matrix_shape, .backward = det_backward,
    .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_linalg_slogdet = { .schema = "linalg_slogdet(Tensor A) -> (Tensor, Tensor)", .shape = slogdet_shape, .backward = slogdet_backward,
    .saves = { TP__INPUT(0, 0) }, .samples = matrix_samples, .state = TP__STATE };
static const tp_op op_solve = { .schema = "solve_matrices(Tensor A, Tensor B) -> Tensor", .kernel = "linalg_solve", .flags = TP__INTERNAL, .shape = solve_shape,
    .backward = solve_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) }, .samples = same_batch_samples, .state = TP__STATE };
static const tp_op op_linalg_solve = { .schema = "linalg_solve(Tensor A, Tensor B, *, bool left=true) -> Tensor", .compose = solve_compose,
    .attr_size = sizeof(bool), .samples = solve_samples, .state = TP__STATE };
static const tp_op op_triangular = { .schema = "solve_triangles(Tensor A, Tensor B, bool upper, bool unitriangular) -> Tensor", .flags = TP__INTERNAL,
    .kernel = "linalg_solve_triangular", .shape = solve_shape, .backward = triangular_backward, .saves = { TP__INPUT(0, 0), TP__OUTPUT(0) },
    .attr_size = sizeof(triangle_attr), .samples = triangle_samples, .state = TP__STATE };
static const tp_op op_linalg_solve_triangular = { .schema = "linalg_solve_triangular(Tensor input, Tensor B, *, "
    "bool upper, bool left=true, bool unitriangular=false) -> Tensor", .compose = triangular_compose,
    .attr_size = sizeof(triangular_attr), .samples = triangular_samples, .state = TP__STATE };
static const tp_op op_cholesky = { .schema = "cholesky_lower(Tensor A) -> Tensor", .kernel = "linalg_cholesky", .flags = TP__INTERNAL, .shape = square_shape,
    .backward = cholesky_backward, .saves = { TP__OUTPUT(0) }, .samples = lower_samples, .state = TP__STATE };
static const tp_op op_linalg_cholesky = { .schema = "linalg_cholesky(Tensor input, *, bool upper=false) -> Tensor", .compose = cholesky_compose,
    .attr_size = sizeof(bool), .samples = cholesky_samples, .state = TP__STATE };
static const tp_op op_matrix_power = { .schema = "linalg_matrix_power(Tensor input, int n) -> Tensor", .compose = power_compose, .attr_size = sizeof(int64_t),
    .samples = power_samples, .state = TP__STATE };

/* ---- Public ------------------------------------------------------------------------------------------------------------------------------- */

tp_tensor *tp_linalg_inv(tp_tensor *a) { return tp__run1(&op_linalg_inv, &a, 1, NULL, TP__CALLER); }
tp_tensor *tp_linalg_det(tp_tensor *a) { return tp__run1(&op_linalg_det, &a, 1, NULL, TP__CALLER); }
tp_tensor *tp_linalg_cholesky(tp_tensor *a) { return tp__run1(&op_linalg_cholesky, &a, 1, &(bool){ false }, TP__CALLER); }
tp_tensor *tp_linalg_solve(tp_tensor *a, tp_tensor *b) { return tp__run1(&op_linalg_solve, (tp_tensor *[]){ a, b }, 2, &(bool){ true }, TP__CALLER); }
tp_tensor *tp_linalg_matrix_power(tp_tensor *a, int64_t n) { return tp__run1(&op_matrix_power, &a, 1, &n, TP__CALLER); }

tp_tensor *tp_linalg_slogdet(tp_tensor *a, tp_tensor **logabsdet)
{
    return tp__run_parts(&op_linalg_slogdet, &a, 1, NULL, logabsdet, NULL, TP__CALLER);
}

tp_tensor *tp_linalg_solve_triangular_with(tp_tensor *a, tp_tensor *b, bool upper, const tp_linalg_solve_triangular_options *options)
{
    tp_linalg_solve_triangular_options o = { TP__DEFAULT_linalg_solve_triangular .tp__end = 0 };
    if (tp_options_take("linalg_solve_triangular", &o, options, offsetof(tp_linalg_solve_triangular_options, tp__end))) return NULL;
    const triangular_attr attr = { upper, !o.right, o.unitriangular };
    return tp__run1(&op_linalg_solve_triangular, (tp_tensor *[]){ a, b }, 2, &attr, TP__CALLER);
}

const tp_op *const tp__ops_linalg[] = { &op_linalg_inv, &op_inverse, &op_linalg_det, &op_det, &op_linalg_slogdet, &op_solve, &op_linalg_solve, &op_triangular,
                                        &op_linalg_solve_triangular, &op_cholesky, &op_linalg_cholesky, &op_matrix_power, NULL };
